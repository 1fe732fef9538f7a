import type { Bytes } from '@aitbc/core'

/** An integer of `size` bytes, least significant first; cut to its width. */
export function little(value: bigint | number, size: number): Bytes.Bytes {
  return Uint8Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn))
}

/** An unsigned integer in base 128, least significant group first, in its shortest form. */
export function varint(value: bigint | number): Bytes.Bytes {
  const out: number[] = []
  let rest = BigInt(value)
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.of(...out, Number(rest))
}
