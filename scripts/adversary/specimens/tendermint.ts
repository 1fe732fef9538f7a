import { Verdict } from '@aitbc/core'
import {
  Commit,
  Header,
  Ics23,
  LightBlock,
  LightClient,
  MerkleTree,
  Multistore,
  RpcJson,
  Timestamp,
  ValidatorSet,
} from '@aitbc/proofs/tendermint'
import * as wire from '../../../packages/proofs/src/tendermint/internal/wire.js'
import { concat, hex, unhex, value } from '../../../packages/proofs/test/helpers.js'
import { treeOf } from '../../../packages/proofs/test/tendermint/trees.js'
import { anchor, block, client, key, keysOf, nowOf } from '../../../packages/proofs/test/tendermint/world.js'
import { type Specimen, shuffled, specimen } from '../specimen.js'
import { filesOf } from '../vectors.js'
import { hashes } from './hashes.js'

const { CommitmentProof, ProofSpec } = Ics23
const utf8 = (text: string) => new TextEncoder().encode(text)
const ZERO = new Uint8Array(32)

/** Published proofs of what stands, or doesn't, at a key of a tree. */
export function* ics23(): Iterable<Specimen> {
  for (const file of filesOf('cosmos/ics23')) {
    const tree = file.path.split('/')[0] as string
    if (tree !== 'iavl' && tree !== 'tendermint' && tree !== 'smt') continue
    const json = file.json<{ key: string; proof: string; root: string; value: string }>()
    if (json.proof === undefined || json.key === undefined) continue
    const statement = { key: unhex(json.key), value: json.value === '' ? null : unhex(json.value) }
    const judge = (root: Uint8Array) => (proof: Ics23.CommitmentProof.CommitmentProof) =>
      CommitmentProof.verify(root, ProofSpec[tree], statement, proof)
    yield specimen({
      family: 'ics23',
      name: file.path,
      kind: 'hash',
      statement: `${tree} ${json.root} ${json.key} ${json.value}`,
      evidence: unhex(json.proof),
      decode: CommitmentProof.decode,
      encode: CommitmentProof.encode,
      judge: judge(unhex(json.root)),
      untrusted: judge(ZERO),
    })
  }
}

/** Two chained proofs, as an `abci_query` answers them; made, as no published one is of today's form. */
export function* multistore(): Iterable<Specimen> {
  const entries = Array.from({ length: 40 }, (_, i) => [utf8(`key/${i * 3}`), utf8(`value ${i}`)] as const)
  const inStore = treeOf('iavl', entries)
  const stores = ['acc', 'bank', 'gov', 'ibc', 'mint', 'staking', 'upgrade']
  const above = treeOf(
    'tendermint',
    stores.map((name) => [utf8(name), name === 'ibc' ? inStore.root : unhex('11'.repeat(32))] as const),
  )
  for (const [at, there] of [
    ['key/0', true],
    ['key/60', true],
    ['key/61', false],
    ['zzz', false],
  ] as const) {
    const key = utf8(at)
    const proof: Ics23.CommitmentProof.CommitmentProof = there
      ? { is: 'exist', proof: inStore.exist(key) }
      : { is: 'nonexist', proof: inStore.nonexist(key) }
    const held = there ? inStore.exist(key).value : null
    const statement = { store: 'ibc', key, value: held }
    const proofs: Multistore.Proofs = [proof, { is: 'exist', proof: above.exist(utf8('ibc')) }]
    yield specimen({
      family: 'multistore',
      name: at,
      kind: 'hash',
      statement: at,
      evidence: Multistore.encode(statement, proofs),
      decode: (bytes) => Multistore.decode(bytes, statement),
      encode: (it: Multistore.Proofs) => Multistore.encode(statement, it),
      judge: (it) => Multistore.verify(above.root, statement, it),
      untrusted: (it) => Multistore.verify(ZERO, statement, it),
    })
  }
}

function told(verdict: Verdict.Verdict<LightClient.State>): Verdict.Verdict<unknown> {
  if (!verdict.ok) return verdict
  const { hash, header, nextValidators } = LightClient.finalized(verdict.value)
  return Verdict.accept({ hash, header, nextValidators })
}

/** Blocks with their votes: of the model's traces, of Gaia, and made. */
export function* lightBlocks(): Iterable<Specimen> {
  yield* traces()
  yield* gaia()
  yield* made()
}

/** A light block, and what its bytes say of validators beside what the block's hash binds. */
interface Told extends LightBlock.LightBlock {
  readonly beside: {
    readonly priorities: readonly bigint[]
    readonly proposer: Uint8Array
    readonly total: bigint
  }
}

function decodeTold(bytes: Uint8Array): Verdict.Verdict<Told> {
  const block = LightBlock.decode(bytes)
  if (!block.ok) return block
  const beside = wire.decode(bytes, (reader) => {
    wire.readBytes(reader, 1)
    return wire.readMessage(reader, 2, (set) => {
      const priorities = wire.readMany(set, 1, (one) => {
        wire.readBytes(one, 1)
        wire.readBytes(one, 2)
        wire.readInt64(one, 3)
        return wire.readInt64(one, 4)
      })
      return { priorities, proposer: wire.readBytes(set, 2), total: wire.readInt64(set, 3) }
    })
  })
  return beside.ok && beside.value !== undefined
    ? Verdict.accept({ ...block.value, beside: beside.value })
    : Verdict.refuse('protobuf', 'what a block was read from')
}

function encodeTold({ header, commit, validators, beside }: Told): Uint8Array {
  const { priorities, proposer, total } = beside
  const set = concat(
    ...validators.map(({ publicKey, power }, i) =>
      wire.message(
        1,
        concat(
          wire.bytes(1, ValidatorSet.addressOf(publicKey)),
          wire.message(2, wire.message(1, publicKey)),
          wire.integer(3, power),
          wire.integer(4, priorities[i] ?? 0n),
        ),
      ),
    ),
    wire.bytes(2, proposer),
    wire.integer(3, total),
  )
  const signed = concat(wire.message(1, Header.encode(header)), wire.message(2, Commit.encode(commit)))
  return concat(wire.message(1, signed), wire.message(2, set))
}

function lightBlock(
  name: string,
  state: LightClient.State,
  it: LightBlock.LightBlock,
  update: Omit<LightClient.Update, 'block'>,
): Specimen {
  const beside = { priorities: it.validators.map(() => 0n), proposer: new Uint8Array(0), total: 0n }
  const own: Told = { ...it, beside }
  const total = it.validators.reduce((sum, { power }) => sum + power, 0n)
  const one = ({ publicKey, power }: ValidatorSet.Validator, priority = 0n) =>
    concat(
      wire.bytes(1, ValidatorSet.addressOf(publicKey)),
      wire.message(2, wire.message(1, publicKey)),
      wire.integer(3, power),
      wire.integer(4, priority),
    )
  const [first] = it.validators as [ValidatorSet.Validator]
  const encode = (change: Partial<Told['beside']>) => encodeTold({ ...own, beside: { ...beside, ...change } })
  return specimen({
    family: 'light-block',
    name,
    kind: 'signature',
    statement: hex(Header.hash(it.header)),
    evidence: encodeTold(own),
    decode: decodeTold,
    encode: encodeTold,
    // Which block it is, the verdict tells.
    open: true,
    judge: (block) => told(LightClient.apply(state, { ...update, block })),
    // Who trusts nothing has an anchor of zeros, and no state.
    untrusted: ({ header, validators }) =>
      LightClient.trust({
        chainId: header.chainId,
        hash: ZERO,
        header,
        nextValidators: validators,
        trustingPeriod: 1n,
        unbondingPeriod: 2n,
      }),
    others: () => [
      encode({ priorities: it.validators.map((_, i) => BigInt(i - 1)) }),
      encode({ proposer: one(first) }),
      encode({ proposer: one(first, 5n) }),
      encode({ proposer: one({ ...first, power: first.power + 1n }) }),
      encode({ proposer: one({ ...first, publicKey: ZERO }) }),
      encode({ total }),
      encode({ total: total + 1n }),
    ],
    beside: LightBlock.encode({ ...it, validators: state.latest.nextValidators ?? [] }).length,
  })
}

/** Every step of the model's traces that succeeds. */
function* traces(): Iterable<Specimen> {
  for (const file of filesOf('cosmos/tendermint-light')) {
    const { initial, input } = file.json<{
      initial: {
        signed_header: { header: unknown }
        next_validator_set: unknown
        trusting_period: string
      }
      input: { block: Record<string, unknown>; now: string; verdict: string }[]
    }>()
    const header = value(RpcJson.header(initial.signed_header.header))
    const trustingPeriod = BigInt(initial.trusting_period)
    let state = value(
      LightClient.trust({
        chainId: header.chainId,
        hash: Header.hash(header),
        header,
        nextValidators: value(RpcJson.validators(initial.next_validator_set)),
        trustingPeriod,
        unbondingPeriod: trustingPeriod + 1n,
        maxClockDrift: Timestamp.SECOND,
      }),
    )
    for (const [i, { block, now, verdict }] of input.entries()) {
      if (verdict !== 'SUCCESS') continue
      const update = {
        nextValidators: value(RpcJson.validators(block['next_validator_set'])),
        now: value(Timestamp.fromText(now)),
      }
      const it = value(RpcJson.lightBlock(block))
      yield lightBlock(`${file.path}: step ${i}`, state, it, update)
      state = value(LightClient.apply(state, { ...update, block: it }))
    }
  }
}

/** Gaia's tenth block from its first. */
function* gaia(): Iterable<Specimen> {
  const files = new Map(filesOf('cosmos/tendermint-rpc').map((file) => [file.path, file]))
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an RPC
  const result = (name: string) => files.get(`gaia/${name}.json`)?.json<any>().result
  const [first, signed, status] = [
    result('block_at_height_1'),
    result('commit_at_height_10'),
    result('status'),
  ]
  if (first === undefined || signed === undefined || status === undefined) return
  const header = value(RpcJson.header(first.block.header))
  const validators = value(RpcJson.validators([status.validator_info]))
  const state = value(
    LightClient.trust({
      chainId: header.chainId,
      hash: Header.hash(header),
      header,
      nextValidators: validators,
      trustingPeriod: 1000n * Timestamp.SECOND,
      unbondingPeriod: 1001n * Timestamp.SECOND,
    }),
  )
  const { signed_header } = signed
  const it = {
    header: value(RpcJson.header(signed_header.header)),
    commit: value(RpcJson.commit(signed_header.commit)),
    validators,
  }
  yield lightBlock('gaia: block 10', state, it, { now: it.header.time + Timestamp.SECOND })
}

/** Blocks with votes of every kind: for the block, for none, absent, and more than are needed. */
function* made(): Iterable<Specimen> {
  const six = keysOf(1, 2, 3, 4, 5, 6)
  const state = client(anchor(block({ height: 1n, validators: six }), six))
  const kinds = ['commit', 'absent', 'commit', 'commit', 'commit', 'commit'] as const
  for (const [height, validators] of [
    [2n, six],
    [9n, six],
  ] as const) {
    const it = block({ height, validators, votes: (i) => kinds[i] ?? 'commit' })
    yield lightBlock(`made: block ${height}, one absent`, state, it, { now: nowOf(it) })
  }
  const heavy = [key(7, 40n), key(8, 30n), key(9, 20n), key(10, 10n)]
  const own = client(anchor(block({ height: 1n, validators: heavy }), heavy))
  const it = block({ height: 2n, validators: heavy, votes: (i) => (i === 3 ? 'nil' : 'commit') })
  yield lightBlock('made: block 2, a nil vote', own, it, { now: nowOf(it) })
}

/** Branches in trees of RFC 6962: statement and place are fixed, the siblings are evidence. */
export function* branches(): Iterable<Specimen> {
  for (const total of [1, 2, 3, 5, 8, 13]) {
    const leaves = Array.from({ length: total }, (_, i) => utf8(`leaf ${i} of ${total}`))
    const root = MerkleTree.root(leaves)
    for (const index of new Set([0, total >> 1, total - 1])) {
      const judge = (root: Uint8Array) => (aunts: readonly Uint8Array[]) =>
        MerkleTree.verify(root, leaves[index] as Uint8Array, { index, total, aunts })
      const { aunts } = MerkleTree.branch(leaves, index)
      yield specimen({
        family: 'comet-branch',
        name: `leaf ${index} of ${total}`,
        kind: 'hash',
        statement: `${index} of ${total}`,
        evidence: hashes.encode(aunts),
        decode: hashes.decode,
        encode: hashes.encode,
        judge: judge(root),
        untrusted: judge(ZERO),
        others: () => [...shuffled(aunts, ZERO)].map(hashes.encode),
      })
    }
  }
}
