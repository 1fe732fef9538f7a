import { Codec, TaggedHash } from '@aitbc/core'
import { SetChain, type SignerSet } from '@aitbc/proofs/attestation'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { check, refusal, value } from '../helpers.js'
import { attest, SCHEMES, setOf, signBy } from './world.js'

const statement = new TextEncoder().encode('deposit 1')
const first = setOf('ecdsa-address', 3)
const others = [3, 4, 5].map((member) => ({ key: SCHEMES.ecdsa.key(member), weight: 1n }))
const second = setOf('ecdsa', 3, { epoch: 8n, notBefore: 140n, expiry: 300n, signers: others })
const trusted = value(SetChain.trust(first))

function hand(
  next: SignerSet.SignerSet,
  { from = first, retires = 160n, now = 150n, members = [0, 1, 2] } = {},
): SetChain.Handover {
  return {
    next,
    retires,
    attestation: signBy(from, members, SetChain.handoverDigest(from, next, retires)),
    now,
  }
}

describe('handing over', () => {
  const after = value(SetChain.apply(trusted, hand(second)))

  test('default: the next set has the word, the old one until it retires', () => {
    expect(SetChain.finalized(trusted)).toBe(first)
    expect(SetChain.finalized(after)).toBe(second)
    value(SetChain.verify(trusted, attest(first, [0, 1, 2], statement), statement, 150n))
    value(SetChain.verify(after, attest(first, [0, 1, 2], statement), statement, 159n))
    expect(check(SetChain.verify(after, attest(first, [0, 1, 2], statement), statement, 160n))).toBe(
      'retired',
    )
  })

  test('A52: who trusts nobody accepts nothing', () => {
    expect(SetChain.finalized(SetChain.fresh)).toBeUndefined()
    expect(check(SetChain.verify(SetChain.fresh, attest(first, [0, 1, 2], statement), statement, 150n))).toBe(
      'untrusted',
    )
    expect(check(SetChain.apply(SetChain.fresh, hand(second)))).toBe('untrusted')
    const zero = { set: new Uint8Array(32), epoch: 0n, by: { kind: 'each', signatures: [] } } as const
    expect(check(SetChain.verify(SetChain.fresh, zero, new Uint8Array(0), 0n))).toBe('untrusted')
    expect(check(SetChain.verify(trusted, zero, new Uint8Array(0), 0n))).toBe('epoch')
  })

  property.prop([
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.bigInt({ min: 0n, max: 9n }),
    fc.nat(300),
  ])('A52: a fresh verifier accepts nothing, whatever comes', (set, epoch, now) => {
    const attestation = { set, epoch, by: { kind: 'each', signatures: [] } } as const
    expect(SetChain.verify(SetChain.fresh, attestation, set, BigInt(now)).ok).toBe(false)
    expect(SetChain.verify(trusted, attestation, set, BigInt(now)).ok).toBe(false)
  })

  test.each<[string, SetChain.Handover, string]>([
    [
      'another chain',
      hand(setOf('ecdsa', 3, { epoch: 8n, domain: { chain: 'eip155:2', purpose: 'bridge/deposits' } })),
      'handover-domain',
    ],
    [
      'another purpose',
      hand(setOf('ecdsa', 3, { epoch: 8n, domain: { chain: 'eip155:1', purpose: 'x' } })),
      'handover-domain',
    ],
    ['the same epoch', hand(setOf('ecdsa', 3)), 'handover-epoch'],
    ['an epoch left out', hand(setOf('ecdsa', 3, { epoch: 9n })), 'handover-epoch'],
    ['an old set that outlives itself', hand(second, { retires: 201n }), 'handover-retires'],
    [
      'a next set whose time is over',
      hand(setOf('ecdsa', 3, { epoch: 8n, expiry: 150n })),
      'handover-expired',
    ],
    ['too few', hand(second, { members: [0, 1] }), 'threshold'],
    ['an old set whose time is over', hand(second, { now: 200n }), 'expired'],
    ['an old set before its time', hand(second, { now: 99n }), 'not-yet-valid'],
    ['another time to retire than the one signed', { ...hand(second), retires: 161n }, 'signature'],
    [
      'another set than the one signed',
      { ...hand(second), next: setOf('bip340', 3, { epoch: 8n }) },
      'signature',
    ],
  ])('A54: refused: %s', (_, handover, expected) => {
    expect(check(SetChain.apply(trusted, handover))).toBe(expected)
  })

  test('the refusal says which epoch is next', () => {
    expect(refusal(SetChain.apply(trusted, hand(setOf('ecdsa', 3, { epoch: 9n })))).message).toBe(
      `epoch ${first.epoch + 1n} is next, not 9`,
    )
  })

  test('A54: a retirement before all time is none', () => {
    const signed = hand(second)
    expect(check(SetChain.apply(trusted, { ...signed, retires: -1n }))).toBe('handover-retires')
    value(SetChain.apply(trusted, hand(second, { retires: 0n })))
  })

  test('A54: what is signed for a handover has a tag of its own', () => {
    const when = Codec.writer().u64(160n).finish()
    expect(SetChain.handoverDigest(first, second, 160n)).toEqual(
      TaggedHash.of('aitbc/handover', first.id, second.id, when),
    )
  })

  test('A54: rotation mid-flight: the old set can’t hand over again, nor a statement pass for a handover', () => {
    const rival = setOf('bip340', 3, { epoch: 8n, notBefore: 140n, expiry: 300n })
    expect(check(SetChain.apply(after, hand(rival)))).toBe('handover-epoch')
    const third = setOf('bip340', 3, { epoch: 9n, notBefore: 140n, expiry: 300n })
    expect(check(SetChain.apply(after, hand(third)))).toBe('epoch')
    const digest = SetChain.handoverDigest(first, second, 160n)
    const said = { ...hand(second), attestation: attest(first, [0, 1, 2], digest) }
    expect(check(SetChain.apply(trusted, said))).toBe('signature')
    expect(check(SetChain.verify(trusted, hand(second).attestation, digest, 150n))).toBe('signature')
  })

  test('the next set has its own time, and its own signers', () => {
    const attestation = attest(second, [0, 1, 2], statement)
    // Members 0 to 2 are not those of the second set.
    expect(check(SetChain.verify(after, attestation, statement, 150n))).toBe('signature')
    expect(check(SetChain.verify(after, attestation, statement, 139n))).toBe('not-yet-valid')
  })

  test('at most two sets count: a third one ends the first', () => {
    const same = setOf('ecdsa-address', 3, { epoch: 8n, expiry: 300n })
    const third = setOf('ecdsa-address', 3, { epoch: 9n, expiry: 400n })
    const two = value(SetChain.apply(trusted, hand(same, { retires: 200n })))
    const three = value(SetChain.apply(two, hand(third, { from: same, retires: 200n })))
    value(SetChain.verify(three, attest(same, [0, 1, 2], statement), statement, 150n))
    value(SetChain.verify(three, attest(third, [0, 1, 2], statement), statement, 150n))
    expect(check(SetChain.verify(three, attest(first, [0, 1, 2], statement), statement, 150n))).toBe('epoch')
    expect(SetChain.sync.finalized(three)).toBe(third)
  })
})
