/** 64 hex digits, half of them zeros, that tell texts apart: names of blocks, and no protection against anybody. */
export function digest(text: string): string {
  let [a, b, c, d] = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ (code + 0x101), 0x01000195)
    c = Math.imul(c ^ (code + 0x202), 0x01000197)
    d = Math.imul(d ^ (code + 0x303), 0x01000199)
  }
  return word(a) + word(b) + word(c) + word(d) + ZEROS
}

const ZEROS = '0'.repeat(32)
const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function word(of: number): string {
  let h = Math.imul(of ^ (of >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  const pair = (shift: number) => PAIRS[(h >>> shift) & 255] as string
  return pair(24) + pair(16) + pair(8) + pair(0)
}
