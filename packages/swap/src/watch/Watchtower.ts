import {
  type ChainId,
  Deadline,
  type Due,
  type Hashlock,
  type Intent,
  type Lock,
  type Network,
  type Signed,
  type Storage,
  type SwapAdapter,
} from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import { larger, smaller } from '../internal/extremes.js'
import { assertHas } from '../internal/given.js'
import { latestBy, leftUntil } from '../internal/left.js'
import { isOutbid } from '../internal/refusals.js'
import { begun, leftBy, type Since, timesWaited } from '../internal/rest.js'
import * as Ladder from '../Ladder.js'
import * as Pace from '../Pace.js'
import { isFinal } from '../Side.js'
import * as Wake from '../Wake.js'
import * as Owed from './Owed.js'
import * as Relay from './Relay.js'
import * as TowerMachine from './TowerMachine.js'
import * as WatchJob from './WatchJob.js'

/** What a tower brings to one chain. */
export interface Post {
  readonly adapter: SwapAdapter
  readonly relay?: Relay.Account
}

/** What a tower runs with. */
export interface Context {
  readonly posts: Readonly<Record<ChainId.ChainId, Post>>
  /** UTC now, unix seconds. */
  readonly utc: () => bigint
  /**
   * Where the tower keeps what it signs with its own accounts, before it sends it; without it a tower that crashes may pay for the same a
   * second time. One storage serves any number of jobs, and any number of towers each, of which one pays.
   */
  readonly storage?: Storage
  /** Blocks that a transaction may wait before a dearer one is sent; {@link Pace.bumpAfter} unless told. */
  readonly bumpAfter?: (network: Network, left?: bigint) => bigint
  /** Pause before a broken watch is begun again, milliseconds; 1000 unless told. */
  readonly pauseMs?: number
  readonly onProgress?: (progress: Progress) => void
}

/** What happens while a tower works. */
export type Progress =
  | { readonly is: 'sent'; readonly task: WatchJob.Task['do']; readonly id: string; readonly fee: bigint }
  | { readonly is: 'trouble'; readonly task: WatchJob.Task['do']; readonly error: unknown }
  | {
      readonly is: 'ended'
      readonly task: WatchJob.Task['do']
      readonly how: NonNullable<TowerMachine.TaskState['ended']>
    }
  /** The lock is settled and still owes the owner something that this tower can't collect: the owner can. */
  | {
      readonly is: 'owed'
      readonly task: WatchJob.Task['do']
      readonly due: Due
      readonly why: string
    }

/** How each task ended. */
export type Ended = Readonly<
  Partial<Record<WatchJob.Task['do'], NonNullable<TowerMachine.TaskState['ended']>>>
>

/**
 * Runs a watch job to its end: watches both chains, sends what is signed as soon as it is due, dearer versions as they are needed, and from
 * its own account what needs no signature of the owner's. Any number of towers may run one job beside its owner: of all their
 * transactions one is included, and all pay the owner. Started again after a crash it goes on from what the chains say, and from what its
 * storage has of its own payments. What settled locks still owe the owner (H26) it collects where it can, and tells of where it can't.
 *
 * `SideMissing` (4009) where a network of the job has no post; `InvalidArgument` (1013) where context or job are none; rejects with `signal.reason` when aborted. Terms that a post's adapter refuses
 * (another contract, another clock, less than it takes for dust) are told at once as `trouble` (`InvalidAgreement`, 4001), and tried all the
 * same: who runs the tower, or its owner, has to hear of that before anything is due.
 *
 * @example
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * import { SwapSeed, type SwapAdapter } from '@aitbc/core'
 * import { WatchJob, Watchtower } from '@aitbc/swap/watch'
 * const storage = createMemoryStorage()
 * const utc = () => BigInt(Math.floor(Date.now() / 1000))
 * // What a tower does with a job that it is sent: `adapters` are its own, of all networks that it serves.
 * function work(sealed: Uint8Array, key: Uint8Array, adapters: readonly SwapAdapter[]) {
 *   const posts = Object.fromEntries(adapters.map((adapter) => [adapter.network.id, { adapter }]))
 *   return Watchtower.run({ posts, utc, storage }, WatchJob.open(sealed, key))
 * }
 * // A job without a task is over at once.
 * const key = SwapSeed.tower(new Uint8Array(32).fill(1), new Uint8Array(8))
 * const ended = await work(WatchJob.seal({ issue: 1n, hashlock: new Uint8Array(32), tasks: [] }, key), key, [])
 * Object.keys(ended).length // 0
 */
export async function run(
  context: Context,
  job: WatchJob.WatchJob,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Ended> {
  assertHas(context, 'context', ['posts', 'utc'])
  assertHas(job, 'job', ['tasks', 'hashlock'])
  const posts = job.tasks.map((task) => postOf(context, task))
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const wake = Wake.create()
  const pauseMs = context.pauseMs ?? 1000
  const watchers = job.tasks.flatMap((task, i) => {
    const trouble = (error: unknown) => context.onProgress?.({ is: 'trouble', task: task.do, error })
    return Wake.follow(wake, (posts[i] as Post).adapter, task.terms, { signal, pauseMs, trouble })
  })
  const relays = Relay.open(context.storage, job.hashlock)
  const inVain = new Map<string, number>()
  const told = new Set<string>()
  const climbed = new Map<string, Since>()
  const heads: Heads = { since: context.utc(), known: new Map() }
  let state = TowerMachine.start(job)
  try {
    for (;;) {
      signal.throwIfAborted()
      wake.arm()
      const sights = await Promise.all(
        job.tasks.map((task, i) => look(context, posts[i] as Post, task, i, state, heads, signal)),
      )
      // A secret may be shown on one chain and be used on the other.
      for (const { secrets } of sights)
        for (const secret of secrets) state = TowerMachine.step(state, { is: 'secret', secret }).state
      for (const [i, { event }] of sights.entries()) {
        if (event === undefined) continue
        const before = state.tasks[i]?.ended
        const next = TowerMachine.step(state, event)
        state = next.state
        const ended = state.tasks[i]?.ended
        if (ended !== undefined && before === undefined)
          context.onProgress?.({ is: 'ended', task: (job.tasks[i] as WatchJob.Task).do, how: ended })
        for (const command of next.commands) {
          if (command.do === 'finish') continue
          const post = posts[i] as Post
          const { do: does, terms } = job.tasks[i] as WatchJob.Task
          const left =
            does === 'claim'
              ? leftBy(post.adapter, terms.deadline, event.now.value, context.utc())
              : undefined
          const { height, utc, patience } = event
          const { ref } = command.lock
          const sight = event.locks.find(({ lock }) => lock.ref === ref)
          const now = { height, utc }
          const last = climbed.has(ref) ? begun(climbed.get(ref), now) : undefined
          if (last !== undefined) climbed.set(ref, last)
          const at = {
            ...{ post, relays, told, height, signal },
            ...(left === undefined ? {} : { left }),
            rests:
              last !== undefined &&
              sight?.spend?.kind === does &&
              timesWaited(post.adapter.network, patience, last, now) < 1n,
            climb: () => climbed.set(ref, now),
          }
          state = await carryOut(context, at, state, command)
        }
      }
      if (TowerMachine.isOver(state)) {
        let waits = false
        for (const [i, task] of job.tasks.entries()) {
          const tell = (one: Owed.Told) => {
            if (one.is === 'sent') return context.onProgress?.({ ...one, task: task.do })
            const key = `${task.do}/${one.due.kind}/${one.why}`
            if (!told.has(key)) context.onProgress?.({ ...one, task: task.do })
            told.add(key)
          }
          const at = { post: posts[i] as Post, relays, inVain, tell, signal }
          try {
            if (await Owed.collect(context, at, task, state.tasks[i]?.ended)) waits = true
          } catch (error) {
            signal.throwIfAborted()
            waits = true
            context.onProgress?.({ is: 'trouble', task: task.do, error })
          }
        }
        if (!waits) return endedOf(state)
      }
      await wake.wait(signal)
    }
  } finally {
    stop.abort(new Error('the tower ended'))
    await Promise.allSettled(watchers)
  }
}

function endedOf({ job, tasks }: TowerMachine.TowerState): Ended {
  return Object.fromEntries(job.tasks.map((task, i) => [task.do, tasks[i]?.ended])) as Ended
}

function postOf(context: Context, { do: does, terms }: WatchJob.Task): Post {
  const { network } = terms.backend
  const post = Object.hasOwn(context.posts, network) ? context.posts[network] : undefined
  if (post === undefined) throw SwapErrors.SideMissing(`no post was handed in for ${network}`, { network })
  const verdict = post.adapter.auditTerms(terms)
  if (!verdict.ok) {
    const { check, message } = verdict.refusal
    const why = `the ${does} on ${network} fails ${check}: ${message}`
    const error = SwapErrors.InvalidAgreement(why, { argument: 'job', check })
    context.onProgress?.({ is: 'trouble', task: does, error })
  }
  return post
}

/** Where clocks count blocks. */
interface Heads {
  /** When the tower began, UTC. */
  readonly since: bigint
  /** By task, the head that leaves most. */
  readonly known: Map<number, Since>
}

/** The most blocks that there can be by now, by any number of them that was ever told. */
function mostBy({ blockTimeMs, pace }: Network, { known }: Heads, index: number, told: Since): bigint {
  const { height, utc } = known.get(index) ?? told
  const most = height + (larger(told.utc - utc, 0n) * 1000n) / (pace?.least ?? blockTimeMs)
  if (told.height <= most) known.set(index, told)
  return most
}

/** One look at a task's chain; what can't be read now gives no event. */
async function look(
  context: Context,
  { adapter }: Post,
  task: WatchJob.Task,
  index: number,
  state: TowerMachine.TowerState,
  heads: Heads,
  signal: AbortSignal,
): Promise<{
  readonly event?: Extract<TowerMachine.TowerEvent, { is: 'seen' }>
  readonly secrets: readonly Hashlock.Secret[]
}> {
  const { terms } = task
  const { network, profile } = adapter
  const secrets: Hashlock.Secret[] = []
  try {
    const tip = (await adapter.tip({ signal })).value
    const { id, clock } = network
    const utc = context.utc()
    const counts = clock === 'height'
    // What no clock can show by now makes nothing more urgent.
    const most = counts ? mostBy(network, heads, index, { height: tip.clock, utc }) : latestBy(network, utc)
    const now = Deadline.from({ network: id, clock, value: counts ? tip.clock : smaller(tip.clock, most) })
    const locks: TowerMachine.Sight[] = []
    const asks: Record<string, bigint> = {}
    let isWhole = true
    for (const read of await adapter.findLocks(terms, { signal })) {
      if (read.is === 'unknown') isWhole = false
      if (read.is !== 'found') continue
      const lock = read.fact.value
      const spent = await adapter.findSpend(terms, lock, { signal })
      if (spent.is === 'unknown') isWhole = false
      // Where both parties signed a claim, it shows no secret.
      const shown =
        spent.is === 'found' && spent.fact.value.kind === 'claim' ? spent.fact.value.secret : undefined
      if (shown !== undefined) secrets.push(shown)
      const spend =
        spent.is === 'found'
          ? { kind: spent.fact.value.kind, depth: spent.fact.depth, final: isFinal(network, spent.fact) }
          : undefined
      locks.push({ lock, ...(spend === undefined ? {} : { spend }) })
      const open = spend === undefined || spend.depth === 0n
      const secret = state.secret ?? secrets[0]
      const due = task.do === 'claim' ? secret !== undefined : Deadline.reached(terms.deadline, now)
      const top = WatchJob.ladderOf(task, lock).at(-1)
      if (!open || !due || top === undefined) continue
      // The owner's version that waits, or another tower's, is no rival to be outbid: only time makes a dearer one due.
      if (spend?.kind === task.do) continue
      const ask = await asked(adapter, task, lock, secret, top.step.maxFee.amount, signal)
      if (ask !== undefined) asks[lock.ref] = ask
    }
    const left = leftUntil(adapter, terms.deadline, now.value).least
    const { inclusion, finality, reorg, outage } = network.timing.conservative
    const isEarly =
      Deadline.reached(terms.deadline, now) &&
      (counts || utc - network.timing.standard.lag < terms.deadline.value)
    const settle = inclusion + finality + reorg + outage
    // An endpoint that shows a day to come, and no lock, ends nothing before that day is there; nor do heights that were all told just now.
    const ahead = now.value - (!counts ? utc : utc - heads.since < settle ? 0n : most)
    return {
      secrets,
      event: {
        is: 'seen',
        task: index,
        height: tip.height,
        utc,
        now,
        locks,
        asks,
        lateClaims: profile.lateClaims,
        ...(isEarly && { early: true }),
        ...(!isWhole && { doubtful: true }),
        patience: (context.bumpAfter ?? Pace.bumpAfter)(network, task.do === 'claim' ? left : undefined),
        settle: settle + larger(ahead, 0n),
        blockTimeMs: network.blockTimeMs,
      },
    }
  } catch (error) {
    signal.throwIfAborted()
    context.onProgress?.({ is: 'trouble', task: task.do, error })
    return { secrets }
  }
}

/** What an act would cost now, whatever waits beside it included (H6), and `most` where that is more; unknown where it can't be told. */
async function asked(
  adapter: SwapAdapter,
  { do: does, terms }: WatchJob.Task,
  lock: Lock,
  secret: Hashlock.Secret | undefined,
  most: bigint,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  try {
    const { fast } = await adapter.feeRates({ signal })
    const intent: Intent | undefined =
      does === 'refund'
        ? { kind: 'refund', terms, lock }
        : secret === undefined
          ? undefined
          : { kind: 'claim', terms, lock, secret }
    if (intent === undefined) return undefined
    const asset = adapter.network.native.id
    const make = (feeRate: bigint) => adapter.prepare(intent, { signal, feeRate })
    // What would leave nothing of the lock is refused: that asks for the dearest rung.
    const steps = await Ladder.priced(make, fast, { asset, most })
    return steps === undefined ? most : Ladder.costOf(steps, asset)
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** Where and when commands are carried out. */
interface Place {
  readonly post: Post
  readonly relays: Relay.Relays
  /** Ids that were told of. */
  readonly told: Set<string>
  readonly height: bigint
  readonly left?: bigint
  /**
   * What outbids waits for the owner as well, and was outbid a moment ago: the owner's, or another tower's that has other versions. Two that
   * outbid each other at once would pay the lock away in fees.
   */
  readonly rests: boolean
  readonly climb: () => void
  readonly signal: AbortSignal
}

/** Does what a command says, and what follows from its failing: a dearer rung, or a transaction of the tower's own. */
async function carryOut(
  context: Context,
  place: Place,
  before: TowerMachine.TowerState,
  first: TowerMachine.TowerCommand,
): Promise<TowerMachine.TowerState> {
  let state = before
  const queue = [first]
  for (let command = queue.shift(); command !== undefined; command = queue.shift()) {
    if (command.do === 'finish') continue
    const task = state.job.tasks[command.task] as WatchJob.Task
    const { ref } = command.lock
    try {
      if (command.do === 'relay') {
        const { secret } = state
        const what = Relay.settling(place.post.adapter, task, command.lock, secret, place.signal)
        const made = await Relay.send(context, place, what)
        if (made !== undefined && made !== 'final') tell(context, place, task, made.id, made.fee)
        continue
      }
      const failed = await send(place, task, command, state.secret)
      if (failed === undefined) {
        const signed = WatchJob.ladderOf(task, command.lock)[command.rung] as Signed
        tell(context, place, task, signed.id, signed.step.maxFee.amount)
        continue
      }
      if (failed === 'outbid') {
        if (place.rests) continue
        place.climb()
      } else if (place.post.relay === undefined)
        // It can be told only so, or a reorganisation may undo it: the tower has nothing else.
        throw Relay.unsigned(place.post.adapter.network, task.do, ref)
      const next = TowerMachine.step(
        state,
        failed === 'lost'
          ? { is: 'lost', task: command.task, ref }
          : { is: 'outbid', task: command.task, ref, rung: command.rung },
      )
      state = next.state
      queue.push(...next.commands)
    } catch (error) {
      place.signal.throwIfAborted()
      context.onProgress?.({ is: 'trouble', task: task.do, error })
    }
  }
  return state
}

function tell(context: Context, { told }: Place, { do: task }: WatchJob.Task, id: string, fee: bigint): void {
  if (told.has(id)) return
  told.add(id)
  context.onProgress?.({ is: 'sent', task, id, fee })
}

/** Sends a rung, whole; tells what became of it where it can't be included as it is. */
async function send(
  { post: { adapter }, signal }: Place,
  task: WatchJob.Task,
  { lock, rung }: Extract<TowerMachine.TowerCommand, { do: 'send' }>,
  secret: Hashlock.Secret | undefined,
): Promise<'outbid' | 'lost' | undefined> {
  const signed = wholeOf(adapter, task, WatchJob.ladderOf(task, lock)[rung] as Signed, secret)
  // An account's nonce may be used otherwise by now, or by this very transaction in vain; a lock's place can't, or it would be spent.
  if (adapter.profile.feesFrom === 'account') {
    const { step, id, raw } = signed
    const { is } = (await adapter.status({ step, id, raw, attempts: [id] }, { signal })).value
    if (is === 'failed' || is === 'replaced') return 'lost'
  }
  try {
    await adapter.submit(signed, { signal })
    return undefined
  } catch (error) {
    if (isOutbid(error)) return 'outbid'
    throw error
  }
}

/** A claim that was signed before its secret was known gets it now; everything else is whole already. */
function wholeOf(
  adapter: SwapAdapter,
  task: WatchJob.Task,
  signed: Signed,
  secret: Hashlock.Secret | undefined,
): Signed {
  if (task.do !== 'claim' || adapter.complete === undefined || secret === undefined) return signed
  return adapter.complete(signed, secret)
}
