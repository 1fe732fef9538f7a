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
const families: readonly Planner.LegChain[] = [
  { network: networks.bitcoin, profile: script },
  { network: networks.ethereum, profile: contract },
  { network: networks.solana, profile: contract },
  { network: networks.cosmosHub, profile: contract },
  { network: networks.polkadotHub, profile: contract },
]

/** Every ordered pair of families, the long leg first. */
export const pairs: readonly { readonly long: Planner.LegChain; readonly short: Planner.LegChain }[] =
  families.flatMap((long) => families.filter((short) => short !== long).map((short) => ({ long, short })))
