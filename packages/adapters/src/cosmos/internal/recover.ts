import {
  Bytes,
  type CallOptions,
  CoreErrors,
  type FoundLock,
  type RecoveredLock,
  SwapSeed,
} from '@aitbc/core'
import { type Base, type Head, tipOf } from './client.js'
import * as Record from './record.js'

/** A lock that carries a tag of the owner, with its sealed record and the id that this is bound to. */
export interface Tagged extends FoundLock {
  readonly id: Bytes.Hash32
  readonly sealed: Bytes.Bytes
}

export type Options = CallOptions & { readonly hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32 }

/** Every lock that the owner of a seed made, found by its tags and opened with its key; `byTag` asks for those of one tag. */
export async function recoverLocks(
  client: Base,
  seed: SwapSeed.NetworkSeed,
  options: Options,
  byTag: (tag: string, tip: Head) => Promise<{ readonly inUse: boolean; readonly locks: readonly Tagged[] }>,
): Promise<readonly RecoveredLock[]> {
  SwapSeed.assertNetwork(seed, client.network.id)
  const tip = await tipOf(client, options)
  const recovered: RecoveredLock[] = []
  for (let from = 0; ; from += Record.TAG_WINDOW) {
    if (from >= Record.MAX_TAGS)
      throw CoreErrors.RpcTooLarge(`more than ${Record.MAX_TAGS} tags of one seed are in use`, {
        method: 'tx_search',
      })
    let someInUse = false
    for (let index = from; index < from + Record.TAG_WINDOW; index++) {
      const { inUse, locks } = await byTag(Bytes.toHex(Record.tagOf(seed, index)), tip)
      someInUse ||= inUse
      for (const { terms, lock, id, sealed } of locks) {
        const opened = Record.open(seed, id, sealed)
        if (opened === undefined) continue
        // An initiator's lock has the hashlock of its own secret; anything else was never its.
        if (
          opened.record.role === 'initiator' &&
          !Bytes.equal(options.hashlockOf(opened.nonce), terms.hashlock)
        )
          continue
        recovered.push({ terms, lock, ...opened })
      }
    }
    if (!someInUse) return recovered
  }
}
