import { Verdict } from '@aitbc/core'
import { Consensus, Hash256, HeaderChain, Inclusion, type Transaction } from '@aitbc/proofs/bitcoin'
import { hex } from '@scure/base'
import { bytes, type Fact, flip } from './Fact.js'
import * as recorded from './recorded/bitcoin.js'

const ANCHOR = 169n

/** The payment is in block 170, and five blocks of work stand on it. */
export const bitcoin: Fact = {
  family: 'Bitcoin',
  trusted: `block ${ANCHOR} of mainnet, by the hash that its header has`,
  tampering: 'the payment pays one satoshi more',
  verify(tampered) {
    const { time, bits } = Consensus.mainnet.genesis
    const anchor = HeaderChain.anchorOf({
      consensus: Consensus.mainnet,
      height: ANCHOR,
      headers: bytes(recorded.anchor),
      period: { time, bits },
    })
    if (!anchor.ok) return anchor
    const trusted = HeaderChain.trust(anchor.value)
    if (!trusted.ok) return trusted
    const headers = bytes(recorded.headers)
    const now = BigInt(Date.UTC(2026, 0, 1) / 1000)
    const state = HeaderChain.apply(trusted.value, { headers, now })
    if (!state.ok) return state
    const block = HeaderChain.finalized(state.value)

    const [coinbase, payment] = [bytes(recorded.coinbase), bytes(recorded.payment)]
    const included = Inclusion.verify(block.merkleRoot, {
      // Its last bytes: the second output's amount, its script, and the lock time.
      transaction: tampered ? flip(payment, -80) : payment,
      index: 1,
      siblings: [Hash256.of(coinbase)],
      coinbase,
      coinbaseSiblings: [Hash256.of(payment)],
    })
    if (!included.ok) return included
    const { outputs } = included.value.transaction
    const id = hex.encode(included.value.txid.slice().reverse())
    return Verdict.accept(
      `transaction ${id} is in block ${block.height}, final, and pays ${(outputs[0] as Transaction.Output).amount} sat`,
    )
  },
}
