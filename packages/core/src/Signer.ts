import type { AccountId } from './AccountId.js'
import type { AssetId } from './AssetId.js'
import type { Bytes } from './Bytes.js'
import type { ChainId } from './ChainId.js'
import type { Deadline } from './Deadline.js'

/** One transaction or message to sign, as bytes of a published format, with the most that it can cost. */
export interface Step {
  readonly network: ChainId
  /** What it does, for progress and for wallets: `lock`, `approve`, `claim`, … */
  readonly kind: string
  /** The account (or script) whose signature it needs. */
  readonly from: AccountId
  /** `bitcoin/psbt` (BIP-174), `evm/transaction` (unsigned EIP-2718 bytes), … */
  readonly format: string
  readonly payload: Bytes
  /** Most that it costs besides the amount itself, base units of `asset`. */
  readonly maxFee: { readonly asset: AssetId; readonly amount: bigint }
  /** What only one transaction can ever use: an input (`txid:vout`), an account's nonce, a sequence. All versions of a step share it. */
  readonly conflictKey: string
  /** From when on it can be included; absent: at once. */
  readonly validFrom?: Deadline
  /** Until when it can be included; absent: no limit. */
  readonly validUntil?: Deadline
}

/** A signed step, ready to broadcast. */
export interface Signed {
  readonly step: Step
  /** The transaction's id in the chain's display form, known before it is broadcast. */
  readonly id: string
  /** The bytes that are broadcast. */
  readonly raw: Bytes
}

/** A broadcast step: enough to follow, repeat and replace it. Plain data, so that it can be journaled. */
export interface Submission {
  readonly step: Step
  readonly id: string
  /** Absent where a wallet sent it and keeps the bytes. */
  readonly raw?: Bytes
  /** Ids of all versions so far, oldest first; the last is `id`. */
  readonly attempts: readonly string[]
}

/**
 * Who holds a key: it `signs` and hands the bytes back, or, as injected EVM wallets do, it `sends` itself.
 */
export type Signer =
  | {
      readonly kind: 'signs'
      readonly account: AccountId
      /** Somebody is asked each time, whose answer may come late, or never: only for what is to be sent now, so for no refund or claim ahead of time. */
      readonly asks?: boolean
      sign(step: Step, options?: { readonly signal?: AbortSignal }): Promise<Signed>
    }
  | {
      readonly kind: 'sends'
      readonly account: AccountId
      /** Rejects where the wallet can't be asked for a step now, as on another chain; it is shown nothing of it. */
      ready?(step: Step, options?: { readonly signal?: AbortSignal }): Promise<void>
      send(step: Step, options?: { readonly signal?: AbortSignal }): Promise<Submission>
    }
