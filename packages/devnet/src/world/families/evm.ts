import { EvmErrors } from '@aitbc/adapters/errors'
import { CoreErrors } from '@aitbc/core'
import type { Family, Refusal } from '../Family.js'
import { backendOf, CONTRACTS, sizes } from './accounts.js'

const REFUSALS = {
  used: EvmErrors.EvmNonceUsed,
  cheap: EvmErrors.EvmUnderpriced,
  outbid: EvmErrors.EvmUnderpriced,
  'not-final': CoreErrors.RpcRejected,
  'too-long': CoreErrors.RpcRejected,
  funds: EvmErrors.EvmInsufficientFunds,
  expired: CoreErrors.RpcRejected,
  fails: CoreErrors.RpcRejected,
  sequence: EvmErrors.EvmNonceUsed,
} as const satisfies Record<Refusal, unknown>

const address = (hex: string) => `0x${hex}`

/** Accounts with nonces, a base fee that moves by an eighth a block, finality by tag. */
export const evm: Family = {
  ...CONTRACTS,
  name: 'evm',
  backend: backendOf('contract', address),
  address,
  id: (hex) => `0x${hex}`,
  size: sizes(130_000n, 90_000n, 21_000n),
  feeOf: (rate, size) => rate * size,
  contest: 'replace-by-price',
  outbid: (rate) => rate + (rate + 7n) / 8n,
  baseFee: true,
  drift(floor, demand, blocks) {
    let now = floor
    for (let i = 0n; i < blocks && now !== demand; i++) {
      const step = now / 8n + 1n
      if (now < demand) now = now + step > demand ? demand : now + step
      else now = now - step < demand ? demand : now - step
    }
    return now
  },
  calm: () => 1_000_000_000n,
  lag: 64n,
  errors: {
    terms: EvmErrors.EvmUnsupportedTerms,
    token: EvmErrors.EvmTokenNotAllowed,
    funds: EvmErrors.EvmInsufficientFunds,
    rate: EvmErrors.EvmInvalidFeeRate,
    step: EvmErrors.EvmInvalidStep,
    differs: EvmErrors.EvmInvalidStep,
    unproved: EvmErrors.EvmNotProvable,
    refusal: (reason, message, context) => REFUSALS[reason](message, context),
  },
}
