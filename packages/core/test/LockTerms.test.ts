import { Bytes, isAitbcError, LockTerms } from '@aitbc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JUNK, TERMS, thrown } from './support.js'

type Terms = LockTerms.LockTerms
const id = (terms: Terms) => Bytes.toHex(LockTerms.id(terms))
const without = <T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> => {
  const { [key]: _, ...rest } = value
  return rest
}

/** The same terms with one field changed, for every field there is. */
const CHANGES: Readonly<Record<string, Terms>> = {
  'backend.kind': { ...TERMS, backend: { ...TERMS.backend, kind: 'contract-2' } },
  'backend.address': {
    ...TERMS,
    backend: { ...TERMS.backend, address: '0x00000000000000000000000000000000000000ce' },
  },
  'no backend.address': { ...TERMS, backend: without(TERMS.backend, 'address') },
  'backend.codeHash': { ...TERMS, backend: { ...TERMS.backend, codeHash: new Uint8Array(32).fill(9) } },
  'no backend.codeHash': { ...TERMS, backend: without(TERMS.backend, 'codeHash') },
  asset: { ...TERMS, asset: 'eip155:31337/slip44:60' },
  'asset.token': { ...TERMS, asset: 'eip155:31337/erc20:0x00000000000000000000000000000000000000de' },
  amount: { ...TERMS, amount: TERMS.amount + 1n },
  hashlock: { ...TERMS, hashlock: new Uint8Array(32).fill(8) },
  'locker.account': { ...TERMS, locker: { ...TERMS.locker, account: TERMS.beneficiary.account } },
  'locker.payout': { ...TERMS, locker: { ...TERMS.locker, payout: TERMS.locker.account } },
  'locker.publicKey': { ...TERMS, locker: { ...TERMS.locker, publicKey: new Uint8Array(33).fill(3) } },
  'locker.publicKey of 32': { ...TERMS, locker: { ...TERMS.locker, publicKey: new Uint8Array(32).fill(2) } },
  'no locker.publicKey': { ...TERMS, locker: without(TERMS.locker, 'publicKey') },
  'beneficiary.account': { ...TERMS, beneficiary: { ...TERMS.beneficiary, account: TERMS.locker.account } },
  'beneficiary.payout': {
    ...TERMS,
    beneficiary: { ...TERMS.beneficiary, payout: TERMS.beneficiary.account },
  },
  'beneficiary.publicKey': {
    ...TERMS,
    beneficiary: { ...TERMS.beneficiary, publicKey: new Uint8Array(32).fill(5) },
  },
  'no beneficiary.publicKey': { ...TERMS, beneficiary: without(TERMS.beneficiary, 'publicKey') },
  'parties exchanged': { ...TERMS, locker: TERMS.beneficiary, beneficiary: TERMS.locker },
  'deadline.value': { ...TERMS, deadline: { ...TERMS.deadline, value: TERMS.deadline.value + 1n } },
  'deadline.clock': { ...TERMS, deadline: { ...TERMS.deadline, clock: 'median-time' } },
  salt: { ...TERMS, salt: new Uint8Array(32).fill(7) },
  network: onNetwork('eip155:1'),
}

/** The same terms on another chain: a fork, a test chain. */
function onNetwork(network: 'eip155:1'): Terms {
  const party = (value: LockTerms.Party): LockTerms.Party => ({
    ...value,
    account: value.account.replace('eip155:31337', network) as Terms['locker']['account'],
    payout: value.payout.replace('eip155:31337', network) as Terms['locker']['account'],
  })
  return {
    ...TERMS,
    backend: { ...TERMS.backend, network },
    asset: TERMS.asset.replace('eip155:31337', network) as Terms['asset'],
    locker: party(TERMS.locker),
    beneficiary: party(TERMS.beneficiary),
    deadline: { ...TERMS.deadline, network },
  }
}

const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => `0x${Bytes.toHex(bytes)}`)
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const key = fc.oneof(bytes32, fc.uint8Array({ minLength: 33, maxLength: 33 }))
const party = fc
  .tuple(address, address, fc.option(key, { nil: undefined }))
  .map(([account, payout, publicKey]) => ({
    account: `eip155:1:${account}` as const,
    payout: `eip155:1:${payout}` as const,
    ...(publicKey === undefined ? {} : { publicKey }),
  }))
const terms: fc.Arbitrary<Terms> = fc
  .record({
    address: fc.option(address, { nil: undefined }),
    codeHash: fc.option(bytes32, { nil: undefined }),
    token: fc.option(address, { nil: undefined }),
    amount: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
    hashlock: bytes32.filter((bytes) => bytes.some((byte) => byte !== 0)),
    locker: party,
    beneficiary: party,
    value: fc.bigInt({ min: 500_000_000n, max: 2n ** 32n - 1n }),
    salt: bytes32,
  })
  .map(({ address, codeHash, token, amount, hashlock, locker, beneficiary, value, salt }) => ({
    version: 1,
    backend: {
      network: 'eip155:1',
      kind: 'contract',
      ...(address === undefined ? {} : { address }),
      ...(codeHash === undefined ? {} : { codeHash }),
    },
    asset: token === undefined ? 'eip155:1/slip44:60' : `eip155:1/erc20:${token}`,
    amount,
    hashlock,
    locker,
    beneficiary,
    deadline: { network: 'eip155:1', clock: 'unix', value },
    salt,
  }))

describe('encoding', () => {
  test('encode, decode: round trip', () => {
    expect(LockTerms.decode(LockTerms.encode(TERMS))).toEqual(TERMS)
    fc.assert(
      fc.property(terms, (one) => {
        expect(LockTerms.decode(LockTerms.encode(one))).toEqual(one)
      }),
    )
  })

  test('the id of known terms, computed from the documented form by another program; it never changes', () => {
    expect(id(TERMS)).toBe('6e195ebae563b04a4bec50dffc20f7b237e0d1b1b3b0d62bceaf4811e55cd504')
  })

  test('property: bytes are the one encoding of what they decode to, or a typed error', () => {
    const good = LockTerms.encode(TERMS)
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, change]) => {
        const out = good.slice()
        out[at] = (out[at] as number) ^ change
        return out
      })
    const cut = fc.nat(good.length - 1).map((size) => good.slice(0, size))
    fc.assert(
      fc.property(fc.oneof(mutated, cut, fc.uint8Array({ maxLength: 400 })), (input) => {
        try {
          const decoded = LockTerms.decode(input)
          expect(LockTerms.encode(decoded)).toEqual(input)
          expect(id(decoded)).not.toBe(id(TERMS))
        } catch (error) {
          if (!isAitbcError(error)) throw error
        }
      }),
    )
    expect(thrown(() => LockTerms.decode(Uint8Array.of(...good, 0)))._tag).toBe('InvalidEncoding')
    for (let size = 0; size < good.length; size++)
      expect(isAitbcError(thrown(() => LockTerms.decode(good.slice(0, size))))).toBe(true)
  })
})

describe('id', () => {
  test('S11, S17, H11: a change of any field is another id', () => {
    const ids = Object.entries(CHANGES).map(([field, changed]) => [field, id(changed)] as const)
    const all = [id(TERMS), ...ids.map(([, one]) => one)]
    expect(new Set(all).size).toBe(all.length)
  })

  test('S11, S17: the list of changes names every field of the encoding', () => {
    const paths = (value: object, before: string): string[] =>
      Object.entries(value).flatMap(([name, inner]) =>
        typeof inner === 'object' && !(inner instanceof Uint8Array)
          ? paths(inner, `${before}${name}.`)
          : [`${before}${name}`],
      )
    // Networks move together, and the version has one value so far.
    const bound = paths(TERMS, '').filter((path) => !path.endsWith('network') && path !== 'version')
    expect(bound.filter((path) => !(path in CHANGES))).toEqual([])
    expect(bound).toHaveLength(15)
  })

  test('H14: no terms of one chain have an id on another', () => {
    expect(id(CHANGES['network'] as Terms)).not.toBe(id(TERMS))
  })

  test('S17: property: equal ids, equal terms', () => {
    fc.assert(
      fc.property(terms, terms, (a, b) => {
        expect(id(a) === id(b)).toBe(Bytes.equal(LockTerms.encode(a), LockTerms.encode(b)))
        expect(id({ ...a, salt: b.salt }) === id(a)).toBe(Bytes.equal(a.salt, b.salt))
      }),
    )
  })

  test('H11: no sequence of bytes in one field looks like another field', () => {
    const one = { ...TERMS, backend: without(TERMS.backend, 'address') }
    const other = { ...one, backend: { ...one.backend, kind: `${one.backend.kind}0` } }
    expect(id(one)).not.toBe(id(other))
    expect(LockTerms.encode(one)).not.toHaveLength(LockTerms.encode(TERMS).length)
  })
})

describe('assert', () => {
  const bad = (change: object): unknown => ({ ...TERMS, ...change })
  const cases: readonly [string, unknown, string, string][] = [
    ['version', bad({ version: 2 }), 'InvalidLockTerms', 'terms.version'],
    ['no backend', bad({ backend: null }), 'InvalidChainId', 'terms.backend.network'],
    ['kind', bad({ backend: { ...TERMS.backend, kind: 'P2WSH' } }), 'InvalidLockTerms', 'terms.backend.kind'],
    [
      'mixed-case contract',
      bad({ backend: { ...TERMS.backend, address: '0x00000000000000000000000000000000000000CC' } }),
      'InvalidLockTerms',
      'terms.backend.address',
    ],
    [
      'contract as symbol',
      bad({ backend: { ...TERMS.backend, address: Symbol('x') } }),
      'InvalidLockTerms',
      'terms.backend.address',
    ],
    [
      'code hash of 31',
      bad({ backend: { ...TERMS.backend, codeHash: new Uint8Array(31) } }),
      'InvalidBytes',
      'terms.backend.codeHash',
    ],
    ['asset of another chain', bad({ asset: 'eip155:1/slip44:60' }), 'InvalidLockTerms', 'terms.asset'],
    [
      'asset in mixed case',
      bad({ asset: 'eip155:31337/erc20:0x00000000000000000000000000000000000000DD' }),
      'InvalidLockTerms',
      'terms.asset',
    ],
    ['no asset', bad({ asset: undefined }), 'InvalidAssetId', 'terms.asset'],
    ['zero', bad({ amount: 0n }), 'InvalidAmount', 'terms.amount'],
    ['negative', bad({ amount: -1n }), 'InvalidAmount', 'terms.amount'],
    ['too big', bad({ amount: 2n ** 256n }), 'InvalidAmount', 'terms.amount'],
    ['amount as number', bad({ amount: 5 }), 'InvalidAmount', 'terms.amount'],
    ['hashlock of 20', bad({ hashlock: new Uint8Array(20) }), 'InvalidBytes', 'terms.hashlock'],
    ['zero hashlock', bad({ hashlock: new Uint8Array(32) }), 'InvalidHashlock', 'terms.hashlock'],
    ['no locker', bad({ locker: null }), 'InvalidAccountId', 'terms.locker.account'],
    [
      'foreign locker',
      bad({ locker: { ...TERMS.locker, account: 'eip155:1:0x00000000000000000000000000000000000000a1' } }),
      'InvalidLockTerms',
      'terms.locker.account',
    ],
    [
      'foreign payout',
      bad({
        beneficiary: { ...TERMS.beneficiary, payout: 'eip155:1:0x00000000000000000000000000000000000000a1' },
      }),
      'InvalidLockTerms',
      'terms.beneficiary.payout',
    ],
    [
      'payout in mixed case',
      bad({
        beneficiary: {
          ...TERMS.beneficiary,
          payout: 'eip155:31337:0x00000000000000000000000000000000000000B2',
        },
      }),
      'InvalidLockTerms',
      'terms.beneficiary.payout',
    ],
    [
      'key of 31',
      bad({ locker: { ...TERMS.locker, publicKey: new Uint8Array(31) } }),
      'InvalidLockTerms',
      'terms.locker.publicKey',
    ],
    [
      'key null',
      bad({ locker: { ...TERMS.locker, publicKey: null } }),
      'InvalidLockTerms',
      'terms.locker.publicKey',
    ],
    ['no deadline', bad({ deadline: null }), 'InvalidChainId', 'terms.deadline.network'],
    [
      'deadline of another chain',
      bad({ deadline: { ...TERMS.deadline, network: 'eip155:1' } }),
      'InvalidLockTerms',
      'terms.deadline',
    ],
    [
      'deadline in milliseconds',
      bad({ deadline: { ...TERMS.deadline, value: 1_900_000_000_000n } }),
      'InvalidDeadline',
      'terms.deadline',
    ],
    ['salt of 8', bad({ salt: new Uint8Array(8) }), 'InvalidBytes', 'terms.salt'],
  ]
  for (const [name, value, tag, argument] of cases)
    test(`error: ${name}`, () => {
      const error = thrown(() => LockTerms.assert(value as Terms))
      expect(error._tag).toBe(tag)
      expect(error.context['argument']).toBe(argument)
      expect(thrown(() => LockTerms.encode(value as Terms))._tag).toBe(tag)
      expect(thrown(() => LockTerms.id(value as Terms))._tag).toBe(tag)
    })

  test('error: junk, in the place of terms and of each field', () => {
    for (const junk of JUNK.slice(0, -1)) {
      expect(thrown(() => LockTerms.assert(junk as never)).code).toBeGreaterThan(1000)
      expect(thrown(() => LockTerms.decode(junk as never))._tag).toBe('InvalidEncoding')
      for (const field of Object.keys(TERMS)) {
        if (field === 'amount' && junk === 1n) continue
        const error = thrown(() => LockTerms.assert({ ...TERMS, [field]: junk } as never))
        expect(String(error.context['argument']).startsWith(`terms.${field}`), field).toBe(true)
      }
    }
  })
})
