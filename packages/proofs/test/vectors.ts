import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Where the published vectors are: `AITBC_VECTORS`, else the folder beside the project. */
const root = process.env['AITBC_VECTORS'] ?? join(import.meta.dirname, '../../../../shared/vectors')

export interface Topic {
  bytes(name: string): Uint8Array
  text(name: string): string
  json<T>(name: string): T
  /** Names of all files, folders included, in order. */
  files(): readonly string[]
}

/** A topic's folder of vectors (files ending in `.gz` come unpacked), or `undefined` where there is none. */
export function topic(name: string): Topic | undefined {
  const folder = join(root, name)
  if (!existsSync(folder)) return undefined
  const bytes = (file: string): Uint8Array => {
    const raw = readFileSync(join(folder, file))
    return new Uint8Array(file.endsWith('.gz') ? gunzipSync(raw) : raw)
  }
  const text = (file: string) => new TextDecoder().decode(bytes(file))
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort()
  return { bytes, text, json: (file) => JSON.parse(text(file)), files }
}
