import { Ics23 } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, hex } from '../helpers.js'

type Kind = 'iavl' | 'tendermint' | 'smt'

export interface Tree {
  readonly spec: Ics23.ProofSpec.ProofSpec
  readonly root: Uint8Array
  exist(key: Uint8Array): Ics23.ExistenceProof.ExistenceProof
  nonexist(key: Uint8Array): Ics23.NonExistenceProof.NonExistenceProof
}

interface Leaf {
  readonly order: Uint8Array
  readonly key: Uint8Array
  readonly value: Uint8Array
}

interface Node {
  readonly hash: Uint8Array
  readonly height: number
  readonly size: number
  /** From each leaf up to here. */
  readonly paths: readonly Ics23.InnerOp.InnerOp[][]
}

const NONE = new Uint8Array(0)
const VERSION = 300

/** A small unsigned number as a zigzag varint. */
export function zigzag(value: number): Uint8Array {
  const out: number[] = []
  let rest = value * 2
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) + 128)
  return Uint8Array.of(...out, rest)
}

/** A tree that holds entries, with the proofs that its chain's software would give. */
export function treeOf(kind: Kind, entries: readonly (readonly [Uint8Array, Uint8Array])[]): Tree {
  const spec = Ics23.ProofSpec[kind]
  const orderOf = (key: Uint8Array) => (kind === 'smt' ? sha256(key) : key)
  const leaves = entries
    .map(([key, value]): Leaf => ({ key, value, order: orderOf(key) }))
    .sort((a, b) => (hex(a.order) < hex(b.order) ? -1 : 1))
  const prefix = kind === 'iavl' ? concat(zigzag(0), zigzag(1), zigzag(VERSION)) : Uint8Array.of(0)
  const leafOp = { ...spec.leafSpec, prefix }
  const leafNode = ({ key, value }: Leaf): Node => {
    const hash = Ics23.LeafOp.apply(leafOp, key, value, { marks: true })
    if (!hash.ok) throw new Error(hash.refusal.message)
    return { hash: hash.value, height: 0, size: 1, paths: [[]] }
  }
  const join = (left: Node, right: Node): Node => {
    const height = Math.max(left.height, right.height) + 1
    const size = left.size + right.size
    const iavl = kind === 'iavl'
    const head = iavl ? concat(zigzag(height), zigzag(size), zigzag(VERSION)) : Uint8Array.of(1)
    const length = iavl ? Uint8Array.of(32) : NONE
    const up = (before: Uint8Array, after: Uint8Array) => (path: readonly Ics23.InnerOp.InnerOp[]) => [
      ...path,
      { hash: 'sha256' as const, prefix: before, suffix: after },
    ]
    return {
      hash: sha256(concat(head, length, left.hash, length, right.hash)),
      height,
      size,
      paths: [
        ...left.paths.map(up(concat(head, length), concat(length, right.hash))),
        ...right.paths.map(up(concat(head, length, left.hash, length), NONE)),
      ],
    }
  }
  const build = (part: readonly Leaf[], depth: number): Node => {
    const [first] = part
    if (first === undefined) return { hash: new Uint8Array(32), height: 0, size: 0, paths: [] }
    if (part.length === 1) return leafNode(first)
    if (kind === 'smt') {
      const bit = ({ order }: Leaf) => ((order[depth >> 3] as number) >> (7 - (depth & 7))) & 1
      const halves = [0, 1].map((side) =>
        build(
          part.filter((leaf) => bit(leaf) === side),
          depth + 1,
        ),
      )
      return join(halves[0] as Node, halves[1] as Node)
    }
    let split = 1
    while (split * 2 < part.length) split *= 2
    if (kind === 'iavl') split = part.length >> 1
    return join(build(part.slice(0, split), depth + 1), build(part.slice(split), depth + 1))
  }
  const { hash, paths } = build(leaves, 0)
  const at = (index: number): Ics23.ExistenceProof.ExistenceProof | undefined => {
    const leaf = leaves[index]
    if (leaf === undefined) return undefined
    return { key: leaf.key, value: leaf.value, leaf: leafOp, path: paths[index] ?? [] }
  }
  return {
    spec,
    root: hash,
    exist(key) {
      const proof = at(leaves.findIndex((leaf) => hex(leaf.key) === hex(key)))
      if (proof === undefined) throw new Error('no such key')
      return proof
    },
    nonexist(key) {
      const order = orderOf(key)
      const right = leaves.filter((leaf) => hex(leaf.order) < hex(order)).length
      return { key: order, left: at(right - 1), right: at(right) }
    },
  }
}

/** A multistore: the root of each named store under one app hash, as ICS-23 proves it. */
export function multistoreOf(stores: Readonly<Record<string, Uint8Array>>): Tree {
  const entries = Object.entries(stores).map(
    ([name, root]) => [new TextEncoder().encode(name), root] as const,
  )
  return treeOf('tendermint', entries)
}
