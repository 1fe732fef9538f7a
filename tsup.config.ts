import { relative } from 'node:path'
import { defineConfig } from 'tsup'
import { packages, root } from './scripts/workspace.js'

// JavaScript only, file by file: bundling would break the tree-shaking of namespaces. `tsc -b` adds the types.
export default defineConfig(
  packages().map(({ folder }) => {
    const at = relative(root, folder)
    return {
      entry: [`${at}/src/**/*.ts`],
      outDir: `${at}/dist`,
      format: 'esm' as const,
      target: 'es2022',
      bundle: false,
      splitting: false,
      sourcemap: true,
      clean: true,
      dts: false,
      silent: true,
    }
  }),
)
