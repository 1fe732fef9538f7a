/*
 * Universes write much short text as bytes, nearly all of it ASCII: that needs no call out of the engine, nor memory outside of its heap.
 */

/** Longer texts are left to the host. */
const SHORT = 256

const own = TextEncoder.prototype.encode

TextEncoder.prototype.encode = function encode(text = ''): ReturnType<typeof own> {
  const { length } = text
  if (typeof text !== 'string' || length > SHORT) return own.call(this, text)
  const out = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return own.call(this, text)
    out[i] = code
  }
  return out
}
