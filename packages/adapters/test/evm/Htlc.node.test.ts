import {
  type Abi,
  type Address,
  encodeFunctionData,
  type Hex,
  keccak256,
  sha256,
  toHex,
  zeroAddress,
} from 'viem'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Artifact, compile } from '../../programs/evm/compile.js'
import {
  createWorld,
  events,
  htlcArtifact,
  idOf,
  type Sent,
  START,
  secretOf,
  type Terms,
  type World,
} from './world.js'

const abi: Abi = htlcArtifact.abi
const DEADLINE = START + 100_000n
const SECRET = secretOf(1)
const TAG = keccak256(toHex('tag'))

let world: World
let snapshot: Hex
let alice: Address
let bob: Address
let carol: Address
let contracts: Readonly<Record<string, Artifact>>

beforeAll(async () => {
  world = await createWorld()
  ;[alice, bob, carol] = world.accounts as [Address, Address, Address]
  contracts = await compile(['test-tokens/Receivers.sol', 'test-tokens/PlainToken.sol'])
})
afterAll(() => world?.close())
beforeEach(async () => {
  snapshot = await world.rpc('evm_snapshot')
})
afterEach(async () => {
  await world.rpc('evm_revert', snapshot)
})

const terms = (changes: Partial<Terms> = {}): Terms => ({
  token: zeroAddress,
  amount: 10n ** 18n,
  hashlock: sha256(SECRET),
  locker: alice,
  beneficiary: bob,
  deadline: DEADLINE,
  salt: secretOf(2),
  ...changes,
})
type With = {
  from?: Address
  at?: bigint
  value?: bigint
  to?: Address
  gas?: bigint
  record?: Hex
  tag?: Hex
}
const call = (functionName: string, args: readonly unknown[], from: Address, o: With): Promise<Sent> =>
  world.send({
    from: o.from ?? from,
    to: o.to ?? world.htlc,
    functionName,
    args,
    value: o.value ?? 0n,
    ...(o.gas === undefined ? {} : { gas: o.gas }),
    ...(o.at === undefined ? {} : { at: o.at }),
  })
const lock = (t: Terms, o: With = {}) =>
  call('lock', [t, o.tag ?? TAG, o.record ?? '0x'], t.locker, {
    value: t.token === zeroAddress ? t.amount : 0n,
    ...o,
  })
const claim = (t: Terms, secret: Hex = SECRET, o: With = {}) => call('claim', [t, secret], carol, o)
const refund = (t: Terms, o: With = {}) => call('refund', [t], carol, o)
const status = (t: Terms, htlc: Address = world.htlc) =>
  world.read<bigint>(htlc, abi, 'status', [idOf(t, htlc, world.chainId)])
const refused = (sent: Sent, name: string) => {
  expect(sent.ok).toBe(false)
  expect(sent.error?.errorName).toBe(name)
}

describe('default', () => {
  test('lock, claim by a stranger: the beneficiary is paid exactly, to the last wei', async () => {
    const t = terms()
    const before = await world.balance(bob)
    const locked = await lock(t, { record: '0xc0ffee' })
    expect(locked.ok).toBe(true)
    const id = idOf(t, world.htlc, world.chainId)
    expect(events(locked)).toMatchObject([
      { eventName: 'Locked', args: { id, hashlock: t.hashlock, tag: TAG, record: '0xc0ffee' } },
    ])
    const stored = events(locked)[0]!.args.terms as Terms
    expect({
      ...stored,
      token: stored.token.toLowerCase(),
      locker: stored.locker.toLowerCase(),
      beneficiary: stored.beneficiary.toLowerCase(),
    }).toEqual(t)
    expect(await world.read(world.htlc, abi, 'idOf', [t])).toBe(id)
    expect(await world.balance(world.htlc)).toBe(t.amount)

    const claimed = await claim(t)
    expect(claimed.ok).toBe(true)
    expect(events(claimed)).toMatchObject([
      { eventName: 'Claimed', args: { id, hashlock: t.hashlock, secret: SECRET } },
    ])
    expect((await world.balance(bob)) - before).toBe(t.amount)
    expect(await world.balance(world.htlc)).toBe(0n)
    expect(await status(t)).toBe(2n)
  })

  test('lock, refund by a stranger: the locker gets exactly the amount back', async () => {
    const t = terms()
    await lock(t)
    const before = await world.balance(alice)
    const refunded = await refund(t, { at: DEADLINE })
    expect(refunded.ok).toBe(true)
    expect(events(refunded)).toEqual([
      expect.objectContaining({ eventName: 'Refunded', args: { id: idOf(t, world.htlc, world.chainId) } }),
    ])
    expect((await world.balance(alice)) - before).toBe(t.amount)
    expect(await status(t)).toBe(3n)
  })

  test('ERC-20: the same, with the token', async () => {
    const token = await world.deploy(contracts.PlainToken!)
    const t = terms({ token, amount: 777n })
    const as = (functionName: string, args: readonly unknown[]) =>
      world.send({ from: alice, to: token, abi: contracts.PlainToken!.abi, functionName, args })
    await as('mint', [alice, 1000n])
    refused(await lock(t), 'TokenRefused')
    await as('approve', [world.htlc, 777n])
    expect((await lock(t)).ok).toBe(true)
    expect(await world.balance(world.htlc, token)).toBe(777n)
    expect((await claim(t)).ok).toBe(true)
    expect(await world.balance(bob, token)).toBe(777n)
    expect(await world.balance(alice, token)).toBe(223n)
  })
})

describe('rules of the terms', () => {
  test('H1: the secret is exactly 32 bytes: the ABI takes no other, and longer call data does not open a lock', async () => {
    const t = terms({ hashlock: sha256(`0x${'07'.repeat(33)}`) })
    await lock(t)
    refused(await claim(t, `0x${'07'.repeat(32)}`), 'WrongSecret')
    const data = encodeFunctionData({ abi, functionName: 'claim', args: [t, `0x${'07'.repeat(32)}`] })
    const long = await world.send({ from: carol, to: world.htlc, data: `${data}07` })
    refused(long, 'WrongSecret')
    const short = await world.send({ from: carol, to: world.htlc, data: data.slice(0, -2) as Hex })
    expect(short.ok).toBe(false)
    expect(await status(t)).toBe(1n)
  })

  test('H2: SHA-256 and no other function opens a lock', async () => {
    for (const other of [keccak256(SECRET), sha256(sha256(SECRET)), sha256(keccak256(SECRET))]) {
      const t = terms({ hashlock: other, salt: other })
      await lock(t)
      refused(await claim(t), 'WrongSecret')
    }
    await lock(terms())
    expect((await claim(terms())).ok).toBe(true)
  })

  test('H12: sentinels: a zero hashlock and the hash of 32 zero bytes are refused, a zero secret opens nothing', async () => {
    const zero: Hex = `0x${'00'.repeat(32)}`
    refused(await lock(terms({ hashlock: zero })), 'HashlockRefused')
    refused(await lock(terms({ hashlock: sha256(zero) })), 'HashlockRefused')
    const t = terms()
    await lock(t)
    refused(await claim(t, zero), 'WrongSecret')
    // A secret that equals a status, a hashlock or an id is a secret like any other.
    for (const [n, secret] of [1n, 2n, 3n].map((v) => toHex(v, { size: 32 })).entries()) {
      const odd = terms({ hashlock: sha256(secret), salt: secretOf(100 + n) })
      await lock(odd)
      refused(await claim(odd, sha256(secret)), 'WrongSecret')
      expect((await claim(odd, secret)).ok).toBe(true)
    }
  })

  test('H20: amount, payee and record are checked: zero amount, zero payee, the contract or the token as payee, a record of 2049 bytes', async () => {
    refused(await lock(terms({ amount: 0n })), 'AmountZero')
    refused(await lock(terms({ beneficiary: zeroAddress })), 'BeneficiaryRefused')
    refused(await lock(terms({ beneficiary: world.htlc })), 'BeneficiaryRefused')
    const token = await world.deploy(contracts.PlainToken!)
    refused(await lock(terms({ token, beneficiary: token })), 'BeneficiaryRefused')
    refused(await lock(terms({ token, beneficiary: zeroAddress })), 'BeneficiaryRefused')
    refused(await lock(terms(), { record: `0x${'11'.repeat(2049)}` }), 'RecordTooLong')
    expect((await lock(terms(), { record: `0x${'11'.repeat(2048)}` })).ok).toBe(true)
  })

  test('H21: the value sent is the amount exactly: one wei under, one over, or coins along with a token are refused', async () => {
    const t = terms()
    refused(await lock(t, { value: t.amount - 1n }), 'ValueMismatch')
    refused(await lock(t, { value: t.amount + 1n }), 'ValueMismatch')
    refused(await lock(t, { value: 0n }), 'ValueMismatch')
    const token = await world.deploy(contracts.PlainToken!)
    refused(await lock(terms({ token }), { value: 1n }), 'ValueMismatch')
    const plain = await world.send({ from: alice, to: world.htlc, value: 1n })
    expect(plain.ok).toBe(false)
    expect(await world.balance(world.htlc)).toBe(0n)
  })

  test('H21: a second payment for the same terms is refused, before and after settlement', async () => {
    const t = terms()
    await lock(t)
    refused(await lock(t), 'AlreadyUsed')
    await claim(t)
    refused(await lock(t), 'AlreadyUsed')
    const other = terms({ salt: secretOf(3) })
    await lock(other)
    await refund(other, { at: DEADLINE })
    refused(await lock(other), 'DeadlinePassed')
  })

  test('H27: one wei is an amount like any other', async () => {
    const t = terms({ amount: 1n })
    expect((await lock(t)).ok).toBe(true)
    const before = await world.balance(bob)
    expect((await claim(t)).ok).toBe(true)
    expect((await world.balance(bob)) - before).toBe(1n)
  })

  test('H28: deadlines on both sides of 2^31, 2^32 and at 2^64 - 1; heights and the past are refused', async () => {
    for (const deadline of [2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n]) {
      const t = terms({ deadline })
      expect((await lock(t)).ok, String(deadline)).toBe(true)
      refused(await refund(t), 'DeadlineNotReached')
      expect((await claim(t)).ok).toBe(true)
    }
    for (const deadline of [0n, 1n, 499_999_999n, 500_000_000n, START])
      refused(await lock(terms({ deadline })), 'DeadlinePassed')
    const words = encodeFunctionData({ abi, functionName: 'lock', args: [terms(), TAG, '0x'] })
    const deadlineWord = DEADLINE.toString(16).padStart(64, '0')
    const tooBig = words.replace(deadlineWord, `${'0'.repeat(47)}1${'0'.repeat(16)}`) as Hex
    expect(tooBig).not.toBe(words)
    expect((await world.send({ from: alice, to: world.htlc, data: tooBig, value: 10n ** 18n })).ok).toBe(
      false,
    )
  })
})

describe('the deadline', () => {
  test('H5: a claim at deadline - 1 is the last that counts; at the deadline it is refused', async () => {
    const t = terms()
    await lock(t)
    const at = await claim(t, SECRET, { at: DEADLINE - 1n })
    expect(at.time).toBe(DEADLINE - 1n)
    expect(at.ok).toBe(true)
    const late = terms({ salt: secretOf(3), deadline: DEADLINE + 10n })
    await lock(late)
    const refusedAt = await claim(late, SECRET, { at: DEADLINE + 10n })
    expect(refusedAt.time).toBe(DEADLINE + 10n)
    refused(refusedAt, 'DeadlinePassed')
    expect(await status(late)).toBe(1n)
  })

  test('H5: a refund at deadline - 1 is refused, at the deadline it is paid, and a claim after it is not', async () => {
    const t = terms()
    await lock(t)
    refused(await refund(t, { at: DEADLINE - 1n }), 'DeadlineNotReached')
    expect((await refund(t, { at: DEADLINE })).ok).toBe(true)
    refused(await claim(t), 'NotLocked')
  })

  test('H5: claim and refund in one block at the deadline, in either order: only the refund counts', async () => {
    const t = terms()
    await lock(t)
    await world.rpc('evm_setNextBlockTimestamp', Number(DEADLINE))
    const data = (functionName: string, args: readonly unknown[]) =>
      encodeFunctionData({ abi, functionName, args })
    const gas = 500_000n
    const first = await world.rpc<Hex>('eth_sendTransaction', {
      from: bob,
      to: world.htlc,
      data: data('claim', [t, SECRET]),
      gas,
      maxPriorityFeePerGas: 10n ** 10n,
      maxFeePerGas: 10n ** 11n,
    })
    const second = await world.rpc<Hex>('eth_sendTransaction', {
      from: alice,
      to: world.htlc,
      data: data('refund', [t]),
      gas,
      maxPriorityFeePerGas: 1n,
      maxFeePerGas: 10n ** 11n,
    })
    await world.rpc('evm_mine')
    const outcome = async (hash: Hex) =>
      (await world.rpc<{ status: Hex; transactionIndex: Hex }>('eth_getTransactionReceipt', hash)).status
    expect([await outcome(first), await outcome(second)]).toEqual(['0x0', '0x1'])
    expect(await status(t)).toBe(3n)
  })

  test('H16: the clock is the block timestamp and nothing else: block numbers do not move the deadline', async () => {
    const t = terms()
    await lock(t, { at: START + 50n })
    await world.rpc('anvil_mine', '0x40', '0x1')
    refused(await refund(t), 'DeadlineNotReached')
    expect((await claim(t)).ok).toBe(true)
  })

  test('S2: exclusive settlement: each lock settles once, whatever comes after', async () => {
    const t = terms()
    await lock(t)
    await lock(terms({ salt: secretOf(9) }))
    await claim(t)
    refused(await claim(t), 'NotLocked')
    refused(await refund(t, { at: DEADLINE }), 'NotLocked')
    expect(await world.balance(world.htlc)).toBe(t.amount)
  })

  test('S1: what was never locked can be neither claimed nor refunded', async () => {
    await lock(terms({ salt: secretOf(9) }))
    refused(await claim(terms()), 'NotLocked')
    refused(await refund(terms(), { at: DEADLINE }), 'NotLocked')
  })
})

describe('identity', () => {
  test('S17: every field of the terms is bound: with any of them changed, the lock does not exist', async () => {
    const t = terms()
    await lock(t)
    const changes: readonly Partial<Terms>[] = [
      { token: carol },
      { amount: t.amount - 1n },
      { hashlock: sha256(secretOf(5)) },
      { locker: carol },
      { beneficiary: carol },
      { deadline: t.deadline + 1n },
      { salt: secretOf(6) },
    ]
    for (const change of changes) {
      refused(await claim({ ...t, ...change }), 'NotLocked')
      refused(await refund({ ...t, ...change }), 'NotLocked')
    }
  })

  test('H10: a copied claim pays the same payee: the front-runner only pays the gas', async () => {
    const t = terms()
    await lock(t)
    const [thief, payee] = [await world.balance(carol), await world.balance(bob)]
    expect((await claim(t, SECRET, { from: carol })).ok).toBe(true)
    expect(await world.balance(carol)).toBeLessThan(thief)
    expect((await world.balance(bob)) - payee).toBe(t.amount)
    refused(await claim(t, SECRET, { from: bob }), 'NotLocked')
  })

  test('H11: nobody takes an id before its owner: only the locker itself can lock', async () => {
    const t = terms()
    refused(await lock(t, { from: carol }), 'SenderNotLocker')
    const squat = terms({ locker: carol })
    expect((await lock(squat)).ok).toBe(true)
    expect((await lock(t)).ok).toBe(true)
    expect(await status(squat)).toBe(1n)
    expect(await status(t)).toBe(1n)
  })

  test('H14: locks, claims and ids of one contract mean nothing at another', async () => {
    const other = await world.deploy({ abi, creation: htlcArtifact.creation })
    const t = terms()
    await lock(t)
    expect(idOf(t, other, world.chainId)).not.toBe(idOf(t, world.htlc, world.chainId))
    refused(await claim(t, SECRET, { to: other }), 'NotLocked')
    expect(await status(t, other)).toBe(0n)
    expect((await lock(t, { to: other })).ok).toBe(true)
    await claim(t)
    expect(await status(t, other)).toBe(1n)
  })

  test('H14: after a fork that changes the chain id, old locks do not exist under the new one, and come back with the old one', async () => {
    const t = terms()
    await lock(t)
    await world.rpc('anvil_setChainId', 31338)
    await world.rpc('anvil_impersonateAccount', carol)
    expect(await world.read(world.htlc, abi, 'idOf', [t])).toBe(idOf(t, world.htlc, 31338n))
    refused(await claim(t), 'NotLocked')
    refused(await refund(t, { at: DEADLINE }), 'NotLocked')
    await world.rpc('anvil_stopImpersonatingAccount', carol)
    await world.rpc('anvil_setChainId', 31337)
    expect((await refund(t)).ok).toBe(true)
  })

  test('H15: the same hash in two locks gives two ids; a claim of one leaves the other locked', async () => {
    const [a, b] = [terms(), terms({ salt: secretOf(3) })]
    await lock(a)
    await lock(b)
    await claim(a)
    expect([await status(a), await status(b)]).toEqual([2n, 1n])
  })

  test('H24: one secret opens the whole amount or nothing: there is no partial claim', async () => {
    const t = terms()
    await lock(t)
    refused(await claim({ ...t, amount: t.amount / 2n }), 'NotLocked')
    await claim(t)
    expect(await world.balance(world.htlc)).toBe(0n)
  })
})

describe('payees that are contracts', () => {
  let receiver: Address
  const set = (mode: bigint, target: Address = zeroAddress, data: Hex = '0x') =>
    world.send({
      from: alice,
      to: receiver,
      abi: contracts.Receiver!.abi,
      functionName: 'set',
      args: [mode, target, data],
    })
  const act = (to: Address, data: Hex, value = 0n) =>
    world.send({
      from: alice,
      to: receiver,
      abi: contracts.Receiver!.abi,
      functionName: 'act',
      args: [to, value, data],
      value,
    })
  const withdraw = (account: Address, to: Address, from = carol, token: Address = zeroAddress) =>
    call('withdraw', [token, account, to], from, {})
  const credit = (account: Address, token: Address = zeroAddress) =>
    world.read<bigint>(world.htlc, abi, 'credit', [token, account])
  beforeEach(async () => {
    receiver = await world.deploy(contracts.Receiver!)
  })

  test('H26: a contract that takes coins is paid at once, also where taking them costs 160,000 gas', async () => {
    const t = terms({ beneficiary: receiver })
    await lock(t)
    await set(5n)
    const sent = await claim(t)
    expect(events(sent).map((e) => e.eventName)).toEqual(['Claimed'])
    expect(await world.balance(receiver)).toBe(t.amount)
  })

  test.each([
    [1n, 'reverts'],
    [2n, 'burns all its gas'],
    [3n, 'answers with a megabyte'],
  ])(
    'H26: a beneficiary that can not receive (mode %s: %s) is credited, and the claim counts',
    async (mode) => {
      const t = terms({ beneficiary: receiver })
      await lock(t)
      await set(mode)
      const sent = await claim(t, SECRET, { gas: 600_000n })
      expect(events(sent).map((e) => e.eventName)).toEqual(['Claimed', 'Credited'])
      expect(await status(t)).toBe(2n)
      refused(await refund(t, { at: DEADLINE }), 'NotLocked')
      expect(await credit(receiver)).toBe(t.amount)
      refused(await withdraw(receiver, receiver), 'PaymentFailed')
      refused(await withdraw(receiver, carol, carol), 'NotYours')
      // The account itself may send it where it can be received.
      const data = encodeFunctionData({ abi, functionName: 'withdraw', args: [zeroAddress, receiver, bob] })
      const before = await world.balance(bob)
      expect((await act(world.htlc, data)).ok).toBe(true)
      expect((await world.balance(bob)) - before).toBe(t.amount)
      expect(await credit(receiver)).toBe(0n)
      refused(await withdraw(receiver, receiver), 'NothingToWithdraw')
      expect(await world.balance(world.htlc)).toBe(0n)
    },
  )

  test('H26: once it can receive again, anyone may send the credit to the beneficiary itself', async () => {
    const t = terms({ beneficiary: receiver })
    await lock(t)
    await set(1n)
    await claim(t)
    await set(0n)
    expect((await withdraw(receiver, receiver)).ok).toBe(true)
    expect(await world.balance(receiver)).toBe(t.amount)
  })

  test('H26: a locker that can not receive its refund is credited, and its lock is settled', async () => {
    const t = terms({ locker: receiver, beneficiary: bob })
    const data = encodeFunctionData({ abi, functionName: 'lock', args: [t, TAG, '0x'] })
    expect((await act(world.htlc, data, t.amount)).ok).toBe(true)
    await set(1n)
    const sent = await refund(t, { at: DEADLINE })
    expect(events(sent).map((e) => e.eventName)).toEqual(['Refunded', 'Credited'])
    expect(await credit(receiver)).toBe(t.amount)
    expect(await status(t)).toBe(3n)
  })

  test.each([
    [5n, 'runs out'],
    [6n, 'sees it and gives up at once'],
  ])(
    'H26: the sender can not turn a payment into a credit by giving it little gas (mode %s: %s)',
    async (mode) => {
      const t = terms({ beneficiary: receiver })
      await lock(t)
      await set(mode)
      let paid = 0
      for (let gas = 30_000n; gas <= 420_000n; gas += 13_000n) {
        const inner = await world.rpc<Hex>('evm_snapshot')
        const sent = await claim(t, SECRET, { gas })
        const names = sent.ok ? events(sent).map((e) => e.eventName) : []
        expect(names, `gas ${gas}`).not.toContain('Credited')
        if (sent.ok) paid++
        else expect(await status(t)).toBe(1n)
        await world.rpc('evm_revert', inner)
      }
      expect(paid).toBeGreaterThan(10)
    },
  )

  test('H26: credits of several locks add up and are paid once', async () => {
    const [a, b] = [
      terms({ beneficiary: receiver }),
      terms({ beneficiary: receiver, salt: secretOf(3), amount: 7n }),
    ]
    await lock(a)
    await lock(b)
    await set(1n)
    await claim(a)
    await claim(b)
    expect(await credit(receiver)).toBe(a.amount + 7n)
    await set(0n)
    expect((await withdraw(receiver, receiver)).ok).toBe(true)
    expect(await world.balance(receiver)).toBe(a.amount + 7n)
    expect(await world.balance(world.htlc)).toBe(0n)
  })

  test.each(['claim', 'refund', 'withdraw', 'lock'])(
    'H13: a payee that calls %s in the middle of being paid is turned away, and is paid once',
    async (name) => {
      const [t, other] = [
        terms({ beneficiary: receiver }),
        terms({ beneficiary: receiver, salt: secretOf(3) }),
      ]
      await lock(t)
      await lock(other)
      const args: Record<string, readonly unknown[]> = {
        claim: [other, SECRET],
        refund: [t],
        withdraw: [zeroAddress, receiver, receiver],
        lock: [terms({ locker: receiver, token: bob }), TAG, '0x'],
      }
      await set(4n, world.htlc, encodeFunctionData({ abi, functionName: name, args: args[name]! }))
      const sent = await claim(t)
      expect(events(sent).map((e) => e.eventName)).toEqual(['Claimed'])
      expect(await world.read(receiver, contracts.Receiver!.abi, 'worked')).toBe(false)
      expect(await world.read(receiver, contracts.Receiver!.abi, 'reason')).toBe(
        keccak256(toHex('Reentered()')).slice(0, 10),
      )
      expect(await world.balance(world.htlc)).toBe(other.amount)
      expect(await status(other)).toBe(1n)
    },
  )

  test('H13: the inner payment step is not for outsiders', async () => {
    refused(await call('push', [zeroAddress, carol, 1n], carol, {}), 'SelfOnly')
  })
})
