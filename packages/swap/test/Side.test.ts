import { CoreErrors, type Fact, type Lock, type Spend, Verdict, type Verifier } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { establish } from '@aitbc/core/verifier'
import { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { EPOCH, LONG, network, SECRET, SHORT } from './model/fixtures.js'
import { ALICE, create, sides } from './model/market.js'
import * as Process from './model/process.js'

const market = create({ long: 'utxo', short: 'contract' })
const { agreement } = Process.agreed(market).signed
const base = Side.of(sides(market, ALICE), SHORT)
const tip: Fact.Tip = { height: 10n, hash: 'ten', time: EPOCH, clock: EPOCH }
const lock: Lock = { ref: 'ref', transaction: 'tx', amount: agreement.short.amount, match: 'exact' }
const found = <T>(value: T, height: bigint) =>
  ({
    is: 'found',
    fact: {
      value,
      assurance: 'reported',
      at: { height, hash: `h${height}` },
      depth: tip.height - height + 1n,
      asOf: tip,
    },
  }) as const satisfies Fact.Read<T>
const absent = {
  is: 'absent',
  fact: { value: null, assurance: 'reported', at: tip, depth: 1n, asOf: tip },
} as const satisfies Fact.Read<never>
const unknown = { is: 'unknown', why: { check: 'pruned', message: 'the node forgot' } } as const

/** A side whose adapter answers what a test says. */
function side(
  locks: readonly Fact.Read<Lock>[],
  spend: Awaited<ReturnType<Side.Side['adapter']['findSpend']>> = absent,
  verifier?: Verifier,
): Side.Side {
  const { verifier: _, ...rest } = base
  return {
    ...rest,
    ...(verifier === undefined ? {} : { verifier }),
    adapter: {
      ...base.adapter,
      tip: async () => ({ value: tip, assurance: 'reported', at: tip, depth: 1n, asOf: tip }),
      findLocks: async () => locks,
      findSpend: async () => spend,
      prove: async () => ({ network: SHORT, format: 'x', bytes: new Uint8Array(0) }),
    },
  }
}

const look = async (one: Side.Side, options: Parameters<typeof Side.look>[3] = {}) =>
  (await Side.look(one, 'short', agreement.short, options)).event

/** Proves the lock as of a tip of its own. */
const proves = (height: bigint, value: Partial<Lock> = {}) => {
  let asked = 0
  const verifier: Verifier = {
    network: SHORT,
    verify: (claim, evidence) => {
      asked++
      const at = { height: 5n, hash: 'h5' }
      const asOf = { ...tip, height }
      const anchor = { ...at, network: SHORT, assurance: 'proved' } as const
      return Verdict.accept(
        establish({
          value: claim.kind === 'lock' ? { ...claim.lock, ...value } : claim.spend,
          ...{ assurance: 'proved', at, asOf, anchor, evidence },
        }),
      ) as never
    },
  }
  return { verifier, asked: () => asked }
}

describe('look', () => {
  it('default: what is there, how deep, how well known, and the chain’s own clock', async () => {
    const now = { network: SHORT, clock: 'unix', value: EPOCH }
    expect(await look(side([absent]))).toEqual({ is: 'seen', leg: 'short', locks: [], now })
    expect(await look(side([found(lock, 10n)]))).toEqual({
      is: 'seen',
      leg: 'short',
      locks: [{ lock, depth: 1n, final: false, assurance: 'reported' }],
      now,
    })
    const spend = found({ kind: 'claim', transaction: 'c', secret: SECRET } as const, 9n)
    expect(await look(side([found(lock, 5n)], spend))).toMatchObject({
      locks: [{ final: true, spend: { depth: 2n, final: true, spend: { kind: 'claim' } } }],
    })
  })

  it('S12: a proof is asked for once a lock and block, where it is wanted and the lock is final', async () => {
    const { verifier, asked } = proves(10n)
    const checked: Side.Checked = new Map()
    for (let i = 0; i < 3; i++)
      expect(await look(side([found(lock, 5n)], absent, verifier), { prove: true, checked })).toMatchObject({
        is: 'seen',
        locks: [{ assurance: 'proved' }],
      })
    expect(asked()).toBe(1)
    await look(side([found(lock, 10n)], absent, verifier), { prove: true, checked })
    await look(side([found(lock, 5n)], absent, verifier))
    await look(side([found({ ...lock, match: 'under' }, 5n)], absent, verifier), { prove: true })
    expect(asked()).toBe(1)
    // Another block is another proof.
    await look(side([found(lock, 4n)], absent, verifier), { prove: true, checked })
    expect(asked()).toBe(2)
  })

  it('S12: a proof whose own chain is not that far yet counts for nothing, and is asked for again', async () => {
    const { verifier, asked } = proves(5n)
    const checked: Side.Checked = new Map()
    for (let i = 0; i < 2; i++)
      expect(await look(side([found(lock, 5n)], absent, verifier), { prove: true, checked })).toMatchObject({
        is: 'seen',
        locks: [{ final: true, assurance: 'reported' }],
      })
    expect(asked()).toBe(2)
  })

  it.each([
    ['another amount', { amount: 1n }],
    ['another lock', { ref: 'other' }],
    ['another match', { match: 'late' } as const],
  ])(
    'H29: evidence for %s is a doubt, and so is one that is refused: both are told all the same',
    async (_, value) => {
      const refusing: Verifier = { network: SHORT, verify: () => Verdict.refuse('merkle-root', 'no') }
      for (const verifier of [proves(10n, value).verifier, refusing])
        expect(await look(side([found(lock, 5n)], absent, verifier), { prove: true })).toMatchObject({
          is: 'unreadable',
          why: expect.stringContaining('evidence'),
          told: { locks: [{ lock, assurance: 'reported' }] },
        })
    },
  )

  describe('what ended a lock', () => {
    const refund = { kind: 'refund', transaction: 'r' } as const
    const claim = { kind: 'claim', transaction: 'c', secret: SECRET } as const
    const ended = (spend: Spend, height = 9n) => found(spend, height)
    const spendIn = async (one: Side.Side, options: Parameters<typeof Side.look>[3] = {}) => {
      const event = await look(one, options)
      if (event.is !== 'seen') throw new Error(`the leg is ${event.is}`)
      return event.locks[0]?.spend
    }

    it('S12: is proved once a spend and block, on both legs, as soon as it is final', async () => {
      const { verifier, asked } = proves(10n)
      const checked: Side.Checked = new Map()
      for (const prove of [true, false, true])
        expect(await spendIn(side([found(lock, 5n)], ended(refund), verifier), { prove, checked })).toEqual({
          ...{ spend: refund, depth: 2n, final: true, assurance: 'proved' },
        })
      expect(asked()).toBe(1)
      const fresh = await spendIn(side([found(lock, 5n)], ended(refund, 10n), verifier), { checked })
      expect(fresh).toMatchObject({ final: false, assurance: 'reported' })
      expect(asked()).toBe(1)
      // Another block, another transaction or another kind is another proof.
      await spendIn(side([found(lock, 5n)], ended(refund, 8n), verifier), { checked })
      await spendIn(side([found(lock, 5n)], ended({ ...refund, transaction: 's' }), verifier), { checked })
      await spendIn(side([found(lock, 5n)], ended({ ...claim, transaction: 'r' }), verifier), { checked })
      expect(asked()).toBe(4)
    })

    it('S12: a refund of dust ends nothing, and is not asked about; a claim of it pays', async () => {
      const { verifier, asked } = proves(10n)
      const dust = { ...lock, amount: 1n, match: 'under' } as const
      expect(await spendIn(side([found(dust, 5n)], ended(refund), verifier))).toMatchObject({
        assurance: 'reported',
      })
      expect(asked()).toBe(0)
      expect(await spendIn(side([found(dust, 5n)], ended(claim), verifier))).toMatchObject({
        assurance: 'proved',
      })
    })

    it('S12: a verifier that knows less than the endpoints agree upon takes nothing from that', async () => {
      const { verifier } = proves(10n)
      const less: Verifier = {
        ...verifier,
        verify: (c, e) => {
          const verdict = verifier.verify(c, e)
          return verdict.ok
            ? Verdict.accept(establish({ ...verdict.value, assurance: 'reported', evidence: e } as never))
            : verdict
        },
      }
      const read = ended(refund)
      const agreed = { ...read, fact: { ...read.fact, assurance: 'quorum' } } as const
      expect(await spendIn(side([found(lock, 5n)], agreed, less))).toMatchObject({ assurance: 'quorum' })
      expect(await spendIn(side([found(lock, 5n)], agreed, verifier))).toMatchObject({ assurance: 'proved' })
    })

    it('H29: without evidence it is what the endpoint reports, with the reason, and the leg is seen all the same', async () => {
      const known = { spend: refund, depth: 2n, final: true, assurance: 'reported' } as const
      const refusing: Verifier = { network: SHORT, verify: () => Verdict.refuse('state-root', 'no') }
      expect(await spendIn(side([found(lock, 5n)], ended(refund), refusing))).toEqual({
        ...known,
        doubt: 'evidence refused by state-root: no',
      })
      const { verifier } = proves(10n)
      const lying: Verifier = {
        ...verifier,
        verify: (c, e) => verifier.verify({ ...c, spend: claim } as never, e),
      }
      expect(await spendIn(side([found(lock, 5n)], ended(refund), lying))).toEqual({
        ...known,
        doubt: 'evidence is for a claim, the endpoint told a refund',
      })
      for (const error of [
        new TypeError('undefined is not a function'),
        CoreErrors.RpcUnreachable('no answer'),
      ]) {
        const base = side([found(lock, 5n)], ended(refund), verifier)
        const silent = { ...base, adapter: { ...base.adapter, prove: () => Promise.reject(error) } }
        expect(await spendIn(silent)).toEqual({ ...known, doubt: `no evidence: ${error.message}` })
      }
      // A light client that isn't that far yet proves nothing.
      expect(await spendIn(side([found(lock, 5n)], ended(refund), proves(5n).verifier))).toEqual(known)
      expect(await spendIn(side([found(lock, 5n)], ended(refund)))).toEqual(known)
    })
  })

  it('L3 H4: of thousands of small locks that somebody paid into a script the largest few are looked at, the agreed one among them', async () => {
    const dust = Array.from({ length: 2000 }, (_, i) =>
      found({ ...lock, ref: `d:${i}`, amount: BigInt(1 + (i % 7)), match: 'under' } as const, 5n),
    )
    let asked = 0
    const one = side([...dust, found(lock, 5n)])
    const findSpend: typeof one.adapter.findSpend = async () => {
      asked++
      return absent
    }
    const event = await look({ ...one, adapter: { ...one.adapter, findSpend } })
    expect(asked).toBeLessThan(100)
    expect(event).toMatchObject({
      is: 'seen',
      locks: expect.arrayContaining([expect.objectContaining({ lock })]),
    })
  })

  it('S6 H29: however many larger ones one of several endpoints makes up, the agreed lock is looked at', async () => {
    const made = Array.from({ length: 64 }, (_, i) =>
      found({ ...lock, ref: `m:${i}`, amount: lock.amount + 1n, match: 'over' } as const, 5n),
    )
    expect(await look(side([...made, found(lock, 5n)]))).toMatchObject({
      is: 'seen',
      locks: expect.arrayContaining([expect.objectContaining({ lock })]),
    })
  })

  it('H29: what an endpoint can’t tell is a doubt; what it could is told', async () => {
    expect(await look(side([found(lock, 5n), unknown]))).toMatchObject({
      is: 'unreadable',
      why: 'the node forgot',
      told: { locks: [{ lock }] },
    })
    expect(await look(side([found(lock, 5n)], unknown))).toMatchObject({
      is: 'unreadable',
      why: 'the node forgot',
      told: { locks: [{ lock }] },
    })
  })

  it('H25: by what a chain that is up to date can’t lag, an old block is behind', async () => {
    const { lag } = base.adapter.network.timing.standard
    const at = (utc: bigint) => look(side([found(lock, 5n)]), { utc })
    expect(await at(EPOCH + lag)).not.toHaveProperty('behind')
    expect(await at(EPOCH + lag + 7n)).toMatchObject({ is: 'seen', behind: 7n })
    expect(await look(side([found(lock, 5n)]))).not.toHaveProperty('behind')
  })

  it('H25: a clock beyond the chain’s lead or lag and ten minutes is a doubt, one within is none', async () => {
    // However long halts are planned for: an old block is no halt.
    const profile = base.adapter.network
    const conservative = { ...profile.timing.conservative, outage: 21_600n }
    const halting = { ...profile, timing: { ...profile.timing, conservative } }
    const { lead, lag } = conservative
    const one = side([found(lock, 5n)])
    const at = (utc: bigint) => look({ ...one, adapter: { ...one.adapter, network: halting } }, { utc })
    expect(await at(EPOCH + lag + 600n)).toMatchObject({ is: 'seen' })
    expect(await at(EPOCH - lead - 600n)).toMatchObject({ is: 'seen' })
    expect(await at(EPOCH + lag + 601n)).toMatchObject({
      is: 'unreadable',
      why: expect.stringContaining('behind'),
      told: { locks: [{ lock }] },
    })
    expect(await at(EPOCH - lead - 601n)).toMatchObject({
      is: 'unreadable',
      why: expect.stringContaining('ahead'),
    })
  })
})

describe('isFinal', () => {
  const at = (height: bigint, finalized?: bigint) => ({
    at: { height, hash: 'x' },
    depth: 10n - height + 1n,
    asOf: finalized === undefined ? tip : { ...tip, finalized: { height: finalized, hash: 'f' } },
  })
  const mempool = { at: 'mempool', depth: 0n, asOf: tip } as const

  it('S12: by depth, by tag, at once; never in the mempool', () => {
    const deep = network(LONG, 'utxo', {}, 3n)
    expect([8n, 9n].map((height) => Side.isFinal(deep, at(height)))).toEqual([true, false])
    expect([7n, 8n].map((height) => Side.isFinal(networks.ethereum, at(height, 7n)))).toEqual([true, false])
    expect(Side.isFinal(networks.ethereum, at(1n))).toBe(false)
    const instant = { ...deep, finality: { rule: 'instant' } } as const
    expect(Side.isFinal(instant, at(10n))).toBe(true)
    for (const one of [deep, networks.ethereum, instant]) expect(Side.isFinal(one, mempool)).toBe(false)
  })
})

describe('of and signerOf', () => {
  it('error: SideMissing (4009) for another network and for names that every object has, SignerMissing (4010)', () => {
    const all = sides(market, ALICE)
    for (const id of ['eip155:1', 'toString', '__proto__'] as const)
      expect(() => Side.of(all, id as 'eip155:1')).toThrow(
        expect.objectContaining({ _tag: 'SideMissing', code: 4009 }),
      )
    expect(() => Side.signerOf(base, `${SHORT}:mallory`, new Uint8Array(8))).toThrow(
      expect.objectContaining({ _tag: 'SignerMissing', code: 4010 }),
    )
  })
})
