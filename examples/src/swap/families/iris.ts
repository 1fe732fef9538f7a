import { createIrisAdapter } from '@aitbc/adapters/cosmos/iris'
import type { Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createCosmosNode } from '@aitbc/devnet'
import { createIrisVerifier } from '@aitbc/proofs/irismod'
import type { Family } from '../Family.js'
import { addressOf, feesOf, judging, SECOND, toTrust, transportTo, walletOf } from './tendermint.js'

/**
 * Seconds from block to block: slow, so that a day is skipped with some thousand blocks. And those of a minute don't take many hours: while
 * two parties talk, a deadline in blocks and one in time may come closer to each other by two minutes.
 */
const SPACING = 20n
const EVERY_MS = 2500

/** The network's profile with the pace of the local one: deadlines count its blocks. */
const network: Network = {
  ...networks.irisnet,
  blockTimeMs: SPACING * 1000n,
  pace: { least: 15_000n, most: 25_000n },
}

interface At {
  readonly url: string
}

/** IRISnet: the embedded local node with the network's own module of locks, which refunds by itself. */
export const iris: Family = {
  async start({ clock }) {
    const { denom = '', hrp: prefix = '', fees } = network
    const node = await createCosmosNode({
      ...{ mining: 'manual', validators: 1, startTime: clock.now() },
      ...{ chainId: networks.irisnet.id.slice('cosmos:'.length), prefix, denom, htlc: true },
      gasPrice: fees.minRelay,
    })
    const time = () => node.time() / SECOND
    const first = { height: node.height(), time: time() }
    const timeOf = (height: bigint) => first.time + (height - first.height) * SPACING
    // As many blocks as have been due by now, one at least: whoever reckons in blocks reckons in time.
    const produce = async () => {
      clock.reach(timeOf(node.height() + 1n))
      const due = (clock.now() - first.time) / SPACING - (node.height() - first.height)
      const spacing = (clock.now() - time()) / due
      await node.mine(Number(due), spacing > 0n ? { spacing } : {})
      clock.reach(time())
    }
    const purse = 20_000_000n
    return {
      network: network.id,
      name: 'IRISnet',
      software: node.description,
      evidence: 'light block by two thirds of the votes → ICS-23 → the module’s entry',
      assets: { native: { ...network.native, amount: 2_000_000n, purse } },
      place: () => ({ at: { url: node.url }, trusts: toTrust(node.lightBlock(node.height())) }),
      fund: (seed) => node.fund(addressOf(network, seed), purse),
      everyMs: EVERY_MS,
      produce,
      async catchUp() {
        await produce()
        await produce() // the header that carries the state
      },
      timeOf,
      holdings: async (seed) => ({ native: node.balance(addressOf(network, seed)), token: 0n }),
      costs: async (ids) => ({ fees: await feesOf(node.url, denom, ids), held: 0n }),
      close: () => node.stop(),
    }
  },
  wallet: (_, seed) => walletOf(network, seed),
  async side(place, seed, { utc, pollMs, through }) {
    const { url } = place.at as unknown as At
    const adapter = createIrisAdapter({
      network,
      transport: transportTo(url, through),
      pollMs,
    })
    return {
      adapter,
      verifier: createIrisVerifier({ network, ...judging(place.trusts, utc) }),
      backend: adapter.backend,
      ...walletOf(network, seed),
    }
  },
}
