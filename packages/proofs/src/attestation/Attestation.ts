import { Bytes, Codec, TaggedHash, Verdict } from '@aitbc/core'
import { decode as decodeCanonical } from '../internal/canonical.js'
import { count, countEach, type Entry } from './internal/count.js'
import * as Nonces from './Nonces.js'
import type { SignerSet } from './SignerSet.js'

export type { Entry } from './internal/count.js'

/** Who signed: each by a signature of its own, or all by the sum of theirs. Places in the set rise. */
export type Signatures =
  | { readonly kind: 'each'; readonly signatures: readonly Entry[] }
  | { readonly kind: 'sum'; readonly signers: readonly number[]; readonly signature: Bytes.Bytes }

/** The word of a set of signers. */
export interface Attestation {
  /** The set's id. */
  readonly set: Bytes.Hash32
  readonly epoch: bigint
  readonly by: Signatures
}

/** What a set said, and which. Surplus signatures leave no trace in it. */
export interface Attested {
  /** {@link idOf} the statement: the same whoever signed, in whatever form. */
  readonly statement: Bytes.Hash32
  readonly set: Bytes.Hash32
}

/**
 * The one id of a statement within a domain, for whoever must act on it once (A55): who signed, and how, is not in it.
 *
 * @example
 * import { Attestation } from '@aitbc/proofs/attestation'
 * Attestation.idOf({ chain: 'eip155:1', purpose: 'bridge' }, new Uint8Array(0)).length // 32
 */
export function idOf({ chain, purpose }: SignerSet['domain'], statement: Bytes.Bytes): Bytes.Hash32 {
  const domain = Codec.writer().text(chain).text(purpose).finish()
  return TaggedHash.of('aitbc/statement', domain, statement)
}

/** What members of a set sign: the set's id, which holds chain, purpose and epoch, and the statement. */
export function digest(set: SignerSet, statement: Bytes.Bytes): Bytes.Hash32 {
  return TaggedHash.of('aitbc/attestation', set.id, statement)
}

/**
 * Decides whether a set said this, at `now` (unix seconds). Every signature is checked, surplus ones too.
 *
 * Refusals: `epoch` (of an earlier or later set), `set-unknown`, `not-yet-valid`, `expired`, `form` (not how this set signs),
 * `signer-index`, `signer-duplicate`, `signer-order`, `threshold`, `signature` (its context: whose, and why), `nonce-reuse` (A22: the
 * keys of two signers are lost).
 *
 * @example
 * import { Attestation, SignerSet } from '@aitbc/proofs/attestation'
 * const judge = (set: SignerSet.SignerSet, attestation: Attestation.Attestation, statement: Uint8Array) =>
 *   Attestation.verify(set, attestation, statement, BigInt(Math.floor(Date.now() / 1000)))
 */
export function verify(
  set: SignerSet,
  attestation: Attestation,
  statement: Bytes.Bytes,
  now: bigint,
): Verdict.Verdict<Attested> {
  const signed = verifyDigest(set, attestation, digest(set, statement), now)
  return signed.ok ? Verdict.accept({ statement: idOf(set.domain, statement), set: set.id }) : signed
}

/** As {@link verify}, over a digest that binds the set: of a statement, or of a handover. */
export function verifyDigest(
  set: SignerSet,
  { set: id, epoch, by }: Attestation,
  digest: Bytes.Hash32,
  now: bigint,
): Verdict.Verdict<true> {
  if (epoch !== set.epoch)
    return Verdict.refuse('epoch', `epoch ${set.epoch} has the word, not ${epoch}`, { epoch })
  if (!Bytes.equal(id, set.id)) return Verdict.refuse('set-unknown', 'another set said this')
  if (now < set.notBefore)
    return Verdict.refuse('not-yet-valid', `the set has the word from ${set.notBefore} on, now is ${now}`)
  if (now >= set.expiry)
    return Verdict.refuse('expired', `the set's word ended at ${set.expiry}, now is ${now}`)
  const how = set.scheme
  if (how.kind === 'each') {
    if (by.kind !== 'each') return Verdict.refuse('form', `${how.name} signs one by one`)
    const keys = countEach(set.signers, set.threshold, by.signatures, (key, signature) =>
      how.verify(key, digest, signature),
    )
    if (!keys.ok) return keys
    return how.nonce
      ? Nonces.scan(
          by.signatures.map(({ signature }, i) => ({ key: keys.value[i] as Bytes.Bytes, digest, signature })),
        )
      : Verdict.accept(true)
  }
  if (by.kind !== 'sum') return Verdict.refuse('form', `${how.name} signs all at once`)
  const keys = count(set.signers, set.threshold, by.signers)
  if (!keys.ok) return keys
  const verdict = how.verify(keys.value, digest, by.signature)
  return verdict.ok
    ? Verdict.accept(true)
    : Verdict.refuse('signature', `the signature of all: ${verdict.refusal.message}`, {
        cause: verdict.refusal.check,
      })
}

/** Writes an attestation in its one form. */
export function encode({ set, epoch, by }: Attestation): Bytes.Bytes {
  const writer = Codec.writer().fixed(set).u64(epoch)
  writer.optional(by.kind === 'sum' ? by.signature : undefined, (item, signature) => item.bytes(signature))
  if (by.kind === 'sum') writer.list(by.signers, (item, index) => item.u32(index))
  else writer.list(by.signatures, (item, { index, signature }) => item.u32(index).bytes(signature))
  return writer.finish()
}

/**
 * Reads an attestation. Refusals: `evidence-encoding`.
 *
 * @example
 * import { Attestation } from '@aitbc/proofs/attestation'
 * Attestation.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Attestation> {
  return decodeCanonical(bytes, (reader) => {
    const set = reader.fixed(32)
    const epoch = reader.u64()
    const signature = reader.optional((item) => item.bytes(96))
    const by: Signatures =
      signature === undefined
        ? {
            kind: 'each',
            signatures: reader.list((item) => ({ index: item.u32(), signature: item.bytes(96) })),
          }
        : { kind: 'sum', signers: reader.list((item) => item.u32()), signature }
    return { set, epoch, by }
  })
}
