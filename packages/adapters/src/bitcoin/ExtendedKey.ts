import { Bytes, Verdict } from '@aitbc/core'
import { Base58 } from '@aitbc/proofs/bitcoin-script'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hmac } from '@noble/hashes/hmac.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'

/** A node of a tree of keys (BIP-32); `privateKey` is missing where only public keys are known. */
export interface ExtendedKey {
  readonly chainCode: Bytes.Bytes32
  /** Compressed, 33 bytes. */
  readonly publicKey: Bytes.Bytes
  readonly privateKey?: Bytes.Bytes32
  readonly depth: number
  /** First four bytes of the parent's key hash; zero at the root. */
  readonly parent: number
  /** Which child of its parent, from {@link HARDENED} on a hardened one. */
  readonly index: number
}

/** The first index of hardened children, which only private keys derive. */
export const HARDENED = 0x8000_0000

/** First four bytes of the two forms. */
const VERSIONS = {
  mainnet: { private: 0x0488ade4, public: 0x0488b21e },
  testnet: { private: 0x04358394, public: 0x043587cf },
} as const

/** Whose version bytes: those of mainnet, or those of all test networks. */
export type Form = keyof typeof VERSIONS

/** The chain code of all aggregate keys: the SHA-256 of `MuSig2MuSig2MuSig2` (BIP-328). */
const AGGREGATE = '868087ca02a6f974c4598924c36b57762d32cb45717167e300622c7167e38965'

const { Fn, BASE } = secp256k1.Point
const SEED = /* @__PURE__ */ new TextEncoder().encode('Bitcoin seed')

/**
 * The root of a seed of 16 to 64 bytes (BIP-32, "Master key generation"). Refusals: `key-seed`, `key-invalid`.
 *
 * @example
 * import { ExtendedKey } from '@aitbc/adapters/bitcoin-wallet'
 * ExtendedKey.fromSeed(new Uint8Array(32)).ok // true
 */
export function fromSeed(seed: Bytes.Bytes): Verdict.Verdict<ExtendedKey> {
  if (seed.length < 16 || seed.length > 64)
    return Verdict.refuse('key-seed', `16 to 64 bytes are expected, got ${seed.length}`)
  const hash = hmac(sha512, SEED, seed)
  return of(hash.slice(0, 32), { chainCode: hash.slice(32), depth: 0, parent: 0, index: 0 })
}

/**
 * The root of the tree below an aggregate key of MuSig2 (33 bytes, `AggregateKey.from` of `@aitbc/proofs/bitcoin`): nobody has its private
 * key (BIP-328). Refusal: `key-invalid`.
 */
export function fromAggregate(publicKey: Bytes.Bytes): Verdict.Verdict<ExtendedKey> {
  const root = { chainCode: Bytes.fromHex(AGGREGATE), depth: 0, parent: 0, index: 0 }
  return ofPublic(() => secp256k1.Point.fromBytes(publicKey).toBytes(true), root)
}

/**
 * A child (BIP-32, "Child key derivation functions"). Refusals: `key-index` (below 2^32), `key-hardened` (no private key), `key-depth`,
 * `key-invalid` (one index in 2^127: take the next).
 */
export function derive(key: ExtendedKey, index: number): Verdict.Verdict<ExtendedKey> {
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_ffff)
    return Verdict.refuse('key-index', `an index below 2^32 is expected, got ${index}`)
  const { privateKey, publicKey, chainCode } = key
  if (index >= HARDENED && privateKey === undefined)
    return Verdict.refuse('key-hardened', 'hardened children are derived from private keys only')
  if (key.depth === 255) return Verdict.refuse('key-depth', 'the tree ends at depth 255')
  const data = new Uint8Array(37)
  if (index >= HARDENED) data.set(privateKey as Bytes.Bytes, 1)
  else data.set(publicKey)
  new DataView(data.buffer).setUint32(33, index)
  const hash = hmac(sha512, chainCode, data)
  const place = { chainCode: hash.slice(32), depth: key.depth + 1, parent: fingerprint(key), index }
  const tweak = hash.slice(0, 32)
  return privateKey === undefined
    ? ofPublic(
        () => BASE.multiply(number(tweak)).add(secp256k1.Point.fromBytes(publicKey)).toBytes(true),
        place,
      )
    : number(tweak) >= Fn.ORDER
      ? Verdict.refuse('key-invalid', `index ${index} derives no key`)
      : of(Fn.toBytes(Fn.create(number(tweak) + number(privateKey))), place)
}

/** Derives along a path such as `m/84h/0h/0h/0/5`; refusals as for {@link derive}, and `key-path`. */
export function derivePath(key: ExtendedKey, path: string): Verdict.Verdict<ExtendedKey> {
  if (!/^m(\/[0-9]{1,10}[hH']?)*$/.test(path)) return Verdict.refuse('key-path', `${path} is no path`)
  let at: Verdict.Verdict<ExtendedKey> = Verdict.accept(key)
  for (const step of path.split('/').slice(1)) {
    if (!at.ok) return at
    const index = Number.parseInt(step, 10)
    if (index >= HARDENED) return Verdict.refuse('key-path', `${step} is no step`)
    at = derive(at.value, /[0-9]$/.test(step) ? index : index + HARDENED)
  }
  return at
}

/** The same node without its private key. */
export function neuter({ privateKey: _, ...rest }: ExtendedKey): ExtendedKey {
  return rest
}

/** First four bytes of the key's hash. */
export function fingerprint(key: ExtendedKey): number {
  return viewOf(ripemd160(sha256(key.publicKey))).getUint32(0)
}

/**
 * Reads an extended key in Base58Check (BIP-32, "Serialization format").
 *
 * Refusals: those of `Base58.decodeCheck`, `key-length`, `key-version` (another network's, or unknown), `key-root` (a root with parent or
 * index), `key-invalid`.
 */
export function decode(text: string, form: Form = 'mainnet'): Verdict.Verdict<ExtendedKey> {
  const payload = Base58.decodeCheck(text)
  if (!payload.ok) return payload
  const bytes = payload.value
  if (bytes.length !== 78) return Verdict.refuse('key-length', `78 bytes are expected, got ${bytes.length}`)
  const view = viewOf(bytes)
  const version = view.getUint32(0)
  const place = {
    chainCode: bytes.slice(13, 45),
    depth: view.getUint8(4),
    parent: view.getUint32(5),
    index: view.getUint32(9),
  }
  if (version !== VERSIONS[form].private && version !== VERSIONS[form].public)
    return Verdict.refuse('key-version', `no extended key of ${form} has version ${version}`, { version })
  if (place.depth === 0 && (place.parent !== 0 || place.index !== 0))
    return Verdict.refuse('key-root', 'a root has no parent and no index')
  const key = bytes.slice(45)
  if (version === VERSIONS[form].public)
    return ofPublic(() => secp256k1.Point.fromBytes(key).toBytes(true), place)
  return key[0] === 0 ? of(key.slice(1), place) : Verdict.refuse('key-invalid', 'it is no private key')
}

/** Writes an extended key: with its private key where it has one. */
export function encode(key: ExtendedKey, form: Form = 'mainnet'): string {
  const bytes = new Uint8Array(78)
  const view = viewOf(bytes)
  view.setUint32(0, VERSIONS[form][key.privateKey === undefined ? 'public' : 'private'])
  view.setUint8(4, key.depth)
  view.setUint32(5, key.parent)
  view.setUint32(9, key.index)
  bytes.set(key.chainCode, 13)
  if (key.privateKey === undefined) bytes.set(key.publicKey, 45)
  else bytes.set(key.privateKey, 46)
  return Base58.encodeCheck(bytes)
}

type Place = Omit<ExtendedKey, 'publicKey' | 'privateKey'>

function of(privateKey: Bytes.Bytes32, place: Place): Verdict.Verdict<ExtendedKey> {
  return secp256k1.utils.isValidSecretKey(privateKey)
    ? Verdict.accept({ ...place, privateKey, publicKey: secp256k1.getPublicKey(privateKey, true) })
    : Verdict.refuse('key-invalid', 'the private key is zero or beyond the order')
}

/** Noble throws for scalars and points that are none. */
function ofPublic(make: () => Bytes.Bytes, place: Place): Verdict.Verdict<ExtendedKey> {
  try {
    return Verdict.accept({ ...place, publicKey: make() })
  } catch {
    return Verdict.refuse('key-invalid', 'it is no public key')
  }
}

function number(bytes: Bytes.Bytes): bigint {
  return BigInt(`0x${Bytes.toHex(bytes)}`)
}

function viewOf(bytes: Bytes.Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
