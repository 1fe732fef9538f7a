import { AuthoritySet, Hasher, Header, Justification, Scale } from '@aitbc/proofs/substrate'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, value } from '../helpers.js'
import { blockOn, chainOf, hash32, justify, setOf, unanimous, voters } from './grandpa.js'

const four = voters(4)
const [a, b, c, d] = four as [(typeof four)[0], (typeof four)[0], (typeof four)[0], (typeof four)[0]]
const set = setOf(3n, four)
const [b0, b1, b2, b3] = chainOf(4) as [
  ReturnType<typeof blockOn>,
  ReturnType<typeof blockOn>,
  ReturnType<typeof blockOn>,
  ReturnType<typeof blockOn>,
]
const fork = blockOn(b1, [{ kind: 'other', data: Uint8Array.of(1) }])
const options = { setId: 3n }

/** b1 is final by votes for b1, b3 and the fork beside b2. */
const spread = justify(
  b1,
  [
    { voter: a, block: b1 },
    { voter: b, block: b3 },
    { voter: c, block: fork },
  ],
  { ...options, ancestries: [b2, b3, fork] },
)

describe('Justification', () => {
  test('default: votes for the target and for what is built on it', () => {
    expect(value(Justification.verify(spread, set))).toEqual({ hash: b1.hash, number: b1.number })
    expect(value(Justification.verify(unanimous(b1, four, 3n), set)).number).toBe(101n)
    expect(
      value(Justification.verify(value(Justification.decode(Justification.encode(spread))), set)).number,
    ).toBe(101n)
  })

  test('A40: one voter votes once, for the same block or another', () => {
    const votes = [a, b, b].map((voter) => ({ voter, block: b1 }))
    expect(check(Justification.verify(justify(b1, votes, options), set))).toBe('vote-duplicate')
    const two = [...votes.slice(0, 2), { voter: b, block: b2 }, { voter: c, block: b1 }]
    expect(check(Justification.verify(justify(b1, two, { ...options, ancestries: [b2] }), set))).toBe(
      'vote-duplicate',
    )
  })

  test('A40: votes of strangers', () => {
    const [stranger] = voters(1, 99) as [(typeof four)[0]]
    const votes = [a, b, c, stranger].map((voter) => ({ voter, block: b1 }))
    expect(check(Justification.verify(justify(b1, votes, options), set))).toBe('authority-unknown')
  })

  test('A40: a vote below the target, or beside it', () => {
    const below = [a, b, c].map((voter, i) => ({ voter, block: i === 0 ? b0 : b1 }))
    expect(check(Justification.verify(justify(b1, below, options), set))).toBe('vote-below-target')
    const beside = [a, b, c].map((voter) => ({ voter, block: fork }))
    expect(check(Justification.verify(justify(b2, beside, options), set))).toBe('ancestry-missing')
    expect(check(Justification.verify(justify(b2, beside, { ...options, ancestries: [fork] }), set))).toBe(
      'ancestry-missing',
    )
  })

  test('A40: a commit above its votes', () => {
    const votes = [a, b, c].map((voter) => ({ voter, block: b1 }))
    expect(check(Justification.verify(justify(b3, votes, { ...options, ancestries: [b2, b3] }), set))).toBe(
      'vote-below-target',
    )
  })

  test('A40: a missing header drops the vote, and the justification with it', () => {
    for (const missing of [b2, b3, fork]) {
      const ancestries = spread.ancestries.filter((it) => it !== missing)
      expect(check(Justification.verify({ ...spread, ancestries }, set))).toBe('ancestry-missing')
      expect(check(Justification.verify({ ...spread, ancestries }, set, { unrouted: 'ignore' }))).toBe(
        'weight',
      )
    }
    const all = justify(
      b1,
      [...[a, b, c].map((voter) => ({ voter, block: b1 })), { voter: d, block: b3 }],
      options,
    )
    expect(check(Justification.verify(all, set))).toBe('ancestry-missing')
    expect(Justification.verify(all, set, { unrouted: 'ignore' }).ok).toBe(true)
  })

  test('A40: headers come once, and each serves a vote', () => {
    const more = (...list: Header.Header[]) => ({ ...spread, ancestries: [...spread.ancestries, ...list] })
    expect(check(Justification.verify(more(b2), set))).toBe('ancestry-duplicate')
    expect(check(Justification.verify(more(blockOn(b3)), set))).toBe('ancestry-unused')
    expect(check(Justification.verify(more(b1), set))).toBe('ancestry-unused')
    expect(check(Justification.verify(more(b0), set))).toBe('ancestry-unused')
  })

  test("A40: a number must be its hash's", () => {
    const wrong = (block: { hash: Uint8Array; number: bigint }) =>
      justify(
        b1,
        [
          { voter: a, block: b1 },
          { voter: b, block: b1 },
          { voter: c, block },
        ],
        { ...options, ancestries: [b2] },
      )
    expect(check(Justification.verify(wrong({ hash: b2.hash, number: 103n }), set))).toBe('vote-number')
    expect(check(Justification.verify(wrong({ hash: b1.hash, number: 102n }), set))).toBe('vote-number')
    const skipping = { ...b2, number: 109n }
    const jump = justify(
      b1,
      [a, b, c].map((voter) => ({ voter, block: { hash: Header.hash(skipping), number: 102n } })),
      {
        ...options,
        ancestries: [skipping],
      },
    )
    expect(check(Justification.verify(jump, set))).toBe('ancestry-missing')
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 9, 10, 100])('A40: of %i equal voters, more than two thirds', (n) => {
    const list = voters(n)
    const all = setOf(0n, list)
    const needed = n - Math.floor((n - 1) / 3)
    expect(AuthoritySet.threshold(all)).toBe(BigInt(needed))
    expect(3 * needed).toBeGreaterThan(2 * n)
    if (n > 10) return
    expect(Justification.verify(unanimous(b1, list.slice(0, needed), 0n), all).ok).toBe(true)
    expect(check(Justification.verify(unanimous(b1, list.slice(0, needed - 1), 0n), all))).toBe('weight')
  })

  test('A40: weight counts, not heads', () => {
    const weighted = {
      id: 3n,
      authorities: set.authorities.map((it, i) => ({ ...it, weight: i === 0 ? 7n : 1n })),
    }
    expect(Justification.verify(unanimous(b1, [a], 3n), weighted).ok).toBe(true)
    expect(check(Justification.verify(unanimous(b1, [b, c, d], 3n), weighted))).toBe('weight')
  })

  test('A40: votes of another round, another set or another block', () => {
    const votes = unanimous(b1, four, 3n)
    expect(check(Justification.verify({ ...votes, round: 8n }, set))).toBe('vote-signature')
    expect(check(Justification.verify(votes, { ...set, id: 2n }))).toBe('vote-signature')
    expect(check(Justification.verify(votes, { ...set, id: 4n }))).toBe('vote-signature')
    const moved = {
      ...votes,
      targetHash: b2.hash,
      precommits: votes.precommits.map((it) => ({ ...it, targetHash: b2.hash })),
    }
    expect(check(Justification.verify(moved, set))).toBe('vote-signature')
  })

  test('A52: no set, no block', () => {
    const votes = unanimous(b1, four, 3n)
    expect(check(Justification.verify(votes, { id: 3n, authorities: [] }))).toBe('set-empty')
    expect(check(Justification.verify(votes, { ...set, id: -1n }))).toBe('set-id')
    expect(
      check(Justification.verify(votes, { id: 3n, authorities: [...set.authorities, ...set.authorities] })),
    ).toBe('set-key')
    expect(check(Justification.verify(votes, setOf(3n, four, 0n)))).toBe('set-weight')
    expect(check(Justification.verify(votes, setOf(3n, four, 1n << 63n)))).toBe('set-weight')
    expect(check(Justification.verify({ ...votes, targetHash: hash32(0) }, set))).toBe('target-zero')
    expect(check(Justification.verify({ ...votes, precommits: [] }, set))).toBe('weight')
  })

  test('A47: bytes of a justification have one form', () => {
    const encoded = Justification.encode(spread)
    expect(check(Justification.decode(encoded.subarray(0, -1)))).toMatch(/^scale-/)
    expect(check(Justification.decode(Uint8Array.from([...encoded, 0])))).toBe('scale-trailing')
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400, size: 'max' }),
        (input) => void Justification.decode(input),
      ),
    )
  })

  test("behavior: a sample of one-bit changes, all refused but in the headers' own account of themselves", () => {
    const encoded = Justification.encode(spread)
    for (let bit = 3; bit < encoded.length * 8; bit += 37) {
      const decoded = Justification.decode(flip(encoded, bit))
      if (decoded.ok) expect(Justification.verify(decoded.value, set).ok, `bit ${bit}`).toBe(false)
    }
  })

  test("behavior: an engine of the caller's answers for the signatures", () => {
    const prepared = value(Justification.prepare(spread, set))
    expect(prepared.checks.length).toBe(3)
    expect(prepared.settle([true, true, true]).ok).toBe(true)
    expect(check(prepared.settle([true, false, true]))).toBe('vote-signature')
    expect(check(prepared.settle([true]))).toBe('signature-answers')
  })

  test('behavior: chains of another number and hash', () => {
    const format: Header.Format = { hash: Hasher.keccak256, number: Scale.u64 }
    const child = { ...b2, parentHash: b1.hash }
    const hash = Header.hash(child, format)
    const message = { targetHash: hash, targetNumber: 102n, round: 7n, setId: 3n, format }
    expect(Justification.signBytes(message).length).toBe(1 + 32 + 8 + 8 + 8)
    const votes = justify(
      b1,
      [a, b, c].map((voter) => ({ voter, block: { hash, number: 102n } })),
      {
        ...options,
        ancestries: [child],
      },
    )
    expect(check(Justification.verify(votes, set, { format }))).toBe('vote-signature')
    expect(check(Justification.verify(votes, set))).toBe('ancestry-missing')
  })
})

describe('a chain whose headers have something appended', () => {
  const format: Header.Format = { ...Header.POLKADOT, extension: Scale.bytes }
  const header = { ...blockOn({ hash: hash32(1), number: 4n }), extension: Uint8Array.of(1, 2, 3) }

  test('the extension is part of the header and of its hash', () => {
    const bytes = Header.encode(header, format)
    const read = value(Header.decode(bytes, format))
    expect(read.extension).toEqual(header.extension)
    expect(Header.hash(header, format)).toEqual(read.hash)
    expect(Header.hash({ ...header, extension: Uint8Array.of(1, 2, 4) }, format)).not.toEqual(read.hash)
    // Whoever doesn't know it finds bytes that don't belong there, and the other way round.
    expect(check(Header.decode(bytes))).toBe('scale-trailing')
    expect(check(Header.decode(Header.encode(header), format))).toBe('scale-truncated')
  })
})
