import { isAitbcError } from '@aitbc/core'
import { createSolanaChain, type SolanaChain } from '@aitbc/devnet'
import { LightClient, Transaction, TransactionEvidence, Vote } from '@aitbc/proofs/solana'
import type * as Kit from '@solana/kit'
import { beforeAll, describe, expect, test } from 'vitest'

const SYSTEM = '11111111111111111111111111111111'

let chain: SolanaChain
let payer: Kit.KeyPairSigner
let receiver: Kit.Address

beforeAll(async () => {
  chain = await createSolanaChain()
  payer = await chain.kit.createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(1))
  receiver = (await chain.kit.createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(2))).address
  chain.fund(payer.address, 10_000_000_000n)
})

/** A transfer made and signed by @solana/kit. */
async function transfer(
  lamports: bigint,
  blockhash = chain.latestBlockhash(),
  version: 0 | 'legacy' = 0,
): Promise<Uint8Array> {
  const { kit } = chain
  const data = new Uint8Array(12)
  data[0] = 2
  new DataView(data.buffer).setBigUint64(4, lamports, true)
  const message = kit.pipe(
    kit.createTransactionMessage({ version }),
    (it) => kit.setTransactionMessageFeePayerSigner(payer, it),
    (it) =>
      kit.setTransactionMessageLifetimeUsingBlockhash(
        { blockhash: kit.blockhash(blockhash), lastValidBlockHeight: 1_000n },
        it,
      ),
    (it) =>
      kit.appendTransactionMessageInstruction(
        {
          programAddress: kit.address(SYSTEM),
          accounts: [
            { address: payer.address, role: kit.AccountRole.WRITABLE_SIGNER },
            { address: receiver, role: kit.AccountRole.WRITABLE },
          ],
          data,
        },
        it,
      ),
  )
  return new Uint8Array(
    kit.getTransactionEncoder().encode(await kit.signTransactionMessageWithSigners(message)),
  )
}

function client(): LightClient.State {
  const trusted = LightClient.trust({ table: chain.stakeTable() })
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  return trusted.value
}

describe('what the local chain makes, the verifier judges', () => {
  test('default: a transfer is executed, rooted by real votes, and attested offline', async () => {
    const before = chain.svm.getBalance(receiver) ?? 0n
    const bytes = await transfer(1_000_000_000n)
    const receipt = chain.send(bytes)
    expect(receipt.error).toBeUndefined()
    expect(chain.svm.getBalance(receiver)).toBe(before + 1_000_000_000n)
    const evidence = TransactionEvidence.encode(await chain.prove(receipt.signature))
    const verdict = TransactionEvidence.verify(client(), evidence, { now: chain.time() })
    if (!verdict.ok) throw new Error(verdict.refusal.check)
    expect(verdict.value.bank.slot).toBe(receipt.slot)
    expect(Transaction.encode(verdict.value.transaction)).toEqual(bytes)
    expect(verdict.value.silent).toContain('success')
    // One bit of the recorded transaction: another amount, say.
    const tampered = evidence.slice()
    const at = Buffer.from(evidence).indexOf(Buffer.from(bytes)) + bytes.length - 9
    tampered[at] = (tampered[at] as number) ^ 1
    expect(TransactionEvidence.verify(client(), tampered, { now: chain.time() })).toMatchObject({
      ok: false,
      refusal: { check: 'signature' },
    })
  })

  test('default: a payment by the chain’s own purse', async () => {
    const receipt = await chain.pay(receiver, 2_000_000n)
    const evidence = TransactionEvidence.encode(await chain.prove(receipt.signature))
    expect(TransactionEvidence.verify(client(), evidence, { now: chain.time() }).ok).toBe(true)
  })

  test('A51: a transaction that failed is included as well: inclusion says nothing of success', async () => {
    const receipt = chain.send(await transfer(999_000_000_000n))
    expect(receipt.error).toMatch(/InstructionError/)
    const evidence = TransactionEvidence.encode(await chain.prove(receipt.signature))
    expect(TransactionEvidence.verify(client(), evidence, { now: chain.time() }).ok).toBe(true)
  })

  test('many transactions in a slot, and transactions with two signatures', async () => {
    const receipts = []
    for (let i = 1n; i <= 20n; i++)
      receipts.push(chain.send(await transfer(10_000_000n + i, undefined, i % 2n === 0n ? 0 : 'legacy')))
    for (const receipt of [receipts[0], receipts[9], receipts[19]]) {
      const evidence = TransactionEvidence.encode(
        await chain.prove((receipt as (typeof receipts)[0]).signature),
      )
      expect(TransactionEvidence.verify(client(), evidence, { now: chain.time() }).ok).toBe(true)
    }
    // The transactions that made the vote accounts stand in the first slot, each signed by two.
    const [first] = (chain.block(1n) as NonNullable<ReturnType<SolanaChain['block']>>).transactions
    const signature = chain.kit.getBase58Decoder().decode((first as Uint8Array).subarray(1, 65))
    const evidence = await chain.prove(signature)
    expect(evidence.inclusion.paths.length).toBe(2)
    expect(
      TransactionEvidence.verify(client(), TransactionEvidence.encode(evidence), { now: chain.time() }).ok,
    ).toBe(true)
  })

  test('the votes are those that agave’s vote program accepted, root included', () => {
    const block = chain.block(40n)
    const votes = (block?.votes ?? []).map((bytes) => {
      const transaction = Transaction.decode(bytes)
      const cast = transaction.ok ? Vote.of(transaction.value) : transaction
      if (!cast.ok) throw new Error(cast.refusal.check)
      return cast.value.vote
    })
    expect(votes.length).toBe(4)
    for (const vote of votes) {
      expect(vote).toMatchObject({ kind: 'towerSync', root: 9n })
      expect(vote.lockouts.at(-1)?.slot).toBe(40n)
    }
    const next = chain.block(41n)?.transactions ?? []
    expect(next.slice(0, 4)).toEqual(block?.votes)
  })
})

describe('what can’t stand in a block', () => {
  const rejection = (send: () => unknown) => {
    try {
      send()
    } catch (error) {
      if (isAitbcError(error, 'SolanaRejected')) return error.message
      throw error
    }
    return 'accepted'
  }
  test('a transaction of an old or unknown blockhash, the same one twice, or one without its signature', async () => {
    const once = await transfer(11_000_000n)
    chain.send(once)
    expect(rejection(() => chain.send(once))).toMatch(/already/)
    const unknown = await transfer(
      12_000_000n,
      chain.kit.getBase58Decoder().decode(new Uint8Array(32).fill(9)),
    )
    expect(rejection(() => chain.send(unknown))).toMatch(/Blockhash/)
    const alone = await createSolanaChain({ stakes: [1n] })
    alone.fund(payer.address, 1_000_000_000n)
    const early = alone.latestBlockhash()
    await alone.produce(149)
    expect(alone.send(await transfer(13_000_000n, early)).error).toBeUndefined()
    await alone.produce()
    const late = await transfer(13_000_001n, early)
    expect(rejection(() => alone.send(late))).toMatch(/Blockhash/)
    const broken = await transfer(14_000_000n)
    broken[5] = (broken[5] as number) ^ 1
    expect(rejection(() => chain.send(broken))).toMatch(/refused/)
    await expect(chain.prove('1'.repeat(64))).rejects.toThrow(/no such transaction/)
  })
  test('an accounts’ hash that differs: another seed is another chain', async () => {
    const other = await createSolanaChain({ seed: new Uint8Array(32).fill(5), stakes: [1n, 2n] })
    await other.produce()
    expect(other.block(1n)?.bank.hash).not.toEqual(chain.block(1n)?.bank.hash)
    expect(other.stakeTable().total).toBe(3n)
  })
})
