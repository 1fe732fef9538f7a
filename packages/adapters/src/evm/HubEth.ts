import { CoreErrors, type Network, show } from '@aitbc/core'
import type { createEvmAdapter } from './createEvmAdapter.js'
import type { GasLimits } from './internal/client.js'

/**
 * Gas limits for a Hub, where gas is weight, proof size and storage deposit in one. By the runtime's own dry run (passet-hub 1,019,002) a lock
 * of coins takes 148 to 160 million, of tokens 360 million, claims and refunds 103 to 286 million, an approval 105 million. What isn't used
 * isn't paid.
 */
export const GAS: GasLimits = /* @__PURE__ */ Object.freeze({
  lockNative: 500_000_000n,
  lockToken: 1_000_000_000n,
  recordByte: 500_000n,
  settle: 1_000_000_000n,
  approve: 500_000_000n,
  void: 500_000_000n,
})

/** Longest recovery record, bytes: pallet-revive ends a call whose event has more than 416 bytes of data, of which the terms take 288. */
export const MAX_RECORD = 128

/** Most that a step may cost, wei: no bound, since a Hub's eth-rpc has none, and a deposit counts as gas. */
const MAX_FEE = 10n ** 30n

/** How many wei one planck of a Hub's coin is, by CAIP-2 id: `10^(18 − decimals)` (pallet-revive, `NativeToEthRatio`). */
const RATIOS: Readonly<Record<string, bigint>> = {
  'eip155:420420419': 100_000_000n,
  'eip155:420420418': 1_000_000n,
}

/**
 * What an adapter over a Hub's eth-rpc needs besides Ethereum's: gas limits, no bound on what a step may cost, the longest record, and the ratio of wei to planck, of which
 * amounts of the native coin must be multiples (whoever reads the lock through the Hub's own interface counts planck). `ratio` is for a
 * Hub that the SDK doesn't know; `InvalidNetwork` (1011) where it is one, and none is told.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createEvmAdapter, HubEth } from '@aitbc/adapters/evm'
 * const network = networks.polkadotHubEth
 * const transport = { request: async () => '0x190f1b43' }
 * createEvmAdapter({ network, transport, ...HubEth.options(network) }).network.id // 'eip155:420420419'
 */
export function options(
  network: Pick<Network, 'id'>,
  ratio: bigint | undefined = RATIOS[network?.id],
): Required<Pick<createEvmAdapter.Options, 'gas' | 'maxFee' | 'maxRecord' | 'quantum'>> {
  if (ratio === undefined)
    throw CoreErrors.InvalidNetwork(
      `network must be a Hub whose ratio of wei to planck is known, got ${show(network?.id)}`,
      { argument: 'network', received: network?.id },
    )
  return { gas: GAS, maxFee: MAX_FEE, maxRecord: MAX_RECORD, quantum: ratio }
}
