import { Bytes, CoreErrors, type LockTerms, type Signed, show } from '@aitbc/core'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { BitcoinErrors } from '../errors.js'
import type { Context } from './context.js'
import * as Terms from './terms.js'

/** Reads the transaction of a signed step; `InvalidStep` (3113) where the bytes are another's. */
export function decodeSigned(signed: Signed): { readonly transaction: Transaction.Transaction } {
  const decoded = signed?.raw instanceof Uint8Array ? Transaction.decode(signed.raw) : { ok: false as const }
  if (!decoded.ok || Hash256.toDisplay(Transaction.txid(decoded.value)) !== signed.id)
    throw BitcoinErrors.InvalidStep(`signed.raw must be the transaction ${show(signed?.id)}`, {
      argument: 'signed.raw',
      received: show(signed?.raw),
    })
  return { transaction: decoded.value }
}

/** The lock that the last of these signed steps makes: output 0. */
export function expected(
  context: Context,
  terms: LockTerms.LockTerms,
  signed: readonly Signed[],
): { readonly id: string; readonly amount: bigint } {
  const { htlc } = Terms.check(context.network, terms)
  const last = signed.at(-1)
  if (last === undefined)
    throw CoreErrors.InvalidArgument('signed must hold the lock step', {
      argument: 'signed',
      received: 0,
    })
  const output = decodeSigned(last).transaction.outputs[0]
  if (output === undefined || !Bytes.equal(output.script, htlc.scriptPubKey))
    throw BitcoinErrors.InvalidStep(`${last.id} makes no lock of these terms`, {
      argument: 'signed',
      received: last.id,
    })
  return { id: last.id, amount: output.amount }
}
