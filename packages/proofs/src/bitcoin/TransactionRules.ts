import { Verdict } from '@aitbc/core'
import * as Transaction from './Transaction.js'

/** All coins there will ever be, in satoshi. */
const MAX_MONEY = 2_100_000_000_000_000n

/**
 * Checks what a block demands of a transaction by itself (Bitcoin Core `CheckTransaction`).
 *
 * Refusals: `transaction-inputs`, `transaction-outputs` (none), `transaction-size`, `transaction-amount` (one, or all together, beyond
 * 21 million coins), `transaction-duplicate` (an output spent twice), `transaction-null` (spends nothing, and is no coinbase),
 * `coinbase-script` (2 to 100 bytes).
 *
 * @example
 * import { TransactionRules } from '@aitbc/proofs/bitcoin'
 * TransactionRules.verify({ version: 2, inputs: [], outputs: [], lockTime: 0 }).ok // false
 */
export function verify(transaction: Transaction.Transaction): Verdict.Verdict<Transaction.Transaction> {
  const { inputs, outputs } = transaction
  if (inputs.length === 0) return Verdict.refuse('transaction-inputs', 'no inputs')
  if (outputs.length === 0) return Verdict.refuse('transaction-outputs', 'no outputs')
  if (4 * Transaction.encodeStripped(transaction).length > Transaction.MAX_SIZE)
    return Verdict.refuse('transaction-size', 'the transaction fits in no block')
  let sum = 0n
  for (const [i, { amount }] of outputs.entries()) {
    sum += amount
    if (amount < 0n || amount > MAX_MONEY || sum > MAX_MONEY)
      return Verdict.refuse('transaction-amount', `output ${i} pays more than there is`, { output: i })
  }
  const spent = new Set<string>()
  for (const [i, { txid, index }] of inputs.entries()) {
    const outpoint = `${txid.join()}:${index}`
    if (spent.has(outpoint))
      return Verdict.refuse('transaction-duplicate', `input ${i} spends what an earlier one spends`, {
        input: i,
      })
    spent.add(outpoint)
  }
  if (Transaction.isCoinbase(transaction)) {
    const { length } = (inputs[0] as Transaction.Input).script
    return length >= 2 && length <= 100
      ? Verdict.accept(transaction)
      : Verdict.refuse('coinbase-script', `2 to 100 bytes are expected, got ${length}`)
  }
  const nothing = inputs.findIndex(Transaction.spendsNothing)
  return nothing < 0
    ? Verdict.accept(transaction)
    : Verdict.refuse('transaction-null', `input ${nothing} spends nothing`, { input: nothing })
}
