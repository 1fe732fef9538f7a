import { Bytes, Verdict } from '@aitbc/core'
import * as Scale from './Scale.js'

/** A voter of GRANDPA. */
export interface Authority {
  /** ed25519. */
  readonly publicKey: Bytes.Bytes32
  readonly weight: bigint
}

/** Who finalizes blocks, and the number of that set since genesis: it is part of all they sign. */
export interface AuthoritySet {
  readonly id: bigint
  readonly authorities: readonly Authority[]
}

/** How authorities are written. */
export const type: Scale.Type<readonly Authority[]> = /* @__PURE__ */ Scale.list(
  /* @__PURE__ */ Scale.struct({ publicKey: /* @__PURE__ */ Scale.fixed(32), weight: Scale.u64 }),
)

const MAX = (1n << 64n) - 1n

/**
 * Checks that a set can vote. Refusals: `set-id`, `set-empty`, `set-key` (not 32 bytes, or twice: one key must not vote twice),
 * `set-weight` (zero, or beyond 64 bits in all).
 */
export function check({ id, authorities }: AuthoritySet): Verdict.Verdict<true> {
  if (id < 0n || id > MAX) return Verdict.refuse('set-id', `no set has the number ${id}`)
  if (authorities.length === 0)
    return Verdict.refuse('set-empty', 'a set without authorities votes on nothing')
  const seen = new Set<string>()
  let total = 0n
  for (const [index, { publicKey, weight }] of authorities.entries()) {
    const key = Bytes.toHex(publicKey)
    if (publicKey.length !== 32 || seen.has(key))
      return Verdict.refuse('set-key', `authority ${index} has no key of its own`, { index })
    seen.add(key)
    total += weight
    if (weight <= 0n || total > MAX)
      return Verdict.refuse('set-weight', `authority ${index} has the weight ${weight}`, { index })
  }
  return Verdict.accept(true)
}

/**
 * Weight that finalizes: all but the most that may be faulty, which is less than a third (GRANDPA paper, 2.1).
 *
 * @example
 * import { AuthoritySet } from '@aitbc/proofs/substrate'
 * const one = { publicKey: new Uint8Array(32), weight: 1n }
 * AuthoritySet.threshold({ id: 0n, authorities: [one, one, one, one] }) // 3n
 */
export function threshold({ authorities }: AuthoritySet): bigint {
  const total = authorities.reduce((sum, { weight }) => sum + weight, 0n)
  return total - (total - 1n) / 3n
}
