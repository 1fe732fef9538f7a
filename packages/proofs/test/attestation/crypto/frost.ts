import { Ed25519, Frost, Secp256k1 } from '@aitbc/proofs/attestation'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect } from 'vitest'
import type { Case, VectorFile } from '../../../../../scripts/vectors/reader.js'
import { check, flip, unhex, value } from '../../helpers.js'

/** RFC 9591, appendix E: the one signature that a group's members made together. */
export function* rfc9591(file: VectorFile): Iterable<Case> {
  type Form = {
    readonly config: { readonly name: string; readonly group: string }
    readonly inputs: { readonly group_public_key: string; readonly message: string }
    readonly final_output: { readonly sig: string }
  }
  const { config, inputs, final_output } = file.json<Form>()
  const [key, message, signature] = [inputs.group_public_key, inputs.message, final_output.sig].map(
    unhex,
  ) as [Uint8Array, Uint8Array, Uint8Array]
  const { group } = config
  if (group !== 'ed25519' && group !== 'ristretto255' && group !== 'secp256k1')
    throw new Error(`no suite for ${group}`)
  const verify = (message: Uint8Array, signature: Uint8Array) =>
    group === 'ed25519'
      ? Ed25519.verify(key, message, signature, 'prime-order')
      : Frost.verify(group, key, message, signature)
  yield {
    name: config.name,
    run() {
      value(verify(message, signature))
      expect(check(verify(flip(message, 0), signature))).toBe('signature')
      expect(check(verify(message, flip(signature, 8 * signature.length - 8)))).toMatch(/^signature/)
      expect(verify(message, signature.subarray(1)).ok).toBe(false)
    },
  }
}

/** Members' shares added up to a signature of BIP-340 under the group's key, tweaked or not. */
export function* aggregates(file: VectorFile): Iterable<Case> {
  type Test = {
    readonly tc_id: number
    readonly comment: string
    readonly msg: string
    readonly tweak_indices: readonly number[]
    readonly is_xonly: readonly boolean[]
    readonly expected?: string
  }
  type Group = {
    readonly thresh_pk: string
    readonly tweaks: readonly string[]
    readonly valid_tests: readonly Test[]
    readonly error_tests: readonly Test[]
  }
  for (const { thresh_pk, tweaks, valid_tests, error_tests } of file.json<{ test_groups: readonly Group[] }>()
    .test_groups) {
    for (const { tc_id, comment, msg, tweak_indices, is_xonly, expected } of valid_tests)
      yield {
        name: `${tc_id}: ${comment}`,
        run() {
          let key = value(Secp256k1.readKey(unhex(thresh_pk)))
          for (const [i, index] of tweak_indices.entries()) {
            const odd = (key.toBytes()[0] as number) === 3
            const tweak = secp256k1.Point.Fn.fromBytes(unhex(tweaks[index] as string))
            key = (is_xonly[i] && odd ? key.negate() : key).add(secp256k1.Point.BASE.multiply(tweak))
          }
          const [xOnly, message, signature] = [
            key.toBytes().subarray(1),
            unhex(msg),
            unhex(expected as string),
          ]
          value(Secp256k1.verifySchnorr(xOnly, message, signature))
          expect(check(Secp256k1.verifySchnorr(xOnly, flip(message, 5), signature))).toBe('signature')
        },
      }
    for (const { tc_id, comment } of error_tests)
      yield {
        name: `${tc_id}: ${comment}`,
        skip: 'no signature comes of it: adding up shares is a signer’s work, and a verifier sees none of it',
      }
  }
}
