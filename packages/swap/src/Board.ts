import { type Bytes, Codec, CoreErrors, type Storage } from '@aitbc/core'
import { inTurn } from './internal/inTurn.js'

/** What a swap tells the others of its accounts. */
export interface Line {
  /** `turn`: what it signed and hasn't sent; `coins`: what it counts on. */
  readonly kind: 'turn' | 'coins'
  /** The account, for coins with the asset. */
  readonly about: string
  readonly value: Bytes.Bytes
  /** It counts also while nobody drives the swap; else only as long as whoever wrote it does. */
  readonly firm: boolean
}

/** Who drives a swap, one object for each run: `owner` is new with it, so that what an earlier one does late changes nothing. */
export interface Seat {
  readonly swap: string
  readonly owner: string
}

/** An account's turn. */
export interface Turn {
  /** What the other swaps signed for the account and haven't sent. */
  readonly others: readonly Bytes.Bytes[]
  /** Tells the others, once; `StorageConflict` (1104) where the turn was over by then, and somebody else may have it. */
  write(line: Line): Promise<void>
}

/**
 * Where swaps that share accounts see each other, so that no two use one nonce or count on one coin (S13). A storage that several processes
 * share brings one of its own as its member `board`; with all others it is this process's memory, and what a swap counts on is in the storage
 * for whoever goes on with it.
 */
export interface Board {
  /** Begins for a swap: the lines of its turns are those given, of its coins the firm ones, which it resolves to. */
  enter(seat: Seat, turns: readonly Line[]): Promise<readonly Line[]>
  /**
   * Says what the seat's lines say now, each in its place; those that aren't given are gone, and none is new. `StorageConflict` (1104) as
   * for {@link reserve}.
   */
  put(seat: Seat, lines: readonly Line[]): Promise<void>
  /**
   * Writes lines about coins, behind all others; resolves to the others' that stand before them. `StorageConflict` (1104) where somebody else has
   * the swap's seat by now, as far as the board can tell.
   */
  reserve(seat: Seat, lines: readonly Line[]): Promise<readonly Pick<Line, 'about' | 'value'>[]>
  /** Runs when nobody else has the account's turn. An abort, or a crash, lets the next one in. */
  turn<T>(seat: Seat, account: string, signal: AbortSignal, run: (turn: Turn) => Promise<T>): Promise<T>
  /** Ends for a swap; one that isn't over leaves its firm lines where another process may go on with it. */
  leave(seat: Seat, over: boolean): Promise<void>
}

/** A storage that several processes share, with what their swaps tell each other. */
export interface Shared extends Storage {
  readonly board: Board
}

const boards = new WeakMap<Storage, Board>()

/** The board of a storage, or this process's for it. */
export function of(storage: Storage): Board {
  const own = (storage as Partial<Shared>).board
  if (own !== undefined) return own
  const known = boards.get(storage) ?? inMemory(storage)
  boards.set(storage, known)
  return known
}

function inMemory(storage: Storage): Board {
  const key = ({ swap }: Seat) => `coins/${swap}`
  const keep = (seat: Seat, lines: readonly Line[]) =>
    storage.put(
      key(seat),
      Codec.writer()
        .list(lines, (w, { about, value }) => w.text(about).bytes(value))
        .finish(),
    )
  const queue = inTurn()
  let all: readonly { readonly seat: Seat; readonly line: Line }[] = []
  const same = (a: Line, b: Line) => a.kind === b.kind && a.about === b.about
  const add = (seat: Seat, lines: readonly Line[]) => {
    all = [...all, ...lines.map((line) => ({ seat, line }))]
  }
  const others = (seat: Seat, kind: Line['kind'], about: string) =>
    all.filter((one) => one.seat.swap !== seat.swap && one.line.kind === kind && one.line.about === about)
  return {
    async enter(seat, turns) {
      const found = await storage.get(key(seat))
      const kept =
        found === undefined
          ? []
          : Codec.reader(found.value).list(
              (r): Line => ({ kind: 'coins', about: r.text(), value: r.bytes(), firm: true }),
            )
      all = all.filter((one) => one.seat.swap !== seat.swap)
      add(seat, [...turns, ...kept])
      return kept
    },
    async put(seat, lines) {
      all = all.flatMap((one) => {
        if (one.seat.owner !== seat.owner) return [one]
        const line = lines.find((other) => same(other, one.line))
        return line === undefined ? [] : [{ seat, line }]
      })
    },
    async reserve(seat, lines) {
      all = all.filter((one) => one.seat.swap !== seat.swap || one.line.kind !== 'coins')
      const before = lines.flatMap(({ about }) => others(seat, 'coins', about).map(({ line }) => line))
      add(seat, lines)
      await keep(
        seat,
        lines.filter(({ firm }) => firm),
      )
      return before
    },
    turn: (seat, account, signal, run) =>
      queue(account, signal, () => {
        let over = false
        return run({
          others: others(seat, 'turn', account).map(({ line }) => line.value),
          async write(line) {
            if (over || signal.aborted)
              throw CoreErrors.StorageConflict(`the turn of ${account} is over`, { account })
            over = true
            all = all.filter((one) => one.seat.swap !== seat.swap || !same(one.line, line))
            add(seat, [line])
          },
        })
      }),
    // Nobody goes on with it where this process's memory doesn't reach.
    async leave(seat, over) {
      all = all.filter((one) => one.seat.owner !== seat.owner)
      if (!over || all.some((one) => one.seat.swap === seat.swap)) return
      if ((await storage.get(key(seat))) !== undefined) await keep(seat, [])
    },
  }
}
