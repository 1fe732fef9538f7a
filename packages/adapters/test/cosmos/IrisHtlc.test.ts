import { Bytes, Hashlock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcModule } from '@aitbc/proofs/irismod'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CosmosTransaction, createKeySigner } from '../../src/cosmos/index.js'
import { IrisHtlc } from '../../src/cosmos/iris.js'
import { SECRET } from './world.js'

const network = networks.irisnet
const alice = createKeySigner({ network, privateKey: new Uint8Array(32).fill(1) })
const bob = createKeySigner({ network, privateKey: new Uint8Array(32).fill(2) })
const addressOf = (account: string) => account.slice(account.lastIndexOf(':') + 1)
const [ALICE, BOB] = [addressOf(alice.account), addressOf(bob.account)]
const terms: LockTerms.LockTerms = {
  version: 1,
  backend: { network: network.id, kind: HtlcModule.KIND },
  asset: network.native.id,
  amount: 1000n,
  hashlock: Hashlock.of(SECRET),
  locker: { account: alice.account, payout: alice.account },
  beneficiary: { account: bob.account, payout: bob.account },
  deadline: { network: network.id, clock: 'height', value: 20_000n },
  salt: new Uint8Array(32),
}
function audited(): HtlcModule.Parameters {
  const verdict = IrisHtlc.audit(terms, network)
  if (!verdict.ok) throw new Error(verdict.refusal.message)
  return verdict.value
}
const own = audited()
const id = IrisHtlc.id(own, network)

describe('audit', () => {
  test('terms as the module has them', () => {
    expect(own).toEqual({
      sender: ALICE,
      to: BOB,
      denom: 'uiris',
      amount: 1000n,
      hashlock: terms.hashlock,
      deadline: 20_000n,
    })
    expect(IrisHtlc.profile(10n)).toMatchObject({ early: 9n, unique: true, lateClaims: false })
  })

  const party = { account: terms.locker.account, payout: terms.beneficiary.account }
  const cases: readonly [string, Partial<LockTerms.LockTerms>, string][] = [
    ['H1: a short hashlock', { hashlock: new Uint8Array(31) }, 'terms'],
    ['H20: kind', { backend: { ...terms.backend, kind: 'cosmwasm' } }, 'iris-kind'],
    ['H20: a contract', { backend: { ...terms.backend, address: ALICE } }, 'iris-backend'],
    ['a token', { asset: `${network.id}/cw20:${BOB}` }, 'iris-asset'],
    ['H5: payout elsewhere', { locker: party }, 'iris-payout'],
    [
      'H28: seconds',
      { deadline: { network: network.id, clock: 'unix', value: 1_900_000_000n } },
      'iris-deadline',
    ],
  ]
  test.each(cases)('error: %s', (_, change, check) => {
    expect(IrisHtlc.audit({ ...terms, ...change }, network)).toMatchObject({ ok: false, refusal: { check } })
  })

  test('H20: another network, an address of another prefix', () => {
    expect(IrisHtlc.audit(terms, { ...network, id: 'cosmos:other-1' })).toMatchObject({
      refusal: { check: 'iris-network' },
    })
    expect(IrisHtlc.audit(terms, { ...network, hrp: 'cosmos' })).toMatchObject({
      refusal: { check: 'iris-account' },
    })
  })
})

describe('span', () => {
  test('H28: whatever is drawn, expiry lies between earliest and latest, 50 to 34,560 blocks from inclusion', () => {
    const height = fc.bigInt(1n, 100_000_000n)
    fc.assert(
      fc.property(
        height,
        fc.bigInt(-100n, 40_000n),
        fc.bigInt(1n, 1000n),
        fc.nat(1000),
        (at, length, window, wait) => {
          const deadline = at + window + length
          const verdict = IrisHtlc.span({ deadline, height: at, window })
          expect(verdict.ok).toBe(length >= 50n && length <= 34_560n)
          if (!verdict.ok) return
          const { timeLock, timeoutHeight, earliest, latest } = verdict.value
          expect(timeLock).toBe(length)
          const included = at + 1n + (BigInt(wait) % window)
          expect(included <= timeoutHeight).toBe(true)
          const expiry = included + timeLock
          expect(earliest <= expiry && expiry <= latest && latest === deadline).toBe(true)
        },
      ),
    )
    expect(IrisHtlc.span({ deadline: 100n, height: 1n, window: 0n })).toMatchObject({
      refusal: { check: 'iris-window' },
    })
  })
})

describe('messages', () => {
  const draft = (message: CosmosTransaction.Message, timeoutHeight = 0n) =>
    CosmosTransaction.toStep(
      {
        ...{ chainId: 'irishub-1', accountNumber: 1n, sequence: 2n, message, timeoutHeight },
        ...{ gas: 200_000n, fee: { denom: 'uiris', amount: 40_000n } },
      },
      { network: network.id, kind: 'lock', feeAsset: network.native.id },
    )

  test('a lock and a claim are signed as steps, come back from their bytes, and carry no time stamp', async () => {
    const span = IrisHtlc.span({ deadline: 20_000n, height: 1000n, window: 20n })
    if (!span.ok) throw new Error(span.refusal.message)
    const create = IrisHtlc.createMessage(own, span.value)
    const signed = await alice.sign(draft(create, span.value.timeoutHeight))
    CosmosTransaction.assertSigned(signed)
    expect(CosmosTransaction.ofStep(signed.step).message).toEqual(create)
    expect(create).toMatchObject({ timeLock: 18_980n, hashlock: Bytes.toHex(terms.hashlock) })
    const claim = IrisHtlc.claimMessage(id, SECRET, BOB)
    expect(CosmosTransaction.open((await bob.sign(draft(claim))).raw)?.messages).toEqual([claim])
    expect(() =>
      CosmosTransaction.signBytes(CosmosTransaction.ofStep(draft(claim)), undefined, 'amino'),
    ).toThrow(/amino/)
  })
})
