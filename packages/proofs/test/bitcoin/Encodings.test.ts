import { Bech32, BlockHeader, Consensus, Hash256, SegwitAddress } from '@aitbc/proofs/bitcoin'
import { Address, Base58, Script, Wif } from '@aitbc/proofs/bitcoin-script'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

const key = new Uint8Array(32).fill(3)
const KEY_HASH = '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'
const forms = [Address.mainnet, Address.testnet, Address.regtest]

describe('Bech32', () => {
  test.each([
    ['bech32-length', 'a1qqqqq'],
    ['bech32-length', `a1${'q'.repeat(89)}`],
    ['bech32-character', 'a\u00201lqfn3a'],
    ['bech32-character', 'a1bqfn3aa'],
    ['bech32-case', 'A1lqfn3a'],
    ['bech32-separator', 'aalqfn3aa'],
    ['bech32-separator', '1aalqfn3aa'],
    ['bech32-separator', 'aaa1fn3aa'],
    ['bech32-checksum', 'a1lqfn3q'],
  ])('A10: %s: %s', (name, text) => {
    expect(check(Bech32.decode(text))).toBe(name)
  })

  test('default: both checksums', () => {
    expect(value(Bech32.decode('A1LQFN3A')).form).toBe('bech32m')
    expect(value(Bech32.decode('a12uel5l')).form).toBe('bech32')
  })
})

describe('Base58', () => {
  test('default: leading zeros are ones', () => {
    expect(hex(value(Base58.decode('11')))).toBe('0000')
    expect(Base58.encode(unhex('00010966776006953d5567439e5e39f86a0d273beed61967f6'))).toBe(
      '16UwLL9Risc3QfPqBUvKofHmBQ7wMtjvM',
    )
  })

  test('A10: base58-character, base58-length, base58-checksum', () => {
    for (const text of ['0', 'O', 'I', 'l', ' 1', '1 '])
      expect(check(Base58.decode(text))).toBe('base58-character')
    expect(check(Base58.decode('1'.repeat(1025)))).toBe('base58-length')
    expect(value(Base58.decode('1'.repeat(1024)))).toHaveLength(1024)
    for (const text of ['', '1', '111', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3'])
      expect(check(Base58.decodeCheck(text))).toBe('base58-checksum')
    expect(check(Base58.decodeCheck('0'))).toBe('base58-character')
  })

  test('property: bytes and text are one to one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(value(Base58.decode(Base58.encode(bytes)))).toEqual(bytes)
        expect(value(Base58.decodeCheck(Base58.encodeCheck(bytes)))).toEqual(bytes)
      }),
    )
  })
})

describe('Address', () => {
  test('default: a key’s hash, a script’s hash and a witness program, each way', () => {
    for (const form of forms)
      for (const script of [
        concat(unhex('76a914'), new Uint8Array(20).fill(1), unhex('88ac')),
        concat(unhex('a914'), new Uint8Array(20).fill(2), unhex('87')),
        concat(unhex('0014'), new Uint8Array(20).fill(3)),
        concat(unhex('5120'), new Uint8Array(32).fill(4)),
      ]) {
        const address = value(Address.fromScript(script, form))
        expect(hex(value(Address.toScript(address, form)))).toBe(hex(script))
      }
    expect(value(Address.toScript(KEY_HASH, Address.mainnet)).length).toBe(25)
  })

  test('A10: an address of another network, of another kind or of nothing', () => {
    expect(check(Address.toScript(KEY_HASH, Address.testnet))).toBe('address-version')
    expect(
      check(Address.toScript(Wif.encode({ key, compressed: false }, Address.mainnet), Address.mainnet)),
    ).toBe('address-version')
    expect(check(Address.toScript('bc1qqqqqq', Address.mainnet))).toBe('bech32-checksum')
    // The right version before a hash of another length.
    for (const version of [Address.mainnet.keyHash, Address.mainnet.scriptHash])
      for (const length of [0, 19, 21, 32])
        expect(
          check(
            Address.toScript(
              Base58.encodeCheck(concat(Uint8Array.of(version), new Uint8Array(length))),
              Address.mainnet,
            ),
          ),
        ).toBe('address-version')
    const test1 = SegwitAddress.encode({ prefix: 'tb', version: 0, program: new Uint8Array(20) })
    expect(Address.toScript(test1, Address.mainnet).ok).toBe(false)
    expect(Address.toScript(test1.toUpperCase(), Address.testnet).ok).toBe(true)
    expect(check(Address.fromScript(Uint8Array.of(0x51), Address.mainnet))).toBe('address-script')
  })

  test('property: A10: every change of one character is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: KEY_HASH.length - 1 }), fc.constantFrom(...'23456789ABCabc'), (at, by) => {
        const changed = KEY_HASH.slice(0, at) + by + KEY_HASH.slice(at + 1)
        if (changed !== KEY_HASH)
          expect(check(Address.toScript(changed, Address.mainnet))).toBe('base58-checksum')
      }),
    )
  })
})

describe('Wif', () => {
  test('default: compressed and not, of each network', () => {
    for (const form of forms)
      for (const compressed of [true, false])
        expect(value(Wif.decode(Wif.encode({ key, compressed }, form), form))).toEqual({ key, compressed })
  })

  test('error: wif-version, wif-length, wif-key', () => {
    const read = (payload: Uint8Array) => check(Wif.decode(Base58.encodeCheck(payload), Address.mainnet))
    expect(read(concat(Uint8Array.of(0xef), key))).toBe('wif-version')
    expect(read(concat(Uint8Array.of(0x80), key.subarray(1)))).toBe('wif-length')
    expect(read(concat(Uint8Array.of(0x80), key, Uint8Array.of(2)))).toBe('wif-length')
    expect(read(concat(Uint8Array.of(0x80), key, Uint8Array.of(1, 1)))).toBe('wif-length')
    expect(read(concat(Uint8Array.of(0x80), new Uint8Array(32)))).toBe('wif-key')
    expect(read(concat(Uint8Array.of(0x80), new Uint8Array(32).fill(0xff)))).toBe('wif-key')
    expect(check(Wif.decode('x', Address.mainnet))).toBe('base58-checksum')
  })
})

describe('Script', () => {
  test('default: pushes in all their lengths, the shortest form of each', () => {
    for (const length of [0, 1, 2, 75, 76, 255, 256, 65_535, 65_536]) {
      const data = new Uint8Array(length).fill(0x21)
      const script = Script.push(data)
      expect(value(Script.pushes(script, { minimal: true })).map(hex)).toEqual([hex(data)])
      expect(value(Script.decode(script))).toHaveLength(1)
    }
    for (const [length, head] of [
      [0, '00'],
      [75, '4b'],
      [76, '4c4c'],
      [255, '4cff'],
      [256, '4d0001'],
      [65_535, '4dffff'],
      [65_536, '4e00000100'],
    ] as const)
      expect(hex(Script.push(new Uint8Array(length))).slice(0, -2 * length || undefined)).toBe(head)
    // Only alone is it a number.
    expect(hex(Script.push(unhex('8101')))).toBe('028101')
    expect(hex(Script.push(unhex('0181')))).toBe('020181')
    expect(hex(Script.push(Uint8Array.of(0x81)))).toBe('4f')
    expect(hex(Script.push(Uint8Array.of(16)))).toBe('60')
    expect(hex(Script.push(Uint8Array.of(17)))).toBe('0111')
    expect(hex(Script.push(Uint8Array.of(0)))).toBe('0100')
    expect(value(Script.pushes(unhex('4f5160'))).map(hex)).toEqual(['81', '01', '10'])
  })

  test('error: script-encoding, script-push, push-minimal', () => {
    for (const cut of ['02aa', '4c', '4c02aa', '4d01', '4d0100', '4e010000', '4e01000000']) {
      expect(check(Script.decode(unhex(cut)))).toBe('script-encoding')
      expect(check(Script.pushes(unhex(cut)))).toBe('script-encoding')
      expect(Script.read(unhex(`51${cut}`))).toMatchObject({ operations: [{ code: 0x51 }], end: 1 })
    }
    for (const other of ['ac', '50', '61']) expect(check(Script.pushes(unhex(other)))).toBe('script-push')
    for (const long of ['0101', '0181', '4c01aa', '4d0100aa', '4e01000000aa', '4c00'])
      expect(check(Script.pushes(unhex(long), { minimal: true }))).toBe('push-minimal')
    expect(Script.pushes(unhex('4c01aa')).ok).toBe(true)
  })

  test('behavior: witness programs, script hashes, key hashes, and what looks nearly like one', () => {
    const program = (text: string) => Script.witnessProgram(unhex(text))?.version
    expect(program(`00${'14'}${'00'.repeat(20)}`)).toBe(0)
    expect(program(`51${'20'}${'00'.repeat(32)}`)).toBe(1)
    expect(program('60020000')).toBe(16)
    expect(Script.witnessProgram(unhex(`0028${'00'.repeat(40)}`))?.program.length).toBe(40)
    for (const not of [
      '',
      '0001aa',
      `0029${'00'.repeat(41)}`,
      '61020000',
      '50020000',
      '51030000',
      '4f020000',
    ])
      expect(program(not)).toBeUndefined()
    const scriptHash = `a914${'00'.repeat(20)}87`
    expect(Script.scriptHash(unhex(scriptHash))?.length).toBe(20)
    const keyHash = `76a914${'00'.repeat(20)}88ac`
    expect(Script.keyHash(unhex(keyHash))?.length).toBe(20)
    for (const at of [0, 1, 22]) expect(Script.scriptHash(flip(unhex(scriptHash), 8 * at))).toBeUndefined()
    expect(Script.scriptHash(unhex(`${scriptHash}00`))).toBeUndefined()
    for (const at of [0, 1, 2, 23, 24]) expect(Script.keyHash(flip(unhex(keyHash), 8 * at))).toBeUndefined()
    expect(Script.keyHash(unhex(`${keyHash}00`))).toBeUndefined()
  })

  test('property: reading is total, and says where it ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (script) => {
        const { operations, end } = Script.read(script)
        expect(operations.reduce((sum, one) => sum + one.end - one.at, 0)).toBe(end)
        expect(Script.decode(script).ok).toBe(end === script.length)
      }),
    )
  })
})

test('Hash256: explorers write a hash from its last byte on, and change nothing', () => {
  const hash = Uint8Array.from({ length: 32 }, (_, i) => i)
  const text = '1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100'
  expect(Hash256.toDisplay(hash)).toBe(text)
  expect(hash[0]).toBe(0)
  expect(Hash256.fromDisplay(text)).toEqual(hash)
})

test('Consensus.of: the rules of a network by its id', () => {
  for (const rules of [
    Consensus.mainnet,
    Consensus.testnet3,
    Consensus.testnet4,
    Consensus.signet,
    Consensus.regtest,
  ])
    expect(Consensus.of(rules.network)).toBe(rules)
  expect(Consensus.of('bip122:00000000000000000000000000000000')).toBeUndefined()
})

test.each([
  ['mainnet', '000000000019d6689c085ae165831e93', 2n ** 224n - 1n, [227931, 363725, 388381]],
  ['testnet3', '000000000933ea01ad0ee984209779ba', 2n ** 224n - 1n, [21111, 330776, 581885]],
  ['testnet4', '00000000da84f2bafbbc53dee25a72ae', 2n ** 224n - 1n, [1, 1, 1]],
  ['signet', '00000008819873e925422c1ff0f99f7c', 0x377aen << 216n, [1, 1, 1]],
  ['regtest', '0f9188f13cb7b2c71f2a335e3a4fc328', 2n ** 255n - 1n, [1, 1, 1]],
] as const)(
  'Consensus.%s: its genesis block and rules (Bitcoin Core `chainparams.cpp`)',
  (name, id, limit, versions) => {
    const rules = Consensus[name]
    expect(rules).toMatchObject({
      network: `bip122:${id}`,
      powLimit: limit,
      retarget: name !== 'regtest',
      minDifficulty: ['testnet3', 'testnet4', 'regtest'].includes(name),
      bip94: name === 'testnet4',
      bip54: false,
      versions,
    })
    expect(rules.genesis.previous).toEqual(new Uint8Array(32))
    const { hash } = value(BlockHeader.verifyWork(rules.genesis, limit))
    expect(Hash256.toDisplay(hash).slice(0, 32)).toBe(id)
  },
)
