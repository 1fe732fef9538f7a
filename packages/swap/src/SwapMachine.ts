import { Deadline, Fact, Hashlock, type Lock, type LockTerms, type Spend } from '@aitbc/core'
import { incomingLeg, type Leg, ownLeg, type Role } from './Agreement.js'
import type { Left } from './internal/left.js'

/** The numbers that the machine decides by, all of this party's own policy and of the chains' profiles. */
export interface Rules {
  /** Least time on the short leg's own clock when the initiator locks, seconds. */
  readonly launch: bigint
  /** Least time on the short leg's own clock when the follower locks, seconds. */
  readonly lock: bigint
  /** Least time on the short leg's own clock when the secret is revealed, seconds. */
  readonly reveal: bigint
  /** Least that the long leg has left beyond the short one, each on its own clock, when the follower locks, seconds. */
  readonly apart: bigint
  /** Least assurance of the incoming lock before anything irrevocable. */
  readonly assurance: Fact.Assurance
  /** Least assurance at which a final spend of a leg counts as what ended a lock; what an endpoint reports where there is none. */
  readonly spends?: { readonly [L in Leg]?: Fact.Assurance }
  /** Claims of a leg are accepted after its deadline. */
  readonly lateClaims: { readonly [L in Leg]: boolean }
  /** Most that one act on a leg may cost in fees, base units of its native coin; what the market asks where there is none. */
  readonly fees?: { readonly [L in Leg]?: bigint }
}

/** One lock of a leg as it was last seen. */
export interface LockView {
  readonly lock: Lock
  /** Blocks on top, itself included; 0 in the mempool. */
  readonly depth: bigint
  /** Irreversible by the network's finality rule. */
  readonly final: boolean
  /**
   * The network itself says what is final, at whatever depth: how deep a lock is told to be may then go down without a reorganisation,
   * as where a node knows of an old lock only that it is there.
   */
  readonly firm?: true
  readonly assurance: Fact.Assurance
  readonly spend?: SpendView
}

/** What spends a lock as it was last seen. */
export interface SpendView {
  readonly spend: Spend
  /** Blocks on top, itself included; 0 in the mempool. */
  readonly depth: bigint
  /** Irreversible by the network's finality rule. */
  readonly final: boolean
  readonly assurance: Fact.Assurance
  /** Why it isn't known better, for people. */
  readonly doubt?: string
}

/** What was seen of a leg, and when by the chain's own clock. */
export interface Seen {
  readonly locks: readonly LockView[]
  /** The chain's own clock. */
  readonly now: Deadline.Deadline
  /** Seconds by which that clock must be later at least, by UTC: the block that was shown is no new one. */
  readonly behind?: bigint
  /** Seconds until the leg's deadline, where the clock counts none or claims may end before it; told with `now`. */
  readonly left?: Left
  /** That clock is past the leg's deadline, and UTC or what is proved needn't be: for all that is known, claims may be taken yet. */
  readonly early?: true
}

/**
 * A leg as it was last seen. Of an unreadable one, `last` is what was told last all the same: enough for acts that are right
 * whatever else is true, and for nothing irrevocable.
 */
export type LegView =
  | { readonly is: 'unseen' }
  | ({ readonly is: 'seen' } & Seen)
  | {
      readonly is: 'unreadable'
      readonly why: string
      readonly last?: Seen
      /** The latest instant that the chain's clock has shown. */
      readonly latest?: Deadline.Deadline
    }

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
  /** The initiator's secret is public: its claim was handed to an endpoint, or was seen. */
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

/**
 * What happened. Irrevocable acts follow from both legs together: whoever reads them anew first makes both `unreadable`, so that a
 * fresh view of one never meets a stale one of the other.
 */
export type SwapEvent =
  | ({ readonly is: 'seen'; readonly leg: Leg } & Seen)
  /** `told` is what the endpoint said that could not be relied upon. */
  | { readonly is: 'unreadable'; readonly leg: Leg; readonly why: string; readonly told?: Seen }
  /** The own lock can never appear: its conflict key is finally spent otherwise, or it was never signed and won't be. */
  | { readonly is: 'voided' }
  /** The initiator's own claim was handed to an endpoint or a wallet, whatever came of it: the secret is public. */
  | { readonly is: 'revealed' }
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
      /** Before the deadline, with the counterparty's signature (`Standing.early`): nothing that the machine itself gives. */
      readonly early?: true
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
 *
 * @example
 * import { SwapMachine } from '@aitbc/swap'
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const state = SwapMachine.start('follower', {}, rules)
 * state.view.long.is // 'unseen'
 * state.durable.ordered // false
 */
export function start(role: Role, terms: Durable['terms'], rules: Rules): SwapState {
  return resume(role, { terms, rules, ordered: false, revealed: false, settled: [] })
}

/**
 * The state after a restart: what was journaled, and nothing seen yet.
 *
 * @example
 * import { SwapMachine } from '@aitbc/swap'
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const before = SwapMachine.start('initiator', {}, rules)
 * const { state } = SwapMachine.step(before, { is: 'cancel' })
 * // What follows from a state is journaled first; a restart begins with that, and reads the chains anew.
 * const after = SwapMachine.resume('initiator', state.durable)
 * after.durable.stop // 'cancelled'
 * after.view.long.is // 'unseen'
 */
export function resume(role: Role, durable: Durable): SwapState {
  return { role, durable, view: { long: { is: 'unseen' }, short: { is: 'unseen' } } }
}

/**
 * One step of one party: takes what happened, gives the new state and all that is to be done in it. Pure and total.
 *
 * - The initiator locks first; the follower locks when the long lock is exact, final and well enough known, and the deadlines
 *   are far enough apart by both chains' own clocks (S8).
 * - The initiator reveals only against a short lock that is exact, final, well enough known and has time left on its own
 *   clock (S7), and never after it stopped. Until a `revealed` event says that the secret left, the rule is judged anew at each
 *   step: an order that a crash kept from being carried out isn't carried out late.
 * - A secret seen anywhere, the mempool included, is used at once (H5, H9), and as long as the claim can be undone.
 * - A lock of one's own is refunded from its deadline on (S4), the superfluous ones too (H21).
 * - What is told to have ended a lock ends nothing of one's own until it is final and known well enough (`rules.spends`, S12, H29): until then
 *   the own lock is refunded and the incoming one claimed, as far as the chains let them, and the swap goes on.
 *
 * @example
 * import { Deadline, Hashlock, type LockTerms } from '@aitbc/core'
 * import { SwapMachine } from '@aitbc/swap'
 * const now = 1_900_000_000n
 * const hashlock = Hashlock.of(new Uint8Array(32).fill(7))
 * const party = (network: string, name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as LockTerms.Party
 * const leg = (network: 'eip155:1' | 'eip155:10', hours: bigint): LockTerms.LockTerms => ({
 *   version: 1,
 *   backend: { network, kind: 'contract', address: '0x00000000000000000000000000000000000000c0' },
 *   asset: `${network}/slip44:60`,
 *   amount: 10n ** 18n,
 *   hashlock,
 *   locker: party(network, network === 'eip155:1' ? '0xa11ce' : '0xb0b'),
 *   beneficiary: party(network, network === 'eip155:1' ? '0xb0b' : '0xa11ce'),
 *   deadline: Deadline.from({ network, clock: 'unix', value: now + hours * 3600n }),
 *   salt: new Uint8Array(32),
 * })
 * const terms = { long: leg('eip155:1', 8n), short: leg('eip155:10', 4n) }
 * const never = { long: false, short: false }
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: never } as const
 * // Nobody has locked yet: the initiator begins, as soon as it has seen both chains.
 * const nothing = (of: 'long' | 'short') =>
 *   ({ is: 'seen', leg: of, locks: [], now: Deadline.from({ ...terms[of].deadline, value: now }) }) as const
 * const one = SwapMachine.step(SwapMachine.start('initiator', terms, rules), nothing('long'))
 * const both = SwapMachine.step(one.state, nothing('short'))
 * one.commands.length // 0
 * both.commands.map((command) => command.do) // ['lock']
 */
export function step(state: SwapState, event: SwapEvent): Transition {
  const seen = observe(state, event)
  if (seen.durable.outcome !== undefined) return { state: seen, commands: [finish(seen.durable.outcome)] }
  const { state: next, commands } = commitment(seen)
  const protective = [...claims(next), ...refunds(next)]
  const outcome = outcomeOf(next)
  return {
    state: outcome === undefined ? next : with_(next, { outcome }),
    commands: [
      ...alarms(next),
      ...protective,
      ...commands,
      ...(outcome === undefined ? [] : [finish(outcome)]),
    ],
  }
}

/**
 * Why a party waits, for people: one sentence on the first condition that isn't met yet; nothing while it acts.
 *
 * @example
 * import { SwapMachine } from '@aitbc/swap'
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * SwapMachine.waitingFor(SwapMachine.start('follower', {}, rules)) // "the short leg can't be read yet"
 */
export function waitingFor(state: SwapState): string | undefined {
  const { role, durable } = state
  if (durable.outcome !== undefined) return undefined
  const own = state.view[ownLeg(role)]
  const incoming = state.view[incomingLeg(role)]
  if (own.is !== 'seen') return `the ${ownLeg(role)} leg can't be read yet`
  if (incoming.is !== 'seen') return `the ${incomingLeg(role)} leg can't be read yet`
  if (durable.ordered && own.locks.length === 0) return 'the own lock to be included'
  const unproved = unprovedOf(state, ownLeg(role)) ?? unprovedOf(state, incomingLeg(role))
  if (unproved !== undefined) return unproved
  if (
    isPublic(durable) &&
    !isOpen(state, incomingLeg(role), incoming.now) &&
    incoming.locks.some((v) => v.spend === undefined)
  )
    return "what became of the counterparty's lock: no claim of it is shown, and it takes none any more"
  if (durable.revealed || durable.learned !== undefined) return 'the claim to become final'
  const exact = incoming.locks.find((view) => view.lock.match === 'exact')
  if (exact === undefined && (role === 'follower' || durable.ordered)) return "the counterparty's lock"
  if (exact !== undefined && !exact.final) return "the counterparty's lock to become final"
  return durable.ordered ? 'the counterparty, or the deadline' : undefined
}

/** What is told to have ended a lock of a leg for good, and isn't known well enough: for people. */
function unprovedOf(state: SwapState, leg: Leg): string | undefined {
  const view = state.view[leg]
  const found =
    view.is === 'seen'
      ? whole(state, leg, view.locks).find((v) => v.spend?.final && !isSettled(state, leg, v.spend))?.spend
      : undefined
  if (found === undefined) return undefined
  const why = found.doubt === undefined ? '' : `, so far ${found.doubt}`
  return `evidence of the ${found.spend.kind} that is told to have ended the ${leg} leg's lock${why}`
}

/**
 * The secret is known to more than the initiator: it left this party, or was seen.
 *
 * @example
 * import { SwapMachine } from '@aitbc/swap'
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const { durable } = SwapMachine.start('initiator', {}, rules)
 * SwapMachine.isPublic(durable) // false
 * SwapMachine.isPublic({ ...durable, revealed: true }) // true
 */
export function isPublic({ revealed, learned }: Durable): boolean {
  return revealed || learned !== undefined
}

/**
 * Tells whether this party's own lock was seen in a block, as far as its leg could be read.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { SwapMachine } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const terms = {
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_028_800n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_014_400n),
 * }
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const lock = { ref: 'aa', transaction: 'bb', amount: 1_000_000n, match: 'exact' } as const
 * const seen = (depth: bigint): SwapMachine.SwapEvent => {
 *   const locks = [{ lock, depth, final: false, assurance: 'reported' }] as const
 *   return { is: 'seen', leg: 'long', locks, now: { ...terms.long.deadline, value: 1_900_000_000n } }
 * }
 * const start = SwapMachine.start('initiator', terms, rules)
 * // In a mempool it is no lock yet.
 * SwapMachine.isLocked(SwapMachine.step(start, seen(0n)).state) // false
 * SwapMachine.isLocked(SwapMachine.step(start, seen(1n)).state) // true
 */
export function isLocked(state: SwapState): boolean {
  const leg = ownLeg(state.role)
  const view = readable(state.view[leg])
  return view !== undefined && whole(state, leg, view.locks).some((v) => v.depth > 0n)
}

/**
 * Tells whether there would still be the time to order the own lock, by both legs as they were just seen: for an order that wasn't carried
 * out at once.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { SwapMachine } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const terms = {
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_028_800n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_014_400n),
 * }
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const at = (value: bigint) => {
 *   const seen = (of: 'long' | 'short') => ({ is: 'seen', leg: of, locks: [], now: { ...terms[of].deadline, value } }) as const
 *   const { state } = SwapMachine.step(SwapMachine.start('initiator', terms, rules), seen('long'))
 *   return SwapMachine.step(state, seen('short')).state
 * }
 * SwapMachine.isTimely(at(1_900_000_000n)) // true
 * // An hour before the short leg's deadline nobody begins any more.
 * SwapMachine.isTimely(at(1_900_010_800n)) // false
 */
export function isTimely(state: SwapState): boolean {
  const { long, short } = state.view
  const { terms, rules } = state.durable
  if (short.is !== 'seen' || long.is !== 'seen') return false
  if (terms.short === undefined || terms.long === undefined) return false
  const shown = leftUntil(terms.short, short)
  if (shown.least - (short.behind ?? 0n) < startOf(state)) return false
  const apart = leftUntil(terms.long, long).least - (long.behind ?? 0n) - shown.most
  return state.role === 'initiator' || apart >= rules.apart
}

/**
 * Tells whether a first claim of the initiator's could be made now, by both legs as they were just seen (S7), whatever stopped it: for one
 * that may have left already.
 *
 * @example
 * import { SwapMachine } from '@aitbc/swap'
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * // Nothing was seen yet.
 * SwapMachine.isRevealable(SwapMachine.start('initiator', {}, rules)) // false
 */
export function isRevealable({ view, durable }: SwapState): boolean {
  const { long, short } = view
  const { terms, rules } = durable
  if (short.is !== 'seen' || long.is !== 'seen' || terms.short === undefined) return false
  const left = leftUntil(terms.short, short).least - (short.behind ?? 0n)
  return left >= rules.reveal && trusted(short, rules) !== undefined
}

/** Least time on the short leg's own clock when this party locks. */
function startOf({ role, durable }: SwapState): bigint {
  return role === 'initiator' ? durable.rules.launch : durable.rules.lock
}

function observe(state: SwapState, event: SwapEvent): SwapState {
  switch (event.is) {
    case 'cancel':
      // A later recovery that finds the other leg would go on with one that only waits for it.
      return (state.durable.stop ?? 'recovered-without-terms') === 'recovered-without-terms' &&
        !state.durable.revealed
        ? with_(state, { stop: 'cancelled' })
        : state
    case 'voided':
      return with_(state, { voided: true })
    case 'revealed':
      return state.role === 'initiator' ? with_(state, { revealed: true }) : state
    case 'unreadable':
      return unreadable(state, event.leg, event.why, event.told)
    case 'seen': {
      const { leg, locks, now, behind, left, early } = event
      const latest = latestOf(state.view[leg])
      if (latest !== undefined && Deadline.remaining(latest, now) > 0n)
        return unreadable(
          state,
          leg,
          `the chain's clock went back from ${latest.value} to ${now.value}`,
          event,
        )
      const view: LegView = {
        ...{ is: 'seen', locks, now },
        ...(behind === undefined ? {} : { behind }),
        ...(left === undefined ? {} : { left }),
        ...(early && { early }),
      }
      const next = { ...state, view: { ...state.view, [leg]: view } }
      const advanced = latest === undefined || Deadline.remaining(latest, now) < 0n
      return settle(learn(next, leg, locks), leg, locks, advanced ? readable(state.view[leg]) : undefined)
    }
  }
}

function unreadable(state: SwapState, leg: Leg, why: string, told: Seen | undefined): SwapState {
  const before = state.view[leg]
  const last = told === undefined ? readable(before) : seenOf(told)
  const latest = latestOf(before)
  const view: LegView = {
    is: 'unreadable',
    why,
    ...(last === undefined ? {} : { last }),
    ...(latest === undefined ? {} : { latest }),
  }
  const next = { ...state, view: { ...state.view, [leg]: view } }
  return told === undefined ? next : learn(next, leg, told.locks)
}

/** A secret that opens the hashlock is public, however little the rest of what an endpoint told is worth. */
function learn(state: SwapState, leg: Leg, locks: readonly LockView[]): SwapState {
  const { durable, role } = state
  const terms = durable.terms[leg]
  if (terms === undefined) return state
  const secret = locks
    .map((v) => (v.spend?.spend.kind === 'claim' ? v.spend.spend.secret : undefined))
    .find((value) => value !== undefined && Hashlock.opens(value, terms.hashlock))
  if (secret === undefined) return state
  if (role === 'initiator') return with_(state, { revealed: true })
  return durable.learned === undefined ? with_(state, { learned: secret }) : state
}

/**
 * Notes the whole locks that are final, and a reorganisation that undid one or set it back: deeper than planned for, it stops all further
 * going (S12). `before` is the last view of an earlier instant.
 */
function settle(state: SwapState, leg: Leg, locks: readonly LockView[], before: Seen | undefined): SwapState {
  const { durable } = state
  const viewOf = (at: readonly LockView[] | undefined, ref: string) => at?.find((v) => v.lock.ref === ref)
  const isLost = (ref: string) => {
    const { depth = 0n, final = false, firm = false } = viewOf(locks, ref) ?? {}
    return depth === 0n || (!(final && firm) && depth < (viewOf(before?.locks, ref)?.depth ?? 0n))
  }
  const lost = durable.settled
    .filter((key) => key.startsWith(`${leg}/`))
    .map((key) => key.slice(leg.length + 1))
    .some(isLost)
  const final = whole(state, leg, locks)
    .filter((v) => v.final)
    .map((v) => `${leg}/${v.lock.ref}`)
  const settled = [...new Set([...durable.settled, ...final])]
  return with_(state, {
    ...(settled.length > durable.settled.length ? { settled } : {}),
    ...(lost && durable.stop === undefined ? { stop: 'reorg' as const } : {}),
  })
}

/** The secret of the incoming leg, where it is public. */
function publicSecret({ role, durable }: SwapState): 'own' | Hashlock.Secret | undefined {
  if (role === 'initiator') return durable.revealed ? 'own' : undefined
  return durable.learned
}

/** Tells whether what spends a lock is known well enough for the party to rely on. */
function isKnown({ durable }: SwapState, leg: Leg, { assurance }: SpendView): boolean {
  return Fact.atLeast(assurance, durable.rules.spends?.[leg] ?? 'reported')
}

/** Tells whether a lock ended for good: its spend is final, and known well enough. */
function isSettled(state: SwapState, leg: Leg, spend: SpendView | undefined): spend is SpendView {
  return spend?.final === true && isKnown(state, leg, spend)
}

/**
 * Claims of the incoming leg with a secret that is public: always right, whatever else is true. Only a refund that is known well enough is
 * believed, and a clock past the deadline only as far as UTC bears it out: others may be made up, and to claim in vain costs a fee.
 */
function claims(state: SwapState): readonly Command[] {
  const leg = incomingLeg(state.role)
  const terms = state.durable.terms[leg]
  const view = readable(state.view[leg])
  const secret = publicSecret(state)
  if (terms === undefined || view === undefined || secret === undefined) return []
  const open = view.early || isOpen(state, leg, view.now)
  return view.locks
    .filter(({ spend }) => {
      if (spend === undefined) return open
      if (spend.spend.kind === 'claim') return !spend.final || (!isKnown(state, leg, spend) && open)
      return open && (spend.depth === 0n || !isKnown(state, leg, spend))
    })
    .sort(wholeFirst(terms))
    .map((v) => claim(leg, terms, v.lock, secret))
}

/**
 * Refunds of this party's own locks, from the deadline on, as long as nothing has spent them for good. A claim that waits in a
 * mempool is the counterparty's good right, and its secret serves both: it isn't raced while the own claim is under way. One that is told
 * to be in a block, and isn't known well enough, may be made up.
 */
function refunds(state: SwapState): readonly Command[] {
  const { role, durable } = state
  const leg = ownLeg(role)
  const terms = durable.terms[leg]
  const view = readable(state.view[leg])
  if (terms === undefined || view === undefined || !Deadline.reached(terms.deadline, view.now)) return []
  const race = !durable.rules.lateClaims[leg] || !isHopeful(state)
  return view.locks
    .filter(({ spend }) => {
      if (spend === undefined) return true
      if (spend.spend.kind === 'refund') return !isSettled(state, leg, spend)
      return spend.depth === 0n ? race : !isKnown(state, leg, spend)
    })
    .sort(wholeFirst(terms))
    .map((v) => ({ do: 'refund', key: `refund/${leg}/${v.lock.ref}`, leg, terms, lock: v.lock }))
}

/** Anybody may pay any number of small locks into a script: none of them makes the agreed one wait. */
function wholeFirst({ amount }: LockTerms.LockTerms): (a: LockView, b: LockView) => number {
  const rank = ({ lock }: LockView) => (lock.amount >= amount ? 0 : 1)
  return (a, b) => rank(a) - rank(b)
}

/** The irrevocable acts: the own lock, and the initiator's reveal. */
function commitment(state: SwapState): Transition {
  const { role, durable } = state
  const idle: Transition = { state, commands: [] }
  const { short, long } = state.view
  const own = ownLeg(role)
  const terms = durable.terms[own]
  if (terms === undefined) return idle
  if (durable.ordered && !isIncluded(state)) return pending(state, own, terms)
  if (durable.stop !== undefined || durable.terms.long === undefined || durable.terms.short === undefined)
    return idle
  if (short.is !== 'seen' || long.is !== 'seen') return idle
  // What an old block hides is gone all the same.
  const shown = leftUntil(durable.terms.short, short)
  const left = shown.least - (short.behind ?? 0n)

  if (!durable.ordered) {
    if (left < startOf(state)) return { state: with_(state, { stop: 'too-late' }), commands: [] }
    if (role === 'follower') {
      const apart = leftUntil(durable.terms.long, long).least - (long.behind ?? 0n) - shown.most
      // A public secret needs no lock any more: it is claimed with.
      if (durable.learned !== undefined || apart < durable.rules.apart) return idle
      if (trusted(long, durable.rules) === undefined) return idle
    }
    if (!isIncluded(state))
      return {
        state: with_(state, { ordered: true }),
        commands: [{ do: 'lock', key: `lock/${own}`, leg: own, terms }],
      }
    // Somebody else paid the whole amount into the own script: as long as that stands, nothing is left to pay. It is no order of an
    // own lock, which would be made later, unjudged, if a reorganisation undid the gift.
    if (role === 'follower') return idle
  }
  if (role === 'initiator' && !durable.revealed) {
    if (left < durable.rules.reveal) return { state: with_(state, { stop: 'too-late' }), commands: [] }
    const lock = trusted(short, durable.rules)
    return lock === undefined ? idle : { state, commands: [claim('short', durable.terms.short, lock, 'own')] }
  }
  return idle
}

/**
 * The own lock is ordered and not in a block. The same signed transaction is sent again, never another one (S9), as long
 * as a lock still makes sense; then it is made void, for good: a follower's lock that is mined late could be claimed when there
 * is no time left to claim the long leg.
 */
function pending(state: SwapState, leg: Leg, terms: LockTerms.LockTerms): Transition {
  const { role, durable } = state
  const idle: Transition = { state, commands: [] }
  if (durable.voided) return idle
  if (isDoomed(state, leg, terms))
    return {
      state: durable.stop === undefined ? with_(state, { stop: 'too-late' }) : state,
      commands: [{ do: 'void', key: `void/${leg}`, leg }],
    }
  if (state.view[leg].is !== 'seen') return idle
  // A public secret needs no lock any more, and a lock that was ordered before a crash may not have been made yet.
  if (
    role === 'follower' &&
    (durable.learned !== undefined || trusted(state.view.long, durable.rules) === undefined)
  )
    return idle
  return { state, commands: [{ do: 'lock', key: `lock/${leg}`, leg, terms }] }
}

/** The own lock is of no use any more: nobody would have the time to reveal against it. */
function isDoomed(state: SwapState, leg: Leg, terms: LockTerms.LockTerms): boolean {
  const { durable } = state
  if (durable.stop !== undefined) return true
  const own = readable(state.view[leg])
  if (own !== undefined && Deadline.reached(terms.deadline, own.now)) return true
  const short = readable(state.view.short)
  if (short === undefined || durable.terms.short === undefined) return false
  return leftUntil(durable.terms.short, short).least < durable.rules.reveal
}

/** A lock of the whole amount is in a block: what anybody else pays into the own script is not the own lock. */
function isIncluded(state: SwapState): boolean {
  const leg = ownLeg(state.role)
  const view = readable(state.view[leg])
  return view === undefined || whole(state, leg, view.locks).some((v) => v.depth > 0n)
}

/** The locks of at least the agreed amount. Others may be anybody's dust: they are spent where possible, and not waited for. */
function whole(state: SwapState, leg: Leg, locks: readonly LockView[]): readonly LockView[] {
  const amount = state.durable.terms[leg]?.amount
  return amount === undefined ? [] : locks.filter((v) => v.lock.amount >= amount)
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

/**
 * The final outcome, once nothing can change it any more. That a lock is absent proves nothing: only `voided` does; nor does it that a claim
 * of the incoming one isn't shown, where the own lock is paid.
 */
function outcomeOf(state: SwapState): Outcome | undefined {
  const { role, durable } = state
  const leg = ownLeg(role)
  const own = state.view[leg]
  const incoming = state.view[incomingLeg(role)]
  if (!durable.ordered && publicSecret(state) === undefined)
    return durable.stop === undefined ? undefined : 'no-deal'
  let paid = false
  if (durable.ordered) {
    if (own.is !== 'seen') return undefined
    const ours = whole(state, leg, own.locks)
    if (ours.length === 0 && !durable.voided) return undefined
    if (!ours.every((v) => isSettled(state, leg, v.spend))) return undefined
    paid = ours.some((v) => v.spend?.spend.kind === 'claim')
    if (durable.terms[incomingLeg(role)] === undefined) return paid ? undefined : 'no-deal'
  }
  if (incoming.is !== 'seen') return undefined
  if (isReceived(state)) return paid ? 'deal' : 'free-ride'
  if (isHopeful(state)) return undefined
  if (paid) return isLost(state) ? 'underwater' : undefined
  return durable.ordered || durable.stop !== undefined ? 'no-deal' : undefined
}

/** The agreed amount was claimed from the incoming leg for good. */
function isReceived(state: SwapState): boolean {
  const leg = incomingLeg(state.role)
  const view = state.view[leg]
  const terms = state.durable.terms[leg]
  if (view.is !== 'seen' || terms === undefined) return false
  const sum = view.locks.reduce(
    (total, v) =>
      isSettled(state, leg, v.spend) && v.spend.spend.kind === 'claim' ? total + v.lock.amount : total,
    0n,
  )
  return sum >= terms.amount
}

/** The incoming lock went back to the counterparty for good, and none that was ever final is hidden. */
function isLost(state: SwapState): boolean {
  const leg = incomingLeg(state.role)
  const locks = readable(state.view[leg])?.locks ?? []
  const ours = whole(state, leg, locks)
  const isShown = (key: string) =>
    !key.startsWith(`${leg}/`) || locks.some((v) => key === `${leg}/${v.lock.ref}`)
  return (
    ours.length > 0 &&
    ours.every((v) => isSettled(state, leg, v.spend)) &&
    state.durable.settled.every(isShown)
  )
}

/** The own claim can still succeed, and has not done so for good. */
function isHopeful(state: SwapState): boolean {
  const leg = incomingLeg(state.role)
  const view = readable(state.view[leg])
  if (view === undefined || publicSecret(state) === undefined || isReceived(state)) return false
  const open = isOpen(state, leg, view.now)
  // A refund that waits in a mempool may wait there for ever.
  const isFree = ({ spend }: LockView) =>
    spend === undefined || (spend.spend.kind === 'refund' && spend.depth === 0n)
  return whole(state, leg, view.locks).some((v) => (isFree(v) ? open : !isSettled(state, leg, v.spend)))
}

/** Claims of a leg are still accepted. */
function isOpen(state: SwapState, leg: Leg, now: Deadline.Deadline): boolean {
  const terms = state.durable.terms[leg]
  return (
    terms !== undefined && (state.durable.rules.lateClaims[leg] || !Deadline.reached(terms.deadline, now))
  )
}

function claim(leg: Leg, terms: LockTerms.LockTerms, lock: Lock, secret: 'own' | Hashlock.Secret): Command {
  return { do: 'claim', key: `claim/${leg}/${lock.ref}`, leg, terms, lock, secret }
}

function finish(outcome: Outcome): Command {
  return { do: 'finish', key: 'finish', outcome }
}

/** What was last told of a leg: enough for acts that are right whatever else happened. */
function readable(view: LegView): Seen | undefined {
  if (view.is === 'unseen') return undefined
  return view.is === 'seen' ? view : view.last
}

/** What was told of a leg, apart from how old it is: that is a doubt of its own. */
function seenOf({ locks, now, left, early }: Seen): Seen {
  return { locks, now, ...(left === undefined ? {} : { left }), ...(early && { early }) }
}

/** How long claims of a leg are accepted: as its clock says, or as was told with what it showed. */
function leftUntil({ deadline }: LockTerms.LockTerms, { now, left }: Seen): Left {
  if (left !== undefined) return left
  const remaining = Deadline.remaining(deadline, now)
  return { least: remaining, most: remaining }
}

function latestOf(view: LegView): Deadline.Deadline | undefined {
  if (view.is === 'unseen') return undefined
  return view.is === 'seen' ? view.now : view.latest
}

function with_(state: SwapState, change: Partial<Durable>): SwapState {
  const keys = Object.keys(change) as (keyof Durable)[]
  if (keys.every((key) => state.durable[key] === change[key])) return state
  return { ...state, durable: { ...state.durable, ...change } }
}
