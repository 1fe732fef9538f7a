import { Bytes } from '@aitbc/core'

/** A type of Solidity as text, or the members of a struct or of a call. */
export type Abi = string | readonly Abi[] | { readonly list: Abi }

const dynamic = (type: Abi): boolean =>
  typeof type === 'string' ? type === 'bytes' : Array.isArray(type) ? type.some(dynamic) : true
const words = (type: Abi): number =>
  dynamic(type) ? 1 : Array.isArray(type) ? type.reduce((sum, it) => sum + words(it), 0) : 1
const numberAt = (data: Uint8Array, at: number) => BigInt(`0x${Bytes.toHex(data.subarray(at, at + 32))}`)

// biome-ignore lint/suspicious/noExplicitAny: the shape follows from the type that a test hands in
export function decode(type: Abi, data: Uint8Array, base = 0): any {
  if (typeof type === 'string') {
    if (type === 'uint') return numberAt(data, base)
    if (type === 'address') return data.slice(base + 12, base + 32)
    const size = Number(type.slice(5) || numberAt(data, base))
    return type === 'bytes' ? data.slice(base + 32, base + 32 + size) : data.slice(base, base + size)
  }
  if ('list' in type) {
    const count = Number(numberAt(data, base))
    return decode(
      Array.from({ length: count }, () => type.list),
      data,
      base + 32,
    )
  }
  let at = base
  return type.map((member) => {
    const start = dynamic(member) ? base + Number(numberAt(data, at)) : at
    at += 32 * words(member)
    return decode(member, data, start)
  })
}
