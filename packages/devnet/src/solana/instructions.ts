import { Bytes } from '@aitbc/core'
import type * as Kit from '@solana/kit'
import type { Key } from './keys.js'
import { SYSTEM } from './runtime.js'

/** Makes instructions of the chain's own. */
export type Instructions = ReturnType<typeof create>

export function create(kit: typeof Kit, rentOf: (size: bigint) => bigint) {
  const encode = (bytes: Uint8Array) => kit.address(kit.getBase58Decoder().decode(bytes))
  const decode = (text: string) => new Uint8Array(kit.getBase58Encoder().encode(text))
  const { WRITABLE_SIGNER } = kit.AccountRole
  const meta = (address: string, role: Kit.AccountRole) => ({ address: kit.address(address), role })
  const call = (
    programAddress: string,
    accounts: readonly Kit.AccountMeta[],
    ...data: readonly Uint8Array[]
  ): Kit.Instruction => ({
    programAddress: kit.address(programAddress),
    accounts,
    data: Bytes.concat(...data),
  })
  const createAccount = (payer: Key, account: Key, size: bigint, owner: string) =>
    call(
      SYSTEM,
      [meta(encode(payer.publicKey), WRITABLE_SIGNER), meta(encode(account.publicKey), WRITABLE_SIGNER)],
      Uint8Array.of(0, 0, 0, 0),
      u64(rentOf(size)),
      u64(size),
      decode(owner),
    )
  return { kit, encode, decode, meta, call, createAccount }
}

export function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value, true)
  return out
}
