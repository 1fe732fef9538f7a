import { Hashlock, type Lock, type LockTerms } from '@aitbc/core'
import type { Leg as Name } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import type * as SwapMachine from '../SwapMachine.js'
import { type Leg, type Legs, numbers } from './Leg.js'
import { EPOCH, type Setting } from './Setting.js'

/** What an endpoint tells of a leg instead of what there is. */
export type Told =
  | 'nothing'
  | 'no locks'
  | 'a lock on mere say-so'
  | 'a made-up refund'
  | 'a made-up claim'
  | 'no spends'
  | 'an earlier clock'
  /** True, where somebody pays twice. */
  | 'two locks'
  /** True, where the network itself says what is final. */
  | 'only that it is final'

export const TELLINGS: readonly Told[] = [
  ...(['nothing', 'no locks', 'a lock on mere say-so', 'a made-up refund', 'a made-up claim'] as const),
  ...(['no spends', 'an earlier clock', 'two locks', 'only that it is final'] as const),
]

/** What a leg shows of itself. */
export interface Sight {
  readonly locks: readonly SwapMachine.LockView[]
  readonly behind: number
  /** The own lock can never appear. */
  readonly voided: boolean
  /** What is really there, beside what is told. */
  readonly leg: Leg
}

/** What a party looks at in a tick. */
export interface Look {
  readonly sights: { readonly [L in Name]: Sight }
  /** The chains' clocks. */
  readonly now: { readonly [L in Name]: number }
  readonly told: { readonly [L in Name]: Told | undefined }
}

/** The most that a leg can show. */
export const SIGHTS = 1 << 10

export const NAMES = ['long', 'short'] as const
/** What opens the hashlock. */
export const SECRET = /* @__PURE__ */ new Uint8Array(32).fill(0x5e)
/** What opens nothing. */
const OTHER = /* @__PURE__ */ new Uint8Array(32).fill(0x0e)
const AMOUNT = 2n

/** Terms of a leg whose deadline counts ticks. */
export function termsOf(name: Name, deadline: number): LockTerms.LockTerms {
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

function lockOf(name: Name, less: boolean): Lock {
  return {
    ref: name,
    transaction: name,
    amount: less ? AMOUNT - 1n : AMOUNT,
    match: less ? 'under' : 'exact',
  }
}

/** What the parties see of the legs' states. */
export interface Sights {
  readonly all: { readonly [L in Name]: readonly Sight[] }
  /** What the parties see of the states of a leg, by number. */
  of(name: Name, legs: Legs): (leg: number) => number
  /** The first sight that looks as this one does where an endpoint tells such a thing of it. */
  alike(name: Name, sight: number, told: Told): number
  /** A leg's clock as the machine counts it. */
  clockAt(name: Name, at: number): bigint
  /** What a machine is told when it looks at a leg. */
  event(look: Look, leg: Name, kept: SwapMachine.SwapState['view'] | undefined): SwapMachine.SwapEvent
}

export function createSights(setting: Setting): Sights {
  const all = { long: [] as Sight[], short: [] as Sight[] }
  const known = { long: new Map<string, number>(), short: new Map<string, number>() }
  const alikes = { long: numbers(-1), short: numbers(-1) }
  const firsts = { long: new Map<string, number>(), short: new Map<string, number>() }

  const viewsOf = (name: Name, leg: Leg): readonly SwapMachine.LockView[] => {
    const { finality, shown, firm } = setting.chains[name]
    if (leg.lock === 'none' || leg.lock === 'void' || (leg.lock === 'waits' && !shown)) return []
    const isFinal = (depth: number) => depth > finality
    const view: SwapMachine.LockView = {
      lock: lockOf(name, leg.less),
      depth: BigInt(leg.depth),
      final: isFinal(leg.depth),
      assurance: 'proved',
      ...(firm === true ? { firm } : {}),
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
    const { spendDepth } = leg
    // What is in a block can be proved; what waits is told by whoever has it.
    const assurance = spendDepth > 0 ? ('proved' as const) : ('reported' as const)
    return [{ ...view, spend: { spend, depth: BigInt(spendDepth), final: isFinal(spendDepth), assurance } }]
  }

  const madeUp = (name: Name, locks: Sight['locks'], kind: 'claim' | 'refund'): Sight['locks'] =>
    locks.map((view) => ({
      ...view,
      spend: {
        spend:
          kind === 'claim'
            ? { kind, transaction: `${name}/lie`, secret: OTHER }
            : { kind, transaction: `${name}/lie` },
        depth: BigInt(setting.chains[name].finality + 1),
        final: true,
        assurance: 'reported',
      },
    }))

  const shown = (name: Name, { locks }: Sight, what: Told | undefined): Sight['locks'] => {
    switch (what) {
      case 'no locks':
        return []
      case 'a lock on mere say-so':
        return [{ lock: lockOf(name, false), depth: 99n, final: true, assurance: 'reported' }]
      case 'a made-up refund':
        return madeUp(name, locks, 'refund')
      case 'a made-up claim':
        return madeUp(name, locks, 'claim')
      case 'no spends':
        return locks.map(({ spend: _, ...view }) => view)
      case 'two locks':
        return locks.flatMap((view) => [view, { ...view, lock: { ...view.lock, ref: `${name}/second` } }])
      case 'only that it is final':
        return locks.map((view) => ({ ...view, depth: 1n }))
      default:
        return locks
    }
  }

  const textOf = (locks: Sight['locks']) =>
    `${locks.map((v) => `${v.lock.match},${v.depth},${v.spend?.spend.kind},${v.spend?.depth}`)}`

  const sightOf = (name: Name, leg: Leg): number => {
    const locks = viewsOf(name, leg)
    const behind = Math.max(0, -leg.skew - setting.chains[name].lag)
    const voided = leg.lock === 'none' || (leg.lock === 'void' && leg.depth > setting.chains[name].finality)
    const key = `${textOf(locks)}/${behind}${voided}${leg.lock}${leg.gift === true}`
    const ready = known[name].get(key)
    if (ready !== undefined) return ready
    const made = all[name].length
    if (made >= SIGHTS)
      throw SwapErrors.CheckTooLarge(`the ${name} leg shows more than ${SIGHTS} sights`, {
        bound: 'sights',
      })
    known[name].set(key, made)
    all[name].push({ locks, behind, voided, leg })
    return made
  }

  return {
    all,
    of(name, legs) {
      const memo = numbers(-1)
      return (leg) => {
        const ready = memo.get(leg)
        if (ready >= 0) return ready
        const made = sightOf(name, legs.all[leg] as Leg)
        memo.set(leg, made)
        return made
      }
    },
    alike(name, number, told) {
      const at = number * TELLINGS.length + TELLINGS.indexOf(told)
      const ready = alikes[name].get(at)
      if (ready >= 0) return ready
      const sight = all[name][number] as Sight
      const { leg, behind, voided } = sight
      const key = `${told}/${textOf(shown(name, sight, told))}/${behind}${voided}${leg.lock === 'in'}${isUnmined(leg)}`
      const first = firsts[name].get(key) ?? number
      firsts[name].set(key, first)
      alikes[name].set(at, first)
      return first
    },
    clockAt: (name, at) => clock(name, at).value,
    event({ sights, now, told }, leg, kept) {
      const what = told[leg]
      if (what === 'nothing') return { is: 'unreadable', leg, why: 'no answer' }
      const { behind } = sights[leg]
      const latest = what === 'an earlier clock' ? latestOf(kept?.[leg]) : undefined
      const at = latest === undefined ? clock(leg, now[leg]) : { ...latest, value: latest.value - 1n }
      const { early } = setting.chains[leg]
      const remaining = BigInt(EPOCH + setting.deadlines[leg]) - at.value
      return {
        is: 'seen',
        leg,
        locks: shown(leg, sights[leg], what),
        now: at,
        ...(behind > 0 && latest === undefined ? { behind: BigInt(behind) } : {}),
        ...(early === undefined ? {} : { left: { least: remaining - BigInt(early), most: remaining } }),
      }
    },
  }
}

/** No block has a spend of it. */
export function isUnmined({ spend, spendDepth }: Leg): boolean {
  return spend === 'none' || spendDepth === 0
}

/** The latest instant of a leg that a party has seen and still knows of. */
export function latestOf(view: SwapMachine.LegView | undefined): SwapMachine.Seen['now'] | undefined {
  if (view === undefined || view.is === 'unseen') return undefined
  return view.is === 'seen' ? view.now : view.latest
}

/** What a party still knows of a leg. */
export function lastOf(view: SwapMachine.LegView | undefined): SwapMachine.Seen | undefined {
  if (view === undefined || view.is === 'unseen') return undefined
  return view.is === 'seen' ? view : view.last
}
