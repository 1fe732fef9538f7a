import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

interface Compiler {
  version(): string
  compile(input: string): string
}

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: {
    readonly 'TestToken.sol': {
      readonly TestToken: {
        readonly abi: unknown
        readonly evm: { readonly bytecode: { readonly object: string } }
      }
    }
  }
}

/** The module that holds the compiled token: what `src/TestTokenArtifact.ts` must be. */
export async function artifactModule(): Promise<string> {
  const { default: solc } = (await import('solc')) as unknown as { readonly default: Compiler }
  const input = {
    language: 'Solidity',
    sources: { 'TestToken.sol': { content: readFileSync(join(here, 'TestToken.sol'), 'utf8') } },
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: 'none', appendCBOR: false },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as Output
  if (output.errors !== undefined && output.errors.length > 0)
    throw new Error(output.errors.map((problem) => problem.formattedMessage).join('\n'))
  const { abi, evm } = output.contracts['TestToken.sol'].TestToken
  return [
    '// Written by programs/build.ts from TestToken.sol: change the source, then run the script.',
    '',
    `/** Creation code of \`TestToken\` (solc ${solc.version()}). */`,
    '// biome-ignore format: one literal',
    `export const creation = '0x${evm.bytecode.object}'`,
    '',
    '/** ABI of `TestToken`. */',
    '// biome-ignore format: as the compiler gives it',
    `export const abi = ${JSON.stringify(abi)} as const`,
    '',
  ].join('\n')
}
