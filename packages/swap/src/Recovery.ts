import {
  Bytes,
  type CallOptions,
  type ChainId,
  Hashlock,
  LockTerms,
  type RecoveredLock,
  SwapSeed,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import * as Planner from './Planner.js'
import type * as Policy from './Policy.js'
import * as Runner from './Runner.js'
import * as Side from './Side.js'
import type { Durable } from './SwapMachine.js'

/**
 * Rebuilds every swap that a seed has locked for from the chains alone, without storage and without the counterparty, and takes each
 * into storage; `Runner.run` then drives it to its end.
 *
 * The lock's own recovery record tells the role and either the whole agreement or what finds the other leg: its terms' id
 * for an initiator (so that a substitute isn't taken for it), the hashlock for a follower (whatever pays it under that hashlock
 * is its own to claim). A leg that can't be rebuilt leaves a swap that only waits for its refund.
 */
export async function recover(
  context: Runner.Context,
  options: CallOptions & {
    /** What to rely on where the incoming lock is on a network; `undefined` where the incoming leg is lost. */
    readonly policy: (incoming: ChainId.ChainId | undefined) => Policy.Policy
  },
): Promise<readonly Runner.Swap[]> {
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const hashlockOf = (nonce: Bytes.Bytes) => Hashlock.of(SwapSeed.secret(context.seed, nonce))
  const swaps: Runner.Swap[] = []
  for (const side of Object.values(context.sides)) {
    const share = SwapSeed.forNetwork(context.seed, side.adapter.network.id)
    const found = await side.adapter.recoverLocks(share, { ...call, hashlockOf })
    for (const lock of distinct(found)) {
      const candidates = await legsOf(context, lock, call)
      for (const [index, terms] of candidates.entries()) {
        const incoming = terms[Agreement.incomingLeg(lock.record.role)]
        const durable = durableOf(context, terms, options.policy(incoming?.backend.network))
        swaps.push(
          await Runner.adopt(context, {
            is: 'opened',
            role: lock.record.role,
            nonce: lock.nonce,
            durable,
            ...(index === 0 ? {} : { variant: index }),
            ...(lock.record.agreement === undefined ? {} : { agreement: lock.record.agreement }),
          }),
        )
      }
    }
  }
  return swaps
}

/** One swap may have made several locks of one terms (H21): they are one swap. */
function distinct(locks: readonly RecoveredLock[]): readonly RecoveredLock[] {
  const byTerms = new Map<string, RecoveredLock>()
  for (const lock of locks) {
    const key = `${Bytes.toHex(lock.nonce)}/${lock.terms.backend.network}`
    const known = byTerms.get(key)
    if (known === undefined || known.lock.match !== 'exact') byTerms.set(key, lock)
  }
  return [...byTerms.values()]
}

/** The legs of a recovered lock: one pair of terms, or several where a follower was paid more than once. */
async function legsOf(
  context: Runner.Context,
  found: RecoveredLock,
  call: CallOptions,
): Promise<readonly Durable['terms'][]> {
  const { role, agreement, counter } = found.record
  const own = Agreement.ownLeg(role)
  if (agreement !== undefined) {
    const { long, short } = Agreement.decodeSigned(agreement).agreement
    if (Bytes.equal(LockTerms.id(own === 'long' ? long : short), LockTerms.id(found.terms)))
      return [{ long, short }]
  }
  const incoming: LockTerms.LockTerms[] = []
  for (const side of Object.values(context.sides)) {
    if (!side.adapter.profile.events) continue
    const payee = side.party(found.nonce).account
    for (const { terms } of await side.adapter.discoverLocks(found.terms.hashlock, call)) {
      const named = counter !== undefined && Bytes.equal(LockTerms.id(terms), counter)
      const wanted =
        named ||
        (role === 'follower' &&
          terms.beneficiary.account === payee &&
          Bytes.equal(terms.hashlock, found.terms.hashlock))
      if (!wanted || !side.adapter.auditTerms(terms).ok) continue
      // The one that was agreed upon, where the record tells: anybody may lock for this party under its hashlock.
      if (named) return [{ [own]: found.terms, [Agreement.incomingLeg(role)]: terms }]
      incoming.push(terms)
    }
  }
  if (incoming.length === 0) return [{ [own]: found.terms }]
  return incoming.map((terms) => ({ [own]: found.terms, [Agreement.incomingLeg(role)]: terms }))
}

function durableOf(context: Runner.Context, terms: Durable['terms'], policy: Policy.Policy): Durable {
  const base = { terms, ordered: true, revealed: false, settled: [] }
  const { long, short } = terms
  if (long === undefined || short === undefined) {
    const only = (long ?? short) as LockTerms.LockTerms
    const { profile } = Side.of(context.sides, only.backend.network).adapter
    const both = <T>(value: T) => ({ long: value, short: value })
    const rules = {
      launch: 0n,
      lock: 0n,
      reveal: 0n,
      apart: 0n,
      assurance: policy.assurance,
      lateClaims: both(profile.lateClaims),
    }
    return { ...base, rules, stop: 'recovered-without-terms' }
  }
  const chain = (value: LockTerms.LockTerms) => {
    const { network, profile } = Side.of(context.sides, value.backend.network).adapter
    return { network, profile }
  }
  const chains = { long: chain(long), short: chain(short) }
  const margins = Planner.margins(chains.long, chains.short, policy)
  const profiles = { long: chains.long.profile, short: chains.short.profile }
  return { ...base, rules: Runner.rulesOf(margins, policy, profiles) }
}
