import { Bytes, isAitbcError, type LockTerms } from '@aitbc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CosmosTransaction, createCosmosAdapter, HtlcLock } from '../../src/cosmos/index.js'
import { parsePrices } from '../../src/cosmos/internal/fees.js'
import * as Record from '../../src/cosmos/internal/record.js'
import { ALICE, BOB, backend, HTLC, network, SECRET, TOKEN, terms } from './world.js'

const own = HtlcLock.fromLockTerms(terms, backend, network)
const id = HtlcLock.id(own)
const tokenTerms: LockTerms.LockTerms = { ...terms, asset: `${network.id}/cw20:${TOKEN}` }
const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))
const hash = Bytes.toHex(terms.hashlock)
const salt = Bytes.toHex(terms.salt)

describe('terms', () => {
  test('H28: seconds are nanoseconds at the contract, exactly, and back', () => {
    fc.assert(
      fc.property(fc.bigInt(500_000_000n, 0xffff_ffffn), fc.bigInt(1n, 2n ** 128n - 1n), (value, amount) => {
        const drawn = { ...terms, amount, deadline: { ...terms.deadline, value } }
        const there = HtlcLock.fromLockTerms(drawn, backend, network)
        expect(there.expires).toBe(value * 1_000_000_000n)
        expect(HtlcLock.toLockTerms(there, backend, network)).toEqual(drawn)
      }),
    )
    expect(HtlcLock.toLockTerms({ ...own, expires: own.expires + 1n }, backend, network)).toBeUndefined()
    expect(
      HtlcLock.toLockTerms(HtlcLock.fromLockTerms(tokenTerms, backend, network), backend, network),
    ).toEqual(tokenTerms)
  })

  const party = { account: terms.locker.account, payout: terms.beneficiary.account }
  const wrong: readonly [string, Partial<LockTerms.LockTerms>, string, string][] = [
    [
      'H20: contract',
      { backend: { ...backend, address: TOKEN } },
      'CosmosUnsupportedTerms',
      'terms.backend.address',
    ],
    [
      'H20: code',
      { backend: { ...backend, codeHash: new Uint8Array(32) } },
      'CosmosUnsupportedTerms',
      'terms.backend.codeHash',
    ],
    ['kind', { backend: { ...backend, kind: 'contract' } }, 'CosmosUnsupportedTerms', 'terms.backend.kind'],
    ['H5: locker’s payout', { locker: party }, 'CosmosUnsupportedTerms', 'terms.locker.payout'],
    [
      'H5: beneficiary’s payout',
      { beneficiary: party },
      'CosmosUnsupportedTerms',
      'terms.beneficiary.payout',
    ],
    [
      'a key',
      { locker: { ...terms.locker, publicKey: new Uint8Array(33) } },
      'CosmosUnsupportedTerms',
      'terms.locker.publicKey',
    ],
    ['amount', { amount: 2n ** 128n }, 'CosmosUnsupportedTerms', 'terms.amount'],
    ['asset', { asset: `${network.id}/erc20:0x00` }, 'CosmosUnsupportedTerms', 'terms.asset'],
    [
      'H28: clock',
      { deadline: { network: network.id, clock: 'height', value: 5n } },
      'CosmosUnsupportedTerms',
      'terms.deadline',
    ],
    [
      'H26: the contract as payee',
      { beneficiary: { account: `${network.id}:${HTLC}`, payout: `${network.id}:${HTLC}` } },
      'CosmosUnsupportedTerms',
      'terms.beneficiary.payout',
    ],
    [
      'a locker of another prefix',
      { locker: { account: `${network.id}:osmo1x`, payout: `${network.id}:osmo1x` } },
      'CosmosUnsupportedTerms',
      'terms.locker.account',
    ],
  ]
  test.each(wrong)('error: %s', (_, change, tag, argument) => {
    try {
      HtlcLock.fromLockTerms({ ...terms, ...change }, backend, network)
    } catch (error) {
      if (!isAitbcError(error)) throw error
      expect([error._tag, error.context['argument']]).toEqual([tag, argument])
      return
    }
    throw new Error('nothing refused')
  })
})

describe('messages', () => {
  test('a lock of coins carries them; one of tokens is sent by their contract', () => {
    const tag = new Uint8Array(32).fill(1)
    const create = {
      ...{ id, hash, recipient: BOB, expires: { at_time: '1900003600000000000' }, salt },
    }
    const native = HtlcLock.lockMessage(own, { tag, record: Uint8Array.of(1, 2) })
    expect(native).toMatchObject({
      kind: 'execute',
      from: ALICE,
      contract: HTLC,
      funds: [{ denom: 'uatom', amount: 1_000_000n }],
    })
    expect(native.kind === 'execute' && json(native.message)).toEqual({
      create: { ...create, tag: '01'.repeat(32), record: '0102' },
    })
    const there = HtlcLock.fromLockTerms(tokenTerms, backend, network)
    const cw20 = HtlcLock.lockMessage(there)
    if (cw20.kind !== 'execute') throw new Error('no execution')
    expect(cw20).toMatchObject({ contract: TOKEN, funds: [] })
    const { send } = json(cw20.message)
    expect(send).toMatchObject({ contract: HTLC, amount: '1000000' })
    expect(JSON.parse(atob(send.msg))).toEqual({ create: { ...create, id: HtlcLock.id(there) } })
  })

  test('a claim’s secret is read back from its message; no other message tells one', () => {
    const claim = HtlcLock.claimMessage(own, SECRET, BOB)
    expect(HtlcLock.secretInMessage(claim, id, backend)).toEqual(SECRET)
    expect(HtlcLock.secretInMessage(claim, '00'.repeat(32), backend)).toBeUndefined()
    expect(HtlcLock.secretInMessage(claim, id, { address: TOKEN })).toBeUndefined()
    expect(HtlcLock.secretInMessage(HtlcLock.refundMessage(own, BOB), id, backend)).toBeUndefined()
    const with_ = (text: string) =>
      HtlcLock.secretInMessage({ ...claim, message: new TextEncoder().encode(text) } as never, id, backend)
    for (const text of [
      '{',
      'null',
      '[]',
      `{"release":{"id":"${id}","preimage":5}}`,
      `{"release":{"id":"${id}","preimage":"07"}}`,
    ])
      expect(with_(text)).toBeUndefined()
    expect(with_(`{"release":{"id":"${id.toUpperCase()}","preimage":"${'07'.repeat(32)}"}}`)).toEqual(SECRET)
  })
})

describe('events', () => {
  const attributes = {
    _contract_address: HTLC,
    action: 'create',
    ...{ id, hash, source: ALICE, recipient: BOB, denom: 'uatom', amount: '1000000' },
    ...{ at_time: '1900003600000000000', salt, record: '0102' },
  }
  const event = (change: object = {}, type = 'wasm') => {
    const all: Record<string, string | undefined> = { ...attributes, ...change }
    const entries = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return HtlcLock.decodeEvent({ type, attributes: entries }, backend, network)
  }

  test('a lock’s event gives its terms, and its id is that of these', () => {
    expect(event()).toEqual({ is: 'create', id, parameters: own, record: Uint8Array.of(1, 2) })
  })

  test('H12, H20: any term that differs gives another id, so the event is none', () => {
    const others = {
      ...{ hash: '11'.repeat(32), source: BOB, recipient: ALICE, denom: 'uosmo', amount: '999999' },
      ...{ at_time: '1900003600000000001', salt: '22'.repeat(32), id: '33'.repeat(32) },
    }
    for (const [name, value] of Object.entries(others))
      expect([name, event({ [name]: value })]).toEqual([name, undefined])
    for (const name of ['id', 'hash', 'source', 'recipient', 'denom', 'amount', 'at_time', 'salt'])
      expect([name, event({ [name]: undefined })]).toEqual([name, undefined])
  })

  test('what no contract of this kind writes', () => {
    expect(event({}, 'wasm-other')).toBeUndefined()
    expect(event({ _contract_address: TOKEN })).toBeUndefined()
    expect(event({ action: 'mint' })).toBeUndefined()
    expect(event({ amount: '01' })).toBeUndefined()
    expect(event({ at_time: String(2n ** 64n) })).toBeUndefined()
    expect(event({ record: '0' })).toBeUndefined()
    expect(event({ record: '00'.repeat(HtlcLock.MAX_RECORD + 1) })).toBeUndefined()
    const twice = [...Object.entries(attributes), ['amount', '5'] as const]
    expect(HtlcLock.decodeEvent({ type: 'wasm', attributes: twice }, backend, network)).toBeUndefined()
  })

  test('H1, H2: a release whose secret does not open its hashlock is none', () => {
    const release = { action: 'release', preimage: '07'.repeat(32) }
    expect(event(release)).toEqual({ is: 'release', id, secret: SECRET })
    expect(event({ ...release, preimage: '08'.repeat(32) })).toBeUndefined()
    expect(event({ ...release, preimage: '07'.repeat(31) })).toBeUndefined()
    expect(event({ action: 'refund' })).toEqual({ is: 'refund', id })
  })
})

describe('the adapter, offline', () => {
  const options = {
    network,
    htlc: HTLC,
    transport: { request: async () => Promise.reject(new Error('asked')) },
  }

  test('error: options that make no sense', () => {
    const cases: readonly [object, string][] = [
      [{ htlc: 'osmo1x' }, 'InvalidArgument'],
      [{ htlc: undefined }, 'InvalidArgument'],
      [{ transport: {} }, 'InvalidArgument'],
      [{ network: { ...network, family: 'evm' } }, 'InvalidNetwork'],
      [{ network: { ...network, denom: undefined } }, 'InvalidNetwork'],
      [{ codeHash: new Uint8Array(3) }, 'InvalidBytes'],
      [{ tokens: [{ id: 'cosmos:osmosis-1/cw20:osmo1x', symbol: 'X', decimals: 6 }] }, 'ForeignNetwork'],
    ]
    for (const [change, tag] of cases) {
      let got = 'nothing'
      try {
        createCosmosAdapter({ ...options, ...change } as never)
      } catch (error) {
        got = isAitbcError(error) ? error._tag : String(error)
      }
      expect([Object.keys(change)[0], got]).toEqual([Object.keys(change)[0], tag])
    }
  })

  test('terms are judged without asking anybody, and tokens only where the caller listed them', () => {
    const adapter = createCosmosAdapter(options)
    expect(adapter.auditTerms(terms)).toEqual({ ok: true, value: terms })
    expect(adapter.auditTerms(tokenTerms)).toMatchObject({ ok: false, refusal: { check: 'token-allowed' } })
    expect(adapter.auditTerms({ ...terms, amount: 2n ** 128n })).toMatchObject({
      ok: false,
      refusal: { check: 'terms', context: { argument: 'terms.amount' } },
    })
    expect(adapter.expectLock(terms, [])).toEqual({
      ref: id,
      transaction: '',
      amount: terms.amount,
      match: 'exact',
    })
  })
})

test('gas prices of a node, rounded up to base units for a million gas', () => {
  expect(parsePrices('0.025uatom', 'uatom')).toBe(25_000n)
  expect(parsePrices('0.1ibc/AB,0.0025uatom', 'uatom')).toBe(2500n)
  expect(parsePrices('0.0000001uatom', 'uatom')).toBe(1n)
  expect(parsePrices('160000000.000000000000000000inj', 'inj')).toBe(160_000_000_000_000n)
  for (const text of ['', 'uatom', '-1uatom', '1e5uatom', '0.1uosmo'])
    expect(parsePrices(text, 'uatom')).toBe(0n)
  expect(() => parsePrices('9'.repeat(70_000), 'uatom')).toThrow()
})

test('S14: a recovery record opens for its owner and its lock alone', () => {
  const seed = { network: network.id, key: new Uint8Array(32).fill(4) }
  const nonce = new Uint8Array(8).fill(2)
  const lockId = Bytes.fromHex(id)
  const sealed = Record.seal({ seed, nonce, record: { role: 'follower' } }, lockId)
  expect(Record.open(seed, lockId, sealed)).toEqual({ nonce, record: { role: 'follower' } })
  expect(Record.open({ ...seed, key: new Uint8Array(32).fill(5) }, lockId, sealed)).toBeUndefined()
  expect(Record.open(seed, new Uint8Array(32), sealed)).toBeUndefined()
  expect(Record.open(seed, lockId, sealed.slice(0, 7))).toBeUndefined()
})

test('a step’s format is the adapter’s own', () => {
  expect(CosmosTransaction.FORMAT).toBe('cosmos/sign-doc')
})
