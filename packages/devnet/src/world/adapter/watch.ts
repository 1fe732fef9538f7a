import type { CallOptions, ChainEvent, Fact, HeaderUpdate, Sighting, Subject } from '@aitbc/core'
import * as Chain from '../Chain.js'
import type * as Ledger from '../Ledger.js'
import { addressIn, type Client, refOf, tipOf } from './client.js'
import { locksIn, type Seen } from './reads.js'
import { scriptOf } from './terms.js'

/** Looks whenever something may have changed, and yields what each look finds; ends when aborted. */
async function* looks<T>(
  { endpoint }: Client,
  what: string,
  params: readonly unknown[],
  options: CallOptions,
  look: (view: Chain.View) => readonly T[],
): AsyncGenerator<T, void, undefined> {
  const { signal } = options
  let changed = true
  let wake: () => void = () => undefined
  const up = () => {
    changed = true
    wake()
  }
  if (signal?.aborted) return
  const deaf = endpoint.listen(up)
  signal?.addEventListener('abort', up, { once: true })
  try {
    while (signal?.aborted !== true) {
      if (!changed)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      if (signal?.aborted) return
      changed = false
      let view: Chain.View
      try {
        view = await endpoint.ask(what, params, signal)
      } catch (error) {
        if (signal?.aborted) return
        throw error
      }
      for (const one of look(view)) {
        if (signal?.aborted) return
        yield one
      }
    }
  } finally {
    deaf()
    signal?.removeEventListener('abort', up)
  }
}

/** Follows the head over reorganisations: which blocks left the chain, newest first, and which joined it. */
function follower(): (view: Chain.View) => { gone: readonly Fact.BlockRef[]; came: readonly Chain.Block[] } {
  let path: Chain.Block[] | undefined
  return (view) => {
    const { blocks } = view
    if (path === undefined) {
      path = [...blocks]
      return { gone: [], came: [Chain.tip(view)] }
    }
    let common = Math.min(path.length, blocks.length)
    while (common > 0 && path[common - 1]?.hash !== blocks[common - 1]?.hash) common--
    if (common === path.length && common === blocks.length) return { gone: [], came: [] }
    const gone = path.splice(common).reverse().map(refOf)
    const came = blocks.slice(common)
    path.push(...came)
    return { gone, came }
  }
}

interface Standing {
  readonly what: Sighting
  readonly block: string
}

/** What happens to a subject; what a reorganisation undid is retracted, newest first. */
export async function* watch(
  client: Client,
  subject: Subject,
  options: CallOptions = {},
): AsyncGenerator<ChainEvent, void, undefined> {
  const find = finder(client, subject)
  const follow = follower()
  const standing: Standing[] = []
  const known = new Set<string>()
  yield* looks(client, `watch ${subject.kind}`, [], options, (view) => {
    const { gone, came } = follow(view)
    const asOf = tipOf(view)
    const events: ChainEvent[] = []
    for (let i = standing.length - 1; gone.length > 0 && i >= 0; i--) {
      const { what, block } = standing[i] as Standing
      if (!gone.some(({ hash }) => hash === block)) continue
      standing.splice(i, 1)
      known.delete(nameOf(what))
      events.push({ is: 'retracted', what, asOf })
    }
    for (const what of find(view, came)) {
      const name = nameOf(what)
      if (known.has(name)) continue
      known.add(name)
      if (what.block !== 'mempool') standing.push({ what, block: what.block.hash })
      events.push({ is: 'added', what, asOf })
    }
    return events
  })
}

function nameOf(what: Sighting): string {
  const block = what.block === 'mempool' ? '' : what.block.hash
  switch (what.kind) {
    case 'block':
      return block
    case 'transaction':
      return `${what.id} ${block}`
    case 'lock':
      return `lock ${what.lock.ref} ${block}`
    case 'spend':
      return `${what.spend.transaction} ${block}`
  }
}

function finder(
  client: Client,
  subject: Subject,
): (view: Chain.View, came: readonly Chain.Block[]) => readonly Sighting[] {
  switch (subject.kind) {
    case 'tip':
      return (_view, came) => came.map((block) => ({ kind: 'block', block: refOf(block) }))
    case 'account': {
      const address = addressIn(client, subject.account, 'subject.account')
      return (view, came) => [
        ...came.flatMap((block) =>
          block.txs.flatMap((tx): Sighting[] =>
            concerns(tx, address) ? [{ kind: 'transaction', id: tx.id, block: refOf(block) }] : [],
          ),
        ),
        ...view.mempool.flatMap(({ tx }): Sighting[] =>
          concerns(tx, address) ? [{ kind: 'transaction', id: tx.id, block: 'mempool' }] : [],
        ),
      ]
    }
    case 'lock': {
      const script = scriptOf(client, subject.terms)
      const place = (view: Chain.View, height: bigint | 'mempool') =>
        height === 'mempool' ? height : refOf(Chain.at(view, height) as Chain.Header)
      let last: readonly Seen[] | undefined
      return (view) => {
        const seen = locksIn(client, view, script)
        // Nothing that was told already is told again.
        if (seen === last) return []
        last = seen
        return seen.flatMap(({ lock, height, spend }): Sighting[] => [
          { kind: 'lock', lock, block: place(view, height) },
          ...(spend === undefined
            ? []
            : [{ kind: 'spend', lock, spend: spend.spend, block: place(view, spend.height) } as const]),
        ])
      }
    }
  }
}

function concerns({ from, does }: Ledger.Tx, address: string): boolean {
  return from === address || (does.is === 'transfer' && does.to === address)
}

/** Headers after a block, oldest first, up to the head, then as they come. */
export async function* headers(
  client: Client,
  from: Fact.BlockRef,
  options: CallOptions = {},
): AsyncGenerator<HeaderUpdate, void, undefined> {
  let next = from.height + 1n
  yield* looks(client, 'headers', [from.height], options, (view) => {
    const found: HeaderUpdate[] = []
    for (; next <= Chain.tip(view).height; next++) {
      const { height, hash, time, clock } = Chain.at(view, next) as Chain.Header
      const text = JSON.stringify([client.network.id, `${height}`, hash, `${time}`, `${clock}`])
      found.push({ block: { height, hash }, bytes: new TextEncoder().encode(text) })
    }
    return found
  })
}
