// `kill -9` at every boundary: a swap is run once in peace, each place at which its process could die is numbered, and the swap is run
// again for each of them, to be continued from the journal or rebuilt from the seed and the chains alone. In pairs: what follows from each
// of these crashes is numbered in its turn, and run again for each place at which either party's process could die then.
import { type FamilyName, families } from '../families/index.js'
import type { Deed, Fault, Leg, Plan, Role } from './Plan.js'
import type { Boundary } from './party/Gate.js'
import * as Universe from './Universe.js'

/** How the swap goes, but for the crash. */
export type Course =
  /** Both keep the protocol. */
  | 'deal'
  /** The counterparty never locks. */
  | 'no-lock'
  /** The initiator locks and never reveals. */
  | 'no-reveal'
  /** The initiator reveals when the short leg's deadline is there: too late for itself, not for the follower. */
  | 'late-reveal'
  /** The follower locks, and is never seen again. */
  | 'abandoned'
  /** The own lock is kept out of all blocks until it is of no use any more, and has to be called off. */
  | 'called-off'

/** A swap without any crash. */
export interface Scene {
  readonly families: { readonly [L in Leg]: FamilyName }
  readonly course: Course
  /** Whose process dies. */
  readonly who: Role
}

/** The end of a process: where, in the middle of a write or not, and what is left afterwards. */
export interface Death {
  readonly boundary: number
  readonly torn: boolean
  readonly wipe: boolean
}

/** A crash, or two of them. */
export interface Point extends Death {
  /**
   * The second crash, of the same party or of the other one, in what follows from the first. Boundaries are counted from the beginning,
   * on over restarts: each one that any process of a party comes to has a number of its own, so that none is left out.
   */
  readonly next?: Death & { readonly who: Role }
}

/** What a crash changed. */
export type Kind =
  /** Nothing: the same outcomes, the same units on both chains for everybody. */
  | 'same'
  /** The party lost its storage before its own lock was anywhere, and knows of no swap: nobody has locked in vain, but for fees. */
  | 'forgotten'
  /** The party lost its storage while only its own lock was there, and was refunded instead of a deal: all have what they had. */
  | 'refunded'
  /** The party came back when too little time was left, and no lock or secret was risked: all have what they had. */
  | 'too-late'
  /**
   * It was away when the counterparty's belated claim showed the secret in a mempool, and has its refund instead of both legs: what nobody
   * had promised it, and nobody lost.
   */
  | 'windfall-missed'
  /** Somebody honest is better off than without the crash, and nobody honest worse. */
  | 'better'
  | 'divergent'

/** A crash that led to what may not be. */
export interface Divergence {
  readonly scene: Scene
  readonly point: Point
  readonly label: string
  readonly why: string
}

/** What became of crashes. */
export interface Figures {
  /** Boundaries that were numbered: of pairs of crashes, those after the first. */
  readonly points: number
  /** Of those, the ones that differ in what outlasts the process; each was tried in all its ways. */
  readonly distinct: number
  readonly runs: number
  readonly kinds: Readonly<Record<Kind, number>>
  readonly divergences: readonly Divergence[]
}

/** Every course of a swap, for each role that it is one for. */
export const COURSES: readonly { readonly course: Course; readonly who: Role }[] = [
  { course: 'deal', who: 'initiator' },
  { course: 'deal', who: 'follower' },
  { course: 'no-lock', who: 'initiator' },
  { course: 'no-lock', who: 'follower' },
  { course: 'no-reveal', who: 'follower' },
  { course: 'late-reveal', who: 'follower' },
  { course: 'abandoned', who: 'initiator' },
  { course: 'called-off', who: 'initiator' },
  { course: 'called-off', who: 'follower' },
]

/** Every ordered pair of two different families. */
export const PAIRS: readonly Scene['families'][] = (Object.keys(families) as FamilyName[]).flatMap((long) =>
  (Object.keys(families) as FamilyName[]).flatMap((short) => (long === short ? [] : [{ long, short }])),
)

/** Seconds that a process stays dead. */
const DOWN = 5
/** Beyond the least time to the short deadline, so that being dead for a moment changes nothing. */
const SLACK = 3600

/**
 * The plan of a scene, with a crash, or two, if told.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'deal', who: 'initiator' } as const
 * Crash.planOf(scene).faults // []
 * Crash.planOf(scene, { boundary: 60, torn: false, wipe: true }).faults.map(({ is }) => is) // ['kill']
 */
export function planOf({ families: pair, course, who }: Scene, point?: Point): Plan {
  const calm: Plan = {
    ...{ seed: 'crash', families: pair, risk: 'standard', reorgs: 1, slack: SLACK },
    ...{ honest: ['initiator', 'follower'], servers: 1, liars: 0, deeds: [], faults: [] },
  }
  const kill = deathsOf(who, point).map(
    (death): Fault => ({
      ...{ is: 'kill', who: death.who, boundary: death.boundary, down: DOWN, wipe: death.wipe },
      ...(death.torn ? { torn: true } : {}),
    }),
  )
  const against = (...deeds: Deed[]): Plan => ({ ...calm, honest: [who], deeds, faults: kill })
  const locked: Deed = { act: 'lock', when: { at: 5 } }
  switch (course) {
    case 'deal':
      return { ...calm, faults: kill }
    case 'no-lock':
      return against()
    case 'no-reveal':
      return against(locked, { act: 'refund', when: { clock: 'long', before: 0 } })
    case 'late-reveal':
      return against(locked, {
        act: 'claim',
        when: { clock: 'short', before: families[pair.short].median ? 1 : 0 },
      })
    case 'abandoned':
      return against(locked)
    case 'called-off': {
      const leg = who === 'initiator' ? 'long' : 'short'
      const length = Universe.useless(calm) + 1800
      return { ...calm, faults: [{ is: 'censor', leg, from: 0, for: length }, ...kill] }
    }
  }
}

/** Who dies at a point, and how, in that order. */
function deathsOf(who: Role, point: Point | undefined): readonly (Death & { readonly who: Role })[] {
  if (point === undefined) return []
  const { next, ...first } = point
  return [{ who, ...first }, ...(next === undefined ? [] : [next])]
}

/** Where a process could die, and in which instant. */
export type Place = Boundary & { readonly instant: number }

/** A swap in peace: how it ends, and where its process could die. */
export interface Peace {
  readonly scene: Scene
  readonly report: Universe.Report
  readonly boundaries: readonly Place[]
}

/**
 * Runs a scene in peace and numbers its boundaries.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'deal', who: 'initiator' } as const
 * const { report, boundaries } = await Crash.survey(scene)
 * report.outcomes.initiator // 'deal'
 * // Numbered from 0 on, in the order in which the process comes to them.
 * boundaries[2]?.at // 2
 */
export async function survey(scene: Scene, options: Universe.RunOptions = {}): Promise<Peace> {
  const boundaries: Place[] = []
  const report = await Universe.run(planOf(scene), {
    ...options,
    passed(role, boundary, instant) {
      if (role === scene.who) boundaries.push({ ...boundary, instant })
    },
  })
  return { scene, report, boundaries }
}

/** Where each party's process could die once the scene's party did, until the end. */
async function aftermath(
  scene: Scene,
  first: Death,
  options: Universe.RunOptions,
): Promise<Readonly<Record<Role, readonly Place[]>>> {
  const places: Record<Role, Place[]> = { initiator: [], follower: [] }
  let died: number | undefined
  await Universe.run(planOf(scene, first), {
    ...options,
    passed(role, boundary, instant) {
      // What dies in a write may come to a boundary beside it, and starts again in a later instant.
      if (died !== undefined && (role !== scene.who || instant > died))
        places[role].push({ ...boundary, instant })
      if (role === scene.who && boundary.at === first.boundary) died = instant
    },
  })
  if (died === undefined) throw new Error(`${nameOfPoint(scene, first)} kills nobody`)
  return places
}

/**
 * The points to try, each continued and wiped, and torn where a write can be. Of boundaries between which nothing happened that outlasts the
 * process, in one instant, the first stands for all: whoever starts again finds the same disk and the same chains.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const at = (number: number, effects: number) => ({ at: number, effects, instant: 1, label: 'put', tears: effects === 1 })
 * // The first two leave the same disk and the same chains behind; the third may be torn.
 * const points = Crash.points({ boundaries: [at(0, 0), at(1, 0), at(2, 1)] })
 * points.map(({ boundary }) => boundary) // [0, 0, 2, 2, 2]
 */
export function points({ boundaries }: Pick<Peace, 'boundaries'>, all = false): readonly Death[] {
  const known = new Set<string>()
  const found: Death[] = []
  for (const { at, instant, effects, tears } of boundaries) {
    const key = `${instant}/${effects}`
    const fresh = all || !known.has(key)
    known.add(key)
    for (const wipe of [false, true]) if (fresh) found.push({ boundary: at, torn: false, wipe })
    // What is torn in a storage that is lost is lost with it.
    if (tears) found.push({ boundary: at, torn: true, wipe: false })
  }
  return found
}

/**
 * Runs a scene with one crash, or with two of them.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'deal', who: 'initiator' } as const
 * const { outcomes } = await Crash.crash(scene, { boundary: 60, torn: false, wipe: false })
 * outcomes.initiator // 'deal'
 */
export function crash(
  scene: Scene,
  point: Point,
  options: Universe.RunOptions = {},
): Promise<Universe.Report> {
  return Universe.run(planOf(scene, point), options)
}

/**
 * What a crash changed, and `why` that may not be where it may not. Throws where the point killed nobody.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'deal', who: 'initiator' } as const
 * const peace = await Crash.survey(scene)
 * const point = { boundary: 60, torn: false, wipe: false }
 * Crash.judge(peace, { report: await Crash.crash(scene, point), point }).kind // 'same'
 */
export function judge(
  peace: Peace,
  { report, point }: { readonly report: Universe.Report; readonly point: Point },
): { readonly kind: Kind; readonly why?: string } {
  const diverges = (why: string) => ({ kind: 'divergent', why }) as const
  const { killed, violations } = report
  const [first] = violations
  // Of two parties that die in one instant, either may be the first.
  const left = [...killed]
  const deaths = deathsOf(peace.scene.who, point).map(({ who, wipe }) => {
    const at = left.findIndex((dead) => dead.who === who)
    const [known] = at < 0 ? [] : left.splice(at, 1)
    if (known === undefined) throw new Error(`${nameOfPoint(peace.scene, point)} kills nobody`)
    return { ...known, wipe }
  })
  if (first !== undefined) return diverges(`${first.property}: ${first.message}`)
  const { honest } = report.plan
  const before = peace.report
  if (honest.every((role) => isEqual(role, before, report))) return { kind: 'same' }
  const story = honest
    .map((role) => `${role} ${before.outcomes[role]} in peace, ${report.outcomes[role]} now`)
    .join(', ')
  if (honest.every((role) => isNoWorse(role, before, report))) return { kind: 'better' }
  // What is left may only be that nothing was exchanged: nobody honest has less of anything than at the beginning.
  const whole = honest.every((role) => report.outcomes[role] === 'no-deal' && isNothing(report.change[role]))
  if (!whole) return diverges(story)
  const lost = deaths.filter(({ wipe }) => wipe)
  if (lost.some(({ own }) => own === 'nowhere')) return { kind: 'forgotten' }
  if (lost.some((dead) => dead.incoming === 'nowhere' && !dead.public)) return { kind: 'refunded' }
  if (deaths.some((dead) => !dead.public && dead.own === 'nowhere')) return { kind: 'too-late' }
  const missed = deaths.some(({ who, claimed }) => before.outcomes[who] === 'free-ride' && !claimed)
  if (missed && peace.scene.who === 'follower') return { kind: 'windfall-missed' }
  return diverges(story)
}

type Change = Universe.Report['change'][Role]

function isEqual(role: Role, a: Universe.Report, b: Universe.Report): boolean {
  const [before, after] = [a.change[role], b.change[role]]
  return (
    a.outcomes[role] === b.outcomes[role] && before?.long === after?.long && before?.short === after?.short
  )
}

/** At least as much on both chains, whatever it is called. */
function isNoWorse(role: Role, a: Universe.Report, b: Universe.Report): boolean {
  const [before, after] = [a.change[role], b.change[role]]
  if (before === undefined || after === undefined) return false
  return after.long >= before.long && after.short >= before.short
}

function isNothing(change: Change): boolean {
  return change?.long === 0n && change.short === 0n
}

/**
 * How a scene must end in peace, or it shows nothing.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'no-lock', who: 'initiator' } as const
 * Crash.isAsMeant(await Crash.survey(scene)) // true
 */
export function isAsMeant({ scene: { course, who }, report }: Peace): boolean {
  const own = report.outcomes[who]
  if (report.violations.length > 0) return false
  return course === 'deal' ? own === 'deal' : own === 'no-deal' || own === 'free-ride'
}

const NONE: Readonly<Record<Kind, number>> = {
  ...{ same: 0, forgotten: 0, refunded: 0, 'too-late': 0, 'windfall-missed': 0, better: 0, divergent: 0 },
}

interface Common {
  readonly scenes: readonly Scene[]
  readonly bug?: Universe.Bug
  /** Stop at so many divergences. */
  readonly most?: number
}

/** Which scenes are crashed, and how far it goes. */
export interface Options extends Common {
  /** Points that outlast the process in the same way are tried too. */
  readonly all?: boolean
  readonly onScene?: (peace: Peace, runs: number) => void
}

/** Which scenes are crashed in pairs, and how far it goes. */
export interface TwiceOptions extends Common {
  /** First crashes that count; all unless told. */
  readonly firsts?: (first: Death) => boolean
  /** Of first crashes, and of second ones, each so-manieth is tried; 1 unless told. */
  readonly every?: number
}

/**
 * Kills the processes of scenes at every boundary, and counts what comes of it. Rejects where a scene in peace isn't {@link isAsMeant}.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'no-lock', who: 'follower' } as const
 * const figures = await Crash.run({ scenes: [scene] })
 * figures.divergences.length // 0
 */
export async function run(options: Options): Promise<Figures> {
  const count = counter(options)
  for (const scene of options.scenes) {
    const peace = await count.peace(scene)
    const tried = points(peace, options.all)
    await count.all(peace, { numbered: peace.boundaries.length, tried })
    options.onScene?.(peace, tried.length)
  }
  return count.figures()
}

/**
 * Kills processes of scenes twice: the scene's party at every boundary, as {@link run} does, and in what follows from each of these
 * crashes either party at every boundary that it comes to from there on, again in all ways. Over the scenes of both parties that is
 * every ordered pair of crashes.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'deal', who: 'follower' } as const
 * const figures = await Crash.runTwice({ scenes: [scene], every: 20 })
 * figures.divergences.length // 0
 */
export async function runTwice(options: TwiceOptions): Promise<Figures> {
  const { firsts: counts = () => true, every = 1 } = options
  const count = counter(options)
  for (const scene of options.scenes) {
    const peace = await count.peace(scene)
    const firsts = points(peace)
      .filter(counts)
      .filter((_, at) => at % every === 0)
    for (const [nth, first] of firsts.entries()) {
      if (count.isEnough()) break
      const places = await aftermath(scene, first, count.how)
      const tried = (['initiator', 'follower'] as const).flatMap((who) =>
        points({ boundaries: places[who] }).map((death): Point => ({ ...first, next: { who, ...death } })),
      )
      // Not the same ones after each, where some are left out.
      const some = tried.filter((_, at) => (at + nth) % every === 0)
      await count.all(peace, { numbered: places.initiator.length + places.follower.length, tried: some })
    }
  }
  return count.figures()
}

/** Runs what is to be tried, and keeps count. */
function counter({ bug, most = Number.POSITIVE_INFINITY }: Common) {
  const how: Universe.RunOptions = bug === undefined ? {} : { bug }
  const kinds: Record<Kind, number> = { ...NONE }
  const divergences: Divergence[] = []
  let [points, distinct, runs] = [0, 0, 0]
  const isEnough = () => divergences.length >= most
  return {
    how,
    isEnough,
    async peace(scene: Scene): Promise<Peace> {
      const peace = await survey(scene, how)
      if (!isAsMeant(peace)) throw new Error(`${nameOf(scene)} doesn't end as it is meant to`)
      return peace
    },
    async all(
      peace: Peace,
      { numbered, tried }: { readonly numbered: number; readonly tried: readonly Point[] },
    ): Promise<void> {
      const { scene } = peace
      points += numbered
      distinct += tried.map(({ next, ...first }) => next ?? first).filter((at) => !at.wipe && !at.torn).length
      for (const point of tried) {
        if (isEnough()) break
        const report = await crash(scene, point, how)
        runs++
        const { kind, why } = judge(peace, { report, point })
        kinds[kind]++
        const label = report.killed.map((dead) => dead.label).join(', then ')
        if (why !== undefined) divergences.push({ scene, point, label, why })
      }
    },
    figures: (): Figures => ({ points, distinct, runs, kinds, divergences }),
  }
}

/**
 * The figures of several runs as those of one.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'no-lock', who: 'follower' } as const
 * const figures = await Crash.run({ scenes: [scene] })
 * // Of two processes that each had a part of the scenes.
 * const { runs, divergences } = Crash.add([figures, figures])
 * runs === 2 * figures.runs // true
 * divergences // []
 */
export function add(all: readonly Figures[]): Figures {
  const kinds = { ...NONE }
  for (const one of all) for (const kind of Object.keys(kinds) as Kind[]) kinds[kind] += one.kinds[kind]
  const sum = (of: (one: Figures) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    points: sum(({ points }) => points),
    distinct: sum(({ distinct }) => distinct),
    runs: sum(({ runs }) => runs),
    kinds,
    divergences: all.flatMap(({ divergences }) => divergences),
  }
}

/**
 * A scene in one word: `bitcoin/evm/deal/initiator`.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * Crash.nameOf({ families: { long: 'bitcoin', short: 'evm' }, course: 'deal', who: 'initiator' }) // 'bitcoin/evm/deal/initiator'
 */
export function nameOf({ families: { long, short }, course, who }: Scene): string {
  return `${long}/${short}/${course}/${who}`
}

/**
 * A scene and a point in one word: `bitcoin/evm/deal/initiator@115` and, where a write is torn or storage is lost, `t` or `w`; then `+` and
 * the second crash, `…@115t+140`, or `…@115t+follower@60w` where the other party dies.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'bitcoin', short: 'evm' }, course: 'deal', who: 'initiator' } as const
 * const next = { who: 'follower', boundary: 60, torn: false, wipe: true } as const
 * Crash.nameOfPoint(scene, { boundary: 115, torn: true, wipe: false, next }) // 'bitcoin/evm/deal/initiator@115t+follower@60w'
 */
export function nameOfPoint(scene: Scene, { next, ...first }: Point): string {
  const of = ({ boundary, torn, wipe }: Death) => `${boundary}${torn ? 't' : ''}${wipe ? 'w' : ''}`
  const second = next === undefined ? '' : `+${next.who === scene.who ? '' : `${next.who}@`}${of(next)}`
  return `${nameOf(scene)}@${of(first)}${second}`
}

/**
 * The scene and the point of a name; `undefined` where it is none that {@link nameOfPoint} gives.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * Crash.pointOf('bitcoin/evm/deal/initiator@115t')?.point // { boundary: 115, torn: true, wipe: false }
 * Crash.pointOf('bitcoin/evm/deal/initiator') // undefined
 */
export function pointOf(name: string): { readonly scene: Scene; readonly point: Point } | undefined {
  const shape = /^([^@]*)@(\d{1,9}t?w?)(?:\+(?:(initiator|follower)@)?(\d{1,9}t?w?))?$/
  const [, of = '', first = '', other, second] = shape.exec(name) ?? []
  const scene = sceneOf(of)
  if (scene === undefined) return undefined
  const death = (text: string): Death => ({
    ...{ boundary: Number.parseInt(text, 10), torn: text.includes('t'), wipe: text.includes('w') },
  })
  const who = (other as Role | undefined) ?? scene.who
  return {
    scene,
    point: { ...death(first), ...(second === undefined ? {} : { next: { who, ...death(second) } }) },
  }
}

/**
 * The scene of a name; `undefined` where it is none that {@link nameOf} gives.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * Crash.sceneOf('bitcoin/evm/deal/initiator')?.course // 'deal'
 * Crash.sceneOf('bitcoin/bitcoin/deal/initiator') // undefined
 */
export function sceneOf(name: string): Scene | undefined {
  return PAIRS.flatMap((pair) => COURSES.map((one) => ({ families: pair, ...one }))).find(
    (scene) => nameOf(scene) === name,
  )
}
