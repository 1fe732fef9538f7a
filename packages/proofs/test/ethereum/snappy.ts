/** Unpacks a block of Snappy (google/snappy, format_description.txt): how the consensus tests store their SSZ. */
export function unsnappy(packed: Uint8Array): Uint8Array {
  let at = 0
  const next = () => packed[at++] as number
  const little = (width: number) => {
    let value = 0
    for (let i = 0; i < width; i++) value += next() * 256 ** i
    return value
  }
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = next()
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  const out = new Uint8Array(length)
  let end = 0
  while (at < packed.length) {
    const tag = next()
    if ((tag & 3) === 0) {
      const short = tag >> 2
      const size = 1 + (short < 60 ? short : little(short - 59))
      out.set(packed.subarray(at, at + size), end)
      at += size
      end += size
      continue
    }
    const size = (tag & 3) === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
    const back = (tag & 3) === 1 ? ((tag >> 5) << 8) + next() : little((tag & 3) === 2 ? 2 : 4)
    for (let i = 0; i < size; i++, end++) out[end] = out[end - back] as number
  }
  if (end !== length) throw new Error(`${length} bytes were announced, ${end} came`)
  return out
}
