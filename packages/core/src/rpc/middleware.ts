import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import { type AitbcError, isAitbcError } from '../errors/AitbcError.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import { type Call, fromEffect, type Middleware, type Params, type Rpc, toEffect } from './Rpc.js'

const now = /* @__PURE__ */ Effect.clockWith((clock) => Effect.sync(() => clock.currentTimeMillisUnsafe()))

/**
 * Gives up on an answer after `ms` milliseconds: `RpcTimeout` (1201). What was under way is aborted.
 *
 * @example
 * import { createHttpRpc, pipe, timeout } from '@aitbc/core/rpc'
 * const rpc = pipe(createHttpRpc({ url: 'http://127.0.0.1:8545' }), timeout(5000))
 */
export function timeout(ms: number): Middleware {
  positive('ms', ms)
  return (rpc) => {
    const call = toEffect(rpc)
    return fromEffect(rpc, (method, params) =>
      Effect.timeoutOrElse(call(method, params), {
        duration: ms,
        orElse: () =>
          Effect.fail(
            CoreErrors.RpcTimeout(`${rpc.name} did not answer ${method} within ${ms} ms`, {
              endpoint: rpc.name,
              method,
              ms,
            }),
          ),
      }),
    )
  }
}

/**
 * Tries again after errors that are `retryable`, with exponential backoff: the wait before try n + 1 is between a half and all of
 * `baseMs · 2^(n−1)`, at most `maxMs`, and no less than what a rate-limited node asked for.
 *
 * @example
 * import { createHttpRpc, pipe, retry } from '@aitbc/core/rpc'
 * const rpc = pipe(createHttpRpc({ url: 'http://127.0.0.1:8545' }), retry({ attempts: 3 }))
 */
export function retry(options: retry.Options = {}): Middleware {
  const { attempts = 4, baseMs = 200, maxMs = 10_000, random = Math.random } = options
  whole('attempts', attempts)
  positive('baseMs', baseMs)
  positive('maxMs', maxMs)
  return (rpc) => {
    const call = toEffect(rpc)
    return fromEffect(
      rpc,
      Effect.fnUntraced(function* (method, params) {
        for (let attempt = 1; ; attempt++) {
          const exit = yield* Effect.exit(call(method, params))
          if (Exit.isSuccess(exit)) return exit.value
          const error = failureOf(exit)
          if (error === undefined || !error.retryable || attempt >= attempts) return yield* exit
          const backoff = Math.min(maxMs, baseMs * 2 ** (attempt - 1))
          const asked = error.context['retryAfterMs']
          yield* Effect.sleep(
            Math.max((backoff / 2) * (1 + random()), typeof asked === 'number' ? Math.min(asked, maxMs) : 0),
          )
        }
      }),
    )
  }
}

export declare namespace retry {
  type Options = {
    /** Tries in all; 4 unless told. */
    readonly attempts?: number
    /** First wait, milliseconds; 200 unless told. */
    readonly baseMs?: number
    /** Longest wait, milliseconds; 10,000 unless told. */
    readonly maxMs?: number
    /** A number in [0, 1) for the jitter; `Math.random` unless told. */
    readonly random?: () => number
  }
}

/**
 * Lets at most `perSecond` calls a second through, after a burst of `burst`; the others wait, in order. A call that would wait
 * longer than `maxWaitMs` is `RpcRateLimited` (1205) at once.
 *
 * @example
 * import { createHttpRpc, pipe, rateLimit } from '@aitbc/core/rpc'
 * const rpc = pipe(createHttpRpc({ url: 'http://127.0.0.1:8545' }), rateLimit({ perSecond: 5, burst: 10 }))
 */
export function rateLimit(options: rateLimit.Options): Middleware {
  const { perSecond, burst = 1, maxWaitMs = 30_000 } = options
  positive('perSecond', perSecond)
  whole('burst', burst)
  positive('maxWaitMs', maxWaitMs)
  return (rpc) => {
    const call = toEffect(rpc)
    const interval = 1000 / perSecond
    // The bucket as one number (GCRA, ITU-T I.371): when it would be full again.
    let full = 0
    return fromEffect(
      rpc,
      Effect.fnUntraced(function* (method, params) {
        const at = yield* now
        const after = Math.max(full, at) + interval
        const wait = after - burst * interval - at
        if (wait > maxWaitMs)
          return yield* Effect.fail(
            CoreErrors.RpcRateLimited(`${method} would wait ${Math.ceil(wait)} ms for ${rpc.name}`, {
              endpoint: rpc.name,
              method,
              retryAfterMs: Math.ceil(wait),
            }),
          )
        full = after
        if (wait > 0) yield* Effect.sleep(wait)
        return yield* call(method, params)
      }),
    )
  }
}

export declare namespace rateLimit {
  type Options = {
    readonly perSecond: number
    /** Calls that may come at once after a rest; 1 unless told. */
    readonly burst?: number
    /** Longest wait of a call, milliseconds; 30,000 unless told. */
    readonly maxWaitMs?: number
  }
}

/**
 * Asks the first endpoint, and the next when one fails. One that failed is asked last until it has rested, longer with each failure
 * in a row. What a node refuses (`RpcRejected`) is its answer and asked nobody else. With no answer at all: the only error, or
 * `RpcUnreachable` (1202) with all of them in `context.failures`.
 *
 * @example
 * import { createHttpRpc, fallback } from '@aitbc/core/rpc'
 * const rpc = fallback([createHttpRpc({ url: 'http://127.0.0.1:8545' }), createHttpRpc({ url: 'http://127.0.0.1:8546' })])
 */
export function fallback(endpoints: readonly Rpc[], options: fallback.Options = {}): Rpc {
  const { restMs = 1000, maxRestMs = 60_000 } = options
  assertEndpoints(endpoints)
  positive('restMs', restMs)
  positive('maxRestMs', maxRestMs)
  const known = endpoints.map((rpc) => ({ rpc, call: toEffect(rpc), failures: 0, restsUntil: 0 }))
  return fromEffect(
    {
      name: `first of ${endpoints.map((rpc) => rpc.name).join(', ')}`,
      assurance: endpoints.every((rpc) => rpc.assurance === 'quorum') ? 'quorum' : 'reported',
    },
    Effect.fnUntraced(function* (method, params) {
      const begun = yield* now
      const rested = known.filter((one) => one.restsUntil <= begun)
      const resting = known
        .filter((one) => one.restsUntil > begun)
        .sort((a, b) => a.restsUntil - b.restsUntil)
      const errors: [Rpc, AitbcError][] = []
      for (const one of [...rested, ...resting]) {
        const exit = yield* Effect.exit(one.call(method, params))
        const error = failureOf(exit)
        if (error === undefined || isAnswer(error)) {
          one.failures = 0
          one.restsUntil = 0
          return yield* exit
        }
        const at = yield* now
        one.restsUntil = at + Math.min(maxRestMs, restMs * 2 ** one.failures++)
        errors.push([one.rpc, error])
      }
      const [only, ...more] = errors
      if (only !== undefined && more.length === 0) return yield* Effect.fail(only[1])
      return yield* Effect.fail(
        CoreErrors.RpcUnreachable(`no endpoint answered ${method}`, { method, failures: summary(errors) }),
      )
    }),
  )
}

export declare namespace fallback {
  type Options = {
    /** Rest after a first failure, milliseconds; 1,000 unless told. */
    readonly restMs?: number
    /** Longest rest, milliseconds; 60,000 unless told. */
    readonly maxRestMs?: number
  }
}

/** What endpoints said when they didn't agree. */
export interface Disagreement {
  readonly method: string
  /** Who said what, each answer as short text. */
  readonly answers: readonly { readonly endpoint: string; readonly said: string }[]
  /** Those that contradict the `k` that agree; empty where no `k` agree. */
  readonly liars: readonly string[]
}

/** What an answer says, for {@link quorum}: what honest nodes say alike, and how far the one that answered has come. */
export interface Reading {
  /** What must be alike, as JSON. */
  readonly alike: unknown
  /**
   * Where honest nodes differ, for one is ahead of another: a slot, a height, a time. Of answers alike that of the `k`-th furthest is
   * given: so far has an honest one come, if fewer than `k` lie.
   */
  readonly at?: bigint
  /** How far honest nodes may be apart; who is further off contradicts. As far as they like unless told. */
  readonly within?: bigint
}

/**
 * Asks all endpoints at once and gives the answer that at least `k` of them give alike; facts read through it are `quorum`. For reads
 * that name their block: two honest nodes can see two tips. For others, `read` says what of an answer must be alike: an adapter's family
 * supplies it where its chain needs one (`SolanaQuorum.read` of `@aitbc/adapters/solana`).
 *
 * `k` is more than half of the endpoints, so no two answers can both have it, and fewer than `k` liars never bring a wrong one through.
 * An answer that contradicts is never passed over: it is `RpcDisagreement` (1206) with who said what and who lied, unless
 * `onDisagreement` takes it and `k` agree. Too few answers: `RpcNoQuorum` (1207). A refusal counts as an answer.
 *
 * @example
 * import { createHttpRpc, quorum } from '@aitbc/core/rpc'
 * const urls = ['http://127.0.0.1:8545', 'http://127.0.0.1:8546', 'http://127.0.0.1:8547']
 * const rpc = quorum(urls.map((url) => createHttpRpc({ url })), { k: 2 })
 * rpc.assurance // 'quorum'
 */
export function quorum(endpoints: readonly Rpc[], options: quorum.Options): Rpc {
  const {
    k,
    graceMs = 2000,
    onDisagreement,
    read = (_method: string, alike: unknown) => ({ alike }),
  } = options
  assertEndpoints(endpoints)
  whole('k', k)
  positive('graceMs', graceMs)
  if (k > endpoints.length || 2 * k <= endpoints.length || k < 2)
    throw CoreErrors.InvalidArgument(
      `k must be at least 2 and more than half of the ${endpoints.length} endpoints, got ${k}`,
      { argument: 'k', received: k, endpoints: endpoints.length },
    )
  const names = endpoints.map((rpc) => rpc.name)
  if (new Set(names).size !== names.length)
    throw CoreErrors.InvalidArgument('endpoints must have different names, so that a liar can be told', {
      argument: 'endpoints',
      received: names,
    })
  const called = endpoints.map((rpc) => ({ rpc, call: toEffect(rpc) }))

  const ask: Call = Effect.fnUntraced(function* (method, params) {
    const said: Said[] = []
    const failed: [Rpc, AitbcError][] = []
    let settle: (() => void) | undefined
    let settled = false
    const all = Effect.forEach(
      called,
      ({ rpc, call }) =>
        Effect.map(Effect.exit(call(method, params)), (exit) => {
          const heard = hear(method, params, exit, read)
          if (heard === undefined) failed.push([rpc, failureOf(exit) ?? broken(rpc, method)])
          else said.push({ rpc, exit, ...heard })
          if (agreed(said, k) !== undefined) {
            settled = true
            settle?.()
          }
        }),
      { concurrency: 'unbounded', discard: true },
    )
    // Once k agree, the others have a moment left to contradict; one that hangs holds nobody up.
    const enough = Effect.callback<void>((resume) => {
      settle = () => resume(Effect.void)
      if (settled) settle()
    })
    yield* Effect.raceFirst(all, Effect.andThen(enough, Effect.sleep(graceMs)))

    const won = agreed(said, k)
    const liars = won === undefined ? [] : said.filter((one) => !won.alike.includes(one))
    const apart = won === undefined && (said.length >= k || new Set(said.map(({ key }) => key)).size > 1)
    if (apart || liars.length > 0) {
      const disagreement: Disagreement = {
        method,
        answers: said.map(({ rpc, key, at }) => ({
          endpoint: rpc.name,
          said: at === undefined ? brief(key) : `${brief(key)} at ${at}`,
        })),
        liars: liars.map((one) => one.rpc.name),
      }
      if (won === undefined || onDisagreement === undefined)
        return yield* Effect.fail(
          CoreErrors.RpcDisagreement(
            won === undefined
              ? `endpoints contradict each other about ${method}, and no ${k} agree`
              : `${disagreement.liars.join(', ')} contradicts ${won.alike.length} endpoints about ${method}`,
            { ...disagreement, failures: summary(failed) },
          ),
        )
      onDisagreement(disagreement)
    }
    if (won === undefined)
      return yield* Effect.fail(
        CoreErrors.RpcNoQuorum(
          `${said.length} of ${endpoints.length} endpoints answered ${method}, ${k} needed`,
          {
            method,
            k,
            answered: said.map((one) => one.rpc.name),
            failures: summary(failed),
          },
        ),
      )
    return yield* won.given.exit
  })
  return fromEffect({ name: `${k} of ${names.join(', ')}`, assurance: 'quorum' }, ask)
}

export declare namespace quorum {
  type Options = {
    /** How many must agree: at least 2, and more than half of all. */
    readonly k: number
    /** How long the others may still contradict once `k` agree, milliseconds; 2,000 unless told. */
    readonly graceMs?: number
    /** Takes a disagreement in which `k` agree; the call then succeeds with what they say. */
    readonly onDisagreement?: (disagreement: Disagreement) => void
    /** What an answer says; all of it must be alike unless told. Given whatever an endpoint sends, it must not throw. */
    readonly read?: (method: string, answer: unknown, params: Params) => Reading
  }
}

/** A node's refusal is an answer to compare; that it doesn't know the method, or the caller, says nothing about the chain. */
function isAnswer(error: AitbcError): boolean {
  if (!isAitbcError(error, 'RpcRejected')) return false
  const code = error.context['code']
  return !(code === -32601 || code === 401 || code === 403 || code === 405)
}

/** An endpoint's answer or refusal. */
interface Said {
  readonly rpc: Rpc
  readonly exit: Exit.Exit<unknown, AitbcError>
  /** Equal for answers that are alike. */
  readonly key: string
  readonly at?: bigint | undefined
  readonly within?: bigint | undefined
}

function hear(
  method: string,
  params: Params,
  exit: Exit.Exit<unknown, AitbcError>,
  read: NonNullable<quorum.Options['read']>,
): Pick<Said, 'key' | 'at' | 'within'> | undefined {
  if (Exit.isSuccess(exit)) {
    const { alike, at, within } = read(method, exit.value, params)
    return { key: `${at === undefined ? '' : 'at '}${canonical(alike)}`, at, within }
  }
  const error = failureOf(exit)
  return error !== undefined && isAnswer(error)
    ? { key: `refused: ${show(error.context['code'])}` }
    : undefined
}

/** The answer that k give alike, and all who do: where they differ in how far they have come, the furthest k that are near each other. */
function agreed(
  said: readonly Said[],
  k: number,
): { readonly given: Said; readonly alike: readonly Said[] } | undefined {
  const key = said.map((one) => one.key).find((one) => said.filter((other) => other.key === one).length >= k)
  if (key === undefined) return undefined
  const alike = said.filter((one) => one.key === key)
  const furthest = alike
    .filter((one): one is Said & { readonly at: bigint } => one.at !== undefined)
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
  const [first] = alike
  if (first !== undefined && furthest.length === 0) return { given: first, alike }
  for (const [index, ahead] of furthest.entries()) {
    const given = furthest[index + k - 1]
    if (given === undefined) return undefined
    const { at, within } = given
    if (within === undefined) return { given, alike }
    if (ahead.at - at <= within)
      return { given, alike: furthest.filter((one) => one.at - at <= within && at - one.at <= within) }
  }
  return undefined
}

/** One text for equal JSON values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner === 'bigint') return { bigint: inner.toString() }
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
      const record = inner as Record<string, unknown>
      return Object.fromEntries(
        Object.keys(record)
          .sort()
          .map((key) => [key, record[key]]),
      )
    }) ?? 'undefined'
  )
}

function failureOf(exit: Exit.Exit<unknown, AitbcError>): AitbcError | undefined {
  if (Exit.isSuccess(exit)) return undefined
  for (const reason of exit.cause.reasons) if (reason._tag === 'Fail') return reason.error
  return undefined
}

function broken(rpc: Rpc, method: string): AitbcError {
  return CoreErrors.RpcUnreachable(`${rpc.name} failed at ${method}`, { endpoint: rpc.name, method })
}

function brief(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text
}

function summary(errors: readonly (readonly [Rpc, AitbcError])[]) {
  return errors.map(([rpc, error]) => ({ endpoint: rpc.name, tag: error._tag, message: error.message }))
}

function assertEndpoints(endpoints: unknown): void {
  if (!Array.isArray(endpoints) || endpoints.length === 0)
    throw CoreErrors.InvalidArgument(`endpoints must be a list of at least one, got ${show(endpoints)}`, {
      argument: 'endpoints',
      received: endpoints,
    })
}

function positive(argument: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    throw CoreErrors.InvalidArgument(`${argument} must be a number above 0, got ${show(value)}`, {
      argument,
      received: value,
    })
}

function whole(argument: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw CoreErrors.InvalidArgument(`${argument} must be a whole number from 1, got ${show(value)}`, {
      argument,
      received: value,
    })
}
