// What the two parties of a plan have signed, and the chains as they find them: made once for all universes that share it.
import { Bytes, LockTerms, type SwapSeed } from '@aitbc/core'
import { Agreement, Planner } from '@aitbc/swap'
import * as Chain from '../Chain.js'
import { type FamilyName, families } from '../families/index.js'
import type * as Ledger from '../Ledger.js'
import * as Random from '../Random.js'
import * as Bug from './Bug.js'
import * as Identity from './judge/Identity.js'
import * as Keys from './Keys.js'
import { budgetOf, EPOCH, LEGS, type Leg, NETWORKS, type Plan, policyOf, type Role } from './Plan.js'

export interface Deal {
  readonly signed: Agreement.Signed
  readonly margins: Planner.Margins
  readonly nonces: { readonly [R in Role]: Bytes.Bytes }
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

/** What is swapped, base units. */
export const AMOUNTS = {
  bitcoin: 50_000_000n,
  evm: 10n ** 18n,
  solana: 10n ** 10n,
  cosmos: 10n ** 9n,
  polkadot: 10n ** 12n,
} as const

const deals = new Map<string, Deal>()
/** More than there are of pairs, risks, reorganisations, slacks and purses, 1,680: each is negotiated and signed once. */
const MOST_DEALS = 4096

/** The deal of a plan: made once for each pair, policy, slack and purse, as negotiation has its own tests. */
export function of(plan: Plan, bug?: Bug.Bug): Deal {
  const { families: pair, risk, reorgs, slack } = plan
  const key = [pair.long, pair.short, risk, reorgs, slack, bug, purseOf(plan)].join()
  const known = deals.get(key)
  if (known !== undefined) return known
  if (deals.size >= MOST_DEALS) deals.clear()
  const deal = make(plan, bug, Random.of(`deal/${key}`))
  deals.set(key, deal)
  return deal
}

function purseOf({ purse, honest }: Plan): string {
  return purse === undefined ? '' : `${purse} ${honest.join('/')}`
}

function make(plan: Plan, bug: Bug.Bug | undefined, r: Random.Random): Deal {
  const { parties, secret, hashlock } = Keys.pair(r)
  const { initiator, follower } = parties
  const nets = { long: NETWORKS[plan.families.long], short: NETWORKS[plan.families.short] }
  const legChain = (leg: Leg) => ({ network: nets[leg], profile: families[plan.families[leg]].profile })
  const made = Planner.plan(legChain('long'), legChain('short'), policyOf(plan, 'short'), BigInt(EPOCH), {
    slack: BigInt(plan.slack),
  })
  const deadlines = Bug.deadlines(bug, made)
  const wallet = (role: Role, leg: Leg) => Keys.wallet(parties[role].seed, nets[leg])
  const party = (role: Role, leg: Leg) => wallet(role, leg).party(parties[role].nonce)
  const termsOf = (leg: Leg, locker: Role, beneficiary: Role): LockTerms.LockTerms => ({
    version: 1,
    backend: families[plan.families[leg]].backend(nets[leg]),
    asset: nets[leg].native.id,
    amount: AMOUNTS[plan.families[leg]],
    hashlock,
    locker: party(locker, leg),
    beneficiary: party(beneficiary, leg),
    deadline: deadlines[leg],
    salt: Bug.salt(bug, r.bytes(32), secret),
  })
  const terms = {
    long: termsOf('long', 'initiator', 'follower'),
    short: termsOf('short', 'follower', 'initiator'),
  }
  const addressesOf = (role: Role, leg: Leg) => [
    ...new Set([wallet(role, leg).funding, party(role, leg).account].map(addressOf)),
  ]
  const addresses = {
    initiator: { long: addressesOf('initiator', 'long'), short: addressesOf('initiator', 'short') },
    follower: { long: addressesOf('follower', 'long'), short: addressesOf('follower', 'short') },
  }
  const agreement: Agreement.Agreement = {
    version: 1,
    ...terms,
    initiator: initiator.publicKey,
    follower: follower.publicKey,
  }
  const both = (of: Agreement.Agreement): Agreement.Signed => ({
    agreement: of,
    initiator: Agreement.sign(of, initiator.identity),
    follower: Agreement.sign(of, follower.identity),
  })
  let other: Agreement.Signed | undefined
  return {
    signed: both(agreement),
    margins: Bug.margins(bug, made.margins),
    nonces: { initiator: initiator.nonce, follower: follower.nonce },
    seeds: { initiator: initiator.seed, follower: follower.seed },
    terms,
    secret,
    addresses,
    collisions: Identity.collisions(agreement, Bug.names(bug, deadlines.short.value)),
    again() {
      other ??= both({ ...agreement, long: { ...terms.long, salt: r.fork('again').bytes(32) } })
      return other
    },
    scripts: {
      long: scriptOf(terms.long, plan.families.long),
      short: scriptOf(terms.short, plan.families.short),
    },
    chains: { long: chainOf(plan, 'long', addresses), short: chainOf(plan, 'short', addresses) },
  }
}

function scriptOf(terms: LockTerms.LockTerms, name: FamilyName): Ledger.Script {
  const { deadline, hashlock, amount, locker, beneficiary } = terms
  const { kind, id: named } = families[name]
  const id = Bytes.toHex(LockTerms.id(terms))
  return {
    key: kind === 'coins' ? id : named(id),
    terms: Bytes.toHex(LockTerms.encode(terms)),
    asset: '',
    amount,
    deadline: deadline.value,
    hashlock: Bytes.toHex(hashlock),
    locker: addressOf(locker.account),
    beneficiary: addressOf(beneficiary.account),
  }
}

function addressOf(account: string): string {
  return account.slice(account.lastIndexOf(':') + 1)
}

function chainOf(plan: Plan, leg: Leg, addresses: Deal['addresses']): Chain.Chain {
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

/**
 * Seconds from the beginning after which no lock of a plan is of any use: nobody would have the time to reveal against it.
 *
 * @example
 * import { Universe } from '@aitbc/devnet/world'
 * const plan = { ...Universe.draw('2026'), honest: ['initiator', 'follower'], deeds: [], liars: 0 } as const
 * // Miners keep both locks out for so long that they are called off.
 * const faults = (['long', 'short'] as const).map((leg) => ({ is: 'censor', leg, from: 0, for: Universe.useless(plan) + 1800 }) as const)
 * const { outcomes } = await Universe.run({ ...plan, faults })
 * outcomes.initiator // 'no-deal'
 */
export function useless(plan: Plan): number {
  const { terms, margins } = of(plan)
  return Number(terms.short.deadline.value - margins.reveal.seconds) - EPOCH
}

/** UTC by which every honest party must be finished (L2), whatever happens. */
export function end(plan: Plan, { terms: { long, short } }: Deal, { settle }: Planner.Margins): number {
  const timing = (leg: Leg) => NETWORKS[plan.families[leg]].timing[plan.risk]
  const later = Math.max(Number(long.deadline.value), Number(short.deadline.value))
  const again = BigInt(plan.reorgs) * (timing('long').inclusion + timing('short').inclusion)
  const { offline } = policyOf(plan, 'long')
  // A lock that an endpoint made up is given up when a refund of it would have been final for long.
  const madeUp = LEGS.map((leg) => {
    const { inclusion, finality, reorg, outage } = NETWORKS[plan.families[leg]].timing.conservative
    return Number(inclusion + finality + reorg + outage)
  })
  const settled = Number(settle.long.seconds + settle.short.seconds + again + offline)
  return later + Math.max(settled, ...madeUp)
}
