import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Hex, keccak256, numberToHex } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build, compile } from '../../programs/evm/compile.js'
import * as HtlcArtifact from '../../src/evm/HtlcArtifact.js'
import { createWorld, idOf, START, secretOf, slotOf, type Terms, type World } from './world.js'

const programs = join(dirname(fileURLToPath(import.meta.url)), '../../programs/evm')
let world: World
let Htlc: Awaited<ReturnType<typeof compile>>[string] | undefined
beforeAll(async () => {
  world = await createWorld()
  Htlc = (await compile(['Htlc.sol'])).Htlc
})
afterAll(() => world?.close())

test('default: the committed artifacts are what the committed source compiles to, byte for byte', async () => {
  for (const [path, text] of Object.entries(await build()))
    expect(readFileSync(join(programs, path), 'utf8'), path).toBe(text)
})

test('behavior: one runtime code everywhere, with the pinned hash', async () => {
  expect(keccak256(Htlc!.runtime)).toBe(HtlcArtifact.codeHash)
  const code = await world.rpc<Hex>('eth_getCode', world.htlc, 'latest')
  expect(code).toBe(Htlc!.runtime)
  const second = await world.deploy({ abi: Htlc!.abi, creation: Htlc!.creation })
  expect(keccak256(await world.rpc<Hex>('eth_getCode', second, 'latest'))).toBe(HtlcArtifact.codeHash)
})

test('behavior: slot 0 holds the status and nothing else, so one storage word proves a lock', async () => {
  expect(Htlc!.storage).toEqual([
    { label: 'status', slot: '0' },
    { label: 'credit', slot: '1' },
  ])
  const [alice, bob] = world.accounts
  const terms: Terms = {
    token: '0x0000000000000000000000000000000000000000',
    amount: 5n,
    hashlock: secretOf(1),
    locker: alice!,
    beneficiary: bob!,
    deadline: START + 3600n,
    salt: secretOf(2),
  }
  const id = idOf(terms, world.htlc, world.chainId)
  const before = await world.rpc<Hex>('eth_getStorageAt', world.htlc, slotOf(id), 'latest')
  expect(BigInt(before)).toBe(0n)
  const sent = await world.send({
    from: alice!,
    to: world.htlc,
    functionName: 'lock',
    args: [terms, secretOf(3), '0x'],
    value: 5n,
  })
  expect(sent.ok).toBe(true)
  const after = await world.rpc<Hex>('eth_getStorageAt', world.htlc, slotOf(id), 'latest')
  expect(after).toBe(numberToHex(1n, { size: 32 }))
})

test('behavior: no SELFDESTRUCT, DELEGATECALL or CALLCODE: the code can neither change nor vanish', async () => {
  for (const opcode of [0xff, 0xf4, 0xf2]) expect(opcodes(Htlc!.runtime)).not.toContain(opcode)
})

/** Opcodes of a program, its push data left out. */
function opcodes(code: Hex): number[] {
  const bytes = Buffer.from(code.slice(2), 'hex')
  const out: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const opcode = bytes[at] as number
    out.push(opcode)
    if (opcode >= 0x60 && opcode <= 0x7f) at += opcode - 0x5f
  }
  return out
}
