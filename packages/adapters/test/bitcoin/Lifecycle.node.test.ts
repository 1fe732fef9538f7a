import { AccountId } from '@aitbc/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  advance,
  createPerson,
  createSwap,
  createWorld,
  fund,
  KINDS,
  mine,
  send,
  sign,
  theLock,
  type World,
} from './world.js'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.devnet.dispose())

const backends = ['adapter', 'esplora'] as const

describe.each(backends)('default: over %s', (backend) => {
  const alice = createPerson(`alice ${backend}`)
  const bob = createPerson(`bob ${backend}`)

  test.each([...KINDS, 'p2tr-musig2'] as const)(
    '%s: lock, find, claim, find the secret; lock and refund',
    async (kind) => {
      const adapter = world[backend]
      const { devnet } = world
      await fund(devnet, 'bitcoin', AccountId.parse(alice.funding.account).address, 10_000_000n)
      const tip = (await adapter.tip()).value
      const swap = createSwap(alice, bob, { kind, deadline: tip.clock + 3600n })
      const { terms, secret } = swap
      const record = { role: 'initiator', counter: new Uint8Array(32).fill(7) } as const
      const lockIntent = {
        kind: 'lock',
        terms,
        from: alice.funding.account,
        recovery: { seed: alice.share, nonce: swap.nonce, record },
      } as const
      const locked = await send(adapter, lockIntent, alice.funding.signer)
      expect((await adapter.status(locked)).value).toEqual({ is: 'pending' })
      await mine(devnet, 'bitcoin', 1)
      expect((await adapter.status(locked)).value).toMatchObject({ is: 'included', id: locked.id })
      const lock = await theLock(adapter, terms)
      expect(lock).toEqual({
        ref: `${locked.id}:0`,
        transaction: locked.id,
        amount: 100_000n,
        match: 'exact',
      })
      expect((await adapter.findSpend(terms, lock)).is).toBe('absent')
      const claimed = await send(adapter, { kind: 'claim', terms, lock, secret }, swap.beneficiary.signer)
      const pending = await adapter.findSpend(terms, lock)
      expect(pending).toMatchObject({ is: 'found', fact: { at: 'mempool', value: { kind: 'claim' } } })
      await mine(devnet, 'bitcoin', 3)
      expect((await adapter.status(claimed)).value).toMatchObject({ is: 'final', id: claimed.id })
      const spend = await adapter.findSpend(terms, lock)
      expect(spend).toMatchObject({ is: 'found', fact: { value: { kind: 'claim', secret } } })
      expect((await adapter.balance(swap.beneficiary.account)).value).toBeGreaterThan(99_000n)

      const second = createSwap(alice, bob, { kind, deadline: (await adapter.tip()).value.clock + 3600n })
      await send(
        adapter,
        { kind: 'lock', terms: second.terms, from: alice.funding.account },
        alice.funding.signer,
      )
      await mine(devnet, 'bitcoin', 1)
      const later = await theLock(adapter, second.terms)
      const [refund] = await adapter.prepare({ kind: 'refund', terms: second.terms, lock: later })
      const signed = await sign(second.locker.signer, refund!)
      await expect(adapter.submit(signed)).rejects.toMatchObject({ _tag: 'TransactionNotFinal' })
      await advance(devnet, 4000n)
      const refunded = await adapter.submit(signed)
      await mine(devnet, 'bitcoin', 1)
      expect((await adapter.status(refunded)).value.is).toBe('included')
      expect(await adapter.findSpend(second.terms, later)).toMatchObject({
        is: 'found',
        fact: { value: { kind: 'refund', transaction: refunded.id } },
      })
    },
  )
})
