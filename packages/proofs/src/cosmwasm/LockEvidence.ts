import { Bytes, type Codec, type LockTerms, type Network, Verdict } from '@aitbc/core'
import * as Canonical from '../internal/canonical.js'
import * as CommitmentProof from '../tendermint/ics23/CommitmentProof.js'
import * as LightBlock from '../tendermint/LightBlock.js'
import * as Multistore from '../tendermint/Multistore.js'
import * as HtlcStorage from './HtlcStorage.js'
import * as Form from './LockEvidenceForm.js'

export { FORMAT } from './LockEvidenceForm.js'

/** What the store of the CosmWasm module holds at a key, with its proof there. */
export interface Stored {
  readonly value: Bytes.Bytes | null
  readonly proof: CommitmentProof.CommitmentProof
}

/**
 * Evidence for a lock's status: a block with its votes, and under its app hash (the state before it) the store of the CosmWasm
 * module, with the contract, its one code and the lock's own entry in it.
 */
export interface LockEvidence {
  readonly block: LightBlock.LightBlock
  /** The module's store under the app hash. */
  readonly store: CommitmentProof.CommitmentProof
  readonly contract: Stored
  /** The contract's second code, which there must not be. */
  readonly history: Stored
  readonly code: Stored
  readonly lock: Stored
}

/** What the state under a block's app hash holds of a lock. */
export interface Held {
  readonly entry: HtlcStorage.Entry
  readonly lockId: Bytes.Hash32
}

/** Writes evidence in its one canonical form. */
export function encode({ block, store, contract, history, code, lock }: LockEvidence): Bytes.Bytes {
  return Form.write({
    block: LightBlock.encode(block),
    store: CommitmentProof.encode(store),
    pieces: [contract, history, code, lock].map(({ value, proof }) => ({
      value,
      proof: CommitmentProof.encode(proof),
    })),
  })
}

/**
 * Reads evidence; total. Refusals: `evidence-encoding`, and those of `LightBlock.decode` and `CommitmentProof.decode`.
 *
 * @example
 * import { LockEvidence } from '@aitbc/proofs/cosmwasm'
 * LockEvidence.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LockEvidence> {
  const stored = (reader: Codec.Reader) => ({
    value: reader.optional((item) => item.bytes()) ?? null,
    proof: reader.bytes(),
  })
  const raw = Canonical.decode(bytes, (reader) => ({
    block: reader.bytes(),
    store: reader.bytes(),
    parts: [stored(reader), stored(reader), stored(reader), stored(reader)],
  }))
  if (!raw.ok) return raw
  const block = LightBlock.decode(raw.value.block)
  if (!block.ok) return block
  const store = CommitmentProof.decode(raw.value.store)
  if (!store.ok) return store
  const parts: Stored[] = []
  for (const { value, proof } of raw.value.parts) {
    const decoded = CommitmentProof.decode(proof)
    if (!decoded.ok) return decoded
    parts.push({ value, proof: decoded.value })
  }
  const [contract, history, code, lock] = parts as [Stored, Stored, Stored, Stored]
  return Verdict.accept({ block: block.value, store: store.value, contract, history, code, lock })
}

/**
 * Decides which status a lock of these terms has in the state that an app hash names; `none` is proved too.
 *
 * The contract must have the code that the terms pin, and nobody who may exchange it, nor ever had another: that one could have left
 * entries of locks that nobody paid for. Refusals: `lock-contract` (no such contract), `lock-admin` (somebody can put other code there),
 * `lock-history` (its code was exchanged), `lock-code`, and those of `HtlcStorage.from`, `HtlcStorage.entryOf`,
 * `HtlcStorage.contractInfo`, `HtlcStorage.codeHash` and `Multistore.verify`.
 */
export function verify(
  appHash: Bytes.Bytes,
  terms: LockTerms.LockTerms,
  network: Network,
  evidence: LockEvidence,
): Verdict.Verdict<Held> {
  const parameters = HtlcStorage.from(terms, network)
  if (!parameters.ok) return parameters
  const pinned = terms.backend.codeHash
  if (pinned === undefined) return Verdict.refuse('lock-code', 'the terms pin no code hash')
  const address = HtlcStorage.addressBytes(parameters.value.contract, network) as Bytes.Bytes
  const holds = (key: Bytes.Bytes, { value, proof }: Stored) =>
    Multistore.verify(appHash, { store: HtlcStorage.STORE, key, value }, [proof, evidence.store])

  const contract = holds(HtlcStorage.contractKey(address), evidence.contract)
  if (!contract.ok) return contract
  if (contract.value === null)
    return Verdict.refuse('lock-contract', `there is no contract at ${parameters.value.contract}`)
  const info = HtlcStorage.contractInfo(contract.value)
  if (!info.ok) return info
  if (info.value.admin !== '')
    return Verdict.refuse('lock-admin', `${info.value.admin} can put other code there`, {
      admin: info.value.admin,
    })

  const history = holds(HtlcStorage.historyKey(address), evidence.history)
  if (!history.ok) return history
  if (history.value !== null) return Verdict.refuse('lock-history', 'the contract had other code before')

  const code = holds(HtlcStorage.codeKey(info.value.codeId), evidence.code)
  if (!code.ok) return code
  const hash = code.value === null ? Verdict.accept(new Uint8Array(0)) : HtlcStorage.codeHash(code.value)
  if (!hash.ok) return hash
  if (!Bytes.equal(hash.value, pinned))
    return Verdict.refuse('lock-code', "the contract's code isn't what the terms pin", {
      expected: Bytes.toHex(pinned),
      received: Bytes.toHex(hash.value),
    })

  const lockId = HtlcStorage.lockId(parameters.value)
  const lock = holds(HtlcStorage.lockKey(address, lockId), evidence.lock)
  if (!lock.ok) return lock
  const entry = HtlcStorage.entryOf(lock.value, parameters.value)
  return entry.ok ? Verdict.accept({ entry: entry.value, lockId }) : entry
}
