import { bech32, base64 as codec } from '@scure/base'

/** Bytes as a text of one character each: sorts as the bytes do. */
export function nameOf(bytes: Uint8Array): string {
  let name = ''
  for (const byte of bytes) name += String.fromCharCode(byte)
  return name
}

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

export function base64(bytes: Uint8Array): string {
  return codec.encode(bytes)
}

export function fromBase64(text: string): Uint8Array {
  return codec.decode(text)
}

export function hexUpper(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0')
  return out.toUpperCase()
}

export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}

export function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value)
  return out
}

export function varint(value: bigint | number): Uint8Array {
  const out: number[] = []
  let rest = BigInt(value)
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.from([...out, Number(rest)])
}

/** Bytes behind their length. */
export function delimited(bytes: Uint8Array): Uint8Array {
  return concat(varint(bytes.length), bytes)
}

export function toAddress(prefix: string, bytes: Uint8Array): string {
  return bech32.encode(prefix, bech32.toWords(bytes), 255)
}

/** The bytes of an address of 20 or 32 bytes; `undefined` for any other text. */
export function fromAddress(prefix: string, address: string): Uint8Array | undefined {
  try {
    const { prefix: found, words } = bech32.decode(address as `${string}1${string}`, 255)
    const bytes = bech32.fromWords(words)
    if (found !== prefix || (bytes.length !== 20 && bytes.length !== 32)) return undefined
    return bytes
  } catch {
    return undefined
  }
}
