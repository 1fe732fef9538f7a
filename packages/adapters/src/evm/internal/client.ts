import { type Amount, type CallOptions, type Fact, isAitbcError, type Network } from '@aitbc/core'
import { type Address, type Hex, keccak256 } from 'viem'
import { atHead, ref, rpc } from '../../internal/facts.js'
import type { Memory } from '../../internal/memory.js'
import type { BeaconSource } from '../BeaconSource.js'
import * as EvmRpc from '../EvmRpc.js'
import { EvmErrors } from '../errors.js'
import type { HtlcBackend } from '../HtlcLock.js'

export { ref, rpc, told } from '../../internal/facts.js'

/**
 * Gas limits, measured on anvil with room to spare (`test/evm/Gas.node.test.ts`); they bound the maximum fee that a step states, and
 * what isn't used isn't paid. Chains that meter otherwise need their own.
 */
export interface GasLimits {
  /** `lock` of the native coin, without a record. */
  readonly lockNative: bigint
  /** `lock` of a token, without a record. */
  readonly lockToken: bigint
  /** One byte of a recovery record. */
  readonly recordByte: bigint
  /** `claim` and `refund`: enough to write a credit where the payee burns all that it gets. */
  readonly settle: bigint
  readonly approve: bigint
  /** What makes another step void: a transfer of nothing to oneself. */
  readonly void: bigint
}

/** What the adapter's functions share. */
export interface Client extends Memory {
  readonly network: Network
  readonly chainId: bigint
  readonly transport: EvmRpc.EvmTransport
  /** Where proofs of final blocks come from, where the caller named one. */
  readonly beacon: BeaconSource | undefined
  readonly backend: HtlcBackend
  readonly codeHash: Hex
  readonly tokens: ReadonlyMap<Address, Amount.Asset>
  readonly assurance: Fact.Told<unknown>['assurance']
  readonly deployedAt: bigint
  readonly gas: GasLimits
  /** Longest recovery record, bytes. */
  readonly maxRecord: number
  /** What amounts of the native coin must be multiples of, wei. */
  readonly quantum: bigint
  /** wei per gas. */
  readonly maxFeeRate: bigint
  /** wei. */
  readonly maxFee: bigint
  readonly pollMs: number
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** Whether the endpoint's chain is known to be the network; providers that can switch are asked each time. */
  readonly checked: {
    chain: boolean
    /** The final block that the beacon source told last, and the endpoint's chain has. */
    final?: Fact.BlockRef
  }
}

/** `EvmWrongChain` (3204) where the endpoint is on another chain than the network. */
export async function checkChain(client: Client, options?: CallOptions): Promise<void> {
  if (client.checked.chain) return
  const received = await EvmRpc.chainId(client.transport, rpc(options))
  if (received !== client.chainId)
    throw EvmErrors.EvmWrongChain(
      `the endpoint must be on ${client.network.id}, it is on eip155:${received}`,
      {
        expected: client.network.id,
        received: `eip155:${received}`,
      },
    )
  client.checked.chain = !('on' in client.transport)
}

/** The head of the chain, with the newest block that the network's finality rule calls irreversible. */
export async function tipOf(
  client: Client,
  options?: CallOptions,
): Promise<Fact.Tip & { readonly hash: Hex }> {
  await checkChain(client, options)
  const latest = await needBlock(client, 'latest', options)
  const finalized = await finalizedOf(client, latest, options)
  const { height, hash, time } = latest
  return { height, hash, time, clock: time, ...(finalized === undefined ? {} : { finalized }) }
}

/** A block that must be there; `RpcMalformed` (1204) where it isn't. */
export async function needBlock(
  client: Client,
  which: bigint | Hex | 'latest',
  options?: CallOptions,
): Promise<EvmRpc.Block> {
  const block = await EvmRpc.block(client.transport, which, rpc(options))
  if (block === undefined) throw EvmRpc.malformed('eth_getBlockByNumber', `the block ${which}`, null)
  return block
}

async function finalizedOf(
  client: Client,
  latest: EvmRpc.Block,
  options?: CallOptions,
): Promise<Fact.BlockRef | undefined> {
  const { finality } = client.network
  if (finality.rule === 'instant') return ref(latest)
  if (finality.rule === 'tag' && client.beacon !== undefined)
    return finalBy(client, client.beacon, latest, options)
  let block: EvmRpc.Block | undefined
  if (finality.rule === 'depth') {
    const height = latest.height - finality.depth + 1n
    if (height < 0n) return undefined
    block = finality.depth === 1n ? latest : await EvmRpc.block(client.transport, height, rpc(options))
  } else {
    try {
      block = await EvmRpc.block(client.transport, finality.tag, rpc(options))
    } catch (error) {
      // A node that has seen nothing final yet answers with an error.
      if (!isAitbcError(error, 'RpcRejected')) throw error
    }
  }
  // Two answers of a chain that moves: what is ahead of the head we report isn't part of it.
  return block === undefined || block.height > latest.height ? undefined : ref(block)
}

/**
 * The newest block that a beacon source calls final, where the endpoint's chain has it. Where the source doesn't answer, or not as it
 * should, what was final stays so: without it nothing new is relied on, but a known secret is used and an expired lock refunded.
 */
async function finalBy(
  client: Client,
  beacon: BeaconSource,
  latest: EvmRpc.Block,
  options?: CallOptions,
): Promise<Fact.BlockRef | undefined> {
  const { checked } = client
  let final = checked.final
  try {
    final = await beacon.finalized(options)
  } catch (error) {
    if (options?.signal?.aborted || !isAitbcError(error)) throw error
  }
  if (final === undefined || final.height > latest.height) return undefined
  if (final.hash !== checked.final?.hash) {
    // Heights of two branches say nothing of each other.
    const own = await EvmRpc.block(client.transport, final.height, rpc(options))
    if (own?.hash !== final.hash) return undefined
    checked.final = ref(own)
  }
  return checked.final
}

/** Runs reads of one head; where a reorganisation takes it away in the middle, once more from the new one. */
export function atTip<T>(
  client: Client,
  options: CallOptions | undefined,
  reads: (tip: Fact.Tip & { readonly hash: Hex }) => Promise<T>,
): Promise<T> {
  const hashAt = async (height: bigint) => (await EvmRpc.block(client.transport, height, rpc(options)))?.hash
  return atHead(() => tipOf(client, options), hashAt, reads)
}

/** The hash of the code at the contract's address in a block. */
export async function codeHashAt(client: Client, blockHash: Hex, options?: CallOptions): Promise<Hex> {
  return keccak256(await EvmRpc.code(client.transport, client.backend.address, blockHash, rpc(options)))
}

/** `EvmContractMismatch` (3203) where the code at the contract's address isn't the audited one. */
export async function assertCode(client: Client, blockHash: Hex, options?: CallOptions): Promise<void> {
  const received = await codeHashAt(client, blockHash, options)
  if (received !== client.codeHash)
    throw EvmErrors.EvmContractMismatch(
      `the code at ${client.backend.address} on ${client.network.id} must have hash ${client.codeHash}, got ${received}`,
      { expected: client.codeHash, received, address: client.backend.address },
    )
}
