import { Address } from '@aitbc/proofs/solana'
import type { Account } from '../lattice.js'
import * as Tokens from '../tokens.js'
import { CODES, type Config, invalid, oneOf, refusal, toBase64, whole } from './params.js'

const RENT_EXEMPT = 0xffff_ffff_ffff_ffffn
const MOST_BASE58 = 128

/** An amount of tokens as the RPC tells it. */
export function tokenAmount(amount: bigint, decimals: number) {
  const digits = String(amount).padStart(decimals + 1, '0')
  const at = digits.length - decimals
  const fraction = digits.slice(at).replace(/0+$/, '')
  const text = fraction === '' ? digits.slice(0, at) : `${digits.slice(0, at)}.${fraction}`
  return { amount: String(amount), decimals, uiAmount: Number(text), uiAmountString: text }
}

/** The encoding that options ask for. */
export function encodingOf(options: Config) {
  return oneOf(options, 'encoding', ['binary', 'base58', 'base64', 'jsonParsed'], 'binary')
}

/** An account as the RPC tells it, in the encoding that the options ask for. */
export function encode(
  account: Account,
  options: Config,
  mintOf: (address: string) => Tokens.Mint | undefined,
): unknown {
  const encoding = encodingOf(options)
  const parsed = encoding === 'jsonParsed' ? parse(account, mintOf) : undefined
  return {
    lamports: account.lamports,
    owner: Address.encode(account.owner),
    executable: account.executable,
    rentEpoch: RENT_EXEMPT,
    space: account.data.length,
    data: parsed ?? bytesOf(account.data, encoding, options['dataSlice']),
  }
}

function bytesOf(whole: Uint8Array, encoding: ReturnType<typeof encodingOf>, slice: unknown): unknown {
  const data = cut(whole, slice)
  // What can't be parsed comes in base64.
  if (encoding === 'base64' || encoding === 'jsonParsed') return [toBase64(data), 'base64']
  if (data.length > MOST_BASE58)
    throw refusal(
      CODES.request,
      `Encoded binary (base 58) data should be less than ${MOST_BASE58} bytes, please use Base64 encoding.`,
    )
  const text = data.length === 0 ? '' : Address.encode(data)
  return encoding === 'binary' ? text : [text, 'base58']
}

function cut(data: Uint8Array, slice: unknown): Uint8Array {
  if (slice === undefined || slice === null) return data
  if (typeof slice !== 'object') throw invalid('Invalid params: invalid type, expected a data slice.')
  const { offset, length } = slice as { readonly offset?: unknown; readonly length?: unknown }
  const from = Number(whole(offset, 'usize'))
  return data.slice(from, from + Number(whole(length, 'usize')))
}

function parse(account: Account, mintOf: (address: string) => Tokens.Mint | undefined): unknown {
  const space = account.data.length
  const held = Tokens.holding(account)
  const program = Tokens.tokenProgram(account) === Tokens.TOKEN_2022 ? 'spl-token-2022' : 'spl-token'
  if (held !== undefined) {
    const decimals = mintOf(held.mint)?.decimals
    if (decimals === undefined) return undefined
    return {
      program,
      space,
      parsed: {
        type: 'account',
        info: {
          mint: held.mint,
          owner: held.owner,
          tokenAmount: tokenAmount(held.amount, decimals),
          ...(held.delegate === undefined
            ? {}
            : { delegate: held.delegate, delegatedAmount: tokenAmount(held.delegated, decimals) }),
          state: held.state,
          isNative: held.native !== undefined,
          ...(held.native === undefined ? {} : { rentExemptReserve: tokenAmount(held.native, decimals) }),
          ...(held.closer === undefined ? {} : { closeAuthority: held.closer }),
        },
      },
    }
  }
  const token = Tokens.mint(account)
  if (token !== undefined)
    return {
      program,
      space,
      parsed: {
        type: 'mint',
        info: {
          mintAuthority: token.authority ?? null,
          supply: String(token.supply),
          decimals: token.decimals,
          isInitialized: token.initialized,
          freezeAuthority: token.freezer ?? null,
        },
      },
    }
  return nonce(account)
}

/** A nonce account in use. */
function nonce({ owner, data }: Account): unknown {
  if (owner.some((byte) => byte !== 0) || data.length !== 80 || data[0] !== 1 || data[4] !== 1)
    return undefined
  return {
    program: 'nonce',
    space: data.length,
    parsed: {
      type: 'initialized',
      info: {
        authority: Address.encode(data.subarray(8, 40)),
        blockhash: Address.encode(data.subarray(40, 72)),
        feeCalculator: { lamportsPerSignature: String(viewOf(data).getBigUint64(72, true)) },
      },
    },
  }
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.length)
}
