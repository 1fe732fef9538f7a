import { type Amount, Bytes, type CallOptions, type Fact, type Network } from '@aitbc/core'
import { Address, Pda } from '@aitbc/proofs/solana'
import { sha256 } from '@noble/hashes/sha2.js'
import { ref, rpc } from '../../internal/facts.js'
import { remember as keep } from '../../internal/memory.js'
import type { EvidenceSource } from '../EvidenceSource.js'
import { SolanaErrors } from '../errors.js'
import { type HtlcBackend, keyOfText } from '../HtlcLock.js'
import * as SolanaRpc from '../SolanaRpc.js'
import type { Past } from './history.js'
import * as Wire from './wire.js'

/**
 * Compute units with room to spare: on the local chain's runtime a lock of lamports used 7,095 to 19,095 and one of tokens up to 32,509 with
 * the tries of its addresses, claims 1,589 and 18,103, refunds 1,667 and 19,596. Older token programs use some 20,000 more. Each try of a derived
 * address costs 1,500, which is added from the bump.
 */
export interface ComputeUnits {
  readonly transfer: number
  readonly transferToken: number
  readonly createTokenAccount: number
  readonly lock: number
  readonly lockToken: number
  readonly settle: number
  readonly pay: number
  readonly payToken: number
  readonly close: number
  /** What a `call` intent may use. */
  readonly call: number
}

export { ref, rpc, told } from '../../internal/facts.js'

/** What the adapter's functions share. */
export interface Client {
  readonly network: Network
  readonly transport: SolanaRpc.SolanaTransport
  readonly backend: HtlcBackend
  /** The program's address. */
  readonly program: Bytes.Bytes32
  /** Tokens that the caller allowed, by mint in base58. */
  readonly tokens: ReadonlyMap<string, Amount.Asset>
  readonly evidence: EvidenceSource | undefined
  readonly assurance: Fact.Told<unknown>['assurance']
  readonly units: ComputeUnits
  /** Millionths of a lamport for a compute unit. */
  readonly maxFeeRate: bigint
  /** Name of the nonce account that a payer's transfers and locks use where it is there. */
  readonly nonce: string | undefined
  readonly pollMs: number
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  readonly checked: {
    chain: boolean
    /** The program's code can't change any more, and is the audited one. */
    program: boolean
  }
  readonly memory: {
    /** What was sent, by conflict key, oldest first; only what is of one kind are versions of each other. */
    readonly attempts: Map<string, readonly { readonly id: string; readonly kind: string }[]>
    /** Height at which an id was sent last. */
    readonly sent: Map<string, bigint>
    /** Confirmed blocks by slot. */
    readonly blocks: Map<bigint, SolanaRpc.Block>
    /** What was read of the transactions that name a lock or a tag, by its address. */
    readonly pasts: Map<string, Past>
    /** How many transactions were drafted. */
    readonly drafts: { count: number }
    /** Rent by size. */
    readonly rents: Map<number, bigint>
  }
}

const MEMORY = 2000
const LOADER: Bytes.Bytes32 = /* @__PURE__ */ keyOfText(
  'BPFLoaderUpgradeab1e11111111111111111111111',
  'loader',
)
const PROGRAM_SIZE = 36
/** What stands before the code: a tag, the slot, and whether somebody may change it. */
const PROGRAM_DATA_HEAD = 45

/** `SolanaWrongChain` (3304) where the endpoint is on another cluster than the network. */
export async function checkChain(client: Client, options?: CallOptions): Promise<void> {
  if (client.checked.chain) return
  const received = await SolanaRpc.genesisHash(client.transport, rpc(options))
  // CAIP-2 names a cluster by the first 32 characters of its genesis hash.
  const network = `solana:${received.slice(0, 32)}`
  if (network !== client.network.id)
    throw SolanaErrors.SolanaWrongChain(`the endpoint must be on ${client.network.id}, it is on ${network}`, {
      expected: client.network.id,
      received: network,
    })
  client.checked.chain = true
}

/** A tip, with the slot of its head. */
export interface Head {
  readonly tip: Fact.Tip
  readonly slot: bigint
}

/**
 * The newest confirmed block (more than two thirds of the stake voted for it), the final one, and the clock that locks compare with. Not
 * before a slot where one is given.
 */
export async function headOf(client: Client, options?: CallOptions, least = 0n): Promise<Head> {
  await checkChain(client, options)
  const { transport } = client
  const { finality } = client.network
  const rooted =
    finality.rule === 'tag' ? await SolanaRpc.slot(transport, 'finalized', rpc(options)) : undefined
  const clock = await SolanaRpc.accounts(transport, [Address.CLOCK_SYSVAR], 'confirmed', rpc(options))
  const [sysvar] = clock.accounts
  if (sysvar === undefined || sysvar.data.length !== 40)
    throw SolanaRpc.malformed('getMultipleAccounts', 'the Clock sysvar of 40 bytes', sysvar?.data)
  const confirmed = await SolanaRpc.slot(transport, 'confirmed', rpc(options))
  const head = await blockNear(client, least > confirmed ? least : confirmed, options)
  const deep = finality.rule === 'depth' ? head.slot - finality.depth + 1n : head.slot
  const final = await blockNear(client, clamp(rooted ?? deep, head.slot), options)
  return {
    slot: head.slot,
    tip: {
      height: head.height,
      hash: head.hash,
      time: head.time,
      clock: Wire.readI64(sysvar.data, 32),
      finalized: ref(final),
    },
  }
}

function clamp(a: bigint, b: bigint): bigint {
  return a < 0n ? 0n : a < b ? a : b
}

/** The block of a slot, or the one before it: slots may be skipped, and nodes tell of a block some moments after its slot. */
export async function blockNear(
  client: Client,
  slot: bigint,
  options?: CallOptions,
): Promise<SolanaRpc.Block> {
  for (let at = slot; at >= 0n && at + 32n > slot; at--) {
    const found = await blockAt(client, at, options)
    if (found !== undefined) return found
  }
  throw SolanaRpc.malformed('getBlock', `a block at slot ${slot} or in the 32 before it`, null)
}

/** The block of a slot, where there is one. */
export async function blockAt(
  client: Client,
  slot: bigint,
  options?: CallOptions,
): Promise<SolanaRpc.Block | undefined> {
  const known = client.memory.blocks.get(slot)
  if (known !== undefined) return known
  const found = await SolanaRpc.block(client.transport, slot, rpc(options))
  if (found !== undefined) remember(client.memory.blocks, slot, found)
  return found
}

/** Reads accounts, and a head that isn't older than they are. */
export async function read(
  client: Client,
  keys: readonly Bytes.Bytes32[],
  options?: CallOptions,
  commitment: SolanaRpc.Commitment = 'confirmed',
): Promise<{
  readonly accounts: readonly (SolanaRpc.Account | undefined)[]
  readonly at: SolanaRpc.Block
  readonly head: Head
}> {
  await checkChain(client, options)
  const { slot, accounts } = await SolanaRpc.accounts(client.transport, keys, commitment, rpc(options))
  const head = await headOf(client, options, slot)
  return { accounts, head, at: await blockNear(client, clamp(slot, head.slot), options) }
}

/** Lamports that an account of a size must hold. */
export async function rentOf(client: Client, size: number, options?: CallOptions): Promise<bigint> {
  const known = client.memory.rents.get(size)
  if (known !== undefined) return known
  const found = await SolanaRpc.rent(client.transport, size, rpc(options))
  remember(client.memory.rents, size, found)
  return found
}

/** Why the program isn't the audited one, or that it is: its file by hash, and nobody left who may change it. */
export async function programDoubt(client: Client, options?: CallOptions): Promise<string | undefined> {
  if (client.checked.program) return undefined
  const found = Pda.find(LOADER, [client.program])
  if (!found.ok) return found.refusal.message
  const { address } = found.value
  const { accounts } = await SolanaRpc.accounts(
    client.transport,
    [client.program, address],
    'confirmed',
    rpc(options),
  )
  const [program, data] = accounts
  const name = client.backend.address
  if (program === undefined || !program.executable) return `there is no program at ${name}`
  if (!Bytes.equal(program.owner, LOADER) || program.data.length !== PROGRAM_SIZE)
    return `the program ${name} is of a loader that isn't known`
  if (Wire.readU32(program.data, 0) !== 2 || !Bytes.equal(program.data.slice(4), address))
    return `the program ${name} has its code in a place of its own`
  if (data === undefined || !Bytes.equal(data.owner, LOADER) || data.data.length < PROGRAM_DATA_HEAD)
    return `the program ${name} has no code`
  if (Wire.readU32(data.data, 0) !== 3) return `the program ${name} has no code`
  if (data.data[12] !== 0) return `somebody may still change the program ${name}`
  if (!isCode(data.data.subarray(PROGRAM_DATA_HEAD), client.backend.codeHash))
    return `the program ${name} must have the hash ${Bytes.toHex(client.backend.codeHash)}`
  client.checked.program = true
  return undefined
}

/** A file may be followed by zeros: its account can be longer. */
function isCode(bytes: Bytes.Bytes, hash: Bytes.Hash32): boolean {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  // A file ends in zeros itself now and then: at most a header of sections, 64 bytes.
  for (let length = end; length <= bytes.length && length <= end + 64; length++)
    if (Bytes.equal(sha256(bytes.subarray(0, length)), hash)) return true
  return false
}

/** `SolanaProgramMismatch` (3303) where the program isn't the audited one. */
export async function assertProgram(client: Client, options?: CallOptions): Promise<void> {
  const doubt = await programDoubt(client, options)
  if (doubt !== undefined)
    throw SolanaErrors.SolanaProgramMismatch(doubt, {
      address: client.backend.address,
      expected: Bytes.toHex(client.backend.codeHash),
    })
}

/** Remembers at most {@link MEMORY} entries, the newest. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  keep(map, key, value, MEMORY)
}
