import { type AccountId, Codec, isAitbcError, type Signed } from '@aitbc/core'
import * as Agreement from './Agreement.js'
import * as Board from './Board.js'
import type { Context, Sent, Swap } from './Runner.js'
import type * as Side from './Side.js'
import * as SwapMachine from './SwapMachine.js'
import * as SwapRecord from './SwapRecord.js'

/** What a swap counts on of one asset of one account. */
export interface Coins {
  /** The account and the asset. */
  readonly about: string
  /** Spent once the own lock is in a block. */
  readonly locks: bigint
  /** Kept for its claim and refund. */
  readonly keeps: bigint
}

/** What others of its accounts know of a swap that is driven here. */
interface Place {
  readonly board: Board.Board
  readonly seat: Board.Seat
  coins: readonly Coins[]
  /** What stands on the board by now, as text. */
  told: string
  /** Takes the seat anew. */
  readonly again: () => Promise<void>
}

const places = new WeakMap<Swap, Place>()

/** From here on a swap's steps and coins count for others, and what an earlier driver of it left is its own. */
export async function enter(context: Context, swap: Swap): Promise<void> {
  const board = Board.of(context.storage)
  const seat = { swap: swap.id, owner: crypto.randomUUID() }
  const place: Place = { board, seat, coins: [], told: '', again: () => enter(context, swap) }
  const turns = turnsOf(context, swap)
  const kept = await board.enter(seat, turns.lines())
  place.coins = kept.map(({ about, value }) => ({ about, ...readCoins(value) }))
  place.told = [...turns.told, ...coinsOf(swap, place).told].join()
  places.set(swap, place)
}

/**
 * Whoever has the journal has the seat: one that lost the journal unknowingly may come and take the seat, until it writes. It is taken back, and
 * the next look goes on.
 */
async function seated<T>({ again }: Place, run: Promise<T>): Promise<T> {
  try {
    return await run
  } catch (error) {
    if (isAitbcError(error, 'StorageConflict')) await again()
    throw error
  }
}

/** What a swap signed or counted on counts no more; where another process goes on with it, it goes on counting. */
export async function leave(swap: Swap, over: boolean): Promise<void> {
  const place = places.get(swap)
  places.delete(swap)
  if (place !== undefined && (place.told !== '' || over)) await place.board.leave(place.seat, over)
}

/**
 * What was signed, and isn't sent by the look that follows, keeps its number from nobody any longer: a claim behind it, with its secret out, could
 * be included only once somebody used that. Where it is wanted later, it is made anew ({@link isReleased}).
 */
export function passOver({ book }: Swap): void {
  for (const sent of book.values())
    if (isUnsent(sent)) {
      sent.kept = true
      sent.ready = false
    }
}

/** It was signed, and no endpoint was given it, as far as the journal and this process know. */
export function isUnsent({ submissions, tried }: Sent): boolean {
  return submissions.length === 0 && !tried
}

/** It was passed over, and others of its account may have its number: of what is made anew for the same purpose one alone can succeed. */
export function isReleased({ adapter: { profile } }: Side.Side, { kept }: Sent): boolean {
  return kept === true && profile.feesFrom === 'account' && profile.unique
}

/** Tells the others what changed: what was sent or passed over is ahead no more, and an own lock in a block has been paid. */
export async function tidy(context: Context, swap: Swap): Promise<void> {
  const place = places.get(swap)
  if (place === undefined) return
  const turns = turnsOf(context, swap)
  const coins = coinsOf(swap, place)
  const told = [...turns.told, ...coins.told].join()
  if (told === place.told) return
  await seated(place, place.board.put(place.seat, [...turns.lines(), ...coins.lines()]))
  place.told = told
}

/** Counts on coins from here on; resolves to what others counted on before, by account and asset. */
export async function reserve(swap: Swap, coins: readonly Coins[]): Promise<ReadonlyMap<string, bigint>> {
  const sums = new Map<string, bigint>()
  const place = places.get(swap)
  if (place === undefined) return sums
  place.coins = coins
  // What they are for may be in the journal before the next look tells it: until then they count whatever becomes of this process.
  const lines = coinsOf(swap, place)
    .lines()
    .map((line) => ({ ...line, firm: true }))
  // Whatever becomes of this, the next look tells it.
  place.told = '?'
  for (const { about, value } of await seated(place, place.board.reserve(place.seat, lines))) {
    const { locks, keeps } = readCoins(value)
    sums.set(about, (sums.get(about) ?? 0n) + locks + keeps)
  }
  return sums
}

/** Counts on nothing any more. */
export async function giveUp(context: Context, swap: Swap): Promise<void> {
  const place = places.get(swap)
  if (place === undefined) return
  place.coins = []
  await tidy(context, swap)
}

/**
 * Runs when the other swaps of the account are through, here and wherever the storage is shared: of two that ask an account for its next
 * nonce or coins at once, both would get the same. It is given what they signed and haven't sent, which no endpoint knows of; `tell`
 * makes its own known to them, before anything else is done with it.
 */
export function take<T>(
  swap: Swap,
  side: Side.Side,
  signal: AbortSignal,
  run: (beside: readonly Signed[], tell: (signed: readonly Signed[]) => Promise<void>) => Promise<T>,
): Promise<T> {
  const place = places.get(swap)
  if (place === undefined) return run([], async () => undefined)
  return place.board.turn(place.seat, side.funding, signal, ({ others, write }) =>
    run(others.flatMap(readSigned), async (signed) => {
      place.told = '?'
      const all = [...aheadOf(swap, side), ...signed]
      await seated(place, write({ kind: 'turn', about: side.funding, value: writeSigned(all), firm: true }))
    }),
  )
}

/** Where a swap's transactions and others' may want the same: an account's numbers, and the coins for a lock. A wallet sees to it by itself. */
export function isShared(side: Side.Side, { nonce }: Swap, does: string): boolean {
  const { adapter, funding } = side
  if (adapter.network.fees.model === 'compute-units') return false
  if (adapter.profile.feesFrom === 'lock' && does !== 'lock') return false
  return side.signer(funding, nonce)?.kind === 'signs'
}

/**
 * What a swap has signed on a network and not sent yet: no endpoint counts what it uses. Ladders don't belong to it; they are sent when
 * nothing else is.
 */
function aheadOf({ book }: Swap, side: Side.Side): readonly Signed[] {
  const { adapter } = side
  const ahead: Signed[] = []
  for (const [key, sent] of book) {
    if (sent.submissions.length > 0 || key.startsWith('undo/') || key.startsWith('arm/')) continue
    if (isReleased(side, sent)) continue
    for (const one of sent.signed) {
      const { network, kind } = one.step
      const counts = adapter.profile.feesFrom === 'account' || kind === 'lock'
      if (network === adapter.network.id && counts) ahead.push(one)
    }
  }
  return ahead
}

/** What others are told, and what that says as text: the lines are written only when that changed. */
interface Lines {
  readonly told: readonly string[]
  readonly lines: () => readonly Board.Line[]
}

function turnsOf(context: Context, swap: Swap): Lines {
  const turns: { readonly about: AccountId.AccountId; readonly ahead: readonly Signed[] }[] = []
  for (const leg of ['long', 'short'] as const) {
    const network = swap.state.durable.terms[leg]?.backend.network
    const side =
      network === undefined || !Object.hasOwn(context.sides, network) ? undefined : context.sides[network]
    const about = side?.funding
    if (side === undefined || about === undefined || turns.some((turn) => turn.about === about)) continue
    const ahead = aheadOf(swap, side)
    if (ahead.length > 0) turns.push({ about, ahead })
  }
  return {
    told: turns.flatMap(({ ahead }) => ahead.map(({ id }) => id)),
    lines: () =>
      turns.map(({ about, ahead }) => ({ kind: 'turn', about, value: writeSigned(ahead), firm: true })),
  }
}

function coinsOf(swap: Swap, { coins }: Place): Lines {
  const { role } = swap.state
  const firm = swap.recovered || swap.book.has(`lock/${Agreement.ownLeg(role)}`)
  const paid = SwapMachine.isLocked(swap.state)
  const left = coins
    .map(({ about, locks, keeps }) => ({ about, locks: paid ? 0n : locks, keeps }))
    .filter(({ locks, keeps }) => locks + keeps > 0n)
  return {
    told: left.map(({ about, locks, keeps }) => `${about} ${locks} ${keeps} ${firm}`),
    lines: () =>
      left.map(({ about, locks, keeps }) => ({
        kind: 'coins',
        about,
        value: Codec.writer().u256(locks).u256(keeps).finish(),
        firm,
      })),
  }
}

function readCoins(value: Uint8Array): Pick<Coins, 'locks' | 'keeps'> {
  const reader = Codec.reader(value)
  const coins = { locks: reader.u256(), keeps: reader.u256() }
  reader.finish()
  return coins
}

function writeSigned(signed: readonly Signed[]): Uint8Array {
  return Codec.writer().list(signed, SwapRecord.writeSigned).finish()
}

function readSigned(value: Uint8Array): readonly Signed[] {
  const reader = Codec.reader(value)
  const signed = reader.list(SwapRecord.readSigned)
  reader.finish()
  return signed
}
