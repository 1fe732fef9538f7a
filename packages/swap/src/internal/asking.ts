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
  /** Nobody may know of it any more. */
  readonly isLost?: (() => boolean) | undefined
}

const asks = new WeakMap<Swap, Map<string, Ask>>()

/**
 * A signer that keeps its swap from nothing: `Unanswered` (4019) as soon as something else happened. The counterparty, or who has a wallet, is asked
 * once meanwhile, and what is answered, for whichever version, is what the next call gives; once more where the question may be lost.
 */
export function patient(swap: Swap, key: string, joint: Joint, isLost?: () => boolean): Joint {
  return {
    ...joint,
    async sign(step, options = {}) {
      const own = asks.get(swap) ?? new Map<string, Ask>()
      asks.set(swap, own)
      const known = own.get(key)
      const isOpen = known !== undefined && (known.over || !known.isLost?.())
      const ask = isOpen ? known : begin(swap, () => joint.sign(step, options), isLost)
      own.set(key, ask)
      await answered(swap, ask, options.signal)
      ask.left = !ask.over
      if (ask.left) throw unanswered(swap, key)
      own.delete(key)
      return ask.answer
    },
  }
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
  const asked = swap.book.get(key)
  if (asked !== undefined) asked.failures = OFTEN
  ask.answer.then((answer) => alone(swap, () => late(answer))).catch(() => undefined)
  throw unanswered(swap, key)
}

function unanswered({ id }: Swap, key: string) {
  return SwapErrors.Unanswered(`nobody has answered about ${key} yet`, { id, key })
}

function begin<T>(swap: Swap, sign: () => Promise<T>, isLost?: () => boolean): Ask<T> {
  const ask: Ask<T> = {
    over: false,
    left: false,
    isLost,
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
