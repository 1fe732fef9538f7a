import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Bytes,
  CoreErrors,
  type Fact,
  Hashlock,
  type Intent,
  type LockTerms,
  type Signed,
  type SwapSeed,
} from '@aitbc/core'
import { createHttpRpc } from '@aitbc/core/rpc'
import { Address, LightClient, TransactionEvidence } from '@aitbc/proofs/solana'
import { createSolanaVerifier } from '@aitbc/proofs/svm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createKeySigner,
  createSolanaAdapter,
  HtlcArtifact,
  HtlcLock,
  NonceAccount,
  SolanaInstruction,
  SolanaTransaction,
  type SolanaTransport,
} from '../../src/solana/index.js'
import { tells } from '../contract.js'
import { createWorld, network, type SolanaWorld } from './world.js'

let world: SolanaWorld
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

const NONCE = 'aitbc'
/** A payee without lamports. */
const dora = createKeySigner({ network, privateKey: new Uint8Array(32).fill(0xd0) })
const nonceBytes = new Uint8Array(8)
const alice = () => world.wallets[0].funding
const bob = () => world.wallets[1].funding
const carol = () => world.wallets[2].funding
const held = async (
  account: ReturnType<typeof alice>,
  asset = network.native.id as LockTerms.LockTerms['asset'],
) => (await world.adapter.balance(account, { asset })).value
const lockOf = (terms: LockTerms.LockTerms) => world.adapter.expectLock(terms, [])
const claimOf = (terms: LockTerms.LockTerms, secret: Uint8Array): Intent => ({
  kind: 'claim',
  terms,
  lock: lockOf(terms),
  secret,
})
const transfer = (amount = 5_000_000n): Intent => ({
  kind: 'transfer',
  from: alice(),
  to: carol(),
  asset: network.native.id,
  amount,
})
const sign = async (step: Signed['step']): Promise<Signed> => {
  const signer = world.wallets.map((it) => it.signer(step.from, nonceBytes)).find(Boolean)
  if (signer?.kind !== 'signs') throw new Error(`nobody signs for ${step.from}`)
  return signer.sign(step)
}
const first = async (intent: Intent, adapter = world.adapter): Promise<Signed> =>
  sign((await adapter.prepare(intent))[0] as Signed['step'])
const error = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (reason) {
    return reason
  }
  throw new Error('nothing was refused')
}
const spied = (): {
  readonly rpc: SolanaTransport
  readonly calls: { method: string; params: unknown }[]
} => {
  const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
  const calls: { method: string; params: unknown }[] = []
  return {
    calls,
    rpc: {
      request(method, params = [], options = {}) {
        calls.push({ method, params })
        return http.request(method, params, options)
      },
    },
  }
}

/** Which part of a list of signatures is asked for. */
interface Listing {
  readonly before?: string
  readonly until?: string
  readonly limit?: number
}

/**
 * The node, where so many transactions that can't be read name each address that any other one names: before those, after them, and between
 * each two; and it shows so many at once.
 */
function bothered(many: {
  readonly older?: number
  readonly newer?: number
  readonly between?: number
  readonly page?: number
}): {
  readonly rpc: SolanaTransport
  /** How many lists were asked for. */
  pages(): number
} {
  const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
  const others = (count: number, name: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...{
        signature: Address.encode(
          new Uint8Array(64)
            .fill(name)
            .fill(i, 0, 1)
            .fill(i >> 8, 1, 2),
        ),
      },
      ...{ slot: 1, err: null },
    }))
  const [older, newer] = [others(many.older ?? 0, 1), others(many.newer ?? 0, 2)]
  const between = Array.from({ length: 16 }, (_, i) => others(many.between ?? 0, 3 + i))
  const theirs = new Set([older, newer, ...between].flat().map(({ signature }) => signature))
  let pages = 0
  return {
    pages: () => pages,
    rpc: {
      async request(method, params = [], options = {}) {
        const [asked, { before, until, limit } = {}] = params as [string, Listing?]
        if (method === 'getTransaction' && theirs.has(asked)) {
          const message = 'Transaction version (1) is not supported by the requesting client'
          throw CoreErrors.RpcRejected(message, { method, code: -32_015, message })
        }
        if (method !== 'getSignaturesForAddress') return http.request(method, params, options)
        pages++
        const own = (await http.request(
          method,
          [asked, { commitment: 'confirmed' }],
          options,
        )) as typeof older
        const mixed = own.flatMap((one, i) => (i === 0 ? [one] : [...(between[i] ?? []), one]))
        const all = own.length === 0 ? [] : [...newer, ...mixed, ...older]
        const at = (signature: string | undefined) => all.findIndex((one) => one.signature === signature)
        return all
          .slice(at(before) + 1, until === undefined ? all.length : at(until))
          .slice(0, Math.min(limit ?? 1000, many.page ?? 1000))
      },
    },
  }
}

/** The node, which refuses a method for now, as one that is behind does, or whose caller asks too much. */
function refusing(
  refused: string,
  why: 'refused' | 'limited' = 'refused',
): { readonly rpc: SolanaTransport; stop(): void } {
  const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
  let stopped = false
  return {
    stop: () => {
      stopped = true
    },
    rpc: {
      async request(method, params = [], options = {}) {
        if (method !== refused || stopped) return http.request(method, params, options)
        if (why === 'limited') throw CoreErrors.RpcRateLimited('HTTP 429', { method })
        const message = 'Node is behind by 42 slots'
        throw CoreErrors.RpcRejected(message, { method, code: -32_005, message })
      },
    },
  }
}

/** A lock that was claimed, paid and closed. */
async function closed(): Promise<{ readonly terms: LockTerms.LockTerms; readonly secret: Hashlock.Secret }> {
  const { terms, secret } = await world.terms()
  await world.run({ kind: 'lock', terms })
  await world.run(claimOf(terms, secret))
  await world.reach(terms.deadline.value)
  await world.run({ kind: 'collect', terms, lock: lockOf(terms), due: 'deposit', to: 'locker' })
  return { terms, secret }
}

describe('lifetimes', () => {
  test('S9, H18, L7: what a blockhash and a durable nonce outlive', async () => {
    const one = await first(transfer())
    expect(one.step.validUntil).toMatchObject({ clock: 'height' })
    const submission = { ...one, attempts: [one.id] }
    expect(await error(world.adapter.replace(submission, 5000n))).toMatchObject({
      _tag: 'SolanaNotReplaceable',
      retryable: true,
    })
    expect(await world.adapter.prepare({ kind: 'void', submission })).toEqual([])
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    const claim = await first(claimOf(terms, secret))
    // A claim of a durable nonce can be handed to somebody who sends it when it is time.
    await world.run({ kind: 'nonce', from: bob(), name: NONCE })
    const owner = HtlcLock.keyOf(bob(), network.id, 'bob')
    const nonce = `${network.id}:${Address.encode(NonceAccount.address(owner, NONCE))}` as const
    const [delegated] = await world.sign(claimOf(terms, secret), { nonce })
    expect(delegated?.step.validUntil).toEqual(terms.deadline)
    expect(await error(world.sign(transfer(), { nonce }))).toMatchObject({
      context: { argument: 'options.nonce' },
    })

    await world.mine(185)
    // No replacement before the first version has finally expired; then one.
    expect((await world.adapter.status(submission)).value).toEqual({ is: 'replaced', by: '' })
    expect(await error(world.adapter.submit(one))).toMatchObject({ _tag: 'SolanaExpired' })
    // One of several nodes behind an address, which lags, says nothing about what another one calls over.
    const lagging = world.open({
      rpc: {
        async request(method, params = [], options = {}) {
          const answer = await spied().rpc.request(method, params, options)
          return method === 'getSignatureStatuses' ? { ...(answer as object), context: { slot: 3 } } : answer
        },
      },
    })
    expect((await lagging.status(submission)).value).toEqual({ is: 'unknown' })
    expect(await error(lagging.replace(submission, 5000n))).toMatchObject({
      _tag: 'RpcDisagreement',
      retryable: true,
    })
    const [step] = await world.adapter.replace(submission, 5000n)
    expect(step).toMatchObject({ conflictKey: one.step.conflictKey, maxFee: { asset: network.native.id } })
    const before = [await held(carol()), await held(bob())] as const
    const second = await world.adapter.submit(await sign(step as Signed['step']))
    await world.mine()
    expect((await world.adapter.status({ ...second, attempts: [one.id, second.id] })).value).toMatchObject({
      is: 'included',
      id: second.id,
    })
    expect((await held(carol())) - before[0]).toBe(5_000_000n)
    expect(await error(world.adapter.replace(second, 9000n))).toMatchObject({ _tag: 'SolanaExpired' })
    // An expired claim would tell its secret for nothing.
    const { rpc, calls } = spied()
    const tower = world.open({ rpc })
    expect(await error(tower.submit(claim))).toMatchObject({ _tag: 'SolanaExpired' })
    expect(calls.some(({ params }) => tells(JSON.stringify(params), secret))).toBe(false)
    const sent = await tower.submit(delegated as Signed)
    await world.mine()
    expect((await tower.status(sent)).value).toMatchObject({ is: 'included' })
    expect((await held(bob())) - before[1]).toBe(terms.amount - 5000n - priorityOf(delegated as Signed))
  })

  test('S9: of two versions with one durable nonce one is included; the other is replaced by it', async () => {
    await world.run({ kind: 'nonce', from: alice(), name: NONCE })
    const adapter = world.open({ nonce: NONCE })
    const lost = await first(transfer(), adapter)
    expect(lost.step).toMatchObject({ conflictKey: expect.stringMatching(/^nonce\//) })
    expect(lost.step.validUntil).toBeUndefined()
    const submission = { ...lost, attempts: [lost.id] }
    const [step] = await adapter.replace(submission, 5000n)
    expect(step?.conflictKey).toBe(lost.step.conflictKey)
    const before = await held(carol())
    const second = await adapter.submit(await sign(step as Signed['step']))
    await world.mine()
    expect((await adapter.status(second)).value).toMatchObject({ is: 'included', id: second.id })
    expect((await adapter.status(submission)).value).toEqual({ is: 'replaced', by: second.id })
    expect(await error(adapter.submit(lost))).toMatchObject({ _tag: 'SolanaExpired' })
    expect((await held(carol())) - before).toBe(5_000_000n)
  })

  test('a void uses up the nonce of a lock that is not there yet, which never appears then', async () => {
    const adapter = world.open({ nonce: NONCE })
    const { terms } = await world.terms()
    const lock = await first({ kind: 'lock', terms }, adapter)
    const submission = { ...lock, attempts: [lock.id] }
    const [step] = await adapter.prepare({ kind: 'void', submission })
    expect(step).toMatchObject({ kind: 'void', conflictKey: lock.step.conflictKey })
    const taken = await adapter.submit(await sign(step as Signed['step']))
    expect(taken.attempts).toEqual([taken.id])
    await world.mine()
    expect((await adapter.status(submission)).value).toEqual({ is: 'replaced', by: taken.id })
    expect(await error(adapter.submit(lock))).toMatchObject({ _tag: 'SolanaExpired' })
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'absent' }])
  })

  test('S2, S9: both versions of a lock arrive, and it is locked once; the status counts the one that did it', async () => {
    const { terms } = await world.terms()
    const one = await first({ kind: 'lock', terms })
    const two = await sign(
      (await world.adapter.replace({ ...one, attempts: [one.id] }, 7000n))[0] as Signed['step'],
    )
    expect(two.step.conflictKey).toBe(one.step.conflictKey)
    const before = await held(alice())
    const sent = await world.adapter.submit(one)
    await world.mine()
    expect(await error(world.adapter.submit(two))).toMatchObject({ _tag: 'SolanaWouldFail' })
    const status = await world.adapter.status({ ...sent, attempts: [one.id, two.id] })
    expect(status.value).toMatchObject({ is: 'included', id: one.id })
    expect(before - (await held(alice()))).toBeLessThanOrEqual(terms.amount + one.step.maxFee.amount)
    expect(await error(world.adapter.prepare({ kind: 'lock', terms }))).toMatchObject({
      _tag: 'SolanaWouldFail',
    })
  })
})

const priorityOf = ({ step }: Signed) =>
  SolanaTransaction.feeOf(SolanaTransaction.ofStep(step)) - SolanaTransaction.SIGNATURE_FEE

describe('locks', () => {
  test('S9: a version that failed says nothing of another one that may still be included', async () => {
    const { terms } = await world.terms({ locker: { account: carol(), payout: carol() } })
    const unchecked = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const adapter = world.open({
      rpc: {
        request(method, params = [], options = {}) {
          const [raw, how] = params as [unknown, object]
          const sent = method === 'sendTransaction' ? [raw, { ...how, skipPreflight: true }] : params
          return unchecked.request(method, sent, options)
        },
      },
    })
    const one = await first({ kind: 'lock', terms }, adapter)
    // Another swap of the wallet has taken what it held; then that comes back.
    const all = await held(carol())
    const [there] = await adapter.prepare({
      ...transfer(all - 100_000_000n),
      ...{ from: carol(), to: alice() },
    } as Intent)
    await adapter.submit(await sign(there as Signed['step']))
    await world.mine(2)
    const early = await adapter.submit(one)
    await world.mine(2)
    expect((await adapter.status(early)).value.is).toBe('failed')
    const [dearer] = await adapter.replace(early, 5000n)
    const two = await sign(dearer as Signed['step'])
    const late = { step: two.step, id: two.id, raw: two.raw, attempts: [early.id, two.id] }
    expect((await adapter.status(late)).value.is).toBe('pending')
    await world.run(transfer(all - 100_000_000n))
    const sent = await adapter.submit(two)
    await world.mine(2)
    expect((await adapter.status(sent)).value).toMatchObject({ is: 'included', id: two.id })
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
  })

  test('a nonce account is made though anybody has sent lamports to its address', async () => {
    const account = NonceAccount.address(HtlcLock.keyOf(carol(), network.id, 'carol'), 'foreseen')
    await world.run({ ...transfer(3_000_000n), to: `${network.id}:${Address.encode(account)}` } as Intent)
    await world.run({ kind: 'nonce', from: carol(), name: 'foreseen' })
    const adapter = world.open({ nonce: 'foreseen' })
    const [step] = await adapter.prepare({ ...transfer(), from: carol(), to: alice() } as Intent)
    expect(SolanaTransaction.ofStep(step as Signed['step']).nonce).toEqual(account)
  })

  test('H18: a claim is never simulated, and no call tells the secret before it is submitted', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    const { rpc, calls } = spied()
    const adapter = world.open({ rpc })
    const claim = await first(claimOf(terms, secret), adapter)
    expect(calls.some(({ params }) => tells(JSON.stringify(params), secret))).toBe(false)
    await adapter.submit(claim)
    await world.mine()
    const sends = calls.filter(({ params }) => tells(JSON.stringify(params), secret))
    expect(sends.map(({ method }) => method)).toEqual(['sendTransaction'])
    expect(sends[0]?.params).toMatchObject([expect.any(String), { skipPreflight: true }])
    expect(calls.map(({ method }) => method)).not.toContain('simulateTransaction')
  })

  test('H5, H9: a claim that failed has told its secret: it is found, in no block, until the deadline', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    const stingy = createSolanaAdapter({
      network,
      rpc: createHttpRpc({ url: world.node.url, exactNumbers: 'all' }),
      program: world.program,
      units: { settle: 400, pay: 0 },
    })
    const sent = await stingy.submit(await first(claimOf(terms, secret), stingy))
    await world.mine(2)
    expect((await stingy.status(sent)).value).toMatchObject({ is: 'failed', id: sent.id })
    expect(await world.adapter.findSpend(terms, lockOf(terms))).toMatchObject({
      is: 'found',
      fact: { at: 'mempool', depth: 0n, value: { kind: 'claim', transaction: sent.id, secret } },
    })
    await world.reach(terms.deadline.value)
    expect(await world.adapter.findSpend(terms, lockOf(terms))).toMatchObject({ is: 'absent' })
    await world.run({ kind: 'refund', terms, lock: lockOf(terms) })
    expect(await world.adapter.findSpend(terms, lockOf(terms))).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'refund' } },
    })
    // Closed with the refund: found in the history alone.
    const key = HtlcLock.keyOfText(lockOf(terms).ref, 'ref')
    expect(world.node.chain.svm.getAccount(world.node.chain.kit.address(Address.encode(key))).exists).toBe(
      false,
    )
    expect(await world.adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
  })

  test('H8, S13: what isn’t there for a payout stops no claim; what isn’t there for its fee is told before it', async () => {
    await world.fundToken(alice(), 50n)
    const { terms, secret } = await world.terms({
      asset: world.token.id,
      amount: 50n,
      beneficiary: { account: dora.account, payout: dora.account },
    })
    await world.run({ kind: 'lock', terms })
    expect(await error(world.adapter.prepare(claimOf(terms, secret)))).toMatchObject({
      _tag: 'SolanaInsufficientFunds',
      retryable: true,
    })
    // Enough for fees and for the account to exist, and too little for a token account.
    await world.fund(dora.account, 1_000_000n)
    const [step] = await world.adapter.prepare(claimOf(terms, secret))
    expect(SolanaTransaction.acts(SolanaTransaction.ofStep(step as Signed['step'])).length).toBe(1)
    const sent = await world.adapter.submit(await dora.sign(step as Signed['step']))
    await world.mine()
    expect((await world.adapter.status(sent)).value).toMatchObject({ is: 'included' })
    await world.run({ kind: 'payout', terms, lock: lockOf(terms), feePayer: carol() })
    expect(await held(dora.account, world.token.id)).toBe(50n)
  })

  test('S6 H18: no claim is made whose payer couldn’t pay it and go on to exist, at the price that was asked', async () => {
    const erin = createKeySigner({ network, privateKey: new Uint8Array(32).fill(0xe1) })
    const { terms, secret } = await world.terms({
      beneficiary: { account: erin.account, payout: erin.account },
    })
    await world.run({ kind: 'lock', terms })
    const least = 890_880n
    await world.fund(erin.account, least + 4999n)
    expect(await error(world.adapter.prepare(claimOf(terms, secret)))).toMatchObject({
      _tag: 'SolanaInsufficientFunds',
    })
    await world.fund(erin.account, 20_000n)
    // A market that rises with each question.
    let asked = 0
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const rpc: SolanaTransport = {
      request: async (method, params, o) =>
        method === 'getRecentPrioritizationFees'
          ? [{ slot: 1, prioritizationFee: asked++ === 0 ? 0 : 40_000_000 }]
          : http.request(method, params, o),
    }
    const rising = createSolanaAdapter({ network, rpc, program: world.program })
    const [step] = await rising.prepare(claimOf(terms, secret))
    expect(step?.maxFee.amount).toBeLessThanOrEqual((await held(erin.account)) - least)
    const sent = await world.adapter.submit(await erin.sign(step as Signed['step']))
    await world.mine()
    expect((await world.adapter.status(sent)).value).toMatchObject({ is: 'included' })
  })

  test('units: what each step used is below its limit, and its size below a packet’s', async () => {
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const options = { commitment: 'confirmed', encoding: 'base64', maxSupportedTransactionVersion: 0 }
    for (const asset of [network.native.id, world.token.id] as const) {
      await world.fundToken(alice(), 50n)
      const amount = asset === network.native.id ? 1_000_000_000n : 50n
      const { terms, secret } = await world.terms({ asset, amount })
      for (const intent of [{ kind: 'lock', terms } as const, claimOf(terms, secret)]) {
        const { id, step } = await world.run(intent)
        const found = await http.request('getTransaction', [id, options])
        const { computeUnitsConsumed } = (found as { meta: { computeUnitsConsumed: string } }).meta
        expect(Number(computeUnitsConsumed)).toBeGreaterThan(0)
        expect(Number(computeUnitsConsumed)).toBeLessThan(SolanaTransaction.ofStep(step).units)
        expect(step.payload.length).toBeLessThan(1232)
      }
    }
  })

  test('H11: lamports at the address, and a vault that somebody else made, stop no lock', async () => {
    await world.fundToken(alice(), 1_000n)
    const { terms, secret } = await world.terms({ asset: world.token.id, amount: 1_000n })
    const lock = HtlcLock.keyOfText(lockOf(terms).ref, 'ref')
    const mint = HtlcLock.mintOf(world.token.id, network)
    const payer = HtlcLock.keyOf(carol(), network.id, 'carol')
    const create = SolanaInstruction.createTokenAccount(payer, lock, mint)
    await world.run({ ...transfer(3_000_000n), to: `${network.id}:${Address.encode(lock)}` } as Intent)
    await world.run({
      kind: 'call',
      from: carol(),
      to: `${network.id}:${Address.encode(create.program)}`,
      data: SolanaInstruction.encodeCall(create.accounts, create.data),
      value: 0n,
    })
    expect(await world.adapter.findLocks(terms)).toMatchObject([{ is: 'absent' }])
    await world.run({ kind: 'lock', terms })
    expect(await world.adapter.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { match: 'exact', amount: 1_000n } } },
    ])
    const before = await held(bob(), world.token.id)
    await world.run(claimOf(terms, secret))
    expect((await held(bob(), world.token.id)) - before).toBe(1_000n)
  })

  test('H13, H26: a frozen payee is paid later; its claim counts at once', async () => {
    await world.fundToken(alice(), 500n)
    const { terms, secret } = await world.terms({ asset: world.token.id, amount: 500n })
    await world.run({ kind: 'lock', terms })
    const mint = HtlcLock.mintOf(world.token.id, network)
    const bobs = SolanaInstruction.tokenAccount(HtlcLock.keyOf(bob(), network.id, 'bob'), mint)
    await world.freeze(Address.encode(bobs.address), world.token)
    const before = await held(bob(), world.token.id)
    const claim = await first(claimOf(terms, secret))
    expect(SolanaTransaction.acts(SolanaTransaction.ofStep(claim.step)).length).toBe(1)
    await world.run(claimOf(terms, secret))
    expect(await world.adapter.findSpend(terms, lockOf(terms))).toMatchObject({ fact: { value: { secret } } })
    const payout = {
      kind: 'collect',
      terms,
      lock: lockOf(terms),
      feePayer: carol(),
      due: 'payment',
      to: 'beneficiary',
    } as const
    expect(await error(world.adapter.prepare(payout))).toMatchObject({ _tag: 'SolanaWouldFail' })
    expect(await error(world.adapter.prepare({ ...payout, to: 'locker' }))).toMatchObject({
      _tag: 'SolanaWouldFail',
      context: { argument: 'intent.to' },
    })
    const dues = async (to: 'locker' | 'beneficiary') =>
      (await world.adapter.dues!(terms, lockOf(terms), to)).value
    const deposit = {
      kind: 'deposit',
      asset: network.native.id,
      amount:
        world.node.chain.svm.minimumBalanceForRentExemption(244n) +
        world.node.chain.svm.minimumBalanceForRentExemption(165n),
      from: terms.deadline,
    }
    expect(await dues('beneficiary')).toEqual([{ kind: 'payment', asset: terms.asset, amount: 500n }])
    expect(await dues('locker')).toEqual([deposit])
    await world.freeze(Address.encode(bobs.address), world.token, true)
    await world.run(payout)
    expect((await held(bob(), world.token.id)) - before).toBe(500n)
    expect(await dues('beneficiary')).toEqual([])
    // From the deadline on, the locker gets the rent back, whoever asks for it.
    await world.reach(terms.deadline.value)
    const rent = await held(alice())
    expect(await dues('locker')).toEqual([deposit])
    await world.run({ ...payout, due: 'deposit', to: 'locker' })
    expect((await held(alice())) - rent).toBe(deposit.amount)
    expect(await dues('locker')).toEqual([])
    expect(await error(world.adapter.prepare({ kind: 'close', terms, lock: lockOf(terms) }))).toMatchObject({
      _tag: 'SolanaWouldFail',
    })
  })

  test('S1: a deposit is collected from who was never paid, too: that payment goes with it', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    // Whoever asks knows that it is settled: a node that doesn't is behind, and what is owed isn't nothing.
    for (const to of ['locker', 'beneficiary'] as const)
      expect(await error(world.adapter.dues!(terms, lockOf(terms), to))).toMatchObject({
        _tag: 'SolanaWouldFail',
      })
    const alone = createSolanaAdapter({
      network,
      rpc: createHttpRpc({ url: world.node.url, exactNumbers: 'all' }),
      program: world.program,
    })
    const [step] = await alone.prepare(claimOf(terms, secret))
    const acts = SolanaTransaction.acts(SolanaTransaction.ofStep(step as Signed['step']))
    // A claim of somebody who asks for no payment.
    await world.run({
      kind: 'call',
      from: bob(),
      to: `${network.id}:${world.program}`,
      data: SolanaInstruction.encodeCall(acts[0]!.accounts, acts[0]!.data),
      value: 0n,
    })
    expect((await world.adapter.dues!(terms, lockOf(terms), 'beneficiary')).value.length).toBe(1)
    await world.reach(terms.deadline.value)
    const before = [await held(alice()), await held(bob())]
    const deposit = { due: 'deposit', to: 'locker', feePayer: carol() } as const
    await world.run({ kind: 'collect', terms, lock: lockOf(terms), ...deposit })
    const [rent, paid] = [(await held(alice())) - before[0]!, (await held(bob())) - before[1]!]
    expect(rent).toBe(world.node.chain.svm.minimumBalanceForRentExemption(244n))
    expect(paid).toBe(terms.amount)
    for (const to of ['locker', 'beneficiary'] as const)
      expect((await world.adapter.dues!(terms, lockOf(terms), to)).value).toEqual([])
  })

  test('S1 H26: lamports at a payee’s token account to be, and tokens in a vault that is paid out, hold up neither payment nor deposit', async () => {
    const erin = createKeySigner({ network, privateKey: new Uint8Array(32).fill(0xe1) })
    await world.fundToken(alice(), 1_001n)
    const mint = HtlcLock.mintOf(world.token.id, network)
    const tokensOf = (owner: Uint8Array) => SolanaInstruction.tokenAccount(owner, mint).address
    const payee = HtlcLock.keyOf(erin.account, network.id, 'erin')
    const beneficiary = { account: erin.account, payout: erin.account }
    const { terms, secret } = await world.terms({ asset: world.token.id, amount: 1_000n, beneficiary })
    await world.run({
      ...transfer(3_000_000n),
      to: `${network.id}:${Address.encode(tokensOf(payee))}`,
    } as Intent)
    await world.run({ kind: 'lock', terms })
    await world.run({ ...claimOf(terms, secret), feePayer: bob() } as Intent)
    expect((await world.adapter.dues!(terms, lockOf(terms), 'beneficiary')).value).toEqual([])
    expect(await held(erin.account, world.token.id)).toBe(1_000n)
    const thrown = SolanaInstruction.transferToken({
      ...{ program: SolanaInstruction.TOKEN_PROGRAM, mint, amount: 1n, decimals: 6 },
      owner: HtlcLock.keyOf(alice(), network.id, 'alice'),
      from: tokensOf(HtlcLock.keyOf(alice(), network.id, 'alice')),
      to: tokensOf(HtlcLock.keyOfText(lockOf(terms).ref, 'ref')),
    })
    await world.run({
      kind: 'call',
      from: alice(),
      to: `${network.id}:${Address.encode(thrown.program)}`,
      data: SolanaInstruction.encodeCall(thrown.accounts, thrown.data),
      value: 0n,
    })
    await world.reach(terms.deadline.value)
    const deposit = { due: 'deposit', to: 'locker', feePayer: carol() } as const
    await world.run({ kind: 'collect', terms, lock: lockOf(terms), ...deposit })
    expect(await held(erin.account, world.token.id)).toBe(1_001n)
    expect((await world.adapter.dues!(terms, lockOf(terms), 'locker')).value).toEqual([])
    expect(await world.adapter.findSpend(terms, lockOf(terms))).toMatchObject({ is: 'found' })
  })

  test('S6 H29: what a lock’s account says is told, whatever there is to read of its past, and though none can be read', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    const lock = lockOf(terms)
    await world.run(claimOf(terms, secret))
    const claimed = { is: 'found', fact: { value: { kind: 'claim', secret } } }
    for (const refused of ['getSignaturesForAddress', 'getTransaction'])
      for (const why of ['refused', 'limited'] as const) {
        const adapter = world.open(refusing(refused, why))
        expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
        expect(await adapter.findSpend(terms, lock)).toMatchObject(claimed)
      }
    const { rpc } = bothered({ newer: 300 })
    let reads = 0
    const adapter = world.open({
      rpc: {
        request(method, params = [], options = {}) {
          if (method === 'getTransaction') reads++
          return rpc.request(method, params, options)
        },
      },
    })
    expect(await adapter.findSpend(terms, lock)).toMatchObject(claimed)
    // An answer that takes too long is none.
    expect(reads).toBeLessThan(20)
  })

  test('L2: whoever plants locks under a hashlock doesn’t hold up who looks for theirs', async () => {
    const { hashlock } = (await world.terms()).terms
    const planted = []
    for (let i = 0; i < 12; i++) {
      const { terms } = await world.terms({ hashlock, amount: 1_000_000n })
      await world.run({ kind: 'lock', terms })
      planted.push(terms)
    }
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    // How many questions one after the other there are, each asked when all before it are answered.
    let [asked, rounds] = [0, 0]
    const adapter = world.open({
      rpc: {
        async request(method, params = [], options = {}) {
          if (asked++ === 0) rounds++
          const answer = await http.request(method, params, options)
          await new Promise((resolve) => setImmediate(resolve))
          asked--
          return answer
        },
      },
    })
    const found = await adapter.discoverLocks(hashlock)
    expect(new Set(found.map(({ lock }) => lock.ref))).toEqual(
      new Set(planted.map((terms) => lockOf(terms).ref)),
    )
    expect(rounds).toBeLessThan(20)
  })

  test('S9: a lock of tokens that is claimed while it is looked at was never less than it is', async () => {
    await world.fundToken(alice(), 1_000n)
    const { terms, secret } = await world.terms({ asset: world.token.id, amount: 1_000n })
    await world.run({ kind: 'lock', terms })
    const { ref } = lockOf(terms)
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    let claimed = false
    const adapter = world.open({
      rpc: {
        async request(method, params = [], options = {}) {
          const answer = await http.request(method, params, options)
          const [keys] = params as [unknown]
          if (method === 'getMultipleAccounts' && (keys as string[]).includes(ref) && !claimed) {
            claimed = true
            await world.run(claimOf(terms, secret))
          }
          return answer
        },
      },
    })
    expect(await adapter.findLocks(terms)).toMatchObject([
      { fact: { value: { match: 'exact', amount: 1_000n } } },
    ])
    expect(claimed).toBe(true)
  })

  test('a slot that a node leaves out of a list is no reorganisation', async () => {
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    let left = 1
    const adapter = world.open({
      rpc: {
        async request(method, params = [], options = {}) {
          const answer = await http.request(method, params, options)
          const lacks = method === 'getBlocks' && (answer as unknown[]).length > 1 && left-- > 0
          return lacks ? (answer as unknown[]).slice(1) : answer
        },
      },
    })
    const over = new AbortController()
    const { height } = (await adapter.tip()).value
    const events = adapter.watch({ kind: 'tip' }, { signal: over.signal })[Symbol.asyncIterator]()
    const heights: unknown[] = []
    for (let block = 0; block < 4; block++) {
      if (block === 1) await world.mine(3)
      const { value } = await events.next()
      heights.push(value?.is, value?.what.kind === 'block' && value.what.block.height - height)
    }
    expect(heights).toEqual(['added', 0n, 'added', 1n, 'added', 2n, 'added', 3n])
    expect(left).toBeLessThan(1)
    over.abort()
    await events.return?.()
  })

  test('a lock whose making the node has forgotten is not retracted as the chain goes on', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    await world.mine(4)
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const adapter = world.open({
      rpc: {
        request: async (method, params = [], options = {}) =>
          method === 'getSignaturesForAddress' ? [] : http.request(method, params, options),
      },
    })
    const over = new AbortController()
    const events = adapter.watch({ kind: 'lock', terms }, { signal: over.signal })[Symbol.asyncIterator]()
    expect((await events.next()).value).toMatchObject({ is: 'added', what: { kind: 'lock' } })
    const next = events.next()
    await world.mine(4)
    await world.run(claimOf(terms, secret))
    expect((await next).value).toMatchObject({ is: 'added', what: { kind: 'spend', spend: { secret } } })
    over.abort()
    await events.return?.()
  })

  test('S6: whoever names a lock in a transaction of a later version hides nothing of it', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    const lock = lockOf(terms)
    await world.run(claimOf(terms, secret))
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const later = '2'.repeat(88)
    const adapter = world.open({
      rpc: {
        async request(method, params = [], options = {}) {
          const [asked] = params as [unknown]
          if (method === 'getTransaction' && asked === later) {
            const message = 'Transaction version (1) is not supported by the requesting client'
            throw CoreErrors.RpcRejected(message, { method, code: -32_015, message })
          }
          const answer = await http.request(method, params, options)
          if (method !== 'getSignaturesForAddress') return answer
          return [{ signature: later, slot: 1, err: null }, ...(answer as readonly unknown[])]
        },
      },
    })
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', secret } },
    })
  })

  test('S6 L2: whoever closes a claimed lock, and hides its claim among transactions that name it, hides it for some looks', async () => {
    const { terms, secret } = await closed()
    const lock = lockOf(terms)
    const { rpc, pages } = bothered({ older: 2500, newer: 2500 })
    const adapter = world.open({ rpc })
    // Nobody says that it isn't there, nor that nobody claimed it.
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'unknown', why: { check: 'lock-history' } }])
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      is: 'unknown',
      why: { check: 'lock-history' },
    })
    let looks = 2
    for (; looks < 30; looks++) if ((await adapter.findSpend(terms, lock)).is === 'found') break
    expect(looks).toBeLessThan(30)
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      fact: { value: { kind: 'claim', secret } },
    })
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
    // Listed once, and then what is new alone.
    const before = pages()
    await adapter.findLocks(terms)
    expect(pages()).toBe(before + 1)
    expect(await world.open().findSpend(terms, lock)).toMatchObject({ is: 'found' })
    // A node's short page isn't its last one.
    const short = world.open(bothered({ newer: 250, page: 100 }))
    expect(await short.findSpend(terms, lock)).toMatchObject({ is: 'found' })
  })

  test('S12 H29: of a closed lock nothing is absent because the node refuses, leaves out or has forgotten a part', async () => {
    const { terms, secret } = await closed()
    const lock = lockOf(terms)
    const claimed = { is: 'found', fact: { value: { kind: 'claim', secret } } }
    // Refused for a moment.
    const { rpc, stop } = refusing('getTransaction')
    const refused = world.open({ rpc })
    expect(await refused.findLocks(terms)).toMatchObject([{ is: 'unknown' }])
    expect(await refused.findSpend(terms, lock)).toMatchObject({ is: 'unknown' })
    stop()
    expect(await refused.findLocks(terms)).toMatchObject([{ is: 'found' }])
    expect(await refused.findSpend(terms, lock)).toMatchObject(claimed)
    // Left out for a moment, or forgotten: the newest one alone is listed.
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    let short = true
    const partly = world.open({
      rpc: {
        async request(method, params = [], options = {}) {
          const answer = await http.request(method, params, options)
          const [, { before } = {}] = params as [string, Listing?]
          if (method !== 'getSignaturesForAddress' || !short) return answer
          return before === undefined ? (answer as unknown[]).slice(0, 1) : []
        },
      },
    })
    expect(await partly.findLocks(terms)).toMatchObject([{ is: 'found' }])
    expect(await partly.findSpend(terms, lock)).toMatchObject({
      ...{ is: 'unknown', why: { check: 'lock-account' } },
    })
    short = false
    let looks = 1
    for (; looks < 20; looks++) if ((await partly.findSpend(terms, lock)).is === 'found') break
    expect(looks).toBeLessThan(20)
    expect(await partly.findSpend(terms, lock)).toMatchObject(claimed)
    // One look that is never answered holds up no other.
    let asked = 0
    const silent = world.open({
      rpc: {
        request: (method, params = [], options = {}) =>
          method === 'getSignaturesForAddress' && ++asked === 1
            ? new Promise<never>(() => {})
            : http.request(method, params, options),
      },
    })
    void silent.findSpend(terms, lock)
    await world.mine()
    expect(await silent.findSpend(terms, lock)).toMatchObject(claimed)
  })

  test('H19, H29: an endpoint that alters a lock, its vault or its secret is found out', async () => {
    const { terms, secret } = await world.terms({ asset: world.token.id, amount: 50n })
    await world.fundToken(alice(), 50n)
    await world.run({ kind: 'lock', terms })
    const lock = lockOf(terms)
    const vault = SolanaInstruction.tokenAccount(
      HtlcLock.keyOfText(lock.ref, 'ref'),
      HtlcLock.mintOf(world.token.id, network),
    )
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const lying = (key: string, edit: (data: Uint8Array) => void) =>
      world.open({
        rpc: {
          async request(method, params = [], options = {}) {
            const answer = await http.request(method, params, options)
            const [keys] = params as [unknown]
            const at = method === 'getMultipleAccounts' ? (keys as string[]).indexOf(key) : -1
            if (at < 0) return answer
            const { value } = answer as { value: { data: [string, string] }[] }
            const account = value[at]
            const data = new Uint8Array(Buffer.from(account?.data[0] ?? '', 'base64'))
            edit(data)
            const altered = { ...account, data: [Buffer.from(data).toString('base64'), 'base64'] }
            return { ...(answer as object), value: value.with(at, altered as never) }
          },
        },
      })
    const flip = (at: number) => (data: Uint8Array) => {
      data[at] = (data[at] as number) ^ 1
    }
    // Amount, deadline, hashlock, locker, beneficiary, mint, salt.
    for (const at of [0, 4, 12, 20, 52, 84, 116, 148])
      expect(await lying(lock.ref, flip(at)).findLocks(terms), `byte ${at}`).toMatchObject([
        { is: 'unknown', why: { check: 'lock-terms' } },
      ])
    const held = Address.encode(vault.address)
    for (const at of [0, 32])
      expect(await lying(held, flip(at)).findLocks(terms), `vault, byte ${at}`).toMatchObject([
        { is: 'unknown', why: { check: 'lock-vault' } },
      ])
    expect(await lying(held, (data) => data.fill(0, 64, 72)).findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { match: 'under', amount: 0n } } },
    ])
    await world.run(claimOf(terms, secret))
    expect(await lying(lock.ref, flip(212)).findSpend(terms, lock)).toMatchObject({
      is: 'unknown',
      why: { check: 'spend-secret' },
    })
  })

  test('H20: another program, another file, another cluster', async () => {
    const { terms } = await world.terms()
    const rpc = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const old = createSolanaAdapter({
      network,
      rpc,
      program: world.program,
      codeHash: HtlcArtifact.codeHashes.v0,
    })
    expect(old.auditTerms(terms)).toMatchObject({ ok: false, refusal: { check: 'terms' } })
    const theirs = { ...terms, backend: old.backend }
    expect(await error(old.prepare({ kind: 'lock', terms: theirs }))).toMatchObject({
      _tag: 'SolanaProgramMismatch',
    })
    expect(await old.findLocks(theirs)).toMatchObject([{ is: 'unknown', why: { check: 'lock-program' } }])
    const elsewhere = world.open({
      network: { ...network, id: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp' },
      rpc,
    })
    expect(await error(elsewhere.tip())).toMatchObject({ _tag: 'SolanaWrongChain' })
  })

  test('H13, H20: tokens that nobody allowed, other decimals, and mints with rules', async () => {
    const other = await world.mint('OTHER')
    const { terms } = await world.terms({ asset: other.id, amount: 1n })
    expect(world.adapter.auditTerms(terms)).toMatchObject({ ok: false, refusal: { check: 'token-allowed' } })
    const rpc = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const wrong = createSolanaAdapter({
      network,
      rpc,
      program: world.program,
      tokens: [{ ...other, decimals: 9 }],
    })
    expect(await error(wrong.prepare({ kind: 'lock', terms }))).toMatchObject({ _tag: 'SolanaTokenRefused' })
    // A mint of the newer program with a fee for each transfer.
    const mint = other.id.split('token:')[1] as string
    const data = Bytes.concat(new Uint8Array(166), Uint8Array.of(1, 0, 108, 0), new Uint8Array(108))
    data.set([6, 1], 44)
    data[165] = 1
    const ruled: SolanaTransport = {
      async request(method, params = [], options = {}) {
        const answer = (await rpc.request(method, params, options)) as { value: unknown[] }
        const [keys] = params as [unknown]
        if (method !== 'getMultipleAccounts' || !Array.isArray(keys) || keys[0] !== mint) return answer
        const account = {
          lamports: 1,
          owner: Address.encode(SolanaInstruction.TOKEN_2022_PROGRAM),
          executable: false,
          data: [Buffer.from(data).toString('base64'), 'base64'],
        }
        return { ...answer, value: [account] }
      },
    }
    const adapter = createSolanaAdapter({ network, rpc: ruled, program: world.program, tokens: [other] })
    for (const intent of [{ kind: 'lock', terms } as const, { ...transfer(1n), asset: other.id } as Intent])
      expect(await error(adapter.prepare(intent))).toMatchObject({
        _tag: 'SolanaTokenRefused',
        context: { extension: 'transfer-fee' },
      })
  })

  test('H13, H20: a token account that is missing is told before a lock or a transfer is signed; a payee’s is made with the payment', async () => {
    const other = await world.mint('NOBODYS')
    const adapter = createSolanaAdapter({
      network,
      rpc: createHttpRpc({ url: world.node.url, exactNumbers: 'all' }),
      program: world.program,
      tokens: [other],
    })
    const { terms, secret } = await world.terms({ asset: other.id, amount: 5n })
    const moved = { ...transfer(5n), asset: other.id } as Intent
    for (const intent of [{ kind: 'lock', terms } as const, moved])
      expect(await error(adapter.prepare(intent))).toMatchObject({
        _tag: 'SolanaInsufficientFunds',
        retryable: true,
      })
    await world.fundToken(alice(), 5n, other)
    const kinds = async (intent: Intent) => {
      const [step] = await adapter.prepare(intent)
      const { instructions } = SolanaTransaction.ofStep(step as Signed['step'])
      return instructions.map(({ program }) => Address.encode(program))
    }
    expect(await kinds({ kind: 'lock', terms })).toContain(world.program)
    const made = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL'
    expect(await kinds(moved)).toContain(made)
    const lock = adapter.expectLock(terms, [])
    expect(await kinds({ kind: 'claim', terms, lock, secret })).toContain(made)
  })

  test('H27: less than an account must hold, and payees that nobody owns, are refused before anything is signed', async () => {
    const nobody = `${network.id}:${Address.encode(new Uint8Array(32).fill(0x31))}` as const
    expect(await error(world.adapter.prepare({ ...transfer(1000n), to: nobody } as Intent))).toMatchObject({
      _tag: 'SolanaWouldFail',
      context: { argument: 'intent.amount' },
    })
    const mint = HtlcLock.mintOf(world.token.id, network)
    const token = SolanaInstruction.tokenAccount(HtlcLock.keyOf(alice(), network.id, 'alice'), mint)
    for (const key of [Address.encode(mint), Address.encode(token.address), world.program])
      expect(
        await error(world.adapter.prepare({ ...transfer(), to: `${network.id}:${key}` } as Intent)),
      ).toMatchObject({ _tag: 'SolanaWouldFail', context: { argument: 'intent.to' } })
  })

  test('L3: a lock that names the payer’s nonce leaves room for that', async () => {
    const seed = world.shares[0] as SwapSeed.NetworkSeed
    const name = 'room'
    await world.run({ kind: 'nonce', from: alice(), name })
    const adapter = world.open({ nonce: name })
    const counter = new Uint8Array(32).fill(9)
    for (let size = 500; size < 700; size += 10) {
      const { terms, nonce } = await world.terms({ salt: bytesOf(32) })
      const record = { role: 'follower', counter, agreement: bytesOf(size) } as const
      const [step] = await adapter.prepare({ kind: 'lock', terms, recovery: { seed, nonce, record } })
      expect(SolanaTransaction.ofStep(step as Signed['step']).nonce).toBeDefined()
    }
  })

  test('L3: the record holds the agreement where it has room, and else what finds the other leg', async () => {
    const seed = world.shares[0] as SwapSeed.NetworkSeed
    const counter = new Uint8Array(32).fill(9)
    const recovered = []
    for (const agreement of [new Uint8Array(500).fill(1), bytesOf(500), bytesOf(900)]) {
      const { terms, nonce } = await world.terms({ salt: bytesOf(32) })
      const record = { role: 'follower', counter, agreement } as const
      await world.run({ kind: 'lock', terms, recovery: { seed, nonce, record, index: 2 } })
      recovered.push({ nonce, agreement: agreement.length > 600 ? undefined : agreement })
    }
    const found = await world.open().recoverLocks(seed, { hashlockOf: () => new Uint8Array(32) })
    expect(found.map(({ nonce, record }) => ({ nonce, agreement: record.agreement }))).toEqual(recovered)
    for (const { record } of found) expect(record).toMatchObject({ role: 'follower', counter })
    // Whoever saw a tag may name it as often as they like.
    for (const many of [{ newer: 5000 }, { between: 300 }])
      expect(
        await world.open(bothered(many)).recoverLocks(seed, { hashlockOf: () => new Uint8Array(32) }),
      ).toEqual(found)
    // What the node doesn't show now isn't taken for nothing.
    const { rpc, stop } = refusing('getTransaction')
    const adapter = world.open({ rpc })
    const recover = () => adapter.recoverLocks(seed, { hashlockOf: () => new Uint8Array(32) })
    expect(await error(recover())).toMatchObject({ _tag: 'RpcRejected' })
    stop()
    expect(await recover()).toEqual(found)
    // One that it lists and has lost for good holds up the others for some tries.
    const http = createHttpRpc({ url: world.node.url, exactNumbers: 'all' })
    const lossy = world.open({
      rpc: {
        request: async (method, params = [], options = {}) =>
          method === 'getTransaction' && params[0] === found[1]?.lock.transaction
            ? null
            : http.request(method, params, options),
      },
    })
    const results: unknown[] = []
    for (let tries = 0; tries < 10; tries++)
      results.push(
        await lossy.recoverLocks(seed, { hashlockOf: () => new Uint8Array(32) }).catch((reason) => reason),
      )
    expect(results[0]).toMatchObject({ _tag: 'RpcMalformed' })
    expect(results.at(-1)).toEqual([found[0], found[2]])
  })
})

/** Bytes that nothing shortens. */
let drawn = 0
function bytesOf(length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let at = 0; at < length; at += 32)
    out.set(new Uint8Array(createHash('sha256').update(`${++drawn}`).digest()).subarray(0, length - at), at)
  return out
}

describe('evidence', () => {
  test('a claim’s transaction is attested by votes, and its secret with it', async () => {
    const { terms, secret } = await world.terms()
    await world.run({ kind: 'lock', terms })
    await world.run(claimOf(terms, secret))
    const { chain } = world.node
    const adapter = createSolanaAdapter({
      network,
      rpc: createHttpRpc({ url: world.node.url, exactNumbers: 'all' }),
      program: world.program,
      evidence: {
        transaction: async (signature) => TransactionEvidence.encode(await chain.prove(signature)),
      },
    })
    const lock = lockOf(terms)
    const spend = await adapter.findSpend(terms, lock)
    if (spend.is !== 'found') throw new Error('no claim was found')
    const claim = { kind: 'spend', terms, lock, spend: spend.fact.value } as const
    expect(await error(world.adapter.prove(claim))).toMatchObject({ _tag: 'SolanaNotProvable' })
    const evidence = await adapter.prove(claim)
    expect(evidence).toMatchObject({ network: network.id, format: TransactionEvidence.FORMAT })
    const trusted = LightClient.trust({ table: chain.stakeTable() })
    if (!trusted.ok) throw new Error(trusted.refusal.message)
    const verdict = TransactionEvidence.verify(trusted.value, evidence.bytes, { now: chain.time() })
    if (!verdict.ok) throw new Error(verdict.refusal.message)
    expect(verdict.value.assurance).toBe('attested')
    const told = TransactionEvidence.decode(evidence.bytes)
    const wire = told.ok ? told.value.inclusion.transaction : new Uint8Array()
    const [call] = SolanaTransaction.decode(wire).instructions.filter(({ data }) => data.length === 33)
    expect(Hashlock.opens((call as SolanaInstruction.Instruction).data.slice(1), terms.hashlock)).toBe(true)
    // A swap's verifier: what votes attest, and no more than the endpoint says where they are silent.
    const made = await adapter.findLocks(terms)
    if (made[0]?.is !== 'found') throw new Error('no lock was found')
    const said = new Map(
      [made[0].fact, spend.fact].map((fact) => [
        fact.value.transaction,
        { assurance: 'reported' as const, at: fact.at as Fact.BlockRef, asOf: fact.asOf },
      ]),
    )
    const options = { network, client: () => trusted.value, now: () => chain.time() }
    const verifier = createSolanaVerifier({ ...options, said: (transaction) => said.get(transaction) })
    const { value: found } = made[0].fact
    const locked = { kind: 'lock', terms, lock: found } as const
    const proof = await adapter.prove(locked)
    for (const [one, bytes] of [
      [locked, proof],
      [claim, evidence],
    ] as const) {
      expect(verifier.included(one, bytes)).toMatchObject({
        ok: true,
        value: { assurance: 'attested', silent: ['success', 'state', 'lookups'] },
      })
      const value = one.kind === 'lock' ? found : spend.fact.value
      expect(verifier.verify(one, bytes)).toMatchObject({ ok: true, value: { value, assurance: 'reported' } })
      expect(createSolanaVerifier(options).verify(one, bytes)).toMatchObject({
        ok: false,
        refusal: { check: 'success-unproved' },
      })
    }
    expect(verifier.verify(locked, evidence)).toMatchObject({ ok: false, refusal: { check: 'call-absent' } })
  })
})

test('the pinned hashes and lengths are those of the programs', () => {
  for (const version of ['v0', 'v3'] as const) {
    const file = readFileSync(join(import.meta.dirname, `../../programs/solana/htlc-${version}.so`))
    expect(createHash('sha256').update(file).digest('hex')).toBe(
      Bytes.toHex(HtlcArtifact.codeHashes[version]),
    )
    expect(file.length).toBe(HtlcArtifact.lengths[version])
  }
})
