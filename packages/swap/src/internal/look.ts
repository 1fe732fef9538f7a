// One look at both chains, and what the machine makes of it.
import { type Fact, type LockTerms, show } from '@aitbc/core'
import * as Agreement from '../Agreement.js'
import type { Context, Sent, Swap, Tips } from '../Runner.js'
import * as Side from '../Side.js'
import * as SwapMachine from '../SwapMachine.js'
import { tellWatchable } from './arming.js'
import { latest, write } from './book.js'
import { isVoided } from './voided.js'

const LEGS = ['long', 'short'] as const

/** One look at both chains and the steps that follow; what changed is journaled before any command is carried out. */
export async function round(
  context: Context,
  swap: Swap,
  checked: Side.Checked,
  signal: AbortSignal,
): Promise<{ commands: readonly SwapMachine.Command[]; tips: Tips }> {
  const before = swap.state.durable
  const tips: Tips = {}
  const seen: SwapMachine.SwapEvent[] = []
  for (const leg of LEGS) {
    const terms = before.terms[leg]
    if (terms === undefined) continue
    const { event, tip } = await sight(context, swap, leg, terms, checked, signal)
    if (tip !== undefined) tips[leg] = tip
    seen.push(event)
  }
  let commands: readonly SwapMachine.Command[] = []
  const apply = (event: SwapMachine.SwapEvent) => {
    const transition = SwapMachine.step(swap.state, event)
    swap.state = transition.state
    commands = transition.commands
  }
  // Between two looks hours may have passed: no leg's new view is to meet the other's old one.
  for (const leg of LEGS) apply({ is: 'unreadable', leg, why: 'not read yet' })
  if (await wasRevealed(context, swap, signal)) apply({ is: 'revealed' })
  for (const event of seen) apply(event)
  // What stopped it since, an endpoint's word at times, keeps no claim back that may be out and could be made for the first time now.
  const { stop } = swap.state.durable
  if (stop !== undefined && wasSending(swap) && SwapMachine.isRevealable(swap.state))
    apply({ is: 'revealed' })
  if (commands.some((command) => command.do === 'void') && (await isVoided(context, swap, tips, signal)))
    apply({ is: 'voided' })
  if (swap.state.durable !== before) {
    await write(swap, { is: 'durable', durable: swap.state.durable })
    if (SwapMachine.isPublic(swap.state.durable) && !SwapMachine.isPublic(before))
      tellWatchable(context, swap)
  }
  for (const leg of LEGS)
    if (before.terms[leg] !== undefined)
      context.onProgress?.({ is: 'seen', leg, view: swap.state.view[leg], tip: tips[leg] })
  return { commands, tips }
}

/** The initiator's claim, with the secret in it, was about to leave, and what became of it isn't known. */
export function wasSending({ state, book }: Swap): boolean {
  const isClaim = ([key, { sending }]: [string, Sent]) => key.startsWith('claim/') && sending
  return state.role === 'initiator' && !state.durable.revealed && [...book].some(isClaim)
}

/**
 * The initiator's claim was about to be sent when a crash came, and an endpoint knows it: its secret is public then, also where no
 * mempool shows it. Where none can know (`capabilities.pending`), it counts as public: to stop then, with the secret out, could cost the own
 * lock. Of a claim that was only signed no endpoint can know, whatever it says (S7).
 */
async function wasRevealed(context: Context, swap: Swap, signal: AbortSignal): Promise<boolean> {
  const terms = swap.state.durable.terms.short
  if (!wasSending(swap) || terms === undefined) return false
  const { adapter } = Side.of(context.sides, terms.backend.network)
  for (const [key, sent] of swap.book) {
    if (!key.startsWith('claim/') || !sent.sending) continue
    if (adapter.capabilities.pending === false) return true
    const made = latest(sent)
    if (made === undefined) continue
    try {
      const { is } = (await adapter.status(made, { signal })).value
      if (is === 'pending' || is === 'included' || is === 'final' || is === 'failed') return true
    } catch {
      signal.throwIfAborted()
    }
  }
  return false
}

/** What a leg shows now. */
export async function sight(
  context: Context,
  swap: Swap,
  leg: Agreement.Leg,
  terms: LockTerms.LockTerms,
  checked: Side.Checked,
  signal: AbortSignal,
): Promise<{ event: SwapMachine.SwapEvent; tip?: Fact.Tip }> {
  try {
    const side = Side.of(context.sides, terms.backend.network)
    const prove = leg === Agreement.incomingLeg(swap.state.role)
    return await Side.look(side, leg, terms, { signal, checked, prove, utc: context.utc() })
  } catch (error) {
    signal.throwIfAborted()
    return { event: { is: 'unreadable', leg, why: error instanceof Error ? error.message : show(error) } }
  }
}
