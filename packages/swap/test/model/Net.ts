// A chain that lives: the same ledger as the worlds', with a mempool, a clock, and listeners that are told of every change.
import type { AccountId, ChainId, Deadline, LockProfile, Network } from '@aitbc/core'
import * as Chain from './Chain.js'

export interface Net {
  readonly kind: Chain.Kind
  readonly network: Network
  readonly profile: LockProfile
  tip: Chain.Block
  mempool: readonly Chain.Tx[]
  /** Transactions that miners leave out, as long as this says so. */
  held: (tx: Chain.Tx) => boolean
  /** Calls that a contract chain includes and reverts, as long as this says so. */
  reverts: (tx: Chain.Tx) => boolean
  readonly listeners: Set<() => void>
  /** Every id that was ever broadcast. */
  readonly known: Set<string>
  coins: number
  /** Whoever locks takes the first coin that is free, for all its endpoint and its own others know. */
  fewCoins?: boolean
  /** Locks here pay apart from claims and refunds, and keep a deposit of so much until the deadline. */
  apart?: bigint
}

export function create(
  network: Network,
  kind: Chain.Kind,
  profile: LockProfile,
  clock: bigint,
  balances: Readonly<Record<string, bigint>>,
): Net {
  return {
    kind,
    network,
    profile,
    tip: Chain.genesis(clock, balances),
    mempool: [],
    held: () => false,
    reverts: () => false,
    listeners: new Set(),
    known: new Set(),
    coins: 0,
  }
}

/** The next block, with everything that waits and isn't held back. */
export function mine(net: Net, clock: bigint): void {
  const txs = net.mempool.filter((tx) => !net.held(tx))
  net.tip = Chain.mine(net.kind, net.tip, clock, txs, '', net.reverts)
  net.mempool = net.mempool.filter((tx) => !net.tip.ledger.slots.has(tx.slot))
  tell(net)
}

/** Undoes blocks; as many empty ones take their place, and what was in them waits again. */
export function reorganise(net: Net, depth: number): void {
  const undone: Chain.Block[] = []
  let at = net.tip
  for (let i = 0; i < depth && at.parent !== undefined; i++) {
    undone.unshift(at)
    at = at.parent
  }
  for (const old of undone) at = Chain.mine(net.kind, at, old.clock, [], '~')
  net.tip = at
  net.mempool = [...net.mempool, ...undone.flatMap((old) => old.txs)]
  tell(net)
}

/** Puts a transaction into the mempool; one that competes with others there takes their place if it pays more. */
export function accept(net: Net, tx: Chain.Tx): 'known' | 'used' | 'cheap' | 'accepted' {
  if (net.tip.ledger.included.has(tx.id) || net.mempool.some((other) => other.id === tx.id)) return 'known'
  if (net.tip.ledger.slots.has(tx.slot)) return 'used'
  const rivals = net.mempool.filter((other) => other.slot === tx.slot)
  if (rivals.some((other) => other.fee >= tx.fee)) return 'cheap'
  net.known.add(tx.id)
  net.mempool = [...net.mempool.filter((other) => other.slot !== tx.slot), tx]
  tell(net)
  return 'accepted'
}

export function balance(net: Net, account: AccountId.AccountId): bigint {
  return net.tip.ledger.balances.get(nameOf(account)) ?? 0n
}

/** The chain's own clock as a deadline compares with it. */
export function now(net: Net): Deadline.Deadline {
  return { network: net.network.id as ChainId.ChainId, clock: net.network.clock, value: net.tip.clock }
}

export function nameOf(account: AccountId.AccountId): string {
  return account.slice(account.lastIndexOf(':') + 1)
}

function tell(net: Net): void {
  for (const listener of [...net.listeners]) listener()
}
