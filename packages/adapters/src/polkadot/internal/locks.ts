import {
  Bytes,
  type CallOptions,
  type Fact,
  type FoundLock,
  Hashlock,
  isAitbcError,
  type Lock,
  type LockTerms,
  type RecoveredLock,
  type Sighting,
  type Spend,
  type Subject,
  SwapSeed,
  type Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { Scale } from '@aitbc/proofs/substrate'
import { larger } from '../../internal/extremes.js'
import { isTorn } from '../../internal/facts.js'
import type { Look, Seen } from '../../internal/heads.js'
import { indexed } from '../../internal/indexed.js'
import { remember } from '../../internal/memory.js'
import * as Address from '../Address.js'
import * as HubLock from '../HubLock.js'
import * as PolkadotTransaction from '../PolkadotTransaction.js'
import { atTip, type Client, type Head, needBlock, needHeaderAt, ref, timeAt, told } from './client.js'
import { eventsOf } from './events.js'
import {
  assertCode,
  assertLock,
  type Hex,
  type Hub,
  lockOf,
  originalOf,
  slotKey,
  statusAt,
  wordAt,
} from './hub.js'
import * as Record from './record.js'
import * as Rpc from './rpc.js'

/** Blocks that a search goes back where the node has no states so old. */
const MAX_SCAN = 20_000n
/** Blocks that a search asks for at once: one after the other, those of a year would take a week. */
const AT_ONCE = 32

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
    const { id, block } = await locate(client, hub, parameters, 'locked', tip, options)
    return [{ is: 'found', fact: told(client, lockOf(parameters, terms.amount, id), block, tip) }]
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
      const [claim] = await claimsIn(client, parameters, options)
      return claim === undefined
        ? { is: 'absent', fact: told(client, null, ref(tip), tip) }
        : { is: 'found', fact: told<Spend>(client, claim, 'mempool', tip) }
    }
    const found = await locate(client, hub, parameters, status.value, tip, options)
    if (found === undefined)
      return unknown('spend-origin', 'no block shows the secret of the claim, as far as the search goes')
    const { id: transaction, secret, block } = found
    const spend: Spend =
      secret === undefined ? { kind: 'refund', transaction } : { kind: 'claim', transaction, secret }
    return { is: 'found', fact: told(client, spend, block, tip) }
  })
}

/**
 * Locks by hashlock alone, oldest first: from the transactions of all blocks since `deployedAt`, and from what the contract told where the node
 * has that still, each checked against the state now.
 */
export async function discoverLocks(
  client: Client,
  hub: Hub,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly FoundLock[]> {
  Hashlock.assert(hashlock)
  const read = (call: HubLock.LockCall, known?: object) =>
    known === undefined && Bytes.equal(call.parameters.hashlock, hashlock) ? {} : undefined
  // Who locks through another contract shows no call of it in any transaction.
  return search(client, hub, read, options, true)
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
  type Opened = ReturnType<typeof Record.open>
  // Anybody may write the call before its owner, with a record of their own, or without what follows it: only one that opens is a record, and
  // one with the agreement is better.
  const read = ({ parameters, tag, record, whole }: HubLock.LockCall, known: Opened): Opened => {
    if (!tags.has(Bytes.toHex(tag)) || known?.record.agreement !== undefined) return undefined
    const id = HtlcStorage.lockId(parameters)
    return Record.open(seed, id, whole) ?? (known === undefined ? Record.open(seed, id, record) : undefined)
  }
  const found = await search(client, hub, read, options)
  // An initiator's lock has the hashlock of its own secret; anything else was never its.
  return found.filter(
    ({ terms, nonce, record }) =>
      record.role !== 'initiator' || Bytes.equal(options.hashlockOf(nonce), terms.hashlock),
  )
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
  return {
    before: async (first) => {
      const found: Seen[] = []
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
      return found
    },
    inBlocks: async (added) => {
      const found: Seen[] = []
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
      return found
    },
    inMempool: async (standing): Promise<readonly Sighting[]> => {
      const has = (kind: Sighting['kind']) => standing.some(({ what }) => what.kind === kind)
      if (!has('lock') || has('spend')) return []
      const claims = await claimsIn(client, parameters, options)
      return claims.map((spend) => ({ kind: 'spend', lock, spend, block: 'mempool' }))
    },
  }
}

interface Located {
  /** Empty where the block did it by itself, or it isn't known. */
  readonly id: string
  readonly block: Fact.BlockRef
  /** Of a claim. */
  readonly secret?: Bytes.Bytes32
}

/** What was located once, by the lock's id and status: a lock has each once, and its block changes with a reorganisation alone. */
const known = /* @__PURE__ */ new WeakMap<Client, Map<string, Located>>()

/** What brought a lock where it is; as it was found before, where that block still stands. Nothing for a claim of which no block shows the secret. */
async function locate(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  is: 'locked',
  tip: Head,
  options?: CallOptions,
): Promise<Located>
async function locate(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  is: HubLock.HubEvent['is'],
  tip: Head,
  options?: CallOptions,
): Promise<Located | undefined>
async function locate(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  is: HubLock.HubEvent['is'],
  tip: Head,
  options?: CallOptions,
): Promise<Located | undefined> {
  const memory = known.get(client) ?? new Map<string, Located>()
  known.set(client, memory)
  const key = `${Bytes.toHex(HtlcStorage.lockId(parameters))} ${is}`
  const before = memory.get(key)
  if (
    before !== undefined &&
    before.block.height <= tip.height &&
    (await Rpc.blockHash(client.api, before.block.height, options)) === before.block.hash
  )
    return before
  const found = await locateAnew(client, hub, parameters, is, tip, options)
  if (found !== undefined) remember(memory, key, found)
  return found
}

/**
 * What brought a lock where it is, by bisecting its status: the contract's own event, since anybody may lock, claim or refund through another
 * contract, whose transaction shows nothing of it; the transactions themselves where a claim's states are gone. That a lock was made or went back
 * the state of now tells where nothing else does: the newest final block where it is so, else the head.
 */
async function locateAnew(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  is: HubLock.HubEvent['is'],
  tip: Head,
  options?: CallOptions,
): Promise<Located | undefined> {
  const at = async (height: bigint): Promise<boolean> => {
    const header = await needHeaderAt(client, height, options)
    const status = await statusAt(client, hub, parameters, header.hash, options)
    // Before the contract was there, no lock was.
    return status.ok && (is === 'locked' ? status.value !== 'none' : status.value === is)
  }
  const inState = async (): Promise<Located | undefined> => {
    const { finalized } = tip
    if (is === 'claimed') return undefined
    return { id: '', block: finalized && (await at(finalized.height)) ? finalized : ref(tip) }
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
    if (is !== 'claimed') return inState()
    pruned = true
  }
  const last = pruned && high - MAX_SCAN > hub.deployedAt ? high - MAX_SCAN : pruned ? hub.deployedAt : high
  let hasStates = true
  for (let height = high; height >= last && height > 0n; height--) {
    const header = await needHeaderAt(client, height, options)
    if (hasStates)
      try {
        const told = await eventAt(client, hub, parameters, is, header, options)
        if (told !== undefined) return told
      } catch (error) {
        if (!isTorn(error)) throw error
        hasStates = false
      }
    const block = await needBlock(client, header.hash, options)
    const found = await succeeded(client, block, parameters, is, pruned, options)
    if (found !== undefined) return { ...found, block: ref(block) }
  }
  return inState()
}

/** What the contract told of a lock in a block. */
async function eventAt(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  is: HubLock.HubEvent['is'],
  block: Rpc.Header,
  options?: CallOptions,
): Promise<Located | undefined> {
  const id = HtlcStorage.lockId(parameters)
  const contract = Rpc.unhex(hub.backend.address)
  for (const { event, transaction } of await contractEvents(client, hub, block.hash, contract, options)) {
    if (event.is !== is || !Bytes.equal(event.id, id)) continue
    if (event.is !== 'claimed') return { id: transaction, block: ref(block) }
    if (Hashlock.opens(event.secret, parameters.hashlock))
      return { id: transaction, block: ref(block), secret: event.secret }
  }
  return undefined
}

/** The extrinsic of a block that holds a call and succeeded; without the block's state, the first that holds it. */
async function succeeded(
  client: Client,
  block: Rpc.Block,
  parameters: HtlcStorage.Parameters,
  is: HubLock.HubEvent['is'],
  pruned: boolean,
  options?: CallOptions,
): Promise<Omit<Located, 'block'> | undefined> {
  const call =
    is === 'refunded'
      ? HubLock.encodeRefund(parameters)
      : HubLock.encodeLock(parameters, new Uint8Array(32), new Uint8Array(0)).slice(0, HubLock.TERMS_END)
  const holding = block.extrinsics.flatMap((raw, index) => {
    const secret = is === 'claimed' ? HubLock.secretIn(raw, parameters) : undefined
    const holds = is === 'claimed' ? secret !== undefined : HubLock.positions(raw, call).length > 0
    const id = PolkadotTransaction.id(raw)
    return holds ? [{ index, id, ...(secret === undefined ? {} : { secret }) }] : []
  })
  const one = (found: (typeof holding)[number] | undefined) => {
    if (found === undefined) return undefined
    const { index: _, ...rest } = found
    return rest
  }
  if (holding.length < 2 || pruned) return one(holding[0])
  const events = await eventsOf(client, block.hash, options)
  return one(
    holding.find(({ index }) =>
      events.some(
        ({ extrinsic, pallet, name }) =>
          extrinsic === index && pallet === 'system' && name === 'ExtrinsicSuccess',
      ),
    ),
  )
}

/**
 * Locks that transactions since `deployedAt` made, oldest first, as far as the contract has them; with what is read of their calls, or of the
 * contract's events, beside what is known of the same lock, of which those that give `undefined` aren't wanted.
 */
async function search<T extends object>(
  client: Client,
  hub: Hub,
  read: (call: HubLock.LockCall, known: T | undefined) => T | undefined,
  options?: CallOptions,
  withEvents = false,
): Promise<readonly (FoundLock & T)[]> {
  const last = await atTip(client, options, async (tip) => {
    await assertCode(client, hub, tip.hash, options)
    return tip.height
  })
  const calls = new Map<string, Wanted<T>>()
  // Whoever has locked may take its account's mapping back; who signed is known all the same.
  const signers = new Map<string, Bytes.Bytes32>()
  const take = (call: HubLock.LockCall, id: string) => {
    const lock = Bytes.toHex(HtlcStorage.lockId(call.parameters))
    const wanted = read(call, calls.get(lock)?.wanted)
    if (wanted !== undefined) calls.set(lock, { call, id, wanted })
  }
  const first = larger(hub.deployedAt, 1n)
  const contract = Rpc.unhex(hub.backend.address)
  const kept = withEvents ? await keptSince(client, first, last, options) : undefined
  const look = async (height: bigint) => {
    const { hash, extrinsics } = await blockAt(client, height, options)
    if (kept === undefined || height < kept) return { extrinsics, events: [] }
    const events = await indexed(contractEvents(client, hub, hash, contract, options))
    return { extrinsics, events: events ?? [] }
  }
  for (let from = first; from <= last; from += BigInt(AT_ONCE)) {
    const heights = Array.from({ length: AT_ONCE }, (_, index) => from + BigInt(index))
    const there = heights.filter((height) => height <= last)
    for (const { extrinsics, events } of await Promise.all(there.map(look))) {
      for (const raw of extrinsics) {
        const found = HubLock.locksIn(raw, hub)
        if (found.length === 0) continue
        const signer = PolkadotTransaction.signerOf(raw)
        if (signer?.length === 32) signers.set(Bytes.toHex(Address.toH160(signer)), signer)
        const id = PolkadotTransaction.id(raw)
        for (const call of found) take(call, id)
      }
      for (const { event, transaction } of events)
        if (event.is === 'locked') take({ ...event, whole: new Uint8Array(0) }, transaction)
    }
  }
  // As of a head of now: nodes forget states sooner than a search of months ends.
  return atTip(client, options, async (tip) => {
    const contract = await assertCode(client, hub, tip.hash, options)
    // Anybody may write calls by the thousand: each that made no lock costs one question, beside others.
    const check = async ({ call: { parameters }, id, wanted }: Wanted<T>) => {
      const word = await wordAt(client, contract, slotKey(parameters), tip.hash, options)
      const terms = word === 0n ? undefined : await termsOf(client, hub, parameters, signers, tip, options)
      return terms && { terms, lock: lockOf(parameters, terms.amount, id), ...wanted }
    }
    const all = [...calls.values()]
    const found: (FoundLock & T)[] = []
    for (let from = 0; from < all.length; from += AT_ONCE)
      for (const one of await Promise.all(all.slice(from, from + AT_ONCE).map(check)))
        if (one !== undefined) found.push(one)
    return found
  })
}

/** The first height of which the node has the state still: nodes forget the oldest first. */
async function keptSince(
  client: Client,
  first: bigint,
  last: bigint,
  options?: CallOptions,
): Promise<bigint> {
  const isKept = async (height: bigint) => {
    const { hash } = await needHeaderAt(client, height, options)
    return (await indexed(timeAt(client, hash, options))) !== undefined
  }
  if (first >= last || (await isKept(first))) return first
  let low = first
  let high = last
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (await isKept(middle)) high = middle
    else low = middle
  }
  return high
}

/** A call that is wanted, and the transaction that holds it. */
interface Wanted<T> {
  readonly call: HubLock.LockCall
  readonly id: string
  readonly wanted: T
}

/** The block at a height, which must be there. */
async function blockAt(client: Client, height: bigint, options?: CallOptions): Promise<Rpc.Block> {
  const hash = await Rpc.blockHash(client.api, height, options)
  const block = hash && (await needBlock(client, hash, options))
  if (!block || block.height !== height) throw Rpc.malformed('chain_getBlockHash', `block ${height}`, hash)
  return block
}

async function termsOf(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  signers: ReadonlyMap<string, Bytes.Bytes32>,
  tip: Head,
  options?: CallOptions,
): Promise<LockTerms.LockTerms | undefined> {
  const account = async (h160: Bytes.Bytes) =>
    (await originalOf(client, h160, tip, options)) ?? signers.get(Bytes.toHex(h160)) ?? Address.fallback(h160)
  return HubLock.terms(parameters, hub, {
    locker: await account(parameters.locker),
    beneficiary: await account(parameters.beneficiary),
  })
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
    // What a block does by itself may call a contract too.
    const transaction = extrinsic === undefined ? '' : idOf(extrinsics[extrinsic])
    if (!read.ok || !names.ok || transaction === undefined)
      throw Rpc.malformed('state_getStorage', 'an event of a contract', data)
    const event = HubLock.decodeEvent({ topics: names.value, data: read.value }, hub)
    return event === undefined ? [] : [{ event, transaction }]
  })
}

function idOf(raw: Bytes.Bytes | undefined): string | undefined {
  return raw && PolkadotTransaction.id(raw)
}

/** Claims of a lock that wait in the node's pool; their secrets open the hashlock. */
async function claimsIn(
  client: Client,
  parameters: HtlcStorage.Parameters,
  options?: CallOptions,
): Promise<readonly (Spend & { readonly kind: 'claim' })[]> {
  const waiting = await Rpc.pending(client.api, options)
  return waiting.flatMap((raw) => {
    const secret = HubLock.secretIn(raw, parameters)
    return secret === undefined ? [] : [{ kind: 'claim', transaction: PolkadotTransaction.id(raw), secret }]
  })
}

function unknown(check: string, message: string): { readonly is: 'unknown'; readonly why: Verdict.Refusal } {
  return { is: 'unknown', why: { check, message } }
}
