// Time: when each chain's next block comes, and what is in it. It jumps to where something happens, never beyond what a plan says.
import * as Chain from '../Chain.js'
import type * as Ledger from '../Ledger.js'
import type * as Random from '../Random.js'

/** One leg's chain, with what happens to it. */
export interface Track {
  readonly chain: Chain.Chain
  readonly random: Random.Random
  /** UTC of its last block, milliseconds. */
  lastMs: number
  /** Milliseconds from its last block to its next. */
  intervalMs: number
  skew: number
  haltedUntil: number
  censoredUntil: number
  /** Heights of blocks that aren't final yet and hold something. */
  fresh: bigint[]
}

export function track(chain: Chain.Chain, random: Random.Random, now: number): Track {
  const of: Track = {
    chain,
    random,
    lastMs: now * 1000,
    intervalMs: 0,
    skew: 0,
    haltedUntil: 0,
    censoredUntil: 0,
    fresh: [],
  }
  of.intervalMs = interval(of)
  return of
}

/** Proof of work takes its time; all others have a beat. */
function interval({ chain, random }: Track): number {
  const mean = Number(chain.network.blockTimeMs)
  return chain.family.median ? Math.floor(mean * (0.2 + 1.6 * random.float())) : mean
}

/** Whose transactions are kept waiting, and for how long each. */
export interface Rules {
  readonly isHonest: (tx: Ledger.Tx) => boolean
  /** Seconds that a transaction waits at least, as drawn for it. */
  readonly delay: (tx: Ledger.Tx) => number
}

/** What may stand in a block at an instant. */
function held(of: Track, rules: Rules, now: number): (waiting: Chain.Waiting) => boolean {
  return ({ tx, since }) =>
    rules.isHonest(tx) && (now < of.censoredUntil || now < Number(since) + rules.delay(tx))
}

/** When something of this chain happens next, UTC in seconds; `undefined` while nothing waits and nothing is to become final. */
export function next(of: Track, rules: Rules, now: number, deadlines: readonly bigint[]): number | undefined {
  const { chain } = of
  const begin = Math.max(of.lastMs + of.intervalMs, of.haltedUntil * 1000)
  const block = Math.ceil(begin / 1000)
  const times: number[] = []
  const ready = Math.max(block, now + 1)
  for (const waiting of chain.mempool) {
    if (waiting.tx.rate < chain.floor) times.push(Math.max(ready, now + 30))
    else if (!held(of, rules, now)(waiting)) times.push(ready)
    else times.push(Math.max(ready, of.censoredUntil, Number(waiting.since) + rules.delay(waiting.tx)))
  }
  const height = of.fresh[0]
  if (height !== undefined) {
    const { finality } = chain.network
    const behind =
      finality.rule === 'depth' ? Number(finality.depth) - 1 : finality.rule === 'tag' ? Number(chain.lag) : 0
    const missing = Math.max(1, Number(height) + behind - Number(Chain.tip(chain).height))
    times.push(chain.family.median ? ready : Math.ceil((of.lastMs + missing * of.intervalMs) / 1000))
  }
  // Near a deadline every block counts.
  const { clock } = Chain.tip(chain)
  for (const deadline of deadlines) {
    const left = Number(deadline - clock)
    if (chain.family.median ? left > -7200 && left < 7200 : left > 0) {
      const at = chain.family.median ? ready : Math.max(now + 1, Number(deadline) - of.skew)
      times.push(Math.max(ready, at))
    }
  }
  return times.length === 0 ? undefined : Math.max(now + 1, Math.min(...times))
}

/** Makes the blocks that are due at an instant. */
export function produce(
  of: Track,
  rules: Rules,
  now: number,
  unfair: (waiting: Chain.Waiting) => boolean,
): void {
  const { chain } = of
  if (now < of.haltedUntil) return
  // Blocks that would have come during a halt never do.
  const resumed = of.haltedUntil * 1000 - of.intervalMs
  let stale = chain.family.stale && of.lastMs < resumed ? of.lastMs + of.intervalMs : undefined
  if (of.lastMs < resumed) of.lastMs = resumed
  chain.quiet = true
  let made = false
  chain.now = BigInt(now)
  for (let rounds = 0; of.lastMs + of.intervalMs <= now * 1000 && rounds < 2000; rounds++) {
    const without = held(of, rules, now)
    const waits = chain.mempool.some((w) => !without(w) && (w.tx.rate >= chain.floor || unfair(w)))
    const due = Math.floor((now * 1000 - of.lastMs) / of.intervalMs)
    const span = waits || chain.family.median || stale !== undefined ? 1 : due
    of.lastMs += span * of.intervalMs
    of.intervalMs = interval(of)
    const time = BigInt(Math.floor((stale ?? of.lastMs) / 1000) + of.skew)
    stale = undefined
    const block = Chain.mine(chain, { time, span: BigInt(span), without, first: unfair })
    if (block.txs.length > 0) of.fresh.push(block.height)
    made = true
  }
  of.fresh = of.fresh.filter((height) => height > chain.finalized)
  chain.quiet = false
  if (made) Chain.tell(chain)
}
