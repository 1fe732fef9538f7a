// What comes before a transaction under its account: an approval, or what makes the account known.
import type { Signed } from '@aitbc/core'
import * as Ladder from '../Ladder.js'
import type { Sent, Swap } from '../Runner.js'
import * as Side from '../Side.js'
import type { Act } from './carryOut.js'
import { larger } from './extremes.js'
import { capOf } from './price.js'

/**
 * What was signed to be sent before the last one, each that waits as a version at a fee rate: nothing of the account behind it, another swap's
 * claim included, is in a block before it is (L5). Without those of which another version took the place.
 */
export async function ahead(
  swap: Swap,
  command: Act,
  side: Side.Side,
  sent: Sent,
  rate: bigint | undefined,
  signal: AbortSignal,
): Promise<readonly Signed[]> {
  const { adapter } = side
  const { fees, native } = adapter.network
  const own = sent.signed.slice(0, -1)
  const lock = command.do === 'void' ? swap.book.get(`lock/${command.leg}`)?.signed.slice(0, -1) : undefined
  const versions: Signed[] = []
  for (const one of own.length > 0 ? own : (lock ?? [])) {
    const submission = { ...one, attempts: [one.id] }
    const { is } = (await adapter.status(submission, { signal })).value
    if (is === 'replaced') continue
    const waits = is === 'pending' || is === 'unknown' || is === 'dropped'
    const signer = Side.signerOf(side, one.step.from, swap.nonce)
    // Nobody is asked for what a raise would have to wait for.
    const signs = signer.kind === 'signs' && !signer.asks
    const make = (feeRate: bigint) => adapter.replace(submission, feeRate, { signal })
    const most = capOf(swap, command, side)
    const price = () => Ladder.priced(make, rate ?? larger(fees.minRelay, 1n), { asset: native.id, most })
    // What can't be raised keeps nothing behind it from being raised.
    const dearer = waits && signs ? await price().catch(() => undefined) : undefined
    const [step] = dearer ?? []
    versions.push(step === undefined || !signs ? one : await signer.sign(step, { signal }))
  }
  return versions
}
