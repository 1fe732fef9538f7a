// An owner who dies for good at each of its effects, and a tower that has its newest job, is killed itself now and then, and begins again.
import { Agreement } from '@aitbc/swap'
import { expect } from 'vitest'
import { LEGS, locksBy } from '../model/expect.js'
import type { Market, Name } from '../model/market.js'
import * as Process from '../model/process.js'
import {
  ALICE,
  BOB,
  isEnded,
  marketOf,
  newest,
  type Owner,
  ownerOf,
  TOWERS,
  type Tower,
  towerOf,
} from './towers.js'

type Kinds = Parameters<typeof marketOf>[0]

/** What became of it: how often it died, and with which endings. */
export interface Deaths {
  readonly points: number
  readonly endings: ReadonlySet<string>
}

/** Lets it die at every effect, one run each; every run must end without a loss. */
export async function dieEverywhere(
  kinds: Kinds,
  name: Name,
  how: 'die-before' | 'die-after',
): Promise<Deaths> {
  const endings = new Set<string>()
  for (let at = 0; ; at++) {
    const ending = await dieAt(kinds, name, how, at)
    if (ending === undefined) return { points: at, endings }
    endings.add(ending)
  }
}

async function dieAt(
  kinds: Kinds,
  name: Name,
  how: 'die-before' | 'die-after',
  at: number,
): Promise<string | undefined> {
  const market = marketOf(kinds)
  const owner = ownerOf(market, name, { judge: ({ effect }) => (effect === at ? how : 'go') })
  const other = Process.create(market, name === ALICE ? BOB : ALICE)
  const deal = Process.agreed(market)
  Process.start(owner.process, deal)
  Process.start(other, deal)
  const what = `${name} ${how} effect ${at}`
  let tower: Tower | undefined
  let born = 0
  await Process.drive(market, () => isOver(owner, tower), {
    each: (block) => {
      if (!owner.process.dead || owner.jobs.length === 0 || (tower !== undefined && isEnded(tower))) return
      // It forgets all that it did, every seventh block.
      if (tower !== undefined && block < born + 7) return
      tower?.stop.abort()
      tower = towerOf(market, newest(owner), TOWERS[0])
      born = block
    },
  })
  if (!owner.process.dead) return undefined
  expect(tower?.error, what).toBeUndefined()
  const own = market.nets[Agreement.ownLeg(owner.process.role)]
  const mine = locksBy(market, name)
  expect(mine.length, what).toBeLessThanOrEqual(1)
  for (const { spend } of mine) expect(spend, what).toBeDefined()
  const paid = mine.some(({ spend }) => spend?.is === 'claim')
  const received = isReceived(market, name)
  // S6: never claimed from, without having claimed.
  if (paid) expect(received, what).toBe(true)
  // Nothing of it waits any more, either: what was never mined never will be.
  const waits = own.mempool.filter(({ by, does }) => by === name && does.is === 'lock')
  if (mine.length === 0) expect(waits, what).toEqual([])
  return `${paid ? 'paid' : 'kept'} ${received ? 'received' : 'nothing'}`
}

/** An owner that gave out no job has sent no lock. */
function isOver({ process, jobs }: Owner, tower: Tower | undefined): boolean {
  if (!process.dead) return Process.isDone(process)
  return tower === undefined ? jobs.length === 0 : isEnded(tower)
}

function isReceived(market: Market, name: Name): boolean {
  return LEGS.some((leg) =>
    [...market.nets[leg].tip.ledger.locks.values()].some(
      ({ script, by, spend }) => by !== name && script.beneficiary === name && spend?.is === 'claim',
    ),
  )
}
