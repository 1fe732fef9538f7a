import { type Bytes, CoreErrors, isAitbcError, show } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { getBase58Encoder } from '@solana/kit'

/**
 * How an adapter reaches a node: an `Rpc` of `@aitbc/core/rpc` (`createHttpRpc({ url, exactNumbers: 'all' })`, whose numbers come as
 * text, since nodes write some above 2^53), or anything of this shape. A rejection with a numeric `code` is the node's own
 * answer; any other means that it wasn't reached.
 */
export interface SolanaTransport {
  /** What its answers are worth; `quorum` for a k-of-n reader. */
  readonly assurance?: 'reported' | 'quorum'
  request(
    method: string,
    params?: readonly unknown[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<unknown>
}

/** How settled what a node tells is. */
export type Commitment = 'processed' | 'confirmed' | 'finalized'

/** A block, and what of it the SDK uses. */
export interface Block {
  readonly slot: bigint
  readonly height: bigint
  readonly hash: string
  readonly parent: string
  readonly parentSlot: bigint
  /** Unix seconds. */
  readonly time: bigint
}

/** An account. */
export interface Account {
  readonly lamports: bigint
  readonly owner: Bytes.Bytes32
  readonly executable: boolean
  readonly data: Bytes.Bytes
}

/** What a node knows of a signature. */
export interface SignatureStatus {
  readonly slot: bigint
  readonly failed: boolean
  readonly commitment: Commitment
}

/** A transaction that named an address. */
export interface SignatureInfo {
  readonly signature: string
  readonly slot: bigint
  readonly failed: boolean
}

/** A transaction in a block, with the calls that programs made. */
export interface FoundTransaction {
  readonly slot: bigint
  readonly failed: boolean
  readonly wire: Bytes.Bytes
  /** Addresses that tables gave: writable ones, then the others. */
  readonly loaded: readonly Bytes.Bytes32[]
  /** Calls inside of an instruction, by account index. */
  readonly inner: readonly {
    readonly program: number
    readonly accounts: readonly number[]
    readonly data: Bytes.Bytes
  }[]
}

/** Options of one call. */
export interface Options {
  readonly signal?: AbortSignal
}

const U64 = (1n << 64n) - 1n
const MAX_ACCOUNT = 10_485_760
const MAX_PROGRAM_ACCOUNTS = 10_000
/** Characters of a call's data. */
const MAX_CALL = 2048
/** Signatures of one answer. */
const PAGE = 1000
const COMMITMENTS: readonly unknown[] = ['processed', 'confirmed', 'finalized']

/**
 * One call; the answer is not looked at. Rejects with `signal.reason`, with the transport's own typed error, with `RpcRejected` (1203)
 * for an error of the node, or with `RpcUnreachable` (1202).
 */
export async function call(
  transport: SolanaTransport,
  method: string,
  params: readonly unknown[],
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
    const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
      code?: unknown
      message?: unknown
    }
    const text = typeof message === 'string' ? message.slice(0, 500) : String(error).slice(0, 500)
    if (typeof code === 'number' && Number.isInteger(code))
      throw CoreErrors.RpcRejected(
        `${method} was refused: ${text}`,
        { method, code, message: text },
        { cause: error },
      )
    throw CoreErrors.RpcUnreachable(
      `${method} got no answer: ${text}`,
      { method, message: text },
      { cause: error },
    )
  }
}

/** The hash of the cluster's first block. */
export async function genesisHash(transport: SolanaTransport, options?: Options): Promise<string> {
  return hash32('getGenesisHash', await call(transport, 'getGenesisHash', [], options))
}

/** The newest slot. */
export async function slot(
  transport: SolanaTransport,
  commitment: Commitment,
  options?: Options,
): Promise<bigint> {
  return natural('getSlot', await call(transport, 'getSlot', [{ commitment }], options))
}

/** The height of the newest block. */
export async function blockHeight(
  transport: SolanaTransport,
  commitment: Commitment,
  options?: Options,
): Promise<bigint> {
  return natural('getBlockHeight', await call(transport, 'getBlockHeight', [{ commitment }], options))
}

/** The block of a slot; undefined where the slot was skipped, or the node has it no more or not yet. */
export async function block(
  transport: SolanaTransport,
  at: bigint,
  options?: Options,
): Promise<Block | undefined> {
  const method = 'getBlock'
  let answer: unknown
  try {
    answer = await call(
      transport,
      method,
      [
        Number(at),
        {
          commitment: 'confirmed',
          transactionDetails: 'none',
          rewards: false,
          maxSupportedTransactionVersion: 0,
        },
      ],
      options,
    )
  } catch (error) {
    // -32001 cleaned up, -32004 not available, -32007 skipped, -32009 missing in long-term storage, -32014 status not available.
    if (
      isAitbcError(error, 'RpcRejected') &&
      [-32001, -32004, -32007, -32009, -32014].includes(error.context['code'] as number)
    )
      return undefined
    throw error
  }
  if (answer === null) return undefined
  const it = record(method, answer)
  return {
    slot: at,
    height: natural(method, it['blockHeight']),
    hash: hash32(method, it['blockhash']),
    parent: hash32(method, it['previousBlockhash']),
    parentSlot: natural(method, it['parentSlot']),
    time: natural(method, it['blockTime']),
  }
}

/** Slots with a confirmed block, in order, both ends included. */
export async function blocks(
  transport: SolanaTransport,
  from: bigint,
  to: bigint,
  options?: Options,
): Promise<readonly bigint[]> {
  const method = 'getBlocks'
  const answer = await call(
    transport,
    method,
    [Number(from), Number(to), { commitment: 'confirmed' }],
    options,
  )
  const slots = list(method, answer, Number(to - from) + 1).map((it) => natural(method, it))
  for (const [index, it] of slots.entries())
    if (it < from || it > to || (index > 0 && it <= (slots[index - 1] as bigint)))
      throw malformed(method, `slots from ${from} to ${to} in order`, it)
  return slots
}

/** A hash that transactions may name, and the last height at which they can be included. */
export async function latestBlockhash(
  transport: SolanaTransport,
  commitment: Commitment,
  options?: Options,
): Promise<{ readonly blockhash: string; readonly lastHeight: bigint }> {
  const method = 'getLatestBlockhash'
  const { value } = context(method, await call(transport, method, [{ commitment }], options))
  const it = record(method, value)
  return {
    blockhash: hash32(method, it['blockhash']),
    lastHeight: natural(method, it['lastValidBlockHeight']),
  }
}

/** Whether transactions may still name a blockhash. */
export async function isBlockhashValid(
  transport: SolanaTransport,
  blockhash: string,
  commitment: Commitment,
  options?: Options,
): Promise<boolean> {
  const method = 'isBlockhashValid'
  const { value } = context(method, await call(transport, method, [blockhash, { commitment }], options))
  if (typeof value !== 'boolean') throw malformed(method, 'true or false', value)
  return value
}

/** Accounts of one moment, and its slot; undefined for those that don't exist. */
export async function accounts(
  transport: SolanaTransport,
  keys: readonly Bytes.Bytes32[],
  commitment: Commitment,
  options?: Options,
): Promise<{ readonly slot: bigint; readonly accounts: readonly (Account | undefined)[] }> {
  const method = 'getMultipleAccounts'
  const answer = await call(
    transport,
    method,
    [keys.map(Address.encode), { commitment, encoding: 'base64' }],
    options,
  )
  const { slot: at, value } = context(method, answer)
  const found = list(method, value, keys.length)
  if (found.length !== keys.length) throw malformed(method, `${keys.length} accounts`, found.length)
  return { slot: at, accounts: found.map((it) => (it === null ? undefined : account(method, it))) }
}

/** Accounts of a program with bytes at a place, and those of one size alone. */
export async function programAccounts(
  transport: SolanaTransport,
  program: Bytes.Bytes32,
  filter: { readonly size: number; readonly offset: number; readonly bytes: Bytes.Bytes },
  options?: Options,
): Promise<readonly { readonly address: Bytes.Bytes32; readonly account: Account }[]> {
  const method = 'getProgramAccounts'
  const answer = await call(
    transport,
    method,
    [
      Address.encode(program),
      {
        commitment: 'confirmed',
        encoding: 'base64',
        filters: [
          { dataSize: filter.size },
          { memcmp: { offset: filter.offset, bytes: Address.encode(filter.bytes), encoding: 'base58' } },
        ],
      },
    ],
    options,
  )
  return list(method, answer, MAX_PROGRAM_ACCOUNTS).map((entry) => {
    const it = record(method, entry)
    return { address: key(method, it['pubkey']), account: account(method, it['account']) }
  })
}

/** What the node knows of signatures, its own history included, and the slot that it has come to. */
export async function signatureStatuses(
  transport: SolanaTransport,
  signatures: readonly string[],
  options?: Options,
): Promise<{ readonly slot: bigint; readonly statuses: readonly (SignatureStatus | undefined)[] }> {
  const method = 'getSignatureStatuses'
  const answer = await call(transport, method, [signatures, { searchTransactionHistory: true }], options)
  const { slot: at, value } = context(method, answer)
  const found = list(method, value, signatures.length)
  if (found.length !== signatures.length)
    throw malformed(method, `${signatures.length} statuses`, found.length)
  const statuses = found.map((entry) => {
    if (entry === null) return undefined
    const it = record(method, entry)
    // Nodes of the past left it out for what is final.
    const commitment = it['confirmationStatus'] ?? 'finalized'
    if (!COMMITMENTS.includes(commitment)) throw malformed(method, 'a commitment', commitment)
    return {
      slot: natural(method, it['slot']),
      failed: failed(method, it),
      commitment: commitment as Commitment,
    }
  })
  return { slot: at, statuses }
}

/** Transactions that named an address, newest first, before a signature and after another one where they are given. */
export async function signaturesFor(
  transport: SolanaTransport,
  address: Bytes.Bytes32,
  options: Options & {
    readonly before?: string | undefined
    readonly until?: string | undefined
    readonly limit?: number
  } = {},
): Promise<readonly SignatureInfo[]> {
  const method = 'getSignaturesForAddress'
  const { before, until, limit = PAGE } = options
  const answer = await call(
    transport,
    method,
    [
      Address.encode(address),
      {
        commitment: 'confirmed',
        limit,
        ...(before === undefined ? {} : { before }),
        ...(until === undefined ? {} : { until }),
      },
    ],
    options,
  )
  return list(method, answer, limit).map((entry) => {
    const it = record(method, entry)
    return {
      signature: signature(method, it['signature']),
      slot: natural(method, it['slot']),
      failed: failed(method, it),
    }
  })
}

/** A transaction in a confirmed block. */
export async function transaction(
  transport: SolanaTransport,
  id: string,
  options?: Options,
): Promise<FoundTransaction | undefined> {
  const method = 'getTransaction'
  const answer = await call(
    transport,
    method,
    [id, { commitment: 'confirmed', encoding: 'base64', maxSupportedTransactionVersion: 0 }],
    options,
  )
  if (answer === null) return undefined
  const it = record(method, answer)
  const [text] = list(method, it['transaction'], 2)
  const meta = record(method, it['meta'])
  const loaded = meta['loadedAddresses'] == null ? {} : record(method, meta['loadedAddresses'])
  const keys = (part: unknown) =>
    part === undefined ? [] : list(method, part, 256).map((k) => key(method, k))
  const inner = meta['innerInstructions'] == null ? [] : list(method, meta['innerInstructions'], 256)
  const small = (value: unknown) => {
    const found = natural(method, value)
    if (found > 255n) throw malformed(method, 'an account index', value)
    return Number(found)
  }
  return {
    slot: natural(method, it['slot']),
    failed: failed(method, meta),
    wire: base64(method, text, 1232),
    loaded: [...keys(loaded['writable']), ...keys(loaded['readonly'])],
    inner: inner.flatMap((group) =>
      list(method, record(method, group)['instructions'], 256).map((entry) => {
        const call_ = record(method, entry)
        return {
          program: small(call_['programIdIndex']),
          accounts: list(method, call_['accounts'], 256).map(small),
          data: base58(method, call_['data']),
        }
      }),
    ),
  }
}

/** Sends a transaction; gives its signature as the node tells it. */
export async function send(
  transport: SolanaTransport,
  wire: Bytes.Bytes,
  options: Options & { readonly preflight: boolean },
): Promise<string> {
  const method = 'sendTransaction'
  const text = btoa(String.fromCharCode(...wire))
  const answer = await call(
    transport,
    method,
    [text, { encoding: 'base64', skipPreflight: !options.preflight, preflightCommitment: 'confirmed' }],
    options,
  )
  return signature(method, answer)
}

/** What was paid of late for a compute unit in transactions that write these accounts, millionths of a lamport, one entry a slot. */
export async function prioritizationFees(
  transport: SolanaTransport,
  keys: readonly Bytes.Bytes32[],
  options?: Options,
): Promise<readonly bigint[]> {
  const method = 'getRecentPrioritizationFees'
  const answer = await call(transport, method, [keys.map(Address.encode)], options)
  return list(method, answer, 1000).map((entry) =>
    natural(method, record(method, entry)['prioritizationFee']),
  )
}

/** Lamports that an account of a size must hold to exist. */
export async function rent(transport: SolanaTransport, size: number, options?: Options): Promise<bigint> {
  const method = 'getMinimumBalanceForRentExemption'
  return natural(method, await call(transport, method, [size], options))
}

/** `RpcMalformed` (1204): what a method answered isn't what it may answer. */
export function malformed(method: string, expected: string, received: unknown) {
  return CoreErrors.RpcMalformed(`${method} must answer ${expected}, got ${show(received)}`, {
    method,
    expected,
    received: show(received),
  })
}

// --- Reading. Numbers come as numbers, as bigints, or as text.

function natural(method: string, value: unknown): bigint {
  const found =
    typeof value === 'bigint'
      ? value
      : typeof value === 'number' && Number.isSafeInteger(value)
        ? BigInt(value)
        : typeof value === 'string' && /^(?:0|[1-9][0-9]{0,19})$/.test(value)
          ? BigInt(value)
          : -1n
  if (found < 0n || found > U64) throw malformed(method, 'a whole number from 0', value)
  return found
}

function record(method: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(method, 'an object', value)
  return value as Readonly<Record<string, unknown>>
}

function list(method: string, value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most)
    throw malformed(method, `a list of at most ${most}`, value)
  return value
}

function context(method: string, answer: unknown): { readonly slot: bigint; readonly value: unknown } {
  const it = record(method, answer)
  return { slot: natural(method, record(method, it['context'])['slot']), value: it['value'] }
}

function account(method: string, value: unknown): Account {
  const it = record(method, value)
  const [data, encoding] = list(method, it['data'], 2)
  if (encoding !== 'base64') throw malformed(method, 'data in base64', encoding)
  if (typeof it['executable'] !== 'boolean') throw malformed(method, 'executable or not', it['executable'])
  return {
    lamports: natural(method, it['lamports']),
    owner: key(method, it['owner']),
    executable: it['executable'],
    data: base64(method, data, MAX_ACCOUNT),
  }
}

function failed(method: string, it: Readonly<Record<string, unknown>>): boolean {
  if (it['err'] === undefined) throw malformed(method, 'an error or null', undefined)
  return it['err'] !== null
}

function key(method: string, value: unknown): Bytes.Bytes32 {
  const read = typeof value === 'string' ? Address.decode(value) : undefined
  if (!read?.ok) throw malformed(method, 'an address', value)
  return read.value
}

function hash32(method: string, value: unknown): string {
  return Address.encode(key(method, value))
}

function signature(method: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[1-9A-HJ-NP-Za-km-z]{64,88}$/.test(value))
    throw malformed(method, 'a signature', value)
  return value
}

function base64(method: string, value: unknown, most: number): Bytes.Bytes {
  if (typeof value !== 'string' || value.length > Math.ceil(most / 3) * 4)
    throw malformed(method, `at most ${most} bytes in base64`, value)
  let text: string
  try {
    text = atob(value)
  } catch {
    throw malformed(method, 'base64', value)
  }
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
  if (bytes.length > most) throw malformed(method, `at most ${most} bytes`, bytes.length)
  return bytes
}

/** Decoding costs the square of the length: data that is longer than any of ours is left out. */
function base58(method: string, value: unknown): Bytes.Bytes {
  if (typeof value !== 'string' || !/^[1-9A-HJ-NP-Za-km-z]*$/.test(value))
    throw malformed(method, 'base58', value)
  return value.length > MAX_CALL ? new Uint8Array(0) : new Uint8Array(getBase58Encoder().encode(value))
}
