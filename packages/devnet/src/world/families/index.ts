import { CoreErrors, type Network, show } from '@aitbc/core'
import type { Family } from '../Family.js'
import { bitcoin } from './bitcoin.js'
import { cosmos } from './cosmos.js'
import { evm } from './evm.js'
import { polkadot } from './polkadot.js'
import { solana } from './solana.js'

/** The families that a world has. */
export const families = { bitcoin, evm, solana, cosmos, polkadot } as const

/** A family's name in a world. */
export type FamilyName = keyof typeof families

/** The family of a network; `InvalidNetwork` (1011) where worlds have none of it. */
export function familyOf(network: Network): Family {
  const found = Object.hasOwn(families, network?.family) ? families[network.family as FamilyName] : undefined
  if (found === undefined)
    throw CoreErrors.InvalidNetwork(`network.family must be one of a world's, got ${show(network?.family)}`, {
      argument: 'network',
      received: network?.id,
    })
  return found
}
