import { AssetId, type Bytes, type CallOptions, CoreErrors, type Network, show } from '@aitbc/core'
import { Hasher, Scale, StorageKey } from '@aitbc/proofs/substrate'
import { larger } from '../../internal/extremes.js'
import type { Client } from './client.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** What the chain keeps of an account (`System.Account`). */
export interface Account {
  readonly exists: boolean
  readonly nonce: bigint
  /** Planck that are its own; what is reserved isn't counted. */
  readonly free: bigint
  /** Planck of `free` that can't be paid out, nor for fees: what is frozen (votes, vesting) beyond what is reserved. */
  readonly frozen: bigint
}

/** What the chain keeps of an asset (`Assets.Asset`). */
export interface Asset {
  readonly minBalance: bigint
  /** Whether holding it is enough for an account to exist. */
  readonly sufficient: boolean
}

const U128 = /* @__PURE__ */ Scale.uint(128)
const ACCOUNT = /* @__PURE__ */ Scale.struct({
  nonce: Scale.u32,
  consumers: Scale.u32,
  providers: Scale.u32,
  sufficients: Scale.u32,
  free: U128,
  reserved: U128,
  frozen: U128,
  // Older runtimes freeze for fees apart; newer ones keep a flag in the highest bit.
  flags: U128,
})
/** What stands before the part of an asset that is read: four accounts, its supply and a deposit. */
const ASSET_HEAD = 4 * 32 + 2 * 16
const FLAG = 1n << 127n

/** An account's nonce and planck in a block. */
export async function accountAt(
  client: Client,
  account: Bytes.Bytes32,
  at: Hex,
  options?: CallOptions,
): Promise<Account> {
  const key = StorageKey.of('System', 'Account', Hasher.blake2b128Concat(account))
  const bytes = await Rpc.storage(client.api, key, at, options)
  if (bytes === undefined) return { exists: false, nonce: 0n, free: 0n, frozen: 0n }
  const info = Scale.decode(ACCOUNT, bytes)
  if (!info.ok) throw Rpc.malformed('state_getStorage', 'an account', bytes)
  const { nonce, providers, sufficients, free, reserved, frozen, flags } = info.value
  return {
    exists: providers + sufficients > 0,
    nonce: BigInt(nonce),
    free,
    frozen: flags & FLAG ? larger(frozen - reserved, 0n) : larger(frozen, flags),
  }
}

/** What an account holds of an asset of pallet-assets in a block. */
export async function holding(
  client: Client,
  account: Bytes.Bytes32,
  asset: number,
  at: Hex,
  options?: CallOptions,
): Promise<bigint> {
  const key = StorageKey.of('Assets', 'Account', idKey(asset), Hasher.blake2b128Concat(account))
  const bytes = await Rpc.storage(client.api, key, at, options)
  if (bytes === undefined) return 0n
  const balance = Scale.decode(U128, bytes.slice(0, 16))
  if (!balance.ok) throw Rpc.malformed('state_getStorage', "an account's holding", bytes)
  return balance.value
}

/** The rules of an asset in a block, where there is such an asset. */
export async function assetAt(
  client: Client,
  asset: number,
  at: Hex,
  options?: CallOptions,
): Promise<Asset | undefined> {
  const bytes = await Rpc.storage(client.api, StorageKey.of('Assets', 'Asset', idKey(asset)), at, options)
  if (bytes === undefined) return undefined
  const part = Scale.struct({ minBalance: U128, sufficient: Scale.boolean })
  const found = Scale.decode(part, bytes.slice(ASSET_HEAD, ASSET_HEAD + 17))
  if (!found.ok) throw Rpc.malformed('state_getStorage', 'the rules of an asset', bytes)
  return found.value
}

/**
 * The number of an asset of pallet-assets (`polkadot:…/assets:<number>`), or `native`; `ForeignNetwork` (1016) for an asset of another
 * network, `InvalidArgument` (1013) for one that the chain can't have.
 */
export function assetOf(id: AssetId.AssetId, network: Network, argument: string): number | 'native' {
  if (id === network.native.id) return 'native'
  const parts = AssetId.parse(AssetId.from(id, argument))
  if (parts.network !== network.id)
    throw CoreErrors.ForeignNetwork(`${argument} must be on ${network.id}, got ${show(id)}`, {
      argument,
      expected: network.id,
      received: id,
    })
  const number = /^(?:0|[1-9][0-9]{0,9})$/.test(parts.reference) ? Number(parts.reference) : -1
  if (parts.namespace !== 'assets' || parts.tokenId !== undefined || number < 0 || number > 0xffff_ffff)
    throw CoreErrors.InvalidArgument(
      `${argument} must be ${network.native.id} or ${network.id}/assets:<number>, got ${show(id)}`,
      { argument, received: id },
    )
  return number
}

function idKey(asset: number): Bytes.Bytes {
  return Hasher.blake2b128Concat(Scale.encode(Scale.u32, asset))
}
