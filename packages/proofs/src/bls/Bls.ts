import { Bytes, Verdict } from '@aitbc/core'
import { bls12_381 } from '@noble/curves/bls12-381.js'

/** A point of G1: 48 bytes compressed. */
export type G1 = InstanceType<typeof bls12_381.G1.Point>
/** A point of G2: 96 bytes compressed. */
export type G2 = InstanceType<typeof bls12_381.G2.Point>
/** A point of either group. */
export type Point = G1 | G2
/** The name of a group. */
export type Group = 'G1' | 'G2'

/**
 * A ciphersuite, whose name is the domain separation tag of its hash (draft-irtf-cfrg-bls-signature, 4.2): signatures in G2 and keys
 * in G1 (`min-pk`), or the other way round; `NUL` for distinct messages, `AUG` for messages behind the signer's key, `POP` for keys
 * that proved possession. A signature of one suite is none of another (A29).
 */
export type Suite = `BLS_SIG_BLS12381G${1 | 2}_XMD:SHA-256_SSWU_RO_${'NUL' | 'AUG' | 'POP'}_`

/** Ethereum's suite, and that of most chains: keys of 48 bytes, signatures of 96, possession proved. */
export const ETHEREUM: Suite = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

/** Reads the name of a suite. Refusals: `suite`. */
export function suite(name: string): Verdict.Verdict<Suite> {
  return /^BLS_SIG_BLS12381G[12]_XMD:SHA-256_SSWU_RO_(NUL|AUG|POP)_$/.test(name)
    ? Verdict.accept(name as Suite)
    : Verdict.refuse('suite', `${name} is no suite of BLS signatures`)
}

/**
 * Reads a public key: the compressed encoding of a point of the group. Refusals: `key-infinity`, `key-point` (off the curve, outside
 * the subgroup, or not the point's one encoding).
 *
 * @example
 * import { Bls } from '@aitbc/proofs/bls'
 * Bls.readKey(Bls.ETHEREUM, new Uint8Array(48)).ok // false
 */
export function readKey(suite: Suite, bytes: Bytes.Bytes): Verdict.Verdict<Point> {
  return read(groupOf(suite) === 'G2' ? 'G1' : 'G2', bytes, 'key')
}

/** Reads a signature as {@link readKey} does a key. Refusals: `signature-infinity`, `signature-point`. */
export function readSignature(suite: Suite, bytes: Bytes.Bytes): Verdict.Verdict<Point> {
  return read(groupOf(suite), bytes, 'signature')
}

/**
 * Decides whether a key signed a message (draft, `CoreVerify`). Refusals: those of {@link readKey} and {@link readSignature},
 * `signature`.
 *
 * @example
 * import { Bls } from '@aitbc/proofs/bls'
 * Bls.verify(Bls.ETHEREUM, new Uint8Array(48), new Uint8Array(32), new Uint8Array(96)).ok // false
 */
export function verify(
  suite: Suite,
  publicKey: Bytes.Bytes,
  message: Bytes.Bytes,
  signature: Bytes.Bytes,
): Verdict.Verdict<true> {
  return verifyDistinct(suite, [publicKey], [message], signature)
}

/**
 * Decides whether each key signed its own message, by the sum of the signatures (draft, `AggregateVerify`). Refusals: `keys-empty`,
 * `messages` (not one a key), `messages-equal` (suite `NUL`: a rogue key could sign for another; A29), those of {@link verify}.
 */
export function verifyDistinct(
  suite: Suite,
  publicKeys: readonly Bytes.Bytes[],
  messages: readonly Bytes.Bytes[],
  signature: Bytes.Bytes,
): Verdict.Verdict<true> {
  if (publicKeys.length === 0) return Verdict.refuse('keys-empty', 'nobody signed')
  if (messages.length !== publicKeys.length)
    return Verdict.refuse('messages', `${publicKeys.length} messages are expected, got ${messages.length}`)
  if (suite.endsWith('NUL_') && new Set(messages.map(Bytes.toHex)).size !== messages.length)
    return Verdict.refuse('messages-equal', 'two messages are equal')
  const sum = readSignature(suite, signature)
  if (!sum.ok) return sum
  const pairs: (readonly [Point, Bytes.Bytes])[] = []
  for (const [i, publicKey] of publicKeys.entries()) {
    const key = readKey(suite, publicKey)
    if (!key.ok) return key
    const message = messages[i] as Bytes.Bytes
    pairs.push([key.value, suite.endsWith('AUG_') ? Bytes.concat(publicKey, message) : message])
  }
  return holds(suite, suite, pairs, sum.value)
}

/**
 * Decides whether all keys signed one message (draft, `FastAggregateVerify`). The keys must have proved possession
 * ({@link verifyPossession}), or come from a commitment whose maker saw to that: the name of the suite can't tell. Refusals: `suite`
 * (not of possession), `keys-empty`, those of {@link verify}, `keys-cancel` (the keys add up to nothing: A29, splitting zero).
 */
export function verifyShared(
  suite: Suite,
  publicKeys: readonly Bytes.Bytes[],
  message: Bytes.Bytes,
  signature: Bytes.Bytes,
): Verdict.Verdict<true> {
  if (!suite.endsWith('POP_'))
    return Verdict.refuse('suite', 'one message of many needs keys that proved possession')
  if (publicKeys.length === 0) return Verdict.refuse('keys-empty', 'nobody signed')
  const sum = readSignature(suite, signature)
  if (!sum.ok) return sum
  const keys = sumOf(publicKeys.map((bytes) => readKey(suite, bytes)))
  if (!keys.ok) return keys
  if (keys.value.is0()) return Verdict.refuse('keys-cancel', 'the keys add up to nothing')
  return holds(suite, suite, [[keys.value, message]], sum.value)
}

/**
 * Decides whether whoever shows a key has its secret (draft, `PopVerify`): a rogue key, made of others' keys, has no such proof (A29).
 * Refusals: `suite` (not of possession), those of {@link verify}.
 *
 * @example
 * import { Bls } from '@aitbc/proofs/bls'
 * Bls.verifyPossession(Bls.ETHEREUM, new Uint8Array(48), new Uint8Array(96)).ok // false
 */
export function verifyPossession(
  suite: Suite,
  publicKey: Bytes.Bytes,
  proof: Bytes.Bytes,
): Verdict.Verdict<true> {
  if (!suite.endsWith('POP_')) return Verdict.refuse('suite', 'only the suites of possession prove it')
  const point = readSignature(suite, proof)
  if (!point.ok) return point
  const key = readKey(suite, publicKey)
  return key.ok ? holds(suite, suite.replace('SIG', 'POP'), [[key.value, publicKey]], point.value) : key
}

/**
 * The sum of signatures (draft, `Aggregate`). Refusals: `signatures-empty`, those of {@link readSignature}.
 *
 * @example
 * import { Bls } from '@aitbc/proofs/bls'
 * Bls.aggregate(Bls.ETHEREUM, []).ok // false
 */
export function aggregate(suite: Suite, signatures: readonly Bytes.Bytes[]): Verdict.Verdict<Bytes.Bytes> {
  if (signatures.length === 0) return Verdict.refuse('signatures-empty', 'there is nothing to add up')
  const sum = sumOf(signatures.map((bytes) => readSignature(suite, bytes)))
  return sum.ok ? Verdict.accept(sum.value.toBytes()) : sum
}

/** The point that a message is hashed to, in the group of signatures, under a tag of one's own (RFC 9380, 8.8). */
export function hashTo(group: Group, message: Bytes.Bytes, tag: string): Point {
  return bls12_381[group].hashToCurve(message, { DST: tag })
}

/**
 * Tells whether the pairings of pairs of points multiply to one. Pairs with infinity count for nothing.
 *
 * @example
 * import { Bls } from '@aitbc/proofs/bls'
 * Bls.cancel([]) // true
 */
export function cancel(pairs: readonly { readonly g1: G1; readonly g2: G2 }[]): boolean {
  const finite = pairs.filter(({ g1, g2 }) => !g1.is0() && !g2.is0())
  const { Fp12 } = bls12_381.fields
  return Fp12.eql(bls12_381.pairingBatch(finite), Fp12.ONE)
}

/** The group of a suite's signatures. */
function groupOf(suite: Suite): Group {
  return suite.startsWith('BLS_SIG_BLS12381G2') ? 'G2' : 'G1'
}

function read(group: Group, bytes: Bytes.Bytes, what: 'key' | 'signature'): Verdict.Verdict<Point> {
  try {
    // The library takes uncompressed points too, and coordinates beyond the field's order: other encodings of the same point.
    const point = bls12_381[group].Point.fromBytes(bytes)
    if (Bytes.equal(point.toBytes(), bytes))
      return point.is0()
        ? Verdict.refuse(`${what}-infinity`, `the ${what} is the point at infinity`)
        : Verdict.accept(point)
  } catch {}
  return Verdict.refuse(`${what}-point`, `the ${what} is no point of ${group} in its one encoding`)
}

/** The sum of points; the first that can't be read is refused. */
function sumOf(verdicts: Iterable<Verdict.Verdict<Point>>): Verdict.Verdict<Point> {
  let sum: Point | undefined
  for (const verdict of verdicts) {
    if (!verdict.ok) return verdict
    // All are of one group.
    sum = sum === undefined ? verdict.value : sum.add(verdict.value as never)
  }
  return Verdict.accept(sum as Point)
}

/** `e(key, H(message)) · … = e(generator, signature)`, or the same with the groups exchanged. */
function holds(
  suite: Suite,
  tag: string,
  signed: readonly (readonly [key: Point, message: Bytes.Bytes])[],
  signature: Point,
): Verdict.Verdict<true> {
  const group = groupOf(suite)
  const pairs = signed.map(([key, message]) => [key, hashTo(group, message, tag)])
  pairs.push([bls12_381[group === 'G2' ? 'G1' : 'G2'].Point.BASE.negate(), signature])
  const ordered = pairs.map(([key, point]) =>
    group === 'G2' ? { g1: key, g2: point } : { g1: point, g2: key },
  )
  return cancel(ordered as { readonly g1: G1; readonly g2: G2 }[])
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'the signature is not of these keys over what they should have signed')
}
