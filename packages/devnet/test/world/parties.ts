import {
  Hashlock,
  type Intent,
  type LockTerms,
  type Network,
  type Signed,
  type SwapAdapter,
  SwapSeed,
} from '@aitbc/core'
import { createWorld, createWorldAdapter, createWorldWallet } from '../../src/world/index.js'

export const nonce = new Uint8Array(8)
export const secret = new Uint8Array(32).fill(7)

/** A world of one chain with two parties on it who own nothing yet, terms between them, and their signatures. */
export function createParties(seed: string, network: Network) {
  const world = createWorld({ seed, networks: [network] })
  const adapter = createWorldAdapter({ network, endpoint: world.endpoint(network.id) })
  const wallet = (fill: number) =>
    createWorldWallet({ network, seed: SwapSeed.forNetwork(new Uint8Array(32).fill(fill), network.id) })
  const [alice, bob] = [wallet(1), wallet(2)] as const
  const termsOf = async (lasts: bigint): Promise<LockTerms.LockTerms> => {
    const { clock } = (await adapter.tip()).value
    return {
      version: 1,
      backend: adapter.backend,
      asset: network.native.id,
      amount: 1_000_000n,
      hashlock: Hashlock.of(secret),
      locker: alice.party(nonce),
      beneficiary: bob.party(nonce),
      deadline: { network: network.id, clock: network.clock, value: clock + lasts },
      salt: new Uint8Array(32),
    }
  }
  /** The steps of an intent, each signed by whoever can. */
  const sign = async (intent: Intent, through: SwapAdapter = adapter): Promise<readonly Signed[]> => {
    const signed: Signed[] = []
    for (const step of await through.prepare(intent)) {
      const signer = [alice, bob].map((one) => one.signer(step.from, nonce)).find((one) => one !== undefined)
      if (signer?.kind !== 'signs') throw new Error('nobody signs')
      signed.push(await signer.sign(step))
    }
    return signed
  }
  return { world, chain: world.chain(network.id), adapter, alice, bob, termsOf, sign }
}
