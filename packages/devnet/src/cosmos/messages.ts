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
import type { WasmModule } from './wasmModule.js'

/** A message of a transaction, read. */
export interface Message {
  readonly typeUrl: string
  readonly signer: string
  /** What signers of amino JSON sign. */
  readonly amino: { readonly type: string; readonly value: unknown }
  run(context: Context): { readonly typeUrl: string; readonly value: Uint8Array }
}

/** Reads a message; `unknown request` for one that this node has no handler of. */
export function messageOf(
  wasm: WasmModule,
  { typeUrl, value }: { readonly typeUrl: string; readonly value: Uint8Array },
): Message {
  const answer = (name: string, bytes: Uint8Array) => ({ typeUrl: `${name}Response`, value: bytes })
  switch (typeUrl) {
    case '/cosmos.bank.v1beta1.MsgSend': {
      const it = MsgSend.decode(value)
      return {
        typeUrl,
        signer: it.fromAddress,
        amino: {
          type: 'cosmos-sdk/MsgSend',
          value: { from_address: it.fromAddress, to_address: it.toAddress, amount: it.amount },
        },
        run: (context) => {
          Bank.send(context, it.fromAddress, it.toAddress, it.amount)
          return answer(typeUrl, MsgSendResponse.encode({}).finish())
        },
      }
    }
    case '/cosmwasm.wasm.v1.MsgStoreCode': {
      const it = MsgStoreCode.decode(value)
      return {
        typeUrl,
        signer: it.sender,
        amino: {
          type: 'wasm/MsgStoreCode',
          value: { sender: it.sender, wasm_byte_code: base64(it.wasmByteCode) },
        },
        run: (context) => {
          if (it.instantiatePermission !== undefined)
            throw sdk('unknown request', 'this local node knows no permissions to instantiate')
          const { id, checksum } = wasm.store(context, it.sender, it.wasmByteCode)
          return answer(typeUrl, MsgStoreCodeResponse.encode({ codeId: id, checksum }).finish())
        },
      }
    }
    case '/cosmwasm.wasm.v1.MsgInstantiateContract': {
      const it = MsgInstantiateContract.decode(value)
      return {
        typeUrl,
        signer: it.sender,
        amino: {
          type: 'wasm/MsgInstantiateContract',
          value: {
            sender: it.sender,
            ...(it.admin === '' ? {} : { admin: it.admin }),
            code_id: `${it.codeId}`,
            label: it.label,
            msg: json(it.msg),
            funds: it.funds,
          },
        },
        run: (context) => {
          if (it.label.trim() === '') throw sdk('invalid request', 'label is required')
          const { address, data } = wasm.instantiate(context, { ...it, message: it.msg })
          return answer(typeUrl, MsgInstantiateContractResponse.encode({ address, data }).finish())
        },
      }
    }
    case '/cosmwasm.wasm.v1.MsgExecuteContract': {
      const it = MsgExecuteContract.decode(value)
      return {
        typeUrl,
        signer: it.sender,
        amino: {
          type: 'wasm/MsgExecuteContract',
          value: { sender: it.sender, contract: it.contract, msg: json(it.msg), funds: it.funds },
        },
        run: (context) => {
          json(it.msg)
          const data = wasm.execute(context, it.sender, it.contract, it.msg, it.funds)
          return answer(typeUrl, MsgExecuteContractResponse.encode({ data }).finish())
        },
      }
    }
    case '/cosmwasm.wasm.v1.MsgUpdateAdmin': {
      const it = MsgUpdateAdmin.decode(value)
      return {
        typeUrl,
        signer: it.sender,
        amino: {
          type: 'wasm/MsgUpdateAdmin',
          value: { sender: it.sender, new_admin: it.newAdmin, contract: it.contract },
        },
        run: (context) => {
          Bank.bytesOf(context.prefix, it.newAdmin)
          wasm.setAdmin(context, it.sender, it.contract, it.newAdmin)
          return answer(typeUrl, MsgUpdateAdminResponse.encode({}).finish())
        },
      }
    }
    case '/cosmwasm.wasm.v1.MsgClearAdmin': {
      const it = MsgClearAdmin.decode(value)
      return {
        typeUrl,
        signer: it.sender,
        amino: { type: 'wasm/MsgClearAdmin', value: { sender: it.sender, contract: it.contract } },
        run: (context) => {
          wasm.setAdmin(context, it.sender, it.contract, '')
          return answer(typeUrl, MsgClearAdminResponse.encode({}).finish())
        },
      }
    }
    default:
      throw sdk('unknown request', `this local node has no handler of ${typeUrl}`)
  }
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    throw sdk('invalid request', 'payload msg: invalid')
  }
}
