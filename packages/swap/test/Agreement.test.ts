import { Bytes, Hashlock, LockTerms } from '@aitbc/core'
import { Agreement } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOCH, kinds, LONG, SHORT, terms } from './model/fixtures.js'

const keys = {
  initiator: new Uint8Array(32).fill(0x11),
  follower: new Uint8Array(32).fill(0x22),
}
const agreement: Agreement.Agreement = {
  version: 1,
  long: terms('long', 'utxo', EPOCH + 2000n),
  short: terms('short', 'contract', EPOCH + 1000n),
  initiator: Agreement.publicKey(keys.initiator),
  follower: Agreement.publicKey(keys.follower),
}
const signed: Agreement.Signed = {
  agreement,
  initiator: Agreement.sign(agreement, keys.initiator),
  follower: Agreement.sign(agreement, keys.follower),
}

const flipped = (bytes: Uint8Array, bit: number) => {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

describe('bytes and hash', () => {
  it('S16: canonical bytes round trip, and are the only ones', () => {
    const bytes = Agreement.encode(agreement)
    expect(Agreement.decode(bytes)).toEqual(agreement)
    expect(Agreement.encode(Agreement.decode(bytes))).toEqual(bytes)
    expect(Agreement.decodeSigned(Agreement.encodeSigned(signed))).toEqual(signed)
    for (const more of [[0], [1, 2, 3]])
      expect(() => Agreement.decode(Bytes.concat(bytes, Uint8Array.from(more)))).toThrow(
        expect.objectContaining({ _tag: 'InvalidEncoding' }),
      )
  })

  it('S16: round trip for any amounts, instants, salts and keys', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.constantFrom(...kinds),
        fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
        fc.bigInt({ min: 500_000_000n, max: 4_294_967_295n }),
        bytes32,
        (long, short, amount, at, salt) => {
          const some: Agreement.Agreement = {
            ...agreement,
            long: terms('long', long, at, { amount, salt }),
            short: terms('short', short, EPOCH),
          }
          const bytes = Agreement.encode(some)
          expect(Agreement.decode(bytes)).toEqual(some)
          expect(Agreement.encode(Agreement.decode(bytes))).toEqual(bytes)
        },
      ),
    )
  })

  it('S11 S16: every flipped bit of the bytes is refused with a typed error, or is another agreement under another hash', () => {
    const bytes = Agreement.encode(agreement)
    const hash = Bytes.toHex(Agreement.hash(agreement))
    let refused = 0
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      let other: Agreement.Agreement
      try {
        other = Agreement.decode(flipped(bytes, bit))
      } catch (error) {
        expect(error).toMatchObject({ name: 'AitbcError' })
        refused++
        continue
      }
      expect(Bytes.toHex(Agreement.hash(other)), `bit ${bit}`).not.toBe(hash)
    }
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(bytes.length * 8)
  })

  it('S15: truncated at every byte, it is refused', () => {
    const bytes = Agreement.encodeSigned(signed)
    for (let length = 0; length < bytes.length; length++)
      expect(() => Agreement.decodeSigned(bytes.slice(0, length))).toThrow(
        expect.objectContaining({ name: 'AitbcError' }),
      )
  })

  it('S11 S17: each field is bound by the hash', () => {
    const other = new Uint8Array(32).fill(9)
    const party = (leg: Agreement.Leg, name: string): LockTerms.Party => ({
      account: `model:${leg}:${name}`,
      payout: `model:${leg}:${name}`,
    })
    const leg = (name: Agreement.Leg): Partial<LockTerms.LockTerms>[] => [
      { amount: agreement[name].amount + 1n },
      { salt: other },
      { asset: `model:${name}/coin:other` },
      { locker: party(name, 'mallory') },
      { beneficiary: party(name, 'mallory') },
      { beneficiary: { ...agreement[name].beneficiary, payout: `model:${name}:mallory` } },
      { deadline: { ...agreement[name].deadline, value: agreement[name].deadline.value + 1n } },
      { backend: { ...agreement[name].backend, kind: 'other' } },
      { backend: { ...agreement[name].backend, address: 'elsewhere' } },
      { backend: { ...agreement[name].backend, codeHash: other } },
    ]
    const changes: Agreement.Agreement[] = [
      ...leg('long').map((change) => ({ ...agreement, long: { ...agreement.long, ...change } })),
      ...leg('short').map((change) => ({ ...agreement, short: { ...agreement.short, ...change } })),
      { ...agreement, initiator: other },
      { ...agreement, follower: other },
    ]
    const hashlock = Hashlock.of(other)
    changes.push({
      ...agreement,
      long: { ...agreement.long, hashlock },
      short: { ...agreement.short, hashlock },
    })
    const hashes = changes.map((one) => Bytes.toHex(Agreement.hash(one)))
    expect(new Set([...hashes, Bytes.toHex(Agreement.hash(agreement))]).size).toBe(changes.length + 1)
  })

  it('S11: the hash is the tagged one, and no leg’s id', () => {
    const hash = Agreement.hash(agreement)
    expect(hash).not.toEqual(LockTerms.id(agreement.long))
    expect(hash).not.toEqual(LockTerms.id(agreement.short))
  })
})

describe('signatures', () => {
  it('S16: both sign, and each is checked against its own key', () => {
    expect(Agreement.verify(signed)).toEqual({ ok: true, value: agreement })
    expect(Agreement.sign(agreement, keys.initiator)).toEqual(signed.initiator)
  })

  it('S16: swapped, missing or foreign signatures are refused by name', () => {
    const stranger = Agreement.sign(agreement, new Uint8Array(32).fill(0x33))
    const cases: [Partial<Agreement.Signed>, string][] = [
      [{ initiator: signed.follower, follower: signed.initiator }, 'initiator-signature'],
      [{ initiator: stranger }, 'initiator-signature'],
      [{ follower: stranger }, 'follower-signature'],
      [{ follower: signed.initiator }, 'follower-signature'],
      [{ follower: new Uint8Array(64) }, 'follower-signature'],
      [{ follower: new Uint8Array(0) }, 'follower-signature'],
      [{ follower: new Uint8Array(65) }, 'follower-signature'],
    ]
    for (const [change, check] of cases)
      expect(Agreement.verify({ ...signed, ...change })).toMatchObject({ ok: false, refusal: { check } })
  })

  it('S11 S16: every flipped bit of a signed agreement is refused', () => {
    const bytes = Agreement.encodeSigned(signed)
    const body = (Agreement.encode(agreement).length + 4) * 8
    // All bits of the signatures, and a drawn part of the body (each of its bits changes the hash: above).
    const bits = [
      ...Array.from({ length: bytes.length * 8 - body }, (_, i) => body + i).filter((bit) => bit % 7 === 0),
      ...Array.from({ length: body }, (_, i) => i).filter((bit) => bit % 61 === 0),
    ]
    for (const bit of bits)
      expect(() => Agreement.decodeSigned(flipped(bytes, bit)), `bit ${bit}`).toThrow(
        expect.objectContaining({ name: 'AitbcError' }),
      )
  })

  it('S16: a signature of other terms is not one of these', () => {
    const other = { ...agreement, short: { ...agreement.short, amount: 1n } }
    expect(Agreement.verify({ ...signed, agreement: other })).toMatchObject({ ok: false })
    expect(Agreement.verifySignature(signed.initiator, Agreement.hash(other), agreement.initiator)).toBe(
      false,
    )
    // A key that is none is refused, not thrown.
    expect(
      Agreement.verifySignature(signed.initiator, Agreement.hash(agreement), new Uint8Array(32).fill(0xff)),
    ).toBe(false)
  })
})

describe('assert', () => {
  const wrong: [string, string, unknown][] = [
    ['another version', 'InvalidAgreement', { ...agreement, version: 2 }],
    ['one key for both', 'InvalidAgreement', { ...agreement, follower: agreement.initiator }],
    [
      'two hashlocks',
      'InvalidAgreement',
      { ...agreement, short: { ...agreement.short, hashlock: Hashlock.of(new Uint8Array(32).fill(1)) } },
    ],
    ['one leg twice', 'InvalidAgreement', { ...agreement, short: agreement.long }],
    [
      'a leg from a party to itself',
      'InvalidAgreement',
      { ...agreement, long: { ...agreement.long, beneficiary: agreement.long.locker } },
    ],
    ['a short key', 'InvalidBytes', { ...agreement, initiator: new Uint8Array(31) }],
    ['no leg', 'InvalidLockTerms', { ...agreement, long: undefined }],
    ['an amount of nothing', 'InvalidAmount', { ...agreement, long: { ...agreement.long, amount: 0n } }],
    ['an amount that is a number', 'InvalidAmount', { ...agreement, long: { ...agreement.long, amount: 5 } }],
    ['nothing', 'InvalidAgreement', null],
  ]
  it.each(wrong)('error: %s is %s', (_, tag, value) => {
    expect(() => Agreement.assert(value as Agreement.Agreement)).toThrow(
      expect.objectContaining({ _tag: tag }),
    )
  })

  it('H28: milliseconds and nanoseconds are no deadline', () => {
    for (const value of [EPOCH * 1000n, EPOCH * 1_000_000_000n, 499_999_999n, 4_294_967_296n])
      expect(() =>
        Agreement.assert({
          ...agreement,
          long: { ...agreement.long, deadline: { ...agreement.long.deadline, value } },
        }),
      ).toThrow(expect.objectContaining({ _tag: 'InvalidDeadline' }))
    expect(() =>
      Agreement.assert({
        ...agreement,
        long: { ...agreement.long, deadline: { network: LONG, clock: 'height', value: EPOCH } },
      }),
    ).toThrow(expect.objectContaining({ _tag: 'InvalidDeadline' }))
  })

  it('H20: a leg whose parts are of two networks is refused', () => {
    const changes: Partial<LockTerms.LockTerms>[] = [
      { asset: `${SHORT}/coin:native` },
      { deadline: { ...agreement.long.deadline, network: SHORT } },
      { locker: agreement.short.locker },
    ]
    for (const change of changes)
      expect(() => Agreement.assert({ ...agreement, long: { ...agreement.long, ...change } })).toThrow(
        expect.objectContaining({ _tag: 'InvalidLockTerms' }),
      )
  })

  it('gap: the difference of the deadlines', () => {
    expect(Agreement.gap(agreement)).toBe(1000n)
  })
})
