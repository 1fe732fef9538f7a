import { describe, expect, test } from 'vitest'
import { conform } from './conform.js'
import { CHAINS } from './drivers.js'

const seed = Number(process.env.FC_SEED ?? 1)
const TRACES = 200

describe(`one automaton, every chain: ${TRACES} traces of seed ${seed}`, () => {
  for (const chain of CHAINS) {
    const title = `S2, S3, S4, S5, H5: ${chain.name} does what the reference does, act by act and unit by unit`
    if ('skip' in chain) {
      test.skip(`${title} (skipped: ${chain.skip})`, () => undefined)
      continue
    }
    test(title, async () => {
      const driver = await chain.create()
      try {
        const report = await conform(driver, { traces: TRACES, seed })
        expect(report.differences).toEqual([])
        for (const count of [report.locked, report.claimed, report.refunded, report.refused])
          expect(count).toBeGreaterThan(10)
        // A reference that is wrong by one unit at the deadline is found out.
        expect(report.control).toBeGreaterThan(0)
      } finally {
        await driver.close()
      }
      // Hundreds of blocks: on a busy machine they outlast the usual limit. A Hub's runtime takes seconds for one.
    }, 3_600_000)
  }
})
