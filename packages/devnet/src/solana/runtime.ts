import { createHash } from 'node:crypto'
import { Bytes } from '@aitbc/core'
import { Address, LookupTable, type Message, Transaction } from '@aitbc/proofs/solana'
import type * as Kit from '@solana/kit'
import type * as LiteSvm from 'litesvm'
import { DevnetErrors } from '../errors.js'
import * as Failure from './Failure.js'
import type { Account } from './lattice.js'

/** litesvm and kit, which are loaded when a chain starts. */
export interface Libraries {
  readonly litesvm: typeof LiteSvm
  readonly kit: typeof Kit
}

/** Loads litesvm's native binding: `SolanaUnavailable` (6018) where there is none for this platform. */
export async function load(): Promise<Libraries> {
  try {
    const [litesvm, kit] = await Promise.all([import('litesvm'), import('@solana/kit')])
    return { litesvm, kit }
  } catch (cause) {
    throw DevnetErrors.SolanaUnavailable('litesvm has no binding for this platform', {}, { cause })
  }
}

export const SYSTEM = '11111111111111111111111111111111'
const SYSVAR = 'Sysvar1111111111111111111111111111111111111'
const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111'
/** Programs that are part of the runtime: their instructions have 3,000 compute units by themselves, others 200,000 (SIMD-0170). */
const BUILTINS = [
  SYSTEM,
  COMPUTE_BUDGET,
  'Vote111111111111111111111111111111111111111',
  'BPFLoader1111111111111111111111111111111111',
  'BPFLoader2111111111111111111111111111111111',
  'BPFLoaderUpgradeab1e11111111111111111111111',
  'LoaderV411111111111111111111111111111111111',
  'Ed25519SigVerify111111111111111111111111111',
  'KeccakSecp256k11111111111111111111111111111',
  'Secp256r1SigVerify1111111111111111111111111',
]
/** Precompiles, whose instructions begin with a number of signatures that are paid for like the transaction's own. */
const PRECOMPILES = BUILTINS.slice(-3)
const MOST_UNITS = 1_400_000n
const LAMPORTS_PER_SIGNATURE = 5_000n
/** A nonce account's bytes: version, state, authority (32), nonce (32), fee. */
const NONCE = { size: 80, authority: 8, value: 40 } as const

/** A transaction, read to its last byte, with the addresses that it loads from tables. */
export interface Parsed {
  readonly bytes: Uint8Array
  readonly transaction: Transaction.Transaction
  /** The first signature in base58: the transaction's id. */
  readonly signature: string
  /** The addresses it names itself. */
  readonly addresses: readonly string[]
}

/** A parsed transaction with all its accounts, those of lookup tables last: first the writable ones. */
export interface Resolved extends Parsed {
  readonly loaded: { readonly writable: readonly string[]; readonly readonly: readonly string[] }
  readonly keys: readonly string[]
}

/** What a run of a transaction gave. */
export interface Outcome {
  readonly failure: Failure.Failure | null
  /** litesvm's own words for the failure. */
  readonly error: string | undefined
  readonly logs: readonly string[]
  readonly units: bigint
  readonly inner: readonly Inner[]
  readonly returned: { readonly program: string; readonly data: Uint8Array } | undefined
}

/** The calls that one instruction made. */
export interface Inner {
  readonly index: number
  readonly instructions: readonly {
    readonly program: number
    readonly accounts: Uint8Array
    readonly data: Uint8Array
    readonly height: number
  }[]
}

/** Reads a transaction; the refusal tells why it is none. */
export function parse(bytes: Uint8Array): ReturnType<typeof Transaction.decode> {
  return Transaction.decode(bytes)
}

export function parsed(bytes: Uint8Array, transaction: Transaction.Transaction): Parsed {
  return {
    bytes,
    transaction,
    signature: Address.encode(transaction.signatures[0] as Uint8Array),
    addresses: transaction.message.addresses.map(Address.encode),
  }
}

export function isWritable({ header, addresses }: Message.Message, index: number, loaded: number): boolean {
  if (index >= addresses.length) return index < addresses.length + loaded
  return index < header.signatures
    ? index < header.signatures - header.readonlySigned
    : index < addresses.length - header.readonlyUnsigned
}

/** Loads the addresses of a transaction's tables, as they are in a slot; without all of them, what is wrong with the first. */
export function resolve(
  it: Parsed,
  slot: bigint,
  account: (address: string) => Account | undefined,
): Resolved | string {
  const writable: string[] = []
  const readonly: string[] = []
  for (const lookup of it.transaction.message.lookups) {
    const found = account(Address.encode(lookup.table))
    if (found === undefined) return 'AddressLookupTableNotFound'
    if (Address.encode(found.owner) !== 'AddressLookupTab1e1111111111111111111111111')
      return 'InvalidAddressLookupTableOwner'
    const table = LookupTable.decode(found.data)
    if (!table.ok) return 'InvalidAddressLookupTableData'
    // A table that is closing serves on for 512 slots: litesvm has the last word there.
    const names = LookupTable.resolve({ ...table.value, closedAt: undefined }, lookup, { slot })
    if (!names.ok) return 'InvalidAddressLookupTableIndex'
    writable.push(...names.value.writable.map(Address.encode))
    readonly.push(...names.value.readonly.map(Address.encode))
  }
  return { ...it, loaded: { writable, readonly }, keys: [...it.addresses, ...writable, ...readonly] }
}

/** The accounts that a transaction may write. */
export function writableKeys({ transaction, keys, loaded }: Resolved): readonly string[] {
  return keys.filter((_, index) => isWritable(transaction.message, index, loaded.writable.length))
}

/** Lamports that a transaction pays, whether it fails or not. */
export function feeOf(message: Message.Message): bigint {
  let signatures = BigInt(message.header.signatures)
  for (const { program, data } of message.instructions)
    if (PRECOMPILES.includes(nameOf(message, program))) signatures += BigInt(data[0] ?? 0)
  const { limit, price } = budget(message)
  return signatures * LAMPORTS_PER_SIGNATURE + (price * limit + 999_999n) / 1_000_000n
}

/** Micro-lamports that a transaction offers for a compute unit. */
export function unitPrice(message: Message.Message): bigint {
  return budget(message).price
}

function budget(message: Message.Message): { readonly limit: bigint; readonly price: bigint } {
  let limit: bigint | undefined
  let price = 0n
  let units = 0n
  for (const { program, data } of message.instructions) {
    const name = nameOf(message, program)
    units += BUILTINS.includes(name) ? 3_000n : 200_000n
    if (name !== COMPUTE_BUDGET) continue
    const view = new DataView(data.buffer, data.byteOffset, data.length)
    if (data[0] === 2 && data.length >= 5) limit = BigInt(view.getUint32(1, true))
    if (data[0] === 3 && data.length >= 9) price = view.getBigUint64(1, true)
  }
  const asked = limit ?? units
  return { limit: asked < MOST_UNITS ? asked : MOST_UNITS, price }
}

function nameOf({ addresses }: Message.Message, index: number): string {
  return Address.encode(addresses[index] as Uint8Array)
}

/** The nonce that follows once a block of this hash is the last one. */
export function nextNonce(blockhash: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update('DURABLE_NONCE').update(blockhash).digest())
}

/** The nonce account that a message begins to advance, if it does so. */
export function nonceAccountOf(message: Message.Message): string | undefined {
  const [first] = message.instructions
  if (first === undefined || !Bytes.equal(first.data.subarray(0, 4), Uint8Array.of(4, 0, 0, 0)))
    return undefined
  const program = message.addresses[first.program]
  if (program === undefined || Address.encode(program) !== SYSTEM) return undefined
  const index = first.accounts[0]
  const address = index === undefined ? undefined : message.addresses[index]
  if (index === undefined || address === undefined || !isWritable(message, index, 0)) return undefined
  return Address.encode(address)
}

/** Whether a nonce account holds this message's lifetime, and its authority signs. */
export function isNonceOf(account: Account | undefined, message: Message.Message): boolean {
  if (account === undefined || Address.encode(account.owner) !== SYSTEM) return false
  const { data } = account
  const [version, , , , state] = data
  if (data.length !== NONCE.size || version !== 1 || state !== 1) return false
  const authority = data.subarray(NONCE.authority, NONCE.authority + 32)
  const signers = [...(message.instructions[0]?.accounts ?? [])]
    .filter((index) => index < message.header.signatures)
    .map((index) => message.addresses[index] as Uint8Array)
  return (
    Bytes.equal(data.subarray(NONCE.value, NONCE.value + 32), message.lifetime) &&
    signers.some((it) => Bytes.equal(it, authority))
  )
}

/** A nonce account, advanced. */
export function advanced(account: Account, nonce: Uint8Array): Account {
  const data = account.data.slice()
  data.set(nonce, NONCE.value)
  return { ...account, data }
}

/** Reads an account from litesvm; one without lamports is none. */
export function read({ kit }: Libraries, svm: LiteSvm.LiteSVM, address: string): Account | undefined {
  const found = svm.getAccount(kit.address(address))
  return found.exists && found.lamports > 0n ? accountOf(found) : undefined
}

export function accountOf(found: Kit.EncodedAccount): Account {
  const { address, lamports, data, executable, programAddress } = found
  return {
    address: decode(address),
    lamports,
    data: Uint8Array.from(data),
    executable,
    owner: decode(programAddress),
  }
}

/** Writes accounts into litesvm, those with code after what they consist of; `undefined` is no account. */
export function write(
  { kit }: Libraries,
  svm: LiteSvm.LiteSVM,
  accounts: ReadonlyMap<string, Account | undefined>,
): void {
  const order = [...accounts].sort(
    ([, a], [, b]) => Number(a?.executable === true) - Number(b?.executable === true),
  )
  for (const [address, account] of order)
    svm.setAccount({
      address: kit.address(address),
      lamports: kit.lamports(account?.lamports ?? 0n),
      data: account?.data ?? new Uint8Array(0),
      executable: account?.executable ?? false,
      programAddress: kit.address(account === undefined ? SYSTEM : Address.encode(account.owner)),
      space: BigInt(account?.data.length ?? 0),
    })
}

/** Whether the runtime itself keeps an account. */
export function isSysvar(account: Account | undefined): boolean {
  return account !== undefined && Address.encode(account.owner) === SYSVAR
}

/**
 * A transaction as litesvm is to run it: it takes the blockhash of the message for the last one of the chain, which is what nonces are made
 * from, so it gets that one. Signatures are verified before.
 */
export function runnable({ transaction }: Resolved, blockhash: Uint8Array, kit: typeof Kit): Kit.Transaction {
  const bytes = Transaction.encode({
    ...transaction,
    message: { ...transaction.message, lifetime: blockhash as Bytes.Bytes32 },
  })
  return kit.getTransactionDecoder().decode(bytes)
}

/** What litesvm says of a run. */
export function outcomeOf(
  { litesvm }: Libraries,
  result: LiteSvm.TransactionMetadata | LiteSvm.FailedTransactionMetadata | LiteSvm.SimulatedTransactionInfo,
): Outcome {
  const failed = result instanceof litesvm.FailedTransactionMetadata
  const meta = result instanceof litesvm.TransactionMetadata ? result : result.meta()
  const returned = meta.returnData()
  return {
    failure: failed ? Failure.from(result.err()) : null,
    error: failed ? String(result.err()) : undefined,
    logs: meta.logs(),
    units: meta.computeUnitsConsumed(),
    inner: meta.innerInstructions().flatMap((calls, index) =>
      calls.length === 0
        ? []
        : [
            {
              index,
              instructions: calls.map((call) => {
                const instruction = call.instruction()
                return {
                  program: instruction.programIdIndex(),
                  accounts: Uint8Array.from(instruction.accounts()),
                  data: Uint8Array.from(instruction.data()),
                  height: call.stackHeight(),
                }
              }),
            },
          ],
    ),
    returned:
      returned.data().length === 0
        ? undefined
        : { program: Address.encode(returned.programId()), data: Uint8Array.from(returned.data()) },
  }
}

function decode(address: string): Uint8Array {
  const found = Address.decode(address)
  if (!found.ok) throw new TypeError(found.refusal.message)
  return found.value
}
