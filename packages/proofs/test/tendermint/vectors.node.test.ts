import {
  BlockId,
  Commit,
  Header,
  Ics23,
  LightClient,
  MerkleTree,
  Multistore,
  RpcJson,
  Signatures,
  Timestamp,
  Vote,
} from '@aitbc/proofs/tendermint'
import { base64 } from '@scure/base'
import { afterAll, describe, expect, test } from 'vitest'
import * as wire from '../../src/tendermint/internal/wire.js'
import { check, flip, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'

const found = topic('cosmos')
const set = found as NonNullable<typeof found>
const utf8 = (text: string) => new TextEncoder().encode(text)

/** Files that this family's code has no use for, each with its reason. */
const UNUSED: Record<string, string> = {
  'cosmjs/keccak.json': 'CometBFT and ICS-23 verification use no keccak',
  'tendermint-rpc/gaia/block_results_at_height_10.json':
    'the results of block 10 stand under header 11, which is not among the files',
}

/** Cases run of each file. */
const ran = new Map<string, number>()
const count = (file: string, cases: number) => {
  ran.set(file, (ran.get(file) ?? 0) + cases)
}

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published CometBFT and ICS-23 data',
  () => {
    const files = found?.files() ?? []
    const under = (folder: string) => files.filter((name) => name.startsWith(`${folder}/`))

    afterAll(() => {
      const totals = new Map<string, number>()
      for (const [file, cases] of ran) {
        const folder = file.split('/')[0] as string
        totals.set(folder, (totals.get(folder) ?? 0) + cases)
      }
      console.log(`cosmos vectors: ${[...totals].map(([folder, cases]) => `${folder} ${cases}`).join(', ')}`)
    })

    test('A36: comet-sign-bytes/vote_sign_bytes.json: what a vote signs', () => {
      const name = 'comet-sign-bytes/vote_sign_bytes.json'
      const cases = set.json<{ chain_id: string; vote: string; sign_bytes: string }[]>(name)
      for (const { chain_id, vote, sign_bytes } of cases) {
        const type = /Type: cmtproto\.(Prevote|Precommit)Type/.exec(vote)?.[1]?.toLowerCase() ?? 'unknown'
        const number = (field: string) => BigInt(new RegExp(`${field}: (\\d+)`).exec(vote)?.[1] ?? 0)
        const bytes = Vote.signBytes(chain_id, {
          type: type as Vote.Vote['type'],
          height: number('Height'),
          round: number('Round'),
          blockId: BlockId.ZERO,
          time: Timestamp.ZERO,
        })
        expect(hex(bytes), vote).toBe(sign_bytes)
      }
      count(name, cases.length)
      expect(cases.length).toBeGreaterThanOrEqual(6)
    })

    test('comet-sign-bytes/rfc6962_expected.json: leaf and node are told apart', () => {
      const name = 'comet-sign-bytes/rfc6962_expected.json'
      const { want } = set.json<{ want: string[] }>(name)
      const hashes = [
        MerkleTree.root([]),
        MerkleTree.leafHash(new Uint8Array(0)),
        MerkleTree.leafHash(utf8('L123456')),
        MerkleTree.innerHash(utf8('N123'), utf8('N456')),
      ]
      expect(hashes.map(hex)).toEqual(want)
      count(name, want.length)
    })

    test('cosmjs/ripemd.json: a hash of ICS-23', () => {
      const name = 'cosmjs/ripemd.json'
      const { ripemd160 } = set.json<{ ripemd160: { in: string; out: string }[] }>(name)
      for (const { in: input, out } of ripemd160)
        expect(hex(Ics23.HashOp.hash('ripemd160', unhex(input)) as Uint8Array)).toBe(out)
      count(name, ripemd160.length)
      expect(ripemd160.length).toBeGreaterThanOrEqual(76)
    })

    describe('A38: tendermint-light: traces of the model', () => {
      interface Trace {
        initial: { signed_header: { header: unknown }; next_validator_set: unknown; trusting_period: string }
        input: { block: Record<string, unknown>; now: string; verdict: string }[]
      }
      const names = under('tendermint-light')
      const refused = new Set<string>()

      test.each(names)('%s', (name) => {
        const { initial, input } = set.json<Trace>(name)
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
        for (const { block, now, verdict } of input) {
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
          expect(expected, result.ok ? name : `${name}: ${result.refusal.check}`).toBe(verdict)
          if (result.ok) state = result.value
          else refused.add(result.refusal.check)
          count(name, 1)
        }
      })

      test('all of them, refused by different checks', () => {
        expect(names.length).toBeGreaterThanOrEqual(22)
        expect([...refused].sort()).toEqual([
          'commit-size',
          'conflict',
          'not-enough-power',
          'not-enough-trust',
          'time-in-future',
          'time-not-after',
          'trusting-period',
        ])
      })
    })

    describe('tendermint-rpc: a chain of Gaia', () => {
      const gaia = (name: string) => {
        const file = `tendermint-rpc/gaia/${name}.json`
        count(file, 1)
        // biome-ignore lint/suspicious/noExplicitAny: JSON of an RPC
        return set.json<any>(file).result
      }
      const validators = () =>
        value(
          RpcJson.validators([
            ((info) => ({ ...info, voting_power: info.voting_power }))(gaia('status').validator_info),
          ]),
        )

      test('headers 1 to 10: each hash, each named by the next', () => {
        const metas = gaia('blockchain_from_1_to_10').block_metas.reverse()
        let last: BlockId.BlockId | undefined
        for (const meta of metas) {
          const header = value(RpcJson.header(meta.header))
          expect(hex(Header.hash(header))).toBe(meta.block_id.hash.toLowerCase())
          expect(value(Header.decode(Header.encode(header)))).toEqual(header)
          if (last !== undefined) expect(BlockId.equal(header.lastBlockId, last)).toBe(true)
          last = {
            hash: unhex(meta.block_id.hash),
            parts: { total: meta.block_id.parts.total, hash: unhex(meta.block_id.parts.hash) },
          }
        }
        count('tendermint-rpc/gaia/blockchain_from_1_to_10.json', metas.length - 1)
        expect(metas.length).toBe(10)
      })

      test('blocks 1 and 10: header, the commit before, no transactions', () => {
        for (const name of ['block_at_height_1', 'block_at_height_10']) {
          const { block, block_id } = gaia(name)
          const header = value(RpcJson.header(block.header))
          expect(hex(Header.hash(header))).toBe(block_id.hash.toLowerCase())
          const commit = value(RpcJson.commit(block.last_commit))
          expect(hex(Commit.hash(commit))).toBe(hex(header.lastCommitHash))
          expect(hex(MerkleTree.root(block.data.txs))).toBe(hex(header.dataHash))
        }
      })

      test('an error is no block', () => {
        expect(check(RpcJson.lightBlock(gaia('block_at_height_0')))).toBe('json')
      })

      test('genesis: its chain id, and the key of its only validator', () => {
        const { genesis } = gaia('genesis')
        const { key } = genesis.app_state.genutil.gen_txs[0].body.messages[0].pubkey
        expect(base64.encode(validators()[0]?.publicKey as Uint8Array)).toBe(key)
        expect(genesis.chain_id).toBe('ibc-0')
      })

      test('from block 1, trusted by its hash, to block 10', () => {
        const first = value(RpcJson.header(gaia('block_at_height_1').block.header))
        const state = value(
          LightClient.trust({
            chainId: 'ibc-0',
            hash: unhex(gaia('status').sync_info.earliest_block_hash),
            header: first,
            nextValidators: validators(),
            trustingPeriod: 1000n * Timestamp.SECOND,
            unbondingPeriod: 1001n * Timestamp.SECOND,
          }),
        )
        const block = value(
          RpcJson.lightBlock({
            signed_header: gaia('commit_at_height_10').signed_header,
            validator_set: { validators: gaia('status') && [gaia('status').validator_info] },
          }),
        )
        const now = block.header.time + Timestamp.SECOND
        const next = value(LightClient.apply(state, { block, now }))
        expect(LightClient.finalized(next).header.height).toBe(10n)
        expect(hex(value(LightClient.appHash(next, 9n)))).toBe(hex(block.header.appHash))
        const late = first.time + 1000n * Timestamp.SECOND
        expect(check(LightClient.apply(state, { block, now: late }))).toBe('trusting-period')
      })

      test('serialization: headers and a fraction', () => {
        const known = 'tendermint-rpc/serialization/block/header_with_known_hash.json'
        // The hash is stated by tendermint-rs beside the file.
        expect(hex(Header.hash(value(RpcJson.header(set.json(known)))))).toBe(
          'f30a71f2409fb15aacaedb6cc122dfa2525bee9cae521721b06bfdca291b8d56',
        )
        const old = 'tendermint-rpc/serialization/block/header.json'
        expect(check(Header.check(value(RpcJson.header(set.json(old)))))).toBe('header-version')
        const fraction = 'tendermint-rpc/serialization/trust_threshold/fraction.json'
        const { numerator, denominator } = set.json<Record<string, string>>(fraction)
        const trustLevel = {
          numerator: BigInt(numerator as string),
          denominator: BigInt(denominator as string),
        }
        const header = value(RpcJson.header(gaia('block_at_height_1').block.header))
        const anchor = {
          chainId: 'ibc-0',
          hash: Header.hash(header),
          header,
          nextValidators: validators(),
          trustingPeriod: 1n,
          unbondingPeriod: 2n,
        }
        expect(LightClient.trust({ ...anchor, trustLevel }).ok).toBe(true)
        const lower = { ...trustLevel, denominator: trustLevel.denominator + 1n }
        expect(check(LightClient.trust({ ...anchor, trustLevel: lower }))).toBe('anchor-trust-level')
        for (const name of [known, old, fraction]) count(name, 1)
      })
    })

    describe('ibc-rs', () => {
      test('signed headers: their votes are for another header than the one beside them', () => {
        for (const name of ['valid_signed_header', 'expired_signed_header']) {
          const file = `ibc-rs/${name}.json`
          const json = set.json<{ header: unknown; commit: unknown }>(file)
          const header = value(RpcJson.header(json.header))
          const commit = value(Commit.check(value(RpcJson.commit(json.commit))))
          expect(value(Commit.decode(Commit.encode(commit)))).toEqual(commit)
          // Block protocol 0, and a header changed after it was signed.
          expect(check(Header.check(header))).toBe('header-version')
          expect(hex(Header.hash(header))).not.toBe(hex(commit.blockId.hash))
          count(file, 1)
        }
      })

      test.each(['client_state', 'consensus_state'])(
        'A31: %s: the range proof is refused, and the same facts are proved by ICS-23',
        (name) => {
          interface Answer {
            key: string
            value: string
            proof: null | { ops: { type: string; key: string; data: string }[] }
          }
          const [bare, proved] = [`ibc-rs/${name}.json`, `ibc-rs/${name}_proof.json`] as const
          const answer = set.json<Answer>(proved)
          expect(set.json<Answer>(bare).proof).toBe(null)
          expect(set.json<Answer>(bare).value).toBe(answer.value)
          const [key, held] = [base64.decode(answer.key), base64.decode(answer.value)]
          const ops = (answer.proof?.ops ?? []).map((op) => ({
            type: op.type,
            key: base64.decode(op.key),
            data: base64.decode(op.data),
          }))
          expect(check(Multistore.fromOps([], { store: 'ibc', key }))).toBe('proof-ops')
          expect(check(Multistore.fromOps(ops, { store: 'ibc', key }))).toBe('proof-op-type')

          const { root, proof } = fromRangeProof(ops[0]?.data as Uint8Array, held)
          expect(hex(ops[1]?.data as Uint8Array)).toContain(hex(root))
          const { ExistenceProof, ProofSpec } = Ics23
          expect(ExistenceProof.verify(root, ProofSpec.iavl, key, held, proof).ok).toBe(true)
          expect(check(ExistenceProof.verify(flip(root, 7), ProofSpec.iavl, key, held, proof))).toBe(
            'ics23-root',
          )
          count(bare, 1)
          count(proved, 1)
        },
      )
    })

    describe('ics23', () => {
      interface Json {
        Proof?: { key?: string; value?: string; leaf?: JsonOp; path?: JsonOp[] }
        Spec?: {
          leaf_spec?: JsonOp
          inner_spec?: Record<string, unknown>
          max_depth?: number
          min_depth?: number
        }
      }
      type JsonOp = Record<string, unknown>
      const bytes = (it: unknown) => (typeof it === 'string' ? base64.decode(it) : new Uint8Array(0))
      const named = <T>(names: readonly T[], it: unknown) => names[Number(it ?? 0)] as T
      const leafOf = (op: JsonOp): Ics23.LeafOp.LeafOp => ({
        hash: named(Ics23.HashOp.NAMES, op['hash']),
        prehashKey: named(Ics23.HashOp.NAMES, op['prehash_key']),
        prehashValue: named(Ics23.HashOp.NAMES, op['prehash_value']),
        length: named(Ics23.LeafOp.LENGTHS, op['length']),
        prefix: bytes(op['prefix']),
      })
      const innerOf = (op: JsonOp): Ics23.InnerOp.InnerOp => ({
        hash: named(Ics23.HashOp.NAMES, op['hash']),
        prefix: bytes(op['prefix']),
        suffix: bytes(op['suffix']),
      })
      const proofOf = (json: Json['Proof'] = {}): Ics23.ExistenceProof.ExistenceProof => ({
        key: bytes(json.key),
        value: bytes(json.value),
        leaf: json.leaf === undefined ? undefined : leafOf(json.leaf),
        path: (json.path ?? []).map(innerOf),
      })
      const specOf = (json: Json['Spec'] = {}): Ics23.ProofSpec.ProofSpec => {
        const inner = json.inner_spec ?? {}
        const innerSpec = {
          childOrder: (inner['child_order'] ?? []) as number[],
          childSize: Number(inner['child_size'] ?? 0),
          minPrefixLength: Number(inner['min_prefix_length'] ?? 0),
          maxPrefixLength: Number(inner['max_prefix_length'] ?? 0),
          emptyChild: bytes(inner['empty_child']),
          hash: named(Ics23.HashOp.NAMES, inner['hash']),
        }
        return {
          leafSpec: leafOf(json.leaf_spec ?? {}),
          innerSpec,
          maxDepth: json.max_depth ?? 0,
          minDepth: json.min_depth ?? 0,
          prehashKeyBeforeComparison: false,
          nodes: innerSpec.childSize === 33 ? 'iavl' : 'any',
        }
      }
      /** The cases of a file, counted. */
      const cases = <T>(name: string, least: number): [string, T][] => {
        const list = Object.entries(set.json<Record<string, T>>(`ics23/${name}.json`))
        count(`ics23/${name}.json`, list.length)
        expect(list.length).toBeGreaterThanOrEqual(least)
        return list
      }

      test('TestDoHashData', () => {
        type Case = { HashOp: number; ExpectedHash: string }
        for (const [name, { HashOp, ExpectedHash }] of cases<Case>('TestDoHashData', 7))
          expect(
            hex(Ics23.HashOp.hash(named(Ics23.HashOp.NAMES, HashOp), utf8('food')) as Uint8Array),
            name,
          ).toBe(ExpectedHash)
      })

      test('TestLeafOpData', () => {
        type Case = { Op: JsonOp; Key: string; Value: string; IsErr: boolean; Expected: string }
        for (const [name, it] of cases<Case>('TestLeafOpData', 11)) {
          const hash = Ics23.LeafOp.apply(leafOf(it.Op), bytes(it.Key), bytes(it.Value))
          if (it.IsErr) expect(check(hash), name).toMatch(/^ics23-(key|value)-empty$/)
          else expect(value(hash), name).toEqual(bytes(it.Expected))
        }
      })

      test('TestInnerOpData', () => {
        type Case = { Op: JsonOp; Child: string; IsErr: boolean; Expected: string }
        for (const [name, it] of cases<Case>('TestInnerOpData', 4)) {
          const hash = Ics23.InnerOp.apply(innerOf(it.Op), bytes(it.Child))
          if (it.IsErr) expect(check(hash), name).toBe('ics23-child-empty')
          else expect(value(hash), name).toEqual(bytes(it.Expected))
        }
      })

      test('A30: TestCheckLeafData', () => {
        for (const [name, it] of cases<{ Leaf: JsonOp; Spec: JsonOp; IsErr: boolean }>(
          'TestCheckLeafData',
          10,
        ))
          expect(Ics23.LeafOp.check(leafOf(it.Leaf), leafOf(it.Spec)).ok, name).toBe(!it.IsErr)
      })

      test('A30: TestCheckAgainstSpecData', () => {
        for (const [name, it] of cases<Json & { Err: string }>('TestCheckAgainstSpecData', 11)) {
          const verdict = Ics23.ExistenceProof.check(proofOf(it.Proof), specOf(it.Spec))
          expect(verdict.ok, name).toBe(it.Err === '')
        }
      })

      test('A32: TestEmptyBranchData', () => {
        type Case = { Op: JsonOp; Spec: Json['Spec']; IsLeft: boolean; IsRight: boolean }
        for (const [name, it] of cases<Case>('TestEmptyBranchData', 8)) {
          const op = innerOf(it.Op)
          const { innerSpec } = specOf(it.Spec)
          const branch = Ics23.InnerOp.branchOf(op, innerSpec)
          // The children beside the path's are empty: those before it, or those behind it.
          expect(branch === 1 && Ics23.InnerOp.isLeftmost(op, innerSpec), name).toBe(it.IsLeft)
          expect(branch === 0 && Ics23.InnerOp.isRightmost(op, innerSpec), name).toBe(it.IsRight)
        }
      })

      test('TestExistenceProofData', () => {
        type Case = Json & { IsErr: boolean; Expected: string }
        for (const [name, it] of cases<Case>('TestExistenceProofData', 6)) {
          const root = Ics23.ExistenceProof.rootOf(proofOf(it.Proof))
          if (it.IsErr) expect(check(root), name).toBe('ics23-leaf-missing')
          else expect(value(root), name).toEqual(bytes(it.Expected))
        }
      })

      test.each(under('ics23').filter((name) => /_(left|right|middle)\.json$/.test(name)))('%s', (file) => {
        const { CommitmentProof, ProofSpec } = Ics23
        const json = set.json<{ key: string; proof: string; root: string; value: string }>(file)
        const spec = ProofSpec[file.split('/')[1] as 'iavl' | 'tendermint' | 'smt']
        const [key, raw, root] = [unhex(json.key), unhex(json.proof), unhex(json.root)]
        const proof = value(CommitmentProof.decode(raw))
        expect(hex(CommitmentProof.encode(proof))).toBe(json.proof)
        const held = json.value === '' ? null : unhex(json.value)
        expect(value(CommitmentProof.verify(root, spec, { key, value: held }, proof))).toEqual(held)
        // Under no other kind of tree, no other root, no other statement.
        for (const other of [ProofSpec.iavl, ProofSpec.tendermint, ProofSpec.smt])
          if (other !== spec)
            expect(CommitmentProof.verify(root, other, { key, value: held }, proof).ok).toBe(false)
        expect(CommitmentProof.verify(flip(root, 3), spec, { key, value: held }, proof).ok).toBe(false)
        const statement = { key, value: held === null ? utf8('value') : null }
        expect(check(CommitmentProof.verify(root, spec, statement, proof))).toBe('ics23-kind')
        expect(check(CommitmentProof.verify(root, spec, { key: flip(key, 0), value: held }, proof))).toBe(
          'ics23-key',
        )
        count(file, 1)

        // Every changed bit is refused: 400 of them, spread over the proof.
        const bits = raw.length * 8
        const step = Math.max(1, Math.floor(bits / 400))
        for (let bit = 0; bit < bits; bit += step) {
          const changed = CommitmentProof.decode(flip(raw, bit))
          const verdict = changed.ok
            ? CommitmentProof.verify(root, spec, { key, value: held }, changed.value)
            : changed
          expect(verdict.ok, `bit ${bit}`).toBe(false)
        }
      })

      test('statements and proofs swapped between the files', () => {
        const all = under('ics23').filter((name) => /_(left|right|middle)\.json$/.test(name))
        const read = (file: string) => {
          const json = set.json<{ key: string; proof: string; root: string; value: string }>(file)
          return {
            spec: Ics23.ProofSpec[file.split('/')[1] as 'iavl' | 'tendermint' | 'smt'],
            root: unhex(json.root),
            statement: { key: unhex(json.key), value: json.value === '' ? null : unhex(json.value) },
            proof: value(Ics23.CommitmentProof.decode(unhex(json.proof))),
          }
        }
        const them = all.map(read)
        for (const [i, a] of them.entries())
          for (const [j, b] of them.entries())
            expect(Ics23.CommitmentProof.verify(a.root, a.spec, a.statement, b.proof).ok).toBe(i === j)
      })

      test.each(under('ics23/fuzz-regressions'))('%s: no crash', (file) => {
        const text = set.text(file)
        const quoted = /\[\]byte\((".*")\)/s.exec(text)?.[1] as string
        const inner = JSON.parse(quoted) as string
        expect(Ics23.CommitmentProof.decode(utf8(inner)).ok).toBe(false)
        count(file, 1)
        // Go reads names of any case; what isn't JSON stops there.
        const lower = inner.replace(/"[a-zA-Z_]+":/g, (name) => name.toLowerCase())
        if (!/^\{("[a-z_]+":|[\]{}[,]|\d+|"[A-Za-z0-9=]*")*\}$/.test(lower)) return
        const json = JSON.parse(lower) as { proof?: Json['Proof']; spec?: Json['Spec'] }
        const [proof, spec] = [proofOf(json.proof), specOf(json.spec)]
        expect(typeof Ics23.ExistenceProof.check(proof, spec).ok).toBe('boolean')
        expect(typeof Ics23.ExistenceProof.rootOf(proof).ok).toBe('boolean')
        const { verify } = Ics23.ExistenceProof
        const root = new Uint8Array(32).fill(1)
        expect(check(verify(root, spec, proof.key, proof.value, proof))).toBe('ics23-spec')
        for (const known of [Ics23.ProofSpec.iavl, Ics23.ProofSpec.tendermint, Ics23.ProofSpec.smt])
          expect(verify(root, known, proof.key, proof.value, proof).ok).toBe(false)
      })
    })

    test('A59: crypto/ed25519: the rule is ZIP-215', () => {
      const crypto = topic('crypto')
      if (crypto === undefined) return
      type Zip215 = { vk_bytes: string; sig_bytes: string; valid_zip215: boolean }
      const cases = crypto.json<Zip215[]>('ed25519/zip215.json')
      const answers = Signatures.noble(
        cases.map(({ vk_bytes, sig_bytes }) => ({
          publicKey: unhex(vk_bytes),
          signature: unhex(sig_bytes),
          message: utf8('Zcash'),
        })),
      )
      expect(answers).toEqual(cases.map(({ valid_zip215 }) => valid_zip215))
      expect(cases.length).toBe(196)
      type Case = { message: string; pub_key: string; signature: string }
      const edges = crypto.json<Case[]>('ed25519/speccheck-cases.json')
      const accepted = Signatures.noble(
        edges.map(({ message, pub_key, signature }) => ({
          publicKey: unhex(pub_key),
          signature: unhex(signature),
          message: unhex(message),
        })),
      )
      // Numbers 6 to 8: S is L or more. The others differ between rules.
      expect(accepted.map((it, i) => (it ? i : -1)).filter((i) => i >= 0)).toEqual([
        0, 1, 2, 3, 4, 5, 9, 10, 11,
      ])
    })

    test('every file is run, or listed with its reason', () => {
      for (const file of Object.keys(UNUSED)) expect(files, file).toContain(file)
      const left = files.filter(
        (file) => file !== 'README.md' && !ran.has(file) && UNUSED[file] === undefined,
      )
      expect(left).toEqual([])
      expect(Object.keys(UNUSED).length).toBeLessThan(files.length / 10)
    })
  },
)

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
