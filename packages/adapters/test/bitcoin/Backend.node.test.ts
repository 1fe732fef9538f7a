import { AccountId, Bytes, type Fact } from '@aitbc/core'
import { createHttpRpc, type Rpc } from '@aitbc/core/rpc'
import { createDevnet, fund, mine, reorg, setFeeEstimates } from '@aitbc/devnet'
import { Block, BlockHeader, Hash256, MerkleTree, Transaction } from '@aitbc/proofs/bitcoin'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Account, type Backend, createCoreBackend, createEsploraBackend } from '../../src/bitcoin/index.js'
import { createPerson, createWorld, network, send, sign, type World } from './world.js'

// One contract for every back end, on a real node.

let world: World
const backends: Record<string, Backend> = {}
const alice = createPerson('alice')
const bob = createPerson('bob')
const scriptOf = (account: AccountId.AccountId) => Account.parse(network, account).script
const addressOf = (account: AccountId.AccountId) => AccountId.parse(account).address

beforeAll(async () => {
  world = await createWorld()
  backends['core'] = createCoreBackend({ rpc: world.rpc })
  backends['core, read block by block'] = createCoreBackend({ rpc: without(world.rpc, 'scanblocks') })
  backends['esplora'] = createEsploraBackend({ rest: world.rest })
})
afterAll(() => world?.devnet.dispose())

/** A node that lacks a method. */
function without(rpc: Rpc, method: string): Rpc {
  return {
    ...rpc,
    request: (name, params, options) => rpc.request(name === method ? `no-${method}` : name, params, options),
  }
}

describe.each(['core', 'core, read block by block', 'esplora'])('%s', (name) => {
  const backend = () => backends[name] as Backend
  const ABSENT = 'ab'.repeat(32)

  test('tip, hashes, headers and blocks', async () => {
    const tip = await backend().tip()
    expect(tip.hash).toBe(await world.node('getbestblockhash'))
    expect(await backend().blockHash(tip.height)).toBe(tip.hash)
    expect(await backend().blockHash(tip.height + 1n)).toBeUndefined()
    const header = BlockHeader.decode((await backend().header(tip.hash)) as Bytes.Bytes)
    expect(header.ok && Hash256.toDisplay(BlockHeader.hash(header.value))).toBe(tip.hash)
    expect(await backend().header(ABSENT)).toBeUndefined()
    const block = Block.decode((await backend().block(tip.hash)) as Bytes.Bytes)
    if (!block.ok) throw new Error(block.refusal.message)
    const [coinbase] = block.value.transactions as [Transaction.Transaction]
    expect(await backend().coinbase(tip.hash)).toBe(Hash256.toDisplay(Transaction.txid(coinbase)))
    expect(await backend().block(ABSENT)).toBeUndefined()
  })

  test('a payment from the mempool into a block, spent, and undone by a reorganisation', async () => {
    const { devnet, adapter } = world
    const payee = createPerson(`payee of ${name}`).funding
    const script = scriptOf(payee.account)
    expect(await backend().history([script])).toEqual([])
    expect(await backend().unspent(script)).toEqual([])
    const paid = await fund(devnet, 'bitcoin', addressOf(payee.account), 200_000n, { until: 'mempool' })
    const waiting = await backend().transaction(paid)
    expect(waiting?.block).toBeUndefined()
    const decoded = Transaction.decode(waiting?.raw as Bytes.Bytes)
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    expect(Hash256.toDisplay(Transaction.txid(decoded.value))).toBe(paid)
    const index = decoded.value.outputs.findIndex((output) => Bytes.equal(output.script, script))
    expect(await backend().history([script])).toEqual([paid])
    expect(await backend().unspent(script)).toEqual([{ txid: paid, index }])
    await mine(devnet, 'bitcoin', 1)
    const tip = await backend().tip()
    expect((await backend().transaction(paid))?.block).toEqual(tip)
    const place = await backend().place(paid, tip.hash)
    const header = BlockHeader.decode((await backend().header(tip.hash)) as Bytes.Bytes)
    const root = MerkleTree.rootOf(Hash256.fromDisplay(paid), place)
    expect(root.ok && header.ok && Bytes.equal(root.value, header.value.merkleRoot)).toBe(true)
    expect(await backend().spender({ txid: paid, index }, script)).toBeUndefined()

    const transfer = {
      kind: 'transfer',
      from: payee.account,
      to: bob.funding.account,
      asset: network.native.id,
      amount: 50_000n,
    } as const
    const spending = await send(adapter, transfer, payee.signer)
    const spends = async () => ({
      spender: await backend().spender({ txid: paid, index }, script),
      history: [...(await backend().history([script]))].sort(),
      unspent: await backend().unspent(script),
    })
    const expected = {
      spender: spending.id,
      history: [paid, spending.id].sort(),
      unspent: [{ txid: spending.id, index: 1 }],
    }
    expect(await spends()).toEqual(expected)
    await mine(devnet, 'bitcoin', 1)
    expect(await spends()).toEqual(expected)
    // Far from the tip, where filters are searched.
    await mine(devnet, 'bitcoin', 30)
    expect(await spends()).toEqual(expected)
    const both = await backend().history([script, scriptOf(bob.funding.account)])
    expect(new Set(both)).toEqual(
      new Set([
        ...(await backend().history([script])),
        ...(await backend().history([scriptOf(bob.funding.account)])),
      ]),
    )

    await reorg(devnet, 'bitcoin', 31, { drop: [spending.id] })
    expect(await spends()).toEqual({ spender: undefined, history: [paid], unspent: [{ txid: paid, index }] })
    expect(await backend().transaction(spending.id)).toBeUndefined()
  })

  test('places in blocks of any size', async () => {
    const { devnet } = world
    for (const count of [1, 2, 3, 4, 5, 6]) {
      const ids: string[] = []
      for (let i = 0; i < count; i++)
        ids.push(
          await fund(devnet, 'bitcoin', addressOf(alice.funding.account), 10_000n, { until: 'mempool' }),
        )
      await mine(devnet, 'bitcoin', 1)
      const { hash } = await backend().tip()
      const header = BlockHeader.decode((await backend().header(hash)) as Bytes.Bytes)
      if (!header.ok) throw new Error(header.refusal.message)
      const coinbase = (await backend().coinbase(hash)) as string
      for (const id of [coinbase, ...ids]) {
        const root = MerkleTree.rootOf(Hash256.fromDisplay(id), await backend().place(id, hash))
        expect(root.ok && Bytes.equal(root.value, header.value.merkleRoot), `${count} ${id}`).toBe(true)
      }
    }
  })

  test('what isn’t there is undefined; what the node refuses comes in its words', async () => {
    expect(await backend().transaction(ABSENT)).toBeUndefined()
    expect(await backend().spender({ txid: ABSENT, index: 0 }, Uint8Array.of(0x51))).toBeUndefined()
    expect(await backend().evicted(ABSENT)).toBeUndefined()
    const from = createPerson(`sender of ${name}`).funding
    await fund(world.devnet, 'bitcoin', addressOf(from.account), 100_000n)
    const [step] = await world.adapter.prepare({
      kind: 'transfer',
      from: from.account,
      to: bob.funding.account,
      asset: network.native.id,
      amount: 5000n,
    })
    const { raw } = await sign(from.signer, step as never)
    const decoded = Transaction.decode(raw)
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    const nonFinal = Transaction.encode({ ...decoded.value, lockTime: 0xfffffffe })
    expect(await backend().send(nonFinal)).toMatch(/non-final/)
    const broken = Transaction.encode({
      ...decoded.value,
      outputs: [{ amount: 1n, script: Uint8Array.of(0x51) }],
    })
    expect(await backend().send(broken)).toMatch(/dust|signature|script/i)
    const orphan = { ...decoded.value, inputs: decoded.value.inputs.map((input) => ({ ...input, index: 7 })) }
    expect(await backend().send(Transaction.encode(orphan))).toMatch(/missing/i)
    expect(await backend().send(raw)).toBeUndefined()
    expect((await backend().send(raw)) ?? 'txn-already').toMatch(/already/)
  })

  test('estimates are sat/kvB, for no later a block than asked', async () => {
    setFeeEstimates(world.devnet, { 2: 12.5, 6: 3.001 })
    onTestFinished(() => setFeeEstimates(world.devnet, undefined))
    const estimates = [await backend().estimate(2), await backend().estimate(6)]
    if (name === 'esplora')
      expect([...estimates, await backend().estimate(1)]).toEqual([12_500n, 3001n, undefined])
    else for (const estimate of estimates) expect(estimate === undefined || estimate >= 1000n).toBe(true)
  })

  test('an aborted call rejects with the reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(backend().tip({ signal })).rejects.toThrow('enough')
    await expect(backend().history([Uint8Array.of(0x51)], { signal })).rejects.toThrow('enough')
  })
})

test('a node without indexes: no filters are needed, the transaction index is asked for by name', async () => {
  const devnet = await createDevnet({ evm: false, bitcoin: { args: ['-txindex=0', '-blockfilterindex=0'] } })
  onTestFinished(() => devnet.dispose())
  const rpc = createHttpRpc({
    url: devnet.bitcoin.url,
    headers: { authorization: devnet.bitcoin.authorization },
  })
  const backend = createCoreBackend({ rpc })
  const paid = await fund(devnet, 'bitcoin', addressOf(alice.funding.account), 10_000n)
  expect(await backend.history([scriptOf(alice.funding.account)])).toEqual([paid])
  await expect(backend.transaction(paid)).rejects.toMatchObject({ _tag: 'IndexMissing' })
})

test('scans of several callers at once wait for each other', async () => {
  const many = Array.from({ length: 12 }, (_, i) =>
    createCoreBackend({ rpc: world.rpc, birthHeight: BigInt(i) }),
  )
  const script = scriptOf(alice.funding.account)
  const found = await Promise.all(many.flatMap((one) => [one.unspent(script), one.history([script])]))
  expect(found.every((list) => list.length > 0)).toBe(true)
})

test('L2: a node whose filters trail its tip hides nothing: a scan that they are not there for skips all blocks in silence', async () => {
  const payee = createPerson('payee of one that trails').funding
  const script = scriptOf(payee.account)
  const paid = await fund(world.devnet, 'bitcoin', addressOf(payee.account), 200_000n)
  await mine(world.devnet, 'bitcoin', 20)
  const last = (await createCoreBackend({ rpc: world.rpc }).tip()).height - 10n
  const trailing: Rpc = {
    ...world.rpc,
    async request(method, params, options) {
      const result = (await world.rpc.request(method, params, options)) as Record<string, unknown>
      if (method === 'scanblocks' && BigInt(String(Object.values(params ?? {})[3])) > last)
        return { ...result, relevant_blocks: [] }
      // What it says of a filter that isn't made yet has the code of its other errors, as that of a call without arguments.
      if (method !== 'getblockfilter') return result
      const header = await world.rpc.request(
        'getblockheader',
        Object.values(params ?? {}).slice(0, 1),
        options,
      )
      const { height } = header as { readonly height: unknown }
      return BigInt(String(height)) > last ? world.rpc.request(method, [], options) : result
    },
  }
  expect(await createCoreBackend({ rpc: trailing }).history([script])).toEqual([paid])
  expect(await createCoreBackend({ rpc: world.rpc }).history([script])).toEqual([paid])
})

test('L2: what a node left out of one scan is found by a later one', async () => {
  const payee = createPerson('payee of one that was left out').funding
  const script = scriptOf(payee.account)
  const paid = await fund(world.devnet, 'bitcoin', addressOf(payee.account), 200_000n)
  await mine(world.devnet, 'bitcoin', 1)
  let scans = 0
  const forgetful: Rpc = {
    ...world.rpc,
    async request(method, params, options) {
      const result = (await world.rpc.request(method, params, options)) as Record<string, unknown>
      return method === 'scanblocks' && scans++ === 0 ? { ...result, relevant_blocks: [] } : result
    },
  }
  const backend = createCoreBackend({ rpc: forgetful })
  expect(await backend.history([script])).toEqual([])
  await mine(world.devnet, 'bitcoin', 12)
  expect(await backend.history([script])).toEqual([paid])
})

test('L2: a block that lags behind the tip, where several nodes answer, is not passed over for good', async () => {
  const payee = createPerson('payee of one that lags').funding
  const script = scriptOf(payee.account)
  let behind: bigint | undefined
  const lagging: Rpc = {
    ...world.rpc,
    request(method, params, options) {
      const [height] = Object.values(params ?? {})
      if (method !== 'getblockhash' || behind === undefined || height !== Number(behind))
        return world.rpc.request(method, params, options)
      // Asked once, of a node that doesn't have it yet.
      behind = undefined
      return world.rpc.request(method, [1_000_000], options)
    },
  }
  const backend = createCoreBackend({ rpc: lagging })
  expect(await backend.history([script])).toEqual([])
  const paid = await fund(world.devnet, 'bitcoin', addressOf(payee.account), 200_000n)
  behind = (await backend.tip()).height
  await mine(world.devnet, 'bitcoin', 1)
  expect(await backend.history([script])).toEqual([paid])
  expect(behind).toBeUndefined()
})

test('only new blocks are read on a second look', async () => {
  const asked: string[] = []
  const rpc: Rpc = {
    ...world.rpc,
    request: (method, params, options) => {
      asked.push(method)
      return world.rpc.request(method, params, options)
    },
  }
  const backend = createCoreBackend({ rpc })
  const script = scriptOf(alice.funding.account)
  const first = await backend.history([script])
  await mine(world.devnet, 'bitcoin', 1)
  asked.length = 0
  expect(await backend.history([script])).toEqual(first)
  expect(asked.filter((method) => method === 'getblock')).toHaveLength(1)
  expect(asked).not.toContain('scanblocks')
  const at: Fact.BlockRef = await backend.tip()
  expect(at.height).toBeGreaterThan(100n)
})
