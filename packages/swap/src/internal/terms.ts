// Terms and their bytes: those of a swap stay the same in all that is read and written of it.
import { Bytes, LockTerms } from '@aitbc/core'

const encoded = new WeakMap<LockTerms.LockTerms, Bytes.Bytes>()
const latest: LockTerms.LockTerms[] = []
/** Terms that are remembered: a few swaps' are read at a time. */
const MOST_LATEST = 8

/** Reads the canonical bytes of terms; the same terms for the same bytes, as long as they are remembered. */
export function decoded(bytes: Bytes.Bytes): LockTerms.LockTerms {
  const known = latest.find((terms) => Bytes.equal(bytesOf(terms), bytes))
  if (known !== undefined) return known
  const terms = LockTerms.decode(bytes)
  encoded.set(terms, bytes)
  latest.unshift(terms)
  latest.splice(MOST_LATEST)
  return terms
}

/** The canonical bytes of terms that nobody changes: written once. */
export function bytesOf(terms: LockTerms.LockTerms): Bytes.Bytes {
  const known = encoded.get(terms)
  if (known !== undefined) return known
  const bytes = LockTerms.encode(terms)
  encoded.set(terms, bytes)
  return bytes
}
