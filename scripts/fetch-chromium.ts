import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { unpack } from '../packages/devnet/src/DebianPackages.js'
import { type Chromium, chromiumCache, chromiumRecord, findChromium, release } from './chromium.js'

/**
 * The Chromium of this machine, fetched from Debian's packages if there is none: this machine's own release,
 * so that it runs on the machine's C library; nothing is installed. Rejects with what is missing and what to do,
 * also where the one that is there doesn't start.
 */
export async function ensureChromium(onProgress: (line: string) => void = () => {}): Promise<Chromium> {
  const found = findChromium()
  if (found !== undefined) {
    probe(found)
    return found
  }
  const { CHROMIUM: named = '' } = process.env
  if (named !== '') throw new Error(`CHROMIUM names ${named}, and there is nothing`)
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
  probe(chromium)
  const part = `${chromiumRecord()}.${process.pid}`
  writeFileSync(part, `${JSON.stringify(chromium, null, 2)}\n`)
  renameSync(part, chromiumRecord())
  return chromium
}

function probe({ path, env }: Chromium): void {
  try {
    execFileSync(path, ['--no-sandbox', '--version'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: 30_000,
    })
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || String(error)
    throw new Error(`${path} does not start: ${said.split('\n')[0]}`)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { path } = await ensureChromium((line) => process.stderr.write(`${line}\n`))
  process.stdout.write(`${path}\n`)
}
