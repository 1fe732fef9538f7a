import { Bytes, isAitbcError, LockTerms, show, Verdict } from '@aitbc/core'
import { assertNetwork } from './guards.js'

/** An error of a family's registry. */
type Make = (message: string, context: Readonly<Record<string, unknown>>) => Error

/** An error that names the term which a family's contract can't hold. */
export type Refuse = (field: string, expected: string, received: unknown) => Error

export function refuseWith(make: Make): Refuse {
  return (field, expected, received) =>
    make(`terms.${field} must be ${expected}, got ${show(received)}`, {
      argument: `terms.${field}`,
      expected,
      received,
    })
}

/**
 * Terms that a contract of this backend can hold, as far as all chains of accounts are alike: the contract pays whoever acts, so account and
 * payout of a party are the same, and keys don't occur. `ForeignNetwork` (1016), and the codes of `LockTerms.assert`.
 */
export function assertContractTerms(
  terms: LockTerms.LockTerms,
  backend: LockTerms.LockTerms['backend'] & { readonly codeHash: Bytes.Hash32 },
  refuse: Refuse,
): void {
  LockTerms.assert(terms)
  const { network, kind, address, codeHash } = terms.backend
  assertNetwork(network, backend.network, 'terms.backend.network')
  if (kind !== backend.kind) throw refuse('backend.kind', backend.kind, kind)
  if (address !== backend.address) throw refuse('backend.address', String(backend.address), address)
  if (codeHash === undefined || !Bytes.equal(codeHash, backend.codeHash))
    throw refuse('backend.codeHash', Bytes.toHex(backend.codeHash), codeHash && Bytes.toHex(codeHash))
  for (const side of ['locker', 'beneficiary'] as const) {
    const party = terms[side]
    if (party.payout !== party.account)
      throw refuse(`${side}.payout`, `${party.account}, as the account is`, party.payout)
    if (party.publicKey !== undefined) throw refuse(`${side}.publicKey`, 'absent', party.publicKey)
  }
}

/** Judges terms offline by what throws for wrong ones. Refusals: `terms`, or `token-allowed` for the error of that tag. */
export function judge(
  terms: LockTerms.LockTerms,
  check: () => unknown,
  tokenNotAllowed?: string,
): Verdict.Verdict<LockTerms.LockTerms> {
  try {
    check()
    return Verdict.accept(terms)
  } catch (error) {
    if (!isAitbcError(error)) throw error
    const name = error._tag === tokenNotAllowed ? 'token-allowed' : 'terms'
    return Verdict.refuse(name, error.message, { code: error.code, ...error.context })
  }
}
