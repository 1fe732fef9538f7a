import { createSolanaNode, type SolanaNode } from '@aitbc/devnet'
import * as Kit from '@solana/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const SYSTEM = Kit.address('11111111111111111111111111111111')

let node: SolanaNode
let rpc: Kit.Rpc<Kit.SolanaRpcApi & Kit.RequestAirdropApi>
let subscriptions: Kit.RpcSubscriptions<Kit.SolanaRpcSubscriptionsApi>
let alice: Kit.KeyPairSigner
let bob: Kit.Address

beforeAll(async () => {
  node = await createSolanaNode({ stakes: [1n] })
  rpc = Kit.createSolanaRpc(node.url as `http://${string}`) as typeof rpc
  subscriptions = Kit.createSolanaRpcSubscriptions(node.webSocketUrl as `ws://${string}`)
  alice = await Kit.generateKeyPairSigner()
  bob = (await Kit.generateKeyPairSigner()).address
  await rpc.requestAirdrop(alice.address, Kit.lamports(10_000_000_000n)).send()
})
afterAll(() => node.close())

function transfer(to: Kit.Address, lamports: bigint): Kit.Instruction {
  const data = new Uint8Array(12)
  data[0] = 2
  new DataView(data.buffer).setBigUint64(4, lamports, true)
  return {
    programAddress: SYSTEM,
    accounts: [
      { address: alice.address, role: Kit.AccountRole.WRITABLE_SIGNER },
      { address: to, role: Kit.AccountRole.WRITABLE },
    ],
    data,
  }
}

async function signed(...instructions: readonly Kit.Instruction[]) {
  const { value } = await rpc.getLatestBlockhash({ commitment: 'confirmed' }).send()
  const message = Kit.pipe(
    Kit.createTransactionMessage({ version: 0 }),
    (it) => Kit.setTransactionMessageFeePayerSigner(alice, it),
    (it) => Kit.setTransactionMessageLifetimeUsingBlockhash(value, it),
    (it) => Kit.appendTransactionMessageInstructions(instructions, it),
  )
  return Kit.signTransactionMessageWithSigners(message)
}

describe('an unmodified @solana/kit', () => {
  test('default: sends a transfer and waits for its confirmation', async () => {
    const sendAndConfirm = Kit.sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions: subscriptions })
    const transaction = await signed(transfer(bob, 1_000_000_000n))
    Kit.assertIsTransactionWithBlockhashLifetime(transaction)
    await sendAndConfirm(transaction, { commitment: 'confirmed' })
    const { value } = await rpc.getBalance(bob, { commitment: 'confirmed' }).send()
    expect(value).toBe(1_000_000_000n)
    const found = await rpc
      .getTransaction(Kit.getSignatureFromTransaction(transaction), {
        commitment: 'confirmed',
        encoding: 'json',
        maxSupportedTransactionVersion: 0,
      })
      .send()
    expect(found?.meta).toMatchObject({ err: null, fee: 5_000n })
  })
})
