import { Deadline, type Network, type Timing } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { type Agreement, Planner, Policy } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOCH, LONG, network, pairs, policy, profiles, SHORT, terms } from './model/fixtures.js'

const NOW = 1_800_000_000n

const chain = (
  id: typeof LONG | typeof SHORT,
  kind: 'utxo' | 'contract',
  timing: Partial<Timing>,
): Planner.LegChain => ({ network: network(id, kind, timing), profile: profiles[kind] })

const seconds = fc.bigInt({ min: 0n, max: 100_000n })
const timings: fc.Arbitrary<Timing> = fc.record({
  lead: seconds,
  lag: seconds,
  inclusion: seconds,
  finality: seconds,
  reorg: seconds,
  outage: seconds,
})
const kind = fc.constantFrom('utxo' as const, 'contract' as const)
const reorgs = fc.bigInt({ min: 0n, max: 5n })

function agreement(long: bigint, short: bigint): Agreement.Agreement {
  return {
    version: 1,
    long: terms('long', 'utxo', long),
    short: terms('short', 'contract', short),
    initiator: new Uint8Array(32).fill(1),
    follower: new Uint8Array(32).fill(2),
  }
}

describe('margins', () => {
  const a = { lead: 1n, lag: 20n, inclusion: 300n, finality: 4000n, reorg: 50_000n, outage: 7n }
  const b = { lead: 2n, lag: 30n, inclusion: 500n, finality: 6000n, reorg: 10_000n, outage: 9n }
  const risk = { ...policy, offline: 11n, detection: 13n, reorgs: 2n }

  it('S6 S8: the gap, summed by hand, with and without late claims', () => {
    // lead_A 1 + lag_B 30 + LATE·S_B + S_A 300 + D 13 + O 11 + outages 7 + 9 + k(S+R)_A = 2·50300
    const strict = Planner.margins(chain(LONG, 'contract', a), chain(SHORT, 'contract', b), risk)
    expect(strict.gap.seconds).toBe(1n + 30n + 300n + 13n + 11n + 7n + 9n + 100_600n)
    const late = Planner.margins(chain(LONG, 'contract', a), chain(SHORT, 'utxo', b), risk)
    // S_B 500, and D 13 once more: T_B is noticed late, and then the claim that came instead of the refund.
    expect(late.gap.seconds).toBe(strict.gap.seconds + 500n + 13n)
    expect(Planner.explain('T_A − T_B', late.gap)).toContain(
      ' + 13 (LATE·D of B (utxo): that its deadline has come is noticed) + 13 (D: the claim is noticed)',
    )
    // Whether the long leg takes late claims doesn't matter: nobody may count upon one.
    const other = Planner.margins(chain(LONG, 'utxo', a), chain(SHORT, 'utxo', b), risk)
    expect(other.gap.seconds).toBe(late.gap.seconds)
    expect(late.apart.seconds).toBe(late.gap.seconds - 1n - 30n)
  })

  it('S6: the chain whose reorganisations take longer counts, whichever it is', () => {
    const m = (x: Timing, y: Timing) =>
      Planner.margins(chain(LONG, 'utxo', x), chain(SHORT, 'utxo', y), risk).gap
    const named = (bound: Planner.Bound) => bound.summands.find((s) => s.name.startsWith('k·'))
    expect(named(m(a, b))).toEqual({ name: 'k·(S+R) of A (utxo)', seconds: 100_600n })
    expect(named(m(b, a))).toEqual({ name: 'k·(S+R) of B (utxo)', seconds: 100_600n })
  })

  it('S6: what is noticed late counts for each reorganisation of a short leg that takes late claims, where it is longer than one', () => {
    const named = (x: Timing, y: Timing, kind: 'utxo' | 'contract', detection: bigint) =>
      Planner.margins(chain(LONG, 'utxo', x), chain(SHORT, kind, y), {
        ...risk,
        detection,
      }).gap.summands.find((s) => s.name.startsWith('k·'))
    expect(named(b, a, 'utxo', 50_001n)).toEqual({ name: 'k·(S+D) of B (utxo)', seconds: 2n * 50_301n })
    expect(named(b, a, 'utxo', 50_000n)).toEqual({ name: 'k·(S+R) of B (utxo)', seconds: 2n * 50_300n })
    expect(named(b, a, 'contract', 50_001n)?.seconds).toBe(2n * 50_300n)
    // Where nothing is undone nothing is displaced either.
    expect(named(b, { ...a, reorg: 0n }, 'utxo', 50_001n)?.seconds).toBe(2n * 10_500n)
  })

  it('S7: the reveal slack, the lock’s, the launch’s and the start’s, summed by hand', () => {
    const m = Planner.margins(chain(LONG, 'utxo', a), chain(SHORT, 'contract', b), risk)
    // lag_B 30 + lead_B 2 + S_B 500 + outage_B 9 + k(S+R)_B = 2·10500
    expect(m.reveal.seconds).toBe(30n + 2n + 500n + 9n + 21_000n)
    expect(Planner.explain('T_B − now', m.reveal)).toBe(
      'T_B − now ≥ 21541 s = 30 (lag of B (contract): its clock ran behind when it was read)' +
        ' + 2 (lead of B (contract): it runs ahead when the claim is judged)' +
        ' + 500 (S of B (contract): the claim is included)' +
        ' + 9 (outage of B (contract): it stands still while the claim waits)' +
        ' + 21000 (k·(S+R) of B (contract): it is undone and included again)',
    )
    expect(m.lock.seconds).toBe(6500n + 13n + 21_541n)
    expect(m.launch.seconds).toBe(4300n + 13n + 28_054n)
    // The lead once more: what the reveal asks for is left by a clock that may run ahead already.
    expect(m.start.seconds).toBe(4300n + 6500n + 26n + 21_541n + 6000n + 2n + 11n)
    expect(m.settle.long.seconds).toBe(20n + 7n + 300n + 4000n)
    expect(m.settle.short.seconds).toBe(30n + 9n + 500n + 6000n)
    expect(m.tail).toBe('1e-3')
  })

  it('S6 S7: 2E + (1 + LATE)·S + O + k(S + R) where everything is symmetric; the reveal has 2E, as its clock may move', () => {
    fc.assert(
      fc.property(seconds, seconds, seconds, seconds, reorgs, kind, kind, (E, S, R, O, k, long, short) => {
        const same = { lead: E, lag: E, inclusion: S, finality: R, reorg: R, outage: 0n }
        const m = Planner.margins(chain(LONG, long, same), chain(SHORT, short, same), {
          ...policy,
          offline: O,
          reorgs: k,
        })
        const late = short === 'utxo' ? 1n : 0n
        expect(m.gap.seconds).toBe(2n * E + (1n + late) * S + O + k * (S + R))
        expect(m.reveal.seconds).toBe(S + k * (S + R) + 2n * E)
      }),
    )
  })

  it('S6: what comes of a lock that is made void late counts as far as the reveal slack doesn’t hold it', () => {
    const late = (x: Timing, y: Timing, p: Partial<Policy.Policy>, kind: 'utxo' | 'contract' = 'utxo') =>
      Planner.margins(chain(LONG, 'contract', x), chain(SHORT, kind, y), { ...risk, ...p }).gap.summands.find(
        ({ name }) => name.startsWith('late locks'),
      )?.seconds
    // 3·D 3·40000 − k·(S+R)_A 2·50300 − lag_B 30 − lead_B 2 − outage_B 9, and the block that has it
    expect(late(a, b, { detection: 40_000n })).toBe(120_000n - 100_600n - 41n + 1n)
    // Of the follower's chain no reorganisation is needed: D 40000 − k·(S+R)_B 2·10500
    expect(late({ ...a, reorg: 500_000n }, b, { detection: 40_000n })).toBe(40_000n - 21_000n - 41n + 1n)
    expect(late(a, b, { detection: 40_000n }, 'contract')).toBe(0n)
    expect(late(a, b, {})).toBe(0n)
  })

  it('S6: each bound is the sum of its summands, and none of them shrinks when a parameter grows', () => {
    const fields = ['lead', 'lag', 'inclusion', 'finality', 'reorg', 'outage'] as const
    const bounds = (m: Planner.Margins) => [
      m.gap,
      m.apart,
      m.start,
      m.launch,
      m.lock,
      m.reveal,
      m.settle.long,
      m.settle.short,
    ]
    fc.assert(
      fc.property(
        timings,
        timings,
        kind,
        kind,
        fc.record({ offline: seconds, detection: seconds, reorgs }),
        fc.constantFrom('a', 'b', 'offline', 'detection', 'reorgs'),
        fc.constantFrom(...fields),
        fc.bigInt({ min: 1n, max: 1000n }),
        (ta, tb, long, short, some, what, field, more) => {
          const margins = (x: Timing, y: Timing, p: Partial<Policy.Policy>) =>
            bounds(Planner.margins(chain(LONG, long, x), chain(SHORT, short, y), { ...policy, ...p }))
          const before = margins(ta, tb, some)
          for (const bound of before)
            expect(bound.seconds).toBe(bound.summands.reduce((sum, s) => sum + s.seconds, 0n))
          const after =
            what === 'a'
              ? margins({ ...ta, [field]: ta[field] + more }, tb, some)
              : what === 'b'
                ? margins(ta, { ...tb, [field]: tb[field] + more }, some)
                : margins(ta, tb, { ...some, [what]: some[what] + (what === 'reorgs' ? 1n : more) })
          // But for what the others hold of it: of a late lock.
          const firm = (bound: Planner.Bound | undefined) =>
            bound?.summands.reduce((sum, s) => sum + (s.name.startsWith('late locks') ? 0n : s.seconds), 0n)
          for (const [i, bound] of after.entries())
            expect(firm(bound)).toBeGreaterThanOrEqual(firm(before[i]) as bigint)
        },
      ),
    )
  })

  it('S8: who launches in time leaves the follower time to lock, and who locks leaves time to reveal', () => {
    fc.assert(
      fc.property(timings, timings, kind, kind, reorgs, (ta, tb, long, short, k) => {
        const m = Planner.margins(chain(LONG, long, ta), chain(SHORT, short, tb), { ...policy, reorgs: k })
        expect(m.lock.seconds - m.reveal.seconds).toBeGreaterThanOrEqual(tb.inclusion + tb.finality)
        expect(m.launch.seconds - m.lock.seconds).toBeGreaterThanOrEqual(ta.inclusion + ta.finality)
        expect(m.start.seconds).toBeGreaterThanOrEqual(m.launch.seconds)
      }),
    )
  })

  it('error: UnsupportedClock (4004) for locks that count heights, InvalidPolicy (4008) and 1004 for a policy out of range', () => {
    const heights: Network = { ...networks.bitcoin, clock: 'height' }
    const eth = { network: networks.ethereum, profile: profiles.contract }
    for (const [long, short] of [
      [{ network: heights, profile: profiles.utxo }, eth],
      [eth, { network: heights, profile: profiles.utxo }],
    ] as const)
      expect(() => Planner.margins(long, short, Policy.standard)).toThrow(
        expect.objectContaining({ _tag: 'UnsupportedClock', code: 4004 }),
      )
    const wrong: [Partial<Record<keyof Policy.Policy, unknown>>, string][] = [
      [{ risk: 'brave' }, 'InvalidPolicy'],
      [{ assurance: 'hoped' }, 'InvalidPolicy'],
      [{ offline: -1n }, 'InvalidAmount'],
      [{ offline: 7200 }, 'InvalidAmount'],
      [{ detection: 31_536_001n }, 'InvalidAmount'],
      [{ reorgs: 1001n }, 'InvalidAmount'],
      [{ patience: -1n }, 'InvalidAmount'],
    ]
    for (const [change, tag] of wrong)
      expect(() => Planner.margins(eth, eth, { ...Policy.standard, ...change } as Policy.Policy)).toThrow(
        expect.objectContaining({ _tag: tag }),
      )
    expect(() => Planner.margins(eth, eth, undefined as unknown as Policy.Policy)).toThrow(
      expect.objectContaining({ _tag: 'InvalidPolicy' }),
    )
  })
})

describe('error: what is missing', () => {
  it('InvalidArgument (1013) names the chain, and the part of it', () => {
    const eth = { network: networks.ethereum, profile: profiles.contract }
    const wrong: [unknown, unknown, string][] = [
      [undefined, eth, 'long.network'],
      [eth, null, 'short.network'],
      [{ profile: eth.profile }, eth, 'long.network'],
      [eth, { network: eth.network }, 'short.profile'],
      [eth, networks.bitcoin, 'short.network'],
    ]
    for (const [long, short, argument] of wrong) {
      const error = expect.objectContaining({
        _tag: 'InvalidArgument',
        context: expect.objectContaining({ argument }),
      })
      expect(() => Planner.margins(long as never, short as never, Policy.standard)).toThrow(error)
      const plan = () => Planner.plan(long as never, short as never, Policy.standard, 1_900_000_000n)
      expect(plan).toThrow(error)
    }
  })

  it('milliseconds are refused with the unit that belongs there', () => {
    const eth = { network: networks.ethereum, profile: profiles.contract }
    expect(() => Planner.plan(eth, eth, Policy.standard, 1_900_000_000_000n)).toThrow(
      'now must be UTC in unix seconds (a bigint), got 1900000000000',
    )
  })
})

describe('the shipped networks', () => {
  const bitcoin = { network: networks.bitcoin, profile: profiles.utxo }
  const ethereum = { network: networks.ethereum, profile: profiles.contract }
  const hours = (s: bigint) => Number(s) / 3600

  // The table of SAFETY.md charges one whole S + F on each leg, where the inequality has S_A and LATE·S_B, an outage to the long leg
  // alone, and no reorganisations; D is 0.1 h in its standard half and 0.5 h in the other, and counts once. With these terms
  // exchanged the planner gives the table's numbers.
  const families = [
    ...[bitcoin, ethereum],
    ...[networks.solana, networks.cosmosHub, networks.polkadotHub].map((network) => ({
      ...{ network, profile: profiles.contract },
    })),
  ]
  const table = {
    standard: [
      [0, 10.4, 10.6, 10.0, 10.0],
      [11.1, 0, 3.5, 2.9, 2.9],
      [11.3, 3.5, 0, 3.1, 3.1],
      [10.7, 2.9, 3.1, 0, 2.5],
      [10.7, 2.9, 3.1, 2.5, 0],
    ],
    conservative: [
      [0, 24.2, 25.1, 22.6, 22.6],
      [26.3, 0, 17.5, 15.1, 15.0],
      [33.3, 23.6, 0, 22.1, 22.0],
      [30.9, 21.1, 22.1, 0, 19.6],
      [26.8, 17.1, 18.0, 15.6, 0],
    ],
  } as const
  const cells = (['standard', 'conservative'] as const).flatMap((risk) =>
    families.flatMap((long, a) =>
      families.flatMap((short, b) =>
        a === b
          ? []
          : [
              {
                risk,
                from: long.network.name,
                to: short.network.name,
                long,
                short,
                is: table[risk][a]?.[b] ?? 0,
              },
            ],
      ),
    ),
  )
  it.each(cells)('S6: $risk: from $from to $to the table’s $is h, but for what its note explains', (cell) => {
    const { risk, long, short, is } = cell
    const detection = risk === 'standard' ? 360n : 1800n
    const { gap } = Planner.margins(long, short, { ...Policy[risk], reorgs: 0n, detection })
    const a = long.network.timing[risk]
    const b = short.network.timing[risk]
    const charged = a.finality + b.finality + (short.profile.lateClaims ? -detection : b.inclusion) - b.outage
    expect(Math.abs(hours(gap.seconds + charged) - is)).toBeLessThan(0.06)
  })

  it('S6: the plan for bitcoin against ether, printed with its numbers', () => {
    const { margins, long, short } = Planner.plan(bitcoin, ethereum, Policy.standard, NOW)
    expect(Planner.explain('T_A − T_B', margins.gap)).toBe(
      'T_A − T_B ≥ 47892 s = 7200 (lead of Bitcoin: its clock runs ahead)' +
        ' + 72 (lag of Ethereum: its clock runs behind)' +
        " + 14760 (S of Bitcoin: the follower's claim is included) + 300 (D: the claim is noticed)" +
        ' + 7200 (O: the follower is offline) + 18360 (k·(S+R) of Bitcoin)',
    )
    expect(long).toEqual({
      network: networks.bitcoin.id,
      clock: 'median-time',
      value: short.value + margins.gap.seconds,
    })
    expect(short).toEqual({
      network: networks.ethereum.id,
      clock: 'unix',
      value: NOW + margins.start.seconds,
    })
  })
})

describe('explain', () => {
  it('prints every summand that is not zero, and their sum', () => {
    fc.assert(
      fc.property(timings, timings, kind, kind, reorgs, (ta, tb, long, short, k) => {
        const m = Planner.margins(chain(LONG, long, ta), chain(SHORT, short, tb), { ...policy, reorgs: k })
        for (const bound of [m.gap, m.start, m.reveal]) {
          const text = Planner.explain('x', bound)
          expect(text.startsWith(`x ≥ ${bound.seconds} s = `)).toBe(true)
          for (const { name, seconds } of bound.summands)
            expect(text.includes(`${seconds} (${name})`)).toBe(seconds > 0n)
        }
      }),
    )
  })
})

describe('plan and audit', () => {
  it('H23: who will be offline longer than the deadlines allow refuses them, and is told the numbers', () => {
    const [bitcoin, evm] = [chain(LONG, 'utxo', {}), chain(SHORT, 'contract', {})]
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 50_000n }),
        fc.bigInt({ min: 1n, max: 50_000n }),
        (offline, more) => {
          const promised = { ...policy, offline }
          const { long, short } = Planner.plan(bitcoin, evm, promised, NOW, { slack: more })
          const signed = agreement(long.value, short.value)
          expect(Planner.audit(signed, bitcoin, evm, promised, NOW).ok).toBe(true)
          const verdict = Planner.audit(signed, bitcoin, evm, { ...policy, offline: offline + more }, NOW)
          expect(verdict).toMatchObject({
            ok: false,
            refusal: {
              check: 'gap',
              context: { gap: long.value - short.value, least: long.value - short.value + more },
            },
          })
        },
      ),
    )
  })

  const long = chain(LONG, 'utxo', { lead: 7n, inclusion: 40n, reorg: 5n, finality: 9n })
  const short = chain(SHORT, 'contract', { lag: 3n, inclusion: 20n, reorg: 2n, finality: 4n })
  const risk = { ...policy, offline: 100n, reorgs: 1n }

  it('S8: what one plans the other accepts; a second less of the gap, or of the start, is refused with its numbers', () => {
    const { long: at, short: by, margins } = Planner.plan(long, short, risk, EPOCH)
    const judge = (a: bigint, b: bigint, now = EPOCH) =>
      Planner.audit(agreement(a, b), long, short, risk, now)
    expect(judge(at.value, by.value)).toEqual({ ok: true, value: margins })
    expect(judge(at.value - 1n, by.value)).toMatchObject({
      ok: false,
      refusal: {
        check: 'gap',
        message: expect.stringContaining(Planner.explain('T_A − T_B', margins.gap)),
        context: { gap: margins.gap.seconds - 1n, least: margins.gap.seconds },
      },
    })
    expect(judge(at.value, by.value, EPOCH + 1n)).toMatchObject({
      ok: false,
      refusal: {
        check: 'start',
        context: { left: margins.start.seconds - 1n, least: margins.start.seconds },
      },
    })
    expect(judge(by.value, at.value)).toMatchObject({ ok: false, refusal: { check: 'gap' } })
    expect(judge(by.value, by.value)).toMatchObject({ ok: false, refusal: { check: 'gap' } })
  })

  it('H3 H4: a deadline far beyond the plan ties funds up, and is refused', () => {
    const { long: at, short: by } = Planner.plan(long, short, risk, EPOCH)
    const later = (s: bigint, p: Policy.Policy = risk) =>
      Planner.audit(agreement(at.value + s, by.value + s), long, short, p, EPOCH)
    expect(later(Policy.PATIENCE).ok).toBe(true)
    expect(later(Policy.PATIENCE + 1n)).toMatchObject({ ok: false, refusal: { check: 'patience' } })
    expect(later(11n, { ...risk, patience: 10n })).toMatchObject({
      ok: false,
      refusal: { check: 'patience' },
    })
    // A later end of the long leg is the initiator's own affair.
    expect(Planner.audit(agreement(at.value + 10n ** 8n, by.value), long, short, risk, EPOCH).ok).toBe(true)
  })

  it('S8: what is planned is accepted, for every pair, and with slack too', () => {
    fc.assert(
      fc.property(
        timings,
        timings,
        fc.constantFrom(...pairs),
        fc.bigInt({ min: 0n, max: 1000n }),
        (ta, tb, kinds, slack) => {
          const a = chain(LONG, kinds.long, ta)
          const b = chain(SHORT, kinds.short, tb)
          const { long: at, short: by } = Planner.plan(a, b, policy, EPOCH, { slack })
          const signed = {
            ...agreement(at.value, by.value),
            long: terms('long', kinds.long, at.value),
            short: terms('short', kinds.short, by.value),
          }
          expect(Planner.audit(signed, a, b, policy, EPOCH).ok).toBe(true)
          expect(Planner.audit(signed, a, b, policy, EPOCH + slack + 1n).ok).toBe(false)
        },
      ),
    )
  })

  it('H28: a deadline of the wrong clock or of another network is refused by name', () => {
    const { long: at, short: by } = Planner.plan(long, short, risk, EPOCH)
    const good = agreement(at.value, by.value)
    const wrong = (leg: Agreement.Leg, change: object) => {
      const deadline = { ...good[leg].deadline, ...change }
      return Planner.audit({ ...good, [leg]: { ...good[leg], deadline } }, long, short, risk, EPOCH)
    }
    expect(wrong('long', { clock: 'unix' })).toMatchObject({ ok: false, refusal: { check: 'long-clock' } })
    expect(wrong('short', { clock: 'height' })).toMatchObject({
      ok: false,
      refusal: { check: 'short-clock' },
    })
    expect(wrong('short', { network: LONG })).toMatchObject({ ok: false, refusal: { check: 'short-clock' } })
  })

  it('H28: milliseconds, nanoseconds, heights and plain numbers are no seconds', () => {
    const { long: at, short: by } = Planner.plan(long, short, risk, EPOCH)
    const units = [NOW * 1000n, NOW * 1_000_000_000n, 900_000n, 0n, -NOW, Number(NOW) as unknown as bigint]
    for (const now of units) {
      const wrong = expect.objectContaining({
        _tag: 'InvalidAmount',
        context: expect.objectContaining({ argument: 'now' }),
      })
      expect(() => Planner.plan(long, short, risk, now)).toThrow(wrong)
      expect(() => Planner.audit(agreement(at.value, by.value), long, short, risk, now)).toThrow(wrong)
    }
    for (const slack of [-1n, 10n ** 12n, 5 as unknown as bigint])
      expect(() => Planner.plan(long, short, risk, NOW, { slack })).toThrow(
        expect.objectContaining({
          _tag: 'InvalidAmount',
          context: expect.objectContaining({ argument: 'slack' }),
        }),
      )
    // The year 2106 is where a 32-bit lock time ends.
    expect(() => Planner.plan(long, short, risk, 4_294_967_295n)).toThrow(
      expect.objectContaining({ _tag: 'InvalidDeadline' }),
    )
  })

  it('S8: by a network whose numbers are none nothing is planned: a time below nothing would take from the gap', () => {
    const changed = (change: object): Planner.LegChain => ({
      ...long,
      network: { ...long.network, ...change } as Network,
    })
    const { standard } = long.network.timing
    const timing = (change: object) => ({
      timing: { ...long.network.timing, standard: { ...standard, ...change } },
    })
    for (const wrong of [
      changed(timing({ inclusion: -3600n })),
      changed(timing({ lag: 60 })),
      changed(timing({ outage: undefined })),
      changed(timing({ finality: Number.NaN })),
      changed({ timing: {} }),
      changed({ pace: { least: 0n, most: 10n } }),
      changed({ pace: { least: 11n, most: 10n } }),
      { ...long, profile: { ...long.profile, early: -9n } },
    ])
      for (const pair of [
        [wrong, short],
        [short, wrong],
      ] as const)
        expect(() => Planner.margins(pair[0], pair[1], Policy.standard)).toThrow(
          expect.objectContaining({ _tag: 'InvalidAmount' }),
        )
  })

  it('H28: on every pair of networks a deadline in another unit is refused before anybody signs: no deadline, or no plan', () => {
    const all: readonly Network[] = [
      networks.bitcoin,
      networks.ethereum,
      networks.solana,
      networks.cosmosHub,
      networks.osmosis,
      networks.polkadotHub,
    ]
    const profile = profiles.contract
    const of = (network: Network): Planner.LegChain => ({ network, profile })
    // What stands for the same instant elsewhere, and what chains count instead of time: heights, Solana's slots of today and of later.
    const units = fc.oneof(
      fc.constantFrom(1000n, 1_000_000n, 1_000_000_000n).map((factor) => (at: bigint) => at * factor),
      fc.constantFrom(60n, 3600n, 86_400n).map((unit) => (at: bigint) => at / unit),
      fc.bigInt({ min: 0n, max: 700_000_000n }).map((height) => () => height),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.constantFrom(...all),
        fc.constantFrom('long' as const, 'short' as const),
        units,
        (a, b, leg, unit) => {
          const plan = Planner.plan(of(a), of(b), risk, NOW)
          const at = { long: plan.long, short: plan.short }
          const base = agreement(NOW, NOW)
          const made = (deadlines: typeof at): Agreement.Agreement => ({
            ...base,
            long: { ...base.long, deadline: Deadline.from(deadlines.long) },
            short: { ...base.short, deadline: Deadline.from(deadlines.short) },
          })
          expect(Planner.audit(made(at), of(a), of(b), risk, NOW).ok).toBe(true)
          const wrong = { ...at, [leg]: { ...at[leg], value: unit(at[leg].value) } }
          const accepted = () => Planner.audit(made(wrong), of(a), of(b), risk, NOW).ok
          let ok: boolean
          try {
            ok = accepted()
          } catch (error) {
            expect(error).toMatchObject({ _tag: 'InvalidDeadline' })
            ok = false
          }
          expect(ok).toBe(false)
          // A height by name is none of a lock's clocks here.
          const height = { ...at, [leg]: { ...at[leg], clock: 'height' as const, value: 450_000_000n } }
          expect(Planner.audit(made(height), of(a), of(b), risk, NOW)).toMatchObject({
            ok: false,
            refusal: { check: `${leg}-clock` },
          })
        },
      ),
    )
    // A chain whose heights say nothing about time has no plan with anything.
    const { pace, ...unbounded } = networks.irisnet
    expect(pace.least).toBeLessThan(pace.most)
    for (const pair of [
      [unbounded, networks.ethereum],
      [networks.solana, unbounded],
    ] as const)
      expect(() => Planner.plan(of(pair[0]), of(pair[1]), risk, NOW)).toThrow(
        expect.objectContaining({ _tag: 'UnsupportedClock', code: 4004 }),
      )
  })
})
