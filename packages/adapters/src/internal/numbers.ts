/**
 * The first of `count` numbers in a row that an account has free, from `next` on: after all of what comes `before`, and none that something
 * `beside` has. That may never be sent, and nothing is included behind a number that nobody uses, so the least counts.
 */
export function freeNumber(
  next: bigint,
  { before, beside }: { readonly before: readonly bigint[]; readonly beside: readonly bigint[] },
  count = 1,
): bigint {
  const first = before.reduce((least, one) => (one < least ? least : one + 1n), next)
  const ends = beside.map((one) => one + 1n).filter((end) => end > first)
  const isFree = (number: bigint) => !beside.some((one) => one >= number && one < number + BigInt(count))
  return [first, ...ends].sort((a, b) => (a < b ? -1 : 1)).find(isFree) as bigint
}
