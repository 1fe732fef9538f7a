import { type Bytes, Verdict } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import { i32, NONE, u32, u64, whole } from './bytes.js'
import { type Field, G, get, I, O } from './fields.js'

/** A partially signed transaction (BIP-174 or its version 2, BIP-370), with whatever fields it carries, in their order. */
export interface Psbt {
  readonly version: 0 | 2
  readonly global: readonly Field[]
  readonly inputs: readonly (readonly Field[])[]
  readonly outputs: readonly (readonly Field[])[]
}
const SEQUENCE_FINAL = 0xffff_ffff

/**
 * The lock time that inputs of a version 2 PSBT agree on (BIP-370, "Determining Lock Time"); that of version 0 is in its transaction.
 *
 * Refusal: `psbt-lock-time` where one input asks for a time only, and another for a height only.
 */
export function lockTime(psbt: Psbt): Verdict.Verdict<number> {
  if (psbt.version === 0) return Verdict.accept(unsignedOf(psbt).lockTime)
  const locks = psbt.inputs
    .map((map) => [get(map, I.heightLock), get(map, I.timeLock)] as const)
    .filter(([height, time]) => height !== undefined || time !== undefined)
  const latest = (which: 0 | 1) => Math.max(...locks.map((lock) => u32(lock[which] as Bytes.Bytes)))
  if (locks.length === 0) {
    const fallback = get(psbt.global, G.fallbackLockTime)
    return Verdict.accept(fallback === undefined ? 0 : u32(fallback))
  }
  // Where both are possible, heights win.
  if (locks.every(([height]) => height !== undefined)) return Verdict.accept(latest(0))
  if (locks.every(([, time]) => time !== undefined)) return Verdict.accept(latest(1))
  return Verdict.refuse('psbt-lock-time', 'one input asks for a height, another for a time')
}

/** The transaction without signatures. Refusal: that of {@link lockTime}. */
export function transactionOf(psbt: Psbt): Verdict.Verdict<Transaction.Transaction> {
  if (psbt.version === 0) return Verdict.accept(unsignedOf(psbt))
  const time = lockTime(psbt)
  if (!time.ok) return time
  return Verdict.accept({
    version: i32(get(psbt.global, G.txVersion) as Bytes.Bytes),
    inputs: psbt.inputs.map((map) => {
      const sequence = get(map, I.sequence)
      return {
        txid: get(map, I.previousTxid) as Bytes.Bytes,
        index: u32(get(map, I.outputIndex) as Bytes.Bytes),
        script: NONE,
        sequence: sequence === undefined ? SEQUENCE_FINAL : u32(sequence),
        witness: [],
      }
    }),
    outputs: psbt.outputs.map((map) => ({
      amount: u64(get(map, O.amount) as Bytes.Bytes),
      script: get(map, O.script) as Bytes.Bytes,
    })),
    lockTime: time.value,
  })
}

function unsignedOf(psbt: Psbt): Transaction.Transaction {
  return unsignedTransaction(get(psbt.global, G.unsignedTx) as Bytes.Bytes) as Transaction.Transaction
}

/** Here alone a transaction may have no inputs, and its encoding is always that without witnesses (BIP-174). */
export function unsignedTransaction(raw: Bytes.Bytes): Transaction.Transaction | undefined {
  if (raw[4] !== 0) {
    const transaction = Transaction.decode(raw)
    return transaction.ok ? transaction.value : undefined
  }
  return whole(raw, (reader) => {
    const version = i32(reader.take(4))
    reader.take(1)
    const outputs: Transaction.Output[] = []
    for (let left = reader.compactSize(); left > 0 && !reader.failed; left--) {
      const amount = u64(reader.take(8))
      outputs.push({ amount, script: reader.take(reader.compactSize()) })
    }
    return { version, inputs: [], outputs, lockTime: u32(reader.take(4)) }
  })
}
