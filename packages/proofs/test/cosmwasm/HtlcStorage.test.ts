import { Bytes, type LockTerms, type Network } from '@aitbc/core'
import { Bech32 } from '@aitbc/proofs/bitcoin'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { check, hex, refusal, value } from '../helpers.js'
import {
  address,
  CLAIMED,
  CODE_HASH,
  CONTRACT,
  codeInfo,
  entry,
  field,
  LOCKED,
  network,
  REFUNDED,
  SECRET,
  TERMS,
  utf8,
} from './htlc.js'

test('where the module keeps the second code of a contract', () => {
  const key = HtlcStorage.historyKey(new Uint8Array(32).fill(9))
  expect(Bytes.toHex(key)).toBe(`05${'09'.repeat(32)}0000000000000002`)
})

describe('HtlcStorage.from', () => {
  const party = (account: string): LockTerms.Party => {
    const id = `${network.id}:${account}` as const
    return { account: id, payout: id }
  }
  const cases: readonly [string, Partial<LockTerms.LockTerms>, string][] = [
    ['kind', { backend: { ...TERMS.backend, kind: 'contract' } }, 'htlc-kind'],
    ['network', { backend: { ...TERMS.backend, network: 'cosmos:other-1' } }, 'htlc-network'],
    [
      'H20: contract of another prefix',
      {
        backend: { ...TERMS.backend, address: HtlcStorage.addressText(new Uint8Array(32), { hrp: 'osmo' }) },
      },
      'htlc-contract',
    ],
    ['upper case', { backend: { ...TERMS.backend, address: CONTRACT.toUpperCase() } }, 'htlc-contract'],
    ['a token of another network', { asset: `cosmos:other-1/cw20:${address(8, 32)}` }, 'htlc-asset'],
    ['the native coin by its denomination', { asset: `${network.id}/denom:uatom` }, 'htlc-asset'],
    ['a denomination with needless escapes', { asset: `${network.id}/denom:u%61tom` }, 'htlc-asset'],
    ['a denomination too short', { asset: `${network.id}/denom:ab` }, 'htlc-asset'],
    ['amount', { amount: 1n << 128n }, 'htlc-amount'],
    [
      'H5: payout elsewhere',
      { locker: { ...TERMS.locker, payout: TERMS.beneficiary.account } },
      'htlc-payout',
    ],
    [
      'H20: a beneficiary of another chain',
      { beneficiary: party(HtlcStorage.addressText(new Uint8Array(20), { hrp: 'osmo' })) },
      'htlc-account',
    ],
    ['H26: the contract as beneficiary', { beneficiary: party(CONTRACT) }, 'htlc-account'],
    [
      'H20: an account of another chain, whose addresses look alike',
      {
        beneficiary: {
          account: `cosmos:other-1:${address(2)}`,
          payout: `cosmos:other-1:${address(2)}`,
        },
      },
      'htlc-account',
    ],
    [
      "H28: another chain's clock",
      { deadline: { network: 'cosmos:other-1', clock: 'unix', value: 1_900_000_000n } },
      'htlc-deadline',
    ],
    ['H28: a height', { deadline: { network: network.id, clock: 'height', value: 5n } }, 'htlc-deadline'],
    [
      'H28: nanoseconds beyond 64 bits',
      { deadline: { network: network.id, clock: 'unix', value: 1n << 60n } },
      'htlc-deadline',
    ],
  ]
  for (const [name, changes, expected] of cases)
    test(`error: ${name}: ${expected}`, () => {
      expect(check(HtlcStorage.from({ ...TERMS, ...changes }, network))).toBe(expected)
    })

  test('what a refused party is', () => {
    const osmo = HtlcStorage.addressText(new Uint8Array(20), { hrp: 'osmo' })
    for (const account of [osmo, CONTRACT])
      expect(refusal(HtlcStorage.from({ ...TERMS, beneficiary: party(account) }, network)).context).toEqual({
        received: account,
      })
  })

  test('error: a network that is none of Cosmos: htlc-network', () => {
    const foreign: Network = { ...network, id: 'eip155:1' }
    const terms = { ...TERMS, backend: { ...TERMS.backend, network: foreign.id } }
    expect(check(HtlcStorage.from(terms, foreign))).toBe('htlc-network')
  })

  test('H21: coins and tokens are told apart', () => {
    const of = (asset: string) =>
      value(
        HtlcStorage.from(
          { ...TERMS, asset: `${network.id}/${asset}` as LockTerms.LockTerms['asset'] },
          network,
        ),
      )
    expect(of('slip44:118')).toMatchObject({ kind: 'native', asset: network.denom })
    expect(of('denom:uosmo')).toMatchObject({ kind: 'native', asset: 'uosmo' })
    expect(of(`cw20:${address(8, 32)}`)).toMatchObject({ kind: 'cw20', asset: address(8, 32) })
  })

  test('H26: the token as beneficiary', () => {
    const token = address(8, 32)
    const terms = { ...TERMS, asset: `${network.id}/cw20:${token}` as const, beneficiary: party(token) }
    expect(check(HtlcStorage.from(terms, network))).toBe('htlc-account')
  })

  test('H28: seconds become nanoseconds exactly', () => {
    expect(value(HtlcStorage.from(TERMS, network)).expires).toBe(1_900_000_000_000_000_000n)
    const last = { ...TERMS.deadline, value: 0xffff_ffffn }
    expect(value(HtlcStorage.from({ ...TERMS, deadline: last }, network)).expires).toBe(
      4_294_967_295_000_000_000n,
    )
  })

  test('S11: the id binds every term, the chain and the contract', () => {
    const it = value(HtlcStorage.from(TERMS, network))
    const ids = [
      it,
      { ...it, chainId: 'x' },
      { ...it, contract: address(8, 32) },
      { ...it, kind: 'cw20' as const },
      { ...it, asset: 'uosmo' },
      { ...it, amount: 1001n },
      { ...it, hashlock: new Uint8Array(32) },
      { ...it, source: it.recipient },
      { ...it, recipient: it.source },
      { ...it, expires: it.expires + 1n },
      { ...it, salt: new Uint8Array(32) },
    ].map((parameters) => Bytes.toHex(HtlcStorage.lockId(parameters)))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('denominations and asset ids are each other’s inverse', () => {
    for (const denom of [
      'uatom',
      'ibc/27394FB092D2ECCD56123C74F36E4C1F',
      'factory/cosmos1x/sub_denom',
      'gamm:pool.1-x',
    ]) {
      const asset = HtlcStorage.assetOfDenom(denom, network)
      expect(HtlcStorage.denomOf(asset as LockTerms.LockTerms['asset'], network)).toBe(denom)
    }
    for (const other of ['1bad', 'uosmo!', 'uosmo\n', 'u\tosmo', 'ab'])
      expect(HtlcStorage.assetOfDenom(other, network)).toBeUndefined()
    expect(HtlcStorage.assetOfDenom('a'.repeat(129), network)).toBeUndefined()
  })
  test('H21: what is no coin or token of the network', () => {
    const token = address(8, 32)
    for (const id of [
      'cosmos:other-1/denom:uosmo',
      `${network.id}/coin:uosmo`,
      `${network.id}/denom:uosmo/1`,
      `${network.id}/denom:u%6Fsmo`,
      `${network.id}/denom:1osmo`,
      `${network.id}/denom:uosmo%21`,
    ] as const)
      expect(HtlcStorage.denomOf(id, network)).toBeUndefined()
    expect(HtlcStorage.tokenOf(`${network.id}/cw20:${token}`, network)).toBe(token)
    for (const id of [
      `cosmos:other-1/cw20:${token}`,
      `${network.id}/denom:${token}`,
      `${network.id}/cw20:${token}/1`,
      `${network.id}/cw20:uosmo`,
    ] as const)
      expect(HtlcStorage.tokenOf(id, network)).toBeUndefined()
  })
})

describe('where things are', () => {
  const id = new Uint8Array(32).fill(0xab)
  const contract = new Uint8Array(32).fill(9)

  test('keys of locks, contracts and codes in the store of the module', () => {
    expect(HtlcStorage.ownKey(id)).toEqual(utf8(`lock/${'ab'.repeat(32)}`))
    expect(hex(HtlcStorage.lockKey(contract, id))).toBe(`03${'09'.repeat(32)}${hex(HtlcStorage.ownKey(id))}`)
    expect(hex(HtlcStorage.contractKey(contract))).toBe(`02${'09'.repeat(32)}`)
    expect(hex(HtlcStorage.codeKey(258n))).toBe('010000000000000102')
  })

  test('the id is the hash of what the contract hashes', () => {
    const it = value(HtlcStorage.from(TERMS, network))
    const text = (part: string) => [Uint8Array.of(0, part.length), utf8(part)]
    const expires = new Uint8Array(8)
    new DataView(expires.buffer).setBigUint64(0, 1_900_000_000_000_000_000n)
    const parts = [
      utf8('aitbc/htlc/v1'),
      ...[it.chainId, CONTRACT, 'native', it.asset, '1000'].flatMap(text),
      TERMS.hashlock,
      ...[address(1), address(2), 'at_time'].flatMap(text),
      expires,
      TERMS.salt,
    ]
    expect(hex(HtlcStorage.lockId(it))).toBe(hex(sha256(Bytes.concat(...parts))))
  })
})

describe('HtlcStorage.entryOf', () => {
  const it = value(HtlcStorage.from(TERMS, network))
  const read = (outcome: string) => HtlcStorage.entryOf(entry(outcome), it)

  test('each outcome that the contract writes', () => {
    expect(value(HtlcStorage.entryOf(null, it))).toEqual({ status: 'none' })
    expect(value(read(LOCKED))).toEqual({ status: 'locked' })
    expect(value(read(REFUNDED))).toEqual({ status: 'refunded', paid: true })
    expect(value(read(REFUNDED.replace('true', 'false')))).toEqual({ status: 'refunded', paid: false })
    expect(value(read(CLAIMED))).toEqual({ status: 'claimed', paid: true, secret: SECRET })
    const owed = CLAIMED.replace('true', 'false')
    expect(value(read(owed))).toEqual({ status: 'claimed', paid: false, secret: SECRET })
  })

  const stored = (tail: string) => {
    const whole = new TextDecoder().decode(entry(LOCKED))
    return HtlcStorage.entryOf(utf8(whole.slice(0, whole.indexOf('"number"')) + tail), it)
  }
  for (const number of ['0', '7', '10', '31', '18446744073709551615'])
    test(`the contract's number ${number}`, () => {
      expect(value(stored(`"number":${number},${LOCKED}}`))).toEqual({ status: 'locked' })
    })
  for (const tail of [
    `"number":03,${LOCKED}}`,
    `"number":1e1,${LOCKED}}`,
    `"number":${'1'.repeat(21)},${LOCKED}}`,
    `"more":1,"number":3,${LOCKED}}`,
    `"number":3,${LOCKED}}}`,
    `"number":3,${LOCKED}} `,
    `"number":3,${LOCKED}`,
    `"number":3,${CLAIMED.toUpperCase()}}`,
    `"number":3,${CLAIMED.slice(0, -2)}"}`,
    // As many arguments as these bytes would be more than a call takes.
    `"number":3,${LOCKED}}${' '.repeat(1_000_000)}`,
  ])
    test(`error: lock-status: ${tail.slice(0, 60)}`, () => {
      expect(check(stored(tail))).toBe('lock-status')
    })
})

describe('HtlcStorage.codeHash', () => {
  test('whoever may instantiate a code, its hash is read', () => {
    const some = (...parts: Uint8Array[]) => Bytes.concat(...parts)
    const named = some(Uint8Array.of(8, 4), field(3, address(1)), field(3, address(2)))
    for (const permission of [some(), Uint8Array.of(8, 1), named])
      expect(
        value(HtlcStorage.codeHash(some(field(1, CODE_HASH), field(2, address(3)), field(5, permission)))),
      ).toEqual(CODE_HASH)
    expect(value(HtlcStorage.codeHash(codeInfo(CODE_HASH)))).toEqual(CODE_HASH)
    const after = some(field(1, CODE_HASH), field(5, named), field(6, 'x'))
    expect(check(HtlcStorage.codeHash(after))).toBe('protobuf')
  })
})

describe('addresses', () => {
  const words = (length: number) => Bech32.toWords(new Uint8Array(length).fill(3))
  const written = (form: 'bech32' | 'bech32m', of: readonly number[]) =>
    Bech32.encode({ form, prefix: network.hrp as string, words: of })

  test('20 or 32 bytes in bech32 of the network', () => {
    for (const length of [20, 32]) {
      const bytes = new Uint8Array(length).fill(3)
      expect(HtlcStorage.addressBytes(written('bech32', words(length)), network)).toEqual(bytes)
      expect(HtlcStorage.addressText(bytes, network)).toBe(written('bech32', words(length)))
    }
  })

  test('H20: nothing else is one', () => {
    for (const other of [
      ...[0, 19, 21, 31, 33].map((length) => written('bech32', words(length))),
      written('bech32m', words(20)),
      // Bits beyond the last byte that aren't zero.
      written('bech32', [...words(32).slice(0, -1), 31]),
      written('bech32', [...words(20), 0, 0]),
      HtlcStorage.addressText(new Uint8Array(20), { hrp: 'osmo' }),
      written('bech32', words(20)).toUpperCase(),
      '',
    ])
      expect(HtlcStorage.addressBytes(other, network)).toBeUndefined()
  })

  test('a network without addresses of this form has none', () => {
    expect(HtlcStorage.addressBytes(address(1), {})).toBeUndefined()
    const text = HtlcStorage.addressText(new Uint8Array(20), {})
    expect(text.startsWith('1')).toBe(true)
    expect(HtlcStorage.addressBytes(text, network)).toBeUndefined()
  })
})
