import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAitbcError } from '@aitbc/core'
import { createDevnet } from '@aitbc/devnet'
import { describe, expect, test, vi } from 'vitest'
import {
  ended,
  expectNodes,
  folder,
  inFolders,
  nothingLeft,
  owner,
  parentOf,
  processes,
  script,
} from './lifecycle.js'

inFolders()

// The process table is read from /proc.
describe.runIf(process.platform === 'linux')('nothing is left running', () => {
  test('after dispose, which may be called twice', async () => {
    const devnet = await createDevnet()
    expectNodes()
    expect(readdirSync(folder)).toHaveLength(2)
    await Promise.all([devnet.dispose(), devnet.dispose()])
    expect(processes()).toEqual([])
    expect(readdirSync(folder)).toEqual([])
    for (const url of [devnet.bitcoin.url, devnet.evm.url, devnet.bitcoin.esplora.url])
      await expect(fetch(url)).rejects.toThrow()
  })

  test.each([
    ['returns', 0],
    ['rejects', 1],
  ])('when the owner %s', async (how, code) => {
    const child = await owner(how)
    expect(await ended(child)).toBe(code)
    await nothingLeft()
  })

  test.each(['SIGINT', 'SIGKILL'] as const)('when the owner gets %s', async (signal) => {
    const child = await owner('idles')
    expectNodes()
    child.kill(signal)
    expect(await ended(child)).toBe(signal)
    await nothingLeft()
  })

  test('when the owner ends while the nodes start', async () => {
    expect(await ended(await owner('while it starts'))).toBe(3)
    await nothingLeft()
  })

  test('when the supervisors are killed, and then the owner', async () => {
    const child = await owner('idles')
    const supervisors = processes().filter(({ command }) => command.startsWith('/bin/sh -c'))
    expect(supervisors.length).toBeGreaterThanOrEqual(2)
    const parents = supervisors.filter(({ pid }) => parentOf(pid) === child.pid)
    expect(parents).toHaveLength(2)
    for (const { pid } of parents) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
    await ended(child)
    await nothingLeft()
  })

  test('when one node dies by itself: the other goes with the net', async () => {
    const devnet = await createDevnet()
    const node = processes().find(
      ({ command }) => / -regtest /.test(command) && !command.startsWith('/bin/sh'),
    )
    process.kill(node?.pid as number, 'SIGKILL')
    const failure = await devnet.bitcoin.rpc('getblockcount').catch((error: unknown) => error)
    expect(isAitbcError(failure, 'NodeUnreachable')).toBe(true)
    expect(await devnet.evm.rpc('eth_chainId')).toBe('0x7a69')
    await devnet.dispose()
    await nothingLeft()
  })

  test('when one node does not start: the other is stopped, the error has the log', async () => {
    vi.stubEnv('ANVIL', script('anvil', 'echo no such luck; exit 1'))
    const failure = await createDevnet().catch((error: unknown) => error)
    expect(failure).toMatchObject({
      _tag: 'NodeNotStarted',
      message: expect.stringContaining('anvil ended while it started'),
      context: { node: 'anvil', log: expect.stringContaining('no such luck') },
    })
    rmSync(join(folder, 'anvil'))
    await nothingLeft()
  })

  test('when a node never answers: the start is bounded', async () => {
    vi.stubEnv('BITCOIND', script('bitcoind', 'echo "Bitcoin that hangs"; [ "$1" = --version ] || sleep 600'))
    const failure = await createDevnet({ evm: false, bitcoin: { timeoutMs: 300 } }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({
      _tag: 'NodeNotStarted',
      message: expect.stringContaining('did not answer within 300 ms'),
      context: { log: expect.stringContaining('Bitcoin that hangs') },
    })
    rmSync(join(folder, 'bitcoind'))
    await nothingLeft()
  })

  test('when the start is aborted, at each of its steps', async () => {
    const steps: string[] = []
    const whole = await createDevnet({ onProgress: (step) => steps.push(step) })
    await whole.dispose()
    expect(steps.length).toBeGreaterThanOrEqual(3)
    for (const [at] of steps.entries()) {
      const controller = new AbortController()
      const reason = new Error(`step ${at}`)
      let seen = 0
      const start = createDevnet({
        signal: controller.signal,
        onProgress: () => {
          if (seen++ === at) controller.abort(reason)
        },
      })
      if (at < steps.length - 1) await expect(start).rejects.toBe(reason)
      // The last step is that the net is up.
      else await (await start).dispose()
      await nothingLeft()
    }
    await expect(createDevnet({ signal: AbortSignal.abort('before') })).rejects.toBe('before')
  })
})

describe('a machine without the programs', () => {
  test('error: BITCOIND names something that is no Bitcoin node', async () => {
    vi.stubEnv('BITCOIND', '/bin/false')
    const failure = await createDevnet({ evm: false }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ _tag: 'BitcoindMissing', context: { received: '/bin/false' } })
    vi.stubEnv('BITCOIND', join(folder, 'nothing'))
    await expect(createDevnet({ evm: false })).rejects.toMatchObject({ _tag: 'BitcoindMissing' })
  })

  test('error: ANVIL names nothing that runs', async () => {
    vi.stubEnv('ANVIL', join(folder, 'nothing'))
    await expect(createDevnet({ bitcoin: false })).rejects.toMatchObject({ _tag: 'AnvilMissing' })
  })

  test('error: a platform that no build is fetched for is named', async () => {
    vi.stubEnv('BITCOIND', '')
    vi.stubEnv('PATH', folder)
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
    Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' })
    try {
      await expect(createDevnet({ evm: false })).rejects.toMatchObject({
        _tag: 'BitcoindMissing',
        message: expect.stringContaining(`not darwin-${process.arch}`),
        context: { platform: 'darwin', arch: process.arch },
      })
    } finally {
      Object.defineProperty(process, 'platform', platform)
    }
  })

  test('error: a machine without apt is told so', async () => {
    vi.stubEnv('BITCOIND', '')
    vi.stubEnv('PATH', folder)
    vi.stubEnv('XDG_CACHE_HOME', folder)
    await expect(createDevnet({ evm: false })).rejects.toMatchObject({
      _tag: 'PackagesUnavailable',
      context: { tool: 'apt-get' },
    })
  })

  test('bitcoind on PATH is taken before it is fetched', async () => {
    script('bitcoind', 'echo "Bitcoin from PATH"; [ "$1" = --version ] || exit 7')
    vi.stubEnv('BITCOIND', '')
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
    const steps: string[] = []
    await expect(createDevnet({ evm: false, onProgress: (step) => steps.push(step) })).rejects.toMatchObject({
      _tag: 'NodeNotStarted',
    })
    expect(steps).toEqual(['starting Bitcoin from PATH'])
  })
})
