import { availableParallelism } from 'node:os'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { findChromium } from './scripts/chromium.js'
import { refusalsSayWhy } from './scripts/refusals-say-why.js'
import { tallyReporter } from './scripts/tally-reporter.js'
import { vectorsReporter } from './scripts/vectors/reporter.js'
import { root, sourceAliases } from './scripts/workspace.js'

// One seed a run, printed, so that any failing property can be run again with FC_SEED.
const seed = process.env.FC_SEED ?? String((Math.random() * 0x7fffffff) | 0)
if (process.env.FC_SEED === undefined) {
  process.env.FC_SEED = seed
  process.stderr.write(`fast-check: FC_SEED=${seed} FC_NUM_RUNS=${process.env.FC_NUM_RUNS ?? '100'}\n`)
}
const env = { FC_SEED: seed, FC_NUM_RUNS: process.env.FC_NUM_RUNS ?? '100' }

const anywhere = ['packages/*/test/**/*.test.ts', 'examples/test/**/*.test.ts']
const nodeOnly = [
  'packages/*/test/**/*.node.test.ts',
  'examples/test/**/*.test.ts',
  'scripts/test/**/*.test.ts',
]
const long = ['{packages/*,examples,scripts}/test/**/*.long.test.ts']
const nodes = ['packages/*/test/**/*.nodes.test.ts']
const vectors = ['packages/*/test/**/*.vectors.test.ts']
const chromium = findChromium()

export default defineConfig({
  plugins: [refusalsSayWhy()],
  resolve: { alias: sourceAliases() },
  test: {
    retry: 0,
    // By default one core is left to vitest itself, which is half of a small machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    env,
    reporters:
      process.env.AITBC_VECTORS_REPORT === undefined
        ? [
            'default',
            ...(process.env.AITBC_TALLY === undefined ? [] : [tallyReporter(process.env.AITBC_TALLY, root)]),
          ]
        : [vectorsReporter(process.env.AITBC_VECTORS_REPORT, root)],
    setupFiles: ['./scripts/vitest-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          // Loading anew for each file what all of them import took as long as half of the tests.
          isolate: false,
          include: [...anywhere, 'scripts/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...long, ...nodes, ...vectors],
          environment: 'node',
        },
      },
      ...(chromium === undefined
        ? []
        : [
            {
              extends: true as const,
              // A browser has no `process`: these two names alone are filled in.
              define: {
                'process.env.FC_NUM_RUNS': JSON.stringify(env.FC_NUM_RUNS),
                'process.env.FC_SEED': JSON.stringify(env.FC_SEED),
              },
              optimizeDeps: { exclude: ['@fast-check/vitest'], include: ['fast-check'] },
              test: {
                name: 'browser',
                include: anywhere,
                exclude: ['**/node_modules/**', ...nodeOnly, ...long, ...nodes, ...vectors],
                isolate: false,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({
                    launchOptions: {
                      executablePath: chromium.path,
                      args: ['--no-sandbox'],
                      env: { ...process.env, ...chromium.env },
                    },
                  }),
                  instances: [{ browser: 'chromium' as const }],
                },
              },
            },
          ]),
      {
        extends: true,
        test: {
          name: 'long',
          include: long,
          exclude: ['**/node_modules/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'nodes',
          include: nodes,
          exclude: ['**/node_modules/**'],
          environment: 'node',
          // One node at a time: its blocks come in real time.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'vectors',
          include: vectors,
          exclude: ['**/node_modules/**'],
          environment: 'node',
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: './tsconfig.types.json',
            // The step `types` judges the sources.
            ignoreSourceErrors: true,
          },
        },
      },
    ],
  },
})
