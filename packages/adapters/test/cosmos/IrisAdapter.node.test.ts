import { CoreErrors, Hashlock, type Intent, type LockTerms, type Signed, type Submission } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import { type CosmosNode, createCosmosNode } from '@aitbc/devnet'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { HtlcModule } from '@aitbc/proofs/irismod'
import { sha256 } from '@noble/hashes/sha2.js'
import { BinaryWriter } from 'cosmjs-types/binary'
import { Coin } from 'cosmjs-types/cosmos/base/v1beta1/coin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CosmosTransaction, createKeySigner } from '../../src/cosmos/index.js'
import { createIrisAdapter, type IrisAdapter } from '../../src/cosmos/iris.js'

const network = networks.irisnet
const signerOf = (fill: number) => createKeySigner({ network, privateKey: new Uint8Array(32).fill(fill) })
const [alice, bob, carol] = [signerOf(1), signerOf(2), signerOf(3)]
const addressOf = (account: string) => account.slice(account.lastIndexOf(':') + 1)
const [ALICE, BOB] = [addressOf(alice.account), addressOf(bob.account)]
const WINDOW = 10n

let node: CosmosNode
let adapter: IrisAdapter
let salts = 0

const open = (options: Partial<createIrisAdapter.Options> = {}) =>
  createIrisAdapter({ network, transport: createHttpRpc({ url: node.url }), pollMs: 1, ...options })

beforeAll(async () => {
  node = await createCosmosNode({
    ...{ chainId: 'irishub-1', prefix: network.hrp, denom: network.denom, htlc: true, mining: 'manual' },
    ...{ validators: 1, gasPrice: network.fees.minRelay, startTime: 1_900_000_000n },
  })
  for (const { account } of [alice, bob, carol]) await node.fund(addressOf(account), 10n ** 12n)
  await node.fund(node.account('anybody').address, 10n ** 12n)
  adapter = open()
})
afterAll(() => node?.stop())

const secretOf = ({ salt }: LockTerms.LockTerms) => sha256(salt)
function freshTerms(change: Partial<LockTerms.LockTerms> = {}, blocks = 70n): LockTerms.LockTerms {
  const salt = new Uint8Array(32).fill(++salts)
  return {
    version: 1,
    backend: adapter.backend,
    asset: network.native.id,
    amount: 1_000_000n,
    hashlock: Hashlock.of(sha256(salt)),
    locker: { account: alice.account, payout: alice.account },
    beneficiary: { account: bob.account, payout: bob.account },
    deadline: { network: network.id, clock: 'height', value: node.height() + blocks },
    salt,
    ...change,
  }
}
async function sign(intent: Intent): Promise<Signed> {
  const [step] = await adapter.prepare(intent)
  const signer = [alice, bob, carol].find(({ account }) => account === step?.from)
  if (step === undefined || signer === undefined) throw new Error('no step, or nobody signs it')
  return signer.sign(step)
}
async function run(intent: Intent, is = 'final'): Promise<Submission> {
  const sent = await adapter.submit(await sign(intent))
  await node.mine()
  expect((await adapter.status(sent)).value.is).toBe(is)
  return sent
}
async function locked(terms: LockTerms.LockTerms) {
  const { id: transaction } = await run({ kind: 'lock', terms })
  return { ...adapter.expectLock(terms, []), transaction }
}
const balance = async (account: typeof alice.account) => (await adapter.balance(account)).value
const entry = async (terms: LockTerms.LockTerms) => (await adapter.findLocks(terms))[0]

/** A lock by somebody else's program; the module takes what it likes. */
function create(
  { hashlock, amount }: LockTerms.LockTerms,
  { timeLock = 60n, timestamp = 0n, to = BOB, from = node.account('anybody').address } = {},
) {
  const writer = BinaryWriter.create().uint32(10).string(from).uint32(18).string(to)
  Coin.encode({ denom: 'uiris', amount: `${amount}` }, writer.uint32(42).fork()).ldelim()
  writer.uint32(50).string(Buffer.from(hashlock).toString('hex').toUpperCase())
  if (timestamp > 0n) writer.uint32(56).uint64(timestamp)
  const value = writer.uint32(64).uint64(timeLock).finish()
  return node.send(node.account('anybody'), [{ typeUrl: '/irismod.htlc.MsgCreateHTLC', value }])
}
const byAnybody = (terms: LockTerms.LockTerms): LockTerms.LockTerms => {
  const account = `${network.id}:${node.account('anybody').address}` as const
  return { ...terms, locker: { account, payout: account } }
}

describe('expiry', () => {
  test('H28: a lock lasts from the last block that may have it to its deadline, so at most a window less one', async () => {
    const terms = freshTerms()
    const step = (await sign({ kind: 'lock', terms })).step
    const { message, timeoutHeight } = CosmosTransaction.ofStep(step)
    if (message.kind !== 'iris-create') throw new Error(message.kind)
    expect(timeoutHeight + message.timeLock).toBe(terms.deadline.value)
    expect(timeoutHeight).toBe(node.height() + WINDOW)
    expect(step.validUntil).toEqual({ ...terms.deadline, value: timeoutHeight })
    const lock = await locked(terms)
    const claim = await sign({ kind: 'claim', terms, lock, secret: secretOf(terms) })
    // In the next block, it expires nine blocks before its deadline: claims are valid until then.
    expect(claim.step.validUntil).toEqual({ ...terms.deadline, value: terms.deadline.value - WINDOW + 1n })
    expect(await entry(terms)).toMatchObject({ is: 'found' })
    await adapter.submit(claim)
    await node.mine()
  })

  test('H5, S4: a claim in the block before the expiry is paid; from the expiry on the money is back, without anybody', async () => {
    const [early, late] = [freshTerms(), freshTerms({ amount: 7n })]
    const locks = [await locked(early), await locked(late)] as const
    const before = [await balance(alice.account), await balance(bob.account)] as const
    const expiry = early.deadline.value - WINDOW + 1n
    const claim = await sign({ kind: 'claim', terms: early, lock: locks[0], secret: secretOf(early) })
    await node.mine(Number(expiry - 2n - node.height()))
    const sent = await adapter.submit(claim)
    await node.mine()
    expect(node.height()).toBe(expiry - 1n)
    expect((await adapter.status(sent)).value.is).toBe('final')
    expect((await balance(bob.account)) - before[1]).toBe(early.amount - claim.step.maxFee.amount)
    await node.mine(2)
    expect((await balance(alice.account)) - before[0]).toBe(late.amount)
    expect(await adapter.findSpend(late, locks[1])).toMatchObject({
      fact: { value: { kind: 'refund', transaction: '' } },
    })
    expect(await adapter.prepare({ kind: 'refund', terms: late, lock: locks[1] })).toEqual([])
    // Too late is too late.
    await run({ kind: 'claim', terms: late, lock: locks[1], secret: secretOf(late) }, 'failed')
  })

  test('H28: deadlines that the module takes no lock for are refused by name, before anything is signed', async () => {
    for (const blocks of [0n, 1n, WINDOW + 49n, WINDOW + 34_561n])
      await expect(adapter.prepare({ kind: 'lock', terms: freshTerms({}, blocks) })).rejects.toMatchObject({
        _tag: 'CosmosUnsupportedTerms',
        context: { argument: 'terms.deadline', check: 'iris-time-lock' },
      })
    for (const blocks of [WINDOW + 50n, WINDOW + 34_560n])
      expect((await adapter.prepare({ kind: 'lock', terms: freshTerms({}, blocks) })).length).toBe(1)
    expect(() => open({ window: 0n })).toThrow(/window/)
    expect(() => open({ network: networks.cosmosHub })).toThrow(/clock/)
  })

  test('H28: a lock of another, whose expiry isn’t where its terms say, is there, and isn’t exact', async () => {
    const at = async (timeLock: bigint) => {
      const terms = byAnybody(freshTerms())
      const { code, height } = await create(terms, { timeLock })
      expect(code).toBe(0)
      const read = (value: bigint) => entry({ ...terms, deadline: { ...terms.deadline, value } })
      return { read, expiry: height + timeLock }
    }
    const { read, expiry } = await at(60n)
    for (const deadline of [expiry, expiry + WINDOW - 1n])
      expect(await read(deadline)).toMatchObject({ is: 'found', fact: { value: { match: 'exact' } } })
    for (const deadline of [expiry - 1n, expiry + WINDOW])
      expect(await read(deadline)).toMatchObject({ is: 'found', fact: { value: { match: 'late' } } })
  })

  test('S9: a later version of a lock lasts less long, shares its sequence and its attempts', async () => {
    const terms = freshTerms()
    const cheap = await sign({ kind: 'lock', terms })
    await node.mine(3)
    const [step] = await adapter.replace({ ...cheap, attempts: [cheap.id] }, 1_000_000n)
    if (step === undefined) throw new Error('no step')
    expect(step.conflictKey).toBe(cheap.step.conflictKey)
    const [before, after] = [cheap.step, step].map((it) => CosmosTransaction.ofStep(it))
    if (before?.message.kind !== 'iris-create' || after?.message.kind !== 'iris-create')
      throw new Error('kind')
    expect(after.message.timeLock).toBe(before.message.timeLock - 3n)
    expect(after.timeoutHeight + after.message.timeLock).toBe(terms.deadline.value)
    await adapter.submit(cheap)
    const dearer = { ...(await alice.sign(step)) }
    await expect(adapter.submit(dearer)).rejects.toMatchObject({ _tag: 'CosmosSequenceMismatch' })
    await node.mine()
    expect(await entry(terms)).toMatchObject({ is: 'found', fact: { value: { transaction: cheap.id } } })
  })
})

describe('what the module takes, and what is no lock of these terms', () => {
  test('H2: a hash of secret and time has the same id, and is no lock of these terms', async () => {
    const terms = byAnybody(freshTerms())
    expect((await create(terms, { timestamp: 1_900_000_000n })).code).toBe(0)
    expect(await entry(terms)).toMatchObject({ is: 'absent' })
  })

  test('H11, H21: an id is its sender’s: another’s lock of the same words is another lock, a second one is refused', async () => {
    const terms = freshTerms()
    expect((await create(terms)).code).toBe(0)
    expect(await entry(terms)).toMatchObject({ is: 'absent' })
    await locked(terms)
    await run({ kind: 'lock', terms }, 'failed')
    expect(await create(terms)).toMatchObject({ code: 11 })
  })

  test('H10, S5: whoever claims, the payee of the terms is paid; H12: only by the secret', async () => {
    const terms = freshTerms()
    const lock = await locked(terms)
    const before = await balance(bob.account)
    for (const id of [lock.ref, lock.ref.toLowerCase()]) {
      const value = BinaryWriter.create().uint32(10).string(node.account('anybody').address)
      value.uint32(18).string(id).uint32(26).string('00'.repeat(32))
      const message = { typeUrl: '/irismod.htlc.MsgClaimHTLC', value: value.finish() }
      expect(await node.send(node.account('anybody'), [message])).toMatchObject({ code: 5 })
    }
    const secret = secretOf(terms)
    const sent = await run({ kind: 'claim', terms, lock, secret, feePayer: carol.account })
    expect((await balance(bob.account)) - before).toBe(terms.amount)
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      fact: { value: { kind: 'claim', transaction: sent.id, secret } },
    })
  })

  test('H19: an index that hides the claim doesn’t hide its secret, which stands in the state', async () => {
    const terms = freshTerms()
    const lock = await locked(terms)
    const secret = secretOf(terms)
    await run({ kind: 'claim', terms, lock, secret })
    const transport = createHttpRpc({ url: node.url })
    const blind = open({
      transport: {
        request: async (method, params, options) =>
          method === 'tx_search'
            ? { txs: [], total_count: '0' }
            : transport.request(method, params ?? {}, options),
      },
    })
    expect(await blind.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', transaction: '', secret } },
    })
    expect(await blind.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { ref: lock.ref, transaction: '', match: 'exact' } } },
    ])
  })

  test('S6: blocks that a node no longer has hide neither a lock nor its secret', async () => {
    const terms = freshTerms()
    const lock = await locked(terms)
    const secret = secretOf(terms)
    await run({ kind: 'claim', terms, lock, secret })
    await node.mine(2)
    const http = createHttpRpc({ url: node.url })
    const pruned = open({
      transport: {
        request: async (method, params, options) => {
          if (method === 'commit' && params?.['height'] !== `${node.height()}`)
            throw CoreErrors.RpcRejected('no such block', { method, message: 'lowest height is 1000' })
          return http.request(method, params ?? {}, options)
        },
      },
    })
    expect(await pruned.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { ref: lock.ref, match: 'exact' } } },
    ])
    expect(await pruned.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', secret } },
    })
  })

  test('S6: who makes more locks with one hashlock than an index tells of hides no secret', async () => {
    const terms = freshTerms()
    const lock = await locked(terms)
    const secret = secretOf(terms)
    await run({ kind: 'claim', terms, lock, secret })
    const http = createHttpRpc({ url: node.url })
    let searches = 0
    const crowded = open({
      transport: {
        request: async (method, params, options) => {
          if (method !== 'tx_search') return http.request(method, params ?? {}, options)
          searches++
          return { txs: [], total_count: '1001' }
        },
      },
    })
    expect(await crowded.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', transaction: '', secret } },
    })
    expect(await crowded.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: { ref: lock.ref } } },
    ])
    // Nor does a look read them all.
    expect(searches).toBe(2)
  })

  test('H26, H27: no account of a module is a payee; one unit is a lock as any other', async () => {
    const module = sha256(new TextEncoder().encode('htlc')).slice(0, 20)
    const to = HtlcStorage.addressText(module, network)
    expect(await create(byAnybody(freshTerms()), { to })).toMatchObject({ code: 4 })
    const terms = freshTerms({ amount: 1n })
    const lock = await locked(terms)
    const before = await balance(bob.account)
    await run({ kind: 'claim', terms, lock, secret: secretOf(terms), feePayer: carol.account })
    expect((await balance(bob.account)) - before).toBe(1n)
  })

  test('a chain without the module; an id that is none', async () => {
    expect(HtlcModule.KIND).toBe(adapter.backend.kind)
    await using plain = await createCosmosNode({ chainId: 'irishub-1', prefix: 'iaa', denom: 'uiris' })
    await plain.fund(plain.account('anybody').address, 10n ** 12n)
    const message = { typeUrl: '/irismod.htlc.MsgClaimHTLC', value: new Uint8Array(0) }
    await expect(plain.send(plain.account('anybody'), [message])).rejects.toMatchObject({
      _tag: 'CosmosRejected',
    })
    expect(ALICE.startsWith('iaa1')).toBe(true)
  })
})
