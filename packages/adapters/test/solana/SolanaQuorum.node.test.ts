import { isAitbcError } from '@aitbc/core'
import { createHttpRpc, quorum, type Rpc } from '@aitbc/core/rpc'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SolanaQuorum } from '../../src/solana/index.js'
import { createWorld, type SolanaWorld } from './world.js'

let world: SolanaWorld
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

/** The local node as one that is some slots behind in what it tells of itself, and lies where it is told to. */
function node(name: string, behind: number, lie = (_method: string, answer: unknown) => answer): Rpc {
  const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
  return {
    name,
    assurance: 'reported',
    async request(method, params, options) {
      const answer = await http.request(method, params, options)
      const late = (slot: unknown) => Number(slot) - behind
      if (method === 'getSlot' || method === 'getBlockHeight') return lie(method, late(answer))
      const { context } = (typeof answer === 'object' ? (answer ?? {}) : {}) as {
        context?: { slot: unknown }
      }
      if (context === undefined) return lie(method, answer)
      return lie(method, { ...(answer as object), context: { ...context, slot: late(context.slot) } })
    },
  }
}

test('a lock and its claim through three nodes at slots of their own are known by quorum', async () => {
  const rpc = quorum([node('a', 0), node('b', 2), node('c', 1)], { k: 2, read: SolanaQuorum.read })
  const adapter = world.open({ rpc })
  const { terms, secret } = await world.terms()
  const send = async (steps: Awaited<ReturnType<typeof adapter.prepare>>) => {
    for (const step of steps) {
      const wallet = world.wallets.find(({ funding }) => funding === step.from)
      const signer = wallet?.signer(step.from, new Uint8Array(8))
      if (signer?.kind !== 'signs') throw new Error(`nobody signs for ${step.from}`)
      await adapter.submit(await signer.sign(step))
      await world.mine(4)
    }
  }
  await send(await adapter.prepare({ kind: 'lock', terms }))
  const [found] = await adapter.findLocks(terms)
  if (found?.is !== 'found') throw new Error(`the lock is ${found?.is}`)
  expect(found.fact.assurance).toBe('quorum')
  await send(await adapter.prepare({ kind: 'claim', terms, lock: found.fact.value, secret }))
  expect(await adapter.findSpend(terms, found.fact.value)).toMatchObject({
    is: 'found',
    fact: { assurance: 'quorum', value: { kind: 'claim', secret } },
  })
})

test('H29: a node that lies about a balance is named, and nothing is known', async () => {
  const richer = (method: string, answer: unknown) =>
    method === 'getMultipleAccounts'
      ? JSON.parse(JSON.stringify(answer).replace(/"lamports":"?\d+"?/, '"lamports":"7"'))
      : answer
  const rpc = quorum([node('a', 0), node('liar', 1, richer), node('c', 1)], { k: 2, read: SolanaQuorum.read })
  const error: unknown = await world
    .open({ rpc })
    .balance(world.wallets[0].funding)
    .catch((caught: unknown) => caught)
  expect(isAitbcError(error, 'RpcDisagreement') && error.context['liars']).toEqual(['liar'])
})
