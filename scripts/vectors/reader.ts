import { join } from 'node:path'
import { test } from 'vitest'
import { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'
import { ABSENT, list, open, type VectorFile } from './files.js'

export type { VectorFile }

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
  /** Whether cases lead on from one another: then all of a group are run, also where a part of each file's is asked for. */
  readonly linked?: boolean
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

/** The cases of one group that are run; all of them, but where each mutant of the code is tried against them. */
const MOST = Number(process.env.AITBC_VECTORS_MOST ?? Number.POSITIVE_INFINITY)

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
  const only = process.env.AITBC_VECTORS_ONLY ?? ''
  const wanted = (path: string) =>
    only === '' || `${folder}/${path}` === only || `${folder}/${path}`.startsWith(`${only}/`)
  if (base === undefined || !paths.some(wanted)) {
    test.skip(`${name}: ${ABSENT}`, () => {})
    return
  }
  const groups = new Map<string, string[]>()
  for (const path of paths) {
    const reason = unusedReason(unused, path)
    const key = reason === undefined ? (reader.group?.(path) ?? path) : path
    groups.set(key, [...(groups.get(key) ?? []), path])
  }
  for (const [group, members] of groups) {
    if (!members.some(wanted)) continue
    test(`${name}: ${group}`, async ({ task }) => {
      const files = members.map((path) => `${folder}/${path}`)
      const reason = unusedReason(unused, members[0] as string)
      if (reason !== undefined) {
        task.meta.vectors = { topic, folder, files, passed: 0, failed: 0, skipped: [], listed: reason }
        return
      }
      // Stands where the test is stopped for the time it takes.
      task.meta.vectors = { topic, folder, files, passed: 0, failed: 1, skipped: [] }
      let passed = 0
      const skipped: { name: string; reason: string }[] = []
      const failures: string[] = []
      const fail = (what: string, error: unknown) =>
        failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      try {
        const files = members.map((path) => open(join(base, folder), path))
        for (const one of sample(
          await reader.cases(files),
          reader.linked === true ? Number.POSITIVE_INFINITY : MOST,
        )) {
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
}

/** So many of them at most, from the whole length. */
export function sample<T>(items: Iterable<T>, most: number): Iterable<T> {
  if (most === Number.POSITIVE_INFINITY) return items
  const all = [...items]
  const step = Math.max(1, all.length / most)
  return Array.from({ length: Math.min(all.length, most) }, (_, i) => all[Math.floor(i * step)] as T)
}

function unusedReason(unused: Readonly<Record<string, string>>, path: string): string | undefined {
  return Object.entries(unused).find(([key]) =>
    key.endsWith('/') ? path.startsWith(key) : path === key,
  )?.[1]
}
