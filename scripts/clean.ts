import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { packages, root } from './workspace.js'

// The whole of dist goes, build info included: a build info that outlives its files makes `tsc -b` emit nothing.
for (const { folder } of packages()) rmSync(join(folder, 'dist'), { recursive: true, force: true })
for (const name of ['.cache', '.reports', 'coverage'])
  rmSync(join(root, name), { recursive: true, force: true })
