import {
  Amount,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Deadline,
  type Fact,
  type FoundLock,
  Hashlock,
  type Intent,
  isAitbcError,
  type Lock,
  type LockTerms,
  type PrepareOptions,
  type RecoveredLock,
  type Sighting,
  type Spend,
  type Step,
  type Subject,
  SwapSeed,
  show,
  Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { LockEvidence } from '@aitbc/proofs/revive'
import { Scale, StorageKey } from '@aitbc/proofs/substrate'
import type { Look, Seen } from '../../internal/heads.js'
import { larger } from '../../internal/larger.js'
import { judge } from '../../internal/terms.js'
import * as Address from '../Address.js'
import type { RelaySource } from '../createRelaySource.js'
import { PolkadotErrors } from '../errors.js'
import * as HubLock from '../HubLock.js'
import * as PolkadotTransaction from '../PolkadotTransaction.js'
import { atTip, type Client, type Head, headerAt, needBlock, ref, tipOf, told } from './client.js'
import { eventsOf } from './events.js'
import { assertFunds, type Call, cost, encodeCall, fromOf, steps } from './prepare.js'
import * as Record from './record.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** What a call of a contract may take at most; what isn't used isn't paid. */
export interface HubLimits {
  /** Picoseconds of a validator's time. */
  readonly refTime: bigint
  /** Bytes of a block's proof. */
  readonly proofSize: bigint
  /** Planck that the chain may hold back for what the contract stores. */
  readonly storageDeposit: bigint
  /** Bytes of a recovery record: pallet-revive ends a call whose event has more than 416 bytes of data, of which the terms take 288. */
  readonly record: bigint
}

/** The contract's side of an adapter. */
export interface Hub extends HubLock.HubChain {
  readonly limits: HubLimits
  /** Block from which on locks are searched. */
  readonly deployedAt: bigint
  /** Where evidence gets the relay chain's part from. */
  readonly relay: Pick<RelaySource, 'head'> | undefined
}

/** What the chain keeps of a contract. */
export interface Contract {
  readonly trieId: Bytes.Bytes
  readonly codeHash: Bytes.Hash32
}

/** Blocks that a search goes back where the node has no states so old. */
const MAX_SCAN = 20_000n
/** What stands first in an account that is a contract (pallet-revive, `AccountInfo`). */
const CONTRACT = 0

/** Judges terms offline. Refusal: `terms`; the context names the term and what came. */
export function auditTerms(hub: Hub, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => HubLock.parameters(terms, hub))
}

/** The lock that terms will have: its id is of the terms alone. */
export function expectLock(hub: Hub, terms: LockTerms.LockTerms, transaction: string): Lock {
  return lockOf(HubLock.parameters(terms, hub), terms.amount, transaction)
}

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
      const { tag, record } = recoveryOf(client, hub, parameters, intent)
      const data = HubLock.encodeLock(parameters, tag, record)
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

/** Every lock of these terms: at most one, for the contract takes an id once. Audits the contract's code in the same block. */
export async function findLocks(
  client: Client,
  hub: Hub,
  terms: LockTerms.LockTerms,
  options?: CallOptions,
): Promise<readonly Fact.Read<Lock>[]> {
  const parameters = HubLock.parameters(terms, hub)
  return atTip(client, options, async (tip): Promise<readonly Fact.Read<Lock>[]> => {
    const status = await statusAt(client, hub, parameters, tip.hash, options)
    if (!status.ok) return [{ is: 'unknown', why: status.refusal }]
    if (status.value === 'none') return [{ is: 'absent', fact: told(client, null, ref(tip), tip) }]
    const call = HubLock.encodeLock(parameters, new Uint8Array(32), new Uint8Array(0)).slice(
      0,
      HubLock.TERMS_END,
    )
    const found = await locate(client, hub, parameters, (now) => now !== 'none', call, tip, options)
    if (found === undefined)
      return [unknown('lock-origin', 'the block that made the lock is further back than the search goes')]
    return [{ is: 'found', fact: told(client, lockOf(parameters, terms.amount, found.id), found.block, tip) }]
  })
}

/** What ended a lock; a claim that waits in the pool has told its secret already. */
export async function findSpend(
  client: Client,
  hub: Hub,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options?: CallOptions,
): Promise<Fact.Read<Spend>> {
  const parameters = HubLock.parameters(terms, hub)
  assertLock(parameters, lock, 'lock.ref')
  return atTip(client, options, async (tip): Promise<Fact.Read<Spend>> => {
    const status = await statusAt(client, hub, parameters, tip.hash, options)
    if (!status.ok) return { is: 'unknown', why: status.refusal }
    if (status.value === 'none') return { is: 'absent', fact: told(client, null, ref(tip), tip) }
    if (status.value === 'locked') {
      const [claim] = await claimsIn(client, parameters, terms.hashlock, options)
      return claim === undefined
        ? { is: 'absent', fact: told(client, null, ref(tip), tip) }
        : { is: 'found', fact: told<Spend>(client, claim, 'mempool', tip) }
    }
    const claimed = status.value === 'claimed'
    const call = claimed
      ? HubLock.encodeClaim(parameters, new Uint8Array(32)).slice(0, HubLock.TERMS_END)
      : HubLock.encodeRefund(parameters)
    const ended = status.value
    const found = await locate(client, hub, parameters, (now) => now === ended, call, tip, options)
    if (found === undefined)
      return unknown('spend-origin', 'the block that ended the lock is further back than the search goes')
    const spend = spendOf(found.raw, found.id, claimed, parameters, terms.hashlock)
    return spend === undefined
      ? unknown('spend-secret', 'the claim holds no secret that opens the hashlock')
      : { is: 'found', fact: told(client, spend, found.block, tip) }
  })
}

/** Locks by hashlock alone, oldest first: from the transactions of all blocks since `deployedAt`, each checked against the state now. */
export async function discoverLocks(
  client: Client,
  hub: Hub,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly FoundLock[]> {
  Hashlock.assert(hashlock)
  const found = await search(client, hub, (call) => Bytes.equal(call.parameters.hashlock, hashlock), options)
  return found.map(({ terms, lock }) => ({ terms, lock }))
}

/** Every lock that the owner of a seed made, found by its tags and opened with its key. */
export async function recoverLocks(
  client: Client,
  hub: Hub,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions & { readonly hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32 },
): Promise<readonly RecoveredLock[]> {
  SwapSeed.assertNetwork(seed, client.network.id)
  const tags = new Set(
    Array.from({ length: Record.MAX_TAGS }, (_, index) => Bytes.toHex(Record.tagOf(seed, index))),
  )
  const found = await search(client, hub, ({ tag }) => tags.has(Bytes.toHex(tag)), options)
  return found.flatMap(({ terms, lock, record }) => {
    const opened = Record.open(seed, Rpc.unhex(lock.ref), record)
    if (opened === undefined) return []
    // An initiator's lock has the hashlock of its own secret; anything else was never its.
    const own =
      opened.record.role !== 'initiator' || Bytes.equal(options.hashlockOf(opened.nonce), terms.hashlock)
    return own ? [{ terms, lock, ...opened }] : []
  })
}

/** What a watch of a lock sees: what it is when the watch begins, then its events. */
export function lookForLock(
  client: Client,
  hub: Hub,
  { terms }: Subject & { readonly kind: 'lock' },
  options?: CallOptions,
): Look<Rpc.Header> {
  const parameters = HubLock.parameters(terms, hub)
  const id = HtlcStorage.lockId(parameters)
  const contract = Rpc.unhex(hub.backend.address)
  let lock = lockOf(parameters, terms.amount, '')
  let past = true
  return {
    inBlocks: async (added) => {
      const found: Seen[] = []
      const first = added[0]
      if (past && first !== undefined) {
        // What happened before the watch began.
        const [read] = await findLocks(client, hub, terms, options)
        if (read?.is === 'found' && read.fact.at !== 'mempool' && read.fact.at.height < first.height) {
          lock = read.fact.value
          found.push({ what: { kind: 'lock', lock, block: read.fact.at }, block: read.fact.at })
          const spent = await findSpend(client, hub, terms, lock, options)
          if (spent.is === 'found' && spent.fact.at !== 'mempool' && spent.fact.at.height < first.height) {
            const { value: spend, at: block } = spent.fact
            found.push({ what: { kind: 'spend', lock, spend, block }, block })
          }
        }
      }
      for (const header of added) {
        const block = ref(header)
        for (const { event, transaction } of await contractEvents(
          client,
          hub,
          header.hash,
          contract,
          options,
        )) {
          if (!Bytes.equal(event.id, id)) continue
          if (event.is === 'locked') {
            lock = lockOf(parameters, terms.amount, transaction)
            found.push({ what: { kind: 'lock', lock, block }, block })
            continue
          }
          const spend: Spend =
            event.is === 'refunded'
              ? { kind: 'refund', transaction }
              : { kind: 'claim', transaction, secret: event.secret }
          if (spend.kind === 'claim' && !Hashlock.opens(spend.secret, terms.hashlock))
            throw Rpc.malformed('state_getStorage', 'a claim with the secret of the lock', 'another secret')
          found.push({ what: { kind: 'spend', lock, spend, block }, block })
        }
      }
      past = false
      return found
    },
    inMempool: async (standing): Promise<readonly Sighting[]> => {
      const has = (kind: Sighting['kind']) => standing.some(({ what }) => what.kind === kind)
      if (!has('lock') || has('spend')) return []
      const claims = await claimsIn(client, parameters, terms.hashlock, options)
      return claims.map((spend) => ({ kind: 'spend', lock, spend, block: 'mempool' }))
    },
  }
}

/** What the chain keeps of the contract in a block, where there is one at the address. */
export async function contractAt(
  client: Client,
  hub: Hub,
  at: Hex,
  options?: CallOptions,
): Promise<Contract | undefined> {
  const bytes = await Rpc.storage(client.api, infoKey(hub), at, options)
  if (bytes === undefined || bytes[0] !== CONTRACT) return undefined
  const contract = LockEvidence.contractOf(bytes)
  if (contract === undefined) throw Rpc.malformed('state_getStorage', 'a contract', bytes)
  return contract
}

/** Where the chain keeps what it knows of the contract (`Revive.AccountInfoOf`, keys as they are). */
export function infoKey(hub: Hub): Bytes.Bytes {
  return LockEvidence.contractKey(Rpc.unhex(hub.backend.address))
}

/** The status of a lock in a block, where the contract's code is the audited one. Refusals: `lock-code`, `lock-status`. */
export async function statusAt(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  at: Hex,
  options?: CallOptions,
): Promise<Verdict.Verdict<HtlcStorage.Status>> {
  const contract = await contractAt(client, hub, at, options)
  const received = contract === undefined ? 'none' : Bytes.toHex(contract.codeHash)
  const expected = Bytes.toHex(hub.backend.codeHash)
  if (contract === undefined || received !== expected)
    return Verdict.refuse(
      'lock-code',
      `the code at ${hub.backend.address} must have hash ${expected}, got ${received}`,
      { expected, received },
    )
  return HtlcStorage.statusOf(await wordAt(client, contract, slotKey(parameters), at, options))
}

/** A word that a contract stores; zero where there is none. */
export async function wordAt(
  client: Client,
  { trieId }: Contract,
  key: Bytes.Hash32,
  at: Hex,
  options?: CallOptions,
): Promise<bigint> {
  const stored = await Rpc.childStorage(client.api, StorageKey.childRoot(trieId), key, at, options)
  if (stored !== undefined && stored.length !== 32)
    throw Rpc.malformed('childstate_getStorage', 'a word of 32 bytes', stored)
  return stored === undefined ? 0n : BigInt(Rpc.hex(stored))
}

/** The key of a lock's status in the contract's child trie. */
export function slotKey(parameters: HtlcStorage.Parameters): Bytes.Hash32 {
  return LockEvidence.slotKey(HtlcStorage.lockId(parameters))
}

interface Located {
  readonly id: Hex
  readonly raw: Bytes.Bytes
  readonly block: Fact.BlockRef
}

/** The transaction that brought a lock where it is: by bisecting its status, or by the transactions where states are gone. */
async function locate(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  reached: (status: HtlcStorage.Status) => boolean,
  call: Bytes.Bytes,
  tip: Head,
  options?: CallOptions,
): Promise<Located | undefined> {
  const at = async (height: bigint): Promise<boolean> => {
    const header = await headerAt(client, height, options)
    if (header === undefined) throw Rpc.malformed('chain_getBlockHash', `block ${height}`, null)
    const status = await statusAt(client, hub, parameters, header.hash, options)
    // Before the contract was there, no lock was.
    return status.ok && reached(status.value)
  }
  let high = tip.height
  let low = high
  let pruned = false
  try {
    for (let step = 16n; low > hub.deployedAt; step *= 4n) {
      low = larger(low - step, hub.deployedAt)
      if (!(await at(low))) break
      high = low
    }
    while (high - low > 1n) {
      const middle = (low + high) / 2n
      if (await at(middle)) high = middle
      else low = middle
    }
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected')) throw error
    pruned = true
  }
  const last = pruned && high - MAX_SCAN > hub.deployedAt ? high - MAX_SCAN : pruned ? hub.deployedAt : high
  for (let height = high; height >= last && height > 0n; height--) {
    const header = await headerAt(client, height, options)
    if (header === undefined) throw Rpc.malformed('chain_getBlockHash', `block ${height}`, null)
    const block = await needBlock(client, header.hash, options)
    const raw = await succeeded(client, block, call, pruned, options)
    if (raw !== undefined) return { id: PolkadotTransaction.id(raw) as Hex, raw, block: ref(block) }
  }
  return undefined
}

/** The extrinsic of a block that holds a call and succeeded; without the block's state, the first that holds it. */
async function succeeded(
  client: Client,
  block: Rpc.Block,
  call: Bytes.Bytes,
  pruned: boolean,
  options?: CallOptions,
): Promise<Bytes.Bytes | undefined> {
  const holding = block.extrinsics
    .map((raw, index) => ({ raw, index }))
    .filter(({ raw }) => HubLock.positions(raw, call).length > 0)
  if (holding.length < 2 || pruned) return holding[0]?.raw
  const events = await eventsOf(client, block.hash, options)
  return holding.find(({ index }) =>
    events.some(
      ({ extrinsic, pallet, name }) =>
        extrinsic === index && pallet === 'system' && name === 'ExtrinsicSuccess',
    ),
  )?.raw
}

/** Locks that transactions since `deployedAt` made, oldest first, as far as the contract has them. */
async function search(
  client: Client,
  hub: Hub,
  wanted: (call: HubLock.LockCall) => boolean,
  options?: CallOptions,
): Promise<readonly (FoundLock & { readonly record: Bytes.Bytes })[]> {
  return atTip(client, options, async (tip) => {
    await assertCode(client, hub, tip.hash, options)
    const found = new Map<string, FoundLock & { readonly record: Bytes.Bytes }>()
    for (let height = hub.deployedAt > 0n ? hub.deployedAt : 1n; height <= tip.height; height++) {
      const header = await headerAt(client, height, options)
      if (header === undefined) throw Rpc.malformed('chain_getBlockHash', `block ${height}`, null)
      const { extrinsics } = await needBlock(client, header.hash, options)
      for (const raw of extrinsics)
        for (const call of HubLock.locksIn(raw, hub)) {
          if (!wanted(call)) continue
          const id = Bytes.toHex(HtlcStorage.lockId(call.parameters))
          const status = await statusAt(client, hub, call.parameters, tip.hash, options)
          if (found.has(id) || !status.ok || status.value === 'none') continue
          const terms = await termsOf(client, hub, call.parameters, tip, options)
          if (terms === undefined) continue
          const lock = lockOf(call.parameters, terms.amount, PolkadotTransaction.id(raw))
          found.set(id, { terms, lock, record: call.record })
        }
    }
    return [...found.values()]
  })
}

async function termsOf(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  tip: Head,
  options?: CallOptions,
): Promise<LockTerms.LockTerms | undefined> {
  const account = async (h160: Bytes.Bytes) =>
    (await originalOf(client, h160, tip, options)) ?? Address.fallback(h160)
  return HubLock.terms(parameters, hub, {
    locker: await account(parameters.locker),
    beneficiary: await account(parameters.beneficiary),
  })
}

/** The account that an address of 20 bytes was mapped to (`Revive.OriginalAccount`). */
export async function originalOf(
  client: Client,
  h160: Bytes.Bytes,
  tip: Head,
  options?: CallOptions,
): Promise<Bytes.Bytes32 | undefined> {
  const key = StorageKey.of('Revive', 'OriginalAccount', h160)
  const account = await Rpc.storage(client.api, key, tip.hash, options)
  if (account !== undefined && account.length !== 32)
    throw Rpc.malformed('state_getStorage', 'an account of 32 bytes', account)
  return account
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

async function contractEvents(
  client: Client,
  hub: Hub,
  block: Hex,
  contract: Bytes.Bytes,
  options?: CallOptions,
): Promise<readonly { readonly event: HubLock.HubEvent; readonly transaction: string }[]> {
  const emitted = (await eventsOf(client, block, options, contract)).filter(
    ({ pallet, name, values: [from] }) =>
      pallet === 'revive' && name === 'ContractEmitted' && from !== undefined && Bytes.equal(from, contract),
  )
  if (emitted.length === 0) return []
  const { extrinsics } = await needBlock(client, block, options)
  return emitted.flatMap(({ extrinsic, values: [, data, topics] }) => {
    const read = Scale.decode(Scale.bytes, data ?? new Uint8Array(0))
    const names = Scale.decode(Scale.list(Scale.fixed(32)), topics ?? new Uint8Array(0))
    const raw = extrinsic === undefined ? undefined : extrinsics[extrinsic]
    if (!read.ok || !names.ok || raw === undefined)
      throw Rpc.malformed('state_getStorage', 'an event of a contract', data)
    const event = HubLock.decodeEvent({ topics: names.value, data: read.value }, hub)
    return event === undefined ? [] : [{ event, transaction: PolkadotTransaction.id(raw) }]
  })
}

/** Claims of a lock that wait in the node's pool; their secrets open the hashlock. */
async function claimsIn(
  client: Client,
  parameters: HtlcStorage.Parameters,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly (Spend & { readonly kind: 'claim' })[]> {
  const waiting = await Rpc.pending(client.api, options)
  return waiting.flatMap((raw) => {
    const spend = spendOf(raw, PolkadotTransaction.id(raw), true, parameters, hashlock)
    return spend?.kind === 'claim' ? [spend] : []
  })
}

function spendOf(
  raw: Bytes.Bytes,
  transaction: string,
  claimed: boolean,
  parameters: HtlcStorage.Parameters,
  hashlock: Bytes.Hash32,
): Spend | undefined {
  if (!claimed) return { kind: 'refund', transaction }
  const secret = HubLock.secretIn(raw, parameters)
  return secret !== undefined && Hashlock.opens(secret, hashlock)
    ? { kind: 'claim', transaction, secret }
    : undefined
}

function recoveryOf(
  client: Client,
  { limits }: Hub,
  parameters: HtlcStorage.Parameters,
  { recovery }: Intent & { readonly kind: 'lock' },
): { readonly tag: Bytes.Bytes; readonly record: Bytes.Bytes } {
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
  let record = Record.seal(recovery, id)
  if (record.length > limits.record && recovery.record?.agreement !== undefined) {
    // What finds the other leg is enough; the agreement is there where it has room.
    const { agreement, ...rest } = recovery.record
    record = Record.seal({ ...recovery, record: rest }, id)
  }
  if (record.length > limits.record)
    throw CoreErrors.InvalidBytes(
      `intent.recovery.record takes ${record.length} bytes, the chain keeps at most ${limits.record}`,
      { argument: 'intent.recovery.record', received: record.length },
    )
  return { tag: Record.tagOf(recovery.seed, index), record }
}

/** The contract in a block; `PolkadotContractMismatch` (3513) where its code isn't the audited one. */
export async function assertCode(
  client: Client,
  hub: Hub,
  at: Hex,
  options?: CallOptions,
): Promise<Contract> {
  const contract = await contractAt(client, hub, at, options)
  const received = contract === undefined ? 'no contract' : Bytes.toHex(contract.codeHash)
  const expected = Bytes.toHex(hub.backend.codeHash)
  if (contract === undefined || received !== expected)
    throw PolkadotErrors.PolkadotContractMismatch(
      `the code at ${hub.backend.address} on ${client.network.id} must have hash ${expected}, got ${received}`,
      { expected, received, address: hub.backend.address },
    )
  return contract
}

export function assertLock(
  parameters: HtlcStorage.Parameters,
  given: Lock,
  argument = 'intent.lock.ref',
): void {
  const expected = Rpc.hex(HtlcStorage.lockId(parameters))
  if (given?.ref !== expected)
    throw CoreErrors.InvalidArgument(
      `${argument} must be ${expected}, the id of the terms, got ${show(given?.ref)}`,
      { argument, expected, received: given?.ref },
    )
}

function lockOf(parameters: HtlcStorage.Parameters, amount: bigint, transaction: string): Lock {
  return { ref: Rpc.hex(HtlcStorage.lockId(parameters)), transaction, amount, match: 'exact' }
}

function unknown(check: string, message: string): { readonly is: 'unknown'; readonly why: Verdict.Refusal } {
  return { is: 'unknown', why: { check, message } }
}
