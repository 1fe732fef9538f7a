import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Bytes,
  CoreErrors,
  Fact,
  Hashlock,
  type Intent,
  type LockTerms,
  type PrepareOptions,
  type Signed,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import { createHttpRpc } from '@aitbc/core/rpc'
import { type CosmosNode, createCosmosNode } from '@aitbc/devnet'
import { type CosmosVerifier, createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
import { LightBlock, LightClient } from '@aitbc/proofs/tendermint'
import { DirectSecp256k1Wallet } from '@cosmjs/proto-signing'
import { SigningStargateClient, StargateClient } from '@cosmjs/stargate'
import { Comet38Client } from '@cosmjs/tendermint-rpc'
import { sha256 } from '@noble/hashes/sha2.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CosmosAdapter,
  createCosmosAdapter,
  createOfflineSigner,
  GAS,
  HtlcArtifact,
  HtlcLock,
} from '../../src/cosmos/index.js'
import { ALICE, alice, BOB, bob, network, terms as sample } from './world.js'

const program = (name: string) =>
  Uint8Array.from(readFileSync(join(import.meta.dirname, '../../programs/cosmos', name)))
const SECOND = 1_000_000_000n
/** What a call asks for. */
const asked = (params: unknown, name: string) => (params as Record<string, unknown> | undefined)?.[name]

let node: CosmosNode
let adapter: CosmosAdapter
let htlc: string
let hostile: string
let verifier: CosmosVerifier
let state: LightClient.State
let salts = 0

const open = (options: Partial<createCosmosAdapter.Options> = {}) =>
  createCosmosAdapter({
    network,
    transport: createHttpRpc({ url: node.url }),
    htlc,
    tokens: [{ id: `${network.id}/cw20:${hostile}`, symbol: 'T', decimals: 6 }],
    pollMs: 1,
    ...options,
  })

beforeAll(async () => {
  node = await createCosmosNode({ mining: 'manual', startTime: 1_900_000_000n })
  const admin = node.account('admin')
  for (const address of [admin.address, ALICE, BOB]) await node.fund(address, 10n ** 12n)
  htlc = await node.deploy(admin, program('htlc.wasm'), {})
  hostile = await node.deploy(admin, program('test-tokens/hostile.wasm'), {
    ...{ name: 'T', symbol: 'TST', decimals: 6, mode: 'quiet' },
    initial_balances: [{ address: ALICE, amount: '1000000' }],
  })
  adapter = open()
  const first = node.lightBlock(1n)
  const trusted = LightClient.trust({
    chainId: node.chainId,
    hash: first.commit.blockId.hash,
    header: first.header,
    nextValidators: first.validators,
    trustingPeriod: 10_000_000n * SECOND,
    unbondingPeriod: 20_000_000n * SECOND,
  })
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  state = trusted.value
  verifier = createCosmosVerifier({ network, client: () => state, now: () => node.time() + SECOND })
})
afterAll(() => node?.stop())

const freshTerms = (change: Partial<LockTerms.LockTerms> = {}): LockTerms.LockTerms => {
  const salt = new Uint8Array(32).fill(++salts)
  const secret = sha256(salt)
  const value = node.time() / SECOND + 3600n
  return {
    ...sample,
    backend: adapter.backend,
    hashlock: Hashlock.of(secret),
    salt,
    deadline: { ...sample.deadline, value },
    ...change,
  }
}
const secretOf = ({ salt }: LockTerms.LockTerms) => sha256(salt)
const transfer: Intent = {
  kind: 'transfer',
  from: alice.account,
  to: bob.account,
  asset: network.native.id,
  amount: 5n,
}
async function sign(intent: Intent, options: PrepareOptions = {}, by = adapter): Promise<Signed> {
  const [step] = await by.prepare(intent, options)
  if (step === undefined) throw new Error('no step')
  return (step.from === alice.account ? alice : bob).sign(step)
}
async function run(intent: Intent): Promise<Submission> {
  const sent = await adapter.submit(await sign(intent))
  await node.mine()
  expect((await adapter.status(sent)).value.is).toBe('final')
  return sent
}
async function locked(terms: LockTerms.LockTerms) {
  const sent = await run({ kind: 'lock', terms })
  return { sent, lock: { ...adapter.expectLock(terms, []), transaction: sent.id } }
}

test('the pinned hash is that of the committed contract', () => {
  expect(HtlcArtifact.codeHash).toBe(Bytes.toHex(sha256(program('htlc.wasm'))))
})

describe('sequences and fees', () => {
  test('a sequence that another transaction has: typed, retryable, with what was expected; preparing again recovers', async () => {
    const first = await sign(transfer)
    const second = await sign({ ...transfer, amount: 6n } as Intent)
    expect(second.step.conflictKey).toBe(first.step.conflictKey)
    const sent = await adapter.submit(first)
    const sequence = BigInt(first.step.conflictKey.split('/')[1] as string)
    const mismatch = {
      _tag: 'CosmosSequenceMismatch',
      retryable: true,
      context: { expected: sequence + 1n, got: sequence },
    }
    // While the first one waits, and once a block has it.
    await expect(adapter.submit(second)).rejects.toMatchObject(mismatch)
    await node.mine()
    await expect(adapter.submit(second)).rejects.toMatchObject(mismatch)
    const lost: Submission = { ...second, attempts: [second.id] }
    expect((await adapter.status(lost)).value).toEqual({ is: 'replaced', by: sent.id })
    await run({ ...transfer, amount: 6n } as Intent)
  })

  test('after: a signed step that isn’t sent yet takes its sequence', async () => {
    const first = await sign(transfer)
    const second = await sign(transfer, { after: [first] })
    expect((await sign(transfer, { beside: [first] })).step.conflictKey).toBe(second.step.conflictKey)
    for (const one of [first, second]) await adapter.submit(one)
    await node.mine()
    for (const one of [first, second])
      expect((await adapter.status({ ...one, attempts: [one.id] })).value.is).toBe('final')
  })

  test('L1: what waits in the mempool has its sequence, though the account’s state doesn’t count it; a gap is filled first', async () => {
    const terms = freshTerms()
    const lock = await adapter.submit(await sign({ kind: 'lock', terms }))
    const second = await sign(transfer)
    expect(second.step.conflictKey).not.toBe(lock.step.conflictKey)
    const third = await sign(transfer, { beside: [second] })
    // What is beside it isn't sent yet, and may never be: a number before it that nobody has is used.
    expect((await sign(transfer, { beside: [third] })).step.conflictKey).toBe(second.step.conflictKey)
    const sent = [lock]
    for (const one of [second, third]) sent.push(await adapter.submit(one))
    await node.mine()
    for (const one of sent) expect((await adapter.status(one)).value.is).toBe('final')
  })

  test('L1: whoever fills a mempool beyond what is read hides what waits there, and nothing else', async () => {
    const http = createHttpRpc({ url: node.url })
    const transport: typeof http = {
      ...http,
      request: async (method, params, options) => {
        if (method !== 'unconfirmed_txs') return http.request(method, params, options)
        throw CoreErrors.RpcTooLarge('too large', { method })
      },
    }
    const of = open({ transport })
    const terms = freshTerms()
    const { lock } = await locked(terms)
    expect(await of.findSpend(terms, lock)).toMatchObject({ is: 'absent' })
    const claim = await sign({ kind: 'claim', terms, lock, secret: secretOf(terms) }, {}, of)
    expect((await of.status({ ...claim, attempts: [claim.id] })).value.is).toBe('unknown')
    await of.submit(claim)
    await node.mine()
    expect((await of.status({ ...claim, attempts: [claim.id] })).value.is).toBe('final')
  })

  /** A node whose index tells what a transaction brought about as another contract filled it, or can't tell for its size. */
  const filled = (how: 'large' | 'long' | 'many' | 'off' | 'later' | 'gone') => {
    const http = createHttpRpc({ url: node.url })
    const height = `${node.height()}`
    const noise = (value: string) => ({ type: 'wasm-noise', attributes: [{ key: 'n', value, index: true }] })
    const transport: typeof http = {
      ...http,
      request: async (method, params, options) => {
        if (how === 'gone' && method === 'commit' && asked(params, 'height') !== height)
          throw CoreErrors.RpcRejected('no such block', { method, message: 'lowest height is 1000' })
        if (method !== 'tx_search' || how === 'gone') return http.request(method, params, options)
        if (how === 'later') return { txs: [], total_count: '0' }
        if (how === 'large') throw CoreErrors.RpcTooLarge('too large', { method })
        if (how === 'off')
          throw CoreErrors.RpcRejected('indexing is disabled', { method, message: 'disabled' })
        const found = (await http.request(method, params, options)) as {
          txs: { tx_result: { events: unknown[] } }[]
        }
        for (const { tx_result } of found.txs)
          tx_result.events.unshift(
            ...(how === 'long'
              ? [noise('n'.repeat(70_000))]
              : Array.from({ length: 10_001 }, () => noise(''))),
          )
        return found
      },
    }
    return open({ transport })
  }

  test.each(['large', 'long', 'many', 'off', 'later', 'gone'] as const)(
    'S6: no index hides what the state says, whoever filled it, and whenever its node began (%s)',
    async (how) => {
      const [one, two] = [freshTerms(), freshTerms()]
      const [{ lock }, other] = [await locked(one), await locked(two)]
      await run({ kind: 'claim', terms: one, lock, secret: secretOf(one) })
      await node.advance(4000n)
      await run({ kind: 'refund', terms: two, lock: other.lock })
      const of = filled(how)
      expect(await of.findLocks(one)).toMatchObject([
        { is: 'found', fact: { value: { ref: lock.ref, match: 'exact' } } },
      ])
      expect(await of.findSpend(one, lock)).toMatchObject({
        is: 'found',
        fact: { value: { kind: 'claim', secret: secretOf(one) } },
      })
      expect(await of.findSpend(two, other.lock)).toMatchObject({
        is: 'found',
        fact: { value: { kind: 'refund' } },
      })
    },
  )

  test('S9: what a block has and the chain didn’t begin hasn’t failed: its sequence is free, and anybody may send it again', async () => {
    const lock = await sign({ kind: 'lock', terms: freshTerms() })
    const http = createHttpRpc({ url: node.url })
    const hash = btoa(String.fromCharCode(...Bytes.fromHex(lock.id.toLowerCase())))
    const transport: typeof http = {
      ...http,
      request: async (method, params, options) => {
        if (method !== 'tx' || asked(params, 'hash') !== hash) return http.request(method, params, options)
        const tx_result = { code: 13, codespace: 'sdk', log: 'insufficient fee', events: [] }
        return {
          ...{ hash: lock.id, height: `${node.height()}`, index: 0, tx_result },
          tx: btoa(String.fromCharCode(...lock.raw)),
        }
      },
    }
    const submission = { ...lock, attempts: [lock.id] }
    expect((await open({ transport }).status(submission)).value).toEqual({ is: 'dropped' })
    await adapter.submit(lock)
    await node.mine()
    expect((await adapter.status(submission)).value.is).toBe('final')
  })

  test('L3 S20: a record goes without the agreement that the contract has no room for, as a ring’s', async () => {
    const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(78), network.id)
    const role = 'follower'
    const records = [1500, 2100].map((length, i) => ({
      ...{ role, counter: new Uint8Array(32).fill(i), agreement: new Uint8Array(length).fill(7) },
    })) as { role: typeof role; counter: Uint8Array; agreement: Uint8Array }[]
    for (const [i, record] of records.entries())
      await run({
        kind: 'lock',
        terms: freshTerms(),
        recovery: { seed, nonce: new Uint8Array(8).fill(i), record },
      })
    const found = await adapter.recoverLocks(seed, { hashlockOf: () => new Uint8Array(32) })
    expect(found.map(({ record }) => record)).toEqual([records[0], { role, counter: records[1]?.counter }])
  })

  test('L3: no transactions of anybody’s stop a recovery, however large, and however many name its tag', async () => {
    const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(77), network.id)
    const terms = freshTerms()
    const recovery = { seed, nonce: new Uint8Array(8), record: { role: 'follower' } } as const
    await run({ kind: 'lock', terms, recovery })
    const tag = SwapSeed.derive(seed, 'tag', 0)
    const copy = { ...freshTerms(), locker: terms.beneficiary, beneficiary: terms.locker }
    const own = HtlcLock.fromLockTerms(copy, adapter.backend, network)
    const { message: data } = HtlcLock.lockMessage(own, { tag }) as { message: Uint8Array }
    const to = `${network.id}:${htlc}` as const
    const large = await run({ kind: 'call', from: bob.account, to, data, value: copy.amount })
    const later = { ...freshTerms(), hashlock: terms.hashlock }
    await run({ kind: 'lock', terms: later, recovery: { ...recovery, index: 1 } })
    const http = createHttpRpc({ url: node.url })
    const transport: typeof http = {
      ...http,
      request: async (method, params, options) => {
        const answer = await http.request(method, params, options)
        const { txs = [] } = answer as { txs?: { hash: string }[] }
        if (method === 'tx_search' && txs.some(({ hash }) => hash === large.id))
          throw CoreErrors.RpcTooLarge('too large', { method })
        return answer
      },
    }
    const of = open({ transport })
    const found = await of.recoverLocks(seed, { hashlockOf: () => terms.hashlock })
    expect(found.map(({ lock }) => lock.ref)).toEqual(
      [terms, later].map((one) => adapter.expectLock(one, []).ref),
    )
    expect(await of.discoverLocks(terms.hashlock)).toHaveLength(2)
    const crowded = open({
      transport: {
        ...http,
        request: async (method, params, options) => {
          const query = String(asked(params, 'query'))
          const heights = /tx.height >= (\d+) AND tx.height <= (\d+)$/.exec(query)
          const blocks = heights === null ? 1000n : BigInt(heights[2] ?? 0) - BigInt(heights[1] ?? 0)
          if (method === 'tx_search' && blocks > 8n) return { txs: [], total_count: '10001' }
          return http.request(method, params, options)
        },
      },
    })
    const again = await crowded.recoverLocks(seed, { hashlockOf: () => terms.hashlock })
    expect(again).toEqual(await adapter.recoverLocks(seed, { hashlockOf: () => terms.hashlock }))
    expect(again).toHaveLength(2)
    expect(await crowded.discoverLocks(terms.hashlock)).toHaveLength(2)
    // What can't be read may be the one that is looked for.
    await expect(of.discoverLocks(copy.hashlock)).rejects.toMatchObject({ _tag: 'RpcTooLarge' })
  })

  test('S9, L5: a version that the node finds too cheap is replaced by a dearer one with the same sequence', async () => {
    const cheap = await sign(transfer, { feeRate: 1n })
    await expect(adapter.submit(cheap)).rejects.toMatchObject({ _tag: 'CosmosUnderpriced', retryable: true })
    const { fast } = await adapter.feeRates()
    const [step] = await adapter.replace({ ...cheap, attempts: [cheap.id] }, fast)
    if (step === undefined) throw new Error('no step')
    expect(step.conflictKey).toBe(cheap.step.conflictKey)
    expect(step.maxFee.amount).toBeGreaterThan(cheap.step.maxFee.amount)
    const sent = await adapter.submit(await alice.sign(step))
    await node.mine()
    expect((await adapter.status(sent)).value).toMatchObject({ is: 'final', id: sent.id })
    expect((await adapter.status({ ...cheap, attempts: [cheap.id] })).value).toEqual({
      is: 'replaced',
      by: sent.id,
    })
  })

  test('a void takes the sequence of what isn’t sent any more', async () => {
    const lock = await sign({ kind: 'lock', terms: freshTerms() })
    const [step] = await adapter.prepare({ kind: 'void', submission: { ...lock, attempts: [lock.id] } })
    if (step === undefined) throw new Error('no step')
    expect(step).toMatchObject({ kind: 'void', conflictKey: lock.step.conflictKey })
    const sent = await adapter.submit(await alice.sign(step))
    await node.mine()
    expect((await adapter.status(sent)).value.is).toBe('final')
    await expect(adapter.submit(lock)).rejects.toMatchObject({ _tag: 'CosmosSequenceMismatch' })
  })

  test('S9: what merely has the same sequence is no version of it: the one that lost is replaced, never final', async () => {
    const http = createHttpRpc({ url: node.url })
    let forgets = true
    // A node that says it took a transaction, and forgets it.
    const transport: typeof http = {
      ...http,
      request: async (method, params, options) => {
        if (method !== 'broadcast_tx_sync' || !forgets) return http.request(method, params, options)
        const { tx } = params as { tx: string }
        const hash = sha256(Uint8Array.from(atob(tx), (char) => char.charCodeAt(0)))
        return { code: 0, hash: Bytes.toHex(hash).toUpperCase() }
      },
    }
    const of = open({ transport })
    const lock = await of.submit(await sign({ kind: 'lock', terms: freshTerms() }))
    const [step] = await of.prepare({ kind: 'void', submission: lock })
    if (step === undefined) throw new Error('no step')
    const voided = await of.submit(await alice.sign(step))
    expect([lock.attempts, voided.attempts]).toEqual([[lock.id], [voided.id]])
    const [dearer] = await of.replace(lock, 50_000n)
    if (dearer === undefined) throw new Error('no step')
    forgets = false
    const again = await of.submit(await alice.sign(dearer))
    expect(again.attempts).toEqual([lock.id, again.id])
    await node.mine()
    expect((await of.status(lock)).value).toEqual({ is: 'replaced', by: again.id })
    expect((await of.status(again)).value).toMatchObject({ is: 'final', id: again.id })
    expect((await of.status(voided)).value).toEqual({ is: 'replaced', by: again.id })
  })

  test('H6: nobody pins a claim: each has its own sequence, and whoever else claims pays the same payee', async () => {
    const terms = freshTerms()
    const { lock } = await locked(terms)
    const secret = secretOf(terms)
    const before = (await adapter.balance(bob.account)).value
    const claim: Intent = { kind: 'claim', terms, lock, secret }
    const own = await sign(claim)
    const copy = await sign({ ...claim, feePayer: alice.account })
    expect(copy.step.conflictKey).not.toBe(own.step.conflictKey)
    // The copy is first in the mempool and the block; the own one then fails, and what it cost is its fee alone.
    const [first, second] = [await adapter.submit(copy), await adapter.submit(own)]
    await node.mine()
    expect((await adapter.status(first)).value.is).toBe('final')
    expect((await adapter.status(second)).value.is).toBe('failed')
    const gain = (await adapter.balance(bob.account)).value - before
    expect(gain).toBe(terms.amount - own.step.maxFee.amount)
  })

  test('H8: a fee spike: what the market wants is paid up to the bound, no endpoint can make it more', async () => {
    const terms = freshTerms()
    const { lock } = await locked(terms)
    const claim: Intent = { kind: 'claim', terms, lock, secret: secretOf(terms) }
    const { normal } = await adapter.feeRates()
    const spiked = await sign(claim, { feeRate: normal * 100n })
    expect(spiked.step.maxFee.amount).toBe((GAS.settle * normal * 100n + 999_999n) / 1_000_000n)
    const bounded = open({ maxFeeRate: normal * 10n })
    await expect(sign(claim, { feeRate: normal * 100n }, bounded)).rejects.toMatchObject({
      _tag: 'CosmosFeeRateTooHigh',
      retryable: true,
    })
    const sent = await adapter.submit(spiked)
    await node.mine()
    expect((await adapter.status(sent)).value.is).toBe('final')
  })

  test('timeout_height: what is too late is refused, and never comes', async () => {
    const hasty = open({ timeoutBlocks: 1n })
    const late = await sign(transfer, {}, hasty)
    expect(late.step.validUntil?.clock).toBe('height')
    await node.mine(3)
    await expect(hasty.submit(late)).rejects.toMatchObject({ _tag: 'CosmosExpired' })
    expect((await hasty.status({ ...late, attempts: [late.id] })).value.is).toBe('dropped')
  })

  test('a rate beyond the caller’s bound, or none at all, is refused', async () => {
    await expect(adapter.prepare(transfer, { feeRate: 10n ** 9n })).rejects.toMatchObject({
      _tag: 'CosmosFeeRateTooHigh',
    })
    await expect(adapter.prepare(transfer, { feeRate: 0n })).rejects.toMatchObject({
      _tag: 'CosmosInvalidFeeRate',
    })
    await expect(open({ maxFeeRate: 1n }).feeRates()).rejects.toMatchObject({ _tag: 'CosmosFeeRateTooHigh' })
  })

  test.each([
    // GasPriceResponse { price: DecCoin }, QueryEipBaseFeeResponse { base_fee }: decimals of 18 places.
    ['/feemarket.feemarket.v1.Query/GasPrice', '\n\x1a\n\x05uatom\x12\x1135000000000000001'],
    ['/osmosis.txfees.v1beta1.Query/GetEipBaseFee', '\n\x1135000000000000001'],
  ])('L5 H5: a chain that prices gas by its load is paid what it asks now: %s', async (path, answer) => {
    const rpc = createHttpRpc({ url: node.url })
    const asks: unknown[] = []
    const busy = open({
      transport: {
        async request(method, params, options) {
          if (method !== 'abci_query' || asked(params, 'path') !== path)
            return rpc.request(method, params, options)
          asks.push(asked(params, 'data'))
          return { response: { code: 0, value: btoa(answer), height: asked(params, 'height') } }
        },
      },
    })
    // 0.035000000000000001 of a base unit for one gas.
    const rates = { slow: 35_001n, normal: 43_752n, fast: 70_002n }
    expect(await busy.feeRates()).toEqual(rates)
    const terms = freshTerms()
    const lock = adapter.expectLock(terms, [])
    const [claim] = await busy.prepare({ kind: 'claim', terms, lock, secret: secretOf(terms) })
    expect(claim?.maxFee.amount).toBe((GAS.settle * rates.normal + 999_999n) / 1_000_000n)
    const named = Bytes.toHex(new TextEncoder().encode('\n\x05uatom'))
    expect(asks[0]).toBe(path.includes('osmosis') ? '' : named)
  })

  test('H8: a gateway that lets no more questions through doesn’t say that the chain has no market', async () => {
    const rpc = createHttpRpc({ url: node.url })
    for (const path of [
      '/feemarket.feemarket.v1.Query/GasPrice',
      '/osmosis.txfees.v1beta1.Query/GetEipBaseFee',
    ]) {
      const limited = open({
        transport: {
          async request(method, params, options) {
            if (asked(params, 'path') !== path) return rpc.request(method, params, options)
            throw CoreErrors.RpcRejected('too many requests', {
              method,
              code: -32005,
              message: 'too many requests',
            })
          },
        },
      })
      const terms = freshTerms()
      const claim: Intent = {
        kind: 'claim',
        terms,
        lock: adapter.expectLock(terms, []),
        secret: secretOf(terms),
      }
      for (const run of [limited.feeRates(), limited.prepare(claim)])
        await expect(run).rejects.toMatchObject({ _tag: 'RpcRejected', context: { code: -32005 } })
    }
  })

  test('S13 H8: what vests later pays nothing, so it isn’t counted', async () => {
    const rpc = createHttpRpc({ url: node.url })
    const vesting = open({
      transport: {
        async request(method, params, options) {
          if (asked(params, 'path') !== '/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom')
            return rpc.request(method, params, options)
          // QuerySpendableBalanceByDenomResponse { balance: 7uatom }
          const value = btoa('\n\x0a\n\x05uatom\x12\x017')
          return { response: { code: 0, value, height: asked(params, 'height') } }
        },
      },
    })
    expect((await vesting.balance(alice.account)).value).toBe(7n)
    await expect(vesting.prepare({ kind: 'lock', terms: freshTerms() })).rejects.toMatchObject({
      _tag: 'CosmosInsufficientFunds',
      context: { held: 7n },
    })
  })

  test('L5: a market that may be paid, but not in a hurry, stops nothing: the hurried rate is the bound', async () => {
    const { normal } = await adapter.feeRates()
    const bounded = open({ maxFeeRate: normal })
    expect(await bounded.feeRates()).toMatchObject({ normal, fast: normal })
    const [step] = await bounded.prepare(transfer)
    expect(step?.maxFee.amount).toBeGreaterThan(0n)
  })

  test('a call that would fail is told so before it is signed', async () => {
    const data = new TextEncoder().encode('{"refund":{"id":"00"}}')
    const call: Intent = { kind: 'call', from: alice.account, to: `${network.id}:${htlc}`, data, value: 0n }
    await expect(adapter.prepare(call)).rejects.toMatchObject({ _tag: 'CosmosWouldFail' })
    const junk = { ...call, data: new TextEncoder().encode('[1]') } as Intent
    await expect(adapter.prepare(junk)).rejects.toMatchObject({ _tag: 'InvalidBytes' })
  })
})

describe('locks', () => {
  test('S12: a lock, its absence, that nobody spent it, and its claim are proved from one trusted block', async () => {
    const terms = freshTerms()
    await node.mine()
    const none = verifier.absent({ kind: 'lock', terms }, await adapter.proveAbsence({ kind: 'lock', terms }))
    expect(none).toMatchObject({ ok: true, value: { value: null } })
    const { lock } = await locked(terms)
    await expect(adapter.prove({ kind: 'lock', terms, lock })).rejects.toMatchObject({
      _tag: 'CosmosNotProvable',
      retryable: true,
    })
    await node.mine()
    const there = verifier.verify(
      { kind: 'lock', terms, lock },
      await adapter.prove({ kind: 'lock', terms, lock }),
    )
    if (!there.ok) throw new Error(there.refusal.message)
    expect(Fact.assuranceOf(there.value)).toBe('proved')
    const unspent = await adapter.proveAbsence({ kind: 'spend', terms })
    expect(verifier.absent({ kind: 'spend', terms }, unspent).ok).toBe(true)
    const secret = secretOf(terms)
    const sent = await run({ kind: 'claim', terms, lock, secret })
    await node.mine()
    const spend = { kind: 'claim', transaction: sent.id, secret } as const
    const proof = await adapter.prove({ kind: 'spend', terms, lock, spend })
    expect(verifier.verify({ kind: 'spend', terms, lock, spend }, proof)).toMatchObject({ ok: true })
    await expect(adapter.proveAbsence({ kind: 'spend', terms })).rejects.toMatchObject({
      _tag: 'CosmosNotProvable',
    })
  })

  test('headers bring a light client from its anchor to the tip', async () => {
    const from = { height: 1n, hash: Bytes.toHex(LightClient.finalized(state).hash).toUpperCase() }
    const { height } = (await adapter.tip()).value
    let client = state
    const stop = new AbortController()
    for await (const { block, bytes } of adapter.headers(from, { signal: stop.signal })) {
      const light = LightBlock.decode(bytes)
      if (!light.ok) throw new Error(light.refusal.message)
      const verdict = LightClient.apply(client, { block: light.value, now: node.time() + SECOND })
      if (!verdict.ok) throw new Error(verdict.refusal.message)
      client = verdict.value
      if (block.height === height) stop.abort()
    }
    expect(LightClient.finalized(client).header.height).toBe(height)
  })

  test('H26, H13: a payment that fails is owed, and withdrawn later; the claim counts', async () => {
    const terms = freshTerms({ asset: `${network.id}/cw20:${hostile}`, amount: 100n })
    const { lock } = await locked(terms)
    const owner = node.account('admin')
    // Whoever asks knows that it is settled: a node that doesn't is behind.
    for (const one of [terms, freshTerms()])
      for (const to of ['locker', 'beneficiary'] as const)
        await expect(adapter.dues!(one, lock, to)).rejects.toMatchObject({ _tag: 'CosmosNotProvable' })
    await node.execute(owner, hostile, { become: { mode: 'refusing' } })
    await run({ kind: 'claim', terms, lock, secret: secretOf(terms) })
    expect((await adapter.owed(terms)).value).toBe(100n)
    const dues = async (to: 'locker' | 'beneficiary') => (await adapter.dues!(terms, lock, to)).value
    const collect = { kind: 'collect', terms, lock, due: 'payment', to: 'beneficiary' } as const
    expect(await dues('beneficiary')).toEqual([{ kind: 'payment', asset: terms.asset, amount: 100n }])
    expect(await dues('locker')).toEqual([])
    await expect(adapter.prepare(collect)).rejects.toMatchObject({ _tag: 'CosmosWouldFail' })
    await expect(adapter.prepare({ ...collect, due: 'deposit' })).rejects.toMatchObject({
      _tag: 'InvalidArgument',
    })
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim' } },
    })
    await node.execute(owner, hostile, { become: { mode: 'quiet' } })
    await run(collect)
    expect((await adapter.owed(terms)).value).toBe(0n)
    expect(await dues('beneficiary')).toEqual([])
    expect((await adapter.balance(bob.account, { asset: terms.asset })).value).toBe(100n)
  })

  test('H18: a claim that comes too late is known before it is sent: it says until when, and no node has its secret', async () => {
    const terms = freshTerms()
    const { lock } = await locked(terms)
    const asked: string[] = []
    const transport = createHttpRpc({ url: node.url })
    const spied = open({
      transport: {
        request: (method, params, options) => {
          asked.push(JSON.stringify([method, params]))
          return transport.request(method, params ?? {}, options)
        },
      },
    })
    const secret = secretOf(terms)
    const claim = await sign({ kind: 'claim', terms, lock, secret }, {}, spied)
    expect(claim.step.validUntil).toEqual(terms.deadline)
    expect(asked.length).toBeGreaterThan(0)
    const spelled = Bytes.toHex(new TextEncoder().encode(Bytes.toHex(secret)))
    for (const request of asked)
      for (const form of [Bytes.toHex(secret), spelled])
        expect(request.toLowerCase()).not.toContain(form.toLowerCase())
    expect(asked.some((request) => request.includes('Simulate'))).toBe(false)
  })

  test('H20: a contract that somebody can exchange or exchanged, other code, or none', async () => {
    const admin = node.account('admin')
    const terms = freshTerms()
    const guarded = await node.deploy(admin, program('htlc.wasm'), {}, { admin: admin.address })
    for (const [address, codeHash, check] of [
      [guarded, undefined, 'lock-admin'],
      [htlc, new Uint8Array(32).fill(1), 'lock-code'],
      [hostile, undefined, 'lock-code'],
    ] as const) {
      const other = open({ htlc: address, ...(codeHash === undefined ? {} : { codeHash }) })
      const there = { ...terms, backend: other.backend }
      expect(await other.findLocks(there)).toMatchObject([{ is: 'unknown', why: { check } }])
      await expect(other.prepare({ kind: 'lock', terms: there })).rejects.toMatchObject({
        _tag: 'CosmosContractMismatch',
        context: { check },
      })
    }
    // Asked for the contract's second code, the node answers with its first.
    const rpc = createHttpRpc({ url: node.url })
    const migrated = open({
      transport: {
        request: (method, params, options) => {
          const data = String(params?.['data']).replace(/^05.*2$/, (key) => `${key.slice(0, -1)}1`)
          return rpc.request(method, method === 'abci_query' ? { ...params, data } : params, options)
        },
      },
    })
    expect(await migrated.findLocks(terms)).toMatchObject([{ is: 'unknown', why: { check: 'lock-history' } }])
    const nowhere = open({ htlc: ALICE })
    expect(await nowhere.findLocks({ ...terms, backend: nowhere.backend })).toMatchObject([
      { is: 'unknown', why: { check: 'lock-contract' } },
    ])
  })

  test('a token that the caller did not list; another chain at the endpoint', async () => {
    const terms = freshTerms({ asset: `${network.id}/cw20:${hostile}` })
    await expect(open({ tokens: [] }).prepare({ kind: 'lock', terms })).rejects.toMatchObject({
      _tag: 'CosmosTokenNotAllowed',
    })
    const id = 'cosmos:elsewhere-1' as const
    const profile = { ...network, id, native: { ...network.native, id: `${id}/slip44:118` as const } }
    await expect(open({ network: profile, tokens: [] }).tip()).rejects.toMatchObject({
      _tag: 'CosmosWrongChain',
    })
  })
})

describe('@cosmjs/stargate beside it', () => {
  test('reads the same accounts, balances and transactions; gas stays below the limits', async () => {
    const comet = await Comet38Client.connect(node.url)
    const client = StargateClient.create(comet)
    const terms = freshTerms()
    const { sent, lock } = await locked(terms)
    const claim = await run({ kind: 'claim', terms, lock, secret: secretOf(terms) })
    const account = await client.getAccount(ALICE)
    const next = await sign(transfer)
    expect(next.step.conflictKey).toBe(`${ALICE}/${account?.sequence}`)
    expect(BigInt((await client.getBalance(BOB, node.denom)).amount)).toBe(
      (await adapter.balance(bob.account)).value,
    )
    const used = async (id: string) => (await client.getTx(id))?.gasUsed ?? 0n
    const [locking, settling] = [await used(sent.id), await used(claim.id)]
    expect(locking).toBeGreaterThan(0n)
    expect(locking).toBeLessThan(GAS.lockNative)
    expect(settling).toBeLessThan(GAS.settle)
    client.disconnect()
  })

  test('its wallet signs our steps, and its client’s transactions don’t disturb', async () => {
    const wallet = await DirectSecp256k1Wallet.fromKey(new Uint8Array(32).fill(1), 'cosmos')
    const signer = createOfflineSigner(wallet, { network, account: alice.account })
    const [step] = await adapter.prepare(transfer)
    if (step === undefined) throw new Error('no step')
    const signed = await signer.sign(step)
    expect(signed).toEqual(await alice.sign(step))
    const client = SigningStargateClient.createWithSigner(await Comet38Client.connect(node.url), wallet)
    const fee = { amount: [{ denom: node.denom, amount: '2000' }], gas: '200000' }
    await client.sign(ALICE, [], fee, '')
    const sent = await adapter.submit(signed)
    await node.mine()
    expect((await adapter.status(sent)).value.is).toBe('final')
    client.disconnect()
  })
})
