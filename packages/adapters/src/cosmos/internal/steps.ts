import {
  type AccountId,
  Amount,
  CoreErrors,
  type Deadline,
  type Intent,
  isAitbcError,
  type PrepareOptions,
  type Signed,
  type Step,
  type Submission,
  show,
} from '@aitbc/core'
import type { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { BinaryReader, BinaryWriter } from 'cosmjs-types/binary'
import { assertSecret } from '../../internal/guards.js'
import { freeNumber } from '../../internal/numbers.js'
import * as CosmosRpc from '../CosmosRpc.js'
import * as CosmosTransaction from '../CosmosTransaction.js'
import { CosmosErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { accountAt, coins, type Known, tokens } from './accounts.js'
import { type Base, type Head, rpc, tipOf } from './client.js'
import * as fees from './fees.js'
import { sequencesOf } from './pending.js'

const SIMULATE = '/cosmos.tx.v1beta1.Service/Simulate'

/** A message that is to become a step. */
export interface Call {
  readonly kind: string
  readonly message: CosmosTransaction.Message
  /** Simulated where there is none. */
  readonly gas: bigint | undefined
  /** Whether it may only be included in time: by the adapter's own limit, or by this height. */
  readonly expires: boolean
  readonly timeoutHeight?: bigint
  readonly validFrom?: Deadline.Deadline
  readonly validUntil?: Deadline.Deadline
}

/** The steps of what has nothing to do with locks; refuses what `known`, the kinds of an adapter in words, doesn't name. */
export async function other(
  client: Base,
  intent: Intent,
  known: string,
  options: PrepareOptions,
): Promise<readonly Step[]> {
  switch (intent?.kind) {
    case 'transfer':
      return transfer(client, intent, options)
    case 'call':
      return call(client, intent, options)
    case 'void':
      return [await voided(client, intent.submission, options)]
    default:
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, call, void, ${known}, got ${show(intent?.kind)}`,
        { argument: 'intent.kind', received: intent?.kind },
      )
  }
}

/** The step of a claim. Nothing of its message goes to the node but who sends it: whoever simulates a claim learns the secret (H18). */
export function claim(
  client: Base,
  intent: Intent & { readonly kind: 'claim' },
  messageOf: (from: string) => CosmosTransaction.Message,
  validUntil: Deadline.Deadline,
  options: PrepareOptions,
): Promise<readonly Step[]> {
  assertSecret(intent)
  const payer = intent.feePayer ?? intent.terms.beneficiary.account
  const message = messageOf(accountOf(client, payer, 'intent.feePayer'))
  const gas = client.gas.settle
  return step(client, { kind: 'claim', message, gas, expires: false, validUntil }, options)
}

/** Who pays into a lock is its locker; `CosmosUnsupportedTerms` (3401). */
export function assertFrom({ from, terms }: Intent & { readonly kind: 'lock' }): void {
  const locker = terms.locker.account
  if (from !== undefined && from !== locker)
    throw CosmosErrors.CosmosUnsupportedTerms(`intent.from must be the locker ${locker}, got ${show(from)}`, {
      argument: 'intent.from',
      expected: locker,
      received: from,
    })
}

/** The same transaction with the same sequence at a higher fee. Most nodes take it only once they have dropped the one before. */
export async function replace(
  client: Base,
  submission: Submission,
  feeRate: bigint,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  const old = ownStep(client, submission)
  const tip = await tipOf(client, options)
  const fee = outbid(client, old, old.gas, fees.assertRate(client, feeRate))
  const timeoutHeight = timeoutOf(client, old.timeoutHeight !== 0n, tip)
  return [restep(client, submission.step, { ...old, timeoutHeight, fee: { ...old.fee, amount: fee } })]
}

async function voided(client: Base, submission: Submission, options: PrepareOptions): Promise<Step> {
  const old = ownStep(client, submission)
  const tip = await tipOf(client, options)
  const feeRate = options.feeRate ?? (await fees.rates(client, tip.height, options)).fast
  const { from } = old.message
  const gas = client.gas.transfer
  const { validFrom, validUntil, ...rest } = submission.step
  return restep(
    client,
    { ...rest, kind: 'void' },
    {
      ...old,
      message: { kind: 'send', from, to: from, amount: { denom: client.denom, amount: 1n } },
      timeoutHeight: 0n,
      gas,
      fee: {
        denom: client.denom,
        amount: outbid(client, old, gas, fees.assertRate(client, feeRate)),
      },
    },
  )
}

/** A fee at the rate, and at least an eighth more for each unit of gas than what is to be replaced pays. */
export function outbid(
  client: Base,
  old: CosmosTransaction.CosmosTransaction,
  gas: bigint,
  feeRate: bigint,
): bigint {
  const most = fees.feeOf(gas, client.maxFeeRate)
  const wanted = fees.feeOf(gas, feeRate)
  const least = (old.fee.amount * gas * 9n) / (old.gas * 8n) + 1n
  const fee = wanted > least ? wanted : least
  if (fee > most)
    throw CosmosErrors.CosmosFeeRateTooHigh(
      `the replacement must pay at least ${fee}, more than maxFeeRate allows (${most})`,
      { argument: 'feeRate', max: client.maxFeeRate, received: fee },
    )
  return fee
}

export function ownStep(client: Base, submission: Submission): CosmosTransaction.CosmosTransaction {
  const transaction = CosmosTransaction.ofStep(submission?.step)
  if (submission.step.network !== client.network.id)
    throw foreign('submission.step.network', client, submission.step.network)
  return transaction
}

export function restep(client: Base, step: Step, transaction: CosmosTransaction.CosmosTransaction): Step {
  // An old timeout height isn't the new one's.
  const { validUntil, ...rest } = step
  const until = validUntil?.clock === 'height' ? undefined : validUntil
  return CosmosTransaction.toStep(transaction, {
    ...rest,
    feeAsset: client.network.native.id,
    ...(until === undefined ? {} : { validUntil: until }),
  })
}

async function transfer(
  client: Base,
  intent: Intent & { readonly kind: 'transfer' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const from = accountOf(client, intent.from, 'intent.from')
  const to = accountOf(client, intent.to, 'intent.to')
  Amount.assert(intent.amount, { argument: 'intent.amount', min: 1n })
  const held = HtlcLock.holdingOf(intent.asset, client.network, 'intent.asset')
  const message: CosmosTransaction.Message =
    held.kind === 'native'
      ? { kind: 'send', from, to, amount: { denom: held.asset, amount: intent.amount } }
      : {
          kind: 'execute',
          from,
          contract: held.asset,
          message: utf8({ transfer: { recipient: to, amount: String(intent.amount) } }),
          funds: [],
        }
  const tip = await tipOf(client, options)
  if (isFresh(options)) await assertFunds(client, from, held, intent.amount, tip, options)
  return step(client, { kind: 'transfer', message, gas: undefined, expires: true }, options, tip)
}

async function call(
  client: Base,
  intent: Intent & { readonly kind: 'call' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const from = accountOf(client, intent.from, 'intent.from')
  const contract = accountOf(client, intent.to, 'intent.to')
  Amount.assert(intent.value, { argument: 'intent.value' })
  if (!(intent.data instanceof Uint8Array) || !isObject(intent.data))
    throw CoreErrors.InvalidBytes(`intent.data must be a JSON object in UTF-8, got ${show(intent.data)}`, {
      argument: 'intent.data',
    })
  const funds = intent.value === 0n ? [] : [{ denom: client.denom, amount: intent.value }]
  const message: CosmosTransaction.Message = {
    kind: 'execute',
    from,
    contract,
    message: intent.data,
    funds,
  }
  return step(client, { kind: 'call', message, gas: undefined, expires: true }, options)
}

/** What an account holds of a coin or token after a block. */
export function holding(
  client: Base,
  address: string,
  held: Pick<HtlcStorage.Parameters, 'kind' | 'asset'>,
  height: bigint,
  options?: PrepareOptions,
): Promise<bigint> {
  return held.kind === 'native'
    ? coins(client, address, held.asset, height, options)
    : tokens(client, address, held.asset, height, options)
}

export async function assertFunds(
  client: Base,
  address: string,
  held: Pick<HtlcStorage.Parameters, 'kind' | 'asset'>,
  needed: bigint,
  tip: Head,
  options: PrepareOptions,
): Promise<void> {
  const has = await holding(client, address, held, tip.height, options)
  if (has < needed)
    throw CosmosErrors.CosmosInsufficientFunds(
      `${address} must hold ${needed} of ${held.asset}, it holds ${has}`,
      { account: address, asset: held.asset, needed, held: has },
    )
}

/** Gives a message its sequence, gas and fee. */
export async function step(
  client: Base,
  { kind, message, gas, expires, timeoutHeight, validFrom, validUntil }: Call,
  options: PrepareOptions,
  known?: Head,
): Promise<readonly Step[]> {
  const tip = known ?? (await tipOf(client, options))
  const feeRate =
    options.feeRate === undefined
      ? (await fees.rates(client, tip.height, options)).normal
      : fees.assertRate(client, options.feeRate)
  const account = await nextSequence(client, message.from, tip, options)
  const draft: CosmosTransaction.CosmosTransaction = {
    chainId: client.chainId,
    ...account,
    message,
    timeoutHeight: timeoutHeight ?? timeoutOf(client, expires, tip),
    gas: gas ?? client.gas.transfer,
    fee: { denom: client.denom, amount: 0n },
  }
  const limit = gas ?? (await simulate(client, draft, tip, options))
  const fee = { denom: client.denom, amount: fees.feeOf(limit, feeRate) }
  return [
    CosmosTransaction.toStep(
      { ...draft, gas: limit, fee },
      {
        network: client.network.id,
        kind,
        feeAsset: client.network.native.id,
        ...(validFrom === undefined ? {} : { validFrom }),
        ...(validUntil === undefined ? {} : { validUntil }),
      },
    ),
  ]
}

function timeoutOf(client: Base, expires: boolean, tip: Head): bigint {
  return expires && client.timeoutBlocks !== 0n ? tip.height + client.timeoutBlocks : 0n
}

/**
 * Gas that a transaction takes now, and 40 % more: state may differ when it is included. Never given a secret. Where the node has no
 * such service or an earlier transaction is still to come, the fixed limit of a transfer.
 */
async function simulate(
  client: Base,
  draft: CosmosTransaction.CosmosTransaction,
  tip: Head,
  options: PrepareOptions,
): Promise<bigint> {
  // Behind what nobody has sent yet every simulation fails.
  if (!isFresh(options) || options.beside?.length) return client.gas.transfer
  const request = BinaryWriter.create().uint32(18).bytes(CosmosTransaction.unsigned(draft)).finish()
  let answer: Uint8Array
  try {
    answer = await CosmosRpc.query(client.transport, SIMULATE, request, tip.height, rpc(options))
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected')) throw error
    const words = CosmosRpc.said(error)
    if (/^unknown (?:query path|service)|not implemented/i.test(words)) return client.gas.transfer
    throw CosmosErrors.CosmosWouldFail(`the ${draft.message.kind} would fail now: ${words}`, {
      ...error.context,
    })
  }
  const used = gasUsed(answer)
  if (used === undefined || used > MAX_GAS)
    throw CosmosRpc.malformed('abci_query', `gas from 1 to ${MAX_GAS}`, CosmosRpc.upperHex(answer))
  return (used * 7n) / 5n
}

/** No block of any chain takes more. */
const MAX_GAS = 10_000_000_000n

/** `gas_info.gas_used` of a `SimulateResponse`; `undefined` for what is none. */
function gasUsed(answer: Uint8Array): bigint | undefined {
  try {
    const outer = new BinaryReader(answer)
    if (outer.uint32() !== GAS_INFO) return undefined
    const inner = new BinaryReader(outer.bytes())
    while (inner.pos < inner.len) {
      const tag = inner.uint32()
      if (tag === GAS_USED) return inner.uint64() || undefined
      inner.skipType(tag & 7)
    }
    return undefined
  } catch {
    return undefined
  }
}

/** Tags: a field's number, and how it is written (2: bytes behind their length, 0: a varint). */
const [GAS_INFO, GAS_USED] = [(1 << 3) | 2, (2 << 3) | 0]

async function nextSequence(client: Base, from: string, tip: Head, options: PrepareOptions): Promise<Known> {
  const known = await accountAt(client, from, tip.height, options)
  const earlier = (all: readonly Signed[] = []) =>
    all
      .map(({ step }) => CosmosTransaction.ofStep(step))
      .filter(({ message, chainId }) => message.from === from && chainId === client.chainId)
  const [before, beside] = [earlier(options.after), earlier(options.beside)]
  const account = known ?? before[0] ?? beside[0]
  if (account === undefined)
    throw CosmosErrors.CosmosUnknownAccount(`${from} is no account of ${client.network.id} yet`, {
      account: from,
    })
  // The account's state doesn't count what waits, and the mempool takes no second transaction of one sequence.
  const waiting = await sequencesOf(client, from, options)
  const sequence = freeNumber(account.sequence, {
    before: before.map((one) => one.sequence),
    beside: [...beside.map((one) => one.sequence), ...waiting],
  })
  return { accountNumber: account.accountNumber, sequence }
}

export function isFresh(options: PrepareOptions): boolean {
  return options.after === undefined || options.after.length === 0
}

/** The address of an account on the adapter's network; `ForeignNetwork` (1016), `InvalidAccountId` (1002). */
export function accountOf(client: Base, account: AccountId.AccountId, argument: string): string {
  return CosmosTransaction.accountAddress(account, client.network, argument)
}

function foreign(argument: string, client: Base, received: unknown) {
  return CoreErrors.ForeignNetwork(`${argument} must be on ${client.network.id}, got ${show(received)}`, {
    argument,
    expected: client.network.id,
    received,
  })
}

function isObject(data: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function utf8(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
