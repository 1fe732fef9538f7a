import type { Bytes } from '@aitbc/core'
import * as Field from './field25519.js'

/** A point in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. */
export interface Point {
  readonly X: Field.Fe
  readonly Y: Field.Fe
  readonly Z: Field.Fe
  readonly T: Field.Fe
}

/** A point as the second summand of {@link add}. */
export interface Summand {
  /** Y + X. */
  readonly plus: Field.Fe
  /** Y − X. */
  readonly minus: Field.Fe
  /** 2 Z. */
  readonly z2: Field.Fe
  /** 2 d T. */
  readonly t2d: Field.Fe
}

/** Odd multiples of a point: 1, 3, 5 … */
export type Table = readonly Summand[]

/** A scalar below 2^253 times a point. */
export interface Term {
  readonly scalar: bigint
  readonly table: Table
}

const BITS = 256
const ONE = /* @__PURE__ */ Field.one()
/** −121665/121666. */
const D = /* @__PURE__ */ Field.from(0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n)
const D2 = /* @__PURE__ */ Field.from(0x2406d9dc56dffce7198e80f2eef3d13000e0149a8283b156ebd69b9426b2f159n)
const SQRT_M1 =
  /* @__PURE__ */ Field.from(0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n)

/** Scratch: what is in it counts only within a call. */
const [A, B, C, D0, E, F, G, H, I] = /* @__PURE__ */ Array.from(
  { length: 9 },
  Field.zero,
) as unknown as readonly [
  Field.Fe,
  Field.Fe,
  Field.Fe,
  Field.Fe,
  Field.Fe,
  Field.Fe,
  Field.Fe,
  Field.Fe,
  Field.Fe,
]

/** The neutral point. */
export function neutral(): Point {
  return { X: Field.zero(), Y: Field.one(), Z: Field.one(), T: Field.zero() }
}

/**
 * Reads a point as ZIP-215 does: any y, also one not below p, and x = 0 with either sign. `undefined` where no point has that y
 * (RFC 8032, 5.1.3).
 */
export function fromBytes(bytes: Bytes.Bytes32): Point | undefined {
  const point = neutral()
  const { X: x, Y: y, T } = point
  const [u, v, r] = [A, B, C]
  Field.fromBytes(y, bytes)
  Field.square(r, y)
  Field.sub(u, r, ONE)
  Field.mul(v, r, D)
  Field.add(v, v, ONE)
  // x = u v³ (u v⁷)^((p−5)/8)
  Field.square(r, v)
  Field.mul(r, r, v)
  Field.mul(x, r, u)
  Field.square(r, r)
  Field.mul(r, r, v)
  Field.mul(r, r, u)
  power(r, r)
  Field.mul(x, x, r)
  Field.square(r, x)
  Field.mul(r, r, v)
  const root = Field.toBigInt(r)
  const square = Field.toBigInt(u)
  if (root !== square) {
    if (root + square !== Field.P) return undefined
    Field.mul(x, x, SQRT_M1)
  }
  const odd = Number(Field.toBigInt(x) & 1n)
  if (odd !== (bytes[31] as number) >> 7) Field.negate(x, x)
  Field.mul(T, x, y)
  return point
}

/** out = a^((p − 5)/8) = a^(2^252 − 3). */
function power(out: Field.Fe, a: Field.Fe): void {
  // Names tell the exponent: `e5` is 2^5 − 1.
  const [t, z, e5, e10, e50, e100] = [D0, E, F, G, H, I]
  z.set(a)
  Field.square(t, z)
  Field.squareTimes(e5, t, 2)
  Field.mul(e5, e5, z)
  Field.mul(t, t, e5)
  Field.square(t, t)
  Field.mul(e5, e5, t)
  Field.squareTimes(e10, e5, 5)
  Field.mul(e10, e10, e5)
  Field.squareTimes(t, e10, 10)
  Field.mul(t, t, e10)
  Field.squareTimes(e50, t, 20)
  Field.mul(e50, e50, t)
  Field.squareTimes(e50, e50, 10)
  Field.mul(e50, e50, e10)
  Field.squareTimes(e100, e50, 50)
  Field.mul(e100, e100, e50)
  Field.squareTimes(t, e100, 100)
  Field.mul(t, t, e100)
  Field.squareTimes(t, t, 50)
  Field.mul(t, t, e50)
  Field.squareTimes(t, t, 2)
  Field.mul(out, t, z)
}

/** Adds to a point in its place (`add-2008-hwcd-3`); the sum of any two points is right, also of equal ones. */
export function add(p: Point, { plus, minus, z2, t2d }: Summand): void {
  Field.mul(C, p.T, t2d)
  Field.mul(G, p.Z, z2)
  Field.sub(F, G, C)
  Field.add(G, G, C)
  finish(p, plus, minus)
}

/** Subtracts from a point in its place. */
export function subtract(p: Point, { plus, minus, z2, t2d }: Summand): void {
  Field.mul(C, p.T, t2d)
  Field.mul(G, p.Z, z2)
  Field.add(F, G, C)
  Field.sub(G, G, C)
  finish(p, minus, plus)
}

function finish(p: Point, plus: Field.Fe, minus: Field.Fe): void {
  Field.sub(E, p.Y, p.X)
  Field.mul(A, E, minus)
  Field.add(E, p.Y, p.X)
  Field.mul(B, E, plus)
  Field.sub(E, B, A)
  Field.add(H, B, A)
  products(p)
}

function products({ X, Y, Z, T }: Point): void {
  Field.mul(X, E, F)
  Field.mul(Y, G, H)
  Field.mul(T, E, H)
  Field.mul(Z, F, G)
}

/** Doubles a point in its place (`dbl-2008-hwcd`). */
export function double(p: Point): void {
  Field.square(A, p.X)
  Field.square(B, p.Y)
  Field.square(C, p.Z)
  Field.mul(E, p.X, p.Y)
  Field.add(E, E, E)
  Field.sub(G, B, A)
  Field.add(H, A, B)
  Field.negate(H, H)
  Field.sub(F, G, C)
  Field.sub(F, F, C)
  products(p)
}

/** Tells whether eight times a point is the neutral one. It is left at that multiple. */
export function isSmall(p: Point): boolean {
  for (let i = 0; i < 3; i++) double(p)
  Field.sub(E, p.Y, p.Z)
  return Field.toBigInt(p.X) === 0n && Field.toBigInt(E) === 0n
}

/** Room for as many odd multiples of a point. */
export function emptyTable(size: number): Table {
  return Array.from({ length: size }, () => ({
    plus: Field.zero(),
    minus: Field.zero(),
    z2: Field.zero(),
    t2d: Field.zero(),
  }))
}

/** Fills a table with the odd multiples of a point, which is used up. */
export function fill(table: Table, p: Point): Table {
  for (const [i, out] of table.entries()) {
    if (i === 0) {
      write(out, p)
      TWICE.X.set(p.X)
      TWICE.Y.set(p.Y)
      TWICE.Z.set(p.Z)
      TWICE.T.set(p.T)
      double(TWICE)
      write(STEP, TWICE)
      continue
    }
    add(p, STEP)
    write(out, p)
  }
  return table
}

const TWICE = /* @__PURE__ */ neutral()
const STEP = /* @__PURE__ */ emptyTable(1)[0] as Summand

function write(out: Summand, { X, Y, Z, T }: Point): void {
  Field.add(out.plus, Y, X)
  Field.sub(out.minus, Y, X)
  Field.add(out.z2, Z, Z)
  Field.mul(out.t2d, T, D2)
}

/** The sum of all terms (Straus): their doublings are shared. */
export function sum(terms: readonly Term[]): Point {
  const added = Array.from({ length: BITS }, (): Summand[] => [])
  const subtracted = Array.from({ length: BITS }, (): Summand[] => [])
  for (const { scalar, table } of terms)
    digits(scalar, Math.log2(table.length) + 2, (place, digit) => {
      const list = (digit > 0 ? added : subtracted)[place] as Summand[]
      list.push(table[Math.abs(digit) >> 1] as Summand)
    })
  const point = neutral()
  for (let place = BITS - 1; place >= 0; place--) {
    double(point)
    for (const it of added[place] as Summand[]) add(point, it)
    for (const it of subtracted[place] as Summand[]) subtract(point, it)
  }
  return point
}

const words = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(40))

/** A scalar in non-adjacent form: odd digits below 2^(width − 1) in size, zeros left out. */
function digits(scalar: bigint, width: number, take: (place: number, digit: number) => void): void {
  for (let i = 0; i < 4; i++) words.setBigUint64(8 * i, BigInt.asUintN(64, scalar >> BigInt(64 * i)), true)
  const size = 1 << width
  let carry = 0
  for (let place = 0; place < BITS; ) {
    const window = ((words.getUint32(place >> 3, true) >>> (place & 7)) & (size - 1)) + carry
    if ((window & 1) === 0) {
      place++
      continue
    }
    carry = window > size >> 1 ? 1 : 0
    take(place, carry === 1 ? window - size : window)
    place += width
  }
}
