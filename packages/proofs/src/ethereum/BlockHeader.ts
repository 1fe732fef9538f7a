import { type Bytes, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as Rlp from './Rlp.js'

/**
 * An execution block's header (yellow paper, section 4.3, and the EIPs of each fork). Fields of later forks are there from
 * their fork on, never alone: 15 fields, 16 from London, 17 from Shanghai, 20 from Cancun, 21 from Prague.
 */
export interface BlockHeader {
  readonly parentHash: Bytes.Hash32
  readonly ommersHash: Bytes.Hash32
  /** 20 bytes. */
  readonly beneficiary: Bytes.Bytes
  readonly stateRoot: Bytes.Hash32
  readonly transactionsRoot: Bytes.Hash32
  readonly receiptsRoot: Bytes.Hash32
  /** 256 bytes. */
  readonly logsBloom: Bytes.Bytes
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly extraData: Bytes.Bytes
  /** `prevRandao` since the merge. */
  readonly mixHash: Bytes.Bytes32
  /** 8 bytes. */
  readonly nonce: Bytes.Bytes
  /** London, EIP-1559; wei. */
  readonly baseFeePerGas?: bigint
  /** Shanghai, EIP-4895. */
  readonly withdrawalsRoot?: Bytes.Hash32
  /** Cancun, EIP-4844. */
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  /** Cancun, EIP-4788. */
  readonly parentBeaconBlockRoot?: Bytes.Hash32
  /** Prague, EIP-7685. */
  readonly requestsHash?: Bytes.Hash32
}

/** A field's form: a string of so many bytes, a scalar of at most so many, or any string. */
type Form = { readonly bytes: number } | { readonly scalar: number } | 'any'

const FIELDS: readonly (readonly [keyof BlockHeader, Form])[] = [
  ['parentHash', { bytes: 32 }],
  ['ommersHash', { bytes: 32 }],
  ['beneficiary', { bytes: 20 }],
  ['stateRoot', { bytes: 32 }],
  ['transactionsRoot', { bytes: 32 }],
  ['receiptsRoot', { bytes: 32 }],
  ['logsBloom', { bytes: 256 }],
  ['difficulty', { scalar: 32 }],
  ['number', { scalar: 8 }],
  ['gasLimit', { scalar: 8 }],
  ['gasUsed', { scalar: 8 }],
  ['timestamp', { scalar: 8 }],
  ['extraData', 'any'],
  ['mixHash', { bytes: 32 }],
  ['nonce', { bytes: 8 }],
  ['baseFeePerGas', { scalar: 32 }],
  ['withdrawalsRoot', { bytes: 32 }],
  ['blobGasUsed', { scalar: 8 }],
  ['excessBlobGas', { scalar: 8 }],
  ['parentBeaconBlockRoot', { bytes: 32 }],
  ['requestsHash', { bytes: 32 }],
]

const COUNTS: readonly number[] = [15, 16, 17, 20, 21]

/**
 * Reads a header from its RLP; total, and only the field sets that a fork has.
 *
 * Refusals: `header-fields` (another number of fields), `header-field` (its name and form in the context), `rlp-integer`,
 * and those of `Rlp.decode`.
 *
 * @example
 * import { BlockHeader } from '@aitbc/proofs/ethereum'
 * BlockHeader.decode(Uint8Array.of(0xc0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<BlockHeader> {
  const item = Rlp.decode(bytes)
  if (!item.ok) return item
  const values = item.value
  if (values instanceof Uint8Array || !COUNTS.includes(values.length))
    return Verdict.refuse('header-fields', `a header has ${COUNTS.join(', ')} fields, got ${values.length}`)
  const header: Partial<Record<keyof BlockHeader, Bytes.Bytes | bigint>> = {}
  for (const [i, value] of values.entries()) {
    const [name, form] = FIELDS[i] as (typeof FIELDS)[number]
    if (!(value instanceof Uint8Array) || (form !== 'any' && 'bytes' in form && value.length !== form.bytes))
      return Verdict.refuse('header-field', `${name} has another form`, { field: name })
    if (form === 'any' || 'bytes' in form) header[name] = value
    else {
      const scalar = Rlp.toBigInt(value, form.scalar)
      if (!scalar.ok)
        return Verdict.refuse(scalar.refusal.check, `${name}: ${scalar.refusal.message}`, { field: name })
      header[name] = scalar.value
    }
  }
  return Verdict.accept(header as unknown as BlockHeader)
}

/** Writes a header as RLP, with the fields that it has. */
export function encode(header: BlockHeader): Bytes.Bytes {
  const values: Rlp.Item[] = []
  for (const [name] of FIELDS) {
    const value = header[name]
    if (value === undefined) break
    values.push(typeof value === 'bigint' ? Rlp.fromBigInt(value) : value)
  }
  return Rlp.encode(values)
}

/** The block's hash: keccak-256 of the header's RLP. */
export function hash(header: BlockHeader): Bytes.Hash32 {
  return keccak_256(encode(header))
}
