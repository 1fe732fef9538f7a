import {
  type AccountId,
  type Bytes,
  type CallOptions,
  type ChainId,
  type Claim,
  Deadline,
  Fact,
  isAitbcError,
  type Lock,
  type LockTerms,
  type Network,
  type SeedWallet,
  type Signer,
  type Spend,
  type SwapAdapter,
  show,
  type Verifier,
} from '@aitbc/core'
import type { Leg } from './Agreement.js'
import { SwapErrors } from './errors.js'
import { latestBy, leftSince, leftUntil, TOLERANCE } from './internal/left.js'
import type { LockView, SpendView, SwapEvent } from './SwapMachine.js'

/**
 * All that a party brings to one chain: its keys, and how it reads the chain.
 *
 * @example
 * import { createBitcoinAdapter, createCoreBackend, createSeedWallet } from '@aitbc/adapters/bitcoin'
 * import { SwapSeed } from '@aitbc/core'
 * import { bitcoin as network } from '@aitbc/core/networks'
 * import { createHttpRpc, pipe, retry, timeout } from '@aitbc/core/rpc'
 * import { createBitcoinVerifier, Hash256, type HeaderChain } from '@aitbc/proofs/bitcoin'
 * import type { Side } from '@aitbc/swap'
 * // A node, the keys of a seed, and a recent block that this party trusts, from which on headers are judged (`HeaderChain.anchorOf`).
 * function sideOf(url: string, seed: SwapSeed.SwapSeed, anchor: HeaderChain.Anchor): Side.Side {
 *   const rpc = pipe(createHttpRpc({ url, exactNumbers: 'all' }), timeout(10_000), retry())
 *   const verifier = createBitcoinVerifier({ anchor, now: () => BigInt(Math.floor(Date.now() / 1000)) })
 *   if (!verifier.ok) throw new Error(verifier.refusal.message)
 *   const from = { height: anchor.height, hash: Hash256.toDisplay(anchor.hash) }
 *   return {
 *     ...createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) }),
 *     adapter: createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }), anchor: from }),
 *     verifier: verifier.value,
 *     backend: { network: network.id, kind: 'p2tr' },
 *   }
 * }
 */
export interface Side extends SeedWallet {
  readonly adapter: SwapAdapter
  /** Checks the adapter's evidence; without one a fact is known only as the endpoint tells it. */
  readonly verifier?: Verifier
  /** The program that locks of this side's terms use. */
  readonly backend: LockTerms.Backend
  /**
   * Who signs the refund of an own lock with the counterparty before its deadline, for terms that know such a way (`createJointSigner` with
   * `signs: 'refunds'`); it rejects where the counterparty doesn't help (yet), and is asked again at each look.
   */
  together?(terms: LockTerms.LockTerms, nonce: Bytes.Bytes): Extract<Signer, { kind: 'signs' }> | undefined
}

/** Sides by network. */
export type Sides = Readonly<Record<ChainId.ChainId, Side>>

/**
 * The side of a network; `SideMissing` (4009).
 *
 * @example
 * import { isAitbcError } from '@aitbc/core'
 * import { Side } from '@aitbc/swap'
 * let missing: unknown
 * try {
 *   Side.of({}, 'eip155:1')
 * } catch (error) {
 *   missing = isAitbcError(error, 'SideMissing') ? error.context['network'] : undefined
 * }
 * missing // 'eip155:1'
 */
export function of(sides: Sides, network: ChainId.ChainId): Side {
  const side = Object.hasOwn(sides, network) ? sides[network] : undefined
  if (side === undefined) throw SwapErrors.SideMissing(`no side was handed in for ${network}`, { network })
  return side
}

/**
 * The signer of an account in the swap of a nonce (8 bytes); `SignerMissing` (4010).
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import { ethereum as network } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, createWorldWallet } from '@aitbc/devnet/world'
 * import { Side } from '@aitbc/swap'
 * const adapter = createWorldAdapter({ network, endpoint: createWorld({ seed: '1', networks: [network] }).endpoint(network.id) })
 * const walletOf = (fill: number) => createWorldWallet({ network, seed: SwapSeed.forNetwork(new Uint8Array(32).fill(fill), network.id) })
 * const side: Side.Side = { ...walletOf(1), adapter, backend: adapter.backend }
 * Side.signerOf(side, side.funding, new Uint8Array(8)).kind // 'signs'
 * // For anybody else's account there is none: `Side.signerOf(side, walletOf(2).funding, …)` throws `SignerMissing`.
 */
export function signerOf(side: Side, account: AccountId.AccountId, nonce: Bytes.Bytes): Signer {
  const signer = side.signer(account, nonce)
  if (signer === undefined)
    throw SwapErrors.SignerMissing(`no signer was handed in for ${account}`, { account })
  return signer
}

/**
 * Whether a block is irreversible by its network's finality rule.
 *
 * @example
 * import { bitcoin } from '@aitbc/core/networks'
 * import { Side } from '@aitbc/swap'
 * const at = { height: 900_000n, hash: 'aa' }
 * const asOf = { height: 900_004n, hash: 'bb', time: 1_900_000_000n, clock: 1_899_996_400n }
 * // Six confirmations, the block itself counted.
 * Side.isFinal(bitcoin, { at, depth: 5n, asOf }) // false
 * Side.isFinal(bitcoin, { at, depth: 6n, asOf: { ...asOf, height: 900_005n } }) // true
 * Side.isFinal(bitcoin, { at: 'mempool', depth: 0n, asOf }) // false
 */
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

/** Evidence checked before, by lock or spend and block: one proof a block is enough. */
export type Checked = Map<string, Known>

/** How well a lock or a spend is known by its evidence, and which block that proved. */
interface Known {
  readonly assurance: Fact.Assurance
  readonly asOf?: Fact.Tip
}

/**
 * Reads one leg from its chain: every lock of the terms, what spent each, how well both are known, and the chain's own clock. An
 * endpoint that can't tell all, has no evidence of a lock that is to be relied on (`prove`) or contradicts it, or has a skewed clock gives an
 * `unreadable` event: nothing irrevocable follows from it. What it told goes along: a public secret is used and an expired lock refunded all
 * the same. A final spend without evidence is no such doubt: it is told as what it is.
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { ethereum as network } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, createWorldWallet } from '@aitbc/devnet/world'
 * import { Side } from '@aitbc/swap'
 * const adapter = createWorldAdapter({ network, endpoint: createWorld({ seed: '1', networks: [network] }).endpoint(network.id) })
 * const walletOf = (fill: number) => createWorldWallet({ network, seed: SwapSeed.forNetwork(new Uint8Array(32).fill(fill), network.id) })
 * const [alice, bob, nonce, now] = [walletOf(1), walletOf(2), new Uint8Array(8), 1_900_000_000n]
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, backend: adapter.backend, asset: network.native.id, amount: 1000n, salt: new Uint8Array(32) },
 *   ...{ locker: alice.party(nonce), beneficiary: bob.party(nonce), hashlock: Hashlock.of(new Uint8Array(32).fill(7)) },
 *   deadline: { network: network.id, clock: 'unix', value: now + 7200n },
 * }
 * const { event, tip } = await Side.look({ ...bob, adapter, backend: adapter.backend }, 'long', terms, { utc: now })
 * // Alice hasn't locked yet, as far as this endpoint knows.
 * event.is === 'seen' ? event.locks : event // []
 * tip?.height // 0n
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
  const doubts: string[] = skew === undefined ? [] : [skew]
  const locks: LockView[] = []
  const proved: Fact.Tip[] = []
  for (const read of largest(await adapter.findLocks(terms, call), terms)) {
    if (read.is === 'unknown') doubts.push(read.why.message)
    if (read.is !== 'found') continue
    const { view, doubt, asOf } = await lookAt(side, terms, read.fact, options)
    locks.push(view)
    if (asOf !== undefined) proved.push(asOf)
    if (doubt !== undefined) doubts.push(doubt)
  }
  const { id: network, clock, timing } = adapter.network
  const now = Deadline.from({ network, clock, value: tip.clock })
  if (clock === 'height') {
    const newest = side.verifier?.tip?.()
    if (newest !== undefined) proved.push(newest)
    const left = leftSince(adapter, terms.deadline, proved.length > 0 ? proved : [tip], options.utc)
    const early = Deadline.reached(terms.deadline, now) && left.most > 0n && { early: true as const }
    const told = { locks, now, left, ...early }
    return doubts.length === 0
      ? { event: { is: 'seen', leg, ...told }, tip }
      : { event: { is: 'unreadable', leg, why: doubts.join('; '), told }, tip }
  }
  // The least that the clock of a chain that is up to date shows.
  const least = (options.utc ?? 0n) - timing.standard.lag
  const behind = least - tip.clock
  const { value } = terms.deadline
  const early = options.utc !== undefined && tip.clock >= value && least < value && { early: true as const }
  const left =
    adapter.profile.early === undefined ? {} : { left: leftUntil(adapter, terms.deadline, tip.clock) }
  return doubts.length === 0
    ? { event: { is: 'seen', leg, locks, now, ...left, ...early, ...(behind > 0n ? { behind } : {}) }, tip }
    : {
        event: { is: 'unreadable', leg, why: doubts.join('; '), told: { locks, now, ...left, ...early } },
        tip,
      }
}

/** Most locks of less than the agreed amount that are looked at. */
const MAX_LOCKS = 64

/**
 * Anybody may pay any number of small locks into a script, and each is a question about its end: the largest ones alone are looked at. Others
 * cost whoever makes them as much as the agreed one, and an endpoint that makes them up takes no other's place (H29).
 */
function largest(
  reads: readonly Fact.Read<Lock>[],
  { amount }: LockTerms.LockTerms,
): readonly Fact.Read<Lock>[] {
  if (reads.length <= MAX_LOCKS) return reads
  const isSmall = (read: Fact.Read<Lock>) => read.is === 'found' && read.fact.value.amount < amount
  const small = reads.flatMap((read) => (read.is === 'found' && isSmall(read) ? [read] : []))
  small.sort((a, b) => (a.fact.value.amount < b.fact.value.amount ? 1 : -1))
  return [...reads.filter((read) => !isSmall(read)), ...small.slice(0, MAX_LOCKS)]
}

async function lookAt(
  side: Side,
  terms: LockTerms.LockTerms,
  fact: Fact.Fact<Lock>,
  options: CallOptions & { readonly checked?: Checked; readonly prove?: boolean },
): Promise<{ readonly view: LockView; readonly doubt?: string; readonly asOf?: Fact.Tip }> {
  const { adapter } = side
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const lock = fact.value
  const final = isFinal(adapter.network, fact)
  const firm = adapter.network.finality.rule === 'depth' ? {} : { firm: true as const }
  const view: LockView = { lock, depth: fact.depth, final, ...firm, assurance: Fact.assuranceOf(fact) }
  const read = await adapter.findSpend(terms, lock, call)
  if (read.is === 'unknown') return { view, doubt: read.why.message }
  if (read.is === 'found') {
    const { spend, asOf } = await spendOf(side, terms, lock, read.fact, options)
    return { view: { ...view, spend }, ...(asOf === undefined ? {} : { asOf }) }
  }
  if (!options.prove || side.verifier === undefined || !final || lock.match !== 'exact') return { view }
  const proven = await proofOf(side, side.verifier, { kind: 'lock', terms, lock }, fact, options)
  if ('doubt' in proven) return { view: { ...view, assurance: 'reported' }, doubt: proven.doubt }
  const { assurance, asOf } = proven
  return { view: { ...view, assurance }, ...(asOf === undefined ? {} : { asOf }) }
}

/** What spends a lock, and how well that is known: once it is final, by its evidence. Refunds of dust end nothing. */
async function spendOf(
  side: Side,
  terms: LockTerms.LockTerms,
  lock: Lock,
  fact: Fact.Fact<Spend>,
  options: CallOptions & { readonly checked?: Checked },
): Promise<{ readonly spend: SpendView; readonly asOf?: Fact.Tip }> {
  const { value: spend, depth } = fact
  const final = isFinal(side.adapter.network, fact)
  const view: SpendView = { spend, depth, final, assurance: Fact.assuranceOf(fact) }
  const counts = lock.amount >= terms.amount || spend.kind === 'claim'
  if (side.verifier === undefined || !final || !counts || view.assurance === 'proved') return { spend: view }
  const proven = await proofOf(side, side.verifier, { kind: 'spend', terms, lock, spend }, fact, options)
  if ('doubt' in proven) return { spend: { ...view, doubt: proven.doubt } }
  const assurance = Fact.atLeast(proven.assurance, view.assurance) ? proven.assurance : view.assurance
  return { spend: { ...view, assurance }, ...(proven.asOf === undefined ? {} : { asOf: proven.asOf }) }
}

/** How well a lock or a spend is known by its evidence; a proof that can't be had is a doubt, no failure. */
async function proofOf(
  side: Side,
  verifier: Verifier,
  claim: Claim,
  fact: Fact.Fact<Lock | Spend>,
  options: CallOptions & { readonly checked?: Checked },
): Promise<Known | { readonly doubt: string }> {
  const key = keyOf(claim, fact.at)
  const known = options.checked?.get(key)
  if (known !== undefined) return known
  let evidence: Fact.Evidence
  try {
    evidence = await side.adapter.prove(claim, options.signal === undefined ? {} : { signal: options.signal })
  } catch (error) {
    options.signal?.throwIfAborted()
    if (claim.kind === 'lock' && !isAitbcError(error)) throw error
    return { doubt: `no evidence: ${error instanceof Error ? error.message : show(error)}` }
  }
  const verdict = verifier.verify(claim, evidence)
  if (!verdict.ok)
    return { doubt: `evidence refused by ${verdict.refusal.check}: ${verdict.refusal.message}` }
  const proven = verdict.value
  const other = otherOf(claim, proven.value)
  if (other !== undefined) return { doubt: `evidence is for ${other}` }
  if (!isFinal(side.adapter.network, proven)) return { assurance: Fact.assuranceOf(fact) }
  const checked = { assurance: Fact.assuranceOf(proven), asOf: proven.asOf }
  options.checked?.set(key, checked)
  return checked
}

function keyOf(claim: Claim, at: Fact.BlockRef | 'mempool'): string {
  const block = at === 'mempool' ? '' : at.hash
  return claim.kind === 'lock'
    ? `${claim.lock.ref}@${block}`
    : `${claim.lock.ref}@${block}/${claim.spend.kind}/${claim.spend.transaction}`
}

/** What evidence is for, where that isn't what was told. */
function otherOf(claim: Claim, value: Lock | Spend): string | undefined {
  if (claim.kind === 'lock') {
    const { ref, amount, match } = value as Lock
    return ref !== claim.lock.ref || amount !== claim.lock.amount || match !== 'exact'
      ? `${amount} (${match}) at ${ref}, the endpoint told ${claim.lock.amount} at ${claim.lock.ref}`
      : undefined
  }
  const { kind } = value as Spend
  return kind === claim.spend.kind ? undefined : `a ${kind}, the endpoint told a ${claim.spend.kind}`
}

function skewOf(network: Network, tip: Fact.Tip, utc: bigint): string | undefined {
  const { lag } = network.timing.conservative
  // A height tells no time; the block that has it does.
  const clock = network.clock === 'height' ? tip.time : tip.clock
  if (clock > latestBy(network, utc))
    return `the clock of ${network.id} is ${clock - utc} s ahead of this machine's`
  if (clock < utc - lag - TOLERANCE)
    return `the clock of ${network.id} is ${utc - clock} s behind this machine's`
  return undefined
}
