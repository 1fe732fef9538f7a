// What fast-check draws: settings of a world, and what its adversary does tick by tick.
import type { Timing } from '@aitbc/core'
import type { Agreement } from '@aitbc/swap'
import fc from 'fast-check'
import type { Kind } from './Chain.js'
import { mask } from './explore.js'
import { kinds, policy } from './fixtures.js'
import * as World from './World.js'

export const role = fc.constantFrom<Agreement.Role>('initiator', 'follower')
const kind = fc.constantFrom<Kind>(...kinds)
const leg = fc.constantFrom<Agreement.Leg>('long', 'short')
const seconds = (max: number, min = 0) => fc.bigInt({ min: BigInt(min), max: BigInt(max) })

const timing: fc.Arbitrary<Timing> = fc
  .record({
    lead: seconds(2),
    lag: seconds(2),
    inclusion: seconds(4, 2),
    reorg: seconds(2),
    outage: seconds(2),
  })
  .map((t) => ({ ...t, finality: t.reorg + 1n }))

export const setup = (honest: fc.Arbitrary<readonly Agreement.Role[]>): fc.Arbitrary<World.Setup> =>
  fc.record({
    kinds: fc.record({ long: kind, short: kind }),
    timing: fc.record({ long: timing, short: timing }),
    policy: fc.record({ offline: seconds(3), reorgs: seconds(2) }).map((some) => ({ ...policy, ...some })),
    honest,
    slack: seconds(4),
  })

const rarely = <T>(arb: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T | undefined> =>
  fc.option(arb, { nil: undefined, freq: weight })

const acts = fc
  .oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 4, arbitrary: fc.subarray([...World.ACTS.keys()], { minLength: 1, maxLength: 3 }) },
  )
  .map((bits) => bits.reduce((all, bit) => all | (1 << bit), 0))

const bits = fc.oneof(fc.constant(0), fc.constant(-1), fc.nat(255))

const present = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

/** Delays and orders alone: what a network without an enemy may do. */
export const weather: fc.Arbitrary<World.Move> = fc.record({
  acts: fc.constant(0),
  mined: fc.record({ long: bits, short: bits }),
  first: fc.boolean(),
})

/** Anything. */
export const move: fc.Arbitrary<World.Move> = fc
  .record({
    acts,
    mined: fc.record({ long: bits, short: bits }),
    first: fc.boolean(),
    reorg: rarely(fc.record({ leg, depth: fc.nat(3), refill: fc.boolean() }), 8),
    skew: rarely(fc.record({ long: fc.bigInt(-2n, 2n), short: fc.bigInt(-2n, 2n) }), 8),
    halt: rarely(leg, 8),
    fate: rarely(
      fc
        .record({
          initiator: rarely(fc.constantFrom(...World.FATES), 3),
          follower: rarely(fc.constantFrom(...World.FATES), 3),
        })
        .map(present),
      1,
    ),
  })
  .map(present)

export const moves = fc.array(move, { maxLength: 70, size: 'max' })

/**
 * An adversary with patience: it locks when it likes, holds still until shortly before the short leg's deadline, and then does
 * anything.
 */
export const late = fc.record({
  lockAt: fc.nat(12),
  before: fc.integer({ min: -2, max: 8 }),
  moves: fc.array(
    move.map((m) => ({ ...m, acts: m.acts & ~mask('lock', 'lock-again') })),
    { maxLength: 40, size: 'max' },
  ),
})

/** Plays a history, then lets time pass until every honest party is finished, and judges the end. */
export function play(setup: World.Setup, moves: Iterable<World.Move>): World.World {
  let world = World.create(setup)
  for (const one of moves) {
    if (World.isOver(world)) break
    world = World.tick(world, one)
  }
  world = World.settle(world)
  World.judge(world)
  return world
}

/** The moves of a patient adversary in one setting. */
export function* patient(setup: World.Setup, plan: typeof late extends fc.Arbitrary<infer T> ? T : never) {
  const { terms, now } = World.create(setup)
  const quiet = Number(terms.short.deadline.value - now) - plan.before
  for (let i = 0; i < quiet; i++) yield { ...World.calm, acts: i === plan.lockAt ? mask('lock') : 0 }
  yield* plan.moves
}
