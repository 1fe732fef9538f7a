import { type CallOptions, CoreErrors, type Fact, type Network } from '@aitbc/core'
import { Scale, StorageKey } from '@aitbc/proofs/substrate'
import type { ApiPromise } from '@polkadot/api'
import { atHead, ref } from '../../internal/facts.js'
import type { Memory } from '../../internal/memory.js'
import { PolkadotErrors } from '../errors.js'
import type { Hub } from './hub.js'
import * as Rpc from './rpc.js'

export { ref, told } from '../../internal/facts.js'

type Hex = `0x${string}`

/** What the adapter's functions share. */
export interface Client extends Memory {
  readonly network: Network
  readonly api: ApiPromise
  readonly assurance: Fact.Told<unknown>['assurance']
  /** Blocks that a transaction lives. */
  readonly mortality: bigint
  /** Most planck of tip. */
  readonly maxTip: bigint
  readonly pollMs: number
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** The contract's side, where the chain has contracts. */
  readonly hub: Hub | undefined
  /** The first block's hash, once it is known to be the one that the network is named by. */
  readonly checked: { genesis?: Hex }
}

/** The head of the chain as reads are bound to it. */
export type Head = Fact.Tip & { readonly hash: Hex }

/** The first block's hash; `PolkadotWrongChain` (3503) where it isn't the one that the network is named by. */
export async function genesisOf(client: Client, options?: CallOptions): Promise<Hex> {
  if (client.checked.genesis !== undefined) return client.checked.genesis
  const genesis = await Rpc.blockHash(client.api, 0n, options)
  if (genesis === undefined || client.network.id !== `polkadot:${genesis.slice(2, 34)}`)
    throw PolkadotErrors.PolkadotWrongChain(
      `the endpoint must be on ${client.network.id}, its first block is ${genesis}`,
      { expected: client.network.id, received: genesis },
    )
  client.checked.genesis = genesis
  return genesis
}

/** The head of the chain, with the newest block that the network's finality rule calls irreversible. */
export async function tipOf(client: Client, options?: CallOptions): Promise<Head> {
  await genesisOf(client, options)
  const latest = await needHeader(client, await Rpc.head(client.api, options), options)
  const finalized = await finalizedOf(client, latest, options)
  const time = await timeAt(client, latest.hash, options)
  return {
    height: latest.height,
    hash: latest.hash,
    time,
    clock: time,
    ...(finalized === undefined ? {} : { finalized }),
  }
}

/** A header that must be there; `RpcMalformed` (1204) where it isn't. */
export async function needHeader(client: Client, hash: Hex, options?: CallOptions): Promise<Rpc.Header> {
  const header = await Rpc.header(client.api, hash, options)
  if (header === undefined) throw Rpc.malformed('chain_getHeader', `the block ${hash}`, null)
  return header
}

/** A block that must be there; `RpcMalformed` (1204) where it isn't. */
export async function needBlock(client: Client, hash: Hex, options?: CallOptions): Promise<Rpc.Block> {
  const block = await Rpc.block(client.api, hash, options)
  if (block === undefined) throw Rpc.malformed('chain_getBlock', `the block ${hash}`, null)
  return block
}

/** The header at a height, where there is one. */
export async function headerAt(
  client: Client,
  height: bigint,
  options?: CallOptions,
): Promise<Rpc.Header | undefined> {
  const hash = await Rpc.blockHash(client.api, height, options)
  if (hash === undefined) return undefined
  const header = await needHeader(client, hash, options)
  if (header.height !== height) throw Rpc.malformed('chain_getBlockHash', `block ${height}`, header.height)
  return header
}

/** The header at a height that must be there; `RpcMalformed` (1204). */
export async function needHeaderAt(
  client: Client,
  height: bigint,
  options?: CallOptions,
): Promise<Rpc.Header> {
  const header = await headerAt(client, height, options)
  if (header === undefined) throw Rpc.malformed('chain_getBlockHash', `block ${height}`, null)
  return header
}

async function finalizedOf(
  client: Client,
  latest: Rpc.Header,
  options?: CallOptions,
): Promise<Fact.BlockRef | undefined> {
  const { finality } = client.network
  if (finality.rule === 'instant') return ref(latest)
  let block: Rpc.Header | undefined
  if (finality.rule === 'depth') {
    const height = latest.height - finality.depth + 1n
    block = height < 0n ? undefined : await headerAt(client, height, options)
  } else block = await needHeader(client, await Rpc.finalizedHead(client.api, options), options)
  // Two answers of a chain that moves: what is ahead of the head we report isn't part of it.
  return block === undefined || block.height > latest.height ? undefined : ref(block)
}

/** The clock of a block (`Timestamp.Now`), unix seconds, rounded down as contracts read it. */
export async function timeAt(client: Client, hash: Hex, options?: CallOptions): Promise<bigint> {
  const bytes = await Rpc.storage(client.api, StorageKey.of('Timestamp', 'Now'), hash, options)
  if (bytes === undefined) return 0n
  const time = Scale.decode(Scale.u64, bytes)
  if (!time.ok) throw Rpc.malformed('state_getStorage', 'the time in milliseconds', bytes)
  return time.value / 1000n
}

/** Runs reads of one head; where a reorganisation takes it away in the middle, once more from the new one. */
export function atTip<T>(
  client: Client,
  options: CallOptions | undefined,
  reads: (tip: Head) => Promise<T>,
): Promise<T> {
  return atHead(
    () => tipOf(client, options),
    (height) => Rpc.blockHash(client.api, height, options),
    reads,
  )
}

/** A block's hash as the caller gives it. */
export function hashOf(block: Fact.BlockRef): Hex {
  if (!/^0x[0-9a-f]{64}$/.test(block.hash))
    throw CoreErrors.InvalidArgument('options.at.hash must be a block hash', {
      argument: 'options.at.hash',
      received: block.hash,
    })
  return block.hash as Hex
}
