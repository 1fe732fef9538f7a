import {
  AuthorityChange,
  AuthoritySet,
  BeefyClient,
  BeefyCommitment,
  BeefyLeaf,
  CompactProof,
  GrandpaClient,
  Hasher,
  Header,
  Justification,
  ParachainState,
  Scale,
  StorageKey,
  TrieNode,
  TrieProof,
} from '@aitbc/proofs/substrate'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { concat, flip, hex, refusal, unhex, value } from '../helpers.js'
import * as beefy from './beefy.js'
import {
  type Block,
  blockOn,
  chainOf,
  forced,
  hash32,
  justify,
  message,
  scheduled,
  setOf,
  unanimous,
  type Voter,
  voters,
} from './grandpa.js'
import { rangeOf } from './trees.js'
import { trieOf } from './trie.js'

const bytes = (...items: number[]) => Uint8Array.from(items)
const utf8 = (text: string) => new TextEncoder().encode(text)
const long = (seed: number, length = 40) => new Uint8Array(length).fill(seed)

describe('Scale', () => {
  const of = (type: Scale.Type<unknown>, text: string) => refusal(Scale.decode(type, unhex(text)))

  test('A47: error: what is wrong, and at which byte', () => {
    const pair = Scale.struct({ a: Scale.byte, b: Scale.u32 })
    for (const [type, text, check, message] of [
      [pair, '01020304', 'scale-truncated', '4 bytes are expected at byte 1'],
      [pair, '010203040506', 'scale-trailing', '1 bytes after the value'],
      [Scale.compact, '0100', 'scale-compact', '0 is written in 2 bytes at byte 2'],
      [Scale.compact, 'fd00', 'scale-compact', '63 is written in 2 bytes at byte 2'],
      [Scale.compact, 'feff0000', 'scale-compact', '16383 is written in 4 bytes at byte 4'],
      [Scale.compact, '03ffffff3f', 'scale-compact', '1073741823 is written in 4 bytes at byte 5'],
      [Scale.compact, '070000004000', 'scale-compact', '1073741824 is written in 5 bytes at byte 6'],
      [Scale.compact, '', 'scale-truncated', '1 bytes are expected at byte 0'],
      [Scale.compact, '01', 'scale-truncated', '1 bytes are expected at byte 1'],
      [Scale.compact, '0200', 'scale-truncated', '3 bytes are expected at byte 1'],
      [Scale.compact, '0300', 'scale-truncated', '4 bytes are expected at byte 1'],
      [Scale.compactOf(8), '0104', 'scale-compact', '256 is wider than 8 bits at byte 2'],
      [Scale.text, '04ff', 'scale-text', 'the text is no UTF-8 at byte 2'],
      [Scale.bytes, '0c0102', 'scale-length', '3 items are announced at byte 1'],
      [Scale.list(Scale.u32), '0801020304050607', 'scale-length', '2 items are announced at byte 1'],
      [Scale.boolean, '02', 'scale-tag', '0 or 1 is expected, got 2 at byte 1'],
      [Scale.variant({ a: [1, Scale.byte] }), '02', 'scale-tag', 'no variant has the tag 2 at byte 1'],
    ] as const)
      expect(of(type as Scale.Type<unknown>, text), text).toEqual({ check, message })
    const nest: Scale.Type<unknown> = Scale.recursive(() => Scale.list(nest))
    expect(of(nest, `${'04'.repeat(200)}00`)).toEqual({
      check: 'scale-depth',
      message: 'values are nested deeper than 128 at byte 128',
    })
  })

  test('A47: nesting counts what is open, not what was', () => {
    const nest: Scale.Type<unknown> = Scale.recursive(() => Scale.list(nest))
    expect(Scale.decode(nest, concat(unhex('2103'), new Uint8Array(200))).ok).toBe(true)
  })

  test('A47: the widest values of compact types', () => {
    for (const [bits, number] of [
      [8, 255n],
      [16, 65535n],
      [32, (1n << 32n) - 1n],
      [64, (1n << 64n) - 1n],
    ] as const) {
      const type = Scale.compactOf(bits)
      expect(value(Scale.decode(type, Scale.encode(type, number)))).toBe(number)
      expect(refusal(Scale.decode(type, Scale.encode(type, number + 1n))).check).toBe('scale-compact')
    }
  })

  test('what is read stays as it was when the input changes', () => {
    for (const [type, input] of [
      [Scale.fixed(2), bytes(1, 2)],
      [Scale.bytes, bytes(8, 1, 2)],
    ] as const) {
      const read = value(Scale.decode(type, input))
      input.fill(9)
      expect(read).toEqual(bytes(1, 2))
    }
  })

  test('the fewest bytes of each type are what it takes', () => {
    const nest: Scale.Type<unknown> = Scale.recursive(() => Scale.list(nest))
    const least = Scale.struct({
      a: Scale.byte,
      b: Scale.u32,
      c: Scale.uint(128),
      d: Scale.fixed(3),
    }).least
    expect(least).toBe(24)
    for (const type of [
      Scale.boolean,
      Scale.compact,
      Scale.compactOf(64),
      Scale.bytes,
      Scale.text,
      Scale.list(Scale.u64),
      Scale.option(Scale.u64),
      Scale.variant({ a: [0, Scale.u64] }),
      nest,
    ])
      expect(type.least).toBe(1)
  })
})

describe('Hasher', () => {
  test('xxHash64 of every length from 0 to 101, with the first four seeds, as @polkadot/util-crypto 14 has it', () => {
    const input = Uint8Array.from({ length: 101 }, (_, i) => (i * 7 + 3) & 0xff)
    const all = Array.from({ length: 102 }, (_, length) => Hasher.twox(256, input.subarray(0, length)))
    expect(hex(Hasher.blake2b256(concat(...all)))).toBe(
      '1686685716e7aedd14edd4e5d2d338991e83b4e4353b303ac3159a734f89f8bc',
    )
  })
})

test('A42: the root of a child trie stands at its own key', () => {
  expect(StorageKey.childRoot(utf8('id'))).toEqual(utf8(':child_storage:default:id'))
})

describe('Header', () => {
  const header = { ...blockOn({ hash: hash32(1), number: 4n }) }

  test('A47: error: a digest item of another kind where headers stand in a list', () => {
    const strange: Header.DigestItem = { kind: 'unknown', count: 1, data: bytes(0x2a) }
    const encoded = Header.encode({ ...header, digest: [{ kind: 'other', data: bytes(1) }, strange] })
    expect(refusal(Scale.decode(Header.type(), encoded))).toEqual({
      check: 'digest-kind',
      message: `digest item 1 is of a kind without a known end at byte ${encoded.length}`,
    })
    expect(Header.type().least).toBe(98)
  })

  test('an item is for an engine by its kind and its name', () => {
    const item = (kind: 'consensus' | 'seal', engine: string): Header.DigestItem => ({
      kind,
      engine: utf8(engine),
      data: bytes(),
    })
    expect(Header.isFor(item('consensus', 'FRNK'), 'FRNK')).toBe(true)
    expect(Header.isFor(item('seal', 'FRNK'), 'FRNK')).toBe(false)
    expect(Header.isFor(item('consensus', 'FRNX'), 'FRNK')).toBe(false)
    expect(Header.isFor(item('consensus', 'XRNK'), 'FRNK')).toBe(false)
  })
})

describe('AuthoritySet', () => {
  const set = setOf(3n, voters(3))
  const changed = (change: Partial<AuthoritySet.Authority>) =>
    set.authorities.map((it, i) => (i === 1 ? { ...it, ...change } : it))
  const most = (1n << 64n) - 1n

  test('error: what is wrong, and whose', () => {
    for (const id of [-1n, most + 1n])
      expect(refusal(AuthoritySet.check({ ...set, id }))).toEqual({
        check: 'set-id',
        message: `no set has the number ${id}`,
      })
    expect(refusal(AuthoritySet.check({ id: 0n, authorities: [] }))).toEqual({
      check: 'set-empty',
      message: 'a set without authorities votes on nothing',
    })
    for (const publicKey of [long(1, 31), set.authorities[0]?.publicKey as Uint8Array])
      expect(refusal(AuthoritySet.check({ id: 0n, authorities: changed({ publicKey }) }))).toEqual({
        check: 'set-key',
        message: 'authority 1 has no key of its own',
        context: { index: 1 },
      })
    for (const weight of [0n, -1n, most])
      expect(refusal(AuthoritySet.check({ id: 0n, authorities: changed({ weight }) }))).toEqual({
        check: 'set-weight',
        message: `authority 1 has the weight ${weight}`,
        context: { index: 1 },
      })
  })

  test('the last number and the most weight are allowed', () => {
    expect(value(AuthoritySet.check({ ...set, id: most }))).toBe(true)
    expect(value(AuthoritySet.check({ ...set, authorities: changed({ weight: most - 2n }) }))).toBe(true)
  })
})

describe('AuthorityChange', () => {
  const fresh = voters(2, 20)
  const of = (...digest: Header.DigestItem[]) =>
    AuthorityChange.of(blockOn({ hash: hash32(1), number: 4n }, digest))
  const item = scheduled(fresh) as Header.DigestItem & { kind: 'consensus' }
  const other: Header.DigestItem = { kind: 'other', data: bytes(1) }

  test('A41: the one change of a digest; what is for others or changes nothing is passed over', () => {
    const { authorities } = setOf(0n, fresh)
    expect(value(of())).toBe(undefined)
    expect(value(of(other, { ...item, engine: utf8('BEEF') }))).toBe(undefined)
    for (const nothing of [
      message({ kind: 'disabled', value: 1n }),
      message({ kind: 'pause', value: 1n }),
      { ...item, data: bytes(5, 1, 0, 0, 0) },
    ])
      expect(value(of(nothing))).toBe(undefined)
    expect(value(of(other, scheduled(fresh, 9n)))).toEqual({ kind: 'scheduled', authorities, delay: 9n })
    expect(value(of(forced(fresh)))).toEqual({ kind: 'forced', authorities, delay: 0n })
  })

  test('A41: error: what is wrong, and with which item', () => {
    expect(refusal(of(other, { kind: 'unknown', count: 1, data: bytes(0x2a) }))).toEqual({
      check: 'change-unknown',
      message: 'digest item 1 is of an unknown kind',
      context: { index: 1 },
    })
    expect(refusal(of(other, { ...item, data: bytes(9) }))).toEqual({
      check: 'change-encoding',
      message: 'digest item 1: no variant has the tag 9 at byte 1',
      context: { index: 1, because: 'scale-tag' },
    })
    expect(refusal(of(item, other, item))).toEqual({
      check: 'change-duplicate',
      message: 'the block announces two changes',
      context: { index: 2 },
    })
  })
})

describe('GrandpaClient', () => {
  const [old, fresh] = [voters(4), voters(4, 20)]
  const [start] = chainOf(1) as [Block]
  const state = value(GrandpaClient.trust({ hash: start.hash, header: start.raw, set: setOf(5n, old) }))
  const final = (block: Block, list: readonly Voter[] = old, setId = 5n): GrandpaClient.Update => ({
    kind: 'block',
    header: block.raw,
    justification: Justification.encode(unanimous(block, list, setId)),
  })
  const said = (update: GrandpaClient.Update, of = state) => refusal(GrandpaClient.apply(of, update))
  const after = (block: Pick<Block, 'hash' | 'number'>, count: number, ...digest: Header.DigestItem[]) =>
    blockOn({ hash: block.hash, number: block.number + BigInt(count - 1) }, digest)

  test('A41: error: what is wrong, and where', () => {
    expect(said(final(start))).toEqual({
      check: 'height-not-after',
      message: 'block 100 is not after 100',
    })
    const waiting = value(GrandpaClient.apply(state, final(after(start, 10, scheduled(fresh, 5n)))))
    expect(said(final(after(start, 16)), waiting)).toEqual({
      check: 'set-ended',
      message: 'set 5 votes on blocks to 115 only',
      context: { at: 115n },
    })
    expect(said(final(after(start, 12, scheduled(fresh))), waiting)).toEqual({
      check: 'change-pending',
      message: 'another change comes with block 115',
    })
    expect(said(final(after(start, 12, forced(fresh))))).toEqual({
      check: 'change-forced',
      message: 'block 112 forces a change of authorities',
    })
    const one = after(start, 10)
    const wrongNumber = { ...unanimous(one, old, 5n), targetNumber: 111n }
    for (const justification of [wrongNumber, unanimous(after(start, 11), old, 5n)])
      expect(
        said({ kind: 'block', header: one.raw, justification: Justification.encode(justification) }),
      ).toEqual({
        check: 'justification-target',
        message: 'the justification is for another block',
      })
    expect(refusal(GrandpaClient.ancestors(state, [start.raw, start.raw]))).toEqual({
      check: 'header-link',
      message: "header 1 isn't the block that is expected there",
      context: { index: 1 },
    })
  })

  test('A41: error: which fragment of a warp proof is wrong', () => {
    const warp = (isFinished: boolean, ...blocks: (readonly [Block, readonly Voter[], bigint])[]) =>
      said({
        kind: 'warp',
        proof: Scale.encode(GrandpaClient.warpType(), {
          fragments: blocks.map(([header, list, id]) => ({
            header,
            justification: unanimous(header, list, id),
          })),
          isFinished,
        }),
      })
    const one = after(start, 10, scheduled(fresh))
    const two = after(one, 10)
    expect(warp(true)).toEqual({ check: 'warp-empty', message: 'there is no fragment' })
    expect(warp(false, [one, old, 5n], [two, fresh, 6n])).toEqual({
      check: 'warp-change',
      message: 'fragment 1 ends with no change of authorities',
      context: { index: 1 },
    })
    expect(warp(true, [one, old, 5n], [two, old, 6n])).toEqual({
      check: 'authority-unknown',
      message: 'fragment 1: voter 0 is not of set 6',
      context: { index: 1 },
    })
    expect(warp(true, [one, old, 5n], [two, fresh.slice(1), 6n], [two, fresh, 6n])).toMatchObject({
      check: 'warp-change',
      context: { index: 1 },
    })
    expect(warp(true, [one, old, 5n], [two, fresh.slice(2), 6n])).toEqual({
      check: 'weight',
      message: 'fragment 1: 3 is needed, got 2',
      context: { needed: 3n, weight: 2n, index: 1 },
    })
  })
})

describe('Justification', () => {
  const four = voters(4)
  const [a, b, c] = four as [Voter, Voter, Voter]
  const set = setOf(3n, four)
  const [, b1, b2, b3] = chainOf(4) as [Block, Block, Block, Block]
  const said = (
    votes: readonly (readonly [Voter, Pick<Block, 'hash' | 'number'>])[],
    ancestries: Block[] = [],
  ) =>
    refusal(
      Justification.verify(
        justify(
          b2,
          votes.map(([voter, block]) => ({ voter, block })),
          { setId: 3n, ancestries },
        ),
        set,
      ),
    )

  test('A40: error: what is wrong, and with which vote or header', () => {
    const [stranger] = voters(1, 99) as [Voter]
    const context = { index: 1 }
    expect(
      said([
        [a, b2],
        [stranger, b2],
      ]),
    ).toEqual({
      check: 'authority-unknown',
      message: 'voter 1 is not of set 3',
      context,
    })
    expect(
      said([
        [a, b2],
        [a, b2],
      ]),
    ).toEqual({
      check: 'vote-duplicate',
      message: 'voter 1 voted before',
      context,
    })
    expect(
      said([
        [a, b2],
        [b, b1],
      ]),
    ).toEqual({
      check: 'vote-below-target',
      message: 'vote 1 is for block 101',
      context,
    })
    expect(
      said([
        [a, b2],
        [b, b3],
      ]),
    ).toEqual({
      check: 'ancestry-missing',
      message: 'vote 1 is not shown to be above the target',
      context,
    })
    expect(
      said(
        [
          [a, b2],
          [b, { hash: b3.hash, number: 104n }],
        ],
        [b3],
      ),
    ).toEqual({
      check: 'vote-number',
      message: 'vote 1 is for block 103, not 104',
      context,
    })
    expect(
      said(
        [
          [a, b3],
          [b, b3],
        ],
        [b3, b3],
      ),
    ).toEqual({
      check: 'ancestry-duplicate',
      message: 'header 1 came before',
      context,
    })
    expect(
      said(
        [
          [a, b2],
          [b, b2],
          [c, b2],
        ],
        [b3, b2],
      ),
    ).toEqual({
      check: 'ancestry-unused',
      message: '2 headers serve no vote',
      context: { unused: 2 },
    })
    expect(
      said([
        [a, b2],
        [b, b2],
      ]),
    ).toEqual({
      check: 'weight',
      message: '3 is needed, got 2',
      context: { needed: 3n, weight: 2n },
    })
  })

  test('A40: numbers that are signed as others, because they are too wide, are none', () => {
    const votes = justify(
      b2,
      [a, b, c].map((voter) => ({ voter, block: b2 })),
      { setId: 3n },
    )
    expect(Justification.verify(votes, set).ok).toBe(true)
    for (const beyond of [1n << 32n, 1n << 64n, -(1n << 32n)]) {
      const targetNumber = votes.targetNumber + beyond
      const precommits = votes.precommits.map((vote) => ({ ...vote, targetNumber }))
      expect(refusal(Justification.verify({ ...votes, targetNumber, precommits }, set)).check).toBe(
        'vote-below-target',
      )
    }
  })

  test('A40: a vote of a number beyond 32 bits is for no block', () => {
    const votes = justify(b2, [{ voter: a, block: b2 }], { setId: 3n })
    const [first] = votes.precommits as [Justification.Precommit]
    for (const [targetNumber, check] of [
      [1n << 32n, 'vote-below-target'],
      [(1n << 32n) - 1n, 'vote-number'],
    ] as const)
      expect(
        refusal(Justification.verify({ ...votes, precommits: [{ ...first, targetNumber }] }, set)).check,
      ).toBe(check)
  })

  test('A40: headers that serve no vote are suffered where votes are', () => {
    const votes = justify(
      b2,
      [a, b, c].map((voter) => ({ voter, block: b2 })),
      { setId: 3n, ancestries: [b3] },
    )
    expect(value(Justification.verify(votes, set, { unrouted: 'ignore' }))).toEqual({
      hash: b2.hash,
      number: 102n,
    })
  })
})

test('A40: a chain with headers, hashes and numbers of its own', () => {
  const format: Header.Format = { hash: Hasher.keccak256, number: Scale.u64, extension: Scale.bytes }
  const list = voters(3)
  const blockOf = (number: bigint, parentHash: Uint8Array) => {
    const header = {
      parentHash,
      number,
      stateRoot: hash32(5),
      extrinsicsRoot: hash32(6),
      digest: [],
      extension: bytes(1, 2),
    }
    return { header, hash: Header.hash(header, format), raw: Header.encode(header, format) }
  }
  const first = blockOf(7n, hash32(1))
  const second = blockOf(8n, first.hash)
  const above = blockOf(9n, second.hash)
  const vote = { targetHash: above.hash, targetNumber: 9n }
  const justification: Justification.Justification = {
    round: 1n,
    targetHash: second.hash,
    targetNumber: 8n,
    ancestries: [above.header],
    precommits: list.map(({ secret, publicKey }) => ({
      ...vote,
      signature: ed25519.sign(Justification.signBytes({ ...vote, round: 1n, setId: 2n, format }), secret),
      authority: publicKey,
    })),
  }
  const encoded = Justification.encode(justification, format)
  expect(value(Justification.decode(encoded, format))).toEqual(justification)
  const trusted = GrandpaClient.trust({ hash: first.hash, header: first.raw, set: setOf(2n, list), format })
  const update = { kind: 'block', header: second.raw, justification: encoded } as const
  expect(value(GrandpaClient.apply(value(trusted), update)).finalized.number).toBe(8n)
})

describe('BeefyClient', () => {
  const [now, soon] = [beefy.validators(8), beefy.validators(5, 20)]
  const [current, next] = [beefy.setOf(7n, now), beefy.setOf(8n, soon)]
  const anchor: BeefyClient.Anchor = { current, next, blockNumber: 1000, firstBlock: 1000 }
  const state = value(BeefyClient.trust(anchor))
  const leaves = Array.from(
    { length: 6 },
    (_, i): BeefyLeaf.BeefyLeaf => ({
      version: 0,
      parentNumber: 999 + i,
      parentHash: hash32(i + 1),
      nextSet: next,
      parachainHeads: hash32(0xaa),
    }),
  )
  const range = rangeOf(leaves.map(BeefyLeaf.hash))
  const commitment: BeefyCommitment.Commitment = {
    payload: [{ id: utf8('mh'), data: range.root }],
    blockNumber: 1005,
    validatorSetId: 7n,
  }
  const six = [0, 1, 3, 4, 6, 7]
  const good = beefy.signedBy(commitment, now, six)
  const said = (
    signed: Partial<BeefyCommitment.SignedCommitment>,
    update: Partial<BeefyClient.Update> = {},
    of = state,
  ) =>
    refusal(
      BeefyClient.apply(of, {
        signed: BeefyCommitment.encodeSigned({ ...good, ...signed }),
        validators: now.map(({ address }) => address),
        ...update,
      }),
    )

  test('A46, A52: error: what is wrong with an anchor', () => {
    const of = (change: Partial<BeefyClient.Anchor>) => refusal(BeefyClient.trust({ ...anchor, ...change }))
    expect(of({ next: { ...next, id: 9n } })).toEqual({
      check: 'anchor-set',
      message: "set 9 doesn't follow 7",
    })
    for (const change of [{ length: 0 }, { length: -1 }, { root: long(1, 31) }, { root: hash32(0) }])
      expect(of({ next: { ...next, ...change } })).toEqual({
        check: 'anchor-set',
        message: 'set 8 has no validators',
      })
    for (const [firstBlock, blockNumber] of [
      [0, 1000],
      [1000, -1],
    ] as const)
      expect(of({ firstBlock, blockNumber })).toEqual({
        check: 'anchor-block',
        message: `no leaf of block ${firstBlock}, no block ${blockNumber}`,
      })
    expect(BeefyClient.trust({ ...anchor, firstBlock: 1, blockNumber: 0 }).ok).toBe(true)
  })

  test('A46: error: what is wrong with a commitment, and whose part of it', () => {
    const early = value(BeefyClient.trust({ ...anchor, blockNumber: 1005 }))
    expect(said({}, {}, early)).toEqual({
      check: 'height-not-after',
      message: 'block 1005 is not after 1005',
    })
    const before = value(BeefyClient.trust({ ...anchor, blockNumber: 1, firstBlock: 1006 }))
    expect(said({}, {}, before).check).toBe('height-not-after')
    expect(said({ commitment: { ...commitment, validatorSetId: 9n } })).toEqual({
      check: 'validator-set',
      message: 'set 9 is neither 7 nor the next',
    })
    const count = { check: 'validator-count', message: 'set 7 has 8 validators' }
    expect(said({ validatorCount: 9 })).toEqual(count)
    expect(said({}, { validators: now.slice(1).map(({ address }) => address) })).toEqual(count)
    for (const address of [long(1, 19), now[0]?.address as Uint8Array])
      expect(said({}, { validators: now.map((it, i) => (i === 2 ? address : it.address)) })).toEqual({
        check: 'validator-address',
        message: 'validator 2 has no address of its own',
        context: { index: 2 },
      })
    expect(said({}, { validators: now.map(({ address }) => address).reverse() })).toEqual({
      check: 'validator-root',
      message: "the addresses aren't those of set 7",
    })
    expect(said(beefy.signedBy(commitment, now, six.slice(1)))).toEqual({
      check: 'threshold',
      message: '6 signatures are needed, got 5',
      context: { needed: 6 },
    })
    const with3 = (signature: Uint8Array) => ({
      signatures: good.signatures.map((it, i) => (i === 2 ? signature : it)),
    })
    expect(said(with3(good.signatures[0] as Uint8Array))).toEqual({
      check: 'signer',
      message: 'another key signed for validator 3',
      context: { place: 3 },
    })
    expect(said(with3(long(0, 65)))).toMatchObject({
      check: 'signature',
      message: expect.stringMatching(/^validator 3: ./),
      context: { place: 3 },
    })
    const leaf = { leaf: BeefyLeaf.encode(leaves[5] as BeefyLeaf.BeefyLeaf), items: range.prove(5).items }
    expect(said({}, { handover: leaf })).toEqual({
      check: 'handover-unasked',
      message: 'the present set hands nothing over',
    })
    const theirs = {
      ...beefy.signedBy({ ...commitment, validatorSetId: 8n }, soon, [0, 1, 2, 3]),
    }
    const validators = soon.map(({ address }) => address)
    expect(said(theirs, { validators })).toEqual({
      check: 'handover-missing',
      message: 'a leaf must name the set after 8',
    })
    expect(said(theirs, { validators, handover: leaf })).toEqual({
      check: 'handover-set',
      message: "set 8 doesn't follow 8",
    })
  })

  test('A46: error: what is wrong with bits and payload', () => {
    const root = { id: utf8('mh'), data: range.root }
    const payload = (...items: BeefyCommitment.Commitment['payload']) =>
      refusal(BeefyCommitment.mmrRoot({ ...commitment, payload: items }))
    const order = { check: 'payload-order', message: 'the ids of the payload do not rise' }
    expect(payload(root, root)).toEqual(order)
    expect(payload({ id: utf8('na'), data: bytes() }, root)).toEqual(order)
    expect(payload({ id: utf8('mi'), data: bytes() }, root)).toEqual(order)
    expect(payload({ id: utf8('mi'), data: range.root }, { id: utf8('nh'), data: range.root })).toEqual({
      check: 'payload-root',
      message: 'the payload has no root of the mountain range',
    })
    expect(
      value(
        BeefyCommitment.mmrRoot({
          ...commitment,
          payload: [
            { id: bytes(0, 0), data: bytes() },
            { id: utf8('lz'), data: bytes() },
            { id: utf8('ma'), data: bytes() },
            root,
          ],
        }),
      ),
    ).toEqual(range.root)
    const signers = (change: Partial<BeefyCommitment.SignedCommitment>) =>
      BeefyCommitment.signers({ ...good, ...change })
    expect(value(signers({}))).toEqual(six)
    expect(refusal(signers({ bitfield: bytes(0) }))).toEqual({
      check: 'bitfield',
      message: "8 validators don't have 1 bytes of bits",
    })
    expect(refusal(signers({ bitfield: bytes(0, 0x80) }))).toEqual({
      check: 'bitfield',
      message: 'a bit stands beyond 8 validators',
    })
    expect(refusal(signers({ bitfield: bytes(0x80, 0) }))).toEqual({
      check: 'signature-count',
      message: '1 bits, 6 signatures',
    })
    expect(refusal(signers({ bitfield: bytes(0), validatorCount: 0, signatures: [] })).check).toBe('bitfield')
    expect(value(signers({ bitfield: bytes(0x02), validatorCount: 7, signatures: [long(1, 65)] }))).toEqual([
      6,
    ])
    expect(
      refusal(signers({ bitfield: bytes(0x01), validatorCount: 7, signatures: [long(1, 65)] })).check,
    ).toBe('bitfield')
  })

  test('A43: error: which leaf is none of the range, and which header not its own', () => {
    const leaf = (number: number) => ({
      leaf: BeefyLeaf.encode({ ...(leaves[5] as BeefyLeaf.BeefyLeaf), parentNumber: number }),
      items: range.prove(5).items,
    })
    expect(refusal(BeefyClient.leaf(state, leaf(1004)))).toEqual({
      check: 'state-root',
      message: 'no commitment was verified yet',
    })
    const moved = { ...state, finalized: { blockNumber: 1005, mmrRoot: range.root } }
    expect(value(BeefyClient.leaf(moved, leaf(1004))).parentNumber).toBe(1004)
    for (const number of [998, 1005])
      expect(refusal(BeefyClient.leaf(moved, leaf(number)))).toEqual({
        check: 'leaf-number',
        message: `no leaf is about block ${number}`,
      })
    const [block] = chainOf(1) as [Block]
    expect(refusal(BeefyClient.block(moved, { ...leaf(1004), header: block.raw }))).toEqual({
      check: 'header-link',
      message: "the header isn't that of block 1004",
    })
    // The right hash under another number.
    const lone = { ...(leaves[0] as BeefyLeaf.BeefyLeaf), parentHash: block.hash }
    const alone = {
      ...state,
      finalized: { blockNumber: 1000, mmrRoot: BeefyLeaf.hash(lone) },
    }
    const proof = { leaf: BeefyLeaf.encode(lone), items: [], header: block.raw }
    expect(refusal(BeefyClient.block(alone, proof)).check).toBe('header-link')
  })
})

test('A52: a hash with a zero byte is not a zero hash', () => {
  const list = voters(4)
  const found = Array.from({ length: 400 }, (_, i) =>
    blockOn({ hash: hash32(1), number: 4n }, [{ kind: 'other', data: bytes(i & 0xff, i >> 8) }]),
  ).find(({ hash }) => hash.includes(0)) as Block
  expect(value(Justification.verify(unanimous(found, list, 3n), setOf(3n, list))).hash).toEqual(found.hash)
  const root = bytes(0, ...long(1, 31))
  const set = { id: 1n, length: 1, root }
  const anchor = { current: set, next: { ...set, id: 2n }, blockNumber: 0, firstBlock: 1 }
  expect(BeefyClient.trust(anchor).ok).toBe(true)
  const payload = [{ id: utf8('mh'), data: root }]
  expect(value(BeefyCommitment.mmrRoot({ payload, blockNumber: 1, validatorSetId: 1n }))).toEqual(root)
  // Some root of a trie has a zero byte: it is looked for among the nodes.
  expect(refusal(TrieProof.verify(root, [bytes(1)], [])).check).toBe('trie-root')
})

describe('TrieProof', () => {
  const trie = trieOf([
    [bytes(1), long(1)],
    [bytes(0x11), long(2)],
    [bytes(0x12), long(3)],
  ])
  const key = bytes(0x11)
  const proof = trie.prove(key)
  const of = (nodes: readonly Uint8Array[], options = {}, keys = [key], root = trie.root) =>
    refusal(TrieProof.verify(root, keys, nodes, options))

  test('A42: error: what is wrong, and with which node', () => {
    const [first, second] = proof as [Uint8Array, Uint8Array]
    const context = { index: 1 }
    expect(of([first, first])).toEqual({ check: 'trie-duplicate', message: 'node 1 came before', context })
    for (const prefix of [bytes(1), bytes()]) expect(of([bytes(1, 2), prefix]).check).toBe('trie-order')
    expect(of([second, first])).toEqual({
      check: 'trie-order',
      message: 'node 1 stands after a larger one',
      context,
    })
    expect(of(TrieProof.of([...proof, bytes(1), bytes(2)]))).toEqual({
      check: 'trie-unused',
      message: '2 nodes are unused',
      context: { unused: 2 },
    })
    for (const root of [new Uint8Array(32), long(1, 31)])
      expect(of(proof, {}, [key], root)).toEqual({
        check: 'trie-root-zero',
        message: 'a zero root is no root',
      })
    expect(of(proof, {}, [])).toEqual({ check: 'trie-keys', message: 'no key is asked for' })
    expect(of(proof, {}, [key], flip(trie.root, 0))).toEqual({
      check: 'trie-root',
      message: 'no node is the root',
    })
    expect(of(proof, { version: 0 })).toEqual({
      check: 'trie-version',
      message: 'a value stands behind its hash',
    })
    expect(of(proof.filter((node) => hex(node) !== hex(long(2))))).toEqual({
      check: 'trie-incomplete',
      message: 'the value behind its hash is missing',
    })
    const inline = trieOf([[key, long(2)]], 0)
    expect(of(inline.prove(key), { version: 1 }, [key], inline.root)).toEqual({
      check: 'trie-version',
      message: 'a value of 40 bytes stands in its node',
    })
  })

  test('A42: error: a node that is missing, and one that belongs into its parent', () => {
    const leaf = (seed: number, length: number) =>
      TrieNode.encode({
        partial: bytes(1),
        value: { kind: 'inline', bytes: long(seed, length) },
        children: undefined,
      })
    const branch = (...below: Uint8Array[]) =>
      TrieNode.encode({
        partial: bytes(),
        value: undefined,
        children: Array.from({ length: 16 }, (_, i) => below[i]),
      })
    const two = leaf(2, 3)
    const top = (child: Uint8Array) => branch(Hasher.blake2b256(child), two)
    const large = leaf(1, 29)
    const small = leaf(1, 28)
    const one = bytes(1)
    expect(of([top(large)], {}, [one], Hasher.blake2b256(top(large)))).toEqual({
      check: 'trie-incomplete',
      message: 'the node below nibble 1 is missing',
      context: { nibble: 1 },
    })
    expect(of(TrieProof.of([top(small), small]), {}, [one], Hasher.blake2b256(top(small)))).toEqual({
      check: 'trie-node-short',
      message: 'a node of 31 bytes stands in its parent',
    })
    expect(
      value(TrieProof.verify(Hasher.blake2b256(top(large)), [one], TrieProof.of([top(large), large]))),
    ).toEqual([long(1, 29)])
    const short = long(7, 32)
    const behind = TrieNode.encode({
      partial: bytes(0, 1),
      value: { kind: 'hashed', hash: Hasher.blake2b256(short) },
      children: undefined,
    })
    expect(of(TrieProof.of([behind, short]), {}, [one], Hasher.blake2b256(behind))).toEqual({
      check: 'trie-value-short',
      message: 'a value of 32 bytes stands in its node',
    })
    const exact = long(7, 33)
    const hashed = trieOf([[one, exact]], 1)
    expect(value(TrieProof.verify(hashed.root, [one], hashed.prove(one)))).toEqual([exact])
  })

  test('A42: error: what a child trie lacks', () => {
    const id = utf8('c')
    const broken = trieOf([[StorageKey.childRoot(id), long(1, 31)]])
    const nodes = broken.prove(StorageKey.childRoot(id))
    expect(refusal(TrieProof.verifyChild(broken.root, id, [key], nodes))).toEqual({
      check: 'trie-child-root',
      message: 'a root has 32 bytes, got 31',
    })
    expect(refusal(TrieProof.verifyChild(broken.root, id, [], nodes))).toEqual({
      check: 'trie-keys',
      message: 'no key is asked for',
    })
  })

  test('what is read stays as it was when the proof changes', () => {
    const nodes = proof.map((node) => node.slice())
    const [read] = value(TrieProof.verify(trie.root, [key], nodes))
    for (const node of nodes) node.fill(9)
    expect(read).toEqual(long(2))
  })
})

describe('TrieNode', () => {
  test('A42: error: what is wrong, and at which byte', () => {
    for (const [node, check, message] of [
      [bytes(1), 'trie-header', 'no node starts with 1 at byte 1'],
      [bytes(0x41, 0x11, 0), 'trie-partial', 'the padding is not zero at byte 2'],
      [bytes(0xc0, 0, 0, 4, 1), 'trie-branch', 'a branch with 0 children at byte 5'],
      [bytes(0x80, 1, 0, 12, 0x40, 4, 1), 'trie-branch', 'a branch with 1 children at byte 7'],
      [bytes(0x80, 3, 0, 0, 12, 0x40, 4, 1), 'trie-child', 'a child of 0 bytes at byte 4'],
      [
        concat(bytes(0x80, 3, 0, 33 << 2), long(1, 33), bytes(12, 0x40, 4, 1)),
        'trie-child',
        'a child of 33 bytes at byte 37',
      ],
    ] as const)
      expect(refusal(TrieNode.decode(node))).toEqual({ check, message })
    const endless = concat(bytes(0x7f), long(255, 300))
    expect(refusal(TrieNode.decode(endless))).toEqual({
      check: 'trie-partial',
      message: 'a partial key of 65598 nibbles or more at byte 258',
    })
  })

  test('A42: the longest partial key', () => {
    const node = (length: number) =>
      TrieNode.encode({
        partial: new Uint8Array(length),
        value: { kind: 'inline', bytes: bytes(1) },
        children: undefined,
      })
    expect(value(TrieNode.decode(node(0xffff))).partial.length).toBe(0xffff)
    expect(refusal(TrieNode.decode(node(0x1_0000))).check).toBe('trie-partial')
  })

  test('a branch with a value and one child, and one without value and two', () => {
    const child = bytes(0x40, 4, 1)
    const children = (...at: number[]) =>
      Array.from({ length: 16 }, (_, i) => (at.includes(i) ? child : undefined))
    for (const node of [
      { partial: bytes(5), value: { kind: 'inline', bytes: bytes(7) } as const, children: children(15) },
      { partial: bytes(5), value: undefined, children: children(0, 8) },
    ])
      expect(value(TrieNode.decode(TrieNode.encode(node)))).toEqual(node)
  })
})

describe('CompactProof', () => {
  const trie = trieOf([
    [bytes(1), long(1)],
    [bytes(0x11), long(2)],
  ])
  const keys = [bytes(1), bytes(0x11)]
  const compact = trie.compact(...keys)
  const of = (items: readonly Uint8Array[], root = trie.root) => refusal(CompactProof.expand(root, items))

  test('A42: error: what is wrong, and with which item', () => {
    expect(compact.length).toBe(5)
    expect(of([])).toEqual({ check: 'compact-empty', message: 'there is no node' })
    expect(of(compact.slice(0, 1))).toEqual({ check: 'compact-truncated', message: 'node 1 is missing' })
    expect(of(compact.slice(0, 2))).toEqual({ check: 'compact-truncated', message: 'value 2 is missing' })
    expect(of(compact.map((item, i) => (i === 2 ? long(1, 32) : item)))).toEqual({
      check: 'compact-value',
      message: 'the value after node 1 has no place there',
    })
    expect(of([bytes(1, 0x40, 4, 9), long(1)])).toEqual({
      check: 'compact-value',
      message: 'the value after node 0 has no place there',
    })
    expect(of([concat(bytes(1, 0x20), long(1, 32)), long(1)]).check).toBe('compact-value')
    expect(of(compact, flip(trie.root, 0))).toEqual({
      check: 'compact-root',
      message: 'the nodes are of another trie',
    })
    expect(of([bytes(0x80, 3, 0, 0, 0), bytes(0x40, 4, 1)])).toEqual({
      check: 'compact-inline',
      message: 'a node of 3 bytes stands in its parent',
    })
  })

  test('A42: error: a value after a branch that has none', () => {
    expect(of([bytes(1, 0x80, 3, 0, 0, 0), long(1)]).check).toBe('compact-value')
  })

  test('A42: a value of 33 bytes stands behind its hash', () => {
    const key = bytes(1)
    const exact = trieOf([[key, long(5, 33)]])
    const nodes = value(CompactProof.expand(exact.root, exact.compact(key)))
    expect(value(TrieProof.verify(exact.root, [key], nodes))).toEqual([long(5, 33)])
  })

  test('A42: an empty trie has no place inside another', () => {
    expect(of([bytes(0x80, 3, 0, 0, 0), bytes(0), bytes(0)]).check).toBe('trie-header')
  })
})

describe('ParachainState', () => {
  const relayState = trieOf([
    [ParachainState.headKey(1000), bytes(8, 1, 2)],
    [ParachainState.headKey(0xffff_ffff), bytes(9)],
  ])
  const relay = blockOn(chainOf(1)[0] as Block, [], relayState.root)
  const of = (paraId: number, asked = paraId) =>
    refusal(ParachainState.head({ relay, paraId, proof: relayState.prove(ParachainState.headKey(asked)) }))

  test('A42: error: what is wrong with a head', () => {
    for (const id of [-1, 0.5, 2 ** 32])
      expect(of(id, 1000)).toEqual({
        check: 'parachain-id',
        message: `no parachain has the number ${id}`,
      })
    expect(of(7)).toEqual({
      check: 'parachain-absent',
      message: 'the relay chain knows no parachain 7',
      context: { paraId: 7 },
    })
    expect(of(1000)).toEqual({
      check: 'parachain-head',
      message: '32 bytes are expected at byte 0',
      context: { because: 'scale-truncated' },
    })
    // The first and the last number are numbers.
    expect(of(0).check).toBe('parachain-absent')
    expect(of(0xffff_ffff).check).toBe('parachain-head')
  })
})
