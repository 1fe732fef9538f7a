import { incomingLeg, type Leg as Name, ownLeg, type Role } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import * as Standing from '../Standing.js'
import type * as SwapMachine from '../SwapMachine.js'
import { isPublic, step as production } from '../SwapMachine.js'
import { ACTS, type Legs } from './Leg.js'
import { createMemo, createPlaces } from './Memo.js'
import { type Case, createRules } from './Rules.js'
import type { Setting } from './Setting.js'
import {
  createSights,
  isUnmined,
  type Look,
  lastOf,
  latestOf,
  NAMES,
  SIGHTS,
  type Sight,
  TELLINGS,
  type Told,
  termsOf,
} from './Sight.js'

/** The functions of the machine that is explored: the production ones, or mutants of them. */
export interface Machine extends Pick<typeof SwapMachine, 'start' | 'step' | 'resume'> {
  /** When a party signs for the refund of its incoming lock, where it may be asked for that; {@link givesBack} unless told. */
  readonly givesBack?: typeof givesBack
}

/**
 * When a party may give its incoming lock back before the deadline, for good: as `Cooperation.judge` of the adapters says, which knows that lock.
 */
export function givesBack({ stopped, revealed, received, own }: Standing.Standing): boolean {
  return stopped && !revealed && !received && own !== 'open'
}

/** What an honest party decides by, beside what it sees. */
interface Mind {
  readonly role: Role
  readonly durable: SwapMachine.Durable
  /** Of what is durable. */
  readonly number: number
  /** What it still knows of its last look; elsewhere each look is the first after a restart. */
  readonly kept: SwapMachine.SwapState['view'] | undefined
  /** Whose locks it has seen final, each a bit. */
  readonly firm: number
  /** It has seen that a lock is gone that it had seen final. */
  readonly lost: boolean
  /** It has stopped for a reason of its own. */
  readonly excused: boolean
  /** It was told to stop while it still could. */
  readonly cancelled: boolean
  /** It was told of locks that aren't there, or one was hidden from it; noted only where views are kept. */
  readonly fooled: boolean
}

/** One honest party between two looks. */
interface Party {
  readonly role: Role
  readonly durable: SwapMachine.Durable
  readonly offlineLeft: number
  /** Ticks missed in a row. */
  readonly missed: number
  readonly finished?: SwapMachine.Outcome
  readonly mind: number
}

/**
 * All states of the honest parties that were met, by number, and their turns. They are the same whatever the clocks are off by, and may
 * be shared by explorations that differ in nothing else.
 */
export interface Parties {
  readonly all: readonly (readonly Party[])[]
  readonly start: number
  /** What the parties see of the states of a leg, by number. */
  sights(name: Name, legs: Legs): (leg: number) => number
  /** What the parties may do when both legs are looked at: one number for each, which the functions of {@link TURN} read. */
  turns(parties: number, long: number, longNow: number, short: number, shortNow: number): Int32Array
  /** The same as a place of {@link pool}: there the number of turns, and after it the turns. */
  place(parties: number, long: number, longNow: number, short: number, shortNow: number): number
  /** Where the turns are; another one after each call. */
  pool(): Int32Array
  /** What isn't as it must be in the turn at a place of {@link turns}, with its numbers. */
  complaint(
    parties: number,
    long: number,
    longNow: number,
    short: number,
    shortNow: number,
    at: number,
  ): string
  /** Steps of the machine that were really made; all others were looked up. */
  steps(): number
}

/** The most states of the honest parties that fit into a packed state. */
export const CROWD = 1 << 17

/** Where a turn holds what: the parties' number lowest, then acts, then flags. */
export const TURN = {
  parties: (turn: number): number => turn & (CROWD - 1),
  long: (turn: number): number => (turn >>> 17) & 31,
  short: (turn: number): number => (turn >>> 22) & 31,
  reveals: (turn: number): boolean => (turn & (1 << 27)) !== 0,
  misled: (turn: number): boolean => (turn & (1 << 28)) !== 0,
  /** Some honest party has finished. */
  finished: (turn: number): boolean => (turn & (1 << 29)) !== 0,
  /** All of them have. */
  over: (turn: number): boolean => (turn & (1 << 30)) !== 0,
  violates: (turn: number): boolean => (turn & (1 << 31)) !== 0,
} as const

const ACTING = { long: 17, short: 22 } as const
const REVEALS = 1 << 27
const MISLED = 1 << 28
const FINISHED = 1 << 29
const OVER = 1 << 30
const VIOLATES = 1 << 31

const INSTANTS = 1 << 10
/** Ticks missed are a byte each of a party's number: one more would be another party's state, with none missed. */
const ABSENCE = 1 << 8
const FIRM = { long: 1, short: 2 } as const
const OUTCOMES = ['deal', 'no-deal', 'free-ride', 'underwater'] as const
const ENDED = { is: 'unreadable', leg: 'long', why: 'not read yet' } as const

/** What a party may come to in a look. */
interface Option {
  readonly mind: number
  /** Another tick missed, where those are counted; `false` where it looked. */
  readonly misses: boolean
  readonly counted: boolean
  readonly finished: SwapMachine.Outcome | undefined
  /** Acts and flags, packed as in a turn. */
  readonly packed: number
  readonly violation: string | undefined
}

/** What a machine does in one look. */
interface Raw {
  readonly durable: SwapMachine.Durable
  readonly number: number
  /** As it is when the secret left and nobody noted that. */
  readonly unnoted: SwapMachine.Durable
  readonly unnotedNumber: number
  readonly view: SwapMachine.SwapState['view']
  readonly commands: readonly SwapMachine.Command[]
  readonly finished: SwapMachine.Outcome | undefined
  readonly acts: number
  readonly reveals: boolean
  readonly misled: boolean
  readonly cancelled: boolean
  readonly violation: string | undefined
}

/** What a party decides in one look, by what it has in mind. */
interface Decision extends Raw {
  readonly lost: boolean
  readonly excused: boolean
}

export function createParties(setting: Setting, machine: Machine): Parties {
  for (const [name, ticks] of [
    ['offline', setting.offline],
    ['detection', setting.detection],
  ] as const)
    if (!(ticks < ABSENCE))
      throw SwapErrors.CheckTooLarge(`${name} must be less than ${ABSENCE} ticks, got ${ticks}`, {
        bound: 'absence',
      })
  const terms = {
    long: termsOf('long', setting.deadlines.long),
    short: termsOf('short', setting.deadlines.short),
  }
  const { long, short } = setting.chains
  const rules: SwapMachine.Rules = {
    launch: BigInt(setting.rules.launch),
    lock: BigInt(setting.rules.lock),
    reveal: BigInt(setting.rules.reveal),
    apart: BigInt(setting.rules.apart),
    assurance: 'attested',
    spends: { long: 'attested', short: 'attested' },
    lateClaims: { long: long.lateClaims, short: short.lateClaims },
  }
  const { forbidden, missing } = createRules(setting)
  const keeps = setting.keeps === true
  const exact = setting.exact === true || keeps || (long.early ?? 0) > 0 || (short.early ?? 0) > 0

  const durableOf = new Map<string, number>()
  const number = (durable: SwapMachine.Durable): number => {
    const { ordered, revealed, learned, voided, settled, stop, outcome } = durable
    const key = `${ordered}${revealed}${learned !== undefined}${voided}${[...settled].sort()}${stop}${outcome}`
    const at = durableOf.get(key) ?? durableOf.size
    durableOf.set(key, at)
    return at
  }

  const minds: Mind[] = []
  const mindOf = new Map<string | number, number>()
  const mind = (of: Mind): number => {
    const { role, number, kept, firm, lost, excused, cancelled, fooled } = of
    const flags =
      (role === 'initiator' ? 1 : 0) |
      (lost ? 2 : 0) |
      (excused ? 4 : 0) |
      (cancelled ? 8 : 0) |
      (fooled ? 16 : 0) |
      (firm << 5)
    const short = number * 128 + flags
    const key = kept === undefined ? short : `${short},${told(kept)}`
    const at = mindOf.get(key)
    if (at !== undefined) return at
    mindOf.set(key, minds.length)
    minds.push(of)
    return minds.length - 1
  }

  const singles: Party[] = []
  const singleOf = new Map<number, number>()
  const single = (
    mind: number,
    offlineLeft: number,
    missed: number,
    finished: SwapMachine.Outcome | undefined,
  ): number => {
    const outcome = finished === undefined ? 0 : 1 + OUTCOMES.indexOf(finished)
    const key = ((mind * 256 + offlineLeft) * 256 + missed) * 8 + outcome
    const at = singleOf.get(key)
    if (at !== undefined) return at
    const { role, durable } = minds[mind] as Mind
    singleOf.set(key, singles.length)
    singles.push({
      ...{ role, durable, offlineLeft, missed, mind },
      ...(finished === undefined ? {} : { finished }),
    })
    return singles.length - 1
  }

  const all: (readonly Party[])[] = []
  const over: number[] = []
  const crowdOf = new Map<number, number>()
  const members: (readonly number[])[] = []
  const crowd = (list: readonly number[]): number => {
    const key = list.reduce((sum, one) => sum * 2 ** 24 + one, 0)
    const at = crowdOf.get(key)
    if (at !== undefined) return at
    if (all.length >= CROWD)
      throw SwapErrors.CheckTooLarge(`the honest parties have more than ${CROWD} states`, {
        bound: 'parties',
      })
    const parties = list.map((one) => singles[one] as Party)
    const done = parties.map((party) => party.finished !== undefined)
    crowdOf.set(key, all.length)
    members.push([...list])
    over.push((done.includes(true) ? FINISHED : 0) | (done.includes(false) ? 0 : OVER))
    all.push(parties)
    return all.length - 1
  }

  const sights = createSights(setting)
  let made = 0
  const step = (state: SwapMachine.SwapState, event: SwapMachine.SwapEvent) => {
    made++
    return machine.step(state, event)
  }

  const eventOf = (of: Mind, look: Look, leg: Name): SwapMachine.SwapEvent =>
    of.durable.terms[leg] === undefined
      ? { is: 'unreadable', leg, why: 'nothing to look for' }
      : sights.event(look, leg, of.kept)

  const blank = new WeakMap<SwapMachine.Durable, SwapMachine.SwapState>()
  /** Both legs are read anew, as the runner does it: nothing irrevocable follows before both are read. */
  const unread = (of: Mind): SwapMachine.SwapState => {
    let state = of.kept === undefined ? blank.get(of.durable) : undefined
    if (state === undefined) {
      state = machine.resume(of.role, of.durable)
      if (of.kept !== undefined) state = { ...state, view: of.kept }
      for (const leg of NAMES) ({ state } = step(state, { is: 'unreadable', leg, why: 'not read yet' }))
      if (of.kept === undefined) blank.set(of.durable, state)
    }
    return state
  }
  const halves = createMemo<SwapMachine.SwapState>()
  const look = (of: Mind, now: Look): SwapMachine.Transition => {
    const half = () => step(unread(of), eventOf(of, now, 'long')).state
    const short = eventOf(of, now, 'short')
    if (!byHeart || of.kept !== undefined) return step(half(), short)
    const { long: what } = now.told
    const seen = (looked / SIGHTS) | 0
    const sight = what === undefined ? seen : sights.alike('long', seen, what)
    const told = 1 + (what === undefined ? -1 : TELLINGS.indexOf(what))
    const who = (of.number * 2 + Number(of.role === 'initiator')) * 16 + told
    const at = who * SIGHTS + sight
    let state = halves.get(at, now.now.long >>> 0)
    if (state === undefined) {
      state = half()
      halves.set(at, now.now.long >>> 0, state)
    }
    return step(state, short)
  }

  const keysOf = (commands: readonly SwapMachine.Command[]): string =>
    commands
      .map(({ key }) => key)
      .sort()
      .join(' ')

  /** It is seen that a lock is gone, or set back, that was seen final. */
  const isLost = ({ firm, kept }: Mind, { sights: seen, now, told }: Look): boolean =>
    NAMES.some((leg) => {
      if (HIDES.has(told[leg]) || (firm & FIRM[leg]) === 0) return false
      const [view] = seen[leg].locks
      if (view === undefined || view.depth === 0n) return true
      const latest = latestOf(kept?.[leg])
      const before = lastOf(kept?.[leg])?.locks[0]
      if (before === undefined || latest === undefined || (view.final && view.firm)) return false
      return view.depth < before.depth && latest.value < sights.clockAt(leg, now[leg])
    })
  const firmOf = ({ firm }: Mind, { sights: seen, told }: Look): number =>
    NAMES.reduce(
      (bits, leg) =>
        !HIDES.has(told[leg]) && seen[leg].locks.some((view) => view.final && view.lock.match !== 'under')
          ? bits | FIRM[leg]
          : bits,
      firm,
    )

  let instant = 0
  let looked = 0
  const raws = createMemo<Raw>()
  let byHeart = true
  /** What the machine does: depends on what is durable and on what is told, and on nothing else where nothing is kept. */
  const raw = (of: Mind, now: Look, cancels: boolean): Raw => {
    if (!byHeart || of.kept !== undefined) return acting(of, now, cancels)
    const leg = now.told.long === undefined ? 'short' : 'long'
    const what = now.told[leg]
    const told = what === undefined ? 0 : 1 + TELLINGS.indexOf(what) * 2 + NAMES.indexOf(leg)
    const who = ((of.number * 2 + Number(of.role === 'initiator')) * 2 + Number(cancels)) * 32
    // A sight counts as far as the endpoint lets it be seen.
    let sight = looked
    if (what !== undefined) {
      const [long, short] = [(looked / SIGHTS) | 0, looked % SIGHTS]
      sight =
        leg === 'long'
          ? sights.alike(leg, long, what) * SIGHTS + short
          : long * SIGHTS + sights.alike(leg, short, what)
    }
    const key = (who + told) * INSTANTS + instant
    const ready = raws.get(key, sight)
    if (ready !== undefined) return ready
    const fresh = acting(of, now, cancels)
    raws.set(key, sight, fresh)
    return fresh
  }

  const acting = (of: Mind, now: Look, cancels: boolean): Raw => {
    const { role } = of
    const own = ownLeg(role)
    const incoming = incomingLeg(role)
    let { state, commands } = look(of, now)
    const cancelled = cancels && state.durable.stop === undefined && !state.durable.revealed
    if (cancels) ({ state, commands } = step(state, { is: 'cancel' }))
    if (commands.some((c) => c.do === 'void') && now.sights[own].voided)
      ({ state, commands } = step(state, { is: 'voided' }))
    const unnoted = state.durable
    const end = commands.find((c) => c.do === 'finish')
    let acts = 0
    let reveals = false
    if (end === undefined)
      for (const command of commands) {
        if (command.do === 'alarm' || command.do === 'finish') continue
        if (command.do === 'claim' && command.leg === incoming) {
          const there = now.sights[incoming].leg
          reveals ||= role === 'initiator' && !unnoted.revealed && there.lock === 'in' && isUnmined(there)
          if (there.lock !== 'in') continue
        }
        acts |= ACTS[command.do] << ACTING[command.leg]
      }
    const honestly = now.told.long === undefined && now.told.short === undefined
    let violation: string | undefined
    if (end === undefined && honestly && setting.lax !== true)
      violation = idempotent(of, state, commands, now)
    if (end !== undefined) violation = isOver(state, end.outcome)
    let { durable } = state
    if (reveals) {
      ;({ durable } = step(state, { is: 'revealed' }).state)
      if (!durable.revealed) violation ??= 'S15: the secret leaves, and that is not durable'
    }
    const unnotedNumber = number(unnoted)
    return {
      durable,
      number: durable === unnoted ? unnotedNumber : number(durable),
      unnoted,
      unnotedNumber,
      view: state.view,
      commands,
      finished: end?.outcome,
      acts,
      reveals,
      misled: end !== undefined && now.told[incoming] !== undefined,
      cancelled,
      violation,
    }
  }

  const decide = (of: Mind, now: Look, cancels = false): Decision => {
    const { role, durable: before } = of
    const done = raw(of, now, cancels)
    const { unnoted, commands, finished } = done
    const lost = of.lost || isLost(of, now)
    // What stops a party in the look in which it learns of a loss may have come first.
    const late = unnoted.stop === 'too-late' && before.stop === undefined
    const excused = of.excused || done.cancelled || late
    const cancelled = of.cancelled || done.cancelled
    const whole: Case = {
      role,
      before,
      durable: unnoted,
      look: now,
      kept: of.kept,
      commands,
      lost,
      excused,
      cancelled,
      informed: keeps && !of.fooled && now.told.long === undefined && now.told.short === undefined,
    }
    const violation =
      forbidden(whole) ?? done.violation ?? (finished === undefined ? missing(whole) : undefined)
    const isIncluded = now.sights[ownLeg(role)].leg.lock === 'in'
    return {
      durable: done.durable,
      number: done.number,
      unnoted,
      unnotedNumber: done.unnotedNumber,
      view: done.view,
      commands,
      finished,
      acts: done.acts | together(of, now, done),
      reveals: done.reveals,
      misled: done.misled,
      cancelled,
      violation,
      lost,
      excused: of.excused || done.cancelled || (late && (!unnoted.revealed || !isIncluded)),
    }
  }

  /** What both may sign for: the refund of the own lock, for which the counterparty may help, and of the other one, with which this party does. */
  const together = ({ role, durable }: Mind, { sights: seen }: Look, done: Raw): number => {
    if (setting.together !== true || done.finished !== undefined) return 0
    const own = ownLeg(role)
    const asks = Standing.early({ role, durable: done.unnoted, view: done.view }).length > 0
    // What was decided just now isn't in the journal yet, and a secret that was seen just now is known.
    const standing = Standing.of(
      { role, durable, view: done.view },
      { isOwn: () => seen[own].leg.gift === false },
    )
    const revealed = isPublic(durable) || isPublic(done.unnoted)
    const gives = (machine.givesBack ?? givesBack)({ ...standing, revealed })
    return (asks ? ACTS.waive << ACTING[own] : 0) | (gives ? ACTS.waive << ACTING[incomingLeg(role)] : 0)
  }

  /** S15: an end is told again after a restart, and nothing else. */
  const isOver = ({ role, durable }: SwapMachine.SwapState, outcome: SwapMachine.Outcome) => {
    if (durable.outcome !== outcome) return `S15: the ${role} has finished, and that is not durable`
    const [only, ...others] = step(machine.resume(role, durable), ENDED).commands
    return only?.do === 'finish' && only.outcome === outcome && others.length === 0
      ? undefined
      : `S15: the ${role} has finished, and goes on after a restart`
  }

  /** S15: the same sight again gives the same commands and changes nothing durable. */
  const idempotent = (
    of: Mind,
    state: SwapMachine.SwapState,
    commands: readonly SwapMachine.Command[],
    now: Look,
  ): string | undefined => {
    const expected = keysOf(commands)
    for (const leg of NAMES) {
      const again = step(state, eventOf(of, now, leg))
      if (again.state.durable !== state.durable && number(again.state.durable) !== number(state.durable))
        return `S15: the same sight of the ${leg} leg again changes what is durable`
      const keys = keysOf(again.commands)
      if (keys !== expected)
        return `S15: the same sight of the ${leg} leg again gives "${keys}", before "${expected}"`
    }
    return undefined
  }

  /** L3: who has crashed decides as who has not, but for what only the earlier view shows. */
  const recovered = (of: Mind, now: Look, calm: Decision): string | undefined => {
    if (of.kept === undefined || of.fooled || calm.lost !== of.lost || calm.violation !== undefined)
      return undefined
    const { commands, unnotedNumber } = decide({ ...of, kept: undefined }, now)
    const [before, after] = [keysOf(calm.commands), keysOf(commands)]
    return before === after && unnotedNumber === calm.unnotedNumber
      ? undefined
      : `L3: the ${of.role} decides "${before}", and after a crash "${after}"`
  }

  const optionsOf = (at: number, now: Look): readonly Option[] => {
    const of = minds[at] as Mind
    const incoming = incomingLeg(of.role)
    // Whoever has ordered nothing may be away as long as it likes; that it looks again some day is taken for granted.
    const counted = of.durable.ordered || now.now.long >= setting.deadlines.long
    const found: Option[] = []
    const put = (
      saw: Look | undefined,
      {
        durable,
        number,
        view,
        acts,
        reveals,
        misled,
        finished,
        lost,
        excused,
        cancelled,
        violation,
      }: Decision,
      misses: boolean,
      crashes = false,
    ) => {
      const isTold = saw !== undefined && (saw.told.long !== undefined || saw.told.short !== undefined)
      const next: Mind = {
        role: of.role,
        durable,
        number,
        kept: !keeps || crashes ? undefined : view,
        firm: saw === undefined ? of.firm : firmOf(of, saw),
        lost: saw === undefined ? of.lost : lost,
        excused,
        cancelled,
        fooled: of.fooled || (keeps && isTold && FOOLS.has(saw.told.long ?? saw.told.short)),
      }
      const flags = (reveals ? REVEALS : 0) | (misled ? MISLED : 0) | (violation === undefined ? 0 : VIOLATES)
      found.push({ mind: mind(next), misses, counted, finished, packed: acts | flags, violation })
    }
    const hear = (leg: Name, what: Told, misses: boolean) => {
      const told = { long: leg === 'long' ? what : undefined, short: leg === 'short' ? what : undefined }
      const saw: Look = { sights: now.sights, now: now.now, told }
      put(saw, decide(of, saw), misses)
    }
    const honest = decide(of, now)
    const wrong = keeps ? recovered(of, now, honest) : undefined
    const calm = wrong === undefined ? honest : { ...honest, violation: wrong }
    put(now, calm, false)
    if (setting.cancels === true) put(now, decide(of, now, true), false)
    if (setting.fair === true) return found
    // It crashes when the secret is out, and before that is noted.
    if (calm.reveals) put(now, { ...calm, durable: calm.unnoted, number: calm.unnotedNumber }, false, true)
    const isThere = (leg: Name) => now.sights[leg].leg.lock === 'in'
    if (setting.truthful !== true && now.sights[incoming].locks.length === 0)
      hear(incoming, 'a lock on mere say-so', false)
    for (const leg of NAMES) {
      const fine = keeps && isThere(leg) && setting.chains[leg].firm === true
      if (fine && now.sights[leg].locks.every((view) => view.final)) hear(leg, 'only that it is final', false)
    }
    if (setting.gifts === true && isThere(incoming) && !now.sights[incoming].leg.less)
      hear(incoming, 'two locks', false)
    // Away; or crashed with everything decided and nothing done.
    const idle = { acts: 0, reveals: false, misled: false }
    const { violation } = calm
    const undone: Decision = {
      ...calm,
      ...idle,
      durable: calm.unnoted,
      number: calm.unnotedNumber,
      finished: undefined,
      violation: undefined,
    }
    const { durable, number, lost, excused, cancelled } = of
    const away: Decision = {
      ...undone,
      durable,
      number,
      lost,
      excused,
      cancelled,
      view: of.kept ?? calm.view,
    }
    put(undefined, away, true, of.kept === undefined)
    if (of.kept !== undefined) put(undefined, away, true, true)
    if (violation === undefined) put(now, undone, true, true)
    for (const leg of NAMES) for (const what of lies(of, now, leg)) hear(leg, what, true)
    return found
  }

  /** What an endpoint may make up of a leg. */
  const lies = ({ kept }: Mind, { sights: seen }: Look, leg: Name): readonly Told[] => {
    const { locks } = seen[leg]
    const isFinal = locks.some((view) => view.spend?.final)
    if (setting.truthful === true) return ['nothing']
    return [
      'nothing',
      'no locks',
      ...(locks.length > 0 && !isFinal ? (['a made-up refund', 'a made-up claim'] as const) : []),
      ...(locks.some((view) => view.spend !== undefined) ? (['no spends'] as const) : []),
      ...(latestOf(kept?.[leg]) === undefined ? [] : (['an earlier clock'] as const)),
    ]
  }

  // The machine compares times with these, and another one with what is one beside them: instants that compare alike are looked up alike.
  const beside = machine.step === production ? 0 : 1
  const classes = (thresholds: readonly number[]) => {
    const around = thresholds.flatMap((at) => [at - beside, at, at + beside])
    const sorted = [...new Set(around)].sort((a, b) => a - b)
    return (value: number): number =>
      sorted.filter((at) => at < value).length * 2 + Number(sorted.includes(value))
  }
  const { launch, lock, reveal, apart } = setting.rules
  const shortClass = classes([launch, lock, reveal, 0])
  const longClass = classes([0])
  const apartClass = classes([apart])
  const instants = new Map<number, number>()
  const instantOf = (longNow: number, shortNow: number, behindLong: number, behindShort: number): number => {
    const longLeft = setting.deadlines.long - longNow
    const shortLeft = setting.deadlines.short - shortNow
    const key = exact
      ? longNow * 4096 + shortNow
      : ((shortClass(shortLeft) * 64 + shortClass(shortLeft - behindShort)) * 16 + longClass(longLeft)) * 16 +
        apartClass(longLeft - behindLong - shortLeft)
    const ready = instants.get(key)
    if (ready !== undefined) return ready
    if (instants.size >= INSTANTS)
      throw SwapErrors.CheckTooLarge(`there are more than ${INSTANTS} kinds of instants`, {
        bound: 'instants',
      })
    instants.set(key, instants.size)
    return instants.size - 1
  }
  // The kinds of instants at two clocks and two delays, in a row for each clock of the long leg.
  const rows = new Map<number, Int16Array>()
  let row: Int16Array = new Int16Array(0)
  let rowAt = -1
  const BEHIND = 32
  const instantAt = (longNow: number, shortNow: number, behindLong: number, behindShort: number): number => {
    if (behindLong >= BEHIND || behindShort >= BEHIND)
      throw SwapErrors.CheckTooLarge(`a chain stands still for ${BEHIND} ticks or more`, { bound: 'halts' })
    const key = (longNow + 256) * BEHIND + behindLong
    if (key !== rowAt) {
      row = rows.get(key) ?? new Int16Array(1024 * BEHIND).fill(-1)
      rows.set(key, row)
      rowAt = key
    }
    const at = (shortNow + 256) * BEHIND + behindShort
    const ready = row[at] as number
    if (ready >= 0) return ready
    const made = instantOf(longNow, shortNow, behindLong, behindShort)
    row[at] = made
    return made
  }

  const lookOf = (longSight: number, longNow: number, shortSight: number, shortNow: number): Look => ({
    sights: { long: sights.all.long[longSight] as Sight, short: sights.all.short[shortSight] as Sight },
    now: { long: longNow, short: shortNow },
    told: { long: undefined, short: undefined },
  })

  const lists = createMemo<readonly Option[]>()
  /** What a party may come to depends on its mind and on what it looks at, and on nothing else. */
  const options = (at: number, longNow: number, shortNow: number): readonly Option[] => {
    const key = at * INSTANTS + instant
    const ready = lists.get(key, looked)
    if (ready !== undefined) return ready
    const fresh = optionsOf(at, lookOf((looked / SIGHTS) | 0, longNow, looked % SIGHTS, shortNow))
    lists.set(key, looked, fresh)
    return fresh
  }

  /** One party's next state; -1 where it can't afford to miss this tick. */
  const next = ({ offlineLeft, missed }: Party, option: Option): number => {
    if (!option.misses) return single(option.mind, offlineLeft, 0, option.finished)
    if (!option.counted) return single(option.mind, offlineLeft, missed, option.finished)
    if (missed < setting.detection) return single(option.mind, offlineLeft, missed + 1, option.finished)
    return offlineLeft > 0 ? single(option.mind, offlineLeft - 1, missed, option.finished) : -1
  }

  let found = new Int32Array(64)
  const said: (string | undefined)[] = []
  let size = 0
  const add = (turn: number, violation: string | undefined) => {
    for (let i = 0; i < size; i++) if (found[i] === turn) return
    if (size === found.length) {
      const wider = new Int32Array(size * 2)
      wider.set(found)
      found = wider
    }
    said[size] = violation
    found[size++] = turn
  }
  /** All turns of the parties, into `found`. */
  const turnsOf = (parties: number, of: (mind: number) => readonly Option[]): void => {
    size = 0
    const list = members[parties] as readonly number[]
    const chosen: number[] = []
    const choose = (i: number, packed: number, violation: string | undefined): void => {
      if (i === list.length) {
        const who = crowd(chosen)
        add(who | packed | (over[who] as number), violation)
        return
      }
      const at = list[i] as number
      const party = singles[at] as Party
      if (party.finished !== undefined) {
        chosen[i] = at
        choose(i + 1, packed, violation)
        return
      }
      for (const option of of(party.mind)) {
        const to = next(party, option)
        if (to < 0) continue
        chosen[i] = to
        choose(i + 1, packed | option.packed, violation ?? option.violation)
      }
    }
    choose(0, 0, undefined)
  }

  let pool = new Int32Array(1 << 16)
  let used = 0
  const places = createPlaces()
  return {
    all,
    start: crowd(
      setting.honest.map((role) => {
        const started = machine.start(role, terms, rules).durable
        const own = { [ownLeg(role)]: terms[ownLeg(role)] }
        const stop = 'recovered-without-terms' as const
        const durable =
          setting.from === 'recovered' ? { ...started, terms: own, ordered: true, stop } : started
        return single(
          mind({
            role,
            ...{ durable, number: number(durable) },
            ...{ kept: undefined, firm: 0, lost: false, excused: setting.from === 'recovered' },
            ...{ cancelled: false, fooled: false },
          }),
          setting.offline,
          0,
          undefined,
        )
      }),
    ),
    sights: sights.of,
    turns(...seen) {
      const place = this.place(...seen)
      return pool.slice(place + 1, place + 1 + (pool[place] as number))
    },
    place(parties, longSight, longNow, shortSight, shortNow) {
      const { behind: behindLong } = sights.all.long[longSight] as Sight
      const { behind: behindShort } = sights.all.short[shortSight] as Sight
      const sight = longSight * SIGHTS + shortSight
      const kind = instantAt(longNow, shortNow, behindLong, behindShort)
      const who = parties * INSTANTS + kind
      const ready = places.get(who, sight)
      if (ready >= 0) return ready
      looked = sight
      instant = kind
      turnsOf(parties, (at) => options(at, longNow, shortNow))
      if (used + size + 1 > pool.length) {
        const wider = new Int32Array(2 ** Math.ceil(Math.log2(used + size + 2)))
        wider.set(pool)
        pool = wider
      }
      const place = used
      pool[place] = size
      pool.set(found.subarray(0, size), place + 1)
      used += size + 1
      places.set(who, sight, place)
      return place
    },
    pool: () => pool,
    complaint(parties, longSight, longNow, shortSight, shortNow, at) {
      const now = lookOf(longSight, longNow, shortSight, shortNow)
      byHeart = false
      turnsOf(parties, (of) => optionsOf(of, now))
      byHeart = true
      return said[at] ?? 'the machine decides by what it must not'
    },
    steps: () => made,
  }
}

/** Lies about which locks there are. */
const FOOLS: ReadonlySet<Told | undefined> = /* @__PURE__ */ new Set<Told | undefined>([
  'no locks',
  'a lock on mere say-so',
  'an earlier clock',
])

/** Tellings that don't say which locks there are. */
const HIDES: ReadonlySet<Told | undefined> = /* @__PURE__ */ new Set<Told | undefined>([...FOOLS, 'nothing'])

/** What is kept of a look, as a text. */
function told(view: SwapMachine.SwapState['view']): string {
  return JSON.stringify(view, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value instanceof Uint8Array ? value[0] : value,
  )
}
