import { Bytes } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'

/** The point of 32 bytes (that with the even y) or of 33; `undefined` where there is none. */
export function lift(key: Bytes.Bytes) {
  if (key.length !== 32 && key.length !== 33) return undefined
  try {
    return secp256k1.Point.fromBytes(key.length === 33 ? key : Bytes.concat(Uint8Array.of(2), key))
  } catch {
    return undefined
  }
}
