import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { source } from './hashes.js'

// Writes the module that ships; a test fails where it isn't what the source makes.
writeFileSync(join(import.meta.dirname, '../src/engine/internal/hashesModule.ts'), source())
