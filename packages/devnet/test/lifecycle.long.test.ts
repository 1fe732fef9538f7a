import { describe, expect, test } from 'vitest'
import { ended, expectNodes, nothingLeft, owner } from './lifecycle.js'

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

  test('after Ctrl-C, which the whole foreground group gets', async () => {
    const child = await owner('idles')
    process.kill(-(child.pid as number), 'SIGINT')
    expect(await ended(child)).toBe('SIGINT')
    await nothingLeft()
  })
})
