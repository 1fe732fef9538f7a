import type { Bytes } from '@aitbc/core'

const MASK = 0xffff_ffff_ffff_ffffn

/** SipHash-2-4 (Aumasson and Bernstein, 2012) under a key of 16 bytes: 64 bits. */
export function siphash(key: Bytes.Bytes, message: Bytes.Bytes): bigint {
  const half = (at: number) => word(key, at)
  let v0 = half(0) ^ 0x736f6d6570736575n
  let v1 = half(8) ^ 0x646f72616e646f6dn
  let v2 = half(0) ^ 0x6c7967656e657261n
  let v3 = half(8) ^ 0x7465646279746573n
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & MASK
      v1 = rotate(v1, 13n) ^ v0
      v0 = rotate(v0, 32n)
      v2 = (v2 + v3) & MASK
      v3 = rotate(v3, 16n) ^ v2
      v0 = (v0 + v3) & MASK
      v3 = rotate(v3, 21n) ^ v0
      v2 = (v2 + v1) & MASK
      v1 = rotate(v1, 17n) ^ v2
      v2 = rotate(v2, 32n)
    }
  }
  const last = new Uint8Array(8)
  const whole = message.length & ~7
  last.set(message.subarray(whole))
  last[7] = message.length & 0xff
  for (let at = 0; at <= whole; at += 8) {
    const m = at === whole ? word(last, 0) : word(message, at)
    v3 ^= m
    rounds(2)
    v0 ^= m
  }
  v2 ^= 0xffn
  rounds(4)
  return v0 ^ v1 ^ v2 ^ v3
}

function word(bytes: Bytes.Bytes, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true)
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK
}
