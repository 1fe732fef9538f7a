import { Verdict } from '@aitbc/core'
import {
  BeefyClient,
  BeefyCommitment,
  BeefyLeaf,
  BinaryMerkleTree,
  GrandpaClient,
  Hasher,
  Header,
  Justification,
  MountainRange,
  Scale,
  TrieProof,
} from '@aitbc/proofs/substrate'
import { concat, hex, unhex, value } from '../../../packages/proofs/test/helpers.js'
import { AVAIL, type Described, readAvail } from '../../../packages/proofs/test/substrate/avail.js'
import { setOf as beefySet, signedBy, validators } from '../../../packages/proofs/test/substrate/beefy.js'
import {
  blockOn,
  chainOf,
  justify,
  scheduled,
  setOf,
  unanimous,
  voters,
} from '../../../packages/proofs/test/substrate/grandpa.js'
import { rangeOf, treeOf } from '../../../packages/proofs/test/substrate/trees.js'
import { trieOf } from '../../../packages/proofs/test/substrate/trie.js'
import { type Specimen, shuffled, specimen } from '../specimen.js'
import { filesOf } from '../vectors.js'
import { hashes } from './hashes.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const ZERO = new Uint8Array(32)

/** Votes of a set whose members are those who voted, and as many others as two thirds leave room for. */
export function* justification(): Iterable<Specimen> {
  for (const file of filesOf('polkadot/grandpa')) {
    const json = file.json<{ scale_hex?: string; set_id?: number } | Described>()
    if ('justification' in json) {
      const { justification, voters } = readAvail(json)
      if (Justification.verify(justification, voters, { format: AVAIL }).ok)
        yield voted(file.path, Justification.encode(justification, AVAIL), voters, AVAIL)
      continue
    }
    if (json.scale_hex === undefined) continue
    const evidence = unhex(json.scale_hex)
    const { precommits } = value(Justification.decode(evidence))
    const others = Math.floor((precommits.length - 1) / 2)
    const authorities = [
      ...precommits.map(({ authority }) => authority),
      ...Array.from({ length: others }, (_, i) => new Uint8Array(32).fill(i + 1)),
    ].map((publicKey) => ({ publicKey, weight: 1n }))
    yield voted(file.path, evidence, { id: BigInt(json.set_id ?? 0), authorities })
  }
  // More votes than are needed, and votes for blocks above with the headers that lead down.
  const list = voters(4)
  const [target, above, top] = chainOf(3) as [Block, Block, Block]
  const direct = unanimous(target, list, 3n)
  yield voted('made: four of four', Justification.encode(direct), setOf(3n, list))
  const votes = [target, above, top].map((block, i) => ({ voter: list[i] as (typeof list)[number], block }))
  const routed = justify(target, votes, { setId: 3n, ancestries: [above, top] })
  yield voted('made: three of four, for blocks above', Justification.encode(routed), setOf(3n, list))
}

type Block = ReturnType<typeof blockOn>

function voted(
  name: string,
  evidence: Uint8Array,
  set: Parameters<typeof Justification.verify>[1],
  format: Header.Format = Header.POLKADOT,
): Specimen {
  const { targetHash } = value(Justification.decode(evidence, format))
  return specimen({
    family: 'grandpa-justification',
    name,
    kind: 'signature',
    statement: `${hex(targetHash)} ${set.id}`,
    open: true,
    evidence,
    decode: (bytes) => Justification.decode(bytes, format),
    encode: (it: Justification.Justification) => Justification.encode(it, format),
    judge: (it) => Justification.verify(it, set, { format }),
    untrusted: (it) => Justification.verify(it, { id: 0n, authorities: [] }),
    others: () => {
      const it = value(Justification.decode(evidence, format))
      const [first] = it.precommits as [Justification.Precommit]
      return [
        { ...it, precommits: [...it.precommits, first] },
        { ...it, precommits: it.precommits.slice(1) },
        { ...it, precommits: it.precommits.toReversed() },
        { ...it, ancestries: it.ancestries.toReversed() },
        { ...it, ancestries: [...it.ancestries, ...it.ancestries] },
        {
          ...it,
          ancestries: [
            ...it.ancestries,
            { ...(chainOf(5)[4] as Block), extension: it.ancestries[0]?.extension },
          ],
        },
      ].map((other) => Justification.encode(other, format))
    },
  })
}

/** Hand-overs from set to set, as a warp-sync proof has them. */
export function* warp(): Iterable<Specimen> {
  const sets = [voters(4), voters(3, 10), voters(5, 20)] as const
  const [start] = chainOf(1) as [Block]
  const state = value(GrandpaClient.trust({ hash: start.hash, header: start.raw, set: setOf(0n, sets[0]) }))
  const one = blockOn(start, [scheduled(sets[1])])
  const two = blockOn(blockOn(one), [scheduled(sets[2])])
  const last = blockOn(two)
  const fragments = [
    [one, sets[0]],
    [two, sets[1]],
    [last, sets[2]],
  ] as const
  const type = GrandpaClient.warpType()
  type Proof = Scale.Value<typeof type>
  for (const count of [1, 2, 3]) {
    const proof = {
      fragments: fragments.slice(0, count).map(([block, list], i) => ({
        header: block,
        justification: unanimous(block, list.slice(0, list.length - (list.length > 3 ? 1 : 0)), BigInt(i)),
      })),
      isFinished: count === 3,
    }
    const evidence = Scale.encode(type, proof as Proof)
    yield specimen({
      family: 'grandpa-warp',
      name: `${count} fragments`,
      kind: 'signature',
      statement: `${count} fragments`,
      open: true,
      evidence,
      decode: (bytes) => Scale.decode(type, bytes),
      encode: (it: Proof) => Scale.encode(type, it),
      judge: (it) => {
        const verdict = GrandpaClient.apply(state, { kind: 'warp', proof: Scale.encode(type, it) })
        if (!verdict.ok) return verdict
        const { finalized, set, pending } = verdict.value
        return Verdict.accept({ finalized, set, pending })
      },
      untrusted: (it) =>
        GrandpaClient.trust({
          hash: ZERO,
          header: Header.encode((it.fragments[0]?.header as Header.Header | undefined) ?? start),
          set: setOf(0n, sets[0]),
        }),
    })
  }
}

/** What Substrate's tries hold: published proofs, and proofs in published tries. */
export function* trie(): Iterable<Specimen> {
  for (const file of filesOf('polkadot/trie')) {
    if (file.path.endsWith('.json')) {
      type Recorded = { trie: string; key: string; proof: string[]; root: string; hasher?: string }
      for (const [i, it] of file.json<Recorded[]>().entries())
        if (it.trie === 'substrate')
          yield held(`${file.path} ${i}`, unhex(it.root), [unhex(it.key)], it.proof.map(unhex), {
            hasher: it.hasher === 'keccak256' ? Hasher.keccak256 : Hasher.blake2b256,
          })
      continue
    }
    const [keys, values] = file
      .text()
      .split('values:')
      .map((part) => [...part.matchAll(/^ +- *(.*?) *$/gm)].map((match) => match[1] as string)) as [
      string[],
      string[],
    ]
    const bytesOf = file.path.includes('hex_') ? unhex : utf8
    const entries = keys
      .slice(0, 500)
      .map((key, i): [Uint8Array, Uint8Array] => [bytesOf(key), utf8(values[i] as string)])
    const [first, last] = [entries[0], entries.at(-1)] as [[Uint8Array, Uint8Array], [Uint8Array, Uint8Array]]
    for (const version of [0, 1] as const) {
      const all = trieOf(entries, version)
      for (const asked of [[first[0]], [concat(last[0], utf8('0'))], [first[0], last[0]]])
        yield held(
          `${file.path} version ${version} ${asked.map(hex).join(' ')}`,
          all.root,
          asked,
          all.prove(...asked),
          { version },
        )
    }
  }
}

function held(
  name: string,
  root: Uint8Array,
  keys: readonly Uint8Array[],
  nodes: readonly Uint8Array[],
  options: TrieProof.Options,
): Specimen {
  const proof = TrieProof.of(nodes)
  const encode = (it: readonly Uint8Array[]) => Scale.encode(TrieProof.type, it)
  return specimen({
    family: 'substrate-trie',
    name,
    kind: 'hash',
    statement: `${hex(root)} ${keys.map(hex).join(' ')}`,
    evidence: encode(proof),
    decode: (bytes) => Scale.decode(TrieProof.type, bytes),
    encode,
    judge: (it) => TrieProof.verify(root, keys, it, options),
    untrusted: (it) => TrieProof.verify(ZERO, keys, it, options),
    others: () => [...shuffled(proof)].map(encode),
  })
}

/** Leaves of a mountain range: places, hashes and size are the statement, the nodes beside the ways are evidence. */
export function* range(): Iterable<Specimen> {
  const proofs: { name: string; root: Uint8Array; proof: MountainRange.Proof }[] = []
  for (const file of filesOf('polkadot/beefy-mmr')) {
    if (!file.path.includes('.json')) continue
    const json = file.json<object>()
    if ('must_reject' in json) {
      type Case = {
        leafCount: number
        proof: string[]
        leaves: { index: number; hash: string }[]
        root: string
      }
      for (const [i, it] of (json as unknown as { valid: Case[] }).valid.entries())
        proofs.push({
          name: `${file.path} ${i}`,
          root: unhex(it.root),
          proof: {
            leafCount: BigInt(it.leafCount),
            leaves: it.leaves.map(({ index, hash }) => ({ index: BigInt(index), hash: unhex(hash) })),
            items: it.proof.map(unhex),
          },
        })
    } else if ('rootHash' in json) {
      const {
        leaves,
        rootHash,
        proofs: paths,
      } = json as {
        leaves: string[]
        rootHash: string
        proofs: { items: string[]; order: number }[]
      }
      for (const [i, { items, order }] of paths.entries()) {
        const leaf = { index: BigInt(i), hash: unhex(leaves[i] as string) }
        const proof = value(
          MountainRange.fromPath(BigInt(leaves.length), leaf, items.map(unhex), BigInt(order)),
        )
        proofs.push({ name: `${file.path} ${i}`, root: unhex(rootHash), proof })
      }
    } else if (Array.isArray(json)) {
      const bytes = (it: number[] | string) => (typeof it === 'string' ? unhex(it) : Uint8Array.from(it))
      for (const it of json)
        proofs.push({
          name: `${file.path} ${it.LeafIndex} of ${it.LeafCount}`,
          root: bytes(it.ReferenceMMRRoot),
          proof: {
            leafCount: BigInt(it.LeafCount),
            leaves: [{ index: BigInt(it.LeafIndex), hash: bytes(it.LeafHash) }],
            items: it.MMRProof.map(bytes),
          },
        })
    }
  }
  for (const { name, root, proof } of proofs) {
    const { leafCount, leaves, items } = proof
    yield specimen({
      family: 'mountain-range',
      name,
      kind: 'hash',
      statement: `${hex(root)} ${leafCount} ${leaves.map(({ index, hash }) => `${index}:${hex(hash)}`).join(' ')}`,
      evidence: hashes.encode(items),
      decode: hashes.decode,
      encode: hashes.encode,
      judge: (it) => MountainRange.verify(root, { leafCount, leaves, items: it }),
      untrusted: (it) => MountainRange.verify(ZERO, { leafCount, leaves, items: it }),
      others: () => [...shuffled(items, ZERO)].map(hashes.encode),
    })
  }
}

/** Validators in the tree of their set, as bridges to Ethereum prove them. */
export function* binary(): Iterable<Specimen> {
  const files = filesOf('polkadot/beefy-mmr')
  const set = files
    .map((file) =>
      file.path.includes('validator-set')
        ? file.json<{ validatorSetSize: number; validatorRoot: string }>()
        : undefined,
    )
    .find((it) => it !== undefined)
  for (const file of files) {
    if (set === undefined || !file.path.includes('proof')) continue
    type Proved = { finalValidatorsProof?: { index: number; account: string; proof: string[] }[] }
    for (const it of file.json<Proved>().finalValidatorsProof ?? [])
      yield branch(
        `${file.path} ${it.index}`,
        unhex(set.validatorRoot),
        BeefyCommitment.leafOf(unhex(it.account)),
        BigInt(it.index),
        BigInt(set.validatorSetSize),
        it.proof.map(unhex),
      )
  }
  for (const count of [1, 2, 3, 5, 17]) {
    const leaves = Array.from({ length: count }, (_, i) => Hasher.keccak256(utf8(`${i} of ${count}`)))
    const tree = treeOf(leaves)
    for (const i of new Set([0, count >> 1, count - 1]))
      yield branch(
        `made: ${i} of ${count}`,
        tree.root,
        leaves[i] as Uint8Array,
        BigInt(i),
        BigInt(count),
        tree.branch(i),
      )
  }
}

function branch(
  name: string,
  root: Uint8Array,
  leaf: Uint8Array,
  index: bigint,
  count: bigint,
  siblings: readonly Uint8Array[],
): Specimen {
  return specimen({
    family: 'substrate-branch',
    name,
    kind: 'hash',
    statement: `${hex(root)} ${hex(leaf)} ${index} ${count}`,
    evidence: hashes.encode(siblings),
    decode: hashes.decode,
    encode: hashes.encode,
    judge: (it) => BinaryMerkleTree.verify(root, leaf, index, count, it),
    untrusted: (it) => BinaryMerkleTree.verify(ZERO, leaf, index, count, it),
    others: () => [...shuffled(siblings, ZERO)].map(hashes.encode),
  })
}

const UPDATE = Scale.struct({
  signed: Scale.bytes,
  validators: Scale.list(Scale.fixed(20)),
  handover: Scale.option(Scale.struct({ leaf: Scale.bytes, items: Scale.list(Scale.fixed(32)) })),
})
type Update = Omit<Scale.Value<typeof UPDATE>, 'signed'> & {
  readonly signed: BeefyCommitment.SignedCommitment
}

const update = {
  encode: (it: Update) => Scale.encode(UPDATE, { ...it, signed: BeefyCommitment.encodeSigned(it.signed) }),
  decode: (bytes: Uint8Array): Verdict.Verdict<Update> => {
    const it = Scale.decode(UPDATE, bytes)
    if (!it.ok) return it
    const signed = BeefyCommitment.decodeSigned(it.value.signed)
    return signed.ok ? Verdict.accept({ ...it.value, signed: signed.value }) : signed
  },
}

/** Commitments of BEEFY with all addresses of the set, and the leaf that hands over. */
export function* beefy(): Iterable<Specimen> {
  const lists = [validators(4), validators(4, 40), validators(7, 80)] as const
  const [current, next, after] = lists.map((list, i) => beefySet(BigInt(i), list)) as [
    BeefyLeaf.ValidatorSet,
    BeefyLeaf.ValidatorSet,
    BeefyLeaf.ValidatorSet,
  ]
  const state = value(BeefyClient.trust({ current, next, blockNumber: 4, firstBlock: 1 }))
  const leaves = Array.from(
    { length: 9 },
    (_, i): BeefyLeaf.BeefyLeaf => ({
      version: 0,
      parentNumber: i,
      parentHash: Hasher.keccak256(utf8(`block ${i}`)),
      nextSet: after,
      parachainHeads: Hasher.keccak256(utf8(`heads ${i}`)),
    }),
  )
  const range = rangeOf(leaves.map(BeefyLeaf.hash))
  for (const [list, set, places] of [
    [lists[0], current, [0, 1, 3]],
    [lists[0], current, [0, 1, 2, 3]],
    [lists[1], next, [0, 2, 3]],
  ] as const) {
    const commitment = {
      payload: [{ id: utf8('mh'), data: range.root }],
      blockNumber: leaves.length,
      validatorSetId: set.id,
    }
    const own: Update = {
      signed: signedBy(commitment, list, places),
      validators: list.map(({ address }) => address),
      handover:
        set === current
          ? undefined
          : { leaf: BeefyLeaf.encode(leaves[8] as BeefyLeaf.BeefyLeaf), items: range.prove(8).items },
    }
    const name = `set ${set.id}, ${places.length} of ${list.length}`
    yield specimen({
      family: 'beefy',
      name,
      kind: 'signature',
      statement: `set ${set.id}`,
      open: true,
      evidence: update.encode(own),
      decode: update.decode,
      encode: update.encode,
      judge: ({ signed, validators, handover }) =>
        BeefyClient.apply(state, {
          signed: BeefyCommitment.encodeSigned(signed),
          validators,
          ...(handover === undefined ? {} : { handover }),
        }),
      untrusted: () =>
        BeefyClient.trust({
          current: { ...current, root: ZERO },
          next: { ...next, root: ZERO },
          blockNumber: 0,
          firstBlock: 1,
        }),
      others: () =>
        [
          ...places.map((place) =>
            update.encode({
              ...own,
              signed: signedBy(
                commitment,
                list,
                places.filter((it) => it !== place),
              ),
            }),
          ),
          ...[...shuffled(own.signed.signatures, new Uint8Array(65))].map((signatures) =>
            update.encode({ ...own, signed: { ...own.signed, signatures } }),
          ),
          ...[...shuffled(own.handover?.items ?? [], ZERO)].flatMap((items) =>
            own.handover === undefined
              ? []
              : [update.encode({ ...own, handover: { ...own.handover, items } })],
          ),
        ].filter((bytes) => update.decode(bytes).ok),
    })
  }
}
