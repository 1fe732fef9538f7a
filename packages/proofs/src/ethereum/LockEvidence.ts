import { Bytes, Codec, type LockTerms, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as Canonical from '../internal/canonical.js'
import * as BlockHeader from './BlockHeader.js'
import * as HtlcStorage from './HtlcStorage.js'
import * as StateProof from './StateProof.js'

/** Names of the form in an `Evidence`: one layout for all statements. */
export const FORMAT = { lock: 'evm-lock/1', spend: 'evm-spend/1', absence: 'evm-absence/1' } as const

/** The same where a light client's updates come before it: `BeaconEvidence`, whose `statement` it is. */
export const BEACON_FORMAT = {
  lock: 'evm-beacon-lock/1',
  spend: 'evm-beacon-spend/1',
  absence: 'evm-beacon-absence/1',
} as const

/** No trie of 32-byte keys is deeper. */
const MAX_NODES = 65

/** Evidence for a lock's status in one block: the block's header, the contract's account, and the lock's word. */
export interface LockEvidence {
  /** RLP of the header. */
  readonly header: Bytes.Bytes
  readonly accountProof: readonly Bytes.Bytes[]
  readonly storageProof: readonly Bytes.Bytes[]
}

/** A lock's status, and the block that has it. */
export interface Held {
  readonly status: HtlcStorage.Status
  readonly lockId: Bytes.Hash32
  readonly block: {
    readonly number: bigint
    readonly hash: Bytes.Hash32
    /** Unix seconds. */
    readonly timestamp: bigint
  }
}

/** Writes evidence in its one canonical form. */
export function encode(evidence: LockEvidence): Bytes.Bytes {
  return Codec.writer()
    .bytes(evidence.header)
    .list(evidence.accountProof, (writer, node) => writer.bytes(node))
    .list(evidence.storageProof, (writer, node) => writer.bytes(node))
    .finish()
}

/**
 * Reads evidence; total. Refusal: `evidence-encoding`.
 *
 * @example
 * import { LockEvidence } from '@aitbc/proofs/ethereum'
 * LockEvidence.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LockEvidence> {
  return Canonical.decode(bytes, (reader) => ({
    header: reader.bytes(),
    accountProof: reader.list((item) => item.bytes(), MAX_NODES),
    storageProof: reader.list((item) => item.bytes(), MAX_NODES),
  }))
}

/**
 * Makes evidence of an `eth_getProof` answer. Some nodes give an empty trie's proof as the node `0x80`, or append nodes that
 * stand in their parent already: the one form has neither.
 */
export function of(options: {
  readonly header: Bytes.Bytes
  readonly accountProof: readonly Bytes.Bytes[]
  readonly storageProof: readonly Bytes.Bytes[]
}): LockEvidence {
  const tidy = (proof: readonly Bytes.Bytes[]) =>
    proof.filter((node, i) => (i === 0 ? !(node.length === 1 && node[0] === 0x80) : node.length >= 32))
  return {
    header: options.header,
    accountProof: tidy(options.accountProof),
    storageProof: tidy(options.storageProof),
  }
}

/**
 * Decides which status a lock of these terms has in the block whose hash the caller knows; `none` is proved too.
 *
 * The contract's code must be the one that the terms pin. That says what the contract does, not what was written before it had this
 * code: whoever made the contract could have given it locks that nobody paid for, so its address must be one that the caller trusts.
 * Refusals: `block-hash` (another header, or a zero hash: A52),
 * `lock-contract` (no such account), `lock-code`, `lock-status`, and those of `HtlcStorage.from`, `BlockHeader.decode`,
 * `StateProof.account` and `StateProof.storage`.
 */
export function verify(
  blockHash: Bytes.Hash32,
  terms: LockTerms.LockTerms,
  evidence: LockEvidence,
): Verdict.Verdict<Held> {
  const parameters = HtlcStorage.from(terms)
  if (!parameters.ok) return parameters
  const pinned = terms.backend.codeHash
  if (pinned === undefined) return Verdict.refuse('lock-code', 'the terms pin no code hash')
  if (blockHash.length !== 32 || blockHash.every((byte) => byte === 0))
    return Verdict.refuse('block-hash', 'a zero hash names no block')
  if (!Bytes.equal(keccak_256(evidence.header), blockHash))
    return Verdict.refuse('block-hash', "the header isn't the block's")
  const header = BlockHeader.decode(evidence.header)
  if (!header.ok) return header
  const account = StateProof.account(header.value.stateRoot, parameters.value.contract, evidence.accountProof)
  if (!account.ok) return account
  if (account.value === null)
    return Verdict.refuse('lock-contract', `there is no contract at ${terms.backend.address}`)
  if (!Bytes.equal(account.value.codeHash, pinned))
    return Verdict.refuse('lock-code', "the contract's code isn't what the terms pin", {
      expected: Bytes.toHex(pinned),
      received: Bytes.toHex(account.value.codeHash),
    })
  const lockId = HtlcStorage.lockId(parameters.value)
  const word = StateProof.storage(account.value.storageRoot, HtlcStorage.slot(lockId), evidence.storageProof)
  if (!word.ok) return word
  const status = HtlcStorage.statusOf(word.value)
  if (!status.ok) return status
  const { number, timestamp } = header.value
  return Verdict.accept({ status: status.value, lockId, block: { number, hash: blockHash, timestamp } })
}
