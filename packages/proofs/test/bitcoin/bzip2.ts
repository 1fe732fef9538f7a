const BLOCK = 0x314159265359
const END = 0x177245385090

/** Unpacks bzip2: enough of it for published files (one stream, no randomised blocks); sums are not checked. */
export function bunzip2(bytes: Uint8Array): Uint8Array {
  let at = 0
  const read = (count: number): number => {
    let out = 0
    for (let i = 0; i < count; i++, at++) {
      const byte = bytes[at >> 3]
      if (byte === undefined) throw new Error('bzip2: the stream ends too early')
      out = out * 2 + ((byte >> (7 - (at & 7))) & 1)
    }
    return out
  }
  if (read(24) !== 0x425a68) throw new Error('bzip2: no such stream')
  const limit = (read(8) - 48) * 100_000
  const out: number[] = []
  for (let magic = read(48); magic !== END; magic = read(48)) {
    if (magic !== BLOCK) throw new Error('bzip2: neither a block nor the end')
    read(32)
    if (read(1) !== 0) throw new Error('bzip2: a randomised block')
    const origin = read(24)
    const column = readBlock(read, limit)
    expand(column, origin, out)
  }
  return Uint8Array.from(out)
}

/** The last column of a block's sorted rotations: Huffman codes of a move-to-front list, with runs of its first. */
function readBlock(read: (count: number) => number, limit: number): number[] {
  const used = read(16)
  const symbols: number[] = []
  for (let i = 0; i < 16; i++) {
    if (((used >> (15 - i)) & 1) === 0) continue
    const some = read(16)
    for (let j = 0; j < 16; j++) if ((some >> (15 - j)) & 1) symbols.push(16 * i + j)
  }
  const groups = read(3)
  const selectors = Array.from({ length: read(15) }, () => {
    let index = 0
    while (read(1) === 1) index++
    return index
  })
  const order = Array.from({ length: groups }, (_, i) => i)
  const tables = selectors.map((index) => {
    const [table] = order.splice(index, 1) as [number]
    order.unshift(table)
    return table
  })
  const size = symbols.length + 2
  const codes = Array.from({ length: groups }, () => {
    let length = read(5)
    const lengths = Array.from({ length: size }, () => {
      while (read(1) === 1) length += read(1) === 1 ? -1 : 1
      return length
    })
    return canonical(lengths)
  })
  const column: number[] = []
  let run = 0
  let weight = 1
  for (let i = 0; ; i++) {
    const codesNow = codes[tables[Math.floor(i / 50)] as number] as ReadonlyMap<number, number>
    let key = 1
    let symbol: number | undefined
    while (symbol === undefined) {
      key = key * 2 + read(1)
      if (key > 2 ** 21) throw new Error('bzip2: no such code')
      symbol = codesNow.get(key)
    }
    if (symbol < 2) {
      run += weight << symbol
      weight *= 2
      if (run > limit) throw new Error('bzip2: a run beyond the block')
      continue
    }
    for (; run > 0; run--) column.push(symbols[0] as number)
    weight = 1
    if (symbol === size - 1) return column
    const [byte] = symbols.splice(symbol - 1, 1) as [number]
    symbols.unshift(byte)
    column.push(byte)
    if (column.length > limit) throw new Error('bzip2: a block beyond its limit')
  }
}

/** Symbols by their code with a leading one. */
function canonical(lengths: readonly number[]): ReadonlyMap<number, number> {
  const codes = new Map<number, number>()
  let code = 0
  for (let length = 1; length <= 20; length++, code *= 2)
    lengths.forEach((own, symbol) => {
      if (own === length) codes.set(2 ** length + code++, symbol)
    })
  return codes
}

/** Undoes the sorting of rotations, then the run lengths: after four equal bytes comes how many more follow. */
function expand(column: readonly number[], origin: number, out: number[]): void {
  const counts = new Array<number>(257).fill(0)
  for (const byte of column) counts[byte + 1] = (counts[byte + 1] as number) + 1
  for (let i = 1; i <= 256; i++) counts[i] = (counts[i] as number) + (counts[i - 1] as number)
  const next = new Array<number>(column.length)
  column.forEach((byte, i) => {
    const place = counts[byte] as number
    counts[byte] = place + 1
    next[place] = i
  })
  let row = next[origin] as number
  let equal = 0
  let last = -1
  for (let i = 0; i < column.length; i++, row = next[row] as number) {
    const byte = column[row] as number
    if (equal === 4) {
      for (let j = 0; j < byte; j++) out.push(last)
      equal = 0
      last = -1
      continue
    }
    equal = byte === last ? equal + 1 : 1
    last = byte
    out.push(byte)
  }
}
