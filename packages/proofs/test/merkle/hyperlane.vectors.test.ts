import { Hasher, IncrementalTree } from '@aitbc/proofs/merkle'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { flip, hex, unhex, value } from '../helpers.js'

interface Published {
  readonly testName: string
  readonly expectedRoot: string
  readonly leaves: readonly string[]
  readonly proofs: readonly {
    readonly leaf: string
    readonly index: number
    readonly path: readonly string[]
  }[]
}

/** A text as Hyperlane's suite hashes it: `ethers.hashMessage` (EIP-191). */
const message = (text: string) => {
  const bytes = new TextEncoder().encode(text)
  const head = new TextEncoder().encode(`\x19Ethereum Signed Message:\n${bytes.length}`)
  return keccak_256(new Uint8Array([...head, ...bytes]))
}

readVectors({
  topic: 'bridges',
  folder: 'merkle',
  title: 'A44',
  cases: ([file]) => {
    const cases: Case[] = []
    for (const { testName, expectedRoot, leaves, proofs } of (file as NonNullable<typeof file>).json<
      Published[]
    >()) {
      const hashed = leaves.map(message)
      const shape = IncrementalTree.shape(Hasher.keccak256, 32)
      const root = unhex(expectedRoot)
      cases.push({
        name: `${testName}: root`,
        run: () => {
          const tree = hashed.reduce<IncrementalTree.Tree>(
            IncrementalTree.append,
            IncrementalTree.empty(shape),
          )
          expect(hex(IncrementalTree.root(tree))).toBe(hex(root))
          expect(proofs.length).toBe(leaves.length)
        },
      })
      for (const [i, { leaf, index, path }] of proofs.entries())
        cases.push({
          name: `${testName}: proof ${i}`,
          run: () => {
            const proof = { index, siblings: path.map(unhex) }
            expect(hex(hashed[index] as Uint8Array)).toBe(hex(unhex(leaf)))
            expect(IncrementalTree.prove(shape, hashed, index)).toEqual(proof)
            const verify = (it: Uint8Array, at = index) =>
              IncrementalTree.verify(shape, root, leaves.length, it, { ...proof, index: at })
            expect(value(verify(unhex(leaf)))).toBe(true)
            for (let bit = index % 31; bit < 256; bit += 31)
              expect(verify(flip(unhex(leaf), bit)).ok).toBe(false)
            for (let at = 0; at <= leaves.length; at++) expect(verify(unhex(leaf), at).ok).toBe(at === index)
          },
        })
    }
    return cases
  },
})
