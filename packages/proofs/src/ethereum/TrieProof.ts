import { Bytes, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as Rlp from './Rlp.js'

/** Root of a trie that holds nothing: keccak-256 of the empty string's RLP. */
export const EMPTY_ROOT: Bytes.Hash32 = /* @__PURE__ */ keccak_256(/* @__PURE__ */ Uint8Array.of(0x80))

/**
 * Decides what a Merkle Patricia trie (yellow paper, appendix D) holds at a path: the value, or `null` where it is proved
 * that there is none. `key` is the path as the trie has it: hashed already for state and storage.
 *
 * `proof` is the nodes from the root down that have a hash of their own: all of them, no others, each used. An empty trie's
 * proof has no node.
 *
 * Refusals: `trie-root-zero` (A52), `trie-empty` (no nodes, and the trie isn't empty), `trie-root`, `trie-node-hash`, `trie-node-short` (a node below 32 bytes
 * stands in its parent), `trie-inline` (one of 32 or more doesn't), `trie-truncated`, `trie-extra` (unused nodes), `trie-node`
 * (neither of 2 nor of 17 items), `trie-path` (not the one hex-prefix form), `trie-extension` (no path, or no branch below),
 * `trie-child`, `trie-value`, and those of `Rlp.decode`.
 *
 * @example
 * import { TrieProof } from '@aitbc/proofs/ethereum'
 * TrieProof.verify(TrieProof.EMPTY_ROOT, Uint8Array.of(1), []) // { ok: true, value: null }
 */
export function verify(
  root: Bytes.Hash32,
  key: Bytes.Bytes,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<Bytes.Bytes | null> {
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('trie-root-zero', 'a zero root is no root')
  const first = proof[0]
  if (first === undefined)
    return Bytes.equal(root, EMPTY_ROOT)
      ? Verdict.accept(null)
      : Verdict.refuse('trie-empty', 'no node is given, and the trie is not empty')
  if (!Bytes.equal(keccak_256(first), root))
    return Verdict.refuse('trie-root', "the first node isn't the root", { index: 0 })

  const total = key.length * 2
  let used = 1
  let nibble = 0
  let bytes = first
  let at = 0
  let limit = first.length
  let belowExtension = false

  for (;;) {
    const node = items(bytes, at, limit)
    if (!node.ok) return node
    const { spans } = node.value
    let child: Rlp.Span
    if (spans.length === 17) {
      belowExtension = false
      if (nibble === total) {
        const value = spans[16] as Rlp.Span
        if (value.list) return Verdict.refuse('trie-value', "a branch's value is a list")
        return finish(value.start === value.end ? null : bytes.slice(value.start, value.end), used, proof)
      }
      child = spans[nibbleAt(key, nibble)] as Rlp.Span
      nibble++
      if (!child.list && child.start === child.end) return finish(null, used, proof)
    } else {
      if (belowExtension) return Verdict.refuse('trie-extension', 'below an extension stands no branch')
      const [path, payload] = spans as [Rlp.Span, Rlp.Span]
      const flag = path.list || path.start === path.end ? 0xff : (bytes[path.start] as number)
      const odd = (flag & 0x10) !== 0
      if (flag > 0x3f || (!odd && (flag & 0x0f) !== 0))
        return Verdict.refuse('trie-path', `a path starts with ${flag}, not with a hex prefix`)
      const length = (path.end - path.start) * 2 - (odd ? 1 : 2)
      const offset = path.start * 2 + (odd ? 1 : 2)
      let same = length <= total - nibble
      for (let i = 0; i < length && same; i++)
        same = nibbleAt(bytes, offset + i) === nibbleAt(key, nibble + i)
      if ((flag & 0x20) !== 0) {
        if (payload.list || payload.start === payload.end)
          return Verdict.refuse('trie-value', 'a leaf holds a list, or nothing')
        const here = same && length === total - nibble
        return finish(here ? bytes.slice(payload.start, payload.end) : null, used, proof)
      }
      if (length === 0) return Verdict.refuse('trie-extension', 'an extension has an empty path')
      child = payload
      if (!child.list && child.end - child.start !== 32)
        return Verdict.refuse('trie-child', 'an extension leads nowhere')
      if (!same) return finish(null, used, proof)
      belowExtension = true
      nibble += length
    }
    if (child.list) {
      // A list's header is one byte here: what is longer than 55 bytes is too long anyway.
      const start = child.start - 1
      if (child.end - start >= 32)
        return Verdict.refuse('trie-inline', `a node of ${child.end - start} bytes stands in its parent`)
      at = start
      limit = child.end
      continue
    }
    if (child.end - child.start !== 32)
      return Verdict.refuse('trie-child', `a reference of ${child.end - child.start} bytes`)
    const next = proof[used]
    if (next === undefined)
      return Verdict.refuse('trie-truncated', `node ${used} is missing`, { index: used })
    if (next.length < 32)
      return Verdict.refuse(
        'trie-node-short',
        `node ${used} has ${next.length} bytes: it stands in its parent`,
        {
          index: used,
        },
      )
    if (!Bytes.equal(keccak_256(next), bytes.subarray(child.start, child.end)))
      return Verdict.refuse('trie-node-hash', `node ${used} is not the one its parent names`, { index: used })
    bytes = next
    at = 0
    limit = next.length
    used++
  }
}

function finish(
  value: Bytes.Bytes | null,
  used: number,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<Bytes.Bytes | null> {
  return used === proof.length
    ? Verdict.accept(value)
    : Verdict.refuse('trie-extra', `${proof.length - used} nodes are unused`, { index: used })
}

function items(
  bytes: Bytes.Bytes,
  at: number,
  limit: number,
): Verdict.Verdict<{ readonly spans: readonly Rlp.Span[] }> {
  const node = Rlp.span(bytes, at, limit)
  if (!node.ok) return node
  const { list, start, end } = node.value
  if (end !== limit) return Verdict.refuse('rlp-trailing', `${limit - end} bytes after a node`)
  const spans: Rlp.Span[] = []
  for (let next = start; list && next < end && spans.length < 18; ) {
    const item = Rlp.span(bytes, next, end)
    if (!item.ok) return item
    spans.push(item.value)
    next = item.value.end
  }
  if (spans.length !== 2 && spans.length !== 17)
    return Verdict.refuse('trie-node', `a node has 2 or 17 items, got ${list ? spans.length : 'a string'}`)
  return Verdict.accept({ spans })
}

function nibbleAt(bytes: Bytes.Bytes, index: number): number {
  const byte = bytes[index >> 1] as number
  return (index & 1) === 0 ? byte >> 4 : byte & 15
}
