import { incomingLeg, type Leg as Name, ownLeg } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import type { Outcome } from '../SwapMachine.js'
import { createLegs, FINAL, type Leg, type Legs, MOST } from './Leg.js'
import { mix } from './Memo.js'
import { CROWD, createParties, type Machine, type Parties, TURN } from './Party.js'
import type { Setting } from './Setting.js'

/** How far an exploration may go. */
export interface Limits {
  /** Distinct states in all. */
  readonly states: number
  /** Bytes for the states of two ticks, which is what is held. */
  readonly memory: number
}

/** How far an exploration is. */
export interface Progress {
  readonly tick: number
  readonly states: number
}

/** A state as its parts. */
export interface View {
  readonly tick: number
  readonly legs: { readonly [L in Name]: Leg }
  readonly parties: Parties['all'][number]
  readonly reorgsLeft: number
  /** The secret is known to everybody. */
  readonly open: boolean
}

/** What must not be, and the shortest way there; the last state is the one in which it is. */
export interface Violation {
  readonly message: string
  readonly path: readonly View[]
}

/** What an exploration found. */
export interface Found {
  readonly states: number
  readonly transitions: number
  /** Ticks until the last honest party has finished. */
  readonly ticks: number
  /** Steps of the machine that were really made. */
  readonly steps: number
  /** Bytes of the tables at their largest. */
  readonly bytes: number
  /** How it ended, for each honest party in turn. */
  readonly outcomes: ReadonlySet<string>
  /** The tick at which the last honest party finished, at the latest. */
  readonly settled: number
  readonly violation?: Violation
}

/** Why an exploration stopped before its end. */
export interface Exhausted {
  readonly bound: 'states' | 'memory'
  readonly progress: Progress
}

const PARTIES = Math.log2(CROWD)
const REORGS = 4
/** States that are explored between two looks at the clock and the signal. */
const CHUNK = 1 << 14

/** The states of one tick, each as two words, exactly: two states are never taken for one. */
interface Layer {
  size: number
  first: Uint32Array
  second: Uint32Array
  /** Where each came from, where that is asked for. */
  parent: Uint32Array
  /** Open addressing: 1 + the place of a state. */
  table: Uint32Array
}

function layer(traced: boolean, room = 1 << 10): Layer {
  return {
    size: 0,
    first: new Uint32Array(room),
    second: new Uint32Array(room),
    parent: new Uint32Array(traced ? room : 0),
    table: new Uint32Array(room * 2),
  }
}

function grow(of: Layer): void {
  const room = of.first.length * 2
  const wider = (array: Uint32Array) => {
    const next = new Uint32Array(room)
    next.set(array)
    return next
  }
  of.first = wider(of.first)
  of.second = wider(of.second)
  if (of.parent.length > 0) of.parent = wider(of.parent)
  const table = new Uint32Array(room * 2)
  const mask = table.length - 1
  for (let i = 0; i < of.size; i++) {
    let at = mix(of.first[i] as number, of.second[i] as number) & mask
    while (table[at] !== 0) at = (at + 1) & mask
    table[at] = i + 1
  }
  of.table = table
}

function insert(into: Layer, first: number, second: number, parent: number): void {
  const { table } = into
  const mask = table.length - 1
  let at = mix(first, second) & mask
  for (let place = table[at] as number; place !== 0; place = table[at] as number) {
    if (into.first[place - 1] === first && into.second[place - 1] === second) return
    at = (at + 1) & mask
  }
  const i = into.size++
  into.first[i] = first
  into.second[i] = second
  if (into.parent.length > 0) into.parent[i] = parent
  table[at] = i + 1
  if (into.size === into.first.length) grow(into)
}

function bytesOf({ first, second, parent, table }: Layer): number {
  return first.byteLength + second.byteLength + parent.byteLength + table.byteLength
}

/**
 * Every state that the honest parties and their chains can come to, breadth first and tick by tick: a state of another tick is
 * another state, so that only those of two ticks are held. Ends with the first state in which something doesn't hold.
 *
 * @param shared the parties of explorations that differ in clocks alone: what they decided needs no deciding again
 */
export function* explore(
  setting: Setting,
  machine: Machine,
  limits: Limits,
  shared?: () => Parties,
): Generator<Progress, Found | Exhausted> {
  if (shared !== undefined)
    try {
      return yield* show(setting, shared, limits)
    } catch {
      // What others left in tables that are bounded must not count.
    }
  return yield* show(setting, partiesOf(setting, machine), limits)
}

/** The parties of explorations that differ in clocks alone, made when they are first asked for. */
export function partiesOf(setting: Setting, machine: Machine): () => Parties {
  let made: Parties | undefined
  return () => {
    made ??= createParties(setting, machine)
    return made
  }
}

/** The way to what must not be is kept only where there is something to show. */
function* show(
  setting: Setting,
  shared: () => Parties,
  limits: Limits,
): Generator<Progress, Found | Exhausted> {
  const quick = yield* search(setting, shared, limits, false)
  if ('bound' in quick || quick.violation === undefined) return quick
  const traced = yield* search(setting, shared, limits, true)
  return 'bound' in traced ? quick : traced
}

function* search(
  setting: Setting,
  shared: () => Parties,
  limits: Limits,
  traced: boolean,
): Generator<Progress, Found | Exhausted> {
  // One more would be counted as none.
  if (setting.reorgs >= 1 << REORGS)
    throw SwapErrors.CheckTooLarge(
      `at most ${(1 << REORGS) - 1} reorganisations can be explored, got ${setting.reorgs}`,
      { bound: 'reorganisations' },
    )
  const legs = { long: createLegs(setting, 'long'), short: createLegs(setting, 'short') }
  const parties = shared()
  const { long, short } = legs
  const [sightLong, sightShort] = [parties.sights('long', long), parties.sights('short', short)]
  const last = horizon(setting)
  const ends = new Set<number>()
  let states = 0
  let transitions = 0
  let settled = 0
  let bytes = 0
  const kept: Layer[] = []
  let sightsB = new Int32Array(64)
  let nowsB = new Int32Array(64)
  const begin = start(setting, legs, parties)
  let now = layer(traced)
  insert(now, begin.first, begin.second, 0)

  const reached = (count: number, room: number): Exhausted['bound'] | undefined =>
    count > limits.states ? 'states' : room > limits.memory ? 'memory' : undefined

  const found = (tick: number, violation?: Violation): Found => ({
    states: states + now.size,
    transitions,
    ticks: tick,
    steps: parties.steps(),
    bytes,
    outcomes: new Set(
      [...ends].map((at) => (parties.all[at] as View['parties']).map((p) => p.finished).join(' ')),
    ),
    settled,
    ...(violation === undefined ? {} : { violation }),
  })
  const view = (tick: number, first: number, second: number): View => ({
    tick,
    legs: {
      long: long.all[first & (MOST - 1)] as Leg,
      short: short.all[first >>> 16] as Leg,
    },
    parties: parties.all[second & ((1 << PARTIES) - 1)] as View['parties'],
    reorgsLeft: (second >>> PARTIES) & ((1 << REORGS) - 1),
    open: second >>> (PARTIES + REORGS) === 1,
  })
  const pathTo = (place: number, end: View): readonly View[] => {
    const path = [end]
    for (let i = kept.length - 1, at = place; i >= 0; i--) {
      const one = kept[i] as Layer
      path.push(view(i, one.first[at] as number, one.second[at] as number))
      at = one.parent[at] as number
    }
    return path.reverse()
  }

  for (let tick = 0; now.size > 0; tick++) {
    const next = layer(traced, Math.max(1 << 10, now.first.length >> 2))
    if (traced) kept.push(now)
    const held = kept.reduce((sum, one) => sum + bytesOf(one), 0)
    if (tick > last && setting.beyond === true) return found(tick)
    if (tick > last) {
      const at = 0
      const stuck = view(tick, now.first[at] as number, now.second[at] as number)
      const path = traced ? pathTo(at, stuck).slice(0, -1) : [stuck]
      return found(tick, { message: `L6: no end is reached in ${last} ticks`, path })
    }
    for (let i = 0; i < now.size; i++) {
      if (i % CHUNK === CHUNK - 1) {
        const progress = { tick, states: states + now.size + next.size }
        const bound = reached(progress.states, held + bytesOf(now) + bytesOf(next))
        if (bound !== undefined) return { bound, progress }
        yield progress
      }
      const first = now.first[i] as number
      const second = now.second[i] as number
      const a = first & (MOST - 1)
      const b = first >>> 16
      const who = second & ((1 << PARTIES) - 1)
      const reorgs = (second >>> PARTIES) & ((1 << REORGS) - 1)
      const open = second >>> (PARTIES + REORGS) === 1
      const longs = long.next(a, setting.deadlines.long - tick - 1 - long.skews.get(a), open, reorgs > 0)
      const shorts = short.next(b, setting.deadlines.short - tick - 1 - short.skews.get(b), open, reorgs > 0)
      if (shorts.length > sightsB.length) {
        sightsB = new Int32Array(shorts.length * 2)
        nowsB = new Int32Array(shorts.length * 2)
      }
      for (let y = 0; y < shorts.length; y++) {
        const nextB = (shorts[y] as number) & (MOST - 1)
        sightsB[y] = sightShort(nextB)
        nowsB[y] = tick + 2 + short.skews.get(nextB)
      }
      for (let x = 0; x < longs.length; x++) {
        const markA = longs[x] as number
        const nextA = markA & (MOST - 1)
        const sightA = sightLong(nextA)
        const nowA = tick + 2 + long.skews.get(nextA)
        for (let y = 0; y < shorts.length; y++) {
          const markB = shorts[y] as number
          const left = reorgs - (markA >>> 16) - (markB >>> 16)
          if (left < 0) continue
          const nextB = markB & (MOST - 1)
          const sightB = sightsB[y] as number
          const nowB = nowsB[y] as number
          const place = parties.place(who, sightA, nowA, sightB, nowB)
          const turns = parties.pool()
          const count = turns[place] as number
          transitions += count
          for (let z = 0; z < count; z++) {
            const turn = turns[place + 1 + z] as number
            const toA = long.act(nextA, TURN.long(turn))
            const toB = short.act(nextB, TURN.short(turn))
            const toFirst = (toA | (toB << 16)) >>> 0
            const toSecond =
              TURN.parties(turn) |
              (left << PARTIES) |
              (Number(open || TURN.reveals(turn)) << (PARTIES + REORGS))
            if (
              TURN.violates(turn) ||
              TURN.finished(turn) ||
              isSuspicious(long.final.get(toA), short.final.get(toB))
            ) {
              const message = TURN.violates(turn)
                ? parties.complaint(who, sightA, nowA, sightB, nowB, z)
                : judge(setting, parties, turn, long, toA, short, toB)
              if (message !== undefined) {
                const end = view(tick + 1, toFirst, toSecond)
                return found(tick + 1, { message, path: traced ? pathTo(i, end) : [end] })
              }
              if (TURN.over(turn)) {
                ends.add(TURN.parties(turn))
                settled = tick + 1
                continue
              }
            }
            insert(next, toFirst, toSecond, i)
          }
        }
      }
    }
    states += now.size
    bytes = Math.max(bytes, held + bytesOf(now) + bytesOf(next))
    const progress = { tick: tick + 1, states: states + next.size }
    const bound = reached(progress.states, bytes)
    if (bound !== undefined) return { bound, progress }
    now = next
    yield progress
  }
  return found(0)
}

/** One leg is claimed for good, and the other one refunded. */
function isSuspicious(long: number, short: number): boolean {
  return (long | short) === (FINAL.claim | FINAL.refund)
}

/** By when everything must have come to an end: every delay there is, one after the other. */
export function horizon({ chains: { long, short }, deadlines, offline, detection, reorgs }: Setting): number {
  const sum = (of: (chain: typeof long) => number) => of(long) + of(short)
  const once = sum((c) => c.inclusion + c.finality + c.outage + c.lag + c.lead)
  const again = reorgs * sum((c) => c.inclusion + c.reorg + c.finality + detection)
  return Math.max(deadlines.long, deadlines.short) + 2 * once + again + offline + 4 * detection + 8
}

/** The first state, after what was bound to happen. */
function start(setting: Setting, legs: { readonly [L in Name]: Legs }, parties: Parties) {
  const { long, short } = legs
  const secret = setting.honest.includes('initiator') ? 0 : 1
  const locked = (of: Legs) =>
    of.of({ ...(of.all[of.start] as Leg), lock: 'in', depth: of.chain.finality + 1 })
  const from = (a: number, b: number, who: number) => ({
    first: (a | (b << 16)) >>> 0,
    second: who | (setting.reorgs << PARTIES) | (secret << (PARTIES + REORGS)),
  })
  if (setting.from === 'agreed') return from(long.start, short.start, parties.start)
  const early = -128
  const [sightLong, sightShort] = [parties.sights('long', long), parties.sights('short', short)]
  const look = (who: number, a: number, b: number) => {
    const [turn] = parties.turns(who, sightLong(a), early, sightShort(b), early)
    return TURN.parties(turn as number)
  }
  const launched = locked(long)
  if (setting.from === 'recovered') return from(launched, short.start, parties.start)
  const both = locked(short)
  let who = look(parties.start, long.start, short.start)
  who = look(who, launched, short.start)
  if (setting.from === 'launched') return from(launched, short.start, who)
  return from(launched, both, look(who, launched, both))
}

/** S2, S6, S18, L2: what the chains say of each honest party, and what it says itself. */
function judge(
  setting: Setting,
  parties: Parties,
  turn: number,
  long: Legs,
  atLong: number,
  short: Legs,
  atShort: number,
): string | undefined {
  if (setting.beyond === true) return undefined
  const all = { long: long.all[atLong] as Leg, short: short.all[atShort] as Leg }
  for (const { role, finished } of parties.all[TURN.parties(turn)] as View['parties']) {
    const own = all[ownLeg(role)]
    const incoming = all[incomingLeg(role)]
    const isFinal = (name: Name) => all[name].spendDepth > setting.chains[name].finality
    const paid = own.spend === 'claim' && !own.gift && isFinal(ownLeg(role))
    if (finished === undefined) {
      if (paid && incoming.spend === 'refund' && isFinal(incomingLeg(role)))
        return `S6: the ${role}'s lock is claimed, and the lock it was to be paid from is refunded`
      continue
    }
    const received = incoming.spend === 'claim' && !incoming.less
    const outcome: Outcome =
      own.spend === 'claim' && !own.gift
        ? received
          ? 'deal'
          : 'underwater'
        : received
          ? 'free-ride'
          : 'no-deal'
    if (outcome === 'underwater' || finished === 'underwater')
      return `S6: the ${role} is underwater: its lock is claimed, and the lock it was to be paid from is ${incoming.spend === 'none' ? 'closed to it' : `${incoming.spend}ed`}`
    if (own.lock === 'in' && own.spend === 'none' && !own.gift)
      return `L2: the ${role} has finished and left its lock behind`
    // An endpoint that hides the lock to be paid from, or its claim, can have a gift missed, and no more.
    if (TURN.misled(turn) && outcome === 'free-ride' && finished === 'no-deal') continue
    // Whoever has ordered a lock, and finds it there, takes a gift for it.
    if (own.gift && outcome === 'free-ride' && finished === 'deal') continue
    if (outcome !== finished) return `S18: the ${role} says ${finished}, the chains say ${outcome}`
  }
  return undefined
}
