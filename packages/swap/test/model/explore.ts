// Every history of a small world, breadth first: states that look alike to all that follows are visited once.
import { Agreement } from '@aitbc/swap'
import * as World from './World.js'

export interface Explored {
  readonly states: number
  readonly ends: number
  readonly outcomes: ReadonlySet<string>
  /** The first state in which something didn't hold, and how it came to be. */
  readonly violation?: { readonly message: string; readonly moves: readonly World.Move[] }
}

interface Node {
  readonly world: World.World
  readonly move?: World.Move
  readonly before?: Node
}

/** Explores until every honest party is finished; `most` bounds the states, and reaching it is an error. */
export function explore(start: World.World, acts: readonly number[], most = 200_000): Explored {
  const seen = new Set<string>([keyOf(start)])
  const outcomes = new Set<string>()
  let ends = 0
  let layer: Node[] = [{ world: start }]
  const limit = start.terms.long.deadline.value + 60n
  while (layer.length > 0) {
    const next: Node[] = []
    for (const node of layer)
      for (const move of movesOf(node.world, acts)) {
        const path = () => [...pathOf(node), move]
        try {
          const world = World.tick(node.world, move)
          if (World.isOver(world)) {
            World.judge(world)
            ends++
            for (const role of world.setup.honest) outcomes.add(World.outcomeOf(world, role))
            continue
          }
          if (world.now > limit) throw new World.Violation('L6: no end is reached')
          const key = keyOf(world)
          if (seen.has(key)) continue
          seen.add(key)
          if (seen.size > most) throw new Error(`more than ${most} states`)
          next.push({ world, move, before: node })
        } catch (error) {
          if (!(error instanceof World.Violation)) throw error
          return { states: seen.size, ends, outcomes, violation: { message: error.message, moves: path() } }
        }
      }
    layer = next
  }
  return { states: seen.size, ends, outcomes }
}

function pathOf(node: Node): World.Move[] {
  return node.before === undefined ? [] : [...pathOf(node.before), node.move as World.Move]
}

function movesOf(world: World.World, acts: readonly number[]): readonly World.Move[] {
  const moves: World.Move[] = []
  const [honest] = world.setup.honest as [Agreement.Role]
  const offline = (world.parties[honest]?.offlineLeft ?? 0n) > 0n
  const fates = offline ? ([undefined, 'offline', 'crash'] as const) : ([undefined] as const)
  const reorgs: World.Move['reorg'][] = [undefined]
  if (world.reorgsLeft > 0n)
    for (const leg of ['long', 'short'] as const)
      if (world.sides[leg].tip.txs.length > 0)
        for (const refill of [false, true]) reorgs.push({ leg, depth: 0, refill })
  for (const act of acts)
    for (const reorg of reorgs) {
      const choices = {
        long: World.choices(world, act, 'long'),
        short: World.choices(world, act, 'short'),
      }
      const compete = reorg !== undefined || choices.long.compete || choices.short.compete
      for (const long of subsets(choices.long.indices))
        for (const short of subsets(choices.short.indices))
          for (const first of compete ? [true, false] : [true])
            for (const fate of fates)
              moves.push({
                acts: act,
                mined: { long, short },
                first,
                ...(reorg === undefined ? {} : { reorg }),
                ...(fate === undefined ? {} : { fate: { [honest]: fate } }),
              })
    }
  return moves
}

function subsets(indices: readonly number[]): readonly number[] {
  let masks = [0]
  for (const i of indices) masks = masks.flatMap((mask) => [mask, mask | (1 << i)])
  return masks
}

/** What a state's future depends on. The view isn't in it: each look makes it anew from the chains. */
function keyOf(world: World.World): string {
  const sides = (['long', 'short'] as const).map((leg) => {
    const { tip, mempool } = world.sides[leg]
    const included = [...tip.ledger.included].map(([id, at]) => `${id}@${at.height}${at.ok}`).sort()
    const waiting = mempool.map((w) => `${w.tx.id}/${w.age}${w.hidden}`).sort()
    return `${tip.height} ${tip.clock} ${included} ${waiting}`
  })
  const parties = world.setup.honest.map((role) => {
    const party = world.parties[role] as World.Party
    const { ordered, revealed, learned, voided, stop, outcome, settled } = party.state.durable
    const flags = [ordered, revealed, learned !== undefined, voided, stop, outcome, settled]
    return `${flags} ${[...party.signed.keys()]} ${party.offlineLeft}`
  })
  return `${world.now} ${world.reorgsLeft} ${world.leaked} ${sides} ${parties}`
}

/** The bits of acts by name, for {@link World.Move}. */
export function mask(...names: readonly (typeof World.ACTS)[number][]): number {
  return names.reduce((bits, name) => bits | (1 << World.ACTS.indexOf(name)), 0)
}

/** Both locks final, the follower honest, and nothing else so far, `before` ticks ahead of the short leg's deadline. */
export function locked(setup: World.Setup, before: bigint): World.World {
  let world = World.create(setup)
  const until = world.terms.short.deadline.value - before
  const [honest] = setup.honest as [Agreement.Role]
  const own = Agreement.ownLeg(honest)
  const lock = { ...World.calm, acts: mask('lock') }
  for (let i = 0; i < 2; i++) world = World.tick(world, i === 0 ? lock : World.calm)
  while (world.now < until) world = World.tick(world, World.calm)
  if (![...world.sides[own].tip.ledger.locks.keys()].length) throw new Error('the honest party did not lock')
  return world
}
