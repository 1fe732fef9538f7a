import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { isKind, locksBy } from './model/expect.js'
import { LONG } from './model/fixtures.js'
import { ALICE, BOB, create, type Name } from './model/market.js'
import type * as Net from './model/Net.js'
import * as Process from './model/process.js'

// Swaps of one account: what one of them signed and doesn't send is in nobody's way.

/** Nonces are used in their order, as on a real chain. */
function inOrder(net: Net.Net): void {
  net.held = ({ slot }) => {
    const [, of, number] = slot.split(':')
    const taken = new Set([...net.tip.ledger.slots.keys(), ...net.mempool.map((tx) => tx.slot)])
    return Array.from({ length: Number(number) }, (_, i) => `nonce:${of}:${i}`).some((one) => !taken.has(one))
  }
}

/** Two swaps over one storage; from when the first one has signed what is asked for, its long chain can't be read until told. */
function two(name: Name, kind: string) {
  const market = create({ long: 'utxo', short: 'contract' })
  inOrder(market.nets.short)
  const deals = [Process.agreed(market), Process.agreedAgain(market)] as const
  const outage = { begun: false, over: false }
  const judge = ({ method, args }: Process.Call) => {
    outage.begun ||= isKind(method, args, kind, 'sign')
    return 'go' as const
  }
  const wrap = (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== LONG) return side
    const tip: typeof adapter.tip = async (o) => {
      if (outage.begun && !outage.over) throw new Error('no answer')
      return adapter.tip(o)
    }
    return { ...side, adapter: { ...adapter, tip } }
  }
  const storage = createMemoryStorage()
  /** One process drives both. */
  const ours = () => {
    const first = Process.create(market, name, { judge, wrap, storage })
    const other = Process.create(market, name)
    const second = { ...other, context: { ...other.context, storage: first.context.storage } }
    return [first, second] as const
  }
  const peer = name === ALICE ? BOB : ALICE
  const peers = [Process.create(market, peer), Process.create(market, peer)] as const
  return { market, deals, outage, ours, peers }
}

describe('what one swap signed and doesn’t send', () => {
  it.each([
    ['goes on', false],
    ['starts again', true],
  ])(
    'S6: a claim that was kept back takes no nonce from another swap’s, whose secret is public; their process %s',
    async (_, dies) => {
      const { market, deals, outage, ours, peers } = two(ALICE, 'claim')
      let [first, second] = ours()
      Process.start(first, deals[0])
      Process.start(second, deals[1])
      Process.start(peers[0], deals[0])
      await Process.drive(market, () => outage.begun)
      if (dies) {
        first.dead = true
        ;[first, second] = ours()
        Process.start(first, deals[0])
        Process.start(second, deals[1])
      }
      Process.start(peers[1], deals[1])
      await Process.finish(market, second, peers[1])
      expect([second.outcome, peers[1].outcome]).toEqual(['deal', 'deal'])
      outage.over = true
      await Process.finish(market, first, peers[0])
      // There was time enough for that one too: its claim was made anew.
      expect([first.outcome, peers[0].outcome]).toEqual(['deal', 'deal'])
    },
  )

  it('L1 S9: a lock that was kept back is made anew beside those that were made meanwhile, and once', async () => {
    const { market, deals, outage, ours: both, peers } = two(BOB, 'lock')
    const ours = both()
    for (const [i, deal] of deals.entries()) Process.start(peers[i as 0 | 1], deal)
    Process.start(ours[0], deals[0])
    await Process.drive(market, () => outage.begun)
    Process.start(ours[1], deals[1])
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    outage.over = true
    await Process.finish(market, ...ours, ...peers)
    expect([...ours, ...peers].map(({ outcome }) => outcome)).toEqual(Array(4).fill('deal'))
    expect(locksBy(market, BOB).length).toBe(2)
  })
  it('S9 S13: a lock that never left is void at once, and outbids nothing of the other swap', async () => {
    const { market, deals, outage, ours: both, peers } = two(BOB, 'lock')
    const { short } = market.nets
    const ours = both()
    for (const [i, deal] of deals.entries()) Process.start(peers[i as 0 | 1], deal)
    Process.start(ours[0], deals[0])
    await Process.drive(market, () => outage.begun)
    const { held } = short
    short.held = (tx) => tx.by === BOB || held(tx)
    Process.start(ours[1], deals[1])
    await Process.drive(market, () => short.mempool.length > 0)
    const [first] = ours
    if (first.swap === undefined) throw new Error('no swap')
    outage.over = true
    expect(await Runner.cancel(first.swap)).toBe(true)
    await Process.finish(market, first)
    expect(first.outcome).toBe('no-deal')
    expect(first.calls.filter(({ method }) => method === 'submit')).toEqual([])
    short.held = held
    await Process.finish(market, ...ours, ...peers)
    expect([ours[1].outcome, peers[1].outcome]).toEqual(['deal', 'deal'])
  })
  it('S13: after a crash a lock that was kept back outbids nothing of the other swap, which has its nonce by then', async () => {
    const { market, deals, outage, ours: both, peers } = two(BOB, 'lock')
    const { short } = market.nets
    let ours = both()
    for (const [i, deal] of deals.entries()) Process.start(peers[i as 0 | 1], deal)
    Process.start(ours[0], deals[0])
    await Process.drive(market, () => outage.begun)
    const { held } = short
    short.held = (tx) => tx.by === BOB || held(tx)
    Process.start(ours[1], deals[1])
    await Process.drive(market, () => short.mempool.length > 0)
    const [waits] = short.mempool
    for (const one of ours) one.dead = true
    ours = both()
    for (const [i, deal] of deals.entries()) Process.start(ours[i as 0 | 1], deal)
    outage.over = true
    await Process.drive(market, () => short.mempool.length > 1)
    expect(short.mempool).toContainEqual(waits)
    short.held = held
    await Process.finish(market, ...ours, ...peers)
    expect([...ours, ...peers].map(({ outcome }) => outcome)).toEqual(Array(4).fill('deal'))
  })
  it('S9 L2: one that may have left before a crash is made void by a transaction, though it was signed anew since', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const deal = Process.agreed(market)
    const storage = createMemoryStorage()
    const alice = Process.create(market, ALICE)
    const judge = ({ method, args }: Process.Call) =>
      isKind(method, args, 'lock') ? ('die-after' as const) : ('go' as const)
    const bob = Process.create(market, BOB, { storage, judge })
    short.held = ({ by }) => by === BOB
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => bob.dead)
    // What nobody includes is forgotten by this party's endpoint, and the long chain can't be read for a moment.
    let [isDown, signed] = [true, false]
    const wrap = (side: Side.Side): Side.Side => {
      const { adapter } = side
      const tip: typeof adapter.tip = async (o) => {
        if (adapter.network.id === LONG && isDown) throw new Error('no answer')
        return adapter.tip(o)
      }
      const status: typeof adapter.status = async (submission, o) => {
        const fact = await adapter.status(submission, o)
        return fact.value.is === 'pending' ? { ...fact, value: { is: 'unknown' } } : fact
      }
      return { ...side, adapter: { ...adapter, tip, status } }
    }
    const again = Process.create(market, BOB, {
      storage,
      wrap,
      judge({ method, args }) {
        if (!isKind(method, args, 'lock', 'sign')) return 'go'
        isDown = true
        signed = true
        return 'go'
      },
    })
    Process.start(again, deal)
    await Process.quiet()
    isDown = false
    await Process.drive(market, () => signed)
    if (again.swap === undefined) throw new Error('no swap')
    isDown = false
    expect(await Runner.cancel(again.swap)).toBe(true)
    await Process.quiet()
    expect(again.outcome).toBeUndefined()
    short.held = () => false
    await Process.finish(market, again, alice)
    expect(locksBy(market, BOB).every(({ spend }) => spend !== undefined)).toBe(true)
  })
})
