import { defineConfig } from 'vitest/config'
import { refusalsSayWhy } from '../refusals-say-why.js'
import { sourceAliases } from '../workspace.js'

// What a mutant is tried against: the tests that `run.ts` names.
const tests: readonly string[] = JSON.parse(process.env.AITBC_MUTATE ?? '[]')

export default defineConfig({
  plugins: [refusalsSayWhy()],
  resolve: { alias: sourceAliases() },
  test: {
    environment: 'node',
    retry: 0,
    testTimeout: 120_000,
    include: tests.map((pattern) => `packages/proofs/test/${pattern}`),
    exclude: ['**/node_modules/**'],
    setupFiles: ['./scripts/vitest-setup.ts'],
  },
})
