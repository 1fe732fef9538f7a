import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { refusalsSayWhy } from '../refusals-say-why.js'
import { sourceAliases } from '../workspace.js'

// What a mutant is tried against: the tests that `run.ts` names.
const tests: readonly string[] = JSON.parse(process.env.AITBC_MUTATE ?? '[]')

/** Quick files first, since one failure is enough: by default vitest begins with the slowest. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const slowness = (file: TestSpecification) =>
      Number(file.moduleId.endsWith('.vectors.test.ts')) * 1e9 + (seen.get(file.moduleId) ?? 0)
    return [...files].sort((a, b) => slowness(a) - slowness(b))
  }
}
const seen = new Map<string, number>()

export default defineConfig({
  plugins: [refusalsSayWhy()],
  resolve: { alias: sourceAliases() },
  test: {
    environment: 'node',
    retry: 0,
    isolate: false,
    testTimeout: 120_000,
    include: [...tests],
    exclude: ['**/node_modules/**'],
    setupFiles: ['./scripts/vitest-setup.ts'],
    sequence: { sequencer: QuickFirst },
    reporters: [
      {
        onTestModuleEnd: (module) => {
          const { duration, importDuration = 0 } = module.diagnostic() as never
          seen.set(module.moduleId, Math.max(seen.get(module.moduleId) ?? 0, duration + importDuration))
        },
      },
    ],
  },
})
