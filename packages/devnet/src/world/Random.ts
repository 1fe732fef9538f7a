/** A stream of numbers that one seed and one label fix for good: what a world draws from, and nothing else. */
export interface Random {
  /** From 0 up to, and without, 1. */
  float(): number
  /** An integer from 0 up to, and without, `end`. */
  below(end: number): number
  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** `length` bytes. */
  bytes(length: number): Uint8Array
  /** Another stream of the same seed: what is drawn from it moves nothing here. */
  fork(label: string): Random
}

/**
 * The numbers of a seed (sfc32, seeded by FNV-1a and mixed).
 *
 * @example
 * import { Random } from '@aitbc/devnet/world'
 * Random.of('7').below(10) === Random.of('7').below(10) // true
 */
export function of(seed: string): Random {
  let [a, b, c, d] = [hash(`${seed}/a`), hash(`${seed}/b`), hash(`${seed}/c`), 1]
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  const float = () => next() / 0x1_0000_0000
  const below = (end: number) => Math.floor(float() * end)
  return {
    float,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => float() < probability,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('nothing to pick from')
      return list[below(list.length)] as (typeof list)[number]
    },
    bytes: (length) => Uint8Array.from({ length }, () => next() & 255),
    fork: (label) => of(`${seed}/${label}`),
  }
}

function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
