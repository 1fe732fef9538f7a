import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Campaign } from '../../packages/devnet/src/world/index.js'
import { reports } from '../steps.js'
import { type Failing, sumsOf, type Told, toldOf } from './crew.js'

/** What a campaign is of: figures of two that differ in it never meet. */
export interface Options {
  /** Of the program that its processes run. */
  readonly hash: string
  readonly from: number
  readonly twiceEvery: number
  readonly byzantineRpc?: number
}

/** Most failing universes that are named. */
const MOST_FAILING = 1000

/** What is done of a campaign; kept in a file, so that it can be interrupted. */
export interface Ledger {
  readonly sums: Campaign.Sums
  readonly failing: readonly Failing[]
  seconds: number
  cpuSeconds: number
  /** The universes up to a number that are not done, in portions; what one caller takes no other one gets. */
  missing(universes: number, most: number): Generator<{ readonly from: number; readonly universes: number }>
  add(from: number, universes: number, sums: Campaign.Sums, failing: readonly Failing[]): void
  keep(): void
}

interface Kept {
  readonly options: Options
  readonly sums: Told
  readonly failing: readonly Failing[]
  /** First universe and number of universes of each portion that is done, joined where they meet. */
  readonly done: readonly (readonly [number, number])[]
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Where a campaign is kept, unless told. */
function fileOf({ hash, from, twiceEvery, byzantineRpc }: Options): string {
  return join(reports, 'sim', `${hash.slice(0, 16)}-${from}-${twiceEvery}-${byzantineRpc ?? 'drawn'}.json`)
}

/** A campaign of which nothing is done. */
export function begin(options: Options, file = fileOf(options)): Ledger {
  const nothing = {
    options,
    sums: toldOf(Campaign.nothing),
    failing: [],
    done: [],
    seconds: 0,
    cpuSeconds: 0,
  }
  return of(nothing, file)
}

/** A campaign as it was left, of the same sources and options; one of which nothing is done where there is none. */
export function resume(options: Options, file = fileOf(options)): Ledger {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return begin(options, file)
  }
  const kept = JSON.parse(text) as Kept
  if (JSON.stringify(kept.options) !== JSON.stringify(options))
    throw new Error(
      `${file} is of another campaign, ${JSON.stringify(kept.options)}: this one is ${JSON.stringify(options)}`,
    )
  return of(kept, file)
}

function of(kept: Kept, file: string): Ledger {
  const { options } = kept
  const failing = [...kept.failing]
  let done = [...kept.done]
  let sums = sumsOf(kept.sums)
  const ledger: Ledger = {
    get sums() {
      return sums
    },
    failing,
    seconds: kept.seconds,
    cpuSeconds: kept.cpuSeconds,
    *missing(universes, most) {
      const end = options.from + universes
      let next = options.from
      for (const [from, count] of [...done, [end, 0] as const]) {
        for (; next < Math.min(from, end); next += most)
          yield { from: next, universes: Math.min(most, Math.min(from, end) - next) }
        next = from + count
      }
    },
    add(from, universes, more, bad) {
      sums = Campaign.add(sums, more)
      failing.push(...bad.slice(0, MOST_FAILING - failing.length))
      done = joined([...done, [from, universes]])
    },
    keep() {
      mkdirSync(dirname(file), { recursive: true })
      const { seconds, cpuSeconds } = ledger
      const now: Kept = { options, sums: toldOf(sums), failing, done, seconds, cpuSeconds }
      writeFileSync(`${file}.new`, `${JSON.stringify(now)}\n`)
      renameSync(`${file}.new`, file)
    },
  }
  return ledger
}

function joined(portions: readonly (readonly [number, number])[]): [number, number][] {
  const out: [number, number][] = []
  for (const [from, count] of [...portions].sort(([a], [b]) => a - b)) {
    const last = out.at(-1)
    if (last !== undefined && last[0] + last[1] === from) last[1] += count
    else out.push([from, count])
  }
  return out
}
