import { type CallOptions, isAitbcError } from '@aitbc/core'
import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { QueryBalanceRequest, QueryBalanceResponse } from 'cosmjs-types/cosmos/bank/v1beta1/query'
import { BaseVestingAccount } from 'cosmjs-types/cosmos/vesting/v1beta1/vesting'
import {
  QuerySmartContractStateRequest,
  QuerySmartContractStateResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/query'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import { type Base, rpc } from './client.js'

/** What the chain knows of an account that was paid once. */
export interface Known {
  readonly accountNumber: bigint
  /** The sequence of its next transaction. */
  readonly sequence: bigint
}

const ACCOUNT = '/cosmos.auth.v1beta1.Query/Account'
const BALANCE = '/cosmos.bank.v1beta1.Query/Balance'
const SPENDABLE = '/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom'
const SMART = '/cosmwasm.wasm.v1.Query/SmartContractState'
/** Vesting accounts hold a plain one in their first field, or in the first field of that. */
const VESTING = /^\/cosmos\.vesting\.v1beta1\.(?:Continuous|Delayed|Periodic|PermanentLocked)VestingAccount$/

/** An account's number and next sequence after a block; undefined for one that the chain doesn't know. */
export async function accountAt(
  client: Base,
  address: string,
  height: bigint,
  options?: CallOptions,
): Promise<Known | undefined> {
  const request = QueryAccountRequest.encode({ address }).finish()
  let answer: Uint8Array
  try {
    answer = await CosmosRpc.query(client.transport, ACCOUNT, request, height, rpc(options))
  } catch (error) {
    // Codes of the SDK: 22 "key not found"; of gRPC, on some versions: 5 "NotFound".
    if (isAitbcError(error, 'RpcRejected') && /not found/i.test(CosmosRpc.said(error))) return undefined
    throw error
  }
  const account = decoded('an account', () => {
    const { account: any } = QueryAccountResponse.decode(answer)
    if (any?.typeUrl === '/cosmos.auth.v1beta1.BaseAccount') return BaseAccount.decode(any.value)
    if (any === undefined || !VESTING.test(any.typeUrl)) return undefined
    // The first field of each kind of vesting account is a BaseVestingAccount; what follows isn't needed.
    const inner = firstField(any.value)
    return inner === undefined ? undefined : BaseVestingAccount.decode(inner).baseAccount
  })
  if (account === undefined)
    throw CosmosErrors.CosmosUnknownAccount(`${address} is an account of another kind`, { address })
  if (account.address !== address)
    throw CosmosRpc.malformed('abci_query', `the account ${address}`, account.address)
  return { accountNumber: account.accountNumber, sequence: account.sequence }
}

/** What an account holds of a coin after a block and can spend, base units: of a vesting account not what vests later, which pays no fees. */
export async function coins(
  client: Base,
  address: string,
  denom: string,
  height: bigint,
  options?: CallOptions,
): Promise<bigint> {
  // Both questions, and both answers, have one form.
  const request = QueryBalanceRequest.encode({ address, denom }).finish()
  const ask = (path: string) => CosmosRpc.query(client.transport, path, request, height, rpc(options))
  const answer = await ask(SPENDABLE).catch((error: unknown) => {
    // Older nodes don't tell it.
    if (CosmosRpc.isUnknown(error)) return ask(BALANCE)
    throw error
  })
  const balance = decoded('a balance', () => QueryBalanceResponse.decode(answer).balance)
  if (balance !== undefined && balance.denom !== denom)
    throw CosmosRpc.malformed('abci_query', `a balance of ${denom}`, balance.denom)
  return amountOf(balance?.amount ?? '0')
}

/** What an account holds of a cw20 token after a block, as the token says. */
export async function tokens(
  client: Base,
  address: string,
  token: string,
  height: bigint,
  options?: CallOptions,
): Promise<bigint> {
  const queryData = new TextEncoder().encode(JSON.stringify({ balance: { address } }))
  const request = QuerySmartContractStateRequest.encode({ address: token, queryData }).finish()
  const answer = await CosmosRpc.query(client.transport, SMART, request, height, rpc(options))
  const balance: unknown = decoded('a balance in JSON', () => {
    const { data } = QuerySmartContractStateResponse.decode(answer)
    return (JSON.parse(new TextDecoder().decode(data)) as { readonly balance?: unknown }).balance
  })
  return amountOf(balance)
}

function amountOf(value: unknown): bigint {
  if (typeof value !== 'string' || !/^(?:0|[1-9][0-9]{0,77})$/.test(value))
    throw CosmosRpc.malformed('abci_query', 'an amount', value)
  return BigInt(value)
}

function decoded<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw CosmosRpc.malformed('abci_query', what, 'bytes that are none')
  }
}

/** The bytes of a message's first field, where it is one of bytes. */
function firstField(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== 10) return undefined
  let length = 0
  for (let i = 1, shift = 0; i < 5; i++, shift += 7) {
    const byte = bytes[i] ?? 0
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) return bytes.slice(i + 1, i + 1 + length)
  }
  return undefined
}
