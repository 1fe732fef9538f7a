import { ExtendedKey, Psbt, SignedMessage } from '@aitbc/adapters/bitcoin-wallet'
import { Bytes } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import { Address, Sighash } from '@aitbc/proofs/bitcoin-script'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, unhex, value } from './helpers.js'

const { input: I, global: G } = Psbt.TYPE
const NONE = new Uint8Array(0)
const secret = new Uint8Array(32).fill(5)
const key = secp256k1.getPublicKey(secret, true)
const hash160 = (bytes: Uint8Array) => ripemd160(sha256(bytes))
const field = (type: number, bytes: Uint8Array, of: Uint8Array = NONE): Psbt.Field => ({
  type,
  key: of,
  value: bytes,
})
const p2wpkh = Bytes.concat(unhex('0014'), hash160(key))
const p2pkh = Bytes.concat(unhex('76a914'), hash160(key), unhex('88ac'))
const p2sh = (script: Uint8Array) => Bytes.concat(unhex('a914'), hash160(script), unhex('87'))

/** A transaction that pays to a script, and a PSBT that spends it. */
function world(script: Uint8Array, amount = 5_000n) {
  const previous: Transaction.Transaction = {
    version: 2,
    inputs: [{ txid: new Uint8Array(32).fill(1), index: 3, script: NONE, sequence: 0, witness: [] }],
    outputs: [
      { amount: 1n, script: unhex('51') },
      { amount, script },
    ],
    lockTime: 0,
  }
  const transaction: Transaction.Transaction = {
    version: 2,
    inputs: [{ txid: Transaction.txid(previous), index: 1, script: NONE, sequence: 0xfffffffd, witness: [] }],
    outputs: [{ amount: amount - 100n, script: p2wpkh }],
    lockTime: 0,
  }
  const whole = (it = previous) => field(I.nonWitnessUtxo, Transaction.encode(it))
  const bare = (of = amount, to = script) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, of, true)
    return field(I.witnessUtxo, Bytes.concat(bytes, Uint8Array.of(to.length), to))
  }
  const psbt = (...fields: Psbt.Field[]): Psbt.Psbt => ({ ...Psbt.create(transaction), inputs: [fields] })
  const judge = (...fields: Psbt.Field[]) => Psbt.verifyInput(psbt(...fields), 0)
  return { previous, transaction, whole, bare, psbt, judge }
}

describe('Psbt', () => {
  test('default: a coin with its whole transaction is proved, one that stands alone is not', () => {
    const { whole, bare, judge } = world(p2wpkh)
    expect(value(judge(whole()))).toEqual({ amount: 5_000n, script: p2wpkh, proved: true })
    expect(value(judge(whole(), bare())).proved).toBe(true)
    expect(value(judge(bare())).proved).toBe(false)
    const taproot = world(Bytes.concat(unhex('5120'), key.slice(1)))
    expect(value(taproot.judge(taproot.bare())).proved).toBe(true)
  })

  test('A11: another previous transaction, another output, none at all, two that differ', () => {
    const { previous, transaction, whole, bare, judge, psbt } = world(p2wpkh)
    expect(check(judge(whole({ ...previous, version: 1 })))).toBe('psbt-utxo-txid')
    expect(check(judge())).toBe('psbt-utxo')
    expect(check(judge(whole(), bare(5_001n)))).toBe('psbt-utxo-conflict')
    expect(check(judge(whole(), bare(5_000n, p2pkh)))).toBe('psbt-utxo-conflict')
    const [input] = transaction.inputs as [Transaction.Input]
    const beyond = Psbt.create({ ...transaction, inputs: [{ ...input, index: 2 }] })
    expect(check(Psbt.verifyInput({ ...beyond, inputs: [[whole()]] }, 0))).toBe('psbt-utxo-index')
    expect(check(Psbt.verifyInput(psbt(whole()), 1))).toBe('psbt-input')
  })

  test('A11: an amount that nothing proves, for an input without SegWit', () => {
    const { whole, bare, judge } = world(p2pkh)
    expect(check(judge(bare()))).toBe('psbt-utxo-witness')
    expect(value(judge(whole())).proved).toBe(true)
  })

  test('A11: scripts that are not those paid to', () => {
    const inner = Bytes.concat(Uint8Array.of(33), key, unhex('ac'))
    const program = Bytes.concat(unhex('0020'), sha256(inner))
    const { bare, judge } = world(p2sh(program))
    const redeem = field(I.redeemScript, program)
    expect(judge(bare(), redeem, field(I.witnessScript, inner)).ok).toBe(true)
    expect(check(judge(bare(), field(I.redeemScript, p2wpkh)))).toBe('psbt-redeem-script')
    expect(check(judge(bare(), redeem, field(I.witnessScript, p2wpkh)))).toBe('psbt-witness-script')
    expect(check(world(p2wpkh).judge(world(p2wpkh).bare(), redeem))).toBe('psbt-redeem-script')
  })

  test('A11: a signature made over another amount is refused', () => {
    const { transaction, bare, psbt } = world(p2wpkh)
    const sign = (amount: bigint) => {
      const digest = value(Sighash.witnessV0(transaction, 0, p2pkh, amount, 1))
      const signature = secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: 'der' })
      return field(I.partialSig, Bytes.concat(signature, Uint8Array.of(1)), key)
    }
    const good = psbt(bare(), sign(5_000n))
    expect(value(Psbt.verifySignatures(good, 0))).toBe(1)
    expect(check(Psbt.verifySignatures(psbt(bare(), sign(4_999n)), 0))).toBe('signature')
    expect(
      check(Psbt.verifySignatures(psbt(bare(), sign(5_000n), field(I.sighashType, unhex('02000000'))), 0)),
    ).toBe('psbt-sighash')
    const final = value(Psbt.finalize(good))
    expect(value(Psbt.extract(final)).inputs[0]?.witness).toHaveLength(2)
    expect(check(Psbt.extract(good))).toBe('psbt-not-final')
    expect(check(Psbt.extract(value(Psbt.finalize(psbt(bare(), sign(4_999n))))))).toBe('signature')
  })

  test('A7: a signature of another hash type than its input asks for is not made final', () => {
    const { transaction, psbt, bare } = world(p2wpkh)
    const signed = (hashType: number, ...more: Psbt.Field[]) => {
      const digest = value(Sighash.witnessV0(transaction, 0, p2pkh, 5_000n, hashType))
      const signature = secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: 'der' })
      return psbt(bare(), field(I.partialSig, Bytes.concat(signature, Uint8Array.of(hashType)), key), ...more)
    }
    const asked = (hashType: number) => field(I.sighashType, Uint8Array.of(hashType, 0, 0, 0))
    expect(check(Psbt.finalize(signed(Sighash.TYPE.none, asked(Sighash.TYPE.all))))).toBe('psbt-sighash')
    for (const it of [signed(1, asked(1)), signed(2, asked(2)), signed(2)])
      expect(Psbt.extract(value(Psbt.finalize(it))).ok).toBe(true)
    const output = Bytes.concat(unhex('5120'), key.slice(1))
    const tap = (length: number) => field(I.tapKeySig, new Uint8Array(length).fill(1))
    const taproot = world(output)
    const judge = (...fields: Psbt.Field[]) => Psbt.finalize(taproot.psbt(taproot.bare(), ...fields))
    expect(check(judge(tap(65), asked(0)))).toBe('psbt-sighash')
    expect(check(judge(tap(64), asked(1)))).toBe('psbt-sighash')
    expect(judge(tap(64), asked(0)).ok).toBe(true)
    expect(judge(tap(65), asked(1)).ok).toBe(true)
  })

  test('A11: a key twice in a map', () => {
    const { whole, bare, psbt } = world(p2wpkh)
    expect(value(Psbt.decode(Psbt.encode(psbt(whole(), bare()))))).toEqual(psbt(whole(), bare()))
    expect(check(Psbt.decode(Psbt.encode(psbt(bare(), bare()))))).toBe('psbt-duplicate')
    expect(check(Psbt.decode(Psbt.encode(psbt(bare(), bare(1n)))))).toBe('psbt-duplicate')
  })

  test('error: psbt-other, psbt-version, psbt-missing', () => {
    const one = world(p2wpkh).psbt()
    expect(check(Psbt.combine([one, world(p2pkh).psbt()]))).toBe('psbt-other')
    expect(check(Psbt.combine([]))).toBe('psbt-input')
    const versioned = (version: string) =>
      Psbt.encode({ ...one, global: [...one.global, field(G.version, unhex(version))] })
    expect(check(Psbt.decode(versioned('01000000')))).toBe('psbt-version')
    expect(check(Psbt.decode(versioned('02000000')))).toBe('psbt-missing')
  })

  test('property: the decoder is total, and what it reads has one encoding', () => {
    const { whole, bare, psbt } = world(p2wpkh)
    const seed = Psbt.encode(psbt(whole(), bare()))
    fc.assert(
      fc.property(fc.nat(seed.length - 1), fc.nat(255), fc.nat(seed.length), (at, byte, length) => {
        const changed = seed.slice(0, length)
        if (at < length) changed[at] = byte
        const decoded = Psbt.decode(changed)
        if (decoded.ok) {
          expect(Psbt.encode(decoded.value)).toEqual(changed)
          decoded.value.inputs.forEach((_, i) => {
            Psbt.verifySignatures(decoded.value, i)
          })
        } else expect(check(decoded)).toMatch(/^psbt-/)
      }),
    )
  })
})

describe('SignedMessage', () => {
  const address = value(Address.fromScript(p2wpkh, Address.mainnet))
  const form = Address.mainnet
  const sign = (message: string) => {
    const spend = SignedMessage.toSpend(message, p2wpkh)
    const digest = value(Sighash.witnessV0(SignedMessage.toSign(spend), 0, p2pkh, 0n, 1))
    const signature = secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: 'der' })
    const items = [Bytes.concat(signature, Uint8Array.of(1)), key]
    const witness = Bytes.concat(
      Uint8Array.of(2),
      ...items.flatMap((item) => [Uint8Array.of(item.length), item]),
    )
    return btoa(String.fromCharCode(...witness))
  }

  test('default: with its prefix and without', () => {
    const signature = sign('Hello')
    for (const text of [signature, `smp${signature}`])
      expect(value(SignedMessage.verify({ address, form, message: 'Hello', signature: text })).form).toBe(
        'simple',
      )
  })

  test('error: another message, address or encoding', () => {
    const signature = sign('Hello')
    const judge = (change: object) =>
      check(SignedMessage.verify({ address, form, message: 'Hello', signature, ...change }))
    expect(judge({ message: 'hello' })).toBe('signature')
    expect(judge({ address: value(Address.fromScript(p2pkh, form)) })).toBe('witness-unexpected')
    for (const bad of ['', '*', 'A', `smp${signature}AAAA`, `ful${signature}`])
      expect(judge({ signature: bad })).toBe('message-encoding')
    expect(judge({ signature: `pof${signature}` })).toBe('psbt-encoding')
    const { transaction } = world(p2wpkh)
    const raw = Transaction.encode({
      ...transaction,
      inputs: [{ ...(transaction.inputs[0] as Transaction.Input), witness: [key] }],
    })
    expect(judge({ signature: `ful${btoa(String.fromCharCode(...raw))}` })).toBe('message-commitment')
  })

  /** A proof of funds, with whatever coins, each input signed with a hash type. */
  const proofOf = (message: string, coins: readonly bigint[], hashTypes: readonly number[]) => {
    const spend = SignedMessage.toSpend(message, p2wpkh)
    const sign = SignedMessage.toSign(spend)
    const inputs = [
      ...sign.inputs,
      ...coins.map((amount) => ({
        ...(sign.inputs[0] as Transaction.Input),
        txid: new Uint8Array(32).fill(Number(amount)),
      })),
    ]
    const transaction = { ...sign, inputs }
    const maps = [0n, ...coins].map((amount, i) => {
      const type = hashTypes[i] as number
      const digest = value(Sighash.witnessV0(transaction, i, p2pkh, amount, type))
      const signature = secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: 'der' })
      const items = [Bytes.concat(signature, Uint8Array.of(type)), key]
      const stack = items.flatMap((item) => [Uint8Array.of(item.length), item])
      return [
        world(p2wpkh).bare(amount),
        field(I.finalScriptWitness, Bytes.concat(Uint8Array.of(2), ...stack)),
      ]
    })
    const bytes = Psbt.encode({ ...Psbt.create(transaction), inputs: maps })
    return `pof${btoa(String.fromCharCode(...bytes))}`
  }

  test('A7: a proof of funds whose signatures commit to less than everything could be taken into another', () => {
    const judge = (coins: readonly bigint[], hashTypes: readonly number[]) =>
      check(
        SignedMessage.verify({
          address,
          form,
          message: 'mine',
          signature: proofOf('mine', coins, hashTypes),
        }),
      )
    const good = proofOf('mine', [7n, 8n], [1, 1, 1])
    expect(
      value(SignedMessage.verify({ address, form, message: 'mine', signature: good })).funds,
    ).toHaveLength(2)
    for (const type of [2, 3, 0x81, 0x82, 0x83]) {
      expect(judge([7n], [type, 1])).toBe('sighash-type')
      if (type !== 3 && type !== 0x83) expect(judge([7n], [1, type])).toBe('sighash-type')
    }
  })

  test('a coin that is shown twice is owned once', () => {
    const signature = proofOf('mine', [7n, 7n], [1, 1, 1])
    expect(check(SignedMessage.verify({ address, form, message: 'mine', signature }))).toBe(
      'transaction-duplicate',
    )
  })
})

describe('ExtendedKey', () => {
  const root = value(ExtendedKey.fromSeed(new Uint8Array(16)))

  test('error: key-seed, key-path, key-index, key-depth, key-length', () => {
    for (const length of [15, 65])
      expect(check(ExtendedKey.fromSeed(new Uint8Array(length)))).toBe('key-seed')
    for (const path of ['', '0', 'm/', 'm/x', 'm/2147483648', 'm/-1'])
      expect(check(ExtendedKey.derivePath(root, path))).toBe('key-path')
    for (const index of [-1, 0.5, 2 ** 32]) expect(check(ExtendedKey.derive(root, index))).toBe('key-index')
    expect(check(ExtendedKey.derive({ ...root, depth: 255 }, 0))).toBe('key-depth')
    expect(check(ExtendedKey.derivePath(ExtendedKey.neuter(root), "m/0'/1"))).toBe('key-hardened')
    expect(check(ExtendedKey.decode('1Wh4bh'))).toBe('key-length')
  })

  test('default: forms of both kinds of network', () => {
    for (const form of ['mainnet', 'testnet'] as const)
      expect(value(ExtendedKey.decode(ExtendedKey.encode(root, form), form))).toEqual(root)
  })
})
