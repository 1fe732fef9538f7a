import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { asked } from '../options.js'
import { root } from '../workspace.js'

const of = (...args: string[]) => asked(['seeds', 'pair'], ['resume'], args)

describe('options', () => {
  test('default: values, whole numbers and flags, in any order, behind the dashes of pnpm', () => {
    const all = of('--', '--resume', '--seeds', '7', '--pair', 'a/b')
    expect([all.value('pair'), all.whole('seeds', 1), all.has('resume')]).toEqual(['a/b', 7, true])
    const none = of()
    expect([none.value('pair'), none.whole('seeds', 100), none.has('resume')]).toEqual([
      undefined,
      100,
      false,
    ])
  })

  test('error: what is misspelt, forgotten, there twice or out of range is no run of something else', () => {
    expect(() => of('--seed', '7')).toThrow(
      '--seed is no option: there are --seeds <value>, --pair <value>, --resume',
    )
    expect(() => of('7')).toThrow('7 is no option')
    expect(() => of('--seeds')).toThrow('--seeds has no value')
    expect(() => of('--seeds', '--resume')).toThrow('--seeds has no value')
    expect(() => of('--seeds', '1', '--seeds', '2')).toThrow('--seeds is there twice')
    for (const value of ['x', '', '1.5', '-1', '1e99', 'Infinity'])
      expect(() => of('--seeds', value).whole('seeds', 1, 0, 1000)).toThrow(
        '--seeds is a whole number from 0 to 1000',
      )
  })

  test('error: check refuses an option that there is not before its first step, and takes the one that .ci/run gives', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'scripts/check.ts', '--', '--keep-going', '--bogus'],
      { cwd: root, encoding: 'utf8', timeout: 60_000 },
    )
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('--bogus is no option: there are --keep-going')
  }, 90_000)
})
