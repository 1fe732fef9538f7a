import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import {
  QueryAccountInfoRequest,
  QueryAccountInfoResponse,
  QueryAccountRequest,
  QueryAccountResponse,
} from 'cosmjs-types/cosmos/auth/v1beta1/query'
import {
  QueryAllBalancesRequest,
  QueryAllBalancesResponse,
  QueryBalanceRequest,
  QueryBalanceResponse,
  QuerySupplyOfRequest,
  QuerySupplyOfResponse,
} from 'cosmjs-types/cosmos/bank/v1beta1/query'
import { SimulateRequest, SimulateResponse } from 'cosmjs-types/cosmos/tx/v1beta1/service'
import { AuthInfo, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import {
  QueryCodeRequest,
  QueryCodeResponse,
  QueryContractInfoRequest,
  QueryContractInfoResponse,
  QueryContractsByCodeRequest,
  QueryContractsByCodeResponse,
  QueryRawContractStateRequest,
  QueryRawContractStateResponse,
  QuerySmartContractStateRequest,
  QuerySmartContractStateResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/query'
import * as Auth from './auth.js'
import * as Bank from './bank.js'
import type { Context } from './context.js'
import { sdk } from './faults.js'
import * as Htlc from './htlcModule.js'
import type { Result } from './transactions.js'
import type { WasmModule } from './wasmModule.js'

/** What a query may ask of the chain beside the state. */
export interface Asked {
  readonly context: Context
  readonly wasm: WasmModule
  /** Whether the chain has IRISnet's module of locks. */
  readonly htlc: boolean
  /** Runs a transaction on a copy of the newest state. */
  readonly simulate: (bytes: Uint8Array) => Result
}

type Query = (data: Uint8Array, asked: Asked) => Uint8Array

const QUERIES: Readonly<Record<string, Query>> = {
  '/cosmos.auth.v1beta1.Query/Account': (data, { context }) => {
    const value = accountOf(context, QueryAccountRequest.decode(data).address)
    return QueryAccountResponse.encode(
      QueryAccountResponse.fromPartial({
        account: { typeUrl: Auth.BASE_ACCOUNT, value: BaseAccount.encode(value).finish() },
      }),
    ).finish()
  },
  '/cosmos.auth.v1beta1.Query/AccountInfo': (data, { context }) =>
    QueryAccountInfoResponse.encode(
      QueryAccountInfoResponse.fromPartial({
        info: accountOf(context, QueryAccountInfoRequest.decode(data).address),
      }),
    ).finish(),
  '/cosmos.bank.v1beta1.Query/Balance': (data, { context }) => {
    const { address, denom } = QueryBalanceRequest.decode(data)
    const amount = `${Bank.balance(context, address, denom)}`
    return QueryBalanceResponse.encode(
      QueryBalanceResponse.fromPartial({ balance: { denom, amount } }),
    ).finish()
  },
  '/cosmos.bank.v1beta1.Query/AllBalances': (data, { context }) => {
    const balances = [...Bank.balances(context, QueryAllBalancesRequest.decode(data).address)]
    const pagination = { nextKey: new Uint8Array(0), total: BigInt(balances.length) }
    return QueryAllBalancesResponse.encode(
      QueryAllBalancesResponse.fromPartial({ balances, pagination }),
    ).finish()
  },
  '/cosmos.bank.v1beta1.Query/SupplyOf': (data, { context }) => {
    const { denom } = QuerySupplyOfRequest.decode(data)
    const amount = `${Bank.supply(context, denom)}`
    return QuerySupplyOfResponse.encode(
      QuerySupplyOfResponse.fromPartial({ amount: { denom, amount } }),
    ).finish()
  },
  '/cosmos.tx.v1beta1.Service/Simulate': (data, { simulate }) => {
    const request = SimulateRequest.decode(data)
    const { tx } = request
    const bytes =
      tx === undefined
        ? request.txBytes
        : TxRaw.encode(
            TxRaw.fromPartial({
              bodyBytes: TxBody.encode(TxBody.fromPartial(tx.body ?? {})).finish(),
              authInfoBytes: AuthInfo.encode(AuthInfo.fromPartial(tx.authInfo ?? {})).finish(),
              signatures: tx.signatures,
            }),
          ).finish()
    const { code, log, data: answered, events, gasUsed, gasWanted } = simulate(bytes)
    if (code !== 0) throw new SimulationFault(`${log} With gas used: '${gasUsed}': unknown request`)
    return SimulateResponse.encode(
      SimulateResponse.fromPartial({
        gasInfo: { gasUsed, gasWanted },
        result: {
          data: answered,
          log,
          events: events.map((it) => ({
            type: it.type,
            attributes: it.attributes.map((one) => ({ ...one, index: true })),
          })),
        },
      }),
    ).finish()
  },
  '/cosmwasm.wasm.v1.Query/SmartContractState': (data, { context, wasm }) => {
    const { address, queryData } = QuerySmartContractStateRequest.decode(data)
    return QuerySmartContractStateResponse.encode(
      QuerySmartContractStateResponse.fromPartial({ data: wasm.query(context, address, queryData) }),
    ).finish()
  },
  '/cosmwasm.wasm.v1.Query/RawContractState': (data, { context, wasm }) => {
    const { address, queryData } = QueryRawContractStateRequest.decode(data)
    const found = wasm.raw(context, address, queryData) ?? new Uint8Array(0)
    return QueryRawContractStateResponse.encode(
      QueryRawContractStateResponse.fromPartial({ data: found }),
    ).finish()
  },
  '/cosmwasm.wasm.v1.Query/ContractInfo': (data, { context, wasm }) => {
    const { address } = QueryContractInfoRequest.decode(data)
    return QueryContractInfoResponse.encode(
      QueryContractInfoResponse.fromPartial({ address, contractInfo: wasm.info(context, address) }),
    ).finish()
  },
  '/cosmwasm.wasm.v1.Query/ContractsByCode': (data, { context, wasm }) => {
    const { codeId } = QueryContractsByCodeRequest.decode(data)
    return QueryContractsByCodeResponse.encode(
      QueryContractsByCodeResponse.fromPartial({ contracts: [...wasm.instances(context, codeId)] }),
    ).finish()
  },
  '/cosmwasm.wasm.v1.Query/Code': (data, { context, wasm }) => {
    const { codeId } = QueryCodeRequest.decode(data)
    const { info, bytes } = wasm.code(context, codeId)
    const { creator, codeHash, instantiateConfig } = info
    return QueryCodeResponse.encode(
      QueryCodeResponse.fromPartial({
        codeInfo: {
          codeId,
          creator,
          dataHash: codeHash,
          ...(instantiateConfig === undefined ? {} : { instantiatePermission: instantiateConfig }),
        },
        data: bytes,
      }),
    ).finish()
  },
}

/** A simulated transaction failed: gRPC calls that `Unknown`, whatever the reason. */
class SimulationFault extends Error {}

/** Answers a query by its path, `undefined` where this node has none of that name. */
export function answer(path: string, data: Uint8Array, asked: Asked): Uint8Array | undefined {
  if (asked.htlc && path === '/irismod.htlc.Query/HTLC') return Htlc.query(asked.context, data)
  return QUERIES[path]?.(data, asked)
}

export function isSimulationFault(error: unknown): error is SimulationFault {
  return error instanceof SimulationFault
}

function accountOf(context: Context, address: string): BaseAccount {
  Bank.bytesOf(context.prefix, address)
  const found = Auth.account(context, address)
  if (found === undefined)
    throw sdk('key not found', `rpc error: code = NotFound desc = account ${address} not found`)
  return found
}
