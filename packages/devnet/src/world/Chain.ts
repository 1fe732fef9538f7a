// A chain that lives: blocks, branches, a mempool, a fee market, and whoever listens. Nothing here draws or waits: whoever holds the
// chain says when a block comes and what is in it.
import type { Network } from '@aitbc/core'
import { digest } from './digest.js'
import type { Contest, Family, Refusal } from './Family.js'
import * as Ledger from './Ledger.js'

/** A block, or a run of `span` blocks of which only the last may hold transactions. */
export interface Block {
  readonly height: bigint
  readonly hash: string
  /** Its own timestamp, unix seconds. */
  readonly time: bigint
  /** What locks compare with. */
  readonly clock: bigint
  readonly span: bigint
  readonly txs: readonly Ledger.Tx[]
  readonly ledger: Ledger.Ledger
  /** The longer run that a reorganisation left this one of: its blocks are the same. */
  readonly of?: Block
}

/** A block without what is in it. */
export type Header = Pick<Block, 'height' | 'hash' | 'time' | 'clock'>

/** A transaction that a mempool holds. */
export interface Waiting {
  readonly tx: Ledger.Tx
  /** When it came, by the time of whoever holds the chain. */
  readonly since: bigint
  /** Given to a miner and to nobody else. */
  readonly hidden: boolean
}

/** What an endpoint shows of a chain: the truth, or what a liar makes of it. */
export interface View {
  readonly blocks: readonly Block[]
  readonly mempool: readonly Waiting[]
  readonly finalized: bigint
  readonly floor: bigint
}

/** A chain of a world, which changes as blocks come and go; read it, and move it by `World` or by the functions here. */
export interface Chain {
  readonly network: Network
  readonly family: Family
  /** From the first block to the head, oldest first; never empty. */
  blocks: Block[]
  mempool: Waiting[]
  /** Every id that was ever broadcast. */
  readonly known: Set<string>
  /** Height up to which blocks are irreversible, by the network's rule. */
  finalized: bigint
  /** Least rate that a block takes now, and where the market drives it. */
  floor: bigint
  demand: bigint
  /** Blocks that finality is behind, where it is a tag. */
  lag: bigint
  /** UTC, unix seconds: what entries of the mempool are dated with. */
  now: bigint
  branches: number
  readonly listeners: Set<() => void>
  /** Nobody is told of anything until this is over. */
  quiet: boolean
}

/** Most descendants and ancestors of what waits, itself included (Bitcoin Core's default). */
const LONGEST = 25
/** Most transactions that a replacement evicts (BIP-125, rule 5). */
const EVICTIONS = 100

/**
 * A chain with one block, at a time (unix seconds), and what is handed out in it by keys of `Ledger.balanceKey`, base units. `createWorld` makes
 * one for each of its networks.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, families, Ledger } from '@aitbc/devnet/world'
 * const alice = `0x${'a1'.repeat(20)}`
 * const chain = Chain.create(ethereum, families.evm, 1_900_000_000n, { [alice]: 10n ** 18n })
 * Ledger.balance(Chain.tip(chain).ledger, 'accounts', alice) // 1000000000000000000n
 */
export function create(
  network: Network,
  family: Family,
  time: bigint,
  funds: Readonly<Record<string, bigint>> = {},
): Chain {
  const ledger = Ledger.empty()
  for (const [key, amount] of Object.entries(funds)) grant(ledger, family.kind, key, amount)
  const floor = family.calm(network)
  const first: Block = {
    ...{ height: 0n, hash: digest(`${network.id}/0`), time, clock: time, span: 1n },
    ...{ txs: [], ledger },
  }
  return {
    network,
    family,
    blocks: [first],
    mempool: [],
    known: new Set(),
    finalized: 0n,
    floor,
    demand: floor,
    lag: family.lag,
    now: time,
    branches: 0,
    listeners: new Set(),
    quiet: false,
  }
}

/**
 * The same chain once more, which nobody has listened to so far: what becomes of one of the two changes nothing of the other.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const before = world.chain(ethereum.id)
 * // What would the next block be like?
 * const next = Chain.mine(Chain.copy(before))
 * next.height // 1n
 * Chain.tip(before).height // 0n
 */
export function copy(of: Chain): Chain {
  return {
    ...of,
    blocks: [...of.blocks],
    mempool: [...of.mempool],
    known: new Set(of.known),
    listeners: new Set(),
  }
}

/**
 * The newest block.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * world.mine(ethereum.id, 3)
 * Chain.tip(world.chain(ethereum.id)).height // 3n
 */
export function tip(of: Pick<View, 'blocks'>): Block {
  return of.blocks[of.blocks.length - 1] as Block
}

/**
 * The block of a height, one within a run too; `undefined` below the first one and beyond the head.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const chain = world.chain(ethereum.id)
 * // Ten blocks at once: between them time goes evenly.
 * Chain.mine(chain, { span: 10n })
 * Chain.at(chain, 5n)?.time // 1900000060n
 * Chain.at(chain, 11n) // undefined
 */
export function at(of: Pick<View, 'blocks'>, height: bigint): Header | undefined {
  const { blocks } = of
  if (height < 0n || height > tip(of).height) return undefined
  let low = 0
  let high = blocks.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((blocks[middle] as Block).height < height) low = middle + 1
    else high = middle
  }
  const block = blocks[low] as Block
  if (block.height === height) return block
  const before = blocks[low - 1] as Block
  const run = block.of ?? block
  const done = height - before.height
  const along = (from: bigint, to: bigint) => from + ((to - from) * done) / run.span
  return {
    height,
    hash: hashWithin(run, height),
    time: along(before.time, run.time),
    clock: along(before.clock, run.clock),
  }
}

/** The hash of a block within a run: the run's, and which one it is. */
function hashWithin(run: Block, height: bigint): string {
  return `${run.hash.slice(0, 48)}${height.toString(16).padStart(16, '0')}`
}

/**
 * The ledger as a block of the branch left it; beyond the head, as the head did.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld, Ledger } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const alice = `0x${'a1'.repeat(20)}`
 * world.fund(`${ethereum.id}:${alice}`, 10n ** 18n)
 * const chain = world.chain(ethereum.id)
 * Ledger.balance(Chain.ledgerAt(chain, 0n), 'accounts', alice) // 0n
 * Ledger.balance(Chain.ledgerAt(chain, 1n), 'accounts', alice) // 1000000000000000000n
 */
export function ledgerAt(of: Pick<View, 'blocks'>, height: bigint): Ledger.Ledger {
  const { blocks } = of
  let found = blocks[0] as Block
  for (const block of blocks) {
    if (block.height > height) break
    found = block
  }
  return found.ledger
}

/**
 * Hands out base units at a key of `Ledger.balanceKey`, out of nothing, in a ledger that is being built; on a chain that lives `World.fund`, and
 * `grants` of {@link mine}, do so.
 *
 * @example
 * import { Chain, Ledger } from '@aitbc/devnet/world'
 * const ledger = Ledger.empty()
 * Chain.grant(ledger, 'coins', 'alice', 5n)
 * Ledger.balance(ledger, 'coins', 'alice') // 5n
 * // Of the native coin it counts as handed out.
 * ledger.minted // 5n
 */
export function grant(ledger: Ledger.Ledger, kind: Ledger.Kind, key: string, amount: bigint): void {
  if (!key.includes(' ')) ledger.minted += amount
  if (kind === 'accounts') ledger.balances.set(key, (ledger.balances.get(key) ?? 0n) + amount)
  else
    ledger.coins.set(`${digest(`grant/${key}/${ledger.coins.size}/${ledger.minted}`)}:0`, {
      address: key,
      amount,
    })
}

/** What the next block is like. */
export interface MineOptions {
  /** The block's own timestamp; the network's block time after the one before unless told. */
  readonly time?: bigint
  /** What miners leave out, as long as this says so. */
  readonly without?: (waiting: Waiting) => boolean
  /** What miners put before everything else, whatever it pays. */
  readonly first?: (waiting: Waiting) => boolean
  /** Blocks to add at once, of which the last one holds what waits; 1 unless told. */
  readonly span?: bigint
  /** Base units to hand out in it, by keys of `Ledger.balanceKey`. */
  readonly grants?: Readonly<Record<string, bigint>>
}

/**
 * The next block, with all that waits, pays and isn't left out.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const chain = world.chain(ethereum.id)
 * // Miners who leave out what pays well.
 * Chain.mine(chain, { without: ({ tx }) => tx.rate > 10n ** 9n })
 * Chain.tip(chain).height // 1n
 */
export function mine(chain: Chain, options: MineOptions = {}): Block {
  const { family, network } = chain
  const { span = 1n, without = () => false, first = () => false, grants } = options
  const before = tip(chain)
  const height = before.height + span
  const step = (network.blockTimeMs * span) / 1000n
  const wanted = options.time ?? before.time + (step > 1n ? step : 1n)
  // Times go up everywhere but on Bitcoin, where the median does.
  const time = family.median || wanted > before.time ? wanted : before.time + (family.counted ? 1n : 0n)
  chain.floor = family.drift(chain.floor, chain.demand, span)
  const place: Ledger.Place = {
    height,
    clock: family.median ? before.clock : time,
  }
  let ledger = before.ledger
  const build = () => {
    if (ledger === before.ledger) ledger = Ledger.copy(before.ledger)
    return ledger
  }
  for (const [key, amount] of Object.entries(grants ?? {})) grant(build(), family.kind, key, amount)
  const txs: Ledger.Tx[] = []
  const rateOf = packages(chain)
  let left = chain.mempool
    .filter((w) => first(w) || (!without(w) && rateOf(w.tx) >= chain.floor))
    .sort((a, b) => Number(first(b)) - Number(first(a)) || compare(rateOf(b.tx), rateOf(a.tx)))
  while (left.length > 0) {
    const rest: Waiting[] = []
    for (const w of left) {
      const price = family.baseFee ? priceOf(chain, w.tx) : undefined
      const result = Ledger.apply(
        build(),
        family.kind,
        w.tx,
        price === undefined ? place : { ...place, price },
      )
      if (result === 'never') rest.push(w)
      else txs.push(w.tx)
    }
    if (rest.length === left.length) break
    left = rest
  }
  const hash = digest(`${before.hash}/${chain.branches}/${height}/${time}/${txs.map((tx) => tx.id).join()}`)
  const block: Block = { height, hash, time, clock: time, span, txs, ledger }
  chain.blocks.push(family.median ? { ...block, clock: medianOf(chain, block) } : block)
  settleFinality(chain)
  purge(chain)
  tell(chain)
  return tip(chain)
}

/** On chains with a base fee, what is charged: the block's price, and an eighth on top for whoever builds it. */
function priceOf(chain: Chain, tx: Ledger.Tx): bigint {
  return chain.family.feeOf(chain.floor + chain.floor / 8n, tx.size)
}

/** The median of the last eleven times (BIP-113), that of a block which is about to be added included. */
function medianOf(chain: Chain, block: Block): bigint {
  const before = tip(chain)
  const times = [block.time]
  // Within the new run of blocks times go up evenly.
  for (let back = 1n; back < block.span && times.length < 11; back++)
    times.push(block.time - ((block.time - before.time) * back) / block.span)
  for (let height = before.height; height >= 0n && times.length < 11; height--)
    times.push((at(chain, height) as Header).time)
  times.sort(compare)
  return times[times.length >> 1] as bigint
}

/** A child's fee counts for its parents where coins are spent (CPFP). */
function packages(chain: Chain): (tx: Ledger.Tx) => bigint {
  if (chain.family.kind === 'accounts') return ({ rate }) => rate
  const rates = new Map<string, bigint>()
  for (const { tx } of chain.mempool) {
    const all = [tx, ...ancestors(chain, tx)]
    const rate = min(
      tx.rate,
      (all.reduce((sum, { fee }) => sum + fee, 0n) * 1000n) / all.reduce((sum, { size }) => sum + size, 0n),
    )
    for (const { id } of all) if ((rates.get(id) ?? -1n) < rate) rates.set(id, rate)
  }
  return (tx) => rates.get(tx.id) ?? tx.rate
}

function parentsOf(chain: Chain, tx: Ledger.Tx): readonly Ledger.Tx[] {
  const ids = new Set(tx.slots.map((slot) => slot.slice(0, slot.lastIndexOf(':'))))
  return chain.mempool.flatMap((w) => (ids.has(w.tx.id) ? [w.tx] : []))
}

function ancestors(chain: Chain, tx: Ledger.Tx): readonly Ledger.Tx[] {
  const found = new Map<string, Ledger.Tx>()
  const add = (of: Ledger.Tx) => {
    for (const parent of parentsOf(chain, of))
      if (!found.has(parent.id)) {
        found.set(parent.id, parent)
        add(parent)
      }
  }
  add(tx)
  return [...found.values()]
}

/**
 * What hangs on a transaction that waits: all that spends its outputs, and theirs.
 *
 * @example
 * import { Chain } from '@aitbc/devnet/world'
 * const waiting = (id: string, slot: string): Chain.Waiting => {
 *   const body = { network: 'bip122:000000000019d6689c085ae165831e93', from: 'alice', rate: 1000n, size: 140n, fee: 140n }
 *   return { tx: { ...body, id, slots: [slot], does: { is: 'nothing' } }, since: 1_900_000_000n, hidden: false }
 * }
 * const mempool = [waiting('parent', 'old:0'), waiting('child', 'parent:1'), waiting('grandchild', 'child:0')]
 * Chain.descendants({ mempool }, 'parent').map(({ id }) => id) // ['child', 'grandchild']
 */
export function descendants(chain: Pick<View, 'mempool'>, id: string): readonly Ledger.Tx[] {
  const found = new Map<string, Ledger.Tx>()
  const add = (of: string) => {
    for (const { tx } of chain.mempool)
      if (!found.has(tx.id) && tx.slots.some((slot) => slot.startsWith(`${of}:`))) {
        found.set(tx.id, tx)
        add(tx.id)
      }
  }
  add(id)
  return [...found.values()]
}

/** What a node says to a transaction that it is sent. */
export type Answer = { readonly is: 'taken' | 'known' } | { readonly is: Refusal; readonly why: string }

const no = (is: Refusal, why: string): Answer => ({ is, why })

/**
 * Hands a transaction to the network; `hidden` ones to a miner alone. Gives what a node says to it: that it waits from now on, is known (in a
 * block, or waiting), or why it isn't taken.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld, type Ledger } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const alice = `0x${'a1'.repeat(20)}`
 * world.fund(`${ethereum.id}:${alice}`, 10n ** 18n)
 * const tx: Ledger.Tx = {
 *   ...{ id: '0x01', network: ethereum.id, from: alice, slots: [`${alice}/0`], nonce: 0, does: { is: 'nothing' } },
 *   ...{ rate: 10n ** 10n, size: 21_000n, fee: 21_000n * 10n ** 10n },
 * }
 * Chain.accept(world.chain(ethereum.id), tx) // { is: 'taken' }
 * Chain.accept(world.chain(ethereum.id), tx) // { is: 'known' }
 * world.mine(ethereum.id)
 * Chain.tip(world.chain(ethereum.id)).txs.length // 1
 */
export function accept(chain: Chain, tx: Ledger.Tx, options: { readonly hidden?: boolean } = {}): Answer {
  const { ledger } = tip(chain)
  if (ledger.included.has(tx.id) || chain.mempool.some((w) => w.tx.id === tx.id)) return { is: 'known' }
  const answer = judge(chain, tx, ledger)
  if (answer !== undefined && 'why' in answer) return answer
  chain.known.add(tx.id)
  chain.mempool.push({ tx, since: chain.now, hidden: options.hidden ?? false })
  tell(chain)
  return { is: 'taken' }
}

function judge(chain: Chain, tx: Ledger.Tx, ledger: Ledger.Ledger): Answer | undefined {
  const { family, network } = chain
  const head = tip(chain)
  if (tx.network !== network.id) return no('fails', 'of another chain')
  if (tx.lastHeight !== undefined && head.height + 1n > tx.lastHeight)
    return no('expired', `it could be included up to ${tx.lastHeight}`)
  if (tx.rate < network.fees.minRelay) return no('cheap', `${tx.rate} is below ${network.fees.minRelay}`)
  return family.kind === 'coins'
    ? judgeCoins(chain, tx, ledger, head.clock)
    : judgeAccounts(chain, tx, ledger, family.contest)
}

function judgeCoins(chain: Chain, tx: Ledger.Tx, ledger: Ledger.Ledger, clock: bigint): Answer | undefined {
  const { does } = tx
  if (tx.validFrom !== undefined && clock < tx.validFrom)
    return no('not-final', `not before ${tx.validFrom}, the median is ${clock}`)
  const made = new Set(chain.mempool.flatMap((w) => [`${w.tx.id}:0`, `${w.tx.id}:1`]))
  const there = (slot: string) =>
    ledger.coins.has(slot) ||
    (ledger.locks.get(slot)?.spend === undefined && ledger.locks.has(slot)) ||
    made.has(slot)
  const missing = tx.slots.find((slot) => !there(slot))
  if (missing !== undefined) return no('used', `${missing} is spent or unknown`)
  if (does.is === 'claim' || does.is === 'refund') {
    const place = { height: tip(chain).height + 1n, clock }
    // Against a lock that waits itself nothing more can be told.
    if (ledger.locks.has(does.ref) && Ledger.apply(Ledger.copy(ledger), 'coins', tx, place) === 'never')
      return no('fails', 'the script refuses it')
  }
  const rivals = new Map<string, Ledger.Tx>()
  for (const w of chain.mempool)
    if (w.tx.slots.some((slot) => tx.slots.includes(slot))) {
      rivals.set(w.tx.id, w.tx)
      for (const child of descendants(chain, w.tx.id)) rivals.set(child.id, child)
    }
  if (rivals.size > EVICTIONS) return no('outbid', 'it would evict too many')
  const all = [...rivals.values()]
  const least = all.reduce((sum, { fee }) => sum + fee, 0n)
  const relay = (chain.network.fees.minRelay * tx.size) / 1000n
  if (all.length > 0 && (tx.fee < least + relay || all.some((rival) => rival.rate >= tx.rate)))
    return no('outbid', `it pays ${tx.fee} for what pays ${least}`)
  const line = ancestors(chain, tx)
  const tooLong = (one: Ledger.Tx) => descendants(chain, one.id).length + 2 > LONGEST
  if (line.length + 1 > LONGEST || line.some(tooLong)) return no('too-long', 'too many wait in a line')
  chain.mempool = chain.mempool.filter((w) => !rivals.has(w.tx.id))
  return undefined
}

function judgeAccounts(
  chain: Chain,
  tx: Ledger.Tx,
  ledger: Ledger.Ledger,
  contest: Contest,
): Answer | undefined {
  const { family } = chain
  const next = ledger.nonces.get(tx.from) ?? 0
  if (tx.nonce !== undefined && tx.nonce < next) return no('used', `the account's next number is ${next}`)
  if ((ledger.balances.get(tx.from) ?? 0n) < tx.fee)
    return no('funds', `${tx.from} can't pay a fee of ${tx.fee}`)
  const rivals = chain.mempool.filter((w) => w.tx.from === tx.from && w.tx.nonce === tx.nonce)
  if (contest === 'none') {
    if (!family.preflight || tx.does.is === 'claim') return undefined
    const { height, time } = tip(chain)
    const result = Ledger.apply(Ledger.copy(ledger), 'accounts', tx, { height: height + 1n, clock: time })
    return result === 'done' ? undefined : no('fails', 'it would fail now')
  }
  if (contest === 'first-stays') {
    const own = chain.mempool.filter((w) => w.tx.from === tx.from).length
    // The node's own state counts what waits: no gaps, no second ones.
    return tx.nonce === next + own
      ? undefined
      : no('sequence', `account sequence mismatch, expected ${next + own}, got ${tx.nonce}`)
  }
  const dear = rivals.find((w) => tx.rate < family.outbid(w.tx.rate))
  if (dear !== undefined) return no('outbid', `${tx.rate} is less than ${family.outbid(dear.tx.rate)}`)
  chain.mempool = chain.mempool.filter((w) => !rivals.includes(w))
  return undefined
}

/**
 * Takes transactions out of every mempool, as nodes that forget; what hangs on them goes too.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld, type Ledger } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const alice = `0x${'a1'.repeat(20)}`
 * world.fund(`${ethereum.id}:${alice}`, 10n ** 18n)
 * const tx: Ledger.Tx = {
 *   ...{ id: '0x01', network: ethereum.id, from: alice, slots: [`${alice}/0`], nonce: 0, does: { is: 'nothing' } },
 *   ...{ rate: 10n ** 10n, size: 21_000n, fee: 21_000n * 10n ** 10n },
 * }
 * Chain.accept(world.chain(ethereum.id), tx)
 * // As if Alice had never sent anything.
 * Chain.forget(world.chain(ethereum.id), ({ tx: { from } }) => from === alice)
 * world.chain(ethereum.id).mempool.length // 0
 */
export function forget(chain: Chain, which: (waiting: Waiting) => boolean): void {
  const gone = new Set<string>()
  for (const w of chain.mempool)
    if (which(w)) for (const { id } of [w.tx, ...descendants(chain, w.tx.id)]) gone.add(id)
  if (gone.size === 0) return
  chain.mempool = chain.mempool.filter((w) => !gone.has(w.tx.id))
  tell(chain)
}

/** What becomes of what a reorganisation undoes. */
export interface ReorgOptions {
  /** Which of the undone transactions everybody forgets; all others wait again. None unless told. */
  readonly drop?: (tx: Ledger.Tx) => boolean
  /** What the first block of the new branch has, instead of them. */
  readonly instead?: readonly Ledger.Tx[]
}

/**
 * Undoes `depth` blocks; as many others take their place, at the same times. What was in them waits again, but for what {@link ReorgOptions} say.
 * Nothing happens where there aren't so many beyond the first block.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const chain = world.chain(ethereum.id)
 * world.mine(ethereum.id, 3)
 * const before = Chain.tip(chain)
 * Chain.reorganise(chain, 2n)
 * Chain.tip(chain).height // 3n
 * Chain.tip(chain).hash === before.hash // false
 */
export function reorganise(chain: Chain, depth: bigint, options: ReorgOptions = {}): void {
  const { family } = chain
  const head = tip(chain)
  const fork = head.height - depth
  if (depth <= 0n || fork < 0n) return
  const undone: Block[] = []
  const header = at(chain, fork) as Header
  while (tip(chain).height > fork) undone.unshift(chain.blocks.pop() as Block)
  const base = tip(chain)
  const [cut] = undone
  if (base.height < fork && cut !== undefined)
    chain.blocks.push({ ...base, ...header, span: fork - base.height, txs: [], of: cut.of ?? cut })
  chain.branches += 1
  if (chain.finalized > fork) chain.finalized = fork
  const { drop = () => false, instead = [] } = options
  const again = undone.flatMap((block) => block.txs).filter((tx) => !drop(tx))
  const waiting = chain.mempool
  chain.mempool = instead.map((tx) => ({ tx, since: chain.now, hidden: false }))
  const { floor, demand } = chain
  chain.floor = 0n
  chain.demand = 0n
  const { quiet } = chain
  chain.quiet = true
  mine(chain, { time: header.time + (head.time - header.time) / depth })
  if (depth > 1n) {
    chain.mempool = []
    mine(chain, { time: head.time, span: depth - 1n })
  }
  chain.floor = floor
  chain.demand = demand
  chain.quiet = quiet
  const { ledger } = tip(chain)
  const back: Waiting[] = again.map((tx) => ({ tx, since: chain.now, hidden: false }))
  chain.mempool = []
  const places = new Set<string>()
  for (const w of [...back, ...waiting]) {
    const clash = family.contest !== 'none' && w.tx.slots.some((slot) => places.has(slot))
    if (clash || ledger.included.has(w.tx.id)) continue
    for (const slot of w.tx.slots) places.add(slot)
    chain.mempool.push(w)
  }
  purge(chain)
  tell(chain)
}

/** What can't be included any more waits no more. */
function purge(chain: Chain): void {
  const { ledger, height } = tip(chain)
  const { kind, contest } = chain.family
  const stands = ({ tx }: Waiting): boolean => {
    if (ledger.included.has(tx.id)) return false
    if (tx.lastHeight !== undefined && height >= tx.lastHeight) return false
    if (tx.nonce !== undefined && tx.nonce < (ledger.nonces.get(tx.from) ?? 0)) return false
    // Nodes that keep the first of two judge it again after each block.
    if (contest === 'first-stays' && tx.rate < chain.floor) return false
    return kind === 'accounts' || contest === 'none' || !tx.slots.some((slot) => ledger.used.has(slot))
  }
  if (chain.mempool.every(stands)) return
  chain.mempool = chain.mempool.filter(stands)
}

function settleFinality(chain: Chain): void {
  const { finality } = chain.network
  const { height } = tip(chain)
  const behind =
    finality.rule === 'instant' ? 0n : finality.rule === 'depth' ? finality.depth - 1n : chain.lag
  if (height - behind > chain.finalized) chain.finalized = height - behind
}

/**
 * Tells whoever listens that something changed, unless it is to be `quiet`; the functions here do so themselves.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const chain = world.chain(ethereum.id)
 * let heard = 0
 * chain.listeners.add(() => heard++)
 * // What is changed by hand is told by hand: fees are a hundred times as high from here on.
 * chain.demand *= 100n
 * chain.floor *= 100n
 * Chain.tell(chain)
 * heard // 1
 */
export function tell(chain: Chain): void {
  if (!chain.quiet) for (const listener of [...chain.listeners]) listener()
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
