import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compile } from '../../programs/solana/compile.js'
import { link, murmur3 } from '../../programs/solana/link.js'

const folder = join(import.meta.dirname, '../../programs/solana')
const clang = process.env.CLANG ?? 'clang-19'
const compiler = (() => {
  try {
    return execFileSync(clang, ['--version'], { encoding: 'utf8' }).includes('version 19.')
  } catch {
    return false
  }
})()

test('the hash by which syscalls are called', () => {
  // The key of `sol_log_` in the runtime's registry.
  expect(murmur3('sol_log_')).toBe(0x207559bd)
  expect(murmur3('abort')).toBe(0xb6fc1a11)
})

test('error: what is no object', () => {
  expect(() => link(new Uint8Array(64), 0)).toThrow(/no BPF object/)
})

describe.skipIf(!compiler)(`with ${clang}${compiler ? '' : ', which is not here'}`, () => {
  test('the committed programs are what the source gives, byte for byte', async () => {
    for (const [name, bytes] of Object.entries(await compile()))
      expect(Buffer.from(bytes).equals(readFileSync(join(folder, name)))).toBe(true)
  })

  test('error: what the machine would not run as it is meant', () => {
    const made = mkdtempSync(join(tmpdir(), 'aitbc-link-'))
    const linked = (source: string, ...flags: string[]) => {
      writeFileSync(join(made, 'a.c'), source)
      const options = ['-target', 'bpf', '-O2', '-ffreestanding', '-fno-builtin', '-nostdinc', ...flags]
      execFileSync(clang, [...options, '-c', join(made, 'a.c'), '-o', join(made, 'a.o')], { stdio: 'ignore' })
      return () => link(readFileSync(join(made, 'a.o')), 3)
    }
    try {
      const entry = 'unsigned long entrypoint(unsigned char *in)'
      expect(linked(`${entry} { return in[0]; }`, '-mcpu=v2')().syscalls).toEqual([])
      expect(linked(`extern long sol_panic_(void); ${entry} { return sol_panic_(); }`, '-mcpu=v2')).toThrow(
        /may not call sol_panic_/,
      )
      expect(linked(`static long n; ${entry} { return n++; }`, '-mcpu=v2')).toThrow(/variables of its own/)
      expect(linked('unsigned long other(void) { return 0; }', '-mcpu=v2')).toThrow(/no entrypoint/)
      expect(linked(`${entry} { return *(unsigned *)in * 3u; }`, '-mcpu=v3')).toThrow(/-mcpu=v2/)
    } finally {
      rmSync(made, { recursive: true })
    }
  })
})
