import { expect, it } from 'vitest'
import { collect } from '../src/verify/facts.js'

it('every fact is verified as it is, and refused as tampered', async () => {
  const facts = await collect()
  const told = facts.map(({ family, verify }) => {
    const [found, forged] = [verify(false), verify(true)]
    return { family, found: found.ok || found.refusal, forged: forged.ok || forged.refusal.check }
  })
  expect(told).toEqual(
    ['Bitcoin', 'Ethereum', 'CometBFT', 'GRANDPA', 'Solana', 'AITBC'].map((family) => ({
      family,
      found: true,
      forged: expect.any(String),
    })),
  )
})
