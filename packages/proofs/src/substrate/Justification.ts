import { Bytes, Verdict } from '@aitbc/core'
import * as Signatures from '../tendermint/Signatures.js'
import * as AuthoritySet from './AuthoritySet.js'
import * as Header from './Header.js'
import * as Scale from './Scale.js'

/** A vote that a block and all before it be final. */
export interface Precommit {
  readonly targetHash: Bytes.Hash32
  readonly targetNumber: bigint
  /** ed25519, 64 bytes. */
  readonly signature: Bytes.Bytes
  readonly authority: Bytes.Bytes32
}

/** Why a block is final: votes for it or blocks above it, and the headers that lead from those down to it. */
export interface Justification {
  readonly round: bigint
  readonly targetHash: Bytes.Hash32
  readonly targetNumber: bigint
  readonly precommits: readonly Precommit[]
  readonly ancestries: readonly Header.Header[]
}

export interface Options {
  readonly format?: Header.Format
  /**
   * What becomes of a vote whose way down to the target isn't shown: `refuse` the justification (as a Polkadot node does), or
   * `ignore` the vote. Never is it counted.
   */
  readonly unrouted?: 'refuse' | 'ignore'
}

/** A justification that is right but for its signatures, which are still to be answered. */
export interface Prepared {
  readonly checks: readonly Signatures.Check[]
  /** Takes the answers in the order of `checks`. Refusals: `vote-signature`, `signature-answers`. */
  readonly settle: (answers: readonly boolean[]) => Verdict.Verdict<Finalized>
}

/** The block that a justification makes final. */
export interface Finalized {
  readonly hash: Bytes.Hash32
  readonly number: bigint
}

const HASH = /* @__PURE__ */ Scale.fixed(32)

/** How a justification is written. */
export function type({ number, ...format }: Header.Format = Header.POLKADOT): Scale.Type<Justification> {
  const precommit = Scale.struct({
    targetHash: HASH,
    targetNumber: number,
    signature: Scale.fixed(64),
    authority: HASH,
  })
  return Scale.struct({
    round: Scale.u64,
    targetHash: HASH,
    targetNumber: number,
    precommits: Scale.list(precommit),
    ancestries: Scale.list(Header.type({ number, ...format })),
  })
}

/** Reads the one encoding of a justification. Refusals: `digest-kind`, and those of `Scale.decode`. */
export function decode(bytes: Bytes.Bytes, format?: Header.Format): Verdict.Verdict<Justification> {
  return Scale.decode(type(format), bytes)
}

/** Writes a justification. */
export function encode(justification: Justification, format?: Header.Format): Bytes.Bytes {
  return Scale.encode(type(format), justification)
}

/** What a voter signs (Polkadot specification, 6.2): the vote, its round and its set. */
export function signBytes(vote: {
  readonly targetHash: Bytes.Hash32
  readonly targetNumber: bigint
  readonly round: bigint
  readonly setId: bigint
  readonly format?: Header.Format
}): Bytes.Bytes {
  const { number } = vote.format ?? Header.POLKADOT
  return Bytes.concat(
    Uint8Array.of(1),
    vote.targetHash,
    Scale.encode(number, vote.targetNumber),
    Scale.encode(Scale.u64, vote.round),
    Scale.encode(Scale.u64, vote.setId),
  )
}

/**
 * Verifies a justification against the set of authorities that votes now, and gives the block that is final (A40).
 *
 * Every vote is of a member of the set, of no other vote's voter, signed for this round and set, and for the target or a block whose
 * headers down to the target are there; every header serves a vote. The weight must reach `AuthoritySet.threshold`. One voter's two
 * votes are refused even where they contradict each other: GRANDPA counts such a voter for any block, this verifier for none.
 *
 * Refusals: `authority-unknown`, `vote-duplicate`, `vote-below-target`, `vote-number` (a number that isn't its hash's),
 * `ancestry-duplicate`, `ancestry-missing`, `ancestry-unused`, `weight`, `vote-signature`, `target-zero` (A52), and those of
 * `AuthoritySet.check`.
 *
 * @example
 * import { Justification } from '@aitbc/proofs/substrate'
 * declare const bytes: Uint8Array
 * declare const set: import('@aitbc/proofs/substrate').AuthoritySet.AuthoritySet
 * const justification = Justification.decode(bytes)
 * if (justification.ok) Justification.verify(justification.value, set)
 */
export function verify(
  justification: Justification,
  set: AuthoritySet.AuthoritySet,
  options: Options = {},
): Verdict.Verdict<Finalized> {
  const prepared = prepare(justification, set, options)
  return prepared.ok ? prepared.value.settle(Signatures.noble(prepared.value.checks)) : prepared
}

/** {@link verify} for an engine of the caller's: decides everything but the signatures. Refusals: those of {@link verify}. */
export function prepare(
  justification: Justification,
  set: AuthoritySet.AuthoritySet,
  options: Options = {},
): Verdict.Verdict<Prepared> {
  const { format = Header.POLKADOT, unrouted = 'refuse' } = options
  const { round, targetHash, targetNumber, precommits } = justification
  const width = BigInt(8 * format.number.least)
  const valid = AuthoritySet.check(set)
  if (!valid.ok) return valid
  if (targetHash.every((byte) => byte === 0))
    return Verdict.refuse('target-zero', 'a zero hash names no block')
  const headers = new Map<string, Header.Header>()
  for (const [index, header] of justification.ancestries.entries()) {
    const hash = Bytes.toHex(Header.hash(header, format))
    if (headers.has(hash))
      return Verdict.refuse('ancestry-duplicate', `header ${index} came before`, { index })
    headers.set(hash, header)
  }
  const weights = new Map(set.authorities.map((it) => [Bytes.toHex(it.publicKey), it.weight]))
  const target = Bytes.toHex(targetHash)
  const routed = new Map<string, bigint>([[target, targetNumber]])
  const voted = new Set<string>()
  const checks: Signatures.Check[] = []
  let weight = 0n
  for (const [index, vote] of precommits.entries()) {
    const key = Bytes.toHex(vote.authority)
    const power = weights.get(key)
    if (power === undefined)
      return Verdict.refuse('authority-unknown', `voter ${index} is not of set ${set.id}`, { index })
    if (voted.has(key)) return Verdict.refuse('vote-duplicate', `voter ${index} voted before`, { index })
    voted.add(key)
    // A number that doesn't fit would be signed as another.
    if (vote.targetNumber < targetNumber || vote.targetNumber >> width !== 0n)
      return Verdict.refuse('vote-below-target', `vote ${index} is for block ${vote.targetNumber}`, { index })
    const way = route(Bytes.toHex(vote.targetHash), headers, routed)
    if (way === undefined) {
      if (unrouted === 'ignore') continue
      return Verdict.refuse('ancestry-missing', `vote ${index} is not shown to be above the target`, {
        index,
      })
    }
    if (way !== vote.targetNumber)
      return Verdict.refuse('vote-number', `vote ${index} is for block ${way}, not ${vote.targetNumber}`, {
        index,
      })
    weight += power
    const { targetHash: hash, targetNumber: number } = vote
    const message = signBytes({ targetHash: hash, targetNumber: number, round, setId: set.id, format })
    checks.push({ publicKey: vote.authority, message, signature: vote.signature })
  }
  const unused = [...headers.keys()].filter((hash) => !routed.has(hash) || hash === target).length
  if (unused > 0 && unrouted === 'refuse')
    return Verdict.refuse('ancestry-unused', `${unused} headers serve no vote`, { unused })
  const needed = AuthoritySet.threshold(set)
  if (weight < needed)
    return Verdict.refuse('weight', `${needed} is needed, got ${weight}`, { needed, weight })
  return Verdict.accept({
    checks,
    settle(answers) {
      const folded = Signatures.fold(checks, answers)
      if (folded.ok) return Verdict.accept({ hash: targetHash, number: targetNumber })
      const { check, message, context } = folded.refusal
      return Verdict.refuse(check === 'signature' ? 'vote-signature' : check, message, context)
    },
  })
}

/** Walks down from a voted block to one that is known to be above the target; its number, or `undefined` where the way ends. */
function route(
  from: string,
  headers: ReadonlyMap<string, Header.Header>,
  routed: Map<string, bigint>,
): bigint | undefined {
  const way: string[] = []
  let hash = from
  let number = routed.get(hash)
  while (number === undefined) {
    const header = headers.get(hash)
    if (header === undefined) return undefined
    way.push(hash)
    hash = Bytes.toHex(header.parentHash)
    number = routed.get(hash)
  }
  for (const passed of way.reverse()) {
    number++
    // A header's own number must be what its place says.
    if ((headers.get(passed) as Header.Header).number !== number) return undefined
    routed.set(passed, number)
  }
  return number
}
