import { Hasher } from '@aitbc/proofs/substrate'
import {
  BlockId,
  Commit,
  Header,
  Ics23,
  LightClient,
  MerkleTree,
  Multistore,
  RpcJson,
  Timestamp,
  ValidatorSet,
  Vote,
} from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64 } from '@scure/base'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import * as wire from '../../src/tendermint/internal/wire.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const only = (files: readonly VectorFile[]) => files[0] as VectorFile
const fieldsOf = (json: object) => Object.keys(json).sort().join(' ')

readVectors({
  topic: 'cosmos',
  folder: 'cosmos/comet-sign-bytes',
  title: 'A36: what a vote signs, and what a tree hashes',
  cases(files) {
    type Signed = { readonly chain_id: string; readonly vote: string; readonly sign_bytes: string }
    const json = only(files).json<readonly Signed[] | { readonly want: readonly string[] }>()
    if ('want' in json) {
      const hashes = [
        MerkleTree.root([]),
        MerkleTree.leafHash(new Uint8Array(0)),
        MerkleTree.leafHash(utf8('L123456')),
        MerkleTree.innerHash(utf8('N123'), utf8('N456')),
      ]
      // The file says in words what is hashed.
      expect(json.want.length).toBe(hashes.length)
      return json.want.map((want, i) => ({
        name: `hash ${i}`,
        run: () => expect(hex(hashes[i] as Uint8Array)).toBe(want),
      }))
    }
    return json.map(({ chain_id, vote, sign_bytes }) => {
      const fields = new Map<string, string>()
      for (const [, name, text] of vote.matchAll(/(\w+): ([^,]+),?/g))
        fields.set(name as string, text as string)
      for (const name of fields.keys())
        if (!['Height', 'Round', 'Type', 'Extension'].includes(name)) throw new Error(`a vote's ${name}`)
      const type = fields.get('Type')
      const known = { 'cmtproto.PrevoteType': 'prevote', 'cmtproto.PrecommitType': 'precommit' } as const
      if (type !== undefined && !(type in known)) throw new Error(`votes of type ${type}`)
      return {
        name: vote === '' ? 'nothing' : vote,
        run: () => {
          const bytes = Vote.signBytes(chain_id, {
            type: type === undefined ? 'unknown' : known[type as keyof typeof known],
            height: BigInt(fields.get('Height') ?? 0),
            round: BigInt(fields.get('Round') ?? 0),
            blockId: BlockId.ZERO,
            time: Timestamp.ZERO,
          })
          expect(hex(bytes)).toBe(sign_bytes)
        },
      }
    })
  },
})

readVectors({
  topic: 'cosmos',
  folder: 'cosmos/cosmjs',
  title: 'hashes of Cosmos chains',
  cases(files) {
    const known: Readonly<Record<string, (input: Uint8Array) => Uint8Array>> = {
      keccak256: Hasher.keccak256,
      ripemd160: (input) => Ics23.HashOp.hash('ripemd160', input) as Uint8Array,
    }
    const json = only(files).json<Record<string, readonly { readonly in: string; readonly out: string }[]>>()
    return Object.entries(json).flatMap(([name, list]) => {
      const hash = known[name]
      if (hash === undefined) throw new Error(`no hash has the name ${name}`)
      return list.map((it) => ({
        name: `${name} of ${it.in.length / 2} bytes`,
        run: () => expect(hex(hash(unhex(it.in)))).toBe(it.out),
      }))
    })
  },
})

readVectors({
  topic: 'cosmos',
  folder: 'cosmos/tendermint-light',
  title: 'A38: traces of the model',
  cases(files) {
    interface Trace {
      readonly initial: {
        readonly signed_header: { readonly header: unknown }
        readonly next_validator_set: unknown
        readonly trusting_period: string
      }
      readonly input: readonly {
        readonly block: Readonly<Record<string, unknown>>
        readonly now: string
        readonly verdict: string
      }[]
    }
    const { initial, input } = only(files).json<Trace>()
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
    return input.map(({ block, now, verdict }, i) => ({
      name: `step ${i}: ${verdict}`,
      run: () => {
        const update = {
          block: value(RpcJson.lightBlock(block)),
          nextValidators: value(RpcJson.validators(block['next_validator_set'])),
          now: value(Timestamp.fromText(now)),
        }
        const result = LightClient.apply(state, update)
        const expected = result.ok
          ? 'SUCCESS'
          : result.refusal.check === 'not-enough-trust'
            ? 'NOT_ENOUGH_TRUST'
            : 'INVALID'
        expect(expected, result.ok ? '' : result.refusal.check).toBe(
          verdict === 'FAILED_TO_VERIFY' ? 'INVALID' : verdict,
        )
        if (result.ok) state = result.value
      },
    }))
  },
})

// biome-ignore lint/suspicious/noExplicitAny: JSON of an RPC
type Result = any

readVectors({
  topic: 'cosmos',
  folder: 'cosmos/tendermint-rpc',
  title: 'answers of nodes',
  // The answers of one node make sense together.
  group: (path) => (path.startsWith('serialization/') ? path : (path.split('/')[0] as string)),
  cases(files) {
    const [{ path }] = files as [VectorFile]
    return path.startsWith('serialization/') ? serialized(only(files).json<object>()) : node(files)
  },
})

/** A header, or a fraction of power. */
function serialized(json: object): Case[] {
  if (fieldsOf(json) === 'denominator numerator') {
    const { numerator, denominator } = json as Record<string, string>
    const level = { numerator: BigInt(numerator as string), denominator: BigInt(denominator as string) }
    const run = () => {
      const header = headerOf(ANCHOR)
      const anchor = {
        chainId: header.chainId,
        hash: Header.hash(header),
        header,
        nextValidators: [],
        trustingPeriod: 1n,
        unbondingPeriod: 2n,
      }
      const { numerator: top, denominator: bottom } = level
      const allowed = bottom > 0n && top * 3n >= bottom && top <= bottom
      const verdict = LightClient.trust({ ...anchor, trustLevel: level })
      // Nobody is trusted to vote, so what comes after the level refuses nothing.
      if (allowed) expect(verdict.ok).toBe(true)
      else expect(check(verdict)).toBe('anchor-trust-level')
      const below = { numerator: bottom - 1n, denominator: bottom * 3n }
      expect(check(LightClient.trust({ ...anchor, trustLevel: below }))).toBe('anchor-trust-level')
    }
    return [{ name: 'a level of trust', run }]
  }
  if (!('chain_id' in json)) throw new Error(`nothing is known that has ${fieldsOf(json)}`)
  const run = () => {
    const header = headerOf(json)
    expect(value(Header.decode(Header.encode(header)))).toEqual(header)
    const known = header.version.block === Header.BLOCK_PROTOCOL
    const verdict = Header.check(header)
    if (known) expect(value(verdict)).toEqual(header)
    else expect(check(verdict)).toBe('header-version')
    const { version } = header
    const next = { ...header, version: { ...version, app: version.app + 1n } }
    expect(hex(Header.hash(next))).not.toBe(hex(Header.hash(header)))
  }
  return [{ name: 'a header', run }]
}

/** A header that trusts nobody, to hang a level of trust on. */
const ANCHOR = {
  version: { block: '11' },
  chain_id: 'chain',
  height: '1',
  time: '2020-01-01T00:00:00Z',
  last_block_id: null,
  ...Object.fromEntries(
    ['validators_hash', 'next_validators_hash', 'consensus_hash'].map((name) => [
      name,
      hex(ValidatorSet.hash([])),
    ]),
  ),
  proposer_address: '00'.repeat(20),
}

function headerOf(json: unknown): Header.Header {
  return value(RpcJson.header(json))
}

/** The answers of one node about one chain: each by its shape, and all of them together. */
function node(files: readonly VectorFile[]): Case[] {
  const answers = files.map((file) => ({
    name: file.path,
    ...file.json<{ result?: Result; error?: unknown }>(),
  }))
  const results: readonly Result[] = answers.flatMap(({ result }) => (result === undefined ? [] : [result]))
  /** Headers that an answer names, each with what names it. */
  const headers = new Map<bigint, Header.Header>()
  for (const it of results)
    for (const json of [
      it.block?.header,
      it.signed_header?.header,
      ...(it.block_metas ?? []).map((meta: Result) => meta.header),
    ])
      if (json !== undefined) headers.set(BigInt(json.height), headerOf(json))
  const sets: readonly ValidatorSet.ValidatorSet[] = results.flatMap((it) => {
    const list = it.validators ?? (it.validator_info === undefined ? undefined : [it.validator_info])
    return list === undefined ? [] : [value(RpcJson.validators(list))]
  })
  const setOf = (hash: Uint8Array) => sets.find((it) => hex(ValidatorSet.hash(it)) === hex(hash))
  const idOf = (json: Result): BlockId.BlockId => ({
    hash: unhex(json.hash),
    parts: { total: json.parts.total, hash: unhex(json.parts.hash) },
  })
  /** The header is what its answer says, and the next one known names it. */
  const expectNamed = (json: Result, id: Result) => {
    const header = headerOf(json)
    expect(hex(Header.hash(header))).toBe(id.hash.toLowerCase())
    expect(value(Header.decode(Header.encode(header)))).toEqual(header)
    expect(value(Header.check(header))).toEqual(header)
    const following = headers.get(header.height + 1n)
    if (following !== undefined) expect(BlockId.equal(following.lastBlockId, idOf(id))).toBe(true)
  }

  return answers.flatMap(({ name, result, error }): Case[] => {
    if (error !== undefined)
      return [{ name, run: () => expect(check(RpcJson.lightBlock({ error }))).toBe('json') }]
    if (result?.block !== undefined) {
      const { block, block_id } = result
      return [
        { name: `${name}: the header`, run: () => expectNamed(block.header, block_id) },
        {
          name: `${name}: the votes before, and the transactions`,
          run: () => {
            const header = headerOf(block.header)
            const commit = value(RpcJson.commit(block.last_commit))
            expect(hex(Commit.hash(commit))).toBe(hex(header.lastCommitHash))
            const leaves = block.data.txs.map((tx: string) => sha256(base64.decode(tx)))
            expect(hex(MerkleTree.root(leaves))).toBe(hex(header.dataHash))
          },
        },
      ]
    }
    if (result?.block_metas !== undefined)
      return result.block_metas.map((meta: Result) => ({
        name: `${name}: header ${meta.header.height}`,
        run: () => expectNamed(meta.header, meta.block_id),
      }))
    if (result?.signed_header !== undefined) return [{ name, run: () => follow(result.signed_header) }]
    if (result?.genesis !== undefined)
      return [
        {
          name,
          run: () => {
            const { chain_id, validators, app_state, initial_height } = result.genesis
            const first = headers.get(BigInt(initial_height)) as Header.Header
            expect(chain_id).toBe(first.chainId)
            const keys = (validators ?? app_state.genutil.gen_txs).map(
              (it: Result) => it.pub_key?.value ?? it.body.messages[0].pubkey.key,
            )
            const set = setOf(first.validatorsHash) as ValidatorSet.ValidatorSet
            expect(set.map(({ publicKey }) => base64.encode(publicKey)).sort()).toEqual(keys.sort())
          },
        },
      ]
    if (result?.validator_info !== undefined)
      return [
        {
          name,
          run: () => {
            const { validator_info, sync_info, node_info } = result
            const [own] = value(RpcJson.validators([validator_info]))
            const { publicKey } = own as ValidatorSet.Validator
            expect(hex(ValidatorSet.addressOf(publicKey))).toBe(validator_info.address.toLowerCase())
            const other = { ...validator_info, address: `00${validator_info.address.slice(2)}` }
            expect(check(RpcJson.validators([other]))).toBe('validators-address')
            const earliest = headers.get(BigInt(sync_info.earliest_block_height)) as Header.Header
            expect(hex(Header.hash(earliest))).toBe(sync_info.earliest_block_hash.toLowerCase())
            expect(earliest.chainId).toBe(node_info.network)
          },
        },
      ]
    if (result?.validators !== undefined)
      return [
        { name, run: () => expect(value(RpcJson.validators(result.validators)).length).toBeGreaterThan(0) },
      ]
    if (result?.height !== undefined && 'txs_results' in result) {
      const above = headers.get(BigInt(result.height) + 1n)
      if (above === undefined)
        return [
          {
            name,
            skip: 'the results of a block stand under the header after it, which is not among the files',
          },
        ]
      const run = () => {
        const leaves = (result.txs_results ?? []).map((it: Result) =>
          concat(
            wire.integer(1, it.code ?? 0),
            wire.bytes(2, base64.decode(it.data ?? '')),
            wire.integer(5, BigInt(it.gas_wanted ?? 0)),
            wire.integer(6, BigInt(it.gas_used ?? 0)),
          ),
        )
        expect(hex(MerkleTree.root(leaves))).toBe(hex(above.lastResultsHash))
      }
      return [{ name, run }]
    }
    throw new Error(`${name}: nothing is known that has ${fieldsOf(result ?? {})}`)
  })

  /** From the lowest header, trusted by its hash, to one with its votes. */
  function follow(signed: Result): void {
    const header = headerOf(signed.header)
    const first = headers.get([...headers.keys()].sort((a, b) => Number(a - b))[0] as bigint) as Header.Header
    const trustingPeriod = header.time - first.time + 2n * Timestamp.SECOND
    const state = value(
      LightClient.trust({
        chainId: first.chainId,
        hash: Header.hash(first),
        header: first,
        nextValidators: setOf(first.nextValidatorsHash) as ValidatorSet.ValidatorSet,
        trustingPeriod,
        unbondingPeriod: trustingPeriod + 1n,
      }),
    )
    const block = {
      header,
      commit: value(RpcJson.commit(signed.commit)),
      validators: setOf(header.validatorsHash) as ValidatorSet.ValidatorSet,
    }
    const now = header.time + Timestamp.SECOND
    const next = value(LightClient.apply(state, { block, now }))
    expect(LightClient.finalized(next).header.height).toBe(header.height)
    expect(hex(value(LightClient.appHash(next, header.height - 1n)))).toBe(hex(header.appHash))
    const late = first.time + trustingPeriod
    expect(check(LightClient.apply(state, { block, now: late }))).toBe('trusting-period')
    const signatures = block.commit.signatures.map((vote) =>
      vote.flag === 'commit' ? { ...vote, signature: flip(vote.signature, 9) } : vote,
    )
    const changed = { ...block, commit: { ...block.commit, signatures } }
    expect(check(LightClient.apply(state, { block: changed, now }))).toBe('signature')
  }
}

interface Answer {
  readonly key: string
  readonly value: string
  readonly proof: null | {
    readonly ops: readonly { readonly type: string; readonly key: string; readonly data: string }[]
  }
}

readVectors({
  topic: 'cosmos',
  folder: 'cosmos/ibc-rs',
  title: 'A31: answers with range proofs, and signed headers',
  group: (path) => path.replace(/_proof(?=\.json$)/, ''),
  cases(files) {
    const all = files.map((file) => ({ name: file.path, json: file.json<object>() }))
    return all.map(({ name, json }): Case => {
      if (fieldsOf(json) === 'commit header') return { name, run: () => signedHeader(json as Result) }
      if (!('key' in json && 'value' in json && 'proof' in json))
        throw new Error(`nothing is known that has ${fieldsOf(json)}`)
      const answer = json as Answer
      if (answer.proof !== null) return { name, run: () => proved(answer) }
      // Without a proof it says what the answer beside it proves.
      const beside = all
        .map((it) => it.json as Answer)
        .find(({ proof }) => proof !== null && proof !== undefined)
      if (beside === undefined) return { name, skip: 'an answer without a proof, and none beside it' }
      const run = () => {
        expect([answer.key, answer.value]).toEqual([beside.key, beside.value])
        const statement = { store: 'ibc', key: base64.decode(answer.key) }
        expect(check(Multistore.fromOps([], statement))).toBe('proof-ops')
      }
      return { name, run }
    })
  },
})

/** Votes for another header than the one beside them, or a header of another version, make no block. */
function signedHeader(json: { readonly header: unknown; readonly commit: unknown }): void {
  const header = headerOf(json.header)
  const commit = value(Commit.check(value(RpcJson.commit(json.commit))))
  expect(value(Commit.decode(Commit.encode(commit)))).toEqual(commit)
  expect(value(Header.decode(Header.encode(header)))).toEqual(header)
  const known = header.version.block === Header.BLOCK_PROTOCOL
  if (known) expect(hex(Header.hash(header))).toBe(hex(commit.blockId.hash))
  else expect(check(Header.check(header))).toBe('header-version')
}

/** A range proof is refused, and the same fact is proved by ICS-23. */
function proved(answer: Answer): void {
  const [key, held] = [base64.decode(answer.key), base64.decode(answer.value)]
  const ops = (answer.proof?.ops ?? []).map((op) => ({
    type: op.type,
    key: base64.decode(op.key),
    data: base64.decode(op.data),
  }))
  const [inStore, inMultistore] = ops
  if (inStore === undefined || inMultistore === undefined) throw new Error('two operations are expected')
  const statement = { store: new TextDecoder().decode(inMultistore.key), key }
  const verdict = Multistore.fromOps(ops, statement)
  if (inStore.type === 'ics23:iavl') {
    const [store] = value(verdict)
    const proof = store.is === 'exist' ? store.proof : undefined
    expect(hex(proof?.value as Uint8Array)).toBe(hex(held))
    return
  }
  if (inStore.type !== 'iavl:v') throw new Error(`a proof of type ${inStore.type}`)
  expect(check(verdict)).toBe('proof-op-type')
  const { root, proof } = fromRangeProof(inStore.data, held)
  expect(hex(inMultistore.data)).toContain(hex(root))
  const { ExistenceProof, ProofSpec } = Ics23
  expect(ExistenceProof.verify(root, ProofSpec.iavl, key, held, proof).ok).toBe(true)
  expect(check(ExistenceProof.verify(flip(root, 7), ProofSpec.iavl, key, held, proof))).toBe('ics23-root')
}

/** The nodes of an old range proof of IAVL (one leaf, only right or left siblings), as ICS-23 has them; and their root. */
function fromRangeProof(data: Uint8Array, held: Uint8Array) {
  const zigzag = (n: bigint) => wire.varint(n << 1n)
  const length = value(wire.decode(wire.message(1, data.subarray(2)), (reader) => wire.readBytes(reader, 1)))
  const range = value(
    wire.decode(length, (reader) =>
      wire.readMessage(reader, 1, (proof) => ({
        path: wire.readMany(proof, 1, (node) => ({
          height: wire.readInt64(node, 1) / 2n,
          size: wire.readInt64(node, 2),
          version: wire.readInt64(node, 3),
          left: wire.readBytes(node, 4),
          right: wire.readBytes(node, 5),
        })),
        leaves: wire.readMany(proof, 3, (leaf) => ({
          key: wire.readBytes(leaf, 1),
          valueHash: wire.readBytes(leaf, 2),
          version: wire.readInt64(leaf, 3),
        })),
      })),
    ),
  )
  const [leaf] = range?.leaves ?? []
  const head = (height: bigint, size: bigint, version: bigint) =>
    Uint8Array.from([...zigzag(height), ...zigzag(size), ...zigzag(version)])
  const proof: Ics23.ExistenceProof.ExistenceProof = {
    key: leaf?.key as Uint8Array,
    value: held,
    leaf: { ...Ics23.ProofSpec.iavl.leafSpec, prefix: head(0n, 1n, leaf?.version as bigint) },
    path: [...(range?.path ?? [])].reverse().map(({ height, size, version, left, right }) => ({
      hash: 'sha256' as const,
      prefix: Uint8Array.from([
        ...head(height, size, version),
        ...(left.length > 0 ? [32, ...left] : []),
        32,
      ]),
      suffix: Uint8Array.from(right.length > 0 ? [32, ...right] : []),
    })),
  }
  return { root: value(Ics23.ExistenceProof.rootOf(proof)), proof }
}
