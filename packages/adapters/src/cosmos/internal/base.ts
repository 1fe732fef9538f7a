import { type CallOptions, CoreErrors, type Fact, type Network, type SwapAdapter, show } from '@aitbc/core'
import { assertTransport } from '../../internal/guards.js'
import { createMemory } from '../../internal/memory.js'
import { pause } from '../../internal/pause.js'
import type { CosmosTransport } from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { type Base, blockAt, type GasLimits, ref, tipOf, told } from './client.js'
import * as fees from './fees.js'
import { status, submit } from './follow.js'
import { accountOf, holding } from './steps.js'
import { headers } from './watch.js'

/** What every adapter of this family is told. */
export type BaseOptions = {
  /** Profile of the network; its id must be `cosmos:<chain id>`. */
  readonly network: Network
  /** `createHttpRpc` of `@aitbc/core/rpc` with the URL of a CometBFT RPC, behind any middleware. */
  readonly transport: CosmosTransport
  /** What the transport's answers are worth; by default what it says of itself, else `reported`. */
  readonly assurance?: 'reported' | 'quorum'
  readonly gas?: Partial<GasLimits>
  /** Highest fee rate that a step may have, base units for 1,000,000 gas; 2,000 times the network's least unless told. */
  readonly maxFeeRate?: bigint
  /** Blocks that transfers and calls may wait for inclusion (`timeout_height`); 1,000 unless told, 0 for no limit. */
  readonly timeoutBlocks?: bigint
  /** Milliseconds between two looks of a watch; half the network's block time, at least 50 and at most 4,000, unless told. */
  readonly pollMs?: number
  /** How a watch waits; rejects when aborted. A timer unless told. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
}

/** The gas limits of adapters of this family unless told otherwise. */
export const GAS: GasLimits = {
  transfer: 150_000n,
  lockNative: 400_000n,
  lockToken: 700_000n,
  recordByte: 100n,
  settle: 1_200_000n,
}

/** `InvalidNetwork` (1011), `InvalidArgument` (1013). */
export function baseOf(options: BaseOptions): Base {
  const { network, transport } = options
  if (network?.family !== 'cosmos' || network.denom === undefined)
    throw CoreErrors.InvalidNetwork(
      `network.family must be cosmos, and denom be there, got ${show(network?.family)}`,
      { argument: 'network', received: network?.id },
    )
  assertTransport(transport, 'transport')
  return {
    network,
    chainId: network.id.slice('cosmos:'.length),
    denom: network.denom,
    transport,
    assurance: options.assurance ?? transport.assurance ?? 'reported',
    gas: { ...GAS, ...options.gas },
    maxFeeRate: options.maxFeeRate ?? network.fees.minRelay * 2000n,
    timeoutBlocks: options.timeoutBlocks ?? 1000n,
    pollMs: options.pollMs ?? Math.min(4000, Math.max(50, Number(network.blockTimeMs) / 2)),
    wait: options.wait ?? pause,
    ...createMemory(),
  }
}

/** What adapters of this family do alike, whatever holds their locks. */
export function common(
  client: Base,
): Pick<SwapAdapter, 'network' | 'tip' | 'headers' | 'balance' | 'feeRates' | 'submit' | 'status'> {
  const { network } = client
  return {
    network,
    tip: async (o) => {
      const tip = await tipOf(client, o)
      const { block: _, ...value } = tip
      return told(client, value, ref(tip), tip)
    },
    headers: (from, o) => headers(client, from, o),
    balance: async (account, o) => {
      const address = accountOf(client, account, 'account')
      const held = HtlcLock.holdingOf(o?.asset ?? network.native.id, network, 'options.asset')
      const tip = await tipOf(client, o)
      const at = o?.at === undefined ? ref(tip) : await sameBlock(client, o.at, o)
      return told(client, await holding(client, address, held, at.height, o), at, tip)
    },
    feeRates: async (o) => fees.rates(client, (await tipOf(client, o)).height, o),
    submit: (signed, o) => submit(client, signed, o),
    status: (submission, o) => status(client, submission, o),
  }
}

/** The block that a caller binds a read to; `CosmosForked` (3410) where the endpoint has another one there. */
async function sameBlock(client: Base, at: Fact.BlockRef, o?: CallOptions): Promise<Fact.BlockRef> {
  const block = await blockAt(client, at.height, o)
  if (block.hash !== at.hash)
    throw CosmosErrors.CosmosForked(
      `block ${at.height} must be ${show(at.hash)}, the endpoint shows ${block.hash}`,
      { argument: 'options.at', expected: at.hash, received: block.hash },
    )
  return ref(block)
}
