import { Bytes, CoreErrors, isAitbcError, show, type Verdict } from '@aitbc/core'
import { Header, type LightBlock, RpcJson, type ValidatorSet } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'

/**
 * How an adapter reaches a node: `createHttpRpc` of `@aitbc/core/rpc` with the URL of a CometBFT RPC (0.37 or later), behind any
 * middleware.
 */
export interface CosmosTransport {
  /** What its answers are worth; `quorum` for a k-of-n reader. */
  readonly assurance?: 'reported' | 'quorum'
  request(
    method: string,
    params?: Readonly<Record<string, unknown>>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<unknown>
}

/** Options of one call. */
export interface Options {
  readonly signal?: AbortSignal
}

/** A block's header with its hash, in the chain's own display form: upper-case hex. */
export interface Block {
  readonly height: bigint
  readonly hash: string
  readonly header: Header.Header
}

/** An event of a transaction: its type, and its attributes in order. */
export interface Event {
  readonly type: string
  readonly attributes: readonly (readonly [key: string, value: string])[]
}

/** What became of a transaction in a block. */
export interface Result {
  /** 0 for success. */
  readonly code: number
  readonly codespace: string
  readonly log: string
  readonly events: readonly Event[]
}

/** An included transaction. */
export interface Included extends Result {
  /** SHA-256 of its bytes, upper-case hex. */
  readonly hash: string
  readonly height: bigint
  readonly index: number
  readonly bytes: Bytes.Bytes
}

/** Longest transaction that is looked at, bytes. */
export const MAX_TRANSACTION = 1_048_576
const MAX_VALUE = 1_048_576
/** Anybody's contract fills events of a transaction as it likes: what all of them take is bounded by the answer alone. */
const MAX_EVENTS = 16_777_216
const MAX_BLOCK_TRANSACTIONS = 50_000
const PAGE = 100
/** Pages that all validators may take. */
const MAX_PAGES = 100
/** Transactions that are asked for at once, a power of two; that one query may find; and that it passes over for their size. */
const SEARCHED = 64
const MAX_SEARCHED = 10_000
const MAX_PASSED = 256
/** How often a search shares out heights, and transactions that it finds in all. */
const MAX_SPLITS = 1024
const MAX_FOUND = 1_000_000
const I64 = 2n ** 63n - 1n

/**
 * One call; the answer is not looked at. Rejects with `signal.reason`, or with the transport's own typed error, else
 * `RpcUnreachable` (1202).
 */
async function call(
  transport: CosmosTransport,
  method: string,
  params: Readonly<Record<string, unknown>>,
  options: Options = {},
): Promise<unknown> {
  options.signal?.throwIfAborted()
  try {
    return await transport.request(
      method,
      params,
      options.signal === undefined ? {} : { signal: options.signal },
    )
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    if (isAitbcError(error)) throw error
    const text = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    throw CoreErrors.RpcUnreachable(
      `${method} got no answer: ${text}`,
      { method, message: text },
      { cause: error },
    )
  }
}

/**
 * The node's chain, and the height of the newest block whose state can be read: a node shows a block before its application has made
 * its state.
 */
export async function status(
  transport: CosmosTransport,
  options?: Options,
): Promise<{ readonly chainId: string; readonly height: bigint }> {
  const [told, info] = await Promise.all([
    call(transport, 'status', {}, options),
    call(transport, 'abci_info', {}, options),
  ])
  const is = at('status')
  const answer = is.record(told)
  const { network } = is.record(answer['node_info'])
  const shown = is.integer(is.record(answer['sync_info'])['latest_block_height'], 1n)
  const app = at('abci_info')
  const made = app.integer(app.record(app.record(info)['response'])['last_block_height'], 1n)
  const behind = made < shown
  return { chainId: is.text(network, 64), height: behind ? made : shown }
}

/** The header of a block, which has the hash that its votes name. */
export async function block(transport: CosmosTransport, height: bigint, options?: Options): Promise<Block> {
  return (await signedHeader(transport, height, options)).block
}

/** A block with its votes and validators, as a light client takes it; whether anyone signed it isn't judged here. */
export async function lightBlock(
  transport: CosmosTransport,
  height: bigint,
  options?: Options,
): Promise<{ readonly block: Block; readonly light: LightBlock.LightBlock }> {
  const signed = await signedHeader(transport, height, options)
  const { header, commit } = signed
  return {
    block: signed.block,
    light: { header, commit, validators: await validators(transport, height, options) },
  }
}

async function signedHeader(transport: CosmosTransport, height: bigint, options?: Options) {
  const is = at('commit')
  const answer = is.record(await call(transport, 'commit', { height: String(height) }, options))
  const signed = is.record(answer['signed_header'])
  const header = is.accepted(RpcJson.header(signed['header']))
  const commit = is.accepted(RpcJson.commit(signed['commit']))
  is.accepted(Header.check(header))
  const hash = Header.hash(header)
  if (header.height !== height || commit.height !== height || !Bytes.equal(hash, commit.blockId.hash))
    throw malformed('commit', `the header of block ${height} and votes for it`, header.height)
  return { header, commit, block: { height, hash: upperHex(hash), header } }
}

async function validators(
  transport: CosmosTransport,
  height: bigint,
  options?: Options,
): Promise<ValidatorSet.ValidatorSet> {
  const is = at('validators')
  const found: unknown[] = []
  for (let page = 1; page <= MAX_PAGES; page++) {
    const asked = { height: String(height), page: String(page), per_page: String(PAGE) }
    const answer = is.record(await call(transport, 'validators', asked, options))
    const part = is.list(answer['validators'], PAGE)
    found.push(...part)
    const total = is.integer(answer['total'], 1n, BigInt(MAX_PAGES * PAGE))
    if (BigInt(found.length) >= total) return is.accepted(RpcJson.validators(found))
    if (part.length === 0) break
  }
  throw malformed('validators', `all validators of block ${height}`, found.length)
}

/** An answer of the application to a query of its gRPC services, at a height. `RpcRejected` (1203) with its code and words. */
export async function query(
  transport: CosmosTransport,
  path: string,
  data: Bytes.Bytes,
  height: bigint,
  options?: Options,
): Promise<Bytes.Bytes> {
  return (await abci(transport, path, data, height, false, options)).value ?? new Uint8Array(0)
}

/** The chain's own code refused a query, as where it has no such service: a gateway that lets nobody through says nothing of that. */
export function isUnknown(error: unknown): boolean {
  return isAitbcError(error, 'RpcRejected') && error.context['codespace'] !== undefined
}

/** What a store holds at a key after a block; `null` for nothing. */
export async function stored(
  transport: CosmosTransport,
  store: string,
  key: Bytes.Bytes,
  height: bigint,
  options?: Options,
): Promise<Bytes.Bytes | null> {
  return (await abci(transport, `/store/${store}/key`, key, height, false, options)).value
}

/** {@link stored} with its proof; whether it proves that isn't judged here. */
export async function proved(
  transport: CosmosTransport,
  store: string,
  key: Bytes.Bytes,
  height: bigint,
  options?: Options,
): Promise<{
  readonly value: Bytes.Bytes | null
  readonly proofs: readonly [inStore: Bytes.Bytes, inMultistore: Bytes.Bytes]
}> {
  const is = at('abci_query')
  const { value, response } = await abci(transport, `/store/${store}/key`, key, height, true, options)
  const given = is.record(response['proofOps'] ?? response['proof_ops'])
  const keys = [key, new TextEncoder().encode(store)]
  const [inStore, inMultistore] = is.list(given['ops'], 2).map((entry, i) => {
    const { type, key: of, data } = is.record(entry)
    const proof = is.base64(data, MAX_VALUE)
    if (type !== PROOFS[i] || !Bytes.equal(is.base64(of, MAX_VALUE), keys[i] as Bytes.Bytes))
      throw malformed('abci_query', `a proof ${PROOFS[i]} of the key`, type)
    return proof
  })
  if (inStore === undefined || inMultistore === undefined)
    throw malformed('abci_query', 'proofs in the store, and of it', given['ops'])
  return { value, proofs: [inStore, inMultistore] }
}

/** What proofs are called (ICS-23), in the order in which a node gives them. */
const PROOFS = ['ics23:iavl', 'ics23:simple'] as const

async function abci(
  transport: CosmosTransport,
  path: string,
  data: Bytes.Bytes,
  height: bigint,
  prove: boolean,
  options?: Options,
) {
  const method = 'abci_query'
  const is = at(method)
  const asked = { path, data: Bytes.toHex(data), height: String(height), prove }
  const response = is.record(is.record(await call(transport, method, asked, options))['response'])
  const code = Number(is.integer(response['code'] ?? 0, 0n, 2n ** 32n - 1n))
  if (code !== 0) {
    const message = is.text(response['log'] ?? '', MAX_VALUE).slice(0, 500)
    const codespace = is.text(response['codespace'] ?? '', 64)
    throw CoreErrors.RpcRejected(`${path} was refused: ${message} (${codespace} ${code})`, {
      method,
      path,
      code,
      codespace,
      message,
    })
  }
  const answered = is.integer(response['height'] ?? 0, 0n)
  if (answered !== height) throw malformed(method, `an answer at height ${height}`, answered)
  const value = response['value']
  const bytes = value === null || value === undefined || value === '' ? null : is.base64(value, MAX_VALUE)
  return { value: bytes, response }
}

/** Hands a transaction to the node's mempool; its checks are `code` and `log`. */
export async function broadcast(
  transport: CosmosTransport,
  raw: Bytes.Bytes,
  options?: Options,
): Promise<{ readonly code: number; readonly codespace: string; readonly log: string }> {
  const method = 'broadcast_tx_sync'
  const is = at(method)
  const answer = is.record(await call(transport, method, { tx: toBase64(raw) }, options))
  const hash = is.hash(answer['hash'])
  if (hash !== hashOf(raw)) throw malformed(method, `the hash ${hashOf(raw)}`, hash)
  return {
    code: Number(is.integer(answer['code'] ?? 0, 0n, 2n ** 32n - 1n)),
    codespace: is.text(answer['codespace'] ?? '', 64),
    log: is.text(answer['log'] ?? '', MAX_VALUE).slice(0, 1000),
  }
}

/** An included transaction by hash; undefined where no block that the node indexed has it. */
export async function transaction(
  transport: CosmosTransport,
  hash: string,
  options?: Options,
): Promise<Included | undefined> {
  const method = 'tx'
  let answer: unknown
  try {
    answer = await call(
      transport,
      method,
      { hash: toBase64(Bytes.fromHex(hash.toLowerCase())), prove: false },
      options,
    )
  } catch (error) {
    if (isAitbcError(error, 'RpcRejected') && /not found/i.test(said(error))) return undefined
    throw error
  }
  const found = included(answer, method)
  if (found.hash !== hash) throw malformed(method, `the transaction ${hash}`, found.hash)
  return found
}

/**
 * Included transactions with these events up to a height (CometBFT, "Subscribing to events": its query language), oldest first. Anybody may make
 * any number: those of fewer blocks are asked for then. And one that is too large to be read: the others are told all the same, and `whole` is
 * false. `RpcTooLarge` (1208) where there are a million, or a block alone has too many.
 */
export async function search(
  transport: CosmosTransport,
  conditions: string,
  to: bigint,
  options?: Options,
): Promise<Searched> {
  const found = new Map<string, Included>()
  let whole = true
  let splits = 0
  const open = [{ least: 1n, most: to, query: conditions }]
  const add = (least: bigint, most: bigint) =>
    open.push({ least, most, query: `${conditions} AND tx.height >= ${least} AND tx.height <= ${most}` })
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { least, most, query } = part
    const read = await searchOnce(transport, query, MAX_SEARCHED, options)
    const isEnd = read === undefined && (least >= most || ++splits > MAX_SPLITS)
    if (isEnd || found.size > MAX_FOUND)
      throw CoreErrors.RpcTooLarge(`tx_search found too many transactions with ${query}`, {
        method: 'tx_search',
      })
    if (read === undefined) {
      const middle = (least + most) / 2n
      add(middle + 1n, most)
      add(least, middle)
      continue
    }
    for (const one of read.found) found.set(one.hash, one)
    whole &&= read.whole
  }
  return {
    found: [...found.values()].sort((a, b) => Number(a.height - b.height) || a.index - b.index),
    whole,
  }
}

/** What a search found; `whole`: all that there is. */
export interface Searched {
  readonly found: readonly Included[]
  readonly whole: boolean
}

/** The same where a few are all that there can be of a party's own; none of more: whoever makes them has nobody read them at each look. */
export async function searchFew(
  transport: CosmosTransport,
  conditions: string,
  _to: bigint,
  options?: Options,
): Promise<Searched> {
  return (await searchOnce(transport, conditions, SEARCHED, options)) ?? { found: [], whole: false }
}

/** What one query finds; `undefined` for more than so many. */
async function searchOnce(
  transport: CosmosTransport,
  query: string,
  most: number,
  options?: Options,
): Promise<Searched | undefined> {
  const method = 'tx_search'
  const is = at(method)
  const found = new Map<string, Included>()
  let total: bigint | undefined
  let size = SEARCHED
  let next = 0
  let passed = 0
  while (total === undefined || next < total) {
    const asked = {
      query,
      page: String(next / size + 1),
      per_page: String(size),
      order_by: 'asc',
    }
    let answer: Readonly<Record<string, unknown>>
    try {
      answer = is.record(await call(transport, method, { ...asked, prove: false }, options))
    } catch (error) {
      // There is no page behind the last one, which was too large as all before it.
      if (total === undefined && next > 0 && isAitbcError(error, 'RpcRejected')) break
      if (!isAitbcError(error, 'RpcTooLarge') || passed === MAX_PASSED) throw error
      if (size > 1) size /= 2
      else [next, passed] = [next + 1, passed + 1]
      continue
    }
    total = is.integer(answer['total_count'], 0n)
    if (total > most) return undefined
    const part = is.list(answer['txs'], size)
    for (const entry of part) {
      const one = included(entry, method)
      found.set(one.hash, one)
    }
    if (part.length === 0 && next < total) throw malformed(method, `${total} transactions`, next)
    next += size
    if (size < SEARCHED && next % (2 * size) === 0) size *= 2
  }
  return { found: [...found.values()], whole: passed === 0 }
}

/** Transactions in the node's mempool, as far as it shows it. */
export async function unconfirmed(
  transport: CosmosTransport,
  options?: Options,
): Promise<readonly Bytes.Bytes[]> {
  const method = 'unconfirmed_txs'
  const is = at(method)
  const answer = is.record(await call(transport, method, { limit: String(PAGE) }, options))
  return is.list(answer['txs'], 10_000).map((entry) => is.base64(entry, MAX_TRANSACTION))
}

/** The transactions of a block with what became of them, in its order. */
export async function blockTransactions(
  transport: CosmosTransport,
  of: Block,
  options?: Options,
): Promise<readonly Included[]> {
  const { height } = of
  const is = at('block')
  const answer = is.record(await call(transport, 'block', { height: String(height) }, options))
  const data = is.record(is.record(answer['block'])['data'])
  const list = is.list(data['txs'], MAX_BLOCK_TRANSACTIONS)
  if (list.length === 0) return []
  const method = 'block_results'
  const results = is.record(await call(transport, method, { height: String(height) }, options))
  if (at(method).integer(results['height'], 1n) !== height)
    throw malformed(method, `results of block ${height}`, results['height'])
  const outcomes = at(method).list(results['txs_results'], MAX_BLOCK_TRANSACTIONS)
  if (outcomes.length !== list.length)
    throw malformed(method, `${list.length} results of block ${height}`, outcomes.length)
  return list.map((entry, index) => {
    const bytes = is.base64(entry, MAX_TRANSACTION)
    return { hash: hashOf(bytes), height, index, bytes, ...result(outcomes[index], method) }
  })
}

/** A transaction's hash: SHA-256 of its bytes, upper-case hex. */
export function hashOf(raw: Bytes.Bytes): string {
  return upperHex(sha256(raw))
}

export function upperHex(bytes: Bytes.Bytes): string {
  return Bytes.toHex(bytes).toUpperCase()
}

/** What a node said when it refused: JSON-RPC's message and CometBFT's `data`. */
export function said(error: { readonly context: Readonly<Record<string, unknown>> }): string {
  const { message, data } = error.context
  return [message, data].filter((part) => typeof part === 'string').join(': ')
}

function included(answer: unknown, method: string): Included {
  const is = at(method)
  const record = is.record(answer)
  const bytes = is.base64(record['tx'], MAX_TRANSACTION)
  const hash = is.hash(record['hash'])
  if (hash !== hashOf(bytes)) throw malformed(method, `the bytes of transaction ${hash}`, hashOf(bytes))
  return {
    hash,
    height: is.integer(record['height'], 1n),
    index: Number(is.integer(record['index'] ?? 0, 0n, 2n ** 31n)),
    bytes,
    ...result(record['tx_result'], method),
  }
}

function result(answer: unknown, method: string): Result {
  const is = at(method)
  const record = is.record(answer)
  return {
    code: Number(is.integer(record['code'] ?? 0, 0n, 2n ** 32n - 1n)),
    codespace: is.text(record['codespace'] ?? '', 64),
    log: is.text(record['log'] ?? '', MAX_EVENTS).slice(0, 1000),
    events: is.list(record['events'], MAX_EVENTS).map((entry) => {
      const event = is.record(entry)
      return {
        type: is.text(event['type'], MAX_EVENTS),
        attributes: is.list(event['attributes'], MAX_EVENTS).map((item) => {
          const attribute = is.record(item)
          return [
            is.text(attribute['key'] ?? '', MAX_EVENTS),
            is.text(attribute['value'] ?? '', MAX_EVENTS),
          ] as const
        }),
      }
    }),
  }
}

/** Strict readers for the answers of one method. */
function at(method: string) {
  return {
    record(value: unknown): Readonly<Record<string, unknown>> {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw malformed(method, 'an object', value)
      return value as Readonly<Record<string, unknown>>
    },
    /** Go writes an empty list as null. */
    list(value: unknown, max: number): readonly unknown[] {
      if (value === null || value === undefined) return []
      if (!Array.isArray(value) || value.length > max)
        throw malformed(method, `a list of at most ${max}`, Array.isArray(value) ? value.length : value)
      return value
    },
    text(value: unknown, max: number): string {
      if (typeof value !== 'string' || value.length > max)
        throw malformed(method, `a text of at most ${max} characters`, value)
      return value
    },
    integer(value: unknown, least: bigint, most: bigint = I64): bigint {
      const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
      if (typeof digits !== 'string' || !/^(?:0|[1-9][0-9]{0,18})$/.test(digits))
        throw malformed(method, 'an integer', value)
      const number = BigInt(digits)
      if (number < least || number > most)
        throw malformed(method, `an integer from ${least} to ${most}`, value)
      return number
    },
    hash(value: unknown): string {
      if (typeof value !== 'string' || !/^[0-9A-F]{64}$/.test(value))
        throw malformed(method, '32 bytes in upper-case hex', value)
      return value
    },
    base64(value: unknown, max: number): Bytes.Bytes {
      if (value === null || value === undefined || value === '') return new Uint8Array(0)
      const bytes = typeof value === 'string' && value.length <= max * 2 ? fromBase64(value) : undefined
      if (bytes === undefined || bytes.length > max)
        throw malformed(method, `at most ${max} bytes in base64`, value)
      return bytes
    },
    accepted<T>(verdict: Verdict.Verdict<T>): T {
      if (verdict.ok) return verdict.value
      throw malformed(method, `what passes ${verdict.refusal.check}`, verdict.refusal.message)
    },
  }
}

/** Standard base64 with padding, in its one form. */
export function fromBase64(text: string): Bytes.Bytes | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return toBase64(bytes) === text ? bytes : undefined
}

export function toBase64(bytes: Bytes.Bytes): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return btoa(text)
}

/** `RpcMalformed` (1204), naming the method, what was expected and what came. */
export function malformed(method: string, expected: string, received: unknown) {
  return CoreErrors.RpcMalformed(`${method} must answer ${expected}, got ${show(received)}`, {
    method,
    expected,
    received: typeof received === 'string' ? received.slice(0, 200) : show(received),
  })
}
