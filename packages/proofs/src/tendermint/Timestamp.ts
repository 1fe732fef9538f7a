import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as wire from './internal/wire.js'

/** Nanoseconds of a second. Times are nanoseconds since 1970 in one bigint: `Date` would lose six digits. */
export const SECOND = 1_000_000_000n
/** 0001-01-01T00:00:00Z, Go's zero time, which absent votes carry. */
export const ZERO = /* @__PURE__ */ BigInt('-62135596800000000000')
/** 9999-12-31T23:59:59.999999999Z, the last that RFC 3339 can write. */
export const MAX = /* @__PURE__ */ BigInt('253402300799999999999')

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** Tells whether a time can be written: from year 1 to year 9999 (`google/protobuf/timestamp.proto`). */
export function isValid(time: bigint): boolean {
  return time >= ZERO && time <= MAX
}

/**
 * Reads an RFC 3339 time in UTC with up to nine digits of a second, as the JSON of CometBFT has it. Refusal: `timestamp`.
 *
 * @example
 * import { Timestamp } from '@aitbc/proofs/tendermint'
 * Timestamp.fromText('1970-01-01T00:00:01.000000002Z') // { ok: true, value: 1000000002n }
 */
export function fromText(text: string): Verdict.Verdict<bigint> {
  const match = RFC3339.exec(text)
  const refuse = () =>
    Verdict.refuse('timestamp', 'a time of RFC 3339 in UTC is expected', { received: text })
  if (match === null) return refuse()
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const longest = (DAYS[month - 1] ?? 0) + (month === 2 && isLeap(year) ? 1 : 0)
  if (year < 1 || day < 1 || day > longest || hour > 23 || minute > 59 || second > 59) return refuse()
  const days = daysBefore(year, month) + day - 1 - daysBefore(1970, 1)
  const seconds = BigInt(days) * 86_400n + BigInt(hour * 3600 + minute * 60 + second)
  return Verdict.accept(seconds * SECOND + BigInt((match[7] ?? '').padEnd(9, '0')))
}

/** Writes `google.protobuf.Timestamp`: whole seconds, and the nanoseconds after them. */
export function encode(time: bigint): Bytes.Bytes {
  const nanos = ((time % SECOND) + SECOND) % SECOND
  return join([wire.integer(1, (time - nanos) / SECOND), wire.integer(2, nanos)])
}

/** Reads `google.protobuf.Timestamp` inside a message; nanoseconds of a second or more, and years past 9999, are faults. */
export function read(reader: wire.Reader): bigint {
  const seconds = wire.readInt64(reader, 1)
  const nanos = wire.readInt32(reader, 2)
  const time = seconds * SECOND + BigInt(nanos)
  if (nanos < 0 || nanos > 999_999_999 || !isValid(time)) wire.fail(reader, 'a time out of range')
  return time
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Days from 0001-01-01 to the first of a month. */
function daysBefore(year: number, month: number): number {
  const past = year - 1
  let days = past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400)
  for (let i = 0; i < month - 1; i++) days += (DAYS[i] as number) + (i === 1 && isLeap(year) ? 1 : 0)
  return days
}
