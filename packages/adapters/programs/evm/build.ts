// Rebuilds the committed artifacts: npx tsx packages/adapters/programs/evm/build.ts
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './compile.js'

const here = dirname(fileURLToPath(import.meta.url))
for (const [path, text] of Object.entries(await build())) {
  writeFileSync(join(here, path), text)
  console.log(path, text.length)
}
