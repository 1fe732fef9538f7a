import { AccountId, Bytes, CoreErrors, type Signed, type Step, show } from '@aitbc/core'
import {
  type Address,
  type Hex,
  hexToBytes,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  serializeTransaction,
  type TransactionSerializedEIP1559,
  toHex,
} from 'viem'
import { EvmErrors } from './errors.js'
import { addressOf, chainIdOf } from './HtlcLock.js'

/** The format of a step's payload: unsigned EIP-2718 bytes of type 2 (EIP-1559). */
export const FORMAT = 'evm/transaction'

/** An unsigned EIP-1559 transaction. */
export interface EvmTransaction {
  readonly chainId: bigint
  readonly nonce: bigint
  readonly to: Address
  readonly value: bigint
  readonly data: Hex
  readonly gas: bigint
  /** wei per gas. */
  readonly maxFeePerGas: bigint
  /** wei per gas. */
  readonly maxPriorityFeePerGas: bigint
}

/** The unsigned bytes of a transaction. */
export function encode(transaction: EvmTransaction): Bytes.Bytes {
  const { chainId, nonce, maxFeePerGas, maxPriorityFeePerGas, ...rest } = transaction
  return hexToBytes(
    serializeTransaction({
      ...rest,
      type: 'eip1559',
      chainId: small(chainId, 'chainId'),
      nonce: small(nonce, 'nonce'),
      maxFeePerGas,
      maxPriorityFeePerGas,
    }),
  )
}

/** Reads unsigned bytes; `EvmInvalidStep` (3207) for anything that {@link encode} doesn't write. */
export function decode(bytes: Bytes.Bytes): EvmTransaction {
  const refuse = (why: string, cause?: unknown) =>
    EvmErrors.EvmInvalidStep(
      `the payload must be an unsigned EIP-1559 transaction: ${why}`,
      { argument: 'payload', received: bytes.length },
      { cause },
    )
  let transaction: EvmTransaction
  try {
    const parsed = parseTransaction(toHex(bytes) as TransactionSerializedEIP1559)
    if (parsed.to === undefined || parsed.to === null) throw refuse('it has no recipient')
    transaction = {
      chainId: BigInt(parsed.chainId),
      nonce: BigInt(parsed.nonce ?? 0),
      to: parsed.to.toLowerCase() as Address,
      value: parsed.value ?? 0n,
      data: parsed.data ?? '0x',
      gas: parsed.gas ?? 0n,
      maxFeePerGas: parsed.maxFeePerGas ?? 0n,
      maxPriorityFeePerGas: parsed.maxPriorityFeePerGas ?? 0n,
    }
  } catch (error) {
    throw refuse('it does not parse', error)
  }
  if (!Bytes.equal(encode(transaction), bytes)) throw refuse('it has parts that the adapter never makes')
  return transaction
}

/** The conflict key of an account's nonce: only one transaction with it can ever be included. */
export function conflictKey(account: AccountId.AccountId, nonce: bigint): string {
  return `${account}#${nonce}`
}

/** Most that a transaction costs in fees, wei. */
export function maxFee(transaction: EvmTransaction): bigint {
  return transaction.gas * transaction.maxFeePerGas
}

/** Makes the step of a transaction. */
export function toStep(
  transaction: EvmTransaction,
  options: {
    readonly kind: string
    readonly from: AccountId.AccountId
    readonly feeAsset: Step['maxFee']['asset']
  } & Pick<Step, 'network' | 'validFrom' | 'validUntil'>,
): Step {
  const { network, kind, from, feeAsset, validFrom, validUntil } = options
  return {
    network,
    kind,
    from,
    format: FORMAT,
    payload: encode(transaction),
    maxFee: { asset: feeAsset, amount: maxFee(transaction) },
    conflictKey: conflictKey(from, transaction.nonce),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}

/** The transaction of a step, checked against all that the step says of it; `EvmInvalidStep` (3207), `EvmWrongChain` (3204). */
export function ofStep(step: Step): EvmTransaction & { readonly from: Address } {
  if (step?.format !== FORMAT)
    throw EvmErrors.EvmInvalidStep(`step.format must be ${FORMAT}, got ${show(step?.format)}`, {
      argument: 'step.format',
      received: step?.format,
    })
  const from = addressOf(step.from, step.network, 'step.from')
  const transaction = decode(step.payload)
  if (transaction.chainId !== chainIdOf(step.network))
    throw EvmErrors.EvmWrongChain(
      `step.payload is for chain ${transaction.chainId}, the step for ${step.network}`,
      {
        argument: 'step.payload',
        expected: step.network,
        received: transaction.chainId,
      },
    )
  if (step.conflictKey !== conflictKey(AccountId.canonical(step.from), transaction.nonce))
    throw EvmErrors.EvmInvalidStep(
      `step.conflictKey must be account and nonce of its payload, got ${show(step.conflictKey)}`,
      { argument: 'step.conflictKey', received: step.conflictKey },
    )
  return { ...transaction, from }
}

/**
 * Checks that signed bytes are the step's own transaction, signed by the step's account; resolves to the transaction.
 * `EvmInvalidStep` (3207) names what differs.
 */
export async function assertSigned(signed: Signed): Promise<EvmTransaction & { readonly from: Address }> {
  const transaction = ofStep(signed.step)
  if (!(signed.raw instanceof Uint8Array) || signed.raw.length > 131_072)
    throw CoreErrors.InvalidBytes(
      `signed.raw must be a Uint8Array of at most 131072 bytes, got ${show(signed.raw)}`,
      {
        argument: 'signed.raw',
      },
    )
  const refuse = (field: string, expected: unknown, received: unknown) =>
    EvmErrors.EvmInvalidStep(`signed.${field} must be ${show(expected)}, got ${show(received)}`, {
      argument: `signed.${field}`,
      expected,
      received,
    })
  const raw = toHex(signed.raw) as TransactionSerializedEIP1559
  const hash = keccak256(raw)
  if (signed.id !== hash) throw refuse('id', hash, signed.id)
  let sender: Address
  let unsigned: Bytes.Bytes
  try {
    const { r, s, v, yParity, ...body } = parseTransaction(raw)
    unsigned = hexToBytes(serializeTransaction(body))
    sender = (await recoverTransactionAddress({ serializedTransaction: raw })).toLowerCase() as Address
  } catch (cause) {
    throw EvmErrors.EvmInvalidStep(
      'signed.raw must be a signed EIP-1559 transaction',
      { argument: 'signed.raw' },
      { cause },
    )
  }
  if (!Bytes.equal(unsigned, signed.step.payload))
    throw refuse('raw', "the step's own transaction", 'another transaction')
  if (sender !== transaction.from) throw refuse('raw', transaction.from, sender)
  return transaction
}

/** Least fee per gas that replaces a pending one: an eighth more, rounded up, so that every client's rule is met. */
export function bumped(feePerGas: bigint): bigint {
  return feePerGas + (feePerGas + 7n) / 8n
}

function small(value: bigint, argument: string): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw CoreErrors.InvalidArgument(`${argument} must be below 2^53, got ${value}`, {
      argument,
      received: value,
    })
  return Number(value)
}
