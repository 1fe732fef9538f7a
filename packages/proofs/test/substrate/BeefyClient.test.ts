import { BeefyClient, BeefyCommitment, BeefyLeaf } from '@aitbc/proofs/substrate'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import { setOf, sign, signedBy, type Validator, validators } from './beefy.js'
import { hash32 } from './grandpa.js'
import { rangeOf } from './trees.js'

const [now, soon, later] = [validators(8), validators(5, 20), validators(3, 40)]
const first = 1000
const current = setOf(7n, now)
const next = setOf(8n, soon)
const anchor: BeefyClient.Anchor = { current, next, blockNumber: first, firstBlock: first }
const state = value(BeefyClient.trust(anchor))

/** The leaf that a block adds. */
const leafAt = (block: number, nextSet: BeefyLeaf.ValidatorSet): BeefyLeaf.BeefyLeaf => ({
  version: 0,
  parentNumber: block - 1,
  parentHash: hash32(block & 0xff),
  nextSet,
  parachainHeads: hash32(0xaa),
})
/** The chain to a block: from 1010 on, leaves name the set after next. */
const chainTo = (block: number) => {
  const leaves = Array.from({ length: block - first + 1 }, (_, i) =>
    leafAt(first + i, first + i < 1010 ? next : setOf(9n, later)),
  )
  return { leaves, range: rangeOf(leaves.map(BeefyLeaf.hash)) }
}
const MH = Uint8Array.of(0x6d, 0x68)
const commitmentAt = (block: number, validatorSetId: bigint): BeefyCommitment.Commitment => ({
  payload: [{ id: MH, data: chainTo(block).range.root }],
  blockNumber: block,
  validatorSetId,
})
const updateOf = (
  signed: BeefyCommitment.SignedCommitment,
  list: readonly Validator[],
  handover?: BeefyClient.LeafProof,
): BeefyClient.Update => ({
  signed: BeefyCommitment.encodeSigned(signed),
  validators: list.map(({ address }) => address),
  ...(handover === undefined ? {} : { handover }),
})
const leafProof = (block: number, at = block): BeefyClient.LeafProof => {
  const { leaves, range } = chainTo(block)
  return {
    leaf: BeefyLeaf.encode(leaves[at - first] as BeefyLeaf.BeefyLeaf),
    items: range.prove(at - first).items,
  }
}
const six = [0, 1, 3, 4, 6, 7]
const good = signedBy(commitmentAt(1005, 7n), now, six)

describe('BeefyClient', () => {
  test('default: a commitment of the present set, then leaves under its root', () => {
    const moved = value(BeefyClient.apply(state, updateOf(good, now)))
    expect(BeefyClient.finalized(moved)).toEqual({ blockNumber: 1005, mmrRoot: chainTo(1005).range.root })
    for (let at = first; at <= 1005; at++)
      expect(value(BeefyClient.leaf(moved, leafProof(1005, at))).parentNumber).toBe(at - 1)
    expect(value(BeefyCommitment.decodeSigned(BeefyCommitment.encodeSigned(good)))).toEqual(good)
  })

  test('default: the next set takes over with a leaf that names the one after', () => {
    const signed = signedBy(commitmentAt(1010, 8n), soon, [0, 1, 2, 3])
    const moved = value(BeefyClient.apply(state, updateOf(signed, soon, leafProof(1010))))
    expect([moved.current, moved.next]).toEqual([next, setOf(9n, later)])
    const last = signedBy(commitmentAt(1020, 9n), later, [0, 1, 2])
    // Its leaves name no set 10.
    expect(check(BeefyClient.apply(moved, updateOf(last, later, leafProof(1020))))).toBe('handover-set')
  })

  test('default: from the block with the first leaf on', () => {
    expect(BeefyClient.trust({ ...anchor, blockNumber: 0, firstBlock: 1 }).ok).toBe(true)
    const early = value(BeefyClient.trust({ ...anchor, blockNumber: first - 1 }))
    const signed = signedBy(commitmentAt(first, 7n), now, six)
    const moved = value(BeefyClient.apply(early, updateOf(signed, now)))
    expect(value(BeefyClient.leaf(moved, leafProof(first))).parentNumber).toBe(first - 1)
  })

  test('A46: the handing over leaf', () => {
    const signed = signedBy(commitmentAt(1010, 8n), soon, [0, 1, 2, 3])
    const attempt = (proof?: BeefyClient.LeafProof) =>
      check(BeefyClient.apply(state, updateOf(signed, soon, proof)))
    expect(attempt()).toBe('handover-missing')
    expect(attempt(leafProof(1010, 1009))).toBe('handover-set')
    expect(attempt({ ...leafProof(1010), items: [] })).toBe('mmr-items')
    expect(attempt(leafProof(1011))).toBe('leaf-number')
    expect(attempt({ ...leafProof(1010), leaf: leafProof(1010, 1009).leaf })).toMatch(/^mmr-/)
    expect(check(BeefyClient.apply(state, updateOf(good, now, leafProof(1005))))).toBe('handover-unasked')
  })

  test('A46: fewer signatures than more than two thirds', () => {
    for (const [n, needed] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 3],
      [5, 4],
      [6, 5],
      [7, 5],
      [8, 6],
      [600, 401],
    ] as const)
      expect(BeefyCommitment.threshold(n)).toBe(needed)
    const five = signedBy(commitmentAt(1005, 7n), now, six.slice(1))
    expect(check(BeefyClient.apply(state, updateOf(five, now)))).toBe('threshold')
    expect(check(BeefyClient.apply(state, updateOf(signedBy(commitmentAt(1005, 7n), now, []), now)))).toBe(
      'threshold',
    )
  })

  test('A46: bits beyond the set, bits in another form, a signature without a bit', () => {
    const attempt = (change: Partial<BeefyCommitment.SignedCommitment>) =>
      check(BeefyClient.apply(state, updateOf({ ...good, ...change }, now)))
    const [low, high] = good.bitfield as unknown as [number, number]
    expect(attempt({ bitfield: Uint8Array.of(low, high | 0x80) })).toBe('bitfield')
    expect(attempt({ bitfield: Uint8Array.of(low) })).toBe('bitfield')
    expect(attempt({ bitfield: Uint8Array.of(low, high, 0) })).toBe('bitfield')
    expect(attempt({ bitfield: Uint8Array.of(low | 0x20, high) })).toBe('signature-count')
    expect(attempt({ signatures: good.signatures.slice(1) })).toBe('signature-count')
    expect(attempt({ validatorCount: 9 })).toBe('validator-count')
  })

  test('A46: one validator in two places', () => {
    const twice = [...now.slice(0, 7), now[0] as Validator]
    const doubled = value(BeefyClient.trust({ ...anchor, current: setOf(7n, twice) }))
    const signed = signedBy(commitmentAt(1005, 7n), twice, six)
    expect(check(BeefyClient.apply(doubled, updateOf(signed, twice)))).toBe('validator-address')
    const signatures = good.signatures.map((it, i) => (i === 1 ? (good.signatures[0] as Uint8Array) : it))
    expect(check(BeefyClient.apply(state, updateOf({ ...good, signatures }, now)))).toBe('signer')
  })

  test('A46: a payload without a root', () => {
    const attempt = (payload: BeefyCommitment.Commitment['payload']) => {
      const commitment = { ...commitmentAt(1005, 7n), payload }
      return check(BeefyClient.apply(state, updateOf(signedBy(commitment, now, six), now)))
    }
    const root = { id: MH, data: chainTo(1005).range.root }
    const other = { id: Uint8Array.of(0x61, 0x61), data: hash32(1) }
    expect(attempt([])).toBe('payload-root')
    expect(attempt([other])).toBe('payload-root')
    expect(attempt([{ id: MH, data: hash32(1).subarray(1) }])).toBe('payload-root')
    expect(attempt([{ id: MH, data: hash32(0) }])).toBe('payload-root')
    expect(attempt([root, root])).toBe('payload-order')
    expect(attempt([root, other])).toBe('payload-order')
    const both = signedBy({ ...commitmentAt(1005, 7n), payload: [other, root] }, now, six)
    expect(BeefyClient.apply(state, updateOf(both, now)).ok).toBe(true)
  })

  test("A46: the set before, a set unknown, another set's members", () => {
    for (const id of [6n, 9n]) {
      const signed = signedBy(commitmentAt(1005, id), now, six)
      expect(check(BeefyClient.apply(state, updateOf(signed, now)))).toBe('validator-set')
    }
    const others = validators(8, 60)
    expect(
      check(BeefyClient.apply(state, updateOf(signedBy(commitmentAt(1005, 7n), others, six), others))),
    ).toBe('validator-root')
    expect(check(BeefyClient.apply(state, updateOf(good, [...now].reverse())))).toBe('validator-root')
    expect(check(BeefyClient.apply(state, updateOf(good, now.slice(1))))).toBe('validator-count')
    const handed = value(
      BeefyClient.apply(
        state,
        updateOf(signedBy(commitmentAt(1010, 8n), soon, [0, 1, 2, 3]), soon, leafProof(1010)),
      ),
    )
    expect(check(BeefyClient.apply(handed, updateOf(signedBy(commitmentAt(1012, 7n), now, six), now)))).toBe(
      'validator-set',
    )
  })

  test('A46: the other form of a signature, and forms that are none', () => {
    const digest = BeefyCommitment.hash(good.commitment)
    const signature = sign(digest, now[0] as Validator)
    expect(hex(value(BeefyCommitment.recover(digest, signature)))).toBe(hex((now[0] as Validator).address))
    const s = BigInt(`0x${hex(signature.subarray(32, 64))}`)
    const high = (secp256k1.Point.Fn.ORDER - s).toString(16).padStart(64, '0')
    const other = concat(
      signature.subarray(0, 32),
      Uint8Array.from(high.match(/../g) ?? [], (it) => Number.parseInt(it, 16)),
      Uint8Array.of((signature[64] as number) ^ 1),
    )
    expect(check(BeefyCommitment.recover(digest, other))).toBe('signature-high-s')
    expect(check(BeefyCommitment.recover(digest, signature.subarray(0, 64)))).toBe('signature-form')
    for (const v of [2, 3, 27, 28])
      expect(
        check(BeefyCommitment.recover(digest, concat(signature.subarray(0, 64), Uint8Array.of(v)))),
      ).toBe('signature-form')
    expect(check(BeefyCommitment.recover(digest, new Uint8Array(65)))).toBe('signature')
    const signatures = good.signatures.map((it, i) => (i === 0 ? other : it))
    expect(check(BeefyClient.apply(state, updateOf({ ...good, signatures }, now)))).toBe('signature-high-s')
  })

  test('A43: a leaf stands where its block number says, under the root that is final', () => {
    const moved = value(BeefyClient.apply(state, updateOf(good, now)))
    expect(check(BeefyClient.leaf(state, leafProof(1005)))).toBe('state-root')
    const { leaf, items } = leafProof(1005, 1003)
    const parse = value(BeefyLeaf.decode(leaf))
    expect(
      check(BeefyClient.leaf(moved, { leaf: BeefyLeaf.encode({ ...parse, parentNumber: 1001 }), items })),
    ).toBe('mmr-root')
    expect(
      check(BeefyClient.leaf(moved, { leaf: BeefyLeaf.encode({ ...parse, parentNumber: 1005 }), items })),
    ).toBe('leaf-number')
    expect(
      check(BeefyClient.leaf(moved, { leaf: BeefyLeaf.encode({ ...parse, parentNumber: 998 }), items })),
    ).toBe('leaf-number')
    expect(check(BeefyClient.leaf(moved, { leaf, items: [chainTo(1005).range.root] }))).toBe('mmr-items')
  })

  test('A52: a fresh verifier accepts nothing', () => {
    expect(check(BeefyClient.trust({ ...anchor, current: { ...current, root: hash32(0) } }))).toBe(
      'anchor-set',
    )
    expect(check(BeefyClient.trust({ ...anchor, next: { ...next, length: 0 } }))).toBe('anchor-set')
    expect(check(BeefyClient.trust({ ...anchor, next: { ...next, id: 9n } }))).toBe('anchor-set')
    expect(check(BeefyClient.trust({ ...anchor, firstBlock: 0 }))).toBe('anchor-block')
    expect(
      check(
        BeefyClient.apply(
          { ...state, finalized: { blockNumber: 1005, mmrRoot: undefined } },
          updateOf(good, now),
        ),
      ),
    ).toBe('height-not-after')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), (signed) => {
        expect(BeefyClient.apply(state, { signed, validators: [] }).ok).toBe(false)
      }),
    )
  })

  test('behavior: a sample of one-bit changes', () => {
    const update = updateOf(good, now)
    for (let bit = 1; bit < update.signed.length * 8; bit += 31)
      expect(BeefyClient.apply(state, { ...update, signed: flip(update.signed, bit) }).ok, `bit ${bit}`).toBe(
        false,
      )
  })
})
