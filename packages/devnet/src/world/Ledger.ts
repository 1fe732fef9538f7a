// What a chain's blocks add up to, and what a transaction makes of it. Two kinds: coins that are spent whole (`coins`), and accounts
// that count their transactions or don't (`accounts`). A ledger is changed only while its block is built.
import { Bytes, Hashlock } from '@aitbc/core'

/** What a lock commits to, as a chain judges it; `key` is the id of its terms. */
export interface Script {
  readonly key: string
  readonly terms: string
  /** Empty for the native coin. */
  readonly asset: string
  readonly amount: bigint
  readonly deadline: bigint
  readonly hashlock: string
  readonly locker: string
  readonly beneficiary: string
}

/** What stands beside a lock for its owner alone. */
export interface Note {
  readonly tag: string
  readonly nonce: string
  readonly sealed: string
}

/** What a transaction does. */
export type Does =
  | { readonly is: 'transfer'; readonly to: string; readonly asset: string; readonly amount: bigint }
  | { readonly is: 'lock'; readonly script: Script; readonly amount: bigint; readonly note?: Note }
  | {
      readonly is: 'claim'
      readonly ref: string
      readonly key: string
      readonly secret: string
      /** Of a claim that was signed before its secret was known: what that must open. */
      readonly hashlock?: string
    }
  | { readonly is: 'refund'; readonly ref: string; readonly key: string }
  | { readonly is: 'nothing' }

/** A transaction without its id: what is signed. */
export interface Body {
  readonly network: string
  /** The address that signs and pays. */
  readonly from: string
  /** What only one transaction can use: outpoints, or an account's number; the first is the conflict key. */
  readonly slots: readonly string[]
  /** Price of one unit of size, in the network's unit. */
  readonly rate: bigint
  /** Virtual bytes, gas or compute units. */
  readonly size: bigint
  /** The most that it costs, base units; on coins, exactly what it costs. */
  readonly fee: bigint
  readonly does: Does
  /** On coins: what goes back to `from`. */
  readonly change?: bigint
  /** The account's number of this transaction, where accounts count. */
  readonly nonce?: number
  /** The clock from which on it can be included. */
  readonly validFrom?: bigint
  /** The last height at which it can be included. */
  readonly lastHeight?: bigint
  /** Makes equal bodies two transactions. */
  readonly salt?: string
}

/** A transaction as it is broadcast. */
export interface Tx extends Body {
  readonly id: string
}

/** An unspent coin, base units. */
export interface Coin {
  readonly address: string
  readonly amount: bigint
}

/** A lock, from the block that has it. */
export interface Held {
  readonly ref: string
  readonly script: Script
  /** Base units really locked. */
  readonly amount: bigint
  readonly tx: string
  readonly by: string
  readonly height: bigint
  /** It appeared when its deadline had passed. */
  readonly late: boolean
  readonly note?: Note
  readonly spend?: Spent
}

/** What ended a lock, from the block that has it. */
export interface Spent {
  readonly is: 'claim' | 'refund'
  readonly tx: string
  readonly height: bigint
  /** The chain's clock in that block. */
  readonly clock: bigint
  readonly secret?: string
}

/** A transaction that a block has. */
export interface Included {
  readonly height: bigint
  readonly ok: boolean
  readonly from: string
  /** What it cost its sender, or the lock that it spent, base units. */
  readonly fee: bigint
}

/** What the blocks of a chain add up to. */
export interface Ledger {
  /** Base units by address, or by asset and address. */
  readonly balances: Map<string, bigint>
  /** Unspent coins by outpoint. */
  readonly coins: Map<string, Coin>
  readonly nonces: Map<string, number>
  /** Which transaction used a slot. */
  readonly used: Map<string, string>
  readonly included: Map<string, Included>
  readonly locks: Map<string, Held>
  /** Native base units that fees took, and that were handed out: what conservation is counted with. */
  fees: bigint
  minted: bigint
}

/**
 * A ledger of nothing.
 *
 * @example
 * import { Ledger } from '@aitbc/devnet/world'
 * Ledger.total(Ledger.empty()) // 0n
 */
export function empty(): Ledger {
  return {
    balances: new Map(),
    coins: new Map(),
    nonces: new Map(),
    used: new Map(),
    included: new Map(),
    locks: new Map(),
    fees: 0n,
    minted: 0n,
  }
}

/**
 * A ledger of its own with the same in it.
 *
 * @example
 * import { Chain, Ledger } from '@aitbc/devnet/world'
 * const before = Ledger.empty()
 * const next = Ledger.copy(before)
 * Chain.grant(next, 'accounts', 'alice', 5n)
 * Ledger.total(next) // 5n
 * Ledger.total(before) // 0n
 */
export function copy(of: Ledger): Ledger {
  return {
    balances: new Map(of.balances),
    coins: new Map(of.coins),
    nonces: new Map(of.nonces),
    used: new Map(of.used),
    included: new Map(of.included),
    locks: new Map(of.locks),
    fees: of.fees,
    minted: of.minted,
  }
}

/**
 * Native base units that are anywhere, in open locks and in fees too: as many as were handed out (S1).
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld, Ledger } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * world.fund(`${ethereum.id}:0x${'a1'.repeat(20)}`, 10n ** 18n)
 * const { ledger } = Chain.tip(world.chain(ethereum.id))
 * Ledger.total(ledger) === ledger.minted // true
 */
export function total(of: Ledger): bigint {
  let sum = of.fees
  for (const [key, amount] of of.balances) if (!key.includes(' ')) sum += amount
  for (const { amount } of of.coins.values()) sum += amount
  for (const lock of of.locks.values())
    if (lock.spend === undefined && lock.script.asset === '') sum += lock.amount
  return sum
}

/**
 * Where an address's units of an asset are held; an empty asset is the native coin.
 *
 * @example
 * import { Ledger } from '@aitbc/devnet/world'
 * Ledger.balanceKey('alice', '') // 'alice'
 * Ledger.balanceKey('alice', 'eip155:1/erc20:0xc0') // 'eip155:1/erc20:0xc0 alice'
 */
export function balanceKey(address: string, asset: string): string {
  return asset === '' ? address : `${asset} ${address}`
}

/**
 * Base units of an asset that an address has, the native coin unless told; of coins there is no other asset.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { Chain, createWorld, Ledger } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const alice = `0x${'a1'.repeat(20)}`
 * world.fund(`${ethereum.id}:${alice}`, 10n ** 18n)
 * const { ledger } = Chain.tip(world.chain(ethereum.id))
 * // How the network's family keeps them: `chain.family.kind`.
 * Ledger.balance(ledger, 'accounts', alice) // 1000000000000000000n
 */
export function balance(of: Ledger, kind: Kind, address: string, asset = ''): bigint {
  if (kind === 'accounts') return of.balances.get(balanceKey(address, asset)) ?? 0n
  let sum = 0n
  for (const coin of of.coins.values()) if (coin.address === address) sum += coin.amount
  return sum
}

/** Coins that are spent whole, or accounts. */
export type Kind = 'coins' | 'accounts'

/** The block in which a transaction is tried. */
export interface Place {
  readonly height: bigint
  readonly clock: bigint
  /** What a unit of size costs here, where less is charged than was offered. */
  readonly price?: bigint
}

/** What became of a transaction: `never` can't stand in this block, nor change anything. */
export type Result = 'done' | 'failed' | 'never'

/**
 * Carries out a transaction on a ledger that is being built.
 *
 * @example
 * import { Chain, Ledger } from '@aitbc/devnet/world'
 * const ledger = Ledger.empty()
 * Chain.grant(ledger, 'accounts', 'alice', 100n)
 * const tx: Ledger.Tx = {
 *   ...{ id: '01', network: 'eip155:1', from: 'alice', slots: ['alice/0'], nonce: 0, rate: 1n, size: 10n, fee: 10n },
 *   does: { is: 'transfer', to: 'bob', asset: '', amount: 40n },
 * }
 * Ledger.apply(ledger, 'accounts', tx, { height: 1n, clock: 1_900_000_000n }) // 'done'
 * Ledger.balance(ledger, 'accounts', 'alice') // 50n
 * // No block has it twice.
 * Ledger.apply(ledger, 'accounts', tx, { height: 2n, clock: 1_900_000_012n }) // 'never'
 */
export function apply(ledger: Ledger, kind: Kind, tx: Tx, place: Place): Result {
  if (ledger.included.has(tx.id)) return 'never'
  if (tx.lastHeight !== undefined && place.height > tx.lastHeight) return 'never'
  const before = ledger.fees
  const result = kind === 'coins' ? applyCoins(ledger, tx, place) : applyAccounts(ledger, tx, place)
  if (result === 'never') return result
  for (const slot of tx.slots) ledger.used.set(slot, tx.id)
  const fee = ledger.fees - before
  ledger.included.set(tx.id, { height: place.height, ok: result === 'done', from: tx.from, fee })
  return result
}

function applyCoins(ledger: Ledger, tx: Tx, place: Place): Result {
  const { does } = tx
  if (tx.validFrom !== undefined && place.clock < tx.validFrom) return 'never'
  if (does.is === 'claim' || does.is === 'refund') {
    const held = ledger.locks.get(does.ref)
    if (held === undefined || held.spend !== undefined || tx.slots[0] !== does.ref) return 'never'
    // The signature binds it: only the key that the script names can direct the output (S5).
    const payee = does.is === 'claim' ? held.script.beneficiary : held.script.locker
    const allowed =
      tx.from === payee &&
      held.amount > tx.fee &&
      (does.is === 'claim' ? opens(does.secret, held.script.hashlock) : place.clock >= held.script.deadline)
    if (!allowed) return 'never'
    settle(ledger, held, does, tx, place)
    ledger.coins.set(`${tx.id}:0`, { address: payee, amount: held.amount - tx.fee })
    ledger.fees += tx.fee
    return 'done'
  }
  let sum = 0n
  for (const slot of tx.slots) {
    const coin = ledger.coins.get(slot)
    if (coin === undefined || coin.address !== tx.from) return 'never'
    sum += coin.amount
  }
  const paid = does.is === 'nothing' ? 0n : does.amount
  const change = tx.change ?? 0n
  if (change < 0n || tx.fee < 0n || sum !== paid + change + tx.fee) return 'never'
  for (const slot of tx.slots) ledger.coins.delete(slot)
  if (does.is === 'lock') hold(ledger, `${tx.id}:0`, does, tx, place)
  else if (does.is === 'transfer') ledger.coins.set(`${tx.id}:0`, { address: does.to, amount: does.amount })
  if (change > 0n) ledger.coins.set(`${tx.id}:1`, { address: tx.from, amount: change })
  ledger.fees += tx.fee
  return 'done'
}

function applyAccounts(ledger: Ledger, tx: Tx, place: Place): Result {
  const { does, from } = tx
  const counted = tx.nonce !== undefined
  if (counted && (ledger.nonces.get(from) ?? 0) !== tx.nonce) return 'never'
  const charged = place.price === undefined ? tx.fee : least(tx.fee, place.price)
  const holds = ledger.balances.get(from) ?? 0n
  if (holds < tx.fee) return 'never'
  ledger.balances.set(from, holds - charged)
  ledger.fees += charged
  if (counted) ledger.nonces.set(from, (tx.nonce as number) + 1)
  return effect(ledger, tx, does, place) ? 'done' : 'failed'
}

function effect(ledger: Ledger, tx: Tx, does: Does, place: Place): boolean {
  const { from } = tx
  switch (does.is) {
    case 'nothing':
      return true
    case 'transfer':
      return move(ledger, does.asset, does.amount, from, does.to)
    case 'lock': {
      const { script, amount } = does
      const allowed =
        from === script.locker &&
        amount === script.amount &&
        place.clock < script.deadline &&
        !ledger.locks.has(script.key)
      if (!allowed || !move(ledger, script.asset, amount, from)) return false
      hold(ledger, script.key, does, tx, place)
      return true
    }
    case 'claim':
    case 'refund': {
      const held = ledger.locks.get(does.ref)
      if (held === undefined || held.spend !== undefined) return false
      const expired = place.clock >= held.script.deadline
      if (does.is === 'claim' ? expired || !opens(does.secret, held.script.hashlock) : !expired) return false
      // The payee is fixed by the lock, whoever sends (S5).
      const payee = does.is === 'claim' ? held.script.beneficiary : held.script.locker
      settle(ledger, held, does, tx, place)
      move(ledger, held.script.asset, held.amount, undefined, payee)
      return true
    }
  }
}

function move(ledger: Ledger, asset: string, amount: bigint, from?: string, to?: string): boolean {
  if (amount < 0n) return false
  if (from !== undefined) {
    const key = balanceKey(from, asset)
    const holds = ledger.balances.get(key) ?? 0n
    if (holds < amount) return false
    ledger.balances.set(key, holds - amount)
  }
  if (to !== undefined) {
    const key = balanceKey(to, asset)
    ledger.balances.set(key, (ledger.balances.get(key) ?? 0n) + amount)
  }
  return true
}

function hold(
  ledger: Ledger,
  ref: string,
  does: Extract<Does, { is: 'lock' }>,
  tx: Tx,
  { height, clock }: Place,
): void {
  const { script, amount, note } = does
  const late = clock >= script.deadline
  ledger.locks.set(ref, {
    ...{ ref, script, amount, tx: tx.id, by: tx.from, height, late },
    ...(note === undefined ? {} : { note }),
  })
}

function settle(
  ledger: Ledger,
  held: Held,
  does: Extract<Does, { is: 'claim' | 'refund' }>,
  tx: Tx,
  { height, clock }: Place,
): void {
  const secret = does.is === 'claim' ? { secret: does.secret } : {}
  ledger.locks.set(held.ref, { ...held, spend: { is: does.is, tx: tx.id, height, clock, ...secret } })
}

const opened = new Map<string, boolean>()

/**
 * Whether a secret in hex opens a hashlock in hex; anything that isn't 32 bytes opens none.
 *
 * @example
 * import { Bytes, Hashlock } from '@aitbc/core'
 * import { Ledger } from '@aitbc/devnet/world'
 * const secret = new Uint8Array(32).fill(7)
 * Ledger.opens(Bytes.toHex(secret), Bytes.toHex(Hashlock.of(secret))) // true
 * Ledger.opens('07', Bytes.toHex(Hashlock.of(secret))) // false
 */
export function opens(secret: string, hashlock: string): boolean {
  const key = `${secret}/${hashlock}`
  let known = opened.get(key)
  if (known === undefined) {
    known = /^[0-9a-f]{64}$/.test(secret) && Hashlock.opens(Bytes.fromHex(secret), Bytes.fromHex(hashlock))
    if (opened.size > 10_000) opened.clear()
    opened.set(key, known)
  }
  return known
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
