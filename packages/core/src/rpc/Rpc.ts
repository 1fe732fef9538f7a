import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import type { CallOptions } from '../ChainAdapter.js'
import { type AitbcError, isAitbcError } from '../errors/AitbcError.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import type { Told } from '../Fact.js'

/** Parameters by position or, where a node takes them so, by name. */
export type Params = readonly unknown[] | Readonly<Record<string, unknown>>

/**
 * A way to ask a node: JSON-RPC over HTTP ({@link createHttpRpc}), REST ({@link createHttpRest}), or anything of this shape.
 * Middleware takes one and gives one.
 *
 * Rejects with `signal.reason` when aborted, else with one of `RpcTimeout` (1201), `RpcUnreachable` (1202), `RpcRejected` (1203:
 * the node said no), `RpcMalformed` (1204), `RpcRateLimited` (1205), `RpcDisagreement` (1206), `RpcNoQuorum` (1207), `RpcTooLarge` (1208).
 */
export interface Rpc {
  /** Names the endpoint in errors; never holds a credential. */
  readonly name: string
  /** What a fact from it is worth: one endpoint's word, or a quorum's. */
  readonly assurance: Told<unknown>['assurance']
  request(method: string, params?: Params, options?: CallOptions): Promise<unknown>
}

/** Makes an endpoint better: {@link pipe} joins several. */
export type Middleware = (rpc: Rpc) => Rpc

/** The Effect form of {@link Rpc.request}: interruption takes the place of the signal, and the `Clock` in scope is obeyed. */
export type Call = (method: string, params: Params) => Effect.Effect<unknown, AitbcError>

const calls = /* @__PURE__ */ new WeakMap<Rpc, Call>()

/**
 * Makes an {@link Rpc} from an Effect; the Promise form derives from it. `options` name it and say what its word is worth.
 *
 * @example
 * import { fromEffect, type Middleware, toEffect } from '@aitbc/core/rpc'
 * // Middleware of one's own: it hears of each request.
 * const heard =
 *   (saw: (method: string) => void): Middleware =>
 *   (rpc) =>
 *     fromEffect(rpc, (method, params) => {
 *       saw(method)
 *       return toEffect(rpc)(method, params)
 *     })
 */
export function fromEffect(options: Pick<Rpc, 'name' | 'assurance'>, call: Call): Rpc {
  const rpc: Rpc = {
    name: options.name,
    assurance: options.assurance,
    async request(method, params = [], { signal } = {}) {
      signal?.throwIfAborted()
      assertCall(method, params)
      const stop = new AbortController()
      const all = signal && stoppedBy(signal).add(stop)
      const exit = await Effect.runPromiseExit(call(method, params), stop)
      all?.delete(stop)
      if (Exit.isSuccess(exit)) return exit.value
      if (signal?.aborted) throw signal.reason
      throw Cause.squash(exit.cause)
    },
  }
  calls.set(rpc, call)
  return rpc
}

/** What an abort of a signal stops, by one listener for as long as the signal lives: platforms take a dozen for a leak. */
const under = /* @__PURE__ */ new WeakMap<AbortSignal, Set<AbortController>>()

function stoppedBy(signal: AbortSignal): Set<AbortController> {
  const known = under.get(signal)
  if (known !== undefined) return known
  const all = new Set<AbortController>()
  under.set(signal, all)
  signal.addEventListener('abort', () => {
    for (const one of all) one.abort()
  })
  return all
}

/**
 * The Effect form of an endpoint, also of one that the caller wrote with promises: what that rejects with and is none of this SDK's errors
 * becomes `RpcUnreachable` (1202).
 *
 * @example
 * import { type Call, createHttpRpc, toEffect } from '@aitbc/core/rpc'
 * const call: Call = toEffect(createHttpRpc({ url: 'http://127.0.0.1:8545' }))
 * // Nothing is asked before the Effect is run.
 * const height = call('eth_blockNumber', [])
 */
export function toEffect(rpc: Rpc): Call {
  return (
    calls.get(rpc) ??
    ((method, params) =>
      Effect.tryPromise({
        try: (signal) => rpc.request(method, params, { signal }),
        catch: (cause) =>
          isAitbcError(cause)
            ? cause
            : CoreErrors.RpcUnreachable(
                `${rpc.name} failed at ${method}`,
                { endpoint: rpc.name, method },
                { cause },
              ),
      }))
  )
}

/**
 * Passes an endpoint through middleware, first to last.
 *
 * @example
 * import { createHttpRpc, pipe, rateLimit, retry } from '@aitbc/core/rpc'
 * const rpc = pipe(createHttpRpc({ url: 'http://127.0.0.1:8545' }), rateLimit({ perSecond: 20 }), retry())
 */
export function pipe(rpc: Rpc, ...middleware: readonly Middleware[]): Rpc {
  return middleware.reduce((inner, wrap) => wrap(inner), rpc)
}

/** An EIP-1193 provider, as EVM libraries take it, that asks through an {@link Rpc}. */
export interface Provider {
  readonly assurance: Rpc['assurance']
  request(
    call: { readonly method: string; readonly params?: readonly unknown[] },
    options?: CallOptions,
  ): Promise<unknown>
}

/**
 * Gives an endpoint the shape of an EIP-1193 provider.
 *
 * @example
 * import { createHttpRpc, toProvider } from '@aitbc/core/rpc'
 * const provider = toProvider(createHttpRpc({ url: 'http://127.0.0.1:8545' }))
 */
export function toProvider(rpc: Rpc): Provider {
  return {
    assurance: rpc.assurance,
    request: ({ method, params = [] }, options) => rpc.request(method, params, options),
  }
}

function assertCall(method: unknown, params: unknown): void {
  if (typeof method !== 'string' || method === '' || method.length > 200)
    throw CoreErrors.InvalidArgument(`method must be a name of 1 to 200 characters, got ${show(method)}`, {
      argument: 'method',
      received: method,
    })
  if (typeof params !== 'object' || params === null)
    throw CoreErrors.InvalidArgument(`params must be a list or an object, got ${show(params)}`, {
      argument: 'params',
      received: typeof params,
    })
}
