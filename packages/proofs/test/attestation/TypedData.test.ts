import { Secp256k1, TypedData, WalletSignature } from '@aitbc/proofs/attestation'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { SCHEMES, secretOf } from './world.js'

// The example of EIP-712.
const mail: TypedData.TypedData = {
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1n,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  },
  types: {
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
}

const of = (type: string, value: TypedData.Value, more: TypedData.Types = {}) =>
  TypedData.encodeStruct({ T: [{ name: 'v', type }], ...more }, 'T', { v: value })
const word = (type: string, each: TypedData.Value, more: TypedData.Types = {}) =>
  hex(value(of(type, each, more)).subarray(32))
const refusal = (type: string, value: TypedData.Value, more: TypedData.Types = {}) =>
  check(of(type, value, more))

describe('digests', () => {
  test('default: the example of EIP-712', () => {
    expect(value(TypedData.encodeType(mail.types, 'Mail'))).toBe(
      'Mail(Person from,Person to,string contents)Person(string name,address wallet)',
    )
    expect(hex(value(TypedData.digest(mail)))).toBe(
      'be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2',
    )
  })

  test('types that are reached follow in order of their names, once each', () => {
    const types = {
      Z: [],
      A: [{ name: 'a', type: 'M[3][]' }],
      M: [
        { name: 'z', type: 'Z' },
        { name: 'a', type: 'A[]' },
      ],
      Unused: [],
    }
    expect(value(TypedData.encodeType(types, 'M'))).toBe('M(Z z,A[] a)A(M[3][] a)Z()')
    expect(check(TypedData.encodeType(types, 'N'))).toBe('type-unknown')
    expect(check(TypedData.encodeType(types, 'toString'))).toBe('type-unknown')
  })

  test('a struct may have a name with that of an elementary type in it', () => {
    for (const name of ['Xbool', 'paint8', 'bytes32x', 'stringy', 'bytesx'])
      expect(value(TypedData.encodeType({ [name]: [] }, name))).toBe(`${name}()`)
  })

  test('a value may be written in several ways, and is one', () => {
    for (const each of [255n, 255, '255']) expect(word('uint8', each)).toBe('ff'.padStart(64, '0'))
    for (const each of [-1n, -1, '-1']) expect(word('int8', each)).toBe('ff'.repeat(32))
    for (const each of [Uint8Array.of(0xab, 1), '0xab01', '0xAB01'])
      expect(word('bytes2', each)).toBe('ab01'.padEnd(64, '0'))
    expect(word('bytes20', `0x${'ab'.repeat(20)}`)).toBe('ab'.repeat(20).padEnd(64, '0'))
    const plain = '0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826'
    for (const each of [
      unhex(plain),
      plain,
      `0x${plain.slice(2).toUpperCase()}`,
      '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826',
    ])
      expect(word('address', each)).toBe(plain.slice(2).padStart(64, '0'))
    expect([word('bool', true), word('bool', false)]).toEqual(['1'.padStart(64, '0'), '0'.repeat(64)])
    expect(word('string', '0x01')).not.toBe(word('bytes', '0x01'))
    expect(word('bytes', new Uint8Array(0))).toBe(word('string', ''))
    expect(word('uint256', (1n << 256n) - 1n)).toBe('f'.repeat(64))
    expect(word('int256', -(1n << 255n))).toBe('8'.padEnd(64, '0'))
  })

  test.each<[string, TypedData.Value]>([
    ['uint8', 256n],
    ['uint8', -1],
    ['int8', 128],
    ['int8', -129n],
    ['uint256', 1n << 256n],
    ['int256', 1n << 255n],
    ['uint256', 1.5],
    ['uint256', 2 ** 53],
    ['uint256', -0],
    ['uint256', '01'],
    ['uint256', '0x1'],
    ['uint256', ''],
    ['uint256', '-0'],
    ['uint256', ' 1'],
    ['uint256', true],
    ['uint256', `1${'0'.repeat(78)}`],
    ['bool', 1],
    ['bool', 'true'],
    ['string', 1],
    ['string', '\ud800'],
    ['bytes', 'ab'],
    ['bytes', '0xa'],
    ['bytes', '0xag'],
    ['bytes', 1n],
    ['bytes', 'x0xab'],
    ['bytes', ['0xab']],
    ['bytes4', '0x010203'],
    ['bytes4', '0x0102030405'],
    ['bytes32', new Uint8Array(31)],
    ['address', '0x01'],
    ['address', '0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826'],
    ['address', new Uint8Array(32)],
    ['uint8[]', 1],
    ['uint8[]', '0x01'],
    ['S', 1],
    ['S', []],
    ['S', new Uint8Array(0)],
    ['S', null as unknown as string],
  ])('A61: %s takes no %s', (type, value) => {
    expect(refusal(type, value, { S: [] })).toBe('value-type')
  })

  test('A61: arrays have the length of their type, and hash their items', () => {
    expect(refusal('uint8[2]', [1])).toBe('value-length')
    expect(refusal('uint8[2]', [1, 2, 3])).toBe('value-length')
    expect(refusal('uint8[2]', [1, 256])).toBe('value-type')
    expect(refusal('uint8[2][]', [[1, 2], [1]])).toBe('value-length')
    value(of('uint8[10]', Array<number>(10).fill(1)))
    expect(refusal('uint8[10]', Array<number>(9).fill(1))).toBe('value-length')
    expect(word('uint8[]', [])).not.toBe(word('uint8[1]', [0]))
    const S = [{ name: 'n', type: 'uint8' }]
    expect(word('S[]', [{ n: 1 }, { n: 2 }], { S })).not.toBe(word('S[]', [{ n: 2 }, { n: 1 }], { S }))
    expect(refusal('S[]', [{ n: 1 }, { m: 2 }], { S })).toBe('value-missing')
  })

  test('A61: nothing is left out, and nothing is left unbound', () => {
    const S = [{ name: 'n', type: 'uint8' }]
    expect(refusal('S', {}, { S })).toBe('value-missing')
    expect(refusal('S', { n: 1, m: 2 }, { S })).toBe('value-unknown')
    expect(refusal('S', { n: undefined as unknown as number }, { S })).toBe('value-type')
    expect(refusal('S', Object.create({ n: 1 }), { S })).toBe('value-missing')
  })

  test.each<[string, TypedData.Types, string]>([
    ['a name with a comma', { 'A,B': [] }, 'type-name'],
    ['a name with brackets', { 'A(uint8 b)': [] }, 'type-name'],
    ['the name of an array', { 'A[]': [] }, 'type-name'],
    ['no name', { '': [] }, 'type-name'],
    ['an elementary name', { uint256: [] }, 'type-name'],
    ['a member with a comma', { A: [{ name: 'a,uint8 b', type: 'uint8' }] }, 'type-field'],
    [
      'a member twice',
      {
        A: [
          { name: 'a', type: 'uint8' },
          { name: 'a', type: 'uint8' },
        ],
      },
      'type-field',
    ],
    ['a type that is none', { A: [{ name: 'a', type: 'B' }] }, 'type-unknown'],
    ['a type of Object', { A: [{ name: 'a', type: 'toString' }] }, 'type-unknown'],
    ['uint', { A: [{ name: 'a', type: 'uint' }] }, 'type-unknown'],
    ['uint7', { A: [{ name: 'a', type: 'uint7' }] }, 'type-unknown'],
    ['a bracket before', { A: [{ name: 'a', type: '[uint8' }] }, 'type-unknown'],
    ['uint12', { A: [{ name: 'a', type: 'uint12' }] }, 'type-unknown'],
    ['uint264', { A: [{ name: 'a', type: 'uint264' }] }, 'type-unknown'],
    ['uint08', { A: [{ name: 'a', type: 'uint08' }] }, 'type-unknown'],
    ['bytes0', { A: [{ name: 'a', type: 'bytes0' }] }, 'type-unknown'],
    ['bytes33', { A: [{ name: 'a', type: 'bytes33' }] }, 'type-unknown'],
    ['an array of none', { A: [{ name: 'a', type: 'uint8[0]' }] }, 'type-unknown'],
    ['an array of 01', { A: [{ name: 'a', type: 'uint8[01]' }] }, 'type-unknown'],
    ['a space', { A: [{ name: 'a', type: 'uint8 ' }] }, 'type-unknown'],
  ])('A61: types that would read as others: %s', (_, types, expected) => {
    expect(check(TypedData.encodeType({ ...types, T: [] }, 'T'))).toBe(expected)
    expect(check(TypedData.encodeStruct({ ...types, T: [] }, 'T', {}))).toBe(expected)
  })

  test('A61: types may hold themselves; data end', () => {
    const types = { T: [{ name: 'v', type: 'T[]' }] }
    value(TypedData.encodeStruct(types, 'T', { v: [{ v: [] }, { v: [{ v: [] }] }] }))
    const nested = (depth: number): TypedData.Value => ({ v: depth === 0 ? [] : [nested(depth - 1)] })
    value(TypedData.encodeStruct(types, 'T', nested(15)))
    expect(check(TypedData.encodeStruct(types, 'T', nested(16)))).toBe('depth')
    // With one struct around, lists are where structs were.
    const around = { ...types, R: [{ name: 'v', type: 'T' }] }
    value(TypedData.encodeStruct(around, 'R', { v: nested(15) }))
    expect(check(TypedData.encodeStruct(around, 'R', { v: nested(16) }))).toBe('depth')
    // Structs alone, one in another.
    const chain = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count + 1 }, (_, i) => [
          `T${i}`,
          i === count ? [] : [{ name: 'v', type: `T${i + 1}` }],
        ]),
      )
    const inner = (count: number): TypedData.Value => (count === 0 ? {} : { v: inner(count - 1) })
    value(TypedData.encodeStruct(chain(TypedData.DEPTH), 'T0', inner(TypedData.DEPTH)))
    const deeper = TypedData.encodeStruct(chain(TypedData.DEPTH + 1), 'T0', inner(TypedData.DEPTH + 1))
    expect(check(deeper)).toBe('depth')
    const cyclic: { v: TypedData.Value[] } = { v: [] }
    cyclic.v.push(cyclic)
    expect(check(TypedData.encodeStruct(types, 'T', cyclic))).toBe('depth')
    const direct: { v?: TypedData.Value } = {}
    direct.v = direct as TypedData.Value
    expect(
      check(TypedData.encodeStruct({ T: [{ name: 'v', type: 'T' }] }, 'T', direct as TypedData.Value)),
    ).toBe('depth')
    expect(check(TypedData.encodeStruct({}, 'T', {}))).toBe('type-unknown')
  })

  test('A61: types and lists cost no more than their length', () => {
    const arrays = (count: number) => [{ name: 'v', type: `bool${'[]'.repeat(count)}` }]
    value(TypedData.encodeType({ T: arrays(TypedData.DEPTH) }, 'T'))
    expect(check(TypedData.encodeType({ T: arrays(TypedData.DEPTH + 1) }, 'T'))).toBe('depth')
    expect(check(TypedData.encodeType({ T: arrays(400_000) }, 'T'))).toBe('depth')
    const types = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`T${i}`, []]))
    value(TypedData.encodeType(types(TypedData.MAX_TYPES), 'T0'))
    expect(check(TypedData.encodeType(types(TypedData.MAX_TYPES + 1), 'T0'))).toBe('type-count')
    // Reading the name again for each item would outlast any test.
    const long = 'N'.repeat(100_000)
    value(of(`${long}[][]`, Array.from({ length: 50_000 }, () => []) as TypedData.Value[], { [long]: [] }))
  })

  test('A61: the domain is what it says', () => {
    const digest = (domain: object, types: TypedData.Types = {}) =>
      TypedData.digest({ ...mail, domain, types: { ...mail.types, ...types } })
    expect(check(digest({ ...mail.domain, owner: 'x' }))).toBe('domain-field')
    expect(check(digest({ chainId: '0x1' }))).toBe('value-type')
    const fields = [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ]
    expect(value(digest(mail.domain, { EIP712Domain: fields }))).toEqual(value(TypedData.digest(mail)))
    expect(check(digest(mail.domain, { EIP712Domain: fields.slice(1) }))).toBe('domain-field')
    const separators = [{}, { name: '' }, { version: '' }, { salt: new Uint8Array(32) }].map((domain) =>
      hex(value(TypedData.domainSeparator(domain))),
    )
    expect(new Set(separators).size).toBe(4)
    expect(check(TypedData.digest({ ...mail, primaryType: 'Letter' }))).toBe('type-unknown')
  })
})

describe('signatures', () => {
  const digest = value(TypedData.digest(mail))
  const signature = SCHEMES['ecdsa-address'].sign(0, digest)
  const address = value(Secp256k1.address(secp256k1.getPublicKey(secretOf(0))))

  test('default: typed data, one chain, one address', () => {
    expect(value(TypedData.verify(mail, signature, address, 1n))).toEqual(digest)
    expect(check(TypedData.verify(mail, signature, flip(address, 0), 1n))).toBe('signature')
    expect(check(TypedData.verify({ ...mail, message: {} }, signature, address, 1n))).toBe('value-missing')
  })

  test('A54, A61: a domain without the chain counts nowhere', () => {
    const { chainId: _, ...domain } = mail.domain
    expect(check(TypedData.verify({ ...mail, domain }, signature, address, 1n))).toBe('domain-chain')
    expect(check(TypedData.verify(mail, signature, address, 2n))).toBe('domain-chain')
    expect(check(TypedData.verify({ ...mail, domain: { chainId: -1 } }, signature, address, -1n))).toBe(
      'domain-chain',
    )
  })

  test('A54: 64 bytes and 65 are one signature; no key has the zero address', () => {
    const short = signature.slice(0, 64)
    short[32] = (short[32] as number) | (((signature[64] as number) - 27) << 7)
    value(WalletSignature.verify(address, digest, short))
    value(WalletSignature.verify(address, digest, signature))
    expect(check(WalletSignature.verify(address, digest, signature.subarray(1, 64)))).toBe('signature-form')
    expect(check(WalletSignature.verify(new Uint8Array(20), digest, signature))).toBe('address-zero')
    expect(check(WalletSignature.verify(address.subarray(1), digest, signature))).toBe('address-zero')
    // A zero somewhere is no zero address.
    const member = Array.from({ length: 200 }, (_, i) => i).find((i) =>
      SCHEMES['ecdsa-address'].key(i).includes(0),
    )
    const { key, sign } = SCHEMES['ecdsa-address']
    expect(key(member as number)).toContain(0)
    value(WalletSignature.verify(key(member as number), digest, sign(member as number, digest)))
    expect(
      check(WalletSignature.verify(address, digest, concat(signature.subarray(0, 64), Uint8Array.of(0)))),
    ).toBe('signature-form')
  })

  test('A54: a contract is asked (EIP-1271), and answers with the magic value alone', () => {
    const call = WalletSignature.contractCall(digest, signature)
    expect(hex(call)).toBe(
      `1626ba7e${hex(digest)}${'40'.padStart(64, '0')}${'41'.padStart(64, '0')}${hex(signature).padEnd(192, '0')}`,
    )
    expect(() => WalletSignature.contractCall(digest.subarray(1), signature)).toThrow(/^digest\b/)
    const magic = unhex('1626ba7e'.padEnd(64, '0'))
    expect(value(WalletSignature.contractAnswer(magic))).toBe(true)
    for (const bad of [
      new Uint8Array(0),
      magic.subarray(0, 4),
      flip(magic, 0),
      flip(magic, 255),
      concat(magic, magic),
    ])
      expect(check(WalletSignature.contractAnswer(bad))).toBe('contract-answer')
  })
})
