import { TrieProof as EthereumTrie, Rlp } from '@aitbc/proofs/ethereum'
import {
  AuthorityChange,
  AuthoritySet,
  BeefyCommitment,
  BeefyLeaf,
  BinaryMerkleTree,
  Hasher,
  Header,
  Justification,
  MountainRange,
  Scale,
  TrieProof,
} from '@aitbc/proofs/substrate'
import { base58 } from '@scure/base'
import { afterAll, describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'
import { type Abi, decode } from './abi.js'
import { trieOf } from './trie.js'

const found = topic('polkadot')
const set = found as NonNullable<typeof found>
const utf8 = (text: string) => new TextEncoder().encode(text)
const big = BigInt

/** Files of the topic that no test reads, each with its reason. */
const UNREAD: Readonly<Record<string, string>> = {
  'README.md': 'where the files are from',
  'polkadot-js-json/StorageChangeSet.001.json':
    "a node's notice of a changed value: nothing in it can be verified",
}

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published Polkadot data',
  () => {
    const counts = new Map<string, number>()
    const ran = (name: string, cases = 1) => void counts.set(name, (counts.get(name) ?? 0) + cases)

    describe('grandpa', () => {
      test('A40: grandpa/smoldot-justification-1.json: real votes, for their set and round alone', () => {
        const name = 'grandpa/smoldot-justification-1.json'
        const { scale_hex, set_id, round, block_number } = set.json<{
          scale_hex: string
          set_id: number
          round: number
          block_number: number
        }>(name)
        const bytes = unhex(scale_hex)
        const justification = value(Justification.decode(bytes))
        expect(hex(Justification.encode(justification))).toBe(scale_hex)
        expect(justification.round).toBe(big(round))
        const voters = justification.precommits.map(({ authority }) => ({ publicKey: authority, weight: 1n }))
        // Seven equal voters need five, and five there are.
        const others = [1, 2].map((seed) => ({ publicKey: new Uint8Array(32).fill(seed), weight: 1n }))
        const authorities = [...voters, ...others]
        const id = big(set_id)
        expect(value(Justification.verify(justification, { id, authorities })).number).toBe(big(block_number))
        expect(check(Justification.verify(justification, { id: id + 1n, authorities }))).toBe(
          'vote-signature',
        )
        expect(check(Justification.verify({ ...justification, round: 1n }, { id, authorities }))).toBe(
          'vote-signature',
        )
        const more = [...authorities, { publicKey: new Uint8Array(32).fill(3), weight: 1n }]
        expect(check(Justification.verify(justification, { id, authorities: more }))).toBe('weight')
        for (let bit = 0; bit < bytes.length * 8; bit += 97) {
          const changed = Justification.decode(flip(bytes, bit))
          if (changed.ok)
            expect(Justification.verify(changed.value, { id, authorities }).ok, `bit ${bit}`).toBe(false)
        }
        ran(name)
      })

      // What Avail appends to its headers: an empty commitment, in the third version of its form.
      const extension: Scale.Type<unknown> = Scale.variant({
        v3: [
          2,
          Scale.struct({
            size: Scale.compact,
            index: Scale.bytes,
            rows: Scale.compact,
            cols: Scale.compact,
            commitment: Scale.bytes,
            dataRoot: Scale.fixed(32),
          }),
        ],
      })
      const format: Header.Format = { ...Header.POLKADOT, extension }
      const publicKey = (address: string) => base58.decode(address).slice(1, 33)
      interface Avail {
        validator_set: { set_id: number; validator_set: string[] }
        justification: {
          round: number
          commit: {
            target_hash: string
            target_number: number
            precommits: {
              precommit: { target_hash: string; target_number: number }
              signature: string
              id: string
            }[]
          }
          votes_ancestries: {
            parentHash: string
            number: string
            stateRoot: string
            extrinsicsRoot: string
          }[]
        }
      }
      const read = (name: string) => {
        const { validator_set, justification: j } = set.json<Avail>(name)
        const empty = new Uint8Array(0)
        const blank = {
          size: 0n,
          index: empty,
          rows: 0n,
          cols: 0n,
          commitment: empty,
          dataRoot: new Uint8Array(32),
        }
        const justification: Justification.Justification = {
          round: big(j.round),
          targetHash: unhex(j.commit.target_hash),
          targetNumber: big(j.commit.target_number),
          precommits: j.commit.precommits.map(({ precommit, signature, id }) => ({
            targetHash: unhex(precommit.target_hash),
            targetNumber: big(precommit.target_number),
            signature: unhex(signature),
            authority: publicKey(id),
          })),
          ancestries: j.votes_ancestries.map(({ parentHash, number, stateRoot, extrinsicsRoot }) => ({
            parentHash: unhex(parentHash),
            number: big(number),
            stateRoot: unhex(stateRoot),
            extrinsicsRoot: unhex(extrinsicsRoot),
            digest: [],
            extension: { kind: 'v3', value: blank },
          })),
        }
        const authorities = validator_set.validator_set.map((it) => ({
          publicKey: publicKey(it),
          weight: 1n,
        }))
        ran(name)
        const encoded = Justification.encode(justification, format)
        expect(value(Justification.decode(encoded, format))).toEqual(justification)
        return { justification, voters: { id: big(validator_set.set_id), authorities } }
      }

      test('A40: grandpa/avail-ancestry.json: three of four, for blocks above the target', () => {
        const { justification, voters } = read('grandpa/avail-ancestry.json')
        expect(value(Justification.verify(justification, voters, { format })).number).toBe(1n)
        expect(check(Justification.verify(justification, voters))).toBe('ancestry-missing')
      })

      test('A40: grandpa/avail-ancestry_missing_link_works.json: a vote without its way does not count, the others do', () => {
        const { justification, voters } = read('grandpa/avail-ancestry_missing_link_works.json')
        expect(check(Justification.verify(justification, voters, { format }))).toBe('ancestry-missing')
        expect(Justification.verify(justification, voters, { format, unrouted: 'ignore' }).ok).toBe(true)
      })

      test('A40: grandpa/avail-ancestry_missing_link_no_majority.json: and too few are left', () => {
        const { justification, voters } = read('grandpa/avail-ancestry_missing_link_no_majority.json')
        expect(check(Justification.verify(justification, voters, { format }))).toBe('ancestry-missing')
        expect(check(Justification.verify(justification, voters, { format, unrouted: 'ignore' }))).toBe(
          'weight',
        )
      })
    })

    test.each([
      ['headers/header-kusama-7472481.scale', 7_472_481n],
      ['headers/header-polkadot-512271.scale', 512_271n],
    ])('A41, A47: %s: comes back byte by byte, and says who votes next', (name, number) => {
      const bytes = set.bytes(name)
      const header = value(Header.decode(bytes))
      expect(header.number).toBe(number)
      expect(hex(Header.encode(header))).toBe(hex(bytes))
      expect(hex(header.hash)).toBe(hex(Hasher.blake2b256(bytes)))
      const change = value(AuthorityChange.of(header))
      if (number === 512_271n) expect(change).toMatchObject({ kind: 'scheduled', delay: 0n })
      for (let end = 0; end < bytes.length; end += 997)
        expect(Header.decode(bytes.subarray(0, end)).ok).toBe(false)
      ran(name)
    })

    describe('polkadot-js-json', () => {
      interface Json {
        parentHash: string
        number: string
        stateRoot: string
        extrinsicsRoot: string
        digest: { logs: string[] }
      }
      const headerOf = (json: Json): Header.Hashed => {
        const logs = json.digest.logs.map(unhex)
        return value(
          Header.decode(
            concat(
              unhex(json.parentHash),
              Scale.encode(Scale.compact, big(json.number)),
              unhex(json.stateRoot),
              unhex(json.extrinsicsRoot),
              Scale.encode(Scale.compact, big(logs.length)),
              ...logs,
            ),
          ),
        )
      }
      type Signed = { result: { block: { header: Json; extrinsics: string[] } } }

      test.each(['001', '003', '004'])('polkadot-js-json/Header.%s.json', (id) => {
        const name = `polkadot-js-json/Header.${id}.json`
        const { result } = set.json<{ result: Json }>(name)
        const header = headerOf(result)
        expect(header.digest.length).toBe(result.digest.logs.length)
        expect(Header.hash(header)).toEqual(header.hash)
        // Digest items of that time and of today are of known kinds.
        expect(header.digest.some(({ kind }) => kind === 'unknown')).toBe(false)
        ran(name)
      })

      test.each(['003.00', '003.01', '004.immortal', '004.mortal', '005'])(
        'polkadot-js-json/SignedBlock.%s.json: the header',
        (id) => {
          const name = `polkadot-js-json/SignedBlock.${id}.json`
          const { header: json } = set.json<Signed>(name).result.block
          const header = headerOf(json)
          expect(header.number).toBe(big(json.number))
          expect(header.digest.map(({ kind }) => kind)).toEqual(['pre-runtime', 'seal'])
          expect(Header.hash(header)).toEqual(header.hash)
          ran(name)
        },
      )

      // Digest items of 2018, which no chain writes any more: their tags are unknown to the decoder.
      test('A47: polkadot-js-json/Header.002.json: an item of unknown kind is kept', () => {
        const name = 'polkadot-js-json/Header.002.json'
        const { result } = set.json<{
          result: Omit<Json, 'digest'> & { digest: { logs: { Seal: [number, string] }[] } }
        }>(name)
        const logs = result.digest.logs.map(
          ({ Seal }) => `03${hex(Scale.encode(Scale.u64, big(Seal[0])))}${Seal[1].slice(2)}`,
        )
        const header = headerOf({ ...result, digest: { logs } })
        expect(header.digest).toEqual([{ kind: 'unknown', count: 1, data: unhex(logs[0] as string) }])
        expect(Header.hash(header)).toEqual(header.hash)
        expect(check(AuthorityChange.of(header))).toBe('change-unknown')
        ran(name)
      })

      test('A47: polkadot-js-json/SignedBlock.002.json: and so is this one', () => {
        const name = 'polkadot-js-json/SignedBlock.002.json'
        const { block } = set.json<{
          result: {
            block: { header: Omit<Json, 'digest'> & { digest: { logs: { AuthoritiesChange: string[] }[] } } }
          }
        }>(name).result
        const logs = block.header.digest.logs.map(
          ({ AuthoritiesChange: list }) =>
            `01${hex(Scale.encode(Scale.list(Scale.fixed(32)), list.map(unhex)))}`,
        )
        const header = headerOf({ ...block.header, digest: { logs } })
        expect(header.digest).toEqual([{ kind: 'unknown', count: 1, data: unhex(logs[0] as string) }])
        expect(Header.hash(header)).toEqual(header.hash)
        ran(name)
      })

      test('polkadot-js-json/SignedBlock.003.*.json follow each other', () => {
        const [first, second] = ['003.00', '003.01'].map((id) =>
          headerOf(set.json<Signed>(`polkadot-js-json/SignedBlock.${id}.json`).result.block.header),
        ) as [Header.Hashed, Header.Hashed]
        expect(second.number).toBe(first.number + 1n)
        expect(hex(second.parentHash)).toBe(hex(first.hash))
      })

      test('polkadot-js-json/GrandpaRoundstate.001.json: the threshold that a node states', () => {
        const name = 'polkadot-js-json/GrandpaRoundstate.001.json'
        const { best } = set.json<{ result: { best: { totalWeight: number; thresholdWeight: number } } }>(
          name,
        ).result
        const authorities = Array.from({ length: best.totalWeight }, () => ({
          publicKey: new Uint8Array(32),
          weight: 1n,
        }))
        expect(AuthoritySet.threshold({ id: 0n, authorities })).toBe(big(best.thresholdWeight))
        ran(name)
      })

      test.each(['001', '002', '003'])('polkadot-js-json/EventRecord.%s.json: the key of events', (id) => {
        const name = `polkadot-js-json/EventRecord.${id}.json`
        const { changes } = set.json<{ params: { result: { changes: [string, string][] } } }>(name).params
          .result
        expect(changes[0]?.[0]).toBe(`0x${hex(Hasher.twox(128, utf8('System Events')))}`)
        ran(name)
      })
    })

    describe('trie', () => {
      test('A42: trie/polytope-proofs.json', () => {
        const name = 'trie/polytope-proofs.json'
        const cases =
          set.json<
            {
              trie: string
              key: string
              proof: string[]
              root: string
              value_u64?: number
              compact_u64_at_4?: number
            }[]
          >(name)
        for (const it of cases) {
          const [root, key, proof] = [unhex(it.root), unhex(it.key), it.proof.map(unhex)]
          if (it.trie === 'ethereum') {
            expect(Rlp.decode(value(EthereumTrie.verify(root, key, proof)) as Uint8Array).ok).toBe(true)
            ran(name)
            continue
          }
          const options = { hasher: Hasher.keccak256 }
          const [bytes] = value(TrieProof.verify(root, [key], proof, options)) as [Uint8Array]
          const read =
            it.value_u64 === undefined
              ? Scale.decode(Scale.compact, bytes.subarray(4))
              : Scale.decode(Scale.u64, bytes)
          expect(value(read)).toBe(big(it.value_u64 ?? it.compact_u64_at_4 ?? 0))
          expect(check(TrieProof.verify(root, [key], proof))).toBe('trie-root')
          for (const [i, node] of proof.entries())
            for (let bit = 0; bit < node.length * 8; bit += 7) {
              const changed = proof.map((other, j) => (i === j ? flip(other, bit) : other))
              expect(TrieProof.verify(root, [key], changed, options).ok).toBe(false)
            }
          ran(name)
        }
      })

      const names = (found?.files() ?? []).filter((it) => it.startsWith('trie/w3f-'))
      test.each(names)('%s: keys there and absent, in both state versions', (name) => {
        const lines = set
          .text(name)
          .split('\n')
          .map((line) => line.trim())
        const list = (from: string, to?: string) =>
          lines
            .slice(lines.indexOf(from) + 1, to === undefined ? lines.length : lines.indexOf(to))
            .filter((line) => line.startsWith('-'))
            .map((line) => line.slice(1).trim())
        const bytesOf = (text: string) => (name.includes('hex_') ? unhex(text) : utf8(text))
        const [keys, values] = [list('keys:', 'values:').map(bytesOf), list('values:').map(utf8)]
        expect(keys.length).toBe(values.length)
        const held = new Map(keys.map((key, i) => [hex(key), values[i] as Uint8Array]))
        const step = Math.ceil(keys.length / 100)
        for (const version of [0, 1] as const) {
          const trie = trieOf(
            keys.map((key, i) => [key, values[i] as Uint8Array]),
            version,
          )
          for (let i = 0; i < keys.length; i += step)
            for (const key of [keys[i] as Uint8Array, concat(keys[i] as Uint8Array, Uint8Array.of(0x30))]) {
              const answer = value(TrieProof.verify(trie.root, [key], trie.prove(key), { version }))
              expect(answer).toEqual([held.get(hex(key)) ?? null])
            }
        }
        ran(name)
      })
    })

    describe('beefy-mmr', () => {
      test('A43: beefy-mmr/polytope-mmr.json: the proof, the exploit and its neighbours', () => {
        const name = 'beefy-mmr/polytope-mmr.json'
        interface Case {
          name?: string
          leafCount: number
          proof: string[]
          leaves: { index: number | string; hash: string }[]
          root?: string
        }
        const { valid, must_reject } = set.json<{ valid: Case[]; must_reject: Case[] }>(name)
        const proofOf = (it: Case): MountainRange.Proof => ({
          leafCount: big(it.leafCount),
          leaves: it.leaves.map(({ index, hash }) => ({ index: big(index), hash: unhex(hash) })),
          items: it.proof.map(unhex),
        })
        for (const it of valid) {
          const root = unhex(it.root as string)
          expect(value(MountainRange.verify(root, proofOf(it)))).toBe(true)
          for (const other of must_reject)
            expect(check(MountainRange.verify(root, proofOf(other)))).toBe('mmr-leaf-index')
          ran(name)
        }
        for (const it of must_reject) {
          // The exploit's proof is the root itself.
          const root = unhex(it.leafCount === 1 ? (it.proof[0] as string) : (valid[0]?.root as string))
          expect(check(MountainRange.verify(root, proofOf(it))), it.name).toBe('mmr-leaf-index')
          ran(name)
        }
      })

      test('A45: beefy-mmr/snowbridge-mmr-fixture-data-15-leaves.json: every leaf at its place, and at no other', () => {
        const name = 'beefy-mmr/snowbridge-mmr-fixture-data-15-leaves.json'
        const { leaves, rootHash, proofs } = set.json<{
          leaves: string[]
          rootHash: string
          proofs: { items: string[]; order: number }[]
        }>(name)
        const root = unhex(rootHash)
        for (const [i, { items, order }] of proofs.entries()) {
          const hash = unhex(leaves[i] as string)
          for (let index = 0; index < 15; index++) {
            const proof = MountainRange.fromPath(
              15n,
              { index: big(index), hash },
              items.map(unhex),
              big(order),
            )
            expect(proof.ok && MountainRange.verify(root, proof.value).ok, `${i} at ${index}`).toBe(
              i === index,
            )
          }
          ran(name)
        }
      })

      test('A45: beefy-mmr/snowbridge-merkle-fixture.json.gz', () => {
        const name = 'beefy-mmr/snowbridge-merkle-fixture.json.gz'
        interface Case {
          ReferenceMMRRoot: number[]
          LeafHash: number[]
          LeafIndex: number
          LeafCount: number
          MMRProof: number[][]
          SimplifiedMerkleProofItems: number[][] | null
          SimplifiedMerkleProofOrder: number
        }
        const hashOf = (it: number[] | string) => (typeof it === 'string' ? unhex(it) : Uint8Array.from(it))
        for (const it of set.json<Case[]>(name)) {
          const [leafCount, index] = [big(it.LeafCount), big(it.LeafIndex)]
          const root = hashOf(it.ReferenceMMRRoot)
          const leaf = { index, hash: hashOf(it.LeafHash) }
          const proof = { leafCount, leaves: [leaf], items: it.MMRProof.map(hashOf) }
          expect(value(MountainRange.verify(root, proof)), `${index} of ${leafCount}`).toBe(true)
          const path = (it.SimplifiedMerkleProofItems ?? []).map(hashOf)
          expect(
            value(MountainRange.fromPath(leafCount, leaf, path, big(it.SimplifiedMerkleProofOrder))),
          ).toEqual(proof)
          ran(name)
        }
      })

      interface Signer {
        readonly index: bigint
        readonly account: Uint8Array
        readonly proof: readonly Uint8Array[]
        readonly signature: Uint8Array
      }
      const signature = (v: number, r: Uint8Array, s: Uint8Array) => concat(r, s, Uint8Array.of(v - 27))
      /** Each signer signed, and all stand in one tree of `count` validators: its root. */
      const rootOf = (digest: Uint8Array | undefined, signers: readonly Signer[], count: bigint): string => {
        const roots = new Set(
          signers.map(({ index, account, proof, signature }) => {
            if (digest !== undefined)
              expect(hex(value(BeefyCommitment.recover(digest, signature)))).toBe(hex(account))
            return hex(value(BinaryMerkleTree.rootOf(BeefyCommitment.leafOf(account), index, count, proof)))
          }),
        )
        expect(roots.size).toBe(1)
        return [...roots][0] as string
      }
      const MH = utf8('mh')

      test('A46: beefy-mmr/snowbridge-beefy-commitment.json: a commitment of Rococo, its signers and its leaf', () => {
        const name = 'beefy-mmr/snowbridge-beefy-commitment.json'
        const { commitmentHash, params } = set.json<{
          commitmentHash: string
          params: {
            commitment: { blockNumber: number; validatorSetID: number; payload: { data: string }[] }
            leaf: Record<string, string | number>
            leafProof: string[]
            leafProofOrder: number
            proofs: { V: number; R: string; S: string; Index: number; Account: string; Proof: string[] }[]
          }
        }>(name)
        const commitment: BeefyCommitment.Commitment = {
          payload: params.commitment.payload.map(({ data }) => ({ id: MH, data: unhex(data) })),
          blockNumber: params.commitment.blockNumber,
          validatorSetId: big(params.commitment.validatorSetID),
        }
        const digest = BeefyCommitment.hash(commitment)
        expect(hex(digest)).toBe(commitmentHash.slice(2))
        const signers = params.proofs.map((it) => ({
          index: big(it.Index),
          account: unhex(it.Account),
          proof: it.Proof.map(unhex),
          signature: signature(it.V, unhex(it.R), unhex(it.S)),
        }))
        rootOf(digest, signers, 111n)
        const leaf = leafOf([
          params.leaf['version'],
          params.leaf['parentNumber'],
          params.leaf['parentHash'],
          params.leaf['nextAuthoritySetID'],
          params.leaf['nextAuthoritySetLen'],
          params.leaf['nextAuthoritySetRoot'],
          params.leaf['parachainHeadsRoot'],
        ] as never)
        expectLast(
          value(BeefyCommitment.mmrRoot(commitment)),
          leaf,
          params.leafProof.map(unhex),
          big(params.leafProofOrder),
        )
        ran(name)
      })

      const leafOf = ([version, number, hash, id, length, root, heads]: readonly (
        | bigint
        | number
        | string
        | Uint8Array
      )[]): BeefyLeaf.BeefyLeaf => {
        const bytes = (it: unknown) => (typeof it === 'string' ? unhex(it) : (it as Uint8Array))
        return {
          version: Number(version),
          parentNumber: Number(number),
          parentHash: bytes(hash),
          nextSet: { id: big(id as bigint), length: Number(length), root: bytes(root) },
          parachainHeads: bytes(heads),
        }
      }
      /**
       * The path is of a leaf of some range: files don't say how large, and a range's shape to the left follows from the path alone.
       * The smallest range with such a leaf is taken.
       */
      const expectLast = (
        root: Uint8Array,
        leaf: BeefyLeaf.BeefyLeaf,
        path: readonly Uint8Array[],
        order: bigint,
      ) => {
        const hash = BeefyLeaf.hash(leaf)
        const fits: bigint[] = []
        for (let leafCount = 1n; leafCount < 1n << 17n && fits.length === 0; leafCount += 1n) {
          const index = leafCount - 1n
          const proof = MountainRange.fromPath(leafCount, { index, hash }, path, order)
          if (proof.ok && MountainRange.verify(root, proof.value).ok) fits.push(leafCount)
        }
        expect(fits.length).toBe(1)
      }

      const digits = (it: Record<string, number>) => Uint8Array.from(Object.values(it))
      interface Sampled {
        finalValidatorsProof: {
          v: number
          r: Record<string, number>
          s: Record<string, number>
          index: number
          account: string
          proof: string[]
        }[]
      }
      test.each([
        ['beefy-mmr/snowbridge-beefy-final-proof.json', 'beefy-mmr/snowbridge-beefy-final-bitfield.json'],
        [
          'beefy-mmr/snowbridge-beefy-fiat-shamir-proof.json.gz',
          'beefy-mmr/snowbridge-beefy-fiat-shamir-bitfield.json',
        ],
      ])('A44, A46: %s: signers of a set of 600, each at its own index', (name, bits) => {
        const { validatorSetSize, participants, validatorRoot } = set.json<{
          validatorSetSize: number
          participants: number[]
          validatorRoot: string
        }>('beefy-mmr/snowbridge-beefy-validator-set.json')
        const { commitmentHash } = set.json<{ commitmentHash: string }>(
          'beefy-mmr/snowbridge-beefy-commitment.json',
        )
        const signers = set.json<Sampled>(name).finalValidatorsProof.map((it) => ({
          index: big(it.index),
          account: unhex(it.account),
          proof: it.proof.map(unhex),
          signature: signature(it.v, digits(it.r), digits(it.s)),
        }))
        const count = big(validatorSetSize)
        expect(rootOf(unhex(commitmentHash), signers, count)).toBe(validatorRoot.slice(2))
        expect(BeefyCommitment.threshold(validatorSetSize)).toBe(participants.length)
        const words = set.json<{ final: { finalBitField: string[] } }>(bits).final.finalBitField.map(big)
        const places = words.flatMap((word, w) =>
          Array.from({ length: 256 }, (_, i) => i)
            .filter((i) => ((word >> big(i)) & 1n) === 1n)
            .map((i) => 256 * w + i),
        )
        expect(places).toEqual(signers.map(({ index }) => Number(index)).sort((a, b) => a - b))
        expect(places.every((it) => participants.includes(it))).toBe(true)
        const [first] = signers as unknown as [Signer]
        for (let other = 0; other < 600; other += 7) {
          const led = BinaryMerkleTree.verify(
            unhex(validatorRoot),
            BeefyCommitment.leafOf(first.account),
            big(other),
            count,
            first.proof,
          )
          expect(led.ok).toBe(other === Number(first.index))
        }
        ran(name)
        ran(bits)
        if (name.endsWith('.json')) ran('beefy-mmr/snowbridge-beefy-validator-set.json')
      })

      const COMMITMENT: Abi = ['uint', 'uint', { list: ['bytes2', 'bytes'] }]
      const SIGNER: Abi = ['uint', 'bytes32', 'bytes32', 'uint', 'address', { list: 'bytes32' }]
      const LEAF: Abi = ['uint', 'uint', 'bytes32', 'uint', 'uint', 'bytes32', 'bytes32']
      const call = (name: string) => unhex(set.text(name).trim()).subarray(4)
      const commitmentOf = ([blockNumber, validatorSetId, payload]: [
        bigint,
        bigint,
        [Uint8Array, Uint8Array][],
      ]) => ({
        payload: payload.map(([id, data]) => ({ id, data })),
        blockNumber: Number(blockNumber),
        validatorSetId,
      })
      const signerOf = ([v, r, s, index, account, proof]: [
        bigint,
        Uint8Array,
        Uint8Array,
        bigint,
        Uint8Array,
        Uint8Array[],
      ]): Signer => ({
        index,
        account,
        proof,
        signature: signature(Number(v), r, s),
      })

      test.each(['', '_5'])(
        'A44, A46: beefy-mmr/snowbridge-prod_submitInitial%s.hex and …submitFinal: commitments of Polkadot',
        (suffix) => {
          const [initial, final] = ['Initial', 'Final'].map(
            (it) => `beefy-mmr/snowbridge-prod_submit${it}${suffix}.hex`,
          ) as [string, string]
          const [first, bits, one] = decode([COMMITMENT, { list: 'uint' }, SIGNER], call(initial))
          const [same, sameBits, many, leaf, path, order] = decode(
            [COMMITMENT, { list: 'uint' }, { list: SIGNER }, LEAF, { list: 'bytes32' }, 'uint'],
            call(final),
          )
          const commitment = commitmentOf(first)
          expect(commitmentOf(same)).toEqual(commitment)
          expect(sameBits).toEqual(bits)
          const digest = BeefyCommitment.hash(commitment)
          const signers: Signer[] = many.map(signerOf)
          expect(rootOf(digest, [signerOf(one)], 600n)).toBe(rootOf(digest, signers, 600n))
          for (const { index } of signers)
            expect(((bits[Number(index / 256n)] as bigint) >> (index % 256n)) & 1n).toBe(1n)
          const claimed = (bits as bigint[]).reduce(
            (sum, word) => sum + word.toString(2).replaceAll('0', '').length,
            0,
          )
          expect(claimed).toBeGreaterThanOrEqual(BeefyCommitment.threshold(600))
          expectLast(value(BeefyCommitment.mmrRoot(commitment)), leafOf(leaf), path, order)
          ran(initial)
          ran(final)
        },
      )

      describe('messages of Bridge Hub, accepted by the gateway on Ethereum', () => {
        const HUB = 1002
        interface Sent {
          readonly commitment: Uint8Array
          readonly version: number
          readonly header: Header.Header
          readonly head: { pos: bigint; width: bigint; proof: readonly Uint8Array[] }
        }
        const KINDS: Readonly<Record<string, Header.DigestItem['kind']>> = {
          4: 'consensus',
          5: 'seal',
          6: 'pre-runtime',
        }
        const itemOf = (kind: bigint, engine: Uint8Array, data: Uint8Array): Header.DigestItem =>
          kind === 0n
            ? { kind: 'other', data }
            : ({ kind: KINDS[String(kind)], engine, data } as Header.DigestItem)
        const uint = (it: bigint | number | string) => unhex(big(it).toString(16).padStart(64, '0'))
        const tail = (it: Uint8Array) =>
          concat(uint(it.length), it, new Uint8Array((32 - (it.length % 32)) % 32))

        /** The header's digest holds the message's commitment; the head stands in the tree of heads at its place alone. */
        const expectSent = ({ commitment, version, header, head }: Sent) => {
          const raw = Header.encode(header)
          const decoded = value(Header.decode(raw))
          expect(decoded.digest).toEqual(header.digest)
          const held = decoded.digest.find((item) => item.kind === 'other')
          expect(held).toEqual({ kind: 'other', data: concat(Uint8Array.of(version), commitment) })
          const leaf = BeefyLeaf.headHash(HUB, raw)
          const { pos, width, proof } = head
          const root = value(BinaryMerkleTree.rootOf(leaf, pos, width, proof))
          for (let other = 0n; other < width; other += 1n)
            expect(BinaryMerkleTree.verify(root, leaf, other, width, proof).ok).toBe(other === pos)
          expect(check(BinaryMerkleTree.verify(root, BeefyLeaf.headHash(1000, raw), pos, width, proof))).toBe(
            'merkle-root',
          )
        }

        interface File {
          input: {
            message: Record<string, string | number> & {
              commands: { kind: number; gas: number; payload: string }[]
            }
            headerProof: {
              header: Record<string, string> & {
                digestItems: { kind: number; consensusEngineID: string; data: string }[]
              }
              headProof: { pos: number; width: number; proof: string[] }
            }
          }
        }
        const sentOf = (name: string, commitment: Uint8Array, version: number): Sent => {
          const { header, headProof } = set.json<File>(name).input.headerProof
          const field = (it: string) => unhex(header[it] as string)
          return {
            commitment,
            version,
            header: {
              parentHash: field('parentHash'),
              number: big(header['number'] as string),
              stateRoot: field('stateRoot'),
              extrinsicsRoot: field('extrinsicsRoot'),
              digest: header.digestItems.map((it) =>
                itemOf(big(it.kind), unhex(it.consensusEngineID), unhex(it.data)),
              ),
            },
            head: { pos: big(headProof.pos), width: big(headProof.width), proof: headProof.proof.map(unhex) },
          }
        }

        test.each(['mint-dot-202603', 'unlock-ether-202603', 'unlock-weth'])(
          'beefy-mmr/snowbridge-mainnet-gateway-submitv1-%s.json',
          (id) => {
            const name = `beefy-mmr/snowbridge-mainnet-gateway-submitv1-${id}.json`
            const { message: m } = set.json<File>(name).input
            const bytes = (it: string) => unhex(m[it] as string)
            const number = (it: string) => uint(m[it] as string)
            const encoded = concat(
              ...[
                uint(32),
                bytes('channelID'),
                number('nonce'),
                number('command'),
                uint(256),
                number('maxDispatchGas'),
              ],
              ...[number('maxFeePerGas'), number('reward'), bytes('id'), tail(bytes('params'))],
            )
            expectSent(sentOf(name, Hasher.keccak256(encoded), 0))
            ran(name)
          },
        )

        test('beefy-mmr/snowbridge-mainnet-gateway-submitv2-unlock-ether.json', () => {
          const name = 'beefy-mmr/snowbridge-mainnet-gateway-submitv2-unlock-ether.json'
          const { message: m } = set.json<File>(name).input
          const [command] = m.commands as [File['input']['message']['commands'][0]]
          const encoded = concat(
            ...[
              uint(32),
              unhex(m['origin'] as string),
              uint(m['nonce'] as number),
              unhex(m['topic'] as string),
              uint(128),
            ],
            ...[
              uint(1),
              uint(32),
              uint(command.kind),
              uint(command.gas),
              uint(96),
              tail(unhex(command.payload)),
            ],
          )
          expectSent(sentOf(name, Hasher.keccak256(encoded), 1))
          ran(name)
        })

        test('beefy-mmr/snowbridge-gateway-submitv1-call.hex', () => {
          const name = 'beefy-mmr/snowbridge-gateway-submitv1-call.hex'
          const MESSAGE: Abi = ['bytes32', 'uint', 'uint', 'bytes', 'uint', 'uint', 'uint', 'bytes32']
          const HEADER: Abi = ['bytes32', 'uint', 'bytes32', 'bytes32', { list: ['uint', 'bytes4', 'bytes'] }]
          const PARTIAL: Abi = ['uint', 'uint', 'bytes32', 'uint', 'uint', 'bytes32']
          const HEAD: Abi = ['uint', 'uint', { list: 'bytes32' }]
          const PROOF: Abi = [HEADER, HEAD, PARTIAL, { list: 'bytes32' }, 'uint']
          const [m, path, [h, [pos, width, proof]]] = decode(
            [MESSAGE, { list: 'bytes32' }, PROOF],
            call(name),
          )
          const [channel, nonce, command, params, gas, fee, reward, id] = m
          const encoded = concat(
            ...[
              uint(32),
              channel,
              uint(nonce),
              uint(command),
              uint(256),
              uint(gas),
              uint(fee),
              uint(reward),
              id,
              tail(params),
            ],
          )
          // Pairs are sorted in the tree of a block's messages.
          const commitment = (path as Uint8Array[]).reduce(
            (hash, item) => Hasher.keccak256(hex(hash) < hex(item) ? concat(hash, item) : concat(item, hash)),
            Hasher.keccak256(encoded),
          )
          const [parentHash, number, stateRoot, extrinsicsRoot, digest] = h
          const items = (digest as [bigint, Uint8Array, Uint8Array][]).map((it) => itemOf(...it))
          const header = { parentHash, number, stateRoot, extrinsicsRoot, digest: items }
          expectSent({ commitment, version: 0, header, head: { pos, width, proof } })
          ran(name)
        })
      })

      test('beefy-mmr/darwinia-beefy-data.json: a payload of its own making is no commitment with a root', () => {
        const name = 'beefy-mmr/darwinia-beefy-data.json'
        const { commitment } = set.json<{
          commitment: { payload: { mmr: string }; blockNumber: number; validatorSetId: number }
        }>(name)
        const today: BeefyCommitment.Commitment = {
          payload: [{ id: MH, data: unhex(commitment.payload.mmr) }],
          blockNumber: commitment.blockNumber,
          validatorSetId: big(commitment.validatorSetId),
        }
        expect(hex(value(BeefyCommitment.mmrRoot(today)))).toBe(commitment.payload.mmr.slice(2))
        expect(value(Scale.decode(BeefyCommitment.type, Scale.encode(BeefyCommitment.type, today)))).toEqual(
          today,
        )
        expect(check(BeefyCommitment.mmrRoot({ ...today, payload: [] }))).toBe('payload-root')
        ran(name)
      })
    })

    afterAll(() => {
      const read = [...counts.keys()]
      const missed = set.files().filter((it) => !counts.has(it) && UNREAD[it] === undefined)
      const total = [...counts.values()].reduce((sum, it) => sum + it, 0)
      process.stdout.write(`polkadot: ${total} cases of ${read.length} files\n`)
      for (const [name, reason] of Object.entries(UNREAD))
        process.stdout.write(`polkadot: ${name} not run: ${reason}\n`)
      expect(missed).toEqual([])
      expect(total).toBeGreaterThanOrEqual(120)
    })
  },
)
