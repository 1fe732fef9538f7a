import { Amount } from '@aitbc/core'
import * as Weight from './Weight.js'

/** An unspent output that can be selected. */
export interface Coin {
  /** Display form. */
  readonly txid: string
  readonly index: number
  /** Satoshi. */
  readonly amount: bigint
}

/** What is to be paid, and at which price. */
export interface Request {
  /** Weight units of everything but inputs and change: header, counts, outputs. */
  readonly baseWeight: number
  /** Weight units of one input, its witness included; all coins of an account weigh the same. */
  readonly inputWeight: number
  /** Weight units of the change output. */
  readonly changeWeight: number
  /** Sum of the outputs, satoshi. */
  readonly target: bigint
  /** sat/kvB. */
  readonly feeRate: bigint
  /** Least amount of a change output, satoshi. */
  readonly dust: bigint
  /** Least fee in all, satoshi (a replacement's); 0 unless told. */
  readonly minFee?: bigint
  /** Coins that must be spent (a replaced version's inputs), besides those selected. */
  readonly required?: readonly Coin[]
}

/** Inputs, fee and change: `sum(coins) = target + fee + change`, and change is 0 or at least `dust`. */
export interface Selection<C extends Coin = Coin> {
  readonly coins: readonly C[]
  readonly fee: bigint
  readonly change: bigint
}

/** Bound of the search; enough to be exhaustive for about 16 coins, and to end within milliseconds for any number. */
const MAX_TRIES = 100_000
/** Nodes relay no heavier transaction (Bitcoin Core `MAX_STANDARD_TX_WEIGHT`). */
const MAX_WEIGHT = 400_000

/**
 * Selects coins: the cheapest set without change by branch and bound where one exists (depth first, bounded), else the fewest
 * coins that pay for a change output. Change below `dust` goes to the fee. `undefined` where the coins don't reach.
 *
 * Cost is the fee, plus what spending the change will cost at the same rate. As all coins weigh the same, the
 * result is the cheapest there is as long as the search wasn't cut short.
 *
 * @example
 * import { CoinSelection } from '@aitbc/adapters/bitcoin'
 * CoinSelection.select([{ txid: '00'.repeat(32), index: 0, amount: 100_000n }], {
 *   baseWeight: 214, inputWeight: 272, changeWeight: 124, target: 50_000n, feeRate: 1000n, dust: 330n,
 * })?.change // 49847n
 */
export function select<C extends Coin>(coins: readonly C[], request: Request): Selection<C> | undefined {
  const { baseWeight, inputWeight, changeWeight, target, feeRate, dust, minFee = 0n } = request
  const required = (request.required ?? []) as readonly C[]
  Amount.assert(target, { argument: 'target' })
  const own = new Set(required.map(outpoint))
  const least = Weight.fee(inputWeight, feeRate)
  const pool = coins
    .filter((coin) => !own.has(outpoint(coin)) && coin.amount > least)
    .sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : compare(outpoint(a), outpoint(b))))
  const requiredSum = sum(required)
  const limit = Math.floor((MAX_WEIGHT - baseWeight - changeWeight) / inputWeight)
  /** Fee of a transaction of so many inputs, without or with change. */
  const feeOf = (inputs: number, change: boolean): bigint => {
    const fee = Weight.fee(
      baseWeight +
        inputs * inputWeight +
        (change ? changeWeight : 0) +
        // The counts of inputs and outputs grow with them.
        4 * (Weight.compactSize(inputs) - 1),
      feeRate,
    )
    if (fee < minFee) return minFee
    return fee
  }
  const spendLater = Weight.fee(inputWeight, feeRate)
  let best: (Selection<C> & { readonly cost: bigint }) | undefined
  /** Takes a set where it is valid and cheaper than the best so far; tells whether it leaves change. */
  const offer = (chosen: readonly C[], total: bigint): boolean => {
    const inputs = required.length + chosen.length
    if (inputs === 0 || inputs > limit) return false
    const rest = total - target
    const change = rest - feeOf(inputs, true)
    const leaves = change >= dust
    if (!leaves && rest < feeOf(inputs, false)) return false
    const fee = leaves ? rest - change : rest
    const cost = leaves ? fee + spendLater : fee
    if (best === undefined || cost < best.cost)
      best = { coins: [...required, ...chosen], fee, change: leaves ? change : 0n, cost }
    return leaves
  }
  // The fewest coins: largest first. Every longer prefix costs more once one of them leaves change.
  let prefix = requiredSum
  for (let n = 0; n <= pool.length && required.length + n <= limit; n++) {
    if (n > 0) prefix += (pool[n - 1] as C).amount
    if (prefix >= target && offer(pool.slice(0, n), prefix)) break
  }
  // Without change: all sets whose sum exceeds the target by less than a change output would take.
  const tail: bigint[] = new Array(pool.length + 1).fill(0n)
  for (let i = pool.length - 1; i >= 0; i--) tail[i] = (tail[i + 1] as bigint) + (pool[i] as C).amount
  let tries = 0
  const chosen: C[] = []
  const search = (from: number, total: bigint): void => {
    const inputs = required.length + chosen.length
    const rest = total - target
    if (inputs > 0 && rest - feeOf(inputs, true) >= dust) return
    if (inputs > 0 && rest >= feeOf(inputs, false)) {
      if (best === undefined || rest < best.cost) offer(chosen, total)
      return
    }
    if (inputs >= limit || (best !== undefined && feeOf(inputs + 1, false) > best.cost)) return
    for (let at = from; at < pool.length && tries++ < MAX_TRIES; at++) {
      if (rest + (tail[at] as bigint) < feeOf(inputs + 1, false)) return
      const coin = pool[at] as C
      // Equal coins are interchangeable: the first of them stands for all.
      if (at > from && (pool[at - 1] as C).amount === coin.amount) continue
      chosen.push(coin)
      search(at + 1, total + coin.amount)
      chosen.pop()
    }
  }
  search(0, requiredSum)
  return best === undefined ? undefined : { coins: best.coins, fee: best.fee, change: best.change }
}

/** A coin's outpoint as `txid:index`. */
export function outpoint(coin: Pick<Coin, 'txid' | 'index'>): string {
  return `${coin.txid}:${coin.index}`
}

function sum(coins: readonly Coin[]): bigint {
  return coins.reduce((total, coin) => total + coin.amount, 0n)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
