/**
 * Turns one object of clang's BPF target into a program for Solana's virtual machine.
 *
 * Version 0 is a shared object whose calls of syscalls and addresses of constants the loader fills in by relocations; version 3
 * (SIMD-0178, SIMD-0189) is two segments, constants at 0 and code at 2^32, with all of that filled in here.
 */

/** What a program is made of. */
export interface Program {
  readonly elf: Uint8Array
  /** Syscalls that it calls, in the order of their first call. */
  readonly syscalls: readonly string[]
}

/** All that an HTLC needs; a program that wants another doesn't link. */
const ALLOWED = new Set([
  'sol_get_clock_sysvar',
  'sol_get_rent_sysvar',
  'sol_invoke_signed_c',
  'sol_log_data',
  'sol_memcmp_',
  'sol_memcpy_',
  'sol_sha256',
  'sol_try_find_program_address',
])

const EHDR = 64
const PHDR = 56
const SHDR = 64
const CODE_AT = 0x1_0000_0000n
const LDDW = 0x18
const CALL = 0x85

interface Section {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly info: number
  readonly link: number
  readonly bytes: Uint8Array
  readonly align: number
}

interface Symbol {
  readonly name: string
  readonly isSection: boolean
  readonly section: number
  readonly value: number
}

/** What the code refers to: a constant, or a syscall, at an offset of the code. */
interface References {
  readonly constants: readonly { readonly at: number; readonly target: number }[]
  readonly calls: readonly { readonly at: number; readonly name: string }[]
}

/** Links an object; throws an `Error` that says what the virtual machine would not run. */
export function link(object: Uint8Array, version: 0 | 3): Program {
  const { sections, symbols } = read(object)
  const codeIndex = sections.findIndex(({ name }) => name === '.text')
  if (codeIndex < 0) throw new Error('the object has no .text')
  // The `slice` of Node's `Buffer` is no copy.
  const code = new Uint8Array(sections[codeIndex]?.bytes ?? [])
  const { constants, starts } = layOut(sections, codeIndex)
  const entry = symbols.find(({ name, section }) => name === 'entrypoint' && section === codeIndex)
  if (entry === undefined) throw new Error('the object has no entrypoint')
  const references = resolve(sections, symbols, codeIndex, starts, code)
  checkInstructions(code, references)
  const syscalls = [...new Set(references.calls.map(({ name }) => name))]
  const elf = (version === 3 ? segments : shared)(code, constants, references, syscalls, entry.value)
  return { elf, syscalls }
}

/** The hash by which syscalls are called: MurmurHash3 of 32 bits, seed 0. */
export function murmur3(name: string): number {
  const bytes = new TextEncoder().encode(name)
  const whole = bytes.length & ~3
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by))
  const scramble = (value: number) => Math.imul(rotate(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593)
  let hash = 0
  for (let at = 0; at < whole; at += 4) {
    hash ^= scramble(view(bytes).getInt32(at, true))
    hash = (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let at = bytes.length - 1; at >= whole; at--) tail = (tail << 8) | (bytes[at] as number)
  hash ^= scramble(tail) ^ bytes.length
  for (const [shift, factor] of [
    [16, 0x85ebca6b],
    [13, 0xc2b2ae35],
    [16, 1],
  ] as const)
    hash = Math.imul(hash ^ (hash >>> shift), factor)
  return hash >>> 0
}

function read(object: Uint8Array): { sections: readonly Section[]; symbols: readonly Symbol[] } {
  const data = view(object)
  const isObject =
    data.getUint32(0) === 0x7f454c46 && data.getUint16(4) === 0x0201 && data.getUint16(16, true) === 1
  if (!isObject || data.getUint16(18, true) !== 247) throw new Error('this is no BPF object')
  const table = Number(data.getBigUint64(40, true))
  const raw = Array.from({ length: data.getUint16(60, true) }, (_, index) => {
    const at = table + index * SHDR
    const word = (offset: number) => Number(data.getBigUint64(at + offset, true))
    const type = data.getUint32(at + 4, true)
    return {
      nameAt: data.getUint32(at, true),
      type,
      flags: word(8),
      link: data.getUint32(at + 40, true),
      info: data.getUint32(at + 44, true),
      align: word(48),
      size: word(32),
      // A section of zeros (8) has no bytes in the file.
      bytes: type === 8 ? new Uint8Array(word(32)) : object.subarray(word(24), word(24) + word(32)),
    }
  })
  const names = raw[data.getUint16(62, true)]?.bytes ?? new Uint8Array(0)
  const sections = raw.map((section) => ({ ...section, name: text(names, section.nameAt) }))
  const table2 = sections.find(({ type }) => type === 2)
  if (table2 === undefined) throw new Error('the object has no symbols')
  const strings = sections[table2.link]?.bytes ?? new Uint8Array(0)
  const entries = view(table2.bytes)
  const symbols = Array.from({ length: table2.bytes.length / 24 }, (_, index) => ({
    name: text(strings, entries.getUint32(24 * index, true)),
    isSection: (entries.getUint8(24 * index + 4) & 15) === 3,
    section: entries.getUint16(24 * index + 6, true),
    value: Number(entries.getBigUint64(24 * index + 8, true)),
  }))
  return { sections, symbols }
}

/** Puts all constants behind each other. */
function layOut(sections: readonly Section[], codeIndex: number) {
  const starts = new Map<number, number>()
  const parts: Uint8Array[] = []
  let size = 0
  for (const [index, { name, flags, bytes, align }] of sections.entries()) {
    if (index === codeIndex || (flags & 2) === 0 || bytes.length === 0) continue
    if ((flags & 4) !== 0) throw new Error(`there is code outside of .text: ${name}`)
    if ((flags & 1) !== 0) throw new Error(`a program has no variables of its own: ${name}`)
    const start = up(size, Math.max(8, align))
    parts.push(new Uint8Array(start - size), bytes)
    starts.set(index, start)
    size = start + bytes.length
  }
  parts.push(new Uint8Array(up(size, 8) - size))
  return { constants: join(parts), starts }
}

/** Fills in calls within the code, and lists all else that it refers to. */
function resolve(
  sections: readonly Section[],
  symbols: readonly Symbol[],
  codeIndex: number,
  starts: ReadonlyMap<number, number>,
  code: Uint8Array,
): References {
  const constants: { at: number; target: number }[] = []
  const calls: { at: number; name: string }[] = []
  const text = view(code)
  for (const { name, type, info, bytes } of sections) {
    if (type === 4) throw new Error(`relocations of another kind: ${name}`)
    if (type !== 9) continue
    if (info !== codeIndex) {
      if (((sections[info]?.flags ?? 0) & 2) !== 0) throw new Error(`constants can't hold addresses: ${name}`)
      continue
    }
    const entries = view(bytes)
    for (let i = 0; i < bytes.length; i += 16) {
      const at = Number(entries.getBigUint64(i, true))
      const kind = entries.getUint32(i + 8, true)
      const symbol = symbols[entries.getUint32(i + 12, true)] as Symbol
      const start = starts.get(symbol.section)
      if (kind === 1 && code[at] === LDDW && start !== undefined)
        constants.push({ at, target: start + symbol.value + text.getInt32(at + 4, true) })
      else if (kind === 10 && code[at] === CALL && symbol.section === codeIndex) {
        const within = symbol.isSection ? 8 * (text.getInt32(at + 4, true) + 1) : 0
        code[at + 1] = 0x10
        text.setInt32(at + 4, (symbol.value + within - at) / 8 - 1, true)
      } else if (kind === 10 && code[at] === CALL && symbol.section === 0) {
        if (!ALLOWED.has(symbol.name)) throw new Error(`the program may not call ${symbol.name}`)
        calls.push({ at, name: symbol.name })
      } else throw new Error(`a relocation of kind ${kind} of ${symbol.name} at ${at}`)
    }
  }
  return { constants, calls }
}

/** Refuses instructions that Solana's machine lacks or reads otherwise: what clang writes above `-mcpu=v2`. */
function checkInstructions(code: Uint8Array, { calls }: References): void {
  const known = new Set(calls.map(({ at }) => at))
  for (let at = 0; at < code.length; at += 8) {
    const op = code[at] as number
    const kind = op & 7
    const swap = op === 0xd4 || op === 0xdc
    const atomic = kind === 3 && (op & 0xe0) !== 0x60
    const signed = (op & 0xf7) === 0x37 || (op & 0xf7) === 0x97
    if ((kind === 4 && !swap) || kind === 6 || atomic || (signed && view(code).getInt16(at + 2, true) !== 0))
      throw new Error(`instruction 0x${op.toString(16)} at ${at}: compile with -mcpu=v2`)
    if (op === CALL && (code[at + 1] as number) >> 4 === 0 && !known.has(at))
      throw new Error(`a call of nothing at ${at}`)
    if (op === LDDW) at += 8
  }
}

/** Version 3: two segments, no relocations. */
function segments(
  code: Uint8Array,
  constants: Uint8Array,
  { constants: addresses, calls }: References,
  _: readonly string[],
  entry: number,
): Uint8Array {
  const text = view(code)
  for (const { at, name } of calls) {
    code[at + 1] = 0
    text.setUint32(at + 4, murmur3(name), true)
  }
  for (const { at, target } of addresses) address(text, at, target)
  const start = EHDR + 2 * PHDR
  return join([
    header({ version: 3, entry: CODE_AT + BigInt(entry), segments: 2 }),
    segment(1, 4, start, 0n, constants.length),
    segment(1, 1, start + constants.length, CODE_AT, code.length),
    constants,
    code,
  ])
}

/** Version 0: addresses are places in the file; sections and relocations are for the loader. */
function shared(
  code: Uint8Array,
  constants: Uint8Array,
  { constants: addresses, calls }: References,
  syscalls: readonly string[],
  entry: number,
): Uint8Array {
  const text = view(code)
  const codeAt = EHDR + 3 * PHDR
  const constantsAt = codeAt + code.length
  for (const { at } of calls) {
    code[at + 1] = 0
    text.setInt32(at + 4, -1, true)
  }
  for (const { at, target } of addresses) address(text, at, constantsAt + target)

  const names = strings(['entrypoint', ...syscalls])
  const symbols = join([
    new Uint8Array(24),
    fields([names.at('entrypoint'), 4], [0x12, 1], [0, 1], [1, 2], [codeAt + entry, 8], [0, 8]),
    ...syscalls.map((name) => fields([names.at(name), 4], [0x10, 1], [0, 1], [0, 2], [0, 8], [0, 8])),
  ])
  const relocations = join([
    ...addresses.map(({ at }) => fields([codeAt + at, 8], [8, 4], [0, 4])),
    ...calls.map(({ at, name }) => fields([codeAt + at, 8], [10, 4], [2 + syscalls.indexOf(name), 4])),
  ])
  const dynamicSize = 16 * 10
  const dynamicAt = constantsAt + constants.length
  const symbolsAt = dynamicAt + dynamicSize
  const namesAt = symbolsAt + symbols.length
  const relocationsAt = namesAt + names.bytes.length
  const titlesAt = relocationsAt + relocations.length
  const dynamic = join(
    [
      [0x1e, 4], // DT_FLAGS: DF_TEXTREL
      [0x11, relocationsAt],
      [0x12, relocations.length],
      [0x13, 16],
      [0x6ffffffa, addresses.length],
      [6, symbolsAt],
      [0xb, 24],
      [5, namesAt],
      [0xa, names.bytes.length],
      [0, 0],
    ].map(([tag, value]) => fields([tag as number, 8], [value as number, 8])),
  )
  const titles = strings(['.text', '.rodata', '.dynamic', '.dynsym', '.dynstr', '.rel.dyn', '.shstrtab'])
  const section = (
    title: string,
    type: number,
    flags: number,
    at: number,
    size: number,
    more: readonly [number, number, number] = [0, 0, 0],
  ) =>
    fields(
      [titles.at(title), 4],
      [type, 4],
      [flags, 8],
      [at, 8],
      [at, 8],
      [size, 8],
      [more[0], 4],
      [more[1], 4],
      [8, 8],
      [more[2], 8],
    )
  const table = [
    new Uint8Array(SHDR),
    section('.text', 1, 6, codeAt, code.length),
    section('.rodata', 1, 2, constantsAt, constants.length),
    section('.dynamic', 6, 3, dynamicAt, dynamicSize, [5, 0, 16]),
    section('.dynsym', 11, 2, symbolsAt, symbols.length, [5, 1, 24]),
    section('.dynstr', 3, 2, namesAt, names.bytes.length),
    section('.rel.dyn', 9, 2, relocationsAt, relocations.length, [4, 0, 16]),
    section('.shstrtab', 3, 0, titlesAt, titles.bytes.length),
  ]
  const tableAt = titlesAt + titles.bytes.length
  return join([
    header({
      version: 0,
      entry: BigInt(codeAt + entry),
      segments: 3,
      table: tableAt,
      sections: table.length,
    }),
    segment(1, 5, codeAt, BigInt(codeAt), code.length + constants.length),
    segment(1, 4, symbolsAt, BigInt(symbolsAt), titlesAt - symbolsAt),
    segment(2, 6, dynamicAt, BigInt(dynamicAt), dynamicSize),
    code,
    constants,
    dynamic,
    symbols,
    names.bytes,
    relocations,
    titles.bytes,
    ...table,
  ])
}

function header(it: {
  version: number
  entry: bigint
  segments: number
  table?: number
  sections?: number
}): Uint8Array {
  const { version, entry, segments, table = 0, sections = 0 } = it
  return join([
    Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    fields([3, 2], [247, 2], [1, 4], [entry, 8], [EHDR, 8], [table, 8], [version, 4], [EHDR, 2], [PHDR, 2]),
    fields([segments, 2], [SHDR, 2], [sections, 2], [Math.max(0, sections - 1), 2]),
  ])
}

function segment(type: number, flags: number, at: number, address: bigint, size: number): Uint8Array {
  return fields([type, 4], [flags, 4], [at, 8], [address, 8], [address, 8], [size, 8], [size, 8], [8, 8])
}

function address(text: DataView, at: number, value: number): void {
  text.setUint32(at + 4, value, true)
  text.setUint32(at + 12, 0, true)
}

/** Names behind each other, each ended by zero. */
function strings(names: readonly string[]): { bytes: Uint8Array; at: (name: string) => number } {
  const places = new Map<string, number>()
  let all = '\0'
  for (const name of names) {
    places.set(name, all.length)
    all += `${name}\0`
  }
  const bytes = new Uint8Array(up(all.length, 8))
  bytes.set(new TextEncoder().encode(all))
  return { bytes, at: (name) => places.get(name) as number }
}

/** Integers of so many bytes, least significant first. */
function fields(...values: readonly (readonly [number | bigint, number])[]): Uint8Array {
  const out: number[] = []
  for (const [value, size] of values)
    for (let i = 0n; i < size; i++) out.push(Number((BigInt(value) >> (8n * i)) & 255n))
  return Uint8Array.from(out)
}

function text(bytes: Uint8Array, at: number): string {
  return new TextDecoder('latin1').decode(bytes.subarray(at, bytes.indexOf(0, at)))
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function up(size: number, to: number): number {
  return Math.ceil(size / to) * to
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
