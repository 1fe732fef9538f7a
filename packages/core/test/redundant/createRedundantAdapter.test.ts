import {
  Bytes,
  type ChainEvent,
  CoreErrors,
  Deadline,
  type HeaderUpdate,
  type Spend,
  type Status,
  type Step,
  type SwapAdapter,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { describe, expect, test } from 'vitest'
import {
  claim,
  down,
  endpoint,
  evidence,
  head,
  junk,
  list,
  lock,
  locksOf,
  network,
  never,
  none,
  over,
  refOf,
  refund,
  secret,
  shows,
  signed,
  spendOf,
  step,
  submission,
  terms,
  told,
  truth,
  UTC,
} from './endpoint.js'

test('L2 S12: who knows that a lock was refunded and not in which transaction disputes nothing', async () => {
  const knows = endpoint(spendOf(shows(refund, refOf(85n))))
  const forgot = endpoint(spendOf(shows({ ...refund, transaction: '' })))
  expect(await over([knows, forgot]).findSpend(terms, lock)).toMatchObject({
    fact: { assurance: 'quorum', at: refOf(85n) },
  })
})

describe('locks', () => {
  const honest = endpoint({ ...locksOf(shows(lock)), prove: evidence })
  const hides = endpoint(locksOf(none))

  test('H29: one honest endpoint of four shows a lock that three hide, and its evidence makes it final', async () => {
    const reader = over([hides, hides, honest, hides], { verifier: truth({ lock }) })
    expect(await reader.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { assurance: 'proved', value: lock } },
    ])
    // The control: one of the others alone, or without anybody who can judge.
    expect(await hides.findLocks(terms)).toEqual([none])
    const unjudged = await over([hides, hides, honest, hides]).findLocks(terms)
    expect(unjudged).toMatchObject([
      { is: 'found', fact: { assurance: 'reported', at: 'mempool', depth: 0n } },
    ])
  })

  test('S12, H29: a lock that three of four make up counts as waiting, whatever evidence they give', async () => {
    const liar = endpoint({ ...locksOf(shows(lock)), prove: junk })
    const reader = over([liar, liar, hides, liar], { verifier: truth({}) })
    expect(await reader.findLocks(terms)).toMatchObject([{ is: 'found', fact: { at: 'mempool', depth: 0n } }])
  })

  test.each([
    // By its own block, or by the state as of what is final.
    { unique: false, enough: 80n },
    { unique: true, enough: 90n },
  ])(
    'S12: one whose evidence is refused is none, if the verifier has come as far ($unique)',
    async ({ unique, enough }) => {
      const profile = { ...hides.profile, unique }
      const liar = { ...endpoint({ ...locksOf(shows(lock)), prove: junk }), profile }
      const all = [liar, { ...hides, profile }, liar]
      const read = async (height: bigint) =>
        (await over(all, { verifier: truth({ tip: head(height) }) }).findLocks(terms))[0]?.is
      expect([await read(enough), await read(enough - 1n)]).toEqual(['absent', 'found'])
      // Whoever shows it and can't prove it at this moment may be honest; and nobody else may be.
      const mute = { ...liar, prove: down }
      for (const others of [
        [mute, ...all],
        [liar, liar],
      ]) {
        const reader = over(others, { verifier: truth({ tip: head() }) })
        expect((await reader.findLocks(terms))[0]?.is).toBe('found')
      }
    },
  )

  test('an amount that three of four lie about is that of the evidence', async () => {
    const liar = endpoint(locksOf(shows({ ...lock, amount: 1n, match: 'under' })))
    const reader = over([liar, liar, honest, liar], { verifier: truth({ lock }) })
    expect(await reader.findLocks(terms)).toMatchObject([{ fact: { value: lock } }])
  })

  test('S12: what all say alike is a quorum, as deep as the least of them says; agree says how many that takes', async () => {
    const deep = (height: bigint) => endpoint(locksOf(shows(lock, refOf(height))))
    const all = await over([deep(80n), deep(90n), deep(85n)]).findLocks(terms)
    expect(all).toMatchObject([{ fact: { assurance: 'quorum', at: refOf(90n) } }])
    const three = [deep(80n), deep(90n), deep(85n), hides]
    expect(await over(three, { agree: 3 }).findLocks(terms)).toMatchObject([
      { fact: { assurance: 'quorum' } },
    ])
    expect(await over(three).findLocks(terms)).toMatchObject([{ fact: { assurance: 'reported', depth: 0n } }])
    // One that isn't final yet is there, whoever is a block behind.
    const fresh = over([deep(99n), hides], { verifier: truth({}) })
    expect(await fresh.findLocks(terms)).toMatchObject([{ fact: { assurance: 'reported', at: refOf(99n) } }])
  })

  test('L2: who knows a lock and not its transaction disputes nothing of it, and its evidence is that of who does', async () => {
    const forgot = endpoint(locksOf(shows({ ...lock, transaction: '' }, refOf(85n))))
    for (const all of [
      [honest, forgot],
      [forgot, honest, forgot],
      [forgot, forgot],
    ])
      expect(await over(all).findLocks(terms)).toMatchObject([
        { fact: { assurance: 'quorum', at: refOf(85n) } },
      ])
    const other = endpoint(locksOf(shows({ ...lock, transaction: '0xab' })))
    expect(await over([honest, other, forgot]).findLocks(terms)).toMatchObject([{ fact: { depth: 0n } }])
    const proved = over([forgot, honest, hides], { verifier: truth({ lock }) })
    expect(await proved.findLocks(terms)).toMatchObject([{ fact: { assurance: 'proved', value: lock } }])
  })

  test('that there is none is the word of all that answer, and of enough', async () => {
    const mute = endpoint({ findLocks: down })
    expect(await over([hides, hides, hides]).findLocks(terms)).toMatchObject([
      { is: 'absent', fact: { assurance: 'quorum' } },
    ])
    expect(await over([hides, hides, mute]).findLocks(terms)).toMatchObject([
      { is: 'absent', fact: { assurance: 'reported' } },
    ])
    expect(await over([hides, mute, mute]).findLocks(terms)).toMatchObject([
      { is: 'unknown', why: { check: 'answers', context: { answered: 1, needed: 2 } } },
    ])
    expect((await over([hides, mute, mute], { answers: 1 }).findLocks(terms))[0]?.is).toBe('absent')
  })

  test('evidence that was accepted once is enough while its endpoint is silent', async () => {
    let silent = false
    const sometimes = endpoint({
      findLocks: async () => (silent ? down() : [shows(lock)]),
      prove: async () => (silent ? down() : evidence()),
    })
    const liar = endpoint(locksOf(shows({ ...lock, amount: 1n })))
    const reader = over([liar, sometimes, hides], { verifier: truth({ lock }) })
    await reader.findLocks(terms)
    silent = true
    expect(await reader.findLocks(terms)).toMatchObject([{ fact: { assurance: 'proved', value: lock } }])
    expect(await reader.prove({ kind: 'lock', terms, lock })).toEqual(await evidence())
  })
})

test('S16, S17: evidence that was accepted for some terms is none for others at the same place', async () => {
  const judge = truth({ lock })
  const verifier: Verifier = {
    ...judge,
    verify: (about, given) =>
      about.terms === terms ? judge.verify(about, given) : Verdict.refuse('terms', 'of other terms'),
  }
  const tells = endpoint({ ...locksOf(shows(lock)), prove: evidence })
  const reader = over([tells, endpoint(locksOf(none))], { verifier })
  expect(await reader.findLocks(terms)).toMatchObject([{ fact: { assurance: 'proved' } }])
  expect(await reader.findLocks({ ...terms })).toMatchObject([{ fact: { assurance: 'reported', depth: 0n } }])
})

describe('spends', () => {
  const hides = endpoint(spendOf(none))
  const refunds = endpoint({ ...spendOf(shows(refund)), prove: junk })

  test('S6, H9: one endpoint of four that shows a claim is enough to learn its secret', async () => {
    const sees = endpoint(spendOf(shows(claim, 'mempool')))
    for (const others of [hides, refunds]) {
      const read = await over([others, others, sees, others], { verifier: truth({}) }).findSpend(terms, lock)
      expect(read).toMatchObject({ is: 'found', fact: { value: claim, depth: 0n } })
    }
  })

  test('S3: a claim with a secret that opens nothing is no answer', async () => {
    const lies = endpoint(spendOf(shows({ ...claim, secret: new Uint8Array(32).fill(8) })))
    expect((await over([lies, hides], { answers: 1 }).findSpend(terms, lock)).is).toBe('absent')
    await expect(over([lies, lies]).findSpend(terms, lock)).rejects.toMatchObject({ _tag: 'RpcUnreachable' })
  })

  test('S12: a refund that three of four make up ends nothing; the claim that the fourth proves does', async () => {
    const unproved = await over([refunds, refunds, hides, refunds], { verifier: truth({}) }).findSpend(
      terms,
      lock,
    )
    expect(unproved).toMatchObject({ is: 'found', fact: { value: refund, depth: 0n, assurance: 'reported' } })
    const honest = endpoint({ ...spendOf(shows(claim)), prove: evidence })
    const reader = over([refunds, honest, refunds, refunds], { verifier: truth({ spend: claim }) })
    expect(await reader.findSpend(terms, lock)).toMatchObject({ fact: { value: claim, assurance: 'proved' } })
    // Evidence of a claim is none of the refund that was asked about.
    await expect(reader.prove({ kind: 'spend', terms, lock, spend: claim })).resolves.toEqual(
      await evidence(),
    )
  })
})

test('S12: a refund whose evidence is refused is none, if the verifier has come as far; a secret that opens stays known', async () => {
  const lies = (spend: Spend) => endpoint({ ...spendOf(shows(spend)), prove: junk })
  const read = async (spend: Spend, height: bigint, others = endpoint(spendOf(none))) =>
    (await over([lies(spend), others], { verifier: truth({ tip: head(height) }) }).findSpend(terms, lock)).is
  expect([await read(refund, 90n), await read(refund, 89n), await read(claim, 90n)]).toEqual([
    ...['absent', 'found', 'found'],
  ])
  // Where so many agree that there is none, there is none.
  const three = [lies(refund), ...list(2, endpoint(spendOf(none)))]
  expect((await over(three, { agree: 2 }).findSpend(terms, lock)).is).toBe('absent')
  expect((await over(three).findSpend(terms, lock)).is).toBe('found')
  // Another one that shows it too, and has no evidence of what still waits, may be honest.
  expect(await read(refund, 90n, endpoint(spendOf(shows(refund, 'mempool'))))).toBe('found')
})

describe('heads', () => {
  const at = (clock: bigint, height = 100n) =>
    endpoint({ tip: async () => told(head(height, clock), refOf(height)) })
  const clockOf = async (reader: SwapAdapter) => (await reader.tip()).value.clock

  test('H25: three of four that run ahead, or are behind, move no clock: the latest that UTC allows is the honest one', async () => {
    const [ahead, stale, honest] = [at(UTC + 21_600n, 10_000n), at(UTC - 50_000n, 50n), at(UTC - 12n)]
    expect(await clockOf(over([ahead, ahead, honest, ahead]))).toBe(UTC - 12n)
    expect(await clockOf(over([stale, honest, stale, stale]))).toBe(UTC - 12n)
    expect(await clockOf(over([stale, ahead, honest]))).toBe(UTC - 12n)
    // All ahead: this machine's clock is behind.
    expect(await clockOf(over([ahead, at(UTC + 9_000n)]))).toBe(UTC + 9_000n)
  })

  test('where so many must agree, so late an honest one has come', async () => {
    const all = [at(UTC + 500n), at(UTC + 400n), at(UTC - 12n), at(UTC - 24n), at(UTC - 24n)]
    expect(await clockOf(over(all, { agree: 3 }))).toBe(UTC - 12n)
  })

  test('a height that can be none keeps nobody from reading where clocks count blocks', async () => {
    const counts = (height: bigint, time: bigint) =>
      endpoint({
        network: networks.irisnet,
        tip: async () => told({ ...head(height), clock: height, time }, refOf(height)),
      })
    const reader = over([counts(Deadline.TIME_THRESHOLD, UTC), counts(100n, UTC - 6n)])
    expect((await reader.tip()).value.height).toBe(100n)
  })

  test('of heads as late as each other the height in the middle', async () => {
    const reader = over([at(UTC, 9_999n), at(UTC, 100n), at(UTC, 100n)])
    expect((await reader.tip()).value.height).toBe(100n)
  })
})

describe('statuses', () => {
  const status = (is: Status['is']): Status =>
    is === 'replaced'
      ? { is, by: '0xee' }
      : is === 'unknown' || is === 'pending' || is === 'dropped'
        ? { is }
        : { is, id: '0xdd', block: refOf(80n) }
  const of = async (...all: readonly Status['is'][]) => {
    const adapters = all.map((is) => endpoint({ status: async () => told(status(is)) }))
    return (await over(adapters).status(submission)).value.is
  }

  test('S9, H29: only what all say is settled; what anybody has waits, so that it is raised and never believed lost', async () => {
    expect(await of('final', 'final', 'final')).toBe('final')
    expect(await of('replaced', 'replaced')).toBe('replaced')
    expect(await of('final', 'included')).toBe('included')
    expect(await of('final', 'unknown', 'final')).toBe('pending')
    expect(await of('replaced', 'replaced', 'included')).toBe('pending')
    expect(await of('failed', 'dropped')).toBe('pending')
    expect(await of('replaced', 'unknown')).toBe('dropped')
    expect(await of('unknown', 'dropped')).toBe('dropped')
  })

  test('L5 H29: what one alone has waits no longer than it may, and is made anew then', async () => {
    let utc = UTC
    const one = (...all: readonly Status['is'][]) =>
      over(
        all.map((is) => endpoint({ status: async () => told(status(is)) })),
        { utc: () => utc },
      )
    const lies = one('pending', 'unknown')
    const later = async (reader: SwapAdapter, seconds: bigint) => {
      utc = UTC
      const before = (await reader.status(submission)).value.is
      utc += seconds
      return [before, (await reader.status(submission)).value.is]
    }
    expect(await later(lies, 164n)).toEqual(['pending', 'pending'])
    expect(await later(lies, 165n)).toEqual(['pending', 'dropped'])
    // A dearer version of the same waits with it.
    const dearer = { ...submission, id: '0xde', attempts: ['0xdd', '0xde'] }
    expect((await lies.status(dearer)).value.is).toBe('dropped')
    expect(await later(one('replaced', 'included'), 165n)).toEqual(['pending', 'dropped'])
    // What all have waits for as long as it takes, whatever they say of it.
    expect(await later(one('pending', 'pending'), 10_000n)).toEqual(['pending', 'pending'])
    expect(await later(one('included', 'pending'), 10_000n)).toEqual(['pending', 'pending'])
    // One that failed for some is made anew, though another one says that it waits.
    expect(await later(one('failed', 'pending'), 165n)).toEqual(['pending', 'dropped'])
  })

  test('a majority that is told to be enough is', async () => {
    const adapters = ['final', 'final', 'unknown'].map((is) =>
      endpoint({ status: async () => told(status(is as Status['is'])) }),
    )
    const fact = await over(adapters, { agree: 2 }).status(submission)
    expect(fact).toMatchObject({ value: { is: 'final' }, assurance: 'quorum' })
  })
})

describe('acts', () => {
  const takes = (is: Status['is'] = 'unknown') =>
    endpoint({
      submit: async () => submission,
      status: async () => told({ is } as Status),
    })
  const outbid = async () => {
    throw CoreErrors.RpcRejected('pays too little', {})
  }
  const refuses = endpoint({ submit: outbid })

  test('a broadcast goes to all, and one that takes it is enough', async () => {
    let count = 0
    const counts = endpoint({
      submit: async () => {
        count++
        return { ...submission, attempts: ['0x01', '0xdd'] }
      },
    })
    const mute = endpoint({ submit: down })
    expect(await over([takes(), mute, counts]).submit(signed)).toEqual({
      ...submission,
      attempts: ['0x01', '0xdd'],
    })
    expect(count).toBe(1)
    await expect(over([mute, mute]).submit(signed)).rejects.toMatchObject({
      ...{ _tag: 'RpcUnreachable', retryable: true },
      context: { failures: [{ endpoint: 'endpoint 1' }, { endpoint: 'endpoint 2' }] },
    })
  })

  test('what one refuses and others take is taken if one of these knows it then, and else refused', async () => {
    await expect(over([takes(), refuses, takes()]).submit(signed)).rejects.toMatchObject({
      _tag: 'RpcRejected',
    })
    expect((await over([takes(), refuses, takes('pending')]).submit(signed)).id).toBe('0xdd')
  })

  test('L5: steps come from another endpoint each time, at the rate in the middle; the newest is asked first, and none never', async () => {
    const asked: [number, bigint | undefined][] = []
    const number = (n: number, normal: bigint, clock = UTC) =>
      endpoint({
        tip: async () => told(head(100n, clock)),
        feeRates: async () => ({ slow: 1n, normal, fast: normal }),
        prepare: async (_, o) => {
          asked.push([n, o?.feeRate])
          return n === 1 ? down() : [step]
        },
      })
    const reader = over([number(0, 9n, UTC - 9n), number(1, 10n), number(2, 1_000_000n)])
    await reader.tip()
    const intent = { kind: 'claim', terms, lock, secret } as const
    for (let i = 0; i < 3; i++) expect(await reader.prepare(intent)).toEqual([step])
    // The second one never answers, the first one is behind.
    expect(asked.map(([n]) => n)).toEqual([1, 2, 2, 0])
    expect(new Set(asked.map(([, rate]) => rate))).toEqual(new Set([10n]))
    await reader.prepare(intent, { feeRate: 4n })
    expect(asked.at(-1)?.[1]).toBe(4n)
  })

  test('L5 H29: whoever shows a newer head, and then an older one, is the first to make a step no oftener than others', async () => {
    const made = [0, 0]
    let clock = UTC
    const number = (n: number, clockOf: () => bigint) =>
      endpoint({
        tip: async () => told(head(100n, clockOf())),
        prepare: async () => {
          made[n] = (made[n] as number) + 1
          return [step]
        },
      })
    const reader = over([number(0, () => clock), number(1, () => UTC - 6n)])
    for (let i = 0; i < 8; i++) {
      clock = i % 2 === 0 ? UTC : UTC - 60n
      await reader.tip()
      await reader.prepare({ kind: 'claim', terms, lock, secret }, { feeRate: 1n })
    }
    expect(made).toEqual([4, 4])
  })

  test('L5 H29: whoever keeps silent holds up few of the many questions after a price', async () => {
    let asked = 0
    const silent = endpoint({
      replace: () => {
        asked++
        return never()
      },
    })
    const honest = endpoint({ replace: async () => [step] })
    const reader = over([silent, honest, honest], { timeoutMs: 1 })
    for (let i = 0; i < 32; i++) expect(await reader.replace(submission, BigInt(i))).toEqual([step])
    expect(asked).toBe(1)
    // It is asked again all the same.
    for (let i = 0; i < 32; i++) await reader.replace(submission, BigInt(i))
    expect(asked).toBe(2)
  })

  test('S9: a version under another conflict key is refused', async () => {
    const lies = endpoint({ replace: async () => [{ ...step, conflictKey: 'me/2' }] })
    await expect(over([lies]).replace(submission, 5n)).rejects.toMatchObject({ _tag: 'RpcMalformed' })
  })

  test('S9, L4: a child that pays for its parent comes from whoever makes one, and never takes its conflict key', async () => {
    const asked: (readonly [string, bigint])[] = []
    const child = { ...step, kind: 'cpfp', conflictKey: 'me/2' }
    const pays = (name: string, cpfp: () => Promise<readonly Step[]>) =>
      endpoint({
        cpfp: (_, { feeRate }) => {
          asked.push([name, feeRate])
          return cpfp()
        },
      })
    const lies = pays('lies', async () => [step])
    const honest = pays('honest', async () => [child])
    const silent = pays('silent', () => never())
    const reader = over([silent, lies, honest], { timeoutMs: 1 })
    expect(await reader.cpfp?.(submission, { feeRate: 9n })).toEqual([child])
    expect(asked.map(([name]) => name)).toEqual(['silent', 'lies', 'honest'])
    expect(new Set(asked.map(([, rate]) => rate))).toEqual(new Set([9n]))
    await expect(over([lies]).cpfp?.(submission, { feeRate: 9n })).rejects.toMatchObject({
      _tag: 'RpcMalformed',
    })
  })

  test('S9: whoever makes a version or a void under another conflict key is passed over', async () => {
    const other = async () => [{ ...step, conflictKey: 'me/2' }]
    const honest = endpoint({ prepare: async () => [step], replace: async () => [step] })
    const reader = over([endpoint({ prepare: other, replace: other }), honest])
    expect(await reader.replace(submission, 5n)).toEqual([step])
    expect(await reader.prepare({ kind: 'void', submission })).toEqual([step])
  })

  test('S13: a balance is what all vouch for, or so many', async () => {
    const has = (value: bigint) => endpoint({ balance: async () => told(value) })
    const account = `${network.id}:0x00` as const
    const all = [has(10n ** 30n), has(5n), has(7n)]
    expect((await over(all).balance(account)).value).toBe(5n)
    expect((await over(all, { agree: 2 }).balance(account)).value).toBe(7n)
  })
})

describe('waiting', () => {
  const silent = endpoint({ tip: () => never() })

  test('one that never answers holds nobody up, and all that are silent are a timeout each', async () => {
    const reader = over([silent, endpoint()], { graceMs: 1 })
    expect((await reader.tip()).value.height).toBe(100n)
    await expect(over([silent, silent], { timeoutMs: 1 }).tip()).rejects.toMatchObject({
      context: { failures: [{ tag: 'RpcTimeout' }, { tag: 'RpcTimeout' }] },
    })
  })

  test('an abort rejects with its reason, tells those who are asked, and leaves no listener', async () => {
    const told: AbortSignal[] = []
    const mute = endpoint({
      tip(o) {
        if (o?.signal !== undefined) told.push(o.signal)
        return never()
      },
    })
    const stop = new AbortController()
    let listeners = 0
    const { signal } = stop
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const pending = over([mute, mute]).tip({ signal })
    stop.abort(new Error('enough'))
    await expect(pending).rejects.toThrow('enough')
    expect(told.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(listeners).toBe(0)
    await expect(over([mute]).tip({ signal })).rejects.toThrow('enough')
  })

  test('error: what all say alike is said', async () => {
    const refuses = endpoint({
      findLocks: async () => {
        throw CoreErrors.ForeignNetwork('of another network', {})
      },
    })
    await expect(over([refuses, refuses]).findLocks(terms)).rejects.toMatchObject({ _tag: 'ForeignNetwork' })
  })
})

describe('streams', () => {
  const block = (height: bigint, is: ChainEvent['is'] = 'added'): ChainEvent => ({
    ...{ is, asOf: head() },
    what: { kind: 'block', block: refOf(height) },
  })
  const stream = (events: readonly ChainEvent[], ends: 'ends' | 'breaks' | 'stays') => ({
    async *watch(_: unknown, o: { readonly signal?: AbortSignal } = {}) {
      yield* events
      if (ends === 'breaks') throw CoreErrors.RpcUnreachable('gone', {})
      if (ends === 'stays') await never(0, 0, o).catch(() => undefined)
    },
  })
  const all = async (reader: SwapAdapter, most = 99, signal?: AbortSignal) => {
    const seen: string[] = []
    for await (const { is, what } of reader.watch({ kind: 'tip' }, signal === undefined ? {} : { signal })) {
      seen.push(`${is} ${what.kind === 'block' ? what.block.height : ''}`)
      if (seen.length >= most) break
    }
    return seen
  }

  test('what several tell is told once, what one retracts is retracted, and all ended is the end', async () => {
    const reader = over([
      endpoint(stream([block(1n), block(2n)], 'ends')),
      endpoint(stream([block(1n), block(2n), block(2n, 'retracted'), block(3n)], 'ends')),
    ])
    const seen = await all(reader)
    expect(seen.filter((one) => one === 'added 1')).toHaveLength(1)
    expect(seen).toEqual(expect.arrayContaining(['added 2', 'retracted 2', 'added 3']))
  })

  test('one that breaks, or is silent, ends no other; all broken is an error with each', async () => {
    const broken = endpoint(stream([], 'breaks'))
    const reader = over([broken, endpoint(stream([block(1n), block(2n)], 'stays'))])
    expect(await all(reader, 2)).toEqual(['added 1', 'added 2'])
    await expect(all(over([broken, broken]))).rejects.toMatchObject({ context: { failures: [{}, {}] } })
  })

  test('an abort ends it', async () => {
    const stop = new AbortController()
    const pending = all(over([endpoint(stream([], 'stays')), endpoint(stream([], 'stays'))]), 1, stop.signal)
    stop.abort()
    expect(await pending).toEqual([])
  })

  test('headers of all, each once: a light client passes over those that are wrong', async () => {
    const of = (...bytes: readonly number[]) => ({
      async *headers(): AsyncGenerator<HeaderUpdate> {
        for (const [i, byte] of bytes.entries()) yield { block: refOf(BigInt(i)), bytes: Uint8Array.of(byte) }
      },
    })
    const seen: string[] = []
    const reader = over([endpoint(of(1, 2, 3)), endpoint(of(9, 2)), endpoint(of(1, 2, 3))])
    for await (const { block: b, bytes } of reader.headers(refOf(0n)))
      seen.push(`${b.height}:${Bytes.toHex(bytes)}`)
    expect(seen.sort()).toEqual(['0:01', '0:09', '1:02', '2:03'])
  })
})

describe('every method', () => {
  const intent = { kind: 'claim', terms, lock, secret } as const
  const account = `${network.id}:0x00` as const
  const first = async (all: AsyncIterable<unknown>) => {
    for await (const one of all) return one
    return undefined
  }
  /** How each is called, or why nobody else need be asked; one that an adapter gets is missing here until that is said. */
  const methods: {
    readonly [K in keyof Required<SwapAdapter>]:
      | 'plain'
      | 'pure'
      | ((reader: Required<SwapAdapter>) => unknown)
  } = {
    ...{ network: 'plain', profile: 'plain', capabilities: 'plain' },
    ...{ auditTerms: 'pure', expectLock: 'pure', complete: 'pure' },
    tip: (reader) => reader.tip(),
    headers: (reader) => first(reader.headers(refOf(1n))),
    balance: (reader) => reader.balance(account),
    feeRates: (reader) => reader.feeRates(),
    prepare: (reader) => reader.prepare(intent),
    submit: (reader) => reader.submit(signed),
    status: (reader) => reader.status(submission),
    watch: (reader) => first(reader.watch({ kind: 'tip' })),
    findLocks: (reader) => reader.findLocks(terms),
    findSpend: (reader) => reader.findSpend(terms, lock),
    dues: (reader) => reader.dues(terms, lock, 'locker'),
    arm: (reader) => reader.arm(terms, lock),
    discoverLocks: (reader) => reader.discoverLocks(terms.hashlock),
    recoverLocks: (reader) =>
      reader.recoverLocks(new Uint8Array(32) as never, { hashlockOf: () => terms.hashlock }),
    replace: (reader) => reader.replace(submission, 5n),
    cpfp: (reader) => reader.cpfp(submission, { feeRate: 5n }),
    prove: (reader) => reader.prove({ kind: 'lock', terms, lock }),
  }
  /** An adapter with every method, each of which notes that it was asked and fails. */
  const noting = (asked: string[], name: string) => {
    const notes = Object.entries(methods).flatMap(([method, how]) => {
      if (how === 'plain') return []
      const pure = () => `${method} of ${name}`
      const fails = () => {
        asked.push(`${method} of ${name}`)
        throw CoreErrors.RpcUnreachable('down', {})
      }
      return [[method, how === 'pure' ? pure : fails] as const]
    })
    return { ...endpoint(), ...Object.fromEntries(notes), unknownOne: () => undefined } as SwapAdapter
  }

  test.each(Object.entries(methods))(
    '%s: asked of more than one endpoint, or the same for all',
    async (name, how) => {
      const asked: string[] = []
      const all = ['one', 'two'].map((one) => noting(asked, one))
      const reader = over(all, { answers: 1 }) as Required<SwapAdapter>
      const method = name as keyof SwapAdapter
      if (how === 'plain') return expect(reader[method]).toEqual(all[0]?.[method])
      if (how === 'pure') return expect((reader[method] as () => unknown)()).toBe(`${name} of one`)
      // A stream waits for its first item, and fails like any other.
      await expect((async () => how(reader))()).rejects.toBeDefined()
      expect(asked.filter((one) => one.startsWith(`${name} of`)).sort()).toEqual([
        `${name} of one`,
        `${name} of two`,
      ])
    },
  )

  test('nothing of an adapter is there that nobody spoke of, and what it lacks is not', () => {
    expect(Object.keys(over([noting([], 'one')])).sort()).toEqual(Object.keys(methods).sort())
    const { dues, arm, complete, cpfp, ...plain } = noting([], 'one')
    expect([dues, arm, complete, cpfp].every((one) => one !== undefined)).toBe(true)
    const lacks = over([plain as SwapAdapter])
    for (const name of ['dues', 'arm', 'complete', 'cpfp']) expect(lacks).not.toHaveProperty(name)
    for (const one of [{ dues }, { arm }, { complete }, { cpfp }])
      expect(() => over([plain as SwapAdapter, { ...plain, ...one } as SwapAdapter])).toThrow(/one profile/)
  })
})

test('error: adapters of one network and kind, and numbers that can be met', () => {
  const one = endpoint()
  expect(() => over([])).toThrow(/adapters must be a list/)
  expect(() => over([one, { ...one, network: networks.bitcoin }])).toThrow(/must all be of eip155:1/)
  expect(() => over([one, { ...one, profile: { ...one.profile, unique: false } }])).toThrow(/one profile/)
  for (const agree of [0, 2, 5, 1.5])
    expect(() => over(list(4, one), { agree })).toThrow(/agree must be .* from 3 to 4/)
  for (const answers of [0, 5]) expect(() => over(list(4, one), { answers })).toThrow(/answers/)
  for (const timeoutMs of [0, -1, Number.NaN]) expect(() => over([one], { timeoutMs })).toThrow(/timeoutMs/)
  const verifier = { ...truth({}), network: networks.bitcoin.id }
  expect(() => over([one], { verifier })).toThrow(/verifier must be of eip155:1/)
})
