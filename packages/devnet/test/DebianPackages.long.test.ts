import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DebianPackages } from '@aitbc/devnet'
import { expect, test } from 'vitest'

const apt = existsSync('/usr/bin/apt-get') && existsSync('/usr/share/keyrings')

test.skipIf(!apt)(
  'default: two calls at once leave one whole folder whose program runs (needs apt)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'aitbc-debian-'))
    try {
      const into = join(folder, 'hello')
      const call = () => DebianPackages.unpack({ packages: ['hello'], suite: 'trixie', into })
      const [first, second] = await Promise.all([call(), call()])
      expect(second).toEqual(first)
      expect(await readdir(folder)).toEqual(['hello'])
      expect(first.packages.some((name) => name.startsWith('libc6_'))).toBe(true)
      const { loader, libraryPath, root } = first
      if (loader === undefined) throw new Error('no loader was unpacked')
      const said = execFileSync(loader, ['--library-path', libraryPath, join(root, 'usr/bin/hello')], {
        encoding: 'utf8',
        env: { LC_ALL: 'C' },
      })
      expect(said).toBe('Hello, world!\n')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

test.skipIf(!apt)('error: a package that is not there is named (needs apt)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aitbc-debian-'))
  try {
    const into = join(folder, 'x')
    const call = DebianPackages.unpack({ packages: ['no-such-package-anywhere'], suite: 'trixie', into })
    await expect(call).rejects.toMatchObject({
      _tag: 'PackagesUnavailable',
      message: expect.stringContaining('no-such-package-anywhere'),
    })
    expect(await readdir(folder)).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
