import * as Kit from '@solana/kit'

export const SYSTEM = Kit.address('11111111111111111111111111111111')
export const TOKEN = Kit.address('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA')
const RECENT = Kit.address('SysvarRecentB1ockHashes11111111111111111111')
const RENT = Kit.address('SysvarRent111111111111111111111111111111111')
const BUDGET = Kit.address('ComputeBudget111111111111111111111111111111')
const LOOKUP = Kit.address('AddressLookupTab1e1111111111111111111111111')

const { READONLY, WRITABLE, READONLY_SIGNER, WRITABLE_SIGNER } = Kit.AccountRole

/** What a program is called with: little-endian numbers of so many bytes, addresses, and bytes. */
export function data(...parts: readonly (readonly [bigint | number, 1 | 2 | 4 | 8] | string | Uint8Array)[]) {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === 'string') return [...Kit.getAddressEncoder().encode(Kit.address(part))]
      if (part instanceof Uint8Array) return [...part]
      const [value, size] = part
      return Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n))
    }),
  )
}

const role = (address: Kit.Address, role: Kit.AccountRole) => ({ address, role })
const signs = (signer: Kit.KeyPairSigner, role: typeof READONLY_SIGNER | typeof WRITABLE_SIGNER) => ({
  address: signer.address,
  role,
  signer,
})

export function transfer(from: Kit.KeyPairSigner, to: Kit.Address, lamports: bigint): Kit.Instruction {
  return {
    programAddress: SYSTEM,
    accounts: [signs(from, WRITABLE_SIGNER), role(to, WRITABLE)],
    data: data([2, 4], [lamports, 8]),
  }
}

export function createAccount(
  from: Kit.KeyPairSigner,
  account: Kit.KeyPairSigner,
  how: { readonly lamports: bigint; readonly size: bigint; readonly owner: Kit.Address },
): Kit.Instruction {
  return {
    programAddress: SYSTEM,
    accounts: [signs(from, WRITABLE_SIGNER), signs(account, WRITABLE_SIGNER)],
    data: data([0, 4], [how.lamports, 8], [how.size, 8], how.owner),
  }
}

export function initializeNonce(nonce: Kit.Address, authority: Kit.Address): Kit.Instruction {
  return {
    programAddress: SYSTEM,
    accounts: [role(nonce, WRITABLE), role(RECENT, READONLY), role(RENT, READONLY)],
    data: data([6, 4], authority),
  }
}

export function unitPrice(microLamports: bigint): Kit.Instruction {
  return { programAddress: BUDGET, data: data([3, 1], [microLamports, 8]) }
}

export function unitLimit(units: number): Kit.Instruction {
  return { programAddress: BUDGET, data: data([2, 1], [units, 4]) }
}

export function createTable(
  payer: Kit.KeyPairSigner,
  table: Kit.ProgramDerivedAddress,
  slot: bigint,
): Kit.Instruction {
  return {
    programAddress: LOOKUP,
    accounts: [
      role(table[0], WRITABLE),
      signs(payer, READONLY_SIGNER),
      signs(payer, WRITABLE_SIGNER),
      role(SYSTEM, READONLY),
    ],
    data: data([0, 4], [slot, 8], [table[1], 1]),
  }
}

export function tableOf(authority: Kit.Address, slot: bigint): Promise<Kit.ProgramDerivedAddress> {
  return Kit.getProgramDerivedAddress({
    programAddress: LOOKUP,
    seeds: [Kit.getAddressEncoder().encode(authority), data([slot, 8])],
  })
}

export function extendTable(
  payer: Kit.KeyPairSigner,
  table: Kit.Address,
  addresses: readonly Kit.Address[],
): Kit.Instruction {
  return {
    programAddress: LOOKUP,
    accounts: [
      role(table, WRITABLE),
      signs(payer, READONLY_SIGNER),
      signs(payer, WRITABLE_SIGNER),
      role(SYSTEM, READONLY),
    ],
    data: data([2, 4], [addresses.length, 8], ...addresses),
  }
}

/** Units of a token from one of its accounts to another, with the decimals it is known to have. */
export function transferTokens(
  owner: Kit.KeyPairSigner,
  from: Kit.Address,
  mint: Kit.Address,
  to: Kit.Address,
  amount: bigint,
  decimals: number,
): Kit.Instruction {
  return {
    programAddress: TOKEN,
    accounts: [role(from, WRITABLE), role(mint, READONLY), role(to, WRITABLE), signs(owner, READONLY_SIGNER)],
    data: data([12, 1], [amount, 8], [decimals, 1]),
  }
}

/** An RPC error as kit throws it: its code, and what stands in it and behind it. */
export async function errorOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!Kit.isSolanaError(error)) throw new Error(`no error of kit: ${String(error)}`)
  const context: Readonly<Record<string, unknown>> = error.context
  const cause = Kit.isSolanaError(error.cause) ? error.cause.context.__code : undefined
  return { code: error.context.__code, cause, context }
}
