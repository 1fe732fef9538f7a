// A chain in a few lines, as a persistent value: blocks point to their parents and carry the ledger that they lead to, so a
// reorganisation is a step back and an explored state costs no copy.
import { Bytes, Hashlock, type Lock, type Match } from '@aitbc/core'
import type { SwapMachine } from '@aitbc/swap'

/** `utxo`: late claims, late locks, duplicates, fees from the lock. `contract`: none of these, fees from the account. */
export type Kind = 'utxo' | 'contract'

/** What a lock commits to, as far as the chain judges it; `key` names the terms. */
export interface Script {
  readonly key: string
  readonly amount: bigint
  readonly deadline: bigint
  readonly hashlock: string
  readonly locker: string
  readonly beneficiary: string
  /** Claims and refunds settle the lock and pay nothing: who is to have it collects it; and the locker a deposit of so much, at the deadline. */
  readonly apart?: bigint
}

export interface Tx {
  readonly id: string
  readonly by: string
  /** What only one transaction can ever use. */
  readonly slot: string
  readonly fee: bigint
  readonly does:
    | { readonly is: 'lock'; readonly script: Script; readonly amount: bigint; readonly note?: string }
    | { readonly is: 'claim'; readonly ref: string; readonly secret: string }
    /** `both`: the parties signed it together, and it waits for no deadline. */
    | { readonly is: 'refund'; readonly ref: string; readonly both?: true }
    | { readonly is: 'collect'; readonly ref: string; readonly due: 'payment' | 'deposit' }
    | { readonly is: 'nothing' }
}

export interface Held {
  readonly ref: string
  readonly script: Script
  readonly amount: bigint
  readonly tx: string
  readonly by: string
  readonly height: number
  readonly late: boolean
  readonly note?: string
  readonly spend?: {
    readonly is: 'claim' | 'refund'
    readonly tx: string
    readonly height: number
    readonly clock: bigint
    readonly secret?: string
  }
  /** What a lock that pays apart still owes. */
  readonly owes?: { readonly payment: bigint; readonly deposit: bigint }
}

export interface Ledger {
  readonly balances: ReadonlyMap<string, bigint>
  readonly fees: bigint
  readonly locks: ReadonlyMap<string, Held>
  /** Which transaction used a slot. */
  readonly slots: ReadonlyMap<string, string>
  readonly included: ReadonlyMap<string, { readonly height: number; readonly ok: boolean }>
}

export interface Block {
  readonly parent?: Block
  readonly height: number
  readonly hash: string
  readonly clock: bigint
  readonly txs: readonly Tx[]
  readonly ledger: Ledger
}

export function genesis(clock: bigint, balances: Readonly<Record<string, bigint>>): Block {
  const ledger: Ledger = {
    balances: new Map(Object.entries(balances)),
    fees: 0n,
    locks: new Map(),
    slots: new Map(),
    included: new Map(),
  }
  return { height: 0, hash: 'genesis', clock, txs: [], ledger }
}

/** The next block: the transactions that can be included, in their order; the others are left out. */
export function mine(
  kind: Kind,
  parent: Block,
  clock: bigint,
  txs: readonly Tx[],
  salt = '',
  reverts: (tx: Tx) => boolean = () => false,
): Block {
  const height = parent.height + 1
  let ledger = parent.ledger
  const taken: Tx[] = []
  for (const tx of txs) {
    const next = include(kind, ledger, tx, height, clock, reverts(tx))
    if (next === undefined) continue
    ledger = next
    taken.push(tx)
  }
  const hash = `${height}.${taken.map((tx) => tx.id).join('+')}${salt}<${parent.hash.slice(0, 40)}`
  return { parent, height, hash, clock, txs: taken, ledger }
}

export function back(tip: Block, depth: number): Block {
  let at = tip
  for (let i = 0; i < depth && at.parent !== undefined; i++) at = at.parent
  return at
}

/** Everything that there is: what no transaction may change (S1). */
export function total(ledger: Ledger): bigint {
  let sum = ledger.fees
  for (const amount of ledger.balances.values()) sum += amount
  for (const lock of ledger.locks.values()) {
    if (lock.spend === undefined) sum += lock.amount
    sum += (lock.owes?.payment ?? 0n) + (lock.owes?.deposit ?? 0n)
  }
  return sum
}

const opened = new Map<string, boolean>()

export function opens(secret: string, hashlock: string): boolean {
  const key = `${secret}/${hashlock}`
  let known = opened.get(key)
  if (known === undefined) {
    known = Hashlock.opens(Bytes.fromHex(secret), Bytes.fromHex(hashlock))
    opened.set(key, known)
  }
  return known
}

export function canInclude(kind: Kind, ledger: Ledger, tx: Tx, clock: bigint): boolean {
  return include(kind, ledger, tx, 0, clock) !== undefined
}

function include(
  kind: Kind,
  ledger: Ledger,
  tx: Tx,
  height: number,
  clock: bigint,
  reverts = false,
): Ledger | undefined {
  if (ledger.slots.has(tx.slot) || ledger.included.has(tx.id)) return undefined
  const effect = reverts ? undefined : effectOf(kind, ledger, tx, height, clock)
  // A failing call is included all the same and costs its fee; an invalid spend can't be.
  if (effect === undefined && kind === 'utxo') return undefined
  const paid = pay(effect?.balances ?? ledger.balances, tx.by, -(effect?.charge ?? tx.fee))
  if (paid === undefined) return undefined
  return {
    balances: paid,
    fees: ledger.fees + tx.fee,
    locks: effect?.locks ?? ledger.locks,
    slots: new Map(ledger.slots).set(tx.slot, tx.id),
    included: new Map(ledger.included).set(tx.id, { height, ok: effect !== undefined }),
  }
}

interface Effect {
  readonly balances: ReadonlyMap<string, bigint>
  readonly locks: ReadonlyMap<string, Held>
  /** What the sender pays, the fee included. */
  readonly charge: bigint
}

function effectOf(kind: Kind, ledger: Ledger, tx: Tx, height: number, clock: bigint): Effect | undefined {
  const { does } = tx
  const { balances } = ledger
  switch (does.is) {
    case 'nothing':
      return { balances, locks: ledger.locks, charge: tx.fee }
    case 'lock': {
      const { script, amount, note } = does
      const late = clock >= script.deadline
      const ref = kind === 'utxo' ? `${tx.id}:0` : script.key
      if (kind === 'contract') {
        const allowed = tx.by === script.locker && amount === script.amount && !late
        if (!allowed || ledger.locks.has(ref)) return undefined
      }
      const deposit = script.apart ?? 0n
      const charge = amount + tx.fee + deposit
      if ((balances.get(tx.by) ?? 0n) < charge) return undefined
      const owes = script.apart === undefined ? {} : { owes: { payment: 0n, deposit } }
      const held: Held = {
        ref,
        script,
        amount,
        tx: tx.id,
        by: tx.by,
        height,
        late,
        ...(note === undefined ? {} : { note }),
        ...owes,
      }
      return { balances, locks: new Map(ledger.locks).set(ref, held), charge }
    }
    case 'collect': {
      const held = ledger.locks.get(does.ref)
      if (held?.owes === undefined || held.spend === undefined || held.owes[does.due] === 0n) return undefined
      // A deposit is given back with the deadline, and whoever is still to be paid is paid with it.
      const whole = does.due === 'deposit'
      if (whole && clock < held.script.deadline) return undefined
      const { payment, deposit } = held.owes
      const payee = held.spend.is === 'claim' ? held.script.beneficiary : held.script.locker
      const paid = pay(balances, payee, payment)
      const back = paid && pay(paid, held.script.locker, whole ? deposit : 0n)
      if (back === undefined) return undefined
      const owes = { payment: 0n, deposit: whole ? 0n : deposit }
      return { balances: back, locks: new Map(ledger.locks).set(does.ref, { ...held, owes }), charge: tx.fee }
    }
    case 'claim':
    case 'refund': {
      const held = ledger.locks.get(does.ref)
      if (held === undefined || held.spend !== undefined) return undefined
      const expired = clock >= held.script.deadline
      const allowed =
        does.is === 'refund'
          ? expired || does.both === true
          : opens(does.secret, held.script.hashlock) && (kind === 'utxo' || !expired)
      if (!allowed) return undefined
      // The payee is fixed by the lock, whoever sends (S5).
      const payee = does.is === 'claim' ? held.script.beneficiary : held.script.locker
      const fromLock = kind === 'utxo'
      if (fromLock && (held.amount < tx.fee || tx.by !== payee)) return undefined
      const apart = held.owes !== undefined
      const credited = apart ? balances : pay(balances, payee, held.amount - (fromLock ? tx.fee : 0n))
      if (credited === undefined) return undefined
      const secret = does.is === 'claim' ? { secret: does.secret } : {}
      const spend = { is: does.is, tx: tx.id, height, clock, ...secret }
      const owes = held.owes === undefined ? {} : { owes: { ...held.owes, payment: held.amount } }
      const locks = new Map(ledger.locks).set(does.ref, { ...held, spend, ...owes })
      return { balances: credited, locks, charge: fromLock ? 0n : tx.fee }
    }
  }
}

function pay(
  balances: ReadonlyMap<string, bigint>,
  account: string,
  change: bigint,
): ReadonlyMap<string, bigint> | undefined {
  const next = (balances.get(account) ?? 0n) + change
  if (next < 0n) return undefined
  return change === 0n ? balances : new Map(balances).set(account, next)
}

/** How each lock of one script compares with it, in the order of the chain, those of the mempool last. */
export function matches(locks: readonly { readonly held: Held }[]): readonly Match[] {
  let exact = false
  return locks.map(({ held }) => {
    if (held.late) return 'late'
    if (held.amount < held.script.amount) return 'under'
    if (held.amount > held.script.amount) return 'over'
    if (exact) return 'duplicate'
    exact = true
    return 'exact'
  })
}

/** The locks of one script, those of the mempool included, with what spends them there. */
export function locksOf(
  kind: Kind,
  tip: Block,
  mempool: readonly Tx[],
  key: string,
): readonly { readonly held: Held; readonly pending?: Tx }[] {
  const clock = tip.clock
  const held = [...tip.ledger.locks.values()].filter((lock) => lock.script.key === key)
  const waiting = mempool.flatMap(({ id, by, does, slot }): Held[] => {
    if (does.is !== 'lock' || does.script.key !== key || tip.ledger.slots.has(slot)) return []
    const ref = kind === 'utxo' ? `${id}:0` : key
    if (tip.ledger.locks.has(ref) || kind === 'contract') return []
    const late = clock >= does.script.deadline
    return [{ ref, script: does.script, amount: does.amount, tx: id, by, height: 0, late }]
  })
  return [...held, ...waiting].map((lock) => {
    const spends = lock.spend
      ? []
      : mempool.filter(
          ({ does, slot }) =>
            (does.is === 'claim' || does.is === 'refund') &&
            does.ref === lock.ref &&
            !tip.ledger.slots.has(slot),
        )
    const pending = spends.find(({ does }) => does.is === 'claim') ?? spends[0]
    return { held: lock, ...(pending === undefined ? {} : { pending }) }
  })
}

/** What a faithful reader tells the machine of one script's locks. */
export function viewsOf(
  kind: Kind,
  tip: Block,
  mempool: readonly Tx[],
  key: string,
  finality: number,
): readonly SwapMachine.LockView[] {
  const locks = locksOf(kind, tip, mempool, key)
  const match = matches(locks)
  const depthAt = (height: number) => (height === 0 ? 0 : tip.height - height + 1)
  return locks.map(({ held, pending }, i) => {
    const depth = depthAt(held.height)
    const lock: Lock = { ref: held.ref, transaction: held.tx, amount: held.amount, match: match[i] as Match }
    const view = { lock, depth: BigInt(depth), final: depth >= finality, assurance: 'proved' as const }
    const spend =
      held.spend !== undefined
        ? {
            is: held.spend.is,
            tx: held.spend.tx,
            secret: held.spend.secret,
            depth: depthAt(held.spend.height),
          }
        : pending !== undefined && (pending.does.is === 'claim' || pending.does.is === 'refund')
          ? {
              is: pending.does.is,
              tx: pending.id,
              secret: pending.does.is === 'claim' ? pending.does.secret : undefined,
              depth: 0,
            }
          : undefined
    if (spend === undefined) return view
    const ended = spend.depth >= finality && spend.depth > 0
    const assurance = ended ? ('proved' as const) : ('reported' as const)
    const seen = { depth: BigInt(spend.depth), final: ended, assurance }
    if (spend.is === 'refund')
      return { ...view, spend: { spend: { kind: 'refund', transaction: spend.tx }, ...seen } }
    // A claim that doesn't open the hashlock is none; nobody can be made to believe it.
    if (spend.secret === undefined || !opens(spend.secret, held.script.hashlock)) return view
    const secret = secretBytes(spend.secret)
    return { ...view, spend: { spend: { kind: 'claim', transaction: spend.tx, secret }, ...seen } }
  })
}

const bytes = new Map<string, Uint8Array>()

function secretBytes(hex: string): Uint8Array {
  const known = bytes.get(hex) ?? Bytes.fromHex(hex)
  bytes.set(hex, known)
  return known
}
