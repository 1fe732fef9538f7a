import { AccountId, type SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import type { Middleware } from '@aitbc/core/rpc'
import { Policy, Side } from '@aitbc/swap'
import type { FamilyName, Place } from './Family.js'
import { families } from './families.js'
import type { PartyConfig } from './messages.js'

/** A party's sides of a swap: adapter, verifier and keys for each chain. */
export async function createSides(
  { chains, pollMs }: Pick<PartyConfig, 'chains' | 'pollMs'>,
  seed: SwapSeed.SwapSeed,
  utc: () => bigint,
  through: readonly Middleware[] = [],
): Promise<Side.Sides> {
  const sides: Record<string, Side.Side> = {}
  for (const [name, place] of Object.entries(chains) as [FamilyName, Place][]) {
    const side = await (await families[name]()).side(place, seed, { utc, pollMs, through })
    sides[side.adapter.network.id] = side
  }
  return sides as Side.Sides
}

/** The same view of the chains with the keys of another seed: where many parties are in one process, a connection is enough for all. */
export async function withKeys(
  sides: Side.Sides,
  chains: PartyConfig['chains'],
  seed: SwapSeed.SwapSeed,
): Promise<Side.Sides> {
  const own: Record<string, Side.Side> = {}
  for (const [name, place] of Object.entries(chains) as [FamilyName, Place][]) {
    const wallet = (await families[name]()).wallet(place, seed)
    const { network } = AccountId.parse(wallet.funding)
    own[network] = { ...Side.of(sides, network), ...wallet }
  }
  return own as Side.Sides
}

/**
 * What a party asks for: the other side's lock is proved, on every chain where a lock can be. Elsewhere it takes what its endpoint
 * reports, knowingly; with several independent endpoints behind the `quorum` middleware, it would ask for that.
 */
export function policyFor(incoming: Side.Side | undefined): Policy.Policy {
  const unproved = incoming !== undefined && incoming.verifier === undefined
  return { ...Policy.standard, ...(unproved ? { assurance: 'reported' } : {}), spends: SKIPPED }
}

/**
 * What ended a lock is proved too, but for the local EVM chain: nobody signs its beacon blocks while this demo skips time, and no light
 * client follows over such a gap. On a network no time is skipped, and nothing of this is needed.
 */
const SKIPPED = { [networks.evmLocal.id]: 'reported' } as const
