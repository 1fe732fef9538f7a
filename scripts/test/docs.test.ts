import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { blocksOf, examplesOf, exportedOf, testOf } from '../docs.js'

const docstring = `
/**
 * Adds.
 *
 * @example
 * import { add } from './add.js'
 * add(1, 2) // 3
 *
 * @see elsewhere
 */
export const add = 1
`

test('default: an example goes from its tag to the next, with its place', () => {
  expect(examplesOf('a.ts', docstring)).toEqual([
    { at: 'a.ts:6', code: "import { add } from './add.js'\nadd(1, 2) // 3\n" },
  ])
})

test('behavior: blocks of Markdown are found by their language', () => {
  expect(blocksOf('R.md', 'text\n```sh\nls\n```\n```ts\nconst a = 1\n```\n')).toEqual([
    { at: 'R.md:6', code: 'const a = 1\n' },
  ])
})

test('behavior: a literal behind an expression becomes an assertion, prose does not', () => {
  const of = (code: string) => testOf({ at: '', code })
  expect(of('add(1, 2) // 3').text).toContain('__same(add(1, 2), 3) // 3')
  expect(of("await f() // { a: [-1n, 'x'], b: undefined }").asserts).toBe(1)
  expect(of('f() // the sum\ng() // f()\nconst a = 1 // 1').asserts).toBe(0)
})

test('behavior: what declares its inputs or needs a node is not run', () => {
  const runs = (code: string) => testOf({ at: '', code }).runs
  expect(runs("import { Amount } from '@aitbc/core'")).toBe(true)
  expect(runs("import type { A } from '@aitbc/core'\ndeclare const a: A")).toBe(false)
  expect(runs("import { createDevnet } from '@aitbc/devnet'")).toBe(false)
})

test('behavior: what entries export is found in their namespaces, each once, with what is said of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aitbc-docs-'))
  try {
    const [index, noun] = [join(folder, 'index.ts'), join(folder, 'Noun.ts')]
    writeFileSync(
      index,
      "export * as Noun from './Noun.js'\nexport { of } from './Noun.js'\nexport const zero = 0\n",
    )
    writeFileSync(
      noun,
      '/**\n * Makes one.\n *\n * @example\n * of()\n */\nexport function of() {}\nexport const to = () => 1\nfunction own() {}\nown()\n',
    )
    const program = ts.createProgram([index], { module: ts.ModuleKind.NodeNext, noLib: true, types: [] })
    expect(exportedOf(program, [{ specifier: 'a', source: index }])).toEqual([
      { name: 'a Noun.of', described: true, example: true },
      { name: 'a Noun.to', described: false, example: false },
    ])
    expect(() => exportedOf(program, [{ specifier: 'b', source: join(folder, 'b.ts') }])).toThrow(
      'b is not to be found',
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
