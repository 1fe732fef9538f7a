import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bytes, Channel } from '@aitbc/core'
import { Agreement, Negotiation, Policy } from '@aitbc/swap'
import type { FamilyName } from '../../src/swap/Family.js'
import { createSides, withKeys } from '../../src/swap/sides.js'
import type { World } from '../../src/swap/World.js'
import type { At } from './Fuse.js'
import type { Life } from './parties.js'
import type { Parties, Told, Troupe } from './Troupe.js'

/** One crash of one party in one swap. */
export interface Crash {
  readonly give: FamilyName
  readonly get: FamilyName
  readonly victim: Agreement.Role
  readonly at: At
  /** What it has when it is back: its disk, or its seed alone. */
  readonly back: 'continue' | 'recover'
  /** The other party never comes: the victim's lock is refunded. */
  readonly alone?: boolean
}

/** What came of it. */
export interface Came {
  readonly crash: Crash
  /** The boundary, or none where the swap ended before. */
  readonly at: string | undefined
  /** Legs that the second life knew of. */
  readonly legs: 0 | 1 | 2
  readonly victim: string
  readonly other: string
  readonly wrong: readonly string[]
}

interface Party {
  readonly id: string
  readonly role: Agreement.Role
  readonly seed: Uint8Array
  readonly nonce: Uint8Array
  readonly told: Told
  readonly before: ReadonlyMap<FamilyName, bigint>
}

interface Swap {
  readonly crash: Crash
  readonly agreement: Agreement.Agreement
  readonly signed: string
  readonly victim: Party
  readonly other: Party
  readonly folders: { readonly victim: string; readonly other: string }
}

/**
 * Plays all swaps at once: each victim stands still at its boundary, all are killed (kill -9), and come back from disk or seed. Time is
 * skipped once nothing but refunds is left. Balances are compared to the last unit, as the nodes count them.
 */
export async function play(
  world: World,
  troupe: Troupe,
  crashes: readonly Crash[],
  options: { readonly pollMs: number },
): Promise<readonly Came[]> {
  const { pollMs } = options
  const between = [...new Set(crashes.flatMap(({ give, get }) => [give, get]))]
  const home = await mkdtemp(join(tmpdir(), 'aitbc-crash-'))
  try {
    const swaps = await agree(world, troupe, crashes, between, { pollMs, home })
    const lifeOf = (swap: Swap, who: 'victim' | 'other', does: Life['does']): Life => {
      const { id, role, seed, nonce } = swap[who]
      const folder = swap.folders[who]
      return { id, role, seed: Bytes.toHex(seed), nonce: Bytes.toHex(nonce), folder, does }
    }
    const begin = (swap: Swap, who: 'victim' | 'other') =>
      lifeOf(swap, who, { is: 'begin', signed: swap.signed })
    const goOn = (swap: Swap, who: 'victim' | 'other') => lifeOf(swap, who, { is: 'continue' })
    const enter = async (lives: readonly Life[]): Promise<Parties | undefined> => {
      if (lives.length === 0) return undefined
      const parties = await troupe.enter(between, pollMs)
      parties.live(lives)
      return parties
    }
    const ended = ({ told }: Party) => told.outcome !== undefined
    const over = (swap: Swap) => ended(swap.victim) && (swap.crash.alone === true || ended(swap.other))
    const there = swaps.filter(({ crash }) => crash.alone !== true)
    const alone = swaps.filter(({ crash }) => crash.alone === true)

    const others = await enter(there.map((swap) => begin(swap, 'other')))
    if (alone.length > 0) {
      const locking = await enter(alone.map((swap) => begin(swap, 'victim')))
      await troupe.until('locks', () => alone.every(({ victim }) => victim.told.locks.length > 0))
      await locking?.kill()
    }
    const dying = await enter([...there.map((swap) => ({ ...begin(swap, 'victim'), stop: swap.crash.at }))])
    await troupe.until('each victim at its boundary', () =>
      there.every(({ victim }) => victim.told.stopped !== undefined || ended(victim)),
    )
    await dying?.kill()
    const second = await enter(await comeBack(there))
    await troupe.until('second lives', () => there.every(({ victim }) => victim.told.legs !== undefined))
    // Who knows both legs goes through with it.
    const through = there.filter(({ victim }) => victim.told.legs === 2)
    await troupe.until('deals', () => through.every(over))
    await Promise.all([second?.kill(), others?.kill()])

    // Nobody waits a day in front of a screen: whoever has something left comes back when the deadlines have passed.
    const left = swaps.filter((swap) => !over(swap))
    if (left.length > 0) {
      await skipTo(world, left)
      const late = await enter([
        ...left
          .filter(({ other, crash }) => crash.alone !== true && !ended(other))
          .map((swap) => goOn(swap, 'other')),
        ...there.filter(({ victim }) => !ended(victim)).map((swap) => goOn(swap, 'victim')),
      ])
      const refunding = await enter(alone.map((swap) => ({ ...goOn(swap, 'victim'), stop: swap.crash.at })))
      await troupe.until('each refund at its boundary', () =>
        alone.every(({ victim }) => victim.told.stopped !== undefined || ended(victim)),
      )
      await refunding?.kill()
      const back = await enter(await comeBack(alone))
      await troupe.until('refunds', () => left.every(over))
      await Promise.all([late?.kill(), back?.kill()])
    }
    async function comeBack(all: readonly Swap[]): Promise<readonly Life[]> {
      const crashed = all.filter(({ victim }) => !ended(victim))
      for (const { victim, crash, folders } of crashed) {
        delete victim.told.legs
        if (crash.back === 'recover') await rm(folders.victim, { recursive: true, force: true })
      }
      return crashed.map((swap) => lifeOf(swap, 'victim', { is: swap.crash.back }))
    }
    const came: Came[] = []
    for (const swap of swaps) came.push(await judge(world, swap))
    return came
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function agree(
  world: World,
  troupe: Troupe,
  crashes: readonly Crash[],
  between: readonly FamilyName[],
  { pollMs, home }: { readonly pollMs: number; readonly home: string },
): Promise<readonly Swap[]> {
  const chains = Object.fromEntries(between.map((name) => [name, world.chain(name).place()]))
  const views = await createSides({ chains, pollMs }, new Uint8Array(32), world.clock.now)
  const quoted = (name: FamilyName) => {
    const { network, assets } = world.chain(name)
    return { network, asset: assets.native.id, amount: assets.native.amount }
  }
  const swaps: Swap[] = []
  for (const [index, crash] of crashes.entries()) {
    const legs = [crash.give, crash.get]
    const partyOf = async (role: Agreement.Role): Promise<Party> => {
      const seed = crypto.getRandomValues(new Uint8Array(32))
      const nonce = crypto.getRandomValues(new Uint8Array(8))
      const before = new Map<FamilyName, bigint>()
      for (const name of legs) {
        await world.exclusive(name, (chain) => chain.fund(seed))
        before.set(name, await held(world, name, { seed, nonce }))
      }
      const id = `${crash.give}/${crash.get} ${role} ${Bytes.toHex(nonce)}`
      return { id, role, seed, nonce, told: troupe.told(id), before }
    }
    const [alice, bob] = [await partyOf('initiator'), await partyOf('follower')]
    const [a, b] = Channel.pair()
    const common = async ({ seed, nonce }: Party) => ({
      ...{ seed, nonce, now: world.clock.now(), policy: Policy.standard },
      sides: await withKeys(views, chains, seed),
    })
    const [{ signed }] = await Promise.all([
      Negotiation.initiate(
        { give: quoted(crash.give), get: quoted(crash.get) },
        { ...(await common(alice)), channel: a, slack: 43_200n },
      ),
      Negotiation.follow({
        ...(await common(bob)),
        channel: b,
        accept: () => true,
        isKnown: async () => false,
      }),
    ])
    const [victim, peer] = crash.victim === 'initiator' ? [alice, bob] : [bob, alice]
    swaps.push({
      ...{ crash, victim, other: peer, agreement: signed.agreement },
      signed: Bytes.toHex(Agreement.encodeSigned(signed)),
      folders: { victim: join(home, `${index}-victim`), other: join(home, `${index}-other`) },
    })
  }
  return swaps
}

async function skipTo(world: World, swaps: readonly Swap[]): Promise<void> {
  let latest = 0n
  for (const { agreement, crash } of swaps)
    for (const [name, { deadline }] of [
      [crash.give, agreement.long],
      [crash.get, agreement.short],
    ] as const) {
      const time = world.chain(name).timeOf?.(deadline.value) ?? deadline.value
      if (time > latest) latest = time
    }
  await world.reach(latest + 1n)
}

async function held(world: World, name: FamilyName, { seed, nonce }: Pick<Party, 'seed' | 'nonce'>) {
  return (await world.exclusive(name, (chain) => chain.holdings(seed, [nonce]))).native
}

async function judge(world: World, swap: Swap): Promise<Came> {
  const { crash, victim } = swap
  const wrong: string[] = []
  const begun = victim.told.legs !== 0
  const locked = victim.told.sent.some(({ kind }) => kind === 'lock')
  const outcomes = { victim: victim.told.outcome ?? '', other: swap.other.told.outcome ?? '' }
  // A swap of which one leg is left, or none, comes to nothing; nothing that was locked may be forgotten.
  const deal = victim.told.legs === 2 && crash.alone !== true
  const expected = {
    victim: begun ? (deal ? 'deal' : 'no-deal') : 'nothing',
    other: deal ? 'deal' : 'no-deal',
  }
  if (!begun && locked) wrong.push('a lock was forgotten')
  if (outcomes.victim !== expected.victim) wrong.push(`the victim ended with ${outcomes.victim}`)
  if (crash.alone !== true && outcomes.other !== expected.other)
    wrong.push(`the other with ${outcomes.other}`)
  for (const who of ['victim', 'other'] as const) {
    const { role, told, before } = swap[who]
    for (const [leg, name] of [
      ['long', crash.give],
      ['short', crash.get],
    ] as const) {
      const { network, assets } = world.chain(name)
      const own = Agreement.ownLeg(role) === leg
      const ids = new Set(told.sent.flatMap((one) => (one.network === network ? [one.transaction] : [])))
      const refs = new Set(told.locks.flatMap((one) => (one.network === network ? [one.ref] : [])))
      const costs = await world.chain(name).costs([...ids], own ? [...refs] : [])
      const moved = deal ? (own ? -assets.native.amount : assets.native.amount) : 0n
      const should = (before.get(name) ?? 0n) + moved - costs.fees - costs.held
      const has = await held(world, name, swap[who])
      if (has !== should) wrong.push(`${who}, ${leg} leg: ${has} held, ${should} expected`)
    }
  }
  const { stopped, legs = 0 } = victim.told
  return { crash, at: stopped, legs, victim: outcomes.victim, other: outcomes.other, wrong }
}
