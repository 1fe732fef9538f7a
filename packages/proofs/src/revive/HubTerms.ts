import { AccountId, Bytes, type LockTerms, type Network, Verdict } from '@aitbc/core'
import type * as HtlcStorage from '../ethereum/HtlcStorage.js'
import * as Account from './Account.js'

/** A chain whose contracts run on pallet-revive. */
export interface Chain {
  /** Its profile: id, native coin and address prefix. */
  readonly network: Network
  /** What `block.chainid` is in contracts: 420,420,419 on Polkadot Hub, 420,420,418 on Kusama Hub. */
  readonly chainId: bigint
}

/** Digits of the unit that contracts count the native coin in. */
export const WEI_DECIMALS = 18

/**
 * What terms mean to the contract `Htlc` on a Hub (backend kind `contract`): parties as addresses of 20 bytes, the amount in wei, which are
 * `10^(18 − decimals)` to the planck (pallet-revive, `NativeToEthRatio`). It pays whoever acts: account and payout of a party are one.
 *
 * Refusals: `htlc-kind`, `htlc-network`, `htlc-contract`, `htlc-asset` (the native coin only), `htlc-amount`, `htlc-payout`, `htlc-account`,
 * `htlc-deadline`.
 *
 * @example
 * import type { LockTerms } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { HubTerms } from '@aitbc/proofs/revive'
 * const read = (terms: LockTerms.LockTerms) =>
 *   HubTerms.parameters(terms, { network: networks.polkadotHub, chainId: 420_420_419n })
 */
export function parameters(
  terms: LockTerms.LockTerms,
  { network, chainId }: Chain,
): Verdict.Verdict<HtlcStorage.Parameters> {
  const { backend, deadline, amount } = terms
  const { id, decimals } = network.native
  if (backend.kind !== 'contract')
    return Verdict.refuse('htlc-kind', `a Hub's lock is in a contract, not ${backend.kind}`)
  if (backend.network !== network.id)
    return Verdict.refuse('htlc-network', `the lock must be on ${network.id}, it is on ${backend.network}`)
  const { address = '' } = backend
  if (!/^0x[0-9a-f]{40}$/.test(address))
    return Verdict.refuse('htlc-contract', 'the terms name no contract address')
  if (terms.asset !== id || decimals > WEI_DECIMALS)
    return Verdict.refuse(
      'htlc-asset',
      `the contract holds ${id}, of at most 18 decimals, not ${terms.asset}`,
    )
  if (amount <= 0n || amount >= 1n << 128n)
    return Verdict.refuse('htlc-amount', `amounts are from 1 to 2^128 - 1 planck, got ${amount}`)
  const h160: Bytes.Bytes[] = []
  for (const { account, payout } of [terms.locker, terms.beneficiary]) {
    if (account !== payout)
      return Verdict.refuse('htlc-payout', 'the contract pays who acts: account and payout must be one')
    const parts = AccountId.parse(account)
    const decoded = Account.decode(parts.address)
    if (parts.network !== network.id || !decoded.ok || decoded.value.prefix !== network.ss58)
      return Verdict.refuse('htlc-account', `both parties need an address of ${network.id}`, {
        received: account,
      })
    h160.push(Account.toH160(decoded.value.account))
  }
  const [locker, beneficiary] = h160 as [Bytes.Bytes, Bytes.Bytes]
  const contract = Bytes.fromHex(address.slice(2))
  if (Bytes.equal(beneficiary, contract) || beneficiary.every((byte) => byte === 0))
    return Verdict.refuse(
      'htlc-account',
      "neither the contract nor the zero address can be the lock's payee",
      {
        received: terms.beneficiary.account,
      },
    )
  if (deadline.network !== network.id || deadline.clock !== 'unix' || deadline.value >= 1n << 64n)
    return Verdict.refuse('htlc-deadline', `the deadline must be unix seconds of ${network.id}`)
  return Verdict.accept({
    chainId,
    contract,
    token: new Uint8Array(20),
    amount: amount * 10n ** BigInt(WEI_DECIMALS - decimals),
    hashlock: terms.hashlock,
    locker,
    beneficiary,
    deadline: deadline.value,
    salt: terms.salt,
  })
}
