import { Json, Signature, Transaction } from '@aitbc/proofs/aitbc'
import { describe, expect, test } from 'vitest'
import { check, refusal, value } from '../helpers.js'
import { keyOf, sign, twin } from './world.js'

const alice = keyOf('alice')
const CHAIN = 'ait-devnet'

/** A transfer that Alice signed. */
function signed(parts: Partial<Transaction.Transaction> = {}): Transaction.Transaction {
  const unsigned: Transaction.Transaction = {
    chainId: CHAIN,
    type: 'TRANSFER',
    from: alice.address,
    to: 'ai_service',
    amount: 3600n,
    fee: 36n,
    nonce: 4n,
    payload: { amount: 3600n, memo: 'é' },
    signature: null,
    ...parts,
  }
  return { ...unsigned, signature: sign(Transaction.digest(unsigned), alice) }
}

const body = (parts: Json.Members = {}): Json.Members => ({
  from: alice.address,
  to: 'bob',
  amount: 5n,
  signature: 'ff',
  ...parts,
})

describe('Transaction', () => {
  test('default: the sender signed it, in whatever spelling', () => {
    const transaction = signed()
    expect(value(Transaction.verify(transaction))).toBe(alice.address)
    expect(value(Transaction.verifyIncluded(transaction, 4n))).toBe(alice.address)
    const other = signed({ from: `aitbc1${alice.address.slice(2)}` })
    expect(value(Transaction.verify(other))).toBe(alice.address)
    expect(Transaction.hash(other)).not.toBe(Transaction.hash(transaction))
  })

  test('behavior: every signed field is bound', () => {
    const transaction = signed()
    for (const change of [
      { chainId: 'ait-mainnet' },
      { type: 'MESSAGE' },
      { to: 'bob' },
      { amount: 3601n },
      { fee: 35n },
      { nonce: 5n },
      { payload: {} },
      { payload: { amount: 3600, memo: 'é' } },
    ]) {
      expect(check(Transaction.verify({ ...transaction, ...change }))).toBe('signature-signer')
      expect(Transaction.hash({ ...transaction, ...change })).not.toBe(Transaction.hash(transaction))
    }
    expect(check(Transaction.verify({ ...transaction, from: keyOf('bob').address }))).toBe('signature-signer')
    expect(check(Transaction.verify({ ...transaction, signature: null }))).toBe('signature-missing')
    expect(check(Transaction.verify({ ...transaction, signature: '0x' }))).toBe('signature-form')
  })

  test('a payload may hold null, amounts may be texts, and a job may be free', () => {
    const read = value(Transaction.fromBody(body({ payload: { memo: null }, amount: '123' }), CHAIN))
    expect(read).toMatchObject({ amount: 123n, payload: { memo: null } })
    const job = { wallet_address: alice.address, job_type: 'a', prompt: 'b', payment: 0n, signature: 'ff' }
    expect(value(Transaction.fromAiJob(job, CHAIN)).amount).toBe(0n)
    let deep: Json.Value = 1n
    for (let i = 0; i < Json.MAX_DEPTH - 1; i++) deep = [deep]
    expect(refusal(Transaction.fromBody(body({ amount: 5n, recipient: deep }), CHAIN))).toEqual({
      check: 'transaction-field',
      message: "payload is missing or can't be that",
      context: { field: 'payload' },
    })
  })

  test('A60: another spelling of a signature is another hash of one transfer', () => {
    const transaction = signed()
    const other = { ...transaction, signature: twin(transaction.signature as string) }
    expect(value(Transaction.verify(other))).toBe(alice.address)
    expect(Transaction.hash(other)).not.toBe(Transaction.hash(transaction))
  })

  test('behavior: what is stored otherwise than signed is not included', () => {
    for (const parts of [{ type: 'transfer' }, { from: ` ${alice.address}` }, { to: 'bob ' }]) {
      const transaction = signed(parts)
      expect(value(Transaction.verify(transaction))).toBe(alice.address)
      expect(check(Transaction.verifyIncluded(transaction, 4n))).toBe('signature-signer')
    }
    expect(check(Transaction.verifyIncluded(signed(), 5n))).toBe('signature-signer')
    expect(Json.encode(Transaction.storedObject(signed({ type: 'transfer', to: ' bob ' })))).toContain(
      '"to":"bob","type":"TRANSFER","value":3600',
    )
  })

  test('default: a body is filled in as the node does', () => {
    const read = value(Transaction.fromBody(body(), CHAIN))
    expect(read).toMatchObject({ chainId: CHAIN, type: 'TRANSFER', fee: 36n, nonce: 0n, signature: 'ff' })
    expect(Json.encode(read.payload)).toBe('{"amount":5}')
    const payload = (parts: Json.Members) =>
      Json.encode(value(Transaction.fromBody(body(parts), CHAIN)).payload)
    expect(payload({ amount: '5' })).toBe('{"amount":"5"}')
    expect(payload({ recipient: 'carol' })).toBe('{"amount":5,"to":"carol"}')
    expect(payload({ recipient: 'carol', payload: { to: 'dave', amount: 1n } })).toBe(
      '{"amount":1,"to":"dave"}',
    )
    const { signature: _, ...bare } = body()
    expect(value(Transaction.fromBody(bare, CHAIN)).signature).toBe(null)
  })

  test('behavior: a body of another form is refused by its field', () => {
    for (const form of [null, [], 'x', 1n]) {
      expect(check(Transaction.fromBody(form, CHAIN))).toBe('transaction-form')
      expect(check(Transaction.verifyMarketplace(form, CHAIN))).toBe('transaction-form')
      expect(check(Transaction.fromAiJob(form, CHAIN))).toBe('transaction-form')
    }
    for (const [field, wrong] of [
      ['from', [null, 1n]],
      ['to', [null, {}]],
      ['type', [null, 1n]],
      ['chain_id', [null, 1n]],
      ['payload', [null, [], 'x']],
      ['signature', [1n, {}]],
      ['amount', [null, 1, '1.0', '-1', '', -1n, 1n << 63n, '9223372036854775808', '1'.repeat(20), true]],
      ['fee', [1.5, -1n, 1n << 63n]],
      ['nonce', [false, -1n, 'x']],
    ] as const)
      for (const it of wrong) {
        const verdict = Transaction.fromBody(body({ [field]: it as Json.Value }), CHAIN)
        expect(check(verdict)).toBe('transaction-field')
        if (!verdict.ok) expect(verdict.refusal.context).toEqual({ field })
      }
    expect(value(Transaction.fromBody(body({ amount: (1n << 63n) - 1n }), CHAIN)).amount).toBe(
      (1n << 63n) - 1n,
    )
  })

  test('A62: what was read to the last level is written, or refused where it would stand deeper', () => {
    const nested = (levels: number): Json.Value => (levels === 0 ? 'x' : [nested(levels - 1)])
    const top = Json.MAX_DEPTH
    const read = (fields: Json.Members) => value(Json.decode(Json.encode(body(fields))))
    const verified = (fields: Json.Members) => {
      const transaction = Transaction.fromBody(read(fields), CHAIN)
      return transaction.ok ? check(Transaction.verify(transaction.value)) : check(transaction)
    }
    // The body is one level, the payload another.
    expect(verified({ payload: { deep: nested(top - 2) } })).toBe('signature-form')
    expect(verified({ recipient: nested(top - 2) })).toBe('signature-form')
    expect(verified({ recipient: nested(top - 1) })).toBe('transaction-field')
    expect(check(Transaction.fromBody(body({ payload: { deep: nested(top - 1) } }), CHAIN))).toBe(
      'transaction-field',
    )
    const job = { wallet_address: alice.address, job_type: 'text', prompt: '', payment: 1n, signature: 'ff' }
    const made = (levels: number) => Transaction.fromAiJob({ ...job, parameters: nested(levels) }, CHAIN)
    expect(check(Transaction.verify(value(made(top - 2))))).toBe('signature-form')
    expect(check(made(top - 1))).toBe('transaction-field')
  })

  test('default: in the marketplace the whole body is signed', () => {
    const offer = body({ amount: 0n, type: 'GPU_MARKETPLACE', payload: { action: 'bid' }, note: 'extra' })
    const { signature: _, ...rest } = offer
    const signature = sign(Json.digest(rest), alice)
    const verdict = Transaction.verifyMarketplace({ ...offer, signature, sig: 'ignored' }, CHAIN)
    expect(value(verdict).payload).toEqual({ action: 'bid' })
    expect(check(Transaction.verifyMarketplace({ ...offer, signature, note: 'other' }, CHAIN))).toBe(
      'signature-signer',
    )
    expect(check(Transaction.verifyMarketplace(rest, CHAIN))).toBe('signature-missing')
    expect(check(Transaction.verifyMarketplace({ ...offer, amount: null }, CHAIN))).toBe('transaction-field')
    // What stands beside the eight keys is gone when the proposer looks.
    expect(check(Transaction.verifyIncluded(value(verdict), 0n))).toBe('signature-signer')
  })

  test('default: a job costs its payment, which is a float however it is written', () => {
    const job = (payment: Json.Value | undefined): Json.Members => ({
      wallet_address: alice.address,
      job_type: 'text',
      prompt: 'hello',
      ...(payment === undefined ? {} : { payment }),
      signature: 'ff',
    })
    for (const payment of [1n, 1]) {
      const transaction = value(Transaction.fromAiJob(job(payment), CHAIN))
      expect(transaction).toMatchObject({
        to: 'ai_service',
        type: 'AI_JOB',
        amount: 3600n,
        fee: 36n,
        nonce: 0n,
      })
      expect(Json.encode(transaction.payload)).toBe(
        '{"job_type":"text","parameters":{},"payment":1.0,"prompt":"hello"}',
      )
    }
    const named = Transaction.fromAiJob({ ...job(0.5), parameters: { a: 1n }, nonce: 7n, fee: 1n }, CHAIN)
    expect(value(named)).toMatchObject({ amount: 1800n, fee: 1n, nonce: 7n })
    expect(value(named).payload['parameters']).toEqual({ a: 1n })
    for (const payment of [undefined, null, '1', -1, Number.NaN, 1e15, 10n ** 20n])
      expect(Transaction.fromAiJob(job(payment), CHAIN)).toMatchObject({
        refusal: { check: 'transaction-field', context: { field: 'payment' } },
      })
    expect(check(Transaction.fromAiJob({ ...job(1), wallet_address: null }, CHAIN))).toBe('transaction-field')
    for (const field of ['job_type', 'prompt']) {
      const { [field]: _, ...rest } = job(1)
      for (const form of [rest, { ...rest, [field]: 1n }]) {
        const verdict = Transaction.fromAiJob(form, CHAIN)
        expect(verdict).toMatchObject({ refusal: { check: 'transaction-field', context: { field } } })
      }
    }
    expect(Signature.recover(Json.digest({}), 'ff').ok).toBe(false)
  })
})
