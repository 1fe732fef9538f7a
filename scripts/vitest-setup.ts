import fc from 'fast-check'

// In the browser these two are filled in by `define`: see vitest.config.ts.
fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  numRuns: Number(process.env.FC_NUM_RUNS ?? 100),
  seed: Number(process.env.FC_SEED),
})
