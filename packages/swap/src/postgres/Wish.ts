// What is asked of whoever drives a swap, and the answers: lines beside the board's, which no seat owns and none takes away.
import type { CallOptions } from '@aitbc/core'
import type { Database } from './Database.js'

/** What owns a line that no seat does. */
export const NOBODY = '00000000-0000-0000-0000-000000000000'

/** What became of a wish: nobody has heeded it yet; the swap stopped; it was too late for that; the swap was over before; there is none. */
export type Answer = 'waits' | 'stopped' | 'late' | 'over' | 'unknown'

/** Asks that a swap goes no further, or with `again` only looks what became of that; resolves to what has by now. */
export async function ask(
  { schema, query }: Database,
  id: string,
  options: CallOptions & { readonly again?: boolean } = {},
): Promise<Answer> {
  const { again = false, signal } = options
  const { rows } = await query<{ over: boolean; told: 'stopped' | 'late' | null }>(
    () => ({
      text: `WITH known AS (SELECT outcome IS NOT NULL AS over FROM ${schema}.leases WHERE id = $1),
          told AS (SELECT max(kind) AS told FROM ${schema}.lines WHERE kind IN ('stopped', 'late') AND about = '' AND swap = $1),
          asked AS (
            INSERT INTO ${schema}.lines (kind, about, swap, owner, firm, value)
              SELECT 'cancel', '', $1, '${NOBODY}', true, '' FROM known, told WHERE $2 AND NOT over AND told IS NULL
              ON CONFLICT (kind, about, swap) DO NOTHING),
          gone AS (
            DELETE FROM ${schema}.lines USING known WHERE kind = 'cancel' AND about = '' AND swap = $1 AND over)
        SELECT over, told FROM known, told`,
      values: [id, !again],
    }),
    signal && { signal },
  )
  const [row] = rows
  if (row === undefined) return 'unknown'
  return row.told ?? (row.over ? 'over' : 'waits')
}

/** Which of these swaps are asked to go no further. */
export async function asked(
  { schema, query }: Database,
  ids: readonly string[],
  options: CallOptions,
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await query<{ swap: string }>(
    () => ({
      text: `SELECT swap FROM ${schema}.lines WHERE kind = 'cancel' AND about = '' AND swap = ANY($1)`,
      values: [ids],
    }),
    options,
  )
  return new Set(rows.map(({ swap }) => swap))
}

/** Answers a wish: once it has stopped a swap has stopped for good, and what was too late once is so for good. */
export async function answer({ schema, query }: Database, id: string, stopped: boolean): Promise<void> {
  await query(() => ({
    text: `WITH gone AS (DELETE FROM ${schema}.lines WHERE kind = 'cancel' AND about = '' AND swap = $1)
      INSERT INTO ${schema}.lines (kind, about, swap, owner, firm, value) VALUES ($2, '', $1, '${NOBODY}', true, '')
      ON CONFLICT (kind, about, swap) DO NOTHING`,
    values: [id, stopped ? 'stopped' : 'late'],
  }))
}
