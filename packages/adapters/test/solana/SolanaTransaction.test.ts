import { Bytes } from '@aitbc/core'
import { Address, type Message, Transaction } from '@aitbc/proofs/solana'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SolanaInstruction, SolanaTransaction } from '../../src/solana/index.js'
import { pack, unpack } from '../../src/solana/internal/compact.js'
import { BLOCKHASH, fill, keyOf, network, thrown } from './support.js'

const numRuns = Number(process.env.FC_NUM_RUNS)
const { computeUnitLimit, computeUnitPrice, transfer } = SolanaInstruction
const draft = (more: Partial<SolanaTransaction.Draft> = {}): SolanaTransaction.Draft => ({
  payer: keyOf(1),
  instructions: [computeUnitLimit(3000), computeUnitPrice(1_500_000n), transfer(keyOf(1), keyOf(2), 7n)],
  lifetime: { kind: 'blockhash', blockhash: BLOCKHASH, lastHeight: 150n },
  ...more,
})

describe('transactions', () => {
  test('default: of version 0, one signer, limit and price of units', () => {
    const bytes = SolanaTransaction.encode(draft())
    const read = Transaction.decode(bytes)
    expect(read).toMatchObject({
      ok: true,
      value: { signatures: [fill(0, 64)], message: { version: 0, header: { signatures: 1 } } },
    })
    const decoded = SolanaTransaction.decode(bytes)
    expect(decoded).toMatchObject({ units: 3000, unitPrice: 1_500_000n, payer: keyOf(1), nonce: undefined })
    expect(Address.encode(decoded.lifetime)).toBe(BLOCKHASH)
    // 5,000 for the signature, 3,000 units at 1.5 lamports.
    expect(SolanaTransaction.feeOf(decoded)).toBe(9500n)
    expect(SolanaTransaction.acts(decoded)).toEqual([transfer(keyOf(1), keyOf(2), 7n)])
  })

  test('behavior: a durable nonce comes first, and is no act', () => {
    const lifetime = { kind: 'nonce', account: keyOf(4), value: fill(9) } as const
    const decoded = SolanaTransaction.decode(SolanaTransaction.encode(draft({ lifetime })))
    expect(decoded.nonce).toEqual(keyOf(4))
    expect(decoded.lifetime).toEqual(fill(9))
    expect(decoded.instructions[0]?.data).toEqual(Uint8Array.of(4, 0, 0, 0))
    expect(SolanaTransaction.acts(decoded)).toEqual([transfer(keyOf(1), keyOf(2), 7n)])
  })

  test('error: above 1,232 bytes', () => {
    const big = { ...transfer(keyOf(1), keyOf(2), 1n), data: fill(1, 1200) }
    expect(thrown(() => SolanaTransaction.encode(draft({ instructions: [big] })))).toMatchObject({
      _tag: 'SolanaTooLarge',
      context: { limit: 1232 },
    })
  })

  test('error: other forms, tables, and several signers are no steps', () => {
    const bytes = SolanaTransaction.encode(draft())
    const step = SolanaTransaction.toStep(bytes, {
      network: network.id,
      kind: 'transfer',
      from: `${network.id}:${Address.encode(keyOf(1))}`,
      feeAsset: network.native.id,
      rent: 3n,
      conflictKey: 'once/1',
    })
    expect(step.maxFee.amount).toBe(9503n)
    const read = Transaction.decode(bytes)
    if (!read.ok) throw new Error(read.refusal.message)
    const change = (edit: Partial<Message.Message>, signatures = 1) =>
      Transaction.encode({
        signatures: Array.from({ length: signatures }, () => fill(0, 64)),
        message: { ...read.value.message, ...edit },
      })
    const lookup = { table: fill(3), writable: Uint8Array.of(1), readonly: new Uint8Array() }
    for (const payload of [
      change({ version: 'legacy' }),
      change({ lookups: [lookup] }),
      change({ header: { ...read.value.message.header, signatures: 2 } }, 2),
      bytes.slice(1),
      Bytes.concat(bytes, fill(0, 1)),
    ])
      expect(thrown(() => SolanaTransaction.ofStep({ ...step, payload }))).toMatchObject({
        _tag: 'SolanaInvalidStep',
      })
  })

  test('calls: accounts and data in one, and back', () => {
    const accounts = [
      { address: fill(1), signer: true, writable: false },
      { address: fill(2), signer: false, writable: true },
    ]
    const data = SolanaInstruction.encodeCall(accounts, fill(5, 3))
    expect(SolanaInstruction.decodeCall(fill(9), data)).toEqual({
      program: fill(9),
      accounts,
      data: fill(5, 3),
    })
    for (const wrong of [fill(0, 0), Uint8Array.of(1, 2), Bytes.concat(Uint8Array.of(1), fill(4, 33))])
      expect(thrown(() => SolanaInstruction.decodeCall(fill(9), wrong))).toMatchObject({
        _tag: 'InvalidEncoding',
      })
  })

  test('property: reading is total, and what is read back is what was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          SolanaTransaction.decode(bytes)
        } catch (error) {
          expect(error).toMatchObject({ _tag: 'SolanaInvalidStep' })
        }
      }),
      { numRuns },
    )
  })
})

describe('packed records', () => {
  test('behavior: what is known costs next to nothing', () => {
    const known = Uint8Array.from({ length: 300 }, (_, index) => (index * 37) & 255)
    const bytes = Bytes.concat(Uint8Array.of(1, 2), known, Uint8Array.of(3))
    expect(pack(bytes, known).length).toBeLessThan(20)
    expect(unpack(pack(bytes, known), known, 1000)).toEqual(bytes)
    expect(thrown(() => unpack(pack(bytes, known), known, 302))).toMatchObject({ _tag: 'InvalidEncoding' })
  })

  test('property: every record comes back; anything else is read or refused', () => {
    const some = fc.uint8Array({ maxLength: 400, max: 7 })
    fc.assert(
      fc.property(some, some, fc.uint8Array({ maxLength: 60 }), (known, bytes, tail) => {
        const whole = Bytes.concat(bytes, tail)
        expect(unpack(pack(whole, known), known, whole.length)).toEqual(whole)
        try {
          expect(unpack(whole, known, 500).length).toBeLessThanOrEqual(500)
        } catch (error) {
          expect(error).toMatchObject({ _tag: 'InvalidEncoding' })
        }
      }),
      { numRuns },
    )
  })
})
