import { type AitbcError, Bytes, type CallOptions, CoreErrors, isAitbcError, show } from '@aitbc/core'
import { Hasher, Scale } from '@aitbc/proofs/substrate'
import type { ApiPromise } from '@polkadot/api'

type Hex = `0x${string}`

/** A block's header as it is encoded, with its hash. */
export interface Header {
  readonly height: bigint
  readonly hash: Hex
  readonly parent: Hex
  readonly stateRoot: Hex
  readonly bytes: Bytes.Bytes
}

/** A block's header and extrinsics; each extrinsic's bytes, with its length before it. */
export interface Block extends Header {
  readonly extrinsics: readonly Bytes.Bytes[]
}

/** Most bytes of one answer that is decoded. */
const MAX_VALUE = 16_000_000
const MAX_LOGS = 64
const MAX_EXTRINSICS = 50_000

/** What is used of a provider of @polkadot/api: it gives what the node answers, undecoded. */
export interface Provider {
  send(method: string, params: unknown[]): Promise<unknown>
}

/** Where calls go: a connection of @polkadot/api, or a provider alone, which knows nothing of the runtime. */
type Endpoint = Pick<ApiPromise, 'rpc'> | Provider

/** The call of a node's JSON-RPC that gives what the node answers, undecoded. */
type Raw = (...params: readonly unknown[]) => Promise<unknown>

/** `RpcMalformed` (1204): an answer that isn't of the protocol. */
export function malformed(method: string, expected: string, received: unknown): AitbcError {
  return CoreErrors.RpcMalformed(`${method} must answer ${expected}, got ${show(received)}`, {
    method,
    expected,
    received: show(received),
  })
}

/**
 * Asks the node. `RpcRejected` (1203) with the node's code and words, `RpcUnreachable` (1202) where there is no answer,
 * `UnsupportedCapability` (1301) where the node has no such method.
 */
export async function ask(
  api: Endpoint,
  section: string,
  name: string,
  params: readonly unknown[],
  options: CallOptions = {},
): Promise<unknown> {
  options.signal?.throwIfAborted()
  const method = `${section}_${name}`
  const raw = rawOf(api, section, name)
  if (raw === undefined)
    throw CoreErrors.UnsupportedCapability(`the endpoint has no method ${method}`, { method })
  try {
    return await abortable(raw(...params), options.signal)
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    throw failure(method, error)
  }
}

function rawOf(api: Endpoint, section: string, name: string): Raw | undefined {
  if ('send' in api) return (...params) => api.send(`${section}_${name}`, [...params])
  // A node's own list of methods decides which of those that the types name are there.
  const methods = api.rpc[section as keyof typeof api.rpc] as
    | { readonly [name: string]: { readonly raw?: Raw } | undefined }
    | undefined
  return methods?.[name]?.raw
}

/** An error of @polkadot/api as one of the registry. */
export function failure(method: string, error: unknown): AitbcError {
  if (isAitbcError(error)) return error
  const { code, data, message } = (error ?? {}) as {
    readonly code?: unknown
    readonly data?: unknown
    readonly message?: unknown
  }
  const said = String(message ?? error).slice(0, 500)
  if (typeof code === 'number')
    return CoreErrors.RpcRejected(
      `${method} was refused: ${said}`,
      { method, code, message: said, data: typeof data === 'string' ? data.slice(0, 500) : undefined },
      { cause: error },
    )
  if (/no response received|timeout/i.test(said))
    return CoreErrors.RpcTimeout(`${method} was not answered in time`, { method }, { cause: error })
  return CoreErrors.RpcUnreachable(
    `${method} got no answer: ${said}`,
    { method, message: said },
    { cause: error },
  )
}

/** A promise that rejects with the signal's reason once it is aborted. */
export function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** The hash of the block at a height, where there is one. */
export async function blockHash(
  api: Endpoint,
  height: bigint,
  options?: CallOptions,
): Promise<Hex | undefined> {
  const answer = await ask(api, 'chain', 'getBlockHash', [Number(height)], options)
  return answer === null ? undefined : hash('chain_getBlockHash', answer)
}

/** The hash of the newest block. */
export async function head(api: Endpoint, options?: CallOptions): Promise<Hex> {
  return hash('chain_getBlockHash', await ask(api, 'chain', 'getBlockHash', [], options))
}

/** The hash of the newest block that is final. */
export async function finalizedHead(api: Endpoint, options?: CallOptions): Promise<Hex> {
  return hash('chain_getFinalizedHead', await ask(api, 'chain', 'getFinalizedHead', [], options))
}

/** A header by its hash, which must be the hash of what comes; undefined where the node has no such block. */
export async function header(api: Endpoint, of: Hex, options?: CallOptions): Promise<Header | undefined> {
  const answer = await absent(ask(api, 'chain', 'getHeader', [of], options))
  return answer === null || answer === undefined ? undefined : toHeader('chain_getHeader', of, answer)
}

/** A block by its hash. */
export async function block(api: Endpoint, of: Hex, options?: CallOptions): Promise<Block | undefined> {
  const answer = await absent(ask(api, 'chain', 'getBlock', [of], options))
  if (answer === null || answer === undefined) return undefined
  const inner = (answer as { readonly block?: { readonly header?: unknown; readonly extrinsics?: unknown } })
    .block
  const extrinsics = inner?.extrinsics
  if (!Array.isArray(extrinsics) || extrinsics.length > MAX_EXTRINSICS)
    throw malformed('chain_getBlock', 'a block with its extrinsics', extrinsics)
  return {
    ...toHeader('chain_getBlock', of, inner?.header),
    extrinsics: extrinsics.map((one) => bytes('chain_getBlock', one)),
  }
}

/** A value of the state of a block. */
export async function storage(
  api: Endpoint,
  key: Bytes.Bytes,
  at: Hex,
  options?: CallOptions,
): Promise<Bytes.Bytes | undefined> {
  const answer = await ask(api, 'state', 'getStorage', [hex(key), at], options)
  return answer === null || answer === undefined ? undefined : bytes('state_getStorage', answer)
}

/** A value of a child trie in the state of a block. */
export async function childStorage(
  api: Endpoint,
  child: Bytes.Bytes,
  key: Bytes.Bytes,
  at: Hex,
  options?: CallOptions,
): Promise<Bytes.Bytes | undefined> {
  const answer = await ask(api, 'childstate', 'getStorage', [hex(child), hex(key), at], options)
  return answer === null || answer === undefined ? undefined : bytes('childstate_getStorage', answer)
}

/** The nodes of a proof of keys of the state of a block. */
export async function readProof(
  api: Endpoint,
  keys: readonly Bytes.Bytes[],
  at: Hex,
  options?: CallOptions,
): Promise<readonly Bytes.Bytes[]> {
  return nodes('state_getReadProof', await ask(api, 'state', 'getReadProof', [keys.map(hex), at], options))
}

/** The nodes of a proof of keys of a child trie, those to its root included. */
export async function childReadProof(
  api: Endpoint,
  child: Bytes.Bytes,
  keys: readonly Bytes.Bytes[],
  at: Hex,
  options?: CallOptions,
): Promise<readonly Bytes.Bytes[]> {
  const answer = await ask(api, 'state', 'getChildReadProof', [hex(child), keys.map(hex), at], options)
  return nodes('state_getChildReadProof', answer)
}

/** What a call into the runtime gives, in the state of a block. */
export async function call(
  api: Endpoint,
  method: string,
  argument: Bytes.Bytes,
  at: Hex,
  options?: CallOptions,
): Promise<Bytes.Bytes> {
  return bytes('state_call', await ask(api, 'state', 'call', [method, hex(argument), at], options))
}

/** Versions of the runtime in a block: both are signed in every transaction. */
export async function runtimeVersion(
  api: Endpoint,
  at: Hex,
  options?: CallOptions,
): Promise<{ readonly specVersion: number; readonly transactionVersion: number }> {
  const answer = (await ask(api, 'state', 'getRuntimeVersion', [at], options)) as Record<
    string,
    unknown
  > | null
  const number = (name: string): number => {
    const value = answer?.[name]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw malformed('state_getRuntimeVersion', `a number ${name}`, value)
    return value
  }
  return { specVersion: number('specVersion'), transactionVersion: number('transactionVersion') }
}

/** The next nonce of an account, what waits in the pool counted. */
export async function nextIndex(api: Endpoint, address: string, options?: CallOptions): Promise<bigint> {
  const answer = await ask(api, 'system', 'accountNextIndex', [address], options)
  if (typeof answer !== 'number' || !Number.isInteger(answer) || answer < 0 || answer > 0xffff_ffff)
    throw malformed('system_accountNextIndex', 'a number of 32 bits', answer)
  return BigInt(answer)
}

/** The extrinsics that wait in the node's pool; none where it keeps them to itself. */
export async function pending(api: Endpoint, options?: CallOptions): Promise<readonly Bytes.Bytes[]> {
  const answer = await ask(api, 'author', 'pendingExtrinsics', [], options).catch((error: unknown) => {
    if (isAitbcError(error, 'RpcRejected')) return []
    throw error
  })
  if (!Array.isArray(answer) || answer.length > MAX_EXTRINSICS)
    throw malformed('author_pendingExtrinsics', 'a list of extrinsics', answer)
  return answer.map((one) => bytes('author_pendingExtrinsics', one))
}

/** Broadcasts; gives the hash that the node names. */
export async function submit(api: Endpoint, raw: Bytes.Bytes, options?: CallOptions): Promise<Hex> {
  return hash('author_submitExtrinsic', await ask(api, 'author', 'submitExtrinsic', [hex(raw)], options))
}

/** Nodes answer a hash that they don't know with null, or with an error of the client. */
async function absent(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (
      isAitbcError(error, 'RpcRejected') &&
      /not found|unknown block/i.test(String(error.context['message']))
    )
      return undefined
    throw error
  }
}

function toHeader(method: string, of: Hex, answer: unknown): Header {
  const { parentHash, number, stateRoot, extrinsicsRoot, digest } = (answer ?? {}) as Record<string, unknown>
  const logs = (digest as { readonly logs?: unknown } | undefined)?.logs
  if (typeof number !== 'string' || !/^0x[0-9a-fA-F]{1,8}$/.test(number))
    throw malformed(method, 'a header with its number', number)
  if (!Array.isArray(logs) || logs.length > MAX_LOGS)
    throw malformed(method, 'a header with its digest', logs)
  const height = BigInt(number)
  const parent = hash(method, parentHash)
  const root = hash(method, stateRoot)
  const encoded = Bytes.concat(
    unhex(parent),
    Scale.encode(Scale.compact, height),
    unhex(root),
    unhex(hash(method, extrinsicsRoot)),
    Scale.encode(Scale.compact, BigInt(logs.length)),
    ...logs.map((log) => bytes(method, log)),
  )
  // The first block is known by the network's id; chains made from a specification name it by hand.
  if (height > 0n && hex(Hasher.blake2b256(encoded)) !== of)
    throw malformed(method, `the header of ${of}`, hex(Hasher.blake2b256(encoded)))
  return { height, hash: of, parent, stateRoot: root, bytes: encoded }
}

function nodes(method: string, answer: unknown): readonly Bytes.Bytes[] {
  const proof = (answer as { readonly proof?: unknown } | null)?.proof
  if (!Array.isArray(proof) || proof.length > 10_000) throw malformed(method, 'the nodes of a proof', proof)
  return proof.map((node) => bytes(method, node))
}

function hash(method: string, answer: unknown): Hex {
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{64}$/.test(answer))
    throw malformed(method, 'a hash', answer)
  return answer as Hex
}

/** Bytes in hex, with its prefix. */
export function bytes(method: string, answer: unknown): Bytes.Bytes {
  if (typeof answer !== 'string' || !/^0x(?:[0-9a-f]{2})*$/.test(answer))
    throw malformed(method, 'bytes in hex', answer)
  if (answer.length > 2 * MAX_VALUE)
    throw CoreErrors.RpcTooLarge(`${method} answered ${answer.length / 2} bytes, more than ${MAX_VALUE}`, {
      method,
    })
  return unhex(answer as Hex)
}

/** Bytes as a node writes them. */
export function hex(value: Bytes.Bytes): Hex {
  return `0x${Bytes.toHex(value)}`
}

/** The bytes of hex with its prefix. */
export function unhex(value: string): Bytes.Bytes {
  return Bytes.fromHex(value.slice(2))
}
