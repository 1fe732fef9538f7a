import { Deadline } from '@aitbc/core'
import { Planner, type Policy, RingAgreement, RingPlanner } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { risk } from '../model/market.js'
import { agreementOf, create, NOW, tagOf } from './fixtures.js'

const kinds = ['utxo', 'contract', 'utxo', 'contract'] as const
const { chains } = create(kinds)
const at = <T>(list: readonly T[], i: number) => list.at(i) as T

function planned(policy: Policy.Policy = risk, change: (ends: bigint[]) => void = () => undefined) {
  const { deadlines } = RingPlanner.plan(chains, policy, NOW)
  const ends = deadlines.map(({ value }) => value)
  change(ends)
  return agreementOf(kinds, ends)
}
const checkOf = (verdict: ReturnType<typeof RingPlanner.audit>) =>
  verdict.ok ? undefined : verdict.refusal.check

describe('a ring’s deadlines', () => {
  it('S20: they fall strictly, by what each pair of chains needs, and the last leaves time for all', () => {
    const { margins, deadlines } = RingPlanner.plan(chains, risk, NOW, { slack: 7n })
    expect(at(deadlines, -1).value).toBe(NOW + margins.start.seconds + 7n)
    for (const [i, { seconds }] of margins.gaps.entries()) {
      expect(at(deadlines, i).value - at(deadlines, i + 1).value).toBe(seconds)
      expect(seconds).toBe(Planner.margins(at(chains, i), at(chains, i + 1), risk).gap.seconds)
    }
    expect(deadlines.map(({ clock }) => clock)).toEqual(['median-time', 'unix', 'median-time', 'unix'])
    // By hand: S+F of 4+2, 5+3, 6+4, 7+5 with D = 1 each; slack lag 1 + lead 1 + S 7 + outage 6 + k(S+R) 8; F 5, lead 1, O 6.
    expect(margins.start.seconds).toBe(6n + 8n + 10n + 12n + 4n + 23n + 5n + 1n + 6n)
    expect(margins.rest.map(({ seconds }) => seconds)).toEqual([63n, 56n, 47n, 36n])
  })

  it('of a ring’s last two arcs the margins are those of two parties', () => {
    const { margins } = RingPlanner.plan(chains, risk, NOW)
    const two = Planner.margins(at(chains, 2), at(chains, 3), risk)
    expect(margins.reveal).toEqual(two.reveal)
    expect(at(margins.rest, 3).seconds).toBe(two.lock.seconds)
  })

  it('S8 S20: each member accepts the plan; one second less before its own arc, and it alone refuses', () => {
    for (const member of kinds.keys())
      expect(checkOf(RingPlanner.audit(planned(), member, chains, risk, NOW))).toBe(undefined)
    for (const short of [1, 2, 3]) {
      // All arcs before it end a second earlier.
      const agreement = planned(risk, (ends) => {
        for (let i = 0; i < short; i++) ends[i] = (ends[i] as bigint) - 1n
      })
      const verdicts = kinds.map((_, member) =>
        checkOf(RingPlanner.audit(agreement, member, chains, risk, NOW)),
      )
      expect(verdicts).toEqual(kinds.map((_, member) => (member === short ? 'gap' : undefined)))
    }
  })

  it('start, order, clock, patience: what else is refused, with its numbers', () => {
    const late = RingPlanner.audit(planned(), 2, chains, risk, NOW + 1n)
    expect(late.ok ? undefined : [late.refusal.check, late.refusal.context]).toEqual([
      'start',
      { left: 74n, least: 75n },
    ])
    const equal = planned(risk, (ends) => {
      ends[0] = ends[1] as bigint
    })
    expect(checkOf(RingPlanner.audit(equal, 3, chains, risk, NOW))).toBe('order')
    const swapped = [at(chains, 1), at(chains, 0), at(chains, 2), at(chains, 3)]
    expect(checkOf(RingPlanner.audit(planned(), 3, swapped, risk, NOW))).toBe('clock')
    // Whoever leads may want one member's funds for a year, by two arcs that are none of its own.
    const slow = planned(risk, (ends) => {
      for (let i = 0; i < 3; i++) ends[i] = (ends[i] as bigint) + 200_000n
    })
    const verdicts = kinds.map((_, member) => checkOf(RingPlanner.audit(slow, member, chains, risk, NOW)))
    expect(verdicts).toEqual(['patience', 'patience', 'patience', undefined])
  })

  it('a follower’s rules count on its own arc, which ends later than the last', () => {
    const agreement = planned()
    const end = (i: number) => at(agreement.arcs, i).deadline.value
    for (const member of kinds.keys()) {
      const verdict = RingPlanner.audit(agreement, member, chains, risk, NOW)
      if (!verdict.ok) throw new Error(verdict.refusal.message)
      const beyond = member === 0 ? 0n : end(member) - end(3)
      expect(verdict.value.lock.seconds).toBe(([63n, 56n, 47n, 36n][member] as bigint) + beyond)
      expect(verdict.value.reveal.seconds).toBe(23n + beyond)
      if (member === 0) continue
      const pair = Planner.margins(at(chains, member - 1), at(chains, member), risk)
      expect([verdict.value.gap, verdict.value.apart]).toEqual([pair.gap, pair.apart])
    }
  })

  it('property: whatever the chains and the policy, the plan passes every member’s audit by that policy, and rings of two or nine are none', () => {
    const kind = fc.constantFrom('utxo' as const, 'contract' as const)
    fc.assert(
      fc.property(
        fc.array(kind, { minLength: 3, maxLength: 4 }),
        fc.bigInt(0n, 100n),
        fc.bigInt(0n, 3n),
        (drawn, offline, reorgs) => {
          const policy = { ...risk, offline, reorgs }
          const ring = create(drawn)
          const ends = RingPlanner.plan(ring.chains, policy, NOW).deadlines.map(({ value }) => value)
          const agreement = agreementOf(drawn, ends)
          for (const member of drawn.keys())
            expect(checkOf(RingPlanner.audit(agreement, member, ring.chains, policy, NOW))).toBe(undefined)
        },
      ),
      { numRuns: 40 },
    )
    expect(tagOf(() => RingPlanner.margins(chains.slice(0, 2), risk))).toBe('InvalidAgreement')
    expect(tagOf(() => RingPlanner.margins([...chains, ...chains, at(chains, 0)], risk))).toBe(
      'InvalidAgreement',
    )
    expect(RingPlanner.margins([...chains, ...chains], risk).gaps.length).toBe(RingAgreement.MAX_MEMBERS - 1)
    for (const now of [NOW * 1000n, 5n, Deadline.MAX_VALUE + 1n])
      expect(tagOf(() => RingPlanner.plan(chains, risk, now))).toBe('InvalidAmount')
  })

  it('error: InvalidArgument (1013) for what is missing, by its name; InvalidAgreement (4001) for a member or arcs that are none', () => {
    const none = undefined as never
    for (const [call, argument] of [
      [() => RingPlanner.margins([at(chains, 0), none, at(chains, 2)], risk), 'chains[1].network'],
      [() => RingPlanner.plan([at(chains, 0), at(chains, 1), {} as never], risk, NOW), 'chains[2].network'],
      [() => RingPlanner.audit(none, 0, chains, risk, NOW), 'agreement.arcs'],
      [() => RingPlanner.audit({} as never, 0, chains, risk, NOW), 'agreement.arcs'],
      [() => Planner.audit(none, at(chains, 0), at(chains, 1), risk, NOW), 'agreement.long'],
    ] as const)
      expect(call).toThrowError(expect.objectContaining({ _tag: 'InvalidArgument', context: { argument } }))
    expect(tagOf(() => RingPlanner.margins(none, risk))).toBe('InvalidAgreement')
    expect(tagOf(() => RingPlanner.margins(chains, none))).toBe('InvalidPolicy')
    for (const member of [-1, 4, 0.5, Number.NaN, none])
      expect(tagOf(() => RingPlanner.audit(planned(), member, chains, risk, NOW))).toBe('InvalidAgreement')
    // One chain more than there are arcs, and whoever leads would count on a chain that is none of its own.
    const { arcs } = planned()
    expect(tagOf(() => RingPlanner.audit({ arcs: arcs.slice(0, 3) }, 0, chains, risk, NOW))).toBe(
      'InvalidAgreement',
    )
  })
})
