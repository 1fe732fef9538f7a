import { AccountId, Bytes, Hashlock, LockTerms, type RecoveredLock, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { AggregateKey, HtlcScript, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  Account,
  type Backend,
  beaconAccount,
  createBitcoinAdapter,
  createSeedWallet,
  fundingAccount,
  partyAccount,
} from '../../src/bitcoin/index.js'
import { createFakeChain, network } from './fakeChain.js'
import { ALICE, BOB, deadline, NONCE, share, termsOf } from './terms.js'

const adapterOf = (chain = createFakeChain()) => createBitcoinAdapter({ network, backend: chain.backend })
const third = partyAccount(network, share(new Uint8Array(32).fill(3)), NONCE)

describe('auditTerms', () => {
  test('accepts what both sides can build, lock, claim, refund and recover', () => {
    for (const kind of ['p2wsh', 'p2tr', 'p2tr-musig2'] as const) {
      const terms = termsOf({ kind })
      expect(adapterOf().auditTerms(terms)).toEqual({ ok: true, value: terms })
    }
  })

  const good = termsOf()
  const { locker, beneficiary } = good
  const cases: Readonly<Record<string, readonly [LockTerms.LockTerms, RegExp]>> = {
    'another script form': [{ ...good, backend: { ...good.backend, kind: 'p2sh' } }, /backend\.kind.*p2sh/],
    'an address beside the terms': [
      { ...good, backend: { ...good.backend, address: 'bcrt1qqqq' } },
      /backend\.address/,
    ],
    'a code hash beside the terms': [
      { ...good, backend: { ...good.backend, codeHash: new Uint8Array(32) } },
      /backend\.codeHash/,
    ],
    'another asset': [{ ...good, asset: `${network.id}/slip44:2` }, /asset.*slip44:2/],
    'an amount that is dust': [{ ...good, amount: 329n }, /amount.*329n/],
    'an amount that a dear claim would eat up': [{ ...good, amount: 3000n }, /amount.*3000/],
    'more money than there is': [{ ...good, amount: 2_100_000_000_000_001n }, /amount/],
    'a height for a deadline': [
      { ...good, deadline: { network: network.id, clock: 'height', value: 900_000n } },
      /deadline\.clock.*height/,
    ],
    'a deadline whose T − 1 is a height': [{ ...good, deadline: deadline(500_000_000n) }, /deadline/],
    'no key': [
      { ...good, beneficiary: { account: beneficiary.account, payout: beneficiary.payout } },
      /beneficiary\.publicKey/,
    ],
    'an x-only key': [
      { ...good, locker: { ...locker, publicKey: (locker.publicKey as Bytes.Bytes).slice(1) } },
      /locker\.publicKey/,
    ],
    'a key that is no point': [
      {
        ...good,
        locker: { ...locker, publicKey: Bytes.concat(Uint8Array.of(2), new Uint8Array(32).fill(0xff)) },
      },
      /locker\.publicKey/,
    ],
    'a key of another account': [
      { ...good, beneficiary: { ...beneficiary, publicKey: third.publicKey } },
      /beneficiary\.account.*p2wpkh/,
    ],
    'an account of another key': [
      { ...good, locker: { ...locker, account: third.account, payout: third.account } },
      /locker\.account/,
    ],
    'one key for both': [{ ...good, beneficiary: locker }, /beneficiary\.publicKey/],
    'one payout for both, where both can sign': [
      {
        ...termsOf({ kind: 'p2tr-musig2' }),
        beneficiary: { ...beneficiary, payout: locker.account },
      },
      /beneficiary\.payout/,
    ],
    'a payout that no recovery restores': [
      { ...good, beneficiary: { ...beneficiary, payout: third.account } },
      /beneficiary\.payout/,
    ],
  }
  test.each(Object.keys(cases))('H20, H28, H27: refuses %s, by name', (name) => {
    const [terms, message] = cases[name] as (typeof cases)[string]
    const verdict = adapterOf().auditTerms(terms)
    if (verdict.ok) throw new Error('accepted')
    expect(verdict.refusal.message).toMatch(message)
  })

  test('H14: terms of another Bitcoin network are refused, spelt wholly for it or not', () => {
    const other = networks.bitcoin
    const move = (id: string) => id.replace(network.id, other.id)
    const moved = {
      ...good,
      backend: { network: other.id, kind: 'p2wsh' },
      asset: move(good.asset) as typeof good.asset,
      deadline: { ...good.deadline, network: other.id },
    }
    expect(adapterOf().auditTerms(moved as never)).toMatchObject({ ok: false })
    const whole = {
      ...moved,
      asset: other.native.id,
      locker: {
        ...locker,
        account: Account.ofKey(other, locker.publicKey as Bytes.Bytes),
        payout: Account.ofKey(other, locker.publicKey as Bytes.Bytes),
      },
      beneficiary: {
        ...beneficiary,
        account: Account.ofKey(other, beneficiary.publicKey as Bytes.Bytes),
        payout: Account.ofKey(other, beneficiary.publicKey as Bytes.Bytes),
      },
    }
    expect(adapterOf().auditTerms(whole as never)).toMatchObject({
      ok: false,
      refusal: { context: { expected: network.id } },
    })
  })
})

test('H15: each lock’s record has an address of its own', async () => {
  const chain = createFakeChain()
  const funding = fundingAccount(network, share(ALICE))
  chain.mine(1_700_000_200n, chain.pay(Account.parse(network, funding.account).script, 1_000_000n))
  const adapter = adapterOf(chain)
  const beacons = new Set<string>()
  for (let i = 0; i < 3; i++) {
    const nonce = new Uint8Array(8).fill(i)
    const terms = {
      ...termsOf(),
      locker: partyAccount(network, share(ALICE), nonce).party,
      salt: SwapSeed.derive(share(ALICE), 'salt', nonce),
    }
    const recovery = { seed: share(ALICE), nonce, record: { role: 'follower' } } as const
    const [step] = await adapter.prepare({ kind: 'lock', terms, from: funding.account, recovery })
    const signed = await funding.signer.sign(step as never)
    await adapter.submit(signed)
    const decoded = Transaction.decode(signed.raw)
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    beacons.add(Bytes.toHex(decoded.value.outputs[2]?.script as Bytes.Bytes))
    expect(await adapter.nextBeaconIndex(share(ALICE))).toBe(i + 1)
  }
  expect(beacons.size).toBe(3)
})

test.each([0, 1])(
  'L6: a transaction whose input %i another took is replaced by it, not waited for',
  async (at) => {
    const chain = createFakeChain()
    const { account, signer } = fundingAccount(network, share(ALICE))
    const { script } = Account.parse(network, account)
    chain.mine(1_700_000_200n, chain.pay(script, 60_000n), chain.pay(script, 50_000n))
    const adapter = adapterOf(chain)
    const transfer = { kind: 'transfer', from: account, to: account, amount: 100_000n } as const
    const [step] = await adapter.prepare({ ...transfer, asset: network.native.id })
    const signed = await signer.sign(step as never)
    const sent = await adapter.submit(signed)
    const decoded = Transaction.decode(signed.raw)
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    expect(decoded.value.inputs).toHaveLength(2)
    expect((await adapter.status(sent)).value).toEqual({ is: 'pending' })
    chain.mempool.clear()
    expect((await adapter.status(sent)).value).toEqual({ is: 'dropped' })
    const other = { ...decoded.value, inputs: decoded.value.inputs.slice(at, at + 1) }
    chain.mine(1_700_000_300n, other)
    expect((await adapter.status(sent)).value).toEqual({ is: 'replaced', by: chain.idOf(other) })
  },
)

describe('L3 H29: a lock is recovered from the seed', () => {
  const beacon = (index: number) => beaconAccount(network, share(ALICE), index).script
  /** A lock that is made with what a back end says, and then recovered with what the chain holds. */
  const recovered = async (
    lie: (chain: ReturnType<typeof createFakeChain>) => Partial<Backend>,
    lag: typeof lie = () => ({}),
  ) => {
    const chain = createFakeChain()
    const funding = fundingAccount(network, share(ALICE))
    chain.mine(1_700_000_200n, chain.pay(Account.parse(network, funding.account).script, 1_000_000n))
    const adapter = createBitcoinAdapter({ network, backend: { ...chain.backend, ...lie(chain) } })
    const terms = termsOf()
    const recovery = { seed: share(ALICE), nonce: NONCE, record: { role: 'initiator' } } as const
    const [step] = await adapter.prepare({ kind: 'lock', terms, from: funding.account, recovery })
    const decoded = Transaction.decode((await funding.signer.sign(step as never)).raw)
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    // What waited is dropped, as when fees rise.
    chain.mempool.clear()
    chain.mine(1_700_000_300n, decoded.value)
    const later = createBitcoinAdapter({ network, backend: { ...chain.backend, ...lag(chain) } })
    return later.recoverLocks(share(ALICE), { hashlockOf: () => terms.hashlock })
  }

  test('when the second question about it is answered by a node that lags behind the first', async () => {
    const found = await recovered(
      () => ({}),
      ({ backend }) => ({
        history: async (scripts, o) => (scripts.length === 1 ? [] : backend.history(scripts, o)),
      }),
    )
    const [{ lock, terms }] = found as [RecoveredLock]
    expect(lock).toMatchObject({ ref: `${lock.transaction}:0`, amount: terms.amount })
  })

  test('when so many before it waited, and were dropped, that their beacons leave a gap', async () => {
    const found = await recovered((chain) => {
      for (let index = 0; index < 45; index++) chain.pay(beacon(index), network.fees.dust)
      return {}
    })
    expect(found).toMatchObject([{ nonce: NONCE }])
  })

  test('when an endpoint says of every beacon that it was used', async () => {
    let asked = 0
    const found = await recovered((chain) => ({
      // It stops one day, else the lock would never be made.
      history: async () =>
        ++asked > 100 ? [] : [chain.idOf(chain.blocks[1]?.transactions[0] as Transaction.Transaction)],
    }))
    expect(found).toMatchObject([{ nonce: NONCE }])
    expect(asked).toBeLessThan(100)
  })
})

describe('H20: what the counterparty funded in place of the lock is not found', () => {
  const scriptOf = (terms: LockTerms.LockTerms) => {
    const htlc = HtlcScript.from(terms)
    if (!htlc.ok) throw new Error(htlc.refusal.message)
    return htlc.value
  }
  const found = async (terms: LockTerms.LockTerms, script: Bytes.Bytes) => {
    const chain = createFakeChain()
    chain.mine(1_700_000_200n, chain.pay(script, terms.amount))
    return (await adapterOf(chain).findLocks(terms))[0]?.is
  }

  test.each(['p2wsh', 'p2tr', 'p2tr-musig2'] as const)(
    '%s: every changed term makes another script',
    async (kind) => {
      const terms = termsOf({ kind })
      expect(await found(terms, scriptOf(terms).scriptPubKey)).toBe('found')
      const own = partyAccount(network, share(ALICE), new Uint8Array(8).fill(8)).party
      for (const changed of [
        { ...terms, beneficiary: third.party },
        { ...terms, locker: own },
        { ...terms, hashlock: Hashlock.of(new Uint8Array(32).fill(1)) },
        { ...terms, deadline: deadline(terms.deadline.value + 1n) },
        { ...terms, locker: terms.beneficiary, beneficiary: terms.locker },
        { ...terms, backend: { ...terms.backend, kind: kind === 'p2tr' ? 'p2wsh' : 'p2tr' } },
      ])
        expect(await found(terms, scriptOf(changed).scriptPubKey)).toBe('absent')
    },
  )

  test.each(['p2tr', 'p2tr-musig2'] as const)(
    '%s: the same leaves under another key are another output',
    async (kind) => {
      const terms = termsOf({ kind })
      const htlc = scriptOf(terms) as HtlcScript.P2tr
      const { locker, beneficiary } = terms
      const [a, b, c] = [locker, beneficiary, third.party].map(({ publicKey }) => publicKey as Bytes.Bytes)
      const keys = [[a], [b], [c], [a, c], [c, b], [a, b].reverse(), [a, b], [a, b, b]] as Bytes.Bytes[][]
      for (const some of keys) {
        const sum = AggregateKey.from(some)
        if (!sum.ok) throw new Error(sum.refusal.message)
        const internal = some.length === 1 ? (some[0] as Bytes.Bytes).slice(1) : sum.value.slice(1)
        // One of the two orders of both keys is the lock's own.
        if (Bytes.equal(internal, htlc.internalKey)) continue
        const output = Taproot.tweak(internal, htlc.merkleRoot)
        if (!output.ok) throw new Error(output.refusal.message)
        expect(await found(terms, Taproot.toScript(output.value.key))).toBe('absent')
      }
    },
  )
})

describe('recovery records', () => {
  const hashlockOf = (nonce: Bytes.Bytes) => Hashlock.of(SwapSeed.secret(ALICE, nonce))

  property.prop(
    [
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.constantFrom('p2wsh' as const, 'p2tr' as const, 'p2tr-musig2' as const),
      fc.bigInt(500_000_001n, 0xffff_ffffn),
      fc.bigInt(330n, 300_000n),
      fc.constantFrom('initiator' as const, 'follower' as const),
      fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
      fc.nat({ max: 19 }),
    ],
    { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 5) },
  )(
    'terms come back as they were, from 80 bytes and the output',
    async (nonce, kind, value, amount, role, counter, index) => {
      const chain = createFakeChain()
      const funding = fundingAccount(network, share(ALICE))
      chain.mine(1_700_000_200n, chain.pay(Account.parse(network, funding.account).script, 1_000_000n))
      const adapter = adapterOf(chain)
      const terms: LockTerms.LockTerms = {
        ...termsOf({ kind, amount, deadline: value }),
        hashlock: role === 'initiator' ? hashlockOf(nonce) : Hashlock.of(new Uint8Array(32).fill(77)),
        locker: partyAccount(network, share(ALICE), nonce).party,
        beneficiary: partyAccount(network, share(BOB), nonce).party,
        salt: SwapSeed.derive(share(ALICE), 'salt', nonce),
      }
      // An agreement is longer than 80 bytes: it is left out, and the rest is kept.
      const record = { role, ...(counter === undefined ? {} : { counter }), agreement: new Uint8Array(500) }
      const [step] = await adapter.prepare({
        kind: 'lock',
        terms,
        from: funding.account,
        recovery: { seed: share(ALICE), nonce, index, record },
      })
      const signed = await funding.signer.sign(step as never)
      await adapter.submit(signed)
      const decoded = Transaction.decode(signed.raw)
      if (!decoded.ok) throw new Error(decoded.refusal.message)
      // OP_RETURN and one push of 80 bytes: what every node relays.
      expect(decoded.value.outputs[1]?.script.length).toBe(83)
      expect(Bytes.toHex(decoded.value.outputs[1]?.script.slice(0, 3) as Bytes.Bytes)).toBe('6a4c50')
      chain.mine(1_700_000_300n, decoded.value)
      const [found, ...more] = await adapter.recoverLocks(share(ALICE), { hashlockOf })
      expect(more).toEqual([])
      expect(found?.terms).toEqual(terms)
      expect(found?.nonce).toEqual(nonce)
      const { payload: _, maxFee: __, ...made } = signed.step
      expect(found?.signed).toMatchObject({ id: signed.id, raw: signed.raw, step: made })
      expect(found?.record).toEqual(
        role === 'initiator' && counter !== undefined ? { role, counter } : { role },
      )
      expect(Bytes.equal(LockTerms.id(found?.terms as LockTerms.LockTerms), LockTerms.id(terms))).toBe(true)
      expect(await adapter.nextBeaconIndex(share(ALICE))).toBe(index + 1)
      expect(await adapter.recoverLocks(share(BOB), { hashlockOf })).toEqual([])
    },
  )

  test('S10: the record is masked: equal terms of two swaps share no bytes, and the secret is nowhere', async () => {
    const chain = createFakeChain()
    const funding = fundingAccount(network, share(ALICE))
    chain.mine(1_700_000_200n, chain.pay(Account.parse(network, funding.account).script, 1_000_000n))
    const terms = termsOf()
    const [step] = await adapterOf(chain).prepare({
      kind: 'lock',
      terms,
      from: funding.account,
      recovery: { seed: share(ALICE), nonce: NONCE, record: { role: 'initiator' } },
    })
    const hex = Bytes.toHex((step as { payload: Bytes.Bytes }).payload)
    expect(hex).not.toContain(Bytes.toHex(SwapSeed.secret(ALICE, NONCE)))
    expect(hex).not.toContain(Bytes.toHex((terms.beneficiary.publicKey as Bytes.Bytes).slice(1)))
    expect(hex).not.toContain(Bytes.toHex(terms.hashlock))
    expect(hex).toContain(Bytes.toHex(NONCE))
  })

  test('error: terms that no recovery could rebuild are refused before they are locked', async () => {
    const chain = createFakeChain()
    const funding = fundingAccount(network, share(ALICE))
    chain.mine(1_700_000_200n, chain.pay(Account.parse(network, funding.account).script, 1_000_000n))
    const adapter = adapterOf(chain)
    const terms = termsOf()
    const recovery = { seed: share(ALICE), nonce: NONCE, record: { role: 'initiator' } } as const
    const prepare = (change: Partial<LockTerms.LockTerms>, other: object = {}) =>
      adapter.prepare({
        kind: 'lock',
        terms: { ...terms, ...change },
        from: funding.account,
        recovery: { ...recovery, ...other },
      })
    await expect(prepare({ salt: new Uint8Array(32) })).rejects.toMatchObject({
      _tag: 'UnsupportedTerms',
      context: { argument: 'terms.salt' },
    })
    await expect(prepare({ locker: third.party })).rejects.toMatchObject({
      context: { argument: 'terms.locker.publicKey' },
    })
    await expect(
      prepare({ beneficiary: { ...terms.beneficiary, payout: third.account } }),
    ).rejects.toMatchObject({ context: { argument: 'terms.beneficiary.payout' } })
    await expect(prepare({}, { nonce: new Uint8Array(7) })).rejects.toMatchObject({ _tag: 'InvalidBytes' })
    await expect(
      prepare({}, { seed: SwapSeed.forNetwork(ALICE, networks.bitcoin.id) }),
    ).rejects.toMatchObject({ _tag: 'ForeignNetwork' })
    await expect(prepare({}, { index: -1 })).rejects.toMatchObject({ _tag: 'InvalidArgument' })
    await expect(prepare({}, { record: { role: 'watcher' } })).rejects.toMatchObject({
      _tag: 'InvalidArgument',
    })
    await expect(
      prepare({}, { record: { role: 'initiator', counter: new Uint8Array(31) } }),
    ).rejects.toMatchObject({ _tag: 'InvalidBytes' })
    expect(await prepare({})).toHaveLength(1)
  })
})

describe('Account', () => {
  test('addresses of BIP-84 and BIP-86 (their test vectors)', () => {
    const { bitcoin } = networks
    const wpkh = Bytes.fromHex('0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c')
    expect(Account.ofKey(bitcoin, wpkh)).toBe(`${bitcoin.id}:bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu`)
    const internal = Bytes.concat(
      Uint8Array.of(2),
      Bytes.fromHex('cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115'),
    )
    expect(Account.ofKey(bitcoin, internal, 'p2tr')).toBe(
      `${bitcoin.id}:bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr`,
    )
  })

  test('A10: an account has one spelling, and only what can be spent', () => {
    const at = (address: string) => `${networks.bitcoin.id}:${address}`
    expect(Account.parse(networks.bitcoin, at('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')).kind).toBe(
      'p2wpkh',
    )
    for (const wrong of [
      'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4',
      'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
      'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7k90yhk2',
      '1BoatSLRHtKNngkdXEeobR76b53LETtpyT',
      'bc1sw50qgdz25j',
      'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
    ])
      expect(() => Account.parse(networks.bitcoin, at(wrong)), wrong).toThrow(
        expect.objectContaining({ _tag: 'UnsupportedAccount' }),
      )
    expect(() => Account.parse(networks.bitcoin, 'x')).toThrow(
      expect.objectContaining({ _tag: 'InvalidAccountId' }),
    )
    expect(() => Account.parse(networks.bitcoin, `${network.id}:bcrt1qqqq`)).toThrow(
      expect.objectContaining({ _tag: 'ForeignNetwork' }),
    )
  })

  test('H27: dust is what nodes call so', () => {
    const dust = (script: Bytes.Bytes) =>
      Account.dust({ ...network, fees: { ...network.fees, dust: 1n } }, script)
    expect(dust(new Uint8Array(22))).toBe(294n)
    expect(dust(new Uint8Array(34))).toBe(330n)
    expect(Account.dust(network, new Uint8Array(22))).toBe(330n)
  })

  test('H15: a seed’s wallet knows its own accounts alone', () => {
    const wallet = createSeedWallet({ network, seed: share(ALICE) })
    const party = wallet.party(NONCE)
    expect(wallet.signer(party.account, NONCE)?.account).toBe(party.account)
    expect(wallet.signer(wallet.funding, NONCE)?.account).toBe(wallet.funding)
    expect(wallet.signer(party.account, new Uint8Array(8))).toBeUndefined()
    expect(wallet.signer(third.account, NONCE)).toBeUndefined()
    expect(
      new Set([
        party.account,
        wallet.funding,
        AccountId.format({ network: network.id, address: AccountId.parse(party.payout).address }),
      ]).size,
    ).toBe(2)
    expect(() =>
      createSeedWallet({ network, seed: SwapSeed.forNetwork(ALICE, networks.bitcoin.id) }),
    ).toThrow(expect.objectContaining({ _tag: 'ForeignNetwork' }))
  })
})
