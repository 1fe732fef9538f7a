import { AccountId, AssetId, ChainId } from '@aitbc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const text = (alphabet: string, min: number, max: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: min, maxLength: max }).map((chars) => chars.join(''))
const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789'
const BOTH = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`
const chain = fc
  .tuple(text(`${LOWER}-`, 3, 8), text(`${BOTH}-_`, 1, 32))
  .map(([n, r]) => `${n}:${r}` as ChainId.ChainId)
const account = fc.tuple(chain, text(`${BOTH}-.%`, 1, 128)).map(([c, a]) => `${c}:${a}`)
const asset = fc
  .tuple(chain, text(`${LOWER}-`, 3, 8), text(`${BOTH}-.%`, 1, 128), fc.option(text(`${BOTH}-.%`, 1, 78)))
  .map(([c, n, r, t]) => `${c}/${n}:${r}${t === null ? '' : `/${t}`}`)

describe('grammar', () => {
  test('property: every id of the grammar is taken as written, and splits and joins without loss', () => {
    for (const [Id, arbitrary] of [
      [ChainId, chain],
      [AccountId, account],
      [AssetId, asset],
    ] as const)
      fc.assert(
        fc.property(arbitrary as fc.Arbitrary<string>, (id) => {
          expect(Id.is(id)).toBe(true)
          expect(Id.from(id)).toBe(id)
          expect(Id.format(Id.parse(id) as never)).toBe(id)
        }),
      )
  })

  test('property: no id is of two kinds', () => {
    fc.assert(
      fc.property(chain, account, asset, (c, a, t) => {
        expect([AccountId.is(c), AssetId.is(c)]).toEqual([false, false])
        expect([ChainId.is(a), AssetId.is(a)]).toEqual([false, false])
        expect([ChainId.is(t), AccountId.is(t)]).toEqual([false, false])
      }),
    )
  })

  test('property: a character outside the grammar anywhere makes it none', () => {
    const bad = fc.constantFrom(' ', '\n', '\0', '@', '#', 'ä', '\\', '"', '\u{1f600}', '\u200b')
    for (const [Id, arbitrary] of [
      [ChainId, chain],
      [AccountId, account],
      [AssetId, asset],
    ] as const)
      fc.assert(
        fc.property(arbitrary as fc.Arbitrary<string>, bad, fc.nat(), (id, char, at) => {
          const place = at % (id.length + 1)
          expect(Id.is(id.slice(0, place) + char + id.slice(place))).toBe(false)
        }),
      )
  })

  test('error: anything else is refused with the argument and what came', () => {
    for (const junk of JUNK)
      for (const [Id, tag] of [
        [ChainId, 'InvalidChainId'],
        [AccountId, 'InvalidAccountId'],
        [AssetId, 'InvalidAssetId'],
      ] as const) {
        expect(Id.is(junk)).toBe(false)
        expect(thrown(() => Id.parse(junk))._tag).toBe(tag)
        const error = thrown(() => Id.from(junk, 'to'))
        expect(error).toMatchObject({ _tag: tag, retryable: false, context: { argument: 'to' } })
        expect(error.message).toMatch(/^to must be a CAIP-(2|10|19) id, got /)
      }
    expect(thrown(() => ChainId.from('Bitcoin', 'chain')).message).toContain('"Bitcoin"')
    expect(thrown(() => ChainId.format({ namespace: 'e', reference: '1' }))._tag).toBe('InvalidChainId')
    expect(thrown(() => AccountId.format({ network: 'eip155:1', address: '' }))._tag).toBe('InvalidAccountId')
    const parts = { network: 'eip155:1', namespace: 'erc20', reference: '' } as const
    expect(thrown(() => AssetId.format(parts))._tag).toBe('InvalidAssetId')
  })
})

describe('A64', () => {
  test('A64: lengths: namespace 9, reference 33, address 129, asset reference 129, token id 79 are too long', () => {
    const n = 'a'.repeat.bind('a')
    expect(ChainId.is(`${n(8)}:${n(32)}`)).toBe(true)
    expect(ChainId.is(`${n(2)}:${n(32)}`)).toBe(false)
    expect(ChainId.is(`${n(9)}:${n(32)}`)).toBe(false)
    expect(ChainId.is(`${n(8)}:${n(33)}`)).toBe(false)
    expect(ChainId.is(`${n(8)}:`)).toBe(false)
    expect(AccountId.is(`eip155:1:${n(128)}`)).toBe(true)
    expect(AccountId.is(`eip155:1:${n(129)}`)).toBe(false)
    expect(AssetId.is(`eip155:1/${n(8)}:${n(128)}/${n(78)}`)).toBe(true)
    expect(AssetId.is(`eip155:1/${n(9)}:${n(128)}/${n(78)}`)).toBe(false)
    expect(AssetId.is(`eip155:1/${n(8)}:${n(129)}/${n(78)}`)).toBe(false)
    expect(AssetId.is(`eip155:1/${n(8)}:${n(128)}/${n(79)}`)).toBe(false)
    expect(AssetId.is(`eip155:1/${n(8)}:${n(128)}/`)).toBe(false)
  })

  test('A64: namespaces are lower case; references keep their case and are compared exactly', () => {
    expect(ChainId.is('EIP155:1')).toBe(false)
    expect(ChainId.is('Cosmos:Binance-Chain-Tigris')).toBe(false)
    expect(ChainId.from('cosmos:Binance-Chain-Tigris')).not.toBe(ChainId.from('cosmos:binance-chain-tigris'))
  })

  test('A64: the legacy form address@chain is refused', () => {
    expect(AccountId.is('0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb@eip155:1')).toBe(false)
  })

  test('A64: percent encoding is text, never decoded', () => {
    const encoded = 'eip155:1:%30xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb'
    expect(AccountId.parse(encoded).address).toBe('%30xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb')
    expect(thrown(() => AccountId.canonical(encoded))._tag).toBe('InvalidAccountId')
    const asset = 'eip155:1/erc20:0x6b%31175474e89094c44da98b954eedeac495271d0'
    expect(thrown(() => AssetId.canonical(asset))._tag).toBe('InvalidAssetId')
  })

  test('A64: two EIP-55 spellings are one account and one asset', () => {
    const spellings = [
      '0x6B175474E89094C44Da98b954EedeAC495271d0F',
      '0x6b175474e89094c44da98b954eedeac495271d0f',
      '0x6B175474E89094C44DA98B954EEDEAC495271D0F',
    ]
    expect(new Set(spellings.map((s) => AccountId.canonical(`eip155:1:${s}`)))).toEqual(
      new Set(['eip155:1:0x6b175474e89094c44da98b954eedeac495271d0f']),
    )
    expect(new Set(spellings.map((s) => AssetId.canonical(`eip155:1/erc20:${s}`)))).toEqual(
      new Set(['eip155:1/erc20:0x6b175474e89094c44da98b954eedeac495271d0f']),
    )
    expect(AssetId.canonical('eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d/771769')).toBe(
      'eip155:1/erc721:0x06012c8cf97bead5deae237070f9587f8e7a266d/771769',
    )
  })

  test('A64: case means something elsewhere and is kept', () => {
    for (const id of [
      'bip122:000000000019d6689c085ae165831e93:128Lkh3S7CkDTBZ8W7BbpsN3YYizJMp8p6',
      'hedera:mainnet:0.0.1234567890-zbhlt',
    ])
      expect(AccountId.canonical(id)).toBe(id)
    const token = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v'
    expect(AssetId.canonical(token)).toBe(token)
  })

  test('A64: a number with leading zeros would be a second name of the same thing', () => {
    for (const id of [
      'eip155:01/slip44:60',
      'eip155:1/slip44:060',
      'eip155:1/erc20:dai',
      'eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d/01',
      'bip122:000000000019d6689c085ae165831e93/slip44:00',
    ])
      expect(thrown(() => AssetId.canonical(id))._tag).toBe('InvalidAssetId')
    expect(
      thrown(() => AccountId.canonical('eip155:01:0x6b175474e89094c44da98b954eedeac495271d0f'))._tag,
    ).toBe('InvalidAccountId')
    expect(
      thrown(() => AccountId.canonical('eip155:1:0X6b175474e89094c44da98b954eedeac495271d0f'))._tag,
    ).toBe('InvalidAccountId')
  })

  test('canonical: is its own canonical form', () => {
    const hex = fc.array(fc.constantFrom(...'0123456789abcdefABCDEF'), { minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(hex, fc.nat(), (digits, chainId) => {
        const id = AccountId.canonical(`eip155:${chainId}:0x${digits.join('')}`)
        expect(AccountId.canonical(id)).toBe(id)
        expect(id).toBe(id.toLowerCase())
      }),
    )
  })
})
