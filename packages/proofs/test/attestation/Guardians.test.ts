import { Guardians, Secp256k1, Vaa } from '@aitbc/proofs/attestation'
import { fc, test as property } from '@fast-check/vitest'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, value } from '../helpers.js'
import { secretOf } from './world.js'

const NOW = 1_000_000n
const address = (member: number) => value(Secp256k1.address(secp256k1.getPublicKey(secretOf(member))))
const addresses = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => address(first + i))
const places = (count: number) => Array.from({ length: count }, (_, i) => i)

const message: Vaa.Body = {
  timestamp: 1,
  nonce: 2,
  emitterChain: 3,
  emitterAddress: new Uint8Array(32).fill(4),
  sequence: 5n,
  consistencyLevel: 6,
  payload: new TextEncoder().encode('payload'),
}

/** Guardian 0 of a set is the member `first`, and so on. */
function sign(
  body: Vaa.Body,
  {
    guardianSet = 0,
    first = 0,
    by = places(13),
  }: { guardianSet?: number; first?: number; by?: readonly number[] } = {},
): Uint8Array {
  const digest = Vaa.digestOf(Vaa.encodeBody(body))
  const signatures = by.map((index) => {
    const signature = secp256k1.sign(digest, secretOf(first + index), { prehash: false, format: 'recovered' })
    return { index, signature: concat(signature.subarray(1), signature.subarray(0, 1)) }
  })
  return Vaa.encode({ guardianSet, signatures, body })
}

function governance({
  module = 'Core',
  action = 2,
  chain = 0,
  rest = new Uint8Array(0) as Uint8Array,
} = {}): Vaa.Body {
  const name = new Uint8Array(32)
  const text = new TextEncoder().encode(module)
  name.set(text, 32 - text.length)
  const payload = concat(name, Uint8Array.of(action, chain >> 8, chain & 0xff), rest)
  return { ...message, emitterChain: 1, emitterAddress: Vaa.GOVERNANCE_EMITTER, payload }
}

function upgrade(index: number, guardians: readonly Uint8Array[], changed = {}): Vaa.Body {
  const head = Uint8Array.of(0, 0, 0, index, guardians.length)
  return governance({ rest: concat(head, ...guardians), ...changed })
}

const first = value(Guardians.trust({ index: 0, guardians: addresses(0, 19) }))
const nextGuardians = addresses(30, 19)
const appointment = sign(upgrade(1, nextGuardians))
const second = value(Guardians.apply(first, { vaa: appointment, now: NOW }))
const vaa = sign(message)
const signed = value(Vaa.decode(vaa))

const refused = (bytes: Uint8Array, state = first, now = NOW) => check(Guardians.verify(state, bytes, now))

describe('who signed', () => {
  test('default: 13 of 19', () => {
    const { signatures, ...said } = signed
    expect(signatures.length).toBeGreaterThan(0)
    expect(value(Guardians.verify(first, vaa, NOW))).toEqual(said)
    expect(value(Guardians.verify(first, sign(message, { by: places(19) }), NOW)).body).toEqual(message)
    expect([1, 2, 3, 4, 18, 19].map(Guardians.quorum)).toEqual([1, 2, 3, 3, 13, 13])
  })

  test('A53: 12 of 19 are too few', () => {
    expect(refused(sign(message, { by: places(12) }))).toBe('threshold')
    expect(refused(sign(message, { by: [] }))).toBe('threshold')
  })

  const order = (by: readonly number[]) => {
    const entries = by.map((index) => ({
      ...(signed.signatures[index % 13] as (typeof signed.signatures)[0]),
      index,
    }))
    return refused(Vaa.encode({ ...signed, signatures: entries }))
  }

  test('A53: indices twice, falling, or beyond the set', () => {
    expect(order([...places(12), 11])).toBe('signer-duplicate')
    expect(order([...places(11), 12, 11])).toBe('signer-order')
    expect(order([...places(12), 19])).toBe('signer-index')
    expect(order([...places(12), 255])).toBe('signer-index')
  })

  test('A53: v is 0 or 1; a signature that recovers to nobody, or somebody else, is none', () => {
    const last = 6 + 66 * 12 + 65
    for (const v of [2, 27, 28])
      expect(refused(vaa.map((byte, i) => (i === last ? v : byte)))).toBe('signature')
    expect(refused(flip(vaa, 8 * last))).toBe('signature')
    const zeros = vaa.slice()
    zeros.fill(0, 7, 72)
    expect(refused(zeros)).toBe('signature')
  })

  test('A60: of two signatures that are twins, one is taken', () => {
    const { Fn } = secp256k1.Point
    const twin = vaa.slice()
    twin.set(Fn.toBytes(Fn.neg(Fn.fromBytes(vaa.subarray(7 + 32, 7 + 64)))), 7 + 32)
    twin[7 + 64] = (twin[7 + 64] as number) ^ 1
    expect(Guardians.verify(first, twin, NOW)).toMatchObject({
      ok: false,
      refusal: { check: 'signature', context: { index: 0, cause: 'signature-high-s' } },
    })
  })

  test('A53: the hash is that of the body, whatever the caller says', () => {
    const changed = Vaa.encode({ ...signed, body: { ...message, sequence: 6n } })
    expect(refused(changed)).toBe('signature')
  })

  property.prop([fc.nat(), fc.nat(7)])('A53: one changed bit is refused', (where, bit) => {
    expect(Guardians.verify(first, flip(vaa, 8 * (where % vaa.length) + bit), NOW).ok).toBe(false)
  })

  property.prop([fc.uint8Array({ maxLength: 300 })])('A52: who trusts nobody accepts nothing', (bytes) => {
    expect(Guardians.verify(Guardians.fresh, bytes, NOW).ok).toBe(false)
    expect(Guardians.verify(first, bytes, NOW).ok).toBe(false)
  })

  test('A52: not even what was signed', () => {
    expect(refused(vaa, Guardians.fresh)).toBe('untrusted')
    expect(check(Guardians.apply(Guardians.fresh, { vaa: appointment, now: NOW }))).toBe('untrusted')
    expect(Guardians.finalized(Guardians.fresh)).toBeUndefined()
  })
})

describe('encoding', () => {
  test('A53: version, truncation', () => {
    expect(check(Vaa.decode(vaa.map((byte, i) => (i === 0 ? 2 : byte))))).toBe('version')
    for (const length of [0, 5, 6, 100, 6 + 13 * 66 + 50])
      expect(check(Vaa.decode(vaa.subarray(0, length)))).toBe('evidence-encoding')
    const empty = sign({ ...message, payload: new Uint8Array(0) })
    expect(value(Guardians.verify(first, empty, NOW)).body.payload.length).toBe(0)
  })

  property.prop([
    fc.record({
      timestamp: fc.nat(0xffffffff),
      nonce: fc.nat(0xffffffff),
      emitterChain: fc.nat(0xffff),
      emitterAddress: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      consistencyLevel: fc.nat(255),
      payload: fc.uint8Array(),
    }),
  ])('A55: what is written is read, and has one digest', (body) => {
    const bytes = Vaa.encode({ guardianSet: 9, signatures: [], body })
    const read = value(Vaa.decode(bytes))
    expect(read.body).toEqual(body)
    expect(read.digest).toEqual(Vaa.digestOf(bytes.subarray(6)))
    expect(Vaa.encode(read)).toEqual(bytes)
  })
})

describe('the next guardians', () => {
  test('default', () => {
    expect(Guardians.finalized(first)).toEqual({ index: 0, guardians: addresses(0, 19) })
    expect(Guardians.sync.finalized(second)).toEqual({ index: 1, guardians: nextGuardians })
    const said = sign(message, { guardianSet: 1, first: 30 })
    value(Guardians.verify(second, said, NOW))
  })

  test('A53: a set’s word ends a day after it handed over, and it governs no more at once', () => {
    value(Guardians.verify(second, vaa, NOW + Guardians.GRACE - 1n))
    expect(refused(vaa, second, NOW + Guardians.GRACE)).toBe('set-expired')
    expect(refused(sign(governance()), second)).toBe('governance-set')
    value(Guardians.verify(first, sign(governance()), NOW))
    expect(check(Guardians.apply(second, { vaa: appointment, now: NOW }))).toBe('governance-set')
    expect(refused(sign(message, { guardianSet: 1, first: 30 }), first)).toBe('set-unknown')
    expect(refused(sign(message, { guardianSet: 2, first: 30 }), second)).toBe('set-unknown')
    expect(refused(sign(message, { by: places(12) }), second)).toBe('threshold')
  })

  test('sets whose word ended are forgotten', () => {
    const vaa = sign(upgrade(2, addresses(60, 3)), { guardianSet: 1, first: 30 })
    const soon = value(Guardians.apply(second, { vaa, now: NOW + 1n }))
    expect(soon.earlier.map(({ index }) => index)).toEqual([0, 1])
    const day = Guardians.GRACE
    expect(soon.earlier.map(({ expires }) => expires)).toEqual([NOW + day, NOW + 1n + day])
    const late = value(Guardians.apply(second, { vaa, now: NOW + Guardians.GRACE }))
    expect(late.earlier.map(({ index }) => index)).toEqual([1])
  })

  const apply =
    (body: Vaa.Body, options = {}) =>
    () =>
      check(Guardians.apply(first, { vaa: sign(body, options), now: NOW }))

  test.each<[string, () => string, string]>([
    ['A53: an index left out', apply(upgrade(2, nextGuardians)), 'upgrade-index'],
    ['A53: its own index', apply(upgrade(0, nextGuardians)), 'upgrade-index'],
    ['A53: another module', apply(upgrade(1, nextGuardians, { module: 'TokenBridge' })), 'governance-module'],
    ['A53: another action', apply(upgrade(1, nextGuardians, { action: 1 })), 'governance-action'],
    ['A53: one chain alone', apply(upgrade(1, nextGuardians, { chain: 2 })), 'governance-chain'],
    [
      'A53: an emitter on another chain',
      apply({ ...upgrade(1, nextGuardians), emitterChain: 2 }),
      'governance-emitter',
    ],
    [
      'A53: another emitter',
      apply({ ...upgrade(1, nextGuardians), emitterAddress: message.emitterAddress }),
      'governance-emitter',
    ],
    ['A53: too few', apply(upgrade(1, nextGuardians), { by: places(12) }), 'threshold'],
    ['A53: nobody appointed', apply(upgrade(1, [])), 'guardians'],
    ['A53: somebody twice', apply(upgrade(1, [address(1), address(1)])), 'guardians'],
    ['A53: the zero address', apply(upgrade(1, [new Uint8Array(20)])), 'guardians'],
    ['A53: the zero address among others', apply(upgrade(1, [address(1), new Uint8Array(20)])), 'guardians'],
    [
      'A53: bytes left over',
      apply(governance({ rest: concat(Uint8Array.of(0, 0, 0, 1, 1), address(1), Uint8Array.of(0)) })),
      'evidence-encoding',
    ],
    ['A53: a module of nothing', apply(governance({ module: '' })), 'governance-module'],
    [
      'A53: a module behind a number',
      apply(upgrade(1, nextGuardians, { module: '1Core' })),
      'governance-module',
    ],
    [
      'A53: a module before a number',
      apply(upgrade(1, nextGuardians, { module: 'Core1' })),
      'governance-module',
    ],
    [
      'a payload whose module has no name',
      () => check(Vaa.decodeGovernance(governance({ module: '' }))),
      'governance-module',
    ],
    ['A53: a short payload', apply({ ...governance(), payload: new Uint8Array(34) }), 'evidence-encoding'],
    [
      'A53: no VAA',
      () => check(Guardians.apply(first, { vaa: new Uint8Array(3), now: NOW })),
      'evidence-encoding',
    ],
  ])('%s', (_, refused, expected) => {
    expect(refused()).toBe(expected)
  })

  test('what a set begins with, and which index is next', () => {
    expect(Guardians.fresh).toEqual({ earlier: [] })
    expect(value(Guardians.trust({ index: 3, guardians: [address(1)] }))).toEqual({
      current: { index: 3, guardians: [address(1)] },
      earlier: [],
    })
    const skipped = sign(upgrade(2, nextGuardians))
    expect(refusal(Guardians.apply(first, { vaa: skipped, now: NOW })).message).toBe('set 1 is next, not 2')
  })

  test('error: what can’t be trusted from the start', () => {
    const refused = (index: number, guardians: readonly Uint8Array[]) =>
      check(Guardians.trust({ index, guardians }))
    expect(refused(0, [])).toBe('guardians')
    expect(refused(0, [address(1), address(1)])).toBe('guardians')
    expect(refused(0, [new Uint8Array(20)])).toBe('guardians')
    expect(refused(0, [address(1), new Uint8Array(20)])).toBe('guardians')
    expect(refused(0, [address(1).subarray(1)])).toBe('guardians')
    for (const index of [-1, 0.5, 2 ** 32]) expect(refused(index, [address(1)])).toBe('guardians-index')
  })
})

describe('what to act on', () => {
  const policy = { emitters: [{ chain: '3', address: message.emitterAddress }] }
  const receive = (bytes: Uint8Array, consumed: ReadonlySet<string> = new Set(), state = first) =>
    Guardians.receive(state, bytes, { now: NOW, policy, consumed })

  test('default: signed, from whom it should be, for the first time', () => {
    expect(value(receive(vaa)).digest).toEqual(signed.digest)
  })

  test('A53: the same VAA twice, also with other signatures', () => {
    const consumed = new Set([hex(signed.digest)])
    expect(check(receive(vaa, consumed))).toBe('replayed')
    expect(check(receive(sign(message, { by: places(19) }), consumed))).toBe('replayed')
  })

  test('A53: from another chain or emitter, or from nobody', () => {
    expect(check(receive(sign({ ...message, emitterChain: 4 })))).toBe('emitter-unknown')
    expect(check(receive(sign({ ...message, emitterAddress: new Uint8Array(32).fill(5) })))).toBe(
      'emitter-unknown',
    )
    expect(check(receive(sign({ ...message, emitterAddress: new Uint8Array(32) })))).toBe('emitter-zero')
    expect(check(receive(vaa, new Set(), Guardians.fresh))).toBe('untrusted')
  })
})
