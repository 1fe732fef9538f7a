import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, vi } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const WAIT_MS = 15_000
const tmpdirBefore = tmpdir()

/** A folder for temporary files of one test alone: whoever has it in his arguments was started by that test. */
export let folder: string

/** Makes it for each test of the file that calls this: files share this module, and hooks belong to the file that sets them. */
export function inFolders(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lifecycle-'))
    vi.stubEnv('TMPDIR', folder)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })
}

/** Command lines of the processes that were started for this test, as the kernel has them. */
export function processes(): readonly { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command.includes(join(folder, 'aitbc-devnet-')) ? [{ pid: Number(name), command }] : []
      } catch {
        return []
      }
    })
}

export async function nothingLeft(): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while ((processes().length > 0 || readdirSync(folder).length > 0) && performance.now() < deadline)
    await delay(10)
  expect(processes()).toEqual([])
  expect(readdirSync(folder)).toEqual([])
}

/** The ports on which this process listens. */
export function listening(): readonly number[] {
  const sockets = new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && sockets.has(fields[9] as string))
    .map((fields) => Number.parseInt((fields[1] as string).split(':')[1] as string, 16))
}

export function expectNodes(): void {
  const commands = processes().map(({ command }) => command)
  expect(commands.some((command) => / -regtest /.test(command))).toBe(true)
  expect(commands.some((command) => / --chain-id=31337 /.test(command))).toBe(true)
}

/** Starts a process that owns a devnet, and waits until its nodes run. */
export async function owner(how: string, options: object = {}): Promise<ReturnType<typeof spawn>> {
  const args = [join(here, 'fixtures/owner.ts'), how, folder, JSON.stringify(options)]
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: tmpdirBefore, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('up\n')) resolve()
    })
    child.once('exit', (code, signal) =>
      output.includes('up\n') || how === 'while it starts'
        ? resolve()
        : reject(new Error(`ended with ${code ?? signal}: ${output}`)),
    )
  })
  return child
}

export const ended = async (child: ReturnType<typeof spawn>): Promise<string | number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.signalCode ?? child.exitCode
}

export function script(name: string, body: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

export function parentOf(pid: number): number {
  const path = `/proc/${pid}/stat`
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split(') ')[1]?.split(' ')[1]) : 0
}
