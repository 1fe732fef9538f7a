import type { Deadline, LockTerms, Signer } from '@aitbc/core'
import type { Agreement, Planner, Policy, Side, SwapMachine, SwapRecord } from '@aitbc/swap'
import { describe, expectTypeOf, it } from 'vitest'

declare const terms: LockTerms.LockTerms
declare const now: Deadline.Deadline
declare const secret: Uint8Array
declare const lock: SwapMachine.LockView['lock']
declare const rules: SwapMachine.Rules

describe('the machine', () => {
  it('a command says all that it needs, and nothing of another', () => {
    type Claim = Extract<SwapMachine.Command, { do: 'claim' }>
    expectTypeOf<Claim['secret']>().toEqualTypeOf<'own' | Uint8Array>()
    const base = { do: 'claim', key: 'k', leg: 'short', terms, lock } as const
    expectTypeOf({ ...base, secret: 'own' } as const).toExtend<SwapMachine.Command>()
    expectTypeOf({ ...base, secret }).toExtend<SwapMachine.Command>()
    // A claim without a secret, or with a word for one.
    expectTypeOf(base).not.toExtend<SwapMachine.Command>()
    expectTypeOf({ ...base, secret: 'theirs' } as const).not.toExtend<SwapMachine.Command>()
    // @ts-expect-error a finish has an outcome
    const finish: SwapMachine.Command = { do: 'finish', key: 'finish' }
    // @ts-expect-error a lock is of a leg
    const locking: SwapMachine.Command = { do: 'lock', key: 'lock/long', terms }
    void [finish, locking]
  })

  it('a leg is unseen, unreadable or seen; only what is seen has locks and a time', () => {
    const view = {} as SwapMachine.LegView
    // @ts-expect-error locks of a leg that may not have been seen
    view.locks
    if (view.is === 'seen') expectTypeOf(view.now).toEqualTypeOf<Deadline.Deadline>()
    // @ts-expect-error a leg that is seen has a time
    const timeless: SwapMachine.SwapEvent = { is: 'seen', leg: 'long', locks: [] }
    // @ts-expect-error a swap has two legs
    const third: SwapMachine.SwapEvent = { is: 'seen', leg: 'middle', locks: [], now }
    // @ts-expect-error an instant is no number
    const bare: SwapMachine.SwapEvent = { is: 'seen', leg: 'long', locks: [], now: 5n }
    void [timeless, third, bare]
  })

  it('states and what is durable are read only', () => {
    const durable = {} as SwapMachine.Durable
    // @ts-expect-error read only
    durable.revealed = true
    // @ts-expect-error read only
    durable.settled.push('x')
    const state = {} as SwapMachine.SwapState
    // @ts-expect-error read only
    state.durable = durable
    // @ts-expect-error a lock that is void is never made unvoid
    const unvoided: Partial<SwapMachine.Durable> = { voided: false }
    void unvoided
  })

  it('numbers are bigints, assurances are known words', () => {
    // @ts-expect-error seconds are bigints
    const seconds: SwapMachine.Rules = { ...rules, reveal: 100 }
    // @ts-expect-error no such assurance
    const assured: SwapMachine.Rules = { ...rules, assurance: 'likely' }
    // @ts-expect-error no such role
    const role: Agreement.Role = 'leader'
    void [seconds, assured, role]
  })
})

describe('policies, sides and records', () => {
  it('a policy takes no number and no unknown risk', () => {
    const policy = {} as Policy.Policy
    // @ts-expect-error seconds are bigints
    const offline: Policy.Policy = { ...policy, offline: 7200 }
    // @ts-expect-error no such risk
    const risk: Policy.Policy = { ...policy, risk: 'none' }
    void [offline, risk]
  })

  it('a chain that can’t lock or prove is no side of a swap', () => {
    type Adapter = Side.Side['adapter']
    expectTypeOf<Adapter>().toHaveProperty('findLocks')
    expectTypeOf<Adapter>().toHaveProperty('prove')
    expectTypeOf<Adapter>().toHaveProperty('replace')
    expectTypeOf<Omit<Adapter, 'prove'>>().not.toExtend<Adapter>()
    expectTypeOf<Omit<Adapter, 'expectLock'>>().not.toExtend<Adapter>()
  })

  it('a signer signs or sends; which, is to be asked', () => {
    const signer = {} as Signer
    // @ts-expect-error it may be one that only sends
    signer.sign
    if (signer.kind === 'sends') expectTypeOf(signer).toHaveProperty('send')
  })

  it('a plan’s deadlines are instants of their networks', () => {
    expectTypeOf<Planner.Plan['long']>().toExtend<Deadline.Deadline>()
    expectTypeOf<Planner.Bound['seconds']>().toEqualTypeOf<bigint>()
  })

  it('an entry of the journal has a kind of its own', () => {
    expectTypeOf<SwapRecord.Entry['is']>().toEqualTypeOf<(typeof SwapRecord.KINDS)[number]>()
    // @ts-expect-error what was signed has its undo beside it
    const entry: SwapRecord.Entry = { is: 'signed', key: 'k', signed: [] }
    void entry
  })
})
