import { Verdict } from '@aitbc/core'
import { LightClient, RpcJson, Timestamp } from '@aitbc/proofs/tendermint'
import { hex } from '@scure/base'
import { bytes, type Fact } from './Fact.js'
import * as recorded from './recorded/cometbft.js'

const DAY = 86_400n * Timestamp.SECOND

/** A block that the validators of a trusted one signed, with the root of the state before it. */
export const cometbft: Fact = {
  family: 'CometBFT',
  trusted: `block 1 of ${recorded.first.chain_id}, by its hash 0x${recorded.hash}, for 14 days`,
  tampering: 'the header names another app hash',
  verify(tampered) {
    const header = RpcJson.header(recorded.first)
    if (!header.ok) return header
    const validators = RpcJson.validators(recorded.validators)
    if (!validators.ok) return validators
    const trusted = LightClient.trust({
      chainId: recorded.first.chain_id,
      hash: bytes(recorded.hash),
      header: header.value,
      nextValidators: validators.value,
      trustingPeriod: 14n * DAY,
      unbondingPeriod: 21n * DAY,
    })
    if (!trusted.ok) return trusted

    const { signedHeader } = recorded
    const forged = { ...signedHeader, header: { ...signedHeader.header, app_hash: recorded.hash } }
    const block = RpcJson.lightBlock({
      signed_header: tampered ? forged : signedHeader,
      validator_set: { validators: recorded.validators },
    })
    if (!block.ok) return block
    // The day the block was made; a caller uses its own clock.
    const now = block.value.header.time + Timestamp.SECOND
    const next = LightClient.apply(trusted.value, { block: block.value, now })
    if (!next.ok) return next
    const { header: final } = LightClient.finalized(next.value)
    return Verdict.accept(
      `block ${final.height} is final; the state before it has root 0x${hex.encode(final.appHash)}`,
    )
  },
}
