import { CoreErrors, isAitbcError, show } from '@aitbc/core'
import { aborted } from '../internal/inTurn.js'
import { pause } from '../internal/pause.js'
import * as Lanes from './Lanes.js'

/** What is used of a `Pool` of the library `pg`; each call is one statement, so that a pool of one connection is enough. */
export interface Pool {
  query(config: {
    text: string
    values?: unknown[]
    /** Milliseconds until `pg` gives an answer up. */
    query_timeout?: number
  }): Promise<{ rows: unknown[] }>
  /** How many connections it has at most: so many statements are sent at once, all but one of them for other things than leases. */
  readonly options?: { readonly max?: number }
  /** `pg` ends the process for an idle connection that breaks, unless somebody listens. */
  on?(event: 'error', listener: (error: Error) => void): unknown
}

/** One statement with its values. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Rows of an answer, and how often the statement was sent: from 2 on an earlier one may have been carried out too. */
export interface Answer<R> {
  readonly rows: readonly R[]
  readonly attempts: number
}

/** A database that holds storage and leases, all in one schema. */
export interface Database {
  /** The schema's name, quoted. */
  readonly schema: string
  /** Logs of swaps that are open here, by swap: whoever opens one later has the swap, and this process has it no more. */
  readonly open: Map<string, { readonly name: string; readonly owner: string }>
  /**
   * Sends one statement until it is answered, with pauses, as long as its patience lasts. What is sent must bear being carried out twice,
   * also much later: a server may go on with what a torn connection left behind. `StorageUnavailable` (1105) in the end.
   */
  query<R>(statement: (attempt: number) => Statement, options?: QueryOptions): Promise<Answer<R>>
}

/** How a statement is sent. */
export interface QueryOptions {
  readonly signal?: AbortSignal
  readonly patienceMs?: number
  /** It doesn't wait for those that do; a lease would end meanwhile. */
  readonly urgent?: boolean
}

/** Options of a database; see {@link createDatabase}. */
export interface Options {
  /** A `Pool` of `pg`, connected as the caller likes; it stays the caller's, who ends it. */
  readonly pool: Pool
  /** The schema that holds all tables, 1–63 of `a–z 0–9 _`; made if it isn't there. `aitbc` unless told. */
  readonly schema?: string
  /** Most that one statement may take, milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number
  /**
   * How long a server that is away, or starts anew, is waited for, milliseconds; 30,000 unless told. That others have their turn first
   * doesn't count as long as the server answers them.
   */
  readonly patienceMs?: number
  /**
   * How long an account's turn lasts at most, milliseconds by the server's clock; 30,000 unless told. As long a killed worker keeps others
   * from it; longer than preparing and signing one transaction takes.
   */
  readonly turnMs?: number
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/
/** Version of the tables; 2 has turns and lines. */
const FORMAT = 2
const FIRST_PAUSE_MS = 20
const LAST_PAUSE_MS = 500

/** Pools that are listened to; what several storages send to one of them takes turns. */
const known = new WeakMap<Pool, Lanes.Lanes>()
/** What `pg` gives a pool unless told. */
const CONNECTIONS = 10

function lanesOf(pool: Pool): Lanes.Lanes {
  const before = known.get(pool)
  if (before !== undefined) return before
  const { max = CONNECTIONS } = pool.options ?? {}
  const lanes = Lanes.create(Number.isSafeInteger(max) && max > 0 ? max : CONNECTIONS)
  known.set(pool, lanes)
  // The next statement finds the connection gone, and says so.
  pool.on?.('error', () => undefined)
  return lanes
}

/** The tables on a pool's database; they are made, and the server's settings looked at, with the first statement. */
export function createDatabase(options: Options): Database {
  const { pool, schema: name = 'aitbc', timeoutMs = 10_000, patienceMs = 30_000 } = options ?? {}
  if (typeof pool?.query !== 'function')
    throw CoreErrors.InvalidArgument(`pool must be a Pool of pg, got ${show(pool)}`, {
      argument: 'pool',
      received: typeof pool,
    })
  if (typeof name !== 'string' || !SCHEMA.test(name))
    throw CoreErrors.InvalidArgument(`schema must be 1 to 63 of a–z, 0–9 and "_", got ${show(name)}`, {
      argument: 'schema',
      received: name,
    })
  for (const [argument, value] of Object.entries({ timeoutMs, patienceMs })) assertMs(value, argument)
  const lanes = lanesOf(pool)
  const schema = `"${name}"`

  const once = async (statement: Statement, patience: number): Promise<readonly unknown[]> => {
    const timeout = Math.min(timeoutMs, patience)
    const answer = pool.query({
      text: statement.text,
      query_timeout: timeout,
      ...(statement.values.length === 0 ? {} : { values: [...statement.values] }),
    })
    return (await within(answer, patience)).rows
  }

  const persist = async <T>(
    send: (attempt: number, patience: number) => Promise<T>,
    { signal, patienceMs: most = patienceMs, urgent = false }: QueryOptions,
  ): Promise<T> => {
    let end = performance.now() + most
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      const came = performance.now()
      const leave = await lanes.enter({ urgent, patienceMs: most })
      const now = performance.now()
      if (!urgent) end += now - came
      try {
        signal?.throwIfAborted()
        const answer = await send(attempt, Math.max(1, end - now))
        lanes.answered()
        return answer
      } catch (cause) {
        signal?.throwIfAborted()
        if (isAitbcError(cause)) throw cause
        const wait = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 6))
        const passing = isPassing(cause)
        if (!passing) lanes.answered()
        if (!passing || performance.now() + wait >= end) {
          const error = CoreErrors.StorageUnavailable(
            `the database failed: ${cause instanceof Error ? cause.message : show(cause)}`,
            { schema: name, attempts: attempt },
            { cause },
          )
          if (passing) lanes.away(error)
          throw error
        }
        leave()
        await pause(wait)
      } finally {
        leave()
      }
    }
  }

  let prepared: Promise<void> | undefined
  const prepare = (): Promise<void> => {
    prepared ??= persist(
      (_, patience) => setUp((text) => once({ text, values: [] }, patience), schema, name),
      {},
    ).catch((error) => {
      prepared = undefined
      throw error
    })
    return prepared
  }

  return {
    schema,
    open: new Map(),
    async query<R>(
      statement: (attempt: number) => Statement,
      options: QueryOptions = {},
    ): Promise<Answer<R>> {
      const { signal } = options
      signal?.throwIfAborted()
      // Whoever is first prepares for all, and may give up alone.
      await (signal === undefined ? prepare() : aborted(signal, prepare()))
      return persist(
        async (attempt, patience) => ({
          rows: (await once(statement(attempt), patience)) as readonly R[],
          attempts: attempt,
        }),
        options,
      )
    },
  }
}

/** Refuses what is no positive number of milliseconds: `InvalidArgument` (1013). */
export function assertMs(value: unknown, argument: string): void {
  if (typeof value !== 'number' || !(value >= 1) || value > 2 ** 31 - 1)
    throw CoreErrors.InvalidArgument(`${argument} must be milliseconds from 1 on, got ${show(value)}`, {
      argument,
      received: value,
    })
}

/** Makes the tables where they aren't there; refuses a server that answers before a write is durable, and tables of a later version. */
async function setUp(
  run: (text: string) => Promise<readonly unknown[]>,
  schema: string,
  name: string,
): Promise<void> {
  const [settings] = (await run(
    `SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,
      to_regclass('${schema}.turns') IS NOT NULL AS made`,
  )) as [{ commit: string; fsync: string; made: boolean }]
  for (const [setting, value] of [
    ['synchronous_commit', settings.commit],
    ['fsync', settings.fsync],
  ] as const)
    if (value === 'off')
      throw CoreErrors.StorageUnavailable(
        `the database has ${setting} off: a write would be lost in a crash after it was answered`,
        { setting, value },
        { hint: `Set ${setting} to "on" for this role or database.` },
      )
  // One text without values is one transaction; of many that start at once, one makes the tables.
  if (!settings.made)
    await run(`SELECT pg_advisory_xact_lock(hashtext('aitbc:${name}'));
      CREATE SCHEMA IF NOT EXISTS ${schema};
      CREATE TABLE IF NOT EXISTS ${schema}.keys (
        key text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, value bytea NOT NULL, write uuid NOT NULL);
      CREATE TABLE IF NOT EXISTS ${schema}.logs (
        name text COLLATE "C" PRIMARY KEY, owner uuid NOT NULL, token bigint NOT NULL,
        version bigint NOT NULL, size bigint NOT NULL) WITH (fillfactor = 70);
      CREATE TABLE IF NOT EXISTS ${schema}.pieces (
        name text COLLATE "C" NOT NULL, at bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (name, at));
      CREATE TABLE IF NOT EXISTS ${schema}.leases (
        id text COLLATE "C" PRIMARY KEY, due timestamptz NOT NULL, token bigint NOT NULL DEFAULT 0,
        claim uuid, failures integer NOT NULL DEFAULT 0, outcome text) WITH (fillfactor = 70);
      CREATE INDEX IF NOT EXISTS leases_due ON ${schema}.leases (due) WHERE outcome IS NULL;
      CREATE TABLE IF NOT EXISTS ${schema}.turns (
        about text COLLATE "C" PRIMARY KEY, holder uuid, due timestamptz NOT NULL) WITH (fillfactor = 50);
      CREATE SEQUENCE IF NOT EXISTS ${schema}.places;
      CREATE TABLE IF NOT EXISTS ${schema}.lines (
        kind text COLLATE "C" NOT NULL, about text COLLATE "C" NOT NULL, swap text COLLATE "C" NOT NULL, owner uuid NOT NULL,
        firm boolean NOT NULL, value bytea NOT NULL, place bigint NOT NULL DEFAULT 0, PRIMARY KEY (kind, about, swap));
      CREATE INDEX IF NOT EXISTS lines_swap ON ${schema}.lines (swap);
      CREATE TABLE IF NOT EXISTS ${schema}.format (version integer PRIMARY KEY);
      INSERT INTO ${schema}.format VALUES (${FORMAT}) ON CONFLICT DO NOTHING`)
  const [format] = (await run(`SELECT max(version) AS version FROM ${schema}.format`)) as [
    { version: number },
  ]
  if (format.version !== FORMAT)
    throw CoreErrors.StorageUnavailable(
      `the tables in ${name} are of version ${format.version}, this is for ${FORMAT}`,
      { schema: name, version: format.version },
      { hint: 'Use the SDK that made the tables, or a later one.' },
    )
}

/** Whether the same may succeed later: the connection broke, the server is away or full, or another statement was in the way. */
function isPassing(cause: unknown): boolean {
  const {
    code,
    schema,
    message = '',
  } = (cause ?? {}) as Partial<Record<'code' | 'schema', unknown>> & {
    readonly message?: string
  }
  const state = typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined
  if (state === undefined)
    return typeof code === 'string' || /connect|terminated|time|no answer/i.test(message)
  // Connections, rollbacks for concurrency, resources, an operator's or a timeout's intervention. A standby answers 25006 until it leads.
  if (/^(08|40|53|57|58)/.test(state) || state === '25006' || state === '55P03') return true
  // Of two that make the same table at once one may find it only the next time.
  return state === '23505' && schema === 'pg_catalog'
}

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${Math.round(ms)} ms`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
