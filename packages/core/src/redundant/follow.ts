// Headers and sightings of all endpoints, each told once.
import { sha256 } from '@noble/hashes/sha2.js'
import * as Bytes from '../Bytes.js'
import type {
  CallOptions,
  ChainEvent,
  HeaderUpdate,
  Sighting,
  Subject,
  SwapAdapter,
} from '../ChainAdapter.js'
import type * as Fact from '../Fact.js'
import { keep } from './keep.js'
import { assertShape } from './shapes.js'
import { merge } from './streams.js'

export async function* headers(
  adapters: readonly SwapAdapter[],
  from: Fact.BlockRef,
  o?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  const seen = new Map<string, true>()
  const isNew = ({ block: { height, hash }, bytes }: HeaderUpdate) => {
    // Headers are large: what is kept of one is its digest.
    const key = `${height} ${hash} ${Bytes.toHex(sha256(bytes))}`
    if (seen.has(key)) return false
    keep(seen, key, true)
    return true
  }
  const begin = adapters.map((adapter) => {
    let after = from
    return async function* (signal: AbortSignal) {
      for await (const update of adapter.headers(after, { signal })) {
        yield assertShape('headers', update)
        after = update.block
      }
    }
  })
  yield* merge('headers', begin, isNew, o?.signal)
}

export async function* watch(
  adapters: readonly SwapAdapter[],
  subject: Subject,
  o?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  const standing = new Map<string, true>()
  const isNew = ({ is, what }: ChainEvent) => {
    const key = keyOf(what)
    if ((is === 'added') === standing.has(key)) return false
    if (is === 'retracted') standing.delete(key)
    else keep(standing, key, true)
    return true
  }
  const begin = adapters.map(
    (adapter) =>
      async function* (signal: AbortSignal) {
        for await (const event of adapter.watch(subject, { signal })) yield assertShape('watch', event)
      },
  )
  yield* merge(`watch ${subject?.kind}`, begin, isNew, o?.signal)
}

function keyOf(what: Sighting): string {
  const block = what.block === 'mempool' ? '' : what.block.hash
  switch (what.kind) {
    case 'block':
      return block
    case 'transaction':
      return `${what.id} ${block}`
    case 'lock':
      return `lock ${what.lock.ref} ${block}`
    case 'spend':
      return `${what.spend.kind} ${what.spend.transaction} ${block}`
  }
}
