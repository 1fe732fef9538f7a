import { describe, expect, test } from 'vitest'
import { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'
import { attack, type Effort } from '../adversary/attacks.js'
import { FAMILIES } from '../adversary/families.js'
import { differences, type Specimen, specimen } from '../adversary/specimen.js'
import { UNBOUND } from '../adversary/unbound.js'

/** A sample of what `pnpm adversary` does in full. */
const SAMPLE: Effort = {
  hashBits: 60,
  signatureBits: 40,
  random: 60,
  mutated: 120,
  encodings: 24,
  swaps: 2,
  weighed: 0,
}
/** Specimens of a family in the sample. */
const MOST = 12
const seed = Number(process.env['FC_SEED'])

describe.skipIf(vectorsFolder() === undefined)(
  `adversary, a sample (seed ${seed})${vectorsFolder() === undefined ? ': skipped, there are no vectors' : ''}`,
  () => {
    test.each(Object.entries(FAMILIES))(
      '%s: what is changed is refused, or tells the same',
      (family, all) => {
        const specimens = [...all()]
        expect(specimens.length).toBeGreaterThan(0)
        const step = Math.ceil(specimens.length / MOST)
        const some = specimens.filter((_, i) => i % step === Math.abs(seed) % step)
        const signed = some.some(({ kind }) => kind === 'signature')
        const inputs = signed ? { random: 12, mutated: 24 } : {}
        const outcome = attack(family, some, UNBOUND, { ...SAMPLE, ...inputs }, seed)
        expect(outcome.faults).toEqual([])
        expect(outcome.bits).toBeGreaterThan(0)
      },
    )
  },
)

describe('the list of unbound fields', () => {
  test('each of a known family, once, with its reasons', () => {
    const names = UNBOUND.map(({ family, fields }) => `${family} ${fields.join(' + ')}`)
    expect(new Set(names).size).toBe(names.length)
    for (const { family, why, hidden } of UNBOUND) {
      expect(Object.keys(FAMILIES)).toContain(family)
      expect(why.length).toBeGreaterThan(20)
      expect(hidden.length).toBeGreaterThan(20)
    }
  })
})

describe('the adversary finds what a verifier lets through', () => {
  const accept = { ok: true as const, value: true }
  const refuse = { ok: false as const, refusal: { check: 'no', message: 'no' } }
  const effort: Effort = { ...SAMPLE, hashBits: 64 }
  const make = (change: Partial<Specimen>): Specimen => ({
    ...specimen<Uint8Array>({
      family: 'made',
      name: 'made',
      kind: 'hash',
      statement: 'made',
      evidence: Uint8Array.of(1, 2, 3, 4),
      decode: (bytes) => ({ ok: true, value: bytes }),
      encode: (bytes) => bytes,
      judge: (bytes) => (bytes.join() === '1,2,3,4' ? accept : refuse),
      untrusted: () => refuse,
    }),
    ...change,
  })
  const faults = (...specimens: Specimen[]) => attack('made', specimens, [], effort, 1).faults

  test('nothing, where there is nothing', () => {
    expect(faults(make({}))).toEqual([])
  })

  test.each([
    [
      'a bit that nothing binds',
      { judge: (it: Uint8Array) => (it.join().startsWith('1,2,3') ? accept : refuse) },
    ],
    [
      'bytes after the end',
      { judge: (it: Uint8Array) => (it.subarray(0, 4).join() === '1,2,3,4' ? accept : refuse) },
    ],
    [
      'a throw',
      {
        judge: (it: Uint8Array) => {
          if (it.length === 4 && it.join() !== '1,2,3,4') throw new Error('thrown')
          return it.length === 4 ? accept : refuse
        },
      },
    ],
    ['a verifier that trusts nothing and accepts', { untrusted: () => accept }],
    ['what is not valid at all', { judge: () => refuse }],
  ] as const)('%s', (_, change) => {
    expect(faults(make(change as Partial<Specimen>)).length).toBeGreaterThan(0)
  })

  test("a statement that another's evidence shows", () => {
    const any = (it: Uint8Array) => (['1,2,3,4', '9,9,9,4'].includes(it.join()) ? accept : refuse)
    const two = make({
      statement: 'other',
      evidence: Uint8Array.of(9, 9, 9, 4),
      judge: any as Specimen['judge'],
    })
    expect(
      faults(make({ judge: any as Specimen['judge'] }), two).some((it) => it.includes('is shown by')),
    ).toBe(true)
  })

  test('a field that is listed, and one that a verdict tells', () => {
    const open = make({
      decode: (bytes) =>
        bytes.length === 4 ? { ok: true, value: { fixed: bytes.slice(0, 3), free: bytes[3] } } : refuse,
      encode: (({ fixed, free }: { fixed: Uint8Array; free: number }) =>
        Uint8Array.of(...fixed, free)) as Specimen['encode'],
      judge: (({ fixed }: { fixed: Uint8Array }) =>
        fixed.join() === '1,2,3' ? accept : refuse) as Specimen['judge'],
    })
    const listed = [{ family: 'made', fields: ['free'], why: '', hidden: '' }] as const
    expect(attack('made', [open], listed, effort, 1).faults).toEqual([])
    expect(attack('made', [open], listed, effort, 1).listed['free']).toBeGreaterThan(0)
    const telling = {
      ...open,
      judge: (({ fixed, free }: { fixed: Uint8Array; free: number }) =>
        fixed.join() === '1,2,3' ? { ok: true, value: free } : refuse) as Specimen['judge'],
    }
    expect(attack('made', [telling], listed, effort, 1).faults[0]).toContain('the verdict tells free')
  })

  test('differences by name', () => {
    expect(differences({ a: 1n, b: [1, 2, 3] }, { a: 1n, b: [1, 3, 2] })).toEqual(['b (order)'])
    expect(differences({ b: [1, 2, 3] }, { b: [1, 3] })).toEqual(['b (fewer)'])
    expect(differences({ b: [{ c: 1 }, { c: 2 }] }, { b: [{ c: 1 }, { c: 5 }] })).toEqual(['b[*].c'])
    expect(differences({ a: 1 }, { a: 1, d: 2 })).toEqual(['d'])
    expect(differences(Uint8Array.of(1), Uint8Array.of(1))).toEqual([])
  })
})
