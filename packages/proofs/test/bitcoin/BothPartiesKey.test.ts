import { type AccountId, Hashlock, type LockTerms } from '@aitbc/core'
import {
  AggregateKey,
  Consensus,
  createBitcoinVerifier,
  Hash256,
  HeaderChain,
  HtlcScript,
  SegwitAddress,
  SpendEvidence,
  Taproot,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import { describe, expect, test } from 'vitest'
import { check, concat, hex, value } from '../helpers.js'
import { blockOf, fresh, lockOf, mineBlock, mineMany, NOW, SECRET, START, spendOf, termsOf } from './world.js'

const network = Consensus.regtest.network
const payoutOf = (fill: number): AccountId.AccountId =>
  `${network}:${SegwitAddress.encode({ prefix: 'bcrt', version: 0, program: new Uint8Array(20).fill(fill) })}`

/** Terms of a lock that both parties together can spend at once. */
function both(change: Partial<LockTerms.LockTerms> = {}): LockTerms.LockTerms {
  const { locker, beneficiary, ...rest } = termsOf('p2tr')
  return {
    ...rest,
    backend: { network, kind: 'p2tr-musig2' },
    locker: { ...locker, payout: payoutOf(1) },
    beneficiary: { ...beneficiary, payout: payoutOf(2) },
    ...change,
  }
}

const terms = both()
const { locker, beneficiary } = terms
const keys = [locker.publicKey, beneficiary.publicKey] as [Uint8Array, Uint8Array]
const htlc = value(HtlcScript.from(terms)) as HtlcScript.P2tr
const scriptOf = (fill: number) => concat(Uint8Array.of(0, 20), new Uint8Array(20).fill(fill))
const signature = new Uint8Array(64).fill(7)

describe('HtlcScript: p2tr-musig2', () => {
  test('default: the leaves of p2tr, under the key of both parties', () => {
    const plain = value(HtlcScript.from({ ...terms, backend: { network, kind: 'p2tr' } })) as HtlcScript.P2tr
    const sum = value(AggregateKey.from(AggregateKey.sort(keys)))
    expect(hex(htlc.internalKey)).toBe(hex(sum.slice(1)))
    expect([htlc.claim.script, htlc.refund.script, htlc.merkleRoot]).toEqual([
      plain.claim.script,
      plain.refund.script,
      plain.merkleRoot,
    ])
    expect(plain.both).toBeUndefined()
    expect(htlc.both?.keys.map(hex)).toEqual(keys.map(hex).sort())
    const { key, parity } = value(Taproot.tweak(htlc.internalKey, htlc.merkleRoot))
    expect(hex(htlc.scriptPubKey)).toBe(`5120${hex(key)}`)
    expect(hex(htlc.refund.controlBlock)).toBe(
      `${(0xc0 | parity).toString(16)}${hex(htlc.internalKey)}${hex(htlc.claim.hash)}`,
    )
    // The scripts stay: either party can go on alone.
    expect(HtlcScript.readWitness(htlc, HtlcScript.claimWitness(htlc, signature, SECRET))).toEqual({
      is: 'claim',
      secret: SECRET,
    })
    expect(HtlcScript.readWitness(htlc, HtlcScript.refundWitness(htlc, signature))).toEqual({ is: 'refund' })
  })

  test('S17: the parties’ order makes no other key, and every term makes another script', () => {
    const swapped = both({ locker: beneficiary, beneficiary: locker })
    expect(hex((value(HtlcScript.from(swapped)) as HtlcScript.P2tr).internalKey)).toBe(hex(htlc.internalKey))
    const odd = Uint8Array.from(keys[0])
    odd[0] = 5 - (odd[0] as number)
    const scripts = [
      terms,
      swapped,
      both({ hashlock: Hashlock.of(new Uint8Array(32).fill(8)) }),
      both({ deadline: { ...terms.deadline, value: terms.deadline.value + 1n } }),
      both({ backend: { network, kind: 'p2tr' } }),
      // Scripts take a key's x coordinate alone; what signs together is the whole point.
      both({ locker: { ...locker, publicKey: odd } }),
    ].map((change) => hex(value(HtlcScript.from(change)).scriptPubKey))
    expect(new Set(scripts).size).toBe(scripts.length)
  })

  test('H20: keys and payouts that are not two parties’', () => {
    const from = (change: Partial<LockTerms.LockTerms>) => check(HtlcScript.from(both(change)))
    const odd = Uint8Array.from(keys[0])
    odd[0] = 5 - (odd[0] as number)
    for (const publicKey of [keys[0], odd])
      expect(from({ beneficiary: { ...beneficiary, publicKey } })).toBe('htlc-key')
    expect(from({ locker: { ...locker, publicKey: keys[0].slice(1) } })).toBe('key-off-curve')
    const { publicKey: _, ...keyless } = locker
    expect(from({ locker: keyless })).toBe('htlc-key')
    expect(from({ locker: { ...locker, payout: beneficiary.payout } })).toBe('htlc-payout')
    for (const payout of [
      `${network}:bcrt1qexample`,
      `${network}:`,
      `${network}:1`,
    ] as AccountId.AccountId[]) {
      expect(from({ locker: { ...locker, payout } })).toBe('htlc-payout')
      expect(from({ beneficiary: { ...beneficiary, payout } })).toBe('htlc-payout')
    }
  })
})

/** A spend of the lock by both parties' key. */
function jointly(script: Uint8Array, change: Partial<Transaction.Transaction> = {}): Transaction.Transaction {
  return {
    ...spendOf(lockOf(terms), [signature]),
    outputs: [{ amount: 990_000n, script }],
    ...change,
  }
}

describe('HtlcScript.read', () => {
  const read = (transaction: Transaction.Transaction, input = 0) => HtlcScript.read(htlc, transaction, input)

  test('default: to the beneficiary it is a claim without a secret, to the locker a refund', () => {
    expect(read(jointly(scriptOf(2)))).toEqual({ is: 'claim' })
    expect(read(jointly(scriptOf(1)))).toEqual({ is: 'refund' })
    // By the scripts it is what it was.
    const claim = HtlcScript.claimWitness(htlc, signature, SECRET)
    expect(read(spendOf(lockOf(terms), claim))).toEqual({ is: 'claim', secret: SECRET })
    expect(read(spendOf(lockOf(terms), HtlcScript.refundWitness(htlc, signature)))).toEqual({ is: 'refund' })
  })

  test('S5: what no honest party co-signs is neither', () => {
    const one = jointly(scriptOf(2))
    const [input] = one.inputs as [Transaction.Input]
    const [output] = one.outputs as [Transaction.Output]
    const foreign: Readonly<Record<string, Transaction.Transaction>> = {
      'another payee': jointly(scriptOf(3)),
      'a second output': jointly(scriptOf(2), { outputs: [output, output] }),
      'no output': jointly(scriptOf(2), { outputs: [] }),
      'a second input': jointly(scriptOf(2), { inputs: [input, input] }),
      'a hash type': spendOf(lockOf(terms), [concat(signature, Uint8Array.of(1))]),
      'an annex': jointly(scriptOf(2), {
        inputs: [{ ...input, witness: [signature, Uint8Array.of(0x50)] }],
      }),
      'no witness': jointly(scriptOf(2), { inputs: [{ ...input, witness: [] }] }),
    }
    for (const [name, transaction] of Object.entries(foreign))
      expect(read(transaction).is, name).toBe('foreign')
    expect(read(one, 1).is).toBe('foreign')
    // Where there is no such key, one signature is nothing.
    for (const kind of ['p2tr', 'p2wsh'])
      expect(HtlcScript.read(value(HtlcScript.from(both({ backend: { network, kind } }))), one, 0).is).toBe(
        'foreign',
      )
  })
})

describe('createBitcoinVerifier: p2tr-musig2', () => {
  /** A chain with the lock in block 1 and its spend in block 2. */
  function proofOf(spending: Transaction.Transaction) {
    const lock = lockOf(terms)
    const first = mineBlock({ hash: fresh().best.hash, time: START }, blockOf(1, [lock]))
    const spent = blockOf(2, [spending])
    const second = mineBlock({ hash: Hash256.of(first), time: START + 600 }, spent)
    const rest = mineMany({ hash: Hash256.of(second), time: START + 1200 }, 2)
    const evidence = SpendEvidence.of({
      headers: concat(first, second, rest),
      block: Hash256.of(second),
      transactions: spent,
      index: 1,
      input: 0,
    })
    const transaction = Hash256.toDisplay(Transaction.txid(lock))
    const verifier = value(
      createBitcoinVerifier({ anchor: HeaderChain.genesis(Consensus.regtest), now: () => NOW }),
    )
    return (spend: { kind: 'claim'; secret?: Uint8Array } | { kind: 'refund' }) =>
      verifier.verify(
        {
          kind: 'spend',
          terms,
          lock: { ref: `${transaction}:1`, transaction, amount: terms.amount, match: 'exact' },
          spend: { ...spend, transaction: Hash256.toDisplay(Transaction.txid(spending)) },
        },
        { network, format: SpendEvidence.FORMAT, bytes: SpendEvidence.encode(evidence) },
      )
  }

  test('default: both are proved, and neither shows a secret', () => {
    const transaction = Hash256.toDisplay(Transaction.txid(jointly(scriptOf(2))))
    const claimed = value(proofOf(jointly(scriptOf(2)))({ kind: 'claim' }))
    expect(claimed.value).toEqual({ kind: 'claim', transaction })
    expect(claimed.assurance).toBe('proved')
    expect(value(proofOf(jointly(scriptOf(1)))({ kind: 'refund' })).value.kind).toBe('refund')
  })

  test('error: a statement with a secret is another one, and so is one without', () => {
    const joint = proofOf(jointly(scriptOf(2)))
    expect(check(joint({ kind: 'claim', secret: SECRET }))).toBe('claim-mismatch')
    expect(check(joint({ kind: 'refund' }))).toBe('claim-mismatch')
    expect(check(proofOf(jointly(scriptOf(1)))({ kind: 'claim' }))).toBe('claim-mismatch')
    const alone = proofOf(spendOf(lockOf(terms), HtlcScript.claimWitness(htlc, signature, SECRET)))
    expect(check(alone({ kind: 'claim' }))).toBe('claim-mismatch')
    expect(alone({ kind: 'claim', secret: SECRET }).ok).toBe(true)
    expect(check(proofOf(jointly(scriptOf(3)))({ kind: 'claim' }))).toBe('spend-witness')
  })
})
