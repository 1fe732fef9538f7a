import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCosmosNode } from '@aitbc/devnet'
import { Header, LightBlock, LightClient, Multistore, RpcJson, Timestamp } from '@aitbc/proofs/tendermint'
import { DirectSecp256k1Wallet } from '@cosmjs/proto-signing'
import { SigningStargateClient } from '@cosmjs/stargate'
import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import {
  MsgExecuteContract,
  MsgExecuteContractResponse,
  MsgInstantiateContract,
  MsgInstantiateContractResponse,
  MsgStoreCode,
  MsgStoreCodeResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/tx'
import { expect, test } from 'vitest'

const FEE = { amount: [{ denom: 'uatom', amount: '5000' }], gas: '1000000' }
const programs = join(import.meta.dirname, '../../adapters/programs/cosmos')
const token = Uint8Array.from(readFileSync(join(programs, 'test-tokens/cw20.wasm')))
const utf8 = (text: string) => new TextEncoder().encode(text)

async function started() {
  const node = await createCosmosNode()
  const alice = node.account('alice')
  await node.fund(alice.address, 10_000_000n)
  const wallet = await DirectSecp256k1Wallet.fromKey(alice.privateKey, node.prefix)
  const client = await SigningStargateClient.connectWithSigner(node.url, wallet, {
    broadcastPollIntervalMs: 5,
  })
  client.registry.register('/cosmwasm.wasm.v1.MsgStoreCode', MsgStoreCode)
  client.registry.register('/cosmwasm.wasm.v1.MsgInstantiateContract', MsgInstantiateContract)
  client.registry.register('/cosmwasm.wasm.v1.MsgExecuteContract', MsgExecuteContract)
  const send = async (name: string, value: object) => {
    const message = { typeUrl: `/cosmwasm.wasm.v1.${name}`, value }
    return client.signAndBroadcast(alice.address, [message], FEE)
  }
  const stop = async () => {
    client.disconnect()
    await node.stop()
  }
  return { node, alice, client, send, [Symbol.asyncDispose]: stop }
}

/** A cw20 token whose whole supply is alice's. */
async function deployed(send: Awaited<ReturnType<typeof started>>['send'], owner: string): Promise<string> {
  const stored = await send('MsgStoreCode', MsgStoreCode.fromPartial({ sender: owner, wasmByteCode: token }))
  expect(stored.code).toBe(0)
  const { codeId, checksum } = MsgStoreCodeResponse.decode(stored.msgResponses[0]?.value ?? new Uint8Array(0))
  expect(checksum).toEqual(sha256(token))
  const msg = utf8(
    JSON.stringify({
      name: 'Test',
      symbol: 'TST',
      decimals: 6,
      initial_balances: [{ address: owner, amount: '1000' }],
    }),
  )
  const made = await send(
    'MsgInstantiateContract',
    MsgInstantiateContract.fromPartial({ sender: owner, codeId, label: 'token', msg }),
  )
  expect(made.rawLog).toBe('')
  return MsgInstantiateContractResponse.decode(made.msgResponses[0]?.value ?? new Uint8Array(0)).address
}

test('an unmodified CosmJS client pays', async () => {
  await using it = await started()
  const { node, alice, client } = it
  const bob = node.account('bob')
  expect(await client.getChainId()).toBe(node.chainId)
  const coins = [{ denom: 'uatom', amount: '1000' }]
  const sent = await client.sendTokens(alice.address, bob.address, coins, FEE, 'hello')
  expect(sent.code).toBe(0)
  expect(await client.getBalance(bob.address, 'uatom')).toEqual(coins[0])
  expect(node.balance(alice.address)).toBe(10_000_000n - 6000n)
  expect((await client.getTx(sent.transactionHash))?.height).toBe(sent.height)
  const value = { fromAddress: alice.address, toAddress: bob.address, amount: coins }
  const simulated = await client.simulate(
    alice.address,
    [{ typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }],
    '',
  )
  expect(simulated).toBeGreaterThan(0)
  expect(await client.getSequence(alice.address)).toEqual({ accountNumber: 0n, sequence: 1 })
})

test('it uploads, makes and calls contracts, whose state a light client proves', async () => {
  await using it = await started()
  const { node, alice, send } = it
  const bob = node.account('bob')
  const contract = await deployed(send, alice.address)
  const msg = utf8(JSON.stringify({ transfer: { recipient: bob.address, amount: '7' } }))
  const moved = await send(
    'MsgExecuteContract',
    MsgExecuteContract.fromPartial({ sender: alice.address, contract, msg }),
  )
  expect(moved.rawLog).toBe('')
  expect(MsgExecuteContractResponse.decode(moved.msgResponses[0]?.value ?? new Uint8Array(0)).data).toEqual(
    new Uint8Array(0),
  )

  const rpc = async (method: string, params: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(node.url, { method: 'POST', body })
    return ((await response.json()) as { result: Record<string, unknown> }).result
  }
  const words = bech32.fromWords(bech32.decode(contract as `${string}1${string}`).words)
  const key = Uint8Array.from([3, ...words, ...utf8(`balance/${bob.address}`)])
  const anchor = node.lightBlock(1n)
  const trust = LightClient.trust({
    chainId: node.chainId,
    hash: Header.hash(anchor.header),
    header: anchor.header,
    nextValidators: anchor.validators,
    trustingPeriod: 86_400n * Timestamp.SECOND,
    unbondingPeriod: 2n * 86_400n * Timestamp.SECOND,
  })
  if (!trust.ok) throw new Error(trust.refusal.message)
  const trusted = trust.value
  const prove = async (key: Uint8Array, value: Uint8Array | null) => {
    const { response } = (await rpc('abci_query', {
      path: '/store/wasm/key',
      data: Buffer.from(key).toString('hex'),
      prove: true,
    })) as {
      response: {
        value: string | null
        height: string
        proofOps: { ops: { type: string; key: string; data: string }[] }
      }
    }
    expect(response.value).toBe(value === null ? null : Buffer.from(value).toString('base64'))
    const ops = response.proofOps.ops.map((op) => ({
      type: op.type,
      key: Uint8Array.from(Buffer.from(op.key, 'base64')),
      data: Uint8Array.from(Buffer.from(op.data, 'base64')),
    }))
    const proofs = Multistore.fromOps(ops, { store: 'wasm', key })
    if (!proofs.ok) throw new Error(proofs.refusal.message)
    const height = BigInt(response.height) + 1n
    const { signed_header } = await rpc('commit', { height: `${height}` })
    const { validators } = await rpc('validators', { height: `${height}` })
    const light = RpcJson.lightBlock({ signed_header, validator_set: { validators } })
    if (!light.ok) throw new Error(light.refusal.message)
    expect(LightBlock.encode(light.value)).toEqual(LightBlock.encode(node.lightBlock(height)))
    const nextValidators = light.value.validators
    const next = LightClient.apply(trusted, { block: light.value, nextValidators, now: node.time() })
    if (!next.ok) throw new Error(next.refusal.message)
    return Multistore.verifyAt(next.value, height - 1n, { store: 'wasm', key, value }, proofs.value)
  }
  expect(await prove(key, utf8('7'))).toEqual({ ok: true, value: utf8('7') })
  expect(await prove(Uint8Array.from([...key, 0]), null)).toEqual({ ok: true, value: null })
})
