// What the runners' tests ask of a market when all is over.
import type { Step } from '@aitbc/core'
import type { Agreement } from '@aitbc/swap'
import { expect } from 'vitest'
import { ALICE, BOB, FUNDS, type Market, type Name } from './market.js'
import * as Process from './process.js'

export const LEGS = ['long', 'short'] as const
/** Fees of a swap that went wrong in every way are below this; amounts are far above. */
const SMALL = 60n

/** A party has what it should have, but for fees. */
export function expectGains(market: Market, name: Name, what: 'deal' | 'no-deal'): void {
  const sign = name === ALICE ? 1n : -1n
  const wanted = what === 'deal' ? { long: -1000n * sign, short: 5000n * sign } : { long: 0n, short: 0n }
  for (const leg of LEGS) {
    const got = (market.nets[leg].tip.ledger.balances.get(name) ?? 0n) - FUNDS
    expect(got, `${name} ${leg}`).toBeLessThanOrEqual(wanted[leg])
    expect(got, `${name} ${leg}`).toBeGreaterThan(wanted[leg] - SMALL)
  }
}

/** Locks that a party made, of all times: more than one is money at risk (S9). */
export function locksBy(market: Market, name: Name) {
  return LEGS.flatMap((leg) => [...market.nets[leg].tip.ledger.locks.values()].filter((l) => l.by === name))
}

export function expectWhole(market: Market, ...names: readonly Name[]): void {
  for (const name of names) {
    expect(locksBy(market, name).length).toBeLessThanOrEqual(1)
    for (const lock of locksBy(market, name)) expect(lock.spend).toBeDefined()
  }
}

export function both(market: Market, alice: Process.Options = {}, bob: Process.Options = {}) {
  const deal = Process.agreed(market)
  return { deal, alice: Process.create(market, ALICE, alice), bob: Process.create(market, BOB, bob) }
}

/** A call that sends, or signs, a step of a kind. */
export function isKind(method: string, args: readonly unknown[], kind: string, where = 'submit'): boolean {
  if (method !== where) return false
  const [first] = args as [{ step?: Step } & Step]
  return (first.step ?? first).kind === kind
}

export function isLocked({ nets }: Market, leg: Agreement.Leg): boolean {
  return nets[leg].tip.ledger.locks.size > 0
}

/** Most that each step of a kind costs that a process had signed, in order. */
export function feesOf({ calls }: Process.Process, kind: string): readonly bigint[] {
  return calls.flatMap(({ method, args }) =>
    isKind(method, args, kind, 'sign') ? [(args[0] as Step).maxFee.amount] : [],
  )
}

/** Pairs in which each role meets each kind of chain on each side. */
export const crossed: readonly { readonly [L in Agreement.Leg]: 'utxo' | 'contract' }[] = [
  { long: 'utxo', short: 'contract' },
  { long: 'contract', short: 'utxo' },
]
