import { Bytes, Verdict } from '@aitbc/core'

/** An ECDSA or BIP-340 signature, whose first 32 bytes are the x coordinate of its nonce's point. */
export interface Use {
  readonly key: Bytes.Bytes
  readonly digest: Bytes.Bytes
  readonly signature: Bytes.Bytes
}

/**
 * Looks for a nonce that signed twice: whoever sees both signatures can compute the key (A22: that is how Anyswap was robbed in July
 * 2021), or, where two keys shared it, each owner the other's. The same signature seen again is no reuse. Refusals: `nonce-reuse`
 * (its context: places of the two).
 *
 * @example
 * import { Nonces } from '@aitbc/proofs/attestation'
 * const use = { key: new Uint8Array(33), digest: new Uint8Array(32), signature: new Uint8Array(64) }
 * Nonces.scan([use, { ...use, digest: new Uint8Array(32).fill(1) }]).ok // false
 */
export function scan(uses: readonly Use[]): Verdict.Verdict<true> {
  const seen = new Map<string, number>()
  for (const [index, { key, digest, signature }] of uses.entries()) {
    const r = Bytes.toHex(signature.subarray(0, 32))
    const first = seen.get(r) ?? index
    const other = uses[first] as Use
    if (!Bytes.equal(other.key, key) || !Bytes.equal(other.digest, digest))
      return Verdict.refuse('nonce-reuse', `signatures ${first} and ${index} share a nonce`, { first, index })
    seen.set(r, first)
  }
  return Verdict.accept(true)
}
