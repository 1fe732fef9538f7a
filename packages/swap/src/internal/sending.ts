// Signing, journaling and broadcasting, in that order.
import type { LockTerms, Signed, Signer, Step, Submission } from '@aitbc/core'
import type * as Agreement from '../Agreement.js'
import * as Ladder from '../Ladder.js'
import type { Context, Sent, Swap } from '../Runner.js'
import * as Side from '../Side.js'
import * as SwapMachine from '../SwapMachine.js'
import { rungsOf, tellWatchable } from './arming.js'
import { asked, forget, type How, inTime, patient } from './asking.js'
import { isNoted, note, write } from './book.js'
import type { Act } from './carryOut.js'
import { isForgotten } from './price.js'
import { OFTEN } from './rest.js'
import { isReveal } from './reveal.js'

/** Signs the steps, journals them, and sends them; `before` is what they replace, and whom it concerns hears of them first. */
export async function signAndSend(
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
  const earlier = swap.book.get(command.key)
  const signed: Signed[] = before === undefined ? [] : before.signed.slice(0, -1)
  for (const [index, step] of steps.entries()) {
    const since = context.utc()
    const how = { since, isLost: () => isForgotten(context, side, command, since) }
    const signer = signerFor(swap, command, side, step, before !== undefined, how)
    if (signer.kind === 'signs') {
      signed.push(await signer.sign(step, { signal }))
      continue
    }
    const ready = async () => signer.ready?.(step, { signal })
    if (signer.ready) await asked(swap, `${command.key}/ready`, ready, signal, how)
    forget(swap, command.key)
    await write(swap, { is: 'sending', key: command.key, step })
    const sent = async (submission: Submission) => {
      // Nothing that follows rests any more.
      const asking = swap.book.get(command.key)
      if (asking?.failures === OFTEN) delete asking.failures
      // What comes before the last step (an approval) makes nothing true by itself; of two answers the first one counts.
      const isLast = index === steps.length - 1
      if (isLast && asking?.sending) await note(swap, command.key, [submission])
      tellSent(context, command, [submission])
    }
    let submission: Submission
    try {
      submission = await inTime(swap, command.key, () => signer.send(step, { signal }), sent, signal)
    } finally {
      await revealed(context, swap, command)
    }
    await sent(submission)
  }
  const since = forget(swap, command.key)
  if (signed.length === 0) return undefined
  await tell?.(signed)
  const undo =
    command.do === 'lock' ? await undoOf(swap, command.leg, command.terms, side, signed, signal) : []
  await write(swap, { is: 'signed', key: command.key, signed, undo })
  if (command.do === 'lock') tellWatchable(context, swap)
  const sent = swap.book.get(command.key) as Sent
  sent.inside = earlier?.inside ?? earlier === undefined
  // However late it was answered: its era began when it was asked for.
  if (since !== undefined) sent.madeAt = since
  // A wallet may have taken its time to sign.
  if (before === undefined && isIrrevocable(swap, command)) {
    sent.ready = true
    return 'again'
  }
  await broadcast(context, swap, command, side, sent, signal)
  return undefined
}

/** Who signs or sends a step; who may let it wait isn't waited for. What is dearer is a question of its own. */
function signerFor(
  swap: Swap,
  command: Act,
  side: Side.Side,
  step: Step,
  isDearer: boolean,
  how: How,
): Signer {
  const joint =
    command.do === 'refund' && command.early ? side.together?.(command.terms, swap.nonce) : undefined
  if (joint !== undefined) return patient(swap, `${command.key}/early`, joint)
  const signer = Side.signerOf(side, step.from, swap.nonce)
  if (signer.kind !== 'signs' || !signer.asks) return signer
  // Nothing is lost with a lock's number that another swap has used meanwhile: it is asked for with the next one.
  const isNumbered = command.do === 'lock' && side.adapter.profile.feesFrom === 'account'
  const key = isNumbered || isDearer ? `${command.key}/${step.conflictKey}` : command.key
  return patient(swap, key, signer, how)
}

/** The two acts that no later one takes back: the own lock, and the initiator's first claim. */
function isIrrevocable(swap: Swap, command: Act): boolean {
  return command.do === 'lock' || isReveal(swap, command)
}

/** The secret has left this process, whatever the endpoint or wallet answered (H18): from here on the claim is pursued to the end. */
export async function revealed(context: Context, swap: Swap, command: Act): Promise<void> {
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

export async function broadcast(
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
  const now = swap.book.get(command.key)
  if (now !== undefined) {
    now.tried = true
    now.ready = false
    now.inside = false
  }
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

function tellSent(context: Context, command: Act, submissions: readonly Submission[]): void {
  const ids = submissions.map(({ id }) => id)
  context.onProgress?.({ is: 'sent', command: command.do, key: command.key, ids })
}
