import { type AccountId, Bytes, type Intent, type LockSide } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { assertSecret } from '../../internal/guards.js'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import * as Mint from '../Mint.js'
import { createTokenAccount, type Instruction, TOKEN_PROGRAM, tokenAccount } from '../SolanaInstruction.js'
import { type Client, read, rentOf } from './client.js'
import { assertRate, rates } from './fees.js'
import { assertRef, type State, stateOf } from './locks.js'
import {
  assertHolds,
  feeOfUnits,
  type Plan,
  type SolanaIntent,
  type SolanaPrepareOptions,
  units,
} from './plan.js'
import { programTerms } from './terms.js'
import { isFree, tokenRent } from './tokens.js'

export async function claim(
  client: Client,
  intent: Intent & { readonly kind: 'claim' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  assertSecret(intent)
  // Nothing that these reads tell an endpoint hints at the secret, and nothing is simulated: whoever simulates a claim learns it (H18).
  const feePayer = intent.feePayer ?? intent.terms.beneficiary.account
  const payer = payerOf(client, feePayer)
  const paid = await paying(client, own, address, 'claimed', payer, options)
  // A claim whose fee can't be paid is in no block, and has told its secret: what isn't there for the payout must not stop it.
  const { accounts } = await read(client, [payer], options)
  const lamports = accounts[0]?.lamports ?? 0n
  const price = options.feeRate ?? (await rates(client, [payer, address], options)).normal
  const fee = feeOfUnits(client.units.settle + paid.units, assertRate(client, price))
  // Nor is one whose payer would be left with less than an account must hold.
  const least = await rentOf(client, 0, options)
  const alone = paid.rent > 0n && lamports < fee + paid.rent + least
  const due = alone ? feeOfUnits(client.units.settle, price) : fee
  assertHolds(feePayer, lamports, due === lamports ? due : due + least)
  return {
    kind: 'claim',
    payer,
    acts: [HtlcLock.encodeClaim(address, client.backend, intent.secret), ...(alone ? [] : paid.acts)],
    units: client.units.settle + (alone ? 0 : paid.units),
    rent: alone ? 0n : paid.rent,
    conflictKey: `settle/${Address.encode(address)}`,
    until: intent.terms.deadline,
    price,
  }
}

export async function refund(
  client: Client,
  intent: Intent & { readonly kind: 'refund' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  const payer = payerOf(client, intent.feePayer ?? intent.terms.locker.account)
  const paid = await paying(client, own, address, 'refunded', payer, options)
  const { state } = paid
  const closing =
    paid.acts.length === 0 ? [] : [HtlcLock.encodeClose(own, address, client.backend, vaultOf(state))]
  return {
    kind: 'refund',
    payer,
    acts: [HtlcLock.encodeRefund(address, client.backend), ...paid.acts, ...closing],
    units: client.units.settle + paid.units + client.units.close + units(255),
    rent: paid.rent,
    conflictKey: `settle/${Address.encode(address)}`,
    validFrom: intent.terms.deadline,
  }
}

export async function payout(
  client: Client,
  intent: SolanaIntent & { readonly kind: 'payout' },
  options: SolanaPrepareOptions,
  to?: LockSide,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  const state = await stateOf(client, own, options)
  const outcome = 'why' in state ? undefined : state.account?.status
  if ('why' in state || (outcome !== 'claimed' && outcome !== 'refunded'))
    throw SolanaErrors.SolanaWouldFail(
      `the lock ${intent.lock.ref} is not settled, so nothing is to be paid`,
      {
        argument: 'intent.lock',
        status: outcome ?? 'absent',
      },
    )
  const payee: LockSide = outcome === 'claimed' ? 'beneficiary' : 'locker'
  if (to !== undefined && to !== payee)
    throw SolanaErrors.SolanaWouldFail(`the lock ${intent.lock.ref} pays its ${payee}, not its ${to}`, {
      argument: 'intent.to',
      received: to,
    })
  const payer = payerOf(client, intent.feePayer ?? intent.terms[payee].account)
  const paid = await paying(client, own, address, outcome, payer, options, state)
  if (paid.acts.length === 0)
    throw SolanaErrors.SolanaWouldFail(
      `what the lock ${intent.lock.ref} holds can't be paid now: ${paid.doubt}`,
      {
        argument: 'intent.lock',
        reason: paid.doubt,
      },
    )
  return {
    kind: 'payout',
    payer,
    acts: paid.acts,
    units: paid.units,
    rent: paid.rent,
    // A second payout fails, or pays what came since.
    conflictKey: `settle/${Address.encode(address)}/payout`,
  }
}

export async function close(
  client: Client,
  intent: SolanaIntent & { readonly kind: 'close' },
  options: SolanaPrepareOptions,
  paysToo = false,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  const payer = payerOf(client, intent.feePayer ?? intent.terms.locker.account)
  const state = await stateOf(client, own, options)
  const account = 'why' in state ? undefined : state.account
  const unpaid = (why: string) =>
    SolanaErrors.SolanaWouldFail(`the lock ${intent.lock.ref} is not paid out, so it can't be closed${why}`, {
      argument: 'intent.lock',
    })
  if ('why' in state || account === undefined || account.status === 'locked' || (!account.paid && !paysToo))
    throw unpaid('')
  // A vault that holds anything can't be closed, and anybody may have thrown some in since it was paid out.
  const paid =
    account.paid && !state.held?.amount
      ? undefined
      : await paying(client, own, address, account.status, payer, options, state)
  if (paid?.acts.length === 0) throw unpaid(`: ${paid.doubt}`)
  const { bump } = HtlcLock.address(own, client.backend)
  return {
    kind: 'close',
    payer,
    acts: [...(paid?.acts ?? []), HtlcLock.encodeClose(own, address, client.backend, vaultOf(state))],
    units: client.units.close + units(bump) + (paid?.units ?? 0),
    rent: paid?.rent ?? 0n,
    conflictKey: `settle/${Address.encode(address)}/close`,
    validFrom: intent.terms.deadline,
  }
}

/**
 * The payout that can go with a claim or a refund in one transaction: none where it might fail, for a claim that fails with it has told
 * its secret and settled nothing.
 */
async function paying(
  client: Client,
  own: HtlcLock.ProgramTerms,
  lock: Bytes.Bytes32,
  outcome: 'claimed' | 'refunded',
  payer: Bytes.Bytes32,
  options: SolanaPrepareOptions,
  known?: State,
): Promise<{
  readonly acts: readonly Instruction[]
  readonly units: number
  readonly rent: bigint
  readonly state: State | undefined
  readonly doubt: string
}> {
  const payee = outcome === 'claimed' ? own.beneficiary : own.locker
  const found = known ?? (await stateOf(client, own, options))
  const state = 'why' in found ? undefined : found
  const { bump } = HtlcLock.address(own, client.backend)
  const none = (doubt: string) => ({ acts: [], units: 0, rent: 0n, state, doubt })
  const act = HtlcLock.encodePay(own, lock, client.backend, outcome, vaultOf(state))
  if (HtlcLock.isNative(own.mint)) {
    const { accounts } = await read(client, [payee], options)
    const [account] = accounts
    const least = await rentOf(client, account?.data.length ?? 0, options)
    if (account?.executable) return none('the payee is a program')
    if (state?.account?.paid) return none('it was paid already')
    if ((account?.lamports ?? 0n) + own.amount < least) return none(`the payee must hold ${least} lamports`)
    return { acts: [act], units: client.units.pay, rent: 0n, state, doubt: '' }
  }
  const theirs = tokenAccount(payee, own.mint)
  const { accounts } = await read(client, [theirs.address], options)
  const [account] = accounts
  const tokens = account && Mint.decodeTokenAccount(account)
  const missing = isFree(account)
  if (!missing && (tokens === undefined || !Bytes.equal(tokens.owner, payee) || tokens.frozen))
    return none("the payee's token account is frozen or another's")
  if (state?.held?.frozen) return none('the vault is frozen')
  if (state?.account !== undefined && (state.held?.amount ?? 0n) === 0n) return none('the vault is empty')
  return {
    acts: [createTokenAccount(payer, payee, own.mint), act],
    units: client.units.payToken + client.units.createTokenAccount + units(bump, theirs.bump),
    rent: missing ? await tokenRent(client, TOKEN_PROGRAM, options) : 0n,
    state,
    doubt: '',
  }
}

function vaultOf(state: State | undefined): { readonly vault?: Bytes.Bytes32 } {
  const vault = state?.account?.vault
  return vault === undefined ? {} : { vault }
}

function payerOf(client: Client, account: AccountId.AccountId): Bytes.Bytes32 {
  return HtlcLock.keyOf(account, client.network.id, 'intent.feePayer')
}
