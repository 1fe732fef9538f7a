import {
  Bytes,
  type ChainEvent,
  isAitbcError,
  type Lock,
  type LockTerms,
  type Signed,
  type Step,
  SwapSeed,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { reorg } from '@aitbc/devnet'
import { createEvmVerifier } from '@aitbc/proofs/ethereum'
import { hexToBytes, toHex } from 'viem'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compile } from '../../programs/evm/compile.js'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import { createEip1193Signer, createKeySigner, EvmTransaction, HtlcLock } from '../../src/evm/index.js'
import { account, asset, type Bench, createBench, network, SECRET } from './party.js'

let bench: Bench
let snapshot: string
let next = 0

beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench?.close())
beforeEach(async () => {
  snapshot = await bench.devnet.evm.rpc('evm_snapshot')
  bench.forget()
  // The net's clock does not go back with the chain: the first block takes the chain there.
  await bench.mine()
  bench.transport.calls.length = 0
})
afterEach(async () => {
  await bench.devnet.evm.rpc('evm_revert', snapshot)
})

/** Terms of a fresh lock that ends an hour from now. */
const fresh = async (changes: Partial<LockTerms.LockTerms> = {}) => {
  const deadline = { ...bench.terms().deadline, value: (await bench.now()) + 3600n }
  return bench.terms({ salt: new Uint8Array(32).fill(++next), deadline, ...changes })
}
const lockOf = (terms: LockTerms.LockTerms) => bench.adapter.expectLock(terms, [])
const claim = (terms: LockTerms.LockTerms) =>
  ({ kind: 'claim', terms, lock: lockOf(terms), secret: SECRET }) as const
const refund = (terms: LockTerms.LockTerms) => ({ kind: 'refund', terms, lock: lockOf(terms) }) as const
const balances = async (terms: LockTerms.LockTerms) =>
  Promise.all(
    [terms.locker.account, terms.beneficiary.account].map(
      async (a) => (await bench.adapter.balance(a, { asset: terms.asset })).value,
    ),
  ) as Promise<[bigint, bigint]>
const status = async (submission: Awaited<ReturnType<Bench['run']>>[number], adapter = bench.adapter) =>
  (await adapter.status(submission)).value
const rejected = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isAitbcError(error)) throw error ?? new Error('it did not reject')
  return error
}

describe('default', () => {
  test.each(['native', 'token'])('%s: lock, find, prove, claim, find the secret, prove', async (what) => {
    if (what === 'token') await bench.tokenCall('mint', [bench.signers[0]!.account.split(':')[2], 10n ** 20n])
    const terms = await fresh(what === 'token' ? { asset: bench.token.id } : {})
    expect(bench.adapter.auditTerms(terms)).toEqual({ ok: true, value: terms })
    expect(await bench.adapter.findLocks(terms)).toMatchObject([
      { is: 'absent', fact: { assurance: 'reported' } },
    ])

    const sent = await bench.run({ kind: 'lock', terms })
    expect(sent.map((s) => s.step.kind)).toEqual(what === 'token' ? ['approve', 'lock'] : ['lock'])
    const [read] = await bench.adapter.findLocks(terms)
    const lock: Lock = {
      ref: lockOf(terms).ref,
      transaction: sent.at(-1)!.id,
      amount: terms.amount,
      match: 'exact',
    }
    expect(read).toMatchObject({ is: 'found', fact: { value: lock, depth: 1n, assurance: 'reported' } })
    expect(await bench.adapter.findSpend(terms, lock)).toMatchObject({ is: 'absent' })

    const before = await balances(terms)
    const tip = (await bench.adapter.tip()).value
    const verifier = createEvmVerifier({
      network: network.id,
      trust: (block) => (block.hash === tip.hash ? { assurance: 'reported', asOf: tip } : undefined),
    })
    const evidence = await bench.adapter.prove({ kind: 'lock', terms, lock })
    expect(verifier.verify({ kind: 'lock', terms, lock }, evidence)).toMatchObject({
      ok: true,
      value: { value: { ref: lock.ref, amount: terms.amount, match: 'exact' }, depth: 1n },
    })

    // The step is the beneficiary's own unless another fee payer is named: another key refuses it.
    expect((await rejected(bench.run(claim(terms), { by: 2 })))._tag).toBe('EvmInvalidStep')
    const [own] = await bench.run(claim(terms), { by: 1 })
    const spend = await bench.adapter.findSpend(terms, lock)
    expect(spend).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', transaction: own!.id, secret: SECRET }, depth: 1n },
    })
    if (what === 'token') {
      const after = await balances(terms)
      expect([after[0] - before[0], after[1] - before[1]]).toEqual([0n, terms.amount])
    }
    if (spend.is !== 'found') throw new Error('unreachable')
    const head = (await bench.adapter.tip()).value
    const later = createEvmVerifier({
      network: network.id,
      trust: () => ({ assurance: 'reported', asOf: head }),
    })
    const spent = { kind: 'spend', terms, lock, spend: spend.fact.value } as const
    expect(later.verify(spent, await bench.adapter.prove(spent))).toMatchObject({ ok: true })
    expect((await rejected(bench.adapter.prove({ kind: 'lock', terms, lock })))._tag).toBe('EvmNotProvable')
  })

  test('refund: built before the lock is broadcast, paid at the deadline, found as a refund', async () => {
    const terms = await fresh()
    const signed = await bench.sign({ kind: 'lock', terms })
    const lock = bench.adapter.expectLock(terms, signed)
    const [step] = await bench.adapter.prepare({ kind: 'refund', terms, lock }, { after: signed })
    expect(EvmTransaction.decode(step!.payload).nonce).toBe(
      EvmTransaction.decode(signed[0]!.step.payload).nonce + 1n,
    )
    expect(step!.validFrom).toEqual(terms.deadline)
    const undo = await bench.signers[0]!.sign(step!)
    await bench.adapter.submit(signed[0]!)
    await bench.mine()
    await bench.mineAt(terms.deadline.value)
    const sent = await bench.adapter.submit(undo)
    await bench.mine()
    expect(await status(sent)).toMatchObject({ is: 'included' })
    expect(await bench.adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'refund', transaction: sent.id } },
    })
  })

  test('tip and balance: the clock is the timestamp, the newest final block is three deep, a balance is bound to its block', async () => {
    await bench.mine(5)
    const { value: tip, depth } = await bench.adapter.tip()
    expect(depth).toBe(1n)
    expect(tip.clock).toBe(tip.time)
    expect(tip.finalized?.height).toBe(tip.height - 2n)
    const who = bench.signers[7]!.account
    const was = await bench.adapter.balance(who)
    const [from, to] = [bench.signers[0]!.account, who]
    await bench.run({ kind: 'transfer', from, to, asset: network.native.id, amount: 5n })
    expect((await bench.adapter.balance(who)).value).toBe(was.value + 5n)
    const old = await bench.adapter.balance(who, { at: tip })
    expect(old).toMatchObject({ value: was.value, at: { hash: tip.hash }, depth: 2n })
  })

  test('headers: the bytes hash to the block, one after the other', async () => {
    const from = (await bench.adapter.tip()).value
    await bench.mine(3)
    const stop = new AbortController()
    const seen: bigint[] = []
    const verifier = await import('@aitbc/proofs/ethereum')
    for await (const { block, bytes } of bench.adapter.headers(from, { signal: stop.signal })) {
      const header = verifier.BlockHeader.decode(bytes)
      expect(header.ok && `0x${Bytes.toHex(verifier.BlockHeader.hash(header.value))}`).toBe(block.hash)
      seen.push(block.height)
      if (seen.length === 3) stop.abort()
    }
    expect(seen).toEqual([from.height + 1n, from.height + 2n, from.height + 3n])
  })
})

describe('submit and status', () => {
  const transfer = () =>
    ({
      kind: 'transfer',
      from: bench.signers[0]!.account,
      to: bench.signers[4]!.account,
      asset: network.native.id,
      amount: 1n,
    }) as const

  test('H22: prepared twice without a broadcast in between: one nonce, so at most one of the two can ever be mined', async () => {
    const terms = await fresh()
    const [a] = await bench.sign({ kind: 'lock', terms })
    const [b] = await bench.sign({ kind: 'lock', terms }, { feeRate: 9_000_000_000n })
    expect(b!.step.conflictKey).toBe(a!.step.conflictKey)
    expect(b!.id).not.toBe(a!.id)
    await bench.adapter.submit(a!)
    await bench.mine()
    expect((await rejected(bench.adapter.submit(b!)))._tag).toBe('EvmNonceUsed')
  })

  test('S9: every version of a step shares its nonce; whichever is mined counts for the submission', async () => {
    const [signed] = await bench.sign(transfer())
    const first = await bench.adapter.submit(signed!)
    const [step] = await bench.adapter.replace(first, 1n)
    expect(step!.conflictKey).toBe(first.step.conflictKey)
    const [old, fresher] = [first.step, step!].map((s) => EvmTransaction.decode(s.payload))
    expect(fresher!.maxFeePerGas * 8n >= old!.maxFeePerGas * 9n).toBe(true)
    expect(fresher!.maxPriorityFeePerGas * 8n >= old!.maxPriorityFeePerGas * 9n).toBe(true)
    const second = await bench.adapter.submit(await bench.signers[0]!.sign(step!))
    expect(second.attempts).toEqual([first.id, second.id])
    await bench.mine()
    expect(await status(second)).toMatchObject({ is: 'included', id: second.id })
    expect(await status(first)).toEqual({ is: 'replaced', by: second.id })
    expect(await status({ ...first, attempts: second.attempts })).toMatchObject({
      is: 'included',
      id: second.id,
    })
  })

  test('replaced: another transaction took the nonce, found also many blocks later', async () => {
    const [signed] = await bench.sign(transfer())
    const first = await bench.adapter.submit(signed!)
    const [step] = await bench.adapter.prepare({ kind: 'void', submission: first })
    expect(step).toMatchObject({ kind: 'void', conflictKey: first.step.conflictKey })
    const voided = await bench.adapter.submit(await bench.signers[0]!.sign(step!))
    await bench.mine()
    expect(await status(first)).toEqual({ is: 'replaced', by: voided.id })
    await bench.mine(40)
    expect(await status(first, bench.adapterWith({}))).toEqual({ is: 'replaced', by: voided.id })
    expect((await rejected(bench.adapter.submit(signed!)))._tag).toBe('EvmNonceUsed')
  })

  test('S9: a void is not what its lock is: if the lock is mined all the same, the void is replaced, never final', async () => {
    const terms = await fresh()
    const [signed] = await bench.sign({ kind: 'lock', terms })
    const lock = await bench.adapter.submit(signed!)
    const [step] = await bench.adapter.prepare({ kind: 'void', submission: lock })
    const voided = await bench.adapter.submit(await bench.signers[0]!.sign(step!))
    expect([lock.attempts, voided.attempts]).toEqual([[lock.id], [voided.id]])
    // A miner kept the first one.
    await bench.devnet.evm.rpc('anvil_dropTransaction', voided.id)
    await bench.adapter.submit(signed!)
    await bench.mine(4)
    expect(await status(lock)).toMatchObject({ is: 'final', id: lock.id })
    expect(await status(voided)).toEqual({ is: 'replaced', by: lock.id })
    expect(await bench.adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
  })

  test('dropped: what comes after a nonce that nobody uses any more; what is prepared then takes that nonce', async () => {
    const [one] = await bench.sign(transfer())
    const [two] = await bench.sign(transfer(), { after: [one!] })
    const [beside] = await bench.adapter.prepare(transfer(), { beside: [one!] })
    expect(beside!.conflictKey).toBe(two!.step.conflictKey)
    // What is beside it may never be sent: the number before it is free.
    const [gap] = await bench.adapter.prepare(transfer(), { beside: [two!] })
    expect(gap!.conflictKey).toBe(one!.step.conflictKey)
    // The first one never comes.
    const blocked = await bench.adapter.submit(two!)
    expect(await status(blocked)).toEqual({ is: 'dropped' })
    const [step] = await bench.adapter.prepare(transfer())
    expect(step!.conflictKey).toBe(one!.step.conflictKey)
    await bench.adapter.submit(await bench.signers[0]!.sign(step!))
    expect(await status(blocked)).toEqual({ is: 'pending' })
    await bench.mine()
    expect((await status(blocked)).is).toBe('included')
  })

  test('failed: included and reverted, fee lost', async () => {
    const terms = await fresh()
    await bench.run({ kind: 'lock', terms })
    const [early] = await bench.run(refund(terms))
    expect(await status(early!)).toMatchObject({ is: 'failed', id: early!.id })
    expect(await bench.adapter.findSpend(terms, lockOf(terms))).toMatchObject({ is: 'absent' })
  })

  test('a wallet that sends by itself, over a real node: lock, raise the fee, follow it to the block', async () => {
    const wallet = createEip1193Signer(bench.transport, { network, account: bench.signers[0]!.account })
    const terms = await fresh()
    const [step] = await bench.adapter.prepare({ kind: 'lock', terms })
    const sent = await wallet.send(step!)
    expect(await status(sent)).toEqual({ is: 'pending' })
    const [raised] = await bench.adapter.replace(sent, (await bench.adapter.feeRates()).fast)
    const again = await wallet.send(raised!)
    expect(again.step.conflictKey).toBe(sent.step.conflictKey)
    await bench.mine()
    const all = { ...again, attempts: [sent.id, again.id] }
    expect(await status(all)).toMatchObject({ is: 'included', id: again.id })
    expect(await status(sent)).toEqual({ is: 'replaced', by: again.id })
    expect(await bench.adapter.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { transaction: again.id, match: 'exact' } } },
    ])
  })

  test('H9: a reorg takes an included transaction back: pending again, or dropped, and it can be sent again', async () => {
    const [a] = await bench.run(transfer())
    expect(await status(a!)).toMatchObject({ is: 'included' })
    await reorg(bench.devnet, 'evm', 1, { drop: 'all' })
    expect(await status(a!)).toEqual({ is: 'dropped' })
    expect(await status(a!, bench.adapterWith({}))).toEqual({ is: 'unknown' })
    const again = await bench.adapter.submit({ step: a!.step, id: a!.id, raw: a!.raw! })
    expect(await status(again)).toEqual({ is: 'pending' })
    await bench.mine()
    expect(await status(again)).toMatchObject({ is: 'included', id: a!.id })
  })

  test('error: insufficient funds are named before anything is signed', async () => {
    const poor = createKeySigner({ network, privateKey: new Uint8Array(32).fill(0x55) })
    const error = await rejected(
      bench.adapter.prepare({
        kind: 'transfer',
        from: poor.account,
        to: bench.signers[0]!.account,
        asset: network.native.id,
        amount: 1n,
      }),
    )
    expect(error).toMatchObject({
      _tag: 'EvmInsufficientFunds',
      code: 3205,
      context: { held: 0n, needed: 1n },
    })
    const terms = await fresh({
      asset: bench.token.id,
      locker: { account: poor.account, payout: poor.account },
    })
    expect((await rejected(bench.adapter.prepare({ kind: 'lock', terms })))._tag).toBe('EvmInsufficientFunds')
  })

  test('error: signed bytes of another step, another account or another chain are refused before they are sent', async () => {
    const [a] = await bench.sign(transfer())
    const [b] = await bench.sign({ ...transfer(), amount: 2n })
    bench.transport.calls.length = 0
    const foreign = createKeySigner({
      network: { ...network, id: 'eip155:5' },
      privateKey: new Uint8Array(32).fill(1),
    })
    const cases: readonly [Partial<Signed>, string][] = [
      [{ raw: b!.raw }, 'EvmInvalidStep'],
      [{ raw: b!.raw, id: b!.id }, 'EvmInvalidStep'],
      [{ id: b!.id }, 'EvmInvalidStep'],
      [{ raw: new Uint8Array(0) }, 'EvmInvalidStep'],
      [{ raw: a!.raw.slice(0, -1) }, 'EvmInvalidStep'],
      [{ step: { ...a!.step, from: bench.signers[1]!.account } }, 'EvmInvalidStep'],
      [{ step: { ...a!.step, network: 'eip155:1' } }, 'ForeignNetwork'],
      [{ step: { ...a!.step, format: 'bitcoin/psbt' } }, 'EvmInvalidStep'],
    ]
    for (const [change, tag] of cases)
      expect(
        (await rejected(bench.adapter.submit({ ...a!, ...change })))._tag,
        JSON.stringify(Object.keys(change)),
      ).toBe(tag)
    expect((await rejected(foreign.sign(a!.step)))._tag).toBe('ForeignNetwork')
    expect(bench.transport.calls).toEqual([])
  })
})

describe('locks', () => {
  test('H18: nothing that prepares, finds or simulates ever tells a node the secret; only the claim itself does', async () => {
    const terms = await fresh()
    await bench.run({ kind: 'lock', terms })
    bench.transport.calls.length = 0
    const steps = await bench.adapter.prepare(claim(terms))
    await bench.adapter.findSpend(terms, lockOf(terms))
    await bench.adapter.findLocks(terms)
    const signed = await bench.signers[1]!.sign(steps[0]!)
    const secret = Bytes.toHex(SECRET)
    expect(bench.transport.calls.length).toBeGreaterThan(5)
    for (const { method, params } of bench.transport.calls) {
      expect(JSON.stringify(params)).not.toContain(secret)
      expect(['eth_call', 'eth_estimateGas']).not.toContain(method)
    }
    bench.transport.calls.length = 0
    await bench.adapter.submit(signed)
    const telling = bench.transport.calls.filter(({ params }) => JSON.stringify(params).includes(secret))
    expect(telling.map(({ method }) => method)).toEqual(['eth_sendRawTransaction'])
    const [replacement] = await bench.adapter.replace(await bench.adapter.submit(signed), 1n)
    bench.transport.calls.length = 0
    expect(Bytes.toHex(replacement!.payload)).toContain(secret)
    for (const { params } of bench.transport.calls) expect(JSON.stringify(params)).not.toContain(secret)
  })

  test('H20: another contract at the address: no lock is prepared, and what is found there is unknown, not a lock', async () => {
    const terms = await fresh()
    await bench.run({ kind: 'lock', terms })
    const { address } = bench.adapter.backend
    await bench.devnet.evm.rpc('anvil_setCode', address, '0x6001600055')
    const error = await rejected(bench.adapter.prepare({ kind: 'lock', terms: await fresh() }))
    expect(error).toMatchObject({ _tag: 'EvmContractMismatch', code: 3203, context: { address } })
    expect(await bench.adapter.findLocks(terms)).toMatchObject([
      { is: 'unknown', why: { check: 'lock-code' } },
    ])
    expect(await bench.adapter.findSpend(terms, lockOf(terms))).toMatchObject({ is: 'unknown' })
    expect((await rejected(bench.adapter.discoverLocks(terms.hashlock)))._tag).toBe('EvmContractMismatch')
    await bench.devnet.evm.rpc('anvil_setCode', address, '0x')
    expect((await rejected(bench.adapter.prepare({ kind: 'lock', terms })))._tag).toBe('EvmContractMismatch')
  })

  test("H20: terms are recomputed: another contract, code, kind, chain, payout, key or token that the caller didn't list", async () => {
    const terms = await fresh()
    const other = bench.signers[3]!.account
    const cases: readonly [Partial<LockTerms.LockTerms>, string][] = [
      [
        { backend: { ...terms.backend, address: '0x00000000000000000000000000000000000000cc' } },
        'terms.backend.address',
      ],
      [{ backend: { ...terms.backend, codeHash: new Uint8Array(32).fill(1) } }, 'terms.backend.codeHash'],
      [
        { backend: { network: network.id, kind: 'contract', address: terms.backend.address! } },
        'terms.backend.codeHash',
      ],
      [{ backend: { ...terms.backend, kind: 'p2wsh' } }, 'terms.backend.kind'],
      [{ locker: { account: terms.locker.account, payout: other } }, 'terms.locker.payout'],
      [{ beneficiary: { account: terms.beneficiary.account, payout: other } }, 'terms.beneficiary.payout'],
      [
        { beneficiary: { ...terms.beneficiary, publicKey: new Uint8Array(33) } },
        'terms.beneficiary.publicKey',
      ],
      [{ asset: asset('0x00000000000000000000000000000000000000dd') }, 'terms.asset'],
      [{ asset: `${network.id}/erc721:0x00000000000000000000000000000000000000dd` }, 'terms.asset'],
      [{ deadline: { ...terms.deadline, clock: 'median-time' } }, 'terms.deadline.clock'],
      [
        {
          beneficiary: {
            account: account(bench.adapter.backend.address),
            payout: account(bench.adapter.backend.address),
          },
        },
        'terms.beneficiary.payout',
      ],
    ]
    for (const [change, argument] of cases) {
      const wrong = { ...terms, ...change }
      const verdict = bench.adapter.auditTerms(wrong)
      expect(verdict.ok, argument).toBe(false)
      if (!verdict.ok) expect(verdict.refusal.context?.['argument']).toBe(argument)
      const error = await rejected(bench.adapter.prepare({ kind: 'lock', terms: wrong }))
      expect(error.context['argument']).toBe(argument)
    }
    const error = await rejected(
      bench.adapter.prepare({
        kind: 'lock',
        terms: { ...terms, asset: asset('0x00000000000000000000000000000000000000dd') },
      }),
    )
    expect(error).toMatchObject({ _tag: 'EvmTokenNotAllowed', code: 3202 })
  })

  test('H13: what a token says of itself is never read: no call for its name, symbol or decimals', async () => {
    await bench.tokenCall('mint', [bench.signers[0]!.account.split(':')[2], 10n ** 20n])
    const terms = await fresh({ asset: bench.token.id })
    bench.transport.calls.length = 0
    await bench.run({ kind: 'lock', terms })
    await bench.adapter.findLocks(terms)
    const selectors = bench.transport.calls
      .filter(({ method }) => method === 'eth_call')
      .map(({ params }) => (params[0] as { data: string }).data.slice(0, 10))
    expect(selectors.length).toBeGreaterThan(0)
    for (const selector of selectors) expect(['0x70a08231', '0xdd62ed3e']).toContain(selector)
  })

  test('H21: approvals are for the exact amount, and a rest is set to zero first (approve race)', async () => {
    const { ApproveRaceToken } = await compile(['test-tokens/ApproveRaceToken.sol'])
    const token = await bench.deploy(ApproveRaceToken!)
    const { abi } = ApproveRaceToken!
    const me = bench.signers[0]!.account.split(':')[2]
    await bench.tokenCall('mint', [me, 10_000n], token, abi)
    await bench.tokenCall('approve', [bench.adapter.backend.address, 5n], token, abi)
    const adapter = bench.adapterWith({ tokens: [{ id: asset(token), symbol: 'RACE', decimals: 0 }] })
    const terms = await fresh({ asset: asset(token), amount: 1000n })
    const steps = await adapter.prepare({ kind: 'lock', terms })
    expect(steps.map((step) => step.kind)).toEqual(['approve', 'approve', 'lock'])
    // L5: what the lock waits for is never the cheaper one.
    const prices = steps.map((step) => EvmTransaction.decode(step.payload).maxFeePerGas)
    expect(prices).toEqual([prices[2]! * 2n, prices[2]! * 2n, prices[2]])
    for (const step of steps) await adapter.submit(await bench.signers[0]!.sign(step))
    await bench.mine()
    expect(await adapter.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { amount: 1000n } } },
    ])
    expect(
      (await adapter.prepare({ kind: 'lock', terms: { ...terms, amount: 1n } })).map((s) => s.kind),
    ).toEqual(['approve', 'lock'])
    await bench.tokenCall('approve', [bench.adapter.backend.address, 1n], token, abi)
    expect(
      (await adapter.prepare({ kind: 'lock', terms: { ...terms, amount: 1n } })).map((s) => s.kind),
    ).toEqual(['lock'])
  })

  test('L1: a lock counts on no allowance that another one under way will have taken', async () => {
    const me = bench.signers[0]!.account.split(':')[2]
    await bench.tokenCall('mint', [me, 10_000n])
    await bench.tokenCall('approve', [bench.adapter.backend.address, 1000n])
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map(() => fresh({ asset: bench.token.id, amount: 600n })),
    )
    const kinds = (steps: readonly Step[]) => steps.map(({ kind }) => kind)
    const send = async (terms: LockTerms.LockTerms) => {
      const steps = await bench.adapter.prepare({ kind: 'lock', terms })
      for (const step of steps) await bench.adapter.submit(await bench.signers[0]!.sign(step))
      return kinds(steps)
    }
    const [signed] = await bench.sign({ kind: 'lock', terms: one! })
    const beside = await bench.adapter.prepare({ kind: 'lock', terms: two! }, { beside: [signed!] })
    expect(kinds(beside)).toEqual(['approve', 'approve', 'lock'])
    // Nothing comes between approvals and their lock: where a gap is too small for all, they come behind it.
    const [late] = await bench.sign({ kind: 'lock', terms: three! }, { after: [signed!] })
    const nonces = (steps: readonly Step[]) => steps.map((s) => EvmTransaction.decode(s.payload).nonce)
    const [first] = nonces([signed!.step]) as [bigint]
    const behind = await bench.adapter.prepare({ kind: 'lock', terms: two! }, { beside: [late!] })
    expect(nonces([late!.step, ...behind])).toEqual([1n, 2n, 3n, 4n].map((n) => first + n))
    expect(await send(one!)).toEqual(['lock'])
    expect(await send(two!)).toEqual(['approve', 'approve', 'lock'])
    await bench.mine()
    for (const terms of [one!, two!])
      expect(await bench.adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
    // What is never used up is there for all.
    await bench.tokenCall('approve', [bench.adapter.backend.address, 2n ** 256n - 1n])
    const [other] = await bench.sign({ kind: 'lock', terms: await fresh() })
    await bench.adapter.submit(other!)
    expect(await send(three!)).toEqual(['lock'])
    await bench.mine()
    expect(await bench.adapter.findLocks(three!)).toMatchObject([{ is: 'found' }])
  })

  test('H21: a second payment of the same terms fails on chain and changes nothing: there is one lock', async () => {
    const terms = await fresh()
    await bench.run({ kind: 'lock', terms })
    const [twice] = await bench.run({ kind: 'lock', terms })
    expect(await status(twice!)).toMatchObject({ is: 'failed' })
    const found = await bench.adapter.findLocks(terms)
    expect(found).toHaveLength(1)
    expect(found).toMatchObject([{ is: 'found', fact: { value: { match: 'exact' } } }])
  })

  test('H15: discovery by hashlock: every lock of it, whoever made it, with its terms rebuilt byte for byte', async () => {
    const [a, b] = [
      await fresh(),
      await fresh({ locker: { account: bench.signers[3]!.account, payout: bench.signers[3]!.account } }),
    ]
    await bench.run({ kind: 'lock', terms: a })
    await bench.run({ kind: 'lock', terms: b }, { by: 3 })
    const found = await bench.adapter.discoverLocks(a.hashlock)
    expect(found.map((entry) => entry.terms)).toEqual([a, b])
    expect(found.map((entry) => entry.lock.ref)).toEqual([lockOf(a).ref, lockOf(b).ref])
    expect(await bench.adapter.discoverLocks(new Uint8Array(32).fill(0x77))).toEqual([])
  })

  test('L3: recovery: from the seed and the chain alone; others, copies and forgeries are left out', async () => {
    const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(3), network.id)
    const nonces = [1, 2, 3].map((n) => new Uint8Array(8).fill(n))
    const mine = [await fresh(), await fresh(), await fresh()]
    const records = [
      { role: 'initiator', agreement: new Uint8Array(900).fill(1) },
      { role: 'follower', counter: new Uint8Array(32).fill(2) },
      { role: 'initiator' },
    ] as const
    for (const [i, terms] of mine.entries())
      await bench.run({
        kind: 'lock',
        terms,
        recovery: {
          seed,
          nonce: nonces[i]!,
          record: records[i]!,
          ...(i === 1 ? { index: 40 } : i === 2 ? { index: 5 } : {}),
        },
      })
    // A stranger repeats tag and record of the first lock beside a lock of its own.
    const [step] = await bench.adapter.prepare({
      kind: 'lock',
      terms: mine[0]!,
      recovery: { seed, nonce: nonces[0]!, record: records[0] },
    })
    const stolen = EvmTransaction.decode(step!.payload).data
    const thief = bench.signers[4]!
    const copied = await fresh({ locker: { account: thief.account, payout: thief.account } })
    const own = HtlcLock.fromLockTerms(copied, bench.adapter.backend, network)
    const words = stolen.slice(10 + 64 * 7)
    const data = HtlcLock.encodeLock(
      own,
      hexToBytes(`0x${words.slice(0, 64)}`),
      hexToBytes(`0x${words.slice(64 * 3, 64 * 3 + 2 * (8 + 16 + 1 + 4 + 900))}`),
    )
    const before = await bench.adapter.discoverLocks(copied.hashlock)
    const transaction = {
      to: bench.adapter.backend.address,
      data,
      from: thief.account.split(':')[2],
      gas: '0x100000',
      value: toHex(copied.amount),
    }
    await bench.devnet.evm.rpc('eth_sendTransaction', transaction)
    await bench.mine()
    expect(await bench.adapter.discoverLocks(copied.hashlock)).toHaveLength(before.length + 1)

    const hashlockOf = () => mine[0]!.hashlock
    const found = await bench.adapterWith({}).recoverLocks(seed, { hashlockOf })
    expect(found.map((entry) => entry.nonce)).toEqual([nonces[0], nonces[2], nonces[1]])
    expect(found.map((entry) => entry.record)).toEqual([records[0], records[2], records[1]])
    expect(found.map((entry) => entry.terms)).toEqual([mine[0], mine[2], mine[1]])
    const other = SwapSeed.forNetwork(new Uint8Array(32).fill(4), network.id)
    expect(await bench.adapter.recoverLocks(other, { hashlockOf })).toEqual([])
    const lied = await bench.adapter.recoverLocks(seed, { hashlockOf: () => new Uint8Array(32).fill(1) })
    expect(lied.map((entry) => entry.record.role)).toEqual(['follower'])
    const elsewhere = SwapSeed.forNetwork(new Uint8Array(32).fill(3), 'eip155:1')
    expect((await rejected(bench.adapter.recoverLocks(elsewhere, { hashlockOf })))._tag).toBe(
      'ForeignNetwork',
    )
  })

  test('error: an intent for another lock, a wrong secret, a passed deadline or a foreign network is refused by name', async () => {
    const [a, b] = [await fresh(), await fresh()]
    const cases: readonly [Parameters<Bench['sign']>[0], string, string][] = [
      [{ ...claim(a), lock: lockOf(b) }, 'InvalidArgument', 'intent.lock.ref'],
      [{ ...claim(a), secret: new Uint8Array(32) }, 'InvalidSecret', 'intent.secret'],
      [{ ...claim(a), secret: new Uint8Array(31) }, 'InvalidSecret', 'intent.secret'],
      [
        { ...claim(a), feePayer: 'eip155:1:0x00000000000000000000000000000000000000aa' },
        'ForeignNetwork',
        'account',
      ],
      [
        { kind: 'lock', terms: await fresh({ deadline: { ...a.deadline, value: await bench.now() } }) },
        'EvmUnsupportedTerms',
        'terms.deadline',
      ],
      [{ kind: 'lock', terms: a, from: bench.signers[2]!.account }, 'EvmUnsupportedTerms', 'intent.from'],
      [{ kind: 'lock', terms: { ...a, amount: 0n } }, 'InvalidAmount', 'terms.amount'],
      [{ kind: 'lock', terms: { ...a, amount: -1n } }, 'InvalidAmount', 'terms.amount'],
      [{ kind: 'lock', terms: { ...a, amount: 2n ** 256n } }, 'InvalidAmount', 'terms.amount'],
      [{ kind: 'mint' } as never, 'InvalidArgument', 'intent.kind'],
    ]
    for (const [intent, tag, argument] of cases) {
      const error = await rejected(bench.adapter.prepare(intent))
      expect([error._tag, error.context['argument']]).toEqual([tag, argument])
      expect(error.message).toContain(argument)
      expect(JSON.stringify(error.context, (_, v) => (typeof v === 'bigint' ? String(v) : v))).not.toContain(
        Bytes.toHex(SECRET),
      )
    }
    for (const feeRate of [0n, -1n, 5 as never])
      expect((await rejected(bench.adapter.prepare({ kind: 'lock', terms: a }, { feeRate })))._tag).toBe(
        'EvmInvalidFeeRate',
      )
    const stop = AbortSignal.abort(new Error('enough'))
    await expect(bench.adapter.findLocks(a, { signal: stop })).rejects.toThrow('enough')
  })

  test('H14: an endpoint on another chain is refused before anything it says counts', async () => {
    const adapter = bench.adapterWith({
      network: { ...network, id: networks.ethereum.id, native: networks.ethereum.native },
      tokens: [],
    })
    const error = await rejected(adapter.tip())
    expect(error).toMatchObject({
      _tag: 'EvmWrongChain',
      context: { expected: 'eip155:1', received: 'eip155:31337' },
    })
  })

  test('H14: a provider that switches its chain in the middle is noticed', async () => {
    let chainId = '0x7a69'
    const request = async (call: { method: string; params?: readonly unknown[] }) =>
      call.method === 'eth_chainId' ? chainId : bench.transport.request(call)
    const adapter = bench.adapterWith({ transport: { request, on: () => undefined } as never })
    await adapter.tip()
    chainId = '0x1'
    expect((await rejected(adapter.tip()))._tag).toBe('EvmWrongChain')
  })

  test('the deployment is at one address on every chain, with the pinned code', async () => {
    const code = await bench.devnet.evm.rpc<string>('eth_getCode', HtlcDeployment.address, 'latest')
    expect(code.length).toBeGreaterThan(2)
    expect(bench.adapter.backend.address).toBe(HtlcDeployment.address)
  })
})

describe('watch', () => {
  /** Takes events one by one; the watch looks again as long as one is awaited. */
  const collect = (subject: Parameters<Bench['adapter']['watch']>[0]) => {
    const stop = new AbortController()
    const adapter = bench.adapterWith({ wait: () => Promise.resolve() })
    const events = adapter.watch(subject, { signal: stop.signal })[Symbol.asyncIterator]()
    const seen: ChainEvent[] = []
    return {
      seen,
      /** Takes so many more events. */
      async take(count: number) {
        for (let i = 0; i < count; i++) {
          const { value } = await events.next()
          seen.push(value as ChainEvent)
        }
        return seen.slice(-count).map((event) => {
          const { what } = event
          const block = what.kind === 'block' ? what.block : what.block === 'mempool' ? undefined : what.block
          const name = what.kind === 'spend' ? what.spend.kind : what.kind
          return `${event.is} ${name}${block === undefined ? ' in mempool' : ''}`
        })
      },
      async end() {
        const rest = events.next()
        stop.abort()
        expect((await rest).done).toBe(true)
      },
    }
  }

  test('H9: a lock: what was there, then lock, claim in mempool and block; a reorg retracts newest first, and it comes back', async () => {
    const terms = await fresh()
    await bench.run({ kind: 'lock', terms })
    const watched = collect({ kind: 'lock', terms })
    expect(await watched.take(1)).toEqual(['added lock'])
    const [sent] = await bench.run(claim(terms), { by: 1, mine: false })
    expect(await watched.take(1)).toEqual(['added claim in mempool'])
    await bench.mine()
    expect(await watched.take(1)).toEqual(['added claim'])
    await reorg(bench.devnet, 'evm', 2, { drop: 'all' })
    expect(await watched.take(2)).toEqual(['retracted claim', 'retracted lock'])
    const [lockEvent] = watched.seen
    expect(watched.seen.at(-1)!.what).toEqual(lockEvent!.what)
    const again = await bench.sign({ kind: 'lock', terms })
    await bench.adapter.submit(again[0]!)
    await bench.mine()
    expect(await watched.take(1)).toEqual(['added lock'])
    await bench.adapter.submit({ step: sent!.step, id: sent!.id, raw: sent!.raw! })
    await bench.mine()
    const back = await watched.take(1)
    expect(back).toEqual(['added claim'])
    await watched.end()
  })

  test('tip: every block once, and a reorg as retractions newest first, then the new branch oldest first', async () => {
    const watched = collect({ kind: 'tip' })
    await watched.take(1)
    await bench.mine(3)
    expect(await watched.take(3)).toEqual(['added block', 'added block', 'added block'])
    await reorg(bench.devnet, 'evm', 2)
    expect(await watched.take(4)).toEqual([
      'retracted block',
      'retracted block',
      'added block',
      'added block',
    ])
    const heights = watched.seen.map((e) => (e.what.kind === 'block' ? e.what.block.height : -1n))
    const top = heights[3]!
    expect(heights.slice(4)).toEqual([top, top - 1n, top - 1n, top])
    await watched.end()
  })

  test('account: its transactions, retracted by a reorg', async () => {
    const who = bench.signers[8]!.account
    const watched = collect({ kind: 'account', account: who })
    const first = watched.take(1)
    const [sent] = await bench.run({
      kind: 'transfer',
      from: bench.signers[0]!.account,
      to: who,
      asset: network.native.id,
      amount: 3n,
    })
    await bench.mine()
    expect(await first).toEqual(['added transaction'])
    expect(watched.seen[0]!.what).toMatchObject({ kind: 'transaction', id: sent!.id })
    await reorg(bench.devnet, 'evm', 2, { drop: 'all' })
    expect(await watched.take(1)).toEqual(['retracted transaction'])
    await watched.end()
  })

  test('S12: a reorg deeper than is planned for stops the watch with an alarm', async () => {
    const watched = collect({ kind: 'tip' })
    await watched.take(1)
    await bench.mine(40)
    await watched.take(40)
    await reorg(bench.devnet, 'evm', 38)
    const error = await rejected(watched.take(1))
    expect(error).toMatchObject({ _tag: 'EvmReorgTooDeep', code: 3210, retryable: false })
  })
})
