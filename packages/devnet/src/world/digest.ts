/** 64 hex digits that tell texts apart: names of blocks, and no protection against anybody. */
export function digest(text: string): string {
  let [a, b, c, d] = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ (code + 0x101), 0x01000195)
    c = Math.imul(c ^ (code + 0x202), 0x01000197)
    d = Math.imul(d ^ (code + 0x303), 0x01000199)
  }
  const half = (round: number) =>
    word(a ^ b ^ round) + word(b ^ c ^ (round + 1)) + word(c ^ d ^ (round + 2)) + word(d ^ a ^ (round + 3))
  return half(0) + half(4)
}

function word(of: number): string {
  let h = Math.imul(of ^ (of >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, '0')
}
