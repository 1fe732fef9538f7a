import { Bytes, TaggedHash, Verdict } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { lift } from '../internal/lift.js'

/** Keys in the order in which parties that agreed on none aggregate them (BIP-327, `KeySort`). */
export function sort(keys: readonly Bytes.Bytes[]): readonly Bytes.Bytes[] {
  // Hex sorts as the bytes do.
  return keys
    .map(Bytes.toHex)
    .sort()
    .map((key) => Bytes.fromHex(key))
}

/**
 * The key (compressed, 33 bytes) that stands for all of these together, in their order (BIP-327, `KeyAgg`): no party can choose its own
 * such that it signs alone, because each is multiplied by a hash of all. Keys are compressed, 33 bytes.
 *
 * Refusal: `key-off-curve`, with the index of the first key that is none.
 *
 * @example
 * import { AggregateKey } from '@aitbc/proofs/bitcoin'
 * AggregateKey.from([new Uint8Array(33)]).ok // false
 */
export function from(keys: readonly Bytes.Bytes[]): Verdict.Verdict<Bytes.Bytes> {
  const { Point } = secp256k1
  const list = TaggedHash.of('KeyAgg list', ...keys)
  // The second distinct key goes in as it is, which saves a multiplication; of keys that are all the same, none does.
  const second = keys.find((key) => !Bytes.equal(key, keys[0] as Bytes.Bytes))
  let sum = Point.ZERO
  for (const [index, key] of keys.entries()) {
    const point = lift(key)
    if (key.length !== 33 || point === undefined)
      return Verdict.refuse('key-off-curve', `key ${index} is no compressed point`, { index })
    const hash = TaggedHash.of('KeyAgg coefficient', list, key)
    const factor = Point.Fn.create(BigInt(`0x${Bytes.toHex(hash)}`))
    sum = sum.add(second !== undefined && Bytes.equal(key, second) ? point : point.multiplyUnsafe(factor))
  }
  // A sum at infinity is as hard to find as a hash of 128 zero bits; no key at all is one too.
  return sum.is0()
    ? Verdict.refuse('key-off-curve', 'these keys have no sum')
    : Verdict.accept(sum.toBytes(true))
}
