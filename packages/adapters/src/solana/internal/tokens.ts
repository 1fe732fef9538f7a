import { Bytes, type LockTerms, Verdict } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { SolanaErrors } from '../errors.js'
import * as Mint from '../Mint.js'
import { TOKEN_ACCOUNT_SIZE, TOKEN_PROGRAM } from '../SolanaInstruction.js'
import type * as SolanaRpc from '../SolanaRpc.js'
import { type Client, read, rentOf } from './client.js'
import type { SolanaPrepareOptions } from './plan.js'

export async function mintAt(
  client: Client,
  mint: Bytes.Bytes32,
  judge: (mint: Mint.Mint) => Verdict.Verdict<Mint.Mint>,
  options: SolanaPrepareOptions,
): Promise<Mint.Mint> {
  const { accounts } = await read(client, [mint], options)
  const [account] = accounts
  const name = Address.encode(mint)
  const decoded =
    account === undefined ? Verdict.refuse('mint-missing', 'there is no mint') : Mint.decode(account)
  const judged = decoded.ok ? judge(decoded.value) : decoded
  if (judged.ok) return judged.value
  const { check, message, context } = judged.refusal
  throw SolanaErrors.SolanaTokenRefused(`the mint ${name}: ${message}`, { mint: name, check, ...context })
}

/** What the caller believes of a token's decimals is what amounts were reckoned with. */
export function assertDecimals(client: Client, terms: LockTerms.LockTerms, mint: Mint.Mint): void {
  const asset = [...client.tokens.values()].find(({ id }) => id === terms.asset)
  if (asset !== undefined && asset.decimals !== mint.decimals)
    throw SolanaErrors.SolanaTokenRefused(
      `${terms.asset} must have ${asset.decimals} decimals, its mint has ${mint.decimals}`,
      { asset: terms.asset, expected: asset.decimals, received: mint.decimals },
    )
}

export async function tokenRent(
  client: Client,
  program: Bytes.Bytes32,
  options: SolanaPrepareOptions,
): Promise<bigint> {
  // With extensions, accounts have a few bytes more (the owner can't be changed, metadata of transfers).
  const more = Bytes.equal(program, TOKEN_PROGRAM) ? 0 : 32
  return rentOf(client, TOKEN_ACCOUNT_SIZE + more, options)
}

/** Nobody made the account yet; lamports that anybody may have sent to its address stand in nobody's way. */
export function isFree(account: SolanaRpc.Account | undefined): boolean {
  return account === undefined || Bytes.equal(account.owner, Address.SYSTEM_PROGRAM)
}

export function isToken(account: SolanaRpc.Account): boolean {
  return Mint.decode(account).ok || Mint.decodeTokenAccount(account) !== undefined
}
