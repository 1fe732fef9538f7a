import { Random } from '@aitbc/devnet/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FamilyName } from '../src/swap/Family.js'
import { families } from '../src/swap/families.js'
import { createWorld, type World } from '../src/swap/World.js'
import { dangersOf, everywhere, nameOf, refundsOf } from './crash/crashes.js'
import { type Came, type Crash, play } from './crash/play.js'
import { createTroupe, type Troupe } from './crash/Troupe.js'

// Parties that are killed (kill -9) in the middle of a swap between real nodes, and go on from their disk, or from nothing but their seed
// and the chains. Each boundary is one between two things that outlast a process: see `crash/Fuse.ts`.

/** A bound for a hang, not for a busy machine. */
const HANG_MS = 1_800_000
/** How many boundaries are crashed at for each pair beside the named ones, chosen by the seed: a number, or `all` of them. */
const MORE = process.env.AITBC_CRASHES ?? '4'
const SEED = process.env.AITBC_CRASH_SEED ?? process.env.FC_SEED ?? '1'

const text = ({ crash, at, victim, other, wrong }: Came) =>
  `${crash.give}/${crash.get} ${crash.victim} ${[crash.at].flat().join(', ')} (${at ?? 'never'}) ${crash.back}: ${victim}, ${other}; ${wrong.join('; ')}`

/** Some of all, by the seed. */
function chosen(all: readonly Crash[]): readonly Crash[] {
  if (MORE === 'all') return all
  const left = [...all]
  const random = Random.of(SEED)
  return Array.from({ length: Math.min(Number(MORE), left.length) }, () =>
    left.splice(random.below(left.length), 1),
  ).flat()
}

/** Plays a block's crashes, so many at once: what most of a swap does is wait for blocks. */
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
  return async (crashes: readonly Crash[]): Promise<void> => {
    const { world, troupe } = open
    if (world === undefined || troupe === undefined) throw new Error('nothing was started')
    const came: Came[] = []
    for (let at = 0; at < crashes.length; at += options.atOnce)
      came.push(...(await play(world, troupe, crashes.slice(at, at + options.atOnce), options)))
    expect(came.filter(({ wrong }) => wrong.length > 0).map(text)).toEqual([])
    // Each came to the boundary that it was to crash at; of those by number, the last ones are behind the end of the swap.
    const missed = came.filter(({ at, crash }) => typeof crash.at !== 'number' && at !== nameOf(crash.at))
    expect(missed.map(text)).toEqual([])
  }
}

describe('Bitcoin and an EVM chain, real nodes', () => {
  const playAll = stageOf(['bitcoin', 'ethereum'], { pollMs: 2000, atOnce: 25 })

  test(
    `L3 S4 S8 S9: killed around each lock, claim and refund, and at ${MORE} more boundaries (seed ${SEED})`,
    {
      timeout: HANG_MS,
    },
    () =>
      playAll([
        ...beginnings('bitcoin', 'ethereum'),
        ...dangersOf('bitcoin', 'ethereum'),
        ...dangersOf('ethereum', 'bitcoin'),
        ...refundsOf('bitcoin', 'ethereum'),
        ...refundsOf('ethereum', 'bitcoin'),
        ...chosen(everywhere('bitcoin', 'ethereum')),
      ]),
  )
})

/** Before anything was sent. */
function beginnings(give: FamilyName, get: FamilyName): readonly Crash[] {
  return [
    { give, get, victim: 'initiator', at: 'before an append', back: 'continue' },
    { give, get, victim: 'follower', at: 'in an append', back: 'continue' },
    { give, get, victim: 'follower', at: 'before a write', back: 'recover' },
  ]
}

describe('Solana, Cosmos and IRISnet, real nodes', () => {
  const playAll = stageOf(['solana', 'cosmos', 'iris'], { pollMs: 1000, atOnce: 26 })

  test('L3 S4 S8 S9: killed around each lock, claim and refund', { timeout: HANG_MS }, () =>
    playAll([
      ...dangersOf('solana', 'cosmos'),
      ...dangersOf('cosmos', 'iris'),
      ...dangersOf('iris', 'solana'),
      ...refundsOf('solana', 'cosmos'),
      ...refundsOf('cosmos', 'iris'),
      ...refundsOf('iris', 'solana'),
    ]),
  )
})

const noHub = (await families.polkadot()).missing?.()
if (noHub !== undefined)
  describe('Polkadot Hub and Cosmos, real nodes', () => {
    test.skip(`skipped: ${noHub}`, () => undefined)
  })
else
  describe('Polkadot Hub and Cosmos, real nodes', () => {
    const playAll = stageOf(['polkadot', 'cosmos'], { pollMs: 2000, atOnce: 9 })

    test('L3 S4 S8 S9: killed around each lock, claim and refund on the Hub', { timeout: HANG_MS }, () =>
      playAll([...dangersOf('polkadot', 'cosmos'), ...refundsOf('polkadot', 'cosmos')]),
    )
  })
