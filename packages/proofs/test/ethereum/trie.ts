import { Rlp, TrieProof } from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'

type Node =
  | { readonly kind: 'leaf'; readonly path: readonly number[]; readonly value: Uint8Array }
  | { readonly kind: 'extension'; readonly path: readonly number[]; readonly child: Node }
  | { readonly kind: 'branch'; readonly children: readonly (Node | undefined)[]; readonly value: Uint8Array }

/** A trie written from the yellow paper's appendix D, in the plainest way, to make proofs (and forgeries) from. */
export interface Trie {
  readonly root: Uint8Array
  /** The nodes with a hash of their own on the way to a key. */
  prove(key: Uint8Array): Uint8Array[]
}

const EMPTY = new Uint8Array(0)

export function trieOf(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Trie {
  const items = entries.map(([key, value]) => ({ path: nibblesOf(key), value }))
  const top = items.length === 0 ? undefined : build(items, 0)
  const root = top === undefined ? TrieProof.EMPTY_ROOT : keccak_256(Rlp.encode(toItem(top)))
  return {
    root,
    prove(key) {
      const proof: Uint8Array[] = []
      const path = nibblesOf(key)
      let at = 0
      for (let node = top; node !== undefined; ) {
        const encoded = Rlp.encode(toItem(node))
        if (encoded.length >= 32 || proof.length === 0) proof.push(encoded)
        if (node.kind === 'leaf') break
        if (node.kind === 'extension') {
          if (node.path.some((nibble, i) => path[at + i] !== nibble)) break
          at += node.path.length
          node = node.child
        } else {
          if (at === path.length) break
          node = node.children[path[at++] as number]
        }
      }
      return proof
    },
  }
}

export function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15])
}

/** Hex prefix (appendix C). */
export function hexPrefix(path: readonly number[], leaf: boolean): Uint8Array {
  const odd = path.length % 2
  const all = [(leaf ? 2 : 0) + odd, ...(odd === 1 ? [] : [0]), ...path]
  return Uint8Array.from(
    { length: all.length / 2 },
    (_, i) => (all[2 * i] as number) * 16 + (all[2 * i + 1] as number),
  )
}

function build(items: readonly { path: readonly number[]; value: Uint8Array }[], at: number): Node {
  const [first] = items as [(typeof items)[number]]
  if (items.length === 1) return { kind: 'leaf', path: first.path.slice(at), value: first.value }
  let end = at
  while (items.every(({ path }) => path.length > end && path[end] === first.path[end])) end++
  if (end > at) return { kind: 'extension', path: first.path.slice(at, end), child: build(items, end) }
  const children = Array.from({ length: 16 }, (_, nibble) => {
    const below = items.filter(({ path }) => path[at] === nibble)
    return below.length === 0 ? undefined : build(below, at + 1)
  })
  return { kind: 'branch', children, value: items.find(({ path }) => path.length === at)?.value ?? EMPTY }
}

function toItem(node: Node): Rlp.Item {
  if (node.kind === 'leaf') return [hexPrefix(node.path, true), node.value]
  if (node.kind === 'extension') return [hexPrefix(node.path, false), reference(node.child)]
  return [...node.children.map((child) => (child === undefined ? EMPTY : reference(child))), node.value]
}

/** Nodes never change, so neither do their references. */
const references = new WeakMap<Node, Rlp.Item>()

function reference(node: Node): Rlp.Item {
  const known = references.get(node)
  if (known !== undefined) return known
  const item = toItem(node)
  const encoded = Rlp.encode(item)
  const made = encoded.length < 32 ? item : keccak_256(encoded)
  references.set(node, made)
  return made
}
