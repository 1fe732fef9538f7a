// What the counterparty is to sign, or a wallet to send, asked for beside all else that a swap does: the answer may come late, or never.
import type { Signed, Signer } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import type { Swap } from '../Runner.js'
import { alone, wakes } from './between.js'
import { OFTEN } from './rest.js'

type Joint = Extract<Signer, { kind: 'signs' }>

/** Asked and not taken yet. */
interface Ask<T = Signed> {
  readonly answer: Promise<T>
  over: boolean
  /** Somebody waited for it, and does no more. */
  left: boolean
  readonly how: How
}

/** What is kept of a question. */
export interface How {
  /** When it was asked for the first time, UTC, unix seconds. */
  readonly since?: bigint | undefined
  /** Nobody may know of it any more. */
  readonly isLost?: (() => boolean) | undefined
}

const asks = new WeakMap<Swap, Map<string, Ask<unknown>>>()

/**
 * A signer that keeps its swap from nothing: `Unanswered` (4019) as soon as something else happened. The counterparty, or who has a wallet, is asked
 * once for each kind of step, and what is answered, for whichever version, is what calls give until they {@link forget} it.
 */
export function patient(swap: Swap, key: string, joint: Joint, how: How = {}): Joint {
  return {
    ...joint,
    sign: (step, options = {}) =>
      asked(swap, `${key}/${step.kind}`, () => joint.sign(step, options), options.signal, how),
  }
}

/** An answer, else `Unanswered` (4019) as soon as something else happened; asked once more where the question may be lost: the first answer counts. */
export async function asked<T>(
  swap: Swap,
  key: string,
  question: () => Promise<T>,
  signal: AbortSignal | undefined,
  how: How,
): Promise<T> {
  const own = asks.get(swap) ?? new Map<string, Ask<unknown>>()
  asks.set(swap, own)
  const known = own.get(key) as Ask<T> | undefined
  const isOpen = known !== undefined && (known.over || !known.how.isLost?.())
  const again = known === undefined ? question : () => first([known.answer, question()])
  const ask = isOpen ? known : begin(swap, again, { ...how, since: known?.how.since ?? how.since })
  own.set(key, ask)
  await answered(swap, ask, signal)
  ask.left = !ask.over
  if (ask.left) throw unanswered(swap, key)
  try {
    return await ask.answer
  } catch (error) {
    own.delete(key)
    throw error
  }
}

/** The first answer; where each is a refusal, the last question's. */
function first<T>(answers: readonly Promise<T>[]): Promise<T> {
  return Promise.any(answers).catch((refusals: AggregateError) => {
    throw refusals.errors.at(-1)
  })
}

/** What was answered for a key, and all below it, is taken, and asked anew from here on; when the first of it was asked for, where that is told. */
export function forget(swap: Swap, key: string): bigint | undefined {
  const own = asks.get(swap)
  let since: bigint | undefined
  for (const [one, { how }] of own ?? []) {
    if (!one.startsWith(`${key}/`)) continue
    own?.delete(one)
    since ??= how.since
  }
  return since
}

/**
 * What a wallet answers before something else happens; else `Unanswered` (4019), and `late` is given the answer between two turns. A question may
 * be lost with the window that showed it: it is asked again, after the longest rest.
 */
export async function inTime<T>(
  swap: Swap,
  key: string,
  send: () => Promise<T>,
  late: (answer: T) => Promise<void>,
  signal: AbortSignal,
): Promise<T> {
  const wake = wakes.get(swap)
  const isUp = wake?.arm()
  const ask = begin(swap, send)
  await answered(swap, ask, signal)
  ask.left = !ask.over
  // What happened before it was asked is looked at next.
  if (isUp) wake?.up()
  if (ask.over) return ask.answer
  const sent = swap.book.get(key)
  if (sent !== undefined) sent.failures = OFTEN
  ask.answer.then((answer) => alone(swap, () => late(answer))).catch(() => undefined)
  throw unanswered(swap, key)
}

export function unanswered({ id }: Swap, key: string) {
  return SwapErrors.Unanswered(`nobody has answered about ${key} yet`, { id, key })
}

function begin<T>(swap: Swap, sign: () => Promise<T>, how: How = {}): Ask<T> {
  const ask: Ask<T> = {
    over: false,
    left: false,
    how,
    answer: sign().finally(() => {
      ask.over = true
    }),
  }
  // A refusal is nothing to wake for: who refuses at once would be asked without end.
  const wake = () => ask.left && wakes.get(swap)?.up()
  ask.answer.then(wake, () => undefined)
  return ask
}

/** Resolves with the answer, or when the swap has something else to do; rejects when aborted. */
async function answered(swap: Swap, { answer }: Ask<unknown>, signal?: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const any = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const other = wakes.get(swap)?.wait(any)
  await Promise.race([answer.catch(() => undefined), ...(other === undefined ? [] : [other])])
  stop.abort()
}
