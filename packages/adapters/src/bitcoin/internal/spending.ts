import {
  type AccountId,
  Amount,
  type Bytes,
  type Deadline,
  type PrepareOptions,
  type Step,
} from '@aitbc/core'
import type { Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import * as CoinSelection from '../CoinSelection.js'
import { BitcoinErrors } from '../errors.js'
import * as Weight from '../Weight.js'
import { type Coin, coinsOf } from './coins.js'
import type { Context } from './context.js'
import { rateOf } from './fees.js'
import * as Psbt from './psbt.js'

/** Spends coins of an account: outputs, and change to itself. */
export async function spend(
  context: Context,
  from: Account.Account,
  outputs: readonly Transaction.Output[],
  options: PrepareOptions,
  more: {
    readonly kind: string
    readonly attempts?: readonly string[]
    readonly required?: readonly Coin[]
    readonly minFee?: (weight: number) => bigint
  },
): Promise<Step> {
  const { network } = context
  const feeRate = await rateOf(context, options)
  const coins = await coinsOf(context, from, options)
  const inputWeight = Weight.accountInput(from.kind as 'p2wpkh' | 'p2tr')
  const changeWeight = Weight.output(from.script)
  const baseWeight = outputs.reduce((sum, { script }) => sum + Weight.output(script), Weight.BASE)
  const target = outputs.reduce((sum, { amount }) => sum + amount, 0n)
  const request = {
    baseWeight,
    inputWeight,
    changeWeight,
    target,
    feeRate,
    dust: Account.dust(network, from.script),
    required: more.required ?? [],
  }
  const choose = (minFee: bigint): CoinSelection.Selection<Coin> | undefined =>
    CoinSelection.select(coins.confirmed, { ...request, minFee }) ??
    // A replacement may take no unconfirmed coin that its predecessor hadn't (BIP-125 rule 2).
    (more.required === undefined
      ? CoinSelection.select([...coins.confirmed, ...coins.own], { ...request, minFee })
      : undefined)
  const weightOf = (count: number): number => baseWeight + count * inputWeight + changeWeight
  let selection = choose(0n)
  // A replacement pays for its own relay, and more inputs make it larger: until that holds.
  for (let rounds = 0; more.minFee !== undefined && selection !== undefined && rounds < 8; rounds++) {
    const least: bigint = more.minFee(weightOf(selection.coins.length))
    if (selection.fee >= least) break
    selection = choose(least)
  }
  if (selection === undefined) {
    const available = [...coins.confirmed, ...request.required].reduce((sum, { amount }) => sum + amount, 0n)
    throw BitcoinErrors.InsufficientFunds(
      `${from.id} has ${available} sat confirmed, ${target} and a fee at ${feeRate} sat/kvB are needed`,
      { account: from.id, available, target, feeRate },
    )
  }
  const { coins: inputs, fee, change } = selection
  return stepOf(context, {
    kind: more.kind,
    from: from.id,
    maxFee: fee + (target - (outputs[0]?.amount ?? 0n)),
    inputs,
    outputs: change === 0n ? outputs : [...outputs, { amount: change, script: from.script }],
    ...(change === 0n ? {} : { change: outputs.length }),
    attempts: more.attempts ?? [],
  })
}

interface Parts {
  readonly kind: string
  readonly from: AccountId.AccountId
  readonly maxFee: bigint
  readonly inputs: readonly (Psbt.AccountInput | Psbt.LockInput)[]
  readonly outputs: readonly Transaction.Output[]
  readonly lockTime?: number
  readonly change?: number
  readonly attempts: readonly string[]
  readonly validFrom?: Deadline.Deadline
}

export function stepOf(context: Context, parts: Parts): Step {
  const { network } = context
  const { kind, from, maxFee, validFrom, ...draft } = parts
  const [first] = parts.inputs as readonly [Psbt.AccountInput]
  return {
    network: network.id,
    kind,
    from,
    format: Psbt.FORMAT,
    payload: Psbt.build(draft),
    maxFee: { asset: network.native.id, amount: maxFee },
    conflictKey: CoinSelection.outpoint(first),
    ...(validFrom === undefined ? {} : { validFrom }),
  }
}

export function spendable(context: Context, id: unknown, argument: string): Account.Account {
  const account = Account.parse(context.network, id, argument)
  if (account.kind === 'p2wsh')
    throw BitcoinErrors.UnsupportedAccount(`${argument} must be a p2wpkh or p2tr address, got a p2wsh one`, {
      argument,
      received: account.id,
    })
  return account
}

export function assertAmount(amount: unknown, argument: string): asserts amount is bigint {
  Amount.assert(amount, { argument, min: 1n, max: 2_100_000_000_000_000n })
}

export function assertNotDust(context: Context, script: Bytes.Bytes, amount: bigint, what: string): void {
  const least = Account.dust(context.network, script)
  if (amount < least)
    throw BitcoinErrors.DustOutput(`${what} is ${amount} sat, and less than ${least} is dust`, {
      amount,
      least,
    })
}
