import { Bytes, Hashlock, type Intent, type LockTerms, type Signed, type Step, SwapSeed } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { createHubVerifier, LockEvidence } from '@aitbc/proofs/revive'
import { StorageKey } from '@aitbc/proofs/substrate'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  Address,
  createPolkadotAdapter,
  createSeedWallet,
  HubLock,
  type PolkadotHubAdapter,
  PolkadotTransaction,
} from '../../src/polkadot/index.js'
import {
  account,
  CHAIN_ID,
  CONTRACT,
  contractInfo,
  createFakeHub,
  emitted,
  type FakeHub,
  holding,
  key,
  network,
} from './fakeHub.js'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const UNIT = 10n ** 12n
const NONCE = new Uint8Array(8).fill(1)
const seed = (fill: number) => new Uint8Array(32).fill(fill)
const share = (fill: number) => SwapSeed.forNetwork(seed(fill), network.id)
const [alice, bob] = [1, 2].map((fill) => createSeedWallet({ network, seed: share(fill) })) as [
  ReturnType<typeof createSeedWallet>,
  ReturnType<typeof createSeedWallet>,
]
const secret = SwapSeed.secret(seed(1), NONCE)
const word = (value: number) => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? value : 0))

let hub: FakeHub
let adapter: PolkadotHubAdapter
let terms: LockTerms.LockTerms
let parameters: HtlcStorage.Parameters
let slot: Bytes.Bytes

beforeAll(async () => {
  hub = await createFakeHub()
})
afterAll(() => hub?.api.disconnect())

beforeEach(() => {
  hub.reset()
  adapter = createPolkadotAdapter({
    network,
    api: hub.api,
    hub: { address: CONTRACT, chainId: CHAIN_ID },
    pollMs: 1,
    wait: async () => undefined,
  })
  hub.block({
    state: [
      [key.account(account(alice.funding)), holding(100n * UNIT)],
      [key.account(account(bob.funding)), holding(UNIT)],
      [key.contract, contractInfo(hub.api)],
    ],
    child: [[new Uint8Array(32).fill(0x77), word(9)]],
  })
  terms = {
    version: 1,
    backend: adapter.backend,
    asset: network.native.id,
    amount: 3n * UNIT,
    hashlock: Hashlock.of(secret),
    locker: alice.party(NONCE),
    beneficiary: bob.party(NONCE),
    deadline: { network: network.id, clock: 'unix', value: 1_800_100_000n },
    salt: new Uint8Array(32).fill(4),
  }
  parameters = HubLock.parameters(terms, adapter.chain)
  slot = StorageKey.contractSlot(HtlcStorage.slot(HtlcStorage.lockId(parameters)))
})

const sign = async (step: Step): Promise<Signed> => {
  const signer = [alice, bob].map((one) => one.signer(step.from, NONCE)).find((one) => one !== undefined)
  if (signer?.kind !== 'signs') throw new Error('nobody signs')
  return signer.sign(step)
}
/** What the runtime's own description reads of a step's call. */
const callOf = (step: Step) => {
  const call = hub.api.registry.createType('Call', PolkadotTransaction.ofStep(step).method) as unknown as {
    section: string
    method: string
    args: readonly { toHex(): string; toString(): string; toJSON(): unknown }[]
  }
  return { name: `${call.section}.${call.method}`, args: call.args }
}
/** The same adapter over a runtime that lets nobody act for the account that stands for an unmapped address. */
function without(): PolkadotHubAdapter {
  const { revive, ...tx } = hub.api.tx
  const { dispatchAsFallbackAccount: _, ...calls } = revive ?? {}
  const api = new Proxy(hub.api, {
    get: (target, name) => (name === 'tx' ? { ...tx, revive: calls } : Reflect.get(target, name, target)),
  })
  return createPolkadotAdapter({ network, api, hub: { address: CONTRACT, chainId: CHAIN_ID } })
}
/** A lock that is on the chain, made by a block of its own. */
async function locked(): Promise<Signed> {
  const [, step] = await adapter.prepare({
    kind: 'lock',
    terms,
    recovery: { seed: share(1), nonce: NONCE, record: { role: 'initiator' } },
  })
  const signed = await sign(step as Step)
  hub.block({
    extrinsics: [signed.raw],
    state: [
      [key.mapped(account(alice.funding)), account(alice.funding)],
      [key.mapped(account(bob.funding)), account(bob.funding)],
    ],
    child: [[slot, word(1)]],
  })
  hub.block()
  return signed
}

describe('what an account holds', () => {
  const held = async (value: Bytes.Bytes) => {
    hub.block({ state: [[key.account(account(bob.funding)), value]] })
    return (await adapter.balance(bob.funding)).value
  }
  const { dust } = network.fees

  test('S13 H8: what is frozen pays no fee, so it isn’t counted; the deposit to exist may be of it', async () => {
    expect(await held(holding(5n * UNIT, 0, { frozen: 4n * UNIT }))).toBe(UNIT + dust)
    expect(await held(holding(5n * UNIT, 0, { frozen: 9n * UNIT }))).toBe(0n)
    expect(await held(holding(5n * UNIT, 0, { frozen: dust / 2n }))).toBe(5n * UNIT)
  })

  test('what is reserved counts toward what is frozen', async () => {
    expect(await held(holding(5n * UNIT, 0, { reserved: 4n * UNIT, frozen: 4n * UNIT }))).toBe(5n * UNIT)
    expect(await held(holding(5n * UNIT, 0, { reserved: 3n * UNIT, frozen: 4n * UNIT }))).toBe(
      4n * UNIT + dust,
    )
    const lock: Intent = { kind: 'lock', terms: { ...terms, amount: 3n * UNIT } }
    const funded = holding(100n * UNIT, 0, { reserved: 99n * UNIT, frozen: 99n * UNIT })
    hub.block({ state: [[key.account(account(alice.funding)), funded]] })
    expect(await adapter.prepare(lock)).toHaveLength(2)
  })
})

describe('what is signed', () => {
  test('a lock: the account is mapped first, then `revive.call` with the amount in planck and the call in wei', async () => {
    const steps = await adapter.prepare({ kind: 'lock', terms })
    expect(steps.map((step) => [step.kind, callOf(step).name])).toEqual([
      ['map-account', 'revive.mapAccount'],
      ['lock', 'revive.call'],
    ])
    const [map, lock] = steps as [Step, Step]
    const [dest, value, weight, deposit, data] = callOf(lock).args
    expect(dest?.toHex()).toBe(CONTRACT)
    expect(BigInt(value?.toString() ?? 0)).toBe(terms.amount)
    expect(weight?.toJSON()).toEqual({ refTime: 400_000_000_000, proofSize: 4_000_000 })
    expect(BigInt(deposit?.toString() ?? 0)).toBe(UNIT)
    expect(parameters.amount).toBe(terms.amount * 1_000_000n)
    expect(data?.toHex()).toBe(
      `0x${Bytes.toHex(HubLock.encodeLock(parameters, new Uint8Array(32), new Uint8Array(0)))}`,
    )
    expect([map, lock].map((step) => PolkadotTransaction.ofStep(step).nonce)).toEqual([0n, 1n])
    expect(lock.validUntil).toEqual(terms.deadline)
    expect(lock.maxFee.amount).toBe(UNIT + 6_250_000_000n + network.fees.minRelay)
    PolkadotTransaction.assertSigned(await sign(lock))
  })

  test('L3: a record of more than 128 bytes, which would end the call, goes without the agreement', async () => {
    const counter = new Uint8Array(32).fill(7)
    const recordOf = async (agreement: number, limits = {}) => {
      const open = createPolkadotAdapter({
        network,
        api: hub.api,
        hub: { address: CONTRACT, chainId: CHAIN_ID, limits },
      })
      const record = { role: 'initiator' as const, counter, agreement: new Uint8Array(agreement).fill(8) }
      const steps = await open.prepare({
        kind: 'lock',
        terms,
        recovery: { seed: share(1), nonce: NONCE, record },
      })
      const [call] = HubLock.locksIn(PolkadotTransaction.ofStep(steps.at(-1) as Step).method, adapter.chain)
      return call?.record ?? new Uint8Array(0)
    }
    const whole = await recordOf(60)
    expect(whole.length).toBeGreaterThan(100)
    expect(whole.length).toBeLessThanOrEqual(128)
    const cut = await recordOf(600)
    expect(cut).toHaveLength(8 + 16 + 33)
    expect(await recordOf(600, { record: 2048n })).toHaveLength(cut.length + 4 + 600)
    await expect(recordOf(600, { record: 32n })).rejects.toMatchObject({ _tag: 'InvalidBytes' })
  })

  test('H18: no endpoint learns a secret before its claim is sent', async () => {
    await locked()
    hub.asked.length = 0
    const lock = adapter.expectLock(terms, [])
    const [claim] = await adapter.prepare({ kind: 'claim', terms, lock, secret })
    expect(callOf(claim as Step).args[4]?.toHex()).toBe(
      `0x${Bytes.toHex(HubLock.encodeClaim(parameters, secret))}`,
    )
    expect(hub.asked.length).toBeGreaterThan(0)
    expect(hub.asked.join('\n')).not.toContain(Bytes.toHex(secret))
    await adapter.submit(await sign(claim as Step))
    expect(hub.asked.join('\n')).toContain(Bytes.toHex(secret))
  })

  test('H26: nobody claims for a beneficiary that contracts would pay to an account out of reach', async () => {
    const lock = adapter.expectLock(terms, [])
    const claim = { kind: 'claim', terms, lock, secret, feePayer: alice.funding } as const
    await expect(without().prepare(claim)).rejects.toMatchObject({ _tag: 'PolkadotPayeeCannotReceive' })
    // Where its owner reaches that account, a tower claims in time, and the payment is a due.
    expect((await adapter.prepare(claim)).at(-1)).toMatchObject({ kind: 'claim', from: alice.funding })
    const steps = await adapter.prepare({ kind: 'claim', terms, lock, secret })
    expect(steps.map((step) => step.kind)).toEqual(['map-account', 'claim'])
    const [refund] = (await adapter.prepare({ kind: 'refund', terms, lock })).slice(-1)
    expect(refund?.validFrom).toEqual(terms.deadline)
  })

  test('S13: what a refund will cost is told before its locker ever locked; for a lock that is there, it must be payable', async () => {
    const lock = adapter.expectLock(terms, [])
    // The swap's other side, who never met the locker's account and has none of its own mapped yet.
    const asked = { kind: 'refund', terms, lock, feePayer: bob.funding } as const
    const steps = await adapter.prepare(asked)
    expect(steps.map(({ kind, from }) => [kind, from])).toEqual([
      ['map-account', bob.funding],
      ['refund', bob.funding],
    ])
    await locked()
    expect((await adapter.prepare(asked)).map(({ kind }) => kind)).toEqual(['refund'])
    // A locker that took its mapping back: a refund by somebody else would go to an account out of reach.
    expect((await without().prepare(asked)).map(({ kind }) => kind)).toEqual(['refund'])
    hub.block({ state: [[key.mapped(account(alice.funding)), undefined]] })
    await expect(without().prepare(asked)).rejects.toMatchObject({
      _tag: 'PolkadotPayeeCannotReceive',
      context: { account: alice.funding },
    })
    const own = await adapter.prepare({ kind: 'refund', terms, lock })
    expect(own.map(({ kind }) => kind)).toEqual(['map-account', 'refund'])
  })

  test('H1, H20, H27: wrong code, wrong secret, a passed deadline, too little: refused before anything is signed', async () => {
    const lock = adapter.expectLock(terms, [])
    await expect(
      adapter.prepare({ kind: 'claim', terms, lock, secret: new Uint8Array(32).fill(9) }),
    ).rejects.toMatchObject({ _tag: 'InvalidSecret' })
    await expect(
      adapter.prepare({ kind: 'refund', terms, lock: { ...lock, ref: `0x${'00'.repeat(32)}` } }),
    ).rejects.toMatchObject({ _tag: 'InvalidArgument' })
    await expect(
      adapter.prepare({ kind: 'lock', terms: { ...terms, amount: 101n * UNIT } }),
    ).rejects.toMatchObject({ _tag: 'PolkadotInsufficientFunds' })
    const late = { ...terms, deadline: { ...terms.deadline, value: 1_800_000_006n } }
    await expect(adapter.prepare({ kind: 'lock', terms: late })).rejects.toMatchObject({
      _tag: 'PolkadotUnsupportedTerms',
      context: { argument: 'terms.deadline' },
    })
    expect(adapter.auditTerms({ ...terms, asset: `${network.id}/assets:1` }).ok).toBe(false)
    expect(adapter.auditTerms(terms).ok).toBe(true)
    hub.block({ state: [[key.contract, contractInfo(hub.api, '11'.repeat(32))]] })
    await expect(adapter.prepare({ kind: 'lock', terms })).rejects.toMatchObject({
      _tag: 'PolkadotContractMismatch',
    })
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'unknown', why: { check: 'lock-code' } }])
  })

  test('a call of another contract takes its data and planck', async () => {
    const to = `${network.id}:0x${'0a'.repeat(20)}` as const
    const steps = await adapter.prepare({
      kind: 'call',
      from: alice.funding,
      to,
      data: Uint8Array.of(1, 2),
      value: 5n,
    })
    const [dest, value, , , data] = callOf(steps.at(-1) as Step).args
    expect([dest?.toHex(), value?.toString(), data?.toHex()]).toEqual([`0x${'0a'.repeat(20)}`, '5', '0x0102'])
  })
})

describe('what is read', () => {
  test('a lock is found from its terms, by its hashlock and by its owner, with the transaction that made it', async () => {
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'absent' }])
    const signed = await locked()
    const lock = { ...adapter.expectLock(terms, [signed]), transaction: signed.id }
    expect(await adapter.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { value: lock, at: { height: 2n } } },
    ])
    expect(await adapter.discoverLocks(terms.hashlock)).toEqual([{ terms, lock }])
    expect(await adapter.discoverLocks(new Uint8Array(32).fill(9))).toEqual([])
    const hashlockOf = () => terms.hashlock
    expect(await adapter.recoverLocks(share(1), { hashlockOf })).toEqual([
      { terms, lock, nonce: NONCE, record: { role: 'initiator' } },
    ])
    expect(await adapter.recoverLocks(share(2), { hashlockOf })).toEqual([])
    expect(await adapter.findSpend(terms, lock)).toMatchObject({ is: 'absent' })
  })

  test('L3: whom a lock pays isn’t known before that account is mapped; its name is that of the agreed terms all the same', async () => {
    await locked()
    hub.block({ state: [[key.mapped(account(bob.funding)), undefined]] })
    const [found] = await adapter.discoverLocks(terms.hashlock)
    expect(found?.terms.beneficiary.account).not.toBe(bob.funding)
    expect(found?.lock.ref).toBe(adapter.expectLock(terms, []).ref)
    const [own] = await adapter.recoverLocks(share(1), { hashlockOf: () => terms.hashlock })
    expect(own).toMatchObject({ terms: { ...terms, beneficiary: found?.terms.beneficiary } })
  })

  test('L3: who writes the call of a lock before its owner, with another record, hides it from no recovery', async () => {
    const tag = SwapSeed.derive(share(1), 'tag', 0)
    const call = HubLock.encodeLock(parameters, tag, new Uint8Array(40).fill(7))
    // Bytes that say nothing to the runtime, such as a remark's.
    hub.block({ extrinsics: [Bytes.concat(Uint8Array.of(1, 2, 3), call)] })
    await locked()
    const hashlockOf = () => terms.hashlock
    expect(await adapter.recoverLocks(share(1), { hashlockOf })).toMatchObject([
      { terms, nonce: NONCE, record: { role: 'initiator' } },
    ])
    expect(await adapter.discoverLocks(terms.hashlock)).toMatchObject([{ terms }])
  })

  test('L3 S6: who has locked, and takes its account’s mapping back, hides its lock from no recovery', async () => {
    await locked()
    hub.block({ state: [[key.mapped(account(alice.funding)), undefined]] })
    expect(await adapter.discoverLocks(terms.hashlock)).toMatchObject([{ terms }])
    expect(await adapter.recoverLocks(share(1), { hashlockOf: () => terms.hashlock })).toMatchObject([
      { terms },
    ])
  })

  test('L3 S6: an agreement that no event has room for stands behind the call; who writes that before, and cuts it off, hides nothing', async () => {
    const counter = new Uint8Array(32).fill(7)
    const record = { role: 'initiator' as const, counter, agreement: new Uint8Array(600).fill(8) }
    const intent = { kind: 'lock' as const, terms, recovery: { seed: share(1), nonce: NONCE, record } }
    const { raw } = await sign((await adapter.prepare(intent)).at(-1) as Step)
    const [call] = HubLock.locksIn(raw, adapter.chain)
    expect(call?.record.length).toBeLessThanOrEqual(128)
    const cut = HubLock.encodeLock(parameters, call?.tag as Bytes.Bytes, call?.record as Bytes.Bytes)
    const hashlockOf = () => terms.hashlock
    hub.block({ extrinsics: [cut], child: [[slot, word(1)]] })
    expect(await adapter.recoverLocks(share(1), { hashlockOf })).toMatchObject([
      { terms: { hashlock: terms.hashlock }, nonce: NONCE, record: { role: 'initiator', counter } },
    ])
    // Others' bytes behind it are no record either, and none is taken for a better one.
    hub.block({ extrinsics: [Bytes.concat(cut, Uint8Array.of(0, 3, 1, 2, 3)), raw, cut] })
    const [found, ...more] = await adapter.recoverLocks(share(1), { hashlockOf })
    expect([found?.record, more.length]).toEqual([record, 0])
    expect(await adapter.recoverLocks(share(2), { hashlockOf })).toEqual([])
  })

  test('L3 S6: a call that says its record is elsewhere hides the lock from no recovery', async () => {
    const number = (value: number) =>
      Uint8Array.from(word(value & 255), (byte, i) => (i === 30 ? value >> 8 : byte))
    const call = HubLock.encodeLock(parameters, new Uint8Array(32), new Uint8Array(0))
    const before = call.slice(0, 4 + 8 * 32)
    // Behind a word that no length can be; or where the terms have the token, whose zeros are a length.
    const elsewhere = [
      Bytes.concat(before, number(10 * 32), new Uint8Array(32).fill(255), number(0)),
      Bytes.concat(before, number(0)),
    ]
    for (const raw of elsewhere) {
      hub.reset()
      hub.block({ state: [[key.contract, contractInfo(hub.api)]] })
      hub.block({ extrinsics: [raw], child: [[slot, word(1)]] })
      const found = await adapter.discoverLocks(terms.hashlock)
      expect(found.map(({ lock }) => lock.ref)).toEqual([adapter.expectLock(terms, []).ref])
    }
  })

  test('L3 S6: who locks through another contract, whose transaction shows no call, hides the lock from no recovery', async () => {
    const name =
      'Locked(bytes32,bytes32,bytes32,(address,uint256,bytes32,address,address,uint64,bytes32),bytes)'
    const topic = keccak_256(new TextEncoder().encode(name))
    const call = HubLock.encodeLock(parameters, word(7), new Uint8Array(0)).slice(4)
    const place = Uint8Array.from(word(0), (byte, i) => (i === 30 ? 1 : byte))
    const data = Bytes.concat(call.slice(0, 7 * 32), place, word(0))
    const event = emitted(hub.api, {
      topics: [topic, HtlcStorage.lockId(parameters), terms.hashlock, word(7)],
      data,
    })
    const raw = Uint8Array.of(8, 1, 2)
    for (let block = 0; block < 40; block++) hub.block()
    const kept = new Set<unknown>()
    const at = hub.block({ extrinsics: [raw], state: [[key.events, event]], child: [[slot, word(1)]] })
    const made = {
      lock: { ref: adapter.expectLock(terms, []).ref, transaction: PolkadotTransaction.id(raw) },
    }
    for (let block = 0; block < 40; block++) kept.add(hub.block())
    expect(await adapter.discoverLocks(terms.hashlock)).toMatchObject([made])
    // Of a node that forgets, what it has still; it is asked for little of what it has not.
    let refused = 0
    hub.answer = (method, params) => {
      if (method !== 'state_getStorage' || kept.has(params[1])) return undefined
      refused++
      throw Object.assign(new Error('4003: State already discarded'), { code: 4003 })
    }
    kept.add(at)
    expect(await adapter.discoverLocks(terms.hashlock)).toMatchObject([made])
    expect(refused).toBeLessThan(10)
    kept.delete(at)
    expect(await adapter.discoverLocks(terms.hashlock)).toEqual([])
  })

  test('L3: a recovery that takes longer than a node keeps states ends well', async () => {
    await locked()
    for (let block = 0; block < 70; block++) hub.block()
    let under = 0
    let most = 0
    const { api } = hub
    const latest = async () => (await api.rpc.chain.getBlockHash()).toHex()
    let newest = await latest()
    hub.answer = (method, params) => {
      if (method === 'chain_getBlock') {
        most = Math.max(most, ++under)
        // Meanwhile the chain goes on.
        newest = hub.block()
      } else if (method === 'chain_getBlockHash') under = 0
      const at =
        method === 'childstate_getStorage' ? params[2] : method === 'state_getStorage' ? params[1] : newest
      if (at !== newest) throw Object.assign(new Error('4003: State already discarded'), { code: 4003 })
      return undefined
    }
    const found = await adapter.recoverLocks(share(1), { hashlockOf: () => terms.hashlock })
    expect(found).toMatchObject([{ terms, nonce: NONCE }])
    // Several are under way at once.
    expect(most).toBeGreaterThan(1)
  })

  test('L3: calls that strangers write by the hundred, and that made no lock, cost a question each', async () => {
    const call = (salt: number) =>
      HubLock.encodeLock({ ...parameters, salt: word(salt) }, new Uint8Array(32), new Uint8Array(0))
    hub.block({ extrinsics: [Bytes.concat(...Array.from({ length: 200 }, (_, salt) => call(salt)))] })
    await locked()
    hub.asked.length = 0
    expect(await adapter.discoverLocks(terms.hashlock)).toMatchObject([{ terms }])
    expect(hub.asked.length).toBeLessThan(250)
  })

  test('L6: a lock is looked for once, however old it gets where nodes forget states; a reorganisation undoes that', async () => {
    await locked()
    const height = async () => {
      const [read] = await adapter.findLocks(terms)
      return read?.is === 'found' && read.fact.at !== 'mempool' ? read.fact.at.height : undefined
    }
    expect(await height()).toBe(2n)
    for (let block = 0; block < 300; block++) hub.block()
    const tip = (await adapter.tip()).value
    hub.answer = (method, params) => {
      const at =
        method === 'childstate_getStorage' ? params[2] : method === 'state_getStorage' ? params[1] : tip.hash
      if (at !== tip.hash) throw Object.assign(new Error('4003: State already discarded'), { code: 4003 })
      return undefined
    }
    hub.asked.length = 0
    expect(await height()).toBe(2n)
    expect(hub.asked.length).toBeLessThan(20)
    // It is looked for anew, and nothing that isn't of that height is taken.
    const other = hub.block()
    hub.answer = (method, params) => (method === 'chain_getBlockHash' && params[0] === 2 ? other : undefined)
    await expect(height()).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('L2 S6: however a lock was made or went back, and however long ago, it is there for who begins to look where nodes forget states', async () => {
    // Another contract's transaction shows nothing of it.
    hub.block({ extrinsics: [new Uint8Array(64)], child: [[slot, word(1)]] })
    const forget = async () => {
      const kept = new Set<unknown>()
      for (let block = 0; block < 300; block++) kept.add(hub.block())
      const old = [...kept].slice(0, -256)
      hub.answer = (method, params) => {
        const at =
          method === 'childstate_getStorage'
            ? params[2]
            : method === 'state_getStorage'
              ? params[1]
              : undefined
        if (at !== undefined && (!kept.has(at) || old.includes(at)))
          throw Object.assign(new Error('4003: State already discarded'), { code: 4003 })
        return undefined
      }
      hub.asked.length = 0
      return (await adapter.tip()).value.finalized
    }
    const lock = adapter.expectLock(terms, [])
    const at = await forget()
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'found', fact: { value: lock, at } }])
    expect(await adapter.findSpend(terms, lock)).toMatchObject({ is: 'absent' })
    // No look goes through the blocks of half a day.
    expect(hub.asked.length).toBeLessThan(60)
    hub.answer = () => undefined
    hub.block({ extrinsics: [new Uint8Array(64)], child: [[slot, word(3)]] })
    const back = { value: { kind: 'refund', transaction: '' }, at: await forget() }
    expect(await adapter.findSpend(terms, lock)).toMatchObject({ is: 'found', fact: back })
  })

  test('a claim shows its secret, in the pool and in its block; a node without old states still tells', async () => {
    await locked()
    const lock = adapter.expectLock(terms, [])
    const [step] = await adapter.prepare({ kind: 'claim', terms, lock, secret })
    const claim = await adapter.submit(await sign(step as Step))
    const spend = { kind: 'claim', transaction: claim.id, secret }
    expect(await adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: spend, at: 'mempool' },
    })
    hub.pool.length = 0
    hub.block({ extrinsics: [claim.raw as Uint8Array], child: [[slot, word(2)]] })
    hub.block()
    const found = await adapter.findSpend(terms, lock)
    expect(found).toMatchObject({ is: 'found', fact: { value: spend, at: { height: 4n } } })
    const tip = (await adapter.tip()).value
    hub.answer = (method, params) => {
      const at =
        method === 'childstate_getStorage' ? params[2] : method === 'state_getStorage' ? params[1] : undefined
      if (at !== undefined && at !== tip.hash)
        throw Object.assign(new Error('4003: State already discarded'), { code: 4003 })
      return undefined
    }
    expect(await adapter.findSpend(terms, lock)).toMatchObject({ is: 'found', fact: { value: spend } })
  })

  describe.each(['extrinsic', 'block'] as const)('what another contract brought about, in an %s', (by) => {
    const id = () => HtlcStorage.lockId(parameters)
    const topic = (signature: string) => keccak_256(new TextEncoder().encode(signature))
    const end = async (status: number, event: Parameters<typeof emitted>[1], extrinsic: Bytes.Bytes) => {
      await locked()
      const [lock] = (await adapter.findLocks(terms)).flatMap((read) =>
        read.is === 'found' ? [read.fact.value] : [],
      )
      hub.block({
        extrinsics: [extrinsic],
        state: [[key.events, emitted(hub.api, event, by)]],
        child: [[slot, word(status)]],
      })
      hub.block()
      return adapter.findSpend(terms, lock!)
    }

    test.each([
      ['shows nothing of it', () => new Uint8Array(64)],
      ['shows another secret', () => HubLock.encodeClaim(parameters, word(5))],
    ])(
      'S6: a claim shows its secret to all that read the chain, though its transaction %s',
      async (_, extrinsic) => {
        const topics = [topic('Claimed(bytes32,bytes32,bytes32)'), id(), terms.hashlock]
        expect(await end(2, { topics, data: secret }, extrinsic())).toMatchObject({
          is: 'found',
          fact: { value: { kind: 'claim', secret }, at: { height: 4n } },
        })
      },
    )

    test('L6: a refund is one', async () => {
      const topics = [topic('Refunded(bytes32)'), id()]
      expect(await end(3, { topics, data: new Uint8Array(0) }, new Uint8Array(64))).toMatchObject({
        is: 'found',
        fact: { value: { kind: 'refund' }, at: { height: 4n } },
      })
    })
  })

  test('S6: a claim that stands behind another secret is seen in the pool', async () => {
    await locked()
    const [lock] = (await adapter.findLocks(terms)).flatMap((read) =>
      read.is === 'found' ? [read.fact.value] : [],
    )
    const calls = [word(5), secret].map((one) => HubLock.encodeClaim(parameters, one))
    hub.pool.push(Bytes.concat(...calls))
    expect(await adapter.findSpend(terms, lock!)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', secret }, at: 'mempool' },
    })
  })

  test('L1: a node that keeps its pool to itself hides what waits there, and no lock', async () => {
    await locked()
    const lock = adapter.expectLock(terms, [])
    hub.answer = (method) => {
      if (method !== 'author_pendingExtrinsics') return undefined
      throw Object.assign(new Error('-32601: Method not found'), { code: -32601 })
    }
    expect(await adapter.findSpend(terms, lock)).toMatchObject({ is: 'absent' })
    const [step] = await adapter.prepare({ kind: 'claim', terms, lock, secret })
    const claim = await adapter.submit(await sign(step as Step))
    expect((await adapter.status(claim)).value.is).toBe('dropped')
  })

  test('RpcMalformed: a word that the contract never stores, another header, another hash', async () => {
    await locked()
    hub.answer = (method) => (method === 'childstate_getStorage' ? '0x07' : undefined)
    await expect(adapter.findLocks(terms)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    hub.answer = (method) => (method === 'childstate_getStorage' ? `0x${'00'.repeat(31)}07` : undefined)
    expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'unknown', why: { check: 'lock-status' } }])
    for (const [method, answer] of [
      ['chain_getBlockHash', 5],
      ['chain_getHeader', { number: '0x1' }],
      ['state_getStorage', '0xzz'],
    ] as const) {
      hub.answer = (asked) => (asked === method ? answer : undefined)
      await expect(adapter.findLocks(terms), method).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    }
    hub.answer = () => {
      throw new Error('WebSocket is not connected')
    }
    await expect(adapter.tip()).rejects.toMatchObject({ _tag: 'RpcUnreachable', retryable: true })
  })
})

describe('what a settled lock owes', () => {
  const DONE = { Ok: { flags: { bits: 0 }, data: '0x' } }
  const dues = async (to: 'locker' | 'beneficiary') =>
    (await adapter.dues!(terms, adapter.expectLock(terms, []), to)).value
  const collect = (change: Partial<Intent & { kind: 'collect' }> = {}): Intent => ({
    kind: 'collect',
    ...{ terms, lock: adapter.expectLock(terms, []), due: 'payment', to: 'beneficiary' },
    ...change,
  })
  /** What the runtime says of a call of the contract, whatever is asked. */
  const runs = (result: object, storageDeposit: object = { Charge: 0n }, more = '') => {
    const call = hub.api.call['reviveApi']?.['call'] as unknown as { meta: { type: string } }
    const outcome = hub.api.registry.createType(call.meta.type, {
      ...{ gasRequired: { refTime: 8_000_000_000, proofSize: 40_000 }, storageDeposit, result },
    })
    hub.answer = (method, [name]) =>
      method === 'state_call' && name === 'ReviveApi_call' ? `${outcome.toHex()}${more}` : undefined
  }
  const dry = () => hub.asked.filter((one) => one.includes('ReviveApi_call')).length
  const map = (who: typeof alice) =>
    hub.block({ state: [[key.mapped(account(who.funding)), account(who.funding)]] })

  test('H26: a payment that could not be made is owed to its payee, in whole planck, once it is final', async () => {
    const owe = (wei: bigint) =>
      hub.block({
        child: [
          [
            StorageKey.contractSlot(HubLock.creditSlot(parameters.beneficiary)),
            Bytes.fromHex(wei.toString(16).padStart(64, '0')),
          ],
        ],
      })
    await locked()
    hub.block({ child: [[slot, word(2)]] })
    hub.block()
    // Whoever asks knows that it is settled: a node to which that isn't final yet is behind.
    for (const to of ['locker', 'beneficiary'] as const)
      await expect(dues(to)).rejects.toMatchObject({ _tag: 'PolkadotNotProvable' })
    hub.block()
    expect(await dues('beneficiary')).toEqual([])
    owe(parameters.amount + 999_999n)
    hub.block()
    expect(await dues('beneficiary')).toEqual([])
    hub.block()
    expect(await dues('beneficiary')).toEqual([{ kind: 'payment', asset: terms.asset, amount: terms.amount }])
    expect(await dues('locker')).toEqual([])
    owe(999_999n)
    hub.block()
    hub.block()
    expect(await dues('beneficiary')).toEqual([])
    hub.answer = (method) => (method === 'childstate_getStorage' ? '0x07' : undefined)
    await expect(dues('beneficiary')).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    // Whatever stands in another contract is no word on this one's debts.
    hub.answer = () => undefined
    hub.block({ state: [[key.contract, contractInfo(hub.api, '11'.repeat(32))]] })
    hub.block()
    hub.block()
    await expect(dues('beneficiary')).rejects.toMatchObject({ _tag: 'PolkadotContractMismatch' })
  })

  test('H26: it is withdrawn for its payee by whoever pays, within what the runtime says that it takes', async () => {
    await locked()
    runs(DONE, { Charge: 123n })
    const steps = await adapter.prepare(collect({ feePayer: alice.funding }))
    expect(steps.map((step) => [step.kind, step.from])).toEqual([['collect', alice.funding]])
    const [step] = steps as [Step]
    const { dust } = network.fees
    const [dest, value, weight, deposit, data] = callOf(step).args
    expect([dest?.toHex(), value?.toString()]).toEqual([CONTRACT, '0'])
    expect([weight?.toJSON(), BigInt(String(deposit))]).toEqual([
      { refTime: 10_000_000_000, proofSize: 50_000 },
      123n + dust,
    ])
    expect(data?.toHex()).toBe(`0x${Bytes.toHex(HubLock.encodeWithdraw(parameters.beneficiary))}`)
    expect(step.maxFee.amount).toBe(123n + dust + 6_250_000_000n + network.fees.minRelay)
    expect([step.validFrom, step.validUntil?.clock]).toEqual([undefined, 'height'])
    const [own] = await adapter.prepare(collect({ to: 'locker' }))
    expect(own?.from).toBe(alice.funding)
    expect(callOf(own as Step).args[4]?.toHex()).toBe(
      `0x${Bytes.toHex(HubLock.encodeWithdraw(parameters.locker))}`,
    )
    // What the runtime gives back isn't spent.
    runs(DONE, { Refund: 9n })
    const [free] = await adapter.prepare(collect())
    expect(BigInt(String(callOf(free as Step).args[3]))).toBe(dust)
  })

  test('H26: what the contract would refuse now, or what the endpoint garbles, is no step', async () => {
    await locked()
    const reverts = (signature: string) => ({
      Ok: { flags: { bits: 1 }, data: `0x${Bytes.toHex(HubLock.selector(signature))}${'00'.repeat(32)}` },
    })
    for (const [result, message] of [
      [reverts('PaymentFailed(address,address,uint256)'), 'PaymentFailed'],
      [reverts('NothingToWithdraw(address,address)'), 'NothingToWithdraw'],
      [reverts('Other()'), 'it reverts with'],
      [{ Ok: { flags: { bits: 1 }, data: '0x' } }, 'it reverts with'],
      [{ Err: 'CannotLookup' }, 'CannotLookup'],
    ] as const) {
      runs(result)
      await expect(adapter.prepare(collect()), message).rejects.toMatchObject({
        _tag: 'PolkadotWouldRevert',
        context: { address: CONTRACT, message: expect.stringContaining(message) },
      })
    }
    runs(DONE, { Charge: 0n }, '00')
    await expect(adapter.prepare(collect())).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    hub.answer = (method, [name]) => (method === 'state_call' && name === 'ReviveApi_call' ? '0x' : undefined)
    await expect(adapter.prepare(collect())).rejects.toMatchObject({ _tag: 'RpcMalformed' })
    hub.answer = () => undefined
    for (const wrong of [
      { due: 'deposit' },
      { to: 'amount' as 'locker' },
      { lock: { ...adapter.expectLock(terms, []), ref: `0x${'00'.repeat(32)}` } },
    ] as const)
      await expect(adapter.prepare(collect(wrong))).rejects.toMatchObject({ _tag: 'InvalidArgument' })
    const plain = createPolkadotAdapter({ network, api: hub.api })
    await expect(plain.prepare(collect())).rejects.toMatchObject({ _tag: 'UnsupportedCapability' })
  })

  test('H26: who is not mapped is mapped first; a contract needs no mapping', async () => {
    await expect(without().prepare(collect({ feePayer: alice.funding }))).rejects.toMatchObject({
      _tag: 'PolkadotPayeeCannotReceive',
    })
    const steps = await adapter.prepare(collect())
    expect(steps.map((step) => step.kind)).toEqual(['map-account', 'collect'])
    expect(dry()).toBe(0)
    map(alice)
    const id = Address.toAccountId(Address.fallback(new Uint8Array(20).fill(0x0b)), network)
    terms = { ...terms, beneficiary: { account: id, payout: id } }
    runs(DONE)
    const lock = adapter.expectLock(terms, [])
    const [step] = await adapter.prepare(collect({ feePayer: alice.funding }))
    expect([step?.kind, dry()]).toEqual(['collect', 1])
    const [claim] = await adapter.prepare({ kind: 'claim', terms, lock, secret, feePayer: alice.funding })
    expect([claim?.kind, dry()]).toEqual(['claim', 1])
  })

  test('H26: what was paid before its payee was mapped is owed too; its owner alone brings it home', async () => {
    await locked()
    const fallback = (who: typeof alice) =>
      key.account(Address.fallback(Address.toH160(account(who.funding))))
    hub.block({ child: [[slot, word(2)]], state: [[fallback(bob), holding(terms.amount)]] })
    hub.block()
    hub.block()
    expect(await dues('beneficiary')).toEqual([{ kind: 'payment', asset: terms.asset, amount: terms.amount }])
    expect(await dues('locker')).toEqual([])
    const steps = await adapter.prepare(collect())
    expect(steps.map(({ kind, from }) => [kind, from])).toEqual([['collect', bob.funding]])
    const { name, args } = callOf(steps[0] as Step)
    expect(name).toBe('revive.dispatchAsFallbackAccount')
    const inner = args[0] as unknown as {
      section: string
      method: string
      args: readonly { toHex(): string }[]
    }
    expect(`${inner.section}.${inner.method}`).toBe('balances.transferAll')
    expect(inner.args[0]?.toHex()).toContain(Bytes.toHex(account(bob.funding)))
    expect(dry()).toBe(0)
    // What the contract owes besides is withdrawn with it.
    const wei = Bytes.fromHex(parameters.amount.toString(16).padStart(64, '0'))
    hub.block({ child: [[StorageKey.contractSlot(HubLock.creditSlot(parameters.beneficiary)), wei]] })
    hub.block()
    hub.block()
    expect(await dues('beneficiary')).toMatchObject([{ amount: 2n * terms.amount }])
    runs(DONE)
    const both = await adapter.prepare(collect())
    expect(both.map((step) => callOf(step).name)).toEqual(['revive.dispatchAsFallbackAccount', 'revive.call'])
    const others = await adapter.prepare(collect({ feePayer: alice.funding }))
    expect(others.map((step) => callOf(step).name)).toEqual(['revive.call'])
  })
})

describe('what is sent', () => {
  test('S9: what merely has the same nonce is no version of it: the one that lost is replaced, never final', async () => {
    hub.block({ state: [[key.mapped(account(alice.funding)), account(alice.funding)]] })
    const [step] = await adapter.prepare({ kind: 'lock', terms })
    const lock = await adapter.submit(await sign(step as Step))
    const [nothing] = await adapter.prepare({ kind: 'void', submission: lock })
    const voided = await adapter.submit(await sign(nothing as Step))
    expect(voided.step.conflictKey).toBe(lock.step.conflictKey)
    expect([lock.attempts, voided.attempts]).toEqual([[lock.id], [voided.id]])
    const [dearer] = await adapter.replace(lock, 10n ** 7n)
    const again = await adapter.submit(await sign(dearer as Step))
    expect(again.attempts).toEqual([lock.id, again.id])
    // The lock's first version comes into a block after all.
    hub.pool.length = 0
    hub.block({
      extrinsics: [lock.raw as Uint8Array],
      state: [[key.account(account(alice.funding)), holding(90n * UNIT, 1)]],
      child: [[slot, word(1)]],
    })
    hub.block()
    hub.block()
    for (const one of [lock, again])
      expect((await adapter.status(one)).value).toMatchObject({ is: 'final', id: lock.id })
    expect((await adapter.status(voided)).value).toEqual({ is: 'replaced', by: lock.id })
  })
})

describe('evidence', () => {
  test('a lock, and the lack of one, from the header of a block; a flipped byte anywhere is refused', async () => {
    const none = await adapter.proveAbsence({ kind: 'lock', terms })
    expect(none.format).toBe('polkadot-hub-absence/1')
    await locked()
    const lock = adapter.expectLock(terms, [])
    await expect(adapter.proveAbsence({ kind: 'lock', terms })).resolves.toBeDefined()
    hub.block()
    const evidence = await adapter.prove({ kind: 'lock', terms, lock })
    expect(evidence).toMatchObject({ network: network.id, format: 'polkadot-hub-lock/1' })
    const decoded = LockEvidence.decode(evidence.bytes)
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    const known = await adapter.tip()
    const { height, hash } = known.value.finalized as { readonly height: bigint; readonly hash: string }
    const verifier = createHubVerifier({
      network,
      chainId: CHAIN_ID,
      trust: (block) => (block.hash === hash ? { assurance: known.assurance, asOf: known.value } : undefined),
    })
    const claim = { kind: 'lock', terms, lock } as const
    expect(verifier.verify(claim, evidence)).toMatchObject({
      ok: true,
      value: { value: { ref: lock.ref, match: 'exact' }, assurance: 'reported', at: { height, hash } },
    })
    const other = { ...terms, amount: terms.amount + 1n }
    const wrong = { kind: 'lock', terms: other, lock: adapter.expectLock(other, []) } as const
    expect(verifier.verify(wrong, evidence).ok).toBe(false)
    for (let at = 0; at < evidence.bytes.length; at += 3) {
      const bytes = evidence.bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
      expect(verifier.verify(claim, { ...evidence, bytes }).ok, `byte ${at}`).toBe(false)
    }
    await expect(
      adapter.prove({ kind: 'spend', terms, lock, spend: { kind: 'refund', transaction: '' } }),
    ).rejects.toMatchObject({ _tag: 'PolkadotNotProvable' })
  })

  test('headers without a state root prove nothing, and say so', async () => {
    const zero = `0x${'00'.repeat(32)}`
    await locked()
    // The first block's header is the only one whose hash isn't its own: any other would be refused before.
    const rootless = {
      parentHash: zero,
      number: '0x0',
      stateRoot: zero,
      extrinsicsRoot: zero,
      digest: { logs: [] },
    }
    hub.answer = (method) => (method === 'chain_getHeader' ? rootless : undefined)
    await expect(adapter.proveAbsence({ kind: 'spend', terms })).rejects.toMatchObject({
      _tag: 'PolkadotNotProvable',
    })
  })
})
