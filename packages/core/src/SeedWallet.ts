import type { AccountId } from './AccountId.js'
import type { Bytes } from './Bytes.js'
import type { Party } from './LockTerms.js'
import type { Signer } from './Signer.js'

/** The keys of a swap seed on one network, as adapters' `createSeedWallet` makes them: what a side of a swap needs. */
export interface SeedWallet {
  /** The account to fund before a swap; a wallet that only sends pays to it. */
  readonly funding: AccountId
  /** Who the seed's owner is in the swap of a nonce (8 bytes). */
  party(nonce: Bytes): Party
  /** Who signs for an account in the swap of a nonce; `undefined` for an account of another seed. */
  signer(account: AccountId, nonce: Bytes): Signer | undefined
}
