import { Bytes, Verdict } from '@aitbc/core'
import * as Hasher from './Hasher.js'
import * as Scale from './Scale.js'

/** How a chain writes its headers. {@link POLKADOT} is what the relay chains and nearly all parachains do. */
export interface Format {
  /** Hash of a header. */
  readonly hash: Hasher.Hasher
  /** Block numbers where they have a fixed width, its `least` bytes: in votes and in authority changes. */
  readonly number: Scale.Type<bigint>
  /** What a chain appends to the five fields. */
  readonly extension?: Scale.Type<unknown>
}

/** Four letters, as bytes: `FRNK`, `BABE`, `aura`, … */
export type Engine = Bytes.Bytes

/**
 * An item of a header's digest (Polkadot specification, 3.3.1.2). A kind that nobody knows here takes the rest of the header: it
 * is kept as it came, and may only be the last.
 */
export type DigestItem =
  | { readonly kind: 'other'; readonly data: Bytes.Bytes }
  | { readonly kind: 'consensus'; readonly engine: Engine; readonly data: Bytes.Bytes }
  | { readonly kind: 'seal'; readonly engine: Engine; readonly data: Bytes.Bytes }
  | { readonly kind: 'pre-runtime'; readonly engine: Engine; readonly data: Bytes.Bytes }
  | { readonly kind: 'environment-updated' }
  | { readonly kind: 'changes-trie-root'; readonly root: Bytes.Hash32 }
  | {
      readonly kind: 'unknown'
      /** Items from this one on. */
      readonly count: number
      readonly data: Bytes.Bytes
    }

/** A block's header. */
export interface Header {
  readonly parentHash: Bytes.Hash32
  readonly number: bigint
  readonly stateRoot: Bytes.Hash32
  readonly extrinsicsRoot: Bytes.Hash32
  readonly digest: readonly DigestItem[]
  /** What {@link Format.extension} reads. */
  readonly extension?: unknown
}

/** A header with its hash, both from the same bytes. */
export interface Hashed extends Header {
  readonly hash: Bytes.Hash32
}

/** Polkadot, Kusama, their test networks and parachains. */
export const POLKADOT: Format = /* @__PURE__ */ Object.freeze({
  hash: Hasher.blake2b256,
  number: /* @__PURE__ */ Scale.uint(32),
})

const NUMBER = /* @__PURE__ */ Scale.compactOf(64)
const HASH = /* @__PURE__ */ Scale.fixed(32)
const ENGINE = /* @__PURE__ */ Scale.fixed(4)
const TAGS = { consensus: 4, seal: 5, 'pre-runtime': 6 } as const

/**
 * Reads the one encoding of a header and hashes it. A digest item of a kind that isn't known is kept, with all that follows.
 *
 * Refusals: those of `Scale.decode`.
 *
 * @example
 * import { Header } from '@aitbc/proofs/substrate'
 * Header.decode(new Uint8Array(98)).ok // true: block 0 without a digest
 */
export function decode(bytes: Bytes.Bytes, format: Format = POLKADOT): Verdict.Verdict<Hashed> {
  const header = Scale.decode(typeOf(format, 'keep'), bytes)
  return header.ok ? Verdict.accept({ ...header.value, hash: format.hash(bytes) }) : header
}

/** Writes a header. */
export function encode(header: Header, format: Format = POLKADOT): Bytes.Bytes {
  return Scale.encode(typeOf(format, 'keep'), header)
}

/** A header's hash: its number on the chain. */
export function hash(header: Header, format: Format = POLKADOT): Bytes.Hash32 {
  return format.hash(encode(header, format))
}

/**
 * How a header is read where more follows it: a digest item of unknown kind has no known end there, and is refused as
 * `digest-kind`.
 */
export function type(format: Format = POLKADOT): Scale.Type<Header> {
  return typeOf(format, 'refuse')
}

/** Tells whether an item's data is meant for a consensus engine, by its four letters. */
export function isFor(item: DigestItem, engine: string): item is DigestItem & { readonly kind: 'consensus' } {
  return item.kind === 'consensus' && item.engine.every((byte, i) => byte === engine.charCodeAt(i))
}

function typeOf(format: Format, unknown: 'keep' | 'refuse'): Scale.Type<Header> {
  const digest = digestOf(unknown)
  const { extension } = format
  return {
    least: 98,
    read: (reader) => ({
      parentHash: HASH.read(reader),
      number: NUMBER.read(reader),
      stateRoot: HASH.read(reader),
      extrinsicsRoot: HASH.read(reader),
      digest: digest.read(reader),
      ...(extension === undefined ? {} : { extension: extension.read(reader) }),
    }),
    write: (header, out) => {
      HASH.write(header.parentHash, out)
      NUMBER.write(header.number, out)
      HASH.write(header.stateRoot, out)
      HASH.write(header.extrinsicsRoot, out)
      digest.write(header.digest, out)
      extension?.write(header.extension, out)
    },
  }
}

function digestOf(unknown: 'keep' | 'refuse'): Scale.Type<readonly DigestItem[]> {
  return {
    least: 1,
    read: (reader) => {
      const length = Scale.count(reader, 1)
      const items: DigestItem[] = []
      for (let i = 0; i < length && reader.refusal === undefined; i++) {
        const start = reader.at
        const item = readItem(reader)
        if (item !== undefined) items.push(item)
        else if (unknown === 'keep') {
          reader.at = start
          const data = Bytes.copy(Scale.take(reader, reader.bytes.length - start))
          items.push({ kind: 'unknown', count: length - i, data })
          break
        } else Scale.refuse(reader, 'digest-kind', `digest item ${i} is of a kind without a known end`)
      }
      return items
    },
    write: (items, out) => {
      const last = items[items.length - 1]
      const more = last?.kind === 'unknown' ? last.count - 1 : 0
      Scale.compact.write(BigInt(items.length + more), out)
      for (const item of items) writeItem(item, out)
    },
  }
}

/** `undefined` where the kind isn't known. */
function readItem(reader: Scale.Reader): DigestItem | undefined {
  const tag = Scale.byte.read(reader)
  switch (tag) {
    case 0:
      return { kind: 'other', data: Scale.bytes.read(reader) }
    case 2:
      return { kind: 'changes-trie-root', root: HASH.read(reader) }
    case 4:
      return { kind: 'consensus', engine: ENGINE.read(reader), data: Scale.bytes.read(reader) }
    case 5:
      return { kind: 'seal', engine: ENGINE.read(reader), data: Scale.bytes.read(reader) }
    case 6:
      return { kind: 'pre-runtime', engine: ENGINE.read(reader), data: Scale.bytes.read(reader) }
    case 8:
      return { kind: 'environment-updated' }
  }
  return undefined
}

function writeItem(item: DigestItem, out: Bytes.Bytes[]): void {
  switch (item.kind) {
    case 'other':
      out.push(Uint8Array.of(0))
      Scale.bytes.write(item.data, out)
      return
    case 'changes-trie-root':
      out.push(Uint8Array.of(2), item.root)
      return
    case 'environment-updated':
      out.push(Uint8Array.of(8))
      return
    case 'unknown':
      out.push(item.data)
      return
    default:
      out.push(Uint8Array.of(TAGS[item.kind]), item.engine)
      Scale.bytes.write(item.data, out)
  }
}
