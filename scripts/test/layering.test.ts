import { describe, expect, test } from 'vitest'
import { violationsOf } from '../layering.js'

const manifest = {
  dependencies: [
    '@aitbc/core',
    '@aitbc/proofs',
    '@aitbc/swap',
    '@aitbc/adapters',
    '@noble/hashes',
    '@scure/btc-signer',
    '@solana/kit',
    'effect',
    'ethers',
    'viem',
  ],
}
const rules = (file: string, text: string) => violationsOf(file, text, manifest).map((v) => v.rule)

describe('default', () => {
  test.each([
    ['packages/proofs/src/index.ts', "import { ChainId } from '@aitbc/core'"],
    ['packages/proofs/src/bitcoin/Spv.ts', "import { prove } from '@aitbc/core/verifier'"],
    ['packages/swap/src/Runner.ts', "import * as Effect from 'effect/Effect'"],
    [
      'packages/adapters/src/evm/Htlc.ts',
      "import { parseAbi } from 'viem'\nimport type { Abi } from 'viem/actions'",
    ],
    ['packages/adapters/src/bitcoin/Htlc.ts', "import { Script } from '@scure/btc-signer/script.js'"],
    ['packages/core/src/storage/file.ts', "import { open } from 'node:fs/promises'\nBuffer.from('')"],
    ['packages/devnet/src/index.ts', "import { spawn } from 'child_process'\nprocess.pid"],
    ['packages/adapters/test/evm/Htlc.node.test.ts', "import { readFileSync } from 'node:fs'"],
    ['packages/swap/test/Runner.node.test.ts', "import { evm } from '@aitbc/adapters/evm'"],
    ['packages/core/test/Amount.test.ts', 'const runs = Number(process.env.FC_NUM_RUNS ?? 100)'],
    ['packages/core/src/Amount.ts', 'export const f = (process: { Buffer: 1 }) => process.Buffer'],
    ['packages/core/src/Amount.ts', "// import fs from 'node:fs'\nexport const s = \"import 'viem'\""],
  ])('%s may say %s', (file, text) => {
    expect(rules(file, text)).toEqual([])
  })
})

describe('error: each rule, by each form of import', () => {
  test.each([
    ['arrow', 'packages/core/src/index.ts', "import { x } from '@aitbc/proofs'"],
    ['arrow', 'packages/proofs/src/index.ts', "export * from '@aitbc/swap'"],
    ['arrow', 'packages/swap/src/index.ts', "const a = await import('@aitbc/adapters/evm')"],
    ['arrow', 'packages/adapters/src/evm/index.ts', "import type { Swap } from '@aitbc/swap'"],
    ['arrow', 'packages/swap/src/index.ts', "export type T = import('@aitbc/devnet').Devnet"],
    ['arrow', 'packages/ai-registry/src/index.ts', "import { x } from '@aitbc/adapters/evm'"],
    ['arrow', 'packages/devnet/src/index.ts', "import { x } from '@aitbc/ai-registry'"],
    ['chain-library', 'packages/core/src/index.ts', "import { keccak256 } from 'viem'"],
    ['chain-library', 'packages/core/src/index.ts', "import { keccak256 } from 'viem/utils'"],
    ['chain-library', 'packages/proofs/src/index.ts', "export { id } from 'ethers'"],
    ['chain-library', 'packages/swap/src/index.ts', "import * as btc from '@scure/btc-signer'"],
    ['chain-library', 'packages/swap/src/index.ts', "import kit from '@solana/kit'"],
    ['chain-library', 'packages/adapters/src/bitcoin/index.ts', "import { hexToBytes } from 'viem'"],
    ['chain-library', 'packages/adapters/src/evm/index.ts', "import * as btc from '@scure/btc-signer'"],
    ['chain-library', 'packages/adapters/src/index.ts', "import { hexToBytes } from 'viem'"],
    ['node-builtin', 'packages/core/src/index.ts', "import { readFile } from 'node:fs/promises'"],
    ['node-builtin', 'packages/proofs/src/index.ts', "import { createHash } from 'crypto'"],
    ['node-builtin', 'packages/swap/src/index.ts', "const fs = await import('node:fs')"],
    ['node-builtin', 'packages/adapters/src/evm/index.ts', "import { Buffer } from 'node:buffer'"],
    ['node-builtin', 'packages/core/src/storage/memory.ts', "import fs from 'node:fs'"],
    ['node-builtin', 'packages/core/src/index.ts', '/// <reference types="node" />\nexport {}'],
    ['node-builtin', 'packages/core/test/Amount.test.ts', "import { readFileSync } from 'node:fs'"],
    ['node-global', 'packages/core/src/index.ts', "export const b = Buffer.from('')"],
    ['node-global', 'packages/core/src/index.ts', 'export const b = globalThis.Buffer'],
    ['node-global', 'packages/swap/src/index.ts', 'export const e = process.env.HOME'],
    ['node-global', 'packages/adapters/src/evm/index.ts', "const fs = require('viem')"],
    ['family', 'packages/adapters/src/evm/index.ts', "import { x } from '../bitcoin/Script.js'"],
    ['family', 'packages/adapters/src/bitcoin/index.ts', "export * from '../evm/index.js'"],
    ['family', 'packages/adapters/src/internal/poll.ts', "import { x } from '../evm/index.js'"],
    ['chain-library', 'packages/adapters/src/internal/poll.ts', "import { x } from 'cosmjs-types/binary'"],
    ['verifier', 'packages/adapters/src/evm/index.ts', "import { proved } from '@aitbc/core/verifier'"],
    ['verifier', 'packages/swap/src/index.ts', "const v = await import('@aitbc/core/verifier')"],
    ['verifier', 'examples/src/demo.ts', "import { proved } from '@aitbc/core/verifier'"],
    ['effect-barrel', 'packages/core/src/rpc/index.ts', "import { Effect } from 'effect'"],
    ['effect-barrel', 'packages/swap/test/Runner.node.test.ts', "import * as E from 'effect'"],
    ['border', 'packages/swap/src/index.ts', "import { x } from '../../core/src/Amount.js'"],
    ['border', 'packages/swap/src/index.ts', "import { x } from '../test/helper.js'"],
    ['border', 'packages/swap/test/Step.test.ts', "import { x } from '../../core/src/Amount.js'"],
    ['self', 'packages/core/src/rpc/index.ts', "import { x } from '@aitbc/core'"],
    ['undeclared', 'packages/core/src/index.ts', "import { x } from 'left-pad'"],
  ])('%s: %s says %s', (rule, file, text) => {
    expect(rules(file, text)).toEqual(expect.arrayContaining([rule]))
  })
})

test('behavior: readers of published data are for tests in Node alone', () => {
  const text = "import { readVectors } from '../../../scripts/vectors/reader.js'"
  expect(rules('packages/core/test/caip.vectors.test.ts', text)).toEqual([])
  expect(rules('packages/core/test/ids.test.ts', text)).toEqual(['border'])
  expect(rules('packages/core/src/ids.ts', text)).toEqual(['border'])
  expect(rules('packages/core/test/caip.vectors.test.ts', "import 'node:fs'")).toEqual([])
})

test('behavior: a contract of one package is asked of another package’s implementation, in tests', () => {
  const text = "import { storageContract } from '../../../core/test/storage/contract.js'"
  expect(rules('packages/swap/test/postgres/postgres.node.test.ts', text)).toEqual([])
  expect(rules('packages/swap/src/postgres/index.ts', text)).toEqual(['border'])
  const helper = "import { x } from '../../../core/test/storage/file-worker.js'"
  expect(rules('packages/swap/test/postgres/postgres.node.test.ts', helper)).toEqual(['border'])
})
