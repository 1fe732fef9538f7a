import { Bytes, isAitbcError, SwapSeed } from '@aitbc/core'
import { Agreement, RingAgreement } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agreementOf, nonceOf, seedOf, tagOf } from './fixtures.js'

const kinds = ['utxo', 'contract', 'contract'] as const
const ends = [1_000_000_300n, 1_000_000_200n, 1_000_000_100n]
const agreement = agreementOf(kinds, ends)
const signatures = agreement.members.map((_, i) =>
  RingAgreement.sign(agreement, SwapSeed.identity(seedOf(i), nonceOf(i))),
)
const signed = { agreement, signatures }

describe('a ring', () => {
  it('round trip: bytes, and signatures of all', () => {
    expect(RingAgreement.decode(RingAgreement.encode(agreement))).toEqual(agreement)
    expect(RingAgreement.decodeSigned(RingAgreement.encodeSigned(signed))).toEqual(signed)
    expect(RingAgreement.isSigned(RingAgreement.encodeSigned(signed))).toBe(true)
    expect(RingAgreement.verify(signed)).toEqual({ ok: true, value: agreement })
  })

  it('S16 S17: one flipped bit anywhere, and it is no agreement of these members any more', () => {
    const bytes = RingAgreement.encodeSigned(signed)
    fc.assert(
      fc.property(fc.nat(8 * bytes.length - 1), (bit) => {
        const flipped = Bytes.copy(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        const error = tagOf(() => RingAgreement.decodeSigned(flipped))
        expect(error).toBeDefined()
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['too few', { arcs: agreement.arcs.slice(1), members: agreement.members.slice(1) }, 'agreement.arcs'],
    ['a key missing', { members: agreement.members.slice(1) }, 'agreement.members'],
    ['a key twice', { members: agreement.members.map(() => agreement.members[0]) }, 'agreement.members'],
    ['a lock twice', { arcs: agreement.arcs.map(() => agreement.arcs[1]) }, 'agreement.arcs'],
    ['another version', { version: 2 }, 'agreement.version'],
    [
      'two hashlocks',
      {
        arcs: agreement.arcs.map((it, i) => (i === 1 ? { ...it, hashlock: new Uint8Array(32).fill(9) } : it)),
      },
      'agreement.arcs[1].hashlock',
    ],
    [
      'who pays itself',
      { arcs: agreement.arcs.map((it, i) => (i === 2 ? { ...it, beneficiary: it.locker } : it)) },
      'agreement.arcs[2].beneficiary',
    ],
    ['nothing', { arcs: undefined }, 'agreement.arcs'],
  ])('error: %s is InvalidAgreement (4001)', (_, change, argument) => {
    try {
      RingAgreement.assert({ ...agreement, ...change } as never)
      expect.unreachable()
    } catch (error) {
      expect(isAitbcError(error, 'InvalidAgreement') && error.context.argument).toBe(argument)
    }
  })

  it('H30: a signature is missing, is another member’s, or is over another agreement', () => {
    const check = (change: readonly Bytes.Bytes[]) => {
      const verdict = RingAgreement.verify({ agreement, signatures: change })
      return verdict.ok ? undefined : [verdict.refusal.check, verdict.refusal.context?.member]
    }
    const [a, b, c] = signatures as [Bytes.Bytes, Bytes.Bytes, Bytes.Bytes]
    expect(check([a, b])).toEqual(['signatures', undefined])
    expect(check([b, a, c])).toEqual(['member-signature', 0])
    expect(check([a, b, b])).toEqual(['member-signature', 2])
    const other = agreementOf(kinds, [ends[0] as bigint, ends[1] as bigint, 1_000_000_099n])
    const over = RingAgreement.sign(other, SwapSeed.identity(seedOf(1), nonceOf(1)))
    expect(check([a, over, c])).toEqual(['member-signature', 1])
  })

  it('a signature over two legs is none over a ring: the tags differ', () => {
    expect(Bytes.toHex(RingAgreement.hash(agreement))).not.toBe(Bytes.toHex(RingAgreement.encode(agreement)))
    expect(tagOf(() => Agreement.decodeSigned(RingAgreement.encodeSigned(signed)))).toBeDefined()
    expect(tagOf(() => RingAgreement.decodeSigned(new Uint8Array(4)))).toBe('InvalidAgreement')
  })

  it('a member’s view: the leader is paid by the last arc, each other one by the arc before its own', () => {
    const [first, second, third] = agreement.arcs
    expect(RingAgreement.viewOf(agreement, 0)).toEqual({
      role: 'initiator',
      terms: { long: first, short: third },
    })
    expect(RingAgreement.viewOf(agreement, 1)).toEqual({
      role: 'follower',
      terms: { long: first, short: second },
    })
    expect(RingAgreement.viewOf(agreement, 2)).toEqual({
      role: 'follower',
      terms: { long: second, short: third },
    })
    for (const none of [-1, 3, 0.5, Number.NaN])
      expect(tagOf(() => RingAgreement.viewOf(agreement, none))).toBe('InvalidAgreement')
  })
})
