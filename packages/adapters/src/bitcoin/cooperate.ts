import { type CallOptions, type Channel, isAitbcError, type Signed, type Step, Verdict } from '@aitbc/core'
import * as Cooperation from './Cooperation.js'
import type { Asking, Cosigner } from './createCosigner.js'

/** Messages that answer other asks, after which a session counts as unanswered. */
const MAX_STRAYS = 16

/** What came of asking: the transaction of both, to be submitted as the prepared one would be; or that it goes by script, and why. */
export type Outcome =
  | { readonly is: 'signed'; readonly signed: Signed }
  | { readonly is: 'script'; readonly why: Cooperation.Why; readonly refusal?: Verdict.Refusal }

/**
 * Asks the counterparty to sign a prepared claim or refund together, and goes by script where it won't, in time for that:
 * {@link Cooperation.step} carried out over a channel. Nothing is submitted here. Rejects with the reason of `signal` alone.
 *
 * @example
 * import { cooperate } from '@aitbc/adapters/bitcoin/musig2'
 * typeof cooperate // 'function'
 */
export async function cooperate(options: cooperate.Options): Promise<Outcome> {
  const { channel, cosigner, step, rules, now, signal, timeout = after } = options
  let state = Cooperation.START
  let asking: Asking | undefined
  let refusal: Verdict.Refusal | undefined
  try {
    for (;;) {
      signal?.throwIfAborted()
      asking = cosigner.ask(step)
      const begun = Cooperation.step(state, { is: 'begin', session: asking.session, now: now() }, rules)
      state = begun.state
      if (state.is !== 'asking') return scripted(state, refusal)
      const patience = timeout(rules.patience)
      const within = signal === undefined ? patience : AbortSignal.any([signal, patience])
      const verdict = await exchange(channel, asking, within)
      signal?.throwIfAborted()
      const { session } = asking
      const event: Cooperation.Event = verdict.ok
        ? { is: 'answer', session, good: true, now: now() }
        : verdict.refusal.check === 'declined'
          ? { is: 'decline', session, now: now() }
          : verdict.refusal.check === 'silence'
            ? // Nobody answers any more: what is left of the time changes nothing.
              { is: 'time', now: state.until }
            : { is: 'answer', session, good: false, now: now() }
      if (!verdict.ok) refusal = verdict.refusal
      state = Cooperation.step(state, event, rules).state
      asking.forget()
      if (state.is === 'sent' && verdict.ok) return { is: 'signed', signed: verdict.value }
      if (state.is !== 'idle') return scripted(state, refusal)
      // What isn't settled yet may be later: not asked again before the time for the last answer is over.
      if (event.is === 'decline') await aborted(within)
    }
  } finally {
    asking?.forget()
  }
}

export declare namespace cooperate {
  type Options = CallOptions & {
    readonly channel: Channel.Channel
    readonly cosigner: Cosigner
    /** A claim or refund that the adapter prepared of the lock. */
    readonly step: Step
    readonly rules: Cooperation.Rules
    /** Seconds of the clock that `rules` count by. */
    readonly now: () => bigint
    /** Aborts after so many seconds; `AbortSignal.timeout` unless told. */
    readonly timeout?: (seconds: bigint) => AbortSignal
  }
}

/**
 * Waits for one ask and answers it: with a partial signature where `leave` gives a permit (`Cooperation.permit`), which it does after journaling
 * what that rests on; else it declines. Gives what was answered; a message that is no ask is a refusal, and stays unanswered.
 *
 * Errors: `ChannelClosed` (1106), and what `leave` throws.
 *
 * @example
 * import { help } from '@aitbc/adapters/bitcoin/musig2'
 * typeof help // 'function'
 */
export async function help(options: help.Options): Promise<Verdict.Verdict<'answered' | 'declined'>> {
  const { channel, cosigner, leave, ...call } = options
  const message = await channel.receive(call)
  const read = Cooperation.decode(message)
  if (!read.ok) return read
  if (read.value.is !== 'ask') return Verdict.refuse('message', `an ask is expected, got ${read.value.is}`)
  const permit = await leave(read.value)
  const answer = permit.ok ? cosigner.answer(message, permit.value) : permit
  if (answer.ok) {
    await channel.send(answer.value, call)
    return Verdict.accept('answered')
  }
  const declined = cosigner.decline(message)
  if (declined.ok) await channel.send(declined.value, call)
  return permit.ok ? answer : Verdict.accept('declined')
}

export declare namespace help {
  type Options = CallOptions & {
    readonly channel: Channel.Channel
    readonly cosigner: Cosigner
    /** Decides by the own standing, and journals it, before anything leaves. */
    readonly leave: (ask: Cooperation.Ask) => Promise<Verdict.Verdict<Cooperation.Permit>>
  }
}

function scripted(state: Cooperation.State, refusal: Verdict.Refusal | undefined): Outcome {
  const why = state.is === 'script' ? state.why : 'stuck'
  return { is: 'script', why, ...(refusal === undefined ? {} : { refusal }) }
}

/** One ask and its answer; `silence` where none comes. */
async function exchange(
  channel: Channel.Channel,
  asking: Asking,
  signal: AbortSignal,
): Promise<Verdict.Verdict<Signed>> {
  try {
    await channel.send(asking.message, { signal })
    for (let strays = 0; strays < MAX_STRAYS; strays++) {
      const verdict = asking.finish(await channel.receive({ signal }))
      if (verdict.ok || verdict.refusal.check !== 'session') return verdict
    }
    return Verdict.refuse('silence', `${MAX_STRAYS} messages came, and no answer`)
  } catch (error) {
    if (!signal.aborted && !isAitbcError(error, 'ChannelClosed')) throw error
    return Verdict.refuse('silence', 'no answer came')
  }
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Aborts after so many seconds. */
export function after(seconds: bigint): AbortSignal {
  return AbortSignal.timeout(Number(seconds) * 1000)
}
