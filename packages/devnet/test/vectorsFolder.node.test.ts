import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vectorsFolder } from '@aitbc/devnet'
import { expect, test } from 'vitest'

test('default: the folder beside the repository, where it is', () => {
  const found = vectorsFolder({})
  expect(found === undefined || found.endsWith(join('shared', 'vectors'))).toBe(true)
  expect(found === undefined || existsSync(found)).toBe(true)
})

test('behavior: AITBC_VECTORS comes first, and counts only where it exists', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
  expect(vectorsFolder({ AITBC_VECTORS: folder })).toBe(folder)
  rmdirSync(folder)
  expect(vectorsFolder({ AITBC_VECTORS: folder })).toBeUndefined()
})
