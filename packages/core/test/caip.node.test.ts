import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AccountId, AssetId, ChainId } from '@aitbc/core'
import { describe, expect, test } from 'vitest'

const folder = join(
  process.env['AITBC_VECTORS'] ?? join(import.meta.dirname, '../../../../shared/vectors'),
  'caip',
)

interface Vectors {
  readonly cases: readonly {
    readonly source: string
    readonly value: string
    readonly matches_spec_regex: boolean
  }[]
}

const KINDS = [
  ['caip2', ChainId],
  ['caip10', AccountId],
  ['caip19', AssetId],
] as const

if (existsSync(folder))
  describe('published CAIP cases (ChainAgnostic/CAIPs and namespaces)', () => {
    for (const [name, Id] of KINDS) {
      const { cases } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Vectors
      const valid = cases.filter((one) => one.matches_spec_regex)
      test(`A64: ${name}: ${valid.length} valid and ${cases.length - valid.length} invalid`, () => {
        for (const { value, source, matches_spec_regex } of cases) {
          expect(Id.is(value), `${source}: ${value}`).toBe(matches_spec_regex)
          if (!matches_spec_regex) expect(() => Id.from(value)).toThrow('must be a CAIP-')
          else {
            expect(Id.from(value)).toBe(value)
            expect(Id.format(Id.parse(value) as never)).toBe(value)
          }
        }
        expect(cases.length).toBeGreaterThan(20)
      })
    }
  })
else test.skip(`CAIP vectors: ${folder} is absent (set AITBC_VECTORS)`, () => {})
