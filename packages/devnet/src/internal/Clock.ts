/** The devnet's one clock, unix seconds: the wall clock plus what was skipped. It never runs backwards. */
export interface Clock {
  now(): bigint
  /** Skips so many seconds. */
  shift(seconds: bigint): void
  /** Skips to a time, when that is ahead. */
  reach(time: bigint): void
}

/** A clock over a source of wall-clock milliseconds. */
export function create(wall: () => number, startTime?: bigint): Clock {
  const seconds = (): bigint => BigInt(Math.floor(wall() / 1000))
  let skipped = startTime === undefined ? 0n : startTime - seconds()
  let last = 0n
  const now = (): bigint => {
    const time = seconds() + skipped
    if (time > last) last = time
    return last
  }
  return {
    now,
    shift: (by) => {
      skipped += by
    },
    reach: (time) => {
      const ahead = time - now()
      if (ahead > 0n) skipped += ahead
    },
  }
}
