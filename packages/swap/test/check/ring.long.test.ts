import * as networks from '@aitbc/core/networks'
import { type Planner, Policy, RingPlanner } from '@aitbc/swap'
import { checkRing, type RingAssumptions } from '@aitbc/swap/check'
import { describe, expect, it } from 'vitest'
import { measure } from '../../src/check/scale.js'
import { profiles } from '../model/fixtures.js'

const { utxo, contract } = profiles
const btc = { network: networks.bitcoin, profile: utxo }
const [eth, sol, atom, dot] = [
  networks.ethereum,
  networks.solana,
  networks.cosmosHub,
  networks.polkadotHub,
].map((network) => ({ network, profile: contract })) as unknown as readonly [
  ...(readonly [Planner.LegChain, Planner.LegChain, Planner.LegChain, Planner.LegChain]),
]

/** A ring whose every time is a tick or nothing, so that a tick less than a gap is just that. */
function ring(chains: readonly Planner.LegChain[], policy: Policy.Policy) {
  const all = measure(chains, policy, 43_200n)
  const assumptions: RingAssumptions = {
    chains: all.chains.map(({ leg }) => leg),
    policy: all.policy,
    tick: 1n,
  }
  const { gaps, start } = RingPlanner.margins(assumptions.chains, assumptions.policy)
  const terms = (short = -1) => ({
    gaps: gaps.map(({ seconds }, arc) => (arc === short ? seconds - 1n : seconds)),
    start: start.seconds,
  })
  return { assumptions, terms }
}

describe('rings of main networks, by the planner', () => {
  it.each([
    ['three, standard', ring([btc, eth, sol], Policy.standard), 1],
    ['three, conservative', ring([eth, btc, dot], Policy.conservative), 1],
    ['four, standard', ring([atom, dot, btc, eth], Policy.standard), 3],
  ] as const)(
    'S7 S8 S18 S20 S21 L1: %s: safe, and a tick less before one arc robs its locker',
    async (_, { assumptions, terms }, member) => {
      expect(await checkRing(terms(), assumptions)).toMatchObject({ ok: true })
      const result = await checkRing(terms(member - 1), assumptions)
      expect(result).toMatchObject({ ok: false, counterexample: { honest: [member] } })
      if (!result.ok) expect(result.counterexample.message).toMatch(/^S21: /)
    },
  )

  it('S18 S21 L2 L6: two honest at once, whichever of three they are, with a reorganisation', async () => {
    const { assumptions, terms } = ring([eth, atom, sol], { ...Policy.standard, offline: 0n, detection: 0n })
    const together = [
      [0, 1],
      [1, 2],
      [0, 2],
    ]
    const result = await checkRing(terms(), assumptions, { together })
    expect(result).toMatchObject({ ok: true })
    expect(result.states).toBeGreaterThan(100_000)
  })
})
