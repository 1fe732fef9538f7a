import {
  Bytes,
  CoreErrors,
  type Due,
  type Fact,
  Hashlock,
  type Journal,
  LockTerms,
  type Network,
  type Signed,
  type Storage,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import * as Dues from './Dues.js'
import { SwapErrors } from './errors.js'
import { armAll } from './internal/arming.js'
import { alone, wakes } from './internal/between.js'
import { after, journalOf, write } from './internal/book.js'
import { type Act, attempt } from './internal/carryOut.js'
import { assertContext, assertHas } from './internal/given.js'
import { claimHashlock, hashlockKey, knowsHashlock } from './internal/hashlocks.js'
import { round } from './internal/look.js'
import type { Since } from './internal/rest.js'
import { feesOf, relaxed, rulesOf, spendsOf } from './internal/rules.js'
import type * as Planner from './Planner.js'
import * as Policy from './Policy.js'
import * as RingAgreement from './ring/RingAgreement.js'
import * as Side from './Side.js'
import * as Solvency from './Solvency.js'
import * as Standing from './Standing.js'
import * as SwapMachine from './SwapMachine.js'
import * as SwapRecord from './SwapRecord.js'
import * as Turns from './Turns.js'
import * as Wake from './Wake.js'

export { cancel, standing, type Told } from './internal/between.js'
export { knowsHashlock } from './internal/hashlocks.js'
export { feesOf, rulesOf, spendsOf }

/** What a runner needs besides the swap itself. */
export interface Context {
  readonly storage: Storage
  readonly seed: SwapSeed.SwapSeed
  readonly sides: Side.Sides
  /**
   * UTC, unix seconds, as a browser or Node has it: `() => BigInt(Math.floor(Date.now() / 1000))`. Nothing is revealed or locked on a
   * chain whose clock is off beyond its parameters, however it came to be (H25): an endpoint may show a tip of hours ago.
   */
  readonly utc: () => bigint
  /** Blocks that a transaction may wait on a network before its fee is raised; {@link Pace.bumpAfter} unless told. */
  readonly bumpAfter?: (network: Network, left?: bigint) => bigint
  /** Pause before a broken watch is begun again, milliseconds; 1000 unless told. */
  readonly pauseMs?: number
  /**
   * There is more to tell a tower (`WatchJob.of` in `@aitbc/swap/watch`): before each version of the own lock is broadcast, when the
   * incoming lock's claim was signed, and when the secret is public. Nothing waits for it.
   */
  readonly onWatchable?: (swap: Swap) => void
  /** Live progress, for people. */
  readonly onProgress?: (progress: Progress) => void
}

/** What happens while a swap runs. */
export type Progress =
  | {
      readonly is: 'seen'
      readonly leg: Agreement.Leg
      readonly view: SwapMachine.LegView
      readonly tip: Fact.Tip | undefined
    }
  | { readonly is: 'waiting'; readonly for: string }
  | {
      readonly is: 'sent'
      readonly command: Act['do']
      readonly key: string
      readonly ids: readonly string[]
    }
  /** `feeRate`: what the market asks in a hurry; none where that is more than the adapter takes for meant. */
  | { readonly is: 'raised'; readonly key: string; readonly id: string; readonly feeRate?: bigint }
  | { readonly is: 'trouble'; readonly key: string; readonly error: unknown }
  | { readonly is: 'alarm'; readonly reason: string }
  /** A settled lock still owes this party something, which can't be had yet or costs more than it is. */
  | { readonly is: 'owed'; readonly leg: Agreement.Leg; readonly due: Due; readonly why: string }
  | { readonly is: 'finished'; readonly outcome: SwapMachine.Outcome }

/** A swap in hand: its machine's state, its journal, and what was signed and sent so far. */
export interface Swap {
  /** The nonce in hex, with a suffix where a recovery found several counterparts. */
  readonly id: string
  readonly nonce: Bytes.Bytes
  readonly agreement?: Bytes.Bytes
  /** Rebuilt from the chains: its lock is out already, though this journal never saw it sent. */
  readonly recovered: boolean
  state: SwapMachine.SwapState
  /** Its locks owe this party nothing any more, for good. */
  collected: boolean
  readonly journal: Journal.Journal
  readonly book: Map<string, Sent>
}

/** What became of a command. */
export interface Sent {
  readonly signed: readonly Signed[]
  readonly undo: readonly Signed[]
  readonly submissions: readonly Submission[]
  /** Ids of all versions so far, oldest first. */
  readonly attempts: readonly string[]
  /** How many were made under a conflict key of their own, the last one included. */
  readonly made: number
  /** A wallet was asked to send it, and what came of that is not known. */
  readonly sending?: boolean
  /** Signed a moment ago, and given to nobody: the look that follows sends it, if it is still due. */
  ready?: boolean
  /** An endpoint was given it, by this process. */
  tried?: boolean
  /** All versions were signed by this process, and none was given to anybody. */
  inside?: boolean
  /** A look passed over what was signed and not sent. */
  kept?: boolean
  /** UTC at which the last version was made, unix seconds, by this process. */
  madeAt?: bigint
  /** Height and UTC at which the last version was first seen waiting. */
  waitingSince?: Since
  /** Block at which the conflict key was first seen used otherwise. */
  takenSince?: Fact.BlockRef
  /** How often it was made anew since it was told to have failed, by this process. */
  failures?: number
  /** UTC at which the last one was first told to be in vain, unix seconds. */
  failedSince?: bigint
  /** The tip at which somebody else's claim or refund was first told, without evidence. */
  toldSince?: Fact.BlockRef
  /** It was final when something was still owed as of what is final. */
  inVain?: boolean
}

const LEGS = ['long', 'short'] as const

/**
 * Takes a signed agreement into storage; from here on a crash loses nothing.
 *
 * `HashlockReused` (4007) where an earlier swap of this storage has the hashlock, `InvalidSignature` (4002), `SideMissing` (4009),
 * `SignerMissing` (4010) where nobody could sign for the own accounts, as with another nonce or role than was negotiated, `InvalidArgument` (1013)
 * for what is missing, and an initiator's nonce whose secret doesn't open the locks.
 *
 * @example
 * import { type Negotiation, Policy, Runner } from '@aitbc/swap'
 * // What was agreed is in storage before anything is on a chain; then it runs to its end.
 * async function carryOut(context: Runner.Context, nonce: Uint8Array, agreed: Negotiation.Result) {
 *   const swap = await Runner.open(context, { role: 'initiator', nonce, policy: Policy.standard, ...agreed })
 *   return Runner.run(context, swap)
 * }
 */
export async function open(
  context: Context,
  options: {
    readonly role: Agreement.Role
    readonly nonce: Bytes.Bytes
    readonly signed: Agreement.Signed
    readonly margins: Planner.Margins
    readonly policy: Policy.Policy
  },
): Promise<Swap> {
  assertHas(options, 'options', ['role', 'nonce', 'signed', 'margins'])
  const { role, signed } = options
  const agreement = Agreement.encodeSigned(signed)
  const { long, short } = Agreement.decodeSigned(agreement).agreement
  return take(context, { ...options, role, agreement, terms: { long, short } })
}

/**
 * Takes this member's part of a signed ring into storage: two legs, run like any other swap. Codes: those of {@link open}, and
 * `InvalidAgreement` (4001) where the ring has no such member.
 *
 * @example
 * import { Policy, type RingNegotiation, Runner } from '@aitbc/swap'
 * // A member's part of a ring runs like a swap of two.
 * async function carryOut(context: Runner.Context, nonce: Uint8Array, agreed: RingNegotiation.Result) {
 *   const swap = await Runner.openRing(context, { nonce, policy: Policy.standard, ...agreed })
 *   return Runner.run(context, swap)
 * }
 */
export async function openRing(
  context: Context,
  options: {
    readonly member: number
    readonly nonce: Bytes.Bytes
    readonly signed: RingAgreement.Signed
    readonly margins: Planner.Margins
    readonly policy: Policy.Policy
  },
): Promise<Swap> {
  assertHas(options, 'options', ['member', 'nonce', 'signed', 'margins'])
  const agreement = RingAgreement.encodeSigned(options.signed)
  const view = RingAgreement.viewOf(RingAgreement.decodeSigned(agreement).agreement, options.member)
  return take(context, { ...options, ...view, agreement })
}

async function take(
  context: Context,
  options: RingAgreement.View & {
    readonly nonce: Bytes.Bytes
    readonly agreement: Bytes.Bytes
    readonly margins: Planner.Margins
    readonly policy: Policy.Policy
  },
): Promise<Swap> {
  assertContext(context)
  const { role, nonce, agreement, margins, policy } = options
  const { long, short } = options.terms
  const profiles = {
    long: Side.of(context.sides, long.backend.network).adapter.profile,
    short: Side.of(context.sides, short.backend.network).adapter.profile,
  }
  Policy.assert(policy)
  // Whoever has no key for what pays it would lock all the same, and never claim.
  for (const leg of LEGS) {
    const { backend, locker, beneficiary } = options.terms[leg]
    const { account } = leg === Agreement.ownLeg(role) ? locker : beneficiary
    Side.signerOf(Side.of(context.sides, backend.network), account, nonce)
  }
  if (role === 'initiator' && !Hashlock.opens(SwapSeed.secret(context.seed, nonce), long.hashlock))
    throw CoreErrors.InvalidArgument('options.nonce must be the one that was negotiated with', {
      argument: 'options.nonce',
    })
  const rules = {
    ...rulesOf(margins, policy, profiles),
    ...feesOf(policy, { long, short }),
    ...spendsOf(policy, role, { long, short }, context.sides),
  }
  const { durable } = SwapMachine.start(role, { long, short }, rules)
  const entry = { is: 'opened', role, nonce, durable, agreement } as const
  const begun = await claimHashlock(context.storage, long.hashlock, Bytes.toHex(nonce))
  const swap = await begin(context, entry)
  await begun()
  return swap
}

/**
 * Takes a swap into storage that a recovery rebuilt; an equal one that is there already is continued. `made` is the transaction that made its
 * lock, where it is known: what a reorganisation undoes is sent again or made void with it.
 */
export async function adopt(context: Context, entry: SwapRecord.Opened, made?: Signed): Promise<Swap> {
  const swap = await adopted(context, entry, made)
  const key = lockKeyOf(entry)
  if (made !== undefined && !swap.book.has(key))
    await write(swap, { is: 'signed', key, signed: [made], undo: [] })
  return swap
}

async function adopted(context: Context, entry: SwapRecord.Opened, made?: Signed): Promise<Swap> {
  const id = idOf(entry)
  const hashlock = (entry.durable.terms.long ?? entry.durable.terms.short)?.hashlock
  if (hashlock !== undefined && !(await knowsHashlock(context.storage, hashlock)))
    await context.storage.put(hashlockKey(hashlock), new TextEncoder().encode(`${id}/begun`))
  const journal = await journalOf(context.storage, id)
  if (journal.entries.length === 0) return begin(context, entry, { journal, made })
  const swap = resumed(id, journal)
  const { role, durable: before } = swap.state
  const { stop, ...rest } = before
  const { terms, rules } = entry.durable
  const [own, other] = [Agreement.ownLeg(role), Agreement.incomingLeg(role)]
  const [known, found] = [before.terms[own], terms[own]]
  if (before.outcome !== undefined || before.terms[other] !== undefined || terms[other] === undefined)
    return swap
  if (known === undefined || found === undefined || !Bytes.equal(LockTerms.id(known), LockTerms.id(found)))
    return swap
  // An earlier recovery saw one leg only; that the other one is there now is better than its refund. Who cancelled it meanwhile goes no
  // further, and still claims with a secret that becomes public.
  const isOver = stop !== undefined && stop !== 'recovered-without-terms'
  const durable = { ...rest, terms, rules, ...(isOver && { stop }) }
  await write(swap, { is: 'durable', durable })
  swap.state = SwapMachine.resume(role, durable)
  return swap
}

/**
 * Ids of the swaps in storage, finished ones included.
 *
 * @example
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * import { Runner } from '@aitbc/swap'
 * await Runner.list(createMemoryStorage()) // []
 */
export async function list(storage: Storage): Promise<readonly string[]> {
  return (await storage.list('swap/'))
    .filter((key) => key.endsWith('/head'))
    .map((key) => key.slice('swap/'.length, -'/head'.length))
}

/**
 * Takes a swap out of storage, after a restart or from another process; whoever held it before can send nothing new any more.
 * `StateUnreadable` (4011) where the journal is of a later version, or a crash kept it from beginning; `InvalidArgument` (1013) where the context
 * lacks something.
 *
 * `spends` replaces, by network, how well what ended a lock must be known from now on (`Policy.spends`): `reported` where evidence can't be had
 * any more, and the endpoint is believed.
 *
 * @example
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * import { Runner } from '@aitbc/swap'
 * const utc = () => BigInt(Math.floor(Date.now() / 1000))
 * const context: Runner.Context = { storage: createMemoryStorage(), seed: new Uint8Array(32).fill(1), sides: {}, utc }
 * // After a restart: all that is there goes on, all at once.
 * const ids = await Runner.list(context.storage)
 * const outcomes = await Promise.all(ids.map(async (id) => Runner.run(context, await Runner.load(context, id))))
 * outcomes.length // 0
 */
export async function load(
  context: Context,
  id: string,
  options: Pick<Policy.Policy, 'spends'> = {},
): Promise<Swap> {
  assertContext(context)
  Policy.assertSpends(options.spends)
  const swap = resumed(id, await journalOf(context.storage, id))
  if (options.spends === undefined) return swap
  const { role, durable } = swap.state
  const rules = relaxed(durable, options.spends)
  if (rules === durable.rules) return swap
  await write(swap, { is: 'durable', durable: { ...durable, rules } })
  swap.state = SwapMachine.resume(role, { ...durable, rules })
  return swap
}

function resumed(id: string, journal: Journal.Journal): Swap {
  const [first, ...entries] = journal.entries.map((entry) => SwapRecord.decode(entry.kind, entry.bytes))
  const opened = first?.is === 'recovered' ? first.opened : first
  if (opened?.is !== 'opened') throw SwapErrors.StateUnreadable(`swap ${id} has no beginning`, { id })
  let durable = opened.durable
  let collected = false
  const book = first?.is === 'recovered' ? bookOf(opened, first.made) : new Map<string, Sent>()
  for (const entry of entries)
    if (entry.is === 'durable') durable = entry.durable
    else if (entry.is === 'collected') collected = true
    else if ('key' in entry) book.set(entry.key, after(book.get(entry.key), entry))
  return {
    id,
    nonce: opened.nonce,
    ...(opened.agreement === undefined ? {} : { agreement: opened.agreement }),
    recovered: opened.durable.ordered,
    state: SwapMachine.resume(opened.role, durable),
    collected,
    journal,
    book,
  }
}

/**
 * Drives a swap to its end, from whatever state it is in: reads both chains, steps the machine, journals, acts, waits for the
 * next block or sighting. Resolves to the outcome, once what claim and refund could not pay is paid out too (H26); rejects with
 * `signal.reason` when aborted (the swap can be loaded again), with `SwapBusy` (4012) when another process took it over, with `InvalidArgument`
 * (1013) where there is no swap, or the context lacks something.
 *
 * Deposits that a chain keeps until a deadline are left for a later run of the same swap, unless told: a finished swap is loaded and
 * run again for them, and does nothing else.
 *
 * @example
 * import { Channel, type Network, SwapSeed } from '@aitbc/core'
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * import { createWorld, createWorldAdapter, createWorldVerifier, createWorldWallet } from '@aitbc/devnet/world'
 * import { Negotiation, Policy, Runner, type Side } from '@aitbc/swap'
 * const world = createWorld({ seed: '1', networks: [cosmosHub, ethereum] })
 * const utc = () => world.chain(ethereum.id).blocks.at(-1)?.time ?? 0n
 * const person = (fill: number): Runner.Context => {
 *   const seed = new Uint8Array(32).fill(fill)
 *   const side = (network: Network): Side.Side => {
 *     const adapter = createWorldAdapter({ network, endpoint: world.endpoint(network.id) })
 *     const wallet = createWorldWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
 *     world.fund(wallet.funding, 10n ** 19n)
 *     return { ...wallet, adapter, backend: adapter.backend, verifier: createWorldVerifier(world.chain(network.id)) }
 *   }
 *   return { seed, utc, sides: { [cosmosHub.id]: side(cosmosHub), [ethereum.id]: side(ethereum) }, storage: createMemoryStorage() }
 * }
 * const quote: Negotiation.Quote = {
 *   give: { network: cosmosHub.id, asset: cosmosHub.native.id, amount: 1_000_000n },
 *   get: { network: ethereum.id, asset: ethereum.native.id, amount: 10n ** 16n },
 * }
 * const [alice, bob] = [person(1), person(2)]
 * const [toBob, toAlice] = Channel.pair()
 * const terms = { policy: Policy.standard, now: utc, nonce: new Uint8Array(8) }
 * const [hers, his] = await Promise.all([
 *   Negotiation.initiate(quote, { ...alice, ...terms, channel: toBob }),
 *   Negotiation.follow({ ...bob, ...terms, channel: toAlice, accept: () => true }),
 * ])
 * const ends: string[] = []
 * const drive = async (context: Runner.Context, role: 'initiator' | 'follower', agreed: Negotiation.Result) =>
 *   ends.push(await Runner.run(context, await Runner.open(context, { ...terms, ...agreed, role })))
 * void drive(alice, 'initiator', hers)
 * void drive(bob, 'follower', his)
 * // The chains go on until both are done.
 * for (let i = 0; i < 1000 && ends.length < 2; i++) {
 *   world.mine(cosmosHub.id, 2)
 *   world.mine(ethereum.id)
 *   await new Promise((next) => setTimeout(next, 0))
 * }
 * ends // ['deal', 'deal']
 */
export async function run(
  context: Context,
  swap: Swap,
  options: {
    readonly signal?: AbortSignal
    /** `paid`: all that the swap pays is there; `collected`: deposits too. `paid` unless told. */
    readonly until?: 'paid' | 'collected'
  } = {},
): Promise<SwapMachine.Outcome> {
  assertContext(context)
  assertHas(swap, 'swap', ['state', 'journal'])
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const wake = Wake.create()
  const watchers = watch(context, swap, wake, signal)
  const checked: Side.Checked = new Map()
  try {
    await Turns.enter(context, swap)
    wakes.set(swap, wake)
    for (;;) {
      signal.throwIfAborted()
      wake.arm()
      const until = options.until ?? 'paid'
      const { outcome, again, tips } = await alone(swap, () =>
        turn(context, swap, { checked, until, signal }),
      )
      if (outcome !== undefined) {
        // Else what it counts on would be nobody's for good: nobody goes on with what is over.
        await Turns.leave(swap, true)
        context.onProgress?.({ is: 'finished', outcome })
        return outcome
      }
      if (again) continue
      await refundEarly(context, swap, tips, signal)
      const reason =
        swap.state.durable.outcome !== undefined
          ? 'what the settled locks still owe'
          : SwapMachine.waitingFor(swap.state)
      if (reason !== undefined) context.onProgress?.({ is: 'waiting', for: reason })
      await wake.wait(signal)
    }
  } finally {
    stop.abort(new Error('the runner ended'))
    await Promise.allSettled(watchers)
    // What isn't told now is told by whoever goes on with the swap.
    await Turns.leave(swap, false).catch(() => undefined)
    await swap.journal.close()
  }
}

/** One look, and all that follows from it: an outcome where nothing keeps the swap any more. */
async function turn(
  context: Context,
  swap: Swap,
  options: {
    readonly checked: Side.Checked
    readonly until: 'paid' | 'collected'
    readonly signal: AbortSignal
  },
): Promise<{ readonly outcome?: SwapMachine.Outcome; readonly again: boolean; readonly tips: Tips }> {
  const { checked, until, signal } = options
  const { commands, tips } = await round(context, swap, checked, signal)
  await armAll(context, swap, signal)
  const trouble = (key: string) => (error: unknown) => {
    signal.throwIfAborted()
    context.onProgress?.({ is: 'trouble', key, error })
  }
  if (swap.state.durable.outcome === undefined)
    await Solvency.keep(context, swap, signal).catch(trouble('funds'))
  let again = false
  for (const command of commands) {
    if (command.do === 'finish') {
      if (!(await isPaidOut(context, swap, tips, until, signal))) continue
      return { outcome: command.outcome, again, tips }
    }
    if ((await attempt(context, swap, command, tips, signal)) === 'again') again = true
  }
  if (!again) Turns.passOver(swap)
  await Turns.tidy(context, swap).catch(trouble('board'))
  return { again, tips }
}

/** Asks the counterparty to sign the own lock's refund with this party, where it goes no further. */
async function refundEarly(context: Context, swap: Swap, tips: Tips, signal: AbortSignal): Promise<void> {
  for (const command of Standing.early(swap.state)) {
    const side = Side.of(context.sides, command.terms.backend.network)
    if (side.together?.(command.terms, swap.nonce) === undefined) continue
    await attempt(context, swap, command, tips, signal)
  }
}

/** The legs' tips, as far as they could be read. */
export type Tips = Partial<Record<Agreement.Leg, Fact.Tip>>

/** When the swap itself is over: collects what its settled locks still owe this party; tells whether nothing keeps the swap any more. */
async function isPaidOut(
  context: Context,
  swap: Swap,
  tips: Tips,
  until: 'paid' | 'collected',
  signal: AbortSignal,
): Promise<boolean> {
  if (swap.collected) return true
  const act = (command: Dues.Collect) => attempt(context, swap, command, tips, signal)
  const found = await Dues.collect(context, swap, { tips, until, act, signal })
  if (found === 'waits') return false
  if (found === 'collected') {
    await write(swap, { is: 'collected' })
    swap.collected = true
  }
  return true
}

async function begin(
  context: Context,
  entry: SwapRecord.Opened,
  recovered: { readonly journal?: Journal.Journal; readonly made?: Signed | undefined } = {},
): Promise<Swap> {
  const id = idOf(entry)
  const { journal = await journalOf(context.storage, id), made } = recovered
  const swap: Swap = {
    id,
    nonce: entry.nonce,
    ...(entry.agreement === undefined ? {} : { agreement: entry.agreement }),
    recovered: entry.durable.ordered,
    state: SwapMachine.resume(entry.role, entry.durable),
    collected: false,
    journal,
    book: made === undefined ? new Map() : bookOf(entry, made),
  }
  if (journal.entries.length > 0) throw SwapErrors.StateUnreadable(`swap ${id} was begun before`, { id })
  await write(swap, made === undefined ? entry : { is: 'recovered', opened: entry, made })
  return swap
}

function lockKeyOf({ role }: SwapRecord.Opened): string {
  return `lock/${Agreement.ownLeg(role)}`
}

/** The book of a swap of which nothing but the lock is known. */
function bookOf(opened: SwapRecord.Opened, made: Signed): Map<string, Sent> {
  const key = lockKeyOf(opened)
  return new Map([[key, after(undefined, { is: 'signed', key, signed: [made], undo: [] })]])
}

function idOf(entry: SwapRecord.Opened): string {
  return entry.variant === undefined
    ? Bytes.toHex(entry.nonce)
    : `${Bytes.toHex(entry.nonce)}-${entry.variant}`
}

/** Wakes the runner at each block and each sighting of either leg. */
function watch(context: Context, swap: Swap, wake: Wake.Wake, signal: AbortSignal): readonly Promise<void>[] {
  return LEGS.flatMap((leg) => {
    const terms = swap.state.durable.terms[leg]
    if (terms === undefined) return []
    const { adapter } = Side.of(context.sides, terms.backend.network)
    const trouble = (error: unknown) => context.onProgress?.({ is: 'trouble', key: `watch/${leg}`, error })
    return Wake.follow(wake, adapter, terms, { signal, pauseMs: context.pauseMs ?? 1000, trouble })
  })
}
