import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'

/** Where the published vectors are: `AITBC_VECTORS`, else the folder beside the project. */
const root = process.env['AITBC_VECTORS'] ?? join(import.meta.dirname, '../../../../shared/vectors')

export interface Vectors {
  bytes(name: string): Uint8Array
  json<T>(name: string): T
  /** All files below the folder, sorted. */
  files(): readonly string[]
}

/** A suite over one topic's folder of vectors; where there is none, one skip that says so. */
export function describeVectors(topic: string, title: string, suite: (vectors: Vectors) => void): void {
  const folder = join(root, topic)
  if (!existsSync(folder)) {
    test.skip(`${title}: skipped: no vectors at ${folder}`)
    return
  }
  describe(title, () =>
    suite({
      bytes: (name) => new Uint8Array(readFileSync(join(folder, name))),
      json: (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')),
      files: () =>
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
          .sort(),
    }),
  )
}
