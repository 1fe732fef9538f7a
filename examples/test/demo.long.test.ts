import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { scenes } from '../src/swap/scenarios.js'

const DEMO = fileURLToPath(new URL('../src/demo.ts', import.meta.url))

function start(...flags: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', DEMO, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let errors = ''
  const readers = new Set<() => void>()
  child.stdout.on('data', (chunk) => {
    out += chunk
    for (const read of readers) read()
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const read = () => {
        if (!out.includes(text)) return
        readers.delete(read)
        resolve()
      }
      readers.add(read)
      void ended.then(() => reject(new Error(`the demo ended without printing ${text}: ${errors}`)))
      read()
    })
  return { child, ended, printed, text: () => out, errors: () => errors }
}

function descendants(child: ChildProcess): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number) as [number, number])
  const found: number[] = []
  const visit = (parent: number) => {
    for (const [pid, ppid] of rows)
      if (ppid === parent) {
        found.push(pid)
        visit(pid)
      }
  }
  visit(child.pid as number)
  return found
}

/** Runs still; what has ended and only waits for its parent to notice (a zombie) doesn't. */
const isAlive = (pid: number): boolean => {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

test('default: every scene on real nodes, each balance right to the last unit, one JSON line an event', async () => {
  const demo = start('--json')
  expect(await demo.ended, demo.errors() + demo.text().slice(-2000)).toBe(0)
  const lines = demo
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.at(-1)).toMatchObject({ scenes: scenes.length, mismatches: 0, pass: true })
  const outcomes = lines.filter((line) => line.is === 'finished').map((line) => line.outcome)
  expect(outcomes).toHaveLength(2 * scenes.length)
  expect(outcomes.filter((outcome) => outcome === 'no-deal')).toHaveLength(2)
  expect(outcomes).not.toContain('underwater')
})

test('behavior: nothing is left running after an interrupt in the middle of a swap', async () => {
  const demo = start('1')
  await demo.printed('on the long leg: ')
  const children = descendants(demo.child)
  expect(children.length).toBeGreaterThan(3)
  demo.child.kill('SIGINT')
  expect(await demo.ended).toBe(130)
  expect(demo.errors()).toContain('nothing is left running')
  // What ends with its parent's pipe may need a moment more; each look at the processes takes one, and the looks are bounded.
  let left = children.filter(isAlive)
  for (let looks = 0; left.length > 0 && looks < 2000; looks++) left = left.filter(isAlive)
  expect(left).toEqual([])
})

test('error: an unknown flag is named, and nothing starts', async () => {
  const demo = start('--josn')
  expect(await demo.ended).toBe(2)
  expect(demo.errors()).toContain('josn')
})
