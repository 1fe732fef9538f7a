// `kill -9` at every boundary: a swap is run once in peace, each place at which its process could die is numbered, and the swap is run
// again for each of them, to be continued from the journal or rebuilt from the seed and the chains alone.
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

/** A crash: where, in the middle of a write or not, and what is left afterwards. */
export interface Point {
  readonly boundary: number
  readonly torn: boolean
  readonly wipe: boolean
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
  /** Boundaries that were numbered. */
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

/** The plan of a scene, with a crash if one is told. */
export function planOf({ families: pair, course, who }: Scene, point?: Point): Plan {
  const calm: Plan = {
    ...{ seed: 'crash', families: pair, risk: 'standard', reorgs: 1, slack: SLACK },
    ...{ honest: ['initiator', 'follower'], servers: 1, liars: 0, deeds: [], faults: [] },
  }
  const kill: Fault[] =
    point === undefined
      ? []
      : [
          {
            ...{ is: 'kill', who, boundary: point.boundary, down: DOWN, wipe: point.wipe },
            ...(point.torn ? { torn: true } : {}),
          },
        ]
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

/** A swap in peace: how it ends, and where its process could die. */
export interface Peace {
  readonly scene: Scene
  readonly report: Universe.Report
  readonly boundaries: readonly (Boundary & { readonly instant: number })[]
}

/** Runs a scene in peace and numbers its boundaries. */
export async function survey(scene: Scene, options: Universe.RunOptions = {}): Promise<Peace> {
  const boundaries: (Boundary & { readonly instant: number })[] = []
  const report = await Universe.run(planOf(scene), {
    ...options,
    passed(role, boundary, instant) {
      if (role === scene.who) boundaries.push({ ...boundary, instant })
    },
  })
  return { scene, report, boundaries }
}

/**
 * The points to try, each continued and wiped. Of boundaries between which nothing happened that outlasts the process, in one instant, the
 * first stands for all: whoever starts again finds the same disk and the same chains.
 */
export function points({ boundaries }: Pick<Peace, 'boundaries'>, all = false): readonly Point[] {
  const known = new Set<string>()
  const found: Point[] = []
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
 * Runs a scene with one crash.
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

/** What a crash changed, and why that may not be where it may not. */
export function judge(
  peace: Peace,
  { report, point }: { readonly report: Universe.Report; readonly point: Point },
): { readonly kind: Kind; readonly why?: string } {
  const diverges = (why: string) => ({ kind: 'divergent', why }) as const
  const { killed, violations } = report
  if (killed === undefined) throw new Error(`${nameOf(peace.scene)} has no boundary ${point.boundary}`)
  const [first] = violations
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
  if (point.wipe && killed.own === 'nowhere') return { kind: 'forgotten' }
  if (point.wipe && killed.incoming === 'nowhere' && !killed.public) return { kind: 'refunded' }
  if (!killed.public && killed.own === 'nowhere') return { kind: 'too-late' }
  const missed = before.outcomes[peace.scene.who] === 'free-ride' && !killed.claimed
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

/** How a scene must end in peace, or it shows nothing. */
export function isAsMeant({ scene: { course, who }, report }: Peace): boolean {
  const own = report.outcomes[who]
  if (report.violations.length > 0) return false
  return course === 'deal' ? own === 'deal' : own === 'no-deal' || own === 'free-ride'
}

const NONE: Readonly<Record<Kind, number>> = {
  ...{ same: 0, forgotten: 0, refunded: 0, 'too-late': 0, 'windfall-missed': 0, better: 0, divergent: 0 },
}

/** Which scenes are crashed, and how far it goes. */
export interface Options {
  readonly scenes: readonly Scene[]
  /** Points that outlast the process in the same way are tried too. */
  readonly all?: boolean
  readonly bug?: Universe.Bug
  readonly onScene?: (peace: Peace, runs: number) => void
  /** Stop at so many divergences. */
  readonly most?: number
}

/**
 * Kills the processes of scenes at every boundary, and counts what comes of it.
 *
 * @example
 * import { Crash } from '@aitbc/devnet/world'
 * const scene = { families: { long: 'solana', short: 'cosmos' }, course: 'no-lock', who: 'follower' } as const
 * const figures = await Crash.run({ scenes: [scene] })
 * figures.divergences.length // 0
 */
export async function run(options: Options): Promise<Figures> {
  const { all = false, bug, most = Number.POSITIVE_INFINITY } = options
  const kinds: Record<Kind, number> = { ...NONE }
  const divergences: Divergence[] = []
  let [numbered, distinct, runs] = [0, 0, 0]
  for (const scene of options.scenes) {
    const how = bug === undefined ? {} : { bug }
    const peace = await survey(scene, how)
    if (!isAsMeant(peace)) throw new Error(`${nameOf(scene)} doesn't end as it is meant to`)
    const tried = points(peace, all)
    numbered += peace.boundaries.length
    distinct += tried.filter(({ wipe, torn }) => !wipe && !torn).length
    for (const point of tried) {
      if (divergences.length >= most) break
      const report = await crash(scene, point, how)
      runs++
      const { kind, why } = judge(peace, { report, point })
      kinds[kind]++
      if (why !== undefined) divergences.push({ scene, point, label: report.killed?.label ?? '', why })
    }
    options.onScene?.(peace, tried.length)
  }
  return { points: numbered, distinct, runs, kinds, divergences }
}

/** The figures of several runs as those of one. */
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

/** A scene in one word: `bitcoin/evm/deal/initiator`. */
export function nameOf({ families: { long, short }, course, who }: Scene): string {
  return `${long}/${short}/${course}/${who}`
}

/** A scene and a point in one word: `bitcoin/evm/deal/initiator@115` and, where a write is torn or storage is lost, `t` or `w`. */
export function nameOfPoint(scene: Scene, { boundary, torn, wipe }: Point): string {
  return `${nameOf(scene)}@${boundary}${torn ? 't' : ''}${wipe ? 'w' : ''}`
}

/** The scene and the point of a name. */
export function pointOf(name: string): { readonly scene: Scene; readonly point: Point } | undefined {
  const [, of = '', boundary, torn, wipe] = /^(.*)@(\d{1,9})(t?)(w?)$/.exec(name) ?? []
  const scene = sceneOf(of)
  if (scene === undefined) return undefined
  return { scene, point: { boundary: Number(boundary), torn: torn === 't', wipe: wipe === 'w' } }
}

/** The scene of a name. */
export function sceneOf(name: string): Scene | undefined {
  return PAIRS.flatMap((pair) => COURSES.map((one) => ({ families: pair, ...one }))).find(
    (scene) => nameOf(scene) === name,
  )
}
