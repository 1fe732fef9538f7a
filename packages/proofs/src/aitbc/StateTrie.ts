import { Bytes, CoreErrors, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Account from './Account.js'

/** What the chain keeps of an account; the balance is base units. */
export interface AccountState {
  readonly balance: bigint
  readonly nonce: bigint
}

/** A trie with all its nodes. Its root of nothing is 32 zero bytes. */
export interface Trie {
  readonly root: Bytes.Hash32
  readonly top: Node | undefined
}

/** A node with what stands below it. */
export interface Node {
  readonly encoded: Bytes.Bytes
  readonly hash: Bytes.Hash32
  /** Nibbles of a leaf or extension. */
  readonly path: readonly number[]
  /** Of a branch by nibble, of an extension at 0. */
  readonly children: readonly (Node | undefined)[]
}

/** A node as a proof brings it. */
type Decoded =
  | { readonly kind: 'leaf'; readonly path: Bytes.Bytes; readonly value: Bytes.Bytes }
  | { readonly kind: 'extension'; readonly path: Bytes.Bytes; readonly child: Bytes.Hash32 }
  | {
      readonly kind: 'branch'
      readonly children: readonly (Bytes.Hash32 | undefined)[]
      readonly value: Bytes.Bytes | undefined
    }

const LEAF = 0x4c
const EXTENSION = 0x45
const BRANCH = 0x42

/** Longest key, in bytes; the chain's are accounts' names and hashes in hex. */
const MAX_KEY = 256
const STATE = /^(0|[1-9][0-9]{0,18}):(0|[1-9][0-9]{0,18})$/

/**
 * Builds the trie over keys and values; the last of equal keys counts. `InvalidArgument` (1013) for a key longer than 256 bytes.
 *
 * @example
 * import { StateTrie } from '@aitbc/proofs/aitbc'
 * StateTrie.from([[Uint8Array.of(0x61), Uint8Array.of(0x31)]]).root.length // 32
 */
export function from(entries: Iterable<readonly [key: Bytes.Bytes, value: Bytes.Bytes]>): Trie {
  const leaves = new Map<string, Entry>()
  for (const [key, value] of entries) {
    if (key.length > MAX_KEY)
      throw CoreErrors.InvalidArgument(`a key has up to ${MAX_KEY} bytes, got ${key.length}`, {
        argument: 'entries',
      })
    leaves.set(Bytes.toHex(key), { path: nibbles(key), value })
  }
  const top = leaves.size === 0 ? undefined : grow([...leaves.values()], 0)
  return { root: top?.hash ?? new Uint8Array(32), top }
}

/**
 * Builds the trie over accounts, as `/rpc/state/snapshot` lists them: the way to compare a whole state with a root. Refusals:
 * `state-account` (one account twice, whatever its spelling, or a number beyond 64 bits).
 */
export function fromAccounts(
  accounts: Iterable<AccountState & { readonly address: string }>,
): Verdict.Verdict<Trie> {
  const entries = new Map<string, readonly [Bytes.Bytes, Bytes.Bytes]>()
  for (const { address, balance, nonce } of accounts) {
    const name = Account.stored(address)
    const key = Account.key(address)
    if (entries.has(name) || key.length > MAX_KEY || !STATE.test(`${balance}:${nonce}`))
      return Verdict.refuse('state-account', `${name.slice(0, 80)} is there twice or can't be that`)
    entries.set(name, [key, encodeAccount({ balance, nonce })])
  }
  return Verdict.accept(from(entries.values()))
}

/** An account as the trie holds it: decimal numbers with a colon between them. */
export function encodeAccount({ balance, nonce }: AccountState): Bytes.Bytes {
  return new TextEncoder().encode(`${balance}:${nonce}`)
}

/** The nodes from the root to where a key is, or would be. */
export function prove(trie: Trie, key: Bytes.Bytes): readonly Bytes.Bytes[] {
  const proof: Bytes.Bytes[] = []
  let rest = nibbles(key)
  for (let node = trie.top; node !== undefined; ) {
    proof.push(node.encoded)
    const { path, children } = node
    if (children.length === 16) {
      // A key that ends here goes to no child.
      node = children[rest[0] ?? children.length]
      rest = rest.slice(1)
    } else {
      node = path.every((nibble, i) => nibble === rest[i]) ? children[0] : undefined
      rest = rest.slice(path.length)
    }
  }
  return proof
}

/**
 * The value of a key under a root, or `undefined` where the nodes show that there is none: both proved by the same nodes, each used
 * and each in the one form that the chain writes.
 *
 * Refusals: `state-root` (not 32 bytes, or zero: A52), `state-node` (`context.index`: not the one encoding of a node, or one that
 * the chain never builds), `state-node-hash` (another node is expected there), `state-incomplete` (nodes are missing),
 * `state-surplus` (nodes behind the last).
 *
 * @example
 * import { StateTrie } from '@aitbc/proofs/aitbc'
 * const key = Uint8Array.of(0x61)
 * const trie = StateTrie.from([[key, Uint8Array.of(0x31)]])
 * const found = StateTrie.lookup(trie.root, key, StateTrie.prove(trie, key))
 * if (found.ok) found.value // Uint8Array [0x31]
 */
export function lookup(
  root: Bytes.Hash32,
  key: Bytes.Bytes,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<Bytes.Bytes | undefined> {
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('state-root', 'a root is 32 bytes, and not zero')
  let rest: readonly number[] = nibbles(key)
  let expected = root
  let below = false
  for (const [index, bytes] of proof.entries()) {
    if (!Bytes.equal(sha256(bytes), expected))
      return Verdict.refuse('state-node-hash', `node ${index} isn't the one that is expected there`, {
        index,
      })
    const node = decode(bytes)
    if (node === undefined || (below && node.kind !== 'branch'))
      return Verdict.refuse('state-node', `node ${index} is no node`, { index })
    below = node.kind === 'extension'
    const step = follow(node, rest)
    if ('found' in step)
      return index === proof.length - 1
        ? Verdict.accept(step.found && Bytes.copy(step.found))
        : Verdict.refuse('state-surplus', `nodes follow the last, ${index}`, { index })
    expected = step.next
    rest = step.rest
  }
  return Verdict.refuse('state-incomplete', 'the nodes end before the key does')
}

/**
 * Decides whether a key has a value under a root. Refusals: those of {@link lookup}, `state-value` (another one, or none).
 */
export function verify(
  root: Bytes.Hash32,
  key: Bytes.Bytes,
  value: Bytes.Bytes,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<true> {
  const found = lookup(root, key, proof)
  if (!found.ok) return found
  return found.value !== undefined && Bytes.equal(found.value, value)
    ? Verdict.accept(true)
    : Verdict.refuse(
        'state-value',
        found.value === undefined ? 'the key has no value' : 'the key has another value',
      )
}

/**
 * The state of an account under a root, in whatever spelling, or `undefined` where there is no such account. Refusals: those of
 * {@link lookup}, `state-account` (the value is no account's).
 */
export function account(
  root: Bytes.Hash32,
  account: string,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<AccountState | undefined> {
  const found = lookup(root, Account.key(account), proof)
  if (!found.ok || found.value === undefined) return found as Verdict.Verdict<undefined>
  // Longer than any account's: what is cut off can't make it one.
  const match = STATE.exec(String.fromCharCode(...found.value.subarray(0, 64)))
  if (match === null) return Verdict.refuse('state-account', 'the value is no account')
  return Verdict.accept({ balance: BigInt(match[1] as string), nonce: BigInt(match[2] as string) })
}

interface Entry {
  readonly path: readonly number[]
  readonly value: Bytes.Bytes
}

function nibbles(bytes: Bytes.Bytes): readonly number[] {
  const out: number[] = []
  for (const byte of bytes) out.push(byte >> 4, byte & 15)
  return out
}

/** The node over entries that agree up to `at`. */
function grow(entries: readonly Entry[], at: number): Node {
  const [first, ...others] = entries as [Entry, ...Entry[]]
  let end = first.path.length
  for (const { path } of others) {
    end = Math.min(end, path.length)
    for (let i = at; i < end; i++) if (path[i] !== first.path[i]) end = i
  }
  const path = first.path.slice(at, end)
  if (others.length === 0)
    return node(concatAll([[LEAF], encodePath(path), encodeValue(first.value)]), path, [])
  const value = entries.find((it) => it.path.length === end)?.value
  const children: (Node | undefined)[] = []
  for (let nibble = 0; nibble < 16; nibble++) {
    const within = entries.filter((it) => it.path[end] === nibble)
    children.push(within.length === 0 ? undefined : grow(within, end + 1))
  }
  const slots = children.map((child) => (child === undefined ? [0] : [1, ...child.hash]))
  const branch = node(
    concatAll([
      [BRANCH],
      ...slots,
      value === undefined ? [0] : [1],
      value === undefined ? [] : encodeValue(value),
    ]),
    [],
    children,
  )
  if (path.length === 0) return branch
  return node(concatAll([[EXTENSION], encodePath(path), branch.hash]), path, [branch])
}

function node(encoded: Bytes.Bytes, path: readonly number[], children: Node['children']): Node {
  return { encoded, hash: sha256(encoded), path, children }
}

function concatAll(parts: readonly (readonly number[] | Bytes.Bytes)[]): Bytes.Bytes {
  return Bytes.concat(...parts.map((part) => Uint8Array.from(part)))
}

function encodePath(path: readonly number[]): Bytes.Bytes {
  const out = new Uint8Array(4 + path.length)
  new DataView(out.buffer).setUint32(0, path.length)
  out.set(path, 4)
  return out
}

function encodeValue(value: Bytes.Bytes): Bytes.Bytes {
  const out = new Uint8Array(8 + value.length)
  new DataView(out.buffer).setBigUint64(0, BigInt(value.length))
  out.set(value, 8)
  return out
}

/** Reads a node to its last byte; `undefined` for what isn't one. */
function decode(bytes: Bytes.Bytes): Decoded | undefined {
  const kind = bytes[0]
  if (kind === BRANCH) return decodeBranch(bytes)
  if ((kind !== LEAF && kind !== EXTENSION) || bytes.length < 5) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = 5 + view.getUint32(1)
  const path = bytes.subarray(5, end)
  if (path.some((nibble) => nibble > 15)) return undefined
  // What comes behind the path is missed where the bytes end within it.
  if (kind === EXTENSION)
    return path.length > 0 && bytes.length === end + 32
      ? { kind: 'extension', path, child: bytes.subarray(end) }
      : undefined
  const value = valueAt(bytes, end)
  return value && { kind: 'leaf', path, value }
}

function decodeBranch(bytes: Bytes.Bytes): Decoded | undefined {
  const children: (Bytes.Hash32 | undefined)[] = []
  let at = 1
  for (let i = 0; i < 16; i++) {
    const mark = bytes[at++]
    if (mark !== 0 && mark !== 1) return undefined
    children.push(mark === 1 ? bytes.subarray(at, at + 32) : undefined)
    at += 32 * mark
  }
  const mark = bytes[at++]
  const value = valueAt(bytes, at)
  const ends = mark === 1 ? value !== undefined : mark === 0 && bytes.length === at
  const used = children.filter((child) => child !== undefined).length + (value === undefined ? 0 : 1)
  return ends && used >= 2 ? { kind: 'branch', children, value } : undefined
}

/** The value that ends the bytes. */
function valueAt(bytes: Bytes.Bytes, at: number): Bytes.Bytes | undefined {
  if (bytes.length < at + 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const value = bytes.subarray(at + 8)
  return view.getBigUint64(at) === BigInt(value.length) ? value : undefined
}

type Step =
  | { readonly found: Bytes.Bytes | undefined }
  | { readonly next: Bytes.Hash32; readonly rest: readonly number[] }

/** Where a node leads for the rest of a key. */
function follow(node: Decoded, rest: readonly number[]): Step {
  if (node.kind === 'branch') {
    const [nibble, ...others] = rest
    if (nibble === undefined) return { found: node.value }
    const next = node.children[nibble]
    return next === undefined ? { found: undefined } : { next, rest: others }
  }
  const { path } = node
  const fits = path.every((nibble, i) => nibble === rest[i])
  if (node.kind === 'leaf') return { found: fits && path.length === rest.length ? node.value : undefined }
  return fits ? { next: node.child, rest: rest.slice(path.length) } : { found: undefined }
}
