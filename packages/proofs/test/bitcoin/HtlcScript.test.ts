import { Hashlock } from '@aitbc/core'
import { Bech32, Consensus, HtlcScript, SegwitAddress, Taproot } from '@aitbc/proofs/bitcoin'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { KEYS, SECRET, START, termsOf } from './world.js'

const network = Consensus.regtest.network
const H = hex(Hashlock.of(SECRET))
const compressed = {
  locker: hex(secp256k1.getPublicKey(KEYS.locker, true)),
  beneficiary: hex(secp256k1.getPublicKey(KEYS.beneficiary, true)),
}
const until = (at: bigint) => termsOf('p2wsh', { deadline: { network, clock: 'median-time', value: at } })
const signature = new Uint8Array(71).fill(0x30)

describe('HtlcScript', () => {
  test('default: P2WSH is this script, byte for byte', () => {
    const script = value(HtlcScript.from(until(1_900_000_001n)))
    // 1,900,000,000 is 0x713fb300: four bytes, least significant first.
    const expected =
      `6382012088a820${H}8821${compressed.beneficiary}` + `670400b33f71b17521${compressed.locker}68ac`
    if (script.kind !== 'p2wsh') throw new Error(script.kind)
    expect(hex(script.script)).toBe(expected)
    expect(hex(script.scriptPubKey)).toBe(`0020${hex(sha256(unhex(expected)))}`)
    expect(script.lockTime).toBe(1_900_000_000)
  })

  test('default: P2TR is these two leaves under the unspendable key', () => {
    const script = value(HtlcScript.from({ ...until(1_900_000_001n), backend: { network, kind: 'p2tr' } }))
    if (script.kind !== 'p2tr') throw new Error(script.kind)
    expect(hex(script.claim.script)).toBe(`82012088a820${H}8820${compressed.beneficiary.slice(2)}ac`)
    expect(hex(script.refund.script)).toBe(`0400b33f71b17520${compressed.locker.slice(2)}ac`)
    expect(hex(script.internalKey)).toBe('50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0')
    // A copy: the constant is nobody's to change.
    expect(script.internalKey).not.toBe(Taproot.UNSPENDABLE)
    const root = Taproot.branchHash(script.refund.hash, script.claim.hash)
    const { key, parity } = value(Taproot.tweak(Taproot.UNSPENDABLE, root))
    expect(hex(script.scriptPubKey)).toBe(`5120${hex(key)}`)
    expect(hex(script.claim.controlBlock)).toBe(
      `${(0xc0 | parity).toString(16)}${hex(Taproot.UNSPENDABLE)}${hex(script.refund.hash)}`,
    )
  })

  test('the unspendable key is the x coordinate that BIP-341 derives: SHA-256 of the generator', () => {
    const generator = secp256k1.Point.BASE.toBytes(false)
    expect(hex(sha256(generator))).toBe(hex(Taproot.UNSPENDABLE))
    expect(Taproot.isKey(Taproot.UNSPENDABLE)).toBe(true)
  })

  test('addresses are the network’s own', () => {
    for (const kind of ['p2wsh', 'p2tr'] as const) {
      const script = value(HtlcScript.from(termsOf(kind)))
      for (const prefix of ['bc', 'tb', 'bcrt']) {
        const address = HtlcScript.address(script, prefix)
        expect(hex(SegwitAddress.toScript(value(SegwitAddress.decode(address, prefix))))).toBe(
          hex(script.scriptPubKey),
        )
        expect(address.startsWith(`${prefix}1${kind === 'p2wsh' ? 'q' : 'p'}`)).toBe(true)
      }
    }
  })

  test('H28: lock times at their limits: kind, width and sign of the number', () => {
    const push = (at: bigint) => {
      const script = value(HtlcScript.from(until(at)))
      if (script.kind !== 'p2wsh') throw new Error(script.kind)
      return hex(script.script).slice(2 * 75, 2 * 75 + 12)
    }
    // The script carries T − 1; from 2^31 on a fifth byte keeps the number positive.
    expect(push(500_000_001n)).toMatch(/^040065cd1d/)
    expect(push(0x7fff_ffffn + 1n)).toMatch(/^04ffffff7f/)
    expect(push(0x8000_0000n + 1n)).toBe('050000008000')
    expect(push(0xffff_ffffn)).toBe('05feffffff00')
    expect(push(0x1_0000_0000n)).toBe('05ffffffff00')
    for (const at of [0n, 1n, 499_999_999n, 500_000_000n, 0x1_0000_0001n, -1n, 1_900_000_000_000n])
      expect(check(HtlcScript.from(until(at))), `${at}`).toBe('htlc-deadline')
    for (const clock of ['height', 'unix'] as const)
      expect(
        check(HtlcScript.from(termsOf('p2wsh', { deadline: { network, clock, value: BigInt(START) } }))),
      ).toBe('htlc-deadline')
  })

  test('H20: terms that no script of ours stands for', () => {
    const from = (change: Parameters<typeof termsOf>[1], kind: 'p2wsh' | 'p2tr' = 'p2wsh') =>
      check(HtlcScript.from(termsOf(kind, change)))
    expect(from({ backend: { network, kind: 'contract' } })).toBe('htlc-kind')
    expect(from({ backend: { network: 'eip155:1', kind: 'p2wsh' } })).toBe('htlc-network')
    expect(from({ asset: `${Consensus.mainnet.network}/slip44:0` })).toBe('htlc-network')
    const clock = { network: 'eip155:1', clock: 'median-time', value: BigInt(START) } as const
    expect(
      from({ backend: { network: 'eip155:1', kind: 'p2wsh' }, asset: 'eip155:1/slip44:60', deadline: clock }),
    ).toBe('htlc-network')
    expect(from({ deadline: clock })).toBe('htlc-deadline')
    expect(HtlcScript.from(termsOf('p2wsh', { amount: 2_100_000_000_000_000n })).ok).toBe(true)
    expect(from({ asset: `${network}/erc20:1` })).toBe('htlc-asset')
    expect(from({ asset: `${network}/slip44:1/7` })).toBe('htlc-asset')
    for (const amount of [0n, -1n, 2_100_000_000_000_001n]) expect(from({ amount })).toBe('htlc-amount')
    expect(from({ hashlock: new Uint8Array(31) })).toBe('htlc-hashlock')
    const { locker, beneficiary } = termsOf('p2wsh')
    const key = locker.publicKey as Uint8Array
    const { publicKey: _, ...keyless } = locker
    expect(from({ locker: keyless })).toBe('htlc-key')
    expect(from({ beneficiary: keyless })).toBe('htlc-key')
    expect(from({ locker: { ...locker, publicKey: key.slice(1) } })).toBe('htlc-key')
    expect(from({ locker: { ...locker, publicKey: concat(key, Uint8Array.of(0)) } }, 'p2tr')).toBe('htlc-key')
    // 5 is no x coordinate of the curve; 0x04 is no compressed point.
    const off = concat(Uint8Array.of(2), new Uint8Array(31), Uint8Array.of(5))
    expect(from({ beneficiary: { ...beneficiary, publicKey: off } })).toBe('key-off-curve')
    expect(from({ locker: { ...locker, publicKey: off.slice(1) } }, 'p2tr')).toBe('key-off-curve')
    expect(from({ locker: { ...locker, publicKey: concat(Uint8Array.of(4), key.slice(1)) } })).toBe(
      'key-off-curve',
    )
  })

  test('S17: every term but the amount and the salt changes the script; the key’s form doesn’t', () => {
    for (const kind of ['p2wsh', 'p2tr'] as const) {
      const terms = termsOf(kind)
      const { locker, beneficiary } = terms
      const scripts = [
        terms,
        { ...terms, hashlock: Hashlock.of(new Uint8Array(32).fill(8)) },
        { ...terms, locker: beneficiary },
        { ...terms, beneficiary: locker },
        { ...terms, locker: beneficiary, beneficiary: locker },
        { ...terms, deadline: { ...terms.deadline, value: terms.deadline.value + 1n } },
      ].map((change) => hex(value(HtlcScript.from(change)).scriptPubKey))
      expect(new Set(scripts).size).toBe(scripts.length)
    }
    const terms = termsOf('p2tr')
    const short = { ...terms.locker, publicKey: (terms.locker.publicKey as Uint8Array).slice(1) }
    expect(value(HtlcScript.from({ ...terms, locker: short }))).toEqual(value(HtlcScript.from(terms)))
  })
})

describe('HtlcScript.readWitness', () => {
  const p2wsh = value(HtlcScript.from(termsOf('p2wsh'))) as HtlcScript.P2wsh
  const p2tr = value(HtlcScript.from(termsOf('p2tr'))) as HtlcScript.P2tr

  test('default: claims with their secret, and refunds', () => {
    for (const script of [p2wsh, p2tr]) {
      expect(HtlcScript.readWitness(script, HtlcScript.claimWitness(script, signature, SECRET))).toEqual({
        is: 'claim',
        secret: SECRET,
      })
      expect(HtlcScript.readWitness(script, HtlcScript.refundWitness(script, signature))).toEqual({
        is: 'refund',
      })
    }
  })

  test('H1: a secret that isn’t 32 bytes, or doesn’t open the lock', () => {
    for (const script of [p2wsh, p2tr])
      for (const secret of [
        new Uint8Array(32).fill(8),
        new Uint8Array(31),
        new Uint8Array(33),
        new Uint8Array(521),
      ])
        expect(
          HtlcScript.readWitness(script, HtlcScript.claimWitness(script, signature, secret)).is,
          `${secret.length}`,
        ).toBe('foreign')
  })

  test('behavior: the selector is read as the chain reads it', () => {
    const read = (selector: Uint8Array) =>
      HtlcScript.readWitness(p2wsh, [signature, SECRET, selector, p2wsh.script]).is
    for (const selector of [[1], [2], [0x80, 0], [0, 1], [0x81]])
      expect(read(Uint8Array.from(selector))).toBe('claim')
    const refund = (selector: Uint8Array) =>
      HtlcScript.readWitness(p2wsh, [signature, selector, p2wsh.script]).is
    for (const selector of [[], [0], [0x80], [0, 0], [0, 0x80]]) {
      expect(refund(Uint8Array.from(selector))).toBe('refund')
      expect(read(Uint8Array.from(selector))).toBe('foreign')
    }
    expect(refund(Uint8Array.of(1))).toBe('foreign')
  })

  test('behavior: an annex changes nothing', () => {
    const annex = Uint8Array.of(0x50, 1, 2)
    expect(
      HtlcScript.readWitness(p2tr, [...HtlcScript.claimWitness(p2tr, signature, SECRET), annex]).is,
    ).toBe('claim')
    expect(HtlcScript.readWitness(p2tr, [...HtlcScript.refundWitness(p2tr, signature), annex]).is).toBe(
      'refund',
    )
  })

  test('H20: other scripts, leaves, control blocks and shapes', () => {
    const claim = HtlcScript.claimWitness(p2tr, signature, SECRET)
    const changed = (i: number) => claim.map((item, j) => (i === j ? flip(item, 0) : item))
    for (const witness of [
      [],
      [signature],
      [signature, Uint8Array.of(0x50)],
      changed(1),
      changed(2),
      changed(3),
      [...claim.slice(0, 3), p2tr.refund.controlBlock],
      [signature, ...claim],
      claim.slice(1),
      [signature, SECRET, p2tr.refund.script, p2tr.refund.controlBlock],
    ])
      expect(HtlcScript.readWitness(p2tr, witness).is).toBe('foreign')
    const ours = HtlcScript.claimWitness(p2wsh, signature, SECRET)
    for (const witness of [
      [],
      [p2wsh.script],
      [signature, ...ours],
      ours.slice(1),
      [...ours.slice(0, 3), flip(p2wsh.script, 9)],
      [signature, SECRET, SECRET, new Uint8Array(0), p2wsh.script],
    ])
      expect(HtlcScript.readWitness(p2wsh, witness).is).toBe('foreign')
  })

  test('property: any witness gives an answer, and only the secret a claim', () => {
    const item = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(SECRET, p2wsh.script, p2tr.claim.script, p2tr.claim.controlBlock, p2tr.refund.script),
    )
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (witness) => {
        for (const script of [p2wsh, p2tr]) {
          const spend = HtlcScript.readWitness(script, witness)
          if (spend.is === 'claim') expect(spend.secret).toEqual(SECRET)
        }
      }),
    )
  })
})

describe('SegwitAddress', () => {
  test('A10: every change of one character of 100 addresses is refused', () => {
    const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
    const accepted: string[] = []
    for (let i = 0; i < 100; i++) {
      const version = i % 2
      const size = i % 4 === 0 ? 20 : 32
      const address = SegwitAddress.encode({
        prefix: 'bc',
        version,
        program: sha256(Uint8Array.of(i)).slice(0, version === 0 ? size : 32),
      })
      for (let at = 3; at < address.length; at++)
        for (const character of alphabet) {
          if (character === address[at]) continue
          const other = address.slice(0, at) + character + address.slice(at + 1)
          if (SegwitAddress.decode(other, 'bc').ok) accepted.push(other)
        }
    }
    expect(accepted).toEqual([])
  })

  test('A10: q inserted before, or deleted from before, the final p', () => {
    let tried = 0
    for (let i = 0; i < 4000 && tried < 20; i++) {
      const program = sha256(Uint8Array.of(i & 255, i >> 8))
      for (const address of [
        SegwitAddress.encode({ prefix: 'bc', version: 0, program }),
        SegwitAddress.encode({ prefix: 'bc', version: 1, program }),
      ]) {
        if (!address.endsWith('p')) continue
        tried++
        for (const other of [`${address.slice(0, -1)}qp`, `${address.slice(0, -1)}qqqp`])
          expect(SegwitAddress.decode(other, 'bc').ok, other).toBe(false)
      }
    }
    expect(tried).toBeGreaterThanOrEqual(20)
  })

  test('A10: the checksum of the other version, and the prefix of another network', () => {
    const program = sha256(Uint8Array.of(1))
    const words = Bech32.toWords(program)
    for (const version of [0, 1]) {
      const form = version === 0 ? 'bech32m' : 'bech32'
      const address = Bech32.encode({ form, prefix: 'bc', words: [version, ...words] })
      expect(check(SegwitAddress.decode(address, 'bc'))).toBe('address-form')
      const right = SegwitAddress.encode({ prefix: 'bc', version, program })
      expect(check(SegwitAddress.decode(right, 'tb'))).toBe('address-prefix')
    }
    const encode = (words: readonly number[], form: 'bech32' | 'bech32m') =>
      Bech32.encode({ form, prefix: 'bc', words })
    expect(check(SegwitAddress.decode(encode([17, ...words], 'bech32m'), 'bc'))).toBe('address-version')
    expect(check(SegwitAddress.decode(encode([], 'bech32m'), 'bc'))).toBe('address-version')
    expect(check(SegwitAddress.decode(encode([0, ...words.slice(0, 40)], 'bech32'), 'bc'))).toBe(
      'address-program',
    )
    expect(check(SegwitAddress.decode(encode([1, 0], 'bech32m'), 'bc'))).toBe('bech32-padding')
    for (const length of [0, 1, 41])
      expect(
        check(SegwitAddress.decode(encode([1, ...Bech32.toWords(new Uint8Array(length))], 'bech32m'), 'bc')),
      ).toBe('address-program')
    expect(check(SegwitAddress.decode(encode([1, ...words.slice(0, -1), 31], 'bech32m'), 'bc'))).toBe(
      'bech32-padding',
    )
  })

  test('error: scripts that pay to no witness program', () => {
    for (const script of [
      '',
      '00',
      '0014',
      `0015${'00'.repeat(21)}`,
      '5101',
      '5101aa',
      `5129${'00'.repeat(41)}`,
      '51020000ff',
      '6a0200ff',
      '4f020000',
    ])
      expect(check(SegwitAddress.fromScript(unhex(script), 'bc'))).toBe('address-script')
  })

  test('property: addresses and programs are one to one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.uint8Array({ minLength: 2, maxLength: 40 }),
        (version, program) => {
          const address = { prefix: 'bcrt', version, program }
          expect(value(SegwitAddress.decode(SegwitAddress.encode(address), 'bcrt'))).toEqual(address)
          expect(value(SegwitAddress.fromScript(SegwitAddress.toScript(address), 'bcrt'))).toEqual(address)
        },
      ),
    )
  })
})
