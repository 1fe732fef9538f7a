import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the published vectors are: `AITBC_VECTORS`, else the folder beside the project. */
const root = process.env['AITBC_VECTORS'] ?? join(import.meta.dirname, '../../../../shared/vectors')

/** A topic's folder of vectors, and how to read it; `undefined` where there is none. */
export function vectors(topic: string) {
  const folder = join(root, topic)
  if (!existsSync(folder)) return undefined
  return {
    bytes: (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name))),
    json: <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')),
    /** All files below the folder, sorted. */
    files: (): readonly string[] =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .sort(),
  }
}
