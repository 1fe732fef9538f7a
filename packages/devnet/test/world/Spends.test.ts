import { describe, expect, test } from 'vitest'
import { type FamilyName, Universe } from '../../src/world/index.js'

// One endpoint is believed, and lies about what ended a lock for a while: made-up refunds, and claims that it hides. It passes nothing on then.

const PROVABLE = ['bitcoin', 'evm', 'cosmos', 'polkadot'] as const satisfies readonly FamilyName[]

/** Universes in which nothing goes wrong: each family against the next one. */
const calm = PROVABLE.map((long, i): Universe.Plan => {
  const short = PROVABLE[(i + 1) % PROVABLE.length] as FamilyName
  return {
    ...{ seed: `spends/${long}`, families: { long, short }, risk: 'standard', reorgs: 1, slack: 0 },
    ...{ honest: ['initiator', 'follower'], servers: 1, liars: 0, deeds: [], faults: [] },
  }
})

/** Seconds from the beginning until a line of the trace says so. */
function when({ trace }: Universe.Report, says: RegExp): number {
  const line = trace.find((one) => says.test(one))
  if (line === undefined) throw new Error(`nothing says ${says}:\n${trace.join('\n')}`)
  return Number(line.split(' ')[0])
}

const lie = (who: Universe.Role, what: Universe.Lie, from: number, until: number): Universe.Fault => ({
  ...{ is: 'rpc', who, leg: 'long', server: 0, from, for: until - from },
  lie: what,
})

async function ends(
  plan: Universe.Plan,
  faults: readonly Universe.Fault[],
  outcomes: Universe.Report['outcomes'],
): Promise<void> {
  const report = await Universe.run({ ...plan, faults })
  expect(report.struck).toBe(faults.length)
  expect([report.violations, report.outcomes], report.trace.join('\n')).toEqual([[], outcomes])
}

describe('one endpoint that lies about what ended a lock', () => {
  test('S12 L2 H29: a made-up refund of the own lock ends nothing: it is refunded when its time comes', async () => {
    for (const plan of calm) {
      const alone = { ...plan, honest: ['initiator'] } as const
      const locked = when(await Universe.run(alone), /long block .*: lock/)
      await ends(alone, [lie('initiator', 'fake-refund', locked + 1, locked + 3600)], {
        initiator: 'no-deal',
      })
    }
  })

  test('S12 L2 H29: whoever hides the own lock that was final, and says that it failed, ends nothing', async () => {
    for (const plan of calm) {
      const alone = { ...plan, honest: ['initiator'] } as const
      const late = Universe.useless(alone)
      await ends(alone, [lie('initiator', 'failed', late + 1, late + 3600)], { initiator: 'no-deal' })
    }
  })

  test('S12 L2 H29: whoever hides the own lock from its broadcast on, and says that it failed, ends nothing', async () => {
    for (const plan of calm) {
      const alone = { ...plan, honest: ['initiator'] } as const
      const sent = when(await Universe.run(alone), /initiator sent lock/)
      const late = Universe.useless(alone)
      await ends(alone, [lie('initiator', 'failed', sent + 1, late + 3600)], { initiator: 'no-deal' })
    }
  })

  test('S6 S18 H29: a made-up refund of the incoming lock makes nobody underwater, and is claimed all the same', async () => {
    for (const plan of calm) {
      const revealed = when(await Universe.run(plan), /short block .*: claim/)
      await ends(plan, [lie('follower', 'fake-refund', revealed - 1, revealed + 3600)], {
        initiator: 'deal',
        follower: 'deal',
      })
    }
  })

  test('S18 L6 H29: a claim that is hidden until no claim is taken any more makes nobody underwater', async () => {
    for (const plan of calm) {
      const claimed = when(await Universe.run(plan), /long block .*: claim/)
      const over = when(await Universe.run({ ...plan, honest: ['initiator'] }), /long block .*: refund/)
      await ends(plan, [lie('follower', 'hide-spends', claimed + 1, over + 900)], {
        initiator: 'deal',
        follower: 'deal',
      })
    }
  })
})
