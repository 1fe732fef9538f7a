import { Bytes, Hashlock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import fc from 'fast-check'
import { concat, keccak256, pad, zeroAddress } from 'viem'
import { describe, expect, test } from 'vitest'
import { HtlcArtifact, HtlcLock } from '../../src/evm/index.js'
import { Address, HubLock, HubUnits } from '../../src/polkadot/index.js'

const network = networks.polkadotHub
const chainId = 420_420_419n
const address = `0x${'c0'.repeat(20)}` as const
const backend: HubLock.HubBackend = {
  network: network.id,
  kind: 'contract',
  address,
  codeHash: Bytes.fromHex(HubLock.CODE_HASH),
}
const chain: HubLock.HubChain = { network, backend, chainId }

const party = (fill: number) => {
  const account = Address.toAccountId(new Uint8Array(32).fill(fill), network)
  return { account, payout: account }
}
const terms: LockTerms.LockTerms = {
  version: 1,
  backend,
  asset: network.native.id,
  amount: 12_345_678_901n,
  hashlock: new Uint8Array(32).fill(1),
  locker: party(2),
  beneficiary: party(3),
  deadline: { network: network.id, clock: 'unix', value: 1_900_000_000n },
  salt: new Uint8Array(32).fill(4),
}
const hex = (bytes: Bytes.Bytes) => `0x${Bytes.toHex(bytes)}` as const
/** The same lock as the EVM adapter has it, whose encoding is viem's. */
const evm = {
  backend: { network: 'eip155:420420419', kind: 'contract', address, codeHash: backend.codeHash },
  terms: (parameters: HtlcStorage.Parameters): HtlcLock.ContractTerms => ({
    token: hex(parameters.token),
    amount: parameters.amount,
    hashlock: hex(parameters.hashlock),
    locker: hex(parameters.locker),
    beneficiary: hex(parameters.beneficiary),
    deadline: parameters.deadline,
    salt: hex(parameters.salt),
  }),
} as const

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const PARAMETERS: fc.Arbitrary<HtlcStorage.Parameters> = fc.record({
  chainId: fc.constant(chainId),
  contract: fc.constant(Bytes.fromHex(address.slice(2))),
  token: fc.constant(new Uint8Array(20)),
  amount: fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }),
  hashlock: bytes(32),
  locker: bytes(20),
  beneficiary: bytes(20),
  deadline: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  salt: bytes(32),
})

describe('units', () => {
  test('a planck is a whole number of wei: 10^8 for DOT, 10^6 for KSM; nothing is rounded', () => {
    expect(HubUnits.ratio(10)).toBe(100_000_000n)
    expect(HubUnits.ratio(12)).toBe(1_000_000n)
    expect(HubUnits.toWei(15_000_000_000n, 10)).toBe(1_500_000_000_000_000_000n)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (planck) => {
        expect(HubUnits.toPlanck(HubUnits.toWei(planck, 10), 10)).toBe(planck)
      }),
    )
    expect(() => HubUnits.toPlanck(100_000_001n, 10)).toThrow(
      expect.objectContaining({ _tag: 'PolkadotUnsupportedTerms' }),
    )
    expect(() => HubUnits.ratio(19)).toThrow(expect.objectContaining({ _tag: 'PolkadotUnsupportedTerms' }))
  })
})

describe('calls and events of the contract', () => {
  test('the audited code is the one that the EVM adapter has', () => {
    expect(`0x${HubLock.CODE_HASH}`).toBe(HtlcArtifact.codeHash)
  })

  test('call data is as viem encodes it', () => {
    fc.assert(
      fc.property(PARAMETERS, bytes(32), fc.uint8Array({ maxLength: 100 }), (parameters, word, record) => {
        const own = evm.terms(parameters)
        expect(hex(HubLock.encodeLock(parameters, word, record))).toBe(HtlcLock.encodeLock(own, word, record))
        expect(hex(HubLock.encodeClaim(parameters, word))).toBe(HtlcLock.encodeClaim(own, word))
        expect(hex(HubLock.encodeRefund(parameters))).toBe(HtlcLock.encodeRefund(own))
        expect(hex(HubLock.encodeWithdraw(parameters.locker))).toBe(
          HtlcLock.encodeWithdraw(zeroAddress, hex(parameters.locker)),
        )
        // Solidity's layout: `credit[token][account]`, the mapping at slot 1.
        const inner = keccak256(concat([pad(zeroAddress), pad('0x01')]))
        expect(hex(HubLock.creditSlot(parameters.locker))).toBe(
          keccak256(concat([pad(hex(parameters.locker)), inner])),
        )
        expect(hex(HtlcStorage.lockId(parameters))).toBe(HtlcLock.id(own, evm.backend))
      }),
    )
  })

  test('a lock is found in the bytes of a transaction, whatever wraps it; a secret only of its own lock', () => {
    fc.assert(
      fc.property(
        PARAMETERS,
        bytes(32),
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ maxLength: 60 }),
        (parameters, word, record, around) => {
          const wrapped = Bytes.concat(around, HubLock.encodeLock(parameters, word, record), around)
          expect(HubLock.locksIn(wrapped, chain)).toContainEqual(
            expect.objectContaining({ parameters, tag: word, record }),
          )
          const own = { ...parameters, hashlock: Hashlock.of(word) }
          const claim = Bytes.concat(around, HubLock.encodeClaim(own, word), around)
          expect(HubLock.secretIn(claim, own)).toEqual(word)
          expect(HubLock.secretIn(claim, { ...own, amount: own.amount ^ 1n })).toBeUndefined()
          expect(HubLock.secretIn(claim.slice(0, around.length + 228 + 31), own)).toBeUndefined()
          // What doesn't open the lock is no secret of it, and hides none that stands behind it.
          const other = HubLock.encodeClaim(own, Hashlock.of(word))
          expect(HubLock.secretIn(other, own)).toBeUndefined()
          expect(HubLock.secretIn(Bytes.concat(other, claim), own)).toEqual(word)
        },
      ),
    )
  })

  test('L3: of a transaction of nothing but the function’s name no more is copied than grows with its length', () => {
    let copied = 0
    class Counted extends Uint8Array {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        const copy = Uint8Array.from(this.subarray(start, end))
        copied += copy.length
        return copy
      }
    }
    const name = HubLock.encodeLock(HubLock.parameters(terms, chain), new Uint8Array(32), new Uint8Array(0))
    const filled = Counted.from({ length: 1 << 16 }, (_, i) => name[i % 4] as number) as Counted
    expect(HubLock.locksIn(filled, chain)).toEqual([])
    // A call's words at each of its names, a quarter of its bytes; what follows each name would be thousands of times the whole.
    expect(copied / filled.length).toBeLessThan(100)
    expect(copied).toBeGreaterThan(0)
  })

  test('events: what the contract emits is read; a changed word is no event of it', () => {
    const parameters = HubLock.parameters(terms, chain)
    const id = HtlcStorage.lockId(parameters)
    const record = Uint8Array.of(1, 2, 3)
    const tag = new Uint8Array(32).fill(8)
    // Terms and record as in the call, without the tag, which is a topic.
    const call = HubLock.encodeLock(parameters, tag, record).slice(4)
    const offset = new Uint8Array(32)
    offset[31] = 0
    offset[30] = 1
    const data = Bytes.concat(call.slice(0, 224), offset, call.slice(288))
    const topics = [Bytes.fromHex(HtlcLock.TOPICS.locked.slice(2)), id, terms.hashlock, tag]
    expect(HubLock.decodeEvent({ topics, data }, chain)).toEqual({
      is: 'locked',
      id,
      hashlock: terms.hashlock,
      tag,
      parameters,
      record,
    })
    for (let at = 0; at < 288; at += 7) {
      const damaged = Uint8Array.from(data, (byte, i) => (i === at ? byte ^ 1 : byte))
      expect(HubLock.decodeEvent({ topics, data: damaged }, chain), `byte ${at}`).toBeUndefined()
    }
    const claimed = [Bytes.fromHex(HtlcLock.TOPICS.claimed.slice(2)), id, terms.hashlock]
    expect(HubLock.decodeEvent({ topics: claimed, data: tag }, chain)).toEqual({
      is: 'claimed',
      id,
      secret: tag,
    })
    expect(HubLock.decodeEvent({ topics: claimed, data: tag.slice(1) }, chain)).toBeUndefined()
    const refunded = [Bytes.fromHex(HtlcLock.TOPICS.refunded.slice(2)), id]
    expect(HubLock.decodeEvent({ topics: refunded, data: new Uint8Array(0) }, chain)).toEqual({
      is: 'refunded',
      id,
    })
    for (const none of [[], [id], [...refunded, id], [new Uint8Array(31), id]])
      expect(HubLock.decodeEvent({ topics: none, data: new Uint8Array(0) }, chain)).toBeUndefined()
  })
})

describe('terms', () => {
  test('they are what the contract holds, and come back', () => {
    const parameters = HubLock.parameters(terms, chain)
    expect(parameters.amount).toBe(terms.amount * 100_000_000n)
    const account = (fill: number) => new Uint8Array(32).fill(fill)
    const accounts = { locker: account(2), beneficiary: account(3) }
    expect(HubLock.terms(parameters, chain, accounts)).toEqual(terms)
    expect(HubLock.terms({ ...parameters, amount: 1n }, chain, accounts)).toBeUndefined()
    expect(HubLock.terms(parameters, chain, { ...accounts, locker: account(9) })).toBeUndefined()
  })

  test.each<[string, Partial<LockTerms.LockTerms>, string]>([
    [
      'H20: another contract',
      { backend: { ...backend, address: `0x${'c1'.repeat(20)}` } },
      'backend.address',
    ],
    [
      'H20: other code',
      { backend: { ...backend, codeHash: new Uint8Array(32).fill(5) } },
      'backend.codeHash',
    ],
    ['H20: another kind', { backend: { ...backend, kind: 'p2tr' } }, 'backend.kind'],
    ['H13: a token', { asset: `${network.id}/assets:1984` }, 'asset'],
    ['H28: a height', { deadline: { network: network.id, clock: 'height', value: 100n } }, 'deadline.clock'],
    ['H10: a payout apart', { beneficiary: { ...party(3), payout: party(4).account } }, 'beneficiary.payout'],
    [
      'H26: the contract itself',
      (() => {
        const account = Address.toAccountId(Address.fallback(new Uint8Array(20).fill(0xc0)), network)
        return { beneficiary: { account, payout: account } }
      })(),
      'beneficiary.account',
    ],
  ])('%s is refused by name', (_what, change, field) => {
    expect(() => HubLock.parameters({ ...terms, ...change }, chain)).toThrow(
      expect.objectContaining({
        _tag: 'PolkadotUnsupportedTerms',
        context: expect.objectContaining({ argument: `terms.${field}` }),
      }),
    )
  })

  test('H20: accounts with a foreign prefix, and terms of another network', () => {
    const account =
      `${network.id}:${Address.encode({ prefix: 42, account: new Uint8Array(32).fill(3) })}` as const
    expect(() => HubLock.parameters({ ...terms, beneficiary: { account, payout: account } }, chain)).toThrow(
      expect.objectContaining({ _tag: 'PolkadotAddress' }),
    )
    expect(() =>
      HubLock.parameters({ ...terms, backend: { ...backend, network: networks.kusamaHub.id } }, chain),
    ).toThrow(expect.objectContaining({ _tag: 'ForeignNetwork' }))
  })
})
