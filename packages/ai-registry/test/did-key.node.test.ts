import { DidKey } from '@aitbc/ai-registry'
import { ed25519 } from '@noble/curves/ed25519.js'
import { base58, base64urlnopad } from '@scure/base'
import { expect, test } from 'vitest'
import { describeVectors } from './vectors.js'

interface KeyPair {
  readonly publicKeyBase58?: string
  readonly publicKeyJwk?: { readonly x: string }
}
type Keys = Readonly<
  Record<
    string,
    {
      readonly seed?: string
      readonly verificationKeyPair: KeyPair
      readonly keyAgreementKeyPair?: { readonly id: string }
    }
  >
>

describeVectors('ai-services/did-key', 'did:key Method test vectors', (set) => {
  const bytes = ({ publicKeyBase58, publicKeyJwk }: KeyPair) =>
    publicKeyJwk === undefined ? base58.decode(publicKeyBase58 ?? '') : base64urlnopad.decode(publicKeyJwk.x)

  test('every file of the folder is run', () => {
    expect(set.files()).toEqual(['ed25519-x25519.json', 'secp256k1.json', 'x25519.json'])
  })

  test('ed25519-x25519.json: seed to key to name and back; the agreement key beside it is refused', () => {
    const entries = Object.entries(set.json<Keys>('ed25519-x25519.json'))
    expect(entries.length).toBeGreaterThanOrEqual(5)
    for (const [did, { seed, verificationKeyPair, keyAgreementKeyPair }] of entries) {
      const publicKey = ed25519.getPublicKey(Uint8Array.from(Buffer.from(seed ?? '', 'hex')))
      expect(publicKey).toEqual(bytes(verificationKeyPair))
      expect(DidKey.from(publicKey)).toBe(did)
      expect(DidKey.decode(did)).toEqual({ ok: true, value: publicKey })
      const agreement = `did:key:${keyAgreementKeyPair?.id.split('#')[1]}`
      expect(DidKey.decode(agreement)).toMatchObject({ ok: false, refusal: { check: 'key-type' } })
    }
  })

  test.each([
    ['secp256k1.json', 6, (file: object) => Object.keys(file)],
    ['x25519.json', 4, (file: { didDocument?: object }) => Object.keys(file.didDocument ?? {})],
  ] as const)('A63: %s: keys of another kind are refused by name', (name, least, dids) => {
    const names = dids(set.json<object>(name))
    expect(names.length).toBeGreaterThanOrEqual(least)
    for (const did of names)
      expect(DidKey.decode(did)).toMatchObject({
        ok: false,
        refusal: { check: 'key-type', message: expect.stringContaining(name.replace('.json', '')) },
      })
  })
})
