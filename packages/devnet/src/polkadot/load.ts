import type * as Chopsticks from '@acala-network/chopsticks-core'
import { DevnetErrors } from '../errors.js'

export type Core = typeof Chopsticks

/** Chains of this process that share the runtime's one worker thread. */
let users = 0

/** Loads the runtime's executor: heavy, so only when a chain is asked for. Each load needs one {@link release}. */
export async function acquire(): Promise<Core> {
  users++
  try {
    return await quietly(() => import('@acala-network/chopsticks-core'))
  } catch (cause) {
    users--
    throw DevnetErrors.PolkadotUnavailable(
      "the Substrate runtime's executor could not be loaded",
      { package: '@acala-network/chopsticks-core' },
      { cause },
    )
  }
}

/** Ends the worker thread with the last chain that used it. */
export async function release(core: Core): Promise<void> {
  if (--users === 0) await core.destroyWorker()
}

/** The package reads its log level once, when it is loaded; what went wrong comes as errors here. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { LOG_LEVEL } = process.env
  process.env['LOG_LEVEL'] = 'fatal'
  try {
    return await load()
  } finally {
    if (LOG_LEVEL === undefined) delete process.env['LOG_LEVEL']
    else process.env['LOG_LEVEL'] = LOG_LEVEL
  }
}
