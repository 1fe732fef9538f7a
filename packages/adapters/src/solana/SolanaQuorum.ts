import { Address } from '@aitbc/proofs/solana'

/**
 * Slots, or blocks, by which honest nodes may be apart: a minute. It is less than a blockhash lives (150), so that what a quorum says of an
 * expiry is worth something.
 */
const WITHIN = 150n
/** Seconds by which the clocks of two confirmed blocks so far apart may differ; it runs at most a quarter too fast, or half too slow. */
const CLOCK_WITHIN = 120n
const CLOCK: string = /* @__PURE__ */ Address.encode(Address.CLOCK_SYSVAR)

/** What of an answer honest nodes say alike, and how far the one that answered has come. */
interface Reading {
  readonly alike: unknown
  readonly at?: bigint
  readonly within?: bigint
}

/**
 * What an answer of a Solana node says, for `quorum` of `@aitbc/core/rpc`: nodes tell as of slots of their own, so what must be alike is the
 * value, and the slot near. Heights, the clock and the newest blockhash differ by nature: of them the one is given that `k` have come to.
 *
 * A blockhash can't be compared: a node whose own one is given by turns may make a transaction fail to be included, not more.
 *
 * @example
 * import { createHttpRpc, quorum } from '@aitbc/core/rpc'
 * import { SolanaQuorum } from '@aitbc/adapters/solana'
 * const nodes = ['http://127.0.0.1:8899', 'http://127.0.0.1:8898', 'http://127.0.0.1:8897']
 * const rpc = quorum(
 *   nodes.map((url) => createHttpRpc({ url, exactNumbers: 'all' })),
 *   { k: 2, read: SolanaQuorum.read },
 * )
 * rpc.assurance // 'quorum'
 */
export function read(method: string, answer: unknown, params: unknown = []): Reading {
  switch (method) {
    case 'getSlot':
    case 'getBlockHeight':
      return near(method, answer, answer)
    case 'getLatestBlockhash':
      // It is as good as the height to which it lives.
      return near(method, field(field(answer, 'value'), 'lastValidBlockHeight'), answer)
    case 'getMultipleAccounts': {
      const value = field(answer, 'value')
      const clock = isClock(params) ? clockOf(value) : undefined
      if (clock !== undefined) return { alike: 'clock', at: clock, within: CLOCK_WITHIN }
      return asOf(answer, list(value)?.map(account) ?? value)
    }
    case 'isBlockhashValid':
      return asOf(answer, field(answer, 'value'))
    case 'getSignatureStatuses': {
      const value = field(answer, 'value')
      return asOf(answer, list(value)?.map(status) ?? value)
    }
    case 'getSignaturesForAddress':
      return {
        alike:
          list(answer)?.map((it) => ({
            ...pick(it, ['signature', 'slot']),
            failed: isFailed(it),
          })) ?? answer,
      }
    case 'getBlock':
      return {
        alike: pick(answer, ['blockHeight', 'blockhash', 'previousBlockhash', 'parentSlot', 'blockTime']),
      }
    case 'getTransaction': {
      const meta = field(answer, 'meta')
      return {
        alike: isRecord(answer)
          ? {
              ...pick(answer, ['slot', 'transaction']),
              failed: isFailed(meta),
              meta: pick(meta, ['loadedAddresses']),
              inner: list(field(meta, 'innerInstructions'))?.map((group) => ({
                index: field(group, 'index'),
                calls: list(field(group, 'instructions'))?.map((call) =>
                  pick(call, ['programIdIndex', 'accounts', 'data']),
                ),
              })),
            }
          : answer,
      }
    }
    case 'getProgramAccounts':
      return {
        alike:
          list(answer)
            ?.map((it) => ({ pubkey: field(it, 'pubkey'), account: account(field(it, 'account')) }))
            .sort((a, b) => (String(a.pubkey) < String(b.pubkey) ? -1 : 1)) ?? answer,
      }
    case 'getRecentPrioritizationFees': {
      const fees = list(answer)?.map((it) => natural(field(it, 'prioritizationFee')))
      let most = 0n
      for (const fee of fees ?? [undefined]) {
        if (fee === undefined) return { alike: answer }
        if (fee > most) most = fee
      }
      return { alike: 'fees', at: most }
    }
    default:
      return { alike: answer }
  }
}

function near(method: string, at: unknown, otherwise: unknown): Reading {
  const found = natural(at)
  return found === undefined ? { alike: otherwise } : { alike: method, at: found, within: WITHIN }
}

/** A value as of a node's own slot. */
function asOf(answer: unknown, alike: unknown): Reading {
  const at = natural(field(field(answer, 'context'), 'slot'))
  return at === undefined ? { alike: answer } : { alike, at, within: WITHIN }
}

/** Rent epochs and sizes are of a node's version. */
function account(value: unknown): unknown {
  return pick(value, ['data', 'executable', 'lamports', 'owner'])
}

/** How many votes a node has counted is its own affair; whether it is more than a leader's word isn't. */
function status(value: unknown): unknown {
  return isRecord(value)
    ? {
        ...pick(value, ['slot']),
        failed: isFailed(value),
        settled: value['confirmationStatus'] !== 'processed',
      }
    : value
}

function isFailed(value: unknown): unknown {
  const err = field(value, 'err')
  return err === undefined ? 'untold' : err !== null
}

function isClock(params: unknown): boolean {
  const keys = list(list(params)?.[0])
  return keys?.length === 1 && keys[0] === CLOCK
}

/** Unix seconds of the Clock sysvar: the last of its five numbers of 64 bits. */
function clockOf(accounts: unknown): bigint | undefined {
  const data = list(field(list(accounts)?.[0], 'data'))?.[0]
  if (typeof data !== 'string' || data.length !== 56) return undefined
  try {
    const text = atob(data)
    if (text.length !== 40) return undefined
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
    return new DataView(bytes.buffer).getBigInt64(32, true)
  } catch {
    return undefined
  }
}

function pick(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  // What is no object is like nothing but itself.
  if (!isRecord(value)) return { value }
  return Object.fromEntries(names.map((name) => [name, value[name] ?? null]))
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function natural(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value >= 0n ? value : undefined
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  return typeof value === 'string' && /^[0-9]{1,20}$/.test(value) ? BigInt(value) : undefined
}
