import {
  type AccountId,
  type AssetId,
  type Bytes,
  type ChainId,
  Codec,
  Deadline,
  type Fact,
  type LockTerms,
  type Signed,
  type Step,
  type Submission,
} from '@aitbc/core'
import type { Role } from './Agreement.js'
import { SwapErrors } from './errors.js'
import { bytesOf, decoded } from './internal/terms.js'
import type { Durable, Outcome, Rules, Stop } from './SwapMachine.js'

/**
 * What a swap's journal holds, in order: how it began, each durable state before the commands that follow from it, each signed
 * transaction (and the refund that undoes a lock) before it is broadcast, each broadcast.
 */
export type Entry =
  | Opened
  /** One that a recovery rebuilt, with the transaction that made its lock: without that nobody could send it again. */
  | { readonly is: 'recovered'; readonly opened: Opened; readonly made: Signed }
  | { readonly is: 'durable'; readonly durable: Durable }
  | {
      readonly is: 'signed'
      readonly key: string
      readonly signed: readonly Signed[]
      readonly undo: readonly Signed[]
    }
  | { readonly is: 'sending'; readonly key: string; readonly step: Step }
  | { readonly is: 'submitted'; readonly key: string; readonly submissions: readonly Submission[] }
  /** Its locks owe this party nothing any more, for good. */
  | { readonly is: 'collected' }

/** How a swap began. */
export interface Opened {
  readonly is: 'opened'
  readonly role: Role
  readonly nonce: Bytes.Bytes
  readonly durable: Durable
  readonly agreement?: Bytes.Bytes
  readonly variant?: number
}

/** The kinds of entry, as the journal names them; append-only. */
export const KINDS = [
  'opened',
  'durable',
  'signed',
  'sending',
  'submitted',
  'collected',
  'recovered',
] as const
const ROLES = ['initiator', 'follower'] as const
const ASSURANCES = ['proved', 'attested', 'quorum', 'reported'] as const
const STOPS = ['cancelled', 'too-late', 'reorg', 'recovered-without-terms'] as const satisfies readonly Stop[]
const OUTCOMES = ['deal', 'no-deal', 'free-ride', 'underwater'] as const satisfies readonly Outcome[]

/**
 * The canonical bytes of an entry.
 *
 * @example
 * import { SwapRecord } from '@aitbc/swap'
 * const entry = { is: 'signed', key: 'lock/long', signed: [], undo: [] } as const
 * SwapRecord.decode(entry.is, SwapRecord.encode(entry)) // { is: 'signed', key: 'lock/long', signed: [], undo: [] }
 */
export function encode(entry: Entry): Bytes.Bytes {
  const writer = Codec.writer()
  switch (entry.is) {
    case 'opened':
      oneOf(writer, ROLES, entry.role).fixed(entry.nonce)
      writeDurable(writer, entry.durable)
      return writer
        .optional(entry.agreement, (w, bytes) => w.bytes(bytes))
        .optional(entry.variant, (w, variant) => w.u32(variant))
        .finish()
    case 'recovered':
      return writeSigned(writer.bytes(encode(entry.opened)), entry.made).finish()
    case 'durable':
      return writeDurable(writer, entry.durable).finish()
    case 'signed':
      return writer.text(entry.key).list(entry.signed, writeSigned).list(entry.undo, writeSigned).finish()
    case 'sending':
      return writeStep(writer.text(entry.key), entry.step).finish()
    case 'submitted':
      return writer
        .text(entry.key)
        .list(entry.submissions, (w, submission) =>
          writeStep(w, submission.step)
            .text(submission.id)
            .optional(submission.raw, (x, raw) => x.bytes(raw))
            .list(submission.attempts, (x, id) => x.text(id)),
        )
        .finish()
    case 'collected':
      return writer.finish()
  }
}

/**
 * Reads an entry; `StateUnreadable` (4011) for a kind or value of a later version, `InvalidEncoding` (1012) for other bytes.
 *
 * @example
 * import { isAitbcError } from '@aitbc/core'
 * import { SwapRecord } from '@aitbc/swap'
 * SwapRecord.decode('collected', new Uint8Array()).is // 'collected'
 * let code: number | undefined
 * try {
 *   SwapRecord.decode('of-a-later-version', new Uint8Array())
 * } catch (error) {
 *   code = isAitbcError(error) ? error.code : undefined
 * }
 * code // 4011
 */
export function decode(kind: string, bytes: Bytes.Bytes): Entry {
  const is = KINDS.find((known) => known === kind)
  if (is === undefined) throw SwapErrors.StateUnreadable(`journal entry of unknown kind ${kind}`, { kind })
  const reader = Codec.reader(bytes)
  const entry = read(is, reader)
  reader.finish()
  return entry
}

function readOpened(reader: Codec.Reader): Opened {
  const role = pick(reader, ROLES)
  const nonce = reader.fixed(8)
  const durable = readDurable(reader)
  const agreement = reader.optional((r) => r.bytes())
  const variant = reader.optional((r) => r.u32())
  return {
    ...{ is: 'opened', role, nonce, durable },
    ...(agreement === undefined ? {} : { agreement }),
    ...(variant === undefined ? {} : { variant }),
  }
}

function read(is: Entry['is'], reader: Codec.Reader): Entry {
  switch (is) {
    case 'opened':
      return readOpened(reader)
    case 'recovered': {
      const inner = Codec.reader(reader.bytes())
      const opened = readOpened(inner)
      inner.finish()
      return { is, opened, made: readSigned(reader) }
    }
    case 'durable':
      return { is, durable: readDurable(reader) }
    case 'signed':
      return { is, key: reader.text(256), signed: reader.list(readSigned), undo: reader.list(readSigned) }
    case 'sending':
      return { is, key: reader.text(256), step: readStep(reader) }
    case 'submitted':
      return {
        is,
        key: reader.text(256),
        submissions: reader.list((r) => {
          const step = readStep(r)
          const id = r.text(256)
          const raw = r.optional((x) => x.bytes())
          const attempts = r.list((x) => x.text(256))
          return { step, id, ...(raw === undefined ? {} : { raw }), attempts }
        }),
      }
    case 'collected':
      return { is }
  }
}

function writeDurable(writer: Codec.Writer, value: Durable): Codec.Writer {
  const { rules } = value
  for (const leg of ['long', 'short'] as const)
    writer.optional(value.terms[leg], (w, terms) => w.bytes(bytesOf(terms)))
  writer.u64(rules.launch).u64(rules.lock).u64(rules.reveal).u64(rules.apart)
  oneOf(writer, ASSURANCES, rules.assurance)
  for (const leg of ['long', 'short'] as const) writer.u8(rules.lateClaims[leg] ? 1 : 0)
  return writer
    .u8(value.ordered ? 1 : 0)
    .u8(value.revealed ? 1 : 0)
    .u8(
      (value.voided ? 1 : 0) |
        (rules.fees === undefined ? 0 : WITH_FEES) |
        (rules.spends === undefined ? 0 : WITH_SPENDS),
    )
    .optional(value.learned, (w, secret) => w.fixed(secret))
    .list(value.settled, (w, ref) => w.text(ref))
    .optional(value.stop, (w, stop) => oneOf(w, STOPS, stop))
    .optional(value.outcome, (w, outcome) => oneOf(w, OUTCOMES, outcome))
    .fixed(rules.fees === undefined ? new Uint8Array(0) : feesOf(rules.fees))
    .fixed(rules.spends === undefined ? new Uint8Array(0) : spendsOf(rules.spends))
}

/** Beside `voided`: budgets follow, and how well spends must be known. Journals from before there were any read as they are. */
const WITH_FEES = 2
const WITH_SPENDS = 4

function spendsOf({ long, short }: NonNullable<Rules['spends']>): Bytes.Bytes {
  const write = (w: Codec.Writer, least: Fact.Assurance) => oneOf(w, ASSURANCES, least)
  return Codec.writer().optional(long, write).optional(short, write).finish()
}

function feesOf({ long, short }: NonNullable<Rules['fees']>): Bytes.Bytes {
  const write = (w: Codec.Writer, most: bigint) => w.u256(most)
  return Codec.writer().optional(long, write).optional(short, write).finish()
}

function readDurable(reader: Codec.Reader): Durable {
  const terms = (): LockTerms.LockTerms | undefined => reader.optional((r) => decoded(r.bytes()))
  const long = terms()
  const short = terms()
  const rules: Rules = {
    launch: reader.u64(),
    lock: reader.u64(),
    reveal: reader.u64(),
    apart: reader.u64(),
    assurance: pick(reader, ASSURANCES),
    lateClaims: { long: flag(reader), short: flag(reader) },
  }
  const [ordered, revealed] = [flag(reader), flag(reader)]
  const bits = reader.u8()
  if (bits > (1 | WITH_FEES | WITH_SPENDS))
    throw SwapErrors.StateUnreadable(`a journal entry's flags are ${bits}`)
  const learned = reader.optional((r) => r.fixed(32))
  const settled = reader.list((r) => r.text(256))
  const stop = reader.optional((r) => pick(r, STOPS))
  const outcome = reader.optional((r) => pick(r, OUTCOMES))
  const fees = bits & WITH_FEES ? { fees: readFees(reader) } : {}
  const spends = bits & WITH_SPENDS ? { spends: readSpends(reader) } : {}
  return {
    terms: { ...(long === undefined ? {} : { long }), ...(short === undefined ? {} : { short }) },
    rules: { ...rules, ...fees, ...spends },
    ordered,
    revealed,
    ...(bits & 1 ? { voided: true } : {}),
    ...(learned === undefined ? {} : { learned }),
    settled,
    ...(stop === undefined ? {} : { stop }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

function readFees(reader: Codec.Reader): NonNullable<Rules['fees']> {
  const long = reader.optional((r) => r.u256())
  const short = reader.optional((r) => r.u256())
  return { ...(long === undefined ? {} : { long }), ...(short === undefined ? {} : { short }) }
}

function readSpends(reader: Codec.Reader): NonNullable<Rules['spends']> {
  const long = reader.optional((r) => pick(r, ASSURANCES))
  const short = reader.optional((r) => pick(r, ASSURANCES))
  return { ...(long === undefined ? {} : { long }), ...(short === undefined ? {} : { short }) }
}

function writeStep(writer: Codec.Writer, step: Step): Codec.Writer {
  const deadline = (w: Codec.Writer, value: Deadline.Deadline) => w.text(value.clock).u64(value.value)
  return writer
    .text(step.network)
    .text(step.kind)
    .text(step.from)
    .text(step.format)
    .bytes(step.payload)
    .text(step.maxFee.asset)
    .u256(step.maxFee.amount)
    .text(step.conflictKey)
    .optional(readable(step.validFrom), deadline)
    .optional(readable(step.validUntil), deadline)
}

/**
 * A bound that a deadline can't hold, such as a height of 500,000,000, would make the whole journal unreadable: it is left out, for it is
 * a hint, and the transaction says the same (H28).
 */
function readable(bound: Deadline.Deadline | undefined): Deadline.Deadline | undefined {
  try {
    return bound && Deadline.from(bound)
  } catch {
    return undefined
  }
}

function readStep(reader: Codec.Reader): Step {
  const network = reader.text(64) as ChainId.ChainId
  const kind = reader.text(64)
  const from = reader.text(256) as AccountId.AccountId
  const format = reader.text(64)
  const payload = reader.bytes()
  const maxFee = { asset: reader.text(300) as AssetId.AssetId, amount: reader.u256() }
  const conflictKey = reader.text(256)
  const deadline = (r: Codec.Reader) =>
    Deadline.from({ network, clock: r.text(16) as Deadline.Clock, value: r.u64() })
  const validFrom = reader.optional(deadline)
  const validUntil = reader.optional(deadline)
  return {
    network,
    kind,
    from,
    format,
    payload,
    maxFee,
    conflictKey,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}

/** The canonical bytes of a signed step. */
export function writeSigned(writer: Codec.Writer, value: Signed): Codec.Writer {
  return writeStep(writer, value.step).text(value.id).bytes(value.raw)
}

/** Reads what {@link writeSigned} wrote. */
export function readSigned(reader: Codec.Reader): Signed {
  return { step: readStep(reader), id: reader.text(256), raw: reader.bytes() }
}

function oneOf<T>(writer: Codec.Writer, values: readonly T[], value: T): Codec.Writer {
  return writer.u8(values.indexOf(value))
}

function pick<const T>(reader: Codec.Reader, values: readonly T[]): T {
  const value = values[reader.u8()]
  if (value === undefined) throw SwapErrors.StateUnreadable('a journal entry has a value of a later version')
  return value
}

function flag(reader: Codec.Reader): boolean {
  const value = reader.u8()
  if (value > 1) throw SwapErrors.StateUnreadable(`a journal entry's flag is ${value}`)
  return value === 1
}
