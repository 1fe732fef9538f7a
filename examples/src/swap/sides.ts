import type { SwapSeed } from '@aitbc/core'
import { Policy, type Side } from '@aitbc/swap'
import type { FamilyName, Place } from './Family.js'
import { families } from './families.js'
import type { PartyConfig } from './messages.js'

/** A party's sides of a swap: adapter, verifier and keys for each chain. */
export async function createSides(
  config: PartyConfig,
  seed: SwapSeed.SwapSeed,
  utc: () => bigint,
): Promise<Side.Sides> {
  const sides: Record<string, Side.Side> = {}
  for (const [name, place] of Object.entries(config.chains) as [FamilyName, Place][]) {
    const side = await (await families[name]()).side(place, seed, { utc, pollMs: config.pollMs })
    sides[side.adapter.network.id] = side
  }
  return sides as Side.Sides
}

/**
 * What a party asks for: the other side's lock is proved, on every chain where a lock can be. Elsewhere it takes what its endpoint
 * reports, knowingly; with several independent endpoints behind the `quorum` middleware, it would ask for that.
 */
export function policyFor(incoming: Side.Side | undefined): Policy.Policy {
  const unproved = incoming !== undefined && incoming.verifier === undefined
  return unproved ? { ...Policy.standard, assurance: 'reported' } : Policy.standard
}
