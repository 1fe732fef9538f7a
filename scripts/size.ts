import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { packages, root } from './workspace.js'

/**
 * One line of `size-budgets.json`: whole entries bundled together, minified and gzipped, with the optional peers (the
 * chain libraries) left out. `node: true` is for entries named for Node; everywhere else a Node built-in fails.
 * With `aside`, what counts is how much the entries add to a program that bundles these libraries anyhow (a chain
 * library brings curves and hashes that the entries share; where it brings none, the curve and hashes of the family's accounts are
 * named beside it). With `family`, it is a program that names no network of another
 * family, whose profiles its bundler drops.
 */
interface Budget {
  readonly name: string
  readonly entries: readonly string[]
  readonly bytes: number
  readonly node?: boolean
  readonly aside?: readonly string[]
  readonly family?: string
}

const file = join(root, 'size-budgets.json')

/** Gates of their own: `--write` never moves them. */
const gates = new Set([
  '@aitbc/core',
  '@aitbc/proofs',
  'core + adapters/bitcoin',
  'core + adapters/evm',
  'core + adapters/solana',
  'core + adapters/cosmos',
  'core + adapters/polkadot',
  'all verifiers',
  'all verifiers, with locks on a Hub and on Solana',
])

/** Bytes of a module, bundled for a browser (or for Node), minified and gzipped, without the named packages. */
export async function weigh(
  contents: string,
  { node = false, without = [] }: { readonly node?: boolean; readonly without?: readonly string[] } = {},
): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, 'examples') },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: node ? 'node' : 'browser',
    // No `paths`: what is weighed is the build, found as a user's bundler finds it.
    tsconfigRaw: {},
    // Where the examples don't use a chain library, the adapters' own are found.
    nodePaths: [join(root, 'packages/adapters/node_modules')],
    external: without.flatMap((name) => [name, `${name}/*`]),
    legalComments: 'none',
    logLevel: 'silent',
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length
}

const NETWORKS = '@aitbc/core/networks'

/** The profiles of one family's networks, as a program of that family names them. */
function profilesOf(networks: Readonly<Record<string, unknown>>, family: string): string {
  const own = Object.entries(networks).filter(
    ([, one]) => typeof one === 'object' && one !== null && 'family' in one && one.family === family,
  )
  return `export { ${own.map(([name]) => name).join(', ')} } from '${NETWORKS}'`
}

async function main(): Promise<void> {
  const { budgets, unshipped, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly budgets: readonly Budget[]
    /** Entries that no wallet ships, each with the reason. */
    readonly unshipped: Readonly<Record<string, string>>
  }
  const all = packages().flatMap((p) => p.entries)
  const peers = [...new Set(packages().flatMap((p) => p.peers))]
  const problems: string[] = []
  const sizes: Record<string, { bytes: number; budget: number }> = {}

  for (const { specifier, built } of all) {
    if (!existsSync(built)) problems.push(`${specifier} is not built: run \`pnpm build\` first`)
    if (
      unshipped[specifier] === undefined &&
      !budgets.some((b) => b.entries.length === 1 && b.entries[0] === specifier)
    )
      problems.push(`${specifier} has no budget in size-budgets.json`)
  }
  const built = all.find(({ specifier }) => specifier === NETWORKS)?.built
  const networks = built !== undefined && existsSync(built) ? await import(built) : {}
  for (const { name, entries, bytes, node, aside, family } of budgets) {
    try {
      const whole = (specifiers: readonly string[]) =>
        specifiers
          .map((from, index) =>
            from === NETWORKS && family !== undefined
              ? profilesOf(networks, family)
              : `export * as entry${index} from '${from}'`,
          )
          .join('\n')
      const size =
        aside === undefined
          ? await weigh(whole(entries), { node: node === true, without: peers })
          : (await weigh(whole([...entries, ...aside]))) - (await weigh(whole(aside)))
      sizes[name] = { bytes: size, budget: bytes }
      const mark = size > bytes ? '✗' : '✓'
      console.log(
        `${mark} ${name.padEnd(32)} ${String(size).padStart(7)} of ${String(bytes).padStart(7)} bytes`,
      )
      if (size > bytes) problems.push(`${name} weighs ${size} bytes, its budget is ${bytes}`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      problems.push(`${name} can't be bundled for ${node === true ? 'Node' : 'a browser'}: ${why}`)
    }
  }
  if (process.argv.includes('--write')) {
    const next = budgets.map((b) => {
      const measured = sizes[b.name]?.bytes
      const budget = measured === undefined ? b.bytes : Math.ceil((measured * 1.15) / 100) * 100
      return gates.has(b.name) ? b : { ...b, bytes: budget }
    })
    writeFileSync(file, `${JSON.stringify({ budgets: next, ...rest, unshipped }, null, 2)}\n`)
    problems.length = 0
  }
  for (const problem of problems) console.error(problem)
  console.log(JSON.stringify({ gate: 'size', sizes, pass: problems.length === 0 }))
  if (problems.length > 0) process.exitCode = 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
