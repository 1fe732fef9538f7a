/** The one clock of all chains, unix seconds: the wall clock plus what was skipped. It never runs backwards. */
export interface Clock {
  now(): bigint
  /** Skips to a time, when that is ahead. */
  reach(time: bigint): void
}

/** A clock, and what a copy of it in another process on this machine has to know: no more than what was skipped. */
export interface SharedClock extends Clock {
  /** Seconds that were skipped in all. */
  ahead(): bigint
  /** Has skipped as much as the clock that this is a copy of. */
  follow(ahead: bigint): void
}

export function createClock(onSkip: () => void = () => undefined): SharedClock {
  const wall = () => BigInt(Math.floor(Date.now() / 1000))
  let skipped = 0n
  let last = 0n
  const now = () => {
    const time = wall() + skipped
    if (time > last) last = time
    return last
  }
  const follow = (ahead: bigint) => {
    if (ahead <= skipped) return
    skipped = ahead
    onSkip()
  }
  return {
    now,
    reach: (time) => follow(skipped + time - now()),
    ahead: () => skipped,
    follow,
  }
}
