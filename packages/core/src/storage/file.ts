import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isAitbcError } from '../errors/AitbcError.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import * as check from '../internal/storage.js'
import type { Log, Storage, Versioned } from '../Storage.js'

// A key is a folder, each of its versions a file in it. `link` creates a version with all its bytes or not at all, and only where
// nobody else did: that is the compare-and-set, also between processes, and it leaves no lock behind when one of them is killed.
// A writer that sees a higher version than its own after its `link` was either slow, and created what others had already removed, or
// somebody has written on top of it meanwhile. Who writes on top of a version marks it first, while it is the newest: one without that
// mark never counted, and is taken back.

const CHUNK = 120
const MAX_TRIES = 1000
const STALE_TEMPORARY_MS = 86_400_000
/** When a version that somebody writes on top of was modified last, Unix seconds; nothing is left of the true time. */
const MARK = 1

/**
 * Storage in a folder (Node): every write is synced, file and folder. Several processes may share the folder; a log belongs to
 * one living process at a time, and to the next when that one has died.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * import { createFileStorage } from '@aitbc/core/storage/file'
 * const storage = createFileStorage({ folder: `${tmpdir()}/aitbc-example` })
 * await storage.put('greeting', new TextEncoder().encode('hello'))
 */
export function createFileStorage(options: createFileStorage.Options): Storage {
  if (typeof options?.folder !== 'string' || options.folder === '' || options.folder.includes('\0'))
    throw CoreErrors.InvalidArgument(`folder must be a path, got ${show(options?.folder)}`, {
      argument: 'folder',
      received: options?.folder,
    })
  const folder = resolve(options.folder)
  const keys = join(folder, 'keys')
  const temporary = join(folder, 'tmp')
  let prepared: Promise<void> | undefined
  const prepare = (): Promise<void> => {
    prepared ??= (async () => {
      await makeFolder(keys)
      await makeFolder(temporary)
      await sweep(temporary)
    })().catch((cause) => {
      prepared = undefined
      throw cause
    })
    return prepared
  }
  const guarded = async <T>(what: string, signal: AbortSignal | undefined, body: () => Promise<T>) => {
    signal?.throwIfAborted()
    try {
      await prepare()
      signal?.throwIfAborted()
      return await body()
    } catch (cause) {
      if (isAitbcError(cause) || cause === signal?.reason) throw cause
      throw unavailable(folder, what, cause)
    }
  }

  const current = async (at: string): Promise<Versioned | undefined> => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const version = (await versions(at)).at(-1)
      if (version === undefined) return undefined
      const value = await readIfThere(join(at, versionName(version)))
      if (value !== undefined) return { value, version }
    }
    throw CoreErrors.StorageConflict(`${at} is written to faster than it can be read`, { path: at })
  }

  const write = async (key: string, expected: bigint, value: Uint8Array): Promise<bigint> => {
    const at = keyFolder(keys, key)
    const version = expected + 1n
    const newest = async () => (await versions(at)).at(-1) ?? 0n
    const refuse = async () => check.conflict(key, expected, await newest())
    const found = await newest()
    if (found !== expected) throw check.conflict(key, expected, found)
    if (
      expected > 0n &&
      !(await mark(join(at, versionName(expected)), async () => (await newest()) === expected))
    )
      throw await refuse()
    await makeFolder(at)
    const target = join(at, versionName(version))
    return withWhole(temporary, value, async (path, file) => {
      if (!(await linked(path, target))) throw await refuse()
      const present = await versions(at)
      if ((present.at(-1) ?? 0n) > version && !(await isMarked(file))) {
        await removeIfThere(target)
        throw await refuse()
      }
      await syncFolder(at)
      for (const older of present) if (older < version) await removeIfThere(join(at, versionName(older)))
      return version
    })
  }

  return {
    async get(key, { signal } = {}) {
      check.assertKey(key, 'key')
      return guarded('read', signal, () => current(keyFolder(keys, key)))
    },
    async put(key, value, { signal } = {}) {
      check.assertKey(key, 'key')
      check.assertBytes(value, 'value')
      const copy = new Uint8Array(value)
      return guarded('write', signal, async () => {
        for (let tries = 0; ; tries++) {
          signal?.throwIfAborted()
          const expected = (await versions(keyFolder(keys, key))).at(-1) ?? 0n
          try {
            return await write(key, expected, copy)
          } catch (cause) {
            if (!isAitbcError(cause, 'StorageConflict') || tries === MAX_TRIES) throw cause
          }
        }
      })
    },
    async list(prefix, { signal } = {}) {
      check.assertPrefix(prefix)
      return guarded('list', signal, async () => {
        const found: string[] = []
        const walk = async (at: string, before: string): Promise<void> => {
          for (const entry of await readdir(at)) {
            const key = before + decode(entry.slice(1))
            if (entry.startsWith('p')) await walk(join(at, entry), key)
            else if (key.startsWith(prefix) && (await versions(join(at, entry))).length > 0) found.push(key)
          }
        }
        await walk(keys, '')
        return found.sort()
      })
    },
    async compareAndSet(key, expected, value, { signal } = {}) {
      check.assertKey(key, 'key')
      check.assertVersion(expected)
      check.assertBytes(value, 'value')
      const copy = new Uint8Array(value)
      return guarded('write', signal, () => write(key, expected, copy))
    },
    async log(name, { signal } = {}) {
      check.assertKey(name, 'name')
      return guarded('open', signal, async () => {
        const at = keyFolder(join(folder, 'logs'), name)
        await makeFolder(at)
        return opening(at, () => openLog(name, at, temporary))
      })
    },
  }
}

export declare namespace createFileStorage {
  type Options = {
    /** Where everything is kept; made if it isn't there, readable by its owner alone. */
    readonly folder: string
  }
}

// --- logs

/** The handles of this process, by folder, and what is being opened there, so that two openings don't meet. */
const handles = /* @__PURE__ */ new Map<string, { readonly fence: () => Promise<void> }>()
const openings = /* @__PURE__ */ new Map<string, Promise<unknown>>()
const opening = async <T>(at: string, run: () => Promise<T>): Promise<T> => {
  const mine = (openings.get(at) ?? Promise.resolve()).then(run, run)
  openings.set(at, mine)
  try {
    return await mine
  } finally {
    if (openings.get(at) === mine) openings.delete(at)
  }
}

async function openLog(name: string, at: string, temporary: string): Promise<Log> {
  const release = await own(name, at, temporary)
  await handles.get(at)?.fence()
  const path = join(at, 'log')
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  await syncFolder(at)
  // What somebody wrote who was killed before the sync is there to be read, and wouldn't outlast a failure of the machine.
  await file.datasync()
  let size = (await file.stat()).size
  let state: 'open' | 'closed' | 'fenced' | 'broken' = 'open'
  const queue = check.queue()
  const run = <T>(what: string, signal: AbortSignal | undefined, body: () => Promise<T>): Promise<T> =>
    queue(async () => {
      signal?.throwIfAborted()
      if (state === 'fenced') throw check.fenced(name)
      if (state === 'closed') throw check.closed(name)
      if (state === 'broken') throw unavailable(path, what, 'an earlier write failed: open the log again')
      try {
        return await body()
      } catch (cause) {
        // After a failed write or sync nobody knows what is on disk: only a fresh reading tells.
        if (!isAitbcError(cause)) state = 'broken'
        throw isAitbcError(cause) ? cause : unavailable(path, what, cause)
      }
    })
  const end = (how: 'closed' | 'fenced') =>
    queue(async () => {
      if (state === 'closed' || state === 'fenced') return
      state = how
      await file.close()
      if (how === 'fenced') return
      handles.delete(at)
      await release()
    })
  handles.set(at, { fence: () => end('fenced') })
  return {
    read: async ({ signal } = {}) =>
      run('read', signal, async () => {
        const out = new Uint8Array(size)
        for (let done = 0; done < size; ) {
          const { bytesRead } = await file.read(out, done, size - done, done)
          if (bytesRead === 0) throw new Error(`the file ends at ${done} of ${size} bytes`)
          done += bytesRead
        }
        return out
      }),
    async append(bytes, { signal } = {}) {
      check.assertBytes(bytes, 'bytes')
      const copy = new Uint8Array(bytes)
      return run('append', signal, async () => {
        await writeAll(file, copy, size)
        await file.datasync()
        size += copy.length
      })
    },
    truncate: async (length, { signal } = {}) =>
      run('truncate', signal, async () => {
        check.assertSize(length, size)
        await file.truncate(length)
        await file.sync()
        size = length
      }),
    close: () => end('closed'),
  }
}

/** Who owns a log: written once to `owner.<n>`, the highest n counts; `released` by its owner on close. */
interface Owner {
  readonly pid: number
  /** When the process started, in the system's own form: tells a process from a later one with its number. Empty where unknown. */
  readonly start: string
  readonly host: string
  /** One for each copy of this module. */
  readonly instance: string
  readonly released?: true
}

let self: Promise<Owner> | undefined
const me = (): Promise<Owner> => {
  self ??= (async () => ({
    pid: process.pid,
    start: await startOf(process.pid),
    host: hostname(),
    instance: crypto.randomUUID(),
  }))()
  return self
}

/** Takes a log over, or rejects where another process lives that has it; resolves to what gives it back. */
async function own(name: string, at: string, temporary: string): Promise<() => Promise<void>> {
  const mine = await me()
  const file = (n: bigint) => join(at, `owner.${n}`)
  const release = (n: bigint) => async () => {
    const released = encodeOwner({ ...mine, released: true })
    await withWhole(temporary, released, (path) => rename(path, file(n)))
  }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const last = (await owners(at)).at(-1) ?? 0n
    if (last > 0n) {
      const bytes = await readIfThere(file(last))
      if (bytes === undefined) continue
      const owner = decodeOwner(bytes)
      if (owner?.instance === mine.instance && owner.released === undefined) return release(last)
      if (owner !== undefined && (await isAlive(owner, mine)))
        throw CoreErrors.StorageConflict(
          `the log ${name} belongs to process ${owner.pid} on ${owner.host}`,
          { name, pid: owner.pid, host: owner.host, path: file(last) },
          { hint: 'Stop that process, or remove the file in `context.path` where it no longer runs.' },
        )
    }
    if (!(await createWhole(temporary, file(last + 1n), encodeOwner(mine)))) continue
    const present = await owners(at)
    if ((present.at(-1) ?? 0n) > last + 1n) {
      await removeIfThere(file(last + 1n))
      continue
    }
    for (const older of present) if (older <= last) await removeIfThere(file(older))
    return release(last + 1n)
  }
  throw CoreErrors.StorageConflict(`the log ${name} changes hands too fast`, { name })
}

async function isAlive(owner: Owner, mine: Owner): Promise<boolean> {
  if (owner.released === true) return false
  if (owner.host !== mine.host) return true
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const start = await startOf(owner.pid)
  return start === '' || owner.start === '' || start === owner.start
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)), where there is one. */
async function startOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

const encodeOwner = (owner: Owner): Uint8Array => new TextEncoder().encode(JSON.stringify(owner))

/** An owner file is written whole; one that can't be read names nobody. */
function decodeOwner(bytes: Uint8Array): Owner | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Owner> | null
    return typeof value?.pid === 'number' && typeof value.host === 'string' ? (value as Owner) : undefined
  } catch {
    return undefined
  }
}

async function owners(at: string): Promise<bigint[]> {
  return ordered(await readdir(at), /^owner\.([0-9]+)$/)
}

// --- files

/** A key as a path: no character or segment of it means anything to a file system, and no two keys differ by case alone. */
function keyFolder(root: string, key: string): string {
  const text = key.replaceAll('/', '+').replaceAll('.', '=')
  const parts: string[] = []
  for (let at = 0; at < text.length; at += CHUNK) parts.push(text.slice(at, at + CHUNK))
  return join(root, ...parts.map((part, i) => (i === parts.length - 1 ? `k${part}` : `p${part}`)))
}

function decode(text: string): string {
  return text.replaceAll('+', '/').replaceAll('=', '.')
}

const versionName = (version: bigint): string => version.toString().padStart(20, '0')

async function versions(at: string): Promise<bigint[]> {
  try {
    return ordered(await readdir(at), /^([0-9]{20})$/)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function ordered(names: readonly string[], form: RegExp): bigint[] {
  return names
    .flatMap((name) => {
      const match = form.exec(name)
      return match === null ? [] : [BigInt(match[1] as string)]
    })
    .sort((a, b) => (a < b ? -1 : 1))
}

/** Creates a file with all its bytes; false where there is one already. */
function createWhole(temporary: string, target: string, bytes: Uint8Array): Promise<boolean> {
  return withWhole(temporary, bytes, (path) => linked(path, target))
}

/** A file with all its bytes, synced, that has a name which nobody else knows as long as it is used. */
async function withWhole<T>(
  temporary: string,
  bytes: Uint8Array,
  use: (path: string, file: FileHandle) => Promise<T>,
): Promise<T> {
  const path = join(temporary, crypto.randomUUID())
  const file = await open(path, 'wx', 0o600)
  try {
    await writeAll(file, bytes, 0)
    await file.sync()
    return await use(path, file)
  } finally {
    await file.close()
    await removeIfThere(path)
  }
}

/** Gives a file another name; false where something has that name already. */
async function linked(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Marks a file, of whatever name by now, if that is said to be right while it is open; false where it isn't, or isn't there. */
async function mark(path: string, isRight: () => Promise<boolean>): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  try {
    if (!(await isRight())) return false
    await handle.utimes(MARK, MARK)
    return true
  } finally {
    await handle.close()
  }
}

async function isMarked(handle: FileHandle): Promise<boolean> {
  return (await handle.stat()).mtimeMs === MARK * 1000
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}

async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let at = path; ; at = dirname(at)) {
    await syncFolder(dirname(at))
    if (at === first || at === dirname(at)) return
  }
}

/** Makes names durable; Windows keeps its own journal of them and can't open a folder. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes what a process left that was killed while writing. */
async function sweep(temporary: string): Promise<void> {
  const now = Date.now()
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && now - found.mtimeMs > STALE_TEMPORARY_MS) await removeIfThere(path)
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

function unavailable(path: string, what: string, cause: unknown) {
  const why = typeof cause === 'string' ? cause : ((cause as NodeJS.ErrnoException)?.code ?? String(cause))
  return CoreErrors.StorageUnavailable(`can't ${what} ${path}: ${why}`, { path, operation: what }, { cause })
}
