import type { Act, Actor, Preimage, Terms, Trace } from './Automaton.js'

/** Instants of the acts: well before the deadline, around it one unit at a time, well after it. */
export const TIMES = [-30, -1, 0, 1, 30] as const
/** Most acts of a trace at one instant. */
export const MOST_AT_ONCE = 3

const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']

/** The nth trace of a seed: what a wallet, a careless one and an attacker might do to a lock or two. */
export function trace(seed: number, n: number): Trace {
  const random = generator(seed, n)
  const chance = (percent: number) => random(100) < percent
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T
  const preimage = (number: number): Preimage => ({
    number: n * 4 + number,
    length: chance(85) ? 32 : pick([31, 33]),
    hash: chance(92) ? 'sha256' : pick(['sha256 twice', 'keccak256']),
  })
  const main: Terms = {
    locker: 'alice',
    beneficiary: 'bob',
    asset: chance(60) ? 'coin' : 'token',
    over: chance(6) ? -1 : chance(15) ? 0 : 1 + random(2000),
    preimage: preimage(0),
    deadline: chance(85) ? 0 : 1,
    salt: 4 * n,
  }
  // A second lock of other terms: of the same hash, the other way round, of another deadline, amount or asset.
  const other: Terms = {
    ...main,
    ...(chance(50) ? { locker: 'bob', beneficiary: 'alice' } : {}),
    ...(chance(50) ? {} : { preimage: preimage(1) }),
    ...(chance(30) ? { deadline: 1 - main.deadline } : {}),
    ...(chance(30) ? { asset: main.asset === 'coin' ? 'token' : 'coin' } : {}),
    over: chance(10) ? -1 : 1 + random(2000),
    salt: main.salt + 1,
  }
  const terms = chance(40) ? [main, other] : [main]
  const act = (time: number): Act => {
    const at = random(terms.length)
    const { locker, beneficiary } = terms[at] as Terms
    const kind = random(100)
    if (kind < 18)
      return {
        do: 'lock',
        time,
        terms: at,
        by: chance(70) ? locker : pick(ACTORS),
        ...(chance(12) ? { twist: 'asset' as const } : {}),
      }
    if (kind < 62)
      return {
        do: 'claim',
        time,
        terms: at,
        by: chance(65) ? beneficiary : pick(ACTORS),
        secret: chance(72) ? 'right' : pick(['wrong', 'hash']),
        ...(chance(18) ? { twist: pick(['payee', 'asset', 'contract'] as const) } : {}),
      }
    return {
      do: 'refund',
      time,
      terms: at,
      by: chance(65) ? locker : pick(ACTORS),
      ...(chance(14) ? { twist: pick(['payee', 'contract'] as const) } : {}),
    }
  }
  const first: Act = { do: 'lock', time: TIMES[0], terms: 0, by: 'alice' }
  const acts: Act[] = chance(92) ? [first] : [act(TIMES[0])]
  for (const time of TIMES) {
    const room = MOST_AT_ONCE - (time === TIMES[0] ? 1 : 0)
    const count = pick([0, 1, 1, 2, room])
    for (let i = 0; i < Math.min(count, room); i++) acts.push(act(time))
  }
  return { terms, acts }
}

/** Numbers from 0 below `most`, drawn from two 32-bit words (sfc32). */
function generator(seed: number, n: number): (most: number) => number {
  let [a, b, c, d] = [seed | 0, n | 0, 0x9e3779b9 | 0, 1]
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) next()
  return (most) => Math.floor((next() / 0x1_0000_0000) * most)
}
