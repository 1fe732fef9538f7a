import {
  AccountId,
  Amount,
  Bytes,
  CoreErrors,
  type FeeRates,
  Hashlock,
  type Intent,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  RecoveryRecord,
  type Signed,
  type Step,
  type Submission,
  SwapSeed,
  show,
} from '@aitbc/core'
import * as Chain from '../Chain.js'
import * as Ledger from '../Ledger.js'
import { assertNetwork, bodyOf, encode } from '../steps.js'
import { addressIn, assetIn, type Client } from './client.js'
import { assertLock, scriptOf } from './terms.js'

/** Highest rate that a step may have. */
const MOST_RATE = 2n ** 96n

export function rates({ network }: Client, view: Chain.View): FeeRates {
  const slow = larger(view.floor, network.fees.minRelay)
  return { slow, normal: slow + (slow + 3n) / 4n, fast: slow * 2n }
}

function ask(client: Client, what: string, params: readonly unknown[], options: PrepareOptions) {
  return client.endpoint.ask(what, params, options.signal)
}

/** The steps of an intent. What is asked for is balances, numbers and prices: no endpoint learns of a secret. */
export async function prepare(
  client: Client,
  intent: Intent,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  assertRate(client, options.feeRate)
  const { family, network } = client
  switch (intent?.kind) {
    case 'transfer': {
      const from = addressIn(client, intent.from, 'intent.from')
      const to = addressIn(client, intent.to, 'intent.to')
      Amount.assert(intent.amount, { argument: 'intent.amount', min: 1n })
      const asset = assetIn(client, intent.asset, 'intent.asset')
      const view = await ask(client, 'prepare transfer', [from], options)
      const does = { is: 'transfer', to, asset, amount: intent.amount } as const
      return [build(client, view, from, does, options, { kind: 'transfer' })]
    }
    case 'lock':
      return lock(client, intent, options)
    case 'claim':
    case 'refund': {
      const script = scriptOf(client, intent.terms)
      assertLock(client, script, intent.lock)
      if (intent.kind === 'claim' && !Hashlock.opens(intent.secret, intent.terms.hashlock))
        throw CoreErrors.InvalidSecret("intent.secret must open the terms' hashlock", {
          argument: 'intent.secret',
        })
      const { deadline, beneficiary, locker } = intent.terms
      const own = (intent.kind === 'claim' ? beneficiary : locker).account
      if (intent.feePayer !== undefined && family.profile.feesFrom === 'lock')
        throw CoreErrors.UnsupportedCapability(`a lock on ${network.id} pays for itself`, {
          argument: 'intent.feePayer',
        })
      const from = addressIn(client, intent.feePayer ?? own, 'intent.feePayer')
      const view = await ask(client, `prepare ${intent.kind}`, [from], options)
      const base = { ref: intent.lock.ref, key: script.key }
      const does =
        intent.kind === 'claim'
          ? ({ is: 'claim', ...base, secret: Bytes.toHex(intent.secret) } as const)
          : ({ is: 'refund', ...base } as const)
      const when =
        intent.kind === 'refund'
          ? { validFrom: deadline }
          : family.profile.lateClaims
            ? {}
            : { validUntil: deadline }
      return [build(client, view, from, does, options, { kind: intent.kind, lock: intent.lock, ...when })]
    }
    case 'void':
      return voided(client, intent.submission, options)
    case 'collect':
    case 'call':
      throw CoreErrors.UnsupportedCapability(`a world has no ${intent.kind}`, { argument: 'intent.kind' })
    default: {
      const kind = (intent as Intent | undefined)?.kind
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, void, lock, claim or refund, got ${show(kind)}`,
        { argument: 'intent.kind', received: kind },
      )
    }
  }
}

/** A claim without its secret, to be signed now and made whole later. */
export async function arm(
  client: Client,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  assertRate(client, options.feeRate)
  const script = scriptOf(client, terms)
  assertLock(client, script, lock)
  const from = addressIn(client, terms.beneficiary.account, 'terms.beneficiary.account')
  const view = await ask(client, 'prepare claim', [from], options)
  const { ref } = lock
  const secret = '0'.repeat(64)
  const does = { is: 'claim', ref, key: script.key, secret, hashlock: script.hashlock } as const
  return [build(client, view, from, does, options, { kind: 'claim', lock })]
}

/** The claim that an armed one becomes with its secret. */
export function complete({ family, network }: Client, armed: Signed, secret: Bytes.Bytes): Signed {
  assertNetwork(armed?.step?.network, network.id, 'armed.step.network')
  const body = bodyOf(family, armed.step, 'armed.step')
  const { does } = body
  const text = secret instanceof Uint8Array ? Bytes.toHex(secret) : ''
  if (does.is !== 'claim' || !Ledger.opens(text, does.hashlock ?? ''))
    throw CoreErrors.InvalidSecret("secret must open the armed claim's hashlock", { argument: 'secret' })
  const payload = encode({ ...body, does: { ...does, secret: text } })
  const seal = armed.raw.subarray(armed.step.payload.length)
  return { step: { ...armed.step, payload }, id: armed.id, raw: Bytes.concat(payload, seal) }
}

async function lock(
  client: Client,
  intent: Intent & { readonly kind: 'lock' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const { family } = client
  const { terms, recovery } = intent
  const script = scriptOf(client, terms)
  const from = addressIn(client, intent.from ?? terms.locker.account, 'intent.from')
  if (family.kind === 'accounts' && from !== script.locker)
    throw family.errors.terms(`intent.from must be the locker ${script.locker}, got ${from}`, {
      argument: 'intent.from',
      received: from,
    })
  const view = await ask(client, 'prepare lock', [from], options)
  const { clock } = Chain.tip(view)
  if (!family.profile.lateLocks && clock >= script.deadline)
    throw family.errors.terms(`terms.deadline must be after the chain's clock ${clock}`, {
      argument: 'terms.deadline',
      received: script.deadline,
    })
  const note = recovery === undefined ? {} : { note: noteOf(client, script, recovery) }
  const does = { is: 'lock', script, amount: terms.amount, ...note } as const
  const until = family.profile.lateLocks ? {} : { validUntil: terms.deadline }
  return [build(client, view, from, does, options, { kind: 'lock', ...until })]
}

/** Notes by all that they are made of: whoever locks again after a crash writes the same one. */
const notes = new Map<string, Ledger.Note>()
const MOST_NOTES = 8192

function noteOf(
  client: Client,
  script: Ledger.Script,
  recovery: NonNullable<Extract<Intent, { kind: 'lock' }>['recovery']>,
): Ledger.Note {
  const { seed, nonce } = recovery
  SwapSeed.assertNetwork(seed, client.network.id)
  const { agreement, ...rest } = recovery.record
  // A script's record has room for what finds the other leg, and for no more.
  const record = agreement === undefined || client.family.kind === 'coins' ? rest : recovery.record
  const bytes = RecoveryRecord.encode(record)
  const name = [seed.network, ...[seed.key, nonce, bytes].map(Bytes.toHex), script.key].join()
  const known = notes.get(name)
  if (known !== undefined) return known
  const context = Bytes.fromHex(script.key.replace(/^0x/, '').toLowerCase())
  const note: Ledger.Note = {
    tag: Bytes.toHex(SwapSeed.derive(seed, 'tag')),
    nonce: Bytes.toHex(nonce),
    sealed: Bytes.toHex(RecoveryRecord.seal(seed, nonce, bytes, { context })),
  }
  if (notes.size >= MOST_NOTES) notes.clear()
  notes.set(name, note)
  return note
}

interface Plan {
  readonly kind: string
  readonly lock?: Lock
  readonly validFrom?: LockTerms.LockTerms['deadline']
  readonly validUntil?: LockTerms.LockTerms['deadline']
}

function build(
  client: Client,
  view: Chain.View,
  from: string,
  does: Ledger.Does,
  options: PrepareOptions,
  plan: Plan,
): Step {
  const { family, network } = client
  const rate = options.feeRate ?? rates(client, view).normal
  const size = family.size(does)
  const fee = family.feeOf(rate, size)
  const base = { network: network.id, from, rate, size, fee, does }
  if (family.kind === 'coins') {
    if (does.is === 'claim' || does.is === 'refund') {
      const ahead = (options.after?.length ?? 0) > 0
      const price = ahead ? { rate, fee } : outbidding(client, view, does.ref, size, { rate, fee })
      assertAbove(client, (plan.lock as Lock).amount - price.fee)
      const from = plan.validFrom === undefined ? {} : { validFrom: plan.validFrom.value }
      return stepOf(client, { ...base, ...price, slots: [does.ref], ...from }, plan)
    }
    const { slots, sum } = select(client, view, from, amountOf(does) + fee, options)
    return stepOf(client, { ...base, slots, change: sum - amountOf(does) - fee }, plan)
  }
  const { ledger } = Chain.tip(view)
  if (options.after === undefined || options.after.length === 0) assertFunds(client, ledger, from, does, fee)
  // A refund made beforehand must not die before its time, where transactions need not.
  const dies = family.lifetime !== undefined && (!family.counted || does.is !== 'refund')
  const lastHeight = dies ? { lastHeight: Chain.tip(view).height + (family.lifetime as bigint) } : {}
  if (!family.counted)
    return stepOf(client, { ...base, slots: [conflictOf(client, does, view)], ...lastHeight }, plan)
  const nonce = nextNonce(client, view, from, [...(options.after ?? []), ...(options.beside ?? [])])
  return stepOf(client, { ...base, slots: [`${from}/${nonce}`], nonce, ...lastHeight }, plan)
}

interface Price {
  readonly rate: bigint
  readonly fee: bigint
}

/** What spends the lock in the mempool already is outbid, with whatever hangs on it: nothing else saves what is right (H5, H6). */
function outbidding(client: Client, view: Chain.View, slot: string, size: bigint, price: Price): Price {
  const rivals = view.mempool.filter(({ tx }) => tx.slots.includes(slot))
  if (rivals.length === 0) return price
  const evicted = rivals.reduce(
    (sum, { tx }) => Chain.descendants(view, tx.id).reduce((all, { fee }) => all + fee, sum + tx.fee),
    0n,
  )
  const least = evicted + (client.network.fees.minRelay * size) / 1000n + 1n
  if (price.fee >= least) return price
  return { fee: least, rate: larger(price.rate, (least * 1000n) / size) }
}

/** Where accounts don't count: what two transactions of which one counts have in common; a transfer has nothing. */
function conflictOf({ network }: Client, does: Ledger.Does, view: Chain.View): string {
  if (does.is === 'lock') return `lock/${does.script.key}`
  if (does.is === 'claim' || does.is === 'refund') return `settle/${does.key}`
  return `${network.id}/${Chain.tip(view).hash}/${does.is === 'transfer' ? `${does.to}/${does.amount}` : ''}`
}

function amountOf(does: Ledger.Does): bigint {
  return does.is === 'transfer' || does.is === 'lock' ? does.amount : 0n
}

function assertFunds(
  client: Client,
  ledger: Ledger.Ledger,
  from: string,
  does: Ledger.Does,
  fee: bigint,
): void {
  if (does.is !== 'transfer' && does.is !== 'lock') return
  const asset = does.is === 'lock' ? does.script.asset : does.asset
  const native = fee + (asset === '' ? does.amount : 0n)
  const token = asset === '' ? 0n : does.amount
  const holds = Ledger.balance(ledger, 'accounts', from)
  const holdsToken = Ledger.balance(ledger, 'accounts', from, asset)
  if (holds < native || holdsToken < token)
    throw client.family.errors.funds(
      `${from} must hold ${native} and ${token} of the asset, it holds ${holds}`,
      {
        account: from,
        needed: native,
        held: holds,
      },
    )
}

/** Coins for an amount, the greatest first; own change that waits counts, what waits to be spent doesn't. */
function select(
  client: Client,
  view: Chain.View,
  from: string,
  amount: bigint,
  { after = [], beside = [] }: PrepareOptions,
): { readonly slots: readonly string[]; readonly sum: bigint } {
  const earlier = after.map(({ step, id }) => ({ ...bodyOf(client.family, step), id }))
  const waiting = [...view.mempool.map(({ tx }) => tx), ...earlier]
  const others = beside.map(({ step }) => bodyOf(client.family, step))
  const spent = new Set([...waiting, ...others].flatMap((tx) => tx.slots))
  const coins = [...Chain.tip(view).ledger.coins].flatMap(([slot, coin]) =>
    coin.address === from ? [{ slot, amount: coin.amount }] : [],
  )
  for (const tx of waiting)
    if (tx.from === from && (tx.change ?? 0n) > 0n)
      coins.push({ slot: `${tx.id}:1`, amount: tx.change as bigint })
  const free = coins
    .filter(({ slot }) => !spent.has(slot))
    .sort((a, b) => (a.amount === b.amount ? (a.slot < b.slot ? -1 : 1) : a.amount < b.amount ? 1 : -1))
  const slots: string[] = []
  let sum = 0n
  for (const coin of free) {
    if (sum >= amount) break
    slots.push(coin.slot)
    sum += coin.amount
  }
  if (sum < amount)
    throw client.family.errors.funds(`${from} must have coins of ${amount}, it has ${sum}`, {
      account: from,
      needed: amount,
      held: sum,
    })
  return { slots, sum }
}

function nextNonce(client: Client, view: Chain.View, from: string, after: readonly Signed[]): number {
  let next = Chain.tip(view).ledger.nonces.get(from) ?? 0
  const taken = new Set<number>()
  for (const { tx } of view.mempool) if (tx.from === from && tx.nonce !== undefined) taken.add(tx.nonce)
  for (const { step } of after) {
    const body = bodyOf(client.family, step)
    if (body.from === from && body.nonce !== undefined) taken.add(body.nonce)
  }
  while (taken.has(next)) next++
  return next
}

function stepOf({ network, family }: Client, body: Ledger.Body, plan: Plan): Step {
  const { validFrom } = plan
  const validUntil =
    body.lastHeight === undefined
      ? plan.validUntil
      : { network: network.id, clock: 'height' as const, value: body.lastHeight }
  return {
    network: network.id,
    kind: plan.kind,
    from: AccountId.canonical(`${network.id}:${body.from}`),
    format: family.format,
    payload: encode(body),
    maxFee: { asset: network.native.id, amount: body.fee },
    conflictKey: body.slots[0] as string,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}

function restep(step: Step, body: Ledger.Body, kind = step.kind): Step {
  const { validUntil, ...rest } = step
  const until =
    validUntil === undefined
      ? {}
      : { validUntil: body.lastHeight === undefined ? validUntil : { ...validUntil, value: body.lastHeight } }
  return {
    ...rest,
    ...(kind === 'void' ? {} : until),
    kind,
    payload: encode(body),
    maxFee: { ...step.maxFee, amount: body.fee },
    conflictKey: body.slots[0] as string,
  }
}

/** The same intent at a higher rate, under the same conflict key. */
export async function replace(
  client: Client,
  submission: Submission,
  feeRate: bigint,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  assertRate(client, feeRate)
  const { family } = client
  const old = bodyOf(family, submission.step, 'submission.step')
  const view = await ask(client, 'replace', [submission.id], options)
  const least = family.outbid(old.rate)
  const rate = larger(feeRate, least)
  if (family.contest === 'none' && !/^(lock|settle)\//.test(old.slots[0] as string) && !isOver(view, old))
    throw family.errors.refusal('outbid', `${submission.id} may still be included, and both would count`, {
      id: submission.id,
    })
  const wanted = { rate, fee: dearer(client, old, family.feeOf(rate, old.size)) }
  const price =
    family.kind === 'coins' ? outbidding(client, view, old.slots[0] as string, old.size, wanted) : wanted
  const { fee } = price
  const change =
    family.kind === 'coins' && old.change !== undefined ? old.change - (fee - old.fee) : undefined
  if (change !== undefined && change < 0n)
    throw family.errors.funds(`${submission.id} has a change of ${old.change}, which pays no fee of ${fee}`, {
      needed: fee,
    })
  if (family.kind === 'coins' && change === undefined) assertAbove(client, lockedIn(view, old) - fee)
  const anew = family.lifetime !== undefined && old.lastHeight !== undefined
  const lastHeight = anew ? { lastHeight: Chain.tip(view).height + (family.lifetime as bigint) } : {}
  return [
    restep(submission.step, {
      ...old,
      ...price,
      ...(change === undefined ? {} : { change }),
      ...lastHeight,
    }),
  ]
}

/** No chain that is built on what is final can include it any more. */
export function isOver(view: Chain.View, { lastHeight }: Ledger.Body): boolean {
  return lastHeight !== undefined && view.finalized > lastHeight
}

function lockedIn(view: Chain.View, { does }: Ledger.Body): bigint {
  const ref = does.is === 'claim' || does.is === 'refund' ? does.ref : ''
  const made = view.mempool.find(({ tx }) => `${tx.id}:0` === ref)?.tx.does
  const waits = made?.is === 'lock' ? made.amount : 0n
  return Chain.tip(view).ledger.locks.get(ref)?.amount ?? waits
}

/** A replacement pays for its own relay on top of what it takes the place of (BIP-125, rule 4). */
function dearer({ network, family }: Client, old: Ledger.Body, fee: bigint): bigint {
  const least = family.kind === 'coins' ? old.fee + (network.fees.minRelay * old.size) / 1000n + 1n : old.fee
  return larger(fee, least)
}

async function voided(
  client: Client,
  submission: Submission,
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const { family } = client
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  const old = bodyOf(family, submission.step, 'submission.step')
  const view = await ask(client, 'prepare void', [submission.id], options)
  // It dies with its blockhash, and nothing can end it sooner.
  if (family.contest === 'none') return []
  const least = family.outbid(old.rate)
  const wanted = options.feeRate ?? rates(client, view).fast
  const rate = larger(wanted, least)
  const does = { is: 'nothing' } as const
  const { validFrom, ...step } = submission.step
  const { change, lastHeight, validFrom: _, ...rest } = old
  if (family.kind === 'accounts') {
    const size = family.size(does)
    return [restep(step, { ...rest, does, rate, size, fee: family.feeOf(rate, size) }, 'void')]
  }
  if (change === undefined)
    throw family.errors.step('submission must not spend a lock', { argument: 'submission' })
  const dear = { rate, fee: dearer(client, old, family.feeOf(rate, old.size)) }
  const price = outbidding(client, view, old.slots[0] as string, old.size, dear)
  const sum = amountOf(old.does) + change + old.fee
  return [restep(step, { ...rest, ...price, does, change: sum - price.fee }, 'void')]
}

function assertAbove({ network, family }: Client, left: bigint): void {
  if (left < network.fees.dust)
    throw family.errors.funds(
      `after the fee ${left} would be left, the network relays ${network.fees.dust}`,
      {
        argument: 'options.feeRate',
        left,
      },
    )
}

function assertRate({ family }: Client, rate: bigint | undefined): void {
  if (rate === undefined) return
  if (typeof rate !== 'bigint' || rate < 0n || rate > MOST_RATE)
    throw family.errors.rate(`feeRate must be from 0 to 2^96, got ${show(rate)}`, {
      argument: 'options.feeRate',
      received: rate,
    })
}

function larger(a: bigint, b: bigint): bigint {
  return a < b ? b : a
}
