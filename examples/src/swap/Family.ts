import type { Amount, ChainId, SeedWallet, SwapSeed } from '@aitbc/core'
import type { Middleware } from '@aitbc/core/rpc'
import type { Side } from '@aitbc/swap'
import type { Clock } from './Clock.js'

/** The names of the families that the demo knows; each has a file in `families/`. */
export type FamilyName = 'bitcoin' | 'ethereum' | 'solana' | 'cosmos' | 'polkadot' | 'iris'

/** What is told from one process to another: plain JSON. */
export type Json = null | boolean | string | number | readonly Json[] | { readonly [key: string]: Json }

/** What a party is told of a chain: where it is, and what it takes on trust of it. */
export interface Place {
  /** Endpoint, programs, tokens: the same for everybody. */
  readonly at: Json
  /** The block that a verifier starts from, as new as the process. */
  readonly trusts: Json
}

/** Something that is swapped here. */
export interface Traded extends Amount.Asset {
  /** Base units that change hands in a scene. */
  readonly amount: bigint
  /** Base units that each party has before a scene, at least what it needs for fees. */
  readonly purse: bigint
}

/** What transactions took from whoever sent them, in base units of the native coin. */
export interface Costs {
  /** Paid for good. */
  readonly fees: bigint
  /** Rent and deposits that locks still keep: given back when they are closed, where the chain does that. */
  readonly held: bigint
}

/** A chain that runs here, as the stage knows it: it starts, funds, makes blocks and counts. */
export interface LocalChain {
  readonly network: ChainId.ChainId
  /** A few words. */
  readonly name: string
  /** What runs, with its version. */
  readonly software: string
  /** What proves a fact of it, or why nothing does. */
  readonly evidence: string
  /** Blocks on top after which nothing is counted any more, where depth says so. */
  readonly finalDepth?: bigint
  /** The native coin, and a token where there is one. */
  readonly assets: { readonly native: Traded; readonly token?: Traded }
  /** What a party needs to know when its process starts now. */
  place(): Place
  /** Gives what is in the purses to a seed's account; included at once. */
  fund(seed: SwapSeed.SwapSeed): Promise<void>
  /** Milliseconds from one `produce` to the next. */
  readonly everyMs: number
  /** Makes the next block or blocks, at the clock's time; moves the clock where the chain's own is ahead. */
  produce(): Promise<void>
  /** Makes blocks until locks of before the clock's time have passed their deadlines, and whoever starts now can trust a newer block. */
  catchUp(): Promise<void>
  /** The time at which the chain has a height, unix seconds; there where locks end at heights. */
  timeOf?(height: bigint): bigint
  /** Undoes blocks and what they have; missing where nothing undoes a block. */
  reorg?(depth: number, drop: readonly string[]): Promise<void>
  /** Base units by asset that a seed's keys control now, as the node itself counts. */
  holdings(
    seed: SwapSeed.SwapSeed,
    nonces: readonly Uint8Array[],
  ): Promise<{ readonly native: bigint; readonly token: bigint }>
  /** What transactions (by id) cost, those that no block has apart, and what the party's own locks (by ref) still keep. */
  costs(ids: readonly string[], locks: readonly string[]): Promise<Costs>
  close(): Promise<void>
}

/** What a chain is started with. */
export interface StartOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress?: (message: string) => void
}

/** What a side is made with. */
export interface SideOptions {
  /** The party's own clock, unix seconds. */
  readonly utc: () => bigint
  /** Milliseconds between two looks at the chain. */
  readonly pollMs: number
  /** What else its questions pass, where it asks a node over HTTP. */
  readonly through?: readonly Middleware[]
}

/** A family of chains: all that the demo has to know of it. Another one is a file like the others and an entry in `families.ts`. */
export interface Family {
  /** Why it can't swap on this machine, and what helps; `undefined` where it can. */
  readonly missing?: () => string | undefined
  start(options: StartOptions): Promise<LocalChain>
  /** A party's keys. */
  wallet(place: Place, seed: SwapSeed.SwapSeed): SeedWallet
  /** A party's side of a swap: adapter, verifier where there is one, and keys. Runs in the party's own process. */
  side(place: Place, seed: SwapSeed.SwapSeed, options: SideOptions): Promise<Side.Side>
}
