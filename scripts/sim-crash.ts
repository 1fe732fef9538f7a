import { availableParallelism } from 'node:os'
import { Crash, Universe } from '../packages/devnet/src/world/index.js'
import { asked } from './options.js'
import { hire, type Member, program } from './sim/crew.js'

/*
 * `pnpm sim:crash [-- --jobs <processes>] [--course <name>] [--pair <long>/<short>] [--once [--all] | --twice]`: kills the process of each
 * role at every boundary of a swap, in every ordered pair and course, and has it continued from its journal, or rebuilt from the seed and
 * the chains. Then, of every deal, every ordered pair of crashes: after each first one, either party at every boundary of what follows.
 * `--once` leaves the pairs of crashes out, `--twice` the single ones. `--all` tries boundaries too between which nothing happened that
 * outlasts the process. `--point <name>` runs one crash, or pair of them, again, with its trace. One process for each processor unless
 * told. Exit code 1 if any outcome diverges; the last line is JSON.
 */

const { value, whole, has } = asked(['jobs', 'course', 'pair', 'point'], ['all', 'once', 'twice'])

if (value('point') !== undefined) await replay(value('point') as string)
else await main()

async function replay(name: string): Promise<void> {
  const found = Crash.pointOf(name)
  if (found === undefined)
    throw new Error(
      `--point is <long>/<short>/<course>/<role>@<boundary>[t][w][+[<role>@]<boundary>[t][w]], got ${name}`,
    )
  const { scene, point } = found
  const peace = await Crash.survey(scene)
  const report = await Crash.crash(scene, point)
  const { kind, why } = Crash.judge(peace, { report, point })
  const lines = (of: Universe.Report) => of.trace.map((line) => `  ${line}`)
  const deaths = report.killed.map(
    (dead) =>
      `${dead.who} dead ${dead.label} (own lock ${dead.own}, incoming ${dead.incoming}, secret ${dead.public ? 'public' : 'kept'})`,
  )
  console.log(
    [
      ...[
        'in peace:',
        ...Universe.describe(peace.report.plan).map((line) => `  ${line}`),
        ...lines(peace.report),
      ],
      `${deaths.join(', then ')}:`,
      ...lines(report),
      `${kind}${why === undefined ? '' : `: ${why}`}`,
    ].join('\n'),
  )
  if (kind === 'divergent') process.exitCode = 1
}

function tell({ scene, point, label, why }: Crash.Divergence): void {
  const lost = point.wipe || point.next?.wipe === true
  console.log(`\n${Crash.nameOf(scene)}, dead ${label}${lost ? ', storage lost' : ''}: ${why}`)
  console.log(`run it again with: pnpm sim:crash -- --point ${Crash.nameOfPoint(scene, point)}`)
}

/** What is run of one scene: single crashes, or pairs of them. */
interface Task {
  readonly scene: string
  readonly twice: boolean
}

async function main(): Promise<void> {
  const jobs = whole('jobs', availableParallelism(), 1, 64)
  const [all, once, twice] = [has('all'), has('once'), has('twice')]
  if (once && twice) throw new Error('--once and --twice leave nothing')
  if (all && !once) throw new Error('--all goes with --once: all pairs of all boundaries are too many')
  const [pair, course] = [value('pair'), value('course')]
  const scenes = Crash.PAIRS.filter(
    ({ long, short }) => pair === undefined || pair === `${long}/${short}`,
  ).flatMap((families) =>
    Crash.COURSES.filter((one) => course === undefined || one.course === course).map((one) => ({
      families,
      ...one,
    })),
  )
  const deals = scenes.filter((scene) => scene.course === 'deal')
  const tasks: readonly Task[] = [
    ...(twice ? [] : scenes).map((scene) => ({ scene: Crash.nameOf(scene), twice: false })),
    ...(once ? [] : deals).map((scene) => ({ scene: Crash.nameOf(scene), twice: true })),
  ]
  if (tasks.length === 0) throw new Error('there is no such pair or course')
  const began = process.hrtime.bigint()
  const done = new Map<Task, Crash.Figures>()
  const made = await program()
  const crew = await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, () => hire(made)))
  const left = [...tasks]
  const work = async (member: Member) => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const answer = await member.carryOut({ do: 'crash', ...task, all })
      if (answer.is !== 'crashed') throw new Error(`a process of the simulator said ${answer.is}`)
      done.set(task, answer.figures)
      if (process.stderr.isTTY) process.stderr.write(`\r${done.size} of ${tasks.length} `)
      else if (done.size % 20 === 0) console.log(`${done.size} of ${tasks.length} scenes`)
      for (const one of answer.figures.divergences.slice(0, 3)) tell(one)
    }
  }
  await Promise.all(crew.map(work))
  const cpuSeconds = crew.reduce((total, member) => total + member.cpuSeconds(), 0)
  for (const member of crew) member.end()
  if (process.stderr.isTTY) process.stderr.write('\r')
  const seconds = Number((process.hrtime.bigint() - began) / 1_000_000n) / 1000

  const of = (chosen: readonly Task[]) => chosen.map((task) => done.get(task) as Crash.Figures)
  const [singles, pairs] = [tasks.filter((task) => !task.twice), tasks.filter((task) => task.twice)]
  for (const [title, some] of [
    ['one crash', singles],
    ['two crashes', pairs],
  ] as const) {
    if (some.length === 0) continue
    console.log(`${title.padEnd(21)} points  distinct   runs  divergent  what the others came to`)
    for (const { long, short } of Crash.PAIRS) {
      const name = `${long}/${short}`
      const own = some.filter(({ scene }) => scene.startsWith(`${name}/`))
      if (own.length > 0) console.log(`${name.padEnd(18)}${row(Crash.add(of(own)))}`)
    }
  }
  // A scene in which nobody was killed shows nothing.
  const idle = tasks.filter((task) => (done.get(task)?.runs ?? 0) === 0)
  for (const task of idle) console.log(`${task.scene}: nobody was killed${task.twice ? ' twice' : ''}`)
  const { divergences, ...counts } = Crash.add(of(singles))
  const { divergences: ofPairs, distinct: ordered, ...rest } = Crash.add(of(pairs))
  const diverging = [...divergences, ...ofPairs]
  const pass = diverging.length === 0 && idle.length === 0
  console.log(
    JSON.stringify({
      gate: 'sim:crash',
      scenes: singles.length,
      ...counts,
      divergent: divergences.length,
      twice: { scenes: pairs.length, pairs: ordered, ...rest, divergent: ofPairs.length },
      diverging: diverging.slice(0, 20).map(({ scene, point }) => Crash.nameOfPoint(scene, point)),
      seconds: Math.round(seconds * 10) / 10,
      cpuSeconds: Math.round(cpuSeconds * 10) / 10,
      pass,
    }),
  )
  if (!pass) process.exitCode = 1
}

function row({ points, distinct, runs, kinds }: Crash.Figures): string {
  const cells = [points, distinct, runs, kinds.divergent].map((n) => String(n).padStart(9))
  const rest = Object.entries(kinds).filter(([kind, count]) => kind !== 'divergent' && count > 0)
  return `${cells.join('')}  ${rest.map(([kind, count]) => `${count} ${kind}`).join(', ')}`
}
