import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../DebianPackages.js'
import { DevnetErrors } from '../errors.js'
import { capture } from './ManagedProcess.js'
import { isExecutable, type LocateOptions } from './program.js'

/** A wasmd that runs here: the program, and where it is from. */
export interface Wasmd {
  readonly command: string
  /** As the program tells it. */
  readonly version: string
  /** Prefix of the addresses that it was built for. */
  readonly prefix: string
  readonly source: 'WASMD' | 'cache' | 'built'
}

/** wasmd with CometBFT 0.38, and what it is built with; part of the name of the folder that keeps it. */
const VERSION = 'v0.61.14'
const PREFIX = 'cosmos'
const MODULE = 'github.com/CosmWasm/wasmd'
const BUILD_MINUTES = 60

/**
 * `go install` refuses a module with replacements, so that a module of our own asks for wasmd as its tool, with wasmd's replacements.
 * Go 1.26 wants a newer sonic than wasmd names; all other versions follow from wasmd's own.
 */
const GO_MOD = `module aitbc.local/wasmd

go 1.24.1

tool ${MODULE}/cmd/wasmd

require (
	${MODULE} ${VERSION}
	github.com/bytedance/sonic v1.15.1
)

replace (
	github.com/99designs/keyring => github.com/cosmos/keyring v1.2.0
	github.com/dgrijalva/jwt-go => github.com/golang-jwt/jwt/v4 v4.4.2
	github.com/gin-gonic/gin => github.com/gin-gonic/gin v1.8.1
	github.com/syndtr/goleveldb => github.com/syndtr/goleveldb v1.0.1-0.20210819022825-2ae1ddf74ef7
)
`

/**
 * The wasmd that tests run: `WASMD` (built for addresses with prefix `cosmos`), else the one in the cache folder, else one built into it
 * with Go, whose module proxy must be reached. `WasmdMissing` (6042) with the reason where none can be had.
 */
export async function locate(options: LocateOptions = {}): Promise<Wasmd> {
  const { signal } = options
  const env = options.env ?? process.env
  const named = env['WASMD']
  if (named !== undefined && named !== '') {
    const version = await versionOf(named, signal)
    if (version === undefined)
      throw missing(`WASMD names ${named}, which doesn't run as wasmd`, { received: named })
    return { command: named, version, prefix: PREFIX, source: 'WASMD' }
  }
  const folder = join(cacheFolder(), `wasmd-${VERSION}-${PREFIX}`)
  const command = join(folder, 'wasmd')
  const cached = isExecutable(command) ? await versionOf(command, signal) : undefined
  if (cached !== undefined) return { command, version: cached, prefix: PREFIX, source: 'cache' }
  await build(folder, env, options)
  const version = await versionOf(command, signal)
  if (version === undefined)
    throw missing(`the wasmd built in ${folder} doesn't run; remove that folder to build it again`, {
      folder,
    })
  return { command, version, prefix: PREFIX, source: 'built' }
}

async function build(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  { signal, onProgress }: LocateOptions,
): Promise<void> {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64'))
    throw missing(`wasmd is built for Linux only, not ${process.platform}-${process.arch}`, {})
  const go = [...(env['PATH'] ?? '').split(delimiter), join(env['GOROOT'] ?? '/usr/local/go', 'bin')]
    .filter((at) => at !== '')
    .map((at) => join(at, 'go'))
    .find(isExecutable)
  if (go === undefined) throw missing('Go is not on this machine', {})
  await mkdir(cacheFolder(), { recursive: true })
  const work = await mkdtemp(`${folder}.part-`)
  try {
    const source = join(work, 'source')
    const whole = join(work, 'whole')
    await mkdir(source)
    await mkdir(whole)
    await writeFile(join(source, 'go.mod'), GO_MOD)
    const run = (...args: string[]) => runGo(go, args, { cwd: source, env, signal })
    onProgress?.(`wasmd ${VERSION}: fetching Go modules`)
    await run('mod', 'download', `${MODULE}@${VERSION}`)
    const library = (
      await run('list', '-mod=mod', '-m', '-f', '{{.Dir}}', 'github.com/CosmWasm/wasmvm/v3')
    ).trim()
    onProgress?.(`wasmd ${VERSION}: compiling, some minutes the first time`)
    const ldflags = [
      '-s -w -checklinkname=0',
      `-X ${MODULE}/app.Bech32Prefix=${PREFIX}`,
      `-X github.com/cosmos/cosmos-sdk/version.Version=${VERSION}`,
      // The virtual machine's library stands beside the program.
      '-extldflags=-Wl,-rpath,$ORIGIN',
    ].join(' ')
    const flags = ['-mod=mod', '-trimpath', '-buildvcs=false', `-ldflags=${ldflags}`]
    await run('build', ...flags, '-o', join(whole, 'wasmd'), `${MODULE}/cmd/wasmd`)
    const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64'
    const name = `libwasmvm.${machine}.so`
    await copyFile(join(library, 'internal/api', name), join(whole, name))
    await chmod(join(whole, name), 0o644)
    // Another process may have been faster, or an old build may not run any more.
    await rm(folder, { recursive: true, force: true })
    await rename(whole, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Runs Go to its end, one compiler at a time and with low priority; gives what it wrote. */
function runGo(
  go: string,
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly signal: AbortSignal | undefined
  },
): Promise<string> {
  if (options.signal?.aborted) return Promise.reject(options.signal.reason)
  const bound = AbortSignal.timeout(BUILD_MINUTES * 60_000)
  const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound])
  return new Promise((resolve, reject) => {
    // A group of its own: Go's compilers end with it.
    const child = spawn('nice', ['-n', '10', go, ...args], {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...options.env, CGO_ENABLED: '1', GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '-p=1' },
    })
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Already gone.
      }
    }
    signal.addEventListener('abort', stop, { once: true })
    let [output, complaint] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-65_536)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4000)
    })
    const failed = (why: string, cause?: unknown) => {
      signal.removeEventListener('abort', stop)
      if (options.signal?.aborted) reject(options.signal.reason)
      else reject(missing(`wasmd ${VERSION} can't be built here: ${why}`, { command: args, why }, cause))
    }
    child.on('error', (error) => failed(error.message, error))
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve(output)
      else
        failed(
          bound.aborted
            ? `not done within ${BUILD_MINUTES} minutes`
            : `go ${args[0]} ended with ${code}: ${complaint.trim().split('\n').slice(-3).join(' ')}`,
        )
    })
  })
}

async function versionOf(command: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  // Everything that it writes of itself goes to a folder that is given to it.
  const text = await capture(command, ['version', '--home', '/nonexistent'], { timeoutMs: 30_000, signal })
  const first = text?.trim().split('\n', 1)[0]?.trim()
  return first === undefined || first === '' ? undefined : first
}

function missing(message: string, context: Readonly<Record<string, unknown>>, cause?: unknown) {
  return DevnetErrors.WasmdMissing(message, context, cause === undefined ? {} : { cause })
}
