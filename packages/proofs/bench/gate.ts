/** One gate: a ratio, and a control in the same code path that must not pass. */
export interface Gate {
  readonly gate: string
  readonly value: number
  readonly target: string
  readonly baseline: string
  readonly negativeControl: string
  readonly pass: boolean
}

/** A way to decide something; `true` is a yes. */
export type Judge<T> = (evidence: T) => boolean | Promise<boolean>

export interface Race<T> {
  readonly gate: string
  readonly target: number
  readonly ours: Judge<T>
  readonly baseline: Judge<T>
  readonly named: string
  readonly good: T
  /** The same but tampered with: both must refuse it, in the same code path. */
  readonly tampered: T
  readonly rounds: number
  /**
   * `processor`: the time that all threads of the process work, which other processes don't lengthen. `wall`: for what works on several
   * threads at once.
   */
  readonly clock: 'processor' | 'wall'
  /** How long each is run before the clock counts, and how long at a turn at least, ms. */
  readonly warmUp?: number
  readonly burst?: number
  /** The clock itself, ms, for tests. */
  readonly read?: () => number
  /** Parts of the evidence, to print the time for one. */
  readonly parts?: number
  readonly unit?: string
}

/** Both decide for as long at a turn, so that both meet as much of what else the machine does. */
const BURST = 20
const WARM_UP = 400

/**
 * Runs two ways to decide the same, by turns, and gives how many times faster the first is, by medians. In each round both must accept
 * what is good and refuse what was tampered with, and the baseline runs once more in the place of ours: that must miss the target.
 */
export async function race<T>(race: Race<T>): Promise<Gate> {
  const { ours, baseline, good, tampered, target, rounds, parts = 1, unit = '' } = race
  const { warmUp = WARM_UP, burst = BURST } = race
  const read = race.read ?? (race.clock === 'wall' ? () => performance.now() : processorTime)
  const time = async (judge: Judge<T>, into: number[]): Promise<boolean> => {
    let right = true
    let decisions = 0
    const start = read()
    do {
      const yes = judge(good)
      right = (typeof yes === 'boolean' ? yes : await yes) && right
      decisions++
    } while (read() - start < burst)
    into.push((read() - start) / decisions)
    return right && !(await judge(tampered))
  }
  // At first without the clock, so that all is compiled and every cache is as in the middle of a run.
  let sound = true
  for (const judge of [ours, baseline]) {
    const start = read()
    do sound = (await time(judge, [])) && sound
    while (read() - start < warmUp)
  }
  const times: { ours: number[]; base: number[]; again: number[] } = { ours: [], base: [], again: [] }
  for (let round = 0; round < rounds; round++) {
    sound = (await time(ours, times.ours)) && sound
    sound = (await time(baseline, times.base)) && sound
    sound = (await time(baseline, times.again)) && sound
  }
  const base = median(times.base)
  const value = base / median(times.ours)
  const control = base / median(times.again)
  const each = (ms: number) => `${round((ms * 1000) / parts)} µs${unit === '' ? '' : ` a ${unit}`}`
  return {
    gate: race.gate,
    value: round(value),
    target: `>= ${target}`,
    baseline: `${race.named}: ${each(base)}, ours ${each(median(times.ours))}, medians of ${rounds}, ${race.clock} time`,
    negativeControl: `tampered evidence refused in every round: ${sound}; the baseline in the place of ours: ${round(control)}, ${control >= target ? 'passes, so this measures nothing' : 'fails as it must'}`,
    pass: sound && value >= target && control < target,
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}

function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
