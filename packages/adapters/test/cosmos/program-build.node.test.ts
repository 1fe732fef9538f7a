import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WasmRules } from '@aitbc/devnet'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { compileOne, SOURCES } from '../../programs/cosmos/compile.js'
import * as HtlcArtifact from '../../src/cosmos/HtlcArtifact.js'

const folder = join(import.meta.dirname, '../../programs/cosmos')
const committed = (name: string) => Uint8Array.from(readFileSync(join(folder, name)))
const htlc = committed('htlc.wasm')

test.each(SOURCES)('the committed %s.wasm is what its source gives, byte for byte', async (name) => {
  expect(sha256(await compileOne(name))).toEqual(sha256(committed(`${name}.wasm`)))
})

test('the adapter pins the committed contract', () => {
  expect(HtlcArtifact.codeHash).toBe(Buffer.from(sha256(htlc)).toString('hex'))
})

describe("a node's static rules", () => {
  test.each(['htlc.wasm', 'test-tokens/cw20.wasm', 'test-tokens/hostile.wasm'])(
    '%s keeps to them',
    (name) => {
      expect(WasmRules.check(committed(name))).toEqual([])
    },
  )

  test('what the contract can do: storage, addresses, queries, and nothing else', () => {
    const module = new WebAssembly.Module(htlc)
    expect(
      WebAssembly.Module.imports(module)
        .map((it) => `${it.module}.${it.name}`)
        .sort(),
    ).toEqual(['env.addr_validate', 'env.db_read', 'env.db_remove', 'env.db_write', 'env.query_chain'])
    expect(
      WebAssembly.Module.exports(module)
        .map((it) => it.name)
        .sort(),
    ).toEqual([
      ...[
        'allocate',
        'deallocate',
        'execute',
        'instantiate',
        'interface_version_8',
        'memory',
        'query',
        'reply',
      ],
    ])
  })
})
