import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { link } from './link.js'

const here = dirname(fileURLToPath(import.meta.url))
const run = promisify(execFile)

/** Newer processors' instructions mean other things to Solana's machine; frames have 4,096 bytes there; nothing names this machine. */
const FLAGS = [
  ...['-target', 'bpf', '-mcpu=v2', '-O2', '-std=c11', '-ffreestanding', '-fno-builtin', '-nostdinc'],
  ...['-fno-ident', '-fno-addrsig', '-fno-jump-tables', '-Wall', '-Wextra', '-Werror'],
  ...['-mllvm', '-bpf-stack-size=4096'],
]

/** The programs, by their file names: the same bytes wherever clang 19 is (`CLANG` names it, by default `clang-19`). */
export async function compile(): Promise<Readonly<Record<string, Uint8Array>>> {
  const folder = await mkdtemp(join(tmpdir(), 'aitbc-sbf-'))
  try {
    const object = join(folder, 'htlc.o')
    await run(process.env.CLANG ?? 'clang-19', [...FLAGS, '-c', 'htlc.c', '-o', object], { cwd: here })
    const bytes = await readFile(object)
    return { 'htlc-v0.so': link(bytes, 0).elf, 'htlc-v3.so': link(bytes, 3).elf }
  } finally {
    await rm(folder, { recursive: true })
  }
}
