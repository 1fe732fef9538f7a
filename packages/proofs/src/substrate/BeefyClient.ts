import { Bytes, Verdict } from '@aitbc/core'
import * as BeefyCommitment from './BeefyCommitment.js'
import * as BeefyLeaf from './BeefyLeaf.js'
import * as BinaryMerkleTree from './BinaryMerkleTree.js'
import * as Header from './Header.js'
import * as MountainRange from './MountainRange.js'

/** The sets of validators that a caller trusts, and what never changes of the chain. */
export interface Anchor {
  readonly current: BeefyLeaf.ValidatorSet
  readonly next: BeefyLeaf.ValidatorSet
  /** Commitments must be of later blocks. */
  readonly blockNumber: number
  /** The block that added the first leaf to the mountain range: with it, a block's number says how many leaves there are. */
  readonly firstBlock: number
}

/** A light client's state: plain, immutable data; only {@link trust} and {@link apply} make one. */
export interface State {
  readonly current: BeefyLeaf.ValidatorSet
  readonly next: BeefyLeaf.ValidatorSet
  readonly firstBlock: number
  readonly finalized: Final
}

/** The newest block with a commitment. */
export interface Final {
  readonly blockNumber: number
  /** Root of the mountain range with that block's leaf; none at the anchor. */
  readonly mmrRoot: Bytes.Hash32 | undefined
}

/** A commitment as the chain writes it (`VersionedFinalityProof`), and who the signing set is. */
export interface Update {
  readonly signed: Bytes.Bytes
  /** Addresses of the whole set, 20 bytes each. */
  readonly validators: readonly Bytes.Bytes[]
  /** The leaf that names the set after next, needed where the next set signs for the first time. */
  readonly handover?: LeafProof
}

/** A leaf under the mountain range of the newest final block. */
export interface LeafProof {
  readonly leaf: Bytes.Bytes
  /** As `MountainRange.verify` wants them. */
  readonly items: readonly Bytes.Hash32[]
}

/**
 * Starts a light client from trusted sets of validators. Nothing but this makes a state, so a fresh verifier accepts nothing (A52).
 *
 * Refusals: `anchor-set` (empty, a zero root, or not one after the other), `anchor-block`.
 */
export function trust(anchor: Anchor): Verdict.Verdict<State> {
  const { current, next, blockNumber, firstBlock } = anchor
  if (next.id !== current.id + 1n)
    return Verdict.refuse('anchor-set', `set ${next.id} doesn't follow ${current.id}`)
  for (const { id, length, root } of [current, next])
    if (length <= 0 || root.length !== 32 || root.every((byte) => byte === 0))
      return Verdict.refuse('anchor-set', `set ${id} has no validators`)
  if (firstBlock < 1 || blockNumber < 0)
    return Verdict.refuse('anchor-block', `no leaf of block ${firstBlock}, no block ${blockNumber}`)
  return Verdict.accept({ current, next, firstBlock, finalized: { blockNumber, mmrRoot: undefined } })
}

/**
 * Verifies a commitment and gives the next state (BEEFY specification, "light client"; A46).
 *
 * It must be of a later block, signed by more than two thirds of the present or the next set, each signature right. Where the next
 * set signs it becomes the present one, and a leaf under the new root must name the one after it.
 *
 * Refusals: `height-not-after`, `validator-set` (neither the present nor the next one's number), `validator-count`,
 * `validator-address` (not 20 bytes, or twice), `validator-root` (not the members of the set), `threshold`, `signer` (another key
 * signed), `handover-missing`, `handover-unasked`, `handover-set` (the leaf names another set than the one after), and those of
 * `BeefyCommitment.decodeSigned`, `BeefyCommitment.mmrRoot`, `BeefyCommitment.signers`, `BeefyCommitment.recover` and {@link leaf}.
 */
export function apply(state: State, update: Update): Verdict.Verdict<State> {
  const signed = BeefyCommitment.decodeSigned(update.signed)
  if (!signed.ok) return signed
  const { commitment, validatorCount, signatures } = signed.value
  const { blockNumber, validatorSetId } = commitment
  const root = BeefyCommitment.mmrRoot(commitment)
  if (!root.ok) return root
  if (blockNumber <= state.finalized.blockNumber || blockNumber < state.firstBlock)
    return Verdict.refuse(
      'height-not-after',
      `block ${blockNumber} is not after ${state.finalized.blockNumber}`,
    )
  const set = [state.current, state.next].find(({ id }) => id === validatorSetId)
  if (set === undefined)
    return Verdict.refuse(
      'validator-set',
      `set ${validatorSetId} is neither ${state.current.id} nor the next`,
    )
  const members = membersOf(set, validatorCount, update.validators)
  if (!members.ok) return members
  const places = BeefyCommitment.signers(signed.value)
  if (!places.ok) return places
  const needed = BeefyCommitment.threshold(set.length)
  if (places.value.length < needed)
    return Verdict.refuse('threshold', `${needed} signatures are needed, got ${places.value.length}`, {
      needed,
    })
  const digest = BeefyCommitment.hash(commitment)
  for (const [i, place] of places.value.entries()) {
    const signer = BeefyCommitment.recover(digest, signatures[i] as Bytes.Bytes)
    if (!signer.ok)
      return Verdict.refuse(signer.refusal.check, `validator ${place}: ${signer.refusal.message}`, { place })
    if (!Bytes.equal(signer.value, update.validators[place] as Bytes.Bytes))
      return Verdict.refuse('signer', `another key signed for validator ${place}`, { place })
  }
  const finalized = { blockNumber, mmrRoot: root.value }
  if (set === state.current)
    return update.handover === undefined
      ? Verdict.accept({ ...state, finalized })
      : Verdict.refuse('handover-unasked', 'the present set hands nothing over')
  if (update.handover === undefined)
    return Verdict.refuse('handover-missing', `a leaf must name the set after ${set.id}`)
  const moved = { ...state, current: set, finalized }
  const named = leaf(moved, update.handover)
  if (!named.ok) return named
  const { nextSet } = named.value
  const next = trust({ current: set, next: nextSet, blockNumber, firstBlock: state.firstBlock })
  return next.ok
    ? Verdict.accept({ ...moved, next: nextSet })
    : Verdict.refuse('handover-set', next.refusal.message)
}

/** The newest block with a commitment. */
export function finalized(state: State): Final {
  return state.finalized
}

/**
 * Verifies a leaf of the mountain range. The number of leaves and the leaf's place follow from the block numbers, so a proof can't
 * choose them (A43).
 *
 * Refusals: `state-root` (no commitment yet), `leaf-number` (of no block in the range), and those of `BeefyLeaf.decode` and
 * `MountainRange.verify`.
 */
export function leaf(state: State, proof: LeafProof): Verdict.Verdict<BeefyLeaf.BeefyLeaf> {
  const { firstBlock, finalized } = state
  if (finalized.mmrRoot === undefined) return Verdict.refuse('state-root', 'no commitment was verified yet')
  const decoded = BeefyLeaf.decode(proof.leaf)
  if (!decoded.ok) return decoded
  const index = decoded.value.parentNumber + 1 - firstBlock
  if (index < 0 || index > finalized.blockNumber - firstBlock)
    return Verdict.refuse('leaf-number', `no leaf is about block ${decoded.value.parentNumber}`)
  const found = MountainRange.verify(finalized.mmrRoot, {
    leafCount: BigInt(finalized.blockNumber - firstBlock + 1),
    leaves: [{ index: BigInt(index), hash: BeefyLeaf.hash(decoded.value) }],
    items: proof.items,
  })
  return found.ok ? decoded : found
}

/**
 * Verifies a relay block's header by the leaf that is about it; its `stateRoot` is what `ParachainState.head` starts from. Refusals:
 * `header-link` (not the leaf's block), and those of {@link leaf} and `Header.decode`.
 */
export function block(
  state: State,
  proof: LeafProof & { readonly header: Bytes.Bytes },
  format: Header.Format = Header.POLKADOT,
): Verdict.Verdict<Header.Hashed> {
  const about = leaf(state, proof)
  if (!about.ok) return about
  const header = Header.decode(proof.header, format)
  if (!header.ok) return header
  const { parentHash, parentNumber } = about.value
  return Bytes.equal(header.value.hash, parentHash) && header.value.number === BigInt(parentNumber)
    ? header
    : Verdict.refuse('header-link', `the header isn't that of block ${parentNumber}`)
}

function membersOf(
  set: BeefyLeaf.ValidatorSet,
  count: number,
  validators: readonly Bytes.Bytes[],
): Verdict.Verdict<null> {
  if (count !== set.length || validators.length !== set.length)
    return Verdict.refuse('validator-count', `set ${set.id} has ${set.length} validators`)
  const seen = new Set<string>()
  for (const [index, address] of validators.entries()) {
    const name = Bytes.toHex(address)
    if (address.length !== 20 || seen.has(name))
      return Verdict.refuse('validator-address', `validator ${index} has no address of its own`, { index })
    seen.add(name)
  }
  return Bytes.equal(BinaryMerkleTree.root(validators.map(BeefyCommitment.leafOf)), set.root)
    ? Verdict.accept(null)
    : Verdict.refuse('validator-root', `the addresses aren't those of set ${set.id}`)
}
