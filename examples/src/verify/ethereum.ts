import { Bytes, Verdict } from '@aitbc/core'
import { BeaconConfig, LightClientHeader, Ssz } from '@aitbc/proofs/beacon'
import { StateProof } from '@aitbc/proofs/ethereum'
import { bytes, type Fact, flip } from './Fact.js'
import * as recorded from './recorded/ethereum.js'

/** What a contract's storage holds, from the root of a beacon block down. */
export const ethereum: Fact = {
  family: 'Ethereum',
  trusted: `beacon block 0x${recorded.root} of mainnet, by its root`,
  tampering: "one bit of the storage trie's last node is another",
  verify(tampered) {
    const config = BeaconConfig.mainnet
    const wire = Ssz.decode(LightClientHeader.typeOf('deneb'), bytes(recorded.header))
    if (!wire.ok) return wire
    const read = LightClientHeader.fromWire(config, 'deneb', wire.value)
    if (!read.ok) return read
    if (!Bytes.equal(LightClientHeader.root(read.value), bytes(recorded.root)))
      return Verdict.refuse('trusted-root', 'the header is of another beacon block')
    // The execution header is the one in that block's body.
    const header = LightClientHeader.verify(config, read.value)
    if (!header.ok) return header
    const execution = header.value.execution?.header
    if (execution === undefined) return Verdict.refuse('execution-missing', 'a block before Capella')

    const account = StateProof.account(
      execution.stateRoot,
      bytes(recorded.address),
      recorded.accountProof.map(bytes),
    )
    if (!account.ok) return account
    if (account.value === null) return Verdict.refuse('no-account', 'there is no such contract')
    const nodes = recorded.storageProof.map(bytes)
    const proof = tampered ? nodes.with(-1, flip(nodes.at(-1) as Uint8Array, -1)) : nodes
    const word = StateProof.storage(account.value.storageRoot, bytes(recorded.slot), proof)
    if (!word.ok) return word
    const slot = BigInt(`0x${recorded.slot}`)
    return Verdict.accept(
      `at block ${execution.blockNumber}, slot ${slot} of 0x${recorded.address} holds 0x${word.value.toString(16)}`,
    )
  },
}
