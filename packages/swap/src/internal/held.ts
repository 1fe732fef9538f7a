// What an account holds for the fees of a claim or refund, and what it pays for.
import type {
  AccountId,
  AssetId,
  CallOptions,
  Intent,
  Network,
  PrepareOptions,
  Step,
  SwapAdapter,
} from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import * as Ladder from '../Ladder.js'
import type * as Side from '../Side.js'
import type { Act } from './carryOut.js'
import { larger, smaller } from './extremes.js'
import { isShort, isTooDear } from './refusals.js'

/** What an account must hold of the native coin to exist, or to be touched at all. */
export function leastOf({ fees, native }: Network, asset: AssetId.AssetId): bigint {
  return asset === native.id && (fees.model === 'compute-units' || fees.model === 'tip') ? fees.dust : 0n
}

/** Who pays for a claim or refund on a chain where an account does; `undefined` for everything else. */
function payerOf({ adapter }: Side.Side, command: Act): AccountId.AccountId | undefined {
  if (adapter.profile.feesFrom !== 'account') return undefined
  if (command.do === 'claim') return command.terms.beneficiary.account
  return command.do === 'refund' ? command.terms.locker.account : undefined
}

/**
 * Most that a claim or refund can cost by what is held for it, where an account pays; `undefined` where that bounds nothing, or isn't told
 * and need not be.
 */
export async function heldFor(
  side: Side.Side,
  command: Act,
  options: CallOptions,
  must = false,
): Promise<bigint | undefined> {
  const account = payerOf(side, command)
  return account === undefined ? undefined : heldBy(side.adapter, account, options, must)
}

/** What an account has for fees; `undefined` where it isn't told and need not be. */
export async function heldBy(
  adapter: Pick<SwapAdapter, 'balance' | 'network'>,
  account: AccountId.AccountId,
  options: CallOptions,
  must = false,
): Promise<bigint | undefined> {
  const { network } = adapter
  try {
    const { value } = await adapter.balance(account, options)
    return larger(value - leastOf(network, network.native.id), 0n)
  } catch (error) {
    if (must) throw error
    return undefined
  }
}

/**
 * The steps of an act at a fee rate; where an account pays for a claim or refund and holds less than they cost, or the adapter takes so much
 * for none that is meant, the dearest that can be paid, `most` at most: a market may be made up, or spiked at the lock's own account. Where
 * nothing is within it, as they are, or the adapter's error. `FundsMissing` (4014) for what `must` be paid at the market's price.
 */
export async function payable(
  side: Side.Side,
  command: Act,
  intent: Intent,
  at: PrepareOptions & { readonly signal: AbortSignal },
  { most, must }: { readonly most: bigint; readonly must: boolean },
): Promise<readonly Step[]> {
  const { adapter } = side
  const { fees, native } = adapter.network
  const asset = native.id
  const held = await heldFor(side, command, { signal: at.signal }, must)
  const less = async () => {
    const within = held === undefined || must ? 0n : smaller(most, held)
    const make = (feeRate: bigint) => adapter.prepare(intent, { ...at, feeRate })
    // From the least on: what is too dear may be refused whole.
    return Ladder.priced(make, larger(fees.minRelay, 1n), { asset, least: within, most: within })
  }
  let steps: readonly Step[]
  try {
    steps = await adapter.prepare(intent, at)
  } catch (error) {
    const fits = isTooDear(error) || isShort(error) ? await less().catch(() => undefined) : undefined
    if (fits === undefined) throw error
    return fits
  }
  const cost = Ladder.costOf(steps, asset)
  if (held === undefined || cost <= held) return steps
  if (!must) return (await less().catch(() => undefined)) ?? steps
  const account = payerOf(side, command)
  throw SwapErrors.FundsMissing(
    `${account} holds ${held} of ${asset} for ${command.key}, ${cost} are needed`,
    {
      ...{ account, asset },
      ...{ holds: held, needs: cost },
    },
  )
}
