import {
  AccountId,
  Bytes,
  type ChainEvent,
  Hashlock,
  type Lock,
  LockTerms,
  type Signed,
  type Step,
  SwapSeed,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { reorg, setFeeEstimates } from '@aitbc/devnet'
import { Consensus, createBitcoinVerifier, HeaderChain, HtlcScript, Transaction } from '@aitbc/proofs/bitcoin'
import * as btc from '@scure/btc-signer'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  Account,
  createBitcoinAdapter,
  createCoreBackend,
  createKeySigner,
  createSeedWallet,
  fundingAccount,
} from '../../src/bitcoin/index.js'
import {
  advance,
  createPerson,
  createSwap,
  createWorld,
  fund,
  KINDS,
  type Kind,
  mine,
  network,
  type Swap,
  send,
  sign,
  theLock,
  type World,
} from './world.js'

let world: World
let people = 0
let alice: ReturnType<typeof createPerson>
let bob: ReturnType<typeof createPerson>

beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.devnet.dispose())

/** Fresh people with money for each test. */
beforeEach(async () => {
  people++
  alice = createPerson(`alice ${people}`)
  bob = createPerson(`bob ${people}`)
  await fund(world.devnet, 'bitcoin', addressOf(alice.funding.account), 5_000_000n)
})

const addressOf = (account: AccountId.AccountId): string => AccountId.parse(account).address
const rawOf = (signed: Signed): string => Bytes.toHex(signed.raw)

interface Mempool {
  readonly fees: { readonly descendant: number }
  readonly descendantsize: number
}

async function swapNow(options: { kind?: Kind; amount?: bigint; seconds?: bigint } = {}): Promise<Swap> {
  const { clock } = (await world.adapter.tip()).value
  const { kind, amount, seconds = 3600n } = options
  return createSwap(alice, bob, {
    deadline: clock + seconds,
    ...(kind === undefined ? {} : { kind }),
    ...(amount === undefined ? {} : { amount }),
  })
}

/** A lock with its recovery record, included. */
async function lockNow(options: Parameters<typeof swapNow>[0] = {}) {
  const swap = await swapNow(options)
  const submission = await send(world.adapter, lockOf(swap), alice.funding.signer)
  await mine(world.devnet, 'bitcoin', 1)
  return { swap, submission, lock: await theLock(world.adapter, swap.terms) }
}

function lockOf(swap: Swap, index = 0) {
  return {
    kind: 'lock',
    terms: swap.terms,
    from: alice.funding.account,
    recovery: {
      seed: alice.share,
      nonce: swap.nonce,
      index,
      record: { role: 'initiator', counter: new Uint8Array(32).fill(5) },
    },
  } as const
}

async function prepared(intent: Parameters<World['adapter']['prepare']>[0], feeRate?: bigint): Promise<Step> {
  const steps = await world.adapter.prepare(intent, feeRate === undefined ? {} : { feeRate })
  expect(steps).toHaveLength(1)
  return steps[0] as Step
}

describe('steps', () => {
  test('S1: a lock spends what it locks, its stated fee, and nothing else', async () => {
    const before = (await world.adapter.balance(alice.funding.account)).value
    const swap = await swapNow()
    const step = await prepared(lockOf(swap))
    const submission = await world.adapter.submit(await sign(alice.funding.signer, step))
    await mine(world.devnet, 'bitcoin', 1)
    const after = (await world.adapter.balance(alice.funding.account)).value
    expect(before - after).toBe(swap.terms.amount + step.maxFee.amount)
    expect(step.conflictKey).toMatch(/^[0-9a-f]{64}:\d+$/)
    expect(submission.attempts).toEqual([submission.id])
  })

  test.each(KINDS)(
    'weights are what was said: fee rates hold for lock, claim and refund of %s',
    async (kind) => {
      const sizes: Record<string, number> = {}
      const note = async (name: string, step: Step, signed: Signed, fee: bigint) => {
        const { vsize } = await world.node<{ vsize: number }>('decoderawtransaction', rawOf(signed))
        const rate = (Number(fee) / vsize) * 1000
        // The signature may be a byte shorter than the longest one.
        expect(rate, `${name} ${step.kind}`).toBeGreaterThanOrEqual(5000)
        expect(rate).toBeLessThan(5100)
        sizes[name] = vsize
      }
      const swap = await swapNow({ kind })
      const bare = await prepared({ kind: 'lock', terms: swap.terms, from: alice.funding.account }, 5000n)
      await note('lock', bare, await sign(alice.funding.signer, bare), bare.maxFee.amount)
      const step = await prepared(lockOf(swap), 5000n)
      const signed = await sign(alice.funding.signer, step)
      await note('lock with record', step, signed, step.maxFee.amount - 330n)
      await world.adapter.submit(signed)
      await mine(world.devnet, 'bitcoin', 1)
      const lock = await theLock(world.adapter, swap.terms)
      for (const intent of [
        { kind: 'claim', terms: swap.terms, lock, secret: swap.secret },
        { kind: 'refund', terms: swap.terms, lock },
      ] as const) {
        const settle = await prepared(intent, 5000n)
        const by = intent.kind === 'claim' ? swap.beneficiary.signer : swap.locker.signer
        await note(intent.kind, settle, await sign(by, settle), settle.maxFee.amount)
      }
      // Virtual bytes, as measured on the node; an ECDSA signature may be a byte or two shorter than the longest.
      const measured =
        kind === 'p2wsh'
          ? { lock: 153, 'lock with record': 276, claim: 140, refund: 131 }
          : { lock: 153, 'lock with record': 276, claim: 143, refund: 126 }
      for (const [name, size] of Object.entries(measured))
        expect(Math.abs((sizes[name] as number) - size), `${name}: ${sizes[name]}`).toBeLessThanOrEqual(1)
    },
  )

  test('error: what Bitcoin lacks or relays not is refused with argument and value', async () => {
    const swap = await swapNow()
    const { terms } = swap
    const lock: Lock = {
      ref: `${'ab'.repeat(32)}:0`,
      transaction: 'ab'.repeat(32),
      amount: 100_000n,
      match: 'exact',
    }
    const from = alice.funding.account
    const asset = network.native.id
    const cases: readonly (readonly [Parameters<World['adapter']['prepare']>[0], string, RegExp, bigint?])[] =
      [
        [{ kind: 'transfer', from, to: from, asset, amount: 1n }, 'DustOutput', /intent\.amount is 1 sat/],
        [
          { kind: 'transfer', from, to: from, asset, amount: 1_000_000_000n },
          'InsufficientFunds',
          /1000000000/,
        ],
        [
          { kind: 'transfer', from, to: `${network.id}:bcrt1qqqq`, asset, amount: 1000n },
          'UnsupportedAccount',
          /intent\.to.*bcrt1qqqq|intent\.to/,
        ],
        [{ kind: 'transfer', from, to: from, asset, amount: 1000n }, 'InvalidFeeRate', /feeRate.*999n/, 999n],
        [
          { kind: 'transfer', from, to: from, asset, amount: 1000n },
          'InvalidFeeRate',
          /feeRate/,
          10_000_001n,
        ],
        [
          { kind: 'lock', terms: { ...terms, amount: 329n }, from },
          'UnsupportedTerms',
          /terms\.amount.*329n/,
        ],
        [
          { kind: 'lock', terms: { ...terms, backend: { ...terms.backend, kind: 'p2sh' } }, from },
          'UnsupportedTerms',
          /backend\.kind.*p2sh/,
        ],
        [
          { kind: 'claim', terms, lock: { ...lock, ref: 'ab:0' }, secret: swap.secret },
          'InvalidArgument',
          /lock\.ref.*ab:0/,
        ],
        [{ kind: 'refund', terms, lock, feePayer: from }, 'UnsupportedCapability', /fee/],
        [
          { kind: 'call', from, to: from, data: new Uint8Array(), value: 0n },
          'UnsupportedCapability',
          /no calls/,
        ],
      ]
    for (const [intent, tag, message, feeRate] of cases) {
      const options = feeRate === undefined ? {} : { feeRate }
      const error = await world.adapter.prepare(intent, options).then(
        () => undefined,
        (reason) => reason,
      )
      expect(error, `${intent.kind} ${tag}`).toMatchObject({ name: 'AitbcError', _tag: tag })
      expect(error.message).toMatch(message)
    }
  })

  test('error: an endpoint of another chain', async () => {
    const mainnet = createBitcoinAdapter({
      network: networks.bitcoin,
      backend: createCoreBackend({ rpc: world.rpc }),
    })
    await expect(mainnet.tip()).rejects.toMatchObject({ _tag: 'ForeignNetwork' })
  })

  test('coins: immature and foreign unconfirmed ones are left alone, own change is used where it must be', async () => {
    const { adapter, devnet } = world
    const carol = createPerson('carol')
    await fund(devnet, 'bitcoin', addressOf(carol.funding.account), 1_000_000n, { until: 'mempool' })
    const transfer = (amount: bigint) =>
      ({
        kind: 'transfer',
        from: carol.funding.account,
        to: bob.funding.account,
        asset: network.native.id,
        amount,
      }) as const
    await expect(adapter.prepare(transfer(1000n))).rejects.toMatchObject({ _tag: 'InsufficientFunds' })
    await mine(devnet, 'bitcoin', 1, { to: addressOf(carol.funding.account) })
    // 50 coins just mined to the account: immature.
    await expect(adapter.prepare(transfer(2_000_000n))).rejects.toMatchObject({ _tag: 'InsufficientFunds' })
    const first = await send(adapter, transfer(300_000n), carol.funding.signer)
    const second = await send(adapter, transfer(300_000n), carol.funding.signer)
    expect((await adapter.status(first)).value.is).toBe('pending')
    expect(second.step.conflictKey).toBe(`${first.id}:1`)
    // `after`: signed steps count as sent.
    const [third] = await adapter.prepare(transfer(100_000n))
    const signed = await sign(carol.funding.signer, third as Step)
    const [fourth] = await adapter.prepare(transfer(100_000n), { after: [signed] })
    expect(fourth?.conflictKey).toBe(`${signed.id}:1`)
    // `beside`: what they use is taken, and what they make isn't there.
    await expect(adapter.prepare(transfer(100_000n), { beside: [signed] })).rejects.toMatchObject({
      _tag: 'InsufficientFunds',
    })
  })
})

describe('following', () => {
  test('S9: every version of a lock shares its inputs; replacing it keeps one lock, and the first version can’t come back', async () => {
    const { adapter, devnet } = world
    const swap = await swapNow()
    const submission = await send(adapter, lockOf(swap), alice.funding.signer)
    const [step] = await adapter.replace(submission, 20_000n)
    expect(step?.conflictKey).toBe(submission.step.conflictKey)
    const signed = await sign(alice.funding.signer, step as Step)
    // The refund of this version exists before the version is sent (S8).
    const expected = adapter.expectLock(swap.terms, [signed])
    const [undo] = await adapter.prepare(
      { kind: 'refund', terms: swap.terms, lock: expected },
      { after: [signed] },
    )
    expect(undo?.conflictKey).toBe(expected.ref)
    const refund = await sign(swap.locker.signer, undo as Step)
    const second = await adapter.submit(signed)
    expect(second.attempts).toEqual([submission.id, second.id])
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(second)).value.is).toBe('included')
    expect((await adapter.status(submission)).value).toEqual({ is: 'replaced', by: second.id })
    await expect(
      adapter.submit({ step: submission.step, id: submission.id, raw: submission.raw! }),
    ).rejects.toMatchObject({ _tag: 'InputsSpent' })
    const locks = await adapter.findLocks(swap.terms)
    expect(locks).toHaveLength(1)
    expect(await theLock(adapter, swap.terms)).toEqual(expected)
    await advance(devnet, 4000n)
    expect((await adapter.submit(refund)).id).toBe(refund.id)
  })

  test('L5: a replacement pays BIP-125’s price even where a lower rate is asked for', async () => {
    const { adapter } = world
    const swap = await swapNow()
    const first = await send(adapter, lockOf(swap), alice.funding.signer, { feeRate: 10_000n })
    const [step] = await adapter.replace(first, 10_001n)
    expect(step!.maxFee.amount - first.step.maxFee.amount).toBeGreaterThanOrEqual(276n)
    const second = await adapter.submit(await sign(alice.funding.signer, step as Step))
    expect((await adapter.status(second)).value).toEqual({ is: 'pending' })
    expect((await adapter.status(first)).value).toEqual({ is: 'dropped' })
  })

  test('a replacement that outgrows its change takes further confirmed coins', async () => {
    const { adapter, devnet } = world
    const dave = createPerson('dave')
    await fund(devnet, 'bitcoin', addressOf(dave.funding.account), 101_000n)
    await fund(devnet, 'bitcoin', addressOf(dave.funding.account), 60_000n)
    const transfer = {
      kind: 'transfer',
      from: dave.funding.account,
      to: bob.funding.account,
      asset: network.native.id,
      amount: 100_000n,
    } as const
    const first = await send(adapter, transfer, dave.funding.signer)
    const [step] = await adapter.replace(first, 50_000n)
    const signed = await sign(dave.funding.signer, step as Step)
    const before = Transaction.decode(first.raw!)
    const after = Transaction.decode(signed.raw)
    if (!before.ok || !after.ok) throw new Error('not decodable')
    expect(before.value.inputs).toHaveLength(1)
    expect(after.value.inputs).toHaveLength(2)
    expect(after.value.outputs[0]).toEqual(before.value.outputs[0])
    expect((await adapter.submit(signed)).attempts).toEqual([first.id, signed.id])
  })

  test.each(KINDS)(
    'H6, L5: a %s claim spends one output, is replaced at a higher fee, and a child pays for it (CPFP)',
    async (kind) => {
      const { adapter, devnet } = world
      const { swap, lock } = await lockNow({ kind })
      const step = await prepared({ kind: 'claim', terms: swap.terms, lock, secret: swap.secret }, 1000n)
      expect(step.conflictKey).toBe(lock.ref)
      const signed = await sign(swap.beneficiary.signer, step)
      const decoded = Transaction.decode(signed.raw)
      expect(decoded.ok && decoded.value.inputs.length).toBe(1)
      expect(decoded.ok && decoded.value.inputs[0]!.sequence).toBe(0xfffffffd)
      const first = await adapter.submit(signed)
      const [higher] = await adapter.replace(first, 8000n)
      const second = await adapter.submit(await sign(swap.beneficiary.signer, higher as Step))
      expect(second.attempts).toEqual([first.id, second.id])
      const [child] = await adapter.cpfp(second, { feeRate: 30_000n })
      expect(child?.from).toBe(swap.beneficiary.account)
      const paid = await adapter.submit(await sign(swap.beneficiary.signer, child as Step))
      const entry = await world.node<Mempool>('getmempoolentry', second.id)
      expect((entry.fees.descendant * 1e11) / entry.descendantsize).toBeGreaterThanOrEqual(29_900)
      await mine(devnet, 'bitcoin', 1)
      expect((await adapter.status(paid)).value.is).toBe('included')
      expect((await adapter.findSpend(swap.terms, lock)).is).toBe('found')
    },
  )

  test.each(KINDS)(
    'L7, S14: a %s claim is signed before its secret is known, and whoever learns it sends it under the same id',
    async (kind) => {
      const { adapter } = world
      const { swap, lock } = await lockNow({ kind })
      const other = await lockNow({ kind })
      const [step] = await adapter.arm(swap.terms, lock, { feeRate: 3000n })
      const armed = await sign(swap.beneficiary.signer, step as Step)
      expect(Bytes.toHex(armed.raw)).not.toContain(Bytes.toHex(swap.secret))
      // Without its secret it is worth nothing, and no other secret makes it whole.
      await expect(adapter.submit(armed)).rejects.toMatchObject({ name: 'AitbcError' })
      expect(() => adapter.complete(armed, other.swap.secret)).toThrow(/hashlock/)
      const claim = adapter.complete(armed, swap.secret)
      expect(claim.id).toBe(armed.id)
      // A signature that was bent, and another amount than the one that was signed, are nobody's.
      const decoded = Transaction.decode(armed.raw)
      if (!decoded.ok) throw new Error('the armed claim does not decode')
      const [input] = decoded.value.inputs as [Transaction.Input]
      const witness = input.witness.map((item, i) => (i === 0 ? item.with(40, item[40]! ^ 1) : item))
      const bent = Transaction.encode({ ...decoded.value, inputs: [{ ...input, witness }] })
      expect(() => adapter.complete({ ...armed, raw: bent }, swap.secret)).toThrow(
        /signed by the beneficiary/,
      )
      const [refund] = await adapter.prepare({ kind: 'refund', terms: swap.terms, lock }, { feeRate: 3000n })
      const signedRefund = await sign(swap.locker.signer, refund as Step)
      expect(() => adapter.complete(signedRefund, swap.secret)).toThrow(/armed/)
      const submitted = await adapter.submit(claim)
      const read = await adapter.findSpend(swap.terms, lock)
      expect(read).toMatchObject({ is: 'found', fact: { value: { kind: 'claim', transaction: armed.id } } })
      // What was completed is raised like any other claim.
      const [higher] = await adapter.replace(submitted, 9000n)
      const raised = await adapter.submit(await sign(swap.beneficiary.signer, higher as Step))
      expect(raised.attempts).toEqual([claim.id, raised.id])
    },
  )

  test('H6: a lock without change is lifted by its beacon and a coin', async () => {
    const { adapter, devnet } = world
    const erin = createPerson('erin')
    const wallet = fundingAccount(network, erin.share, { more: [SwapSeed.derive(erin.share, 'beacon', 0)] })
    // One coin that leaves no change, and one more.
    await fund(devnet, 'bitcoin', addressOf(wallet.account), 100_330n + 276n + 31n)
    await fund(devnet, 'bitcoin', addressOf(wallet.account), 50_000n)
    const { clock } = (await adapter.tip()).value
    const swap = createSwap(erin, bob, { deadline: clock + 3600n })
    const intent = {
      kind: 'lock',
      terms: swap.terms,
      from: wallet.account,
      recovery: { seed: erin.share, nonce: swap.nonce, record: { role: 'initiator' } },
    } as const
    const locked = await send(adapter, intent, wallet.signer, { feeRate: 1000n })
    const decoded = Transaction.decode(locked.raw as Bytes.Bytes)
    expect(decoded.ok && decoded.value.outputs.length).toBe(3)
    await expect(adapter.cpfp(locked, { feeRate: 9000n })).rejects.toMatchObject({ _tag: 'NotReplaceable' })
    const [step] = await adapter.cpfp(locked, { feeRate: 9000n, beacon: { seed: erin.share, index: 0 } })
    await adapter.submit(await sign(wallet.signer, step as Step))
    const entry = await world.node<Mempool>('getmempoolentry', locked.id)
    expect((entry.fees.descendant * 1e11) / entry.descendantsize).toBeGreaterThanOrEqual(8950)
    // Only whoever holds the beacon's key can sign that.
    await expect(sign(erin.funding.signer, step as Step)).rejects.toMatchObject({ _tag: 'KeyMismatch' })
  })

  test('H6: a refund that is pinned by its descendants is named as such, and outbid', async () => {
    const { adapter, devnet } = world
    const { swap, lock } = await lockNow({ amount: 1_000_000n, seconds: 1000n })
    await advance(devnet, 4000n)
    const refund = await send(adapter, { kind: 'refund', terms: swap.terms, lock }, swap.locker.signer, {
      feeRate: 1000n,
    })
    // The locker hangs a dear child on its refund: whoever replaces the refund pays for that too (BIP-125 rule 3).
    const [child] = await adapter.cpfp(refund, { feeRate: 30_000n })
    const pin = await adapter.submit(await sign(swap.locker.signer, child as Step))
    expect((await adapter.status(pin)).value.is).toBe('pending')
    // An endpoint that can't tell what hangs there gives a price that is too low, and a typed error.
    const intent = { kind: 'claim', terms: swap.terms, lock, secret: swap.secret } as const
    const [cheap] = await world.esplora.prepare(intent, { feeRate: 2000n })
    const signed = await sign(swap.beneficiary.signer, cheap as Step)
    await expect(adapter.submit(signed)).rejects.toMatchObject({
      _tag: 'ReplacementRefused',
      retryable: true,
    })
    // One that can gives the price that outbids both, whatever rate was asked for.
    const claimed = await send(adapter, intent, swap.beneficiary.signer, { feeRate: 2000n })
    expect(claimed.step.maxFee.amount).toBeGreaterThan(refund.step.maxFee.amount + pin.step.maxFee.amount)
    expect((await adapter.status(refund)).value.is).toBe('dropped')
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(refund)).value).toEqual({ is: 'replaced', by: claimed.id })
  })

  test('H5 H6: what must pay more than a node takes for meant is sent all the same', async () => {
    const { adapter, devnet, node } = world
    const { swap, lock } = await lockNow({ amount: 4_500_000n, seconds: 1000n })
    await advance(devnet, 4000n)
    const refund = await sign(
      swap.locker.signer,
      await prepared({ kind: 'refund', terms: swap.terms, lock }, 9_900_000n),
    )
    await node('sendrawtransaction', rawOf(refund), 0)
    const { step, id, raw } = refund
    const [child] = await adapter.cpfp({ step, id, raw, attempts: [id] }, { feeRate: 10_000_000n })
    await node('sendrawtransaction', rawOf(await sign(swap.locker.signer, child as Step)), 0)
    const claim = { kind: 'claim', terms: swap.terms, lock, secret: swap.secret } as const
    const claimed = await send(adapter, claim, swap.beneficiary.signer)
    expect(claimed.step.maxFee.amount).toBeGreaterThan(2_000_000n)
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(claimed)).value.is).toBe('included')
  })

  test('H6: the limit of 25 descendants gives a typed error, and a replacement of the parent passes', async () => {
    const { adapter } = world
    const transfer = {
      kind: 'transfer',
      from: alice.funding.account,
      to: alice.funding.account,
      asset: network.native.id,
      amount: 4_900_000n,
    } as const
    const first = await send(adapter, transfer, alice.funding.signer)
    let error: unknown
    for (let i = 0; i < 30 && error === undefined; i++)
      await send(adapter, { ...transfer, amount: 10_000n }, alice.funding.signer).catch((reason) => {
        error = reason
      })
    expect(error).toMatchObject({ _tag: 'MempoolChainTooLong', retryable: true })
    const [step] = await adapter.replace(first, 2000n)
    expect((await adapter.submit(await sign(alice.funding.signer, step as Step))).attempts[0]).toBe(first.id)
  })

  test('a void takes the inputs of a lock that waits; it never appears then', async () => {
    const { adapter, devnet } = world
    const swap = await swapNow()
    const lock = await send(adapter, lockOf(swap), alice.funding.signer)
    const step = await prepared({ kind: 'void', submission: lock })
    expect(step).toMatchObject({
      kind: 'void',
      conflictKey: lock.step.conflictKey,
      from: alice.funding.account,
    })
    const taken = await adapter.submit(await sign(alice.funding.signer, step))
    const [higher] = await adapter.replace(taken, 40_000n)
    const last = await adapter.submit(await sign(alice.funding.signer, higher as Step))
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(lock)).value).toEqual({ is: 'replaced', by: last.id })
    expect((await adapter.findLocks(swap.terms))[0]?.is).toBe('absent')
    await expect(adapter.prepare({ kind: 'void', submission: last })).rejects.toMatchObject({
      _tag: 'NotReplaceable',
    })
    await expect(adapter.replace(last, 90_000n)).rejects.toMatchObject({ _tag: 'NotReplaceable' })
  })

  test('H22, L3: sending the same bytes again is the same as once: waiting, included, after a crash before the first time', async () => {
    const { adapter, devnet, rpc } = world
    const swap = await swapNow()
    const signed = await sign(alice.funding.signer, await prepared(lockOf(swap)))
    // Journaled, then the process dies: another one has nothing but the bytes.
    const other = createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }) })
    const journaled = { step: signed.step, id: signed.id, attempts: [signed.id] }
    expect((await other.status(journaled)).value.is).toBe('unknown')
    const submission = await other.submit(signed)
    expect(await adapter.submit(signed)).toEqual(submission)
    await mine(devnet, 'bitcoin', 1)
    expect(await adapter.submit(signed)).toEqual(submission)
    // Its outputs spent, it is still known to be in a block.
    const lock = await theLock(adapter, swap.terms)
    await send(
      adapter,
      { kind: 'claim', terms: swap.terms, lock, secret: swap.secret },
      swap.beneficiary.signer,
    )
    await mine(devnet, 'bitcoin', 1)
    expect(await adapter.submit(signed)).toEqual(submission)
    expect(await adapter.findLocks(swap.terms)).toHaveLength(1)
  })

  test('H17: a refund at the wall clock’s T is not final yet: a typed error that says when, then it passes', async () => {
    const { adapter, devnet } = world
    const { swap, lock } = await lockNow({ seconds: 7200n })
    const T = swap.terms.deadline.value
    const step = await prepared({ kind: 'refund', terms: swap.terms, lock })
    expect(step.validFrom).toEqual(swap.terms.deadline)
    const signed = await sign(swap.locker.signer, step)
    // The net's wall clock passes T, and one block carries it; the median lags behind.
    await advance(devnet, T - devnet.now() + 10n, { bitcoinBlocks: 1 })
    const tip = (await adapter.tip()).value
    expect(tip.time).toBeGreaterThanOrEqual(T)
    expect(tip.clock).toBeLessThan(T)
    await expect(adapter.submit(signed)).rejects.toMatchObject({
      _tag: 'TransactionNotFinal',
      retryable: true,
      context: { validFrom: swap.terms.deadline },
    })
    await mine(devnet, 'bitcoin', 5)
    expect((await adapter.tip()).value.clock).toBeGreaterThanOrEqual(T)
    expect((await adapter.submit(signed)).id).toBe(signed.id)
  })

  test('H27: what is left after the fee is never dust', async () => {
    const { adapter } = world
    const { swap, lock } = await lockNow({ amount: 1000n })
    await expect(
      adapter.prepare({ kind: 'claim', terms: swap.terms, lock, secret: swap.secret }, { feeRate: 10_000n }),
    ).rejects.toMatchObject({ _tag: 'DustOutput' })
    const claimed = await send(
      adapter,
      { kind: 'claim', terms: swap.terms, lock, secret: swap.secret },
      swap.beneficiary.signer,
      { feeRate: 1000n },
    )
    await expect(adapter.replace(claimed, 20_000n)).rejects.toMatchObject({ _tag: 'DustOutput' })
  })

  test('H8, S13: fee rates come from the endpoint, the relay minimum where it has none, and a spike is paid from the lock', async () => {
    const { adapter, esplora, devnet } = world
    const { slow, normal, fast } = await adapter.feeRates()
    expect(1000n <= slow && slow <= normal && normal <= fast).toBe(true)
    setFeeEstimates(devnet, {})
    expect(await esplora.feeRates()).toEqual({ slow: 1000n, normal: 1000n, fast: 1000n })
    setFeeEstimates(devnet, { 1: 250.5, 2: 200.25, 6: 120, 24: 60 })
    expect(await esplora.feeRates()).toEqual({ slow: 60_000n, normal: 120_000n, fast: 200_250n })
    const { swap, lock } = await lockNow()
    const empty = (await adapter.balance(swap.beneficiary.account)).value
    expect(empty).toBe(0n)
    const [step] = await esplora.prepare(
      { kind: 'claim', terms: swap.terms, lock, secret: swap.secret },
      { feeRate: 200_250n },
    )
    expect(step?.maxFee.amount).toBeGreaterThanOrEqual((200_250n * 139n) / 1000n)
    setFeeEstimates(devnet, undefined)
    expect((await esplora.submit(await sign(swap.beneficiary.signer, step as Step))).id).toMatch(
      /^[0-9a-f]{64}$/,
    )
  })
})

describe('finding', () => {
  test('H21: every payment to a lock is found: exact, duplicate, under, over, late; each can be refunded', async () => {
    const { adapter, esplora, devnet } = world
    const { swap, lock } = await lockNow({ amount: 50_000n, seconds: 3000n })
    const { terms } = swap
    const script = addressOfLock(terms)
    await fund(devnet, 'bitcoin', script, 49_999n)
    await fund(devnet, 'bitcoin', script, 50_001n)
    await fund(devnet, 'bitcoin', script, 50_000n)
    await advance(devnet, 4000n)
    await fund(devnet, 'bitcoin', script, 50_000n)
    await fund(devnet, 'bitcoin', script, 50_000n, { until: 'mempool' })
    for (const reader of [adapter, esplora]) {
      const locks = (await reader.findLocks(terms)).map((read) =>
        read.is === 'found' ? read.fact : undefined,
      )
      expect(locks.map((fact) => fact?.value.match)).toEqual([
        'exact',
        'under',
        'over',
        'duplicate',
        'late',
        'late',
      ])
      expect(locks.map((fact) => fact?.at === 'mempool')).toEqual([false, false, false, false, false, true])
      expect(locks[0]?.value).toEqual(lock)
      expect(locks[0]?.assurance).toBe('reported')
    }
    const all = (await adapter.findLocks(terms)).flatMap((read) =>
      read.is === 'found' ? [read.fact.value] : [],
    )
    for (const one of all.slice(0, 5))
      await send(adapter, { kind: 'refund', terms, lock: one }, swap.locker.signer)
    await mine(devnet, 'bitcoin', 1)
    for (const one of all.slice(0, 5)) expect((await adapter.findSpend(terms, one)).is).toBe('found')
    // Spent ones are found still.
    expect(await adapter.findLocks(terms)).toHaveLength(6)
  })

  test('H5: a claim in the mempool is seen, and its secret is the secret', async () => {
    for (const kind of KINDS) {
      const { swap, lock } = await lockNow({ kind })
      const claimed = await send(
        world.adapter,
        { kind: 'claim', terms: swap.terms, lock, secret: swap.secret },
        swap.beneficiary.signer,
      )
      for (const reader of [world.adapter, world.esplora]) {
        const read = await reader.findSpend(swap.terms, lock)
        if (read.is !== 'found' || read.fact.value.kind !== 'claim') throw new Error('no claim was seen')
        expect(read.fact.at).toBe('mempool')
        expect(read.fact.depth).toBe(0n)
        expect(read.fact.value.transaction).toBe(claimed.id)
        expect(Hashlock.opens(read.fact.value.secret, swap.terms.hashlock)).toBe(true)
      }
    }
  })

  test('H7: an unconfirmed lock has depth 0, and is gone when another transaction replaces it', async () => {
    const { adapter, devnet } = world
    const swap = await swapNow()
    const submission = await send(adapter, lockOf(swap), alice.funding.signer)
    const [read] = await adapter.findLocks(swap.terms)
    expect(read).toMatchObject({ is: 'found', fact: { at: 'mempool', depth: 0n } })
    const step = await prepared({ kind: 'void', submission })
    await adapter.submit(await sign(alice.funding.signer, step))
    expect((await adapter.findLocks(swap.terms))[0]?.is).toBe('absent')
    await mine(devnet, 'bitcoin', 1)
  })

  test('H9, L4, S12: a reorganisation undoes a claim: status, spend and watch say so, and the same bytes bring it back', async () => {
    const { adapter, devnet } = world
    const { swap, lock } = await lockNow()
    const events: ChainEvent[] = []
    const waiting = new Set<() => void>()
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const watching = (async () => {
      for await (const event of adapter.watch({ kind: 'lock', terms: swap.terms }, { signal: stop.signal })) {
        events.push(event)
        for (const check of waiting) check()
      }
    })()
    const until = (test: () => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (test()) {
            waiting.delete(check)
            resolve()
          }
        }
        waiting.add(check)
        check()
      })
    await until(() => events.some(({ what }) => what.kind === 'lock'))
    const signed = await sign(
      swap.beneficiary.signer,
      await prepared({ kind: 'claim', terms: swap.terms, lock, secret: swap.secret }),
    )
    const claimed = await adapter.submit(signed)
    await mine(devnet, 'bitcoin', 2)
    await until(() => events.some(({ what }) => what.kind === 'spend' && what.block !== 'mempool'))
    expect((await adapter.status(claimed)).value.is).toBe('included')
    await reorg(devnet, 'bitcoin', 2, { drop: [claimed.id] })
    await until(() =>
      events.some(({ is, what }) => is === 'retracted' && what.kind === 'spend' && what.block !== 'mempool'),
    )
    expect((await adapter.status(claimed)).value).toEqual({ is: 'dropped' })
    expect((await adapter.findSpend(swap.terms, lock)).is).toBe('absent')
    expect(await adapter.submit(signed)).toEqual(claimed)
    expect((await adapter.status(claimed)).value).toEqual({ is: 'pending' })
    await mine(devnet, 'bitcoin', 3)
    expect((await adapter.status(claimed)).value.is).toBe('final')
    // A reorganisation that undoes the lock itself.
    await reorg(devnet, 'bitcoin', 7, { drop: 'all' })
    await until(() => events.some(({ is, what }) => is === 'retracted' && what.kind === 'lock'))
    expect((await adapter.findLocks(swap.terms))[0]?.is).toBe('absent')
    stop.abort()
    await watching
    const added = events.filter(({ is }) => is === 'added').length
    const retracted = events.filter(({ is }) => is === 'retracted').length
    expect(added).toBe(retracted)
  })

  test('watch of the tip and headers follow a reorganisation', async () => {
    const { adapter, devnet } = world
    const start = (await adapter.tip()).value
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const chain: string[] = []
    const seen: string[] = []
    let wake: () => void = () => undefined
    const follow = (async () => {
      for await (const { is, what } of adapter.watch({ kind: 'tip' }, { signal: stop.signal })) {
        if (what.kind !== 'block') continue
        if (is === 'added') chain.push(what.block.hash)
        else expect(chain.pop()).toBe(what.block.hash)
        wake()
      }
    })()
    const headers = (async () => {
      for await (const { block, bytes } of adapter.headers(
        {
          height: start.height - 2n,
          hash: await world.node<string>('getblockhash', Number(start.height - 2n)),
        },
        { signal: stop.signal },
      )) {
        expect(bytes.length).toBe(80)
        seen.push(block.hash)
        wake()
      }
    })()
    const until = async (test: () => boolean) => {
      while (!test()) await new Promise<void>((resolve) => (wake = resolve))
    }
    await until(() => chain.length >= 1 && seen.length >= 2)
    await mine(devnet, 'bitcoin', 2)
    const old = (await adapter.tip()).value.hash
    await until(() => chain.at(-1) === old && seen.at(-1) === old)
    await reorg(devnet, 'bitcoin', 2)
    const tip = (await adapter.tip()).value
    await until(() => chain.at(-1) === tip.hash && seen.at(-1) === tip.hash)
    expect(chain).not.toContain(old)
    expect(chain[0]).toBe(start.hash)
    expect(chain).toHaveLength(Number(tip.height - start.height) + 1)
    stop.abort()
    await Promise.all([follow, headers])
  })

  test('balance is of blocks alone, and of any block of the best chain', async () => {
    const { adapter, esplora, devnet } = world
    const before = (await adapter.tip()).value
    const carol = createPerson('carol 2').funding.account
    await send(
      adapter,
      { kind: 'transfer', from: alice.funding.account, to: carol, asset: network.native.id, amount: 70_000n },
      alice.funding.signer,
    )
    for (const reader of [adapter, esplora]) expect((await reader.balance(carol)).value).toBe(0n)
    await mine(devnet, 'bitcoin', 1)
    const after = (await adapter.tip()).value
    for (const reader of [adapter, esplora]) {
      expect((await reader.balance(carol)).value).toBe(70_000n)
      expect((await reader.balance(carol, { at: before })).value).toBe(0n)
      expect((await reader.balance(carol, { at: after })).value).toBe(70_000n)
      expect((await reader.balance(alice.funding.account, { at: before })).value).toBe(5_000_000n)
    }
    await expect(adapter.balance(carol, { at: { height: 5n, hash: '00'.repeat(32) } })).rejects.toMatchObject(
      { _tag: 'InvalidArgument' },
    )
  })
})

describe('evidence', () => {
  test.each(KINDS)(
    'S12: a %s lock and its claim are proved from the genesis block, over both back ends alike',
    async (kind) => {
      const { adapter, esplora, devnet, rpc } = world
      const { swap, lock } = await lockNow({ kind })
      const verdict = createBitcoinVerifier({
        anchor: HeaderChain.genesis(Consensus.regtest),
        now: () => devnet.now(),
      })
      if (!verdict.ok) throw new Error(verdict.refusal.message)
      const verifier = verdict.value
      const claim = { kind: 'lock', terms: swap.terms, lock } as const
      const evidence = await adapter.prove(claim)
      expect(Bytes.equal(evidence.bytes, (await esplora.prove(claim)).bytes)).toBe(true)
      const judged = verifier.verify(claim, evidence)
      expect(judged).toMatchObject({ ok: true, value: { assurance: 'proved', value: lock } })
      // Handed to the adapter, the verifier makes its facts proved.
      const sure = createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }), verifier })
      expect((await sure.findLocks(swap.terms))[0]).toMatchObject({
        is: 'found',
        fact: { assurance: 'proved' },
      })
      expect(sure.capabilities.proofs).toBe('inclusion')
      const pending = await send(
        adapter,
        { kind: 'claim', terms: swap.terms, lock, secret: swap.secret },
        swap.beneficiary.signer,
      )
      const spend = { kind: 'claim', transaction: pending.id, secret: swap.secret } as const
      await expect(adapter.prove({ kind: 'spend', terms: swap.terms, lock, spend })).rejects.toMatchObject({
        _tag: 'NotOnChain',
      })
      await mine(devnet, 'bitcoin', 1)
      for (const reader of [adapter, esplora]) {
        const proof = await reader.prove({ kind: 'spend', terms: swap.terms, lock, spend })
        expect(verifier.verify({ kind: 'spend', terms: swap.terms, lock, spend }, proof)).toMatchObject({
          ok: true,
          value: { assurance: 'proved', value: { kind: 'claim' } },
        })
      }
      expect(await sure.findSpend(swap.terms, lock)).toMatchObject({
        is: 'found',
        fact: { assurance: 'proved' },
      })
    },
  )
})

describe('recovery', () => {
  const hashlockOf = (seed: SwapSeed.SwapSeed) => (nonce: Bytes.Bytes) =>
    Hashlock.of(SwapSeed.secret(seed, nonce))

  test.each(KINDS)(
    'L3: locks of both roles are rebuilt from the seed and the chain alone (%s)',
    async (kind) => {
      const { adapter, esplora, devnet } = world
      const first = await swapNow({ kind })
      await send(adapter, lockOf(first, 0), alice.funding.signer)
      await mine(devnet, 'bitcoin', 1)
      // As a follower, under a hashlock that only the counterparty can derive.
      const { clock } = (await adapter.tip()).value
      const theirs = createSwap(bob, alice, { kind, deadline: clock + 3600n })
      const own = createSwap(alice, bob, { kind, deadline: clock + 1800n, amount: 77_777n })
      const terms = { ...own.terms, hashlock: theirs.terms.hashlock }
      await send(
        adapter,
        {
          kind: 'lock',
          terms,
          from: alice.funding.account,
          recovery: { seed: alice.share, nonce: own.nonce, index: 19, record: { role: 'follower' } },
        },
        alice.funding.signer,
      )
      await mine(devnet, 'bitcoin', 1)
      for (const reader of [adapter, esplora]) {
        const found = await reader.recoverLocks(alice.share, { hashlockOf: hashlockOf(alice.seed) })
        expect(found.map(({ record }) => record)).toEqual([
          { role: 'initiator', counter: new Uint8Array(32).fill(5) },
          { role: 'follower' },
        ])
        expect(found.map((one) => Bytes.toHex(LockTerms.id(one.terms)))).toEqual(
          [first.terms, terms].map((one) => Bytes.toHex(LockTerms.id(one))),
        )
        expect(found.map(({ lock }) => lock.match)).toEqual(['exact', 'exact'])
        expect(found.map(({ nonce }) => Bytes.toHex(nonce))).toEqual(
          [first.nonce, own.nonce].map(Bytes.toHex),
        )
        expect(await reader.nextBeaconIndex(alice.share)).toBe(20)
        // Nobody else's seed reads them.
        expect(await reader.recoverLocks(bob.share, { hashlockOf: hashlockOf(bob.seed) })).toEqual([])
      }
      // With what was recovered, and nothing else, the refund is made.
      await advance(devnet, 4000n)
      const [one] = await adapter.recoverLocks(alice.share, { hashlockOf: hashlockOf(alice.seed) })
      if (one === undefined) throw new Error('nothing was recovered')
      const wallet = createSeedWallet({ network, seed: alice.share })
      const signer = wallet.signer(one.terms.locker.account, one.nonce)
      if (signer === undefined) throw new Error('the wallet has no key for it')
      const refunded = await send(adapter, { kind: 'refund', terms: one.terms, lock: one.lock }, signer)
      expect((await adapter.findSpend(one.terms, one.lock)).is).toBe('found')
      expect((await adapter.status(refunded)).value.is).toBe('pending')
    },
  )

  test('L6 S9: what made a recovered lock is rebuilt with it, and makes it void when a reorganisation undoes it', async () => {
    const { adapter, esplora, devnet } = world
    const { swap, submission } = await lockNow()
    const isSame = ({ nonce }: { readonly nonce: Bytes.Bytes }) => Bytes.equal(nonce, swap.nonce)
    for (const reader of [adapter, esplora]) {
      const found = await reader.recoverLocks(alice.share, { hashlockOf: hashlockOf(alice.seed) })
      // The beacon's dust isn't told from the fee any more.
      const { payload: _, maxFee, ...step } = submission.step
      const rebuilt = found.find(isSame)?.signed
      expect(rebuilt).toMatchObject({ id: submission.id, raw: submission.raw, step })
      expect(maxFee.amount - (rebuilt?.step.maxFee.amount ?? 0n)).toBe(330n)
    }
    const found = await adapter.recoverLocks(alice.share, { hashlockOf: hashlockOf(alice.seed) })
    const signed = found.find(isSame)?.signed as Signed
    const made = { ...signed, attempts: [signed.id] }
    expect((await adapter.status(made)).value.is).toBe('included')
    await reorg(devnet, 'bitcoin', 1, { drop: [signed.id] })
    expect((await adapter.status(made)).value.is).toBe('dropped')
    expect((await adapter.replace(made, 20_000n))[0]).toMatchObject({
      kind: 'lock',
      conflictKey: signed.step.conflictKey,
    })
    const gone = await send(adapter, { kind: 'void', submission: made }, alice.funding.signer)
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(made)).value).toEqual({ is: 'replaced', by: gone.id })
  })

  test('S11: records planted by others, copied beside another amount or noise at a beacon, are not taken', async () => {
    const { adapter, devnet } = world
    const { swap, submission } = await lockNow()
    const raw = Transaction.decode(submission.raw!)
    if (!raw.ok) throw new Error(raw.refusal.message)
    const [htlc, record, beacon] = raw.value.outputs as [
      Transaction.Output,
      Transaction.Output,
      Transaction.Output,
    ]
    // The counterparty copies the record and the script, with 1000 sat.
    const copycat = createPerson('copycat')
    await fund(devnet, 'bitcoin', addressOf(copycat.funding.account), 100_000n)
    const script = Account.parse(network, copycat.funding.account).script
    const coins = await world.node<{ unspents: { txid: string; vout: number }[] }>('scantxoutset', 'start', [
      `raw(${Bytes.toHex(script)})`,
    ])
    const coin = coins.unspents[0] as { txid: string; vout: number }
    const tx = new btc.Transaction({ allowUnknownOutputs: true })
    tx.addInput({ txid: coin.txid, index: coin.vout, witnessUtxo: { script, amount: 100_000n } })
    tx.addOutput({ script: htlc.script, amount: 1000n })
    tx.addOutput({ script: record.script, amount: 0n })
    tx.addOutput({ script: beacon.script, amount: 330n })
    tx.addOutput({ script, amount: 90_000n })
    tx.sign(SwapSeed.derive(copycat.share, 'funding', 0))
    tx.finalize()
    await world.node('sendrawtransaction', tx.hex)
    // And somebody pays to the beacon.
    await fund(
      devnet,
      'bitcoin',
      addressOf(Account.ofScript(network, beacon.script) as AccountId.AccountId),
      1000n,
    )
    const found = await adapter.recoverLocks(alice.share, { hashlockOf: hashlockOf(alice.seed) })
    expect(found).toHaveLength(1)
    expect(Bytes.equal(LockTerms.id(found[0]!.terms), LockTerms.id(swap.terms))).toBe(true)
  })
})

describe('wallets', () => {
  test('a p2tr account funds a lock by its key path', async () => {
    const { adapter, devnet } = world
    const key = SwapSeed.derive(alice.share, 'funding', 7)
    const signer = createKeySigner({ network, privateKey: key, account: 'p2tr' })
    await fund(devnet, 'bitcoin', addressOf(signer.account), 500_000n)
    const swap = await swapNow({ kind: 'p2tr' })
    const locked = await send(adapter, { kind: 'lock', terms: swap.terms, from: signer.account }, signer)
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(locked)).value.is).toBe('included')
    expect((await theLock(adapter, swap.terms)).match).toBe('exact')
  })
})

function addressOfLock(terms: LockTerms.LockTerms): string {
  const htlc = HtlcScript.from(terms)
  if (!htlc.ok) throw new Error(htlc.refusal.message)
  return HtlcScript.address(htlc.value, 'bcrt')
}
