import { secp256k1 } from '@noble/curves/secp256k1.js'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, SignDoc, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { SECP256K1 } from './auth.js'
import type { Coin } from './bank.js'

/** A message in its protobuf form. */
export interface AnyMessage {
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** Signs a transaction of one account (`SIGN_MODE_DIRECT`); gives its bytes. */
export function sign(
  key: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array },
  messages: readonly AnyMessage[],
  options: {
    readonly chainId: string
    readonly accountNumber: bigint
    readonly sequence: bigint
    readonly fee: readonly Coin[]
    readonly gas: bigint
    readonly memo: string
  },
): Uint8Array {
  const { chainId, accountNumber, sequence, fee, gas, memo } = options
  const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: [...messages], memo })).finish()
  const authInfoBytes = AuthInfo.encode(
    AuthInfo.fromPartial({
      signerInfos: [
        {
          publicKey: { typeUrl: SECP256K1, value: PubKey.encode({ key: key.publicKey }).finish() },
          modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } },
          sequence,
        },
      ],
      fee: { amount: [...fee], gasLimit: gas },
    }),
  ).finish()
  const document = SignDoc.fromPartial({ bodyBytes, authInfoBytes, chainId, accountNumber })
  const signature = secp256k1.sign(SignDoc.encode(document).finish(), key.privateKey, { lowS: true })
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [signature] }).finish()
}
