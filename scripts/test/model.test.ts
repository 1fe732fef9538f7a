import { Cooperation } from '@aitbc/adapters/bitcoin/musig2'
import { expect, test } from 'vitest'
import { givesBack } from '../../packages/swap/src/check/Party.js'
import { failures, type Tally } from '../model/gate.js'

const row = { risk: 'standard', pair: 'A → B', of: 'gap', explained: true, below: 'S6: lost' } as const
const arc = { planner: 3, least: 3, explained: true, below: 'S21: member 1, of S6: lost' }
const ring = { ring: 'A → B → C →', arcs: [arc, arc] }
const survivor = { mutator: 'drop', in: 'step', line: 'a', original: 'b', replacement: 'c' }

const good: Tally = {
  ...{ states: 100, wanted: 100, violations: 0, counterexamples: 40, searched: 40, unexplained: 0 },
  rows: [row],
  rings: [ring],
  mutants: { mutants: 300, survivors: [], stale: [] },
}

test('a run that found all it was to find passes', () => {
  expect(failures(good)).toEqual([])
  const { mutants: _, ...without } = good
  expect(failures({ ...without, rows: [], rings: [] })).toEqual([])
})

test.each<[string, Partial<Tally>, RegExp]>([
  ['a state too few', { states: 99 }, /^99 distinct states, 100 are wanted$/],
  ['a rule broken', { violations: 1 }, /break a rule/],
  ['a pair without its counterexample', { counterexamples: 39 }, /^39 counterexamples/],
  ['a counterexample too many', { counterexamples: 41 }, /^41 counterexamples/],
  ['a least value that nobody explains', { unexplained: 1 }, /not explained/],
  ['a row that nobody explains', { rows: [row, { ...row, explained: false }] }, /^standard A → B gap/],
  ['a row without a counterexample', { rows: [{ ...row, below: 'nothing' }] }, /^standard A → B gap/],
  ['a ring that breaks', { rings: [{ ...ring, broken: 'S21: member 1' }] }, /^ring A → B → C → not proven/],
  [
    'an arc without a counterexample',
    { rings: [{ ...ring, arcs: [arc, { ...arc, below: 'nothing' }] }] },
    /not proven/,
  ],
  [
    'an arc that nobody explains',
    { rings: [{ ...ring, arcs: [{ ...arc, explained: false }] }] },
    /not proven/,
  ],
  ['no mutants at all', { mutants: { mutants: 0, survivors: [], stale: [] } }, /^no mutants were tried/],
  [
    'a mutant that survives',
    { mutants: { mutants: 2, survivors: [survivor], stale: [] } },
    /^1 mutants survive/,
  ],
  [
    'a reason that no mutant needs',
    { mutants: { mutants: 2, survivors: [], stale: [{ ...survivor, why: 'd' }] } },
    /^1 reasons that no mutant needs/,
  ],
])('%s fails it, and is told', (_, change, why) => {
  const found = failures({ ...good, ...change })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(why)
})

test('S6: the checker gives a lock back when the adapters would', () => {
  const either = [false, true]
  for (const role of ['initiator', 'follower'] as const)
    for (const own of ['none', 'open', 'refunded'] as const)
      for (const revealed of either)
        for (const stopped of either)
          for (const received of either) {
            const standing = { role, own, revealed, stopped, received }
            expect(givesBack(standing)).toBe(Cooperation.judge('refund', standing).ok)
          }
})
