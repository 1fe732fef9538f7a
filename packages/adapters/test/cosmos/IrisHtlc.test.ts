import { Bytes, Hashlock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CosmosTransaction, createKeySigner, IrisHtlc } from '../../src/cosmos/index.js'
import { SECRET } from './world.js'

const network = networks.irisnet
const alice = createKeySigner({ network, privateKey: new Uint8Array(32).fill(1) })
const bob = createKeySigner({ network, privateKey: new Uint8Array(32).fill(2) })
const addressOf = (account: string) => account.slice(account.lastIndexOf(':') + 1)
const [ALICE, BOB] = [addressOf(alice.account), addressOf(bob.account)]
const terms: LockTerms.LockTerms = {
  version: 1,
  backend: { network: network.id, kind: IrisHtlc.KIND },
  asset: network.native.id,
  amount: 1000n,
  hashlock: Hashlock.of(SECRET),
  locker: { account: alice.account, payout: alice.account },
  beneficiary: { account: bob.account, payout: bob.account },
  deadline: { network: network.id, clock: 'height', value: 20_000n },
  salt: new Uint8Array(32),
}
function audited(): IrisHtlc.IrisTerms {
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
    expect(IrisHtlc.profile).toMatchObject({ relative: true, unique: true, lateClaims: false })
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

  test('the id is of hashlock, sender, recipient and coins, in this order', () => {
    const part = (address: string) => HtlcStorage.addressBytes(address, network) as Uint8Array
    const bytes = Bytes.concat(terms.hashlock, part(ALICE), part(BOB), new TextEncoder().encode('1000uiris'))
    expect(id).toBe(Bytes.toHex(sha256(bytes)).toUpperCase())
    expect(IrisHtlc.storageKey(id)).toEqual(Bytes.concat(Uint8Array.of(1), sha256(bytes)))
  })
})

describe('read', () => {
  const text = (field: number, value: string | Uint8Array) => {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
    return bytes.length === 0
      ? new Uint8Array(0)
      : Bytes.concat(Uint8Array.of(field * 8 + 2, bytes.length), bytes)
  }
  const number = (field: number, value: number) => {
    if (value === 0) return new Uint8Array(0)
    const out = [field * 8]
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      out.push(rest > 127 ? (rest % 128) + 128 : rest)
      if (rest < 128) return Uint8Array.from(out)
    }
  }
  const lock = (change: Readonly<Record<string, string | number>> = {}) => {
    const all = {
      ...{
        id,
        sender: ALICE,
        to: BOB,
        denom: 'uiris',
        amount: '1000',
        hash: Bytes.toHex(terms.hashlock).toUpperCase(),
      },
      ...{ secret: '', timestamp: 0, expiry: 20_000, state: 0, closed: 0 },
      ...change,
    }
    return Bytes.concat(
      ...[text(1, String(all.id)), text(2, String(all.sender)), text(3, String(all.to))],
      text(6, Bytes.concat(text(1, String(all.denom)), text(2, String(all.amount)))),
      ...[text(7, String(all.hash)), text(8, String(all.secret)), number(9, Number(all.timestamp))],
      ...[number(10, Number(all.expiry)), number(11, Number(all.state)), number(12, Number(all.closed))],
    )
  }
  const secret = Bytes.toHex(SECRET).toUpperCase()

  test('open, completed with its secret, refunded', () => {
    expect(IrisHtlc.read(lock(), own, network)).toEqual({
      ok: true,
      value: { state: 'open', expirationHeight: 20_000n, closedBlock: 0n },
    })
    expect(IrisHtlc.read(lock({ state: 1, secret, closed: 9 }), own, network)).toMatchObject({
      value: { state: 'completed', secret: SECRET, closedBlock: 9n },
    })
    expect(IrisHtlc.read(lock({ state: 2, closed: 9 }), own, network)).toMatchObject({
      value: { state: 'refunded' },
    })
  })

  const cases: readonly [string, Readonly<Record<string, string | number>>, string][] = [
    ['another id', { id: '00'.repeat(32) }, 'iris-id'],
    ['H20: another recipient', { to: ALICE }, 'iris-terms'],
    ['another sender', { sender: BOB }, 'iris-terms'],
    ['H21: less', { amount: '999' }, 'iris-terms'],
    ['another coin', { denom: 'uatom' }, 'iris-terms'],
    ['H2: another hashlock', { hash: '11'.repeat(32) }, 'iris-terms'],
    ['H2: a hash of secret and time', { timestamp: 5 }, 'iris-terms'],
    ['H28: an expiry after the deadline', { expiry: 20_001 }, 'iris-expiry'],
    ['no expiry', { expiry: 0 }, 'iris-expiry'],
    ['a swap of the bridge', { closed: 1 }, 'iris-transfer'],
    ['a state that there is not', { state: 3 }, 'iris-encoding'],
    ['H1: a secret that does not open it', { state: 1, secret: '08'.repeat(32) }, 'iris-secret'],
    ['completed without a secret', { state: 1 }, 'iris-secret'],
  ]
  test.each(cases)('error: %s', (_, change, check) => {
    expect(IrisHtlc.read(lock(change), own, network)).toMatchObject({ ok: false, refusal: { check } })
  })

  test('error: bytes that are none: total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(IrisHtlc.read(bytes, own, network).ok).toBe(false)
      }),
    )
    for (let length = 0; length < lock().length; length += 3)
      expect(IrisHtlc.read(lock().slice(0, length), own, network).ok).toBe(false)
  })
})
