import type { Role } from '../../packages/swap/src/Agreement.js'
import { explore, type Found } from '../../packages/swap/src/check/explore.js'
import type { Machine } from '../../packages/swap/src/check/Party.js'
import type { Chain, Setting } from '../../packages/swap/src/check/Setting.js'

/** A small world that wrong machines are tried in. */
export interface Scenario {
  readonly name: string
  readonly setting: Setting
}

const chain = (late: boolean, change: Partial<Chain> = {}): Chain => ({
  lead: 0,
  lag: 0,
  inclusion: 1,
  finality: 1,
  reorg: 1,
  outage: 0,
  lateClaims: late,
  lateLocks: late,
  shown: late,
  ...change,
})

/** What a world has beyond its margins: ticks to spare, and ticks that a party misses and nobody planned for. */
interface Beyond {
  readonly spare?: number
  readonly away?: number
}

/** The margins of the specification, in ticks, of two such chains. */
function setting(
  long: Chain,
  short: Chain,
  honest: readonly Role[],
  change: Partial<Setting> = {},
  { spare = 0, away = 0 }: Beyond = {},
): Setting {
  const reorgs = change.reorgs ?? 0
  const offline = change.offline ?? 0
  const again = ({ inclusion, reorg }: Chain) => reorgs * (inclusion + reorg)
  const reveal = short.inclusion + again(short) + short.outage
  const lock = short.inclusion + short.finality + reveal
  const launch = long.inclusion + long.finality + lock
  const apart =
    long.inclusion +
    (short.lateClaims ? short.inclusion : 0) +
    offline +
    long.outage +
    short.outage +
    Math.max(again(long), again(short)) +
    // A lock that is mined in the very block of its deadline can only be refunded from the next one on.
    Number(short.lateLocks && reorgs === 0)
  // The first look comes with just so much left as it asks for.
  const at = launch + 2 + spare
  return {
    chains: { long, short },
    deadlines: { short: at, long: at + apart },
    rules: { launch, lock, reveal, apart },
    detection: 0,
    reorgs,
    honest,
    clocks: { long: 0, short: 0 },
    from: 'agreed',
    ...change,
    offline: offline + away,
  }
}

const kinds = [false, true].flatMap((long) => [false, true].map((short) => ({ long, short })))
const named = ({ long, short }: { long: boolean; short: boolean }) =>
  `${long ? 'script' : 'contract'} ${short ? 'script' : 'contract'}`

const roles = ['follower', 'initiator'] as const
const mixed = kinds.filter(({ long, short }) => long !== short)

const deep = (late: boolean, change: Partial<Chain> = {}) => chain(late, { reorg: 2, ...change })

/** Worlds in which a machine is judged by what comes of it, the cheapest first. */
const plain: readonly Scenario[] = [
  ...kinds.map((kind) => ({
    name: `both honest, ${named(kind)}, no time to spare`,
    setting: setting(chain(kind.long), chain(kind.short), ['initiator', 'follower'], { fair: true }),
  })),
  ...kinds.flatMap((kind) =>
    roles.map((role) => ({
      name: `${role}, ${named(kind)}`,
      setting: setting(chain(kind.long), chain(kind.short), [role]),
    })),
  ),
  ...mixed.flatMap((kind) =>
    roles.flatMap((role) => [
      {
        name: `${role}, ${named(kind)}, away and back`,
        setting: setting(chain(kind.long), chain(kind.short), [role], { offline: 1 }),
      },
      {
        name: `${role}, ${named(kind)}, reorganised`,
        setting: setting(chain(kind.long), chain(kind.short), [role], { reorgs: 1 }),
      },
    ]),
  ),
  // The own leg is strict, and the incoming one takes late claims.
  ...roles.flatMap((role) => [
    {
      name: `${role}, beyond the plan`,
      setting: setting(deep(role === 'follower'), deep(role === 'initiator'), [role], {
        reorgs: 1,
        beyond: true,
      }),
    },
    {
      name: `${role}, away for longer than planned`,
      setting: setting(
        chain(role === 'follower'),
        chain(role === 'initiator'),
        [role],
        { beyond: true },
        { away: 2 },
      ),
    },
  ]),
  ...roles.map((role) => ({
    name: `${role}, halts`,
    setting: setting(chain(true), chain(false, { outage: 1 }), [role], { offline: 1 }),
  })),
  {
    name: 'initiator, recovered without its terms',
    setting: setting(chain(false), chain(false), ['initiator'], { from: 'recovered' }),
  },
]

/** Worlds in which what is due has to go out as well, and what the machine keeps of earlier looks matters. */
const strict: readonly Scenario[] = [
  ...roles.flatMap((role) => [
    {
      name: `${role}, what a reorganisation undoes is dropped`,
      setting: setting(chain(role === 'initiator'), chain(role === 'follower'), [role], {
        reorgs: 1,
        drops: true,
      }),
    },
    {
      name: `${role}, gifts`,
      setting: setting(chain(false), chain(false), [role], { gifts: true }),
    },
    {
      name: `${role}, claims end before the deadline`,
      setting: setting(chain(false, { early: 1 }), chain(false, { early: 1 }), [role], {}, { spare: 3 }),
    },
    {
      name: `${role}, remembers, away and back`,
      setting: setting(chain(false), chain(false), [role], { offline: 1, keeps: true, from: 'launched' }),
    },
  ]),
  {
    name: 'initiator, remembers, beyond the plan',
    setting: setting(deep(false, { firm: true }), deep(false), ['initiator'], {
      ...{ reorgs: 1, beyond: true, keeps: true, truthful: true, from: 'launched' },
    }),
  },
  {
    name: 'initiator, told to stop, beyond the plan',
    setting: setting(
      deep(false),
      deep(false),
      ['initiator'],
      { reorgs: 1, beyond: true, cancels: true, truthful: true, from: 'launched' },
      { spare: 2 },
    ),
  },
  {
    name: 'follower, told to stop, beyond the plan',
    setting: setting(deep(false), deep(false), ['follower'], {
      ...{ reorgs: 1, beyond: true, cancels: true, truthful: true },
    }),
  },
]

/** Small worlds that wrong machines are tried in. */
export const scenarios: readonly Scenario[] = [
  ...plain.map(({ name, setting }) => ({ name, setting: { ...setting, lax: true } as const })),
  ...strict,
]

/** What an exploration comes to, in so far as two machines may differ in it. */
export interface Verdict {
  readonly message?: string
  readonly outcomes: string
  readonly settled: number
  readonly states: number
}

export function judge(setting: Setting, machine: Machine): Verdict {
  const steps = explore(setting, machine, { states: 40_000, memory: 2 ** 28 })
  let next = steps.next()
  while (next.done !== true) next = steps.next()
  const found = next.value as Found
  if ('bound' in next.value)
    return { message: 'L6: there is no end to its states', outcomes: '', settled: 0, states: 0 }
  return {
    ...(found.violation === undefined ? {} : { message: found.violation.message }),
    outcomes: [...found.outcomes].sort().join(', '),
    settled: found.settled,
    states: found.states,
  }
}

/** Why a machine is wrong by a scenario: a theft, a leak or a stuck state; nothing where it does as the right one. */
export function complaint(right: Verdict, wrong: Verdict): string | undefined {
  if (wrong.message !== undefined) return wrong.message
  const missing = right.outcomes.split(', ').filter((one) => !wrong.outcomes.split(', ').includes(one))
  if (missing.length > 0) return `L1: ${missing.join(' and ')} can't be reached any more`
  const extra = wrong.outcomes.split(', ').filter((one) => !right.outcomes.split(', ').includes(one))
  if (extra.length > 0) return `L1: it may end in ${extra.join(' and ')}`
  return wrong.settled > right.settled
    ? `L2: an end is ${wrong.settled - right.settled} ticks later than it need be`
    : undefined
}
