import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** One entry of a package's `exports`: what is imported, and where its source and its build are. */
export interface Entry {
  readonly specifier: string
  readonly source: string
  readonly built: string
}

/** A published package of the workspace. */
export interface Package {
  readonly name: string
  readonly folder: string
  readonly entries: readonly Entry[]
  readonly dependencies: readonly string[]
  readonly peers: readonly string[]
}

/** The published packages, with their entries, as their manifests state them. */
export function packages(): readonly Package[] {
  return readdirSync(join(root, 'packages'))
    .filter((folder) => existsSync(join(root, 'packages', folder, 'package.json')))
    .map((folder) => {
      const at = join(root, 'packages', folder)
      const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
      const entries = Object.entries<{ default: string }>(manifest.exports)
        .filter(([key]) => key !== './package.json')
        .map(([key, target]) => ({
          specifier: manifest.name + key.slice(1),
          source: join(at, target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')),
          built: join(at, target.default),
        }))
      return {
        name: manifest.name,
        folder: at,
        entries,
        dependencies: Object.keys(manifest.dependencies ?? {}),
        peers: Object.keys(manifest.peerDependencies ?? {}),
      }
    })
}

/** Vite aliases that send every workspace import to its source, so that no test needs a build. */
export function sourceAliases(): { find: RegExp; replacement: string }[] {
  return packages().flatMap((p) =>
    p.entries.map((entry) => ({
      find: new RegExp(`^${entry.specifier.replaceAll('/', '\\/')}$`),
      replacement: entry.source,
    })),
  )
}

/** The test files that the browser project runs: the pure ones. */
export function browserTestFiles(): readonly string[] {
  return packages().flatMap(({ folder }) => {
    const at = join(folder, 'test')
    if (!existsSync(at)) return []
    return readdirSync(at, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !/\.(nodes?|long|vectors)\.test\.ts$/.test(name))
      .map((name) => join(at, name))
  })
}
