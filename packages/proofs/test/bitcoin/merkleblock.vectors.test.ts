import { MerkleBlock, Transaction } from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import { readVectors } from '../../../../scripts/vectors/reader.js'
import { flip, hex, unhex, value } from '../helpers.js'
import { provesAll, readBlock } from './blocks.js'

const compactSizeLength = (count: number) => Transaction.compactSize(count).length

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/merkleblock',
  title: 'A4',
  group: () => 'messages and their blocks',
  cases: (files) => {
    const contents = files.map((file) => ({ path: file.path, raw: unhex(file.text().trim()) }))
    const messages = contents.filter(({ raw }) => MerkleBlock.decode(raw).ok)
    const blocks = contents
      .filter((one) => !messages.includes(one))
      .map(({ path, raw }) => ({ path, block: readBlock(raw) }))
    return [
      ...blocks.map(({ path, block }) => ({ name: path, run: () => provesAll(block) })),
      ...messages.map(({ path, raw }) => ({
        name: path,
        run: () => {
          const message = value(MerkleBlock.decode(raw))
          expect(hex(MerkleBlock.encode(message))).toBe(hex(raw))
          const matches = value(MerkleBlock.matches(message))
          expect(matches.length).toBeGreaterThan(0)
          const of = blocks.find(({ block }) => hex(block.header) === hex(raw.subarray(0, 80)))
          if (of !== undefined) {
            const ids = of.block.transactions.map(Transaction.txid)
            expect(message.count).toBe(ids.length)
            for (const { index, txid } of matches) expect(hex(txid)).toBe(hex(ids[index] as Uint8Array))
          }
          // Hashes are bound; a flag may mark another leaf, which is then one of the block. The rest of the header is for the header
          // chain.
          const hashesEnd = 84 + compactSizeLength(message.hashes.length) + 32 * message.hashes.length
          for (let bit = 84 * 8; bit < raw.length * 8; bit++) {
            const changed = MerkleBlock.decode(flip(raw, bit))
            const judged = changed.ok ? MerkleBlock.matches(changed.value) : changed
            if (!judged.ok) continue
            expect(bit).toBeGreaterThanOrEqual(8 * hashesEnd)
            expect(judged.value).not.toEqual(matches)
            for (const { txid } of judged.value) expect(message.hashes.map(hex)).toContain(hex(txid))
          }
        },
      })),
    ]
  },
})
