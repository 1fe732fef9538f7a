import { Address, CompactU16, LookupTable, Message, Pda, Transaction } from '@aitbc/proofs/solana'
import { base64 } from '@scure/base'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, hex, unhex, value } from '../helpers.js'

interface Shortvec {
  readonly good: readonly { readonly value: number; readonly hex: string }[]
  readonly bad: readonly string[]
}
interface Created {
  readonly seeds_utf8?: readonly string[]
  readonly seeds_hex?: readonly string[]
  /** The first in base58, the others in hex. */
  readonly seeds_base58_then_hex?: readonly string[]
  readonly address: string
}
interface Creations {
  readonly program: string
  readonly cases: readonly Created[]
  readonly errors: readonly string[]
}
interface Found {
  readonly program: string
  readonly seeds_hex: readonly string[]
  readonly address: string
  readonly bump: number
}
interface Recorded {
  readonly source: string
  readonly base64: string
  /** `null` where nobody looked. */
  readonly signatures_verify: boolean | null
}

const address = (text: string) => value(Address.decode(text))
const has = (json: object, ...names: string[]) => Object.keys(json).sort().join() === names.sort().join()

function shortvec({ good, bad }: Shortvec): Case[] {
  return [
    ...good.map((one) => ({
      name: `${one.value}`,
      run: () => {
        expect(value(CompactU16.decode(unhex(one.hex)))).toBe(one.value)
        expect(hex(value(CompactU16.encode(one.value)))).toBe(one.hex)
      },
    })),
    ...bad.map((text) => ({
      name: `refused: ${text}`,
      run: () =>
        expect(check(CompactU16.decode(unhex(text)))).toMatch(/^(compact-u16|truncated|trailing-bytes)$/),
    })),
  ]
}

/** A created address's seeds, in each way in which they are written. */
function seedsOf(one: Created): Uint8Array[][] {
  const written = [
    one.seeds_utf8?.map((text) => new TextEncoder().encode(text)),
    one.seeds_hex?.map(unhex),
    one.seeds_base58_then_hex?.map((text, index) => (index === 0 ? address(text) : unhex(text))),
  ].filter((it) => it !== undefined)
  if (written.length === 0 || written.length !== Object.keys(one).length - 1)
    throw new Error(`an address with ${Object.keys(one)}`)
  return written
}

function creations({ program, cases, errors }: Creations): Case[] {
  const create = (seeds: readonly Uint8Array[]) => Pda.create(address(program), seeds)
  return [
    ...cases.map((one) => ({
      name: one.address,
      run: () => {
        for (const seeds of seedsOf(one)) expect(Address.encode(value(create(seeds)))).toBe(one.address)
      },
    })),
    ...errors.map((error) => {
      const [, size, count] = /^(?:seed of (\d+) bytes|(\d+) seeds)$/.exec(error) ?? []
      if (size === undefined && count === undefined) throw new Error(`an error of ${error}`)
      const seeds =
        size === undefined
          ? Array.from({ length: Number(count) }, () => Uint8Array.of(1))
          : [new Uint8Array(Number(size))]
      return { name: error, run: () => expect(check(create(seeds))).toMatch(/^pda-seed/) }
    }),
  ]
}

function found(one: Found): Case {
  return {
    name: one.address,
    run: () => {
      const program = address(one.program)
      const seeds = one.seeds_hex.map(unhex)
      const { bump } = one
      const lengths = seeds.map(({ length }) => length)
      expect(value(Pda.find(program, seeds))).toEqual({ address: address(one.address), bump })
      expect(Pda.verify({ program, seeds, lengths, address: address(one.address), bump }).ok).toBe(true)
      expect(
        check(Pda.verify({ program, seeds, lengths, address: address(one.address), bump: bump ^ 1 })),
      ).toBe('pda-bump')
    },
  }
}

/** Reads bytes that the data call a transaction, a message or a lookup table without saying which. */
function recorded(one: Recorded): Case {
  const bytes = base64.decode(one.base64)
  const forms = {
    transaction: [Transaction.decode, Transaction.encode],
    message: [Message.decode, Message.encode],
    table: [LookupTable.decode, LookupTable.encode],
  } as const
  const refusals: string[] = []
  for (const [name, [decode, encode]] of Object.entries(forms)) {
    const read = decode(bytes)
    if (!read.ok) {
      refusals.push(`${name}: ${read.refusal.check}`)
      continue
    }
    return {
      name: `${one.source}: ${name} of ${bytes.length} bytes`,
      run: () => {
        expect(hex(encode(read.value as never))).toBe(hex(bytes))
        expect(decode(concat(bytes, Uint8Array.of(0))).ok).toBe(false)
        expect(decode(bytes.subarray(0, -1)).ok).toBe(false)
        if (one.signatures_verify !== null)
          expect(Transaction.verify(value(Transaction.decode(bytes))).ok).toBe(one.signatures_verify)
      },
    }
  }
  throw new Error(`${one.source}: ${refusals.join(', ')}`)
}

readVectors({
  topic: 'solana',
  folder: 'solana',
  title: 'A49, A50: addresses, lengths and transactions',
  cases([file]) {
    const json = (file as VectorFile).json<Shortvec | Creations | readonly Found[] | readonly Recorded[]>()
    if (!Array.isArray(json)) {
      if (has(json, 'good', 'bad')) return shortvec(json as Shortvec)
      if (has(json, 'program', 'cases', 'errors')) return creations(json as Creations)
      throw new Error(`a file with ${Object.keys(json)}`)
    }
    return json.map((one: Found | Recorded) => {
      if (has(one, 'program', 'seeds_hex', 'address', 'bump')) return found(one as Found)
      if (has(one, 'source', 'base64', 'signatures_verify')) return recorded(one as Recorded)
      throw new Error(`a case with ${Object.keys(one)}`)
    })
  },
})
