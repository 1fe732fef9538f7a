import type { Leg, Role } from '../Agreement.js'

/** One chain in ticks: what the checker needs of its timing and its lock profile. */
export interface Chain {
  /** Most that the clock runs ahead of UTC. */
  readonly lead: number
  /** Most that the clock runs behind UTC. */
  readonly lag: number
  /** S: blocks within which an honest party's transaction is in, at least 1. */
  readonly inclusion: number
  /** F: ticks from inclusion until nothing undoes it, at least R. */
  readonly finality: number
  /** R: blocks that a reorganisation undoes at most. */
  readonly reorg: number
  /** Ticks without a block at most, in all. */
  readonly outage: number
  /** Claims are accepted after the deadline. */
  readonly lateClaims: boolean
  /** Locks are accepted after the deadline. */
  readonly lateLocks: boolean
  /** A lock shows in the mempool. */
  readonly shown: boolean
  /** Ticks by which claims may end before the deadline of the clock. */
  readonly early?: number
  /** The network itself says what is final, and an old lock may be told to be of any depth. */
  readonly firm?: true
}

/** Everything that one exploration depends on, in ticks from its start. */
export interface Setting {
  readonly chains: { readonly [L in Leg]: Chain }
  readonly deadlines: { readonly [L in Leg]: number }
  readonly rules: {
    readonly launch: number
    readonly lock: number
    readonly reveal: number
    readonly apart: number
  }
  /** O: ticks that an honest party misses in all, once it has ordered its lock. */
  readonly offline: number
  /** D: ticks in a row that an honest party may miss at any time. */
  readonly detection: number
  /** k: reorganisations on both chains together. */
  readonly reorgs: number
  /** Who runs the machine; whoever else there is does anything. */
  readonly honest: readonly Role[]
  /**
   * What a chain's clock is off by: one amount throughout, or free to move between the slowest, the fastest and a steady pace.
   */
  readonly clocks: { readonly [L in Leg]: number } | 'free'
  /** Reorganisations go beyond what is final: what can be lost may be, and only S7, S8, S9, S12 and S15 are held. */
  readonly beyond?: boolean
  /** Each instant is stepped through by itself, also where it compares with everything as another one does. */
  readonly exact?: boolean
  /** Locks of honest parties are included in time as well, nobody is away and no endpoint lies: what L1 takes for granted. */
  readonly fair?: boolean
  /** What a party saw is kept from look to look until it crashes, and an endpoint may then tell an earlier clock; goes with `exact`. */
  readonly keeps?: true
  /** No endpoint makes anything up. */
  readonly truthful?: true
  /** Honest parties may be told to stop at any time. */
  readonly cancels?: true
  /**
   * Both parties may sign for the refund of a lock before its deadline: an honest one when it may, and a dishonest one whenever it likes; for one
   * honest party.
   */
  readonly together?: true
  /** Somebody may pay the whole amount into an honest party's lock, or pay a lock twice. */
  readonly gifts?: true
  /** What comes of it is held against a party, and not that it decides the same at a second look (S15), nor that what is due goes out (L4). */
  readonly lax?: true
  /** What a reorganisation undoes is in no mempool any more, and has to be sent again. */
  readonly drops?: true
  /**
   * `agreed`: nothing is on chain yet; `launched`: the long lock is final; `locked`: both locks are; `recovered`: the long lock is final, and
   * its owner knows of it alone.
   */
  readonly from: 'agreed' | 'launched' | 'locked' | 'recovered'
}

/** Ticks that a machine's clocks are counted from, so that they look like unix seconds. */
export const EPOCH = 1_000_000_000
