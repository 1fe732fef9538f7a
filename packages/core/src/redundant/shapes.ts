// What an answer must be made of before anything is concluded from it: whoever says anything else hasn't answered.
import { CoreErrors } from '../errors/CoreErrors.js'

type Check = (value: unknown) => boolean

/** Longest id, hash or reference, characters: they are kept. */
const MOST_TEXT = 4096

/** Most that one answer lists. */
const MOST_LISTED = 65_536

const any: Check = () => true
const text: Check = (value) => typeof value === 'string' && value.length <= MOST_TEXT
/** Amounts, heights, times: 0 to 2^256 - 1. */
const count: Check = (value) => typeof value === 'bigint' && value >> 256n === 0n
const bytes: Check = (value) => value instanceof Uint8Array
const oneOf =
  (...all: readonly string[]): Check =>
  (value) =>
    all.includes(value as string)
const maybe =
  (of: Check): Check =>
  (value) =>
    value === undefined || of(value)
const list =
  (of: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MOST_LISTED && value.every(of)
const is =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([key, of]) => of((value as Readonly<Record<string, unknown>>)[key]))
/** What it is made of is told by one of its fields. */
const by =
  (tag: string, shapes: Readonly<Record<string, Check>>): Check =>
  (value) => {
    const name = (value as Readonly<Record<string, string>> | undefined)?.[tag] as string
    return Object.hasOwn(shapes, name) && shapes[name]?.(value) === true
  }

const block = is({ height: count, hash: text })
const place: Check = (value) => value === 'mempool' || block(value)
const tip = is({ height: count, hash: text, time: count, clock: count, finalized: maybe(block) })
const fact = (value: Check) => is({ value, at: place, depth: count, asOf: tip })
const read = (value: Check) =>
  by('is', {
    found: is({ fact: fact(value) }),
    absent: is({ fact: fact(any) }),
    unknown: is({ why: is({ check: text }) }),
  })
const lock = is({ ref: text, transaction: text, amount: count, match: text })
const spend = is({ kind: oneOf('claim', 'refund'), transaction: text })
const settled = is({ id: text, block })
const terms = is({ salt: bytes, hashlock: bytes, amount: count })
const due = is({ kind: text, asset: text, amount: count })
const steps = list(
  is({
    ...{ network: text, kind: text, from: text, format: text, payload: bytes, conflictKey: text },
    maxFee: is({ asset: text, amount: count }),
  }),
)

/** By method; of a stream, what each item is. */
const SHAPES = {
  tip: fact(tip),
  balance: fact(count),
  feeRates: is({ slow: count, normal: count, fast: count }),
  ...{ prepare: steps, replace: steps, arm: steps, cpfp: steps },
  submit: is({ id: text, attempts: list(text) }),
  status: fact(
    by('is', {
      ...{ unknown: any, pending: any, dropped: any, replaced: is({ by: text }) },
      ...{ included: settled, final: settled, failed: settled },
    }),
  ),
  findLocks: list(read(lock)),
  findSpend: read(spend),
  dues: fact(list(due)),
  discoverLocks: list(is({ terms, lock })),
  recoverLocks: list(is({ terms, lock, nonce: bytes })),
  prove: is({ network: text, format: text, bytes }),
  headers: is({ block, bytes }),
  watch: is({
    is: oneOf('added', 'retracted'),
    what: by('kind', {
      block: is({ block }),
      transaction: is({ id: text, block: place }),
      lock: is({ lock, block: place }),
      spend: is({ lock, spend, block: place }),
    }),
    asOf: tip,
  }),
} satisfies Readonly<Record<string, Check>>

export type Method = keyof typeof SHAPES

/** Refuses what is no answer (`RpcMalformed`), so that it is as if its endpoint were silent. */
export function assertShape<T>(method: Method, value: T): T {
  if (SHAPES[method](value)) return value
  throw CoreErrors.RpcMalformed(`what was answered to ${method} is no answer`, { method })
}
