import { Bytes, Codec, Deadline, LockTerms, show, TaggedHash, Verdict } from '@aitbc/core'
import { schnorr } from '@noble/curves/secp256k1.js'
import { SwapErrors } from './errors.js'
import { bytesOf, decoded } from './internal/terms.js'

/**
 * What two parties sign before anything is locked. The initiator, who knows the secret, locks the `long` leg first; the follower
 * then locks the `short` leg, whose deadline is the earlier one. Both legs carry one hashlock.
 */
export interface Agreement {
  readonly version: 1
  /** Locked by the initiator, claimed by the follower; the later deadline. */
  readonly long: LockTerms.LockTerms
  /** Locked by the follower, claimed by the initiator; the earlier deadline. */
  readonly short: LockTerms.LockTerms
  /** BIP-340 public key that the initiator signs with, 32 bytes. */
  readonly initiator: Bytes.Bytes32
  /** BIP-340 public key that the follower signs with, 32 bytes. */
  readonly follower: Bytes.Bytes32
}

/** An agreement with both signatures (BIP-340, 64 bytes each, over {@link hash}). */
export interface Signed {
  readonly agreement: Agreement
  readonly initiator: Bytes.Bytes
  readonly follower: Bytes.Bytes
}

/** The side of a swap: the initiator knows the secret and locks first. */
export type Role = 'initiator' | 'follower'

/** The legs of a swap. */
export type Leg = 'long' | 'short'

/**
 * The leg that a role locks.
 *
 * @example
 * import { Agreement } from '@aitbc/swap'
 * Agreement.ownLeg('initiator') // 'long'
 */
export function ownLeg(role: Role): Leg {
  return role === 'initiator' ? 'long' : 'short'
}

/**
 * The leg that a role is paid from.
 *
 * @example
 * import { Agreement } from '@aitbc/swap'
 * Agreement.incomingLeg('initiator') // 'short'
 */
export function incomingLeg(role: Role): Leg {
  return role === 'initiator' ? 'short' : 'long'
}

/**
 * Refuses what two parties could not safely sign, whatever the numbers: `InvalidAgreement` (4001), or the code of the term
 * that is wrong. Whether the deadlines are far enough apart is the planner's question.
 *
 * @example
 * import { Hashlock, isAitbcError, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_020_000n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * Agreement.assert(agreement)
 * let named: unknown
 * try {
 *   Agreement.assert({ ...agreement, follower: agreement.initiator })
 * } catch (error) {
 *   named = isAitbcError(error, 'InvalidAgreement') ? error.context['argument'] : undefined
 * }
 * named // 'agreement.follower'
 */
export function assert(agreement: Agreement): void {
  termsOf(agreement)
}

/** The canonical bytes of both legs' terms, once all is checked. */
function termsOf(
  agreement: Agreement,
  encode: (terms: LockTerms.LockTerms, argument: string) => Bytes.Bytes = LockTerms.encode,
): { readonly [L in Leg]: Bytes.Bytes } {
  const refuse = (field: string, message: string, received: unknown) =>
    SwapErrors.InvalidAgreement(`agreement.${field} ${message}, got ${show(received)}`, {
      argument: `agreement.${field}`,
      received,
    })
  if (typeof agreement !== 'object' || agreement === null) throw refuse('', 'must be an object', agreement)
  if (agreement.version !== 1) throw refuse('version', 'must be 1', agreement.version)
  const terms = {
    long: encode(agreement.long, 'agreement.long'),
    short: encode(agreement.short, 'agreement.short'),
  }
  Bytes.assert(agreement.initiator, 32, 'agreement.initiator')
  Bytes.assert(agreement.follower, 32, 'agreement.follower')
  if (Bytes.equal(agreement.initiator, agreement.follower))
    throw refuse('follower', "must be another key than the initiator's", Bytes.toHex(agreement.follower))
  if (!Bytes.equal(agreement.long.hashlock, agreement.short.hashlock))
    throw refuse('short.hashlock', 'must equal the long leg’s', Bytes.toHex(agreement.short.hashlock))
  if (Bytes.equal(terms.long, terms.short))
    throw refuse('short', 'must be another lock than the long leg', 'the same terms')
  for (const leg of ['long', 'short'] as const) {
    const { locker, beneficiary } = agreement[leg]
    if (locker.account === beneficiary.account)
      throw refuse(`${leg}.beneficiary`, 'must be another account than the locker', beneficiary.account)
  }
  return terms
}

/**
 * The canonical bytes of an agreement: one encoding a value. Codes: those of {@link assert}.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_020_000n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * Agreement.decode(Agreement.encode(agreement)).short.amount // 1000000n
 */
export function encode(agreement: Agreement): Bytes.Bytes {
  return join(agreement, termsOf(agreement))
}

function join(agreement: Agreement, { long, short }: ReturnType<typeof termsOf>): Bytes.Bytes {
  return Codec.writer()
    .u8(agreement.version)
    .bytes(long)
    .bytes(short)
    .fixed(agreement.initiator)
    .fixed(agreement.follower)
    .finish()
}

/**
 * Reads canonical bytes; `InvalidEncoding` (1012), `InvalidAgreement` (4001), or the code of the term that is wrong.
 *
 * @example
 * import { Bytes, Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_020_000n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * const bytes = Agreement.encode(agreement)
 * const again = Agreement.decode(bytes)
 * again.long.deadline.value // 1900020000n
 * Bytes.equal(Agreement.hash(again), Agreement.hash(agreement)) // true
 */
export function decode(bytes: Bytes.Bytes): Agreement {
  return read(bytes).agreement
}

/** An agreement with its canonical bytes, once both are checked. */
function read(bytes: Bytes.Bytes): { readonly agreement: Agreement; readonly canonical: Bytes.Bytes } {
  const reader = Codec.reader(bytes)
  const agreement: Agreement = {
    version: reader.u8() as 1,
    long: decoded(reader.bytes()),
    short: decoded(reader.bytes()),
    initiator: reader.fixed(32),
    follower: reader.fixed(32),
  }
  reader.finish()
  return { agreement, canonical: join(agreement, termsOf(agreement, bytesOf)) }
}

/**
 * What both sign: the tagged SHA-256 (tag `aitbc/agreement/v1`) of {@link encode}; also the swap's id. Codes: those of {@link assert}.
 *
 * @example
 * import { Bytes, Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const who = (n: 1 | 10, name: string) => {
 *   const account = `eip155:${n}:0x${name.repeat(20)}` as const
 *   return { account, payout: account }
 * }
 * const leg = (n: 1 | 10, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => ({
 *   ...{ version: 1, asset: `eip155:${n}/slip44:60`, amount: 10n ** 18n, salt: new Uint8Array(32) },
 *   ...{ locker: who(n, locker), beneficiary: who(n, beneficiary) },
 *   backend: { network: `eip155:${n}`, kind: 'contract', address: `0x${'c0'.repeat(20)}` },
 *   hashlock: Hashlock.of(new Uint8Array(32).fill(7)),
 *   deadline: { network: `eip155:${n}`, clock: 'unix', value },
 * })
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg(1, 'a1', 'b2', 1_900_020_000n),
 *   short: leg(10, 'b2', 'a1', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * Agreement.hash(agreement).length // 32
 * // Whatever term is changed, it is another agreement.
 * const other = { ...agreement, short: { ...agreement.short, amount: 1n } }
 * Bytes.equal(Agreement.hash(agreement), Agreement.hash(other)) // false
 */
export function hash(agreement: Agreement): Bytes.Hash32 {
  return digestOf(encode(agreement))
}

function digestOf(canonical: Bytes.Bytes): Bytes.Hash32 {
  return TaggedHash.of('aitbc/agreement/v1', canonical)
}

/**
 * Signs an agreement (BIP-340, no auxiliary randomness: one signature an agreement and key). Codes: those of {@link assert}.
 *
 * @returns 64 bytes
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const who = (n: 1 | 10, name: string) => {
 *   const account = `eip155:${n}:0x${name.repeat(20)}` as const
 *   return { account, payout: account }
 * }
 * const leg = (n: 1 | 10, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => ({
 *   ...{ version: 1, asset: `eip155:${n}/slip44:60`, amount: 10n ** 18n, salt: new Uint8Array(32) },
 *   ...{ locker: who(n, locker), beneficiary: who(n, beneficiary) },
 *   backend: { network: `eip155:${n}`, kind: 'contract', address: `0x${'c0'.repeat(20)}` },
 *   hashlock: Hashlock.of(new Uint8Array(32).fill(7)),
 *   deadline: { network: `eip155:${n}`, clock: 'unix', value },
 * })
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg(1, 'a1', 'b2', 1_900_020_000n),
 *   short: leg(10, 'b2', 'a1', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * const signature = Agreement.sign(agreement, alice)
 * Agreement.verifySignature(signature, Agreement.hash(agreement), agreement.initiator) // true
 */
export function sign(agreement: Agreement, identity: Bytes.Bytes32): Bytes.Bytes {
  const digest = hash(agreement)
  const signature = schnorr.sign(digest, identity, new Uint8Array(32))
  // The library has checked what it signed.
  remember(nameOf(signature, digest, publicKey(identity)))
  return signature
}

/**
 * The public key of an identity key: 32 bytes, x-only (BIP-340).
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const identity = SwapSeed.identity(new Uint8Array(32).fill(1), new Uint8Array(8))
 * Agreement.publicKey(identity).length // 32
 */
export function publicKey(identity: Bytes.Bytes32): Bytes.Bytes32 {
  return schnorr.getPublicKey(identity)
}

/**
 * Checks both signatures; the refusal names whose is wrong (`initiator-signature`, `follower-signature`). An agreement that {@link assert}
 * refuses is thrown at.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const who = (n: 1 | 10, name: string) => {
 *   const account = `eip155:${n}:0x${name.repeat(20)}` as const
 *   return { account, payout: account }
 * }
 * const leg = (n: 1 | 10, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => ({
 *   ...{ version: 1, asset: `eip155:${n}/slip44:60`, amount: 10n ** 18n, salt: new Uint8Array(32) },
 *   ...{ locker: who(n, locker), beneficiary: who(n, beneficiary) },
 *   backend: { network: `eip155:${n}`, kind: 'contract', address: `0x${'c0'.repeat(20)}` },
 *   hashlock: Hashlock.of(new Uint8Array(32).fill(7)),
 *   deadline: { network: `eip155:${n}`, clock: 'unix', value },
 * })
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg(1, 'a1', 'b2', 1_900_020_000n),
 *   short: leg(10, 'b2', 'a1', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * const signed = { agreement, initiator: Agreement.sign(agreement, alice), follower: Agreement.sign(agreement, bob) }
 * Agreement.verify(signed).ok // true
 * const verdict = Agreement.verify({ ...signed, follower: signed.initiator })
 * verdict.ok ? '' : verdict.refusal.check // 'follower-signature'
 */
export function verify(signed: Signed): Verdict.Verdict<Agreement> {
  return judge(signed, hash(signed.agreement))
}

function judge(signed: Signed, digest: Bytes.Hash32): Verdict.Verdict<Agreement> {
  for (const role of ['initiator', 'follower'] as const)
    if (!verifySignature(signed[role], digest, signed.agreement[role]))
      return Verdict.refuse(`${role}-signature`, `the ${role}'s signature is not over this agreement`)
  return Verdict.accept(signed.agreement)
}

/**
 * The canonical bytes of a signed agreement. The signatures are checked by {@link decodeSigned}, not here. Codes: those of {@link assert}.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_020_000n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * const signed = { agreement, initiator: Agreement.sign(agreement, alice), follower: Agreement.sign(agreement, bob) }
 * const bytes = Agreement.encodeSigned(signed)
 * Agreement.verify(Agreement.decodeSigned(bytes)).ok // true
 */
export function encodeSigned(signed: Signed): Bytes.Bytes {
  return Codec.writer()
    .bytes(encode(signed.agreement))
    .fixed(signed.initiator)
    .fixed(signed.follower)
    .finish()
}

/**
 * Reads a signed agreement and checks its signatures: `InvalidSignature` (4002), and the codes of {@link decode}.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const who = (n: 1 | 10, name: string) => {
 *   const account = `eip155:${n}:0x${name.repeat(20)}` as const
 *   return { account, payout: account }
 * }
 * const leg = (n: 1 | 10, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => ({
 *   ...{ version: 1, asset: `eip155:${n}/slip44:60`, amount: 10n ** 18n, salt: new Uint8Array(32) },
 *   ...{ locker: who(n, locker), beneficiary: who(n, beneficiary) },
 *   backend: { network: `eip155:${n}`, kind: 'contract', address: `0x${'c0'.repeat(20)}` },
 *   hashlock: Hashlock.of(new Uint8Array(32).fill(7)),
 *   deadline: { network: `eip155:${n}`, clock: 'unix', value },
 * })
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg(1, 'a1', 'b2', 1_900_020_000n),
 *   short: leg(10, 'b2', 'a1', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * const bytes = Agreement.encodeSigned({
 *   agreement,
 *   initiator: Agreement.sign(agreement, alice),
 *   follower: Agreement.sign(agreement, bob),
 * })
 * Agreement.decodeSigned(bytes).agreement.long.deadline.value // 1900020000n
 */
export function decodeSigned(bytes: Bytes.Bytes): Signed {
  const reader = Codec.reader(bytes)
  const { agreement, canonical } = read(reader.bytes())
  const signed: Signed = {
    agreement,
    initiator: reader.fixed(64),
    follower: reader.fixed(64),
  }
  reader.finish()
  const verdict = judge(signed, digestOf(canonical))
  if (!verdict.ok)
    throw SwapErrors.InvalidSignature(verdict.refusal.message, { check: verdict.refusal.check })
  return signed
}

/** Signatures that were found valid: one goes through the negotiation, the journal and the towers, and is computed once. */
const valid = new Set<string>()
const MOST_VALID = 8192

const nameOf = (...parts: readonly [signature: Bytes.Bytes, digest: Bytes.Bytes, key: Bytes.Bytes]): string =>
  parts.map(Bytes.toHex).join()

function remember(name: string): void {
  if (valid.size >= MOST_VALID) valid.clear()
  valid.add(name)
}

/**
 * Tells whether a BIP-340 signature is valid; total.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const key = Agreement.publicKey(SwapSeed.identity(new Uint8Array(32).fill(1), new Uint8Array(8)))
 * // What is no signature at all is no error either.
 * Agreement.verifySignature(new Uint8Array(64), new Uint8Array(32), key) // false
 */
export function verifySignature(signature: Bytes.Bytes, digest: Bytes.Hash32, key: Bytes.Bytes32): boolean {
  try {
    if (signature.length !== 64) return false
    const name = nameOf(signature, digest, key)
    if (valid.has(name)) return true
    if (!schnorr.verify(signature, digest, key)) return false
    remember(name)
    return true
  } catch {
    return false
  }
}

/**
 * The difference between the two deadlines, where both count seconds.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement } from '@aitbc/swap'
 * const who = (n: 1 | 10, name: string) => {
 *   const account = `eip155:${n}:0x${name.repeat(20)}` as const
 *   return { account, payout: account }
 * }
 * const leg = (n: 1 | 10, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => ({
 *   ...{ version: 1, asset: `eip155:${n}/slip44:60`, amount: 10n ** 18n, salt: new Uint8Array(32) },
 *   ...{ locker: who(n, locker), beneficiary: who(n, beneficiary) },
 *   backend: { network: `eip155:${n}`, kind: 'contract', address: `0x${'c0'.repeat(20)}` },
 *   hashlock: Hashlock.of(new Uint8Array(32).fill(7)),
 *   deadline: { network: `eip155:${n}`, clock: 'unix', value },
 * })
 * const [alice, bob] = [1, 2].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))) as [Uint8Array, Uint8Array]
 * const agreement: Agreement.Agreement = {
 *   version: 1,
 *   long: leg(1, 'a1', 'b2', 1_900_020_000n),
 *   short: leg(10, 'b2', 'a1', 1_900_010_000n),
 *   initiator: Agreement.publicKey(alice),
 *   follower: Agreement.publicKey(bob),
 * }
 * Agreement.gap(agreement) // 10000n
 */
export function gap(agreement: Agreement): bigint {
  return Deadline.from(agreement.long.deadline).value - Deadline.from(agreement.short.deadline).value
}
