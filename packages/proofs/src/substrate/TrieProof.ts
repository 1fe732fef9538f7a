import { Bytes, Verdict } from '@aitbc/core'
import * as Hasher from './Hasher.js'
import * as Scale from './Scale.js'
import * as StorageKey from './StorageKey.js'
import * as TrieNode from './TrieNode.js'

/** How a state's trie is made. */
export interface Options {
  /** BLAKE2b-256 unless told. */
  readonly hasher?: Hasher.Hasher
  /**
   * 0: every value stands in its node; 1: those of 33 bytes and more behind their hash. Unless told, both: a chain moves to
   * version 1 a few keys a block.
   */
  readonly version?: 0 | 1
}

/** A value, or `null` where it is proved that there is none. */
export type Found = Bytes.Bytes | null

/** How a proof is sent (`StorageProof`, `CompactProof`): nodes, each behind its length. */
export const type: Scale.Type<readonly Bytes.Bytes[]> = /* @__PURE__ */ Scale.list(Scale.bytes)

/** Values shorter than this stand in their node. */
const LEAST_HASHED = 33

interface Nodes {
  readonly byHash: Map<string, Bytes.Bytes>
  readonly used: Set<string>
  readonly options: Options
}

/**
 * Puts the nodes that someone sent into the one form of a proof: each once, in the order of their bytes, which is that of
 * `StorageProof` in Substrate today.
 *
 * @example
 * import { TrieProof } from '@aitbc/proofs/substrate'
 * TrieProof.of([Uint8Array.of(2), Uint8Array.of(1), Uint8Array.of(2)]) // [Uint8Array [1], Uint8Array [2]]
 */
export function of(nodes: readonly Bytes.Bytes[]): readonly Bytes.Bytes[] {
  const sorted = nodes.toSorted(compare)
  return sorted.filter((node, i) => i === 0 || compare(sorted[i - 1] as Bytes.Bytes, node) !== 0)
}

/**
 * Decides what a Substrate trie (Polkadot specification, 2.4) holds for some keys, in their order.
 *
 * `proof` is the nodes on the way to them that have a hash of their own, and the values behind a hash; all of them, once, in the
 * order of their bytes, and no others: one proof for one answer ({@link of} makes it of what a node sends). Where one is missing
 * nothing is said: a value's absence is proved by nodes, never by their lack.
 *
 * Refusals: `trie-root-zero` (A52), `trie-keys` (nothing is asked), `trie-duplicate`, `trie-order`, `trie-root` (no node is the
 * root), `trie-incomplete`, `trie-node-short` (a node below 32 bytes stands in its parent), `trie-value-short` (a value below 33 bytes
 * stands in its node), `trie-version` (not as the given state version has it), `trie-unused`, and those of `TrieNode.decode`.
 *
 * @example
 * import { Hasher, TrieNode, TrieProof } from '@aitbc/proofs/substrate'
 * const root = Hasher.blake2b256(TrieNode.EMPTY)
 * TrieProof.verify(root, [Uint8Array.of(1)], [TrieNode.EMPTY]) // { ok: true, value: [null] }
 */
export function verify(
  root: Bytes.Hash32,
  keys: readonly Bytes.Bytes[],
  proof: readonly Bytes.Bytes[],
  options: Options = {},
): Verdict.Verdict<readonly Found[]> {
  const nodes = collect(proof, options)
  if (!nodes.ok) return nodes
  const found = readAll(nodes.value, root, keys)
  return found.ok ? finish(nodes.value, found.value) : found
}

/**
 * Decides what a child trie holds for some keys; `null` for each where the child trie itself is proved not to exist. The proof has
 * the nodes of the top trie to the child's root, and those of the child.
 *
 * Refusals: `trie-child-root` (what stands in the top trie is no root), and those of {@link verify}.
 */
export function verifyChild(
  root: Bytes.Hash32,
  id: Bytes.Bytes,
  keys: readonly Bytes.Bytes[],
  proof: readonly Bytes.Bytes[],
  options: Options = {},
): Verdict.Verdict<readonly Found[]> {
  const nodes = collect(proof, options)
  if (!nodes.ok) return nodes
  if (keys.length === 0) return Verdict.refuse('trie-keys', 'no key is asked for')
  const top = readAll(nodes.value, root, [StorageKey.childRoot(id)])
  if (!top.ok) return top
  const child = top.value[0] as Found
  if (child === null)
    return finish(
      nodes.value,
      keys.map(() => null),
    )
  if (child.length !== 32)
    return Verdict.refuse('trie-child-root', `a root has 32 bytes, got ${child.length}`)
  const found = readAll(nodes.value, child, keys)
  return found.ok ? finish(nodes.value, found.value) : found
}

function collect(proof: readonly Bytes.Bytes[], options: Options): Verdict.Verdict<Nodes> {
  const { hasher = Hasher.blake2b256 } = options
  const byHash = new Map<string, Bytes.Bytes>()
  let previous: Bytes.Bytes | undefined
  for (const [index, node] of proof.entries()) {
    const order = previous === undefined ? -1 : compare(previous, node)
    if (order === 0) return Verdict.refuse('trie-duplicate', `node ${index} came before`, { index })
    if (order > 0) return Verdict.refuse('trie-order', `node ${index} stands after a larger one`, { index })
    previous = node
    byHash.set(Bytes.toHex(hasher(node)), node)
  }
  return Verdict.accept({ byHash, used: new Set<string>(), options })
}

function finish(nodes: Nodes, found: readonly Found[]): Verdict.Verdict<readonly Found[]> {
  const unused = nodes.byHash.size - nodes.used.size
  return unused === 0
    ? Verdict.accept(found)
    : Verdict.refuse('trie-unused', `${unused} nodes are unused`, { unused })
}

function readAll(
  nodes: Nodes,
  root: Bytes.Hash32,
  keys: readonly Bytes.Bytes[],
): Verdict.Verdict<readonly Found[]> {
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('trie-root-zero', 'a zero root is no root')
  if (keys.length === 0) return Verdict.refuse('trie-keys', 'no key is asked for')
  const top = take(nodes, root)
  if (top === undefined) return Verdict.refuse('trie-root', 'no node is the root')
  const found: Found[] = []
  for (const key of keys) {
    const value = read(nodes, top, TrieNode.nibbles(key))
    if (!value.ok) return value
    found.push(value.value)
  }
  return Verdict.accept(found)
}

function read(nodes: Nodes, root: Bytes.Bytes, path: Bytes.Bytes): Verdict.Verdict<Found> {
  if (Bytes.equal(root, TrieNode.EMPTY)) return Verdict.accept(null)
  let encoded = root
  let at = 0
  for (;;) {
    const decoded = TrieNode.decode(encoded)
    if (!decoded.ok) return decoded
    const node = decoded.value
    const { length } = node.partial
    // Beyond the key's end stands no nibble: what is longer than the rest of the key differs from it.
    for (let i = 0; i < length; i++) if (node.partial[i] !== path[at + i]) return Verdict.accept(null)
    at += length
    if (at === path.length) return valueAt(nodes, node)
    const child = node.children?.[path[at] as number]
    if (child === undefined) return Verdict.accept(null)
    at++
    encoded = child
    if (child.length < 32) continue
    const next = take(nodes, child)
    if (next === undefined)
      return Verdict.refuse('trie-incomplete', `the node below nibble ${at} is missing`, { nibble: at })
    if (next.length < 32)
      return Verdict.refuse('trie-node-short', `a node of ${next.length} bytes stands in its parent`)
    encoded = next
  }
}

function valueAt(nodes: Nodes, { value }: TrieNode.TrieNode): Verdict.Verdict<Found> {
  if (value === undefined) return Verdict.accept(null)
  const { version } = nodes.options
  if (value.kind === 'inline')
    return version === 1 && value.bytes.length >= LEAST_HASHED
      ? Verdict.refuse('trie-version', `a value of ${value.bytes.length} bytes stands in its node`)
      : Verdict.accept(value.bytes)
  if (version === 0) return Verdict.refuse('trie-version', 'a value stands behind its hash')
  const bytes = take(nodes, value.hash)
  if (bytes === undefined) return Verdict.refuse('trie-incomplete', 'the value behind its hash is missing')
  return bytes.length < LEAST_HASHED
    ? Verdict.refuse('trie-value-short', `a value of ${bytes.length} bytes stands in its node`)
    : Verdict.accept(Bytes.copy(bytes))
}

function take(nodes: Nodes, hash: Bytes.Hash32): Bytes.Bytes | undefined {
  const name = Bytes.toHex(hash)
  // Where it is missing, the proof is refused before anybody counts.
  nodes.used.add(name)
  return nodes.byHash.get(name)
}

function compare(a: Bytes.Bytes, b: Bytes.Bytes): number {
  for (let i = 0; i < a.length && i < b.length; i++)
    if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return a.length - b.length
}
