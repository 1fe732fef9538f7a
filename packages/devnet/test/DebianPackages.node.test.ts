import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DebianPackages } from '@aitbc/devnet'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aitbc-debian-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const request = { packages: ['hello'], suite: 'trixie' } as const
const manifest = (suite: string) =>
  JSON.stringify({ request: JSON.stringify([suite, 'hello']), packages: ['hello_2.10-5_amd64'] })

describe('default', () => {
  test('what was unpacked before for the same request is used as it is', async () => {
    const into = join(folder, 'there')
    const lib = join(into, 'root/usr/lib/x86_64-linux-gnu')
    await mkdir(join(lib, 'pulseaudio'), { recursive: true })
    await mkdir(join(lib, 'gconv'))
    await writeFile(join(lib, 'libc.so.6'), '')
    await writeFile(join(lib, 'ld-linux-x86-64.so.2'), '')
    await writeFile(join(lib, 'pulseaudio/libpulsecommon-17.0.so'), '')
    await writeFile(join(lib, 'gconv/libCNS.so'), '')
    await writeFile(join(into, 'unpacked.json'), manifest('trixie'))
    vi.stubEnv('PATH', '')
    expect(await DebianPackages.unpack({ ...request, into })).toEqual({
      root: join(into, 'root'),
      libraryPath: `${lib}:${join(lib, 'pulseaudio')}`,
      loader: join(lib, 'ld-linux-x86-64.so.2'),
      packages: ['hello_2.10-5_amd64'],
    })
  })

  test('the cache folder follows XDG_CACHE_HOME', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/somewhere')
    expect(DebianPackages.cacheFolder()).toBe('/somewhere/aitbc')
    vi.stubEnv('XDG_CACHE_HOME', '')
    vi.stubEnv('HOME', '/home/me')
    expect(DebianPackages.cacheFolder()).toBe('/home/me/.cache/aitbc')
  })
})

describe('error', () => {
  test('a machine without apt is told so, and nothing is left behind', async () => {
    vi.stubEnv('PATH', folder)
    await expect(DebianPackages.unpack({ ...request, into: join(folder, 'x') })).rejects.toMatchObject({
      _tag: 'PackagesUnavailable',
      message: expect.stringContaining('apt-get is not on this machine'),
    })
    expect(await readdir(folder)).toEqual([])
  })

  test('another request in the same folder is not mistaken for this one', async () => {
    const into = join(folder, 'x')
    await mkdir(into)
    await writeFile(join(into, 'unpacked.json'), manifest('sid'))
    vi.stubEnv('PATH', folder)
    await expect(DebianPackages.unpack({ ...request, into })).rejects.toMatchObject({
      _tag: 'PackagesUnavailable',
    })
    expect(await readdir(folder)).toEqual(['x'])
  })

  test('an aborted call rejects with the reason of the signal', async () => {
    const reason = new Error('no longer wanted')
    const into = join(folder, 'x')
    await expect(DebianPackages.unpack({ ...request, into, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(await readdir(folder)).toEqual([])
  })

  test('waiting for another process ends with the signal, and its lock stays', async () => {
    const into = join(folder, 'x')
    await mkdir(`${into}.lock`)
    await writeFile(join(`${into}.lock`, 'pid'), String(process.pid))
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const done = DebianPackages.unpack({
      ...request,
      into,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 'wait') controller.abort(reason)
      },
    })
    await expect(done).rejects.toBe(reason)
    expect(await readdir(folder)).toEqual(['x.lock'])
  })

  test('the lock of a process that is gone is taken over', async () => {
    const into = join(folder, 'x')
    await mkdir(`${into}.lock`)
    await writeFile(join(`${into}.lock`, 'pid'), String(2 ** 22 + 1))
    vi.stubEnv('PATH', folder)
    await expect(DebianPackages.unpack({ ...request, into })).rejects.toMatchObject({
      _tag: 'PackagesUnavailable',
    })
    expect(await readdir(folder)).toEqual([])
  })
})
