import { describe, expect, test } from 'vitest'
import { race } from '../../packages/proofs/bench/gate.js'

/** A clock that only work moves on. */
let clock = 0

/** Works for so many milliseconds, and then answers. */
function work(ms: number, answer: (evidence: string) => boolean) {
  return (evidence: string) => {
    clock += ms
    return answer(evidence)
  }
}

const honest = (evidence: string) => evidence === 'good'
const shared = {
  gate: 'test',
  target: 3,
  named: 'slow',
  good: 'good',
  tampered: 'bad',
  clock: 'wall',
  rounds: 3,
  warmUp: 0,
  burst: 1,
  read: () => clock,
} as const

describe('race', () => {
  test('passes what is faster, and right', async () => {
    const gate = await race({ ...shared, ours: work(1, honest), baseline: work(12, honest) })
    expect(gate).toMatchObject({ gate: 'test', target: '>= 3', pass: true })
    expect(gate.value).toBe(12)
    expect(gate.negativeControl).toContain('refused in every round: true')
  })

  test('fails what is no faster', async () => {
    const gate = await race({ ...shared, ours: work(3, honest), baseline: work(3, honest) })
    expect(gate.pass).toBe(false)
  })

  test.each([
    ['accepts what was tampered with', () => true],
    ['refuses what is good', () => false],
    [
      'is right only at times',
      (() => {
        let calls = 0
        return (evidence: string) => honest(evidence) !== (calls++ % 5 === 4)
      })(),
    ],
  ])('fails what %s, however fast', async (_, wrong) => {
    const gate = await race({ ...shared, ours: work(1, wrong), baseline: work(5, honest) })
    expect(gate.value).toBe(5)
    expect(gate.pass).toBe(false)
    expect(gate.negativeControl).toContain('refused in every round: false')
  })

  test('fails where the baseline itself is wrong', async () => {
    const gate = await race({ ...shared, ours: work(1, honest), baseline: work(8, () => true) })
    expect(gate.pass).toBe(false)
  })

  test('fails where the baseline beats itself: a clock that measures nothing', async () => {
    let calls = 0
    // Every second turn of the baseline, the one in the place of ours, is the faster.
    const baseline = (evidence: string) =>
      evidence === 'bad' ? honest(evidence) : work(calls++ % 2 === 1 ? 40 : 2, honest)(evidence)
    const gate = await race({ ...shared, ours: work(1, honest), baseline })
    expect(gate.negativeControl).toContain('measures nothing')
    expect(gate.pass).toBe(false)
  })
})
