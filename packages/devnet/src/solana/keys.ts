import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'

/** A key pair that signs at once: blocks and votes are made without a turn of the event loop in between. */
export interface Key {
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** What stands before the 32 bytes of a private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32])

/** The ed25519 key pair of a 32-byte private key. */
export function from(privateKey: Uint8Array): Key {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, privateKey]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  }
}

/** The key pair of a name, under a seed. */
export function derive(seed: Uint8Array, name: string): Key {
  return from(new Uint8Array(createHash('sha256').update(seed).update(name).digest()))
}
