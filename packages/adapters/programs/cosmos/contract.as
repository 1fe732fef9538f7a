// What a CosmWasm contract (interface version 8) needs: memory that the node reads and writes, JSON in and out, SHA-256, storage, queries.
//
// - Every call runs in a fresh instance, so memory is taken and never given back, and globals start from zero.
// - The first refusal counts; whoever calls an entry point gets it instead of a result, and the node then undoes what the call wrote.
// - JSON is read strictly where it matters: a member that is there twice, an unknown one, an escape in a text: all refused.

@external("env", "db_read") declare function db_read(key: usize): usize;
@external("env", "db_write") declare function db_write(key: usize, value: usize): void;
@external("env", "db_remove") declare function db_remove(key: usize): void;
@external("env", "addr_validate") declare function addr_validate(address: usize): usize;
@external("env", "query_chain") declare function query_chain(request: usize): usize;

/** Some bytes in memory. */
@unmanaged
export class Slice {
  at: usize
  length: usize
}

export function slice(at: usize, length: usize): Slice {
  const made = changetype<Slice>(take(8))
  made.at = at
  made.length = length
  return made
}

/** What there is instead of a part that isn't there. */
export function nothing(): Slice {
  return slice(0, 0)
}

// ---- Memory the node sees: a region is offset, capacity, length. ----

/** Where free memory starts; zero before the first use, as a module may have no start function. */
let free: usize = 0

export function take(length: usize): usize {
  const at = ((free == 0 ? __heap_base : free) + 7) & ~7
  const after = at + length
  const there = <usize>memory.size() << 16
  if (after < at || (after > there && memory.grow(<i32>((after - there + 0xffff) >>> 16)) < 0)) unreachable()
  free = after
  return at
}

export function interface_version_8(): void {}

export function allocate(capacity: usize): usize {
  return region(take(capacity), capacity, 0)
}

export function deallocate(_region: usize): void {}

function region(offset: usize, capacity: usize, length: usize): usize {
  const at = take(12)
  store<u32>(at, <u32>offset)
  store<u32>(at, <u32>capacity, 4)
  store<u32>(at, <u32>length, 8)
  return at
}

/** The bytes that the node put into a region. */
export function arrived(at: usize): Slice {
  return slice(load<u32>(at), load<u32>(at, 8))
}

export function handed(bytes: Slice): usize {
  return region(bytes.at, bytes.length, bytes.length)
}

// ---- Refusals ----

let refusal: usize = 0

export function refuse(why: string): void {
  if (refusal == 0) refusal = changetype<usize>(why)
}

export function require(holds: bool, why: string): void {
  if (!holds) refuse(why)
}

@inline
export function refused(): bool {
  return refusal != 0
}

/** What an entry point answers: `body`, unless something was refused. */
export function answer(body: Slice): usize {
  if (!refused()) return handed(body)
  begin()
  put('{"error":"')
  put(changetype<string>(refusal))
  put('"}')
  return handed(end())
}

// ---- Bytes ----

export function text(ascii: string): Slice {
  const length = <usize>ascii.length
  const at = take(length)
  for (let i: usize = 0; i < length; i++) store<u8>(at + i, load<u8>(changetype<usize>(ascii) + (i << 1)))
  return slice(at, length)
}

export function same(a: Slice, b: Slice): bool {
  if (a.length != b.length) return false
  for (let i: usize = 0; i < a.length; i++) if (load<u8>(a.at + i) != load<u8>(b.at + i)) return false
  return true
}

export function is(bytes: Slice, ascii: string): bool {
  if (bytes.length != <usize>ascii.length) return false
  for (let i: usize = 0; i < bytes.length; i++)
    if (load<u8>(bytes.at + i) != load<u8>(changetype<usize>(ascii) + (i << 1))) return false
  return true
}

// ---- A buffer to write into; one at a time. ----

let buffer: usize = 0
let capacity: usize = 0
let written: usize = 0

export function begin(): void {
  capacity = 1024
  buffer = take(capacity)
  written = 0
}

function room(more: usize): void {
  if (written + more <= capacity) return
  capacity = (written + more) << 1
  const larger = take(capacity)
  memory.copy(larger, buffer, written)
  buffer = larger
}

export function putByte(byte: u32): void {
  room(1)
  store<u8>(buffer + written, <u8>byte)
  written++
}

export function put(ascii: string): void {
  const length = <usize>ascii.length
  room(length)
  for (let i: usize = 0; i < length; i++) store<u8>(buffer + written + i, load<u8>(changetype<usize>(ascii) + (i << 1)))
  written += length
}

export function putSlice(bytes: Slice): void {
  room(bytes.length)
  memory.copy(buffer + written, bytes.at, bytes.length)
  written += bytes.length
}

export function digitsOf(value: u64): Slice {
  const digits = take(20)
  let n: usize = 20
  do {
    n--
    store<u8>(digits + n, <u8>(48 + (value % 10)))
    value /= 10
  } while (value != 0)
  return slice(digits + n, 20 - n)
}

/** Eight bytes, the highest first. */
export function putU64Bytes(value: u64): void {
  for (let shift = 56; shift >= 0; shift -= 8) putByte(<u32>(value >> shift) & 255)
}

const HEX: string = '0123456789abcdef'

export function putHex(bytes: Slice): void {
  for (let i: usize = 0; i < bytes.length; i++) {
    const byte = <u32>load<u8>(bytes.at + i)
    putByte(HEX.charCodeAt(byte >> 4))
    putByte(HEX.charCodeAt(byte & 15))
  }
}

const BASE64: string = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function putBase64(bytes: Slice): void {
  for (let i: usize = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    let group = <u32>load<u8>(bytes.at + i) << 16
    if (left > 1) group |= <u32>load<u8>(bytes.at + i + 1) << 8
    if (left > 2) group |= <u32>load<u8>(bytes.at + i + 2)
    putByte(BASE64.charCodeAt(group >> 18))
    putByte(BASE64.charCodeAt((group >> 12) & 63))
    putByte(left > 1 ? BASE64.charCodeAt((group >> 6) & 63) : 61)
    putByte(left > 2 ? BASE64.charCodeAt(group & 63) : 61)
  }
}

/** `"name":"value"`; names and values are never in need of escapes here. */
export function putMember(name: string, value: Slice): void {
  putByte(34)
  put(name)
  put('":"')
  putSlice(value)
  putByte(34)
}

export function end(): Slice {
  return slice(buffer, written)
}

// ---- Reading texts ----

function nibble(c: u32): i32 {
  if (c >= 48 && c <= 57) return <i32>c - 48
  if (c >= 97 && c <= 102) return <i32>c - 87
  if (c >= 65 && c <= 70) return <i32>c - 55
  return -1
}

/** The bytes that hex digits of either case stand for. */
export function unhex(digits: Slice, why: string): Slice {
  const length = digits.length >> 1
  const bytes = slice(take(length), length)
  if (digits.length & 1) refuse(why)
  for (let i: usize = 0; i < length; i++) {
    const high = nibble(load<u8>(digits.at + (i << 1)))
    const low = nibble(load<u8>(digits.at + (i << 1) + 1))
    if (high < 0 || low < 0) refuse(why)
    store<u8>(bytes.at + i, <u8>((high << 4) | low))
  }
  return bytes
}

/** Exactly 32 bytes in hex; zeros where that was refused. */
export function unhex32(digits: Slice, why: string): Slice {
  if (digits.length == 64) return unhex(digits, why)
  refuse(why)
  const zeros = slice(take(32), 32)
  memory.fill(zeros.at, 0, 32)
  return zeros
}

function sextet(c: u32): u32 {
  if (c >= 65 && c <= 90) return c - 65
  if (c >= 97 && c <= 122) return c - 71
  if (c >= 48 && c <= 57) return c + 4
  return c == 43 ? 62 : c == 47 ? 63 : 64
}

/** Padded base64 (RFC 4648, section 4). */
export function unbase64(digits: Slice): Slice {
  const why = 'no base64'
  const bytes = slice(take(digits.length), 0)
  if (digits.length & 3) refuse(why)
  for (let i: usize = 0; i + 4 <= digits.length; i += 4) {
    let group: u32 = 0
    let padding: usize = 0
    for (let j: usize = 0; j < 4; j++) {
      const c = load<u8>(digits.at + i + j)
      if (c == 61 && i + 4 == digits.length && j > 1) {
        padding++
        group <<= 6
        continue
      }
      const value = sextet(c)
      if (value > 63 || padding) refuse(why)
      group = (group << 6) | (value & 63)
    }
    for (let j: usize = 0; j < 3 - padding; j++) store<u8>(bytes.at + bytes.length++, <u8>(group >> (16 - (<u32>j << 3))))
  }
  return bytes
}

/** Decimal digits of a number below 2^64, without leading zeros. */
export function u64Of(digits: Slice, why: string): u64 {
  const most: u64 = 1844674407370955161
  let value: u64 = 0
  if (!decimal(digits)) refuse(why)
  else
    for (let i: usize = 0; i < digits.length; i++) {
      const digit = <u64>load<u8>(digits.at + i) - 48
      if (value > most || (value == most && digit > 5)) {
        refuse(why)
        return 0
      }
      value = value * 10 + digit
    }
  return value
}

// ---- Amounts are decimal digits, as they travel: compared, added and taken away as such. ----

export function decimal(digits: Slice): bool {
  if (digits.length == 0 || digits.length > 39) return false
  for (let i: usize = 0; i < digits.length; i++) {
    const c = load<u8>(digits.at + i)
    if (c < 48 || c > 57) return false
  }
  return digits.length == 1 || load<u8>(digits.at) != 48
}

/** An amount as contracts and coins have them: below 2^128. */
export function amount(digits: Slice, why: string): Slice {
  if (decimal(digits) && compare(digits, text('340282366920938463463374607431768211455')) <= 0) return digits
  refuse(why)
  return text('0')
}

export function isZero(digits: Slice): bool {
  return is(digits, '0')
}

export function compare(a: Slice, b: Slice): i32 {
  if (a.length != b.length) return a.length < b.length ? -1 : 1
  for (let i: usize = 0; i < a.length; i++) {
    const difference = <i32>load<u8>(a.at + i) - <i32>load<u8>(b.at + i)
    if (difference != 0) return difference
  }
  return 0
}

export function plus(a: Slice, b: Slice): Slice {
  const length = (a.length > b.length ? a.length : b.length) + 1
  const sum = take(length)
  let carry: u32 = 0
  for (let i: usize = 0; i < length; i++) {
    if (i < a.length) carry += <u32>load<u8>(a.at + a.length - 1 - i) - 48
    if (i < b.length) carry += <u32>load<u8>(b.at + b.length - 1 - i) - 48
    store<u8>(sum + length - 1 - i, <u8>(48 + (carry % 10)))
    carry /= 10
  }
  return trimmed(slice(sum, length))
}

/** `a - b`, which must not be negative. */
export function minus(a: Slice, b: Slice, why: string): Slice {
  if (compare(a, b) < 0) {
    refuse(why)
    return text('0')
  }
  const difference = take(a.length)
  let borrow: i32 = 0
  for (let i: usize = 0; i < a.length; i++) {
    let digit = <i32>load<u8>(a.at + a.length - 1 - i) - 48 - borrow
    if (i < b.length) digit -= <i32>load<u8>(b.at + b.length - 1 - i) - 48
    borrow = digit < 0 ? 1 : 0
    store<u8>(difference + a.length - 1 - i, <u8>(48 + digit + 10 * borrow))
  }
  return trimmed(slice(difference, a.length))
}

function trimmed(digits: Slice): Slice {
  while (digits.length > 1 && load<u8>(digits.at) == 48) {
    digits.at++
    digits.length--
  }
  return digits
}

// ---- JSON ----

function space(at: usize, end: usize): usize {
  while (at < end) {
    const c = load<u8>(at)
    if (c != 32 && c != 9 && c != 10 && c != 13) break
    at++
  }
  return at
}

const MALFORMED: string = 'malformed JSON'

/** The end of what starts with a quote at `at`. */
function pastText(at: usize, end: usize): usize {
  for (at++; at < end; at++) {
    const c = load<u8>(at)
    if (c == 34) return at + 1
    if (c == 92) at++
  }
  refuse(MALFORMED)
  return end
}

/** The end of the value at `at`; what is inside of it is looked at when it is read. */
function pastValue(at: usize, end: usize): usize {
  let depth: i32 = 0
  do {
    at = space(at, end)
    const c = at < end ? load<u8>(at) : 0
    if (c == 34) at = pastText(at, end)
    else if (c == 123 || c == 91) {
      depth++
      at++
    } else if ((c == 125 || c == 93) && depth > 0) {
      depth--
      at++
    } else if ((c == 44 || c == 58) && depth > 0) at++
    else {
      const from = at
      while (at < end) {
        const d = load<u8>(at)
        if (d == 44 || d == 58 || d == 34 || d == 91 || d == 93 || d == 123 || d == 125 || d <= 32) break
        at++
      }
      if (at == from) {
        refuse(MALFORMED)
        return end
      }
    }
  } while (depth > 0)
  return at
}

/** How many members an object has. */
let members: i32 = 0

/** The value of an object's member, `at == 0` where there is none. */
export function member(object: Slice, name: string): Slice {
  const found = nothing()
  const end = object.at + object.length
  let at = space(object.at, end)
  members = 0
  if (at >= end || load<u8>(at) != 123) {
    refuse(MALFORMED)
    return found
  }
  at = space(at + 1, end)
  let more = at >= end || load<u8>(at) != 125
  while (more) {
    at = space(at, end)
    if (at >= end || load<u8>(at) != 34) {
      refuse(MALFORMED)
      return nothing()
    }
    const from = at + 1
    at = pastText(at, end)
    const key = slice(from, at - 1 - from)
    at = space(at, end)
    if (refused() || at >= end || load<u8>(at) != 58) {
      refuse(MALFORMED)
      return nothing()
    }
    at = space(at + 1, end)
    const value = slice(at, 0)
    at = pastValue(at, end)
    value.length = at - value.at
    members++
    if (is(key, name)) {
      require(found.at == 0, 'a member is there twice')
      found.at = value.at
      found.length = value.length
    }
    at = space(at, end)
    const c = at < end ? load<u8>(at) : 0
    if (refused() || (c != 44 && c != 125)) {
      refuse(MALFORMED)
      return nothing()
    }
    at++
    more = c == 44
  }
  return found
}

/** Refuses an object with other members than those that were asked for and found. */
export function only(object: Slice, known: i32): void {
  member(object, '')
  require(members == known, 'unknown field')
}

export function there(value: Slice): i32 {
  return value.at == 0 ? 0 : 1
}

/** The inside of a text, which has no escape in it. */
export function unquoted(value: Slice, why: string): Slice {
  if (value.length < 2 || load<u8>(value.at) != 34 || load<u8>(value.at + value.length - 1) != 34) {
    refuse(why)
    return nothing()
  }
  const inside = slice(value.at + 1, value.length - 2)
  for (let i: usize = 0; i < inside.length; i++) {
    const c = load<u8>(inside.at + i)
    if (c < 32 || c == 34 || c == 92) refuse(why)
  }
  return inside
}

export function textOf(object: Slice, name: string, why: string): Slice {
  return unquoted(member(object, name), why)
}

/** An array's element, `at == 0` where there is none. */
export function element(array: Slice, index: i32): Slice {
  const end = array.at + array.length
  let at = space(array.at, end)
  if (at >= end || load<u8>(at) != 91) return nothing()
  at = space(at + 1, end)
  for (; at < end && load<u8>(at) != 93; index--) {
    const value = slice(at, 0)
    at = pastValue(at, end)
    value.length = at - value.at
    if (refused()) return nothing()
    if (index == 0) return value
    at = space(at, end)
    if (at < end && load<u8>(at) == 44) at = space(at + 1, end)
  }
  return nothing()
}

export function isEmptyArray(array: Slice): bool {
  const end = array.at + array.length
  let at = space(array.at, end)
  if (at >= end || load<u8>(at) != 91) return false
  at = space(at + 1, end)
  return at < end && load<u8>(at) == 93
}

// ---- SHA-256 (FIPS 180-4) ----

// prettier-ignore
const ROUNDS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])

export function sha256(message: Slice): Slice {
  const blocks = (message.length + 9 + 63) >> 6
  const padded = take(blocks << 6)
  memory.fill(padded, 0, blocks << 6)
  memory.copy(padded, message.at, message.length)
  store<u8>(padded + message.length, 0x80)
  store<u64>(padded + (blocks << 6) - 8, bswap<u64>(<u64>message.length << 3))
  const state = slice(take(32), 32)
  const words = take(256)
  const INITIAL: usize = memory.data<u32>([
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ])
  memory.copy(state.at, INITIAL, 32)
  for (let block: usize = 0; block < blocks; block++) absorb(state.at, padded + (block << 6), words)
  for (let i: usize = 0; i < 32; i += 4) store<u32>(state.at + i, bswap<u32>(load<u32>(state.at + i)))
  return state
}

function absorb(state: usize, block: usize, words: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(words + i, bswap<u32>(load<u32>(block + i)))
  for (let i: usize = 64; i < 256; i += 4) {
    const x = load<u32>(words + i - 60)
    const y = load<u32>(words + i - 8)
    const s0 = rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >>> 3)
    const s1 = rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ (y >>> 10)
    store<u32>(words + i, load<u32>(words + i - 64) + s0 + load<u32>(words + i - 28) + s1)
  }
  let a = load<u32>(state)
  let b = load<u32>(state, 4)
  let c = load<u32>(state, 8)
  let d = load<u32>(state, 12)
  let e = load<u32>(state, 16)
  let f = load<u32>(state, 20)
  let g = load<u32>(state, 24)
  let h = load<u32>(state, 28)
  for (let i: usize = 0; i < 256; i += 4) {
    const big1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
    const one = h + big1 + ((e & f) ^ (~e & g)) + load<u32>(ROUNDS + i) + load<u32>(words + i)
    const big0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
    const two = big0 + ((a & b) ^ (a & c) ^ (b & c))
    h = g
    g = f
    f = e
    e = d + one
    d = c
    c = b
    b = a
    a = one + two
  }
  store<u32>(state, load<u32>(state) + a)
  store<u32>(state, load<u32>(state, 4) + b, 4)
  store<u32>(state, load<u32>(state, 8) + c, 8)
  store<u32>(state, load<u32>(state, 12) + d, 12)
  store<u32>(state, load<u32>(state, 16) + e, 16)
  store<u32>(state, load<u32>(state, 20) + f, 20)
  store<u32>(state, load<u32>(state, 24) + g, 24)
  store<u32>(state, load<u32>(state, 28) + h, 28)
}

// ---- Storage, addresses, queries ----

export function read(key: Slice): Slice {
  const found = db_read(handed(key))
  return found == 0 ? nothing() : arrived(found)
}

export function write(key: Slice, value: Slice): void {
  db_write(handed(key), handed(value))
}

export function remove(key: Slice): void {
  db_remove(handed(key))
}

/** A key of two parts. */
export function key(prefix: string, rest: Slice): Slice {
  const first = text(prefix)
  const whole = slice(take(first.length + rest.length), first.length + rest.length)
  memory.copy(whole.at, first.at, first.length)
  memory.copy(whole.at + first.length, rest.at, rest.length)
  return whole
}

export function address(human: Slice, why: string): Slice {
  if (human.length == 0 || human.length > 128 || addr_validate(handed(human)) != 0) refuse(why)
  return human
}

/** What a contract answers to a query, in JSON. */
export function ask(contract: Slice, query: Slice, why: string): Slice {
  begin()
  put('{"wasm":{"smart":{')
  putMember('contract_addr', contract)
  put(',"msg":"')
  putBase64(query)
  put('"}}}')
  const answered = member(arrived(query_chain(handed(end()))), 'ok')
  const result = answered.at == 0 ? nothing() : member(answered, 'ok')
  if (result.at == 0) {
    refuse(why)
    return text('{}')
  }
  return unbase64(unquoted(result, why))
}
