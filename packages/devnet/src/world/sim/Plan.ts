// What happens in a universe, as data: drawn from one seed, printed, shrunk, and run again.
import type { Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { type Agreement, Policy } from '@aitbc/swap'
import { type FamilyName, families } from '../families/index.js'
import type * as Ledger from '../Ledger.js'
import * as Random from '../Random.js'

export type Leg = Agreement.Leg
export type Role = Agreement.Role

export const LEGS: readonly Leg[] = ['long', 'short']

/** UTC at the beginning of every universe, unix seconds. */
export const EPOCH = 1_900_000_000

/** What an endpoint does instead of telling the truth. */
export type Lie =
  | 'down'
  /** Takes transactions and passes none on. */
  | 'deaf'
  /** Shows the chain of some time ago. */
  | 'stale'
  /** Shows no lock at all, or none that ended. */
  | 'hide-locks'
  | 'hide-spends'
  /** Shows a lock that nobody made, deep in the chain. */
  | 'fake-lock'
  /** Shows what waits as if it were in a block, deep in the chain. */
  | 'deep'
  /** Shows another time. */
  | 'clock'
  /** Shows a refund that nobody made, as if it were final. */
  | 'fake-refund'
  /** Shows whatever was sent as failed and paid for, and no lock at all. */
  | 'failed'
  /** Shows that many blocks more, of which each lock has as many on top. */
  | 'high'
  /** Asks fees that no market ever asked. */
  | 'market'
  /** Tells the truth and one of the others in turns. */
  | 'equivocate'

/** One thing that goes wrong; times are seconds from the beginning. */
export type Fault =
  /** The process dies at its n-th write or broadcast, and is started again after a while. */
  | {
      readonly is: 'crash'
      readonly who: Role
      readonly effect: number
      readonly when: 'before' | 'after' | 'torn' | 'lost'
      readonly down: number
      /** Its storage is lost with it: it comes back with its seed alone. */
      readonly wipe?: boolean
    }
  /**
   * The process dies at its n-th boundary (`Universe.Boundary`), in the middle of a write where it says so. A party may be killed more
   * than once: its boundaries are counted on when it is started again.
   */
  | {
      readonly is: 'kill'
      readonly who: Role
      readonly boundary: number
      readonly torn?: boolean
      readonly down: number
      readonly wipe: boolean
    }
  /** A second process of the party starts beside the first one, over the same storage or with the seed alone. */
  | { readonly is: 'twin'; readonly who: Role; readonly at: number; readonly wiped: boolean }
  /** The party goes, and never comes back; two towers that it had told of its swap stay, one of them for so many seconds. */
  | { readonly is: 'gone'; readonly who: Role; readonly at: number; readonly lost: number }
  /** The party is asked to take another swap under the hashlock of the one that it has. */
  | { readonly is: 'reuse'; readonly who: Role; readonly at: number }
  /** The n-th call of an endpoint fails, before or after it was carried out. */
  | { readonly is: 'hang-up'; readonly who: Role; readonly call: number; readonly when: 'before' | 'after' }
  /** The party neither looks nor acts. */
  | { readonly is: 'offline'; readonly who: Role; readonly from: number; readonly for: number }
  /** The party's own clock is wrong. */
  | { readonly is: 'utc'; readonly who: Role; readonly by: number }
  | {
      readonly is: 'reorg'
      readonly leg: Leg
      readonly at: number
      readonly depth: number
      readonly drop: boolean
    }
  /** As soon as a party's transaction stands in a block, that is undone, and everybody forgets the transaction. */
  | { readonly is: 'undo'; readonly who: Role; readonly act: 'lock' | 'claim' | 'refund' }
  /** Miners leave out whatever an honest party sends. */
  | { readonly is: 'censor'; readonly leg: Leg; readonly from: number; readonly for: number }
  /** Fees are so many times as high. */
  | {
      readonly is: 'spike'
      readonly leg: Leg
      readonly from: number
      readonly for: number
      readonly times: number
    }
  | { readonly is: 'halt'; readonly leg: Leg; readonly from: number; readonly for: number }
  /** The chain's clock is off by so many seconds. */
  | { readonly is: 'skew'; readonly leg: Leg; readonly at: number; readonly by: number }
  /** All mempools forget what waits. */
  | { readonly is: 'forget'; readonly leg: Leg; readonly at: number }
  /** Finality lags by so many more blocks. */
  | { readonly is: 'lag'; readonly leg: Leg; readonly at: number; readonly by: number }
  /** One of a party's servers lies about a leg. */
  | {
      readonly is: 'rpc'
      readonly who: Role
      readonly leg: Leg
      readonly server: number
      readonly from: number
      readonly for: number
      readonly lie: Lie
    }

/** What a hostile party does; each as often as it is told. */
export type HostileAct =
  | 'lock'
  | 'lock-less'
  | 'lock-more'
  | 'lock-again'
  /** Takes its own lock back as long as it waits (H7). */
  | 'unlock'
  | 'gift-dust'
  | 'gift-whole'
  | 'claim'
  /** Given to a miner and to nobody else. */
  | 'claim-hidden'
  /** At the lowest price, large: whoever wants its place pays more than all of it (H6). */
  | 'claim-pinned'
  | 'refund'
  /** Sends the honest party's claim with a secret that it saw (H10). */
  | 'front-run'
  /** A claim with a wrong secret. */
  | 'claim-wrong'
  /** Has miners undo the block with its own lock, and forget it: as far as the chain is not final. */
  | 'undo-lock'

/** When it does so: seconds from the beginning, before a leg's deadline by that chain's own clock, or in answer to something. */
export type Moment =
  | { readonly at: number }
  | { readonly clock: Leg; readonly before: number }
  /** As soon as the honest party has locked, or revealed, against its lock. */
  | { readonly on: 'answer' }

/** One thing that a hostile party does. */
export interface Deed {
  readonly act: HostileAct
  readonly when: Moment
}

export interface Plan {
  readonly seed: string
  readonly families: { readonly [L in Leg]: FamilyName }
  readonly risk: 'standard' | 'conservative'
  /** Reorganisations that both plan for. */
  readonly reorgs: number
  /** Who runs the real runner; the other one does its deeds. */
  readonly honest: readonly Role[]
  /** Seconds beyond the least time to the short leg's deadline. */
  readonly slack: number
  /** Servers that each honest party asks about each chain; and how many of them lie all the time. */
  readonly servers: number
  readonly liars: number
  /**
   * What honest parties have where accounts pay: just what their fee budgets and a lock take, or too little for that; and no act of theirs
   * costs more than {@link budgetOf}. Plenty, and no budget, unless told.
   */
  readonly purse?: 'tight' | 'short'
  readonly deeds: readonly Deed[]
  readonly faults: readonly Fault[]
}

/** What one act costs at most where fees are a hundred times as high as in a calm market: base units of the native coin. */
export function budgetOf(name: FamilyName): bigint {
  const family = families[name]
  return family.feeOf(family.calm(NETWORKS[name]) * 250n, family.size({ is: 'lock' } as Ledger.Does))
}

/** The networks that universes are made of. */
export const NETWORKS: { readonly [F in FamilyName]: Network } = {
  bitcoin: networks.bitcoin,
  evm: networks.ethereum,
  solana: networks.solana,
  cosmos: networks.cosmosHub,
  polkadot: networks.polkadotHub,
}

/** Least number of faults of a universe. */
export const FAULTS = 20

/** What a plan is drawn with. */
export interface DrawOptions {
  /** So many of the four servers of each party lie all the time. */
  readonly byzantineRpc?: number
}

export const LIES: readonly Lie[] = [
  'down',
  'deaf',
  'stale',
  'hide-locks',
  'hide-spends',
  'fake-lock',
  'deep',
  'clock',
  'fake-refund',
  'failed',
  'high',
  'market',
  'equivocate',
]

/** Lies about locks and about what ended them: without evidence, a party believes one server. */
const UNPROVED: readonly Lie[] = ['fake-lock', 'deep', 'high', 'fake-refund', 'failed', 'hide-spends']

/** What one server that is believed may tell. Where nothing can be proved, so many have agreed on it that liars among them don't count. */
function loneLies(family: FamilyName): readonly Lie[] {
  return families[family].best === 'quorum' ? LIES.filter((lie) => !UNPROVED.includes(lie)) : LIES
}

/** The policy of a plan's parties; what is asked of the incoming lock is what its chain can give. */
export function policyOf(
  plan: Pick<Plan, 'risk' | 'reorgs' | 'families' | 'purse'>,
  incoming: Leg,
): Policy.Policy {
  const { long, short } = plan.families
  const { best } = families[plan.families[incoming]]
  const fees = {
    [NETWORKS[long].id]: budgetOf(long),
    [NETWORKS[short].id]: budgetOf(short),
  }
  return {
    ...{ ...Policy[plan.risk], reorgs: BigInt(plan.reorgs), assurance: best },
    ...(plan.purse === undefined ? {} : { fees }),
  }
}

/**
 * The plan of a seed. Nothing in it is beyond what both parties plan for: that many reorganisations, that long offline, that slow to be
 * included, clocks that far off.
 *
 * @example
 * import { Universe } from '@aitbc/devnet/world'
 * const plan = Universe.draw('2026')
 * plan.faults.length >= 20 // true
 * // Plain data: a fault more, or none, is another universe.
 * const calm: Universe.Plan = { ...plan, faults: [], deeds: [], liars: 0 }
 * // Of the four servers of each party three lie all the time.
 * Universe.draw('2026', { byzantineRpc: 3 }).liars // 3
 */
export function draw(seed: string, options: DrawOptions = {}): Plan {
  const r = Random.of(`universe/${seed}`)
  const names = Object.keys(families) as FamilyName[]
  const long = r.pick(names)
  const short = r.pick(names.filter((name) => name !== long))
  const pair = { long, short }
  const risk = r.chance(0.75) ? 'standard' : 'conservative'
  const reorgs = r.between(1, 2)
  const honest: readonly Role[] = r.chance(0.3)
    ? ['initiator', 'follower']
    : [r.pick(['initiator', 'follower'] as const)]
  const timing = (leg: Leg) => NETWORKS[pair[leg]].timing[risk]
  const span = spanOf({ families: pair, risk, reorgs, honest, slack: 0 })
  const slack = r.pick([0, 0, 1800, 7200])
  const faults: Fault[] = []
  const legs = ['long', 'short'] as const
  const early = () =>
    r.chance(0.6) ? r.between(0, Math.floor(span.short)) : r.between(0, Math.floor(span.long))

  // Downtime of each party, all told.
  for (const who of honest) {
    let left = Math.floor(Number(Policy[risk].offline) * 0.6)
    for (let i = r.between(3, 5); i > 0; i--) {
      const down = r.between(1, Math.max(2, Math.floor(left / 3)))
      left -= down
      const when = r.pick(['before', 'after', 'after', 'torn', 'lost'] as const)
      faults.push({ is: 'crash', who, effect: r.below(26), when, down })
    }
    for (let i = r.between(1, 2); i > 0 && left > 60; i--) {
      const length = r.between(1, Math.floor(left / 2))
      left -= length
      faults.push({ is: 'offline', who, from: early(), for: length })
    }
    for (let i = r.between(2, 4); i > 0; i--)
      faults.push({ is: 'hang-up', who, call: r.below(200), when: r.pick(['before', 'after'] as const) })
    if (r.chance(0.5)) faults.push({ is: 'utc', who, by: r.between(-200, 200) })
  }
  for (const leg of legs) {
    const family = families[pair[leg]]
    const network = NETWORKS[pair[leg]]
    const { inclusion, lead, lag } = timing(leg)
    // Censorship, spikes and halts add up to a part of the longest time to be included.
    let slow = Math.floor(Number(inclusion) * 0.4)
    for (let i = r.between(1, 2); i > 0; i--) {
      const length = r.between(1, Math.max(2, Math.floor(slow / 2)))
      slow -= length
      faults.push({ is: 'censor', leg, from: early(), for: length })
    }
    for (let i = r.between(1, 2); i > 0; i--) {
      const length = r.between(1, Math.max(2, Math.floor(slow / 2)))
      slow -= length
      faults.push({ is: 'spike', leg, from: early(), for: length, times: r.between(2, 100) })
    }
    if (r.chance(0.6))
      faults.push({ is: 'halt', leg, from: early(), for: r.between(1, Math.max(2, Math.min(600, slow))) })
    const back = family.median ? Math.floor(Number(lag) / 8) : Math.floor(Number(lag) / 2)
    for (let i = r.between(1, 2); i > 0; i--)
      faults.push({ is: 'skew', leg, at: early(), by: r.between(-back, Number(lead)) })
    for (let i = r.between(1, 2); i > 0; i--) faults.push({ is: 'forget', leg, at: early() })
    if (network.finality.rule === 'tag') faults.push({ is: 'lag', leg, at: early(), by: r.between(1, 6) })
  }
  // Some lose their storage with a crash, and some are run twice at once.
  const fates = r.fork('fates')
  for (const who of honest) {
    const crashes = faults.flatMap((fault, at) => (fault.is === 'crash' && fault.who === who ? [at] : []))
    const at = fates.pick(crashes)
    if (fates.chance(0.25)) faults[at] = { ...(faults[at] as Extract<Fault, { is: 'crash' }>), wipe: true }
    const when = fates.between(0, Math.floor(fates.chance(0.6) ? span.short : span.long))
    if (fates.chance(0.2)) faults.push({ is: 'reuse', who, at: fates.between(1, Math.floor(span.long)) })
    if (fates.chance(0.25)) faults.push({ is: 'twin', who, at: when, wiped: fates.chance(0.3) })
  }
  const deeds = honest.length === 2 ? [] : hostility(r, honest[0] as Role, span)
  // What the hostile party undoes counts among what is planned for.
  const drawn = reorgs - (deeds.some(({ act }) => act === 'undo-lock') ? 1 : 0)
  for (let i = 0; i < drawn; i++) {
    const leg = r.pick(legs)
    const most = deepest(pair[leg])
    const [who, act] = [fates.pick(honest), fates.pick(['lock', 'claim', 'refund'] as const)]
    if (fates.chance(0.4)) faults.push({ is: 'undo', who, act })
    else if (most > 0)
      faults.push({ is: 'reorg', leg, at: early(), depth: r.between(1, most), drop: r.chance(0.5) })
  }
  const liars = options.byzantineRpc ?? (r.chance(0.5) ? r.between(1, 3) : 0)
  const servers = 4
  const windows = liars > 0 ? 0 : r.between(2, 4)
  for (let i = 0; i < windows; i++) {
    const leg = r.pick(legs)
    const [who, lie] = [r.pick(honest), r.pick(loneLies(pair[leg]))]
    faults.push({ is: 'rpc', who, leg, server: 0, from: early(), for: r.between(60, 3600), lie })
  }
  while (faults.length < FAULTS)
    faults.push({
      is: 'hang-up',
      who: r.pick(honest),
      call: r.below(400),
      when: r.pick(['before', 'after'] as const),
    })
  const purse = fates.chance(0.25)
    ? { purse: fates.chance(0.8) ? ('tight' as const) : ('short' as const) }
    : {}
  return { seed, families: pair, risk, reorgs, honest, slack, servers, liars, ...purse, deeds, faults }
}

/** Most blocks that a reorganisation of a family may undo: never what is final, nor longer than it is planned for. */
export function deepest(name: FamilyName): number {
  const { finality, timing, blockTimeMs, reorgDepth } = NETWORKS[name]
  if (finality.rule === 'instant') return 0
  const fresh = finality.rule === 'depth' ? Number(finality.depth) - 1 : Number(families[name].lag) - 1
  const inTime = Number((timing.standard.reorg * 1000n) / blockTimeMs)
  return Math.max(0, Math.min(fresh, Number(reorgDepth), inTime))
}

/** Roughly how many seconds there are until the deadlines. */
function spanOf(plan: Pick<Plan, 'families' | 'risk' | 'reorgs' | 'honest' | 'slack'>): {
  [L in Leg]: number
} {
  const a = NETWORKS[plan.families.long].timing[plan.risk]
  const b = NETWORKS[plan.families.short].timing[plan.risk]
  const { offline } = Policy[plan.risk]
  const short = Number(
    a.inclusion + a.finality + 2n * (b.inclusion + b.finality) + offline + b.inclusion + b.reorg,
  )
  return { short, long: short + Number(a.inclusion + b.inclusion + offline + a.lead + b.lag) }
}

/** A hostile party that mostly keeps the protocol until it doesn't. */
function hostility(r: Random.Random, against: Role, span: { readonly [L in Leg]: number }): readonly Deed[] {
  const deeds: Deed[] = []
  const own: Leg = against === 'initiator' ? 'short' : 'long'
  const around = (): Moment =>
    r.chance(0.6)
      ? { clock: r.pick(['long', 'short'] as const), before: r.between(-1800, r.chance(0.5) ? 900 : 7200) }
      : { at: r.between(0, Math.floor(span.long)) }
  if (r.chance(0.85)) {
    const late = r.chance(0.3) ? span.short : span.short / 12
    const act = r.chance(0.9) ? 'lock' : r.pick(['lock-less', 'lock-more'] as const)
    // A follower that locks just when there is hardly time left to reveal.
    const tight = own === 'short' && r.chance(0.2)
    const when: Moment = tight
      ? { clock: 'short', before: r.between(1, Math.floor(span.short / 3)) }
      : { at: r.between(1, Math.floor(late)) }
    deeds.push({ act, when })
  }
  if (r.chance(0.7)) {
    const act = r.pick(['claim', 'claim', 'claim-hidden', 'claim-pinned'] as const)
    const other: Leg = own === 'long' ? 'short' : 'long'
    const sharp = r.chance(0.5) ? r.between(1, 30) : r.between(-600, 1200)
    deeds.push({ act, when: r.chance(0.7) ? { clock: other, before: sharp } : around() })
  }
  if (r.chance(0.7))
    deeds.push({ act: 'refund', when: { clock: own, before: r.chance(0.5) ? 0 : -r.between(0, 1200) } })
  if (r.chance(0.3)) deeds.push({ act: 'undo-lock', when: { on: 'answer' } })
  const acts = [
    ...([
      'lock-again',
      'unlock',
      'gift-dust',
      'gift-whole',
      'claim',
      'claim-hidden',
      'claim-pinned',
    ] as const),
    ...(['refund', 'front-run', 'claim-wrong', 'lock'] as const),
  ]
  for (let i = r.between(2, 6); i > 0; i--) deeds.push({ act: r.pick(acts), when: around() })
  return deeds
}

/**
 * A plan for people: the two chains, the parties, then one line for each deed and each fault.
 *
 * @example
 * import { Universe } from '@aitbc/devnet/world'
 * const plan = Universe.draw('2026')
 * const calm = Universe.describe({ ...plan, honest: ['initiator', 'follower'], faults: [], deeds: [], liars: 0 })
 * calm.length // 2
 * calm[1]?.startsWith('honest: initiator and follower') // true
 */
export function describe(plan: Plan): readonly string[] {
  const { families: pair, risk, reorgs, honest, slack, servers, liars, deeds, faults } = plan
  return [
    `seed ${plan.seed}: ${pair.long} (long) against ${pair.short} (short), ${risk}, ${reorgs} reorganisations planned for, slack ${slack} s`,
    `honest: ${honest.join(' and ')}${plan.purse === undefined ? '' : ` (with a ${plan.purse} purse)`}; ${liars} of ${servers} servers lie`,
    ...deeds.map(({ act, when }) =>
      'on' in when
        ? `deed: ${act} as soon as the honest party has acted`
        : 'at' in when
          ? `deed: ${act} at ${when.at} s`
          : `deed: ${act} ${when.before} s before the ${when.clock} deadline by its chain`,
    ),
    ...faults.map((fault) => `fault: ${JSON.stringify(fault)}`),
  ]
}
