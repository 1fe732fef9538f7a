import { DidKey } from '@aitbc/ai-registry'
import { isAitbcError } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { ed25519 } from '@noble/curves/ed25519.js'
import { base58 } from '@scure/base'
import { describe, expect, test } from 'vitest'

const DID = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const did = (type: string, key: string) => `did:key:z${base58.encode(bytes(type + key))}`

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
const IDENTITY = `01${'00'.repeat(31)}`
const ORDER_8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'
/** y = p + 1: the identity, written a second way. */
const UNREDUCED = `ee${'ff'.repeat(30)}7f`
const NO_POINT = `02${'00'.repeat(31)}`

describe('default', () => {
  property.prop([secret])('round trip', (secretKey) => {
    const publicKey = ed25519.getPublicKey(secretKey)
    expect(DidKey.decode(DidKey.from(publicKey))).toEqual({ ok: true, value: publicKey })
  })

  property.prop([secret, fc.nat(47), fc.constantFrom(...'123ABCXYZabcxyz0OIl ')])(
    'a changed character is refused or names another key',
    (secretKey, at, character) => {
      const publicKey = ed25519.getPublicKey(secretKey)
      const name = DidKey.from(publicKey)
      const i = 'did:key:z'.length + at
      const changed = name.slice(0, i) + character + name.slice(i + 1)
      const verdict = DidKey.decode(changed)
      if (verdict.ok && changed !== name) expect(verdict.value).not.toEqual(publicKey)
    },
  )

  property.prop([
    fc.oneof(
      fc.string(),
      fc.string().map((s) => `did:key:z${s}`),
    ),
  ])('is total over strings', (text) => {
    const verdict = DidKey.decode(text)
    if (verdict.ok) expect(DidKey.from(verdict.value)).toBe(text)
  })
})

describe('refusals', () => {
  test.each([
    ['', 'did-syntax'],
    ['did:key:', 'did-syntax'],
    ['did:key:z', 'did-syntax'],
    ['did:web:example.com', 'did-syntax'],
    [` ${DID}`, 'did-syntax'],
    [`${DID}#${DID.slice(8)}`, 'did-syntax'],
    [DID.toUpperCase(), 'did-syntax'],
    ['did:key:u7QEAAA', 'did-syntax'],
    [`did:key:z${'1'.repeat(300)}`, 'did-syntax'],
    [undefined, 'did-syntax'],
    [[DID], 'did-syntax'],
    [DID.replace('z6', 'z16'), 'key-type'],
    [did('e701', `02${'11'.repeat(32)}`), 'key-type'],
    [did('ec01', '11'.repeat(32)), 'key-type'],
    [did('ed81', '00'.repeat(32)), 'key-type'],
    [did('ed01', '11'.repeat(31)), 'key-length'],
    [did('ed01', '11'.repeat(33)), 'key-length'],
    [did('ed01', ''), 'key-length'],
    [did('ed01', NO_POINT), 'key-encoding'],
    [did('ed01', UNREDUCED), 'key-encoding'],
    [did('ed01', IDENTITY), 'key-order'],
    [did('ed01', ORDER_8), 'key-order'],
  ])('%s: %s', (text, check) => {
    expect(DidKey.decode(text as string)).toMatchObject({ ok: false, refusal: { check } })
  })

  test('a key of another type is named', () => {
    expect(DidKey.decode(did('e701', `02${'11'.repeat(32)}`))).toMatchObject({
      refusal: { message: expect.stringContaining('secp256k1') },
    })
  })

  test('a key with a small-order part', () => {
    const mixed = ed25519.Point.BASE.add(ed25519.Point.fromBytes(bytes(ORDER_8))).toBytes()
    expect(DidKey.decode(`did:key:z${base58.encode(Uint8Array.of(0xed, 1, ...mixed))}`)).toMatchObject({
      ok: false,
      refusal: { check: 'key-order' },
    })
  })
})

describe('error', () => {
  test.each([
    ['a key of small order', bytes(IDENTITY), 'InvalidKey'],
    ['no point', bytes(NO_POINT), 'InvalidKey'],
    ['31 bytes', new Uint8Array(31), 'InvalidBytes'],
    ['a string', DID, 'InvalidBytes'],
  ])('%s', (_, key, tag) => {
    expect(() => DidKey.from(key as Uint8Array)).toThrowError(
      expect.toSatisfy((error) => isAitbcError(error, tag)),
    )
  })
})
