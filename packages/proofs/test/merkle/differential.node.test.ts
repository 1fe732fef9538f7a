import { SortedTree } from '@aitbc/proofs/merkle'
import { SimpleMerkleTree, StandardMerkleTree } from '@openzeppelin/merkle-tree'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { flip, hex, unhex, value } from '../helpers.js'

const numRuns = Math.min(Number(process.env.FC_NUM_RUNS), 100)
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const show = (bytes: Uint8Array) => `0x${hex(bytes)}`

describe('against @openzeppelin/merkle-tree', () => {
  test('SimpleMerkleTree: roots, proofs, multiproofs and verdicts', () => {
    fc.assert(
      fc.property(
        fc.array(bytes32, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.nat(255),
        (values, some, sortLeaves, bit) => {
          const theirs = SimpleMerkleTree.of(values.map(show), { sortLeaves })
          const scheme = SortedTree.simple()
          const ours = SortedTree.from(scheme, values, { order: sortLeaves ? 'hash' : 'given' })
          const root = SortedTree.root(ours)
          expect(show(root)).toBe(theirs.root)
          for (const [i, it] of values.entries()) {
            const proof = SortedTree.prove(ours, i)
            expect(proof.map(show)).toEqual(theirs.getProof(i))
            expect(value(SortedTree.verify(scheme, root, it, proof))).toBe(true)
            const other = flip(it, bit)
            expect(SortedTree.verify(scheme, root, other, proof).ok).toBe(
              SimpleMerkleTree.verify(theirs.root, show(other), proof.map(show)),
            )
          }
          const indices = [...new Set(some.map((it) => it % values.length))]
          const many = SortedTree.proveMany(ours, indices)
          const published = theirs.getMultiProof(indices)
          expect(many.indices.map((i) => show(values[i] as Uint8Array))).toEqual(published.leaves)
          expect(many.items.map(show)).toEqual(published.proof)
          expect(many.flags).toEqual(published.proofFlags)
          const leaves = published.leaves.map((it) => unhex(String(it)))
          expect(value(SortedTree.verifyMany(scheme, root, leaves, many.items, many.flags))).toBe(true)
        },
      ),
      { numRuns },
    )
  })

  test('StandardMerkleTree: its values are ABI encodings', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        (numbers, some) => {
          const theirs = StandardMerkleTree.of(
            numbers.map((it) => [it]),
            ['uint256'],
          )
          const scheme = SortedTree.standard()
          // The ABI encoding of one uint256 is its 32 bytes.
          const values = numbers.map((it) => unhex(it.toString(16).padStart(64, '0')))
          const ours = SortedTree.from(scheme, values)
          expect(show(SortedTree.root(ours))).toBe(theirs.root)
          const indices = [...new Set(some.map((it) => it % numbers.length))]
          const many = SortedTree.proveMany(ours, indices)
          const published = theirs.getMultiProof(indices)
          expect(many.items.map(show)).toEqual(published.proof)
          expect(many.flags).toEqual(published.proofFlags)
          for (const i of indices) {
            const proof = theirs.getProof(i).map(unhex)
            expect(value(SortedTree.verify(scheme, unhex(theirs.root), values[i] as Uint8Array, proof))).toBe(
              true,
            )
          }
        },
      ),
      { numRuns },
    )
  })
})
