import { type Claim, Fact, Hashlock, type LockTerms, type Verdict } from '@aitbc/core'
import {
  BeaconConfig,
  ExecutionPayloadHeader,
  LightClient,
  LightClientHeader,
  LightClientUpdate,
  MerkleTree,
  SyncCommittee,
} from '@aitbc/proofs/beacon'
import {
  BlockHeader,
  createEvmVerifier,
  HtlcStorage,
  LockEvidence,
  Rlp,
  StateProof,
} from '@aitbc/proofs/ethereum'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'
import {
  type Block,
  bitsOf,
  block,
  bytes32,
  committee,
  committeeOf,
  config,
  member,
  sign,
  sparse,
  update,
} from './beaconWorld.js'
import { trieOf } from './trie.js'

type Update = LightClientUpdate.LightClientUpdate
const { G1, G2 } = bls12_381

/** A state from a block that it trusts, as old as the block. */
function start(from: Block, own = config): LightClient.State {
  return value(trusting(from, {}, own))
}

function trusting(
  from: Block,
  change: Partial<LightClient.Anchor> = {},
  own = config,
): Verdict.Verdict<LightClient.State> {
  const fork = BeaconConfig.forkAt(own, from.header.beacon.slot)?.fork as BeaconConfig.Fork
  return LightClient.trust({
    config: own,
    blockRoot: from.root,
    bootstrap: {
      header: from.header,
      committee: from.current,
      committeeBranch: from.state.branch(LightClientUpdate.gindices(fork).current),
    },
    now: BeaconConfig.timeOf(own, from.header.beacon.slot),
    ...change,
  })
}

function take(state: LightClient.State, one: Update, slot?: bigint): Verdict.Verdict<LightClient.State> {
  const now = BeaconConfig.timeOf(state.config, slot ?? one.signatureSlot)
  return LightClient.apply(state, { kind: 'update', update: one, now })
}

const slotOf = (verdict: Verdict.Verdict<LightClient.State>) => LightClient.finalized(value(verdict)).slot
const all = Array.from({ length: 32 }, (_, i) => i)

// In Deneb: periods 2 and 3 start at slots 128 and 192.
const anchor = block(130n)
const final = block(144n)
const attested = block(150n, { finalized: final })
const good = update(attested)

describe('default', () => {
  test('from Altair to Fulu, through every fork, by full updates', () => {
    let last = block(3n)
    let state = start(last)
    const forks = new Set<string>()
    for (let period = 0n; period < 6n; period++) {
      // Final in this period; every other update is signed over a block of the next fork at once.
      const finalized = block(period * 64n + 20n)
      const top = block(period * 64n + 40n, { finalized })
      const one = update(top)
      const fork = BeaconConfig.forkAt(config, top.header.beacon.slot)?.fork as BeaconConfig.Fork
      const ssz = LightClientUpdate.encode(config, fork, 'update', one)
      expect(value(LightClientUpdate.decode(config, fork, 'update', ssz))).toEqual(one)
      state = value(take(state, one))
      const reached = LightClient.finalized(state)
      expect(reached.slot).toBe(finalized.header.beacon.slot)
      expect(hex(reached.root)).toBe(hex(finalized.root))
      expect(reached.execution?.blockNumber).toBe(
        finalized.header.execution === undefined ? undefined : reached.slot + 1000n,
      )
      expect(state.nextCommittee).toEqual(one.next?.committee)
      forks.add(fork)
      last = finalized
    }
    expect([...forks]).toEqual(BeaconConfig.FORKS.filter((fork) => fork !== 'altair'))
  })

  test('over each fork’s first slots: the final block is of the fork before', () => {
    for (const boundary of [32n, 64n, 128n, 192n, 256n]) {
      const from = block(boundary - 30n)
      const state = start(from)
      const known =
        boundary === 32n
          ? state
          : value(take(state, update(block(boundary - 20n, { finalized: block(boundary - 25n) }))))
      const finalized = block(boundary - 8n)
      const top = block(boundary + 2n, { finalized })
      const one = update(top)
      const fork = BeaconConfig.forkAt(config, boundary)?.fork as BeaconConfig.Fork
      const ssz = LightClientUpdate.encode(config, fork, 'update', one)
      expect(value(LightClientUpdate.decode(config, fork, 'update', ssz))).toEqual(one)
      expect(slotOf(take(known, one))).toBe(boundary - 8n)
    }
  })

  test('finality and optimistic updates travel in containers of their own', () => {
    const finality = update(attested, { with: { next: false } })
    const optimistic = update(attested, { with: { next: false, finality: false } })
    for (const [kind, one] of [
      ['finality', finality],
      ['optimistic', optimistic],
      ['update', finality],
      ['update', optimistic],
    ] as const) {
      const ssz = LightClientUpdate.encode(config, 'deneb', kind, one)
      expect(value(LightClientUpdate.decode(config, 'deneb', kind, ssz))).toEqual(one)
    }
    expect(slotOf(take(start(anchor), finality))).toBe(144n)
    const seen = value(take(start(anchor), optimistic))
    expect(LightClient.finalized(seen).slot).toBe(130n)
    expect(seen.optimistic.beacon.slot).toBe(150n)
  })

  test('a bootstrap as SSZ', () => {
    const bootstrap = {
      header: anchor.header,
      committee: { pubkeys: anchor.current.pubkeys, aggregatePubkey: anchor.current.aggregatePubkey },
      committeeBranch: anchor.state.branch(54n),
    }
    const ssz = LightClientUpdate.encodeBootstrap(config, 'deneb', bootstrap)
    expect(value(LightClientUpdate.decodeBootstrap(config, 'deneb', ssz))).toEqual(bootstrap)
    expect(check(LightClientUpdate.decodeBootstrap(config, 'capella', ssz))).toMatch(/^ssz-/)
    const electra = block(200n)
    const later = LightClientUpdate.encodeBootstrap(config, 'electra', {
      header: electra.header,
      committee: electra.current,
      committeeBranch: electra.state.branch(86n),
    })
    expect(LightClientUpdate.decodeBootstrap(config, 'electra', later).ok).toBe(true)
    expect(check(LightClientUpdate.decodeBootstrap(config, 'fulu', later))).toBe('update-fork')
  })

  test('before anything is final, a state calls the zero root final', () => {
    const early = block(5n)
    const one: Update = {
      ...update(early, { with: { next: true } }),
      finality: {
        header: {
          beacon: {
            slot: 0n,
            proposerIndex: 0n,
            parentRoot: new Uint8Array(32),
            stateRoot: new Uint8Array(32),
            bodyRoot: new Uint8Array(32),
          },
        },
        branch: early.state.branch(105n),
      },
    }
    const state = start(block(3n))
    const ssz = LightClientUpdate.encode(config, 'altair', 'update', one)
    expect(value(LightClientUpdate.decode(config, 'altair', 'update', ssz))).toEqual(one)
    expect(slotOf(take(state, one))).toBe(3n)
    // Also where blocks have execution headers from genesis on.
    const young = { ...config, forks: config.forks.map((fork) => ({ ...fork, epoch: 0n })).slice(0, 5) }
    const first = block(5n, { config: young })
    const whole = {
      ...update(first, { config: young, with: { next: true } }),
      finality: { ...(one.finality as NonNullable<Update['finality']>), branch: first.state.branch(169n) },
    }
    const bytes = LightClientUpdate.encode(young, 'electra', 'update', whole)
    expect(value(LightClientUpdate.decode(young, 'electra', 'update', bytes))).toEqual(whole)
    expect(slotOf(take(start(block(3n, { config: young }), young), whole))).toBe(3n)
    const other = { ...one.finality?.header.beacon, proposerIndex: 1n } as LightClientHeader.BeaconBlockHeader
    const forged = { ...one, finality: { header: { beacon: other }, branch: early.state.branch(105n) } }
    expect(check(take(state, forged))).toBe('finality-default')
    const { execution } = attested.header as Required<LightClientHeader.LightClientHeader>
    const blank = one.finality?.header.beacon as LightClientHeader.BeaconBlockHeader
    const carried = { header: { beacon: blank, execution }, branch: early.state.branch(105n) }
    expect(check(take(state, { ...one, finality: carried }))).toBe('finality-default')
  })
})

describe('trust', () => {
  test('A52: a fresh client accepts nothing: no state without a trusted root', () => {
    expect(check(trusting(anchor, { blockRoot: new Uint8Array(32) }))).toBe('anchor-root')
    expect(check(trusting(anchor, { blockRoot: new Uint8Array(0) }))).toBe('anchor-root')
    expect(check(trusting(anchor, { blockRoot: flip(anchor.root, 0) }))).toBe('anchor-root')
    const blank = { ...config, genesisValidatorsRoot: new Uint8Array(32) }
    expect(check(trusting(anchor, { config: blank }))).toBe('anchor-config')
    expect(refusal(trusting(anchor, { blockRoot: new Uint8Array(32) })).message).toBe(
      'a zero root names no block',
    )
    // Cut short it is none; a zero in it is no harm.
    const cut = { ...config, genesisValidatorsRoot: config.genesisValidatorsRoot.slice(1) }
    expect(check(trusting(anchor, { config: cut }))).toBe('anchor-config')
    const dotted = { ...config, genesisValidatorsRoot: config.genesisValidatorsRoot.with(3, 0) }
    expect(trusting(anchor, { config: dotted }).ok).toBe(true)
    const zero = sparse(new Map())
    expect(MerkleTree.verify(new Uint8Array(32), zero.branch(105n), 105n, new Uint8Array(32)).ok).toBe(false)
    expect(check(MerkleTree.verify(bytes32('x'), [], 1n, new Uint8Array(32)))).toBe('branch-root-zero')
  })

  test('A26: weak subjectivity: a block older than two weeks is no anchor, and no state goes on from one', () => {
    const now = BeaconConfig.timeOf(config, 130n)
    const weeks = 14n * 86_400n
    expect(trusting(anchor, { now: now + weeks }).ok).toBe(true)
    expect(check(trusting(anchor, { now: now + weeks + 1n }))).toBe('anchor-age')
    expect(check(trusting(anchor, { now: now + 61n, maxAge: 60n }))).toBe('anchor-age')
    expect(check(trusting(anchor, { now: now - 1n }))).toBe('anchor-future')
    const state = start(anchor)
    const step = { kind: 'update', update: good, now: now + weeks + 1n } as const
    expect(check(LightClient.apply(state, step))).toBe('state-age')
    expect(LightClient.apply(state, { ...step, now: now + weeks }).ok).toBe(true)
  })

  test('A24: the current committee at its own index, with its own keys', () => {
    const bootstrap = {
      header: anchor.header,
      committee: anchor.current,
      committeeBranch: anchor.state.branch(54n),
    }
    const other = (change: Partial<LightClientUpdate.LightClientBootstrap>) =>
      check(trusting(anchor, { bootstrap: { ...bootstrap, ...change } }))
    expect(other({ committeeBranch: anchor.state.branch(55n) })).toBe('committee-branch')
    expect(other({ committee: anchor.next })).toBe('committee-branch')
    expect(other({ header: { beacon: anchor.header.beacon } })).toBe('execution-missing')
    expect(other({ committee: { ...anchor.current, aggregatePubkey: member(5n).pubkey } })).toBe(
      'committee-branch',
    )
    expect(other({ committee: committeeOf(2n, 24) })).toBe('committee-size')
    expect(other({ committeeBranch: [new Uint8Array(32), ...anchor.state.branch(54n)] })).toBe(
      'committee-branch',
    )
  })
})

describe('A23: participation', () => {
  const state = start(anchor)

  test('A23: nobody; one, which is heard; one less than two thirds, which finalizes nothing; two thirds', () => {
    expect(check(take(state, update(attested, { signers: [] })))).toBe('participation')
    expect(check(take(state, { ...good, aggregate: { ...good.aggregate, bits: new Uint8Array(4) } }))).toBe(
      'participation',
    )
    const one = value(take(state, update(attested, { signers: [7] })))
    expect(LightClient.finalized(one).slot).toBe(130n)
    expect(one.nextCommittee).toBeUndefined()
    expect(one.best).toBeDefined()
    expect(slotOf(take(state, update(attested, { signers: all.slice(0, 21) })))).toBe(130n)
    expect(slotOf(take(state, update(attested, { signers: all.slice(0, 22) })))).toBe(144n)
  })

  test('A23: 341 of 512 finalize nothing, 342 do (mainnet)', () => {
    const own = {
      ...config,
      preset: BeaconConfig.MAINNET_PRESET,
      forks: config.forks.map((fork) => ({ ...fork, epoch: 0n })).slice(0, 4),
    }
    const from = block(10n, { config: own })
    const top = block(20n, { config: own, finalized: block(15n, { config: own }) })
    const of = (count: number) =>
      update(top, { config: own, signers: Array.from({ length: count }, (_, i) => (i * 3) % 512) })
    expect(slotOf(take(start(from, own), of(341)))).toBe(10n)
    expect(slotOf(take(start(from, own), of(342)))).toBe(15n)
  })

  test('A23: of 24, which three divides, 15 finalize nothing, 16 do', () => {
    const own = { ...config, preset: { ...config.preset, committeeSize: 24 } }
    const from = block(130n, { config: own })
    const top = block(150n, { config: own, finalized: block(144n, { config: own }) })
    const of = (count: number) => update(top, { config: own, signers: all.slice(0, count) })
    expect(slotOf(take(start(from, own), of(15)))).toBe(130n)
    expect(slotOf(take(start(from, own), of(16)))).toBe(144n)
  })

  test('A23: a subset’s signature claimed as more, or as others', () => {
    const forged = (claimed: readonly number[]) =>
      check(take(state, update(attested, { signers: all.slice(0, 22), claimed })))
    expect(forged(all)).toBe('signature')
    expect(forged(all.slice(0, 23))).toBe('signature')
    expect(forged(all.slice(1, 23))).toBe('signature')
    expect(forged(all.slice(0, 21))).toBe('signature')
  })

  test('A23: every bit set, and another committee', () => {
    expect(check(take(state, update(attested, { committee: committeeOf(3n) })))).toBe('signature')
  })

  test('A23: a member who stands there twice counts twice, as the chain has it', () => {
    const members = [...Array.from({ length: 31 }, () => member(11n)), member(13n)]
    const twice = committee(members)
    const from = block(130n, { current: twice })
    expect(slotOf(take(start(from), update(attested, { committee: twice })))).toBe(144n)
    expect(slotOf(take(start(from), update(attested, { committee: twice, signers: all.slice(0, 25) })))).toBe(
      144n,
    )
    expect(
      check(take(start(from), update(attested, { committee: twice, signers: [0], claimed: [0, 1] }))),
    ).toBe('signature')
  })

  test('A23: signatures that are none: infinity, no point, not of the group, another encoding', () => {
    const signed = (signature: Uint8Array, bits = good.aggregate.bits) =>
      check(take(state, { ...good, aggregate: { bits, signature } }))
    const infinity = new Uint8Array(96)
    infinity[0] = 0xc0
    expect(signed(infinity)).toBe('signature-encoding')
    expect(signed(infinity, new Uint8Array(4))).toBe('participation')
    expect(signed(new Uint8Array(96))).toBe('signature-encoding')
    expect(signed(good.aggregate.signature.slice(1))).toBe('signature-encoding')
    expect(signed(outsideG2())).toBe('signature-encoding')
    expect(signed(flip(good.aggregate.signature, 7))).toBe('signature-encoding')
    expect(signed(flip(good.aggregate.signature, 5))).toBe('signature')
    expect(signed(aliased(good.aggregate.signature))).toBe('signature-encoding')
  })

  test('A23: keys that are none: infinity, no point, not of the group', () => {
    const infinity = new Uint8Array(48)
    infinity[0] = 0xc0
    const with_ = (pubkey: Uint8Array, at: number) => {
      const honest = committeeOf(2n)
      const pubkeys = honest.pubkeys.map((key, i) => (i === at ? pubkey : key))
      return { ...honest, pubkeys }
    }
    const judged = (bad: Uint8Array, signers: readonly number[]) => {
      const current = with_(bad, 3)
      const from = block(130n, { current })
      return check(take(start(from), update(attested, { committee: current, signers })))
    }
    const absent = all.filter((i) => i !== 3)
    for (const bad of [infinity, new Uint8Array(48), noPoint(), beyondField()])
      expect(judged(bad, absent)).toBe('committee-key')
    expect(judged(infinity, [3, 4])).toBe('committee-key')
    expect(judged(outsideG1(), absent)).toBe('signature-key')
    expect(judged(outsideG1(), [3, 4])).toBe('signature-key')
    const current = { ...committeeOf(2n), aggregatePubkey: infinity }
    expect(check(take(start(block(130n, { current })), good))).toBe('committee-key')
  })

  test('A23: the signature check by itself asks the same', () => {
    const { pubkeys, aggregatePubkey } = committeeOf(2n)
    const message = bytes32('message')
    const judged = (keys: readonly Uint8Array[], bits: Uint8Array) =>
      check(
        SyncCommittee.verify(
          { pubkeys: keys, aggregatePubkey },
          { bits, signature: good.aggregate.signature },
          message,
        ),
      )
    expect(judged(pubkeys, new Uint8Array(4))).toBe('participation')
    expect(judged(pubkeys, new Uint8Array(5).fill(255))).toBe('bits-length')
    expect(judged([new Uint8Array(0), ...pubkeys.slice(1)], Uint8Array.of(1, 0, 0, 0))).toBe('committee-key')
    expect(judged(pubkeys, new Uint8Array(4).fill(255))).toBe('signature')
  })

  test('up to half of the members are added up; of more, the absent are taken from the aggregate', () => {
    const { members, pubkeys } = committeeOf(2n)
    const message = bytes32('message')
    const judged = (count: number, keys = pubkeys) => {
      const signers = all.slice(0, count)
      const signature = sign(members.slice(0, count), message)
      const own = { pubkeys: keys, aggregatePubkey: member(1n).pubkey }
      return SyncCommittee.verify(own, { bits: bitsOf(signers, 32), signature }, message)
    }
    value(judged(1))
    value(judged(16))
    expect(check(judged(17))).toBe('signature')
    // The same key in 49 bytes is another encoding of it.
    const [key] = pubkeys as [Uint8Array]
    const head = key[0] as number
    const long = concat(Uint8Array.of(head & 0xe0, head & 0x1f), key.slice(1))
    expect(check(judged(1, [long, ...pubkeys.slice(1)]))).toBe('committee-key')
  })

  test('A23: bits of another length', () => {
    const bits = (bytes: Uint8Array) =>
      check(take(state, { ...good, aggregate: { ...good.aggregate, bits: bytes } }))
    expect(bits(new Uint8Array(3).fill(255))).toBe('bits-length')
    expect(bits(new Uint8Array(5).fill(255))).toBe('bits-length')
    const ssz = LightClientUpdate.encode(config, 'deneb', 'optimistic', {
      ...good,
      aggregate: { ...good.aggregate, bits: new Uint8Array(5).fill(255) },
    })
    expect(LightClientUpdate.decode(config, 'deneb', 'optimistic', ssz).ok).toBe(false)
  })
})

describe('A24: branches', () => {
  const cases = [
    ['deneb', start(anchor), good, attested] as const,
    (() => {
      const top = block(230n, { finalized: block(220n) })
      return ['electra', start(block(200n)), update(top), top] as const
    })(),
  ]

  test.each(cases)(
    'A24: every other index, another depth, padding: refused (%s)',
    (fork, state, one, top) => {
      const { finalized, next } = LightClientUpdate.gindices(fork)
      const finality = (branch: readonly Uint8Array[]) =>
        check(take(state, { ...one, finality: { header: top.finalized?.header as never, branch } }))
      const committees = (branch: readonly Uint8Array[]) =>
        check(take(state, { ...one, next: { committee: top.next, branch } }))
      value(take(state, one))
      for (let gindex = 2n; gindex < 256n; gindex++) {
        const branch = top.state.branch(gindex)
        if (gindex !== finalized) expect(finality(branch), `${gindex}`).toBe('finality-branch')
        if (gindex !== next) expect(committees(branch), `${gindex}`).toBe('committee-branch')
      }
      const zero = new Uint8Array(32)
      for (const [gindex, refusal] of [
        [finalized, finality],
        [next, committees],
      ] as const) {
        const branch = top.state.branch(gindex)
        for (const wrong of [
          [zero, ...branch],
          [...branch, zero],
          branch.slice(1),
          branch.slice(0, -1),
          [...branch].reverse(),
          branch.map((node, i) => (i === 0 ? node.slice(1) : node)),
        ])
          expect(refusal(wrong)).toMatch(/^(finality|committee)-branch$/)
      }
    },
  )

  test('A24: the execution header, at its index and in its fork', () => {
    const state = start(anchor)
    const { execution } = attested.header
    const { header, branch } = execution as NonNullable<typeof execution>
    const other = (changed: LightClientHeader.LightClientHeader['execution']) =>
      check(
        take(state, {
          ...good,
          attested: {
            beacon: attested.header.beacon,
            ...(changed === undefined ? {} : { execution: changed }),
          },
        }),
      )
    expect(other(undefined)).toBe('execution-missing')
    expect(other({ header, branch: [new Uint8Array(32), ...branch] })).toBe('execution-branch')
    expect(other({ header, branch: branch.slice(1) })).toBe('execution-branch')
    expect(other({ header, branch: [...branch].reverse() })).toBe('execution-branch')
    expect(other({ header: { ...header, stateRoot: bytes32('other') }, branch })).toBe('execution-branch')
    const { blobGasUsed, excessBlobGas, ...capella } = header
    expect([blobGasUsed, excessBlobGas]).toEqual([0n, 0n])
    expect(other({ header: capella, branch })).toBe('execution-fork')
    const early = block(5n)
    expect(check(LightClientHeader.verify(config, { ...early.header, execution: { header, branch } }))).toBe(
      'execution-fork',
    )
    // A final header is judged as well.
    const finality = {
      branch: attested.state.branch(105n),
      header: { beacon: final.header.beacon },
    }
    expect(check(take(state, { ...good, finality }))).toBe('execution-missing')
  })

  test('A24: an execution header has the fields of its fork, all of them and no others', () => {
    const bare = ExecutionPayloadHeader.typeOf('bellatrix').zero
    const later = { withdrawalsRoot: bytes32('withdrawals'), blobGasUsed: 0n, excessBlobGas: 0n }
    const names = Object.keys(later) as (keyof typeof later)[]
    const own = { altair: undefined, bellatrix: 0, capella: 1, deneb: 7, electra: 7, fulu: 7 }
    for (const fork of BeaconConfig.FORKS)
      for (let chosen = 0; chosen < 8; chosen++) {
        const fields = names.filter((_, i) => ((chosen >> i) & 1) === 1).map((name) => [name, later[name]])
        const header: ExecutionPayloadHeader.ExecutionPayloadHeader = {
          ...bare,
          ...Object.fromEntries(fields),
        }
        const judged = (root: Uint8Array) => {
          const body = sparse(new Map([[25n, root]]))
          return ExecutionPayloadHeader.verify(fork, body.root, header, body.branch(25n))
        }
        if (chosen === own[fork])
          expect(value(judged(ExecutionPayloadHeader.root(fork, header)))).toBe(header)
        else
          expect(refusal(judged(bytes32('any'))), `${fork} ${chosen}`).toEqual({
            check: 'execution-fork',
            message: `the header isn't one of ${fork}`,
          })
      }
  })

  test('A24: a header of an older fork carries the defaults of a newer one, and nothing else', () => {
    const { beacon } = block(60n).header
    const { zero } = ExecutionPayloadHeader.typeOf('capella')
    const none = Array.from({ length: 4 }, (): Uint8Array => new Uint8Array(32))
    const read = (
      change: Partial<ExecutionPayloadHeader.ExecutionPayloadHeader>,
      executionBranch = none,
      own = config,
    ) =>
      LightClientHeader.fromWire(own, 'capella', {
        beacon,
        execution: { ...zero, ...change },
        executionBranch,
      })
    expect(value(read({}))).toEqual({ beacon })
    expect(LightClientHeader.toWire('bellatrix', block(60n).header)).toEqual({ beacon })
    expect(refusal(read({ gasUsed: 1n }))).toEqual({
      check: 'header-default',
      message: 'a block of bellatrix carries an execution header',
    })
    for (const at of [0, 3])
      expect(check(read({}, none.with(at, flip(none[0] as Uint8Array, 9))))).toBe('header-default')
    const bare = { ...config, forks: [] }
    expect(refusal(read({ gasUsed: 1n }, none, bare)).message).toBe(
      'a block of altair carries an execution header',
    )
    // A block of Capella within Deneb's container.
    const wire = LightClientHeader.toWire('deneb', block(120n).header)
    expect(LightClientHeader.fromWire(config, 'deneb', wire).ok).toBe(true)
    for (const change of [{ blobGasUsed: 1n }, { excessBlobGas: 1n }]) {
      const execution = { ...(wire.execution as ExecutionPayloadHeader.ExecutionPayloadHeader), ...change }
      expect(check(LightClientHeader.fromWire(config, 'deneb', { ...wire, execution }))).toBe(
        'header-default',
      )
    }
    expect(Object.keys(ExecutionPayloadHeader.typeOf('bellatrix').fields)).not.toContain('withdrawalsRoot')
  })

  test('A24: a branch with zeros in it is a branch', () => {
    const zero = new Uint8Array(32)
    const read = (branch: readonly Uint8Array[]) => {
      const one = { ...good, next: { committee: attested.next, branch } }
      const ssz = LightClientUpdate.encode(config, 'deneb', 'update', one)
      return value(LightClientUpdate.decode(config, 'deneb', 'update', ssz)).next?.branch
    }
    for (const node of [zero, flip(zero, 0)]) {
      const branch = [flip(zero, 0), ...Array.from({ length: 4 }, () => node)]
      expect(read(branch)).toEqual(branch)
    }
  })

  test('bytes of no fork get the refusal of the newest; a refused fork is named', () => {
    const bytes = new Uint8Array(3)
    const newest = refusal(LightClientUpdate.decodeBootstrap(config, 'fulu', bytes))
    expect(refusal(LightClientUpdate.readBootstrap(config, bytes))).toEqual(newest)
    expect(refusal(LightClientUpdate.decodeBootstrap(config, 'altair', bytes))).not.toEqual(newest)
    const optimistic = LightClientUpdate.encode(config, 'electra', 'optimistic', good)
    const said = (own: BeaconConfig.BeaconConfig) =>
      refusal(LightClientUpdate.decode(own, 'electra', 'optimistic', optimistic)).message
    expect(said(config)).toBe('slot 150 is in deneb, not electra')
    expect(said({ ...config, forks: [] })).toBe('slot 150 is in no known fork, not electra')
  })

  test('A24: what belongs to no branch is a default, in its one form', () => {
    const ssz = LightClientUpdate.encode(
      config,
      'deneb',
      'update',
      update(attested, { with: { next: false } }),
    )
    const keyAt = ssz.length
    expect(keyAt).toBeGreaterThan(2000)
    const forged = {
      ...good,
      next: {
        committee: attested.next,
        branch: good.next?.branch.map(() => new Uint8Array(32)) as Uint8Array[],
      },
    }
    expect(
      check(
        LightClientUpdate.decode(
          config,
          'deneb',
          'update',
          LightClientUpdate.encode(config, 'deneb', 'update', forged),
        ),
      ),
    ).toBe('update-default')
    const blank = {
      ...good,
      finality: {
        header: final.header,
        branch: good.finality?.branch.map(() => new Uint8Array(32)) as Uint8Array[],
      },
    }
    expect(
      check(
        LightClientUpdate.decode(
          config,
          'deneb',
          'update',
          LightClientUpdate.encode(config, 'deneb', 'update', blank),
        ),
      ),
    ).toBe('update-default')
    // An older fork's header carries nothing of a newer one.
    const capella = block(120n)
    const top = block(140n, { finalized: capella })
    const wire = update(top)
    const { header, branch } = capella.header.execution as NonNullable<typeof capella.header.execution>
    const later = {
      ...wire,
      finality: {
        branch: wire.finality?.branch as readonly Uint8Array[],
        header: {
          beacon: capella.header.beacon,
          execution: { header: { ...header, blobGasUsed: 1n }, branch },
        },
      },
    }
    expect(
      check(
        LightClientUpdate.decode(
          config,
          'deneb',
          'update',
          LightClientUpdate.encode(config, 'deneb', 'update', later),
        ),
      ),
    ).toBe('header-default')
    const bellatrix = block(60n)
    const boundary = update(block(66n, { finalized: bellatrix }))
    const carried = {
      ...boundary,
      finality: {
        branch: boundary.finality?.branch as readonly Uint8Array[],
        header: { beacon: bellatrix.header.beacon, execution: { header, branch } },
      },
    }
    expect(
      check(
        LightClientUpdate.decode(
          config,
          'capella',
          'update',
          LightClientUpdate.encode(config, 'capella', 'update', carried),
        ),
      ),
    ).toBe('header-default')
    // And a container belongs to the fork of its attested slot.
    const electra = LightClientUpdate.encode(config, 'electra', 'optimistic', good)
    expect(check(LightClientUpdate.decode(config, 'electra', 'optimistic', electra))).toBe('update-fork')
  })
})

describe('A25: domains', () => {
  const state = start(anchor)
  const versions = config.forks.map(({ version }) => version)

  test('A25: under every other fork’s version', () => {
    for (const [i, version] of versions.entries()) {
      const verdict = take(state, update(attested, { version }))
      if (i === 3) value(verdict)
      else expect(check(verdict)).toBe('signature')
    }
  })

  test('A25: an update of another network', () => {
    const other = { ...config, genesisValidatorsRoot: bytes32('another network') }
    expect(check(take(state, update(attested, { config: other })))).toBe('signature')
  })

  test('A25: at a fork, the version of the slot before the signature', () => {
    // Deneb ends with slot 191; its last block is signed in Electra's first slot.
    const known = value(take(start(anchor), good))
    const last = block(191n, { finalized: block(170n) })
    expect(slotOf(take(known, update(last, { version: versions[3] as Uint8Array })))).toBe(170n)
    expect(check(take(known, update(last, { version: versions[4] as Uint8Array })))).toBe('signature')
    const first = block(192n, { finalized: block(170n) })
    expect(slotOf(take(known, update(first, { version: versions[4] as Uint8Array })))).toBe(170n)
    expect(check(take(known, update(first, { version: versions[3] as Uint8Array })))).toBe('signature')
  })

  test('A25: nothing before Altair', () => {
    const first = {
      ...config,
      forks: config.forks.slice(2).map((fork) => ({ ...fork, epoch: fork.epoch - 1n })),
    }
    const early = update(block(64n, { finalized: block(5n) }))
    const bytes = LightClientUpdate.encode(config, 'capella', 'update', early)
    const read = value(LightClientUpdate.decode(first, 'capella', 'update', bytes))
    expect(
      check(LightClientHeader.verify(first, read.finality?.header as LightClientHeader.LightClientHeader)),
    ).toBe('fork-unknown')
    const late = { ...config, forks: config.forks.map((fork) => ({ ...fork, epoch: fork.epoch + 2n })) }
    expect(check(LightClientHeader.verify(late, block(3n).header))).toBe('fork-unknown')
    expect(
      check(
        LightClientUpdate.decode(
          late,
          'altair',
          'optimistic',
          LightClientUpdate.encode(config, 'altair', 'optimistic', update(block(3n))),
        ),
      ),
    ).toBe('update-fork')
  })
})

describe('A26: order', () => {
  const state = start(anchor)

  test('A26: signature after attested after finalized, and not after now', () => {
    expect(check(take(state, update(attested, { signatureSlot: 150n })))).toBe('slot-order')
    expect(check(take(state, update(attested, { signatureSlot: 149n })))).toBe('slot-order')
    const backward = block(140n, { finalized: block(150n) })
    expect(check(take(state, update(backward)))).toBe('slot-order')
    expect(check(take(state, good, 150n))).toBe('slot-future')
    // That nobody signed comes before when.
    expect(check(take(state, update(attested, { signers: [] }), 150n))).toBe('participation')
    // A final block of the attested one's own slot is in order.
    expect(slotOf(take(state, update(block(150n, { finalized: block(150n) }))))).toBe(150n)
    expect(take(state, good, 151n).ok).toBe(true)
    const before = LightClient.apply(state, { kind: 'update', update: good, now: 0n })
    expect(check(before)).toBe('slot-future')
  })

  test('A26: no update of two periods on, nor of the next before its committee is known', () => {
    const next = update(block(200n, { finalized: block(194n) }))
    expect(check(take(state, next))).toBe('signature-period')
    const known = value(take(state, good))
    expect(slotOf(take(known, next))).toBe(194n)
    expect(check(take(known, update(block(260n, { finalized: block(258n) }))))).toBe('signature-period')
    const moved = value(take(known, next))
    expect(check(take(moved, update(block(190n, { finalized: block(188n) }))))).toBe('signature-period')
  })

  test('A26: what is final already is no news', () => {
    const known = value(take(state, good))
    expect(check(take(known, update(block(144n))))).toBe('update-irrelevant')
    expect(check(take(known, update(block(140n))))).toBe('update-irrelevant')
    // An older finalized header changes nothing.
    const older = update(block(160n, { finalized: block(132n) }))
    expect(slotOf(take(known, older))).toBe(144n)
    expect(value(take(known, older)).best).toBe(older)
    // Nor does a block of the period before bring this one's committee.
    expect(check(take(state, update(block(127n), { signatureSlot: 131n })))).toBe('update-irrelevant')
    // Of two final blocks of one slot the first stays.
    const twin = block(130n, { execution: { gasUsed: 1n } })
    const both = value(take(state, update(block(150n, { finalized: twin }))))
    expect(hex(LightClient.finalized(both).root)).toBe(hex(anchor.root))
    expect(both.nextCommittee).toEqual(good.next?.committee)
  })

  test('A26: force after the timeout only, and then nothing is proved any more', () => {
    const few = value(take(state, update(attested, { signers: all.slice(0, 20) })))
    const force = (from: LightClient.State, slot: bigint) =>
      LightClient.apply(from, { kind: 'force', now: BeaconConfig.timeOf(config, slot) })
    expect(refusal(force(few, 194n))).toEqual({
      check: 'force-early',
      message: "finality isn't overdue before slot 195, it is 194",
    })
    const bare = update(attested, { signers: all.slice(0, 20), with: { next: false, finality: false } })
    const alone = value(force(value(take(state, bare)), 195n))
    expect([LightClient.finalized(alone).slot, alone.nextCommittee]).toEqual([150n, undefined])
    expect(check(force(state, 195n))).toBe('force-nothing')
    const forced = value(force(few, 195n))
    // Its own finalized header is newer than the anchor, so that one is taken.
    expect(LightClient.finalized(forced)).toMatchObject({ slot: 144n, forced: true })
    expect(forced.nextCommittee).toEqual(good.next?.committee)
    const trust = value(LightClient.trustFrom(forced))
    const hash = `0x${hex(forced.finalized.execution?.header.blockHash as Uint8Array)}`
    expect(trust({ height: 1144n, hash })?.assurance).toBe('reported')
    const without = value(
      take(state, update(attested, { signers: all.slice(0, 20), with: { finality: false } })),
    )
    expect(LightClient.finalized(value(force(without, 195n))).slot).toBe(150n)
    // For good: later finality doesn't wash it off.
    const later = value(take(forced, update(block(200n, { finalized: block(194n) }))))
    expect(LightClient.finalized(later)).toMatchObject({ slot: 194n, forced: true })
    // What is shown is never older than what is taken, though few signed that.
    const shy = value(take(later, update(block(210n), { signers: all.slice(0, 10) })))
    expect(shy.optimistic.beacon.slot).toBe(200n)
    const led = value(force(shy, 259n))
    expect([LightClient.finalized(led).slot, led.optimistic.beacon.slot]).toEqual([210n, 210n])
    // A forced header of the next period, with no committee known, leads nowhere.
    const lost = { ...without, best: update(block(200n)) }
    expect(check(force(lost, 300n))).toBe('signature-period')
  })

  test('the best update: more than two thirds, then a committee, finality, more signers, older', () => {
    const few = all.slice(0, 20)
    const taken = new Map<Update, LightClient.State>()
    const better = (a: Update, b: Update) => {
      const first = taken.get(a) ?? value(take(state, a))
      taken.set(a, first)
      return value(take(first, b)).best === b
    }
    const plain = (slot: bigint, signers: readonly number[], signatureSlot = slot + 1n) =>
      update(block(slot), { signers, signatureSlot, with: { next: false, finality: false } })
    const most = all.slice(0, 30)
    const base = plain(150n, most)
    expect(better(plain(150n, few), base)).toBe(true)
    expect(better(base, plain(150n, few))).toBe(false)
    expect(better(plain(150n, few), plain(150n, all.slice(0, 21)))).toBe(true)
    expect(better(plain(150n, all), base)).toBe(false)
    expect(better(base, plain(150n, all))).toBe(true)
    expect(better(base, plain(149n, most))).toBe(true)
    expect(better(base, plain(151n, most))).toBe(false)
    expect(better(plain(150n, most, 152n), plain(150n, most, 151n))).toBe(true)
    expect(better(plain(150n, most, 151n), plain(150n, most, 152n))).toBe(false)
    const withNext = update(block(150n), { signers: most, with: { finality: false } })
    expect(better(base, withNext)).toBe(true)
    expect(better(withNext, plain(150n, all))).toBe(false)
    const withFinality = update(block(150n, { finalized: block(100n) }), {
      signers: most,
      with: { next: false },
    })
    const sameFinality = update(block(150n, { finalized: block(129n) }), {
      signers: most,
      with: { next: false },
    })
    // More than two thirds come before a committee; below, more signers do, and a committee only among as many.
    const fewNext = update(block(150n), { signers: few, with: { finality: false } })
    expect(better(fewNext, base)).toBe(true)
    expect(better(base, fewNext)).toBe(false)
    const fewMore = plain(150n, all.slice(0, 21))
    expect(better(fewNext, fewMore)).toBe(true)
    expect(better(fewMore, fewNext)).toBe(false)
    expect(better(fewMore, plain(150n, few))).toBe(false)
    expect(better(plain(150n, few), fewNext)).toBe(true)
    // An older block before an earlier signature; the same one again is no better.
    expect(better(plain(150n, most, 151n), plain(149n, most, 155n))).toBe(true)
    expect(better(plain(149n, most, 155n), plain(150n, most, 151n))).toBe(false)
    expect(better(base, { ...base })).toBe(false)
    expect(better(base, withFinality)).toBe(true)
    expect(better(withFinality, plain(150n, all))).toBe(false)
    expect(better(withFinality, sameFinality)).toBe(true)
    expect(better(sameFinality, withFinality)).toBe(false)
  })
})

describe('A27: the next committee', () => {
  const state = start(anchor)

  test('A27: taken only with finality, in the attested period', () => {
    const unfinal = value(take(state, update(attested, { with: { finality: false } })))
    expect(unfinal.nextCommittee).toBeUndefined()
    const minority = value(take(state, update(attested, { signers: all.slice(0, 21) })))
    expect(minority.nextCommittee).toBeUndefined()
    // Final in the period before: the committee isn't shown to be final.
    const across = update(block(150n, { finalized: block(127n) }))
    expect(value(take(state, across)).nextCommittee).toBeUndefined()
    expect(value(take(state, good)).nextCommittee).toEqual(good.next?.committee)
    // An older final header of this period is enough to take it.
    const completed = value(take(state, update(block(150n, { finalized: block(129n) }))))
    expect(completed.nextCommittee).toEqual(good.next?.committee)
    expect(LightClient.finalized(completed).slot).toBe(130n)
    // A block before the anchor may bring it.
    expect(value(take(state, update(block(129n, { finalized: block(128n) })))).nextCommittee).toEqual(
      good.next?.committee,
    )
    expect(
      check(take(state, update(block(129n, { finalized: block(128n) }), { with: { next: false } }))),
    ).toBe('update-irrelevant')
  })

  test('A27: another one than the known is refused, and one of the wrong size', () => {
    const known = value(take(state, good))
    const other = block(160n, { finalized: block(150n), next: committeeOf(9n) })
    expect(refusal(take(known, update(other)))).toEqual({
      check: 'committee-known',
      message: 'another committee of period 3 is known',
    })
    // In any of its parts, before its branch is looked at.
    const again = update(block(160n, { finalized: block(150n) }))
    const { committee: same, branch } = again.next as NonNullable<Update['next']>
    const stranger = member(5n).pubkey
    for (const change of [
      { pubkeys: same.pubkeys.with(31, stranger) },
      { pubkeys: same.pubkeys.slice(0, -1) },
      { aggregatePubkey: stranger },
    ])
      expect(check(take(known, { ...again, next: { committee: { ...same, ...change }, branch } }))).toBe(
        'committee-known',
      )
    expect(take(known, again).ok).toBe(true)
    const resized = { ...good, next: { committee: committeeOf(3n, 24), branch: attested.state.branch(55n) } }
    expect(check(take(state, resized))).toBe('committee-size')
    // One of the next period stands where the update's own period says.
    const next = block(200n, { finalized: block(194n) })
    expect(value(take(known, update(next))).nextCommittee).toEqual(update(next).next?.committee)
    expect(value(take(known, update(next, { with: { next: false } }))).nextCommittee).toBeUndefined()
  })

  test('A27: an optimistic header releases nothing', () => {
    const seen = value(take(state, update(attested, { with: { finality: false } })))
    expect(seen.optimistic.beacon.slot).toBe(150n)
    const trust = value(LightClient.trustFrom(seen))
    const hash = (header: LightClientHeader.LightClientHeader) =>
      `0x${hex(header.execution?.header.blockHash as Uint8Array)}`
    expect(trust({ height: 1150n, hash: hash(attested.header) })).toBeUndefined()
    expect(trust({ height: 1130n, hash: hash(anchor.header) })?.assurance).toBe('proved')
    // Few signers don't move it, once many were seen.
    const few = value(take(seen, update(block(160n), { signers: all.slice(0, 16) })))
    expect(few.optimistic.beacon.slot).toBe(150n)
    expect(value(take(seen, update(block(160n), { signers: all.slice(0, 17) }))).optimistic.beacon.slot).toBe(
      160n,
    )
    // An older one doesn't move it, nor another of its slot, by however many; nor a final one of its slot.
    for (const one of [
      block(149n),
      block(150n, { execution: { gasUsed: 1n } }),
      block(150n, { finalized: block(150n, { execution: { gasUsed: 2n } }) }),
    ])
      expect(value(take(seen, update(one))).optimistic).toEqual(attested.header)
  })
})

describe('A29: keys', () => {
  test('A29: a rogue key cancels the others only where no committee root binds it', () => {
    const honest = committeeOf(2n)
    const sum = honest.members
      .slice(1)
      .reduce((total, { pubkey }) => total.add(G1.Point.fromBytes(pubkey)), G1.Point.ZERO)
    const own = 77n
    const rogue = G1.Point.BASE.multiply(own).subtract(sum).toBytes(true)
    const pubkeys = [rogue, ...honest.pubkeys.slice(1)]
    const forged = { pubkeys, aggregatePubkey: G1.Point.BASE.multiply(own).toBytes(true) }
    const signature = update(attested, { committee: committee([member(own)]), signers: [0] }).aggregate
      .signature
    // Such a committee would be signed for by one secret …
    const message = BeaconConfig.signingRoot(config, config.forks[3]?.version as Uint8Array, attested.root)
    expect(SyncCommittee.verify(forged, { bits: bitsOf(all, 32), signature }, message).ok).toBe(true)
    // … so it must stand under the state's root, where deposits proved possession.
    expect(
      check(
        trusting(anchor, {
          bootstrap: { header: anchor.header, committee: forged, committeeBranch: anchor.state.branch(54n) },
        }),
      ),
    ).toBe('committee-branch')
    expect(
      check(
        take(start(anchor), { ...good, next: { committee: forged, branch: attested.state.branch(55n) } }),
      ),
    ).toBe('committee-branch')
  })

  test('A29: two keys that add up to infinity sign nothing', () => {
    const order = G1.Point.Fn.ORDER
    const members = [member(5n), member(order - 5n), ...committeeOf(2n).members.slice(2)]
    const current = committee(members)
    const from = block(130n, { current })
    const claim = (signers: readonly number[], claimed: readonly number[]) =>
      check(take(start(from), update(attested, { committee: current, signers, claimed })))
    expect(claim([2], [0, 1])).toBe('signature-key')
    const split = committee([
      member(5n),
      member(order - 5n),
      ...Array.from({ length: 30 }, (_, i) => member(i % 2 === 0 ? 7n : order - 7n)),
    ])
    const zero = update(attested, { committee: committeeOf(2n) })
    expect(
      check(take(start(block(130n, { current: { ...split, aggregatePubkey: member(1n).pubkey } })), zero)),
    ).toBe('signature')
  })

  test('A29: hashed to the curve under another suite', () => {
    for (const suite of ['NUL', 'AUG'])
      expect(
        check(take(start(anchor), update(attested, { dst: SyncCommittee.DST.replace('POP', suite) }))),
      ).toBe('signature')
  })
})

describe('from the committee to a lock', () => {
  const network = config.network
  const account = (byte: string) => `${network}:0x${byte.repeat(20)}` as const
  const CODE = keccak_256(Uint8Array.of(0x60))
  const SECRET = new Uint8Array(32).fill(9)
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
  const slot = keccak_256(HtlcStorage.slot(lockId))
  const storage = trieOf([
    [slot, Uint8Array.of(1)],
    [bytes32('x'), Uint8Array.of(2)],
  ])
  const address = keccak_256(new Uint8Array(20).fill(0xcc))
  const state = trieOf([
    [
      address,
      StateProof.encodeAccount({ nonce: 1n, balance: 5n, storageRoot: storage.root, codeHash: CODE }),
    ],
    [bytes32('y'), Rlp.encode([Uint8Array.of(1)])],
  ])
  const zero = new Uint8Array(32)
  const header = (number: bigint, parentHash: Uint8Array): BlockHeader.BlockHeader => ({
    parentHash,
    ommersHash: keccak_256(Uint8Array.of(0xc0)),
    beneficiary: new Uint8Array(20),
    stateRoot: state.root,
    transactionsRoot: zero,
    receiptsRoot: zero,
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: BeaconConfig.timeOf(config, 144n),
    extraData: new Uint8Array(0),
    mixHash: zero,
    nonce: new Uint8Array(8),
    baseFeePerGas: 7n,
    withdrawalsRoot: zero,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: bytes32('beacon'),
  })
  const grand = BlockHeader.encode(header(7n, bytes32('genesis')))
  const parent = BlockHeader.encode(header(8n, keccak_256(grand)))
  const raw = BlockHeader.encode(header(9n, keccak_256(parent)))
  const finalized = block(144n, {
    execution: { blockHash: keccak_256(raw), blockNumber: 9n, stateRoot: state.root },
  })
  const synced = value(take(start(anchor), update(block(150n, { finalized }))))
  const ref = `0x${hex(lockId)}`
  const claim: Claim = {
    kind: 'lock',
    terms,
    lock: { ref, transaction: '', amount: terms.amount, match: 'exact' },
  }
  const evidenceOf = (top: Uint8Array): Fact.Evidence => ({
    network,
    format: LockEvidence.FORMAT.lock,
    bytes: LockEvidence.encode({
      header: top,
      accountProof: state.prove(address),
      storageProof: storage.prove(slot),
    }),
  })

  test('S11: an EVM lock is proved, from the sync committee to the storage slot', () => {
    const trust = value(LightClient.trustFrom(synced))
    const fact = value(createEvmVerifier({ network, trust }).verify(claim, evidenceOf(raw)))
    expect(Fact.assuranceOf(fact)).toBe('proved')
    expect(fact.at).toEqual({ height: 9n, hash: `0x${hex(keccak_256(raw))}` })
    expect(fact.asOf.finalized).toEqual(fact.at)
    expect(fact.depth).toBe(1n)
    expect(check(createEvmVerifier({ network, trust }).verify(claim, evidenceOf(parent)))).toBe(
      'block-unknown',
    )
    // And without a header, from the payload's own state root.
    const { execution } = LightClient.finalized(synced)
    expect(
      value(
        StateProof.account(
          execution?.stateRoot as Uint8Array,
          new Uint8Array(20).fill(0xcc),
          state.prove(address),
        ),
      )?.balance,
    ).toBe(5n)
  })

  test('ancestors of the final block are as good as it', () => {
    const trust = value(LightClient.trustFrom(synced, [raw, parent, grand]))
    const fact = value(createEvmVerifier({ network, trust }).verify(claim, evidenceOf(grand)))
    expect(Fact.assuranceOf(fact)).toBe('proved')
    expect(fact.depth).toBe(3n)
    expect(check(LightClient.trustFrom(synced, [parent]))).toBe('header-link')
    expect(check(LightClient.trustFrom(synced, [raw, grand]))).toBe('header-link')
    expect(trust({ height: 6n, hash: `0x${hex(keccak_256(grand))}` })).toBeUndefined()
    expect(check(LightClient.trustFrom(start(block(3n))))).toBe('execution-missing')
    const odd = Uint8Array.of(0xc0)
    const blank = block(144n, { execution: { blockHash: keccak_256(odd) } })
    const bad = value(take(start(anchor), update(block(150n, { finalized: blank }))))
    expect(check(LightClient.trustFrom(bad, [odd]))).toBe('header-fields')
  })
})

describe('mutation', () => {
  const state = start(anchor)
  const ssz = LightClientUpdate.encode(config, 'deneb', 'update', good)
  const judge = (bytes: Uint8Array) => {
    const decoded = LightClientUpdate.decode(config, 'deneb', 'update', bytes)
    return decoded.ok ? take(state, decoded.value, 160n) : decoded
  }

  test('property: a changed bit is refused, or falls in the slot of the signature, which nothing signs', () => {
    const whole = value(judge(ssz))
    // The fixed part: offset, committee, its branch, offset, finality branch, aggregate, slot.
    const slotAt = 4 + 33 * 48 + 5 * 32 + 4 + 6 * 32 + 100
    fc.assert(
      fc.property(fc.nat(ssz.length * 8 - 1), (bit) => {
        const verdict = judge(flip(ssz, bit))
        if (!verdict.ok) return
        expect(bit >> 3).toBeGreaterThanOrEqual(slotAt)
        expect(bit >> 3).toBeLessThan(slotAt + 8)
        expect(LightClient.finalized(verdict.value)).toEqual(LightClient.finalized(whole))
      }),
    )
  })

  test('A28: property: any bytes give a verdict, and what decodes has one encoding', () => {
    fc.assert(
      fc.property(
        fc.nat(ssz.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: -3, max: 3 }),
        (at, patch, longer) => {
          const bytes = new Uint8Array(ssz.length + longer)
          bytes.set(ssz.subarray(0, bytes.length))
          const to = Math.min(at, bytes.length - 1)
          bytes.set(patch.subarray(0, bytes.length - to), to)
          const decoded = LightClientUpdate.decode(config, 'deneb', 'update', bytes)
          if (decoded.ok)
            expect(hex(LightClientUpdate.encode(config, 'deneb', 'update', decoded.value))).toBe(hex(bytes))
        },
      ),
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.constantFrom(...BeaconConfig.FORKS),
        (bytes, fork) => {
          for (const kind of ['update', 'finality', 'optimistic'] as const)
            expect(LightClientUpdate.decode(config, fork, kind, bytes).ok).toBe(false)
          expect(LightClientUpdate.decodeBootstrap(config, fork, bytes).ok).toBe(false)
        },
      ),
    )
  })
})

/** The compressed form of coordinates, written here as the library writes no point outside the group. */
function compressed(coordinates: readonly bigint[], larger: boolean): Uint8Array {
  const bytes = unhex(coordinates.map((x) => x.toString(16).padStart(96, '0')).join(''))
  bytes[0] = (bytes[0] as number) | (larger ? 0xa0 : 0x80)
  return bytes
}

/** The first x for which `make` gives something. */
function search<T>(make: (x: bigint) => T | undefined): T {
  for (let x = 1n; x < 200n; x++) {
    try {
      const made = make(x)
      if (made !== undefined) return made
    } catch {
      // No square root: the next one.
    }
  }
  throw new Error('no such point')
}

/** A point of the curve E'(Fp2) that isn't of the group: almost none is, by chance. */
function outsideG2(): Uint8Array {
  const { Fp2 } = bls12_381.fields
  return search((x) => {
    const at = Fp2.fromBigTuple([x, 1n])
    const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(at), at), Fp2.fromBigTuple([4n, 4n])))
    return G2.Point.fromAffine({ x: at, y }).isTorsionFree() ? undefined : compressed([1n, x], false)
  })
}

/** The same for E(Fp). */
function outsideG1(): Uint8Array {
  const { Fp } = bls12_381.fields
  return search((x) => {
    const y = Fp.sqrt(Fp.create(x ** 3n + 4n))
    return G1.Point.fromAffine({ x, y }).isTorsionFree() ? undefined : compressed([x], false)
  })
}

/** An x that no point has. */
function noPoint(): Uint8Array {
  const { Fp } = bls12_381.fields
  return search((x) => (isSquare(Fp.create(x ** 3n + 4n)) ? undefined : compressed([x], false)))
}

function isSquare(value: bigint): boolean {
  const { Fp } = bls12_381.fields
  return Fp.pow(value, (Fp.ORDER - 1n) / 2n) === 1n
}

function beyondField(): Uint8Array {
  const bytes = new Uint8Array(48).fill(255)
  bytes[0] = 0x9f
  return bytes
}

/** The same signature with the order of the field added to a coordinate that has room for it. */
function aliased(signature: Uint8Array): Uint8Array {
  const c0 = BigInt(`0x${hex(signature.subarray(48))}`) + bls12_381.fields.Fp.ORDER
  return concat(signature.subarray(0, 48), unhex(c0.toString(16).padStart(96, '0')))
}
