import { Block, BlockHeader, Consensus, HeaderChain } from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, value } from '../helpers.js'
import { nameOf, provesAll, readBlock, readStored, rulesOf } from './blocks.js'
import { NOW } from './world.js'

function blockCase(name: string, raw: Uint8Array): Case {
  return {
    name,
    run: () => {
      const block = readBlock(raw)
      const header = value(BlockHeader.decode(block.header))
      value(BlockHeader.verifyWork(header, Consensus.regtest.powLimit))
      provesAll(block)
      // A bit of any transaction, anywhere in it, changes the root.
      for (let byte = 81; byte < raw.length; byte += Math.max(97, raw.length >> 4))
        expect(Block.decode(flip(raw, 8 * byte + (byte % 8))).ok).toBe(false)
      expect(Block.decode(raw.subarray(0, -1)).ok).toBe(false)
    },
  }
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/blocks',
  title: 'A1',
  cases: ([file]) => {
    const { path, bytes } = file as NonNullable<typeof file>
    const raw = bytes()
    const stored = readStored(raw)
    if (stored === undefined) return [blockCase(path, raw)]
    const { blocks, magic, rest } = stored
    const cases = blocks.map((one, i) => blockCase(`block ${i}`, one))
    cases.push({
      name: 'the chain of their headers',
      run: () => {
        const rules = rulesOf(magic)
        const [genesis, ...more] = blocks.map((one) => one.subarray(0, 80))
        expect(nameOf(genesis as Uint8Array)).toBe(nameOf(BlockHeader.encode(rules.genesis)))
        const start = value(HeaderChain.trust(HeaderChain.genesis(rules)))
        const state = value(HeaderChain.apply(start, { headers: concat(...more), now: NOW }))
        expect(state.best.height).toBe(more.length)
        expect(check(HeaderChain.apply(start, { headers: concat(...more.slice(1)), now: NOW }))).toBe(
          'header-link',
        )
      },
    })
    if (rest.length > 0)
      cases.push({ name: 'what was cut off', run: () => expect(Block.decode(rest).ok).toBe(false) })
    return cases
  },
})
