import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DevnetErrors } from './errors.js'

/** Where fetched programs are kept: `$XDG_CACHE_HOME/aitbc`, by default `~/.cache/aitbc`. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'aitbc')
}

/** How far a fetch is: `percent` is of this step alone. */
export type Progress = { readonly step: 'wait' | 'lists' | 'download' | 'unpack'; readonly percent: number }

/** Options of {@link unpack}. */
export type UnpackOptions = {
  /** Debian packages, each `name` or `name/suite`; all they depend on comes along. */
  readonly packages: readonly string[]
  /** The suite everything else comes from (`trixie`), or `host`: the suites of this machine, with its own C library. */
  readonly suite: string
  /** The folder that holds the result; made whole in one rename, reused when it is there. */
  readonly into: string
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the fetch is given up; 5 minutes by default. */
  readonly timeout?: number | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** What {@link unpack} leaves behind. */
export type Unpacked = {
  /** The folder that stands for `/`. */
  readonly root: string
  /** Value for `LD_LIBRARY_PATH`, or for the loader's `--library-path`. */
  readonly libraryPath: string
  /** The dynamic loader that belongs to the unpacked C library; none where the machine's own C library is used. */
  readonly loader: string | undefined
  /** What was unpacked, as `name_version_architecture`. */
  readonly packages: readonly string[]
}

const manifestName = 'unpacked.json'

/**
 * Fetches Debian packages with all they depend on and unpacks them into a folder, without root and without
 * touching the machine: apt's own tools with private lists, every package checked against the signed lists.
 *
 * Two processes that ask for the same folder at once end up with one whole folder. A program of another suite
 * than the machine's needs its own loader: `spawn(loader, ['--library-path', libraryPath, program, ...args])`.
 *
 * Errors: 6009 `PackagesUnavailable` (no apt, dpkg-deb or archive key here, mirror out of reach, too slow).
 *
 * @example
 * import { DebianPackages } from '@aitbc/devnet'
 * const into = `${DebianPackages.cacheFolder()}/hello-trixie`
 * const { root } = await DebianPackages.unpack({ packages: ['hello'], suite: 'trixie', into })
 */
export async function unpack(options: UnpackOptions): Promise<Unpacked> {
  const request = JSON.stringify([options.suite, ...options.packages])
  const into = resolve(options.into)
  const bound = AbortSignal.timeout(options.timeout ?? 300_000)
  const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound])
  signal.throwIfAborted()
  const there = await read(into, request)
  if (there !== undefined) return there
  await mkdir(dirname(into), { recursive: true })
  let release = async () => {}
  try {
    release = await acquire(`${into}.lock`, signal, options.onProgress)
    const meanwhile = await read(into, request)
    if (meanwhile !== undefined) return meanwhile
    const work = await mkdtemp(`${into}.part-`)
    try {
      await fetchInto(work, request, options, signal)
      const whole = join(work, 'whole')
      // A folder made for another request is moved out of the way, never changed in place.
      if (existsSync(into) && (await read(into, request)) === undefined) await rename(into, join(work, 'old'))
      await rename(whole, into).catch(async (error) => {
        if ((await read(into, request)) === undefined) throw error
      })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    if (bound.aborted)
      throw DevnetErrors.PackagesUnavailable(
        `packages ${options.packages.join(', ')} were not fetched within ${options.timeout ?? 300_000} ms`,
        { argument: 'packages', received: options.packages },
        { cause: error },
      )
    throw error
  } finally {
    await release()
  }
  const made = await read(into, request)
  if (made === undefined)
    throw DevnetErrors.PackagesUnavailable(`${into} vanished while it was made`, { into })
  return made
}

async function fetchInto(
  work: string,
  request: string,
  options: UnpackOptions,
  signal: AbortSignal,
): Promise<void> {
  const progress = options.onProgress ?? (() => {})
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (!(process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, tool))))
      throw DevnetErrors.PackagesUnavailable(
        `${tool} is not on this machine: only Debian's packages can be fetched`,
        {
          tool,
          packages: options.packages,
        },
      )
  }
  const whole = join(work, 'whole')
  await mkdir(join(work, 'lists', 'partial'), { recursive: true })
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true })
  await mkdir(join(whole, 'root'), { recursive: true })
  // An empty status makes apt resolve the whole closure, whatever the machine has installed.
  await writeFile(join(work, 'status'), '')
  const settings = [
    `Dir::State "${work}";`,
    `Dir::State::lists "${work}/lists";`,
    `Dir::State::status "${work}/status";`,
    `Dir::Cache "${work}/cache";`,
    'Debug::NoLocking "true";',
    'APT::Get::Assume-Yes "true";',
    'APT::Install-Recommends "false";',
    'APT::Sandbox::User "";',
    'Acquire::Retries "3";',
    'Acquire::Languages "none";',
    'Acquire::http::Timeout "30";',
    'Binary::apt-get::APT::Keep-Downloaded-Packages "true";',
    // The machine's own hooks concern its own cache.
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear DPkg::Pre-Invoke;',
    '#clear DPkg::Pre-Install-Pkgs;',
    '#clear DPkg::Post-Invoke;',
  ]
  if (options.suite !== 'host') {
    const suites = new Set([options.suite])
    for (const name of options.packages) {
      const suite = name.split('/')[1]
      if (suite !== undefined) suites.add(suite)
    }
    const key = await archiveKey()
    const mirror = await mirrorOf()
    await writeFile(
      join(work, 'sources.list'),
      [...suites].map((suite) => `deb [signed-by=${key}] ${mirror} ${suite} main\n`).join(''),
    )
    settings.push(
      `Dir::Etc::sourcelist "${work}/sources.list";`,
      'Dir::Etc::sourceparts "-";',
      `APT::Default-Release "${options.suite}";`,
    )
  }
  await writeFile(join(work, 'apt.conf'), `${settings.join('\n')}\n`)
  const apt = (...args: string[]) => ['-c', join(work, 'apt.conf'), '-qq', '-o', 'APT::Status-Fd=3', ...args]

  progress({ step: 'lists', percent: 0 })
  await run('apt-get', apt('update'), signal, (percent) => progress({ step: 'lists', percent }))
  progress({ step: 'download', percent: 0 })
  await run('apt-get', apt('install', '--download-only', ...options.packages), signal, (percent) =>
    progress({ step: 'download', percent }),
  )
  const archives = join(work, 'cache', 'archives')
  const files = (await readdir(archives)).filter((name) => name.endsWith('.deb')).sort()
  const chosen = files.filter((name) => options.suite !== 'host' || !name.startsWith('libc6_'))
  const queue = [...chosen]
  progress({ step: 'unpack', percent: 0 })
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      await run('dpkg-deb', ['-x', join(archives, file), join(whole, 'root')], signal)
      progress({
        step: 'unpack',
        percent: Math.round((100 * (chosen.length - queue.length)) / chosen.length),
      })
    }
  }
  // Archives are unpacked one after another: two at once may both make the same folder.
  await worker()
  await writeFile(
    join(whole, manifestName),
    `${JSON.stringify({ request, packages: chosen.map((name) => basename(name, '.deb')) }, null, 2)}\n`,
  )
}

async function read(into: string, request: string): Promise<Unpacked | undefined> {
  let manifest: { request: string; packages: readonly string[] }
  try {
    manifest = JSON.parse(await readFile(join(into, manifestName), 'utf8'))
  } catch {
    return undefined
  }
  if (manifest.request !== request) return undefined
  const root = join(into, 'root')
  const folders: string[] = []
  let loader: string | undefined
  for (const base of ['usr/lib', 'lib', 'usr/lib64', 'lib64']) {
    for (const at of [join(root, base), ...(await subfolders(join(root, base)))]) {
      // Only the library folder of an architecture and its direct children hold what programs link to.
      if (at === join(root, base) ? !base.endsWith('64') : !/-linux-gnu[a-z0-9]*$/.test(at)) continue
      for (const folder of [at, ...(await subfolders(at))]) {
        if (basename(folder) === 'gconv') continue
        const names = await readdir(folder).catch(() => [])
        if (names.some((name) => /^lib.*\.so(\.|$)/.test(name))) folders.push(folder)
        const found = names.find((name) => /^ld-linux.*\.so\.\d+$/.test(name))
        if (found !== undefined && existsSync(join(folder, found))) loader ??= join(folder, found)
      }
    }
  }
  return { root, libraryPath: folders.join(':'), loader, packages: manifest.packages }
}

async function subfolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name))
}

async function archiveKey(): Promise<string> {
  for (const name of ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp']) {
    const key = join('/usr/share/keyrings', name)
    if (existsSync(key)) return key
  }
  throw DevnetErrors.PackagesUnavailable("the key of Debian's archive is not in /usr/share/keyrings", {
    folder: '/usr/share/keyrings',
  })
}

async function mirrorOf(): Promise<string> {
  const deb822 = await readFile('/etc/apt/sources.list.d/debian.sources', 'utf8').catch(() => '')
  const named = /^URIs:\s*(\S+)/m.exec(deb822)?.[1]
  if (named !== undefined) return named
  const list = await readFile('/etc/apt/sources.list', 'utf8').catch(() => '')
  return /^deb\s+(?:\[[^\]]*\]\s+)?(\S*debian\S*)\s/m.exec(list)?.[1] ?? 'http://deb.debian.org/debian'
}

/**
 * One fetch at a time per folder. The lock only spares double work (the final rename is what keeps the result
 * whole), so the lock of a process that is gone is simply taken over.
 */
async function acquire(
  lock: string,
  signal: AbortSignal,
  onProgress: UnpackOptions['onProgress'],
): Promise<() => Promise<void>> {
  for (;;) {
    signal.throwIfAborted()
    try {
      await mkdir(lock)
      await writeFile(join(lock, 'pid'), String(process.pid))
      return () => rm(lock, { recursive: true, force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    onProgress?.({ step: 'wait', percent: 0 })
    const pid = Number(await readFile(join(lock, 'pid'), 'utf8').catch(() => ''))
    const age = await stat(lock).then(
      (s) => Date.now() - s.mtimeMs,
      () => 0,
    )
    if (pid > 0 ? !alive(pid) : age > 10_000) await rm(lock, { recursive: true, force: true })
    else await delay(200, undefined, { signal })
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function run(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  onPercent?: (percent: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe', onPercent === undefined ? 'ignore' : 'pipe'],
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      signal,
    })
    let complaint = ''
    child.stderr?.on('data', (data) => {
      complaint = (complaint + data).slice(-4000)
    })
    const status = child.stdio[3]
    if (status !== null && status !== undefined && 'on' in status)
      status.on('data', (data) => {
        const percent = /^dlstatus:\d+:([\d.]+)/m.exec(String(data))?.[1]
        if (percent !== undefined) onPercent?.(Math.round(Number(percent)))
      })
    child.on('error', (error) => reject(signal.aborted ? signal.reason : error))
    child.on('close', (code) => {
      if (code === 0) resolve()
      else if (signal.aborted) reject(signal.reason)
      else
        reject(
          DevnetErrors.PackagesUnavailable(`${command} ended with ${code}: ${complaint.trim()}`, {
            command,
            args,
            code,
          }),
        )
    })
  })
}
