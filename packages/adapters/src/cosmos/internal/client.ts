import type { Amount, CallOptions, Fact, Network } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { rpc } from '../../internal/facts.js'
import type { Memory } from '../../internal/memory.js'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import type { HtlcBackend } from '../HtlcLock.js'

export { ref, rpc, told } from '../../internal/facts.js'

/**
 * Gas limits with room to spare over what is counted, by wasmd 0.61 and by the local node: 171,000 and 128,000 for a lock of coins,
 * 249,000 and 266,000 of tokens, 31 for a byte of its record; 173,000 and 120,000 for a claim of coins, 270,000 and 460,000 of tokens,
 * 704,000 where the token burns all that it gets. They bound the maximum fee that a step states; on most Cosmos chains the whole limit
 * is paid for. Claims and refunds are never simulated (H18).
 */
export interface GasLimits {
  readonly transfer: bigint
  /** A lock of coins, without a record. */
  readonly lockNative: bigint
  /** A lock of cw20 tokens, without a record. */
  readonly lockToken: bigint
  /** One byte of a recovery record. */
  readonly recordByte: bigint
  /** A claim or refund; the contract refuses to be short of gas for the payment. */
  readonly settle: bigint
}

/** What the functions of all adapters of this family share. */
export interface Base extends Memory {
  readonly network: Network
  /** The chain's own name. */
  readonly chainId: string
  readonly denom: string
  readonly transport: CosmosRpc.CosmosTransport
  readonly assurance: Fact.Told<unknown>['assurance']
  readonly gas: GasLimits
  /** Base units for 1,000,000 gas. */
  readonly maxFeeRate: bigint
  /** Blocks that transfers and calls may wait for inclusion; 0 for no limit. */
  readonly timeoutBlocks: bigint
  readonly pollMs: number
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
}

/** What the functions of the contract's adapter share. */
export interface Client extends Base {
  readonly backend: HtlcBackend
  /** The contract's 32 bytes. */
  readonly contract: Uint8Array
  readonly tokens: ReadonlyMap<string, Amount.Asset>
}

export type Head = Fact.Tip & { readonly block: CosmosRpc.Block }

/** The head of the chain, which is final; `CosmosWrongChain` (3404) where the endpoint is on another one. */
export async function tipOf(client: Base, options?: CallOptions): Promise<Head> {
  const { chainId, height } = await CosmosRpc.status(client.transport, rpc(options))
  if (chainId !== client.chainId)
    throw CosmosErrors.CosmosWrongChain(
      `the endpoint must be on ${client.network.id}, it is on cosmos:${chainId}`,
      { expected: client.network.id, received: `cosmos:${chainId}` },
    )
  const block = await blockAt(client, height, options)
  const { hash } = block
  const time = seconds(block)
  const clock = client.network.clock === 'height' ? height : time
  return { height, hash, time, clock, finalized: { height, hash }, block }
}

/** A block of the network; `RpcMalformed` (1204) for another chain's. */
export async function blockAt(client: Base, height: bigint, options?: CallOptions): Promise<CosmosRpc.Block> {
  const block = await CosmosRpc.block(client.transport, height, rpc(options))
  if (block.header.chainId !== client.chainId)
    throw CosmosRpc.malformed('commit', `a block of ${client.chainId}`, block.header.chainId)
  return block
}

/** A block's time in unix seconds, rounded down: it has reached a whole second exactly when its nanoseconds have. */
export function seconds(block: CosmosRpc.Block): bigint {
  return block.header.time / 1_000_000_000n
}

/** Why what is at the contract's address isn't the audited contract after a block; undefined where it is. */
export async function contractFault(
  client: Client,
  height: bigint,
  options?: CallOptions,
): Promise<{ readonly check: string; readonly message: string } | undefined> {
  const { address, codeHash } = client.backend
  const read = (key: Uint8Array) =>
    CosmosRpc.stored(client.transport, HtlcStorage.STORE, key, height, rpc(options))
  const known = await read(HtlcStorage.contractKey(client.contract))
  if (known === null)
    return { check: 'lock-contract', message: `there is no contract at ${address} on ${client.network.id}` }
  const info = HtlcStorage.contractInfo(known)
  if (!info.ok) throw CosmosRpc.malformed('abci_query', 'a contract', info.refusal.message)
  if (info.value.admin !== '')
    return { check: 'lock-admin', message: `${info.value.admin} can put other code at ${address}` }
  if ((await read(HtlcStorage.historyKey(client.contract))) !== null)
    return { check: 'lock-history', message: `the contract at ${address} had other code before` }
  const code = await read(HtlcStorage.codeKey(info.value.codeId))
  const hash = code === null ? undefined : HtlcStorage.codeHash(code)
  if (hash !== undefined && !hash.ok) throw CosmosRpc.malformed('abci_query', 'a code', hash.refusal.message)
  const received = CosmosRpc.upperHex(hash?.value ?? new Uint8Array(0))
  const expected = CosmosRpc.upperHex(codeHash)
  return received === expected
    ? undefined
    : { check: 'lock-code', message: `the code at ${address} must have hash ${expected}, got ${received}` }
}

/** `CosmosContractMismatch` (3403) where what is at the contract's address isn't the audited contract. */
export async function assertContract(client: Client, height: bigint, options?: CallOptions): Promise<void> {
  const fault = await contractFault(client, height, options)
  if (fault !== undefined)
    throw CosmosErrors.CosmosContractMismatch(fault.message, {
      check: fault.check,
      address: client.backend.address,
    })
}
