import { type Planner, Policy, RingPlanner } from '@aitbc/swap'
import { checkRing } from '@aitbc/swap/check'
import { expected } from '../../packages/swap/src/check/least.js'
import { measure, scale } from '../../packages/swap/src/check/scale.js'
import { chains } from './pairs.js'

/** A ring that is explored, by the chains of its arcs. */
interface Ring {
  readonly arcs: readonly (keyof typeof chains)[]
  /** Members that are honest at once; their policy is then one of nobody away, and of one reorganisation. */
  readonly together?: readonly (readonly number[])[]
}

export const rings: readonly Ring[] = [
  { arcs: ['bitcoin', 'ethereum', 'solana'] },
  { arcs: ['ethereum', 'bitcoin', 'cosmos', 'polkadot'] },
  {
    arcs: ['ethereum', 'solana', 'cosmos'],
    together: [
      [0, 1],
      [1, 2],
      [0, 2],
    ],
  },
]

/** What came of one. */
export interface RingRow {
  readonly ring: string
  /** Seconds of a tick: the longest time there is. */
  readonly tick: bigint
  readonly states: number
  /** What breaks at the planner's gaps: nothing. */
  readonly broken?: string
  /** Worlds with several honest members at once. */
  readonly together: number
  readonly arcs: readonly {
    readonly planner: number
    readonly least: number
    /** The difference is that of the pair of chains. */
    readonly explained: boolean
    /** What happens with a tick less than the least. */
    readonly below: string
  }[]
}

/** Checks a ring at the planner's gaps, and searches the least gap of each arc with all others as planned. */
export async function exploreRings(
  index: number,
  limits: { readonly states: number; readonly memory: number },
): Promise<RingRow> {
  const ring = rings[index]
  if (ring === undefined) throw new Error(`there is no ring ${index}`)
  const { arcs, together } = ring
  const named = arcs.map((name): Planner.LegChain => chains[name])
  const policy = { ...Policy.standard, ...(together === undefined ? {} : { offline: 0n, detection: 0n }) }
  // A tick as long as the longest time: then each is one or nothing, and a tick less than a gap is just that.
  let tick = policy.offline
  for (const { network } of named)
    for (const time of Object.values(network.timing[policy.risk])) if (time > tick) tick = time
  const { chains: measured, policy: scaled } = measure(named, policy, tick)
  const legs = measured.map(({ leg }) => leg)
  const assumptions = { chains: legs, policy: scaled, tick: 1n }
  const { gaps, start } = RingPlanner.margins(legs, scaled)
  let states = 0
  const broken = async (arc: number, less: bigint): Promise<string | undefined> => {
    const terms = {
      gaps: gaps.map(({ seconds }, at) => (at === arc ? seconds - less : seconds)),
      start: start.seconds,
    }
    const more = less > 0n || together === undefined ? {} : { together }
    const result = await checkRing(terms, assumptions, { ...limits, ...more })
    states += result.states
    return result.ok ? undefined : result.counterexample.message
  }
  const safe = await broken(0, 0n)
  const found: RingRow['arcs'][number][] = []
  for (const [arc, { seconds }] of gaps.entries()) {
    let less = 0n
    let below: string | undefined
    do below = await broken(arc, ++less)
    while (below === undefined && less <= seconds)
    const pair = { long: legs[arc] as Planner.LegChain, short: legs[arc + 1] as Planner.LegChain }
    const two = { ...pair, policy: scaled, tick: 1n }
    const least = Number(seconds - less) + 1
    found.push({
      planner: Number(seconds),
      least,
      explained: least === expected(scale(two), two).gap.least,
      below: below ?? 'nothing',
    })
  }
  return {
    ring: `${named.map(({ network }) => network.name).join(' → ')} →`,
    ...{ tick, states, together: together?.length ?? 0, arcs: found },
    ...(safe === undefined ? {} : { broken: safe }),
  }
}

/** Nothing breaks as planned, and of each arc the least gap is known, with a history that robs its locker a tick below. */
export function isProven({ broken, arcs }: Pick<RingRow, 'broken' | 'arcs'>): boolean {
  return broken === undefined && arcs.every(({ explained, below }) => explained && below.startsWith('S21'))
}

/** One ring, for people. */
export function told(row: RingRow): string {
  const arcs = row.arcs.map(
    ({ planner, least, below }, arc) =>
      `T_${arc} − T_${arc + 1}: planner ${planner}, least ${least}, below ${below.split(',')[0]}`,
  )
  const together = row.together === 0 ? '' : `; ${row.together} worlds of two honest at once`
  return `ring ${row.ring}  ticks of ${row.tick} s: ${row.broken ?? 'safe as planned'}; ${arcs.join('; ')}${together}; ${row.states} states${isProven(row) ? '' : ': NOT PROVEN'}`
}
