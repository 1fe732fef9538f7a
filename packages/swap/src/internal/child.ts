// A child that pays for what waits (CPFP): where another version would need somebody who doesn't sign it.
import type { Fact, Step } from '@aitbc/core'
import * as Ladder from '../Ladder.js'
import type { Context, Sent, Swap } from '../Runner.js'
import * as Side from '../Side.js'
import { forget, patient } from './asking.js'
import { latest, note, write } from './book.js'
import type { Act } from './carryOut.js'

type Refund = Extract<Act, { do: 'refund' }>

/**
 * Sends a child that lifts an early refund to what the market asks, or a dearer version of the one before; both together cost no more than
 * the refund may. Tells whether it did: an adapter without children, a wallet that only sends or a spent budget leaves the refund to wait, and
 * at the deadline it goes by script.
 */
export async function payForIt(
  context: Context,
  swap: Swap,
  command: Refund,
  side: Side.Side,
  parent: Sent,
  tip: Fact.Tip | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const { adapter } = side
  const waits = latest(parent)
  if (adapter.cpfp === undefined || waits === undefined) return false
  const key = `child/${waits.id}`
  const before = swap.book.get(key)
  const last = before && latest(before)
  const asset = adapter.network.native.id
  const cap = Ladder.capOf(side, command.terms, swap.state.durable.rules.fees?.[command.leg])
  const most = cap - Ladder.costOf([waits.step], asset)
  if (most <= 0n) return false
  const { fast } = await adapter.feeRates({ signal })
  const cpfp = adapter.cpfp.bind(adapter)
  const make = (feeRate: bigint): Promise<readonly Step[]> =>
    last === undefined ? cpfp(waits, { feeRate }, { signal }) : adapter.replace(last, feeRate, { signal })
  const [step, ...more] = (await Ladder.priced(make, fast, { asset, most })) ?? []
  if (step === undefined || more.length > 0) return false
  const signer = Side.signerOf(side, step.from, swap.nonce)
  if (signer.kind !== 'signs') return false
  const signed = await (signer.asks ? patient(swap, key, signer) : signer).sign(step, { signal })
  forget(swap, key)
  await write(swap, { is: 'signed', key, signed: [signed], undo: [] })
  // Whatever becomes of it: an endpoint that takes none would have each look make a dearer one, up to the budget (S13).
  if (tip !== undefined) parent.waitingSince = { height: tip.height, utc: context.utc() }
  const sent = await adapter.submit(signed, { signal })
  const attempts = [...new Set([...(swap.book.get(key)?.attempts ?? []), ...sent.attempts])]
  await note(swap, key, [{ ...sent, attempts }])
  context.onProgress?.({ is: 'raised', key: command.key, id: sent.id, feeRate: fast })
  return true
}
