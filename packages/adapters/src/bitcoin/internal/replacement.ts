import {
  Bytes,
  type CallOptions,
  CoreErrors,
  type PrepareOptions,
  type Step,
  type Submission,
  type SwapSeed,
} from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import { BitcoinErrors } from '../errors.js'
import { beaconAccount } from '../keys.js'
import * as Weight from '../Weight.js'
import type { Coin } from './coins.js'
import type { Context } from './context.js'
import { assertRate, INCREMENTAL_RATE, max, rateOf } from './fees.js'
import * as Psbt from './psbt.js'
import { assertNotDust, settlement, spend, spendable, stepOf } from './spending.js'

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

/** What a child pays for its parent with. */
export interface Child {
  /** Rate that parent and child together shall pay, sat/kvB. */
  readonly feeRate: bigint
  /** Share of the seed and index of the lock's beacon, for a lock that has no change to spend. */
  readonly beacon?: { readonly seed: SwapSeed.NetworkSeed; readonly index: number }
}

/**
 * A child that pays for its parent (CPFP): spends the parent's change or payout, or a lock's beacon and a coin of the account. Needs
 * no replacement, so the parent's id stays.
 */
export async function childPays(
  context: Context,
  submission: Submission,
  child: Child,
  options: CallOptions = {},
): Promise<readonly Step[]> {
  const { network, reader } = context
  assertRate(context, child.feeRate)
  const opened = Psbt.open(network, submission.step)
  const parent = await reader.transaction(submission.id, options)
  if (parent?.at !== 'mempool')
    throw BitcoinErrors.NotReplaceable(`${submission.id} is not waiting in the mempool`, {
      id: submission.id,
    })
  const parentSize = BigInt(Weight.virtualSize(weightOf(parent.transaction)))
  const account = childAccount(context, opened, submission)
  const index = account === undefined ? -1 : ownOutput(opened, account)
  const coin = (at: number): Coin => ({
    txid: submission.id,
    index: at,
    amount: opened.transaction.outputs[at]?.amount as bigint,
    script: opened.transaction.outputs[at]?.script as Bytes.Bytes,
    previous: parent.raw,
  })
  /** Fee that lifts parent and child together to the rate. */
  const due = (weight: number): bigint => {
    const size = BigInt(Weight.virtualSize(weight))
    const together = ((parentSize + size) * child.feeRate + 999n) / 1000n - opened.fee
    return max(together, Weight.fee(weight, network.fees.minRelay))
  }
  if (account !== undefined && index >= 0) {
    const weight = Weight.BASE + Weight.accountInput(account.kind as 'p2wpkh') + Weight.output(account.script)
    const fee = due(weight)
    const { amount } = coin(index)
    if (amount - fee >= Account.dust(network, account.script))
      return [
        stepOf(context, {
          kind: 'cpfp',
          from: account.id,
          maxFee: fee,
          inputs: [coin(index)],
          outputs: [{ amount: amount - fee, script: account.script }],
          attempts: [],
        }),
      ]
  }
  if (child.beacon === undefined)
    throw BitcoinErrors.NotReplaceable(
      `${submission.id} has no output of its own that could pay ${child.feeRate} sat/kvB`,
      {
        id: submission.id,
        feeRate: child.feeRate,
      },
    )
  const beacon = beaconAccount(network, child.beacon.seed, child.beacon.index).script
  const at = opened.transaction.outputs.findIndex(({ script }) => Bytes.equal(script, beacon))
  if (at < 0)
    throw CoreErrors.InvalidArgument(`the lock has no beacon of index ${child.beacon.index}`, {
      argument: 'beacon.index',
      received: child.beacon.index,
    })
  const from = spendable(context, submission.step.from, 'submission.step.from')
  const outputs = [{ amount: Account.dust(network, from.script), script: from.script }]
  const step = await spend(
    context,
    from,
    outputs,
    { ...options, feeRate: network.fees.minRelay },
    {
      kind: 'cpfp',
      required: [coin(at)],
      minFee: due,
    },
  )
  return [step]
}

/** The account whose key can spend an output of a submission's transaction. */
function childAccount(
  context: Context,
  opened: Psbt.Opened,
  submission: Submission,
): Account.Account | undefined {
  const [first] = opened.inputs
  const id =
    first !== undefined && 'htlc' in first
      ? Account.ofScript(context.network, (opened.transaction.outputs[0] as Transaction.Output).script)
      : submission.step.from
  const account = id === undefined ? undefined : Account.parse(context.network, id)
  return account?.kind === 'p2wsh' ? undefined : account
}

function ownOutput(opened: Psbt.Opened, account: Account.Account): number {
  if (opened.change !== undefined) return opened.change
  return opened.transaction.outputs.findIndex(({ script }) => Bytes.equal(script, account.script))
}

function weightOf(transaction: Transaction.Transaction): number {
  return 3 * Transaction.encodeStripped(transaction).length + Transaction.encode(transaction).length
}
