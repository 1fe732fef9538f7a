import { Signature } from '@aitbc/proofs/bitcoin-script'
import { schnorr } from '@noble/curves/secp256k1.js'
import { expect } from 'vitest'
import { readVectors } from '../../../../scripts/vectors/reader.js'
import { flip, hex, unhex } from '../helpers.js'

const COLUMNS = 'index,secret key,public key,aux_rand,message,signature,verification result,comment'

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip340',
  title: 'A8',
  cases: ([file]) => {
    const [columns, ...lines] = (file as NonNullable<typeof file>).text().trim().split(/\r?\n/)
    if (columns !== COLUMNS) throw new Error(`unknown columns ${columns}`)
    return lines.map((line) => {
      const [index, secret, key, aux, message, signature, result, ...comment] = line.split(',') as [
        ...[string, string, string, string, string, string, string],
        ...string[],
      ]
      if (result !== 'TRUE' && result !== 'FALSE') throw new Error(`${index}: neither TRUE nor FALSE`)
      return {
        name: `${index} ${comment.join()}`,
        run: () => {
          const verify = (s: Uint8Array) => Signature.verifySchnorr(unhex(message), s, unhex(key)).ok
          expect(verify(unhex(signature))).toBe(result === 'TRUE')
          if (result === 'FALSE') return
          expect(verify(flip(unhex(signature), Number(index) * 7))).toBe(false)
          if (secret === '') return
          expect(hex(schnorr.getPublicKey(unhex(secret)))).toBe(key.toLowerCase())
          expect(hex(schnorr.sign(unhex(message), unhex(secret), unhex(aux)))).toBe(signature.toLowerCase())
        },
      }
    })
  },
})
