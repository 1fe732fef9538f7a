import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WasmRules } from '@aitbc/devnet'
import { Ics23 } from '@aitbc/proofs/tendermint'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contractOf } from '../src/cosmos/ContractHost.js'
import * as EventQuery from '../src/cosmos/eventQuery.js'
import { gasOf } from '../src/cosmos/faults.js'
import * as Iavl from '../src/cosmos/iavl.js'
import { COUNTER, meter } from '../src/cosmos/metering.js'
import { createHistory } from '../src/cosmos/state.js'

const numRuns = Math.min(Number(process.env['FC_NUM_RUNS'] ?? 100), 100)
const bytes = (text: string) => new TextEncoder().encode(text)
const programs = join(import.meta.dirname, '../../adapters/programs/cosmos')
const htlc = Uint8Array.from(readFileSync(join(programs, 'htlc.wasm')))

describe('trees', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 3 })
  const step = fc.record({
    key,
    value: fc.option(fc.uint8Array({ minLength: 1, maxLength: 4 }), { freq: 3 }),
  })

  test('property: they hold what a map holds, stay balanced, and prove each key and each absence', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(key, { maxLength: 5 }), (steps, others) => {
        const model = new Map<string, Uint8Array>()
        let tree: Iavl.Tree | undefined
        for (const [index, { key, value }] of steps.entries()) {
          const version = BigInt(index + 1)
          const name = Buffer.from(key).toString('hex')
          if (value === null) model.delete(name)
          else model.set(name, value)
          tree = value === null ? Iavl.remove(tree, key, version) : Iavl.set(tree, key, value, version)
        }
        const all = [...Iavl.range(tree, new Uint8Array(0), undefined)]
        expect(all.map(([found]) => Buffer.from(found).toString('hex'))).toEqual([...model.keys()].sort())
        if (tree === undefined) return
        expect(tree.size).toBe(model.size)
        // An AVL tree of n leaves is at most 1.4405 log2(n + 2) high.
        expect(tree.height).toBeLessThanOrEqual(1.4405 * Math.log2(model.size + 2))
        const root = Iavl.hashOf(tree)
        for (const key of [...steps.map((it) => it.key), ...others]) {
          const value = model.get(Buffer.from(key).toString('hex')) ?? null
          expect(Iavl.get(tree, key) ?? null).toEqual(value)
          const proof = Iavl.prove(tree, key) as Ics23.CommitmentProof.CommitmentProof
          const verdict = Ics23.CommitmentProof.verify(root, Ics23.ProofSpec.iavl, { key, value }, proof)
          expect(verdict.ok ? '' : verdict.refusal.message).toBe('')
        }
      }),
      { numRuns },
    )
  })

  test('a range starts where it is told and ends before its end', () => {
    let tree: Iavl.Tree | undefined
    for (let i = 0; i < 50; i++) tree = Iavl.set(tree, Uint8Array.of(i), Uint8Array.of(1), 1n)
    const range = (start: number, end: number) =>
      [...Iavl.range(tree, Uint8Array.of(start), Uint8Array.of(end))].map(([key]) => key[0])
    expect(range(10, 13)).toEqual([10, 11, 12])
    expect(range(48, 99)).toEqual([48, 49])
    expect(range(5, 5)).toEqual([])
  })
})

test('branches of the state: what is not committed leaves nothing', () => {
  const history = createHistory()
  history.commit((state) => {
    state.set('bank', bytes('a'), bytes('1'))
    const inner = state.branch()
    inner.set('bank', bytes('b'), bytes('2'))
    inner.set('bank', bytes('a'), undefined)
    expect(inner.range('bank', bytes('a'), bytes('z')).map(([key]) => key)).toEqual([bytes('b')])
    expect(state.get('bank', bytes('a'))).toEqual(bytes('1'))
    const kept = state.branch()
    kept.set('bank', bytes('c'), bytes('3'))
    kept.commit()
  })
  const range = history.at(1)?.range('bank', bytes('a'), undefined) ?? []
  expect(range.map(([key]) => key)).toEqual([bytes('a'), bytes('c')])
  expect(history.at(0)?.get('bank', bytes('a'))).toBeUndefined()
  expect(history.at(2)).toBeUndefined()
})

/** A module in the binary format: sections by their numbers, in order. */
const module = (...sections: readonly (readonly number[])[]) =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...sections.flatMap(([id = 0, ...body]) => [id, body.length, ...body]),
  ])
const name = (text: string) => [text.length, ...bytes(text)]
/** What every contract has: two types, three functions, a memory, the exports; the body of `deallocate` can be told. */
const TYPES = [1, 2, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f] as const
const FUNCTIONS = [3, 3, 0, 1, 1] as const
const MEMORY = [5, 1, 0, 1] as const
const exported = (version: string, second = 'deallocate') =>
  [
    ...[7, 4],
    ...[...name(version), 0, 0],
    ...[...name('allocate'), 0, 1],
    ...[...name(second), 0, 2],
    ...[...name('memory'), 2, 0],
  ] as const
const EXPORTS = exported('interface_version_8')
const body = (...code: number[]) => [code.length + 2, 0, ...code, 0x0b]
const CODE = [10, 3, ...body(), ...body(0x20, 0), ...body(0x20, 0)] as const

describe("a node's static rules", () => {
  test('the least contract keeps to them', () => {
    expect(WasmRules.check(module(TYPES, FUNCTIONS, MEMORY, EXPORTS, CODE))).toEqual([])
  })

  test.each<readonly [string, Uint8Array]>([
    ['no WebAssembly', Uint8Array.of(1, 2, 3)],
    ['819201 bytes of at most 819200', new Uint8Array(819_201)],
    ['exports no memory', module(TYPES, FUNCTIONS, [7, 3, ...EXPORTS.slice(2, -9)], CODE)],
    ['memory has a limit', module(TYPES, FUNCTIONS, [5, 1, 1, 1, 2], EXPORTS, CODE)],
    ['513 pages of at most 512', module(TYPES, FUNCTIONS, [5, 1, 0, 0x81, 4], EXPORTS, CODE)],
    ['interface is not', module(TYPES, FUNCTIONS, MEMORY, exported('interface_version_7'), CODE)],
    ['has no deallocate', module(TYPES, FUNCTIONS, MEMORY, exported('interface_version_8', 'free'), CODE)],
    [
      'imports env.exit',
      module(TYPES, [2, 1, ...name('env'), ...name('exit'), 0, 0], FUNCTIONS, MEMORY, EXPORTS, CODE),
    ],
    [
      'imports wasi.db_read',
      module(TYPES, [2, 1, ...name('wasi'), ...name('db_read'), 0, 1], FUNCTIONS, MEMORY, EXPORTS, CODE),
    ],
    ['start function', module(TYPES, FUNCTIONS, MEMORY, EXPORTS, [8, 0], CODE)],
    [
      '101 locals of at most 100',
      module(TYPES, FUNCTIONS, MEMORY, EXPORTS, [
        10,
        3,
        4,
        1,
        101,
        0x7f,
        0x0b,
        ...body(0x20, 0),
        ...body(0x20, 0),
      ]),
    ],
    [
      'newer than what nodes take',
      module(TYPES, FUNCTIONS, MEMORY, EXPORTS, [
        ...[10, 3],
        ...body(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0b, 0),
        ...body(0x20, 0),
        ...body(0x20, 0),
      ]),
    ],
  ])('error: it %s', (why, wasm) => {
    expect(WasmRules.check(wasm).join('; ')).toContain(why)
  })
})

describe('gas', () => {
  /** Runs `deallocate` with so many instructions allowed; gives its result and what was left. */
  function metered(code: readonly number[], allowed: bigint, argument = 0) {
    const wasm = module(TYPES, FUNCTIONS, MEMORY, EXPORTS, [
      ...[10, 3, ...body(), ...body(0x20, 0)],
      ...body(...code),
    ])
    expect(WasmRules.check(wasm)).toEqual([])
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(meter(wasm))))
    const counter = exports[COUNTER] as WebAssembly.Global<'i64'>
    counter.value = allowed
    const run = exports['deallocate'] as (argument: number) => number
    try {
      return { result: run(argument), left: counter.value }
    } catch (error) {
      return { trap: String(error), left: counter.value }
    }
  }
  // block, loop: while the argument is not zero, one less.
  const LOOP = [
    0x02, 0x40, 0x03, 0x40, 0x20, 0, 0x45, 0x0d, 1, 0x20, 0, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 0, 0x0b, 0x0b,
    0x20, 0,
  ]

  test('every instruction that runs is counted, once for each time', () => {
    const zero = 1000n - metered(LOOP, 1000n, 0).left
    const one = 1000n - metered(LOOP, 1000n, 1).left
    const ten = 1000n - metered(LOOP, 1000n, 10).left
    expect(metered(LOOP, 1000n, 10).result).toBe(0)
    // A turn of the loop: get, eqz, br_if, get, const, sub, set, br.
    expect([one - zero, ten - one]).toEqual([8n, 72n])
  })

  test('what has no end ends where its gas does', () => {
    const { trap, left } = metered([0x03, 0x40, 0x0c, 0, 0x0b, 0x20, 0], 100_000n)
    expect(trap).toContain('unreachable')
    expect(left).toBeLessThan(0n)
  })

  test('a contract that needs more than it has got fails of just that', () => {
    const call = (limit: bigint) => {
      const gas = gasOf(limit)
      const stored = new Map<string, Uint8Array>()
      const contract = contractOf(htlc)
      const answer = contract.call({
        entry: 'query',
        arguments: [bytes('{}'), bytes('{"list":{}}')],
        gas,
        prefix: 'cosmos',
        storage: {
          get: (key) => stored.get(Buffer.from(key).toString('hex')),
          set: () => undefined,
          range: () => [],
        },
        query: () => bytes('{}'),
      })
      return { answer: new TextDecoder().decode(answer), used: gas.used() }
    }
    const { answer, used } = call(1_000_000n)
    expect(answer).toBe(`{"ok":"${Buffer.from('{"swaps":[]}').toString('base64')}"}`)
    expect(call(used).used).toBe(used)
    expect(() => call(used - 1n)).toThrow(/out of gas/)
  })
})

describe('messages that no client writes', () => {
  const address = `cosmos1${'q'.repeat(38)}`
  const terms = {
    ...{ id: 'ab'.repeat(32), hash: 'cd'.repeat(32), recipient: address, salt: 'ef'.repeat(32) },
    ...{ expires: { at_time: '1900000000000000000' }, tag: '01'.repeat(32), record: '00ff' },
  }
  const msg = Buffer.from(JSON.stringify({ create: terms })).toString('base64')
  const messages = [
    { create: terms },
    { receive: { sender: address, amount: '340282366920938463463374607431768211455', msg } },
    { release: { id: terms.id, preimage: terms.hash } },
    { withdraw: { id: terms.id, to: address } },
    { list: { start_after: terms.id, limit: 3 } },
  ].map((it) => bytes(JSON.stringify(it)))
  const env = bytes(
    JSON.stringify({
      block: { height: 12, time: '1800000000000000000', chain_id: 'test-1' },
      contract: { address },
    }),
  )
  const info = bytes(JSON.stringify({ sender: address, funds: [] }))
  const contract = contractOf(htlc)
  const edit = fc.record({
    at: fc.nat({ max: 600 }),
    drop: fc.nat({ max: 3 }),
    add: fc.oneof(
      fc.constantFrom(...['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '0', 'null', '""', '{}', '\u0000']),
      fc.string({ maxLength: 3 }),
    ),
  })

  test('property: the contract answers them by ok or error, in JSON, and never by a trap or without end', () => {
    fc.assert(
      fc.property(fc.nat({ max: messages.length - 1 }), fc.array(edit, { maxLength: 4 }), (which, edits) => {
        let message = Buffer.from(messages[which] as Uint8Array)
        for (const { at, drop, add } of edits) {
          const start = at % (message.length + 1)
          message = Buffer.concat([
            message.subarray(0, start),
            Buffer.from(add),
            message.subarray(start + drop),
          ])
        }
        for (const entry of ['execute', 'query'] as const) {
          const gas = gasOf(3_000_000n)
          const answer = contract.call({
            entry,
            arguments: entry === 'execute' ? [env, info, message] : [env, message],
            gas,
            prefix: 'cosmos',
            storage: { get: () => undefined, set: () => undefined, range: () => [] },
            query: () => bytes(`{"ok":{"ok":"${Buffer.from('{"balance":"1"}').toString('base64')}"}}`),
          })
          const { ok, error } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer))
          expect((ok === undefined) !== (error === undefined)).toBe(true)
        }
      }),
      { numRuns },
    )
  })
})

describe('queries of events', () => {
  const tags = EventQuery.tagsOf(
    [
      {
        type: 'wasm',
        attributes: [
          { key: 'id', value: "a'b" },
          { key: 'n', value: '12' },
        ],
      },
    ],
    { 'tx.height': '7' },
  )
  test.each([
    ["wasm.id='a\\'b'", true],
    ["wasm.id CONTAINS 'a'", true],
    ["wasm.id='a'", false],
    ['wasm.n EXISTS AND tx.height>=7', true],
    ['wasm.m EXISTS', false],
    ['wasm.n<12', false],
    ['wasm.n<=12 AND wasm.n>11 AND tx.height=7', true],
    ['wasm.id>1', false],
  ])('%s', (query, expected) => {
    const conditions = EventQuery.parse(query)
    expect(conditions && EventQuery.matches(conditions, tags)).toBe(expected)
  })

  test.each(['', 'a', "a='b", "a='b' OR c='d'", "a='b' AND", '=1'])('error: %s', (query) => {
    expect(EventQuery.parse(query)).toBeUndefined()
  })
})
