import {
  type CallOptions,
  type Due,
  type Fact,
  type Lock,
  type LockSide,
  type LockTerms,
  show,
} from '@aitbc/core'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { TOKEN_ACCOUNT_SIZE } from '../SolanaInstruction.js'
import { type Client, ref, rentOf, told } from './client.js'
import { assertRef, stateOf } from './locks.js'
import { programTerms } from './terms.js'

/**
 * What a settled lock still owes a party: the amount, where the claim or refund could not pay it, and to the locker the rent of the
 * lock's accounts from the deadline on. As of the newest rooted slot; `SolanaWouldFail` (3311) where the lock isn't settled there yet.
 */
export async function dues(
  client: Client,
  terms: LockTerms.LockTerms,
  lock: Lock,
  to: LockSide,
  options?: CallOptions,
): Promise<Fact.Fact<readonly Due[]>> {
  const own = programTerms(client, terms)
  assertRef(client, own, lock, 'lock.ref')
  const { network } = client
  const commitment = network.finality.rule === 'tag' ? 'finalized' : 'confirmed'
  const state = await stateOf(client, own, options, commitment)
  const why = 'why' in state ? state.why.message : state.account?.status
  // Whoever asks knows that it is settled: a node that doesn't is behind, and that nothing is owed would be the end of it.
  if ('why' in state || why === 'locked')
    throw SolanaErrors.SolanaWouldFail(`what the lock ${show(lock.ref)} owes can't be told: ${why}`, {
      argument: 'lock',
    })
  const { account, held, at, head } = state
  const fact = (value: readonly Due[]) => told(client, value, ref(at), head.tip)
  if (account === undefined) return fact([])
  const payee: LockSide = account.status === 'claimed' ? 'beneficiary' : 'locker'
  const payment: Due = { kind: 'payment', asset: terms.asset, amount: terms.amount }
  const payments = !account.paid && payee === to ? [payment] : []
  if (to !== 'locker') return fact(payments)
  const rent =
    (await rentOf(client, HtlcLock.ACCOUNT_SIZE, options)) +
    (held === undefined ? 0n : await rentOf(client, TOKEN_ACCOUNT_SIZE, options))
  return fact([
    ...payments,
    { kind: 'deposit', asset: network.native.id, amount: rent, from: terms.deadline },
  ])
}
