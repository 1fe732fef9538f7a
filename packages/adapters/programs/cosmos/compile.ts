import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const here = dirname(fileURLToPath(import.meta.url))

/** The contracts: the committed one, and those that tests need. */
export const SOURCES = ['htlc', 'test-tokens/cw20', 'test-tokens/hostile'] as const

/** No traps but `unreachable`, nothing of newer WebAssembly that nodes refuse; nothing names this machine. */
const FLAGS = [
  ...['--runtime', 'stub', '--use', 'abort=', '--disable', 'bulk-memory', '--disable', 'nontrapping-f2i'],
  ...['-O3', '--shrinkLevel', '2', '--converge', '--noColors'],
]

/** One contract, by its source's name: the same bytes wherever this version of AssemblyScript is. */
export async function compileOne(name: string): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', 'out.wasm', ...FLAGS], {
    // The compiler knows sources by `.ts`; this language is another one, so they are kept as `.as`.
    readFile: (file) => readFile(join(here, file.replace(/\.ts$/, '.as')), 'utf8').catch(() => null),
    writeFile: (_file, contents) => {
      if (typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
  })
  if (error !== null || wasm === undefined) throw new Error(`${name} does not compile:\n${stderr.toString()}`)
  return wasm
}

/** The contracts, by their file names. */
export async function compile(): Promise<Readonly<Record<string, Uint8Array>>> {
  const built: Record<string, Uint8Array> = {}
  for (const name of SOURCES) built[`${name}.wasm`] = await compileOne(name)
  return built
}
