import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from './workspace.js'

/** One import, export-from, dynamic import, require or import type of a file. */
export interface Import {
  readonly specifier: string
  readonly line: number
}

/** A rule that a file breaks, with the line that breaks it. */
export interface Violation {
  readonly file: string
  readonly line: number
  readonly rule: string
  readonly message: string
}

/** What the check needs to know of a package beside its files. */
export interface Manifest {
  readonly dependencies: readonly string[]
}

/** Who may import whom: DESIGN's arrows. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  proofs: ['core'],
  adapters: ['proofs', 'core'],
  swap: ['proofs', 'core'],
  'ai-registry': ['swap', 'proofs', 'core'],
  devnet: ['adapters', 'swap', 'proofs', 'core'],
}

/** Packages that hold no chain library at all. */
const chainFree = ['core', 'proofs', 'swap', 'ai-registry']

/** Chain libraries, and the one family folder of `adapters` that may import each. */
const chainLibraries: readonly (readonly [pattern: RegExp, family: string])[] = [
  [/^(viem|ethers|ox|web3|abitype)$/, 'evm'],
  [/^@(ethersproject|ethereumjs)\//, 'evm'],
  [/^(@scure\/btc-signer|bitcoinjs-lib)$/, 'bitcoin'],
  [/^@solana\//, 'solana'],
  [/^(@(cosmjs|confio)\/|cosmjs-types$)/, 'cosmos'],
  [/^(@polkadot\/|polkadot-api$|@polkadot-api\/)/, 'polkadot'],
]

/** Source files that may use Node: the entries named for it. */
const nodeEntries = [
  /^packages\/core\/src\/storage\/file(\/|\.ts$)/,
  /^packages\/swap\/src\/postgres(\/|\.ts$)/,
  /^packages\/proofs\/src\/node(\/|\.ts$)/,
  // The simulated world runs in browsers too.
  /^packages\/devnet\/src\/(?!world\/)/,
]

const nodeGlobals = new Set([
  'Buffer',
  'process',
  'global',
  '__dirname',
  '__filename',
  'setImmediate',
  'require',
])

/** Every module a file names, whatever the syntax. */
export function importsOf(file: string, text: string): readonly Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, line: lineOf(source, node) })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node, node.moduleSpecifier)
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
      add(node, node.moduleReference.expression)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node, node.argument.literal)
    else if (ts.isModuleDeclaration(node)) add(node, node.name)
    else if (ts.isCallExpression(node)) {
      const callee = node.expression
      const dynamic = callee.kind === ts.SyntaxKind.ImportKeyword
      const required = ts.isIdentifier(callee) && callee.text === 'require'
      const resolved =
        ts.isPropertyAccessExpression(callee) && callee.getText(source) === 'import.meta.resolve'
      if (dynamic || required || resolved) add(node, node.arguments[0])
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  for (const reference of source.typeReferenceDirectives)
    found.push({
      specifier: reference.fileName === 'node' ? 'node:' : reference.fileName,
      line: source.getLineAndCharacterOfPosition(reference.pos).line + 1,
    })
  return found
}

/** Node's globals a file uses without declaring them itself. */
export function nodeGlobalsOf(file: string, text: string): readonly Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const declared = new Set<string>()
  const used: Import[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && nodeGlobals.has(node.text)) {
      const parent = node.parent
      const isName = 'name' in parent && parent.name === node
      if (isName && !ts.isPropertyAccessExpression(parent)) declared.add(node.text)
      else if (
        !isName &&
        !ts.isQualifiedName(parent) &&
        !('propertyName' in parent && parent.propertyName === node)
      )
        used.push({ specifier: node.text, line: lineOf(source, node) })
    } else if (
      ts.isPropertyAccessExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'globalThis' &&
      nodeGlobals.has(node.name.text)
    )
      used.push({ specifier: node.name.text, line: lineOf(source, node) })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return used.filter(({ specifier }) => !declared.has(specifier))
}

/** The rules one file breaks. `file` is relative to the root, with forward slashes. */
export function violationsOf(file: string, text: string, manifest: Manifest): readonly Violation[] {
  const broken: Violation[] = []
  const report = (line: number, rule: string, message: string) => broken.push({ file, line, rule, message })
  const [, owner, place] = /^packages\/([^/]+)\/([^/]+)\//.exec(file) ?? []
  const inSource = owner !== undefined && place === 'src'
  const inTest = place === 'test' || /^(examples|scripts)\/test\//.test(file)
  const pureTest =
    place === 'test' && file.endsWith('.test.ts') && !/\.(nodes?|long|vectors)\.test\.ts$/.test(file)
  const mayUseNode = !(inSource || pureTest) || nodeEntries.some((entry) => entry.test(file))
  const family =
    owner === 'adapters' && inSource ? /^packages\/adapters\/src\/([^/]+)\//.exec(file)?.[1] : undefined

  for (const { specifier, line } of importsOf(file, text)) {
    const name = packageOf(specifier)
    if (specifier === 'effect')
      report(line, 'effect-barrel', "imports 'effect': import 'effect/<Module>' instead")
    if (isBuiltin(specifier) || specifier.startsWith('node:')) {
      if (!mayUseNode) report(line, 'node-builtin', `imports Node's '${specifier}'`)
      continue
    }
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(file), specifier)
      const to = /^packages\/([^/]+)\//.exec(target)?.[1]
      if (
        inSource &&
        !target.startsWith(`packages/${owner}/src/`) &&
        !target.startsWith(`packages/${owner}/programs/`)
      )
        report(line, 'border', `reaches out of its package's source: '${specifier}'`)
      // What reads published data is shared by the tests of all packages; it reads files, so it's none for the browser.
      else if (place === 'test' && !pureTest && target.startsWith('scripts/vectors/')) continue
      // What a contract asks of every implementation, wherever that is.
      else if (place === 'test' && /^packages\/[^/]+\/test\/(.+\/)?contract\.js$/.test(target)) continue
      else if (owner !== undefined && !inSource && to !== owner)
        report(line, 'border', `reaches into another package's files: '${specifier}'`)
      const other = /^packages\/adapters\/src\/([^/]+)\//.exec(target)?.[1]
      if (
        family !== undefined &&
        other !== undefined &&
        other !== family &&
        isFamily(other) &&
        // What the families share knows none of them.
        (isFamily(family) || family === 'internal')
      )
        report(line, 'family', `adapters/${family} imports adapters/${other}`)
      continue
    }
    if (name.startsWith('@aitbc/')) {
      const imported = name.slice('@aitbc/'.length)
      if (inSource && imported === owner)
        report(line, 'self', `imports its own package by name: '${specifier}'`)
      else if (inSource && !(arrows[owner]?.includes(imported) ?? false))
        report(line, 'arrow', `@aitbc/${owner} may not import '${specifier}'`)
      // A world's light client knows its chains themselves.
      const world = file === 'packages/devnet/src/world/createWorldVerifier.ts'
      if (specifier === '@aitbc/core/verifier' && !(owner === 'proofs' || inTest || world))
        report(line, 'verifier', `only proofs and tests may import '${specifier}'`)
    }
    const library = chainLibraries.find(([pattern]) => pattern.test(name))
    if (library !== undefined && inSource) {
      if (chainFree.includes(owner))
        report(line, 'chain-library', `@aitbc/${owner} imports the chain library '${specifier}'`)
      else if (owner === 'adapters' && family !== library[1])
        report(line, 'chain-library', `'${specifier}' belongs into adapters/src/${library[1]}/ alone`)
    }
    if (inSource && !manifest.dependencies.includes(name))
      report(line, 'undeclared', `'${name}' is not among the dependencies in packages/${owner}/package.json`)
  }
  if (!mayUseNode)
    for (const { specifier, line } of nodeGlobalsOf(file, text)) {
      // The two names that vitest.config.ts fills in for the browser.
      const allowed = pureTest && /process\.env\.FC_(NUM_RUNS|SEED)/.test(text.split('\n')[line - 1] ?? '')
      if (!allowed) report(line, 'node-global', `uses Node's global '${specifier}'`)
    }
  return broken
}

/** Checks every TypeScript file of the repository. */
export function checkAll(): { readonly files: number; readonly violations: readonly Violation[] } {
  const manifests = new Map<string, Manifest>()
  const manifestOf = (owner: string | undefined): Manifest => {
    if (owner === undefined) return { dependencies: [] }
    let manifest = manifests.get(owner)
    if (manifest === undefined) {
      const read = JSON.parse(readFileSync(join(root, 'packages', owner, 'package.json'), 'utf8'))
      manifest = { dependencies: Object.keys({ ...read.dependencies, ...read.peerDependencies }) }
      manifests.set(owner, manifest)
    }
    return manifest
  }
  const files = ['packages', 'examples', 'scripts'].flatMap((folder) => filesIn(join(root, folder)))
  const violations = files.flatMap((path) => {
    const file = relative(root, path).split(sep).join('/')
    return violationsOf(file, readFileSync(path, 'utf8'), manifestOf(/^packages\/([^/]+)\//.exec(file)?.[1]))
  })
  return { files: files.length, violations }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesIn(path)
    return /\.m?tsx?$/.test(entry.name) ? [path] : []
  })
}

function isFamily(name: string): boolean {
  return chainLibraries.some(([, family]) => family === name) || name === 'aitbc'
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { files, violations } = checkAll()
  for (const { file, line, rule, message } of violations)
    console.error(`${file}:${line} [${rule}] ${message}`)
  console.log(
    JSON.stringify({ gate: 'layering', files, violations: violations.length, pass: violations.length === 0 }),
  )
  if (violations.length > 0) process.exitCode = 1
}
