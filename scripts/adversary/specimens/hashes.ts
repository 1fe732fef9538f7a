import { Verdict } from '@aitbc/core'

/** Evidence that is nothing but hashes, one after the other. */
export const hashes = {
  encode: (list: readonly Uint8Array[]): Uint8Array => {
    const out = new Uint8Array(list.reduce((sum, it) => sum + it.length, 0))
    let at = 0
    for (const it of list) {
      out.set(it, at)
      at += it.length
    }
    return out
  },
  decode: (bytes: Uint8Array): Verdict.Verdict<readonly Uint8Array[]> => {
    const list: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += 32) list.push(bytes.slice(at, at + 32))
    return Verdict.accept(list)
  },
}
