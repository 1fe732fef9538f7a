// Rebuilds the committed artifact: npx tsx packages/devnet/programs/build.ts
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { artifactModule } from './compile.js'

const here = dirname(fileURLToPath(import.meta.url))
writeFileSync(join(here, '../src/TestTokenArtifact.ts'), await artifactModule())
