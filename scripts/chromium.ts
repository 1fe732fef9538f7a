import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A Chromium that can be started: its path and the environment it needs. */
export interface Chromium {
  readonly path: string
  readonly env: Record<string, string>
}

/** The Chromium of this machine: `CHROMIUM`, else the first one on `PATH`. */
export function findChromium(): Chromium | undefined {
  const named = process.env.CHROMIUM
  const env = Object.fromEntries(
    Object.entries(process.env).filter((e): e is [string, string] => e[1] !== undefined),
  )
  if (named !== undefined && named !== '') return { path: named, env }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
      const path = join(folder, name)
      if (folder !== '' && existsSync(path)) return { path, env }
    }
  }
  return undefined
}
