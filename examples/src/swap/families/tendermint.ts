import { createSeedWallet } from '@aitbc/adapters/cosmos'
import { AccountId, Bytes, type Network, type SeedWallet, SwapSeed } from '@aitbc/core'
import { createHttpRpc, type Middleware, pipe, type Rpc, retry, timeout } from '@aitbc/core/rpc'
import { LightBlock, LightClient } from '@aitbc/proofs/tendermint'
import type { Json } from '../Family.js'

// What chains of CometBFT have in common here.

export const SECOND = 1_000_000_000n
/** Validators can be held to what they signed for two weeks, and their stake stays for three. */
const TRUSTING_PERIOD = 14n * 86_400n * SECOND
const UNBONDING_PERIOD = 21n * 86_400n * SECOND

/** A party's keys on a network. */
export function walletOf(network: Network, seed: SwapSeed.SwapSeed): SeedWallet {
  return createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
}

/** The address that holds a seed's coins and tokens. */
export function addressOf(network: Network, seed: SwapSeed.SwapSeed): string {
  return AccountId.parse(walletOf(network, seed).funding).address
}

/** How a party asks its node. */
export function transportTo(url: string, through: readonly Middleware[] = []): Rpc {
  return pipe(createHttpRpc({ url }), timeout(10_000), retry(), ...through)
}

/** What is sure of a chain for a party, by its own clock. */
export function judging(
  trusts: Json,
  utc: () => bigint,
): { readonly client: () => LightClient.State; readonly now: () => bigint } {
  return { client: trusting(trusts), now: () => utc() * SECOND }
}

/** A block as a light client's first: with its validators, in hex. */
export function toTrust(block: LightBlock.LightBlock): string {
  return Bytes.toHex(LightBlock.encode(block))
}

/** A light client that starts with a block that was told with `toTrust`. */
function trusting(trusts: Json): () => LightClient.State {
  const light = LightBlock.decode(Bytes.fromHex(trusts as string))
  if (!light.ok) throw new Error(light.refusal.message)
  const { header, commit, validators } = light.value
  const trusted = LightClient.trust({
    chainId: header.chainId,
    hash: commit.blockId.hash,
    header,
    nextValidators: validators,
    trustingPeriod: TRUSTING_PERIOD,
    unbondingPeriod: UNBONDING_PERIOD,
  })
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  return () => trusted.value
}

/** What the chain says that it took for transactions, also where they failed. */
export async function feesOf(url: string, denom: string, ids: readonly string[]): Promise<bigint> {
  const rpc = createHttpRpc({ url })
  let fees = 0n
  for (const id of ids) {
    const hash = Buffer.from(id, 'hex').toString('base64')
    fees += feeOf((await rpc.request('tx', { hash }).catch(() => undefined)) as Included | undefined, denom)
  }
  return fees
}

interface Included {
  readonly tx_result?: {
    readonly events?: readonly {
      readonly type: string
      readonly attributes: readonly { readonly key: string; readonly value: string }[]
    }[]
  }
}

function feeOf(found: Included | undefined, denom: string): bigint {
  for (const { type, attributes } of found?.tx_result?.events ?? [])
    for (const { key, value } of type === 'tx' ? attributes : [])
      if (key === 'fee' && value.endsWith(denom)) return BigInt(value.slice(0, -denom.length))
  return 0n
}
