import { Address } from '@aitbc/proofs/solana'
import type { Account } from './lattice.js'

export const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA'
export const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb'
/** Sizes of a mint and of a token account without extensions, and the byte that tells them apart with some. */
const MINT_SIZE = 82
const HOLDING_SIZE = 165
const KIND_AT = 165

/** What a token account holds. */
export interface Holding {
  readonly program: string
  readonly mint: string
  readonly owner: string
  readonly amount: bigint
  readonly delegate: string | undefined
  readonly state: 'uninitialized' | 'initialized' | 'frozen'
  /** Lamports of rent that a holding of wrapped SOL keeps. */
  readonly native: bigint | undefined
  readonly delegated: bigint
  readonly closer: string | undefined
}

/** A token. */
export interface Mint {
  readonly authority: string | undefined
  readonly supply: bigint
  readonly decimals: number
  readonly initialized: boolean
  readonly freezer: string | undefined
}

/** The program of tokens that an account belongs to. */
export function tokenProgram(account: Account): string | undefined {
  const owner = Address.encode(account.owner)
  return owner === TOKEN || owner === TOKEN_2022 ? owner : undefined
}

/** Reads a token account of either program. */
export function holding(account: Account | undefined): Holding | undefined {
  if (account === undefined) return undefined
  const program = tokenProgram(account)
  const { data } = account
  const extended = program === TOKEN_2022 && data.length > KIND_AT && data[KIND_AT] === 2
  if (program === undefined || (data.length !== HOLDING_SIZE && !extended)) return undefined
  const view = viewOf(data)
  const state = (['uninitialized', 'initialized', 'frozen'] as const)[data[108] as number]
  if (state === undefined || state === 'uninitialized') return undefined
  return {
    program,
    mint: Address.encode(data.subarray(0, 32)),
    owner: Address.encode(data.subarray(32, 64)),
    amount: view.getBigUint64(64, true),
    delegate: optional(data, 72),
    state,
    native: view.getUint32(109, true) === 1 ? view.getBigUint64(113, true) : undefined,
    delegated: view.getBigUint64(121, true),
    closer: optional(data, 129),
  }
}

/** Reads a mint of either program. */
export function mint(account: Account | undefined): Mint | undefined {
  if (account === undefined) return undefined
  const program = tokenProgram(account)
  const { data } = account
  const extended = program === TOKEN_2022 && data.length > KIND_AT && data[KIND_AT] === 1
  if (program === undefined || (data.length !== MINT_SIZE && !extended) || data[45] !== 1) return undefined
  return {
    authority: optional(data, 0),
    supply: viewOf(data).getBigUint64(36, true),
    decimals: data[44] as number,
    initialized: true,
    freezer: optional(data, 46),
  }
}

function optional(data: Uint8Array, at: number): string | undefined {
  return viewOf(data).getUint32(at, true) === 1 ? Address.encode(data.subarray(at + 4, at + 36)) : undefined
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.length)
}
