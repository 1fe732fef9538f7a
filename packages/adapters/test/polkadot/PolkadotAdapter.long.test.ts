import { type ChainEvent, isAitbcError, type Signed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Header } from '@aitbc/proofs/substrate'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Address, createPolkadotAdapter, PolkadotTransaction } from '../../src/polkadot/index.js'
import {
  alice,
  bob,
  bytesOf,
  carol,
  createWorld,
  dave,
  NONCE,
  network,
  transfer,
  UNIT,
  type World,
} from './world.js'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const { dust } = network.fees

// The first of them, a transfer, is in PolkadotAdapter.node.test.ts.
describe('the adapter on a real Substrate runtime', () => {
  let world: World
  let node: World['node']
  let api: World['api']
  let adapter: World['adapter']
  beforeAll(async () => {
    world = await createWorld()
    ;({ node, api, adapter } = world)
  })
  afterAll(() => world?.stop())
  const open: World['open'] = (...args) => world.open(...args)
  const sign: World['sign'] = (...args) => world.sign(...args)
  const free: World['free'] = (...args) => world.free(...args)
  const call: World['call'] = (...args) => world.call(...args)

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
