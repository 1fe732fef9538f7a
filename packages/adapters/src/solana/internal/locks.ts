import {
  Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  type FoundLock,
  Hashlock,
  isAitbcError,
  type Lock,
  type LockTerms,
  type RecoveredLock,
  type Spend,
  SwapSeed,
  show,
  type Verdict,
} from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import * as HtlcLock from '../HtlcLock.js'
import * as Mint from '../Mint.js'
import * as SolanaRpc from '../SolanaRpc.js'
import {
  assertProgram,
  blockNear,
  type Client,
  checkChain,
  type Head,
  headOf,
  programDoubt,
  read,
  ref,
  rpc,
  told,
} from './client.js'
import { callsAt, type History, historyOf } from './history.js'
import * as Record from './record.js'

/** Locks of one hashlock whose making is looked up, at once: anybody may make more, and an answer that takes too long is none. */
const MAX_LOOKUPS = 8

/** What is known of the one lock that terms can have. */
export interface State {
  readonly own: HtlcLock.ProgramTerms
  readonly lock: Bytes.Bytes32
  /** Undefined where the account isn't there: never made, or closed since. */
  readonly account: HtlcLock.LockAccount | undefined
  /** Tokens in the vault; undefined for lamports and closed vaults. */
  readonly held: Mint.TokenAccount | undefined
  readonly at: SolanaRpc.Block
  readonly head: Head
}

/** Reads a lock's account and its vault as of one moment: between two a claim may have paid it out. */
export async function stateOf(
  client: Client,
  own: HtlcLock.ProgramTerms,
  options?: CallOptions,
  commitment: SolanaRpc.Commitment = 'confirmed',
  other?: Bytes.Bytes32,
): Promise<State | { readonly why: Verdict.Refusal }> {
  const lock = HtlcLock.address(own, client.backend).address
  const vault = other ?? HtlcLock.vault(own, lock)
  const native = HtlcLock.isNative(own.mint)
  const { accounts, at, head } = await read(client, native ? [lock] : [lock, vault], options, commitment)
  const [told_, holds] = accounts
  // Anybody can send lamports to the address: only the program's own account is a lock.
  if (told_ === undefined || !Bytes.equal(told_.owner, client.program))
    return { own, lock, account: undefined, held: undefined, at, head }
  const account = HtlcLock.decodeAccount(told_.data)
  if (account === undefined || !HtlcLock.equal(account.terms, own))
    return refusal('lock-terms', `the account ${Address.encode(lock)} must hold the lock of its address`)
  if (native)
    return told_.lamports < own.amount && !account.paid
      ? refusal('lock-amount', `the account holds ${told_.lamports} lamports, its lock ${own.amount}`)
      : { own, lock, account, held: undefined, at, head }
  // Whoever locks may name another account of the lock's.
  if (other === undefined && !Bytes.equal(account.vault, vault))
    return stateOf(client, own, options, commitment, account.vault)
  const held = holds === undefined ? undefined : Mint.decodeTokenAccount(holds)
  const right = held !== undefined && Bytes.equal(held.mint, own.mint) && Bytes.equal(held.owner, lock)
  if (!right && account.status === 'locked')
    return refusal('lock-vault', `the vault ${Address.encode(account.vault)} must be the lock's own`)
  return { own, lock, account, held: right ? held : undefined, at, head }
}

/** Every lock of these terms: at most one, at the address of the terms. Spent and closed ones are found in its history. */
export async function findLocks(
  client: Client,
  terms: LockTerms.LockTerms,
  options?: CallOptions,
): Promise<readonly Fact.Read<Lock>[]> {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  await checkChain(client, options)
  const doubt = await programDoubt(client, options)
  if (doubt !== undefined) return [unknown('lock-program', doubt)]
  const state = await stateOf(client, own, options)
  if ('why' in state) return [{ is: 'unknown', why: state.why }]
  if (state.account === undefined) {
    const { made, ended, closed, isCut } = await historyOf(client, state.lock, true, options)
    // What was claimed, refunded or closed was there, whatever the node remembers of its making.
    const known = made ?? ended ?? closed
    if (known === undefined)
      return [isCut ? cut(state) : { is: 'absent', fact: told(client, null, ref(state.at), state.head.tip) }]
    if (closed === undefined) return [gone(state)]
    return [await inBlock(client, lockOf(state, made?.transaction ?? ''), known.slot, options)]
  }
  const { made } = await historyOf(client, state.lock, false, options)
  const held = state.account.status === 'locked' ? state.held : undefined
  const lock = lockOf(state, made?.transaction ?? '', held?.amount)
  return [
    made === undefined
      ? await inState(client, lock, state, (account) => account !== undefined, options)
      : await inBlock(client, lock, made.slot, options),
  ]
}

/**
 * What ended a lock. A claim tells its secret as soon as any node has processed it, and even where it failed: both are found, in no block.
 */
export async function findSpend(
  client: Client,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options?: CallOptions,
): Promise<Fact.Read<Spend>> {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  assertRef(client, own, lock, 'lock.ref')
  await checkChain(client, options)
  const doubt = await programDoubt(client, options)
  if (doubt !== undefined) return unknown('lock-program', doubt)
  const state = await stateOf(client, own, options)
  if ('why' in state) return { is: 'unknown', why: state.why }
  const status = state.account?.status
  const history = await historyOf(client, state.lock, status === undefined, options)
  if (status === 'locked' || (status === undefined && history.ended === undefined)) {
    // From the deadline on, a claim that isn't in a block never will be.
    const over = state.head.tip.clock >= own.deadline
    const early = over ? undefined : await earlyClaim(client, own, history, options)
    if (early !== undefined) return found(client, early, 'mempool', state.head.tip)
    if (status === undefined && history.isCut) return cut(state)
    // No account is gone before its lock has ended.
    return status === undefined && (history.made ?? history.closed) !== undefined
      ? gone(state)
      : { is: 'absent', fact: told(client, null, ref(state.at), state.head.tip) }
  }
  const { ended } = history
  const ending = status ?? (ended?.call.is === 'claim' ? 'claimed' : 'refunded')
  const transaction = ended?.transaction ?? ''
  let spend: Spend
  if (ending === 'refunded') spend = { kind: 'refund', transaction }
  else {
    const secret = state.account?.secret ?? (ended?.call.is === 'claim' ? ended.call.secret : undefined)
    if (secret === undefined || !Hashlock.opens(secret, own.hashlock))
      return unknown('spend-secret', `the secret of the claimed lock ${lock.ref} must open its hashlock`)
    spend = { kind: 'claim', transaction, secret }
  }
  return ended !== undefined && (ended.call.is === 'claim') === (ending === 'claimed')
    ? inBlock(client, spend, ended.slot, options)
    : inState(client, spend, state, (account) => account?.status === ending, options)
}

async function earlyClaim(
  client: Client,
  own: HtlcLock.ProgramTerms,
  history: History,
  options?: CallOptions,
): Promise<Spend | undefined> {
  const lock = HtlcLock.address(own, client.backend).address
  const newest = await SolanaRpc.accounts(client.transport, [lock], 'processed', rpc(options))
  const [account] = newest.accounts
  if (account !== undefined && Bytes.equal(account.owner, client.program)) {
    const decoded = HtlcLock.decodeAccount(account.data)
    if (decoded?.status === 'claimed' && Hashlock.opens(decoded.secret, own.hashlock))
      return {
        kind: 'claim',
        transaction: sentClaim(client, lock) ?? '',
        secret: decoded.secret,
      }
  }
  for (const { call, transaction } of history.failedClaims)
    if (call.is === 'claim' && Hashlock.opens(call.secret, own.hashlock))
      return { kind: 'claim', transaction, secret: call.secret }
  return undefined
}

/** What this process sent: nodes tell of a transaction by its signature alone before it is confirmed. */
function sentClaim(client: Client, lock: Bytes.Bytes32): string | undefined {
  const sent = client.memory.attempts.get(`settle/${Address.encode(lock)}`) ?? []
  return sent.filter(({ kind }) => kind === 'claim').at(-1)?.id
}

/** Locks by hashlock alone, those that are closed left out. */
export async function discoverLocks(
  client: Client,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly FoundLock[]> {
  Hashlock.assert(hashlock)
  await checkChain(client, options)
  await assertProgram(client, options)
  const entries = await SolanaRpc.programAccounts(
    client.transport,
    client.program,
    { size: HtlcLock.ACCOUNT_SIZE, offset: HtlcLock.AT.hashlock, bytes: hashlock },
    rpc(options),
  )
  const locks = entries.flatMap(({ address, account }) => {
    const decoded = HtlcLock.decodeAccount(account.data)
    if (decoded === undefined || !Bytes.equal(account.owner, client.program)) return []
    if (!Bytes.equal(decoded.terms.hashlock, hashlock)) return []
    if (!Bytes.equal(HtlcLock.address(decoded.terms, client.backend).address, address)) return []
    const terms = termsOf(client, decoded.terms)
    return terms === undefined ? [] : [{ address, terms }]
  })
  return Promise.all(
    locks.map(async ({ address, terms }, index): Promise<FoundLock> => {
      const { made } = index < MAX_LOOKUPS ? await historyOf(client, address, false, options) : {}
      const transaction = made?.transaction ?? ''
      return {
        terms,
        lock: { ref: Address.encode(address), transaction, amount: terms.amount, match: 'exact' },
      }
    }),
  )
}

/** Every lock that the owner of a seed made, found by its tags and opened with its key. */
export async function recoverLocks(
  client: Client,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions & { readonly hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32 },
): Promise<readonly RecoveredLock[]> {
  SwapSeed.assertNetwork(seed, client.network.id)
  await checkChain(client, options)
  await assertProgram(client, options)
  const locks: RecoveredLock[] = []
  let last = -1
  for (let index = 0; index <= last + Record.TAG_WINDOW; index++) {
    if (index >= Record.MAX_TAGS)
      throw CoreErrors.RpcTooLarge(`more than ${Record.MAX_TAGS} tags of one seed are in use`, {
        method: 'getSignaturesForAddress',
      })
    for (const { call, transaction, failed } of await callsAt(client, Record.tagOf(seed, index), options)) {
      if (call.is !== 'lock' || failed) continue
      const terms = termsOf(client, call.terms)
      if (terms === undefined) continue
      const opened = Record.open(seed, terms, HtlcLock.id(call.terms, client.backend), call.record)
      if (opened === undefined) continue
      last = index
      // An initiator's lock has the hashlock of its own secret; anything else was never its.
      if (
        opened.record.role === 'initiator' &&
        !Bytes.equal(options.hashlockOf(opened.nonce), terms.hashlock)
      )
        continue
      const lock: Lock = {
        ref: Address.encode(call.lock),
        transaction,
        amount: terms.amount,
        match: 'exact',
      }
      if (!locks.some((it) => it.lock.ref === lock.ref)) locks.push({ terms, lock, ...opened })
    }
  }
  return locks
}

/** `InvalidArgument` (1013) where a lock isn't the one of the terms. */
export function assertRef(
  client: Client,
  own: HtlcLock.ProgramTerms,
  given: Lock,
  argument: string,
): Bytes.Bytes32 {
  const { address } = HtlcLock.address(own, client.backend)
  const expected = Address.encode(address)
  if (given?.ref !== expected)
    throw CoreErrors.InvalidArgument(
      `${argument} must be ${expected}, the address of the terms, got ${show(given?.ref)}`,
      { argument, expected, received: given?.ref },
    )
  return address
}

function lockOf(state: State, transaction: string, held?: bigint): Lock {
  const { own, lock } = state
  const ref_ = Address.encode(lock)
  // Tokens that somebody throws in belong to the payee as well; fewer than the lock's no plain token can leave.
  if (held !== undefined && held < own.amount) return { ref: ref_, transaction, amount: held, match: 'under' }
  return { ref: ref_, transaction, amount: own.amount, match: 'exact' }
}

/** The terms of a lock; none where terms of that kind can't be. */
function termsOf(client: Client, own: HtlcLock.ProgramTerms): LockTerms.LockTerms | undefined {
  try {
    const terms = HtlcLock.toLockTerms(own, client.backend, client.network)
    HtlcLock.fromLockTerms(terms, client.backend, client.network)
    return terms
  } catch (error) {
    // Anybody may lock on terms that the SDK has no words for, such as a deadline in the year 9999.
    if (isAitbcError(error)) return undefined
    throw error
  }
}

/** What stands in a transaction of a slot. */
async function inBlock<T>(
  client: Client,
  value: T,
  slot: bigint,
  options?: CallOptions,
): Promise<Fact.Read<T>> {
  const block = await blockNear(client, slot, options)
  return found(client, value, ref(block), (await headOf(client, options, slot)).tip)
}

/**
 * What an account says whose transaction is beyond what the node remembers or what was read: it is as old as what is final, where that has it
 * too.
 */
async function inState<T>(
  client: Client,
  value: T,
  state: State,
  hasIt: (account: State['account']) => boolean,
  options?: CallOptions,
): Promise<Fact.Read<T>> {
  const final = await stateOf(client, state.own, options, 'finalized')
  const isOld = !('why' in final) && hasIt(final.account)
  const { tip } = (isOld ? final : state).head
  return found(client, value, (isOld && tip.finalized) || ref(state.at), tip)
}

function found<T>(client: Client, value: T, at: Fact.BlockRef | 'mempool', tip: Fact.Tip): Fact.Read<T> {
  return { is: 'found', fact: told(client, value, at, tip) }
}

function unknown(check: string, message: string): { readonly is: 'unknown'; readonly why: Verdict.Refusal } {
  return { is: 'unknown', why: { check, message } }
}

/** What ended the lock isn't shown, or the account hasn't been there for a moment. */
function gone({ lock }: State): ReturnType<typeof unknown> {
  return unknown('lock-account', `the lock ${Address.encode(lock)} was made, and its account is gone`)
}

/** The account is gone, and what became of it may stand in what wasn't looked into yet. */
function cut({ lock }: State): ReturnType<typeof unknown> {
  return unknown('lock-history', `the history of the lock ${Address.encode(lock)} isn't read to its end yet`)
}

function refusal(check: string, message: string): { readonly why: Verdict.Refusal } {
  return { why: { check, message } }
}
