import { Bytes } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { Cooperation } from '../../src/bitcoin/musig2.js'
import { check, value } from './helpers.js'
import { termsOf } from './terms.js'

const bools = [false, true] as const
const OWN = ['none', 'open', 'claimed', 'refunded'] as const

/** Everything that a party can know of its swap. */
const standings: readonly Cooperation.Standing[] = (['initiator', 'follower'] as const).flatMap((role) =>
  bools.flatMap((revealed) =>
    bools.flatMap((stopped) =>
      OWN.flatMap((own) => bools.map((received) => ({ role, revealed, stopped, own, received }))),
    ),
  ),
)

describe('judge', () => {
  test('S6: a claim of the own lock is signed by whoever was paid for it, and by nobody else', () => {
    for (const standing of standings)
      expect(Cooperation.judge('claim', standing).ok, JSON.stringify(standing)).toBe(
        standing.received && (standing.revealed || standing.role === 'follower'),
      )
  })

  test('S6, H4: an incoming lock is given back by whoever can lose nothing by it any more', () => {
    const allowed = standings.filter((standing) => Cooperation.judge('refund', standing).ok)
    // Nothing can follow that needs the lock, nothing before it does, and the own lock is out of reach: also for an initiator that loses its
    // journal, in which alone it says that it never reveals.
    for (const { revealed, stopped, received } of allowed)
      expect([revealed, stopped, received]).toEqual([false, true, false])
    for (const of of ['initiator', 'follower'] as const)
      expect(allowed.filter(({ role }) => role === of).map(({ own }) => own)).toEqual(['none', 'refunded'])
  })

  test('error: each refusal has its name', () => {
    const give = (change: Partial<Cooperation.Standing>) =>
      check(
        Cooperation.judge('refund', {
          ...{ role: 'follower', revealed: false, stopped: true, own: 'none', received: false },
          ...change,
        } as Cooperation.Standing),
      )
    expect(give({ stopped: false })).toBe('not-stopped')
    expect(give({ revealed: true })).toBe('secret-public')
    expect(give({ received: true })).toBe('secret-public')
    expect(give({ own: 'open' })).toBe('own-lock')
    expect(give({ own: 'claimed' })).toBe('own-lock')
    const paid: Cooperation.Standing = {
      role: 'initiator',
      revealed: true,
      stopped: false,
      own: 'open',
      received: true,
    }
    expect(check(Cooperation.judge('claim', { ...paid, received: false }))).toBe('unpaid')
    const lock = { ref: `${'ab'.repeat(32)}:0`, amount: 1n }
    expect(check(Cooperation.permit('claim', paid, { terms: termsOf({ kind: 'p2tr' }), ...lock }))).toBe(
      'no-key-path',
    )
    const terms = termsOf({ kind: 'p2tr-musig2' })
    expect(check(Cooperation.permit('claim', { ...paid, received: false }, { terms, ...lock }))).toBe(
      'unpaid',
    )
    expect(value(Cooperation.permit('claim', paid, { terms, ...lock }))).toEqual({
      terms,
      ...lock,
      path: 'claim',
    })
  })
})

describe('messages', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const message: fc.Arbitrary<Cooperation.Message> = fc.oneof(
    fc.record({
      is: fc.constant('ask' as const),
      terms: bytes(32),
      txid: bytes(32).map(Bytes.toHex),
      index: fc.nat({ max: 0xffff_ffff }),
      amount: u64,
      path: fc.constantFrom('claim' as const, 'refund' as const),
      paid: u64,
      nonce: bytes(66),
    }),
    fc.record({
      is: fc.constant('answer' as const),
      session: bytes(32),
      nonce: bytes(66),
      partial: bytes(32),
    }),
    fc.record({ is: fc.constant('decline' as const), session: bytes(32) }),
  )

  property.prop([message, fc.nat()])('one form each, and none of another length', (one, at) => {
    const encoded = Cooperation.encode(one)
    expect(encoded.length).toBeLessThanOrEqual(Cooperation.MAX_MESSAGE)
    expect(value(Cooperation.decode(encoded))).toEqual(one)
    expect(check(Cooperation.decode(encoded.slice(0, at % encoded.length)))).toBe('message')
    expect(check(Cooperation.decode(Bytes.concat(encoded, Uint8Array.of(0))))).toBe('message')
  })

  property.prop([fc.uint8Array({ maxLength: 300 })])(
    'any bytes give a verdict; what decodes has one form',
    (some) => {
      const decoded = Cooperation.decode(some)
      if (decoded.ok) expect(Cooperation.encode(decoded.value)).toEqual(some)
      else expect(decoded.refusal.check).toBe('message')
    },
  )

  test('error: versions, kinds and ways that nobody knows', () => {
    const ask: Cooperation.Ask = {
      is: 'ask',
      terms: new Uint8Array(32),
      txid: '00'.repeat(32),
      index: 0,
      amount: 1n,
      path: 'claim',
      paid: 1n,
      nonce: new Uint8Array(66),
    }
    const encoded = Cooperation.encode(ask)
    for (const [at, byte] of [
      [0, 2],
      [0, 0],
      [1, 3],
      [78, 2],
    ] as const) {
      const changed = encoded.slice()
      changed[at] = byte
      expect(check(Cooperation.decode(changed)), `${at}`).toBe('message')
    }
    expect(check(Cooperation.decode('ask' as never))).toBe('message')
    const other = { ...ask, paid: 2n }
    expect(Cooperation.sessionOf(ask)).not.toEqual(Cooperation.sessionOf(other))
  })
})

describe('step', () => {
  const rules: Cooperation.Rules = { patience: 2n, tries: 2, latest: 7n }

  test('L2, L6: every order of events ends by script in time, or with one transaction sent', () => {
    // Every event at every instant: sessions are fresh, answers also those of earlier ones.
    const events = (state: Cooperation.State, now: bigint, fresh: string): readonly Cooperation.Event[] => [
      { is: 'begin', session: fresh, now },
      { is: 'time', now },
      { is: 'restart', now },
      { is: 'spent', now },
      ...['old', state.is === 'asking' ? state.session : 'none'].flatMap((session): Cooperation.Event[] => [
        { is: 'answer', session, good: true, now },
        { is: 'answer', session, good: false, now },
        { is: 'decline', session, now },
      ]),
    ]
    const nameOf = (state: Cooperation.State, now: bigint) =>
      JSON.stringify([state, now], (_, one) => (typeof one === 'bigint' ? `${one}` : one))
    const seen = new Set<string>()
    let frontier: { state: Cooperation.State; now: bigint; asked: readonly string[] }[] = [
      { state: Cooperation.START, now: 0n, asked: [] },
    ]
    let visited = 0
    while (frontier.length > 0) {
      const next: typeof frontier = []
      for (const { state, now, asked } of frontier)
        for (const event of events(state, now, `s${asked.length}`)) {
          const { state: after, commands } = Cooperation.step(state, event, rules)
          visited++
          // By script once is by script always; what is over stays over.
          if (state.is === 'script') expect(['script', 'over']).toContain(after.is)
          if (state.is === 'over') expect(after).toEqual(state)
          if (state.is === 'sent') expect(after.is).not.toBe('asking')
          for (const command of commands) {
            if (command.do === 'ask') {
              expect(asked).not.toContain(command.session)
              expect(asked.length).toBeLessThan(rules.tries)
              expect(now + rules.patience).toBeLessThanOrEqual(rules.latest)
            }
            // Only the answer of the session that is open is sent, and in its time.
            if (command.do === 'submit')
              expect(state).toMatchObject({ is: 'asking', session: command.session })
          }
          // No session is left behind with its nonce.
          if (state.is === 'asking' && after.is !== 'asking' && after.is !== 'sent')
            expect(commands).toContainEqual({ do: 'forget', session: state.session })
          if (now >= rules.latest) expect(['script', 'over']).toContain(after.is)
          const began = commands.flatMap((command) => (command.do === 'ask' ? [command.session] : []))
          for (const then of [now, now + 1n]) {
            const key = nameOf(after, then)
            if (then > rules.latest + 1n || seen.has(key)) continue
            seen.add(key)
            next.push({ state: after, now: then, asked: [...asked, ...began] })
          }
        }
      frontier = next
    }
    expect(visited).toBeGreaterThan(500)
  })

  test('the reason is told', () => {
    const run = (...events: Cooperation.Event[]) =>
      events.reduce((state, event) => Cooperation.step(state, event, rules).state, Cooperation.START)
    const begin = (session: string, now: bigint): Cooperation.Event => ({ is: 'begin', session, now })
    expect(run(begin('a', 6n))).toEqual({ is: 'script', why: 'late' })
    expect(run(begin('a', 0n), { is: 'time', now: 2n })).toEqual({ is: 'idle', tried: 1 })
    expect(run(begin('a', 0n), { is: 'time', now: 1n })).toMatchObject({ is: 'asking' })
    expect(run(begin('a', 0n), { is: 'time', now: 2n }, begin('b', 2n), { is: 'restart', now: 3n })).toEqual({
      is: 'script',
      why: 'silence',
    })
    const answer = (session: string, good: boolean, now: bigint): Cooperation.Event => ({
      ...{ is: 'answer', session, good, now },
    })
    expect(run(begin('a', 0n), answer('a', false, 1n))).toEqual({ is: 'script', why: 'malformed' })
    expect(run(begin('a', 0n), answer('b', false, 1n))).toMatchObject({ is: 'asking', session: 'a' })
    expect(run(begin('a', 0n), answer('a', true, 1n))).toEqual({ is: 'sent' })
    expect(run(begin('a', 0n), answer('a', true, 2n))).toEqual({ is: 'idle', tried: 1 })
    expect(run(begin('a', 0n), answer('a', true, 1n), { is: 'time', now: 7n })).toEqual({
      is: 'script',
      why: 'stuck',
    })
    expect(run(begin('a', 0n), { is: 'decline', session: 'a', now: 1n })).toEqual({ is: 'idle', tried: 1 })
    expect(run(begin('a', 0n), { is: 'spent', now: 1n }, begin('b', 1n))).toEqual({ is: 'over' })
  })
})
