import { expect, test } from 'vitest'
import { blocksOf, examplesOf, testOf } from '../docs.js'

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
