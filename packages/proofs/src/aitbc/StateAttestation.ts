import { type Bytes, Verdict } from '@aitbc/core'
import * as Account from './Account.js'
import * as Json from './Json.js'
import * as Signature from './Signature.js'

/** A header as validators sign it for the bridge: other than a block's own signature, this one covers the state root. */
export interface Header {
  readonly chainId: string
  readonly height: bigint
  readonly hash: string
  readonly parentHash: string
  readonly proposer: string
  readonly stateRoot: string
}

/** What a validator signs: Keccak-256 of the header's canonical JSON. */
export function digest(header: Header): Bytes.Hash32 {
  return Json.digest(message(header))
}

/** The object that is signed. */
export function message(header: Header): Json.Members {
  const { chainId, height, hash, parentHash, proposer, stateRoot } = header
  return { chain_id: chainId, height, hash, parent_hash: parentHash, proposer, state_root: stateRoot }
}

/**
 * Decides whether one of some validators signed a header with its state root, and gives the signer, who needn't be the proposer. It
 * proves that this validator says so, not that the state followed from the transactions.
 *
 * Refusals: those of `Signature.recover`, `attestation-signer` (none of the validators; `context.signer`).
 *
 * @example
 * import { StateAttestation } from '@aitbc/proofs/aitbc'
 * declare const header: StateAttestation.Header
 * StateAttestation.verify(header, '0x…', ['ait173c3b1e1762f5cfbfdf6a5181a09399c4b37c411'])
 */
export function verify(
  header: Header,
  signature: string,
  validators: readonly string[],
): Verdict.Verdict<string> {
  const signer = Signature.recover(digest(header), signature)
  if (!signer.ok || validators.some((it) => Account.same(it, signer.value))) return signer
  return Verdict.refuse('attestation-signer', `${signer.value} is none of the validators`, {
    signer: signer.value,
  })
}
