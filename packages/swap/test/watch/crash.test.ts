import { expect, it } from 'vitest'
import { dieEverywhere } from './crash.js'
import { BOB } from './towers.js'

it('L3 L7 S6 H22 H23: a follower that dies for good at any of its effects loses nothing, by its tower', async () => {
  const { points, endings } = await dieEverywhere({ long: 'utxo', short: 'contract' }, BOB, 'die-after')
  expect(points).toBeGreaterThan(12)
  expect([...endings].sort()).toEqual(['kept nothing', 'paid received'])
})
