import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { packages, sourceAliases } from '../workspace.js'

test('default: every package has its folder and entries, each with an alias to source', () => {
  const names = packages().map((p) => p.name)
  expect(names).toContain('@aitbc/core')
  expect(sourceAliases()).toHaveLength(packages().flatMap((p) => p.entries).length)
  for (const p of packages()) expect(existsSync(p.folder)).toBe(true)
})
