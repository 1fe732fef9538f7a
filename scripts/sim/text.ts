/*
 * Universes write much short text as bytes, nearly all of it ASCII: that needs no call out of the engine, nor memory outside of its heap.
 */

/** Longer texts are left to the host. */
const SHORT = 256
/** The engine keeps as many bytes in its heap; what is longer shares a piece of memory with others. */
const IN_HEAP = 64
const PIECE = 65_536

const own = TextEncoder.prototype.encode
let piece = new ArrayBuffer(PIECE)
let used = 0

function room(length: number): Uint8Array<ArrayBuffer> {
  if (length <= IN_HEAP) return new Uint8Array(length)
  if (used + length > PIECE) {
    piece = new ArrayBuffer(PIECE)
    used = 0
  }
  used += length
  return new Uint8Array(piece, used - length, length)
}

TextEncoder.prototype.encode = function encode(text = ''): ReturnType<typeof own> {
  const { length } = text
  if (typeof text !== 'string' || length > SHORT) return own.call(this, text)
  const out = room(length)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return own.call(this, text)
    out[i] = code
  }
  return out
}
