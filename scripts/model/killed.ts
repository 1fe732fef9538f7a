import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '../../packages/swap/src/check/Party.js'
import * as SwapMachine from '../../packages/swap/src/SwapMachine.js'
import { root } from '../workspace.js'
import { importsOf, load, type Mutant, mutantsOf } from './mutants.js'
import { complaint, judge, scenarios } from './scenarios.js'

const FILE = 'packages/swap/src/SwapMachine.ts'

/** A mutant that behaves as the machine does, and why; in the form of packages/proofs/mutants.json. */
export interface Explained {
  readonly file: string
  readonly mutator: string
  readonly line: string
  readonly original: string
  readonly replacement: string
  readonly why: string
}

/** What became of the mutants. */
export interface Killed {
  readonly mutants: number
  readonly theft: number
  readonly leak: number
  readonly stuck: number
  /** Thrown out by the machine itself. */
  readonly thrown: number
  readonly explained: number
  readonly survivors: readonly Mutant[]
  /** Explanations that no mutant needs. */
  readonly stale: readonly Explained[]
}

/** The functions that aren't part of a step: texts for people, and what the runner asks. */
const APART = new Set(['waitingFor', 'isLocked', 'isPublic'])

/** How a mutant was found out. */
type Kind = 'theft' | 'leak' | 'stuck' | 'thrown'

/** The mutants of the machine, and how each is tried in every small world until one finds it out. */
export async function prepare(): Promise<{
  readonly all: readonly Mutant[]
  trial(mutant: Mutant): Kind | undefined
}> {
  const source = readFileSync(join(root, FILE), 'utf8')
  const imports: Record<string, unknown> = {}
  for (const name of importsOf(source))
    imports[name] = await import(
      name.startsWith('.') ? join(root, 'packages/swap/src', name.replace(/\.js$/, '.ts')) : name
    )
  const rights = scenarios.map(({ name, setting }) => {
    const right = judge(setting, SwapMachine)
    if (right.message !== undefined) throw new Error(`${name}: the machine itself is wrong: ${right.message}`)
    return right
  })
  return { all: mutantsOf(source, APART), trial: (mutant) => trial(mutant, imports, rights) }
}

/** Tries every mutant, one by one, and holds those that survive against the explanations. */
export async function killed(onMutant: (done: number, all: number) => void): Promise<Killed> {
  const { all, trial } = await prepare()
  const list = JSON.parse(readFileSync(join(root, 'packages/swap/mutants.json'), 'utf8')) as Explained[]
  const unused = new Set(list)
  const counts = { theft: 0, leak: 0, stuck: 0, thrown: 0, explained: 0 }
  const survivors: Mutant[] = []
  for (const [i, mutant] of all.entries()) {
    onMutant(i, all.length)
    const found = trial(mutant)
    if (found !== undefined) {
      counts[found]++
      continue
    }
    const why = list.find((one) => isOf(one, mutant))
    if (why === undefined) survivors.push(mutant)
    else {
      counts.explained++
      unused.delete(why)
    }
  }
  return { mutants: all.length, ...counts, survivors, stale: [...unused] }
}

function isOf(one: Explained, mutant: Mutant): boolean {
  return (['mutator', 'line', 'original', 'replacement'] as const).every(
    (field) => one[field] === mutant[field],
  )
}

function trial(
  mutant: Mutant,
  imports: Readonly<Record<string, unknown>>,
  rights: readonly ReturnType<typeof judge>[],
): Kind | undefined {
  try {
    const machine = load<Machine>(mutant.text, imports)
    for (const [i, { setting }] of scenarios.entries()) {
      const right = rights[i]
      if (right === undefined) continue
      const found = complaint(right, judge(setting, machine), setting.beyond)
      if (found === undefined) continue
      if (/^S(6|18)/.test(found)) return 'theft'
      return found.startsWith('S') ? 'leak' : 'stuck'
    }
    return undefined
  } catch {
    // What throws in the machine acts no more.
    return 'thrown'
  }
}
