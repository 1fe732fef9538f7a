import {
  Bytes,
  type Due,
  Fact,
  type Intent,
  isAitbcError,
  Journal,
  LockTerms,
  type Network,
  type PrepareOptions,
  type Signed,
  type Status,
  type Step,
  type Storage,
  type Submission,
  SwapSeed,
  show,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import * as Dues from './Dues.js'
import { SwapErrors } from './errors.js'
import { leftUntil, unitsOf } from './internal/left.js'
import * as Ladder from './Ladder.js'
import * as Pace from './Pace.js'
import type * as Planner from './Planner.js'
import * as Policy from './Policy.js'
import * as RingAgreement from './ring/RingAgreement.js'
import * as Side from './Side.js'
import * as Solvency from './Solvency.js'
import * as SwapMachine from './SwapMachine.js'
import * as SwapRecord from './SwapRecord.js'
import * as Turns from './Turns.js'
import * as Wake from './Wake.js'

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
  | { readonly is: 'raised'; readonly key: string; readonly id: string; readonly feeRate: bigint }
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
  /** A wallet was asked to send it, and what came of that is not known. */
  readonly sending?: boolean
  /** Height at which the last version was first seen waiting. */
  waitingSince?: bigint
  /** Block at which the conflict key was first seen used otherwise. */
  takenSince?: Fact.BlockRef
  /** It was final when something was still owed as of what is final. */
  inVain?: boolean
}

const LEGS = ['long', 'short'] as const

/** The machine's numbers from the planner's margins and the chains' profiles. */
export function rulesOf(
  margins: Planner.Margins,
  policy: Policy.Policy,
  profiles: { readonly [L in Agreement.Leg]: Side.Side['adapter']['profile'] },
): SwapMachine.Rules {
  const { long, short } = profiles
  return {
    launch: margins.launch.seconds,
    lock: margins.lock.seconds,
    reveal: margins.reveal.seconds,
    apart: margins.apart.seconds,
    assurance: policy.assurance,
    lateClaims: { long: long.lateClaims, short: short.lateClaims },
  }
}

/** The fee budgets of a policy for both legs, as rules hold them. */
export function feesOf(
  policy: Policy.Policy,
  terms: SwapMachine.Durable['terms'],
): Pick<SwapMachine.Rules, 'fees'> {
  const of = (leg: Agreement.Leg) => {
    const network = terms[leg]?.backend.network
    const most = network === undefined ? undefined : policy.fees?.[network]
    return most === undefined ? {} : { [leg]: most }
  }
  const fees = { ...of('long'), ...of('short') }
  return Object.keys(fees).length === 0 ? {} : { fees }
}

/** How well each leg's spends must be known, as rules hold it: see {@link Policy.Policy}. */
export function spendsOf(
  policy: Pick<Policy.Policy, 'assurance' | 'spends'>,
  role: Agreement.Role,
  terms: SwapMachine.Durable['terms'],
  sides: Side.Sides,
): Pick<SwapMachine.Rules, 'spends'> {
  const of = (leg: Agreement.Leg) => {
    const network = terms[leg]?.backend.network
    if (network === undefined || Side.of(sides, network).verifier === undefined) return {}
    const usual =
      leg === Agreement.ownLeg(role) ? Fact.weaker(policy.assurance, 'attested') : policy.assurance
    const least = policy.spends?.[network] ?? usual
    return least === 'reported' ? {} : { [leg]: least }
  }
  const spends = { ...of('long'), ...of('short') }
  return Object.keys(spends).length === 0 ? {} : { spends }
}

/**
 * Takes a signed agreement into storage; from here on a crash loses nothing.
 *
 * `HashlockReused` (4007) where an earlier swap of this storage has the hashlock, `InvalidSignature` (4002), `SideMissing` (4009).
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
  const { role, signed } = options
  const agreement = Agreement.encodeSigned(signed)
  const { long, short } = Agreement.decodeSigned(agreement).agreement
  return take(context, { ...options, role, agreement, terms: { long, short } })
}

/**
 * Takes this member's part of a signed ring into storage: two legs, run like any other swap. Codes: those of {@link open}, and
 * `InvalidAgreement` (4001) where the ring has no such member.
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
  const { role, nonce, agreement, margins, policy } = options
  const { long, short } = options.terms
  const profiles = {
    long: Side.of(context.sides, long.backend.network).adapter.profile,
    short: Side.of(context.sides, short.backend.network).adapter.profile,
  }
  Policy.assert(policy)
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
export async function adopt(
  context: Context,
  entry: Extract<SwapRecord.Entry, { is: 'opened' }>,
  made?: Signed,
): Promise<Swap> {
  const swap = await adopted(context, entry)
  const key = `lock/${Agreement.ownLeg(swap.state.role)}`
  if (made !== undefined && !swap.book.has(key))
    await write(swap, { is: 'signed', key, signed: [made], undo: [] })
  return swap
}

async function adopted(context: Context, entry: Extract<SwapRecord.Entry, { is: 'opened' }>): Promise<Swap> {
  const id = idOf(entry)
  const hashlock = (entry.durable.terms.long ?? entry.durable.terms.short)?.hashlock
  if (hashlock !== undefined && !(await knowsHashlock(context.storage, hashlock)))
    await context.storage.put(hashlockKey(hashlock), new TextEncoder().encode(`${id}/begun`))
  const journal = await journalOf(context.storage, id)
  if (journal.entries.length === 0) return begin(context, entry, journal)
  const swap = resumed(id, journal)
  const { stop, outcome, terms } = swap.state.durable
  const { long, short } = entry.durable.terms
  // An earlier recovery saw one leg only; that the other one is there now is better than its refund.
  if (stop !== 'recovered-without-terms' || outcome !== undefined || !long || !short) return swap
  const own = Agreement.ownLeg(swap.state.role)
  const known = terms[own]
  if (known === undefined || !Bytes.equal(LockTerms.id(known), LockTerms.id(own === 'long' ? long : short)))
    return swap
  const { revealed, settled } = swap.state.durable
  const durable = { ...entry.durable, revealed, settled }
  await write(swap, { is: 'durable', durable })
  swap.state = SwapMachine.resume(swap.state.role, durable)
  return swap
}

/** Ids of the swaps in storage, finished ones included. */
export async function list(storage: Storage): Promise<readonly string[]> {
  return (await storage.list('swap/'))
    .filter((key) => key.endsWith('/head'))
    .map((key) => key.slice('swap/'.length, -'/head'.length))
}

/**
 * Tells whether an earlier swap of this storage has a hashlock: pass it to `Negotiation.follow` as `isKnown` (H15).
 */
export async function knowsHashlock(storage: Storage, hashlock: Bytes.Hash32): Promise<boolean> {
  return (await storage.get(`hashlock/${Bytes.toHex(hashlock)}`)) !== undefined
}

/**
 * Takes a swap out of storage, after a restart or from another process; whoever held it before can send nothing new any more.
 * `StateUnreadable` (4011) where the journal is of a later version, or a crash kept it from beginning.
 *
 * `spends` replaces, by network, how well what ended a lock must be known from now on (`Policy.spends`): `reported` where evidence can't be had
 * any more, and the endpoint is believed.
 */
export async function load(
  context: Context,
  id: string,
  options: Pick<Policy.Policy, 'spends'> = {},
): Promise<Swap> {
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

/** The rules with other demands on what ended a lock, where there are others. */
function relaxed(
  { terms, rules }: SwapMachine.Durable,
  by: NonNullable<Policy.Policy['spends']>,
): SwapMachine.Rules {
  const { spends, ...rest } = rules
  const of = (leg: Agreement.Leg) => {
    const network = terms[leg]?.backend.network
    const least = (network && by[network]) ?? spends?.[leg] ?? 'reported'
    return least === 'reported' ? {} : { [leg]: least }
  }
  const next: NonNullable<SwapMachine.Rules['spends']> = { ...of('long'), ...of('short') }
  if (next.long === spends?.long && next.short === spends?.short) return rules
  return Object.keys(next).length === 0 ? rest : { ...rest, spends: next }
}

function resumed(id: string, journal: Journal.Journal): Swap {
  const entries = journal.entries.map((entry) => SwapRecord.decode(entry.kind, entry.bytes))
  const [opened] = entries
  if (opened?.is !== 'opened') throw SwapErrors.StateUnreadable(`swap ${id} has no beginning`, { id })
  let durable = opened.durable
  let collected = false
  const book = new Map<string, Sent>()
  for (const entry of entries)
    if (entry.is === 'durable') durable = entry.durable
    else if (entry.is === 'collected') collected = true
    else if (entry.is !== 'opened') book.set(entry.key, after(book.get(entry.key), entry))
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

/** What is known of a command after one more entry. */
function after(
  before: Sent | undefined,
  entry: Extract<SwapRecord.Entry, { is: 'signed' | 'sending' | 'submitted' }>,
): Sent {
  const { signed = [], undo = [], submissions = [], attempts = [] } = before ?? {}
  // Versions share a conflict key; what was made anew after a failure has another one, and begins a list of its own.
  const key = (submissions.at(-1) ?? signed.at(-1))?.step.conflictKey
  const joined = (step: Step | undefined, ids: readonly string[]) => [
    ...new Set([...(step?.conflictKey === key ? attempts : []), ...ids]),
  ]
  switch (entry.is) {
    case 'sending':
      return { signed, undo, submissions, attempts, sending: true }
    case 'signed': {
      const last = entry.signed.at(-1)
      const ids = last === undefined ? [] : [last.id]
      return { signed: entry.signed, undo: entry.undo, submissions: [], attempts: joined(last?.step, ids) }
    }
    case 'submitted': {
      const last = entry.submissions.at(-1)
      const ids = last === undefined ? [] : [...last.attempts, last.id]
      return { signed, undo, submissions: entry.submissions, attempts: joined(last?.step, ids) }
    }
  }
}

/**
 * Drives a swap to its end, from whatever state it is in: reads both chains, steps the machine, journals, acts, waits for the
 * next block or sighting. Resolves to the outcome, once what claim and refund could not pay is paid out too (H26); rejects with
 * `signal.reason` when aborted (the swap can be loaded again), with `SwapBusy` (4012) when another process took it over.
 *
 * Deposits that a chain keeps until a deadline are left for a later run of the same swap, unless told: a finished swap is loaded and
 * run again for them, and does nothing else.
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
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const wake = Wake.create()
  const watchers = watch(context, swap, wake, signal)
  const checked: Side.Checked = new Map()
  let over = false
  try {
    await Turns.enter(context, swap)
    for (;;) {
      signal.throwIfAborted()
      wake.arm()
      const { commands, tips } = await round(context, swap, checked, signal)
      await armAll(context, swap, signal)
      let again = false
      for (const command of commands) {
        if (command.do === 'finish') {
          if (!(await isPaidOut(context, swap, tips, options.until ?? 'paid', signal))) continue
          context.onProgress?.({ is: 'finished', outcome: command.outcome })
          over = true
          return command.outcome
        }
        if ((await attempt(context, swap, command, tips, signal)) === 'again') again = true
      }
      await Turns.tidy(context, swap).catch((error) => {
        signal.throwIfAborted()
        context.onProgress?.({ is: 'trouble', key: 'board', error })
      })
      if (again) continue
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
    await Turns.leave(swap, over).catch(() => undefined)
    await swap.journal.close()
  }
}

/** The legs' tips, as far as they could be read. */
export type Tips = Partial<Record<Agreement.Leg, Fact.Tip>>

/** One look at both chains and the steps that follow; what changed is journaled before any command is carried out. */
async function round(
  context: Context,
  swap: Swap,
  checked: Side.Checked,
  signal: AbortSignal,
): Promise<{ commands: readonly SwapMachine.Command[]; tips: Tips }> {
  const before = swap.state.durable
  const tips: Tips = {}
  const seen: SwapMachine.SwapEvent[] = []
  for (const leg of LEGS) {
    const terms = before.terms[leg]
    if (terms === undefined) continue
    const { event, tip } = await sight(context, swap, leg, terms, checked, signal)
    if (tip !== undefined) tips[leg] = tip
    seen.push(event)
  }
  let commands: readonly SwapMachine.Command[] = []
  const apply = (event: SwapMachine.SwapEvent) => {
    const transition = SwapMachine.step(swap.state, event)
    swap.state = transition.state
    commands = transition.commands
  }
  // Between two looks hours may have passed: no leg's new view is to meet the other's old one.
  for (const leg of LEGS) apply({ is: 'unreadable', leg, why: 'not read yet' })
  if (await wasRevealed(context, swap, signal)) apply({ is: 'revealed' })
  for (const event of seen) apply(event)
  if (commands.some((command) => command.do === 'void') && (await isVoided(context, swap, tips, signal)))
    apply({ is: 'voided' })
  if (swap.state.durable !== before) {
    await write(swap, { is: 'durable', durable: swap.state.durable })
    if (SwapMachine.isPublic(swap.state.durable) && !SwapMachine.isPublic(before))
      tellWatchable(context, swap)
  }
  for (const leg of LEGS)
    if (before.terms[leg] !== undefined)
      context.onProgress?.({ is: 'seen', leg, view: swap.state.view[leg], tip: tips[leg] })
  return { commands, tips }
}

/**
 * The initiator's claim was about to be sent when a crash came, and an endpoint knows it: its secret is public then, also where no
 * mempool shows it. Where none can know (`capabilities.pending`), it counts as public: to stop then, with the secret out, could cost the own
 * lock. Of a claim that was only signed no endpoint can know, whatever it says (S7).
 */
async function wasRevealed(context: Context, swap: Swap, signal: AbortSignal): Promise<boolean> {
  const { role, durable } = swap.state
  const terms = durable.terms.short
  if (role !== 'initiator' || durable.revealed || terms === undefined) return false
  const { adapter } = Side.of(context.sides, terms.backend.network)
  for (const [key, sent] of swap.book) {
    if (!key.startsWith('claim/') || !sent.sending) continue
    if (adapter.capabilities.pending === false) return true
    const made = latest(sent)
    if (made === undefined) continue
    try {
      const { is } = (await adapter.status(made, { signal })).value
      if (is === 'pending' || is === 'included' || is === 'final' || is === 'failed') return true
    } catch {
      signal.throwIfAborted()
    }
  }
  return false
}

/** Tells of what a tower should know; what becomes of that is the caller's. */
function tellWatchable(context: Context, swap: Swap): void {
  try {
    context.onWatchable?.(swap)
  } catch (error) {
    context.onProgress?.({ is: 'trouble', key: 'watch-job', error })
  }
}

/**
 * Signs and journals the claims of the incoming locks before their secret is known, and the refunds of own locks that were not signed with
 * them (a recovered swap's), at all fees: whoever learns the secret, or waits for the deadline, needs no key any more (L7). No secret is in it.
 */
async function armAll(context: Context, swap: Swap, signal: AbortSignal): Promise<void> {
  for (const { key, does, leg, lock } of Ladder.unarmed(context, swap)) {
    const terms = swap.state.durable.terms[leg] as LockTerms.LockTerms
    const side = Side.of(context.sides, terms.backend.network)
    const make = async (feeRate: bigint) =>
      does === 'undo'
        ? side.adapter.prepare({ kind: 'refund', terms, lock }, { signal, feeRate })
        : ((await side.adapter.arm?.(terms, lock, { signal, feeRate })) ?? [])
    try {
      const ladder = await rungsOf(swap, leg, terms, side, make, signal)
      await write(swap, { is: 'signed', key, signed: ladder, undo: [] })
      if (ladder.length > 0) tellWatchable(context, swap)
    } catch (error) {
      signal.throwIfAborted()
      if (broken.has(swap)) throw error
      context.onProgress?.({ is: 'trouble', key, error })
    }
  }
}

async function rungsOf(
  swap: Swap,
  leg: Agreement.Leg,
  terms: LockTerms.LockTerms,
  side: Side.Side,
  make: (feeRate: bigint) => Promise<readonly Step[]>,
  signal: AbortSignal,
): Promise<Ladder.Ladder> {
  const sign = async (step: Step) => {
    const signer = Side.signerOf(side, step.from, swap.nonce)
    return signer.kind === 'signs' ? signer.sign(step, { signal }) : undefined
  }
  const cap = Ladder.capOf(side, terms, swap.state.durable.rules.fees?.[leg])
  return Ladder.build(side, make, sign, { until: terms.deadline, cap, signal })
}

/** Most that an act may cost in fees, where the policy says so; what makes a lock void must outbid it, whatever that costs. */
function budgetOf(swap: Swap, command: Act): bigint | undefined {
  return command.do === 'void' ? undefined : swap.state.durable.rules.fees?.[command.leg]
}

async function sight(
  context: Context,
  swap: Swap,
  leg: Agreement.Leg,
  terms: LockTerms.LockTerms,
  checked: Side.Checked,
  signal: AbortSignal,
): Promise<{ event: SwapMachine.SwapEvent; tip?: Fact.Tip }> {
  try {
    const side = Side.of(context.sides, terms.backend.network)
    const prove = leg === Agreement.incomingLeg(swap.state.role)
    return await Side.look(side, leg, terms, { signal, checked, prove, utc: context.utc() })
  } catch (error) {
    signal.throwIfAborted()
    return { event: { is: 'unreadable', leg, why: error instanceof Error ? error.message : show(error) } }
  }
}

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

/**
 * `again`: something irrevocable was signed, and is to be judged once more by a fresh look before it is sent. `waived`: it would cost
 * more than it brings.
 */
async function attempt(
  context: Context,
  swap: Swap,
  command: Exclude<SwapMachine.Command, { do: 'finish' }> | Dues.Collect,
  tips: Tips,
  signal: AbortSignal,
): Promise<'again' | 'waived' | undefined> {
  if (command.do === 'alarm') {
    context.onProgress?.({ is: 'alarm', reason: command.reason })
    return undefined
  }
  try {
    return await carryOut(context, swap, command, tips[command.leg], signal)
  } catch (error) {
    signal.throwIfAborted()
    // Without its journal the runner may not act any more. Whatever an endpoint or a wallet throws, the other commands go on.
    if (broken.has(swap)) throw error
    context.onProgress?.({ is: 'trouble', key: command.key, error })
    return undefined
  }
}

type Act = Extract<SwapMachine.Command, { leg: Agreement.Leg }> | Dues.Collect

/** Makes one command true: once signed it is always the same transaction, sent again or replaced under its conflict key. */
async function carryOut(
  context: Context,
  swap: Swap,
  command: Act,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<'again' | 'waived' | undefined> {
  const terms = swap.state.durable.terms[command.leg] as LockTerms.LockTerms
  const side = Side.of(context.sides, terms.backend.network)
  const sent = swap.book.get(command.key)
  if (sent === undefined) return fresh(context, swap, command, side, signal)
  const last = latest(sent)
  if (last === undefined)
    // A wallet was asked, and a crash or an error hid its answer: only what can't be there twice is asked for again (S9).
    return command.do !== 'lock' || side.adapter.profile.unique
      ? fresh(context, swap, command, side, signal)
      : undefined
  const fact = await side.adapter.status(last, { signal })
  const status = fact.value
  if (status.is !== 'failed' && status.is !== 'replaced') delete sent.takenSince
  switch (status.is) {
    case 'included':
    case 'final':
      delete sent.waitingSince
      if (command.do !== 'collect' || status.is !== 'final') return undefined
      // As of what was final a moment ago something was owed: that counts when it is so in the next block too.
      if (sent.inVain) return fresh(context, swap, command, side, signal)
      sent.inVain = true
      return undefined
    case 'pending':
      if (hasWaited(context, side, command, sent, tip) && side.adapter.capabilities.replacement === true)
        await raise(context, swap, command, side, sent, last, tip, signal)
      return undefined
    case 'unknown':
    case 'dropped':
      if (hasWaited(context, side, command, sent, tip)) {
        // Nobody takes it in, whatever it pays: what comes before it under its account may be lost. Of two claims or refunds one counts.
        const alone = command.do !== 'lock' && command.do !== 'void' && sent.attempts.length > 1
        const { capabilities, profile } = side.adapter
        if (alone && capabilities.replacement === true && profile.feesFrom === 'account')
          return fresh(context, swap, command, side, signal)
        // Where nodes keep the first of two versions, a dearer one is taken now that they dropped it, or never.
        if (await hasRaised(context, swap, command, side, sent, last, tip, signal)) return undefined
      }
      try {
        await broadcast(context, swap, command, side, sent, signal)
        return undefined
      } catch (error) {
        // The same again would be refused for ever: what is there, or waits beside it, pays more by now (L5, H6).
        if (!OUTBID.some((tag) => isAitbcError(error, tag))) throw error
        // Another lock would be a second payment; a dearer version of the same one isn't (S9).
        if (command.do === 'void' || command.do === 'lock') {
          await raise(context, swap, command, side, sent, last, tip, signal)
          return undefined
        }
        return fresh(context, swap, command, side, signal)
      }
    case 'failed':
    case 'replaced':
      if (isOwn(sent, status)) return undefined
      // Of two locks both could succeed, if a reorganisation brings the first one back or the endpoint lied: there is never a
      // second one where a chain would take both (S9). Of two claims or refunds only one can, so the next is made at once,
      // unless somebody's is in a block already: it would only cost its fee.
      if (command.do === 'lock' && !(side.adapter.profile.unique && isTaken(side, sent, fact)))
        return undefined
      if ((command.do === 'claim' || command.do === 'refund') && isSettled(swap, command)) return undefined
      return fresh(context, swap, command, side, signal)
  }
}

/** Raises what nobody holds any more; where that can't be, the same is sent again. */
async function hasRaised(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  last: Submission,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await raise(context, swap, command, side, sent, last, tip, signal)
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (broken.has(swap)) throw error
    context.onProgress?.({ is: 'trouble', key: command.key, error })
    return false
  }
}

/** What adapters call a transaction that pays too little to be taken. */
const OUTBID = ['FeeTooLow', 'ReplacementRefused', 'EvmUnderpriced', 'CosmosUnderpriced'] as const

/** A version has waited long enough for its fee to be raised, by its network's pace and what is left until it is too late (L5). */
function hasWaited(
  context: Context,
  side: Side.Side,
  command: Act,
  sent: Sent,
  tip: Fact.Tip | undefined,
): boolean {
  if (tip === undefined) return false
  sent.waitingSince ??= tip.height
  const { network } = side.adapter
  const left = leftOf(side, command, tip)
  return tip.height - sent.waitingSince >= (context.bumpAfter ?? Pace.bumpAfter)(network, left)
}

/** Time until an act is of no use any more, where there is such an instant, on the chain's own clock. */
function leftOf(side: Side.Side, command: Act, tip: Fact.Tip): bigint | undefined {
  const until = command.do === 'claim' || command.do === 'lock' ? command.terms.deadline : undefined
  return until?.clock === side.adapter.network.clock
    ? leftUntil(side.adapter, until, tip.clock).least
    : undefined
}

/** A block holds what ends the lock, whoever sent it. */
function isSettled(swap: Swap, command: Extract<Act, { do: 'claim' | 'refund' }>): boolean {
  const view = swap.state.view[command.leg]
  const seen = view.is === 'seen' ? view : view.is === 'unreadable' ? view.last : undefined
  const found = seen?.locks.find(({ lock }) => lock.ref === command.lock.ref)
  return (found?.spend?.depth ?? 0n) > 0n
}

/** The last version of a transaction, sent or only signed so far. */
function latest(sent: Sent): Submission | undefined {
  const { attempts } = sent
  const last = sent.submissions.at(-1)
  if (last !== undefined) return { ...last, attempts }
  const signed = sent.signed.at(-1)
  return signed === undefined
    ? undefined
    : {
        step: signed.step,
        id: signed.id,
        raw: signed.raw,
        attempts: attempts.length > 0 ? attempts : [signed.id],
      }
}

/** Another version of the same transaction took the place. */
function isOwn(sent: Sent, status: Status): boolean {
  return status.is === 'replaced' && sent.attempts.includes(status.by)
}

/** The transaction's conflict key is used up for good, and not by any of its own versions. */
function isTaken(side: Side.Side, sent: Sent, fact: Fact.Fact<Status>): boolean {
  const { value: status, asOf } = fact
  if (isOwn(sent, status)) return false
  if (status.is !== 'failed' && status.is !== 'replaced') return false
  const { height, hash } = status.is === 'failed' ? status.block : (sent.takenSince ?? asOf)
  sent.takenSince = { height, hash }
  const depth = asOf.height - height + 1n
  return Side.isFinal(side.adapter.network, { at: sent.takenSince, depth, asOf })
}

async function fresh(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  signal: AbortSignal,
): Promise<'again' | 'waived' | undefined> {
  // The lock of a recovered swap is out there, whatever an endpoint says: another one would be a second payment (S9).
  if (command.do === 'lock' && swap.recovered && !side.adapter.profile.unique) return undefined
  const intent = intentOf(context, swap, command, side)
  if (intent === undefined) return undefined
  if (command.do === 'lock') await Solvency.assert(context, swap, side, intent, signal)
  // What can't be raised while it waits, or was too cheap to be in time before, for all that is known, pays well at once (L5). Where
  // the lock itself pays, the adapter finds what it can.
  const { profile, capabilities } = side.adapter
  const eager = swap.book.has(command.key) || capabilities.replacement !== true
  const feeRate =
    eager && profile.feesFrom === 'account' ? { feeRate: (await side.adapter.feeRates({ signal })).fast } : {}
  const make = async (beside?: readonly Signed[], tell?: (signed: readonly Signed[]) => Promise<void>) => {
    const at = { ...feeRate, ...(beside === undefined ? {} : { beside }) }
    const steps = await affordable(swap, command, side, intent, at, signal)
    if (command.do === 'collect' && !Dues.isWorth(steps, command.due)) {
      const why = 'to collect it would cost more'
      context.onProgress?.({ is: 'owed', leg: command.leg, due: command.due, why })
      return 'waived'
    }
    return signAndSend(context, swap, command, side, steps, signal, tell && { tell })
  }
  return Turns.isShared(side, swap, command.do) ? Turns.take(swap, side, signal, make) : make()
}

/** The steps of an act at a fee rate, at a lower one where that is beyond the budget; `FeeBudgetSpent` (4016) where none is within it. */
async function affordable(
  swap: Swap,
  command: Act,
  side: Side.Side,
  intent: Intent,
  at: Pick<PrepareOptions, 'feeRate' | 'beside'>,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const steps = await side.adapter.prepare(intent, { signal, ...at })
  const cap = budgetOf(swap, command)
  const asset = side.adapter.network.native.id
  if (cap === undefined || Ladder.costOf(steps, asset) <= cap) return steps
  const rate = at.feeRate ?? (await side.adapter.feeRates({ signal })).normal
  const make = (feeRate: bigint) => side.adapter.prepare(intent, { ...at, signal, feeRate })
  const cheaper = await Ladder.priced(make, rate, { asset, most: cap })
  if (cheaper === undefined) throw spent(swap, command, cap, Ladder.costOf(steps, asset))
  return cheaper
}

/**
 * A version at the market's price; of a claim or refund one that pays a quarter more than the last one at least, all of the budget when
 * hardly a block is left for a claim (L5). Never more than the budget (`FeeBudgetSpent` 4016), and where there is none, no more than
 * half of a lock that pays for itself ({@link mostOf} aside), and after {@link PUSHES} versions no more than the market asks.
 */
async function dearer(
  swap: Swap,
  command: Act,
  side: Side.Side,
  last: Submission,
  tip: Fact.Tip | undefined,
  market: bigint,
  make: (feeRate: bigint) => Promise<readonly Step[]>,
): Promise<readonly Step[]> {
  const { network } = side.adapter
  const asset = network.native.id
  const budget = budgetOf(swap, command)
  const settles = command.do === 'claim' || command.do === 'refund'
  const paid = Ladder.costOf([last.step], asset)
  const left = tip === undefined ? undefined : leftOf(side, command, tip)
  const hurried =
    left !== undefined &&
    (network.clock === 'height' ? left <= LAST_BLOCKS : left * 1000n <= LAST_BLOCKS * network.blockTimeMs)
  const cap = settles ? mostOf(swap, command, side, { budget, paid, hurried }) : budget
  const pushed = budget !== undefined || (settles && last.attempts.length <= PUSHES) ? (paid * 5n) / 4n : 0n
  const least = hurried && budget !== undefined ? budget : pushed
  const wanted = cap !== undefined && cap < least ? cap : least
  const steps = await Ladder.priced(make, market, { asset, least: wanted, most: cap })
  if (steps === undefined) throw spent(swap, command, cap ?? 0n, paid)
  return steps
}

/**
 * Most that a claim or refund may pay: its budget, or half of a lock that pays for itself. A claim whose secret is public goes beyond that half
 * where no budget is told: not to be in time costs the own lock, and whatever is left of this one is more than nothing. It does so a quarter at
 * a time, as long as it isn't included, so that a market that an endpoint made up doesn't burn it at once; in the last blocks, as far as the
 * market asks.
 */
function mostOf(
  swap: Swap,
  command: Extract<Act, { do: 'claim' | 'refund' }>,
  side: Side.Side,
  known: { readonly budget: bigint | undefined; readonly paid: bigint; readonly hurried: boolean },
): bigint | undefined {
  const { budget, paid, hurried } = known
  const cap = Ladder.capOf(side, command.terms, budget)
  const presses = command.do === 'claim' && SwapMachine.isPublic(swap.state.durable)
  if (cap === undefined || budget !== undefined || !presses) return cap
  const { amount } = command.terms
  const next = hurried ? amount : (paid * 5n) / 4n
  return next <= cap ? cap : next < amount ? next : amount
}

/** How often a version pays more than the market asks, where no budget is told. */
const PUSHES = 6
/** So few blocks before the deadline nothing of the budget is kept back. */
const LAST_BLOCKS = 2n

function spent(swap: Swap, command: Act, budget: bigint, cost: bigint) {
  return SwapErrors.FeeBudgetSpent(
    `${command.key} would cost more than the budget of swap ${swap.id}, ${budget}`,
    {
      id: swap.id,
      key: command.key,
      budget,
      cost,
    },
  )
}

async function raise(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  last: Submission,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { fast } = await side.adapter.feeRates({ signal })
  const make = (feeRate: bigint) => side.adapter.replace(last, feeRate, { signal })
  const steps = await dearer(swap, command, side, last, tip, fast, make)
  await signAndSend(context, swap, command, side, steps, signal, { before: sent })
  const id = swap.book.get(command.key)?.submissions.at(-1)?.id
  if (id !== undefined) context.onProgress?.({ is: 'raised', key: command.key, id, feeRate: fast })
}

/** Signs the steps, journals them, and sends them; `before` is what they replace, and whom it concerns hears of them first. */
async function signAndSend(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  steps: readonly Step[],
  signal: AbortSignal,
  options: {
    readonly before?: Sent
    readonly tell?: (signed: readonly Signed[]) => Promise<void>
  } = {},
): Promise<'again' | undefined> {
  const { before, tell } = options
  const signed: Signed[] = before === undefined ? [] : before.signed.slice(0, -1)
  for (const [index, step] of steps.entries()) {
    const signer = Side.signerOf(side, step.from, swap.nonce)
    if (signer.kind === 'signs') {
      signed.push(await signer.sign(step, { signal }))
      continue
    }
    await write(swap, { is: 'sending', key: command.key, step })
    let submission: Submission
    try {
      submission = await signer.send(step, { signal })
    } finally {
      await revealed(context, swap, command)
    }
    // What comes before the last step (an approval) makes nothing true by itself.
    if (index === steps.length - 1) await note(swap, command.key, [submission])
    tellSent(context, command, [submission])
  }
  if (signed.length === 0) return undefined
  await tell?.(signed)
  const undo =
    command.do === 'lock' ? await undoOf(swap, command.leg, command.terms, side, signed, signal) : []
  await write(swap, { is: 'signed', key: command.key, signed, undo })
  if (command.do === 'lock') tellWatchable(context, swap)
  const sent = swap.book.get(command.key) as Sent
  // A wallet may have taken its time to sign.
  if (before === undefined && isIrrevocable(swap, command)) return 'again'
  await broadcast(context, swap, command, side, sent, signal)
  return undefined
}

/** The two acts that no later one takes back: the own lock, and the initiator's first claim. */
function isIrrevocable(swap: Swap, command: Act): boolean {
  return command.do === 'lock' || isReveal(swap, command)
}

function isReveal(swap: Swap, command: Act): boolean {
  return command.do === 'claim' && command.secret === 'own' && !swap.state.durable.revealed
}

/** The secret has left this process, whatever the endpoint or wallet answered (H18): from here on the claim is pursued to the end. */
async function revealed(context: Context, swap: Swap, command: Act): Promise<void> {
  if (!isReveal(swap, command)) return
  swap.state = SwapMachine.step(swap.state, { is: 'revealed' }).state
  await write(swap, { is: 'durable', durable: swap.state.durable })
  tellWatchable(context, swap)
}

/** The refunds of exactly this version of a lock, at all fees, signed and journaled before the lock is (S8, S9); the cheapest one. */
async function undoOf(
  swap: Swap,
  leg: Agreement.Leg,
  terms: LockTerms.LockTerms,
  side: Side.Side,
  signed: readonly Signed[],
  signal: AbortSignal,
): Promise<readonly Signed[]> {
  const lock = side.adapter.expectLock(terms, signed)
  const make = (feeRate: bigint) =>
    side.adapter.prepare({ kind: 'refund', terms, lock }, { signal, after: signed, feeRate })
  const ladder = await rungsOf(swap, leg, terms, side, make, signal)
  await write(swap, { is: 'signed', key: Ladder.keyOf('undo', leg, lock), signed: ladder, undo: [] })
  return ladder.slice(0, 1)
}

async function broadcast(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  signal: AbortSignal,
): Promise<void> {
  const submissions: Submission[] = []
  const step = sent.signed.at(-1)?.step
  // From here on a crash leaves it open whether the secret left.
  if (step !== undefined && isReveal(swap, command))
    await write(swap, { is: 'sending', key: command.key, step })
  try {
    for (const one of sent.signed) submissions.push(await side.adapter.submit(one, { signal }))
  } finally {
    await revealed(context, swap, command)
  }
  const last = submissions.pop()
  if (last === undefined) return
  const attempts = [...new Set([...sent.attempts, ...last.attempts, last.id])]
  submissions.push({ ...last, attempts })
  if (sent.sending || !isNoted(sent, submissions)) await note(swap, command.key, submissions)
  tellSent(context, command, submissions)
}

/** Sent again, as often as it takes: the journal has it already. */
function isNoted({ submissions }: Sent, again: readonly Submission[]): boolean {
  const text = (all: readonly Submission[]) =>
    all.map(({ id, attempts }) => `${id} ${attempts.join()}`).join()
  return submissions.length === again.length && text(submissions) === text(again)
}

function note(swap: Swap, key: string, submissions: readonly Submission[]): Promise<void> {
  return write(swap, { is: 'submitted', key, submissions })
}

function tellSent(context: Context, command: Act, submissions: readonly Submission[]): void {
  const ids = submissions.map(({ id }) => id)
  context.onProgress?.({ is: 'sent', command: command.do, key: command.key, ids })
}

function intentOf(context: Context, swap: Swap, command: Act, side: Side.Side): Intent | undefined {
  const { nonce } = swap
  switch (command.do) {
    case 'lock': {
      const { role, durable } = swap.state
      const counter = durable.terms[Agreement.incomingLeg(role)]
      const seed = SwapSeed.forNetwork(context.seed, command.terms.backend.network)
      const record = {
        role,
        ...(counter === undefined ? {} : { counter: LockTerms.id(counter) }),
        ...(swap.agreement === undefined ? {} : { agreement: swap.agreement }),
      }
      return { kind: 'lock', terms: command.terms, from: side.funding, recovery: { seed, nonce, record } }
    }
    case 'claim': {
      const secret = command.secret === 'own' ? SwapSeed.secret(context.seed, nonce) : command.secret
      return { kind: 'claim', terms: command.terms, lock: command.lock, secret }
    }
    case 'refund':
      return { kind: 'refund', terms: command.terms, lock: command.lock }
    case 'collect': {
      const { terms, lock, to, due } = command
      return { kind: 'collect', terms, lock, to, due: due.kind }
    }
    case 'void': {
      const sent = swap.book.get(`lock/${command.leg}`)
      const submission = sent && latest(sent)
      return submission === undefined ? undefined : { kind: 'void', submission }
    }
  }
}

/**
 * The own lock can never appear: its place is finally taken, or it was never signed; the machine orders it no more. Where a
 * wallet was asked and didn't answer, only the deadline helps, and that only on a chain that takes no late locks. The lock of a
 * recovered swap has appeared.
 */
async function isVoided(context: Context, swap: Swap, tips: Tips, signal: AbortSignal): Promise<boolean> {
  const leg = Agreement.ownLeg(swap.state.role)
  const terms = swap.state.durable.terms[leg]
  const lock = swap.book.get(`lock/${leg}`)
  if (terms === undefined) return false
  if (lock === undefined) return !swap.recovered
  const { adapter } = Side.of(context.sides, terms.backend.network)
  const made = latest(lock)
  if (made === undefined) {
    const now = tips[leg]?.clock ?? 0n
    return (
      !adapter.profile.lateLocks &&
      now >= terms.deadline.value + unitsOf(adapter, adapter.network.timing.conservative.reorg)
    )
  }
  try {
    const void_ = swap.book.get(`void/${leg}`)
    const other = void_ && latest(void_)
    if (other !== undefined && (await adapter.status(other, { signal })).value.is === 'final') return true
    const fact = await adapter.status(made, { signal })
    return isTaken(Side.of(context.sides, terms.backend.network), lock, fact)
  } catch {
    signal.throwIfAborted()
    return false
  }
}

async function begin(
  context: Context,
  entry: Extract<SwapRecord.Entry, { is: 'opened' }>,
  opened?: Journal.Journal,
): Promise<Swap> {
  const id = idOf(entry)
  const journal = opened ?? (await journalOf(context.storage, id))
  const swap: Swap = {
    id,
    nonce: entry.nonce,
    ...(entry.agreement === undefined ? {} : { agreement: entry.agreement }),
    recovered: entry.durable.ordered,
    state: SwapMachine.resume(entry.role, entry.durable),
    collected: false,
    journal,
    book: new Map(),
  }
  if (journal.entries.length > 0) throw SwapErrors.StateUnreadable(`swap ${id} was begun before`, { id })
  await write(swap, entry)
  return swap
}

function idOf(entry: Extract<SwapRecord.Entry, { is: 'opened' }>): string {
  return entry.variant === undefined
    ? Bytes.toHex(entry.nonce)
    : `${Bytes.toHex(entry.nonce)}-${entry.variant}`
}

/** Swaps whose journal failed: what they know may be less than what is stored. */
const broken = new WeakSet<Swap>()

async function write(swap: Swap, entry: SwapRecord.Entry): Promise<void> {
  try {
    await swap.journal.append(entry.is, SwapRecord.encode(entry))
  } catch (error) {
    broken.add(swap)
    if (!isAitbcError(error, 'StorageConflict')) throw error
    throw SwapErrors.SwapBusy(
      `swap ${swap.id} was taken over by another process`,
      { id: swap.id },
      { cause: error },
    )
  }
  if (entry.is === 'opened' || entry.is === 'durable' || entry.is === 'collected') return
  const before = swap.book.get(entry.key)
  const now = after(before, entry)
  // The same version sent again has waited since it was first sent.
  if (before?.waitingSince !== undefined && latest(before)?.id === latest(now)?.id)
    now.waitingSince = before.waitingSince
  swap.book.set(entry.key, now)
}

const hashlockKey = (hashlock: Bytes.Hash32): string => `hashlock/${Bytes.toHex(hashlock)}`

/**
 * Takes a hashlock for one swap; resolves to what marks the swap as begun. Where a crash came between the two, the same swap may
 * take it again.
 */
async function claimHashlock(
  storage: Storage,
  hashlock: Bytes.Hash32,
  id: string,
): Promise<() => Promise<unknown>> {
  const key = hashlockKey(hashlock)
  const mark = (text: string, version: bigint) =>
    storage.compareAndSet(key, version, new TextEncoder().encode(text))
  const reused = () =>
    SwapErrors.HashlockReused(`hashlock ${Bytes.toHex(hashlock)} was used before`, {
      hashlock: Bytes.toHex(hashlock),
    })
  const found = await storage.get(key)
  if (found !== undefined && new TextDecoder().decode(found.value) !== id) throw reused()
  try {
    const version = found?.version ?? (await mark(id, 0n))
    return () => mark(`${id}/begun`, version)
  } catch (error) {
    throw isAitbcError(error, 'StorageConflict') ? reused() : error
  }
}

/** Opens a swap's journal: whoever had it open before can write, and so send anything new, no more (L3). */
async function journalOf(storage: Storage, id: string): Promise<Journal.Journal> {
  try {
    return await Journal.open(storage, { name: `swap/${id}`, kinds: SwapRecord.KINDS })
  } catch (error) {
    if (!isAitbcError(error, 'StorageConflict')) throw error
    throw SwapErrors.SwapBusy(`swap ${id} is driven by another process`, { id }, { cause: error })
  }
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
