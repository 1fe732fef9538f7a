/** Machine code: bytes, and pieces of it. */
export type Code = readonly (number | Code)[]

/** A function of a module: parameters come first among its locals. */
export interface Func {
  /** Its name outside; none for one that only others call. */
  readonly name?: string
  readonly params: readonly Type[]
  readonly results?: readonly Type[]
  readonly locals: readonly Type[]
  readonly body: Code
}

export type Type = keyof typeof TYPES

const TYPES = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const
const END = 0x0b

function uleb(value: number): Code {
  const out: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80)
  out.push(rest)
  return out
}

function sleb(value: bigint): Code {
  const out: number[] = []
  for (let rest = value; ; ) {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    if ((rest === 0n && byte < 64) || (rest === -1n && byte >= 64)) {
      out.push(byte)
      return out
    }
    out.push(byte | 0x80)
  }
}

const memory = (op: Code, align: number) => (offset: number, address: Code) =>
  [address, op, align, uleb(offset)] as const
const store =
  (op: Code, align: number) =>
  (offset: number, address: Code, value: Code): Code => [address, value, op, align, uleb(offset)]
const two =
  (...op: Code) =>
  (a: Code, b: Code): Code => [a, b, op]
const simd = (op: number): Code => [0xfd, uleb(op)]
const withConst =
  (op: number) =>
  (a: Code, count: number): Code => [a, i32.const(count), op]

export const get = (index: number): Code => [0x20, uleb(index)]
export const set = (index: number, value: Code): Code => [value, 0x21, uleb(index)]
export const call = (index: number, ...args: Code): Code => [args, 0x10, uleb(index)]
/** Runs a body, and again while the condition isn't zero. */
export const loop = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, END]

export const i32 = {
  const: (value: number): Code => [0x41, sleb(BigInt(value | 0))],
  load: memory([0x28], 2),
  store: store([0x36], 2),
  add: two(0x6a),
  sub: two(0x6b),
  and: two(0x71),
  or: two(0x72),
  xor: two(0x73),
  shr: withConst(0x76),
  rotr: withConst(0x78),
  less: two(0x49),
}

export const i64 = {
  const: (value: bigint): Code => [0x42, sleb(BigInt.asIntN(64, value))],
  load: memory([0x29], 3),
  store: store([0x37], 3),
  and: two(0x83),
  xor: two(0x85),
  rotl: (a: Code, count: number): Code => [a, i64.const(BigInt(count)), 0x89],
}

export const v128 = {
  load: memory(simd(0x00), 4),
  load32Splat: memory(simd(0x09), 2),
  load32Zero: memory(simd(0x5c), 2),
  /** Puts four bytes of memory into one lane of a vector. */
  load32Lane: (offset: number, address: Code, vector: Code, lane: number): Code => [
    address,
    vector,
    simd(0x56),
    2,
    uleb(offset),
    lane,
  ],
  store: store(simd(0x0b), 4),
  /** Puts one lane of a vector into four bytes of memory. */
  store32Lane: (offset: number, address: Code, vector: Code, lane: number): Code => [
    address,
    vector,
    simd(0x5a),
    2,
    uleb(offset),
    lane,
  ],
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [a, b, simd(0x0d), lanes],
  or: two(simd(0x50)),
  xor: two(simd(0x51)),
  /** Bits of `a` where `mask` has ones, of `b` elsewhere. */
  select: (a: Code, b: Code, mask: Code): Code => [a, b, mask, simd(0x52)],
  shl: (a: Code, count: number): Code => [a, i32.const(count), simd(0xab)],
  shr: (a: Code, count: number): Code => [a, i32.const(count), simd(0xad)],
  add: two(simd(0xae)),
}

/** A module with one memory of its own, data in it from byte 0 on, and functions (WebAssembly core specification, 5.5). */
export function assemble(module: {
  readonly pages: number
  readonly data: Uint8Array
  readonly functions: readonly Func[]
}): Uint8Array {
  const { functions } = module
  const types = (list: readonly Type[]): Code => vector(list.map((type) => TYPES[type]))
  const code = functions.map(({ locals, body }): Code => {
    const bytes = flat([vector(locals.map((type) => [1, TYPES[type]])), body, END])
    return [uleb(bytes.length), bytes]
  })
  const exported = functions.flatMap(({ name }, index): Code[] =>
    name === undefined ? [] : [[text(name), 0, uleb(index)]],
  )
  return Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, vector(functions.map(({ params, results = [] }) => [0x60, types(params), types(results)]))),
      section(3, vector(functions.map((_, index) => uleb(index)))),
      section(5, vector([[0, uleb(module.pages)]])),
      section(7, vector([[text('memory'), 2, 0], ...exported])),
      section(10, vector(code)),
      section(11, vector([[0, i32.const(0), END, uleb(module.data.length), [...module.data]]])),
    ]),
  )
}

function flat(code: Code): number[] {
  const out: number[] = []
  const add = (part: Code) => {
    for (const it of part) {
      if (typeof it === 'number') out.push(it)
      else add(it)
    }
  }
  add(code)
  return out
}

const vector = (items: readonly (number | Code)[]): Code => [uleb(items.length), items]
const text = (name: string): Code => vector([...new TextEncoder().encode(name)])

function section(id: number, content: Code): Code {
  const bytes = flat(content)
  return [id, uleb(bytes.length), bytes]
}
