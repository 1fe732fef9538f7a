import { type Abi, type Address, encodeFunctionData, type Hex, keccak256, sha256, toHex } from 'viem'
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
const NAMES = [
  'ApproveRaceToken',
  'BlocklistToken',
  'DecimalsToken',
  'FalseToken',
  'FeeToken',
  'HookToken',
  'LyingToken',
  'NoReturnToken',
  'PausableToken',
  'PlainToken',
  'RebaseToken',
  'ReentrantToken',
  'ReturnBombToken',
  'SenderFeeToken',
  'SilentToken',
] as const
type Name = (typeof NAMES)[number] | 'Receiver'

let world: World
let snapshot: Hex
let alice: Address
let bob: Address
let carol: Address
let contracts: Readonly<Record<string, Artifact>>
let token: Address
let kind: Name

beforeAll(async () => {
  world = await createWorld()
  ;[alice, bob, carol] = world.accounts as [Address, Address, Address]
  contracts = await compile([...NAMES, 'Receivers'].map((name) => `test-tokens/${name}.sol`))
})
afterAll(() => world?.close())
beforeEach(async () => {
  snapshot = await world.rpc('evm_snapshot')
})
afterEach(async () => {
  await world.rpc('evm_revert', snapshot)
})

const artifact = (name: Name) => contracts[name] as Artifact
const terms = (changes: Partial<Terms> = {}): Terms => ({
  token,
  amount: 1000n,
  hashlock: sha256(SECRET),
  locker: alice,
  beneficiary: bob,
  deadline: DEADLINE,
  salt: secretOf(2),
  ...changes,
})
const htlc = (
  functionName: string,
  args: readonly unknown[],
  from: Address,
  o: { at?: bigint; gas?: bigint } = {},
) => world.send({ from, to: world.htlc, functionName, args, ...o })
const lock = (t: Terms) => htlc('lock', [t, secretOf(7), '0x'], t.locker)
const claim = (t: Terms, o: { gas?: bigint } = {}) => htlc('claim', [t, SECRET], carol, o)
const refund = (t: Terms) => htlc('refund', [t], carol, { at: DEADLINE })
const withdraw = (account: Address, to = account, from = carol) =>
  htlc('withdraw', [token, account, to], from)
const ask = (functionName: string, args: readonly unknown[], from: Address = alice) =>
  world.send({ from, to: token, abi: artifact(kind).abi, functionName, args })
const status = (t: Terms) =>
  world.read<bigint>(world.htlc, abi, 'status', [idOf(t, world.htlc, world.chainId)])
const credit = (account: Address) => world.read<bigint>(world.htlc, abi, 'credit', [token, account])
const names = (sent: Sent) => events(sent).map((event) => event.eventName)
const refused = (sent: Sent, name: string) => {
  expect(sent.ok).toBe(false)
  expect(sent.error?.errorName).toBe(name)
}
/** Deploys a token, gives alice 10,000 of it, and lets the contract take them. */
const start = async (name: Name) => {
  kind = name
  token = await world.deploy(artifact(name))
  await ask('mint', [alice, 10_000n])
  await ask('approve', [world.htlc, 10_000n])
}

describe('tokens that work', () => {
  test('H13: no-return (USDT): lock, claim and refund all work', async () => {
    await start('NoReturnToken')
    expect((await lock(terms())).ok).toBe(true)
    expect((await lock(terms({ salt: secretOf(3) }))).ok).toBe(true)
    expect(names(await claim(terms()))).toEqual(['Claimed'])
    expect(names(await refund(terms({ salt: secretOf(3) })))).toEqual(['Refunded'])
    expect(await world.balance(bob, token)).toBe(1000n)
    expect(await world.balance(alice, token)).toBe(9000n)
  })

  test('H13: approve-race: a token that wants allowances zero first works, and the lock leaves the exact rest', async () => {
    await start('ApproveRaceToken')
    expect((await ask('approve', [world.htlc, 1000n])).ok).toBe(false)
    expect((await ask('approve', [world.htlc, 0n])).ok).toBe(true)
    expect((await ask('approve', [world.htlc, 1000n])).ok).toBe(true)
    expect((await lock(terms())).ok).toBe(true)
    expect(await world.read(token, artifact(kind).abi, 'allowance', [alice, world.htlc])).toBe(0n)
    expect((await claim(terms())).ok).toBe(true)
  })

  test('H13: upgradeable decimals: amounts are base units, so an upgrade in the middle changes nothing', async () => {
    await start('DecimalsToken')
    await lock(terms())
    await ask('upgrade', [0, 'Better Coin'])
    expect((await claim(terms())).ok).toBe(true)
    expect(await world.balance(bob, token)).toBe(1000n)
  })
})

describe('tokens that are refused at the lock', () => {
  test('H13: fee-on-transfer: what arrives is less than the terms say', async () => {
    await start('FeeToken')
    refused(await lock(terms()), 'TokenMovedWrongAmount')
    expect(await world.balance(alice, token)).toBe(10_000n)
  })

  test('H13: rebasing on the way', async () => {
    await start('RebaseToken')
    for (const percent of [99n, 101n, 200n, 1n]) {
      await ask('rebaseOnMove', [percent])
      refused(await lock(terms()), 'TokenMovedWrongAmount')
    }
  })

  test('H13: false-returning', async () => {
    await start('FalseToken')
    refused(await lock(terms()), 'TokenRefused')
  })

  test('H13: says true and moves nothing', async () => {
    await start('SilentToken')
    refused(await lock(terms()), 'TokenMovedWrongAmount')
  })

  test('H13: no-code address, never used or a plain account', async () => {
    token = '0x00000000000000000000000000000000000beef1'
    refused(await lock(terms()), 'TokenWithoutCode')
    token = carol
    refused(await lock(terms()), 'TokenWithoutCode')
  })

  test('H13: the contract itself, and a contract that is no token', async () => {
    token = world.htlc
    refused(await lock(terms()), 'TokenRefused')
    token = await world.deploy(artifact('Receiver'))
    refused(await lock(terms()), 'TokenRefused')
  })

  test('H13: a balance that lies: always the same answer', async () => {
    await start('LyingToken')
    await ask('setLie', [5_000n, 0n])
    refused(await lock(terms()), 'TokenMovedWrongAmount')
    await ask('setLie', [2n ** 256n - 1n, 0n])
    refused(await lock(terms()), 'TokenMovedWrongAmount')
  })

  test('H13: return-bomb: a megabyte as success costs only its gas, as failure it is a refusal', async () => {
    await start('ReturnBombToken')
    await ask('setMode', [1n])
    const sent = await htlc('lock', [terms(), secretOf(7), '0x'], alice, { gas: 4_000_000n })
    expect(sent.ok).toBe(true)
    await ask('setMode', [2n])
    refused(
      await htlc('lock', [terms({ salt: secretOf(3) }), secretOf(7), '0x'], alice, { gas: 4_000_000n }),
      'TokenRefused',
    )
  })

  test('H13: an answer of 2, and an answer of one byte, are not true', async () => {
    await start('ReturnBombToken')
    for (const mode of [4n, 5n]) {
      await ask('setMode', [mode])
      refused(await lock(terms()), 'TokenRefused')
    }
  })
})

describe('tokens that turn hostile later', () => {
  test('H13: blacklist of the beneficiary: the claim counts, the refund is closed, the payee has it paid elsewhere', async () => {
    await start('BlocklistToken')
    await lock(terms())
    await ask('setBlocked', [bob, true])
    expect(names(await claim(terms()))).toEqual(['Claimed', 'Credited'])
    expect(await status(terms())).toBe(2n)
    expect(await credit(bob)).toBe(1000n)
    refused(await withdraw(bob), 'PaymentFailed')
    refused(await withdraw(bob, carol, carol), 'NotYours')
    expect((await withdraw(bob, carol, bob)).ok).toBe(true)
    expect(await world.balance(carol, token)).toBe(1000n)
    refused(await refund(terms()), 'NotLocked')
  })

  test('H13: pausable: claims and refunds count while paused and are paid after', async () => {
    await start('PausableToken')
    const [a, b] = [terms(), terms({ salt: secretOf(3) })]
    await lock(a)
    await lock(b)
    await ask('setPaused', [true, true])
    expect(names(await claim(a))).toEqual(['Claimed', 'Credited'])
    expect(names(await refund(b))).toEqual(['Refunded', 'Credited'])
    refused(await withdraw(bob), 'PaymentFailed')
    await ask('setPaused', [false, false])
    expect((await withdraw(bob)).ok).toBe(true)
    expect((await withdraw(alice)).ok).toBe(true)
    expect([await world.balance(bob, token), await world.balance(alice, token)]).toEqual([1000n, 9000n])
    expect(await world.balance(world.htlc, token)).toBe(0n)
  })

  test('H13: false-returning from now on: credited, paid once it behaves', async () => {
    await start('FalseToken')
    await ask('setFailing', [false])
    await lock(terms())
    await ask('setFailing', [true])
    expect(names(await claim(terms()))).toEqual(['Claimed', 'Credited'])
    await ask('setFailing', [false])
    expect((await withdraw(bob)).ok).toBe(true)
    expect(await world.balance(bob, token)).toBe(1000n)
  })

  test('H13: says true and pays nothing from now on: nothing is marked as paid', async () => {
    await start('SilentToken')
    await ask('setSilent', [false])
    await lock(terms())
    await ask('setSilent', [true])
    expect(names(await claim(terms()))).toEqual(['Claimed', 'Credited'])
    expect(await credit(bob)).toBe(1000n)
  })

  test("S1: a fee on top of what is sent never eats into another's lock: the payment is undone and credited", async () => {
    await start('SenderFeeToken')
    const [a, b] = [terms(), terms({ salt: secretOf(3) })]
    await lock(a)
    await lock(b)
    await ask('setCharging', [true])
    expect(names(await claim(a))).toEqual(['Claimed', 'Credited'])
    expect(await world.balance(world.htlc, token)).toBe(2000n)
    await ask('setCharging', [false])
    expect((await withdraw(bob)).ok).toBe(true)
    expect((await claim(b)).ok).toBe(true)
    expect(await world.balance(world.htlc, token)).toBe(0n)
  })

  test('H13: a fee switched on later falls on the payee, and never on the contract', async () => {
    await start('FeeToken')
    await ask('setFee', [0n])
    await lock(terms())
    await lock(terms({ salt: secretOf(3) }))
    await ask('setFee', [10n])
    expect(names(await claim(terms()))).toEqual(['Claimed'])
    expect(await world.balance(bob, token)).toBe(900n)
    expect(await world.balance(world.htlc, token)).toBe(1000n)
  })

  test('H13: rebasing later: shrunk balances are credited until there is enough, grown ones pay the exact amount', async () => {
    await start('RebaseToken')
    const [a, b] = [terms(), terms({ salt: secretOf(3) })]
    await lock(a)
    await lock(b)
    await ask('rebase', [40n])
    expect(names(await claim(a))).toEqual(['Claimed', 'Credited'])
    await ask('rebase', [100n])
    expect((await withdraw(bob)).ok).toBe(true)
    await ask('rebase', [200n])
    expect((await claim(b)).ok).toBe(true)
    expect(await world.balance(bob, token)).toBe(3000n)
    expect(await world.balance(world.htlc, token)).toBe(1000n)
  })

  test('H13: code gone from under the token: the claim counts and is owed', async () => {
    await start('PlainToken')
    await lock(terms())
    const code = await world.rpc<Hex>('eth_getCode', token, 'latest')
    await world.rpc('anvil_setCode', token, '0x')
    expect(names(await claim(terms()))).toEqual(['Claimed', 'Credited'])
    refused(await withdraw(bob), 'PaymentFailed')
    await world.rpc('anvil_setCode', token, code)
    expect((await withdraw(bob)).ok).toBe(true)
  })

  test.each([
    [2n, 'reverts with a megabyte'],
    [3n, 'burns all its gas'],
  ])('H13: return-bomb on the way out (mode %s: %s): credited', async (mode) => {
    await start('ReturnBombToken')
    await lock(terms())
    await ask('setMode', [mode])
    expect(names(await claim(terms(), { gas: 700_000n }))).toEqual(['Claimed', 'Credited'])
    await ask('setMode', [0n])
    expect((await withdraw(bob)).ok).toBe(true)
  })

  test('H13: a balance that lies after the lock: no payment passes on its word', async () => {
    await start('LyingToken')
    await lock(terms())
    await ask('setLie', [12_345n, 0n])
    expect(names(await claim(terms()))).toEqual(['Claimed', 'Credited'])
    await ask('setLie', [0n, 1n << 200n])
    expect((await withdraw(bob)).ok).toBe(true)
    expect(await world.balance(world.htlc, token)).toBe(1n << 200n)
  })
})

describe('reentrancy', () => {
  const reentered = keccak256(toHex('Reentered()')).slice(0, 10)
  const inside = async () => ({
    tried: await world.read(token, artifact(kind).abi, 'tried'),
    worked: await world.read(token, artifact(kind).abi, 'worked'),
    reason: await world.read(token, artifact(kind).abi, 'reason'),
  })

  test.each(['lock', 'claim', 'refund', 'withdraw'])(
    'H13: reentrant: a token that calls %s in the middle of a lock or a claim is turned away',
    async (name) => {
      await start('ReentrantToken')
      const other = terms({ salt: secretOf(3) })
      await lock(other)
      const inner = terms({ locker: token, salt: secretOf(4) })
      const args: Record<string, readonly unknown[]> = {
        lock: [inner, secretOf(7), '0x'],
        claim: [other, SECRET],
        refund: [other],
        withdraw: [token, bob, bob],
      }
      await ask('arm', [
        world.htlc,
        encodeFunctionData({ abi, functionName: name, args: args[name]! }),
        false,
      ])
      expect((await lock(terms())).ok).toBe(true)
      expect(await inside()).toEqual({ tried: true, worked: false, reason: reentered })
      await ask('arm', [
        world.htlc,
        encodeFunctionData({ abi, functionName: name, args: args[name]! }),
        false,
      ])
      expect(names(await claim(terms()))).toEqual(['Claimed'])
      expect(await inside()).toEqual({ tried: true, worked: false, reason: reentered })
      expect(await world.balance(world.htlc, token)).toBe(1000n)
      expect(await status(other)).toBe(1n)
    },
  )

  test('H13: reentrant: one delivery can not count for two locks', async () => {
    await start('ReentrantToken')
    await ask('mint', [token, 1000n])
    await ask('approveFor', [world.htlc, 1000n])
    // The outer move delivers nothing and hopes that the inner lock's delivery passes for it.
    const inner = terms({ locker: token, salt: secretOf(4) })
    await ask('arm', [
      world.htlc,
      encodeFunctionData({ abi, functionName: 'lock', args: [inner, secretOf(7), '0x'] }),
      true,
    ])
    refused(await lock(terms()), 'TokenMovedWrongAmount')
    expect([await status(terms()), await status(inner)]).toEqual([0n, 0n])
  })

  test.each(['claim', 'refund', 'withdraw'])(
    'H13: ERC-777 hooks: a payee whose hook calls %s is paid once, and gets nothing more',
    async (name) => {
      await start('HookToken')
      const receiver = await world.deploy(artifact('Receiver'))
      const [t, other] = [
        terms({ beneficiary: receiver }),
        terms({ beneficiary: receiver, salt: secretOf(3) }),
      ]
      await lock(t)
      await lock(other)
      const args: Record<string, readonly unknown[]> = {
        claim: [other, SECRET],
        refund: [t],
        withdraw: [token, receiver, receiver],
      }
      await world.send({
        from: alice,
        to: receiver,
        abi: artifact('Receiver').abi,
        functionName: 'set',
        args: [4n, world.htlc, encodeFunctionData({ abi, functionName: name, args: args[name]! })],
      })
      expect(names(await claim(t))).toEqual(['Claimed'])
      expect(await world.read(receiver, artifact('Receiver').abi, 'worked')).toBe(false)
      expect(await world.balance(receiver, token)).toBe(1000n)
      expect(await status(other)).toBe(1n)
    },
  )

  test('H13: ERC-777 hooks: a payee whose hook refuses can not block its claim: credited', async () => {
    await start('HookToken')
    const receiver = await world.deploy(artifact('Receiver'))
    const t = terms({ beneficiary: receiver })
    await lock(t)
    await world.send({
      from: alice,
      to: receiver,
      abi: artifact('Receiver').abi,
      functionName: 'set',
      args: [1n, carol, '0x'],
    })
    expect(names(await claim(t))).toEqual(['Claimed', 'Credited'])
  })
})

test("H13: one token's mischief never touches another's locks or the native coin", async () => {
  await start('PlainToken')
  const good = terms()
  await lock(good)
  const native = terms({ token: '0x0000000000000000000000000000000000000000', amount: 5n })
  await world.send({
    from: alice,
    to: world.htlc,
    functionName: 'lock',
    args: [native, secretOf(7), '0x'],
    value: 5n,
  })
  const goodToken = token
  await start('LyingToken')
  await lock(terms())
  await ask('setLie', [0n, 1_000_000n])
  const big = terms({ amount: 900_000n, salt: secretOf(3) })
  expect((await lock(big)).ok).toBe(false)
  expect(await world.balance(world.htlc, goodToken)).toBe(1000n)
  token = goodToken
  expect((await claim(good)).ok).toBe(true)
  expect((await claim(native)).ok).toBe(true)
  expect(await world.balance(world.htlc)).toBe(0n)
})
