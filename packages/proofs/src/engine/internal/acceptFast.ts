import { Bytes } from '@aitbc/core'
import * as Ed25519 from '../Ed25519.js'
import type { Check, Rule } from '../Engine.js'

/**
 * Asks a platform's own ed25519 for each signature, and noble where that says no or fails: platforms differ at the edges that ZIP-215
 * settles, but whatever satisfies the equation as it stands satisfies it times eight.
 *
 * Points of small order and other forms of points don't get as far as the platform: by the rule `strict` they are refused, and by the
 * other one a platform might hash another form of them than the one that came. By the rule `strict` what the platform accepts must be
 * right without the factor of eight, so that only a platform that is known not to multiply by it (`exact`) is asked.
 */
export function acceptFast(
  checks: readonly Check[],
  rule: Rule,
  platform: { readonly exact: boolean; readonly verify: (check: Check) => Promise<boolean> },
  signal?: AbortSignal,
): Promise<readonly boolean[]> {
  return Promise.all(
    checks.map(async (check) => {
      signal?.throwIfAborted()
      if (!Ed25519.isShaped(check)) return false
      const points = [check.publicKey, check.signature.subarray(0, 32)]
      const asked = (rule === 'zip215' || platform.exact) && !points.some(Ed25519.isRefused)
      if (asked && (await platform.verify(check))) return true
      signal?.throwIfAborted()
      return Ed25519.verify(check, rule)
    }),
  )
}

/**
 * A signature that satisfies the equation times eight and not the equation itself, its key and nonce of mixed order ("Taming the many
 * EdDSAs", case 4): whoever accepts it multiplies by eight.
 */
export const COFACTORED: Check = {
  publicKey: Bytes.fromHex('cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d'),
  message: Bytes.fromHex('e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c'),
  signature: Bytes.fromHex(
    '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
  ),
}
