import { isAitbcError } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createSolanaChain, createSolanaNode, type SolanaNode } from '@aitbc/devnet'
import { LightClient, TransactionEvidence } from '@aitbc/proofs/solana'
import * as Kit from '@solana/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Client from './client.js'

const SOL = 1_000_000_000n

let node: SolanaNode
let rpc: Kit.Rpc<Kit.SolanaRpcApi>
let alice: Kit.KeyPairSigner
let bob: Kit.KeyPairSigner

beforeAll(async () => {
  node = await createSolanaNode({ production: 'manual', time: 1_900_000_000n })
  rpc = Kit.createSolanaRpc(Kit.mainnet(node.url)) as unknown as typeof rpc
  alice = await Kit.createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(1))
  bob = await Kit.createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(2))
  await node.chain.pay(alice.address, 100n * SOL)
  await node.chain.produce()
})
afterAll(() => node.close())

const send = async (from: Kit.KeyPairSigner, to: Kit.Address, lamports: bigint) =>
  node.chain.send(await node.chain.compile(from, [Client.transfer(from, to, lamports)])).signature
const statusOf = async (signature: string) =>
  (await rpc.getSignatureStatuses([signature as Kit.Signature]).send()).value[0]
const balance = async (address: Kit.Address) =>
  (await rpc.getBalance(address, { commitment: 'processed' }).send()).value

describe('forks', () => {
  test('what nobody voted for gives way: transactions come again in later slots, or don’t', async () => {
    const { chain } = node
    const confirmed = await rpc.getSlot({ commitment: 'confirmed' }).send()
    const before = await balance(alice.address)
    const kept = await send(alice, bob.address, SOL)
    await chain.produce(1, { votes: 'withheld' })
    const dropped = await send(alice, bob.address, 2n * SOL)
    await chain.produce(1, { votes: 'withheld' })
    // It names a block of the fork that goes.
    const dependent = await send(bob, alice.address, 2n * SOL)
    const abandoned = chain.slot() - 1n
    expect(await rpc.getSlot({ commitment: 'confirmed' }).send()).toBe(confirmed)
    expect(await statusOf(kept)).toMatchObject({ confirmationStatus: 'processed' })
    await chain.reorg({ drop: [dropped] })
    expect(await statusOf(dropped)).toBeNull()
    expect(await statusOf(dependent)).toBeNull()
    expect(await statusOf(kept)).toMatchObject({ slot: chain.slot(), err: null })
    expect(await balance(bob.address)).toBe(SOL)
    expect(await balance(alice.address)).toBe(before - SOL - 5_000n)
    await chain.produce(2)
    const error = await Client.errorOf(rpc.getBlock(abandoned, { commitment: 'confirmed' }).send())
    expect(error.code).toBe(Kit.SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SLOT_SKIPPED)
    // Heights count blocks, slots count time.
    const [height, slot] = [
      await rpc.getBlockHeight({ commitment: 'processed' }).send(),
      await rpc.getSlot({ commitment: 'processed' }).send(),
    ]
    expect(slot - height).toBe(3n)
    // The new fork is one that light clients follow.
    const table = chain.stakeTable()
    const client = LightClient.trust({ table })
    if (!client.ok) throw new Error(client.refusal.check)
    const evidence = TransactionEvidence.encode(await chain.prove(kept))
    expect(TransactionEvidence.verify(client.value, evidence, { now: chain.time() })).toMatchObject({
      ok: true,
    })
    await expect(chain.prove(dropped)).rejects.toThrow(/no such transaction/)
  })

  test('the open slot alone; and what is confirmed stays', async () => {
    const { chain } = node
    const before = await balance(bob.address)
    const gone = await send(alice, bob.address, SOL + 1n)
    const blockhash = chain.latestBlockhash()
    await chain.reorg({ drop: 'all' })
    expect(await statusOf(gone)).toBeNull()
    expect(await balance(bob.address)).toBe(before)
    expect(chain.latestBlockhash()).toBe(blockhash)
    await chain.produce()
    const error = await chain.reorg({ depth: 1 }).catch((it: unknown) => it)
    expect(isAitbcError(error, 'ReorgFailed')).toBe(true)
    expect(await balance(bob.address)).toBe(before)
  })

  test('a blockhash of an abandoned block is worth nothing', async () => {
    const { chain } = node
    await chain.produce(1, { votes: 'withheld' })
    const blockhash = chain.latestBlockhash() as Kit.Blockhash
    expect((await rpc.isBlockhashValid(blockhash, { commitment: 'processed' }).send()).value).toBe(true)
    expect((await rpc.isBlockhashValid(blockhash, { commitment: 'confirmed' }).send()).value).toBe(false)
    await chain.reorg()
    expect((await rpc.isBlockhashValid(blockhash, { commitment: 'processed' }).send()).value).toBe(false)
  })

  test('votes after a pause: the next ones confirm what came before, and root it later', async () => {
    const { chain } = node
    const signature = await send(alice, bob.address, SOL + 2n)
    await chain.produce(40, { votes: 'withheld' })
    expect(await statusOf(signature)).toMatchObject({ confirmationStatus: 'processed' })
    await chain.produce()
    expect(await statusOf(signature)).toMatchObject({ confirmationStatus: 'confirmed' })
    await node.finalize()
    expect(await statusOf(signature)).toMatchObject({ confirmationStatus: 'finalized' })
    await expect(chain.prove(signature)).rejects.toThrow(/nobody voted/)
  })
})

describe('time', () => {
  test('slots of 400 ms, and a clock that can be moved on', async () => {
    const { chain } = node
    const [slot, time] = [chain.slot(), chain.time()]
    await chain.produce(5)
    expect(chain.time() - time).toBe(2n)
    await chain.advance(3_600n)
    expect(chain.slot()).toBe(slot + 6n)
    expect(chain.time() - time).toBeGreaterThanOrEqual(3_602n)
    const block = await rpc.getBlockTime(chain.slot() - 2n).send()
    expect(chain.time() - BigInt(block)).toBeGreaterThanOrEqual(3_600n)
    // Programs read it from the Clock sysvar.
    const sysvar = Kit.address('SysvarC1ock11111111111111111111111111111111')
    const { value } = await rpc.getAccountInfo(sysvar, { encoding: 'base64', commitment: 'processed' }).send()
    const bytes = Buffer.from(value?.data[0] ?? '', 'base64')
    expect([bytes.readBigUInt64LE(0), bytes.readBigInt64LE(32)]).toEqual([chain.slot(), chain.time()])
  })
})

describe('how it is made', () => {
  test('the network is the one that core knows', () => {
    expect(node.network).toBe(networks.solanaLocal.id)
  })

  test('a slot has an end: what doesn’t fit is for a later one', async () => {
    const chain = await createSolanaChain({ stakes: [1n], ticks: 1, hashesPerTick: 3 })
    chain.fund(alice.address, 100n * SOL)
    await chain.produce()
    const fill = async (): Promise<number> => {
      for (let sent = 0; sent < 20; sent++)
        try {
          chain.send(await chain.compile(alice, [Client.transfer(alice, bob.address, SOL + BigInt(sent))]))
        } catch (error) {
          if (isAitbcError(error, 'SolanaRejected') && /Block Cost/.test(error.message)) return sent
          throw error
        }
      return 20
    }
    // Eight in a slot, of which one is the vote for the slot before.
    expect(await fill()).toBe(7)
    await chain.produce()
    expect(await fill()).toBe(7)
    await chain.produce()
  })

  test.each([{ stakes: [] }, { seed: new Uint8Array(31) }, { ticks: 0 }, { hashesPerTick: 2 }])(
    'error: %j',
    async (options) => {
      await expect(createSolanaChain(options)).rejects.toMatchObject({ _tag: 'InvalidDevnetArgument' })
    },
  )
})
