import {
  type CallOptions,
  type ChainEvent,
  CoreErrors,
  type Fact,
  type HeaderUpdate,
  isAitbcError,
  type Sighting,
  type Subject,
  show,
} from '@aitbc/core'
import { BlockHeader, Hash256 } from '@aitbc/proofs/bitcoin'
import { pause } from '../../internal/pause.js'
import * as Account from '../Account.js'
import type { Context } from './context.js'
import { placedLocks, spendOf } from './locks.js'
import * as Terms from './terms.js'

/** Polls in a row that may fail in a way that passes (a chain that moved between two questions) before the watch does. */
const PATIENCE = 3

/**
 * What is seen of a subject, as it changes: each poll's sightings are compared with the last one's; what is gone is retracted, newest
 * first, then what is new is added, oldest first. A transaction that moves from the mempool into a block does both.
 */
export async function* watch(
  context: Context,
  subject: Subject,
  options: CallOptions = {},
): AsyncGenerator<ChainEvent> {
  const { signal } = options
  const look = lookerOf(context, subject)
  let seen: readonly Sighting[] = []
  let failures = 0
  while (!signal?.aborted) {
    try {
      const tip = await context.reader.tip(options)
      const now = await look(tip, options)
      failures = 0
      const before = new Set(seen.map(keyOf))
      const after = new Set(now.map(keyOf))
      const gone = seen.filter((sighting) => !after.has(keyOf(sighting))).reverse()
      const fresh = now.filter((sighting) => !before.has(keyOf(sighting)))
      seen = now
      for (const what of gone) yield { is: 'retracted', what, asOf: tip }
      for (const what of fresh) yield { is: 'added', what, asOf: tip }
    } catch (error) {
      if (signal?.aborted) return
      failures++
      if (!isAitbcError(error) || !error.retryable || failures > PATIENCE) throw error
    }
    if (!(await rest(context, signal))) return
  }
}

/** Headers after a block, then as they come; after a reorganisation, those of the new branch. */
export async function* headers(
  context: Context,
  from: Fact.BlockRef,
  options: CallOptions = {},
): AsyncGenerator<HeaderUpdate> {
  const { reader } = context
  const { signal } = options
  /** The chain that was told, upwards from `from`. */
  const told: Fact.BlockRef[] = [from]
  let failures = 0
  while (!signal?.aborted) {
    try {
      const tip = await reader.tip(options)
      // Back to the last block told that is still on the best chain; never below `from`.
      while (told.length > 1 && !(await reader.isBest(told.at(-1) as Fact.BlockRef, options))) told.pop()
      failures = 0
      for (let last = told.at(-1) as Fact.BlockRef; last.height < tip.height; ) {
        const block = await reader.at(last.height + 1n, options)
        if (block === undefined) break
        const header = await reader.header(block.hash, options)
        // The chain moved meanwhile: look for the fork first.
        if (told.length > 1 && Hash256.toDisplay(header.previous) !== last.hash) break
        told.push(block)
        last = block
        yield { block, bytes: BlockHeader.encode(header) }
        if (signal?.aborted) return
      }
    } catch (error) {
      if (signal?.aborted) return
      failures++
      if (!isAitbcError(error) || !error.retryable || failures > PATIENCE) throw error
    }
    if (!(await rest(context, signal))) return
  }
}

type Look = (tip: Fact.Tip, options: CallOptions) => Promise<readonly Sighting[]>

function lookerOf(context: Context, subject: Subject): Look {
  const { network, reader } = context
  switch (subject?.kind) {
    case 'tip': {
      let chain: readonly Fact.BlockRef[] = []
      return async (tip, options) => {
        const fresh: Fact.BlockRef[] = []
        let at: Fact.BlockRef = { height: tip.height, hash: tip.hash }
        const least = chain[0]?.height ?? tip.height
        // Down to a block that was seen before; the first one seen is where this watch began.
        while (at.height >= least && !chain.some((block) => block.hash === at.hash)) {
          fresh.unshift(at)
          const { previous } = await reader.header(at.hash, options)
          at = { height: at.height - 1n, hash: Hash256.toDisplay(previous) }
        }
        chain = [...chain.filter((block) => block.height <= at.height), ...fresh]
        return chain.map((block) => ({ kind: 'block', block }))
      }
    }
    case 'account': {
      const account = Account.parse(network, subject.account, 'subject.account')
      return async (_tip, options) =>
        (await reader.history([account.script], options)).map(({ txid, at }) => ({
          kind: 'transaction',
          id: txid,
          block: at,
        }))
    }
    case 'lock': {
      const checked = Terms.check(network, subject.terms)
      return async (tip, options) => {
        const sightings: Sighting[] = []
        const placed = await placedLocks(context, checked, tip, options)
        for (const { lock, located } of placed) sightings.push({ kind: 'lock', lock, block: located.at })
        for (const { lock } of placed) {
          const found = await spendOf(context, checked, lock, options)
          if (found?.spend !== undefined)
            sightings.push({ kind: 'spend', lock, spend: found.spend, block: found.located.at })
        }
        return sightings
      }
    }
    default:
      throw CoreErrors.InvalidArgument(
        `subject.kind must be tip, account or lock, got ${show((subject as Subject)?.kind)}`,
        { argument: 'subject.kind', received: (subject as Subject)?.kind },
      )
  }
}

function keyOf(sighting: Sighting): string {
  const place = sighting.block === 'mempool' ? 'mempool' : sighting.block.hash
  switch (sighting.kind) {
    case 'block':
      return place
    case 'transaction':
      return `${sighting.id}@${place}`
    case 'lock':
      return `${sighting.lock.ref}/${sighting.lock.match}@${place}`
    case 'spend':
      return `${sighting.lock.ref}/${sighting.spend.transaction}@${place}`
  }
}

/** Waits for the next poll; false where the watch was aborted. */
async function rest(context: Context, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await pause(context.pollMs, signal)
    return true
  } catch {
    return false
  }
}
