import {
  Bytes,
  type CallOptions,
  Fact,
  isAitbcError,
  type Lock,
  type LockTerms,
  type Match,
  type RecoveredLock,
  type Spend,
  SwapSeed,
} from '@aitbc/core'
import { HtlcScript } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import { assertShare, beaconAccount, partyAccount, shareId } from '../keys.js'
import type { Context } from './context.js'
import * as KeyPath from './keyPath.js'
import { madeBy } from './made.js'
import { prove } from './prove.js'
import { inputOf, type Located } from './reader.js'
import * as Record from './record.js'
import { parseRef } from './ref.js'
import * as Terms from './terms.js'

/** Beacons in a row without any record after which a recovery stops looking. */
export const BEACON_GAP = 20

/** A lock and where it is. */
export interface Placed {
  readonly lock: Lock
  readonly located: Located
}

/** All outputs to the script of these terms, in the order of the chain, the mempool's last. */
export async function placedLocks(
  context: Context,
  checked: Terms.Checked,
  tip: Fact.Tip,
  options: CallOptions,
): Promise<readonly Placed[]> {
  const { terms, htlc } = checked
  const placed: Placed[] = []
  let exact = false
  for (const located of await context.reader.history([htlc.scriptPubKey], options))
    for (const [index, { amount, script }] of located.transaction.outputs.entries()) {
      if (!Bytes.equal(script, htlc.scriptPubKey)) continue
      const clock =
        located.at === 'mempool' ? tip.clock : await context.reader.medianTime(located.at.hash, options)
      let match: Match =
        amount < terms.amount
          ? 'under'
          : amount > terms.amount
            ? 'over'
            : clock >= terms.deadline.value
              ? 'late'
              : 'exact'
      if (match === 'exact' && exact) match = 'duplicate'
      exact ||= match === 'exact'
      placed.push({
        located,
        lock: { ref: `${located.txid}:${index}`, transaction: located.txid, amount, match },
      })
    }
  return placed
}

export async function findLocks(
  context: Context,
  terms: LockTerms.LockTerms,
  options: CallOptions = {},
): Promise<readonly Fact.Read<Lock>[]> {
  const checked = Terms.check(context.network, terms)
  const placed = await placedLocks(context, checked, await context.reader.tip(options), options)
  // As of a tip that is no older than what was seen.
  const tip = await context.reader.tip(options)
  if (placed.length === 0) return [absent(context, tip)]
  const reads: Fact.Read<Lock>[] = []
  for (const { lock, located } of placed) {
    const proved = await verified(context, { kind: 'lock', terms, lock }, located, options)
    reads.push({ is: 'found', fact: proved ?? told(context, lock, located.at, tip) })
  }
  return reads
}

export async function findSpend(
  context: Context,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options: CallOptions = {},
): Promise<Fact.Read<Spend>> {
  const checked = Terms.check(context.network, terms)
  const found = await spendOf(context, checked, lock, options)
  const tip = await context.reader.tip(options)
  if (found === undefined) return absent(context, tip)
  const { spend, located } = found
  if (spend === undefined)
    return {
      is: 'unknown',
      why: {
        check: 'spend-witness',
        message: `${located.txid} spends the lock by neither claim nor refund`,
      },
    }
  const proved = await verified(context, { kind: 'spend', terms, lock, spend }, located, options)
  return { is: 'found', fact: proved ?? told(context, spend, located.at, tip) }
}

/** What spends a lock; `spend` is absent where its witness makes no sense. */
export async function spendOf(
  context: Context,
  checked: Terms.Checked,
  lock: Lock,
  options: CallOptions,
): Promise<{ readonly spend: Spend | undefined; readonly located: Located } | undefined> {
  const outpoint = parseRef(lock?.ref)
  const located = await context.reader.spender(outpoint, checked.htlc.scriptPubKey, options)
  const found = located && inputOf(located.transaction, outpoint)
  if (located === undefined || found === undefined) return undefined
  const read = HtlcScript.read(checked.htlc, located.transaction, found.index)
  const transaction = located.txid
  if (read.is === 'foreign') return { located, spend: undefined }
  // What only both parties together can sign, no endpoint can invent (H29).
  if (found.input.witness.length === 1 && !KeyPath.isSigned(checked.htlc, located.raw, lock.amount))
    return { located, spend: undefined }
  if (read.is === 'refund') return { located, spend: { kind: 'refund', transaction } }
  const { secret } = read
  return { located, spend: { kind: 'claim', transaction, ...(secret === undefined ? {} : { secret }) } }
}

/**
 * Walks the seed's beacons: each transaction that pays to one may be a lock of the owner's, whose record stands beside it. What a record
 * says counts where the script rebuilt from it is that of the transaction's first output; so nobody else can plant one.
 */
export async function recoverLocks(
  context: Context,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions & { readonly hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32 },
): Promise<readonly RecoveredLock[]> {
  const { network, reader } = context
  assertShare(network, seed)
  const recovered: RecoveredLock[] = []
  const seen = new Set<string>()
  await walkBeacons(context, seed, options, async (located) => {
    if (seen.has(located.txid)) return
    seen.add(located.txid)
    const rebuilt = rebuild(context, seed, located, options.hashlockOf)
    if (rebuilt === undefined) return
    const tip = await reader.tip(options)
    const placed = await placedLocks(context, rebuilt.checked, tip, options)
    const { terms } = rebuilt.checked
    const ref = `${located.txid}:0`
    // It was shown: of two questions another node may answer the second, and lag behind.
    const lock: Lock = placed.find((one) => one.lock.ref === ref)?.lock ?? {
      ...{ ref, transaction: located.txid, amount: terms.amount, match: 'exact' },
    }
    const { nonce, record } = rebuilt.read
    const signed = await madeBy(context, located, options)
    const made = signed === undefined ? {} : { signed }
    recovered.push({ terms, lock, nonce, record, ...made })
  })
  return recovered
}

/** Where the walk ended, by seed: the next look begins there. */
const nexts = /* @__PURE__ */ new WeakMap<Context, Map<string, number>>()

/**
 * Where the next lock's record goes: the least index that nothing touches, within reach of a recovery, which passes over a gap alone. What
 * waits may be dropped, so where a whole gap waits, or an endpoint says so, a beacon is used again.
 */
export async function nextBeaconIndex(
  context: Context,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions = {},
): Promise<number> {
  const { network, reader } = context
  assertShare(network, seed)
  const known = nexts.get(context) ?? new Map<string, number>()
  nexts.set(context, known)
  const key = shareId(seed)
  let least = known.get(key) ?? (await walkBeacons(context, seed, options, async () => undefined))
  for (let next = least; next < least + BEACON_GAP; next++) {
    const { script } = beaconAccount(network, seed, next)
    const found = await reader.history([script], options)
    if (found.some((one) => isPaid(one, script))) least = next + 1
    known.set(key, least)
    if (found.length === 0) return next
  }
  return least
}

/** Whether a transaction in a block pays to a script. */
function isPaid({ at, transaction }: Located, script: Bytes.Bytes): boolean {
  return at !== 'mempool' && transaction.outputs.some((output) => Bytes.equal(output.script, script))
}

/** Visits what touches the seed's beacons until a whole gap of them was paid in no block; gives the index after the last that was. */
async function walkBeacons(
  context: Context,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions,
  visit: (located: Located) => Promise<void>,
): Promise<number> {
  const { network, reader } = context
  let next = 0
  for (let start = 0; start < next + BEACON_GAP; start += BEACON_GAP) {
    const scripts = Array.from(
      { length: BEACON_GAP },
      (_, i) => beaconAccount(network, seed, start + i).script,
    )
    for (const located of await reader.history(scripts, options)) {
      for (const [i, script] of scripts.entries())
        if (isPaid(located, script)) next = Math.max(next, start + i + 1)
      await visit(located)
    }
  }
  return next
}

function rebuild(
  context: Context,
  seed: SwapSeed.NetworkSeed,
  located: Located,
  hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32,
): { readonly checked: Terms.Checked; readonly read: Record.Read } | undefined {
  const { network } = context
  const [first, second] = located.transaction.outputs
  const read = second && Record.read(seed, second.script, first?.amount ?? 0n)
  if (first === undefined || read === undefined) return undefined
  const hashlock = read.hashlock ?? hashlockOf(read.nonce)
  try {
    const peer = Account.ofKey(network, read.beneficiaryKey)
    const checked = Terms.check(network, {
      version: 1,
      backend: { network: network.id, kind: read.kind },
      asset: network.native.id,
      amount: first.amount,
      hashlock,
      locker: partyAccount(network, seed, read.nonce).party,
      beneficiary: { account: peer, publicKey: read.beneficiaryKey, payout: peer },
      deadline: { network: network.id, clock: network.clock, value: read.deadline },
      salt: SwapSeed.derive(seed, 'salt', read.nonce),
    })
    return Bytes.equal(checked.htlc.scriptPubKey, first.script) ? { checked, read } : undefined
  } catch (error) {
    // What a stranger wrote there decrypts to nonsense.
    if (isAitbcError(error)) return undefined
    throw error
  }
}

/** A told fact of this endpoint. */
export function told<T>(
  context: Context,
  value: T,
  at: Fact.BlockRef | 'mempool',
  tip: Fact.Tip,
): Fact.Told<T> {
  return Fact.told(value, at, tip, context.backend.assurance)
}

function absent(context: Context, tip: Fact.Tip): Fact.Read<never> {
  return { is: 'absent', fact: told(context, null, tip, tip) }
}

/** The fact as the caller's verifier sees it, where there is one and it can tell: what can't be proved is told, secrets above all. */
async function verified<C extends Parameters<typeof prove>[1]>(
  context: Context,
  claim: C,
  located: Located,
  options: CallOptions,
) {
  if (context.verifier === undefined || located.at === 'mempool') return undefined
  try {
    const verdict = context.verifier.verify(claim, await prove(context, claim, options))
    return verdict.ok ? verdict.value : undefined
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}
