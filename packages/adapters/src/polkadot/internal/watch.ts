import {
  type CallOptions,
  type ChainEvent,
  CoreErrors,
  type Fact,
  type HeaderUpdate,
  type Subject,
  show,
} from '@aitbc/core'
import { BLOCKS, type Chain, followHeads, type Look, type Seen, watchHeads } from '../../internal/heads.js'
import * as Address from '../Address.js'
import { PolkadotErrors } from '../errors.js'
import * as PolkadotTransaction from '../PolkadotTransaction.js'
import { type Client, headerAt, needBlock, needHeader, ref, tipOf } from './client.js'
import { contains, eventsOf, registryAt } from './events.js'
import { signerOf } from './follow.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** Blocks that one look takes in; what is further comes with the next look, at once. */
const MAX_STEP = 64n

/** Headers after `from`, oldest first; after a reorganisation those of the new branch. Ends when aborted. */
export function headers(
  client: Client,
  from: Fact.BlockRef,
  options?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  return followHeads(chainOf(client, options), from, options, async (move) =>
    (move?.added ?? []).map((header) => ({ block: ref(header), bytes: header.bytes })),
  )
}

/** What happens to a subject; ends when aborted. What a reorganisation undid is retracted, newest first. */
export function watch(
  client: Client,
  subject: Subject,
  options?: CallOptions,
  lookForLock?: (subject: Subject & { readonly kind: 'lock' }) => Look<Rpc.Header>,
): AsyncGenerator<ChainEvent, void, undefined> {
  return watchHeads(chainOf(client, options), options, lookFor(client, subject, options, lookForLock))
}

function lookFor(
  client: Client,
  subject: Subject,
  options?: CallOptions,
  lookForLock?: (subject: Subject & { readonly kind: 'lock' }) => Look<Rpc.Header>,
): Look<Rpc.Header> {
  switch (subject?.kind) {
    case 'tip':
      return BLOCKS
    case 'account': {
      const account = Address.fromAccountId(subject.account, client.network, 'subject.account')
      const { address } = Address.ofNetwork(subject.account, client.network.id, 'subject.account')
      return {
        inBlocks: async (added) => {
          const found: Seen[] = []
          for (const header of added) {
            const ids = await touching(client, header.hash, account, address, options)
            for (const id of ids)
              found.push({ what: { kind: 'transaction', id, block: ref(header) }, block: ref(header) })
          }
          return found
        },
        inMempool: async () => [],
      }
    }
    default:
      if (subject?.kind === 'lock' && lookForLock !== undefined) return lookForLock(subject)
      throw CoreErrors.InvalidArgument(
        `subject.kind must be tip${lookForLock === undefined ? '' : ', lock'} or account, got ${show(subject?.kind)}`,
        { argument: 'subject.kind', received: subject?.kind },
      )
  }
}

/** The transactions of a block that an account signed, or that have an event that names it. */
async function touching(
  client: Client,
  hash: Hex,
  account: Uint8Array,
  address: string,
  options?: CallOptions,
): Promise<readonly string[]> {
  const events = await eventsOf(client, hash, options, account)
  const { extrinsics } = await needBlock(client, hash, options)
  const named = new Set(
    events
      .filter(({ values }) => values.some((value) => contains(value, account)))
      .map(({ extrinsic }) => extrinsic),
  )
  const holding = extrinsics
    .map((raw, index) => ({ raw, index }))
    .filter(({ raw, index }) => named.has(index) || contains(raw, account))
  if (holding.length === 0) return []
  const { registry } = await registryAt(client, hash, options)
  return holding
    .filter(({ raw, index }) => named.has(index) || signerOf(registry, raw)?.address === address)
    .map(({ raw }) => PolkadotTransaction.id(raw))
}

function chainOf(client: Client, options?: CallOptions): Chain<Rpc.Header> {
  const { network, pollMs, wait } = client
  return {
    ...{ network, pollMs, wait, maxStep: MAX_STEP },
    tip: () => tipOf(client, options),
    async block(which) {
      const header =
        'hash' in which
          ? await needHeader(client, which.hash as Hex, options)
          : await headerAt(client, which.height, options)
      if (header === undefined || (which.height !== undefined && header.height !== which.height))
        throw Rpc.malformed('chain_getHeader', `block ${which.height}`, header?.height)
      return header
    },
    beginning: (from, head, most) => beginning(client, from, head, most, options),
    tooDeep: PolkadotErrors.PolkadotReorgTooDeep,
  }
}

/** The last blocks up to where a watch begins, so that a reorganisation from below it is understood. */
async function beginning(
  client: Client,
  from: Fact.BlockRef | undefined,
  asOf: Fact.Tip,
  most: number,
  options?: CallOptions,
): Promise<readonly Fact.BlockRef[]> {
  let header = await needHeader(client, (from ?? asOf).hash as Hex, options)
  const path: Fact.BlockRef[] = from === undefined ? [] : [ref(header)]
  while (header.height > 0n && path.length < most) {
    header = await needHeader(client, header.parent, options)
    path.unshift(ref(header))
  }
  // A chain of one block has no parent to begin from.
  return path.length === 0 ? [{ height: -1n, hash: header.parent }] : path
}
