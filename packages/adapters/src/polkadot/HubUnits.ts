import { Amount } from '@aitbc/core'
import { HubTerms } from '@aitbc/proofs/revive'
import { PolkadotErrors } from './errors.js'

/**
 * How many wei (the unit that contracts count in) are one planck of a coin of so many decimals: 10^8 for DOT's 10, 10^6 for KSM's 12
 * (pallet-revive, `NativeToEthRatio`).
 *
 * @example
 * import { HubUnits } from '@aitbc/adapters/polkadot'
 * HubUnits.ratio(10) // 100000000n
 */
export function ratio(decimals: number): bigint {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > HubTerms.WEI_DECIMALS)
    throw PolkadotErrors.PolkadotUnsupportedTerms(
      `a native coin must have at most ${HubTerms.WEI_DECIMALS} decimals, got ${decimals}`,
      { argument: 'network.native.decimals', received: decimals },
    )
  return 10n ** BigInt(HubTerms.WEI_DECIMALS - decimals)
}

/** Planck as wei: exact. */
export function toWei(planck: bigint, decimals: number): bigint {
  Amount.assert(planck, { argument: 'planck' })
  const wei = planck * ratio(decimals)
  Amount.assert(wei, { argument: 'planck' })
  return wei
}

/** Wei as planck; `PolkadotUnsupportedTerms` (3501) where they are no whole number of them: nothing is rounded. */
export function toPlanck(wei: bigint, decimals: number): bigint {
  Amount.assert(wei, { argument: 'wei' })
  const one = ratio(decimals)
  if (wei % one !== 0n)
    throw PolkadotErrors.PolkadotUnsupportedTerms(`wei must be a multiple of ${one}, got ${wei}`, {
      argument: 'wei',
      received: wei,
    })
  return wei / one
}
