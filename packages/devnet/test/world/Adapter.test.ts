import { type Intent, type Lock, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { expect, test } from 'vitest'
import {
  Chain,
  createWorld,
  createWorldAdapter,
  createWorldDisk,
  createWorldVerifier,
  createWorldWallet,
  type WriteFate,
} from '../../src/world/index.js'
import { createParties, nonce } from './parties.js'

const network = networks.bitcoinRegtest

async function lockedBitcoin() {
  const { world, chain, adapter, alice, termsOf, sign } = createParties('adapter', network)
  world.fund(alice.funding, 10_000_000n)
  const terms = await termsOf(3600n)
  const signed = async (intent: Intent) => {
    const [first] = await sign(intent)
    if (first === undefined) throw new Error('no step')
    return first
  }
  await adapter.submit(await signed({ kind: 'lock', terms, from: alice.funding }))
  world.mine(network.id)
  const [read] = await adapter.findLocks(terms)
  if (read?.is !== 'found') throw new Error('no lock')
  return { world, chain, adapter, terms, lock: read.fact.value, signed }
}

test('H6: a refund outbids a claim that pins its place, with what it evicts and its own relay', async () => {
  const { world, chain, adapter, terms, lock, signed } = await lockedBitcoin()
  world.reach(network.id, terms.deadline.value)
  // Large and cheap: a hundred times as dear as an ordinary refund, and too cheap for any block.
  const claim = {
    ...{ id: 'pin', network: network.id, from: terms.beneficiary.account.slice(network.id.length + 1) },
    ...{ slots: [lock.ref], rate: 1000n, size: 60_000n, fee: 60_000n },
    does: { is: 'claim', ref: lock.ref, key: '', secret: '07'.repeat(32) },
  } as const
  expect(Chain.accept(chain, claim).is).toBe('taken')
  const refund = await signed({ kind: 'refund', terms, lock })
  expect(refund.step.maxFee.amount).toBeGreaterThan(60_000n)
  await adapter.submit(refund)
  expect(chain.mempool.map(({ tx }) => tx.id)).toEqual([refund.id])
  world.mine(network.id)
  expect(await adapter.findSpend(terms, lock)).toMatchObject({ fact: { value: { kind: 'refund' } } })
})

test('S12: evidence of a lock is of its block: once that is undone, it proves nothing', async () => {
  const { world, chain, adapter, terms, lock } = await lockedBitcoin()
  const verifier = createWorldVerifier(chain)
  const claim = { kind: 'lock', terms, lock } as const
  const evidence = await adapter.prove(claim)
  expect(verifier.verify(claim, evidence)).toMatchObject({ ok: true, value: { assurance: 'proved' } })
  world.reorg(network.id, 1, { drop: true })
  expect(verifier.verify(claim, evidence)).toMatchObject({ ok: false, refusal: { check: 'block' } })
  const other: Lock = { ...lock, ref: `${'00'.repeat(32)}:0` }
  expect(verifier.verify({ ...claim, lock: other }, evidence).ok).toBe(false)
  expect(verifier.verify(claim, { ...evidence, bytes: Uint8Array.of(1) })).toMatchObject({
    refusal: { check: 'format' },
  })
})

test('S15: what a disk lost or tore, nobody was told of; what it kept is there for the next process', async () => {
  const disk = createWorldDisk()
  let next: WriteFate = 'done'
  let deaths = 0
  const first = disk.open(
    () => next,
    () => deaths++,
  )
  const log = await first.log('journal')
  await log.append(Uint8Array.of(1, 2))
  next = 'fails-after'
  await expect(log.append(Uint8Array.of(3))).rejects.toMatchObject({ _tag: 'StorageUnavailable' })
  next = 'torn'
  let told = false
  void log.append(Uint8Array.of(4, 5, 6, 7)).then(() => {
    told = true
  })
  for (let turn = 0; turn < 50; turn++) await null
  expect([told, deaths]).toEqual([false, 1])
  const again = await disk.open(() => 'done').log('journal')
  expect(await again.read()).toEqual(Uint8Array.of(1, 2, 3, 4, 5))
})

test.each([networks.bitcoinRegtest, networks.evmLocal])(
  'S9: what somebody else signed for the account takes its coin or nonce on $id, whether it is sent or not',
  async (network) => {
    const world = createWorld({ seed: 'beside', networks: [network] })
    const adapter = createWorldAdapter({ network, endpoint: world.endpoint(network.id) })
    const { funding, signer } = createWorldWallet({
      network,
      seed: SwapSeed.forNetwork(new Uint8Array(32).fill(1), network.id),
    })
    const funds = 10n ** 18n
    world.fund(funding, funds)
    const transfer = {
      kind: 'transfer',
      from: funding,
      to: funding,
      asset: network.native.id,
      amount: 1_000_000n,
    } as const
    const [one] = await adapter.prepare(transfer)
    const [same] = await adapter.prepare(transfer)
    expect(same?.conflictKey).toBe(one?.conflictKey)
    const key = signer(funding, nonce)
    if (one === undefined || key?.kind !== 'signs') throw new Error('nobody signs')
    const signed = await key.sign(one)
    const beside = adapter.prepare(transfer, { beside: [signed] })
    if (network.family === 'bitcoin') {
      // Its change may never be there.
      await expect(beside).rejects.toMatchObject({ _tag: 'InsufficientFunds' })
      world.fund(funding, funds)
    }
    const [other] = await (network.family === 'bitcoin'
      ? adapter.prepare(transfer, { beside: [signed] })
      : beside)
    expect(other?.conflictKey).not.toBe(one.conflictKey)
  },
)
