import { Bytes, Codec, CoreErrors, type LockTerms, Verdict } from '@aitbc/core'
import * as HtlcStorage from '../ethereum/HtlcStorage.js'
import * as Canonical from '../internal/canonical.js'
import * as Header from '../substrate/Header.js'
import * as ParachainState from '../substrate/ParachainState.js'
import * as Scale from '../substrate/Scale.js'
import * as StorageKey from '../substrate/StorageKey.js'
import * as TrieProof from '../substrate/TrieProof.js'
import * as HubTerms from './HubTerms.js'

/** Formats of evidence, by what they prove: a lock, what ended it, or that there is none. */
export const FORMAT = {
  lock: 'polkadot-hub-lock/1',
  spend: 'polkadot-hub-spend/1',
  absence: 'polkadot-hub-absence/1',
} as const

/** Evidence of a lock's status in a block of a Hub. */
export interface LockEvidence {
  /** The Hub's header, encoded. */
  readonly header: Bytes.Bytes
  /** Nodes to the contract (its code, and the id of its child trie) and to the block's clock. */
  readonly contract: readonly Bytes.Bytes[]
  /** Nodes to the lock's status, through the top trie to the root of the child's, and through that. */
  readonly status: readonly Bytes.Bytes[]
  /** What ties the header to the relay chain; absent where the verifier's owner knows the Hub's block itself. */
  readonly relay?: Relay
}

/** A block of the relay chain, why it is final, and the Hub's newest head in its state. */
export interface Relay {
  /** Its header, encoded. */
  readonly header: Bytes.Bytes
  /** Nodes of its state to `Paras.Heads` of the Hub. */
  readonly head: readonly Bytes.Bytes[]
  readonly finality: Finality
}

/** Why a block of the relay chain is final. */
export type Finality =
  /** Votes for it (`GrandpaClient`). */
  | { readonly kind: 'grandpa'; readonly justification: Bytes.Bytes }
  /** A leaf about it under the mountain range of a later commitment (`BeefyClient`). */
  | { readonly kind: 'beefy'; readonly leaf: Bytes.Bytes; readonly items: readonly Bytes.Hash32[] }

/** A lock's status, and the block that has it. */
export interface Held {
  readonly status: HtlcStorage.Status
  readonly lockId: Bytes.Hash32
  readonly block: {
    readonly number: bigint
    readonly hash: Bytes.Hash32
    /** Unix seconds, rounded down as contracts read it. */
    readonly clock: bigint
  }
}

const MAX_NODES = 256
const MAX_ITEMS = 64
/** What stands first in an account that is a contract (pallet-revive, `AccountInfo`). */
const CONTRACT = 0

/** Writes evidence in its one canonical form. */
export function encode({ header, contract, status, relay }: LockEvidence): Bytes.Bytes {
  const writer = Codec.writer().bytes(header)
  for (const nodes of [contract, status]) writeNodes(writer, nodes)
  writer.optional(relay, (to, { header, head, finality }) => {
    writeNodes(to.bytes(header), head)
    if (finality.kind === 'grandpa') to.u8(1).bytes(finality.justification)
    else
      to.u8(2)
        .bytes(finality.leaf)
        .list(finality.items, (item, hash) => item.fixed(hash))
  })
  return writer.finish()
}

/**
 * Reads evidence; total. Refusal: `evidence-encoding`.
 *
 * @example
 * import { LockEvidence } from '@aitbc/proofs/revive'
 * LockEvidence.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LockEvidence> {
  return Canonical.decode(bytes, (reader) => {
    const evidence = { header: reader.bytes(), contract: readNodes(reader), status: readNodes(reader) }
    const relay = reader.optional((from) => ({
      header: from.bytes(),
      head: readNodes(from),
      finality: readFinality(from),
    }))
    return relay === undefined ? evidence : { ...evidence, relay }
  })
}

/**
 * Decides which status a lock of these terms has in the block of the evidence's header: header → state root → the contract's code and trie
 * → the word under the lock's id; `none` is proved too. Whether that block counts is the caller's to decide, or {@link headOf}'s. The code
 * says what the contract does, not what was written as it was made: its address must be one that the caller trusts.
 *
 * Refusals: `hub-header`, `lock-contract` (no contract at the address), `lock-code` (not the one that the terms pin), `hub-clock`,
 * `hub-word`, `lock-status`, and those of `HubTerms.parameters`, `TrieProof.verify` and `TrieProof.verifyChild`.
 */
export function verify(
  terms: LockTerms.LockTerms,
  chain: HubTerms.Chain,
  evidence: LockEvidence,
): Verdict.Verdict<Held> {
  const parameters = HubTerms.parameters(terms, chain)
  if (!parameters.ok) return parameters
  const pinned = terms.backend.codeHash
  if (pinned === undefined) return Verdict.refuse('lock-code', 'the terms pin no code hash')
  const header = Header.decode(evidence.header)
  if (!header.ok)
    return Verdict.refuse('hub-header', header.refusal.message, { because: header.refusal.check })
  const { stateRoot, number, hash } = header.value
  const keys = [contractKey(parameters.value.contract), CLOCK_KEY]
  const found = TrieProof.verify(stateRoot, keys, evidence.contract)
  if (!found.ok) return found
  const [info = null, now = null] = found.value
  const contract = contractOf(info)
  if (contract === undefined)
    return Verdict.refuse('lock-contract', `there is no contract at ${terms.backend.address}`)
  if (!Bytes.equal(contract.codeHash, pinned))
    return Verdict.refuse('lock-code', "the contract's code isn't what the terms pin", {
      expected: Bytes.toHex(pinned),
      received: Bytes.toHex(contract.codeHash),
    })
  const clock = now === null ? undefined : Scale.decode(Scale.u64, now)
  if (clock?.ok !== true) return Verdict.refuse('hub-clock', 'the block has no clock of 8 bytes')
  const lockId = HtlcStorage.lockId(parameters.value)
  const word = TrieProof.verifyChild(stateRoot, contract.trieId, [slotKey(lockId)], evidence.status)
  if (!word.ok) return word
  const stored = word.value[0] ?? new Uint8Array(32)
  if (stored.length !== 32) return Verdict.refuse('hub-word', `a word has 32 bytes, got ${stored.length}`)
  const status = HtlcStorage.statusOf(BigInt(`0x${Bytes.toHex(stored)}`))
  return status.ok
    ? Verdict.accept({ status: status.value, lockId, block: { number, hash, clock: clock.value / 1000n } })
    : status
}

/**
 * The Hub's newest head in the state of a relay block that is known to be final; it must be the evidence's own. Refusals: `hub-anchor`, and
 * those of `ParachainState.head`.
 */
export function headOf(
  relay: Header.Header,
  paraId: number,
  evidence: LockEvidence & { readonly relay: Relay },
): Verdict.Verdict<Header.Hashed> {
  const head = ParachainState.head({ relay, paraId, proof: evidence.relay.head })
  if (!head.ok) return head
  return Bytes.equal(Header.encode(head.value), evidence.header)
    ? head
    : Verdict.refuse('hub-anchor', 'the relay chain has another head of the Hub')
}

/** Where a Hub keeps what it knows of a contract (`Revive.AccountInfoOf`, keys as they are). */
export function contractKey(contract: Bytes.Bytes): Bytes.Bytes {
  return StorageKey.of('Revive', 'AccountInfoOf', contract)
}

/** Where a chain keeps its clock (`Timestamp.Now`, milliseconds). */
export const CLOCK_KEY = /* @__PURE__ */ StorageKey.of('Timestamp', 'Now')

/** Where a lock's status stands in the contract's child trie. */
export function slotKey(lockId: Bytes.Hash32): Bytes.Hash32 {
  return StorageKey.contractSlot(HtlcStorage.slot(lockId))
}

/** What the chain keeps of a contract (`AccountInfo::Contract`): its child trie's id and its code's hash come first. */
export function contractOf(
  bytes: Bytes.Bytes | null,
): { readonly trieId: Bytes.Bytes; readonly codeHash: Bytes.Hash32 } | undefined {
  if (bytes === null || bytes[0] !== CONTRACT) return undefined
  const length = Scale.decode(Scale.compact, bytes.slice(1, 2))
  if (!length.ok) return undefined
  const end = 2 + Number(length.value)
  const codeHash = bytes.slice(end, end + 32)
  return codeHash.length === 32 ? { trieId: bytes.slice(2, end), codeHash } : undefined
}

function writeNodes(writer: Codec.Writer, nodes: readonly Bytes.Bytes[]): Codec.Writer {
  return writer.list(nodes, (to, node) => to.bytes(node))
}

function readNodes(reader: Codec.Reader): readonly Bytes.Bytes[] {
  return reader.list((item) => item.bytes(), MAX_NODES)
}

function readFinality(reader: Codec.Reader): Finality {
  const kind = reader.u8()
  if (kind === 1) return { kind: 'grandpa', justification: reader.bytes() }
  if (kind === 2) return { kind: 'beefy', leaf: reader.bytes(), items: Canonical.hashes(reader, MAX_ITEMS) }
  throw CoreErrors.InvalidEncoding(`a tag is 1 or 2, got ${kind}`, { received: kind })
}
