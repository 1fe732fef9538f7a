import type { Bytes } from '@aitbc/core'

/*
 * Numbers modulo p = 2^255 − 19 in doubles, as in D. J. Bernstein, "Floating-point arithmetic and message authentication": twelve
 * limbs of 21.25 bits, each with its weight in it (limb i is a multiple of 2^⌈21.25 i⌉), so that every product and sum below is exact.
 *
 * After a multiplication a limb is at most half of its successor's unit, give or take 2 %. The products of a coefficient then add up
 * to less than 2^49.1 of its units, and 2^53 are exact: one factor may be the sum of three such numbers and the other of five, or the
 * like, up to fifteen in the product of both counts. What is read ({@link from}, {@link fromBytes}) counts as two.
 */

/** Twelve limbs. */
export type Fe = Float64Array

export const P = 2n ** 255n - 19n
const LIMBS = 12
/** 2^255 is 19. */
const WRAP = 19 * 2 ** -255
/** Bit at which each limb starts. */
const START = /* @__PURE__ */ Array.from({ length: LIMBS + 1 }, (_, i) => Math.ceil(21.25 * i))
const UNIT = /* @__PURE__ */ START.map((start) => 2 ** start)
const SCALE = /* @__PURE__ */ START.map((start) => 2 ** -start)

export function zero(): Fe {
  return new Float64Array(LIMBS)
}

export function one(): Fe {
  const out = zero()
  out[0] = 1
  return out
}

export function from(value: bigint): Fe {
  const out = zero()
  for (let i = 0; i < LIMBS; i++) {
    const from = START[i] as number
    const width = (START[i + 1] as number) - from
    out[i] = Number(BigInt.asUintN(width, value >> BigInt(from))) * 2 ** from
  }
  return out
}

const WORDS = /* @__PURE__ */ new Uint8Array(36)
const VIEW = /* @__PURE__ */ new DataView(WORDS.buffer)

/** The low 255 bits of 32 bytes, little-endian; p and above are as good as what is left of them. */
export function fromBytes(out: Fe, bytes: Bytes.Bytes32): void {
  WORDS.set(bytes)
  for (let i = 0; i < LIMBS; i++) {
    const start = START[i] as number
    const width = (START[i + 1] as number) - start
    // A limb lies within the 32 bits from the byte where it starts.
    const value = (VIEW.getUint32(start >> 3, true) >>> (start & 7)) & ((1 << width) - 1)
    out[i] = value * (UNIT[i] as number)
  }
}

/** The number, from 0 to p − 1. */
export function toBigInt(a: Fe): bigint {
  let sum = 0n
  // Two limbs next to each other fit into one exact double.
  for (let i = 0; i < LIMBS; i += 2) {
    const start = START[i] as number
    sum += BigInt(((a[i] as number) + (a[i + 1] as number)) * (SCALE[i] as number)) << BigInt(start)
  }
  const rest = sum % P
  return rest < 0n ? rest + P : rest
}

/** out = −a. */
export function negate(out: Fe, a: Fe): void {
  for (let i = 0; i < LIMBS; i++) out[i] = -(a[i] as number)
}

/** out = a^(2^count). */
export function squareTimes(out: Fe, a: Fe, count: number): void {
  square(out, a)
  for (let i = 1; i < count; i++) square(out, out)
}

/** Added and taken away again, they round a limb to its successor's unit. */
const ROUND0 = 1.5 * 2 ** 74
const ROUND1 = 1.5 * 2 ** 95
const ROUND2 = 1.5 * 2 ** 116
const ROUND3 = 1.5 * 2 ** 137
const ROUND4 = 1.5 * 2 ** 159
const ROUND5 = 1.5 * 2 ** 180
const ROUND6 = 1.5 * 2 ** 201
const ROUND7 = 1.5 * 2 ** 222
const ROUND8 = 1.5 * 2 ** 244
const ROUND9 = 1.5 * 2 ** 265
const ROUND10 = 1.5 * 2 ** 286
const ROUND11 = 1.5 * 2 ** 307

/** out = a + b, not carried. */
export function add(out: Fe, a: Fe, b: Fe): void {
  out[0] = (a[0] as number) + (b[0] as number)
  out[1] = (a[1] as number) + (b[1] as number)
  out[2] = (a[2] as number) + (b[2] as number)
  out[3] = (a[3] as number) + (b[3] as number)
  out[4] = (a[4] as number) + (b[4] as number)
  out[5] = (a[5] as number) + (b[5] as number)
  out[6] = (a[6] as number) + (b[6] as number)
  out[7] = (a[7] as number) + (b[7] as number)
  out[8] = (a[8] as number) + (b[8] as number)
  out[9] = (a[9] as number) + (b[9] as number)
  out[10] = (a[10] as number) + (b[10] as number)
  out[11] = (a[11] as number) + (b[11] as number)
}

/** out = a − b, not carried. */
export function sub(out: Fe, a: Fe, b: Fe): void {
  out[0] = (a[0] as number) - (b[0] as number)
  out[1] = (a[1] as number) - (b[1] as number)
  out[2] = (a[2] as number) - (b[2] as number)
  out[3] = (a[3] as number) - (b[3] as number)
  out[4] = (a[4] as number) - (b[4] as number)
  out[5] = (a[5] as number) - (b[5] as number)
  out[6] = (a[6] as number) - (b[6] as number)
  out[7] = (a[7] as number) - (b[7] as number)
  out[8] = (a[8] as number) - (b[8] as number)
  out[9] = (a[9] as number) - (b[9] as number)
  out[10] = (a[10] as number) - (b[10] as number)
  out[11] = (a[11] as number) - (b[11] as number)
}

/** out = a · b. */
export function mul(out: Fe, a: Fe, b: Fe): void {
  const a0 = a[0] as number
  const a1 = a[1] as number
  const a2 = a[2] as number
  const a3 = a[3] as number
  const a4 = a[4] as number
  const a5 = a[5] as number
  const a6 = a[6] as number
  const a7 = a[7] as number
  const a8 = a[8] as number
  const a9 = a[9] as number
  const a10 = a[10] as number
  const a11 = a[11] as number
  const b0 = b[0] as number
  const b1 = b[1] as number
  const b2 = b[2] as number
  const b3 = b[3] as number
  const b4 = b[4] as number
  const b5 = b[5] as number
  const b6 = b[6] as number
  const b7 = b[7] as number
  const b8 = b[8] as number
  const b9 = b[9] as number
  const b10 = b[10] as number
  const b11 = b[11] as number
  const w1 = b1 * WRAP
  const w2 = b2 * WRAP
  const w3 = b3 * WRAP
  const w4 = b4 * WRAP
  const w5 = b5 * WRAP
  const w6 = b6 * WRAP
  const w7 = b7 * WRAP
  const w8 = b8 * WRAP
  const w9 = b9 * WRAP
  const w10 = b10 * WRAP
  const w11 = b11 * WRAP
  let r0 =
    a0 * b0 +
    a1 * w11 +
    a2 * w10 +
    a3 * w9 +
    a4 * w8 +
    a5 * w7 +
    a6 * w6 +
    a7 * w5 +
    a8 * w4 +
    a9 * w3 +
    a10 * w2 +
    a11 * w1
  let r1 =
    a0 * b1 +
    a1 * b0 +
    a2 * w11 +
    a3 * w10 +
    a4 * w9 +
    a5 * w8 +
    a6 * w7 +
    a7 * w6 +
    a8 * w5 +
    a9 * w4 +
    a10 * w3 +
    a11 * w2
  let r2 =
    a0 * b2 +
    a1 * b1 +
    a2 * b0 +
    a3 * w11 +
    a4 * w10 +
    a5 * w9 +
    a6 * w8 +
    a7 * w7 +
    a8 * w6 +
    a9 * w5 +
    a10 * w4 +
    a11 * w3
  let r3 =
    a0 * b3 +
    a1 * b2 +
    a2 * b1 +
    a3 * b0 +
    a4 * w11 +
    a5 * w10 +
    a6 * w9 +
    a7 * w8 +
    a8 * w7 +
    a9 * w6 +
    a10 * w5 +
    a11 * w4
  let r4 =
    a0 * b4 +
    a1 * b3 +
    a2 * b2 +
    a3 * b1 +
    a4 * b0 +
    a5 * w11 +
    a6 * w10 +
    a7 * w9 +
    a8 * w8 +
    a9 * w7 +
    a10 * w6 +
    a11 * w5
  let r5 =
    a0 * b5 +
    a1 * b4 +
    a2 * b3 +
    a3 * b2 +
    a4 * b1 +
    a5 * b0 +
    a6 * w11 +
    a7 * w10 +
    a8 * w9 +
    a9 * w8 +
    a10 * w7 +
    a11 * w6
  let r6 =
    a0 * b6 +
    a1 * b5 +
    a2 * b4 +
    a3 * b3 +
    a4 * b2 +
    a5 * b1 +
    a6 * b0 +
    a7 * w11 +
    a8 * w10 +
    a9 * w9 +
    a10 * w8 +
    a11 * w7
  let r7 =
    a0 * b7 +
    a1 * b6 +
    a2 * b5 +
    a3 * b4 +
    a4 * b3 +
    a5 * b2 +
    a6 * b1 +
    a7 * b0 +
    a8 * w11 +
    a9 * w10 +
    a10 * w9 +
    a11 * w8
  let r8 =
    a0 * b8 +
    a1 * b7 +
    a2 * b6 +
    a3 * b5 +
    a4 * b4 +
    a5 * b3 +
    a6 * b2 +
    a7 * b1 +
    a8 * b0 +
    a9 * w11 +
    a10 * w10 +
    a11 * w9
  let r9 =
    a0 * b9 +
    a1 * b8 +
    a2 * b7 +
    a3 * b6 +
    a4 * b5 +
    a5 * b4 +
    a6 * b3 +
    a7 * b2 +
    a8 * b1 +
    a9 * b0 +
    a10 * w11 +
    a11 * w10
  let r10 =
    a0 * b10 +
    a1 * b9 +
    a2 * b8 +
    a3 * b7 +
    a4 * b6 +
    a5 * b5 +
    a6 * b4 +
    a7 * b3 +
    a8 * b2 +
    a9 * b1 +
    a10 * b0 +
    a11 * w11
  let r11 =
    a0 * b11 +
    a1 * b10 +
    a2 * b9 +
    a3 * b8 +
    a4 * b7 +
    a5 * b6 +
    a6 * b5 +
    a7 * b4 +
    a8 * b3 +
    a9 * b2 +
    a10 * b1 +
    a11 * b0
  let c = 0
  c = r0 + ROUND0 - ROUND0
  r0 -= c
  r1 += c
  c = r6 + ROUND6 - ROUND6
  r6 -= c
  r7 += c
  c = r1 + ROUND1 - ROUND1
  r1 -= c
  r2 += c
  c = r7 + ROUND7 - ROUND7
  r7 -= c
  r8 += c
  c = r2 + ROUND2 - ROUND2
  r2 -= c
  r3 += c
  c = r8 + ROUND8 - ROUND8
  r8 -= c
  r9 += c
  c = r3 + ROUND3 - ROUND3
  r3 -= c
  r4 += c
  c = r9 + ROUND9 - ROUND9
  r9 -= c
  r10 += c
  c = r4 + ROUND4 - ROUND4
  r4 -= c
  r5 += c
  c = r10 + ROUND10 - ROUND10
  r10 -= c
  r11 += c
  c = r5 + ROUND5 - ROUND5
  r5 -= c
  r6 += c
  c = r11 + ROUND11 - ROUND11
  r11 -= c
  r0 += c * WRAP
  c = r6 + ROUND6 - ROUND6
  r6 -= c
  r7 += c
  c = r0 + ROUND0 - ROUND0
  r0 -= c
  r1 += c
  out[0] = r0
  out[1] = r1
  out[2] = r2
  out[3] = r3
  out[4] = r4
  out[5] = r5
  out[6] = r6
  out[7] = r7
  out[8] = r8
  out[9] = r9
  out[10] = r10
  out[11] = r11
}

/** out = a². */
export function square(out: Fe, a: Fe): void {
  const a0 = a[0] as number
  const a1 = a[1] as number
  const a2 = a[2] as number
  const a3 = a[3] as number
  const a4 = a[4] as number
  const a5 = a[5] as number
  const a6 = a[6] as number
  const a7 = a[7] as number
  const a8 = a[8] as number
  const a9 = a[9] as number
  const a10 = a[10] as number
  const a11 = a[11] as number
  const d0 = a0 * 2
  const d1 = a1 * 2
  const d2 = a2 * 2
  const d3 = a3 * 2
  const d4 = a4 * 2
  const d5 = a5 * 2
  const d6 = a6 * 2
  const d7 = a7 * 2
  const d8 = a8 * 2
  const d9 = a9 * 2
  const d10 = a10 * 2
  const w6 = a6 * WRAP
  const w7 = a7 * WRAP
  const w8 = a8 * WRAP
  const w9 = a9 * WRAP
  const w10 = a10 * WRAP
  const w11 = a11 * WRAP
  let r0 = a0 * a0 + d1 * w11 + d2 * w10 + d3 * w9 + d4 * w8 + d5 * w7 + a6 * w6
  let r1 = d0 * a1 + d2 * w11 + d3 * w10 + d4 * w9 + d5 * w8 + d6 * w7
  let r2 = d0 * a2 + a1 * a1 + d3 * w11 + d4 * w10 + d5 * w9 + d6 * w8 + a7 * w7
  let r3 = d0 * a3 + d1 * a2 + d4 * w11 + d5 * w10 + d6 * w9 + d7 * w8
  let r4 = d0 * a4 + d1 * a3 + a2 * a2 + d5 * w11 + d6 * w10 + d7 * w9 + a8 * w8
  let r5 = d0 * a5 + d1 * a4 + d2 * a3 + d6 * w11 + d7 * w10 + d8 * w9
  let r6 = d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3 + d7 * w11 + d8 * w10 + a9 * w9
  let r7 = d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4 + d8 * w11 + d9 * w10
  let r8 = d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4 + d9 * w11 + a10 * w10
  let r9 = d0 * a9 + d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5 + d10 * w11
  let r10 = d0 * a10 + d1 * a9 + d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5 + a11 * w11
  let r11 = d0 * a11 + d1 * a10 + d2 * a9 + d3 * a8 + d4 * a7 + d5 * a6
  let c = 0
  c = r0 + ROUND0 - ROUND0
  r0 -= c
  r1 += c
  c = r6 + ROUND6 - ROUND6
  r6 -= c
  r7 += c
  c = r1 + ROUND1 - ROUND1
  r1 -= c
  r2 += c
  c = r7 + ROUND7 - ROUND7
  r7 -= c
  r8 += c
  c = r2 + ROUND2 - ROUND2
  r2 -= c
  r3 += c
  c = r8 + ROUND8 - ROUND8
  r8 -= c
  r9 += c
  c = r3 + ROUND3 - ROUND3
  r3 -= c
  r4 += c
  c = r9 + ROUND9 - ROUND9
  r9 -= c
  r10 += c
  c = r4 + ROUND4 - ROUND4
  r4 -= c
  r5 += c
  c = r10 + ROUND10 - ROUND10
  r10 -= c
  r11 += c
  c = r5 + ROUND5 - ROUND5
  r5 -= c
  r6 += c
  c = r11 + ROUND11 - ROUND11
  r11 -= c
  r0 += c * WRAP
  c = r6 + ROUND6 - ROUND6
  r6 -= c
  r7 += c
  c = r0 + ROUND0 - ROUND0
  r0 -= c
  r1 += c
  out[0] = r0
  out[1] = r1
  out[2] = r2
  out[3] = r3
  out[4] = r4
  out[5] = r5
  out[6] = r6
  out[7] = r7
  out[8] = r8
  out[9] = r9
  out[10] = r10
  out[11] = r11
}
