import { Bytes, Codec, LockTerms, show, TaggedHash, Verdict } from '@aitbc/core'
import { schnorr } from '@noble/curves/secp256k1.js'
import * as Agreement from '../Agreement.js'
import { SwapErrors } from '../errors.js'

/** Fewest members of a ring; two have an {@link Agreement.Agreement}. */
export const MIN_MEMBERS = 3
/** Most members of a ring: each further one adds an inequality to the deadlines of all before it. */
export const MAX_MEMBERS = 8

/**
 * What the members of a ring sign before anything is locked (Herlihy 2018, single leader). Member `i` locks `arcs[i]` for member `i + 1`,
 * the last one for member 0, who leads: it alone knows the secret, locks first and reveals last. All arcs carry one hashlock; each one's
 * deadline is earlier than the one's before.
 */
export interface RingAgreement {
  readonly version: 1
  readonly arcs: readonly LockTerms.LockTerms[]
  /** BIP-340 public keys that the members sign with, 32 bytes each. */
  readonly members: readonly Bytes.Bytes32[]
}

/** An agreement with all signatures (BIP-340, 64 bytes each, over {@link hash}), in the members' order. */
export interface Signed {
  readonly agreement: RingAgreement
  readonly signatures: readonly Bytes.Bytes[]
}

/** A ring as one member has it: a swap of two legs, which the same machine runs. */
export interface View {
  readonly role: Agreement.Role
  readonly terms: Readonly<Record<Agreement.Leg, LockTerms.LockTerms>>
}

/**
 * A member's part of a ring: the leader is the initiator of arc 0 against the last arc; any other is the follower that locks its own arc
 * against the one before. `InvalidAgreement` (4001) where there is no such member.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { RingAgreement } from '@aitbc/swap'
 * const arc = (i: number): LockTerms.LockTerms => {
 *   const network = `eip155:${i + 1}` as const
 *   const member = (at: number) => {
 *     const account = `${network}:0x${`0${at % 3}`.repeat(20)}` as const
 *     return { account, payout: account }
 *   }
 *   return {
 *     ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32) },
 *     ...{ backend: { network, kind: 'contract', address: `0x${'c0'.repeat(20)}` }, hashlock: Hashlock.of(new Uint8Array(32).fill(7)) },
 *     ...{ locker: member(i), beneficiary: member(i + 1), deadline: { network, clock: 'unix', value: 1_900_030_000n - 7200n * BigInt(i) } },
 *   }
 * }
 * const arcs = [0, 1, 2].map(arc)
 * // The leader locks arc 0 and is paid by the last one; member 1 is paid by arc 0.
 * const [leader, next] = [RingAgreement.viewOf({ arcs }, 0), RingAgreement.viewOf({ arcs }, 1)]
 * leader.role // 'initiator'
 * leader.terms.short === arcs[2] // true
 * next.terms.long === arcs[0] // true
 */
export function viewOf({ arcs }: Pick<RingAgreement, 'arcs'>, member: number): View {
  const own = arcs[member]
  const incoming = arcs[(member + arcs.length - 1) % arcs.length]
  if (!Number.isSafeInteger(member) || own === undefined || incoming === undefined)
    throw SwapErrors.InvalidAgreement(`member must be 0 to ${arcs.length - 1}, got ${show(member)}`, {
      argument: 'member',
      received: member,
    })
  return member === 0
    ? { role: 'initiator', terms: { long: own, short: incoming } }
    : { role: 'follower', terms: { long: incoming, short: own } }
}

/**
 * Refuses what the members could not safely sign, whatever the numbers: `InvalidAgreement` (4001), or the code of the term that is
 * wrong. Whether the deadlines are far enough apart is the planner's question.
 *
 * @example
 * import { Hashlock, isAitbcError, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * RingAgreement.assert(agreement)
 * let named: unknown
 * try {
 *   // Two have an agreement of two.
 *   RingAgreement.assert({ ...agreement, arcs: arcs.slice(1) })
 * } catch (error) {
 *   named = isAitbcError(error, 'InvalidAgreement') ? error.context['argument'] : undefined
 * }
 * named // 'agreement.arcs'
 */
export function assert(agreement: RingAgreement): void {
  const refuse = (field: string, message: string, received: unknown) =>
    SwapErrors.InvalidAgreement(`agreement.${field} ${message}, got ${show(received)}`, {
      argument: `agreement.${field}`,
      received,
    })
  if (typeof agreement !== 'object' || agreement === null) throw refuse('', 'must be an object', agreement)
  const { version, arcs, members } = agreement
  if (version !== 1) throw refuse('version', 'must be 1', version)
  if (!Array.isArray(arcs) || arcs.length < MIN_MEMBERS || arcs.length > MAX_MEMBERS)
    throw refuse('arcs', `must be ${MIN_MEMBERS} to ${MAX_MEMBERS} terms`, arcs?.length)
  if (!Array.isArray(members) || members.length !== arcs.length)
    throw refuse('members', `must be ${arcs.length} keys`, members?.length)
  const ids = new Set<string>()
  const keys = new Set<string>()
  for (const [index, terms] of (arcs as RingAgreement['arcs']).entries()) {
    LockTerms.assert(terms, `agreement.arcs[${index}]`)
    if (!Bytes.equal(terms.hashlock, (arcs[0] as LockTerms.LockTerms).hashlock))
      throw refuse(`arcs[${index}].hashlock`, "must equal the first arc's", Bytes.toHex(terms.hashlock))
    if (terms.locker.account === terms.beneficiary.account)
      throw refuse(
        `arcs[${index}].beneficiary`,
        'must be another account than the locker',
        terms.beneficiary.account,
      )
    ids.add(Bytes.toHex(LockTerms.id(terms)))
    Bytes.assert(members[index], 32, `agreement.members[${index}]`)
    keys.add(Bytes.toHex(members[index] as Bytes.Bytes32))
  }
  if (ids.size !== arcs.length) throw refuse('arcs', 'must be locks of their own', `${ids.size} of them`)
  if (keys.size !== members.length)
    throw refuse('members', 'must be keys of their own', `${keys.size} of them`)
}

/**
 * The canonical bytes of an agreement: one encoding a value. Codes: those of {@link assert}.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * RingAgreement.decode(RingAgreement.encode(agreement)).arcs.length // 3
 */
export function encode(agreement: RingAgreement): Bytes.Bytes {
  assert(agreement)
  return Codec.writer()
    .u8(agreement.version)
    .list(agreement.arcs, (writer, terms) => writer.bytes(LockTerms.encode(terms)))
    .list(agreement.members, (writer, key) => writer.fixed(key))
    .finish()
}

/**
 * Reads canonical bytes; `InvalidEncoding` (1012), `InvalidAgreement` (4001), or the code of the term that is wrong.
 *
 * @example
 * import { Bytes, Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * const again = RingAgreement.decode(RingAgreement.encode(agreement))
 * again.arcs[2]?.deadline.value // 1900010000n
 * Bytes.equal(RingAgreement.hash(again), RingAgreement.hash(agreement)) // true
 */
export function decode(bytes: Bytes.Bytes): RingAgreement {
  const reader = Codec.reader(bytes)
  const agreement: RingAgreement = {
    version: reader.u8() as 1,
    arcs: reader.list((r) => LockTerms.decode(r.bytes())),
    members: reader.list((r) => r.fixed(32)),
  }
  reader.finish()
  assert(agreement)
  return agreement
}

/**
 * What all sign: the tagged SHA-256 (tag `aitbc/ring-agreement/v1`) of {@link encode}; also the ring's id. Codes: those of {@link assert}.
 *
 * @example
 * import { Bytes, Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * RingAgreement.hash(agreement).length // 32
 * // In another order it is another ring.
 * const other = { ...agreement, members: agreement.members.toReversed() }
 * Bytes.equal(RingAgreement.hash(agreement), RingAgreement.hash(other)) // false
 */
export function hash(agreement: RingAgreement): Bytes.Hash32 {
  return TaggedHash.of('aitbc/ring-agreement/v1', encode(agreement))
}

/**
 * Signs an agreement (BIP-340, no auxiliary randomness: one signature an agreement and key). Codes: those of {@link assert}.
 *
 * @returns 64 bytes
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * const [leader] = keys as [Uint8Array]
 * const signature = RingAgreement.sign(agreement, leader)
 * Agreement.verifySignature(signature, RingAgreement.hash(agreement), Agreement.publicKey(leader)) // true
 */
export function sign(agreement: RingAgreement, identity: Bytes.Bytes32): Bytes.Bytes {
  return schnorr.sign(hash(agreement), identity, new Uint8Array(32))
}

/**
 * Checks all signatures; the refusal names whose is wrong (`member-signature`), or that there are too few or too many (`signatures`). An agreement
 * that {@link assert} refuses is thrown at.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * const signatures = keys.map((key) => RingAgreement.sign(agreement, key))
 * RingAgreement.verify({ agreement, signatures }).ok // true
 * const verdict = RingAgreement.verify({ agreement, signatures: signatures.toReversed() })
 * verdict.ok ? '' : verdict.refusal.check // 'member-signature'
 */
export function verify({ agreement, signatures }: Signed): Verdict.Verdict<RingAgreement> {
  const digest = hash(agreement)
  if (signatures.length !== agreement.members.length)
    return Verdict.refuse('signatures', `${agreement.members.length} have to sign, got ${signatures.length}`)
  for (const [member, key] of agreement.members.entries())
    if (!Agreement.verifySignature(signatures[member] as Bytes.Bytes, digest, key))
      return Verdict.refuse('member-signature', `member ${member}'s signature is not over this agreement`, {
        member,
      })
  return Verdict.accept(agreement)
}

/** First byte of a signed ring; that of an agreement of two is 0. */
const MARK = 2

/**
 * The canonical bytes of a signed agreement. The signatures are checked by {@link decodeSigned}, not here. Codes: those of {@link assert}.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * const signed = { agreement, signatures: keys.map((key) => RingAgreement.sign(agreement, key)) }
 * RingAgreement.isSigned(RingAgreement.encodeSigned(signed)) // true
 */
export function encodeSigned({ agreement, signatures }: Signed): Bytes.Bytes {
  return Codec.writer()
    .u8(MARK)
    .bytes(encode(agreement))
    .list(signatures, (writer, signature) => writer.fixed(signature))
    .finish()
}

/**
 * Tells the bytes of a signed ring from those of an agreement of two, by the first one.
 *
 * @example
 * import { RingAgreement } from '@aitbc/swap'
 * // What `Runner.Swap` has as its agreement may be either.
 * const kindOf = (agreement: Uint8Array) => (RingAgreement.isSigned(agreement) ? 'a ring' : 'two')
 * kindOf(Uint8Array.of(2)) // 'a ring'
 * kindOf(Uint8Array.of(0)) // 'two'
 */
export function isSigned(bytes: Bytes.Bytes): boolean {
  return bytes[0] === MARK
}

/**
 * Reads a signed agreement and checks its signatures: `InvalidSignature` (4002), `InvalidAgreement` (4001) for bytes that
 * aren't {@link isSigned}, and the codes of {@link decode}.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { Agreement, RingAgreement } from '@aitbc/swap'
 * const arcs = ['a', 'b', 'c'].map((name, i): LockTerms.LockTerms => {
 *   const network = `cosmos:${name}` as const
 *   const who = (at: number) => ({ account: `${network}:${at % 3}`, payout: `${network}:${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(i), beneficiary: who(i + 1), hashlock: Hashlock.of(new Uint8Array(32).fill(7)), salt: new Uint8Array(32) },
 *     deadline: { network, clock: 'unix', value: 1_900_030_000n - 10_000n * BigInt(i) },
 *   }
 * })
 * const keys = [1, 2, 3].map((fill) => SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8)))
 * const agreement: RingAgreement.RingAgreement = { version: 1, arcs, members: keys.map((key) => Agreement.publicKey(key)) }
 * const signatures = keys.map((key) => RingAgreement.sign(agreement, key))
 * const bytes = RingAgreement.encodeSigned({ agreement, signatures })
 * RingAgreement.decodeSigned(bytes).signatures.length // 3
 */
export function decodeSigned(bytes: Bytes.Bytes): Signed {
  const reader = Codec.reader(bytes)
  if (reader.u8() !== MARK)
    throw SwapErrors.InvalidAgreement('these are not the bytes of a signed ring', { argument: 'bytes' })
  const agreement = decode(reader.bytes())
  const signatures = reader.list((r) => r.fixed(64))
  reader.finish()
  const signed: Signed = { agreement, signatures }
  const verdict = verify(signed)
  if (!verdict.ok)
    throw SwapErrors.InvalidSignature(verdict.refusal.message, { check: verdict.refusal.check })
  return signed
}
