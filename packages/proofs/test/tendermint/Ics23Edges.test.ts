import { Ics23 } from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import * as wire from '../../src/tendermint/internal/wire.js'
import { check, concat, refusal, value } from '../helpers.js'
import { treeOf, zigzag } from './trees.js'

const { CommitmentProof, ExistenceProof, InnerOp, LeafOp, NonExistenceProof, ProofSpec } = Ics23
const NONE: Uint8Array = new Uint8Array(0)
const utf8 = (text: string) => new TextEncoder().encode(text)
const fill = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const node = (prefix: Uint8Array, suffix = NONE): Ics23.InnerOp.InnerOp => ({
  hash: 'sha256',
  prefix,
  suffix,
})
const { iavl, smt, tendermint } = ProofSpec
const spec = (change: Partial<Ics23.ProofSpec.InnerSpec>, of = tendermint): Ics23.ProofSpec.ProofSpec => ({
  ...of,
  innerSpec: { ...of.innerSpec, ...change },
})

describe('ProofSpec', () => {
  test('the three of ICS-23', () => {
    const leafSpec = {
      hash: 'sha256',
      prehashKey: 'none',
      prehashValue: 'sha256',
      length: 'var-proto',
      prefix: fill(1, 0),
    }
    const innerSpec = { childOrder: [0, 1], hash: 'sha256', emptyChild: NONE }
    const common = { maxDepth: 0, minDepth: 0, prehashKeyBeforeComparison: false }
    const one = { childSize: 32, minPrefixLength: 1, maxPrefixLength: 1 }
    expect(iavl).toEqual({
      ...common,
      leafSpec,
      innerSpec: { ...innerSpec, childSize: 33, minPrefixLength: 4, maxPrefixLength: 12 },
      nodes: 'iavl',
    })
    expect(tendermint).toEqual({ ...common, leafSpec, innerSpec: { ...innerSpec, ...one }, nodes: 'any' })
    expect(smt).toEqual({
      ...common,
      leafSpec: { ...leafSpec, prehashKey: 'sha256', length: 'none' },
      innerSpec: { ...innerSpec, ...one, emptyChild: fill(32, 0) },
      maxDepth: 256,
      prehashKeyBeforeComparison: true,
      nodes: 'any',
    })
    for (const sound of [iavl, tendermint, smt]) expect(value(ProofSpec.check(sound))).toBe(true)
  })

  test('A30: error: sizes that are none', () => {
    const sizes = { check: 'ics23-spec', message: 'sizes are whole numbers' }
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) {
      for (const field of ['childSize', 'minPrefixLength', 'maxPrefixLength'] as const)
        expect(refusal(ProofSpec.check(spec({ [field]: bad })))).toEqual(sizes)
      for (const field of ['minDepth', 'maxDepth'] as const)
        expect(refusal(ProofSpec.check({ ...tendermint, [field]: bad }))).toEqual(sizes)
    }
    expect(refusal(ProofSpec.check(spec({ childSize: 0 })))).toEqual({
      check: 'ics23-spec',
      message: 'children have a size',
    })
    expect(ProofSpec.check(spec({ childSize: 1 })).ok).toBe(true)
  })
})

describe('LeafOp', () => {
  test('error: which field is another', () => {
    const leaf = { ...tendermint.leafSpec, prefix: Uint8Array.of(0, 5) }
    expect(value(LeafOp.check(leaf, tendermint.leafSpec))).toBe(true)
    for (const [field, was] of [
      ['hash', 'sha256'],
      ['prehashKey', 'none'],
      ['prehashValue', 'sha256'],
    ] as const)
      expect(refusal(LeafOp.check({ ...leaf, [field]: 'sha512' }, tendermint.leafSpec))).toEqual({
        check: 'ics23-leaf-op',
        message: `${field} of the leaf is sha512, not ${was}`,
        context: { field },
      })
  })
})

describe('InnerOp', () => {
  const children = spec({ childOrder: [0, 1, 2], emptyChild: fill(32, 0) })
  const full = fill(32, 9)
  const empty = fill(32, 0)

  test('A30: error: what is wrong, and in which layer', () => {
    const good = node(Uint8Array.of(1), fill(32, 9))
    const of = (change: Partial<Ics23.InnerOp.InnerOp>, by = tendermint) =>
      refusal(InnerOp.check({ ...good, ...change }, by, 7))
    const context = { layer: 7 }
    expect(value(InnerOp.check(good, tendermint, 7))).toBe(true)
    expect(of({ hash: 'sha512' })).toEqual({
      check: 'ics23-inner-op',
      message: "a node's hash is sha512, not sha256",
      context,
    })
    expect(of({ prefix: Uint8Array.of(0) })).toEqual({
      check: 'ics23-inner-leaf-prefix',
      message: 'a node starts as a leaf does',
      context,
    })
    expect(of({ prefix: fill(34, 1) })).toEqual({
      check: 'ics23-inner-prefix',
      message: "a node's prefix has 1 to 33 bytes, got 34",
      context,
    })
    const suffix = { check: 'ics23-inner-suffix', message: 'what follows a child is no whole child', context }
    expect(of({ suffix: fill(31, 9) })).toEqual(suffix)
    expect(
      of({ prefix: fill(1, 1) }, spec({ childSize: -1, minPrefixLength: 0, maxPrefixLength: 9 })),
    ).toEqual(suffix)
    expect(InnerOp.check(node(fill(1, 1), fill(1, 9)), spec({ childSize: 1 }), 1).ok).toBe(true)
  })

  test('the place of a child, and what is no place', () => {
    expect(InnerOp.branchOf(node(fill(1, 1), fill(64, 9)), children.innerSpec)).toBe(0)
    expect(InnerOp.branchOf(node(fill(65, 1)), children.innerSpec)).toBe(2)
    const wide = spec({ minPrefixLength: 40, maxPrefixLength: 40 }).innerSpec
    expect(InnerOp.branchOf(node(fill(40, 1), fill(32, 9)), wide)).toBe(0)
    // One child too many, before a prefix that lacks one.
    expect(InnerOp.branchOf(node(fill(8, 1), fill(64, 9)), wide)).toBe(undefined)
  })

  test('A32: every sibling on a side is empty, and a node without a place has no sides', () => {
    const before = (...siblings: readonly Uint8Array[]) => concat(Uint8Array.of(1), ...siblings)
    const rightmost = (op: Ics23.InnerOp.InnerOp, by = children) => InnerOp.isRightmost(op, by.innerSpec)
    const leftmost = (op: Ics23.InnerOp.InnerOp, by = children) => InnerOp.isLeftmost(op, by.innerSpec)
    for (const [first, second, outermost] of [
      [empty, empty, true],
      [empty, full, false],
      [full, empty, false],
    ] as const) {
      expect(rightmost(node(before(), concat(first, second)))).toBe(outermost)
      expect(leftmost(node(before(first, second)))).toBe(outermost)
    }
    expect(rightmost(node(before(full), empty))).toBe(true)
    expect(leftmost(node(before(empty), full))).toBe(true)
    const nowhere = node(before(), concat(empty, empty))
    expect([leftmost(nowhere, smt), rightmost(nowhere, smt)]).toEqual([false, false])
    // Where no child may be absent, none is.
    expect(rightmost(node(before(), full), tendermint)).toBe(false)
  })

  test('equal: hash, prefix and suffix', () => {
    const one = node(fill(1, 1), fill(32, 9))
    expect(InnerOp.equal(one, node(fill(1, 1), fill(32, 9)))).toBe(true)
    for (const other of [
      { ...one, hash: 'sha512' as const },
      { ...one, prefix: fill(1, 2) },
      { ...one, suffix: fill(32, 8) },
    ])
      expect(InnerOp.equal(one, other)).toBe(false)
  })
})

describe('InnerOp.checkIavl', () => {
  const of = (layer: number, prefix: Uint8Array, suffix = NONE) =>
    InnerOp.checkIavl({ prefix, suffix }, layer)
  const head = concat(zigzag(3), zigzag(9), zigzag(300))
  const length = Uint8Array.of(32)
  const suffix = concat(length, fill(32, 9))
  const start = { check: 'ics23-iavl-prefix', message: 'a node starts with height, size and version' }
  const hashes = {
    check: 'ics23-iavl-prefix',
    message: 'beside height, size and version stand hashes of 32 bytes',
  }

  test('A30: left and right child, and a leaf', () => {
    expect(value(of(3, concat(head, length), suffix))).toBe(true)
    expect(value(of(3, concat(head, length, fill(32, 9), length)))).toBe(true)
    expect(value(of(0, concat(zigzag(0), zigzag(1), zigzag(300))))).toBe(true)
  })

  test('A30: heights up to 127, in two bytes from 64 on', () => {
    const high = (height: number) => concat(zigzag(height), zigzag(9), zigzag(300), length)
    for (const [height, layer] of [
      [64, 64],
      [127, 3],
      [127, 127],
    ] as const)
      expect(of(layer, high(height), suffix).ok, `${height} in ${layer}`).toBe(true)
    for (const [height, layer] of [
      [128, 3],
      [126, 127],
    ] as const)
      expect(refusal(of(layer, high(height), suffix))).toEqual({
        check: 'ics23-iavl-height',
        message: `a node of height ${height} stands in layer ${layer}`,
        context: { layer },
      })
  })

  test('A30: error: a number that is cut off, negative, or longer than it needs to be', () => {
    const first = concat(zigzag(3), zigzag(9))
    for (const version of [[], [0x80], [0x80, 0], [1], [...fill(9, 0x80), 2], [...fill(10, 0x80), 1]]) {
      const prefix = concat(first, Uint8Array.from(version), version.length > 1 ? length : NONE)
      expect(refusal(of(3, prefix, suffix)), `${version}`).toEqual({ ...start, context: { layer: 3 } })
    }
    for (const version of [
      [0x80, 0x7f],
      [...fill(9, 0x80), 1],
    ])
      expect(of(3, concat(first, Uint8Array.from(version), length), suffix).ok, `${version}`).toBe(true)
  })

  test('A30: error: what stands beside them is no hash of 32 bytes', () => {
    for (const [layer, prefix, after] of [
      [3, head, suffix],
      [3, concat(head, Uint8Array.of(31)), suffix],
      [3, concat(head, length), fill(33, 31)],
      [3, concat(head, length, fill(32, 9), length), suffix],
      [3, concat(head, length, fill(32, 9), Uint8Array.of(31)), NONE],
      [3, concat(head, Uint8Array.of(31), fill(32, 9), length), NONE],
      [3, concat(head, length, fill(32, 9), length, length), NONE],
      [0, concat(zigzag(1), zigzag(1), zigzag(300)), NONE],
      [0, concat(zigzag(0), zigzag(2), zigzag(300)), NONE],
      [0, concat(zigzag(0), zigzag(1), zigzag(300), length), NONE],
    ] as const)
      expect(refusal(of(layer, prefix, after))).toEqual({ ...hashes, context: { layer } })
  })
})

describe('ExistenceProof', () => {
  test('A30: the hash of a lone leaf may be longer than a child', () => {
    const long = { ...tendermint, leafSpec: { ...tendermint.leafSpec, hash: 'sha512' } as const }
    const lone = { key: utf8('a'), value: utf8('1'), leaf: long.leafSpec, path: [] }
    const root = value(ExistenceProof.rootOf(lone))
    expect(value(ExistenceProof.verify(root, long, lone.key, lone.value, lone))).toEqual(lone.value)
    expect(value(ExistenceProof.check(lone, long))).toBe(true)
  })

  test('A30: error: which node leaves no place for its child', () => {
    const tree = treeOf(
      'tendermint',
      [...'abcd'].map((name) => [utf8(name), utf8('1')] as const),
    )
    const proof = tree.exist(utf8('a'))
    const path = proof.path.map((op, i) => (i === 1 ? node(Uint8Array.of(1)) : op))
    const forged = { ...proof, path }
    const root = value(ExistenceProof.rootOf(forged))
    expect(refusal(ExistenceProof.verify(root, tendermint, proof.key, proof.value, forged))).toEqual({
      check: 'ics23-branch',
      message: 'node 1 leaves no place for its child',
      context: { index: 1 },
    })
  })
})

describe('NonExistenceProof', () => {
  test('A32: neighbours stand side by side: not in one place, turned round, or further apart', () => {
    const { innerSpec } = spec({ childOrder: [0, 1, 2] })
    const at = (place: number, byte: number) => node(fill(1 + 32 * place, byte), fill(32 * (2 - place), byte))
    const beside = (left: number, right: number) =>
      NonExistenceProof.areNeighbours(innerSpec, [at(left, 8)], [at(right, 9)])
    expect([beside(0, 1), beside(1, 2)]).toEqual([true, true])
    expect([beside(0, 0), beside(1, 0), beside(0, 2), beside(2, 0)]).toEqual([false, false, false, false])
    const nowhere = node(Uint8Array.of(1))
    expect(NonExistenceProof.areNeighbours(innerSpec, [nowhere], [at(0, 9)])).toBe(false)
    expect(NonExistenceProof.areNeighbours(innerSpec, [at(0, 8)], [nowhere])).toBe(false)
  })

  test('A32: a key that another begins with stands before it', () => {
    const tree = treeOf(
      'tendermint',
      [...'bd'].map((name) => [utf8(name), utf8('1')] as const),
    )
    const short = tree.exist(utf8('b'))
    const order = { check: 'ics23-order', message: 'the key stands not left of its right neighbour' }
    const of = (key: Uint8Array, left: typeof short | undefined, right: typeof short | undefined) =>
      NonExistenceProof.verify(tree.root, tendermint, key, { key, left, right })
    expect(refusal(of(utf8('bb'), undefined, short))).toEqual(order)
    const long = treeOf(
      'tendermint',
      [
        ['bb', 'd'],
        ['d', 'e'],
      ].map(([name]) => [utf8(name as string), utf8('1')] as const),
    )
    const key = utf8('b')
    expect(
      refusal(
        NonExistenceProof.verify(long.root, tendermint, key, {
          key,
          left: long.exist(utf8('bb')),
          right: undefined,
        }),
      ),
    ).toEqual({ check: 'ics23-order', message: 'the key stands not right of its left neighbour' })
    expect(value(of(utf8('bb'), short, tree.exist(utf8('d'))))).toBe(null)
    expect(value(of(utf8('a'), undefined, short))).toBe(null)
  })

  test('A32: keys that are not hashed stand in their own order, whatever the specification compares', () => {
    const tree = treeOf(
      'tendermint',
      [...'bd'].map((name) => [utf8(name), utf8('1')] as const),
    )
    const key = utf8('c')
    const hashed = { ...tendermint, prehashKeyBeforeComparison: true }
    expect(value(NonExistenceProof.verify(tree.root, hashed, key, tree.nonexist(key)))).toBe(null)
  })
})

describe('CommitmentProof', () => {
  const tree = treeOf(
    'tendermint',
    [...'abcd'].map((name) => [utf8(name), utf8('1')] as const),
  )
  const exist = (name: string) => ({ is: 'exist', proof: tree.exist(utf8(name)) }) as const

  test('error: which kind proves which statement', () => {
    const key = utf8('a')
    const absent = { is: 'nonexist', proof: tree.nonexist(utf8('e')) } as const
    expect(refusal(CommitmentProof.verify(tree.root, tendermint, { key, value: null }, exist('a')))).toEqual({
      check: 'ics23-kind',
      message: "absence isn't proved by exist",
    })
    expect(refusal(CommitmentProof.verify(tree.root, tendermint, { key, value: utf8('1') }, absent))).toEqual(
      {
        check: 'ics23-kind',
        message: "a value isn't proved by nonexist",
      },
    )
  })

  test('A31: nothing is no batch', () => {
    const none = { is: 'batch', entries: [], compressed: false } as const
    expect(refusal(CommitmentProof.verifyBatch(tree.root, tendermint, [], none))).toEqual({
      check: 'ics23-entries',
      message: '0 statements are proved by as many entries, got 0',
    })
  })

  test('error: none or several of what excludes each other', () => {
    const one = CommitmentProof.encode(exist('a'))
    const batch = CommitmentProof.encode({ is: 'batch', entries: [exist('b')], compressed: false })
    for (const bytes of [NONE, concat(one, batch)])
      expect(refusal(CommitmentProof.decode(bytes)).message).toMatch('exactly one of several is expected')
  })

  test('A31: error: nodes of a compressed batch that are used before those named before them', () => {
    const { key, value: held, leaf } = tree.exist(utf8('a'))
    const ops = [node(fill(1, 1), fill(32, 7)), node(fill(1, 1), fill(32, 8))]
    const of = (...indices: readonly number[]) => {
      const existence = concat(
        wire.bytes(1, key),
        wire.bytes(2, held),
        wire.message(3, LeafOp.encode(leaf as Ics23.LeafOp.LeafOp)),
        wire.bytes(4, Uint8Array.from(indices)),
      )
      const entry = wire.message(1, wire.message(1, existence))
      return CommitmentProof.decode(
        wire.message(4, concat(entry, ...ops.map((op) => wire.message(2, InnerOp.encode(op))))),
      )
    }
    const { entries } = value(of(0, 1, 0)) as { entries: readonly { proof: { path: unknown } }[] }
    expect(entries[0]?.proof.path).toEqual([ops[0], ops[1], ops[0]])
    for (const indices of [[1, 0, 1], [1, 0], [0], [0, 2], [0, 1, 2], [0, 2, 1]])
      expect(check(of(...indices)), `${indices}`).toBe('ics23-lookup')
  })
})
