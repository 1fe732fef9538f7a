import { type Address, concatHex, type Hex, hexToBytes, keccak256, pad } from 'viem'
import * as HtlcArtifact from './HtlcArtifact.js'

/** The deployment proxy that is at one address on most chains (its call data: 32 bytes of salt, then creation code). */
export const PROXY: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

const SALT: Hex = /* @__PURE__ */ pad('0x', { size: 32 })

/** Where the proxy puts the contract: one address on all chains (EIP-1014), since neither its code nor the salt ever differs. */
export const address = /* @__PURE__ */ compute()

/** What is sent to {@link PROXY} to deploy the contract; repeating it on a chain that has it reverts and changes nothing. */
export function callData(): Uint8Array {
  return hexToBytes(concatHex([SALT, HtlcArtifact.creation]))
}

function compute(): Address {
  const hash = keccak256(concatHex(['0xff', PROXY, SALT, keccak256(HtlcArtifact.creation)]))
  return `0x${hash.slice(26)}`
}
