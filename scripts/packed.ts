import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build as esbuild } from 'esbuild'
import ts from 'typescript'
import { build as vite } from 'vite'
import { pnpm } from './pnpm.js'
import { packages, root } from './workspace.js'

/**
 * Makes a project of somebody who uses these packages: installs the tarballs that it names and its own dependencies, from this workspace's
 * store where they are there. `tarballs` are all that were packed, for what packages want of each other.
 */
export function install(
  folder: string,
  { tarballs, dependencies }: { readonly tarballs: Tarballs; readonly dependencies: Dependencies },
): void {
  mkdirSync(folder, { recursive: true })
  const manifest = { name: 'consumer', private: true, type: 'module', dependencies }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  const overrides = Object.entries(tarballs).map(([name, file]) => `  '${name}': 'file:${file}'`)
  const settings = ['pmOnFail: ignore', 'autoInstallPeers: false', 'overrides:', ...overrides]
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), `${settings.join('\n')}\n`)
  const state = readFileSync(join(root, 'node_modules/.modules.yaml'), 'utf8')
  const store = /"?storeDir"?: *"?([^",\n]+)/.exec(state)?.[1]
  const where = store === undefined ? [] : [`--config.store-dir=${dirname(store)}`]
  const [command, ...first] = pnpm
  execFileSync(
    command,
    [...first, ...where, 'install', '--prefer-offline', '--ignore-scripts', '--no-frozen-lockfile'],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 },
  )
}

/** Builds the packages, unless each of their sources has been built since it was written. */
export function ensureBuilt(): void {
  const written = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const fresh = packages().every(({ folder }) =>
    readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .every((name) => {
        const built = join(folder, 'dist', name.slice(0, -3))
        return written(`${built}.js`) > written(join(folder, 'src', name)) && written(`${built}.d.ts`) > 0
      }),
  )
  if (fresh) return
  for (const [program, ...args] of [
    ['tsup', '--silent'],
    ['tsc', '-b', 'tsconfig.build.json'],
  ] as const)
    execFileSync(join(root, 'node_modules/.bin', program), args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
}

/** Files of packed packages, by the packages' names. */
export type Tarballs = Readonly<Record<string, string>>

/** What a project depends on: names and versions, or `file:` and a tarball. */
export type Dependencies = Readonly<Record<string, string>>

/** Names of all packages that a project has installed, those that others brought included. */
export function installed(folder: string): readonly string[] {
  const names = readdirSync(join(folder, 'node_modules/.pnpm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => entry.name.slice(0, entry.name.indexOf('@', 1)).replace('+', '/'))
  return [...new Set(names)].sort()
}

/** A program as a bundler makes it for a browser. */
export interface Bundle {
  readonly file: string
  /** Packages any of whose modules are in the graph. */
  readonly packages: readonly string[]
  /** Node's modules that the graph asks for, each behind the package that does, whatever stands in for them in a browser. */
  readonly builtins: readonly string[]
  /** Minified and gzipped, all chunks together. */
  readonly gzip: number
}

/** Bundles a project's program with esbuild, for a browser. */
export async function bundleWithEsbuild(folder: string, entry: string): Promise<Bundle> {
  const outdir = join(folder, 'esbuild')
  const { metafile, outputFiles } = await esbuild({
    absWorkingDir: folder,
    entryPoints: { program: entry },
    outdir,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
    outExtension: { '.js': '.mjs' },
  })
  mkdirSync(outdir, { recursive: true })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  // A module that a package takes out of browsers is an input of the form `(disabled):name`.
  const builtins = Object.entries(metafile.inputs).flatMap(([path, { imports }]) =>
    imports
      .map((it) => it.path.replace('(disabled):', ''))
      .filter(isBuiltin)
      .map((name) => `${packageOf(path)}: ${name}`),
  )
  return {
    packages: packagesOf(Object.keys(metafile.inputs)),
    builtins: [...new Set(builtins)].sort(),
    file: join(outdir, 'program.mjs'),
    gzip: outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
  }
}

/** Bundles a project's program with vite, as an application. */
export async function bundleWithVite(folder: string, entry: string): Promise<Bundle> {
  const outDir = join(folder, 'vite')
  const ids: string[] = []
  const builtins: string[] = []
  const made = await vite({
    root: folder,
    configFile: false,
    envDir: false,
    mode: 'production',
    logLevel: 'silent',
    // A test runner has set a mode of its own.
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [
      {
        name: 'graph',
        enforce: 'pre',
        async resolveId(name, importer) {
          if (!isBuiltin(name)) return
          // A package of that name is no module of Node's; without one, vite puts something empty in its place.
          const found = await this.resolve(name, importer, { skipSelf: true })
          if (found === null || !found.id.includes('/node_modules/'))
            builtins.push(`${packageOf(importer ?? '')}: ${name}`)
        },
        moduleParsed: ({ id }) => void ids.push(id),
      },
    ],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: join(folder, entry),
        output: { entryFileNames: 'program.mjs', chunkFileNames: '[name].mjs' },
      },
    },
  })
  const chunks = [made].flat().flatMap((it) => ('output' in it ? it.output : []))
  return {
    packages: packagesOf(ids),
    builtins: [...new Set(builtins)].sort(),
    file: join(outDir, 'program.mjs'),
    gzip: chunks.reduce(
      (sum, it) => sum + (it.type === 'chunk' ? gzipSync(it.code, { level: 9 }).length : 0),
      0,
    ),
  }
}

/** The package that a module belongs to; empty for a project's own. */
function packageOf(id: string): string {
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(`/${id}`)?.[1] ?? ''
}

function packagesOf(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.map(packageOf))].filter((name) => name !== '').sort()
}

/** What a bundled program prints when Node runs it. */
export function run(file: string): string {
  return execFileSync(process.execPath, ['--no-warnings', file], {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/**
 * What TypeScript finds wrong with a project's program and with the declarations of our packages that it sees, where modules resolve as
 * bundlers or as Node do it. Declarations of other packages are theirs.
 */
export function typeProblems(
  folder: string,
  entry: string,
  resolution: 'bundler' | 'node16',
): readonly string[] {
  const program = ts.createProgram([join(folder, entry)], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: resolution === 'bundler' ? ts.ModuleKind.ESNext : ts.ModuleKind.Node16,
    moduleResolution:
      resolution === 'bundler' ? ts.ModuleResolutionKind.Bundler : ts.ModuleResolutionKind.Node16,
    strict: true,
    noEmit: true,
    types: [],
  })
  const own = program
    .getSourceFiles()
    .filter(
      ({ fileName }) => !fileName.includes('/node_modules/') || fileName.includes('/node_modules/@aitbc/'),
    )
    .filter(({ fileName }) => !program.isSourceFileDefaultLibrary(program.getSourceFile(fileName)!))
  const found = [
    ...program.getOptionsDiagnostics(),
    ...own.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  return found.map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ')
    if (file === undefined || start === undefined) return text
    return `${file.fileName.replace(`${folder}/`, '')}:${file.getLineAndCharacterOfPosition(start).line + 1} ${text}`
  })
}
