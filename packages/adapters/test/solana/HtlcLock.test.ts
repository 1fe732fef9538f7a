import { Bytes } from '@aitbc/core'
import { Address, Pda } from '@aitbc/proofs/solana'
import { HtlcAddress, HtlcProgram } from '@aitbc/proofs/svm'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HtlcLock, SolanaInstruction } from '../../src/solana/index.js'
import { backend, fill, keyOf, MINT, network, PROGRAM, SECRET, terms, thrown, token } from './support.js'

const own = HtlcLock.fromLockTerms(terms(), backend, network)
const u64 = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer)

describe('terms', () => {
  test('default: the program’s form, and back', () => {
    expect(own).toMatchObject({ amount: 5_000_000n, deadline: 1_900_003_600n, locker: keyOf(1) })
    expect(HtlcLock.toLockTerms(own, backend, network)).toEqual(terms())
    const tokens = terms({ asset: token, amount: 3n })
    const form = HtlcLock.fromLockTerms(tokens, backend, network)
    expect(Address.encode(form.mint)).toBe(MINT)
    expect(HtlcLock.toLockTerms(form, backend, network)).toEqual(tokens)
  })

  test('S11: the address binds the program and every term', () => {
    const preimage = Bytes.concat(
      ...[new TextEncoder().encode('aitbc/htlc/v1'), fill(0x99), fill(0), u64(own.amount), own.hashlock],
      ...[keyOf(1), keyOf(2), u64(own.deadline), fill(7)],
    )
    const id = HtlcLock.id(own, backend)
    expect(id).toEqual(sha256(preimage))
    const found = Pda.find(fill(0x99), [new TextEncoder().encode('htlc'), id])
    expect(found).toEqual({ ok: true, value: HtlcLock.address(own, backend) })
    // The verifiers' own form of terms leads to the same account.
    for (const one of [terms(), terms({ asset: token, amount: 3n })]) {
      const proved = HtlcProgram.parameters(one, network)
      if (!proved.ok) throw new Error(proved.refusal.message)
      const own = HtlcLock.fromLockTerms(one, backend, network)
      const { program, ...form } = proved.value
      expect(form).toEqual(own)
      expect(HtlcAddress.find({ ...form, program })).toEqual({
        ok: true,
        value: HtlcLock.address(own, backend),
      })
    }
    const seen = new Set([Bytes.toHex(id)])
    const changes: Partial<HtlcLock.ProgramTerms>[] = [
      { mint: fill(1) },
      { amount: 5_000_001n },
      { hashlock: fill(3) },
      { locker: keyOf(3) },
      { beneficiary: keyOf(3) },
      { deadline: 1_900_003_601n },
      { salt: fill(8) },
    ]
    for (const change of changes) seen.add(Bytes.toHex(HtlcLock.id({ ...own, ...change }, backend)))
    seen.add(Bytes.toHex(HtlcLock.id(own, { ...backend, address: MINT })))
    expect(seen.size).toBe(changes.length + 2)
  })

  test('H20, H27, H28: what the program can’t hold is refused by name', () => {
    const cases: readonly (readonly [string, Partial<Parameters<typeof terms>[0]>])[] = [
      ['terms.backend.kind', { backend: { ...backend, kind: 'contract' } }],
      ['terms.backend.address', { backend: { ...backend, address: MINT } }],
      ['terms.backend.codeHash', { backend: { ...backend, codeHash: fill(1) } }],
      ['terms.locker.payout', { locker: { ...terms().locker, payout: terms().beneficiary.payout } }],
      ['terms.beneficiary.publicKey', { beneficiary: { ...terms().beneficiary, publicKey: fill(2) } }],
      ['terms.deadline.clock', { deadline: { network: network.id, clock: 'height', value: 1000n } }],
      ['terms.amount', { amount: 1n << 64n }],
      ['terms.amount', { amount: network.fees.dust - 1n }],
    ]
    for (const [argument, change] of cases)
      expect(thrown(() => HtlcLock.fromLockTerms(terms(change), backend, network))).toMatchObject({
        _tag: 'SolanaUnsupportedTerms',
        context: { argument },
      })
    const at = (key: string) => ({ account: `${network.id}:${key}`, payout: `${network.id}:${key}` }) as const
    for (const key of [PROGRAM, Address.encode(fill(0))])
      expect(
        thrown(() => HtlcLock.fromLockTerms(terms({ beneficiary: at(key) }), backend, network)),
      ).toMatchObject({ _tag: 'SolanaUnsupportedTerms' })
    for (const key of ['0x00000000000000000000000000000000000000aa', 'abc', `${PROGRAM}1`])
      expect(
        thrown(() => HtlcLock.fromLockTerms(terms({ beneficiary: at(key) }), backend, network)),
      ).toMatchObject({ _tag: 'InvalidAccountId' })
  })
})

describe('instructions', () => {
  const { address } = HtlcLock.address(own, backend)
  const keys = (it: SolanaInstruction.Instruction) => it.accounts.map((meta) => meta.address)

  test('behavior: each one reads back as what it is', () => {
    const record = fill(9, 40)
    const lock = HtlcLock.encodeLock(own, backend, { lock: address, decimals: 0, record, from: fill(0) })
    expect(lock.accounts.map(({ signer, writable }) => [signer, writable])).toEqual([
      [true, true],
      [false, true],
      [false, false],
    ])
    expect(HtlcLock.decodeCall(keys(lock), lock.data, backend)).toEqual({
      is: 'lock',
      lock: address,
      terms: own,
      record,
    })
    const claim = HtlcLock.encodeClaim(address, backend, SECRET)
    expect(HtlcLock.decodeCall(keys(claim), claim.data, backend)).toEqual({
      is: 'claim',
      lock: address,
      secret: SECRET,
    })
    for (const [is, it] of [
      ['refund', HtlcLock.encodeRefund(address, backend)],
      ['pay', HtlcLock.encodePay(own, address, backend, 'claimed')],
      ['close', HtlcLock.encodeClose(own, address, backend)],
    ] as const)
      expect(HtlcLock.decodeCall(keys(it), it.data, backend)).toEqual({ is, lock: address })
  })

  test('A49: a lock at another address than its terms give is none', () => {
    const lock = HtlcLock.encodeLock(own, backend, {
      lock: fill(1),
      decimals: 0,
      record: fill(0, 0),
      from: fill(0),
    })
    expect(HtlcLock.decodeCall(keys(lock), lock.data, backend)).toBeUndefined()
  })

  test('payouts go to the beneficiary of a claim and the locker of a refund, tokens to their accounts', () => {
    const mint = fill(0x77)
    const form = { ...own, mint }
    const pay = (outcome: 'claimed' | 'refunded', it = own) =>
      keys(HtlcLock.encodePay(it, address, backend, outcome))
    expect(pay('claimed')).toEqual([address, keyOf(2)])
    expect(pay('refunded')).toEqual([address, keyOf(1)])
    expect(pay('claimed', form)).toEqual([
      ...[address, keyOf(2), mint, SolanaInstruction.tokenAccount(address, mint).address],
      ...[SolanaInstruction.tokenAccount(keyOf(2), mint).address, SolanaInstruction.TOKEN_PROGRAM],
    ])
  })

  test('H1: only 32 bytes are a secret', () => {
    for (const length of [0, 31, 33])
      expect(thrown(() => HtlcLock.encodeClaim(address, backend, fill(1, length)))).toMatchObject({
        _tag: 'InvalidBytes',
      })
  })

  test('property: reading calls and accounts is total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const call = HtlcLock.decodeCall([fill(1), fill(2)], data, backend)
        if (call?.is === 'lock') throw new Error('a drawn lock can’t have the address of its terms')
        const account = HtlcLock.decodeAccount(data)
        if (account !== undefined) expect(data.length).toBe(HtlcLock.ACCOUNT_SIZE)
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS) },
    )
  })
})

describe('accounts', () => {
  const account = (change: { status?: number; version?: number; paid?: number } = {}) =>
    Bytes.concat(
      Uint8Array.of(change.version ?? 1, change.status ?? 1, change.paid ?? 0, 6),
      ...[u64(own.amount), u64(own.deadline), own.hashlock, own.locker, own.beneficiary, own.mint],
      ...[own.salt, fill(0), change.status === 2 ? SECRET : fill(0)],
    )

  test('default: every field of the layout', () => {
    const read = HtlcLock.decodeAccount(account({ status: 2, paid: 1 }))
    expect(read).toEqual({
      status: 'claimed',
      paid: true,
      decimals: 6,
      terms: own,
      vault: fill(0),
      secret: SECRET,
    })
    expect(HtlcLock.equal((read as HtlcLock.LockAccount).terms, own)).toBe(true)
    expect(HtlcLock.decodeAccount(account())?.status).toBe('locked')
    expect(HtlcLock.decodeAccount(account({ status: 3 }))?.status).toBe('refunded')
  })

  test('H12: no other version, status, flag or size', () => {
    for (const bytes of [
      account({ version: 0 }),
      account({ version: 0xff }),
      account({ status: 0 }),
      account({ status: 4 }),
      account({ paid: 2 }),
      account().slice(1),
      Bytes.concat(account(), fill(0, 1)),
    ])
      expect(HtlcLock.decodeAccount(bytes)).toBeUndefined()
  })
})
