import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AccountId, AccountId as Accounts, type Amount, type LockProfile } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import type { CosmosAccount, CosmosActions, CosmosNode } from '@aitbc/devnet'
import { LightClient } from '@aitbc/proofs/tendermint'
import { expect } from 'vitest'
import { type CosmosAdapter, createCosmosAdapter, createSeedWallet } from '../../src/cosmos/index.js'
import { createEndpoints } from '../endpoints.js'

export const SECOND = 1_000_000_000n
const network = networks.cosmosLocal

/** What no chain of CometBFT has. */
export const LACKS = {
  reorg: 'blocks of CometBFT are final',
  outbidding: "CometBFT's mempool keeps the first of two transactions with one sequence",
} as const

/** What the contract's locks enforce. */
export const PROFILE: LockProfile = {
  lateClaims: false,
  payee: 'named',
  unique: true,
  lateLocks: false,
  feesFrom: 'account',
  events: true,
}

/** A committed program. */
export const program = (name: string) =>
  Uint8Array.from(readFileSync(join(import.meta.dirname, '../../programs/cosmos', name)))

/** What a cw20 token is made with, all of it its owner's. */
export const tokenOf = (owner: string) => ({
  ...{ name: 'Test token', symbol: 'TEST', decimals: 6 },
  initial_balances: [{ address: owner, amount: '1000000000' }],
})

export const addressOf = (account: AccountId.AccountId) => Accounts.parse(account).address

/** An adapter that proves what the newest block has: elsewhere the next one comes by itself, whose header names that state. */
export function proving<A extends Pick<CosmosAdapter, 'prove'>>(adapter: A, next: () => Promise<unknown>): A {
  const prove: CosmosAdapter['prove'] = async (claim, o) => {
    o?.signal?.throwIfAborted()
    await next()
    return adapter.prove(claim, o)
  }
  return { ...adapter, prove }
}

/** A light client of a local node that trusts its first block. */
export function trusting(node: Pick<CosmosNode, 'chainId' | 'lightBlock'>): LightClient.State {
  const { header, commit, validators } = node.lightBlock(1n)
  const trusted = LightClient.trust({
    ...{ chainId: node.chainId, hash: commit.blockId.hash, header, nextValidators: validators },
    trustingPeriod: 10_000_000n * SECOND,
    unbondingPeriod: 20_000_000n * SECOND,
  })
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  return trusted.value
}

/** The contract and a token on a chain, as the adapters' contract suite wants them; `next` makes or awaits a block. */
export async function contractOn(
  node: CosmosActions & {
    readonly url: string
    fund(address: string, amount: bigint): Promise<unknown>
    stop(): Promise<void>
  },
  { pollMs, next }: { readonly pollMs: number; readonly next: () => Promise<unknown> },
) {
  const admin: CosmosAccount = node.account('admin')
  await node.fund(admin.address, 10n ** 12n)
  const htlc = await node.deploy(admin, program('htlc.wasm'), {})
  const token = await node.deploy(admin, program('test-tokens/cw20.wasm'), tokenOf(admin.address))
  const asset = `${network.id}/cw20:${token}` as const
  const tokens: readonly Amount.Asset[] = [{ id: asset, symbol: 'TEST', decimals: 6 }]
  const endpoints = createEndpoints(node.url)
  const open = (url: string) =>
    createCosmosAdapter({ network, transport: createHttpRpc({ url }), htlc, tokens, pollMs })
  return {
    open: async (endpoint: Parameters<typeof endpoints.url>[0]) => {
      const adapter = open(await endpoints.url(endpoint))
      return endpoint.kind === 'node' ? proving(adapter, next) : adapter
    },
    wallet: (seed: Parameters<typeof createSeedWallet>[0]['seed']) => createSeedWallet({ network, seed }),
    fund: async (account: AccountId.AccountId) => {
      await node.fund(addressOf(account), 10n ** 12n)
    },
    backend: open(node.url).backend,
    amount: 1_000_000n,
    token: {
      asset,
      amount: 777n,
      fund: async (account: AccountId.AccountId) => {
        const transfer = { recipient: addressOf(account), amount: '1000000' }
        expect(await node.execute(admin, token, { transfer })).toMatchObject({ code: 0 })
      },
    },
    close: async () => {
      await endpoints.close()
      await node.stop()
    },
  }
}
