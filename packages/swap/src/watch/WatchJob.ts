import {
  Bytes,
  Codec,
  CoreErrors,
  Hashlock,
  isAitbcError,
  type Lock,
  LockTerms,
  SwapSeed,
  show,
} from '@aitbc/core'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Agreement from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import * as Ladder from '../Ladder.js'
import type { Context, Swap } from '../Runner.js'
import * as Side from '../Side.js'
import * as SwapMachine from '../SwapMachine.js'
import * as SwapRecord from '../SwapRecord.js'

// Sealed: magic (6) ‖ version u8 ‖ issue u64 ‖ nonce (24) ‖ XChaCha20-Poly1305 of the body, the first 15 bytes as associated data.
// The nonce is an HMAC of the body and the issue, so that none is used for two bodies, whatever the state of the sender.

const MAGIC = /* @__PURE__ */ Bytes.fromHex('616974626357') // "aitbcW"
const VERSION = 1
const HEAD = MAGIC.length + 1 + 8
const NONCE = 24
const TAG = 16
/** Largest sealed job, bytes. */
export const MAX_LENGTH = 4_194_304
/** A journal begins anew when its swap is rebuilt from the chains; what that owner knows is the later word all the same. */
const RECOVERED = 1n << 32n
/** Most locks of one task that something is signed for. */
const MOST_LOCKS = 64

/** The signed versions for one lock. */
export interface Rungs {
  /** The lock that they spend ({@link Lock.ref}). */
  readonly ref: string
  readonly ladder: Ladder.Ladder
}

/** One thing to be done for the owner: claim the lock that is for it, or take its own lock back. */
export interface Task {
  readonly do: 'claim' | 'refund'
  readonly terms: LockTerms.LockTerms
  /** What is signed already, by lock; empty where the lock names its payee and anybody may send. */
  readonly rungs: readonly Rungs[]
}

/**
 * All that a worker needs to claim and refund for a swap's owner, and nothing to steal with: terms, which say whom the chain pays;
 * transactions that are signed already and pay the owner; the secret once it is public, and never before (S14, L7). No key and no seed.
 */
export interface WatchJob {
  /** Grows with what the owner knew: of two jobs of one swap the later one knows more, and the earlier one does no harm. */
  readonly issue: bigint
  readonly hashlock: Bytes.Hash32
  readonly tasks: readonly Task[]
  readonly secret?: Hashlock.Secret
}

/**
 * The watch job of a swap as it stands: the refund of its own lock (every version that was signed), the claim of the other one. Call it
 * when `Runner.Context.onWatchable` says so, {@link seal} it, and hand it to as many towers as there are.
 *
 * Where the lock itself pays and only the payee's key can sign, what was signed goes along: no chain takes it before its time. Where anybody
 * may send a claim or refund for the payee, a tower pays from its own account, and nothing of the owner's is handed out unless
 * `prepaid` says so: such transactions can be sent too early, in vain, at the owner's cost (its budget at most).
 *
 * `NotPresignable` (4018) where a `prepaid` task can't be signed in advance: its steps expire (Solana without a durable nonce), its fee
 * can't be raised, or what is signed would hold the secret.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import type { Runner } from '@aitbc/swap'
 * import { WatchJob } from '@aitbc/swap/watch'
 * // To be handed to towers whenever there is more to tell them: a runner's context with its own `onWatchable`.
 * const watched = (context: Runner.Context, send: (sealed: Uint8Array) => void): Runner.Context => ({
 *   ...context,
 *   onWatchable: (swap) =>
 *     send(WatchJob.seal(WatchJob.of(context, swap), SwapSeed.tower(context.seed, swap.nonce))),
 * })
 */
export function of(context: Context, swap: Swap, options: of.Options = {}): WatchJob {
  const { role, durable } = swap.state
  const tasks: Task[] = []
  for (const leg of ['long', 'short'] as const) {
    const terms = durable.terms[leg]
    if (terms === undefined) continue
    const own = leg === Agreement.ownLeg(role)
    if (own && !durable.ordered) continue
    const prefix = Ladder.keyOf(own ? 'undo' : 'arm', leg, { ref: '' })
    const does = own ? 'refund' : 'claim'
    const prepaid = options.prepaid?.includes(does) ?? false
    const given = prepaid || Side.of(context.sides, terms.backend.network).adapter.profile.payee === 'key'
    const all = [...swap.book].flatMap(([key, { signed }]): Rungs[] => {
      const ladder =
        given && key.startsWith(prefix)
          ? signed.filter(({ step }) => Ladder.isLasting(step, terms.deadline))
          : []
      return ladder.length === 0 ? [] : [{ ref: key.slice(prefix.length), ladder }]
    })
    const rungs = latest(all, swap.state.view[leg])
    const task: Task = { do: does, terms, rungs }
    if (prepaid && rungs.length === 0) throw notPresignable(context, task)
    tasks.push(task)
  }
  const hashlock = (durable.terms.long ?? durable.terms.short)?.hashlock
  if (hashlock === undefined)
    throw SwapErrors.StateUnreadable(`swap ${swap.id} has no terms`, { id: swap.id })
  const secret = SwapMachine.isPublic(durable)
    ? (durable.learned ?? (role === 'initiator' ? SwapSeed.secret(context.seed, swap.nonce) : undefined))
    : undefined
  return {
    issue: BigInt(swap.journal.entries.length) + (swap.recovered ? RECOVERED : 0n),
    hashlock,
    tasks,
    ...(secret !== undefined && Hashlock.opens(secret, hashlock) ? { secret } : {}),
  }
}

export declare namespace of {
  type Options = {
    /** What towers without an account of their own are to do at the owner's cost; nothing unless told. */
    readonly prepaid?: readonly Task['do'][]
  }
}

/**
 * As many as a job holds: those of the locks that are there, then the latest. A counterparty can replace its lock in the mempool as often as
 * it likes to pay for that, and each version was signed for.
 */
function latest(all: readonly Rungs[], view: SwapMachine.LegView): readonly Rungs[] {
  if (all.length <= MOST_LOCKS) return all
  const seen = view.is === 'seen' ? view : view.is === 'unreadable' ? view.last : undefined
  const there = new Set(seen?.locks.map(({ lock }) => lock.ref))
  const isThere = ({ ref }: Rungs) => there.has(ref)
  const gone = all.filter((one) => !isThere(one)).reverse()
  return [...all.filter(isThere).reverse(), ...gone].slice(0, MOST_LOCKS)
}

function notPresignable(context: Context, { do: does, terms }: Task) {
  const { network } = Side.of(context.sides, terms.backend.network).adapter
  return SwapErrors.NotPresignable(
    `the ${does} on ${network.id} can't be signed before its time: a tower has to send it from an account of its own`,
    { network: network.id, task: does },
  )
}

/**
 * The ladder of a task for one lock.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { WatchJob } from '@aitbc/swap/watch'
 * const network = 'eip155:1'
 * const who = (name: string) => {
 *   const account = `${network}:0x${name.repeat(20)}` as const
 *   return { account, payout: account }
 * }
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32) },
 *   ...{ backend: { network, kind: 'contract', address: `0x${'c0'.repeat(20)}` }, hashlock: Hashlock.of(new Uint8Array(32).fill(7)) },
 *   ...{ locker: who('a1'), beneficiary: who('b2'), deadline: { network, clock: 'unix', value: 1_900_000_000n } },
 * }
 * // Anybody may claim there for whom the lock names: nothing of the owner's is in the job.
 * WatchJob.ladderOf({ do: 'claim', terms, rungs: [] }, { ref: '0x01' }) // []
 */
export function ladderOf({ rungs }: Task, { ref }: Pick<Lock, 'ref'>): Ladder.Ladder {
  return rungs.find((one) => one.ref === ref)?.ladder ?? []
}

/**
 * The canonical bytes of a job, not encrypted: what goes to a tower is what {@link seal} gives.
 *
 * @example
 * import { WatchJob } from '@aitbc/swap/watch'
 * const job: WatchJob.WatchJob = { issue: 3n, hashlock: new Uint8Array(32).fill(1), tasks: [] }
 * // As it is inside of what `WatchJob.seal` gives: for a storage of the tower's own.
 * WatchJob.decode(WatchJob.encode(job)).issue // 3n
 */
export function encode({ issue, hashlock, tasks, secret }: WatchJob): Bytes.Bytes {
  return Codec.writer()
    .u64(issue)
    .fixed(hashlock)
    .list(tasks, (w, task) =>
      w
        .u8(task.do === 'claim' ? 1 : 0)
        .bytes(LockTerms.encode(task.terms))
        .list(task.rungs, (x, { ref, ladder }) => x.text(ref).list(ladder, SwapRecord.writeSigned)),
    )
    .optional(secret, (w, value) => w.fixed(value))
    .finish()
}

/**
 * Reads what {@link encode} wrote, and nothing that contradicts itself: `JobUnreadable` (4017).
 *
 * @example
 * import { Hashlock, isAitbcError } from '@aitbc/core'
 * import { WatchJob } from '@aitbc/swap/watch'
 * const [secret, hashlock] = [new Uint8Array(32).fill(8), Hashlock.of(new Uint8Array(32).fill(7))]
 * let code: number | undefined
 * try {
 *   WatchJob.decode(WatchJob.encode({ issue: 3n, hashlock, tasks: [], secret }))
 * } catch (error) {
 *   // A secret that opens nothing.
 *   code = isAitbcError(error) ? error.code : undefined
 * }
 * code // 4017
 */
export function decode(bytes: Bytes.Bytes): WatchJob {
  let job: WatchJob
  try {
    const reader = Codec.reader(bytes)
    const issue = reader.u64()
    const hashlock = reader.fixed(32)
    const tasks = reader.list((r): Task => {
      const does = r.u8()
      if (does > 1) throw unreadable(`a task's kind is ${does}`)
      const terms = LockTerms.decode(r.bytes(65_536))
      const rungs = r.list((x) => {
        const ref = x.text(256)
        return { ref, ladder: x.list(SwapRecord.readSigned, 64) }
      }, MOST_LOCKS)
      return { do: does === 1 ? 'claim' : 'refund', terms, rungs }
    }, 2)
    const secret = reader.optional((r) => r.fixed(32))
    reader.finish()
    job = { issue, hashlock, tasks, ...(secret === undefined ? {} : { secret }) }
  } catch (cause) {
    if (isAitbcError(cause, 'JobUnreadable')) throw cause
    throw unreadable('its bytes are no job', cause)
  }
  const { hashlock, tasks, secret } = job
  for (const { terms, rungs } of tasks) {
    if (!Bytes.equal(terms.hashlock, hashlock)) throw unreadable('its legs have different hashlocks')
    for (const { step } of rungs.flatMap(({ ladder }) => ladder))
      if (step.network !== terms.backend.network)
        throw unreadable(`a step on ${step.network} is another leg's`)
  }
  if (new Set(tasks.map((task) => task.do)).size !== tasks.length) throw unreadable('it has one task twice')
  if (secret !== undefined && !Hashlock.opens(secret, hashlock)) throw unreadable('its secret opens nothing')
  return job
}

/**
 * Encrypts a job under a key of 32 bytes that the owner shares with its towers: `SwapSeed.tower(seed, nonce)`, one for each swap.
 * `JobUnreadable` (4017) for one that {@link open} would refuse: an owner that relies on towers has to hear of it, not they.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import { WatchJob } from '@aitbc/swap/watch'
 * const key = SwapSeed.tower(new Uint8Array(32).fill(1), new Uint8Array(8))
 * const sealed = WatchJob.seal({ issue: 1n, hashlock: new Uint8Array(32), tasks: [] }, key)
 * WatchJob.open(sealed, key).issue // 1n
 */
export function seal(job: WatchJob, key: Bytes.Bytes32): Bytes.Bytes {
  Bytes.assert(key, 32, 'key')
  const head = Codec.writer().fixed(MAGIC).u8(VERSION).u64(job.issue).finish()
  const body = encode(job)
  if (HEAD + NONCE + TAG + body.length > MAX_LENGTH) throw unreadable(`it would have ${body.length} bytes`)
  decode(body)
  const nonce = hmac(sha256, key, Bytes.concat(head, body)).slice(0, NONCE)
  return Bytes.concat(head, nonce, xchacha20poly1305(subkey(key), nonce, head).encrypt(body))
}

/**
 * Decrypts a job; `JobUnreadable` (4017) for another swap's key, bytes that were cut, changed or put together from several, and a
 * later version.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import { WatchJob } from '@aitbc/swap/watch'
 * const keyOf = (swap: number) => SwapSeed.tower(new Uint8Array(32).fill(1), new Uint8Array(8).fill(swap))
 * const sealed = WatchJob.seal({ issue: 3n, hashlock: new Uint8Array(32), tasks: [] }, keyOf(1))
 * WatchJob.open(sealed, keyOf(1)).issue // 3n
 * // Another swap's key opens nothing: `WatchJob.open(sealed, keyOf(2))` throws.
 */
export function open(sealed: Bytes.Bytes, key: Bytes.Bytes32): WatchJob {
  Bytes.assert(key, 32, 'key')
  if (!(sealed instanceof Uint8Array))
    throw CoreErrors.InvalidBytes(`sealed must be a Uint8Array, got ${show(sealed)}`, { argument: 'sealed' })
  const { length } = sealed
  if (length < HEAD + NONCE + TAG || length > MAX_LENGTH) throw unreadable(`it has ${length} bytes`)
  const head = sealed.slice(0, HEAD)
  if (!Bytes.equal(head.slice(0, MAGIC.length), MAGIC)) throw unreadable('it does not begin like a job')
  if (head[MAGIC.length] !== VERSION) throw unreadable(`its version is ${head[MAGIC.length]}`)
  const nonce = sealed.slice(HEAD, HEAD + NONCE)
  let body: Bytes.Bytes
  try {
    body = xchacha20poly1305(subkey(key), nonce, head).decrypt(sealed.slice(HEAD + NONCE))
  } catch (cause) {
    throw unreadable('this key does not open it, or it was changed', cause)
  }
  const job = decode(body)
  if (job.issue !== Codec.reader(head.slice(MAGIC.length + 1)).u64())
    throw unreadable('it says another issue outside than inside')
  return job
}

/** Encryption and the nonce's HMAC share no key. */
function subkey(key: Bytes.Bytes32): Bytes.Bytes32 {
  return hmac(sha256, key, new TextEncoder().encode('aitbc/watch-job/v1/encrypt'))
}

function unreadable(why: string, cause?: unknown) {
  return SwapErrors.JobUnreadable(`the watch job can't be read: ${why}`, { why }, { cause })
}
