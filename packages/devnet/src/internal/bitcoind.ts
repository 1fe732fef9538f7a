import { delimiter, join } from 'node:path'
import * as DebianPackages from '../DebianPackages.js'
import { DevnetErrors } from '../errors.js'
import { capture } from './ManagedProcess.js'
import { isExecutable, type LocateOptions } from './program.js'

/** A Bitcoin node program that runs here: the command and arguments that start it, and where it is from. */
export interface Bitcoind {
  readonly command: string
  readonly args: readonly string[]
  /** First line of `--version`. */
  readonly version: string
  readonly source: 'BITCOIND' | 'PATH' | 'debian'
}

/** bitcoin-knots is in Debian's sid only; what it needs, C library and loader included, comes from there as well. */
const SUITE = 'sid'
const PACKAGES = ['bitcoin-knots'] as const

/**
 * The Bitcoin node program: `BITCOIND`, else `bitcoind` on PATH, else unpacked from Debian's packages into the
 * cache folder. `BitcoindMissing` (6001) where none can be had; `PackagesUnavailable` (6009) where the mirror can't
 * be reached.
 */
export async function locate(options: LocateOptions = {}): Promise<Bitcoind> {
  const env = options.env ?? process.env
  const named = env['BITCOIND']
  if (named !== undefined && named !== '') {
    const version = await versionOf(named, [], options.signal)
    if (version === undefined)
      throw DevnetErrors.BitcoindMissing(`BITCOIND names ${named}, which doesn't run as a Bitcoin node`, {
        argument: 'BITCOIND',
        received: named,
      })
    return { command: named, args: [], version, source: 'BITCOIND' }
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const command = join(folder, process.platform === 'win32' ? 'bitcoind.exe' : 'bitcoind')
    if (folder === '' || !isExecutable(command)) continue
    const version = await versionOf(command, [], options.signal)
    if (version !== undefined) return { command, args: [], version, source: 'PATH' }
  }
  return fetchFromDebian(options)
}

async function fetchFromDebian(options: LocateOptions): Promise<Bitcoind> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw DevnetErrors.BitcoindMissing(
      `no bitcoind: BITCOIND is not set, PATH has none, and Debian's build is fetched for linux-x64 only, not ${process.platform}-${process.arch}`,
      { platform: process.platform, arch: process.arch },
    )
  const into = join(DebianPackages.cacheFolder(), `bitcoind-${SUITE}`)
  const { root, libraryPath, loader } = await DebianPackages.unpack({
    packages: PACKAGES,
    suite: SUITE,
    into,
    signal: options.signal,
    onProgress: ({ step, percent }) =>
      options.onProgress?.(`bitcoind from Debian's packages: ${step} ${percent} %`),
  })
  const program = join(root, 'usr/bin/bitcoind')
  // The machine's C library may be older than the one this build wants: its own loader and libraries run it.
  const [command, args] =
    loader === undefined ? [program, []] : [loader, ['--library-path', libraryPath, program]]
  const version = await versionOf(command, args, options.signal)
  if (version === undefined)
    throw DevnetErrors.BitcoindMissing(
      `the bitcoind unpacked in ${into} doesn't run; remove that folder to fetch it again`,
      { folder: into },
    )
  return { command, args, version, source: 'debian' }
}

async function versionOf(
  command: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const text = await capture(command, [...args, '--version'], { timeoutMs: 10_000, signal })
  const first = text?.split('\n', 1)[0]?.trim()
  return first !== undefined && /bitcoin/i.test(first) ? first : undefined
}
