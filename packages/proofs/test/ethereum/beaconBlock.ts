import { type ExecutionPayloadHeader, MerkleTree, Ssz } from '@aitbc/proofs/beacon'
import { type BlockHeader, Rlp } from '@aitbc/proofs/ethereum'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, unhex, value } from '../helpers.js'
import { trieOf } from './trie.js'

/** A type with both of its published forms: SSZ, and the JSON of the beacon API. */
interface Dual<T> {
  readonly ssz: Ssz.Type<T>
  readonly from: (json: never) => T
}
type Of<D> = D extends Dual<infer T> ? T : never
type Fields = Readonly<Record<string, Dual<never> | Dual<unknown>>>

const hexed = <T>(ssz: Ssz.Type<T>): Dual<T> => ({
  ssz,
  from: (json: string) => value(Ssz.decode(ssz, unhex(json))),
})
const uint = (bits: 64 | 256): Dual<bigint> => ({ ssz: Ssz.uint(bits), from: (json: string) => BigInt(json) })
const list = <T>(item: Dual<T>, limit: number): Dual<readonly T[]> => ({
  ssz: Ssz.list(item.ssz, limit),
  from: (json: never[]) => json.map(item.from),
})
const container = <F extends Fields>(
  fields: F,
): Dual<{ readonly [K in keyof F]: Of<F[K]> }> & { readonly fields: F } => {
  const entries = Object.entries(fields) as [string, Dual<unknown>][]
  const ssz = Ssz.container(Object.fromEntries(entries.map(([name, { ssz }]) => [name, ssz])))
  return {
    fields,
    ssz: ssz as unknown as Ssz.Type<{ readonly [K in keyof F]: Of<F[K]> }>,
    from: (json: Readonly<Record<string, never>>) =>
      Object.fromEntries(entries.map(([name, { from }]) => [name, from(json[name] as never)])) as {
        readonly [K in keyof F]: Of<F[K]>
      },
  }
}

const u64 = uint(64)
const b20 = hexed(Ssz.bytes(20))
const b32 = hexed(Ssz.bytes(32))
const b48 = hexed(Ssz.bytes(48))
const b96 = hexed(Ssz.bytes(96))
const signed = <T>(message: Dual<T>) => container({ message, signature: b96 })

const beaconHeader = container({
  slot: u64,
  proposer_index: u64,
  parent_root: b32,
  state_root: b32,
  body_root: b32,
})
const checkpoint = container({ epoch: u64, root: b32 })
const attestationData = container({
  slot: u64,
  index: u64,
  beacon_block_root: b32,
  source: checkpoint,
  target: checkpoint,
})
const deposit = container({
  proof: {
    ssz: Ssz.vector(b32.ssz, 33),
    from: (json: never[]) => json.map(b32.from),
  } as Dual<readonly Uint8Array[]>,
  data: container({ pubkey: b48, withdrawal_credentials: b32, amount: u64, signature: b96 }),
})
const withdrawal = container({ index: u64, validator_index: u64, address: b20, amount: u64 })

const indexed = (limit: number) =>
  container({ attesting_indices: list(u64, limit), data: attestationData, signature: b96 })
const slashing = (limit: number) =>
  container({ attestation_1: indexed(limit), attestation_2: indexed(limit) })

const payload = container({
  parent_hash: b32,
  fee_recipient: b20,
  state_root: b32,
  receipts_root: b32,
  logs_bloom: hexed(Ssz.bytes(256)),
  prev_randao: b32,
  block_number: u64,
  gas_limit: u64,
  gas_used: u64,
  timestamp: u64,
  extra_data: hexed(Ssz.byteList(32)),
  base_fee_per_gas: uint(256),
  block_hash: b32,
  transactions: list(hexed(Ssz.byteList(2 ** 30)), 2 ** 20),
  withdrawals: list(withdrawal, 16),
})
const denebPayload = container({ ...payload.fields, blob_gas_used: u64, excess_blob_gas: u64 })

const before = {
  randao_reveal: b96,
  eth1_data: container({ deposit_root: b32, deposit_count: u64, block_hash: b32 }),
  graffiti: b32,
  proposer_slashings: list(
    container({ signed_header_1: signed(beaconHeader), signed_header_2: signed(beaconHeader) }),
    16,
  ),
}
const after = {
  deposits: list(deposit, 16),
  voluntary_exits: list(signed(container({ epoch: u64, validator_index: u64 })), 16),
  sync_aggregate: container({
    sync_committee_bits: hexed(Ssz.bitvector(512)),
    sync_committee_signature: b96,
  }),
}
const changes = list(
  signed(container({ validator_index: u64, from_bls_pubkey: b48, to_execution_address: b20 })),
  16,
)
const attestation = container({
  aggregation_bits: hexed(Ssz.bitlist(2048)),
  data: attestationData,
  signature: b96,
})
const requests = container({
  deposits: list(
    container({ pubkey: b48, withdrawal_credentials: b32, amount: u64, signature: b96, index: u64 }),
    8192,
  ),
  withdrawals: list(container({ source_address: b20, validator_pubkey: b48, amount: u64 }), 16),
  consolidations: list(container({ source_address: b20, source_pubkey: b48, target_pubkey: b48 }), 2),
})

const capella = container({
  ...before,
  attester_slashings: list(slashing(2048), 2),
  attestations: list(attestation, 128),
  ...after,
  execution_payload: payload,
  bls_to_execution_changes: changes,
})
const deneb = container({
  ...capella.fields,
  execution_payload: denebPayload,
  blob_kzg_commitments: list(b48, 4096),
})
const electra = container({
  ...deneb.fields,
  attester_slashings: list(slashing(131_072), 1),
  attestations: list(
    container({
      aggregation_bits: hexed(Ssz.bitlist(131_072)),
      data: attestationData,
      signature: b96,
      committee_bits: hexed(Ssz.bitvector(64)),
    }),
    8,
  ),
  execution_requests: requests,
})

const BODIES = { capella, deneb, electra, fulu: electra } as const
/** Forks whose whole blocks are read here. */
export type BlockFork = keyof typeof BODIES

type Payload = Of<typeof payload> & Partial<Of<typeof denebPayload>>
type Body = Of<typeof capella> & { readonly execution_requests?: Of<typeof requests> }

/** What tests need of a whole beacon block. */
export interface BeaconBlock {
  readonly fork: BlockFork
  readonly root: Uint8Array
  readonly slot: bigint
  readonly bodyRoot: Uint8Array
  readonly stateRoot: Uint8Array
  /** The execution payload, as light clients get it. */
  readonly execution: ExecutionPayloadHeader.ExecutionPayloadHeader
  readonly executionBranch: readonly Uint8Array[]
  /** The execution block's header, made from the payload. */
  readonly header: BlockHeader.BlockHeader
  readonly transactions: readonly Uint8Array[]
}

const blockOf = <F extends Fields>(
  body: Dual<{ readonly [K in keyof F]: Of<F[K]> }> & { readonly fields: F },
) => container({ slot: u64, proposer_index: u64, parent_root: b32, state_root: b32, body })

/** A block from the JSON of the beacon API. */
export function fromJson(fork: BlockFork, json: unknown): BeaconBlock {
  const type = blockOf(BODIES[fork] as typeof capella)
  return build(fork, type.from(json as never))
}

/** A block from the SSZ of a `SignedBeaconBlock`. */
export function fromSsz(fork: BlockFork, bytes: Uint8Array): BeaconBlock {
  const type = signed(blockOf(BODIES[fork] as typeof capella))
  const block = value(Ssz.decode(type.ssz, bytes))
  expectSame(Ssz.encode(type.ssz, block), bytes)
  return build(fork, block.message)
}

function build(fork: BlockFork, block: Of<ReturnType<typeof blockOf<typeof capella.fields>>>): BeaconBlock {
  const body = BODIES[fork]
  const ssz = body.ssz as unknown as Ssz.Container<Record<string, Ssz.Type<unknown>>>
  const leaves = ssz.leaves(block.body as never)
  const at = Object.keys(body.fields).indexOf('execution_payload')
  const p = block.body.execution_payload as Payload
  const transactions = body.fields.execution_payload.fields.transactions.ssz
  const withdrawals = body.fields.execution_payload.fields.withdrawals.ssz
  return {
    fork,
    root: blockOf(body as typeof capella).ssz.root(block),
    slot: block.slot,
    stateRoot: block.state_root,
    bodyRoot: ssz.root(block.body as never),
    executionBranch: MerkleTree.branch(leaves, leaves.length, at),
    transactions: p.transactions,
    execution: {
      parentHash: p.parent_hash,
      feeRecipient: p.fee_recipient,
      stateRoot: p.state_root,
      receiptsRoot: p.receipts_root,
      logsBloom: p.logs_bloom,
      prevRandao: p.prev_randao,
      blockNumber: p.block_number,
      gasLimit: p.gas_limit,
      gasUsed: p.gas_used,
      timestamp: p.timestamp,
      extraData: p.extra_data,
      baseFeePerGas: p.base_fee_per_gas,
      blockHash: p.block_hash,
      transactionsRoot: transactions.root(p.transactions),
      withdrawalsRoot: withdrawals.root(p.withdrawals),
      ...(p.blob_gas_used === undefined
        ? {}
        : { blobGasUsed: p.blob_gas_used, excessBlobGas: p.excess_blob_gas as bigint }),
    },
    header: headerOf(block.parent_root, block.body as Body),
  }
}

/** The execution header that a payload stands for (EIP-3675, 4895, 4844, 4788, 7685). */
function headerOf(parentRoot: Uint8Array, body: Body): BlockHeader.BlockHeader {
  const p = body.execution_payload as Payload
  const requestsOf = body.execution_requests
  return {
    parentHash: p.parent_hash,
    ommersHash: keccak_256(Uint8Array.of(0xc0)),
    beneficiary: p.fee_recipient,
    stateRoot: p.state_root,
    transactionsRoot: indexTrie(p.transactions).root,
    receiptsRoot: p.receipts_root,
    logsBloom: p.logs_bloom,
    difficulty: 0n,
    number: p.block_number,
    gasLimit: p.gas_limit,
    gasUsed: p.gas_used,
    timestamp: p.timestamp,
    extraData: p.extra_data,
    mixHash: p.prev_randao,
    nonce: new Uint8Array(8),
    baseFeePerGas: p.base_fee_per_gas,
    withdrawalsRoot: indexTrie(
      p.withdrawals.map(({ index, validator_index, address, amount }) =>
        Rlp.encode([Rlp.fromBigInt(index), Rlp.fromBigInt(validator_index), address, Rlp.fromBigInt(amount)]),
      ),
    ).root,
    ...(p.blob_gas_used === undefined
      ? {}
      : {
          blobGasUsed: p.blob_gas_used,
          excessBlobGas: p.excess_blob_gas as bigint,
          parentBeaconBlockRoot: parentRoot,
        }),
    ...(requestsOf === undefined ? {} : { requestsHash: requestsHash(requestsOf) }),
  }
}

/** EIP-7685: sha256 over the sha256 of each kind's requests, those without any left out. */
function requestsHash(all: Of<typeof requests>): Uint8Array {
  const kinds = (['deposits', 'withdrawals', 'consolidations'] as const).map((name, type) => {
    const dual = requests.fields[name] as Dual<readonly unknown[]>
    return concat(Uint8Array.of(type), dual.ssz.write(all[name]))
  })
  return sha256(concat(...kinds.filter((bytes) => bytes.length > 1).map((bytes) => sha256(bytes))))
}

/** The trie of a block's list: by the RLP of each index. */
export function indexTrie(values: readonly Uint8Array[]) {
  return trieOf(values.map((bytes, i) => [Rlp.encode(Rlp.fromBigInt(BigInt(i))), bytes]))
}

function expectSame(a: Uint8Array, b: Uint8Array): void {
  if (a.length !== b.length || a.some((byte, i) => byte !== b[i])) throw new Error('another encoding')
}
