import { advance, createDevnet } from '@aitbc/devnet'
import { describe, expect, test } from 'vitest'
import { ended, expectNodes, inFolders, listening, nothingLeft, owner } from './lifecycle.js'

inFolders()

// The other ways in which an owner ends; lifecycle.node.test.ts has those that differ most.
describe.runIf(process.platform === 'linux')('nothing is left running', () => {
  test.each([
    ['throws', 1],
    ['exits', 0],
  ])('when the owner %s', async (how, code) => {
    const child = await owner(how)
    expect(await ended(child)).toBe(code)
    await nothingLeft()
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('when the owner gets %s', async (signal) => {
    const child = await owner('idles')
    expectNodes()
    child.kill(signal)
    expect(await ended(child)).toBe(signal)
    await nothingLeft()
  })

  const all = { solana: true, cosmos: true, polkadot: true } as const
  test.each([
    ['returns', 0],
    ['rejects', 1],
  ])('of five chains, when the owner %s', async (how, code) => {
    expect(await ended(await owner(how, all))).toBe(code)
    await nothingLeft()
  })

  test('of five chains, when the owner gets SIGTERM, and after dispose', async () => {
    const child = await owner('idles', all)
    expectNodes()
    child.kill('SIGTERM')
    expect(await ended(child)).toBe('SIGTERM')
    await nothingLeft()

    const before = listening()
    const devnet = await createDevnet({ ...all, startTime: 2_000_000_000n })
    expect(await devnet.polkadot.time()).toBeGreaterThanOrEqual(2_000_000_000_000n)
    expect(await advance(devnet, 3600n)).toBeGreaterThanOrEqual(2_000_003_600n)
    expect(await devnet.polkadot.time()).toBeGreaterThanOrEqual(2_000_003_600_000n)
    expect(listening().length).toBeGreaterThanOrEqual(before.length + 4)
    await Promise.all([devnet.dispose(), devnet.dispose()])
    expect(listening()).toEqual(before)
    await nothingLeft()
  })

  test('of a Substrate runtime that doesn’t start: the others are stopped', async () => {
    const before = listening()
    const start = createDevnet({ ...all, polkadot: { chainSpec: '/nowhere.json' } })
    await expect(start).rejects.toMatchObject({ _tag: 'PolkadotSpecInvalid' })
    expect(listening()).toEqual(before)
    await nothingLeft()
  })

  test('after Ctrl-C, which the whole foreground group gets', async () => {
    const child = await owner('idles')
    process.kill(-(child.pid as number), 'SIGINT')
    expect(await ended(child)).toBe('SIGINT')
    await nothingLeft()
  })
})
