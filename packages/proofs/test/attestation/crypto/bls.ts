import { Bls, Eip2537 } from '@aitbc/proofs/bls'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expect } from 'vitest'
import type { Case, VectorFile } from '../../../../../scripts/vectors/reader.js'
import { check, hex, unhex, value } from '../../helpers.js'

const suiteOf = (group: 'G1' | 'G2') => value(Bls.suite(`BLS_SIG_BLS12381${group}_XMD:SHA-256_SSWU_RO_NUL_`))

/** Public keys by secret: in these files few secrets sign much. */
function publicKey(signatures: 'G1' | 'G2', secret: Uint8Array): Uint8Array {
  const scalar = bls12_381.fields.Fr.fromBytes(secret)
  return bls12_381[signatures === 'G2' ? 'G1' : 'G2'].Point.BASE.multiply(scalar).toBytes()
}

/** Lines of secret, message and signature: `bls12-381-g1-test-vectors.txt`, where signatures stand in the group named. */
export function* signed(file: VectorFile): Iterable<Case> {
  const group = /-(g[12])-/.exec(file.path)?.[1]?.toUpperCase() as 'G1' | 'G2'
  const suite = suiteOf(group)
  for (const [i, line] of file.text().trim().split('\n').entries()) {
    const parts = line.trim().split(':')
    if (parts.length !== 3) throw new Error(`line ${i + 1} is not secret:message:signature`)
    const [secret, message, signature] = parts.map(unhex) as [Uint8Array, Uint8Array, Uint8Array]
    yield {
      name: `line ${i + 1}`,
      run() {
        const key = publicKey(group, secret)
        value(Bls.verify(suite, key, message, signature))
      },
    }
  }
}

/** The multiples 0, 1, 2, … of the generator, one behind the other. */
export function* points(file: VectorFile): Iterable<Case> {
  const group = /-g([12])_/.exec(file.path)?.[1]
  const suite = suiteOf(group === '1' ? 'G2' : 'G1')
  const width = group === '1' ? 48 : 96
  const bytes = file.bytes()
  if (bytes.length % width !== 0) throw new Error('not a row of compressed points')
  const { Point } = bls12_381[group === '1' ? 'G1' : 'G2']
  // Carried from case to case, each of which also runs by itself.
  let multiple = Point.ZERO
  let times = 0
  for (let i = 0; i * width < bytes.length; i++) {
    const point = bytes.subarray(i * width, (i + 1) * width)
    yield {
      name: `${i} times the generator`,
      run() {
        for (; times < i; times++) multiple = multiple.add(Point.BASE as never) as never
        const expected = multiple
        if (i === 0) expect(check(Bls.readKey(suite, point))).toBe('key-infinity')
        else expect(expected.equals(value(Bls.readKey(suite, point)) as never)).toBe(true)
      },
    }
  }
}

/** `sec`, `pub`, `msg`, `sig` as often as they come, then `out`. */
function* records(
  file: VectorFile,
): Iterable<Readonly<Record<string, readonly string[]>> & { readonly out: string }> {
  let fields: Record<string, string[]> = {}
  for (const line of file
    .text()
    .split('\n')
    .filter((each) => each.trim() !== '')) {
    const [, name = '', text = ''] = /^(sec|pub|msg|sig|out) ?(\S*)$/.exec(line.trim()) ?? []
    if (name === '') throw new Error(`no field: ${line}`)
    if (name !== 'out') fields[name] = [...(fields[name] ?? []), text]
    else {
      yield { ...fields, out: text } as never
      fields = {}
    }
  }
  if (Object.keys(fields).length > 0) throw new Error('a record without outcome')
}

/** Ethereum's consensus tests of BLS, one function a file. */
export function* eth2(file: VectorFile): Iterable<Case> {
  const suite = Bls.ETHEREUM
  const name = /^.*\/(\w+)\.txt$/.exec(file.path)?.[1] as string
  let at = 0
  for (const { sec = [], pub = [], msg = [], sig = [], out } of records(file)) {
    const [keys, messages, signatures] = [pub.map(unhex), msg.map(unhex), sig.map(unhex)]
    const message = messages[0] as Uint8Array
    const signature = signatures[0] as Uint8Array
    const judge: Readonly<Record<string, () => unknown>> = {
      aggregate: () => hex(value(Bls.aggregate(suite, signatures))),
      sign: () => Bls.verify(suite, publicKey('G2', unhex(sec[0] as string)), message, unhex(out)).ok && out,
      verify: () => String(Bls.verify(suite, keys[0] as Uint8Array, message, signature).ok),
      aggregate_verify: () => String(Bls.verifyDistinct(suite, keys, messages, signature).ok),
      fast_aggregate_verify: () => String(Bls.verifyShared(suite, keys, message, signature).ok),
    }
    const run = judge[name]
    if (run === undefined) throw new Error(`no function ${name}`)
    yield { name: `${name} ${at++}`, run: () => expect(run()).toBe(out) }
  }
}

interface Precompile {
  readonly Name: string
  readonly Input: string
  readonly Expected?: string
  readonly ExpectedError?: string
}

const REFUSALS: Readonly<Record<string, string>> = {
  'invalid input length': 'field-length',
  'invalid fp.Element encoding': 'field-element',
  'invalid field element top bytes': 'field-element',
  'invalid point: not on curve': 'point-curve',
  'g1 point is not in the correct subgroup': 'point-subgroup',
  'g2 point is not in the correct subgroup': 'point-subgroup',
}

/** A refusal of an input, or what a precompile gives for it; curves are @noble's, encodings and checks are this project's. */
function compute(operation: string, input: Uint8Array): string {
  const group = operation.includes('G1') ? 'G1' : 'G2'
  const width = group === 'G1' ? 128 : 256
  const { Point } = bls12_381[group]
  const read = (at: number, subgroup: 'required' | 'any') =>
    Eip2537.decode(group as 'G1', input.slice(at, at + width), { subgroup })
  const write = (point: unknown) => hex(Eip2537.encode(point as Bls.Point))
  const items = (size: number) =>
    input.length > 0 && input.length % size === 0 ? input.length / size : undefined
  if (operation.startsWith('map')) {
    const element = Eip2537.decodeField(input, group === 'G1' ? 1 : 2)
    if (!element.ok) return element.refusal.check
    const [re, im] = element.value
    return write(bls12_381[group].mapToCurve((im === undefined ? re : [re, im]) as never))
  }
  if (operation.startsWith('add')) {
    if (input.length !== 2 * width) return 'field-length'
    const [p, q] = [read(0, 'any'), read(width, 'any')]
    if (!p.ok) return p.refusal.check
    return q.ok ? write(p.value.add(q.value)) : q.refusal.check
  }
  if (operation.startsWith('pairing')) {
    const count = items(384)
    if (count === undefined) return 'field-length'
    const pairs: { g1: Bls.G1; g2: Bls.G2 }[] = []
    for (let i = 0; i < count; i++) {
      const g1 = Eip2537.decode('G1', input.slice(384 * i, 384 * i + 128))
      const g2 = Eip2537.decode('G2', input.slice(384 * i + 128, 384 * (i + 1)))
      if (!g1.ok) return g1.refusal.check
      if (!g2.ok) return g2.refusal.check
      pairs.push({ g1: g1.value, g2: g2.value })
    }
    return (Bls.cancel(pairs) ? '1' : '0').padStart(64, '0')
  }
  const count = items(width + 32)
  if (count === undefined || (operation.startsWith('mul') && count !== 1)) return 'field-length'
  let sum = Point.ZERO as Bls.G1
  for (let i = 0; i < count; i++) {
    const point = read((width + 32) * i, 'required')
    if (!point.ok) return point.refusal.check
    const at = (width + 32) * i + width
    const factor = BigInt(`0x${hex(input.slice(at, at + 32))}`) % Point.Fn.ORDER
    sum = sum.add(point.value.multiplyUnsafe(factor))
  }
  return write(sum)
}

/** Inputs of Ethereum's precompiles (EIP-2537), by the operation in the file's name. */
export function* precompiles(file: VectorFile): Iterable<Case> {
  const named =
    /(?:^|\/)(?:fail-)?((?:add|mul|msm)_G[12]|map_fp_to_G1|map_fp2_to_G2|pairing_check)_bls\.json$/.exec(
      file.path,
    )?.[1]
  const read = file.json<readonly Precompile[] | Readonly<Record<'G1' | 'G2', readonly Precompile[]>>>()
  const groups: readonly (readonly [string | undefined, readonly Precompile[]])[] = Array.isArray(read)
    ? [[named, read]]
    : Object.entries(read).map(([group, tests]) => [`map_to_${group}`, tests])
  for (const [operation, tests] of groups) {
    if (operation === undefined) throw new Error(`no operation in the name ${file.path}`)
    for (const { Name, Input, Expected, ExpectedError } of tests) {
      const expected = Expected ?? REFUSALS[ExpectedError ?? '']
      if (expected === undefined) throw new Error(`${Name}: unknown error ${ExpectedError}`)
      yield { name: Name, run: () => expect(compute(operation, unhex(Input))).toBe(expected) }
    }
  }
}

interface HashToCurve {
  readonly curve: string
  readonly dst: string
  readonly randomOracle: boolean
  readonly vectors: readonly {
    readonly msg: string
    readonly P: { readonly x: string; readonly y: string }
  }[]
}

/** Hashing to a group (RFC 9380, appendix J): the two groups and the mode that signatures use. */
export function* hashToCurve(file: VectorFile): Iterable<Case> {
  const { curve, dst, randomOracle, vectors } = file.json<HashToCurve>()
  const group = /^BLS12-381 (G[12])$/.exec(curve)?.[1] as 'G1' | 'G2' | undefined
  if (group === undefined || !randomOracle)
    throw new Error(`${file.path}: not of a suite that signatures use`)
  for (const { msg, P } of vectors)
    yield {
      name: `${group}: ${msg.slice(0, 16)}`,
      run() {
        const point = Bls.hashTo(group, new TextEncoder().encode(msg), dst)
        const stated = [P.x, P.y]
          .flatMap((text) => text.split(','))
          .map((text) => text.slice(2).padStart(128, '0'))
        expect(hex(Eip2537.encode(point))).toBe(stated.join(''))
      },
    }
}

interface Wycheproof {
  readonly testGroups: readonly {
    readonly ciphersuite?: string
    readonly dst?: string
    readonly publicKey?: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly result: string
      readonly msg: string
      readonly expected: string
      readonly sig: string
      readonly pubkeys: readonly string[]
      readonly messages: readonly string[]
    }[]
  }[]
}

/** Wycheproof's BLS tests, by schema. */
export function* wycheproof(file: VectorFile, schema: string): Iterable<Case> {
  for (const { ciphersuite, dst, publicKey, tests } of file.json<Wycheproof>().testGroups)
    for (const { tcId, comment, result, msg, expected, sig, pubkeys, messages } of tests) {
      if (result !== 'valid' && result !== 'invalid') throw new Error(`${tcId}: ${result} is neither`)
      yield {
        name: `${tcId}: ${comment}`,
        run() {
          if (schema.startsWith('bls_hash_to_g2')) {
            const point = Bls.hashTo('G2', unhex(msg), dst as string)
            expect(hex(point.toBytes()) === expected).toBe(result === 'valid')
            return
          }
          const suite = value(Bls.suite(ciphersuite as string))
          const verdict = schema.startsWith('bls_aggregate')
            ? Bls.verifyDistinct(suite, pubkeys.map(unhex), messages.map(unhex), unhex(sig))
            : Bls.verify(suite, unhex((publicKey as { pk: string }).pk), unhex(msg), unhex(sig))
          expect(verdict.ok).toBe(result === 'valid')
        },
      }
    }
}
