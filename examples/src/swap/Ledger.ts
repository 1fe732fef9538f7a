import type { Agreement } from '@aitbc/swap'
import type { Costs, FamilyName } from './Family.js'
import type { Actor } from './Stage.js'
import type { World } from './World.js'

/** What a party owns on one chain, base units. */
export interface Held {
  readonly native: bigint
  readonly token: bigint
}

/** What a party owns on the chains of a swap. */
export type Holdings = { readonly [L in Agreement.Leg]: Held }

/** What it should have gained or lost on each leg, fees apart. */
export type Expected = { readonly [L in Agreement.Leg]: Partial<Held> }

/** The chains of a swap's legs. */
export type Legs = { readonly [L in Agreement.Leg]: FamilyName }

const LEGS = ['long', 'short'] as const

/** Everything that a seed controls, as the nodes themselves count it. */
export async function holdings(
  world: World,
  actor: Actor,
  legs: Legs,
  nonces: readonly Uint8Array[],
): Promise<Holdings> {
  const [long, short] = await Promise.all(
    LEGS.map((leg) => world.exclusive(legs[leg], (chain) => chain.holdings(actor.seed, nonces))),
  )
  return { long: long as Held, short: short as Held }
}

/** What a party's transactions cost, of those that are in the chains, and what its locks still hold. */
export async function costsOf(
  world: World,
  actor: Actor,
  legs: Legs,
): Promise<{ readonly [L in Agreement.Leg]: Costs }> {
  const [long, short] = await Promise.all(
    LEGS.map((leg) => {
      const locks = leg === (actor.role === 'initiator' ? 'long' : 'short') ? [...actor.seen[leg].locks] : []
      return world.chain(legs[leg]).costs([...actor.seen[leg].sent], locks)
    }),
  )
  return { long: long as Costs, short: short as Costs }
}

/** Compares to the last unit; gives one line a mismatch. */
export function compare(
  before: Holdings,
  after: Holdings,
  expected: Expected,
  costs: { readonly [L in Agreement.Leg]: Costs },
): readonly string[] {
  return LEGS.flatMap((leg) =>
    (['native', 'token'] as const).flatMap((asset) => {
      const paid = asset === 'native' ? costs[leg].fees + costs[leg].held : 0n
      const should = before[leg][asset] + (expected[leg][asset] ?? 0n) - paid
      const has = after[leg][asset]
      return has === should ? [] : [`${leg} leg, ${asset}: ${has} held, ${should} expected`]
    }),
  )
}
