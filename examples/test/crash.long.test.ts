import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FamilyName } from '../src/swap/Family.js'
import { createWorld, type World } from '../src/swap/World.js'
import { type Came, type Crash, play } from './crash/play.js'
import { createTroupe, type Troupe } from './crash/Troupe.js'

// Parties that are killed (kill -9) in the middle of a swap between real nodes, and go on from their disk, or from nothing but their seed
// and the chains. Each boundary is one between two things that outlast a process: see `crash/Fuse.ts`.

/** A bound for a hang, not for a busy machine. */
const HANG_MS = 1_800_000
const ROLES = ['initiator', 'follower'] as const
const BACK = ['continue', 'recover'] as const
/** More than a party passes in a swap that goes through: the last victims come to no boundary any more. */
const BOUNDARIES = 44
/** Every boundary of each role in both directions and with both ways back, in place of every other one once. */
const ALL = (process.env.AITBC_CRASHES ?? '') === 'all'

const text = ({ crash, at, victim, other, wrong }: Came) =>
  `${crash.give}/${crash.get} ${crash.victim} ${crash.at} (${at ?? 'never'}) ${crash.back}: ${victim}, ${other}; ${wrong.join('; ')}`

/** Chains for the tests of a block, and what plays on them. */
function stageOf(
  names: readonly FamilyName[],
  options: { readonly pollMs: number; readonly atOnce: number },
) {
  const stop = new AbortController()
  const open: { world?: World; troupe?: Troupe } = {}
  beforeAll(async () => {
    open.world = await createWorld({
      families: names,
      signal: stop.signal,
      onError: (error) => stop.abort(error),
    })
    open.troupe = await createTroupe(open.world)
  }, HANG_MS)
  afterAll(async () => {
    await open.troupe?.close()
    stop.abort(new Error('the test is over'))
    await open.world?.close()
  })
  return async (crashes: readonly Crash[]): Promise<readonly Came[]> => {
    const { world, troupe } = open
    if (world === undefined || troupe === undefined) throw new Error('nothing was started')
    const came: Came[] = []
    for (let at = 0; at < crashes.length; at += options.atOnce)
      came.push(...(await play(world, troupe, crashes.slice(at, at + options.atOnce), options)))
    const wrong = came.filter((one) => one.wrong.length > 0)
    expect(wrong.map(text)).toEqual([])
    return came
  }
}

describe('Bitcoin and an EVM chain, real nodes', () => {
  const playAll = stageOf(['bitcoin', 'ethereum'], { pollMs: 2000, atOnce: 16 })

  test('L3 S8 S9: along a swap that goes through, from its first write to its last', {
    timeout: HANG_MS,
  }, async () => {
    const crashes: Crash[] = []
    const directions = [['bitcoin', 'ethereum'] as const, ['ethereum', 'bitcoin'] as const]
    for (let at = 1; at <= BOUNDARIES; at++)
      for (const [r, victim] of ROLES.entries())
        for (const [d, [give, get]] of directions.entries())
          for (const [b, back] of BACK.entries())
            if (ALL || (at % 2 === r && d === (at >> 1) % 2 && b === (at >> 2) % 2))
              crashes.push({ give, get, victim, at, back })
    const came = await playAll(crashes)
    for (const role of ROLES) {
      const own = came.filter(({ crash }) => crash.victim === role).map(({ at }) => at)
      // Up to the end of the swap: the last ones come to no boundary any more.
      for (const kind of ['before a write', 'before an append', 'in an append', undefined])
        expect(own).toContain(kind)
    }
  })

  test('L3 S8 S9: around each lock and claim', { timeout: HANG_MS }, async () => {
    const came = await playAll(dangersOf('bitcoin', 'ethereum'))
    expect(came.map(({ at, crash }) => at === crash.at)).toEqual(came.map(() => true))
  })

  test('L3 S4: the refund of either chain', { timeout: HANG_MS }, async () => {
    const came = await playAll(refundsOf('bitcoin', 'ethereum'))
    expect(came.map(({ at, crash }) => at === crash.at)).toEqual(came.map(() => true))
  })
})

/** Crashes around the refund of a lock on each of two chains. */
function refundsOf(one: FamilyName, two: FamilyName): readonly Crash[] {
  return [[one, two] as const, [two, one] as const].flatMap(([give, get]) =>
    [['before a refund is sent', 'recover'] as const, ['after a refund is sent', 'continue'] as const].map(
      ([at, back]): Crash => ({ give, get, victim: 'initiator', at, back, alone: true }),
    ),
  )
}

/** The most dangerous instants: around each lock and each claim on each of two chains. */
function dangersOf(one: FamilyName, two: FamilyName): readonly Crash[] {
  return [[one, two] as const, [two, one] as const].flatMap(([give, get]): readonly Crash[] => [
    { give, get, victim: 'initiator', at: 'after a lock is sent', back: 'recover' },
    { give, get, victim: 'initiator', at: 'after a claim is sent', back: 'continue' },
    { give, get, victim: 'follower', at: 'after a lock is sent', back: 'continue' },
    { give, get, victim: 'follower', at: 'before a claim is sent', back: 'recover' },
  ])
}

describe('Solana and Cosmos, real nodes', () => {
  const playAll = stageOf(['solana', 'cosmos'], { pollMs: 400, atOnce: 8 })

  test('L3 S8 S9: around each lock and claim', { timeout: HANG_MS }, async () => {
    const came = await playAll(dangersOf('solana', 'cosmos'))
    expect(came.map(({ at, crash }) => at === crash.at)).toEqual(came.map(() => true))
  })

  test('L3 S4: the refund of either chain', { timeout: HANG_MS }, async () => {
    const came = await playAll(refundsOf('solana', 'cosmos'))
    expect(came.map(({ at, crash }) => at === crash.at)).toEqual(came.map(() => true))
  })
})
