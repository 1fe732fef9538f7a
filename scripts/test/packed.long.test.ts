import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Bundle,
  bundleWithEsbuild,
  bundleWithVite,
  ensureBuilt,
  install,
  installed,
  run,
  type Tarballs,
  typeProblems,
} from '../packed.js'
import { pack } from '../pnpm.js'
import { packages, root } from '../workspace.js'

/** A program of a wallet that uses one family. */
interface Consumer {
  /** Chain libraries that it installs. */
  readonly libraries: readonly string[]
  readonly source: string
  /** What it prints, as JSON. */
  readonly prints: unknown
}

const KEY = 'new Uint8Array(32).fill(1)'

/** An adapter that is asked something over a transport without a network, and an account of a key. */
const asking = (imports: string, adapter: string, network: string) => `
import { isAitbcError } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
${imports}
const { account } = createKeySigner({ network: networks.${network}, privateKey: ${KEY} })
const adapter = ${adapter}
const tip = await adapter.tip().then(({ value }) => value.height, (error: unknown) => isAitbcError(error) ? error._tag : error)
console.log(JSON.stringify({ account, tip }))
`

const consumers: Readonly<Record<string, Consumer>> = {
  bitcoin: {
    libraries: ['@scure/btc-signer'],
    source: asking(
      "import { createBitcoinAdapter, createCoreBackend, createKeySigner } from '@aitbc/adapters/bitcoin'",
      'createBitcoinAdapter({ network: networks.bitcoin, backend: createCoreBackend({ rpc: { name: "none", assurance: "reported", request: async () => 7 } }) })',
      'bitcoin',
    ),
    prints: {
      account: 'bip122:000000000019d6689c085ae165831e93:bc1q0xcqpzrky6eff2g52qdye53xkk9jxkvrh6yhyw',
      tip: 'InvalidAnswer',
    },
  },
  evm: {
    libraries: ['viem'],
    source: asking(
      "import { createEvmAdapter, createKeySigner } from '@aitbc/adapters/evm'",
      'createEvmAdapter({ network: networks.ethereum, transport: { request: async () => 7 } })',
      'ethereum',
    ),
    prints: { account: 'eip155:1:0x1a642f0e3c3af545e7acbd38b07251b3990914f1', tip: 'RpcMalformed' },
  },
  solana: {
    libraries: ['@solana/kit'],
    source: asking(
      "import { createKeySigner, createSolanaAdapter } from '@aitbc/adapters/solana'",
      "createSolanaAdapter({ network: networks.solana, rpc: { request: async () => 'x' }, program: '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM' })",
      'solana',
    ),
    prints: {
      account: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:AKnL4NNf3DGWZJS6cPknBuEGnVsV4A4m5tgebLHaRSZ9',
      tip: 'RpcMalformed',
    },
  },
  'solana/web3js': {
    libraries: ['@solana/kit', '@solana/web3.js'],
    source: asking(
      `import { createConnectionAdapter, createKeypairSigner } from '@aitbc/adapters/solana/web3js'
import { Connection, Keypair } from '@solana/web3.js'
const createKeySigner = ({ network, privateKey }: { network: typeof networks.solana; privateKey: Uint8Array }) =>
  createKeypairSigner(Keypair.fromSeed(privateKey), { network })
const connection = new Connection('http://localhost:1', {
  fetch: async () => new Response('{"jsonrpc":"2.0","id":"1","result":"x"}'),
})`,
      "createConnectionAdapter({ network: networks.solana, connection, program: '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM' })",
      'solana',
    ),
    prints: {
      account: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:AKnL4NNf3DGWZJS6cPknBuEGnVsV4A4m5tgebLHaRSZ9',
      tip: 'RpcMalformed',
    },
  },
  cosmos: {
    libraries: ['@cosmjs/proto-signing', 'cosmjs-types'],
    source: asking(
      "import { createCosmosAdapter, createKeySigner } from '@aitbc/adapters/cosmos'",
      "createCosmosAdapter({ network: networks.cosmosHub, transport: { request: async () => 7 }, htlc: 'cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq0fr2sh' })",
      'cosmosHub',
    ),
    prints: {
      account: 'cosmos:cosmoshub-4:cosmos10xcqpzrky6eff2g52qdye53xkk9jxkvrpq6uqr',
      tip: 'RpcMalformed',
    },
  },
  polkadot: {
    libraries: ['@polkadot/api'],
    source: asking(
      `import { createKeySigner, createPolkadotAdapter } from '@aitbc/adapters/polkadot'
import { ApiPromise } from '@polkadot/api'
const provider = {
  hasSubscriptions: false,
  isClonable: false,
  isConnected: false,
  clone: () => provider,
  connect: async () => {},
  disconnect: async () => {},
  on: () => () => {},
  send: async () => 7 as never,
  subscribe: async () => 1,
  unsubscribe: async () => true,
}
const api = new ApiPromise({ provider, noInitWarn: true })`,
      'createPolkadotAdapter({ network: networks.polkadotHub, api })',
      'polkadotHub',
    ),
    prints: {
      account: 'polkadot:68d56f15f85d3136970ec16946040bc1:148eGqBKBSbTrKnGQka9tNNFoycLLa6ZPddFbtfJNczsBQPj',
      tip: 'RpcMalformed',
    },
  },
}

/** Chain libraries of each family: packages, or scopes. */
const families = {
  bitcoin: ['@scure/btc-signer', 'bitcoinjs-lib'],
  evm: ['viem', 'ox', 'abitype', 'ethers'],
  solana: ['@solana/'],
  cosmos: ['@cosmjs/', 'cosmjs-types'],
  polkadot: ['@polkadot/', '@polkadot-api/'],
} as const

const familiesOf = (names: readonly string[]) =>
  Object.entries(families)
    .filter(([, libraries]) =>
      names.some((name) =>
        libraries.some((library) => (library.endsWith('/') ? name.startsWith(library) : name === library)),
      ),
    )
    .map(([family]) => family)

/** A package that asks for a module of Node's, and itself says that browsers go without it. */
const GOES_WITHOUT = ['bn.js: buffer']

let folder = ''
let tarballs: Tarballs = {}

beforeAll(() => {
  ensureBuilt()
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'aitbc-packed-')))
  tarballs = Object.fromEntries(packages().map((one) => [one.name, pack(one, folder)]))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** An empty project with some of our packages, chain libraries as the tests have them, and programs. */
function project(
  name: string,
  options: {
    readonly packages: readonly string[]
    readonly libraries: readonly string[]
    readonly programs: Readonly<Record<string, string>>
  },
): string {
  const at = join(folder, name.replace('/', '-'))
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'packages/adapters/package.json'), 'utf8'))
  const dependencies = [
    ...options.packages.map((it) => [it, `file:${tarballs[it]}`] as const),
    ...options.libraries.map((it) => [it, devDependencies[it]] as const),
  ]
  install(at, { tarballs, dependencies: Object.fromEntries(dependencies) })
  for (const [file, source] of Object.entries(options.programs)) writeFileSync(join(at, file), source)
  return at
}

async function bundles(at: string, program: string): Promise<Readonly<Record<'esbuild' | 'vite', Bundle>>> {
  return { esbuild: await bundleWithEsbuild(at, program), vite: await bundleWithVite(at, program) }
}

const budgets: Readonly<Record<string, Readonly<Record<'esbuild' | 'vite', number>>>> = JSON.parse(
  readFileSync(join(root, 'size-budgets.json'), 'utf8'),
).packed

describe.each(Object.entries(consumers))('a wallet of %s', (name, { libraries, source, prints }) => {
  const family = name.split('/')[0] as string
  let at = ''

  test('default: installs the chain library of its family alone', () => {
    at = project(name, {
      packages: ['@aitbc/core', '@aitbc/adapters'],
      libraries,
      programs: { 'program.ts': source },
    })
    expect(familiesOf(installed(at))).toEqual([family])
  })

  test('behavior: bundles that library alone, no module of Node’s, within its size, and runs', async () => {
    for (const [bundler, bundle] of Object.entries(await bundles(at, 'program.ts'))) {
      console.log(`${name} by ${bundler}: ${bundle.gzip} bytes`)
      expect(familiesOf(bundle.packages), bundler).toEqual([family])
      expect(
        bundle.builtins.filter((it) => !GOES_WITHOUT.includes(it)),
        bundler,
      ).toEqual([])
      expect(bundle.gzip, bundler).toBeLessThanOrEqual(budgets[name]?.[bundler as 'esbuild' | 'vite'] ?? 0)
      expect(JSON.parse(run(bundle.file)), bundler).toEqual(prints)
    }
  })

  test('behavior: its types resolve as bundlers and as Node do it', () => {
    expect(typeProblems(at, 'program.ts', 'bundler')).toEqual([])
    expect(typeProblems(at, 'program.ts', 'node16')).toEqual([])
  })
})

test('behavior: a service that verifies, swaps and discovers installs and bundles no chain library', async () => {
  const own = ['@aitbc/core', '@aitbc/proofs', '@aitbc/swap', '@aitbc/ai-registry']
  const at = project('service', {
    packages: own,
    libraries: [],
    programs: {
      'program.ts': `${own.map((it, i) => `import * as own${i} from '${it}'`).join('\n')}
console.log(JSON.stringify([${own.map((_, i) => `Object.keys(own${i}).length > 0`).join()}]))`,
    },
  })
  expect(familiesOf(installed(at))).toEqual([])
  for (const bundle of Object.values(await bundles(at, 'program.ts'))) {
    expect(bundle.packages).toEqual(expect.arrayContaining(own))
    expect(familiesOf(bundle.packages)).toEqual([])
    expect(bundle.builtins).toEqual([])
    expect(JSON.parse(run(bundle.file))).toEqual([true, true, true, true])
  }
  expect(typeProblems(at, 'program.ts', 'node16')).toEqual([])
})

describe('controls', () => {
  let at = ''
  beforeAll(() => {
    const use = (name: string) =>
      `import * as family from '@aitbc/adapters/${name}'\nconsole.log(typeof family)\n`
    at = project('controls', {
      packages: ['@aitbc/core', '@aitbc/adapters'],
      libraries: ['@scure/btc-signer', 'viem'],
      programs: {
        'two.ts': "import './one.js'\nexport * from '@aitbc/adapters/bitcoin'\n",
        'one.ts': "export * from '@aitbc/adapters/evm'\n",
        'missing.ts': use('solana'),
        'node.ts': "import { readFileSync } from 'node:fs'\nconsole.log(readFileSync)\n",
        'wrong.ts':
          "import { createEvmAdapter } from '@aitbc/adapters/evm'\ncreateEvmAdapter({ network: 7 })\n",
      },
    })
  })

  test('behavior: a program of two families shows both', async () => {
    expect(familiesOf(installed(at))).toEqual(['bitcoin', 'evm'])
    for (const bundle of Object.values(await bundles(at, 'two.ts')))
      expect(familiesOf(bundle.packages)).toEqual(['bitcoin', 'evm'])
  })

  test('error: a family whose library is not installed, and a module of Node’s', async () => {
    await expect(bundleWithEsbuild(at, 'missing.ts')).rejects.toThrow('@solana/kit')
    await expect(bundleWithVite(at, 'missing.ts')).rejects.toThrow('@solana/kit')
    expect(typeProblems(at, 'missing.ts', 'bundler').join()).toContain('@solana/kit')
    await expect(bundleWithEsbuild(at, 'node.ts')).rejects.toThrow('node:fs')
    // vite puts something empty in its place, and goes on.
    expect((await bundleWithVite(at, 'node.ts')).builtins).toEqual([': node:fs'])
  })

  test('error: a wrong argument is a complaint of the types', () => {
    expect(typeProblems(at, 'wrong.ts', 'node16').join()).toContain('wrong.ts:2')
  })
})
