import { isAitbcError, RecoveryRecord, SwapSeed } from '@aitbc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const seed = new Uint8Array(32).fill(1)
const share = SwapSeed.forNetwork(seed, 'eip155:1')
const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const bytes = (max = 300) => fc.uint8Array({ maxLength: max })
const caught = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

test('seal, open: round trip with any context; 16 bytes longer', () => {
  fc.assert(
    fc.property(
      bytes(),
      bytes(40),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      (plain, context, nonce) => {
        const sealed = RecoveryRecord.seal(share, nonce, plain, { context })
        expect(sealed).toHaveLength(plain.length + RecoveryRecord.TAG_LENGTH)
        expect(RecoveryRecord.open(share, nonce, sealed, { context })).toEqual(plain)
      },
    ),
  )
})

test('mask: its own inverse, of the same length, never the plaintext', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 80 }), (plain) => {
      const masked = RecoveryRecord.mask(share, nonce, plain)
      expect(masked).toHaveLength(plain.length)
      expect(masked).not.toEqual(plain)
      expect(RecoveryRecord.mask(share, nonce, masked)).toEqual(plain)
    }),
  )
})

test('error: any flipped bit, cut or addition is RecordUnreadable', () => {
  fc.assert(
    fc.property(bytes(60), fc.nat(), (plain, at) => {
      const sealed = RecoveryRecord.seal(share, nonce, plain)
      const flipped = sealed.slice()
      flipped[(at >> 3) % sealed.length]! ^= 1 << (at & 7)
      for (const wrong of [flipped, sealed.slice(0, at % sealed.length), Uint8Array.of(...sealed, 0)])
        expect(
          isAitbcError(
            caught(() => RecoveryRecord.open(share, nonce, wrong)),
            'RecordUnreadable',
          ),
        ).toBe(true)
    }),
  )
})

test('error: another seed, network, nonce or context does not open it', () => {
  const plain = Uint8Array.of(1, 2, 3)
  const context = new Uint8Array(32).fill(9)
  const sealed = RecoveryRecord.seal(share, nonce, plain, { context })
  const attempts = [
    () =>
      RecoveryRecord.open(SwapSeed.forNetwork(new Uint8Array(32).fill(2), 'eip155:1'), nonce, sealed, {
        context,
      }),
    () => RecoveryRecord.open(SwapSeed.forNetwork(seed, 'eip155:2'), nonce, sealed, { context }),
    () => RecoveryRecord.open(share, new Uint8Array(8), sealed, { context }),
    () => RecoveryRecord.open(share, nonce, sealed, { context: new Uint8Array(32) }),
    () => RecoveryRecord.open(share, nonce, sealed),
  ]
  for (const attempt of attempts) expect(isAitbcError(caught(attempt), 'RecordUnreadable')).toBe(true)
})

test('behavior: two plaintexts under one nonce do not share a stream when sealed', () => {
  const a = RecoveryRecord.seal(share, nonce, new Uint8Array(32)).slice(16)
  const b = RecoveryRecord.seal(share, nonce, new Uint8Array(32).fill(255)).slice(16)
  expect(a.map((byte, i) => byte ^ (b[i] as number))).not.toEqual(new Uint8Array(32).fill(255))
})

test('encode, decode: one canonical form, 33 bytes with a counter', () => {
  const role = fc.constantFrom('initiator' as const, 'follower' as const)
  const record = fc.record(
    { role, counter: fc.uint8Array({ minLength: 32, maxLength: 32 }), agreement: bytes() },
    { requiredKeys: ['role'] },
  )
  fc.assert(
    fc.property(record, (one) => {
      expect(RecoveryRecord.decode(RecoveryRecord.encode(one))).toEqual(one)
    }),
  )
  expect(RecoveryRecord.encode({ role: 'follower', counter: new Uint8Array(32) })).toHaveLength(33)
})

test('decode is total: any bytes give the record they encode, or InvalidEncoding', () => {
  fc.assert(
    fc.property(bytes(50), (input) => {
      try {
        expect(RecoveryRecord.encode(RecoveryRecord.decode(input))).toEqual(input)
      } catch (error) {
        expect(isAitbcError(error, 'InvalidEncoding')).toBe(true)
      }
    }),
  )
})

test('error: wrong arguments are named', () => {
  const cases: readonly [() => unknown, string][] = [
    [() => RecoveryRecord.seal(share, new Uint8Array(7), new Uint8Array(1)), 'nonce'],
    [() => RecoveryRecord.seal(share, nonce, 'x' as never), 'plaintext'],
    [() => RecoveryRecord.seal(share, nonce, new Uint8Array(8161)), 'plaintext'],
    [() => RecoveryRecord.mask(share, nonce, new Uint8Array(8161)), 'bytes'],
    [() => RecoveryRecord.open(share, nonce, null as never), 'sealed'],
    [() => RecoveryRecord.encode({ role: 'boss' } as never), 'record.role'],
    [() => RecoveryRecord.encode(null as never), 'record.role'],
    [() => RecoveryRecord.encode({ role: 'follower', counter: new Uint8Array(31) }), 'record.counter'],
    [() => RecoveryRecord.encode({ role: 'follower', agreement: 'x' as never }), 'record.agreement'],
  ]
  for (const [run, argument] of cases) {
    const error = caught(run)
    expect(isAitbcError(error)).toBe(true)
    expect((error as { context: unknown }).context).toMatchObject({ argument })
  }
})
