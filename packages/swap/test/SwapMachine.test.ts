import type { Deadline, Fact, Lock, Match } from '@aitbc/core'
import { Agreement, SwapMachine } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Kind } from './model/Chain.js'
import * as Chain from './model/Chain.js'
import { explore, locked, mask } from './model/explore.js'
import { clockOf, EPOCH, NETWORK, pairs, policy, SECRET, terms } from './model/fixtures.js'
import { late, moves, patient, play, role, setup, weather } from './model/moves.js'
import * as World from './model/World.js'

describe('one honest party against everything', () => {
  it('S1 S2 S4 S6 S7 S8 S9 S12 S15 S18 L2 L6: no history costs an honest party its lock, leaks early or gets stuck', () => {
    fc.assert(
      fc.property(setup(role.map((r) => [r])), moves, (s, m) => {
        play(s, m)
      }),
    )
  })

  it('S6 S7 H5 H9 L6: an adversary who waits for the deadlines gains nothing by it', () => {
    fc.assert(
      fc.property(setup(role.map((r) => [r])), late, (s, plan) => {
        play(s, patient(s, plan))
      }),
    )
  })

  it('S6 S7 S18: two honest parties under the same sky are both whole', () => {
    fc.assert(
      fc.property(setup(fc.constant(['initiator', 'follower'])), moves, (s, m) => {
        const world = play(s, m)
        expect(World.outcomeOf(world, 'initiator') === 'deal').toBe(
          World.outcomeOf(world, 'follower') === 'deal',
        )
      }),
    )
  })
})

describe('two honest parties', () => {
  it('L1: whatever the delays and orders within the plan, both legs are claimed', () => {
    fc.assert(
      fc.property(
        setup(fc.constant(['initiator', 'follower'])),
        fc.array(weather, { maxLength: 60, size: 'max' }),
        (s, m) => {
          const fair = { ...s, policy: { ...s.policy, reorgs: 0n } }
          // A lock is no claim: it may wait as long as it likes. Here it doesn't, as the plan counts upon.
          const world = play(
            fair,
            m.map((move, i) => (i % 2 === 0 ? { ...move, mined: { long: -1, short: -1 } } : move)),
          )
          expect(World.outcomeOf(world, 'initiator')).toBe('deal')
          expect(World.outcomeOf(world, 'follower')).toBe('deal')
          expect(world.parties.initiator?.finished).toBe('deal')
          expect(world.parties.follower?.finished).toBe('deal')
          for (const leg of ['long', 'short'] as const) {
            const [lock] = world.sides[leg].tip.ledger.locks.values()
            expect(lock?.spend?.clock).toBeLessThan(world.terms.short.deadline.value)
          }
        },
      ),
    )
  })

  it('L2: where nobody ever answers, the own lock is back by its deadline and the time that the plan says', () => {
    fc.assert(
      fc.property(setup(role.map((r) => [r])), fc.array(weather, { maxLength: 40, size: 'max' }), (s, m) => {
        const [honest] = s.honest as [Agreement.Role]
        const own = Agreement.ownLeg(honest)
        let world = World.create({ ...s, policy: { ...s.policy, reorgs: 0n, offline: 0n } })
        for (const move of m)
          if (!World.isOver(world))
            world = World.tick(world, honest === 'follower' ? { ...move, acts: mask('lock') } : move)
        const bound =
          world.terms[own].deadline.value +
          world.margins.settle[own].seconds +
          world.setup.timing[own].inclusion // the refund that is seen to be possible one block late
        while (!World.isOver(world) && world.now < bound + 40n) world = World.tick(world, World.calm)
        World.judge(world)
        expect(world.now).toBeLessThanOrEqual(bound)
        // The lock's fee and the refund's or the void's, nothing else.
        expect(World.gains(world, honest)[own]).toBeGreaterThanOrEqual(-2n)
      }),
    )
  })
})

describe('every history of a small world', () => {
  const timing = { lead: 0n, lag: 0n, inclusion: 2n, reorg: 1n, outage: 0n, finality: 2n }
  const small = (kinds: World.Setup['kinds'], change: Partial<World.Setup['policy']> = {}) => ({
    kinds,
    timing: { long: timing, short: timing },
    policy: { ...policy, ...change },
  })
  const claims = [0, mask('claim'), mask('claim-hidden'), mask('refund'), mask('claim-hidden', 'refund')]

  /** The honest initiator's lock is final; the follower's comes at any time from shortly before the last that is in time. */
  const launched = (setup: World.Setup) => {
    let world = World.create(setup)
    const until = world.terms.short.deadline.value - world.margins.reveal.seconds - 3n
    while (world.now < until) world = World.tick(world, World.calm)
    return explore(world, [...claims, mask('lock')])
  }

  it.each(pairs)('S6 L6: a follower between $long and $short is safe with the planned gap', (kinds) => {
    for (const offline of [0n, 1n]) {
      const found = explore(locked({ ...small(kinds, { offline }), honest: ['follower'] }, 3n), claims)
      expect(found.violation).toBeUndefined()
      expect([...found.outcomes].sort()).toEqual(['deal', 'free-ride', 'no-deal'])
    }
  })

  // A tick is a second here, and what happens in one is seen in the same: the sums leave a second over, the next one is needed.
  it.each(pairs)('S6: two seconds less between $long and $short, and the follower can be robbed', (kinds) => {
    for (const offline of [0n, 1n]) {
      const start = locked({ ...small(kinds, { offline }), honest: ['follower'], gap: -2n }, 3n)
      expect(explore(start, claims).violation?.message).toMatch(/underwater/)
    }
  })

  it.each(pairs)('S7 L6: an initiator between $long and $short is safe with the planned reveal', (kinds) => {
    const found = launched({ ...small(kinds), honest: ['initiator'] })
    expect(found.violation).toBeUndefined()
    expect([...found.outcomes].sort()).toEqual(['deal', 'free-ride', 'no-deal'])
  })

  it.each(pairs)('S7: a second later between $long and $short, and the initiator can be robbed', (kinds) => {
    const found = launched({ ...small(kinds), honest: ['initiator'], reveal: -1n })
    expect(found.violation?.message).toMatch(/underwater/)
  })

  it('S12 S15 L4: a reorganisation or a crash at the worst moment changes nothing', () => {
    const both = { long: 'contract', short: 'utxo' } as const
    const follower = explore(locked({ ...small(both, { reorgs: 1n }), honest: ['follower'] }, 3n), claims)
    expect(follower.violation).toBeUndefined()
    const initiator = launched({
      ...small({ long: 'utxo', short: 'contract' }, { offline: 1n }),
      honest: ['initiator'],
    })
    expect(initiator.violation).toBeUndefined()
  })
})

describe('the machine, step by step', () => {
  const all = (kind: Kind) => ({ long: kind, short: kind })
  const T = { short: EPOCH + 1000n, long: EPOCH + 2000n } as const
  const rules: SwapMachine.Rules = {
    launch: 300n,
    lock: 200n,
    reveal: 100n,
    apart: 900n,
    assurance: 'quorum',
    lateClaims: { long: true, short: true },
  }
  const both = { long: terms('long', 'utxo', T.long), short: terms('short', 'utxo', T.short) }
  const start = (r: Agreement.Role, change: Partial<SwapMachine.Rules> = {}) =>
    SwapMachine.start(r, both, { ...rules, ...change })

  const view = (
    leg: Agreement.Leg,
    change: Partial<SwapMachine.LockView> & { ref?: string; amount?: bigint; match?: Match } = {},
  ): SwapMachine.LockView => {
    const { ref = 'a:0', amount = both[leg].amount, match = 'exact', ...rest } = change
    const lock: Lock = { ref, transaction: ref, amount, match }
    return { lock, depth: 9n, final: true, assurance: 'proved', ...rest }
  }
  const claimed = (depth: bigint, assurance: Fact.Assurance = 'reported') =>
    ({
      spend: {
        spend: { kind: 'claim', transaction: 'c', secret: SECRET },
        depth,
        final: depth >= 3n,
        assurance,
      },
    }) as const
  const refunded = (depth: bigint, assurance: Fact.Assurance = 'reported') =>
    ({
      spend: { spend: { kind: 'refund', transaction: 'r' }, depth, final: depth >= 3n, assurance },
    }) as const

  const at = (leg: Agreement.Leg, now: bigint): Deadline.Deadline => ({
    network: NETWORK[leg],
    clock: clockOf('utxo'),
    value: now,
  })
  interface Look {
    readonly now?: bigint
    readonly long?: readonly SwapMachine.LockView[] | 'unreadable'
    readonly short?: readonly SwapMachine.LockView[] | 'unreadable'
    readonly clocks?: { readonly long?: bigint; readonly short?: bigint }
  }
  /** One look at both legs, as the runner does it. */
  const look = (state: SwapMachine.SwapState, { now = EPOCH, long = [], short = [], clocks = {} }: Look) => {
    let next: SwapMachine.Transition = { state, commands: [] }
    for (const leg of ['long', 'short'] as const)
      next = SwapMachine.step(next.state, { is: 'unreadable', leg, why: 'not read yet' })
    for (const [leg, locks] of [
      ['long', long],
      ['short', short],
    ] as const)
      next = SwapMachine.step(
        next.state,
        locks === 'unreadable'
          ? { is: 'unreadable', leg, why: 'no answer' }
          : { is: 'seen', leg, locks, now: at(leg, clocks[leg] ?? now) },
      )
    return next
  }
  const keys = ({ commands }: SwapMachine.Transition) => commands.map((command) => command.key)
  /** A follower whose lock is in a block. */
  const follower = (change: Partial<SwapMachine.Rules> = {}) =>
    look(look(start('follower', change), { long: [view('long')] }).state, {
      long: [view('long')],
      short: [view('short', { depth: 1n, final: false })],
    }).state
  /** An initiator whose lock is in a block. */
  const initiator = (change: Partial<SwapMachine.Rules> = {}) =>
    look(look(start('initiator', change), {}).state, { long: [view('long', { depth: 1n, final: false })] })
      .state

  it('default: the initiator locks at once, the follower when the long lock is final, the initiator claims, then the follower', () => {
    expect(keys(look(start('initiator'), {}))).toEqual(['lock/long'])
    expect(keys(look(start('follower'), {}))).toEqual([])
    expect(keys(look(start('follower'), { long: [view('long')] }))).toEqual(['lock/short'])
    const reveal = look(initiator(), { long: [view('long')], short: [view('short')] })
    expect(reveal.commands).toMatchObject([{ do: 'claim', leg: 'short', secret: 'own' }])
    const learned = look(follower(), { long: [view('long')], short: [view('short', claimed(1n))] })
    expect(learned.commands).toMatchObject([{ do: 'claim', leg: 'long', secret: SECRET }])
    const done = look(learned.state, {
      long: [view('long', claimed(3n))],
      short: [view('short', claimed(9n))],
    })
    expect(done.commands).toEqual([{ do: 'finish', key: 'finish', outcome: 'deal' }])
    expect(keys(look(done.state, {}))).toEqual(['finish'])
  })

  it.each<[string, readonly SwapMachine.LockView[]]>([
    ['none', []],
    ['one that is not final', [view('long', { final: false })]],
    ['one in the mempool', [view('long', { depth: 0n, final: false })]],
    ['less', [view('long', { match: 'under', amount: 999n })]],
    ['more', [view('long', { match: 'over', amount: 1001n })]],
    ['one that came late', [view('long', { match: 'late' })]],
    ['two that both claim to be exact', [view('long'), view('long', { ref: 'b:0' })]],
    ['one that is known too little', [view('long', { assurance: 'reported' })]],
    ['one that is being refunded', [view('long', refunded(0n))]],
  ])('S8 S12 H7 H21: the follower does not lock against %s', (_, long) => {
    expect(keys(look(start('follower'), { long }))).toEqual([])
  })

  it('H21: a duplicate beside the exact lock changes nothing, and all are claimed with the secret', () => {
    const more = [view('long'), view('long', { ref: 'b:0', match: 'duplicate' })]
    expect(keys(look(start('follower'), { long: more }))).toEqual(['lock/short'])
    const dust = view('long', { ref: 'd:0', match: 'under', amount: 1n })
    const learned = look(follower(), { long: [...more, dust], short: [view('short', claimed(0n))] })
    expect(keys(learned)).toEqual(['claim/long/a:0', 'claim/long/b:0', 'claim/long/d:0'])
  })

  it('H21: what others paid into a script is claimed and refunded behind the agreed locks, however much of it there is', () => {
    const dust = (leg: Agreement.Leg) =>
      Array.from({ length: 3 }, (_, i) => view(leg, { ref: `${i}:0`, match: 'under', amount: 1n }))
    const seen = {
      long: [...dust('long'), view('long')],
      short: [...dust('short'), view('short', { ref: 's:0', ...claimed(0n) }), view('short')],
    }
    const done = keys(look(follower(), { ...seen, now: T.short }))
    expect(done.slice(0, 4)).toEqual(['claim/long/a:0', 'claim/long/0:0', 'claim/long/1:0', 'claim/long/2:0'])
    expect(done.slice(4)).toEqual([
      'refund/short/a:0',
      'refund/short/0:0',
      'refund/short/1:0',
      'refund/short/2:0',
    ])
  })

  it.each<[string, readonly SwapMachine.LockView[]]>([
    ['one that is not final', [view('short', { final: false })]],
    ['less', [view('short', { match: 'under', amount: 4999n })]],
    ['more', [view('short', { match: 'over', amount: 5001n })]],
    ['one that is known too little', [view('short', { assurance: 'reported' })]],
    ['one that is being refunded', [view('short', refunded(0n))]],
  ])('S7 S12: the initiator does not reveal against %s', (_, short) => {
    expect(keys(look(initiator(), { long: [view('long')], short }))).toEqual([])
  })

  it('S7: the initiator reveals to the last second that is in time, and never after', () => {
    const last = T.short - rules.reveal
    const locks = { long: [view('long')], short: [view('short')] }
    expect(keys(look(initiator(), { ...locks, now: last }))).toEqual(['claim/short/a:0'])
    const after = look(initiator(), { ...locks, now: last + 1n })
    expect(after).toMatchObject({ commands: [], state: { durable: { stop: 'too-late', revealed: false } } })
    // A clock that is told to have gone back brings nothing back either.
    expect(keys(look(after.state, { ...locks, now: last }))).toEqual([])
    expect(keys(look(SwapMachine.resume('initiator', after.state.durable), { ...locks, now: last }))).toEqual(
      [],
    )
  })

  it('S7 S12 H25: what may have left could be made now where both legs are seen, in time by the blocks’ age too, against a lock that is trusted', () => {
    const last = T.short - rules.reveal
    const locks = { long: [view('long')], short: [view('short')] }
    const ask = (seen: Look) => SwapMachine.isRevealable(look(initiator(), seen).state)
    expect([ask({ ...locks, now: last }), ask({ ...locks, now: last + 1n })]).toEqual([true, false])
    for (const leg of ['long', 'short'] as const) expect(ask({ ...locks, [leg]: 'unreadable' })).toBe(false)
    for (const change of [{ final: false }, { assurance: 'reported' }, refunded(0n)] as const)
      expect(ask({ ...locks, short: [view('short', change)] })).toBe(false)
    // Whatever stopped it.
    const stopped = look(SwapMachine.step(initiator(), { is: 'cancel' }).state, { ...locks, now: last }).state
    expect([stopped.durable.stop, SwapMachine.isRevealable(stopped)]).toEqual(['cancelled', true])
    const seen = {
      is: 'seen',
      leg: 'short',
      locks: [view('short')],
      now: at('short', last),
      behind: 1n,
    } as const
    const old = SwapMachine.step(look(initiator(), locks).state, seen).state
    expect(SwapMachine.isRevealable(old)).toBe(false)
    expect(
      SwapMachine.isRevealable({ ...old, durable: { ...old.durable, terms: { long: both.long } } }),
    ).toBe(false)
  })

  it('S7 S15 H22: a claim that was ordered and not sent is judged anew after a crash', () => {
    const locks = { long: [view('long')], short: [view('short')] }
    const ordered = look(initiator(), locks)
    expect(keys(ordered)).toEqual(['claim/short/a:0'])
    const restarted = SwapMachine.resume('initiator', ordered.state.durable)
    expect(keys(look(restarted, locks))).toEqual(['claim/short/a:0'])
    expect(keys(look(restarted, { ...locks, now: T.short - 99n }))).toEqual([])
  })

  it('S7 H5: a claim that was handed over is pursued however late, also after a crash and after a stop', () => {
    const locks = { long: [view('long')], short: [view('short')] }
    const { state } = SwapMachine.step(look(initiator(), locks).state, { is: 'revealed' })
    for (const one of [state, SwapMachine.resume('initiator', state.durable)])
      expect(keys(look(one, { ...locks, now: T.short + 5n }))).toEqual(['claim/short/a:0'])
    const { state: seen } = look(SwapMachine.step(initiator(), { is: 'cancel' }).state, {
      long: [view('long')],
      short: [view('short', claimed(0n))],
    })
    expect(seen.durable.revealed).toBe(true)
    expect(keys(look(seen, { ...locks, now: T.short }))).toEqual(['claim/short/a:0'])
    // A contract takes no claim any more.
    const strict = { ...state.durable, rules: { ...rules, lateClaims: { long: false, short: false } } }
    const resumed = SwapMachine.resume('initiator', strict)
    expect(keys(look(resumed, { ...locks, now: T.short - 1n }))).toEqual(['claim/short/a:0'])
    expect(keys(look(resumed, { ...locks, now: T.short }))).toEqual([])
  })

  it('S7 S8: time that is left is judged on views of one look, not on one that is hours old', () => {
    const waiting = look(initiator(), { long: [view('long')] }).state
    const seen = { is: 'seen', leg: 'long', locks: [view('long')], now: at('long', EPOCH) } as const
    // The short leg can't be read, and the long one alone tells nothing.
    const half = SwapMachine.step(waiting, { is: 'unreadable', leg: 'short', why: 'not read yet' })
    expect(keys(SwapMachine.step(half.state, seen))).toEqual([])
    expect(keys(look(start('follower'), { long: [view('long')], short: 'unreadable' }))).toEqual([])
    expect(keys(look(start('initiator'), { short: 'unreadable' }))).toEqual([])
  })

  it('S7 S8 H25: time that an old block hides is not there: nothing is revealed, nor locked, in it', () => {
    const old = (
      state: SwapMachine.SwapState,
      leg: Agreement.Leg,
      locks: readonly SwapMachine.LockView[],
      behind: bigint,
    ) => SwapMachine.step(state, { is: 'seen', leg, locks, now: at(leg, EPOCH), behind })
    const reveals = (behind: bigint) =>
      old(
        look(initiator(), { long: [view('long')], short: 'unreadable' }).state,
        'short',
        [view('short')],
        behind,
      )
    const spare = T.short - rules.reveal - EPOCH
    expect(keys(reveals(spare))).toEqual(['claim/short/a:0'])
    expect(reveals(spare + 1n)).toMatchObject({
      commands: [],
      state: { durable: { stop: 'too-late', revealed: false } },
    })
    const locks = (leg: Agreement.Leg, behind: bigint) => {
      const other = leg === 'long' ? { short: [] } : { long: [view('long')] }
      const state = look(start('follower'), { ...other, [leg]: 'unreadable' }).state
      return old(state, leg, leg === 'long' ? [view('long')] : [], behind)
    }
    const room = T.short - rules.lock - EPOCH
    expect(keys(locks('short', room))).toEqual(['lock/short'])
    expect(locks('short', room + 1n).state.durable.stop).toBe('too-late')
    // The long leg must still outlast the short one.
    const more = T.long - T.short - rules.apart
    expect(keys(locks('long', more))).toEqual(['lock/short'])
    expect(keys(locks('long', more + 1n))).toEqual([])
  })

  it('S8: the follower locks to the last second that is in time', () => {
    const locks = { long: [view('long')] }
    expect(keys(look(start('follower'), { ...locks, now: T.short - rules.lock }))).toEqual(['lock/short'])
    const { state, commands } = look(start('follower'), { ...locks, now: T.short - rules.lock + 1n })
    expect(state.durable.stop).toBe('too-late')
    expect(commands).toEqual([{ do: 'finish', key: 'finish', outcome: 'no-deal' }])
    expect(keys(look(start('initiator'), { now: T.short - rules.launch }))).toEqual(['lock/long'])
    expect(look(start('initiator'), { now: T.short - rules.launch + 1n }).state.durable.stop).toBe('too-late')
  })

  it('S8 H16: the follower does not lock while the chains’ clocks bring the deadlines too close together', () => {
    const long = [view('long')]
    expect(keys(look(start('follower'), { long, clocks: { long: EPOCH + 100n } }))).toEqual(['lock/short'])
    expect(keys(look(start('follower'), { long, clocks: { long: EPOCH + 101n } }))).toEqual([])
  })

  it('S8: the follower does not lock once the secret is public, and claims with it', () => {
    const gift = view('short', { ref: 'g:0', match: 'under', amount: 1n, ...claimed(0n) })
    const { state, commands } = look(start('follower'), { long: [view('long')], short: [gift] })
    expect(commands.map((command) => command.key)).toEqual(['claim/long/a:0'])
    const done = look(state, { long: [view('long', claimed(3n))], short: [gift] })
    expect(done.commands).toMatchObject([{ do: 'finish', outcome: 'free-ride' }])
    const lost = look(state, { long: [view('long', refunded(3n))], short: [gift] })
    expect(lost.state.durable.outcome).toBeUndefined()
    const over = look(lost.state, { long: [view('long', refunded(3n))], short: [gift], now: T.short })
    expect(over.state.durable.outcome).toBe('no-deal')
  })

  it('S8: a gift stands for the own lock and is no order of one: gone again, the own lock is judged anew', () => {
    const gift = view('short', { ref: 'g:0', depth: 1n, final: false })
    const { state, commands } = look(start('follower'), { long: [view('long')], short: [gift] })
    expect(state.durable.ordered).toBe(false)
    expect(commands).toEqual([])
    const undone = view('short', { ref: 'g:0', ...claimed(0n), depth: 0n, final: false })
    expect(keys(look(state, { long: [view('long')], short: [undone] }))).toEqual(['claim/long/a:0'])
    expect(keys(look(state, { long: [view('long')] }))).toEqual(['lock/short'])
    expect(keys(look(state, { long: [view('long')], now: T.short - rules.lock + 1n }))).toEqual(['finish'])
  })

  it('S8: an order that a crash left unmade is not carried out once the secret is public', () => {
    const { state } = look(start('follower'), { long: [view('long')] })
    const restarted = SwapMachine.resume('follower', state.durable)
    const dust = view('short', { ref: 'g:0', match: 'under', amount: 1n, ...claimed(0n) })
    expect(keys(look(restarted, { long: [view('long')], short: [dust] }))).toEqual(['claim/long/a:0'])
  })

  it('S9: a lock that waits is the same lock, and is ordered again after a crash', () => {
    const { state } = look(start('initiator'), {})
    expect(state.durable.ordered).toBe(true)
    for (const one of [state, SwapMachine.resume('initiator', state.durable)]) {
      expect(keys(look(one, {}))).toEqual(['lock/long'])
      expect(keys(look(one, { long: [view('long', { depth: 0n, final: false })] }))).toEqual(['lock/long'])
      expect(keys(look(one, { long: [view('long', { depth: 1n, final: false })] }))).toEqual([])
    }
  })

  it('S6 S9 L2: a lock that got stuck is made void, for good, before its time is up', () => {
    const ordered = look(start('follower'), { long: [view('long')] }).state
    const long = [view('long')]
    expect(keys(look(ordered, { long, now: T.short - rules.reveal }))).toEqual(['lock/short'])
    const doomed = look(ordered, { long, now: T.short - rules.reveal + 1n })
    expect(keys(doomed)).toEqual(['void/short'])
    // Not even a clock that is told to have gone back, or a restart, makes it a lock again.
    for (const one of [doomed.state, SwapMachine.resume('follower', doomed.state.durable)])
      expect(keys(look(one, { long, now: EPOCH }))).toEqual(['void/short'])
    // In a mempool, it is voided all the same; in a block, it is refunded when it may be.
    const waiting = [view('short', { depth: 0n, final: false })]
    expect(keys(look(doomed.state, { long, short: waiting, now: T.short - 5n }))).toEqual(['void/short'])
    const mined = [view('short', { depth: 1n, final: false, match: 'late' })]
    expect(keys(look(doomed.state, { long, short: mined, now: T.short + 5n }))).toEqual(['refund/short/a:0'])
    const gone = SwapMachine.step(doomed.state, { is: 'voided' })
    expect(gone.commands).toMatchObject([{ do: 'finish', outcome: 'no-deal' }])
  })

  it('L2: the initiator’s stuck lock is made void as soon as nobody could answer it, or when it is cancelled', () => {
    const ordered = look(start('initiator'), {}).state
    expect(keys(look(ordered, { now: T.short - rules.reveal }))).toEqual(['lock/long'])
    expect(keys(look(ordered, { now: T.short - rules.reveal + 1n }))).toEqual(['void/long'])
    expect(keys(look(ordered, { short: 'unreadable', clocks: { long: T.long } }))).toEqual(['void/long'])
    const cancelled = SwapMachine.step(ordered, { is: 'cancel' }).state
    expect(keys(look(cancelled, {}))).toEqual(['void/long'])
  })

  it('S9: a moment’s blindness voids nothing', () => {
    const ordered = look(start('follower'), { long: [view('long')] }).state
    expect(keys(look(ordered, { long: 'unreadable' }))).toEqual([])
    expect(keys(look(ordered, { long: [view('long', { assurance: 'reported' })] }))).toEqual([])
    expect(keys(look(ordered, { long: [view('long')] }))).toEqual(['lock/short'])
  })

  it('S9: what somebody else paid in full into the own script needs no second payment, as long as it stands', () => {
    const gift = [view('long', { ref: 'g:0', depth: 1n, final: false })]
    const { state, commands } = look(start('initiator'), { long: gift })
    expect([state.durable.ordered, commands]).toEqual([false, []])
    expect(keys(look(state, { long: gift }))).toEqual([])
    expect(keys(look(state, {}))).toEqual(['lock/long'])
    expect(keys(look(look(state, {}).state, { long: 'unreadable' }))).toEqual([])
  })

  it('S6: dust in the own script hides no stuck lock, and holds up no end', () => {
    const dust = view('short', { ref: 'd:0', match: 'under', amount: 1n })
    const ordered = look(start('follower'), { long: [view('long')] }).state
    expect(keys(look(ordered, { long: [view('long')], short: [dust] }))).toEqual(['lock/short'])
    const doomed = look(ordered, { long: [view('long')], short: [dust], now: T.short })
    expect(keys(doomed)).toEqual(['refund/short/d:0', 'void/short'])
    expect(SwapMachine.step(doomed.state, { is: 'voided' }).commands).toContainEqual({
      do: 'finish',
      key: 'finish',
      outcome: 'no-deal',
    })
  })

  it('S12 H4: dust is no lock that was final: nothing stops where so much of it is paid that some is seen no more', () => {
    const dust = (leg: Agreement.Leg, amount: bigint) =>
      Array.from({ length: 9 }, (_, i) => view(leg, { ref: `d${amount}:${i}`, match: 'under', amount }))
    const short = view('short', { depth: 1n, final: false })
    const seen = (amount: bigint) => ({
      long: [...dust('long', amount), view('long')],
      short: [...dust('short', amount), short],
    })
    const { state } = look(follower(), seen(1n))
    expect(state.durable.settled).toEqual(['long/a:0'])
    expect(keys(look(state, seen(2n)))).toEqual([])
  })

  it('S6: dust that was claimed for good is no deal while the exact lock is still to be claimed', () => {
    const dust = view('long', { ref: 'd:0', match: 'under', amount: 1n, ...claimed(3n) })
    const { state, commands } = look(follower(), {
      long: [dust, view('long', claimed(0n))],
      short: [view('short', claimed(9n))],
    })
    expect(commands.map((command) => command.key)).toEqual(['claim/long/a:0'])
    expect(state.durable.outcome).toBeUndefined()
  })

  it('S4 S6 H5: a claim that waits in a mempool holds a refund back only while the own claim is under way', () => {
    const now = T.short
    const long = [view('long')]
    const pinned = [view('short', claimed(0n))]
    const underway = look(follower(), { long, short: pinned, now })
    expect(keys(underway)).toEqual(['claim/long/a:0'])
    const received = look(underway.state, { long: [view('long', claimed(3n))], short: pinned, now })
    expect(keys(received)).toEqual(['refund/short/a:0'])
    const lost = look(underway.state, { long: [view('long', refunded(3n))], short: pinned, now })
    expect(keys(lost)).toEqual(['refund/short/a:0'])
    // On a chain that takes no late claims it can't be mined any more, and nothing is to be waited for.
    const strict = look(follower({ lateClaims: { long: true, short: false } }), { long, short: pinned, now })
    expect(keys(strict)).toEqual(['claim/long/a:0', 'refund/short/a:0'])
  })

  it('S4: refunds begin at the deadline, on the chain’s own clock, and are repeated until one is final', () => {
    const short = [view('short')]
    expect(keys(look(follower(), { long: [view('long')], short, now: T.short - 1n }))).toEqual([])
    const long = [view('long')]
    expect(keys(look(follower(), { long, short, clocks: { long: T.long, short: T.short - 1n } }))).toEqual([])
    const due = look(follower(), { long: [view('long')], short, now: T.short })
    expect(keys(due)).toEqual(['refund/short/a:0'])
    const waiting = look(due.state, {
      long: [view('long')],
      short: [view('short', refunded(2n))],
      now: T.short,
    })
    expect(keys(waiting)).toEqual(['refund/short/a:0'])
    const undone = look(waiting.state, { long: [view('long')], short, now: T.short + 1n })
    expect(keys(undone)).toEqual(['refund/short/a:0'])
    const done = look(undone.state, {
      long: [view('long')],
      short: [view('short', refunded(3n))],
      now: T.short + 2n,
    })
    expect(done.commands).toMatchObject([{ do: 'finish', outcome: 'no-deal' }])
  })

  it('H9 L4: a secret seen in a mempool alone is used, and a claim that a reorganisation undid is made again', () => {
    const seen = look(follower(), { long: [view('long')], short: [view('short', claimed(0n))] })
    expect(keys(seen)).toEqual(['claim/long/a:0'])
    const gone = look(seen.state, { long: [view('long')], short: [view('short')] })
    expect(keys(gone)).toEqual(['claim/long/a:0'])
    const included = look(gone.state, {
      long: [view('long', claimed(2n))],
      short: [view('short', claimed(2n))],
    })
    expect(keys(included)).toEqual(['claim/long/a:0'])
    const undone = look(included.state, { long: [view('long')], short: [view('short')] })
    expect(keys(undone)).toEqual(['claim/long/a:0'])
    const refunding = look(undone.state, { long: [view('long', refunded(0n))], short: [view('short')] })
    expect(keys(refunding)).toEqual(['claim/long/a:0'])
  })

  it('S3: a claim whose secret does not open the hashlock teaches nothing', () => {
    const wrong = new Uint8Array(32).fill(1)
    const spend = {
      spend: { kind: 'claim', transaction: 'c', secret: wrong },
      depth: 1n,
      final: false,
      assurance: 'reported',
    } as const
    const { state, commands } = look(follower(), { long: [view('long')], short: [view('short', { spend })] })
    expect(state.durable.learned).toBeUndefined()
    expect(commands).toEqual([])
  })

  it('H25 H29: what an unreliable endpoint tells serves claims and refunds, and nothing irrevocable', () => {
    const told = (leg: Agreement.Leg, locks: readonly SwapMachine.LockView[], now: bigint) =>
      ({ is: 'unreadable', leg, why: 'skewed', told: { locks, now: at(leg, now) } }) as const
    const seen = SwapMachine.step(follower(), told('short', [view('short', claimed(0n))], EPOCH))
    expect(seen.state.durable.learned).toEqual(SECRET)
    const claiming = SwapMachine.step(seen.state, told('long', [view('long')], EPOCH))
    expect(keys(claiming)).toEqual(['claim/long/a:0'])
    const expired = SwapMachine.step(follower(), told('short', [view('short')], T.short))
    expect(keys(expired)).toEqual(['refund/short/a:0'])
    const lock = SwapMachine.step(look(start('follower'), {}).state, told('long', [view('long')], EPOCH))
    expect(keys(lock)).toEqual([])
    const reveal = SwapMachine.step(
      look(initiator(), { long: [view('long')] }).state,
      told('short', [view('short')], EPOCH),
    )
    expect(keys(reveal)).toEqual([])
  })

  it('S12: where the network itself says what is final, being told less deep is no reorganisation; not being final is', () => {
    const firm = { firm: true, depth: 40n } as const
    const { state } = look(initiator(), { long: [view('long', firm)] })
    const later = look(state, { now: EPOCH + 1n, long: [view('long', { ...firm, depth: 33n })] })
    expect(later.state.durable.stop).toBeUndefined()
    const undone = look(state, {
      now: EPOCH + 1n,
      long: [view('long', { ...firm, depth: 33n, final: false })],
    })
    expect(undone.state.durable.stop).toBe('reorg')
    const { firm: _, ...deep } = firm
    const counted = look(initiator(), { long: [view('long', deep)] })
    const back = look(counted.state, { now: EPOCH + 1n, long: [view('long', { depth: 33n })] })
    expect(back.state.durable.stop).toBe('reorg')
  })

  it('S12: a lock that was final and is gone stops all further going with an alarm; refunds and claims go on', () => {
    const { state } = look(initiator(), { long: [view('long')] })
    const lost = look(state, { long: [], short: [view('short')] })
    expect(keys(lost)).toEqual(['alarm/reorg', 'void/long'])
    const back = look(lost.state, { long: [view('long')], short: [view('short')], now: T.long })
    expect(keys(back)).toEqual(['alarm/reorg', 'refund/long/a:0'])
    // Mined again, it was undone in between.
    const shallow = look(state, { now: EPOCH + 1n, long: [view('long', { depth: 1n, final: false })] })
    expect(shallow.state.durable.stop).toBe('reorg')
    // At one and the same instant another endpoint may be a block behind.
    const behind = look(state, { long: [view('long', { depth: 8n })] })
    expect(behind.state.durable.stop).toBeUndefined()
    // An endpoint that lags behind tells of a chain whose clock is behind too: no alarm.
    const stale = look(state, { now: EPOCH - 1n, long: [] })
    expect(stale.state.durable.stop).toBeUndefined()
  })

  it('S6 L6: that a lock is told to be absent ends nothing', () => {
    for (const kind of ['utxo', 'contract'] as const) {
      const lateClaims = { long: kind === 'utxo', short: kind === 'utxo' }
      const { state } = look(follower({ lateClaims }), { long: [view('long')], short: [view('short')] })
      const absent = look(state, { now: T.long + 9999n })
      expect(absent.state.durable.outcome).toBeUndefined()
      const back = look(absent.state, { short: [view('short')], now: T.long + 9999n })
      expect(keys(back)).toContain('refund/short/a:0')
    }
  })

  it('S18: the outcomes are named by what was really received and paid', () => {
    const end = (
      r: SwapMachine.SwapState,
      own: SwapMachine.LockView,
      incoming: readonly SwapMachine.LockView[],
    ) => {
      const isInitiator = r.role === 'initiator'
      return look(r, {
        now: T.long,
        long: isInitiator ? [own] : incoming,
        short: isInitiator ? incoming : [own],
      }).state.durable.outcome
    }
    expect(end(follower(), view('short', claimed(9n)), [view('long', claimed(9n))])).toBe('deal')
    expect(end(follower(), view('short', claimed(9n)), [view('long', claimed(2n))])).toBeUndefined()
    expect(end(follower(), view('short', claimed(9n)), [view('long', refunded(9n))])).toBe('underwater')
    expect(end(follower(), view('short', claimed(9n)), [])).toBeUndefined()
    const almost = view('long', { match: 'under', amount: 999n, ...claimed(9n) })
    expect(end(follower(), view('short', claimed(9n)), [almost])).toBeUndefined()
    const rest = view('long', { ref: 'b:0', match: 'under', amount: 1n, ...claimed(9n) })
    expect(end(follower(), view('short', claimed(9n)), [almost, rest])).toBe('deal')
    expect(end(follower(), view('short', refunded(9n)), [view('long', refunded(9n))])).toBe('no-deal')
    expect(end(follower(), view('short', refunded(2n)), [view('long', refunded(9n))])).toBeUndefined()
    const { state } = look(follower(), { long: [view('long')], short: [view('short', claimed(0n))] })
    expect(end(state, view('short', refunded(9n)), [view('long', claimed(9n))])).toBe('free-ride')
    expect(end(state, view('short', refunded(9n)), [view('long')])).toBeUndefined()
    const two = [view('long', refunded(9n)), view('long', { ref: 'b:0', match: 'duplicate' })]
    expect(end(state, view('short', refunded(9n)), two)).toBeUndefined()
    expect(end(initiator(), view('long', refunded(9n)), [])).toBe('no-deal')
    // The claim of a contract's lock has no hope after the deadline.
    const strict = look(follower({ lateClaims: { long: false, short: false } }), {
      long: [view('long')],
      short: [view('short', claimed(0n))],
    }).state
    expect(end(strict, view('short', refunded(9n)), [view('long')])).toBe('no-deal')
  })

  describe('what is told to have ended a lock, and not proved', () => {
    const spends = { long: 'proved', short: 'proved' } as const
    const now = T.short
    const strict = { spends, lateClaims: { long: false, short: false } }

    it('S12 L2 H29: a refund or a claim of the own lock that was made up ends nothing, and keeps no refund back', () => {
      const long = [view('long')]
      for (const lateClaims of [rules.lateClaims, strict.lateClaims])
        for (const made of [refunded(9n), refunded(1n), claimed(9n), claimed(1n)]) {
          const wrong = { ...made.spend, spend: { ...made.spend.spend, secret: new Uint8Array(32) } }
          for (const spend of [made.spend, wrong]) {
            const told = look(follower({ spends, lateClaims }), {
              long,
              short: [view('short', { spend })],
              now,
            })
            expect(keys(told)).toContain('refund/short/a:0')
            expect(told.state.durable.outcome).toBeUndefined()
            // What is known so well is the end of it.
            const proved = { ...spend, assurance: 'proved' } as const
            const done = look(follower({ spends, lateClaims }), {
              long,
              short: [view('short', { spend: proved })],
              now,
            })
            expect(keys(done).includes('refund/short/a:0')).toBe(
              spend.spend.kind === 'refund' && !spend.final,
            )
          }
        }
      const end = (assurance: Fact.Assurance) =>
        look(follower({ spends }), { long, short: [view('short', refunded(9n, assurance))], now }).state
          .durable.outcome
      expect(['proved', 'attested', 'quorum', 'reported'].map((one) => end(one as Fact.Assurance))).toEqual([
        'no-deal',
        undefined,
        undefined,
        undefined,
      ])
      // Where a party's rules say so, an endpoint is believed.
      const believed = look(follower(), { long, short: [view('short', refunded(9n))], now })
      expect(believed.state.durable.outcome).toBe('no-deal')
    })

    it('S6 H29: a refund of the incoming lock that was made up stops no claim while claims are taken', () => {
      const short = [view('short', claimed(9n, 'proved'))]
      for (const depth of [0n, 1n, 9n]) {
        const told = look(follower(strict), { long: [view('long', refunded(depth))], short })
        expect(keys(told)).toEqual(['claim/long/a:0'])
        expect(told.state.durable.outcome).toBeUndefined()
        const late = look(told.state, { long: [view('long', refunded(depth))], short, now: T.long })
        expect(keys(late)).toEqual([])
        expect(late.state.durable.outcome).toBeUndefined()
      }
      const over = look(follower(strict), {
        long: [view('long', refunded(9n, 'proved'))],
        short,
        now: T.long,
      })
      expect(over.state.durable.outcome).toBe('underwater')
    })

    it('S6 S18 H29: a claim of the incoming lock that was made up is no end, and is made all the same', () => {
      const short = [view('short', claimed(9n, 'proved'))]
      const told = look(follower(strict), { long: [view('long', claimed(9n))], short })
      expect(keys(told)).toEqual(['claim/long/a:0'])
      expect(told.state.durable.outcome).toBeUndefined()
      expect(keys(look(told.state, { long: [view('long', claimed(9n))], short, now: T.long }))).toEqual([])
      const proved = look(told.state, { long: [view('long', claimed(9n, 'proved'))], short })
      expect(proved.state.durable.outcome).toBe('deal')
    })

    it('S18 H29: whoever is paid for waits for what became of the incoming lock, whatever is hidden', () => {
      const short = [view('short', claimed(9n, 'proved'))]
      const dust = view('long', { ref: 'd:0', match: 'under', amount: 1n, ...refunded(9n, 'proved') })
      const twin = view('long', { ref: 'b:0', ...refunded(9n, 'proved') })
      for (const change of [strict, { lateClaims: strict.lateClaims }])
        for (const long of [[view('long')], [dust], [dust, view('long')], [twin], []]) {
          const told = look(follower(change), { long, short, now: T.long + 5n })
          expect(told.state.durable.outcome).toBeUndefined()
        }
      const both = [view('long', refunded(9n, 'proved')), twin]
      expect(look(follower(strict), { long: both, short, now: T.long }).state.durable.outcome).toBe(
        'underwater',
      )
    })

    it('L6: waitingFor says which evidence is missing, and why', () => {
      const said = (state: SwapMachine.SwapState) => SwapMachine.waitingFor(state)
      const doubt = 'no evidence: the light client is of last week'
      const spend = { ...refunded(9n).spend, doubt }
      const own = look(follower(strict), { long: [view('long')], short: [view('short', { spend })], now })
      expect(said(own.state)).toBe(
        `evidence of the refund that is told to have ended the short leg's lock, so far ${doubt}`,
      )
      const short = [view('short', claimed(9n, 'proved'))]
      const incoming = look(follower(strict), { long: [view('long', claimed(9n))], short, now })
      expect(said(incoming.state)).toBe(
        "evidence of the claim that is told to have ended the long leg's lock",
      )
      const hidden = look(follower(strict), { long: [view('long')], short, now: T.long })
      expect(said(hidden.state)).toMatch(/^what became of the counterparty's lock/)
    })
  })

  it('cancel: before the lock it ends the swap, after it nothing is revealed, after the reveal it means nothing', () => {
    const fresh = SwapMachine.step(start('initiator'), { is: 'cancel' })
    expect(fresh.commands).toMatchObject([{ do: 'finish', outcome: 'no-deal' }])
    const { state } = SwapMachine.step(initiator(), { is: 'cancel' })
    expect(keys(look(state, { long: [view('long')], short: [view('short')] }))).toEqual([])
    const revealed = SwapMachine.step(initiator(), { is: 'revealed' }).state
    expect(SwapMachine.step(revealed, { is: 'cancel' }).state.durable.stop).toBeUndefined()
  })

  it('L3: a swap recovered without its incoming terms waits for its refund, and reveals nothing', () => {
    const durable: SwapMachine.Durable = {
      terms: { long: both.long },
      rules,
      ordered: true,
      revealed: false,
      settled: [],
      stop: 'recovered-without-terms',
    }
    const state = SwapMachine.resume('initiator', durable)
    expect(keys(look(state, { long: [view('long')], short: [view('short')] }))).toEqual([])
    expect(keys(look(state, { long: [view('long')], now: T.long }))).toEqual(['refund/long/a:0'])
    const done = look(state, { long: [view('long', refunded(9n))], now: T.long })
    expect(done.state.durable.outcome).toBe('no-deal')
  })

  it('S15: what is seen twice changes nothing durable, so that nothing is written for it', () => {
    const { state } = look(follower(), { long: [view('long')], short: [view('short', claimed(1n))] })
    const again = look(state, { long: [view('long')], short: [view('short', claimed(1n))] })
    expect(again.state.durable).toBe(state.durable)
  })

  it('waitingFor: says what is missing, and nothing where there is something to do or nothing left', () => {
    const said = (state: SwapMachine.SwapState) => SwapMachine.waitingFor(state)
    expect(said(start('follower'))).toMatch(/short leg can't be read/)
    expect(said(look(start('follower'), { long: 'unreadable' }).state)).toMatch(/long leg can't be read/)
    expect(said(look(start('follower'), {}).state)).toMatch(/counterparty's lock$/)
    expect(said(look(start('follower'), { long: [view('long', { final: false })] }).state)).toMatch(
      /become final/,
    )
    expect(said(look(start('initiator'), {}).state)).toMatch(/own lock to be included/)
    expect(said(look(follower(), { long: [view('long')], short: [view('short')] }).state)).toMatch(
      /or the deadline/,
    )
    const learned = look(follower(), { long: [view('long')], short: [view('short', claimed(0n))] }).state
    expect(said(learned)).toMatch(/claim to become final/)
    const over = look(start('follower'), { now: T.short }).state
    expect(said(over)).toBeUndefined()
  })

  it('S1 S2 S5: the model itself: balances add up, a lock is spent once, and only to whom it names', () => {
    for (const kind of ['utxo', 'contract'] as const) {
      expect(all(kind).long).toBe(kind)
      const script: Chain.Script = {
        key: 'long',
        amount: 10n,
        deadline: EPOCH + 5n,
        hashlock: '00'.repeat(32),
        locker: 'initiator',
        beneficiary: 'follower',
      }
      const lock: Chain.Tx = {
        id: 'l',
        by: 'initiator',
        slot: 'l',
        fee: 1n,
        does: { is: 'lock', script, amount: 10n },
      }
      const ref = kind === 'utxo' ? 'l:0' : 'long'
      const refund = (id: string, slot: string): Chain.Tx => ({
        id,
        by: 'initiator',
        slot,
        fee: 1n,
        does: { is: 'refund', ref },
      })
      const tip = Chain.mine(kind, Chain.genesis(EPOCH, { initiator: 100n }), EPOCH + 1n, [lock])
      expect(Chain.total(tip.ledger)).toBe(100n)
      const early = Chain.mine(kind, tip, EPOCH + 4n, [refund('r', 'r')])
      expect(early.ledger.locks.get(ref)?.spend).toBeUndefined()
      const done = Chain.mine(kind, tip, EPOCH + 5n, [refund('r', 'r'), refund('q', 'q')])
      expect(done.ledger.locks.get(ref)?.spend?.tx).toBe('r')
      expect(Chain.total(done.ledger)).toBe(100n)
      expect(done.ledger.balances.get('initiator')).toBe(kind === 'utxo' ? 98n : 97n)
    }
  })
})
