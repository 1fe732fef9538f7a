import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as Commit from './Commit.js'
import * as Header from './Header.js'
import * as wire from './internal/wire.js'
import * as ValidatorSet from './ValidatorSet.js'

/** What a light client is given of a block: its header, the votes for it, and who could vote (`LightBlock` of CometBFT). */
export interface LightBlock {
  readonly header: Header.Header
  readonly commit: Commit.Commit
  readonly validators: ValidatorSet.ValidatorSet
}

/** A light block that agrees with itself: its votes are for its header, and its validators those the header names. */
export interface Checked {
  readonly hash: Bytes.Hash32
  readonly table: ValidatorSet.Table
}

/**
 * Checks that a light block agrees with itself; whether anyone signed it isn't judged here.
 *
 * Refusals: `commit-height`, `commit-block` (the votes are for another block), `validators-empty`, `validators-hash`, and those of
 * `Header.check`, `Commit.check` and `ValidatorSet.check`.
 */
export function check({ header, commit, validators }: LightBlock): Verdict.Verdict<Checked> {
  const first = Header.check(header)
  if (!first.ok) return first
  const second = Commit.check(commit)
  if (!second.ok) return second
  if (commit.height !== header.height)
    return Verdict.refuse('commit-height', `the votes are for height ${commit.height}, not ${header.height}`)
  const hash = Header.hash(header)
  if (!Bytes.equal(commit.blockId.hash, hash))
    return Verdict.refuse('commit-block', 'the votes are for another block')
  if (validators.length === 0) return Verdict.refuse('validators-empty', 'nobody could vote for the block')
  const table = ValidatorSet.check(validators)
  if (!table.ok) return table
  if (!Bytes.equal(ValidatorSet.hash(validators), header.validatorsHash))
    return Verdict.refuse('validators-hash', 'the header names other validators')
  return Verdict.accept({ hash, table: table.value })
}

/** Writes `tendermint.types.LightBlock`. */
export function encode({ header, commit, validators }: LightBlock): Bytes.Bytes {
  const signed = join([wire.message(1, Header.encode(header)), wire.message(2, Commit.encode(commit))])
  return join([wire.message(1, signed), wire.message(2, ValidatorSet.encode(validators))])
}

/** Reads `tendermint.types.LightBlock`. Refusals: `protobuf`, and those of `ValidatorSet.decode`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LightBlock> {
  const raw = wire.decode(bytes, (reader) => ({
    signed: wire.readMessage(reader, 1, (inner) => ({
      header: wire.readMessage(inner, 1, Header.read),
      commit: wire.readMessage(inner, 2, Commit.read),
    })),
    set: wire.readMessage(reader, 2, ValidatorSet.read),
  }))
  if (!raw.ok) return raw
  const { signed, set } = raw.value
  if (signed?.header === undefined || signed.commit === undefined || set === undefined)
    return Verdict.refuse('protobuf', 'a header, a commit and a validator set are expected')
  const validators = ValidatorSet.fromRaw(set)
  if (!validators.ok) return validators
  return Verdict.accept({ header: signed.header, commit: signed.commit, validators: validators.value })
}
