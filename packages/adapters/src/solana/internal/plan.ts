import {
  type AccountId,
  Bytes,
  CoreErrors,
  Deadline,
  type Intent,
  isAitbcError,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  type Signed,
  type Step,
  show,
  Verdict,
} from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { sha256 } from '@noble/hashes/sha2.js'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import * as NonceAccount from '../NonceAccount.js'
import { computeUnitLimit, computeUnitPrice, type Instruction } from '../SolanaInstruction.js'
import * as SolanaRpc from '../SolanaRpc.js'
import * as SolanaTransaction from '../SolanaTransaction.js'
import { type Client, checkChain, read, rpc } from './client.js'
import { assertRate, rates } from './fees.js'

/** What a Solana adapter is asked to prepare besides: payouts are steps of their own there. */
export type SolanaIntent =
  | Intent
  /** Pays what a claim or a refund settled to the one that it is for; anyone may, as often as it takes. */
  | {
      readonly kind: 'payout'
      readonly terms: LockTerms.LockTerms
      readonly lock: Lock
      readonly feePayer?: AccountId.AccountId
    }
  /** Gives the locker the rent back, from the deadline on and after the payout; anyone may. */
  | {
      readonly kind: 'close'
      readonly terms: LockTerms.LockTerms
      readonly lock: Lock
      readonly feePayer?: AccountId.AccountId
    }
  /** Makes the account of a durable nonce, whose address is of the owner and the name. */
  | { readonly kind: 'nonce'; readonly from: AccountId.AccountId; readonly name: string }

/** How a step is to be prepared on Solana. */
export interface SolanaPrepareOptions extends PrepareOptions {
  /**
   * The account of a durable nonce whose authority is the fee payer: the transaction then doesn't expire with a blockhash, and can be
   * handed to somebody who sends it later. Each value of a nonce serves one transaction.
   */
  readonly nonce?: AccountId.AccountId
}

/** What is to become a step. */
export interface Plan {
  readonly kind: string
  readonly payer: Bytes.Bytes32
  readonly acts: readonly Instruction[]
  readonly units: number
  /** Lamports for accounts that it creates. */
  readonly rent: bigint
  /** What only one transaction can use, where the program sees to that; else its nonce or its blockhash. */
  readonly conflictKey?: string
  readonly validFrom?: Deadline.Deadline
  /** Where no blockhash ends it earlier. */
  readonly until?: Deadline.Deadline
  /** It names the payer's own nonce where the payer has one: only so can it be replaced or taken back before its blockhash expires. */
  readonly once?: true
  /** What a compute unit is to cost, where that was asked already, and the payer's lamports held against it. */
  readonly price?: bigint
}

/** Compute units of the search for a derived address: 1,500 a try. */
export const units = (...bumps: readonly number[]) =>
  bumps.reduce((sum, bump) => sum + 1500 * (256 - bump), 0)

/** Whether a transaction holds it, and the advance of a nonce where it may name one. */
export function fits({ payer, acts, units: limit }: Plan, nonce: string | undefined): boolean {
  try {
    const lifetime: SolanaTransaction.Lifetime = nonce
      ? { kind: 'nonce', account: new Uint8Array(32).fill(1), value: payer }
      : { kind: 'blockhash', blockhash: Address.encode(payer), lastHeight: 0n }
    SolanaTransaction.encode({ payer, lifetime, instructions: budgeted(acts, limit, 1n) })
    return true
  } catch (error) {
    if (isAitbcError(error, 'SolanaTooLarge')) return false
    throw error
  }
}

/** Gives a plan its lifetime and its price. */
export async function step(client: Client, plan: Plan, options: SolanaPrepareOptions): Promise<Step> {
  const { network } = client
  await checkChain(client, options)
  const asked = plan.price ?? options.feeRate
  const price = assertRate(client, asked ?? (await rates(client, writtenBy(plan), options)).normal)
  const lifetime = await lifetimeOf(client, plan, options)
  const payload = SolanaTransaction.encode({
    payer: plan.payer,
    lifetime,
    // Two equal transfers of one blockhash would be one transaction, so each has another limit.
    instructions: budgeted(plan.acts, plan.units + (client.memory.drafts.count++ % 1000), price),
  })
  const own =
    lifetime.kind === 'nonce'
      ? `nonce/${Address.encode(lifetime.account)}/${Address.encode(lifetime.value)}`
      : `once/${Bytes.toHex(sha256(payload))}`
  return SolanaTransaction.toStep(payload, {
    network: network.id,
    kind: plan.kind,
    from: `${network.id}:${Address.encode(plan.payer)}`,
    feeAsset: network.native.id,
    rent: plan.rent,
    conflictKey: plan.conflictKey ?? own,
    ...(plan.validFrom === undefined ? {} : { validFrom: plan.validFrom }),
    ...(lifetime.kind === 'nonce'
      ? plan.until === undefined
        ? {}
        : { validUntil: plan.until }
      : until(client, lifetime.lastHeight)),
  })
}

export function budgeted(acts: readonly Instruction[], limit: number, price: bigint): readonly Instruction[] {
  return [computeUnitLimit(limit), ...(price === 0n ? [] : [computeUnitPrice(price)]), ...acts]
}

/** The last height of a blockhash, where heights of that size can be told from times. */
export function until(client: Client, lastHeight: bigint): { readonly validUntil?: Deadline.Deadline } {
  return lastHeight >= Deadline.TIME_THRESHOLD
    ? {}
    : { validUntil: { network: client.network.id, clock: 'height', value: lastHeight } }
}

export async function blockhashOf(
  client: Client,
  options: PrepareOptions,
): Promise<SolanaTransaction.Lifetime & { readonly kind: 'blockhash' }> {
  return {
    kind: 'blockhash',
    ...(await SolanaRpc.latestBlockhash(client.transport, 'confirmed', rpc(options))),
  }
}

async function lifetimeOf(
  client: Client,
  plan: Plan,
  options: SolanaPrepareOptions,
): Promise<SolanaTransaction.Lifetime> {
  if (options.nonce !== undefined) return nonceOf(client, options.nonce, plan.payer, options)
  if (plan.once && client.nonce !== undefined) {
    const account = NonceAccount.address(plan.payer, client.nonce)
    const { accounts } = await read(client, [account], options)
    const decoded = accounts[0] === undefined ? undefined : NonceAccount.decode(accounts[0])
    const own = decoded?.ok && Bytes.equal(decoded.value.authority, plan.payer) ? decoded.value : undefined
    if (own !== undefined && !(options.after ?? []).some((signed) => usesNonce(signed, account, own.value)))
      return { kind: 'nonce', account, value: own.value }
  }
  return blockhashOf(client, options)
}

async function nonceOf(
  client: Client,
  id: AccountId.AccountId,
  payer: Bytes.Bytes32,
  options: SolanaPrepareOptions,
): Promise<SolanaTransaction.Lifetime & { readonly kind: 'nonce' }> {
  const account = HtlcLock.keyOf(id, client.network.id, 'options.nonce')
  const { accounts } = await read(client, [account], options)
  const [found] = accounts
  const decoded =
    found === undefined ? Verdict.refuse('nonce-missing', 'there is no account') : NonceAccount.decode(found)
  const refuse = (why: string) =>
    CoreErrors.InvalidArgument(`options.nonce must be a nonce of the fee payer: ${why}`, {
      argument: 'options.nonce',
      received: id,
    })
  if (!decoded.ok) throw refuse(decoded.refusal.message)
  const { authority, value } = decoded.value
  if (!Bytes.equal(authority, payer)) throw refuse(`its authority is ${Address.encode(authority)}`)
  if ((options.after ?? []).some((signed) => usesNonce(signed, account, value)))
    throw refuse('an earlier step uses its value')
  return { kind: 'nonce', account, value }
}

function usesNonce(signed: Signed, account: Bytes.Bytes32, value: Bytes.Bytes32): boolean {
  const { nonce: used, lifetime } = SolanaTransaction.ofStep(signed.step)
  return used !== undefined && Bytes.equal(used, account) && Bytes.equal(lifetime, value)
}

/** Accounts that a plan writes, for the market's price of them. */
function writtenBy({ payer, acts }: Plan): readonly Bytes.Bytes32[] {
  const seen = new Map<string, Bytes.Bytes32>([[Bytes.toHex(payer), payer]])
  for (const { accounts } of acts)
    for (const { address, writable } of accounts) if (writable) seen.set(Bytes.toHex(address), address)
  return [...seen.values()].slice(0, 16)
}

/** Lamports for a signature and so many units at a price. */
export function feeOfUnits(limit: number, price: bigint): bigint {
  return SolanaTransaction.SIGNATURE_FEE + (BigInt(limit) * price + 999_999n) / 1_000_000n
}

export function assertHolds(account: AccountId.AccountId, held: bigint, needed: bigint): void {
  if (held < needed)
    throw SolanaErrors.SolanaInsufficientFunds(
      `${account} must hold ${needed} of the asset at least, it holds ${held}`,
      { account, needed, held },
    )
}

/** `ForeignNetwork` (1016). */
export function assertNetwork(client: Client, network: unknown, argument: string): void {
  if (network !== client.network.id)
    throw CoreErrors.ForeignNetwork(`${argument} must be ${client.network.id}, got ${show(network)}`, {
      argument,
      expected: client.network.id,
      received: network,
    })
}
