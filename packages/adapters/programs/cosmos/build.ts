// Rebuilds the committed contracts: npx tsx packages/adapters/programs/cosmos/build.ts
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.js'

const here = dirname(fileURLToPath(import.meta.url))
for (const [path, bytes] of Object.entries(await compile())) {
  writeFileSync(join(here, path), bytes)
  console.log(path, bytes.length)
}
