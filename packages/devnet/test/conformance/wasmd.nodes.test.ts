import { expect, test } from 'vitest'
import { conform } from './conform.js'
import { createWasmdDriver } from './wasmd.js'

const TRACES = 80
const seed = Number(process.env.FC_SEED ?? 1)

test(`S2, S3, S4, S5, H5: ${TRACES} traces of seed ${seed} on wasmd, act by act and unit by unit`, async () => {
  const driver = await createWasmdDriver()
  try {
    const report = await conform(driver, { traces: TRACES, seed })
    expect(report.differences).toEqual([])
    for (const count of [report.locked, report.claimed, report.refunded, report.refused])
      expect(count).toBeGreaterThan(10)
    expect(report.control).toBeGreaterThan(0)
    const { differences: _, ...figures } = report
    console.log(figures)
  } finally {
    await driver.close()
  }
})
