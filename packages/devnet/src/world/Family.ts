import type { AitbcError, Capabilities, ErrorMaker, Fact, LockProfile, LockTerms, Network } from '@aitbc/core'
import type * as Ledger from './Ledger.js'

/** What a mempool does with a second transaction that uses the same slot. */
export type Contest =
  /** It takes the place where it pays more than all that it evicts (BIP-125, rules 3 to 5). */
  | 'replace-by-fee'
  /** It takes the place where each of its prices is a step higher. */
  | 'replace-by-price'
  /** The first one stays, whatever the second one pays. */
  | 'first-stays'
  /** There is no mempool: leaders execute what comes, and both may be executed. */
  | 'none'

/** What one family of chains does otherwise than the others; its transactions and blocks are the kernel's. */
export interface Family {
  readonly name: Network['family']
  readonly kind: Ledger.Kind
  readonly profile: LockProfile
  readonly capabilities: Capabilities & { readonly locks: true; readonly proofs: 'state' | 'inclusion' }
  /** Best that can be known of a lock. */
  readonly best: Fact.Assurance
  readonly backend: (network: Network) => LockTerms.Backend
  readonly format: string
  /** An address from 40 hex digits. */
  readonly address: (hex: string) => string
  /** A transaction's id from 64 hex digits. */
  readonly id: (hex: string) => string
  /** Units of size of each act. */
  readonly size: (does: Ledger.Does) => bigint
  readonly feeOf: (rate: bigint, size: bigint) => bigint
  /** Accounts number their transactions. */
  readonly counted: boolean
  readonly contest: Contest
  /** Least rate of what is to take the place of another. */
  readonly outbid: (rate: bigint) => bigint
  /** Blocks for which a transaction can be included once it is made. */
  readonly lifetime?: bigint
  /** What is charged is the block's price and a share, and not all that was offered. */
  readonly baseFee: boolean
  /** The floor of the fee market some blocks on. */
  readonly drift: (floor: bigint, demand: bigint, blocks: bigint) => bigint
  /** The floor that a quiet market has. */
  readonly calm: (network: Network) => bigint
  /** The clock that locks read is the median of eleven times, of the block before. */
  readonly median: boolean
  /** The first block after a halt still has the time of before: of the votes before it (CometBFT), or of a clock that lags (Solana). */
  readonly stale: boolean
  /** Blocks from the head to what is final, where finality is a tag. */
  readonly lag: bigint
  /** A node executes what it is sent before it passes it on, claims aside (H18). */
  readonly preflight: boolean
  readonly errors: {
    readonly terms: ErrorMaker
    /** Absent where locks hold no tokens. */
    readonly token?: ErrorMaker
    readonly funds: ErrorMaker
    readonly rate: ErrorMaker
    readonly step: ErrorMaker
    readonly differs: ErrorMaker
    readonly unproved: ErrorMaker
    /** A node's reason not to take a transaction, as the adapter of the family tells it. */
    readonly refusal: (reason: Refusal, message: string, context: Record<string, unknown>) => AitbcError
  }
}

/** Why a node doesn't take a transaction. */
export type Refusal =
  | 'used'
  | 'cheap'
  | 'outbid'
  | 'not-final'
  | 'too-long'
  | 'funds'
  | 'expired'
  | 'fails'
  | 'sequence'
