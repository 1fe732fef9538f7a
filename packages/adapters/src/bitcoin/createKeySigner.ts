import { type AccountId, Bytes, CoreErrors, type Network, type Signer } from '@aitbc/core'
import { Taproot } from '@aitbc/proofs/bitcoin'
import * as Account from './Account.js'
import { BitcoinErrors } from './errors.js'
import * as Psbt from './internal/psbt.js'

/**
 * A signer that holds a private key (32 bytes): signs coins of its account, and claims and refunds of locks whose party key it is.
 * ECDSA with low s, BIP-340 for taproot; hash type ALL always.
 *
 * Errors: `InvalidBytes` (1005); signing: `KeyMismatch` (3116), `InvalidStep` (3113).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKeySigner } from '@aitbc/adapters/bitcoin'
 * const signer = createKeySigner({ network: networks.bitcoin, privateKey: new Uint8Array(32).fill(1) })
 * signer.account // 'bip122:000000000019d6689c085ae165831e93:bc1q…'
 */
export function createKeySigner(options: createKeySigner.Options): Extract<Signer, { kind: 'signs' }> {
  const { network, privateKey, account: kind = 'p2wpkh', more = [] } = options
  const keys = [privateKey, ...more].map((key) => ({ secret: key.slice(), public: Account.publicKey(key) }))
  const [first] = keys as [(typeof keys)[number]]
  const account: AccountId.AccountId = Account.ofKey(network, first.public, kind)
  return {
    kind: 'signs',
    account,
    async sign(step, { signal } = {}) {
      signal?.throwIfAborted()
      const { psbt, inputs } = Psbt.open(network, step)
      if (step.from !== account)
        throw BitcoinErrors.KeyMismatch(
          `the step is to be signed by ${step.from}, this signer is ${account}`,
          {
            expected: step.from,
            received: account,
          },
        )
      inputs.forEach((input, i) => {
        const script = 'htlc' in input ? undefined : input.script
        for (const key of keys) {
          if (script === undefined) {
            if (!('htlc' in input)) continue
            const side = Psbt.isClaim(input) ? input.terms.beneficiary : input.terms.locker
            if (!Bytes.equal(side.publicKey as Bytes.Bytes, key.public)) continue
          } else if (isP2wpkh(script, key.public)) {
            // The script names the key: nothing to add.
          } else if (isP2tr(script, key.public)) {
            psbt.updateInput(i, { tapInternalKey: key.public.slice(1) })
          } else continue
          psbt.signIdx(key.secret, i)
          return
        }
        throw BitcoinErrors.KeyMismatch(`no key of this signer spends input ${i} of the step`, {
          input: i,
          from: step.from,
        })
      })
      return Psbt.finalize(network, step, psbt)
    },
  }
}

export declare namespace createKeySigner {
  type Options = {
    readonly network: Network
    /** 32 bytes. */
    readonly privateKey: Bytes.Bytes32
    /** Which account of the key this signer is; `p2wpkh` unless told. */
    readonly account?: 'p2wpkh' | 'p2tr'
    /** Further keys whose coins appear in steps of this account, such as a beacon's. */
    readonly more?: readonly Bytes.Bytes32[]
  }
}

function isP2wpkh(script: Bytes.Bytes, publicKey: Bytes.Bytes): boolean {
  return script.length === 22 && script[0] === 0 && Bytes.equal(script.slice(2), Account.hash160(publicKey))
}

function isP2tr(script: Bytes.Bytes, publicKey: Bytes.Bytes): boolean {
  if (script.length !== 34 || script[0] !== 0x51) return false
  const output = Taproot.tweak(publicKey.slice(1))
  if (!output.ok) throw CoreErrors.InvalidBytes(output.refusal.message, { argument: 'privateKey' })
  return Bytes.equal(script, Taproot.toScript(output.value.key))
}
