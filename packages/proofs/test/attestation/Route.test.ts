import { Nonces, Route } from '@aitbc/proofs/attestation'
import { fc, test as property } from '@fast-check/vitest'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'

const at = (chain: string, byte: number): Route.Place => ({ chain, address: new Uint8Array(32).fill(byte) })

describe('messages to act on', () => {
  const policy: Route.Policy = {
    emitters: [at('2', 1)],
    targets: [at('9', 5), at('9', 6)],
    privileged: [at('9', 6)],
  }
  const message: Route.Message = {
    emitter: at('2', 1),
    target: at('9', 5),
    asset: new Uint8Array(20).fill(1),
  }

  test('default: a listed emitter, a listed target, an asset that is one', () => {
    expect(value(Route.allow(message, policy))).toBe(true)
    expect(value(Route.allow({ emitter: message.emitter }, policy))).toBe(true)
  })

  test.each<[string, Partial<Route.Message>, string]>([
    ['A20: nobody emitted it', { emitter: at('2', 0) }, 'emitter-zero'],
    ['A20: a look-alike emitted it', { emitter: at('2', 2) }, 'emitter-unknown'],
    ['A20: the same address on another chain', { emitter: at('3', 1) }, 'emitter-unknown'],
    [
      'A20: an address of another length',
      { emitter: { chain: '2', address: new Uint8Array(20).fill(1) } },
      'emitter-unknown',
    ],
    ['A20: the zero token', { asset: new Uint8Array(20) }, 'asset-zero'],
    ['A20: no token', { asset: new Uint8Array(0) }, 'asset-zero'],
    ['A21: it calls nobody', { target: at('9', 0) }, 'target-zero'],
    ['A21: it calls what obeys the bridge, though listed', { target: at('9', 6) }, 'target-privileged'],
    ['A21: it calls what is not listed', { target: at('9', 7) }, 'target-unknown'],
    ['A21: it calls another chain’s contract', { target: at('8', 5) }, 'target-unknown'],
  ])('%s', (_, changed, expected) => {
    expect(check(Route.allow({ ...message, ...changed }, policy))).toBe(expected)
  })

  test('refusals name the place', () => {
    const told = (changed: Partial<Route.Message>) =>
      refusal(Route.allow({ ...message, ...changed }, policy)).message
    expect(told({ emitter: at('2', 2) })).toContain(`${hex(at('2', 2).address)} of 2`)
    expect(told({ target: at('9', 6) })).toContain(`${hex(at('9', 6).address)} of 9`)
    expect(told({ target: at('9', 7) })).toContain(`${hex(at('9', 7).address)} of 9`)
  })

  test('A52: a receiver that lists nothing takes nothing', () => {
    expect(check(Route.allow(message, { emitters: [] }))).toBe('emitter-unknown')
    expect(check(Route.allow(message, { emitters: [at('2', 1)] }))).toBe('target-unknown')
  })
})

describe('nonces', () => {
  const { Point } = secp256k1
  const { Fn } = Point
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const secret = new Uint8Array(32).fill(3)
  const key = secp256k1.getPublicKey(secret)
  const use = (digest: Uint8Array, signature: Uint8Array): Nonces.Use => ({ key, digest, signature })

  /** ECDSA by hand, with a nonce of one's choice. */
  function sign(digest: Uint8Array, nonce: bigint): Uint8Array {
    const r = Fn.create(Point.BASE.multiply(nonce).x)
    const z = Fn.create(BigInt(`0x${hex(digest)}`))
    return concat(Fn.toBytes(r), Fn.toBytes(Fn.div(Fn.create(z + r * Fn.fromBytes(secret)), nonce)))
  }

  /** The key, if both signatures were made with one nonce. */
  function recoverKey(a: Nonces.Use, b: Nonces.Use): Uint8Array {
    const [z1, z2] = [a, b].map(({ digest }) => Fn.create(BigInt(`0x${hex(digest)}`))) as [bigint, bigint]
    const [s1, s2] = [a, b].map(({ signature }) => Fn.fromBytes(signature.subarray(32))) as [bigint, bigint]
    const k = Fn.div(Fn.sub(z1, z2), Fn.sub(s1, s2))
    const r = Fn.fromBytes(a.signature.subarray(0, 32))
    return Fn.toBytes(Fn.div(Fn.sub(Fn.mul(s1, k), z1), r))
  }

  property.prop([bytes32, bytes32], { numRuns: 20 })(
    'A22: signers here never use a nonce twice',
    (one, other) => {
      fc.pre(hex(one) !== hex(other))
      const uses = [one, other].map((digest) =>
        use(digest, secp256k1.sign(digest, secret, { prehash: false })),
      )
      value(Nonces.scan(uses))
      expect(hex(recoverKey(...(uses as [Nonces.Use, Nonces.Use])))).not.toBe(hex(secret))
    },
  )

  test('A22: a nonce that signed twice gives the key away, and is told', () => {
    const one = new Uint8Array(32).fill(1)
    const uses = [use(one, sign(one, 5n)), use(flip(one, 9), sign(flip(one, 9), 5n))] as const
    expect(hex(recoverKey(...uses))).toBe(hex(secret))
    expect(check(Nonces.scan(uses))).toBe('nonce-reuse')
    expect(Nonces.scan([use(one, sign(one, 6n)), ...uses])).toMatchObject({
      refusal: { context: { first: 1, index: 2 } },
    })
  })

  test('A22: a nonce that two keys shared is told; the same signature again is no reuse', () => {
    const one = new Uint8Array(32).fill(1)
    const signed = use(one, sign(one, 5n))
    expect(value(Nonces.scan([signed, signed]))).toBe(true)
    value(Nonces.scan([]))
    const other = { ...signed, key: secp256k1.getPublicKey(unhex('07'.repeat(32))) }
    expect(check(Nonces.scan([signed, other]))).toBe('nonce-reuse')
  })
})
