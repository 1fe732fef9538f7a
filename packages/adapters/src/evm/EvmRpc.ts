import { CoreErrors, isAitbcError, show } from '@aitbc/core'
import type { Address, Hex } from 'viem'

/**
 * How an adapter reaches a node: an EIP-1193 provider, a wallet's or `toProvider` of `@aitbc/core/rpc`. A rejection with a
 * numeric `code` is the node's own answer; any other means that it wasn't reached.
 */
export interface EvmTransport {
  /** What its answers are worth; `quorum` for a k-of-n reader. */
  readonly assurance?: 'reported' | 'quorum'
  request(
    call: { readonly method: string; readonly params?: readonly unknown[] },
    options?: { readonly signal?: AbortSignal },
  ): Promise<unknown>
}

/** A block's header, and what of it the SDK uses. */
export interface Block {
  readonly height: bigint
  readonly hash: Hex
  readonly parent: Hex
  readonly time: bigint
  readonly baseFee: bigint
  readonly stateRoot: Hex
  /** The node's own answer, for {@link HeaderRlp}. */
  readonly raw: Readonly<Record<string, unknown>>
}

/** A transaction as a node tells it. */
export interface RpcTransaction {
  readonly hash: Hex
  readonly from: Address
  readonly to: Address | null
  readonly nonce: bigint
  readonly value: bigint
  readonly data: Hex
  readonly block: { readonly height: bigint; readonly hash: Hex } | undefined
}

/** A receipt, with what of it the SDK uses. */
export interface Receipt {
  readonly succeeded: boolean
  readonly block: { readonly height: bigint; readonly hash: Hex }
}

/** An event. */
export interface RpcLog {
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly transaction: Hex
  readonly index: bigint
  readonly block: { readonly height: bigint; readonly hash: Hex }
}

/** What an event's topics must be, by position; null: anything. */
export type Topics = readonly (Hex | readonly Hex[] | null)[]

/** Options of one call. */
export interface Options {
  readonly signal?: AbortSignal
}

/** Events of one answer, and of one search: a service has a lock for each of its swaps, and anybody may repeat their tags. */
const MAX_LOGS = 10_000
const MAX_FOUND = 1_000_000
const MAX_BLOCK_TRANSACTIONS = 50_000
const MAX_DATA = 131_072
/** Calls that one search of events may take when an endpoint limits its ranges. */
const MAX_LOG_CALLS = 4096
const U64 = 2n ** 64n - 1n
const U256 = 2n ** 256n - 1n

/**
 * One call; the answer is not looked at. Rejects with `signal.reason`, with the transport's own typed error, with
 * `RpcRejected` (1203) for an EIP-1193 error, or with `RpcUnreachable` (1202).
 */
export async function call(
  transport: EvmTransport,
  method: string,
  params: readonly unknown[],
  options: Options = {},
): Promise<unknown> {
  options.signal?.throwIfAborted()
  try {
    return await transport.request(
      { method, params },
      options.signal === undefined ? {} : { signal: options.signal },
    )
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    if (isAitbcError(error)) throw error
    const { code, message, data } = (typeof error === 'object' && error !== null ? error : {}) as {
      code?: unknown
      message?: unknown
      data?: unknown
    }
    const text = typeof message === 'string' ? message.slice(0, 500) : String(error).slice(0, 500)
    if (typeof code === 'number' && Number.isInteger(code))
      throw CoreErrors.RpcRejected(
        `${method} was refused: ${text}`,
        { method, code, message: text, ...(typeof data === 'string' ? { data: data.slice(0, 2000) } : {}) },
        { cause: error },
      )
    throw CoreErrors.RpcUnreachable(
      `${method} got no answer: ${text}`,
      { method, message: text },
      { cause: error },
    )
  }
}

/** The node's chain id. */
export async function chainId(transport: EvmTransport, options?: Options): Promise<bigint> {
  return at('eth_chainId').quantity(await call(transport, 'eth_chainId', [], options))
}

/** A block by number, hash or tag; undefined where the node has none. */
export async function block(
  transport: EvmTransport,
  which: bigint | Hex | 'latest' | 'finalized' | 'safe',
  options?: Options,
): Promise<Block | undefined> {
  const byHash = typeof which === 'string' && which.startsWith('0x')
  const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber'
  const answer = await call(
    transport,
    method,
    [typeof which === 'bigint' ? hex(which) : which, false],
    options,
  )
  if (answer === null) return undefined
  const found = readBlock(answer, method)
  const right = typeof which === 'bigint' ? found.height === which : byHash ? found.hash === which : true
  if (!right) throw malformed(method, `the block ${show(which)}`, found.hash)
  return found
}

/** A block with its transactions; `pending` is the node's mempool as far as it shows it. */
export async function blockTransactions(
  transport: EvmTransport,
  which: bigint | Hex | 'pending',
  options?: Options,
): Promise<readonly RpcTransaction[]> {
  const method =
    typeof which === 'string' && which !== 'pending' ? 'eth_getBlockByHash' : 'eth_getBlockByNumber'
  const answer = await call(
    transport,
    method,
    [typeof which === 'bigint' ? hex(which) : which, true],
    options,
  )
  if (answer === null) return []
  const list = at(method).record(answer)['transactions']
  if (!Array.isArray(list) || list.length > MAX_BLOCK_TRANSACTIONS)
    throw malformed(method, 'a list of transactions', list)
  return list.map((entry) => readTransaction(entry, method))
}

/** A transaction by hash; undefined where the node does not know it. */
export async function transaction(
  transport: EvmTransport,
  hash: Hex,
  options?: Options,
): Promise<RpcTransaction | undefined> {
  const method = 'eth_getTransactionByHash'
  const answer = await call(transport, method, [hash], options)
  if (answer === null) return undefined
  const found = readTransaction(answer, method)
  if (found.hash !== hash) throw malformed(method, `the transaction ${hash}`, found.hash)
  return found
}

/** A receipt; undefined where the transaction is in no block. */
export async function receipt(
  transport: EvmTransport,
  hash: Hex,
  options?: Options,
): Promise<Receipt | undefined> {
  const method = 'eth_getTransactionReceipt'
  const answer = await call(transport, method, [hash], options)
  if (answer === null) return undefined
  const read = at(method)
  const record = read.record(answer)
  if (read.hash(record['transactionHash']) !== hash)
    throw malformed(method, `the receipt of ${hash}`, record['transactionHash'])
  const status = read.quantity(record['status'])
  if (status > 1n) throw malformed(method, 'a status of 0x0 or 0x1', record['status'])
  return {
    succeeded: status === 1n,
    block: { height: read.quantity(record['blockNumber'], U64), hash: read.hash(record['blockHash']) },
  }
}

/** An account's balance in wei at a block. */
export async function balance(
  transport: EvmTransport,
  account: Address,
  blockHash: Hex,
  options?: Options,
): Promise<bigint> {
  const method = 'eth_getBalance'
  return at(method).quantity(await call(transport, method, [account, atBlock(blockHash)], options))
}

/** The next nonce of an account: after its included transactions (`latest`), or after its pending ones too. */
export async function nonce(
  transport: EvmTransport,
  account: Address,
  when: 'latest' | 'pending' | bigint,
  options?: Options,
): Promise<bigint> {
  const method = 'eth_getTransactionCount'
  const answer = await call(
    transport,
    method,
    [account, typeof when === 'bigint' ? hex(when) : when],
    options,
  )
  return at(method).quantity(answer, 2n ** 53n - 1n)
}

/** The code of an account at a block. */
export async function code(
  transport: EvmTransport,
  account: Address,
  blockHash: Hex,
  options?: Options,
): Promise<Hex> {
  const method = 'eth_getCode'
  return at(method).data(await call(transport, method, [account, atBlock(blockHash)], options), MAX_DATA)
}

/** One storage word at a block. */
export async function storage(
  transport: EvmTransport,
  account: Address,
  slot: Hex,
  blockHash: Hex,
  options?: Options,
): Promise<bigint> {
  const method = 'eth_getStorageAt'
  const answer = await call(transport, method, [account, slot, atBlock(blockHash)], options)
  const word = at(method).data(answer, 32)
  if (word.length !== 66) throw malformed(method, '32 bytes', answer)
  return BigInt(word)
}

/** The result of a read-only call at a block. Never given a secret. */
export async function read(
  transport: EvmTransport,
  to: Address,
  data: Hex,
  blockHash: Hex,
  options?: Options,
): Promise<Hex> {
  const method = 'eth_call'
  return at(method).data(await call(transport, method, [{ to, data }, atBlock(blockHash)], options), MAX_DATA)
}

/** Gas that a transaction would take now. Never given a secret. */
export async function estimateGas(
  transport: EvmTransport,
  transaction: { readonly from: Address; readonly to: Address; readonly value: bigint; readonly data: Hex },
  options?: Options,
): Promise<bigint> {
  const method = 'eth_estimateGas'
  const answer = await call(transport, method, [{ ...transaction, value: hex(transaction.value) }], options)
  return at(method).quantity(answer, U64)
}

/** Base fee of the next block, and tips at the 10th, 50th and 90th percentile of the last blocks; wei per gas. */
export async function feeHistory(
  transport: EvmTransport,
  options?: Options,
): Promise<{ readonly baseFee: bigint; readonly tips: readonly [bigint, bigint, bigint] }> {
  const method = 'eth_feeHistory'
  const answer = await call(transport, method, ['0xa', 'latest', [10, 50, 90]], options)
  const { quantity, record } = at(method)
  const { baseFeePerGas, reward } = record(answer)
  if (!Array.isArray(baseFeePerGas) || baseFeePerGas.length === 0 || baseFeePerGas.length > 1025)
    throw malformed(method, 'baseFeePerGas of 1 to 1025 blocks', baseFeePerGas)
  const rows = reward ?? []
  if (!Array.isArray(rows) || rows.length > 1024)
    throw malformed(method, 'reward of at most 1024 blocks', reward)
  const columns: [bigint[], bigint[], bigint[]] = [[], [], []]
  for (const row of rows) {
    if (!Array.isArray(row) || row.length !== 3) throw malformed(method, 'three rewards a block', row)
    columns.forEach((column, i) => {
      column.push(quantity(row[i]))
    })
  }
  const median = (values: bigint[]) =>
    values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[values.length >> 1] ?? 0n
  return {
    baseFee: quantity(baseFeePerGas.at(-1)),
    tips: [median(columns[0]), median(columns[1]), median(columns[2])],
  }
}

/**
 * Events of a contract by topics (null: any), oldest first; ranges that an endpoint refuses are halved. They are read from the newest on, up to
 * `most` of them: what is older than all that matters may be pruned.
 */
export async function logs(
  transport: EvmTransport,
  query: {
    readonly address: Address
    readonly topics: Topics
    readonly from: bigint
    readonly to: bigint
    readonly most?: number
  },
  options?: Options,
): Promise<readonly RpcLog[]> {
  const { most = MAX_FOUND + 1 } = query
  const parts: (readonly RpcLog[])[] = []
  let count = 0
  let calls = 0
  let span = query.to - query.from + 1n
  for (let to = query.to; to >= query.from && count < most; ) {
    const from = to - span + 1n > query.from ? to - span + 1n : query.from
    if (++calls > MAX_LOG_CALLS)
      throw CoreErrors.RpcTooLarge(
        `eth_getLogs from ${query.from} to ${query.to} takes more than ${MAX_LOG_CALLS} calls`,
        {
          method: 'eth_getLogs',
          from: query.from,
          to: query.to,
        },
      )
    try {
      const part = await logsOnce(transport, { ...query, from, to }, options)
      parts.push(part)
      count += part.length
    } catch (error) {
      const limited = isAitbcError(error, 'RpcRejected') || isAitbcError(error, 'RpcTooLarge')
      if (!limited || to === from) throw error
      span = (to - from + 1n) / 2n
      continue
    }
    if (count > MAX_FOUND) throw tooMany(MAX_FOUND)
    to = from - 1n
  }
  return parts.reverse().flat()
}

/** Events of a contract by topics in one block. */
export async function logsOfBlock(
  transport: EvmTransport,
  query: {
    readonly address: Address
    readonly topics: Topics
    readonly block: { readonly height: bigint; readonly hash: Hex }
  },
  options?: Options,
): Promise<readonly RpcLog[]> {
  const { address, topics, block } = query
  const answer = await call(transport, 'eth_getLogs', [{ address, topics, blockHash: block.hash }], options)
  const found = readLogs(answer, address, topics, block.height, block.height)
  for (const log of found)
    if (log.block.hash !== block.hash)
      throw malformed('eth_getLogs', `events of block ${block.hash}`, log.block.hash)
  return found
}

async function logsOnce(
  transport: EvmTransport,
  query: { readonly address: Address; readonly topics: Topics; readonly from: bigint; readonly to: bigint },
  options?: Options,
): Promise<readonly RpcLog[]> {
  const { address, topics, from, to } = query
  const filter = { address, topics, fromBlock: hex(from), toBlock: hex(to) }
  return readLogs(await call(transport, 'eth_getLogs', [filter], options), address, topics, from, to)
}

function tooMany(most: number) {
  return CoreErrors.RpcTooLarge(`eth_getLogs gave more than ${most} events`, { method: 'eth_getLogs' })
}

function readLogs(
  answer: unknown,
  address: Address,
  topics: Topics,
  from: bigint,
  to: bigint,
): readonly RpcLog[] {
  const method = 'eth_getLogs'
  if (!Array.isArray(answer)) throw malformed(method, 'a list of events', answer)
  if (answer.length > MAX_LOGS) throw tooMany(MAX_LOGS)
  const is = at(method)
  return answer
    .map((entry) => {
      const log = is.record(entry)
      if (log['removed'] === true) throw malformed(method, 'no removed event', log['removed'])
      if (is.address(log['address']) !== address)
        throw malformed(method, `events of ${address}`, log['address'])
      const own = log['topics']
      if (!Array.isArray(own) || own.length > 4) throw malformed(method, 'at most 4 topics', own)
      const read: RpcLog = {
        topics: own.map((topic) => is.hash(topic)),
        data: is.data(log['data'], MAX_DATA),
        transaction: is.hash(log['transactionHash']),
        index: is.quantity(log['logIndex'], U64),
        block: { height: is.quantity(log['blockNumber'], U64), hash: is.hash(log['blockHash']) },
      }
      topics.forEach((wanted, i) => {
        const topic = read.topics[i]
        const matches =
          wanted === null || (typeof wanted === 'string' ? wanted === topic : wanted.includes(topic as Hex))
        if (!matches) throw malformed(method, 'events with the topics asked for', topic)
      })
      if (read.block.height < from || read.block.height > to)
        throw malformed(method, `events of blocks ${from} to ${to}`, read.block.height)
      return read
    })
    .sort((a, b) => Number(a.block.height - b.block.height) || Number(a.index - b.index))
}

/** An account's and one storage word's Merkle-Patricia proof at a block (EIP-1186): the nodes alone, root first. */
export async function proof(
  transport: EvmTransport,
  account: Address,
  slot: Hex,
  blockHash: Hex,
  options?: Options,
): Promise<{ readonly account: readonly Hex[]; readonly storage: readonly Hex[] }> {
  const method = 'eth_getProof'
  const is = at(method)
  const record = is.record(await call(transport, method, [account, [slot], atBlock(blockHash)], options))
  const nodes = (list: unknown): readonly Hex[] => {
    if (!Array.isArray(list) || list.length > 65) throw malformed(method, 'at most 65 nodes', list)
    return list.map((node) => is.data(node, 1024))
  }
  const words = record['storageProof']
  if (!Array.isArray(words) || words.length !== 1) throw malformed(method, 'the proof of one word', words)
  return { account: nodes(record['accountProof']), storage: nodes(is.record(words[0])['proof']) }
}

/** Broadcasts; resolves to the hash that the node gives. */
export async function send(transport: EvmTransport, raw: Hex, options?: Options): Promise<Hex> {
  const method = 'eth_sendRawTransaction'
  return at(method).hash(await call(transport, method, [raw], options))
}

/** Asks a wallet to sign and send a transaction of an account it holds; resolves to its hash. */
export async function sendByWallet(
  transport: EvmTransport,
  asked: {
    readonly from: Address
    readonly to: Address
    readonly value: bigint
    readonly data: Hex
    readonly nonce: bigint
    readonly gas: bigint
    readonly chainId: bigint
    readonly maxFeePerGas: bigint
    readonly maxPriorityFeePerGas: bigint
  },
  options?: Options,
): Promise<Hex> {
  const method = 'eth_sendTransaction'
  const request = {
    type: '0x2',
    from: asked.from,
    to: asked.to,
    value: hex(asked.value),
    data: asked.data,
    nonce: hex(asked.nonce),
    gas: hex(asked.gas),
    chainId: hex(asked.chainId),
    maxFeePerGas: hex(asked.maxFeePerGas),
    maxPriorityFeePerGas: hex(asked.maxPriorityFeePerGas),
  }
  return at(method).hash(await call(transport, method, [request], options))
}

/** A transaction that a wallet sent, with the fees it chose; undefined where it does not tell. */
export async function sentTransaction(
  transport: EvmTransport,
  hash: Hex,
  options?: Options,
): Promise<
  | (RpcTransaction & {
      readonly fees: {
        readonly gas: bigint
        readonly maxFeePerGas: bigint
        readonly maxPriorityFeePerGas: bigint
      }
    })
  | undefined
> {
  const method = 'eth_getTransactionByHash'
  const answer = await call(transport, method, [hash], options)
  if (answer === null) return undefined
  const found = readTransaction(answer, method)
  if (found.hash !== hash) throw malformed(method, `the transaction ${hash}`, found.hash)
  const { record, quantity } = at(method)
  const { gas, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = record(answer)
  return {
    ...found,
    fees: {
      gas: quantity(gas),
      maxFeePerGas: quantity(maxFeePerGas ?? gasPrice),
      maxPriorityFeePerGas: quantity(maxPriorityFeePerGas ?? gasPrice),
    },
  }
}

/** A number as JSON-RPC writes it. */
export function hex(value: bigint): Hex {
  return `0x${value.toString(16)}`
}

// EIP-1898, so that all reads of one answer are of one block, also across a reorganisation.
function atBlock(blockHash: Hex): { readonly blockHash: Hex; readonly requireCanonical: true } {
  return { blockHash, requireCanonical: true }
}

function readBlock(answer: unknown, method: string): Block {
  const is = at(method)
  const raw = is.record(answer)
  return {
    height: is.quantity(raw['number'], U64),
    hash: is.hash(raw['hash']),
    parent: is.hash(raw['parentHash']),
    time: is.quantity(raw['timestamp'], U64),
    baseFee:
      raw['baseFeePerGas'] === undefined || raw['baseFeePerGas'] === null
        ? 0n
        : is.quantity(raw['baseFeePerGas']),
    stateRoot: is.hash(raw['stateRoot']),
    raw,
  }
}

function readTransaction(answer: unknown, method: string): RpcTransaction {
  const is = at(method)
  const record = is.record(answer)
  const included = record['blockHash'] !== null && record['blockHash'] !== undefined
  return {
    hash: is.hash(record['hash']),
    from: is.address(record['from']),
    to: record['to'] === null || record['to'] === undefined ? null : is.address(record['to']),
    nonce: is.quantity(record['nonce'], U64),
    value: is.quantity(record['value']),
    data: is.data(record['input'] ?? record['data'], 2_000_000),
    block: included
      ? { height: is.quantity(record['blockNumber'], U64), hash: is.hash(record['blockHash']) }
      : undefined,
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
    quantity(value: unknown, max: bigint = U256): bigint {
      if (typeof value !== 'string' || !/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/.test(value))
        throw malformed(method, 'a quantity', value)
      const number = BigInt(value)
      if (number > max) throw malformed(method, `a quantity of at most ${max}`, value)
      return number
    },
    hash(value: unknown): Hex {
      if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(value))
        throw malformed(method, '32 bytes', value)
      return value.toLowerCase() as Hex
    },
    address(value: unknown): Address {
      if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(value))
        throw malformed(method, 'an address', value)
      return value.toLowerCase() as Address
    },
    data(value: unknown, max: number): Hex {
      if (typeof value !== 'string' || value.length > 2 + 2 * max || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value))
        throw malformed(method, `at most ${max} bytes`, value)
      return value.toLowerCase() as Hex
    },
  }
}

/** `RpcMalformed` (1204), naming the method, what was expected and what came. */
export function malformed(method: string, expected: string, received: unknown) {
  return CoreErrors.RpcMalformed(`${method} must answer ${expected}, got ${show(received)}`, {
    method,
    expected,
    received: typeof received === 'string' ? received.slice(0, 200) : show(received),
  })
}
