import {
  type AccountId,
  type Bytes,
  type CallOptions,
  type ChainId,
  Deadline,
  Fact,
  type Lock,
  type LockTerms,
  type Network,
  type Signer,
  type SwapAdapter,
  type Verifier,
} from '@aitbc/core'
import type { Leg } from './Agreement.js'
import { SwapErrors } from './errors.js'
import type { LockView, SwapEvent } from './SwapMachine.js'

/** All that a party brings to one chain. */
export interface Side {
  readonly adapter: SwapAdapter
  /** Checks the adapter's evidence; without one a fact is known only as the endpoint tells it. */
  readonly verifier?: Verifier
  /** The program that locks of this side's terms use. */
  readonly backend: LockTerms.Backend
  /** The party that this side is in a swap of this nonce: its account, its key where scripts need one, its payout. */
  party(nonce: Bytes.Bytes): LockTerms.Party
  /** Who signs for an account in a swap of this nonce. */
  signer(account: AccountId.AccountId, nonce: Bytes.Bytes): Signer | undefined
  /** The account that funds locks; the party's account unless told. */
  readonly funding?: AccountId.AccountId
}

/** Sides by network. */
export type Sides = Readonly<Record<ChainId.ChainId, Side>>

/** The side of a network; `SideMissing` (4009). */
export function of(sides: Sides, network: ChainId.ChainId): Side {
  const side = Object.hasOwn(sides, network) ? sides[network] : undefined
  if (side === undefined) throw SwapErrors.SideMissing(`no side was handed in for ${network}`, { network })
  return side
}

/** The signer of an account; `SignerMissing` (4010). */
export function signerOf(side: Side, account: AccountId.AccountId, nonce: Bytes.Bytes): Signer {
  const signer = side.signer(account, nonce)
  if (signer === undefined)
    throw SwapErrors.SignerMissing(`no signer was handed in for ${account}`, { account })
  return signer
}

/** Whether a block is irreversible by its network's finality rule. */
export function isFinal(network: Network, fact: Pick<Fact.Fact<unknown>, 'at' | 'depth' | 'asOf'>): boolean {
  if (fact.at === 'mempool' || fact.depth === 0n) return false
  switch (network.finality.rule) {
    case 'instant':
      return true
    case 'depth':
      return fact.depth >= network.finality.depth
    case 'tag':
      return fact.asOf.finalized !== undefined && fact.at.height <= fact.asOf.finalized.height
  }
}

/** Evidence checked before, by lock and block: one proof a block is enough. */
export type Checked = Map<string, Fact.Assurance>

/**
 * Reads one leg from its chain: every lock of the terms, what spent each, how well it is known, and the chain's own clock. An
 * endpoint that can't be read, contradicts its own evidence or has a skewed clock gives an `unreadable` event: nothing
 * irrevocable follows from it.
 */
export async function look(
  side: Side,
  leg: Leg,
  terms: LockTerms.LockTerms,
  options: CallOptions & { readonly utc?: bigint; readonly checked?: Checked; readonly prove?: boolean } = {},
): Promise<{ readonly event: SwapEvent; readonly tip?: Fact.Tip }> {
  const { adapter } = side
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const tip = (await adapter.tip(call)).value
  const skew = options.utc === undefined ? undefined : skewOf(adapter.network, tip, options.utc)
  if (skew !== undefined) return { event: { is: 'unreadable', leg, why: skew }, tip }
  const locks: LockView[] = []
  for (const read of await adapter.findLocks(terms, call)) {
    if (read.is === 'unknown') return { event: { is: 'unreadable', leg, why: read.why.message }, tip }
    if (read.is === 'absent') continue
    const view = await lookAt(side, terms, read.fact, options)
    if (typeof view === 'string') return { event: { is: 'unreadable', leg, why: view }, tip }
    locks.push(view)
  }
  const now = Deadline.from({ network: adapter.network.id, clock: adapter.network.clock, value: tip.clock })
  return { event: { is: 'seen', leg, locks, now }, tip }
}

async function lookAt(
  side: Side,
  terms: LockTerms.LockTerms,
  fact: Fact.Fact<Lock>,
  options: CallOptions & { readonly checked?: Checked; readonly prove?: boolean },
): Promise<LockView | string> {
  const { adapter, verifier } = side
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const lock = fact.value
  const final = isFinal(adapter.network, fact)
  let assurance = Fact.assuranceOf(fact)
  const read = await adapter.findSpend(terms, lock, call)
  if (read.is === 'unknown') return read.why.message
  const spend =
    read.is === 'absent'
      ? undefined
      : { spend: read.fact.value, depth: read.fact.depth, final: isFinal(adapter.network, read.fact) }
  if (options.prove && verifier !== undefined && final && spend === undefined && lock.match === 'exact') {
    const at = fact.at === 'mempool' ? '' : fact.at.hash
    const known = options.checked?.get(`${lock.ref}@${at}`)
    if (known === undefined) {
      const claim = { kind: 'lock', terms, lock } as const
      const verdict = verifier.verify(claim, await adapter.prove(claim, call))
      if (!verdict.ok) return `evidence refused by ${verdict.refusal.check}: ${verdict.refusal.message}`
      const proven = verdict.value
      if (proven.value.amount !== lock.amount || proven.value.match !== 'exact')
        return `evidence is for ${proven.value.amount} (${proven.value.match}), the endpoint told ${lock.amount}`
      assurance = isFinal(adapter.network, proven) ? Fact.assuranceOf(proven) : assurance
      options.checked?.set(`${lock.ref}@${at}`, assurance)
    } else assurance = known
  }
  return { lock, depth: fact.depth, final, assurance, ...(spend === undefined ? {} : { spend }) }
}

/** Ten minutes beyond what the chain's clock may lead or lag: the machine's clock or the endpoint is wrong (H25). */
const TOLERANCE = 600n

function skewOf(network: Network, tip: Fact.Tip, utc: bigint): string | undefined {
  if (network.clock === 'height') return undefined
  const { lead, lag, outage } = network.timing.conservative
  if (tip.clock > utc + lead + TOLERANCE)
    return `the clock of ${network.id} is ${tip.clock - utc} s ahead of this machine's`
  if (tip.clock < utc - lag - outage - TOLERANCE)
    return `the clock of ${network.id} is ${utc - tip.clock} s behind this machine's`
  return undefined
}
