import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { unpack } from '../packages/devnet/src/DebianPackages.js'
import { type Chromium, chromiumCache, chromiumRecord, findChromium, release } from './chromium.js'

/**
 * The Chromium of this machine, fetched from Debian's packages if there is none: this machine's own release,
 * so that it runs on the machine's C library; nothing is installed. Rejects with what is missing and what to do.
 */
export async function ensureChromium(onProgress: (line: string) => void = () => {}): Promise<Chromium> {
  const found = findChromium()
  if (found !== undefined) return found
  const into = join(chromiumCache(), `chromium-${release()}-${process.arch}`)
  let said = ''
  const { root, libraryPath } = await unpack({
    packages: ['chromium-headless-shell'],
    suite: 'host',
    into,
    timeout: 300_000,
    onProgress: ({ step, percent }) => {
      const line = `chromium: ${step} ${Math.floor(percent / 25) * 25} %`
      if (line !== said) onProgress(line)
      said = line
    },
  })
  const path = join(root, 'usr/lib/chromium/chromium-headless-shell')
  if (!existsSync(path)) throw new Error(`the Debian package holds no ${path}`)
  const chromium: Chromium = { path, env: { LD_LIBRARY_PATH: libraryPath } }
  execFileSync(path, ['--no-sandbox', '--version'], {
    env: { ...process.env, ...chromium.env },
    timeout: 30_000,
  })
  const part = `${chromiumRecord()}.${process.pid}`
  writeFileSync(part, `${JSON.stringify(chromium, null, 2)}\n`)
  renameSync(part, chromiumRecord())
  return chromium
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { path } = await ensureChromium((line) => process.stderr.write(`${line}\n`))
  process.stdout.write(`${path}\n`)
}
