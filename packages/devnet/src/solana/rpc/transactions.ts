import { Address } from '@aitbc/proofs/solana'
import type { Executed } from '../ledger.js'
import { isWritable } from '../runtime.js'
import * as Tokens from '../tokens.js'
import * as Accounts from './accounts.js'
import { CODES, type Config, oneOf, refusal, toBase64, whole } from './params.js'

const MEMOS = ['MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr', 'Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo']

/** A transaction with its version, as `getTransaction` and `getBlock` tell it. */
export function encode(it: Executed, options: Config): Record<string, unknown> {
  const encoding = oneOf(options, 'encoding', ['json', 'jsonParsed', 'base58', 'base64', 'binary'], 'json')
  const { message, signatures } = it.transaction
  const most = options['maxSupportedTransactionVersion']
  const versioned = most !== undefined && most !== null
  if (message.version !== 'legacy' && !(versioned && whole(most, 'u8') >= BigInt(message.version)))
    throw refusal(
      CODES.version,
      `Transaction version (${message.version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${message.version}`,
    )
  const parsed = encoding === 'jsonParsed'
  const meta = metaOf(it, parsed)
  const version = versioned ? { version: message.version } : {}
  if (encoding === 'base64') return { transaction: [toBase64(it.bytes), encoding], meta, ...version }
  if (encoding === 'base58') return { transaction: [Address.encode(it.bytes), encoding], meta, ...version }
  if (encoding === 'binary') return { transaction: Address.encode(it.bytes), meta, ...version }
  return {
    transaction: {
      signatures: signatures.map(Address.encode),
      message: {
        ...(parsed
          ? { accountKeys: accountKeys(it) }
          : {
              header: {
                numRequiredSignatures: message.header.signatures,
                numReadonlySignedAccounts: message.header.readonlySigned,
                numReadonlyUnsignedAccounts: message.header.readonlyUnsigned,
              },
              accountKeys: it.addresses,
            }),
        recentBlockhash: Address.encode(message.lifetime),
        instructions: message.instructions.map((call) => instruction(it, { ...call, height: 1 }, parsed)),
        ...(message.version === 'legacy'
          ? {}
          : {
              addressTableLookups: message.lookups.map(({ table, writable, readonly }) => ({
                accountKey: Address.encode(table),
                writableIndexes: [...writable],
                readonlyIndexes: [...readonly],
              })),
            }),
      },
    },
    meta,
    ...version,
  }
}

/** A transaction of a block with its accounts alone. */
export function accountsOf(it: Executed): unknown {
  return {
    transaction: {
      signatures: it.transaction.signatures.map(Address.encode),
      accountKeys: accountKeys(it),
    },
    meta: metaOf(it, true),
    version: it.transaction.message.version,
  }
}

function accountKeys(it: Executed): unknown {
  const { message } = it.transaction
  return it.keys.map((pubkey, index) => ({
    pubkey,
    signer: index < message.header.signatures,
    writable: isWritable(message, index, it.loaded.writable.length),
    source: index < message.addresses.length ? 'transaction' : 'lookupTable',
  }))
}

interface Call {
  readonly program: number
  readonly accounts: Uint8Array
  readonly data: Uint8Array
  readonly height: number
}

function instruction(it: { readonly keys: readonly string[] }, call: Call, parsed: boolean): unknown {
  const data = call.data.length === 0 ? '' : Address.encode(call.data)
  if (parsed)
    return {
      programId: it.keys[call.program],
      accounts: [...call.accounts].map((index) => it.keys[index]),
      data,
      stackHeight: call.height,
    }
  return { programIdIndex: call.program, accounts: [...call.accounts], data, stackHeight: call.height }
}

/** The calls that instructions made. */
export function inner(
  it: { readonly keys: readonly string[]; readonly inner: Executed['inner'] },
  parsed: boolean,
): unknown {
  return it.inner.map(({ index, instructions }) => ({
    index,
    instructions: instructions.map((call) => instruction(it, call, parsed)),
  }))
}

/** What a program returned. */
export function returned(it: Pick<Executed, 'returned'>) {
  return it.returned === undefined
    ? null
    : { programId: it.returned.program, data: [toBase64(it.returned.data), 'base64'] }
}

function metaOf(it: Executed, parsed: boolean): unknown {
  const data = returned(it)
  return {
    err: it.failure,
    status: status(it),
    fee: it.fee,
    preBalances: it.before.map((account) => account?.lamports ?? 0n),
    postBalances: it.after.map((account) => account?.lamports ?? 0n),
    innerInstructions: inner(it, parsed),
    logMessages: it.logs,
    preTokenBalances: tokenBalances(it, it.before),
    postTokenBalances: tokenBalances(it, it.after),
    rewards: [],
    loadedAddresses: it.loaded,
    ...(data === null ? {} : { returnData: data }),
    computeUnitsConsumed: it.units,
  }
}

export function status({ failure }: Pick<Executed, 'failure'>) {
  return failure === null ? { Ok: null } : { Err: failure }
}

function tokenBalances(it: Executed, accounts: Executed['before']): unknown[] {
  return accounts.flatMap((account, accountIndex) => {
    const held = Tokens.holding(account)
    if (held === undefined) return []
    return [
      {
        accountIndex,
        mint: held.mint,
        uiTokenAmount: Accounts.tokenAmount(held.amount, it.decimals.get(held.mint) ?? 0),
        owner: held.owner,
        programId: held.program,
      },
    ]
  })
}

/** The memos of a transaction, each with its length. */
export function memo({ transaction: { message }, keys }: Executed): string | null {
  const memos = message.instructions
    .filter(({ program }) => MEMOS.includes(keys[program] as string))
    .map(({ data }) => `[${data.length}] ${new TextDecoder().decode(data)}`)
  return memos.length === 0 ? null : memos.join('; ')
}
