import { defineConfig } from 'vitest/config'
import { refusalsSayWhy } from '../refusals-say-why.js'
import { sourceAliases } from '../workspace.js'

// What a mutant is tried against: the pure tests and the vectors of the folders that `run.ts` names.
const folders: readonly string[] = JSON.parse(process.env.AITBC_MUTATE ?? '[]')

export default defineConfig({
  plugins: [refusalsSayWhy()],
  resolve: { alias: sourceAliases() },
  test: {
    environment: 'node',
    retry: 0,
    testTimeout: 120_000,
    include: folders.map((folder) => `packages/proofs/test/${folder}/**/*.test.ts`),
    exclude: ['**/node_modules/**', '**/*.{node,long}.test.ts'],
    setupFiles: ['./scripts/vitest-setup.ts'],
  },
})
