import { type Bytes, Verdict } from '@aitbc/core'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import type { G1, G2, Group, Point } from './Bls.js'

/** Bytes of an element of the base field: big-endian, behind 16 zeros. */
const ELEMENT = 64

/**
 * Reads elements of the base field as EVM contracts have them (EIP-2537, "Field elements encoding"). Refusals: `field-length`
 * (not `count` times 64 bytes), `field-element` (not below the field's order).
 *
 * @example
 * import { Eip2537 } from '@aitbc/proofs/bls'
 * Eip2537.decodeField(new Uint8Array(64), 1) // { ok: true, value: [0n] }
 */
export function decodeField(bytes: Bytes.Bytes, count: number): Verdict.Verdict<readonly bigint[]> {
  if (bytes.length !== ELEMENT * count)
    return Verdict.refuse('field-length', `${ELEMENT * count} bytes are expected, got ${bytes.length}`)
  const elements: bigint[] = []
  for (let at = 0; at < bytes.length; at += ELEMENT) {
    let value = 0n
    for (const byte of bytes.subarray(at, at + ELEMENT)) value = (value << 8n) | BigInt(byte)
    if (value >= bls12_381.fields.Fp.ORDER)
      return Verdict.refuse('field-element', `the element at byte ${at} is not below the field's order`)
    elements.push(value)
  }
  return Verdict.accept(elements)
}

/**
 * Reads a point of G1 (128 bytes) or G2 (256) as EVM contracts have it (EIP-2537, "Encoding of points"); zeros are infinity.
 * Refusals: those of {@link decodeField}, `point-curve`, `point-subgroup` (where `subgroup` is left out; the precompiles for addition
 * alone do without).
 *
 * @example
 * import { Eip2537 } from '@aitbc/proofs/bls'
 * Eip2537.decode('G1', new Uint8Array(128)) // { ok: true, value: … } the point at infinity
 */
export function decode(group: 'G1', bytes: Bytes.Bytes, options?: decode.Options): Verdict.Verdict<G1>
export function decode(group: 'G2', bytes: Bytes.Bytes, options?: decode.Options): Verdict.Verdict<G2>
export function decode(
  group: Group,
  bytes: Bytes.Bytes,
  { subgroup = 'required' }: decode.Options = {},
): Verdict.Verdict<Point> {
  const elements = decodeField(bytes, group === 'G1' ? 2 : 4)
  if (!elements.ok) return elements
  const { G1, G2, fields } = bls12_381
  const [x0, x1, y0, y1] = elements.value as readonly [bigint, bigint, bigint, bigint]
  let point: Point
  if (group === 'G1') point = G1.Point.fromAffine({ x: x0, y: x1 })
  else
    point = G2.Point.fromAffine({
      x: fields.Fp2.fromBigTuple([x0, x1]),
      y: fields.Fp2.fromBigTuple([y0, y1]),
    })
  if (!isOnCurve(point)) return Verdict.refuse('point-curve', 'the point is not on the curve')
  return subgroup === 'required' && !point.isTorsionFree()
    ? Verdict.refuse('point-subgroup', 'the point is outside the subgroup')
    : Verdict.accept(point)
}

export declare namespace decode {
  interface Options {
    /** Whether the point must be of the subgroup of prime order. */
    readonly subgroup?: 'required' | 'any'
  }
}

/**
 * Writes a point as EVM contracts have it.
 *
 * @example
 * import { Eip2537 } from '@aitbc/proofs/bls'
 * const infinity = Eip2537.decode('G1', new Uint8Array(128))
 * if (infinity.ok) Eip2537.encode(infinity.value).length // 128
 */
export function encode(point: Point): Bytes.Bytes {
  const { x, y } = point.is0() ? { x: point.X, y: point.X } : point.toAffine()
  const parts = [x, y].flatMap((value) => (typeof value === 'bigint' ? [value] : [value.c0, value.c1]))
  const out = new Uint8Array(ELEMENT * parts.length)
  for (const [i, part] of parts.entries()) out.set(bls12_381.fields.Fp.toBytes(part), ELEMENT * i + 16)
  return out
}

/** y² = x³ + 4 on G1, y² = x³ + 4(1 + i) on G2; infinity is on both. */
function isOnCurve(point: Point): boolean {
  if (point.is0()) return true
  const { Fp, Fp2 } = bls12_381.fields
  const { x, y } = point.toAffine()
  return typeof x === 'bigint'
    ? Fp.eql(Fp.sqr(y as bigint), Fp.add(Fp.mul(Fp.sqr(x), x), 4n))
    : Fp2.eql(Fp2.sqr(y as typeof x), Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n])))
}
