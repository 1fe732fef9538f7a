import * as networks from '@aitbc/core/networks'
import { createPolkadotNode, type PolkadotNode } from '@aitbc/devnet'
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const UNIT = 10n ** 12n

describe('a local Polkadot chain, as an unmodified @polkadot/api sees it', () => {
  let node: PolkadotNode
  let api: ApiPromise
  let provider: WsProvider
  beforeAll(async () => {
    node = await createPolkadotNode({ chainSpec: '' })
    provider = new WsProvider(node.url, 2500, {}, 300_000)
    // Its own types don't fit each other where optional properties are exact.
    api = await ApiPromise.create({
      provider: provider as NonNullable<ApiOptions['provider']>,
      noInitWarn: true,
    })
  })
  afterAll(async () => {
    await api?.disconnect()
    await node?.dispose()
  })

  const keys = () => {
    const ring = new Keyring({ type: 'sr25519', ss58Format: 2 })
    return { alice: ring.addFromUri('//Alice'), bob: ring.addFromUri('//Bob') }
  }
  const free = async (address: string) => {
    const account = api.query['system']?.['account'] as unknown as (
      who: string,
    ) => Promise<{ data: { free: { toBigInt(): bigint } } }>
    return (await account(address)).data.free.toBigInt()
  }

  test('behavior: it says what it is', () => {
    expect(node.runtime).toEqual({ name: 'statemine', version: 900 })
    expect(node.hub).toBe(false)
    expect(node.network.native).toMatchObject({ symbol: 'ROC', decimals: 12 })
    expect(node.network).toEqual(networks.polkadotLocal)
    expect(node.network.fees.dust).toBe(3_333_333n)
    expect(`polkadot:${api.genesisHash.toHex().slice(2, 34)}`).toBe(node.network.id)
  })

  test('behavior: blocks on demand, and time', async () => {
    const height = node.height()
    const time = await node.time()
    await node.produce(2)
    expect(node.height()).toBe(height + 2n)
    expect(await node.time()).toBe(time + 2n * node.slotMs)
    await node.advance(3600n)
    expect(node.height()).toBe(height + 3n)
    const moved = (await node.time()) - time - 2n * node.slotMs
    expect(moved).toBeGreaterThanOrEqual(3_600_000n)
    expect(moved).toBeLessThan(3_600_000n + 2n * node.slotMs)
    await node.produce()
    const head = await api.rpc.chain.getHeader()
    expect(head.number.toBigInt()).toBe(node.height())
    expect(head.stateRoot.isEmpty).toBe(true)
    expect((await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead())).number.toBigInt()).toBe(
      node.height() - 2n,
    )
  })

  test('behavior: real signatures, fees and nonces; the pool keeps the dearer of two; a reorg gives back', async () => {
    const { alice, bob } = keys()
    await node.fund(alice.publicKey, 1000n * UNIT)
    const transfer = api.tx['balances']?.['transferKeepAlive']
    const signed = async (amount: bigint, tip: bigint) =>
      (
        await (transfer as NonNullable<typeof transfer>)(bob.address, amount).signAsync(alice, {
          tip,
          nonce: 0,
        })
      ).toHex()
    const send = (hex: string) => provider.send('author_submitExtrinsic', [hex])
    const cheap = await signed(5n * UNIT, 0n)
    await send(cheap)
    await expect(send(cheap)).rejects.toThrow(/1013/)
    const forged = `${cheap.slice(0, 90)}${cheap[90] === '0' ? '1' : '0'}${cheap.slice(91)}`
    await expect(send(forged)).rejects.toThrow(/1010.*bad signature/)
    const dear = await signed(6n * UNIT, UNIT)
    await send(dear)
    await expect(send(cheap)).rejects.toThrow(/1014/)
    expect((await api.rpc.author.pendingExtrinsics()).map((one) => one.toHex())).toEqual([dear])
    await node.produce()
    expect(await free(bob.address)).toBe(6n * UNIT)
    const paid = 1000n * UNIT - (await free(alice.address))
    expect(paid).toBeGreaterThan(7n * UNIT)
    await expect(send(cheap)).rejects.toThrow(/1010.*outdated/)
    const head = node.height()
    await node.reorg(1, { transactions: 'forget' })
    expect(node.height()).toBe(head + 1n)
    expect(await free(bob.address)).toBe(0n)
    await send(cheap)
    await node.produce()
    await node.reorg(1)
    expect(await free(bob.address)).toBe(5n * UNIT)
    await expect(node.reorg(1000)).rejects.toMatchObject({ _tag: 'ReorgFailed' })
  })

  test('behavior: instant mining, and a subscription to what becomes of a transaction', async () => {
    const { alice, bob } = keys()
    node.setMining('instant')
    const transfer = api.tx['balances']?.['transferKeepAlive'] as NonNullable<unknown> as (
      to: string,
      amount: bigint,
    ) => {
      signAndSend(
        pair: unknown,
        callback: (result: { status: { isFinalized: boolean } }) => void,
      ): Promise<() => void>
    }
    await new Promise<void>((resolve, reject) => {
      transfer(bob.address, UNIT)
        .signAndSend(alice, ({ status }) => {
          if (status.isFinalized) resolve()
        })
        .catch(reject)
    })
    node.setMining('manual')
    expect(await free(bob.address)).toBe(6n * UNIT)
  })

  test('behavior: a block of exactly these extrinsics, in their order, at a time; one that is refused is named', async () => {
    const { alice, bob } = keys()
    const transfer = api.tx['balances']?.['transferKeepAlive'] as NonNullable<unknown> as (
      to: string,
      amount: bigint,
    ) => { signAsync(pair: unknown, options: object): Promise<{ toU8a(): Uint8Array }> }
    const before = await free(bob.address)
    const signed = async (nonce: number) =>
      (await transfer(bob.address, UNIT).signAsync(alice, { nonce, tip: nonce })).toU8a()
    const next = (await api.rpc.system.accountNextIndex(alice.address)).toNumber()
    const [first, second] = [await signed(next), await signed(next + 1)]
    const time = (await node.time()) + 5n * node.slotMs
    // The dearer one comes first by a pool's rules; here it comes where it was put.
    await node.include([first, second], { time })
    expect(await node.time()).toBe(time)
    expect(await free(bob.address)).toBe(before + 2n * UNIT)
    const { block } = await api.rpc.chain.getBlock()
    expect(block.extrinsics.slice(-2).map((one) => one.toU8a())).toEqual([first, second])
    await expect(node.include([first])).rejects.toMatchObject({ _tag: 'NodeRejected' })
    await expect(node.include([], { time })).rejects.toMatchObject({
      _tag: 'InvalidDevnetArgument',
      context: { argument: 'time' },
    })
    await expect(node.deploy(Uint8Array.of(0))).rejects.toMatchObject({ _tag: 'NodeRejected' })
  })
})
