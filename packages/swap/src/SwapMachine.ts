import { Deadline, Fact, Hashlock, type Lock, type LockTerms, type Spend } from '@aitbc/core'
import { incomingLeg, type Leg, ownLeg, type Role } from './Agreement.js'

/** The numbers that the machine decides by, all of this party's own policy and of the chains' profiles. */
export interface Rules {
  /** Least time on the short leg's own clock when the initiator locks, seconds. */
  readonly launch: bigint
  /** Least time on the short leg's own clock when the follower locks, seconds. */
  readonly lock: bigint
  /** Least time on the short leg's own clock when the secret is revealed, seconds. */
  readonly reveal: bigint
  /** Least assurance of the incoming lock before anything irrevocable. */
  readonly assurance: Fact.Assurance
  /** Claims of a leg are accepted after its deadline. */
  readonly lateClaims: { readonly [L in Leg]: boolean }
  /** A lock of a leg can still appear after its deadline, so a stuck one must be made void. */
  readonly lateLocks: { readonly [L in Leg]: boolean }
}

/** One lock of a leg as it was last seen. */
export interface LockView {
  readonly lock: Lock
  /** Blocks on top, itself included; 0 in the mempool. */
  readonly depth: bigint
  /** Irreversible by the network's finality rule. */
  readonly final: boolean
  readonly assurance: Fact.Assurance
  readonly spend?: { readonly spend: Spend; readonly depth: bigint; readonly final: boolean }
}

/** A leg as it was last seen. */
export type LegView =
  | { readonly is: 'unseen' }
  | { readonly is: 'unreadable'; readonly why: string; readonly last?: LegView }
  | { readonly is: 'seen'; readonly locks: readonly LockView[]; readonly now: Deadline.Deadline }

/** Why a party will not go further towards the exchange; refunds and claims with a public secret go on. */
export type Stop = 'cancelled' | 'too-late' | 'reorg' | 'recovered-without-terms'

/**
 * A party's whole knowledge of one swap. `durable` is what a crash must not lose, and holds no secret that isn't public
 * already; `view` is read from the chains again after a restart.
 */
export interface SwapState {
  readonly role: Role
  readonly durable: Durable
  readonly view: { readonly [L in Leg]: LegView }
}

/** The part of the state that is journaled before any command that follows from it is carried out. */
export interface Durable {
  /** The legs' terms; the incoming leg's are missing only after a recovery that could not rebuild them. */
  readonly terms: { readonly [L in Leg]?: LockTerms.LockTerms }
  readonly rules: Rules
  /** This party's lock was ordered: from now on it may be on chain. */
  readonly ordered: boolean
  /** The initiator ordered its claim: from now on the secret is public. */
  readonly revealed: boolean
  /** The secret, once the counterparty has published it. */
  readonly learned?: Hashlock.Secret
  /** This party's lock can never appear any more: its inputs are finally spent otherwise. */
  readonly voided?: true
  /** Refs of locks seen final: losing one is a reorganisation deeper than planned for. */
  readonly settled: readonly string[]
  readonly stop?: Stop
  readonly outcome?: Outcome
}

/** How it ended for this party (Herlihy's outcomes); never that its lock was claimed and its own claim failed. */
export type Outcome = 'deal' | 'no-deal' | 'free-ride' | 'underwater'

/** What happened. */
export type SwapEvent =
  | {
      readonly is: 'seen'
      readonly leg: Leg
      readonly locks: readonly LockView[]
      /** The chain's own clock. */
      readonly now: Deadline.Deadline
    }
  | { readonly is: 'unreadable'; readonly leg: Leg; readonly why: string }
  /** The own lock's conflict key is finally spent by another transaction. */
  | { readonly is: 'voided' }
  | { readonly is: 'cancel' }

/**
 * What is to be done now. Commands are levels, not edges: each step gives all that is due in its state, and whoever carries
 * them out makes each one idempotent by its `key`.
 */
export type Command =
  | { readonly do: 'lock'; readonly key: string; readonly leg: Leg; readonly terms: LockTerms.LockTerms }
  | {
      readonly do: 'claim'
      readonly key: string
      readonly leg: Leg
      readonly terms: LockTerms.LockTerms
      readonly lock: Lock
      /** `own`: the initiator's, derived by whoever holds the seed; else the public one. */
      readonly secret: 'own' | Hashlock.Secret
    }
  | {
      readonly do: 'refund'
      readonly key: string
      readonly leg: Leg
      readonly terms: LockTerms.LockTerms
      readonly lock: Lock
    }
  /** Make the own lock impossible: it is of no use any more, and could be mined when there is no time left to answer. */
  | { readonly do: 'void'; readonly key: string; readonly leg: Leg }
  | { readonly do: 'alarm'; readonly key: string; readonly reason: string }
  | { readonly do: 'finish'; readonly key: string; readonly outcome: Outcome }

/** What a step gives. */
export interface Transition {
  readonly state: SwapState
  readonly commands: readonly Command[]
}

/**
 * A party's state when both have signed, before anything is on chain.
 */
export function start(role: Role, terms: Durable['terms'], rules: Rules): SwapState {
  return resume(role, { terms, rules, ordered: false, revealed: false, settled: [] })
}

/** The state after a restart: what was journaled, and nothing seen yet. */
export function resume(role: Role, durable: Durable): SwapState {
  return { role, durable, view: { long: { is: 'unseen' }, short: { is: 'unseen' } } }
}

/**
 * One step of one party: takes what happened, gives the new state and all that is to be done in it. Pure and total.
 *
 * - The initiator locks first; the follower locks when the long lock is exact, final and well enough known (S8).
 * - The initiator reveals only against a short lock that is exact, final, well enough known and has time left on its own
 *   clock (S7), and never after it stopped.
 * - A secret seen anywhere, the mempool included, is used at once (H5, H9), and as long as the claim can be undone.
 * - A lock of one's own is refunded from its deadline on (S4), the superfluous ones too (H21).
 */
export function step(state: SwapState, event: SwapEvent): Transition {
  const seen = observe(state, event)
  if (seen.durable.outcome !== undefined) return { state: seen, commands: [finish(seen.durable.outcome)] }
  const protective = [...claims(seen), ...refunds(seen)]
  const commit = commitment(seen)
  const next = commit.state
  const outcome = outcomeOf(next)
  const settled = outcome === undefined ? next : with_(next, { outcome })
  return {
    state: settled,
    commands: [
      ...alarms(settled),
      ...protective,
      ...commit.commands,
      ...(outcome === undefined ? [] : [finish(outcome)]),
    ],
  }
}

/** Why a party waits, for people: one sentence on the first condition that isn't met yet; nothing while it acts. */
export function waitingFor(state: SwapState): string | undefined {
  const { role, durable } = state
  if (durable.outcome !== undefined) return undefined
  if (durable.stop !== undefined && !durable.ordered) return `stopped: ${durable.stop}`
  const own = state.view[ownLeg(role)]
  const incoming = state.view[incomingLeg(role)]
  if (own.is !== 'seen') return `the ${ownLeg(role)} leg can't be read yet`
  if (incoming.is !== 'seen') return `the ${incomingLeg(role)} leg can't be read yet`
  if (durable.ordered && own.locks.length === 0) return 'the own lock to be included'
  if (durable.revealed || durable.learned !== undefined) return 'the claim to become final'
  const exact = incoming.locks.find((view) => view.lock.match === 'exact')
  if (exact === undefined && (role === 'follower' || durable.ordered)) return "the counterparty's lock"
  if (exact !== undefined && !exact.final) return "the counterparty's lock to become final"
  return durable.ordered ? 'the counterparty, or the deadline' : undefined
}

function observe(state: SwapState, event: SwapEvent): SwapState {
  switch (event.is) {
    case 'cancel':
      return state.durable.stop === undefined && !state.durable.revealed
        ? with_(state, { stop: 'cancelled' })
        : state
    case 'voided':
      return with_(state, { voided: true })
    case 'unreadable': {
      const before = state.view[event.leg]
      const last = before.is === 'unreadable' ? before.last : before
      const view: LegView = { is: 'unreadable', why: event.why, ...(last === undefined ? {} : { last }) }
      return { ...state, view: { ...state.view, [event.leg]: view } }
    }
    case 'seen': {
      const view: LegView = { is: 'seen', locks: event.locks, now: event.now }
      return remember({ ...state, view: { ...state.view, [event.leg]: view } }, event.leg)
    }
  }
}

/** What a new view adds to the durable part: a public secret, settled locks, a reorganisation that undid one. */
function remember(state: SwapState, leg: Leg): SwapState {
  const { durable, role } = state
  const view = state.view[leg]
  const terms = durable.terms[leg]
  if (view.is !== 'seen' || terms === undefined) return state
  const secret = view.locks
    .map((v) => (v.spend?.spend.kind === 'claim' ? v.spend.spend.secret : undefined))
    .find((value) => value !== undefined && Hashlock.opens(value, terms.hashlock))
  const final = view.locks.filter((v) => v.final).map((v) => v.lock.ref)
  const lost = durable.settled
    .filter((key) => key.startsWith(`${leg}/`))
    .some((key) => !final.includes(key.slice(leg.length + 1)))
  const settled = [...new Set([...durable.settled, ...final.map((ref) => `${leg}/${ref}`)])]
  return with_(state, {
    settled,
    ...(secret === undefined || durable.learned !== undefined || role === 'initiator'
      ? {}
      : { learned: secret }),
    ...(secret !== undefined && role === 'initiator' ? { revealed: true } : {}),
    ...(lost && durable.stop === undefined ? { stop: 'reorg' as const } : {}),
  })
}

/** Claims of the incoming leg with a secret that is public: always right, whatever else is true. */
function claims(state: SwapState): readonly Command[] {
  const { role, durable } = state
  const leg = incomingLeg(role)
  const terms = durable.terms[leg]
  const view = readable(state.view[leg])
  const secret = role === 'initiator' ? (durable.revealed ? ('own' as const) : undefined) : durable.learned
  if (terms === undefined || view === undefined || secret === undefined) return []
  const open = durable.rules.lateClaims[leg] || !Deadline.reached(terms.deadline, view.now)
  return view.locks
    .filter(({ spend }) => {
      if (spend === undefined) return open
      return spend.spend.kind === 'claim' ? !spend.final : spend.depth === 0n && open
    })
    .map((v) => claim(leg, terms, v.lock, secret))
}

/**
 * Refunds of this party's own locks, from the deadline on, as long as nothing has spent them for good. A claim that waits in a
 * mempool isn't raced before the own claim is final: it is the counterparty's good right, and its secret serves both.
 */
function refunds(state: SwapState): readonly Command[] {
  const { role, durable } = state
  const leg = ownLeg(role)
  const terms = durable.terms[leg]
  const view = readable(state.view[leg])
  if (terms === undefined || view === undefined || !Deadline.reached(terms.deadline, view.now)) return []
  const received = isReceived(state)
  return view.locks
    .filter(({ spend }) => {
      if (spend === undefined) return true
      return spend.spend.kind === 'refund' ? !spend.final : spend.depth === 0n && received
    })
    .map((v) => ({ do: 'refund', key: `refund/${leg}/${v.lock.ref}`, leg, terms, lock: v.lock }))
}

/** The irrevocable acts: the own lock, and the initiator's reveal. */
function commitment(state: SwapState): Transition {
  const { role, durable } = state
  const idle: Transition = { state, commands: [] }
  const { short, long } = state.view
  const own = ownLeg(role)
  const terms = durable.terms[own]
  if (terms === undefined) return idle
  if (durable.ordered && !included(state.view[own])) return pending(state, own, terms)
  if (durable.stop !== undefined || durable.terms.long === undefined || durable.terms.short === undefined)
    return idle
  if (short.is !== 'seen' || long.is !== 'seen') return idle
  const left = Deadline.remaining(durable.terms.short.deadline, short.now)

  if (!durable.ordered) {
    const least = role === 'initiator' ? durable.rules.launch : durable.rules.lock
    if (left < least) return { state: with_(state, { stop: 'too-late' }), commands: [] }
    if (role === 'follower' && trusted(long, durable.rules) === undefined) return idle
    return {
      state: with_(state, { ordered: true }),
      commands: [{ do: 'lock', key: `lock/${own}`, leg: own, terms }],
    }
  }
  if (role === 'initiator' && !durable.revealed) {
    if (left < durable.rules.reveal) return { state: with_(state, { stop: 'too-late' }), commands: [] }
    const lock = trusted(short, durable.rules)
    if (lock === undefined) return idle
    return {
      state: with_(state, { revealed: true }),
      commands: [claim('short', durable.terms.short, lock, 'own')],
    }
  }
  return idle
}

/**
 * The own lock is ordered and not in a block. The same signed transaction is sent again, never another one (S9), as long
 * as a lock still makes sense; then it is made void: a follower's lock that is mined late could be claimed when there is no
 * time left to claim the long leg.
 */
function pending(state: SwapState, leg: Leg, terms: LockTerms.LockTerms): Transition {
  const { role, durable } = state
  const view = state.view[leg]
  if (view.is !== 'seen' || durable.voided) return { state, commands: [] }
  const left = Deadline.remaining(terms.deadline, view.now)
  const useful =
    durable.stop === undefined &&
    left >= (role === 'follower' ? durable.rules.reveal : 1n) &&
    (role === 'initiator' || trusted(state.view.long, durable.rules) !== undefined)
  if (useful) return { state, commands: [{ do: 'lock', key: `lock/${leg}`, leg, terms }] }
  if (durable.rules.lateLocks[leg] || left > 0n)
    return { state, commands: [{ do: 'void', key: `void/${leg}`, leg }] }
  return { state, commands: [] }
}

function included(view: LegView): boolean {
  return view.is !== 'seen' || view.locks.some((v) => v.depth > 0n || v.spend !== undefined)
}

/** The one exact lock that may be relied on: final, unspent, known well enough. */
function trusted(view: LegView, rules: Rules): Lock | undefined {
  if (view.is !== 'seen') return undefined
  const exact = view.locks.filter((v) => v.lock.match === 'exact')
  const [only] = exact
  if (only === undefined || exact.length !== 1) return undefined
  return only.final && only.spend === undefined && Fact.atLeast(only.assurance, rules.assurance)
    ? only.lock
    : undefined
}

function alarms(state: SwapState): readonly Command[] {
  return state.durable.stop === 'reorg'
    ? [
        {
          do: 'alarm',
          key: 'alarm/reorg',
          reason: 'a lock that was final is gone: a reorganisation deeper than planned for',
        },
      ]
    : []
}

/** The final outcome, once nothing can change it any more. */
function outcomeOf(state: SwapState): Outcome | undefined {
  const { role, durable } = state
  const leg = ownLeg(role)
  const own = state.view[leg]
  const incoming = state.view[incomingLeg(role)]
  const terms = durable.terms[leg]
  if (!durable.ordered) return durable.stop === undefined ? undefined : 'no-deal'
  if (own.is !== 'seen' || terms === undefined) return undefined
  if (own.locks.length === 0) {
    const impossible = !durable.rules.lateLocks[leg] && Deadline.reached(terms.deadline, own.now)
    return durable.voided || impossible ? 'no-deal' : undefined
  }
  if (!own.locks.every((v) => v.spend?.final)) return undefined
  const paid = own.locks.some((v) => v.spend?.spend.kind === 'claim')
  if (durable.terms[incomingLeg(role)] === undefined) return paid ? undefined : 'no-deal'
  if (incoming.is !== 'seen') return undefined
  if (isReceived(state)) return paid ? 'deal' : 'free-ride'
  const open = incoming.locks.some((v) => !v.spend?.final)
  if ((durable.revealed || durable.learned !== undefined) && open) return undefined
  if (paid) return incoming.locks.length > 0 ? 'underwater' : undefined
  return 'no-deal'
}

/** The incoming leg was claimed for good. */
function isReceived(state: SwapState): boolean {
  const view = state.view[incomingLeg(state.role)]
  return view.is === 'seen' && view.locks.some((v) => v.spend?.final && v.spend.spend.kind === 'claim')
}

function claim(leg: Leg, terms: LockTerms.LockTerms, lock: Lock, secret: 'own' | Hashlock.Secret): Command {
  return { do: 'claim', key: `claim/${leg}/${lock.ref}`, leg, terms, lock, secret }
}

function finish(outcome: Outcome): Command {
  return { do: 'finish', key: 'finish', outcome }
}

/** What was last really seen of a leg: enough for acts that are right whatever else happened. */
function readable(view: LegView): Extract<LegView, { is: 'seen' }> | undefined {
  if (view.is === 'seen') return view
  return view.is === 'unreadable' && view.last?.is === 'seen' ? view.last : undefined
}

function with_(state: SwapState, change: Partial<Durable>): SwapState {
  return { ...state, durable: { ...state.durable, ...change } }
}
