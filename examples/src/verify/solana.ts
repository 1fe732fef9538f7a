import { Verdict } from '@aitbc/core'
import { createSolanaChain, type SolanaChain } from '@aitbc/devnet'
import { LightClient, TransactionEvidence } from '@aitbc/proofs/solana'
import { type Fact, flip } from './Fact.js'

const LAMPORTS = 5_000_000n
/** Bytes before the bank hash. */
const SLOT_SIZE = 8

/** A transfer of a local chain, in a block that more than two thirds of the stake rooted. */
export async function solana(): Promise<Fact> {
  const chain = await createSolanaChain()
  await chain.produce()
  const receipt = chain.send(await transfer(chain))
  const evidence = TransactionEvidence.encode(await chain.prove(receipt.signature))
  const table = chain.stakeTable()
  const now = chain.time()

  return {
    family: 'Solana',
    trusted: `the stake of ${table.voters.length} validators in epoch ${table.epoch}`,
    tampering: "one bit of the block's bank hash is another",
    verify(tampered) {
      const client = LightClient.trust({ table })
      if (!client.ok) return client
      const bytes = tampered ? flip(evidence, SLOT_SIZE) : evidence
      const found = TransactionEvidence.verify(client.value, bytes, { now })
      if (!found.ok) return found
      const { bank, assurance, silent } = found.value
      return Verdict.accept(
        `transaction ${receipt.signature} is in slot ${bank.slot} (${assurance}; of ${silent.join(', ')} it says nothing)`,
      )
    },
  }
}

async function transfer(chain: SolanaChain): Promise<Uint8Array> {
  const { kit } = chain
  const [payer, payee] = await Promise.all(
    [1, 2].map((seed) => kit.createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(seed))),
  )
  if (payer === undefined || payee === undefined) throw new Error('no signers')
  chain.fund(payer.address, 1_000_000_000n)
  // The system program's instruction 2: transfer, and how much.
  const data = new Uint8Array(12)
  const view = new DataView(data.buffer)
  view.setUint32(0, 2, true)
  view.setBigUint64(4, LAMPORTS, true)
  const message = kit.pipe(
    kit.createTransactionMessage({ version: 0 }),
    (it) => kit.setTransactionMessageFeePayerSigner(payer, it),
    (it) =>
      kit.setTransactionMessageLifetimeUsingBlockhash(
        { blockhash: kit.blockhash(chain.latestBlockhash()), lastValidBlockHeight: 1_000n },
        it,
      ),
    (it) =>
      kit.appendTransactionMessageInstruction(
        {
          programAddress: kit.address('11111111111111111111111111111111'),
          accounts: [
            { address: payer.address, role: kit.AccountRole.WRITABLE_SIGNER },
            { address: payee.address, role: kit.AccountRole.WRITABLE },
          ],
          data,
        },
        it,
      ),
  )
  const signed = await kit.signTransactionMessageWithSigners(message)
  return new Uint8Array(kit.getTransactionEncoder().encode(signed))
}
