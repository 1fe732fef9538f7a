import { Bytes, ChainId, Codec, TaggedHash, Verdict } from '@aitbc/core'
import { decode as decodeCanonical } from '../internal/canonical.js'
import type { Scheme, Summed } from './Scheme.js'

/** One who signs. */
export interface Signer {
  readonly key: Bytes.Bytes
  /** At least 1. */
  readonly weight: bigint
}

/** Where and what for a set's word counts: its signatures are worth nothing for any other chain or purpose (A54). */
export interface Domain {
  readonly chain: ChainId.ChainId
  /** Such as `bridge/deposits`. */
  readonly purpose: string
}

/** Everything that makes a set what it is. */
export interface Terms {
  readonly domain: Domain
  /** Sets that follow one another have epochs that do. */
  readonly epoch: bigint
  /** Unix seconds from which on the set's word counts. */
  readonly notBefore: bigint
  /** Unix seconds from which on it doesn't any more. */
  readonly expiry: bigint
  readonly scheme: Scheme
  /** In the order by which attestations name them. */
  readonly signers: readonly Signer[]
  /** Weight that makes the set's word. */
  readonly threshold: bigint
}

declare const checked: unique symbol

/** A set that passed {@link from}: nothing else makes one. */
export interface SignerSet extends Terms {
  readonly [checked]: true
  /** Hash of all terms. */
  readonly id: Bytes.Hash32
}

const U64 = 1n << 64n

/**
 * Checks a set. Keys that add up (BLS) must come with a proof of possession each, or hash to a commitment whose maker asked for them,
 * such as the keys' part of a sync committee (SSZ root of the vector of keys): otherwise one rogue key could sign for all (A29).
 *
 * Refusals: `domain` (no CAIP-2 chain, or no purpose of 1 to 64 characters from `a-z0-9/.-`), `epoch`, `times` (not from
 * before to after), `signers-empty`, `signer-weight`, `signer-key` (no key of the scheme; zero address, identity, small order),
 * `signer-duplicate`, `threshold-zero`, `threshold-total` (more than all have together), `possession`, `commitment`.
 *
 * @example
 * import { Scheme, SignerSet } from '@aitbc/proofs/attestation'
 * SignerSet.from({
 *   domain: { chain: 'eip155:1', purpose: 'bridge' },
 *   epoch: 0n,
 *   notBefore: 0n,
 *   expiry: 2_000_000_000n,
 *   scheme: Scheme.ecdsaAddress,
 *   signers: [{ key: new Uint8Array(20).fill(1), weight: 1n }],
 *   threshold: 1n,
 * }).ok // true
 */
export function from(
  terms: Terms,
  { possessions, commitment }: from.Options = {},
): Verdict.Verdict<SignerSet> {
  const { domain, epoch, notBefore, expiry, scheme, signers, threshold } = terms
  if (!ChainId.is(domain.chain) || !/^[a-z0-9/.-]{1,64}$/.test(domain.purpose))
    return Verdict.refuse('domain', 'a set speaks for one chain and one purpose')
  if (epoch < 0n || epoch >= U64) return Verdict.refuse('epoch', `no epoch: ${epoch}`)
  if (notBefore < 0n || expiry >= U64 || notBefore >= expiry)
    return Verdict.refuse('times', `there is no time from ${notBefore} to ${expiry}`)
  if (signers.length === 0) return Verdict.refuse('signers-empty', 'a set without signers says nothing')
  const known = new Set<string>()
  let total = 0n
  for (const [index, { key, weight }] of signers.entries()) {
    if (weight < 1n || weight >= U64)
      return Verdict.refuse('signer-weight', `signer ${index} can't have the weight ${weight}`, { index })
    if (!scheme.key(key))
      return Verdict.refuse('signer-key', `the key of signer ${index} is none of ${scheme.name}`, { index })
    if (known.size === known.add(Bytes.toHex(key)).size)
      return Verdict.refuse('signer-duplicate', `the key of signer ${index} stands there twice`, { index })
    total += weight
  }
  if (threshold <= 0n) return Verdict.refuse('threshold-zero', 'a threshold of nothing is always met')
  if (threshold > total)
    return Verdict.refuse('threshold-total', `${threshold} are needed, all have ${total} together`)
  if (scheme.kind === 'sum') {
    const proved =
      commitment === undefined
        ? checkPossessions(scheme, signers, possessions ?? [])
        : checkCommitment(scheme, signers, commitment)
    if (!proved.ok) return proved
  }
  return Verdict.accept({ ...terms, id: TaggedHash.of('aitbc/signer-set', encode(terms)) } as SignerSet)
}

export declare namespace from {
  interface Options {
    /** For BLS: a proof of possession for each signer. */
    readonly possessions?: readonly Bytes.Bytes[]
    /** For BLS: the SSZ root of the vector of keys, known from where their possession was proved. */
    readonly commitment?: Bytes.Hash32
  }
}

/** Writes a set's terms in their one form. */
export function encode(terms: Terms): Bytes.Bytes {
  return Codec.writer()
    .text(terms.domain.chain)
    .text(terms.domain.purpose)
    .u64(terms.epoch)
    .u64(terms.notBefore)
    .u64(terms.expiry)
    .text(terms.scheme.name)
    .list(terms.signers, (writer, { key, weight }) => writer.bytes(key).u64(weight))
    .u256(terms.threshold)
    .finish()
}

/**
 * Reads a set's terms, unchecked: {@link from} decides whether they make a set. Refusals: `evidence-encoding`, `scheme` (none of those
 * that the caller knows).
 *
 * @example
 * import { Scheme, SignerSet } from '@aitbc/proofs/attestation'
 * SignerSet.decode(new Uint8Array(0), [Scheme.ecdsaAddress]).ok // false
 */
export function decode(bytes: Bytes.Bytes, schemes: readonly Scheme[]): Verdict.Verdict<Terms> {
  const read = decodeCanonical(bytes, (reader) => ({
    domain: { chain: reader.text(41) as ChainId.ChainId, purpose: reader.text(64) },
    epoch: reader.u64(),
    notBefore: reader.u64(),
    expiry: reader.u64(),
    name: reader.text(32),
    signers: reader.list((item) => ({ key: item.bytes(96), weight: item.u64() })),
    threshold: reader.u256(),
  }))
  if (!read.ok) return read
  const { name, ...terms } = read.value
  const scheme = schemes.find((each) => each.name === name)
  return scheme === undefined
    ? Verdict.refuse('scheme', `no scheme is known as ${name}`)
    : Verdict.accept({ ...terms, scheme })
}

function checkPossessions(
  scheme: Summed,
  signers: readonly Signer[],
  possessions: readonly Bytes.Bytes[],
): Verdict.Verdict<true> {
  if (possessions.length !== signers.length)
    return Verdict.refuse(
      'possession',
      `${signers.length} proofs of possession are needed, got ${possessions.length}`,
    )
  for (const [index, { key }] of signers.entries())
    if (!scheme.possession(key, possessions[index] as Bytes.Bytes).ok)
      return Verdict.refuse('possession', `signer ${index} doesn't prove possession of its key`, { index })
  return Verdict.accept(true)
}

function checkCommitment(
  scheme: Summed,
  signers: readonly Signer[],
  commitment: Bytes.Hash32,
): Verdict.Verdict<true> {
  return Bytes.equal(scheme.commitment(signers.map(({ key }) => key)), commitment)
    ? Verdict.accept(true)
    : Verdict.refuse('commitment', 'the keys are not those that were committed to')
}
