import { isAitbcError, type Signed } from '@aitbc/core'
import { decodeTxRaw } from '@cosmjs/proto-signing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CosmosTransaction } from '../../src/cosmos/index.js'
import { ALICE, alice, bob, execution, network, toStep, transaction } from './world.js'

function tag(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isAitbcError(error)) return error._tag
    throw error
  }
  return 'nothing'
}

describe('steps', () => {
  test('a step says what its payload does, and the payload has one encoding', () => {
    const step = toStep(transaction)
    expect(step).toMatchObject({
      network: network.id,
      from: alice.account,
      format: CosmosTransaction.FORMAT,
      conflictKey: `${ALICE}/3`,
      maxFee: { asset: network.native.id, amount: 625n },
      validUntil: { network: network.id, clock: 'height', value: 900n },
    })
    expect(CosmosTransaction.ofStep(step)).toEqual(transaction)
    const other = toStep(execution, 'refund')
    expect(other.validUntil).toBeUndefined()
    expect(CosmosTransaction.ofStep(other)).toEqual(execution)
  })

  test('behavior: what is drawn comes back', () => {
    const u64 = fc.bigInt(0n, 2n ** 63n - 1n)
    fc.assert(
      fc.property(
        u64,
        u64,
        u64,
        fc.bigInt(1n, 2n ** 63n - 1n),
        fc.bigInt(0n, 2n ** 128n),
        (a, b, c, d, e) => {
          const drawn = {
            ...execution,
            accountNumber: a,
            sequence: b,
            timeoutHeight: c,
            gas: d,
            fee: { denom: 'uatom', amount: e },
          }
          expect(CosmosTransaction.decode(CosmosTransaction.encode(drawn))).toEqual(drawn)
        },
      ),
    )
  })

  test('error: another format, damaged bytes, and a step that says something else: CosmosInvalidStep', () => {
    const step = toStep(transaction)
    const wrong = [
      { format: 'evm/transaction' },
      { payload: step.payload.slice(0, -1) },
      { payload: new Uint8Array(0) },
      { payload: Uint8Array.from([...step.payload, 0]) },
      { network: 'cosmos:other-1' as const },
      { from: bob.account },
      { conflictKey: `${ALICE}/4` },
      { maxFee: { ...step.maxFee, amount: 1n } },
    ]
    for (const change of wrong)
      expect(tag(() => CosmosTransaction.ofStep({ ...step, ...change }))).toBe('CosmosInvalidStep')
    expect(tag(() => CosmosTransaction.ofStep(undefined as never))).toBe('CosmosInvalidStep')
  })

  test('S11: a flipped bit of the payload is another transaction, or none', () => {
    const step = toStep(transaction)
    for (let bit = 0; bit < step.payload.length * 8; bit += 7) {
      const payload = step.payload.slice()
      payload[bit >> 3] = (payload[bit >> 3] as number) ^ (1 << (bit & 7))
      try {
        expect(CosmosTransaction.decode(payload)).not.toEqual(transaction)
      } catch (error) {
        expect(isAitbcError(error, 'CosmosInvalidStep')).toBe(true)
      }
    }
  })
})

describe('signatures', () => {
  test('cosmjs reads a signed transaction as it was meant', async () => {
    const { raw, id } = await alice.sign(toStep(transaction))
    const { authInfo, body, signatures } = decodeTxRaw(raw)
    expect(authInfo.signerInfos[0]?.sequence).toBe(3n)
    expect(authInfo.fee).toMatchObject({ gasLimit: 100_000n, amount: [{ denom: 'uatom', amount: '625' }] })
    expect(body).toMatchObject({ memo: '', timeoutHeight: 900n })
    expect(body.messages[0]?.typeUrl).toBe('/cosmos.bank.v1beta1.MsgSend')
    expect(signatures).toHaveLength(1)
    expect(id).toMatch(/^[0-9A-F]{64}$/)
    expect(CosmosTransaction.open(raw)).toMatchObject({
      mode: 'direct',
      sequence: 3n,
      messages: [transaction.message],
    })
  })

  test('error: another step, another id, another key, a damaged signature', async () => {
    const signed = await alice.sign(toStep(transaction))
    const elsewhere = await alice.sign(toStep(execution, 'refund'))
    const flipped = signed.raw.slice()
    flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1
    const cases: readonly Partial<Signed>[] = [
      { step: elsewhere.step },
      { id: elsewhere.id },
      { id: elsewhere.id, raw: elsewhere.raw },
      { raw: new Uint8Array(0) },
      { raw: undefined as never },
    ]
    for (const change of cases)
      expect(tag(() => CosmosTransaction.assertSigned({ ...signed, ...change }))).toBe('CosmosInvalidStep')
    const parts = CosmosTransaction.open(signed.raw)
    const other = CosmosTransaction.open((await bob.sign(toStepOfBob())).raw)
    if (parts === undefined || other === undefined) throw new Error('not opened')
    expect(tag(() => CosmosTransaction.sign(signed.step, { ...parts, publicKey: other.publicKey }))).toBe(
      'CosmosInvalidStep',
    )
    expect(tag(() => CosmosTransaction.sign(signed.step, { ...parts, mode: 'amino' }))).toBe(
      'CosmosInvalidStep',
    )
    const damaged = parts.signature.slice()
    damaged[5] = (damaged[5] as number) ^ 1
    expect(tag(() => CosmosTransaction.sign(signed.step, { ...parts, signature: damaged }))).toBe(
      'CosmosInvalidStep',
    )
  })

  test('a key signs its own account’s steps of its own network alone', async () => {
    await expect(bob.sign(toStep(transaction))).rejects.toMatchObject({ _tag: 'CosmosInvalidStep' })
    await expect(alice.sign({ ...toStep(transaction), network: 'cosmos:other-1' })).rejects.toMatchObject({
      _tag: 'ForeignNetwork',
    })
  })

  test('amino: names sorted, no space, Go’s escapes', () => {
    const text = new TextDecoder().decode(CosmosTransaction.signBytes(execution, undefined, 'amino'))
    expect(
      text.startsWith('{"account_number":"7","chain_id":"aitbc-local-1","fee":{"amount":[{"amount":"625"'),
    ).toBe(true)
    expect(text).toContain('"msg":{"a":"\\u003c\\u0026\\u003e","refund":{"id":"00"}}')
    expect(text).not.toContain('timeout_height')
    const send = new TextDecoder().decode(CosmosTransaction.signBytes(transaction, undefined, 'amino'))
    expect(send).toContain('"type":"cosmos-sdk/MsgSend"')
    expect(send).toContain('"timeout_height":"900"')
  })

  test('what is no transaction of one signer is opened as nothing', () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(100).fill(255)])
      expect(CosmosTransaction.open(bytes)).toBeUndefined()
  })
})

describe('addresses', () => {
  test('H20: an account of another chain, another prefix, or in upper case', () => {
    const of = (account: string) =>
      tag(() => CosmosTransaction.accountAddress(account as never, network, 'to'))
    expect(CosmosTransaction.accountAddress(alice.account, network, 'to')).toBe(ALICE)
    expect(of('eip155:1:0x00000000000000000000000000000000000000aa')).toBe('ForeignNetwork')
    expect(of('cosmos:osmosis-1:osmo1x')).toBe('ForeignNetwork')
    expect(of(`${network.id}:osmo1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqmcn030`)).toBe('InvalidAccountId')
    expect(of(`${network.id}:${ALICE.toUpperCase()}`)).toBe('InvalidAccountId')
    expect(of(`${network.id}:${ALICE.slice(0, -1)}q`)).toBe('InvalidAccountId')
    expect(of('nonsense')).toBe('InvalidAccountId')
  })
})

function toStepOfBob() {
  const from = bob.account.slice(bob.account.lastIndexOf(':') + 1)
  return toStep({ ...transaction, message: { ...transaction.message, from } as never })
}
