import { type Claim, type Fact, Hashlock, type LockTerms, type Verdict } from '@aitbc/core'
import { BeaconConfig, LightClient, LightClientUpdate } from '@aitbc/proofs/beacon'
import {
  BlockHeader,
  createEvmVerifier,
  HtlcStorage,
  LockEvidence,
  Receipt,
  Rlp,
  StateProof,
  Transaction,
  TrieProof,
} from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { flip, hex, refusal, value } from '../helpers.js'
import { type Block, block, bytes32, config, update } from './beaconWorld.js'
import { trieOf } from './trie.js'

const told = (verdict: Verdict.Verdict<unknown>) => refusal(verdict).context

describe('A light client’s refusal names what it found', () => {
  const anchor = block(130n)
  const attested = block(150n, { finalized: block(144n) })
  const good = update(attested)
  const trusting = (change: Partial<LightClient.Anchor> = {}, from: Block = anchor) =>
    LightClient.trust({
      config,
      blockRoot: from.root,
      bootstrap: {
        header: from.header,
        committee: from.current,
        committeeBranch: from.state.branch(LightClientUpdate.gindices('deneb').current),
      },
      now: BeaconConfig.timeOf(config, from.header.beacon.slot),
      ...change,
    })
  const state = value(trusting())
  const now = BeaconConfig.timeOf(config, 150n + 1n)
  const take = (one: LightClientUpdate.LightClientUpdate, at = now) =>
    LightClient.apply(state, { kind: 'update', update: one, now: at })

  test('A26: how old, and how old it may be', () => {
    const start = BeaconConfig.timeOf(config, 130n)
    expect(told(trusting({ now: start + 61n, maxAge: 60n }))).toEqual({ age: 61n, maxAge: 60n })
    expect(told(trusting({ now: start - 1n }))).toEqual({ age: -1n })
    const late = start + LightClient.MAX_AGE + 1n
    expect(told(take(good, late))).toEqual({ age: LightClient.MAX_AGE + 1n, maxAge: LightClient.MAX_AGE })
  })

  test('A24: why a branch leads nowhere', () => {
    const bootstrap = { header: anchor.header, committee: anchor.current }
    const branch = anchor.state.branch(54n)
    const of = (committeeBranch: readonly Uint8Array[]) =>
      told(trusting({ bootstrap: { ...bootstrap, committeeBranch } }))
    expect(of(branch.slice(1))).toEqual({ because: 'branch-length' })
    expect(of(anchor.state.branch(55n))).toEqual({ because: 'branch-root' })
    const finality = { header: good.finality?.header as never, branch: attested.state.branch(54n) }
    expect(told(take({ ...good, finality }))).toEqual({ because: 'branch-length' })
    const { execution, beacon } = attested.header
    const { header, branch: body } = execution as NonNullable<typeof execution>
    const cut = { beacon, execution: { header, branch: body.slice(1) } }
    expect(told(take({ ...good, attested: cut }))).toEqual({ because: 'branch-length' })
  })

  test('A23, A26: whose signature, of which period', () => {
    const forged = { ...good, aggregate: update(attested, { signers: [1, 2, 3], claimed: [1, 2] }).aggregate }
    expect(told(take(forged))).toEqual({ participants: 2 })
    const later = update(block(200n))
    expect(told(take(later, BeaconConfig.timeOf(config, 201n)))).toEqual({ known: 2n, received: 3n })
  })

  test('headers below the final one', () => {
    const raw = Uint8Array.of(0xc0)
    expect(told(LightClient.trustFrom(state, [raw]))).toEqual({ index: 0 })
  })
})

describe('A reader’s refusal names field and place', () => {
  const zero = new Uint8Array(32)
  const header: BlockHeader.BlockHeader = {
    parentHash: zero,
    ommersHash: zero,
    beneficiary: new Uint8Array(20),
    stateRoot: zero,
    transactionsRoot: zero,
    receiptsRoot: zero,
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number: 1n,
    gasLimit: 1n,
    gasUsed: 1n,
    timestamp: 1n,
    extraData: new Uint8Array(0),
    mixHash: zero,
    nonce: new Uint8Array(8),
  }

  test('A19: headers', () => {
    const items = value(Rlp.decode(BlockHeader.encode(header))) as Rlp.Item[]
    const of = (at: number, to: Rlp.Item) =>
      refusal(BlockHeader.decode(Rlp.encode(items.map((item, i) => (i === at ? to : item)))))
    expect(of(2, zero)).toEqual({
      check: 'header-field',
      message: 'beneficiary has another form',
      context: { field: 'beneficiary' },
    })
    expect(of(8, Uint8Array.of(0, 1))).toEqual({
      check: 'rlp-integer',
      message: 'number: not a scalar of at most 8 bytes: 2 bytes from 0',
      context: { field: 'number' },
    })
    expect(refusal(BlockHeader.decode(Rlp.encode([]))).message).toBe(
      'a header has 15, 16, 17, 20, 21 fields, got 0',
    )
  })

  test('A18: receipts and transactions', () => {
    const log = { address: new Uint8Array(20), topics: [], data: zero }
    const receipt = Receipt.encode({
      type: 0,
      outcome: 'success',
      cumulativeGasUsed: 1n,
      logsBloom: new Uint8Array(256),
      logs: [log, { ...log, topics: [zero.subarray(1)] }],
    })
    expect(told(Receipt.decode(receipt))).toEqual({ index: 1 })
    expect(refusal(Receipt.decode(new Uint8Array(0))).message).toBe('no receipt starts with nothing')
    expect(refusal(Transaction.decode(new Uint8Array(0))).message).toBe('no transaction starts with nothing')
    const items: Rlp.Item[] = Array.from({ length: 9 }, () => new Uint8Array(0))
    expect(told(Transaction.decode(Rlp.encode(items.with(3, zero))))).toEqual({ field: 'to' })
  })

  test('A12, A14: nodes of a trie', () => {
    const keys = Array.from({ length: 40 }, (_, i) => keccak_256(Uint8Array.of(i)))
    const trie = trieOf(keys.map((key) => [key, key] as const))
    const key = keys[3] as Uint8Array
    const proof = trie.prove(key)
    expect(proof.length).toBe(3)
    const of = (nodes: readonly Uint8Array[]) => told(TrieProof.verify(trie.root, key, nodes))
    expect(of([flip(proof[0] as Uint8Array, 0), ...proof.slice(1)])).toEqual({ index: 0 })
    expect(of(proof.slice(0, 2))).toEqual({ index: 2 })
    expect(of([...proof.slice(0, 2), flip(proof[2] as Uint8Array, 9)])).toEqual({ index: 2 })
    expect(of([...proof.slice(0, 2), new Uint8Array(31)])).toEqual({ index: 2 })
    expect(of([...proof, zero])).toEqual({ index: 3 })
  })
})

describe('A lock’s refusal names its status and code', () => {
  const network = 'eip155:31337'
  const account = (byte: string) => `${network}:0x${byte.repeat(20)}` as const
  const CODE: Uint8Array = keccak_256(Uint8Array.of(1))
  const terms: LockTerms.LockTerms = {
    version: 1,
    backend: { network, kind: 'contract', address: `0x${'cc'.repeat(20)}`, codeHash: CODE },
    asset: `${network}/slip44:60`,
    amount: 1n,
    hashlock: Hashlock.of(bytes32('secret')),
    locker: { account: account('aa'), payout: account('aa') },
    beneficiary: { account: account('bb'), payout: account('bb') },
    deadline: { network, clock: 'unix', value: 1_900_000_000n },
    salt: new Uint8Array(32),
  }
  const lockId = HtlcStorage.lockId(value(HtlcStorage.from(terms)))
  const zero = new Uint8Array(32)
  const evidence = (word: bigint, codeHash = CODE) => {
    const slot = keccak_256(HtlcStorage.slot(lockId))
    const other = [keccak_256(zero), Rlp.encode(Uint8Array.of(1))] as const
    const storage = trieOf(word === 0n ? [other] : [[slot, Rlp.encode(Rlp.fromBigInt(word))], other])
    const address = keccak_256(new Uint8Array(20).fill(0xcc))
    const state = trieOf([
      [address, StateProof.encodeAccount({ nonce: 1n, balance: 0n, storageRoot: storage.root, codeHash })],
    ])
    const header = BlockHeader.encode({
      parentHash: zero,
      ommersHash: zero,
      beneficiary: new Uint8Array(20),
      stateRoot: state.root,
      transactionsRoot: zero,
      receiptsRoot: zero,
      logsBloom: new Uint8Array(256),
      difficulty: 0n,
      number: 1n,
      gasLimit: 1n,
      gasUsed: 1n,
      timestamp: 1n,
      extraData: new Uint8Array(0),
      mixHash: zero,
      nonce: new Uint8Array(8),
    })
    return {
      hash: keccak_256(header),
      evidence: { header, accountProof: state.prove(address), storageProof: storage.prove(slot) },
    }
  }

  test('S11: what the contract stores, and what its code is', () => {
    const judge = (word: bigint, codeHash = CODE) => {
      const made = evidence(word, codeHash)
      return told(LockEvidence.verify(made.hash, terms, made.evidence))
    }
    expect(judge(4n)).toEqual({ received: 4n })
    expect(judge(1n, bytes32('code'))).toEqual({ expected: hex(CODE), received: hex(bytes32('code')) })
  })

  test('the status that is there', () => {
    const asOf = { height: 1n, hash: '0x', time: 1n, clock: 1n }
    const verifier = createEvmVerifier({ network, trust: () => ({ assurance: 'reported', asOf }) })
    const lock = { ref: `0x${hex(lockId)}`, transaction: '', amount: 1n, match: 'exact' } as const
    const of = (word: bigint, kind: 'lock' | 'spend' | 'absence'): Fact.Evidence => ({
      network,
      format: LockEvidence.FORMAT[kind],
      bytes: LockEvidence.encode(evidence(word).evidence),
    })
    const claim: Claim = { kind: 'lock', terms, lock }
    const spend: Claim = { kind: 'spend', terms, lock, spend: { kind: 'refund', transaction: '' } }
    expect(told(verifier.verify(claim, of(2n, 'lock')))).toEqual({ status: 'claimed' })
    expect(told(verifier.verify(spend, of(1n, 'spend')))).toEqual({ status: 'locked' })
    expect(told(verifier.absent({ kind: 'lock', terms }, of(3n, 'absence')))).toEqual({ status: 'refunded' })
    const wrong = { ...lock, ref: '0x' }
    expect(refusal(verifier.verify({ ...spend, lock: wrong }, of(3n, 'spend'))).message).toBe(
      `the evidence proves what became of 0x${hex(lockId)}`,
    )
  })
})
