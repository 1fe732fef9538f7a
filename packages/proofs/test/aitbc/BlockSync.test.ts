import { Account, Block, BlockSync, StateAttestation } from '@aitbc/proofs/aitbc'
import { describe, expect, test } from 'vitest'
import { check, value } from '../helpers.js'
import { blockOf, GENESIS, keyOf, sign, twin } from './world.js'

const [p, q, r, outsider] = ['p', 'q', 'r', 'x'].map(keyOf) as [
  ReturnType<typeof keyOf>,
  ReturnType<typeof keyOf>,
  ReturnType<typeof keyOf>,
  ReturnType<typeof keyOf>,
]
const hashOf = (i: number) => `0x${i.toString(16).padStart(64, '0')}`
const anchor: BlockSync.Anchor = {
  chainId: 'ait-devnet',
  height: 0n,
  hash: GENESIS,
  proposers: [p, q, r].map(({ address }) => Account.stored(address)),
}
const start = (parts: Partial<BlockSync.Anchor> = {}) => value(BlockSync.trust({ ...anchor, ...parts }))

/** So many blocks on top of each other. */
function chainOf(count: number, parts: (height: bigint) => Parameters<typeof blockOf>[0] = () => ({})) {
  const blocks: Block.Block[] = []
  for (let i = 1; i <= count; i++) {
    const parentHash = blocks.at(-1)?.hash ?? GENESIS
    blocks.push(blockOf({ height: BigInt(i), parentHash, ...parts(BigInt(i)) }, p))
  }
  return blocks
}
const run = (state: BlockSync.State, blocks: readonly Block.Block[]) =>
  blocks.reduce((it, block) => value(BlockSync.apply(it, block)), state)

describe('Block', () => {
  test('default: the hash covers transactions in any order, and the proposer signed it', () => {
    const transactions = [hashOf(3), hashOf(1), hashOf(2)]
    const block = blockOf({ transactions }, p)
    expect(Block.hash({ ...block, transactions: [...transactions].reverse() })).toBe(block.hash)
    expect(Block.preimage(block)).toBe(
      `ait-devnet|1|${GENESIS}|2026-01-01T00:00:10+00:00|${hashOf(1)}|${hashOf(2)}|${hashOf(3)}`,
    )
    expect(transactions).toEqual([hashOf(3), hashOf(1), hashOf(2)])
    expect(value(Block.verify(block))).toBe(p.address)
    expect(value(Block.verify({ ...block, proposer: Account.stored(p.address) }))).toBe(p.address)
    expect(Block.timestamp('2026-01-01T00:00:10')).toBe('2026-01-01T00:00:10+00:00')
    expect(Block.timestamp('2026-01-01T00:00:10+00:00')).toBe('2026-01-01T00:00:10+00:00')
  })

  test('behavior: every field of the hash is bound, the proposer only by the signature', () => {
    const block = blockOf({ transactions: [hashOf(1)] }, p)
    for (const change of [
      { chainId: 'ait-mainnet' },
      { height: 2n },
      { parentHash: '0x00' },
      { timestamp: '2026-01-01T00:00:11+00:00' },
      { timestamp: '2026-01-01T00:00:10.000001+00:00' },
      { transactions: [] },
      { transactions: [hashOf(2)] },
      { hash: hashOf(9) },
    ])
      expect(check(Block.verify({ ...block, ...change }))).toBe('block-hash')
    expect(check(Block.verify({ ...block, proposer: q.address }))).toBe('signature-signer')
    expect(check(Block.verify({ ...block, signature: '' }))).toBe('signature-form')
  })

  test('behavior: only one form of each field, so that no two blocks have one preimage', () => {
    // Each is hashed and signed as it stands.
    for (const [field, change] of [
      ['chainId', { chainId: '' }],
      ['chainId', { chainId: 'a|1' }],
      ['chainId', { chainId: 'a'.repeat(129) }],
      ['height', { height: 0n }],
      ['height', { height: -1n }],
      ['height', { height: 1n << 63n }],
      ['parentHash', { parentHash: '' }],
      ['parentHash', { parentHash: '0x' }],
      ['parentHash', { parentHash: `0x${'A'.repeat(64)}` }],
      ['parentHash', { parentHash: `${GENESIS}|` }],
      ['timestamp', { timestamp: '2026-01-01T00:00:10' }],
      ['timestamp', { timestamp: '2026-01-01T00:00:10Z' }],
      ['timestamp', { timestamp: '2026-01-01T00:00:10.000000+00:00' }],
      ['timestamp', { timestamp: '2026-01-01T00:00:10.5+00:00' }],
      ['timestamp', { timestamp: '2026-01-01T00:00:10+00:00|' }],
      ['timestamp', { timestamp: '|2026-01-01T00:00:10+00:00' }],
      ['transactions', { transactions: [''] }],
      ['transactions', { transactions: [`${hashOf(1)}|${hashOf(2)}`] }],
      ['transactions', { transactions: [hashOf(1).slice(2)] }],
    ] as const) {
      const verdict = Block.check(blockOf(change, p))
      expect(check(verdict)).toBe('block-form')
      if (!verdict.ok) expect(verdict.refusal.context).toEqual({ field })
    }
    expect(value(Block.check(blockOf({ parentHash: '0x00' }, p))).parentHash).toBe('0x00')
    expect(value(Block.check(blockOf({ chainId: 'a'.repeat(128) }, p))).height).toBe(1n)
    expect(check(Block.check(blockOf({ transactions: [hashOf(1), hashOf(1)] }, p)))).toBe(
      'block-transactions',
    )
    const many = (count: number) => Array.from({ length: count }, (_, i) => hashOf(i))
    expect(check(Block.check(blockOf({ transactions: many(501) }, p)))).toBe('block-transactions')
    expect(value(Block.check(blockOf({ transactions: many(500) }, p))).transactions.length).toBe(500)
  })
})

describe('BlockSync', () => {
  test('default: blocks of a trusted proposer, final after so many', () => {
    const blocks = chainOf(8)
    let state = start()
    expect(BlockSync.finalized(state)).toEqual({ assurance: 'attested', block: undefined })
    state = run(state, blocks.slice(0, 5))
    expect(BlockSync.finalized(state).block).toBe(undefined)
    state = run(state, blocks.slice(5))
    expect(BlockSync.finalized(state).block).toEqual({
      height: 3n,
      hash: blocks[2]?.hash,
      parentHash: blocks[2]?.parentHash,
      timestamp: '2026-01-01T00:00:10+00:00',
      transactions: [],
      signers: [p.address],
    })
    expect(state.recent.length).toBe(6)
    expect(BlockSync.finalized(run(start({ confirmations: 1 }), blocks)).block?.height).toBe(8n)
    // Nobody signs the order in which a block's transactions are served: whoever serves them, the state is the same.
    const served = [hashOf(3), hashOf(1), hashOf(2)]
    const both = [served, [...served].reverse()].map((transactions) =>
      run(start(), [blockOf({ transactions }, p)]),
    )
    expect(both[0]).toEqual(both[1])
    expect(both[0]?.recent[0]?.transactions).toEqual([hashOf(1), hashOf(2), hashOf(3)])
    // The attested facts alone: neither the served proposer nor a state root.
    expect(Object.keys(BlockSync.finalized(state).block ?? {})).not.toContain('stateRoot')
  })

  test('A52: nothing is trusted without an anchor', () => {
    const refused = (parts: Partial<BlockSync.Anchor>) => check(BlockSync.trust({ ...anchor, ...parts }))
    for (const hash of [
      '',
      '0x00',
      `0x${'0'.repeat(64)}`,
      GENESIS.slice(2),
      GENESIS.toUpperCase(),
      `${GENESIS}0`,
      `0${GENESIS}`,
    ])
      expect(refused({ hash })).toBe('anchor-hash')
    // Zeros at its beginning don't make a hash zero.
    expect(start({ hash: hashOf(1) }).latest.hash).toBe(hashOf(1))
    expect(refused({ height: -1n })).toBe('anchor-height')
    for (const proposers of [[], [p.address, `ait1${p.address.slice(2)}`], ['genesis'], [p.address, '']])
      expect(refused({ proposers })).toBe('anchor-proposers')
    for (const attestations of [-1, 3, 0.5, Number.NaN])
      expect(refused({ attestations })).toBe('anchor-attestations')
    for (const confirmations of [0, -1, 1.5, 100_001])
      expect(refused({ confirmations })).toBe('anchor-confirmations')
    expect(start({ confirmations: 100_000, attestations: 2 }).proposers.length).toBe(3)
  })

  test('behavior: the next block, and no other', () => {
    const blocks = chainOf(3)
    const state = start()
    const [one, two] = blocks as [Block.Block, Block.Block]
    const refused = (block: Block.Block, at = state) => {
      const verdict = BlockSync.apply(at, block)
      const known = ['height-not-next', 'parent', 'proposer'].includes(check(verdict))
      // What is known of the block's place is told.
      if (known) expect(verdict.ok ? undefined : verdict.refusal.context).toEqual({ height: block.height })
      return check(verdict)
    }
    expect(refused(two)).toBe('height-not-next')
    expect(refused(blockOf({ parentHash: hashOf(7) }, p))).toBe('parent')
    expect(refused(blockOf({ chainId: 'ait-mainnet' }, p))).toBe('block-chain')
    expect(refused({ ...one, hash: hashOf(1) })).toBe('block-hash')
    expect(refused(blockOf({}, outsider))).toBe('proposer')
    expect(refused({ ...one, proposer: q.address })).toBe('signature-signer')
    const told = (block: Block.Block) => {
      const verdict = BlockSync.apply(state, block)
      return verdict.ok ? undefined : verdict.refusal.message
    }
    expect(told(two)).toBe('block 1 comes next, got 2')
    // Names are shown by their beginning, however long they are.
    expect(told({ ...one, chainId: 'c'.repeat(1000) })).toBe(
      `the block is of chain ${'c'.repeat(128)}, not ait-devnet`,
    )
    expect(told({ ...one, proposer: 'n'.repeat(1000) })).toBe(`${'n'.repeat(80)} may not propose`)
    expect(refused({ ...one, signature: '0x' })).toBe('signature-form')
    const signed = value(BlockSync.apply(state, { ...one, signature: twin(one.signature) }))
    expect(signed.latest.hash).toBe(one.hash)
    expect(value(BlockSync.apply(state, blockOf({}, q))).recent[0]?.signers).toEqual([q.address])
  })

  test('behavior: a known block changes nothing, another one at its height is a fork', () => {
    const blocks = chainOf(8)
    const state = run(start(), blocks)
    for (const block of blocks.slice(2)) expect(value(BlockSync.apply(state, block))).toBe(state)
    const fork = blockOf(
      { height: 8n, parentHash: blocks[6]?.hash as string, timestamp: '2026-01-01T00:00:11+00:00' },
      p,
    )
    const conflict = BlockSync.apply(state, fork)
    expect(check(conflict)).toBe('conflict')
    expect(conflict.ok ? undefined : conflict.refusal.context).toEqual({ height: 8n })
    const older = blockOf({ height: 4n, parentHash: blocks[2]?.hash as string, transactions: [hashOf(1)] }, p)
    expect(check(BlockSync.apply(state, older))).toBe('conflict')
    // Beyond what is kept.
    expect(check(BlockSync.apply(state, blocks[0] as Block.Block))).toBe('height-not-next')
    const other = blockOf({ height: 5n }, p)
    expect(check(BlockSync.apply(start({ height: 5n }), other))).toBe('conflict')
  })

  test('behavior: others attest, each once, and the proposer is not one of them', () => {
    const state = start({ attestations: 2 })
    const refused = (block: Block.Block) => check(BlockSync.apply(state, block))
    expect(value(BlockSync.apply(state, blockOf({}, p, [q, r]))).recent[0]?.signers).toEqual([
      p.address,
      q.address,
      r.address,
    ])
    expect(refused(blockOf({}, p))).toBe('attestations')
    expect(refused(blockOf({}, p, [q]))).toBe('attestations')
    const lacking = BlockSync.apply(state, blockOf({}, p, [q]))
    expect(lacking.ok ? undefined : lacking.refusal).toEqual({
      check: 'attestations',
      message: '2 others must attest, 1 do',
      context: { height: 1n },
    })
    expect(refused(blockOf({}, p, [q, q]))).toBe('attestations')
    expect(refused(blockOf({}, p, [p, q]))).toBe('attestations')
    expect(refused(blockOf({}, p, [q, outsider]))).toBe('attestations')
    const { attestations: _, ...none } = blockOf({}, p)
    expect(refused(none)).toBe('attestations')
    // A signature of another block, under a validator's name.
    const block = blockOf({}, p, [q])
    const stray = { validator: r.address, signature: sign(Block.digest({ hash: hashOf(5) }), r) }
    expect(refused({ ...block, attestations: [...(block.attestations ?? []), stray] })).toBe('attestations')
    // Of a list that is too long only the beginning is read.
    const long = Array.from({ length: 6 }, () => ({ validator: outsider.address, signature: '' }))
    expect(
      refused({ ...block, attestations: [...long, ...(blockOf({}, p, [q, r]).attestations ?? [])] }),
    ).toBe('attestations')
  })

  test("behavior: a state root is attested by a validator's own signature, never by the block's", () => {
    const blocks = chainOf(7)
    const state = run(start(), blocks)
    const { height, hash, parentHash } = blocks[5] as Block.Block
    const header: StateAttestation.Header = {
      chainId: 'ait-devnet',
      height,
      hash,
      parentHash,
      proposer: p.address,
      stateRoot: hashOf(77),
    }
    const signature = sign(StateAttestation.digest(header), q)
    expect(value(BlockSync.attestState(state, header, signature))).toEqual({
      assurance: 'attested',
      stateRoot: hashOf(77),
      signer: q.address,
    })
    const refused = (parts: Partial<StateAttestation.Header>, by = q) => {
      const changed = { ...header, ...parts }
      return check(BlockSync.attestState(state, changed, sign(StateAttestation.digest(changed), by)))
    }
    expect(refused({ chainId: 'ait-mainnet' })).toBe('block-chain')
    expect(refused({ height: 5n })).toBe('block-unknown')
    expect(refused({ hash: hashOf(1) })).toBe('block-unknown')
    expect(refused({ parentHash: hashOf(1) })).toBe('block-unknown')
    const unknown = BlockSync.attestState(state, { ...header, height: 5n }, signature)
    expect(unknown.ok ? undefined : unknown.refusal.context).toEqual({ height: 5n })
    for (const stateRoot of ['0x', `0${hashOf(77)}`, `${hashOf(77)}0`])
      expect(refused({ stateRoot })).toBe('state-root')
    expect(refused({}, outsider)).toBe('attestation-signer')
    const strange = BlockSync.attestState(state, header, sign(StateAttestation.digest(header), outsider))
    expect(strange.ok ? undefined : strange.refusal.context).toEqual({ signer: outsider.address })
    expect(check(BlockSync.attestState(state, { ...header, stateRoot: hashOf(78) }, signature))).toBe(
      'attestation-signer',
    )
    expect(check(BlockSync.attestState(state, header, blocks[5]?.signature as string))).toBe(
      'attestation-signer',
    )
    expect(check(BlockSync.attestState(state, header, ''))).toBe('signature-form')
    // The first block isn't kept any more.
    const first = blocks[0] as Block.Block
    expect(refused({ height: 1n, hash: first.hash, parentHash: first.parentHash })).toBe('block-unknown')
  })
})
