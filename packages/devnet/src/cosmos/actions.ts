import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { QueryAccountInfoRequest, QueryAccountInfoResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import {
  QuerySmartContractStateRequest,
  QuerySmartContractStateResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/query'
import {
  MsgExecuteContract,
  MsgInstantiateContract,
  MsgInstantiateContractResponse,
  MsgStoreCode,
  MsgStoreCodeResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/tx'
import { DevnetErrors } from '../errors.js'
import { type Exclusive, mutex } from '../internal/mutex.js'
import * as Auth from './auth.js'
import type { Coin } from './bank.js'
import { fromUtf8, utf8 } from './bytes.js'
import type { Event } from './context.js'
import { type AnyMessage, sign } from './sign.js'

/** An account whose key is made from its name. */
export interface CosmosAccount {
  readonly name: string
  /** Bech32 with the node's prefix. */
  readonly address: string
  /** secp256k1. */
  readonly privateKey: Uint8Array
  /** Compressed. */
  readonly publicKey: Uint8Array
}

/** What became of a transaction. */
export interface CosmosReceipt {
  /** Upper-case hex. */
  readonly hash: string
  readonly height: bigint
  /** 0 where it succeeded. */
  readonly code: number
  /** What the chain said where it failed. */
  readonly log: string
  readonly gasUsed: bigint
  readonly events: readonly Event[]
  /** What each message answered, in protobuf. */
  readonly responses: readonly AnyMessage[]
}

/** What goes along with a transaction. */
export interface CosmosSendOptions {
  /** 2,000,000 unless told. */
  readonly gas?: bigint
  readonly memo?: string
}

/** What goes along with a new contract. */
export interface CosmosDeployOptions {
  /** `contract` unless told. */
  readonly label?: string
  /** Who may put other code there; nobody unless told. */
  readonly admin?: string
  /** Of each of the two transactions; 2,000,000 unless told. */
  readonly gas?: bigint
}

/** What accounts do on a local Cosmos chain with contracts; `O` goes along with a transaction. */
export interface CosmosActions<O extends CosmosSendOptions = CosmosSendOptions> {
  /** The account of a name; it is on chain once it has got coins. */
  account(name: string): CosmosAccount
  /** Signs and sends a transaction; gives what became of it in its block. 6041 `CosmosRejected` where no block takes it. */
  send(from: CosmosAccount, messages: readonly AnyMessage[], options?: O): Promise<CosmosReceipt>
  /** Uploads a contract and makes an instance; gives its address. 6041 `CosmosRejected`. */
  deploy(
    from: CosmosAccount,
    wasm: Uint8Array,
    message: unknown,
    options?: CosmosDeployOptions,
  ): Promise<string>
  /** Sends a message in JSON to a contract. */
  execute(
    from: CosmosAccount,
    contract: string,
    message: unknown,
    funds?: readonly Coin[],
    options?: O,
  ): Promise<CosmosReceipt>
  /** What a contract answers to a query in JSON. 6041 `CosmosRejected`. */
  ask(contract: string, query: unknown): Promise<unknown>
}

/** A chain, and how it is reached. */
export interface Reach<O extends CosmosSendOptions> {
  readonly chainId: string
  readonly prefix: string
  readonly denom: string
  /** Base units for a million gas. */
  readonly gasPrice: bigint
  /** Answers a query of gRPC's name in the newest state. */
  query(path: string, data: Uint8Array): Promise<Uint8Array>
  /** Brings a transaction into a block. */
  deliver(bytes: Uint8Array, options: O): Promise<CosmosReceipt>
}

const ACCOUNT_INFO = '/cosmos.auth.v1beta1.Query/AccountInfo'
const SMART = '/cosmwasm.wasm.v1.Query/SmartContractState'

/** The account of a name on chains with a prefix. */
export function accountOf(prefix: string, name: string): CosmosAccount {
  const privateKey = sha256(utf8(`aitbc devnet account ${name}`))
  const publicKey = secp256k1.getPublicKey(privateKey, true)
  return { name, address: Auth.addressOfKey(prefix, publicKey), privateKey, publicKey }
}

/** The actions of a chain; an account's transactions go one after the other. */
export function actionsOf<O extends CosmosSendOptions>(chain: Reach<O>): CosmosActions<O> {
  const { chainId, prefix, denom, gasPrice } = chain
  const queues = new Map<string, Exclusive>()
  const exclusive = ({ address }: CosmosAccount): Exclusive => {
    const queue = queues.get(address) ?? mutex()
    queues.set(address, queue)
    return queue
  }
  const send: CosmosActions<O>['send'] = (from, messages, options = {} as O) =>
    exclusive(from)(async () => {
      const { gas = 2_000_000n, memo = '' } = options
      const request = QueryAccountInfoRequest.encode({ address: from.address }).finish()
      const { info } = QueryAccountInfoResponse.decode(await chain.query(ACCOUNT_INFO, request))
      const amount = (gas * gasPrice + 999_999n) / 1_000_000n
      const bytes = sign(from, messages, {
        ...{ chainId, gas, memo, fee: amount === 0n ? [] : [{ denom, amount: `${amount}` }] },
        ...{ accountNumber: info?.accountNumber ?? 0n, sequence: info?.sequence ?? 0n },
      })
      return chain.deliver(bytes, options)
    })
  return {
    account: (name) => accountOf(prefix, name),
    send,
    deploy: async (from, wasm, message, { label = 'contract', admin = '', gas } = {}) => {
      const sender = from.address
      const done = async (name: string, value: Uint8Array) => {
        const typeUrl = `/cosmwasm.wasm.v1.${name}`
        const options = (gas === undefined ? {} : { gas }) as O
        const { code, log, responses } = await send(from, [{ typeUrl, value }], options)
        const answer = responses[0]?.value
        if (answer === undefined) throw DevnetErrors.CosmosRejected(log, { code, log })
        return answer
      }
      const stored = await done(
        'MsgStoreCode',
        MsgStoreCode.encode(MsgStoreCode.fromPartial({ sender, wasmByteCode: wasm })).finish(),
      )
      const { codeId } = MsgStoreCodeResponse.decode(stored)
      const made = MsgInstantiateContract.fromPartial({ sender, codeId, label, admin, msg: json(message) })
      const answer = await done('MsgInstantiateContract', MsgInstantiateContract.encode(made).finish())
      return MsgInstantiateContractResponse.decode(answer).address
    },
    execute: async (from, contract, message, funds = [], options = {} as O) => {
      const value = MsgExecuteContract.fromPartial({
        ...{ sender: from.address, contract, msg: json(message), funds: [...funds] },
      })
      const typeUrl = '/cosmwasm.wasm.v1.MsgExecuteContract'
      return send(from, [{ typeUrl, value: MsgExecuteContract.encode(value).finish() }], options)
    },
    ask: async (contract, query) => {
      const request = QuerySmartContractStateRequest.fromPartial({
        address: contract,
        queryData: json(query),
      })
      const data = await chain.query(SMART, QuerySmartContractStateRequest.encode(request).finish())
      return JSON.parse(fromUtf8(QuerySmartContractStateResponse.decode(data).data))
    },
  }
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value))
}
