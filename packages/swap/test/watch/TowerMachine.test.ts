import { Deadline, type Signed } from '@aitbc/core'
import { TowerMachine, type WatchJob } from '@aitbc/swap/watch'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { account, EPOCH, HASHLOCK, LONG, NETWORK, SECRET, terms } from '../model/fixtures.js'

const DEADLINE = EPOCH + 100n

const rung = (fee: number): Signed => ({
  step: {
    network: LONG,
    kind: 'refund',
    from: account('long', 'owner'),
    format: 'model/tx',
    payload: new Uint8Array(0),
    maxFee: { asset: `${LONG}/coin:native`, amount: BigInt(fee) },
    conflictKey: 'a',
  },
  id: `rung-${fee}`,
  raw: new Uint8Array(0),
})

const FEES = [2, 3, 5, 8, 12, 18, 27, 41] as const
const ladder = FEES.map(rung)

const jobOf = (does: WatchJob.Task['do'], refs: readonly string[] = ['a']): WatchJob.WatchJob => ({
  issue: 1n,
  hashlock: HASHLOCK,
  tasks: [{ do: does, terms: terms('long', 'utxo', DEADLINE), rungs: refs.map((ref) => ({ ref, ladder })) }],
})

type Seen = Extract<TowerMachine.TowerEvent, { is: 'seen' }>

const seenAt = (time: bigint, more: Partial<Seen> = {}): Seen => ({
  is: 'seen',
  task: 0,
  height: time - EPOCH,
  utc: time,
  now: Deadline.from({ network: NETWORK.long, clock: 'median-time', value: time }),
  locks: [{ lock: { ref: 'a', amount: 1000n } }],
  asks: {},
  lateClaims: true,
  patience: 3n,
  settle: 20n,
  blockTimeMs: 1000n,
  ...more,
})

const sentOf = (commands: readonly TowerMachine.TowerCommand[]) =>
  commands.flatMap((one) => (one.do === 'send' ? [one.rung] : []))

const spend = (kind: 'claim' | 'refund', depth: bigint, final = false) => ({ kind, depth, final })

describe('when a tower acts', () => {
  it('S4: a refund is sent from its deadline on, and no earlier', () => {
    const state = TowerMachine.start(jobOf('refund'))
    expect(TowerMachine.step(state, seenAt(DEADLINE - 1n)).commands).toEqual([])
    expect(sentOf(TowerMachine.step(state, seenAt(DEADLINE)).commands)).toEqual([0])
  })

  it('S14 H5: a claim is sent once its secret was seen, in whatever place, and with no other', () => {
    let state = TowerMachine.start(jobOf('claim'))
    expect(TowerMachine.step(state, seenAt(EPOCH)).commands).toEqual([])
    state = TowerMachine.step(state, { is: 'secret', secret: new Uint8Array(32).fill(1) }).state
    expect(state.secret).toBeUndefined()
    state = TowerMachine.step(state, { is: 'secret', secret: SECRET }).state
    expect(sentOf(TowerMachine.step(state, seenAt(EPOCH)).commands)).toEqual([0])
    // Where claims end with the deadline, none is sent from then on.
    expect(TowerMachine.step(state, seenAt(DEADLINE, { lateClaims: false })).commands).toEqual([])
    expect(sentOf(TowerMachine.step(state, seenAt(DEADLINE)).commands)).not.toEqual([])
    // One that was told to be past it, and can't be for sure, keeps none back.
    const early = seenAt(DEADLINE, { lateClaims: false, early: true })
    expect(sentOf(TowerMachine.step(state, early).commands)).not.toEqual([])
  })

  it('L5: the market decides on the rung, then patience; the last two blocks take the last one', () => {
    const state = TowerMachine.start({ ...jobOf('claim'), secret: SECRET })
    const at = (time: bigint, asks?: bigint) =>
      sentOf(TowerMachine.step(state, seenAt(time, asks === undefined ? {} : { asks: { a: asks } })).commands)
    expect(at(EPOCH)).toEqual([0])
    expect(at(EPOCH, 12n)).toEqual([4])
    expect(at(EPOCH, 13n)).toEqual([5])
    // More than all of them: the last is the best there is.
    expect(at(EPOCH, 1000n)).toEqual([7])
    expect(at(DEADLINE - 3n)).toEqual([0])
    expect(at(DEADLINE - 2n)).toEqual([7])
  })

  it('L5 H29: a height of years to come, told once, keeps no dearer one back', () => {
    const early = TowerMachine.step(
      TowerMachine.start(jobOf('refund')),
      seenAt(DEADLINE, { height: 1_000_000n }),
    )
    expect(sentOf(early.commands)).toEqual([0])
    const { state } = TowerMachine.step(early.state, seenAt(DEADLINE + 1n))
    expect(sentOf(TowerMachine.step(state, seenAt(DEADLINE + 4n)).commands)).toEqual([1])
  })

  it('S13 L5 H29: blocks that are told faster than they can be mined climb no rung', () => {
    let { state } = TowerMachine.step(TowerMachine.start(jobOf('refund')), seenAt(DEADLINE))
    const look = (height: bigint, utc: bigint) => {
      const next = TowerMachine.step(state, seenAt(DEADLINE, { height, utc, blockTimeMs: 600_000n }))
      state = next.state
      return sentOf(next.commands)
    }
    for (let height = 1_000n; height < 10_000n; height += 1_000n)
      expect(look(height, DEADLINE + 60n)).toEqual([0])
    // A clock that was set back is no reason to climb, nor to stay for as long as it takes to come back.
    expect(look(10_000n, EPOCH)).toEqual([0])
    expect(look(10_003n, EPOCH + 449n)).toEqual([0])
    expect(look(10_003n, EPOCH + 450n)).toEqual([1])
  })

  it('L7 H29: what can’t all be read is enough to act by, and no end', () => {
    const state = TowerMachine.start(jobOf('refund'))
    const late = DEADLINE + 1000n
    const gone = [{ lock: { ref: 'a', amount: 1000n }, spend: spend('refund', 9n, true) }]
    for (const locks of [[], gone]) {
      const after = (more: Partial<Seen>) => TowerMachine.step(state, seenAt(late, { locks, ...more })).state
      expect(TowerMachine.isOver(after({}))).toBe(true)
      expect(TowerMachine.isOver(after({ doubtful: true }))).toBe(false)
    }
    expect(sentOf(TowerMachine.step(state, seenAt(DEADLINE, { doubtful: true })).commands)).toEqual([0])
  })

  it('L5: a node that calls one too cheap gets the next one, up to the last', () => {
    let { state } = TowerMachine.step(TowerMachine.start(jobOf('refund')), seenAt(DEADLINE))
    for (const [rung] of FEES.entries()) {
      const next = TowerMachine.step(state, { is: 'outbid', task: 0, ref: 'a', rung })
      expect(sentOf(next.commands)).toEqual(rung + 1 < FEES.length ? [rung + 1] : [])
      state = next.state
    }
    // Of another lock, task or rung it says nothing.
    for (const other of [
      { task: 0, ref: 'b', rung: 7 },
      { task: 3, ref: 'a', rung: 7 },
      { task: 0, ref: 'a', rung: 2 },
    ])
      expect(TowerMachine.step(state, { is: 'outbid', ...other })).toEqual({ state, commands: [] })
  })

  it('H23: what is not signed, or can’t be included any more, is relayed; at once where nobody’s waits', () => {
    const state = TowerMachine.start(jobOf('refund', []))
    const relay = { do: 'relay', task: 0, lock: { ref: 'a', amount: 1000n } }
    expect(TowerMachine.step(state, seenAt(DEADLINE)).commands).toEqual([relay])
    const pending = [{ lock: { ref: 'a', amount: 1000n }, spend: spend('refund', 0n) }]
    const first = TowerMachine.step(state, seenAt(DEADLINE, { locks: pending }))
    expect(first.commands).toEqual([])
    expect(TowerMachine.step(first.state, seenAt(DEADLINE + 3n, { locks: pending })).commands).toEqual([
      relay,
    ])
    const begun = TowerMachine.step(TowerMachine.start(jobOf('refund')), seenAt(DEADLINE))
    const lost = TowerMachine.step(begun.state, { is: 'lost', task: 0, ref: 'a' })
    expect(lost.commands).toEqual([relay])
    expect(TowerMachine.step(lost.state, seenAt(DEADLINE + 1n)).commands).toEqual([relay])
  })

  it('L4: what a reorganisation undid is sent again; what is final ends it', () => {
    const lock = { ref: 'a', amount: 1000n }
    let { state } = TowerMachine.step(TowerMachine.start(jobOf('refund')), seenAt(DEADLINE))
    const included = TowerMachine.step(
      state,
      seenAt(DEADLINE + 1n, { locks: [{ lock, spend: spend('refund', 1n) }] }),
    )
    expect(included.commands).toEqual([])
    expect(sentOf(TowerMachine.step(included.state, seenAt(DEADLINE + 2n)).commands)).toEqual([0])
    state = included.state
    const final = TowerMachine.step(
      state,
      seenAt(DEADLINE + 9n, { locks: [{ lock, spend: spend('refund', 6n, true) }] }),
    )
    expect(final.commands).toEqual([{ do: 'finish' }])
    expect(final.state.tasks[0]?.ended).toBe('refunded')
  })

  it('H21 L6: dust that somebody paid in is neither waited for nor in the way; nothing at all ends after the deadline', () => {
    const dust = { lock: { ref: 'dust', amount: 1n } }
    const whole = { lock: { ref: 'a', amount: 1000n }, spend: spend('refund', 6n, true) }
    // A gift of the whole amount, which nothing was signed for, too.
    const gift = { lock: { ref: 'gift', amount: 1000n } }
    const state = TowerMachine.start(jobOf('refund'))
    const over = TowerMachine.step(state, seenAt(DEADLINE + 9n, { locks: [dust, gift, whole] }))
    expect(over.state.tasks[0]?.ended).toBe('refunded')
    const none = (time: bigint) => TowerMachine.step(state, seenAt(time, { locks: [] })).state.tasks[0]?.ended
    expect(none(DEADLINE + 19n)).toBeUndefined()
    expect(none(DEADLINE + 20n)).toBe('nothing')
  })
})

describe('whatever a tower is shown', () => {
  const event: fc.Arbitrary<TowerMachine.TowerEvent> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .record({
          time: fc.integer({ min: 0, max: 140 }),
          ask: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
          depth: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
          kind: fc.constantFrom('claim' as const, 'refund' as const),
          lateClaims: fc.boolean(),
          patience: fc.integer({ min: 0, max: 4 }),
        })
        .map(({ time, ask, depth, kind, lateClaims, patience }) =>
          seenAt(EPOCH + BigInt(time), {
            locks: [
              {
                lock: { ref: 'a', amount: 1000n },
                ...(depth === undefined ? {} : { spend: spend(kind, BigInt(depth)) }),
              },
            ],
            asks: ask === undefined ? {} : { a: BigInt(ask) },
            lateClaims,
            patience: BigInt(patience),
          }),
        ),
    },
    fc.record({
      is: fc.constant('outbid' as const),
      task: fc.nat(1),
      ref: fc.constantFrom('a', 'b'),
      rung: fc.nat(8),
    }),
    fc.constant({ is: 'secret', secret: SECRET } as const),
    fc.constant({ is: 'secret', secret: new Uint8Array(32) } as const),
  )

  it('L5 S4 S14: fees never fall, no refund comes early, no claim without its secret', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('claim' as const, 'refund' as const),
        fc.array(event, { maxLength: 30 }),
        (does, events) => {
          let state = TowerMachine.start(jobOf(does))
          let last = 0
          let known = false
          for (const one of events) {
            known ||= one.is === 'secret' && one.secret === SECRET
            const next = TowerMachine.step(state, one)
            for (const rung of sentOf(next.commands)) {
              expect(rung).toBeGreaterThanOrEqual(last)
              expect(rung).toBeLessThan(FEES.length)
              last = rung
              if (does === 'claim') expect(known).toBe(true)
              else if (one.is === 'seen') expect(one.now.value).toBeGreaterThanOrEqual(DEADLINE)
            }
            state = next.state
          }
        },
      ),
    )
  })
})
