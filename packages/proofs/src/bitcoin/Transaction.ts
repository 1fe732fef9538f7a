import { type Bytes, Verdict } from '@aitbc/core'
import * as Cursor from '../internal/cursor.js'
import { join } from '../internal/join.js'
import * as Hash256 from './Hash256.js'

/** What an input spends, and how. */
export interface Input {
  /** Of the transaction spent, in the order of the protocol. */
  readonly txid: Bytes.Hash32
  readonly index: number
  readonly script: Bytes.Bytes
  readonly sequence: number
  /** Empty where the input has none. */
  readonly witness: readonly Bytes.Bytes[]
}

/** What an output pays, in satoshi, and to which script. */
export interface Output {
  readonly amount: bigint
  readonly script: Bytes.Bytes
}

/** A transaction; integers are unsigned 32 bits but `version`, which is signed. */
export interface Transaction {
  readonly version: number
  readonly inputs: readonly Input[]
  readonly outputs: readonly Output[]
  readonly lockTime: number
}

/** Serialised inputs and outputs are at least so long. */
const INPUT_SIZE = 41
const OUTPUT_SIZE = 9
/** A block's weight: nothing larger was ever in one. */
export const MAX_SIZE = 4_000_000

/**
 * Reads a transaction, with witnesses (BIP-144) or without; total, canonical, all bytes consumed.
 *
 * Refusals: `transaction-size`, `transaction-encoding` (truncated, trailing bytes, a compact size that isn't shortest),
 * `transaction-inputs` (none), `transaction-witness` (the flag set without any witness, or an unknown flag).
 *
 * @example
 * import { Transaction } from '@aitbc/proofs/bitcoin'
 * Transaction.decode(new Uint8Array(10)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Transaction> {
  if (bytes.length > MAX_SIZE)
    return Verdict.refuse('transaction-size', `${bytes.length} bytes fit in no block`, {
      length: bytes.length,
    })
  const cursor = Cursor.from(bytes)
  const transaction = read(cursor)
  if (!transaction.ok) return transaction
  if (!Cursor.done(cursor))
    return Verdict.refuse('transaction-encoding', `${bytes.length - cursor.at} bytes after the transaction`)
  return transaction
}

/** Reads the transaction that starts where a cursor stands; refusals as for {@link decode}, but for what follows it. */
export function read(cursor: Cursor.Cursor): Verdict.Verdict<Transaction> {
  const version = Cursor.i32le(cursor)
  let count = Cursor.compactSize(cursor)
  let flagged = false
  if (count === 0 && !cursor.failed) {
    if (Cursor.u8(cursor) !== 1)
      return Verdict.refuse('transaction-inputs', 'no inputs, and no segregated witness either')
    flagged = true
    count = Cursor.compactSize(cursor)
  }
  if (count === 0 && !cursor.failed) return Verdict.refuse('transaction-inputs', 'no inputs')
  const inputs: Input[] = []
  if (Cursor.fits(cursor, count, INPUT_SIZE))
    for (let i = 0; i < count && !cursor.failed; i++)
      inputs.push({
        txid: Cursor.take(cursor, 32),
        index: Cursor.u32le(cursor),
        script: Cursor.sized(cursor),
        sequence: Cursor.u32le(cursor),
        witness: [],
      })
  const outputs: Output[] = []
  const paid = Cursor.compactSize(cursor)
  if (Cursor.fits(cursor, paid, OUTPUT_SIZE))
    for (let i = 0; i < paid && !cursor.failed; i++)
      outputs.push({ amount: Cursor.u64le(cursor), script: Cursor.sized(cursor) })
  if (flagged && !cursor.failed) {
    let any = false
    for (let i = 0; i < inputs.length && !cursor.failed; i++) {
      const items = Cursor.compactSize(cursor)
      if (!Cursor.fits(cursor, items)) break
      const witness: Bytes.Bytes[] = []
      for (let j = 0; j < items && !cursor.failed; j++) witness.push(Cursor.sized(cursor))
      any ||= items > 0
      inputs[i] = { ...(inputs[i] as Input), witness }
    }
    if (!any && !cursor.failed)
      return Verdict.refuse('transaction-witness', 'the witness flag is set, and every witness is empty')
  }
  const lockTime = Cursor.u32le(cursor)
  if (cursor.failed)
    return Verdict.refuse('transaction-encoding', `not a whole transaction: wrong at byte ${cursor.at}`)
  return Verdict.accept({ version, inputs, outputs, lockTime })
}

/** Writes a transaction; with witnesses (BIP-144) where an input has one. */
export function encode(transaction: Transaction): Bytes.Bytes {
  return transaction.inputs.some((input) => input.witness.length > 0)
    ? write(transaction, true)
    : write(transaction, false)
}

/** Writes a transaction without its witnesses: what the txid commits to. */
export function encodeStripped(transaction: Transaction): Bytes.Bytes {
  return write(transaction, false)
}

/**
 * The transaction's id, in the order of the protocol; `Hash256.toDisplay` writes it as explorers do.
 */
export function txid(transaction: Transaction): Bytes.Hash32 {
  return Hash256.of(encodeStripped(transaction))
}

/** The hash that commits to the witnesses too (BIP-141), in the order of the protocol. */
export function wtxid(transaction: Transaction): Bytes.Hash32 {
  return Hash256.of(encode(transaction))
}

/** Tells whether a transaction creates coins: one input, and it spends nothing. */
export function isCoinbase(transaction: Transaction): boolean {
  const [input, ...more] = transaction.inputs
  return input !== undefined && more.length === 0 && spendsNothing(input)
}

/** Tells whether an input is that of a coinbase. */
export function spendsNothing({ txid, index }: Input): boolean {
  return index === 0xffff_ffff && txid.every((byte) => byte === 0)
}

function write(transaction: Transaction, witnesses: boolean): Bytes.Bytes {
  const parts: Bytes.Bytes[] = [u32(transaction.version)]
  if (witnesses) parts.push(Uint8Array.of(0, 1))
  parts.push(compactSize(transaction.inputs.length))
  for (const input of transaction.inputs)
    parts.push(
      input.txid,
      u32(input.index),
      compactSize(input.script.length),
      input.script,
      u32(input.sequence),
    )
  parts.push(compactSize(transaction.outputs.length))
  for (const output of transaction.outputs) {
    const amount = new Uint8Array(8)
    new DataView(amount.buffer).setBigUint64(0, output.amount, true)
    parts.push(amount, compactSize(output.script.length), output.script)
  }
  if (witnesses)
    for (const { witness } of transaction.inputs) {
      parts.push(compactSize(witness.length))
      for (const item of witness) parts.push(compactSize(item.length), item)
    }
  parts.push(u32(transaction.lockTime))
  return join(parts)
}

function u32(value: number): Bytes.Bytes {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value >>> 0, true)
  return out
}

/** Writes a count or length (0 to 2^32 − 1) in its only form. */
export function compactSize(value: number): Bytes.Bytes {
  if (value < 0xfd) return Uint8Array.of(value)
  const out = new Uint8Array(value <= 0xffff ? 3 : 5)
  const view = new DataView(out.buffer)
  if (value <= 0xffff) {
    out[0] = 0xfd
    view.setUint16(1, value, true)
  } else {
    out[0] = 0xfe
    view.setUint32(1, value, true)
  }
  return out
}
