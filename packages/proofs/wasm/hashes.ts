import { assemble, type Code, call, type Func, get, i32, i64, loop, set, v128 } from './assembler.js'

/*
 * SHA-256 (FIPS 180-4), of one message and of four side by side, and Keccak-f[1600] (FIPS 202), as WebAssembly.
 *
 * Memory: K, round constants of Keccak, padding of a 64-byte message, tails of four headers, state and schedule of the four;
 * what is hashed comes from `INPUT` on.
 */

const K = 0
const RC = 256
const PADDING = 512
const TAILS = 576
const STATE = 832
const SCHEDULE = 960
const INITIAL_WORDS = 1920
const HALF = 1952
/** First byte that callers may use. */
export const INPUT = 2048
const PAGES = 4

/** Operations on words: one, or four at once. */
interface Words {
  readonly add: (a: Code, b: Code) => Code
  readonly xor: (a: Code, b: Code) => Code
  readonly shr: (a: Code, count: number) => Code
  readonly rotr: (a: Code, count: number) => Code
  readonly choose: (e: Code, f: Code, g: Code) => Code
  readonly majority: (a: Code, b: Code, c: Code) => Code
  readonly constant: (offset: number, address: Code) => Code
}

const one: Words = {
  ...i32,
  choose: (e, f, g) => i32.xor(g, i32.and(e, i32.xor(f, g))),
  majority: (a, b, c) => i32.or(i32.and(a, b), i32.and(c, i32.or(a, b))),
  constant: i32.load,
}

const four: Words = {
  ...v128,
  rotr: (a, count) => v128.or(v128.shr(a, count), v128.shl(a, 32 - count)),
  choose: (e, f, g) => v128.select(f, g, e),
  majority: (a, b, c) => v128.select(c, a, v128.xor(a, b)),
  constant: v128.load32Splat,
}

/**
 * Sixty-four rounds over locals: `w` the 16 words of the block, `s` the eight of the state, `t` two more, `k` an i32 that walks over K.
 * Sixteen rounds stand in the code; before each but the first sixteen, a word of the schedule gives way to its successor.
 */
function rounds(words: Words, w: number, s: number, t: number, k: number): Code {
  const { add, xor, rotr, shr } = words
  const sum = (x: Code, a: number, b: number, last: Code): Code => xor(xor(rotr(x, a), rotr(x, b)), last)
  const round = (i: number): Code => {
    const at = (name: number) => get(s + ((name - i + 64) & 7))
    const [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(at) as [
      Code,
      Code,
      Code,
      Code,
      Code,
      Code,
      Code,
      Code,
    ]
    const first = add(
      add(h, sum(e, 6, 11, rotr(e, 25))),
      add(words.choose(e, f, g), add(words.constant(K + 4 * i, get(k)), get(w + i))),
    )
    return [
      set(t, first),
      set(s + ((3 - i + 64) & 7), add(d, get(t))),
      set(s + ((7 - i + 64) & 7), add(get(t), add(sum(a, 2, 13, rotr(a, 22)), words.majority(a, b, c)))),
    ]
  }
  const next = (i: number): Code => {
    const [x, y] = [get(w + ((i + 1) & 15)), get(w + ((i + 14) & 15))]
    const before = add(get(w + i), get(w + ((i + 9) & 15)))
    return set(w + i, add(add(before, sum(x, 7, 18, shr(x, 3))), sum(y, 17, 19, shr(y, 10))))
  }
  const sixteen = Array.from({ length: 16 }, (_, i) => i)
  return [
    set(k, i32.const(0)),
    sixteen.map(round),
    set(k, i32.const(64)),
    loop(
      [sixteen.map((i) => [next(i), round(i)]), set(k, i32.add(get(k), i32.const(64)))],
      i32.less(get(k), i32.const(256)),
    ),
  ]
}

/** A word in the other order of bytes. */
const swapped = (x: Code): Code =>
  i32.or(i32.and(i32.rotr(x, 8), i32.const(0xff00ff00)), i32.and(i32.rotr(x, 24), i32.const(0x00ff00ff)))

const REVERSE = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]
const swappedFour = (x: Code): Code => v128.shuffle(x, x, REVERSE)
const eight = Array.from({ length: 8 }, (_, i) => i)
const sixteen = Array.from({ length: 16 }, (_, i) => i)

const INITIAL = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]

/** `(blocks, count, out)`: hashes whole blocks, padded already, and writes the digest. */
const sha256: Func = {
  name: 'sha256',
  params: ['i32', 'i32', 'i32'],
  locals: [...Array<'i32'>(8 + 16 + 8 + 2).fill('i32')],
  body: (() => {
    const [from, count, out] = [0, 1, 2]
    const [sum, w, s, t, k] = [3, 11, 27, 35, 36]
    return [
      INITIAL.map((word, i) => set(sum + i, i32.const(word))),
      loop(
        [
          sixteen.map((i) => [set(t, i32.load(4 * i, get(from))), set(w + i, swapped(get(t)))]),
          eight.map((i) => set(s + i, get(sum + i))),
          rounds(one, w, s, t, k),
          eight.map((i) => set(sum + i, i32.add(get(sum + i), get(s + i)))),
          set(from, i32.add(get(from), i32.const(64))),
          set(count, i32.sub(get(count), i32.const(1))),
        ],
        get(count),
      ),
      eight.map((i) => i32.store(4 * i, get(out), swapped(get(sum + i)))),
    ]
  })(),
}

const COMPRESS = 1
const LOAD = 2
const SAVE = 3

/** `()`: one block of each of four messages, from the schedule into the state. */
const compress: Func = {
  params: [],
  locals: [...Array<'v128'>(16 + 8 + 1).fill('v128'), 'i32'],
  body: (() => {
    const [w, s, t, k] = [0, 16, 24, 25]
    const at = (i: number) => STATE + 16 * i
    return [
      sixteen.map((i) => set(w + i, v128.load(SCHEDULE + 16 * i, i32.const(0)))),
      eight.map((i) => set(s + i, v128.load(at(i), i32.const(0)))),
      rounds(four, w, s, t, k),
      eight.map((i) => v128.store(at(i), i32.const(0), v128.add(get(s + i), v128.load(at(i), i32.const(0))))),
    ]
  })(),
}

/** `(from, stride)`: takes one block of each of four messages into the schedule. */
const load: Func = {
  params: ['i32', 'i32'],
  locals: ['i32', 'i32', 'i32'],
  body: (() => {
    const [from, stride, b, c, d] = [0, 1, 2, 3, 4]
    return [
      set(b, i32.add(get(from), get(stride))),
      set(c, i32.add(get(b), get(stride))),
      set(d, i32.add(get(c), get(stride))),
      sixteen.map((i) => {
        const lanes = [b, c, d].reduce(
          (vector: Code, address, lane) => v128.load32Lane(4 * i, get(address), vector, lane + 1),
          v128.load32Zero(4 * i, get(from)),
        )
        return v128.store(SCHEDULE + 16 * i, i32.const(0), swappedFour(lanes))
      }),
    ]
  })(),
}

/** `(out)`: writes the four digests. */
const save: Func = {
  params: ['i32'],
  locals: ['v128'],
  body: eight.map((i) => [
    set(1, swappedFour(v128.load(STATE + 16 * i, i32.const(0)))),
    [0, 1, 2, 3].map((lane) => v128.store32Lane(32 * lane + 4 * i, get(0), get(1), lane)),
  ]),
}

const begin: Code = eight.map((i) =>
  v128.store(STATE + 16 * i, i32.const(0), v128.load32Splat(0, i32.const(INITIAL_WORDS + 4 * i))),
)

/** `(from, out, fours)`: four times `fours` messages of 64 bytes. */
const level: Func = {
  name: 'level',
  params: ['i32', 'i32', 'i32'],
  locals: [],
  body: loop(
    [
      begin,
      call(LOAD, get(0), i32.const(64)),
      call(COMPRESS),
      call(LOAD, i32.const(PADDING), i32.const(0)),
      call(COMPRESS),
      call(SAVE, get(1)),
      set(0, i32.add(get(0), i32.const(256))),
      set(1, i32.add(get(1), i32.const(128))),
      set(2, i32.sub(get(2), i32.const(1))),
    ],
    get(2),
  ),
}

/** `(from, out, fours)`: SHA-256 twice of four times `fours` headers of 80 bytes. */
const headers: Func = {
  name: 'headers',
  params: ['i32', 'i32', 'i32'],
  locals: [],
  body: loop(
    [
      [0, 1, 2, 3].map((lane) =>
        v128.store(TAILS + 64 * lane, i32.const(0), v128.load(80 * lane + 64, get(0))),
      ),
      begin,
      call(LOAD, get(0), i32.const(80)),
      call(COMPRESS),
      call(LOAD, i32.const(TAILS), i32.const(64)),
      call(COMPRESS),
      // The digest is the first half of the next message, word by word.
      eight.map((i) => v128.store(SCHEDULE + 16 * i, i32.const(0), v128.load(STATE + 16 * i, i32.const(0)))),
      eight.map((i) =>
        v128.store(SCHEDULE + 128 + 16 * i, i32.const(0), v128.load32Splat(0, i32.const(HALF + 4 * i))),
      ),
      begin,
      call(COMPRESS),
      call(SAVE, get(1)),
      set(0, i32.add(get(0), i32.const(320))),
      set(1, i32.add(get(1), i32.const(128))),
      set(2, i32.sub(get(2), i32.const(1))),
    ],
    get(2),
  ),
}

/** Rotation of each lane (FIPS 202, 3.2.2), at `x + 5 y`. */
function offsets(): readonly number[] {
  const out = Array<number>(25).fill(0)
  let [x, y] = [1, 0]
  for (let t = 0; t < 24; t++) {
    out[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
  }
  return out
}

/** `(blocks, count, out)`: Keccak-256 over whole blocks of 136 bytes, padded already. */
const keccak: Func = {
  name: 'keccak',
  params: ['i32', 'i32', 'i32'],
  locals: [...Array<'i64'>(25 + 25 + 5 + 1).fill('i64'), 'i32'],
  body: (() => {
    const [from, count, out] = [0, 1, 2]
    const [a, b, c, d, round] = [3, 28, 53, 58, 59]
    const rotation = offsets()
    const five = [0, 1, 2, 3, 4]
    const theta: Code = [
      five.map((x) =>
        set(
          c + x,
          five.slice(1).reduce((sum: Code, y) => i64.xor(sum, get(a + x + 5 * y)), get(a + x)),
        ),
      ),
      five.map((x) => [
        set(d, i64.xor(get(c + ((x + 4) % 5)), i64.rotl(get(c + ((x + 1) % 5)), 1))),
        // Rho and pi on the way: lane (x, y) goes to (y, 2x + 3y).
        five.map((y) => {
          const lane = i64.xor(get(a + x + 5 * y), get(d))
          const turned = rotation[x + 5 * y] as number
          return set(b + y + 5 * ((2 * x + 3 * y) % 5), turned === 0 ? lane : i64.rotl(lane, turned))
        }),
      ]),
    ]
    const chi: Code = five.map((y) =>
      five.map((x) => {
        const at = (i: number) => get(b + ((x + i) % 5) + 5 * y)
        return set(a + x + 5 * y, i64.xor(at(0), i64.and(i64.xor(at(1), i64.const(-1n)), at(2))))
      }),
    )
    return [
      loop(
        [
          Array.from({ length: 17 }, (_, i) => set(a + i, i64.xor(get(a + i), i64.load(8 * i, get(from))))),
          set(round, i32.const(0)),
          loop(
            [
              theta,
              chi,
              set(a, i64.xor(get(a), i64.load(RC, get(round)))),
              set(round, i32.add(get(round), i32.const(8))),
            ],
            i32.less(get(round), i32.const(192)),
          ),
          set(from, i32.add(get(from), i32.const(136))),
          set(count, i32.sub(get(count), i32.const(1))),
        ],
        get(count),
      ),
      [0, 1, 2, 3].map((i) => i64.store(8 * i, get(out), get(a + i))),
    ]
  })(),
}

/** Fractional parts of cube roots of the first 64 primes (FIPS 180-4, 4.2.2), in whole numbers. */
function roundConstants(): readonly number[] {
  const out: number[] = []
  for (let n = 2; out.length < 64; n++) {
    let prime = true
    for (let q = 2; q * q <= n; q++) if (n % q === 0) prime = false
    if (!prime) continue
    const cube = BigInt(n) << 96n
    let root = 0n
    for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root + bit) ** 3n <= cube) root += bit
    out.push(Number(root & 0xffff_ffffn))
  }
  return out
}

/** Round constants of Keccak (FIPS 202, 3.2.5), from its feedback register. */
function iota(): readonly bigint[] {
  let register = 1
  return Array.from({ length: 24 }, () => {
    let word = 0n
    for (let j = 0; j <= 6; j++) {
      if ((register & 1) === 1) word |= 1n << BigInt(2 ** j - 1)
      register <<= 1
      if ((register & 0x100) !== 0) register ^= 0x171
    }
    return word
  })
}

function data(): Uint8Array {
  const bytes = new Uint8Array(INPUT)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of roundConstants().entries()) view.setUint32(K + 4 * i, word, true)
  for (const [i, word] of iota().entries()) view.setBigUint64(RC + 8 * i, word, true)
  view.setUint8(PADDING, 0x80)
  view.setUint32(PADDING + 60, 64 * 8)
  for (let lane = 0; lane < 4; lane++) {
    view.setUint8(TAILS + 64 * lane + 16, 0x80)
    view.setUint32(TAILS + 64 * lane + 60, 80 * 8)
  }
  for (const [i, word] of INITIAL.entries()) view.setUint32(INITIAL_WORDS + 4 * i, word, true)
  // Second half of a 32-byte message, as words.
  view.setUint32(HALF, 0x80000000, true)
  view.setUint32(HALF + 28, 32 * 8, true)
  return bytes
}

/** The module. */
export function build(): Uint8Array {
  return assemble({
    pages: PAGES,
    data: data(),
    functions: [sha256, compress, load, save, level, headers, keccak],
  })
}

/** The module as the TypeScript that ships it. */
export function source(): string {
  const text = btoa(String.fromCharCode(...build()))
  const lines = text.match(/.{1,100}/g) ?? []
  return `/*
 * Made by packages/proofs/wasm/write.ts from hashes.ts beside it: WebAssembly in base64.
 */

/** First byte of the memory that callers may use. */
export const INPUT = ${INPUT}
/** Bytes of the memory. */
export const MEMORY = ${PAGES * 65536}
export const MODULE =
${lines.map((line) => `  '${line}'`).join(' +\n')}
`
}
