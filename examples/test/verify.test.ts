import { describe, expect, it } from 'vitest'
import { facts } from '../src/verify/facts.js'

describe('recorded facts', () => {
  it.each(facts)('$family: verified as recorded, refused as tampered', ({ verify }) => {
    const found = verify(false)
    expect(found.ok ? found.value : found.refusal).toBeTypeOf('string')
    const forged = verify(true)
    expect(forged.ok ? forged.value : forged.refusal).toMatchObject({ check: expect.any(String) })
  })
})
