import { ed25519 } from '@noble/curves/ed25519.js'
import type { Check } from './Engine.js'

/** Verifies one signature by ZIP-215, by noble. */
export function verify({ publicKey, message, signature }: Check): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  return ed25519.verify(signature, message, publicKey, { zip215: true })
}
