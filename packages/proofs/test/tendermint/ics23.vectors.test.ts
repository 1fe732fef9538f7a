import { Ics23 } from '@aitbc/proofs/tendermint'
import { base64 } from '@scure/base'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, flip, hex, unhex, value } from '../helpers.js'

const { CommitmentProof, ExistenceProof, HashOp, InnerOp, LeafOp, ProofSpec } = Ics23
const utf8 = (text: string) => new TextEncoder().encode(text)

type Json = Readonly<Record<string, unknown>>
type JsonOp = Json
interface JsonProof {
  readonly key?: string
  readonly value?: string
  readonly leaf?: JsonOp
  readonly path?: readonly JsonOp[]
}
interface JsonSpec {
  readonly leaf_spec?: JsonOp
  readonly inner_spec?: Json
  readonly max_depth?: number
  readonly min_depth?: number
}

const bytes = (it: unknown) => (typeof it === 'string' ? base64.decode(it) : new Uint8Array(0))
const named = <T>(names: readonly T[], it: unknown): T => {
  const name = names[Number(it ?? 0)]
  if (name === undefined) throw new Error(`no operation has the number ${String(it)}`)
  return name
}
const leafOf = (op: JsonOp): Ics23.LeafOp.LeafOp => ({
  hash: named(HashOp.NAMES, op['hash']),
  prehashKey: named(HashOp.NAMES, op['prehash_key']),
  prehashValue: named(HashOp.NAMES, op['prehash_value']),
  length: named(LeafOp.LENGTHS, op['length']),
  prefix: bytes(op['prefix']),
})
const innerOf = (op: JsonOp): Ics23.InnerOp.InnerOp => ({
  hash: named(HashOp.NAMES, op['hash']),
  prefix: bytes(op['prefix']),
  suffix: bytes(op['suffix']),
})
const proofOf = (json: JsonProof = {}): Ics23.ExistenceProof.ExistenceProof => ({
  key: bytes(json.key),
  value: bytes(json.value),
  leaf: json.leaf === undefined ? undefined : leafOf(json.leaf),
  path: (json.path ?? []).map(innerOf),
})
const specOf = (json: JsonSpec = {}): Ics23.ProofSpec.ProofSpec => {
  const inner = json.inner_spec ?? {}
  const innerSpec = {
    childOrder: (inner['child_order'] ?? []) as number[],
    childSize: Number(inner['child_size'] ?? 0),
    minPrefixLength: Number(inner['min_prefix_length'] ?? 0),
    maxPrefixLength: Number(inner['max_prefix_length'] ?? 0),
    emptyChild: bytes(inner['empty_child']),
    hash: named(HashOp.NAMES, inner['hash']),
  }
  return {
    leafSpec: leafOf(json.leaf_spec ?? {}),
    innerSpec,
    maxDepth: json.max_depth ?? 0,
    minDepth: json.min_depth ?? 0,
    prehashKeyBeforeComparison: false,
    nodes: innerSpec.childSize === ProofSpec.iavl.innerSpec.childSize ? 'iavl' : 'any',
  }
}

/** What each kind of case holds, told by its fields; and what is done with it. */
const KINDS: Readonly<Record<string, (it: Json) => void>> = {
  'expectedhash hashop preimage': (it) => {
    const hash = HashOp.hash(named(HashOp.NAMES, it['hashop']), utf8(it['preimage'] as string))
    expect(hex(hash as Uint8Array)).toBe(it['expectedhash'])
  },
  'expected iserr key op value': (it) => {
    const hash = LeafOp.apply(leafOf(it['op'] as JsonOp), bytes(it['key']), bytes(it['value']))
    if (it['iserr'] === true) expect(check(hash)).toMatch(/^ics23-/)
    else expect(value(hash)).toEqual(bytes(it['expected']))
  },
  'child expected iserr op': (it) => {
    const hash = InnerOp.apply(innerOf(it['op'] as JsonOp), bytes(it['child']))
    if (it['iserr'] === true) expect(check(hash)).toMatch(/^ics23-/)
    else expect(value(hash)).toEqual(bytes(it['expected']))
  },
  'iserr leaf spec': (it) => {
    const verdict = LeafOp.check(leafOf(it['leaf'] as JsonOp), leafOf(it['spec'] as JsonOp))
    expect(verdict.ok).toBe(it['iserr'] === false)
  },
  'err proof spec': (it) => {
    const verdict = ExistenceProof.check(proofOf(it['proof'] as JsonProof), specOf(it['spec'] as JsonSpec))
    expect(verdict.ok).toBe(it['err'] === '')
  },
  'isleft isright op spec': (it) => {
    const op = innerOf(it['op'] as JsonOp)
    const { innerSpec } = specOf(it['spec'] as JsonSpec)
    const branch = InnerOp.branchOf(op, innerSpec)
    // The children beside the path's are empty: those before it, or those behind it.
    expect(branch === 1 && InnerOp.isLeftmost(op, innerSpec)).toBe(it['isleft'])
    expect(branch === 0 && InnerOp.isRightmost(op, innerSpec)).toBe(it['isright'])
  },
  'expected iserr proof': (it) => {
    const root = ExistenceProof.rootOf(proofOf(it['proof'] as JsonProof))
    if (it['iserr'] === true) expect(check(root)).toMatch(/^ics23-/)
    else expect(value(root)).toEqual(bytes(it['expected']))
  },
}

/** Cases of one operation each, in a list or by their names. */
function operations(json: Json | readonly Json[]): Case[] {
  return Object.entries(json as Readonly<Record<string, Json>>).map(([name, fields]) => {
    // Names are of any case, as in Go.
    const it = Object.fromEntries(Object.entries(fields).map(([key, held]) => [key.toLowerCase(), held]))
    const run = KINDS[Object.keys(it).sort().join(' ')]
    if (run === undefined) throw new Error(`${name}: nothing is known that has ${Object.keys(it).join(' ')}`)
    return { name, run: () => run(it) }
  })
}

interface Statement {
  readonly key: string
  readonly value: string
  readonly root: string
}
type Tree = 'iavl' | 'tendermint' | 'smt'
const TREES: readonly string[] = ['iavl', 'tendermint', 'smt']
const statementOf = (it: Statement) => ({
  key: unhex(it.key),
  value: it.value === '' ? null : unhex(it.value),
})

/** A proof: it holds for its own tree, root and statement, and for nothing else. */
function proved(tree: Tree, json: Statement & { readonly proof: string }): void {
  const spec = ProofSpec[tree]
  const [raw, root] = [unhex(json.proof), unhex(json.root)]
  const proof = value(CommitmentProof.decode(raw))
  expect(hex(CommitmentProof.encode(proof))).toBe(json.proof.toLowerCase())
  const { key, value: held } = statementOf(json)
  expect(value(CommitmentProof.verify(root, spec, { key, value: held }, proof))).toEqual(held)
  for (const other of TREES)
    if (other !== tree)
      expect(CommitmentProof.verify(root, ProofSpec[other as Tree], { key, value: held }, proof).ok).toBe(
        false,
      )
  expect(CommitmentProof.verify(flip(root, 3), spec, { key, value: held }, proof).ok).toBe(false)
  const statement = { key, value: held === null ? utf8('value') : null }
  expect(check(CommitmentProof.verify(root, spec, statement, proof))).toBe('ics23-kind')
  expect(check(CommitmentProof.verify(root, spec, { key: flip(key, 0), value: held }, proof))).toBe(
    'ics23-key',
  )
}

/** Proofs of many statements under one root; that of a statement less, or of one changed, is refused. */
function provedTogether(
  tree: Tree,
  json: { readonly items: readonly Statement[]; readonly proof: string },
): void {
  const spec = ProofSpec[tree]
  const raw = unhex(json.proof)
  const proof = value(CommitmentProof.decode(raw))
  expect(hex(CommitmentProof.encode(proof))).toBe(json.proof.toLowerCase())
  const [first] = json.items
  if (first === undefined || json.items.some(({ root }) => root !== first.root))
    throw new Error('statements under one root are expected')
  const root = unhex(first.root)
  const statements = json.items.map(statementOf)
  expect(value(CommitmentProof.verifyBatch(root, spec, statements, proof))).toEqual(statements)
  expect(check(CommitmentProof.verifyBatch(root, spec, statements.slice(1), proof))).toBe('ics23-entries')
  const [{ key, value: held }] = statements as [(typeof statements)[number]]
  const changed = [{ key: flip(key, 0), value: held }, ...statements.slice(1)]
  expect(check(CommitmentProof.verifyBatch(root, spec, changed, proof))).toBe('ics23-key')
}

/** What once made another implementation fall over: it is decoded and judged without a throw, and nothing is proved by it. */
function crasher(text: string): void {
  const quoted = /^go test fuzz v1\n\[\]byte\((".*")\)\s*$/s.exec(text)?.[1]
  if (quoted === undefined) throw new Error('an input of go test fuzz v1 is expected')
  const inner = JSON.parse(quoted.replace(/\\x([0-9a-f]{2})/g, '\\u00$1')) as string
  expect(CommitmentProof.decode(utf8(inner)).ok).toBe(false)
  let json: { proof?: JsonProof; spec?: JsonSpec }
  try {
    // Go reads names of any case.
    json = JSON.parse(inner.replace(/"[a-zA-Z_]+":/g, (name) => name.toLowerCase()))
  } catch {
    // Not JSON: that implementation stops there as well.
    return
  }
  const [proof, spec] = [proofOf(json.proof), specOf(json.spec)]
  expect(typeof ExistenceProof.check(proof, spec).ok).toBe('boolean')
  expect(typeof ExistenceProof.rootOf(proof).ok).toBe('boolean')
  const root = new Uint8Array(32).fill(1)
  for (const it of [spec, ProofSpec.iavl, ProofSpec.tendermint, ProofSpec.smt])
    expect(ExistenceProof.verify(root, it, proof.key, proof.value, proof).ok).toBe(false)
}

function cases([file]: readonly VectorFile[]): Case[] {
  const { path, text } = file as VectorFile
  if (path.startsWith('fuzz-regressions/')) return [{ name: path, run: () => crasher(text()) }]
  const json = (file as VectorFile).json<Json | readonly Json[]>()
  const [tree, name] = path.split('/') as [string, string | undefined]
  if (name === undefined) return operations(json)
  if (!TREES.includes(tree)) throw new Error(`no tree of kind ${tree} is known`)
  const fields = Object.keys(json).sort().join(' ')
  if (fields === 'key proof root value')
    return [{ name, run: () => proved(tree as Tree, json as unknown as Parameters<typeof proved>[1]) }]
  if (fields === 'items proof')
    return [
      {
        name,
        run: () => provedTogether(tree as Tree, json as unknown as Parameters<typeof provedTogether>[1]),
      },
    ]
  throw new Error(`nothing is known that has ${fields}`)
}

readVectors({ topic: 'cosmos', folder: 'cosmos/ics23', title: 'A30, A32', cases })
