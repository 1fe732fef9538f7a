import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Package } from './workspace.js'

/** The pnpm that runs this script, else the pinned one: a command and its first arguments. */
export const pnpm: readonly [string, ...string[]] =
  process.env.npm_execpath?.includes('pnpm') === true
    ? process.env.npm_execpath.endsWith('js')
      ? [process.execPath, process.env.npm_execpath]
      : [process.env.npm_execpath]
    : ['npx', '-y', 'pnpm@12.21.0']

/** Packs a package as it would be published, into an empty folder; gives the tarball's path. */
export function pack({ name, folder }: Package, into: string): string {
  const at = join(into, name.replace('/', '-'))
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at, { recursive: true })
  const [command, ...first] = pnpm
  execFileSync(command, [...first, 'pack', '--pack-destination', at], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const file = readdirSync(at).find((entry) => entry.endsWith('.tgz'))
  if (file === undefined) throw new Error(`${name} was not packed`)
  return join(at, file)
}
