import { Bytes, type CallOptions, type Signed } from '@aitbc/core'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import type { Context } from './context.js'
import * as Psbt from './psbt.js'
import type { Located } from './reader.js'

/**
 * The transaction that made an own lock, as the step that it was once: to be sent again, replaced or made void. Nothing where what it spends
 * can't be looked up, or where it is none of this adapter's making.
 */
export async function madeBy(
  { network, reader }: Context,
  { txid, raw, transaction }: Located,
  options: CallOptions,
): Promise<Signed | undefined> {
  const { outputs, lockTime } = transaction
  const inputs: Psbt.AccountInput[] = []
  for (const { txid: spent, index } of transaction.inputs) {
    const previous = await reader.transaction(Hash256.toDisplay(spent), options)
    const output = previous?.transaction.outputs[index]
    if (previous === undefined || output === undefined) return undefined
    inputs.push({ txid: previous.txid, index, ...output })
  }
  const [first] = inputs
  const from = first && Account.ofScript(network, first.script)
  if (first === undefined || from === undefined) return undefined
  const change = outputs.findIndex(({ script }) => Bytes.equal(script, first.script))
  const sum = (all: readonly { readonly amount: bigint }[]) => all.reduce((s, { amount }) => s + amount, 0n)
  const step = {
    network: network.id,
    kind: 'lock',
    from,
    format: Psbt.FORMAT,
    payload: Psbt.build({ inputs, outputs, lockTime, ...(change < 0 ? {} : { change }) }),
    maxFee: { asset: network.native.id, amount: sum(inputs) - sum(outputs) },
    conflictKey: `${first.txid}:${first.index}`,
  }
  const own = Transaction.txid(Psbt.open(network, step).transaction)
  return Hash256.toDisplay(own) === txid ? { step, id: txid, raw } : undefined
}
