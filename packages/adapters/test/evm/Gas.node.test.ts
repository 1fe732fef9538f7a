import { Hashlock, type LockSide, SwapSeed } from '@aitbc/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile } from '../../programs/evm/compile.js'
import { EvmTransaction, GAS } from '../../src/evm/index.js'
import { account, asset, type Bench, createBench, SECRET } from './party.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench?.close())

const gasOf = async (id: string) => {
  const receipt = await bench.devnet.evm.rpc<{ gasUsed: string; status: string }>(
    'eth_getTransactionReceipt',
    id,
  )
  expect(receipt.status).toBe('0x1')
  return BigInt(receipt.gasUsed)
}
const salt = (n: number) => new Uint8Array(32).fill(n)
const lockOf = (terms: Parameters<typeof bench.adapter.expectLock>[0]) => bench.adapter.expectLock(terms, [])

test('default: what lock, claim and refund use, and that the limits leave at least a fifth', async () => {
  const measured: Record<string, bigint> = {}
  const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(3), 'eip155:31337')
  const recovery = {
    seed,
    nonce: new Uint8Array(8).fill(1),
    record: { role: 'initiator', counter: salt(1), agreement: new Uint8Array(900).fill(0xab) },
  } as const
  const record = 8 + 16 + 1 + 32 + 4 + 900

  const native = bench.terms({ salt: salt(1) })
  const [locked] = await bench.run({ kind: 'lock', terms: native })
  measured['lock native'] = await gasOf(locked!.id)
  const [recorded] = await bench.run({ kind: 'lock', terms: bench.terms({ salt: salt(2) }), recovery })
  measured[`lock native, record of ${record} bytes`] = await gasOf(recorded!.id)
  const [claimed] = await bench.run(
    { kind: 'claim', terms: native, lock: lockOf(native), secret: SECRET },
    { by: 1 },
  )
  measured['claim native'] = await gasOf(claimed!.id)

  await bench.tokenCall('mint', [bench.signers[0]!.account.split(':')[2], 10n ** 20n])
  const token = bench.terms({ asset: bench.token.id, salt: salt(3) })
  const [approved, tokenLocked] = await bench.run({ kind: 'lock', terms: token })
  measured['approve'] = await gasOf(approved!.id)
  measured['lock token'] = await gasOf(tokenLocked!.id)
  const [tokenClaimed] = await bench.run(
    { kind: 'claim', terms: token, lock: lockOf(token), secret: SECRET },
    { by: 1 },
  )
  measured['claim token'] = await gasOf(tokenClaimed!.id)
  const again = bench.terms({ asset: bench.token.id, salt: salt(4) })
  await bench.run({ kind: 'lock', terms: again })

  await bench.mineAt(native.deadline.value)
  const refunds = [bench.terms({ salt: salt(2) }), again]
  const [nativeBack] = await bench.run({ kind: 'refund', terms: refunds[0]!, lock: lockOf(refunds[0]!) })
  measured['refund native'] = await gasOf(nativeBack!.id)
  const [tokenBack] = await bench.run({ kind: 'refund', terms: refunds[1]!, lock: lockOf(refunds[1]!) })
  measured['refund token'] = await gasOf(tokenBack!.id)

  console.log(
    JSON.stringify({ gas: Object.fromEntries(Object.entries(measured).map(([k, v]) => [k, Number(v)])) }),
  )
  const room = (limit: bigint, name: string) =>
    expect((measured[name]! * 6n) / 5n, name).toBeLessThanOrEqual(limit)
  room(GAS.lockNative, 'lock native')
  room(GAS.lockNative + GAS.recordByte * BigInt(record), `lock native, record of ${record} bytes`)
  room(GAS.lockToken, 'lock token')
  room(GAS.approve, 'approve')
  for (const name of ['claim native', 'claim token', 'refund native', 'refund token']) room(GAS.settle, name)
})

test('H26: the limit of a claim is enough for a payee or a token that burns all it is given', async () => {
  const { Receiver, ReturnBombToken } = await compile([
    'test-tokens/Receivers.sol',
    'test-tokens/ReturnBombToken.sol',
  ])
  const deadline = { ...bench.terms().deadline, value: (await bench.now()) + 10_000n }
  const receiver = await bench.deploy(Receiver!)
  await bench.tokenCall('set', [2n, receiver, '0x'], receiver, Receiver!.abi)
  const payee = { account: account(receiver), payout: account(receiver) }
  const terms = bench.terms({ beneficiary: payee, salt: salt(11), deadline })
  await bench.run({ kind: 'lock', terms })
  const feePayer = bench.signers[1]!.account
  const [claim] = await bench.run(
    { kind: 'claim', terms, lock: lockOf(terms), secret: SECRET, feePayer },
    { by: 1 },
  )
  expect(await gasOf(claim!.id)).toBeGreaterThan(250_000n)
  expect((await bench.adapter.credit(payee.account)).value).toBe(terms.amount)

  const bomb = await bench.deploy(ReturnBombToken!)
  const { abi } = ReturnBombToken!
  await bench.tokenCall('mint', [bench.signers[0]!.account.split(':')[2], 1000n], bomb, abi)
  const adapter = bench.adapterWith({ tokens: [{ id: asset(bomb), symbol: 'BOMB', decimals: 18 }] })
  const own = bench.terms({ asset: asset(bomb), amount: 1000n, salt: salt(12), deadline })
  for (const step of await adapter.prepare({ kind: 'lock', terms: own }))
    await adapter.submit(await bench.signers[0]!.sign(step))
  await bench.mine()
  await bench.tokenCall('setMode', [3n], bomb, abi)
  const [step] = await adapter.prepare({
    kind: 'claim',
    terms: own,
    lock: adapter.expectLock(own, []),
    secret: SECRET,
  })
  const sent = await adapter.submit(await bench.signers[1]!.sign(step!))
  await bench.mine()
  await gasOf(sent.id)
  expect((await adapter.credit(own.beneficiary.account, { asset: own.asset })).value).toBe(1000n)

  // Owed as of what is final; once the token behaves, it is paid by whoever sends it.
  const lock = adapter.expectLock(own, [])
  const dues = async (to: LockSide) => (await adapter.dues!(own, lock, to)).value
  const collect = { kind: 'collect', terms: own, lock, due: 'payment', to: 'beneficiary', feePayer } as const
  // Whoever asks knows that it is settled: what isn't final yet, or was asked of a node that is behind, is no word.
  for (const to of ['locker', 'beneficiary'] as const)
    await expect(dues(to)).rejects.toMatchObject({ _tag: 'EvmNotProvable' })
  await bench.mine(2)
  expect(await dues('beneficiary')).toEqual([{ kind: 'payment', asset: own.asset, amount: 1000n }])
  expect(await dues('locker')).toEqual([])
  await expect(adapter.prepare(collect)).rejects.toMatchObject({ _tag: 'EvmWouldRevert' })
  await expect(adapter.prepare({ ...collect, due: 'deposit' })).rejects.toMatchObject({
    _tag: 'InvalidArgument',
  })
  await bench.tokenCall('setMode', [0n], bomb, abi)
  const [withdraw] = await adapter.prepare(collect)
  await adapter.submit(await bench.signers[1]!.sign(withdraw!))
  await bench.mine(3)
  expect(await dues('beneficiary')).toEqual([])
  expect((await adapter.balance(own.beneficiary.account, { asset: own.asset })).value).toBe(1000n)
  expect(Hashlock.opens(SECRET, own.hashlock)).toBe(true)
})

test('error: a step states its whole cost: limit times price', async () => {
  const [step] = await bench.adapter.prepare(
    {
      kind: 'transfer',
      from: bench.signers[0]!.account,
      to: bench.signers[1]!.account,
      asset: 'eip155:31337/slip44:60',
      amount: 1n,
    },
    { feeRate: 5_000_000_000n },
  )
  const transaction = EvmTransaction.decode(step!.payload)
  expect(step!.maxFee).toEqual({ asset: 'eip155:31337/slip44:60', amount: transaction.gas * 5_000_000_000n })
})
