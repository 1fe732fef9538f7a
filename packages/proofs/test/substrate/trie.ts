import { Bytes } from '@aitbc/core'
import { Hasher, TrieNode, TrieProof } from '@aitbc/proofs/substrate'

/** A trie that a test builds: what the verifier judges comes from here. */
export interface Trie {
  readonly root: Uint8Array
  /** The nodes and values that a proof of these keys needs. */
  prove(...keys: readonly Uint8Array[]): readonly Uint8Array[]
  /** The same as a compact proof. */
  compact(...keys: readonly Uint8Array[]): Uint8Array[]
}

interface Built {
  readonly node: TrieNode.TrieNode
  readonly encoded: Uint8Array
  readonly hash: Uint8Array
  readonly value: Uint8Array | undefined
  readonly below: readonly (Built | undefined)[]
}

type Entry = readonly [Uint8Array, Uint8Array]

export function trieOf(
  entries: readonly Entry[],
  version: 0 | 1 = 1,
  hasher: Hasher.Hasher = Hasher.blake2b256,
): Trie {
  const held = new Map(entries.map(([key, value]) => [Bytes.toHex(key), value]))
  const sorted = [...held].map(([key, value]) => ({ path: TrieNode.nibbles(Bytes.fromHex(key)), value }))
  const build = (list: typeof sorted, from: number): Built => {
    const [first] = list as [(typeof sorted)[number]]
    let to = from
    while (
      to < first.path.length &&
      list.every(({ path }) => to < path.length && path[to] === first.path[to])
    )
      to++
    const here = list.find(({ path }) => path.length === to)
    const value = here?.value
    const below = Array.from({ length: 16 }, (_, nibble) => {
      const under = list.filter(({ path }) => path.length > to && path[to] === nibble)
      return under.length === 0 ? undefined : build(under, to + 1)
    })
    const node: TrieNode.TrieNode = {
      partial: first.path.subarray(from, to),
      value:
        value === undefined
          ? undefined
          : version === 1 && value.length > 32
            ? { kind: 'hashed', hash: hasher(value) }
            : { kind: 'inline', bytes: value },
      children: below.some((it) => it !== undefined)
        ? below.map((it) => (it === undefined ? undefined : it.encoded.length < 32 ? it.encoded : it.hash))
        : undefined,
    }
    const encoded = TrieNode.encode(node)
    return { node, encoded, hash: hasher(encoded), value, below }
  }
  const top = sorted.length === 0 ? undefined : build(sorted, 0)
  const visited = (keys: readonly Uint8Array[]) => {
    const seen = new Set<Built>()
    const values = new Set<Built>()
    for (const key of keys) {
      const path = TrieNode.nibbles(key)
      let at = 0
      for (let it = top; it !== undefined; it = it.below[path[at++] as number]) {
        seen.add(it)
        const { partial } = it.node
        if (partial.some((nibble, i) => nibble !== path[at + i])) break
        at += partial.length
        if (at === path.length) values.add(it)
        if (at >= path.length) break
      }
    }
    return { seen, values }
  }
  return {
    root: top?.hash ?? hasher(TrieNode.EMPTY),
    prove: (...keys) => {
      if (top === undefined) return [TrieNode.EMPTY]
      const { seen, values } = visited(keys)
      return TrieProof.of(
        [...seen].flatMap((it) => [
          ...(it === top || it.encoded.length >= 32 ? [it.encoded] : []),
          ...(values.has(it) && it.node.value?.kind === 'hashed' ? [it.value as Uint8Array] : []),
        ]),
      )
    },
    compact: (...keys) => {
      if (top === undefined) return [TrieNode.EMPTY]
      const { seen, values } = visited(keys)
      const write = (it: Built): Uint8Array[] => {
        const omitted = it.below.map(
          (child) => child !== undefined && child.encoded.length >= 32 && seen.has(child),
        )
        const detached = values.has(it) && it.node.value?.kind === 'hashed'
        const encoded = TrieNode.encode({
          partial: it.node.partial,
          value: detached ? { kind: 'inline', bytes: new Uint8Array(0) } : it.node.value,
          children: it.node.children?.map((child, i) => (omitted[i] ? new Uint8Array(0) : child)),
        })
        return [
          ...(detached ? [Bytes.concat(Uint8Array.of(1), encoded), it.value as Uint8Array] : [encoded]),
          ...it.below.flatMap((child, i) => (omitted[i] ? write(child as Built) : [])),
        ]
      }
      return write(top)
    },
  }
}
