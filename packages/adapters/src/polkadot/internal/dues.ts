import {
  type AccountId,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Due,
  type Fact,
  type Intent,
  type LockSide,
  type LockTerms,
  type PrepareOptions,
  type Step,
  show,
} from '@aitbc/core'
import { StorageKey } from '@aitbc/proofs/substrate'
import * as Address from '../Address.js'
import { PolkadotErrors } from '../errors.js'
import * as HubLock from '../HubLock.js'
import * as HubUnits from '../HubUnits.js'
import { accountAt } from './accounts.js'
import { assertMapped, calls, contractCall, isReachable } from './calls.js'
import { atTip, type Client, type Head, hashOf, ref, tipOf, told } from './client.js'
import { decode, type Registry } from './codec.js'
import { type DispatchError, failureOf } from './events.js'
import { assertCode, assertLock, type Hub, type HubLimits, originalOf, statusAt, wordAt } from './hub.js'
import { type Call, encodeCall, fromOf, steps } from './prepare.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/**
 * What a party is owed, as of what is final: by account and not by lock, so what another lock owes it is paid out with it. Besides what the
 * contract couldn't pay that is what was paid while the party's account wasn't mapped. `PolkadotNotProvable` (3514) where the lock isn't settled yet.
 */
export async function dues(
  client: Client,
  hub: Hub,
  terms: LockTerms.LockTerms,
  to: LockSide,
  options?: CallOptions,
): Promise<Fact.Fact<readonly Due[]>> {
  const parameters = HubLock.parameters(terms, hub)
  return atTip(client, options, async (tip) => {
    const at = tip.finalized ?? ref(tip)
    const hash = hashOf(at)
    const credit = await creditAt(client, hub, parameters[to], hash, options)
    const status = await statusAt(client, hub, parameters, hash, options)
    // Whoever asks knows that it is settled: a node that doesn't is behind, and that nothing is owed would be the end of it.
    if (!status.ok || status.value === 'none' || status.value === 'locked')
      throw PolkadotErrors.PolkadotNotProvable(`the lock isn't shown to be settled in block ${at.height}`)
    const amount = credit + (await strandedAt(client, terms[to].account, hash, options))
    const owed: readonly Due[] = amount === 0n ? [] : [{ kind: 'payment', asset: terms.asset, amount }]
    return told(client, owed, at, tip)
  })
}

/** The steps that fetch what a party is owed: anyone may withdraw for it; what went to an account without a key is for its owner alone. */
export async function prepareCollect(
  client: Client,
  hub: Hub,
  intent: Intent & { readonly kind: 'collect' },
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  const { terms, due, to } = intent
  const parameters = HubLock.parameters(terms, hub)
  const tip = await tipOf(client, options)
  assertLock(parameters, intent.lock)
  if (due !== 'payment' || (to !== 'locker' && to !== 'beneficiary'))
    throw CoreErrors.InvalidArgument(`a lock here owes payments alone, got ${show(due)} to ${show(to)}`, {
      argument: 'intent.due',
      received: due,
    })
  const payee = terms[to].account
  const payer = intent.feePayer ?? payee
  const stranded = payer === payee ? await strandedAt(client, payee, tip.hash, options) : 0n
  const fetch = stranded === 0n ? [] : [fetchStranded(client, payee)]
  if (stranded > 0n && (await creditAt(client, hub, parameters[to], tip.hash, options)) === 0n)
    return steps(client, payee, fetch, tip, options)
  if (payer !== payee) await assertMapped(client, payee, parameters[to], tip, options)
  const data = HubLock.encodeWithdraw(parameters[to])
  // A receiver that refuses is found out here, and costs nothing.
  const limits = await measured(client, hub, payer, data, tip, options)
  const withdraw = contractCall(client, { ...hub, limits }, 'collect', 0n, data, {})
  return calls(client, hub, payer, [...fetch, withdraw], tip, options)
}

/** Planck that the contract owes an account (its 20 bytes). */
async function creditAt(
  client: Client,
  hub: Hub,
  account: Bytes.Bytes,
  at: Hex,
  options?: CallOptions,
): Promise<bigint> {
  const contract = await assertCode(client, hub, at, options)
  const key = StorageKey.contractSlot(HubLock.creditSlot(account))
  const wei = await wordAt(client, contract, key, at, options)
  // Less than a planck is nothing that the chain could pay.
  return wei / HubUnits.ratio(client.network.native.decimals)
}

/**
 * Planck with the account that stands for an account's address. Whoever has seen a claim's secret can send the claim before the beneficiary's
 * `mapAccount` is in a block: then the contract pays there. No key signs for it, but the runtime lets its owner act for it.
 */
async function strandedAt(
  client: Client,
  id: AccountId.AccountId,
  at: Hex,
  options?: CallOptions,
): Promise<bigint> {
  const account = Address.fromAccountId(id, client.network, 'account')
  const fallback = Address.fallback(Address.toH160(account))
  if (!isReachable(client) || Address.standsForH160(account)) return 0n
  const { free, frozen } = await accountAt(client, fallback, at, options)
  return free > frozen ? free - frozen : 0n
}

/** Brings home all that the account which stands for an account's address has. */
function fetchStranded(client: Client, id: AccountId.AccountId): Call {
  const account = Address.fromAccountId(id, client.network, 'account')
  const inner = encodeCall(client, 'balances', 'transferAll', [Rpc.hex(account), false])
  return { kind: 'collect', method: encodeCall(client, 'revive', 'dispatchAsFallbackAccount', [inner]) }
}

/** A call into the runtime, as the runtime describes it. */
interface RuntimeCall {
  readonly params: readonly { readonly type: string }[]
  readonly type: string
}
interface Numeric {
  toBigInt(): bigint
}
interface Weight {
  readonly refTime: Numeric
  readonly proofSize: Numeric
}
/** What a call of a contract would do and take (pallet-revive, `ContractResult`; runtimes name its weight one way or the other). */
interface Outcome {
  readonly gasRequired?: Weight
  readonly weightRequired?: Weight
  readonly storageDeposit: { readonly isCharge: boolean; readonly asCharge: Numeric }
  readonly result: {
    readonly isOk: boolean
    readonly asOk: { readonly flags: { readonly bits: { toNumber(): number } }; readonly data: Value }
    readonly asErr: DispatchError
  }
  toU8a(): Uint8Array
}
interface Value {
  toU8a(isBare?: boolean): Uint8Array
}

const REVERTS = ['PaymentFailed(address,address,uint256)', 'NothingToWithdraw(address,address)']

/**
 * What a call of the contract may take, by the runtime's own dry run (`ReviveApi_call`), so never of a call that carries a secret (H18);
 * `PolkadotWouldRevert` (3515). For an account that isn't mapped yet nothing can be run: the limits of all calls.
 */
async function measured(
  client: Client,
  { backend, limits }: Hub,
  payer: `${string}:${string}:${string}`,
  data: Bytes.Bytes,
  tip: Head,
  options?: CallOptions,
): Promise<HubLimits> {
  const account = fromOf(client, payer, 'intent.feePayer')
  const mappable = client.api.tx['revive']?.['mapAccount'] !== undefined
  if (mappable && (await originalOf(client, Address.toH160(account), tip, options)) === undefined)
    return limits
  const calls = client.api.call as unknown as Record<string, Record<string, { readonly meta: RuntimeCall }>>
  const call = calls['reviveApi']?.['call']?.meta
  const weight = { refTime: limits.refTime, proofSize: limits.proofSize }
  const given = [Rpc.hex(account), backend.address, 0n, weight, limits.storageDeposit, Rpc.hex(data)]
  if (call?.params.length !== given.length)
    throw CoreErrors.UnsupportedCapability('the runtime has no call ReviveApi.call as it is known', {
      pallet: 'ReviveApi',
      name: 'call',
    })
  const { registry } = client.api
  const argument = Bytes.concat(
    ...call.params.map(({ type }, index) => registry.createType(type, given[index]).toU8a()),
  )
  const bytes = await Rpc.call(client.api, 'ReviveApi_call', argument, tip.hash, options)
  const { why, ...taken } = outcomeOf(registry, call.type, bytes)
  if (why !== undefined)
    throw PolkadotErrors.PolkadotWouldRevert(`the contract would refuse the call now: ${why}`, {
      address: backend.address,
      message: why,
    })
  // A quarter more than now, and what a payee that has gone by then needs to exist: what isn't used isn't paid.
  return {
    ...limits,
    refTime: (taken.refTime * 5n) / 4n,
    proofSize: (taken.proofSize * 5n) / 4n,
    storageDeposit: taken.storageDeposit + client.network.fees.dust,
  }
}

/** What a dry run says: what the call takes, and why it would fail. */
function outcomeOf(
  registry: Registry,
  type: string,
  bytes: Bytes.Bytes,
): Omit<HubLimits, 'record'> & { readonly why?: string } {
  const malformed = () => Rpc.malformed('state_call', 'what a call of the contract would do', bytes)
  try {
    const outcome = decode<Outcome>(registry, type, bytes)
    if (!Bytes.equal(outcome.toU8a(), bytes)) throw malformed()
    const { result, storageDeposit, gasRequired, weightRequired = gasRequired } = outcome
    if (weightRequired === undefined) throw malformed()
    const taken = {
      refTime: weightRequired.refTime.toBigInt(),
      proofSize: weightRequired.proofSize.toBigInt(),
      storageDeposit: storageDeposit.isCharge ? storageDeposit.asCharge.toBigInt() : 0n,
    }
    if (!result.isOk) return { ...taken, why: failureOf(result.asErr, registry).error }
    const { flags, data } = result.asOk
    if ((flags.bits.toNumber() & 1) === 0) return taken
    const said = data.toU8a(true)
    const named = REVERTS.find((one) => Bytes.equal(HubLock.selector(one), said.slice(0, 4)))
    return { ...taken, why: named?.replace(/\(.*/, '') ?? `it reverts with ${show(said)}` }
  } catch {
    throw malformed()
  }
}
