import { Bytes } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** Who instantiated the contract `Htlc`, with which salt: all that its address hangs on besides its creation code. */
export interface HubDeployment {
  /** Address of 20 bytes: of a contract, such as a deployment proxy, or of an account (`Account.toH160` of `@aitbc/proofs/revive`). */
  readonly deployer: Bytes.Bytes
  readonly salt: Bytes.Bytes32
}

/** keccak-256 of the creation code of the contract `Htlc` (`HtlcArtifact` of `@aitbc/adapters/evm`). */
export const CREATION_HASH = 'a13b1cc277960db56934249fae3382fa9ba7b791e0879d9d6007ac6317577cba'

/**
 * The address of the contract `Htlc` that was instantiated with a salt (EIP-1014; pallet-revive, `address::create2`).
 *
 * The address commits to the creation code, so no other code ever was there: what its state says was written by the audited code alone. The
 * hash of the code that is there now says nothing of what stood in the state before (creation code may write what it likes, and then leave
 * the audited code behind).
 *
 * @example
 * import { HubDeployment } from '@aitbc/adapters/polkadot'
 * HubDeployment.addressOf({ deployer: new Uint8Array(20).fill(1), salt: new Uint8Array(32) }) // '0x…'
 */
export function addressOf({ deployer, salt }: HubDeployment): `0x${string}` {
  Bytes.assert(deployer, 20, 'deployer')
  Bytes.assert(salt, 32, 'salt')
  const hash = keccak_256(Bytes.concat(Uint8Array.of(0xff), deployer, salt, Bytes.fromHex(CREATION_HASH)))
  return `0x${Bytes.toHex(hash.slice(12))}`
}
