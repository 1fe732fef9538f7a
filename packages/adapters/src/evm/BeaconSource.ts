import type { Bytes, CallOptions, Fact } from '@aitbc/core'

/** What a beacon node says is final, and the evidence from the checkpoint to it; nothing of it is checked yet. */
export interface BeaconFinality {
  /** The newest final execution block. */
  readonly block: Fact.BlockRef
  /** The evidence, with what is said of that block (`BeaconEvidence` of `@aitbc/proofs/checkpoint`). */
  evidence(statement: Bytes.Bytes): Bytes.Bytes
}

/** Where an adapter has its proofs of blocks from: see `createBeaconSource` of `@aitbc/adapters/beacon`. */
export interface BeaconSource {
  /** The newest final execution block; `undefined` before there is any. */
  finalized(options?: CallOptions): Promise<Fact.BlockRef | undefined>
  /** The same with its evidence; `undefined` also where the node lacks the updates between it and the checkpoint. */
  finality(options?: CallOptions): Promise<BeaconFinality | undefined>
}
