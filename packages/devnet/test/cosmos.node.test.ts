import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAitbcError } from '@aitbc/core'
import { type CosmosAccount, type CosmosNode, type CosmosOptions, createCosmosNode } from '@aitbc/devnet'
import {
  Header,
  LightBlock,
  LightClient,
  MerkleTree,
  Multistore,
  RpcJson,
  Timestamp,
} from '@aitbc/proofs/tendermint'
import { DirectSecp256k1Wallet } from '@cosmjs/proto-signing'
import { AminoTypes, createDefaultAminoConverters, SigningStargateClient } from '@cosmjs/stargate'
import { Comet38Client, type comet38, connectComet } from '@cosmjs/tendermint-rpc'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import { MsgSend } from 'cosmjs-types/cosmos/bank/v1beta1/tx'
import { TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
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

async function started(options: CosmosOptions = {}) {
  const node = await createCosmosNode(options)
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

/** What a node says beside the Promise: the error's text, or nothing where it took the transaction. */
async function refusal(sent: Promise<unknown>): Promise<string> {
  try {
    await sent
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const pay = (from: CosmosAccount, to: CosmosAccount, amount: string) => ({
  typeUrl: '/cosmos.bank.v1beta1.MsgSend',
  value: { fromAddress: from.address, toAddress: to.address, amount: [{ denom: 'uatom', amount }] },
})

test('error: a wrong sequence, chain, fee or amount, as a node says it', async () => {
  await using it = await started()
  const { node, alice, client } = it
  const bob = node.account('bob')
  const send = async (change: { sequence?: number; chainId?: string; fee?: typeof FEE; amount?: string }) => {
    const { sequence = 0, chainId = node.chainId, fee = FEE, amount = '1' } = change
    const signer = { accountNumber: 0n, sequence, chainId }
    const raw = await client.sign(alice.address, [pay(alice, bob, amount)], fee, '', signer)
    return client.broadcastTx(TxRaw.encode(raw).finish(), 60_000, 5)
  }
  expect(await refusal(send({ sequence: 1 }))).toContain('account sequence mismatch, expected 0, got 1')
  expect(await refusal(send({ chainId: 'other-1' }))).toContain('signature verification failed')
  const cheap = { amount: [{ denom: 'uatom', amount: '4999' }], gas: '1000000' }
  expect(await refusal(send({ fee: cheap }))).toContain('required: 5000uatom')
  expect(await refusal(send({ fee: { ...FEE, gas: '100' } }))).toContain('out of gas')
  // What fails in its block costs its fee and its sequence, and nothing else.
  const poor = await send({ amount: '99999999' })
  expect(poor.code).toBe(5)
  expect(poor.rawLog).toContain('insufficient funds')
  expect(node.balance(alice.address)).toBe(10_000_000n - 5000n)
  expect((await client.getSequence(alice.address)).sequence).toBe(1)
  const spent = await send({
    sequence: 1,
    fee: { ...FEE, gas: '25000', amount: [{ denom: 'uatom', amount: '125' }] },
  })
  expect([spent.code, spent.gasWanted]).toEqual([11, 25000n])
  expect(node.balance(bob.address)).toBe(0n)
  const blocked = { ...bob, address: 'cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta' }
  await expect(client.simulate(alice.address, [pay(alice, blocked, '1')], '')).rejects.toThrow(
    /not allowed to receive funds/,
  )
  expect(await refusal(client.getSequence(bob.address))).toContain('does not exist on chain')
})

test('signers of amino JSON', async () => {
  await using node = await createCosmosNode()
  const [alice, bob] = [node.account('alice'), node.account('bob')]
  await node.fund(alice.address, 1_000_000n)
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sorted)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, inner]) => [key, sorted(inner)]),
          )
        : value
  const signed: string[] = []
  const signer = {
    getAccounts: async () => [
      { address: alice.address, algo: 'secp256k1' as const, pubkey: alice.publicKey },
    ],
    signAmino: async (_address: string, signed_: object) => {
      const text = JSON.stringify(sorted(signed_))
        .replace(/&/g, '\\u0026')
        .replace(/</g, '\\u003c')
        .replace(/>/g, '\\u003e')
      signed.push(text)
      const signature = secp256k1.sign(utf8(text), alice.privateKey, { lowS: true })
      const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
      const pub_key = { type: 'tendermint/PubKeySecp256k1', value: base64(alice.publicKey) }
      return { signed: signed_ as never, signature: { pub_key, signature: base64(signature) } }
    },
  }
  const client = await SigningStargateClient.connectWithSigner(node.url, signer, {
    aminoTypes: new AminoTypes(createDefaultAminoConverters()),
    broadcastPollIntervalMs: 5,
  })
  try {
    const sent = await client.signAndBroadcast(alice.address, [pay(alice, bob, '5')], FEE, 'a < b & "c"')
    expect(sent.code).toBe(0)
    expect(signed[0]).toContain('a \\u003c b \\u0026')
    expect(node.balance(bob.address)).toBe(5n)
  } finally {
    client.disconnect()
  }
})

test('blocks, their results, transactions and events, by the RPC', async () => {
  await using it = await started()
  const { node, alice, client } = it
  const bob = node.account('bob')
  const sent = await client.signAndBroadcast(alice.address, [pay(alice, bob, '3')], FEE)
  const comet = (await connectComet(node.url)) as Comet38Client
  try {
    expect(comet).toBeInstanceOf(Comet38Client)
    const status = await comet.status()
    expect(status.nodeInfo.moniker).toBe(node.description)
    expect(node.description).toContain('not wasmd')
    const block = await comet.block(sent.height)
    expect(block.block.txs.map((tx) => Buffer.from(sha256(tx)).toString('hex').toUpperCase())).toEqual([
      sent.transactionHash,
    ])
    const results = await comet.blockResults(sent.height)
    expect(results.results.map((one) => one.code)).toEqual([0])
    const search = (query: string) => comet.txSearchAll({ query })
    for (const query of [
      `transfer.recipient='${bob.address}'`,
      `message.sender='${alice.address}' AND tx.height>=${sent.height}`,
      `tx.hash='${sent.transactionHash}'`,
      `transfer.amount CONTAINS 'uatom' AND tx.height < 1000`,
    ])
      expect((await search(query)).txs.map((one) => one.height)).toEqual([sent.height])
    expect(
      (await search(`transfer.recipient='${bob.address}' AND tx.height>${sent.height}`)).totalCount,
    ).toBe(0)
    expect(await refusal(search('transfer.recipient'))).toContain('failed to parse query')
    const proved = await comet.tx({ hash: sha256(block.block.txs[0] ?? new Uint8Array(0)), prove: true })
    const { total, index, aunts } = proved.proof?.proof ?? { total: 0, index: 0, aunts: [] }
    const leaf = sha256(proved.tx)
    const { dataHash } = node.lightBlock(BigInt(sent.height)).header
    expect(
      MerkleTree.verify(dataHash, leaf, { total, index, aunts: aunts.map((one) => Uint8Array.from(one)) }).ok,
    ).toBe(true)
    expect((await comet.blockchain(1, 2)).blockMetas).toHaveLength(2)
    expect((await comet.validatorsAll(1)).validators).toHaveLength(4)
    expect((await comet.blockSearchAll({ query: 'block.height<=2' })).totalCount).toBe(2)
    expect(await refusal(comet.block(1000))).toContain('must be less than or equal')
    expect(await refusal(comet.broadcastTxSync({ tx: block.block.txs[0] ?? new Uint8Array(0) }))).toContain(
      'tx already exists in cache',
    )
    const unknown = await comet.abciQuery({ path: '/cosmos.gov.v1.Query/Proposals', data: new Uint8Array(0) })
    expect([unknown.code, unknown.log]).toEqual([
      6,
      'unknown query path: /cosmos.gov.v1.Query/Proposals: unknown request',
    ])
    const early = await comet.abciQuery({ path: '/store/bank/key', data: Uint8Array.of(2), height: 1000 })
    expect(early.code).toBe(26)
  } finally {
    comet.disconnect()
  }
})

test('blocks and transactions as they come, by WebSocket', async () => {
  await using node = await createCosmosNode({ mining: 'manual' })
  const [alice, bob] = [node.account('alice'), node.account('bob')]
  await node.fund(alice.address, 1_000_000n)
  const comet = await Comet38Client.connect(node.webSocketUrl.replace('/websocket', ''))
  try {
    const blocks: comet38.NewBlockEvent[] = []
    const transactions: comet38.TxEvent[] = []
    const first = new Promise<void>((resolve) => {
      comet.subscribeNewBlock().addListener({ next: (block) => void blocks.push(block) })
      comet.subscribeTx(`transfer.recipient='${bob.address}'`).addListener({
        next: (transaction) => {
          transactions.push(transaction)
          resolve()
        },
      })
    })
    // An answer behind the subscriptions on the same connection: they stand.
    await comet.status()
    const { height, hash } = await node.send(alice, [
      { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value: MsgSend.encode(pay(alice, bob, '9').value).finish() },
    ])
    await first
    expect(transactions.map((one) => [one.height, one.result.code])).toEqual([[Number(height), 0]])
    expect(
      Buffer.from(sha256(transactions[0]?.tx ?? new Uint8Array(0)))
        .toString('hex')
        .toUpperCase(),
    ).toBe(hash)
    expect(blocks.map((one) => one.header.height)).toContain(Number(height))
  } finally {
    comet.disconnect()
  }
})

test('time and blocks on demand; what waits, waits', async () => {
  await using it = await started({
    mining: 'manual',
    startTime: 1_900_000_000n,
    chainId: 'test-2',
    prefix: 'osmo',
    denom: 'uosmo',
    gasPrice: 0n,
  })
  const { node, alice } = it
  const bob = node.account('bob')
  expect(bob.address).toMatch(/^osmo1/)
  expect(node.time() / Timestamp.SECOND).toBeLessThan(1_900_000_100n)
  const before = node.time()
  await node.advance(3600n)
  expect(node.time() - before).toBeGreaterThanOrEqual(3600n * Timestamp.SECOND)
  const height = node.height()
  await node.mine(3, { spacing: 10n })
  expect(node.height()).toBe(height + 3n)
  const comet = await connectComet(node.url)
  try {
    const message = MsgSend.fromPartial({
      fromAddress: alice.address,
      toAddress: bob.address,
      amount: [{ denom: 'uosmo', amount: '4' }],
    })
    const raw = await it.client.sign(
      alice.address,
      [{ typeUrl: '/cosmos.bank.v1beta1.MsgSend', value: message }],
      { amount: [], gas: '100000' },
      '',
    )
    const { code } = await comet.broadcastTxSync({ tx: TxRaw.encode(raw).finish() })
    expect([code, node.height(), node.balance(bob.address)]).toEqual([0, height + 3n, 0n])
    await node.mine()
    expect(node.balance(bob.address)).toBe(4n)
    node.setMining('instant')
    const next = await it.client.sign(
      alice.address,
      [{ typeUrl: '/cosmos.bank.v1beta1.MsgSend', value: message }],
      { amount: [], gas: '100000' },
      '',
    )
    const included = await comet.broadcastTxCommit({ tx: TxRaw.encode(next).finish() })
    expect([included.deliverTx?.code, BigInt(included.height ?? 0)]).toEqual([0, height + 5n])
    expect(node.balance(bob.address)).toBe(8n)
  } finally {
    comet.disconnect()
  }
})

test('error: arguments, and a node that was stopped', async () => {
  const tagOf = async (task: () => Promise<unknown>): Promise<string> => {
    try {
      await task()
      return 'none'
    } catch (error) {
      return isAitbcError(error) ? error._tag : String(error)
    }
  }
  expect(await tagOf(() => createCosmosNode({ chainId: 'a b' }))).toBe('InvalidDevnetArgument')
  expect(await tagOf(() => createCosmosNode({ prefix: 'Cosmos' }))).toBe('InvalidDevnetArgument')
  expect(await tagOf(() => createCosmosNode({ denom: 'u' }))).toBe('InvalidDevnetArgument')
  expect(await tagOf(() => createCosmosNode({ validators: 0 }))).toBe('InvalidDevnetArgument')
  let kept: CosmosNode | undefined
  {
    await using node = await createCosmosNode({ validators: 1 })
    kept = node
    const alice = node.account('alice')
    expect(await tagOf(async () => node.lightBlock(99n))).toBe('InvalidDevnetArgument')
    expect(await tagOf(() => node.send(alice, []))).toBe('CosmosRejected')
    expect(await tagOf(() => node.ask(alice.address, {}))).toBe('CosmosRejected')
    await node.fund(alice.address, 10_000_000n)
    expect(await tagOf(() => node.deploy(alice, Uint8Array.of(1), {}))).toBe('CosmosRejected')
  }
  expect(await tagOf(() => (kept as CosmosNode).mine())).toBe('DevnetStopped')
  await expect(fetch((kept as CosmosNode).url)).rejects.toThrow()
  await kept.stop()
})
