import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Abi, getContractAddress, type Hex, keccak256, pad } from 'viem'

const here = dirname(fileURLToPath(import.meta.url))

/** The compiler's settings; part of the artifact, because the bytes depend on each of them. */
export const settings = {
  // TLOAD, TSTORE, MCOPY and PUSH0 are on Ethereum, its rollups and in pallet-revive's interpreter (Polkadot Hub).
  evmVersion: 'cancun',
  viaIR: true,
  optimizer: { enabled: true, runs: 200 },
  // No metadata hash at the end of the code: the same source in another folder gives the same bytes.
  metadata: { bytecodeHash: 'none', appendCBOR: false },
} as const

/** One compiled contract. */
export interface Artifact {
  readonly contract: string
  readonly compiler: string
  readonly settings: typeof settings
  readonly storage: readonly { readonly label: string; readonly slot: string }[]
  readonly abi: Abi
  readonly creation: Hex
  readonly runtime: Hex
  /** keccak-256 of `runtime`: what EXTCODEHASH and an account's proof say. */
  readonly codeHash: Hex
}

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly abi: Abi
            readonly storageLayout?: {
              readonly storage: readonly { readonly label: string; readonly slot: string }[]
            }
            readonly evm: {
              readonly bytecode: { readonly object: string }
              readonly deployedBytecode: {
                readonly object: string
                readonly immutableReferences?: Readonly<Record<string, unknown>>
              }
            }
          }
        >
      >
    >
  >
}

/** Compiles Solidity files of this folder (paths relative to it) with the pinned compiler; warnings are errors. */
export async function compile(paths: readonly string[]): Promise<Readonly<Record<string, Artifact>>> {
  const { default: solc } = (await import('solc')) as unknown as {
    default: {
      version(): string
      compile(
        input: string,
        callbacks: { import(path: string): { contents: string } | { error: string } },
      ): string
    }
  }
  const read = (path: string) => readFileSync(join(here, path), 'utf8')
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(paths.map((path) => [path, { content: read(path) }])),
    settings: {
      ...settings,
      outputSelection: {
        '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode', 'storageLayout'] },
      },
    },
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import: (path) => {
        try {
          return { contents: read(path) }
        } catch (error) {
          return { error: String(error) }
        }
      },
    }),
  ) as Output
  const problems = (output.errors ?? []).filter((problem) => problem.severity !== 'info')
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.formattedMessage).join('\n'))
  const artifacts: Record<string, Artifact> = {}
  for (const contracts of Object.values(output.contracts ?? {}))
    for (const [contract, { abi, evm, storageLayout }] of Object.entries(contracts)) {
      if (Object.keys(evm.deployedBytecode.immutableReferences ?? {}).length > 0)
        throw new Error(`${contract} has immutables: its runtime code would have no one hash`)
      const runtime: Hex = `0x${evm.deployedBytecode.object}`
      artifacts[contract] = {
        contract,
        compiler: solc.version(),
        settings,
        storage: (storageLayout?.storage ?? []).map(({ label, slot }) => ({ label, slot })),
        abi,
        creation: `0x${evm.bytecode.object}`,
        runtime,
        codeHash: keccak256(runtime),
      }
    }
  return artifacts
}

/** Files that the build writes, by path relative to this folder. */
export async function build(): Promise<Readonly<Record<string, string>>> {
  const { Htlc, PlainToken } = await compile(['Htlc.sol', 'test-tokens/PlainToken.sol'])
  if (Htlc === undefined || PlainToken === undefined) throw new Error('the compiler left a contract out')
  return {
    'Htlc.json': `${JSON.stringify(Htlc, null, 2)}\n`,
    'test-tokens/PlainToken.json': `${JSON.stringify(PlainToken, null, 2)}\n`,
    '../../src/evm/HtlcArtifact.ts': module(Htlc),
    '../../src/evm/HtlcCreation.ts': creationModule(Htlc),
  }
}

/** What of the ABI the adapter speaks; the whole of it is in `Htlc.json`. */
const SPOKEN = ['lock', 'claim', 'refund', 'withdraw', 'credit', 'Locked', 'Claimed', 'Refunded']
/** The deployment proxy, and the salt it is given: see `HtlcDeployment`. */
const PROXY = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

const WRITTEN = '// Written by programs/evm/build.ts from Htlc.sol: change the source, then run the script.'

/** What deploying the contract takes, apart from what the adapter carries: most that is in it. */
function creationModule(artifact: Artifact): string {
  const lines = [
    WRITTEN,
    '',
    `/** Creation code of \`Htlc\` (${artifact.compiler}); it takes no argument. */`,
    '// biome-ignore format: one literal',
    `export const creation = '${artifact.creation}'`,
    '',
  ]
  return lines.join('\n')
}

/** The part of the artifact that the adapter carries, as a module whose unused constants a bundler drops. */
function module(artifact: Artifact): string {
  const abi = artifact.abi.filter((item) => 'name' in item && SPOKEN.includes(item.name))
  const address = getContractAddress({
    opcode: 'CREATE2',
    from: PROXY,
    salt: pad('0x', { size: 32 }),
    bytecode: artifact.creation,
  })
  const lines = [
    WRITTEN,
    '',
    '/** keccak-256 of the runtime code of `Htlc`: one constant on every chain. */',
    `export const codeHash = '${artifact.codeHash}'`,
    '',
    '/** Where the deployment proxy puts it, on every chain (EIP-1014). */',
    `export const address = '${address.toLowerCase()}'`,
    '',
    '/** What of the ABI of `Htlc` the adapter speaks. */',
    '// biome-ignore format: as the compiler gives it',
    `export const abi = ${JSON.stringify(abi, (key, value) => (key === 'internalType' ? undefined : value))} as const`,
    '',
  ]
  return lines.join('\n')
}
