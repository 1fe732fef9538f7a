import {
  type AccountId,
  Amount,
  Bytes,
  CoreErrors,
  type Deadline,
  type FeeRates,
  type Intent,
  type PrepareOptions,
  type Signed,
  type Step,
  type Submission,
  show,
} from '@aitbc/core'
import { Scale } from '@aitbc/proofs/substrate'
import { larger } from '../../internal/extremes.js'
import { freeNumber } from '../../internal/numbers.js'
import * as Address from '../Address.js'
import { PolkadotErrors } from '../errors.js'
import * as PolkadotTransaction from '../PolkadotTransaction.js'
import { accountAt, assetAt, assetOf, holding } from './accounts.js'
import { type Client, genesisOf, type Head, tipOf } from './client.js'
import * as Rpc from './rpc.js'

/** A call that is to become a step. */
export interface Call {
  readonly kind: string
  readonly method: Bytes.Bytes
  /** What the fee is asked for instead, where the method tells what the node mustn't know (H18). */
  readonly shown?: Bytes.Bytes
  /** Planck that it may cost besides the fee: what the chain holds back for storage. */
  readonly deposit?: bigint
  readonly validFrom?: Deadline.Deadline
  readonly validUntil?: Deadline.Deadline
}

/** The steps of an intent that needs no contract. */
export async function prepare(
  client: Client,
  intent: Exclude<Intent, { readonly kind: 'lock' | 'claim' | 'refund' | 'collect' }>,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'transfer':
      return transfer(client, intent, options)
    case 'call': {
      const from = fromOf(client, intent.from, 'intent.from')
      if (!(intent.data instanceof Uint8Array))
        throw CoreErrors.InvalidBytes(`intent.data must be a Uint8Array, got ${show(intent.data)}`, {
          argument: 'intent.data',
        })
      Amount.assert(intent.value, { argument: 'intent.value' })
      const to = Address.fromAccountId(intent.to, client.network, 'intent.to')
      if (!Bytes.equal(to, from) || intent.value !== 0n)
        throw CoreErrors.InvalidArgument(
          `intent.to must be intent.from and intent.value 0: the data is a call of the runtime, got ${show(intent.to)}`,
          { argument: 'intent.to', received: intent.to },
        )
      return steps(
        client,
        intent.from,
        [{ kind: 'call', method: runtimeCall(client, intent.data) }],
        await tipOf(client, options),
        options,
      )
    }
    case 'void':
      return [await voided(client, intent.submission, options)]
    default:
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, call or void, got ${show((intent as Intent | undefined)?.kind)}`,
        { argument: 'intent.kind', received: (intent as Intent | undefined)?.kind },
      )
  }
}

/** The same transaction at a higher tip, and with a new life: the nonce makes sure that one of them at most is ever included. */
export async function replace(
  client: Client,
  submission: Submission,
  feeRate: bigint,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  const old = PolkadotTransaction.ofStep(submission?.step)
  assertOwn(client, submission.step)
  return [await again(client, submission.step, { ...old, tip: outbid(client, old, feeRate) }, options)]
}

async function voided(client: Client, submission: Submission, options: PrepareOptions): Promise<Step> {
  const old = PolkadotTransaction.ofStep(submission?.step)
  assertOwn(client, submission.step)
  const rate = options.feeRate ?? (await feeRates(client, options)).fast
  const method = encodeCall(client, 'system', 'remark', ['0x'])
  const { validFrom, validUntil, ...step } = submission.step
  return again(client, { ...step, kind: 'void' }, { ...old, method, tip: outbid(client, old, rate) }, options)
}

function outbid(client: Client, old: PolkadotTransaction.PolkadotTransaction, feeRate: bigint): bigint {
  const tip = assertTip(client, feeRate)
  const least = PolkadotTransaction.bumped(old.tip)
  return assertTip(client, larger(tip, least))
}

async function again(
  client: Client,
  step: Step,
  transaction: PolkadotTransaction.PolkadotTransaction,
  options: PrepareOptions,
): Promise<Step> {
  const tip = await tipOf(client, options)
  const next = {
    ...transaction,
    ...(await lifeOf(client, tip, options)),
    ...(await versionsOf(client, tip, options)),
  }
  // What the step cost besides its tip and its fee stays as it was.
  const before = PolkadotTransaction.ofStep(step.kind === 'void' ? { ...step } : step)
  const maxFee =
    step.kind === 'void'
      ? await maxFeeOf(client, next, undefined, tip, options)
      : step.maxFee.amount - before.tip + next.tip
  const heightLimited = step.validUntil?.clock === 'height'
  return PolkadotTransaction.toStep(next, {
    network: client.network,
    kind: step.kind,
    from: step.from,
    maxFee,
    ...(step.validFrom === undefined ? {} : { validFrom: step.validFrom }),
    ...(step.validUntil === undefined || heightLimited ? {} : { validUntil: step.validUntil }),
  })
}

async function transfer(
  client: Client,
  intent: Intent & { readonly kind: 'transfer' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const from = fromOf(client, intent.from, 'intent.from')
  const to = Address.fromAccountId(intent.to, client.network, 'intent.to')
  Amount.assert(intent.amount, { argument: 'intent.amount', min: 1n })
  const asset = assetOf(intent.asset, client.network, 'intent.asset')
  const tip = await tipOf(client, options)
  const fresh = options.after === undefined || options.after.length === 0
  const payee = await accountAt(client, to, tip.hash, options)
  if (asset === 'native') {
    const { dust } = client.network.fees
    if (!payee.exists && intent.amount < dust)
      throw PolkadotErrors.PolkadotBelowExistentialDeposit(
        `intent.amount must be at least ${dust}, for ${intent.to} does not exist yet, got ${intent.amount}`,
        { argument: 'intent.amount', least: dust, received: intent.amount },
      )
    const method = encodeCall(client, 'balances', 'transferKeepAlive', [Rpc.hex(to), intent.amount])
    const made = await steps(client, intent.from, [{ kind: 'transfer', method }], tip, options)
    if (fresh) await assertFunds(client, intent.from, intent.amount + cost(made), tip, options)
    return made
  }
  const rules = await assetAt(client, asset, tip.hash, options)
  if (rules === undefined)
    throw CoreErrors.InvalidArgument(
      `intent.asset must be an asset of the chain, got ${show(intent.asset)}`,
      {
        argument: 'intent.asset',
        received: intent.asset,
      },
    )
  const held = await holding(client, to, asset, tip.hash, options)
  if (held + intent.amount < rules.minBalance)
    throw PolkadotErrors.PolkadotBelowExistentialDeposit(
      `intent.amount must leave ${intent.to} with at least ${rules.minBalance} of the asset, got ${intent.amount}`,
      { argument: 'intent.amount', least: rules.minBalance - held, received: intent.amount },
    )
  if (held === 0n && !rules.sufficient && !payee.exists)
    throw PolkadotErrors.PolkadotPayeeCannotReceive(
      `${intent.to} does not exist, and ${intent.asset} is not enough to make it exist`,
      { argument: 'intent.to', received: intent.to },
    )
  const own = await holding(client, from, asset, tip.hash, options)
  if (fresh && own < intent.amount + rules.minBalance)
    throw PolkadotErrors.PolkadotInsufficientFunds(
      `${intent.from} must hold ${intent.amount + rules.minBalance} of ${intent.asset}, it holds ${own}`,
      { account: intent.from, asset: intent.asset, needed: intent.amount + rules.minBalance, held: own },
    )
  const method = encodeCall(client, 'assets', 'transferKeepAlive', [asset, Rpc.hex(to), intent.amount])
  const made = await steps(client, intent.from, [{ kind: 'transfer', method }], tip, options)
  if (fresh) await assertFunds(client, intent.from, cost(made), tip, options)
  return made
}

/** `PolkadotInsufficientFunds` (3504): an account must be able to pay and to stay (H27). */
export async function assertFunds(
  client: Client,
  id: AccountId.AccountId,
  planck: bigint,
  tip: Head,
  options: PrepareOptions,
): Promise<void> {
  const { dust } = client.network.fees
  const account = Address.fromAccountId(id, client.network, 'account')
  const { free, frozen } = await accountAt(client, account, tip.hash, options)
  const kept = larger(frozen, dust)
  if (free < planck + kept)
    throw PolkadotErrors.PolkadotInsufficientFunds(
      `${id} must hold ${planck + kept} planck, ${kept} of which it must keep; it holds ${free}`,
      { account: id, needed: planck + kept, kept, held: free },
    )
}

/** Planck that steps can cost in all, besides the amounts themselves. */
export function cost(made: readonly Step[]): bigint {
  return made.reduce((sum, { maxFee }) => sum + maxFee.amount, 0n)
}

/** A call of the runtime, encoded as the runtime describes itself; `UnsupportedCapability` (1301) where it has none such. */
export function encodeCall(
  client: Client,
  pallet: string,
  name: string,
  args: readonly unknown[],
): Bytes.Bytes {
  const make = client.api.tx[pallet]?.[name]
  if (make === undefined)
    throw CoreErrors.UnsupportedCapability(`the runtime has no call ${pallet}.${name}`, { pallet, name })
  return Bytes.copy(make(...args).method.toU8a())
}

/** Gives calls their nonces, their life and their fees. */
export async function steps(
  client: Client,
  account: AccountId.AccountId,
  calls: readonly Call[],
  tip: Head,
  options: PrepareOptions,
): Promise<readonly Step[]> {
  fromOf(client, account, 'account')
  const { address } = Address.ofNetwork(account, client.network.id, 'account')
  const base = {
    address,
    genesisHash: Rpc.unhex(await genesisOf(client, options)),
    ...(await lifeOf(client, tip, options)),
    ...(await versionsOf(client, tip, options)),
    tip: assertTip(client, options.feeRate ?? client.network.fees.minRelay),
  }
  const next = await nextNonce(client, account, calls.length, options)
  const made: Step[] = []
  for (const [index, { kind, method, shown, deposit = 0n, validFrom, validUntil }] of calls.entries()) {
    const transaction = { ...base, method, nonce: next + BigInt(index) }
    const fee = await maxFeeOf(client, transaction, shown, tip, options)
    made.push(
      PolkadotTransaction.toStep(transaction, {
        network: client.network,
        kind,
        from: account,
        maxFee: fee + deposit,
        ...(validFrom === undefined ? {} : { validFrom }),
        ...(validUntil === undefined ? {} : { validUntil }),
      }),
    )
  }
  return made
}

/**
 * Tips for three levels of hurry: a transaction that tips nothing is taken as long as blocks have room, so only `fast` says more: as much
 * again as a small transaction costs.
 */
export async function feeRates(client: Client, options: PrepareOptions = {}): Promise<FeeRates> {
  const tip = await tipOf(client, options)
  const small: PolkadotTransaction.PolkadotTransaction = {
    address: Address.encode({ prefix: client.network.ss58 ?? 42, account: new Uint8Array(32) }),
    genesisHash: Rpc.unhex(await genesisOf(client, options)),
    blockHash: new Uint8Array(32),
    era: { is: 'immortal' },
    method: encodeCall(client, 'system', 'remark', ['0x']),
    nonce: 0n,
    tip: 0n,
    ...(await versionsOf(client, tip, options)),
  }
  const fee = await feeOf(client, small, tip, options)
  const { minRelay } = client.network.fees
  const fast = larger(fee, minRelay)
  return { slow: minRelay, normal: minRelay, fast: fast > client.maxTip ? minRelay : fast }
}

/** The account of an id on the adapter's network, as one that can sign. */
export function fromOf(client: Client, id: AccountId.AccountId, argument: string): Bytes.Bytes32 {
  const account = Address.fromAccountId(id, client.network, argument)
  if (Address.standsForH160(account))
    throw PolkadotErrors.PolkadotAddress(
      `${argument} stands for an address of 20 bytes: no key signs for it`,
      {
        argument,
        received: id,
      },
    )
  return account
}

/** Most that a transaction costs: a quarter more than now, for the price follows the blocks' load, and its tip. */
async function maxFeeOf(
  client: Client,
  transaction: PolkadotTransaction.PolkadotTransaction,
  shown: Bytes.Bytes | undefined,
  tip: Head,
  options: PrepareOptions,
): Promise<bigint> {
  const asked = { ...transaction, tip: 0n, ...(shown === undefined ? {} : { method: shown }) }
  const fee = await feeOf(client, asked, tip, options)
  return (fee * 5n + 3n) / 4n + transaction.tip
}

/** What the runtime charges for a transaction now, its tip left out (`TransactionPaymentApi_query_info`). */
async function feeOf(
  client: Client,
  transaction: PolkadotTransaction.PolkadotTransaction,
  tip: Head,
  options: PrepareOptions,
): Promise<bigint> {
  const raw = PolkadotTransaction.assemble(transaction, new Uint8Array(65))
  const argument = Bytes.concat(raw, Scale.encode(Scale.u32, raw.length))
  const answer = await Rpc.call(client.api, 'TransactionPaymentApi_query_info', argument, tip.hash, options)
  // Weight comes first, in one form or another; then the class, one byte, and the fee.
  const fee = Scale.decode(Scale.uint(128), answer.slice(-16))
  if (answer.length < 17 || !fee.ok) throw Rpc.malformed('state_call', 'what a transaction costs', answer)
  return fee.value
}

/** From which block a transaction lives, and its hash; at the very first there is none yet, so it lives for ever. */
async function lifeOf(
  client: Client,
  tip: Head,
  options: PrepareOptions,
): Promise<Pick<PolkadotTransaction.PolkadotTransaction, 'era' | 'blockHash'>> {
  const { finalized } = tip
  // A life that begins at a final block outlasts reorganisations.
  const from =
    finalized !== undefined && tip.height - finalized.height < client.mortality / 2n ? finalized : tip
  if (from.height > 0n)
    return {
      era: { is: 'mortal', period: client.mortality, at: from.height },
      blockHash: Rpc.unhex(from.hash),
    }
  return { era: { is: 'immortal' }, blockHash: Rpc.unhex(await genesisOf(client, options)) }
}

async function versionsOf(
  client: Client,
  tip: Head,
  options: PrepareOptions,
): Promise<
  Pick<PolkadotTransaction.PolkadotTransaction, 'specVersion' | 'transactionVersion' | 'signedExtensions'>
> {
  const versions = await Rpc.runtimeVersion(client.api, tip.hash, options)
  const known = client.api.runtimeVersion.specVersion.toNumber()
  if (versions.specVersion !== known)
    throw CoreErrors.RpcDisagreement(
      `the runtime is of version ${versions.specVersion}, the connection still describes ${known}`,
      { method: 'state_getRuntimeVersion', expected: known, received: versions.specVersion },
    )
  const signedExtensions = [...client.api.registry.signedExtensions]
  PolkadotTransaction.assertExtensions(signedExtensions)
  return { ...versions, signedExtensions }
}

async function nextNonce(
  client: Client,
  account: AccountId.AccountId,
  count: number,
  options: PrepareOptions,
): Promise<bigint> {
  const { address } = Address.ofNetwork(account, client.network.id, 'account')
  const next = await Rpc.nextIndex(client.api, address, options)
  const numbers = (all: readonly Signed[] = []) =>
    all.flatMap(({ step }) => (step.from === account ? [PolkadotTransaction.ofStep(step).nonce] : []))
  return freeNumber(next, { before: numbers(options.after), beside: numbers(options.beside) }, count)
}

/** `PolkadotInvalidFeeRate` (3507): what an endpoint or a caller's slip says is no reason to burn the money. */
function assertTip(client: Client, feeRate: bigint): bigint {
  if (typeof feeRate !== 'bigint' || feeRate < 0n || feeRate > client.maxTip)
    throw PolkadotErrors.PolkadotInvalidFeeRate(
      `feeRate must be a bigint from 0 to ${client.maxTip} planck of tip, got ${show(feeRate)}`,
      { argument: 'feeRate', max: client.maxTip, received: feeRate },
    )
  return feeRate
}

/** A call that the caller encoded: whole, and nothing after it. */
function runtimeCall(client: Client, data: Bytes.Bytes): Bytes.Bytes {
  try {
    const call = client.api.registry.createType('Call', data)
    if (Bytes.equal(call.toU8a(), data)) return Bytes.copy(data)
  } catch {
    // Told below, without the bytes.
  }
  throw CoreErrors.InvalidArgument(`intent.data must be a call of the runtime, got ${show(data)}`, {
    argument: 'intent.data',
  })
}

function assertOwn(client: Client, step: Step): void {
  if (step.network !== client.network.id)
    throw CoreErrors.ForeignNetwork(
      `submission.step.network must be ${client.network.id}, got ${show(step.network)}`,
      {
        argument: 'submission.step.network',
        expected: client.network.id,
        received: step.network,
      },
    )
}
