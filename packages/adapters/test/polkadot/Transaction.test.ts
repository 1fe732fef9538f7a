import { Bytes, isAitbcError, type Step } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Address, createKeySigner, PolkadotTransaction } from '../../src/polkadot/index.js'

const network = networks.polkadotLocal
const ALICE = Bytes.fromHex('d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d')
const EXTENSIONS = [
  'CheckNonZeroSender',
  'CheckSpecVersion',
  'CheckTxVersion',
  'CheckGenesis',
  'CheckMortality',
  'CheckNonce',
  'CheckWeight',
  'ChargeAssetTxPayment',
  'CheckMetadataHash',
]
const signer = createKeySigner({ network, privateKey: new Uint8Array(32).fill(7) })
const account = signer.account.slice(network.id.length + 1)
const base: PolkadotTransaction.PolkadotTransaction = {
  address: account,
  genesisHash: new Uint8Array(32).fill(0x45),
  blockHash: new Uint8Array(32).fill(9),
  era: { is: 'mortal', period: 64n, at: 300n },
  method: Uint8Array.of(10, 3, 1, 2, 3),
  nonce: 5n,
  tip: 70n,
  specVersion: 900,
  transactionVersion: 6,
  signedExtensions: EXTENSIONS,
}
const toStep = (transaction = base, change: Partial<Step> = {}): Step => ({
  ...PolkadotTransaction.toStep(transaction, { network, kind: 'transfer', from: signer.account, maxFee: 1n }),
  ...change,
})

describe('addresses (SS58)', () => {
  // The development accounts of Substrate (`subkey inspect //Alice`), with the prefixes of its chains.
  test.each([
    [42, '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'],
    [0, '15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5'],
    [2, 'HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F'],
  ])('prefix %i', (prefix, text) => {
    expect(Address.decode(text)).toEqual({ prefix, account: ALICE })
    expect(Address.encode({ prefix, account: ALICE })).toBe(text)
  })

  test('every prefix and account comes back; a changed character never does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 16_383 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat({ max: 40 }),
        (prefix, bytes, at) => {
          const text = Address.encode({ prefix, account: bytes })
          expect(Address.decode(text)).toEqual({ prefix, account: bytes })
          const other = text[at] === '2' ? '3' : '2'
          const damaged = `${text.slice(0, at)}${other}${text.slice(at + 1)}`
          // Two bytes of checksum miss one in 65,536; what is read then is another address.
          try {
            expect(Address.decode(damaged)).not.toEqual({ prefix, account: bytes })
          } catch (error) {
            if (!isAitbcError(error, 'PolkadotAddress')) throw error
          }
        },
      ),
    )
  })

  test("H20: another chain's prefix is another chain's account", () => {
    const foreign = `${network.id}:${Address.encode({ prefix: 0, account: ALICE })}` as const
    expect(() => Address.fromAccountId(foreign, network, 'to')).toThrow(
      expect.objectContaining({
        _tag: 'PolkadotAddress',
        context: expect.objectContaining({ argument: 'to' }),
      }),
    )
    for (const bad of ['', '5Grw', '0OIl', 'x'.repeat(100), account.slice(1)])
      expect(() => Address.decode(bad)).toThrow(expect.objectContaining({ _tag: 'PolkadotAddress' }))
  })

  test('contracts know an account by the end of its keccak-256, and one that stands for 20 bytes by these', () => {
    // pallet-revive's own test of its mapper.
    expect(Bytes.toHex(Address.toH160(ALICE))).toBe('9621dde636de098b43efb0fa9b61facfe328f99d')
    const h160 = new Uint8Array(20).fill(3)
    expect(Address.toH160(Address.fallback(h160))).toEqual(h160)
    expect(Address.standsForH160(Address.fallback(h160))).toBe(true)
    expect(Address.standsForH160(ALICE)).toBe(false)
  })
})

describe('transactions', () => {
  test('payloads come back, in one form; whatever else is refused', () => {
    fc.assert(
      fc.property(
        fc.record({
          nonce: fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
          tip: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
          at: fc.bigInt({ min: 1n, max: 0xffff_ffffn }),
          log: fc.integer({ min: 2, max: 12 }),
          method: fc.uint8Array({ minLength: 1, maxLength: 400 }),
          specVersion: fc.nat({ max: 0xffff_ffff }),
          immortal: fc.boolean(),
        }),
        ({ nonce, tip, at, log, method, specVersion, immortal }) => {
          const era = immortal
            ? ({ is: 'immortal' } as const)
            : ({ is: 'mortal', period: 1n << BigInt(log), at } as const)
          const transaction = { ...base, nonce, tip, method, specVersion, era }
          expect(PolkadotTransaction.decode(PolkadotTransaction.encode(transaction))).toEqual(transaction)
        },
      ),
    )
    const text = new TextDecoder().decode(PolkadotTransaction.encode(base))
    for (const bad of [
      '',
      '{}',
      ` ${text}`,
      text.replace('"version":4', '"version":5'),
      text.replace('CheckNonce', 'CheckMyName'),
      text.replace('"CheckGenesis",', ''),
      text.replace('"nonce":"0x00000005"', '"nonce":"0x5"'),
      text.replace('0x09', '0x9'),
    ])
      expect(() => PolkadotTransaction.decode(new TextEncoder().encode(bad))).toThrow(
        expect.objectContaining({ _tag: 'PolkadotInvalidStep' }),
      )
  })

  test('an era is two bytes: its length and the place in it (Substrate, `Era`)', () => {
    // 64 blocks from 42: 5 + 42 * 16.
    expect(PolkadotTransaction.encodeEra({ is: 'mortal', period: 64n, at: 42n })).toEqual(
      Uint8Array.of(0xa5, 2),
    )
    expect(PolkadotTransaction.encodeEra({ is: 'immortal' })).toEqual(Uint8Array.of(0))
    expect(PolkadotTransaction.death({ is: 'mortal', period: 64n, at: 42n })).toBe(106n)
    expect(PolkadotTransaction.death({ is: 'immortal' })).toBeUndefined()
    for (const period of [2n, 3n, 8192n])
      expect(() => PolkadotTransaction.encodeEra({ is: 'mortal', period, at: 1n })).toThrow(/power of two/)
  })

  test('H14: a runtime that wants what is unknown, or lacks what binds a signature to its chain, is refused', () => {
    PolkadotTransaction.assertExtensions(EXTENSIONS)
    for (const names of [
      [...EXTENSIONS, 'ChargeFirstborn'],
      EXTENSIONS.filter((name) => name !== 'CheckGenesis'),
      [],
    ])
      expect(() => PolkadotTransaction.assertExtensions(names)).toThrow(
        expect.objectContaining({ _tag: 'PolkadotUnknownExtension' }),
      )
  })

  test('a step says what its payload is; a step of another chain, account or nonce is refused', () => {
    const step = toStep()
    expect(PolkadotTransaction.ofStep(step)).toEqual(base)
    expect(step).toMatchObject({
      format: 'polkadot/signer-payload',
      conflictKey: `${signer.account}#5`,
      validUntil: { clock: 'height', value: 364n },
    })
    const elsewhere = { ...base, genesisHash: new Uint8Array(32).fill(1) }
    expect(() => PolkadotTransaction.ofStep(toStep(elsewhere))).toThrow(
      expect.objectContaining({ _tag: 'PolkadotWrongChain' }),
    )
    for (const change of [
      { format: 'evm/transaction' },
      { conflictKey: `${signer.account}#6` },
      { from: `${network.id}:${Address.encode({ prefix: 2, account: ALICE })}` as const },
    ])
      expect(() => PolkadotTransaction.ofStep(toStep(base, change))).toThrow(
        expect.objectContaining({ _tag: 'PolkadotInvalidStep' }),
      )
  })

  test('signed bytes are of the step and of its account; any flipped bit is refused', async () => {
    const signed = await signer.sign(toStep())
    expect(PolkadotTransaction.assertSigned(signed)).toEqual(base)
    expect(await signer.sign(toStep())).toEqual(signed)
    for (let at = 0; at < signed.raw.length; at++) {
      const raw = Uint8Array.from(signed.raw, (byte, i) => (i === at ? byte ^ 1 : byte))
      // A changed kind of signature is for the chain to verify.
      if (at === 36) continue
      expect(() =>
        PolkadotTransaction.assertSigned({ ...signed, raw, id: PolkadotTransaction.id(raw) }),
      ).toThrow(expect.objectContaining({ _tag: 'PolkadotInvalidStep' }))
    }
    expect(() => PolkadotTransaction.assertSigned({ ...signed, id: `0x${'00'.repeat(32)}` })).toThrow()
    const long = { ...base, method: new Uint8Array(300).fill(1) }
    expect(PolkadotTransaction.signingBytes(long).length).toBe(32)
    PolkadotTransaction.assertSigned(await signer.sign(toStep(long)))
  })

  test('a replacement tips more, always', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 100n }), (tip) => {
        expect(PolkadotTransaction.bumped(tip)).toBeGreaterThan(tip)
      }),
    )
  })
})
