import { Ssz } from '@aitbc/proofs/beacon'
import { expect } from 'vitest'
import { readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, hex, unhex, value } from '../helpers.js'

interface Vector {
  readonly kind: string
  readonly valid: boolean
  readonly case: string
  readonly serialized: string
  readonly hash_tree_root?: string
}

const BASIC = {
  bool: Ssz.boolean,
  uint8: Ssz.uint(8),
  uint16: Ssz.uint(16),
  uint32: Ssz.uint(32),
  uint64: Ssz.uint(64),
  uint128: Ssz.uint(128),
  uint256: Ssz.uint(256),
} as const

const SmallTestStruct = Ssz.container({ A: BASIC.uint16, B: BASIC.uint16 })
const FixedTestStruct = Ssz.container({ A: BASIC.uint8, B: BASIC.uint64, C: BASIC.uint32 })
const VarTestStruct = Ssz.container({ A: BASIC.uint16, B: Ssz.list(BASIC.uint16, 1024), C: BASIC.uint8 })

/** The containers of the official generator (consensus-specs, tests/generators/ssz_generic). */
const CONTAINERS = {
  SingleFieldTestStruct: Ssz.container({ A: BASIC.uint8 }),
  SmallTestStruct,
  FixedTestStruct,
  VarTestStruct,
  ComplexTestStruct: Ssz.container({
    A: BASIC.uint16,
    B: Ssz.list(BASIC.uint16, 128),
    C: BASIC.uint8,
    D: Ssz.byteList(256),
    E: VarTestStruct,
    F: Ssz.vector(FixedTestStruct, 4),
    G: Ssz.vector(VarTestStruct, 2),
  }),
  BitsStruct: Ssz.container({
    A: Ssz.bitlist(5),
    B: Ssz.bitvector(2),
    C: Ssz.bitvector(1),
    D: Ssz.bitlist(6),
    E: Ssz.bitvector(8),
  }),
}

/** The type that a case's name says, in the generator's way of naming. */
function typeOf({ kind, case: name }: Vector): Ssz.Type<unknown> {
  const words = name.split('_')
  const types: Record<string, () => unknown> = {
    basic_vector: () =>
      Ssz.vector(BASIC[words[1] as keyof typeof BASIC] as Ssz.Type<unknown>, Number(words[2])),
    bitlist: () => Ssz.bitlist(words[1] === 'no' ? 2048 : Number(words[1])),
    bitvector: () => Ssz.bitvector(Number(words[1])),
    boolean: () => Ssz.boolean,
    uints: () => BASIC[`uint${words[1]}` as keyof typeof BASIC],
    containers: () => CONTAINERS[words[0] as keyof typeof CONTAINERS],
  }
  const type = types[kind]?.()
  if (type === undefined) throw new Error(`no type for ${kind}/${name}`)
  return type as Ssz.Type<unknown>
}

readVectors({
  topic: 'ethereum',
  folder: 'ssz',
  title: 'A28',
  cases: ([file]) =>
    (file as VectorFile)
      .text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Vector)
      .map((one) => ({
        name: `${one.kind}/${one.case}`,
        run: () => {
          if (typeof one.valid !== 'boolean') throw new Error('neither valid nor invalid')
          const type = typeOf(one)
          const bytes = unhex(one.serialized)
          if (!one.valid) return expect(check(Ssz.decode(type, bytes))).toMatch(/^ssz-/)
          const decoded = value(Ssz.decode(type, bytes))
          expect(hex(Ssz.encode(type, decoded))).toBe(one.serialized)
          expect(hex(Ssz.hashTreeRoot(type, decoded))).toBe(hex(unhex(one.hash_tree_root as string)))
        },
      })),
})
