import { SwapSeed } from '@aitbc/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HubEth } from '../../src/evm/index.js'
import { type Bench, createBench, network } from './party.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench?.close())

test('L3, H27: on a chain with room for 128 bytes the agreement stands behind the call; wei between two planck move nowhere', async () => {
  const adapter = bench.adapterWith({ ...HubEth.options({ id: 'eip155:420420419' }), gas: {} })
  const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(3), network.id)
  const deadline = { ...bench.terms().deadline, value: (await bench.now()) + 3600n }
  const lock = (salt: number, agreement: number, counter = new Uint8Array(32).fill(5)) => ({
    kind: 'lock' as const,
    terms: bench.terms({ salt: new Uint8Array(32).fill(salt), deadline, amount: 10n ** 9n }),
    recovery: {
      seed,
      nonce: new Uint8Array(8).fill(salt),
      record: { role: 'initiator' as const, counter, agreement: new Uint8Array(agreement).fill(6) },
    },
  })
  const [short, long] = [lock(1, 40), lock(2, 600)]
  for (const intent of [short, long])
    for (const step of await adapter.prepare(intent)) await adapter.submit(await bench.signers[0]!.sign(step))
  await bench.mine()
  const found = await adapter.recoverLocks(seed, { hashlockOf: () => bench.terms().hashlock })
  expect(found.map(({ record }) => record)).toEqual([short.recovery.record, long.recovery.record])
  // Where a node has forgotten the call, what finds the other leg is in the event.
  const made = 'eth_getTransactionByHash'
  const forgets = bench.adapterWith({
    ...HubEth.options({ id: 'eip155:420420419' }),
    transport: {
      request: async (call, o) => (call.method === made ? null : bench.transport.request(call, o)),
    },
  })
  const { counter } = long.recovery.record
  expect((await forgets.recoverLocks(seed, { hashlockOf: () => bench.terms().hashlock }))[1]?.record).toEqual(
    {
      ...{ role: 'initiator', counter },
    },
  )
  const from = short.terms.locker.account
  const transfer = {
    kind: 'transfer',
    from,
    to: short.terms.beneficiary.account,
    asset: network.native.id,
  } as const
  await expect(adapter.prepare({ ...transfer, amount: 10n ** 8n + 1n })).rejects.toMatchObject({
    _tag: 'EvmUnsupportedTerms',
    context: { argument: 'intent.amount' },
  })
  expect(await adapter.prepare({ ...transfer, amount: 10n ** 8n })).toHaveLength(1)
})
