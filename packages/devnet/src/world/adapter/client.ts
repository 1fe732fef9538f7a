import {
  type AccountId,
  AccountId as Accounts,
  type AssetId,
  CoreErrors,
  Fact,
  type Network,
  show,
} from '@aitbc/core'
import * as Chain from '../Chain.js'
import type { Endpoint } from '../Endpoint.js'
import type { Family } from '../Family.js'
import { assertNetwork } from '../steps.js'
import { notesOf } from './notes.js'

/** What an adapter of a world holds. */
export interface Client {
  readonly network: Network
  readonly family: Family
  readonly endpoint: Endpoint
  readonly tokens: ReadonlySet<AssetId.AssetId>
  /** Ids of what was sent from here, oldest first, by what makes them versions of one transaction. */
  readonly attempts: Map<string, readonly string[]>
  /** Ids that the endpoint was seen to know, or that were sent from here. */
  readonly seen: Set<string>
}

export function refOf({ height, hash }: Pick<Chain.Header, 'height' | 'hash'>): Fact.BlockRef {
  return { height, hash }
}

export function tipOf(view: Chain.View): Fact.Tip {
  const head = Chain.tip(view)
  const notes = notesOf(head)
  if (notes.tip?.finalized === view.finalized) return notes.tip.tip
  const { height, hash, time, clock } = head
  const at = view.finalized < 0n ? undefined : Chain.at(view, view.finalized)
  const tip = { height, hash, time, clock, ...(at === undefined ? {} : { finalized: refOf(at) }) }
  notes.tip = { finalized: view.finalized, tip }
  return tip
}

/** A fact of a view: in the block of a height, in the mempool, or as of the head. */
export function told<T>(
  { endpoint }: Client,
  view: Chain.View,
  value: T,
  where: bigint | 'mempool' | 'tip',
): Fact.Told<T> {
  const tip = tipOf(view)
  const header = where === 'tip' ? tip : where === 'mempool' ? undefined : Chain.at(view, where)
  return Fact.told(value, header === undefined ? 'mempool' : refOf(header), tip, endpoint.assurance)
}

/** The address of an account of this network. */
export function addressIn({ network }: Client, account: AccountId.AccountId, argument: string): string {
  const { network: of, address } = Accounts.parse(Accounts.canonical(Accounts.from(account, argument)))
  assertNetwork(of, network.id, argument)
  return address
}

/** An asset as ledgers name it: empty for the native coin. */
export function assetIn(client: Client, asset: AssetId.AssetId, argument: string): string {
  const { network, family, tokens } = client
  if (asset === network.native.id) return ''
  if (typeof asset === 'string' && !asset.startsWith(`${network.id}/`))
    throw CoreErrors.ForeignNetwork(`${argument} must be on ${network.id}, got ${show(asset)}`, {
      argument,
      expected: network.id,
      received: asset,
    })
  if (tokens.has(asset)) return asset
  throw (family.errors.token ?? family.errors.terms)(
    `${argument} must be ${network.native.id} or one of the adapter's tokens, got ${show(asset)}`,
    { argument, received: asset },
  )
}
