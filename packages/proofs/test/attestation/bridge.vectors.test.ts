import { Guardians, Hyperlane, Secp256k1, Vaa } from '@aitbc/proofs/attestation'
import { IncrementalTree } from '@aitbc/proofs/merkle'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

/** Rows of a list of named VAAs; names may hold commas no more than VAAs do. */
function rowsOf(file: VectorFile): readonly { readonly name: string; readonly vaa: Uint8Array }[] {
  const rows = file.path.endsWith('.csv')
    ? file
        .text()
        .trim()
        .split('\n')
        .map((line) => line.trim().split(','))
    : file.json<readonly (readonly string[])[]>()
  return rows.map((row) => {
    if (row.length !== 2) throw new Error(`${file.path}: a row of name and VAA was expected`)
    return { name: row[0] as string, vaa: unhex(row[1] as string) }
  })
}

/** Addresses, and what else the published form of an appointment states. */
function readPrototxt(text: string) {
  const one = (field: string) =>
    /^(\d+)$/.exec(new RegExp(`\\b${field}:\\s*(\\S+)`).exec(text)?.[1] ?? '')?.[1]
  const guardians = [...text.matchAll(/pubkey:\s*"0x([0-9a-fA-F]{40})"/g)].map((match) =>
    unhex(match[1] as string),
  )
  if (guardians.length === 0) throw new Error('no guardians')
  return { guardians, timestamp: one('timestamp'), sequence: one('sequence'), nonce: one('nonce') }
}

/** What speaks for a set that nobody appoints in these files: everybody who signed another message of it. */
function signersOf(bytes: Uint8Array): readonly Uint8Array[] {
  const { signatures, digest } = value(Vaa.decode(bytes))
  return signatures.map(({ signature }) => value(Secp256k1.recover(digest, signature, 'from-0')))
}

function apply(state: Guardians.State, vaa: Uint8Array): Guardians.State {
  return value(Guardians.apply(state, { vaa, now: 0n }))
}

/** A VAA is the word of its set; with one bit changed, of its body or of a signature, it is nobody's. */
function assertSigned(state: Guardians.State, vaa: Uint8Array): void {
  value(Guardians.verify(state, vaa, 0n))
  const { signatures } = value(Vaa.decode(vaa))
  const body = 6 + 66 * signatures.length
  for (const at of [body, body + 20, vaa.length - 1, 7, 40])
    expect(Guardians.verify(state, flip(vaa, 8 * at), 0n)).toMatchObject({
      ok: false,
      refusal: { check: 'signature' },
    })
  const fewer = concat(vaa.subarray(0, 5), Uint8Array.of(0), vaa.subarray(body))
  expect(check(Guardians.verify(state, fewer, 0n))).toBe('threshold')
  expect(check(Guardians.verify(Guardians.fresh, vaa, 0n))).toBe('untrusted')
}

function* wormhole(files: readonly VectorFile[]): Iterable<Case> {
  const named = (pattern: RegExp) => files.filter(({ path }) => pattern.test(path))
  const upgrades = named(/^guardianSetVAAs\.csv$/).flatMap(rowsOf)
  const published = new Map(
    named(/^guardian-set-v\d+\.prototxt$/).map((file) => [Number(/\d+/.exec(file.path)?.[0]), file] as const),
  )
  // The first set's one guardian stayed in the second, whose list is published: that is the anchor.
  const states = new Map<number, Guardians.State>()
  const appointed = upgrades.map(({ name, vaa }) => {
    const body = value(Vaa.decode(vaa))
    return { name, vaa, body, index: value(Vaa.decodeUpgrade(body.body)).index }
  })
  /** The set that the others before it lead to; a case needs no other to have run. */
  const stateOf = (index: number): Guardians.State | undefined => {
    const found = appointed.find((one) => one.index === index)
    if (found === undefined) return undefined
    const known = states.get(index) ?? apply(appointing(found), found.vaa)
    states.set(index, known)
    return known
  }
  const appointing = ({ vaa, body }: (typeof appointed)[number]) =>
    stateOf(body.guardianSet) ?? anchorOf(body.guardianSet, vaa)
  for (const one of appointed) {
    const { name, vaa, body, index } = one
    yield {
      name: `${name}: set ${index}, appointed by set ${body.guardianSet}`,
      run() {
        const before = appointing(one)
        assertSigned(before, vaa)
        const after = apply(before, vaa)
        expect(stateOf(index)).toEqual(after)
        expect(check(Guardians.apply(after, { vaa, now: 0n }))).toBe('governance-set')
      },
    }
  }
  function anchorOf(index: number, vaa: Uint8Array): Guardians.State {
    const signers = signersOf(vaa)
    const next = published.get(index + 1)
    if (next === undefined) throw new Error(`nobody says who was in set ${index}`)
    const names = readPrototxt(next.text()).guardians.map(hex)
    for (const signer of signers) expect(names).toContain(hex(signer))
    return value(Guardians.trust({ index, guardians: signers }))
  }
  for (const [index, file] of published)
    yield {
      name: file.path,
      run() {
        const { guardians, timestamp, sequence, nonce } = readPrototxt(file.text())
        const state = stateOf(index)
        if (state === undefined) throw new Error(`no VAA appoints set ${index}`)
        expect(Guardians.finalized(state)?.guardians.map(hex)).toEqual(guardians.map(hex))
        const { body } = appointed.find((one) => one.index === index)?.body ?? {}
        expect(String(body?.timestamp)).toBe(timestamp)
        if (sequence !== undefined) expect(String(body?.sequence)).toBe(sequence)
        if (nonce !== undefined) expect(String(body?.nonce)).toBe(nonce)
      },
    }
  for (const file of named(/^(delegatedGuardianSetVAAs|mainnet-\w+)\.csv$/))
    for (const { name, vaa } of rowsOf(file))
      yield {
        name: `${file.path}: ${name}`,
        run() {
          const { guardianSet, body } = value(Vaa.decode(vaa))
          const state = stateOf(guardianSet)
          if (state === undefined) throw new Error(`set ${guardianSet} was not appointed`)
          assertSigned(state, vaa)
          const { module, action } = value(Vaa.decodeGovernance(body))
          expect(action).toBeGreaterThan(0)
          expect(module).toMatch(/^(WormholeRelayer|DelegatedGuardians)$/)
          expect(check(Vaa.decodeUpgrade(body))).toBe('governance-module')
        },
      }
  for (const file of named(/\.json$/)) yield* tests(file)
  const known =
    /^(guardianSetVAAs|delegatedGuardianSetVAAs|mainnet-\w+)\.csv$|^guardian-set-v\d+\.prototxt$|\.json$/
  for (const { path } of files)
    if (!known.test(path)) throw new Error(`${path} has a shape that is not known`)
}

/** A test network: its first set is whoever signs all of its messages, the next one is appointed among them. */
function* tests(file: VectorFile): Iterable<Case> {
  const rows = rowsOf(file).map(({ name, vaa }) => ({ name, vaa, parsed: value(Vaa.decode(vaa)) }))
  for (const { name, vaa, parsed } of rows)
    yield {
      name: `${file.path}: ${name}`,
      run() {
        const others = rows.filter((row) => row.vaa !== vaa)
        const appointment = others.find(({ parsed: { body } }) => {
          const upgrade = Vaa.decodeUpgrade(body)
          return upgrade.ok && upgrade.value.index === parsed.guardianSet
        })
        const sibling = others.find((row) => row.parsed.guardianSet === parsed.guardianSet)
        if (appointment !== undefined) {
          const index = appointment.parsed.guardianSet
          const first = value(Guardians.trust({ index, guardians: signersOf(appointment.vaa) }))
          assertSigned(apply(first, appointment.vaa), vaa)
        } else if (sibling !== undefined)
          assertSigned(
            value(Guardians.trust({ index: parsed.guardianSet, guardians: signersOf(sibling.vaa) })),
            vaa,
          )
        else throw new Error('nothing says who may sign')
      },
    }
}

readVectors({
  topic: 'bridges',
  folder: 'bridge/wormhole',
  title: 'A53',
  group: () => 'guardian sets and what they signed',
  cases: wormhole,
})

interface Signature {
  readonly r: string
  readonly s: string
  readonly v: number
}

function signatureOf({ r, s, v }: Signature): Uint8Array {
  const word = (text: string) => unhex(text.slice(2).padStart(64, '0'))
  return concat(word(r), word(s), Uint8Array.of(v))
}

function u32(number: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, number)
  return out
}

function assertInTree(root: Uint8Array, leaf: Uint8Array, index: number, path: readonly string[]): void {
  const proof = { index, siblings: path.map(unhex) }
  value(IncrementalTree.verify(Hyperlane.SHAPE, root, index + 1, leaf, proof))
  expect(check(IncrementalTree.verify(Hyperlane.SHAPE, root, index + 1, flip(leaf, 3), proof))).toBe(
    'merkle-root',
  )
  const other = { ...proof, index: index ^ 1 }
  expect(check(IncrementalTree.verify(Hyperlane.SHAPE, root, index + 2, leaf, other))).toBe('merkle-root')
  expect(check(IncrementalTree.verify(Hyperlane.SHAPE, root, index, leaf, proof))).toBe('merkle-index')
}

function* all<T>(items: readonly T[], name: (item: T) => string, run: (item: T) => void): Iterable<Case> {
  for (const item of items) yield { name: name(item), run: () => run(item) }
}

interface Path {
  readonly leaf: string
  readonly index: number
  readonly path: readonly string[]
}

/** Cases of one file, by its name. */
const hyperlane: Readonly<Record<string, (file: VectorFile) => Iterable<Case>>> = {
  'domainHash.json': (file) =>
    all(
      file.json<readonly { domain: number; mailbox: string; expectedDomainHash: string }[]>(),
      ({ domain }) => `domain ${domain}`,
      ({ domain, mailbox, expectedDomainHash }) =>
        expect(hex(Hyperlane.domainHash(domain, unhex(mailbox)))).toBe(expectedDomainHash.slice(2)),
    ),
  'merkle.json': function* (file) {
    type Tree = { testName: string; expectedRoot: string; leaves: readonly string[]; proofs: readonly Path[] }
    for (const { testName, expectedRoot, leaves, proofs } of file.json<readonly Tree[]>()) {
      const root = unhex(expectedRoot)
      yield {
        name: `${testName}: root`,
        run() {
          const hashes = leaves.map((leaf) => Secp256k1.personalDigest(new TextEncoder().encode(leaf)))
          const tree = hashes.reduce(IncrementalTree.append, IncrementalTree.empty(Hyperlane.SHAPE))
          expect(hex(IncrementalTree.root(tree))).toBe(hex(root))
          expect(hashes.map(hex)).toEqual(proofs.map(({ leaf }) => leaf.slice(2)))
        },
      }
      yield* all(
        proofs,
        ({ index }) => `${testName}: leaf ${index}`,
        ({ leaf, index, path }) => assertInTree(root, unhex(leaf), index, path),
      )
    }
  },
  'message.json': (file) =>
    all(
      file.json<readonly { [name: string]: string | number; id: string }[]>(),
      ({ nonce }) => `message ${nonce}`,
      (stated) => {
        const message: Hyperlane.Message = {
          version: Number(stated['version']),
          nonce: Number(stated['nonce']),
          origin: Number(stated['origin']),
          sender: unhex(String(stated['sender'])),
          destination: Number(stated['destination']),
          recipient: unhex(String(stated['recipient'])),
          body: Uint8Array.from(stated['body'] as unknown as readonly number[]),
        }
        const bytes = Hyperlane.encode(message)
        expect(hex(Hyperlane.idOf(message))).toBe(stated.id.slice(2))
        expect(value(Hyperlane.decode(bytes))).toEqual(message)
        expect(check(Hyperlane.decode(bytes.subarray(0, 76)))).toBe('evidence-encoding')
      },
    ),
  'messageWithProof.json'(file) {
    type Form = { leaf: string; index: number; proof: readonly string[]; message: string; root: string }
    return all(
      [file.json<Form>()],
      () => 'a message of before version 3',
      ({ leaf, index, proof, message, root }) => {
        assertInTree(unhex(root), unhex(leaf), index, proof)
        expect(Hyperlane.decode(unhex(message)).ok).toBe(false)
      },
    )
  },
  'proof.json': (file) =>
    all(
      [file.json<{ proof: Path; root: string }>()],
      () => 'proof',
      ({ proof: { leaf, index, path }, root }) => assertInTree(unhex(root), unhex(leaf), index, path),
    ),
  'proveAndProcess.json': (file) =>
    all(
      file.json<readonly Path[]>(),
      ({ index }) => `leaf ${index}`,
      ({ leaf, index, path }) => {
        // The root is nowhere stated: that of the tree which the path describes, the leaf being its last.
        const tree = path.reduce<Uint8Array>((node, sibling, height) => {
          const [left, right] =
            ((index >> height) & 1) === 1 ? [unhex(sibling), node] : [node, unhex(sibling)]
          return keccak_256(concat(left, right))
        }, unhex(leaf))
        assertInTree(tree, unhex(leaf), index, path)
      },
    ),
  'signedCheckpoint.json'(file) {
    type Form = {
      domain: number
      merkle_tree_hook: string
      root: string
      index: number
      signature: Signature
      signer: string
    }
    return all(
      file.json<readonly Form[]>(),
      ({ domain, index }) => `checkpoint ${index} of ${domain}`,
      ({ domain, merkle_tree_hook, root, index, signature, signer }) => {
        const checkpoint = { domain, hook: unhex(merkle_tree_hook), root: unhex(root), index }
        const signedBy = (changed: Partial<Hyperlane.Checkpoint>) => {
          const digest = Hyperlane.checkpointDigest({ ...checkpoint, ...changed })
          const verdict = Secp256k1.recover(digest, signatureOf(signature), 'from-27')
          return verdict.ok ? hex(verdict.value) : verdict.refusal.check
        }
        expect(signedBy({})).toBe(hex(unhex(signer)))
        for (const changed of [
          { domain: domain + 1 },
          { hook: flip(checkpoint.hook, 0) },
          { root: flip(checkpoint.root, 0) },
          { index: index + 1 },
          { messageId: new Uint8Array(32) },
        ])
          expect(signedBy(changed)).not.toBe(hex(unhex(signer)))
      },
    )
  },
  'signedFailure.json'(file) {
    type Form = { domain: number; signature: Signature; signer: string; updater: string }
    return all(
      file.json<readonly Form[]>(),
      ({ domain }) => `failure of ${domain}, as Optics had it`,
      ({ domain, signature, signer, updater }) => {
        const home = keccak_256(concat(u32(domain), new TextEncoder().encode('OPTICS')))
        const notice = concat(home, u32(domain), new Uint8Array(12), unhex(updater))
        const digest = Secp256k1.personalDigest(keccak_256(notice))
        expect(hex(value(Secp256k1.recover(digest, signatureOf(signature), 'from-27')))).toBe(signer.slice(2))
      },
    )
  },
}

readVectors({
  topic: 'bridges',
  folder: 'bridge/hyperlane',
  title: 'A52, A53',
  cases([file]) {
    const { path } = file as VectorFile
    const cases = hyperlane[path]
    if (cases === undefined) throw new Error(`${path} has a shape that is not known`)
    return cases(file as VectorFile)
  },
})
