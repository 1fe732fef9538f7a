import { Bytes, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Hashing } from '../engine/Hashing.js'
import * as Rlp from './Rlp.js'

export interface Options {
  /** What hashes the nodes, all in one call; noble, one by one, unless told. */
  readonly hashing?: Pick<Hashing, 'keccakMany'>
}

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
  { hashing }: Options = {},
): Verdict.Verdict<Bytes.Bytes | null> {
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('trie-root-zero', 'a zero root is no root')
  const first = proof[0]
  if (first === undefined)
    return Bytes.equal(root, EMPTY_ROOT)
      ? Verdict.accept(null)
      : Verdict.refuse('trie-empty', 'no node is given, and the trie is not empty')
  const hashes = hashing?.keccakMany(proof)
  const isHash = (index: number, bytes: Bytes.Bytes, start: number): boolean => {
    const hash = hashes ?? keccak_256(proof[index] as Bytes.Bytes)
    const from = hashes === undefined ? 0 : 32 * index
    let same = true
    for (let i = 0; i < 32; i++) same &&= hash[from + i] === bytes[start + i]
    return same
  }
  if (!isHash(0, root, 0)) return Verdict.refuse('trie-root', "the first node isn't the root", { index: 0 })

  const total = key.length * 2
  let used = 1
  let nibble = 0
  let bytes = first
  let at = 0
  let limit = first.length
  let belowExtension = false

  for (;;) {
    let child: number
    const count = read(bytes, at, limit)
    if (typeof count !== 'number') return count
    if (count === 17) {
      belowExtension = false
      if (nibble === total) {
        if (LIST[16] === 1) return Verdict.refuse('trie-value', "a branch's value is a list")
        return finish(slice(bytes, 16), used, proof)
      }
      child = nibbleAt(key, nibble)
      nibble++
      if (isEmpty(child)) return finish(null, used, proof)
    } else {
      if (belowExtension) return Verdict.refuse('trie-extension', 'below an extension stands no branch')
      const start = START[0] as number
      const end = END[0] as number
      const flag = LIST[0] === 1 || start === end ? 0xff : (bytes[start] as number)
      const odd = (flag & 0x10) !== 0
      if (flag > 0x3f || (!odd && (flag & 0x0f) !== 0))
        return Verdict.refuse('trie-path', `a path starts with ${flag}, not with a hex prefix`)
      const length = (end - start) * 2 - (odd ? 1 : 2)
      const offset = start * 2 + (odd ? 1 : 2)
      let same = length <= total - nibble
      for (let i = 0; i < length && same; i++)
        same = nibbleAt(bytes, offset + i) === nibbleAt(key, nibble + i)
      child = 1
      if ((flag & 0x20) !== 0) {
        if (LIST[1] === 1 || isEmpty(1))
          return Verdict.refuse('trie-value', 'a leaf holds a list, or nothing')
        const here = same && length === total - nibble
        return finish(here ? slice(bytes, 1) : null, used, proof)
      }
      if (length === 0) return Verdict.refuse('trie-extension', 'an extension has an empty path')
      if (LIST[1] === 0 && (END[1] as number) - (START[1] as number) !== 32)
        return Verdict.refuse('trie-child', 'an extension leads nowhere')
      if (!same) return finish(null, used, proof)
      belowExtension = true
      nibble += length
    }
    const from = START[child] as number
    const to = END[child] as number
    if (LIST[child] === 1) {
      // A list's header is one byte here: what is longer than 55 bytes is too long anyway.
      at = from - 1
      limit = to
      if (to - at >= 32)
        return Verdict.refuse('trie-inline', `a node of ${to - at} bytes stands in its parent`)
      continue
    }
    if (to - from !== 32) return Verdict.refuse('trie-child', `a reference of ${to - from} bytes`)
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
    if (!isHash(used, bytes, from))
      return Verdict.refuse('trie-node-hash', `node ${used} is not the one its parent names`, { index: used })
    bytes = next
    at = 0
    limit = next.length
    used++
  }
}

/** Where the items of the node read last lie: whether each is a list, its payload's first byte and the byte after it. */
const LIST = /* @__PURE__ */ new Uint8Array(18)
const START = /* @__PURE__ */ new Float64Array(18)
const END = /* @__PURE__ */ new Float64Array(18)

/** Reads a node's items into these and gives their number, without a copy and without an object each. */
function read(bytes: Bytes.Bytes, at: number, limit: number): 2 | 17 | Verdict.Verdict<never> {
  const node = Rlp.span(bytes, at, limit)
  if (!node.ok) return node
  const { list, start, end } = node.value
  if (end !== limit) return Verdict.refuse('rlp-trailing', `${limit - end} bytes after a node`)
  let count = 0
  for (let next = start; list && next < end && count < 18; count++) {
    const first = bytes[next] as number
    if (first <= 0xa0 && first !== 0x81 && next + first - 0x80 < end) {
      // A hash, an empty string or another short one: most of all items.
      LIST[count] = 0
      START[count] = first < 0x80 ? next : next + 1
      next += first < 0x80 ? 1 : first - 0x7f
      END[count] = next
      continue
    }
    const item = Rlp.span(bytes, next, end)
    if (!item.ok) return item
    LIST[count] = item.value.list ? 1 : 0
    START[count] = item.value.start
    next = item.value.end
    END[count] = next
  }
  if (count === 2 || count === 17) return count
  return Verdict.refuse('trie-node', `a node has 2 or 17 items, got ${list ? count : 'a string'}`)
}

function isEmpty(item: number): boolean {
  return LIST[item] === 0 && START[item] === END[item]
}

function slice(bytes: Bytes.Bytes, item: number): Bytes.Bytes | null {
  return isEmpty(item) ? null : Bytes.copy(bytes.subarray(START[item] as number, END[item] as number))
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

function nibbleAt(bytes: Bytes.Bytes, index: number): number {
  const byte = bytes[index >> 1] as number
  return (index & 1) === 0 ? byte >> 4 : byte & 15
}
