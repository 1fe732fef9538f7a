import { describe } from 'vitest'

// All test files of a folder as one, so that they are loaded once for many mutants.
const files: readonly string[] = JSON.parse(process.env.AITBC_MUTATE_FILES ?? '[]')
for (const file of files)
  describe(file, async () => {
    await import(/* @vite-ignore */ file)
  })
