import { Bytes, Verdict } from '@aitbc/core'
import * as Rlp from './Rlp.js'

/** What a contract said in a transaction. */
export interface Log {
  /** The contract's address, 20 bytes: whoever may emit an event under any name is told apart by it alone. */
  readonly address: Bytes.Bytes
  /** At most four. */
  readonly topics: readonly Bytes.Hash32[]
  readonly data: Bytes.Bytes
}

/** What became of a transaction (yellow paper, section 4.3.1; EIP-658, EIP-2718). */
export interface Receipt {
  /** 0 for a legacy transaction; 1 to 4 as EIP-2930, EIP-1559, EIP-4844 and EIP-7702 have it. */
  readonly type: number
  /** Before Byzantium a receipt holds the state after the transaction instead. */
  readonly outcome: 'success' | 'failure' | { readonly stateRoot: Bytes.Hash32 }
  readonly cumulativeGasUsed: bigint
  /** 256 bytes; a filter, and no proof of anything. */
  readonly logsBloom: Bytes.Bytes
  readonly logs: readonly Log[]
}

/** Last type of transaction that there is: EIP-7702. */
export const MAX_TYPE = 4

/**
 * Reads a receipt as the receipts' trie has it; total, one encoding.
 *
 * Refusals: `receipt-type` (unknown), `receipt-fields` (not four: a transaction, for one), `receipt-status`, `receipt-bloom`,
 * `receipt-log` (not an address, topics and data; its index in the context), `rlp-integer`, and those of `Rlp.decode`.
 *
 * @example
 * import { Receipt } from '@aitbc/proofs/ethereum'
 * Receipt.decode(Uint8Array.of(0x02, 0xc0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Receipt> {
  const split = typeOf(bytes)
  if (split === undefined)
    return Verdict.refuse('receipt-type', `no receipt starts with ${bytes[0] ?? 'nothing'}`)
  const item = Rlp.decode(split.payload)
  if (!item.ok) return item
  const [status, gas, logsBloom, entries, ...more] = item.value instanceof Uint8Array ? [] : item.value
  if (
    !(status instanceof Uint8Array && gas instanceof Uint8Array && logsBloom instanceof Uint8Array) ||
    entries === undefined ||
    entries instanceof Uint8Array ||
    more.length > 0
  )
    return Verdict.refuse('receipt-fields', 'a receipt is status, gas, bloom and logs')
  const outcome = outcomeOf(status)
  if (outcome === undefined)
    return Verdict.refuse('receipt-status', `a status is 0, 1 or a state root, got ${status.length} bytes`)
  const cumulativeGasUsed = Rlp.toBigInt(gas, 8)
  if (!cumulativeGasUsed.ok) return cumulativeGasUsed
  if (logsBloom.length !== 256)
    return Verdict.refuse('receipt-bloom', `a bloom has 256 bytes, got ${logsBloom.length}`)
  const logs: Log[] = []
  for (const [index, entry] of entries.entries()) {
    const log = logOf(entry)
    if (log === undefined)
      return Verdict.refuse('receipt-log', `log ${index} isn't address, topics and data`, { index })
    logs.push(log)
  }
  if (outcome === 'failure' && logs.length > 0)
    return Verdict.refuse('receipt-status', 'a transaction that failed has no logs')
  return Verdict.accept({
    type: split.type,
    outcome,
    cumulativeGasUsed: cumulativeGasUsed.value,
    logsBloom,
    logs,
  })
}

/** Writes a receipt as the trie has it. */
export function encode(receipt: Receipt): Bytes.Bytes {
  const { type, outcome, cumulativeGasUsed, logsBloom, logs } = receipt
  const payload = Rlp.encode([
    outcome === 'success' ? Uint8Array.of(1) : outcome === 'failure' ? new Uint8Array(0) : outcome.stateRoot,
    Rlp.fromBigInt(cumulativeGasUsed),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, topics, data]),
  ])
  return type === 0 ? payload : Bytes.concat(Uint8Array.of(type), payload)
}

/** The type and payload of a receipt or transaction (EIP-2718); `undefined` for what is neither typed nor a list. */
export function typeOf(
  bytes: Bytes.Bytes,
): { readonly type: number; readonly payload: Bytes.Bytes } | undefined {
  const first = bytes[0] ?? 0
  if (first >= 0xc0) return { type: 0, payload: bytes }
  return first >= 1 && first <= MAX_TYPE ? { type: first, payload: bytes.subarray(1) } : undefined
}

function outcomeOf(status: Bytes.Bytes): Receipt['outcome'] | undefined {
  if (status.length === 32) return { stateRoot: status }
  if (status.length === 0) return 'failure'
  return status.length === 1 && status[0] === 1 ? 'success' : undefined
}

function logOf(entry: Rlp.Item): Log | undefined {
  const [address, topics, data, ...more] = entry instanceof Uint8Array ? [] : entry
  if (!(address instanceof Uint8Array) || address.length !== 20 || more.length > 0) return undefined
  if (!(data instanceof Uint8Array) || topics === undefined || topics instanceof Uint8Array) return undefined
  const hashes: Bytes.Hash32[] = []
  for (const topic of topics) {
    if (!(topic instanceof Uint8Array) || topic.length !== 32 || hashes.length === 4) return undefined
    hashes.push(topic)
  }
  return { address, topics: hashes, data }
}
