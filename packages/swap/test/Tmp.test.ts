import { expect, test } from 'vitest'
import { fc, test as prop } from '@fast-check/vitest'
test('x', () => { expect(process.env.FC_SEED).toMatch(/^\d+$/); expect(fc.readConfigureGlobal().numRuns).toBe(37); console.log(globalThis.navigator?.userAgent) })
prop.prop([fc.integer()])('p', (n) => n === (n | 0))
