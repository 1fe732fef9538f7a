import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { locate } from '../src/internal/wasmd.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aitbc-wasmd-'))
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, 'bin', name)
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}
const env = (change: Readonly<Record<string, string>> = {}) => ({
  PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
  GOROOT: join(folder, 'nowhere'),
  HOME: folder,
  ...change,
})
const kept = () => readdir(join(folder, 'cache/aitbc')).catch(() => [])

test('WASMD names the program', async () => {
  const path = await program('mine', 'echo v9.9.9')
  expect(await locate({ env: env({ WASMD: path }) })).toEqual({
    ...{ command: path, version: 'v9.9.9', prefix: 'cosmos', source: 'WASMD' },
  })
  await expect(locate({ env: env({ WASMD: join(folder, 'none') }) })).rejects.toMatchObject({
    _tag: 'WasmdMissing',
    code: 6042,
  })
})

test('error: no Go here, or one that fails: the reason, and nothing is left behind', async () => {
  await expect(locate({ env: env({ PATH: join(folder, 'bin') }) })).rejects.toMatchObject({
    _tag: 'WasmdMissing',
    message: expect.stringContaining('Go is not on this machine'),
  })
  await program('go', 'echo "dial tcp: lookup proxy.golang.org: no such host" >&2; exit 1')
  await expect(locate({ env: env() })).rejects.toMatchObject({
    _tag: 'WasmdMissing',
    message: expect.stringContaining('no such host'),
  })
  expect(await kept()).toEqual([])
})

test('it is built once from Go modules, and kept with the library of its virtual machine', async () => {
  const library = join(folder, 'module/internal/api')
  await mkdir(library, { recursive: true })
  const name = `libwasmvm.${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so`
  await writeFile(join(library, name), 'library')
  const log = join(folder, 'asked')
  await program(
    'go',
    `
echo "$GOFLAGS $CGO_ENABLED $*" >> ${log}
case "$1" in
  list) echo ${join(folder, 'module')} ;;
  build)
    grep -q 'tool github.com/CosmWasm/wasmd/cmd/wasmd' go.mod || exit 1
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho v0.61.14\\n' > "$2"; chmod +x "$2" ;;
esac`,
  )
  const said: string[] = []
  const built = await locate({ env: env(), onProgress: (message) => said.push(message) })
  expect(built).toMatchObject({ version: 'v0.61.14', source: 'built' })
  expect(said.length).toBeGreaterThan(0)
  const names = await kept()
  expect(names.length).toBe(1)
  expect((await readdir(join(folder, 'cache/aitbc', names[0] as string))).sort()).toEqual([name, 'wasmd'])
  const asked = (await readFile(log, 'utf8')).trim().split('\n')
  expect(asked.length).toBe(3)
  for (const line of asked) expect(line).toMatch(/^-p=1 1 /)
  expect(await locate({ env: env() })).toEqual({ ...built, source: 'cache' })
  expect((await readFile(log, 'utf8')).trim().split('\n').length).toBe(3)
})

test('an abort ends the build, before it and within, and nothing is left behind', async () => {
  const reason = new Error('enough')
  const before = new AbortController()
  await program('go', `touch ${join(folder, 'ran')}; exec sleep 600`)
  const never = locate({ env: env(), signal: before.signal, onProgress: () => before.abort(reason) })
  await expect(never).rejects.toBe(reason)
  const within = new AbortController()
  const building = locate({ env: env(), signal: within.signal })
  building.catch(() => undefined)
  await vi.waitFor(() => access(join(folder, 'ran')), { timeout: 30_000 })
  within.abort(reason)
  await expect(building).rejects.toBe(reason)
  expect(await kept()).toEqual([])
})
