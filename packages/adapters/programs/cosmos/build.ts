// Rebuilds the committed contracts, and the hash that the adapter pins: npx tsx packages/adapters/programs/cosmos/build.ts
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.js'

const here = dirname(fileURLToPath(import.meta.url))
const built = await compile()
for (const [path, bytes] of Object.entries(built)) {
  writeFileSync(join(here, path), bytes)
  console.log(path, bytes.length)
}
const pinned = join(here, '../../src/cosmos/HtlcArtifact.ts')
const hash = createHash('sha256')
  .update(built['htlc.wasm'] as Uint8Array)
  .digest('hex')
writeFileSync(pinned, readFileSync(pinned, 'utf8').replace(/'[0-9a-f]{64}'/, `'${hash}'`))
