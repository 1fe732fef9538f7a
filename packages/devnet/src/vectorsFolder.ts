import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder of the official test vectors: `AITBC_VECTORS`, else `../shared/vectors` seen from the root of the
 * repository; `undefined` where there is none, so that a suite can be skipped with its reason.
 *
 * @example
 * import { vectorsFolder } from '@aitbc/devnet'
 * vectorsFolder({ AITBC_VECTORS: '/nowhere' }) // undefined
 */
export function vectorsFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const named = env['AITBC_VECTORS']
  const path = named !== undefined && named !== '' ? resolve(named) : besideRepository()
  return path !== undefined && existsSync(path) ? path : undefined
}

function besideRepository(): string | undefined {
  let at = dirname(fileURLToPath(import.meta.url))
  while (dirname(at) !== at) {
    if (existsSync(join(at, 'pnpm-workspace.yaml'))) return join(at, '../shared/vectors')
    at = dirname(at)
  }
  return undefined
}
