import {
  Amount,
  type Bytes,
  type CallOptions,
  CoreErrors,
  type Deadline,
  Hashlock,
  type Intent,
  type LockTerms,
  type PrepareOptions,
  type Step,
  SwapSeed,
  show,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import * as Address from '../Address.js'
import { PolkadotErrors } from '../errors.js'
import * as HubLock from '../HubLock.js'
import { type Client, type Head, tipOf } from './client.js'
import { assertCode, assertLock, type Hub, originalOf, statusAt } from './hub.js'
import { assertFunds, type Call, cost, encodeCall, fromOf, steps } from './prepare.js'
import * as Record from './record.js'
import * as Rpc from './rpc.js'

/** An intent for the contract of an adapter. */
type HubIntent = Extract<Intent, { readonly kind: 'lock' | 'claim' | 'refund' | 'collect' }>

/** Whether an intent is for the contract of an adapter. */
export function isOfLock(intent: Intent): intent is HubIntent {
  return ['lock', 'claim', 'refund', 'collect'].includes(intent?.kind)
}

/** The steps of an intent for the contract: the account is made known to contracts first, where it isn't (`mapAccount`). */
export async function prepareLock(
  client: Client,
  hub: Hub,
  intent: Exclude<HubIntent, { readonly kind: 'collect' }>,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  const { terms } = intent
  const parameters = HubLock.parameters(terms, hub)
  const tip = await tipOf(client, options)
  const [locker, beneficiary] = [terms.locker.account, terms.beneficiary.account]
  switch (intent.kind) {
    case 'lock': {
      if (intent.from !== undefined && intent.from !== locker)
        throw PolkadotErrors.PolkadotUnsupportedTerms(
          `intent.from must be the locker ${locker}, got ${show(intent.from)}`,
          { argument: 'intent.from', expected: locker, received: intent.from },
        )
      await assertCode(client, hub, tip.hash, options)
      if (tip.clock >= parameters.deadline)
        throw PolkadotErrors.PolkadotUnsupportedTerms(
          `terms.deadline must be after the chain's clock ${tip.clock}, got ${parameters.deadline}`,
          { argument: 'terms.deadline', received: parameters.deadline, clock: tip.clock },
        )
      const { tag, record, whole } = recoveryOf(client, hub, parameters, intent)
      const data = HubLock.encodeLock(parameters, tag, record, whole)
      const made = await calls(
        client,
        hub,
        locker,
        [
          contractCall(client, hub, 'lock', terms.amount, data, {
            validUntil: terms.deadline,
          }),
        ],
        tip,
        options,
      )
      if (options.after === undefined || options.after.length === 0)
        await assertFunds(client, locker, terms.amount + cost(made), tip, options)
      return made
    }
    case 'claim': {
      assertLock(parameters, intent.lock)
      if (!Hashlock.opens(intent.secret, terms.hashlock))
        throw CoreErrors.InvalidSecret("intent.secret must open the terms' hashlock", {
          argument: 'intent.secret',
        })
      const payer = intent.feePayer ?? beneficiary
      if (payer !== beneficiary) await assertMapped(client, beneficiary, parameters.beneficiary, tip, options)
      // The fee is asked for a call of the same size with another secret: whoever simulates a claim learns it (H18).
      const data = HubLock.encodeClaim(parameters, intent.secret)
      const blank = HubLock.encodeClaim(parameters, new Uint8Array(32).fill(0xff))
      const call = contractCall(client, hub, 'claim', 0n, data, { validUntil: terms.deadline })
      const { method: shown } = contractCall(client, hub, 'claim', 0n, blank, {})
      return calls(client, hub, payer, [{ ...call, shown }], tip, options)
    }
    default: {
      assertLock(parameters, intent.lock)
      const payer = intent.feePayer ?? locker
      if (payer !== locker) await assertRefundable(client, hub, terms, parameters, tip, options)
      const call = contractCall(client, hub, 'refund', 0n, HubLock.encodeRefund(parameters), {
        validFrom: terms.deadline,
      })
      return calls(client, hub, payer, [call], tip, options)
    }
  }
}

/** The steps of a call of any contract (`to` is `0x` and 20 bytes); undefined where `to` is no contract's address. */
export async function prepareCall(
  client: Client,
  hub: Hub,
  intent: Intent & { readonly kind: 'call' },
  options: PrepareOptions = {},
): Promise<readonly Step[] | undefined> {
  const { address } = Address.ofNetwork(intent.to, client.network.id, 'intent.to')
  if (!/^0x[0-9a-f]{40}$/.test(address)) return undefined
  if (!(intent.data instanceof Uint8Array))
    throw CoreErrors.InvalidBytes(`intent.data must be a Uint8Array, got ${show(intent.data)}`, {
      argument: 'intent.data',
    })
  Amount.assert(intent.value, { argument: 'intent.value' })
  const tip = await tipOf(client, options)
  const to = { ...hub, backend: { ...hub.backend, address } }
  return calls(
    client,
    hub,
    intent.from,
    [contractCall(client, to, 'call', intent.value, intent.data, {})],
    tip,
    options,
  )
}

/**
 * `PolkadotPayeeCannotReceive` (3506) where a contract would pay an account that nobody ever reaches: an unmapped payee's, in a runtime that
 * doesn't let its owner act for it. Elsewhere what comes there is a due: better than a claim that a tower may not send in time.
 */
export async function assertMapped(
  client: Client,
  id: `${string}:${string}:${string}`,
  h160: Bytes.Bytes,
  tip: Head,
  options?: CallOptions,
): Promise<void> {
  if (client.api.tx['revive']?.['mapAccount'] === undefined || isReachable(client)) return
  // An account that stands for an address, such as a contract's, is what contracts pay there.
  if (Address.standsForH160(Address.fromAccountId(id, client.network, 'account'))) return
  if ((await originalOf(client, h160, tip, options)) === undefined)
    throw PolkadotErrors.PolkadotPayeeCannotReceive(
      `${id} must map its account first: unmapped, the contract would pay an account that no key signs for`,
      { argument: 'intent.feePayer', account: id },
    )
}

/** Whether the runtime lets the owner of an account act for the one that stands for its address while it isn't mapped. */
export function isReachable(client: Client): boolean {
  return client.api.tx['revive']?.['dispatchAsFallbackAccount'] !== undefined
}

/**
 * A locker maps its account before it locks, so one that isn't mapped is wrong only once its lock is there: what a refund will cost is asked
 * for before.
 */
async function assertRefundable(
  client: Client,
  hub: Hub,
  { locker }: LockTerms.LockTerms,
  parameters: HtlcStorage.Parameters,
  tip: Head,
  options?: CallOptions,
): Promise<void> {
  const status = await statusAt(client, hub, parameters, tip.hash, options)
  if (status.ok && status.value === 'locked')
    await assertMapped(client, locker.account, parameters.locker, tip, options)
}

/** The steps of calls of one account, mapped first where it must be. */
export async function calls(
  client: Client,
  hub: Hub,
  account: `${string}:${string}:${string}`,
  own: readonly Call[],
  tip: Head,
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const h160 = Address.toH160(fromOf(client, account, 'account'))
  const mappable = client.api.tx['revive']?.['mapAccount'] !== undefined
  const mapped =
    !mappable ||
    (await originalOf(client, h160, tip, options)) !== undefined ||
    (options.after ?? []).some(({ step }) => step.kind === 'map-account' && step.from === account)
  const map: Call = {
    kind: 'map-account',
    method: mapped ? new Uint8Array(0) : encodeCall(client, 'revive', 'mapAccount', []),
    deposit: hub.limits.storageDeposit,
  }
  return steps(client, account, mapped ? own : [map, ...own], tip, options)
}

export function contractCall(
  client: Client,
  hub: Hub,
  kind: string,
  planck: bigint,
  data: Bytes.Bytes,
  limits: { readonly validFrom?: Deadline.Deadline; readonly validUntil?: Deadline.Deadline },
): Call {
  const { refTime, proofSize, storageDeposit } = hub.limits
  const method = encodeCall(client, 'revive', 'call', [
    hub.backend.address,
    planck,
    { refTime, proofSize },
    storageDeposit,
    Rpc.hex(data),
  ])
  return { kind, method, deposit: storageDeposit, ...limits }
}

function recoveryOf(
  client: Client,
  { limits }: Hub,
  parameters: HtlcStorage.Parameters,
  { recovery }: Intent & { readonly kind: 'lock' },
): { readonly tag: Bytes.Bytes; readonly record: Bytes.Bytes; readonly whole?: Bytes.Bytes } {
  if (recovery === undefined) return { tag: new Uint8Array(32), record: new Uint8Array(0) }
  SwapSeed.assertNetwork(recovery.seed, client.network.id)
  const { index = 0 } = recovery
  if (!Number.isInteger(index) || index < 0 || index >= Record.MAX_TAGS)
    throw CoreErrors.InvalidArgument(
      `intent.recovery.index must be below ${Record.MAX_TAGS}, got ${show(index)}`,
      {
        argument: 'intent.recovery.index',
        received: index,
      },
    )
  const id = HtlcStorage.lockId(parameters)
  const whole = Record.seal(recovery, id)
  let record = whole
  if (record.length > limits.record && recovery.record?.agreement !== undefined) {
    // The event has what finds the other leg where locks can be listed; the call itself has room for the agreement.
    const { agreement, ...rest } = recovery.record
    record = Record.seal({ ...recovery, record: rest }, id)
  }
  if (record.length > limits.record)
    throw CoreErrors.InvalidBytes(
      `intent.recovery.record takes ${record.length} bytes, the chain keeps at most ${limits.record}`,
      { argument: 'intent.recovery.record', received: record.length },
    )
  return { tag: Record.tagOf(recovery.seed, index), record, ...(record === whole ? {} : { whole }) }
}
