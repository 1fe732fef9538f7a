import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AccountId, AccountId as Accounts, type Amount } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import { createCosmosNode } from '@aitbc/devnet'
import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
import { LightClient } from '@aitbc/proofs/tendermint'
import { createCosmosAdapter, createSeedWallet } from '../../src/cosmos/index.js'
import { adapterContract } from '../contract.js'
import { createEndpoints } from '../endpoints.js'

const network = networks.cosmosLocal
const programs = join(import.meta.dirname, '../../programs/cosmos')
const program = (name: string) => Uint8Array.from(readFileSync(join(programs, name)))
const SECOND = 1_000_000_000n

adapterContract('Cosmos', {
  network,
  profile: {
    lateClaims: false,
    payee: 'named',
    unique: true,
    lateLocks: false,
    feesFrom: 'account',
    events: true,
  },
  capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
  lacks: {
    reorg: 'blocks of CometBFT are final',
    outbidding: "CometBFT's mempool keeps the first of two transactions with one sequence",
  },
  async create() {
    const node = await createCosmosNode({ mining: 'manual', startTime: 1_900_000_000n })
    const admin = node.account('admin')
    await node.fund(admin.address, 10n ** 12n)
    const htlc = await node.deploy(admin, program('htlc.wasm'), {})
    const token = await node.deploy(admin, program('test-tokens/cw20.wasm'), {
      name: 'Test token',
      symbol: 'TEST',
      decimals: 6,
      initial_balances: [{ address: admin.address, amount: '1000000000' }],
    })
    const asset = `${network.id}/cw20:${token}` as const
    const tokens: readonly Amount.Asset[] = [{ id: asset, symbol: 'TEST', decimals: 6 }]
    const endpoints = createEndpoints(node.url)
    const addressOf = (account: AccountId.AccountId) => Accounts.parse(account).address
    const open = (url: string) =>
      createCosmosAdapter({ network, transport: createHttpRpc({ url }), htlc, tokens, pollMs: 1 })
    const { header, validators } = node.lightBlock(1n)
    const trusted = LightClient.trust({
      chainId: node.chainId,
      hash: node.lightBlock(1n).commit.blockId.hash,
      header,
      nextValidators: validators,
      trustingPeriod: 10_000_000n * SECOND,
      unbondingPeriod: 20_000_000n * SECOND,
    })
    if (!trusted.ok) throw new Error(trusted.refusal.message)
    return {
      open: async (endpoint) => {
        const adapter = open(await endpoints.url(endpoint))
        if (endpoint.kind !== 'node') return adapter
        // Elsewhere the next block comes by itself, whose header names the state that is to be proved.
        const prove: typeof adapter.prove = async (claim, o) => {
          o?.signal?.throwIfAborted()
          await node.mine()
          return adapter.prove(claim, o)
        }
        return { ...adapter, prove }
      },
      wallet: (seed) => createSeedWallet({ network, seed }),
      fund: (account) => node.fund(addressOf(account), 10n ** 12n),
      backend: open(node.url).backend,
      amount: 1_000_000n,
      token: {
        asset,
        amount: 777n,
        fund: async (account) => {
          const transfer = { recipient: addressOf(account), amount: '1000000' }
          await node.execute(admin, token, { transfer })
        },
      },
      mine: (blocks = 1) => node.mine(blocks),
      reach: async (clock) => {
        const now = node.time() / SECOND
        if (now < clock) await node.advance(clock - now)
      },
      verifier: () =>
        createCosmosVerifier({
          network,
          client: () => trusted.value,
          now: () => node.time() + SECOND,
        }),
      close: async () => {
        await endpoints.close()
        await node.stop()
      },
    }
  },
})
