import {
  Bytes,
  type Fact,
  type Intent,
  isAitbcError,
  Journal,
  LockTerms,
  type Signed,
  type Step,
  type Storage,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import { SwapErrors } from './errors.js'
import type * as Planner from './Planner.js'
import type * as Policy from './Policy.js'
import * as Side from './Side.js'
import * as SwapMachine from './SwapMachine.js'
import * as SwapRecord from './SwapRecord.js'

/** What a runner needs besides the swap itself. */
export interface Context {
  readonly storage: Storage
  readonly seed: SwapSeed.SwapSeed
  readonly sides: Side.Sides
  /** UTC, unix seconds; where given, a chain whose clock is off beyond its parameters is not acted upon (H25). */
  readonly utc?: () => bigint
  /** Blocks that a transaction may wait before its fee is raised; 2 unless told. */
  readonly bumpAfter?: bigint
  /** Pause before a broken watch is begun again, milliseconds; 1000 unless told. */
  readonly pauseMs?: number
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
      readonly command: SwapMachine.Command['do']
      readonly key: string
      readonly ids: readonly string[]
    }
  | { readonly is: 'raised'; readonly key: string; readonly id: string; readonly feeRate: bigint }
  | { readonly is: 'trouble'; readonly key: string; readonly error: unknown }
  | { readonly is: 'alarm'; readonly reason: string }
  | { readonly is: 'finished'; readonly outcome: SwapMachine.Outcome }

/** A swap in hand: its machine's state, its journal, and what was signed and sent so far. */
export interface Swap {
  /** The nonce in hex, with a suffix where a recovery found several counterparts. */
  readonly id: string
  readonly nonce: Bytes.Bytes
  readonly agreement?: Bytes.Bytes
  state: SwapMachine.SwapState
  readonly journal: Journal.Journal
  readonly book: Map<string, Sent>
}

/** What became of a command. */
export interface Sent {
  readonly signed: readonly Signed[]
  readonly undo: readonly Signed[]
  readonly submissions: readonly Submission[]
  /** Height at which the last version was first seen waiting. */
  waitingSince?: bigint
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
    assurance: policy.assurance,
    lateClaims: { long: long.lateClaims, short: short.lateClaims },
    lateLocks: { long: long.lateLocks, short: short.lateLocks },
  }
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
  const { role, nonce, signed, margins, policy } = options
  const bytes = Agreement.encodeSigned(signed)
  const { long, short } = Agreement.decodeSigned(bytes).agreement
  const profiles = {
    long: Side.of(context.sides, long.backend.network).adapter.profile,
    short: Side.of(context.sides, short.backend.network).adapter.profile,
  }
  await claimHashlock(context.storage, long.hashlock, Bytes.toHex(nonce))
  const { durable } = SwapMachine.start(role, { long, short }, rulesOf(margins, policy, profiles))
  return begin(context, { is: 'opened', role, nonce, durable, agreement: bytes })
}

/** Takes a swap into storage that a recovery rebuilt; an equal one that is there already is continued. */
export async function adopt(
  context: Context,
  entry: Extract<SwapRecord.Entry, { is: 'opened' }>,
): Promise<Swap> {
  const id = idOf(entry)
  return (await list(context.storage)).includes(id) ? load(context, id) : begin(context, entry)
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
 * Takes a swap out of storage, after a restart or from another process; whoever held it before can send nothing any more.
 */
export async function load(context: Context, id: string): Promise<Swap> {
  const journal = await journalOf(context.storage, id)
  const entries = journal.entries.map((entry) => SwapRecord.decode(entry.kind, entry.bytes))
  const [opened] = entries
  if (opened?.is !== 'opened') throw SwapErrors.StateUnreadable(`swap ${id} has no beginning`, { id })
  let durable = opened.durable
  const book = new Map<string, Sent>()
  for (const entry of entries)
    if (entry.is === 'durable') durable = entry.durable
    else if (entry.is === 'signed')
      book.set(entry.key, { signed: entry.signed, undo: entry.undo, submissions: [] })
    else if (entry.is === 'submitted')
      book.set(entry.key, {
        ...(book.get(entry.key) ?? { signed: [], undo: [] }),
        submissions: entry.submissions,
      })
  return {
    id,
    nonce: opened.nonce,
    ...(opened.agreement === undefined ? {} : { agreement: opened.agreement }),
    state: SwapMachine.resume(opened.role, durable),
    journal,
    book,
  }
}

/**
 * Drives a swap to its end, from whatever state it is in: reads both chains, steps the machine, journals, acts, waits for the
 * next block or sighting. Resolves to the outcome; rejects with `signal.reason` when aborted (the swap can be loaded again),
 * with `SwapBusy` (4012) when another process took it over.
 */
export async function run(
  context: Context,
  swap: Swap,
  options: { readonly signal?: AbortSignal } = {},
): Promise<SwapMachine.Outcome> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const wake = createWake()
  const watchers = watch(context, swap, wake, signal)
  const checked: Side.Checked = new Map()
  try {
    for (;;) {
      signal.throwIfAborted()
      wake.arm()
      const { commands, tips } = await round(context, swap, checked, signal)
      for (const command of commands) {
        if (command.do === 'finish') {
          context.onProgress?.({ is: 'finished', outcome: command.outcome })
          return command.outcome
        }
        await attempt(context, swap, command, tips, signal)
      }
      const reason = SwapMachine.waitingFor(swap.state)
      if (reason !== undefined) context.onProgress?.({ is: 'waiting', for: reason })
      await wake.wait(signal)
    }
  } finally {
    stop.abort(new Error('the runner ended'))
    await Promise.allSettled(watchers)
    await swap.journal.close()
  }
}

/** One look at both chains and the steps that follow; what changed is journaled before any command is carried out. */
async function round(
  context: Context,
  swap: Swap,
  checked: Side.Checked,
  signal: AbortSignal,
): Promise<{ commands: readonly SwapMachine.Command[]; tips: Partial<Record<Agreement.Leg, Fact.Tip>> }> {
  const before = swap.state.durable
  const tips: Partial<Record<Agreement.Leg, Fact.Tip>> = {}
  let commands: readonly SwapMachine.Command[] = []
  const apply = (event: SwapMachine.SwapEvent) => {
    const transition = SwapMachine.step(swap.state, event)
    swap.state = transition.state
    commands = transition.commands
  }
  for (const leg of LEGS) {
    const terms = before.terms[leg]
    if (terms === undefined) continue
    const { event, tip } = await sight(context, swap, leg, terms, checked, signal)
    if (tip !== undefined) tips[leg] = tip
    apply(event)
    context.onProgress?.({ is: 'seen', leg, view: swap.state.view[leg], tip })
  }
  if (await isVoided(context, swap, signal)) apply({ is: 'voided' })
  if (swap.state.durable !== before) await write(swap, { is: 'durable', durable: swap.state.durable })
  return { commands, tips }
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
    const utc = context.utc?.()
    return await Side.look(side, leg, terms, {
      signal,
      checked,
      prove,
      ...(utc === undefined ? {} : { utc }),
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!isAitbcError(error)) throw error
    return { event: { is: 'unreadable', leg, why: error.message } }
  }
}

async function attempt(
  context: Context,
  swap: Swap,
  command: Exclude<SwapMachine.Command, { do: 'finish' }>,
  tips: Partial<Record<Agreement.Leg, Fact.Tip>>,
  signal: AbortSignal,
): Promise<void> {
  if (command.do === 'alarm') {
    context.onProgress?.({ is: 'alarm', reason: command.reason })
    return
  }
  try {
    await carryOut(context, swap, command, tips[command.leg]?.height, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!isAitbcError(error) || error._tag === 'SwapBusy') throw error
    context.onProgress?.({ is: 'trouble', key: command.key, error })
  }
}

type Act = Extract<SwapMachine.Command, { leg: Agreement.Leg }>

/** Makes one command true: once signed it is always the same transaction, sent again or replaced under its conflict key. */
async function carryOut(
  context: Context,
  swap: Swap,
  command: Act,
  height: bigint | undefined,
  signal: AbortSignal,
): Promise<void> {
  const terms = swap.state.durable.terms[command.leg] as LockTerms.LockTerms
  const side = Side.of(context.sides, terms.backend.network)
  const sent = swap.book.get(command.key)
  const last = sent?.submissions.at(-1)
  if (sent === undefined || (last === undefined && sent.signed.length === 0)) {
    await fresh(context, swap, command, side, signal)
    return
  }
  if (last === undefined) {
    await broadcast(context, swap, command, side, sent, signal)
    return
  }
  const { value: status } = await side.adapter.status(last, { signal })
  switch (status.is) {
    case 'included':
    case 'final':
      return
    case 'pending':
      if (height !== undefined) sent.waitingSince ??= height
      if (height !== undefined && height - (sent.waitingSince ?? height) >= (context.bumpAfter ?? 2n))
        await raise(context, swap, command, side, sent, last, signal)
      return
    case 'unknown':
    case 'dropped':
      await broadcast(context, swap, command, side, sent, signal)
      return
    case 'failed':
    case 'replaced':
      // Its conflict key is used up, so that it never can be included (again): a new one is no second payment.
      if (status.is === 'replaced' && last.attempts.includes(status.by)) return
      await fresh(context, swap, command, side, signal)
  }
}

async function fresh(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  signal: AbortSignal,
): Promise<void> {
  const intent = intentOf(context, swap, command, side)
  if (intent === undefined) return
  if (command.do === 'lock') await assertSolvent(context, swap, side, intent, signal)
  const steps = await side.adapter.prepare(intent, { signal })
  await signAndSend(context, swap, command, side, steps, signal)
}

async function raise(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  last: Submission,
  signal: AbortSignal,
): Promise<void> {
  const { fast } = await side.adapter.feeRates({ signal })
  const steps = await side.adapter.replace(last, fast, { signal })
  const before = sent.signed.slice(0, -1)
  await signAndSend(context, swap, command, side, steps, signal, before, last.attempts)
  const id = swap.book.get(command.key)?.submissions.at(-1)?.id
  if (id !== undefined) context.onProgress?.({ is: 'raised', key: command.key, id, feeRate: fast })
}

async function signAndSend(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  steps: readonly Step[],
  signal: AbortSignal,
  before: readonly Signed[] = [],
  attempts: readonly string[] = [],
): Promise<void> {
  const signed: Signed[] = [...before]
  for (const step of steps) {
    const signer = Side.signerOf(side, step.from, swap.nonce)
    if (signer.kind === 'sends') {
      await write(swap, { is: 'sending', key: command.key, step })
      const submission = await signer.send(step, { signal })
      await note(swap, command.key, { signed, undo: [], submissions: [submission] })
      context.onProgress?.({ is: 'sent', command: command.do, key: command.key, ids: [submission.id] })
    } else signed.push(await signer.sign(step, { signal }))
  }
  if (signed.length === 0) return
  const undo = command.do === 'lock' ? await undoOf(swap, command.terms, side, signed, signal) : []
  const sent: Sent = { signed, undo, submissions: [] }
  await write(swap, { is: 'signed', key: command.key, signed, undo })
  swap.book.set(command.key, sent)
  await broadcast(context, swap, command, side, sent, signal, attempts)
}

/** The refund of exactly this version of a lock, signed before the lock is sent (S8, S9). */
async function undoOf(
  swap: Swap,
  terms: LockTerms.LockTerms,
  side: Side.Side,
  signed: readonly Signed[],
  signal: AbortSignal,
): Promise<readonly Signed[]> {
  const lock = side.adapter.expectLock(terms, signed)
  const steps = await side.adapter.prepare({ kind: 'refund', terms, lock }, { signal, after: signed })
  const undo: Signed[] = []
  for (const step of steps) {
    const signer = Side.signerOf(side, step.from, swap.nonce)
    if (signer.kind === 'signs') undo.push(await signer.sign(step, { signal }))
  }
  return undo
}

async function broadcast(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  signal: AbortSignal,
  attempts: readonly string[] = sent.submissions.at(-1)?.attempts ?? [],
): Promise<void> {
  const submissions: Submission[] = []
  for (const one of sent.signed) submissions.push(await side.adapter.submit(one, { signal }))
  const last = submissions.pop()
  if (last === undefined) return
  const all = [...new Set([...attempts, ...last.attempts, last.id])]
  submissions.push({ ...last, attempts: all })
  await note(swap, command.key, { ...sent, submissions })
  context.onProgress?.({
    is: 'sent',
    command: command.do,
    key: command.key,
    ids: submissions.map((s) => s.id),
  })
}

async function note(swap: Swap, key: string, sent: Sent): Promise<void> {
  const { waitingSince: _, ...rest } = sent
  swap.book.set(key, rest)
  await write(swap, { is: 'submitted', key, submissions: sent.submissions })
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
    case 'void': {
      const submission = swap.book.get(`lock/${command.leg}`)?.submissions.at(-1)
      return submission === undefined ? undefined : { kind: 'void', submission }
    }
  }
}

/** The own lock's place is finally taken by the transaction that made it void. */
async function isVoided(context: Context, swap: Swap, signal: AbortSignal): Promise<boolean> {
  const leg = Agreement.ownLeg(swap.state.role)
  const terms = swap.state.durable.terms[leg]
  const submission = swap.book.get(`void/${leg}`)?.submissions.at(-1)
  if (terms === undefined || submission === undefined || swap.state.durable.voided) return false
  try {
    const side = Side.of(context.sides, terms.backend.network)
    return (await side.adapter.status(submission, { signal })).value.is === 'final'
  } catch (error) {
    signal.throwIfAborted()
    if (!isAitbcError(error)) throw error
    return false
  }
}

/**
 * Nobody locks who couldn't afford to claim or to refund (S13): on chains where the account pays, it must hold twice the greatest
 * fee of a claim and of a refund besides the lock itself. `FundsMissing` (4014) names account and amount.
 */
async function assertSolvent(
  context: Context,
  swap: Swap,
  own: Side.Side,
  intent: Intent,
  signal: AbortSignal,
): Promise<void> {
  const { durable, role } = swap.state
  const steps = await own.adapter.prepare(intent, { signal })
  const terms = durable.terms[Agreement.ownLeg(role)] as LockTerms.LockTerms
  const payer = own.funding
  const native = own.adapter.network.native.id
  let need = steps.reduce((sum, step) => sum + (step.maxFee.asset === native ? step.maxFee.amount : 0n), 0n)
  if (terms.asset === native) need += terms.amount
  else await assertHolds(own, payer, terms.asset, terms.amount, signal)
  await assertHolds(own, payer, native, need, signal)
  for (const leg of LEGS) {
    const at = durable.terms[leg]
    if (at === undefined) continue
    const side = Side.of(context.sides, at.backend.network)
    if (side.adapter.profile.feesFrom !== 'account') continue
    const lock = side.adapter.expectLock(at, [])
    // A refund costs what a claim does, and needs no secret to be asked for.
    const feePayer = (leg === Agreement.ownLeg(role) ? at.locker : at.beneficiary).account
    const settle: Intent = { kind: 'refund', terms: at, lock, feePayer }
    for (const step of await side.adapter.prepare(settle, { signal })) {
      const spent = side === own && step.from === payer ? need : 0n
      await assertHolds(
        side,
        step.from,
        side.adapter.network.native.id,
        spent + 2n * step.maxFee.amount,
        signal,
      )
    }
  }
}

async function assertHolds(
  side: Side.Side,
  account: LockTerms.Party['account'],
  asset: LockTerms.LockTerms['asset'],
  least: bigint,
  signal: AbortSignal,
): Promise<void> {
  const { value } = await side.adapter.balance(account, { asset, signal })
  if (value < least)
    throw SwapErrors.FundsMissing(`${account} holds ${value} of ${asset}, ${least} are needed`, {
      account,
      asset,
      holds: value,
      needs: least,
    })
}

async function begin(context: Context, entry: Extract<SwapRecord.Entry, { is: 'opened' }>): Promise<Swap> {
  const id = idOf(entry)
  const journal = await journalOf(context.storage, id)
  const swap: Swap = {
    id,
    nonce: entry.nonce,
    ...(entry.agreement === undefined ? {} : { agreement: entry.agreement }),
    state: SwapMachine.resume(entry.role, entry.durable),
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

async function write(swap: Swap, entry: SwapRecord.Entry): Promise<void> {
  try {
    await swap.journal.append(entry.is, SwapRecord.encode(entry))
  } catch (error) {
    if (!isAitbcError(error, 'StorageConflict')) throw error
    throw SwapErrors.SwapBusy(
      `swap ${swap.id} was taken over by another process`,
      { id: swap.id },
      { cause: error },
    )
  }
}

async function claimHashlock(storage: Storage, hashlock: Bytes.Hash32, id: string): Promise<void> {
  const key = `hashlock/${Bytes.toHex(hashlock)}`
  try {
    await storage.compareAndSet(key, 0n, new TextEncoder().encode(id))
  } catch (error) {
    if (!isAitbcError(error, 'StorageConflict')) throw error
    throw SwapErrors.HashlockReused(`hashlock ${Bytes.toHex(hashlock)} was used before`, {
      hashlock: Bytes.toHex(hashlock),
    })
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

interface Wake {
  /** From here on a call of `up` counts for the next `wait`. */
  arm(): void
  up(): void
  wait(signal: AbortSignal): Promise<void>
}

function createWake(): Wake {
  let up = false
  let notify: () => void = () => undefined
  return {
    arm() {
      up = false
    },
    up() {
      up = true
      notify()
    },
    wait: (signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (up) return resolve()
        const abort = () => reject(signal.reason)
        signal.addEventListener('abort', abort, { once: true })
        notify = () => {
          signal.removeEventListener('abort', abort)
          resolve()
        }
      }),
  }
}

/** Wakes the runner at each block and each sighting of either leg; a watch that breaks is begun again after a pause. */
function watch(context: Context, swap: Swap, wake: Wake, signal: AbortSignal): readonly Promise<void>[] {
  return LEGS.flatMap((leg) => {
    const terms = swap.state.durable.terms[leg]
    if (terms === undefined) return []
    const { adapter } = Side.of(context.sides, terms.backend.network)
    return [{ kind: 'tip' } as const, { kind: 'lock', terms } as const].map(async (subject) => {
      while (!signal.aborted) {
        try {
          for await (const _ of adapter.watch(subject, { signal })) wake.up()
        } catch (error) {
          if (signal.aborted) return
          context.onProgress?.({ is: 'trouble', key: `watch/${leg}`, error })
        }
        await pause(context.pauseMs ?? 1000, signal)
        wake.up()
      }
    })
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
