import { IbcPath, Ics23, LightClient, MerkleTree, Multistore } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import { multistoreOf, treeOf, zigzag } from './trees.js'
import { block, client, judge } from './world.js'

const { CommitmentProof, ExistenceProof, HashOp, InnerOp, LeafOp, NonExistenceProof, ProofSpec } = Ics23
const numRuns = fc.readConfigureGlobal().numRuns ?? 100
const KINDS = ['iavl', 'tendermint', 'smt'] as const
const utf8 = (text: string) => new TextEncoder().encode(text)

const ENTRIES = Array.from({ length: 13 }, (_, i) => [utf8(`key ${i * 2}`), utf8(`value ${i}`)] as const)
const KEY = ENTRIES[5]?.[0] as Uint8Array
const VALUE = ENTRIES[5]?.[1] as Uint8Array

type Existence = Ics23.ExistenceProof.ExistenceProof
type Spec = Ics23.ProofSpec.ProofSpec

/** What a verifier says of a proof whose root is what the proof leads to: nothing but the checks stands in its way. */
function judged(spec: Spec, proof: Existence): string {
  const root = ExistenceProof.rootOf(proof)
  const verdict = ExistenceProof.verify(
    root.ok ? root.value : new Uint8Array(32).fill(1),
    spec,
    proof.key,
    proof.value,
    proof,
  )
  return verdict.ok ? 'ok' : verdict.refusal.check
}

function withOp(proof: Existence, at: number, op: Partial<Ics23.InnerOp.InnerOp>): Existence {
  return { ...proof, path: proof.path.map((old, i) => (i === at ? { ...old, ...op } : old)) }
}

describe.each(KINDS)('%s: existence', (kind) => {
  const tree = treeOf(kind, ENTRIES)
  const proof = tree.exist(KEY)

  test('every key of trees of 1 to 40', () => {
    for (let size = 1; size <= 40; size += 3) {
      const entries = Array.from(
        { length: size },
        (_, i) => [Uint8Array.of(1, i), Uint8Array.of(i + 1)] as const,
      )
      const each = treeOf(kind, entries)
      for (const [key, held] of entries)
        expect(value(ExistenceProof.verify(each.root, each.spec, key, held, each.exist(key)))).toEqual(held)
    }
  })

  test('error: another key, value or root', () => {
    const refused = (root: Uint8Array, key: Uint8Array, held: Uint8Array) =>
      check(ExistenceProof.verify(root, tree.spec, key, held, proof))
    expect(refused(tree.root, flip(KEY, 0), VALUE)).toBe('ics23-key')
    expect(refused(tree.root, KEY, flip(VALUE, 0))).toBe('ics23-value')
    expect(refused(flip(tree.root, 0), KEY, VALUE)).toBe('ics23-root')
    expect(
      check(
        ExistenceProof.verify(tree.root, tree.spec, KEY, flip(VALUE, 0), { ...proof, value: flip(VALUE, 0) }),
      ),
    ).toBe('ics23-root')
  })

  test('A52: a zero root proves nothing', () => {
    for (const root of [new Uint8Array(32), new Uint8Array(0)])
      expect(check(ExistenceProof.verify(root, tree.spec, KEY, VALUE, proof))).toBe('root-zero')
  })

  test('A30: an inner node that starts as a leaf does', () => {
    const { prefix } = proof.path[0] as Ics23.InnerOp.InnerOp
    const forged = withOp(proof, 0, { prefix: concat(Uint8Array.of(0), prefix.subarray(1)) })
    expect(judged(tree.spec, forged)).toBe('ics23-inner-leaf-prefix')
  })

  test('A30: a prefix too short or too long', () => {
    const { innerSpec } = tree.spec
    for (const length of [
      innerSpec.minPrefixLength - 1,
      innerSpec.maxPrefixLength + innerSpec.childSize + 1,
      500,
    ])
      expect(judged(tree.spec, withOp(proof, 0, { prefix: new Uint8Array(length).fill(1) }))).toBe(
        'ics23-inner-prefix',
      )
  })

  test('A30: a suffix that is no whole child, or one child too many', () => {
    const { childSize } = tree.spec.innerSpec
    const head = kind === 'iavl' ? Uint8Array.of(2, 4, 2, 32) : Uint8Array.of(1)
    for (const length of [1, childSize - 1, childSize + 1])
      expect(
        judged(tree.spec, withOp(proof, 0, { prefix: head, suffix: new Uint8Array(length).fill(32) })),
      ).toBe('ics23-inner-suffix')
    const two = withOp(proof, 0, { prefix: head, suffix: new Uint8Array(2 * childSize).fill(32) })
    expect(judged(tree.spec, two)).toBe('ics23-branch')
    // A node with one child only.
    expect(judged(tree.spec, withOp(proof, 0, { prefix: head, suffix: new Uint8Array(0) }))).toBe(
      'ics23-branch',
    )
  })

  test('A30: a leaf that is hashed in another way', () => {
    const leaf = proof.leaf as Ics23.LeafOp.LeafOp
    const refused = (change: Partial<Ics23.LeafOp.LeafOp>) =>
      judged(tree.spec, { ...proof, leaf: { ...leaf, ...change } })
    expect(refused({ hash: 'sha512' })).toBe('ics23-leaf-op')
    expect(refused({ hash: 'none' })).toBe('ics23-leaf-op')
    expect(refused({ prehashKey: 'sha512' })).toBe('ics23-leaf-op')
    expect(refused({ prehashValue: 'none' })).toBe('ics23-leaf-op')
    expect(refused({ length: 'fixed32-big' })).toBe('ics23-leaf-op')
    expect(refused({ prefix: Uint8Array.of(1) })).toBe('ics23-leaf-prefix')
    expect(refused({ prefix: new Uint8Array(0) })).toBe('ics23-leaf-prefix')
    expect(judged(tree.spec, { ...proof, leaf: undefined })).toBe('ics23-leaf-missing')
    expect(judged(tree.spec, withOp(proof, 0, { hash: 'sha512' }))).toBe('ics23-inner-op')
    expect(judged(tree.spec, withOp(proof, 0, { hash: 'none' }))).toBe('ics23-inner-op')
  })

  test('A30: an empty key or value', () => {
    expect(judged(tree.spec, { ...proof, key: new Uint8Array(0) })).toBe('ics23-key-empty')
    expect(judged(tree.spec, { ...proof, value: new Uint8Array(0) })).toBe('ics23-value-empty')
  })

  test('A30: too deep, or not deep enough', () => {
    const most = kind === 'smt' ? 256 : 128
    const deep = (depth: number) =>
      judged(tree.spec, {
        ...proof,
        path: Array.from({ length: depth }, (_, i) => ({
          hash: 'sha256' as const,
          prefix:
            kind === 'iavl'
              ? concat(zigzag(Math.min(i + 1, 127)), Uint8Array.of(4, 2, 32))
              : Uint8Array.of(1),
          suffix: new Uint8Array(tree.spec.innerSpec.childSize).fill(32),
        })),
      })
    expect(deep(most + 1)).toBe('ics23-depth')
    // IAVL's own height is a byte: no tree is 128 deep.
    expect(deep(most)).toBe(kind === 'iavl' ? 'ics23-iavl-height' : 'ok')
    const spec = { ...tree.spec, minDepth: proof.path.length + 1 }
    expect(judged(spec, proof)).toBe('ics23-depth')
    expect(judged({ ...spec, minDepth: proof.path.length, maxDepth: proof.path.length }, proof)).toBe('ok')
  })

  test('A30: specifications that hide a child', () => {
    const unsound = (change: Partial<Ics23.ProofSpec.InnerSpec>, outer: Partial<Spec> = {}) =>
      judged({ ...tree.spec, ...outer, innerSpec: { ...tree.spec.innerSpec, ...change } }, proof)
    const { minPrefixLength, childSize } = tree.spec.innerSpec
    expect(unsound({ childSize: 0 })).toBe('ics23-spec')
    expect(unsound({ childSize: -1 })).toBe('ics23-spec')
    expect(unsound({ childSize: 0.5 })).toBe('ics23-spec')
    expect(unsound({ maxPrefixLength: minPrefixLength + childSize })).toBe('ics23-spec')
    expect(unsound({ minPrefixLength: 13 })).toBe('ics23-spec')
    expect(unsound({ childOrder: [0] })).toBe('ics23-spec')
    expect(unsound({ childOrder: [0, 0] })).toBe('ics23-spec')
    expect(unsound({ childOrder: [1, 2] })).toBe('ics23-spec')
    expect(unsound({ emptyChild: new Uint8Array(31) })).toBe('ics23-spec')
    expect(unsound({}, { minDepth: 3, maxDepth: 2 })).toBe('ics23-spec')
  })

  test('A30: a hash that is longer than a child', () => {
    const spec = {
      ...tree.spec,
      nodes: 'any' as const,
      innerSpec: { ...tree.spec.innerSpec, hash: 'sha512' as const },
    }
    const long = { ...proof, path: proof.path.map((op) => ({ ...op, hash: 'sha512' as const })) }
    expect(judged(spec, long)).toBe('ics23-child-size')
  })
})

describe('A30: what IAVL binds in a node', () => {
  const tree = treeOf('iavl', ENTRIES)
  const proof = tree.exist(KEY)
  const left = { prefix: Uint8Array.of(2, 4, 2, 32), suffix: new Uint8Array(33).fill(32) }

  test('default', () => {
    expect(judged(tree.spec, { ...proof, path: [{ hash: 'sha256', ...left }] })).toBe('ok')
  })

  test.each([
    ['a height below its layer', Uint8Array.of(2, 4, 2, 32), left.suffix, 1, 'ics23-iavl-height'],
    ['a height that is no byte', Uint8Array.of(0x80, 2, 4, 2, 32), left.suffix, 0, 'ics23-iavl-height'],
    ['a negative height', Uint8Array.of(3, 4, 2, 32), left.suffix, 0, 'ics23-iavl-prefix'],
    ['a negative size', Uint8Array.of(2, 5, 2, 32), left.suffix, 0, 'ics23-iavl-prefix'],
    ['a negative version', Uint8Array.of(2, 4, 3, 32), left.suffix, 0, 'ics23-iavl-prefix'],
    ['a longer varint', Uint8Array.of(2, 0x84, 0, 2, 32), left.suffix, 0, 'ics23-iavl-prefix'],
    [
      'a varint of more than 64 bits',
      Uint8Array.of(2, 4, ...new Uint8Array(9).fill(0x84), 2, 32),
      left.suffix,
      0,
      'ics23-iavl-prefix',
    ],
    ['a varint without end', new Uint8Array(12).fill(0x84), left.suffix, 0, 'ics23-iavl-prefix'],
    ['no length of the child', Uint8Array.of(2, 4, 0x82, 2), left.suffix, 0, 'ics23-iavl-prefix'],
    ['another length of the child', Uint8Array.of(2, 4, 2, 31), left.suffix, 0, 'ics23-iavl-prefix'],
    ['a byte too many', Uint8Array.of(2, 4, 2, 32, 32), left.suffix, 0, 'ics23-iavl-prefix'],
    ['another length of the sibling', left.prefix, new Uint8Array(33).fill(31), 0, 'ics23-iavl-prefix'],
    [
      'a sibling on both sides (A31)',
      concat(Uint8Array.of(2, 4, 2), new Uint8Array(34).fill(32)),
      left.suffix,
      0,
      'ics23-iavl-prefix',
    ],
    [
      'another length of the left sibling',
      concat(Uint8Array.of(2, 4, 2, 31), new Uint8Array(33).fill(32)),
      new Uint8Array(0),
      0,
      'ics23-iavl-prefix',
    ],
  ] as const)('%s', (_, prefix, suffix, layer, expected) => {
    const path = [
      ...Array.from({ length: layer }, () => ({ hash: 'sha256' as const, ...left })),
      { hash: 'sha256' as const, prefix, suffix },
    ]
    expect(judged(tree.spec, { ...proof, path })).toBe(expected)
  })

  test('a leaf with a size other than 1, or something after its version', () => {
    const leaf = proof.leaf as Ics23.LeafOp.LeafOp
    for (const prefix of [
      Uint8Array.of(0, 4, 2),
      Uint8Array.of(0, 2, 2, 2),
      Uint8Array.of(0, 2),
      Uint8Array.of(0),
    ])
      expect(judged(tree.spec, { ...proof, leaf: { ...leaf, prefix } })).toBe('ics23-iavl-prefix')
  })
})

describe('A31: siblings', () => {
  test.each(['tendermint', 'smt'] as const)('%s: both or neither', (kind) => {
    const tree = treeOf(kind, ENTRIES)
    const proof = tree.exist(KEY)
    const both = withOp(proof, 0, { prefix: new Uint8Array(33).fill(1), suffix: new Uint8Array(32) })
    const neither = withOp(proof, 0, { prefix: Uint8Array.of(1), suffix: new Uint8Array(0) })
    expect(judged(tree.spec, both)).toBe('ics23-branch')
    expect(judged(tree.spec, neither)).toBe('ics23-branch')
  })

  test('iavl: both or neither', () => {
    const tree = treeOf('iavl', ENTRIES)
    const proof = tree.exist(KEY)
    const both = {
      prefix: concat(Uint8Array.of(2, 4, 2), new Uint8Array(34).fill(32)),
      suffix: new Uint8Array(33).fill(32),
    }
    expect(judged(tree.spec, withOp(proof, 0, both))).toBe('ics23-iavl-prefix')
    const neither = { prefix: Uint8Array.of(2, 4, 2, 32), suffix: new Uint8Array(0) }
    expect(judged(tree.spec, withOp(proof, 0, neither))).toBe('ics23-branch')
  })

  test('a batch holds nothing that was not asked for', () => {
    const tree = treeOf('iavl', ENTRIES)
    const entries = ENTRIES.slice(0, 3).map(([key]) => ({ is: 'exist' as const, proof: tree.exist(key) }))
    const statements = ENTRIES.slice(0, 3).map(([key, held]) => ({ key, value: held }))
    const batch = { is: 'batch', entries, compressed: false } as const
    const of = (count: number) =>
      CommitmentProof.verifyBatch(tree.root, tree.spec, statements.slice(0, count), batch)
    expect(value(of(3))).toEqual(statements)
    expect(check(of(2))).toBe('ics23-entries')
    expect(check(of(0))).toBe('ics23-entries')
    const turned = [...statements].reverse()
    expect(check(CommitmentProof.verifyBatch(tree.root, tree.spec, turned, batch))).toBe('ics23-key')
    const [first] = entries
    expect(
      check(CommitmentProof.verifyBatch(tree.root, tree.spec, statements, first as (typeof entries)[0])),
    ).toBe('ics23-kind')
    const [statement] = statements
    expect(
      check(CommitmentProof.verify(tree.root, tree.spec, statement as (typeof statements)[0], batch)),
    ).toBe('ics23-kind')
  })
})

describe.each(KINDS)('A32: %s: non-existence', (kind) => {
  const tree = treeOf(kind, ENTRIES)
  const absent = (at: Uint8Array, change: Partial<Ics23.NonExistenceProof.NonExistenceProof> = {}) =>
    NonExistenceProof.verify(tree.root, tree.spec, at, { ...tree.nonexist(at), ...change })
  /** The keys in the order of the tree. */
  const sorted = [...ENTRIES]
    .map(([key]) => key)
    .sort((a, b) => {
      const [x, y] = kind === 'smt' ? [sha256(a), sha256(b)] : [a, b]
      return hex(x) < hex(y) ? -1 : 1
    })
  const between = utf8('key 7')
  const { left, right } = tree.nonexist(between)

  test('any key that is not there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 6 }), (key) => {
        if (ENTRIES.some(([known]) => hex(known) === hex(key))) return
        expect(value(absent(key))).toBe(null)
      }),
      { numRuns },
    )
    for (const key of [Uint8Array.of(0), Uint8Array.of(255), utf8('key'), utf8('key 10x')])
      expect(absent(key).ok).toBe(true)
  })

  test('a key that is there', () => {
    for (const key of [KEY, sorted[0] as Uint8Array, sorted.at(-1) as Uint8Array])
      expect(check(absent(key))).toMatch(/^ics23-(order|neighbours)$/)
    const at = sorted.findIndex((key) => hex(key) === hex(KEY))
    const beside = {
      left: tree.exist(sorted[at - 1] as Uint8Array),
      right: tree.exist(sorted[at + 1] as Uint8Array),
    }
    expect(check(absent(KEY, beside))).toBe('ics23-neighbours')
    expect(check(absent(KEY, { ...beside, left: tree.exist(KEY) }))).toBe('ics23-order')
    expect(check(absent(KEY, { ...beside, right: tree.exist(KEY) }))).toBe('ics23-order')
  })

  test('an index of empty values: neighbours mark the place, but no empty value is proved', () => {
    const keys = ['a', 'c', 'e'].map(utf8)
    const index = treeOf(
      kind,
      keys.map((key) => [key, new Uint8Array(0)] as const),
    )
    const [a, c] = keys as [Uint8Array, Uint8Array]
    for (const gone of ['0', 'b', 'd', 'f'].map(utf8))
      expect(value(NonExistenceProof.verify(index.root, index.spec, gone, index.nonexist(gone)))).toBe(null)
    expect(check(ExistenceProof.verify(index.root, index.spec, a, new Uint8Array(0), index.exist(a)))).toBe(
      'ics23-value-empty',
    )
    // Without a hash of its own an empty value could be part of its key.
    const plain = { ...(index.exist(c).leaf as Ics23.LeafOp.LeafOp), prehashValue: 'none' as const }
    expect(check(LeafOp.apply(plain, c, new Uint8Array(0), { marks: true }))).toBe('ics23-value-empty')
  })

  test('neighbours that are missing, or not the outermost', () => {
    expect(left !== undefined && right !== undefined).toBe(true)
    expect(check(absent(between, { left: undefined, right: undefined }))).toBe('ics23-neighbours-missing')
    expect(check(absent(between, { left: undefined }))).toBe('ics23-leftmost')
    expect(check(absent(between, { right: undefined }))).toBe('ics23-rightmost')
  })

  test('neighbours in the wrong order', () => {
    expect(check(absent(between, { left: right, right: left }))).toBe('ics23-order')
    expect(check(absent(between, { left: right, right: undefined }))).toBe('ics23-order')
    expect(check(absent(between, { left: undefined, right: left }))).toBe('ics23-order')
  })

  test('the same leaf on both sides', () => {
    expect(check(absent(between, { right: left }))).toBe('ics23-order')
  })

  test('a neighbour of another tree', () => {
    const other = treeOf(kind, ENTRIES.slice(0, 12))
    const foreign = other.nonexist(between)
    expect(check(absent(between, foreign))).toBe('ics23-root')
    expect(check(absent(between, { left: foreign.left }))).toBe('ics23-root')
    expect(check(absent(between, { right: foreign.right }))).toBe('ics23-root')
  })

  test('another key, no key, a zero root', () => {
    const proof = tree.nonexist(between)
    const of = (root: Uint8Array, key: Uint8Array) =>
      check(NonExistenceProof.verify(root, tree.spec, key, proof))
    expect(of(tree.root, utf8('key 8x'))).toBe('ics23-key')
    expect(of(tree.root, new Uint8Array(0))).toBe('ics23-key-empty')
    expect(of(new Uint8Array(32), between)).toBe('root-zero')
  })
})

describe('A32: order and placeholders', () => {
  test('a path that ends inside another has no neighbour', () => {
    const tree = treeOf('tendermint', ENTRIES)
    const { path } = tree.exist(KEY)
    const { innerSpec } = tree.spec
    expect(NonExistenceProof.areNeighbours(innerSpec, path, path)).toBe(false)
    expect(NonExistenceProof.areNeighbours(innerSpec, path.slice(1), path)).toBe(false)
    expect(NonExistenceProof.areNeighbours(innerSpec, path, path.slice(1))).toBe(false)
    expect(NonExistenceProof.areNeighbours(innerSpec, [], [])).toBe(false)
  })

  test('keys stand in the order of their hashes only where the specification says so', () => {
    const tree = treeOf('smt', ENTRIES)
    const key = utf8('key 7')
    const proof = tree.nonexist(key)
    const plain = { ...tree.spec, prehashKeyBeforeComparison: false }
    expect(check(NonExistenceProof.verify(tree.root, plain, key, proof))).toBe('ics23-key')
    const verdict = NonExistenceProof.verify(tree.root, plain, key, { ...proof, key })
    expect(verdict.ok ? 'ok' : verdict.refusal.check).toMatch(/^(ok|ics23-order)$/)
    const meaningless = {
      ...tree.spec,
      leafSpec: { ...tree.spec.leafSpec, prehashKey: 'blake3' as const },
    }
    expect(check(NonExistenceProof.verify(tree.root, meaningless, key, proof))).toBe('ics23-hash-op')
    expect(
      NonExistenceProof.verify(
        tree.root,
        { ...tree.spec, leafSpec: { ...tree.spec.leafSpec, prehashKey: 'none' } },
        key,
        proof,
      ).ok,
    ).toBe(false)
  })

  test('an empty child stands on either side; where all are there, none does', () => {
    const zero = new Uint8Array(32)
    const right = {
      hash: 'sha256' as const,
      prefix: concat(Uint8Array.of(1), zero),
      suffix: new Uint8Array(0),
    }
    const left = { hash: 'sha256' as const, prefix: Uint8Array.of(1), suffix: zero }
    const { innerSpec } = ProofSpec.smt
    expect(InnerOp.isLeftmost(right, innerSpec)).toBe(true)
    expect(InnerOp.isRightmost(left, innerSpec)).toBe(true)
    expect(InnerOp.isLeftmost({ ...right, prefix: flip(right.prefix, 8) }, innerSpec)).toBe(false)
    expect(InnerOp.isRightmost({ ...left, suffix: flip(zero, 8) }, innerSpec)).toBe(false)
    for (const op of [left, right]) {
      const { innerSpec: full } = ProofSpec.tendermint
      expect(InnerOp.isLeftmost(op, full)).toBe(op === left)
      expect(InnerOp.isRightmost(op, full)).toBe(op === right)
    }
    expect(InnerOp.isLeftmost({ ...left, suffix: Uint8Array.of(1) }, innerSpec)).toBe(false)
  })

  test('more than two children, in any order', () => {
    const spec = { ...ProofSpec.tendermint.innerSpec, childOrder: [2, 0, 1], emptyChild: new Uint8Array(32) }
    const op = (before: number, after: number, fill = 0) => ({
      hash: 'sha256' as const,
      prefix: concat(Uint8Array.of(1), new Uint8Array(32 * before).fill(fill)),
      suffix: new Uint8Array(32 * after).fill(fill),
    })
    // Child 2 stands first, then 0, then 1.
    expect([op(0, 2), op(1, 1), op(2, 0)].map((it) => InnerOp.branchOf(it, spec))).toEqual([2, 0, 1])
    expect(InnerOp.isLeftmost(op(1, 1, 7), spec)).toBe(true)
    expect(InnerOp.isRightmost(op(0, 2, 7), spec)).toBe(true)
    expect(InnerOp.isLeftmost(op(2, 0, 0), spec)).toBe(true)
    expect(InnerOp.isLeftmost(op(2, 0, 7), spec)).toBe(false)
    expect(InnerOp.isRightmost(op(2, 0, 0), spec)).toBe(true)
    expect(InnerOp.isRightmost(op(2, 0, 7), spec)).toBe(false)
    const mixed = {
      ...op(2, 0),
      prefix: concat(Uint8Array.of(1), new Uint8Array(32), new Uint8Array(32).fill(7)),
    }
    expect([InnerOp.isLeftmost(mixed, spec), InnerOp.isRightmost(mixed, spec)]).toEqual([false, true])
  })
})

describe('A33: stores', () => {
  const bank = treeOf('iavl', ENTRIES)
  const ibc = treeOf('iavl', [[utf8('clients/a/b'), utf8('value')], ...ENTRIES.slice(4)])
  const multistore = multistoreOf({ bank: bank.root, ibc: ibc.root, wasm: sha256(utf8('wasm')) })
  const inStore = (tree: typeof bank, key: Uint8Array, held: Uint8Array | null) =>
    held === null
      ? ({ is: 'nonexist', proof: tree.nonexist(key) } as const)
      : ({ is: 'exist', proof: tree.exist(key) } as const)
  const proofs = (
    tree: typeof bank,
    store: string,
    key: Uint8Array,
    held: Uint8Array | null,
  ): Multistore.Proofs => [inStore(tree, key, held), { is: 'exist', proof: multistore.exist(utf8(store)) }]
  const verify = (statement: Multistore.Statement, given: Multistore.Proofs) =>
    Multistore.verify(multistore.root, statement, given)

  test('a value and an absence in their stores', () => {
    const found = { store: 'bank', key: KEY, value: VALUE }
    expect(value(verify(found, proofs(bank, 'bank', KEY, VALUE)))).toEqual(VALUE)
    const nothing = { store: 'ibc', key: utf8('key 7'), value: null }
    expect(value(verify(nothing, proofs(ibc, 'ibc', utf8('key 7'), null)))).toBe(null)
  })

  test('the name of another store, or of none', () => {
    const as = (store: string, shown = store) =>
      check(verify({ store, key: KEY, value: VALUE }, proofs(bank, shown, KEY, VALUE)))
    expect(as('ibc')).toBe('ics23-value')
    expect(as('ibc', 'bank')).toBe('ics23-key')
    for (const name of ['', '/', 'bank/key', 'ibc/clients']) expect(as(name, 'bank')).toBe('store-name')
  })

  test('a slash in a key is a byte like any other', () => {
    const key = utf8('clients/a/b')
    const held = utf8('value')
    expect(verify({ store: 'ibc', key, value: held }, proofs(ibc, 'ibc', key, held)).ok).toBe(true)
  })

  test('a store that is absent proves nothing', () => {
    const key = utf8('key 7')
    const given: Multistore.Proofs = [
      inStore(bank, key, null),
      { is: 'nonexist', proof: multistore.nonexist(utf8('gov')) },
    ]
    expect(check(verify({ store: 'gov', key, value: null }, given))).toBe('ics23-kind')
    const empty = { is: 'nonexist' as const, proof: { key, left: undefined, right: undefined } }
    const [, second] = proofs(bank, 'bank', KEY, VALUE)
    expect(check(verify({ store: 'bank', key, value: null }, [empty, second]))).toBe('multistore-root')
    const batch = { is: 'batch' as const, entries: [], compressed: false }
    expect(check(verify({ store: 'bank', key, value: null }, [batch, second]))).toBe('multistore-root')
  })

  test('the state after a height stands in the next header', () => {
    const next = block({ height: 2n, header: { appHash: multistore.root } })
    const state = value(judge(client(), next))
    const statement = { store: 'bank', key: KEY, value: VALUE }
    const given = proofs(bank, 'bank', KEY, VALUE)
    expect(value(Multistore.verifyAt(state, 1n, statement, given))).toEqual(VALUE)
    expect(check(Multistore.verifyAt(state, 2n, statement, given))).toBe('height-unknown')
    expect(check(Multistore.verifyAt(state, 0n, statement, given))).toBe('ics23-root')
    const frozen = LightClient.freeze(state, { height: 2n })
    expect(check(Multistore.verifyAt(frozen, 1n, statement, given))).toBe('frozen')
  })

  test('the operations of a query', () => {
    const statement = { store: 'bank', key: KEY }
    const given = proofs(bank, 'bank', KEY, VALUE)
    const bytes = Multistore.encode(statement, given)
    expect(value(Multistore.decode(bytes, statement))).toEqual(given)
    expect(check(Multistore.decode(bytes, { ...statement, store: 'ibc' }))).toBe('proof-op-key')
    expect(check(Multistore.decode(bytes, { ...statement, key: flip(KEY, 1) }))).toBe('proof-op-key')
    expect(check(Multistore.decode(concat(bytes, bytes), statement))).toBe('proof-ops')
    expect(check(Multistore.decode(flip(bytes, 0), statement))).toBe('protobuf')
    const op = { type: 'ics23:iavl', key: KEY, data: new Uint8Array(0) }
    expect(check(Multistore.fromOps([op, op], statement))).toBe('protobuf')
    expect(check(Multistore.fromOps([{ ...op, type: 'iavl:v' }, op], statement))).toBe('proof-op-type')
  })
})

describe('A39: where IBC keeps what others verify', () => {
  const text = (verdict: ReturnType<typeof IbcPath.clientState>) => new TextDecoder().decode(value(verdict))
  const end = { port: 'transfer', channel: 'channel-0' }

  test('paths (ICS-24)', () => {
    expect(text(IbcPath.clientState('07-tendermint-0'))).toBe('clients/07-tendermint-0/clientState')
    expect(text(IbcPath.consensusState('07-tendermint-0', { revision: 4n, height: 9n }))).toBe(
      'clients/07-tendermint-0/consensusStates/4-9',
    )
    expect(text(IbcPath.connection('connection-0'))).toBe('connections/connection-0')
    expect(text(IbcPath.channelEnd(end))).toBe('channelEnds/ports/transfer/channels/channel-0')
    expect(text(IbcPath.packetCommitment(end, 7n))).toBe(
      'commitments/ports/transfer/channels/channel-0/sequences/7',
    )
    expect(text(IbcPath.packetReceipt(end, 7n))).toBe(
      'receipts/ports/transfer/channels/channel-0/sequences/7',
    )
    expect(text(IbcPath.packetAcknowledgement(end, 7n))).toBe(
      'acks/ports/transfer/channels/channel-0/sequences/7',
    )
    expect(text(IbcPath.nextSequenceReceive(end))).toBe('nextSequenceRecv/ports/transfer/channels/channel-0')
    expect(text(IbcPath.upgradedClient(100n))).toBe('upgradedIBCState/100/upgradedClient')
    expect(text(IbcPath.upgradedConsensusState(100n))).toBe('upgradedIBCState/100/upgradedConsState')
  })

  test('error: identifiers that would make another path', () => {
    for (const client of [
      '',
      'short',
      'a/b/c/d/e/f',
      '07-tendermint-0/../x',
      'x'.repeat(65),
      '07-tenderm nt',
    ])
      expect(check(IbcPath.clientState(client)), client).toBe('ibc-identifier')
    expect(check(IbcPath.channelEnd({ ...end, port: 'a' }))).toBe('ibc-identifier')
    expect(check(IbcPath.channelEnd({ ...end, channel: 'channel/0' }))).toBe('ibc-identifier')
    for (const sequence of [-1n, 1n << 64n])
      expect(check(IbcPath.packetCommitment(end, sequence))).toBe('ibc-identifier')
  })

  test('an upgraded client is proved at its own path and height only', () => {
    const key = value(IbcPath.upgradedClient(100n))
    const store = treeOf('iavl', [[key, utf8('client')], ...ENTRIES])
    const root = multistoreOf({ ibc: sha256(utf8('ibc')), upgrade: store.root })
    const given: Multistore.Proofs = [
      { is: 'exist', proof: store.exist(key) },
      { is: 'exist', proof: root.exist(utf8('upgrade')) },
    ]
    const at = (path: Uint8Array) =>
      Multistore.verify(root.root, { store: 'upgrade', key: path, value: utf8('client') }, given)
    expect(at(key).ok).toBe(true)
    expect(check(at(value(IbcPath.upgradedClient(101n))))).toBe('ics23-key')
    expect(check(at(value(IbcPath.upgradedConsensusState(100n))))).toBe('ics23-key')
  })

  test('a packet’s commitment', () => {
    const packet = {
      timeoutTimestamp: 100n,
      timeoutHeight: { revision: 100n, height: 100n },
      data: utf8('{"amount":"1"}'),
    }
    const u64 = [0, 0, 0, 0, 0, 0, 0, 100]
    const expected = sha256(concat(Uint8Array.of(...u64, ...u64, ...u64), sha256(packet.data)))
    expect(IbcPath.commitPacket(packet)).toEqual(expected)
    expect(IbcPath.commitPacket({ ...packet, timeoutTimestamp: 101n })).not.toEqual(expected)
    expect(IbcPath.commitAcknowledgement(packet.data)).toEqual(sha256(packet.data))
  })
})

describe('encodings', () => {
  const tree = treeOf('iavl', ENTRIES)
  const single = { is: 'exist', proof: tree.exist(KEY) } as const
  const entries = [
    { is: 'exist', proof: tree.exist(ENTRIES[3]?.[0] as Uint8Array) },
    { is: 'nonexist', proof: tree.nonexist(utf8('key 7')) },
    { is: 'nonexist', proof: tree.nonexist(Uint8Array.of(255)) },
    { is: 'nonexist', proof: tree.nonexist(Uint8Array.of(1)) },
  ] as const
  const batch = { is: 'batch', entries, compressed: false } as const
  const compressed = { ...batch, compressed: true }
  const forms = [single, entries[1], batch, compressed]

  test('round trip; a compressed batch is the same, and smaller', () => {
    for (const form of forms)
      expect(value(CommitmentProof.decode(CommitmentProof.encode(form)))).toEqual(form)
    expect(CommitmentProof.encode(compressed).length).toBeLessThan(CommitmentProof.encode(batch).length * 0.6)
    const statements = [
      { key: ENTRIES[3]?.[0] as Uint8Array, value: ENTRIES[3]?.[1] as Uint8Array },
      ...[utf8('key 7'), Uint8Array.of(255), Uint8Array.of(1)].map((key) => ({ key, value: null })),
    ]
    for (const form of [batch, compressed]) {
      const decoded = value(CommitmentProof.decode(CommitmentProof.encode(form)))
      expect(value(CommitmentProof.verifyBatch(tree.root, tree.spec, statements, decoded))).toEqual(
        statements,
      )
    }
  })

  test('a proof without a leaf is read, and proves nothing', () => {
    const proof = { ...tree.exist(KEY), leaf: undefined }
    for (const compressed of [true, false]) {
      const form = { is: 'batch', entries: [{ is: 'exist', proof }], compressed } as const
      const decoded = value(CommitmentProof.decode(CommitmentProof.encode(form)))
      expect(decoded).toEqual(form)
      const statements = [{ key: KEY, value: VALUE }]
      expect(check(CommitmentProof.verifyBatch(tree.root, tree.spec, statements, decoded))).toBe(
        'ics23-leaf-missing',
      )
    }
  })

  test('one encoding: nothing but what it writes is read', () => {
    fc.assert(
      fc.property(fc.constantFrom(...forms), fc.nat(), fc.nat(255), fc.nat(), (form, at, byte, cut) => {
        const bytes = CommitmentProof.encode(form)
        const changed = bytes.slice(0, cut % 3 === 0 ? cut % bytes.length : bytes.length)
        if (changed.length > 0) changed[at % changed.length] = byte
        const decoded = CommitmentProof.decode(changed)
        if (decoded.ok) expect(hex(CommitmentProof.encode(decoded.value))).toBe(hex(changed))
      }),
      { numRuns: numRuns * 5 },
    )
  })

  test('decoders are total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(CommitmentProof.decode(bytes).ok).toBe(false)
        expect(typeof Multistore.decode(bytes, { store: 'a', key: bytes }).ok).toBe('boolean')
      }),
      { numRuns },
    )
  })

  test('error: none or several of what excludes each other; unknown names', () => {
    const message = (field: number, bytes: Uint8Array) =>
      Uint8Array.of((field << 3) | 2, bytes.length, ...bytes)
    const none = new Uint8Array(0)
    for (const bytes of [
      none,
      concat(message(1, none), message(2, none)),
      concat(message(3, none), message(4, none)),
      message(3, message(1, none)),
      message(3, message(1, concat(message(1, none), message(2, none)))),
      message(4, message(1, none)),
      // A hash, a length that no number names; a path of no numbers, of a negative one.
      message(1, message(3, Uint8Array.of(8, 10))),
      message(1, message(3, Uint8Array.of(0x20, 9))),
      message(4, message(1, message(1, message(4, none)))),
      message(4, message(1, message(1, message(4, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 8))))),
    ])
      expect(check(CommitmentProof.decode(bytes)), hex(bytes)).toBe('protobuf')
    expect(value(CommitmentProof.decode(message(3, none)))).toEqual({
      is: 'batch',
      entries: [],
      compressed: false,
    })
  })

  test('error: nodes that are named twice, unused, missing or out of order', () => {
    const message = (field: number, bytes: Uint8Array) =>
      Uint8Array.of((field << 3) | 2, bytes.length, ...bytes)
    const of = (path: readonly number[], nodes: readonly number[]) =>
      CommitmentProof.decode(
        message(
          4,
          concat(
            message(1, message(1, message(4, Uint8Array.from(path)))),
            ...nodes.map((byte) => message(2, message(2, Uint8Array.of(byte)))),
          ),
        ),
      )
    expect(of([0, 1, 0], [7, 8]).ok).toBe(true)
    for (const [path, nodes] of [
      [
        [0, 1],
        [7, 7],
      ],
      [[0], [7, 8]],
      [[0, 1], [7]],
      [
        [1, 0],
        [7, 8],
      ],
      [[5], [7]],
    ] as const)
      expect(check(of(path, nodes))).toBe('ics23-lookup')
  })

  test('A52: no random bytes are a proof of anything', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom(...forms),
        (root, form) => {
          const statement = { key: KEY, value: VALUE }
          expect(CommitmentProof.verify(root, tree.spec, statement, form).ok).toBe(false)
        },
      ),
      { numRuns },
    )
  })
})

describe('hashes without meaning', () => {
  test('a leaf and a node refuse them', () => {
    const spec = ProofSpec.iavl.leafSpec
    expect(check(LeafOp.apply({ ...spec, hash: 'keccak256' }, KEY, VALUE))).toBe('ics23-hash-op')
    expect(check(LeafOp.apply({ ...spec, hash: 'none' }, KEY, VALUE))).toBe('ics23-hash-op')
    expect(check(LeafOp.apply({ ...spec, prehashKey: 'blake3' }, KEY, VALUE))).toBe('ics23-hash-op')
    expect(check(LeafOp.apply({ ...spec, length: 'var-rlp' }, KEY, VALUE))).toBe('ics23-length-op')
    expect(check(LeafOp.apply({ ...spec, length: 'require-64' }, KEY, VALUE))).toBe('ics23-length-op')
    expect(check(LeafOp.apply({ ...spec, length: 'require-32' }, KEY, VALUE))).toBe('ics23-length-op')
    const all = { ...spec, prehashKey: 'sha256', prehashValue: 'sha256', length: 'require-32' } as const
    expect(LeafOp.apply(all, KEY, VALUE).ok).toBe(true)
    const long = { ...all, prehashKey: 'sha512', prehashValue: 'blake2b-512', length: 'require-64' } as const
    expect(LeafOp.apply(long, KEY, VALUE).ok).toBe(true)
    const node = { prefix: KEY, suffix: VALUE }
    expect(check(InnerOp.apply({ hash: 'none', ...node }, KEY))).toBe('ics23-hash-op')
  })
})

describe('MerkleTree', () => {
  test('in a tree of known size a leaf has one place', () => {
    for (let total = 1; total <= 20; total++) {
      const leaves = Array.from({ length: total }, (_, i) => Uint8Array.of(i))
      const root = MerkleTree.root(leaves)
      for (const [i, leaf] of leaves.entries()) {
        const branch = MerkleTree.branch(leaves, i)
        expect(value(MerkleTree.verify(root, leaf, branch))).toBe(leaf)
        for (let index = 0; index < total; index++)
          expect(MerkleTree.verify(root, leaf, { ...branch, index }).ok).toBe(index === i)
        for (const index of [-1, total, 0.5])
          expect(check(MerkleTree.verify(root, leaf, { ...branch, index }))).toBe('merkle-index')
        expect(check(MerkleTree.verify(root, Uint8Array.of(99), branch))).toBe('merkle-root')
        const longer = { ...branch, aunts: [...branch.aunts, root] }
        expect(check(MerkleTree.verify(root, leaf, longer))).toBe('merkle-length')
        expect(check(MerkleTree.verify(new Uint8Array(32), leaf, branch))).toBe('merkle-root-zero')
      }
    }
  })
})

describe('operations', () => {
  const food = utf8('food')

  // ICS-23's own vectors (`TestDoHashData`).
  test.each([
    ['sha256', 'c1f026582fe6e8cb620d0c85a72fe421ddded756662a8ec00ed4c297ad10676b'],
    ['ripemd160', 'b1ab9988c7c7c5ec4b2b291adfeeee10e77cdd46'],
    ['bitcoin', '0bcb587dfb4fc10b36d57f2bba1878f139b75d24'],
  ] as const)('%s', (name, expected) => {
    expect(hex(HashOp.hash(name, food) as Uint8Array)).toBe(expected)
  })

  test('every hash that has a meaning gives as many bytes as its name says, others none', () => {
    const sizes = HashOp.NAMES.map((name) => HashOp.hash(name, food)?.length ?? 0)
    expect(sizes).toEqual([0, 32, 64, 0, 20, 20, 32, 64, 32, 0])
    const names = HashOp.NAMES.filter((name) => name !== 'none')
    const hashes = names.map((name) => HashOp.hash(name, food)).filter((it) => it !== undefined)
    expect(new Set(hashes.map(hex)).size).toBe(hashes.length)
  })

  test('a hash of the caller’s own is asked for SHA-256, and for nothing else', () => {
    const asked: string[] = []
    const hashing = {
      sha256: (...parts: readonly Uint8Array[]) => {
        asked.push(hex(concat(...parts)))
        return sha256(concat(...parts))
      },
    }
    expect(HashOp.hash('sha256', food, { hashing })).toEqual(sha256(food))
    expect(HashOp.hashOf('sha256', [food, KEY], { hashing })).toEqual(sha256(concat(food, KEY)))
    expect(HashOp.hashOf('sha256', [food, KEY])).toEqual(sha256(concat(food, KEY)))
    expect(HashOp.hash('sha512', food, { hashing })).toEqual(HashOp.hash('sha512', food))
    expect(asked).toEqual([hex(food), hex(concat(food, KEY))])
  })

  test('every length that has a meaning stands before what it is of', () => {
    const base = {
      hash: 'sha256',
      prehashKey: 'none',
      prehashValue: 'none',
      prefix: new Uint8Array(0),
    } as const
    const written: Record<string, Uint8Array> = {
      none: new Uint8Array(0),
      'var-proto': Uint8Array.of(4),
      'fixed32-big': Uint8Array.of(0, 0, 0, 4),
      'fixed32-little': Uint8Array.of(4, 0, 0, 0),
      'fixed64-big': Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 4),
      'fixed64-little': Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0),
    }
    for (const length of LeafOp.LENGTHS) {
      const hash = LeafOp.apply({ ...base, length }, food, food)
      const before = written[length]
      if (before === undefined) expect(check(hash)).toBe('ics23-length-op')
      else expect(hex(value(hash))).toBe(hex(sha256(concat(before, food, before, food))))
    }
    for (const [length, size] of [
      ['require-32', 32],
      ['require-64', 64],
    ] as const) {
      const data = new Uint8Array(size).fill(7)
      expect(hex(value(LeafOp.apply({ ...base, length }, data, data)))).toBe(hex(sha256(concat(data, data))))
      expect(check(LeafOp.apply({ ...base, length }, data.subarray(1), data))).toBe('ics23-length-op')
    }
  })

  test('error: operations without a meaning', () => {
    const inner = { hash: 'blake3', prefix: Uint8Array.of(1), suffix: new Uint8Array(0) } as const
    expect(check(InnerOp.apply(inner, food))).toBe('ics23-hash-op')
    expect(check(InnerOp.apply({ ...inner, hash: 'sha256' }, new Uint8Array(0)))).toBe('ics23-child-empty')
    const leaf = { hash: 'sha256', prehashKey: 'none', prehashValue: 'none', length: 'none' } as const
    const prefix = new Uint8Array(0)
    for (const change of [
      { hash: 'blake3' },
      { prehashKey: 'keccak256' },
      { prehashValue: 'blake3' },
    ] as const)
      expect(check(LeafOp.apply({ ...leaf, ...change, prefix }, food, food))).toBe('ics23-hash-op')
  })

  test('a value is not proved by an absence, nor an absence by a value', () => {
    const tree = treeOf('iavl', ENTRIES)
    const exist = { is: 'exist', proof: tree.exist(KEY) } as const
    const key = utf8('key 7')
    const nonexist = { is: 'nonexist', proof: tree.nonexist(key) } as const
    const of = (at: Uint8Array, held: Uint8Array | null, proof: Ics23.CommitmentProof.CommitmentProof) =>
      CommitmentProof.verify(tree.root, tree.spec, { key: at, value: held }, proof)
    expect(value(of(KEY, VALUE, exist))).toEqual(VALUE)
    expect(value(of(key, null, nonexist))).toBe(null)
    expect(check(of(KEY, null, exist))).toBe('ics23-kind')
    expect(check(of(key, VALUE, nonexist))).toBe('ics23-kind')
  })
})
