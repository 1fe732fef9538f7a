import { Bytes, Verdict } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as Rlp from './Rlp.js'

/** Storage that a transaction says it will touch (EIP-2930). */
export interface Access {
  /** 20 bytes. */
  readonly address: Bytes.Bytes
  readonly keys: readonly Bytes.Bytes32[]
}

/** An account's consent to run a contract's code (EIP-7702). */
export interface Authorization {
  readonly chainId: bigint
  /** 20 bytes. */
  readonly address: Bytes.Bytes
  readonly nonce: bigint
  readonly parity: bigint
  readonly r: bigint
  readonly s: bigint
}

/** A signed transaction; what its type doesn't have isn't there. Amounts in wei, fees in wei per gas. */
export interface Transaction {
  /** 0 for a legacy transaction; 1 to 4 as EIP-2930, EIP-1559, EIP-4844 and EIP-7702 have it. */
  readonly type: 0 | 1 | 2 | 3 | 4
  /** Absent in legacy transactions from before EIP-155. */
  readonly chainId?: bigint
  readonly nonce: bigint
  readonly gasPrice?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly maxFeePerGas?: bigint
  readonly gasLimit: bigint
  /** 20 bytes; none where it creates a contract. */
  readonly to?: Bytes.Bytes
  readonly value: bigint
  readonly data: Bytes.Bytes
  readonly accessList?: readonly Access[]
  readonly maxFeePerBlobGas?: bigint
  readonly blobHashes?: readonly Bytes.Hash32[]
  readonly authorizations?: readonly Authorization[]
  readonly signature: { readonly parity: 0 | 1; readonly r: bigint; readonly s: bigint }
}

/** Forks of the execution chain that changed what a transaction may be, oldest first. */
export const FORKS = [
  'frontier',
  'homestead',
  'spuriousDragon',
  'istanbul',
  'berlin',
  'london',
  'shanghai',
  'cancun',
  'prague',
] as const

/** A fork of the execution chain. */
export type Fork = (typeof FORKS)[number]

/** Since when each type of transaction is known. */
const SINCE: readonly Fork[] = ['frontier', 'berlin', 'london', 'cancun', 'prague']

type Name = Exclude<keyof Transaction, 'type' | 'signature'>
const LEGACY: readonly Name[] = ['nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data']
const PRICED: readonly Name[] = [
  'nonce',
  'maxPriorityFeePerGas',
  'maxFeePerGas',
  'gasLimit',
  'to',
  'value',
  'data',
  'accessList',
]
/** Fields of each type, in order, before the signature's three. */
const FIELDS: readonly (readonly Name[])[] = [
  LEGACY,
  ['chainId', ...LEGACY, 'accessList'],
  ['chainId', ...PRICED],
  ['chainId', ...PRICED, 'maxFeePerBlobGas', 'blobHashes'],
  ['chainId', ...PRICED, 'authorizations'],
]
/** Bytes of each scalar at most. */
const WIDTH: Readonly<Partial<Record<Name, number>>> = {
  chainId: 32,
  nonce: 8,
  gasPrice: 32,
  maxPriorityFeePerGas: 32,
  maxFeePerGas: 32,
  gasLimit: 8,
  value: 32,
  maxFeePerBlobGas: 32,
}

const ORDER = /* @__PURE__ */ secp256k1.Point.CURVE().n
const MAX_INIT_CODE = 49_152
/** First byte of a blob's hash: it is one of a KZG commitment. */
const BLOB_VERSION = 1

/**
 * Reads a signed transaction as a block has it (EIP-2718; blobs aside); total, one encoding.
 *
 * Refusals: `transaction-type` (unknown), `transaction-fields` (another number than its type has), `transaction-field` (its name in the
 * context), `transaction-signature` (no parity, or a number that is no scalar of the group), and those of `Rlp.decode`.
 *
 * @example
 * import { Transaction } from '@aitbc/proofs/ethereum'
 * Transaction.decode(Uint8Array.of(0xc0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Transaction> {
  const first = bytes[0] ?? 0
  const type = first >= 0xc0 ? 0 : first
  const names = FIELDS[type]
  if (names === undefined || (type === 0 && first < 0xc0))
    return Verdict.refuse('transaction-type', `no transaction starts with ${bytes[0] ?? 'nothing'}`)
  const item = Rlp.decode(type === 0 ? bytes : bytes.subarray(1))
  if (!item.ok) return item
  const values = item.value
  if (values instanceof Uint8Array || values.length !== names.length + 3)
    return Verdict.refuse(
      'transaction-fields',
      `a transaction of type ${type} has ${names.length + 3} fields, got ${values.length}`,
    )
  const out: Partial<Record<Name, unknown>> = {}
  for (const [i, name] of names.entries()) {
    const value = fieldOf(name, values[i] as Rlp.Item)
    if (value === undefined) {
      if (name === 'to' && type < 3 && isEmpty(values[i])) continue
      return Verdict.refuse('transaction-field', `${name} has another form`, { field: name })
    }
    out[name] = value
  }
  const [v, r, s] = values.slice(-3).map((value) => scalar(value, 32))
  const parity = v === undefined ? undefined : parityOf(type, v)
  if (parity === undefined || !isScalar(r) || !isScalar(s))
    return Verdict.refuse('transaction-signature', 'a signature is a parity and two scalars of the group')
  if (parity.chainId !== undefined) out.chainId = parity.chainId
  return Verdict.accept({ ...out, type, signature: { parity: parity.parity, r, s } } as Transaction)
}

/** Writes a signed transaction as a block has it. */
export function encode(transaction: Transaction): Bytes.Bytes {
  const { type, chainId, signature } = transaction
  const { parity, r, s } = signature
  const v = type > 0 ? BigInt(parity) : BigInt(parity) + (chainId === undefined ? 27n : 35n + 2n * chainId)
  return write(type, [...itemsOf(transaction), ...[v, r, s].map(Rlp.fromBigInt)])
}

/** The transaction's id: keccak-256 of its encoding. */
export function hash(transaction: Transaction): Bytes.Hash32 {
  return keccak_256(encode(transaction))
}

/** What its sender signed (EIP-155 for legacy transactions that name a chain). */
export function signingHash(transaction: Transaction): Bytes.Hash32 {
  const { type, chainId } = transaction
  const chain = type === 0 && chainId !== undefined ? [chainId, 0n, 0n].map(Rlp.fromBigInt) : []
  return keccak_256(write(type, [...itemsOf(transaction), ...chain]))
}

/** The address that signed it, 20 bytes. Refusal: `transaction-sender` where no key has such a signature. */
export function sender(transaction: Transaction): Verdict.Verdict<Bytes.Bytes> {
  const { parity, r, s } = transaction.signature
  try {
    const point = new secp256k1.Signature(r, s, parity).recoverPublicKey(signingHash(transaction))
    return Verdict.accept(addressOf(point.toBytes(false)))
  } catch {
    return Verdict.refuse('transaction-sender', 'no key has this signature')
  }
}

/** The address of a public key on secp256k1, 65 bytes. */
export function addressOf(publicKey: Bytes.Bytes): Bytes.Bytes {
  return keccak_256(publicKey.subarray(1)).slice(12)
}

/**
 * The address of a contract that an account creates: from the account's nonce, or with `CREATE2` from a salt and the hash of the code
 * that sets it up (EIP-1014).
 *
 * @example
 * import { Transaction } from '@aitbc/proofs/ethereum'
 * Transaction.contractAddress(new Uint8Array(20), { nonce: 0n }).length // 20
 */
export function contractAddress(
  creator: Bytes.Bytes,
  by: { readonly nonce: bigint } | { readonly salt: Bytes.Bytes32; readonly initCodeHash: Bytes.Hash32 },
): Bytes.Bytes {
  const preimage =
    'nonce' in by
      ? Rlp.encode([creator, Rlp.fromBigInt(by.nonce)])
      : Bytes.concat(Uint8Array.of(0xff), creator, by.salt, by.initCodeHash)
  return keccak_256(preimage).slice(12)
}

/** Gas that a transaction costs before anything runs (yellow paper, section 6.2; EIP-2028, 2930, 3860, 7702). */
export function intrinsicGas(transaction: Transaction, fork: Fork): bigint {
  const { to, data, accessList = [], authorizations = [] } = transaction
  const zeros = data.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0)
  const nonZero = isFrom(fork, 'istanbul') ? 16 : 68
  const creates = to === undefined
  const keys = accessList.reduce((sum, entry) => sum + entry.keys.length, 0)
  return BigInt(
    21_000 +
      (creates && isFrom(fork, 'homestead') ? 32_000 : 0) +
      zeros * 4 +
      (data.length - zeros) * nonZero +
      (creates && isFrom(fork, 'shanghai') ? Math.ceil(data.length / 32) * 2 : 0) +
      accessList.length * 2400 +
      keys * 1900 +
      authorizations.length * 25_000,
  )
}

/**
 * Decides whether a transaction could be in a block of a fork, as far as it can be told without the state; gives its sender.
 *
 * Refusals: `transaction-fork` (its type isn't known yet), `transaction-chain` (another chain's, or a fork from before chain ids),
 * `transaction-malleable` (EIP-2), `transaction-nonce` (EIP-2681), `transaction-fee` (the priority fee is above the whole, or the
 * product overflows), `transaction-code` (EIP-3860), `transaction-blobs` (none, or of another version: EIP-4844),
 * `transaction-authorizations` (none: EIP-7702), `transaction-gas` (below the intrinsic, or the floor of EIP-7623), and that of
 * {@link sender}.
 */
export function check(
  transaction: Transaction,
  rules: { readonly fork: Fork; readonly chainId: bigint },
): Verdict.Verdict<{ readonly sender: Bytes.Bytes; readonly intrinsicGas: bigint }> {
  const { fork } = rules
  const { type, chainId, nonce, gasLimit, to, data, signature } = transaction
  const { gasPrice, maxFeePerGas = gasPrice as bigint, maxPriorityFeePerGas = 0n } = transaction
  if (!isFrom(fork, SINCE[type] as Fork))
    return Verdict.refuse('transaction-fork', `${fork} has no transactions of type ${type}`)
  if (chainId !== undefined && (chainId !== rules.chainId || !isFrom(fork, 'spuriousDragon')))
    return Verdict.refuse('transaction-chain', `it is for chain ${chainId}`)
  if (signature.s > ORDER / 2n && isFrom(fork, 'homestead'))
    return Verdict.refuse('transaction-malleable', 'the signature is the other of two')
  if (nonce === 2n ** 64n - 1n) return Verdict.refuse('transaction-nonce', 'the nonce is the last one')
  if (maxPriorityFeePerGas > maxFeePerGas || maxFeePerGas * gasLimit >= 1n << 256n)
    return Verdict.refuse('transaction-fee', 'the priority fee is above the whole, or all of it too much')
  if (to === undefined && data.length > MAX_INIT_CODE && isFrom(fork, 'shanghai'))
    return Verdict.refuse('transaction-code', `code of ${data.length} bytes`)
  const { blobHashes = [], authorizations = [] } = transaction
  if (type === 3 && (blobHashes.length === 0 || blobHashes.some(([version]) => version !== BLOB_VERSION)))
    return Verdict.refuse('transaction-blobs', 'it names no blobs, or such as no version is known of')
  if (type === 4 && authorizations.length === 0)
    return Verdict.refuse('transaction-authorizations', 'nobody consents to anything')
  const gas = intrinsicGas(transaction, fork)
  const floor = isFrom(fork, 'prague') ? floorGas(data) : 0n
  if (gasLimit < gas || gasLimit < floor)
    return Verdict.refuse('transaction-gas', `${gas > floor ? gas : floor} gas are needed, ${gasLimit} given`)
  const from = sender(transaction)
  return from.ok ? Verdict.accept({ sender: from.value, intrinsicGas: gas }) : from
}

/** What data costs at least, whatever runs (EIP-7623). */
function floorGas(data: Bytes.Bytes): bigint {
  return BigInt(21_000 + data.reduce((sum, byte) => sum + (byte === 0 ? 10 : 40), 0))
}

function isFrom(fork: Fork, first: Fork): boolean {
  return FORKS.indexOf(fork) >= FORKS.indexOf(first)
}

function write(type: number, items: readonly Rlp.Item[]): Bytes.Bytes {
  const payload = Rlp.encode(items)
  return type === 0 ? payload : Bytes.concat(Uint8Array.of(type), payload)
}

function itemsOf(transaction: Transaction): readonly Rlp.Item[] {
  return (FIELDS[transaction.type] as readonly Name[]).map((name) => {
    const value = transaction[name]
    if (value === undefined) return new Uint8Array(0)
    if (typeof value === 'bigint') return Rlp.fromBigInt(value)
    if (value instanceof Uint8Array) return value
    return value.map((one) =>
      one instanceof Uint8Array
        ? one
        : 'keys' in one
          ? [one.address, one.keys]
          : [
              Rlp.fromBigInt(one.chainId),
              one.address,
              ...[one.nonce, one.parity, one.r, one.s].map(Rlp.fromBigInt),
            ],
    )
  })
}

function fieldOf(name: Name, item: Rlp.Item): unknown {
  const width = WIDTH[name]
  if (width !== undefined) return scalar(item, width)
  switch (name) {
    case 'to':
      return fixed(item, 20)
    case 'data':
      return item instanceof Uint8Array ? item : undefined
    case 'accessList':
      return listOf(item, accessOf)
    case 'blobHashes':
      return listOf(item, (one) => fixed(one, 32))
    default:
      return listOf(item, authorizationOf)
  }
}

function accessOf(item: Rlp.Item): Access | undefined {
  const [address, keys, ...more] = item instanceof Uint8Array ? [] : item
  const account = fixed(address, 20)
  const slots = listOf(keys, (one) => fixed(one, 32))
  return account === undefined || slots === undefined || more.length > 0
    ? undefined
    : { address: account, keys: slots }
}

function authorizationOf(item: Rlp.Item): Authorization | undefined {
  const [chain, account, ...rest] = item instanceof Uint8Array ? [] : item
  const chainId = scalar(chain, 32)
  const address = fixed(account, 20)
  const [nonce, parity, r, s] = rest.map((one, i) => scalar(one, [8, 1, 32, 32][i] ?? 0))
  return rest.length !== 4 ||
    chainId === undefined ||
    address === undefined ||
    nonce === undefined ||
    parity === undefined ||
    r === undefined ||
    s === undefined
    ? undefined
    : { chainId, address, nonce, parity, r, s }
}

/** Legacy transactions say the chain with the parity (EIP-155). */
function parityOf(
  type: number,
  v: bigint,
): { readonly parity: 0 | 1; readonly chainId?: bigint } | undefined {
  if (type > 0) return v > 1n ? undefined : { parity: Number(v) as 0 | 1 }
  if (v === 27n || v === 28n) return { parity: Number(v - 27n) as 0 | 1 }
  return v < 35n ? undefined : { parity: Number((v - 35n) % 2n) as 0 | 1, chainId: (v - 35n) / 2n }
}

function isScalar(value: bigint | undefined): value is bigint {
  return value !== undefined && value > 0n && value < ORDER
}

function isEmpty(item: Rlp.Item | undefined): boolean {
  return item instanceof Uint8Array && item.length === 0
}

function scalar(item: Rlp.Item | undefined, width: number): bigint | undefined {
  if (!(item instanceof Uint8Array)) return undefined
  const value = Rlp.toBigInt(item, width)
  return value.ok ? value.value : undefined
}

function fixed(item: Rlp.Item | undefined, length: number): Bytes.Bytes | undefined {
  return item instanceof Uint8Array && item.length === length ? item : undefined
}

function listOf<T>(
  item: Rlp.Item | undefined,
  read: (one: Rlp.Item) => T | undefined,
): readonly T[] | undefined {
  if (item === undefined || item instanceof Uint8Array) return undefined
  const out: T[] = []
  for (const one of item) {
    const value = read(one)
    if (value === undefined) return undefined
    out.push(value)
  }
  return out
}
