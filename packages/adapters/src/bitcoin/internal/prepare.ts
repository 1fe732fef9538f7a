import {
  type AccountId,
  Amount,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Deadline,
  type FeeRates,
  Hashlock,
  type Intent,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  type Signed,
  type Step,
  type Submission,
  type SwapSeed,
  show,
} from '@aitbc/core'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import * as CoinSelection from '../CoinSelection.js'
import { BitcoinErrors } from '../errors.js'
import { beaconAccount } from '../keys.js'
import * as Weight from '../Weight.js'
import type { Context } from './context.js'
import { nextBeaconIndex } from './locks.js'
import * as Psbt from './psbt.js'
import type { Located } from './reader.js'
import * as Record from './record.js'
import { parseRef } from './ref.js'
import * as Terms from './terms.js'

/** Largest rate that is taken for meant (Bitcoin Core `DEFAULT_MAX_RAW_TX_FEE_RATE`), sat/kvB. */
export const MAX_FEE_RATE = 10_000_000n
/** What a replacement pays for its own relay (Bitcoin Core `DEFAULT_INCREMENTAL_RELAY_FEE`), sat/kvB. */
const INCREMENTAL_RATE = 1000n
const COINBASE_MATURITY = 100n
const TARGETS = { fast: 2, normal: 6, slow: 24 } as const

type Coin = Psbt.AccountInput & CoinSelection.Coin

/** Rates for the next block, the next hour, the next hours; the relay minimum where the endpoint has no estimate. */
export async function feeRates(context: Context, options?: CallOptions): Promise<FeeRates> {
  const { backend, network } = context
  const [slow, normal, fast] = await Promise.all(
    (['slow', 'normal', 'fast'] as const).map(async (level) => {
      const estimate = (await backend.estimate(TARGETS[level], options)) ?? network.fees.minRelay
      const least = max(estimate, network.fees.minRelay)
      return least < MAX_FEE_RATE ? least : MAX_FEE_RATE
    }),
  )
  const first = slow as bigint
  const second = max(first, normal as bigint)
  return { slow: first, normal: second, fast: max(second, fast as bigint) }
}

/** The transactions of an intent. */
export async function prepare(
  context: Context,
  intent: Intent,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'transfer':
      return [await transfer(context, intent, options)]
    case 'lock':
      return [await lock(context, intent, options)]
    case 'claim':
    case 'refund':
      return [await settle(context, intent, options)]
    case 'void':
      return [await replaceBySelf(context, intent.submission, options)]
    case 'call':
      throw CoreErrors.UnsupportedCapability('Bitcoin has no calls', { intent: 'call' })
    default:
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, lock, claim, refund or void, got ${show((intent as Intent)?.kind)}`,
        { argument: 'intent.kind', received: (intent as Intent)?.kind },
      )
  }
}

async function transfer(
  context: Context,
  intent: Extract<Intent, { kind: 'transfer' }>,
  options: PrepareOptions,
): Promise<Step> {
  const { network } = context
  const from = spendable(context, intent.from, 'intent.from')
  const to = Account.parse(network, intent.to, 'intent.to')
  Terms.assertNative(network, intent.asset, 'intent.asset')
  assertAmount(intent.amount, 'intent.amount')
  assertNotDust(context, to.script, intent.amount, 'intent.amount')
  return spend(context, from, [{ amount: intent.amount, script: to.script }], options, { kind: 'transfer' })
}

async function lock(
  context: Context,
  intent: Extract<Intent, { kind: 'lock' }>,
  options: PrepareOptions,
): Promise<Step> {
  const { network } = context
  const { terms, htlc } = Terms.check(network, intent.terms)
  const from = spendable(context, intent.from ?? terms.locker.account, 'intent.from')
  const outputs: Transaction.Output[] = [{ amount: terms.amount, script: htlc.scriptPubKey }]
  if (intent.recovery !== undefined) {
    const { seed } = intent.recovery
    outputs.push({ amount: 0n, script: Record.write(network, terms, intent.recovery) })
    // A fresh address each time: one that is used again would show which swaps are one owner's (H15).
    const index = intent.recovery.index ?? (await nextBeaconIndex(context, seed, options))
    outputs.push({ amount: network.fees.dust, script: beaconAccount(network, seed, index).script })
  }
  return spend(context, from, outputs, options, { kind: 'lock' })
}

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
async function settle(
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

function settlement(
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

/** Spends coins of an account: outputs, and change to itself. */
async function spend(
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
async function replaceBySelf(
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

/** Coins of an account that may be spent: confirmed and mature ones, and the account's own unconfirmed change. */
async function coinsOf(
  context: Context,
  account: Account.Account,
  options: PrepareOptions,
): Promise<{ readonly confirmed: readonly Coin[]; readonly own: readonly Coin[] }> {
  const { reader } = context
  const used = new Set<string>()
  const ahead: Coin[] = []
  for (const signed of [...(options.beside ?? []), ...(options.after ?? [])]) {
    const { transaction } = decodeSigned(signed)
    for (const input of transaction.inputs) used.add(`${Hash256.toDisplay(input.txid)}:${input.index}`)
    // What others that share the account make may never be there.
    if (options.beside?.includes(signed)) continue
    transaction.outputs.forEach(({ amount, script }, index) => {
      if (signed.step.from === account.id && Bytes.equal(script, account.script))
        ahead.push({ txid: signed.id, index, amount, script, previous: signed.raw })
    })
  }
  const [tip, found] = await Promise.all([reader.tip(options), reader.unspent(account.script, options)])
  const confirmed: Coin[] = []
  const own: Coin[] = ahead.filter((coin) => !used.has(CoinSelection.outpoint(coin)))
  for (const { txid, index, amount, located } of found) {
    const coin: Coin = {
      txid,
      index,
      amount,
      script: account.script,
      // Version 1 programs sign all amounts; version 0 ones need the whole transaction to be sure.
      ...(account.kind === 'p2wpkh' ? { previous: located.raw } : {}),
    }
    if (used.has(CoinSelection.outpoint(coin)) || own.some((one) => one.txid === txid && one.index === index))
      continue
    if (located.at === 'mempool') {
      if (await isOwn(context, located, account, options)) own.push(coin)
    } else if (
      !Transaction.isCoinbase(located.transaction) ||
      tip.height - located.at.height + 1n >= COINBASE_MATURITY
    )
      confirmed.push(coin)
  }
  return { confirmed, own }
}

/** Whether all that an unconfirmed transaction spends is the account's: then nobody else can take it back. */
async function isOwn(
  context: Context,
  located: Located,
  account: Account.Account,
  options: CallOptions,
): Promise<boolean> {
  for (const input of located.transaction.inputs) {
    const previous = await context.reader.transaction(Hash256.toDisplay(input.txid), options)
    const output = previous?.transaction.outputs[input.index]
    if (output === undefined || !Bytes.equal(output.script, account.script)) return false
  }
  return true
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

function stepOf(context: Context, parts: Parts): Step {
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

/** Reads the transaction of a signed step; `InvalidStep` (3113) where the bytes are another's. */
export function decodeSigned(signed: Signed): { readonly transaction: Transaction.Transaction } {
  const decoded = signed?.raw instanceof Uint8Array ? Transaction.decode(signed.raw) : { ok: false as const }
  if (!decoded.ok || Hash256.toDisplay(Transaction.txid(decoded.value)) !== signed.id)
    throw BitcoinErrors.InvalidStep(`signed.raw must be the transaction ${show(signed?.id)}`, {
      argument: 'signed.raw',
      received: show(signed?.raw),
    })
  return { transaction: decoded.value }
}

/** The lock that the last of these signed steps makes: output 0. */
export function expected(
  context: Context,
  terms: LockTerms.LockTerms,
  signed: readonly Signed[],
): { readonly id: string; readonly amount: bigint } {
  const { htlc } = Terms.check(context.network, terms)
  const last = signed.at(-1)
  if (last === undefined)
    throw CoreErrors.InvalidArgument('signed must hold the lock step', {
      argument: 'signed',
      received: 0,
    })
  const output = decodeSigned(last).transaction.outputs[0]
  if (output === undefined || !Bytes.equal(output.script, htlc.scriptPubKey))
    throw BitcoinErrors.InvalidStep(`${last.id} makes no lock of these terms`, {
      argument: 'signed',
      received: last.id,
    })
  return { id: last.id, amount: output.amount }
}

function spendable(context: Context, id: unknown, argument: string): Account.Account {
  const account = Account.parse(context.network, id, argument)
  if (account.kind === 'p2wsh')
    throw BitcoinErrors.UnsupportedAccount(`${argument} must be a p2wpkh or p2tr address, got a p2wsh one`, {
      argument,
      received: account.id,
    })
  return account
}

async function rateOf(context: Context, options: PrepareOptions): Promise<bigint> {
  if (options.feeRate === undefined) return (await feeRates(context, options)).normal
  assertRate(context, options.feeRate)
  return options.feeRate
}

function assertRate(context: Context, feeRate: unknown): asserts feeRate is bigint {
  const { minRelay } = context.network.fees
  if (typeof feeRate !== 'bigint' || feeRate < minRelay || feeRate > MAX_FEE_RATE)
    throw BitcoinErrors.InvalidFeeRate(
      `feeRate must be a bigint from ${minRelay} to ${MAX_FEE_RATE} sat/kvB, got ${show(feeRate)}`,
      { argument: 'feeRate', received: feeRate },
    )
}

function assertAmount(amount: unknown, argument: string): asserts amount is bigint {
  Amount.assert(amount, { argument, min: 1n, max: 2_100_000_000_000_000n })
}

function assertNotDust(context: Context, script: Bytes.Bytes, amount: bigint, what: string): void {
  const least = Account.dust(context.network, script)
  if (amount < least)
    throw BitcoinErrors.DustOutput(`${what} is ${amount} sat, and less than ${least} is dust`, {
      amount,
      least,
    })
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
