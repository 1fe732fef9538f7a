import { Bytes, Codec, isAitbcError, type LockTerms, Verdict } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { Hasher, Header, ParachainState, Scale, StorageKey, TrieProof } from '@aitbc/proofs/substrate'
import * as HubLock from './HubLock.js'

/** Formats of evidence, by what they prove: a lock, what ended it, or that there is none. */
export const FORMAT = {
  lock: 'polkadot-hub-lock/1',
  spend: 'polkadot-hub-spend/1',
  absence: 'polkadot-hub-absence/1',
} as const

/** Evidence of a lock's status in a block of a Hub. */
export interface HubEvidence {
  /** The Hub's header, encoded. */
  readonly header: Bytes.Bytes
  /** Nodes to the contract: its code and the id of its child trie. */
  readonly contract: readonly Bytes.Bytes[]
  /** Nodes to the lock's status, through the top trie to the root of the child's, and through that. */
  readonly status: readonly Bytes.Bytes[]
  /** Nodes of the relay chain's state to the Hub's newest head, where the evidence goes back to a relay block; else none. */
  readonly head: readonly Bytes.Bytes[]
}

/** What evidence goes back to: a block of the Hub that the verifier's owner knows, or a final block of its relay chain (GRANDPA). */
export type HubAnchor =
  | { readonly block: Bytes.Hash32 }
  | { readonly relay: Header.Header; readonly paraId: number }

const MAX_NODES = 256
const MAX_BYTES = 1 << 20
/** What stands first in an account that is a contract (pallet-revive, `AccountInfo`). */
const CONTRACT = 0

/** Canonical bytes of evidence. */
export function encode({ header, contract, status, head }: HubEvidence): Bytes.Bytes {
  const writer = Codec.writer().bytes(header)
  for (const nodes of [contract, status, head]) {
    writer.u32(nodes.length)
    for (const node of nodes) writer.bytes(node)
  }
  return writer.finish()
}

/** Reads what {@link encode} wrote. Refusal: `evidence-encoding`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<HubEvidence> {
  try {
    const reader = Codec.reader(bytes)
    const header = reader.bytes(MAX_BYTES)
    const nodes = (): readonly Bytes.Bytes[] => {
      const length = reader.u32()
      if (length > MAX_NODES) throw new RangeError(`${length} nodes are more than ${MAX_NODES}`)
      return Array.from({ length }, () => reader.bytes(MAX_BYTES))
    }
    const evidence = { header, contract: nodes(), status: nodes(), head: nodes() }
    reader.finish()
    return Verdict.accept(evidence)
  } catch (error) {
    if (!isAitbcError(error) && !(error instanceof RangeError)) throw error
    return Verdict.refuse('evidence-encoding', error.message)
  }
}

/**
 * Decides the status of a lock: header → state root → the contract's code and trie → the word under the lock's id.
 *
 * Refusals: `hub-header`, `hub-anchor` (another block, or not the head that the relay chain has), `hub-contract` (no contract at the address),
 * `lock-code` (not the audited code), `hub-word`, `lock-status`, those of `TrieProof.verify`, `TrieProof.verifyChild` and
 * `ParachainState.head`. Throws where the terms are none of this contract's.
 *
 * @example
 * import { type HubAnchor, HubEvidence, type HubLock } from '@aitbc/adapters/polkadot'
 * import type { LockTerms } from '@aitbc/core'
 * const isLocked = (anchor: HubAnchor, terms: LockTerms.LockTerms, chain: HubLock.HubChain, bytes: Uint8Array) => {
 *   const evidence = HubEvidence.decode(bytes)
 *   const verdict = evidence.ok ? HubEvidence.verify(anchor, terms, chain, evidence.value) : evidence
 *   return verdict.ok && verdict.value.status === 'locked'
 * }
 */
export function verify(
  anchor: HubAnchor,
  terms: LockTerms.LockTerms,
  chain: HubLock.HubChain,
  evidence: HubEvidence,
): Verdict.Verdict<{
  readonly status: HtlcStorage.Status
  readonly height: bigint
  readonly block: Bytes.Hash32
}> {
  const parameters = HubLock.parameters(terms, chain)
  const header = Header.decode(evidence.header)
  if (!header.ok)
    return Verdict.refuse('hub-header', header.refusal.message, { because: header.refusal.check })
  const block = Hasher.blake2b256(evidence.header)
  const anchored = isAnchored(anchor, block, evidence)
  if (!anchored.ok) return anchored
  const { stateRoot } = header.value
  const word = readWord(stateRoot, { parameters, codeHash: chain.backend.codeHash }, evidence)
  if (!word.ok) return word
  const status = HtlcStorage.statusOf(word.value)
  return status.ok
    ? Verdict.accept({ status: status.value, height: BigInt(header.value.number), block })
    : status
}

function isAnchored(anchor: HubAnchor, block: Bytes.Hash32, { head }: HubEvidence): Verdict.Verdict<null> {
  if ('block' in anchor)
    return Bytes.equal(anchor.block, block) && head.length === 0
      ? Verdict.accept(null)
      : Verdict.refuse('hub-anchor', 'the header is not of the block that is known')
  const found = ParachainState.head({ relay: anchor.relay, paraId: anchor.paraId, proof: TrieProof.of(head) })
  if (!found.ok) return found
  return Bytes.equal(found.value.hash, block)
    ? Verdict.accept(null)
    : Verdict.refuse('hub-anchor', 'the relay chain has another head of the Hub')
}

function readWord(
  stateRoot: Bytes.Hash32,
  lock: { readonly parameters: HtlcStorage.Parameters; readonly codeHash: Bytes.Hash32 },
  evidence: HubEvidence,
): Verdict.Verdict<bigint> {
  const { parameters, codeHash } = lock
  const key = StorageKey.of('Revive', 'AccountInfoOf', parameters.contract)
  const info = TrieProof.verify(stateRoot, [key], evidence.contract)
  if (!info.ok) return info
  const contract = contractOf(info.value[0] ?? undefined)
  if (contract === undefined) return Verdict.refuse('hub-contract', 'there is no contract at the address')
  if (!Bytes.equal(contract.codeHash, codeHash))
    return Verdict.refuse('lock-code', 'the contract is not the audited one', {
      expected: Bytes.toHex(codeHash),
      received: Bytes.toHex(contract.codeHash),
    })
  const slot = StorageKey.contractSlot(HtlcStorage.slot(HtlcStorage.lockId(parameters)))
  const found = TrieProof.verifyChild(stateRoot, contract.trieId, [slot], evidence.status)
  if (!found.ok) return found
  const stored = found.value[0]
  if (stored === null || stored === undefined) return Verdict.accept(0n)
  return stored.length === 32
    ? Verdict.accept(BigInt(`0x${Bytes.toHex(stored)}`))
    : Verdict.refuse('hub-word', `a word has 32 bytes, got ${stored.length}`)
}

/** What the chain keeps of a contract (`AccountInfo::Contract`): its child trie's id and its code's hash come first. */
export function contractOf(
  bytes: Bytes.Bytes | undefined,
): { readonly trieId: Bytes.Bytes; readonly codeHash: Bytes.Hash32 } | undefined {
  if (bytes === undefined || bytes[0] !== CONTRACT) return undefined
  const length = Scale.decode(Scale.compact, bytes.slice(1, 2))
  if (!length.ok) return undefined
  const end = 2 + Number(length.value)
  const codeHash = bytes.slice(end, end + 32)
  return codeHash.length === 32 ? { trieId: bytes.slice(2, end), codeHash } : undefined
}
