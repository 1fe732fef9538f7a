import { type Claim, Fact, type Lock, type LockTerms } from '@aitbc/core'
import {
  type BitcoinVerifier,
  Consensus,
  createBitcoinVerifier,
  Hash256,
  HeaderChain,
  HtlcScript,
  LockEvidence,
  SpendEvidence,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import {
  blockOf,
  consensusOf,
  filler,
  fresh,
  lockOf,
  mineBlock,
  mineMany,
  NOW,
  SECRET,
  START,
  spendOf,
  termsOf,
} from './world.js'

const BITS = 0x1f3fffff
const rules = consensusOf(BITS)
const network = rules.network
const signature = new Uint8Array(71).fill(0x30)
const timeOf = (raw: Uint8Array) => new DataView(raw.buffer, raw.byteOffset).getUint32(68, true)
const after = (raw: Uint8Array) => ({ hash: Hash256.of(raw), time: timeOf(raw) })

/** A chain of six: the lock in block 2, its spend in block 4. */
function world(kind: 'p2wsh' | 'p2tr', spend: 'claim' | 'refund', change: Partial<LockTerms.LockTerms> = {}) {
  const terms = termsOf(kind, change)
  const script = value(HtlcScript.from(terms))
  const lock = lockOf(terms)
  const witness =
    spend === 'claim'
      ? HtlcScript.claimWitness(script, signature, SECRET)
      : HtlcScript.refundWitness(script, signature)
  const spending = spendOf(lock, witness, spend === 'refund' ? script.lockTime : 0)
  const genesis = fresh(rules)
  const first = mineMany({ hash: genesis.best.hash, time: START }, 1, BITS)
  const locked = blockOf(2, [filler(1), lock, filler(2), filler(3)])
  const second = mineBlock(after(first), locked, BITS)
  const third = mineMany(after(second), 1, BITS)
  const spent = blockOf(4, [filler(4), filler(5), spending])
  const fourth = mineBlock(after(third), spent, BITS)
  const rest = mineMany(after(fourth), 2, BITS)
  const headers = concat(first, second, third, fourth, rest)
  const txid = Transaction.txid(lock)
  return {
    terms,
    lock,
    spending,
    headers,
    genesis,
    locked,
    spent,
    outpoint: { txid, output: 1 },
    evidence: LockEvidence.of({
      headers,
      block: Hash256.of(second),
      transactions: locked,
      index: 2,
      output: 1,
    }),
    spendEvidence: SpendEvidence.of({
      headers,
      block: Hash256.of(fourth),
      transactions: spent,
      index: 3,
      input: 0,
    }),
  }
}

const w = world('p2wsh', 'claim')
const judge = (change: Partial<LockEvidence.LockEvidence> = {}, terms = w.terms, state = w.genesis) =>
  LockEvidence.verify(state, terms, { ...w.evidence, ...change }, { now: NOW })

describe('LockEvidence', () => {
  test('default: a lock in a chain from the anchor, in both script forms', () => {
    for (const kind of ['p2wsh', 'p2tr'] as const) {
      const { genesis, terms, evidence, lock } = world(kind, 'claim')
      const locked = value(LockEvidence.verify(genesis, terms, evidence, { now: NOW }))
      expect([hex(locked.txid), locked.output, locked.amount, locked.block.height, locked.depth]).toEqual([
        hex(Transaction.txid(lock)),
        1,
        1_000_000n,
        2,
        5n,
      ])
      // The median of heights 0 to 2.
      expect(locked.medianTime).toBe(BigInt(START + 600))
      expect(locked.state.best.height).toBe(6)
    }
  })

  test('behavior: the same evidence verifies against a verifier that knows some, or all, of its headers', () => {
    for (const known of [0, 1, 3, 6]) {
      const state = value(
        HeaderChain.apply(w.genesis, { headers: w.headers.subarray(0, known * 80), now: NOW }),
      )
      expect(value(judge({}, w.terms, state)).depth).toBe(5n)
    }
    const synced = value(HeaderChain.apply(w.genesis, { headers: w.headers, now: NOW }))
    expect(value(judge({ headers: new Uint8Array(0) }, w.terms, synced)).depth).toBe(5n)
    expect(check(judge({ headers: new Uint8Array(0) }))).toBe('block-unknown')
  })

  test('H21: under and over are told, another script is refused', () => {
    for (const amount of [1n, 999_999n, 1_000_001n])
      expect(value(judge({}, { ...w.terms, amount })).amount).toBe(1_000_000n)
    expect(check(judge({ output: 0 }))).toBe('lock-script')
    expect(check(judge({ output: 2 }))).toBe('lock-output')
    const later = { ...w.terms.deadline, value: w.terms.deadline.value + 1n }
    expect(check(judge({}, { ...w.terms, deadline: later }))).toBe('lock-script')
    expect(check(judge({}, termsOf('p2tr')))).toBe('lock-script')
  })

  test('A6: on the genesis block, less work than is known to stand there counts for nothing', () => {
    const { difficulty } = value(HeaderChain.apply(w.genesis, { headers: w.headers, now: NOW })).best
    const six = 6n * difficulty.work
    const under = (leastWork: bigint, height = 0n) => {
      const { anchor } = w.genesis
      const own = { ...w.genesis, anchor: { ...anchor, height, consensus: { ...rules, leastWork } } }
      return judge({}, w.terms, own)
    }
    expect(under(six).ok).toBe(true)
    expect(check(under(six + 1n))).toBe('chain-work')
    // From any other block the caller says what it is worth.
    expect(under(six + 1n, 5n).ok).toBe(true)
    expect(Consensus.mainnet.leastWork).toBe(1n << 94n)
  })

  test('H14: terms of another network, and no Bitcoin terms at all', () => {
    const main = Consensus.mainnet.network
    const foreign = {
      ...w.terms,
      backend: { network: main, kind: 'p2wsh' },
      asset: `${main}/slip44:0`,
      deadline: { ...w.terms.deadline, network: main },
    } as const
    expect(check(judge({}, foreign))).toBe('network')
    expect(check(judge({}, termsOf('p2wsh', { backend: { network, kind: 'contract' } })))).toBe('htlc-kind')
  })

  test('S12: a lock that a reorganisation undid is stale, and a lighter branch undoes nothing', () => {
    const synced = value(HeaderChain.apply(w.genesis, { headers: w.headers, now: NOW }))
    const from = { hash: w.genesis.best.hash, time: START }
    const lighter = value(HeaderChain.apply(synced, { headers: mineMany(from, 5, BITS, 700), now: NOW }))
    expect(value(judge({}, w.terms, lighter)).depth).toBe(5n)
    const heavier = value(HeaderChain.apply(synced, { headers: mineMany(from, 7, BITS, 700), now: NOW }))
    expect(check(judge({}, w.terms, heavier))).toBe('block-stale')
  })

  test('error: a lock in a coinbase, and a block that is the anchor itself', () => {
    const lock = lockOf(w.terms)
    const coinbase = { ...(w.locked[0] as Transaction.Transaction), outputs: lock.outputs }
    const raw = mineBlock({ hash: w.genesis.best.hash, time: START }, [coinbase], BITS)
    const evidence = LockEvidence.of({
      headers: raw,
      block: Hash256.of(raw),
      transactions: [coinbase],
      index: 0,
      output: 1,
    })
    expect(check(LockEvidence.verify(w.genesis, w.terms, evidence, { now: NOW }))).toBe('lock-coinbase')
    expect(check(judge({ block: w.genesis.best.hash }))).toBe('block-unknown')
    expect(check(judge({ block: Hash256.of(w.headers.subarray(160, 240)) }))).toBe('merkle-root')
    expect(check(judge({ headers: w.headers.subarray(80) }))).toBe('header-link')
  })

  test('default: one encoding', () => {
    const bytes = LockEvidence.encode(w.evidence)
    expect(value(LockEvidence.decode(bytes))).toEqual(w.evidence)
    for (let length = 0; length < bytes.length; length++)
      expect(check(LockEvidence.decode(bytes.subarray(0, length)))).toBe('evidence-encoding')
    expect(check(LockEvidence.decode(concat(bytes, Uint8Array.of(0))))).toBe('evidence-encoding')
    expect([LockEvidence.FORMAT, SpendEvidence.FORMAT]).toEqual(['bitcoin-lock/1', 'bitcoin-spend/1'])
    const spend = SpendEvidence.encode(w.spendEvidence)
    expect(value(SpendEvidence.decode(spend))).toEqual(w.spendEvidence)
    for (let length = 0; length < spend.length; length++)
      expect(check(SpendEvidence.decode(spend.subarray(0, length)))).toBe('evidence-encoding')
  })

  test('property: every one-bit change of a proof is refused', () => {
    const bytes = LockEvidence.encode(w.evidence)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const decoded = LockEvidence.decode(flip(bytes, bit))
      if (!decoded.ok) continue
      // One encoding: what decodes encodes to the same bytes.
      expect(LockEvidence.verify(w.genesis, w.terms, decoded.value, { now: NOW }).ok, `bit ${bit}`).toBe(
        false,
      )
    }
  })

  test('property: any bytes decode to a verdict, and what decodes has one encoding', () => {
    const bytes = LockEvidence.encode(w.evidence)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, patch) => {
        const changed = bytes.slice()
        changed.set(patch.slice(0, changed.length - at), at)
        for (const form of [LockEvidence, SpendEvidence]) {
          const decoded = form.decode(changed)
          if (decoded.ok) expect(hex(form.encode(decoded.value as never))).toBe(hex(changed))
        }
      }),
    )
  })
})

describe('SpendEvidence', () => {
  const judge = (change: Partial<SpendEvidence.SpendEvidence> = {}, terms = w.terms, lock = w.outpoint) =>
    SpendEvidence.verify(w.genesis, terms, lock, { ...w.spendEvidence, ...change }, { now: NOW })

  test('default: claims with their secret and refunds, in both script forms', () => {
    for (const kind of ['p2wsh', 'p2tr'] as const)
      for (const spend of ['claim', 'refund'] as const) {
        const at = world(kind, spend)
        const spent = value(
          SpendEvidence.verify(at.genesis, at.terms, at.outpoint, at.spendEvidence, { now: NOW }),
        )
        expect(spent.spend).toEqual(spend === 'claim' ? { is: 'claim', secret: SECRET } : { is: 'refund' })
        expect([spent.depth, spent.input, hex(spent.txid)]).toEqual([
          3n,
          0,
          hex(Transaction.txid(at.spending)),
        ])
      }
  })

  test('A9: a claim dressed as a refund, and the reverse, by another witness', () => {
    const script = value(HtlcScript.from(w.terms))
    const other = spendOf(w.lock, HtlcScript.refundWitness(script, signature))
    expect(hex(Transaction.txid(other))).toBe(hex(Transaction.txid(w.spending)))
    const inclusion = { ...w.spendEvidence.inclusion, transaction: Transaction.encode(other) }
    expect(check(judge({ inclusion }))).toBe('witness-commitment')
  })

  test('error: another output, another input, another lock', () => {
    expect(check(judge({ input: 1 }))).toBe('spend-input')
    expect(check(judge({}, w.terms, { ...w.outpoint, output: 0 }))).toBe('spend-outpoint')
    expect(check(judge({}, w.terms, { txid: flip(w.outpoint.txid, 0), output: 1 }))).toBe('spend-outpoint')
    expect(check(judge({}, termsOf('p2tr')))).toBe('spend-witness')
    expect(check(judge({}, termsOf('p2wsh', { backend: { network, kind: 'x' } })))).toBe('htlc-kind')
    expect(check(judge({ block: new Uint8Array(32) }))).toBe('block-unknown')
    const sibling = SpendEvidence.of({
      headers: w.headers,
      block: w.spendEvidence.block,
      transactions: w.spent,
      index: 1,
      input: 0,
    })
    expect(check(judge(sibling))).toBe('spend-outpoint')
  })

  test('property: every one-bit change of a proof is refused', () => {
    const bytes = SpendEvidence.encode(w.spendEvidence)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const decoded = SpendEvidence.decode(flip(bytes, bit))
      if (decoded.ok) expect(judge(decoded.value).ok, `bit ${bit}`).toBe(false)
    }
  })
})

describe('createBitcoinVerifier', () => {
  const anchor = HeaderChain.genesis(rules)
  const make = (options: Partial<createBitcoinVerifier.Options> = {}): BitcoinVerifier =>
    value(createBitcoinVerifier({ anchor, now: () => NOW, ...options }))
  const transaction = Hash256.toDisplay(w.outpoint.txid)
  const lock: Lock = { ref: `${transaction}:1`, transaction, amount: 1_000_000n, match: 'exact' }
  const claim: Claim = { kind: 'lock', terms: w.terms, lock }
  const evidence = { network, format: LockEvidence.FORMAT, bytes: LockEvidence.encode(w.evidence) }
  const spendClaim: Claim = {
    kind: 'spend',
    terms: w.terms,
    lock,
    spend: { kind: 'claim', transaction: Hash256.toDisplay(Transaction.txid(w.spending)), secret: SECRET },
  }
  const spendEvidence = {
    network,
    format: SpendEvidence.FORMAT,
    bytes: SpendEvidence.encode(w.spendEvidence),
  }

  test('default: a proved lock, with depth, tip and anchor', () => {
    const fact = value(make().verify(claim, evidence))
    expect(fact.value).toEqual(lock)
    expect([fact.assurance, Fact.assuranceOf(fact), fact.depth]).toEqual(['proved', 'proved', 5n])
    expect(fact.at).toEqual({ height: 2n, hash: Hash256.toDisplay(w.evidence.block) })
    expect([fact.asOf.height, fact.asOf.clock, fact.asOf.finalized?.height]).toEqual([
      6n,
      BigInt(START + 1800),
      1n,
    ])
    expect([fact.anchor?.height, fact.anchor?.assurance]).toEqual([0n, 'proved'])
    // Its copy is nobody's word.
    expect(Fact.assuranceOf({ ...fact })).toBe('reported')
  })

  test('default: a proved claim, and a proved refund', () => {
    expect(value(make().verify(spendClaim, spendEvidence)).value).toEqual(spendClaim.spend)
    const r = world('p2tr', 'refund')
    const id = Hash256.toDisplay(r.outpoint.txid)
    const spend = { kind: 'refund', transaction: Hash256.toDisplay(Transaction.txid(r.spending)) } as const
    const fact = make().verify(
      { kind: 'spend', terms: r.terms, lock: { ...lock, ref: `${id}:1`, transaction: id }, spend },
      { ...spendEvidence, bytes: SpendEvidence.encode(r.spendEvidence) },
    )
    expect(value(fact).value).toEqual(spend)
  })

  test('behavior: a fact is no better than its anchor', () => {
    for (const assurance of ['proved', 'attested', 'quorum', 'reported'] as const)
      expect(value(make({ assurance }).verify(claim, evidence)).assurance).toBe(assurance)
  })

  test('behavior: what it has seen, it remembers: evidence on a lighter branch is stale', () => {
    const verifier = make()
    expect(verifier.tip().height).toBe(0n)
    const heavier = mineMany({ hash: w.genesis.best.hash, time: START }, 7, BITS, 700)
    expect(value(verifier.apply(heavier)).height).toBe(7n)
    expect(check(verifier.verify(claim, evidence))).toBe('block-stale')
    expect(verifier.tip().height).toBe(7n)
    expect(check(verifier.apply(flip(heavier, 4 * 8)))).toBe('header-link')
  })

  test('behavior: headers of evidence too are held to the caller’s clock', () => {
    const early = make({ now: () => BigInt(START) - 7200n })
    expect(check(early.verify(claim, evidence))).toBe('time-too-new')
    expect(check(early.verify(spendClaim, spendEvidence))).toBe('time-too-new')
  })

  test('behavior: the match is judged, not believed', () => {
    const match = (change: Partial<LockTerms.LockTerms>, claimed: Lock['match'] = 'exact') =>
      value(
        make().verify(
          { ...claim, terms: { ...w.terms, ...change }, lock: { ...lock, match: claimed } },
          evidence,
        ),
      ).value.match
    expect(match({})).toBe('exact')
    expect(match({}, 'duplicate')).toBe('duplicate')
    expect(match({ amount: 1_000_001n })).toBe('under')
    expect(match({ amount: 999_999n }, 'duplicate')).toBe('over')
    const late = world('p2wsh', 'claim', {
      deadline: { network, clock: 'median-time', value: BigInt(START + 600) },
    })
    const id = Hash256.toDisplay(late.outpoint.txid)
    expect(
      value(
        make().verify(
          { kind: 'lock', terms: late.terms, lock: { ...lock, ref: `${id}:1`, transaction: id } },
          { ...evidence, bytes: LockEvidence.encode(late.evidence) },
        ),
      ).value.match,
    ).toBe('late')
  })

  test('error: evidence for another statement', () => {
    const judge = (change: Partial<Lock>) =>
      check(make().verify({ ...claim, lock: { ...lock, ...change } }, evidence))
    expect(judge({ ref: `${transaction}:0` })).toBe('claim-mismatch')
    expect(judge({ amount: 1n })).toBe('claim-mismatch')
    expect(judge({ transaction: '00'.repeat(32) })).toBe('claim-mismatch')
    const spend = (change: Record<string, unknown>, ref = lock.ref) =>
      check(
        make().verify(
          { ...spendClaim, lock: { ...lock, ref }, spend: { ...spendClaim.spend, ...change } } as Claim,
          spendEvidence,
        ),
      )
    expect(spend({ kind: 'refund' })).toBe('claim-mismatch')
    expect(spend({ secret: new Uint8Array(32) })).toBe('claim-mismatch')
    expect(spend({ transaction: '00'.repeat(32) })).toBe('claim-mismatch')
    expect(spend({}, `${transaction}:01`)).toBe('claim-mismatch')
    expect(spend({}, 'nonsense')).toBe('claim-mismatch')
    expect(spend({}, `0${lock.ref}`)).toBe('claim-mismatch')
    expect(spend({}, `${lock.ref}0`)).toBe('spend-outpoint')
    // A refund of the lock in the very transaction that the claim names.
    const r = world('p2wsh', 'refund')
    expect(
      check(
        make().verify(
          {
            kind: 'spend',
            terms: r.terms,
            lock,
            spend: {
              kind: 'claim',
              transaction: Hash256.toDisplay(Transaction.txid(r.spending)),
              secret: SECRET,
            },
          },
          { ...spendEvidence, bytes: SpendEvidence.encode(r.spendEvidence) },
        ),
      ),
    ).toBe('claim-mismatch')
    expect(spend({}, `${transaction}:0`)).toBe('spend-outpoint')
  })

  test('error: evidence of another network or form, or of none', () => {
    const judge = (change: Partial<typeof evidence>) =>
      check(make().verify(claim, { ...evidence, ...change }))
    expect(judge({ network: 'eip155:1' })).toBe('evidence-network')
    expect(judge({ format: 'bitcoin-lock/2' })).toBe('evidence-format')
    expect(judge({ format: SpendEvidence.FORMAT })).toBe('evidence-format')
    expect(judge({ bytes: new Uint8Array(0) })).toBe('evidence-encoding')
    expect(judge({ bytes: spendEvidence.bytes })).toBe('evidence-encoding')
    expect(check(make().verify(spendClaim, evidence))).toBe('evidence-format')
    expect(check(make().verify(spendClaim, { ...evidence, format: SpendEvidence.FORMAT }))).toBe(
      'evidence-encoding',
    )
  })

  test('A52: no anchor, no verifier; a fresh one accepts nothing that isn’t on it', () => {
    expect(
      check(createBitcoinVerifier({ anchor: { ...anchor, hash: new Uint8Array(32) }, now: () => NOW })),
    ).toBe('anchor-hash')
    const other = HeaderChain.genesis(consensusOf(0x1f3ffffe))
    expect(check(make({ anchor: other }).verify(claim, evidence))).toBe('header-link')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(make().verify(claim, { ...evidence, bytes }).ok).toBe(false)
        expect(make().verify(spendClaim, { ...spendEvidence, bytes }).ok).toBe(false)
      }),
    )
  })
})
