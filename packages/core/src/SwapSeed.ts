import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Bytes from './Bytes.js'
import * as ChainId from './ChainId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import type { Secret } from './Hashlock.js'

/**
 * 32 random bytes that the SDK owns (never a wallet's seed): every key, salt and secret of every swap derives from it, so that it
 * and the chains are all that a recovery needs.
 */
export type SwapSeed = Bytes.Bytes32

/** One network's share of a swap seed; gives its keys and records, and no secret of any swap. */
export interface NetworkSeed {
  readonly network: ChainId.ChainId
  readonly key: Bytes.Bytes32
}

/** Bytes of a swap nonce. */
export const NONCE_LENGTH = 8

/** What a network's share is asked for. */
export type Purpose =
  /** The key that locks, claims and refunds of one swap are signed with; `salt` is the swap's nonce. */
  | 'party'
  /** The key of the funding account; `salt` is empty, or an index. */
  | 'funding'
  /** Encrypts recovery records; `salt` is the swap's nonce. */
  | 'record'
  /** The key of an address that points to a recovery record; `salt` is its index. */
  | 'beacon'
  /** Marks the owner's locks in events; `salt` is empty. */
  | 'tag'
  /** The salt of the lock that the owner makes in a swap; `salt` is the swap's nonce. */
  | 'salt'

const PURPOSES: readonly Purpose[] = ['party', 'funding', 'record', 'beacon', 'tag', 'salt']

/**
 * Refuses what isn't a swap seed, 32 bytes: `InvalidSeed` (1014), which tells its length or type and nothing else.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * const seed: unknown = crypto.getRandomValues(new Uint8Array(32))
 * SwapSeed.assert(seed)
 * seed.length // 32
 */
export function assert(seed: unknown): asserts seed is SwapSeed {
  if (!(seed instanceof Uint8Array) || seed.length !== 32)
    throw CoreErrors.InvalidSeed(
      `a swap seed is 32 bytes, got ${seed instanceof Uint8Array ? `${seed.length} bytes` : typeof seed}`,
      { argument: 'seed', received: seed instanceof Uint8Array ? seed.length : typeof seed },
    )
}

/**
 * The share of a seed that one network's adapter may see; `InvalidSeed` (1014), `InvalidChainId` (1001).
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * const share = SwapSeed.forNetwork(new Uint8Array(32).fill(1), 'eip155:1')
 * share.key.length // 32
 */
export function forNetwork(seed: SwapSeed, network: ChainId.ChainId): NetworkSeed {
  assert(seed)
  ChainId.from(network, 'network')
  return { network, key: expand(seed, `network/${network}`) }
}

/**
 * Refuses a share of another network: `ForeignNetwork` (1016), so that keys never serve two chains.
 *
 * @example
 * import { isAitbcError, SwapSeed } from '@aitbc/core'
 * const share = SwapSeed.forNetwork(new Uint8Array(32).fill(1), 'eip155:1')
 * SwapSeed.assertNetwork(share, 'eip155:1')
 * let code: number | undefined
 * try {
 *   SwapSeed.assertNetwork(share, 'eip155:10')
 * } catch (error) {
 *   code = isAitbcError(error) ? error.code : undefined
 * }
 * code // 1016
 */
export function assertNetwork(share: NetworkSeed, network: ChainId.ChainId): void {
  if (share?.network !== network)
    throw CoreErrors.ForeignNetwork(
      `the share of the seed must be ${network}'s, got ${show(share?.network)}`,
      {
        argument: 'seed',
        expected: network,
        received: share?.network,
      },
    )
}

/**
 * 32 bytes for one purpose (HKDF-SHA256, RFC 5869); different purposes, salts and networks never meet. `InvalidSeed` (1014) for what is no share,
 * `InvalidArgument` (1013) for another purpose or salt.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * const share = SwapSeed.forNetwork(new Uint8Array(32).fill(1), 'eip155:1')
 * SwapSeed.derive(share, 'party', new Uint8Array(8)).length // 32
 */
export function derive(share: NetworkSeed, purpose: Purpose, salt: Bytes.Bytes | number = 0): Bytes.Bytes32 {
  if (!(share?.key instanceof Uint8Array) || share.key.length !== 32)
    throw CoreErrors.InvalidSeed("share must be a network's share of a seed", { argument: 'share' })
  if (!PURPOSES.includes(purpose))
    throw CoreErrors.InvalidArgument(`purpose must be one of ${PURPOSES.join(', ')}, got ${show(purpose)}`, {
      argument: 'purpose',
      received: purpose,
    })
  if (typeof salt === 'number' ? !Number.isSafeInteger(salt) || salt < 0 : !(salt instanceof Uint8Array))
    throw CoreErrors.InvalidArgument(`salt must be bytes or an index from 0, got ${show(salt)}`, {
      argument: 'salt',
    })
  const part = typeof salt === 'number' ? `index/${salt}` : `salt/${Bytes.toHex(salt)}`
  return expand(share.key, `${purpose}/${part}`)
}

/**
 * The secret of a swap that the seed's owner initiates, 32 bytes; known to no network's share. `nonce` (8 bytes) is fresh for each swap and
 * stands in the lock's recovery record, so a lost counter never brings a secret back.
 *
 * `InvalidSeed` (1014), `InvalidBytes` (1005) for a nonce that isn't 8 bytes.
 *
 * @example
 * import { Hashlock, SwapSeed } from '@aitbc/core'
 * const seed = crypto.getRandomValues(new Uint8Array(32))
 * const nonce = crypto.getRandomValues(new Uint8Array(SwapSeed.NONCE_LENGTH))
 * const hashlock = Hashlock.of(SwapSeed.secret(seed, nonce))
 * // Whoever has the seed and reads the nonce in the lock's record has the secret again.
 * Hashlock.opens(SwapSeed.secret(seed, nonce), hashlock) // true
 */
export function secret(seed: SwapSeed, nonce: Bytes.Bytes): Secret {
  assert(seed)
  Bytes.assert(nonce, NONCE_LENGTH, 'nonce')
  return expand(seed, `secret/${Bytes.toHex(nonce)}`)
}

/**
 * The key that signs agreements (BIP-340), 32 bytes, one for each swap. `InvalidSeed` (1014), `InvalidBytes` (1005) for a nonce that isn't 8 bytes.
 *
 * @example
 * import { Bytes, SwapSeed } from '@aitbc/core'
 * const seed = crypto.getRandomValues(new Uint8Array(32))
 * const [one, other] = [1, 2].map((swap) => SwapSeed.identity(seed, new Uint8Array(8).fill(swap))) as [Uint8Array, Uint8Array]
 * // Another key for each swap: nobody sees that both are one person's.
 * Bytes.equal(one, other) // false
 */
export function identity(seed: SwapSeed, nonce: Bytes.Bytes): Bytes.Bytes32 {
  assert(seed)
  Bytes.assert(nonce, NONCE_LENGTH, 'nonce')
  return expand(seed, `identity/${Bytes.toHex(nonce)}`)
}

/**
 * The key that a swap's watch jobs are encrypted with, 32 bytes, for the owner's towers: it opens those of one swap, and gives nothing else.
 *
 * `InvalidSeed` (1014), `InvalidBytes` (1005) for a nonce that isn't 8 bytes.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * const nonce = crypto.getRandomValues(new Uint8Array(SwapSeed.NONCE_LENGTH))
 * const key = SwapSeed.tower(crypto.getRandomValues(new Uint8Array(32)), nonce)
 * key.length // 32
 */
export function tower(seed: SwapSeed, nonce: Bytes.Bytes): Bytes.Bytes32 {
  assert(seed)
  Bytes.assert(nonce, NONCE_LENGTH, 'nonce')
  return expand(seed, `tower/${Bytes.toHex(nonce)}`)
}

function expand(key: Bytes.Bytes, info: string): Bytes.Bytes32 {
  return hkdf(sha256, key, undefined, new TextEncoder().encode(`aitbc/swap-seed/v1/${info}`), 32)
}
