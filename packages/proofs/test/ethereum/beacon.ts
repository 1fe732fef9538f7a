import { hex } from '../helpers.js'

/** The answer of `/eth/v1/beacon/light_client/updates` as SSZ: each with its length and the digest of its fork. */
export function chunksOf(bytes: Uint8Array): { readonly digest: string; readonly ssz: Uint8Array }[] {
  const out: { digest: string; ssz: Uint8Array }[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true))
    out.push({
      digest: hex(bytes.subarray(at + 8, at + 12)),
      ssz: bytes.subarray(at + 12, at + 8 + length),
    })
    at += 8 + length
  }
  return out
}
