// One honest endpoint among others that answer with anything at all.
import { type ChainEvent, CoreErrors, type FoundLock, type Lock, type LockTerms } from '@aitbc/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  claim,
  down,
  endpoint,
  evidence,
  head,
  lock,
  locksOf,
  network,
  never,
  none,
  over,
  refOf,
  shows,
  signed,
  step,
  submission,
  terms,
  told,
  truth,
} from './endpoint.js'

const account = `${network.id}:0x00` as const
const due = { kind: 'payment', asset: network.native.id, amount: 5n } as const
const found: FoundLock = { terms, lock }
const own = { ...found, nonce: new Uint8Array(8), record: { role: 'initiator' } } as const

/** What an honest endpoint answers, and how each is asked. */
const honest = {
  tip: told(head(), refOf(100n)),
  balance: told(7n),
  feeRates: { slow: 1n, normal: 2n, fast: 3n },
  prepare: [step],
  replace: [step],
  arm: [step],
  cpfp: [{ ...step, conflictKey: 'me/2' }],
  submit: submission,
  status: told({ is: 'included', id: '0xdd', block: refOf(80n) }),
  findLocks: [shows(lock, refOf(99n))],
  findSpend: shows(claim, refOf(99n)),
  dues: told([due]),
  discoverLocks: [found],
  recoverLocks: [own],
  prove: await evidence(),
} as const
type Method = keyof typeof honest
const ask: { readonly [K in Method]: (reader: Required<ReturnType<typeof over>>) => unknown } = {
  tip: (reader) => reader.tip(),
  balance: (reader) => reader.balance(account),
  feeRates: (reader) => reader.feeRates(),
  prepare: (reader) =>
    reader.prepare({ kind: 'claim', terms, lock, secret: new Uint8Array(32) as never }, { feeRate: 1n }),
  replace: (reader) => reader.replace(submission, 5n),
  arm: (reader) => reader.arm(terms, lock),
  cpfp: (reader) => reader.cpfp(submission, { feeRate: 5n }),
  submit: (reader) => reader.submit(signed),
  status: (reader) => reader.status(submission),
  findLocks: (reader) => reader.findLocks(terms),
  findSpend: (reader) => reader.findSpend(terms, lock),
  dues: (reader) => reader.dues(terms, lock, 'locker'),
  discoverLocks: (reader) => reader.discoverLocks(terms.hashlock),
  recoverLocks: (reader) =>
    reader.recoverLocks(new Uint8Array(32) as never, { hashlockOf: () => terms.hashlock }),
  prove: (reader) => reader.prove({ kind: 'lock', terms, lock }),
}
const says = (answers: Readonly<Record<string, unknown>>) =>
  endpoint(Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, async () => value])))
const all = Object.fromEntries(Object.keys(honest).map((name) => [name, honest[name as Method]]))

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new TypeError('looked at')
    },
  },
)
/** What stands for no field of an answer. */
const JUNK = [undefined, null, Number.NaN, -1n, 1n << 256n, {}, throwing, 'x'.repeat(5_000)]
/** Of these, what a list can't be; of the others an empty list or object says something. */
const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
/** Fields that may be missing, or that nothing is concluded from. */
const FREE = ['assurance', 'finalized', 'secret', 'version', 'record', 'match', 'raw', 'step']

/** An answer with one of its fields replaced, at any depth. */
function* spoilt(value: unknown, junk: unknown): Generator<unknown> {
  yield junk
  if (!isPlain(value)) return
  for (const [key, inner] of Object.entries(value)) {
    if (FREE.includes(key)) continue
    for (const other of spoilt(inner, junk))
      if (Array.isArray(value)) yield value.with(Number(key), other)
      else yield { ...value, [key]: other }
  }
}

describe('absurd answers', () => {
  test.each(Object.keys(honest) as Method[])('%s: what is no answer is as good as silence', async (name) => {
    const good = says(all)
    const expected = await ask[name](over([good], { answers: 1 }) as never)
    let spoils = 0
    for (const junk of JUNK)
      for (const answer of spoilt(honest[name], junk)) {
        const bad = says({ ...all, [name]: answer })
        // Two of them, so that what the middle one says counts for something.
        const reader = over([bad, bad, good], { answers: 1 })
        expect(await ask[name](reader as never)).toEqual(expected)
        spoils++
      }
    expect(spoils).toBeGreaterThan(JUNK.length)
  })

  test('all of them, and nobody else, are an error with each', async () => {
    const bad = says({ findLocks: [shows({ ...lock, amount: '5' as never })] })
    await expect(over([bad, bad]).findLocks(terms)).rejects.toMatchObject({
      ...{ _tag: 'RpcUnreachable' },
      context: { failures: [{ tag: 'RpcMalformed' }, { tag: 'RpcMalformed' }] },
    })
  })

  test('one that answers another id than what was sent has sent nothing', async () => {
    const other = says({ ...all, submit: { ...submission, id: '0xff', attempts: ['0xff'] } })
    expect(await over([other, says(all)]).submit(signed)).toEqual(submission)
  })

  test('a timeout that no timer can count is none', async () => {
    const slow = endpoint({
      tip: () => new Promise((resolve) => setTimeout(() => resolve(told(head(), refOf(100n))), 20)),
    })
    const reader = over([slow, endpoint()], { timeoutMs: 2 ** 40, graceMs: 2 ** 40 })
    expect((await reader.tip()).value.height).toBe(100n)
    expect((await over([slow, slow], { timeoutMs: 2 ** 40 }).tip()).value.height).toBe(100n)
  })
})

describe('refusals', () => {
  const refuses = async () => {
    throw CoreErrors.InvalidArgument('no', { argument: 'terms' })
  }
  const liar = endpoint(Object.fromEntries(Object.keys(honest).map((name) => [name, refuses])))

  test.each(Object.keys(honest) as Method[])(
    '%s: of two that refuse, whoever answers is believed',
    async (name) => {
      const expected = await ask[name](over([says(all)], { answers: 1 }) as never)
      expect(await ask[name](over([liar, liar, says(all)], { answers: 1 }) as never)).toEqual(expected)
    },
  )
})

describe('S12: who says it more than once', () => {
  test('a lock that one of three tells three times is the word of one', async () => {
    const liar = endpoint(locksOf(shows(lock), shows(lock), shows(lock)))
    const hides = endpoint(locksOf(none))
    for (const agree of [2, 3]) {
      const [read] = await over([hides, liar, endpoint({ findLocks: down })], {
        agree,
        answers: 1,
      }).findLocks(terms)
      expect(read).toMatchObject({ is: 'found', fact: { assurance: 'reported', at: 'mempool', depth: 0n } })
    }
  })
})

describe('many locks', () => {
  const made = (n: number): readonly Lock[] =>
    Array.from({ length: n }, (_, i) => ({ ...lock, ref: `0xbad${i}`, match: 'under', amount: 1n }))

  test('H29: of those that one makes up nobody else is asked for evidence, and all are asked for at once', async () => {
    const asked = { liar: 0, honest: 0, most: 0 }
    const liar = endpoint({
      ...locksOf(...made(1_000).map((one) => shows(one))),
      prove: (_, o) => {
        asked.liar++
        asked.most = Math.max(asked.most, asked.liar)
        return never(0, 0, o)
      },
    })
    const good = endpoint({
      ...locksOf(shows(lock)),
      prove: async () => {
        asked.honest++
        return evidence()
      },
    })
    const reads = await over([liar, good, liar], { verifier: truth({ lock }), timeoutMs: 1 }).findLocks(terms)
    expect(reads[0]).toMatchObject({ is: 'found', fact: { assurance: 'proved', value: lock } })
    expect(asked.honest).toBe(1)
    expect(reads.length).toBeLessThan(100)
    expect(asked.liar).toBeLessThan(200)
  })

  test('H29: dust in front of a lock, thousands of times, hides it from nobody', async () => {
    const dusted = endpoint(locksOf(...[...made(2_000), lock].map((one) => shows(one))))
    const reads = await over([dusted, dusted]).findLocks(terms)
    expect(reads.some((one) => one.is === 'found' && one.fact.value.ref === lock.ref)).toBe(true)
    expect(reads.length).toBeLessThan(100)
  })

  test('what one says of a lock that is discovered, or recovered, hides nothing that another one says', async () => {
    const others = { ...terms, amount: 1n } as LockTerms.LockTerms
    const lies = says({
      ...all,
      discoverLocks: [{ terms: others, lock }],
      recoverLocks: [{ ...own, terms: others }],
    })
    const reader = over([lies, says(all), lies], { answers: 1 })
    expect(await reader.discoverLocks(terms.hashlock)).toContainEqual(found)
    expect(await ask.recoverLocks(reader as never)).toContainEqual(own)
    // Of two that say the same, the one that shows it whole.
    const under = says({ ...all, discoverLocks: [{ terms, lock: { ...lock, match: 'under' } }] })
    expect(await over([under, says(all)]).discoverLocks(terms.hashlock)).toEqual([found])
    const rest = { ...own, signed }
    const whole = says({ ...all, recoverLocks: [rest] })
    expect(await ask.recoverLocks(over([says(all), whole]) as never)).toEqual([rest])
  })
})

describe('streams', () => {
  const block = (height: bigint): ChainEvent => ({
    ...{ is: 'added', asOf: head() },
    what: { kind: 'block', block: refOf(height) },
  })
  const watches = (watch: (signal: AbortSignal | undefined) => AsyncIterable<unknown>) =>
    endpoint({ watch: (_, o) => watch(o?.signal) as AsyncIterable<ChainEvent> })
  const until = async (reader: ReturnType<typeof over>, isLast: (event: ChainEvent) => boolean) => {
    for await (const event of reader.watch({ kind: 'tip' })) if (isLast(event)) return true
    return false
  }
  const isBlock = (height: bigint) => (event: ChainEvent) =>
    event.what.kind === 'block' && event.what.block.height === height

  test('an event that is none ends the stream of whoever tells it, and no other', async () => {
    for (const junk of JUNK) {
      const lies = watches(async function* () {
        yield { ...block(1n), what: junk }
      })
      const good = watches(async function* () {
        yield block(1n)
        yield block(2n)
      })
      expect(await until(over([lies, good]), isBlock(2n))).toBe(true)
    }
  })

  test('a header that is none ends the stream of whoever gives it, and no other', async () => {
    const of = (...all: readonly unknown[]) =>
      endpoint({
        async *headers() {
          yield* all as never[]
        },
      })
    const update = { block: refOf(1n), bytes: Uint8Array.of(1) }
    const seen: unknown[] = []
    for await (const one of over([of({ ...update, bytes: '01' }), of(update)]).headers(refOf(0n))) {
      seen.push(one)
      break
    }
    expect(seen).toEqual([update])
  })

  test('one that never stops saying the same leaves the others their turn', async () => {
    let said = 0
    const lies = watches(async function* () {
      // It does stop, so that the test ends without them.
      for (; said < 1_000_000; said++) yield block(1n)
    })
    const good = watches(async function* () {
      await new Promise((resolve) => setTimeout(resolve))
      yield block(2n)
    })
    expect(await until(over([lies, good]), isBlock(2n))).toBe(true)
    expect(said).toBeLessThan(1_000_000)
  })

  test('one that says something new all the time has no other begun more than once a second', async () => {
    let now = 1_900_000_000_000
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now)
    onTestFinished(() => clock.mockRestore())
    const begun: number[] = []
    const lies = watches(async function* () {
      for (let height = 1n; height <= 2_000n; height++) {
        // The machine's clock may be set back too.
        if (height === 1_000n) now += 1_000
        if (height === 1_500n) now -= 3_600_000
        yield block(height)
      }
    })
    const broken = watches(async function* () {
      begun.push(now)
      yield* []
      throw CoreErrors.RpcUnreachable('gone', {})
    })
    expect(await until(over([lies, broken]), isBlock(2_000n))).toBe(true)
    expect(begun).toHaveLength(3)
  })
})
