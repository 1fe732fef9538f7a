import { createPublicKey, verify } from 'node:crypto'
import { DidKey, SignedDescriptor } from '@aitbc/ai-registry'
import { expect, test } from 'vitest'
import { SAMPLE, SECRET } from './sample.js'

test('a JWS verifier of another make takes the signature', () => {
  const bytes = SignedDescriptor.sign(SAMPLE, { secretKey: SECRET })
  const { descriptor, signature } = JSON.parse(new TextDecoder().decode(bytes))
  const header = JSON.parse(Buffer.from(signature.protected, 'base64url').toString())
  const key = DidKey.decode(header.kid)
  const x = Buffer.from(key.ok ? key.value : []).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: header.alg, x }, format: 'jwk' })
  // Its keys being sorted already, JSON.stringify writes the payload just as it was signed.
  const input = `${signature.protected}.${Buffer.from(JSON.stringify(descriptor)).toString('base64url')}`
  expect(verify(null, Buffer.from(input), publicKey, Buffer.from(signature.signature, 'base64url'))).toBe(
    true,
  )
  expect(
    verify(null, Buffer.from(`${input}A`), publicKey, Buffer.from(signature.signature, 'base64url')),
  ).toBe(false)
})
