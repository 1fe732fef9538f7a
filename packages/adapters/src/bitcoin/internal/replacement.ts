import { type CallOptions, CoreErrors, type PrepareOptions, type Step, type Submission } from '@aitbc/core'
import type { Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import { BitcoinErrors } from '../errors.js'
import * as Weight from '../Weight.js'
import type { Coin } from './coins.js'
import type { Context } from './context.js'
import { assertRate, INCREMENTAL_RATE, max, rateOf } from './fees.js'
import * as Psbt from './psbt.js'
import { settlement } from './settlement.js'
import { assertNotDust, spend, spendable, stepOf } from './spending.js'

/**
 * The same intent at a higher rate: all inputs stay, so that no two versions can ever confirm (S9). It pays at least what it replaces
 * and its own relay (BIP-125 rules 3 and 4), whatever rate was asked for.
 */
export async function replace(
  context: Context,
  submission: Submission,
  feeRate: bigint,
  options: CallOptions = {},
): Promise<readonly Step[]> {
  const { network } = context
  assertRate(context, feeRate)
  const opened = Psbt.open(network, submission.step)
  const located = await context.reader.transaction(submission.id, options)
  if (located !== undefined && located.at !== 'mempool')
    throw BitcoinErrors.NotReplaceable(`${submission.id} is in block ${located.at.height} already`, {
      id: submission.id,
      block: located.at,
    })
  const attempts = [...new Set([...opened.attempts, ...submission.attempts])]
  const least = (weight: number): bigint => evicting + Weight.fee(weight, INCREMENTAL_RATE)
  const evicting = await evictedBy(context, opened.fee, located?.txid, options)
  const { kind } = submission.step
  const [first] = opened.inputs
  const output = opened.transaction.outputs[0] as Transaction.Output
  if (first !== undefined && 'htlc' in first) {
    const path = Psbt.isClaim(first) ? 'claim' : 'refund'
    const weight = Weight.settlement(first.htlc, path, output.script)
    const fee = max(Weight.fee(weight, feeRate), least(weight))
    const payout = Account.ofScript(network, output.script)
    return [settlement(context, first, Account.parse(network, payout), fee, attempts)]
  }
  if (kind === 'void' || kind === 'cpfp')
    return [sweep(context, opened, submission.step, feeRate, attempts, least)]
  const from = spendable(context, submission.step.from, 'submission.step.from')
  const outputs = opened.transaction.outputs.filter((_, i) => i !== opened.change)
  const step = await spend(
    context,
    from,
    outputs,
    { ...options, feeRate },
    {
      kind,
      attempts,
      required: opened.inputs as readonly Coin[],
      minFee: least,
    },
  )
  return [step]
}

/** Pays all inputs of a submission back to its account, so that no version of it can be included any more. */
export async function replaceBySelf(
  context: Context,
  submission: Submission,
  options: PrepareOptions,
): Promise<Step> {
  const opened = Psbt.open(context.network, submission?.step)
  if (opened.inputs.some((input) => 'htlc' in input))
    throw CoreErrors.InvalidArgument('a claim or refund of a lock is not made void: replace it', {
      argument: 'intent.submission',
      received: submission.step.kind,
    })
  const located = await context.reader.transaction(submission.id, options)
  if (located !== undefined && located.at !== 'mempool')
    throw BitcoinErrors.NotReplaceable(`${submission.id} is in block ${located.at.height} already`, {
      id: submission.id,
      block: located.at,
    })
  const attempts = [...new Set([...opened.attempts, ...submission.attempts])]
  const feeRate = await rateOf(context, options)
  const evicting = await evictedBy(context, opened.fee, located?.txid, options)
  const least = (weight: number): bigint => evicting + Weight.fee(weight, INCREMENTAL_RATE)
  return sweep(context, opened, { ...submission.step, kind: 'void' }, feeRate, attempts, least)
}

/** Fees that a replacement must beat: those of the transaction that waits, and of what hangs on it (BIP-125 rule 3). */
async function evictedBy(
  context: Context,
  fee: bigint,
  waiting: string | undefined,
  options: CallOptions,
): Promise<bigint> {
  const evicted = waiting === undefined ? undefined : await context.backend.evicted(waiting, options)
  return max(fee, evicted ?? 0n)
}

/** All inputs to one output of the step's account, at a fee that replaces what they paid before. */
function sweep(
  context: Context,
  opened: Psbt.Opened,
  step: Pick<Step, 'from' | 'kind'>,
  feeRate: bigint,
  attempts: readonly string[],
  least: (weight: number) => bigint,
): Step {
  const from = spendable(context, step.from, 'step.from')
  const inputs = opened.inputs as readonly Coin[]
  const weight =
    Weight.BASE +
    inputs.length * Weight.accountInput(from.kind as 'p2wpkh') +
    Weight.output(from.script) +
    4 * (Weight.compactSize(inputs.length) - 1)
  const fee = max(Weight.fee(weight, feeRate), least(weight))
  const left = inputs.reduce((sum, { amount }) => sum + amount, 0n) - fee
  assertNotDust(context, from.script, left, 'what is left after the fee')
  return stepOf(context, {
    kind: step.kind,
    from: from.id,
    maxFee: fee,
    inputs,
    outputs: [{ amount: left, script: from.script }],
    attempts,
  })
}
