import { type Claim, Fact, Hashlock, type Lock, type LockTerms } from '@aitbc/core'
import { LightClient, type LightClientHeader } from '@aitbc/proofs/beacon'
import {
  BeaconConfig,
  BeaconEvidence,
  BeaconJson,
  createBeaconAnchor,
  LightClientUpdate,
} from '@aitbc/proofs/checkpoint'
import {
  BlockHeader,
  createEvmVerifier,
  HtlcStorage,
  LockEvidence,
  Rlp,
  StateProof,
} from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { check, hex, refusal, value } from '../helpers.js'
import { type Block, block, config, update } from './beaconWorld.js'
import { trieOf } from './trie.js'

const network = config.network
const SECRET = new Uint8Array(32).fill(9)
const CODE = keccak_256(Uint8Array.of(1))
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
const ref = `0x${hex(lockId)}`
const lock: Lock = { ref, transaction: '', amount: terms.amount, match: 'exact' }
const claim: Claim = { kind: 'lock', terms, lock }

/** The execution block whose state has this word under the lock's id. */
function statement(number: bigint, word: bigint) {
  const slot = keccak_256(HtlcStorage.slot(lockId))
  const other = [keccak_256(Uint8Array.of(5)), Rlp.encode(Uint8Array.of(1))] as const
  const storage = trieOf(word === 0n ? [other] : [[slot, Rlp.encode(Rlp.fromBigInt(word))], other])
  const address = keccak_256(new Uint8Array(20).fill(0xcc))
  const leaf = StateProof.encodeAccount({ nonce: 1n, balance: 5n, storageRoot: storage.root, codeHash: CODE })
  const state = trieOf([[address, leaf]])
  const header = BlockHeader.encode({
    parentHash: new Uint8Array(32).fill(1),
    ommersHash: new Uint8Array(32),
    beneficiary: new Uint8Array(20),
    stateRoot: state.root,
    transactionsRoot: new Uint8Array(32),
    receiptsRoot: new Uint8Array(32),
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number,
    gasLimit: 1n,
    gasUsed: 0n,
    timestamp: 1_700_000_000n,
    extraData: new Uint8Array(0),
    mixHash: new Uint8Array(32),
    nonce: new Uint8Array(8),
  })
  const bytes = LockEvidence.encode({
    header,
    accountProof: state.prove(address),
    storageProof: storage.prove(slot),
  })
  return { bytes, execution: { blockHash: keccak_256(header), blockNumber: number } }
}

// Period 2 is Deneb's second half, period 3 and 4 follow; each has a finalized block and one that says so.
const locked = statement(9n, 1n)
const anchor = block(130n)
const first = block(160n, { finalized: block(140n) })
const second = block(210n, { finalized: block(196n, { execution: locked.execution }) })
const time = (slot: bigint) => BeaconConfig.timeOf(config, slot)
const forkOf = (slot: bigint) => BeaconConfig.forkAt(config, slot)?.fork as BeaconConfig.Fork
const ssz = (attested: Block, kind: LightClientUpdate.Kind, options = {}) =>
  LightClientUpdate.encode(config, forkOf(attested.header.beacon.slot), kind, update(attested, options))
const bootstrapOf = (at: Block) => ({
  header: at.header,
  committee: { pubkeys: at.current.pubkeys, aggregatePubkey: at.current.aggregatePubkey },
  committeeBranch: at.state.branch(54n),
})
const bootstrap = LightClientUpdate.encodeBootstrap(config, forkOf(130n), bootstrapOf(anchor))
const whole: BeaconEvidence.BeaconEvidence = {
  bootstrap,
  updates: [ssz(first, 'update')],
  finality: ssz(second, 'finality', { with: { next: false } }),
  statement: locked.bytes,
}
const evidenceOf = (
  changes: Partial<BeaconEvidence.BeaconEvidence> = {},
  kind: 'lock' | 'spend' | 'absence' = 'lock',
) => ({
  network,
  format: LockEvidence.BEACON_FORMAT[kind],
  bytes: BeaconEvidence.encode({ ...whole, ...changes }),
})
const make = (options: Partial<createBeaconAnchor.Options> = {}) => {
  const own = createBeaconAnchor({
    client: LightClient,
    config,
    blockRoot: anchor.root,
    now: () => time(220n),
    ...options,
  })
  return { own, verifier: createEvmVerifier({ anchor: own }) }
}

describe('createBeaconAnchor', () => {
  test('S11: a lock is proved from the checkpoint, and so is what is not there', () => {
    const { own, verifier } = make()
    expect(verifier.network).toBe(network)
    expect(own.finalized()).toBeUndefined()
    const fact = value(verifier.verify(claim, evidenceOf()))
    expect(Fact.assuranceOf(fact)).toBe('proved')
    expect(fact.value).toEqual(lock)
    expect(fact.at).toEqual({ height: 9n, hash: `0x${hex(locked.execution.blockHash)}` })
    expect(fact.anchor).toEqual({ network, height: 130n, hash: `0x${hex(anchor.root)}`, assurance: 'proved' })
    expect(own.finalized()).toMatchObject({ slot: 196n, forced: false })
    // The lock is neither claimed nor refunded; that it isn't there is refused.
    const unspent = value(verifier.absent({ kind: 'spend', terms }, evidenceOf({}, 'absence')))
    expect([unspent.value, Fact.assuranceOf(unspent)]).toEqual([null, 'proved'])
    expect(check(verifier.absent({ kind: 'lock', terms }, evidenceOf({}, 'absence')))).toBe('lock-present')
    expect(check(verifier.absent({ kind: 'lock', terms }, evidenceOf()))).toBe('evidence-format')
    for (const [word, kind, expected] of [
      [0n, 'lock', undefined],
      [0n, 'spend', 'spend-present'],
      [2n, 'spend', 'spend-present'],
    ] as const) {
      const made = statement(9n, word)
      const at = block(210n, { finalized: block(196n, { execution: made.execution }) })
      const changes = { finality: ssz(at, 'finality', { with: { next: false } }), statement: made.bytes }
      const verdict = make().verifier.absent({ kind, terms }, evidenceOf(changes, 'absence'))
      expect(verdict.ok ? undefined : verdict.refusal.check).toBe(expected)
    }
  })

  test('what was taken before is not judged again; an older view moves nothing back', () => {
    let now = time(220n)
    const { own, verifier } = make({ now: () => now })
    value(verifier.verify(claim, evidenceOf()))
    // The checkpoint is too old by now, and what was reached from it is remembered.
    now = time(130n) + 15n * 86_400n
    expect(check(make({ now: () => now }).verifier.verify(claim, evidenceOf()))).toBe('anchor-age')
    expect(verifier.verify(claim, evidenceOf()).ok).toBe(true)
    now = time(220n)
    const old = ssz(block(170n, { finalized: block(150n) }), 'finality', { with: { next: false } })
    expect(check(verifier.verify(claim, evidenceOf({ finality: old })))).toBe('block-unknown')
    expect(own.finalized()?.slot).toBe(196n)
    // More views than are remembered: each is judged by itself.
    for (let slot = 171n; slot < 186n; slot++) {
      const finality = ssz(block(slot, { finalized: block(150n) }), 'finality', { with: { next: false } })
      expect(check(verifier.verify(claim, evidenceOf({ finality })))).toBe('block-unknown')
    }
    expect(verifier.verify(claim, evidenceOf()).ok).toBe(true)
  })

  test('L2: a process that goes on for longer than a checkpoint is safe goes on from what it reached', () => {
    let now = time(220n)
    const { verifier, own } = make({ now: () => now })
    value(verifier.verify(claim, evidenceOf()))
    // More views on the same update than are remembered: what they start from isn't forgotten.
    for (let slot = 171n; slot < 186n; slot++) {
      const finality = ssz(block(slot, { finalized: block(150n) }), 'finality', { with: { next: false } })
      expect(own.follow(BeaconEvidence.encode({ ...whole, finality })).ok).toBe(true)
    }
    // By now the checkpoint is too old to start from, the newest final block isn't too old to go on from.
    now = time(130n) + 1_209_600n + 6n
    expect(check(make({ now: () => now }).verifier.verify(claim, evidenceOf()))).toBe('anchor-age')
    const third = ssz(block(211n, { finalized: block(196n, { execution: locked.execution }) }), 'finality', {
      with: { next: false },
    })
    expect(verifier.verify(claim, evidenceOf({ finality: third })).ok).toBe(true)
    // So many states are remembered and no more: the first view is forgotten, and by then can't be taken again.
    now = time(140n) + 1_209_600n + 1n
    expect(check(verifier.verify(claim, evidenceOf()))).toBe('state-age')
  })

  test('a bootstrap that is refused moves nothing; a newer final block is what counts from then on', () => {
    const { own } = make()
    const follow = (changes: Partial<BeaconEvidence.BeaconEvidence>) =>
      own.follow(BeaconEvidence.encode({ ...whole, ...changes }))
    const old = ssz(block(170n, { finalized: block(150n) }), 'finality', { with: { next: false } })
    expect(value(follow({ finality: old })).anchor.height).toBe(130n)
    expect(own.finalized()?.slot).toBe(150n)
    const other = LightClientUpdate.encodeBootstrap(config, forkOf(140n), bootstrapOf(block(140n)))
    expect(check(follow({ bootstrap: other }))).toBe('anchor-root')
    expect(value(follow({})).anchor.height).toBe(130n)
    expect(own.finalized()?.slot).toBe(196n)
  })

  test('A28: an update in the place of a finality update is none, also where it was taken as an update before', () => {
    const { verifier } = make()
    const next = ssz(second, 'update')
    value(verifier.verify(claim, evidenceOf({ updates: [...whole.updates, next], finality: whole.finality })))
    const fresh = check(make().verifier.verify(claim, evidenceOf({ finality: next })))
    expect(fresh).not.toBe('accepted')
    expect(check(verifier.verify(claim, evidenceOf({ finality: next })))).toBe(fresh)
  })

  test('A26, A27: no finality, stale finality, a checkpoint of a source that isn’t sure', () => {
    const optimistic = ssz(block(180n), 'finality', { with: { next: false, finality: false } })
    const signed = evidenceOf({ updates: [], finality: optimistic })
    expect(check(make().verifier.verify(claim, signed))).toBe('finality-none')
    expect(refusal(make({ maxDelay: 143n }).verifier.verify(claim, evidenceOf()))).toEqual({
      check: 'finality-stale',
      message: 'the newest final block is 144 s old, at most 143',
      context: { delay: 144n, maxDelay: 143n },
    })
    expect(make({ maxDelay: 144n }).verifier.verify(claim, evidenceOf()).ok).toBe(true)
    expect(value(make({ assurance: 'quorum' }).verifier.verify(claim, evidenceOf()))).toMatchObject({
      assurance: 'quorum',
      anchor: { assurance: 'quorum' },
    })
    expect(check(make({ maxAge: 100n }).verifier.verify(claim, evidenceOf()))).toBe('anchor-age')
  })

  test('each part of the evidence is judged', () => {
    const judge = (changes: Partial<BeaconEvidence.BeaconEvidence>, options = {}) =>
      check(make(options).verifier.verify(claim, evidenceOf(changes)))
    expect(judge({ bootstrap: new Uint8Array(3) })).toBe('ssz-length')
    expect(judge({}, { blockRoot: first.root })).toBe('anchor-root')
    expect(judge({ updates: [] })).toBe('signature-period')
    expect(judge({ updates: [new Uint8Array(9)] })).toBe('ssz-length')
    expect(judge({ finality: new Uint8Array(0) })).toBe('ssz-length')
    expect(judge({ statement: new Uint8Array(1) })).toBe('evidence-encoding')
    expect(judge({ statement: statement(9n, 2n).bytes })).toBe('block-unknown')
    const { verifier } = make()
    expect(check(verifier.verify(claim, { ...evidenceOf(), bytes: new Uint8Array(2) }))).toBe(
      'evidence-encoding',
    )
    expect(check(verifier.verify(claim, { ...evidenceOf(), format: 'evm-lock/1' }))).toBe('evidence-format')
    // Before Capella a beacon block shows no execution block.
    const start = block(10n)
    const early = createBeaconAnchor({
      client: LightClient,
      config,
      blockRoot: start.root,
      now: () => time(60n),
    })
    const at = block(50n, { finalized: block(40n) })
    const evidence = BeaconEvidence.encode({
      bootstrap: LightClientUpdate.encodeBootstrap(config, 'altair', bootstrapOf(start)),
      updates: [],
      finality: ssz(at, 'finality', { with: { next: false } }),
      statement: locked.bytes,
    })
    expect(check(early.follow(evidence))).toBe('execution-missing')
  })

  test('A27: a committee without finality is read as such', () => {
    const read = value(LightClientUpdate.read(config, 'update', ssz(block(180n), 'update')))
    expect(read.next?.committee.pubkeys).toHaveLength(32)
    expect(read.finality).toBeUndefined()
  })

  test('A52: a network without forks reads nothing', () => {
    const bare = { ...config, forks: [] }
    expect(check(LightClientUpdate.readBootstrap(bare, bootstrap))).toBe('update-fork')
    expect(check(LightClientUpdate.read(bare, 'update', bootstrap))).toBe('update-fork')
  })
})

describe('BeaconJson', () => {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const jsonOf = (one: unknown): unknown =>
    typeof one === 'bigint'
      ? String(one)
      : one instanceof Uint8Array
        ? `0x${hex(one)}`
        : Array.isArray(one)
          ? one.map(jsonOf)
          : Object.fromEntries(
              Object.entries(one as object).map(([name, part]) => [snake(name), jsonOf(part)]),
            )
  const headerJson = ({ beacon, execution }: LightClientHeader.LightClientHeader) => ({
    beacon: jsonOf(beacon),
    ...(execution === undefined
      ? {}
      : { execution: jsonOf(execution.header), execution_branch: jsonOf(execution.branch) }),
  })
  const updateJson = (one: LightClientUpdate.LightClientUpdate) => ({
    attested_header: headerJson(one.attested),
    ...(one.next === undefined
      ? {}
      : {
          next_sync_committee: jsonOf(one.next.committee),
          next_sync_committee_branch: jsonOf(one.next.branch),
        }),
    ...(one.finality === undefined
      ? {}
      : { finalized_header: headerJson(one.finality.header), finality_branch: jsonOf(one.finality.branch) }),
    sync_aggregate: {
      sync_committee_bits: jsonOf(one.aggregate.bits),
      sync_committee_signature: jsonOf(one.aggregate.signature),
    },
    signature_slot: String(one.signatureSlot),
  })
  const bootstrapJson = (at: Block) => ({
    header: headerJson(at.header),
    current_sync_committee: jsonOf({
      pubkeys: at.current.pubkeys,
      aggregatePubkey: at.current.aggregatePubkey,
    }),
    current_sync_committee_branch: jsonOf(at.state.branch(54n)),
  })

  test('the same bytes as the SSZ of every kind, in forks with and without an execution header', () => {
    expect(hex(value(BeaconJson.bootstrap(config, bootstrapJson(anchor))))).toBe(hex(bootstrap))
    const early = LightClientUpdate.encodeBootstrap(config, 'altair', bootstrapOf(block(10n)))
    expect(hex(value(BeaconJson.bootstrap(config, bootstrapJson(block(10n)))))).toBe(hex(early))
    const all = update(first)
    for (const kind of ['update', 'finality', 'optimistic'] as const)
      expect(hex(value(BeaconJson.update(config, kind, updateJson(all))))).toBe(hex(ssz(first, kind)))
    // What a kind doesn't have needn't be there.
    const {
      next_sync_committee: _,
      next_sync_committee_branch: __,
      ...finality
    } = updateJson(all) as Record<string, unknown>
    expect(hex(value(BeaconJson.update(config, 'finality', finality)))).toBe(hex(ssz(first, 'finality')))
    const { finalized_header: ___, finality_branch: ____, ...optimistic } = finality
    expect(hex(value(BeaconJson.update(config, 'optimistic', optimistic)))).toBe(
      hex(ssz(first, 'optimistic')),
    )
  })

  const said = (json: unknown) => refusal(BeaconJson.bootstrap(config, json)).message

  test('A28: a refusal names the field', () => {
    const good = bootstrapJson(anchor)
    const { header, current_sync_committee: committee } = good as unknown as {
      header: Record<string, object>
      current_sync_committee: { pubkeys: readonly string[] }
    }
    const withBeacon = (change: object) => ({
      ...good,
      header: { ...header, beacon: { ...header['beacon'], ...change } },
    })
    const withCommittee = (change: object) => ({
      ...good,
      current_sync_committee: { ...committee, ...change },
    })
    for (const [json, message] of [
      [undefined, 'bootstrap is no object'],
      [{}, 'header is no object'],
      [{ header: {} }, 'beacon is no object'],
      [withBeacon({ slot: 130 }), 'slot is no number'],
      [withBeacon({ proposer_index: String(2n ** 64n) }), 'proposer_index is beyond 64 bits'],
      [withBeacon({ parent_root: '0xzz' }), 'parent_root is no bytes'],
      [withBeacon({ state_root: `0x${'00'.repeat(31)}` }), 'state_root has 31 bytes, not 32'],
      [{ ...good, header: { ...header, execution: [] } }, 'execution is no object'],
      [{ ...good, header: { ...header, execution_branch: [] } }, 'branch is no list of 4'],
      [{ ...good, current_sync_committee: null }, 'sync_committee is no object'],
      [withCommittee({ pubkeys: 'x' }), 'pubkeys is no list of 32'],
      [withCommittee({ pubkeys: committee.pubkeys.with(3, 'x') }), 'pubkeys is no bytes'],
      [withCommittee({ aggregate_pubkey: '0x00' }), 'aggregate_pubkey has 1 bytes, not 48'],
      [{ ...good, current_sync_committee_branch: [] }, 'branch is no list of 5'],
      [{ ...good, current_sync_committee_branch: [1, 2, 3, 4, 5] }, 'branch is no bytes'],
    ] as const)
      expect(said(json)).toBe(message)
    const whole = updateJson(update(first))
    const none = { sync_committee_bits: '0x', sync_committee_signature: '0x' }
    const bits = whole.sync_aggregate.sync_committee_bits
    for (const [json, message] of [
      [undefined, 'update is no object'],
      [{ ...whole, sync_aggregate: 1 }, 'sync_aggregate is no object'],
      [{ ...whole, sync_aggregate: none }, 'sync_committee_bits has 0 bytes, not 4'],
      [
        { ...whole, sync_aggregate: { ...none, sync_committee_bits: bits } },
        'sync_committee_signature has 0 bytes, not 96',
      ],
      [{ ...whole, signature_slot: 1 }, 'signature_slot is no number'],
      [{ ...whole, signature_slot: String(2n ** 64n) }, 'signature_slot is beyond 64 bits'],
      [{ ...whole, next_sync_committee_branch: [] }, 'branch is no list of 5'],
      [{ ...whole, finality_branch: [] }, 'branch is no list of 6'],
      [{ ...whole, finalized_header: [] }, 'header is no object'],
    ] as const)
      expect(refusal(BeaconJson.update(config, 'update', json)).message).toBe(message)
  })

  test('A28: what isn’t the one form is refused, whatever it is', () => {
    const good = bootstrapJson(anchor)
    const beacon = good.header.beacon as Record<string, unknown>
    const refused = (json: unknown) => check(BeaconJson.bootstrap(config, json))
    for (const json of [undefined, null, 1, 'x', [], {}, { header: null }, { header: { beacon: [] } }])
      expect(refused(json)).toBe('json')
    const withBeacon = (change: object) => ({
      ...good,
      header: { ...good.header, beacon: { ...beacon, ...change } },
    })
    for (const slot of [130, '0130', '-1', '0x1', '', String(2n ** 64n)])
      expect(refused(withBeacon({ slot })), `${slot}`).toBe('json')
    for (const parent_root of [1, '0x', '0xzz', 'ab', `0x${'00'.repeat(31)}`, `0x${'00'.repeat(33)}`])
      expect(refused(withBeacon({ parent_root }))).toBe('json')
    expect(refused({ ...good, current_sync_committee_branch: [] })).toBe('json')
    expect(refused({ ...good, current_sync_committee: { pubkeys: 'x' } })).toBe('json')
    expect(refused({ ...good, header: { ...good.header, execution: undefined } })).toBe('json')
    const long = { ...(good.header.execution as object), extra_data: `0x${'00'.repeat(33)}` }
    expect(refused({ ...good, header: { ...good.header, execution: long } })).toBe('json')
    const none = { ...config, forks: config.forks.slice(1) }
    expect(check(BeaconJson.bootstrap(none, bootstrapJson(block(10n))))).toBe('update-fork')
    expect(check(BeaconJson.update(none, 'finality', updateJson(update(block(10n)))))).toBe('update-fork')
    for (const slot of ['130x', 'x130', ' 130', '1'.padEnd(79, '0')])
      expect(said(withBeacon({ slot }))).toBe('slot is no number')
    const root = '00'.repeat(31)
    for (const parent_root of [`x0x${root}`, `0x${root}0`, `0x${root}g0`, [`0x${root}00`]])
      expect(said(withBeacon({ parent_root }))).toBe('parent_root is no bytes')
    const most = { proposer_index: String(2n ** 64n - 1n), parent_root: `0x${'Ab'.repeat(32)}` }
    expect(BeaconJson.bootstrap(config, withBeacon(most)).ok).toBe(true)
    // What an object's own getter throws isn't ours to judge.
    const trap = {
      get header() {
        throw new RangeError('mine')
      },
    }
    expect(() => BeaconJson.bootstrap(config, trap)).toThrow('mine')
  })
})
