import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CoinSelection } from '../../src/bitcoin/index.js'

const REQUEST = { baseWeight: 42 + 172, inputWeight: 272, changeWeight: 124, dust: 330n }
const coins = (...amounts: readonly bigint[]): CoinSelection.Coin[] =>
  amounts.map((amount, i) => ({ txid: i.toString(16).padStart(64, '0'), index: 0, amount }))

const amount = fc.oneof(fc.bigInt(1n, 2000n), fc.bigInt(1n, 300_000n), fc.constantFrom(10_000n, 20_000n))
const request = fc.record({
  target: fc.bigInt(330n, 400_000n),
  feeRate: fc.oneof(fc.bigInt(1000n, 3000n), fc.bigInt(1000n, 200_000n)),
})

/** Fee of so many inputs, written down again from BIP-141. */
const feeOf = (inputs: number, change: boolean, feeRate: bigint): bigint => {
  const weight = REQUEST.baseWeight + 272 * inputs + (change ? 124 : 0) + (inputs >= 0xfd ? 8 : 0)
  return (BigInt(Math.ceil(weight / 4)) * feeRate + 999n) / 1000n
}

describe('default', () => {
  property.prop([fc.array(amount, { maxLength: 60 }), request])(
    'conserves, makes no dust, and pays at least the fee rate and at most one change output more',
    (amounts, { target, feeRate }) => {
      const pool = coins(...amounts)
      const selection = CoinSelection.select(pool, { ...REQUEST, target, feeRate })
      if (selection === undefined) {
        const useful = amounts.filter(
          (value) => value > feeOf(1, false, feeRate) - feeOf(0, false, feeRate) + 1n,
        )
        const total = useful.reduce((sum, value) => sum + value, 0n)
        expect(total < target + feeOf(useful.length, false, feeRate) + BigInt(useful.length)).toBe(true)
        return
      }
      const { coins: chosen, fee, change } = selection
      expect(chosen.reduce((sum, coin) => sum + coin.amount, 0n)).toBe(target + fee + change)
      expect(change === 0n || change >= REQUEST.dust).toBe(true)
      expect(new Set(chosen.map(CoinSelection.outpoint)).size).toBe(chosen.length)
      expect(chosen.every((coin) => pool.includes(coin))).toBe(true)
      const least = feeOf(chosen.length, change > 0n, feeRate)
      expect(fee >= least).toBe(true)
      if (change > 0n) expect(fee).toBe(least)
      else expect(fee < feeOf(chosen.length, true, feeRate) + REQUEST.dust).toBe(true)
    },
  )

  property.prop([fc.array(amount, { minLength: 1, maxLength: 9 }), request])(
    'is as cheap as the cheapest of all subsets',
    (amounts, { target, feeRate }) => {
      // Coins worth no more than their own input are left aside: they would gain a rounding at most.
      const useful = amounts.filter((value) => value > (68n * feeRate + 999n) / 1000n)
      const pool = coins(...useful)
      let cheapest: bigint | undefined
      for (let mask = 1; mask < 1 << pool.length; mask++) {
        const set = pool.filter((_, i) => (mask >> i) & 1)
        const rest = set.reduce((sum, coin) => sum + coin.amount, 0n) - target
        const withChange = rest - feeOf(set.length, true, feeRate)
        const spendLater = (68n * feeRate + 999n) / 1000n
        let cost: bigint | undefined
        if (withChange >= REQUEST.dust) cost = rest - withChange + spendLater
        else if (rest >= feeOf(set.length, false, feeRate)) cost = rest
        if (cost !== undefined && (cheapest === undefined || cost < cheapest)) cheapest = cost
      }
      const selection = CoinSelection.select(coins(...amounts), { ...REQUEST, target, feeRate })
      const cost = selection && selection.fee + (selection.change > 0n ? (68n * feeRate + 999n) / 1000n : 0n)
      expect(cost).toBe(cheapest)
    },
  )

  property.prop([fc.array(amount, { minLength: 2, maxLength: 20 }), request])(
    'keeps required coins and a least fee (replacement)',
    (amounts, { target, feeRate }) => {
      const [first, ...pool] = coins(...amounts)
      const required = [first as CoinSelection.Coin]
      const selection = CoinSelection.select(pool, { ...REQUEST, target, feeRate, required, minFee: 5000n })
      if (selection === undefined) return
      expect(selection.coins[0]).toBe(first)
      expect(selection.fee >= 5000n).toBe(true)
      const total = selection.coins.reduce((sum, coin) => sum + coin.amount, 0n)
      expect(total).toBe(target + selection.fee + selection.change)
    },
  )
})

describe('behavior: shapes', () => {
  test('takes an exact coin without change', () => {
    const exact = 50_000n + feeOf(1, false, 1000n)
    const selection = CoinSelection.select(coins(90_000n, exact, 30_000n), {
      ...REQUEST,
      target: 50_000n,
      feeRate: 1000n,
    })
    expect(selection).toMatchObject({ coins: [{ amount: exact }], change: 0n })
  })

  test('H27: what would be dust goes to the fee', () => {
    const amount = 50_000n + feeOf(1, true, 1000n) + 329n
    const selection = CoinSelection.select(coins(amount), { ...REQUEST, target: 50_000n, feeRate: 1000n })
    expect(selection).toMatchObject({ change: 0n, fee: amount - 50_000n })
    const enough = CoinSelection.select(coins(amount + 1n), { ...REQUEST, target: 50_000n, feeRate: 1000n })
    expect(enough).toMatchObject({ change: 330n })
  })

  test('no coins, and coins that do not pay for themselves, give no selection', () => {
    expect(CoinSelection.select([], { ...REQUEST, target: 1000n, feeRate: 1000n })).toBeUndefined()
    const tiny = coins(...Array.from({ length: 50 }, () => 60n))
    expect(CoinSelection.select(tiny, { ...REQUEST, target: 1000n, feeRate: 1000n })).toBeUndefined()
  })

  test('of ten thousand coins those that fit are taken, in a transaction that nodes relay', () => {
    const many = coins(...Array.from({ length: 10_000 }, (_, i) => 1000n + BigInt((i * 7919) % 1000)))
    const selection = CoinSelection.select(many, { ...REQUEST, target: 1_000_000n, feeRate: 1000n })
    expect(selection?.coins.length).toBeLessThan(1470)
    expect(CoinSelection.select(many, { ...REQUEST, target: 9_000_000n, feeRate: 1000n })).toBeUndefined()
  })
})
