import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { test } from 'vitest'
import { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'

/** A family of published data; each has a floor in `floors.json` that its number of cases never falls below. */
export type Topic =
  | 'aitbc'
  | 'bitcoin'
  | 'bridges'
  | 'caip'
  | 'cosmos'
  | 'crypto'
  | 'ethereum'
  | 'json'
  | 'polkadot'
  | 'services'
  | 'solana'

/** One published file; names ending in `.gz` come unpacked. */
export interface VectorFile {
  /** Below the reader's folder, with `/` between names. */
  readonly path: string
  readonly bytes: () => Uint8Array
  readonly text: () => string
  readonly json: <T>() => T
}

/** One case: it passes unless `run` throws; or it is left out, and says why. */
export type Case =
  | { readonly name: string; readonly run: () => void | Promise<void> }
  | { readonly name: string; readonly skip: string }

/** What runs all files below one folder of the published data, those of tomorrow included. */
export interface Reader {
  readonly topic: Topic
  /** Below the folder of vectors, such as `cosmos/ics23`; no other reader claims a file below it. */
  readonly folder: string
  /** Put before the name of each test, such as `A36: what a vote signs`. */
  readonly title?: string
  /** Files that make sense together have the same group; without it each file stands alone. */
  readonly group?: (path: string) => string
  /** Files not run: their paths, or folders ending in `/`, and why. */
  readonly unused?: Readonly<Record<string, string>>
  /** The cases of one group; throws where a file has a shape that this reader doesn't know. */
  readonly cases: (files: readonly VectorFile[]) => Iterable<Case> | Promise<Iterable<Case>>
}

/** What came of one group, for the sum that `pnpm vectors` prints. */
export interface Tally {
  readonly topic: Topic
  readonly folder: string
  /** Paths below the folder of vectors. */
  readonly files: readonly string[]
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
  /** Why none of the files' cases ran; they are listed. */
  readonly listed?: string
}

declare module 'vitest' {
  interface TaskMeta {
    vectors?: Tally
  }
}

/** Describes the data and is not data. */
const DOCUMENTATION = /(^|\/)(README(\.\w+)?|LICEN[CS]E(\.\w+)?)$/

/** The failures named in one complaint. */
const SHOWN = 10

/**
 * Registers one test for each group of files below the reader's folder; each runs all its cases, also after one failed.
 *
 * To be called from `packages/<package>/test/**\/*.vectors.test.ts`.
 */
export function readVectors(reader: Reader): void {
  const { topic, folder, title, unused = {} } = reader
  const name = title === undefined ? folder : `${title}: ${folder}`
  const base = vectorsFolder()
  const paths = base === undefined ? [] : list(join(base, folder))
  if (base === undefined || paths.length === 0) {
    test.skip(`${name}: no vectors there`, () => {})
    return
  }
  const groups = new Map<string, string[]>()
  for (const path of paths) {
    const reason = unusedReason(unused, path)
    const key = reason === undefined ? (reader.group?.(path) ?? path) : path
    groups.set(key, [...(groups.get(key) ?? []), path])
  }
  for (const [group, members] of groups)
    test(`${name}: ${group}`, async ({ task }) => {
      const files = members.map((path) => `${folder}/${path}`)
      const reason = unusedReason(unused, members[0] as string)
      if (reason !== undefined) {
        task.meta.vectors = { topic, folder, files, passed: 0, failed: 0, skipped: [], listed: reason }
        return
      }
      let passed = 0
      const skipped: { name: string; reason: string }[] = []
      const failures: string[] = []
      const fail = (what: string, error: unknown) =>
        failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      try {
        for (const one of await reader.cases(members.map((path) => open(join(base, folder), path)))) {
          if ('skip' in one) {
            skipped.push({ name: one.name, reason: one.skip })
            continue
          }
          try {
            await one.run()
            passed++
          } catch (error) {
            fail(one.name, error)
          }
        }
        if (passed + skipped.length + failures.length === 0) fail('reading', 'there is no case in it')
      } catch (error) {
        fail('reading', error)
      }
      task.meta.vectors = { topic, folder, files, passed, failed: failures.length, skipped }
      if (failures.length > 0)
        throw new Error(
          `${failures.length} of ${passed + failures.length} cases failed\n${failures.slice(0, SHOWN).join('\n')}`,
        )
    })
}

/** All files of the folder of vectors below `folder`, documentation aside, sorted. */
export function list(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !DOCUMENTATION.test(path))
    .sort()
}

/** One file of the folder of vectors. */
export function open(folder: string, path: string): VectorFile {
  const bytes = () => {
    const raw = readFileSync(join(folder, path))
    return new Uint8Array(path.endsWith('.gz') ? gunzipSync(raw) : raw)
  }
  const text = () => new TextDecoder().decode(bytes())
  return { path, bytes, text, json: () => JSON.parse(text()) }
}

function unusedReason(unused: Readonly<Record<string, string>>, path: string): string | undefined {
  return Object.entries(unused).find(([key]) =>
    key.endsWith('/') ? path.startsWith(key) : path === key,
  )?.[1]
}
