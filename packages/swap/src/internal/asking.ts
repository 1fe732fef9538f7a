// What the counterparty is to sign, asked for beside all else that a swap does: the answer may come late, or never.
import type { Signed, Signer } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import type { Swap } from '../Runner.js'
import { wakes } from './between.js'

type Joint = Extract<Signer, { kind: 'signs' }>

/** Asked and not taken yet. */
interface Ask {
  readonly answer: Promise<Signed>
  over: boolean
  /** Somebody waited for it, and does no more. */
  left: boolean
}

const asks = new WeakMap<Swap, Map<string, Ask>>()

/**
 * A signer that keeps its swap from nothing: `Unanswered` (4019) as soon as something else happened. The counterparty is asked once meanwhile, and
 * what it answers, for whichever version, is what the next call gives.
 */
export function patient(swap: Swap, key: string, joint: Joint): Joint {
  return {
    ...joint,
    async sign(step, options = {}) {
      const own = asks.get(swap) ?? new Map<string, Ask>()
      asks.set(swap, own)
      const ask = own.get(key) ?? begin(swap, () => joint.sign(step, options))
      own.set(key, ask)
      await answered(swap, ask, options.signal)
      ask.left = !ask.over
      if (ask.left)
        throw SwapErrors.Unanswered(`the counterparty has not answered about ${key} yet`, {
          id: swap.id,
          key,
        })
      own.delete(key)
      return ask.answer
    },
  }
}

function begin(swap: Swap, sign: () => Promise<Signed>): Ask {
  const ask: Ask = {
    over: false,
    left: false,
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
async function answered(swap: Swap, { answer }: Ask, signal?: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const any = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const other = wakes.get(swap)?.wait(any)
  await Promise.race([answer.catch(() => undefined), ...(other === undefined ? [] : [other])])
  stop.abort()
}
