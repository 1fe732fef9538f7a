import type { AccountId, Hashlock, Lock, Network, Signer, Step, Submission, SwapAdapter } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import * as Ladder from '../Ladder.js'
import * as Pace from '../Pace.js'
import type * as WatchJob from './WatchJob.js'

/** An account of the tower's own that pays for claims and refunds which aren't signed, where locks name their payee. */
export interface Account {
  readonly account: AccountId.AccountId
  readonly signer: Extract<Signer, { kind: 'signs' }>
  /** Most that one of them may cost, base units of the native coin. */
  readonly most?: bigint
}

/** What the tower sent from its own account for a lock, and since which block it waits. */
export type Relays = Map<string, { readonly submission: Submission; readonly since: bigint }>

/**
 * Claims or refunds from the tower's own account: the chain pays whom the lock names (S5). Of several towers' one succeeds, the others
 * cost their senders a fee at most. Gives what was sent, if anything. `NotPresignable` (4018) where only the payee's key can sign or the
 * tower has no account, `FeeBudgetSpent` (4016) beyond what it may pay.
 */
export async function send(
  context: { readonly bumpAfter?: (network: Network, left?: bigint) => bigint },
  place: {
    readonly post: { readonly adapter: SwapAdapter; readonly relay?: Account }
    readonly relays: Relays
    readonly height: bigint
    readonly signal: AbortSignal
  },
  what: {
    readonly task: WatchJob.Task
    readonly lock: Pick<Lock, 'ref' | 'amount'>
    readonly secret: Hashlock.Secret | undefined
  },
): Promise<{ readonly id: string; readonly fee: bigint } | undefined> {
  const { post, relays, height, signal } = place
  const { adapter, relay } = post
  const { network, capabilities } = adapter
  const { do: does } = what.task
  const key = `${does}/${what.lock.ref}`
  if (adapter.profile.payee === 'key' || relay === undefined)
    throw SwapErrors.NotPresignable(
      `nothing is signed for ${what.lock.ref} on ${network.id}, and this tower has no account that may send it`,
      { network: network.id, task: does },
    )
  const before = relays.get(key)
  const is = before === undefined ? undefined : (await adapter.status(before.submission, { signal })).value.is
  if (is === 'included' || is === 'final') return undefined
  const waited =
    before !== undefined && height - before.since >= (context.bumpAfter ?? Pace.bumpAfter)(network)
  if (is === 'pending' && !(waited && capabilities.replacement === true)) return undefined
  if (before?.submission.raw !== undefined && (is === 'unknown' || is === 'dropped') && !waited) {
    const { step, id, raw } = before.submission
    await adapter.submit({ step, id, raw }, { signal })
    return undefined
  }
  const make = (feeRate: bigint): Promise<readonly Step[]> =>
    before !== undefined && is === 'pending'
      ? adapter.replace(before.submission, feeRate, { signal })
      : prepare(adapter, relay, what, feeRate, signal)
  const { fast } = await adapter.feeRates({ signal })
  const asset = network.native.id
  const steps = await Ladder.priced(make, fast, { asset, most: relay.most })
  if (steps === undefined)
    throw SwapErrors.FeeBudgetSpent(`the ${does} of ${what.lock.ref} would cost more than ${relay.most}`, {
      network: network.id,
      budget: relay.most,
    })
  let submission: Submission | undefined
  for (const step of steps)
    submission = await adapter.submit(await relay.signer.sign(step, { signal }), { signal })
  if (submission === undefined) return undefined
  relays.set(key, { submission, since: height })
  return { id: submission.id, fee: Ladder.costOf(steps, asset) }
}

async function prepare(
  adapter: SwapAdapter,
  { account: feePayer }: Account,
  { task: { do: does, terms }, lock: sighted, secret }: Parameters<typeof send>[2],
  feeRate: bigint,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const lock: Lock = { ...sighted, transaction: '', match: 'exact' }
  if (does === 'refund')
    return adapter.prepare({ kind: 'refund', terms, lock, feePayer }, { signal, feeRate })
  return secret === undefined
    ? []
    : adapter.prepare({ kind: 'claim', terms, lock, feePayer, secret }, { signal, feeRate })
}
