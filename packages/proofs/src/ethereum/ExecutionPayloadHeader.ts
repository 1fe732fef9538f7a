import { type Bytes, Verdict } from '@aitbc/core'
import * as MerkleTree from '../ssz/MerkleTree.js'
import * as Ssz from '../ssz/Ssz.js'
import { type Fork, isFrom } from './BeaconConfig.js'

/** Where a beacon block's body has the payload, in every fork so far (consensus-specs, `EXECUTION_PAYLOAD_GINDEX`). */
export const GINDEX = 25n

/** The execution block in a beacon block, with roots in the place of its lists; fields of later forks are there from then on. */
export interface ExecutionPayloadHeader {
  readonly parentHash: Bytes.Hash32
  /** 20 bytes. */
  readonly feeRecipient: Bytes.Bytes
  readonly stateRoot: Bytes.Hash32
  readonly receiptsRoot: Bytes.Hash32
  /** 256 bytes. */
  readonly logsBloom: Bytes.Bytes
  readonly prevRandao: Bytes.Bytes32
  readonly blockNumber: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  /** At most 32 bytes. */
  readonly extraData: Bytes.Bytes
  /** Wei. */
  readonly baseFeePerGas: bigint
  readonly blockHash: Bytes.Hash32
  /** SSZ root of the transactions: not the trie's. */
  readonly transactionsRoot: Bytes.Hash32
  /** Capella. */
  readonly withdrawalsRoot?: Bytes.Hash32
  /** Deneb. */
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
}

const u64 = /* @__PURE__ */ Ssz.uint(64)
const bytes32 = /* @__PURE__ */ Ssz.bytes(32)

/** What payload and header begin with. */
export const COMMON = {
  parentHash: bytes32,
  feeRecipient: /* @__PURE__ */ Ssz.bytes(20),
  stateRoot: bytes32,
  receiptsRoot: bytes32,
  logsBloom: /* @__PURE__ */ Ssz.bytes(256),
  prevRandao: bytes32,
  blockNumber: u64,
  gasLimit: u64,
  gasUsed: u64,
  timestamp: u64,
  extraData: /* @__PURE__ */ Ssz.byteList(32),
  baseFeePerGas: /* @__PURE__ */ Ssz.uint(256),
  blockHash: bytes32,
} as const

const BELLATRIX = /* @__PURE__ */ Ssz.container({ ...COMMON, transactionsRoot: bytes32 })
const CAPELLA = /* @__PURE__ */ Ssz.container({ ...BELLATRIX.fields, withdrawalsRoot: bytes32 })
const DENEB = /* @__PURE__ */ Ssz.container({ ...CAPELLA.fields, blobGasUsed: u64, excessBlobGas: u64 })

/** The header's SSZ type in a fork from Bellatrix on. */
export function typeOf(fork: Fork): Ssz.Type<ExecutionPayloadHeader> & Pick<typeof BELLATRIX, 'fields'> {
  const type = isFrom(fork, 'deneb') ? DENEB : isFrom(fork, 'capella') ? CAPELLA : BELLATRIX
  return type as unknown as ReturnType<typeof typeOf>
}

/** `hash_tree_root` of a header with the fields of its fork. */
export function root(fork: Fork, header: ExecutionPayloadHeader): Bytes.Hash32 {
  return typeOf(fork).root(header)
}

/**
 * Decides whether a beacon block's body has the payload with this header. `branch` is the four siblings of {@link GINDEX}.
 *
 * Refusals: `execution-fork` (Altair has no payload, or the header has a later fork's fields), `execution-branch` (the reason
 * in the context).
 *
 * @example
 * import { ExecutionPayloadHeader } from '@aitbc/proofs/beacon'
 * ExecutionPayloadHeader.GINDEX // 25n
 */
export function verify(
  fork: Fork,
  bodyRoot: Bytes.Hash32,
  header: ExecutionPayloadHeader,
  branch: readonly Bytes.Hash32[],
): Verdict.Verdict<ExecutionPayloadHeader> {
  const { withdrawalsRoot, blobGasUsed, excessBlobGas } = header
  if (
    fork === 'altair' ||
    (withdrawalsRoot !== undefined) !== isFrom(fork, 'capella') ||
    (blobGasUsed !== undefined) !== isFrom(fork, 'deneb') ||
    (excessBlobGas !== undefined) !== isFrom(fork, 'deneb')
  )
    return Verdict.refuse('execution-fork', `the header isn't one of ${fork}`)
  const found = MerkleTree.verify(root(fork, header), branch, GINDEX, bodyRoot)
  return found.ok
    ? Verdict.accept(header)
    : Verdict.refuse('execution-branch', found.refusal.message, { because: found.refusal.check })
}
