import { Bytes, Verdict } from '@aitbc/core'
import { type BlockOptions, know, newest } from '../cosmwasm/internal/blocks.js'
import { createStateVerifier, type StateVerifier } from '../internal/stateVerifier.js'
import * as HtlcModule from './HtlcModule.js'
import * as LockEvidence from './LockEvidence.js'

/** A verifier of locks in IRISnet's own module, which also judges what isn't there, and knows the newest block of its light client. */
export type IrisVerifier = StateVerifier

/**
 * Starts a verifier of locks (`irismod-lock/1`), spends (`irismod-spend/1`) and absence (`irismod-absence/1`) in the module `htlc` of
 * irismod, which is a part of the chain: there is no contract whose code could be another.
 *
 * `client` or `trust` decide about blocks as in `createCosmosVerifier`. The module's ids don't bind when a lock expires: `window` is
 * by how many blocks less one that may be before its deadline, as in the adapter's options. A state names no transaction, so
 * `transaction` is empty in what this verifier vouches for.
 *
 * Refusals: those of `LockEvidence` and `LightClient.apply`, `evidence-network`, `evidence-format`, `block-unknown` (the caller
 * doesn't trust it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createIrisVerifier } from '@aitbc/proofs/irismod'
 * const verifier = createIrisVerifier({ network: networks.irisnet, trust: () => undefined })
 */
export function createIrisVerifier(options: createIrisVerifier.Options): IrisVerifier {
  const { network, window = HtlcModule.WINDOW } = options
  HtlcModule.assertWindow(window)
  const verifier = createStateVerifier(network.id, LockEvidence.FORMAT, (terms, evidence) => {
    const decoded = LockEvidence.decode(evidence)
    if (!decoded.ok) return decoded
    const { block } = decoded.value
    const held = LockEvidence.verify(block.header.appHash, terms, network, decoded.value, window)
    if (!held.ok) return held
    const known = know(options, block)
    if (!known.ok) return known
    const { entry, lockId } = held.value
    return Verdict.accept({
      held: {
        status: entry.status,
        ref: Bytes.toHex(lockId).toUpperCase(),
        ...(entry.status === 'claimed' ? { secret: entry.secret } : {}),
      },
      fact: known.value,
    })
  })
  return { ...verifier, tip: () => newest(options) }
}

export declare namespace createIrisVerifier {
  type Options = BlockOptions & {
    /** Blocks that a lock may wait for inclusion, as in the adapter's options; 10 unless told. */
    readonly window?: bigint
  }
}
