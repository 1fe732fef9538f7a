import {
  BeefyCommitment,
  BeefyLeaf,
  BinaryMerkleTree,
  Hasher,
  Header,
  MountainRange,
  Scale,
} from '@aitbc/proofs/substrate'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, hex, unhex, value } from '../helpers.js'
import { type Abi, decode } from './abi.js'
import { climb } from './trees.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const big = BigInt
const fieldsOf = (json: object) => Object.keys(json).sort().join(' ')
const MH = utf8('mh')

/** Selectors of Snowbridge's contracts. */
const SUBMIT_INITIAL = 'bb51f1eb'
const SUBMIT_FINAL = '623b223d'
const SUBMIT_V1 = 'df4ed829'

readVectors({
  topic: 'polkadot',
  folder: 'polkadot/beefy-mmr',
  title: 'A43, A44, A45, A46: commitments, ranges and messages',
  group: (path) =>
    path.startsWith('snowbridge-beefy-')
      ? 'snowbridge-beefy'
      : path.replace(/submit(Initial|Final)/, 'submit'),
  cases(files) {
    const [{ path }] = files as [VectorFile]
    if (path.startsWith('snowbridge-beefy-')) return sampled(files)
    if (path.endsWith('.hex')) return calls(files)
    return described(path, (files[0] as VectorFile).json<object>())
  },
})

function described(path: string, json: object): Case[] {
  if (Array.isArray(json)) return json.map((it) => inRange(it))
  const fields = fieldsOf(json)
  if (fields === 'must_reject valid') return ranges(json as Parameters<typeof ranges>[0])
  if (fields === 'leaves proofs rootHash') return places(json as Parameters<typeof places>[0])
  if (fields === 'commitment') return [ofOwnMaking(path, json as Parameters<typeof ofOwnMaking>[1])]
  if ('input' in json) return [{ name: path, run: () => expectSent(sentOf(json as Message)) }]
  throw new Error(`nothing is known that has ${fields}`)
}

interface Range {
  readonly name?: string
  readonly leafCount: number
  readonly proof: readonly string[]
  readonly leaves: readonly { readonly index: number | string; readonly hash: string }[]
  /** Without one, a forgery is for the root of the first proof. */
  readonly root?: string
}

/** Proofs in a range, and those that must be refused, the exploit of 2026 among them. */
function ranges({
  valid,
  must_reject,
}: {
  readonly valid: readonly Range[]
  readonly must_reject: readonly Range[]
}) {
  const proofOf = (it: Range): MountainRange.Proof => ({
    leafCount: big(it.leafCount),
    leaves: it.leaves.map(({ index, hash }) => ({ index: big(index), hash: unhex(hash) })),
    items: it.proof.map(unhex),
  })
  const verify = (root: string | undefined, it: Range) =>
    MountainRange.verify(unhex(root ?? (valid[0]?.root as string)), proofOf(it))
  return [
    ...valid.map(
      (it, i): Case => ({
        name: `proof ${i}`,
        run: () => {
          expect(value(verify(it.root, it))).toBe(true)
          for (const other of must_reject) expect(verify(it.root, other).ok).toBe(false)
        },
      }),
    ),
    ...must_reject.map(
      (it, i): Case => ({
        name: it.name ?? `forgery ${i}`,
        run: () => expect(check(verify(it.root, it))).toMatch(/^mmr-/),
      }),
    ),
  ]
}

/** Every leaf stands at its place, and at no other. */
function places(json: {
  readonly leaves: readonly string[]
  readonly rootHash: string
  readonly proofs: readonly { readonly items: readonly string[]; readonly order: number }[]
}): Case[] {
  const { leaves, rootHash, proofs } = json
  expect(proofs.length).toBe(leaves.length)
  const leafCount = big(leaves.length)
  return proofs.map(({ items, order }, i) => ({
    name: `leaf ${i}`,
    run: () => {
      const hash = unhex(leaves[i] as string)
      for (let index = 0n; index < leafCount; index += 1n) {
        const proof = MountainRange.fromPath(leafCount, { index, hash }, items.map(unhex), big(order))
        const verdict = proof.ok ? MountainRange.verify(unhex(rootHash), proof.value) : proof
        expect(verdict.ok, `at ${index}`).toBe(index === big(i))
      }
    },
  }))
}

/** A leaf in a range, by its items and by its path. */
function inRange(it: {
  readonly ReferenceMMRRoot: readonly number[]
  readonly LeafHash: readonly number[]
  readonly LeafIndex: number
  readonly LeafCount: number
  readonly MMRProof: readonly (readonly number[])[]
  readonly SimplifiedMerkleProofItems: readonly (readonly number[])[] | null
  readonly SimplifiedMerkleProofOrder: number
}): Case {
  // Go writes bytes as numbers, or as text.
  const hashOf = (it: readonly number[] | string) =>
    typeof it === 'string' ? unhex(it) : Uint8Array.from(it)
  const [leafCount, index] = [big(it.LeafCount), big(it.LeafIndex)]
  return {
    name: `${index} of ${leafCount}`,
    run: () => {
      const root = hashOf(it.ReferenceMMRRoot)
      const leaf = { index, hash: hashOf(it.LeafHash) }
      const proof = { leafCount, leaves: [leaf], items: it.MMRProof.map(hashOf) }
      expect(value(MountainRange.verify(root, proof))).toBe(true)
      const path = (it.SimplifiedMerkleProofItems ?? []).map(hashOf)
      expect(
        value(MountainRange.fromPath(leafCount, leaf, path, big(it.SimplifiedMerkleProofOrder))),
      ).toEqual(proof)
      for (const other of [index + 1n, index - 1n])
        expect(MountainRange.verify(root, { ...proof, leaves: [{ ...leaf, index: other }] }).ok).toBe(false)
    },
  }
}

/** A payload of a chain's own making: it has no root that this project reads, and makes a commitment once it has. */
function ofOwnMaking(
  name: string,
  json: {
    readonly commitment: {
      readonly payload: { readonly mmr: string }
      readonly blockNumber: number
      readonly validatorSetId: number
    }
  },
): Case {
  return {
    name,
    run: () => {
      const { payload, blockNumber, validatorSetId } = json.commitment
      const today: BeefyCommitment.Commitment = {
        payload: [{ id: MH, data: unhex(payload.mmr) }],
        blockNumber,
        validatorSetId: big(validatorSetId),
      }
      expect(hex(value(BeefyCommitment.mmrRoot(today)))).toBe(payload.mmr.slice(2))
      expect(value(Scale.decode(BeefyCommitment.type, Scale.encode(BeefyCommitment.type, today)))).toEqual(
        today,
      )
      expect(check(BeefyCommitment.mmrRoot({ ...today, payload: [] }))).toBe('payload-root')
    },
  }
}

interface Signer {
  readonly index: bigint
  readonly account: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly signature: Uint8Array
}

const signature = (v: number, r: Uint8Array, s: Uint8Array) => concat(r, s, Uint8Array.of(v - 27))

/** Each signer signed, and all stand in one tree of `count` validators, each at its own place alone: its root. */
function rootOf(digest: Uint8Array, signers: readonly Signer[], count: bigint): string {
  const roots = new Set(
    signers.map(({ index, account, proof, signature }) => {
      expect(hex(value(BeefyCommitment.recover(digest, signature)))).toBe(hex(account))
      return hex(climb(BeefyCommitment.leafOf(account), index, count, proof))
    }),
  )
  expect(roots.size).toBe(1)
  const [root] = roots as unknown as [string]
  const [{ account, index, proof }] = signers as [Signer]
  const leaf = BeefyCommitment.leafOf(account)
  for (let other = 0n; other < count; other += 1n)
    expect(BinaryMerkleTree.verify(unhex(root), leaf, other, count, proof).ok).toBe(other === index)
  return root
}

const bytesOf = (it: unknown) => (typeof it === 'string' ? unhex(it) : (it as Uint8Array))

function leafOf(fields: readonly unknown[]): BeefyLeaf.BeefyLeaf {
  const [version, number, hash, id, length, root, heads] = fields
  return {
    version: Number(version),
    parentNumber: Number(number),
    parentHash: bytesOf(hash),
    nextSet: { id: big(id as bigint), length: Number(length), root: bytesOf(root) },
    parachainHeads: bytesOf(heads),
  }
}

/**
 * The path is of the last leaf of some range: how large it is isn't told, but its shape to the left follows from the path alone. The
 * smallest range with such a leaf is taken.
 */
function expectLast(
  root: Uint8Array,
  leaf: BeefyLeaf.BeefyLeaf,
  path: readonly Uint8Array[],
  order: bigint,
): void {
  const hash = BeefyLeaf.hash(leaf)
  const fits: bigint[] = []
  for (let leafCount = 1n; leafCount < 1n << 17n && fits.length === 0; leafCount += 1n) {
    const proof = MountainRange.fromPath(leafCount, { index: leafCount - 1n, hash }, path, order)
    if (proof.ok && MountainRange.verify(root, proof.value).ok) fits.push(leafCount)
  }
  expect(fits.length).toBe(1)
}

interface Log {
  readonly commitmentHash: string
  readonly params: {
    readonly commitment: {
      readonly blockNumber: number
      readonly validatorSetID: number
      readonly payload: readonly { readonly data: string }[]
    }
    readonly leaf: Readonly<Record<string, string | number>>
    readonly leafProof: readonly string[]
    readonly leafProofOrder: number
    readonly proofs: readonly {
      readonly V: number
      readonly R: string
      readonly S: string
      readonly Index: number
      readonly Account: string
      readonly Proof: readonly string[]
    }[]
  }
}
interface Proved {
  readonly finalValidatorsProof: readonly {
    readonly v: number
    readonly r: Record<string, number>
    readonly s: Record<string, number>
    readonly index: number
    readonly account: string
    readonly proof: readonly string[]
  }[]
}
interface Set {
  readonly validatorSetSize: number
  readonly participants: readonly number[]
  readonly validatorRoot: string
}

/** A commitment of Rococo, and samples of those who signed its hash, in files that belong together. */
function sampled(files: readonly VectorFile[]): Case[] {
  const all = files.map(({ path, json }) => ({ path, json: json<object>() }))
  const having = <T>(field: string) => all.flatMap(({ json }) => (field in json ? [json as T] : []))
  const [log] = having<Log>('commitmentHash')
  const [set] = having<Set>('validatorSetSize')
  /** What a file stands beside, such as the bits of a proof. */
  const beside = (path: string, field: string) => {
    const family = path.replace(/-(proof|bitfield)\.json(\.gz)?$/, '')
    return all.find(({ path: other, json }) => field in json && other.startsWith(family))?.json
  }
  return all.map(({ path: name, json }): Case => {
    if (json === log) return { name, run: () => logged(log) }
    if (set === undefined || log === undefined)
      return { name, skip: 'the set or the commitment that it is of is not among the files' }
    const { validatorSetSize, participants, validatorRoot } = set
    if (json === set)
      return {
        name,
        run: () => {
          expect(BeefyCommitment.threshold(validatorSetSize)).toBe(participants.length)
          expect(new Set(participants).size).toBe(participants.length)
          expect(participants.every((it) => it >= 0 && it < validatorSetSize)).toBe(true)
        },
      }
    if ('finalValidatorsProof' in json) {
      const digits = (it: Record<string, number>) => Uint8Array.from(Object.values(it))
      const signers = (json as Proved).finalValidatorsProof.map((it) => ({
        index: big(it.index),
        account: unhex(it.account),
        proof: it.proof.map(unhex),
        signature: signature(it.v, digits(it.r), digits(it.s)),
      }))
      const run = () => {
        const root = rootOf(unhex(log.commitmentHash), signers, big(validatorSetSize))
        expect(root).toBe(validatorRoot.slice(2))
      }
      return { name, run }
    }
    if ('final' in json) {
      const words = (json as { final: { finalBitField: string[] } }).final.finalBitField.map(big)
      const proof = beside(name, 'finalValidatorsProof') as Proved | undefined
      if (proof === undefined)
        return { name, skip: 'the signers whose bits these are are not among the files' }
      const run = () => {
        const places = words.flatMap((word, w) =>
          Array.from({ length: 256 }, (_, i) => i)
            .filter((i) => ((word >> big(i)) & 1n) === 1n)
            .map((i) => 256 * w + i),
        )
        const indices = proof.finalValidatorsProof.map(({ index }) => index).sort((a, b) => a - b)
        expect(places).toEqual(indices)
        expect(places.every((it) => participants.includes(it))).toBe(true)
      }
      return { name, run }
    }
    throw new Error(`${name}: nothing is known that has ${fieldsOf(json)}`)
  })
}

/** A commitment with its signers and its leaf. */
function logged({ commitmentHash, params }: Log): void {
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
  const fields = [
    'version',
    'parentNumber',
    'parentHash',
    'nextAuthoritySetID',
    'nextAuthoritySetLen',
    'nextAuthoritySetRoot',
    'parachainHeadsRoot',
  ]
  const leaf = leafOf(fields.map((name) => params.leaf[name]))
  rootOf(digest, signers, big(leaf.nextSet.length))
  const path = params.leafProof.map(unhex)
  expectLast(value(BeefyCommitment.mmrRoot(commitment)), leaf, path, big(params.leafProofOrder))
}

const COMMITMENT: Abi = ['uint', 'uint', { list: ['bytes2', 'bytes'] }]
const SIGNER: Abi = ['uint', 'bytes32', 'bytes32', 'uint', 'address', { list: 'bytes32' }]
const LEAF: Abi = ['uint', 'uint', 'bytes32', 'uint', 'uint', 'bytes32', 'bytes32']
const INITIAL: Abi = [COMMITMENT, { list: 'uint' }, SIGNER]
const FINAL: Abi = [COMMITMENT, { list: 'uint' }, { list: SIGNER }, LEAF, { list: 'bytes32' }, 'uint']

/** Calls that Ethereum accepted: a commitment in two steps, or a message. */
function calls(files: readonly VectorFile[]): Case[] {
  const all = files.map(({ path, text }) => {
    const bytes = unhex(text().trim())
    return { path, selector: hex(bytes.subarray(0, 4)), data: bytes.subarray(4) }
  })
  const initial = all.find(({ selector }) => selector === SUBMIT_INITIAL)
  const final = all.find(({ selector }) => selector === SUBMIT_FINAL)
  return all.map(({ path: name, selector, data }): Case => {
    if (selector === SUBMIT_V1) return { name, run: () => expectSent(called(data)) }
    if (selector !== SUBMIT_INITIAL && selector !== SUBMIT_FINAL) throw new Error(`a call of ${selector}`)
    if (initial === undefined || final === undefined)
      return { name, skip: 'the other step of the commitment is not among the files' }
    const run = () => {
      const [first, bits, one] = decode(INITIAL, initial.data)
      const [same, sameBits, many, leafFields, path, order] = decode(FINAL, final.data)
      const commitment = commitmentOf(first)
      const digest = BeefyCommitment.hash(commitment)
      const leaf = leafOf(leafFields)
      const size = leaf.nextSet.length
      const signers: Signer[] = many.map(signerOf)
      if (selector === SUBMIT_INITIAL) {
        const claimed = (bits as bigint[]).reduce(
          (sum, word) => sum + word.toString(2).replaceAll('0', '').length,
          0,
        )
        expect(claimed).toBeGreaterThanOrEqual(BeefyCommitment.threshold(size))
        expect(rootOf(digest, [signerOf(one)], big(size))).toBe(rootOf(digest, signers, big(size)))
        return
      }
      expect(commitmentOf(same)).toEqual(commitment)
      expect(sameBits).toEqual(bits)
      for (const { index } of signers)
        expect(((bits[Number(index / 256n)] as bigint) >> (index % 256n)) & 1n).toBe(1n)
      expectLast(value(BeefyCommitment.mmrRoot(commitment)), leaf, path, order)
    }
    return { name, run }
  })
}

function commitmentOf([blockNumber, validatorSetId, payload]: [bigint, bigint, [Uint8Array, Uint8Array][]]) {
  return {
    payload: payload.map(([id, data]) => ({ id, data })),
    blockNumber: Number(blockNumber),
    validatorSetId,
  }
}

function signerOf([v, r, s, index, account, proof]: [
  bigint,
  Uint8Array,
  Uint8Array,
  bigint,
  Uint8Array,
  Uint8Array[],
]): Signer {
  return { index, account, proof, signature: signature(Number(v), r, s) }
}

/*
 * Messages of Bridge Hub, accepted by the gateway on Ethereum.
 */

const HUB = 1002

interface Sent {
  readonly commitment: Uint8Array
  readonly version: number
  readonly header: Header.Header
  readonly head: { readonly pos: bigint; readonly width: bigint; readonly proof: readonly Uint8Array[] }
}

const KINDS: Readonly<Record<string, Header.DigestItem['kind']>> = {
  4: 'consensus',
  5: 'seal',
  6: 'pre-runtime',
}

function itemOf(kind: bigint, engine: Uint8Array, data: Uint8Array): Header.DigestItem {
  if (kind === 0n) return { kind: 'other', data }
  const named = KINDS[String(kind)]
  if (named === undefined) throw new Error(`a digest item of kind ${kind}`)
  return { kind: named, engine, data } as Header.DigestItem
}

const uint = (it: bigint | number | string) => unhex(big(it).toString(16).padStart(64, '0'))
const tail = (it: Uint8Array) => concat(uint(it.length), it, new Uint8Array((32 - (it.length % 32)) % 32))

/** The header's digest holds the message's commitment; the head stands in the tree of heads at its place alone. */
function expectSent({ commitment, version, header, head }: Sent): void {
  const raw = Header.encode(header)
  const decoded = value(Header.decode(raw))
  expect(decoded.digest).toEqual(header.digest)
  const held = decoded.digest.find((item) => item.kind === 'other')
  expect(held).toEqual({ kind: 'other', data: concat(Uint8Array.of(version), commitment) })
  const leaf = BeefyLeaf.headHash(HUB, raw)
  const { pos, width, proof } = head
  const root = climb(leaf, pos, width, proof)
  for (let other = 0n; other < width; other += 1n)
    expect(BinaryMerkleTree.verify(root, leaf, other, width, proof).ok).toBe(other === pos)
  const foreign = BeefyLeaf.headHash(HUB - 2, raw)
  expect(check(BinaryMerkleTree.verify(root, foreign, pos, width, proof))).toBe('merkle-root')
}

interface Message {
  readonly input: {
    readonly message: Readonly<Record<string, string | number>> & {
      readonly commands?: readonly { readonly kind: number; readonly gas: number; readonly payload: string }[]
    }
    readonly leafProof: readonly string[]
    readonly headerProof: {
      readonly header: Readonly<Record<string, string>> & {
        readonly digestItems: readonly {
          readonly kind: number
          readonly consensusEngineID: string
          readonly data: string
        }[]
      }
      readonly headProof: { readonly pos: number; readonly width: number; readonly proof: readonly string[] }
    }
  }
}

/** The root over a block's messages: pairs are sorted in their tree. */
function messagesRoot(leaf: Uint8Array, path: readonly Uint8Array[]): Uint8Array {
  return path.reduce(
    (hash, item) => Hasher.keccak256(hex(hash) < hex(item) ? concat(hash, item) : concat(item, hash)),
    leaf,
  )
}

function sentOf({ input }: Message): Sent {
  const { message: m, leafProof, headerProof } = input
  const { header, headProof } = headerProof
  const bytes = (it: string) => unhex(m[it] as string)
  const number = (it: string) => uint(m[it] as string)
  const field = (it: string) => unhex(header[it] as string)
  let encoded: Uint8Array
  if (m.commands === undefined)
    encoded = v1([
      bytes('channelID'),
      number('nonce'),
      number('command'),
      number('maxDispatchGas'),
      number('maxFeePerGas'),
      number('reward'),
      bytes('id'),
      bytes('params'),
    ])
  else {
    const commands = m.commands.map(({ kind, gas, payload }) =>
      concat(uint(kind), uint(gas), uint(96), tail(unhex(payload))),
    )
    let at = 32 * commands.length
    const offsets = commands.map((it) => {
      at += it.length
      return uint(at - it.length)
    })
    encoded = concat(
      ...[uint(32), bytes('origin'), number('nonce'), bytes('topic'), uint(128)],
      ...[uint(commands.length), ...offsets, ...commands],
    )
  }
  return {
    commitment: messagesRoot(Hasher.keccak256(encoded), leafProof.map(unhex)),
    version: m.commands === undefined ? 0 : 1,
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

/** A message of the first version: its parameters stand behind the rest. */
function v1(fields: readonly Uint8Array[]): Uint8Array {
  const [channel, nonce, command, gas, fee, reward, id, params] = fields as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  return concat(...[uint(32), channel, nonce, command, uint(256), gas, fee, reward, id, tail(params)])
}

function called(data: Uint8Array): Sent {
  const MESSAGE: Abi = ['bytes32', 'uint', 'uint', 'bytes', 'uint', 'uint', 'uint', 'bytes32']
  const HEADER: Abi = ['bytes32', 'uint', 'bytes32', 'bytes32', { list: ['uint', 'bytes4', 'bytes'] }]
  const PARTIAL: Abi = ['uint', 'uint', 'bytes32', 'uint', 'uint', 'bytes32']
  const HEAD: Abi = ['uint', 'uint', { list: 'bytes32' }]
  const PROOF: Abi = [HEADER, HEAD, PARTIAL, { list: 'bytes32' }, 'uint']
  const [m, path, [h, [pos, width, proof]]] = decode([MESSAGE, { list: 'bytes32' }, PROOF], data)
  const [channel, nonce, command, params, gas, fee, reward, id] = m
  const encoded = v1([channel, uint(nonce), uint(command), uint(gas), uint(fee), uint(reward), id, params])
  const [parentHash, number, stateRoot, extrinsicsRoot, digest] = h
  return {
    commitment: messagesRoot(Hasher.keccak256(encoded), path),
    version: 0,
    header: {
      parentHash,
      number,
      stateRoot,
      extrinsicsRoot,
      digest: (digest as [bigint, Uint8Array, Uint8Array][]).map((it) => itemOf(...it)),
    },
    head: { pos, width, proof },
  }
}
