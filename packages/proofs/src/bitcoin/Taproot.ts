import { Bytes, TaggedHash, Verdict } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { lift } from '../internal/lift.js'
import * as Transaction from './Transaction.js'

/** Version of the leaves of BIP-342. */
export const LEAF_VERSION = 0xc0

/**
 * The point that nobody knows the logarithm of (BIP-341, "Constructing and spending Taproot outputs"): as internal key it
 * takes the key path away.
 */
export const UNSPENDABLE: Bytes.Bytes32 = /* @__PURE__ */ Bytes.fromHex(
  '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0',
)

/** An output's key, 32 bytes x-only, and the parity of its full point. */
export interface OutputKey {
  readonly key: Bytes.Bytes32
  readonly parity: 0 | 1
}

/** The hash of a leaf (BIP-341, `TapLeaf`). */
export function leafHash(script: Bytes.Bytes, version = LEAF_VERSION): Bytes.Hash32 {
  return TaggedHash.of('TapLeaf', Uint8Array.of(version), Transaction.compactSize(script.length), script)
}

/** The hash of two nodes, in either order (BIP-341, `TapBranch`). */
export function branchHash(a: Bytes.Hash32, b: Bytes.Hash32): Bytes.Hash32 {
  return less(a, b) ? TaggedHash.of('TapBranch', a, b) : TaggedHash.of('TapBranch', b, a)
}

/**
 * The output key of an internal key (32 bytes, x-only) and a script tree's root, or none (BIP-341, `taproot_tweak_pubkey`).
 *
 * Refusal: `key-off-curve`, also where the tweak makes no key (which nobody can bring about).
 *
 * @example
 * import { Taproot } from '@aitbc/proofs/bitcoin'
 * Taproot.tweak(Taproot.UNSPENDABLE).ok // true
 */
export function tweak(internalKey: Bytes.Bytes32, merkleRoot?: Bytes.Hash32): Verdict.Verdict<OutputKey> {
  const hash = TaggedHash.of('TapTweak', internalKey, ...(merkleRoot === undefined ? [] : [merkleRoot]))
  const bytes = add(internalKey, BigInt(`0x${Bytes.toHex(hash)}`))
  if (bytes === undefined)
    return Verdict.refuse(
      'key-off-curve',
      'the internal key is no x coordinate of the curve, or its tweak none',
    )
  return Verdict.accept({ key: bytes.slice(1), parity: bytes[0] === 3 ? 1 : 0 })
}

/** Adds a multiple of the generator to a key; `undefined` for no key, a scalar beyond the order, or a sum at infinity. */
function add(key: Bytes.Bytes32, scalar: bigint): Bytes.Bytes | undefined {
  try {
    return lift(key)?.add(secp256k1.Point.BASE.multiplyUnsafe(scalar)).toBytes(true)
  } catch {
    return undefined
  }
}

/** The control block that spends a leaf by the script path (BIP-341, "Script validation rules"); `path` from the leaf up. */
export function controlBlock(
  internalKey: Bytes.Bytes32,
  parity: OutputKey['parity'],
  path: readonly Bytes.Hash32[],
  version = LEAF_VERSION,
): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(version | parity), internalKey, ...path)
}

/** The output script that pays to a key: `OP_1` and the key. */
export function toScript(key: Bytes.Bytes32): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(0x51, 0x20), key)
}

/** Tells whether 32 bytes are the x coordinate of a point, or 33 a compressed point. */
export function isKey(key: Bytes.Bytes): boolean {
  return lift(key) !== undefined
}

function less(a: Bytes.Bytes, b: Bytes.Bytes): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}
