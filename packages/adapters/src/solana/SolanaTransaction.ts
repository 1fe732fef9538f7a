import {
  AccountId,
  type AssetId,
  Bytes,
  type ChainId,
  type Deadline,
  type Signed,
  type Step,
  show,
} from '@aitbc/core'
import { Address, Message, Transaction } from '@aitbc/proofs/solana'
import {
  AccountRole,
  address,
  appendTransactionMessageInstructions,
  blockhash,
  compileTransaction,
  createTransactionMessage,
  getTransactionEncoder,
  type Instruction as KitInstruction,
  type Nonce,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  setTransactionMessageLifetimeUsingDurableNonce,
} from '@solana/kit'
import { SolanaErrors } from './errors.js'
import * as Wire from './internal/wire.js'
import { COMPUTE_BUDGET_PROGRAM, type Instruction } from './SolanaInstruction.js'

/** The format of steps: a transaction of version 0 on the wire, its one signature still zero. */
export const FORMAT = 'solana/transaction'
/** Lamports for each signature. */
export const SIGNATURE_FEE = 5000n
/** Blocks for which a blockhash can be named. */
export const WINDOW = 150n

/** How long a transaction can be included. */
export type Lifetime =
  /** Up to a block's height, which the hash itself doesn't tell. */
  | { readonly kind: 'blockhash'; readonly blockhash: string; readonly lastHeight: bigint }
  /** Until the nonce is used. */
  | { readonly kind: 'nonce'; readonly account: Bytes.Bytes32; readonly value: Bytes.Hash32 }

/** What is to become a transaction; the payer is the only one to sign. */
export interface Draft {
  readonly payer: Bytes.Bytes32
  readonly instructions: readonly Instruction[]
  readonly lifetime: Lifetime
}

/**
 * Builds a transaction of version 0, unsigned, on the wire. `SolanaTooLarge` (3314) above 1,232 bytes.
 *
 * @example
 * import { SolanaInstruction, SolanaTransaction } from '@aitbc/adapters/solana'
 * SolanaTransaction.encode({
 *   payer: new Uint8Array(32).fill(1),
 *   instructions: [SolanaInstruction.transfer(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2), 1n)],
 *   lifetime: { kind: 'blockhash', blockhash: '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM', lastHeight: 150n },
 * }).length < 1232 // true
 */
export function encode({ payer, instructions, lifetime }: Draft): Bytes.Bytes {
  const feePayer = address(Address.encode(payer))
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (it) => setTransactionMessageFeePayer(feePayer, it),
    (it) => appendTransactionMessageInstructions(instructions.map(kitOf), it),
  )
  const compiled =
    lifetime.kind === 'blockhash'
      ? compileTransaction(
          setTransactionMessageLifetimeUsingBlockhash(
            { blockhash: blockhash(lifetime.blockhash), lastValidBlockHeight: lifetime.lastHeight },
            message,
          ),
        )
      : compileTransaction(
          setTransactionMessageLifetimeUsingDurableNonce(
            {
              nonce: Address.encode(lifetime.value) as Nonce,
              nonceAccountAddress: address(Address.encode(lifetime.account)),
              nonceAuthorityAddress: feePayer,
            },
            message,
          ),
        )
  const bytes = new Uint8Array(getTransactionEncoder().encode(compiled))
  if (bytes.length > Transaction.MAX_SIZE)
    throw SolanaErrors.SolanaTooLarge(
      `the transaction has ${bytes.length} bytes, at most ${Transaction.MAX_SIZE} fit`,
      { size: bytes.length, limit: Transaction.MAX_SIZE },
    )
  return bytes
}

/** Makes a step of a transaction. */
export function toStep(
  payload: Bytes.Bytes,
  options: {
    readonly network: ChainId.ChainId
    readonly kind: string
    readonly from: AccountId.AccountId
    readonly feeAsset: AssetId.AssetId
    /** Rent of what it creates, lamports, beside its fees. */
    readonly rent: bigint
    readonly conflictKey: string
    readonly validFrom?: Deadline.Deadline
    readonly validUntil?: Deadline.Deadline
  },
): Step {
  const { network, kind, from, feeAsset, rent, conflictKey, validFrom, validUntil } = options
  return {
    network,
    kind,
    from,
    format: FORMAT,
    payload,
    maxFee: { asset: feeAsset, amount: feeOf(decode(payload)) + rent },
    conflictKey,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}

/** What of a transaction the SDK uses. */
export interface Decoded {
  readonly message: Message.Message
  /** The signed bytes. */
  readonly bytes: Bytes.Bytes
  readonly payer: Bytes.Bytes32
  readonly instructions: readonly Instruction[]
  /** Recent blockhash or the nonce's value. */
  readonly lifetime: Bytes.Hash32
  /** The nonce account, where the transaction begins by advancing one. */
  readonly nonce: Bytes.Bytes32 | undefined
  /** Compute units it may use at most, and what each costs, millionths of a lamport. */
  readonly units: number
  readonly unitPrice: bigint
}

/** Reads an unsigned transaction that {@link encode} made, or a signed one; `SolanaInvalidStep` (3307). */
export function decode(payload: Bytes.Bytes): Decoded {
  const invalid = (why: string) =>
    SolanaErrors.SolanaInvalidStep(`the payload must be a transaction of version 0: ${why}`, {
      argument: 'step.payload',
    })
  const read = Transaction.decode(payload)
  if (!read.ok) throw invalid(read.refusal.message)
  const { message } = read.value
  if (message.version !== 0) throw invalid(`got ${show(message.version)}`)
  if (message.lookups.length > 0) throw invalid('it has lookup tables')
  const instructions = message.instructions.map(({ program, accounts, data }) => ({
    program: message.addresses[program] as Bytes.Bytes32,
    accounts: Array.from(accounts, (index) => {
      const account = Message.account(message, index)
      if (!account.ok || account.value.kind !== 'static') throw invalid('it names an account that it lacks')
      const { address: key, signer, writable } = account.value
      return { address: key, signer, writable }
    }),
    data,
  }))
  let units = 200_000 * instructions.filter((it) => !isBudget(it)).length
  let unitPrice = 0n
  for (const it of instructions) {
    if (!isBudget(it)) continue
    if (it.data[0] === 2 && it.data.length === 5) units = Wire.readU32(it.data, 1)
    if (it.data[0] === 3 && it.data.length === 9) unitPrice = Wire.readU64(it.data, 1)
  }
  const [first] = instructions
  const isNonce =
    first !== undefined &&
    Bytes.equal(first.program, Address.SYSTEM_PROGRAM) &&
    first.data.length === 4 &&
    Wire.readU32(first.data, 0) === 4
  return {
    message,
    bytes: Message.encode(message),
    payer: message.addresses[0] as Bytes.Bytes32,
    instructions,
    lifetime: message.lifetime,
    nonce: isNonce ? first.accounts[0]?.address : undefined,
    units: Math.min(units, 1_400_000),
    unitPrice,
  }
}

/** The transaction of a step; `SolanaInvalidStep` (3307) where it isn't one that `prepare` made. */
export function ofStep(step: Step): Decoded {
  const invalid = (argument: string, expected: string, received: unknown) =>
    SolanaErrors.SolanaInvalidStep(`${argument} must be ${expected}, got ${show(received)}`, {
      argument,
      expected,
      received,
    })
  if (step?.format !== FORMAT) throw invalid('step.format', FORMAT, step?.format)
  if (!(step.payload instanceof Uint8Array)) throw invalid('step.payload', 'bytes', step.payload)
  const decoded = decode(step.payload)
  const from = AccountId.parse(step.from).address
  if (Address.encode(decoded.payer) !== from)
    throw invalid('step.from', `the fee payer ${Address.encode(decoded.payer)}`, step.from)
  if (decoded.message.header.signatures !== 1)
    throw invalid('step.payload', 'signed by one key', decoded.message.header.signatures)
  return decoded
}

/** Puts the one signature to a step's transaction; the id is the signature in base58. */
export function sign(step: Step, signature: Bytes.Bytes): Signed {
  const { message } = ofStep(step)
  const signed: Signed = {
    step,
    id: Address.encode(signature),
    raw: Transaction.encode({ signatures: [signature], message }),
  }
  assertSigned(signed)
  return signed
}

/** Checks that a signed step is the step's transaction with a right signature; `SolanaInvalidStep` (3307). */
export function assertSigned(signed: Signed): void {
  const refuse = (why: string) =>
    SolanaErrors.SolanaInvalidStep(`signed must be the step's transaction with its signature: ${why}`, {
      argument: 'signed',
      id: signed?.id,
    })
  const { bytes } = ofStep(signed?.step)
  if (!(signed.raw instanceof Uint8Array)) throw refuse('raw is missing')
  const read = Transaction.decode(signed.raw)
  if (!read.ok) throw refuse(read.refusal.message)
  if (!Bytes.equal(Message.encode(read.value.message), bytes)) throw refuse('raw is another transaction')
  const verified = Transaction.verify(read.value)
  if (!verified.ok) throw refuse(verified.refusal.message)
  const id = Address.encode(read.value.signatures[0] as Bytes.Bytes)
  if (signed.id !== id) throw refuse(`its id is ${id}`)
}

/** Most that the fees of a transaction can be, lamports. */
export function feeOf({
  message,
  units,
  unitPrice,
}: Pick<Decoded, 'message' | 'units' | 'unitPrice'>): bigint {
  return (
    SIGNATURE_FEE * BigInt(message.header.signatures) + (BigInt(units) * unitPrice + 999_999n) / 1_000_000n
  )
}

/** Whether an instruction sets the compute budget, which a wallet may do otherwise. */
export function isBudget({ program }: Instruction): boolean {
  return Bytes.equal(program, COMPUTE_BUDGET_PROGRAM)
}

/** What a transaction does: its instructions without the compute budget's and the nonce's. */
export function acts(decoded: Decoded): readonly Instruction[] {
  return decoded.instructions.filter((it, index) => !isBudget(it) && !(index === 0 && decoded.nonce))
}

/** Whether two lists of instructions are the same. */
export function sameActs(a: readonly Instruction[], b: readonly Instruction[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index] as Instruction
      return (
        Bytes.equal(one.program, other.program) &&
        Bytes.equal(one.data, other.data) &&
        one.accounts.length === other.accounts.length &&
        one.accounts.every(({ address: key }, at) =>
          Bytes.equal(key, other.accounts[at]?.address as Uint8Array),
        )
      )
    })
  )
}

function kitOf({ program, accounts, data }: Instruction): KitInstruction {
  return {
    programAddress: address(Address.encode(program)),
    accounts: accounts.map(({ address: key, signer, writable }) => ({
      address: address(Address.encode(key)),
      role: signer
        ? writable
          ? AccountRole.WRITABLE_SIGNER
          : AccountRole.READONLY_SIGNER
        : writable
          ? AccountRole.WRITABLE
          : AccountRole.READONLY,
    })),
    data,
  }
}
