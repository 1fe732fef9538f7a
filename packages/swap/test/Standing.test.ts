import type { Lock, Spend } from '@aitbc/core'
import { type Agreement, Standing, SwapMachine } from '@aitbc/swap'
import { describe, expect, test } from 'vitest'
import { clockOf, EPOCH, NETWORK, SECRET, terms } from './model/fixtures.js'

const rules: SwapMachine.Rules = {
  launch: 0n,
  lock: 0n,
  reveal: 0n,
  apart: 0n,
  assurance: 'proved',
  lateClaims: { long: true, short: true },
}
const legs = {
  long: terms('long', 'utxo', 1000n),
  short: terms('short', 'utxo', 500n),
}

/** A party that has seen locks on its incoming leg; each is spent in its way. */
function seen(
  role: Agreement.Role,
  durable: Partial<SwapMachine.Durable>,
  spends: readonly {
    readonly amount?: bigint
    readonly spend?: Spend
    readonly final?: boolean
    readonly assurance?: SwapMachine.SpendView['assurance']
  }[],
): SwapMachine.SwapState {
  const leg = role === 'initiator' ? 'short' : 'long'
  const fresh = SwapMachine.start(role, legs, rules)
  const locks = spends.map((one, i): SwapMachine.LockView => {
    const { amount = legs[leg].amount, spend, final = true, assurance = 'reported' } = one
    const lock: Lock = { ref: `${i}`, transaction: `${i}`, amount, match: 'exact' }
    const base = { lock, depth: 9n, final: true, assurance: 'proved' } as const
    return spend === undefined ? base : { ...base, spend: { spend, depth: 9n, final, assurance } }
  })
  const now = { network: NETWORK[leg], clock: clockOf('utxo'), value: EPOCH }
  return {
    ...fresh,
    durable: { ...fresh.durable, ...durable },
    view: { ...fresh.view, [leg]: { is: 'seen', locks, now } },
  }
}

const claim: Spend = { kind: 'claim', transaction: 'c', secret: SECRET }
const joint: Spend = { kind: 'claim', transaction: 'c' }
const refund: Spend = { kind: 'refund', transaction: 'r' }

describe('Standing.of', () => {
  test('default: a party at the start has stopped nothing and received nothing', () => {
    for (const role of ['initiator', 'follower'] as const)
      expect(Standing.of(SwapMachine.start(role, legs, rules))).toEqual({
        ...{ role, revealed: false, stopped: false, own: 'none', received: false },
      })
  })

  test('S6: received is what is claimed for good, whole, with a secret or by both', () => {
    const received = (...spends: Parameters<typeof seen>[2]) =>
      Standing.of(seen('initiator', { revealed: true, ordered: true }, spends)).received
    expect(received({ spend: claim })).toBe(true)
    expect(received({ spend: joint })).toBe(true)
    expect(received({})).toBe(false)
    expect(received({ spend: claim, final: false })).toBe(false)
    expect(received({ spend: refund })).toBe(false)
    const half = legs.short.amount / 2n
    expect(received({ spend: claim, amount: half })).toBe(false)
    expect(received({ spend: claim, amount: half }, { spend: claim, amount: legs.short.amount - half })).toBe(
      true,
    )
    // What can't be read now is not known.
    const state = seen('initiator', {}, [{ spend: claim }])
    expect(Standing.of({ ...state, view: { ...state.view, short: { is: 'unseen' } } }).received).toBe(false)
    const { short: _, ...long } = legs
    expect(Standing.of({ ...state, durable: { ...state.durable, terms: long } }).received).toBe(false)
  })

  test('S6 H29: a claim that shows no secret, and is only told, has paid nobody: the own lock would be given away for it', () => {
    const received = (durable: Partial<SwapMachine.Durable>, assurance: SwapMachine.SpendView['assurance']) =>
      Standing.of(seen('follower', { ordered: true, ...durable }, [{ spend: joint, assurance }])).received
    for (const assurance of ['reported', 'quorum', 'attested'] as const) {
      expect(received({}, assurance)).toBe(false)
      expect(received({ learned: SECRET }, assurance)).toBe(true)
      const strict = { ...rules, spends: { long: 'proved' } } as const
      expect(received({ learned: SECRET, rules: strict }, assurance)).toBe(false)
    }
    expect(received({}, 'proved')).toBe(true)
  })

  test('H29: that the own lock is gone is an endpoint’s word: once ordered it is open', () => {
    const own = (durable: Partial<SwapMachine.Durable>) => Standing.of(seen('follower', durable, [])).own
    expect(own({ stop: 'cancelled' })).toBe('none')
    expect(own({ ordered: true, stop: 'too-late' })).toBe('open')
    expect(own({ ordered: true, stop: 'too-late', voided: true })).toBe('open')
  })

  test('S6 S12 H29: the own lock is refunded where that is proved, of the lock that this party made', () => {
    type Spent = { readonly ref?: string; readonly amount?: bigint; readonly spend?: SwapMachine.SpendView }
    const back = { spend: refund, depth: 9n, final: true, assurance: 'proved' } as const
    const own = (spent: readonly Spent[], isOwn?: (lock: Lock) => boolean) => {
      const fresh = SwapMachine.start('follower', legs, rules)
      const locks = spent.map(
        ({ ref = 'own', amount = legs.short.amount, spend }): SwapMachine.LockView => ({
          lock: { ref, transaction: ref, amount, match: 'exact' },
          ...{ depth: 9n, final: true, assurance: 'proved' },
          ...(spend === undefined ? {} : { spend }),
        }),
      )
      const now = { network: NETWORK.short, clock: clockOf('utxo'), value: EPOCH }
      const state = {
        ...fresh,
        durable: { ...fresh.durable, ordered: true },
        view: { ...fresh.view, short: { is: 'seen', locks, now } },
      } as const
      return Standing.of(state, isOwn === undefined ? {} : { isOwn }).own
    }
    const mine = ({ ref }: Lock) => ref === 'own'
    expect(own([{ spend: back }], mine)).toBe('refunded')
    // A gift into the same script that went back to this party is none of its own: the own lock may be hidden.
    expect(own([{ spend: back }])).toBe('open')
    expect(own([{ ref: 'gift', spend: back }], mine)).toBe('open')
    expect(own([{ ref: 'gift' }, { spend: back }], mine)).toBe('open')
    expect(own([{ ref: 'dust', amount: 1n }, { spend: back }], mine)).toBe('refunded')
    expect(own([{ amount: 1n, spend: back }], mine)).toBe('open')
    expect(own([], mine)).toBe('open')
    expect(own([{}], mine)).toBe('open')
    for (const change of [
      { assurance: 'attested' },
      { assurance: 'reported' },
      { final: false },
      { spend: claim },
    ] as const)
      expect(own([{ spend: { ...back, ...change } }], mine)).toBe('open')
  })

  test('S7: a secret that left or was learned, and a stop, are told', () => {
    expect(Standing.of(seen('follower', { learned: SECRET }, [])).revealed).toBe(true)
    expect(Standing.of(seen('initiator', { revealed: true }, [])).revealed).toBe(true)
    const cancelled = SwapMachine.step(SwapMachine.start('initiator', legs, rules), { is: 'cancel' }).state
    expect(Standing.of(cancelled)).toMatchObject({ stopped: true, revealed: false })
    // A later recovery may find the other leg, and goes on then.
    expect(Standing.of(seen('follower', { stop: 'recovered-without-terms' }, [])).stopped).toBe(false)
  })
})

describe('SwapMachine: a spend that both parties signed', () => {
  const view = (leg: Agreement.Leg, spend: Spend): SwapMachine.SwapEvent => ({
    is: 'seen',
    leg,
    locks: [
      {
        lock: { ref: leg, transaction: leg, amount: legs[leg].amount, match: 'exact' },
        ...{
          depth: 9n,
          final: true,
          assurance: 'proved',
          spend: { spend, depth: 9n, final: true, assurance: 'reported' },
        },
      },
    ],
    now: { network: NETWORK[leg], clock: clockOf('utxo'), value: 10n },
  })
  const run = (
    role: Agreement.Role,
    durable: Partial<SwapMachine.Durable>,
    ...events: SwapMachine.SwapEvent[]
  ) => {
    const fresh = SwapMachine.start(role, legs, rules)
    return events.reduce((state, event) => SwapMachine.step(state, event).state, {
      ...fresh,
      durable: { ...fresh.durable, ordered: true, ...durable },
    } as SwapMachine.SwapState)
  }

  test('S18: a claim without a secret pays like any other, and teaches nobody anything', () => {
    const initiator = run('initiator', { revealed: true }, view('short', claim), view('long', joint))
    expect(initiator.durable.outcome).toBe('deal')
    const follower = run('follower', { learned: SECRET }, view('short', claim), view('long', joint))
    expect(follower.durable.outcome).toBe('deal')
    expect(run('follower', {}, view('short', joint)).durable.learned).toBeUndefined()
    expect(run('initiator', {}, view('short', joint)).durable.revealed).toBe(false)
  })

  test('S18: locks that were given back before their deadlines are no deal, for both', () => {
    for (const role of ['initiator', 'follower'] as const) {
      const over = run(role, { stop: 'cancelled' }, view('short', refund), view('long', refund))
      expect(over.durable.outcome, role).toBe('no-deal')
    }
  })
})
