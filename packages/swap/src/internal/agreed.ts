// What the record of an own lock says of its swap.
import { type Bytes, Codec, CoreErrors, LockTerms } from '@aitbc/core'
import type { Durable } from '../SwapMachine.js'

type Legs = Required<Durable['terms']>

/** First byte of a record that has both legs. */
const LEGS = 3

/**
 * The terms of both legs, which is what a recovery needs: a whole agreement, with its signatures, finds no room beside many locks, nor does a ring
 * beside most, and a leg that nobody lists by its hashlock would never be found again.
 */
export function encode({ long, short }: Legs): Bytes.Bytes {
  return Codec.writer().u8(LEGS).bytes(LockTerms.encode(long)).bytes(LockTerms.encode(short)).finish()
}

/** Reads what {@link encode} wrote; `InvalidEncoding` (1012), or the code of the term that is wrong. Whoever wrote it has the seed. */
export function decode(bytes: Bytes.Bytes): Legs {
  const reader = Codec.reader(bytes)
  const kind = reader.u8()
  if (kind !== LEGS)
    throw CoreErrors.InvalidEncoding(`a record of both legs begins with ${LEGS}, got ${kind}`, {
      received: kind,
    })
  const legs = { long: LockTerms.decode(reader.bytes()), short: LockTerms.decode(reader.bytes()) }
  reader.finish()
  return legs
}
