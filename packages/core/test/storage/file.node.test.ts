import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAitbcError } from '@aitbc/core'
import { createFileStorage } from '@aitbc/core/storage/file'
import { afterAll, expect, test } from 'vitest'
import { storageContract } from './contract.js'

const base = mkdtempSync(join(tmpdir(), 'aitbc-file-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))
let n = 0
const folder = () => join(base, String(n++))

storageContract('file', async () => {
  const at = folder()
  return { storage: createFileStorage({ folder: at }), reopen: () => createFileStorage({ folder: at }) }
})

const files = (at: string): string[] =>
  readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const worker = join(dirname(fileURLToPath(import.meta.url)), 'file-worker.ts')

/** A second process on the same folder; resolves to what it printed and how it ended. */
function run(...args: string[]): {
  done: Promise<{ out: string; signal: string | null }>
  kill(): void
  ready: Promise<void>
} {
  const child = spawn(process.execPath, ['--import', 'tsx', worker, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: dirname(worker),
  })
  let out = ''
  let ready: () => void
  const isReady = new Promise<void>((resolve) => {
    ready = resolve
  })
  child.stdout.on('data', (chunk) => {
    out += chunk
    if (out.includes('ready')) ready()
  })
  const done = new Promise<{ out: string; signal: string | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_code, signal) => resolve({ out, signal }))
  })
  return {
    done,
    ready: Promise.race([isReady, done.then(() => undefined)]),
    kill: () => child.kill('SIGKILL'),
  }
}

test('behavior: no key leaves the folder, and none depends on case or on a reserved name', async () => {
  const at = folder()
  const storage = createFileStorage({ folder: at })
  for (const key of ['../../escape', '..', '.', '/etc/passwd', '//', 'con', 'nul.txt', 'a.', '-', 'x/.'])
    await storage.put(key, new TextEncoder().encode(key))
  expect(await storage.list('')).toHaveLength(10)
  for (const key of await storage.list(''))
    expect(new TextDecoder().decode((await storage.get(key))?.value)).toBe(key)
  const names = files(at)
  expect(names).toHaveLength(10)
  for (const name of names) {
    const inside = name.slice(at.length)
    expect(name.startsWith(at)).toBe(true)
    expect(inside).toBe(inside.toLowerCase())
    expect(
      inside
        .split('/')
        .slice(2, -1)
        .every((part) => /^[kp][a-z0-9+=_-]*$/.test(part)),
    ).toBe(true)
  }
  expect(readdirSync(base)).not.toContain('escape')
})

test('behavior: only the newest version of a key stays, and nothing temporary; readable by the owner alone', async () => {
  const at = folder()
  const storage = createFileStorage({ folder: at })
  for (let i = 0; i < 5; i++) await storage.put('k', Uint8Array.of(i))
  expect(files(at)).toHaveLength(1)
  expect(statSync(files(at)[0] as string).mode & 0o077).toBe(0)
  expect(statSync(at).mode & 0o077).toBe(0)
})

test('behavior: a version that a killed writer left behind a newer one counts for nothing', async () => {
  const at = folder()
  const storage = createFileStorage({ folder: at })
  for (let i = 0; i < 3; i++) await storage.put('k', Uint8Array.of(i))
  const [file] = files(at)
  writeFileSync(join(dirname(file as string), '2'.padStart(20, '0')), 'stale')
  expect(await storage.get('k')).toEqual({ value: Uint8Array.of(2), version: 3n })
  expect(await storage.compareAndSet('k', 3n, Uint8Array.of(3))).toBe(4n)
  expect(files(at)).toHaveLength(1)
})

/** Another process takes its turn, whole, as soon as a file is there, before this one does anything else. */
async function meanwhile(isThere: () => boolean, ...args: string[]): Promise<void> {
  for (let turns = 0; !isThere(); turns++) {
    if (turns > 100_000) throw new Error('nothing came')
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', worker, ...args], {
    cwd: dirname(worker),
  })
  expect(String(stdout)).toContain('done')
}

test('behavior: a version that others wrote on top of before its writer looked again counts, and its writer is told so', async () => {
  const at = folder()
  const storage = createFileStorage({ folder: at })
  await storage.put('n', new TextEncoder().encode('6'))
  const isThere = () => files(at).some((file) => file.endsWith('2'.padStart(20, '0')))
  const [version] = await Promise.all([
    storage.compareAndSet('n', 1n, new TextEncoder().encode('7')),
    meanwhile(isThere, at, 'increment', '2'),
  ])
  expect(version).toBe(2n)
  expect(await storage.get('n')).toEqual({ value: new TextEncoder().encode('9'), version: 4n })
  expect(files(at)).toHaveLength(1)
})

test('error: a version whose name others had taken and given back before its writer came counts for nothing', async () => {
  const at = folder()
  const storage = createFileStorage({ folder: at })
  await storage.put('n', new TextEncoder().encode('6'))
  const isThere = () => files(join(at, 'tmp')).length > 0
  const [answer] = await Promise.all([
    storage.compareAndSet('n', 1n, new TextEncoder().encode('100')).catch((error: unknown) => error),
    meanwhile(isThere, at, 'increment', '3'),
  ])
  expect(answer).toMatchObject({ _tag: 'StorageConflict' })
  expect(await storage.get('n')).toEqual({ value: new TextEncoder().encode('9'), version: 4n })
  expect(files(at)).toHaveLength(1)
})

test('behavior: increments by compare-and-set from three processes lose none', async () => {
  const at = folder()
  const runs = [run(at, 'increment', '15'), run(at, 'increment', '15'), run(at, 'increment', '15')]
  const ends = await Promise.all(runs.map((r) => r.done))
  expect(ends.map((end) => end.out.includes('done'))).toEqual([true, true, true])
  const now = await createFileStorage({ folder: at }).get('n')
  expect(now?.version).toBe(45n)
  expect(new TextDecoder().decode(now?.value)).toBe('45')
}, 60_000)

test('behavior: a log of a living process is refused, and taken over once it was killed', async () => {
  const at = folder()
  const child = run(at, 'hold')
  await child.ready
  const storage = createFileStorage({ folder: at })
  const refused = await storage.log('held').catch((e) => e)
  expect(isAitbcError(refused, 'StorageConflict')).toBe(true)
  expect(refused.context).toMatchObject({ name: 'held' })
  child.kill()
  expect((await child.done).signal).toBe('SIGKILL')
  const log = await storage.log('held')
  expect(await log.read()).toEqual(Uint8Array.of(1, 2, 3))
  await log.close()
}, 60_000)

test('behavior: what a killed process wrote last is on disk before anybody relies on it', async () => {
  const at = folder()
  const child = run(at, 'hold')
  await child.ready
  child.kill()
  await child.done
  const log = files(at).find((name) => name.endsWith('/log')) as string
  // It was killed between its write and its sync.
  appendFileSync(log, Uint8Array.of(4))
  const probe = await open(log)
  const handle = Object.getPrototypeOf(probe) as typeof probe
  await probe.close()
  const { datasync } = handle
  const sizes: number[] = []
  handle.datasync = async function (this: typeof probe) {
    sizes.push((await this.stat()).size)
    return datasync.call(this)
  }
  try {
    const again = await createFileStorage({ folder: at }).log('held')
    expect(await again.read()).toEqual(Uint8Array.of(1, 2, 3, 4))
    await again.close()
  } finally {
    handle.datasync = datasync
  }
  expect(sizes).toEqual([4])
}, 60_000)

test('behavior: of many that take over a dead owner’s log, one wins at a time', async () => {
  const at = folder()
  const child = run(at, 'hold')
  await child.ready
  child.kill()
  await child.done
  const runs = [1, 2, 3, 4].map(() => run(at, 'grab', '5'))
  const ends = await Promise.all(runs.map((r) => r.done))
  const taken = ends.flatMap((end) => [...end.out.matchAll(/took/g)]).length
  expect(ends.every((end) => end.out.includes('done'))).toBe(true)
  const log = await createFileStorage({ folder: at }).log('held')
  // Each taker reads the log and appends its length: any two that held it at once would have written the same number.
  const tail = Array.from((await log.read()).subarray(3))
  expect(tail).toEqual(Array.from({ length: taken }, (_, i) => i + 3))
  expect(taken).toBeGreaterThan(0)
  await log.close()
}, 60_000)

test('error: a damaged owner file names nobody; a foreign host is respected', async () => {
  const at = folder()
  const storage = createFileStorage({ folder: at })
  await (await storage.log('l')).close()
  const owner = files(at).find((name) => name.includes('owner.')) as string
  const foreign = { ...JSON.parse(readFileSync(owner, 'utf8')), host: 'elsewhere', instance: 'x' }
  delete foreign.released
  writeFileSync(owner, JSON.stringify(foreign))
  const refused = await storage.log('l').catch((e) => e)
  expect(isAitbcError(refused, 'StorageConflict')).toBe(true)
  expect(refused.context.path).toBe(owner)
  writeFileSync(owner, 'garbage')
  await (await storage.log('l')).close()
})

test('error: a folder that cannot be made is StorageUnavailable', async () => {
  const at = folder()
  writeFileSync(at, 'a file is in the way')
  const storage = createFileStorage({ folder: join(at, 'sub') })
  for (const refused of [
    storage.get('a'),
    storage.put('a', Uint8Array.of(1)),
    storage.log('a'),
    storage.list(''),
  ]) {
    const error = await refused.catch((e) => e)
    expect(isAitbcError(error, 'StorageUnavailable')).toBe(true)
    expect(error.cause).toBeDefined()
  }
  for (const wrong of ['', null, 5, 'a\0b'] as string[])
    expect(() => createFileStorage({ folder: wrong })).toThrow('folder must be a path')
})
