import type { FamilyName } from '../../src/swap/Family.js'
import type { Crash } from './play.js'

// Which crashes are played: each kind of boundary at least once for each family, around its locks, claims and refunds.

type Back = Crash['back']
type Boundary = Crash['at']

/** Boundaries around a broadcast; what an append tore is of use to nobody but who goes on from the disk. */
const around = (kind: 'lock' | 'claim' | 'refund') => ({
  before: `before a ${kind} is sent`,
  after: `after a ${kind} is sent`,
  torn: [`after a ${kind} is sent`, 'in an append'],
})

/** The most dangerous instants of who locks or claims on a chain, with another one as the other leg. */
export function dangersOf(family: FamilyName, other: FamilyName): readonly Crash[] {
  const lock = around('lock')
  const claim = around('claim')
  const locks = (victim: Crash['victim'], at: Boundary, back: Back): Crash =>
    victim === 'initiator'
      ? { give: family, get: other, victim, at, back }
      : { give: other, get: family, victim, at, back }
  const claims = (victim: Crash['victim'], at: Boundary, back: Back): Crash =>
    victim === 'initiator'
      ? { give: other, get: family, victim, at, back }
      : { give: family, get: other, victim, at, back }
  return [
    locks('follower', lock.before, 'continue'),
    locks('initiator', lock.after, 'recover'),
    locks('initiator', lock.torn, 'continue'),
    claims('follower', claim.before, 'recover'),
    claims('initiator', claim.after, 'continue'),
    claims('follower', claim.torn, 'continue'),
  ]
}

/** Nobody comes, and the lock on a chain goes back to who made it; on IRISnet by itself, and there is only to be noted that it did. */
export function refundsOf(family: FamilyName, other: FamilyName): readonly Crash[] {
  const back = (at: Boundary, how: Back): Crash => ({
    ...{ give: family, get: other, victim: 'initiator', at, back: how, alone: true },
  })
  if (family === 'iris') return [back('before an append', 'recover'), back('in an append', 'continue')]
  const refund = around('refund')
  return [back(refund.before, 'recover'), back(refund.after, 'continue'), back(refund.torn, 'continue')]
}

/** More than a party passes in a swap that goes through: the last ones come to no boundary any more. */
const BOUNDARIES = 44

/** Every boundary of each role in both directions and with both ways back, by number. */
export function everywhere(one: FamilyName, two: FamilyName): readonly Crash[] {
  const all: Crash[] = []
  for (let at = 1; at <= BOUNDARIES; at++)
    for (const victim of ['initiator', 'follower'] as const)
      for (const [give, get] of [
        [one, two],
        [two, one],
      ] as const)
        for (const back of ['continue', 'recover'] as const) all.push({ give, get, victim, at, back })
  return all
}

/** The last name of where it crashes. */
export function nameOf(at: Boundary): string | undefined {
  return typeof at === 'number' ? undefined : typeof at === 'string' ? at : at.at(-1)
}
