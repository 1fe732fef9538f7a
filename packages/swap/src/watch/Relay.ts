import {
  type AccountId,
  Bytes,
  Codec,
  type Hashlock,
  type Lock,
  type LockTerms,
  type Network,
  type Signer,
  type Step,
  type Storage,
  type Submission,
  type SwapAdapter,
} from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Board from '../Board.js'
import { SwapErrors } from '../errors.js'
import { larger, smaller } from '../internal/extremes.js'
import { heldBy } from '../internal/held.js'
import { hurriedRate } from '../internal/market.js'
import { begun, costsEach, isRested, type Since, timesWaited } from '../internal/rest.js'
import * as Ladder from '../Ladder.js'
import * as Pace from '../Pace.js'
import * as SwapRecord from '../SwapRecord.js'
import type * as WatchJob from './WatchJob.js'

/** An account of the tower's own that pays for claims and refunds which aren't signed, where locks name their payee. */
export interface Account {
  readonly account: AccountId.AccountId
  readonly signer: Extract<Signer, { kind: 'signs' }>
  /** Most that one of them may cost, base units of the native coin; {@link Ladder.capOf} of its lock unless told. */
  readonly most?: bigint
}

/** What was sent last for one purpose, and how many were made that may each have cost a fee. */
interface Sent {
  readonly submission: Submission & { readonly raw: Bytes.Bytes }
  /** When it was made. */
  readonly since: Since
  readonly made: number
}

/** What the tower sends from its own account, by purpose; it knows of it before any endpoint does. */
export interface Relays {
  get(key: string, signal: AbortSignal): Promise<Sent | undefined>
  set(key: string, sent: Sent): Promise<void>
  /** Runs when no other job of the storage signs for the account: two at once would get the same nonce, and one of them be in vain. */
  turn<T>(account: AccountId.AccountId, signal: AbortSignal, run: () => Promise<T>): Promise<T>
}

/**
 * The relays of a job, as far as they are in storage; without one they are forgotten with the tower. Of two towers of a job over one storage
 * one alone writes what comes next, and so sends it; the other's is a `StorageConflict` (1104), and it reads first what was written.
 */
export function open(storage: Storage | undefined, hashlock: Bytes.Hash32): Relays {
  const known = new Map<string, { readonly sent: Sent; readonly version: bigint }>()
  const seat = { swap: `tower/${Bytes.toHex(hashlock)}`, owner: crypto.randomUUID() }
  const at = (key: string) =>
    `tower/${Bytes.toHex(hashlock)}/${Bytes.toHex(sha256(new TextEncoder().encode(key)))}`
  return {
    async get(key, signal) {
      const found = known.has(key) ? undefined : await storage?.get(at(key), { signal })
      if (found !== undefined) known.set(key, { sent: decode(found.value), version: found.version })
      return known.get(key)?.sent
    },
    async set(key, sent) {
      const { version: expected = 0n } = known.get(key) ?? {}
      known.delete(key)
      const version = (await storage?.compareAndSet(at(key), expected, encode(sent))) ?? 0n
      known.set(key, { sent, version })
    },
    turn: (account, signal, run) =>
      storage === undefined ? run() : Board.of(storage).turn(seat, account, signal, run),
  }
}

function encode({ submission, since: { height, utc }, made }: Sent): Bytes.Bytes {
  return SwapRecord.writeSigned(Codec.writer().u8(VERSION).u64(height).u64(utc).u32(made), submission)
    .list(submission.attempts, (w, id) => w.text(id))
    .finish()
}

function decode(bytes: Bytes.Bytes): Sent {
  const reader = Codec.reader(bytes)
  const version = reader.u8()
  if (version !== VERSION)
    throw SwapErrors.StateUnreadable(`a relay is stored in version ${version}`, { version })
  const since = { height: reader.u64(), utc: reader.u64() }
  const made = reader.u32()
  const signed = SwapRecord.readSigned(reader)
  const attempts = reader.list((r) => r.text(256))
  reader.finish()
  return { submission: { ...signed, attempts }, since, made }
}

const VERSION = 3

/** What tells when something is to be sent again: how long it may wait, and for how long it has been in vain. */
export interface Clock {
  readonly utc: () => bigint
  readonly bumpAfter?: (network: Network, left?: bigint) => bigint
}

/** Where and when something is sent. */
export interface Place {
  readonly post: { readonly adapter: SwapAdapter; readonly relay?: Account }
  readonly relays: Relays
  readonly height: bigint
  /** Seconds until it is of no use any more, where there is such an instant. */
  readonly left?: bigint
  readonly signal: AbortSignal
}

/** What is sent: the steps at a fee rate, from the tower's account. */
export interface What {
  readonly does: WatchJob.Task['do'] | 'collect'
  readonly ref: string
  /** Of the lock that it is about. */
  readonly terms: Pick<LockTerms.LockTerms, 'asset' | 'amount'>
  /** Most that it may cost, besides what anything about the lock may. */
  readonly most?: bigint
  readonly make: (feePayer: AccountId.AccountId, feeRate: bigint) => Promise<readonly Step[]>
}

/**
 * Claims, refunds or collects from the tower's own account: the chain pays whom the lock names (S5). Of several towers' one succeeds, the
 * others cost their senders a fee at most. What is signed is stored before it is sent, so that a tower that crashes pays no second time.
 * Tells what was sent, or that the last is `final`. `NotPresignable` (4018) where only the payee's key can sign or the tower has no
 * account, `FeeBudgetSpent` (4016) beyond what it may pay.
 */
export async function send(
  context: Clock,
  { post, relays, height, left, signal }: Place,
  { does, ref, terms, most, make: stepsOf }: What,
): Promise<{ readonly id: string; readonly fee: bigint } | 'final' | undefined> {
  const { adapter, relay } = post
  const { network, capabilities } = adapter
  const key = `${does}/${ref}`
  if (adapter.profile.payee === 'key' || relay === undefined) throw unsigned(network, does, ref)
  const now = { height, utc: context.utc() }
  let before = await relays.get(key, signal)
  if (before !== undefined && (before.since.height > height || before.since.utc > now.utc)) {
    before = { ...before, since: begun(before.since, now) }
    await relays.set(key, before)
  }
  const is = before === undefined ? undefined : (await adapter.status(before.submission, { signal })).value.is
  if (is === 'final') return 'final'
  if (is === 'included') return undefined
  const patience = (context.bumpAfter ?? Pace.bumpAfter)(network)
  const waited = before !== undefined && timesWaited(network, patience, before.since, now) >= 1n
  if (is === 'pending' && !(waited && capabilities.replacement === true)) return undefined
  if (before !== undefined && (is === 'unknown' || is === 'dropped') && !waited) {
    const { step, id, raw } = before.submission
    await adapter.submit({ step, id, raw }, { signal })
    return undefined
  }
  // What is told to have come to nothing, or to be nowhere, may have been paid for.
  const each = costsEach(network)
  if (before !== undefined && (each || is !== 'pending'))
    if (!isRested(network, before.made, { since: before.since.utc, utc: now.utc, left })) return undefined
  const replaced = before !== undefined && is === 'pending' ? before.submission : undefined
  const make = (feeRate: bigint): Promise<readonly Step[]> =>
    replaced === undefined ? stepsOf(relay.account, feeRate) : adapter.replace(replaced, feeRate, { signal })
  return relays.turn(relay.account, signal, async () => {
    const fast = await hurriedRate({ adapter }, { signal })
    const asset = network.native.id
    const own = Ladder.capOf(post, terms, relay.most)
    const cap = smaller(most ?? own, own)
    // What no block took while one could, at the market's price, was too cheap.
    const paid =
      each && is !== 'failed' && before !== undefined ? Ladder.costOf([before.submission.step], asset) : 0n
    const least = fast === undefined ? cap : smaller((paid * 5n) / 4n, cap)
    const from = fast ?? larger(network.fees.minRelay, 1n)
    const upTo = (bound: bigint) =>
      Ladder.priced(make, from, { asset, least: smaller(least, bound), most: bound })
    // The market may be spiked, or made up; that nothing is held may be, too.
    const held = (await heldBy(adapter, relay.account, { signal })) ?? cap
    const fits = held > 0n && held < cap ? await upTo(held).catch(() => undefined) : undefined
    const steps = fits ?? (await upTo(cap))
    if (steps === undefined)
      throw SwapErrors.FeeBudgetSpent(`the ${does} of ${ref} would cost more than ${cap}`, {
        network: network.id,
        budget: cap,
      })
    let id: string | undefined
    for (const step of steps) {
      const signed = await relay.signer.sign(step, { signal })
      id = signed.id
      if (step === steps.at(-1)) {
        const attempts = [...(replaced?.attempts ?? []), id]
        const isSame = !each && step.conflictKey === before?.submission.step.conflictKey
        const made = (before?.made ?? 0) + (isSame ? 0 : 1)
        await relays.set(key, { submission: { ...signed, attempts }, since: now, made })
      }
      await adapter.submit(signed, { signal })
    }
    return id === undefined ? undefined : { id, fee: Ladder.costOf(steps, asset) }
  })
}

/** `NotPresignable` (4018): there is nothing to send. */
export function unsigned(network: Network, task: What['does'], ref: string): Error {
  return SwapErrors.NotPresignable(
    `nothing is signed for ${ref} on ${network.id}, and this tower has no account that may send it`,
    { network: network.id, task },
  )
}

/** A claim or refund of a lock, for whom it names. */
export function settling(
  adapter: SwapAdapter,
  { do: does, terms }: WatchJob.Task,
  sighted: Pick<Lock, 'ref' | 'amount'>,
  secret: Hashlock.Secret | undefined,
  signal: AbortSignal,
): What {
  const lock: Lock = { ...sighted, transaction: '', match: 'exact' }
  return {
    does,
    ref: lock.ref,
    terms,
    make: async (feePayer, feeRate) => {
      if (does === 'refund')
        return adapter.prepare({ kind: 'refund', terms, lock, feePayer }, { signal, feeRate })
      return secret === undefined
        ? []
        : adapter.prepare({ kind: 'claim', terms, lock, feePayer, secret }, { signal, feeRate })
    },
  }
}
