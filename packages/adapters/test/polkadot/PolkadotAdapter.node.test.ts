import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PolkadotTransaction } from '../../src/polkadot/index.js'
import { alice, carol, createWorld, network, transfer, UNIT, type World } from './world.js'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

// All else on this runtime takes long: PolkadotAdapter.long.test.ts.
describe('the adapter on a real Substrate runtime', () => {
  let world: World
  let node: World['node']
  let api: World['api']
  let adapter: World['adapter']
  beforeAll(async () => {
    world = await createWorld()
    ;({ node, api, adapter } = world)
    await node.produce(2)
  })
  afterAll(() => world?.stop())
  const open: World['open'] = (...args) => world.open(...args)
  const sign: World['sign'] = (...args) => world.sign(...args)
  const free: World['free'] = (...args) => world.free(...args)

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
})
