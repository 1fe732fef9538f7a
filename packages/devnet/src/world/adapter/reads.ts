import {
  AccountId,
  Bytes,
  type CallOptions,
  type Claim,
  CoreErrors,
  type Fact,
  type FoundLock,
  isAitbcError,
  type Lock,
  LockTerms,
  type Match,
  type RecoveredLock,
  RecoveryRecord,
  type Signed,
  type Spend,
  type Status,
  type Submission,
  type SwapRecord,
  SwapSeed,
  show,
} from '@aitbc/core'
import * as Chain from '../Chain.js'
import * as Ledger from '../Ledger.js'
import { assertNetwork, assertSigned, bodyOf, encode, sign } from '../steps.js'
import { type Client, refOf, told } from './client.js'
import { notesOf } from './notes.js'
import { isOver } from './prepare.js'
import { scriptOf } from './terms.js'

/** Versions of one transaction differ in price and life alone. */
function versionsOf(client: Client, { step }: Pick<Signed, 'step'>): string {
  const { does } = bodyOf(client.family, step)
  const what =
    'ref' in does ? does.ref : does.is === 'lock' ? does.script.key : JSON.stringify(does, replacer)
  return `${step.conflictKey} ${step.kind} ${what}`
}

const replacer = (_: string, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)

/** Hands a signed step to the endpoint; what it knows already counts as sent. */
export async function submit(client: Client, signed: Signed, options: CallOptions = {}): Promise<Submission> {
  options.signal?.throwIfAborted()
  assertNetwork(signed?.step?.network, client.network.id, 'signed.step.network')
  const tx = assertSigned(client.family, signed)
  const answer = await client.endpoint.send(tx, options.signal)
  const { step, id, raw } = signed
  if ('why' in answer)
    throw client.family.errors.refusal(answer.is, `${step.kind} ${id} was refused: ${answer.why}`, {
      id,
      conflictKey: step.conflictKey,
      reason: answer.why,
    })
  client.seen.add(id)
  const key = versionsOf(client, signed)
  const attempts = [...(client.attempts.get(key) ?? []).filter((one) => one !== id), id]
  client.attempts.set(key, attempts)
  return { step, id, raw, attempts }
}

/** What became of a submission, over all its attempts. */
export async function status(
  client: Client,
  submission: Submission,
  options: CallOptions = {},
): Promise<Fact.Fact<Status>> {
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  const body = bodyOf(client.family, submission.step, 'submission.step')
  const ids = [...new Set([...(submission.attempts ?? []), submission.id])].reverse()
  const view = await client.endpoint.ask('status', ids, options.signal)
  const { ledger, height } = Chain.tip(view)
  const { family } = client
  const own = ids.flatMap((id) => {
    const found = ledger.included.get(id)
    return found === undefined || found.height > height ? [] : [{ id, ...found }]
  })
  // Of several that were included, where both may be, the one that succeeded counts.
  const best = own.find(({ ok }) => ok) ?? own[0]
  const waits = view.mempool.some(({ tx }) => ids.includes(tx.id))
  if (best !== undefined && (best.ok || !waits)) {
    client.seen.add(best.id)
    const is = !best.ok ? 'failed' : best.height <= view.finalized ? 'final' : 'included'
    const block = refOf(Chain.at(view, best.height) as Chain.Header)
    return told<Status>(client, view, { is, id: best.id, block }, best.height)
  }
  const by =
    family.contest === 'none'
      ? isOver(view, body)
        ? ''
        : undefined
      : ledger.used.get(submission.step.conflictKey)
  if (by !== undefined) return told<Status>(client, view, { is: 'replaced', by }, 'tip')
  if (waits) {
    for (const id of ids) client.seen.add(id)
    // After a number that nobody uses any more nothing is included: it is as good as dropped.
    return isBlocked(view, body)
      ? told<Status>(client, view, { is: 'dropped' }, 'tip')
      : told<Status>(client, view, { is: 'pending' }, 'mempool')
  }
  const known = family.kind === 'coins' ? submission.raw !== undefined : ids.some((id) => client.seen.has(id))
  return told<Status>(client, view, { is: known ? 'dropped' : 'unknown' }, 'tip')
}

function isBlocked(view: Chain.View, { from, nonce }: Ledger.Body): boolean {
  if (nonce === undefined) return false
  const waiting = new Set(view.mempool.flatMap(({ tx }) => (tx.from === from ? [tx.nonce] : [])))
  for (let next = Chain.tip(view).ledger.nonces.get(from) ?? 0; next < nonce; next++)
    if (!waiting.has(next)) return true
  return false
}

/** A lock as a view shows it; of height 0 in the mempool. */
export interface Seen {
  readonly lock: Lock
  readonly height: bigint | 'mempool'
  readonly spend?: { readonly spend: Spend; readonly height: bigint | 'mempool' }
}

/** Every lock of a script in a view, those that wait last, with what spends each: the same list as long as nothing of it changes. */
export function locksIn(client: Client, view: Chain.View, script: Ledger.Script): readonly Seen[] {
  const { mempool } = view
  const { ledger, clock } = Chain.tip(view)
  const notes = notesOf(ledger)
  const waiting = mempool.length
  let here = notes.looked
  // Where the same is in blocks and the same waits, everybody sees the same.
  const same = here?.mempool === mempool && here.waiting === waiting
  if (here === undefined || !same || (waiting > 0 && here.clock !== clock)) {
    here = { mempool, waiting, clock, found: new Map() }
    notes.looked = here
  }
  const found = here.found.get(script.key) ?? findIn(client, view, script)
  here.found.set(script.key, found)
  return found
}

function findIn(client: Client, view: Chain.View, script: Ledger.Script): readonly Seen[] {
  const { ledger } = Chain.tip(view)
  const held = [...ledger.locks.values()].filter((lock) => lock.script.key === script.key)
  const clock = Chain.tip(view).clock
  const waiting =
    client.family.kind === 'accounts'
      ? []
      : view.mempool.flatMap(({ tx }): Ledger.Held[] => {
          const { does, id, from: by } = tx
          if (does.is !== 'lock' || does.script.key !== script.key) return []
          const late = clock >= does.script.deadline
          return [{ ref: `${id}:0`, script, amount: does.amount, tx: id, by, height: -1n, late }]
        })
  let exact = false
  return [...held, ...waiting].map((one): Seen => {
    const match = matchOf(one, exact)
    if (match === 'exact') exact = true
    const lock: Lock = { ref: one.ref, transaction: one.tx, amount: one.amount, match }
    const spend = spendOf(view, one)
    return {
      lock,
      height: one.height < 0n ? 'mempool' : one.height,
      ...(spend === undefined ? {} : { spend }),
    }
  })
}

function matchOf({ late, amount, script }: Ledger.Held, exact: boolean): Match {
  if (late) return 'late'
  if (amount < script.amount) return 'under'
  if (amount > script.amount) return 'over'
  return exact ? 'duplicate' : 'exact'
}

function spendOf(view: Chain.View, held: Ledger.Held): Seen['spend'] {
  const { spend } = held
  if (spend?.is === 'refund')
    return { spend: { kind: 'refund', transaction: spend.tx }, height: spend.height }
  if (spend?.secret !== undefined) return { spend: claimOf(spend.tx, spend.secret), height: spend.height }
  const waiting = view.mempool.filter(({ tx }) => 'ref' in tx.does && tx.does.ref === held.ref)
  for (const { tx } of waiting)
    if (tx.does.is === 'claim' && Ledger.opens(tx.does.secret, held.script.hashlock))
      return { spend: claimOf(tx.id, tx.does.secret), height: 'mempool' }
  const refund = waiting.find(({ tx }) => tx.does.is === 'refund')
  return refund && { spend: { kind: 'refund', transaction: refund.tx.id }, height: 'mempool' }
}

const secrets = new Map<string, Uint8Array>()

function claimOf(transaction: string, hex: string): Spend {
  const secret = secrets.get(hex) ?? Bytes.fromHex(hex)
  if (secrets.size > 1000) secrets.clear()
  secrets.set(hex, secret)
  return { kind: 'claim', transaction, secret }
}

export async function findLocks(
  client: Client,
  terms: LockTerms.LockTerms,
  options: CallOptions = {},
): Promise<readonly Fact.Read<Lock>[]> {
  const script = scriptOf(client, terms)
  const view = await client.endpoint.ask('findLocks', [script.key], options.signal)
  const found = locksIn(client, view, script)
  if (found.length === 0) return [{ is: 'absent', fact: told(client, view, null, 'tip') }]
  return found.map(({ lock, height }) => ({ is: 'found', fact: told(client, view, lock, height) }))
}

export async function findSpend(
  client: Client,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options: CallOptions = {},
): Promise<Fact.Read<Spend>> {
  const script = scriptOf(client, terms)
  const view = await client.endpoint.ask('findSpend', [lock?.ref], options.signal)
  const found = locksIn(client, view, script).find((one) => one.lock.ref === lock?.ref)
  if (found?.spend === undefined) return { is: 'absent', fact: told(client, view, null, 'tip') }
  return { is: 'found', fact: told(client, view, found.spend.spend, found.spend.height) }
}

export async function discoverLocks(
  client: Client,
  hashlock: Bytes.Hash32,
  options: CallOptions = {},
): Promise<readonly FoundLock[]> {
  // A script's hash hides its hashlock: nothing on chain can be searched for.
  if (!client.family.profile.events) return []
  const wanted = Bytes.toHex(hashlock)
  const view = await client.endpoint.ask('discoverLocks', [wanted], options.signal)
  return [...Chain.tip(view).ledger.locks.values()].flatMap((held) =>
    held.script.hashlock === wanted ? [foundOf(client, view, held)] : [],
  )
}

export async function recoverLocks(
  client: Client,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions & { readonly hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32 },
): Promise<readonly RecoveredLock[]> {
  SwapSeed.assertNetwork(seed, client.network.id)
  const tag = Bytes.toHex(SwapSeed.derive(seed, 'tag'))
  const view = await client.endpoint.ask('recoverLocks', [tag], options.signal)
  const inBlocks = [...Chain.tip(view).ledger.locks.values()]
  const waiting =
    client.family.kind === 'accounts'
      ? []
      : view.mempool.flatMap(({ tx }): Ledger.Held[] => {
          const { does, id, from: by } = tx
          if (does.is !== 'lock') return []
          const { script, amount, note } = does
          return [
            {
              ref: `${id}:0`,
              script,
              amount,
              tx: id,
              by,
              height: -1n,
              late: false,
              ...(note ? { note } : {}),
            },
          ]
        })
  return [...inBlocks, ...waiting].flatMap((held): RecoveredLock[] => {
    if (held.note?.tag !== tag) return []
    const nonce = Bytes.fromHex(held.note.nonce)
    const record = recordOf(seed, held, held.note)
    if (record === undefined) return []
    try {
      const found = foundOf(client, view, held)
      // An initiator's lock has the secret of its nonce.
      if (record.role === 'initiator' && !Bytes.equal(options.hashlockOf(nonce), found.terms.hashlock))
        return []
      const signed = madeBy(client, view, held)
      return [{ ...found, nonce, record, ...(signed === undefined ? {} : { signed }) }]
    } catch (error) {
      if (isAitbcError(error)) return []
      throw error
    }
  })
}

/** Records by all that opens them; `undefined` for what doesn't open. */
const records = new Map<string, SwapRecord | undefined>()
const MOST_RECORDS = 8192

function recordOf(seed: SwapSeed.NetworkSeed, held: Ledger.Held, note: Ledger.Note): SwapRecord | undefined {
  const name = [seed.network, Bytes.toHex(seed.key), note.nonce, note.sealed, held.script.key].join()
  if (records.has(name)) return records.get(name)
  const record = opened(seed, held, note)
  if (records.size >= MOST_RECORDS) records.clear()
  records.set(name, record)
  return record
}

function opened(seed: SwapSeed.NetworkSeed, held: Ledger.Held, note: Ledger.Note): SwapRecord | undefined {
  const context = Bytes.fromHex(held.script.key.replace(/^0x/, '').toLowerCase())
  try {
    const [nonce, sealed] = [Bytes.fromHex(note.nonce), Bytes.fromHex(note.sealed)]
    return RecoveryRecord.decode(RecoveryRecord.open(seed, nonce, sealed, { context }))
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}

/** The transaction that made a lock of coins, as the step that it was. */
function madeBy(
  { network, family }: Client,
  view: Chain.View,
  { tx: id, height }: Ledger.Held,
): Signed | undefined {
  if (family.kind !== 'coins') return undefined
  const mined = view.blocks.find((block) => block.height === height)?.txs ?? []
  const found = [...mined, ...view.mempool.map(({ tx }) => tx)].find((tx) => tx.id === id)
  if (found === undefined) return undefined
  const { id: _, ...body } = found
  const signed = sign(family, {
    network: network.id,
    kind: 'lock',
    from: AccountId.canonical(`${network.id}:${body.from}`),
    format: family.format,
    payload: encode(body),
    maxFee: { asset: network.native.id, amount: body.fee },
    conflictKey: body.slots[0] as string,
  })
  return signed.id === id ? signed : undefined
}

/** The terms that a chain's script holds, read once. */
const terms = new WeakMap<Ledger.Script, LockTerms.LockTerms>()

function termsOf(script: Ledger.Script): LockTerms.LockTerms {
  const known = terms.get(script) ?? LockTerms.decode(Bytes.fromHex(script.terms))
  terms.set(script, known)
  return known
}

function foundOf(client: Client, view: Chain.View, held: Ledger.Held): FoundLock {
  const terms = termsOf(held.script)
  const seen = locksIn(client, view, held.script).find(({ lock }) => lock.ref === held.ref)
  const lock = seen?.lock ?? {
    ref: held.ref,
    transaction: held.tx,
    amount: held.amount,
    match: matchOf(held, false),
  }
  return { terms, lock }
}

/** What a verifier of worlds reads: where a lock is, and what ended it. */
export interface Statement {
  readonly kind: 'lock' | 'spend'
  readonly ref: string
  readonly key: string
  readonly height: string
  readonly hash: string
}

/** Evidence for what a block holds; the family's error for anything else. */
export async function prove(client: Client, claim: Claim, options: CallOptions = {}): Promise<Fact.Evidence> {
  const script = scriptOf(client, claim?.terms)
  const view = await client.endpoint.ask('prove', [claim.kind, claim.lock?.ref], options.signal)
  const held = Chain.tip(view).ledger.locks.get(claim.lock?.ref)
  const height = claim.kind === 'lock' ? held?.height : held?.spend?.height
  const header = height === undefined ? undefined : Chain.at(view, height)
  if (held === undefined || held.script.key !== script.key || header === undefined)
    throw client.family.errors.unproved(`no block holds this ${claim.kind} of ${show(claim.lock?.ref)}`, {
      argument: 'claim',
    })
  return { network: client.network.id, format: 'world-lock/1', bytes: statementOf(claim.kind, held, header) }
}

/** Statements by what they are of, and the block: written once. */
const statements = new WeakMap<Ledger.Held, Map<string, Uint8Array>>()

function statementOf(kind: Claim['kind'], held: Ledger.Held, { height, hash }: Chain.Header): Uint8Array {
  const own = statements.get(held) ?? new Map<string, Uint8Array>()
  statements.set(held, own)
  const name = `${kind} ${height} ${hash}`
  const known = own.get(name)
  if (known !== undefined) return known
  const statement: Statement = { kind, ref: held.ref, key: held.script.key, height: String(height), hash }
  const bytes = new TextEncoder().encode(JSON.stringify(statement))
  own.set(name, bytes)
  return bytes
}

/** `UnsupportedCapability` (1301) where a chain has no reads of the past; `InvalidArgument` (1013) for a block of no branch here. */
export function ledgerOf(client: Client, view: Chain.View, at: Fact.BlockRef | undefined): Ledger.Ledger {
  if (at === undefined) return Chain.tip(view).ledger
  if (client.family.contest === 'none')
    throw CoreErrors.UnsupportedCapability(`${client.network.id} tells the present alone`, {
      argument: 'options.at',
    })
  if (Chain.at(view, at.height)?.hash !== at.hash)
    throw CoreErrors.InvalidArgument(`at must be a block of the best chain, got ${at.height} ${at.hash}`, {
      argument: 'options.at',
      received: at,
    })
  return Chain.ledgerAt(view, at.height)
}
