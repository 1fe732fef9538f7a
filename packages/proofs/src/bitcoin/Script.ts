import { Bytes, Verdict } from '@aitbc/core'
import * as Cursor from '../internal/cursor.js'

/** One operation of a script, and what it pushes; `at` and `end` bound its bytes. */
export interface Operation {
  readonly code: number
  readonly data?: Bytes.Bytes
  readonly at: number
  readonly end: number
}

const PUSHDATA1 = 0x4c
const PUSHDATA2 = 0x4d
const PUSHDATA4 = 0x4e
const NEGATE1 = 0x4f
/** `OP_1` to `OP_16`: each pushes its number. */
const NUMBER1 = 0x51
const NUMBER16 = 0x60

/** Operations that this package names. */
export const OP = {
  dup: 0x76,
  equal: 0x87,
  equalVerify: 0x88,
  hash160: 0xa9,
  codeSeparator: 0xab,
  checkSig: 0xac,
  checkMultisig: 0xae,
} as const

/**
 * Reads a script's operations in order, as far as they are whole: a script may end within a push and still be paid to.
 *
 * @example
 * import { Script } from '@aitbc/proofs/bitcoin-script'
 * Script.read(Uint8Array.of(0x51, 0xac)).operations.length // 2
 */
export function read(script: Bytes.Bytes): {
  readonly operations: readonly Operation[]
  /** Where the first push begins that goes beyond the end; the script's length where none does. */
  readonly end: number
} {
  const operations: Operation[] = []
  const cursor = Cursor.from(script)
  while (cursor.at < script.length) {
    const { at } = cursor
    const code = Cursor.u8(cursor)
    if (code > PUSHDATA4) {
      operations.push({ code, at, end: cursor.at })
      continue
    }
    const length =
      code < PUSHDATA1
        ? code
        : code === PUSHDATA1
          ? Cursor.u8(cursor)
          : code === PUSHDATA2
            ? Cursor.u16le(cursor)
            : Cursor.u32le(cursor)
    const data = Cursor.take(cursor, length)
    if (cursor.failed) return { operations, end: at }
    operations.push({ code, data, at, end: cursor.at })
  }
  return { operations, end: script.length }
}

/** Reads a whole script; `script-encoding` where it ends within a push. */
export function decode(script: Bytes.Bytes): Verdict.Verdict<readonly Operation[]> {
  const { operations, end } = read(script)
  return end === script.length
    ? Verdict.accept(operations)
    : Verdict.refuse('script-encoding', `the push at byte ${end} goes beyond the script's end`)
}

/**
 * What a script that only pushes leaves on the stack, the top last.
 *
 * Refusals: `script-encoding`, `script-push` (another operation), and with `minimal` `push-minimal` (a longer form than needed).
 */
export function pushes(
  script: Bytes.Bytes,
  { minimal = false }: { readonly minimal?: boolean } = {},
): Verdict.Verdict<readonly Bytes.Bytes[]> {
  const operations = decode(script)
  if (!operations.ok) return operations
  const stack: Bytes.Bytes[] = []
  for (const { code, data, at, end } of operations.value) {
    if (data === undefined) {
      if (code !== NEGATE1 && (code < NUMBER1 || code > NUMBER16))
        return Verdict.refuse('script-push', `operation ${code} at byte ${at} doesn't push`, { code })
      stack.push(Uint8Array.of(code === NEGATE1 ? 0x81 : code - NUMBER1 + 1))
      continue
    }
    if (minimal && push(data).length !== end - at)
      return Verdict.refuse('push-minimal', `the push at byte ${at} has a shorter form`)
    stack.push(data)
  }
  return Verdict.accept(stack)
}

/** The shortest operation that pushes these bytes (BIP-62, rule 3). */
export function push(data: Bytes.Bytes): Bytes.Bytes {
  const { length } = data
  const [byte = 0] = data
  if (length === 1 && byte >= 1 && byte <= 16) return Uint8Array.of(NUMBER1 - 1 + byte)
  if (length === 1 && byte === 0x81) return Uint8Array.of(NEGATE1)
  if (length < PUSHDATA1) return Bytes.concat(Uint8Array.of(length), data)
  if (length <= 0xff) return Bytes.concat(Uint8Array.of(PUSHDATA1, length), data)
  const head = new Uint8Array(length <= 0xffff ? 3 : 5)
  const view = new DataView(head.buffer)
  if (length <= 0xffff) {
    head[0] = PUSHDATA2
    view.setUint16(1, length, true)
  } else {
    head[0] = PUSHDATA4
    view.setUint32(1, length, true)
  }
  return Bytes.concat(head, data)
}

/** The witness program of an output script (BIP-141), of any version from 0 to 16. */
export function witnessProgram(
  script: Bytes.Bytes,
): { readonly version: number; readonly program: Bytes.Bytes } | undefined {
  const [op = 0, length] = script
  if (script.length < 4 || script.length > 42 || length !== script.length - 2) return undefined
  if (op !== 0 && (op < NUMBER1 || op > NUMBER16)) return undefined
  return { version: op === 0 ? 0 : op - NUMBER1 + 1, program: script.slice(2) }
}

/** The hash that a script pays to by its hash (BIP-16), 20 bytes. */
export function scriptHash(script: Bytes.Bytes): Bytes.Bytes | undefined {
  const [first, second] = script
  return script.length === 23 && first === OP.hash160 && second === 20 && script[22] === OP.equal
    ? script.slice(2, 22)
    : undefined
}

/** The hash of the key that a script pays to (`pkh`), 20 bytes. */
export function keyHash(script: Bytes.Bytes): Bytes.Bytes | undefined {
  const [first, second, third] = script
  return script.length === 25 &&
    first === OP.dup &&
    second === OP.hash160 &&
    third === 20 &&
    script[23] === OP.equalVerify &&
    script[24] === OP.checkSig
    ? script.slice(3, 23)
    : undefined
}
