import { availableParallelism } from 'node:os'
import { Crash, Universe } from '../packages/devnet/src/world/index.js'
import { asked } from './options.js'
import { hire, type Member, program } from './sim/crew.js'

/*
 * `pnpm sim:crash [-- --jobs <processes>] [--course <name>] [--pair <long>/<short>] [--all]`: kills the process of each role at every
 * boundary of a swap, in every ordered pair and course, and has it continued from its journal, or rebuilt from the seed and the chains.
 * `--all` tries boundaries too between which nothing happened that outlasts the process. `--point <name>` runs one again, with its
 * trace. One process for each processor unless told. Exit code 1 if any outcome diverges; the last line is JSON.
 */

const { value, whole, has } = asked(['jobs', 'course', 'pair', 'point'], ['all'])

if (value('point') !== undefined) await replay(value('point') as string)
else await main()

async function replay(name: string): Promise<void> {
  const found = Crash.pointOf(name)
  if (found === undefined)
    throw new Error(`--point is <long>/<short>/<course>/<role>@<boundary>[t][w], got ${name}`)
  const { scene, point } = found
  const peace = await Crash.survey(scene)
  const report = await Crash.crash(scene, point)
  const { kind, why } = Crash.judge(peace, { report, point })
  const lines = (of: Universe.Report) => of.trace.map((line) => `  ${line}`)
  const { killed } = report
  console.log(
    [
      ...[
        'in peace:',
        ...Universe.describe(peace.report.plan).map((line) => `  ${line}`),
        ...lines(peace.report),
      ],
      `with a crash ${killed?.label} (own lock ${killed?.own}, incoming ${killed?.incoming}, secret ${killed?.public ? 'public' : 'kept'}):`,
      ...lines(report),
      `${kind}${why === undefined ? '' : `: ${why}`}`,
    ].join('\n'),
  )
  if (kind === 'divergent') process.exitCode = 1
}

function tell({ scene, point, label, why }: Crash.Divergence): void {
  console.log(`\n${Crash.nameOf(scene)}, dead ${label}${point.wipe ? ', storage lost' : ''}: ${why}`)
  console.log(`run it again with: pnpm sim:crash -- --point ${Crash.nameOfPoint(scene, point)}`)
}

async function main(): Promise<void> {
  const jobs = whole('jobs', availableParallelism(), 1, 64)
  const all = has('all')
  const [pair, course] = [value('pair'), value('course')]
  const scenes = Crash.PAIRS.filter(
    ({ long, short }) => pair === undefined || pair === `${long}/${short}`,
  ).flatMap((families) =>
    Crash.COURSES.filter((one) => course === undefined || one.course === course).map((one) => ({
      families,
      ...one,
    })),
  )
  if (scenes.length === 0) throw new Error('there is no such pair or course')
  const began = process.hrtime.bigint()
  const names = scenes.map(Crash.nameOf)
  const done = new Map<string, Crash.Figures>()
  const made = await program()
  const crew = await Promise.all(Array.from({ length: Math.min(jobs, names.length) }, () => hire(made)))
  const left = [...names]
  const work = async (member: Member) => {
    for (let scene = left.shift(); scene !== undefined; scene = left.shift()) {
      const answer = await member.carryOut({ do: 'crash', scene, all })
      if (answer.is !== 'crashed') throw new Error(`a process of the simulator said ${answer.is}`)
      done.set(scene, answer.figures)
      if (process.stderr.isTTY) process.stderr.write(`\r${done.size} of ${names.length} `)
      else if (done.size % 20 === 0) console.log(`${done.size} of ${names.length} scenes`)
      for (const one of answer.figures.divergences.slice(0, 3)) tell(one)
    }
  }
  await Promise.all(crew.map(work))
  const cpuSeconds = crew.reduce((total, member) => total + member.cpuSeconds(), 0)
  for (const member of crew) member.end()
  if (process.stderr.isTTY) process.stderr.write('\r')
  const seconds = Number((process.hrtime.bigint() - began) / 1_000_000n) / 1000

  console.log('pair                  points  distinct   runs  divergent  what the others came to')
  for (const { long, short } of Crash.PAIRS) {
    const name = `${long}/${short}`
    const own = names
      .filter((scene) => scene.startsWith(`${name}/`))
      .map((scene) => done.get(scene) as Crash.Figures)
    if (own.length === 0) continue
    const { points, distinct, runs, kinds } = Crash.add(own)
    const rest = Object.entries(kinds).filter(([kind, count]) => kind !== 'divergent' && count > 0)
    const cells = [
      name.padEnd(18),
      ...[points, distinct, runs, kinds.divergent].map((n) => String(n).padStart(9)),
    ]
    console.log(`${cells.join('')}  ${rest.map(([kind, count]) => `${count} ${kind}`).join(', ')}`)
  }
  const figures = Crash.add([...done.values()])
  const { divergences, ...counts } = figures
  // A scene in which nobody was killed shows nothing.
  const idle = names.filter((scene) => (done.get(scene)?.runs ?? 0) === 0)
  for (const scene of idle) console.log(`${scene}: nobody was killed`)
  const pass = divergences.length === 0 && idle.length === 0
  console.log(
    JSON.stringify({
      gate: 'sim:crash',
      scenes: names.length,
      ...counts,
      divergent: divergences.length,
      diverging: divergences.slice(0, 20).map(({ scene, point }) => Crash.nameOfPoint(scene, point)),
      seconds: Math.round(seconds * 10) / 10,
      cpuSeconds: Math.round(cpuSeconds * 10) / 10,
      pass,
    }),
  )
  if (!pass) process.exitCode = 1
}
