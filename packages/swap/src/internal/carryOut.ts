// Making a command true: from whatever became of it so far to the next thing to do.
import {
  Fact,
  type Intent,
  isAitbcError,
  LockTerms,
  type Signed,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import * as Agreement from '../Agreement.js'
import * as Dues from '../Dues.js'
import type { Context, Sent, Swap, Tips } from '../Runner.js'
import * as Side from '../Side.js'
import * as Solvency from '../Solvency.js'
import * as SwapMachine from '../SwapMachine.js'
import * as Turns from '../Turns.js'
import * as Agreed from './agreed.js'
import { ahead } from './ahead.js'
import { unanswered } from './asking.js'
import { broken, latest } from './book.js'
import { payForIt } from './child.js'
import { heldFor } from './held.js'
import { hurriedRate } from './market.js'
import { affordable, dearer, hasRested, hasWaited, isOver, noLess } from './price.js'
import { isOutbid, isShort } from './refusals.js'
import { OFTEN } from './rest.js'
import { isReveal } from './reveal.js'
import { broadcast, signAndSend } from './sending.js'
import { isOwn, isTaken } from './voided.js'

/**
 * `again`: something irrevocable was signed, and is to be judged once more by a fresh look before it is sent. `waived`: it would cost
 * more than it brings.
 */
export async function attempt(
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

export type Act = Extract<SwapMachine.Command, { leg: Agreement.Leg }> | Dues.Collect

/** Makes one command true, and keeps when: once signed it is always the same transaction, sent again or replaced under its conflict key. */
async function carryOut(
  context: Context,
  swap: Swap,
  command: Act,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<'again' | 'waived' | undefined> {
  const before = swap.book.get(command.key)
  try {
    return await makeTrue(context, swap, command, tip, signal)
  } finally {
    const made = swap.book.get(command.key)
    if (made !== undefined && made !== before) made.madeAt ??= context.utc()
  }
}

async function makeTrue(
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
  if (last === undefined) {
    // A wallet was asked, and a crash or an error hid its answer: only what can't be there twice is asked for again (S9), ever more slowly, for
    // it may have sent each (S13).
    if (command.do === 'lock' && !side.adapter.profile.unique) return undefined
    if (tip !== undefined && isEnded(side, swap, command, sent, tip)) return undefined
    if (!hasRested(context, side, command, sent, tip)) return undefined
    sent.failures = (sent.failures ?? 0) + 1
    return fresh(context, swap, command, side, signal)
  }
  // The market was another one when it was signed: what shows the secret is made anew, if that is affordable still (H8).
  if (isReveal(swap, command) && !sent.ready) return fresh(context, swap, command, side, signal)
  if (sent.ready) return sendAgain(context, swap, command, side, sent, last, tip, signal)
  const fact = await side.adapter.status(last, { signal })
  const status = fact.value
  if (status.is !== 'failed' && status.is !== 'replaced') {
    delete sent.takenSince
    delete sent.toldSince
  }
  switch (status.is) {
    case 'included':
    case 'final':
      delete sent.waitingSince
      if (command.do !== 'collect' || status.is !== 'final') return undefined
      // As of what was final a moment ago something was owed: that counts when it is so in the next block too.
      if (sent.inVain)
        return hasRested(context, side, command, sent, tip)
          ? fresh(context, swap, command, side, signal)
          : undefined
      sent.inVain = true
      return undefined
    case 'pending':
      if (!hasWaited(context, side, command, sent, tip) || side.adapter.capabilities.replacement !== true)
        return undefined
      // Each version of it needs the counterparty's signature; a child of what it signed needs nobody's.
      if (command.do === 'refund' && command.early)
        if (await payForIt(context, swap, command, side, sent, tip, signal)) return undefined
      await raise(context, swap, command, side, sent, last, tip, signal)
      return undefined
    case 'unknown':
    case 'dropped':
      return sendAgain(context, swap, command, side, sent, last, tip, signal)
    case 'failed':
    case 'replaced':
      if (isOwn(sent, status)) return undefined
      // Of two locks both could succeed, if a reorganisation brings the first one back or the endpoint lied: there is never a
      // second one where a chain would take both (S9). Of two claims or refunds only one can, so the next is made at once,
      // unless somebody's is in a block already, for all that is known: it would only cost its fee.
      if (
        command.do === 'lock' &&
        !(side.adapter.profile.unique && (await isTaken(side, sent, status, signal)))
      )
        return undefined
      if (isEnded(side, swap, command, sent, fact.asOf)) return undefined
      if (!hasRested(context, side, command, sent, tip)) return undefined
      if (status.is === 'replaced') return fresh(context, swap, command, side, signal, last)
      sent.failures = (sent.failures ?? 0) + 1
      return fresh(context, swap, command, side, signal)
  }
}

/** Sends what no endpoint knows: it was only signed, or nobody holds it any more. */
async function sendAgain(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  last: Submission,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<'again' | 'waived' | undefined> {
  if (isKept(swap, command, sent)) return undefined
  // Signed before a crash, and passed over then perhaps: another swap of the account may have its number.
  if (command.do === 'lock' && sent.inside === undefined && sent.submissions.length === 0) sent.kept = true
  if (Turns.isReleased(side, sent)) return fresh(context, swap, command, side, signal)
  // Nobody is known to have it: it is made if claim and refund are affordable still (S13).
  if (command.do === 'lock' && !swap.recovered && !sent.ready && Turns.isUnsent(sent)) {
    const intent = intentOf(context, swap, command, side) as Intent
    await Solvency.assert(context, swap, side, intent, signal)
  }
  // One whose era is over needn't be outbid, and may have cost all that it may; nor does it wait for another look.
  const isPast = isOver(context, side, command, sent, tip)
  if (hasWaited(context, side, command, sent, tip) || isPast) {
    // Nobody takes it in, whatever it pays: what comes before it under its account may be lost. Of two claims or refunds one counts.
    const { unique, feesFrom } = side.adapter.profile
    const settles = command.do !== 'lock' && command.do !== 'void'
    // What a block is shown to have done would only cost its fee.
    const isDone = tip !== undefined && isEnded(side, swap, command, sent, tip)
    const anew = () => feesFrom === 'account' && !isDone && hasRested(context, side, command, sent, tip)
    if (settles && (isPast || sent.attempts.length > 1) && anew())
      return fresh(context, swap, command, side, signal, last)
    // Where nodes keep the first of two versions, a dearer one is taken now that they dropped it, or never.
    const kept = await raised(context, swap, command, side, sent, last, tip, signal)
    if (kept === undefined) return undefined
    // Of two locks one counts where the chain takes one alone. A dearer version goes first, for it is sent at once: one that is made anew is looked
    // at once more, and its era may be over by then, again and again.
    const isAsked = isAitbcError(kept.error, 'Unanswered')
    if (command.do === 'lock' && unique && isPast && !isAsked && anew())
      return fresh(context, swap, command, side, signal, last)
  }
  try {
    await broadcast(context, swap, command, side, sent, signal)
    return undefined
  } catch (error) {
    // The same again would be refused for ever: what is there, or waits beside it, pays more by now (L5, H6), or the account holds less.
    const settles = command.do === 'claim' || command.do === 'refund'
    if (!isOutbid(error) && !(settles && isShort(error))) throw error
    // Another process of this party may have sent it: two that outbid each other at once would pay the lock away in fees.
    if (isServed(swap, command) && !hasWaited(context, side, command, sent, tip)) return undefined
    // Another lock would be a second payment; a dearer version of the same one isn't (S9).
    if (command.do === 'void' || command.do === 'lock') {
      await raise(context, swap, command, side, sent, last, tip, signal)
      return undefined
    }
    if (!hasRested(context, side, command, sent, tip)) return undefined
    // A version that was raised just now was refused as well, and is raised further from where it is.
    const beaten = isOutbid(error) ? latest(swap.book.get(command.key) ?? sent) : undefined
    return fresh(context, swap, command, side, signal, beaten)
  }
}

/** Raises what nobody holds any more; what kept it from that otherwise. */
async function raised(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  last: Submission,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await raise(context, swap, command, side, sent, last, tip, signal)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    if (broken.has(swap)) throw error
    context.onProgress?.({ is: 'trouble', key: command.key, error })
    return { error }
  }
}

/**
 * A block holds what ends the lock, whoever sent it, and that is known as well as the machine asks (`Rules.spends`). What is told without
 * evidence is believed for as long as it takes to be final, when there is evidence; a refund of what is still to be claimed never is.
 */
function isEnded(side: Side.Side, swap: Swap, command: Act, sent: Sent, asOf: Fact.Tip): boolean {
  if (command.do !== 'claim' && command.do !== 'refund') return false
  const told = spendOf(swap, command)
  if (told === undefined || told.depth === 0n) return false
  const least = swap.state.durable.rules.spends?.[command.leg] ?? 'reported'
  if (Fact.atLeast(told.assurance, least)) return true
  if (command.do === 'claim' && told.spend.kind === 'refund') return false
  const { height, hash } = asOf
  sent.toldSince ??= { height, hash }
  const depth = height - sent.toldSince.height + 1n
  return depth < 2n || !Side.isFinal(side.adapter.network, { at: sent.toldSince, depth, asOf })
}

/**
 * The own lock was never sent, for all that the journal says, and its time is over: a crash or a wallet kept it back, and there would hardly
 * be time left to reveal against it. One that was in a block already is sent again as long as that has any use.
 */
function isKept(swap: Swap, command: Act, sent: Sent | undefined): boolean {
  if (command.do !== 'lock' || swap.recovered || sent?.sending || (sent?.submissions.length ?? 0) > 0)
    return false
  const was = (key: string) => key.startsWith(`${command.leg}/`)
  return !swap.state.durable.settled.some(was) && !SwapMachine.isTimely(swap.state)
}

/**
 * What is shown to wait is what was to be done, whoever sent it: of a claim or refund the lock says whose key signs, or who is paid; that the own
 * lock waits is seen, and that it doesn't.
 */
function isServed(swap: Swap, command: Act): boolean {
  if (command.do === 'claim' || command.do === 'refund')
    return spendOf(swap, command)?.spend.kind === command.do
  const amount = swap.state.durable.terms[command.leg]?.amount ?? 0n
  const locks = shown(swap, command.leg)?.locks ?? []
  const waits = locks.some(({ lock, depth }) => depth === 0n && lock.amount >= amount)
  return command.do === 'lock' ? waits : command.do === 'void' && !waits
}

function shown({ state }: Swap, leg: Agreement.Leg): SwapMachine.Seen | undefined {
  const view = state.view[leg]
  return view.is === 'seen' ? view : view.is === 'unreadable' ? view.last : undefined
}

function spendOf(swap: Swap, command: Extract<Act, { do: 'claim' | 'refund' }>) {
  return shown(swap, command.leg)?.locks.find(({ lock }) => lock.ref === command.lock.ref)?.spend
}

/** Makes a command's steps at today's price, and of a claim or refund no cheaper than a version that they take the place of (`beaten`, L5). */
async function fresh(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  signal: AbortSignal,
  beaten?: Submission,
): Promise<'again' | 'waived' | undefined> {
  // The lock of a recovered swap is out there, whatever an endpoint says: another one would be a second payment (S9).
  if (command.do === 'lock' && swap.recovered && !side.adapter.profile.unique) return undefined
  if (isKept(swap, command, swap.book.get(command.key))) return undefined
  const intent = intentOf(context, swap, command, side)
  if (intent === undefined) return undefined
  if (command.do === 'lock') await Solvency.assert(context, swap, side, intent, signal)
  // What can't be raised while it waits, or was too cheap to be in time before, for all that is known, pays well at once (L5). Where
  // the lock itself pays, the adapter finds what it can.
  const { profile, capabilities } = side.adapter
  const eager = swap.book.has(command.key) || capabilities.replacement !== true
  const fast = eager && profile.feesFrom === 'account' ? await hurriedRate(side, { signal }) : undefined
  const feeRate = fast === undefined ? {} : { feeRate: fast }
  const make = async (beside?: readonly Signed[], tell?: (signed: readonly Signed[]) => Promise<void>) => {
    const at = { ...feeRate, ...(beside === undefined ? {} : { beside }) }
    const priced = await affordable(swap, command, side, intent, at, signal)
    const steps = beaten ? await noLess(swap, command, side, intent, at, priced, beaten, signal) : priced
    if (command.do === 'collect' && !Dues.isWorth(steps, command.due)) {
      const why = 'to collect it would cost more'
      context.onProgress?.({ is: 'owed', leg: command.leg, due: command.due, why })
      return 'waived'
    }
    return signAndSend(context, swap, command, side, steps, signal, tell && { tell })
  }
  return Turns.isShared(side, swap, command.do) ? Turns.take(swap, side, signal, make) : make()
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
  // A wallet is asked for a dearer version still.
  if (sent.sending && sent.failures === OFTEN && !hasRested(context, side, command, sent, tip))
    throw unanswered(swap, command.key)
  const rate = await hurriedRate(side, { signal })
  const market = { rate, held: await heldFor(side, command, { signal }) }
  const make = (feeRate: bigint) => side.adapter.replace(last, feeRate, { signal })
  const steps = await dearer(context, swap, command, side, last, tip, market, make)
  const first = await ahead(swap, command, side, sent, rate, signal)
  const before = { ...sent, signed: [...first, ...sent.signed.slice(-1)] }
  await signAndSend(context, swap, command, side, steps, signal, { before })
  const id = swap.book.get(command.key)?.submissions.at(-1)?.id
  const feeRate = rate === undefined ? {} : { feeRate: rate }
  if (id !== undefined) context.onProgress?.({ is: 'raised', key: command.key, id, ...feeRate })
}

function intentOf(context: Context, swap: Swap, command: Act, side: Side.Side): Intent | undefined {
  const { nonce } = swap
  switch (command.do) {
    case 'lock': {
      const { role, durable } = swap.state
      const { long, short } = durable.terms
      const counter = durable.terms[Agreement.incomingLeg(role)]
      const seed = SwapSeed.forNetwork(context.seed, command.terms.backend.network)
      const record = {
        role,
        ...(counter === undefined ? {} : { counter: LockTerms.id(counter) }),
        ...(long && short && { agreement: Agreed.encode({ long, short }) }),
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
