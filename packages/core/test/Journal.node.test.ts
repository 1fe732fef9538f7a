import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal } from '@aitbc/core'
import { createFileStorage } from '@aitbc/core/storage/file'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'aitbc-journal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const worker = join(import.meta.dirname, 'storage/file-worker.ts')

/** Runs the worker until it has told so many sequences, kills it with SIGKILL; resolves to the last sequence it told. */
function killAfter(lines: number): Promise<bigint> {
  const child = spawn(process.execPath, ['--import', 'tsx', worker, folder, 'journal'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
    if (out.split('\n').length > lines) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_code, signal) => {
      const told = out.split('\n').slice(0, -1)
      if (signal !== 'SIGKILL') reject(new Error(`the worker ended by itself after ${told.length} entries`))
      else resolve(BigInt(told.at(-1) ?? '0'))
    })
  })
}

test('S15, H22: a process killed with SIGKILL loses nothing that it told, time after time', async () => {
  let before = 0n
  for (const lines of [1, 7, 20, 33, 50]) {
    const told = await killAfter(lines)
    expect(told).toBeGreaterThan(before)
    const journal = await Journal.open(createFileStorage({ folder }), { name: 'swap', kinds: ['event'] })
    const sequences = journal.entries.map((entry) => entry.sequence)
    const last = sequences.at(-1) as bigint
    expect(last).toBeGreaterThanOrEqual(told)
    expect(sequences).toEqual(sequences.map((_, i) => last - BigInt(sequences.length - 1 - i)))
    await journal.close()
    before = last
  }
}, 120_000)
