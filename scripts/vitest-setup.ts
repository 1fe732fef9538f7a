import fc from 'fast-check'

// In the browser `process` is the shim that vitest fills from `test.env`.
fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  numRuns: Number(process.env.FC_NUM_RUNS ?? 100),
  seed: Number(process.env.FC_SEED),
})
