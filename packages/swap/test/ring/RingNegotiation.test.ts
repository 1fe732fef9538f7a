import { type AitbcError, Bytes, Channel, Codec, type LockTerms, SwapSeed, Verdict } from '@aitbc/core'
import { Agreement, RingAgreement, RingNegotiation, RingPlanner, type Side } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { risk } from '../model/market.js'
import { create, NOW, nonceOf, optionsOf, quoteOf, type Ring, seedOf, sidesOf, tagOf } from './fixtures.js'

const RING = create(['utxo', 'contract', 'contract'])

type Line = (message: number, bytes: Bytes.Bytes) => Bytes.Bytes
type Join = Partial<Parameters<typeof RingNegotiation.join>[1]>

/** All honest; on the line between the leader and one member somebody may change each message. */
async function negotiate(
  ring: Ring,
  change: {
    line?: Line
    on?: number
    lead?: Partial<RingNegotiation.Options>
    join?: (member: number) => Join
  } = {},
) {
  const members = ring.nets.length
  const ends: Channel.Channel[] = []
  const lines = Array.from({ length: members - 1 }, (_, i) => {
    const [left, leftEnd] = Channel.pair()
    const [rightEnd, right] = Channel.pair()
    ends.push(left, leftEnd, rightEnd, right)
    let count = 0
    const relay = async (from: Channel.Channel, to: Channel.Channel) => {
      for (;;) {
        const message = await from.receive()
        count++
        await to.send((i + 1 === (change.on ?? 1) ? change.line?.(count, message) : undefined) ?? message)
      }
    }
    void relay(leftEnd, rightEnd).catch(() => undefined)
    void relay(rightEnd, leftEnd).catch(() => undefined)
    return { left, right }
  })
  const join = async ({ right }: { right: Channel.Channel }, i: number) => {
    try {
      return await RingNegotiation.join(right, {
        ...optionsOf(ring, i + 1),
        accept: () => true,
        ...change.join?.(i + 1),
      })
    } finally {
      // Who is done is gone: nobody may wait for it.
      await right.close()
    }
  }
  const results = await Promise.allSettled([
    RingNegotiation.lead(
      quoteOf(ring),
      lines.map(({ left }) => left),
      { ...optionsOf(ring, 0), ...change.lead },
    ).finally(() => Promise.all(lines.map(({ left }) => left.close()))),
    ...lines.map(join),
  ])
  for (const end of ends) await end.close()
  return results
}

const tagsOf = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((it) =>
    it.status === 'fulfilled'
      ? 'done'
      : tagOf(() => {
          throw it.reason
        }),
  )
const signedOf = (results: readonly PromiseSettledResult<RingNegotiation.Result>[]) =>
  results.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))

describe('honest members', () => {
  it.each([[['utxo', 'contract', 'contract']], [['contract', 'utxo', 'contract', 'utxo']]] as const)(
    'S16 S20: over %j all end with the same signed bytes, in their own places',
    async (kinds) => {
      const ring = create(kinds)
      const results = signedOf(await negotiate(ring))
      expect(results.map(({ member }) => member)).toEqual([...kinds.keys()])
      const bytes = results.map(({ signed }) => Bytes.toHex(RingAgreement.encodeSigned(signed)))
      expect(new Set(bytes).size).toBe(1)
      const { agreement } = (results[0] as RingNegotiation.Result).signed
      const ends = RingPlanner.plan(ring.chains, risk, NOW, { slack: 120n }).deadlines
      expect(agreement.arcs.map(({ deadline }) => deadline)).toEqual(ends)
      for (const [i, { locker, beneficiary }] of agreement.arcs.entries()) {
        expect(agreement.arcs.at(i - 1)?.beneficiary.account.split(':')[2]).toBe(locker.account.split(':')[2])
        expect(beneficiary.account).not.toBe(locker.account)
      }
      for (const { member, margins } of results) {
        const verdict = RingPlanner.audit(agreement, member, ring.chains, risk, NOW)
        expect(verdict).toEqual({ ok: true, value: margins })
      }
    },
  )

  it('one declines, and all know: nobody is left waiting', async () => {
    const results = await negotiate(RING, { join: (member) => ({ accept: () => member !== 2 }) })
    expect(tagsOf(results)).toEqual(['NegotiationRefused', 'NegotiationRefused', 'NegotiationRefused'])
  })

  it('one declines, and what another says later is left for whoever reads its channel next', async () => {
    const [first, one] = Channel.pair()
    const [second, two] = Channel.pair()
    const leading = RingNegotiation.lead(quoteOf(RING), [first, second], optionsOf(RING, 0))
    await Promise.all([one.receive(), two.receive()])
    await one.send(Codec.writer().u8(0).text('no').finish())
    await expect(leading).rejects.toMatchObject({ _tag: 'NegotiationRefused' })
    await two.send(Uint8Array.of(9))
    expect(await second.receive()).toEqual(Uint8Array.of(9))
  })

  it('a member whose account is none, and ends in half a character, leaves no other member waiting', async () => {
    const [first, one] = Channel.pair()
    const [second, two] = Channel.pair()
    const leading = RingNegotiation.lead(quoteOf(RING), [first, second], optionsOf(RING, 0))
    const account = `a${'😀'.repeat(60)}`
    for (const [at, member] of [one, two].entries()) {
      await member.receive()
      const part = Codec.writer()
        .u8(2)
        .fixed(new Uint8Array(32).fill(at + 1))
      for (let i = 0; i < 2; i++) part.text(account).u8(0).text(account)
      await member.send(
        part.text(account.slice(0, 9)).text('contract').u8(0).u8(0).fixed(new Uint8Array(32)).finish(),
      )
    }
    await expect(leading).rejects.toMatchObject({ _tag: 'InvalidAccountId' })
    for (const member of [one, two]) expect((await member.receive())[0]).toBe(0)
  })

  it('a member that says nothing is given up, and the others hear of it', async () => {
    const [first, one] = Channel.pair()
    const [second, two] = Channel.pair()
    const stop = new AbortController()
    const leading = RingNegotiation.lead(quoteOf(RING), [first, second], {
      ...optionsOf(RING, 0),
      signal: stop.signal,
    })
    await Promise.all([one.receive(), two.receive()])
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(leading).rejects.toBe(reason)
    for (const member of [one, two]) expect((await member.receive())[0]).toBe(0)
  })

  it('H15: a hashlock that a member knows; and a member whose policy asks for more', async () => {
    expect(tagsOf(await negotiate(RING, { join: (i) => ({ isKnown: () => i === 1 }) }))[1]).toBe(
      'HashlockReused',
    )
    const careful = { ...risk, offline: risk.offline + 1n }
    const results = await negotiate(RING, { join: (i) => (i === 2 ? { policy: careful } : {}) })
    expect(tagsOf(results)).toEqual(['NegotiationRefused', 'NegotiationRefused', 'UnsafeTerms'])
  })

  it('error: quotes and channels that make no ring, networks that nobody knows', async () => {
    const quote = quoteOf(RING)
    const [end] = Channel.pair()
    const lead = (what: RingNegotiation.Quote, channels: readonly Channel.Channel[], change = {}) =>
      RingNegotiation.lead(what, channels, { ...optionsOf(RING, 0), ...change }).then(
        () => 'done',
        (error) =>
          tagOf(() => {
            throw error
          }),
      )
    expect(await lead(quote, [end])).toBe('InvalidAgreement')
    expect(await lead(quote.slice(1), [end])).toBe('InvalidAgreement')
    const none = quote.map((gift) => ({ ...gift, amount: 0n }))
    expect(await lead(none, [end, end])).toBe('InvalidAmount')
    const [a] = Channel.pair()
    const [b] = Channel.pair()
    expect(await lead(quote, [a, b], { others: [] })).toBe('SideMissing')
  })

  it('error: InvalidArgument (1013) for what a member didn’t bring, by its name; nobody is told or waited for', async () => {
    const [left, right] = Channel.pair()
    const [other] = Channel.pair()
    const all = { ...optionsOf(RING, 0), accept: () => true }
    const named = (argument: string) => ({ _tag: 'InvalidArgument', context: { argument } })
    for (const field of ['seed', 'nonce', 'sides', 'policy', 'now', 'accept'] as const) {
      const some = { ...all, [field]: undefined } as never
      await expect(RingNegotiation.join(left, some)).rejects.toMatchObject(named(`options.${field}`))
      if (field === 'accept') continue
      const leading = RingNegotiation.lead(quoteOf(RING), [left, other], some)
      await expect(leading).rejects.toMatchObject(named(`options.${field}`))
    }
    await expect(RingNegotiation.join(left, undefined as never)).rejects.toMatchObject(named('options.seed'))
    await expect(RingNegotiation.join(undefined as never, all)).rejects.toMatchObject(named('channel.send'))
    await expect(RingNegotiation.lead(quoteOf(RING), undefined as never, all)).rejects.toMatchObject({
      _tag: 'InvalidAgreement',
      context: { argument: 'channels' },
    })
    await left.close()
    await expect(right.receive()).rejects.toMatchObject({ _tag: 'ChannelClosed' })
  })
})

describe('a hostile line, a hostile leader', () => {
  it('S16: whatever bit of whatever message is flipped, nobody signs anything else', async () => {
    const lengths: number[] = []
    const honest = signedOf(
      await negotiate(RING, {
        line: (_, bytes) => {
          lengths.push(bytes.length)
          return bytes
        },
      }),
    )
    expect(lengths.length).toBe(5)
    const wanted = Bytes.toHex(RingAgreement.encode((honest[0] as RingNegotiation.Result).signed.agreement))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.nat(), async (message, at) => {
        const results = await negotiate(RING, {
          line: (count, bytes) => {
            if (count !== message) return bytes
            const flipped = Bytes.copy(bytes)
            const bit = at % (8 * bytes.length)
            flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
            return flipped
          },
        })
        const ended = signedOf(results)
        // What a member brings may differ, if it is what that member then refuses; only the last message tells nothing new to others.
        expect(ended.length).toBeLessThan(3)
        for (const { signed } of ended)
          expect(Bytes.toHex(RingAgreement.encode(signed.agreement))).toBe(wanted)
      }),
      { numRuns: 30 },
    )
  })

  /** A leader that writes its own third message, rightly signed; what member 1 makes of it. */
  async function against(
    change: (honest: RingAgreement.RingAgreement) => RingAgreement.RingAgreement,
    ring: Ring = RING,
    join: Join = {},
  ) {
    const results = await negotiate(ring, {
      join: (member) => (member === 1 ? join : {}),
      line: (count, bytes) => {
        if (count !== 3) return bytes
        const reader = Codec.reader(bytes)
        reader.u8()
        const agreement = change(RingAgreement.decode(reader.bytes()))
        const signature = RingAgreement.sign(agreement, SwapSeed.identity(seedOf(0), nonceOf(0)))
        return Codec.writer().u8(3).bytes(RingAgreement.encode(agreement)).fixed(signature).finish()
      },
    })
    const [, first] = results
    if (first?.status === 'rejected') said.push(first.reason)
    return tagsOf(results)[1]
  }
  /** What member 1 threw, each time. */
  const said: AitbcError[] = []
  const arc = (i: number, of: (terms: LockTerms.LockTerms) => Partial<LockTerms.LockTerms>) =>
    against((agreement) => ({
      ...agreement,
      arcs: agreement.arcs.map((terms, k) => (k === i ? { ...terms, ...of(terms) } : terms)),
    }))
  const later =
    (by: bigint) =>
    ({ deadline }: LockTerms.LockTerms) => ({
      deadline: { ...deadline, value: deadline.value + by },
    })

  it('S16 H20: amounts, payees, lockers, salts, contracts and keys other than offered', async () => {
    const stranger: LockTerms.Party = { account: 'model:arc1:mallory', payout: 'model:arc1:mallory' }
    expect(await against((honest) => honest)).not.toBe('InvalidAgreement')
    expect(await arc(0, ({ amount }) => ({ amount: amount - 1n }))).toBe('InvalidAgreement')
    expect(await arc(1, ({ amount }) => ({ amount: amount + 1n }))).toBe('InvalidAgreement')
    expect(await arc(2, ({ amount }) => ({ amount: amount + 1n }))).toBe('InvalidAgreement')
    expect(
      await arc(0, ({ locker }) => ({ beneficiary: { ...locker, account: 'model:arc0:mallory' } })),
    ).toBe('InvalidAgreement')
    expect(await arc(1, () => ({ locker: stranger }))).toBe('InvalidAgreement')
    expect(await arc(1, () => ({ salt: new Uint8Array(32).fill(0x77) }))).toBe('InvalidAgreement')
    expect(await arc(1, ({ backend }) => ({ backend: { ...backend, address: 'trap' } }))).toBe(
      'InvalidAgreement',
    )
    const key = Agreement.publicKey(new Uint8Array(32).fill(7))
    expect(
      await against(({ members, ...rest }) => ({
        ...rest,
        members: members.map((it, i) => (i === 1 ? key : it)),
      })),
    ).toBe('InvalidAgreement')
    const hashlock = new Uint8Array(32).fill(0x11)
    expect(
      await against(({ arcs, ...rest }) => ({ ...rest, arcs: arcs.map((it) => ({ ...it, hashlock })) })),
    ).toBe('InvalidAgreement')
  })

  it('H20: a contract that this member doesn’t know, in the arc that pays it', async () => {
    const ring = create(['contract', 'contract', 'contract'])
    const trap = (change: Partial<LockTerms.Backend>) =>
      against(
        ({ arcs, ...rest }) => ({
          ...rest,
          arcs: arcs.map((terms, i) =>
            i === 0 ? { ...terms, backend: { ...terms.backend, ...change } } : terms,
          ),
        }),
        ring,
      )
    // The model's adapters know no addresses: that is for this check alone.
    for (const change of [{ address: 'trap' }, { codeHash: new Uint8Array(32).fill(0x66) }]) {
      expect(await trap(change)).toBe('InvalidAgreement')
      expect(said.at(-1)?.context).toMatchObject({ argument: 'backend' })
    }
  })

  it.each([
    ['long', 0],
    ['short', 1],
  ] as const)(
    'H13 H20 H27: a %s leg that its chain’s adapter finds unsound is not signed',
    async (leg, at) => {
      const sides = sidesOf(RING, 1)
      const id = `model:arc${at}` as const
      const side = sides[id] as Side.Side
      const auditTerms = () => Verdict.refuse('dust', 'too little to be locked')
      const unsound = { ...sides, [id]: { ...side, adapter: { ...side.adapter, auditTerms } } }
      expect(await against((honest) => honest, RING, { sides: unsound })).toBe('InvalidAgreement')
      expect(said.at(-1)?.context).toEqual({ argument: `agreement.${leg}`, check: 'dust' })
    },
  )

  it('S20: deadlines a second too close, and in no order', async () => {
    expect(await arc(0, later(-1n))).toBe('UnsafeTerms')
    expect(await arc(2, later(100_000n))).toBe('UnsafeTerms')
    expect(await arc(1, later(-1n))).not.toBe('UnsafeTerms')
  })

  it('S8 S20: a leader that takes its time has its deadlines judged by what the clock shows by then', async () => {
    let clock = NOW
    const results = await negotiate(RING, {
      line: (message, bytes) => {
        if (message === 3) clock += 121n
        return bytes
      },
      join: (member) => (member === 1 ? { now: () => clock } : {}),
    })
    expect(tagsOf(results)[1]).toBe('UnsafeTerms')
  })

  it('L1: what goes by while all talk, and what their clocks differ by, keeps nobody from agreeing', async () => {
    let clock = NOW
    const now = () => clock++
    expect(tagsOf(await negotiate(RING, { lead: { now }, join: () => ({ now }) }))).toEqual([
      'done',
      'done',
      'done',
    ])
  })

  it('a signature under another agreement, and one that is missing at the end', async () => {
    const third = await negotiate(RING, {
      line: (count, bytes) => {
        if (count !== 3) return bytes
        const forged = Bytes.copy(bytes)
        forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
        return forged
      },
    })
    expect(tagsOf(third)[1]).toBe('InvalidSignature')
    const last = await negotiate(RING, {
      line: (count, bytes) =>
        count === 5
          ? Codec.writer()
              .u8(5)
              .list([bytes.slice(5, 69)], (writer, it) => writer.fixed(it))
              .finish()
          : bytes,
    })
    expect(tagsOf(last)).toEqual(['done', 'InvalidSignature', 'done'])
  })
})
