import { type CallOptions, CoreErrors, show } from '@aitbc/core'
import type * as SwapMachine from '../SwapMachine.js'
import type { PostgresStorage } from './createPostgresStorage.js'
import { assertMs } from './Database.js'

/**
 * The right to drive one swap for a while. Its token grows with each lease of the swap: what an earlier owner does late is told by its
 * smaller one, and refused.
 */
export interface Lease {
  readonly id: string
  readonly token: bigint
  /** How often in a row the swap was given back because it failed. */
  readonly failures: number
}

/** Swaps of a database, by what becomes of them. */
export interface Count {
  /** Nobody has them, or their lease is over. */
  readonly due: number
  /** Leased, or left alone for a while. */
  readonly later: number
  readonly finished: number
}

/**
 * Takes the swaps that are longest due, up to `max`, for `leaseMs` by the server's clock. Two that claim at once never get the same one.
 *
 * `InvalidArgument` (1013), `StorageUnavailable` (1105).
 *
 * @example
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const leases = await Lease.claim(storage, { max: 10, leaseMs: 30_000 })
 * await Lease.release(storage, leases)
 */
export async function claim(
  { database }: PostgresStorage,
  options: CallOptions & { readonly max: number; readonly leaseMs: number },
): Promise<readonly Lease[]> {
  const { max, leaseMs, signal } = options
  if (!Number.isSafeInteger(max) || max < 1)
    throw CoreErrors.InvalidArgument(`max must be an integer from 1 on, got ${show(max)}`, {
      argument: 'max',
      received: max,
    })
  assertMs(leaseMs, 'leaseMs')
  const leases = `${database.schema}.leases`
  const mark = crypto.randomUUID()
  const columns = 'id, token::text, failures'
  const { rows } = await database.query<{ id: string; token: string; failures: number }>(
    (attempt) => ({
      // An attempt before may have taken some whose names never came: they bear this claim's mark.
      text: `WITH due AS MATERIALIZED (
          SELECT id FROM ${leases} WHERE outcome IS NULL AND due <= clock_timestamp() ORDER BY due
          LIMIT greatest(0, $3 - ${attempt === 1 ? '0' : `(SELECT count(*) FROM ${leases} WHERE claim = $1)`})
          FOR UPDATE SKIP LOCKED),
        taken AS (
          UPDATE ${leases} SET token = token + 1, claim = $1, due = ${later('$2')} FROM due WHERE leases.id = due.id
          RETURNING leases.id, token, failures)
        SELECT ${columns} FROM taken
        ${attempt === 1 ? '' : `UNION ALL SELECT ${columns} FROM ${leases} WHERE claim = $1`}`,
      values: [mark, leaseMs, max],
    }),
    signal && { signal },
  )
  return rows.map(({ id, token, failures }) => ({ id, token: BigInt(token), failures }))
}

/**
 * Prolongs leases by `leaseMs` from now on, by the server's clock; resolves to the ids of those that are held. One that ended there and that
 * nobody took is held again. It goes before other statements, all in one.
 *
 * `InvalidArgument` (1013), `StorageUnavailable` (1105).
 *
 * @example
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const leases = await Lease.claim(storage, { max: 10, leaseMs: 30_000 })
 * // Some time later: what isn't held any more is somebody else's.
 * const held = await Lease.renew(storage, leases, { leaseMs: 30_000 })
 * const lost = leases.filter(({ id }) => !held.has(id))
 */
export async function renew(
  { database }: PostgresStorage,
  leases: readonly Lease[],
  options: CallOptions & { readonly leaseMs: number; readonly patienceMs?: number },
): Promise<ReadonlySet<string>> {
  const { leaseMs, ...rest } = options
  assertMs(leaseMs, 'leaseMs')
  if (leases.length === 0) return new Set()
  const { rows } = await database.query<{ id: string }>(
    () => ({
      text: `UPDATE ${database.schema}.leases AS lease SET due = ${later('$3')} FROM ${listed('$1', '$2')}
        WHERE lease.id = listed.id AND lease.token = listed.token AND outcome IS NULL RETURNING lease.id`,
      values: [...pairs(leases), leaseMs],
    }),
    { ...rest, urgent: true },
  )
  return new Set(rows.map(({ id }) => id))
}

/**
 * Gives leases back, where they are still held: others may take the swaps at once, or from `delayMs` on. With `failed` it is counted
 * as one more failure in a row, else the count begins anew. `StorageUnavailable` (1105).
 *
 * @example
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const leases = await Lease.claim(storage, { max: 10, leaseMs: 30_000 })
 * // Something went wrong: not before a second has gone by.
 * await Lease.release(storage, leases, { failed: true, delayMs: 1000 })
 */
export async function release(
  { database }: PostgresStorage,
  leases: readonly Lease[],
  options: CallOptions & { readonly delayMs?: number; readonly failed?: boolean } = {},
): Promise<void> {
  const { delayMs = 0, failed = false, signal } = options
  if (leases.length === 0) return
  await database.query(
    () => ({
      // The token moves on, so that what was given back is valid no more, and a second carrying out does nothing.
      text: `UPDATE ${database.schema}.leases AS lease
        SET due = ${later('$3')}, token = lease.token + 1, claim = NULL, failures = ${failed ? 'failures + 1' : '0'}
        FROM ${listed('$1', '$2')} WHERE lease.id = listed.id AND lease.token = listed.token AND outcome IS NULL`,
      values: [...pairs(leases), delayMs],
    }),
    signal && { signal },
  )
}

/**
 * Ends a lease and its swap's turns for good, where it is still held, and else does nothing. `StorageUnavailable` (1105).
 *
 * @example
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const [lease] = await Lease.claim(storage, { max: 1, leaseMs: 30_000 })
 * if (lease !== undefined) await Lease.finish(storage, lease, 'deal')
 */
export async function finish(
  { database }: PostgresStorage,
  lease: Lease,
  outcome: SwapMachine.Outcome,
  { signal }: CallOptions = {},
): Promise<void> {
  await database.query(
    () => ({
      // With the token it is over for good: carried out once more, and late, it finishes nothing that was offered again.
      text: `UPDATE ${database.schema}.leases SET outcome = $3, claim = NULL, token = token + 1 WHERE id = $1 AND token = $2`,
      values: [lease.id, String(lease.token), outcome],
    }),
    signal && { signal },
  )
}

/**
 * Asks the server which leases are held now, in one statement that goes before others; resolves to their ids. `StorageUnavailable` (1105).
 *
 * @example
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const leases = await Lease.claim(storage, { max: 10, leaseMs: 30_000 })
 * // Before something that nobody else may do as well.
 * const ids = await Lease.held(storage, leases, { patienceMs: 5000 })
 * const sure = leases.filter(({ id }) => ids.has(id))
 */
export async function held(
  { database }: PostgresStorage,
  leases: readonly Lease[],
  options: CallOptions & { readonly patienceMs?: number } = {},
): Promise<ReadonlySet<string>> {
  if (leases.length === 0) return new Set()
  const { rows } = await database.query<{ id: string }>(
    () => ({
      text: `SELECT lease.id FROM ${database.schema}.leases AS lease, ${listed('$1', '$2')}
        WHERE lease.id = listed.id AND lease.token = listed.token AND outcome IS NULL AND due > clock_timestamp()`,
      values: pairs(leases),
    }),
    { ...options, urgent: true },
  )
  return new Set(rows.map(({ id }) => id))
}

/**
 * Hands a swap that was just opened to the workers, now. Without it they take it over a minute after it was begun; either way they take
 * its journal, and whoever opened it can write to it no more. A finished swap is offered again with `again` (to collect its deposits).
 *
 * @example
 * import { Runner } from '@aitbc/swap'
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const context: Runner.Context
 * declare const storage: PostgresStorage
 * declare const agreed: Parameters<typeof Runner.open>[1]
 * const swap = await Runner.open({ ...context, storage }, agreed)
 * await swap.journal.close()
 * await Lease.offer(storage, swap.id)
 */
export async function offer(
  { database }: PostgresStorage,
  id: string,
  options: CallOptions & { readonly again?: boolean } = {},
): Promise<void> {
  const { again = false, signal } = options
  await database.query(
    () => ({
      text: `UPDATE ${database.schema}.leases SET due = clock_timestamp(), outcome = NULL, failures = 0
        WHERE id = $1 AND claim IS NULL AND (outcome IS NULL OR $2)`,
      values: [id, again],
    }),
    signal && { signal },
  )
}

/**
 * Tells how many swaps there are, and what becomes of them. `StorageUnavailable` (1105).
 *
 * @example
 * import { Lease, type PostgresStorage } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const { due, later, finished } = await Lease.count(storage)
 * // More that nobody drives than for a moment: there are too few workers.
 * if (due > 100) console.warn(`${due} swaps wait, ${later} are driven or rest, ${finished} are over`)
 */
export async function count({ database }: PostgresStorage, { signal }: CallOptions = {}): Promise<Count> {
  const { rows } = await database.query<{ due: number; later: number; finished: number }>(
    () => ({
      text: `SELECT count(*) FILTER (WHERE outcome IS NULL AND due <= clock_timestamp())::integer AS due,
          count(*) FILTER (WHERE outcome IS NULL AND due > clock_timestamp())::integer AS later,
          count(*) FILTER (WHERE outcome IS NOT NULL)::integer AS finished FROM ${database.schema}.leases`,
      values: [],
    }),
    signal && { signal },
  )
  return rows[0] as Count
}

const later = (ms: string) => `clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`
const listed = (ids: string, tokens: string) =>
  `unnest(${ids}::text[], ${tokens}::bigint[]) AS listed(id, token)`
const pairs = (leases: readonly Lease[]) => [
  leases.map(({ id }) => id),
  leases.map(({ token }) => String(token)),
]
