import { AuthorityChange, AuthoritySet, Hasher, Header, Justification, Scale } from '@aitbc/proofs/substrate'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { AVAIL, type Described, readAvail } from './avail.js'

const only = (files: readonly VectorFile[]) => files[0] as VectorFile
const fieldsOf = (json: object) => Object.keys(json).sort().join(' ')
const authority = (publicKey: Uint8Array) => ({ publicKey, weight: 1n })
const invented = (count: number) =>
  Array.from({ length: count }, (_, i) => authority(new Uint8Array(32).fill(i + 1)))

readVectors({
  topic: 'polkadot',
  folder: 'polkadot/grandpa',
  title: 'A40: votes of GRANDPA',
  cases(files) {
    const json = only(files).json<object>()
    const { path } = only(files)
    if ('scale_hex' in json) return [{ name: path, run: () => encoded(json as Encoded) }]
    if (fieldsOf(json) === 'justification validator_set') return described(path, json as Described)
    throw new Error(`nothing is known that has ${fieldsOf(json)}`)
  },
})

interface Encoded {
  readonly scale_hex: string
  readonly set_id: number
  readonly round: number
  readonly block_number: number
}

/** Real votes, whose set isn't told: they count for their set and round alone, and in a set that isn't too large. */
function encoded({ scale_hex, set_id, round, block_number }: Encoded): void {
  const justification = value(Justification.decode(unhex(scale_hex)))
  expect(hex(Justification.encode(justification))).toBe(scale_hex)
  expect(justification.round).toBe(BigInt(round))
  const voters = justification.precommits.map((vote) => authority(vote.authority))
  const id = BigInt(set_id)
  // Of 3k + 1 voters, 2k + 1 are needed.
  const most = Math.floor((voters.length - 1) / 2)
  const authorities = [...voters, ...invented(most)]
  const of = (round: bigint, set: AuthoritySet.AuthoritySet) =>
    Justification.verify({ ...justification, round }, set)
  expect(value(of(BigInt(round), { id, authorities })).number).toBe(BigInt(block_number))
  expect(check(of(BigInt(round), { id: id + 1n, authorities }))).toBe('vote-signature')
  expect(check(of(BigInt(round) + 1n, { id, authorities }))).toBe('vote-signature')
  const larger = [...voters, ...invented(most + 1)]
  expect(check(of(BigInt(round), { id, authorities: larger }))).toBe('weight')
  const others = [...voters.slice(1), ...invented(most + 1)]
  expect(check(of(BigInt(round), { id, authorities: others }))).toBe('authority-unknown')
}

/** Votes of Avail with their set: a vote counts where headers lead from it down to the target. */
function described(path: string, json: Described): Case[] {
  const { justification, voters } = readAvail(json)
  const parents = new Map(
    justification.ancestries.map((it) => [hex(Header.hash(it, AVAIL)), hex(it.parentHash)]),
  )
  const target = hex(justification.targetHash)
  const counted = justification.precommits.filter(({ targetHash }) => {
    let at: string | undefined = hex(targetHash)
    while (at !== undefined && at !== target) at = parents.get(at)
    return at === target
  }).length
  const enough = 3 * counted > 2 * voters.authorities.length
  const whole = counted === justification.precommits.length
  // The names say what the files are about.
  if (path.includes('missing_link')) expect(whole).toBe(false)
  if (path.includes('no_majority')) expect(enough).toBe(false)
  const verify = (unrouted: 'refuse' | 'ignore', format: Header.Format = AVAIL) =>
    Justification.verify(justification, voters, { format, unrouted })
  return [
    {
      name: `${path}: in its one encoding`,
      run: () => {
        const bytes = Justification.encode(justification, AVAIL)
        expect(value(Justification.decode(bytes, AVAIL))).toEqual(justification)
      },
    },
    {
      name: `${path}: ${counted} of ${voters.authorities.length} lead to the target`,
      run: () => {
        const verdict = verify('ignore')
        if (enough) expect(hex(value(verdict).hash)).toBe(target)
        else expect(check(verdict)).toBe('weight')
        const higher = justification.precommits.some((vote) => hex(vote.targetHash) !== target)
        if (higher) expect(check(verify('refuse', Header.POLKADOT))).toBe('ancestry-missing')
      },
    },
    {
      name: `${path}: all votes, or none`,
      run: () => {
        const verdict = verify('refuse')
        if (enough && whole) expect(value(verdict).number).toBe(justification.targetNumber)
        else expect(check(verdict)).toBe(whole ? 'weight' : 'ancestry-missing')
      },
    },
  ]
}

readVectors({
  topic: 'polkadot',
  folder: 'polkadot/headers',
  title: 'A41, A47: headers as the chain writes them',
  cases(files) {
    const { path, bytes: read } = only(files)
    const number = /-(\d+)\.scale$/.exec(path)?.[1]
    if (number === undefined) throw new Error('a header is named by its number')
    const bytes = read()
    const run = () => {
      const header = value(Header.decode(bytes))
      expect(header.number).toBe(BigInt(number))
      expect(hex(Header.encode(header))).toBe(hex(bytes))
      expect(hex(header.hash)).toBe(hex(Hasher.blake2b256(bytes)))
      // A message of consensus for GRANDPA that schedules a change.
      const change = value(AuthorityChange.of(header))
      const scheduled = header.digest.some(
        (item) => item.kind === 'consensus' && hex(item.engine) === hex(utf8('FRNK')) && item.data[0] === 1,
      )
      expect(change?.kind).toBe(scheduled ? 'scheduled' : undefined)
      for (let end = 0; end < bytes.length; end += 997)
        expect(Header.decode(bytes.subarray(0, end)).ok).toBe(false)
      expect(check(Header.decode(concat(bytes, Uint8Array.of(0))))).toBe('scale-trailing')
      expect(hex(value(Header.decode(flip(bytes, 0))).hash)).not.toBe(hex(header.hash))
    }
    return [{ name: path, run }]
  },
})

const utf8 = (text: string) => new TextEncoder().encode(text)

type Log = string | { readonly Seal: [number, string] } | { readonly AuthoritiesChange: readonly string[] }
interface Json {
  readonly parentHash: string
  readonly number: string
  readonly stateRoot: string
  readonly extrinsicsRoot: string
  readonly digest: { readonly logs: readonly Log[] }
}

/** Digest items as bytes; those of 2018, which no chain writes any more, have tags that are unknown today. */
function logOf(log: Log): Uint8Array {
  if (typeof log === 'string') return unhex(log)
  if ('Seal' in log)
    return concat(Uint8Array.of(3), Scale.encode(Scale.u64, BigInt(log.Seal[0])), unhex(log.Seal[1]))
  if ('AuthoritiesChange' in log)
    return concat(
      Uint8Array.of(1),
      Scale.encode(Scale.list(Scale.fixed(32)), log.AuthoritiesChange.map(unhex)),
    )
  throw new Error(`a digest item with ${fieldsOf(log)}`)
}

/** The header, in its one encoding: known items are told apart, unknown ones kept. */
function headerOf(json: Json): Header.Hashed {
  const logs = json.digest.logs.map(logOf)
  const bytes = concat(
    unhex(json.parentHash),
    Scale.encode(Scale.compact, BigInt(json.number)),
    unhex(json.stateRoot),
    unhex(json.extrinsicsRoot),
    Scale.encode(Scale.compact, BigInt(logs.length)),
    ...logs,
  )
  const header = value(Header.decode(bytes))
  expect(hex(Header.encode(header))).toBe(hex(bytes))
  expect(Header.hash(header)).toEqual(header.hash)
  const old = json.digest.logs.some((log) => typeof log !== 'string')
  expect(header.digest.some(({ kind }) => kind === 'unknown')).toBe(old)
  if (old) expect(check(AuthorityChange.of(header))).toBe('change-unknown')
  else {
    expect(header.digest.length).toBe(logs.length)
    expect(AuthorityChange.of(header).ok).toBe(true)
  }
  return header
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of an RPC
type Answer = any

readVectors({
  topic: 'polkadot',
  folder: 'polkadot/polkadot-js-json',
  title: 'A47: answers of nodes',
  group: (path) => path.split('.').slice(0, 2).join('.'),
  cases(files) {
    const blocks = new Map<bigint, Header.Hashed>()
    return files.flatMap((file): Case[] => {
      const name = file.path
      const { result, params } = file.json<Answer>()
      if (result?.parentHash !== undefined) return [{ name, run: () => void headerOf(result) }]
      if (result?.block !== undefined) {
        const run = () => {
          const { header: json, extrinsics } = result.block
          const header = headerOf(json)
          expect(header.number).toBe(BigInt(json.number))
          // Files of one name are of one chain, in its order.
          const before = blocks.get(header.number - 1n)
          if (before !== undefined) expect(hex(header.parentHash)).toBe(hex(before.hash))
          blocks.set(header.number, header)
          expect(Array.isArray(extrinsics)).toBe(true)
        }
        return [{ name, run }]
      }
      if (result?.best !== undefined) {
        const { best, background } = result
        return [best, ...background].map((it: Answer, i) => ({
          name: `${name}: the threshold of round ${i}`,
          run: () => {
            const set = { id: 0n, authorities: invented(it.totalWeight) }
            expect(AuthoritySet.threshold(set)).toBe(BigInt(it.thresholdWeight))
          },
        }))
      }
      if (params?.result?.changes !== undefined) {
        if (!name.startsWith('EventRecord'))
          return [{ name, skip: "a node's notice of a changed value: nothing in it can be verified" }]
        const run = () => {
          const [key] = params.result.changes[0]
          expect(key).toBe(`0x${hex(Hasher.twox(128, utf8('System Events')))}`)
        }
        return [{ name, run }]
      }
      throw new Error(`${name}: nothing is known that has ${fieldsOf(result ?? params ?? {})}`)
    })
  },
})
