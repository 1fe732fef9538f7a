import { Rlp, Transaction } from '@aitbc/proofs/ethereum'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, hex, refusal, unhex, value } from '../helpers.js'

const KEY = new Uint8Array(32).fill(7)
const SENDER = Transaction.addressOf(secp256k1.getPublicKey(KEY, false))
const ORDER = secp256k1.Point.CURVE().n
const TO = new Uint8Array(20).fill(3)

type Unsigned = Omit<Transaction.Transaction, 'signature'>
const sign = (plain: Unsigned): Transaction.Transaction => {
  const draft: Transaction.Transaction = { ...plain, signature: { parity: 0, r: 1n, s: 1n } }
  const bytes = secp256k1.sign(Transaction.signingHash(draft), KEY, { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
  return { ...plain, signature: { parity: recovery as 0 | 1, r, s } }
}

const legacy: Unsigned = {
  type: 0,
  nonce: 5n,
  gasPrice: 7n,
  gasLimit: 100_000n,
  to: TO,
  value: 9n,
  data: unhex('00ff'),
}
const priced = {
  chainId: 1n,
  nonce: 5n,
  maxPriorityFeePerGas: 2n,
  maxFeePerGas: 9n,
  gasLimit: 200_000n,
  to: TO,
  value: 9n,
  data: unhex('00ff'),
  accessList: [{ address: TO, keys: [new Uint8Array(32).fill(1), new Uint8Array(32)] }],
} as const
const authorization = { chainId: 1n, address: TO, nonce: 3n, parity: 1n, r: 4n, s: 5n }
const SAMPLES: readonly Unsigned[] = [
  legacy,
  { ...legacy, chainId: 1n },
  { ...legacy, type: 1, chainId: 1n, accessList: priced.accessList },
  { ...priced, type: 2 },
  { ...priced, type: 3, maxFeePerBlobGas: 4n, blobHashes: [new Uint8Array(32).fill(1)] },
  { ...priced, type: 4, authorizations: [authorization] },
]
/** A transaction's items, the last three those of the signature. */
const itemsOf = (raw: Uint8Array) => value(Rlp.decode(raw[0]! >= 0xc0 ? raw : raw.subarray(1))) as Rlp.Item[]
const rebuilt = (raw: Uint8Array, change: (items: Rlp.Item[]) => readonly Rlp.Item[]) => {
  const payload = Rlp.encode(change(itemsOf(raw)))
  return Transaction.decode(raw[0]! >= 0xc0 ? payload : concat(raw.subarray(0, 1), payload))
}
const put = (raw: Uint8Array, index: number, item: Rlp.Item) =>
  rebuilt(raw, (items) => items.map((one, i) => (i === index ? item : one)))

describe('decode', () => {
  test('default: every type, its sender, and the one encoding of it', () => {
    for (const plain of SAMPLES) {
      const signed = sign(plain)
      const raw = Transaction.encode(signed)
      expect(value(Transaction.decode(raw))).toEqual(signed)
      expect(hex(Transaction.hash(signed))).toBe(hex(keccak_256(raw)))
      expect(hex(value(Transaction.sender(signed)))).toBe(hex(SENDER))
    }
    const { to: _, ...creating } = legacy
    const made = sign(creating)
    expect(value(Transaction.decode(Transaction.encode(made)))).toEqual(made)
  })

  test('error: other types, other numbers of fields, no list', () => {
    for (const bytes of ['', '00', '05c0', '7f', '80', 'bf'])
      expect(check(Transaction.decode(unhex(bytes)))).toBe('transaction-type')
    expect(refusal(Transaction.decode(unhex('05c0'))).message).toBe('no transaction starts with 5')
    expect(refusal(Transaction.decode(unhex('c0')))).toEqual({
      check: 'transaction-fields',
      message: 'a transaction of type 0 has 9 fields, got 0',
    })
    expect(check(Transaction.decode(unhex('0280')))).toBe('transaction-fields')
    expect(check(Transaction.decode(unhex('02c1')))).toBe('rlp-truncated')
    for (const plain of SAMPLES) {
      const raw = Transaction.encode(sign(plain))
      expect(check(rebuilt(raw, (items) => items.slice(1)))).toBe('transaction-fields')
      expect(check(rebuilt(raw, (items) => [...items, new Uint8Array(0)]))).toBe('transaction-fields')
    }
  })

  test('error: each field in another form', () => {
    for (const plain of SAMPLES) {
      const raw = Transaction.encode(sign(plain))
      const items = itemsOf(raw)
      items.slice(0, -3).forEach((item, i) => {
        const wrong = item instanceof Uint8Array ? [item] : new Uint8Array(1)
        expect(check(put(raw, i, wrong)), `${plain.type}/${i}`).toBe('transaction-field')
      })
    }
    const raw = Transaction.encode(sign(SAMPLES[3] as Unsigned))
    expect(check(put(raw, 1, Uint8Array.of(0)))).toBe('transaction-field')
    expect(check(put(raw, 1, new Uint8Array(9).fill(1)))).toBe('transaction-field')
    for (const length of [1, 19, 21, 32])
      expect(check(put(raw, 5, new Uint8Array(length)))).toBe('transaction-field')
    const key = new Uint8Array(32)
    // Only who is called may be missing, not what is touched.
    expect(check(put(raw, 8, new Uint8Array(0)))).toBe('transaction-field')
    for (const list of [
      [key],
      [[TO]],
      [[TO.subarray(1), []]],
      [[TO, key]],
      [[TO, [key.subarray(1)]]],
      [[TO, [], []]],
    ])
      expect(check(put(raw, 8, list))).toBe('transaction-field')
    // Blobs and authorizations create no contract.
    for (const plain of SAMPLES.slice(4)) {
      const bytes = Transaction.encode(sign(plain))
      expect(check(put(bytes, 5, new Uint8Array(0)))).toBe('transaction-field')
    }
    const blob = Transaction.encode(sign(SAMPLES[4] as Unsigned))
    expect(check(put(blob, 10, [key.subarray(1)]))).toBe('transaction-field')
    const code = Transaction.encode(sign(SAMPLES[5] as Unsigned))
    const one = [1n, 0n, 3n, 1n, 4n, 5n].map((n, i) => (i === 1 ? TO : Rlp.fromBigInt(n)))
    expect(put(code, 9, [one]).ok).toBe(true)
    for (let i = 0; i < 6; i++)
      expect(check(put(code, 9, [one.map((part, j) => (i === j ? [part] : part))])), `${i}`).toBe(
        'transaction-field',
      )
    expect(check(put(code, 9, [one.slice(1)]))).toBe('transaction-field')
    expect(check(put(code, 9, [[...one, TO]]))).toBe('transaction-field')
    expect(check(put(code, 9, [TO]))).toBe('transaction-field')
  })

  test('error: signatures that are none', () => {
    for (const plain of SAMPLES) {
      const raw = Transaction.encode(sign(plain))
      const at = itemsOf(raw).length - 3
      const number = (n: bigint) => Rlp.fromBigInt(n)
      for (const v of plain.type === 0 ? [0n, 1n, 26n, 29n, 34n] : [2n, 27n])
        expect(check(put(raw, at, number(v)))).toBe('transaction-signature')
      expect(check(put(raw, at, []))).toBe('transaction-signature')
      for (const i of [1, 2])
        for (const bad of [number(0n), number(ORDER), [] as Rlp.Item])
          expect(check(put(raw, at + i, bad))).toBe('transaction-signature')
    }
  })

  test('error: no point has such an r', () => {
    const signed = sign(legacy)
    const found = Array.from({ length: 20 }, (_, i) => BigInt(i + 1)).find(
      (r) => !Transaction.sender({ ...signed, signature: { ...signed.signature, r } }).ok,
    )
    expect(found).toBeDefined()
    const bad = { ...signed, signature: { ...signed.signature, r: found as bigint } }
    expect(check(Transaction.sender(bad))).toBe('transaction-sender')
    expect(check(Transaction.check(bad, { fork: 'prague', chainId: 1n }))).toBe('transaction-sender')
  })

  test('A17: property: any bytes give a verdict; what decodes has one encoding', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(...SAMPLES),
        fc.nat(),
        (noise, plain, at) => {
          Transaction.decode(noise)
          const raw = Transaction.encode(sign(plain))
          const bit = at % (raw.length * 8)
          raw[bit >> 3] = (raw[bit >> 3] as number) ^ (1 << (bit & 7))
          const verdict = Transaction.decode(raw)
          if (verdict.ok) expect(hex(Transaction.encode(verdict.value))).toBe(hex(raw))
        },
      ),
    )
  })
})

describe('check', () => {
  const judge = (plain: Unsigned, fork: Transaction.Fork = 'prague', chainId = 1n) =>
    Transaction.check(sign(plain), { fork, chainId })

  test('default: the sender, and the gas that it costs before anything runs', () => {
    const { sender, intrinsicGas } = value(judge(legacy))
    expect([hex(sender), intrinsicGas]).toEqual([hex(SENDER), 21_020n])
    expect(value(judge(legacy, 'frontier')).intrinsicGas).toBe(21_072n)
    const { to: _, ...creating } = legacy
    expect(value(judge(creating, 'frontier')).intrinsicGas).toBe(21_072n)
    expect(value(judge(creating, 'homestead')).intrinsicGas).toBe(53_072n)
    expect(value(judge(creating, 'shanghai')).intrinsicGas).toBe(53_022n)
    expect(value(judge(SAMPLES[2] as Unsigned)).intrinsicGas).toBe(27_220n)
    expect(value(judge(SAMPLES[5] as Unsigned)).intrinsicGas).toBe(52_220n)
  })

  test('error: each type from its fork on', () => {
    for (const [i, fork, before] of [
      [2, 'berlin', 'istanbul'],
      [3, 'london', 'berlin'],
      [4, 'cancun', 'shanghai'],
      [5, 'prague', 'cancun'],
    ] as const) {
      expect(judge(SAMPLES[i] as Unsigned, fork).ok).toBe(true)
      expect(check(judge(SAMPLES[i] as Unsigned, before))).toBe('transaction-fork')
    }
  })

  test('A25: another chain, and chains before there were any', () => {
    expect(check(judge({ ...legacy, chainId: 2n }))).toBe('transaction-chain')
    expect(check(judge({ ...legacy, chainId: 1n }, 'homestead'))).toBe('transaction-chain')
    expect(judge({ ...legacy, chainId: 1n }, 'spuriousDragon').ok).toBe(true)
  })

  test('error: the other of two signatures, the last nonce, fees, code, gas', () => {
    const signed = sign(legacy)
    const { parity, r, s } = signed.signature
    const other = { ...signed, signature: { parity: (1 - parity) as 0 | 1, r, s: ORDER - s } }
    expect(hex(value(Transaction.sender(other)))).toBe(hex(SENDER))
    expect(Transaction.check(other, { fork: 'frontier', chainId: 1n }).ok).toBe(true)
    expect(check(Transaction.check(other, { fork: 'homestead', chainId: 1n }))).toBe('transaction-malleable')
    expect(check(judge({ ...legacy, nonce: 2n ** 64n - 1n }))).toBe('transaction-nonce')
    expect(judge({ ...legacy, nonce: 2n ** 64n - 2n }).ok).toBe(true)
    expect(check(judge({ ...priced, type: 2, maxPriorityFeePerGas: 10n }))).toBe('transaction-fee')
    expect(judge({ ...priced, type: 2, maxPriorityFeePerGas: 9n }).ok).toBe(true)
    expect(check(judge({ ...legacy, gasPrice: 1n << 255n, gasLimit: 1n << 20n }))).toBe('transaction-fee')
    expect(check(judge({ ...legacy, gasPrice: 1n << 236n, gasLimit: 1n << 20n }))).toBe('transaction-fee')
    const { to: _, ...creating } = { ...legacy, gasLimit: 10_000_000n }
    const code = (length: number) => ({ ...creating, data: new Uint8Array(length) })
    expect(check(judge(code(49_153)))).toBe('transaction-code')
    expect(judge(code(49_152)).ok).toBe(true)
    expect(judge(code(49_153), 'london').ok).toBe(true)
    expect(judge({ ...code(49_153), to: TO }).ok).toBe(true)
    expect(check(judge({ ...legacy, gasLimit: 21_019n }, 'cancun'))).toBe('transaction-gas')
    expect(judge({ ...legacy, gasLimit: 21_020n }, 'cancun').ok).toBe(true)
  })

  test('error: data below its floor, blobs and authorizations that are none', () => {
    const needs = (plain: Unsigned, gas: bigint) => {
      expect(judge({ ...plain, gasLimit: gas }).ok).toBe(true)
      const verdict = judge({ ...plain, gasLimit: gas - 1n })
      expect(check(verdict)).toBe('transaction-gas')
      expect(!verdict.ok && verdict.refusal.message).toContain(`${gas} gas`)
    }
    needs(legacy, 21_050n)
    // 10 for a zero, 40 for any other byte.
    needs({ ...legacy, data: unhex('ffff00') }, 21_090n)
    // Lists cost more than the floor of the data.
    needs(SAMPLES[3] as Unsigned, 27_220n)
    const blob = (...firsts: number[]): Unsigned => ({
      ...(SAMPLES[4] as Unsigned),
      blobHashes: firsts.map((first) => Uint8Array.of(first, ...new Uint8Array(31))),
    })
    expect(judge(blob(1, 1)).ok).toBe(true)
    for (const bad of [blob(), blob(0), blob(2), blob(1, 2)])
      expect(check(judge(bad))).toBe('transaction-blobs')
    for (const plain of [
      { ...priced, type: 4 },
      { ...priced, type: 4, authorizations: [] },
    ] as const)
      expect(check(judge(plain))).toBe('transaction-authorizations')
  })
})

test('contractAddress: by nonce, and by salt (EIP-1014)', () => {
  const zero = new Uint8Array(20)
  expect(hex(Transaction.contractAddress(zero, { nonce: 0n }))).toBe(
    'bd770416a3345f91e4b34576cb804a576fa48eb1',
  )
  const by = { salt: new Uint8Array(32), initCodeHash: keccak_256(Uint8Array.of(0)) }
  expect(hex(Transaction.contractAddress(zero, by))).toBe('4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38')
})
