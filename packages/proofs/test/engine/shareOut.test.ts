import type { Engine } from '@aitbc/proofs/engine'
import { expect, test } from 'vitest'
import { shareOut } from '../../src/engine/internal/shareOut.js'
import { checkOf } from './checks.js'

/** What each of both gets, and what comes of it, where the platform says yes and batches say no. */
async function shared(count: number, threads: number, rule?: Engine.Rule) {
  const one = checkOf(1)
  const saying = (answer: boolean) => {
    const got: number[] = []
    const verifyMany: Engine.Signing['verifyMany'] = async (checks, options) => {
      expect(options?.rule).toBe(rule)
      got.push(checks.length)
      return checks.map(() => answer)
    }
    return { got, verifyMany, verify: () => [] }
  }
  const [platform, batch] = [saying(true), saying(false)]
  const both = shareOut(platform, threads, batch)
  const list = Array.from({ length: count }, () => one)
  const answers = await both.verifyMany(list, rule === undefined ? undefined : { rule })
  return { platform: platform.got, batch: batch.got, yes: answers.lastIndexOf(true) + 1, all: answers.length }
}

test('few stay here; of many each side gets what it is done with at the same time', async () => {
  expect(await shared(7, 2)).toEqual({ platform: [], batch: [7], yes: 0, all: 7 })
  expect(await shared(8, 2)).toEqual({ platform: [4], batch: [4], yes: 4, all: 8 })
  expect(await shared(20, 4, 'zip215')).toEqual({ platform: [15], batch: [5], yes: 15, all: 20 })
})

test('A59: the strict rule is the platform’s alone, which batches don’t know', async () => {
  expect(await shared(20, 4, 'strict')).toEqual({ platform: [20], batch: [], yes: 20, all: 20 })
})
