import { Ssz } from '@aitbc/proofs/beacon'
import { describe, expect, test } from 'vitest'
import { check, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'

const found = topic('ssz')
const set = found as NonNullable<typeof found>

interface Case {
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

function typeOf({ kind, case: name }: Case): Ssz.Type<unknown> {
  const words = name.split('_')
  const type =
    kind === 'basic_vector'
      ? Ssz.vector(BASIC[words[1] as keyof typeof BASIC] as Ssz.Type<unknown>, Number(words[2]))
      : kind === 'bitlist'
        ? Ssz.bitlist(words[1] === 'no' ? 2048 : Number(words[1]))
        : kind === 'bitvector'
          ? Ssz.bitvector(Number(words[1]))
          : kind === 'boolean'
            ? Ssz.boolean
            : kind === 'uints'
              ? BASIC[`uint${words[1]}` as keyof typeof BASIC]
              : CONTAINERS[words[0] as keyof typeof CONTAINERS]
  if (type === undefined) throw new Error(`no type for ${kind}/${name}`)
  return type as Ssz.Type<unknown>
}

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'consensus-spec-tests, ssz_generic',
  () => {
    test('A28: ssz_generic.jsonl.gz: every valid case has its root, every invalid one is refused', () => {
      const cases = set
        .text('ssz_generic.jsonl.gz')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Case)
      const ran: Record<string, [valid: number, invalid: number]> = {}
      for (const one of cases) {
        const type = typeOf(one)
        const bytes = unhex(one.serialized)
        const label = `${one.kind}/${one.case}`
        const counts = ran[one.kind] ?? [0, 0]
        ran[one.kind] = counts
        counts[one.valid ? 0 : 1]++
        if (!one.valid) {
          expect(check(Ssz.decode(type, bytes)), label).toMatch(/^ssz-/)
          continue
        }
        const decoded = value(Ssz.decode(type, bytes))
        expect(hex(Ssz.encode(type, decoded)), label).toBe(one.serialized)
        expect(hex(Ssz.hashTreeRoot(type, decoded)), label).toBe(unhexed(one.hash_tree_root as string))
      }
      expect(ran).toEqual({
        basic_vector: [200, 877],
        bitlist: [250, 14],
        bitvector: [30, 31],
        boolean: [2, 4],
        containers: [303, 88],
        uints: [48, 18],
      })
      console.log(`ssz: ${cases.length} cases`)
    })
  },
)

function unhexed(text: string): string {
  return text.replace(/^0x/, '')
}
