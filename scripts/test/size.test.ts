import { expect, test } from 'vitest'
import { weigh } from '../size.js'

test('default: a module is weighed as a browser gets it', async () => {
  const small = await weigh('export const a = 1')
  const large = await weigh(`export const a = '${Array.from({ length: 999 }, (_, i) => i * 7919).join()}'`)
  expect(small).toBeLessThan(60)
  expect(large).toBeGreaterThan(1000)
})

test('behavior: what the caller brings along is not counted', async () => {
  const whole = await weigh("export * from '@noble/hashes/sha2.js'")
  expect(await weigh("export * from '@noble/hashes/sha2.js'", { without: ['@noble/hashes'] })).toBeLessThan(
    whole / 5,
  )
})

test('error: a Node built-in in a browser entry, allowed where the entry is named for Node', async () => {
  const text = "import { readFileSync } from 'node:fs'\nexport const read = readFileSync"
  await expect(weigh(text)).rejects.toThrow('node:fs')
  await expect(weigh(text, { node: true })).resolves.toBeGreaterThan(0)
})
