import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'

export { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'

/** One published file; names ending in `.gz` come unpacked. */
export interface VectorFile {
  /** Below the reader's folder, with `/` between names. */
  readonly path: string
  readonly bytes: () => Uint8Array
  readonly text: () => string
  readonly json: <T>() => T
}

/** How the title of a reader ends that has no file to read. */
export const ABSENT = 'no vectors there'

/** Describes the data and is not data. */
const DOCUMENTATION = /(^|\/)(README(\.\w+)?|LICEN[CS]E(\.\w+)?)$/

/** All files below a folder, documentation aside, sorted. */
export function list(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !DOCUMENTATION.test(path))
    .sort()
}

/** One file below a folder; it is read when its content is asked for. */
export function open(folder: string, path: string): VectorFile {
  const bytes = () => {
    const raw = readFileSync(join(folder, path))
    return new Uint8Array(path.endsWith('.gz') ? gunzipSync(raw) : raw)
  }
  const text = () => new TextDecoder().decode(bytes())
  return { path, bytes, text, json: () => JSON.parse(text()) }
}
