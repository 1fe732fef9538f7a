import {
  AccountId as Account,
  type AccountId,
  AssetId,
  Bytes,
  type ChainId,
  CoreErrors,
  LockTerms,
  type Network,
  show,
} from '@aitbc/core'
import { Address, type Pda } from '@aitbc/proofs/solana'
import { HtlcAddress } from '@aitbc/proofs/svm'
import { foreign } from '../internal/guards.js'
import { assertContractTerms, refuseWith } from '../internal/terms.js'
import { SolanaErrors } from './errors.js'
import * as Wire from './internal/wire.js'
import { type Instruction, type Meta, TOKEN_PROGRAM, tokenAccount } from './SolanaInstruction.js'

/** A lock's terms as the program has them, apart from the program; addresses are 32 bytes. */
export type ProgramTerms = Omit<HtlcAddress.Parameters, 'program'>

/** The program that holds the locks of an adapter, as `LockTerms.backend` names it. */
export interface HtlcBackend {
  readonly network: ChainId.ChainId
  readonly kind: 'program'
  /** Base58. */
  readonly address: string
  /** SHA-256 of the program's file. */
  readonly codeHash: Bytes.Hash32
}

/** What a lock's account says. */
export interface LockAccount {
  readonly terms: ProgramTerms
  readonly status: 'locked' | 'claimed' | 'refunded'
  /** What was locked has been paid out at least once. */
  readonly paid: boolean
  readonly decimals: number
  /** The token account that holds it; zero for lamports. */
  readonly vault: Bytes.Bytes32
  /** The secret of a claimed lock, else zero. */
  readonly secret: Bytes.Bytes32
}

/** Bytes of a lock's account. */
export const ACCOUNT_SIZE = 244
/** Where the hashlock and the locker stand in it. */
export const AT = { hashlock: 20, locker: 52, beneficiary: 84 } as const
const STATUS = ['locked', 'claimed', 'refunded'] as const
const HEAD = 146
const U64 = (1n << 64n) - 1n

const refuse = /* @__PURE__ */ refuseWith(SolanaErrors.SolanaUnsupportedTerms)

/**
 * The program's form of lock terms; `SolanaUnsupportedTerms` (3301) names the term that this program can't hold, and the codes of
 * `LockTerms.assert` the ones that are wrong on every chain.
 *
 * The program pays who acts: account and payout of a party are the same address here, and keys don't occur. A lock of lamports is at
 * least what an account must hold to exist, so that the payout can't fail for it (H27).
 */
export function fromLockTerms(
  terms: LockTerms.LockTerms,
  backend: HtlcBackend,
  network: Network,
): ProgramTerms {
  assertContractTerms(terms, backend, refuse)
  if (terms.deadline.clock !== 'unix') throw refuse('deadline.clock', '"unix"', terms.deadline.clock)
  if (terms.amount > U64) throw refuse('amount', 'below 2^64', terms.amount)
  const mint = mintOf(terms.asset, network)
  if (isNative(mint) && terms.amount < network.fees.dust)
    throw refuse('amount', `at least ${network.fees.dust}, what an account must hold`, terms.amount)
  const own: ProgramTerms = {
    mint,
    amount: terms.amount,
    hashlock: terms.hashlock,
    locker: keyOf(terms.locker.account, backend.network, 'terms.locker.account'),
    beneficiary: keyOf(terms.beneficiary.payout, backend.network, 'terms.beneficiary.payout'),
    deadline: terms.deadline.value,
    salt: terms.salt,
  }
  const wrong = [Address.SYSTEM_PROGRAM, mint, keyOfText(backend.address, 'backend.address')]
  for (const side of ['locker', 'beneficiary'] as const)
    if (wrong.some((it) => Bytes.equal(it, own[side])))
      throw refuse(`${side}.account`, 'an account, not a program or the mint', terms[side].account)
  return own
}

/** The lock terms that a lock of the program stands for; the inverse of {@link fromLockTerms}. */
export function toLockTerms(
  terms: ProgramTerms,
  backend: HtlcBackend,
  network: Network,
): LockTerms.LockTerms {
  const party = (key: Bytes.Bytes32) => {
    const account = Account.canonical(`${backend.network}:${Address.encode(key)}`)
    return { account, payout: account }
  }
  const full: LockTerms.LockTerms = {
    version: 1,
    backend,
    asset: isNative(terms.mint)
      ? network.native.id
      : AssetId.canonical(`${backend.network}/token:${Address.encode(terms.mint)}`),
    amount: terms.amount,
    hashlock: terms.hashlock,
    locker: party(terms.locker),
    beneficiary: party(terms.beneficiary),
    deadline: { network: backend.network, clock: 'unix', value: terms.deadline },
    salt: terms.salt,
  }
  LockTerms.assert(full)
  return full
}

/** The hash of a lock's terms with the program's own address: what the program derives the lock's address from. */
export function id(terms: ProgramTerms, backend: HtlcBackend): Bytes.Hash32 {
  return HtlcAddress.id(ofProgram(terms, backend))
}

/** Where the one lock of these terms is: its address alone binds them all. */
export function address(terms: ProgramTerms, backend: HtlcBackend): Pda.Pda {
  const found = HtlcAddress.find(ofProgram(terms, backend))
  if (!found.ok) throw CoreErrors.InvalidArgument(found.refusal.message, { argument: 'terms' })
  return found.value
}

function ofProgram(terms: ProgramTerms, backend: HtlcBackend): HtlcAddress.Parameters {
  return { ...terms, program: keyOfText(backend.address, 'backend.address') }
}

/** The token account that holds a lock's tokens. */
export function vault(terms: ProgramTerms, lock: Bytes.Bytes32): Bytes.Bytes32 {
  return isNative(terms.mint) ? new Uint8Array(32) : tokenAccount(lock, terms.mint).address
}

/** Instruction `lock`: moves the amount from the locker, who signs and pays the rent. `record` is for the locker's own eyes. */
export function encodeLock(
  terms: ProgramTerms,
  backend: HtlcBackend,
  options: {
    readonly lock: Bytes.Bytes32
    readonly decimals: number
    readonly record: Bytes.Bytes
    readonly from: Bytes.Bytes32
  },
): Instruction {
  const { lock, decimals, record, from } = options
  const data = Bytes.concat(
    ...[Uint8Array.of(0), terms.mint, Wire.u64(terms.amount), terms.hashlock, terms.beneficiary],
    ...[Wire.u64(terms.deadline), terms.salt, Uint8Array.of(decimals), record],
  )
  const accounts: Meta[] = [
    { address: terms.locker, signer: true, writable: true },
    writable(lock),
    readonly(Address.SYSTEM_PROGRAM),
  ]
  if (!isNative(terms.mint))
    accounts.push(readonly(terms.mint), writable(from), writable(vault(terms, lock)), readonly(TOKEN_PROGRAM))
  return { program: keyOfText(backend.address, 'backend.address'), accounts, data }
}

/** Instruction `claim`: carries the secret, so it goes to the signer and the chain and nowhere else. */
export function encodeClaim(lock: Bytes.Bytes32, backend: HtlcBackend, secret: Bytes.Bytes32): Instruction {
  Bytes.assert(secret, 32, 'secret')
  return call(backend, [writable(lock)], Bytes.concat(Uint8Array.of(1), secret))
}

/** Instruction `refund`, from the deadline on. */
export function encodeRefund(lock: Bytes.Bytes32, backend: HtlcBackend): Instruction {
  return call(backend, [writable(lock)], Uint8Array.of(2))
}

/** Instruction `pay`: what a claim or a refund settled goes to the one that it is for; by anyone, as often as it takes. */
export function encodePay(
  terms: ProgramTerms,
  lock: Bytes.Bytes32,
  backend: HtlcBackend,
  outcome: 'claimed' | 'refunded',
  options: { readonly vault?: Bytes.Bytes32 } = {},
): Instruction {
  const payee = outcome === 'claimed' ? terms.beneficiary : terms.locker
  const accounts = [writable(lock), writable(payee)]
  if (!isNative(terms.mint))
    accounts.push(
      readonly(terms.mint),
      writable(options.vault ?? vault(terms, lock)),
      writable(tokenAccount(payee, terms.mint).address),
      readonly(TOKEN_PROGRAM),
    )
  return call(backend, accounts, Uint8Array.of(3))
}

/** Instruction `close`, from the deadline on and when all is paid: the locker gets the rent back. */
export function encodeClose(
  terms: ProgramTerms,
  lock: Bytes.Bytes32,
  backend: HtlcBackend,
  options: { readonly vault?: Bytes.Bytes32 } = {},
): Instruction {
  const accounts = [writable(lock), writable(terms.locker)]
  if (!isNative(terms.mint))
    accounts.push(writable(options.vault ?? vault(terms, lock)), readonly(TOKEN_PROGRAM))
  return call(backend, accounts, Uint8Array.of(4))
}

/** What an instruction of the program is, told from its accounts and data; undefined where it is none of the program's. */
export type HtlcCall =
  | {
      readonly is: 'lock'
      readonly lock: Bytes.Bytes32
      readonly terms: ProgramTerms
      readonly record: Bytes.Bytes
    }
  | { readonly is: 'claim'; readonly lock: Bytes.Bytes32; readonly secret: Bytes.Bytes32 }
  | { readonly is: 'refund' | 'pay' | 'close'; readonly lock: Bytes.Bytes32 }

/** Reads an instruction of the program; total. A lock is told only where its address is the one of its terms. */
export function decodeCall(
  accounts: readonly Bytes.Bytes32[],
  data: Bytes.Bytes,
  backend: HtlcBackend,
): HtlcCall | undefined {
  const [kind] = data
  if (kind === 0) {
    const [locker, lock] = accounts
    if (locker === undefined || lock === undefined || data.length < HEAD) return undefined
    const terms: ProgramTerms = {
      mint: data.slice(1, 33),
      amount: Wire.readU64(data, 33),
      hashlock: data.slice(41, 73),
      beneficiary: data.slice(73, 105),
      deadline: Wire.readU64(data, 105),
      salt: data.slice(113, 145),
      locker,
    }
    if (!Bytes.equal(address(terms, backend).address, lock)) return undefined
    return { is: 'lock', lock, terms, record: data.slice(HEAD) }
  }
  const [lock] = accounts
  if (lock === undefined) return undefined
  if (kind === 1) return data.length === 33 ? { is: 'claim', lock, secret: data.slice(1) } : undefined
  if (data.length !== 1) return undefined
  if (kind === 2) return { is: 'refund', lock }
  if (kind === 3) return { is: 'pay', lock }
  if (kind === 4) return { is: 'close', lock }
  return undefined
}

/** Reads the data of a lock's account; undefined for anything that the program never writes. */
export function decodeAccount(data: Bytes.Bytes): LockAccount | undefined {
  if (data.length !== ACCOUNT_SIZE || data[0] !== 1 || (data[2] as number) > 1) return undefined
  const status = STATUS[(data[1] as number) - 1]
  const deadline = Wire.readI64(data, 12)
  if (status === undefined || deadline < 0n) return undefined
  const at = (offset: number) => data.slice(offset, offset + 32)
  return {
    status,
    paid: data[2] === 1,
    decimals: data[3] as number,
    terms: {
      amount: Wire.readU64(data, 4),
      deadline,
      hashlock: at(AT.hashlock),
      locker: at(AT.locker),
      beneficiary: at(AT.beneficiary),
      mint: at(116),
      salt: at(148),
    },
    vault: at(180),
    secret: at(212),
  }
}

/** Whether two forms of terms are the same, every one of them. */
export function equal(a: ProgramTerms, b: ProgramTerms): boolean {
  return (
    a.amount === b.amount &&
    a.deadline === b.deadline &&
    (['mint', 'hashlock', 'locker', 'beneficiary', 'salt'] as const).every((it) => Bytes.equal(a[it], b[it]))
  )
}

/** Whether a mint stands for lamports. */
export function isNative(mint: Bytes.Bytes32): boolean {
  return Bytes.equal(mint, Address.SYSTEM_PROGRAM)
}

/** The 32 bytes of an account on the network; `ForeignNetwork` (1016) for another one's, `InvalidAccountId` (1002) for no address. */
export function keyOf(
  account: AccountId.AccountId,
  network: ChainId.ChainId,
  argument: string,
): Bytes.Bytes32 {
  const parts = Account.parse(Account.from(account, argument))
  if (parts.network !== network) throw foreign(argument, network, account)
  return keyOfText(parts.address, argument)
}

/** The 32 bytes of an address; `InvalidAccountId` (1002). */
export function keyOfText(text: string, argument: string): Bytes.Bytes32 {
  const read = Address.decode(text)
  if (read.ok && Address.encode(read.value) === text) return read.value
  throw CoreErrors.InvalidAccountId(`${argument} must have an address of Solana, got ${show(text)}`, {
    argument,
    received: text,
  })
}

/** The mint of an asset, or zero for the network's native coin; `SolanaUnsupportedTerms` (3301). */
export function mintOf(asset: AssetId.AssetId, network: Network, argument = 'terms.asset'): Bytes.Bytes32 {
  if (asset === network.native.id) return Address.SYSTEM_PROGRAM
  const parts = AssetId.parse(AssetId.from(asset, argument))
  if (parts.network !== network.id) throw foreign(argument, network.id, asset)
  const read = Address.decode(parts.reference)
  if (
    parts.namespace === 'token' &&
    parts.tokenId === undefined &&
    read.ok &&
    !isNative(read.value) &&
    Address.encode(read.value) === parts.reference
  )
    return read.value
  throw SolanaErrors.SolanaUnsupportedTerms(
    `${argument} must be ${network.native.id} or ${network.id}/token:<mint>, got ${show(asset)}`,
    { argument, received: asset },
  )
}

function call(backend: HtlcBackend, accounts: readonly Meta[], data: Bytes.Bytes): Instruction {
  return { program: keyOfText(backend.address, 'backend.address'), accounts, data }
}

function writable(key: Bytes.Bytes32): Meta {
  return { address: key, signer: false, writable: true }
}

function readonly(key: Bytes.Bytes32): Meta {
  return { address: key, signer: false, writable: false }
}
