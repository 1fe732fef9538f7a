import { CoreErrors } from '@aitbc/core'
import type * as Board from '../Board.js'
import { SwapErrors } from '../errors.js'
import { aborted, inTurn } from '../internal/inTurn.js'
import { pause } from '../internal/pause.js'
import type { Database } from './Database.js'
import { NOBODY } from './Wish.js'

const FIRST_PAUSE_MS = 5
const LAST_PAUSE_MS = 200
const MAX_TRIES = 10

interface Row {
  readonly about: string
  readonly value: Uint8Array
}

/**
 * Swaps of all processes see each other here. A turn is one row, whose holder is asked for by name when it writes: one that slept through
 * its turn writes nothing. Lines about coins stand in the order in which they were committed, so that of two at once one sees the other.
 *
 * A server may carry out what its client has given up long ago. Each seat has a line of its own, with the place of its beginning among all
 * and the number of its last statement: what is of an earlier seat, or of a smaller number, changes nothing. A statement sees only what was
 * committed before it began: what takes lines away does so behind one that got the seat's line, for which whoever writes waits too.
 */
export function createBoard(database: Database, turnMs: number): Board.Board {
  const { schema } = database
  const queue = inTurn()
  const numbers = new WeakMap<Board.Seat, number>()
  const next = (seat: Board.Seat): string => {
    const number = (numbers.get(seat) ?? 0) + 1
    numbers.set(seat, number)
    return String(number)
  }
  /** The line of a seat, as `seat`: there only for whoever has it, and for its latest statement, however often that is sent. */
  const seated = (swap: string, owner: string, number: string) =>
    `seat AS (
      INSERT INTO ${schema}.lines AS line (kind, about, swap, owner, firm, value, place)
        VALUES ('seat', '', ${swap}, ${owner}, true, '', ${number})
      ON CONFLICT (kind, about, swap) DO UPDATE SET place = excluded.place
        WHERE line.owner = excluded.owner AND line.place <= excluded.place RETURNING 1 AS here)`
  const columns = (lines: readonly Board.Line[]) => [
    lines.map(({ kind }) => kind),
    lines.map(({ about }) => about),
    lines.map(({ value }) => value),
    lines.map(({ firm }) => firm),
  ]
  const listed = (from: number) =>
    `unnest($${from}::text[], $${from + 1}::text[], $${from + 2}::bytea[], $${from + 3}::boolean[]) AS listed(kind, about, value, firm)`
  const insert = `INSERT INTO ${schema}.lines AS line (kind, about, swap, owner, firm, value)`
  const replacing =
    'ON CONFLICT (kind, about, swap) DO UPDATE SET owner = excluded.owner, firm = excluded.firm, value = excluded.value'

  /** A turn's holder has a name of its own; it has the turn until it writes, gives it back, or its time is over. */
  const acquire = async (account: string, holder: string, signal: AbortSignal): Promise<void> => {
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(LAST_PAUSE_MS, wait * 2)) {
      const { rows } = await database.query(
        () => ({
          text: `INSERT INTO ${schema}.turns AS turn (about, holder, due) VALUES ($1, $2, ${due('$3')})
            ON CONFLICT (about) DO UPDATE SET holder = excluded.holder, due = excluded.due
            WHERE turn.holder IS NULL OR turn.holder = excluded.holder OR turn.due <= clock_timestamp() RETURNING about`,
          values: [account, holder, turnMs],
        }),
        { signal },
      )
      if (rows.length > 0) return
      await pause(wait, signal)
      signal.throwIfAborted()
    }
  }

  const write = async (seat: Board.Seat, holder: string, line: Board.Line): Promise<void> => {
    const number = next(seat)
    const { rows, attempts } = await database.query(() => ({
      text: `WITH mine AS (
          UPDATE ${schema}.turns SET holder = NULL WHERE about = $2 AND holder = $7 AND due > clock_timestamp() RETURNING 1 AS turn),
          ${seated('$3', '$4', '$8')}
        ${insert} SELECT $1, $2, $3, $4, $5, $6 FROM mine, seat ${replacing} RETURNING about`,
      values: [line.kind, line.about, seat.swap, seat.owner, line.firm, line.value, holder, number],
    }))
    if (rows.length > 0) return
    if (attempts > 1) {
      // An earlier attempt may have been carried out.
      const { rows: found } = await database.query(() => ({
        text: `SELECT about FROM ${schema}.lines WHERE kind = $1 AND about = $2 AND swap = $3 AND owner = $4 AND value = $5`,
        values: [line.kind, line.about, seat.swap, seat.owner, line.value],
      }))
      if (found.length > 0) return
    }
    throw ended(line.about)
  }

  /**
   * Takes the seat for whoever asks last; `undefined` where somebody has asked since, or opened the swap's journal: who has lost that, and
   * doesn't know, would keep its next owner from every turn. One that is opened after this has a later place.
   */
  const take = async (seat: Board.Seat, turns: readonly Board.Line[]) => {
    const { swap, owner } = seat
    const { rows: places } = await database.query<{ place: string }>(() => ({
      text: `SELECT nextval('${schema}.places')::text AS place`,
      values: [],
    }))
    const log = database.open.get(swap)
    const { rows: seats } = await database.query(() => ({
      // Carried out once more, and late, it finds this seat's own line, or a later one's.
      text: `INSERT INTO ${schema}.lines AS line (kind, about, swap, owner, firm, value)
          SELECT 'seat', '', $1, $2::uuid, true, int8send($3)
          WHERE $4::text IS NULL OR EXISTS (SELECT FROM ${schema}.logs WHERE name = $4 AND logs.owner = $5::uuid)
        ON CONFLICT (kind, about, swap) DO UPDATE SET owner = excluded.owner, value = excluded.value,
          place = CASE WHEN line.owner = excluded.owner THEN line.place ELSE 0 END
          WHERE line.owner = excluded.owner OR line.value < excluded.value RETURNING 1 AS here`,
      values: [swap, owner, places[0]?.place, log?.name ?? null, log?.owner ?? null],
    }))
    if (seats.length === 0) return undefined
    const number = next(seat)
    const { rows } = await database.query<{ [K in keyof Row]: Row[K] | null }>(() => ({
      text: `WITH ${seated('$1', '$2', '$7')},
        gone AS (
          DELETE FROM ${schema}.lines USING seat
          WHERE swap = $1 AND owner <> $2 AND (NOT firm OR (kind = 'turn' AND about <> ALL($4)))),
        kept AS (
          UPDATE ${schema}.lines SET owner = $2 FROM seat WHERE swap = $1 AND firm AND kind = 'coins' RETURNING about, value),
        turns AS (
          ${insert} SELECT kind, about, $1, $2, firm, value FROM ${listed(3)}, seat
          ${replacing} WHERE line.owner <> excluded.owner)
        SELECT about, value FROM seat LEFT JOIN kept ON true`,
      values: [swap, owner, ...columns(turns), number],
    }))
    if (rows.length === 0) return undefined
    return rows.flatMap(({ about, value }): Board.Line[] =>
      about === null || value === null
        ? []
        : [{ kind: 'coins', about, value: new Uint8Array(value), firm: true }],
    )
  }

  return {
    async enter(seat, turns) {
      for (let tries = 1; ; tries++) {
        const kept = await take(seat, turns)
        if (kept !== undefined) return kept
        if (tries === MAX_TRIES)
          throw SwapErrors.SwapBusy(`swap ${seat.swap} is driven by another process`, { id: seat.swap })
      }
    },
    async put(seat, lines) {
      const { swap, owner } = seat
      const number = next(seat)
      await database.query(() => ({
        text: `WITH ${seated('$1', '$2', '$3')} SELECT here FROM seat`,
        values: [swap, owner, number],
      }))
      const { rows } = await database.query(() => ({
        text: `WITH ${seated('$1', '$2', '$7')},
          listed AS (SELECT * FROM ${listed(3)}),
          gone AS (
            DELETE FROM ${schema}.lines AS line USING seat
            WHERE swap = $1 AND owner = $2 AND kind <> 'seat' AND NOT EXISTS (
              SELECT FROM listed WHERE listed.kind = line.kind AND listed.about = line.about)),
          said AS (
            UPDATE ${schema}.lines AS line SET value = listed.value, firm = listed.firm FROM listed, seat
            WHERE line.swap = $1 AND line.owner = $2 AND line.kind = listed.kind AND line.about = listed.about)
          SELECT here FROM seat`,
        values: [swap, owner, ...columns(lines), number],
      }))
      if (rows.length === 0) throw conflict(seat)
    },
    async reserve(seat, lines) {
      const { swap, owner } = seat
      const about = lines.map((line) => line.about)
      // Places are given under a lock by account and asset, in one order, until the lines are committed.
      const number = next(seat)
      const { rows: written } = await database.query(() => ({
        text: `WITH ${seated('$1', '$2', '$7')}, locked AS MATERIALIZED (
            SELECT count(pg_advisory_xact_lock(hashtextextended('${schema} ' || about, 0))) AS n
            FROM (SELECT about FROM unnest($4::text[]) AS all_(about) ORDER BY about) AS sorted)
          INSERT INTO ${schema}.lines (kind, about, swap, owner, firm, value, place)
            SELECT kind, about, $1, $2, firm, value, CASE WHEN n >= 0 THEN nextval('${schema}.places') END
            FROM locked, seat, ${listed(3)}
          ON CONFLICT (kind, about, swap) DO UPDATE
            SET owner = excluded.owner, firm = excluded.firm, value = excluded.value, place = excluded.place
          RETURNING about`,
        values: [swap, owner, ...columns(lines), number],
      }))
      if (written.length < lines.length) throw conflict(seat)
      const { rows } = await database.query<Row>(() => ({
        // What isn't firm counts as long as its swap's worker is alive; without a worker it counts.
        text: `SELECT line.about, line.value FROM ${schema}.lines AS line
            JOIN ${schema}.lines AS own ON own.kind = 'coins' AND own.about = line.about AND own.swap = $1
            LEFT JOIN ${schema}.leases AS lease ON lease.id = line.swap
          WHERE line.kind = 'coins' AND line.about = ANY($2) AND line.swap <> $1 AND line.place < own.place
            AND (line.firm OR lease.claim IS NULL OR lease.due > clock_timestamp())`,
        values: [swap, about],
      }))
      return rows.map((row) => ({ about: row.about, value: new Uint8Array(row.value) }))
    },
    turn: (seat, account, signal, run) =>
      queue(account, signal, async () => {
        const holder = crypto.randomUUID()
        await acquire(account, holder, signal)
        let over = false
        // A signer that never answers holds up nobody in this process either.
        const late = new AbortController()
        const timer = setTimeout(() => over || late.abort(ended(account)), turnMs)
        try {
          const { rows } = await database.query<Row>(
            () => ({
              text: `SELECT about, value FROM ${schema}.lines WHERE kind = 'turn' AND about = $1 AND swap <> $2`,
              values: [account, seat.swap],
            }),
            { signal },
          )
          const mine = run({
            others: rows.map(({ value }) => new Uint8Array(value)),
            async write(line) {
              over = true
              await write(seat, holder, line)
            },
          })
          return await aborted(late.signal, aborted(signal, mine))
        } finally {
          clearTimeout(timer)
          // Else it ends by itself.
          if (!over)
            await database
              .query(() => ({
                text: `UPDATE ${schema}.turns SET holder = NULL WHERE about = $1 AND holder = $2`,
                values: [account, holder],
              }))
              .catch(() => undefined)
        }
      }),
    async leave({ swap, owner }, over) {
      await database.query(() => ({
        // The seat's line stays: what comes later finds it, and does nothing.
        text: `UPDATE ${schema}.lines SET owner = '${NOBODY}' WHERE kind = 'seat' AND about = '' AND swap = $1 AND owner = $2`,
        values: [swap, owner],
      }))
      await database.query(() => ({
        text: `DELETE FROM ${schema}.lines WHERE swap = $1 AND owner = $2 AND kind <> 'seat' AND (NOT firm OR $3)`,
        values: [swap, owner, over],
      }))
    },
  }
}

function ended(account: string) {
  return CoreErrors.StorageConflict(`the turn of ${account} is over`, { account })
}

function conflict({ swap }: Board.Seat) {
  return CoreErrors.StorageConflict(`swap ${swap} is driven by another one`, { swap })
}

const due = (ms: string) => `clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`
