import type { Bytes } from '@aitbc/core'

/** Little-endian numbers, as the chain's programs write them. */
export function u64(value: bigint): Bytes.Bytes {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value, true)
  return out
}

export function u32(value: number): Bytes.Bytes {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value, true)
  return out
}

export function readU64(bytes: Bytes.Bytes, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true)
}

export function readI64(bytes: Bytes.Bytes, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(at, true)
}

export function readU32(bytes: Bytes.Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)
}

export function readU16(bytes: Bytes.Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(at, true)
}
