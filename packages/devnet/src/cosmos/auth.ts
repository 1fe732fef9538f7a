import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { Any } from 'cosmjs-types/google/protobuf/any'
import { bytesOf } from './bank.js'
import { concat, toAddress, u64, utf8 } from './bytes.js'
import { type Context, read, write } from './context.js'

export const BASE_ACCOUNT = '/cosmos.auth.v1beta1.BaseAccount'
export const SECP256K1 = '/cosmos.crypto.secp256k1.PubKey'

const NEXT_NUMBER = utf8('globalAccountNumber')

const accountKey = (prefix: string, address: string) => concat([1], bytesOf(prefix, address))

export function addressOfKey(prefix: string, publicKey: Uint8Array): string {
  return toAddress(prefix, ripemd160(sha256(publicKey)))
}

export function account(context: Context, address: string): BaseAccount | undefined {
  const found = read(context, 'acc', accountKey(context.prefix, address))
  return found === undefined ? undefined : BaseAccount.decode(Any.decode(found).value)
}

export function setAccount(context: Context, value: BaseAccount): void {
  const any = Any.fromPartial({ typeUrl: BASE_ACCOUNT, value: BaseAccount.encode(value).finish() })
  write(context, 'acc', accountKey(context.prefix, value.address), Any.encode(any).finish())
}

export function createAccount(context: Context, address: string): BaseAccount {
  const found = read(context, 'acc', NEXT_NUMBER)
  const accountNumber =
    found === undefined ? 0n : new DataView(found.buffer, found.byteOffset).getBigUint64(0)
  write(context, 'acc', NEXT_NUMBER, u64(accountNumber + 1n))
  const made = BaseAccount.fromPartial({ address, accountNumber })
  setAccount(context, made)
  return made
}

export function keyOf(value: BaseAccount): Uint8Array | undefined {
  return value.pubKey?.typeUrl === SECP256K1 ? PubKey.decode(value.pubKey.value).key : undefined
}

export function withKey(value: BaseAccount, key: Uint8Array): BaseAccount {
  return {
    ...value,
    pubKey: Any.fromPartial({ typeUrl: SECP256K1, value: PubKey.encode({ key }).finish() }),
  }
}
