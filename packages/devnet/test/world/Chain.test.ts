import { Bytes, Hashlock } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { describe, expect, test } from 'vitest'
import { Chain, type FamilyName, families, Ledger, Random } from '../../src/world/index.js'
import * as Clockwork from '../../src/world/sim/Clockwork.js'

const NETWORKS = {
  bitcoin: networks.bitcoinRegtest,
  evm: networks.evmLocal,
  solana: networks.solanaLocal,
  cosmos: networks.cosmosLocal,
  polkadot: networks.polkadotLocal,
} as const

const EPOCH = 1_900_000_000

const create = (name: FamilyName, funds: Readonly<Record<string, bigint>> = { alice: 10n ** 18n }) =>
  Chain.create(NETWORKS[name], families[name], BigInt(EPOCH), funds)

/** A payment of coins, with what is left over for its sender. */
function coins(
  chain: Chain.Chain,
  id: string,
  slot: string,
  options: { readonly fee?: bigint; readonly size?: bigint; readonly amount?: bigint } = {},
): Ledger.Tx {
  const { fee = 1000n, size = 200n, amount = 1n } = options
  const waiting = chain.mempool.find(({ tx }) => slot === `${tx.id}:1`)?.tx
  const sum = Chain.tip(chain).ledger.coins.get(slot)?.amount ?? waiting?.change ?? 0n
  return {
    ...{ id, network: chain.network.id, from: 'alice', slots: [slot], fee, size },
    rate: (fee * 1000n) / size,
    does: { is: 'transfer', to: 'bob', asset: '', amount },
    change: sum - amount - fee,
  }
}

/** A payment from an account. */
function payment(
  chain: Chain.Chain,
  nonce: number,
  rate: bigint,
  change: Partial<Ledger.Tx> = {},
): Ledger.Tx {
  const { feeOf, counted } = chain.family
  return {
    ...{ id: `${nonce} at ${rate}`, network: chain.network.id, from: 'alice', rate, size: 21_000n },
    ...{ slots: [`alice/${nonce}`], fee: feeOf(rate, 21_000n) },
    does: { is: 'transfer', to: 'bob', asset: '', amount: 5n },
    ...(counted ? { nonce } : {}),
    ...change,
  }
}

const firstCoin = (chain: Chain.Chain) => [...Chain.tip(chain).ledger.coins.keys()][0] as string
const says = (chain: Chain.Chain, tx: Ledger.Tx) => Chain.accept(chain, tx).is
const balance = (chain: Chain.Chain, who: string) =>
  Ledger.balance(Chain.tip(chain).ledger, chain.family.kind, who)

describe('bitcoin', () => {
  test('H6: a replacement pays more than all that it evicts, and for its own relay (BIP-125, rules 3 and 4)', () => {
    const chain = create('bitcoin')
    const slot = firstCoin(chain)
    expect(says(chain, coins(chain, 'first', slot, { fee: 1000n }))).toBe('taken')
    expect(says(chain, coins(chain, 'child', 'first:1', { fee: 5000n }))).toBe('taken')
    // Dearer than the first one, and still less than both.
    expect(says(chain, coins(chain, 'second', slot, { fee: 5900n }))).toBe('outbid')
    expect(says(chain, coins(chain, 'third', slot, { fee: 6200n }))).toBe('taken')
    expect(chain.mempool.map(({ tx }) => tx.id)).toEqual(['third'])
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(1n)
    expect(says(chain, coins(chain, 'fourth', slot, { fee: 9000n }))).toBe('used')
  })

  test('H6: a large one at a low rate pins what would take its place', () => {
    const chain = create('bitcoin')
    const slot = firstCoin(chain)
    expect(says(chain, coins(chain, 'pin', slot, { fee: 100_000n, size: 100_000n }))).toBe('taken')
    expect(says(chain, coins(chain, 'better', slot, { fee: 90_000n }))).toBe('outbid')
    expect(says(chain, coins(chain, 'dear', slot, { fee: 100_300n }))).toBe('taken')
  })

  test('H6: no more than 25 wait in a line', () => {
    const chain = create('bitcoin')
    let slot = firstCoin(chain)
    for (let i = 0; i < 25; i++) {
      expect(says(chain, coins(chain, `tx${i}`, slot)), String(i)).toBe('taken')
      slot = `tx${i}:1`
    }
    expect(says(chain, coins(chain, 'one too many', slot))).toBe('too-long')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(25n)
  })

  test('H6: nothing takes the place of more than 100 others, whatever it pays (BIP-125, rule 5)', () => {
    const chain = create('bitcoin')
    const { ledger } = Chain.tip(chain)
    for (let i = 0; i < 4; i++) Chain.grant(ledger, 'coins', 'alice', 10n ** 18n)
    const roots = [...ledger.coins.keys()]
    expect(roots).toHaveLength(5)
    const line = (root: string, of: number) => {
      let slot = root
      for (let i = 0; i < 25; i++) {
        expect(says(chain, coins(chain, `${of}/${i}`, slot)), `${of}/${i}`).toBe('taken')
        slot = `${of}/${i}:1`
      }
    }
    for (const [of, root] of roots.slice(0, 4).entries()) line(root, of)
    const all: Ledger.Tx = { ...coins(chain, 'all', roots[0] as string, { fee: 10n ** 9n }), slots: roots }
    expect(says(chain, coins(chain, 'one more', roots[4] as string))).toBe('taken')
    expect(says(chain, all)).toBe('outbid')
    expect(chain.mempool).toHaveLength(101)
    expect(says(chain, { ...all, slots: roots.slice(0, 4) })).toBe('taken')
    expect(chain.mempool.map(({ tx: { id } }) => id)).toEqual(['one more', 'all'])
  })

  test('H8: a child pays for its parent (CPFP)', () => {
    const chain = create('bitcoin')
    chain.demand = 20_000n
    expect(says(chain, coins(chain, 'parent', firstCoin(chain), { fee: 400n }))).toBe('taken')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(0n)
    expect(says(chain, coins(chain, 'child', 'parent:1', { fee: 20_000n }))).toBe('taken')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(2n)
  })

  test('H17: what is not final by the median of eleven times isn’t even relayed', () => {
    const chain = create('bitcoin')
    for (let i = 0; i < 12; i++) Chain.mine(chain)
    const { time, clock } = Chain.tip(chain)
    expect(time - clock).toBe(3000n)
    const tx = { ...coins(chain, 'refund', firstCoin(chain)), validFrom: time }
    expect(says(chain, tx)).toBe('not-final')
    for (let i = 0; i < 5; i++) Chain.mine(chain)
    expect(says(chain, tx)).toBe('taken')
    // Runs of blocks have the same times as blocks one by one.
    Chain.mine(chain, { span: 20n })
    expect(Chain.tip(chain).time - Chain.tip(chain).clock).toBe(3000n)
  })
})

describe('evm', () => {
  test('H8: the base fee moves by an eighth a block; what is below it waits, and a replacement pays an eighth more', () => {
    const chain = create('evm', { alice: 10n ** 18n })
    const calm = chain.floor
    chain.demand = calm * 2n
    Chain.mine(chain)
    expect(chain.floor).toBe(calm + calm / 8n + 1n)
    Chain.mine(chain, { span: 10n })
    expect(chain.floor).toBe(calm * 2n)
    expect(says(chain, payment(chain, 0, calm))).toBe('taken')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(0n)
    expect(says(chain, payment(chain, 0, calm + 1n))).toBe('outbid')
    expect(says(chain, payment(chain, 0, calm * 4n))).toBe('taken')
    const { txs } = Chain.mine(chain)
    expect(txs).toHaveLength(1)
    // Charged is the base fee and an eighth, and not all that was offered.
    expect(balance(chain, 'alice')).toBe(10n ** 18n - 5n - 21_000n * (calm * 2n + calm / 4n))
  })

  test('numbers are taken in turn: after a gap nothing is included', () => {
    const chain = create('evm', { alice: 10n ** 18n })
    const rate = chain.floor * 2n
    expect(says(chain, payment(chain, 1, rate))).toBe('taken')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(0n)
    expect(says(chain, payment(chain, 0, rate))).toBe('taken')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(10n)
    expect(says(chain, payment(chain, 1, rate * 2n))).toBe('used')
  })
})

describe('solana', () => {
  test('H9: a transaction dies with its blockhash, and is executed once', () => {
    const chain = create('solana')
    const rate = chain.floor
    const lastHeight = Chain.tip(chain).height + 150n
    const tx = payment(chain, 0, rate, { lastHeight })
    expect(says(chain, tx)).toBe('taken')
    Chain.mine(chain, { without: () => true, span: 149n })
    expect(chain.mempool).toHaveLength(1)
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(5n)
    expect(says(chain, tx)).toBe('known')
    const late = payment(chain, 1, rate, { lastHeight })
    expect(says(chain, late)).toBe('expired')
  })

  test('H18: what would fail is refused by simulation, and a claim is not simulated', () => {
    const chain = create('solana')
    const refund = { is: 'refund', ref: 'none', key: 'none' } as const
    expect(says(chain, payment(chain, 0, chain.floor, { does: refund }))).toBe('fails')
    const claim = { is: 'claim', ref: 'none', key: 'none', secret: 'ab' } as const
    expect(says(chain, payment(chain, 1, chain.floor, { does: claim }))).toBe('taken')
    // A call that fails is included, and costs its fee.
    Chain.mine(chain)
    expect(Chain.tip(chain).ledger.included.get(`1 at ${chain.floor}`)).toMatchObject({ ok: false })
    expect(balance(chain, 'alice')).toBeLessThan(10n ** 18n)
  })
})

describe('cosmos', () => {
  test('a mempool keeps the first of two with one sequence, until it forgets it or fees rise above it', () => {
    const chain = create('cosmos')
    const rate = chain.floor
    expect(says(chain, payment(chain, 0, rate))).toBe('taken')
    expect(says(chain, payment(chain, 0, rate * 10n))).toBe('sequence')
    expect(says(chain, payment(chain, 2, rate))).toBe('sequence')
    chain.demand = rate * 5n
    Chain.mine(chain)
    expect(chain.mempool).toEqual([])
    expect(says(chain, payment(chain, 0, rate * 10n))).toBe('taken')
    Chain.mine(chain)
    expect(balance(chain, 'bob')).toBe(5n)
    expect(chain.finalized).toBe(Chain.tip(chain).height)
  })
})

describe('polkadot', () => {
  test('finality lags, and never goes back', () => {
    const network = { ...networks.polkadotHub }
    const chain = Chain.create(network, families.polkadot, 1_900_000_000n)
    Chain.mine(chain, { span: 10n })
    expect(chain.finalized).toBe(6n)
    chain.lag = 9n
    Chain.mine(chain)
    expect(chain.finalized).toBe(6n)
    Chain.mine(chain, { span: 8n })
    expect(chain.finalized).toBe(10n)
  })
})

const ACCOUNTS = ['evm', 'solana', 'cosmos', 'polkadot'] as const
const SECRET = new Uint8Array(32).fill(7)
/** Nobody is kept waiting, and nobody goes first. */
const RULES: Clockwork.Rules = { isHonest: () => true, delay: () => 0 }

/** A chain that lives by UTC, with a lock of Alice's for Bob that ends in ten hours. */
function locked(name: (typeof ACCOUNTS)[number]) {
  const chain = create(name, { alice: 10n ** 18n, bob: 10n ** 18n })
  const track = Clockwork.track(chain, Random.of('1'), EPOCH)
  const deadline = EPOCH + 36_000
  const script: Ledger.Script = {
    ...{ key: 'lock', terms: '', asset: '', amount: 5n, deadline: BigInt(deadline) },
    ...{ hashlock: Bytes.toHex(Hashlock.of(SECRET)), locker: 'alice', beneficiary: 'bob' },
  }
  const of = (from: string, nonce: number, does: Ledger.Does): Ledger.Tx =>
    payment(chain, nonce, chain.floor * 2n, { id: does.is, from, slots: [`${from}/${nonce}`], does })
  const at = { ref: 'lock', key: 'lock' }
  const live = (utc: number) => Clockwork.produce(track, RULES, utc, () => false)
  expect(says(chain, of('alice', 0, { is: 'lock', script, amount: 5n }))).toBe('taken')
  live(EPOCH + 60)
  expect(Chain.tip(chain).ledger.locks.get('lock')).toMatchObject({ by: 'alice', late: false })
  return {
    ...{ chain, track, deadline, live },
    claim: of('bob', 0, { is: 'claim', ...at, secret: Bytes.toHex(SECRET) }),
    refund: of('alice', 1, { is: 'refund', ...at }),
    /** What became of a transaction in the block that has it. */
    went: ({ id }: Ledger.Tx) => Chain.tip(chain).ledger.included.get(id)?.ok,
    spent: () => Chain.tip(chain).ledger.locks.get('lock')?.spend?.is,
  }
}

describe('clocks', () => {
  for (const name of ACCOUNTS) {
    const { lead, lag } = NETWORKS[name].timing.conservative

    for (const off of [Number(lead), -Number(lag)])
      test(`S4, H16: ${name}: a lock ends by the chain's own clock, which is off by ${off} s, and not by UTC`, () => {
        const open = locked(name)
        open.track.skew = off
        open.live(open.deadline - off - 30)
        const { clock } = Chain.tip(open.chain)
        expect(BigInt(open.deadline) - clock).toBeGreaterThan(0n)
        if (name === 'solana') expect(says(open.chain, open.refund)).toBe('fails')
        // The last second of the lock, wherever UTC is.
        const early = Chain.copy(open.chain)
        Chain.accept(early, open.claim)
        Chain.mine(early, { time: BigInt(open.deadline - 1) })
        expect(Chain.tip(early).ledger.locks.get('lock')?.spend).toMatchObject({
          is: 'claim',
          clock: BigInt(open.deadline - 1),
        })

        open.live(open.deadline - off + 30)
        expect(Chain.tip(open.chain).clock).toBeGreaterThanOrEqual(BigInt(open.deadline))
        expect(says(open.chain, open.claim)).toBe('taken')
        open.live(open.deadline - off + 60)
        expect([open.went(open.claim), open.spent()]).toEqual([false, undefined])
        expect(says(open.chain, open.refund)).toBe('taken')
        open.live(open.deadline - off + 120)
        expect([open.went(open.refund), open.spent()]).toEqual([true, 'refund'])
      })

    test(`H16: ${name}: a clock that was ahead never goes back: it waits for UTC`, () => {
      const { chain, track, live } = locked(name)
      track.skew = 600
      live(EPOCH + 120)
      const ahead = Chain.tip(chain)
      track.skew = 0
      live(EPOCH + 180)
      const after = Chain.tip(chain)
      expect(after.height).toBeGreaterThan(ahead.height)
      const waited = after.clock - ahead.clock
      // Only Solana's blocks may have one time; blocks of all others are a second apart at least.
      expect(waited).toBe(name === 'solana' ? 0n : 1n)
      live(EPOCH + 1800)
      const { clock } = Chain.tip(chain)
      expect(clock).toBeGreaterThan(BigInt(EPOCH + 1800) - chain.network.blockTimeMs / 1000n - 1n)
      expect(clock).toBeLessThanOrEqual(BigInt(EPOCH + 1800))
    })

    test(`S4: ${name}: a chain that halts while a deadline passes includes nothing, and its blocks never come; then the lock is over, or a block late`, () => {
      const { chain, track, deadline, live, claim, refund, went, spent } = locked(name)
      live(deadline - 60)
      const before = Chain.tip(chain)
      const resumes = deadline + 3600
      track.haltedUntil = resumes
      expect(says(chain, claim)).toBe('taken')
      for (const utc of [deadline - 30, deadline, resumes - 1]) live(utc)
      expect(Chain.tip(chain)).toBe(before)
      expect(chain.mempool).toHaveLength(1)
      expect(Clockwork.next(track, RULES, resumes - 1, [])).toBe(resumes)
      live(resumes)
      const first = Chain.tip(chain)
      expect(first.height).toBe(before.height + 1n)
      if (chain.family.stale) {
        // Its time is of before the halt, and so it still has the claim; the next one's isn't.
        expect(first.clock).toBeGreaterThanOrEqual(before.clock)
        expect(first.clock).toBeLessThan(BigInt(deadline))
        expect([went(claim), spent()]).toEqual([true, 'claim'])
        live(resumes + 60)
        expect(Chain.tip(chain).clock).toBeGreaterThanOrEqual(BigInt(resumes))
        return
      }
      expect(first.clock).toBe(BigInt(resumes))
      expect([went(claim), spent()]).toEqual([false, undefined])
      if (chain.network.finality.rule === 'instant') expect(chain.finalized).toBe(before.height + 1n)
      expect(says(chain, refund)).toBe('taken')
      live(resumes + 60)
      expect([went(refund), spent()]).toEqual([true, 'refund'])
    })
  }
})

describe('branches', () => {
  for (const name of Object.keys(families) as FamilyName[])
    test(`S1, H9: ${name}: what a reorganisation undoes waits again, or is forgotten; nothing is made or lost`, () => {
      const chain = create(name)
      Chain.mine(chain, { span: 20n })
      const below = Chain.at(chain, 15n)
      const tx =
        chain.family.kind === 'coins'
          ? coins(chain, 'paid', firstCoin(chain), { amount: 5n })
          : payment(chain, 0, chain.floor * 2n)
      expect(says(chain, tx)).toBe('taken')
      Chain.mine(chain)
      const gone = Chain.tip(chain)
      expect(balance(chain, 'bob')).toBe(5n)
      Chain.reorganise(chain, 4n)
      expect(Chain.tip(chain)).toMatchObject({ height: gone.height, time: gone.time })
      expect(Chain.tip(chain).hash).not.toBe(gone.hash)
      // Below the fork everything is as it was.
      expect(Chain.at(chain, 15n)).toMatchObject({ hash: below?.hash, time: below?.time })
      expect(balance(chain, 'bob')).toBe(0n)
      expect(chain.mempool.map(({ tx: { id } }) => id)).toEqual([tx.id])
      Chain.mine(chain)
      expect(balance(chain, 'bob')).toBe(5n)
      Chain.reorganise(chain, 1n, { drop: () => true })
      expect(chain.mempool).toEqual([])
      expect(balance(chain, 'bob')).toBe(0n)
      const { ledger } = Chain.tip(chain)
      expect(Ledger.total(ledger)).toBe(ledger.minted)
    })
})
