// What a party's process is there for: its swap, taken up from the negotiation or the journal, or rebuilt from its seed and the chains.
import { Bytes, isAitbcError } from '@aitbc/core'
import { type Agreement, type Policy, Recovery, Runner, type SwapMachine } from '@aitbc/swap'
import type { Endpoint } from '../../Endpoint.js'
import type { Deal } from '../Deal.js'
import { LEGS, type Leg, type Role } from '../Plan.js'

export interface Errand {
  readonly role: Role
  readonly deal: Pick<Deal, 'signed' | 'margins' | 'nonces'>
  readonly policy: Policy.Policy
  /** The servers that it asks, of which the first of each chain wakes it. */
  readonly endpoints: { readonly [L in Leg]: readonly [Endpoint, ...Endpoint[]] }
}

/** The swap as its journal has it, or as it begins. */
export async function take(context: Runner.Context, errand: Errand): Promise<Runner.Swap> {
  const { role, deal, policy } = errand
  const nonce = deal.nonces[role]
  const id = Bytes.toHex(nonce)
  if ((await Runner.list(context.storage)).includes(id))
    try {
      return await Runner.load(context, id)
    } catch (error) {
      // A crash came before the first entry: nothing was promised to anybody yet.
      if (!isAitbcError(error, 'StateUnreadable')) throw error
    }
  const { signed, margins } = deal
  return Runner.open(context, { role, nonce, signed, margins, policy })
}

/** Takes another swap under the same hashlock, where it has one already: which swap that is, or what refuses it (S10). */
export async function takeAgain(
  context: Runner.Context,
  { role, deal, policy }: Errand,
  signed: Agreement.Signed,
): Promise<Runner.Swap | undefined> {
  // After a crash at the very beginning nothing was taken yet.
  if ((await Runner.list(context.storage)).length === 0) return undefined
  const nonce = Bytes.concat(deal.nonces[role], Uint8Array.of(1)).subarray(1)
  return Runner.open(context, { role, nonce, signed, margins: deal.margins, policy })
}

const AGAIN = new Error('what is missing is looked for again')
/** Of several swaps that a recovery makes of one, the best end counts: one of them was paid. */
const BEST: readonly SwapMachine.Outcome[] = ['free-ride', 'deal', 'no-deal']

/**
 * Looks for the party's swaps on the chains, again whenever something changed as long as one may be missing and is of use, and drives them. `found`
 * hears each time whether there are any.
 */
export async function rebuild(
  context: Runner.Context,
  errand: Errand,
  { signal, found }: { readonly signal: AbortSignal; readonly found: (any: boolean) => void },
): Promise<SwapMachine.Outcome> {
  const { role, deal, policy } = errand
  for (;;) {
    const changed = change(errand, signal)
    const seen = await Recovery.recover(context, { signal, policy: () => policy }).catch((error: unknown) => {
      if (signal.aborted || !isAitbcError(error)) throw error
      return { swaps: [], waiting: [], unreachable: [] }
    })
    const shown = seen.swaps.filter(({ nonce }) => Bytes.equal(nonce, deal.nonces[role]))
    // What a reorganisation took from the chains is in its new journal.
    const swaps = shown.length > 0 ? shown : await kept(context, deal.nonces[role])
    found(swaps.length > 0)
    if (swaps.length === 0) {
      await changed
      continue
    }
    const { long, short } = (swaps[0] as Runner.Swap).state.durable.terms
    const whole = long !== undefined && short !== undefined
    const stop = new AbortController()
    // Past the long leg's deadline the other leg is of no use any more, and what goes on is left to end.
    const isUseful = () => context.utc() < deal.signed.agreement.long.deadline.value
    if (!whole) changed.then(() => isUseful() && stop.abort(AGAIN))
    const both = AbortSignal.any([signal, stop.signal])
    const ends = await Promise.allSettled(swaps.map((swap) => Runner.run(context, swap, { signal: both })))
    const outcomes: SwapMachine.Outcome[] = []
    for (const end of ends)
      if (end.status === 'fulfilled') outcomes.push(end.value)
      else if (end.reason !== AGAIN) throw end.reason
    const [first] = outcomes
    if (outcomes.length === swaps.length && first !== undefined)
      return BEST.find((one) => outcomes.includes(one)) ?? first
  }
}

async function kept(context: Runner.Context, of: Bytes.Bytes): Promise<readonly Runner.Swap[]> {
  const nonce = Bytes.toHex(of)
  const ids = (await Runner.list(context.storage)).filter((id) => id.startsWith(nonce))
  const loaded = ids.map((id) =>
    Runner.load(context, id).catch((error: unknown) => {
      // A crash came before its first entry.
      if (isAitbcError(error, 'StateUnreadable')) return undefined
      throw error
    }),
  )
  return (await Promise.all(loaded)).filter((swap) => swap !== undefined)
}

function change({ endpoints }: Errand, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const enough = () => {
      for (const end of ends) end()
      signal.removeEventListener('abort', enough)
      resolve()
    }
    const ends = LEGS.map((leg) => endpoints[leg][0].listen(enough))
    signal.addEventListener('abort', enough)
  })
}
