/** An instruction of a function's body: where it stands, and its opcode. */
export interface Instruction {
  readonly at: number
  readonly end: number
  readonly opcode: number
}

/** Reads a module that the engine has validated, so that nothing is checked twice. */
export interface ModuleReader {
  at(): number
  jump(to: number): void
  done(): boolean
  byte(): number
  leb(): bigint
  /** A length, or a count, as a number. */
  size(): number
  text(): string
  /** Reads a vector, element by element; gives how many there were. */
  many(read: () => void): bigint
  limits(): { readonly least: bigint; readonly most: bigint | undefined }
  /** The next instruction; `undefined` for one that is neither of version 1 nor sign extension. */
  instruction(): Instruction | undefined
}

/** Starts behind a module's magic number and version, unless told where. */
export function readerOf(bytes: Uint8Array, from = 8): ModuleReader {
  let at = from
  const byte = (): number => bytes[at++] as number
  const leb = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const next = BigInt(byte())
      value |= (next & 0x7fn) << shift
      if (next < 0x80n) return value
    }
  }
  const size = (): number => Number(leb())
  const many = (read: () => void): bigint => {
    const count = leb()
    for (let i = 0n; i < count; i++) read()
    return count
  }
  const known = (opcode: number): boolean => {
    if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04) at++
    else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) leb()
    else if (opcode === 0x0e) {
      many(leb)
      leb()
    } else if (opcode === 0x11) {
      leb()
      leb()
    } else if (opcode >= 0x20 && opcode <= 0x24) leb()
    else if (opcode >= 0x28 && opcode <= 0x3e) {
      leb()
      leb()
    } else if (opcode === 0x3f || opcode === 0x40) at++
    else if (opcode === 0x41 || opcode === 0x42) leb()
    else if (opcode === 0x43) at += 4
    else if (opcode === 0x44) at += 8
    else
      return (
        opcode <= 0x01 ||
        opcode === 0x05 ||
        opcode === 0x0b ||
        opcode === 0x0f ||
        opcode === 0x1a ||
        opcode === 0x1b ||
        (opcode >= 0x45 && opcode <= 0xc4)
      )
    return true
  }
  return {
    at: () => at,
    jump: (to) => {
      at = to
    },
    done: () => at >= bytes.length,
    byte,
    leb,
    size,
    text: () => {
      const length = size()
      at += length
      return new TextDecoder().decode(bytes.subarray(at - length, at))
    },
    many,
    limits: () => {
      const limited = byte() & 1
      const least = leb()
      return { least, most: limited === 1 ? leb() : undefined }
    },
    instruction: () => {
      const start = at
      const opcode = byte()
      return known(opcode) ? { at: start, end: at, opcode } : undefined
    },
  }
}
