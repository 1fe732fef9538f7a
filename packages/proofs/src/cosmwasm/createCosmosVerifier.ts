import { Bytes, Verdict } from '@aitbc/core'
import { createStateVerifier, type StateVerifier } from '../internal/stateVerifier.js'
import { type BlockOptions, know } from './internal/blocks.js'
import * as LockEvidence from './LockEvidence.js'

/** A verifier of locks in a Cosmos chain's state, which also judges what isn't there. */
export type CosmosVerifier = StateVerifier

/**
 * Starts a verifier of locks (`cosmos-lock/1`), spends (`cosmos-spend/1`) and absence (`cosmos-absence/1`) of the CosmWasm contract.
 *
 * With a light `client` the evidence's block must follow from what it trusts (CometBFT `spec/light-client`; `headers` of an adapter
 * brings it further), and facts are `proved`; a block of CometBFT is final. With `trust` the block is as good as the caller says, and
 * its votes aren't looked at. A state names no transaction, so `transaction` is empty in what this verifier vouches for; the secret of
 * a claim is in the state itself.
 *
 * Refusals: those of `LockEvidence` and `LightClient.apply`, `evidence-network`, `evidence-format`, `block-unknown` (the caller
 * doesn't trust it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
 * const verifier = createCosmosVerifier({ network: networks.cosmosHub, trust: () => undefined })
 */
export function createCosmosVerifier(options: createCosmosVerifier.Options): CosmosVerifier {
  const { network } = options
  return createStateVerifier(network.id, LockEvidence.FORMAT, (terms, evidence) => {
    const decoded = LockEvidence.decode(evidence)
    if (!decoded.ok) return decoded
    const { block } = decoded.value
    const held = LockEvidence.verify(block.header.appHash, terms, network, decoded.value)
    if (!held.ok) return held
    const known = know(options, block)
    if (!known.ok) return known
    const { entry, lockId } = held.value
    return Verdict.accept({
      held: {
        status: entry.status,
        ref: Bytes.toHex(lockId),
        ...(entry.status === 'claimed' ? { secret: entry.secret } : {}),
      },
      fact: known.value,
    })
  })
}

export declare namespace createCosmosVerifier {
  type Options = BlockOptions
}
