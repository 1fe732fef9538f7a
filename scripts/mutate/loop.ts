import { BroadcastChannel } from 'node:worker_threads'
import { type RunnerTask, type RunnerTestCase, type RunnerTestFile, TestRunner } from 'vitest'

/** What the plugin asks for: some of the tests, with a mutant or with none. */
export interface Order {
  readonly order: number
  /** All of them unless told. */
  readonly tests?: readonly string[]
  readonly mutant?: string
  readonly hitLimit?: number
  /** End with the first that fails. */
  readonly bail: boolean
}

/** What came of it. */
export interface Answer {
  readonly order: number
  readonly ran: readonly Ran[]
  /** How often the mutant was met. */
  readonly hits: number
  /** Which mutants which tests meet, so far. */
  readonly coverage?: Coverage
}

export interface Ran {
  readonly id: string
  readonly name: string
  readonly file: string
  readonly milliseconds: number
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly message?: string
}

interface Coverage {
  readonly static: Readonly<Record<string, number>>
  readonly perTest: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** What the instrumented code reads (`@stryker-mutator/instrumenter`). */
interface Namespace {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: Coverage
}

interface Known {
  readonly test: RunnerTestCase
  readonly file: string
}

/** Runs the tests that it is told to, again and again, in one process: nothing is loaded anew between two mutants. */
export default class Loop extends TestRunner {
  async onBeforeRunFiles(files: RunnerTestFile[]): Promise<void> {
    const channel = new BroadcastChannel(process.env.AITBC_MUTATE_CHANNEL ?? 'aitbc-mutate')
    const broken = files.flatMap(({ result }) => result?.errors?.map(({ message }) => message) ?? [])
    for (const file of files) await this.onBeforeRunSuite(file)
    const known = testsOf(files)
    const shared = globalThis as unknown as { __stryker__?: Namespace }
    shared.__stryker__ ??= {}
    const namespace = shared.__stryker__
    await new Promise<void>((resolve) => {
      let last = Promise.resolve()
      channel.onmessage = (event) => {
        const order = (event as { data: Order | 'end' }).data
        if (order === 'end') resolve()
        else if (typeof order === 'object' && 'bail' in order)
          last = last.then(async () => channel.postMessage(await this.obey(order, known, namespace)))
      }
      channel.postMessage({ ready: known.size, broken })
    })
    channel.close()
    for (const { test } of known.values()) test.mode = 'skip'
  }

  private async obey(order: Order, known: ReadonlyMap<string, Known>, namespace: Namespace): Promise<Answer> {
    const ran: Ran[] = []
    namespace.hitCount = 0
    namespace.hitLimit = order.hitLimit
    for (const id of order.tests ?? known.keys()) {
      const one = known.get(id)
      if (one === undefined) throw new Error(`no test ${id}`)
      namespace.activeMutant = order.mutant
      if (order.mutant === undefined) namespace.currentTestId = id
      const began = performance.now()
      const outcome = await this.attempt(one.test)
      namespace.activeMutant = undefined
      namespace.currentTestId = undefined
      ran.push({
        id,
        name: nameOf(one.test),
        file: one.file,
        milliseconds: performance.now() - began,
        ...outcome,
      })
      if (order.bail && outcome.status === 'failed') break
    }
    const { hitCount: hits = 0, mutantCoverage: coverage } = namespace
    namespace.hitCount = undefined
    return {
      order: order.order,
      ran,
      hits,
      ...(order.mutant === undefined && coverage !== undefined ? { coverage } : {}),
    }
  }

  private async attempt(test: RunnerTestCase): Promise<Pick<Ran, 'status' | 'message'>> {
    if (test.mode !== 'run' && test.mode !== 'queued') return { status: 'skipped' }
    try {
      await this.onBeforeRunTask(test)
      this.onBeforeTryTask(test)
      // The test that calls from without, as properties of @fast-check/vitest do, means this one.
      TestRunner.getCurrentTest = (() => test) as typeof TestRunner.getCurrentTest
      await TestRunner.getTestFn(test)()
      this.onAfterTryTask(test)
      return { status: 'passed' }
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string }
      return code === 'VITEST_PENDING'
        ? { status: 'skipped' }
        : { status: 'failed', message: message ?? String(error) }
    }
  }
}

/** The tests below each file of `gather.ts`, by an id of their own. */
function testsOf(files: readonly RunnerTestFile[]): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>()
  const add = (tasks: readonly RunnerTask[], file: string) => {
    for (const task of tasks)
      if (task.type === 'suite') add(task.tasks, file)
      else {
        const id = `${file}#${nameOf(task)}`
        let copy = 1
        while (known.has(copy === 1 ? id : `${id} (copy ${copy})`)) copy++
        known.set(copy === 1 ? id : `${id} (copy ${copy})`, { test: task, file })
      }
  }
  for (const { tasks } of files)
    for (const suite of tasks) if (suite.type === 'suite') add(suite.tasks, suite.name)
  return known
}

function nameOf(test: RunnerTestCase): string {
  const names: string[] = []
  // The outermost two are the file that gathers and the file that it loaded.
  for (let task: RunnerTask | undefined = test; task !== undefined; task = task.suite)
    names.unshift(task.name)
  return names.slice(1).join(' ')
}
