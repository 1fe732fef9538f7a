import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { locate } from '../packages/devnet/src/internal/bitcoind.js'
import type { Chromium } from './chromium.js'
import { ensureChromium } from './fetch-chromium.js'
import { asked } from './options.js'
import { pnpm } from './pnpm.js'
import {
  exec,
  type Outcome,
  runSteps,
  runVitest,
  type Step,
  StepFailure,
  script,
  writeTally,
} from './steps.js'
import { vectorsStep } from './vectors/run.js'
import { browserTestFiles, root } from './workspace.js'

const keepGoing = asked([], ['keep-going']).has('keep-going')

async function install(): Promise<undefined> {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
  const host = /^.*(https?:\/\/|tarball:).*$/m.exec(lock)
  if (host !== null) throw new StepFailure(`pnpm-lock.yaml names a host: ${host[0].trim()}`)
  // pnpm installed before it started this; here the same store is asked whether that was the lockfile's tree.
  const state = readFileSync(join(root, 'node_modules/.modules.yaml'), 'utf8')
  const store = /"?storeDir"?: *"?([^",\n]+)/.exec(state)?.[1]
  const where = store === undefined ? [] : [`--config.store-dir=${dirname(store)}`]
  await exec(pnpm[0], [...pnpm.slice(1), ...where, 'install', '--frozen-lockfile', '--prefer-offline'])
}

async function program(command: string, ...args: string[]): Promise<undefined> {
  await exec(command, args)
}

let browser: { readonly chromium: Chromium } | { readonly missing: string } = { missing: 'not looked for' }

async function programs(): Promise<Outcome> {
  let said = ''
  const { command, version, source } = await locate({
    onProgress: (line) => {
      const step = line.replace(/ \d+ %$/, '')
      if (step !== said) console.log(step)
      said = step
    },
  })
  console.log(`bitcoind: ${version} (${source}: ${command})`)
  try {
    const chromium = await ensureChromium((line) => console.log(line))
    browser = { chromium }
    console.log(`chromium: ${chromium.path}`)
    return {}
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    browser = { missing: `no Chromium: ${why}. Install one, or name it in CHROMIUM.` }
    return { skipped: browser.missing }
  }
}

async function browserTests(): Promise<Outcome> {
  if ('chromium' in browser) return runVitest('browser')
  // Each file that could not run counts, so that the sum shows what is missing.
  const tests = { passed: 0, failed: 0, skipped: browserTestFiles().length }
  writeTally('browser', tests)
  return { skipped: browser.missing, tests }
}

const steps: readonly Step[] = [
  { name: 'install', run: install },
  { name: 'programs', run: programs },
  { name: 'lint', run: () => program('biome', 'ci', '--error-on-warnings', '.') },
  { name: 'layering', run: () => script('layering.ts') },
  { name: 'safety-table', run: () => script('safety-table.ts') },
  { name: 'types', run: () => program('tsc', '-p', 'tsconfig.json') },
  {
    name: 'build',
    run: async () => {
      await program('tsup', '--silent')
      return program('tsc', '-b', 'tsconfig.build.json')
    },
  },
  { name: 'packages', run: () => script('packages.ts') },
  { name: 'size', run: () => script('size.ts') },
  { name: 'unused', run: () => program('knip', '--no-progress', '--no-config-hints') },
  { name: 'docs', run: () => script('docs.ts') },
  { name: 'test:types', run: () => runVitest('types') },
  { name: 'test:node', run: () => runVitest('node') },
  { name: 'test:browser', run: browserTests },
  { name: 'vectors', run: vectorsStep },
  { name: 'model', run: () => script('model.ts', '--quick') },
  { name: 'sim', run: () => script('sim.ts', '--seeds', '2000') },
]

await runSteps('check', steps, { keepGoing })
