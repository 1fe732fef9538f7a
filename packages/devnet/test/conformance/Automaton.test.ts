import { describe, expect, test } from 'vitest'
import { type Act, type Ground, type Outcome, outcomes, type Terms, WRONG_RULE } from './Automaton.js'
import { compare } from './conform.js'
import { TIMES, trace } from './Generator.js'

const contract: Ground = {
  profile: { lateClaims: false, payee: 'named', unique: true, lateLocks: false },
  least: 1n,
}
const script: Ground = {
  profile: { lateClaims: true, payee: 'key', unique: false, lateLocks: true },
  least: 330n,
}
const terms: Terms = {
  locker: 'alice',
  beneficiary: 'bob',
  asset: 'coin',
  over: 9,
  preimage: { number: 0, length: 32, hash: 'sha256' },
  deadline: 0,
  salt: 0,
}
const lock: Act = { do: 'lock', time: -30, terms: 0, by: 'alice' }
const claim = (change: Partial<Extract<Act, { do: 'claim' }>> = {}): Act => ({
  do: 'claim',
  time: -1,
  terms: 0,
  by: 'bob',
  secret: 'right',
  ...change,
})
const refund = (time: number, by: Act['by'] = 'alice'): Act => ({ do: 'refund', time, terms: 0, by })
const of = (acts: readonly Act[], ground = contract, change: Partial<Terms> = {}): readonly string[] =>
  outcomes({ terms: [{ ...terms, ...change }], acts }, ground).map(({ is }) => is)

describe('the reference', () => {
  test('H5: claims until one unit before the deadline, refunds from it on', () => {
    expect(of([lock, claim({ time: -1 })])).toEqual(['done', 'done'])
    expect(of([lock, claim({ time: 0 })])).toEqual(['done', 'refused'])
    expect(of([lock, refund(-1), refund(0)])).toEqual(['done', 'refused', 'done'])
  })

  test('S2: a lock ends once, and what never was ends never', () => {
    expect(of([claim(), refund(0)])).toEqual(['refused', 'refused'])
    expect(of([lock, claim(), claim(), refund(0)])).toEqual(['done', 'done', 'refused', 'refused'])
    expect(of([lock, refund(0), claim({ time: 0 }), refund(1)])).toEqual([
      'done',
      'done',
      'refused',
      'refused',
    ])
  })

  test('S3: exactly 32 bytes, and SHA-256', () => {
    for (const secret of ['wrong', 'hash'] as const) expect(of([lock, claim({ secret })])[1]).toBe('refused')
    for (const preimage of [
      { ...terms.preimage, length: 31 as const },
      { ...terms.preimage, length: 33 as const },
      { ...terms.preimage, hash: 'sha256 twice' as const },
      { ...terms.preimage, hash: 'keccak256' as const },
    ])
      expect(of([lock, claim()], contract, { preimage })).toEqual(['done', 'refused'])
  })

  test('S5: what moves goes to the parties of the terms, whoever acts', () => {
    const moves = (by: Act['by']) => outcomes({ terms: [terms], acts: [lock, claim({ by })] }, contract)
    for (const by of ['alice', 'bob', 'mallory'] as const)
      expect(moves(by)).toEqual([
        { is: 'done', moves: { alice: -10n, held: 10n } },
        { is: 'done', moves: { bob: 10n, held: -10n } },
      ])
    for (const twist of ['payee', 'asset', 'contract'] as const)
      expect(of([lock, claim({ twist })])).toEqual(['done', 'refused'])
  })

  test('H11, H21: one lock of equal terms, by its locker alone; dust is none', () => {
    expect(of([{ ...lock, by: 'mallory' }, lock, lock])).toEqual(['refused', 'done', 'refused'])
    expect(of([lock, claim(), lock])).toEqual(['done', 'done', 'refused'])
    expect(of([lock], contract, { over: -1 })).toEqual(['refused'])
    expect(of([lock], contract, { over: 0 })).toEqual(['done'])
  })

  test('the profile of a script: late claims and locks, many of equal terms, and each party acts for itself', () => {
    expect(of([lock, claim({ time: 30 })], script)).toEqual(['done', 'done'])
    expect(of([{ ...lock, time: 30, by: 'mallory' }], script)).toEqual(['done'])
    expect(of([lock, lock, claim(), refund(0), refund(0)], script)).toEqual([
      'done',
      'done',
      'done',
      'done',
      'refused',
    ])
    expect(of([lock, claim({ by: 'mallory' }), refund(0, 'bob')], script)).toEqual([
      'done',
      'refused',
      'refused',
    ])
  })
})

describe('traces', () => {
  const traces = Array.from({ length: 2000 }, (_, n) => trace(5, n))

  test('the same seed gives the same traces, another one others', () => {
    expect(trace(5, 3)).toEqual(traces[3])
    expect(Array.from({ length: 20 }, (_, n) => trace(6, n))).not.toEqual(traces.slice(0, 20))
  })

  test('S1: acts are in order, and no unit appears or vanishes', () => {
    for (const one of traces) {
      const times = one.acts.map(({ time }) => time)
      expect(times).toEqual([...times].sort((a, b) => a - b))
      for (const outcome of outcomes(one, contract))
        if (outcome.is === 'done')
          expect(Object.values(outcome.moves).reduce((sum, amount) => sum + amount, 0n)).toBe(0n)
    }
  })

  test('each kind of act is met, each twist, and each instant around the deadline by claims and refunds that count', () => {
    const met = new Set<string>()
    for (const one of traces)
      for (const [at, outcome] of outcomes(one, contract).entries()) {
        const act = one.acts[at] as Act
        const own = one.terms[act.terms] as Terms
        met.add(`${act.do} ${act.twist ?? ''}`)
        if (own.deadline === 0) met.add(`${act.do} at ${act.time} ${outcome.is}`)
      }
    for (const twist of ['payee', 'asset', 'contract']) expect(met).toContain(`claim ${twist}`)
    for (const twist of ['payee', 'contract']) expect(met).toContain(`refund ${twist}`)
    expect(met).toContain('lock asset')
    for (const time of TIMES) {
      expect([...met].includes(`claim at ${time} done`), `claim at ${time}`).toBe(time < 0)
      expect([...met].includes(`refund at ${time} done`), `refund at ${time}`).toBe(time >= 0)
    }
  })

  test('what a chain does otherwise is found: a reference wrong by one unit, a payout wrong by one, an act that came through', () => {
    const seen = (n: number): Outcome[] => [...outcomes(traces[n] as (typeof traces)[number], contract)]
    const rule = { claims: (t: number, d: number) => t < d, refunds: (t: number, d: number) => t >= d }
    let wrong = 0
    for (const [n, one] of traces.entries()) {
      expect(compare(one, seen(n), contract, rule)).toEqual([])
      if (compare(one, seen(n), contract, WRONG_RULE).length > 0) wrong++
      const done = seen(n).findIndex(({ is }) => is === 'done')
      if (done < 0) continue
      const lying = seen(n)
      const { moves } = lying[done] as Extract<Outcome, { is: 'done' }>
      lying[done] = { is: 'done', moves: { ...moves, held: (moves.held ?? 0n) + 1n } }
      expect(compare(one, lying, contract, rule)).toHaveLength(1)
      lying[done] = { is: 'refused' }
      expect(compare(one, lying, contract, rule).length).toBeGreaterThan(0)
      // What was not run is a difference as well.
      expect(compare(one, seen(n).slice(0, done), contract, rule)).toHaveLength(one.acts.length - done)
    }
    expect(wrong).toBeGreaterThan(100)
  })
})
