// A ring of three or four model chains, each member with a seed of its own.
import type { LockTerms, Timing } from '@aitbc/core'
import { Deadline, Hashlock, isAitbcError, SwapSeed } from '@aitbc/core'
import { Agreement, type Planner, type RingAgreement, type RingNegotiation, type Side } from '@aitbc/swap'
import type { Kind } from '../model/Chain.js'
import { clockOf, EPOCH, network, profiles } from '../model/fixtures.js'
import * as ModelAdapter from '../model/ModelAdapter.js'
import { risk } from '../model/market.js'
import * as Net from '../model/Net.js'

export const NOW = EPOCH + 5n
export const NAMES = ['alice', 'bobby', 'carol', 'david'] as const
export const FUNDS = 100_000n

/** Times of their own for each chain, so that a swapped pair shows. */
const timing = (i: number): Timing => ({
  lead: BigInt(i % 2),
  lag: 1n,
  inclusion: 4n + BigInt(i),
  finality: 2n + BigInt(i),
  reorg: 1n,
  outage: BigInt(2 * i),
})

export interface Ring {
  readonly nets: readonly Net.Net[]
  readonly chains: readonly Planner.LegChain[]
}

export function create(kinds: readonly Kind[]): Ring {
  const funds = Object.fromEntries(NAMES.map((name) => [name, FUNDS]))
  const nets = kinds.map((kind, i) => {
    const profile = profiles[kind]
    return Net.create(network(`model:arc${i}`, kind, timing(i)), kind, profile, EPOCH, funds)
  })
  return {
    nets,
    chains: nets.map((net, i) => ({ network: net.network, profile: profiles[kinds[i] as Kind] })),
  }
}

export const seedOf = (member: number) => new Uint8Array(32).fill(0xa0 + member)
export const nonceOf = (member: number) => new Uint8Array(8).fill(1 + member)

export function sidesOf({ nets }: Ring, member: number): Side.Sides {
  const name = NAMES[member] as string
  const own = [nets[member], nets.at(member - 1)] as Net.Net[]
  return Object.fromEntries(own.map((net) => [net.network.id, ModelAdapter.side(net, name)]))
}

export const quoteOf = ({ nets }: Ring): RingNegotiation.Quote =>
  nets.map(({ network }, i) => ({
    network: network.id,
    asset: network.native.id,
    amount: 1000n * BigInt(i + 1),
  }))

export const optionsOf = (ring: Ring, member: number): RingNegotiation.Options => ({
  seed: seedOf(member),
  nonce: nonceOf(member),
  sides: sidesOf(ring, member),
  others: ring.chains,
  policy: risk,
  now: NOW,
})

/** An agreement as members would make it, with these deadlines. */
export function agreementOf(kinds: readonly Kind[], ends: readonly bigint[]): RingAgreement.RingAgreement {
  const ring = create(kinds)
  const n = kinds.length
  const hashlock = Hashlock.of(SwapSeed.secret(seedOf(0), nonceOf(0)))
  const partyOn = (member: number, arc: number): LockTerms.Party =>
    ModelAdapter.side(ring.nets[arc] as Net.Net, NAMES[member] as string).party(nonceOf(member))
  return {
    version: 1,
    arcs: kinds.map((kind, i) => {
      const { network } = ring.nets[i] as Net.Net
      return {
        version: 1,
        backend: ModelAdapter.side(ring.nets[i] as Net.Net, NAMES[i] as string).backend,
        asset: network.native.id,
        amount: 1000n * BigInt(i + 1),
        hashlock,
        locker: partyOn(i, i),
        beneficiary: partyOn((i + 1) % n, i),
        deadline: Deadline.from({ network: network.id, clock: clockOf(kind), value: ends[i] as bigint }),
        salt: new Uint8Array(32).fill(i + 1),
      }
    }),
    members: kinds.map((_, i) => Agreement.publicKey(SwapSeed.identity(seedOf(i), nonceOf(i)))),
  }
}

/** The tag of what a call throws. */
export function tagOf(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return isAitbcError(error) ? error._tag : error
  }
}
