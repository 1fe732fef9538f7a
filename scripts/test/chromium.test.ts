import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findChromium } from '../chromium.js'
import { ensureChromium } from '../fetch-chromium.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aitbc-chromium-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})
const program = (body: string): string => {
  const path = join(folder, 'chromium')
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

test('default: the one that CHROMIUM names is taken, and has to start', async () => {
  vi.stubEnv('CHROMIUM', program('echo Chromium 1.2'))
  expect(await ensureChromium()).toEqual({ path: join(folder, 'chromium'), env: {} })
})

test('behavior: CHROMIUM names nothing: there is no browser, none is fetched, and the reason is said', async () => {
  vi.stubEnv('CHROMIUM', '/nowhere/chromium')
  expect(findChromium()).toBeUndefined()
  await expect(ensureChromium()).rejects.toThrow('CHROMIUM names /nowhere/chromium, and there is nothing')
})

test('behavior: a browser that does not start is none, in its own words', async () => {
  vi.stubEnv('CHROMIUM', program('echo "libnss3.so: cannot open shared object file" >&2; exit 127'))
  await expect(ensureChromium()).rejects.toThrow('does not start: libnss3.so: cannot open')
})
