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
const list =
  (of: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MOST_LISTED && value.every(of)
const is =
  (fits: (fields: Readonly<Record<string, unknown>>) => boolean): Check =>
  (value) =>
    typeof value === 'object' && value !== null && fits(value as Readonly<Record<string, unknown>>)
/** What it is made of is told by one of its fields. */
const by =
  (tag: string, shapes: Readonly<Record<string, Check>>): Check =>
  (value) => {
    const name = (value as Readonly<Record<string, string>> | undefined)?.[tag] as string
    return Object.hasOwn(shapes, name) && shapes[name]?.(value) === true
  }

const block = is(({ height, hash }) => count(height) && text(hash))
const place: Check = (value) => value === 'mempool' || block(value)
const tip = is(
  ({ height, hash, time, clock, finalized }) =>
    count(height) &&
    text(hash) &&
    count(time) &&
    count(clock) &&
    (finalized === undefined || block(finalized)),
)
const fact = (of: Check) =>
  is(({ value, at, depth, asOf }) => of(value) && place(at) && count(depth) && tip(asOf))
const told = (of: Check) => is(({ fact }) => of(fact))
const refusal = is(({ check }) => text(check))
const read = (value: Check) =>
  by('is', {
    found: told(fact(value)),
    absent: told(fact(any)),
    unknown: is(({ why }) => refusal(why)),
  })
const lock = is(
  ({ ref, transaction, amount, match }) => text(ref) && text(transaction) && count(amount) && text(match),
)
const spend = is(({ kind, transaction }) => (kind === 'claim' || kind === 'refund') && text(transaction))
const settled = is(({ id, block: at }) => text(id) && block(at))
const terms = is(({ salt, hashlock, amount }) => bytes(salt) && bytes(hashlock) && count(amount))
const units = is(({ asset, amount }) => text(asset) && count(amount))
const due = is(({ kind, asset, amount }) => text(kind) && text(asset) && count(amount))
const texts = list(text)
const steps = list(
  is(
    ({ network, kind, from, format, payload, conflictKey, maxFee }) =>
      texts([network, kind, from, format, conflictKey]) && bytes(payload) && units(maxFee),
  ),
)
const found = is((of) => terms(of.terms) && lock(of.lock))
const sighting = by('kind', {
  block: is((of) => block(of.block)),
  transaction: is((of) => text(of.id) && place(of.block)),
  lock: is((of) => lock(of.lock) && place(of.block)),
  spend: is((of) => lock(of.lock) && spend(of.spend) && place(of.block)),
})

/** By method; of a stream, what each item is. */
const SHAPES = {
  tip: fact(tip),
  balance: fact(count),
  feeRates: is(({ slow, normal, fast }) => count(slow) && count(normal) && count(fast)),
  ...{ prepare: steps, replace: steps, arm: steps, cpfp: steps },
  submit: is(({ id, attempts }) => text(id) && texts(attempts)),
  status: fact(
    by('is', {
      ...{ unknown: any, pending: any, dropped: any, replaced: is((of) => text(of.by)) },
      ...{ included: settled, final: settled, failed: settled },
    }),
  ),
  findLocks: list(read(lock)),
  findSpend: read(spend),
  dues: fact(list(due)),
  discoverLocks: list(found),
  recoverLocks: list(is((of) => found(of) && bytes(of.nonce))),
  prove: is((of) => text(of.network) && text(of.format) && bytes(of.bytes)),
  headers: is((of) => block(of.block) && bytes(of.bytes)),
  watch: is((of) => (of.is === 'added' || of.is === 'retracted') && sighting(of.what) && tip(of.asOf)),
} satisfies Readonly<Record<string, Check>>

export type Method = keyof typeof SHAPES

/** Refuses what is no answer (`RpcMalformed`), so that it is as if its endpoint were silent. */
export function assertShape<T>(method: Method, value: T): T {
  if (SHAPES[method](value)) return value
  throw CoreErrors.RpcMalformed(`what was answered to ${method} is no answer`, { method })
}
