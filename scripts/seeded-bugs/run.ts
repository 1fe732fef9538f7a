import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { start } from '../steps.js'
import { root } from '../workspace.js'
import { apply, type Report, type Said, said } from './apply.js'
import { type Bug, bugs } from './bugs.js'

/*
 * `pnpm seeded-bugs [part of a name …]`: puts one bug at a time into a copy of the repository and runs the tests of `check` that have to
 * notice it. Without any bug they have to pass.
 */

const MINUTES = 10
const copy = join(root, '.cache/seeded-bugs', String(process.pid))

const asked = process.argv.slice(2)
const chosen = bugs.filter(({ name }) => asked.length === 0 || asked.some((part) => name.includes(part)))
if (chosen.length === 0) {
  console.error(`pnpm seeded-bugs [part of a name …]; no bug's name has ${asked.join(' or ')} in it`)
  process.exit(2)
}

const complaints: string[] = []
/** Tests that pass without any bug, by their files. */
const sound = new Map<string, Said>()
makeCopy()
let caught = 0
let tried = 0
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true
  })
for (const [index, bug] of chosen.entries()) {
  const verdict = await judge(bug)
  if (interrupted) break
  tried++
  if (verdict.caughtBy !== undefined) caught++
  else complaints.push(`${bug.name}: ${verdict.why}`)
  const mark = verdict.caughtBy === undefined ? '✗' : '✓'
  console.log(`${mark} ${index + 1}/${chosen.length} ${bug.name}: ${verdict.caughtBy ?? verdict.why}`)
}
rmSync(copy, { recursive: true, force: true })
for (const complaint of complaints) console.log(`✗ ${complaint}`)
const pass = caught === chosen.length
console.log(JSON.stringify({ gate: 'seeded-bugs', bugs: chosen.length, tried, caught, pass }))
process.exitCode = pass ? 0 : 1

/** Tries one bug, and takes it out again. */
async function judge(
  bug: Bug,
): Promise<{ caughtBy: string; why?: never } | { caughtBy?: never; why: string }> {
  const key = bug.tests.join(' ')
  const without = sound.get(key) ?? (await test(bug.tests, false))
  sound.set(key, without)
  if (without.broken !== undefined || without.failed.length > 0)
    return { why: `without it: ${without.broken ?? `failed: ${without.failed.join(', ')}`}` }
  const file = join(copy, bug.file)
  const source = readFileSync(file, 'utf8')
  const applied = apply(bug, source)
  if ('complaint' in applied) return { why: applied.complaint }
  writeFileSync(file, applied.source)
  try {
    const { failed, broken } = await test(bug.tests, true)
    if (broken !== undefined) return { why: broken }
    return failed[0] === undefined ? { why: 'not noticed' } : { caughtBy: failed[0] }
  } finally {
    writeFileSync(file, source)
  }
}

/** Runs test files of the copy, in Node. */
async function test(files: readonly string[], bail: boolean): Promise<Said> {
  const report = join(copy, '.report.json')
  rmSync(report, { force: true })
  const args = ['run', '--project', 'node', '--reporter', 'json', '--outputFile', report]
  const { code, output } = await start('vitest', [...args, ...(bail ? ['--bail', '1'] : []), ...files], {
    cwd: copy,
    env: {},
    minutes: MINUTES,
    capture: true,
  })
  if (!existsSync(report)) return { passed: 0, failed: [], broken: `vitest ended with ${code}: ${output}` }
  return said(JSON.parse(readFileSync(report, 'utf8')) as Report, files)
}

/** Copies what is tracked, as it stands, and links what is installed. */
function makeCopy(): void {
  rmSync(copy, { recursive: true, force: true })
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of files.split('\0').filter((it) => it !== '' && existsSync(join(root, it)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  const manifests = files.split('\0').filter((it) => it === 'package.json' || it.endsWith('/package.json'))
  for (const folder of manifests.map((it) => dirname(it))) {
    const modules = join(root, folder, 'node_modules')
    if (existsSync(modules)) symlinkSync(modules, join(copy, folder, 'node_modules'))
  }
}
