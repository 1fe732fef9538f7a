import { Bytes, Channel, Codec, CoreErrors, Hashlock, isAitbcError, SwapSeed } from '@aitbc/core'
import { Agreement, Negotiation, Planner, type Policy, Side } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOCH, LONG, pairs, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, type Name, nonces, quote, risk, seeds, sides } from './model/market.js'

const market = create({ long: 'utxo', short: 'contract' })
const NOW = EPOCH + 5n

const options = (name: Name, channel: Channel.Channel, change: Partial<Negotiation.Options> = {}) => ({
  channel,
  seed: seeds[name],
  nonce: nonces[name],
  sides: sides(market, name),
  policy: risk,
  now: NOW,
  ...change,
})

interface Settled {
  readonly alice: PromiseSettledResult<Negotiation.Result>
  readonly bob: PromiseSettledResult<Negotiation.Result>
}

/** Both honest, over a line on which somebody may change each message: `(number of the message, bytes) → bytes`. */
async function negotiate(
  change: {
    readonly line?: (message: number, bytes: Bytes.Bytes) => Bytes.Bytes
    readonly alice?: Partial<Negotiation.Options>
    readonly bob?: Partial<Parameters<typeof Negotiation.follow>[0]>
    readonly slack?: bigint
  } = {},
): Promise<Settled> {
  const [left, leftEnd] = Channel.pair()
  const [rightEnd, right] = Channel.pair()
  let count = 0
  const relay = async (from: Channel.Channel, to: Channel.Channel) => {
    for (;;) {
      const message = await from.receive()
      count++
      await to.send(change.line?.(count, message) ?? message)
    }
  }
  const relays = [relay(leftEnd, rightEnd), relay(rightEnd, leftEnd)].map((one) => one.catch(() => undefined))
  const slack = change.slack === undefined ? {} : { slack: change.slack }
  const [alice, bob] = await Promise.allSettled([
    Negotiation.initiate(quote(market), { ...options(ALICE, left, change.alice), ...slack }),
    Negotiation.follow({ ...options(BOB, right), accept: () => true, ...change.bob }),
  ])
  for (const end of [left, leftEnd, rightEnd, right]) await end.close()
  await Promise.all(relays)
  return { alice, bob }
}

const reasonOf = (result: PromiseSettledResult<unknown>): unknown =>
  result.status === 'rejected' ? result.reason : undefined
const tagOf = (result: PromiseSettledResult<unknown>) => {
  const reason = reasonOf(result)
  return isAitbcError(reason) ? reason._tag : reason
}

/** What an honest follower says to an initiator who writes its own messages, and what it makes of them. */
async function againstFollower(
  talk: (mallory: Channel.Channel) => Promise<void>,
  change: Partial<Parameters<typeof Negotiation.follow>[0]> = {},
) {
  const [mallory, bob] = Channel.pair()
  const follow = Negotiation.follow({ ...options(BOB, bob), accept: () => true, ...change })
  const [result] = await Promise.allSettled([follow, talk(mallory)])
  await mallory.close()
  return result
}

async function againstInitiator(talk: (mallory: Channel.Channel) => Promise<void>) {
  const [alice, mallory] = Channel.pair()
  const [result] = await Promise.allSettled([
    Negotiation.initiate(quote(market), options(ALICE, alice)),
    talk(mallory),
  ])
  await mallory.close()
  return result
}

/** Every message that two honest parties exchange. */
async function record(): Promise<readonly Bytes.Bytes[]> {
  const messages: Bytes.Bytes[] = []
  await negotiate({
    line: (_, bytes) => {
      messages.push(bytes)
      return bytes
    },
  })
  return messages
}

describe('two honest parties', () => {
  it.each(pairs)(
    'S16: between $long and $short both end with the same signed bytes, and the numbers of their own policies',
    async (kinds) => {
      const other = create(kinds)
      const [left, right] = Channel.pair()
      const [a, b] = await Promise.all([
        Negotiation.initiate(quote(other), { ...options(ALICE, left), sides: sides(other, ALICE) }),
        Negotiation.follow({
          ...options(BOB, right),
          sides: sides(other, BOB),
          policy: { ...risk, offline: 1n },
          accept: (asked) => asked.give.amount === 1000n && asked.get.amount === 5000n,
        }),
      ])
      expect(Agreement.encodeSigned(a.signed)).toEqual(Agreement.encodeSigned(b.signed))
      expect(Agreement.verify(a.signed).ok).toBe(true)
      expect(b.quote).toEqual(quote(other))
      expect(b.margins.gap.seconds).toBe(a.margins.gap.seconds - 5n)
      const { long, short } = a.signed.agreement
      expect(long.deadline.value - short.deadline.value).toBe(a.margins.gap.seconds)
      expect(short.deadline.value - NOW).toBe(a.margins.start.seconds + 120n)
      expect(long.hashlock).toEqual(Hashlock.of(SwapSeed.secret(seeds[ALICE], nonces[ALICE])))
    },
  )

  it('S14: the secret is in no message', async () => {
    const secret = SwapSeed.secret(seeds[ALICE], nonces[ALICE])
    const all = Bytes.toHex(Bytes.concat(...(await record())))
    expect(all).not.toContain(Bytes.toHex(secret))
    expect(all).not.toContain(Bytes.toHex(seeds[ALICE]))
  })

  it('H15: a nonce of its own gives each swap its own secret, keys and salts', async () => {
    const one = await negotiate()
    const two = await negotiate({ alice: { nonce: new Uint8Array(8).fill(9) } })
    if (one.alice.status === 'rejected' || two.alice.status === 'rejected') throw new Error('no agreement')
    const a = one.alice.value.signed.agreement
    const b = two.alice.value.signed.agreement
    expect(a.long.hashlock).not.toEqual(b.long.hashlock)
    expect(a.initiator).not.toEqual(b.initiator)
    expect(a.long.salt).not.toEqual(b.long.salt)
  })
})

describe('what a follower refuses', () => {
  it('H15: a hashlock that was used before', async () => {
    const { alice, bob } = await negotiate({ bob: { isKnown: () => true } })
    expect(reasonOf(bob)).toMatchObject({ _tag: 'HashlockReused', code: 4007 })
    expect(reasonOf(alice)).toMatchObject({
      _tag: 'NegotiationRefused',
      code: 4005,
      context: { by: 'counterparty', reason: expect.stringContaining('HashlockReused') },
    })
  })

  it('a quote that its owner does not accept', async () => {
    for (const accept of [() => false, async () => false]) {
      const { alice, bob } = await negotiate({ bob: { accept } })
      expect(tagOf(bob)).toBe('NegotiationRefused')
      expect(reasonOf(alice)).toMatchObject({ _tag: 'NegotiationRefused', context: { by: 'counterparty' } })
    }
  })

  it('S8: deadlines too close together by its own policy, with the inequality in its numbers', async () => {
    const { alice, bob } = await negotiate({
      alice: { policy: { ...risk, offline: 0n } },
      slack: 60n,
    })
    const { gap } = Planner.margins(
      { network: market.nets.long.network, profile: market.nets.long.profile },
      { network: market.nets.short.network, profile: market.nets.short.profile },
      risk,
    )
    expect(reasonOf(bob)).toMatchObject({
      _tag: 'UnsafeTerms',
      code: 4003,
      message: expect.stringContaining(Planner.explain('T_A − T_B', gap)),
      context: { gap: gap.seconds - 6n, least: gap.seconds },
    })
    expect(reasonOf(alice)).toMatchObject({ message: expect.stringContaining('UnsafeTerms') })
  })

  it('S8: a start that leaves no time, as when the offer is older than its clock says', async () => {
    const { bob } = await negotiate({ alice: { now: NOW - 121n } })
    expect(reasonOf(bob)).toMatchObject({ _tag: 'UnsafeTerms', context: { left: expect.anything() } })
  })

  it('L1: what goes by while both talk, and what their clocks differ by, keeps nobody from agreeing', async () => {
    let clock = NOW
    const now = () => clock++
    for (const [alice, bob] of [
      [{ now }, { now }],
      [{ now: NOW - 60n }, { now: NOW + 60n }],
    ] as const)
      expect((await negotiate({ alice, bob })).bob.status).toBe('fulfilled')
    const { bob } = await negotiate({ alice: { now: NOW - 1n }, slack: 0n })
    expect(reasonOf(bob)).toMatchObject({ _tag: 'UnsafeTerms', context: { left: expect.anything() } })
  })

  it('S8: an initiator that takes its time has its deadlines judged by what the clock shows by then', async () => {
    let clock = NOW
    const late = {
      line: (message: number, bytes: Bytes.Bytes) => {
        if (message === 3) clock += 61n
        return bytes
      },
      slack: 60n,
    }
    const { bob } = await negotiate({ ...late, bob: { now: () => clock } })
    expect(reasonOf(bob)).toMatchObject({
      _tag: 'UnsafeTerms',
      message: expect.stringContaining('T_B − now'),
    })
    clock = NOW
    expect((await negotiate({ ...late, bob: { now: () => NOW + 60n } })).bob.status).toBe('fulfilled')
  })

  it('S8: a follower that takes its time gets deadlines from when its part came', async () => {
    let clock = NOW
    const { alice, bob } = await negotiate({
      line: (message, bytes) => {
        if (message === 2) clock += 5000n
        return bytes
      },
      alice: { now: () => clock },
      bob: { now: () => clock },
    })
    expect([alice.status, bob.status]).toEqual(['fulfilled', 'fulfilled'])
  })

  it('H3 H4: a short leg that ties its funds up for years', async () => {
    const { bob } = await negotiate({ slack: 30_000_000n })
    expect(reasonOf(bob)).toMatchObject({ _tag: 'UnsafeTerms', message: expect.stringContaining('patience') })
    expect((await negotiate({ slack: 3600n })).bob.status).toBe('fulfilled')
    const hasty: Policy.Policy = { ...risk, patience: 60n }
    expect(tagOf((await negotiate({ slack: 3600n, bob: { policy: hasty } })).bob)).toBe('UnsafeTerms')
  })

  it('H28: units other than seconds, on either side', async () => {
    for (const now of [NOW * 1000n, 800_000n, Number(NOW) as unknown as bigint]) {
      expect(tagOf((await negotiate({ alice: { now } })).alice)).toBe('InvalidAmount')
      expect(tagOf((await negotiate({ bob: { now } })).bob)).toBe('InvalidAmount')
    }
  })

  it.each([
    ['another contract', { address: 'elsewhere' }],
    ['another code', { codeHash: new Uint8Array(32).fill(1) }],
    ['no code hash', { codeHash: undefined }],
    ['another kind', { kind: 'script' }],
    ['no contract', { address: undefined, codeHash: undefined }],
    ['another network', { network: LONG }],
  ])('H19 H20: a leg on %s', async (_, wrong) => {
    const good = sides(market, BOB)
    const backend = Object.fromEntries(
      Object.entries({ ...Side.of(good, SHORT).backend, ...wrong }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as unknown as Side.Side['backend']
    const other = { ...good, [SHORT]: { ...Side.of(good, SHORT), backend } }
    // The follower names the short leg's backend: it is the initiator who refuses it, and the follower learns of it.
    const { alice, bob } = await negotiate({ bob: { sides: other } })
    expect(['InvalidAgreement', 'InvalidLockTerms']).toContain(tagOf(alice))
    expect(tagOf(bob)).toBe('NegotiationRefused')
  })

  it('H19 H20: an initiator’s leg on another contract', async () => {
    const other = create({ long: 'contract', short: 'utxo' })
    for (const wrong of [{ address: 'elsewhere' }, { codeHash: new Uint8Array(32).fill(1) }]) {
      const good = sides(other, ALICE)
      const long = Side.of(good, LONG)
      const [left, right] = Channel.pair()
      const results = await Promise.allSettled([
        Negotiation.initiate(quote(other), {
          ...options(ALICE, left),
          sides: { ...good, [LONG]: { ...long, backend: { ...long.backend, ...wrong } } },
        }),
        Negotiation.follow({ ...options(BOB, right), sides: sides(other, BOB), accept: () => true }),
      ])
      expect(results.map(tagOf)).toEqual(['NegotiationRefused', 'InvalidAgreement'])
    }
  })

  it('H20: what fails its own adapter’s audit: a key, a token, dust', async () => {
    const dust = { ...quote(market), get: { ...quote(market).get, amount: 1n } }
    const token = { ...quote(market), give: { ...quote(market).give, asset: `${LONG}/coin:rug` as const } }
    for (const asked of [dust, token]) {
      const [left, right] = Channel.pair()
      const results = await Promise.allSettled([
        Negotiation.initiate(asked, options(ALICE, left)),
        Negotiation.follow({ ...options(BOB, right), accept: () => true }),
      ])
      expect(results.map(tagOf)).toEqual(['InvalidAgreement', 'NegotiationRefused'])
    }
    const audited = { ...sides(market, BOB) }
    const strict = Side.of(audited, LONG)
    audited[LONG] = {
      ...strict,
      adapter: {
        ...strict.adapter,
        auditTerms: () => ({ ok: false, refusal: { check: 'dust', message: 'too little' } }),
      },
    }
    const { alice, bob } = await negotiate({ bob: { sides: audited } })
    expect(reasonOf(bob)).toMatchObject({ _tag: 'InvalidAgreement', context: { check: 'dust' } })
    expect(tagOf(alice)).toBe('NegotiationRefused')
  })

  it('H20: networks for which it has no side', async () => {
    const { [LONG]: _, ...rest } = sides(market, BOB)
    const { alice, bob } = await negotiate({ bob: { sides: rest } })
    expect(tagOf(bob)).toBe('SideMissing')
    expect(tagOf(alice)).toBe('NegotiationRefused')
  })
})

describe('a hostile line', () => {
  it('S16: whatever bit of whatever message is flipped, nobody signs anything else, and nobody is left waiting', async () => {
    const lengths = (await record()).map((message) => message.length)
    expect(lengths.length).toBe(4)
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.nat(1_000_000), fc.nat(7), async (which, at, bit) => {
        const { alice, bob } = await negotiate({
          line: (message, bytes) => {
            if (message !== which + 1) return bytes
            const copy = bytes.slice()
            const i = at % copy.length
            copy[i] = (copy[i] as number) ^ (1 << bit)
            return copy
          },
        })
        // The last message only tells the initiator what the follower has signed already.
        expect(alice.status).toBe('rejected')
        expect(bob.status).toBe(which === 3 ? 'fulfilled' : 'rejected')
        for (const result of [alice, bob])
          if (result.status === 'rejected') expect(reasonOf(result)).toMatchObject({ name: 'AitbcError' })
      }),
      // Each run signs and verifies a whole agreement: a tenth of a second.
      { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) },
    )
  })

  it('S16: an offer that a flipped bit makes look like a refusal is told to be malformed: nobody waits', async () => {
    const { alice, bob } = await negotiate({
      line: (message, bytes) => (message === 1 ? Bytes.concat(Uint8Array.of(0), bytes.slice(1)) : bytes),
    })
    expect(tagOf(bob)).toBe('NegotiationMalformed')
    expect(tagOf(alice)).toBe('NegotiationRefused')
  })

  it('S16: messages that were cut, lengthened, emptied or exchanged for others', async () => {
    const messages = await record()
    const wrong: ((message: Bytes.Bytes) => Bytes.Bytes)[] = [
      (m) => m.slice(0, -1),
      (m) => Bytes.concat(m, Uint8Array.of(0)),
      () => new Uint8Array(0),
      () => new Uint8Array(65_537),
      () => Uint8Array.of(7, 7, 7),
      (m) => Uint8Array.of(m[0] as number),
      (m) => Bytes.concat(m, new Uint8Array(70_000)),
      (m) => messages.find((other) => other[0] !== m[0]) as Bytes.Bytes,
    ]
    for (const which of [1, 2, 3, 4])
      for (const change of wrong) {
        const { alice, bob } = await negotiate({
          line: (message, bytes) => (message === which ? change(bytes) : bytes),
        })
        const first = which % 2 === 1 ? bob : alice
        expect(reasonOf(first)).toMatchObject({ _tag: 'NegotiationMalformed', code: 4006 })
        if (which < 4) expect(tagOf(which % 2 === 1 ? alice : bob)).toBe('NegotiationRefused')
      }
  })

  it('S15: an offer and a half that are cut at every byte', async () => {
    const [offer, half] = (await record()) as [Bytes.Bytes, Bytes.Bytes]
    for (let length = 0; length < offer.length; length += 7) {
      const result = await againstFollower((mallory) => mallory.send(offer.slice(0, length)))
      expect(tagOf(result as PromiseSettledResult<unknown>)).toBe('NegotiationMalformed')
    }
    for (let length = 0; length < half.length; length += 7) {
      const result = await againstInitiator((mallory) => mallory.send(half.slice(0, length)))
      expect(tagOf(result as PromiseSettledResult<unknown>)).toBe('NegotiationMalformed')
    }
  })

  it('S14: a counterparty that is declined hears nothing of this side’s endpoints and storage', async () => {
    for (const accept of [
      () => Promise.reject(CoreErrors.RpcTimeout('http://10.0.0.7:8545/key-0123 took too long', {})),
      () => Promise.reject(CoreErrors.StorageUnavailable('/home/bob/swaps is full', {})),
      () => Promise.reject(new Error('/home/bob/swaps is full')),
    ]) {
      const { alice, bob } = await negotiate({ bob: { accept } })
      expect(reasonOf(bob)).toBeInstanceOf(Error)
      const { context } = reasonOf(alice) as { context: { reason: string } }
      expect(['RpcTimeout', 'StorageUnavailable', 'internal error']).toContain(context.reason)
    }
  })

  it('a peer that hangs up: ChannelClosed (1106), at once', async () => {
    for (const result of [
      await againstFollower((mallory) => mallory.close()),
      await againstInitiator((mallory) => mallory.close()),
    ])
      expect(reasonOf(result as PromiseSettledResult<unknown>)).toMatchObject({
        _tag: 'ChannelClosed',
        code: 1106,
      })
  })

  it('a peer that says nothing: the caller’s signal ends the wait with its own reason', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const [alice, peer] = Channel.pair()
    const waiting = Negotiation.initiate(quote(market), { ...options(ALICE, alice), signal: stop.signal })
    await peer.receive()
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    // Whoever is slow hears of it, and waits for nobody.
    expect((await peer.receive())[0]).toBe(0)
  })

  it('a refusal whose reason is endless or no text is malformed, and one of reasonable length is told', async () => {
    const said = (reason: string) => Codec.writer().u8(0).text(reason).finish()
    const endless = await againstInitiator((mallory) => mallory.send(said('x'.repeat(3000))))
    expect(tagOf(endless as PromiseSettledResult<unknown>)).toBe('NegotiationMalformed')
    const none = await againstInitiator((mallory) => mallory.send(Uint8Array.of(0, 0, 0, 0, 1, 0xff)))
    expect(tagOf(none as PromiseSettledResult<unknown>)).toBe('NegotiationMalformed')
    const told = await againstInitiator((mallory) => mallory.send(said('not today')))
    expect(reasonOf(told as PromiseSettledResult<unknown>)).toMatchObject({
      _tag: 'NegotiationRefused',
      context: { by: 'counterparty', reason: 'not today' },
    })
  })

  it('what is no asset is told as that, also where its text ends in half a character', async () => {
    const asset = `a${'😀'.repeat(60)}`
    const offer = Codec.writer().u8(1)
    for (const network of [LONG, SHORT]) offer.text(network).text(asset).u256(1n)
    let answer: Bytes.Bytes | undefined
    const result = await againstFollower(async (mallory) => {
      await mallory.send(offer.fixed(new Uint8Array(32)).finish())
      answer = await mallory.receive()
    })
    expect(tagOf(result as PromiseSettledResult<unknown>)).toBe('InvalidAssetId')
    expect(answer?.[0]).toBe(0)
  })

  it('S16: a follower who mirrors the initiator’s own half', async () => {
    const [offer] = (await record()) as [Bytes.Bytes]
    const head = Codec.writer().u8(1)
    for (const part of [quote(market).give, quote(market).get])
      head.text(part.network).text(part.asset).u256(part.amount)
    const own = offer.slice(head.finish().length + 32)
    const result = await againstInitiator(async (mallory) => {
      await mallory.receive()
      await mallory.send(Bytes.concat(Uint8Array.of(2), own))
    })
    expect(tagOf(result as PromiseSettledResult<unknown>)).toMatch(/^Invalid(Agreement|LockTerms)$/)
  })

  it('S16: an initiator who sends an agreement other than its offer, rightly signed', async () => {
    const [offer] = (await record()) as [Bytes.Bytes]
    const identity = SwapSeed.identity(seeds[ALICE], nonces[ALICE])
    const { alice } = await negotiate()
    if (alice.status === 'rejected') throw alice.reason
    const good = alice.value.signed.agreement
    const stranger = new Uint8Array(32).fill(0x77)
    const wrong: Agreement.Agreement[] = [
      { ...good, short: { ...good.short, amount: 5001n } },
      { ...good, long: { ...good.long, amount: 999n } },
      { ...good, initiator: Agreement.publicKey(stranger) },
      {
        ...good,
        long: { ...good.long, beneficiary: { ...good.long.beneficiary, payout: `${LONG}:mallory` } },
      },
      { ...good, short: { ...good.short, locker: { ...good.short.locker, payout: `${SHORT}:mallory` } } },
      { ...good, long: { ...good.long, salt: stranger } },
      { ...good, short: { ...good.short, backend: { ...good.short.backend, address: 'elsewhere' } } },
    ]
    for (const agreement of wrong)
      for (const key of [identity, stranger]) {
        const result = await againstFollower(async (mallory) => {
          await mallory.send(offer)
          await mallory.receive()
          const signature = Agreement.sign(agreement, key)
          await mallory.send(
            Codec.writer().u8(3).bytes(Agreement.encode(agreement)).fixed(signature).finish(),
          )
        })
        expect(tagOf(result as PromiseSettledResult<unknown>)).toBe('InvalidAgreement')
      }
    const forged = await againstFollower(async (mallory) => {
      await mallory.send(offer)
      await mallory.receive()
      const signature = Agreement.sign(good, stranger)
      await mallory.send(Codec.writer().u8(3).bytes(Agreement.encode(good)).fixed(signature).finish())
    })
    expect(tagOf(forged as PromiseSettledResult<unknown>)).toBe('InvalidSignature')
  })
})

describe('error: what a party didn’t bring', () => {
  it('is named, and nobody is told or waited for', async () => {
    const [left, right] = Channel.pair()
    const all = { ...options(ALICE, left), accept: () => true }
    for (const field of ['channel', 'seed', 'nonce', 'sides', 'policy', 'now', 'accept'] as const) {
      const some = { ...all, [field]: undefined } as never
      const error = { _tag: 'InvalidArgument', context: { argument: `options.${field}` } }
      await expect(Negotiation.follow(some)).rejects.toMatchObject(error)
      if (field === 'accept') continue
      await expect(Negotiation.initiate(quote(market), some)).rejects.toMatchObject(error)
    }
    await expect(Negotiation.follow(undefined as never)).rejects.toMatchObject({ _tag: 'InvalidArgument' })
    await left.close()
    await expect(right.receive()).rejects.toMatchObject({ _tag: 'ChannelClosed' })
  })
})

describe('error: a quote that is none', () => {
  it('is refused before anything is sent, naming the field', async () => {
    const good = quote(market)
    const wrong: [unknown, string][] = [
      [{ ...good, give: { ...good.give, amount: 0n } }, 'InvalidAmount'],
      [{ ...good, give: { ...good.give, amount: -5n } }, 'InvalidAmount'],
      [{ ...good, get: { ...good.get, amount: 5 } }, 'InvalidAmount'],
      [{ ...good, get: { ...good.get, asset: 'gold' } }, 'InvalidAssetId'],
      [{ ...good, give: { ...good.give, network: 'Bitcoin' } }, 'InvalidChainId'],
      [undefined, 'InvalidChainId'],
      [{ give: good.give }, 'InvalidChainId'],
    ]
    for (const [bad, tag] of wrong) {
      const [left, right] = Channel.pair()
      await expect(
        Negotiation.initiate(bad as Negotiation.Quote, options(ALICE, left)),
      ).rejects.toMatchObject({ _tag: tag })
      await left.close()
      await expect(right.receive()).rejects.toMatchObject({ _tag: 'ChannelClosed' })
    }
  })
})
