import { createPublicKey, verify as nodeVerify } from 'node:crypto'
import { expect, test } from 'vitest'
import { list, open } from '../../../scripts/vectors/files.js'
import { vectorsFolder } from '../../devnet/src/vectorsFolder.js'
import { verify } from '../src/internal/ed25519.js'

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

// What signs descriptors is stricter than what chains take, so the published cases are judged here as well.
const folder = vectorsFolder() ?? ''
const there = new Set(list(folder))

/** A test of one published file; where it isn't there, a skip that says so. */
function testFile<T>(title: string, path: string, run: (content: T) => void): void {
  if (there.has(path)) test(`${title}: ${path}`, () => run(open(folder, path).json()))
  else test.skip(`${title}: skipped: no vectors at ${folder}/${path}`, () => {})
}

testFile<Wycheproof>(
  'valid accepted, invalid refused, as by OpenSSL',
  'crypto/wycheproof/ed25519_test.json',
  ({ testGroups }) => {
    for (const { publicKey, tests } of testGroups)
      for (const { tcId, msg, sig, result } of tests) {
        const verdict = verify(bytes(publicKey.pk), bytes(msg), bytes(sig))
        expect(verdict.ok, `tcId ${tcId}`).toBe(result === 'valid')
        const key = createPublicKey({
          key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes(publicKey.pk)]),
          format: 'der',
          type: 'spki',
        })
        if (verdict.ok) expect(nodeVerify(null, bytes(msg), key, bytes(sig)), `tcId ${tcId}`).toBe(true)
      }
    expect(testGroups.length).toBeGreaterThan(0)
  },
)

for (const path of ['crypto/ed25519/speccheck-cases.json', 'crypto/ed25519/noble-edge-cases.json'])
  testFile<SpecCheck>('A59: every case on which libraries differ is refused', path, (cases) => {
    const checks = cases.map(({ message, pub_key, signature }) => {
      const verdict = verify(bytes(pub_key), bytes(message), bytes(signature))
      return verdict.ok ? 'accepted' : verdict.refusal.check
    })
    // 0–1 and 10–11: A of small order (the last two in a second encoding); 2–9: A of mixed order.
    expect(checks).not.toContain('accepted')
    expect(checks.slice(0, 2)).toEqual(['key-order', 'key-order'])
    expect(checks.slice(10)).toEqual(['key-encoding', 'key-encoding'])
  })

testFile<Zip215>(
  'A59: all keys of small order or second encoding are refused',
  'crypto/ed25519/zip215.json',
  (cases) => {
    expect(cases.length).toBeGreaterThan(0)
    for (const { vk_bytes, sig_bytes } of cases)
      expect(verify(bytes(vk_bytes), new TextEncoder().encode('Zcash'), bytes(sig_bytes))).toMatchObject({
        ok: false,
        refusal: { check: expect.stringMatching(/^key-(order|encoding)$/) },
      })
  },
)
