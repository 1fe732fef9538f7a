// A test runner for Stryker. Mutants that tests meet while they run are switched on and off in one process that has loaded
// everything once; those that also change what a file does while it is loaded get a process of their own, if need be.
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import { strykerPlugins as theirs } from '@stryker-mutator/vitest-runner'
import { createVitest } from 'vitest/node'

/** Which tests meet which mutant: left by the process of the first run, in the copy that Stryker works on, for all others. */
const COVERAGE = '.mutate-coverage.json'
const STATUS = { passed: 0, failed: 1, skipped: 2 }

/** The one process that has loaded everything: see `loop.ts`. */
class Loop {
  #channel
  #vitest
  #ended = false
  #waiting = new Map()
  #orders = 0
  #seen = new Map()

  static async start(files) {
    const loop = new Loop()
    const name = `aitbc-mutate-${process.pid}-${Math.random()}`
    process.env.AITBC_MUTATE_CHANNEL = name
    process.env.AITBC_MUTATE_FILES = JSON.stringify(files)
    loop.#channel = new BroadcastChannel(name)
    const ready = new Promise((accept, reject) => {
      loop.#channel.onmessage = ({ data }) => {
        if (data === 'end' || 'bail' in data) return
        if ('ready' in data)
          if (data.broken.length > 0 || data.ready === 0)
            reject(new Error(`the tests can't be loaded: ${data.broken.join('\n') || 'there are none'}`))
          else accept(undefined)
        else {
          loop.#waiting.get(data.order)?.accept(data)
          loop.#waiting.delete(data.order)
        }
      }
      loop.fail = reject
    })
    loop.#vitest = await createVitest('test', {
      config: 'scripts/mutate/vitest.config.ts',
      include: ['scripts/mutate/gather.ts'],
      runner: resolve('scripts/mutate/loop.ts'),
      pool: 'threads',
      maxWorkers: 1,
      isolate: false,
      watch: false,
      coverage: { enabled: false },
      reporters: [{}],
    })
    loop.#vitest.start().then(
      () => loop.#over(new Error('the process that had loaded everything ended')),
      (error) => loop.#over(error),
    )
    await ready
    return loop
  }

  #over(error) {
    this.#ended = true
    this.fail(error)
    for (const { reject } of this.#waiting.values()) reject(error)
  }

  /** Runs tests, quick ones first. */
  async run({ tests, ...rest }) {
    if (this.#ended) throw new Error('the process that had loaded everything has ended')
    const order = ++this.#orders
    const sorted = tests && [...tests].sort((a, b) => (this.#seen.get(a) ?? 0) - (this.#seen.get(b) ?? 0))
    const answer = await new Promise((accept, reject) => {
      this.#waiting.set(order, { accept, reject })
      this.#channel.postMessage({ order, ...rest, ...(sorted === undefined ? {} : { tests: sorted }) })
    })
    for (const { id, milliseconds } of answer.ran) this.#seen.set(id, milliseconds)
    return answer
  }

  async stop() {
    this.#channel.postMessage('end')
    this.#channel.close()
    await this.#vitest.close()
  }
}

class Runner {
  #injector
  #fresh
  #loop
  #coverage

  constructor(injector) {
    this.#injector = injector
  }

  capabilities() {
    return { reloadEnvironment: true }
  }

  async init() {
    process.env.NODE_ENV = 'test'
    process.env.VITEST = '1'
    this.#loop = await Loop.start(testFiles())
  }

  async dryRun() {
    const { ran, coverage } = await this.#loop.run({ bail: false })
    writeFileSync(COVERAGE, JSON.stringify(coverage))
    return {
      status: 'complete',
      tests: ran.map(({ id, name, file, milliseconds, status, message }) => ({
        id,
        name,
        fileName: file,
        timeSpentMs: milliseconds,
        status: STATUS[status],
        ...(status === 'failed' ? { failureMessage: message } : {}),
      })),
      mutantCoverage: coverage,
    }
  }

  async mutantRun(options) {
    const { activeMutant, testFilter, hitLimit } = options
    const mutant = activeMutant.id
    const tests = testFilter ?? this.#testsOf(mutant)
    const { ran, hits } = await this.#loop.run({ tests, mutant, hitLimit, bail: true })
    if (hitLimit !== undefined && hits > hitLimit)
      return { status: 'timeout', reason: `Hit limit reached (${hits}/${hitLimit})` }
    const last = ran.at(-1)
    if (last?.status === 'failed') {
      // What another mutant left behind must not count: without this one the test has to pass.
      const again = await this.#loop.run({ tests: [last.id], bail: true })
      if (again.ran[0]?.status === 'passed')
        return { status: 'killed', killedBy: [last.id], failureMessage: last.message, nrOfTests: ran.length }
      await this.#restart()
      return await this.#afresh(options)
    }
    // What was kept from before, such as a table that is filled once, may have hidden it.
    return await this.#afresh(options)
  }

  async dispose() {
    await this.#loop?.stop()
    await this.#fresh?.dispose()
  }

  /** The tests that meet a mutant, where Stryker asks for all because loading meets it too. */
  #testsOf(mutant) {
    this.#coverage ??= JSON.parse(readFileSync(COVERAGE, 'utf8'))
    return Object.entries(this.#coverage?.perTest ?? {})
      .filter(([, met]) => mutant in met)
      .map(([id]) => id)
  }

  async #restart() {
    await this.#loop.stop()
    this.#loop = await Loop.start(testFiles())
  }

  /** In a process of its own. */
  async #afresh(options) {
    if (this.#fresh === undefined) {
      this.#fresh = theirs[0].factory(this.#injector)
      await this.#fresh.init()
    }
    const { mutantActivation, testFilter } = options
    return await this.#fresh.mutantRun({
      ...options,
      ...(mutantActivation === 'runtime' ? { testFilter: testFilter.map(theirId) } : {}),
    })
  }
}

/** The name of a test without the number of its copy, which vitest's own runner looks for. */
function theirId(id) {
  return id.replace(/ \(copy [0-9]+\)$/, '')
}

/** What `run.ts` names, in the copy that Stryker works on. */
function testFiles() {
  return JSON.parse(process.env.AITBC_MUTATE ?? '[]').map((file) => resolve(file))
}

function factory(injector) {
  return new Runner(injector)
}
factory.inject = ['$injector']

export const strykerPlugins = [{ kind: 'TestRunner', name: 'loop', factory }]
