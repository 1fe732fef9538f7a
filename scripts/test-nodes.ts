import { isAitbcError } from '../packages/core/src/errors/AitbcError.js'
import { locate } from '../packages/devnet/src/internal/wasmd.js'
import { type Outcome, runSteps, runVitest } from './steps.js'

/*
 * `pnpm test:nodes`: builds the node programs that no package brings (minutes the first time; they are kept in the cache folder), then
 * runs `*.nodes.test.ts` on them. Where one can't be had, the step and its test are skipped with the reason.
 */

async function wasmd(): Promise<Outcome> {
  try {
    const { version, source } = await locate({ onProgress: (message) => console.log(message) })
    console.log(`wasmd ${version} (${source})`)
    return { figures: { wasmd: version, wasmdFrom: source } }
  } catch (error) {
    if (!isAitbcError(error, 'WasmdMissing')) throw error
    return { skipped: error.message }
  }
}

await runSteps('test:nodes', [
  { name: 'wasmd', run: wasmd },
  { name: 'nodes', run: () => runVitest('nodes', { minutes: 30 }) },
])
