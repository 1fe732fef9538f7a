import { Ed25519 } from '@aitbc/proofs/attestation'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { expect } from 'vitest'
import type { Case, VectorFile } from '../../../../../scripts/vectors/reader.js'
import { concat, unhex, value } from '../../helpers.js'

const { Point } = ed25519
const RULES: readonly Ed25519.Rule[] = ['zip215', 'strict', 'prime-order']

function little(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/**
 * What each rule says by its definition, of a key and a signature that are both encodings of points at all: written down once
 * more, by the texts of ZIP-215 and of `verify_strict`, for data that state no outcome.
 */
function defined(rule: Ed25519.Rule, key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const [A, R] = [key, signature.subarray(0, 32)].map((bytes) => {
    try {
      return Point.fromBytes(bytes, true)
    } catch {
      return undefined
    }
  })
  const s = little(signature.subarray(32))
  if (A === undefined || R === undefined || s >= Point.Fn.ORDER) return false
  const k = little(sha512(concat(signature.subarray(0, 32), key, message))) % Point.Fn.ORDER
  const rest = Point.BASE.multiplyUnsafe(s).subtract(R).subtract(A.multiplyUnsafe(k))
  if (rule === 'zip215') return rest.multiplyUnsafe(8n).is0()
  const canonical = [A, R].every((point, i) =>
    point.toBytes().every((byte, at) => byte === [key, signature][i]?.[at]),
  )
  const small = [A, R].some((point) => point.multiplyUnsafe(8n).is0())
  return rest.is0() && canonical && !small && (rule === 'strict' || A.isTorsionFree())
}

function assertRules(key: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  for (const rule of RULES)
    expect([rule, Ed25519.verify(key, message, signature, rule).ok]).toEqual([
      rule,
      defined(rule, key, message, signature),
    ])
}

/** `speccheck-cases.json` and others that state no outcome: each rule's own. */
export function* edges(file: VectorFile): Iterable<Case> {
  type Edge = { readonly message: string; readonly pub_key: string; readonly signature: string }
  for (const [i, { message, pub_key, signature }] of file.json<readonly Edge[]>().entries())
    yield { name: `case ${i}`, run: () => assertRules(unhex(pub_key), unhex(message), unhex(signature)) }
}

/** Signatures of `Zcash` by keys of small order, in all encodings. */
export function* zip215(file: VectorFile): Iterable<Case> {
  type Combination = {
    readonly vk_bytes: string
    readonly sig_bytes: string
    readonly valid_legacy: boolean
    readonly valid_zip215: boolean
  }
  const message = new TextEncoder().encode('Zcash')
  for (const [i, each] of file.json<readonly Combination[]>().entries())
    yield {
      name: `case ${i}`,
      run() {
        const [key, signature] = [unhex(each.vk_bytes), unhex(each.sig_bytes)]
        expect(Ed25519.verify(key, message, signature, 'zip215').ok).toBe(each.valid_zip215)
        assertRules(key, message, signature)
        // What strict takes, the rule of before ZIP-215 took too.
        if (Ed25519.verify(key, message, signature, 'strict').ok) expect(each.valid_legacy).toBe(true)
      },
    }
}

/** Wycheproof's, which are those of RFC 8032; ZIP-215 takes them too, and others of its own. */
export function* wycheproof(file: VectorFile): Iterable<Case> {
  type Group = {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: string }[]
  }
  for (const { publicKey, tests } of file.json<{ readonly testGroups: readonly Group[] }>().testGroups)
    for (const { tcId, comment, msg, sig, result } of tests) {
      if (result !== 'valid' && result !== 'invalid') throw new Error(`${tcId}: ${result} is neither`)
      yield {
        name: `${tcId}: ${comment}`,
        run() {
          const [key, message, signature] = [unhex(publicKey.pk), unhex(msg), unhex(sig)]
          assertRules(key, message, signature)
          for (const rule of ['strict', 'prime-order'] as const)
            expect([rule, Ed25519.verify(key, message, signature, rule).ok]).toEqual([
              rule,
              result === 'valid',
            ])
          if (result === 'valid') value(Ed25519.verify(key, message, signature, 'zip215'))
        },
      }
    }
}
