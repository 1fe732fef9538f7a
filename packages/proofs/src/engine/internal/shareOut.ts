import type { Batch } from '../Batch.js'
import type { Signing } from '../Engine.js'

/** Below this many, handing work to other threads costs more than it saves. */
const FEW = 8
/** How long a signature takes in a batch, by how long it takes a platform's own code. */
const BATCH_TIME = 0.8

/**
 * Shares signatures out between a platform, which verifies on so many threads of its own, and batches on this one, so that both are done
 * at about the same time. Batches know the rule `zip215` only.
 */
export function shareOut(platform: Signing, threads: number, batch: Batch): Signing {
  return {
    async verifyMany(checks, options = {}) {
      if (options.rule === 'strict') return platform.verifyMany(checks, options)
      const share =
        checks.length < FEW ? 0 : Math.floor((checks.length * threads) / (threads + 1 / BATCH_TIME))
      const theirs = share === 0 ? [] : platform.verifyMany(checks.slice(0, share), options)
      const ours = batch.verifyMany(checks.slice(share), options)
      return (await Promise.all([theirs, ours])).flat()
    },
  }
}
