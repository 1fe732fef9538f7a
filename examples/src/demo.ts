// Two people who trust neither each other nor any server swap coins of two chains, on real nodes.

import { type Audience, createJsonAudience, createTerminalAudience, type Watcher } from './swap/Audience.js'
import { read, type Task, USAGE } from './swap/arguments.js'
import type { FamilyName } from './swap/Family.js'
import { families } from './swap/families.js'
import { figures, nameOf, type Row, table } from './swap/matrix.js'
import { createStage, type Stage } from './swap/Stage.js'
import { type Pair, type Performed, perform, type Scene, scenes, scenesOf } from './swap/scenarios.js'
import { createWorld, type World } from './swap/World.js'

/** Scenes of the matrix that are played at the same time: most of a scene is waiting for blocks. */
const AT_ONCE = 6
/** Milliseconds between two looks of a party at a chain, where so many parties look. */
const POLL_MS = 2000

const SILENT: Watcher = { say: () => undefined, hear: () => undefined }

const print = (line: string) => process.stdout.write(`${line}\n`)
const complain = (line: string) => process.stderr.write(`${line}\n`)
const began = performance.now()
const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => abort.abort(new Error(`stopped by ${signal}`)))

const task = read(process.argv.slice(2))
if (typeof task === 'string') {
  complain(task)
  complain(USAGE)
  process.exitCode = 2
} else
  try {
    process.exitCode = await main(task)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    complain(`${abort.signal.reason.message}; nothing is left running`)
    process.exitCode = 130
  }

async function main(task: Task): Promise<number> {
  const { plays, unplayed } = await programme(task)
  if (unplayed.length > 0 && task.is !== 'all') {
    for (const { pair, why } of unplayed) complain(`${nameOf(pair)} can't run here: ${why}`)
    return 3
  }
  await using world = await createWorld({
    families: [...new Set(plays.flatMap(({ give, get }) => [give.family, get.family]))],
    signal: abort.signal,
    onError: (error) => abort.abort(error),
    ...(task.json ? {} : { onProgress: print }),
  })
  const audience = audienceOf(task, world)
  for (const { name, software, evidence } of world.chains)
    audience.say(`${name}: ${software}; evidence: ${evidence}`)
  const stage = await createStage(world, task.is !== 'scenes' && plays.length > 1 ? { pollMs: POLL_MS } : {})
  abort.signal.addEventListener('abort', () => void stage.close())
  try {
    if (task.is === 'scenes') return await playScenes(task.only, stage, audience)
    return await playPairs(plays, unplayed, stage, audience, task)
  } finally {
    await stage.close()
  }
}

/** The pairs to play, and those that can't be, with the reason. */
async function programme(task: Task): Promise<{ plays: readonly Pair[]; unplayed: readonly Unplayed[] }> {
  if (task.is === 'scenes') return { plays: chosen(task.only).map(({ scene }) => scene.pair), unplayed: [] }
  const why = new Map<FamilyName, string>()
  for (const name of new Set(task.pairs.flatMap(({ give, get }) => [give.family, get.family]))) {
    const missing = (await families[name]()).missing?.()
    if (missing !== undefined) why.set(name, missing)
  }
  const reason = ({ give, get }: Pair) => why.get(give.family) ?? why.get(get.family)
  return {
    plays: task.pairs.filter((pair) => reason(pair) === undefined),
    unplayed: task.pairs.flatMap((pair) => {
      const missing = reason(pair)
      return missing === undefined ? [] : [{ pair, why: missing }]
    }),
  }
}

interface Unplayed {
  readonly pair: Pair
  readonly why: string
}

function chosen(only: readonly number[]): readonly { readonly number: number; readonly scene: Scene }[] {
  return scenes
    .map((scene, index) => ({ number: index + 1, scene }))
    .filter(({ number }) => only.length === 0 || only.includes(number))
}

/** Plays the scenes of the demo one after the other. */
async function playScenes(only: readonly number[], stage: Stage, audience: Audience): Promise<number> {
  let mismatches = 0
  let played = 0
  for (const { number, scene } of chosen(only)) {
    const { wrong } = await playOne(scene, stage, audience.scene(number, scene.title))
    mismatches += wrong.length
    played++
  }
  const pass = mismatches === 0 && played > 0
  audience.done({ scenes: played, mismatches, seconds: elapsed() }, pass)
  return pass ? 0 : 1
}

/** Plays both scenes of each pair: first all swaps, then all refunds, for which the time is skipped. */
async function playPairs(
  pairs: readonly Pair[],
  unplayed: readonly Unplayed[],
  stage: Stage,
  audience: Audience,
  { json }: Task,
): Promise<number> {
  const many = pairs.length > 1
  const acts = (['happy', 'refund'] as const).flatMap((kind) => pairs.map((pair) => ({ kind, pair })))
  const came = await atOnce(many ? AT_ONCE : 1, acts, async ({ kind, pair }, index) => {
    const scene = scenesOf(pair)[kind]
    const quiet = many && !json
    const watcher = quiet ? SILENT : audience.scene(index + 1, scene.title)
    const performed = await playOne(scene, stage, watcher)
    if (quiet) audience.say(`${scene.title}: ${performed.seconds} s${failing(performed)}`)
    return performed
  })
  const rows = pairs.map((pair, index): Row => {
    const [happy, refund] = [came[index], came[pairs.length + index]]
    return { pair, happy: happy as Performed, refund: refund as Performed }
  })
  if (!json) {
    print('')
    for (const line of table(rows)) print(line)
    for (const { pair, why } of unplayed) print(`${nameOf(pair)} didn't run: ${why}`)
  }
  const mismatches = came.reduce((sum, { wrong }) => sum + wrong.length, 0)
  const pass = mismatches === 0 && rows.length > 0
  const result = {
    pairs: rows.length,
    mismatches,
    seconds: elapsed(),
    ...(json
      ? {
          matrix: figures(rows),
          unplayed: unplayed.map(({ pair, why }) => ({ pair: nameOf(pair), why })),
        }
      : {}),
  }
  audience.done(result, pass)
  return pass ? 0 : 1
}

async function playOne(scene: Scene, stage: Stage, watcher: Watcher): Promise<Performed> {
  abort.signal.throwIfAborted()
  const performed = await perform(scene, stage, watcher).catch(
    (error): Performed => ({ wrong: [String(error)], seconds: 0 }),
  )
  abort.signal.throwIfAborted()
  for (const line of performed.wrong) watcher.say(`WRONG: ${line}`)
  return performed
}

function failing({ wrong }: Performed): string {
  return wrong.map((line) => `; WRONG: ${line}`).join('')
}

/** Does all, so many at the same time, in their order. */
async function atOnce<T, R>(
  most: number,
  all: readonly T[],
  act: (one: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  let next = 0
  const work = async () => {
    while (next < all.length) {
      const index = next++
      results[index] = await act(all[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: most }, work))
  return results
}

function elapsed(): number {
  return Math.round((performance.now() - began) / 100) / 10
}

function audienceOf({ json }: Task, world: World): Audience {
  if (json) return createJsonAudience(print)
  const assets = world.chains.flatMap(({ assets: { native, token } }) =>
    token === undefined ? [native] : [native, token],
  )
  return createTerminalAudience(print, {
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    now: () => performance.now(),
    chain: (id) => {
      const found = world.chains.find(({ network }) => network === id)
      return {
        name: found?.name ?? id,
        ...(found?.finalDepth === undefined ? {} : { final: found.finalDepth }),
      }
    },
    asset: (id) => assets.find((asset) => asset.id === id) ?? { symbol: id, decimals: 0 },
  })
}
