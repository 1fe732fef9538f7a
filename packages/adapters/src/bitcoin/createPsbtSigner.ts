import { type AccountId, type Bytes, isAitbcError, type Network, type Signer } from '@aitbc/core'
import * as Account from './Account.js'
import { BitcoinErrors } from './errors.js'
import * as Psbt from './internal/psbt.js'

/** A wallet that takes a PSBT (BIP-174) and gives it back signed: with signatures, or finalised already. */
export interface PsbtWallet {
  signPsbt(psbt: Bytes.Bytes, options: { readonly signal?: AbortSignal }): Promise<Bytes.Bytes>
}

/**
 * A signer made of a wallet that signs PSBTs. Whatever comes back is checked: it must be the very transaction that was prepared, each
 * input signed validly with hash type ALL; else `SignedDiffers` (3114). A wallet that refuses gives `SignerRefused` (3115).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createPsbtSigner } from '@aitbc/adapters/bitcoin'
 * const signer = createPsbtSigner({
 *   network: networks.bitcoin,
 *   account: `${networks.bitcoin.id}:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4`,
 *   wallet: { signPsbt: async (psbt) => psbt },
 * })
 */
export function createPsbtSigner(options: createPsbtSigner.Options): Extract<Signer, { kind: 'signs' }> {
  const { network, wallet } = options
  const account = Account.parse(network, options.account).id
  return {
    kind: 'signs',
    asks: true,
    account,
    async sign(step, { signal } = {}) {
      signal?.throwIfAborted()
      Psbt.open(network, step)
      if (step.from !== account)
        throw BitcoinErrors.KeyMismatch(
          `the step is to be signed by ${step.from}, this wallet is ${account}`,
          {
            expected: step.from,
            received: account,
          },
        )
      let signed: Bytes.Bytes
      try {
        signed = await wallet.signPsbt(step.payload.slice(), signal === undefined ? {} : { signal })
      } catch (cause) {
        if (signal?.aborted) throw signal.reason
        throw isAitbcError(cause)
          ? cause
          : BitcoinErrors.SignerRefused(
              `the wallet of ${account} did not sign: ${cause instanceof Error ? cause.message : String(cause)}`,
              { account, step: step.kind },
              { cause },
            )
      }
      return Psbt.finalize(network, step, Psbt.parse(signed, step))
    },
  }
}

export declare namespace createPsbtSigner {
  type Options = {
    readonly network: Network
    /** The account whose coins the wallet signs for. */
    readonly account: AccountId.AccountId
    readonly wallet: PsbtWallet
  }
}
