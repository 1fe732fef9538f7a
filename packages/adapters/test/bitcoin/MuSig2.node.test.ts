import { AccountId, Channel, type Step, SwapSeed } from '@aitbc/core'
import { Consensus, createBitcoinVerifier, HeaderChain, Transaction } from '@aitbc/proofs/bitcoin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBitcoinAdapter, createCoreBackend } from '../../src/bitcoin/index.js'
import { Cooperation, cooperate, createCosigner, help } from '../../src/bitcoin/musig2.js'
import { flip, value } from './helpers.js'
import {
  createPerson,
  createSwap,
  createWorld,
  fund,
  mine,
  network,
  type Person,
  type Swap,
  send,
  sign,
  theLock,
  type World,
} from './world.js'

let world: World
const alice = createPerson('alice')
const bob = createPerson('bob')
beforeAll(async () => {
  world = await createWorld()
  await fund(world.devnet, 'bitcoin', AccountId.parse(alice.funding.account).address, 100_000_000n)
})
afterAll(() => world?.devnet.dispose())

/** Alice's lock, in a block. */
async function lockNow(lead = 3600n) {
  const { adapter, devnet } = world
  const { clock } = (await adapter.tip()).value
  const swap = createSwap(alice, bob, { kind: 'p2tr-musig2', deadline: clock + lead })
  const { terms } = swap
  await send(adapter, { kind: 'lock', terms, from: alice.funding.account }, alice.funding.signer)
  await mine(devnet, 'bitcoin', 1)
  return { swap, terms, lock: await theLock(adapter, terms) }
}

const cosignerOf = (person: Person, { terms, nonce }: Swap) =>
  createCosigner({ network, terms, privateKey: SwapSeed.derive(person.share, 'party', nonce) })

const PAID = { role: 'initiator', revealed: true, stopped: false, own: 'open', received: true } as const
const GIVEN_UP = { role: 'follower', revealed: false, stopped: true, own: 'none', received: false } as const
const rules: Cooperation.Rules = { patience: 60n, tries: 2, latest: 1000n }

/** Both at their ends of a channel: one asks for what it prepared, the other helps by its standing. */
async function together(
  { swap, terms, lock }: Awaited<ReturnType<typeof lockNow>>,
  step: Step,
  path: Cooperation.Path,
  standing: Cooperation.Standing,
) {
  const [left, right] = Channel.pair()
  const [asker, helper] = path === 'claim' ? [bob, alice] : [alice, bob]
  const helping = help({
    channel: right,
    cosigner: cosignerOf(helper, swap),
    leave: async () => Cooperation.permit(path, standing, { terms, ref: lock.ref, amount: lock.amount }),
  })
  const outcome = await cooperate({
    ...{ channel: left, cosigner: cosignerOf(asker, swap), step, rules: { ...rules, tries: 1 } },
    ...{ now: () => 0n, timeout: () => new AbortController().signal },
  })
  return { outcome, helped: await helping }
}

describe('default', () => {
  test('a claim that both sign: the node takes it, nothing shows a secret, and evidence proves it', async () => {
    const { adapter, devnet, rpc } = world
    const locked = await lockNow()
    const { swap, terms, lock } = locked
    const [step] = await adapter.prepare({ kind: 'claim', terms, lock, secret: swap.secret })
    const { outcome } = await together(locked, step as Step, 'claim', PAID)
    if (outcome.is !== 'signed') throw new Error(outcome.why)
    const submission = await adapter.submit(outcome.signed)
    const expected = { is: 'found', fact: { value: { kind: 'claim', transaction: submission.id } } }
    expect(await adapter.findSpend(terms, lock)).toMatchObject(expected)
    await mine(devnet, 'bitcoin', 3)
    expect((await adapter.status(submission)).value).toMatchObject({ is: 'final' })
    // One signature of 64 bytes: 57.5 virtual bytes of input, as any payment's.
    expect(outcome.signed.raw.length).toBeLessThan(160)
    const verifier = value(
      createBitcoinVerifier({ anchor: HeaderChain.genesis(Consensus.regtest), now: () => devnet.now() }),
    )
    const proving = createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }), verifier })
    const read = await proving.findSpend(terms, lock)
    expect(read).toMatchObject({ is: 'found', fact: { assurance: 'proved' } })
    expect(read.is === 'found' && 'secret' in read.fact.value).toBe(false)
    const paid = lock.amount - submission.step.maxFee.amount
    expect((await adapter.balance(swap.beneficiary.account)).value).toBe(paid)
  })

  test('H4 L5: a refund that both sign is there before the deadline, and a child pays for it; the one by script is not', async () => {
    const { adapter, devnet } = world
    const locked = await lockNow()
    const { swap, terms, lock } = locked
    const [step] = await adapter.prepare({ kind: 'refund', terms, lock }, { feeRate: 1000n })
    const alone = await sign(swap.locker.signer, step as Step)
    await expect(adapter.submit(alone)).rejects.toMatchObject({ _tag: 'TransactionNotFinal' })
    const { outcome } = await together(locked, step as Step, 'refund', GIVEN_UP)
    if (outcome.is !== 'signed') throw new Error(outcome.why)
    const submission = await adapter.submit(outcome.signed)
    // A dearer version would need both again; a child needs the locker alone, and has versions of its own.
    const [child] = await adapter.cpfp(submission, { feeRate: 10_000n })
    const first = await adapter.submit(await sign(swap.locker.signer, child as Step))
    const [dearer] = await adapter.replace(first, 40_000n)
    const paid = await adapter.submit(await sign(swap.locker.signer, dearer as Step))
    const entry = await world.node<{ fees: { descendant: number }; descendantsize: number }>(
      'getmempoolentry',
      submission.id,
    )
    expect((entry.fees.descendant * 1e11) / entry.descendantsize).toBeGreaterThanOrEqual(20_000)
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(submission)).value).toMatchObject({ is: 'included' })
    expect((await adapter.status(paid)).value).toMatchObject({ is: 'included' })
    expect((await adapter.tip()).value.clock).toBeLessThan(terms.deadline.value)
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'refund', transaction: submission.id } },
    })
    expect((await adapter.balance(swap.locker.account)).value).toBe(
      lock.amount - submission.step.maxFee.amount - paid.step.maxFee.amount,
    )
  })
})

describe('behavior: the script path stays', () => {
  test('L6: who is not helped claims by script, and so does who is stuck with what both signed', async () => {
    const { adapter, devnet } = world
    const locked = await lockNow()
    const { swap, terms, lock } = locked
    const intent = { kind: 'claim', terms, lock, secret: swap.secret } as const
    const [step] = await adapter.prepare(intent, { feeRate: 1000n })
    // Not paid yet: she declines.
    const refused = await together(locked, step as Step, 'claim', { ...PAID, received: false })
    expect(refused).toMatchObject({
      outcome: { is: 'script', refusal: { check: 'declined' } },
      helped: { ok: true, value: 'declined' },
    })
    const { outcome } = await together(locked, step as Step, 'claim', PAID)
    if (outcome.is !== 'signed') throw new Error(outcome.why)
    const stuck = await adapter.submit(outcome.signed)
    // What both signed waits at a low fee: its replacement is the claim by script, of the same lock, alone.
    const [higher] = await adapter.replace(stuck, 20_000n)
    const claimed = await adapter.submit(await sign(swap.beneficiary.signer, higher as Step))
    expect(claimed.attempts).toEqual([stuck.id, claimed.id])
    await mine(devnet, 'bitcoin', 1)
    expect((await adapter.status(stuck)).value).toMatchObject({ is: 'replaced', by: claimed.id })
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', secret: swap.secret } },
    })
  })
})

describe('error', () => {
  test('S5: the node refuses a signature that is not both parties’', async () => {
    const { adapter } = world
    const locked = await lockNow()
    const { swap, terms, lock } = locked
    const [step] = await adapter.prepare({ kind: 'claim', terms, lock, secret: swap.secret })
    const { outcome } = await together(locked, step as Step, 'claim', PAID)
    if (outcome.is !== 'signed') throw new Error(outcome.why)
    const { signed } = outcome
    const bent = { ...signed, raw: flip(signed.raw, 8 * (signed.raw.length - 5)) }
    expect(Transaction.decode(bent.raw).ok).toBe(true)
    await expect(adapter.submit(bent)).rejects.toMatchObject({ _tag: 'TransactionRefused' })
    expect((await adapter.findSpend(terms, lock)).is).toBe('absent')
    await adapter.submit(signed)
    expect((await adapter.findSpend(terms, lock)).is).toBe('found')
  })
})
