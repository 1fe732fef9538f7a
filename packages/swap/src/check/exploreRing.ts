import type { Leg as Name, Role } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import type { Outcome } from '../SwapMachine.js'
import type { Options } from './check.js'
import { ACTS, createLegs, type Leg, type Legs, MOST } from './Leg.js'
import { createParties, type Machine, type Parties, TURN } from './Party.js'
import type { Chain, Setting } from './Setting.js'

/** One honest member of a ring: its part as a swap of two legs, and which arcs these are. */
export interface RingMember {
  readonly member: number
  readonly role: Role
  readonly long: number
  readonly short: number
  readonly setting: Omit<Setting, 'clocks'>
}

/** A ring with several honest members at once, in ticks; whoever else there is does anything. */
export interface RingSetting {
  /** Arc by arc. */
  readonly chains: readonly Chain[]
  readonly ends: readonly number[]
  /** What each arc's clock is off by, throughout. */
  readonly clocks: readonly number[]
  readonly members: readonly RingMember[]
  /** Arcs that are some honest member's own or pay it; the others touch nobody. */
  readonly touched: readonly boolean[]
  /** k: reorganisations on all chains together. */
  readonly reorgs: number
  /** Locks are included in time as well, nobody is away and no endpoint lies. */
  readonly fair: boolean
}

/** What an exploration of a ring found. */
export interface RingFound {
  readonly states: number
  readonly transitions: number
  readonly bytes: number
  /** How it ended, for each honest member in turn. */
  readonly outcomes: ReadonlySet<string>
  readonly violation?: { readonly message: string; readonly story: readonly string[] }
}

/** A state: an arc's leg each, a member's state each, the reorganisations left, and whether the secret is known to all. */
interface Node {
  readonly legs: readonly number[]
  readonly parties: readonly number[]
  readonly reorgs: number
  readonly open: boolean
  readonly from: Node | undefined
}

const PAUSE = 5_000
/** Most states of one world, unless told: they are held one by one. */
const STATES = 2_000_000
/** What a state takes, about. */
const WEIGHT = 300

/**
 * Every state of a ring with several honest members, breadth first and tick by tick, as `explore` does it for two legs: the same legs and the
 * same parties, put together arc by arc. `CheckTooLarge` (4030).
 */
export async function exploreRing(
  setting: RingSetting,
  machine: Machine,
  options: Options,
): Promise<RingFound> {
  const { signal, onProgress, states: most = STATES, memory = 2 ** 30 } = options
  const { ends, members } = setting
  const legs = setting.chains.map((_, arc) => createLegs(legSetting(setting, arc), 'long'))
  const arcs = legs.flatMap((_, arc) => (setting.touched[arc] === true ? [arc] : []))
  const parties = members.map(({ long, short, setting: own }) => {
    const one: Setting = {
      ...own,
      clocks: { long: setting.clocks[long] ?? 0, short: setting.clocks[short] ?? 0 },
      ...(setting.fair ? { fair: true } : {}),
    }
    return createParties(one, machine)
  })
  const sights = members.map(({ long, short }, at) => {
    const of = parties[at] as Parties
    return { long: of.sights('long', legs[long] as Legs), short: of.sights('short', legs[short] as Legs) }
  })
  const last = horizon(setting)
  const outcomes = new Set<string>()
  let states = 0
  let transitions = 0
  let bytes = 0
  const result = (violation?: RingFound['violation']): RingFound => ({
    ...{ states, transitions, bytes, outcomes },
    ...(violation === undefined ? {} : { violation }),
  })
  const finishedOf = (node: Node) =>
    members.map((_, at) => parties[at]?.all[node.parties[at] as number]?.[0]?.finished)

  let layer: readonly Node[] = [
    {
      legs: legs.map(({ start }) => start),
      parties: parties.map(({ start }) => start),
      reorgs: setting.reorgs,
      open: !members.some(({ member }) => member === 0),
      from: undefined,
    },
  ]
  let paused = 0
  signal?.throwIfAborted()
  for (let tick = 0; layer.length > 0; tick++) {
    states += layer.length
    if (tick > last)
      return result({
        message: `L6: no end is reached in ${last} ticks`,
        story: story(setting, legs, parties, layer[0] as Node),
      })
    const next = new Map<string, Node>()
    for (const node of layer) {
      const choices = arcs.map((arc) => {
        const leg = legs[arc] as Legs
        const at = node.legs[arc] as number
        const left = (ends[arc] as number) - tick - 1 - leg.skews.get(at)
        return leg.next(at, left, node.open, node.reorgs > 0)
      })
      for (const drawn of combinations(choices)) {
        const moved = [...node.legs]
        let reorgs = node.reorgs
        for (const [i, arc] of arcs.entries()) {
          const mark = drawn[i] as number
          moved[arc] = mark & (MOST - 1)
          reorgs -= mark >>> 16
        }
        if (reorgs < 0) continue
        const look = (arc: number, sight: ((leg: number) => number) | undefined): Look => {
          const leg = moved[arc] as number
          return { sight: sight?.(leg) ?? 0, now: tick + 2 + (legs[arc] as Legs).skews.get(leg) }
        }
        const looks = members.map(({ long, short }, at) => ({
          long: look(long, sights[at]?.long),
          short: look(short, sights[at]?.short),
        }))
        const turns = looks.map((one, at) => turnsOf(parties[at] as Parties, node.parties[at] as number, one))
        for (const chosen of combinations(turns)) {
          transitions++
          const acts = moved.map(() => 0)
          let violation: string | undefined
          for (const [at, { member, role, long, short }] of members.entries()) {
            const turn = chosen[at] as number
            acts[long] = (acts[long] as number) | TURN.long(turn)
            acts[short] = (acts[short] as number) | TURN.short(turn)
            const [own, act] = role === 'initiator' ? [long, TURN.long(turn)] : [short, TURN.short(turn)]
            const left =
              (ends[own] as number) - tick - 2 - (legs[own] as Legs).skews.get(moved[own] as number)
            if ((act & ACTS.refund) !== 0 && left > 0)
              violation ??= `S20: member ${member} refunds arc ${own} with ${left} ticks left`
            if (TURN.violates(turn))
              violation ??= `member ${member}: ${complaintOf(parties[at] as Parties, node.parties[at] as number, looks[at] as Looks, turn)}`
          }
          const to: Node = {
            legs: moved.map((leg, arc) => (legs[arc] as Legs).act(leg, acts[arc] as number)),
            parties: chosen.map((turn) => TURN.parties(turn)),
            reorgs,
            open: node.open || chosen.some((turn) => TURN.reveals(turn)),
            from: node,
          }
          violation ??= judge(setting, legs, parties, to, chosen)
          if (violation !== undefined)
            return result({ message: violation, story: story(setting, legs, parties, to) })
          if (chosen.every((turn) => TURN.over(turn))) {
            outcomes.add(finishedOf(to).join(' '))
            continue
          }
          const key = `${to.legs},${to.parties},${reorgs},${to.open}`
          if (!next.has(key)) next.set(key, to)
        }
      }
      if (++paused % PAUSE === 0) {
        onProgress?.({ tick, states: states + next.size })
        await new Promise((resolve) => setTimeout(resolve, 0))
        signal?.throwIfAborted()
      }
      const progress = { tick, states: states + next.size }
      const bound =
        progress.states > most ? 'states' : progress.states * WEIGHT > memory ? 'memory' : undefined
      if (bound !== undefined)
        throw SwapErrors.CheckTooLarge(
          `the bound on ${bound} is reached at ${progress.states} states of a ring, in tick ${tick}`,
          { bound, ...progress },
        )
    }
    bytes = Math.max(bytes, (states + next.size) * WEIGHT)
    layer = [...next.values()]
  }
  return result()
}

/** An arc as a leg of its own: its locker where two have the initiator, its beneficiary where they have the follower. */
function legSetting({ chains, ends, clocks, members, reorgs, fair }: RingSetting, arc: number): Setting {
  const chain = chains[arc] as Chain
  const honest = (who: number) => members.some(({ member }) => member === who)
  const [skew, end] = [clocks[arc] ?? 0, ends[arc] ?? 0]
  return {
    chains: { long: chain, short: chain },
    deadlines: { long: end, short: end },
    rules: { launch: 0, lock: 0, reveal: 0, apart: 0 },
    ...{ offline: 0, detection: 0, reorgs },
    honest: [
      ...(honest(arc) ? (['initiator'] as const) : []),
      ...(honest((arc + 1) % chains.length) ? (['follower'] as const) : []),
    ],
    clocks: { long: skew, short: skew },
    from: 'agreed',
    ...(fair ? { fair: true } : {}),
  }
}

/** What is seen of a leg, and what its clock shows. */
interface Look {
  readonly sight: number
  readonly now: number
}

type Looks = Readonly<Record<Name, Look>>

/** What a member may do when it looks at its two arcs. */
function turnsOf(parties: Parties, at: number, { long, short }: Looks): ArrayLike<number> {
  return parties.turns(at, long.sight, long.now, short.sight, short.now)
}

/** What isn't as it must be in a turn, with its numbers. */
function complaintOf(parties: Parties, at: number, looks: Looks, turn: number): string {
  const { long, short } = looks
  const place = Array.from(turnsOf(parties, at, looks)).indexOf(turn)
  return parties.complaint(at, long.sight, long.now, short.sight, short.now, place)
}

/** One of each list, in every way. */
function* combinations(lists: readonly ArrayLike<number>[]): Generator<readonly number[]> {
  const [first, ...rest] = lists
  if (first === undefined) return yield []
  for (const others of combinations(rest))
    for (let i = 0; i < first.length; i++) yield [first[i] as number, ...others]
}

/** By when everything must have come to an end: every delay there is, one after the other. */
function horizon({ chains, ends, members, reorgs }: RingSetting): number {
  const sum = (of: (chain: Chain) => number) => chains.reduce((total, chain) => total + of(chain), 0)
  const away = members.reduce((total, { setting }) => total + setting.offline + 4 * setting.detection, 0)
  const once = sum((c) => c.inclusion + c.finality + c.outage + c.lag + c.lead)
  return Math.max(...ends) + 2 * once + reorgs * (once + sum((c) => c.reorg)) + away + 8
}

/** S18, S21, L2: what the chains say of each honest member, and what it says itself. */
function judge(
  { chains, members }: RingSetting,
  legs: readonly Legs[],
  parties: readonly Parties[],
  node: Node,
  turns: readonly number[],
): string | undefined {
  const legOf = (arc: number) => legs[arc]?.all[node.legs[arc] as number] as Leg
  const isFinal = (arc: number) => legOf(arc).spendDepth > (chains[arc] as Chain).finality
  for (const [at, { member, role, long, short }] of members.entries()) {
    const [ownArc, payingArc] = role === 'initiator' ? [long, short] : [short, long]
    const [own, paying] = [legOf(ownArc), legOf(payingArc)]
    const finished = parties[at]?.all[node.parties[at] as number]?.[0]?.finished
    if (finished === undefined) {
      if (own.spend === 'claim' && isFinal(ownArc) && paying.spend === 'refund' && isFinal(payingArc))
        return `S21: member ${member}'s arc is claimed, and the one it is paid by is refunded`
      continue
    }
    const received = paying.spend === 'claim' && !paying.less
    const outcome: Outcome =
      own.spend === 'claim' ? (received ? 'deal' : 'underwater') : received ? 'free-ride' : 'no-deal'
    if (outcome === 'underwater' || finished === 'underwater')
      return `S21: member ${member}'s arc is claimed, and the one it is paid by is closed to it`
    if (own.lock === 'in' && own.spend === 'none')
      return `L2: member ${member} has finished and left its lock behind`
    if (TURN.misled(turns[at] as number) && outcome === 'free-ride' && finished === 'no-deal') continue
    if (outcome !== finished) return `S18: member ${member} says ${finished}, the chains say ${outcome}`
  }
  return undefined
}

/** The way to a state, for people: one line for each tick in which something happened. */
function story(
  { members, touched }: RingSetting,
  legs: readonly Legs[],
  parties: readonly Parties[],
  end: Node,
): readonly string[] {
  const path: Node[] = []
  for (let node: Node | undefined = end; node !== undefined; node = node.from) path.unshift(node)
  return path.flatMap((node, tick) => {
    const before = node.from
    if (before === undefined) return [`tick 0: honest: ${members.map(({ member }) => member).join(', ')}`]
    const said = legs.flatMap((of, arc) => {
      if (touched[arc] !== true) return []
      const [a, b] = [of.all[before.legs[arc] as number] as Leg, of.all[node.legs[arc] as number] as Leg]
      return [
        ...(a.lock === b.lock ? [] : [`the lock of arc ${arc}: ${b.lock}`]),
        ...(a.claimAge === 0 && b.claimAge !== 0 ? [`a claim of arc ${arc} waits`] : []),
        ...(a.refundAge === 0 && b.refundAge !== 0 ? [`a refund of arc ${arc} waits`] : []),
        ...(a.spend === b.spend
          ? []
          : [
              b.spend === 'none'
                ? `the ${a.spend} of arc ${arc} is undone`
                : `the ${b.spend} of arc ${arc} is mined`,
            ]),
      ]
    })
    if (!before.open && node.open) said.push('the secret is public')
    for (const [at, { member }] of members.entries()) {
      const of = (one: Node) => parties[at]?.all[one.parties[at] as number]?.[0]
      const [was, is] = [of(before), of(node)]
      if (was?.durable.stop !== is?.durable.stop) said.push(`member ${member} stops: ${is?.durable.stop}`)
      if (was?.finished !== is?.finished) said.push(`member ${member} finishes: ${is?.finished}`)
    }
    return said.length === 0 ? [] : [`tick ${tick}: ${said.join('; ')}`]
  })
}
