import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAitbcError } from '../../packages/core/src/index.js'
import type { Machine } from '../../packages/swap/src/check/Party.js'
import * as SwapMachine from '../../packages/swap/src/SwapMachine.js'
import { root } from '../workspace.js'
import { importsOf, load, type Mutant, mutantsOf } from './mutants.js'
import { complaint, judge, type Scenario, scenarios, type Verdict } from './scenarios.js'

const FILE = 'packages/swap/src/SwapMachine.ts'

/** A mutant that behaves as the machine does, and why. */
export interface Explained {
  readonly mutator: string
  /** The function that it is in. */
  readonly in: string
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
  readonly survivors: readonly Omit<Explained, 'why'>[]
  /** Explanations that no mutant needs. */
  readonly stale: readonly Explained[]
}

/** The functions that aren't part of a step: texts for people, and what the runner asks. */
const APART = new Set(['waitingFor', 'unprovedOf', 'isLocked', 'isPublic', 'isTimely', 'isRevealable'])

/** How a mutant was found out, and by what. */
export interface Trial {
  readonly mutant: Omit<Explained, 'why'>
  readonly found?: 'theft' | 'leak' | 'stuck' | 'thrown'
  readonly message?: string
}

/** The mutants of the machine, or of some of its functions, and how each is tried in every small world until one finds it out. */
export async function prepare(within?: readonly string[]): Promise<{
  readonly all: readonly Mutant[]
  trial(mutant: Mutant): Trial
}> {
  const source = readFileSync(join(root, FILE), 'utf8')
  const imports: Record<string, unknown> = {}
  for (const name of importsOf(source))
    imports[name] = await import(
      name.startsWith('.') ? join(root, 'packages/swap/src', name.replace(/\.js$/, '.ts')) : name
    )
  const rights = new Map<Scenario, Verdict>()
  const right = (scenario: Scenario): Verdict => {
    const ready = rights.get(scenario)
    if (ready !== undefined) return ready
    const made = judge(scenario.setting, SwapMachine)
    if (made.message !== undefined)
      throw new Error(`${scenario.name}: the machine itself is wrong: ${made.message}`)
    rights.set(scenario, made)
    return made
  }
  const every = mutantsOf(source, APART)
  for (const name of within ?? [])
    if (!every.some((mutant) => mutant.in === name)) throw new Error(`no mutant is in a function ${name}`)
  return {
    all: within === undefined ? every : every.filter((mutant) => within.includes(mutant.in)),
    trial: (mutant) => trial(mutant, imports, right),
  }
}

/** Holds what survived against the explanations, those of the functions that were tried. */
export async function verdict(trials: readonly Trial[], within?: readonly string[]): Promise<Killed> {
  const list = JSON.parse(readFileSync(join(root, 'packages/swap/mutants.json'), 'utf8')) as Explained[]
  const unused = new Set(list.filter((one) => within?.includes(one.in) ?? true))
  const counts = { theft: 0, leak: 0, stuck: 0, thrown: 0, explained: 0 }
  const survivors: Omit<Explained, 'why'>[] = []
  for (const { mutant, found } of trials) {
    const reasons = list.filter((one) => isOf(one, mutant))
    if (found !== undefined) counts[found]++
    else if (reasons.length === 0) survivors.push(mutant)
    else {
      counts.explained++
      for (const one of reasons) unused.delete(one)
    }
  }
  return { mutants: trials.length, ...counts, survivors, stale: [...unused] }
}

function isOf(one: Explained, mutant: Omit<Explained, 'why'>): boolean {
  return (['mutator', 'in', 'line', 'original', 'replacement'] as const).every(
    (field) => one[field] === mutant[field],
  )
}

function trial(
  { text, ...mutant }: Mutant,
  imports: Readonly<Record<string, unknown>>,
  right: (scenario: Scenario) => Verdict,
): Trial {
  try {
    const machine = load<Machine>(text, imports)
    for (const scenario of scenarios) {
      const message = complained(() => complaint(right(scenario), judge(scenario.setting, machine)))
      if (message === undefined) continue
      const found = /^S(6|18)/.test(message) ? 'theft' : message.startsWith('S') ? 'leak' : 'stuck'
      return { mutant, found, message: `${scenario.name}: ${message}` }
    }
    return { mutant }
  } catch (error) {
    // What throws in the machine acts no more.
    return { mutant, found: 'thrown', message: String(error) }
  }
}

/** What a scenario says of a mutant; nothing where the checker's tables are too small for what it does, which shows nothing. */
function complained(run: () => string | undefined): string | undefined {
  try {
    return run()
  } catch (error) {
    if (isAitbcError(error, 'CheckTooLarge')) return undefined
    throw error
  }
}
