import type { Bytes } from '@aitbc/core'
import { Hasher, TrieNode, TrieProof } from '@aitbc/proofs/substrate'

interface Node {
  readonly partial: Bytes.Bytes
  readonly value: Bytes.Bytes | undefined
  readonly children: readonly (Node | undefined)[]
  readonly encoded: Bytes.Bytes
}

/** A state of a chain, version 1, with the proofs that a node gives of it. */
export interface StateTrie {
  readonly root: Bytes.Hash32
  prove(key: Bytes.Bytes): readonly Bytes.Bytes[]
}

/** The trie of some entries; each key once. */
export function stateTrie(entries: readonly (readonly [Bytes.Bytes, Bytes.Bytes])[]): StateTrie {
  const paths = entries.map(([key, value]) => ({ path: TrieNode.nibbles(key), value }))
  const top = paths.length === 0 ? undefined : nodeOf(paths, 0)
  const encoded = top?.encoded ?? TrieNode.EMPTY
  return {
    root: Hasher.blake2b256(encoded),
    prove: (key) => TrieProof.of([encoded, ...(top === undefined ? [] : below(top, TrieNode.nibbles(key)))]),
  }
}

function nodeOf(
  paths: readonly { readonly path: Bytes.Bytes; readonly value: Bytes.Bytes }[],
  from: number,
): Node {
  const first = paths[0]?.path as Bytes.Bytes
  let to = from
  while (paths.every(({ path }) => to < path.length && path[to] === first[to])) to++
  const value = paths.find(({ path }) => path.length === to)?.value
  const children = Array.from({ length: 16 }, (_, nibble) => {
    const under = paths.filter(({ path }) => path.length > to && path[to] === nibble)
    return under.length === 0 ? undefined : nodeOf(under, to + 1)
  })
  const partial = first.subarray(from, to)
  const encoded = TrieNode.encode({
    partial,
    value:
      value === undefined
        ? undefined
        : isApart(value)
          ? { kind: 'hashed', hash: Hasher.blake2b256(value) }
          : { kind: 'inline', bytes: value },
    children: children.every((child) => child === undefined)
      ? undefined
      : children.map((child) =>
          child === undefined || child.encoded.length < 32
            ? child?.encoded
            : Hasher.blake2b256(child.encoded),
        ),
  })
  return { partial, value, children, encoded }
}

/** What lies on the way to a key below a node, as far as it has a hash of its own. */
function below(node: Node, path: Bytes.Bytes): readonly Bytes.Bytes[] {
  const { length } = node.partial
  if (node.partial.some((nibble, i) => nibble !== path[i])) return []
  if (length === path.length) return node.value !== undefined && isApart(node.value) ? [node.value] : []
  const child = node.children[path[length] as number]
  if (child === undefined) return []
  return [...(child.encoded.length < 32 ? [] : [child.encoded]), ...below(child, path.slice(length + 1))]
}

/** Values of 33 bytes and more stand behind their hash. */
function isApart(value: Bytes.Bytes): boolean {
  return value.length > 32
}
