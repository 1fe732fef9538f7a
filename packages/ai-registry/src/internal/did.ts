import { Bytes, show, Verdict } from '@aitbc/core'
import { base58 } from '@scure/base'

/** What a `did:key` is refused for before its key is looked at, by name. */
export type Check = 'did-syntax' | 'key-type'

export const PREFIX = 'did:key:z'
/** multicodec `ed25519-pub` (0xed) as a varint. */
export const ED25519 = /* @__PURE__ */ Uint8Array.of(0xed, 0x01)
const OTHER_KEYS: Readonly<Record<string, string>> = {
  e701: 'secp256k1',
  ec01: 'x25519',
  ea01: 'bls12-381 G1',
  eb01: 'bls12-381 G2',
  '8024': 'P-256',
  '8124': 'P-384',
  '8224': 'P-521',
}

/** The bytes that a `did:key` states as its ed25519 key, whatever they are (did:key Method, section 3.1.2). */
export function statedKey(did: string): Verdict.Verdict<Uint8Array> {
  if (typeof did !== 'string' || !/^did:key:z[1-9A-HJ-NP-Za-km-z]{2,200}$/.test(did))
    return refuse('did-syntax', `a did:key in base58btc was expected, got ${show(did)}`)
  const bytes = base58.decode(did.slice(PREFIX.length))
  const type = Bytes.toHex(bytes.subarray(0, 2))
  return type === Bytes.toHex(ED25519)
    ? Verdict.accept(bytes.slice(2))
    : refuse(
        'key-type',
        `an ed25519 key was expected, got ${OTHER_KEYS[type] ?? `multicodec varint ${type}`}`,
      )
}

function refuse(check: Check, message: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, message)
}
