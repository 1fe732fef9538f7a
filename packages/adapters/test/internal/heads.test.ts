import type { Fact, Spend } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { describe, expect, test } from 'vitest'
import { BLOCKS, type Chain, type Link, type Look, watchHeads } from '../../src/internal/heads.js'

/** A block of a branch, which begins behind the common block of height 100. */
const blockOf = (height: number, branch = 'a'): Link => ({
  height: BigInt(height),
  hash: height <= 100 ? `${height}` : `${height}${branch}`,
  parent: height <= 101 ? `${height - 1}` : `${height - 1}${branch}`,
})
const tipOf = ({ height, hash }: Link): Fact.Tip => ({ height, hash, time: height, clock: height })

/** A chain that shows one head after the other and ends with the last one. */
function chainOf(heads: readonly Link[], stop: AbortController): Chain<Link> {
  const left = [...heads]
  const known = new Map(
    Array.from({ length: 120 }, (_, height) => [blockOf(height), blockOf(height, 'b')])
      .flat()
      .map((block) => [block.hash, block]),
  )
  return {
    network: networks.ethereum,
    pollMs: 0,
    maxStep: 16n,
    async wait() {
      if (left.length === 0) stop.abort()
    },
    tip: async () => tipOf(left.shift() as Link),
    block: async (which) => known.get('hash' in which ? which.hash : `${which.height}`) as Link,
    // What a watch knows of the chain at its beginning: two blocks before the head.
    beginning: async (_from, head) => [blockOf(Number(head.height) - 2), blockOf(Number(head.height) - 1)],
    tooDeep: (message) => new Error(message),
  }
}

async function told(heads: readonly Link[], look: Look<Link> = BLOCKS): Promise<readonly string[]> {
  const stop = new AbortController()
  const events: string[] = []
  for await (const { is, what } of watchHeads(chainOf(heads, stop), { signal: stop.signal }, look))
    events.push(`${is} ${what.kind} ${what.block === 'mempool' ? 'mempool' : what.block.hash}`)
  return events
}

describe('watchHeads', () => {
  test('a node that is further behind than a watch remembers ends none', async () => {
    expect(await told([blockOf(100), blockOf(90), blockOf(98), blockOf(101), blockOf(80)])).toEqual([
      'added block 100',
      'added block 101a',
    ])
  })

  test('error: more blocks left the chain than a watch remembers', async () => {
    const heads = [blockOf(103), blockOf(104, 'b')]
    await expect(told(heads)).rejects.toThrow('left the chain')
  })

  test('a spend that a reorganisation puts back to the mempool is told to wait there again', async () => {
    const spend: Spend = { kind: 'refund', transaction: 'x' }
    const lock = { ref: 'r', transaction: 'l', amount: 1n, match: 'exact' } as const
    const mined = '101a'
    const look: Look<Link> = {
      inBlocks: async (added) =>
        added
          .filter(({ hash }) => hash === mined)
          .map((block) => ({ what: { kind: 'spend', lock, spend, block }, block })),
      inMempool: async (standing) =>
        standing.length > 0 ? [] : [{ kind: 'spend', lock, spend, block: 'mempool' }],
    }
    // The first block that isn't mined keeps the branch: the spend is seen to wait, in a block, undone, and waiting again.
    expect(await told([blockOf(100), blockOf(101), blockOf(102, 'b'), blockOf(103, 'b')], look)).toEqual([
      'added spend mempool',
      'added spend 101a',
      'retracted spend 101a',
      'added spend mempool',
    ])
  })
})
