import { type Lock, type LockTerms, show, type Verdict } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { judge } from '../../internal/terms.js'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import type { Client } from './client.js'

/** Lock terms in the program's form, for a token that the caller allowed. */
export function programTerms(client: Client, terms: LockTerms.LockTerms): HtlcLock.ProgramTerms {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  if (!HtlcLock.isNative(own.mint) && !client.tokens.has(Address.encode(own.mint)))
    throw SolanaErrors.SolanaTokenNotAllowed(
      `terms.asset must be one of the adapter's tokens, got ${show(terms.asset)}`,
      {
        argument: 'terms.asset',
        received: terms.asset,
        allowed: [...client.tokens.values()].map((token) => token.id),
      },
    )
  return own
}

/** Judges terms offline. Refusals: `terms`, `token-allowed`; the context names the term and what came. */
export function auditTerms(client: Client, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => programTerms(client, terms), 'SolanaTokenNotAllowed')
}

/** The lock that terms will have: its address is of the terms alone. */
export function expectLock(client: Client, terms: LockTerms.LockTerms, transaction: string): Lock {
  const { address } = HtlcLock.address(programTerms(client, terms), client.backend)
  return { ref: Address.encode(address), transaction, amount: terms.amount, match: 'exact' }
}
