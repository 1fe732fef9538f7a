import * as networks from '@aitbc/core/networks'
import { createCosmosNode } from '@aitbc/devnet'
import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
import { adapterContract } from '../contract.js'
import { contractOn, LACKS, PROFILE, SECOND, trusting } from './ground.js'

const network = networks.cosmosLocal

adapterContract('Cosmos', {
  network,
  profile: PROFILE,
  capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
  lacks: LACKS,
  async create() {
    const node = await createCosmosNode({ mining: 'manual', startTime: 1_900_000_000n })
    const ground = await contractOn(node, { pollMs: 1, next: () => node.mine() })
    const trusted = trusting(node)
    return {
      ...ground,
      mine: (blocks = 1) => node.mine(blocks),
      reach: async (clock) => {
        const now = node.time() / SECOND
        if (now < clock) await node.advance(clock - now)
      },
      verifier: () =>
        createCosmosVerifier({ network, client: () => trusted, now: () => node.time() + SECOND }),
    }
  },
})
