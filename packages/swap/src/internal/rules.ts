// What the machine decides by, from what was planned, the policy, and what the sides can tell.
import { Fact } from '@aitbc/core'
import * as Agreement from '../Agreement.js'
import type * as Planner from '../Planner.js'
import type * as Policy from '../Policy.js'
import * as Side from '../Side.js'
import type * as SwapMachine from '../SwapMachine.js'

/**
 * The machine's numbers from the planner's margins and the chains' profiles; {@link feesOf} and {@link spendsOf} give the rest.
 *
 * @example
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { Planner, Policy, Runner, SwapMachine } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const { standard: policy } = Policy
 * const margins = Planner.margins({ network: ethereum, profile }, { network: cosmosHub, profile }, policy)
 * const rules = Runner.rulesOf(margins, policy, { long: profile, short: profile })
 * rules.assurance // 'proved'
 * // What the machine starts with, for whoever drives it without a runner.
 * SwapMachine.start('follower', {}, rules).durable.rules.reveal === margins.reveal.seconds // true
 */
export function rulesOf(
  margins: Planner.Margins,
  policy: Policy.Policy,
  profiles: { readonly [L in Agreement.Leg]: Side.Side['adapter']['profile'] },
): SwapMachine.Rules {
  const { long, short } = profiles
  return {
    launch: margins.launch.seconds,
    lock: margins.lock.seconds,
    reveal: margins.reveal.seconds,
    apart: margins.apart.seconds,
    assurance: policy.assurance,
    lateClaims: { long: long.lateClaims, short: short.lateClaims },
  }
}

/**
 * The fee budgets of a policy for both legs, base units of each chain's native coin, as rules hold them; nothing where it has none for them.
 *
 * @example
 * import { Policy, Runner, type SwapMachine } from '@aitbc/swap'
 * declare const terms: Required<SwapMachine.Durable['terms']>
 * const { fees } = Runner.feesOf({ ...Policy.standard, fees: { 'eip155:1': 10n ** 16n } }, terms)
 * // Most that one act may cost on the long leg's chain, where that is Ethereum.
 * const most = fees?.long
 */
export function feesOf(
  policy: Policy.Policy,
  terms: SwapMachine.Durable['terms'],
): Pick<SwapMachine.Rules, 'fees'> {
  const of = (leg: Agreement.Leg) => {
    const network = terms[leg]?.backend.network
    const most = network === undefined ? undefined : policy.fees?.[network]
    return most === undefined ? {} : { [leg]: most }
  }
  const fees = { ...of('long'), ...of('short') }
  return Object.keys(fees).length === 0 ? {} : { fees }
}

/**
 * How well each leg's spends must be known, as rules hold it: see {@link Policy.Policy}. `SideMissing` (4009).
 *
 * @example
 * import { Policy, Runner, type Side, type SwapMachine } from '@aitbc/swap'
 * declare const terms: SwapMachine.Durable['terms']
 * declare const sides: Side.Sides
 * const { spends } = Runner.spendsOf(Policy.standard, 'initiator', terms, sides)
 * // Of the own lock the end need only be attested, of the one that pays it is to be proved; where sides have verifiers.
 * const least = [spends?.long, spends?.short]
 */
export function spendsOf(
  policy: Pick<Policy.Policy, 'assurance' | 'spends'>,
  role: Agreement.Role,
  terms: SwapMachine.Durable['terms'],
  sides: Side.Sides,
): Pick<SwapMachine.Rules, 'spends'> {
  const of = (leg: Agreement.Leg) => {
    const network = terms[leg]?.backend.network
    if (network === undefined || Side.of(sides, network).verifier === undefined) return {}
    const usual =
      leg === Agreement.ownLeg(role) ? Fact.weaker(policy.assurance, 'attested') : policy.assurance
    const least = policy.spends?.[network] ?? usual
    return least === 'reported' ? {} : { [leg]: least }
  }
  const spends = { ...of('long'), ...of('short') }
  return Object.keys(spends).length === 0 ? {} : { spends }
}

/** The rules with other demands on what ended a lock, where there are others. */
export function relaxed(
  { terms, rules }: SwapMachine.Durable,
  by: NonNullable<Policy.Policy['spends']>,
): SwapMachine.Rules {
  const { spends, ...rest } = rules
  const of = (leg: Agreement.Leg) => {
    const network = terms[leg]?.backend.network
    const least = (network && by[network]) ?? spends?.[leg] ?? 'reported'
    return least === 'reported' ? {} : { [leg]: least }
  }
  const next: NonNullable<SwapMachine.Rules['spends']> = { ...of('long'), ...of('short') }
  if (next.long === spends?.long && next.short === spends?.short) return rules
  return Object.keys(next).length === 0 ? rest : { ...rest, spends: next }
}
