import { Verdict } from '@aitbc/core'
import { StateTrie } from '@aitbc/proofs/aitbc'
import { Attestation, Guardians, Secp256k1, Vaa } from '@aitbc/proofs/attestation'
import { BinaryTree, Hasher, IncrementalTree, SortedTree } from '@aitbc/proofs/merkle'
import { type LightClient, TransactionEvidence } from '@aitbc/proofs/solana'
import { setOf, signBy } from '../../../packages/proofs/test/attestation/world.js'
import { hex, unhex, value } from '../../../packages/proofs/test/helpers.js'
import { EVIDENCE, FRESH, inclusionOf, NOW } from '../../../packages/proofs/test/solana/world.js'
import { nodes, type Specimen, shuffled, specimen } from '../specimen.js'
import { filesOf } from '../vectors.js'
import { hashes } from './hashes.js'

const ZERO = new Uint8Array(32)
const utf8 = (text: string) => new TextEncoder().encode(text)

/** Transactions of a final bank of Solana: votes, proof of history, bank hash. */
export function* solana(): Iterable<Specimen> {
  for (const [entry, at] of [
    [0, 0],
    [1, 2],
    [1, 4],
  ] as const) {
    const own = { ...EVIDENCE, inclusion: inclusionOf(entry, at) }
    const judge = (state: LightClient.State) => (it: TransactionEvidence.TransactionEvidence) =>
      TransactionEvidence.verify(state, TransactionEvidence.encode(it), { now: NOW })
    const { finality } = own
    if (finality.kind !== 'tower') throw new Error('votes of TowerBFT are expected')
    yield specimen({
      family: 'solana-transaction',
      name: `transaction ${at} of entry ${entry}`,
      kind: 'signature',
      statement: `${entry} ${at}`,
      open: true,
      evidence: TransactionEvidence.encode(own),
      decode: TransactionEvidence.decode,
      encode: TransactionEvidence.encode,
      judge: judge(FRESH),
      untrusted: judge({ ...FRESH, tables: [] }),
      others: () => [
        ...[...shuffled(finality.votes)].map((votes) =>
          TransactionEvidence.encode({ ...own, finality: { ...finality, votes } }),
        ),
        ...[...shuffled(finality.rooting)].map((rooting) =>
          TransactionEvidence.encode({ ...own, finality: { ...finality, rooting } }),
        ),
        ...[...finality.descendants.keys()].map((i) =>
          TransactionEvidence.encode({
            ...own,
            finality: { ...finality, descendants: finality.descendants.filter((_, j) => j !== i) },
          }),
        ),
      ],
    })
  }
}

/** Wormhole's messages: those that appoint guardians, each judged by the set before. */
export function* vaas(): Iterable<Specimen> {
  const files = filesOf('bridge/wormhole')
  const rows = files
    .filter(({ path }) => path.endsWith('.csv'))
    .flatMap((file) =>
      file
        .text()
        .trim()
        .split('\n')
        .map((line) => line.trim().split(',') as [string, string]),
    )
    .map(([name, text]) => ({ name, bytes: unhex(text) }))
  for (const { name, bytes } of rows) {
    const { guardianSet, signatures, digest } = value(Vaa.decode(bytes))
    // Whoever signed: the places between are held by addresses that nobody has.
    const guardians = Array.from(
      { length: Math.max(...signatures.map(({ index }) => index)) + 1 },
      (_, i) => {
        const own = signatures.find(({ index }) => index === i)
        return own === undefined
          ? new Uint8Array(20).fill(i + 1)
          : value(Secp256k1.recover(digest, own.signature, 'from-0'))
      },
    )
    const state = value(Guardians.trust({ index: guardianSet, guardians }))
    const judge = (state: Guardians.State) => (vaa: Vaa.Vaa) => Guardians.verify(state, Vaa.encode(vaa), 0n)
    const own = value(Vaa.decode(bytes))
    yield specimen({
      family: 'vaa',
      name,
      kind: 'signature',
      statement: hex(digest),
      open: true,
      evidence: bytes,
      decode: Vaa.decode,
      encode: Vaa.encode,
      judge: judge(state),
      untrusted: judge(Guardians.fresh),
      others: () =>
        [...shuffled(own.signatures, own.signatures[0] as (typeof own.signatures)[number])].map((list) =>
          Vaa.encode({ ...own, signatures: list }),
        ),
    })
  }
}

/** The word of a set of signers, in each scheme. */
export function* attestations(): Iterable<Specimen> {
  const statement = utf8('a deposit')
  for (const scheme of [
    'ecdsa-address',
    'ecdsa',
    'bip340',
    'ed25519-zip215',
    'ed25519-strict',
    'ed25519-prime-order',
    'frost-ristretto255',
    'bls-min-pk',
    'bls-min-sig',
  ] as const)
    for (const members of [
      [0, 2, 3],
      [0, 1, 2, 3],
    ]) {
      const set = setOf(scheme, 4)
      const other = setOf(scheme, 4, { epoch: 8n })
      const own = signBy(set, members, Attestation.digest(set, statement))
      const { by } = own
      yield specimen({
        family: 'attestation',
        name: `${scheme}, ${members.length} of 4`,
        kind: 'signature',
        statement: scheme,
        evidence: Attestation.encode(own),
        decode: Attestation.decode,
        encode: Attestation.encode,
        judge: (it) => Attestation.verify(set, it, statement, 150n),
        untrusted: (it) => Attestation.verify(other, it, statement, 150n),
        others: () =>
          by.kind === 'sum'
            ? []
            : [...shuffled(by.signatures, by.signatures[0] as Attestation.Entry)].map((signatures) =>
                Attestation.encode({ ...own, by: { kind: 'each', signatures } }),
              ),
      })
    }
}

/** Messages in Hyperlane's tree. */
export function* incremental(): Iterable<Specimen> {
  const shape = IncrementalTree.shape(Hasher.keccak256, 32)
  type Published = {
    testName: string
    expectedRoot: string
    leaves: string[]
    proofs: { leaf: string; index: number; path: string[] }[]
  }
  for (const file of filesOf('merkle/hyperlane'))
    for (const { testName, expectedRoot, leaves, proofs } of file.json<Published[]>())
      for (const { leaf, index, path } of proofs) {
        const judge = (root: Uint8Array) => (siblings: readonly Uint8Array[]) =>
          IncrementalTree.verify(shape, root, leaves.length, unhex(leaf), { index, siblings })
        const siblings = path.map(unhex)
        yield specimen({
          family: 'incremental-tree',
          name: `${testName} ${index}`,
          kind: 'hash',
          statement: `${expectedRoot} ${index}`,
          evidence: hashes.encode(siblings),
          decode: hashes.decode,
          encode: hashes.encode,
          judge: judge(unhex(expectedRoot)),
          untrusted: judge(ZERO),
          others: () => [...shuffled(siblings, ZERO)].map(hashes.encode),
        })
      }
}

/** Several leaves at once, and trees of sorted pairs; made, as nobody publishes such proofs. */
export function* multiproofs(): Iterable<Specimen> {
  for (const count of [1, 2, 5, 11]) {
    const leaves = Array.from({ length: count }, (_, i) => Hasher.keccak256(utf8(`${i} of ${count}`)))
    for (const [kind, scheme] of [
      ['rfc6962', BinaryTree.rfc6962(Hasher.sha256)],
      ['plain', BinaryTree.plain(Hasher.keccak256)],
    ] as const) {
      const tree = BinaryTree.from(scheme, leaves)
      const indices = [...new Set([0, count >> 1, count - 1])]
      const items = BinaryTree.proveMany(tree, indices)
      const own = indices.map((index) => ({ index, leaf: leaves[index] as Uint8Array }))
      const judge = (root: Uint8Array) => (items: readonly Uint8Array[]) =>
        BinaryTree.verifyMany(scheme, root, { count, leaves: own, items })
      yield specimen({
        family: 'multiproof',
        name: `${kind} ${count}`,
        kind: 'hash',
        statement: `${kind} ${count}`,
        evidence: hashes.encode(items),
        decode: hashes.decode,
        encode: hashes.encode,
        judge: judge(BinaryTree.root(tree)),
        untrusted: judge(ZERO),
        others: () => [...shuffled(items, ZERO)].map(hashes.encode),
      })
    }
    const scheme = SortedTree.standard()
    const tree = SortedTree.from(scheme, leaves)
    for (const index of new Set([0, count >> 1, count - 1])) {
      const judge = (root: Uint8Array) => (siblings: readonly Uint8Array[]) =>
        SortedTree.verify(scheme, root, leaves[index] as Uint8Array, siblings)
      const siblings = SortedTree.prove(tree, index)
      yield specimen({
        family: 'multiproof',
        name: `sorted ${index} of ${count}`,
        kind: 'hash',
        statement: `sorted ${index} of ${count}`,
        evidence: hashes.encode(siblings),
        decode: hashes.decode,
        encode: hashes.encode,
        judge: judge(SortedTree.root(tree)),
        untrusted: judge(ZERO),
        others: () => [...shuffled(siblings, ZERO)].map(hashes.encode),
      })
    }
  }
}

/** Accounts of the AITBC chain, there and absent. */
export function* aitbc(): Iterable<Specimen> {
  const entries = Array.from(
    { length: 40 },
    (_, i) =>
      [utf8(`ait1${'ab'.repeat(19)}${String(i).padStart(2, '0')}`), utf8(`${i * 1000}:${i}`)] as const,
  )
  const all = StateTrie.from(entries)
  const [first, last] = [entries[0], entries[39]] as [(typeof entries)[number], (typeof entries)[number]]
  for (const key of [first[0], last[0], utf8('ait1nobody'), utf8('')]) {
    const proof = StateTrie.prove(all, key)
    const judge = (root: Uint8Array) => (it: readonly Uint8Array[]) => {
      const found = StateTrie.lookup(root, key, it)
      return found.ok ? Verdict.accept(found.value ?? null) : found
    }
    yield specimen({
      family: 'aitbc-state',
      name: `at ${new TextDecoder().decode(key)}`,
      kind: 'hash',
      statement: hex(key),
      evidence: nodes.encode(proof),
      decode: nodes.decode,
      encode: nodes.encode,
      judge: judge(all.root),
      untrusted: judge(ZERO),
      others: () => [...shuffled(proof)].map(nodes.encode),
    })
  }
}
