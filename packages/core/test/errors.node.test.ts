import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ErrorEntry } from '@aitbc/core'
import { expect, test } from 'vitest'

const packages = join(import.meta.dirname, '../..')
const RANGES: Readonly<Record<string, number>> = {
  core: 1000,
  proofs: 2000,
  adapters: 3000,
  swap: 4000,
  'ai-registry': 5000,
  devnet: 6000,
}

/** Every error table of every package: what a file named for errors exports that has `entries`. */
async function tables() {
  const found: { where: string; range: number; entries: Readonly<Record<string, ErrorEntry>> }[] = []
  for (const [name, range] of Object.entries(RANGES)) {
    const source = join(packages, name, 'src')
    if (!existsSync(source)) continue
    for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/(^|\/)(errors|[A-Za-z]*Errors)\.ts$/.test(file)) continue
      const module = (await import(pathToFileURL(join(source, file)).href)) as Record<string, unknown>
      for (const [exported, value] of Object.entries(module)) {
        const entries = (value as { entries?: Readonly<Record<string, ErrorEntry>> } | null)?.entries
        if (typeof entries === 'object')
          found.push({ where: `${name}/src/${file} ${exported}`, range, entries })
      }
    }
  }
  return found
}

test('tags and codes are unique over all packages, codes in their package’s range, hints there', async () => {
  const all = await tables()
  const rows = all.flatMap(({ where, range, entries }) =>
    Object.entries(entries).map(([tag, entry]) => ({ where, range, tag, ...entry })),
  )
  for (const { where, range, tag, code, hint, retryable } of rows) {
    expect(Number.isInteger(code) && code > range && code < range + 1000, `${where}.${tag}: ${code}`).toBe(
      true,
    )
    expect(tag, where).toMatch(/^[A-Z][A-Za-z0-9]+$/)
    expect(hint.length > 10 && hint.endsWith('.'), `${where}.${tag}: ${hint}`).toBe(true)
    expect(typeof retryable).toBe('boolean')
  }
  const twice = (values: readonly (string | number)[]) =>
    values.filter((value, i) => values.indexOf(value) !== i)
  expect(twice(rows.map((row) => row.tag))).toEqual([])
  expect(twice(rows.map((row) => row.code))).toEqual([])
  expect(all.map(({ where }) => where.split('/')[0])).toEqual(expect.arrayContaining(['core']))
  console.info(`${rows.length} errors in ${all.length} tables`)
})
