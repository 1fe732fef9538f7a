import { type Claim, Fact, Hashlock, type Lock, type LockTerms } from '@aitbc/core'
import {
  BlockHeader,
  createEvmVerifier,
  HtlcStorage,
  LockEvidence,
  Rlp,
  StateProof,
  type Trust,
} from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'
import { trieOf } from './trie.js'

const network = 'eip155:31337'
const SECRET = new Uint8Array(32).fill(9)
const CODE = keccak_256(unhex('60006000fd'))
const account = (byte: string) => `${network}:0x${byte.repeat(20)}` as const

const terms: LockTerms.LockTerms = {
  version: 1,
  backend: { network, kind: 'contract', address: `0x${'cc'.repeat(20)}`, codeHash: CODE },
  asset: `${network}/slip44:60`,
  amount: 10n ** 18n,
  hashlock: Hashlock.of(SECRET),
  locker: { account: account('aa'), payout: account('aa') },
  beneficiary: { account: account('bb'), payout: account('bb') },
  deadline: { network, clock: 'unix', value: 1_900_000_000n },
  salt: new Uint8Array(32).fill(7),
}
const lockId = HtlcStorage.lockId(value(HtlcStorage.from(terms)))

const header: BlockHeader.BlockHeader = {
  parentHash: new Uint8Array(32).fill(1),
  ommersHash: keccak_256(Uint8Array.of(0xc0)),
  beneficiary: new Uint8Array(20).fill(2),
  stateRoot: new Uint8Array(32).fill(3),
  transactionsRoot: new Uint8Array(32).fill(4),
  receiptsRoot: new Uint8Array(32).fill(5),
  logsBloom: new Uint8Array(256),
  difficulty: 0n,
  number: 20_000_000n,
  gasLimit: 30_000_000n,
  gasUsed: 21_000n,
  timestamp: 1_800_000_000n,
  extraData: new Uint8Array(3).fill(6),
  mixHash: new Uint8Array(32).fill(8),
  nonce: new Uint8Array(8),
}
const london = { ...header, baseFeePerGas: 7n }
const shanghai = { ...london, withdrawalsRoot: new Uint8Array(32).fill(9) }
const cancun = {
  ...shanghai,
  blobGasUsed: 0n,
  excessBlobGas: 131_072n,
  parentBeaconBlockRoot: new Uint8Array(32).fill(10),
}
const prague = { ...cancun, requestsHash: new Uint8Array(32).fill(11) }

/** A state with the contract at the terms' address, and this word under the lock's id. */
function world(word: bigint, codeHash: Uint8Array = CODE, top: BlockHeader.BlockHeader = prague) {
  const filler = Array.from({ length: 12 }, (_, i) => keccak_256(Uint8Array.of(i)))
  const slot = keccak_256(HtlcStorage.slot(lockId))
  const storage = trieOf([
    ...(word === 0n ? [] : [[slot, Rlp.encode(Rlp.fromBigInt(word))] as const]),
    ...filler.map((key) => [key, Rlp.encode(Uint8Array.of(1))] as const),
  ])
  const address = keccak_256(new Uint8Array(20).fill(0xcc))
  const value_ = StateProof.encodeAccount({ nonce: 1n, balance: 5n, storageRoot: storage.root, codeHash })
  const state = trieOf([[address, value_], ...filler.map((key) => [key, value_] as const)])
  const raw = BlockHeader.encode({ ...top, stateRoot: state.root })
  return {
    hash: keccak_256(raw),
    evidence: {
      header: raw,
      accountProof: state.prove(address),
      storageProof: storage.prove(slot),
    } satisfies LockEvidence.LockEvidence,
  }
}

describe('BlockHeader', () => {
  test('A19: field sets of every fork, and no others', () => {
    for (const [fields, form] of [
      [15, header],
      [16, london],
      [17, shanghai],
      [20, cancun],
      [21, prague],
    ] as const) {
      const raw = BlockHeader.encode(form)
      expect((value(Rlp.decode(raw)) as Rlp.Item[]).length).toBe(fields)
      expect(value(BlockHeader.decode(raw))).toEqual(form)
      expect(hex(BlockHeader.hash(form))).toBe(hex(keccak_256(raw)))
    }
    const items = value(Rlp.decode(BlockHeader.encode(prague))) as Rlp.Item[]
    for (const count of [0, 1, 14, 18, 19])
      expect(check(BlockHeader.decode(Rlp.encode(items.slice(0, count))))).toBe('header-fields')
    expect(check(BlockHeader.decode(Rlp.encode([...items, Uint8Array.of(1)])))).toBe('header-fields')
    expect(check(BlockHeader.decode(Rlp.encode(new Uint8Array(21))))).toBe('header-fields')
  })

  test('A19: each field in its own form', () => {
    const items = value(Rlp.decode(BlockHeader.encode(prague))) as Uint8Array[]
    items.forEach((item, i) => {
      const change = (to: Rlp.Item) =>
        BlockHeader.decode(Rlp.encode(items.map((other, j) => (i === j ? to : other))))
      expect(check(change([item])), `${i}`).toBe('header-field')
      const scalar = [7, 8, 9, 10, 11, 15, 17, 18].includes(i)
      if (scalar) {
        expect(check(change(concat(Uint8Array.of(0), item)))).toBe('rlp-integer')
        expect(check(change(new Uint8Array(33).fill(1)))).toBe('rlp-integer')
      } else if (i !== 12) {
        expect(check(change(item.slice(1)))).toBe('header-field')
        expect(check(change(concat(item, Uint8Array.of(1))))).toBe('header-field')
        expect(check(change(new Uint8Array(0)))).toBe('header-field')
      }
    })
  })

  test('property: any bytes give a verdict; what decodes has one encoding', () => {
    const raw = BlockHeader.encode(prague)
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }), (at, patch) => {
        const bytes = raw.slice()
        bytes.set(patch.slice(0, bytes.length - at), at)
        const decoded = BlockHeader.decode(bytes)
        if (decoded.ok) expect(hex(BlockHeader.encode(decoded.value))).toBe(hex(bytes))
      }),
    )
  })
})

describe('HtlcStorage', () => {
  test('S11: a lock’s id binds the chain, the contract and every term', () => {
    const other = (change: Partial<LockTerms.LockTerms>) =>
      hex(HtlcStorage.lockId(value(HtlcStorage.from({ ...terms, ...change }))))
    const net = 'eip155:1' as const
    const ids = [
      other({}),
      other({ backend: { ...terms.backend, address: `0x${'cd'.repeat(20)}` } }),
      other({ asset: `${network}/erc20:0x${'dd'.repeat(20)}` }),
      other({ amount: 1n }),
      other({ hashlock: new Uint8Array(32).fill(1) }),
      other({ locker: terms.beneficiary }),
      other({ beneficiary: terms.locker }),
      other({ deadline: { ...terms.deadline, value: 1_900_000_001n } }),
      other({ salt: new Uint8Array(32) }),
      other({
        backend: { ...terms.backend, network: net },
        asset: `${net}/slip44:60`,
        deadline: { ...terms.deadline, network: net },
        locker: { account: `${net}:0x${'aa'.repeat(20)}`, payout: `${net}:0x${'aa'.repeat(20)}` },
        beneficiary: { account: `${net}:0x${'bb'.repeat(20)}`, payout: `${net}:0x${'bb'.repeat(20)}` },
      }),
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('the id and the slot are these hashes of words', () => {
    const word = (text: string) => text.padStart(64, '0')
    const encoded = [
      hex(keccak_256(new TextEncoder().encode('aitbc/htlc/v1'))),
      word((31337).toString(16)),
      word('cc'.repeat(20)),
      word(''),
      word((10n ** 18n).toString(16)),
      hex(terms.hashlock),
      word('aa'.repeat(20)),
      word('bb'.repeat(20)),
      word((1_900_000_000).toString(16)),
      '07'.repeat(32),
    ].join('')
    expect(hex(lockId)).toBe(hex(keccak_256(unhex(encoded))))
    expect(hex(HtlcStorage.slot(lockId))).toBe(hex(keccak_256(concat(lockId, new Uint8Array(32)))))
  })

  test('H20: terms that the contract can’t hold', () => {
    const from = (change: Partial<LockTerms.LockTerms>) => check(HtlcStorage.from({ ...terms, ...change }))
    const { address: _, ...nowhere } = terms.backend
    expect(from({ backend: { ...terms.backend, kind: 'p2wsh' } })).toBe('htlc-kind')
    expect(from({ backend: { ...terms.backend, network: 'bip122:1' } })).toBe('htlc-network')
    for (const reference of ['01', '1x'])
      expect(from({ backend: { ...terms.backend, network: `eip155:${reference}` } })).toBe('htlc-network')
    for (const address of [`x0x${'cc'.repeat(20)}`, `0x${'cc'.repeat(21)}`])
      expect(from({ backend: { ...terms.backend, address } })).toBe('htlc-contract')
    // A byte of an address may be zero.
    const odd = `${network}:0x00${'aa'.repeat(19)}` as const
    expect(HtlcStorage.from({ ...terms, locker: { account: odd, payout: odd } }).ok).toBe(true)
    expect(from({ backend: nowhere })).toBe('htlc-contract')
    expect(from({ backend: { ...terms.backend, address: '0xcc' } })).toBe('htlc-contract')
    expect(from({ asset: 'eip155:1/slip44:60' })).toBe('htlc-asset')
    expect(from({ asset: `${network}/erc721:0x${'dd'.repeat(20)}` })).toBe('htlc-asset')
    expect(from({ asset: `${network}/erc20:0xdd` })).toBe('htlc-asset')
    expect(from({ asset: `${network}/erc20:0x${'00'.repeat(20)}` })).toBe('htlc-asset')
    expect(from({ asset: `${network}/erc20:0x${'dd'.repeat(20)}/1` })).toBe('htlc-asset')
    expect(from({ locker: { account: account('aa'), payout: account('bb') } })).toBe('htlc-payout')
    const other = `eip155:1:0x${'aa'.repeat(20)}` as const
    expect(from({ locker: { account: other, payout: other } })).toBe('htlc-account')
    expect(from({ beneficiary: { account: account('bb'), payout: account('00') } })).toBe('htlc-account')
    expect(from({ beneficiary: { account: account('bb'), payout: other } })).toBe('htlc-account')
    expect(from({ beneficiary: { account: account('bb'), payout: `${network}:bb` } })).toBe('htlc-account')
    expect(from({ deadline: { ...terms.deadline, clock: 'median-time' } })).toBe('htlc-deadline')
    expect(from({ deadline: { ...terms.deadline, network: 'eip155:1' } })).toBe('htlc-deadline')
    expect(from({ deadline: { ...terms.deadline, value: 2n ** 64n } })).toBe('htlc-deadline')
  })
})

describe('LockEvidence', () => {
  const w = world(1n)
  const judge = (
    change: Partial<LockEvidence.LockEvidence> = {},
    of: LockTerms.LockTerms = terms,
    hash: Uint8Array = w.hash,
  ) => LockEvidence.verify(hash, of, { ...w.evidence, ...change })

  test('default: every status, absence included, under headers of every fork', () => {
    const statuses = ['none', 'locked', 'claimed', 'refunded'] as const
    for (const top of [header, london, shanghai, cancun, prague])
      statuses.forEach((status, word) => {
        const { hash, evidence } = world(BigInt(word), CODE, top)
        const held = value(LockEvidence.verify(hash, terms, evidence))
        expect(held).toEqual({
          status,
          lockId,
          block: { number: 20_000_000n, hash, timestamp: 1_800_000_000n },
        })
      })
  })

  test('error: another header, contract, code or word', () => {
    expect(check(judge({}, terms, flip(w.hash, 0)))).toBe('block-hash')
    expect(check(judge({ header: BlockHeader.encode(prague) }))).toBe('block-hash')
    const junk = unhex('c3010203')
    expect(check(LockEvidence.verify(keccak_256(junk), terms, { ...w.evidence, header: junk }))).toBe(
      'header-fields',
    )
    const other = world(1n, keccak_256(unhex('00')))
    expect(check(LockEvidence.verify(other.hash, terms, other.evidence))).toBe('lock-code')
    const { codeHash: _, ...unpinned } = terms.backend
    expect(check(judge({}, { ...terms, backend: unpinned }))).toBe('lock-code')
    expect(check(judge({}, { ...terms, backend: { ...terms.backend, kind: 'x' } }))).toBe('htlc-kind')
    for (const word of [4n, 2n ** 255n]) {
      const odd = world(word)
      expect(check(LockEvidence.verify(odd.hash, terms, odd.evidence))).toBe('lock-status')
    }
    const empty = trieOf([])
    const raw = BlockHeader.encode({ ...prague, stateRoot: empty.root })
    expect(
      check(LockEvidence.verify(keccak_256(raw), terms, { header: raw, accountProof: [], storageProof: [] })),
    ).toBe('lock-contract')
  })

  test('A16: statements and proofs of different locks don’t mix', () => {
    expect(check(judge({}, { ...terms, amount: 1n }))).toMatch(/^trie-/)
    expect(check(judge({ storageProof: w.evidence.accountProof }))).toBe('trie-root')
    expect(check(judge({ accountProof: w.evidence.storageProof }))).toBe('trie-root')
    expect(check(judge({ storageProof: [] }))).toBe('trie-empty')
    expect(check(judge({ storageProof: world(2n).evidence.storageProof }))).toBe('trie-root')
  })

  test('A52: a zero hash names no block', () => {
    // Before anything is hashed.
    for (const none of [new Uint8Array(32), new Uint8Array(0), new Uint8Array(31).fill(1)])
      expect(refusal(judge({}, terms, none))).toEqual({
        check: 'block-hash',
        message: 'a zero hash names no block',
      })
  })

  test('default: one encoding', () => {
    const bytes = LockEvidence.encode(w.evidence)
    expect(value(LockEvidence.decode(bytes))).toEqual(w.evidence)
    for (let length = 0; length < bytes.length; length++)
      expect(check(LockEvidence.decode(bytes.subarray(0, length)))).toBe('evidence-encoding')
    expect(check(LockEvidence.decode(concat(bytes, Uint8Array.of(0))))).toBe('evidence-encoding')
  })

  test('behavior: an answer of eth_getProof is brought into the one form', () => {
    const padded = LockEvidence.of({
      ...w.evidence,
      accountProof: [...w.evidence.accountProof, Uint8Array.of(0xc2, 0x20, 0x01)],
    })
    expect(padded).toEqual(w.evidence)
    const storageProof = (...nodes: readonly Uint8Array[]) =>
      LockEvidence.of({ ...w.evidence, storageProof: nodes }).storageProof
    expect(storageProof(Uint8Array.of(0x80))).toEqual([])
    // A root may be short; whatever else is wrong is for `verify` to refuse. A node of 32 bytes has a hash of its own.
    for (const root of [Uint8Array.of(0xc2, 0x20, 0x01), Uint8Array.of(0xc0), Uint8Array.of(0x80, 1)])
      expect(storageProof(root)).toEqual([root])
    const root = new Uint8Array(40)
    expect(storageProof(root, new Uint8Array(32), new Uint8Array(31))).toEqual([root, new Uint8Array(32)])
  })

  test('property: every one-bit change of a proof is refused', () => {
    const bytes = LockEvidence.encode(w.evidence)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const decoded = LockEvidence.decode(flip(bytes, bit))
      if (decoded.ok) expect(judge(decoded.value).ok, `bit ${bit}`).toBe(false)
    }
  })

  test('property: any bytes decode to a verdict', () => {
    const bytes = LockEvidence.encode(w.evidence)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, patch) => {
        const changed = bytes.slice()
        changed.set(patch.slice(0, changed.length - at), at)
        const decoded = LockEvidence.decode(changed)
        if (decoded.ok) expect(hex(LockEvidence.encode(decoded.value))).toBe(hex(changed))
      }),
    )
  })
})

describe('createEvmVerifier', () => {
  const ref = `0x${hex(lockId)}`
  const lock: Lock = { ref, transaction: `0x${'12'.repeat(32)}`, amount: terms.amount, match: 'exact' }
  const claim: Claim = { kind: 'lock', terms, lock }
  const spendOf = (kind: 'claim' | 'refund', secret = SECRET): Claim => ({
    kind: 'spend',
    terms,
    lock,
    spend: kind === 'claim' ? { kind, transaction: '0x', secret } : { kind, transaction: '0x' },
  })
  const evidenceOf = (word: bigint, kind: 'lock' | 'spend'): Fact.Evidence => ({
    network,
    format: LockEvidence.FORMAT[kind],
    bytes: LockEvidence.encode(world(word).evidence),
  })
  const asOf: Fact.Tip = {
    height: 20_000_004n,
    hash: `0x${'ab'.repeat(32)}`,
    time: 1_800_000_048n,
    clock: 1_800_000_048n,
  }
  const make = (assurance: Fact.Assurance = 'reported', only?: string) =>
    createEvmVerifier({
      network,
      trust: (block): Trust | undefined =>
        only === undefined || only === block.hash ? { assurance, asOf } : undefined,
    })

  test('default: a lock, as good as the block it is read in', () => {
    for (const assurance of ['proved', 'attested', 'quorum', 'reported'] as const) {
      const fact = value(make(assurance).verify(claim, evidenceOf(1n, 'lock')))
      // A storage word names no transaction.
      expect(fact.value).toEqual({ ...lock, transaction: '' })
      expect([fact.assurance, Fact.assuranceOf(fact), fact.depth]).toEqual([assurance, assurance, 5n])
      expect(fact.at).toEqual({ height: 20_000_000n, hash: `0x${hex(world(1n).hash)}` })
      // The block is what the caller knows, so it is what is trusted.
      expect(fact.anchor).toEqual({ network, ...(fact.at as Fact.BlockRef), assurance })
    }
  })

  test('default: a claim with its secret, and a refund', () => {
    expect(value(make().verify(spendOf('claim'), evidenceOf(2n, 'spend'))).value).toEqual({
      kind: 'claim',
      transaction: '',
      secret: SECRET,
    })
    expect(value(make().verify(spendOf('refund'), evidenceOf(3n, 'spend'))).value).toEqual({
      kind: 'refund',
      transaction: '',
    })
  })

  test('error: the lock has another status', () => {
    for (const word of [0n, 2n, 3n])
      expect(check(make().verify(claim, evidenceOf(word, 'lock')))).toBe('lock-absent')
    for (const word of [0n, 1n, 3n])
      expect(check(make().verify(spendOf('claim'), evidenceOf(word, 'spend')))).toBe('spend-absent')
    for (const word of [0n, 1n, 2n])
      expect(check(make().verify(spendOf('refund'), evidenceOf(word, 'spend')))).toBe('spend-absent')
  })

  test('S3: a claim’s secret opens the hashlock', () => {
    for (const secret of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(0)])
      expect(check(make().verify(spendOf('claim', secret), evidenceOf(2n, 'spend')))).toBe('secret')
  })

  test('error: evidence for another statement, network, form or block', () => {
    const judge = (change: Partial<Lock>) =>
      check(make().verify({ ...claim, lock: { ...lock, ...change } }, evidenceOf(1n, 'lock')))
    expect(judge({ ref: `0x${'00'.repeat(32)}` })).toBe('claim-mismatch')
    expect(judge({ amount: 1n })).toBe('claim-mismatch')
    const spend = { ...spendOf('refund'), lock: { ...lock, ref: '0x' } }
    expect(check(make().verify(spend, evidenceOf(3n, 'spend')))).toBe('claim-mismatch')
    const evidence = evidenceOf(1n, 'lock')
    expect(check(make().verify(claim, { ...evidence, network: 'eip155:1' }))).toBe('evidence-network')
    const foreign = { ...terms, backend: { ...terms.backend, network: 'eip155:1' } } as const
    expect(check(make().verify({ ...claim, terms: foreign }, evidence))).toBe('evidence-network')
    expect(check(make().verify(claim, { ...evidence, format: 'evm-lock/2' }))).toBe('evidence-format')
    expect(check(make().verify(claim, evidenceOf(1n, 'spend')))).toBe('evidence-format')
    expect(check(make('reported', '0x').verify(claim, evidence))).toBe('block-unknown')
    expect(check(make().verify(claim, { ...evidence, bytes: new Uint8Array(3) }))).toBe('evidence-encoding')
    const junk = LockEvidence.encode({ header: unhex('c0'), accountProof: [], storageProof: [] })
    expect(check(make().verify(claim, { ...evidence, bytes: junk }))).toBe('header-fields')
    const torn = LockEvidence.encode({ ...world(1n).evidence, storageProof: [] })
    expect(check(make().verify(claim, { ...evidence, bytes: torn }))).toBe('trie-empty')
  })

  test('A52: a verifier that trusts no block accepts nothing', () => {
    const verifier = createEvmVerifier({ network, trust: () => undefined })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(verifier.verify(claim, { ...evidenceOf(1n, 'lock'), bytes }).ok).toBe(false)
      }),
    )
    expect(check(verifier.verify(claim, evidenceOf(1n, 'lock')))).toBe('block-unknown')
  })
})
