import type { AccountId, Intent, Signed } from '@aitbc/core'
import { SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createPolkadotNode, type PolkadotNode } from '@aitbc/devnet'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import {
  Address,
  createPolkadotAdapter,
  createSeedWallet,
  type PolkadotAdapter,
} from '../../src/polkadot/index.js'

export const network = networks.polkadotLocal
export const UNIT = 10n ** 12n
export const NONCE = new Uint8Array(8)

const person = (fill: number) =>
  createSeedWallet({ network, seed: SwapSeed.forNetwork(new Uint8Array(32).fill(fill), network.id) })
export const [alice, bob, carol, dave] = [1, 2, 3, 4].map(person) as [
  ReturnType<typeof person>,
  ReturnType<typeof person>,
  ReturnType<typeof person>,
  ReturnType<typeof person>,
]
export const bytesOf = (account: AccountId.AccountId) => Address.fromAccountId(account, network, 'account')

/** A real Substrate runtime, and an adapter on it; alice and bob have 100 units each. */
export interface World {
  readonly node: PolkadotNode
  readonly api: ApiPromise
  readonly adapter: PolkadotAdapter
  /** Another adapter on the same chain, which remembers nothing. */
  open(): PolkadotAdapter
  sign(intent: Intent, options?: object): Promise<Signed>
  free(who: AccountId.AccountId): Promise<bigint>
  /** A call of the runtime's own by alice. */
  call(pallet: string, name: string, ...args: unknown[]): Intent
  stop(): Promise<void>
}

/** A unit from alice to bob, unless told. */
export const transfer = (change: Partial<Intent & { kind: 'transfer' }> = {}): Intent => ({
  kind: 'transfer',
  from: alice.funding,
  to: bob.funding,
  asset: network.native.id,
  amount: UNIT,
  ...change,
})

export async function createWorld(): Promise<World> {
  const node = await createPolkadotNode({ chainSpec: '' })
  const provider = new WsProvider(node.url, 2500, {}, 300_000) as NonNullable<ApiOptions['provider']>
  const api = await ApiPromise.create({ provider, noInitWarn: true })
  const open = () => createPolkadotAdapter({ network, api, pollMs: 1, wait: async () => undefined })
  const adapter = open()
  for (const { funding } of [alice, bob]) await node.fund(bytesOf(funding), 100n * UNIT)
  return {
    node,
    api,
    adapter,
    open,
    async sign(intent, options = {}) {
      const [step] = await adapter.prepare(intent, options)
      if (step === undefined) throw new Error('no step')
      const signer = [alice, bob, carol]
        .map((one) => one.signer(step.from, NONCE))
        .find((one) => one !== undefined)
      if (signer?.kind !== 'signs') throw new Error('nobody signs')
      return signer.sign(step)
    },
    free: async (who) => (await adapter.balance(who)).value,
    call(pallet, name, ...args) {
      const make = api.tx[pallet]?.[name]
      if (make === undefined) throw new Error(`no ${pallet}.${name}`)
      const data = Uint8Array.from(make(...args).method.toU8a())
      return { kind: 'call', from: alice.funding, to: alice.funding, data, value: 0n }
    },
    async stop() {
      await api.disconnect()
      await node.dispose()
    },
  }
}
