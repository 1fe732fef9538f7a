import { Hashlock, type Lock, type LockTerms } from '@aitbc/core'
import { incomingLeg, type Leg as Name, ownLeg, type Role } from '../Agreement.js'
import type * as SwapMachine from '../SwapMachine.js'
import { ACTS, type Leg, type Legs, numbers } from './Leg.js'
import { createMemo } from './Memo.js'
import { EPOCH, type Setting } from './Setting.js'

/** The functions of the machine that is explored: the production ones, or mutants of them. */
export type Machine = Pick<typeof SwapMachine, 'start' | 'step' | 'resume'>

/** One honest party between two looks. What it saw is read again at each look, so only what is durable is kept. */
interface Party {
  readonly role: Role
  readonly durable: SwapMachine.Durable
  readonly offlineLeft: number
  /** Ticks missed in a row. */
  readonly missed: number
  /** Whose locks it has seen final, each a bit. */
  readonly firm: number
  /** It has seen that a lock is gone that it had seen final. */
  readonly lost: boolean
  readonly finished?: SwapMachine.Outcome
}

/** What one tick of the honest parties may come to, packed: see {@link packed}. */
interface Turn {
  readonly parties: number
  readonly acts: { readonly [L in Name]: number }
  /** The secret was handed to an endpoint. */
  readonly reveals: boolean
  /** A party has finished while an endpoint told it that there is no lock to be paid from. */
  readonly misled: boolean
  /** What must not be. */
  readonly violation?: string
}

/** All states of the honest parties that were met, by number, and their turns. */
export interface Parties {
  readonly all: readonly (readonly Party[])[]
  readonly start: number
  /** What of a leg's state the parties see, by number. */
  sight(name: Name, leg: number): number
  /** What the parties may do when both legs are looked at: one number for each, which the functions of {@link TURN} read. */
  turns(parties: number, long: number, longNow: number, short: number, shortNow: number): Int32Array
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
export const CROWD = 1 << 13

/** Where a turn holds what: the parties' number lowest, then acts, then flags. */
export const TURN = {
  parties: (turn: number): number => turn & (CROWD - 1),
  long: (turn: number): number => (turn >>> 13) & 15,
  short: (turn: number): number => (turn >>> 17) & 15,
  reveals: (turn: number): boolean => (turn & (1 << 21)) !== 0,
  misled: (turn: number): boolean => (turn & (1 << 22)) !== 0,
  /** Some honest party has finished. */
  finished: (turn: number): boolean => (turn & (1 << 23)) !== 0,
  /** All of them have. */
  over: (turn: number): boolean => (turn & (1 << 24)) !== 0,
  violates: (turn: number): boolean => (turn & (1 << 25)) !== 0,
} as const

interface Sight {
  readonly locks: readonly SwapMachine.LockView[]
  readonly behind: number
  /** The own lock can never appear. */
  readonly voided: boolean
  /** What is really there, beside what is told. */
  readonly leg: Leg
}

const SECRET = /* @__PURE__ */ new Uint8Array(32).fill(0x5e)
const AMOUNT = 2n
const NAMES = ['long', 'short'] as const
const SIGHTS = 1 << 10
const INSTANTS = 1 << 10

/** Terms of a leg whose deadline counts ticks. */
function termsOf(name: Name, deadline: number): LockTerms.LockTerms {
  const network = `check:${name}`
  const party = (who: string) => ({ account: `${network}:${who}`, payout: `${network}:${who}` }) as const
  const [locker, beneficiary] =
    name === 'long' ? (['initiator', 'follower'] as const) : (['follower', 'initiator'] as const)
  return {
    version: 1,
    backend: { network: network as LockTerms.Backend['network'], kind: 'model' },
    asset: `${network}/coin:native` as LockTerms.LockTerms['asset'],
    amount: AMOUNT,
    hashlock: Hashlock.of(SECRET),
    locker: party(locker) as LockTerms.Party,
    beneficiary: party(beneficiary) as LockTerms.Party,
    deadline: clock(name, deadline),
    salt: new Uint8Array(32).fill(name === 'long' ? 1 : 2),
  }
}

function clock(name: Name, at: number): LockTerms.LockTerms['deadline'] {
  return {
    network: `check:${name}` as LockTerms.Backend['network'],
    clock: 'unix',
    value: BigInt(EPOCH + at),
  }
}

export function createParties(
  setting: Setting,
  legs: { readonly [L in Name]: Legs },
  machine: Machine,
): Parties {
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

  const durables: string[] = []
  const durableOf = new Map<string, number>()
  const numbered = new WeakMap<SwapMachine.Durable, number>()
  const number = (durable: SwapMachine.Durable): number => {
    const ready = numbered.get(durable)
    if (ready !== undefined) return ready
    const made = numberOf(durable)
    numbered.set(durable, made)
    return made
  }
  const numberOf = (durable: SwapMachine.Durable): number => {
    const { ordered, revealed, learned, voided, settled, stop, outcome } = durable
    const key = `${ordered}${revealed}${learned !== undefined}${voided}${[...settled].sort()}${stop}${outcome}`
    const at = durableOf.get(key)
    if (at !== undefined) return at
    durableOf.set(key, durables.length)
    durables.push(key)
    return durables.length - 1
  }

  const all: (readonly Party[])[] = []
  const known = new Map<string, number>()
  const of = (parties: readonly Party[]): number => {
    const key = parties
      .map((p) => `${number(p.durable)},${p.offlineLeft},${p.missed},${p.firm},${p.lost},${p.finished}`)
      .join('|')
    const at = known.get(key)
    if (at !== undefined) return at
    if (all.length >= CROWD) throw new RangeError(`the honest parties have more than ${CROWD} states`)
    known.set(key, all.length)
    all.push(parties)
    return all.length - 1
  }

  const sights = { long: [] as Sight[], short: [] as Sight[] }
  const sightOf = { long: new Map<string, number>(), short: new Map<string, number>() }
  const sightAt = { long: numbers(-1), short: numbers(-1) }
  const lockOf = (name: Name, less: boolean): Lock => ({
    ref: name,
    transaction: name,
    amount: less ? AMOUNT - 1n : AMOUNT,
    match: less ? 'under' : 'exact',
  })
  const viewsOf = (name: Name, leg: Leg): readonly SwapMachine.LockView[] => {
    const { finality, shown } = setting.chains[name]
    if (leg.lock === 'none' || leg.lock === 'void' || (leg.lock === 'waits' && !shown)) return []
    const isFinal = (depth: number) => depth > finality
    const view = {
      lock: lockOf(name, leg.less),
      depth: BigInt(leg.depth),
      final: isFinal(leg.depth),
      assurance: 'proved' as const,
    }
    const kind =
      leg.spend !== 'none'
        ? leg.spend
        : leg.claimAge !== 0
          ? ('claim' as const)
          : leg.refundAge !== 0
            ? ('refund' as const)
            : undefined
    if (kind === undefined) return [view]
    const spend =
      kind === 'claim'
        ? { kind, transaction: 'claim', secret: SECRET }
        : ({ kind, transaction: 'refund' } as const)
    const final = isFinal(leg.spendDepth)
    return [
      {
        ...view,
        spend: { spend, depth: BigInt(leg.spendDepth), final, assurance: final ? 'proved' : 'reported' },
      },
    ]
  }
  const sight = (name: Name, at: number): number => {
    const ready = sightAt[name].get(at)
    if (ready >= 0) return ready
    const leg = legs[name].all[at] as Leg
    const locks = viewsOf(name, leg)
    const behind = Math.max(0, -leg.skew - setting.chains[name].lag)
    const voided = leg.lock === 'none' || (leg.lock === 'void' && leg.depth > setting.chains[name].finality)
    const key = `${locks.map((v) => `${v.lock.match},${v.depth},${v.spend?.spend.kind},${v.spend?.depth}`)}/${behind}${voided}${leg.lock}`
    let made = sightOf[name].get(key)
    if (made === undefined) {
      made = sights[name].length
      if (made >= SIGHTS) throw new RangeError(`the ${name} leg shows more than ${SIGHTS} sights`)
      sightOf[name].set(key, made)
      sights[name].push({ locks, behind, voided, leg })
    }
    sightAt[name].set(at, made)
    return made
  }

  let made = 0
  const step = (state: SwapMachine.SwapState, event: SwapMachine.SwapEvent) => {
    made++
    return machine.step(state, event)
  }

  interface Look {
    readonly sights: { readonly [L in Name]: Sight }
    readonly now: { readonly [L in Name]: number }
    /** What is told of a leg instead of what there is. */
    readonly told: { readonly [L in Name]?: 'nothing' | 'no locks' | 'a lock on mere say-so' }
  }

  const eventOf = ({ sights: seen, now, told }: Look, leg: Name): SwapMachine.SwapEvent => {
    const { locks, behind } = seen[leg]
    const what = told[leg]
    if (what === 'nothing') return { is: 'unreadable', leg, why: 'no answer' }
    const shown = what === undefined ? locks : what === 'no locks' ? [] : sayso[leg]
    return {
      is: 'seen',
      leg,
      locks: shown,
      now: clock(leg, now[leg]),
      ...(behind > 0 ? { behind: BigInt(behind) } : {}),
    }
  }
  const sayso = {
    long: [{ lock: lockOf('long', false), depth: 99n, final: true, assurance: 'reported' as const }],
    short: [{ lock: lockOf('short', false), depth: 99n, final: true, assurance: 'reported' as const }],
  }

  const blank = new WeakMap<SwapMachine.Durable, SwapMachine.SwapState>()
  /** Both legs are read anew, as the runner does it after a restart: nothing is known of either until both are read. */
  const look = ({ role, durable }: Party, now: Look): SwapMachine.Transition => {
    let state = blank.get(durable)
    if (state === undefined) {
      state = machine.resume(role, durable)
      for (const leg of NAMES) ({ state } = step(state, { is: 'unreadable', leg, why: 'not read yet' }))
      blank.set(durable, state)
    }
    return step(step(state, eventOf(now, 'long')).state, eventOf(now, 'short'))
  }

  // The machine compares times with these, and a mutant with what is one beside them: instants that compare alike are looked up alike.
  const classes = (thresholds: readonly number[]) => {
    const sorted = [...new Set(thresholds.flatMap((at) => [at - 1, at, at + 1]))].sort((a, b) => a - b)
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
    const key = setting.exact
      ? longNow * 4096 + shortNow
      : ((shortClass(shortLeft) * 64 + shortClass(shortLeft - behindShort)) * 16 + longClass(longLeft)) * 16 +
        apartClass(longLeft - behindLong - shortLeft)
    const ready = instants.get(key)
    if (ready !== undefined) return ready
    if (instants.size >= INSTANTS) throw new RangeError(`more than ${INSTANTS} kinds of instants`)
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
      throw new RangeError(`a chain stands still for more than ${BEHIND} ticks`)
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

  interface Decision {
    readonly durable: SwapMachine.Durable
    /** As it is when the secret left and nobody noted that. */
    readonly unnoted: SwapMachine.Durable
    readonly finished?: SwapMachine.Outcome
    readonly acts: { readonly [L in Name]: number }
    readonly reveals: boolean
    readonly misled?: true
    readonly violation?: string
  }

  const decide = (party: Party, now: Look): Decision => {
    const { role } = party
    const own = ownLeg(role)
    const incoming = incomingLeg(role)
    let { state, commands } = look(party, now)
    if (commands.some((c) => c.do === 'void') && now.sights[own].voided)
      ({ state, commands } = step(state, { is: 'voided' }))
    const unnoted = state.durable
    const acts = { long: 0, short: 0 }
    let finished: SwapMachine.Outcome | undefined
    let reveals = false
    let violation: string | undefined
    for (const command of commands) {
      if (command.do === 'alarm') continue
      if (command.do === 'finish') {
        finished = command.outcome
        break
      }
      if (command.leg !== (command.do === 'claim' ? incoming : own))
        violation ??= `S5: the ${role} would ${command.do} the ${command.leg} leg`
      if (command.do === 'lock') {
        if (now.sights[own].leg.lock === 'none') violation ??= mayLock(party, unnoted, now)
      } else if (command.do === 'claim' && command.leg === incoming) {
        const there = now.sights[incoming].leg
        const sends =
          role === 'initiator' && there.lock === 'in' && (there.spend === 'none' || there.spendDepth === 0)
        if (role === 'initiator' && !unnoted.revealed) {
          violation ??= mayReveal(party, unnoted, now)
          reveals ||= sends
        }
        if (there.lock !== 'in') continue
      }
      acts[command.leg] |= ACTS[command.do]
    }
    const honestly = now.told.long === undefined && now.told.short === undefined
    if (finished === undefined && honestly) violation ??= idempotent(state, commands, now)
    if (finished === undefined && commands.some((c) => c.do === 'alarm') !== (unnoted.stop === 'reorg'))
      violation ??= 'S12: an alarm without its reason, or a reason without the alarm'
    const durable = reveals ? step(state, { is: 'revealed' }).state.durable : unnoted
    return {
      durable,
      unnoted,
      acts,
      reveals,
      ...(finished === undefined ? {} : { finished }),
      ...(finished !== undefined && now.told[incoming] === 'no locks' ? { misled: true } : {}),
      ...(violation === undefined ? {} : { violation }),
    }
  }

  const real = (leg: Leg, name: Name) => ({
    exact: leg.lock === 'in' && !leg.less,
    final: leg.depth > setting.chains[name].finality,
    unspent: leg.spend === 'none' && leg.claimAge === 0 && leg.refundAge === 0,
  })

  /** S8, S9: what there must be when an honest party's lock goes out. */
  const mayLock = (
    { role, durable: before, lost }: Party,
    durable: SwapMachine.Durable,
    { sights: seen, now }: Look,
  ): string | undefined => {
    if (lost) return `S12: the ${role} locks after a lock that was final is gone`
    if (!durable.ordered) return `S9: the ${role} locks before that is durable`
    const left = setting.deadlines.short - now.short - seen.short.behind
    // What was ordered in time may go out later: until then nobody could have used the time.
    const orders = !before.ordered
    if (role === 'initiator')
      return orders && left < setting.rules.launch
        ? `S8: the initiator locks with ${left} ticks left, ${setting.rules.launch} are needed`
        : undefined
    const { exact, final, unspent } = real(seen.long.leg, 'long')
    if (!exact || !final || !unspent)
      return 'S8: the follower locks without an exact, final, unspent long lock'
    if (orders && left < setting.rules.lock)
      return `S8: the follower locks with ${left} ticks left, ${setting.rules.lock} are needed`
    const apart = setting.deadlines.long - now.long - seen.long.behind - (setting.deadlines.short - now.short)
    if (orders && apart < setting.rules.apart)
      return `S8: the follower locks with the legs ${apart} ticks apart, ${setting.rules.apart} are needed`
    return durable.stop === undefined ? undefined : 'S12: the follower locks after it stopped'
  }

  /** S7: what there must be when the secret goes out. */
  const mayReveal = (
    { lost }: Party,
    durable: SwapMachine.Durable,
    { sights: seen, now }: Look,
  ): string | undefined => {
    if (lost) return 'S12: the secret leaves after a lock that was final is gone'
    const { exact, final, unspent } = real(seen.short.leg, 'short')
    if (!exact || !final || !unspent)
      return 'S7: the secret leaves without an exact, final, unspent short lock'
    const left = setting.deadlines.short - now.short - seen.short.behind
    if (left < setting.rules.reveal)
      return `S7: the secret leaves with ${left} ticks left, ${setting.rules.reveal} are needed`
    return durable.stop === undefined ? undefined : 'S7: the secret leaves after a stop'
  }

  /** S15: the same sight again gives the same commands and changes nothing durable. */
  const idempotent = (
    state: SwapMachine.SwapState,
    commands: readonly SwapMachine.Command[],
    now: Look,
  ): string | undefined => {
    const keys = (list: readonly SwapMachine.Command[]) =>
      list
        .map((c) => c.key)
        .sort()
        .join(' ')
    const expected = keys(commands)
    for (const leg of NAMES) {
      const again = step(state, eventOf(now, leg))
      if (number(again.state.durable) !== number(state.durable))
        return `S15: the same sight of the ${leg} leg again changes what is durable`
      if (keys(again.commands) !== expected)
        return `S15: the same sight of the ${leg} leg again gives "${keys(again.commands)}", before "${expected}"`
    }
    return undefined
  }

  interface Option extends Decision {
    readonly party: Party
  }
  const FIRM = { long: 1, short: 2 } as const
  const isLost = ({ firm }: Party, { sights: seen, told }: Look): boolean =>
    NAMES.some(
      (leg) =>
        told[leg] === undefined &&
        (firm & FIRM[leg]) !== 0 &&
        !seen[leg].locks.some((view) => view.depth > 0n),
    )
  const firmOf = ({ firm }: Party, { sights: seen, told }: Look): number =>
    NAMES.reduce(
      (bits, leg) =>
        told[leg] === undefined && seen[leg].locks.some((view) => view.final) ? bits | FIRM[leg] : bits,
      firm,
    )
  const options = (party: Party, now: Look): readonly Option[] => {
    if (party.finished !== undefined)
      return [
        {
          party,
          durable: party.durable,
          unnoted: party.durable,
          acts: { long: 0, short: 0 },
          reveals: false,
        },
      ]
    // Whoever has ordered nothing may be away as long as it likes; that it looks again some day is taken for granted.
    const counted = party.durable.ordered || now.now.long >= setting.deadlines.long
    const may = !counted || party.missed < setting.detection || party.offlineLeft > 0
    const missing: Party = !counted
      ? party
      : party.missed < setting.detection
        ? { ...party, missed: party.missed + 1 }
        : { ...party, offlineLeft: party.offlineLeft - 1 }
    const found: Option[] = []
    const put = (base: Party, saw: Look | undefined, decision: Decision, durable = decision.durable) =>
      found.push({
        ...decision,
        party: {
          ...base,
          durable,
          ...(saw === undefined ? {} : { lost: base.lost || isLost(base, saw), firm: firmOf(base, saw) }),
          ...(decision.finished === undefined ? {} : { finished: decision.finished }),
        },
      })
    const lied = (base: Party, saw: Look) => put(base, saw, decided(party, saw))
    const calm = decided(party, now)
    put({ ...party, missed: 0 }, now, calm)
    if (setting.fair === true) return found
    // It crashes when the secret is out, and before that is noted.
    if (calm.reveals) put({ ...party, missed: 0 }, now, calm, calm.unnoted)
    const incoming = incomingLeg(party.role)
    if (now.sights[incoming].locks.length === 0)
      lied({ ...party, missed: 0 }, { ...now, told: { [incoming]: 'a lock on mere say-so' } })
    if (!may) return found
    const { finished: _, ...undone } = calm
    const nothing = { acts: { long: 0, short: 0 }, reveals: false }
    // Away; or crashed with everything decided and nothing done.
    put(missing, undefined, { durable: party.durable, unnoted: party.durable, ...nothing })
    if (calm.violation === undefined) put(missing, now, { ...undone, durable: calm.unnoted, ...nothing })
    for (const leg of NAMES)
      for (const what of ['nothing', 'no locks'] as const) lied(missing, { ...now, told: { [leg]: what } })
    return found
  }

  const turnOf = (chosen: readonly Option[]): Turn => {
    const violation = chosen.find((o) => o.violation !== undefined)?.violation
    return {
      parties: of(chosen.map((o) => o.party)),
      acts: {
        long: chosen.reduce((bits, o) => bits | o.acts.long, 0),
        short: chosen.reduce((bits, o) => bits | o.acts.short, 0),
      },
      reveals: chosen.some((o) => o.reveals),
      misled: chosen.some((o) => o.misled === true),
      ...(violation === undefined ? {} : { violation }),
    }
  }

  const decisions = new Map<number, Decision>()
  const TOLD = ['nothing', 'no locks', 'a lock on mere say-so'] as const
  let instant = 0
  let looked = 0
  let byHeart = true
  /** What is decided depends on what is durable, on what is told, and on nothing else. */
  const decided = (party: Party, now: Look): Decision => {
    if (!byHeart) return decide(party, now)
    const told = NAMES.reduce((sum, leg) => {
      const what = now.told[leg]
      return sum * 4 + (what === undefined ? 0 : TOLD.indexOf(what) + 1)
    }, 0)
    const key =
      ((number(party.durable) * 2 + Number(party.role === 'initiator')) * 16 + told) *
        (SIGHTS * SIGHTS * INSTANTS) +
      looked * INSTANTS +
      instant
    const ready = decisions.get(key)
    if (ready !== undefined) return ready
    const fresh = decide(party, now)
    decisions.set(key, fresh)
    return fresh
  }

  const turnsOf = (parties: number, now: Look): readonly Turn[] => {
    let combined: (readonly Option[])[] = [[]]
    for (const party of all[parties] as readonly Party[])
      combined = combined.flatMap((chosen) => options(party, now).map((option) => [...chosen, option]))
    const turns = new Map<string, Turn>()
    for (const chosen of combined) {
      const turn = turnOf(chosen)
      const name = `${turn.parties},${turn.acts.long},${turn.acts.short},${turn.reveals},${turn.misled},${turn.violation}`
      if (!turns.has(name)) turns.set(name, turn)
    }
    return [...turns.values()]
  }

  const packed = ({ parties, acts, reveals, misled, violation }: Turn): number => {
    const done = (all[parties] as readonly Party[]).map((party) => party.finished !== undefined)
    return (
      parties |
      (acts.long << 13) |
      (acts.short << 17) |
      (Number(reveals) << 21) |
      (Number(misled) << 22) |
      (Number(done.includes(true)) << 23) |
      (Number(!done.includes(false)) << 24) |
      (Number(violation !== undefined) << 25)
    )
  }
  const lookOf = (longSight: number, longNow: number, shortSight: number, shortNow: number): Look => ({
    sights: { long: sights.long[longSight] as Sight, short: sights.short[shortSight] as Sight },
    now: { long: longNow, short: shortNow },
    told: {},
  })

  const memo = createMemo<Int32Array>()
  return {
    all,
    start: of(
      setting.honest.map((role) => ({
        role,
        durable: machine.start(role, terms, rules).durable,
        offlineLeft: setting.offline,
        missed: 0,
        firm: 0,
        lost: false,
      })),
    ),
    sight,
    turns(parties, longSight, longNow, shortSight, shortNow) {
      const { behind: behindLong } = sights.long[longSight] as Sight
      const { behind: behindShort } = sights.short[shortSight] as Sight
      looked = longSight * SIGHTS + shortSight
      instant = instantAt(longNow, shortNow, behindLong, behindShort)
      const who = parties * INSTANTS + instant
      const ready = memo.get(who, looked)
      if (ready !== undefined) return ready
      const made = Int32Array.from(turnsOf(parties, lookOf(longSight, longNow, shortSight, shortNow)), packed)
      memo.set(who, looked, made)
      return made
    },
    complaint(parties, longSight, longNow, shortSight, shortNow, at) {
      byHeart = false
      const turn = turnsOf(parties, lookOf(longSight, longNow, shortSight, shortNow))[at]
      byHeart = true
      return turn?.violation ?? 'the machine decides by what it must not'
    },
    steps: () => made,
  }
}
