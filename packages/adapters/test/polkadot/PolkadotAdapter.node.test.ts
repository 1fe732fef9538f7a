import {
  type AccountId,
  type ChainEvent,
  type Intent,
  isAitbcError,
  type Signed,
  SwapSeed,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createPolkadotNode, type PolkadotNode } from '@aitbc/devnet'
import { Header } from '@aitbc/proofs/substrate'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  Address,
  createPolkadotAdapter,
  createSeedWallet,
  type PolkadotAdapter,
  PolkadotTransaction,
} from '../../src/polkadot/index.js'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const network = networks.polkadotLocal
const UNIT = 10n ** 12n
const NONCE = new Uint8Array(8)
const { dust } = network.fees

const person = (fill: number) =>
  createSeedWallet({ network, seed: SwapSeed.forNetwork(new Uint8Array(32).fill(fill), network.id) })
const [alice, bob, carol, dave] = [1, 2, 3, 4].map(person) as [
  ReturnType<typeof person>,
  ReturnType<typeof person>,
  ReturnType<typeof person>,
  ReturnType<typeof person>,
]
const bytesOf = (account: AccountId.AccountId) => Address.fromAccountId(account, network, 'account')

describe('the adapter on a real Substrate runtime', () => {
  let node: PolkadotNode
  let api: ApiPromise
  let adapter: PolkadotAdapter
  beforeAll(async () => {
    node = await createPolkadotNode({ chainSpec: '' })
    const provider = new WsProvider(node.url, 2500, {}, 300_000) as NonNullable<ApiOptions['provider']>
    api = await ApiPromise.create({ provider, noInitWarn: true })
    adapter = open()
    for (const { funding } of [alice, bob]) await node.fund(bytesOf(funding), 100n * UNIT)
  })
  afterAll(async () => {
    await api?.disconnect()
    await node?.dispose()
  })

  const open = () => createPolkadotAdapter({ network, api, pollMs: 1, wait: async () => undefined })
  const transfer = (change: Partial<Intent & { kind: 'transfer' }> = {}): Intent => ({
    kind: 'transfer',
    from: alice.funding,
    to: bob.funding,
    asset: network.native.id,
    amount: UNIT,
    ...change,
  })
  const sign = async (intent: Intent, options = {}): Promise<Signed> => {
    const [step] = await adapter.prepare(intent, options)
    if (step === undefined) throw new Error('no step')
    const signer = [alice, bob, carol]
      .map((one) => one.signer(step.from, NONCE))
      .find((one) => one !== undefined)
    if (signer?.kind !== 'signs') throw new Error('nobody signs')
    return signer.sign(step)
  }
  const free = async (who: AccountId.AccountId) => (await adapter.balance(who)).value
  const call = (pallet: string, name: string, ...args: unknown[]): Intent => {
    const make = api.tx[pallet]?.[name]
    if (make === undefined) throw new Error(`no ${pallet}.${name}`)
    const data = Uint8Array.from(make(...args).method.toU8a())
    return { kind: 'call', from: alice.funding, to: alice.funding, data, value: 0n }
  }

  test('tip, headers and balances are those of the runtime; what it can and cannot do is on its type', async () => {
    const tip = await adapter.tip()
    expect(tip).toMatchObject({ assurance: 'reported', depth: 1n, value: { height: node.height() } })
    expect(tip.value.clock).toBe((await node.time()) / 1000n)
    expect(adapter.capabilities).toEqual({ locks: false, proofs: 'none', replacement: true })
    expect('findLocks' in adapter).toBe(false)
    expect('prove' in adapter).toBe(false)
    await node.produce(3)
    const stop = new AbortController()
    const seen: bigint[] = []
    for await (const { block, bytes } of adapter.headers(tip.value, { signal: stop.signal })) {
      const header = Header.decode(bytes)
      expect(
        header.ok && `0x${[...header.value.hash].map((b) => b.toString(16).padStart(2, '0')).join('')}`,
      ).toBe(block.hash)
      seen.push(block.height)
      if (seen.length === 3) stop.abort()
    }
    expect(seen).toEqual([1n, 2n, 3n].map((n) => tip.value.height + n))
    const { value } = await adapter.tip()
    expect(value.finalized?.height).toBe(value.height - 2n)
    expect(await free(alice.funding)).toBe(100n * UNIT)
    expect(await free(carol.funding)).toBe(0n)
  })

  test('S1, H22: a transfer moves its amount for at most its stated fee, is mortal, and sent twice is as once', async () => {
    const before = await free(alice.funding)
    const signed = await sign(transfer({ to: carol.funding }))
    const { step } = signed
    const transaction = PolkadotTransaction.ofStep(step)
    const { height } = (await adapter.tip()).value
    expect(transaction.era).toEqual({ is: 'mortal', period: 64n, at: height - 2n })
    expect(step.validUntil).toEqual({ network: network.id, clock: 'height', value: height + 62n })
    const unknown = { step, id: signed.id, attempts: [signed.id] }
    expect((await adapter.status(unknown)).value).toEqual({ is: 'unknown' })
    const sent = await adapter.submit(signed)
    expect(await adapter.submit(signed)).toEqual(sent)
    expect(await open().submit(signed)).toEqual(sent)
    expect(await adapter.status(sent)).toMatchObject({ value: { is: 'pending' }, at: 'mempool' })
    await node.produce()
    expect(await open().submit(signed)).toEqual(sent)
    expect((await adapter.status(sent)).value).toMatchObject({ is: 'included', id: signed.id })
    const paid = before - (await free(alice.funding)) - UNIT
    expect(paid).toBeGreaterThan(0n)
    expect(paid).toBeLessThanOrEqual(step.maxFee.amount)
    expect(await free(carol.funding)).toBe(UNIT)
    await node.produce(2)
    expect((await open().status(sent)).value).toMatchObject({ is: 'final', id: signed.id })
    const at = { height, hash: (await api.rpc.chain.getBlockHash(Number(height))).toHex() }
    expect(await adapter.balance(carol.funding, { at })).toMatchObject({ value: 0n, at })
  })

  test('H6, H8: a waiting transaction is replaced at a higher tip and voided; the one that lost says by what', async () => {
    const first = await adapter.submit(await sign(transfer()))
    const { fast } = await adapter.feeRates()
    const [again] = await adapter.replace(first, fast)
    if (again === undefined) throw new Error('no step')
    expect(again.conflictKey).toBe(first.step.conflictKey)
    const signer = alice.signer(alice.funding, NONCE)
    if (signer?.kind !== 'signs') throw new Error('nobody signs')
    const second = await adapter.submit(await signer.sign(again))
    expect(second.attempts).toEqual([first.id, second.id])
    await expect(open().submit({ ...first, raw: first.raw as Uint8Array })).rejects.toMatchObject({
      _tag: 'PolkadotTipTooLow',
    })
    const [nothing] = await adapter.prepare({ kind: 'void', submission: second })
    if (nothing === undefined) throw new Error('no step')
    expect(PolkadotTransaction.ofStep(nothing).tip).toBeGreaterThan(PolkadotTransaction.ofStep(again).tip)
    const third = await adapter.submit(await signer.sign(nothing))
    const before = await free(bob.funding)
    await node.produce()
    expect((await adapter.status(third)).value).toMatchObject({ is: 'included', id: third.id })
    const alone = { ...first, attempts: [first.id] }
    expect((await open().status(alone)).value).toEqual({ is: 'replaced', by: third.id })
    expect(await free(bob.funding)).toBe(before)
    await expect(adapter.prepare(transfer(), { feeRate: UNIT + 1n })).rejects.toMatchObject({
      _tag: 'PolkadotInvalidFeeRate',
    })
  })

  test("failed: included, and refused by the runtime in the runtime's own words; a runtime's call goes as it is", async () => {
    const sent = await adapter.submit(
      await sign(call('balances', 'transferKeepAlive', bytesOf(bob.funding), 1000n * UNIT)),
    )
    await node.produce()
    expect((await adapter.status(sent)).value).toMatchObject({
      is: 'failed',
      id: sent.id,
      reason: { error: 'balances.InsufficientBalance' },
    })
    for (const data of [new Uint8Array(0), Uint8Array.of(255, 255), new Uint8Array(3)])
      await expect(
        adapter.prepare({ kind: 'call', from: alice.funding, to: alice.funding, data, value: 0n }),
      ).rejects.toMatchObject({ _tag: 'InvalidArgument' })
  })

  test('H26, H27: the existential deposit is kept on both sides, in coins and in assets', async () => {
    await expect(adapter.prepare(transfer({ to: dave.funding, amount: dust - 1n }))).rejects.toMatchObject({
      _tag: 'PolkadotBelowExistentialDeposit',
      context: { least: dust },
    })
    const all = await free(alice.funding)
    await expect(adapter.prepare(transfer({ amount: all - dust }))).rejects.toMatchObject({
      _tag: 'PolkadotInsufficientFunds',
      retryable: true,
    })
    const asset = `${network.id}/assets:77` as const
    await expect(adapter.prepare(transfer({ asset, amount: 5n }))).rejects.toMatchObject({
      _tag: 'InvalidArgument',
    })
    const steps = [
      await sign(call('assets', 'create', 77, bytesOf(alice.funding), 10n)),
      await sign(call('assets', 'mint', 77, bytesOf(alice.funding), 1000n)),
    ]
    const minting = await sign(call('assets', 'mint', 77, bytesOf(alice.funding), 1000n), {
      after: [steps[0]],
    })
    const sent = [await adapter.submit(steps[0] as Signed), await adapter.submit(minting)]
    await node.produce()
    for (const one of sent) expect((await adapter.status(one)).value.is).toBe('included')
    expect((await adapter.balance(alice.funding, { asset })).value).toBe(1000n)
    await expect(adapter.prepare(transfer({ asset, amount: 9n }))).rejects.toMatchObject({
      _tag: 'PolkadotBelowExistentialDeposit',
    })
    await expect(adapter.prepare(transfer({ asset, amount: 10n, to: dave.funding }))).rejects.toMatchObject({
      _tag: 'PolkadotPayeeCannotReceive',
    })
    await expect(adapter.prepare(transfer({ asset, amount: 991n }))).rejects.toMatchObject({
      _tag: 'PolkadotInsufficientFunds',
    })
    await adapter.submit(await sign(transfer({ asset, amount: 990n })))
    await node.produce()
    expect((await adapter.balance(bob.funding, { asset })).value).toBe(990n)
    expect((await adapter.balance(alice.funding, { asset })).value).toBe(10n)
  })

  test('H9: a reorganisation retracts what a watch saw, newest first; what was included waits again', async () => {
    const stop = new AbortController()
    const events: ChainEvent[] = []
    const sent = await adapter.submit(await sign(transfer({ to: carol.funding })))
    let done = false
    await node.produce()
    for await (const event of adapter.watch(
      { kind: 'account', account: carol.funding },
      { signal: stop.signal },
    )) {
      events.push(event)
      if (event.is === 'retracted' && !done) {
        done = true
        expect((await adapter.status(sent)).value.is).toBe('dropped')
        await adapter.submit({ step: sent.step, id: sent.id, raw: sent.raw as Uint8Array })
        await node.produce()
      } else if (events.length === 1) await node.reorg(1, { transactions: 'forget' })
      else stop.abort()
    }
    expect(events.map(({ is, what }) => [is, what.kind, what.kind === 'transaction' && what.id])).toEqual([
      ['added', 'transaction', sent.id],
      ['retracted', 'transaction', sent.id],
      ['added', 'transaction', sent.id],
    ])
  })

  test('H14, H20: another chain, another prefix, another step: refused before anything is sent', async () => {
    const elsewhere = createPolkadotAdapter({ network: networks.kusamaHub, api })
    await expect(elsewhere.tip()).rejects.toMatchObject({ _tag: 'PolkadotWrongChain' })
    const prefixed = `${network.id}:${Address.encode({ prefix: 0, account: bytesOf(bob.funding) })}` as const
    await expect(adapter.prepare(transfer({ to: prefixed }))).rejects.toMatchObject({
      _tag: 'PolkadotAddress',
    })
    await expect(adapter.balance(prefixed)).rejects.toMatchObject({ _tag: 'PolkadotAddress' })
    await expect(
      adapter.prepare(transfer({ to: 'eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb' })),
    ).rejects.toMatchObject({ _tag: 'ForeignNetwork' })
    const [one, other] = [await sign(transfer()), await sign(transfer({ amount: 2n * UNIT }))]
    const flipped = Uint8Array.from(one.raw, (byte, i) => (i === 60 ? byte ^ 1 : byte))
    for (const bad of [
      { ...one, raw: other.raw },
      { ...one, id: other.id },
      { ...one, step: other.step },
      { ...one, raw: flipped, id: PolkadotTransaction.id(flipped) },
    ])
      await expect(adapter.submit(bad)).rejects.toMatchObject({ _tag: 'PolkadotInvalidStep' })
    const error = await adapter.prepare({ kind: 'lock' } as never).catch((thrown) => thrown)
    expect(isAitbcError(error, 'UnsupportedCapability')).toBe(true)
  })

  test('a transaction that outlived its time is dropped for good', async () => {
    const short = createPolkadotAdapter({ network, api, mortality: 4n })
    const [step] = await short.prepare(transfer())
    const signer = alice.signer(alice.funding, NONCE)
    if (step === undefined || signer?.kind !== 'signs') throw new Error('no step')
    const signed = await signer.sign(step)
    await node.produce(3)
    expect((await short.status({ step, id: signed.id, attempts: [signed.id] })).value).toEqual({
      is: 'dropped',
    })
    await expect(short.submit(signed)).rejects.toMatchObject({ _tag: 'PolkadotRefused' })
  })
})
