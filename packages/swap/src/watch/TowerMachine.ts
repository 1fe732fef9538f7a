import { Deadline, Hashlock, type Lock, type Spend } from '@aitbc/core'
import { begun, type Since, timesWaited } from '../internal/rest.js'
import type * as Ladder from '../Ladder.js'
import * as WatchJob from './WatchJob.js'

/** One lock of a task as the tower last saw it. */
export interface Sight {
  readonly lock: Pick<Lock, 'ref' | 'amount'>
  /** Blocks on top of what spends it, itself included; 0 in the mempool. */
  readonly spend?: { readonly kind: Spend['kind']; readonly depth: bigint; readonly final: boolean }
}

/** What was sent for one lock. */
export interface Sent {
  /** When it was first due. */
  readonly since: Since
  /** The highest rung that was sent. */
  readonly rung: number
  /** Nothing that is signed can be included any more: what it would have used, an account's nonce, is used otherwise. */
  readonly lost?: true
}

/** What a tower knows of one task. */
export interface TaskState {
  /** By lock. */
  readonly sent: Readonly<Record<string, Sent>>
  /** How it ended, for good; `nothing` where there is no lock and can hardly be one any more. */
  readonly ended?: 'claimed' | 'refunded' | 'nothing'
}

/** A tower's whole state for one job: nothing in it must outlive a crash. */
export interface TowerState {
  readonly job: WatchJob.WatchJob
  readonly secret?: Hashlock.Secret
  readonly tasks: readonly TaskState[]
}

/** What a tower sees. */
export type TowerEvent =
  /** A secret was seen on either chain; whatever doesn't open the hashlock is none. */
  | { readonly is: 'secret'; readonly secret: Hashlock.Secret }
  | {
      readonly is: 'seen'
      readonly task: number
      readonly height: bigint
      /** UTC, unix seconds: nothing is raised faster than time goes, however fast the chain is told to grow. */
      readonly utc: bigint
      readonly now: Deadline.Deadline
      readonly locks: readonly Sight[]
      /** What the market asks for the act now, by lock, base units of the native coin; unknown where the endpoint doesn't tell. */
      readonly asks: Readonly<Record<string, bigint>>
      /** Claims are accepted after the deadline. */
      readonly lateClaims: boolean
      /** That clock is past the deadline, and UTC needn't be, or can't tell: for all that is known, claims are taken yet. */
      readonly early?: true
      /** Not all could be read: that is enough to act by, and ends nothing. */
      readonly doubtful?: true
      /** Blocks that a rung may wait ({@link Pace.bumpAfter}). */
      readonly patience: bigint
      /** Time on this chain's clock after the deadline in which a lock could still appear, be claimed or refunded. */
      readonly settle: bigint
      /** Milliseconds between blocks. */
      readonly blockTimeMs: bigint
    }
  /** A node refused the rung as too cheap. */
  | { readonly is: 'outbid'; readonly task: number; readonly ref: string; readonly rung: number }
  /** What is signed for a lock can't be included any more. */
  | { readonly is: 'lost'; readonly task: number; readonly ref: string }

/** What a tower is to do now; again at each sight, until it is over. */
export type TowerCommand =
  | { readonly do: 'send'; readonly task: number; readonly lock: Sight['lock']; readonly rung: number }
  /** Nothing is signed for this lock: it is sent from the tower's own account, for whom the lock names. */
  | { readonly do: 'relay'; readonly task: number; readonly lock: Sight['lock'] }
  | { readonly do: 'finish' }

/**
 * A tower's beginning with a job, after a restart too: nothing was sent, as far as it knows.
 *
 * @example
 * import { Hashlock } from '@aitbc/core'
 * import { TowerMachine } from '@aitbc/swap/watch'
 * const secret = new Uint8Array(32).fill(7)
 * const state = TowerMachine.start({ issue: 1n, hashlock: Hashlock.of(secret), tasks: [], secret })
 * state.secret === secret // true
 */
export function start(job: WatchJob.WatchJob): TowerState {
  const { secret } = job
  return { job, ...(secret === undefined ? {} : { secret }), tasks: job.tasks.map(() => ({ sent: {} })) }
}

/**
 * All tasks are at their end.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { TowerMachine } from '@aitbc/swap/watch'
 * const network = 'cosmos:cosmoshub-4'
 * const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 * const hashlock = Hashlock.of(new Uint8Array(32).fill(7))
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *   ...{ locker: who('alice'), beneficiary: who('bob'), hashlock, salt: new Uint8Array(32) },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 * }
 * const state = TowerMachine.start({ issue: 1n, hashlock, tasks: [{ do: 'refund', terms, rungs: [] }] })
 * TowerMachine.isOver(state) // false
 * TowerMachine.isOver({ ...state, tasks: [{ sent: {}, ended: 'refunded' }] }) // true
 */
export function isOver(state: TowerState): boolean {
  return state.tasks.every(({ ended }) => ended !== undefined)
}

/**
 * One step of a tower. Pure and total: a refund from its deadline on, a claim as soon as the secret is public, each by the lowest rung that
 * pays what the market asks, a higher one whenever one has waited, and the highest when hardly a block is left (L5). What is in no block for
 * good is done again (L4); what the owner or another tower did first is as good.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { TowerMachine } from '@aitbc/swap/watch'
 * const network = 'cosmos:cosmoshub-4'
 * const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 * const hashlock = Hashlock.of(new Uint8Array(32).fill(7))
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *   ...{ locker: who('alice'), beneficiary: who('bob'), hashlock, salt: new Uint8Array(32) },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 * }
 * const at = (value: bigint): TowerMachine.TowerEvent => ({
 *   ...{ is: 'seen', task: 0, height: 20_000_000n, utc: value, now: { ...terms.deadline, value }, asks: {}, lateClaims: false },
 *   ...{ locks: [{ lock: { ref: 'aa', amount: 1_000_000n } }], patience: 2n, settle: 7200n, blockTimeMs: 6000n },
 * })
 * const start = TowerMachine.start({ issue: 1n, hashlock, tasks: [{ do: 'refund', terms, rungs: [] }] })
 * const before = TowerMachine.step(start, at(1_899_999_999n))
 * before.commands // []
 * // From the deadline on, and for whom the lock names: nothing of the owner's is signed.
 * const { commands } = TowerMachine.step(before.state, at(1_900_000_000n))
 * commands.map((command) => command.do) // ['relay']
 */
export function step(
  state: TowerState,
  event: TowerEvent,
): { readonly state: TowerState; readonly commands: readonly TowerCommand[] } {
  const { job } = state
  switch (event.is) {
    case 'secret': {
      const known = state.secret !== undefined || !Hashlock.opens(event.secret, job.hashlock)
      return { state: known ? state : { ...state, secret: event.secret }, commands: [] }
    }
    case 'outbid': {
      const task = job.tasks[event.task]
      const known = state.tasks[event.task]
      const before = known?.sent[event.ref]
      const next = event.rung + 1
      if (task === undefined || known === undefined || known.ended !== undefined)
        return { state, commands: [] }
      if (before?.rung !== event.rung || next >= WatchJob.ladderOf(task, event).length)
        return { state, commands: [] }
      const sent = { ...known.sent, [event.ref]: { ...before, rung: next } }
      const lock = { ref: event.ref, amount: task.terms.amount }
      return {
        state: withTask(state, event.task, { ...known, sent }),
        commands: [{ do: 'send', task: event.task, lock, rung: next }],
      }
    }
    case 'lost': {
      const known = state.tasks[event.task]
      const before = known?.sent[event.ref]
      if (known === undefined || before === undefined) return { state, commands: [] }
      const sent = { ...known.sent, [event.ref]: { ...before, lost: true } as const }
      const lock = { ref: event.ref, amount: job.tasks[event.task]?.terms.amount ?? 0n }
      return {
        state: withTask(state, event.task, { ...known, sent }),
        commands: [{ do: 'relay', task: event.task, lock }],
      }
    }
    case 'seen':
      return seen(state, event)
  }
}

function seen(
  before: TowerState,
  event: Extract<TowerEvent, { is: 'seen' }>,
): { readonly state: TowerState; readonly commands: readonly TowerCommand[] } {
  const { task: index, height, utc, now, locks } = event
  const task = before.job.tasks[index]
  const known = before.tasks[index]
  if (task === undefined || known === undefined || known.ended !== undefined) return finish(before, [])
  const ended = endOf(before, task, event)
  if (ended !== undefined) return finish(withTask(before, index, { ...known, ended }), [])
  if (!isDue(before, task, event)) return finish(before, [])
  const commands: TowerCommand[] = []
  const sent = { ...known.sent }
  for (const { lock, spend } of locks) {
    // What is in a block is somebody's good right, or done; what waits for one can be outbid as long as it isn't.
    if (spend !== undefined && spend.depth > 0n) continue
    const ladder = WatchJob.ladderOf(task, lock)
    const since = begun(sent[lock.ref]?.since, { height, utc })
    const waited = timesWaited(event, event.patience, since, { height, utc })
    if (ladder.length === 0 || sent[lock.ref]?.lost) {
      sent[lock.ref] = { rung: 0, ...sent[lock.ref], since }
      // Somebody's waits already: the tower pays only for what that one doesn't bring.
      if (spend === undefined || waited >= 1n) commands.push({ do: 'relay', task: index, lock })
      continue
    }
    const left = task.do === 'claim' ? Deadline.remaining(task.terms.deadline, now) : undefined
    const rung = rungOf(ladder, {
      asks: event.asks[lock.ref],
      waited,
      least: sent[lock.ref]?.rung ?? 0,
      hurried: left !== undefined && isShort(left, event),
    })
    sent[lock.ref] = { ...sent[lock.ref], since, rung }
    commands.push({ do: 'send', task: index, lock, rung })
  }
  return finish(withTask(before, index, { ...known, sent }), commands)
}

/** Hardly two blocks. */
function isShort(left: bigint, { now, blockTimeMs }: Extract<TowerEvent, { is: 'seen' }>): boolean {
  return now.clock === 'height' ? left <= 2n : left * 1000n <= 2n * blockTimeMs
}

function finish(state: TowerState, commands: readonly TowerCommand[]) {
  return { state, commands: isOver(state) ? [...commands, { do: 'finish' } as const] : commands }
}

function isDue(
  state: TowerState,
  { do: does, terms }: WatchJob.Task,
  { now, lateClaims, early }: Extract<TowerEvent, { is: 'seen' }>,
): boolean {
  const expired = Deadline.reached(terms.deadline, now)
  return does === 'refund'
    ? expired
    : state.secret !== undefined && (lateClaims || early === true || !expired)
}

/** How a task has ended for good: everything that was locked is spent finally, or nothing was and nothing will be. */
function endOf(
  state: TowerState,
  task: WatchJob.Task,
  { task: index, now, locks, settle, lateClaims, early, doubtful }: Extract<TowerEvent, { is: 'seen' }>,
): TaskState['ended'] {
  if (doubtful) return undefined
  const all = locks.filter(({ lock }) => lock.amount >= task.terms.amount)
  // What somebody else paid in later isn't waited for, where something is signed for the lock that was meant.
  const meant = all.filter(({ lock }) => WatchJob.ladderOf(task, lock).length > 0)
  const whole = meant.length > 0 ? meant : all
  if (whole.length > 0 && whole.every(({ spend }) => spend?.final))
    return whole.some(({ spend }) => spend?.kind === 'claim') ? 'claimed' : 'refunded'
  const late = Deadline.remaining(task.terms.deadline, now) <= -settle
  if (!late) return undefined
  if (whole.length === 0) return 'nothing'
  // A claim that nobody can make any more: the secret never came, or the chain takes none after the deadline.
  const others = state.tasks.every((other, i) => i === index || other.ended !== undefined)
  const hopeless = task.do === 'claim' && (state.secret === undefined ? others : !lateClaims && !early)
  return hopeless && whole.every(({ spend }) => spend === undefined) ? 'nothing' : undefined
}

/** The rung to send: never a lower one than before. */
function rungOf(
  ladder: Ladder.Ladder,
  options: {
    readonly asks: bigint | undefined
    /** How often the patience has gone by. */
    readonly waited: bigint
    readonly least: number
    readonly hurried: boolean
  },
): number {
  const { asks, waited, least, hurried } = options
  const top = ladder.length - 1
  if (hurried) return top
  const enough = asks === undefined ? 0 : ladder.findIndex(({ step: { maxFee } }) => maxFee.amount >= asks)
  const market = enough < 0 ? top : enough
  return Math.min(top, Math.max(least, market, Number(waited)))
}

function withTask(state: TowerState, index: number, task: TaskState): TowerState {
  return { ...state, tasks: state.tasks.map((one, i) => (i === index ? task : one)) }
}
