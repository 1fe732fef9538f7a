import { type Bytes, Codec, isAitbcError, Verdict } from '@aitbc/core'

/** Reads a record of the SDK's canonical encoding to its last byte; whatever else came is the refusal `evidence-encoding`. */
export function decode<T>(bytes: Bytes.Bytes, read: (reader: Codec.Reader) => T): Verdict.Verdict<T> {
  try {
    const reader = Codec.reader(bytes)
    const value = read(reader)
    reader.finish()
    return Verdict.accept(value)
  } catch (error) {
    if (!isAitbcError(error, 'InvalidEncoding')) throw error
    return Verdict.refuse('evidence-encoding', error.message, error.context)
  }
}

/** Hashes of a Merkle path. */
export function hashes(reader: Codec.Reader, max: number): readonly Bytes.Hash32[] {
  return reader.list((item) => item.fixed(32), max)
}
