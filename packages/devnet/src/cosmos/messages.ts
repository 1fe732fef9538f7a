import { MsgSend, MsgSendResponse } from 'cosmjs-types/cosmos/bank/v1beta1/tx'
import {
  MsgClearAdmin,
  MsgClearAdminResponse,
  MsgExecuteContract,
  MsgExecuteContractResponse,
  MsgInstantiateContract,
  MsgInstantiateContractResponse,
  MsgStoreCode,
  MsgStoreCodeResponse,
  MsgUpdateAdmin,
  MsgUpdateAdminResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/tx'
import * as Bank from './bank.js'
import { base64, fromUtf8 } from './bytes.js'
import type { Context } from './context.js'
import { sdk } from './faults.js'
import * as Htlc from './htlcModule.js'
import type { WasmModule } from './wasmModule.js'

/** What messages act on. */
export interface Modules {
  readonly wasm: WasmModule
  /** Whether the chain has IRISnet's module of locks. */
  readonly htlc: boolean
}

/** A message of a transaction, read. */
export interface Message {
  readonly typeUrl: string
  readonly signer: string
  /** What signers of amino JSON sign. */
  readonly amino: { readonly type: string; readonly value: unknown }
  run(context: Context): { readonly typeUrl: string; readonly value: Uint8Array }
}

/** Reads a kind of message. */
type Reader = (value: Uint8Array, modules: Modules) => Omit<Message, 'typeUrl' | 'run'> & { run: Run }
type Run = (context: Context) => Uint8Array

/** How a kind of message is read, signed and run; `run` gives its answer in protobuf. */
function kind<T>(
  aminoType: string,
  codec: { decode(bytes: Uint8Array): T },
  signer: (it: T) => string,
  amino: (it: T) => object,
  run: (it: T, context: Context, modules: Modules) => Uint8Array,
): Reader {
  return (value, modules) => {
    const it = codec.decode(value)
    return {
      signer: signer(it),
      amino: { type: aminoType, value: amino(it) },
      run: (context) => run(it, context, modules),
    }
  }
}

const sender = (it: { readonly sender: string }) => it.sender

const KINDS: Readonly<Record<string, Reader>> = {
  '/cosmos.bank.v1beta1.MsgSend': kind(
    'cosmos-sdk/MsgSend',
    MsgSend,
    (it) => it.fromAddress,
    (it) => ({ from_address: it.fromAddress, to_address: it.toAddress, amount: it.amount }),
    (it, context) => {
      Bank.send(context, it.fromAddress, it.toAddress, it.amount)
      return MsgSendResponse.encode({}).finish()
    },
  ),
  '/cosmwasm.wasm.v1.MsgStoreCode': kind(
    'wasm/MsgStoreCode',
    MsgStoreCode,
    sender,
    (it) => ({ sender: it.sender, wasm_byte_code: base64(it.wasmByteCode) }),
    (it, context, { wasm }) => {
      if (it.instantiatePermission !== undefined)
        throw sdk('unknown request', 'this local node knows no permissions to instantiate')
      const { id, checksum } = wasm.store(context, it.sender, it.wasmByteCode)
      return MsgStoreCodeResponse.encode({ codeId: id, checksum }).finish()
    },
  ),
  '/cosmwasm.wasm.v1.MsgInstantiateContract': kind(
    'wasm/MsgInstantiateContract',
    MsgInstantiateContract,
    sender,
    (it) => ({
      sender: it.sender,
      ...(it.admin === '' ? {} : { admin: it.admin }),
      code_id: `${it.codeId}`,
      label: it.label,
      msg: json(it.msg),
      funds: it.funds,
    }),
    (it, context, { wasm }) => {
      if (it.label.trim() === '') throw sdk('invalid request', 'label is required')
      const { address, data } = wasm.instantiate(context, { ...it, message: it.msg })
      return MsgInstantiateContractResponse.encode({ address, data }).finish()
    },
  ),
  '/cosmwasm.wasm.v1.MsgExecuteContract': kind(
    'wasm/MsgExecuteContract',
    MsgExecuteContract,
    sender,
    (it) => ({ sender: it.sender, contract: it.contract, msg: json(it.msg), funds: it.funds }),
    (it, context, { wasm }) => {
      json(it.msg)
      const data = wasm.execute(context, it.sender, it.contract, it.msg, it.funds)
      return MsgExecuteContractResponse.encode({ data }).finish()
    },
  ),
  '/cosmwasm.wasm.v1.MsgUpdateAdmin': kind(
    'wasm/MsgUpdateAdmin',
    MsgUpdateAdmin,
    sender,
    (it) => ({ sender: it.sender, new_admin: it.newAdmin, contract: it.contract }),
    (it, context, { wasm }) => {
      Bank.bytesOf(context.prefix, it.newAdmin)
      wasm.setAdmin(context, it.sender, it.contract, it.newAdmin)
      return MsgUpdateAdminResponse.encode({}).finish()
    },
  ),
  '/cosmwasm.wasm.v1.MsgClearAdmin': kind(
    'wasm/MsgClearAdmin',
    MsgClearAdmin,
    sender,
    (it) => ({ sender: it.sender, contract: it.contract }),
    (it, context, { wasm }) => {
      wasm.setAdmin(context, it.sender, it.contract, '')
      return MsgClearAdminResponse.encode({}).finish()
    },
  ),
}

/** Those of a chain with IRISnet's module. */
const HTLC_KINDS: Readonly<Record<string, Reader>> = {
  '/irismod.htlc.MsgCreateHTLC': kind(
    'irismod/htlc/MsgCreateHTLC',
    { decode: Htlc.decodeCreate },
    sender,
    Htlc.aminoOfCreate,
    (it, context) => Htlc.create(context, it),
  ),
  '/irismod.htlc.MsgClaimHTLC': kind(
    'irismod/htlc/MsgClaimHTLC',
    { decode: Htlc.decodeClaim },
    sender,
    (it) => ({ ...it }),
    (it, context) => Htlc.claim(context, it),
  ),
}

/** Reads a message; `unknown request` for one that this node has no handler of. */
export function messageOf(
  modules: Modules,
  { typeUrl, value }: { readonly typeUrl: string; readonly value: Uint8Array },
): Message {
  const read = KINDS[typeUrl] ?? (modules.htlc ? HTLC_KINDS[typeUrl] : undefined)
  if (read === undefined) throw sdk('unknown request', `this local node has no handler of ${typeUrl}`)
  const { run, ...message } = read(value, modules)
  return { ...message, typeUrl, run: (context) => ({ typeUrl: `${typeUrl}Response`, value: run(context) }) }
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    throw sdk('invalid request', 'payload msg: invalid')
  }
}
