import { Bytes, type Claim, Fact, type LockTerms, type Verdict } from '@aitbc/core'
import { createCosmosVerifier, HtlcStorage, LockEvidence } from '@aitbc/proofs/cosmwasm'
import { Header, LightClient } from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, refusal, value } from '../helpers.js'
import { client, keysOf, nowOf } from '../tendermint/world.js'
import {
  address,
  CLAIMED,
  CODE_HASH,
  codeInfo,
  contractInfo,
  entry,
  evidenceOf,
  LOCKED,
  network,
  REFUNDED,
  SECRET,
  type StoreOptions,
  TERMS,
  utf8,
} from './htlc.js'

const ref = Bytes.toHex(HtlcStorage.lockId(value(HtlcStorage.from(TERMS, network))))
const lock = { ref, transaction: 'AB', amount: TERMS.amount, match: 'exact' } as const
const lockClaim: Claim = { kind: 'lock', terms: TERMS, lock }
const spendClaim: Claim = {
  kind: 'spend',
  terms: TERMS,
  lock,
  spend: { kind: 'claim', transaction: 'CD', secret: SECRET },
}
const refundClaim: Claim = {
  kind: 'spend',
  terms: TERMS,
  lock,
  spend: { kind: 'refund', transaction: 'CD' },
}

const clock = { now: nowOf(evidenceOf().block) }
const verifier = createCosmosVerifier({ network, client: () => client(), now: () => clock.now })

function wrap(evidence: LockEvidence.LockEvidence, form: keyof typeof LockEvidence.FORMAT): Fact.Evidence {
  return {
    network: network.id,
    format: LockEvidence.FORMAT[form],
    bytes: LockEvidence.encode(evidence),
  }
}

const judge = (claim: Claim, options: StoreOptions) =>
  verifier.verify(claim, wrap(evidenceOf(options), claim.kind))

describe('createCosmosVerifier', () => {
  test('a lock is proved from the light client down to the terms', () => {
    const fact = value(judge(lockClaim, { entry: entry(LOCKED) }))
    expect(fact.value).toEqual({ ...lock, transaction: '' })
    expect(Fact.assuranceOf(fact)).toBe('proved')
    expect(fact.at).toEqual(fact.asOf.finalized)
    const base = LightClient.finalized(client())
    expect(fact.anchor).toEqual({
      network: network.id,
      height: 1n,
      hash: hex(base.hash).toUpperCase(),
      assurance: 'proved',
    })
    expect(fact.asOf.clock).toBe(1_700_000_002n)
  })

  test('a claim is proved with the secret that the state holds', () => {
    const fact = value(judge(spendClaim, { entry: entry(CLAIMED) }))
    expect(fact.value).toEqual({ kind: 'claim', transaction: '', secret: SECRET })
  })

  test('a refund is proved', () => {
    expect(value(judge(refundClaim, { entry: entry(REFUNDED) })).value).toEqual({
      kind: 'refund',
      transaction: '',
    })
  })

  test('H26: an outcome whose payment is owed still counts', () => {
    const owed = CLAIMED.replace('"paid":true', '"paid":false')
    expect(value(judge(spendClaim, { entry: entry(owed) })).value).toMatchObject({ kind: 'claim' })
    expect(
      value(judge(refundClaim, { entry: entry(REFUNDED.replace('true', 'false')) })).value,
    ).toMatchObject({ kind: 'refund' })
  })

  test('absence is proved: no lock, and no spend of one', () => {
    const none = wrap(evidenceOf(), 'absence')
    expect(value(verifier.absent({ kind: 'lock', terms: TERMS }, none)).value).toBeNull()
    const locked = wrap(evidenceOf({ entry: entry(LOCKED) }), 'absence')
    expect(value(verifier.absent({ kind: 'spend', terms: TERMS }, locked)).value).toBeNull()
    expect(check(verifier.absent({ kind: 'spend', terms: TERMS }, none))).toBe('spend-present')
    expect(check(verifier.absent({ kind: 'lock', terms: TERMS }, locked))).toBe('lock-present')
  })

  test('a cw20 token and a coin of another denomination', () => {
    for (const asset of [`cw20:${address(8, 32)}`, 'denom:ibc%2F27394FB0']) {
      const terms: LockTerms.LockTerms = {
        ...TERMS,
        asset: `${network.id}/${asset}` as LockTerms.LockTerms['asset'],
      }
      const id = Bytes.toHex(HtlcStorage.lockId(value(HtlcStorage.from(terms, network))))
      const claim: Claim = { kind: 'lock', terms, lock: { ...lock, ref: id } }
      expect(value(judge(claim, { terms, entry: entry(LOCKED, terms) })).value).toMatchObject({ ref: id })
    }
  })

  test('with trust, a block is as good as the caller says', () => {
    const evidence = evidenceOf({ entry: entry(LOCKED) })
    const hash = Bytes.toHex(Header.hash(evidence.block.header)).toUpperCase()
    const asOf = { height: 5n, hash: 'FF', time: 1n, clock: 1n }
    const trusting = createCosmosVerifier({
      network,
      trust: (block) => (block.hash === hash ? { assurance: 'quorum', asOf } : undefined),
    })
    const fact = value(trusting.verify(lockClaim, wrap(evidence, 'lock')))
    expect(fact).toMatchObject({ assurance: 'quorum', at: { height: 2n, hash }, depth: 4n, asOf })
    expect(fact.anchor).toEqual({ network: network.id, height: 2n, hash, assurance: 'quorum' })
    const other = evidenceOf({ entry: entry(LOCKED), block: { height: 3n } })
    expect(check(trusting.verify(lockClaim, wrap(other, 'lock')))).toBe('block-unknown')
  })

  const refusals: readonly [string, Claim, StoreOptions, string][] = [
    ['no lock', lockClaim, {}, 'lock-absent'],
    ['a claimed lock', lockClaim, { entry: entry(CLAIMED) }, 'lock-absent'],
    ['a lock that stands, as claimed', spendClaim, { entry: entry(LOCKED) }, 'spend-absent'],
    ['a refund, as claimed', spendClaim, { entry: entry(REFUNDED) }, 'spend-absent'],
    ['a claim, as refunded', refundClaim, { entry: entry(CLAIMED) }, 'spend-absent'],
    [
      'another secret than the state has',
      { ...spendClaim, spend: { kind: 'claim', transaction: '', secret: new Uint8Array(32).fill(8) } },
      { entry: entry(CLAIMED) },
      'secret',
    ],
    [
      'H1: a state whose secret does not open the hashlock',
      { ...spendClaim, spend: { kind: 'claim', transaction: '', secret: new Uint8Array(32).fill(8) } },
      { entry: entry(CLAIMED.replaceAll('07', '08')) },
      'secret',
    ],
    [
      'another lock',
      { ...lockClaim, lock: { ...lock, ref: '00' } },
      { entry: entry(LOCKED) },
      'claim-mismatch',
    ],
    [
      'another amount',
      { ...lockClaim, lock: { ...lock, amount: 1n } },
      { entry: entry(LOCKED) },
      'claim-mismatch',
    ],
    [
      'a spend of another lock',
      { ...spendClaim, lock: { ...lock, ref: '00' } },
      { entry: entry(CLAIMED) },
      'claim-mismatch',
    ],
    ['no contract', lockClaim, { contract: null, entry: entry(LOCKED) }, 'lock-contract'],
    [
      'H20: a contract that somebody can exchange',
      lockClaim,
      { contract: contractInfo(2, address(4)), entry: entry(LOCKED) },
      'lock-admin',
    ],
    [
      'H20: a contract that had other code, which could write what it liked',
      lockClaim,
      { history: Uint8Array.of(8, 2, 16, 2), entry: entry(LOCKED) },
      'lock-history',
    ],
    ['H20: other code', lockClaim, { code: codeInfo(new Uint8Array(32)), entry: entry(LOCKED) }, 'lock-code'],
    ['no code', lockClaim, { code: null, entry: entry(LOCKED) }, 'lock-code'],
    [
      'a contract that is no message',
      lockClaim,
      { contract: utf8('junk'), entry: entry(LOCKED) },
      'protobuf',
    ],
    ['a code that is no message', lockClaim, { code: utf8('junk'), entry: entry(LOCKED) }, 'protobuf'],
    ['H21: an entry of less', lockClaim, { entry: entry(LOCKED, TERMS, { amount: '999' }) }, 'lock-terms'],
    [
      'H20: an entry for somebody else',
      lockClaim,
      { entry: entry(LOCKED, TERMS, { recipient: address(4) }) },
      'lock-terms',
    ],
    ['an entry cut off', lockClaim, { entry: entry(LOCKED).slice(0, 40) }, 'lock-terms'],
    ['an unknown outcome', lockClaim, { entry: entry('"status":"burnt","paid":true') }, 'lock-status'],
    [
      'a locked entry that was paid',
      lockClaim,
      { entry: entry('"status":"locked","paid":true') },
      'lock-status',
    ],
    [
      'a refund with a secret',
      refundClaim,
      { entry: entry(CLAIMED.replace('claimed', 'refunded')) },
      'lock-status',
    ],
    [
      'a claim without a secret',
      spendClaim,
      { entry: entry('"status":"claimed","paid":true') },
      'lock-status',
    ],
    [
      'a locked entry with a secret',
      lockClaim,
      { entry: entry(CLAIMED.replace('claimed', 'locked').replace('true', 'false')) },
      'lock-status',
    ],
    [
      'an outcome too long',
      lockClaim,
      { entry: entry(`${LOCKED},"more":"${'x'.repeat(300)}"`) },
      'lock-status',
    ],
    [
      'a block of other validators',
      lockClaim,
      { entry: entry(LOCKED), block: { validators: keysOf(5, 6, 7) } },
      'next-validators',
    ],
    [
      'too few votes',
      lockClaim,
      { entry: entry(LOCKED), block: { votes: (i) => (i < 2 ? 'commit' : 'absent') } },
      'not-enough-power',
    ],
    [
      'another chain',
      lockClaim,
      { entry: entry(LOCKED), block: { header: { chainId: 'other-1' } } },
      'chain-id',
    ],
  ]
  for (const [name, claim, options, expected] of refusals)
    test(`error: ${name}: ${expected}`, () => {
      expect(check(judge(claim, options))).toBe(expected)
    })

  test('what refusals tell of the state', () => {
    const told = (verdict: Verdict.Verdict<unknown>) => refusal(verdict).context
    const admin = { contract: contractInfo(2, address(4)), entry: entry(LOCKED) }
    expect(told(judge(lockClaim, admin))).toEqual({ admin: address(4) })
    const other = { code: codeInfo(new Uint8Array(32)), entry: entry(LOCKED) }
    expect(told(judge(lockClaim, other))).toEqual({ expected: hex(CODE_HASH), received: '00'.repeat(32) })
    expect(told(judge(lockClaim, { code: null }))).toEqual({ expected: hex(CODE_HASH), received: '' })
    expect(told(judge(lockClaim, {}))).toEqual({ status: 'none' })
    expect(told(judge(spendClaim, { entry: entry(LOCKED) }))).toEqual({ status: 'locked' })
    expect(told(judge(refundClaim, { entry: entry(CLAIMED) }))).toEqual({ status: 'claimed' })
    const none = wrap(evidenceOf(), 'absence')
    expect(told(verifier.absent({ kind: 'spend', terms: TERMS }, none))).toEqual({ status: 'none' })
  })

  test('error: terms of another kind of lock', () => {
    const terms = { ...TERMS, backend: { ...TERMS.backend, kind: 'contract' as const } }
    const evidence = wrap(evidenceOf({ entry: entry(LOCKED) }), 'lock')
    expect(check(verifier.verify({ ...lockClaim, terms }, evidence))).toBe('htlc-kind')
  })

  test('error: another network, another form, no evidence at all', () => {
    const evidence = wrap(evidenceOf({ entry: entry(LOCKED) }), 'lock')
    expect(check(verifier.verify(lockClaim, { ...evidence, network: 'cosmos:other-1' }))).toBe(
      'evidence-network',
    )
    expect(check(verifier.verify(spendClaim, evidence))).toBe('evidence-format')
    expect(check(verifier.absent({ kind: 'lock', terms: TERMS }, evidence))).toBe('evidence-format')
    expect(check(verifier.verify(lockClaim, { ...evidence, bytes: new Uint8Array(3) }))).toBe(
      'evidence-encoding',
    )
    const foreign = { ...TERMS, backend: { ...TERMS.backend, network: 'cosmos:other-1' as const } }
    expect(check(verifier.verify({ ...lockClaim, terms: foreign }, evidence))).toBe('evidence-network')
  })

  test('error: parts of evidence that are none', () => {
    const good = evidenceOf({ entry: entry(LOCKED) })
    const swapped = { ...good, lock: good.code }
    expect(verifier.verify(lockClaim, wrap(swapped, 'lock')).ok).toBe(false)
    // Absence of the lock doesn't pass where the lock is, nor its entry where it isn't.
    const none = evidenceOf()
    expect(verifier.verify(lockClaim, wrap({ ...none, lock: good.lock }, 'lock')).ok).toBe(false)
    expect(
      verifier.absent({ kind: 'lock', terms: TERMS }, wrap({ ...good, lock: none.lock }, 'absence')).ok,
    ).toBe(false)
    // Nor does its lack of a second code where it had one.
    const migrated = evidenceOf({ history: Uint8Array.of(8, 2, 16, 2), entry: entry(LOCKED) })
    for (const history of [good.history, migrated.lock, { ...migrated.history, value: null }])
      expect(check(verifier.verify(lockClaim, wrap({ ...migrated, history }, 'lock')))).not.toBe(
        'lock-history',
      )
    expect(verifier.verify(lockClaim, wrap({ ...good, store: good.lock.proof }, 'lock')).ok).toBe(false)
  })

  test('error: terms without a pinned code', () => {
    const { codeHash, ...backend } = TERMS.backend
    expect(codeHash).toEqual(CODE_HASH)
    const claim = { ...lockClaim, terms: { ...TERMS, backend } }
    expect(check(verifier.verify(claim, wrap(evidenceOf({ entry: entry(LOCKED) }), 'lock')))).toBe(
      'lock-code',
    )
  })

  test('behavior: evidence has one encoding, and a flipped bit anywhere never changes what is proved', () => {
    const evidence = wrap(evidenceOf({ entry: entry(LOCKED) }), 'lock')
    expect(LockEvidence.encode(value(LockEvidence.decode(evidence.bytes)))).toEqual(evidence.bytes)
    for (let bit = 0; bit < evidence.bytes.length * 8; bit += 61) {
      const bytes = flip(evidence.bytes, bit)
      const verdict = verifier.verify(lockClaim, { ...evidence, bytes })
      // Votes beyond the two thirds that are counted aren't looked at.
      if (verdict.ok) expect(verdict.value.value).toEqual({ ...lock, transaction: '' })
    }
    for (let length = 0; length < evidence.bytes.length; length += 97)
      expect(LockEvidence.decode(evidence.bytes.slice(0, length)).ok).toBe(false)
  })
})
