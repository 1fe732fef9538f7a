import type { LockProfile } from '@aitbc/core'

/*
 * The HTLC as one automaton: locked → claimed | refunded. Pure; what each chain's lock does is compared with it, but for what the
 * chain's `LockProfile` declares.
 */

export type Actor = 'alice' | 'bob' | 'mallory'

/** What the hash of a lock is of, and by which function. */
export interface Preimage {
  /** Tells secrets apart. */
  readonly number: number
  readonly length: 31 | 32 | 33
  readonly hash: 'sha256' | 'sha256 twice' | 'keccak256'
}

export interface Terms {
  readonly locker: Actor
  readonly beneficiary: Actor
  readonly asset: 'coin' | 'token'
  /** Above the least amount that the chain takes; −1 is dust. */
  readonly over: number
  readonly preimage: Preimage
  /** Clock units after the trace's own instant, which is 0. */
  readonly deadline: number
  readonly salt: number
}

/** What somebody does at an instant of the chain's clock. */
export type Act = { readonly time: number; readonly terms: number; readonly by: Actor } & (
  | {
      readonly do: 'lock'
      /** Pays in another asset than the terms name. */
      readonly twist?: 'asset'
    }
  | {
      readonly do: 'claim'
      readonly secret: 'right' | 'wrong' | 'hash'
      /** Pays another than the beneficiary, another asset, or goes to another contract where no such lock is. */
      readonly twist?: 'payee' | 'asset' | 'contract'
    }
  | { readonly do: 'refund'; readonly twist?: 'payee' | 'contract' }
)

/** Acts in order of time, on locks of these terms. */
export interface Trace {
  readonly terms: readonly Terms[]
  readonly acts: readonly Act[]
}

/** Units that an act moved, of the asset of its terms: what each actor and the locks gained or lost. Zeros are left out. */
export type Moves = Readonly<Partial<Record<Actor | 'held', bigint>>>

/** What an act came to; `inapplicable` where a chain has no such act at all (no tokens on Bitcoin). */
export type Outcome =
  | { readonly is: 'done'; readonly moves: Moves }
  | { readonly is: 'refused' }
  | { readonly is: 'inapplicable'; readonly why: string }

/** The comparisons at the deadline. */
export interface Rule {
  claims(time: number, deadline: number): boolean
  refunds(time: number, deadline: number): boolean
}

/** Claims before the deadline, refunds from it on. */
export const RULE: Rule = {
  claims: (time, deadline) => time < deadline,
  refunds: (time, deadline) => time >= deadline,
}

/** A rule that is wrong by one unit: claims at the deadline still, refunds only after it. */
export const WRONG_RULE: Rule = {
  claims: (time, deadline) => time <= deadline,
  refunds: (time, deadline) => time > deadline,
}

/** What the reference has to know about a chain besides the rule. */
export interface Ground {
  readonly profile: Pick<LockProfile, 'lateClaims' | 'payee' | 'unique' | 'lateLocks'>
  /** The least amount that a lock takes, base units. */
  readonly least: bigint
}

type State = 'locked' | 'claimed' | 'refunded'

/** Locks that stand or stood; more than one of the same terms only where they aren't unique. */
export type World = readonly { readonly terms: number; readonly state: State }[]

/** What an act does to the locks, and what is seen of it. */
export function step(
  world: World,
  { terms: all }: Pick<Trace, 'terms'>,
  act: Act,
  { profile, least }: Ground,
  rule: Rule = RULE,
): { readonly world: World; readonly outcome: Outcome } {
  const refused = { world, outcome: { is: 'refused' } } as const
  const terms = all[act.terms] as Terms
  const { locker, beneficiary, deadline } = terms
  const amount = least + BigInt(terms.over)
  if (act.do === 'lock') {
    if (act.twist !== undefined || amount < least) return refused
    if (profile.unique && (act.by !== locker || world.some((lock) => same(all, lock.terms, act.terms))))
      return refused
    if (!profile.lateLocks && act.time >= deadline) return refused
    return {
      world: [...world, { terms: act.terms, state: 'locked' }],
      outcome: { is: 'done', moves: { [act.by]: -amount, held: amount } },
    }
  }
  if (act.twist !== undefined) return refused
  const at = world.findIndex((lock) => same(all, lock.terms, act.terms) && lock.state === 'locked')
  if (at < 0) return refused
  const payee = act.do === 'claim' ? beneficiary : locker
  if (profile.payee === 'key' && act.by !== payee) return refused
  if (act.do === 'claim') {
    const { length, hash } = terms.preimage
    if (act.secret !== 'right' || length !== 32 || hash !== 'sha256') return refused
    if (!profile.lateClaims && !rule.claims(act.time, deadline)) return refused
  } else if (!rule.refunds(act.time, deadline)) return refused
  const state = act.do === 'claim' ? 'claimed' : 'refunded'
  return {
    world: world.map((lock, i) => (i === at ? { ...lock, state } : lock)),
    outcome: { is: 'done', moves: { [payee]: amount, held: -amount } },
  }
}

/** What each act of a trace comes to. */
export function outcomes(trace: Trace, ground: Ground, rule: Rule = RULE): readonly Outcome[] {
  let world: World = []
  return trace.acts.map((act) => {
    const next = step(world, trace, act, ground, rule)
    world = next.world
    return next.outcome
  })
}

/** Whether two terms of a trace are the same, word by word: then they are one lock. */
export function same(all: readonly Terms[], a: number, b: number): boolean {
  return a === b || JSON.stringify(all[a]) === JSON.stringify(all[b])
}
