import { AccountId, AssetId, ChainId } from '@aitbc/core'
import { expect } from 'vitest'
import { readVectors } from '../../../scripts/vectors/reader.js'

interface Published {
  readonly cases: readonly {
    readonly source: string
    readonly value: string
    readonly matches_spec_regex: boolean
  }[]
}

const KINDS = { 2: ChainId, 10: AccountId, 19: AssetId }

readVectors({
  topic: 'caip',
  folder: 'caip',
  title: 'A64: published identifiers are taken exactly where the grammar does',
  cases: ([file]) => {
    const kind = /^caip(2|10|19)\b/.exec(file?.path ?? '')?.[1]
    if (file === undefined || kind === undefined) throw new Error('CAIP-2, -10 or -19 is expected by name')
    const Id = KINDS[Number(kind) as keyof typeof KINDS]
    return file.json<Published>().cases.map(({ source, value, matches_spec_regex: valid }) => ({
      name: `${source}: ${value}`,
      run: () => {
        if (typeof valid !== 'boolean') throw new Error(`valid or not is expected, got ${valid}`)
        expect(Id.is(value)).toBe(valid)
        if (!valid) expect(() => Id.from(value)).toThrow('must be a CAIP-')
        else {
          expect(Id.from(value)).toBe(value)
          expect(Id.format(Id.parse(value) as never)).toBe(value)
        }
      },
    }))
  },
})
