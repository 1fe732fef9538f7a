import { CoreErrors, isAitbcError } from '@aitbc/core'
import {
  fallback,
  fromEffect,
  pipe,
  quorum,
  type Rpc,
  rateLimit,
  retry,
  timeout,
  toProvider,
} from '@aitbc/core/rpc'
import * as Effect from 'effect/Effect'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { call, scripted, together, virtually } from './virtual.js'

const down = () => CoreErrors.RpcUnreachable('down')
const refused = (code = -5) => CoreErrors.RpcRejected('no', { code, message: 'no' })
const slow = (retryAfterMs: number) => CoreErrors.RpcRateLimited('slow down', { retryAfterMs })
const one = <T>(ends: readonly T[]): T => ends[0] as T
const always = (name: string, value: unknown) => scripted(name, () => ({ value })).rpc

describe('a signal', () => {
  test('behavior: many requests under one signal, at once and one after the other, have one listener; an abort stops them all', async () => {
    const held = fromEffect({ name: 'node', assurance: 'reported' }, (method) =>
      method === 'never' ? Effect.never : Effect.promise(async () => method),
    )
    const stop = new AbortController()
    const { signal } = stop
    let live = 0
    let most = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      most = Math.max(most, ++live)
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      live--
      removeEventListener.apply(signal, args)
    }
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 30 }, () => held.request('ask', [], { signal })))
      expect([live, most]).toEqual([1, 1])
    }
    const hanging = Array.from({ length: 30 }, () => held.request('never', [], { signal }).catch((e) => e))
    await held.request('ask', [], { signal })
    expect([live, most]).toEqual([1, 1])
    const reason = new Error('mine')
    stop.abort(reason)
    expect(new Set(await Promise.all(hanging))).toEqual(new Set([reason]))
  })
})

describe('timeout', () => {
  test('an answer in time passes; a late one is RpcTimeout, and the call is cut short', async () => {
    const node = scripted('node', (n) => (n === 1 ? { after: 999, value: 1 } : { after: 1001, value: 2 }))
    const rpc = timeout(1000)(node.rpc)
    await virtually(
      Effect.gen(function* () {
        expect(one(yield* together(call(rpc)))).toEqual({ value: 1, at: 999 })
      }),
    )
    await virtually(
      Effect.gen(function* () {
        const { error, at } = one(yield* together(call(rpc, 'getblock')))
        expect(at).toBe(1000)
        expect(isAitbcError(error, 'RpcTimeout') && error.context).toEqual({
          endpoint: 'node',
          method: 'getblock',
          ms: 1000,
        })
        expect(node.interrupted).toEqual([1000])
      }),
    )
  })
})

describe('retry', () => {
  test('retryable errors are tried again after backoff with jitter', async () => {
    for (const [random, waits] of [
      [0, [100, 200, 400]],
      [0.5, [150, 300, 600]],
      [0.999, [199.9, 399.8, 799.6]],
    ] as const) {
      const node = scripted('node', (n) => (n < 4 ? { error: down() } : { value: 'here' }))
      const rpc = retry({ random: () => random })(node.rpc)
      const end = await virtually(Effect.map(together(call(rpc)), one))
      expect(end.value).toBe('here')
      const gaps = node.asked.slice(1).map((at, i) => at - (node.asked[i] as number))
      gaps.forEach((gap, i) => {
        expect(Math.abs(gap - (waits[i] as number))).toBeLessThanOrEqual(1)
      })
    }
  })

  test('gives the last error after the last attempt', async () => {
    const node = scripted('node', (n) => ({ error: CoreErrors.RpcUnreachable(`down ${n}`) }))
    const end = await virtually(Effect.map(together(call(retry({ attempts: 3 })(node.rpc))), one))
    expect(end.error?.message).toBe('down 3')
    expect(node.asked).toHaveLength(3)
  })

  test('what is not retryable is not tried again', async () => {
    for (const error of [refused(), CoreErrors.RpcMalformed('x'), CoreErrors.RpcTooLarge('x')]) {
      const node = scripted('node', () => ({ error }))
      expect(one(await virtually(together(call(retry()(node.rpc))))).error).toBe(error)
      expect(node.asked).toEqual([0])
    }
  })

  test('waits as long as a rate-limited node asks, but no longer than maxMs', async () => {
    const node = scripted('node', (n) =>
      n === 1 ? { error: slow(3000) } : n === 2 ? { error: slow(999_999) } : { value: 1 },
    )
    const rpc = retry({ random: () => 0, maxMs: 8000 })(node.rpc)
    await virtually(together(call(rpc)))
    expect(node.asked).toEqual([0, 3000, 11_000])
  })

  test('property: never more than `attempts` calls, and each wait between half and all of the backoff', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 7, maxLength: 7 }),
        async (attempts, baseMs, jitter) => {
          let n = 0
          const node = scripted('node', () => ({ error: down() }))
          const rpc = retry({ attempts, baseMs, maxMs: 5000, random: () => jitter[n++] as number })(node.rpc)
          await virtually(together(call(rpc)))
          expect(node.asked).toHaveLength(attempts)
          node.asked.slice(1).forEach((at, i) => {
            const backoff = Math.min(5000, baseMs * 2 ** i)
            const gap = at - (node.asked[i] as number)
            expect(gap).toBeGreaterThanOrEqual(backoff / 2 - 1)
            expect(gap).toBeLessThanOrEqual(backoff + 1)
          })
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('rateLimit', () => {
  test('a burst at once, then one each interval, in order; the bucket fills again', async () => {
    const node = scripted('node', (n) => ({ value: n }))
    const rpc = rateLimit({ perSecond: 10, burst: 3 })(node.rpc)
    await virtually(
      Effect.gen(function* () {
        const ends = yield* together(...Array.from({ length: 6 }, () => call(rpc)))
        expect(ends.map((end) => end.value)).toEqual([1, 2, 3, 4, 5, 6])
        expect(node.asked).toEqual([0, 0, 0, 100, 200, 300])
        const later = yield* together(call(rpc), call(rpc), call(rpc), call(rpc))
        expect(later.map((end) => end.at - 3_600_000)).toEqual([0, 0, 0, 100])
      }),
    )
  })

  test('error: whoever would wait too long is refused at once and takes no place', async () => {
    const node = scripted('node', (n) => ({ value: n }))
    const rpc = rateLimit({ perSecond: 1, burst: 1, maxWaitMs: 2000 })(node.rpc)
    const ends = await virtually(together(...Array.from({ length: 5 }, () => call(rpc))))
    expect(ends.map((end) => end.value ?? end.error?._tag)).toEqual([
      1,
      2,
      3,
      'RpcRateLimited',
      'RpcRateLimited',
    ])
    expect(ends[3]?.at).toBe(0)
    expect(ends[3]?.error?.context['retryAfterMs']).toBe(3000)
  })
})

describe('fallback', () => {
  test('the next endpoint answers for one that fails, and the failed one rests, longer each time', async () => {
    const first = scripted('first', () => ({ error: down() }))
    const second = scripted('second', () => ({ value: 2 }))
    const rpc = fallback([first.rpc, second.rpc], { restMs: 1000 })
    expect(rpc.assurance).toBe('reported')
    const ask = (after: number) => Effect.andThen(Effect.sleep(after), call(rpc))
    const ends = await virtually(together(ask(0), ask(500), ask(1000), ask(2500), ask(3000)))
    expect(ends.map((end) => end.value)).toEqual([2, 2, 2, 2, 2])
    // Rests 1 s after the first failure, 2 s after the second, 4 s after the third.
    expect(first.asked).toEqual([0, 1000, 3000])
  })

  test('one that came back is first again', async () => {
    const first = scripted('first', (n) => (n === 1 ? { error: down() } : { value: 1 }))
    const rpc = fallback([first.rpc, always('second', 2)])
    const ask = (after: number) => Effect.andThen(Effect.sleep(after), call(rpc))
    const ends = await virtually(together(ask(0), ask(999), ask(1000), ask(1001)))
    expect(ends.map((end) => end.value)).toEqual([2, 2, 1, 1])
  })

  test('with all of them resting, they are still asked, the one that is ready soonest first', async () => {
    const first = scripted('first', () => ({ error: down() }))
    const second = scripted('second', (n) => (n === 1 ? { error: down() } : { value: 2 }))
    const rpc = fallback([first.rpc, second.rpc])
    const ends = await virtually(together(call(rpc), Effect.andThen(Effect.sleep(10), call(rpc))))
    expect(ends[1]?.value).toBe(2)
    const { error } = one(ends)
    expect(isAitbcError(error, 'RpcUnreachable')).toBe(true)
    expect(error?.context['failures']).toEqual([
      { endpoint: 'first', tag: 'RpcUnreachable', message: 'down' },
      { endpoint: 'second', tag: 'RpcUnreachable', message: 'down' },
    ])
  })

  test('a refusal is an answer; malformed, too large, timed out and unknown methods are not', async () => {
    const second = scripted('second', () => ({ value: 2 }))
    const no = refused()
    expect(
      one(await virtually(together(call(fallback([scripted('a', () => ({ error: no })).rpc, second.rpc])))))
        .error,
    ).toBe(no)
    expect(second.asked).toEqual([])
    for (const error of [
      CoreErrors.RpcMalformed('x'),
      CoreErrors.RpcTooLarge('x'),
      CoreErrors.RpcTimeout('x'),
      refused(-32601),
      refused(401),
    ]) {
      const rpc = fallback([scripted('a', () => ({ error })).rpc, second.rpc])
      expect(one(await virtually(together(call(rpc)))).value).toBe(2)
    }
  })

  test('the only endpoint’s error comes through as it is', async () => {
    const error = CoreErrors.RpcTimeout('late')
    const rpc = fallback([scripted('a', () => ({ error })).rpc])
    expect(one(await virtually(together(call(rpc)))).error).toBe(error)
  })
})

describe('quorum', () => {
  const three = (...values: readonly unknown[]) => values.map((value, i) => always(`n${i}`, value))

  test('what all say alike, whatever the order of keys; assurance is quorum', async () => {
    const rpc = quorum(three({ a: 1, b: [2n, { c: 3, d: 4 }] }, { b: [2n, { d: 4, c: 3 }], a: 1 }), { k: 2 })
    expect(rpc.assurance).toBe('quorum')
    const end = one(await virtually(together(call(rpc))))
    expect(end).toEqual({ value: { a: 1, b: [2n, { c: 3, d: 4 }] }, at: 0 })
  })

  test('H29: one that contradicts is named with what it said, and the read stops', async () => {
    const rpc = quorum(three('0x01', '0x02', '0x01'), { k: 2 })
    const { error } = one(await virtually(together(call(rpc, 'eth_getBalance'))))
    expect(isAitbcError(error, 'RpcDisagreement')).toBe(true)
    expect(error?.message).toContain('n1 contradicts 2')
    expect(error?.context).toEqual({
      method: 'eth_getBalance',
      answers: [
        { endpoint: 'n0', said: '"0x01"' },
        { endpoint: 'n1', said: '"0x02"' },
        { endpoint: 'n2', said: '"0x01"' },
      ],
      liars: ['n1'],
      failures: [],
    })
  })

  test('H29: absence against presence is a contradiction, in all its forms', async () => {
    for (const absent of [{ value: null }, { value: [] }, { error: refused(-5) }]) {
      const liar = scripted('liar', () => absent)
      const rpc = quorum([always('a', ['lock']), liar.rpc, always('b', ['lock'])], { k: 2 })
      const { error } = one(await virtually(together(call(rpc))))
      expect(error?.context['liars']).toEqual(['liar'])
    }
  })

  test('a handler of disagreements lets k that agree through, and learns who lied', async () => {
    const seen: unknown[] = []
    const rpc = quorum(three(1, 2, 1, 1, 3), { k: 3, onDisagreement: (d) => seen.push(d.liars) })
    expect(one(await virtually(together(call(rpc)))).value).toBe(1)
    expect(seen).toEqual([['n1', 'n4']])
    const split = quorum(three(1, 2, 1, 2, 3), { k: 3, onDisagreement: (d) => seen.push(d) })
    const { error } = one(await virtually(together(call(split))))
    expect(isAitbcError(error, 'RpcDisagreement') && error.context['liars']).toEqual([])
    expect(seen).toHaveLength(1)
  })

  test('too few answers: RpcNoQuorum, with each failure', async () => {
    const dead = scripted('dead', () => ({ error: down() }))
    const lost = scripted('lost', () => ({ error: refused(-32601) }))
    const rpc = quorum([always('a', 1), dead.rpc, lost.rpc], { k: 2 })
    const { error } = one(await virtually(together(call(rpc))))
    expect(isAitbcError(error, 'RpcNoQuorum')).toBe(true)
    expect(error?.context).toMatchObject({
      k: 2,
      answered: ['a'],
      failures: [
        { endpoint: 'dead', tag: 'RpcUnreachable' },
        { endpoint: 'lost', tag: 'RpcRejected' },
      ],
    })
  })

  test('a refusal that k give alike is the answer', async () => {
    const nodes = ['a', 'b', 'c'].map((name) => scripted(name, () => ({ error: refused(-5) })).rpc)
    const { error } = one(await virtually(together(call(quorum(nodes, { k: 3 })))))
    expect(isAitbcError(error, 'RpcRejected')).toBe(true)
  })

  test('one that hangs holds nobody up for longer than the grace; a late contradiction within it counts', async () => {
    const hanging = scripted('hanging', () => ({ hang: true }))
    const rpc = quorum([always('a', 1), always('b', 1), hanging.rpc], { k: 2, graceMs: 500 })
    expect(one(await virtually(together(call(rpc))))).toEqual({ value: 1, at: 500 })
    expect(hanging.interrupted).toEqual([500])
    const late = scripted('late', () => ({ after: 499, value: 2 }))
    const again = quorum([always('a', 1), always('b', 1), late.rpc], { k: 2, graceMs: 500 })
    const end = one(await virtually(together(call(again))))
    expect(end.error?.context['liars']).toEqual(['late'])
    expect(end.at).toBe(499)
  })

  test('read: only what it picks must be alike', async () => {
    const nodes = three({ hash: 'a', confirmations: 3 }, { hash: 'a', confirmations: 4 })
    const rpc = quorum(nodes, { k: 2, read: (_, answer) => ({ alike: (answer as { hash: string }).hash }) })
    expect(one(await virtually(together(call(rpc)))).value).toEqual({ hash: 'a', confirmations: 3 })
  })

  /** As Solana answers: a value as of a slot. */
  const asOf = (value: unknown, slot: number) => ({ context: { slot }, value })
  const bySlot = (within?: bigint) => (_: string, answer: unknown) => {
    const { context, value } = answer as ReturnType<typeof asOf>
    return { alike: value, at: BigInt(context.slot), ...(within === undefined ? {} : { within }) }
  }

  test('read: nodes that have come to different slots agree, as of one that k have come to', async () => {
    const nodes = three(asOf(1, 100), asOf(1, 103), asOf(1, 101))
    for (const [k, slot] of [
      [2, 101],
      [3, 100],
    ] as const) {
      const rpc = quorum(nodes, { k, read: bySlot() })
      expect(one(await virtually(together(call(rpc)))).value).toEqual(asOf(1, slot))
    }
  })

  test('H29: who lies about the value is named whatever the slot, and so is who is too far off', async () => {
    for (const liar of [asOf(2, 101), asOf(1, 40), asOf(1, 400)]) {
      const rpc = quorum(three(asOf(1, 100), liar, asOf(1, 103)), { k: 2, read: bySlot(30n) })
      const { error } = one(await virtually(together(call(rpc))))
      expect(error?._tag).toBe('RpcDisagreement')
      expect(error?.context['liars']).toEqual(['n1'])
      const told: string[] = []
      const tolerant = quorum(three(asOf(1, 100), liar, asOf(1, 103)), {
        k: 2,
        read: bySlot(30n),
        onDisagreement: ({ liars }) => told.push(...liars),
      })
      expect(one(await virtually(together(call(tolerant)))).value).toEqual(asOf(1, 100))
      expect(told).toEqual(['n1'])
    }
    const apart = quorum(three(asOf(1, 100), asOf(1, 200), asOf(1, 300)), { k: 2, read: bySlot(30n) })
    const { error } = one(await virtually(together(call(apart))))
    expect([error?._tag, error?.context['liars']]).toEqual(['RpcDisagreement', []])
  })

  test('property H29: as long as fewer than k lie, what is given is near what an honest node has come to', async () => {
    const world = fc.integer({ min: 3, max: 7 }).chain((n) =>
      fc.record({
        k: fc.integer({ min: Math.floor(n / 2) + 1, max: n }),
        slots: fc.array(fc.record({ lies: fc.boolean(), slot: fc.integer({ min: 0, max: 400 }) }), {
          minLength: n,
          maxLength: n,
        }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(world, async ({ k, slots }) => {
        // Honest nodes are within 20 of each other.
        const seen = slots.map(({ lies, slot }) => ({ lies, slot: lies ? slot : 200 + (slot % 20) }))
        const honest = seen.filter(({ lies }) => !lies).map(({ slot }) => slot)
        fc.pre(seen.length - honest.length < k)
        const nodes = seen.map(({ slot }, i) => always(`n${i}`, asOf(1, slot)))
        const rpc = quorum(nodes, { k, read: bySlot(20n), onDisagreement: () => undefined })
        const { value, error } = one(await virtually(together(call(rpc))))
        if (honest.length >= k) expect(error).toBeUndefined()
        if (error !== undefined) return
        const { slot } = (value as ReturnType<typeof asOf>).context
        // k have come so far, one of them honest; and an honest one is among those that it is near to.
        expect(slot).toBeLessThanOrEqual(Math.max(...honest))
        expect(Math.min(...honest.map((it) => Math.abs(it - slot)))).toBeLessThanOrEqual(20)
      }),
      { numRuns: Math.max(50, Number(process.env.FC_NUM_RUNS ?? 100)) },
    )
  })

  test('property: a minority of liars never brings a wrong value through, and is named or the read fails', async () => {
    const world = fc.integer({ min: 2, max: 7 }).chain((n) =>
      fc.record({
        n: fc.constant(n),
        k: fc.integer({ min: Math.max(2, Math.floor(n / 2) + 1), max: n }),
        tolerant: fc.boolean(),
        behaviours: fc.array(
          fc.record({
            role: fc.constantFrom('honest', 'honest', 'honest', 'liar', 'dead', 'refuses', 'hangs'),
            lie: fc.integer({ min: 1, max: 3 }),
            delay: fc.integer({ min: 0, max: 3000 }),
          }),
          { minLength: n, maxLength: n },
        ),
      }),
    )
    await fc.assert(
      fc.asyncProperty(world, async ({ k, tolerant, behaviours }) => {
        const contradicts = behaviours.filter(({ role }) => role === 'liar' || role === 'refuses').length
        fc.pre(contradicts < k)
        const named: string[] = []
        const nodes = behaviours.map(({ role, lie, delay }, i) =>
          timeout(60_000)(
            scripted(`${role}-${i}`, () =>
              role === 'hangs'
                ? { hang: true }
                : role === 'dead'
                  ? { after: delay, error: down() }
                  : role === 'refuses'
                    ? { after: delay, error: refused() }
                    : { after: delay, value: role === 'liar' ? { lie } : { truth: true } },
            ).rpc,
          ),
        )
        const options = tolerant
          ? { onDisagreement: (d: { liars: readonly string[] }) => named.push(...d.liars) }
          : {}
        const end = one(await virtually(together(call(quorum(nodes, { k, graceMs: 5000, ...options })))))
        const liars = behaviours.flatMap(({ role }, i) =>
          role === 'liar' || role === 'refuses' ? [`${role}-${i}`] : [],
        )
        const honest = behaviours.filter(({ role }) => role === 'honest').length
        if (end.error === undefined) {
          expect(end.value).toEqual({ truth: true })
          // Every delay is within the grace, so whoever lied has been heard.
          expect(named).toEqual(expect.arrayContaining(liars))
          expect(named).toHaveLength(liars.length)
        } else if (honest >= k) {
          expect(tolerant).toBe(false)
          expect(end.error._tag).toBe('RpcDisagreement')
          expect([...(end.error.context['liars'] as string[])].sort()).toEqual([...liars].sort())
        } else expect(['RpcDisagreement', 'RpcNoQuorum']).toContain(end.error._tag)
      }),
      { numRuns: Math.max(50, Number(process.env.FC_NUM_RUNS ?? 100)) },
    )
  })
})

describe('the whole pipe', () => {
  test('pipe: first to last, and the assurance stays', async () => {
    const node = scripted('node', (n) => (n === 1 ? { hang: true } : { value: n }))
    const rpc = pipe(node.rpc, timeout(1000), retry({ random: () => 0 }))
    expect(one(await virtually(together(call(rpc))))).toEqual({ value: 2, at: 1100 })
    expect(pipe(quorum([node.rpc, always('b', 1)], { k: 2 }), timeout(1), retry()).assurance).toBe('quorum')
    expect(rpc.assurance).toBe('reported')
  })

  test('request: the promise form gives what the Effect form does', async () => {
    const rpc = pipe(always('a', 7), timeout(1000), retry(), rateLimit({ perSecond: 1000 }))
    expect(await rpc.request('m')).toBe(7)
    expect(await fallback([rpc]).request('m', [])).toBe(7)
    expect(await toProvider(rpc).request({ method: 'm' })).toBe(7)
    const no = refused()
    expect(
      await retry()(scripted('a', () => ({ error: no })).rpc)
        .request('m')
        .catch((e) => e),
    ).toBe(no)
  })

  test('request: what a caller wrote with promises fits in, and its errors are typed', async () => {
    const own: Rpc = {
      name: 'own',
      assurance: 'reported',
      request: async (method, params) => {
        if (method === 'boom') throw new Error('secret detail')
        return params
      },
    }
    const rpc = pipe(own, timeout(1000))
    expect(await rpc.request('echo', [1])).toEqual([1])
    const error = await rpc.request('boom').catch((e) => e)
    expect(isAitbcError(error, 'RpcUnreachable')).toBe(true)
    expect(String(error)).not.toContain('secret')
  })

  test('error: an aborted request rejects with its reason, exactly, and cuts short what was under way', async () => {
    const reason = { why: 'the user left' }
    const node = scripted('node', () => ({ hang: true }))
    const slowly = fromEffect({ name: 'slow', assurance: 'reported' }, () => Effect.sleep(3_600_000))
    for (const rpc of [
      node.rpc,
      pipe(node.rpc, timeout(3_600_000), retry()),
      fallback([node.rpc]),
      quorum([node.rpc, slowly], { k: 2 }),
      pipe(slowly, rateLimit({ perSecond: 0.001 })),
    ]) {
      const controller = new AbortController()
      const pending = rpc.request('m', [], { signal: controller.signal })
      controller.abort(reason)
      expect(await pending.catch((e) => e)).toBe(reason)
      expect(await rpc.request('m', [], { signal: AbortSignal.abort(reason) }).catch((e) => e)).toBe(reason)
    }
    expect(node.interrupted.length).toBe(node.asked.length)
  })

  test('error: wrong methods, parameters and options are named', async () => {
    const rpc = always('a', 1)
    for (const [method, params, argument] of [
      ['', [], 'method'],
      [null, [], 'method'],
      ['m'.repeat(201), [], 'method'],
      ['m', null, 'params'],
      ['m', 'text', 'params'],
    ] as [string, readonly unknown[], string][]) {
      const error = await rpc.request(method, params).catch((e) => e)
      expect(isAitbcError(error, 'InvalidArgument') && error.context['argument']).toBe(argument)
    }
    const cases: [() => unknown, string][] = [
      [() => timeout(0), 'ms'],
      [() => timeout(Number.NaN), 'ms'],
      [() => timeout('5' as never), 'ms'],
      [() => retry({ attempts: 0 }), 'attempts'],
      [() => retry({ baseMs: -1 }), 'baseMs'],
      [() => rateLimit({ perSecond: 0 }), 'perSecond'],
      [() => rateLimit({ perSecond: 1, burst: 1.5 }), 'burst'],
      [() => fallback([]), 'endpoints'],
      [() => fallback(null as never), 'endpoints'],
      [() => quorum([rpc, always('b', 1)], { k: 1 }), 'k'],
      [() => quorum([rpc, always('b', 1)], { k: 3 }), 'k'],
      [
        () =>
          quorum(
            ['a', 'b', 'c', 'd'].map((name) => always(name, 1)),
            { k: 2 },
          ),
        'k',
      ],
      [() => quorum([rpc, rpc], { k: 2 }), 'endpoints'],
      [() => quorum([rpc, always('b', 1)], { k: 2, graceMs: 0 }), 'graceMs'],
    ]
    for (const [run, argument] of cases) {
      let error: unknown
      try {
        run()
      } catch (caught) {
        error = caught
      }
      expect(isAitbcError(error, 'InvalidArgument') && error.context['argument'], argument).toBe(argument)
    }
  })
})
