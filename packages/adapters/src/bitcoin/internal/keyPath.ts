import type { Bytes } from '@aitbc/core'
import type { HtlcScript } from '@aitbc/proofs/bitcoin'
import { schnorr } from '@noble/curves/secp256k1.js'
import * as btc from '@scure/btc-signer'

/** What a signature by a lock's key path is over (BIP-341): a transaction whose one input is the lock, of so many satoshi. */
export function message(htlc: HtlcScript.P2tr, transaction: Bytes.Bytes, amount: bigint): Bytes.Bytes32 {
  return btc.Transaction.fromRaw(transaction, {
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
  }).preimageWitnessV1(0, [htlc.scriptPubKey], btc.SigHash.DEFAULT, [amount])
}

/** Whether the first input of a transaction is signed by the lock's key path. */
export function isSigned(htlc: HtlcScript.HtlcScript, transaction: Bytes.Bytes, amount: bigint): boolean {
  if (htlc.kind !== 'p2tr') return false
  try {
    const { finalScriptWitness: [signature] = [] } = btc.Transaction.fromRaw(transaction, {
      allowUnknownInputs: true,
      allowUnknownOutputs: true,
    }).getInput(0)
    return (
      signature !== undefined && schnorr.verify(signature, message(htlc, transaction, amount), htlc.outputKey)
    )
  } catch {
    return false
  }
}
