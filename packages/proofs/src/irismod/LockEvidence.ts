import { type Bytes, type LockTerms, type Network, Verdict } from '@aitbc/core'
import * as Canonical from '../internal/canonical.js'
import * as CommitmentProof from '../tendermint/ics23/CommitmentProof.js'
import * as LightBlock from '../tendermint/LightBlock.js'
import * as Multistore from '../tendermint/Multistore.js'
import * as HtlcModule from './HtlcModule.js'
import * as Form from './LockEvidenceForm.js'

export { FORMAT } from './LockEvidenceForm.js'

/** Evidence for a lock's status: a block with its votes, and under its app hash (the state before it) the module's store with the lock. */
export interface LockEvidence {
  readonly block: LightBlock.LightBlock
  /** What the module keeps under the lock's id; `null` for nothing. */
  readonly value: Bytes.Bytes | null
  /** Of the value in the module's store, and of that store under the app hash. */
  readonly proofs: Multistore.Proofs
}

/** What the state under a block's app hash holds of a lock. */
export interface Held {
  readonly entry: HtlcModule.Entry
  readonly lockId: Bytes.Hash32
}

/** Writes evidence in its one canonical form. */
export function encode({ block, value, proofs: [inStore, inMultistore] }: LockEvidence): Bytes.Bytes {
  return Form.write({
    block: LightBlock.encode(block),
    value,
    proofs: [CommitmentProof.encode(inStore), CommitmentProof.encode(inMultistore)],
  })
}

/**
 * Reads evidence; total. Refusals: `evidence-encoding`, and those of `LightBlock.decode` and `CommitmentProof.decode`.
 *
 * @example
 * import { LockEvidence } from '@aitbc/proofs/irismod'
 * LockEvidence.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LockEvidence> {
  const raw = Canonical.decode(bytes, (reader) => ({
    block: reader.bytes(),
    value: reader.optional((item) => item.bytes()) ?? null,
    inStore: reader.bytes(),
    inMultistore: reader.bytes(),
  }))
  if (!raw.ok) return raw
  const block = LightBlock.decode(raw.value.block)
  if (!block.ok) return block
  const inStore = CommitmentProof.decode(raw.value.inStore)
  if (!inStore.ok) return inStore
  const inMultistore = CommitmentProof.decode(raw.value.inMultistore)
  if (!inMultistore.ok) return inMultistore
  const { value } = raw.value
  return Verdict.accept({ block: block.value, value, proofs: [inStore.value, inMultistore.value] })
}

/**
 * Decides which status a lock of these terms has in the state that an app hash names; `none` is proved too.
 *
 * Refusals: `iris-expiry` (a lock that stands, but doesn't expire when its terms say), and those of `HtlcModule.from`,
 * `HtlcModule.entryOf` and `Multistore.verify`.
 *
 * @param window blocks that a lock may wait for inclusion: so many less one may it expire before its deadline
 */
export function verify(
  appHash: Bytes.Bytes,
  terms: LockTerms.LockTerms,
  network: Network,
  { value, proofs }: Omit<LockEvidence, 'block'>,
  window: bigint,
): Verdict.Verdict<Held> {
  const parameters = HtlcModule.from(terms, network)
  if (!parameters.ok) return parameters
  const lockId = HtlcModule.lockId(parameters.value, network)
  const statement = { store: HtlcModule.STORE, key: HtlcModule.lockKey(lockId), value }
  const holds = Multistore.verify(appHash, statement, proofs)
  if (!holds.ok) return holds
  const entry = HtlcModule.entryOf(holds.value, parameters.value, network)
  if (!entry.ok) return entry
  const { status } = entry.value
  if (status === 'locked' && !HtlcModule.isInTime(entry.value, parameters.value, window))
    return Verdict.refuse(
      'iris-expiry',
      `the lock expires at ${entry.value.expires}, its deadline is ${parameters.value.deadline}`,
      { expires: entry.value.expires, deadline: parameters.value.deadline, window },
    )
  return Verdict.accept({ entry: entry.value, lockId })
}
