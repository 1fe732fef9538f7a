import { type Bytes, Verdict } from '@aitbc/core'

/** Who may sign, with what weight. */
export interface Voter {
  readonly key: Bytes.Bytes
  readonly weight: bigint
}

/**
 * Counts signers by their places, which must rise: nobody counts twice, and there is one order. Refusals: `signer-index` (no such
 * signer), `signer-duplicate`, `signer-order`, `threshold`.
 */
export function count(
  voters: readonly Voter[],
  threshold: bigint,
  places: readonly number[],
): Verdict.Verdict<readonly Bytes.Bytes[]> {
  const keys: Bytes.Bytes[] = []
  let weight = 0n
  let last = -1
  for (const index of places) {
    const voter = voters[index]
    if (voter === undefined)
      return Verdict.refuse('signer-index', `there is no signer ${index} among ${voters.length}`, { index })
    if (index === last)
      return Verdict.refuse('signer-duplicate', `signer ${index} stands there twice`, { index })
    if (index < last)
      return Verdict.refuse('signer-order', `signer ${index} stands behind ${last}`, { index })
    last = index
    keys.push(voter.key)
    weight += voter.weight
  }
  return weight >= threshold
    ? Verdict.accept(keys)
    : Verdict.refuse('threshold', `${threshold} are needed, ${weight} signed`, { threshold, weight })
}

/** One of several signatures. */
export interface Entry {
  /** Place of the signer. */
  readonly index: number
  readonly signature: Bytes.Bytes
}

/**
 * Counts signatures of one each, and checks every one, also those beyond the threshold. Refusals: those of {@link count}, `signature`
 * (its context says whose, and why).
 */
export function countEach(
  voters: readonly Voter[],
  threshold: bigint,
  entries: readonly Entry[],
  verify: (key: Bytes.Bytes, signature: Bytes.Bytes) => Verdict.Verdict<unknown>,
): Verdict.Verdict<readonly Bytes.Bytes[]> {
  const keys = count(
    voters,
    threshold,
    entries.map(({ index }) => index),
  )
  if (!keys.ok) return keys
  for (const [i, { index, signature }] of entries.entries()) {
    const verdict = verify(keys.value[i] as Bytes.Bytes, signature)
    if (!verdict.ok)
      return Verdict.refuse('signature', `signature of signer ${index}: ${verdict.refusal.message}`, {
        index,
        cause: verdict.refusal.check,
      })
  }
  return keys
}
