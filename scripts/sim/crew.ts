import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { Campaign, Crash } from '../../packages/devnet/src/world/index.js'
import { root } from '../workspace.js'

/** What a process of the crew is told to do. */
export type Order = { readonly byzantineRpc?: number } & (
  | {
      readonly do: 'run'
      readonly from: number
      readonly universes: number
      readonly twiceEvery: number
      readonly trace: boolean
    }
  | { readonly do: 'shrink'; readonly seed: string }
  | { readonly do: 'crash'; readonly scene: string; readonly twice: boolean; readonly all: boolean }
)

/** A universe in which something doesn't hold. */
export interface Failing {
  readonly seed: string
  readonly why: string
}

/** Sums as they go between processes and into files. */
export type Told = Omit<Campaign.Sums, 'lost'> & { readonly lost: string }

export type Answer =
  | { readonly is: 'ready' }
  | { readonly is: 'trace' | 'shrunk'; readonly lines: readonly string[] }
  | { readonly is: 'broken'; readonly why: string }
  | { readonly is: 'crashed'; readonly figures: Crash.Figures; readonly cpuSeconds: number }
  | {
      readonly is: 'done'
      readonly from: number
      readonly sums: Told
      readonly failing: readonly Failing[]
      /** All that the process has used so far. */
      readonly cpuSeconds: number
    }

/** The program of a process, and what tells it apart from that of other sources. */
export interface Program {
  readonly file: string
  readonly hash: string
}

/** Universes hash a great deal: here Node does. Each process compares it with the packages' own library before it begins. */
const NATIVE: Readonly<Record<string, string>> = {
  '@noble/hashes/sha2.js': `
    import { hash } from 'node:crypto'
    import { sha256 as own } from 'own:@noble/hashes/sha2.js'
    export * from 'own:@noble/hashes/sha2.js'
    // As text, of which no buffer outside of the heap is made.
    // What opens a hashlock is asked again and again: the last few of 32 bytes are known.
    const known = Array.from({ length: 4 }, () => ({ of: new Uint8Array(32), sum: own(new Uint8Array(32)) }))
    let oldest = 0
    const isOf = ({ of }, bytes) => {
      for (let i = 0; i < 32; i++) if (of[i] !== bytes[i]) return false
      return true
    }
    const fast = (bytes) => {
      if (!(bytes instanceof Uint8Array)) return own(bytes)
      if (bytes.length !== 32) return sumOf(bytes)
      for (const one of known) if (isOf(one, bytes)) return one.sum.slice()
      const one = { of: bytes.slice(), sum: sumOf(bytes) }
      known[oldest++ % known.length] = one
      return one.sum.slice()
    }
    const sumOf = (bytes) => {
      const text = hash('sha256', bytes, 'latin1')
      const out = new Uint8Array(32)
      for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i)
      return out
    }
    export const sha256 = Object.freeze(Object.assign(fast, own))
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 131 + length) & 255)
      if (String(sha256(bytes)) !== String(own(bytes))) throw new Error('this machine has another SHA-256')
    }
    for (let i = 0; i < 30; i++) {
      const bytes = new Uint8Array(32).fill(i % 7)
      for (let twice = 0; twice < 2; twice++)
        if (String(sha256(bytes)) !== String(own(bytes))) throw new Error('this machine remembers another SHA-256')
    }`,
  // What is derived for a record is long; for a few bytes the call costs more than it saves.
  '@noble/hashes/hkdf.js': `
    import { hash } from 'node:crypto'
    import { sha256 } from '@noble/hashes/sha2.js'
    import { sha256 as own256 } from 'own:@noble/hashes/sha2.js'
    import { expand as own, hkdf as extract } from 'own:@noble/hashes/hkdf.js'
    export * from 'own:@noble/hashes/hkdf.js'
    // HMAC of RFC 2104 over what came before, what it is for, and a count (RFC 5869, 2.3).
    const fast = (key, info, length) => {
      const out = new Uint8Array(32 * Math.ceil(length / 32))
      const inner = new Uint8Array(64 + 32 + info.length + 1).fill(0x36, 0, 64)
      const outer = new Uint8Array(64 + 32).fill(0x5c, 0, 64)
      for (let i = 0; i < key.length; i++) {
        inner[i] ^= key[i]
        outer[i] ^= key[i]
      }
      inner.set(info, 96)
      const first = Uint8Array.from([...inner.subarray(0, 64), ...info, 1])
      for (let at = 0; at < length; at += 32) {
        inner[inner.length - 1] = at / 32 + 1
        outer.set(hash('sha256', at === 0 ? first : inner, 'buffer'), 64)
        const block = hash('sha256', outer, 'buffer')
        out.set(block, at)
        inner.set(block, 64)
      }
      return out.slice(0, length)
    }
    export const expand = (algorithm, key, info, length) =>
      algorithm === sha256 && info !== undefined && key.length <= 64 && length > 96 && length <= 255 * 32
        ? fast(key, info, length)
        : own(algorithm, key, info, length)
    // The keys of a few parties serve all universes: what is derived from them is the same again and again.
    const text = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice()
    const derived = new Map()
    export const hkdf = (algorithm, key, salt, info, length) => {
      if (algorithm !== sha256 || salt !== undefined || info === undefined) return extract(algorithm, key, salt, info, length)
      const name = length + '/' + key.length + '/' + text(key) + text(info)
      let known = derived.get(name)
      if (known === undefined) {
        known = extract(algorithm, key, salt, info, length)
        if (derived.size >= 10_000) derived.clear()
        derived.set(name, known)
      }
      return known.slice()
    }
    for (let length = 32; length < 400; length += 33) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 131 + length) & 255)
      const key = bytes.subarray(0, 32 + (length % 33))
      if (String(fast(key, bytes, length)) !== String(own(sha256, key, bytes, length)))
        throw new Error('this machine has another HKDF')
      for (let twice = 0; twice < 2; twice++)
        if (String(hkdf(sha256, key, undefined, bytes, 32)) !== String(extract(own256, key, undefined, bytes, 32)))
          throw new Error('this machine remembers another HKDF')
    }`,
}

const native: Plugin = {
  name: 'native',
  setup({ onResolve, onLoad, resolve }) {
    const from = join(root, 'packages/core')
    onResolve({ filter: /^own:/ }, ({ path, kind }) =>
      resolve(path.slice(4), { resolveDir: from, kind, pluginData: 'own' }),
    )
    onResolve({ filter: /^@noble\/hashes\/(sha2|hkdf)\.js$/ }, ({ path, pluginData }) =>
      pluginData === 'own' ? undefined : { path, namespace: 'native' },
    )
    onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => ({
      contents: NATIVE[path] as string,
      resolveDir: from,
    }))
  },
}

/** Bundles what a process runs: figures are of exactly this text. */
export async function program(): Promise<Program> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'scripts/sim/run.ts')],
    tsconfig: join(root, 'tsconfig.base.json'),
    ...{
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      legalComments: 'none',
      // What is spread out of a literal is written in its place, which costs the engine less.
      minifySyntax: true,
    },
    plugins: [native],
    absWorkingDir: root,
    logLevel: 'error',
  })
  const text = outputFiles[0]?.text ?? ''
  const hash = createHash('sha256').update(text).digest('hex')
  const folder = join(root, '.cache/sim')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${hash.slice(0, 16)}.mjs`)
  writeFileSync(file, text)
  return { file, hash }
}

/** One process, which does one order after the other. */
export interface Member {
  /** Resolves to the last word on an order; `lines` hears what comes before. */
  carryOut(order: Order, lines?: (lines: readonly string[]) => void): Promise<Answer>
  /** Processor time that it has used, as far as it said. */
  readonly cpuSeconds: () => number
  end(): void
}

/**
 * Starts a process. Universes leave much garbage that is dead at once: a wide nursery keeps it from being copied, a heap that has room
 * from the beginning is seldom searched as a whole, and what is freed on the same thread is at hand for what is allocated next (where
 * the C library is GNU's, with as much room for it as here).
 */
export async function hire({ file }: Program): Promise<Member> {
  const child: ChildProcess = fork(file, [], {
    execArgv: [
      '--initial-heap-size=256',
      '--max-semi-space-size=32',
      '--single-threaded-gc',
      '--stack-trace-limit=0',
    ],
    env: { ...process.env, GLIBC_TUNABLES: 'glibc.malloc.tcache_count=30000:glibc.malloc.tcache_max=4096' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let cpu = 0
  let waiting:
    | {
        resolve: (answer: Answer) => void
        reject: (error: Error) => void
        lines?: (l: readonly string[]) => void
      }
    | undefined
  const next = (lines?: (l: readonly string[]) => void) =>
    new Promise<Answer>((resolve, reject) => {
      waiting = { resolve, reject, ...(lines === undefined ? {} : { lines }) }
    })
  child.on('message', (answer: Answer) => {
    if (answer.is === 'done' || answer.is === 'crashed') cpu = answer.cpuSeconds
    if (answer.is === 'trace') return waiting?.lines?.(answer.lines)
    const { resolve, reject } = waiting ?? {}
    waiting = undefined
    if (answer.is === 'broken') reject?.(new Error(answer.why))
    else resolve?.(answer)
  })
  child.on('exit', (code, signal) =>
    waiting?.reject(new Error(`a process of the simulator ended with ${code ?? signal}`)),
  )
  await next()
  return {
    carryOut(order, lines) {
      const answer = next(lines)
      child.send(order)
      return answer
    },
    cpuSeconds: () => cpu,
    end: () => child.disconnect(),
  }
}

/** Sums as they go between processes and into files. */
export function toldOf(sums: Campaign.Sums): Told {
  return { ...sums, lost: String(sums.lost) }
}

/** Sums that came from a process, or out of a file. */
export function sumsOf(told: Told): Campaign.Sums {
  return { ...told, lost: BigInt(told.lost) }
}
