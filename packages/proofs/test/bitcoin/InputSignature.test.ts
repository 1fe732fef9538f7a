import { Taproot, type Transaction } from '@aitbc/proofs/bitcoin'
import { InputSignature, Script, Sighash, Signature, TapLeaf } from '@aitbc/proofs/bitcoin-script'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'

const ORDER = secp256k1.Point.Fn.ORDER
const secret = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)
const key = secp256k1.getPublicKey(secret, true)
const long = secp256k1.getPublicKey(secret, false)
const hybrid = Uint8Array.of(6 + ((long[64] as number) & 1), ...long.subarray(1))
const hash160 = (bytes: Uint8Array) => ripemd160(sha256(bytes))
const sized = (bytes: Uint8Array) => Uint8Array.of(bytes.length, ...bytes)
const { all, none, single, anyoneCanPay } = Sighash.TYPE

const number32 = (bytes: Uint8Array) => BigInt(`0x${hex(bytes)}`)
const bytes32 = (value: bigint) => unhex(value.toString(16).padStart(64, '0'))
function integer(bytes: Uint8Array): Uint8Array {
  const from = bytes.findIndex((byte) => byte !== 0)
  const short = bytes.subarray(from < 0 ? bytes.length - 1 : from)
  const body = (short[0] as number) >= 0x80 ? concat(Uint8Array.of(0), short) : short
  return concat(Uint8Array.of(2, body.length), body)
}
/** DER of `r` and `s`, 32 bytes each, and a hash type. */
function der(compact: Uint8Array, hashType: number): Uint8Array {
  const body = concat(integer(compact.slice(0, 32)), integer(compact.slice(32)))
  return Uint8Array.of(0x30, body.length, ...body, hashType)
}
const ecdsa = (digest: Uint8Array, of: Uint8Array = secret) =>
  secp256k1.sign(digest, of, { prehash: false, lowS: true })
/** The same signature with the other s. */
function highS(compact: Uint8Array): Uint8Array {
  return concat(compact.slice(0, 32), bytes32(ORDER - number32(compact.slice(32))))
}

const outputs: readonly Transaction.Output[] = [
  { amount: 900n, script: unhex('51') },
  { amount: 800n, script: unhex('5152') },
]
/** Two inputs; the second one spends `script`. */
function spend(script: Uint8Array, to = outputs) {
  const input = (seed: number): Transaction.Input => ({
    txid: new Uint8Array(32).fill(seed),
    index: seed,
    script: new Uint8Array(0),
    sequence: 0xfffffffd,
    witness: [],
  })
  const transaction: Transaction.Transaction = {
    version: 2,
    inputs: [input(1), input(2)],
    outputs: to,
    lockTime: 9,
  }
  const prevouts = [
    { amount: 1000n, script: unhex('51') },
    { amount: 2000n, script },
  ]
  const fill = (change: Partial<Transaction.Input>): Transaction.Transaction => ({
    ...transaction,
    inputs: [
      transaction.inputs[0] as Transaction.Input,
      { ...(transaction.inputs[1] as Transaction.Input), ...change },
    ],
  })
  const judge = (change: Partial<Transaction.Input>, rules: Signature.Rules = 'standard') =>
    InputSignature.verify(fill(change), 1, prevouts, { rules })
  return { transaction, prevouts, judge, fill }
}

const pk = (of: Uint8Array) => concat(sized(of), Uint8Array.of(0xac))
const pkh = (of: Uint8Array) => concat(unhex('76a914'), hash160(of), unhex('88ac'))
const multi = (m: number, ...keys: Uint8Array[]) =>
  concat(Uint8Array.of(0x50 + m), ...keys.map(sized), Uint8Array.of(0x50 + keys.length, 0xae))
const p2sh = (script: Uint8Array) => concat(unhex('a914'), hash160(script), unhex('87'))
const p2wsh = (script: Uint8Array) => concat(unhex('0020'), sha256(script))
const p2wpkh = (of: Uint8Array) => concat(unhex('0014'), hash160(of))
const pushes = (...items: Uint8Array[]) => concat(...items.map(Script.push))

const legacy = (it: ReturnType<typeof spend>, code: Uint8Array, type = 1, of: Uint8Array = secret) =>
  der(ecdsa(value(Sighash.legacy(it.transaction, 1, code, type)), of), type)
const v0 = (
  it: ReturnType<typeof spend>,
  code: Uint8Array,
  type = 1,
  of: Uint8Array = secret,
  amount = 2000n,
) => der(ecdsa(value(Sighash.witnessV0(it.transaction, 1, code, amount, type)), of), type)

test('error: DER of more than 73 bytes; a first byte from 0x80 on stands behind a zero', () => {
  const long74 = concat(Uint8Array.of(0x30, 71), new Uint8Array(72))
  expect(refusal(Signature.decode(long74)).message).toBe('not strict DER: 9 to 73 bytes are expected, got 74')
  const r = concat(Uint8Array.of(0x80), new Uint8Array(31).fill(1))
  const written = concat(Uint8Array.of(0x30, 38, 2, 33, 0), r, Uint8Array.of(2, 1, 1, 1))
  expect(value(Signature.decode(written)).compact).toEqual(concat(r, new Uint8Array(31), Uint8Array.of(1)))
})

describe('Signature', () => {
  const digest = sha256(unhex('01'))
  const compact = ecdsa(digest)

  test('default: DER and key in each form', () => {
    const decoded = value(Signature.decode(der(compact, 1)))
    expect(decoded).toEqual({ compact, hashType: 1 })
    expect(value(Signature.verify(digest, decoded, key))).toBe(true)
    value(Signature.verify(digest, decoded, long))
    value(Signature.verify(digest, decoded, hybrid, 'consensus'))
  })

  test('A8: hybrid keys name the parity of y, odd or even', () => {
    const seen = new Set<number>()
    for (let i = 1; i <= 12; i++) {
      const whole = secp256k1.getPublicKey(new Uint8Array(32).fill(i), false)
      const first = 6 + ((whole[64] as number) % 2)
      seen.add(first)
      for (const prefix of [5, 6, 7, 8])
        expect(Signature.isKey(whole.with(0, prefix), 'consensus')).toBe(prefix === first)
    }
    expect([...seen].sort()).toEqual([6, 7])
  })

  test('A8: hybrid keys, keys of another length or prefix, points off the curve', () => {
    const decoded = { compact, hashType: 1 }
    const judge = (of: Uint8Array, rules?: Signature.Rules) =>
      check(Signature.verify(digest, decoded, of, rules))
    expect(judge(hybrid)).toBe('key-form')
    expect(judge(flip(hybrid, 0), 'consensus')).toBe('key-form')
    for (const rules of ['standard', 'consensus'] as const) {
      expect(judge(new Uint8Array(0), rules)).toBe('key-form')
      expect(judge(key.subarray(1), rules)).toBe('key-form')
      expect(judge(Uint8Array.of(4, ...key.subarray(1)), rules)).toBe('key-form')
      expect(judge(Uint8Array.of(5, ...long.subarray(1)), rules)).toBe('key-form')
      for (const length of [1, 32, 34, 64]) expect(judge(long.subarray(0, length), rules)).toBe('key-form')
      expect(judge(Uint8Array.of(...long, 0), rules)).toBe('key-form')
      expect(judge(new Uint8Array(33).fill(2), rules)).toBe('signature')
      expect(judge(secp256k1.getPublicKey(other, true), rules)).toBe('signature')
    }
    expect([key, long, hybrid].map((of) => Signature.isKey(of))).toEqual([true, true, false])
  })

  test('A8: s above half the order is refused by relay, and read by consensus', () => {
    const high = der(highS(compact), 1)
    expect(check(Signature.decode(high))).toBe('signature-high-s')
    value(Signature.verify(digest, value(Signature.decode(high, 'consensus')), key))
    const half = ORDER >> 1n
    const of = (s: bigint) => Signature.decode(der(concat(compact.slice(0, 32), bytes32(s)), 1))
    expect(of(half).ok).toBe(true)
    expect(check(of(half + 1n))).toBe('signature-high-s')
  })

  test('A8: r or s of zero, of the order, or longer than 32 bytes', () => {
    const judge = (r: Uint8Array, s: Uint8Array) => {
      const body = concat(r, s)
      const decoded = value(Signature.decode(Uint8Array.of(0x30, body.length, ...body, 1), 'consensus'))
      return check(Signature.verify(digest, decoded, key))
    }
    const good = integer(compact.slice(32))
    const order = integer(bytes32(ORDER))
    const huge = Uint8Array.of(2, 34, 1, ...new Uint8Array(33))
    for (const bad of [integer(new Uint8Array(32)), order, huge]) {
      expect(judge(bad, good)).toBe('signature')
      expect(judge(good, bad)).toBe('signature')
    }
    // What is too long reads as all ones, and leaves the other as it is.
    const ones = new Uint8Array(32).fill(0xff)
    for (const [r, s, read] of [
      [good, huge, concat(compact.slice(32), ones)],
      [huge, good, concat(ones, compact.slice(32))],
    ] as const) {
      const body = concat(r, s)
      const raw = Uint8Array.of(0x30, body.length, ...body, 1)
      expect(value(Signature.decode(raw, 'consensus')).compact).toEqual(read)
    }
  })

  test.each([
    ['too short', '3005020101020101'],
    ['too long', `3047${'00'.repeat(72)}`],
    ['no sequence', '31060201010201010001'.slice(0, 18)],
    ['wrong length', '300702010102010101'],
    ['r beyond the end', '300602040102010101'],
    ['s too short', '300702010102020101'],
    ['s too long', '3007020101020101aa01'],
    ['r no integer', '300603010102010101'],
    ['s no integer', '300602010103010101'],
    ['r empty', '30060200020201010101'.slice(0, 18)],
    ['r negative', '300602018102010101'],
    ['s negative', '300602010102018101'],
    ['r padded', '30070202000102010101'],
    ['s padded', '30070201010202000101'],
  ])('A8: not strict DER: %s', (_, text) => {
    for (const rules of ['standard', 'consensus'] as const)
      expect(check(Signature.decode(unhex(text), rules))).toBe('signature-der')
  })

  test.each([
    ['3005020101020101', '9 to 73 bytes are expected, got 8'],
    ['310602010102010101', 'it is no sequence'],
    ['300702010102010101', 'its length is wrong'],
    ['300602040102010101', 'r goes beyond the end'],
    ['300602010102020101', 'r and s are not all of it'],
    ['300602018002010101', 'r or s is no shortest positive integer'],
    ['300602010102018001', 'r or s is no shortest positive integer'],
    ['300602010002010101', undefined],
  ])('A8: %s: %s', (text, what) => {
    const decoded = Signature.decode(unhex(text))
    if (what === undefined) expect(decoded.ok).toBe(true)
    else
      expect(refusal(decoded)).toMatchObject({ check: 'signature-der', message: `not strict DER: ${what}` })
  })

  test('A8: an empty r or s', () => {
    expect(check(Signature.decode(unhex('3006020002020101' + '01')))).toBe('signature-der')
    expect(check(Signature.decode(unhex('3006020201010200' + '01')))).toBe('signature-der')
  })

  test('A7: undefined hash types are not relayed', () => {
    for (let type = 0; type < 256; type++) {
      const defined = [1, 2, 3, 0x81, 0x82, 0x83].includes(type)
      expect(Signature.isDefined(type)).toBe(defined)
      const decoded = Signature.decode(der(compact, type))
      if (defined) value(decoded)
      else
        expect(refusal(decoded)).toEqual({
          check: 'sighash-type',
          message: `hash type ${type} is undefined`,
          context: { hashType: type },
        })
      expect(value(Signature.decode(der(compact, type), 'consensus')).hashType).toBe(type)
    }
  })

  test('A8: BIP-340: another message, key, length', () => {
    const signature = schnorr.sign(digest, secret)
    const x = schnorr.getPublicKey(secret)
    expect(value(Signature.verifySchnorr(digest, signature, x))).toBe(true)
    for (const wrong of [flip(signature, 0), flip(signature, 500), signature.subarray(1), new Uint8Array(64)])
      expect(check(Signature.verifySchnorr(digest, wrong, x))).toBe('signature')
    expect(check(Signature.verifySchnorr(flip(digest, 3), signature, x))).toBe('signature')
    expect(check(Signature.verifySchnorr(digest, signature, x.subarray(1)))).toBe('signature')
  })
})

describe('Sighash', () => {
  const it = spend(pkh(key))
  const code = pkh(key)
  const types = [all, none, single, all | anyoneCanPay, none | anyoneCanPay, single | anyoneCanPay]
  const change = (by: Partial<Transaction.Transaction>): Transaction.Transaction => ({
    ...it.transaction,
    ...by,
  })
  const [first, second] = it.transaction.inputs as [Transaction.Input, Transaction.Input]
  const [o0, o1] = outputs as [Transaction.Output, Transaction.Output]
  const flipped = flip(first.txid, 0)

  const digests: Record<string, (t: Transaction.Transaction, type: number) => Uint8Array> = {
    legacy: (t, type) => value(Sighash.legacy(t, 1, code, type)),
    witnessV0: (t, type) => value(Sighash.witnessV0(t, 1, code, 2000n, type)),
    taproot: (t, type) => value(Sighash.taproot(t, 1, it.prevouts, type)),
  }
  test.each(Object.keys(digests))('A7: %s: what each hash type commits to', (name) => {
    const digest = digests[name] as (typeof digests)[string]
    const commits = (by: Partial<Transaction.Transaction>) =>
      types.map((type) => hex(digest(change(by), type)) !== hex(digest(it.transaction, type)))
    const every = [true, true, true, true, true, true]
    expect(commits({ version: 3 })).toEqual(every)
    expect(commits({ lockTime: 10 })).toEqual(every)
    expect(commits({ inputs: [first, { ...second, sequence: 1 }] })).toEqual(every)
    expect(commits({ inputs: [first, { ...second, txid: flipped }] })).toEqual(every)
    expect(commits({ inputs: [first, { ...second, index: 7 }] })).toEqual(every)
    const others = [true, true, true, false, false, false]
    expect(commits({ inputs: [{ ...first, txid: flipped }, second] })).toEqual(others)
    // Taproot commits to the sequences of all inputs whatever becomes of the outputs.
    expect(commits({ inputs: [{ ...first, sequence: 1 }, second] })).toEqual(
      name === 'taproot' ? others : [true, false, false, false, false, false],
    )
    expect(commits({ outputs: [{ ...o0, amount: 1n }, o1] })).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
    ])
    expect(commits({ outputs: [o0, { ...o1, script: o0.script }] })).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ])
    expect(commits({ outputs: [...outputs, o0] })).toEqual([true, false, false, true, false, false])
    expect(new Set(types.map((type) => hex(digest(it.transaction, type)))).size).toBe(6)
  })

  test('A7: SIGHASH_SINGLE without an output of its index is the number one', () => {
    const one = change({ outputs: [o0] })
    for (const type of [single, single | anyoneCanPay, 0x43])
      expect(hex(value(Sighash.legacy(one, 1, code, type)))).toBe(`01${'00'.repeat(31)}`)
    expect(value(Sighash.witnessV0Message(one, 1, code, 1n, single)).slice(-40, -8)).toEqual(
      new Uint8Array(32),
    )
    expect(check(Sighash.taproot(one, 1, it.prevouts, single))).toBe('sighash-single')
  })

  test('A7: OP_CODESEPARATOR is cut from what is signed, but not behind a broken push', () => {
    const of = (script: string) => hex(value(Sighash.legacy(it.transaction, 1, unhex(script), all)))
    expect(of('ab51abac')).toBe(of('51ac'))
    expect(of('02abab51ab')).toBe(of('02abab51'))
    expect(of('5102ab')).not.toBe(of('5102'))
  })

  test('A7: taproot: undefined hash types, annex and leaf', () => {
    const digest = (options = {}, type = 0) =>
      hex(value(Sighash.taproot(it.transaction, 1, it.prevouts, type, options)))
    for (let type = 0; type < 256; type++) {
      const known = [0, 1, 2, 3, 0x81, 0x82, 0x83].includes(type)
      const verdict = Sighash.taproot(it.transaction, 1, it.prevouts, type)
      if (known) value(verdict)
      else expect(check(verdict)).toBe('sighash-type')
    }
    const leaf = { hash: sha256(unhex('02')) }
    const seen = [
      digest(),
      digest({}, all),
      digest({ annex: unhex('50') }),
      digest({ annex: unhex('5000') }),
      digest({ leaf }),
      digest({ leaf: { ...leaf, codeSeparator: 0 } }),
      digest({ leaf: { hash: sha256(unhex('03')) } }),
      digest({ leaf, annex: unhex('50') }),
      digest({ leaf }, single | anyoneCanPay),
    ]
    expect(new Set(seen).size).toBe(seen.length)
    expect(digest({ leaf: { ...leaf, codeSeparator: 0xffffffff } })).toBe(digest({ leaf }))
    // After the hash type, version, lock time and five hashes: which of the two there are.
    const annex = unhex('50')
    const types = [{}, { annex }, { leaf }, { leaf, annex }].map(
      (options) => value(Sighash.taprootMessage(it.transaction, 1, it.prevouts, 0, options))[169],
    )
    expect(types).toEqual([0, 1, 2, 3])
  })

  test('A11: amounts and scripts that are spent are signed: version 0 its own, taproot all', () => {
    const v0 = (amount: bigint) => hex(value(Sighash.witnessV0(it.transaction, 1, code, amount, all)))
    expect(v0(1n)).not.toBe(v0(2n))
    const tap = (prevouts: readonly Transaction.Output[]) =>
      hex(value(Sighash.taproot(it.transaction, 1, prevouts, all)))
    const [a, b] = it.prevouts as [Transaction.Output, Transaction.Output]
    const seen = [
      [a, b],
      [{ ...a, amount: 1n }, b],
      [{ ...a, script: unhex('52') }, b],
      [a, { ...b, amount: 1n }],
    ].map(tap)
    expect(new Set(seen).size).toBe(4)
  })

  test('error: input-index, input-prevouts', () => {
    expect(check(Sighash.legacy(it.transaction, 2, code, all))).toBe('input-index')
    expect(check(Sighash.witnessV0(it.transaction, 2, code, 1n, all))).toBe('input-index')
    expect(check(Sighash.taproot(it.transaction, 2, it.prevouts, all))).toBe('input-index')
    expect(check(Sighash.taproot(it.transaction, 1, it.prevouts.slice(0, 1), all))).toBe('input-prevouts')
    expect(check(Sighash.taproot(it.transaction, 1, [...it.prevouts, ...it.prevouts], all))).toBe(
      'input-prevouts',
    )
  })
})

describe('InputSignature', () => {
  const byKey = { by: 'key', hashTypes: [1] }

  test('default: one key, in every form', () => {
    const bare = spend(pk(key))
    expect(value(bare.judge({ script: pushes(legacy(bare, pk(key))) }))).toEqual(byKey)
    const hash = spend(pkh(key))
    expect(value(hash.judge({ script: pushes(legacy(hash, pkh(key)), key) }))).toEqual(byKey)
    const uncompressed = spend(pkh(long))
    expect(value(uncompressed.judge({ script: pushes(legacy(uncompressed, pkh(long)), long) }))).toEqual(
      byKey,
    )
    const byScript = spend(p2sh(pk(key)))
    expect(value(byScript.judge({ script: pushes(legacy(byScript, pk(key)), pk(key)) }))).toEqual(byKey)
    const byHash = spend(p2sh(pkh(key)))
    const unlock = pushes(legacy(byHash, pkh(key)), key, pkh(key))
    expect(value(byHash.judge({ script: unlock }))).toEqual(byKey)
    const wpkh = spend(p2wpkh(key))
    expect(value(wpkh.judge({ witness: [v0(wpkh, pkh(key)), key] }))).toEqual(byKey)
    const wrapped = spend(p2sh(p2wpkh(key)))
    const script = pushes(p2wpkh(key))
    expect(value(wrapped.judge({ script, witness: [v0(wrapped, pkh(key)), key] }))).toEqual(byKey)
    const wsh = spend(p2wsh(pk(key)))
    expect(value(wsh.judge({ witness: [v0(wsh, pk(key)), pk(key)] }))).toEqual(byKey)
  })

  test('A11: a version 0 signature over another amount', () => {
    const it = spend(p2wpkh(key))
    const witness = [v0(it, pkh(key), all, secret, 1_000n), key]
    expect(check(it.judge({ witness }))).toBe('signature')
  })

  test('default: several keys, in order', () => {
    const third = new Uint8Array(32).fill(9)
    const keys = [secret, other, third].map((one) => secp256k1.getPublicKey(one, true))
    const script = multi(2, ...keys)
    const it = spend(p2wsh(script))
    const sign = (of: Uint8Array, type = 1) => v0(it, script, type, of)
    const empty = new Uint8Array(0)
    const judge = (...items: Uint8Array[]) => it.judge({ witness: [...items, script] })
    expect(value(judge(empty, sign(secret), sign(third, 3)))).toEqual({ by: 'multisig', hashTypes: [3, 1] })
    for (const [a, b] of [
      [secret, other],
      [secret, third],
      [other, third],
    ] as const)
      expect(judge(empty, sign(a), sign(b)).ok).toBe(true)
    for (const [a, b] of [
      [other, secret],
      [secret, secret],
      [third, third],
    ] as const)
      expect(check(judge(empty, sign(a), sign(b)))).toBe('signature')
    expect(check(judge(empty, empty, sign(third)))).toBe('signature')
    expect(check(judge(Uint8Array.of(0), sign(secret), sign(other)))).toBe('multisig-dummy')
    expect(check(judge(sign(secret), sign(other)))).toBe('stack-size')
    expect(check(judge(empty, empty, sign(secret), sign(other)))).toBe('stack-size')
    expect(check(judge(empty, sign(secret).subarray(1), sign(third)))).toBe('signature-der')
    const sixteen = new Array<Uint8Array>(15).fill(long)
    for (const one of [multi(1, key, long), multi(1, ...sixteen, key)]) {
      const bare = spend(one)
      expect(value(bare.judge({ script: pushes(empty, legacy(bare, one)) })).by).toBe('multisig')
    }
  })

  test('A8: a hybrid key among several: relay refuses, consensus passes it over', () => {
    const script = multi(1, key, flip(hybrid, 0))
    const it = spend(script)
    const judge = (rules: Signature.Rules) =>
      it.judge({ script: pushes(new Uint8Array(0), legacy(it, script)) }, rules)
    expect(check(judge('standard'))).toBe('key-form')
    expect(value(judge('consensus')).by).toBe('multisig')
  })

  test('A8: uncompressed keys in version 0 programs are not relayed', () => {
    const it = spend(p2wsh(pk(long)))
    const witness = [v0(it, pk(long)), pk(long)]
    expect(check(it.judge({ witness }))).toBe('key-form')
    expect(value(it.judge({ witness }, 'consensus'))).toEqual(byKey)
  })

  test('A7: a signature that commits to nothing', () => {
    const it = spend(pk(key), outputs.slice(0, 1))
    const script = pushes(legacy(it, pk(key), single))
    expect(refusal(it.judge({ script }))).toEqual({
      check: 'sighash-single',
      message: 'there is no output 1 to commit to',
      context: { index: 1 },
    })
    expect(value(it.judge({ script: pushes(legacy(it, pk(key))) }))).toEqual(byKey)
    expect(value(it.judge({ script }, 'consensus'))).toEqual({ by: 'key', hashTypes: [3] })
    const fine = spend(pk(key))
    expect(value(fine.judge({ script: pushes(legacy(fine, pk(key), single)) })).hashTypes).toEqual([3])
  })

  test('error: signature, signature-der, stack-size, witness-program, script-hash', () => {
    const it = spend(pk(key))
    expect(check(it.judge({ script: pushes(legacy(it, pk(key), all, other)) }))).toBe('signature')
    expect(check(it.judge({ script: pushes(new Uint8Array(0)) }))).toBe('signature')
    expect(check(it.judge({ script: pushes(new Uint8Array(9)) }))).toBe('signature-der')
    expect(check(it.judge({}))).toBe('stack-size')
    const more = pushes(unhex('aa'), legacy(it, pk(key)))
    expect(check(it.judge({ script: more }))).toBe('stack-size')
    expect(value(it.judge({ script: more }, 'consensus'))).toEqual(byKey)
    const hash = spend(pkh(key))
    const stranger = secp256k1.getPublicKey(other, true)
    expect(check(hash.judge({ script: pushes(legacy(hash, pkh(key), all, other), stranger) }))).toBe(
      'witness-program',
    )
    expect(check(hash.judge({ script: pushes(legacy(hash, pkh(key), all, other), key) }))).toBe('signature')
    expect(check(hash.judge({ script: pushes(key) }))).toBe('stack-size')
    const program = spend(p2wsh(pk(key)))
    expect(check(program.judge({ witness: [v0(program, pk(key)), pk(long)] }))).toBe('witness-program')
    expect(check(program.judge({}))).toBe('witness-program')
    expect(check(spend(unhex('0002aabb')).judge({}))).toBe('witness-program')
    const byScript = spend(p2sh(pk(key)))
    expect(check(byScript.judge({ script: pushes(legacy(byScript, pk(key)), pk(long)) }))).toBe('script-hash')
    expect(check(byScript.judge({}))).toBe('script-hash')
  })

  test('error: what doesn’t belong there: script-sig, script-push, push-minimal, script-encoding, witness-unexpected', () => {
    const wpkh = spend(p2wpkh(key))
    const witness = [v0(wpkh, pkh(key)), key]
    expect(check(wpkh.judge({ witness, script: unhex('51') }))).toBe('script-sig')
    const wrapped = spend(p2sh(p2wpkh(key)))
    const twice = pushes(unhex('aa'), p2wpkh(key))
    expect(check(wrapped.judge({ script: twice, witness }))).toBe('script-sig')
    const bare = spend(pk(key))
    const signature = legacy(bare, pk(key))
    expect(check(bare.judge({ script: pushes(signature), witness: [key] }))).toBe('witness-unexpected')
    const longPush = concat(Uint8Array.of(0x4c, signature.length), signature)
    expect(check(bare.judge({ script: longPush }))).toBe('push-minimal')
    // The stricter rules are those that nobody asks for.
    const unasked = InputSignature.verify(bare.fill({ script: longPush }), 1, bare.prevouts)
    expect(check(unasked)).toBe('push-minimal')
    expect(value(bare.judge({ script: longPush }, 'consensus'))).toEqual(byKey)
    for (const rules of ['standard', 'consensus'] as const)
      expect(check(bare.judge({ script: unhex('02aa') }, rules))).toBe('script-encoding')
    expect(check(bare.judge({ script: unhex('76') }))).toBe('script-push')
    expect(check(bare.judge({ script: unhex('76') }, 'consensus'))).toBe('script-unsupported')
    const byScript = spend(p2sh(pk(key)))
    expect(check(byScript.judge({ script: unhex('76') }, 'consensus'))).toBe('script-push')
  })

  test('behavior: what only an interpreter can tell', () => {
    for (const script of [
      unhex('51'),
      unhex('02aa'),
      unhex('ac'),
      concat(sized(key), unhex('ad')),
      concat(sized(key), unhex('acac')),
      concat(unhex('76a914'), new Uint8Array(20), unhex('88ad')),
      concat(unhex('51'), sized(key), unhex('52ae')),
      concat(unhex('52'), sized(key), unhex('51ae')),
      concat(unhex('51'), sized(key), unhex('51af')),
      concat(unhex('00'), sized(key), unhex('51ae')),
      unhex('510151ae'),
      // A push of another length than a key's, alone and among several.
      unhex('02aabbac'),
      concat(unhex('51'), sized(key), unhex('02aabb52ae')),
      concat(unhex('5102aabb'), sized(key), unhex('52ae')),
      // Seventeen keys: 0x61 pushes no number.
      multi(1, ...new Array<Uint8Array>(17).fill(key)),
    ])
      expect(check(spend(script).judge({}))).toBe('script-unsupported')
  })

  test('property: it is total, and accepts nothing made up', () => {
    const operation = fc.constantFrom(0x00, 0x51, 0x52, 0x60, 0x76, 0x87, 0x88, 0xa9, 0xac, 0xae)
    const script = fc
      .array(
        fc.oneof(
          operation.map((code) => Uint8Array.of(code)),
          fc.constantFrom(sized(key), sized(long), unhex('02aa')),
        ),
        {
          maxLength: 6,
        },
      )
      .map((parts) => concat(...parts))
    const item = fc.uint8Array({ maxLength: 80 })
    fc.assert(
      fc.property(
        script,
        item,
        fc.array(item, { maxLength: 4 }),
        fc.nat(3),
        (inner, unlocking, witness, form) => {
          const locking = [inner, p2sh(inner), p2wsh(inner), Taproot.toScript(key.slice(1))][
            form
          ] as Uint8Array
          const items = form === 2 ? [...witness, inner] : witness
          const unlock = form === 1 ? pushes(...witness, inner) : form === 0 ? unlocking : new Uint8Array(0)
          for (const rules of ['standard', 'consensus'] as const) {
            const verdict = spend(locking).judge({ script: unlock, witness: form === 1 ? [] : items }, rules)
            // What is drawn may be the program of a later version (51 02 aa00), which consensus leaves open to anyone.
            const open = rules === 'consensus' && form < 2 && Script.witnessProgram(inner) !== undefined
            if (verdict.ok) expect({ open, by: verdict.value.by }).toEqual({ open: true, by: 'open' })
          }
        },
      ),
    )
  })

  test('error: input-index, input-prevouts', () => {
    const { transaction, prevouts } = spend(pk(key))
    expect(check(InputSignature.verify(transaction, 2, prevouts))).toBe('input-index')
    expect(check(InputSignature.verify(transaction, 1, prevouts.slice(0, 1)))).toBe('input-prevouts')
    expect(check(InputSignature.verify(transaction, 1, [...prevouts, ...prevouts]))).toBe('input-prevouts')
  })

  describe('taproot', () => {
    const internal = schnorr.getPublicKey(secret)
    const leafScript = concat(sized(internal), Uint8Array.of(0xac))
    const sibling = sha256(unhex('aa'))
    const tree = (script: Uint8Array, version = 0xc0) => {
      const hash = Taproot.leafHash(script, version)
      const { key: output, parity } = value(Taproot.tweak(internal, Taproot.branchHash(hash, sibling)))
      return { hash, output, control: Taproot.controlBlock(internal, parity, [sibling], version) }
    }
    const direct = spend(Taproot.toScript(internal))
    const sign = (it: ReturnType<typeof spend>, type: number, options = {}) => {
      const digest = value(Sighash.taproot(it.transaction, 1, it.prevouts, type, options))
      const signature = schnorr.sign(digest, secret)
      return type === 0 ? signature : concat(signature, Uint8Array.of(type))
    }

    test('default: by key, with each hash type', () => {
      for (const type of [0, 1, 2, 3, 0x81, 0x82, 0x83])
        expect(value(direct.judge({ witness: [sign(direct, type)] }))).toEqual({
          by: 'key',
          hashTypes: [type],
        })
    })

    test('A7: signature-length, sighash-type, sighash-single, signature, witness-empty', () => {
      const good = sign(direct, 0)
      const judge = (...witness: Uint8Array[]) => check(direct.judge({ witness }))
      expect(judge()).toBe('witness-empty')
      expect(judge(good.subarray(1))).toBe('signature-length')
      expect(judge(concat(good, Uint8Array.of(0)))).toBe('signature-length')
      expect(judge(new Uint8Array(66))).toBe('signature-length')
      expect(judge(concat(good, Uint8Array.of(4)))).toBe('sighash-type')
      expect(judge(concat(good, Uint8Array.of(0x80)))).toBe('sighash-type')
      expect(judge(concat(good, Uint8Array.of(1)))).toBe('signature')
      expect(judge(flip(good, 9))).toBe('signature')
      const one = spend(Taproot.toScript(internal), outputs.slice(0, 1))
      expect(check(one.judge({ witness: [concat(good, Uint8Array.of(3))] }))).toBe('sighash-single')
    })

    test('A7: the annex is signed; nodes do not relay it', () => {
      const annex = unhex('50aabb')
      const witness = [sign(direct, 0, { annex }), annex]
      expect(check(direct.judge({ witness }))).toBe('annex')
      expect(value(direct.judge({ witness }, 'consensus')).by).toBe('key')
      expect(check(direct.judge({ witness: [witness[0] as Uint8Array, unhex('50aabc')] }, 'consensus'))).toBe(
        'signature',
      )
      expect(check(direct.judge({ witness: [annex] }))).toBe('signature-length')
      // By a leaf too.
      const { hash, output, control } = tree(leafScript)
      const it = spend(Taproot.toScript(output))
      const signed = [sign(it, 0, { annex, leaf: { hash } }), leafScript, control, annex]
      expect(value(it.judge({ witness: signed }, 'consensus'))).toEqual({ by: 'key', hashTypes: [0] })
    })

    test('A7: a leaf of 128 hashes is the deepest; a control block has 33 bytes at least', () => {
      const path = Array.from({ length: 129 }, (_, i) => new Uint8Array(32).fill(i))
      const commit = (depth: number) => {
        const siblings = path.slice(0, depth)
        const root = siblings.reduce(
          (node, one) => Taproot.branchHash(node, one),
          Taproot.leafHash(leafScript),
        )
        const { key: output, parity } = value(Taproot.tweak(internal, root))
        return TapLeaf.verify(output, leafScript, Taproot.controlBlock(internal, parity, siblings))
      }
      expect(value(commit(128)).version).toBe(0xc0)
      expect(check(commit(129))).toBe('control-block')
      for (const length of [0, 1, 32, 34])
        expect(check(TapLeaf.verify(internal, leafScript, new Uint8Array(length)))).toBe('control-block')
    })

    test('behavior: leaves that only an interpreter can tell', () => {
      for (const script of [
        unhex(''),
        unhex('51ac'),
        sized(internal),
        concat(sized(internal), unhex('ad')),
        concat(leafScript, unhex('51')),
        concat(sized(key), unhex('ac')),
      ]) {
        const { hash, output, control } = tree(script)
        const it = spend(Taproot.toScript(output))
        const signature = sign(it, 0, { leaf: { hash } })
        for (const witness of [
          [script, control],
          [signature, script, control],
        ])
          expect(check(it.judge({ witness }))).toBe('script-unsupported')
      }
    })

    test('default: by a leaf of one key', () => {
      const { hash, output, control } = tree(leafScript)
      const it = spend(Taproot.toScript(output))
      const signature = sign(it, 0, { leaf: { hash } })
      const judge = (...witness: Uint8Array[]) => it.judge({ witness })
      expect(value(judge(signature, leafScript, control))).toEqual({ by: 'key', hashTypes: [0] })
      expect(check(judge(sign(it, 0), leafScript, control))).toBe('signature')
      expect(refusal(judge(leafScript, control))).toMatchObject({
        check: 'stack-size',
        message: 'one signature is expected, got 0 items',
      })
      expect(check(judge(signature, signature, leafScript, control))).toBe('stack-size')
      expect(check(judge(signature, leafScript, flip(control, 0)))).toBe('taproot-commitment')
      expect(check(judge(signature, leafScript, flip(control, 400)))).toBe('taproot-commitment')
      expect(check(judge(signature, concat(leafScript, leafScript), control))).toBe('taproot-commitment')
      expect(check(judge(signature, leafScript, control.subarray(0, 32)))).toBe('control-block')
      expect(check(judge(signature, leafScript, control.subarray(1)))).toBe('control-block')
      expect(check(judge(signature, leafScript, new Uint8Array(33 + 32 * 129)))).toBe('control-block')
      const none = concat(Uint8Array.of(0xc0), new Uint8Array(32).fill(0xff))
      expect(check(judge(signature, leafScript, none))).toBe('key-off-curve')
    })

    test('A7: an unknown leaf version and OP_SUCCESS: consensus asks for nothing, so nobody should', () => {
      const open = (script: Uint8Array, version?: number, what = 'an OP_SUCCESS') => {
        const { output, control } = tree(script, version)
        const it = spend(Taproot.toScript(output))
        const judge = (rules: Signature.Rules) => it.judge({ witness: [script, control] }, rules)
        expect(refusal(judge('standard'))).toMatchObject({
          check: 'not-standard',
          message: `${what}: anyone can spend it, and nodes don't relay that`,
        })
        expect(value(judge('consensus'))).toEqual({ by: 'open', hashTypes: [] })
      }
      open(leafScript, 0xc2, 'a leaf of version 194')
      for (let code = 0; code < 256; code++) {
        const success =
          [80, 98, 137, 138, 141, 142].includes(code) ||
          [
            [126, 129],
            [131, 134],
            [149, 153],
            [187, 254],
          ].some(([a = 0, b = 0]) => code >= a && code <= b)
        // Also where the rest is broken.
        if (success && code % 8 === 0) open(Uint8Array.of(code, 2, 1))
        if (success) continue
        const script = code > 0x4e ? Uint8Array.of(code) : Uint8Array.of(0x61)
        const { output, control } = tree(script)
        const it = spend(Taproot.toScript(output))
        if (code % 16 === 1)
          expect(check(it.judge({ witness: [script, control] }, 'consensus'))).toBe('script-unsupported')
      }
      for (const code of [80, 98, 126, 129, 131, 134, 137, 138, 141, 142, 149, 153, 187, 254])
        open(Uint8Array.of(code))
      for (const code of [79, 81, 97, 99, 125, 130, 135, 136, 139, 140, 143, 148, 154, 186, 255]) {
        const { output, control } = tree(Uint8Array.of(code))
        const it = spend(Taproot.toScript(output))
        expect(check(it.judge({ witness: [Uint8Array.of(code), control] }, 'consensus'))).toBe(
          'script-unsupported',
        )
      }
      const { output, control } = tree(unhex('02aa'))
      expect(check(spend(Taproot.toScript(output)).judge({ witness: [unhex('02aa'), control] }))).toBe(
        'script-encoding',
      )
    })

    test('behavior: programs that have no rules yet', () => {
      const open = (script: Uint8Array, change = {}) => {
        expect(check(spend(script).judge(change))).toBe('not-standard')
        expect(value(spend(script).judge(change, 'consensus')).by).toBe('open')
      }
      open(unhex('5202aabb'))
      open(concat(unhex('511f'), new Uint8Array(31).fill(1)))
      // Of the lengths that other versions have rules for.
      open(concat(unhex('5114'), new Uint8Array(20).fill(1)))
      open(concat(unhex('5214'), hash160(key)), { witness: [key, key] })
      open(concat(unhex('5220'), internal))
      open(unhex('52020001'))
      open(
        unhex('52020080')
          .slice(0, 4)
          .map((byte, i) => (i === 2 ? 0x80 : byte)),
      )
      const inner = Taproot.toScript(internal)
      open(p2sh(inner), { script: pushes(inner) })
      // Zero, and the negative zero: false on the stack.
      for (const zero of ['52020000', '52020080'])
        expect(check(spend(unhex(zero)).judge({}, 'consensus'))).toBe('witness-program')
    })
  })
})
