import { createPublicKey, verify as nodeVerify } from 'node:crypto'
import { expect, test } from 'vitest'
import { verify } from '../src/internal/ed25519.js'
import { describeVectors } from './vectors.js'

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: string
    }[]
  }[]
}
type SpecCheck = readonly { readonly message: string; readonly pub_key: string; readonly signature: string }[]
type Zip215 = readonly {
  readonly vk_bytes: string
  readonly sig_bytes: string
  readonly valid_legacy: boolean
}[]

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

describeVectors('crypto', 'ed25519 (crypto/)', (set) => {
  test('wycheproof/ed25519_test.json: valid accepted, invalid refused, as by OpenSSL', () => {
    let cases = 0
    for (const { publicKey, tests } of set.json<Wycheproof>('wycheproof/ed25519_test.json').testGroups)
      for (const { tcId, msg, sig, result } of tests) {
        const verdict = verify(bytes(publicKey.pk), bytes(msg), bytes(sig))
        expect(verdict.ok, `tcId ${tcId}`).toBe(result === 'valid')
        const key = createPublicKey({
          key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes(publicKey.pk)]),
          format: 'der',
          type: 'spki',
        })
        if (verdict.ok) expect(nodeVerify(null, bytes(msg), key, bytes(sig)), `tcId ${tcId}`).toBe(true)
        cases++
      }
    expect(cases).toBeGreaterThanOrEqual(150)
  })

  test.each(['ed25519/speccheck-cases.json', 'ed25519/noble-edge-cases.json'])(
    'A59: %s: every case on which libraries differ is refused',
    (file) => {
      const cases = set.json<SpecCheck>(file)
      expect(cases.length).toBe(12)
      const checks = cases.map(({ message, pub_key, signature }) => {
        const verdict = verify(bytes(pub_key), bytes(message), bytes(signature))
        return verdict.ok ? 'accepted' : verdict.refusal.check
      })
      // 0–1 and 10–11: A of small order (the last two in a second encoding); 2–9: A of mixed order.
      expect(checks).not.toContain('accepted')
      expect(checks.slice(0, 2)).toEqual(['key-order', 'key-order'])
      expect(checks.slice(10)).toEqual(['key-encoding', 'key-encoding'])
    },
  )

  test('A59: ed25519/zip215.json: all 196 keys of small order or second encoding are refused', () => {
    const cases = set.json<Zip215>('ed25519/zip215.json')
    expect(cases.length).toBe(196)
    for (const { vk_bytes, sig_bytes } of cases)
      expect(verify(bytes(vk_bytes), new TextEncoder().encode('Zcash'), bytes(sig_bytes))).toMatchObject({
        ok: false,
        refusal: { check: expect.stringMatching(/^key-(order|encoding)$/) },
      })
  })
})
