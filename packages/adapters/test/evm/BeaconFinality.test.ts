import { CoreErrors, type Fact } from '@aitbc/core'
import { describe, expect, test } from 'vitest'
import type { BeaconSource } from '../../src/evm/beacon.js'
import { createEvmAdapter } from '../../src/evm/index.js'
import { alice, createFakeNode, lockId, network, SECRET, terms } from './fakeNode.js'

const final = { ...network, finality: { rule: 'tag', tag: 'finalized' } } as const
const lock = { ref: lockId, transaction: '', amount: terms.amount, match: 'exact' } as const

/** An adapter on ten blocks whose source says what it is told to. */
function createWorld() {
  const { transport, hashes } = createFakeNode()
  const asked: unknown[] = []
  let says: () => Promise<Fact.BlockRef | undefined> = async () => undefined
  const beacon: BeaconSource = { finalized: () => says(), finality: async () => undefined }
  const adapter = createEvmAdapter({
    network: final,
    beacon,
    transport: {
      request: (call) => {
        asked.push(call.params?.[0])
        return transport.request(call)
      },
    },
  })
  return {
    adapter,
    asked,
    block: (height: number): Fact.BlockRef => ({ height: BigInt(height), hash: hashes[height] as string }),
    say: (next: typeof says) => {
      says = next
    },
    finalized: async () => (await adapter.tip()).value.finalized,
  }
}

describe('what is final by a beacon source', () => {
  test('a block that the endpoint has at that height, and no other', async () => {
    const { say, block, finalized, asked } = createWorld()
    expect(await finalized()).toBeUndefined()
    say(async () => block(5))
    expect(await finalized()).toEqual(block(5))
    // One question a final block.
    const before = asked.filter((param) => param === '0x5').length
    expect(await finalized()).toEqual(block(5))
    expect(asked.filter((param) => param === '0x5').length).toBe(before)
    // S12: the height of another branch says nothing of this one.
    say(async () => ({ height: 6n, hash: block(7).hash }))
    expect(await finalized()).toBeUndefined()
    say(async () => ({ height: 8n, hash: `0x${'ab'.repeat(32)}` }))
    expect(await finalized()).toBeUndefined()
    say(async () => ({ height: 10n, hash: block(9).hash }))
    expect(await finalized()).toBeUndefined()
    say(async () => block(9))
    expect(await finalized()).toEqual(block(9))
    expect((await createWorld().finalized()) === undefined).toBe(true)
  })

  test('L2: a source that is down or lies keeps nobody from claiming, refunding and looking', async () => {
    const { adapter, say, block, finalized } = createWorld()
    for (const error of [
      CoreErrors.RpcUnreachable('down', {}),
      CoreErrors.RpcMalformed('finality_update of x must be of the beacon API', {}),
    ]) {
      say(() => Promise.reject(error))
      expect(await finalized()).toBeUndefined()
      expect((await adapter.findLocks(terms))[0]?.is).toBe('found')
      expect((await adapter.findSpend(terms, lock)).is).toBe('absent')
      const options = { signal: new AbortController().signal }
      expect(await adapter.prepare({ kind: 'claim', terms, lock, secret: SECRET }, options)).toHaveLength(1)
      expect((await adapter.balance(alice.account)).value).toBeGreaterThan(0n)
    }
    // What was final stays so.
    say(async () => block(4))
    expect(await finalized()).toEqual(block(4))
    say(() => Promise.reject(CoreErrors.RpcUnreachable('down', {})))
    expect(await finalized()).toEqual(block(4))
  })

  test('what isn’t a failure of the source is passed on', async () => {
    const { adapter, say } = createWorld()
    say(() => Promise.reject(new TypeError('mine')))
    await expect(adapter.tip()).rejects.toThrow('mine')
    const stop = new AbortController()
    say(async () => {
      stop.abort(CoreErrors.RpcTimeout('enough', {}))
      throw CoreErrors.RpcUnreachable('down', {})
    })
    await expect(adapter.tip({ signal: stop.signal })).rejects.toThrow()
  })
})
