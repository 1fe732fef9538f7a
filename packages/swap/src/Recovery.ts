import {
  Bytes,
  type CallOptions,
  type ChainId,
  CoreErrors,
  type FoundLock,
  Hashlock,
  LockTerms,
  type RecoveredLock,
  SwapSeed,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import { SwapErrors } from './errors.js'
import * as Agreed from './internal/agreed.js'
import { assertContext, assertHas } from './internal/given.js'
import { leftUntil } from './internal/left.js'
import * as Planner from './Planner.js'
import * as Policy from './Policy.js'
import * as Runner from './Runner.js'
import * as Side from './Side.js'
import type { Durable } from './SwapMachine.js'

/** A network that couldn't be asked, and what is therefore missing. */
export interface Unreachable {
  readonly network: ChainId.ChainId
  /**
   * `own-locks`: swaps that this party locked for there are not found. `counterpart`: the other leg of `swap` may be there; as long as it
   * isn't found the swap only waits for its refund. `swap`: a lock is there, and its swap can't be taken up, for what `error` says (a journal
   * that can't be read, a network whose numbers allow no plan, legs that no policy is meant for); all others are, and where the other leg alone
   * is to blame, the own lock waits for its refund.
   */
  readonly missing: 'own-locks' | 'counterpart' | 'swap'
  /** Id of the swap that is missing, or whose other leg is. */
  readonly swap?: string
  readonly error: unknown
}

/**
 * What a recovery found: all that is in blocks, where `waiting` and `unreachable` are empty; else recover again later, what is there is
 * continued.
 *
 * What was sent just before the loss, and is in no block yet, is told of where an endpoint can be asked for it (Bitcoin: `waiting`). Chains that
 * show locks by their events show one only once it is in a block: whoever may have sent one recovers again until no transaction of its
 * accounts waits any more, or the agreed deadline is over, after which such a chain takes no lock.
 */
export interface Recovered {
  readonly swaps: readonly Runner.Swap[]
  /**
   * Own locks that are in no block yet: nothing is to be done for them before, and one that vanishes was never made. The transaction may
   * still come as long as the coins that it spends are unspent.
   */
  readonly waiting: readonly RecoveredLock[]
  readonly unreachable: readonly Unreachable[]
}

/**
 * Rebuilds every swap that a seed has locked for from the chains alone, without storage and without the counterparty, and takes each
 * into storage; `Runner.run` then drives it to its end. A network that can't be reached, or a swap that can't be taken up, holds up no other.
 *
 * The lock's own recovery record tells the role and either the terms of both legs or what finds the other one: its terms' id
 * for an initiator (so that a substitute isn't taken for it), the hashlock for a follower (whatever pays it under that hashlock
 * is its own to claim). A leg that can't be rebuilt leaves a swap that only waits for its refund; where it may be on a chain that lists
 * no locks (Bitcoin, IRISnet), `unreachable` names that with `UnsupportedCapability` (1301), and asking again won't help.
 *
 * `SideMissing` (4009) without any side, `InvalidArgument` (1013) for what is missing.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import { ethereum } from '@aitbc/core/networks'
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * import { createWorld, createWorldAdapter, createWorldWallet } from '@aitbc/devnet/world'
 * import { Policy, Recovery, Runner } from '@aitbc/swap'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const seed = new Uint8Array(32).fill(1)
 * const adapter = createWorldAdapter({ network: ethereum, endpoint: world.endpoint(ethereum.id) })
 * const wallet = createWorldWallet({ network: ethereum, seed: SwapSeed.forNetwork(seed, ethereum.id) })
 * const sides = { [ethereum.id]: { ...wallet, adapter, backend: adapter.backend } }
 * const context: Runner.Context = { storage: createMemoryStorage(), seed, sides, utc: () => 1_900_000_000n }
 * // The disk is gone: what this seed has locked is found on the chains, and goes on.
 * const { swaps, waiting, unreachable } = await Recovery.recover(context, { policy: () => Policy.standard })
 * const outcomes = await Promise.all(swaps.map((swap) => Runner.run(context, swap)))
 * outcomes.length // 0
 * // All was found: nothing is in no block yet, and every network answered.
 * waiting.length + unreachable.length // 0
 * // What is worth more than an ether relies on more, and so does what can't be told in ether.
 * const tiers = [{ upTo: 10n ** 18n, policy: Policy.standard }, { policy: Policy.conservative }]
 * const byValue: Recovery.PolicyOf = (_incoming, { long, short }) => {
 *   const ether = [long, short].find((leg) => leg?.asset === ethereum.native.id)
 *   return ether === undefined ? Policy.conservative : Policy.of(tiers, ether.amount)
 * }
 * await Recovery.recover(context, { policy: byValue })
 */
export async function recover(
  context: Runner.Context,
  options: CallOptions & {
    /**
     * What to rely on where the incoming lock is on a network (`undefined` where that leg is lost), and by what the legs are worth. A follower's may
     * be anybody's, of any amount; one for which this throws is passed over.
     */
    readonly policy: PolicyOf
  },
): Promise<Recovered> {
  assertContext(context)
  assertHas(options, 'options', ['policy'])
  if (Object.keys(context.sides).length === 0)
    throw SwapErrors.SideMissing('context.sides has no side, and nothing is found without one', {
      argument: 'context.sides',
    })
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const known = new Set(await Runner.list(context.storage))
  const swaps: Runner.Swap[] = []
  const waiting: RecoveredLock[] = []
  const unreachable: Unreachable[] = []
  const sides = Object.values(context.sides)
  const asked = await Promise.all(
    sides.map((side) => attempt(() => ownLocks(context, side, known, call), call)),
  )
  for (const [index, side] of sides.entries()) {
    const { network } = side.adapter
    const own = asked[index] as (typeof asked)[number]
    if ('error' in own) {
      unreachable.push({ network: network.id, missing: 'own-locks', error: own.error })
      continue
    }
    waiting.push(...own.value.waiting)
    for (const lock of own.value.locks) {
      const incoming = Agreement.incomingLeg(lock.record.role)
      const swap = Bytes.toHex(lock.nonce)
      const take = async () => {
        const { candidates, missing } = await legsOf(context, lock, options.policy, call)
        const open: Durable[] = []
        for (const terms of candidates) {
          const policyOf = () => options.policy(terms[incoming]?.backend.network, terms)
          const made = await attempt(
            async () => durableOf(context, lock.record.role, terms, policyOf()),
            call,
          )
          if ('error' in made) unreachable.push({ network: network.id, missing: 'swap', swap, ...made })
          else open.push(made.value)
        }
        // Whatever keeps the other leg from being taken up, the own lock goes back.
        if (open.length === 0 && candidates.some((terms) => terms[incoming] !== undefined)) {
          const own = Agreement.ownLeg(lock.record.role)
          const terms = { [own]: candidates[0]?.[own] ?? lock.terms }
          open.push(durableOf(context, lock.record.role, terms, options.policy(undefined, terms)))
        }
        for await (const swap of adopted(context, lock, open)) {
          swaps.push(swap)
          if (swap.state.durable.terms[incoming] === undefined)
            for (const one of missing) unreachable.push({ ...one, missing: 'counterpart', swap: swap.id })
        }
      }
      const taken = await attempt(take, call)
      if ('error' in taken)
        unreachable.push({ network: network.id, missing: 'swap', swap, error: taken.error })
    }
  }
  return { swaps, waiting, unreachable }
}

/**
 * Takes each candidate into storage as a swap of its own. What an earlier recovery took for the other leg has its number, and is continued
 * under it; the agreed leg may have been out of sight then, and strangers' locks not.
 */
async function* adopted(
  context: Runner.Context,
  { record: { role, agreement }, nonce, signed }: RecoveredLock,
  candidates: readonly Durable[],
): AsyncGenerator<Runner.Swap> {
  const incoming = Agreement.incomingLeg(role)
  const open = [...candidates]
  for (let variant = 0; open.length > 0; variant++) {
    const entry = {
      is: 'opened',
      role,
      nonce,
      durable: open[0] as Durable,
      ...(variant === 0 ? {} : { variant }),
      ...(agreement === undefined ? {} : { agreement }),
    } as const
    const swap = await Runner.adopt(context, entry, signed)
    const found = swap.state.durable.terms
    const own = Agreement.ownLeg(role)
    const at = open.findIndex(
      ({ terms: one }) =>
        isSame(one[own], found[own]) &&
        (one[incoming] === undefined ||
          found[incoming] === undefined ||
          isSame(one[incoming], found[incoming])),
    )
    if (at >= 0) open.splice(at, 1)
    yield swap
  }
}

function isSame(a: LockTerms.LockTerms | undefined, b: LockTerms.LockTerms | undefined): boolean {
  return a !== undefined && b !== undefined && Bytes.equal(LockTerms.id(a), LockTerms.id(b))
}

/** What can't be told now, as a value; an abort goes on. */
async function attempt<T>(
  run: () => Promise<T>,
  { signal }: CallOptions,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await run() }
  } catch (error) {
    signal?.throwIfAborted()
    return { error }
  }
}

/** The own locks on one network, and apart from them those that are in no block and of which storage knows nothing. */
async function ownLocks(
  context: Runner.Context,
  { adapter }: Side.Side,
  known: ReadonlySet<string>,
  call: CallOptions,
): Promise<{ readonly locks: readonly RecoveredLock[]; readonly waiting: readonly RecoveredLock[] }> {
  const share = SwapSeed.forNetwork(context.seed, adapter.network.id)
  const hashlockOf = (nonce: Bytes.Bytes) => Hashlock.of(SwapSeed.secret(context.seed, nonce))
  const locks: RecoveredLock[] = []
  const waiting: RecoveredLock[] = []
  for (const lock of distinct(await adapter.recoverLocks(share, { ...call, hashlockOf }))) {
    const list = (await isPending(adapter, lock, known, call)) ? waiting : locks
    list.push(lock)
  }
  return { locks, waiting }
}

/** It was seen in the mempool alone. What an endpoint hides of a lock that it told of is no reason to leave it. */
async function isPending(
  adapter: Side.Side['adapter'],
  { terms, nonce }: RecoveredLock,
  known: ReadonlySet<string>,
  call: CallOptions,
): Promise<boolean> {
  if (!adapter.profile.lateLocks || known.has(Bytes.toHex(nonce))) return false
  const places = (await adapter.findLocks(terms, call)).flatMap((read) =>
    read.is === 'found' && read.fact.value.amount >= terms.amount ? [read.fact.at] : [],
  )
  return places.length > 0 && places.every((at) => at === 'mempool')
}

/**
 * One swap may have made several locks of one terms (H21), and of several endpoints one may have forgotten what stands behind the call of a lock,
 * or hide it (H29): they are one swap, by what tells most.
 */
function distinct(locks: readonly RecoveredLock[]): readonly RecoveredLock[] {
  const byTerms = new Map<string, RecoveredLock>()
  const worthOf = ({ lock, record }: RecoveredLock) =>
    (lock.match === 'exact' ? 2 : 0) + (record.agreement === undefined ? 0 : 1)
  for (const lock of locks) {
    const key = `${Bytes.toHex(lock.nonce)}/${lock.terms.backend.network}`
    const known = byTerms.get(key)
    if (known === undefined || worthOf(lock) > worthOf(known)) byTerms.set(key, lock)
  }
  return [...byTerms.values()]
}

/** The legs of a recovered lock: one pair of terms, or several where a follower was paid more than once; and where nobody could be asked. */
async function legsOf(
  context: Runner.Context,
  found: RecoveredLock,
  policy: PolicyOf,
  call: CallOptions,
): Promise<{
  readonly candidates: readonly Durable['terms'][]
  readonly missing: readonly Pick<Unreachable, 'network' | 'error'>[]
}> {
  const { role, agreement, counter } = found.record
  const own = Agreement.ownLeg(role)
  const other = Agreement.incomingLeg(role)
  const missing: Pick<Unreachable, 'network' | 'error'>[] = []
  if (agreement !== undefined) {
    const legs = agreedLegs(agreement, role, found.terms)
    if (legs !== undefined) {
      const { network } = legs[other].backend
      const side = await attempt(async () => Side.of(context.sides, network), call)
      if ('value' in side) return { candidates: [legs], missing }
      return { candidates: [{ [own]: legs[own] }], missing: [{ network, error: side.error }] }
    }
  }
  const incoming: FoundLock[] = []
  for (const side of Object.values(context.sides)) {
    if (!side.adapter.profile.events) continue
    const payee = side.party(found.nonce)
    const locks = await attempt(() => side.adapter.discoverLocks(found.terms.hashlock, call), call)
    if ('error' in locks) {
      missing.push({ network: side.adapter.network.id, error: locks.error })
      continue
    }
    for (const one of locks.value) {
      const terms = asPaid(side, one, payee)
      const named = counter !== undefined && Bytes.equal(LockTerms.id(terms), counter)
      const wanted =
        named ||
        (role === 'follower' &&
          terms.beneficiary.account === payee.account &&
          Bytes.equal(terms.hashlock, found.terms.hashlock))
      if (!wanted || !side.adapter.auditTerms(terms).ok) continue
      // The one that was agreed upon, where the record tells: anybody may lock for this party under its hashlock.
      if (named) return { candidates: [{ [own]: found.terms, [other]: terms }], missing }
      incoming.push({ ...one, terms })
    }
  }
  // Strangers' locks under the hashlock aren't taken for the agreed one as long as that may be where nobody could be asked.
  const sure = incoming.length > 0 && (missing.length === 0 || counter === undefined)
  if (!sure)
    return { candidates: [{ [own]: found.terms }], missing: [...missing, ...unlisted(context, found)] }
  const likely = await likeliest(context, found.terms, incoming, policy, call)
  return { candidates: likely.map(({ terms }) => ({ [own]: found.terms, [other]: terms })), missing }
}

/** Where no locks can be listed, and the other leg may be: nothing but the agreement tells its terms. */
function unlisted(
  { sides }: Runner.Context,
  { terms }: RecoveredLock,
): Pick<Unreachable, 'network' | 'error'>[] {
  return Object.values(sides).flatMap(({ adapter: { network, profile } }) => {
    if (profile.events || network.id === terms.backend.network) return []
    const why = `the record of the own lock has no agreement, and ${network.id} lists no locks`
    return [{ network: network.id, error: CoreErrors.UnsupportedCapability(why, { network: network.id }) }]
  })
}

/** A lock's terms as this party has them, where it is paid: a chain may know accounts by less than their ids, as a Hub does before they are mapped. */
function asPaid(
  { adapter }: Side.Side,
  { terms, lock }: FoundLock,
  beneficiary: LockTerms.Party,
): LockTerms.LockTerms {
  const own = { ...terms, beneficiary }
  return adapter.auditTerms(own).ok && adapter.expectLock(own, []).ref === lock.ref ? own : terms
}

/** The policy for a recovered swap: by the network of its incoming lock, where that leg is known, and by the terms of the legs that are. */
export type PolicyOf = (incoming: ChainId.ChainId | undefined, legs: Durable['terms']) => Policy.Policy

/** Most locks of one asset under one hashlock that are taken for an incoming leg. */
const MAX_CANDIDATES = 8
/** Most of them that are looked for, where there are more. */
const MAX_ASKED = 64

/**
 * Of each asset the largest locks against which this party can have locked: anybody can plant thousands of dust under a hashlock that is public,
 * and each would be a swap to drive. Larger ones cost nothing either where they end before their locker has to show the secret, or where only
 * an endpoint tells of them: such are behind all others. So whoever displaces the agreed one pays more than that.
 */
async function likeliest(
  context: Runner.Context,
  own: LockTerms.LockTerms,
  locks: readonly FoundLock[],
  policy: PolicyOf,
  call: CallOptions,
): Promise<readonly FoundLock[]> {
  const byAsset = new Map<string, FoundLock[]>()
  for (const one of locks) {
    const { asset } = one.terms
    const list = byAsset.get(asset)
    if (list === undefined) byAsset.set(asset, [one])
    else list.push(one)
  }
  const likely: FoundLock[] = []
  for (const list of byAsset.values()) {
    list.sort((a, b) => (a.lock.amount === b.lock.amount ? 0 : a.lock.amount > b.lock.amount ? -1 : 1))
    likely.push(...(list.length <= MAX_CANDIDATES ? list : await sifted(context, own, list, policy, call)))
  }
  return likely
}

/** The first of more locks of one asset than are taken: those that are late enough, and of them those that are there. */
async function sifted(
  context: Runner.Context,
  own: LockTerms.LockTerms,
  list: readonly FoundLock[],
  policy: PolicyOf,
  call: CallOptions,
): Promise<readonly FoundLock[]> {
  const [{ terms }] = list as readonly [FoundLock]
  const side = Side.of(context.sides, terms.backend.network)
  const late = await attempt(() => lateEnough(context, own, side, policy, call), call)
  const isLate = (one: FoundLock) => {
    try {
      return 'value' in late && late.value(one)
    } catch {
      return false // no policy is meant for it, or no plan is possible
    }
  }
  const ranked = [...new Set([...list.filter(isLate), ...list])]
  const there: FoundLock[] = []
  const rest: FoundLock[] = []
  for (const one of ranked.slice(0, MAX_ASKED)) {
    if (there.length === MAX_CANDIDATES) break
    const found = await attempt(() => side.adapter.findLocks(one.terms, call), call)
    const isThere = 'value' in found && found.value.some((read) => read.is === 'found')
    const places = isThere ? there : rest
    places.push(one)
  }
  return [...there, ...rest].slice(0, MAX_CANDIDATES)
}

/** Tells the locks that end late enough beyond the own one for a follower to have locked against them (S8). */
async function lateEnough(
  context: Runner.Context,
  own: LockTerms.LockTerms,
  { adapter }: Side.Side,
  policy: PolicyOf,
  call: CallOptions,
): Promise<(one: FoundLock) => boolean> {
  const short = Side.of(context.sides, own.backend.network).adapter
  const nowOf = async ({ network, tip }: Side.Side['adapter']) =>
    network.clock === 'height' ? (await tip(call)).value.clock : context.utc()
  const [now, ownNow] = [await nowOf(adapter), await nowOf(short)]
  const { least } = leftUntil(short, own.deadline, ownNow)
  return ({ terms }) => {
    const { apart } = Planner.margins(adapter, short, policy(adapter.network.id, { long: terms, short: own }))
    return leftUntil(adapter, terms.deadline, now).most - least >= apart.seconds
  }
}

/** The legs that were agreed, in which this role locks these terms: whose they are, and whom they pay, it says better than the chain. */
function agreedLegs(
  bytes: Bytes.Bytes,
  role: Agreement.Role,
  own: LockTerms.LockTerms,
): Required<Durable['terms']> | undefined {
  const isOwn = (terms: LockTerms.LockTerms) =>
    terms.backend.network === own.backend.network &&
    isSame(terms, { ...own, locker: terms.locker, beneficiary: terms.beneficiary })
  const { long, short } = Agreed.decode(bytes)
  return isOwn(role === 'initiator' ? long : short) ? { long, short } : undefined
}

function durableOf(
  context: Runner.Context,
  role: Agreement.Role,
  terms: Durable['terms'],
  policy: Policy.Policy,
): Durable {
  Policy.assert(policy)
  const told = { ...Runner.feesOf(policy, terms), ...Runner.spendsOf(policy, role, terms, context.sides) }
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
    return { ...base, rules: { ...rules, ...told }, stop: 'recovered-without-terms' }
  }
  const chain = (value: LockTerms.LockTerms) => {
    const { network, profile } = Side.of(context.sides, value.backend.network).adapter
    return { network, profile }
  }
  const chains = { long: chain(long), short: chain(short) }
  const margins = Planner.margins(chains.long, chains.short, policy)
  const profiles = { long: chains.long.profile, short: chains.short.profile }
  return { ...base, rules: { ...Runner.rulesOf(margins, policy, profiles), ...told } }
}
