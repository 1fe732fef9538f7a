import { createCosmosAdapter } from '@aitbc/adapters/cosmos'
import * as networks from '@aitbc/core/networks'
import { createCosmosNode } from '@aitbc/devnet'
import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
import type { Family } from '../Family.js'
import { programOf } from '../programs.js'
import { addressOf, feesOf, judging, SECOND, toTrust, transportTo, walletOf } from './tendermint.js'

const network = networks.cosmosLocal
const TOKEN = { symbol: 'CWT', decimals: 6 } as const

interface At {
  readonly url: string
  readonly htlc: string
  readonly token: string
}

/** A Cosmos chain: the embedded local node, with CosmWasm. */
export const cosmos: Family = {
  async start({ clock }) {
    const node = await createCosmosNode({ mining: 'manual', startTime: clock.now() })
    const admin = node.account('admin')
    await node.fund(admin.address, 10n ** 12n)
    const htlc = await node.deploy(admin, await programOf('cosmos/htlc.wasm'), {})
    const token = await node.deploy(admin, await programOf('cosmos/test-tokens/cw20.wasm'), {
      name: 'Test token',
      ...TOKEN,
      initial_balances: [{ address: admin.address, amount: '1000000000000' }],
    })
    const at: At = { url: node.url, htlc, token }
    const purse = { native: 20_000_000n, token: 2_000_000_000n } as const
    const produce = async () => {
      const ahead = clock.now() - node.time() / SECOND
      if (ahead > 0n) await node.advance(ahead)
      else await node.mine()
    }
    return {
      network: network.id,
      name: 'Cosmos',
      software: node.description,
      evidence: 'light block by two thirds of the votes → ICS-23 → contract, code and entry',
      assets: {
        native: { ...network.native, amount: 2_000_000n, purse: purse.native },
        token: { id: `${network.id}/cw20:${token}`, ...TOKEN, amount: 500_000_000n, purse: purse.token },
      },
      place: () => ({
        at: { ...at },
        trusts: toTrust(node.lightBlock(node.height())),
      }),
      async fund(seed) {
        const address = addressOf(network, seed)
        await node.fund(address, purse.native)
        await node.execute(admin, token, { transfer: { recipient: address, amount: `${purse.token}` } })
      },
      everyMs: 400,
      produce,
      async catchUp() {
        await produce()
        await node.mine() // the header that carries the state
      },
      async holdings(seed) {
        const address = addressOf(network, seed)
        const { balance } = (await node.ask(token, { balance: { address } })) as { balance: string }
        return { native: node.balance(address), token: BigInt(balance) }
      },
      async costs(ids) {
        return { fees: await feesOf(node.url, network.denom, ids), held: 0n }
      },
      close: () => node.stop(),
    }
  },
  wallet: (_, seed) => walletOf(network, seed),
  async side(place, seed, { utc, pollMs, through }) {
    const { url, htlc, token } = place.at as unknown as At
    const adapter = createCosmosAdapter({
      network,
      transport: transportTo(url, through),
      htlc,
      tokens: [{ id: `${network.id}/cw20:${token}`, ...TOKEN }],
      pollMs,
    })
    return {
      adapter,
      verifier: createCosmosVerifier({ network, ...judging(place.trusts, utc) }),
      backend: adapter.backend,
      ...walletOf(network, seed),
    }
  },
}
