import { Bytes, type CallOptions, type PrepareOptions } from '@aitbc/core'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import type * as Account from '../Account.js'
import * as CoinSelection from '../CoinSelection.js'
import type { Context } from './context.js'
import type * as Psbt from './psbt.js'
import type { Located } from './reader.js'
import { decodeSigned } from './signed.js'

const COINBASE_MATURITY = 100n

export type Coin = Psbt.AccountInput & CoinSelection.Coin

/** Coins of an account that may be spent: confirmed and mature ones, and the account's own unconfirmed change. */
export async function coinsOf(
  context: Context,
  account: Account.Account,
  options: PrepareOptions,
): Promise<{ readonly confirmed: readonly Coin[]; readonly own: readonly Coin[] }> {
  const { reader } = context
  const used = new Set<string>()
  const ahead: Coin[] = []
  for (const signed of [...(options.beside ?? []), ...(options.after ?? [])]) {
    const { transaction } = decodeSigned(signed)
    for (const input of transaction.inputs) used.add(`${Hash256.toDisplay(input.txid)}:${input.index}`)
    // What others that share the account make may never be there.
    if (options.beside?.includes(signed)) continue
    transaction.outputs.forEach(({ amount, script }, index) => {
      if (signed.step.from === account.id && Bytes.equal(script, account.script))
        ahead.push({ txid: signed.id, index, amount, script, previous: signed.raw })
    })
  }
  const [tip, found] = await Promise.all([reader.tip(options), reader.unspent(account.script, options)])
  const confirmed: Coin[] = []
  const own: Coin[] = ahead.filter((coin) => !used.has(CoinSelection.outpoint(coin)))
  for (const { txid, index, amount, located } of found) {
    const coin: Coin = {
      txid,
      index,
      amount,
      script: account.script,
      // Version 1 programs sign all amounts; version 0 ones need the whole transaction to be sure.
      ...(account.kind === 'p2wpkh' ? { previous: located.raw } : {}),
    }
    if (used.has(CoinSelection.outpoint(coin)) || own.some((one) => one.txid === txid && one.index === index))
      continue
    if (located.at === 'mempool') {
      if (await isOwn(context, located, account, options)) own.push(coin)
    } else if (
      !Transaction.isCoinbase(located.transaction) ||
      tip.height - located.at.height + 1n >= COINBASE_MATURITY
    )
      confirmed.push(coin)
  }
  return { confirmed, own }
}

/** Whether all that an unconfirmed transaction spends is the account's: then nobody else can take it back. */
async function isOwn(
  context: Context,
  located: Located,
  account: Account.Account,
  options: CallOptions,
): Promise<boolean> {
  for (const input of located.transaction.inputs) {
    const previous = await context.reader.transaction(Hash256.toDisplay(input.txid), options)
    const output = previous?.transaction.outputs[input.index]
    if (output === undefined || !Bytes.equal(output.script, account.script)) return false
  }
  return true
}
