import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'
import { reports, start } from '../steps.js'
import { root } from '../workspace.js'
import { type Explained, type Judgement, judge, type Report, sum } from './judge.js'

const LEAST = 90
const MINUTES = 240
const SHOWN = 60
const SOURCES = 'packages/proofs/src'
const EXPLAINED = join(root, 'packages/proofs/mutants.json')

const TESTED = 'packages/proofs/test'

const below = (folder: string) =>
  readdirSync(join(root, TESTED, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(TESTED, folder, file))
    .sort()
/** The pure tests of folders, and their readers of published data. */
const pure = (...folders: string[]) =>
  folders.flatMap(below).filter((file) => !/\.(nodes?|long)\.test\.ts$/.test(file))
/** The tests that a folder's mutants have to get past. */
function testsOf(folder: string): readonly string[] {
  switch (folder) {
    case 'internal':
      return pure('internal', 'bitcoin', 'engine', 'merkle', 'ethereum', 'revive', 'cosmwasm')
    case 'cosmwasm':
      // How a Cosmos chain's blocks are known is in one file of it, for both kinds of lock.
      return pure('cosmwasm', 'irismod')
    case 'node':
      return below('engine').filter((file) => file.endsWith('.node.test.ts'))
    default:
      return pure(folder)
  }
}

const known = readdirSync(join(root, SOURCES), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) =>
    readdirSync(join(root, SOURCES, name), { recursive: true, encoding: 'utf8' }).some(
      (file) => file.endsWith('.ts') && !file.endsWith('index.ts'),
    ),
  )
/** Written by a program; a test compares it with what that writes anew. */
const GENERATED = ['engine/internal/hashesModule.ts']
/** Instrumented, the arithmetic of a field makes every signature slow: its mutants are tried apart, by the tests of it alone. */
const APART = [{ file: 'engine/internal/field25519.ts', tests: 'engine/field25519.test.ts' }]
interface Part {
  readonly name: string
  readonly files: readonly string[]
  readonly tests: readonly string[]
}
/** What is mutated at one time, and the tests that it has to get past. */
function partsOf(folder: string): readonly Part[] {
  const apart = APART.filter(({ file }) => file.startsWith(`${folder}/`))
  const none = [`${folder}/**/index.ts`, ...GENERATED, ...apart.map(({ file }) => file)]
  const rest = [`${SOURCES}/${folder}/**/*.ts`, ...none.map((file) => `!${SOURCES}/${file}`)]
  return [
    { name: folder, files: rest, tests: testsOf(folder) },
    ...apart.map(({ file, tests }, i) => ({
      name: `${folder}.${i + 1}`,
      files: [`${SOURCES}/${file}`],
      tests: [join(TESTED, tests)],
    })),
  ]
}
/** Tries every mutant again: what was found before is kept by test file, and a helper or setting may have changed. */
const force = process.argv.includes('--force')
/** Leaves out mutants that change what is loaded: each of them takes a process of its own. The report counts them as ignored. */
const noStatic = process.argv.includes('--no-static')
const asked = process.argv.slice(2).filter((name) => name !== '--force' && name !== '--no-static')
const strange = asked.filter((name) => !known.includes(name))
if (strange.length > 0) {
  console.error(
    `pnpm mutate [--force] [--no-static] [folder of ${SOURCES} …]; there is no ${strange.join(', ')} but ${known.join(', ')}`,
  )
  process.exit(2)
}
const explained: readonly Explained[] = existsSync(EXPLAINED)
  ? JSON.parse(readFileSync(EXPLAINED, 'utf8'))
  : []
mkdirSync(reports, { recursive: true })

const judgements: Record<string, Judgement & { readonly seconds: number }> = {}
const complaints: string[] = []
for (const folder of asked.length === 0 ? known : asked) {
  const began = Date.now()
  const parts: Judgement[] = []
  for (const part of partsOf(folder)) {
    const report = await mutate(part)
    if (report !== undefined) parts.push(judge(report, explained, { loads: !noStatic }))
    else complaints.push(`${folder}: Stryker did not come to its end; what it says stands above`)
  }
  if (parts.length < partsOf(folder).length) continue
  const judgement = sum(parts)
  const seconds = Math.round((Date.now() - began) / 1000)
  judgements[folder] = { ...judgement, seconds }
  complaints.push(...judgement.complaints)
  const list = join(reports, `survivors-${folder}.json`)
  writeFileSync(list, `${JSON.stringify(judgement.survivors, null, 2)}\n`)
  for (const { at, mutator, line, replacement } of judgement.survivors.slice(0, SHOWN))
    console.log(`survived: ${at} ${mutator}: ${line}  →  ${replacement.replaceAll(/\s+/g, ' ').slice(0, 80)}`)
  if (judgement.survivors.length > 0) console.log(`all ${judgement.survivors.length} survivors: ${list}`)
}

console.log('\nfolder         mutants  killed explained   score  seconds')
for (const [folder, { mutants, killed, explained: excused, score, seconds }] of Object.entries(judgements)) {
  const figures = [mutants, killed, excused].map((n) => String(n).padStart(8)).join('')
  console.log(`${folder.padEnd(14)}${figures} ${score.toFixed(2).padStart(9)} ${String(seconds).padStart(8)}`)
}
const all = sum(Object.values(judgements))
const score = Object.keys(judgements).length === 0 ? 0 : all.score
if (score < LEAST)
  complaints.push(
    `the score is ${score} % and ${LEAST} % is asked for: write tests that find the survivors, or explain them in packages/proofs/mutants.json`,
  )
for (const complaint of complaints) console.log(`✗ ${complaint}`)
console.log(
  JSON.stringify({
    gate: 'mutate',
    mutants: all.mutants,
    killed: all.killed,
    explained: all.explained,
    score,
    target: LEAST,
    folders: Object.fromEntries(Object.entries(judgements).map(([name, one]) => [name, one.score])),
    pass: complaints.length === 0,
  }),
)
process.exitCode = complaints.length === 0 ? 0 : 1

/** Runs Stryker over one part, in a copy of the repository; what was found before is not tried again unless forced. */
async function mutate({ name, files, tests }: Part): Promise<Report | undefined> {
  const at = join(root, '.cache/mutate', name)
  mkdirSync(at, { recursive: true })
  const result = join(at, 'report.json')
  rmSync(result, { force: true })
  const config = join(at, 'stryker.json')
  writeFileSync(
    config,
    JSON.stringify({
      mutate: files,
      testRunner: 'loop',
      vitest: { configFile: 'scripts/mutate/vitest.config.ts' },
      plugins: ['@stryker-mutator/vitest-runner', join(root, 'scripts/mutate/runner.mjs')],
      coverageAnalysis: 'perTest',
      concurrency: 2,
      timeoutMS: 10_000,
      timeoutFactor: 2,
      dryRunTimeoutMinutes: 15,
      incremental: true,
      force,
      ignoreStatic: noStatic,
      // A mutant that was left out, or was tried by some of the tests alone, is none that was tried.
      incrementalFile: join(at, noStatic ? 'incremental.no-static.json' : 'incremental.json'),
      tempDirName: join('.cache/mutate', name, 'copies'),
      ignorePatterns: ['.cache', '.reports', '.changeset', 'dist', 'coverage', 'examples', '.docs'],
      reporters: ['progress-append-only', 'json'],
      jsonReporter: { fileName: result },
      allowConsoleColors: false,
      disableTypeChecks: false,
    }),
  )
  const vectors = vectorsFolder()
  const { code } = await start('stryker', ['run', config], {
    minutes: MINUTES,
    capture: false,
    env: {
      AITBC_MUTATE: JSON.stringify(tests),
      // The copy lies elsewhere than the repository.
      ...(vectors === undefined ? {} : { AITBC_VECTORS: vectors }),
      // A mutant meets the same values in each run, and titles that carry the seed stay the same.
      FC_SEED: process.env.FC_SEED ?? '1',
      FC_NUM_RUNS: process.env.FC_NUM_RUNS ?? '25',
      // Of each published file, so that a mutant takes seconds; one that only the rest would find has survived.
      AITBC_VECTORS_MOST: process.env.AITBC_VECTORS_MOST ?? '10',
    },
  })
  if (!existsSync(result)) {
    console.error(`stryker ended with ${code}`)
    return undefined
  }
  return JSON.parse(readFileSync(result, 'utf8'))
}
