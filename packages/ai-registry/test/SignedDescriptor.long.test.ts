import { SignedDescriptor } from '@aitbc/ai-registry'
import { expect, test } from 'vitest'
import { NOW, SAMPLE, SECRET, UNDERSTANDS } from './sample.js'

test('A63: every bit of a signed descriptor in turn', () => {
  const small = { ...SAMPLE, deployments: [], capabilities: [SAMPLE.capabilities[1]] }
  const bytes = SignedDescriptor.sign(small, { secretKey: SECRET })
  const verify = (some: Uint8Array) => SignedDescriptor.verify(some, { at: NOW, understands: UNDERSTANDS })
  expect(verify(bytes).ok).toBe(true)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice()
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(verify(changed).ok, `bit ${bit}`).toBe(false)
  }
})
