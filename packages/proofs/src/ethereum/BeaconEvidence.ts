import { type Bytes, Codec, type Verdict } from '@aitbc/core'
import * as Canonical from '../internal/canonical.js'

/** No light client goes on for so many periods without a new checkpoint: 128 are four months and more. */
const MAX_UPDATES = 128

/**
 * Evidence from a checkpoint to a statement: what a light client takes, in order, and what is said of the execution block that it
 * ends in. All of it is as the beacon API gives it, as SSZ.
 */
export interface BeaconEvidence {
  /** `LightClientBootstrap` of the checkpoint. */
  readonly bootstrap: Bytes.Bytes
  /** A `LightClientUpdate` for each period, from the checkpoint's on. */
  readonly updates: readonly Bytes.Bytes[]
  /** The newest `LightClientFinalityUpdate`. */
  readonly finality: Bytes.Bytes
  /** Of the newest final block's execution block; see `LockEvidence`. */
  readonly statement: Bytes.Bytes
}

/** Writes evidence in its one canonical form. */
export function encode(evidence: BeaconEvidence): Bytes.Bytes {
  return Codec.writer()
    .bytes(evidence.bootstrap)
    .list(evidence.updates, (writer, update) => writer.bytes(update))
    .bytes(evidence.finality)
    .bytes(evidence.statement)
    .finish()
}

/**
 * Reads evidence; total. Refusal: `evidence-encoding`.
 *
 * @example
 * import { BeaconEvidence } from '@aitbc/proofs/checkpoint'
 * BeaconEvidence.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<BeaconEvidence> {
  return Canonical.decode(bytes, (reader) => ({
    bootstrap: reader.bytes(),
    updates: reader.list((item) => item.bytes(), MAX_UPDATES),
    finality: reader.bytes(),
    statement: reader.bytes(),
  }))
}
