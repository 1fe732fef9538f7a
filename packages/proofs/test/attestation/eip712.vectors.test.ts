import { Secp256k1, TypedData, WalletSignature } from '@aitbc/proofs/attestation'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

interface Test {
  readonly name: string
  readonly domain: TypedData.Domain
  readonly primaryType: string
  readonly types: TypedData.Types
  readonly data: TypedData.Value
  readonly encoded: string
  readonly digest: string
  readonly privateKey?: string
  readonly signature?: string
}

function assertSigned(
  data: TypedData.TypedData,
  digest: Uint8Array,
  secret: Uint8Array,
  signature: Uint8Array,
): void {
  const address = value(Secp256k1.address(secp256k1.getPublicKey(secret)))
  value(WalletSignature.verify(address, digest, signature))
  expect(check(WalletSignature.verify(address, flip(digest, 0), signature))).toBe('signature')
  const { chainId } = data.domain
  if (chainId === undefined) return
  expect(value(TypedData.verify(data, signature, address, BigInt(chainId)))).toEqual(digest)
  expect(check(TypedData.verify(data, signature, address, BigInt(chainId) + 1n))).toBe('domain-chain')
}

function* cases(file: VectorFile): Iterable<Case> {
  for (const { name, domain, primaryType, types, data, encoded, digest, privateKey, signature } of file.json<
    readonly Test[]
  >())
    yield {
      name,
      run() {
        const typed: TypedData.TypedData = { domain, types, primaryType, message: data }
        expect(hex(value(TypedData.encodeStruct(types, primaryType, data)))).toBe(encoded.slice(2))
        const hash = value(TypedData.digest(typed))
        expect(hex(hash)).toBe(digest.slice(2))
        // Nothing may stand there that the digest doesn't bind.
        const more = { ...(data as object), surplus: '0x' }
        expect(check(TypedData.digest({ ...typed, message: more }))).toBe('value-unknown')
        if (privateKey !== undefined && signature !== undefined)
          assertSigned(typed, hash, unhex(privateKey), unhex(signature))
        else
          expect(check(TypedData.verify(typed, concat(hash, hash), new Uint8Array(20), 0n))).toMatch(
            /^(domain-chain|address-zero)$/,
          )
      },
    }
}

readVectors({
  topic: 'crypto',
  folder: 'eip712',
  title: 'A61',
  cases: ([file]) => cases(file as VectorFile),
})
