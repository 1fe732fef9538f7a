import { advance, createDevnet, type DevnetOptions, mine } from '@aitbc/devnet'
import { describe, expect, test } from 'vitest'
import { ended, inFolders, listening, nothingLeft, owner } from './lifecycle.js'

inFolders()

const two = { bitcoin: false, evm: false, solana: true, cosmos: true } as const
const SECOND = 1_000_000_000n

describe('chains of this process', () => {
  test('default: they are there where they are asked for, and answer', async () => {
    await using devnet = await createDevnet({ ...two, cosmos: { chainId: 'own-1', prefix: 'own' } })
    expect([devnet.bitcoin, devnet.evm, devnet.polkadot]).toEqual([undefined, undefined, undefined])
    expect(devnet.cosmos.network).toBe('cosmos:own-1')
    expect(devnet.cosmos.account('alice').address).toMatch(/^own1/)
    const status = await fetch(`${devnet.cosmos.url}/status`).then((it) => it.json())
    expect(status.result.node_info.network).toBe('own-1')
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getHealth' })
    const headers = { 'content-type': 'application/json' }
    const health = await fetch(devnet.solana.url, { method: 'POST', body, headers }).then((it) => it.json())
    expect(health.result).toBe('ok')
  })

  test('behavior: the net has one clock, which advance moves on all of them', async () => {
    const startTime = 2_000_000_000n
    await using devnet = await createDevnet({ ...two, evm: true, startTime })
    const times = async () => {
      const { timestamp } = await devnet.evm.rpc<{ timestamp: string }>(
        'eth_getBlockByNumber',
        'latest',
        false,
      )
      return [BigInt(timestamp), devnet.solana.chain.time(), devnet.cosmos.time() / SECOND]
    }
    await mine(devnet, 'evm')
    for (const time of await times()) {
      expect(time).toBeGreaterThanOrEqual(startTime)
      expect(time).toBeLessThanOrEqual(devnet.now())
    }
    const time = await advance(devnet, 3600n)
    expect(time).toBeGreaterThanOrEqual(startTime + 3600n)
    for (const shown of await times()) expect(shown).toBeGreaterThanOrEqual(time)
  })

  test('error: after dispose their actions and their servers are gone', async () => {
    const devnet = await createDevnet(two)
    await Promise.all([devnet.dispose(), devnet.dispose()])
    for (const { url } of [devnet.solana, devnet.cosmos]) await expect(fetch(url)).rejects.toThrow()
    await expect(devnet.cosmos.mine()).rejects.toMatchObject({ _tag: 'DevnetStopped' })
    await expect(advance(devnet, 1n)).rejects.toMatchObject({ _tag: 'DevnetStopped' })
  })
})

describe.runIf(process.platform === 'linux')('nothing is left of the chains of this process', () => {
  const failing = async (options: DevnetOptions): Promise<unknown> => {
    const before = listening()
    const failure = await createDevnet(options).catch((error: unknown) => error)
    expect(listening()).toEqual(before)
    await nothingLeft()
    return failure
  }

  test('when one of them does not start', async () => {
    const failure = await failing({ ...two, cosmos: { denom: '!' } })
    expect(failure).toMatchObject({ _tag: 'InvalidDevnetArgument', context: { argument: 'denom' } })
    const other = await failing({ ...two, solana: { ticks: 0 } })
    expect(other).toMatchObject({ _tag: 'InvalidDevnetArgument' })
  })

  test('when the start is aborted', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const onProgress = () => controller.abort('enough')
    expect(await failing({ ...two, evm: true, signal, onProgress })).toBe('enough')
  })

  test('when the owner returns: they don’t keep it', async () => {
    expect(await ended(await owner('returns', two))).toBe(0)
    await nothingLeft()
  })
})
