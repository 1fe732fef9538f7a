/** A mutant as Stryker reports it (mutation-testing-report-schema). */
export interface Mutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  /** Whether it changes what a file does while it is loaded. */
  readonly static?: boolean
  readonly testsCompleted?: number
  readonly location: { readonly start: Place; readonly end: Place }
}
interface Place {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>
  readonly testFiles?: Readonly<Record<string, { readonly tests: readonly unknown[] }>>
}

/** A mutant that no test can tell from the code, as committed in `packages/proofs/mutants.json`. */
export interface Explained {
  readonly file: string
  readonly mutator: string
  /** The text of the line where the mutated code begins, trimmed: it follows the code, not its line number. */
  readonly line: string
  /** What the mutator put in the place of the code. */
  readonly replacement: string
  /** Why it is equivalent. */
  readonly why: string
}

export interface Score {
  readonly mutants: number
  readonly killed: number
  readonly explained: number
  /** Percent of those that aren't explained; 100 where there are none. */
  readonly score: number
}

export interface Judgement extends Score {
  /** Those that no test found, in the form of `mutants.json` but for the reason. */
  readonly survivors: readonly (Explained & { readonly at: string })[]
  readonly complaints: readonly string[]
}

export interface Options {
  /** Whether mutants that change loading were tried with every test, in a process each; by default they were. */
  readonly loads?: boolean
}

const FOUND = ['Killed', 'Timeout']
const MISSED = ['Survived', 'NoCoverage']

/** Counts a report against what is explained; Stryker's own errors (mutants that don't run) count on neither side. */
export function judge(
  { files, testFiles = {} }: Report,
  explained: readonly Explained[],
  { loads = true }: Options = {},
): Judgement {
  let killed = 0
  let excused = 0
  const survivors: (Explained & { at: string })[] = []
  const used = new Set<Explained>()
  const tests = Object.values(testFiles).reduce((sum, file) => sum + file.tests.length, 0)
  // All tests meet a static mutant. A test file that can't be loaded with it has failed, which Stryker doesn't see.
  const breaksLoading = (one: Mutant) => loads && one.static === true && (one.testsCompleted ?? tests) < tests
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const lines = source.split('\n')
    for (const mutant of mutants) {
      const { mutatorName: mutator, replacement = '', status, location } = mutant
      const line = (lines[location.start.line - 1] ?? '').trim()
      const survivor = { file, mutator, line, replacement }
      const excuse = explained.find((one) => same(one, survivor))
      // Late on a busy machine, or tried with some of the tests or none, is no contradiction of what is explained.
      if (status !== 'Killed' && excuse !== undefined) used.add(excuse)
      if (FOUND.includes(status) || (status === 'Survived' && breaksLoading(mutant))) {
        killed++
        continue
      }
      if (!MISSED.includes(status)) continue
      if (excuse === undefined)
        survivors.push({
          ...survivor,
          why: '',
          at: `${file}:${location.start.line}:${location.start.column}`,
        })
      else excused++
    }
  }
  const complaints = explained.flatMap((one) =>
    one.why.trim() === ''
      ? [`${one.file}: the survivor at \`${one.line}\` has no explanation`]
      : Object.hasOwn(files, one.file) && !used.has(one)
        ? [`${one.file}: no mutant survives at \`${one.line}\` (${one.mutator}): take it from the list`]
        : [],
  )
  const mutants = killed + survivors.length + excused
  return {
    mutants,
    killed,
    explained: excused,
    score: scoreOf(killed, mutants - excused),
    survivors,
    complaints,
  }
}

/** What several reports came to. */
export function sum(parts: readonly Judgement[]): Judgement {
  const total = (of: (part: Judgement) => number) => parts.reduce((all, part) => all + of(part), 0)
  const [mutants, killed, excused] = [
    total((p) => p.mutants),
    total((p) => p.killed),
    total((p) => p.explained),
  ]
  return {
    mutants,
    killed,
    explained: excused,
    score: scoreOf(killed, mutants - excused),
    survivors: parts.flatMap(({ survivors }) => survivors),
    complaints: parts.flatMap(({ complaints }) => complaints),
  }
}

/** In percent, rounded down; 100 of none. */
export function scoreOf(found: number, all: number): number {
  return all === 0 ? 100 : Math.floor((found / all) * 10_000) / 100
}

function same(one: Explained, survivor: Omit<Explained, 'why'>): boolean {
  return (
    one.file === survivor.file &&
    one.mutator === survivor.mutator &&
    one.line === survivor.line &&
    one.replacement === survivor.replacement
  )
}
