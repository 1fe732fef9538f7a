import { type AuthoritySet, Header, type Justification, Scale } from '@aitbc/proofs/substrate'
import { base58 } from '@scure/base'
import { unhex } from '../helpers.js'

/** A justification as Avail's RPC gives it, with its set. */
export interface Described {
  readonly validator_set: { readonly set_id: number; readonly validator_set: readonly string[] }
  readonly justification: {
    readonly round: number
    readonly commit: {
      readonly target_hash: string
      readonly target_number: number
      readonly precommits: readonly {
        readonly precommit: { readonly target_hash: string; readonly target_number: number }
        readonly signature: string
        readonly id: string
      }[]
    }
    readonly votes_ancestries: readonly {
      readonly parentHash: string
      readonly number: string
      readonly stateRoot: string
      readonly extrinsicsRoot: string
    }[]
  }
}

// What Avail appends to its headers: an empty commitment, in the third version of its form.
const extension: Scale.Type<unknown> = Scale.variant({
  v3: [
    2,
    Scale.struct({
      size: Scale.compact,
      index: Scale.bytes,
      rows: Scale.compact,
      cols: Scale.compact,
      commitment: Scale.bytes,
      dataRoot: Scale.fixed(32),
    }),
  ],
})
const empty = new Uint8Array(0)
const BLANK = { size: 0n, index: empty, rows: 0n, cols: 0n, commitment: empty, dataRoot: new Uint8Array(32) }
/** Headers of Avail. */
export const AVAIL: Header.Format = { ...Header.POLKADOT, extension }
const publicKey = (address: string) => base58.decode(address).slice(1, 33)

export function readAvail({ validator_set, justification: j }: Described): {
  readonly justification: Justification.Justification
  readonly voters: AuthoritySet.AuthoritySet
} {
  const justification: Justification.Justification = {
    round: BigInt(j.round),
    targetHash: unhex(j.commit.target_hash),
    targetNumber: BigInt(j.commit.target_number),
    precommits: j.commit.precommits.map(({ precommit, signature, id }) => ({
      targetHash: unhex(precommit.target_hash),
      targetNumber: BigInt(precommit.target_number),
      signature: unhex(signature),
      authority: publicKey(id),
    })),
    ancestries: j.votes_ancestries.map(({ parentHash, number, stateRoot, extrinsicsRoot }) => ({
      parentHash: unhex(parentHash),
      number: BigInt(number),
      stateRoot: unhex(stateRoot),
      extrinsicsRoot: unhex(extrinsicsRoot),
      digest: [],
      extension: { kind: 'v3', value: BLANK },
    })),
  }
  const voters = {
    id: BigInt(validator_set.set_id),
    authorities: validator_set.validator_set.map((it) => ({ publicKey: publicKey(it), weight: 1n })),
  }
  return { justification, voters }
}
