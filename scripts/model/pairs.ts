import type { LockProfile } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import type { Planner } from '@aitbc/swap'

const script: LockProfile = {
  lateClaims: true,
  payee: 'key',
  unique: false,
  lateLocks: true,
  feesFrom: 'lock',
  events: false,
}
const contract: LockProfile = {
  lateClaims: false,
  payee: 'named',
  unique: true,
  lateLocks: false,
  feesFrom: 'account',
  events: true,
}

/** One main network of each family, with the lock that its adapter makes. */
export const chains = {
  bitcoin: { network: networks.bitcoin, profile: script },
  ethereum: { network: networks.ethereum, profile: contract },
  solana: { network: networks.solana, profile: contract },
  cosmos: { network: networks.cosmosHub, profile: contract },
  polkadot: { network: networks.polkadotHub, profile: contract },
} as const satisfies Readonly<Record<string, Planner.LegChain>>

const families: readonly Planner.LegChain[] = Object.values(chains)

/** Every ordered pair of families, the long leg first. */
export const pairs: readonly { readonly long: Planner.LegChain; readonly short: Planner.LegChain }[] =
  families.flatMap((long) => families.filter((short) => short !== long).map((short) => ({ long, short })))
