import {
  type AitbcError,
  type AssetId,
  type Deadline,
  Fact,
  isAitbcError,
  type Lock,
  type LockProfile,
  type LockTerms,
  type Signed,
  type Step,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import { larger } from './internal/extremes.js'
import type { Context, Swap } from './Runner.js'
import * as Side from './Side.js'
import type { LockView } from './SwapMachine.js'

/** Versions of one claim or refund, all signed, cheapest first: each may take the place of those before it, and one alone is ever included. */
export type Ladder = readonly Signed[]

/** Most rungs from the price on at which they begin: the market's, or the relay minimum. */
export const MAX_RUNGS = 16
/** A price of which so many times as much is more than an act may cost is worth another question: an endpoint may have made it up. */
export const ODD = 8n
/** How much the market may rise until the last rung is too cheap, where no budget ends the ladder before. */
export const SPAN = 128n
/**
 * A rung's rate in halves of the one before: half as much again, which is more than any node asks of a replacement (BIP-125 rule 4; an
 * eighth on EVM chains). Four times as much where anybody may send instead, and each rung costs questions about nonce and market.
 */
const STEPS = { key: 3n, named: 8n } as const
/** Most locks of one leg that are prepared for: anybody may pay into a script. */
const MAX_LOCKS = 4
/** So many ladders of a leg at most for locks that may be made up: a journal that grew with each look would be read no more. */
const MAX_LADDERS = 16

/**
 * Fee rates of a ladder's rungs, from what the market asks to {@link SPAN} times that.
 *
 * @example
 * import { Ladder } from '@aitbc/swap'
 * Ladder.rates(1000n).slice(0, 4) // [1000n, 1500n, 2250n, 3375n]
 */
export function rates(from: bigint, payee: LockProfile['payee'] = 'key'): readonly bigint[] {
  const all: bigint[] = []
  const first = from > 1n ? from : 1n
  const above = (rate: bigint) => (rate * STEPS[payee] + 1n) / 2n
  for (let rate = first; all.length < MAX_RUNGS - 1 && rate < first * SPAN; rate = above(rate)) all.push(rate)
  return [...all, first * SPAN]
}

/**
 * What the steps cost at most, base units of `asset`.
 *
 * @example
 * import type { Step } from '@aitbc/core'
 * import { Ladder } from '@aitbc/swap'
 * const network = 'eip155:1'
 * const asset = `${network}/slip44:60` as const
 * const step = (amount: bigint): Step => ({
 *   ...{ network, kind: 'claim', from: `${network}:0x${'a1'.repeat(20)}`, format: 'evm/transaction', payload: new Uint8Array() },
 *   ...{ maxFee: { asset, amount }, conflictKey: 'nonce/0' },
 * })
 * // An approval, and what it is for.
 * Ladder.costOf([step(2n), step(3n)], asset) // 5n
 */
export function costOf(steps: readonly Step[], asset: AssetId.AssetId): bigint {
  return steps.reduce((sum, { maxFee }) => sum + (maxFee.asset === asset ? maxFee.amount : 0n), 0n)
}

/**
 * Most that an act may pay, base units of the native coin: the budget where there is one; else no more than the lock is worth, and half of
 * that where it pays for itself. What a token is worth in coins nobody tells: there it is one whole coin.
 *
 * @example
 * import { ethereum as network } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter } from '@aitbc/devnet/world'
 * import { Ladder } from '@aitbc/swap'
 * const adapter = createWorldAdapter({ network, endpoint: createWorld({ seed: '1', networks: [network] }).endpoint(network.id) })
 * const lock = { asset: network.native.id, amount: 10n ** 17n }
 * Ladder.capOf({ adapter }, lock, undefined) // 100000000000000000n
 * Ladder.capOf({ adapter }, lock, 10n ** 15n) // 1000000000000000n
 */
export function capOf(
  { adapter: { network, profile } }: Pick<Side.Side, 'adapter'>,
  { asset, amount }: Pick<LockTerms.LockTerms, 'amount' | 'asset'>,
  budget: bigint | undefined,
): bigint {
  if (budget !== undefined) return budget
  if (asset !== network.native.id) return 10n ** BigInt(network.native.decimals)
  return profile.feesFrom === 'lock' ? amount / 2n : amount
}

/**
 * A step can wait for its day: it doesn't expire by another clock than the lock's own, or before `until`. One that ends with a block hash
 * (Solana without a durable nonce) or a height can't be signed in advance.
 *
 * @example
 * import { Ladder } from '@aitbc/swap'
 * const until = { network: 'eip155:1', clock: 'unix', value: 1_900_000_000n } as const
 * Ladder.isLasting({}, until) // true
 * // Nobody can say when a height comes.
 * Ladder.isLasting({ validUntil: { ...until, clock: 'height', value: 30_000_000n } }, until) // false
 */
export function isLasting(step: Pick<Step, 'validUntil'>, until: Deadline.Deadline): boolean {
  const { validUntil } = step
  return validUntil === undefined || (validUntil.clock === until.clock && validUntil.value >= until.value)
}

/** How often a price is asked for until one fits. */
const TRIES = 32

/**
 * The steps of an act at a fee rate, or at the nearest one at which they cost at least `least` and at most `most`; the dearest ones within
 * `most` where none cost `least`; `undefined` where all cost more, the adapter's error where it makes none. A replacement costs what it
 * replaces at any low rate, and an adapter refuses rates above and below some bounds, or what leaves dust: the price follows the rate only
 * in between. A rate in the network's own unit (`Network.fees`), `least` and `most` in base units of `asset`. An endpoint that isn't heard
 * (`Rpc…`, 1201–1208) ends the search, unless something fits already.
 *
 * @example
 * import type { Step } from '@aitbc/core'
 * import { Ladder } from '@aitbc/swap'
 * const network = 'eip155:1'
 * const asset = `${network}/slip44:60` as const
 * const make = async (feeRate: bigint): Promise<readonly Step[]> => [{
 *   ...{ network, kind: 'claim', from: `${network}:0x${'a1'.repeat(20)}`, format: 'evm/transaction', payload: new Uint8Array() },
 *   ...{ maxFee: { asset, amount: 100n * feeRate }, conflictKey: 'nonce/0' },
 * }]
 * const steps = await Ladder.priced(make, 9n, { asset, most: 500n })
 * Ladder.costOf(steps ?? [], asset) // 500n
 */
export async function priced(
  make: (feeRate: bigint) => Promise<readonly Step[]>,
  feeRate: bigint,
  options: {
    readonly asset: AssetId.AssetId
    readonly least?: bigint
    readonly most: bigint | undefined
  },
): Promise<readonly Step[] | undefined> {
  const { asset, least = 0n, most } = options
  let best: readonly Step[] | undefined
  let low = 0n
  let reached = 0n
  let high: { readonly rate: bigint; readonly cost?: bigint; readonly fits: bigint } | undefined
  let rate = feeRate
  let refusal: unknown
  for (let tries = 0; tries < TRIES; tries++) {
    const steps = await make(rate).catch((error: unknown) => {
      if (!isAitbcError(error) || (best === undefined && (most === undefined || isSilence(error))))
        throw error
      refusal ??= error
      return undefined
    })
    const cost = steps === undefined ? undefined : costOf(steps, asset)
    if (steps === undefined || cost === undefined) {
      // Below a rate that only costs too much: less than the network takes.
      if (best === undefined && high?.cost !== undefined) low = rate
      else high = { rate, fits: 0n }
    } else if (most !== undefined && cost > most) {
      // Were the price a line from nothing, or from the one before, that rate would be the one.
      const { rate: further = 0n, cost: dearer = 0n } = high ?? {}
      const [run, rise] = dearer === 0n ? [rate, cost] : [further - rate, dearer - cost]
      high = { rate, cost, fits: rise > 0n ? rate - ((cost - most) * run + rise - 1n) / rise : 0n }
    } else {
      best = steps
      low = rate
      reached = cost
      // Between one that is too dear and one that nearly is, nothing is worth another question.
      if (cost === 0n || cost >= (high === undefined ? least : least - least / 16n)) break
      if (high === undefined) {
        const direct = (rate * least + cost - 1n) / cost
        rate = larger(direct, 2n * rate)
        continue
      }
    }
    if (high === undefined || high.rate - low <= 1n) break
    // Between a version and one that is too dear, what is wanted is on the line from one to the other.
    const rise = high.cost === undefined ? 0n : high.cost - reached
    const between = rise > 0n ? low + ((least - reached) * (high.rate - low) + rise - 1n) / rise : 0n
    const aim = best === undefined ? high.fits : between
    rate = aim > low && aim < high.rate ? aim : (low + high.rate) / 2n
    if (rate < 1n) break
  }
  if (best === undefined && high?.cost === undefined) throw refusal
  return best
}

/** An endpoint wasn't heard, or said nothing that makes sense (`Rpc…`, 1201–1208): of another rate it would say no more. */
function isSilence(error: AitbcError): boolean {
  return error.code >= 1201 && error.code <= 1208
}

/**
 * Signs a claim or a refund at every rate of a ladder that its budget and its adapter allow: the last rung pays the whole budget, if the
 * market could ask it. Where {@link ODD} times the market's price is beyond it, there are rungs from the relay minimum on too. One rung alone
 * where versions can't replace each other or don't last; none where the wallet only sends.
 */
export async function build(
  side: Side.Side,
  make: (feeRate: bigint) => Promise<readonly Step[]>,
  sign: (step: Step) => Promise<Signed | undefined>,
  options: {
    readonly until: Deadline.Deadline
    readonly cap: bigint | undefined
    readonly signal: AbortSignal
  },
): Promise<Ladder> {
  const { until, cap, signal } = options
  const { network, capabilities, profile } = side.adapter
  const asset = network.native.id
  const { normal } = await side.adapter.feeRates({ signal })
  const { minRelay } = network.fees
  const rungs: Signed[] = []
  let last = -1n
  let lowest = larger(normal, minRelay)
  const wanted = [...rates(lowest, profile.payee)]
  for (let rate = wanted.shift(); rate !== undefined; rate = wanted.shift()) {
    let steps: readonly Step[] | undefined
    try {
      steps = await priced(make, rate, { asset, most: cap })
    } catch (error) {
      // Dearer ones can't be made: what the lock holds, or what the adapter takes for meant, ends the ladder.
      signal.throwIfAborted()
      if (rungs.length > 0) break
      if (rate <= minRelay || !isAitbcError(error)) throw error
      // Too dear for the lock today, or so an endpoint says: that is no reason to have none at all (L5).
      wanted.splice(0, wanted.length, ...rates(minRelay, profile.payee))
      continue
    }
    const step = steps?.at(-1)
    if (step === undefined || steps?.length !== 1) break
    const cost = costOf([step], asset)
    const isAlone = capabilities.replacement !== true || !isLasting(step, until)
    if (!isAlone && lowest > minRelay && cap !== undefined && ODD * cost > cap) {
      wanted.unshift(...rates(minRelay, profile.payee).filter((low) => low < lowest), lowest)
      lowest = minRelay
      continue
    }
    lowest = minRelay
    if (cost > last) {
      const signed = await sign(step)
      if (signed === undefined) return []
      rungs.push(signed)
    }
    const ends = cap !== undefined && cost >= cap
    if (ends || cost <= last || isAlone) break
    last = cost
  }
  return rungs
}

/**
 * The key of a ladder in a swap's book: `undo` is the refund of a lock of this party's, `arm` the claim of one that is for it.
 *
 * @example
 * import type { Signed } from '@aitbc/core'
 * import { Ladder, type Runner } from '@aitbc/swap'
 * Ladder.keyOf('undo', 'long', { ref: 'aa:0' }) // 'undo/long/aa:0'
 * // The refunds of a lock that are signed already, cheapest first.
 * const refundsOf = (swap: Runner.Swap, ref: string): readonly Signed[] =>
 *   swap.book.get(Ladder.keyOf('undo', 'long', { ref }))?.signed ?? []
 */
export function keyOf(does: 'undo' | 'arm', leg: Agreement.Leg, lock: Pick<Lock, 'ref'>): string {
  return `${does}/${leg}/${lock.ref}`
}

/** A lock whose claim or refund isn't signed yet, though nothing but the secret or the deadline is missing. */
export interface Unarmed {
  readonly key: string
  readonly does: 'undo' | 'arm'
  readonly leg: Agreement.Leg
  readonly lock: Lock
}

/**
 * The locks that are to be prepared for: those of the whole amount that nothing has spent, where only the payee's key can sign (elsewhere
 * anybody may send a claim or a refund, and whom it pays is fixed); of many the deepest, since what only waits can be told for nothing.
 */
export function unarmed(context: Context, swap: Swap): readonly Unarmed[] {
  const { role, durable, view } = swap.state
  if (durable.outcome !== undefined) return []
  return (['long', 'short'] as const).flatMap((leg): Unarmed[] => {
    const terms = durable.terms[leg]
    const at = view[leg]
    if (terms === undefined || at.is !== 'seen') return []
    if (Side.of(context.sides, terms.backend.network).adapter.arm === undefined) return []
    const does = leg === Agreement.ownLeg(role) ? ('undo' as const) : ('arm' as const)
    const ladders = [...swap.book.keys()].filter((key) => key.startsWith(keyOf(does, leg, { ref: '' })))
    const isSure = ({ final, assurance }: LockView) =>
      ladders.length < MAX_LADDERS || (final && Fact.atLeast(assurance, durable.rules.assurance))
    const isWanted = (view: LockView) =>
      view.lock.amount >= terms.amount && view.spend === undefined && isSure(view)
    return at.locks
      .filter(isWanted)
      .sort((a, b) => Number(b.depth - a.depth))
      .slice(0, MAX_LOCKS)
      .map(({ lock }) => ({ key: keyOf(does, leg, lock), does, leg, lock }))
      .filter(({ key }) => !swap.book.has(key))
  })
}
