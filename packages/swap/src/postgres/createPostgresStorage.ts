import { type Bytes, CoreErrors, isAitbcError, type Log, show, type Versioned } from '@aitbc/core'
import type * as Board from '../Board.js'
import { createBoard } from './createBoard.js'
import { assertMs, createDatabase, type Database, type Options } from './Database.js'

/** Storage in PostgreSQL, what swaps of one account tell each other, and the database that leases are kept in. */
export interface PostgresStorage extends Board.Shared {
  readonly database: Database
}

const KEY = /^[a-z0-9._/-]{1,512}$/
const PREFIX = /^[a-z0-9._/-]{0,512}$/
const HEAD = /^swap\/(.+)\/head$/
const LOG = /^swap\/(.+)\/log-\d+$/
const MAX_TRIES = 1000

/** How long a swap that was just begun is left to whoever begins it, milliseconds; `Lease.offer` ends that. */
export const GRACE_MS = 60_000

/**
 * Storage in PostgreSQL 14 or later (Node): any number of processes share it. A write is one statement, durable when it resolves; a server
 * that answers earlier (`synchronous_commit` or `fsync` off) is refused.
 *
 * Where a connection breaks between a commit and its answer, the storage looks what became of the write: each one bears a mark of its own
 * or its place in the log, so it is neither done twice nor reported as failed when it was done. What can't be told within the patience
 * is `StorageUnavailable` (1105); a log then refuses everything until it is opened again.
 *
 * Errors: those of `Storage`, and `InvalidArgument` (1013) for an option out of range.
 *
 * @example
 * import { createPostgresStorage, type Database } from '@aitbc/swap/postgres'
 * declare const pool: Database.Pool // new pg.Pool({ host: '127.0.0.1', max: 20 })
 * const storage = createPostgresStorage({ pool })
 * await storage.put('greeting', new TextEncoder().encode('hello'))
 */
export function createPostgresStorage(options: Options): PostgresStorage {
  const database = createDatabase(options)
  const { turnMs = 30_000 } = options
  assertMs(turnMs, 'turnMs')
  const { schema } = database

  const get = async (key: string, signal?: AbortSignal): Promise<Versioned | undefined> => {
    const { rows } = await database.query<{ value: Uint8Array; version: string }>(
      () => ({ text: `SELECT value, version::text FROM ${schema}.keys WHERE key = $1`, values: [key] }),
      signal && { signal },
    )
    const [row] = rows
    return row && { value: new Uint8Array(row.value), version: BigInt(row.version) }
  }

  const set = async (
    key: string,
    expected: bigint,
    value: Bytes.Bytes,
    signal?: AbortSignal,
  ): Promise<bigint> => {
    const write = crypto.randomUUID()
    const { rows, attempts } = await database.query(() => setting(schema, key, expected, value, write), {
      ...(signal && { signal }),
    })
    if (rows.length > 0) return expected + 1n
    const {
      rows: [found],
    } = await database.query<{ version: string; write: string }>(() => ({
      text: `SELECT version::text, write FROM ${schema}.keys WHERE key = $1`,
      values: [key],
    }))
    const version = BigInt(found?.version ?? 0)
    if (attempts > 1 && found?.write === write) return version
    // It may have been this write that another one followed on.
    if (attempts > 1 && version > expected + 1n)
      throw CoreErrors.StorageUnavailable(`what became of a write of ${key} can't be told any more`, { key })
    throw CoreErrors.StorageConflict(`${key} has version ${version}, expected ${expected}`, {
      key,
      expected,
      found: version,
    })
  }

  return {
    database,
    board: createBoard(database, turnMs),
    async get(key, { signal } = {}) {
      assertKey(key, 'key')
      return get(key, signal)
    },
    async put(key, value, { signal } = {}) {
      assertKey(key, 'key')
      const copy = copyOf(value, 'value')
      for (let tries = 1; ; tries++) {
        const found = await get(key, signal)
        try {
          return await set(key, found?.version ?? 0n, copy, signal)
        } catch (error) {
          if (!isAitbcError(error, 'StorageConflict') || tries === MAX_TRIES) throw error
        }
      }
    },
    async list(prefix, { signal } = {}) {
      if (typeof prefix !== 'string' || !PREFIX.test(prefix))
        throw CoreErrors.InvalidArgument(
          `prefix must be at most 512 characters of a–z, 0–9 and "._-/", got ${show(prefix)}`,
          { argument: 'prefix', received: prefix },
        )
      const { rows } = await database.query<{ key: string }>(
        // "~" is behind every character that a key has.
        () => ({
          text: `SELECT key FROM ${schema}.keys WHERE key >= $1 AND key < $2 ORDER BY key`,
          values: [prefix, `${prefix}~`],
        }),
        signal && { signal },
      )
      return rows.map(({ key }) => key)
    },
    async compareAndSet(key, expected, value, { signal } = {}) {
      assertKey(key, 'key')
      if (typeof expected !== 'bigint' || expected < 0n)
        throw CoreErrors.InvalidArgument(
          `expected must be a version (a bigint from 0), got ${show(expected)}`,
          {
            argument: 'expected',
            received: expected,
          },
        )
      return set(key, expected, copyOf(value, 'value'), signal)
    },
    async log(name, { signal } = {}) {
      assertKey(name, 'name')
      return openLog(database, name, signal && { signal })
    },
  }
}

/** The statement that sets a key; a swap's first head also puts the swap into the queue. */
function setting(schema: string, key: string, expected: bigint, value: Uint8Array, write: string) {
  if (expected > 0n)
    return {
      text: `UPDATE ${schema}.keys SET version = version + 1, value = $2, write = $3
        WHERE key = $1 AND version = $4 RETURNING version`,
      values: [key, value, write, String(expected)],
    }
  const insert = `INSERT INTO ${schema}.keys (key, version, value, write) VALUES ($1, 1, $2, $3)
    ON CONFLICT (key) DO NOTHING RETURNING version`
  const swap = HEAD.exec(key)?.[1]
  return swap === undefined
    ? { text: insert, values: [key, value, write] }
    : {
        text: `WITH written AS (${insert}), queued AS (
            INSERT INTO ${schema}.leases (id, due)
            SELECT $4, clock_timestamp() + $5::float8 * interval '1 millisecond' FROM written ON CONFLICT (id) DO NOTHING)
          SELECT version FROM written`,
        values: [key, value, write, swap, GRACE_MS],
      }
}

/** The swap whose log has this name. */
export const swapOf = (name: string): string | undefined => LOG.exec(name)?.[1]

/**
 * Opens a log and fences whoever has it open. With a lease's `token` it is refused where a later lease's owner has opened it: a worker that
 * slept through its lease doesn't fence the next one.
 */
export async function openLog(
  database: Database,
  name: string,
  options: { readonly signal?: AbortSignal; readonly token?: bigint } = {},
): Promise<Log> {
  const { schema } = database
  const { token, signal } = options
  const owner = crypto.randomUUID()
  const {
    rows: [opened],
  } = await database.query<{ version: string; size: string }>(
    () => ({
      text: `INSERT INTO ${schema}.logs AS log (name, owner, token, version, size) VALUES ($1, $2, coalesce($3::bigint, 0), 0, 0)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, token = coalesce($3::bigint, log.token)
        WHERE $3::bigint IS NULL OR log.token <= $3::bigint RETURNING version::text, size::text`,
      values: [name, owner, token === undefined ? null : String(token)],
    }),
    signal && { signal },
  )
  if (opened === undefined) throw fenced(name)
  const swap = swapOf(name)
  if (swap !== undefined) database.open.set(swap, { name, owner })
  let version = BigInt(opened.version)
  let size = Number(opened.size)
  let open = true
  let unknown = false
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> => {
    const mine = last.then(() => {
      signal?.throwIfAborted()
      if (unknown)
        throw CoreErrors.StorageUnavailable(
          `what became of a write to the log ${name} can't be told`,
          { name },
          { hint: 'Open the log again.' },
        )
      return task()
    })
    last = mine.catch(() => undefined)
    return mine
  }
  const assertOpen = (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted()
    if (!open)
      throw CoreErrors.StorageUnavailable(
        `the log ${name} is closed`,
        { name },
        { hint: 'Open the log again.' },
      )
  }

  const state = async () => {
    const {
      rows: [row],
    } = await database.query<{ version: string; owned: boolean }>(() => ({
      text: `SELECT version::text, owner = $2 AS owned FROM ${schema}.logs WHERE name = $1`,
      values: [name, owner],
    }))
    if (!row?.owned) throw fenced(name)
    return BigInt(row.version)
  }

  /** One write: carried out only from this handle's last version on, however often and late it is sent. */
  const write = async (text: string, values: readonly unknown[]): Promise<void> => {
    try {
      const all = [name, owner, String(version), ...values]
      const { rows } = await database.query(() => ({ text, values: all }))
      if (rows.length === 0 && (await state()) !== version + 1n)
        throw CoreErrors.StorageUnavailable(`the log ${name} was changed beside its owner`, { name })
      version += 1n
    } catch (error) {
      if (!isAitbcError(error, 'StorageConflict')) unknown = true
      throw error
    }
  }
  const advance = `UPDATE ${schema}.logs SET version = version + 1`
  const own = 'WHERE name = $1 AND owner = $2 AND version = $3'

  return {
    async read({ signal } = {}) {
      assertOpen(signal)
      return inTurn(signal, async () => {
        const {
          rows: [row],
        } = await database.query<{ owned: boolean; bytes: Uint8Array | null }>(
          () => ({
            text: `SELECT owner = $2 AS owned,
                (SELECT string_agg(bytes, ''::bytea ORDER BY at) FROM ${schema}.pieces WHERE name = $1) AS bytes
              FROM ${schema}.logs WHERE name = $1`,
            values: [name, owner],
          }),
          signal && { signal },
        )
        if (!row?.owned) throw fenced(name)
        const bytes = row.bytes === null ? new Uint8Array(0) : new Uint8Array(row.bytes)
        if (bytes.length !== size)
          throw CoreErrors.StorageUnavailable(`the log ${name} has ${bytes.length} bytes, not ${size}`, {
            name,
          })
        return bytes
      })
    },
    async append(bytes, { signal } = {}) {
      assertOpen(signal)
      const copy = copyOf(bytes, 'bytes')
      return inTurn(signal, async () => {
        if (copy.length === 0) return void (await state())
        await write(
          `WITH head AS (${advance}, size = size + $4 ${own} RETURNING size)
            INSERT INTO ${schema}.pieces (name, at, bytes) SELECT $1, size - $4, $5 FROM head RETURNING at`,
          [copy.length, copy],
        )
        size += copy.length
      })
    },
    async truncate(to, { signal } = {}) {
      assertOpen(signal)
      return inTurn(signal, async () => {
        if (!Number.isSafeInteger(to) || to < 0 || to > size)
          throw CoreErrors.InvalidArgument(`size must be an integer from 0 to ${size}, got ${show(to)}`, {
            argument: 'size',
            received: to,
          })
        await write(
          `WITH head AS (${advance}, size = $4 ${own} RETURNING size),
              gone AS (DELETE FROM ${schema}.pieces USING head WHERE name = $1 AND at >= $4),
              cut AS (UPDATE ${schema}.pieces SET bytes = substring(bytes FROM 1 FOR ($4 - at)::integer) FROM head
                WHERE name = $1 AND at < $4 AND at + length(bytes) > $4)
            SELECT size FROM head`,
          [to],
        )
        size = to
      })
    },
    async close() {
      open = false
      await last
      if (swap !== undefined && database.open.get(swap)?.owner === owner) database.open.delete(swap)
    },
  }
}

function fenced(name: string) {
  return CoreErrors.StorageConflict(`the log ${name} was opened again by another writer`, { name })
}

function assertKey(value: unknown, argument: 'key' | 'name'): asserts value is string {
  if (typeof value !== 'string' || !KEY.test(value))
    throw CoreErrors.InvalidArgument(
      `${argument} must be 1 to 512 characters of a–z, 0–9 and "._-/", got ${show(value)}`,
      { argument, received: value },
    )
}

function copyOf(value: unknown, argument: string): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw CoreErrors.InvalidArgument(`${argument} must be a Uint8Array, got ${show(value)}`, {
      argument,
      received: typeof value,
    })
  return new Uint8Array(value)
}
