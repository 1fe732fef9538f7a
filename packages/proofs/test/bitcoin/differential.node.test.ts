import { Hashlock } from '@aitbc/core'
import { Bech32, Consensus, HtlcScript, SegwitAddress, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bech32, bech32m } from '@scure/base'
import * as btc from '@scure/btc-signer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, value } from '../helpers.js'
import { START, termsOf } from './world.js'

const NET = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef }
const network = Consensus.regtest.network
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((key) => key.some((byte) => byte !== 0))
const key = fc.bigInt({ min: 1n, max: 2n ** 250n }).map((scalar) => {
  const bytes = new Uint8Array(32)
  let rest = scalar
  for (let i = 31; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return bytes
})

const lock = fc
  .record({ secret, locker: key, beneficiary: key, until: fc.integer({ min: START, max: 0xffffffff }) })
  .map(({ secret, locker, beneficiary, until }) => {
    const base = termsOf('p2wsh')
    const keys = [locker, beneficiary].map((k) => secp256k1.getPublicKey(k, true)) as [Uint8Array, Uint8Array]
    return {
      keys,
      until,
      hashlock: Hashlock.of(secret),
      secret,
      terms: {
        ...base,
        hashlock: Hashlock.of(secret),
        locker: { ...base.locker, publicKey: keys[0] },
        beneficiary: { ...base.beneficiary, publicKey: keys[1] },
        deadline: { network, clock: 'median-time' as const, value: BigInt(until) },
      },
    }
  })

describe('differential: @scure/btc-signer', () => {
  test('P2WSH: script, output and address', () => {
    fc.assert(
      fc.property(lock, ({ terms, keys, hashlock, until }) => {
        const script = btc.Script.encode([
          ...['IF', 'SIZE', 32, 'EQUALVERIFY', 'SHA256', hashlock, 'EQUALVERIFY', keys[1], 'ELSE'],
          ...[
            btc.ScriptNum(6).encode(BigInt(until - 1)),
            'CHECKLOCKTIMEVERIFY',
            'DROP',
            keys[0],
            'ENDIF',
            'CHECKSIG',
          ],
        ] as btc.ScriptType)
        const theirs = btc.p2wsh({ type: 'unknown', script } as never, NET)
        const ours = value(HtlcScript.from(terms)) as HtlcScript.P2wsh
        expect(hex(ours.script)).toBe(hex(script))
        expect(hex(ours.scriptPubKey)).toBe(hex(theirs.script))
        expect(HtlcScript.address(ours, 'bcrt')).toBe(theirs.address)
      }),
    )
  })

  test('P2TR: leaves, control blocks, output and address', () => {
    fc.assert(
      fc.property(lock, ({ terms, keys, hashlock, until }) => {
        const x = keys.map((k) => k.slice(1)) as [Uint8Array, Uint8Array]
        const claim = btc.Script.encode([
          ...['SIZE', 32, 'EQUALVERIFY', 'SHA256', hashlock, 'EQUALVERIFY', x[1], 'CHECKSIG'],
        ] as btc.ScriptType)
        const refund = btc.Script.encode([
          ...[btc.ScriptNum(6).encode(BigInt(until - 1)), 'CHECKLOCKTIMEVERIFY', 'DROP', x[0], 'CHECKSIG'],
        ] as btc.ScriptType)
        const theirs = btc.p2tr(
          btc.TAPROOT_UNSPENDABLE_KEY,
          [{ script: claim }, { script: refund }],
          NET,
          true,
        )
        const ours = value(
          HtlcScript.from({ ...terms, backend: { network, kind: 'p2tr' } }),
        ) as HtlcScript.P2tr
        expect(hex(ours.scriptPubKey)).toBe(hex(theirs.script))
        expect(HtlcScript.address(ours, 'bcrt')).toBe(theirs.address)
        const blocks = new Map(
          (theirs.tapLeafScript ?? []).map(([control, script]) => [
            hex(script.slice(0, -1)),
            hex(btc.TaprootControlBlock.encode(control)),
          ]),
        )
        for (const leaf of [ours.claim, ours.refund])
          expect(blocks.get(hex(leaf.script))).toBe(hex(leaf.controlBlock))
      }),
    )
  })

  test('transactions: ids, sizes, bytes', () => {
    fc.assert(
      fc.property(
        lock,
        fc.boolean(),
        fc.bigInt({ min: 0n, max: 2n ** 50n }),
        ({ terms, secret }, claim, amount) => {
          const script = value(HtlcScript.from({ ...terms, backend: { network, kind: 'p2tr' } }))
          const theirs = new btc.Transaction({
            allowUnknownInputs: true,
            allowUnknownOutputs: true,
            lockTime: 500,
          })
          theirs.addOutput({ script: script.scriptPubKey, amount })
          theirs.addInput({
            txid: new Uint8Array(32).fill(5),
            index: 3,
            sequence: 0xfffffffe,
            witnessUtxo: { script: script.scriptPubKey, amount: 2n ** 50n },
            finalScriptWitness: [
              ...(claim
                ? HtlcScript.claimWitness(script, new Uint8Array(64), secret)
                : HtlcScript.refundWitness(script, new Uint8Array(64))),
            ],
          })
          const raw = theirs.extract()
          const ours = value(Transaction.decode(raw))
          expect(hex(Transaction.encode(ours))).toBe(hex(raw))
          expect(hex(Transaction.txid(ours).reverse())).toBe(theirs.id)
          expect(hex(Transaction.encodeStripped(ours))).toBe(hex(theirs.toBytes(false, false)))
          expect(HtlcScript.readWitness(script, ours.inputs[0]?.witness ?? []).is).toBe(
            claim ? 'claim' : 'refund',
          )
        },
      ),
    )
  })

  test('Bech32 and Bech32m', () => {
    const words = fc.array(fc.integer({ min: 0, max: 31 }), { maxLength: 70 })
    fc.assert(
      fc.property(words, fc.constantFrom('bech32' as const, 'bech32m' as const), (data, form) => {
        const theirs = (form === 'bech32' ? bech32 : bech32m).encode('bcrt', data)
        expect(Bech32.encode({ form, prefix: 'bcrt', words: data })).toBe(theirs)
        expect(value(Bech32.decode(theirs))).toEqual({ form, prefix: 'bcrt', words: data })
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 40 }), (program) => {
        expect([...Bech32.toWords(program)]).toEqual(bech32.toWords(program))
        expect(value(Bech32.fromWords(bech32.toWords(program)))).toEqual(program)
      }),
    )
  })

  test('output scripts', () => {
    fc.assert(
      fc.property(key, (k) => {
        const x = secp256k1.getPublicKey(k, true).slice(1)
        const theirs = btc.p2tr(x, undefined, NET)
        const { key: output } = value(Taproot.tweak(x))
        expect(hex(Taproot.toScript(output))).toBe(hex(theirs.script))
        expect(SegwitAddress.encode({ prefix: 'bcrt', version: 1, program: output })).toBe(theirs.address)
      }),
    )
  })
})
