import {
  type CallOptions,
  CoreErrors,
  Hashlock,
  type Intent,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  type Step,
} from '@aitbc/core'
import * as Account from '../Account.js'
import * as Weight from '../Weight.js'
import type { Context } from './context.js'
import { INCREMENTAL_RATE, max, rateOf } from './fees.js'
import * as Psbt from './psbt.js'
import type { Located } from './reader.js'
import { parseRef } from './ref.js'
import { assertAmount, assertNotDust, stepOf } from './spending.js'
import * as Terms from './terms.js'

/** A claim whose secret isn't known yet. */
export async function arm(
  context: Context,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  return [await settle(context, { kind: 'armed', terms, lock }, options)]
}

/** A claim or a refund: one input, the lock; one output, the payout; the fee comes out of it. Asks nobody about the secret. */
export async function settle(
  context: Context,
  intent:
    | Extract<Intent, { kind: 'claim' | 'refund' }>
    | { readonly kind: 'armed'; readonly terms: LockTerms.LockTerms; readonly lock: Lock },
  options: PrepareOptions,
): Promise<Step> {
  const { network } = context
  const checked = Terms.check(network, intent.terms)
  const { terms, htlc } = checked
  const path = intent.kind === 'refund' ? 'refund' : 'claim'
  const party = path === 'claim' ? terms.beneficiary : terms.locker
  const payout = path === 'claim' ? checked.beneficiaryPayout : checked.lockerPayout
  if (intent.kind !== 'armed' && intent.feePayer !== undefined && intent.feePayer !== party.account)
    throw CoreErrors.UnsupportedCapability('a Bitcoin claim or refund pays its fee from the lock itself', {
      argument: 'intent.feePayer',
      received: intent.feePayer,
    })
  const outpoint = parseRef(intent.lock?.ref)
  assertAmount(intent.lock.amount, 'intent.lock.amount')
  if (intent.kind === 'claim' && !Hashlock.opens(intent.secret, terms.hashlock))
    throw CoreErrors.InvalidSecret('intent.secret does not open the hashlock of the terms', {
      argument: 'intent.secret',
    })
  const feeRate = await rateOf(context, options)
  const input: Psbt.LockInput = {
    ...outpoint,
    amount: intent.lock.amount,
    htlc,
    terms,
    ...(intent.kind === 'claim' ? { secret: intent.secret } : {}),
    ...(intent.kind === 'armed' ? { armed: true } : {}),
  }
  const weight = Weight.settlement(htlc, path, payout.script)
  const fee = Weight.fee(weight, feeRate)
  // What spends the lock in the mempool already is outbid, with whatever hangs on it: nothing else saves what is right (H5, H6).
  // A lock that is only signed so far has nothing beside it.
  const ahead = options.after !== undefined && options.after.length > 0
  const rival = ahead ? undefined : await context.reader.spender(outpoint, htlc.scriptPubKey, options)
  const evicted = rival?.at === 'mempool' ? await rivalFee(context, rival, input.amount, options) : undefined
  const least = evicted === undefined ? 0n : evicted + Weight.fee(weight, INCREMENTAL_RATE)
  const wanted = max(fee, least)
  // A market too dear for the whole fee, or an endpoint that says so, is no reason to send nothing: all but dust is paid then (L5).
  const most = input.amount - Account.dust(network, payout.script)
  const fits = most >= max(least, Weight.fee(weight, network.fees.minRelay))
  const capped = options.feeRate === undefined && wanted > most && fits ? most : wanted
  return settlement(context, input, payout, capped)
}

/** What a rival in the mempool and its descendants pay; where the endpoint can't tell, what it alone does if the lock is all it spends. */
async function rivalFee(
  context: Context,
  { txid, transaction }: Located,
  amount: bigint,
  options: CallOptions,
): Promise<bigint | undefined> {
  const told = await context.backend.evicted(txid, options)
  if (told !== undefined || transaction.inputs.length !== 1) return told
  return transaction.outputs.reduce((left, output) => left - output.amount, amount)
}

export function settlement(
  context: Context,
  input: Psbt.LockInput,
  payout: Account.Account,
  fee: bigint,
  attempts: readonly string[] = [],
): Step {
  const { terms, htlc, amount } = input
  const left = amount - fee
  assertNotDust(context, payout.script, left, 'what is left of the lock after the fee')
  const claim = Psbt.isClaim(input)
  return stepOf(context, {
    kind: claim ? 'claim' : 'refund',
    from: claim ? terms.beneficiary.account : terms.locker.account,
    maxFee: fee,
    inputs: [input],
    outputs: [{ amount: left, script: payout.script }],
    ...(claim ? {} : { lockTime: htlc.lockTime, validFrom: terms.deadline }),
    attempts,
  })
}
