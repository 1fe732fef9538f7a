import { Block, BlockFilter, BlockHeader, Hash256, type Transaction } from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import type { Case } from '../../../../scripts/vectors/reader.js'
import { check, flip, hex, unhex, value } from '../helpers.js'

/** Height, hash, block, spent scripts, previous header, filter, header, note; hashes as explorers write them. */
type Row = readonly [number, string, string, readonly string[], string, string, string, string]

/** Cases of a file of filters as BIP-158 publishes them: its first row names the columns. */
export function filterCases([columns, ...rows]: readonly (readonly [string] | Row)[]): Case[] {
  if (columns?.length !== 1) throw new Error('the first row names no columns')
  return (rows as Row[]).map((row) => {
    if (row.length !== 8) throw new Error(`a row has ${row.length} columns`)
    const [height, name, raw, spent, before, filter, header, note] = row
    return {
      name: `block ${height} ${note}`,
      run: () => {
        const block = value(Block.decode(unhex(raw)))
        const hash = BlockHeader.hash(block.header)
        expect(Hash256.toDisplay(hash)).toBe(name)
        const scripts = spent.map(unhex)
        const built = value(BlockFilter.from(block, scripts))
        expect(hex(built.bytes)).toBe(filter)
        const decoded = value(BlockFilter.decode(unhex(filter), hash))
        expect(decoded).toEqual(built)
        expect(value(BlockFilter.verify(decoded, block, scripts))).toEqual(built)
        const filterHash = BlockFilter.hash(decoded)
        const previous = Hash256.fromDisplay(before)
        const trusted = Hash256.fromDisplay(header)
        expect(BlockFilter.header(filterHash, previous)).toEqual(trusted)
        value(BlockFilter.verifyHeaders([filterHash], { previous, trusted }))
        expect(
          check(BlockFilter.verifyHeaders([flip(filterHash, height % 256)], { previous, trusted })),
        ).toBe('filter-header')
        const isIn = ({ script }: Transaction.Output) => script.length > 0 && script[0] !== 0x6a
        const all = [
          ...block.transactions.flatMap(({ outputs }) => outputs.filter(isIn)).map((o) => o.script),
        ]
        all.push(...scripts.filter((script) => script.length > 0))
        for (const script of all) expect(BlockFilter.match(decoded, script)).toBe(true)
        expect(BlockFilter.matchAny(decoded, [unhex('51'), ...all])).toBe(all.length > 0)
        for (let bit = 0; bit < decoded.bytes.length * 8; bit++) {
          const changed = BlockFilter.decode(flip(decoded.bytes, bit), hash)
          if (changed.ok) expect(BlockFilter.verify(changed.value, block, scripts).ok).toBe(false)
        }
        expect(BlockFilter.decode(unhex(`${filter}00`), hash).ok).toBe(false)
        expect(BlockFilter.decode(unhex(filter).subarray(0, -1), hash).ok).toBe(false)
      },
    }
  })
}
