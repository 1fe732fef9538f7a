import { type Bytes, Codec, CoreErrors, Verdict } from '@aitbc/core'
import * as Engine from '../engine/Engine.js'
import * as Canonical from '../internal/canonical.js'
import * as BankHash from './BankHash.js'
import * as EntryMerkle from './EntryMerkle.js'
import * as Finality from './Finality.js'
import * as Inclusion from './Inclusion.js'
import type * as LightClient from './LightClient.js'
import type * as Poh from './Poh.js'

/** Name of the form in an `Evidence`. */
export const FORMAT = 'solana-transaction/1'

/** Most votes: Alpenglow admits 2,000 validators, and mainnet has fewer. */
const MAX_VOTES = 4096
const MAX_SIGNATURES = 19
const MAX_ENTRIES = 1 << 16
const MAX_CERTIFICATE = 1024

/** All that speaks for a transaction: that its bank is final, and that it stands in it. */
export interface TransactionEvidence {
  readonly bank: Finality.Bank
  readonly finality: Finality.Evidence
  readonly inclusion: Inclusion.Evidence
}

/** Writes evidence in its one canonical form. */
export function encode({ bank, finality, inclusion }: TransactionEvidence): Bytes.Bytes {
  const writer = Codec.writer().u64(bank.slot).fixed(bank.hash)
  if (finality.kind === 'alpenglow') writer.u8(2).bytes(finality.certificate)
  else
    writer
      .u8(1)
      .list(finality.votes, (to, vote) => to.bytes(vote))
      .u64(finality.epoch)
      .list(finality.descendants, writeParts)
      .list(finality.rooting, (to, vote) => to.bytes(vote))
  writer
    .bytes(inclusion.transaction)
    .list(inclusion.paths, (to, path) => to.list(path, writeStep))
    .fixed(inclusion.state)
    .list(inclusion.entries, (to, { hashes, hash, mixin }) =>
      to
        .u64(hashes)
        .fixed(hash)
        .optional(mixin, (at, it) => at.fixed(it)),
    )
    .fixed(inclusion.parent)
  writeParts(writer, inclusion.bank)
  return writer.finish()
}

/** Reads evidence; total. Refusal: `evidence-encoding`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<TransactionEvidence> {
  return Canonical.decode(bytes, (reader) => ({
    bank: { slot: reader.u64(), hash: reader.fixed(32) },
    finality: readFinality(reader),
    inclusion: {
      transaction: reader.bytes(),
      paths: reader.list((from) => from.list(readStep, EntryMerkle.MAX_DEPTH), MAX_SIGNATURES),
      state: reader.fixed(32),
      entries: reader.list(readEntry, MAX_ENTRIES),
      parent: reader.fixed(32),
      bank: readParts(reader),
    },
  }))
}

/**
 * Verifies evidence in its encoded form from a light client's state, which it leaves as it is: a transaction may be older than what is
 * final there.
 *
 * Refusals: `evidence-encoding`, and those of `Finality.verify` and `Inclusion.verify`.
 *
 * @example
 * import { TransactionEvidence } from '@aitbc/proofs/solana'
 * declare const state: import('@aitbc/proofs/solana').LightClient.State
 * declare const recorded: Uint8Array
 * const verdict = TransactionEvidence.verify(state, recorded, { now: 1_800_000_000n })
 * if (verdict.ok) verdict.value.assurance // 'attested'
 */
export function verify(
  state: LightClient.State,
  bytes: Bytes.Bytes,
  options: { readonly now: bigint } & Parameters<typeof Inclusion.verify>[2],
): Verdict.Verdict<Inclusion.Attested> {
  return Finality.settle(prepare(state, bytes, options))
}

/** {@link verify} for an engine of the caller's, by the rule `strict`. */
export function prepare(
  { tables }: LightClient.State,
  bytes: Bytes.Bytes,
  options: { readonly now: bigint } & Parameters<typeof Inclusion.verify>[2],
): Verdict.Verdict<Engine.Pending<Inclusion.Attested>> {
  const evidence = decode(bytes)
  if (!evidence.ok) return evidence
  const { bank, finality, inclusion } = evidence.value
  const final = Finality.prepare(tables, bank, finality, options)
  if (!final.ok) return final
  const included = Inclusion.prepare({ tables, final: bank }, inclusion, options)
  if (!included.ok) return included
  const checks = [...final.value.checks, ...included.value.checks]
  return Verdict.accept({
    checks,
    rule: 'strict',
    settle(answers) {
      const folded = Engine.fold(checks, answers)
      return folded.ok ? included.value.settle(answers.slice(final.value.checks.length)) : folded
    },
  })
}

function readFinality(reader: Codec.Reader): Finality.Evidence {
  if (tag(reader, 1, 2) === 2) return { kind: 'alpenglow', certificate: reader.bytes(MAX_CERTIFICATE) }
  return {
    kind: 'tower',
    votes: reader.list((from) => from.bytes(), MAX_VOTES),
    epoch: reader.u64(),
    descendants: reader.list(readParts, Finality.MAX_DESCENDANTS),
    rooting: reader.list((from) => from.bytes(), MAX_VOTES),
  }
}

function readEntry(reader: Codec.Reader): Poh.Entry {
  const hashes = reader.u64()
  const hash = reader.fixed(32)
  const mixin = reader.optional((from) => from.fixed(32))
  return { hashes, hash, ...(mixin === undefined ? {} : { mixin }) }
}

function writeParts(
  writer: Codec.Writer,
  { signatures, blockhash, accounts, hardForks }: BankHash.Parts,
): void {
  writer.u64(signatures).fixed(blockhash)
  if (accounts.form === 'delta')
    writer
      .u8(0)
      .fixed(accounts.delta)
      .optional(accounts.epoch, (to, it) => to.fixed(it))
  else if (accounts.form === 'delta-lattice') writer.u8(1).fixed(accounts.delta).fixed(accounts.lattice)
  else writer.u8(2).fixed(accounts.lattice)
  writer.optional(hardForks, (to, it) => to.u64(it))
}

function readParts(reader: Codec.Reader): BankHash.Parts {
  const signatures = reader.u64()
  const blockhash = reader.fixed(32)
  const accounts = readAccounts(reader)
  const hardForks = reader.optional((from) => from.u64())
  return { signatures, blockhash, accounts, ...(hardForks === undefined ? {} : { hardForks }) }
}

function readAccounts(reader: Codec.Reader): BankHash.Accounts {
  const form = tag(reader, 0, 2)
  if (form === 2) return { form: 'lattice', lattice: reader.fixed(BankHash.LATTICE_SIZE) }
  const delta = reader.fixed(32)
  if (form === 1) return { form: 'delta-lattice', delta, lattice: reader.fixed(BankHash.LATTICE_SIZE) }
  const epoch = reader.optional((from) => from.fixed(32))
  return { form: 'delta', delta, ...(epoch === undefined ? {} : { epoch }) }
}

function writeStep(writer: Codec.Writer, step: EntryMerkle.Step): void {
  if (step.side === 'self') writer.u8(0)
  else writer.u8(step.side === 'left' ? 1 : 2).fixed(step.hash)
}

function readStep(reader: Codec.Reader): EntryMerkle.Step {
  const side = tag(reader, 0, 2)
  if (side === 0) return { side: 'self' }
  return { side: side === 1 ? 'left' : 'right', hash: reader.fixed(32) }
}

function tag(reader: Codec.Reader, least: number, most: number): number {
  const value = reader.u8()
  if (value < least || value > most)
    throw CoreErrors.InvalidEncoding(`a tag is ${least} to ${most}, got ${value}`, { received: value })
  return value
}
