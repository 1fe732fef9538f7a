import { Bytes, type CallOptions, CoreErrors, type Step, type Submission, type SwapSeed } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import { BitcoinErrors } from '../errors.js'
import { beaconAccount } from '../keys.js'
import * as Weight from '../Weight.js'
import type { Coin } from './coins.js'
import type { Context } from './context.js'
import { assertRate, max } from './fees.js'
import * as Psbt from './psbt.js'
import { spend, spendable, stepOf } from './spending.js'

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
