import { Bytes, Channel, SwapSeed } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Agreement, Negotiation, Policy, Runner, type Side } from '@aitbc/swap'
import { WatchJob, Watchtower } from '@aitbc/swap/watch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { families } from '../src/swap/families.js'
import { policyFor } from '../src/swap/sides.js'
import { createWorld, type World } from '../src/swap/World.js'
import { createListeners } from './listeners.js'

// Owners who go offline for good in the middle of a swap between real nodes, and towers that have nothing but a sealed job.

const HANG_MS = 900_000
const NAMES = ['bitcoin', 'ethereum'] as const
type Name = (typeof NAMES)[number]

let world: World
const stop = new AbortController()

beforeAll(async () => {
  world = await createWorld({
    families: NAMES,
    signal: stop.signal,
    onError: (error) => stop.abort(error),
  })
}, HANG_MS)

afterAll(async () => {
  stop.abort(new Error('the test is over'))
  await world?.close()
})

async function sidesOf(seed: SwapSeed.SwapSeed): Promise<Side.Sides> {
  const sides: Record<string, Side.Side> = {}
  for (const name of NAMES) {
    const family = await families[name]()
    const side = await family.side(world.chain(name).place(), seed, {
      utc: () => world.clock.now(),
      pollMs: 200,
    })
    sides[side.adapter.network.id] = side
  }
  return sides as Side.Sides
}

/** A party in this process, until it goes offline. */
interface Party {
  readonly role: Agreement.Role
  readonly seed: SwapSeed.SwapSeed
  readonly nonce: Uint8Array
  readonly context: Runner.Context
  readonly offline: AbortController
  readonly jobs: Uint8Array[]
  readonly progress: Runner.Progress[]
  swap?: Runner.Swap
  outcome?: Promise<string>
}

async function createParty(role: Agreement.Role): Promise<Party> {
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const nonce = crypto.getRandomValues(new Uint8Array(8))
  for (const name of NAMES) await world.exclusive(name, (chain) => chain.fund(seed))
  const jobs: Uint8Array[] = []
  const progress: Runner.Progress[] = []
  const context: Runner.Context = {
    storage: createMemoryStorage(),
    seed,
    sides: await sidesOf(seed),
    utc: () => world.clock.now(),
    onWatchable: (swap) => jobs.push(WatchJob.seal(WatchJob.of(context, swap), SwapSeed.tower(seed, nonce))),
    onProgress: (one) => {
      progress.push(one)
      waiting.notify()
    },
  }
  return { role, seed, nonce, context, offline: new AbortController(), jobs, progress }
}

interface Swapped {
  readonly alice: Party
  readonly bob: Party
  readonly deadlines: { readonly long: bigint; readonly short: bigint }
}

/** Both agree and begin; either can go offline later. */
async function begin(give: Name, get: Name): Promise<Swapped> {
  const alice = await createParty('initiator')
  const bob = await createParty('follower')
  const [a, b] = Channel.pair()
  const common = (party: Party) => ({
    seed: party.seed,
    nonce: party.nonce,
    sides: party.context.sides,
    now: world.clock.now(),
    policy: Policy.standard,
  })
  const side = (name: Name) => {
    const { network, assets } = world.chain(name)
    return { network, asset: assets.native.id, amount: assets.native.amount }
  }
  const [mine, yours] = await Promise.all([
    Negotiation.initiate(
      { give: side(give), get: side(get) },
      { ...common(alice), channel: a, slack: 43_200n },
    ),
    Negotiation.follow({ ...common(bob), channel: b, accept: () => true, isKnown: async () => false }),
  ])
  for (const [party, { signed, margins }] of [
    [alice, mine],
    [bob, yours],
  ] as const) {
    const { role, nonce, context } = party
    party.swap = await Runner.open(context, { role, nonce, signed, margins, policy: policyFor(undefined) })
  }
  const { long, short } = mine.signed.agreement
  return { alice, bob, deadlines: { long: long.deadline.value, short: short.deadline.value } }
}

function run(party: Party): void {
  const { swap, context, offline } = party
  if (swap === undefined) throw new Error('no swap yet')
  party.outcome = Runner.run(context, swap, { signal: AbortSignal.any([offline.signal, stop.signal]) })
  party.outcome.catch(() => undefined)
}

/** Gone for good: nothing of it runs any more. */
async function goOffline(party: Party): Promise<void> {
  party.offline.abort(new Error('offline'))
  await party.outcome?.catch(() => undefined)
}

/** Who waits for what a party tells. */
const waiting = createListeners({ signal: stop.signal })

const isLocked = ({ progress, role }: Party) => {
  const own = Agreement.ownLeg(role)
  return progress.some(
    (one) =>
      one.is === 'seen' &&
      one.leg === own &&
      one.view.is === 'seen' &&
      one.view.locks.some((v) => v.depth > 0n),
  )
}

/** What a tower has: the newest sealed job, the swap's key, and where it may, an account of its own. */
interface Tower {
  readonly progress: Watchtower.Progress[]
  readonly ended: Promise<Watchtower.Ended>
}

async function createTower(owner: Party, options: { readonly pays?: boolean } = {}): Promise<Tower> {
  const sealed = owner.jobs.at(-1)
  if (sealed === undefined) throw new Error('the owner gave out no job')
  const job = WatchJob.open(sealed, SwapSeed.tower(owner.seed, owner.nonce))
  const seed = crypto.getRandomValues(new Uint8Array(32))
  if (options.pays) for (const name of NAMES) await world.exclusive(name, (chain) => chain.fund(seed))
  const posts: Record<string, Watchtower.Post> = {}
  for (const { adapter, funding, signer } of Object.values(await sidesOf(seed))) {
    const own = signer(funding, new Uint8Array(8))
    posts[adapter.network.id] =
      options.pays && own?.kind === 'signs'
        ? { adapter, relay: { account: funding, signer: own } }
        : { adapter }
  }
  const progress: Watchtower.Progress[] = []
  const ended = Watchtower.run(
    { posts, utc: () => world.clock.now(), onProgress: (one) => progress.push(one) },
    job,
    {
      signal: stop.signal,
    },
  )
  ended.catch(() => undefined)
  return { progress, ended }
}

const held = (name: Name, { seed, nonce }: Party) =>
  world.exclusive(name, (chain) => chain.holdings(seed, [nonce])).then(({ native }) => native)

const sent = ({ progress }: Tower) => progress.flatMap((one) => (one.is === 'sent' ? [one] : []))

/** The Bitcoin node itself. */
async function node(method: string, ...params: unknown[]): Promise<unknown> {
  const { url, username, password } = world.chain('bitcoin').place().at as Record<string, string>
  const response = await fetch(url as string, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    body: JSON.stringify({ id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result: unknown; error: unknown }
  if (error !== null && error !== undefined) throw new Error(JSON.stringify(error))
  return result
}

async function anvil(method: string, ...params: unknown[]): Promise<void> {
  const { url } = world.chain('ethereum').place().at as Record<string, string>
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const { error } = (await (await fetch(url as string, { method: 'POST', headers, body })).json()) as {
    error?: unknown
  }
  if (error !== undefined) throw new Error(JSON.stringify(error))
}

describe('Bitcoin and an EVM chain, real nodes', () => {
  test(
    'L5 L7 H8 H23: Alice is gone when her bitcoin is locked, and fees rise forty times: two towers refund her',
    async () => {
      const { alice, deadlines } = await begin('bitcoin', 'ethereum')
      const before = await held('bitcoin', alice)
      run(alice)
      await waiting.until('her lock in a block', () => isLocked(alice))
      await goOffline(alice)
      const job = WatchJob.open(alice.jobs.at(-1) as Uint8Array, SwapSeed.tower(alice.seed, alice.nonce))
      expect(job.secret).toBeUndefined()
      const refunds = job.tasks.find((task) => task.do === 'refund')?.rungs ?? []
      const ladder = refunds.flatMap((one) => one.ladder)
      const lowest = ladder[0]?.step.maxFee.amount ?? 0n
      // The node takes none of the cheap ones: as when its mempool is full of dearer ones.
      const cheap = ladder.filter(({ step }) => step.maxFee.amount < lowest * 40n)
      expect(cheap.length).toBeGreaterThan(3)
      expect(cheap.length).toBeLessThan(ladder.length)
      for (const { id, step } of cheap)
        await node('prioritisetransaction', id, 0, -Number(step.maxFee.amount))
      const towers = [await createTower(alice), await createTower(alice)]
      expect(towers.flatMap(sent)).toEqual([])
      await world.reach(deadlines.long + 1n)
      const ended = await Promise.all(towers.map((tower) => tower.ended))
      expect(ended).toEqual([
        { refund: 'refunded', claim: 'nothing' },
        { refund: 'refunded', claim: 'nothing' },
      ])
      const fee = sent(towers[0] as Tower).at(-1)?.fee ?? 0n
      expect(fee).toBeGreaterThanOrEqual(lowest * 40n)
      const after = await held('bitcoin', alice)
      // What the lock itself cost, and the rung that was mined.
      expect(before - after).toBeLessThan(fee + 5000n)
      expect(before - after).toBeGreaterThanOrEqual(fee)
      // Back again she finds all done, and sends nothing.
      const back = { ...alice.context, sides: await sidesOf(alice.seed) }
      const swap = await Runner.load(back, Bytes.toHex(alice.nonce))
      const told = alice.progress.length
      expect(await Runner.run(back, swap, { signal: stop.signal })).toBe('no-deal')
      expect(alice.progress.slice(told).filter(({ is }) => is === 'sent' || is === 'raised')).toEqual([])
    },
    HANG_MS,
  )

  test(
    'L7 H23 S6: Bob is gone when his ether is locked, Alice takes it: his tower takes her bitcoin for him, at forty times the fee',
    async () => {
      const { alice, bob } = await begin('bitcoin', 'ethereum')
      const before = { bitcoin: await held('bitcoin', bob), ethereum: await held('ethereum', bob) }
      run(alice)
      run(bob)
      await waiting.until('his lock in a block', () => isLocked(bob))
      await goOffline(bob)
      const job = WatchJob.open(bob.jobs.at(-1) as Uint8Array, SwapSeed.tower(bob.seed, bob.nonce))
      const claims = (job.tasks.find((task) => task.do === 'claim')?.rungs ?? []).flatMap((one) => one.ladder)
      const lowest = claims[0]?.step.maxFee.amount ?? 0n
      for (const { id, step } of claims)
        if (step.maxFee.amount < lowest * 40n)
          await node('prioritisetransaction', id, 0, -Number(step.maxFee.amount))
      const tower = await createTower(bob)
      expect(await alice.outcome).toBe('deal')
      expect(await tower.ended).toEqual({ refund: 'claimed', claim: 'claimed' })
      const { amount } = world.chain('bitcoin').assets.native
      const fee = sent(tower).at(-1)?.fee ?? 0n
      expect(fee).toBeGreaterThanOrEqual(lowest * 40n)
      expect(await held('bitcoin', bob)).toBe(before.bitcoin + amount - fee)
      expect(await held('ethereum', bob)).toBeLessThan(before.ethereum)
    },
    HANG_MS,
  )

  test(
    'L7 H8 H23: Alice is gone when her ether is locked, the base fee is a hundred times what it was: a tower pays for her refund',
    async () => {
      const { alice, deadlines } = await begin('ethereum', 'bitcoin')
      const amount = world.chain('ethereum').assets.native.amount
      run(alice)
      await waiting.until('her lock in a block', () => isLocked(alice))
      await goOffline(alice)
      const locked = await held('ethereum', alice)
      const towers = [await createTower(alice, { pays: true }), await createTower(alice, { pays: true })]
      await world.reach(deadlines.long + 1n)
      await anvil('anvil_setNextBlockBaseFeePerGas', '0x2540be400') // 10 gwei
      for (const tower of towers) expect(await tower.ended).toEqual({ refund: 'refunded', claim: 'nothing' })
      // Whoever sends it pays: she has all of it.
      expect(await held('ethereum', alice)).toBe(locked + amount)
    },
    HANG_MS,
  )

  test(
    'L7 H23 S6: Bob is gone when his bitcoin is locked, Alice takes it: a tower claims her ether for him',
    async () => {
      const { alice, bob } = await begin('ethereum', 'bitcoin')
      const before = await held('ethereum', bob)
      run(alice)
      run(bob)
      await waiting.until('his lock in a block', () => isLocked(bob))
      await goOffline(bob)
      const tower = await createTower(bob, { pays: true })
      expect(await alice.outcome).toBe('deal')
      expect(await tower.ended).toEqual({ refund: 'claimed', claim: 'claimed' })
      expect(await held('ethereum', bob)).toBe(before + world.chain('ethereum').assets.native.amount)
    },
    HANG_MS,
  )
})
