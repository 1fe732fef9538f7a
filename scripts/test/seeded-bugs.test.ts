import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apply } from '../seeded-bugs/apply.js'
import { bugs } from '../seeded-bugs/bugs.js'
import { root } from '../workspace.js'

test('each seeded bug still has its place, and its tests are there', () => {
  const complaints = bugs.flatMap((bug) => {
    const applied = apply(bug, readFileSync(join(root, bug.file), 'utf8'))
    const missing = bug.tests.filter((file) => !existsSync(join(root, file)))
    return [
      ...('complaint' in applied ? [applied.complaint] : []),
      ...missing.map((file) => `${bug.name}: there is no ${file}`),
    ]
  })
  expect(complaints).toEqual([])
  expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length)
  expect(bugs.length).toBeGreaterThanOrEqual(60)
})

test('a text that stands twice, or not at all, is no place for a bug', () => {
  const bug = { name: 'x', file: 'f.ts', from: 'a', to: '$&b', tests: [] }
  expect(apply(bug, 'bab')).toEqual({ source: 'b$&bb' })
  expect(apply(bug, 'aa')).toEqual({ complaint: 'x: what it replaces stands 2 times in f.ts, not once' })
  expect(apply(bug, 'b')).toEqual({ complaint: 'x: what it replaces stands 0 times in f.ts, not once' })
})
