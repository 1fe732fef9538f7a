import type { Tally, Topic } from './reader.js'

/** What a run of all readers left behind, and what it is held against. */
export interface Run {
  /** All files below the folder of vectors, documentation aside. */
  readonly files: readonly string[]
  /** The files that were there when the list was committed. */
  readonly committed: readonly string[]
  /** The least number of cases that each topic runs. */
  readonly floors: Readonly<Partial<Record<Topic, number>>>
  readonly tallies: readonly Tally[]
  /** What vitest said beside the tallies: modules that don't load, tests outside the readers that failed … */
  readonly broken: readonly string[]
}

export interface Figures {
  readonly total: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface Judgement {
  /** Why the run fails, each with what to do next. */
  readonly complaints: readonly string[]
  /** What is reported and doesn't fail the run. */
  readonly notes: readonly string[]
  /** Cases; a listed file counts as one skipped. */
  readonly figures: Figures
  readonly topics: Readonly<Record<string, Figures>>
  readonly folders: Readonly<Record<string, Figures>>
}

/** The share of files that may be listed instead of run. */
const LISTED = 0.1

/** The names in one complaint. */
const SHOWN = 4

/** Judges a run; with `partial`, what the folder lacks is a note; with `only`, nothing but that folder was run. */
export function judge(
  { files, committed, floors, tallies, broken }: Run,
  { partial = false, only }: { readonly partial?: boolean; readonly only?: string | undefined } = {},
): Judgement {
  const complaints: string[] = []
  const notes: string[] = []
  const lacking = partial ? notes : complaints
  const within = (path: string) => only === undefined || path === only || path.startsWith(`${only}/`)

  for (const what of broken) complaints.push(what)

  const { failed } = sum(tallies)
  if (failed > 0) complaints.push(`${failed} cases failed: repair what they test (their errors stand above)`)

  const claims = new Map<string, Tally[]>()
  for (const tally of tallies)
    for (const path of tally.files) claims.set(path, [...(claims.get(path) ?? []), tally])
  const unclaimed = files.filter((path) => within(path) && !claims.has(path))
  for (const [folder, paths] of byFolder(unclaimed))
    complaints.push(
      `${folder}: no reader knows ${some(paths)}: write one in packages/<package>/test/**/*.vectors.test.ts`,
    )
  for (const [path, by] of claims)
    if (by.length > 1)
      complaints.push(
        `${path} is read by ${by.map((tally) => tally.folder).join(' and by ')}: leave it to one of them`,
      )

  for (const { folder, files: paths, skipped, listed } of tallies) {
    for (const { name, reason } of skipped)
      if (reason.trim() === '')
        complaints.push(`${folder}: ${name} is skipped without a reason: say why, or run it`)
    if (listed?.trim() === '')
      complaints.push(`${folder}: ${some(paths)} is listed without a reason: say why, or run it`)
  }

  const there = new Set(files)
  const missing = committed.filter((path) => within(path) && !there.has(path))
  for (const [folder, paths] of byFolder(missing))
    lacking.push(
      `${folder} lacks ${some(paths)}: restore the data, or run with --partial if another folder is meant`,
    )

  const topics = group(tallies, (tally) => tally.topic)
  if (only === undefined) {
    const listed = tallies.filter((tally) => tally.listed !== undefined).flatMap((tally) => tally.files)
    if (listed.length > files.length * LISTED)
      lacking.push(
        `${listed.length} of ${files.length} files are listed instead of run, more than ${100 * LISTED} %: run some of them`,
      )
    for (const [topic, floor] of Object.entries(floors)) {
      const figures = topics[topic]
      const ran = figures === undefined ? 0 : figures.passed + figures.failed
      if (ran < floor)
        lacking.push(
          `${topic}: ${ran} cases were run, the floor in scripts/vectors/floors.json is ${floor}: find out which readers run fewer than before`,
        )
    }
    for (const topic of Object.keys(topics))
      if (!Object.hasOwn(floors, topic))
        complaints.push(`${topic} has no floor: \`pnpm vectors --write\` commits one`)
  }
  return {
    complaints,
    notes,
    figures: sum(tallies),
    topics,
    folders: group(tallies, (tally) => tally.folder),
  }
}

/** The floors raised to what was run, never lowered; sorted. */
export function raise(floors: Run['floors'], topics: Judgement['topics']): Run['floors'] {
  const raised: Record<string, number> = { ...floors }
  for (const [topic, { passed, failed }] of Object.entries(topics))
    raised[topic] = Math.max(raised[topic] ?? 0, passed + failed)
  return Object.fromEntries(Object.entries(raised).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function group(tallies: readonly Tally[], key: (tally: Tally) => string): Record<string, Figures> {
  const keys = [...new Set(tallies.map(key))].sort()
  return Object.fromEntries(keys.map((name) => [name, sum(tallies.filter((tally) => key(tally) === name))]))
}

function sum(tallies: readonly Tally[]): Figures {
  let [passed, failed, skipped] = [0, 0, 0]
  for (const tally of tallies) {
    passed += tally.passed
    failed += tally.failed
    skipped += tally.skipped.length + (tally.listed === undefined ? 0 : tally.files.length)
  }
  return { total: passed + failed + skipped, passed, failed, skipped }
}

/** Paths by the folder that they are in. */
export function byFolder(paths: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>()
  for (const path of paths) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
    folders.set(folder, [...(folders.get(folder) ?? []), path.slice(path.lastIndexOf('/') + 1)])
  }
  return folders
}

/** The first few names, and how many more there are. */
export function some(names: readonly string[]): string {
  const rest = names.length - SHOWN
  return names.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
