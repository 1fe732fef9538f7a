import { type Address, concatHex, hexToBytes, pad } from 'viem'
import * as HtlcArtifact from './HtlcArtifact.js'
import { creation } from './HtlcCreation.js'

export { creation } from './HtlcCreation.js'

/** The deployment proxy that is at one address on most chains (its call data: 32 bytes of salt, then creation code). */
export const PROXY: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

/** Where the proxy puts the contract: one address on all chains (EIP-1014), since neither its code nor the salt (zero) ever differs. */
export const address: Address = HtlcArtifact.address

/**
 * What is sent to {@link PROXY} to deploy the contract; on a chain that has it, the call reverts and changes nothing.
 *
 * @example
 * import { HtlcDeployment } from '@aitbc/adapters/evm/deployment'
 * // await adapter.prepare({ kind: 'call', from, to: `${network.id}:${HtlcDeployment.PROXY}`, data: HtlcDeployment.callData(), value: 0n })
 * HtlcDeployment.callData().length > 32 // true
 */
export function callData(): Uint8Array {
  return hexToBytes(concatHex([pad('0x', { size: 32 }), creation]))
}
