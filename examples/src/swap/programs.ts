import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A program that @aitbc/adapters ships, by its path in `programs/`. */
export async function programOf(path: string): Promise<Uint8Array> {
  const folder = dirname(createRequire(import.meta.url).resolve('@aitbc/adapters/package.json'))
  return new Uint8Array(await readFile(join(folder, 'programs', path)))
}
