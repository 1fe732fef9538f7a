import { type Bytes, CoreErrors } from '@aitbc/core'

// Transactions have 1,232 bytes, and an agreement repeats most of what the lock beside it says. So the record is written as pieces of
// what is known (the lock's own terms) and of itself: a byte below 128 announces one more new bytes than it says, any other a piece
// of (byte - 124) bytes that begins as far back as the next two bytes tell.

const LEAST = 4
const LONGEST = LEAST + 127
const FAR = 0xffff

/** Shortens bytes by what is known to whoever reads them. */
export function pack(bytes: Bytes.Bytes, known: Bytes.Bytes): Bytes.Bytes {
  const all = new Uint8Array(known.length + bytes.length)
  all.set(known)
  all.set(bytes, known.length)
  const places = new Map<number, number[]>()
  const keyAt = (at: number) =>
    ((all[at] as number) | ((all[at + 1] as number) << 8) | ((all[at + 2] as number) << 16)) * 256 +
    (all[at + 3] as number)
  const learn = (at: number) => {
    if (at + LEAST > all.length) return
    const found = places.get(keyAt(at))
    if (found === undefined) places.set(keyAt(at), [at])
    else found.push(at)
  }
  for (let at = 0; at < known.length; at++) learn(at)
  const out: number[] = []
  let fresh: number[] = []
  const flush = () => {
    for (let at = 0; at < fresh.length; at += 128) {
      const run = fresh.slice(at, at + 128)
      out.push(run.length - 1, ...run)
    }
    fresh = []
  }
  for (let at = known.length; at < all.length; ) {
    let best = { length: 0, from: 0 }
    for (const from of at + LEAST <= all.length ? (places.get(keyAt(at)) ?? []) : []) {
      if (at - from > FAR) continue
      let length = 0
      while (length < LONGEST && at + length < all.length && all[from + length] === all[at + length]) length++
      if (length > best.length) best = { length, from }
    }
    if (best.length < LEAST) {
      learn(at)
      fresh.push(all[at++] as number)
      continue
    }
    flush()
    const back = at - best.from
    out.push(128 + best.length - LEAST, back & 255, back >> 8)
    for (const end = at + best.length; at < end; at++) learn(at)
  }
  flush()
  return Uint8Array.from(out)
}

/** Reads what {@link pack} wrote, at most so many bytes; `InvalidEncoding` (1012). */
export function unpack(packed: Bytes.Bytes, known: Bytes.Bytes, most: number): Bytes.Bytes {
  const out: number[] = [...known]
  const wrong = (why: string) =>
    CoreErrors.InvalidEncoding(`a packed record ${why}`, { received: packed.length })
  for (let at = 0; at < packed.length; ) {
    const head = packed[at++] as number
    const length = head < 128 ? head + 1 : head - 128 + LEAST
    if (out.length - known.length + length > most) throw wrong(`has more than ${most} bytes`)
    if (head < 128) {
      if (at + length > packed.length) throw wrong('is cut off')
      for (let i = 0; i < length; i++) out.push(packed[at++] as number)
      continue
    }
    if (at + 2 > packed.length) throw wrong('is cut off')
    const back = (packed[at] as number) | ((packed[at + 1] as number) << 8)
    at += 2
    if (back === 0 || back > out.length) throw wrong('points to nothing')
    for (let i = 0; i < length; i++) out.push(out[out.length - back] as number)
  }
  return Uint8Array.from(out.slice(known.length))
}
