import { rm } from 'node:fs/promises'
import { Amount, Bytes, type Fact } from '@aitbc/core'
import type { Watcher } from './Audience.js'
import type { FamilyName, Traded } from './Family.js'
import { compare, costsOf, type Expected, type Holdings, holdings, type Legs } from './Ledger.js'
import type { FromParty, PartyConfig } from './messages.js'
import type { Actor, Performance, Skip, Stage } from './Stage.js'
import type { World } from './World.js'

/** One leg of a swap: the family of its chain, and which of its assets. */
export interface LegSpec {
  readonly family: FamilyName
  readonly asset: 'native' | 'token'
}

/** What is swapped, from Alice's side: what she gives is locked on the long leg. */
export interface Pair {
  readonly give: LegSpec
  readonly get: LegSpec
}

/** How a scene ends for each party. */
export interface Ending {
  readonly alice: string
  readonly bob: string
}

/** One scene: a title, what is swapped, how it must end, and what happens. */
export interface Scene {
  readonly title: string
  readonly pair: Pair
  readonly ending: Ending
  play(play: Play): Promise<Ending>
}

/** What a scene works with. */
export interface Play {
  readonly world: World
  readonly watcher: Watcher
  readonly pair: Pair
  readonly alice: Actor
  readonly bob: Actor
  /** Starts both parties, joined by a channel; resolves when both have signed. */
  begin(): Promise<{ readonly alice: Performance; readonly bob: Performance }>
  /** Starts a party again: from its storage, or from its seed alone. */
  again(actor: Actor, mode: 'resume' | 'recover'): Performance
  /** Skips the time to a leg's deadline. */
  untilDeadline(agreed: FromParty, leg: 'long' | 'short'): Promise<void>
}

const happy = async ({ begin }: Play): Promise<Ending> => {
  const { alice, bob } = await begin()
  const [a, b] = await Promise.all([alice.outcome(), bob.outcome()])
  return { alice: a, bob: b }
}

/** Alice is gone when she has locked, and comes back when both deadlines have passed. */
const refund = async (play: Play): Promise<Ending> => {
  const { begin, again, untilDeadline, watcher } = play
  const { alice, bob } = await begin()
  // Its process is ended before it can have seen the other side's lock, so its secret stays where it is.
  await alice.until((m) => m.is === 'sent' && m.command === 'lock')
  await alice.kill()
  watcher.say('Alice is gone (kill -9). Bob locks all the same: he can’t know.')
  const agreed = await bob.until((m) => m.is === 'agreed')
  await bob.until(isLocked('short'))
  await bob.kill()
  await untilDeadline(agreed, 'short')
  watcher.say('the short leg’s deadline has passed, and Bob, who went away too, is back')
  const b = await again(play.bob, 'resume').outcome()
  await untilDeadline(agreed, 'long')
  watcher.say('the long leg’s deadline has passed, and Alice is back')
  return { alice: await again(play.alice, 'resume').outcome(), bob: b }
}

const DEAL: Ending = { alice: 'deal', bob: 'deal' }
const NO_DEAL: Ending = { alice: 'no-deal', bob: 'no-deal' }
const BTC: LegSpec = { family: 'bitcoin', asset: 'native' }
const ETH: LegSpec = { family: 'ethereum', asset: 'native' }
const ERC20: LegSpec = { family: 'ethereum', asset: 'token' }

/** The two scenes of a pair: both get what was agreed upon, and both get back what they locked. */
export function scenesOf(pair: Pair): { readonly happy: Scene; readonly refund: Scene } {
  const title = `${titleOf(pair.give)} → ${titleOf(pair.get)}`
  return {
    happy: { title, pair, ending: DEAL, play: happy },
    refund: {
      title: `${title}, and Alice vanishes when she has locked: both are refunded`,
      pair,
      ending: NO_DEAL,
      play: refund,
    },
  }
}

function titleOf({ family, asset }: LegSpec): string {
  return asset === 'native' ? family : `${family}’s token`
}

/** The scenes of the demo, in order. */
export const scenes: readonly Scene[] = [
  { title: 'BTC → ETH', pair: { give: BTC, get: ETH }, ending: DEAL, play: happy },
  { title: 'ETH → BTC', pair: { give: ETH, get: BTC }, ending: DEAL, play: happy },
  { title: 'BTC → ERC-20', pair: { give: BTC, get: ERC20 }, ending: DEAL, play: happy },
  { title: 'ERC-20 → BTC', pair: { give: ERC20, get: BTC }, ending: DEAL, play: happy },
  {
    title: 'BTC → ETH, and Alice vanishes when both have locked: both are refunded',
    pair: { give: BTC, get: ETH },
    ending: NO_DEAL,
    play: refund,
  },
  {
    title: 'ETH → BTC, and Alice is killed (kill -9) after her lock: she goes on from her storage',
    pair: { give: ETH, get: BTC },
    ending: DEAL,
    async play({ begin, again, alice: actor }) {
      const { alice, bob } = await begin()
      await alice.until(isLocked('long'))
      await alice.kill()
      const back = again(actor, 'resume')
      const [a, b] = await Promise.all([back.outcome(), bob.outcome()])
      return { alice: a, bob: b }
    },
  },
  {
    title: 'BTC → ETH, and Alice is killed and her storage wiped: her seed and the chains are enough',
    pair: { give: BTC, get: ETH },
    ending: DEAL,
    async play({ begin, again, alice: actor }) {
      const { alice, bob } = await begin()
      await bob.until(isFinal('long'))
      await alice.kill()
      await rm(actor.folder, { recursive: true, force: true })
      await bob.until(isLocked('short'))
      const back = again(actor, 'recover')
      const [a, b] = await Promise.all([back.outcome(), bob.outcome()])
      return { alice: a, bob: b }
    },
  },
  {
    title: 'BTC → ERC-20, and Bob is killed and his storage wiped when his lock is in: he still gets paid',
    pair: { give: BTC, get: ERC20 },
    ending: DEAL,
    async play({ begin, again, bob: actor }) {
      const { alice, bob } = await begin()
      await bob.until(isLocked('short'))
      await bob.kill()
      await rm(actor.folder, { recursive: true, force: true })
      await alice.until((m) => m.is === 'sent' && m.command === 'claim')
      const back = again(actor, 'recover')
      const [a, b] = await Promise.all([alice.outcome(), back.outcome()])
      return { alice: a, bob: b }
    },
  },
  {
    title: 'BTC → ETH, and a reorganisation undoes Alice’s lock: she sends the same transaction again',
    pair: { give: BTC, get: ETH },
    ending: DEAL,
    async play({ begin, world, watcher, alice: actor }) {
      const { alice, bob } = await begin()
      await alice.until(isLocked('long'))
      await world.exclusive('bitcoin', (chain) => chain.reorg?.(2, [...actor.seen.long.sent]) ?? none())
      watcher.say('two blocks of the Bitcoin chain are gone, and the lock with them')
      const [a, b] = await Promise.all([alice.outcome(), bob.outcome()])
      return { alice: a, bob: b }
    },
  },
]

const none = async (): Promise<void> => undefined

/** What a scene showed of one leg. */
export interface LegFigures {
  readonly network: string
  readonly symbol: string
  readonly decimals: number
  /** Of both parties, base units of the chain's native coin. */
  readonly fees: bigint
  /** Rent or deposit that the lock still keeps, base units. */
  readonly held: bigint
  /** How well whoever relied on the lock knew it. */
  readonly assurance: Fact.Assurance
}

/** What came of a scene. */
export interface Performed {
  /** What is wrong; nothing when all is right. */
  readonly wrong: readonly string[]
  /** From the first word to the last outcome, without the time for which other scenes were waited for. */
  readonly seconds: number
  readonly legs?: { readonly long: LegFigures; readonly short: LegFigures }
}

/** Plays one scene with fresh seeds. */
export function perform(scene: Scene, stage: Stage, watcher: Watcher): Promise<Performed> {
  return stage.play((skip) => performNow(scene, stage, watcher, skip))
}

async function performNow(scene: Scene, stage: Stage, watcher: Watcher, skip: Skip): Promise<Performed> {
  const { world } = stage
  const { pair } = scene
  const legs: Legs = { long: pair.give.family, short: pair.get.family }
  const between = [legs.long, legs.short]
  const alice = await stage.cast('Alice', 'initiator')
  const bob = await stage.cast('Bob', 'follower')
  for (const { seed } of [alice, bob])
    for (const name of between) await world.exclusive(name, (chain) => chain.fund(seed))
  const nonces = { alice: [] as Uint8Array[], bob: [] as Uint8Array[] }
  const start = {
    alice: await holdings(world, alice, legs, []),
    bob: await holdings(world, bob, legs, []),
  }
  const running: Performance[] = []
  const enter = (actor: Actor, more: Parameters<Stage['enter']>[2]) => {
    const performance = stage.enter(actor, between, more, watcher)
    running.push(performance)
    return performance
  }
  const began = performance.now()
  let waited = 0
  try {
    const ending = await scene.play({
      world,
      watcher,
      pair,
      alice,
      bob,
      again: (actor, mode) => enter(actor, { mode }),
      async begin() {
        const b = enter(bob, { mode: 'negotiate' })
        const ready = await b.until((m) => m.is === 'ready')
        const port = ready.is === 'ready' ? ready.port : undefined
        const a = enter(alice, {
          mode: 'negotiate',
          ...(port === undefined ? {} : { port }),
          quote: { give: quoteOf(world, pair.give), get: quoteOf(world, pair.get) },
        })
        for (const [performance, list] of [
          [a, nonces.alice],
          [b, nonces.bob],
        ] as const) {
          const agreed = await performance.until((m) => m.is === 'agreed')
          if (agreed.is === 'agreed') list.push(Bytes.fromHex(agreed.nonce))
        }
        return { alice: a, bob: b }
      },
      async untilDeadline(agreed, leg) {
        if (agreed.is !== 'agreed') throw new Error('there is no agreement yet')
        const deadline = BigInt(agreed.deadlines[leg])
        waited += await skip((world.chain(legs[leg]).timeOf?.(deadline) ?? deadline) + 1n)
      },
    })
    const seconds = Math.round((performance.now() - began - waited) / 100) / 10
    const wrong: string[] = []
    const paid = { alice: await costsOf(world, alice, legs), bob: await costsOf(world, bob, legs) }
    for (const who of ['alice', 'bob'] as const) {
      const actor = who === 'alice' ? alice : bob
      if (ending[who] !== scene.ending[who])
        wrong.push(`${actor.name} ended with ${ending[who]}, ${scene.ending[who]} expected`)
      const after = await holdings(world, actor, legs, nonces[who])
      for (const line of compare(start[who], after, expectedOf(world, scene, who), paid[who]))
        wrong.push(`${actor.name}, ${line}`)
      watcher.say(`${actor.name}: ${changes(world, legs, start[who], after, paid[who])}`)
    }
    const figures = (leg: 'long' | 'short'): LegFigures => {
      const { network, assets } = world.chain(legs[leg])
      return {
        network,
        symbol: assets.native.symbol,
        decimals: assets.native.decimals,
        fees: paid.alice[leg].fees + paid.bob[leg].fees,
        held: paid.alice[leg].held + paid.bob[leg].held,
        assurance: (leg === 'long' ? bob : alice).seen[leg].assurance,
      }
    }
    return { wrong, seconds, legs: { long: figures('long'), short: figures('short') } }
  } finally {
    await Promise.all(running.map((performance) => performance.kill()))
  }
}

function assetOf(world: World, { family, asset }: LegSpec): Traded {
  const found = world.chain(family).assets[asset]
  if (found === undefined) throw new Error(`there is no token on ${family} here`)
  return found
}

function expectedOf(world: World, scene: Scene, who: keyof Ending): Expected {
  if (scene.ending[who] !== 'deal') return { long: {}, short: {} }
  const { give, get } = scene.pair
  const sign = who === 'alice' ? 1n : -1n
  return {
    long: { [give.asset]: -sign * assetOf(world, give).amount },
    short: { [get.asset]: sign * assetOf(world, get).amount },
  }
}

function changes(
  world: World,
  legs: Legs,
  before: Holdings,
  after: Holdings,
  paid: Awaited<ReturnType<typeof costsOf>>,
): string {
  return (['long', 'short'] as const)
    .map((leg) => {
      const { native, token } = world.chain(legs[leg]).assets
      const show = ({ decimals, symbol }: Traded, units: bigint, sign: boolean) => {
        const mark = units < 0n ? '-' : sign && units > 0n ? '+' : ''
        return `${mark}${Amount.format(units < 0n ? -units : units, decimals)} ${symbol}`
      }
      const change = show(native, after[leg].native - before[leg].native, true)
      const moved = after[leg].token - before[leg].token
      const tokens = token === undefined || moved === 0n ? '' : `, ${show(token, moved, true)}`
      const rent = paid[leg].held === 0n ? '' : `, kept by the lock ${show(native, paid[leg].held, false)}`
      return `${change}${tokens} (fees ${show(native, paid[leg].fees, false)}${rent})`
    })
    .join('; ')
}

function quoteOf(world: World, spec: LegSpec): NonNullable<PartyConfig['quote']>['give'] {
  const { id, amount } = assetOf(world, spec)
  return { network: world.chain(spec.family).network, asset: id, amount: String(amount) }
}

function isLocked(leg: 'long' | 'short') {
  return (m: FromParty) => m.is === 'leg' && m.leg === leg && m.locks.some((lock) => BigInt(lock.depth) > 0n)
}

function isFinal(leg: 'long' | 'short') {
  return (m: FromParty) => m.is === 'leg' && m.leg === leg && m.locks.some((lock) => lock.final)
}
