import type { Bytes, Verdict } from '@aitbc/core'
import * as Scale from './Scale.js'

/** What a node holds for the key that ends at it; a value of 33 bytes or more stands behind its hash in state version 1. */
export type TrieValue =
  | { readonly kind: 'inline'; readonly bytes: Bytes.Bytes }
  | { readonly kind: 'hashed'; readonly hash: Bytes.Hash32 }

/** A node of the base-16 trie (Polkadot specification, 2.4.3). */
export interface TrieNode {
  /** Part of the key, a nibble an item. */
  readonly partial: Bytes.Bytes
  readonly value: TrieValue | undefined
  /**
   * Of a branch: sixteen children, each a node of less than 32 bytes or a hash of 32; empty where a compact proof left it out.
   * A leaf has none.
   */
  readonly children: readonly (Bytes.Bytes | undefined)[] | undefined
}

/** The one node of a trie that holds nothing. */
export const EMPTY: Bytes.Bytes = /* @__PURE__ */ Uint8Array.of(0)

/** Most nibbles of a partial key. */
const MAX_PARTIAL = 0xffff
const HASH = /* @__PURE__ */ Scale.fixed(32)

/** The four forms of a first byte: its fixed bits, how many bits of length follow, and what comes after the partial key. */
const FORMS = [
  { prefix: 0b0100_0000, bits: 6, branch: false, value: 'inline' },
  { prefix: 0b1000_0000, bits: 6, branch: true, value: undefined },
  { prefix: 0b1100_0000, bits: 6, branch: true, value: 'inline' },
  { prefix: 0b0010_0000, bits: 5, branch: false, value: 'hashed' },
  { prefix: 0b0001_0000, bits: 4, branch: true, value: 'hashed' },
] as const

/**
 * Reads the one encoding of a node that isn't empty.
 *
 * Refusals: `trie-header` (no such form), `trie-partial` (padding that isn't zero, or a key that no trie has), `trie-branch` (a
 * branch that should be a leaf, or part of its child), `trie-child` (neither a hash nor a short node), and those of `Scale.decode`.
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<TrieNode> {
  return Scale.decode(FULL, bytes)
}

/** Reads a node of a compact proof, where an empty child stands for the node that follows. Refusals: those of {@link decode}. */
export function decodeCompact(bytes: Bytes.Bytes): Verdict.Verdict<TrieNode> {
  return Scale.decode(COMPACT, bytes)
}

/** Writes a node. */
export function encode(node: TrieNode): Bytes.Bytes {
  return Scale.encode(FULL, node)
}

/**
 * A key as the nibbles of its path.
 *
 * @example
 * import { TrieNode } from '@aitbc/proofs/substrate'
 * TrieNode.nibbles(Uint8Array.of(0x12)) // Uint8Array [1, 2]
 */
export function nibbles(key: Bytes.Bytes): Bytes.Bytes {
  const out = new Uint8Array(key.length * 2)
  for (let i = 0; i < out.length; i++) {
    const byte = key[i >> 1] as number
    out[i] = (i & 1) === 0 ? byte >> 4 : byte & 15
  }
  return out
}

const FULL = /* @__PURE__ */ typeOf(1)
const COMPACT = /* @__PURE__ */ typeOf(0)

function typeOf(leastChild: 0 | 1): Scale.Type<TrieNode> {
  return {
    least: 1,
    read: (reader) => {
      const first = Scale.byte.read(reader)
      const form = FORMS.find(({ prefix, bits }) => first >> bits === prefix >> bits)
      if (form === undefined) {
        Scale.refuse(reader, 'trie-header', `no node starts with ${first}`)
        return undefined as unknown as TrieNode
      }
      const partial = readPartial(reader, first & ((1 << form.bits) - 1), (1 << form.bits) - 1)
      const present = form.branch ? readBitmap(reader) : 0
      const value = readValue(reader, form.value)
      if (!form.branch) return { partial, value, children: undefined }
      const children: (Bytes.Bytes | undefined)[] = []
      let count = 0
      for (let i = 0; i < 16; i++) {
        if ((present & (1 << i)) === 0) {
          children.push(undefined)
          continue
        }
        count++
        const child = Scale.bytes.read(reader)
        if (child.length < leastChild || child.length > 32)
          Scale.refuse(reader, 'trie-child', `a child of ${child.length} bytes`)
        children.push(child)
      }
      if (count < (value === undefined ? 2 : 1))
        Scale.refuse(reader, 'trie-branch', `a branch with ${count} children`)
      return { partial, value, children }
    },
    write: ({ partial, value, children }, out) => {
      const form = FORMS.find((it) => it.value === value?.kind && it.branch === (children !== undefined))
      const { prefix, bits } = form as (typeof FORMS)[number]
      writePartial(prefix, (1 << bits) - 1, partial, out)
      if (children !== undefined) {
        const present = children.reduce((bits, child, i) => (child === undefined ? bits : bits | (1 << i)), 0)
        out.push(Uint8Array.of(present & 0xff, present >> 8))
      }
      if (value?.kind === 'inline') Scale.bytes.write(value.bytes, out)
      else if (value !== undefined) out.push(value.hash)
      for (const child of children ?? []) if (child !== undefined) Scale.bytes.write(child, out)
    },
  }
}

function readValue(reader: Scale.Reader, kind: TrieValue['kind'] | undefined): TrieValue | undefined {
  if (kind === undefined) return undefined
  return kind === 'inline' ? { kind, bytes: Scale.bytes.read(reader) } : { kind, hash: HASH.read(reader) }
}

function readBitmap(reader: Scale.Reader): number {
  const low = Scale.byte.read(reader)
  return low | (Scale.byte.read(reader) << 8)
}

function readPartial(reader: Scale.Reader, short: number, most: number): Bytes.Bytes {
  let length = short
  for (let more = short === most; more; ) {
    // 0 after a refusal.
    const next = Scale.byte.read(reader)
    length += next
    more = next === 255
    if (length > MAX_PARTIAL)
      Scale.refuse(reader, 'trie-partial', `a partial key of ${length} nibbles or more`)
  }
  const all = nibbles(Scale.take(reader, (length + 1) >> 1))
  if (length % 2 === 0) return all
  if (all[0] !== 0) Scale.refuse(reader, 'trie-partial', 'the padding is not zero')
  return all.subarray(1)
}

function writePartial(prefix: number, most: number, partial: Bytes.Bytes, out: Bytes.Bytes[]): void {
  const head = [prefix | Math.min(partial.length, most)]
  if (partial.length >= most) {
    let rest = partial.length - most
    for (; rest >= 255; rest -= 255) head.push(255)
    head.push(rest)
  }
  const odd = partial.length % 2
  const packed = new Uint8Array((partial.length + odd) / 2)
  for (let i = 0; i < partial.length; i++) {
    const at = i + odd
    packed[at >> 1] = (packed[at >> 1] as number) | ((partial[i] as number) << (at % 2 === 0 ? 4 : 0))
  }
  out.push(Uint8Array.from(head), packed)
}
