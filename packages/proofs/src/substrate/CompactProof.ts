import { Bytes, Verdict } from '@aitbc/core'
import * as Hasher from './Hasher.js'
import * as TrieNode from './TrieNode.js'
import * as TrieProof from './TrieProof.js'

/** First byte before a node whose value follows as an item of its own. */
const ESCAPE = 1

interface Frame {
  readonly node: TrieNode.TrieNode
  readonly value: TrieNode.TrieValue | undefined
  readonly children: (Bytes.Bytes | undefined)[] | undefined
  next: number
}

/**
 * Restores the nodes of a compact proof (`sp_trie::CompactProof`): nodes in pre-order without the hashes of those that follow, a
 * value behind a hash right after its node, child tries after the top trie. The result is what `TrieProof.verify` takes.
 *
 * Refusals: `compact-empty`, `compact-truncated` (a node or value that was left out doesn't follow), `compact-value` (a left-out
 * value that doesn't belong there), `compact-inline` (a left-out node is too short to have a hash), `compact-root` (not the trie of
 * `root`), and those of `TrieNode.decode`.
 *
 * @example
 * import { CompactProof, Hasher, TrieNode } from '@aitbc/proofs/substrate'
 * CompactProof.expand(Hasher.blake2b256(TrieNode.EMPTY), [TrieNode.EMPTY]).ok // true
 */
export function expand(
  root: Bytes.Hash32,
  proof: readonly Bytes.Bytes[],
  hasher: Hasher.Hasher = Hasher.blake2b256,
): Verdict.Verdict<readonly Bytes.Bytes[]> {
  // Equal parts of a trie come once each in a compact proof, and once in all in its nodes.
  const nodes = new Map<string, Bytes.Bytes>()
  const keep = (bytes: Bytes.Bytes): Bytes.Hash32 => {
    const hash = hasher(bytes)
    nodes.set(Bytes.toHex(hash), bytes)
    return hash
  }
  const frames: Frame[] = []
  /** Whether the trie itself is whole; whatever follows is of tries in its values. */
  let found = false
  let at = 0
  const settle = (full: Bytes.Bytes): Verdict.Verdict<null> => {
    const parent = frames[frames.length - 1]
    if (parent !== undefined && full.length < 32)
      return Verdict.refuse('compact-inline', `a node of ${full.length} bytes stands in its parent`)
    const hash = keep(full)
    if (parent !== undefined) (parent.children as (Bytes.Bytes | undefined)[])[parent.next] = hash
    else if (!found && !Bytes.equal(hash, root))
      return Verdict.refuse('compact-root', 'the nodes are of another trie')
    else found = true
    return Verdict.accept(null)
  }
  while (at < proof.length || frames.length > 0) {
    const frame = frames[frames.length - 1]
    if (frame !== undefined) {
      const { children } = frame
      while (children !== undefined && frame.next < 16 && children[frame.next]?.length !== 0) frame.next++
      if (children === undefined || frame.next === 16) {
        frames.pop()
        const done = settle(TrieNode.encode({ partial: frame.node.partial, value: frame.value, children }))
        if (!done.ok) return done
        continue
      }
    }
    const item = proof[at++]
    if (item === undefined) return Verdict.refuse('compact-truncated', `node ${at - 1} is missing`)
    if (frame === undefined && Bytes.equal(item, TrieNode.EMPTY)) {
      const done = settle(item)
      if (!done.ok) return done
      continue
    }
    const escaped = item[0] === ESCAPE
    const decoded = TrieNode.decodeCompact(escaped ? item.subarray(1) : item)
    if (!decoded.ok) return decoded
    const node = decoded.value
    let { value } = node
    if (escaped) {
      const detached = proof[at++]
      if (detached === undefined) return Verdict.refuse('compact-truncated', `value ${at - 1} is missing`)
      if (value?.kind !== 'inline' || value.bytes.length !== 0 || detached.length < 33)
        return Verdict.refuse('compact-value', `the value after node ${at - 2} has no place there`)
      value = { kind: 'hashed', hash: keep(detached) }
    }
    frames.push({ node, value, children: node.children?.slice(), next: 0 })
  }
  return found
    ? Verdict.accept(TrieProof.of([...nodes.values()]))
    : Verdict.refuse('compact-empty', 'there is no node')
}
