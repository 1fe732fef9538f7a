import { Signatures } from '@aitbc/proofs/tendermint'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, unhex } from '../helpers.js'

/** All encodings of the eight points of small order: eight canonical ones, and six that are not. */
const SMALL = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
].map(unhex)
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const message = new TextEncoder().encode('Zcash')

function scalar(value: bigint): Uint8Array {
  return unhex(value.toString(16).padStart(64, '0')).reverse()
}

describe('A59: ed25519 by ZIP-215', () => {
  test('A59: points of small order and their other encodings are accepted, all 196 pairs of key and R', () => {
    const checks = SMALL.flatMap((publicKey) =>
      SMALL.map((r) => ({ publicKey, message, signature: concat(r, scalar(0n)) })),
    )
    expect(Signatures.noble(checks)).toEqual(checks.map(() => true))
  })

  test('A59: S is below the order, also with a key of small order', () => {
    const [publicKey] = SMALL as [Uint8Array]
    for (const s of [ORDER, ORDER + 1n, 2n ** 255n, 2n ** 256n - 1n]) {
      const signature = concat(publicKey, scalar(s))
      expect(Signatures.noble([{ publicKey, message, signature }])).toEqual([false])
    }
    const secret = new Uint8Array(32).fill(7)
    const signature = ed25519.sign(message, secret)
    const own = { publicKey: ed25519.getPublicKey(secret), message, signature }
    const s = BigInt(
      `0x${[...signature.subarray(32)]
        .reverse()
        .map((it) => it.toString(16).padStart(2, '0'))
        .join('')}`,
    )
    const again = { ...own, signature: concat(signature.subarray(0, 32), scalar(s + ORDER)) }
    expect(Signatures.noble([own, again])).toEqual([true, false])
  })

  test('error: keys and signatures of other lengths, points that are none, and any flipped bit', () => {
    const secret = new Uint8Array(32).fill(9)
    const good = {
      publicKey: ed25519.getPublicKey(secret),
      message,
      signature: ed25519.sign(message, secret),
    }
    const bad = [
      { ...good, publicKey: good.publicKey.subarray(1) },
      { ...good, publicKey: concat(good.publicKey, Uint8Array.of(0)) },
      { ...good, signature: good.signature.subarray(1) },
      { ...good, signature: concat(good.signature, Uint8Array.of(0)) },
      { ...good, publicKey: Uint8Array.of(2, ...new Uint8Array(31)) },
      { ...good, message: flip(message, 3) },
      ...Array.from({ length: 64 }, (_, i) => ({ ...good, signature: flip(good.signature, i * 8) })),
    ]
    expect(Signatures.noble([good, ...bad])).toEqual([true, ...bad.map(() => false)])
  })

  test('error: an engine answers every check, and nothing else', () => {
    const one = { publicKey: new Uint8Array(32), message, signature: new Uint8Array(64) }
    expect(check(Signatures.fold([one], []))).toBe('signature-answers')
    expect(check(Signatures.fold([one], [true, true]))).toBe('signature-answers')
    expect(check(Signatures.fold([one], [false]))).toBe('signature')
    expect(check(Signatures.fold([one], ['yes' as unknown as boolean]))).toBe('signature')
    expect(Signatures.fold([one], [true]).ok).toBe(true)
  })
})
