import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'
import { exec, type Outcome, reports, StepFailure, start, writeTally } from '../steps.js'
import { packages, root } from '../workspace.js'
import { list } from './files.js'
import { byFolder, type Figures, judge, type Run, raise, some } from './judge.js'
import type { Report } from './reporter.js'

const FLOORS = join(root, 'scripts/vectors/floors.json')
const PATHS = join(root, 'scripts/vectors/paths.json')

/** What `pnpm vectors` is asked for. */
export interface Options {
  /** What the folder lacks is reported, not failed. */
  readonly partial?: boolean
  /** Raises the floors to what was run and commits to the files that are there. */
  readonly write?: boolean
  /** Runs nothing but this folder. */
  readonly only?: string | undefined
}

/** Runs every reader over the folder of vectors, prints what was run, and judges it. */
export async function runVectors({ partial = false, write = false, only }: Options = {}): Promise<{
  readonly figures: Figures
  readonly complaints: readonly string[]
  readonly outcome: Outcome
}> {
  const folder = vectorsFolder()
  if (folder === undefined) {
    const reason = `no vectors at ${process.env.AITBC_VECTORS || '../shared/vectors'}: name their folder in AITBC_VECTORS`
    console.log(`skipped: ${reason}`)
    const tests = { passed: 0, failed: 0, skipped: 1 }
    return {
      figures: { total: 1, ...tests },
      complaints: [],
      outcome: { skipped: reason, tests },
    }
  }
  const report = await runReaders(only)
  const run: Run = {
    files: list(folder),
    committed: [...Object.entries(read<Record<string, string[]>>(PATHS))].flatMap(([at, names]) =>
      names.map((name) => (at === '.' ? name : `${at}/${name}`)),
    ),
    floors: read<Run['floors']>(FLOORS),
    ...report,
  }
  let judgement = judge(run, { partial, only })
  if (write) {
    const floors = raise(run.floors, judgement.topics)
    writeFileSync(FLOORS, JSON.stringify(floors))
    writeFileSync(PATHS, JSON.stringify(Object.fromEntries(byFolder(run.files))))
    await exec('biome', ['format', '--write', FLOORS, PATHS])
    judgement = judge({ ...run, floors, committed: run.files }, { partial, only })
  }

  print('folder', judgement.folders)
  print('topic', judgement.topics)
  const left = new Map<string, string[]>()
  const leave = (why: string, name: string) => left.set(why, [...(left.get(why) ?? []), name])
  for (const { folder: at, files, skipped, listed } of run.tallies) {
    if (listed !== undefined)
      for (const file of files) leave(`listed below ${at}: ${listed}`, file.slice(at.length + 1))
    for (const { name, reason } of skipped) leave(`skipped of ${at}: ${reason}`, name)
  }
  for (const [why, names] of left) console.log(`${names.length} ${why}: ${some(names)}`)
  for (const note of judgement.notes) console.log(`note: ${note}`)
  for (const complaint of judgement.complaints) console.log(`✗ ${complaint}`)

  const { figures, complaints, topics } = judgement
  const failed = complaints.length === 0 ? 0 : Math.max(report.tests.failed, 1)
  const tests = { ...report.tests, failed }
  const cases = Object.fromEntries(
    Object.entries(topics).map(([topic, { passed, failed }]) => [topic, passed + failed]),
  )
  return { figures, complaints, outcome: { tests, figures: { vectors: { ...figures, cases } } } }
}

/** {@link runVectors} as a step that leaves its tally: a complaint is a failure. */
export async function vectorsStep(): Promise<Outcome> {
  const { complaints, outcome } = await runVectors()
  if (outcome.tests !== undefined) writeTally('vectors', outcome.tests)
  if (complaints.length > 0) throw new StepFailure(`${complaints.length} complaints, each above`, outcome)
  return outcome
}

async function runReaders(only: string | undefined): Promise<Report> {
  mkdirSync(reports, { recursive: true })
  const file = join(reports, `vectors-${process.pid}.json`)
  const args = ['run', '--project', 'vectors', '--passWithNoTests', ...filesFor(only)]
  const { code } = await start('vitest', args, {
    env: { AITBC_VECTORS_REPORT: file, AITBC_VECTORS_ONLY: only ?? '' },
    minutes: 10,
    capture: false,
  })
  const report: Report = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { tallies: [], broken: [], tests: { passed: 0, failed: 0, skipped: 0 }, running: [], done: false }
  rmSync(file, { force: true })
  const broken = [...report.broken]
  if (!report.done)
    broken.push(
      `vitest ended with ${code} before its end${report.running.map((name) => `, in ${name}`).join('')}: run that file by itself`,
    )
  else if (code !== 0 && broken.length === 0 && report.tests.failed === 0)
    broken.push(`vitest ended with ${code} and doesn't say why: run \`npx vitest run --project vectors\``)
  return { ...report, broken }
}

/** The test files whose readers may read something below a folder; for all folders none is named. */
function filesFor(only: string | undefined): readonly string[] {
  if (only === undefined) return []
  const within = (a: string, b: string) => a === b || a.startsWith(`${b}/`)
  const files = packages().flatMap(({ folder }) =>
    list(join(folder, 'test'))
      .filter((path) => path.endsWith('.vectors.test.ts'))
      .map((path) => join(folder, 'test', path)),
  )
  const some = files.filter((file) => {
    const text = readFileSync(file, 'utf8')
    const folders = [...text.matchAll(/\bfolder: '([^']+)'/g)].map((match) => match[1] ?? '')
    const calls = text.match(/\breadVectors\(/g)?.length ?? 0
    return folders.length < calls || folders.some((folder) => within(folder, only) || within(only, folder))
  })
  return some.length === 0 ? ['no reader at all'] : some
}

function print(what: string, rows: Readonly<Record<string, Figures>>): void {
  console.log(`\n${what.padEnd(44)}   passed  failed skipped`)
  for (const [name, { passed, failed, skipped }] of Object.entries(rows))
    console.log(`${name.padEnd(44)} ${[passed, failed, skipped].map((n) => String(n).padStart(8)).join('')}`)
}

function read<T>(file: string): T {
  return (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as T
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2)
  const unknown = args.filter((arg) => arg.startsWith('-') && arg !== '--partial' && arg !== '--write')
  const folders = args.filter((arg) => !arg.startsWith('-')).map((arg) => arg.replace(/\/+$/, ''))
  if (unknown.length > 0 || folders.length > 1) {
    console.error(`pnpm vectors [--partial] [--write] [<one folder>]; got ${args.join(' ')}`)
    process.exit(2)
  }
  const write = args.includes('--write')
  if (write && folders.length > 0) {
    console.error('--write is for a run of all folders')
    process.exit(2)
  }
  const { figures, complaints } = await runVectors({
    partial: args.includes('--partial'),
    write,
    only: folders[0],
  })
  process.exitCode = complaints.length > 0 ? 1 : 0
  const { total, passed, failed, skipped } = figures
  console.log(`{"total": ${total}, "passed": ${passed}, "failed": ${failed}, "skipped": ${skipped}}`)
}
