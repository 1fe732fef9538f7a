import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CoreErrors,
  Hashlock,
  type Intent,
  isAitbcError,
  type LockTerms,
  type Signed,
  SwapSeed,
} from '@aitbc/core'
import { createHttpRpc } from '@aitbc/core/rpc'
import { createCosmosNode } from '@aitbc/devnet'
import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type CosmosAdapter, type CosmosTransport, createCosmosAdapter } from '../../src/cosmos/index.js'
import { ALICE, alice, BOB, bob, network, SECRET, terms as sample } from './world.js'

const wasm = Uint8Array.from(readFileSync(join(import.meta.dirname, '../../programs/cosmos/htlc.wasm')))
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** What a node answered, so that it can be told again, with changes and without the node. */
const tape = new Map<string, Json>()
let htlc: string
let sent: Signed
let terms: LockTerms.LockTerms
let calls: Readonly<Record<string, (adapter: CosmosAdapter) => Promise<unknown>>>

const keyOf = (method: string, params: unknown) => `${method} ${JSON.stringify(params)}`
function replay(change: (answer: Json, method: string) => Json = (answer) => answer): CosmosAdapter {
  const transport: CosmosTransport = {
    request: async (method, params = {}) => {
      const answer = tape.get(keyOf(method, params))
      if (answer === undefined)
        throw CoreErrors.RpcRejected(`${method} is not on the tape`, { method, message: 'not found' })
      return change(structuredClone(answer) as Json, method)
    },
  }
  // A watch that hears nothing new would wait for ever.
  let waits = 0
  const wait = async () => {
    if (++waits > 20) throw CoreErrors.RpcTimeout('the tape is at its end', {})
  }
  return createCosmosAdapter({ network, transport, htlc, pollMs: 1, wait })
}

beforeAll(async () => {
  await using node = await createCosmosNode({ mining: 'manual', startTime: 1_900_000_000n })
  const admin = node.account('admin')
  for (const address of [admin.address, ALICE, BOB]) await node.fund(address, 10n ** 12n)
  htlc = await node.deploy(admin, wasm, {})
  const rpc = createHttpRpc({ url: node.url })
  const transport: CosmosTransport = {
    request: async (method, params = {}, options) => {
      const answer = await rpc.request(method, params, options)
      tape.set(keyOf(method, params), answer as Json)
      return answer
    },
  }
  const adapter = createCosmosAdapter({ network, transport, htlc, pollMs: 1 })
  const value = node.time() / 1_000_000_000n + 3600n
  terms = {
    ...sample,
    backend: adapter.backend,
    hashlock: Hashlock.of(SECRET),
    deadline: { ...sample.deadline, value },
  }
  const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), network.id)
  const recovery = { seed, nonce: new Uint8Array(8), record: { role: 'follower' } } as const
  const [step] = await adapter.prepare({ kind: 'lock', terms, recovery })
  if (step === undefined) throw new Error('no step')
  sent = await alice.sign(step)
  await adapter.submit(sent)
  await node.mine(2)
  const lock = { ...adapter.expectLock(terms, [sent]) }
  const transfer: Intent = {
    kind: 'transfer',
    from: alice.account,
    to: bob.account,
    asset: network.native.id,
    amount: 1n,
  }
  calls = {
    tip: (it) => it.tip(),
    balance: (it) => it.balance(alice.account),
    feeRates: (it) => it.feeRates(),
    transfer: (it) => it.prepare(transfer),
    'lock, prepared': (it) => it.prepare({ kind: 'lock', terms: { ...terms, salt: new Uint8Array(32) } }),
    claim: (it) => it.prepare({ kind: 'claim', terms, lock, secret: SECRET }),
    status: (it) => it.status({ ...sent, attempts: [sent.id] }),
    findLocks: (it) => it.findLocks(terms),
    findSpend: (it) => it.findSpend(terms, lock),
    discoverLocks: (it) => it.discoverLocks(terms.hashlock),
    recoverLocks: (it) => it.recoverLocks(seed, { hashlockOf: () => terms.hashlock }),
    prove: (it) => it.prove({ kind: 'lock', terms, lock }),
    'watch a lock': (it) => it.watch({ kind: 'lock', terms })[Symbol.asyncIterator]().next(),
  }
  for (const call of Object.values(calls)) await call(adapter)
})

/** All places in an answer. */
function places(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([name, part]) => places(part as Json, [...path, name]))
  return [path, ...inner]
}
function put(value: Json, [first, ...rest]: readonly (string | number)[], what: Json): Json {
  if (first === undefined) return what
  const changed = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, Json>
  changed[first] = put(changed[first] as Json, rest, what)
  return changed as Json
}

const JUNK: readonly Json[] = [
  null,
  true,
  -1,
  2 ** 53,
  '',
  '0',
  '-1',
  '18446744073709551616',
  'A'.repeat(64),
  'AAAA',
  '\ud800',
  [],
  {},
  [null],
  Array.from({ length: 200 }, () => ({})),
]

test('what was recorded is understood again', async () => {
  for (const [name, call] of Object.entries(calls)) expect([name, await call(replay())]).toBeDefined()
})

test('whatever an answer says in any place: a result or a typed error, never anything else', async () => {
  const methods = [...new Set([...tape.keys()].map((key) => key.split(' ')[0] as string))]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(calls)),
      fc.constantFrom(...methods),
      fc.nat(),
      fc.constantFrom(...JUNK),
      async (name, method, at, junk) => {
        const adapter = replay((answer, asked) => {
          if (asked !== method) return answer
          const all = places(answer)
          return put(answer, all[at % all.length] as readonly string[], junk)
        })
        try {
          await calls[name]?.(adapter)
        } catch (error) {
          if (!isAitbcError(error)) throw error
        }
      },
    ),
  )
})

describe('lies', () => {
  const lie = (method: string, change: (answer: never) => unknown) =>
    replay((answer, asked) => (asked === method ? (change(answer as never) as Json) : answer))
  type Tx = {
    txs: {
      tx: string
      hash: string
      tx_result: { code: number; events: { attributes: { key: string; value: string }[] }[] }
    }[]
  }

  test('H19: a lock that is only in events is none; one that is only in the state is there', async () => {
    const nothing = lie('tx_search', () => ({ txs: [], total_count: '0' }))
    expect(await calls['findLocks']?.(nothing)).toMatchObject([
      { is: 'found', fact: { value: { transaction: '', match: 'exact' } } },
    ])
    const empty = lie('abci_query', ({ response }: { response: { value: string | null } }) => ({
      response: response.value?.length === undefined ? response : { ...response, value: null },
    }))
    expect(await calls['findLocks']?.(empty)).toMatchObject([
      { is: 'unknown', why: { check: 'lock-contract' } },
    ])
  })

  test('H12: events with another amount or recipient don’t make a lock', async () => {
    for (const [key, value] of [
      ['amount', '1'],
      ['recipient', ALICE],
      ['id', '00'.repeat(32)],
    ] as const) {
      const forged = lie('tx_search', (answer: Tx) => {
        for (const { tx_result } of answer.txs)
          for (const { attributes } of tx_result.events)
            for (const attribute of attributes) if (attribute.key === key) attribute.value = value
        return answer
      })
      expect(await calls['discoverLocks']?.(forged)).toEqual([])
    }
  })

  test('L3 S6: who locks through messages of x/authz within each other hides the lock from no recovery', async () => {
    const wrapped = lie('tx_search', (answer: Tx) => {
      const place = { key: 'authz_msg_index', value: '0', index: true }
      for (const { tx_result } of answer.txs)
        for (const { attributes } of tx_result.events) attributes.push(place, place)
      return answer
    })
    expect(await calls['discoverLocks']?.(wrapped)).toMatchObject([{ terms }])
    expect(await calls['recoverLocks']?.(wrapped)).toMatchObject([{ terms }])
  })

  test('a transaction whose bytes have another hash, a header with another, a proof of another value', async () => {
    const bytes = lie('tx', (answer: { tx: string }) => ({ ...answer, tx: 'AAAA' }))
    await expect(calls['status']?.(bytes)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    const header = lie('commit', (answer: { signed_header: { header: { time: string } } }) => {
      answer.signed_header.header.time = '2031-01-01T00:00:00Z'
      return answer
    })
    await expect(calls['tip']?.(header)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    const value = lie('abci_query', (answer: { response: { value: string | null; proofOps: unknown } }) => {
      const { response } = answer
      if (response.proofOps !== null && response.value !== null && response.value.length > 400)
        response.value = btoa(atob(response.value).replace('"locked"', '"burned"'))
      return answer
    })
    await expect(calls['prove']?.(value)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('a proof of something else is handed on for the verifier to refuse; one of another kind, or of another key, is none', async () => {
    const asOf = { height: 99n, hash: 'FF', time: 1n, clock: 1n }
    const verifier = createCosmosVerifier({ network, trust: () => ({ assurance: 'reported', asOf }) })
    const claim = { kind: 'lock', terms, lock: replay().expectLock(terms, [sent]) } as const
    const changing = (change: (op: { type: string; key: string; data: string }, at: number) => void) =>
      lie('abci_query', (answer: { response: { proofOps: { ops: never[] } | null } }) => {
        for (const [at, op] of (answer.response.proofOps?.ops ?? []).entries()) change(op, at)
        return answer
      })
    const toBase64 = (bytes: string, change: (last: number) => number) =>
      btoa(bytes.slice(0, -1) + String.fromCharCode(change(bytes.charCodeAt(bytes.length - 1))))
    const judged = async (of: CosmosAdapter) => verifier.verify(claim, await of.prove(claim))
    expect(await judged(changing(() => undefined))).toMatchObject({ ok: true })
    for (const place of [0, 1])
      expect(
        await judged(
          changing((op, at) => {
            if (at === place) op.data = toBase64(atob(op.data), (last) => last ^ 1)
          }),
        ),
      ).toMatchObject({ ok: false })
    for (const change of [{ type: 'ics23:smt' }, { key: 'AAAA' }])
      for (const place of [0, 1])
        await expect(
          changing((op, at) => {
            if (at === place) Object.assign(op, change)
          }).prove(claim),
        ).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('another chain at the endpoint; heights that were not asked for', async () => {
    const chain = lie('status', (answer: { node_info: { network: string } }) => {
      answer.node_info.network = 'elsewhere-1'
      return answer
    })
    await expect(calls['tip']?.(chain)).rejects.toMatchObject({ _tag: 'CosmosWrongChain' })
    const height = lie('abci_query', ({ response }: { response: object }) => ({
      response: { ...response, height: '3' },
    }))
    await expect(calls['balance']?.(height)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('a block that the node shows before its state can be read is not the head yet', async () => {
    const tip = (answer: unknown) => (answer as { value: { height: bigint } }).value.height
    const head = tip(await calls['tip']?.(replay()))
    const made = lie('abci_info', ({ response }: { response: { last_block_height: string } }) => ({
      response: { ...response, last_block_height: `${head - 1n}` },
    }))
    expect(tip(await calls['tip']?.(made))).toBe(head - 1n)
    const none = lie('abci_info', () => ({ response: {} }))
    await expect(calls['tip']?.(none)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('a market out of all proportion is no reason to pay', async () => {
    // ConfigResponse.minimum_gas_price = "9999uatom", and what chains with a market of their own tell.
    for (const price of ['\n\t9999uatom', '\n\x169999000000000000000000']) {
      let asks = 0
      const wanted = price.includes('uatom') ? 1 : 2
      const dear = lie('abci_query', ({ response }: { response: object }) => ({
        response: ++asks === wanted ? { ...response, code: 0, value: btoa(price) } : response,
      }))
      await expect(calls['feeRates']?.(dear)).rejects.toMatchObject({ _tag: 'CosmosFeeRateTooHigh' })
    }
    const junk = lie('abci_query', ({ response }: { response: object }) => ({
      response: { ...response, code: 0, value: btoa('\n\x03all') },
    }))
    await expect(calls['feeRates']?.(junk)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('a search that never ends is too large', async () => {
    let searches = 0
    const transport: CosmosTransport = {
      request: async (method, params = {}) => {
        if (method !== 'tx_search') return structuredClone(tape.get(keyOf(method, params)))
        searches++
        return { txs: [], total_count: '1000000' }
      },
    }
    const endless = createCosmosAdapter({ network, transport, htlc })
    await expect(calls['discoverLocks']?.(endless)).rejects.toMatchObject({ _tag: 'RpcTooLarge' })
    expect(searches).toBeLessThan(64)
  })
})
