import { isAitbcError } from '../packages/core/src/errors/AitbcError.js'
import { locate, type Wasmd } from '../packages/devnet/src/internal/wasmd.js'
import { type Outcome, runSteps, runVitest } from './steps.js'

/*
 * `pnpm test:nodes`: builds the node programs that no package brings (minutes the first time; they are kept in the cache folder), then
 * runs `*.nodes.test.ts` on them. Where one can't be had, all of it is one skip with its reason.
 */

async function wasmd(): Promise<Wasmd | string> {
  try {
    return await locate({ onProgress: (message) => console.log(message) })
  } catch (error) {
    if (!isAitbcError(error, 'WasmdMissing')) throw error
    return error.message
  }
}

async function nodes(): Promise<Outcome> {
  const program = await wasmd()
  if (typeof program === 'string') return { skipped: program, tests: { passed: 0, failed: 0, skipped: 1 } }
  const { version, source } = program
  console.log(`wasmd ${version} (${source})`)
  return { ...(await runVitest('nodes', { minutes: 30 })), figures: { wasmd: version, wasmdFrom: source } }
}

await runSteps('test:nodes', [{ name: 'nodes', run: nodes }])
