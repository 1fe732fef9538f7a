// Two chains, two parties with seeds of their own, and what they negotiate about.
import type { Timing } from '@aitbc/core'
import type { Agreement, Negotiation, Policy, Side } from '@aitbc/swap'
import type { Kind } from './Chain.js'
import { EPOCH, LONG, network, policy, profiles, SHORT } from './fixtures.js'
import * as ModelAdapter from './ModelAdapter.js'
import * as Net from './Net.js'

export interface Market {
  readonly nets: { readonly [L in Agreement.Leg]: Net.Net }
}

export const ALICE = 'alice'
export const BOB = 'bobby'
export const seeds = { [ALICE]: new Uint8Array(32).fill(0xa1), [BOB]: new Uint8Array(32).fill(0xb0) } as const
export const nonces = { [ALICE]: new Uint8Array(8).fill(1), [BOB]: new Uint8Array(8).fill(2) } as const
export type Name = keyof typeof seeds

export const FUNDS = 100_000n
const TIMING: Timing = { lead: 0n, lag: 1n, inclusion: 4n, finality: 2n, reorg: 1n, outage: 0n }

/** A policy that leaves room for a restart or two. */
export const risk: Policy.Policy = { ...policy, offline: 6n, detection: 1n, reorgs: 1n }

export function create(
  kinds: { readonly [L in Agreement.Leg]: Kind },
  others: Readonly<Record<string, bigint>> = {},
): Market {
  const net = (id: typeof LONG | typeof SHORT, kind: Kind) =>
    Net.create(network(id, kind, TIMING), kind, profiles[kind], EPOCH, {
      [ALICE]: FUNDS,
      [BOB]: FUNDS,
      ...others,
    })
  return { nets: { long: net(LONG, kinds.long), short: net(SHORT, kinds.short) } }
}

export function sides(market: Market, name: Name, gate?: ModelAdapter.Gate): Side.Sides {
  const { long, short } = market.nets
  return {
    [LONG]: ModelAdapter.side(long, name, gate),
    [SHORT]: ModelAdapter.side(short, name, gate),
  }
}

export function quote(market: Market): Negotiation.Quote {
  const { long, short } = market.nets
  return {
    give: { network: LONG, asset: long.network.native.id, amount: 1000n },
    get: { network: SHORT, asset: short.network.native.id, amount: 5000n },
  }
}

/** The next block on both chains. */
export function mine({ nets }: Market): void {
  Net.mine(nets.long, nets.long.tip.clock + 1n)
  Net.mine(nets.short, nets.short.tip.clock + 1n)
}
