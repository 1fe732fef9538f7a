import { Verdict } from '@aitbc/core'
import { createAitbcChain } from '@aitbc/devnet'
import { BlockSync, StateTrie } from '@aitbc/proofs/aitbc'
import { hex } from '@scure/base'
import { type Fact, flip } from './Fact.js'

/** An account's balance on a local chain, under a state root that a validator vouches for. */
export function aitbc(): Fact {
  const chain = createAitbcChain({ validators: 3 })
  const [alice, bob] = [chain.account('alice'), chain.account('bob')]
  chain.fund(alice.address, 36_000n)
  chain.submit(chain.sign(alice, { to: bob.address, amount: 3_600n }))
  const blocks = Array.from({ length: BlockSync.CONFIRMATIONS }, () => chain.mine())
  const [first] = blocks as [(typeof blocks)[number]]
  const { header, signature } = chain.attestState(first.height)
  const proof = chain.prove(first.height, bob.address)
  const proposers = chain.validators.map(({ address }) => address)

  return {
    family: 'AITBC',
    trusted: `the genesis block of ${chain.chainId}, ${chain.genesis.hash}, and ${proposers.length} validators, by their addresses`,
    tampering: "one bit of the state trie's last node is another",
    verify(tampered) {
      let state = BlockSync.trust({ chainId: chain.chainId, ...chain.genesis, proposers, attestations: 1 })
      for (const block of blocks) if (state.ok) state = BlockSync.apply(state.value, block)
      if (!state.ok) return state
      const root = BlockSync.attestState(state.value, header, signature)
      if (!root.ok) return root
      const nodes = tampered ? proof.with(-1, flip(proof.at(-1) as Uint8Array, -1)) : proof
      const account = StateTrie.account(hex.decode(root.value.stateRoot.slice(2)), bob.address, nodes)
      if (!account.ok) return account
      return Verdict.accept(
        `after block ${first.height}, ${bob.address} has ${account.value?.balance} compute-seconds (${root.value.assurance})`,
      )
    },
  }
}
