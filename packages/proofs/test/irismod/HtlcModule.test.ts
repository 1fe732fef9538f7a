import { Bytes, type LockTerms } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { HtlcModule } from '@aitbc/proofs/irismod'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, refusal, value } from '../helpers.js'
import {
  address,
  type Change,
  CLAIMED,
  entry,
  ID,
  LOCKED,
  network,
  own,
  REFUNDED,
  SECRET,
  SECRET_HEX,
  TERMS,
} from './htlc.js'

const short = `${network.id}:iaa1qqqq` as const
const read = (stored: Uint8Array | null) => HtlcModule.entryOf(stored, own, network)

describe('from', () => {
  test('terms as the module has them', () => {
    expect(own).toEqual({
      sender: address(1),
      to: address(2),
      denom: 'uiris',
      amount: 1000n,
      hashlock: TERMS.hashlock,
      deadline: 20_000n,
    })
    const coin = { ...TERMS, asset: `${network.id}/denom:ibc%2F27394FB0` as const }
    expect(value(HtlcModule.from(coin, network)).denom).toBe('ibc/27394FB0')
  })

  const { locker, beneficiary, backend, deadline } = TERMS
  const elsewhere = { account: locker.account, payout: beneficiary.account }
  const stranger = 'cosmos:other-1:iaa1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqwp3g65' as const
  const cases: readonly [string, Partial<LockTerms.LockTerms>, string][] = [
    ['H20: kind', { backend: { ...backend, kind: 'cosmwasm' } }, 'iris-kind'],
    ['H20: another network', { backend: { ...backend, network: 'cosmos:other-1' } }, 'iris-network'],
    ['H20: a contract', { backend: { ...backend, address: address(3) } }, 'iris-backend'],
    ['H20: code', { backend: { ...backend, codeHash: new Uint8Array(32) } }, 'iris-backend'],
    ['a token', { asset: `${network.id}/cw20:${address(3)}` }, 'iris-asset'],
    ['H5: payout elsewhere', { locker: elsewhere }, 'iris-payout'],
    ['H5: a claim that pays elsewhere', { beneficiary: elsewhere }, 'iris-payout'],
    ['a party of another network', { beneficiary: { account: stranger, payout: stranger } }, 'iris-account'],
    [
      'a good address of another network',
      { locker: { account: `cosmos:other-1:${address(1)}`, payout: `cosmos:other-1:${address(1)}` } },
      'iris-account',
    ],
    ['an address that is none', { locker: { account: short, payout: short } }, 'iris-account'],
    ['H28: seconds', { deadline: { ...deadline, clock: 'unix', value: 1_900_000_000n } }, 'iris-deadline'],
    ['H28: a height elsewhere', { deadline: { ...deadline, network: 'cosmos:other-1' } }, 'iris-deadline'],
  ]
  test.each(cases)('error: %s', (_, change, expected) => {
    expect(check(HtlcModule.from({ ...TERMS, ...change }, network))).toBe(expected)
  })

  test('H20: an address of another prefix', () => {
    expect(check(HtlcModule.from(TERMS, { ...network, hrp: 'cosmos' }))).toBe('iris-account')
  })
})

describe('lockId', () => {
  test('of hashlock, sender, recipient and coins, in this order; its key has a 1 before it', () => {
    const part = (it: string) => HtlcStorage.addressBytes(it, network) as Uint8Array
    const coins = new TextEncoder().encode('1000uiris')
    const id = sha256(Bytes.concat(TERMS.hashlock, part(address(1)), part(address(2)), coins))
    expect(HtlcModule.lockId(own, network)).toEqual(id)
    expect(HtlcModule.lockKey(id)).toEqual(Bytes.concat(Uint8Array.of(1), id))
    expect(ID).toBe(Bytes.toHex(id).toUpperCase())
  })
})

describe('entryOf', () => {
  test('none, locked, claimed with its secret, refunded', () => {
    expect(value(read(null))).toEqual({ status: 'none' })
    expect(value(read(entry(LOCKED)))).toEqual({ status: 'locked', expires: 20_000n, closed: 0n })
    expect(value(read(entry(CLAIMED)))).toEqual({
      status: 'claimed',
      expires: 20_000n,
      closed: 19_000n,
      secret: SECRET,
    })
    expect(value(read(entry(REFUNDED)))).toEqual({ status: 'refunded', expires: 20_000n, closed: 20_000n })
  })

  test("a lock's words for the other chain are its locker's own, and its expiry is only told", () => {
    const words = entry({ receiver: 'somebody', other: 'x'.repeat(128), expiry: 7 })
    expect(value(read(words))).toEqual({ status: 'locked', expires: 7n, closed: 0n })
  })

  const cases: readonly [string, Change, string][] = [
    ['another id', { id: '00'.repeat(32) }, 'iris-id'],
    ['an id in lower case, as the module never writes it', { id: ID.toLowerCase() }, 'iris-id'],
    ['H20: another recipient', { to: address(1) }, 'iris-terms'],
    ['another sender', { sender: address(2) }, 'iris-terms'],
    ['H21: less', { amount: '999' }, 'iris-terms'],
    ['H21: the amount in another spelling', { amount: '01000' }, 'iris-terms'],
    ['another coin', { denom: 'uatom' }, 'iris-terms'],
    ['two coins', { more: 1 }, 'iris-terms'],
    ['H2: another hashlock', { hash: '11'.repeat(32) }, 'iris-terms'],
    ['H2: a hash of secret and time', { timestamp: 5 }, 'iris-terms'],
    ['a swap of the bridge, into which nobody paid', { transfer: 1, direction: 1 }, 'iris-transfer'],
    ['a claimed swap of the bridge', { ...CLAIMED, transfer: 1, direction: 2 }, 'iris-transfer'],
    ['a direction alone', { direction: 1 }, 'iris-transfer'],
    ['no expiry', { expiry: 0 }, 'iris-state'],
    ['a lock that stands and was closed', { closed: 1 }, 'iris-state'],
    ['a refund that no block made', { ...REFUNDED, closed: 0 }, 'iris-state'],
    ['a claim that no block took', { ...CLAIMED, closed: 0 }, 'iris-state'],
    ['a lock that stands with a secret', { secret: SECRET_HEX }, 'iris-state'],
    ['a refund with a secret', { ...REFUNDED, secret: SECRET_HEX }, 'iris-state'],
    ['H1: a secret that does not open it', { ...CLAIMED, secret: '08'.repeat(32) }, 'iris-secret'],
    ['H1: a longer secret', { ...CLAIMED, secret: `${SECRET_HEX}00` }, 'iris-secret'],
    ['claimed without a secret', { ...CLAIMED, secret: '' }, 'iris-secret'],
    ['a state that there is not', { state: 3 }, 'protobuf'],
    ['a direction that there is not', { direction: 3 }, 'protobuf'],
  ]
  test.each(cases)('error: %s', (_, change, expected) => {
    expect(check(read(entry(change)))).toBe(expected)
  })

  test('the least expiry that the module writes', () => {
    expect(value(read(entry({ ...LOCKED, expiry: 1 })))).toMatchObject({ status: 'locked', expires: 1n })
    expect(check(read(entry({ ...LOCKED, expiry: 0 })))).toBe('iris-state')
  })

  test('what refusals tell', () => {
    expect(
      refusal(HtlcModule.from({ ...TERMS, locker: { account: short, payout: short } }, network)).context,
    ).toEqual({
      received: 'iaa1qqqq',
    })
    expect(refusal(read(entry({ ...REFUNDED, closed: 0 }))).context).toEqual({
      status: 'refunded',
      expires: 20_000n,
      closed: 0n,
    })
  })

  test('error: bytes that are none: total, and one encoding alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(read(bytes).ok).toBe(false)
      }),
    )
    const whole = entry(LOCKED)
    for (let length = 0; length < whole.length; length++) expect(read(whole.slice(0, length)).ok).toBe(false)
    expect(check(read(Bytes.concat(whole, Uint8Array.of(120, 1))))).toBe('protobuf')
  })
})

describe('isInTime', () => {
  test('windows from 1 to 34,560 blocks', () => {
    for (const window of [1n, 34_560n]) expect(() => HtlcModule.assertWindow(window)).not.toThrow()
    for (const window of [0n, 34_561n, 5])
      expect(() => HtlcModule.assertWindow(window as bigint)).toThrow(
        expect.objectContaining({
          _tag: 'InvalidArgument',
          context: { argument: 'window', received: window },
        }),
      )
  })

  test('H28: at the deadline, or before it by fewer blocks than the window', () => {
    for (const [expires, window, expected] of [
      [20_000n, 1n, true],
      [19_999n, 1n, false],
      [20_001n, 1n, false],
      [19_991n, 10n, true],
      [19_990n, 10n, false],
    ] as const)
      expect(HtlcModule.isInTime({ expires }, own, window)).toBe(expected)
  })
})
