import { Hashlock } from '@aitbc/core'
import { incomingLeg, type Leg as Name, ownLeg, type Role } from '../Agreement.js'
import type * as SwapMachine from '../SwapMachine.js'
import type { Leg } from './Leg.js'
import { EPOCH, type Setting } from './Setting.js'
import { type Look, lastOf } from './Sight.js'

/*
 * The rules of the specification, and where the checker holds them:
 *
 * | rule | held |
 * |---|---|
 * | S1 conservation | not here: a leg of the model is one lock with at most one spend, of all of it. Contracts and scripts: `pnpm conform`, the world's ledger in `pnpm sim` |
 * | S2 exclusive settlement | `Leg`: one spend at a time; here: nothing is sent against a spend that is in a block and known |
 * | S3 hashlock | here: a claim's secret opens the hashlock, whatever an endpoint made up. Length and function on each chain: `pnpm conform`, the adapters' contract suite |
 * | S4 timelock | here: no refund before the deadline, no claim after it where none is accepted; `Leg` takes neither |
 * | S5 beneficiary | here: only the own lock is refunded, only the incoming one claimed. Who is paid: `pnpm conform` |
 * | S6 atomicity, S18 outcomes | `judge` in `explore`; where both may sign for a refund before the deadline too (`together`) |
 * | S7 reveal, S8 lock | here |
 * | S9 single funding | here: ordered before it is sent, always under one key, never beside a lock that is there or after it was given up. Inputs and nonces: `pnpm sim` |
 * | S10 freshness, S11 domains, S13 fee reserve, S16 agreement, S17 identity | not here: the model has one swap, one secret, no fees and fixed terms. Tests of `SwapSeed`, `LockTerms`, `Solvency`, `Negotiation` and `Agreement` |
 * | S12 evidence first | here: nothing irrevocable after a lock that was final is gone, and an alarm then, which stays |
 * | S14 secrecy | here: an initiator's machine never holds its secret. Logs, errors, journals, arguments: the canary tests of the runner |
 * | S15 journal | here: the same sight twice decides the same; what is done is durable first; an end is told again after a restart. Torn writes, unknown records: tests of `Journal`, `pnpm sim` |
 * | S20, S21 rings | `exploreRing`; S19 and S22 are of protocols with several leaders, which there are none of |
 * | L1 progress | explorations with `fair`: a deal, and nothing else |
 * | L2 abort | `explore`: every history ends within `horizon`, and leaves no lock behind; that the last one ends at T + S + F + O and no earlier: tests |
 * | L3 recovery | here where views are kept (`keeps`): who crashed decides as who didn't; elsewhere each look is the first after a restart |
 * | L4 rebroadcast | here: what is due is sent at each look until it is final |
 * | L5 fees | `exploreFees`: every history of a tower's claim or refund at several prices; elsewhere inclusion within S is taken for granted. The runner's own prices: tests of `Ladder` and of the runner's fees, `pnpm sim` |
 * | L6 no deadlock | `explore`: stronger, every history ends, not only some |
 * | L7 towers | not here: what a tower does is what its owner would do. Tests of `watch`, `pnpm sim` |
 */

/** What a party has decided, and from what. */
export interface Case {
  readonly role: Role
  /** What was durable before. */
  readonly before: SwapMachine.Durable
  /** What is, when the acts go out. */
  readonly durable: SwapMachine.Durable
  readonly look: Look
  /** What it still knew of its last look. */
  readonly kept: SwapMachine.SwapState['view'] | undefined
  readonly commands: readonly SwapMachine.Command[]
  /** A lock that it had seen final is gone. */
  readonly lost: boolean
  /** It had stopped for another reason before, or does so now. */
  readonly excused: boolean
  /** It was told to stop while it still could. */
  readonly cancelled: boolean
  /** Nobody ever told it of locks that aren't there, or hid one. */
  readonly informed: boolean
}

export function createRules(setting: Setting) {
  const early = (name: Name) => setting.chains[name].early ?? 0
  const leftOf = (name: Name, { now }: Look) => setting.deadlines[name] - now[name]
  const shortLeft = (look: Look) => leftOf('short', look) - early('short') - look.sights.short.behind

  const real = (leg: Leg, name: Name) => ({
    exact: leg.lock === 'in' && !leg.less,
    final: leg.depth > setting.chains[name].finality,
    unspent: leg.spend === 'none' && leg.claimAge === 0 && leg.refundAge === 0,
  })

  /** S8, S9, S12: what there must be when an honest party's lock goes out. */
  const mayLock = ({ role, before, durable, look, lost, cancelled }: Case): string | undefined => {
    if (lost) return `S12: the ${role} locks after a lock that was final is gone`
    if (cancelled) return `S12: the ${role} locks after it was told to stop`
    if (!durable.ordered) return `S9: the ${role} locks before that is durable`
    const left = shortLeft(look)
    // What was ordered in time may go out later: until then nobody could have used the time.
    const orders = !before.ordered
    if (role === 'initiator')
      return orders && left < setting.rules.launch
        ? `S8: the initiator locks with ${left} ticks left, ${setting.rules.launch} are needed`
        : undefined
    const { exact, final, unspent } = real(look.sights.long.leg, 'long')
    if (!exact || !final || !unspent || look.told.long === 'two locks')
      return 'S8: the follower locks without an exact, final, unspent long lock'
    if (orders && left < setting.rules.lock)
      return `S8: the follower locks with ${left} ticks left, ${setting.rules.lock} are needed`
    const apart = leftOf('long', look) - early('long') - look.sights.long.behind - leftOf('short', look)
    if (orders && apart < setting.rules.apart)
      return `S8: the follower locks with the legs ${apart} ticks apart, ${setting.rules.apart} are needed`
    return durable.stop === undefined ? undefined : 'S12: the follower locks after it stopped'
  }

  /** S7, S12: what there must be when the secret goes out. */
  const mayReveal = ({ durable, look, lost, cancelled }: Case): string | undefined => {
    if (lost) return 'S12: the secret leaves after a lock that was final is gone'
    if (cancelled) return 'S12: the secret leaves after the initiator was told to stop'
    const { exact, final, unspent } = real(look.sights.short.leg, 'short')
    if (!exact || !final || !unspent || look.told.short === 'two locks')
      return 'S7: the secret leaves without an exact, final, unspent short lock'
    const left = shortLeft(look)
    if (left < setting.rules.reveal)
      return `S7: the secret leaves with ${left} ticks left, ${setting.rules.reveal} are needed`
    return durable.stop === undefined ? undefined : 'S7: the secret leaves after a stop'
  }

  /** S9: one lock, under one key, and none beside one that is there or was given up. */
  const oneLock = (of: Case, command: SwapMachine.Command): string | undefined => {
    const { role, durable, look } = of
    const own = ownLeg(role)
    if (command.key !== `lock/${own}`) return `S9: the ${role} orders a second lock, ${command.key}`
    if (durable.voided) return `S9: the ${role} locks after its lock was given up`
    if (role === 'follower' && durable.learned !== undefined)
      return 'S8: the follower locks though the secret is public'
    const { lock } = look.sights[own].leg
    if (look.told[own] === undefined && lock === 'in')
      return `S9: the ${role} locks beside a lock that is there`
    return lock === 'none' ? mayLock(of) : undefined
  }

  /** S2, S3, S4, S14: what may go out as a claim, apart from the reveal. */
  const mayClaim = (of: Case, command: Extract<SwapMachine.Command, { do: 'claim' }>): string | undefined => {
    const { role, durable, look } = of
    const { terms, secret } = command
    if (role === 'initiator' ? secret !== 'own' : secret === 'own')
      return `S14: the ${role} claims with ${secret === 'own' ? 'a secret that it has not' : 'its own secret at hand'}`
    if (secret !== 'own' && !Hashlock.opens(secret, terms.hashlock))
      return `S3: the ${role} claims with what opens no lock`
    const leg = incomingLeg(role)
    const there = look.sights[leg].leg
    // What went out before a crash is out.
    const isOut = there.claimAge !== 0 || there.spend === 'claim'
    if (role === 'initiator' && !durable.revealed && !isOut) {
      const wrong = mayReveal(of)
      if (wrong !== undefined) return wrong
    }
    if (look.told[leg] !== undefined || there.lock !== 'in') return undefined
    if (there.spend === 'refund') return `S2: the ${role} claims what is refunded`
    const closed = !setting.chains[leg].lateClaims && leftOf(leg, look) <= 0
    const isReveal = role === 'initiator' && !durable.revealed
    return closed && !isReveal && there.spend === 'none' && there.claimAge === 0
      ? `S4: the ${role} claims after the deadline`
      : undefined
  }

  /** S2, S4: what may go out as a refund. */
  const mayRefund = ({ role, look }: Case): string | undefined => {
    const leg = ownLeg(role)
    const there = look.sights[leg].leg
    if (look.told[leg] !== undefined || there.lock !== 'in') return undefined
    if (there.spend === 'claim') return `S2: the ${role} refunds what is claimed`
    return leftOf(leg, look) > 0 ? `S4: the ${role} refunds before the deadline` : undefined
  }

  /** What a leg is known to hold: what it shows, or what it showed last where it can't be read. */
  const known = ({ look, kept }: Case, name: Name) => {
    const told = look.told[name]
    const { leg, locks } = look.sights[name]
    if (told === undefined) {
      const ended = leg.spend !== 'none' && leg.spendDepth > setting.chains[name].finality
      return ended ? undefined : { leg, shown: locks.length > 0, left: leftOf(name, look) }
    }
    const last = told === 'nothing' ? lastOf(kept?.[name]) : undefined
    if (last === undefined || last.locks.some((view) => view.spend !== undefined)) return undefined
    return {
      leg: { lock: 'in', spend: 'none', claimAge: 0 } as const,
      shown: last.locks.length > 0,
      left: setting.deadlines[name] - Number(last.now.value - BigInt(EPOCH)),
    }
  }

  /** L4: what is due goes out at each look until it is final: the own lock, the claim, the refund. */
  const isSent = (of: Case): string | undefined => {
    const { role, durable, look, commands } = of
    const [own, incoming] = [ownLeg(role), incomingLeg(role)]
    const sends = (what: SwapMachine.Command['do']) => commands.some((command) => command.do === what)
    const isPublic = role === 'initiator' ? durable.revealed : durable.learned !== undefined
    const theirs = durable.terms[incoming] === undefined ? undefined : known(of, incoming)
    if (theirs?.shown && isPublic && theirs.leg.lock === 'in') {
      const open = setting.chains[incoming].lateClaims || theirs.left > 0
      const due = theirs.leg.spend === 'claim' || (theirs.leg.spend === 'none' && open)
      if (due && !sends('claim')) return `L4: the ${role}'s claim is due, and not sent`
    }
    const ours = known(of, own)
    if (ours?.shown && ours.leg.lock === 'in' && ours.left <= 0) {
      const due = ours.leg.spend === 'refund' || (ours.leg.spend === 'none' && ours.leg.claimAge === 0)
      if (due && !sends('refund')) return `L4: the ${role}'s refund is due, and not sent`
    }
    if (!durable.ordered || durable.stop !== undefined || durable.voided) return undefined
    if (look.told.long !== undefined || look.told.short !== undefined) return undefined
    const { lock } = look.sights[own].leg
    const late = shortLeft(look) < setting.rules.reveal || leftOf(own, look) <= 0
    if ((lock !== 'none' && lock !== 'waits') || late) return undefined
    if (role === 'follower') {
      const { exact, final, unspent } = real(look.sights.long.leg, 'long')
      if (isPublic || !exact || !final || !unspent) return undefined
    }
    return sends('lock') ? undefined : `L4: the ${role}'s lock is due, and not sent`
  }

  /** S12: an alarm where a lock that was final is gone, and nowhere else. */
  const alarm = ({ durable, commands, lost, excused, informed }: Case): string | undefined => {
    const stopped = durable.stop === 'reorg'
    if (commands.some((c) => c.do === 'alarm') !== stopped)
      return 'S12: an alarm without its reason, or a reason without the alarm'
    if (lost && !excused && !stopped) return 'S12: a lock that was final is gone, and there is no alarm'
    if (stopped && !lost && informed) return 'S12: an alarm, and every lock that was final is there'
    return undefined
  }

  /** The first rule that an act breaks. */
  const forbidden = (of: Case): string | undefined => {
    const { role, durable, commands } = of
    const own = ownLeg(role)
    const incoming = incomingLeg(role)
    if (role === 'initiator' && durable.learned !== undefined)
      return "S14: the initiator's journal holds its secret"
    let wrong: string | undefined
    for (const command of commands) {
      if (command.do === 'alarm') continue
      if (command.do === 'finish') break
      if (command.leg !== (command.do === 'claim' ? incoming : own))
        wrong ??= `S5: the ${role} would ${command.do} the ${command.leg} leg`
      if (command.do === 'lock') wrong ??= oneLock(of, command)
      if (command.do === 'claim') wrong ??= mayClaim(of, command)
      if (command.do === 'refund') wrong ??= mayRefund(of)
    }
    return wrong
  }

  /** The first rule that asks for what isn't done. */
  const missing = (of: Case): string | undefined =>
    alarm(of) ?? (setting.lax === true ? undefined : isSent(of))

  return { forbidden, missing }
}
