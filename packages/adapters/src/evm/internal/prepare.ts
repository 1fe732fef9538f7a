import {
  type AccountId,
  Amount,
  CoreErrors,
  type Deadline,
  type Intent,
  isAitbcError,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  type Signed,
  type Step,
  type Submission,
  SwapSeed,
  show,
  type Verdict,
} from '@aitbc/core'
import { type Address, concatHex, type Hex, hexToBytes, pad, toHex, zeroAddress } from 'viem'
import { larger, smaller } from '../../internal/extremes.js'
import { assertNetwork, assertPayment, assertRef, assertSecret, foreign } from '../../internal/guards.js'
import { freeNumber } from '../../internal/numbers.js'
import { judge } from '../../internal/terms.js'
import * as EvmRpc from '../EvmRpc.js'
import * as EvmTransaction from '../EvmTransaction.js'
import { EvmErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { assertCode, type Client, rpc, tipOf } from './client.js'
import * as fees from './fees.js'
import * as Record from './record.js'

/** Selectors of ERC-20; arguments and answers are words. */
const ERC20 = {
  approve: '0x095ea7b3',
  transfer: '0xa9059cbb',
  allowance: '0xdd62ed3e',
  balanceOf: '0x70a08231',
} as const

/** A call that is to become a step. */
interface Call {
  readonly kind: string
  readonly to: Address
  readonly value: bigint
  readonly data: Hex
  readonly gas: bigint
  /** The next step of the same account waits for this one: its price must not be what holds both up. */
  readonly first?: true
  readonly validFrom?: Deadline.Deadline
  readonly validUntil?: Deadline.Deadline
}

/** Lock terms in the contract's form, for a token that the caller allowed. */
export function contractTerms(client: Client, terms: LockTerms.LockTerms): HtlcLock.ContractTerms {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  if (own.token !== zeroAddress && !client.tokens.has(own.token))
    throw EvmErrors.EvmTokenNotAllowed(
      `terms.asset must be one of the adapter's tokens, got ${show(terms.asset)}`,
      {
        argument: 'terms.asset',
        received: terms.asset,
        allowed: [...client.tokens.values()].map((token) => token.id),
      },
    )
  if (own.token === zeroAddress) assertQuantum(client, terms.amount, 'terms.amount')
  return own
}

/** `EvmUnsupportedTerms` (3201) for an amount of the native coin that the chain's own ledger has no number for: nothing is rounded. */
function assertQuantum({ quantum }: Client, amount: bigint, argument: string): void {
  if (amount % quantum !== 0n)
    throw EvmErrors.EvmUnsupportedTerms(`${argument} must be a multiple of ${quantum} wei, got ${amount}`, {
      argument,
      expected: quantum,
      received: amount,
    })
}

/** Judges terms offline. Refusals: `terms`, `token-allowed`; the context names the term and what came. */
export function auditTerms(client: Client, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => contractTerms(client, terms), 'EvmTokenNotAllowed')
}

/** The lock that terms will have: its id is of the terms alone. */
export function expectLock(client: Client, terms: LockTerms.LockTerms, transaction: string): Lock {
  const ref = HtlcLock.id(contractTerms(client, terms), client.backend)
  return { ref, transaction, amount: terms.amount, match: 'exact' }
}

/** The steps of an intent. */
export async function prepare(
  client: Client,
  intent: Intent,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'transfer':
      return transfer(client, intent, options)
    case 'call': {
      const to = accountOf(client, intent.to, 'intent.to')
      if (!(intent.data instanceof Uint8Array))
        throw CoreErrors.InvalidBytes(`intent.data must be a Uint8Array, got ${show(intent.data)}`, {
          argument: 'intent.data',
        })
      Amount.assert(intent.value, { argument: 'intent.value' })
      const from = accountOf(client, intent.from, 'intent.from')
      const data = toHex(intent.data)
      const gas = await estimate(client, { from, to, value: intent.value, data }, options)
      return steps(client, intent.from, [{ kind: 'call', to, value: intent.value, data, gas }], options)
    }
    case 'void':
      return [await voided(client, intent.submission, options)]
    case 'lock':
      return lock(client, intent, options)
    case 'claim': {
      const terms = contractTerms(client, intent.terms)
      assertRef(HtlcLock.id(terms, client.backend), intent.lock)
      assertSecret(intent)
      // Nothing of this call goes to the node but nonce and fees: whoever simulates a claim learns the secret (H18).
      const call: Call = {
        kind: 'claim',
        to: client.backend.address,
        value: 0n,
        data: HtlcLock.encodeClaim(terms, intent.secret),
        gas: client.gas.settle,
        validUntil: intent.terms.deadline,
      }
      return steps(client, intent.feePayer ?? intent.terms.beneficiary.account, [call], options)
    }
    case 'refund': {
      const terms = contractTerms(client, intent.terms)
      assertRef(HtlcLock.id(terms, client.backend), intent.lock)
      const call: Call = {
        kind: 'refund',
        to: client.backend.address,
        value: 0n,
        data: HtlcLock.encodeRefund(terms),
        gas: client.gas.settle,
        validFrom: intent.terms.deadline,
      }
      return steps(client, intent.feePayer ?? intent.terms.locker.account, [call], options)
    }
    case 'collect': {
      const terms = contractTerms(client, intent.terms)
      assertRef(HtlcLock.id(terms, client.backend), intent.lock)
      assertPayment(intent)
      const payer = intent.feePayer ?? intent.terms[intent.to].account
      const from = accountOf(client, payer, 'intent.feePayer')
      const data = HtlcLock.encodeWithdraw(terms.token, terms[intent.to])
      const call = { to: client.backend.address, value: 0n, data }
      // A receiver that refuses, or a token that is paused, is found out here, and costs nothing.
      const gas = await estimate(client, { from, ...call }, options)
      return steps(client, payer, [{ kind: 'collect', ...call, gas }], options)
    }
    default:
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, call, void, lock, claim, refund or collect, got ${show((intent as Intent | undefined)?.kind)}`,
        { argument: 'intent.kind', received: (intent as Intent | undefined)?.kind },
      )
  }
}

/** The same transaction at a higher fee: at least an eighth more, as nodes want it of a replacement. */
export async function replace(
  client: Client,
  submission: Submission,
  feeRate: bigint,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  const { from, ...old } = EvmTransaction.ofStep(submission?.step)
  return [restep(client, submission.step, { ...old, ...(await outbid(client, old, feeRate, options)) })]
}

async function voided(client: Client, submission: Submission, options: PrepareOptions): Promise<Step> {
  const { from, ...old } = EvmTransaction.ofStep(submission?.step)
  const market = await fees.market(client, options)
  const gas = client.gas.void
  const rate = options.feeRate ?? smaller(fees.rates(client, market).fast, fees.bound(client, gas))
  const price = await outbid(client, { ...old, gas }, rate, options)
  const { validFrom, validUntil, ...step } = submission.step
  return restep(
    client,
    { ...step, kind: 'void' },
    {
      chainId: old.chainId,
      nonce: old.nonce,
      to: from,
      value: 0n,
      data: '0x',
      ...{ gas, ...price },
    },
  )
}

async function outbid(
  client: Client,
  old: EvmTransaction.EvmTransaction,
  feeRate: bigint,
  options: PrepareOptions,
): Promise<{ readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }> {
  const fresh = fees.split(client, feeRate, await fees.market(client, options), old.gas)
  const tip = larger(fresh.maxPriorityFeePerGas, EvmTransaction.bumped(old.maxPriorityFeePerGas))
  const fee = larger(fresh.maxFeePerGas, EvmTransaction.bumped(old.maxFeePerGas))
  return { maxFeePerGas: fees.assertBounded(client, larger(fee, tip), old.gas), maxPriorityFeePerGas: tip }
}

function restep(client: Client, step: Step, transaction: EvmTransaction.EvmTransaction): Step {
  assertNetwork(step.network, client.network.id, 'submission.step.network')
  return EvmTransaction.toStep(transaction, { ...step, feeAsset: client.network.native.id })
}

async function transfer(
  client: Client,
  intent: Intent & { readonly kind: 'transfer' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const from = accountOf(client, intent.from, 'intent.from')
  const to = accountOf(client, intent.to, 'intent.to')
  Amount.assert(intent.amount, { argument: 'intent.amount', min: 1n })
  const token = HtlcLock.tokenOf(intent.asset, client.network, 'intent.asset')
  if (token === zeroAddress) assertQuantum(client, intent.amount, 'intent.amount')
  const call =
    token === zeroAddress
      ? { to, value: intent.amount, data: '0x' as Hex }
      : {
          to: token,
          value: 0n,
          data: erc20('transfer', to, intent.amount),
        }
  if (options.after === undefined || options.after.length === 0)
    await assertFunds(client, intent.from, token, intent.amount, 0n, options)
  const gas = await estimate(client, { from, ...call }, options)
  return steps(client, intent.from, [{ kind: 'transfer', ...call, gas }], options)
}

async function lock(
  client: Client,
  intent: Intent & { readonly kind: 'lock' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const terms = contractTerms(client, intent.terms)
  const locker = intent.terms.locker.account
  if (intent.from !== undefined && intent.from !== locker)
    throw EvmErrors.EvmUnsupportedTerms(
      `intent.from must be the locker ${locker}, got ${show(intent.from)}`,
      {
        argument: 'intent.from',
        expected: locker,
        received: intent.from,
      },
    )
  const tip = await tipOf(client, options)
  await assertCode(client, tip.hash, options)
  if (tip.clock >= terms.deadline)
    throw EvmErrors.EvmUnsupportedTerms(
      `terms.deadline must be after the chain's clock ${tip.clock}, got ${terms.deadline}`,
      {
        argument: 'terms.deadline',
        received: terms.deadline,
        clock: tip.clock,
      },
    )
  const { tag, record, whole } = recovery(client, terms, intent)
  const length = record.length + (whole?.length ?? 0)
  const native = terms.token === zeroAddress
  const call: Call = {
    kind: 'lock',
    to: client.backend.address,
    value: native ? terms.amount : 0n,
    data: HtlcLock.encodeLock(terms, tag, record, whole),
    gas: (native ? client.gas.lockNative : client.gas.lockToken) + client.gas.recordByte * BigInt(length),
    validUntil: intent.terms.deadline,
  }
  const fresh = options.after === undefined || options.after.length === 0
  if (fresh) await assertFunds(client, locker, terms.token, terms.amount, 0n, options)
  const approvals = native ? [] : await approve(client, terms, tip.hash, options)
  return steps(client, locker, [...approvals, call], options)
}

/** An allowance that most tokens don't count down. */
const UNLIMITED = 2n ** 256n - 1n

/**
 * The approvals that a lock needs: none where the allowance suffices, and no other lock of the account that is under way takes it, else
 * exactly the amount, and first zero where something else stands there (tokens that guard against the approve race want it so).
 */
async function approve(
  client: Client,
  terms: HtlcLock.ContractTerms,
  blockHash: Hex,
  options: PrepareOptions,
): Promise<readonly Call[]> {
  const spender = client.backend.address
  const data = erc20('allowance', terms.locker, spender)
  const answer = await EvmRpc.read(client.transport, terms.token, data, blockHash, rpc(options))
  const allowance = word('allowance', answer)
  if (allowance >= terms.amount && (allowance === UNLIMITED || (await isIdle(client, terms.locker, options))))
    return []
  const approval = (amount: bigint): Call => ({
    kind: 'approve',
    to: terms.token,
    value: 0n,
    data: erc20('approve', spender, amount),
    gas: client.gas.approve,
    first: true,
  })
  return allowance === 0n ? [approval(terms.amount)] : [approval(0n), approval(terms.amount)]
}

function recovery(
  client: Client,
  terms: HtlcLock.ContractTerms,
  intent: Intent & { readonly kind: 'lock' },
): { readonly tag: Uint8Array; readonly record: Uint8Array; readonly whole?: Uint8Array } {
  if (intent.recovery === undefined) return { tag: new Uint8Array(32), record: new Uint8Array(0) }
  SwapSeed.assertNetwork(intent.recovery.seed, client.network.id)
  const id = hexToBytes(HtlcLock.id(terms, client.backend))
  const whole = Record.seal(intent.recovery, id)
  let record = whole
  if (record.length > client.maxRecord && intent.recovery.record?.agreement !== undefined) {
    // The event has what finds the other leg where locks can be listed; the call itself has room for the agreement.
    const { agreement, ...rest } = intent.recovery.record
    record = Record.seal({ ...intent.recovery, record: rest }, id)
  }
  if (record.length > client.maxRecord)
    throw CoreErrors.InvalidBytes(
      `intent.recovery.record takes ${record.length} bytes, at most ${client.maxRecord} are kept`,
      { argument: 'intent.recovery.record', received: record.length },
    )
  const tag = Record.tagOf(intent.recovery.seed, intent.recovery.index ?? 0)
  return { tag, record, ...(record === whole ? {} : { whole }) }
}

/** What an account holds of a token or of the native coin, base units, in a block. */
export async function holding(
  client: Client,
  account: Address,
  token: Address,
  blockHash: Hex,
  options?: PrepareOptions,
): Promise<bigint> {
  if (token === zeroAddress) return EvmRpc.balance(client.transport, account, blockHash, rpc(options))
  const data = erc20('balanceOf', account)
  return word('balanceOf', await EvmRpc.read(client.transport, token, data, blockHash, rpc(options)))
}

async function assertFunds(
  client: Client,
  account: AccountId.AccountId,
  token: Address,
  amount: bigint,
  fee: bigint,
  options: PrepareOptions,
): Promise<void> {
  const tip = await tipOf(client, options)
  const held = await holding(client, accountOf(client, account, 'account'), token, tip.hash, options)
  if (held < amount + fee)
    throw EvmErrors.EvmInsufficientFunds(
      `${account} must hold ${amount + fee} of the asset, it holds ${held}`,
      {
        account,
        token,
        needed: amount + fee,
        held,
      },
    )
}

async function estimate(
  client: Client,
  call: { readonly from: Address; readonly to: Address; readonly value: bigint; readonly data: Hex },
  options: PrepareOptions,
): Promise<bigint> {
  if (call.data === '0x' && call.value === 0n && call.to === call.from) return client.gas.void
  try {
    // A quarter more than now: state may differ when it is included; what isn't used isn't paid.
    return ((await EvmRpc.estimateGas(client.transport, call, rpc(options))) * 5n) / 4n
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected')) throw error
    throw EvmErrors.EvmWouldRevert(
      `the call to ${call.to} would fail now: ${String(error.context['message'])}`,
      {
        to: call.to,
        ...error.context,
      },
    )
  }
}

/** Gives calls their nonces and fees. */
async function steps(
  client: Client,
  account: AccountId.AccountId,
  calls: readonly Call[],
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const from = accountOf(client, account, 'account')
  const next = await nextNonce(client, from, calls.length, options)
  const market = await fees.market(client, options)
  const rate = options.feeRate ?? fees.rates(client, market).normal
  return calls.map(({ kind, to, value, data, gas, first, validFrom, validUntil }, i) => {
    const price = fees.split(client, rate, market, gas)
    const eager = { ...price, maxFeePerGas: smaller(2n * rate, fees.bound(client, gas)) }
    return EvmTransaction.toStep(
      { chainId: client.chainId, nonce: next + BigInt(i), to, value, data, gas, ...(first ? eager : price) },
      {
        network: client.network.id,
        kind,
        from: `${client.network.id}:${from}`,
        feeAsset: client.network.native.id,
        ...(validFrom === undefined ? {} : { validFrom }),
        ...(validUntil === undefined ? {} : { validUntil }),
      },
    )
  })
}

/** Nothing of an account waits, or was signed to be sent. */
async function isIdle(client: Client, from: Address, options: PrepareOptions): Promise<boolean> {
  if (options.beside?.length) return false
  const next = (when: 'pending' | 'latest') => EvmRpc.nonce(client.transport, from, when, rpc(options))
  return (await next('pending')) <= (await next('latest'))
}

async function nextNonce(
  client: Client,
  from: Address,
  count: number,
  options: PrepareOptions,
): Promise<bigint> {
  await tipOf(client, options)
  const next = await EvmRpc.nonce(client.transport, from, 'pending', rpc(options))
  const numbers = (all: readonly Signed[] = []) =>
    all.flatMap(({ step }) => {
      const earlier = EvmTransaction.ofStep(step)
      return earlier.from === from && earlier.chainId === client.chainId ? [earlier.nonce] : []
    })
  return freeNumber(next, { before: numbers(options.after), beside: numbers(options.beside) }, count)
}

/** The address of an account on the adapter's network; `ForeignNetwork` (1016). */
export function accountOf(client: Client, account: AccountId.AccountId, argument: string): Address {
  try {
    return HtlcLock.addressOf(account, client.network.id, argument)
  } catch (error) {
    if (isAitbcError(error, 'EvmWrongChain')) throw foreign(argument, client.network.id, account)
    throw error
  }
}

function word(functionName: 'allowance' | 'balanceOf', data: Hex): bigint {
  if (data.length < 66) throw EvmRpc.malformed('eth_call', `a number from ${functionName}`, data)
  return BigInt(data.slice(0, 66))
}

function erc20(name: keyof typeof ERC20, ...args: readonly (Address | bigint)[]): Hex {
  const words = args.map((it) => (typeof it === 'bigint' ? toHex(it, { size: 32 }) : pad(it)))
  return concatHex([ERC20[name], ...words]).toLowerCase() as Hex
}
