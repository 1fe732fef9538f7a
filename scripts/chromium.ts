import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { chromium as playwright } from 'playwright'

/** A Chromium that can be started: its path, and what its environment needs besides this process's own. */
export interface Chromium {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

/** Where a fetched Chromium lives, beside the other programs that are fetched: `$XDG_CACHE_HOME/aitbc`. */
export function chromiumCache(): string {
  const base = process.env.XDG_CACHE_HOME
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'aitbc')
}

/** The file a finished fetch leaves: the {@link Chromium} as JSON. */
export function chromiumRecord(): string {
  return join(chromiumCache(), `chromium-${release()}-${process.arch}.json`)
}

/** The name of the machine's Debian release; `none` where it says none. */
export function release(): string {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^VERSION_CODENAME="?([a-z0-9]+)/m.exec(text)?.[1] ?? 'none'
}

/**
 * The Chromium of this machine: `CHROMIUM` (and no other, so that one that isn't there means none), else the first on `PATH`, else the one that was fetched before,
 * else playwright's own, if somebody installed it.
 */
export function findChromium(): Chromium | undefined {
  const named = process.env.CHROMIUM
  if (named !== undefined && named !== '') return existsSync(named) ? { path: named, env: {} } : undefined
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
      const path = join(folder, name)
      if (folder !== '' && existsSync(path)) return { path, env: {} }
    }
  }
  if (existsSync(chromiumRecord())) {
    const fetched: Chromium = JSON.parse(readFileSync(chromiumRecord(), 'utf8'))
    if (existsSync(fetched.path)) return fetched
  }
  const own = playwright.executablePath()
  return existsSync(own) ? { path: own, env: {} } : undefined
}
