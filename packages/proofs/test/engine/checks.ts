import type { Engine } from '@aitbc/proofs/engine'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'

/** A signature of a key and a message that a number stands for; two numbers that differ by 40 have the same key. */
export function checkOf(seed: number): Engine.Check {
  const secret = sha256(Uint8Array.of(seed % 40))
  const message = new Uint8Array(seed % 150).fill(seed)
  return { publicKey: ed25519.getPublicKey(secret), message, signature: ed25519.sign(message, secret) }
}

const { Point } = ed25519
const order = Point.Fn.ORDER

/** A point of order eight, and all its multiples. */
const torsion = (() => {
  const eighth = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
  const out = [Point.ZERO]
  while (out.length < 8) out.push((out.at(-1) as typeof eighth).add(eighth))
  return out
})()

/** The ways in which a signature is spoilt, or goes to the edge of the rules. */
export const SPOILT: Readonly<Record<string, (check: Engine.Check) => Engine.Check>> = {
  'another message': (it) => ({ ...it, message: Uint8Array.of(...it.message, 1) }),
  'another key': (it) => ({ ...it, publicKey: ed25519.getPublicKey(new Uint8Array(32).fill(77)) }),
  'a bit of R': (it) => ({ ...it, signature: changed(it.signature, 5, 1) }),
  'a bit of S': (it) => ({ ...it, signature: changed(it.signature, 40, 1) }),
  'S above the order': (it) => {
    const s = le(it.signature.subarray(32)) + order
    const signature = it.signature.slice()
    for (let i = 0; i < 32; i++) signature[32 + i] = Number((s >> BigInt(8 * i)) & 255n)
    return { ...it, signature }
  },
  'a key that is no point': (it) => ({ ...it, publicKey: new Uint8Array(32).fill(2) }),
  'an R that is no point': (it) => {
    const signature = it.signature.slice()
    signature.set(new Uint8Array(32).fill(2))
    return { ...it, signature }
  },
  'a short key': (it) => ({ ...it, publicKey: it.publicKey.subarray(1) }),
  'a short signature': (it) => ({ ...it, signature: it.signature.subarray(1) }),
  'a zero key and signature': (it) => ({
    ...it,
    publicKey: new Uint8Array(32),
    signature: new Uint8Array(64),
  }),
  'all ones': (it) => ({
    ...it,
    publicKey: new Uint8Array(32).fill(255),
    signature: new Uint8Array(64).fill(255),
  }),
}

/** A signature whose key and nonce have parts of small order: `key` and `nonce` eighths. */
export function torsioned(key: number, nonce: number): Engine.Check {
  const a = 12345n
  const r = 67890n
  const A = Point.BASE.multiply(a).add(torsion[key & 7] as (typeof torsion)[number])
  const R = Point.BASE.multiply(r).add(torsion[nonce & 7] as (typeof torsion)[number])
  const message = Uint8Array.of(key, nonce)
  const k = challenge(R.toBytes(), A.toBytes(), message)
  const s = (r + k * a) % order
  const signature = new Uint8Array(64)
  signature.set(R.toBytes())
  for (let i = 0; i < 32; i++) signature[32 + i] = Number((s >> BigInt(8 * i)) & 255n)
  return { publicKey: A.toBytes(), message, signature }
}

function challenge(R: Uint8Array, A: Uint8Array, message: Uint8Array): bigint {
  return le(sha512(Uint8Array.of(...R, ...A, ...message))) % order
}

function le(bytes: Uint8Array): bigint {
  let out = 0n
  for (let i = bytes.length - 1; i >= 0; i--) out = (out << 8n) | BigInt(bytes[i] as number)
  return out
}

export function changed(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] as number) ^ bit
  return out
}
