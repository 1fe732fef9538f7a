import { Bytes, isAitbcError, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Agreement, Negotiation, Policy, type Side } from '@aitbc/swap'
import { expect, test } from 'vitest'
import {
  createWorld,
  createWorldAdapter,
  createWorldChannel,
  createWorldWallet,
  type MessageFate,
  Random,
} from '../../src/world/index.js'

const { bitcoin, ethereum } = networks
const now = 1_900_000_000n
const world = createWorld({ seed: 'channel', networks: [bitcoin, ethereum], time: now })

function sidesOf(seed: Uint8Array): Side.Sides {
  const sides: Record<string, Side.Side> = {}
  for (const network of [bitcoin, ethereum]) {
    const adapter = createWorldAdapter({ network, endpoint: world.endpoint(network.id) })
    const wallet = createWorldWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
    sides[network.id] = { ...wallet, adapter, backend: adapter.backend }
  }
  return sides
}

const quote: Negotiation.Quote = {
  give: { network: bitcoin.id, asset: bitcoin.native.id, amount: 1_000_000n },
  get: { network: ethereum.id, asset: ethereum.native.id, amount: 10n ** 17n },
}

/** Both negotiate; who waits for what never comes is told to stop. */
async function negotiate(fate: (from: 0 | 1, index: number) => MessageFate) {
  const [alice, bob] = createWorldChannel(fate)
  const stop = new AbortController()
  const party = (fill: number) => {
    const seed = new Uint8Array(32).fill(fill)
    return { seed, nonce: new Uint8Array(8).fill(fill), sides: sidesOf(seed), policy: Policy.standard, now }
  }
  const { signal } = stop
  let ended = 0
  const settled = <T>(done: Promise<T>) =>
    done
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
      .finally(() => ended++)
  const results = Promise.all([
    settled(Negotiation.initiate(quote, { ...party(1), channel: alice, signal })),
    settled(Negotiation.follow({ ...party(2), channel: bob, signal, accept: () => true })),
  ])
  for (let turn = 0; turn < 2000 && ended < 2; turn++) await null
  stop.abort(new Error('nothing comes any more'))
  return results
}

test('on a good line both sign the same', async () => {
  const [a, b] = await negotiate(() => 'delivered')
  if (!('value' in a) || !('value' in b)) throw new Error('no agreement')
  expect(Agreement.encodeSigned(a.value.signed)).toEqual(Agreement.encodeSigned(b.value.signed))
})

test('S16: whatever a line loses, doubles, damages or turns round, the initiator is bound to nothing that the follower did not sign', async () => {
  const fates: readonly MessageFate[] = ['lost', 'twice', 'late', 'damaged', 'cut']
  let [agreed, broken] = [0, 0]
  for (let seed = 0; seed < 25; seed++) {
    const r = Random.of(`line/${seed}`)
    const bad = { from: r.below(2), index: r.below(2), what: fates[seed % fates.length] as MessageFate }
    const [a, b] = await negotiate((from, index) =>
      from === bad.from && index === bad.index ? bad.what : 'delivered',
    )
    for (const end of [a, b])
      if ('error' in end) {
        const known = isAitbcError(end.error) || (end.error as Error).message === 'nothing comes any more'
        expect(known, `${JSON.stringify(bad)}: ${String(end.error)}`).toBe(true)
      }
    if (!('value' in a)) {
      broken++
      continue
    }
    agreed++
    if (!('value' in b)) throw new Error(`${JSON.stringify(bad)}: the initiator alone is bound`)
    const same = Bytes.equal(Agreement.encodeSigned(a.value.signed), Agreement.encodeSigned(b.value.signed))
    expect(same, JSON.stringify(bad)).toBe(true)
  }
  expect(agreed).toBeGreaterThan(0)
  expect(broken).toBeGreaterThan(5)
})
