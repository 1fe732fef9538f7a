import {
  type AssetId,
  CoreErrors,
  type Intent,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  type Step,
  SwapSeed,
  show,
  type Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { assertPayment, assertRef } from '../../internal/guards.js'
import { judge } from '../../internal/terms.js'
import type * as CosmosTransaction from '../CosmosTransaction.js'
import { CosmosErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { assertContract, type Client, tipOf } from './client.js'
import * as Record from './record.js'
import { accountOf, assertFrom, assertFunds, claim, isFresh, other, step } from './steps.js'

/** Lock terms in the contract's form, for a token that the caller allowed. */
export function contractTerms(client: Client, terms: LockTerms.LockTerms): HtlcStorage.Parameters {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  if (own.kind === 'cw20' && !client.tokens.has(own.asset)) throw notAllowed(client, terms.asset)
  return own
}

/** Judges terms offline. Refusals: `terms`, `token-allowed`; the context names the term and what came. */
export function auditTerms(client: Client, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => contractTerms(client, terms), 'CosmosTokenNotAllowed')
}

/** The lock that terms will have: its id is of the terms alone. */
export function expectLock(client: Client, terms: LockTerms.LockTerms, transaction: string): Lock {
  return {
    ref: HtlcLock.id(contractTerms(client, terms)),
    transaction,
    amount: terms.amount,
    match: 'exact',
  }
}

/** The steps of an intent: one transaction each. */
export async function prepare(
  client: Client,
  intent: Intent,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'lock':
      return lock(client, intent, options)
    case 'claim': {
      const own = contractTerms(client, intent.terms)
      assertRef(HtlcLock.id(own), intent.lock)
      const { secret, terms } = intent
      return claim(
        client,
        intent,
        (from) => HtlcLock.claimMessage(own, secret, from),
        terms.deadline,
        options,
      )
    }
    case 'refund': {
      const own = contractTerms(client, intent.terms)
      assertRef(HtlcLock.id(own), intent.lock)
      const payer = intent.feePayer ?? intent.terms.locker.account
      const message = HtlcLock.refundMessage(own, accountOf(client, payer, 'intent.feePayer'))
      const gas = client.gas.settle
      return step(
        client,
        { kind: 'refund', message, gas, expires: false, validFrom: intent.terms.deadline },
        options,
      )
    }
    case 'collect': {
      const own = contractTerms(client, intent.terms)
      assertRef(HtlcLock.id(own), intent.lock)
      assertPayment(intent)
      const from = accountOf(client, intent.feePayer ?? intent.terms[intent.to].account, 'intent.feePayer')
      const message: CosmosTransaction.Message = {
        kind: 'execute',
        from,
        contract: client.backend.address,
        message: HtlcLock.encodeWithdraw(HtlcLock.id(own)),
        funds: [],
      }
      return step(client, { kind: 'collect', message, gas: undefined, expires: false }, options)
    }
    default:
      return other(client, intent, 'lock, claim, refund or collect', options)
  }
}

async function lock(
  client: Client,
  intent: Intent & { readonly kind: 'lock' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const own = contractTerms(client, intent.terms)
  assertFrom(intent)
  const tip = await tipOf(client, options)
  await assertContract(client, tip.height, options)
  const { value: deadline } = intent.terms.deadline
  if (tip.clock >= deadline)
    throw CosmosErrors.CosmosUnsupportedTerms(
      `terms.deadline must be after the chain's clock ${tip.clock}, got ${deadline}`,
      { argument: 'terms.deadline', received: deadline, clock: tip.clock },
    )
  const { tag, record } = recovery(client, own, intent)
  if (isFresh(options)) await assertFunds(client, own.source, own, own.amount, tip, options)
  const base = own.kind === 'native' ? client.gas.lockNative : client.gas.lockToken
  return step(
    client,
    {
      kind: 'lock',
      message: HtlcLock.lockMessage(own, { record, ...(tag === undefined ? {} : { tag }) }),
      gas: base + client.gas.recordByte * BigInt(record.length),
      expires: false,
      validUntil: intent.terms.deadline,
    },
    options,
    tip,
  )
}

function recovery(
  client: Client,
  own: HtlcStorage.Parameters,
  intent: Intent & { readonly kind: 'lock' },
): { readonly tag?: Uint8Array; readonly record: Uint8Array } {
  if (intent.recovery === undefined) return { record: new Uint8Array(0) }
  SwapSeed.assertNetwork(intent.recovery.seed, client.network.id)
  const id = HtlcStorage.lockId(own)
  let record = Record.seal(intent.recovery, id)
  if (record.length > HtlcLock.MAX_RECORD) {
    // What finds the other leg is enough; the agreement, a ring's above all, is there where it has room.
    const { agreement, ...rest } = intent.recovery.record
    record = Record.seal({ ...intent.recovery, record: rest }, id)
  }
  if (record.length > HtlcLock.MAX_RECORD)
    throw CoreErrors.InvalidBytes(
      `intent.recovery.record takes ${record.length} bytes, the contract at most ${HtlcLock.MAX_RECORD}`,
      { argument: 'intent.recovery.record', received: record.length },
    )
  return { tag: Record.tagOf(intent.recovery.seed, intent.recovery.index ?? 0), record }
}

function notAllowed(client: Client, asset: AssetId.AssetId) {
  return CosmosErrors.CosmosTokenNotAllowed(
    `terms.asset must be one of the adapter's tokens, got ${show(asset)}`,
    {
      argument: 'terms.asset',
      received: asset,
      allowed: [...client.tokens.values()].map((token) => token.id),
    },
  )
}
