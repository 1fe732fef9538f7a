import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { type Entry, packages, root } from './workspace.js'

/** One example of a docstring or of README. */
export interface Example {
  /** Where its first line is: `file:line`. */
  readonly at: string
  readonly code: string
}

/** The `@example` blocks of a source file, each up to the next tag or the end of its comment. */
export function examplesOf(file: string, text: string): readonly Example[] {
  const found: Example[] = []
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const first = text.slice(0, comment.index).split('\n').length
    const lines = comment[0]
      .replace(/\*\/$/, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\/?\*+ ?/, ''))
    for (let i = 0; i < lines.length; i++) {
      if (!/^@example\b/.test(lines[i] ?? '')) continue
      const start = i + 1
      let end = start
      while (end < lines.length && !/^@[a-z]/.test(lines[end] ?? '')) end++
      const code = lines.slice(start, end).map((line) => (/^```/.test(line) ? '' : line))
      if (code.some((line) => line.trim() !== ''))
        found.push({ at: `${file}:${first + start}`, code: code.join('\n') })
    }
  }
  return found
}

/** The `ts` blocks of a Markdown file. */
export function blocksOf(file: string, text: string): readonly Example[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    at: `${file}:${text.slice(0, match.index).split('\n').length + 1}`,
    code: match[1] ?? '',
  }))
}

/**
 * Turns `expression // literal` into an assertion, line for line. What `declare`s its inputs, or needs a node
 * (devnet, RPC), is type-checked only.
 */
export function testOf({ code }: Example): {
  readonly text: string
  readonly runs: boolean
  readonly asserts: number
} {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true)
  let text = code
  let asserts = 0
  for (const statement of [...source.statements].reverse()) {
    if (!ts.isExpressionStatement(statement)) continue
    const rest = code.slice(statement.end).split('\n')[0] ?? ''
    const literal = /^\s*\/\/ (.+?)\s*$/.exec(rest)?.[1]
    // An ellipsis abbreviates for the reader.
    if (literal === undefined || literal.includes('…') || !isLiteral(literal)) continue
    const expression = statement.expression
    text = `${text.slice(0, expression.getStart(source))}__same(${expression.getText(source)}, ${literal})${text.slice(expression.end)}`
    asserts++
  }
  const declares = source.statements.some(
    (s) => ts.canHaveModifiers(s) && ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.DeclareKeyword),
  )
  const needsNode = /from '(@aitbc\/devnet|@aitbc\/core\/rpc|@aitbc\/core\/storage\/indexeddb)'/.test(code)
  const helper = asserts > 0 ? "\nimport { deepStrictEqual as __same } from 'node:assert'" : ''
  return { text: `${text}${helper}\nexport {}\n`, runs: !declares && !needsNode, asserts }
}

function isLiteral(text: string): boolean {
  const source = ts.createSourceFile('literal.ts', `(${text})`, ts.ScriptTarget.Latest, true)
  const statement = source.statements[0]
  const errors = (source as unknown as { parseDiagnostics: readonly unknown[] }).parseDiagnostics
  if (errors.length > 0 || source.statements.length !== 1 || statement === undefined) return false
  const literal = (node: ts.Node): boolean =>
    ts.isStringLiteral(node) ||
    ts.isNumericLiteral(node) ||
    ts.isBigIntLiteral(node) ||
    [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(node.kind) ||
    (ts.isIdentifier(node) && node.text === 'undefined') ||
    (ts.isPrefixUnaryExpression(node) &&
      node.operator === ts.SyntaxKind.MinusToken &&
      literal(node.operand)) ||
    (ts.isArrayLiteralExpression(node) && node.elements.every(literal)) ||
    (ts.isObjectLiteralExpression(node) &&
      node.properties.every((p) => ts.isPropertyAssignment(p) && literal(p.initializer)))
  return (
    ts.isExpressionStatement(statement) &&
    ts.isParenthesizedExpression(statement.expression) &&
    literal(statement.expression.expression)
  )
}

/** Every example of the repository. */
export function allExamples(): readonly Example[] {
  const sources = packages().flatMap(({ folder }) =>
    readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => join(folder, 'src', name)),
  )
  return [
    ...sources.flatMap((path) => examplesOf(relative(root, path), readFileSync(path, 'utf8'))),
    ...['README.md', 'ARCHITECTURE.md', 'packages/devnet/README.md'].flatMap((name) => {
      try {
        return blocksOf(name, readFileSync(join(root, name), 'utf8'))
      } catch {
        return []
      }
    }),
  ]
}

/** A function that a package exports, by the name under which it is imported. */
export interface Exported {
  readonly name: string
  readonly described: boolean
  readonly example: boolean
}

/** Every function that entries export, those of their namespaces too, each once. */
export function exportedOf(program: ts.Program, entries: readonly Pick<Entry, 'specifier' | 'source'>[]) {
  const checker = program.getTypeChecker()
  const found = new Map<ts.Symbol, Exported>()
  const namespaces = new Set<ts.Symbol>()
  const visit = (exported: ts.Symbol, name: string): void => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      if (namespaces.has(symbol)) return
      namespaces.add(symbol)
      for (const one of checker.getExportsOfModule(symbol)) visit(one, `${name}.${one.name}`)
      return
    }
    const [declaration] = symbol.declarations ?? []
    if (found.has(symbol) || declaration === undefined || !isFunction(declaration)) return
    found.set(symbol, {
      name,
      described: symbol.getDocumentationComment(checker).length > 0,
      example: symbol.getJsDocTags(checker).some((tag) => tag.name === 'example'),
    })
  }
  for (const { specifier, source } of entries) {
    const file = program.getSourceFile(source)
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) throw new Error(`${specifier} is not to be found at ${source}`)
    for (const one of checker.getExportsOfModule(module)) visit(one, `${specifier} ${one.name}`)
  }
  return [...found.values()]
}

function isFunction(node: ts.Declaration): boolean {
  if (ts.isFunctionDeclaration(node)) return true
  return (
    ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isArrowFunction(node.initializer)
  )
}

function main(): void {
  // In `examples/`, because that package depends on everything an example may import.
  const folder = join(root, 'examples', '.docs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const examples = allExamples()
  const tests = examples.map(testOf)
  const problems: string[] = []
  const nameOf = (index: number) => `example-${String(index).padStart(3, '0')}.ts`
  for (const [index, test] of tests.entries()) writeFileSync(join(folder, nameOf(index)), test.text)

  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, files: [] },
    ts.sys,
    root,
    { noEmit: true, noUnusedLocals: false, noUnusedParameters: false, types: ['node'] },
    join(root, 'tsconfig.base.json'),
  )
  const entries = packages().flatMap((one) => one.entries)
  const program = ts.createProgram(
    [...tests.map((_, index) => join(folder, nameOf(index))), ...entries.map(({ source }) => source)],
    options,
  )
  const functions = exportedOf(program, entries)
  for (const { name, described } of functions) if (!described) problems.push(`${name} has no docstring`)
  for (const [index, example] of examples.entries()) {
    const source = program.getSourceFile(join(folder, nameOf(index)))
    const diagnostics = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]
    for (const { messageText } of diagnostics)
      problems.push(`${example.at} does not type-check: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
  }

  const running = examples.flatMap((example, index) =>
    tests[index]?.runs === true
      ? [{ at: example.at, url: pathToFileURL(join(folder, nameOf(index))).href }]
      : [],
  )
  writeFileSync(
    join(folder, 'run.mjs'),
    `const bound = (promise) => Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error('took over 10 s')), 10_000).unref())])
console.log = console.error = console.warn = console.info = () => {}
const failed = []
for (const { at, url } of ${JSON.stringify(running)}) {
  try { await bound(import(url)) } catch (error) { failed.push(at + ' failed: ' + (error?.stack ?? error)) }
}
process.stdout.write(JSON.stringify(failed), () => process.exit(0))
`,
  )
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(folder, 'run.mjs')],
    {
      cwd: root,
      encoding: 'utf8',
      timeout: 120_000,
    },
  )
  try {
    problems.push(...(JSON.parse(stdout) as string[]))
  } catch {
    problems.push(`running the examples ended with ${status}: ${stderr}`)
  }
  for (const problem of problems) console.error(problem)
  console.log(
    JSON.stringify({
      gate: 'docs',
      examples: examples.length,
      executed: running.length,
      functions: functions.length,
      withExample: functions.filter(({ example }) => example).length,
      assertions: tests.reduce((n, test) => n + (test.runs ? test.asserts : 0), 0),
      problems: problems.length,
      pass: problems.length === 0,
    }),
  )
  if (problems.length > 0) process.exitCode = 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main()
