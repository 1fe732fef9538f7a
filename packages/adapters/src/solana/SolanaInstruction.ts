import { Bytes, CoreErrors, show } from '@aitbc/core'
import { Address, Pda } from '@aitbc/proofs/solana'
import * as Wire from './internal/wire.js'

/** An account that an instruction names. */
export interface Meta {
  readonly address: Bytes.Bytes32
  readonly signer: boolean
  readonly writable: boolean
}

/** A call of a program. */
export interface Instruction {
  readonly program: Bytes.Bytes32
  readonly accounts: readonly Meta[]
  readonly data: Bytes.Bytes
}

const key = (text: string): Bytes.Bytes32 => {
  const read = Address.decode(text)
  if (!read.ok) throw new Error(text)
  return read.value
}

/** The program of tokens (`TokenkegQ…`), whose tokens locks may hold. */
export const TOKEN_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ key('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA')
/** The program of tokens with extensions (`TokenzQd…`). */
export const TOKEN_2022_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ key(
  'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb',
)
/** The program that makes an owner's one token account a mint. */
export const ASSOCIATED_TOKEN_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ key(
  'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL',
)
/** The program that takes no accounts and sets limit and price of compute units. */
export const COMPUTE_BUDGET_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ key(
  'ComputeBudget111111111111111111111111111111',
)
const RECENT_BLOCKHASHES: Bytes.Bytes32 = /* @__PURE__ */ key('SysvarRecentB1ockHashes11111111111111111111')
const RENT: Bytes.Bytes32 = /* @__PURE__ */ key('SysvarRent111111111111111111111111111111111')

/** Bytes of a token account without extensions. */
export const TOKEN_ACCOUNT_SIZE = 165
/** Bytes of a nonce account. */
export const NONCE_SIZE = 80

const writable = (address: Bytes.Bytes32): Meta => ({ address, signer: false, writable: true })
const readonly = (address: Bytes.Bytes32): Meta => ({ address, signer: false, writable: false })
const payer = (address: Bytes.Bytes32): Meta => ({ address, signer: true, writable: true })
const signer = (address: Bytes.Bytes32): Meta => ({ address, signer: true, writable: false })

/** `System::Transfer`: lamports from a signing account. */
export function transfer(from: Bytes.Bytes32, to: Bytes.Bytes32, lamports: bigint): Instruction {
  return {
    program: Address.SYSTEM_PROGRAM,
    accounts: [payer(from), writable(to)],
    data: Bytes.concat(Wire.u32(2), Wire.u64(lamports)),
  }
}

/** `Token::TransferChecked`: tokens between token accounts, refused unless mint and decimals are right. */
export function transferToken(options: {
  readonly program: Bytes.Bytes32
  readonly mint: Bytes.Bytes32
  readonly from: Bytes.Bytes32
  readonly to: Bytes.Bytes32
  readonly owner: Bytes.Bytes32
  readonly amount: bigint
  readonly decimals: number
}): Instruction {
  const { program, mint, from, to, owner, amount, decimals } = options
  return {
    program,
    accounts: [writable(from), readonly(mint), writable(to), signer(owner)],
    data: Bytes.concat(Uint8Array.of(12), Wire.u64(amount), Uint8Array.of(decimals)),
  }
}

/** `AssociatedToken::CreateIdempotent`: the owner's token account, where it isn't there yet. */
export function createTokenAccount(
  from: Bytes.Bytes32,
  owner: Bytes.Bytes32,
  mint: Bytes.Bytes32,
  program: Bytes.Bytes32 = TOKEN_PROGRAM,
): Instruction {
  return {
    program: ASSOCIATED_TOKEN_PROGRAM,
    accounts: [
      payer(from),
      writable(tokenAccount(owner, mint, program).address),
      readonly(owner),
      readonly(mint),
      readonly(Address.SYSTEM_PROGRAM),
      readonly(program),
    ],
    data: Uint8Array.of(1),
  }
}

/**
 * The token account of an owner and a mint, where wallets look for it.
 *
 * @example
 * import { SolanaInstruction } from '@aitbc/adapters/solana'
 * SolanaInstruction.tokenAccount(new Uint8Array(32), SolanaInstruction.TOKEN_PROGRAM).bump // 0 to 255
 */
export function tokenAccount(
  owner: Bytes.Bytes32,
  mint: Bytes.Bytes32,
  program: Bytes.Bytes32 = TOKEN_PROGRAM,
): Pda.Pda {
  const found = Pda.find(ASSOCIATED_TOKEN_PROGRAM, [owner, program, mint])
  if (!found.ok) throw CoreErrors.InvalidArgument(found.refusal.message, { argument: 'owner' })
  return found.value
}

/** `ComputeBudget::SetComputeUnitLimit`. */
export function computeUnitLimit(units: number): Instruction {
  return {
    program: COMPUTE_BUDGET_PROGRAM,
    accounts: [],
    data: Bytes.concat(Uint8Array.of(2), Wire.u32(units)),
  }
}

/** `ComputeBudget::SetComputeUnitPrice`, millionths of a lamport for a unit. */
export function computeUnitPrice(microlamports: bigint): Instruction {
  return {
    program: COMPUTE_BUDGET_PROGRAM,
    accounts: [],
    data: Bytes.concat(Uint8Array.of(3), Wire.u64(microlamports)),
  }
}

/** `System::AdvanceNonceAccount`: what a transaction of a durable nonce begins with. */
export function advanceNonce(account: Bytes.Bytes32, authority: Bytes.Bytes32): Instruction {
  return {
    program: Address.SYSTEM_PROGRAM,
    accounts: [writable(account), readonly(RECENT_BLOCKHASHES), signer(authority)],
    data: Wire.u32(4),
  }
}

/**
 * Makes a nonce account at an address of the base key and a seed (`System::Transfer`, `AllocateWithSeed`, `InitializeNonceAccount`): no other
 * key has to sign. `CreateAccountWithSeed` fails where anybody has sent lamports to the address before.
 */
export function createNonce(options: {
  readonly from: Bytes.Bytes32
  readonly account: Bytes.Bytes32
  readonly seed: string
  readonly lamports: bigint
}): readonly Instruction[] {
  const { from, account, lamports } = options
  const seed = new TextEncoder().encode(options.seed)
  return [
    transfer(from, account, lamports),
    {
      program: Address.SYSTEM_PROGRAM,
      accounts: [writable(account), signer(from)],
      data: Bytes.concat(
        ...[Wire.u32(9), from, Wire.u64(BigInt(seed.length)), seed],
        ...[Wire.u64(BigInt(NONCE_SIZE)), Address.SYSTEM_PROGRAM],
      ),
    },
    {
      program: Address.SYSTEM_PROGRAM,
      accounts: [writable(account), readonly(RECENT_BLOCKHASHES), readonly(RENT)],
      data: Bytes.concat(Wire.u32(6), from),
    },
  ]
}

/**
 * The data of a `call` intent: the accounts that the program is to be handed, and its own data. One byte for their number; for each, 32
 * bytes and one of flags (1 signs, 2 is written); the rest is the program's.
 *
 * @example
 * import { SolanaInstruction } from '@aitbc/adapters/solana'
 * SolanaInstruction.encodeCall([], Uint8Array.of(7)) // Uint8Array [0, 7]
 */
export function encodeCall(accounts: readonly Meta[], data: Bytes.Bytes): Bytes.Bytes {
  if (accounts.length > 64)
    throw CoreErrors.InvalidArgument(`accounts must be at most 64, got ${accounts.length}`, {
      argument: 'accounts',
      received: accounts.length,
    })
  const metas = accounts.flatMap(({ address, signer: signs, writable: written }, index) => {
    Bytes.assert(address, 32, `accounts[${index}].address`)
    return [address, Uint8Array.of((signs ? 1 : 0) | (written ? 2 : 0))]
  })
  return Bytes.concat(Uint8Array.of(accounts.length), ...metas, data)
}

/** Reads what {@link encodeCall} wrote; `InvalidEncoding` (1012). */
export function decodeCall(program: Bytes.Bytes32, bytes: Bytes.Bytes): Instruction {
  const count = bytes[0]
  const end = 1 + 33 * (count ?? 0)
  if (count === undefined || count > 64 || bytes.length < end)
    throw CoreErrors.InvalidEncoding(
      `intent.data must begin with its accounts (SolanaInstruction.encodeCall), got ${show(bytes)}`,
      { received: bytes.length },
    )
  const accounts = Array.from({ length: count }, (_, index): Meta => {
    const at = 1 + 33 * index
    const flags = bytes[at + 32] as number
    if (flags > 3)
      throw CoreErrors.InvalidEncoding(`flags of account ${index} are at most 3, got ${flags}`, {
        received: flags,
      })
    return { address: bytes.slice(at, at + 32), signer: (flags & 1) === 1, writable: (flags & 2) === 2 }
  })
  return { program, accounts, data: bytes.slice(end) }
}
