import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as Reader from './internal/reader.js'
import * as Write from './internal/write.js'
import * as Message from './Message.js'
import * as Signature from './Signature.js'

/** Most bytes of a transaction of these versions: what fits a packet. */
export const MAX_SIZE = 1232

/** A signed message. */
export interface Transaction {
  /** 64 bytes each, in the order of the first addresses; the first is the transaction's id. */
  readonly signatures: readonly Bytes.Bytes[]
  readonly message: Message.Message
}

/**
 * Reads a transaction, legacy or of version 0, to its last byte: total, in the one form that encodes it (A50).
 *
 * Refusals: `transaction-size` (above 1,232 bytes), `signature-count` (not one for each signer), and those of `Message.decode`.
 *
 * @example
 * import { Transaction } from '@aitbc/proofs/solana'
 * declare const bytes: Uint8Array
 * const transaction = Transaction.decode(bytes)
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Transaction> {
  if (bytes.length > MAX_SIZE)
    return Verdict.refuse('transaction-size', `at most ${MAX_SIZE} bytes, got ${bytes.length}`)
  const reader = Reader.from(bytes)
  const signatures = Reader.list(reader, Reader.compactU16(reader), 64, (it) => Reader.take(it, 64))
  const message = Message.read(reader)
  const whole = Reader.finish(reader, { signatures, message })
  if (!whole.ok) return whole
  const checked = Message.check(message)
  if (!checked.ok) return checked
  if (signatures.length !== message.header.signatures)
    return Verdict.refuse(
      'signature-count',
      `${message.header.signatures} signatures are needed, got ${signatures.length}`,
    )
  return whole
}

/** Writes a transaction; one that {@link decode} gave comes out byte for byte. */
export function encode({ signatures, message }: Transaction): Bytes.Bytes {
  return join([Write.varint(signatures.length), ...signatures, Message.encode(message)])
}

/** What has to be verified: each signer's signature of the message. */
export function checks({ signatures, message }: Transaction): readonly Signature.Check[] {
  const bytes = Message.encode(message)
  return signatures.map((signature, index) => ({
    publicKey: message.addresses[index] as Bytes.Bytes32,
    message: bytes,
    signature,
  }))
}

/**
 * Verifies all signatures of a transaction by the strict rule. Refusals: `signature-count`, `signature`.
 *
 * @example
 * import { Transaction } from '@aitbc/proofs/solana'
 * declare const transaction: Transaction.Transaction
 * Transaction.verify(transaction).ok
 */
export function verify(transaction: Transaction): Verdict.Verdict<Transaction> {
  const { signatures, message } = transaction
  if (signatures.length === 0 || signatures.length !== message.header.signatures)
    return Verdict.refuse('signature-count', `${message.header.signatures} signatures are needed`)
  const wrong = checks(transaction).findIndex((check) => !Signature.verify(check))
  if (wrong >= 0) return Verdict.refuse('signature', `signature ${wrong} is wrong`, { index: wrong })
  return Verdict.accept(transaction)
}
