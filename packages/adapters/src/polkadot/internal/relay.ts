import { type AitbcError, type Bytes, CoreErrors, Verdict } from '@aitbc/core'
import type { LockEvidence } from '@aitbc/proofs/revive'
import { BeefyClient, BeefyLeaf, GrandpaClient, Header, ParachainState, Scale } from '@aitbc/proofs/substrate'
import { PolkadotErrors } from '../errors.js'

// What a relay chain's node answers, judged: nothing here asks, waits or remembers.

/** A block of the relay chain that is final, and why, as evidence has it. */
export interface Final {
  readonly block: Header.Hashed
  readonly header: Bytes.Bytes
  readonly finality: LockEvidence.Finality
}

/** The answer to `grandpa_proveFinality` (sc-consensus-grandpa, `FinalityProof`). */
export interface FinalityProof {
  /** Hash of the block that the votes are for: the newest of its set that the node has votes for, or the last. */
  readonly block: Bytes.Hash32
  readonly justification: Bytes.Bytes
}

const HASH = /* @__PURE__ */ Scale.fixed(32)
const FINALITY_PROOF = /* @__PURE__ */ Scale.struct({
  block: HASH,
  justification: Scale.bytes,
  unknownHeaders: /* @__PURE__ */ Scale.list(/* @__PURE__ */ Header.type()),
})
const LEAVES = /* @__PURE__ */ Scale.list(Scale.bytes)
const LEAF_PROOF = /* @__PURE__ */ Scale.struct({
  indices: /* @__PURE__ */ Scale.list(Scale.u64),
  count: Scale.u64,
  items: /* @__PURE__ */ Scale.list(HASH),
})

/** Reads a finality proof. Refusals: those of `Scale.decode` and `Header.type`. */
export function decodeFinality(bytes: Bytes.Bytes): Verdict.Verdict<FinalityProof> {
  return Scale.decode(FINALITY_PROOF, bytes)
}

/**
 * Reads the answer to `mmr_generateProof` (sp-mmr-primitives, `LeafProof`) about one leaf. Refusals: `mmr-leaves` (not one), and those of
 * `Scale.decode`.
 */
export function decodeLeaf(
  leaves: Bytes.Bytes,
  proof: Bytes.Bytes,
): Verdict.Verdict<BeefyClient.LeafProof & { readonly about: Bytes.Hash32 }> {
  const list = Scale.decode(LEAVES, leaves)
  if (!list.ok) return list
  const path = Scale.decode(LEAF_PROOF, proof)
  if (!path.ok) return path
  const [leaf] = list.value
  if (leaf === undefined || list.value.length !== 1 || path.value.indices.length !== 1)
    return Verdict.refuse('mmr-leaves', `one leaf was asked for, ${list.value.length} came`)
  const read = BeefyLeaf.decode(leaf)
  if (!read.ok) return read
  return Verdict.accept({ leaf, items: path.value.items, about: read.value.parentHash })
}

/** A block that a light client counts final by votes, and the client's state after it. Refusals: those of `GrandpaClient.apply`. */
export function byVotes(
  state: GrandpaClient.State,
  header: Bytes.Bytes,
  justification: Bytes.Bytes,
): Verdict.Verdict<{ readonly final: Final; readonly next: GrandpaClient.State }> {
  const next = GrandpaClient.apply(state, { kind: 'block', header, justification })
  if (!next.ok) return next
  const block = GrandpaClient.finalized(next.value)
  const finality = { kind: 'grandpa', justification } as const
  return Verdict.accept({ final: { block, header, finality }, next: next.value })
}

/** A light client's own block, which needs no votes. */
export function ownBlock(state: GrandpaClient.State): Final {
  const block = GrandpaClient.finalized(state)
  const finality = { kind: 'grandpa', justification: new Uint8Array(0) } as const
  return { block, header: Header.encode(block, state.format), finality }
}

/** A block under the mountain range that a light client knows. Refusals: those of `BeefyClient.block`. */
export function byLeaf(
  state: BeefyClient.State,
  header: Bytes.Bytes,
  { leaf, items }: BeefyClient.LeafProof,
): Verdict.Verdict<Final> {
  const block = BeefyClient.block(state, { leaf, items, header })
  return block.ok
    ? Verdict.accept({ block: block.value, header, finality: { kind: 'beefy', leaf, items } })
    : block
}

/** The Hub's newest head in a final block, and what proves it. Refusals: those of `ParachainState.head`. */
export function headIn(
  { block, header, finality }: Final,
  paraId: number,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<{ readonly hub: Header.Hashed; readonly relay: LockEvidence.Relay }> {
  const hub = ParachainState.head({ relay: block, paraId, proof })
  return hub.ok ? Verdict.accept({ hub: hub.value, relay: { header, head: proof, finality } }) : hub
}

/** What a verdict accepts; `RpcMalformed` (1204) with the check that refused. */
export function needed<T>(method: string, verdict: Verdict.Verdict<T>): T {
  if (verdict.ok) return verdict.value
  const { check, message } = verdict.refusal
  throw CoreErrors.RpcMalformed(`${method} must answer what can be verified: ${message} (${check})`, {
    method,
    check,
  })
}

/** `PolkadotNotProvable` (3514), about the relay chain. */
export function notProvable(
  message: string,
  hint: string,
  context: Readonly<Record<string, unknown>> = {},
): AitbcError {
  return PolkadotErrors.PolkadotNotProvable(message, context, { hint })
}
