import { AccountId, AssetId, Bytes, type LockTerms, type Network, Verdict } from '@aitbc/core'
import * as Address from '../solana/Address.js'
import * as Message from '../solana/Message.js'
import type { Parameters } from './HtlcAddress.js'

/** What an instruction asks the program for. */
export type Call =
  | { readonly is: 'lock'; readonly lock: Bytes.Bytes32 }
  | { readonly is: 'claim'; readonly lock: Bytes.Bytes32; readonly secret: Bytes.Bytes32 }
  | { readonly is: 'refund'; readonly lock: Bytes.Bytes32 }

/** Bytes of `lock` before its record: kind, terms without the locker, decimals. */
const HEAD = 146

/**
 * What terms mean to the program (backend kind `program`). It pays whoever acts: account and payout of a party are one.
 *
 * Refusals: `htlc-kind`, `htlc-network`, `htlc-program`, `htlc-asset`, `htlc-amount`, `htlc-payout`, `htlc-account`, `htlc-deadline`.
 *
 * @example
 * import type { LockTerms } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { HtlcProgram } from '@aitbc/proofs/svm'
 * const read = (terms: LockTerms.LockTerms) => HtlcProgram.parameters(terms, networks.solana)
 */
export function parameters(terms: LockTerms.LockTerms, network: Network): Verdict.Verdict<Parameters> {
  const { backend, deadline, amount } = terms
  if (backend.kind !== 'program')
    return Verdict.refuse('htlc-kind', `a lock is in a program here, not ${backend.kind}`)
  if (backend.network !== network.id)
    return Verdict.refuse('htlc-network', `the lock must be on ${network.id}, it is on ${backend.network}`)
  const program = Address.decode(backend.address ?? '')
  if (!program.ok) return Verdict.refuse('htlc-program', 'the terms name no address of a program')
  const mint = mintOf(terms.asset, network)
  if (mint === undefined)
    return Verdict.refuse(
      'htlc-asset',
      `the program holds ${network.native.id} or a token, not ${terms.asset}`,
    )
  if (amount <= 0n || amount >= 1n << 64n)
    return Verdict.refuse('htlc-amount', `amounts are from 1 to 2^64 - 1, got ${amount}`)
  const keys: Bytes.Bytes32[] = []
  for (const { account, payout } of [terms.locker, terms.beneficiary]) {
    if (account !== payout)
      return Verdict.refuse('htlc-payout', 'the program pays who acts: account and payout must be one')
    const parts = AccountId.parse(account)
    const key = Address.decode(parts.address)
    if (parts.network !== network.id || !key.ok)
      return Verdict.refuse('htlc-account', `both parties need an address of ${network.id}`, {
        received: account,
      })
    keys.push(key.value)
  }
  const [locker, beneficiary] = keys as [Bytes.Bytes32, Bytes.Bytes32]
  if (deadline.network !== network.id || deadline.clock !== 'unix' || deadline.value >= 1n << 63n)
    return Verdict.refuse('htlc-deadline', `the deadline must be unix seconds of ${network.id}`)
  const { hashlock, salt } = terms
  return Verdict.accept({
    ...{ program: program.value, mint, amount, hashlock },
    ...{ locker, beneficiary, deadline: deadline.value, salt },
  })
}

/** The calls of the program in a message, in their order, as far as their accounts are in the message itself. */
export function calls(message: Message.Message, program: Bytes.Bytes32): readonly Call[] {
  return message.instructions.flatMap(({ program: at, accounts, data }): readonly Call[] => {
    // An instruction with too few accounts names none.
    const keyAt = (index = -1) => {
      const account = Message.account(message, index)
      return account.ok && account.value.kind === 'static' ? account.value.address : undefined
    }
    const called = keyAt(at)
    if (called === undefined || !Bytes.equal(called, program)) return []
    // A lock's account stands behind the locker's, and first in everything else.
    const lock = keyAt(data[0] === 0 ? accounts[1] : accounts[0])
    if (lock === undefined) return []
    if (data[0] === 0) return data.length >= HEAD ? [{ is: 'lock', lock }] : []
    if (data[0] === 1) return data.length === 33 ? [{ is: 'claim', lock, secret: data.slice(1) }] : []
    return data[0] === 2 && data.length === 1 ? [{ is: 'refund', lock }] : []
  })
}

function mintOf(asset: AssetId.AssetId, network: Network): Bytes.Bytes32 | undefined {
  if (asset === network.native.id) return Address.SYSTEM_PROGRAM
  const { network: at, namespace, reference, tokenId } = AssetId.parse(asset)
  const mint = Address.decode(reference)
  const fits = at === network.id && namespace === 'token' && tokenId === undefined && mint.ok
  return fits && !Bytes.equal(mint.value, Address.SYSTEM_PROGRAM) ? mint.value : undefined
}
