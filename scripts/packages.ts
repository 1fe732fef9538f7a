import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { pack } from './pnpm.js'
import { packages, root } from './workspace.js'

// Judges the packages as they would be published: each is packed, then publint and attw look at the tarball,
// and every entry is loaded in Node from its build, by `import` and by `require`.
const problems: string[] = []
const folder = join(root, '.cache', 'packed')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
let entries = 0

for (const one of packages()) {
  const { name, entries: list } = one
  const tarball = readFileSync(pack(one, folder))
  const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength)
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: bytes as ArrayBuffer },
  })
  for (const message of messages)
    problems.push(`publint ${name}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)

  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))
  if (analysis.types === false) problems.push(`attw ${name}: has no types`)
  else
    for (const problem of analysis.problems) {
      // ESM alone: `require` of ESM is what Node does from 20.19 on, and resolution before `exports` is not supported.
      if ('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)) continue
      problems.push(`attw ${name}: ${problem.kind} ${JSON.stringify(problem)}`)
    }

  for (const { specifier } of list) {
    entries++
    const load = `await import('${specifier}'); (await import('node:module')).createRequire(process.cwd() + '/x.js')('${specifier}')`
    try {
      execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', load], {
        cwd: join(root, 'examples'),
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
        timeout: 60_000,
      })
    } catch (error) {
      problems.push(`import ${specifier}: ${(error as { stderr?: string }).stderr?.trim() ?? String(error)}`)
    }
  }
}
for (const problem of problems) console.error(problem)
console.log(
  JSON.stringify({
    gate: 'packages',
    packages: packages().length,
    entries,
    problems: problems.length,
    pass: problems.length === 0,
  }),
)
if (problems.length > 0) process.exitCode = 1
