import { isAitbcError, type Step } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import fc from 'fast-check'
import { hexToBytes, keccak256, serializeTransaction, toHex } from 'viem'
import { describe, expect, test } from 'vitest'
import { createKeySigner, EvmTransaction } from '../../src/evm/index.js'

const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => toHex(bytes))
const uint = (bits: bigint) => fc.bigInt({ min: 0n, max: 2n ** bits - 1n })
const transaction = fc
  .record({
    chainId: fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }),
    nonce: uint(53n),
    to: address,
    value: uint(256n),
    data: fc.uint8Array({ maxLength: 300 }).map((bytes) => toHex(bytes)),
    gas: uint(63n),
    fees: fc.tuple(uint(96n), uint(96n)),
  })
  .map(({ fees: [a, b], ...rest }) => ({
    ...rest,
    ...(a > b ? { maxFeePerGas: a, maxPriorityFeePerGas: b } : { maxFeePerGas: b, maxPriorityFeePerGas: a }),
  }))
const network = networks.evmLocal
const signer = createKeySigner({ network, privateKey: new Uint8Array(32).fill(5) })

describe('default', () => {
  test('unsigned bytes and transactions are one to one', () => {
    fc.assert(
      fc.property(transaction, (value) => {
        expect(EvmTransaction.decode(EvmTransaction.encode(value))).toEqual(value)
      }),
    )
  })

  test('a signed step is accepted, and no other raw, id or step beside it', async () => {
    await fc.assert(
      fc.asyncProperty(transaction, fc.nat(), fc.integer({ min: 1, max: 255 }), async (value, at, flip) => {
        const step = stepOf({ ...value, chainId: 31337n })
        const signed = await signer.sign(step)
        await EvmTransaction.assertSigned(signed)
        const raw = signed.raw.slice()
        raw[at % raw.length] = (raw[at % raw.length] as number) ^ flip
        await expect(EvmTransaction.assertSigned({ ...signed, raw })).rejects.toSatisfy((e) =>
          isAitbcError(e),
        )
        await expect(EvmTransaction.assertSigned({ ...signed, raw, id: keccak256(raw) })).rejects.toSatisfy(
          (e) => isAitbcError(e),
        )
      }),
      { numRuns: 20 },
    )
  })

  test('S9: an eighth more, rounded up, is what replaces: never less than 12.5 %', () => {
    fc.assert(
      fc.property(uint(96n), (fee) => {
        const next = EvmTransaction.bumped(fee)
        expect(next * 8n >= fee * 9n).toBe(true)
        expect(next - fee <= fee / 8n + 1n).toBe(true)
      }),
    )
  })
})

describe('error', () => {
  test('any bytes: a transaction or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, typed) => {
        const input = typed ? Uint8Array.of(2, ...bytes) : bytes
        try {
          EvmTransaction.decode(input)
        } catch (error) {
          expect(isAitbcError(error, 'EvmInvalidStep')).toBe(true)
        }
      }),
    )
  })

  test('access lists, legacy transactions, creations and trailing bytes are not what the adapter makes', () => {
    const base = { chainId: 1, nonce: 0, gas: 21000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n } as const
    const to = '0x00000000000000000000000000000000000000aa'
    const wrong = [
      serializeTransaction({ ...base, type: 'eip1559' }),
      serializeTransaction({ ...base, type: 'eip1559', to, accessList: [{ address: to, storageKeys: [] }] }),
      serializeTransaction({ chainId: 1, nonce: 0, gas: 21000n, gasPrice: 1n, type: 'legacy', to }),
    ]
    for (const hex of wrong) expect(() => EvmTransaction.decode(hexToBytes(hex))).toThrow(/payload/)
    const good = EvmTransaction.encode({ ...base, chainId: 1n, nonce: 0n, to, value: 0n, data: '0x' })
    expect(() => EvmTransaction.decode(Uint8Array.of(...good, 0))).toThrow(/payload/)
  })

  test('a step whose conflict key or chain is not its payload’s is refused', () => {
    const [value] = fc.sample(transaction, 1)
    const step = stepOf({ ...value!, chainId: 31337n, nonce: 7n })
    expect(EvmTransaction.ofStep(step).nonce).toBe(7n)
    expect(() => EvmTransaction.ofStep({ ...step, conflictKey: `${signer.account}#8` })).toThrow(
      /conflictKey/,
    )
    expect(() => EvmTransaction.ofStep({ ...step, network: 'eip155:1' })).toThrow(/eip155:1/)
  })
})

function stepOf(value: EvmTransaction.EvmTransaction): Step {
  return EvmTransaction.toStep(value, {
    network: network.id,
    kind: 'transfer',
    from: signer.account,
    feeAsset: network.native.id,
  })
}
