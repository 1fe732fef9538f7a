import { Bytes, LockTerms, SwapSeed } from '@aitbc/core'
import { Agreement, Planner, type SwapMachine } from '@aitbc/swap'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Chain from '../Chain.js'
import type { Endpoint } from '../Endpoint.js'
import { type FamilyName, families } from '../families/index.js'
import type * as Ledger from '../Ledger.js'
import * as Random from '../Random.js'
import * as Adversary from './Adversary.js'
import * as Checks from './Checks.js'
import * as Clockwork from './Clockwork.js'
import * as Identity from './Identity.js'
import {
  budgetOf,
  type Deed,
  deepest,
  describe,
  draw,
  type Fault,
  type Leg,
  LIES,
  type Lie,
  NETWORKS,
  type Plan,
  policyOf,
  type Role,
} from './Plan.js'
import * as Process from './Process.js'
import { pairOf, walletOf } from './parties.js'
import { quiet } from './quiet.js'
import { createServer } from './servers.js'
import * as Tower from './Tower.js'
import * as Undone from './Undone.js'

export type { Violation } from './Checks.js'
export type { Deed, DrawOptions, Fault, HostileAct, Leg, Lie, Moment, Plan, Role } from './Plan.js'
export type { Boundary } from './Process.js'
export { describe, draw }

/** UTC at the beginning of every universe, unix seconds. */
export const EPOCH = 1_900_000_000
/** Longest that time jumps, seconds. */
const STRIDE = 1800
/** Most instants of a universe. */
const MOST_STEPS = 6000
const LEGS = ['long', 'short'] as const

/** What became of a universe. */
export interface Report {
  readonly plan: Plan
  /** SHA-256 of its trace: one plan, one hash. */
  readonly hash: string
  /** One line an event. */
  readonly trace: readonly string[]
  readonly violations: readonly Checks.Violation[]
  readonly outcomes: { readonly [R in Role]?: SwapMachine.Outcome }
  /** What each honest party has more or less of than at the beginning on each leg's chain, its own fees aside. */
  readonly change: { readonly [R in Role]?: { readonly [L in Leg]: bigint } }
  /** Where the process that the plan kills stood. */
  readonly killed?: Killed
  /** Units that honest parties lost. */
  readonly lost: bigint
  /** Faults and deeds of the plan that made a difference to somebody: were carried out. */
  readonly struck: number
  readonly steps: number
  /** Virtual seconds. */
  readonly seconds: number
}

/** What the chains knew when a process was killed. */
export interface Killed {
  readonly label: string
  /** The party's own lock: not made, on its way, in a block, or ended. */
  readonly own: Where
  readonly incoming: Where
  /** The secret is out. */
  readonly public: boolean
  /** Its own claim was sent. */
  readonly claimed: boolean
}

export type Where = 'nowhere' | 'waiting' | 'locked' | 'spent'

/** A mistake that is put in on purpose: what a world is worth that doesn't find it? */
export type Bug =
  /** Whatever is in a block counts as final. */
  | 'final-at-once'
  /** Whatever waits in a mempool counts as final, and is proved. */
  | 'unconfirmed'
  /** The long leg's deadline is as late as the short one's, and nobody minds. */
  | 'no-gap'
  /** The secret is revealed until the deadline. */
  | 'late-reveal'
  /** What is journaled is told to be durable, and is written when more is journaled. */
  | 'late-journal'
  /** Of two processes over one storage both may write. */
  | 'no-fence'
  /** Which hashlocks were used before is forgotten. */
  | 'forgetful'
  /** Locks that differ in their deadlines alone have one id. */
  | 'same-ids'
  /** Towers are told of terms alone, and of nothing that is signed. */
  | 'bare-jobs'
  /** Balances are read as a thousand times what they are. */
  | 'rich'
  /** What was sent once isn't sent again, in no version. */
  | 'sent-once'
  /** Of several servers one is asked, and believed. */
  | 'one-server'

export interface RunOptions {
  readonly bug?: Bug
  /** What comes of acts is judged, and not the acts themselves. */
  readonly onlyOutcomes?: boolean
  /** Hears of each boundary at which a process could die, and in which instant it comes to it. */
  readonly passed?: (role: Role, boundary: Process.Boundary, instant: number) => void
}

const AMOUNTS = {
  bitcoin: 50_000_000n,
  evm: 10n ** 18n,
  solana: 10n ** 10n,
  cosmos: 10n ** 9n,
  polkadot: 10n ** 12n,
} as const

const deals = new Map<string, Deal>()
/** More than there are of pairs, risks, reorganisations, slacks and purses, 1,680: each is negotiated and signed once. */
const MOST_DEALS = 4096

interface Deal extends Process.Deal {
  readonly seeds: { readonly [R in Role]: SwapSeed.SwapSeed }
  readonly terms: { readonly [L in Leg]: LockTerms.LockTerms }
  readonly secret: Bytes.Bytes
  readonly addresses: { readonly [R in Role]: { readonly [L in Leg]: readonly string[] } }
  /** What has the id of something else (S11, S17). */
  readonly collisions: readonly string[]
  /** Another swap under the same hashlock, which both have signed. */
  again(): Agreement.Signed
  /** What the chains hold of the terms. */
  readonly scripts: { readonly [L in Leg]: Ledger.Script }
  /** Both chains as every universe of this deal finds them. */
  readonly chains: { readonly [L in Leg]: Chain.Chain }
}

function purseOf({ purse, honest }: Plan): string {
  return purse === undefined ? '' : `${purse} ${honest.join('/')}`
}

/** What a party has at the beginning: plenty, or what a lock and the fee budgets take and not a unit more (S13). */
function grantsOf({ purse, honest, families: pair }: Plan, role: Role, leg: Leg): readonly bigint[] {
  const name = pair[leg]
  const amount = AMOUNTS[name]
  if (purse === undefined || !honest.includes(role) || families[name].kind === 'coins')
    return [amount * 4n, amount * 4n, amount * 4n]
  const budget = budgetOf(name)
  const kept = NETWORKS[name].fees.dust + budget
  const locks = leg === Agreement.ownLeg(role) ? amount + budget : 0n
  return [locks + (purse === 'tight' ? kept : kept / 200n)]
}

function scriptOf(terms: LockTerms.LockTerms, name: FamilyName): Ledger.Script {
  const { deadline, hashlock, amount, locker, beneficiary } = terms
  const { kind, id: named } = families[name]
  const address = (account: string) => account.slice(account.lastIndexOf(':') + 1)
  const id = Bytes.toHex(LockTerms.id(terms))
  return {
    key: kind === 'coins' ? id : named(id),
    terms: Bytes.toHex(LockTerms.encode(terms)),
    asset: '',
    amount,
    deadline: deadline.value,
    hashlock: Bytes.toHex(hashlock),
    locker: address(locker.account),
    beneficiary: address(beneficiary.account),
  }
}

/** What the two have signed: made once for each pair, policy and slack, as their negotiation has its own tests. */
function dealOf(plan: Plan, bug: Bug | undefined): Deal {
  const key = [
    plan.families.long,
    plan.families.short,
    plan.risk,
    plan.reorgs,
    plan.slack,
    bug,
    purseOf(plan),
  ].join()
  const known = deals.get(key)
  if (known !== undefined) return known
  if (deals.size >= MOST_DEALS) deals.clear()
  const r = Random.of(`deal/${key}`)
  const { parties, secret, hashlock } = pairOf(r)
  const { initiator, follower } = parties
  const seeds = { initiator: initiator.seed, follower: follower.seed }
  const nonces = { initiator: initiator.nonce, follower: follower.nonce }
  const nets = { long: NETWORKS[plan.families.long], short: NETWORKS[plan.families.short] }
  const legChain = (leg: Leg) => ({ network: nets[leg], profile: families[plan.families[leg]].profile })
  const policy = policyOf(plan, 'short')
  const made = Planner.plan(legChain('long'), legChain('short'), policy, BigInt(EPOCH), {
    slack: BigInt(plan.slack),
  })
  const wallet = (role: Role, leg: Leg) => walletOf(seeds[role], nets[leg])
  const wallets = {
    initiator: { long: wallet('initiator', 'long'), short: wallet('initiator', 'short') },
    follower: { long: wallet('follower', 'long'), short: wallet('follower', 'short') },
  }
  const termsOf = (leg: Leg): LockTerms.LockTerms => {
    const [locker, beneficiary] =
      leg === 'long' ? (['initiator', 'follower'] as const) : (['follower', 'initiator'] as const)
    const deadline =
      leg === 'long' && bug === 'no-gap' ? { ...made.long, value: made.short.value + 1n } : made[leg]
    return {
      version: 1,
      backend: families[plan.families[leg]].backend(nets[leg]),
      asset: nets[leg].native.id,
      amount: AMOUNTS[plan.families[leg]],
      hashlock,
      locker: wallets[locker][leg].party(nonces[locker]),
      beneficiary: wallets[beneficiary][leg].party(nonces[beneficiary]),
      deadline,
      salt: r.bytes(32),
    }
  }
  const terms = { long: termsOf('long'), short: termsOf('short') }
  const agreement: Agreement.Agreement = {
    version: 1,
    ...terms,
    initiator: initiator.publicKey,
    follower: follower.publicKey,
  }
  const addressesOf = (role: Role, leg: Leg) => [
    ...new Set(
      [wallets[role][leg].funding, wallets[role][leg].party(nonces[role]).account].map((account) =>
        account.slice(account.lastIndexOf(':') + 1),
      ),
    ),
  ]
  const none = { ...made.margins.apart, seconds: 0n }
  const margins =
    bug === 'no-gap'
      ? { ...made.margins, apart: none }
      : bug === 'late-reveal'
        ? { ...made.margins, reveal: { ...made.margins.reveal, seconds: 1n } }
        : made.margins
  const addresses = {
    initiator: { long: addressesOf('initiator', 'long'), short: addressesOf('initiator', 'short') },
    follower: { long: addressesOf('follower', 'long'), short: addressesOf('follower', 'short') },
  }
  const chainOf = (leg: Leg): Chain.Chain => {
    const name = plan.families[leg]
    const chain = Chain.create(NETWORKS[name], families[name], BigInt(EPOCH))
    const { ledger } = Chain.tip(chain)
    for (const role of ['initiator', 'follower'] as const)
      for (const amount of grantsOf(plan, role, leg))
        Chain.grant(ledger, chain.family.kind, addresses[role][leg][0] as string, amount)
    // Some history: medians have eleven blocks, and reorganisations somewhere to begin.
    for (let i = 0; i < 12; i++) Chain.mine(chain, { time: BigInt(EPOCH - (12 - i) * 600) })
    return chain
  }
  const undated = (of: LockTerms.LockTerms) =>
    LockTerms.id({ ...of, deadline: { ...of.deadline, value: terms.short.deadline.value } })
  const names = { lock: bug === 'same-ids' ? undated : LockTerms.id, swap: Agreement.hash }
  const both = (of: Agreement.Agreement): Agreement.Signed => ({
    agreement: of,
    initiator: Agreement.sign(of, initiator.identity),
    follower: Agreement.sign(of, follower.identity),
  })
  let other: Agreement.Signed | undefined
  const deal: Deal = {
    collisions: Identity.collisions(agreement, names),
    again() {
      other ??= both({ ...agreement, long: { ...terms.long, salt: r.fork('again').bytes(32) } })
      return other
    },
    scripts: {
      long: scriptOf(terms.long, plan.families.long),
      short: scriptOf(terms.short, plan.families.short),
    },
    signed: both(agreement),
    margins,
    nonces,
    seeds,
    terms,
    secret,
    addresses,
    chains: { long: chainOf('long'), short: chainOf('short') },
  }
  deals.set(key, deal)
  return deal
}

/**
 * Runs a universe to its end, in virtual time: two chains, one or two real runners, whatever the plan says goes wrong. What must hold is
 * checked at every act of an honest party, at every instant, and at the end. The same plan gives the same report.
 *
 * @example
 * import { Universe } from '@aitbc/devnet/world'
 * const report = await Universe.run(Universe.draw('7'))
 * report.violations.length // 0
 */
export async function run(plan: Plan, options: RunOptions = {}): Promise<Report> {
  const { bug } = options
  const r = Random.of(`run/${plan.seed}`)
  const deal = dealOf(plan, bug)
  const margins = bug === undefined ? deal.margins : dealOf(plan, undefined).margins
  const policies = { initiator: policyOf(plan, 'short'), follower: policyOf(plan, 'long') }
  const trace: string[] = []
  let now = EPOCH
  const told = (line: string) => trace.push(`${now - EPOCH} ${line}`)
  const struck = new Set<Fault | Deed>()

  const chains = { long: Chain.copy(deal.chains.long), short: Chain.copy(deal.chains.short) }
  if (plan.faults.some(({ is }) => is === 'gone'))
    for (const leg of LEGS)
      for (const name of ['first tower', 'second tower'])
        Tower.fund(chains[leg], name, AMOUNTS[plan.families[leg]], BigInt(EPOCH))
  const honestAddresses = new Set(
    plan.honest.flatMap((role) => LEGS.flatMap((leg) => deal.addresses[role][leg])),
  )
  const delays = new Map<string, number>()
  const rules = (leg: Leg): Clockwork.Rules => {
    const most = Number(chains[leg].network.timing[plan.risk].inclusion) / 8
    return {
      isHonest: (tx) => honestAddresses.has(tx.from),
      delay(tx) {
        const known = delays.get(tx.id)
        if (known !== undefined) return known
        const drawn = Random.of(`${plan.seed}/${tx.id}`)
        const delay = drawn.chance(0.6) ? 0 : Math.floor(drawn.float() * most)
        delays.set(tx.id, delay)
        return delay
      },
    }
  }
  const both = { long: rules('long'), short: rules('short') }
  const tracks = {
    long: Clockwork.track(chains.long, r.fork('long'), EPOCH),
    short: Clockwork.track(chains.short, r.fork('short'), EPOCH),
  }
  const unfairness = r.fork('unfair').chance(0.5)
  const unfair = (leg: Leg) => {
    const most = NETWORKS[plan.families[leg]].timing[plan.risk].inclusion / 2n
    // Markets calm down now and then: what pays at all is included in the end.
    return (waiting: Chain.Waiting) =>
      !honestAddresses.has(waiting.tx.from) &&
      (unfairness || waiting.hidden || BigInt(now) > waiting.since + most)
  }
  const favoured = { long: unfair('long'), short: unfair('short') }

  const checks = Checks.create({
    chains,
    terms: deal.terms,
    margins,
    honest: plan.honest,
    addresses: deal.addresses,
    secret: deal.secret,
    acts: options.onlyOutcomes !== true,
  })

  for (const collision of deal.collisions) checks.fail('S11', collision)
  const undone = Undone.create({
    ...{ chains, terms: deal.terms, addresses: deal.addresses, honest: plan.honest },
    least: margins.launch.seconds,
    public: checks.public,
  })

  const lies = lying(
    plan,
    () => now - EPOCH,
    (fault) => struck.add(fault),
  )
  let steps = 0
  let killed: Killed | undefined
  const where = (leg: Leg): Where => {
    const { key } = deal.scripts[leg]
    const held = [...Chain.tip(chains[leg]).ledger.locks.values()].filter(({ script }) => script.key === key)
    if (held.length > 0) return held.some(({ spend }) => spend === undefined) ? 'locked' : 'spent'
    const waits = chains[leg].mempool.some(
      ({ tx: { does } }) => does.is === 'lock' && does.script.key === key,
    )
    return waits ? 'waiting' : 'nowhere'
  }
  const processes = plan.honest.map((role) => {
    const endpointsOf = (leg: Leg): [Endpoint, ...Endpoint[]] => {
      const { best } = chains[leg].family
      const several = plan.liars > 0 && bug !== 'one-server'
      const serverOf = (server: number): Endpoint => {
        const endpoint = createServer({
          chain: chains[leg],
          script: () => deal.scripts[leg],
          lie: () => lies(role, leg, server),
          // Where nothing can be proved, a single one stands for so many that agree.
          assurance: best === 'quorum' && !several ? 'quorum' : 'reported',
        })
        if (bug === 'sent-once') return once(endpoint)
        return bug === 'unconfirmed' ? believing(endpoint, chains[leg], () => deal.scripts[leg]) : endpoint
      }
      // What nothing proves takes more servers than lie.
      const count = !several ? 1 : Math.max(plan.servers, best === 'quorum' ? 2 * plan.liars + 1 : 0)
      const others = Array.from({ length: count - 1 }, (_, i) => serverOf(i + 1))
      return [serverOf(0), ...others]
    }
    const networkOf = (leg: Leg) =>
      bug === 'final-at-once'
        ? { ...chains[leg].network, finality: { rule: 'instant' as const } }
        : chains[leg].network
    const utc = plan.faults.find((fault) => fault.is === 'utc' && fault.who === role)
    if (utc !== undefined) struck.add(utc)
    const off = utc?.is === 'utc' ? utc.by : 0
    const reckless = bug === 'unconfirmed' ? { assurance: 'reported' as const } : {}
    return Process.create({
      role,
      seed: deal.seeds[role],
      deal,
      policy: { ...policies[role], ...reckless },
      chains,
      endpoints: { long: endpointsOf('long'), short: endpointsOf('short') },
      risk: plan.risk,
      networks: { long: networkOf('long'), short: networkOf('short') },
      utc: () => BigInt(now + off),
      faults: plan.faults,
      heard: (method, args) => checks.heard(role, method, args),
      told,
      struck(fault) {
        mishaps++
        struck.add(fault)
      },
      proves: bug !== 'unconfirmed',
      lateJournal: bug === 'late-journal',
      unfenced: bug === 'no-fence',
      forgetful: bug === 'forgetful',
      rich: bug === 'rich',
      watched: plan.faults.some((fault) => fault.is === 'gone' && fault.who === role),
      ...(options.passed === undefined
        ? {}
        : { passed: (boundary) => options.passed?.(role, boundary, steps) }),
      died: (label) => {
        const [own, incoming] = [Agreement.ownLeg(role), Agreement.incomingLeg(role)]
        const claimed = checks.claimed(role)
        killed ??= {
          ...{ label, own: where(own), incoming: where(incoming), public: checks.public(), claimed },
        }
      },
    })
  })

  const hostile = (['initiator', 'follower'] as const).find((role) => !plan.honest.includes(role))
  const adversary =
    hostile === undefined
      ? undefined
      : Adversary.create({
          role: hostile,
          seed: deal.seeds[hostile],
          chains,
          terms: deal.terms,
          undo: (leg, height, drop) => {
            const depth = Number(Chain.tip(chains[leg]).height - height) + 1
            if (height > chains[leg].finalized && depth <= deepest(plan.families[leg])) undo(leg, depth, drop)
          },
          secret: () => (hostile === 'initiator' ? Bytes.toHex(deal.secret) : seenSecret(chains.short)),
          told,
        })

  const bound = endOf(plan, deal, margins)
  const deeds = [...plan.deeds]
  const events = timetable(plan)
  const strikeAll = () => {
    while (events.length > 0 && (events[0] as Event).at <= now - EPOCH) {
      const { fault, begins } = events.shift() as Event
      strike(fault, begins)
    }
  }
  const carryOut = async () => {
    strikeAll()
    for (const fault of plan.faults) if (fault.is === 'undo' && !struck.has(fault)) undoOf(fault)
    for (const process of processes)
      if (process.down > 0 && process.restart === 0) {
        process.restart = now + process.down
        process.down = 0
      } else if (process.restart > 0 && process.restart <= now) {
        told(`${process.role} starts again`)
        process.start()
      }
    for (let i = deeds.length - 1; i >= 0; i--) {
      const deed = deeds[i] as Deed
      const { when } = deed
      const due =
        'on' in when
          ? answered()
          : 'at' in when
            ? when.at <= now - EPOCH
            : Chain.tip(chains[when.clock]).clock >=
              deal.terms[when.clock].deadline.value - BigInt(when.before)
      if (!due || adversary === undefined) continue
      deeds.splice(i, 1)
      struck.add(deed)
      await adversary.act(deed.act)
    }
  }
  /** The honest party has done what it can't take back. */
  const answered = () =>
    hostile === 'initiator'
      ? Chain.tip(chains.short).ledger.locks.size > 0 ||
        chains.short.mempool.some(({ tx }) => tx.does.is === 'lock')
      : checks.public()
  const undo = (leg: Leg, wanted: number, drop: (tx: Ledger.Tx) => boolean): void => {
    const chain = chains[leg]
    const fresh = Chain.tip(chain).height - chain.finalized - 1n
    const depth = BigInt(wanted) < fresh ? BigInt(wanted) : fresh
    if (depth <= 0n) return
    const from = Chain.tip(chain).height - depth
    const gone = chain.blocks.flatMap(({ height, txs }) => (height > from ? txs : []))
    Chain.reorganise(chain, depth, { drop })
    const { height } = Chain.tip(chain)
    tracks[leg].fresh = tracks[leg].fresh.filter((one) => one <= height - depth)
    undone.note(leg, gone.filter(drop))
  }
  const stood = new Map<Fault, string>()
  const undoOf = (fault: Extract<Fault, { is: 'undo' }>): void => {
    const { who, act } = fault
    const leg = act === 'claim' ? Agreement.incomingLeg(who) : Agreement.ownLeg(who)
    const chain = chains[leg]
    for (const { height, txs } of chain.blocks.slice(-40)) {
      const tx = txs.find(({ from, does }) => does.is === act && deal.addresses[who][leg].includes(from))
      const depth = Number(Chain.tip(chain).height - height) + 1
      if (tx === undefined || height <= chain.finalized || depth > deepest(plan.families[leg])) continue
      // Its sender has seen it in a block, where time doesn't jump to where that is final.
      if (chain.family.median && stood.get(fault) !== tx.id) stood.set(fault, tx.id)
      else {
        struck.add(fault)
        told(`fault: ${JSON.stringify(fault)}`)
        undo(leg, depth, ({ id }) => id === tx.id)
      }
      return
    }
  }
  let mishaps = 0
  /** Who runs and sees the truth since the instant before, without any mishap. */
  const able = (before: number) => {
    const lied = plan.liars > 0 || plan.faults.some((fault) => fault.is === 'rpc' && isOn(fault, now - EPOCH))
    return (role: Role): boolean => {
      const process = processes.find((one) => one.role === role)
      // Who lost its storage before its lock was on a chain to stay knows of none.
      const knows = process?.running !== undefined && !process.bereft()
      return before === mishaps && !lied && knows && !process.offline
    }
  }
  const towers = new Map<Role, Tower.Tower[]>()
  const leave = ({ who }: { readonly who: Role }): void => {
    const process = processes.find(({ role }) => role === who)
    if (process === undefined || process.outcome !== undefined) return
    process.end()
    process.running = undefined
    process.restart = process.down = 0
    const { job } = process
    const key = SwapSeed.tower(deal.seeds[who], deal.nonces[who])
    const names = job === undefined ? [] : ['first tower', 'second tower']
    towers.set(
      who,
      names.map((name) =>
        Tower.start({
          ...{ name, chains, key, told },
          job: job as Bytes.Bytes,
          stripped: bug === 'bare-jobs',
        }),
      ),
    )
  }
  const lose = ({ who }: { readonly who: Role }): void => {
    const [first] = towers.get(who) ?? []
    first?.end()
    if (first !== undefined) towers.set(who, (towers.get(who) ?? []).slice(1))
  }
  const strike = (fault: Fault, begins: boolean): void => {
    struck.add(fault)
    if (fault.is !== 'rpc' && begins) told(`fault: ${JSON.stringify(fault)}`)
    switch (fault.is) {
      case 'offline':
        for (const process of processes) if (process.role === fault.who) process.offline = begins
        // Who is back looks at once.
        if (!begins) for (const leg of LEGS) Chain.tell(chains[leg])
        return
      case 'rpc':
        if (!begins) Chain.tell(chains[fault.leg])
        return
      case 'reorg':
        undo(fault.leg, fault.depth, () => fault.drop)
        return
      case 'censor':
        tracks[fault.leg].censoredUntil = Math.max(tracks[fault.leg].censoredUntil, now + fault.for)
        return
      case 'spike': {
        const chain = chains[fault.leg]
        const calm = chain.family.calm(chain.network)
        chain.demand = begins ? calm * BigInt(fault.times) : calm
        return
      }
      case 'halt':
        tracks[fault.leg].haltedUntil = Math.max(tracks[fault.leg].haltedUntil, now + fault.for)
        return
      case 'skew':
        tracks[fault.leg].skew = fault.by
        return
      case 'forget':
        Chain.forget(chains[fault.leg], () => true)
        return
      case 'lag':
        chains[fault.leg].lag += BigInt(fault.by)
        return
      case 'gone':
        if (begins) leave(fault)
        else lose(fault)
        return
      case 'twin':
        for (const process of processes) if (process.role === fault.who) process.twin(fault.wiped)
        return
      case 'reuse':
        for (const process of processes)
          if (process.role === fault.who)
            process.reuse(deal.again(), (what) => checks.fail('S10', `${fault.who} ${what}`))
        return
    }
  }

  strikeAll()
  for (const process of processes) process.start()
  await quiet()
  /** A lock of its own is there, or may come; what others pay into its script is theirs to lose. */
  const isBound = (role: Role): boolean => {
    const leg = Agreement.ownLeg(role)
    const own = deal.addresses[role][leg]
    const { locks } = Chain.tip(chains[leg]).ledger
    return (
      [...locks.values()].some(({ by }) => own.includes(by)) ||
      chains[leg].mempool.some(({ tx }) => tx.does.is === 'lock' && own.includes(tx.from))
    )
  }
  // Whoever lost everything before it locked finds nothing, however long it looks.
  const ended = ({ role, outcome, bereft }: Process.Process) =>
    outcome !== undefined || towers.get(role)?.every(({ isOver }) => isOver()) || (bereft() && !isBound(role))
  const over = () => processes.every(ended)
  /** Parties that ended while an endpoint lied to them of their incoming leg. */
  const deceived = new Set<Role>()
  const concluded = new Set<Role>()
  const conclude = () => {
    for (const { role, outcome } of processes) {
      if (outcome === undefined || concluded.has(role)) continue
      concluded.add(role)
      const leg = Agreement.incomingLeg(role)
      const isLie = (fault: Fault) =>
        fault.is === 'rpc' && fault.who === role && fault.leg === leg && isOn(fault, now - EPOCH)
      if (plan.liars > 0 || plan.faults.some(isLie)) deceived.add(role)
    }
  }
  while (!over() && now < bound && steps < MOST_STEPS && checks.violations.length === 0) {
    steps++
    const before = mishaps
    now = instant(now)
    for (const leg of LEGS) {
      const before = Chain.tip(chains[leg])
      Clockwork.produce(tracks[leg], both[leg], now, favoured[leg])
      const after = Chain.tip(chains[leg])
      if (after !== before)
        for (const block of chains[leg].blocks.slice(-4))
          if (block.height > before.height && block.txs.length > 0)
            told(`${leg} block ${block.height} at ${block.clock}: ${block.txs.map(nameOf).join(', ')}`)
      chains[leg].now = BigInt(now)
    }
    await carryOut()
    await quiet()
    for (const process of processes) process.rest()
    conclude()
    checks.state()
    const unsent = undone.judge(able(before))
    if (unsent !== undefined) checks.fail('L4', unsent)
    for (const [role, own] of towers)
      for (const { error } of own)
        if (error() !== undefined) checks.fail('L7', `a tower of the ${role} failed: ${String(error())}`)
    for (const { role, error } of processes)
      if (error !== undefined && checks.violations.length === 0)
        checks.violations.push({ property: 'L3', message: `${role}'s runner failed: ${String(error)}` })
  }

  function instant(from: number): number {
    let next = from + STRIDE
    const sooner = (time: number | undefined) => {
      if (time !== undefined && time > from && time < next) next = time
    }
    sooner(events[0] && EPOCH + events[0].at)
    for (const { restart, down } of processes) {
      sooner(restart === 0 ? undefined : restart)
      if (down > 0) sooner(from + 1)
    }
    for (const deed of deeds) if ('at' in deed.when) sooner(EPOCH + deed.when.at)
    for (const leg of LEGS) {
      const deadline = deal.terms[leg].deadline.value
      const clocks = deeds.flatMap(({ when }) =>
        'clock' in when && when.clock === leg ? [deadline - BigInt(when.before)] : [],
      )
      sooner(Clockwork.next(tracks[leg], both[leg], from, [deadline, ...clocks]))
    }
    return next
  }

  for (const process of processes) process.end()
  const outcomes: { [R in Role]?: SwapMachine.Outcome } = {}
  const change: { [R in Role]?: { readonly [L in Leg]: bigint } } = {}
  let lost = 0n
  for (const process of processes) {
    const { role } = process
    const gone = towers.get(role)
    for (const tower of gone ?? []) tower.end()
    const outcome = process.outcome ?? (ended(process) ? 'no-deal' : undefined)
    change[role] = checks.change(role)
    if (outcome !== undefined) outcomes[role] = outcome
    if (checks.violations.length === 0 || options.onlyOutcomes === true)
      gone === undefined
        ? checks.end(role, outcome, { deceived: deceived.has(role), insolvent: plan.purse === 'short' })
        : checks.gone(role)
    lost += checks.lost(role)
  }
  for (const { property, message } of checks.violations) told(`violation: ${property}: ${message}`)
  for (const leg of LEGS) trace.push(`${leg} ends with ${Chain.tip(chains[leg]).hash}`)
  await quiet()
  return {
    plan,
    hash: Bytes.toHex(sha256(new TextEncoder().encode(trace.join('\n')))),
    trace,
    violations: checks.violations,
    outcomes,
    change,
    ...(killed === undefined ? {} : { killed }),
    lost,
    struck: struck.size,
    steps,
    seconds: now - EPOCH,
  }
}

interface Event {
  readonly at: number
  readonly fault: Fault
  readonly begins: boolean
}

function timetable(plan: Plan): Event[] {
  const events: Event[] = []
  for (const fault of plan.faults) {
    if ('at' in fault) events.push({ at: fault.at, fault, begins: true })
    if (fault.is === 'gone') events.push({ at: fault.at + fault.lost, fault, begins: false })
    if ('from' in fault) {
      events.push({ at: fault.from, fault, begins: true })
      const ends = fault.is === 'offline' || fault.is === 'spike' || fault.is === 'rpc'
      if (ends) events.push({ at: fault.from + fault.for, fault, begins: false })
    }
  }
  return events.sort((a, b) => a.at - b.at)
}

/** The lie of a server at a moment: that of a permanent liar, or of a window. */
function lying(
  plan: Plan,
  at: () => number,
  struck: (fault: Fault) => void,
): (role: Role, leg: Leg, server: number) => Lie | undefined {
  const r = Random.of(`liars/${plan.seed}`)
  const permanent = Array.from({ length: plan.liars }, () => r.pick(LIES))
  const honest = r.below(plan.servers)
  const windows = plan.faults.flatMap((fault) => (fault.is === 'rpc' ? [fault] : []))
  return (role, leg, server) => {
    // The first servers after the honest one lie.
    if (plan.liars > 0)
      return server >= plan.servers
        ? undefined
        : permanent[(server - honest - 1 + plan.servers) % plan.servers]
    for (const fault of windows) {
      const now = at()
      if (fault.who !== role || fault.leg !== leg || now < fault.from || now >= fault.from + fault.for)
        continue
      struck(fault)
      return fault.lie
    }
    return undefined
  }
}

/** The bug of believing what waits. */
function believing(endpoint: Endpoint, chain: Chain.Chain, script: () => Ledger.Script): Endpoint {
  const liar = createServer({ chain, script, lie: () => 'deep', assurance: 'reported' })
  return { ...endpoint, ask: liar.ask }
}

/** The bug of not sending again what was sent. */
function once(endpoint: Endpoint): Endpoint {
  const sent = new Set<string>()
  return {
    ...endpoint,
    async send(tx, signal) {
      const place = tx.slots[0] as string
      if (sent.has(place)) return { is: 'known' }
      const answer = await endpoint.send(tx, signal)
      if (!('why' in answer)) sent.add(place)
      return answer
    },
  }
}

function isOn(fault: Extract<Fault, { from: number }>, at: number): boolean {
  return at >= fault.from && at < fault.from + fault.for
}

/** A secret that anybody can see on a chain or in its mempool. */
function seenSecret(chain: Chain.Chain): string | undefined {
  for (const { spend } of Chain.tip(chain).ledger.locks.values())
    if (spend?.secret !== undefined) return spend.secret
  for (const { tx, hidden } of chain.mempool) if (!hidden && tx.does.is === 'claim') return tx.does.secret
  return undefined
}

/** Seconds from the beginning after which no lock of a plan is of any use: nobody would have the time to reveal against it. */
export function useless(plan: Plan): number {
  const { terms, margins } = dealOf(plan, undefined)
  return Number(terms.short.deadline.value - margins.reveal.seconds) - EPOCH
}

/** By when every honest party must be finished (L2), whatever happens. */
function endOf(plan: Plan, deal: Deal, margins: Planner.Margins): number {
  const { long, short } = deal.terms
  const timing = (leg: Leg) => NETWORKS[plan.families[leg]].timing[plan.risk]
  const later = Math.max(Number(long.deadline.value), Number(short.deadline.value))
  const again = BigInt(plan.reorgs) * (timing('long').inclusion + timing('short').inclusion)
  const { offline } = policyOf(plan, 'long')
  const settled = margins.settle.long.seconds + margins.settle.short.seconds
  return later + Number(settled + again + offline) + 2 * STRIDE
}

function nameOf(tx: Ledger.Tx): string {
  return `${tx.does.is} ${tx.id.slice(0, 12)} for ${tx.fee}`
}

/**
 * Makes a failing plan smaller: takes faults and deeds away, one after the other, as long as the same property fails.
 *
 * @param most universes to run at most; 400 unless told
 */
export async function shrink(plan: Plan, options: RunOptions = {}, most = 400): Promise<Report> {
  let best = await run(plan, options)
  const property = best.violations[0]?.property
  if (property === undefined) return best
  let runs = 1
  for (let again = true; again; ) {
    again = false
    for (const part of ['faults', 'deeds'] as const)
      for (let i = best.plan[part].length - 1; i >= 0 && runs < most; i--) {
        const smaller = { ...best.plan, [part]: best.plan[part].filter((_, at) => at !== i) }
        runs++
        const report = await run(smaller, options)
        if (report.violations[0]?.property !== property) continue
        best = report
        again = true
      }
  }
  return best
}
