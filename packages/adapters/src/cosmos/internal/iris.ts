import {
  AccountId,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  type FoundLock,
  type Intent,
  type Lock,
  LockTerms,
  type PrepareOptions,
  type RecoveredLock,
  type Sighting,
  type Spend,
  type Step,
  type Subject,
  type Submission,
  SwapSeed,
  show,
  type Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { HtlcModule, LockEvidenceForm } from '@aitbc/proofs/irismod'
import { assertRef } from '../../internal/guards.js'
import { indexed } from '../../internal/indexed.js'
import { judge } from '../../internal/terms.js'
import * as CosmosRpc from '../CosmosRpc.js'
import * as CosmosTransaction from '../CosmosTransaction.js'
import { CosmosErrors } from '../errors.js'
import * as IrisHtlc from '../IrisHtlc.js'
import { type Base, blockAt, type Head, ref, rpc, tipOf, told } from './client.js'
import { pendingClaims } from './pending.js'
import type { Prover } from './prove.js'
import * as Record from './record.js'
import * as Recover from './recover.js'
import * as steps from './steps.js'
import type { Look } from './watch.js'

/** What the functions of IRISnet's adapter share. */
export interface IrisClient extends Base {
  /** Blocks that a lock may wait for inclusion; its expiry can be as many less one before its deadline. */
  readonly window: bigint
}

/** The term that a refusal of `IrisHtlc.audit` is about. */
const FIELDS: Readonly<Record<string, string>> = {
  'iris-kind': 'backend.kind',
  'iris-backend': 'backend.address',
  'iris-asset': 'asset',
  'iris-payout': 'locker.payout',
  'iris-account': 'beneficiary.account',
  'iris-deadline': 'deadline',
}

/** Lock terms as the module has them; `CosmosUnsupportedTerms` (3401), `ForeignNetwork` (1016), and what `LockTerms.assert` throws. */
export function irisTerms({ network }: Base, terms: LockTerms.LockTerms): HtlcModule.Parameters {
  LockTerms.assert(terms)
  const { backend } = terms
  if (backend.network !== network.id)
    throw CoreErrors.ForeignNetwork(
      `terms.backend.network must be on ${network.id}, got ${show(backend.network)}`,
      { argument: 'terms.backend.network', expected: network.id, received: backend.network },
    )
  const verdict = IrisHtlc.audit(terms, network)
  if (verdict.ok) return verdict.value
  const { check, message, context } = verdict.refusal
  const { address } = AccountId.parse(terms.locker.account)
  const wrongLocker = check === 'iris-account' && HtlcStorage.addressBytes(address, network) === undefined
  const field = wrongLocker ? 'locker.account' : FIELDS[check]
  throw CosmosErrors.CosmosUnsupportedTerms(`terms.${field}: ${message}`, {
    argument: `terms.${field}`,
    check,
    ...context,
  })
}

/** Judges terms offline. Refusal: `terms`; the context names the term and what came. */
export function auditTerms(client: Base, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => irisTerms(client, terms))
}

/** The lock that terms will have: its id is of the terms alone. */
export function expectLock(client: Base, terms: LockTerms.LockTerms, transaction: string): Lock {
  const ref = IrisHtlc.id(irisTerms(client, terms), client.network)
  return { ref, transaction, amount: terms.amount, match: 'exact' }
}

/** The steps of an intent; none for a refund, which the module makes by itself as the block of the expiry begins. */
export async function prepare(
  client: IrisClient,
  intent: Intent,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'lock':
      return lock(client, intent, options)
    case 'claim': {
      const own = irisTerms(client, intent.terms)
      const id = IrisHtlc.id(own, client.network)
      assertRef(id, intent.lock)
      const messageOf = (from: string) => IrisHtlc.claimMessage(id, intent.secret, from)
      const validUntil = { ...intent.terms.deadline, value: earliest(client, own) }
      return steps.claim(client, intent, messageOf, validUntil, options)
    }
    case 'refund':
      assertRef(IrisHtlc.id(irisTerms(client, intent.terms), client.network), intent.lock)
      if (intent.feePayer !== undefined) steps.accountOf(client, intent.feePayer, 'intent.feePayer')
      return []
    default:
      return steps.other(client, intent, 'lock, claim or refund', options)
  }
}

/** The first height at which a lock that this adapter accepts can expire. */
function earliest({ window }: IrisClient, own: HtlcModule.Parameters): bigint {
  return own.deadline - (window - 1n)
}

async function lock(
  client: IrisClient,
  intent: Intent & { readonly kind: 'lock' },
  options: PrepareOptions,
): Promise<readonly Step[]> {
  const own = irisTerms(client, intent.terms)
  steps.assertFrom(intent)
  const tip = await tipOf(client, options)
  const { timeLock, timeoutHeight } = spanOf(client, own, tip)
  const texts = recovery(client, own, intent)
  if (steps.isFresh(options)) {
    const held = { kind: 'native', asset: own.denom } as const
    await steps.assertFunds(client, own.sender, held, own.amount, tip, options)
  }
  const message = IrisHtlc.createMessage(own, { timeLock }, texts)
  return steps.step(
    client,
    { kind: 'lock', message, gas: client.gas.lockNative, expires: true, timeoutHeight },
    options,
    tip,
  )
}

/** When a lock that is sent now can expire; `CosmosUnsupportedTerms` (3401) where the module takes no such span. */
function spanOf(client: IrisClient, own: Pick<HtlcModule.Parameters, 'deadline'>, tip: Head): IrisHtlc.Span {
  const { window } = client
  const span = IrisHtlc.span({ deadline: own.deadline, height: tip.height, window })
  if (span.ok) return span.value
  throw CosmosErrors.CosmosUnsupportedTerms(`terms.deadline: ${span.refusal.message}`, {
    argument: 'terms.deadline',
    check: span.refusal.check,
    received: own.deadline,
    height: tip.height,
  })
}

/**
 * The same with the same sequence at a higher fee; a lock's later version lasts less long, so that it expires at its deadline at the
 * latest all the same.
 */
export async function replace(
  client: IrisClient,
  submission: Submission,
  feeRate: bigint,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  const [step, ...more] = await steps.replace(client, submission, feeRate, options)
  if (step === undefined || more.length > 0) throw new TypeError('a replacement is one step')
  const old = CosmosTransaction.ofStep(submission.step)
  const { message } = old
  if (message.kind !== 'iris-create') return [step]
  const deadline = old.timeoutHeight + message.timeLock
  const { timeLock, timeoutHeight } = spanOf(client, { deadline }, await tipOf(client, options))
  const replaced = { ...CosmosTransaction.ofStep(step), message: { ...message, timeLock }, timeoutHeight }
  return [steps.restep(client, step, replaced)]
}

/** Both texts of a lock: the tag that its owner searches for, and salt and record, which only the owner can read. */
function recovery(
  client: Base,
  own: HtlcModule.Parameters,
  intent: Intent & { readonly kind: 'lock' },
): { readonly receiverOnOtherChain?: string; readonly senderOnOtherChain?: string } {
  if (intent.recovery === undefined) return {}
  const { seed, index = 0, record } = intent.recovery
  SwapSeed.assertNetwork(seed, client.network.id)
  const { role, counter } = record
  // The agreement is left out: 128 characters have no room for it.
  const short = counter === undefined ? { role } : { role, counter }
  const sealed = Record.seal({ ...intent.recovery, record: short }, HtlcModule.lockId(own, client.network))
  return {
    receiverOnOtherChain: Bytes.toHex(Record.tagOf(seed, index)),
    senderOnOtherChain: CosmosRpc.toBase64(Bytes.concat(intent.terms.salt, sealed)),
  }
}

/** A lock that was made, whatever became of it. */
type Present = Exclude<HtlcModule.Entry, { status: 'none' }>

/** Refusals of a lock that has the id of these terms, and isn't theirs: the id binds less than the terms do. */
const OTHERS: readonly string[] = ['iris-terms', 'iris-transfer']

/** What the module keeps of the lock of these terms after a block; `null` for none. */
async function lockAt(
  client: IrisClient,
  own: HtlcModule.Parameters,
  height: bigint,
  options?: CallOptions,
): Promise<{ readonly held: Present | null } | { readonly why: Verdict.Refusal }> {
  const key = HtlcModule.lockKey(HtlcModule.lockId(own, client.network))
  const value = await CosmosRpc.stored(client.transport, HtlcModule.STORE, key, height, rpc(options))
  const entry = HtlcModule.entryOf(value, own, client.network)
  if (entry.ok) return { held: entry.value.status === 'none' ? null : entry.value }
  return OTHERS.includes(entry.refusal.check) ? { held: null } : { why: entry.refusal }
}

/** The lock of these terms: at most one, for the module takes an id once. */
export async function findLocks(
  client: IrisClient,
  terms: LockTerms.LockTerms,
  options?: CallOptions,
): Promise<readonly Fact.Read<Lock>[]> {
  const own = irisTerms(client, terms)
  const id = IrisHtlc.id(own, client.network)
  const tip = await tipOf(client, options)
  const read = await lockAt(client, own, tip.height, options)
  if ('why' in read) return [{ is: 'unknown', why: read.why }]
  if (read.held === null) return [{ is: 'absent', fact: told(client, null, ref(tip), tip) }]
  // What the node's index lacks, and blocks that are gone, hide nothing that the state says.
  const [made, ...more] =
    (await indexed(transactionsOf(client, `create_htlc.id='${id}'`, tip, options, CosmosRpc.searchFew))) ?? []
  const first = more.length > 0 ? undefined : made
  const block = (first && (await indexed(blockAt(client, first.height, options)))) ?? tip
  // One that expires too early leaves less time for the claim than the terms say, and one that expires later holds the money longer.
  const match = HtlcModule.isInTime(read.held, own, client.window) ? 'exact' : 'late'
  const lock: Lock = { ref: id, transaction: first?.hash ?? '', amount: terms.amount, match }
  return [{ is: 'found', fact: told(client, lock, ref(block), tip) }]
}

/** What ended a lock; a claim that waits in the mempool has told its secret already. A refund has no transaction. */
export async function findSpend(
  client: IrisClient,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options?: CallOptions,
): Promise<Fact.Read<Spend>> {
  const own = irisTerms(client, terms)
  const id = IrisHtlc.id(own, client.network)
  assertRef(id, lock, 'lock')
  const tip = await tipOf(client, options)
  const read = await lockAt(client, own, tip.height, options)
  if ('why' in read) return { is: 'unknown', why: read.why }
  const { held } = read
  if (held === null || held.status === 'locked') {
    const claims =
      held === null ? [] : await pendingClaims(client, (it) => secretIn(it, id), own.hashlock, options)
    const [pending] = claims
    return pending === undefined
      ? { is: 'absent', fact: told(client, null, ref(tip), tip) }
      : { is: 'found', fact: told(client, pending, 'mempool', tip) }
  }
  const spend = await spendOf(client, own, held, id, tip, options)
  const block = held.closed <= tip.height ? await indexed(blockAt(client, held.closed, options)) : undefined
  return { is: 'found', fact: told(client, spend, ref(block ?? tip), tip) }
}

/** How locks of the module are proved: by the lock's entry in the module's store. */
export function proverOf(client: IrisClient): Prover {
  const { network, transport } = client
  return {
    formats: LockEvidenceForm.FORMAT,
    gather: async (terms, block, height, options) => {
      const own = irisTerms(client, terms)
      const key = HtlcModule.lockKey(HtlcModule.lockId(own, network))
      const read = await CosmosRpc.proved(transport, HtlcModule.STORE, key, height, rpc(options))
      return {
        entry: HtlcModule.entryOf(read.value, own, network),
        bytes: LockEvidenceForm.write({ block, ...read }),
      }
    },
  }
}

/** The end that the state tells; its transaction where the node's index has it, which the claim's secret doesn't need. */
async function spendOf(
  client: Base,
  own: HtlcModule.Parameters,
  held: Present,
  id: string,
  tip: Head,
  options?: CallOptions,
): Promise<Spend> {
  if (held.status !== 'claimed') return { kind: 'refund', transaction: '' }
  const hash = Bytes.toHex(own.hashlock).toUpperCase()
  // Anybody may make and claim any number with the same hashlock.
  const found = await indexed(
    transactionsOf(client, `claim_htlc.hash_lock='${hash}'`, tip, options, CosmosRpc.searchFew),
  )
  const claim = found?.find(({ events }) =>
    events.some(
      ({ type, attributes }) =>
        type === 'claim_htlc' &&
        attributes.some(([name, value]) => name === 'id' && value.toUpperCase() === id),
    ),
  )
  return { kind: 'claim', transaction: claim?.hash ?? '', secret: held.secret }
}

/** The secret of a message that claims a lock. */
function secretIn(message: CosmosTransaction.Message, id: string): Bytes.Bytes | undefined {
  if (message.kind !== 'iris-claim' || message.id.toUpperCase() !== id) return undefined
  const hex = message.secret.toLowerCase()
  return HEX32.test(hex) ? Bytes.fromHex(hex) : undefined
}

/** Every lock that the owner of a seed made; terms are rebuilt from the transactions. */
export async function recoverLocks(
  client: IrisClient,
  seed: SwapSeed.NetworkSeed,
  options: Recover.Options,
): Promise<readonly RecoveredLock[]> {
  return Recover.recoverLocks(client, seed, options, async (tag, tip) => {
    const condition = `create_htlc.receiver_on_other_chain='${tag}'`
    const found = await transactionsOf(client, condition, tip, options, CosmosRpc.search)
    const locks = found.flatMap((transaction) =>
      rebuilt(client, transaction.bytes, tag).map(({ terms, sealed }) => {
        const lock = expectLock(client, terms, transaction.hash)
        return { terms, lock, id: Bytes.fromHex(lock.ref.toLowerCase()), sealed }
      }),
    )
    return { inUse: found.length > 0, locks }
  })
}

/** The terms of the locks that a transaction makes with a tag, and their sealed records. */
function rebuilt(
  client: Base,
  bytes: Bytes.Bytes,
  tag: string,
): readonly (Pick<FoundLock, 'terms'> & { readonly sealed: Bytes.Bytes })[] {
  const { network } = client
  const opened = CosmosTransaction.open(bytes)
  return (opened?.messages ?? []).flatMap((message) => {
    if (message.kind !== 'iris-create' || message.receiverOnOtherChain !== tag) return []
    const asset = HtlcStorage.assetOfDenom(message.amount.denom, network)
    const blob = CosmosRpc.fromBase64(message.senderOnOtherChain ?? '')
    const known =
      asset !== undefined && blob !== undefined && blob.length > 32 && HEX32.test(message.hashlock)
    // Only with a last height for its inclusion does a lock have a deadline.
    if (!known || opened === undefined || opened.timeoutHeight === 0n) return []
    const party = (address: string) => {
      const account = `${network.id}:${address}` as const
      return { account, payout: account }
    }
    const terms: LockTerms.LockTerms = {
      version: 1,
      backend: { network: network.id, kind: HtlcModule.KIND },
      asset,
      amount: message.amount.amount,
      hashlock: Bytes.fromHex(message.hashlock),
      locker: party(message.from),
      beneficiary: party(message.to),
      deadline: { network: network.id, clock: 'height', value: opened.timeoutHeight + message.timeLock },
      salt: blob.slice(0, 32),
    }
    return auditTerms(client, terms).ok ? [{ terms, sealed: blob.slice(32) }] : []
  })
}

/** What happens to a lock: it appears, and ends. */
export function lookForLock(
  client: IrisClient,
  subject: Subject & { readonly kind: 'lock' },
  options?: CallOptions,
): Look {
  const { terms } = subject
  irisTerms(client, terms)
  const told = new Set<string>()
  return async () => {
    const [read] = await findLocks(client, terms, options)
    if (read?.is !== 'found') return []
    const { value: lock, at } = read.fact
    const spent = await findSpend(client, terms, lock, options)
    const sightings: { readonly key: string; readonly what: Sighting }[] = [
      { key: 'lock', what: { kind: 'lock', lock, block: at } },
    ]
    if (spent.is === 'found') {
      const { value: spend, at: block } = spent.fact
      const key = block === 'mempool' ? `mempool/${spend.transaction}` : 'spend'
      sightings.push({ key, what: { kind: 'spend', lock, spend, block } })
    }
    const fresh = sightings.filter(({ key }) => !told.has(key))
    for (const { key } of fresh) told.add(key)
    return fresh.map(({ what }) => what)
  }
}

/** Included transactions that succeeded and match, oldest first; none that the head doesn't know of. */
async function transactionsOf(
  client: Base,
  condition: string,
  tip: Head,
  options: CallOptions | undefined,
  search: typeof CosmosRpc.search,
): Promise<readonly CosmosRpc.Included[]> {
  const { found } = await search(client.transport, condition, tip.height, rpc(options))
  return found.filter(({ code, height }) => code === 0 && height <= tip.height)
}

const HEX32 = /^[0-9a-f]{64}$/
