import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from './workspace.js'

/** How many numbers each letter has. */
export const counts: Readonly<Record<string, number>> = { H: 30, A: 64, S: 22, L: 7 }

/** One row of the table. */
export interface Row {
  readonly number: string
  readonly what: string
  /** Test files, relative to the root. */
  readonly tests: readonly string[]
  readonly reason: string
}

/** A test's title and the numbers it carries. */
export interface Title {
  readonly file: string
  readonly title: string
  readonly numbers: readonly string[]
}

const columns = /^\| ([A-Z]\d+) \| (.*?) \| (.*?) \| (.*?) \|$/

/** The rows of the table. */
export function rowsOf(table: string): readonly Row[] {
  return table.split('\n').flatMap((line) => {
    const [, number, what, tests, reason] = columns.exec(line) ?? []
    if (number === undefined || what === undefined || tests === undefined || reason === undefined) return []
    return [
      {
        number,
        what: what.trim(),
        tests: [...tests.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
        reason: reason.trim(),
      },
    ]
  })
}

/** The titles of a test file that begin with numbers: `H7: …`, `H1, S3: …`. */
export function titlesOf(file: string, text: string): readonly Title[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Title[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const first = titleOf(node)
      const title =
        first === undefined
          ? undefined
          : ts.isStringLiteralLike(first)
            ? first.text
            : ts.isTemplateExpression(first)
              ? first.head.text
              : undefined
      const prefix = /^((?:[HASL]\d+)(?:(?:,\s*|\/|\s+and\s+|\s*[–-]\s*|\s+)[HASL]\d+)*)\b/.exec(
        title ?? '',
      )?.[1]
      if (title !== undefined && prefix !== undefined)
        found.push({ file, title, numbers: prefix.match(/[HASL]\d+/g) ?? [] })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** What a test is called: its first argument, or the `title` of a reader of vectors. */
function titleOf({ expression, arguments: [first] }: ts.CallExpression): ts.Node | undefined {
  if (!ts.isIdentifier(expression) || expression.text !== 'readVectors') return first
  if (first === undefined || !ts.isObjectLiteralExpression(first)) return undefined
  return first.properties.filter(ts.isPropertyAssignment).find(({ name }) => name.getText() === 'title')
    ?.initializer
}

/** `test('…')`, `readVectors({ title: '…' })`, `it.each(…)('…')`, `test.prop(…)('…')`, `describe.skipIf(…)('…')` … */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return /^(test|it|describe|suite|prop|property|readVectors)/.test(callee.text)
  if (ts.isPropertyAccessExpression(callee)) return isTest(callee.expression)
  if (ts.isCallExpression(callee)) return isTest(callee.expression)
  if (ts.isTaggedTemplateExpression(callee)) return isTest(callee.tag)
  return false
}

/** What is wrong with the table, given all titles. */
export function problemsOf(rows: readonly Row[], titles: readonly Title[]): readonly string[] {
  const problems: string[] = []
  const known = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  )
  for (const number of known) {
    const count = rows.filter((row) => row.number === number).length
    if (count !== 1) problems.push(`${number} is in the table ${count} times`)
  }
  for (const { number, what, tests, reason } of rows) {
    if (!known.includes(number)) problems.push(`${number} is no number of the safety rules`)
    if (what === '') problems.push(`${number} is not described`)
    if (tests.length === 0 && reason === '') problems.push(`${number} has neither a test nor a reason`)
    if (tests.length === 0 && reason.startsWith('not tested yet'))
      problems.push(`${number} is not tested, and no reason is given why it concerns nothing here`)
    for (const file of tests)
      if (!titles.some((title) => title.file === file && title.numbers.includes(number)))
        problems.push(`${number} cites ${file}, where no test carries it`)
  }
  for (const { file, title, numbers } of titles)
    for (const number of numbers) {
      if (!known.includes(number)) problems.push(`${file}: "${title}" carries ${number}, which is no number`)
      else if (!rows.some((row) => row.number === number && row.tests.includes(file)))
        problems.push(`${file}: "${title}" carries ${number}, whose row does not list the file`)
    }
  return [...new Set(problems)]
}

/** The table with its test column refreshed; a reason goes when a test comes, unless it says what is `left: …`. */
export function refresh(table: string, titles: readonly Title[]): string {
  return table
    .split('\n')
    .map((line) => {
      const [row] = rowsOf(line)
      if (row === undefined) return line
      const files = [
        ...new Set(titles.filter((t) => t.numbers.includes(row.number)).map((t) => t.file)),
      ].sort()
      const untested = row.reason === '' ? 'not tested yet' : row.reason
      const reason = files.length === 0 || row.reason.startsWith('left: ') ? untested : ''
      return `| ${row.number} | ${row.what} | ${files.map((file) => `\`${file}\``).join(' ')} | ${reason} |`
    })
    .join('\n')
}

/** Every title with numbers in the repository. */
export function allTitles(): readonly Title[] {
  const folders = [
    ...readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'test')),
    join(root, 'examples', 'test'),
  ]
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        // The suite that all adapters pass is a file of its own, which their tests call.
        .filter((name) => /\.(test|test-d)\.ts$/.test(name) || name === 'contract.ts')
        .map((name) => join(folder, name)),
    )
    .flatMap((path) => titlesOf(relative(root, path), readFileSync(path, 'utf8')))
}

function main(): void {
  const path = join(root, 'SAFETY-TABLE.md')
  const titles = allTitles()
  if (process.argv.includes('--write')) writeFileSync(path, refresh(readFileSync(path, 'utf8'), titles))
  const rows = rowsOf(readFileSync(path, 'utf8'))
  const problems = problemsOf(rows, titles)
  for (const problem of problems) console.error(problem)
  console.log(
    JSON.stringify({
      gate: 'safety-table',
      numbers: rows.length,
      tested: rows.filter((row) => row.tests.length > 0).length,
      reasoned: rows.filter((row) => row.tests.length === 0).length,
      titles: titles.length,
      problems: problems.length,
      pass: problems.length === 0,
    }),
  )
  if (problems.length > 0) process.exitCode = 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main()
