import type { Bytes, CallOptions, Fact } from '@aitbc/core'

/** Where an endpoint says that a transaction is. */
export interface Told {
  /** The transaction as it is on the wire, with witnesses. */
  readonly raw: Bytes.Bytes
  /** The block that holds it; absent in the mempool. */
  readonly block?: Fact.BlockRef
}

/** A transaction's place in its block: what leads from its id to the block's Merkle root. */
export interface Place {
  readonly index: number
  /** From the bottom up, in the order of the protocol. */
  readonly siblings: readonly Bytes.Hash32[]
}

/** An output, by transaction (display form) and index. */
export interface Outpoint {
  readonly txid: string
  readonly index: number
}

/**
 * What the adapter asks of an endpoint. Implementations check the form of each answer and no more: the adapter recomputes
 * every hash, so a back end can hide things but not invent them.
 *
 * Hashes and ids are in display form. A call for something that isn't there gives `undefined`.
 */
export interface Backend {
  /** For messages, e.g. `Bitcoin Core`. */
  readonly name: string
  /** Whether one endpoint speaks or a quorum of them. */
  readonly assurance: 'reported' | 'quorum'
  /** Head of the best chain. */
  tip(options?: CallOptions): Promise<Fact.BlockRef>
  /** Hash of the best chain's block at a height. */
  blockHash(height: bigint, options?: CallOptions): Promise<string | undefined>
  /** The 80 bytes of a header. */
  header(hash: string, options?: CallOptions): Promise<Bytes.Bytes | undefined>
  /** A whole block as it is on the wire. */
  block(hash: string, options?: CallOptions): Promise<Bytes.Bytes | undefined>
  /** Id of a block's first transaction. */
  coinbase(hash: string, options?: CallOptions): Promise<string | undefined>
  transaction(txid: string, options?: CallOptions): Promise<Told | undefined>
  /** Place of a transaction in a block. */
  place(txid: string, block: string, options?: CallOptions): Promise<Place>
  /** Ids of all transactions that pay to any of these scripts or spend from them, the mempool's included, in no order. */
  history(scripts: readonly Bytes.Bytes[], options?: CallOptions): Promise<readonly string[]>
  /** Outputs to a script that neither a block nor the mempool spends, the mempool's own included. */
  unspent(script: Bytes.Bytes, options?: CallOptions): Promise<readonly Outpoint[]>
  /** Id of the transaction that spends an output of a script, the mempool's included. */
  spender(outpoint: Outpoint, script: Bytes.Bytes, options?: CallOptions): Promise<string | undefined>
  /** Hands a transaction to the network; gives the node's reason where it doesn't take it. */
  send(raw: Bytes.Bytes, options?: CallOptions): Promise<string | undefined>
  /** Fees of a waiting transaction and all its descendants, satoshi; `undefined` where the endpoint can't tell. */
  evicted(txid: string, options?: CallOptions): Promise<bigint | undefined>
  /** Fee rate (sat/kvB) to be included within so many blocks; `undefined` where the endpoint has no estimate. */
  estimate(blocks: number, options?: CallOptions): Promise<bigint | undefined>
}
