import { type Claim, Fact, type LockTerms } from '@aitbc/core'
import { createIrisVerifier, LockEvidence } from '@aitbc/proofs/irismod'
import { Header, LightClient } from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, refusal, value } from '../helpers.js'
import { client, nowOf } from '../tendermint/world.js'
import {
  type Change,
  CLAIMED,
  entry,
  evidenceOf,
  ID,
  LOCKED,
  network,
  REFUNDED,
  SECRET,
  TERMS,
} from './htlc.js'

const lock = { ref: ID, transaction: 'AB', amount: TERMS.amount, match: 'exact' } as const
const lockClaim: Claim = { kind: 'lock', terms: TERMS, lock }
const ended = (spend: (Claim & { readonly kind: 'spend' })['spend']): Claim => ({
  ...{ kind: 'spend', terms: TERMS, lock, spend },
})
const spendClaim = ended({ kind: 'claim', transaction: 'CD', secret: SECRET })
const refundClaim = ended({ kind: 'refund', transaction: 'CD' })

const now = nowOf(evidenceOf().block)
const verifier = createIrisVerifier({ network, client: () => client(), now: () => now })
const wrap = (
  evidence: LockEvidence.LockEvidence,
  form: keyof typeof LockEvidence.FORMAT,
): Fact.Evidence => ({
  ...{ network: network.id, format: LockEvidence.FORMAT[form], bytes: LockEvidence.encode(evidence) },
})
const judge = (claim: Claim, change?: Change) =>
  verifier.verify(claim, wrap(evidenceOf(change && entry(change)), claim.kind))

describe('createIrisVerifier', () => {
  test('H25: the newest block that the light client knows, by the clock of its network; none where the caller decides', () => {
    const { header, hash } = LightClient.finalized(client())
    const at = { height: header.height, hash: hex(hash).toUpperCase() }
    const time = header.time / 1_000_000_000n
    for (const clock of ['height', 'unix'] as const) {
      const known = createIrisVerifier({
        network: { ...network, clock },
        client: () => client(),
        now: () => 0n,
      })
      const value = clock === 'height' ? header.height : time
      expect(known.tip?.()).toEqual({ ...at, time, clock: value, finalized: at })
    }
    expect(createIrisVerifier({ network, trust: () => undefined }).tip?.()).toBeUndefined()
  })

  test('a lock is proved from the light client down to the terms, by the clock that counts heights', () => {
    const fact = value(judge(lockClaim, LOCKED))
    expect(fact.value).toEqual({ ...lock, transaction: '' })
    expect(Fact.assuranceOf(fact)).toBe('proved')
    expect(fact.at).toEqual(fact.asOf.finalized)
    expect(fact.asOf).toMatchObject({ height: 2n, clock: 2n, time: 1_700_000_002n })
    const base = LightClient.finalized(client())
    expect(fact.anchor).toMatchObject({ hash: hex(base.hash).toUpperCase(), assurance: 'proved' })
  })

  test('a claim is proved with the secret that the state holds, and a refund', () => {
    expect(value(judge(spendClaim, CLAIMED)).value).toEqual({
      kind: 'claim',
      transaction: '',
      secret: SECRET,
    })
    expect(value(judge(refundClaim, REFUNDED)).value).toEqual({ kind: 'refund', transaction: '' })
  })

  test('absence is proved: no lock, beside keys without a value too, and no spend of one', () => {
    const none = wrap(evidenceOf(), 'absence')
    expect(value(verifier.absent({ kind: 'lock', terms: TERMS }, none)).value).toBeNull()
    const locked = wrap(evidenceOf(entry(LOCKED)), 'absence')
    expect(value(verifier.absent({ kind: 'spend', terms: TERMS }, locked)).value).toBeNull()
    expect(check(verifier.absent({ kind: 'spend', terms: TERMS }, none))).toBe('spend-present')
    expect(check(verifier.absent({ kind: 'lock', terms: TERMS }, locked))).toBe('lock-present')
  })

  test('with trust, a block is as good as the caller says', () => {
    const evidence = evidenceOf(entry(LOCKED))
    const hash = hex(Header.hash(evidence.block.header)).toUpperCase()
    const asOf = { height: 5n, hash: 'FF', time: 1n, clock: 5n }
    const trusting = createIrisVerifier({
      network,
      trust: (block) => (block.hash === hash ? { assurance: 'quorum', asOf } : undefined),
    })
    const fact = value(trusting.verify(lockClaim, wrap(evidence, 'lock')))
    expect(fact).toMatchObject({ assurance: 'quorum', at: { height: 2n, hash }, asOf })
    const other = evidenceOf(entry(LOCKED), { height: 3n })
    expect(check(trusting.verify(lockClaim, wrap(other, 'lock')))).toBe('block-unknown')
  })

  const wrong = ended({ kind: 'claim', transaction: '', secret: new Uint8Array(32).fill(8) })
  const refusals: readonly [string, Claim, Change | undefined, string][] = [
    ['no lock', lockClaim, undefined, 'lock-absent'],
    ['a claimed lock', lockClaim, CLAIMED, 'lock-absent'],
    ['a lock that stands, as claimed', spendClaim, LOCKED, 'spend-absent'],
    ['a refund, as claimed', spendClaim, REFUNDED, 'spend-absent'],
    ['a claim, as refunded', refundClaim, CLAIMED, 'spend-absent'],
    ['another secret than the state has', wrong, CLAIMED, 'secret'],
    ['another lock', { ...lockClaim, lock: { ...lock, ref: ID.toLowerCase() } }, LOCKED, 'claim-mismatch'],
    ['another amount', { ...lockClaim, lock: { ...lock, amount: 1n } }, LOCKED, 'claim-mismatch'],
    ['H28: an expiry after the deadline', lockClaim, { expiry: 20_001 }, 'iris-expiry'],
    ['H28: an expiry ten blocks early', lockClaim, { expiry: 19_990 }, 'iris-expiry'],
    ['H20: a lock for somebody else', lockClaim, { to: network.native.symbol }, 'iris-terms'],
    ['H2: a hash of secret and time', lockClaim, { timestamp: 1 }, 'iris-terms'],
    ['a swap of the bridge', lockClaim, { transfer: 1, direction: 1 }, 'iris-transfer'],
  ]
  for (const [name, claim, change, expected] of refusals)
    test(`error: ${name}: ${expected}`, () => {
      expect(check(judge(claim, change))).toBe(expected)
    })

  test('H28: nine blocks early is what a window of ten allows, and the caller may allow less or more', () => {
    expect(judge(lockClaim, { expiry: 19_991 }).ok).toBe(true)
    const evidence = wrap(evidenceOf(entry({ expiry: 19_991 })), 'lock')
    for (const [window, ok] of [
      [9n, false],
      [10n, true],
      [11n, true],
    ] as const)
      expect(
        createIrisVerifier({ network, client: () => client(), now: () => now, window }).verify(
          lockClaim,
          evidence,
        ).ok,
      ).toBe(ok)
    expect(refusal(judge(lockClaim, { expiry: 19_990 })).context).toEqual({
      expires: 19_990n,
      deadline: 20_000n,
      window: 10n,
    })
    // How long a lock would have lasted is nothing to one that ended.
    expect(judge(spendClaim, { ...CLAIMED, expiry: 30_000 }).ok).toBe(true)
    for (const window of [0n, 34_561n, 10 as unknown as bigint])
      expect(() => createIrisVerifier({ network, trust: () => undefined, window })).toThrow(/window/)
  })

  test('error: terms, network and form that are others', () => {
    const evidence = wrap(evidenceOf(entry(LOCKED)), 'lock')
    const terms: LockTerms.LockTerms = { ...TERMS, backend: { ...TERMS.backend, kind: 'cosmwasm' } }
    expect(check(verifier.verify({ ...lockClaim, terms }, evidence))).toBe('iris-kind')
    expect(check(verifier.verify(lockClaim, { ...evidence, network: 'cosmos:other-1' }))).toBe(
      'evidence-network',
    )
    expect(check(verifier.verify(spendClaim, evidence))).toBe('evidence-format')
    expect(check(verifier.verify(lockClaim, { ...evidence, bytes: new Uint8Array(3) }))).toBe(
      'evidence-encoding',
    )
  })

  test('error: proofs of something else', () => {
    const [good, none] = [evidenceOf(entry(LOCKED)), evidenceOf()]
    const claimed = evidenceOf(entry(CLAIMED))
    for (const forged of [
      { ...none, value: good.value, proofs: good.proofs },
      { ...good, value: claimed.value },
      { ...good, proofs: [good.proofs[0], none.proofs[1]] as const },
      { ...good, proofs: [good.proofs[1], good.proofs[0]] as const },
      { ...good, value: null },
    ])
      expect(verifier.verify(lockClaim, wrap(forged, 'lock')).ok).toBe(false)
    expect(
      verifier.absent({ kind: 'lock', terms: TERMS }, wrap({ ...good, proofs: none.proofs }, 'absence')).ok,
    ).toBe(false)
  })

  test('behavior: evidence has one encoding, and a flipped bit anywhere never changes what is proved', () => {
    const evidence = wrap(evidenceOf(entry(LOCKED)), 'lock')
    expect(LockEvidence.encode(value(LockEvidence.decode(evidence.bytes)))).toEqual(evidence.bytes)
    for (let bit = 0; bit < evidence.bytes.length * 8; bit += 61) {
      const verdict = verifier.verify(lockClaim, { ...evidence, bytes: flip(evidence.bytes, bit) })
      // Votes beyond the two thirds that are counted aren't looked at.
      if (verdict.ok) expect(verdict.value.value).toEqual({ ...lock, transaction: '' })
    }
    for (let length = 0; length < evidence.bytes.length; length += 61)
      expect(LockEvidence.decode(evidence.bytes.slice(0, length)).ok).toBe(false)
  })
})
