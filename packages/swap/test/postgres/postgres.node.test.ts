import { isAitbcError, Journal, type Log, type Signed } from '@aitbc/core'
import { type Board, Runner } from '@aitbc/swap'
import {
  createPostgresStorage,
  type Database,
  Lease,
  type PostgresStorage,
  Worker,
} from '@aitbc/swap/postgres'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storageContract } from '../../../core/test/storage/contract.js'
import * as Wish from '../../src/postgres/Wish.js'
import { boardContract } from '../board/contract.js'
import { locksBy } from '../model/expect.js'
import { ALICE, create, seeds, sides } from '../model/market.js'
import * as Process from '../model/process.js'
import * as Server from './server.js'
import * as Service from './service.js'
import * as Wire from './wire.js'

const found = Server.binaries()
const missing = 'missing' in found ? found.missing : undefined
const bytes = (...values: number[]) => Uint8Array.of(...values)
const LONG = 30_000
const isHeld = async (storage: PostgresStorage, lease: Lease.Lease) =>
  (await Lease.held(storage, [lease])).has(lease.id)
const UTXO = { long: 'utxo', short: 'utxo' } as const

describe.skipIf(missing !== undefined)(
  `PostgreSQL${missing === undefined ? '' : `: skipped, ${missing}`}`,
  () => {
    let server: Server.Server
    let pool: pg.Pool
    let other: pg.Pool
    beforeAll(async () => {
      server = await Server.start()
      pool = server.pool()
      other = server.pool()
    })
    afterAll(async () => {
      await Promise.all([pool?.end(), other?.end()])
      await server?.stop()
    })
    let n = 0
    const schema = () => `s_${n++}`

    storageContract('postgres', async () => {
      const options = { pool, schema: schema() }
      return { storage: createPostgresStorage(options), reopen: () => createPostgresStorage(options) }
    })

    boardContract(
      'postgres',
      async () => {
        const name = schema()
        const made = (of: pg.Pool) => createPostgresStorage({ pool: of, schema: name }).board
        return { board: made(pool), again: () => made(other) }
      },
      { lasts: true },
    )

    describe('who takes a swap’s seat while the driver before is writing', () => {
      const owner = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
      const [before, now, another] = [
        { swap: 's', owner: owner(1) },
        { swap: 's', owner: owner(2) },
        { swap: 'other', owner: owner(3) },
      ]
      const line = (kind: Board.Line['kind']): Board.Line => ({
        kind,
        about: 'x',
        value: bytes(1),
        firm: true,
      })
      /** Its last line is on its way when the seat changes hands: the server has begun with it, and ends when told. */
      const torn = async (
        run: (board: Board.Board) => Promise<unknown>,
        then: (board: Board.Board, same: Board.Board) => Promise<unknown>,
      ) => {
        const name = schema()
        const board = createPostgresStorage({ pool, schema: name }).board
        await board.enter(before, [])
        const gate = await other.connect()
        const key = `hashtext('${name}')`
        await gate.query(`CREATE FUNCTION ${name}.gate() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${key}); RETURN NEW; END $$;
          CREATE TRIGGER gate BEFORE INSERT ON ${name}.lines FOR EACH ROW WHEN (NEW.kind <> 'seat') EXECUTE FUNCTION ${name}.gate();
          SELECT pg_advisory_lock(${key})`)
        const waiting = async (count: number) => {
          for (;;) {
            const { rows } = await gate.query<{ n: number }>(
              `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%"${name}"%'`,
            )
            if ((rows[0]?.n ?? 0) >= count) return
          }
        }
        try {
          const late = run(board).catch((error) => error)
          await waiting(1)
          const next = createPostgresStorage({ pool: other, schema: name }).board
          const second = then(next, board)
          await waiting(2)
          await gate.query(`SELECT pg_advisory_unlock(${key})`)
          await Promise.all([late, second])
          return next
        } finally {
          await gate.query(`SELECT pg_advisory_unlock_all()`)
          gate.release()
        }
      }

      test('S13: coins that were reserved last are the newcomer’s, and gone with its swap', async () => {
        const kept: Board.Line[] = []
        const board = await torn(
          (it) => it.reserve(before, [line('coins')]),
          async (it) => kept.push(...(await it.enter(now, []))),
        )
        expect(kept.map(({ about }) => about)).toEqual(['x'])
        await board.leave(now, true)
        expect(await board.reserve(another, [line('coins')])).toEqual([])
      })

      test('S6: a number that was told last is in nobody’s way for good', async () => {
        const { signal } = new AbortController()
        const board = await torn(
          (it) => it.turn(before, 'x', signal, ({ write }) => write(line('turn'))),
          (it) => it.enter(now, []),
        )
        expect(await board.turn(another, 'x', signal, async ({ others }) => others)).toEqual([])
      })

      test('S6: a number that was told by who had given that up is taken back', async () => {
        const { signal } = new AbortController()
        const board = await torn(
          (it) => it.turn(before, 'x', signal, ({ write }) => write(line('turn'))),
          (_, it) => it.put(before, []),
        )
        expect(await board.turn(another, 'x', signal, async ({ others }) => others)).toEqual([])
      })

      test('S13: coins that were reserved last are gone with a swap that ends meanwhile', async () => {
        const board = await torn(
          (it) => it.reserve(before, [line('coins')]),
          (it) => it.leave(before, true),
        )
        expect(await board.reserve(another, [line('coins')])).toEqual([])
      })
    })

    describe('the server', () => {
      test('error: one that answers before a write is durable is refused, and so are tables of a later version', async () => {
        const careless = server.pool({ options: '-c synchronous_commit=off' })
        const refused = await createPostgresStorage({ pool: careless, schema: schema() })
          .get('a')
          .catch((e) => e)
        await careless.end()
        expect(isAitbcError(refused, 'StorageUnavailable')).toBe(true)
        expect(refused.context).toMatchObject({ setting: 'synchronous_commit', value: 'off' })

        const name = schema()
        await createPostgresStorage({ pool, schema: name }).put('a', bytes(1))
        await pool.query(`INSERT INTO ${name}.format VALUES (3)`)
        const later = await createPostgresStorage({ pool, schema: name })
          .get('a')
          .catch((e) => e)
        expect(later.context).toMatchObject({ schema: name, version: 3 })
      })

      test('error: options and arguments out of range', async () => {
        const storage = createPostgresStorage({ pool, schema: schema() })
        for (const wrong of [
          () => createPostgresStorage(undefined as never),
          () => createPostgresStorage({ pool: {} as never }),
          () => createPostgresStorage({ pool, schema: 'a"; DROP TABLE x; --' }),
          () => createPostgresStorage({ pool, patienceMs: 0 }),
          () => createPostgresStorage({ pool, timeoutMs: Number.NaN }),
        ])
          expect(wrong).toThrow(expect.objectContaining({ _tag: 'InvalidArgument' }))
        const context = { seed: seeds[ALICE], sides: {}, utc: () => 0n }
        for (const refused of [
          Lease.claim(storage, { max: 0, leaseMs: 1 }),
          Lease.claim(storage, { max: 1, leaseMs: -1 }),
          Lease.renew(storage, [], { leaseMs: Number.POSITIVE_INFINITY }),
          Worker.run(context, { storage, concurrency: 0.5 }),
          Worker.run(context, { storage, leaseMs: 0 }),
          Worker.run(context, { storage, pollMs: Number.NaN }),
        ])
          await expect(refused).rejects.toMatchObject({ _tag: 'InvalidArgument' })
        const reason = new Error('mine')
        await expect(Worker.run(context, { storage, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      })

      test('behavior: of many that meet a server which is starting the one who gives up ends for itself alone', async () => {
        let up = () => {}
        const isUp = new Promise<void>((resolve) => {
          up = resolve
        })
        const storage = createPostgresStorage({
          schema: schema(),
          pool: {
            query: async (config) => {
              await isUp
              return pool.query(config)
            },
          },
        })
        const stop = new AbortController()
        const first = storage.get('a', { signal: stop.signal }).catch((e) => e)
        const second = storage.put('a', bytes(1))
        const reason = new Error('no time')
        stop.abort(reason)
        expect(await first).toBe(reason)
        up()
        expect(await second).toBe(1n)
      })

      test('error: a server that stays away is StorageUnavailable, and an ended pool at once', async () => {
        const gone = server.pool({ host: `${server.host}/nowhere` })
        const refused = await createPostgresStorage({ pool: gone, patienceMs: 100 })
          .get('a')
          .catch((e) => e)
        expect(isAitbcError(refused, 'StorageUnavailable')).toBe(true)
        expect(refused.context.attempts).toBeGreaterThan(1)
        await gone.end()
        const ended = await createPostgresStorage({ pool: gone })
          .get('a')
          .catch((e) => e)
        expect(ended.context).toMatchObject({ attempts: 1 })
      })
    })

    describe('a torn connection', () => {
      let wire: Wire.Wire
      let torn: pg.Pool
      beforeAll(async () => {
        wire = await Wire.create(server.socket)
        torn = server.pool({ host: wire.host })
      })
      afterAll(async () => {
        await torn?.end()
        await wire?.stop()
      })
      /** Cuts the next statement of a kind, once. */
      const cutNext = (kind: RegExp, how: Wire.Cut) => {
        wire.cuts.length = 0
        wire.judge = (statement) => {
          if (wire.cuts.length > 0 || !kind.test(statement)) return undefined
          return how
        }
      }
      const once = () => expect(wire.cuts).toHaveLength(1)

      test.each(['lost', 'unanswered', 'late'] as const)(
        'behavior: a write whose %s request or answer is cut is done once',
        async (how) => {
          const options = { schema: schema() }
          const storage = createPostgresStorage({ pool: torn, ...options })
          expect(await storage.list('')).toEqual([])

          cutNext(/INSERT INTO "\w+"\.keys/, how)
          expect(await storage.compareAndSet('a', 0n, bytes(1))).toBe(1n)
          once()
          await wire.deliver()
          cutNext(/UPDATE "\w+"\.keys/, how)
          expect(await storage.compareAndSet('a', 1n, bytes(2))).toBe(2n)
          once()
          await wire.deliver()
          cutNext(/UPDATE "\w+"\.keys/, how)
          expect(await storage.put('a', bytes(3))).toBe(3n)
          once()
          expect(await storage.put('a', bytes(4))).toBe(4n)
          await wire.deliver()
          expect(await storage.get('a')).toEqual({ value: bytes(4), version: 4n })

          cutNext(/INSERT INTO "\w+"\.logs/, how)
          const log = await storage.log('l')
          once()
          await wire.deliver()
          cutNext(/\.pieces \(/, how)
          await log.append(bytes(1, 2, 3))
          once()
          await log.append(bytes(4))
          await wire.deliver()
          expect(await log.read()).toEqual(bytes(1, 2, 3, 4))
          cutNext(/DELETE FROM "\w+"\.pieces/, how)
          await log.truncate(2)
          once()
          await log.append(bytes(9, 9))
          await wire.deliver()
          expect(await log.read()).toEqual(bytes(1, 2, 9, 9))

          // A swap that was put into the queue, claimed, given back and finished.
          await storage.compareAndSet('swap/x/head', 0n, bytes(1))
          await Lease.offer(storage, 'x')
          cutNext(/WITH due/, how)
          const [lease] = await Lease.claim(storage, { max: 5, leaseMs: LONG })
          once()
          await wire.deliver()
          expect(lease).toMatchObject({ id: 'x', token: 1n })
          expect(await isHeld(storage, lease as Lease.Lease)).toBe(true)
          cutNext(/SET due/, how)
          await Lease.release(storage, [lease as Lease.Lease], { failed: true })
          once()
          const [again] = await Lease.claim(storage, { max: 5, leaseMs: LONG })
          await wire.deliver()
          expect(again).toMatchObject({ id: 'x', failures: 1 })
          expect(await isHeld(storage, again as Lease.Lease)).toBe(true)
        },
      )

      test('behavior: two that write the same bytes at once are told apart, though the winner is told late', async () => {
        const options = { schema: schema() }
        const first = createPostgresStorage({ pool: torn, ...options })
        const second = createPostgresStorage({ pool, ...options })
        expect(await first.list('')).toEqual([])
        let theirs: Promise<unknown> | undefined
        wire.cuts.length = 0
        wire.judge = (statement) => {
          if (wire.cuts.length > 0 || !/INSERT INTO "\w+"\.keys/.test(statement)) return undefined
          theirs = second.compareAndSet('a', 0n, bytes(7)).catch((e) => e)
          return 'late'
        }
        const mine = await first.compareAndSet('a', 0n, bytes(7)).catch((e) => e)
        await wire.deliver()
        const both = [mine, await theirs]
        expect(both.filter((one) => one === 1n)).toHaveLength(1)
        expect(both.filter((one) => isAitbcError(one, 'StorageConflict'))).toHaveLength(1)
        expect(await first.get('a')).toEqual({ value: bytes(7), version: 1n })
      })

      test('behavior: a write that can’t be told after all closes its log; opened again it tells the truth', async () => {
        const storage = createPostgresStorage({ pool: torn, schema: schema(), patienceMs: 1000 })
        const log = await storage.log('l')
        await log.append(bytes(1))
        wire.cuts.length = 0
        wire.judge = (statement) => (/\.pieces \(/.test(statement) ? 'late' : undefined)
        const lost = await log.append(bytes(2)).catch((e) => e)
        expect(isAitbcError(lost, 'StorageUnavailable')).toBe(true)
        wire.judge = () => undefined
        expect(await log.append(bytes(3)).catch((e) => e.message)).toMatch('what became of a write')
        // The server gets to it only now: once, however often it was sent.
        await wire.deliver()
        expect(await (await storage.log('l')).read()).toEqual(bytes(1, 2))
        // And once the log is opened again, not at all.
        wire.judge = (statement) => (/\.pieces \(/.test(statement) ? 'late' : undefined)
        const third = (await storage.log('l')) as Log
        await third.append(bytes(3)).catch(() => undefined)
        wire.judge = () => undefined
        const fourth = await storage.log('l')
        await wire.deliver()
        expect(await fourth.read()).toEqual(bytes(1, 2))
      })

      test('L3: a worker whose every tenth answer is lost drives its swap to the same end', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        await Service.open(market, Service.storageOf(pool, options), deal)
        let statements = 0
        wire.cuts.length = 0
        wire.judge = () => (++statements % 10 === 0 ? 'unanswered' : undefined)
        const worker = Service.start(market, torn, { ...options, leaseMs: LONG })
        const bob = Service.bob(market, deal)
        await worker.when((one) => one.is === 'claimed')
        await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
        wire.judge = () => undefined
        await worker.stop()
        expect([...worker.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
        expect(wire.cuts.length).toBeGreaterThan(1)
        expect(locksBy(market, ALICE)).toHaveLength(1)
      })
    })

    describe('leases', () => {
      const queue = async (pool: Database.Pool, options: { schema: string }, count: number) => {
        const storage = createPostgresStorage({ pool, ...options })
        for (let i = 0; i < count; i++) {
          await storage.compareAndSet(`swap/${i}/head`, 0n, bytes(1))
          await Lease.offer(storage, String(i))
        }
        return storage
      }

      test('L3: of many that claim at once none gets what another one has', async () => {
        const options = { schema: schema() }
        const storage = await queue(pool, options, 30)
        const others = [
          storage,
          ...[1, 2, 3].map((i) => createPostgresStorage({ pool: i % 2 ? other : pool, ...options })),
        ]
        const taken = (
          await Promise.all(
            others.map(async (one) => {
              const mine: Lease.Lease[] = []
              for (let claims = 0; claims < 40; claims++) {
                const some = await Lease.claim(one, { max: 2, leaseMs: LONG })
                if (some.length === 0) break
                mine.push(...some)
              }
              return mine
            }),
          )
        ).flat()
        expect(taken.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 30 }, (_, i) => i),
        )
        expect(taken.every(({ token }) => token === 1n)).toBe(true)
        expect(await Lease.count(storage)).toEqual({ due: 0, later: 30, finished: 0 })
      })

      test('L3: a lease that ended by the server’s clock is taken over; its owner before can do nothing with it', async () => {
        const options = { schema: schema() }
        const storage = await queue(pool, options, 1)
        const [first] = (await Lease.claim(storage, { max: 1, leaseMs: 1 })) as [Lease.Lease]
        let lasts = true
        for (let tries = 0; lasts && tries < 1000; tries++) lasts = await isHeld(storage, first)
        expect(lasts).toBe(false)
        let second: Lease.Lease | undefined
        for (let tries = 0; second === undefined && tries < 1000; tries++)
          [second] = await Lease.claim(createPostgresStorage({ pool: other, ...options }), {
            max: 1,
            leaseMs: LONG,
          })
        expect(second).toEqual({ id: '0', token: 2n, failures: 0 })
        const next = second as Lease.Lease
        expect(await Lease.renew(storage, [first], { leaseMs: LONG })).toEqual(new Set())
        await Lease.release(storage, [first])
        await Lease.finish(storage, first, 'deal')
        await Lease.offer(storage, '0')
        expect(await isHeld(storage, next)).toBe(true)
        expect(await Lease.renew(storage, [first, next], { leaseMs: LONG })).toEqual(new Set(['0']))
        await Lease.finish(storage, next, 'no-deal')
        expect(await Lease.count(storage)).toEqual({ due: 0, later: 0, finished: 1 })
        await Lease.release(storage, [next])
        expect(await Lease.claim(storage, { max: 1, leaseMs: LONG })).toEqual([])
        await Lease.offer(storage, '0', { again: true })
        // A server may carry out late what it was asked before.
        await Lease.finish(storage, next, 'no-deal')
        expect(await Lease.claim(storage, { max: 1, leaseMs: LONG })).toMatchObject([
          { id: '0', failures: 0 },
        ])
      })

      test('behavior: what is given back after a failure waits its time; else it is due at once', async () => {
        const options = { schema: schema() }
        const storage = await queue(pool, options, 2)
        const leases = await Lease.claim(storage, { max: 2, leaseMs: LONG })
        await Lease.release(storage, leases.slice(0, 1), { delayMs: LONG, failed: true })
        await Lease.release(storage, leases.slice(1))
        expect(await Lease.count(storage)).toEqual({ due: 1, later: 1, finished: 0 })
        expect(await Lease.claim(storage, { max: 2, leaseMs: LONG })).toMatchObject([
          { id: leases[1]?.id, token: 3n, failures: 0 },
        ])
      })

      test('behavior: a swap that is being begun is left to its opener for a while', async () => {
        const storage = createPostgresStorage({ pool, schema: schema() })
        const journal = await Journal.open(storage, { name: 'swap/new', kinds: ['event'] })
        expect(await Lease.claim(storage, { max: 1, leaseMs: LONG })).toEqual([])
        await journal.append('event', bytes(1))
        await Lease.offer(storage, 'new')
        expect(await Lease.claim(storage, { max: 1, leaseMs: LONG })).toHaveLength(1)
      })
    })

    describe('workers', () => {
      test('L1 L3: two share six swaps, three each; every swap is driven by one, and ends as agreed', async () => {
        const market = create(UTXO)
        const options = { schema: schema() }
        const opener = Service.storageOf(pool, options)
        const deals = [1, 3, 5, 7, 9, 11].map((first) => Process.agreedAgain(market, first))
        for (const deal of deals) await Service.open(market, opener, deal)
        const workers = [pool, other].map((one) =>
          Service.start(market, one, { ...options, concurrency: 3, leaseMs: LONG }),
        )
        const bobs = deals.map((deal) => Service.bob(market, deal))
        const claimed = () =>
          workers.flatMap(({ progress }) => progress.flatMap((one) => (one.is === 'claimed' ? [one.id] : [])))
        for (const worker of workers)
          await worker.when(() => worker.progress.filter((one) => one.is === 'claimed').length === 3)
        await Service.drive(
          market,
          () => workers.every(({ outcomes }) => outcomes.size === 3) && bobs.every(Process.isDone),
        )
        await Promise.all(workers.map((worker) => worker.stop()))
        expect(claimed().sort()).toEqual(deals.map(Service.idOf).sort())
        for (const { outcomes, progress } of workers) {
          expect([...outcomes.values()]).toEqual(['deal', 'deal', 'deal'])
          expect(progress.filter((one) => one.is === 'lost' || one.is === 'failed')).toEqual([])
        }
        expect(bobs.map((bob) => bob.outcome)).toEqual(deals.map(() => 'deal'))
        expect(locksBy(market, ALICE)).toHaveLength(6)
        expect(await Lease.count(opener)).toEqual({ due: 0, later: 0, finished: 6 })
      })

      test('behavior: the signal ends it with its own reason, and what it drove is free at once', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const storage = Service.storageOf(pool, options)
        await Service.open(market, storage, deal)
        const first = Service.start(market, pool, { ...options, leaseMs: LONG })
        const bob = Service.bob(market, deal)
        await first.when((one) => one.is === 'claimed')
        await Service.drive(market, () => first.sent.includes('lock'))
        expect(await first.stop()).toMatchObject({ message: 'closing time' })
        expect(market.nets.long.listeners.size).toBe(2)
        expect(await Lease.count(storage)).toEqual({ due: 1, later: 0, finished: 0 })
        const second = Service.start(market, other, { ...options, leaseMs: LONG })
        await second.when((one) => one.is === 'claimed')
        await Service.drive(market, () => second.outcomes.size === 1 && Process.isDone(bob))
        await second.stop()
        expect([...second.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
        expect(locksBy(market, ALICE)).toHaveLength(1)
      })

      /** Where a worker sleeps through its lease, by the statement that it is about to send. */
      const sleeps = [
        { at: 'a journal append', text: /\.pieces \(/, nth: 2 },
        {
          at: 'the broadcast of its lock',
          text: /SELECT lease\.id FROM/,
          nth: 1,
        },
        {
          at: 'the broadcast of its claim',
          text: /SELECT lease\.id FROM/,
          nth: 2,
        },
        { at: 'the opening of its journal', text: /INSERT INTO "\w+"\.logs/, nth: 1 },
      ]

      test.each(sleeps)(
        'L3: one that sleeps before $at wakes up fenced: it writes and broadcasts nothing more',
        async ({ text, nth }) => {
          const market = create(UTXO)
          const deal = Process.agreed(market)
          const options = { schema: schema() }
          const id = await Service.open(market, Service.storageOf(pool, options), deal)
          let asleep: Promise<void> | undefined
          let wakeUp = () => {}
          let seen = 0
          let slept = () => {}
          const isAsleep = new Promise<void>((resolve) => {
            slept = resolve
          })
          // Asleep, all of its statements stand still, and so does its clock: it believes that its lease lasts.
          const first = Service.start(market, other, {
            ...options,
            leaseMs: 2000,
            now: () => 0,
            before: (statement) => {
              if (asleep === undefined && text.test(statement) && ++seen === nth) {
                asleep = new Promise((resolve) => {
                  wakeUp = resolve
                })
                slept()
              }
              return asleep
            },
          })
          const bob = Service.bob(market, deal)
          await first.when((one) => one.is === 'claimed')
          let sleeping = false
          void isAsleep.then(() => {
            sleeping = true
          })
          await Service.drive(market, () => sleeping)
          const sent = [...first.sent]
          const second = Service.start(market, pool, { ...options, leaseMs: LONG })
          await second.when((one) => one.is === 'claimed')
          await Service.drive(market, () => second.outcomes.size === 1 && Process.isDone(bob))
          expect([second.outcomes.get(id), bob.outcome]).toEqual(['deal', 'deal'])
          await second.stop()
          const written = () =>
            pool
              .query(`SELECT name, version, size, owner FROM ${options.schema}.logs ORDER BY name`)
              .then((r) => r.rows)
          const before = await written()
          asleep = undefined
          seen = -1000
          wakeUp()
          await first.when(
            (one) => one.is === 'lost' || (one.is === 'failed' && isAitbcError(one.error, 'SwapBusy')),
          )
          await Service.quiet()
          await first.stop()
          expect(first.sent).toEqual(sent)
          expect(await written()).toEqual(before)
          expect(first.outcomes.size).toBe(0)
          expect(locksBy(market, ALICE)).toHaveLength(1)
        },
      )

      test.each([
        { title: 'and goes on where nobody took it', taken: false },
        { title: 'and stops where somebody did', taken: true },
      ])(
        'L3: one whose own clock says that its lease ended asks the server first, $title',
        async ({ taken }) => {
          const market = create(UTXO)
          const deal = Process.agreed(market)
          const options = { schema: schema() }
          await Service.open(market, Service.storageOf(pool, options), deal)
          let now = -5_000_000
          const worker = Service.start(market, pool, { ...options, leaseMs: LONG, now: () => now })
          const bob = Service.bob(market, deal)
          await worker.when((one) => one.is === 'claimed')
          await Service.drive(market, () => worker.sent.includes('lock'))
          now += LONG
          const sent = worker.sent.length
          if (taken)
            await pool.query(
              `UPDATE ${options.schema}.leases SET token = token + 1, due = clock_timestamp() + interval '1 hour'`,
            )
          const lost = () => worker.progress.some((one) => one.is === 'lost')
          await Service.drive(market, () => lost() || (worker.outcomes.size === 1 && Process.isDone(bob)))
          await worker.stop()
          expect(lost()).toBe(taken)
          if (!taken) return expect([...worker.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
          expect(worker.sent).toHaveLength(sent)
          expect(worker.progress.find((one) => one.is === 'lost')).toMatchObject({
            error: { _tag: 'SwapBusy', code: 4012 },
          })
          expect(Process.isDone(bob)).toBe(false)
        },
      )

      test('L3: leases are renewed while every other statement stands in line, and nothing is lost', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        await Service.open(market, Service.storageOf(pool, options), deal)
        const few = server.pool({ max: 3 })
        let renewals = 0
        const worker = Service.start(
          market,
          {
            options: { max: 3 },
            query: async (config) => {
              const answer = await few.query(config)
              if (/SET due/.test(config.text)) renewals++
              return answer
            },
          },
          { ...options, leaseMs: 600 },
        )
        const bob = Service.bob(market, deal)
        await worker.when((one) => one.is === 'claimed')
        await Service.drive(market, () => worker.sent.includes('lock'))
        // Whoever reads or writes a key now waits for as long as this transaction lasts.
        const blocker = await other.connect()
        await blocker.query(`BEGIN; LOCK TABLE ${options.schema}.keys IN ACCESS EXCLUSIVE MODE`)
        const waiting = Array.from({ length: 30 }, (_, i) => worker.storage.get(`k${i}`))
        const before = renewals
        while (renewals < before + 6) await new Promise((resolve) => setImmediate(resolve))
        await blocker.query('COMMIT')
        blocker.release()
        expect(await Promise.all(waiting)).toEqual(waiting.map(() => undefined))
        await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
        await worker.stop()
        await few.end()
        expect(worker.progress.filter((one) => one.is === 'lost' || one.is === 'failed')).toEqual([])
        expect([...worker.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
      })

      test('S9 S13: one that died with an account’s turn, or counting on coins, keeps others waiting no longer than turn and lease last', async () => {
        const options = { schema: schema(), turnMs: 300 }
        const storage = createPostgresStorage({ pool, ...options })
        const { board } = createPostgresStorage({ pool: other, ...options })
        const seats = ['dead', 'live'].map((swap) => ({ swap, owner: crypto.randomUUID() }))
        const [dead, live] = seats as [Board.Seat, Board.Seat]
        const { signal } = new AbortController()
        const turn = { kind: 'turn', about: 'a', value: bytes(1), firm: true } as const
        let late: Board.Turn['write'] | undefined
        let hung: Promise<unknown> | undefined
        await new Promise<void>((resolve) => {
          hung = storage.board
            .turn(dead, 'a', signal, ({ write }) => {
              late = write
              resolve()
              return new Promise(() => undefined)
            })
            .catch((e) => e)
        })
        expect(await board.turn(live, 'a', signal, async ({ others }) => others)).toEqual([])
        // Where it isn't dead, and a signer never answers, its own process goes on too.
        expect(await storage.board.turn(live, 'a', signal, async ({ others }) => others)).toEqual([])
        expect(await hung).toMatchObject({ _tag: 'StorageConflict' })
        await expect(late?.(turn)).rejects.toMatchObject({ _tag: 'StorageConflict' })
        expect(await board.turn(live, 'a', signal, async ({ others }) => others)).toEqual([])

        await storage.compareAndSet('swap/dead/head', 0n, bytes(1))
        await Lease.offer(storage, 'dead')
        const coins = { kind: 'coins', about: 'x', value: bytes(1), firm: false } as const
        await storage.board.reserve(dead, [coins])
        expect(await board.reserve(live, [coins])).toHaveLength(1)
        const leases = await Lease.claim(storage, { max: 1, leaseMs: LONG })
        expect(await board.reserve(live, [coins])).toHaveLength(1)
        await Lease.renew(storage, leases, { leaseMs: 1 })
        let heard = 1
        for (let tries = 0; heard > 0 && tries < 1000; tries++)
          heard = (await board.reserve(live, [coins])).length
        expect(heard).toBe(0)
        // What it has signed it may still send.
        await storage.board.put(dead, [{ ...coins, firm: true }])
        expect(await board.reserve(live, [coins])).toHaveLength(1)
      })

      test('S9 S13: whatever a server carries out after its client gave it up takes back nothing that was told since', async () => {
        const name = schema()
        const sent: Parameters<Database.Pool['query']>[0][] = []
        const spied: Database.Pool = {
          query: (config) => {
            sent.push(config)
            return pool.query(config)
          },
        }
        const { board } = createPostgresStorage({ pool: spied, schema: name })
        const seat = (swap: string) => ({ swap, owner: crypto.randomUUID() })
        const [mine, live] = [seat('mine'), seat('live')]
        const { signal } = new AbortController()
        const turn = (value: number) =>
          ({ kind: 'turn', about: 'a', value: bytes(value), firm: true }) as const
        const coins = (value: number) =>
          ({ kind: 'coins', about: 'x', value: bytes(value), firm: false }) as const
        const late = async (run: () => Promise<unknown>, text: RegExp) => {
          const from = sent.length
          await run()
          const statement = sent.slice(from).find((one) => text.test(one.text))
          return async () => void (await pool.query(statement as (typeof sent)[number]))
        }
        const told = () => board.turn(live, 'a', signal, async ({ others }) => others)
        const counted = async () => (await board.reserve(live, [coins(9)])).map(({ value }) => value)

        const entered = await late(() => board.enter(mine, [turn(1)]), /int8send/)
        const cleared = await late(() => board.put(mine, []), /WITH seat/)
        const reserved = await late(() => board.reserve(mine, [coins(7)]), /WITH seat/)
        await board.turn(mine, 'a', signal, ({ write }) => write(turn(2)))
        for (const one of [entered, cleared]) await one()
        expect([await told(), await counted()]).toEqual([[bytes(2)], [bytes(7)]])
        await board.put(mine, [turn(3)])
        await reserved()
        expect([await told(), await counted()]).toEqual([[bytes(3)], []])
        await board.reserve(mine, [coins(6)])
        expect(await counted()).toEqual([bytes(6)])

        const next = seat('mine')
        const left = await late(() => board.enter(next, [turn(4)]), /int8send/)
        await entered()
        await board.put(next, [turn(5)])
        expect([await told(), await counted()]).toEqual([[bytes(5)], []])
        await expect(board.reserve(mine, [coins(7)])).rejects.toMatchObject({ _tag: 'StorageConflict' })
        const again = await late(() => board.reserve(next, [coins(8)]), /WITH seat/)
        await board.leave(next, true)
        for (const one of [left, again, entered]) await one()
        expect([await told(), await counted()]).toEqual([[], []])
      })

      describe('given up', () => {
        const begin = async () => {
          const market = create(UTXO)
          const deal = Process.agreed(market)
          const options = { schema: schema() }
          const storage = Service.storageOf(pool, options)
          const id = await Service.open(market, storage, deal)
          const start = (more: Partial<Service.Options> = {}) =>
            Service.start(market, other, { ...options, leaseMs: LONG, ...more })
          return { market, deal, storage, id, start }
        }
        const cancelled = ({ progress }: Service.Service) => progress.filter(({ is }) => is === 'cancelled')

        test('S7 S15: one that is driven stops where it is, and makes void the lock that waits', async () => {
          const { market, deal, storage, id, start } = await begin()
          const worker = start()
          const bob = Service.bob(market, deal)
          await worker.when((one) => one.is === 'claimed')
          await Service.drive(market, () => worker.sent.includes('lock'))
          expect(await Worker.cancel(storage, id, { pollMs: 5 })).toBe(true)
          expect(cancelled(worker)).toEqual([{ is: 'cancelled', id, stopped: true }])
          await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
          expect([worker.outcomes.get(id), bob.outcome]).toEqual(['no-deal', 'no-deal'])
          expect([...new Set(worker.sent)]).toEqual(['lock', 'void'])
          // It has been answered once and for all.
          expect(await Worker.cancel(storage, id)).toBe(true)
          await worker.stop()
        })

        test('S15: one that nobody drives is locked by nobody who takes it', async () => {
          const { market, storage, id, start } = await begin()
          const reason = new Error('can’t wait')
          const stop = new AbortController()
          const asking = Worker.cancel(storage, id, { signal: stop.signal, pollMs: LONG }).catch((e) => e)
          const isAsked = async () => (await Wish.asked(storage.database, [id], {})).has(id)
          let asked = false
          for (let tries = 0; !asked && tries < 1000; tries++) asked = await isAsked()
          stop.abort(reason)
          expect(await asking).toBe(reason)
          expect(asked).toBe(true)
          // Were it left to the next look for wishes, that would come too late.
          const worker = start({ pollMs: LONG })
          await worker.when((one) => one.is === 'claimed')
          await Service.drive(market, () => worker.outcomes.size === 1)
          await worker.stop()
          expect(worker.outcomes.get(id)).toBe('no-deal')
          expect(worker.sent).toEqual([])
          expect(cancelled(worker)).toEqual([{ is: 'cancelled', id, stopped: true }])
          expect(await isAsked()).toBe(false)
          expect(await Worker.cancel(storage, id)).toBe(true)
        })

        test('behavior: it is too late once the secret is out, and when all is over; error: a swap that isn’t there', async () => {
          const { market, deal, storage, id, start } = await begin()
          const worker = start()
          const bob = Service.bob(market, deal)
          await worker.when((one) => one.is === 'claimed')
          await Service.drive(market, () => worker.sent.includes('claim'))
          expect(await Worker.cancel(storage, id, { pollMs: 5 })).toBe(false)
          expect(cancelled(worker)).toEqual([{ is: 'cancelled', id, stopped: false }])
          await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
          await worker.stop()
          expect([worker.outcomes.get(id), bob.outcome]).toEqual(['deal', 'deal'])

          await storage.compareAndSet('swap/x/head', 0n, bytes(1))
          await Lease.offer(storage, 'x')
          const [lease] = await Lease.claim(storage, { max: 1, leaseMs: LONG })
          expect(await Wish.ask(storage.database, 'x')).toBe('waits')
          await Lease.finish(storage, lease as Lease.Lease, 'no-deal')
          expect(await Worker.cancel(storage, 'x')).toBe(false)
          expect(await Wish.asked(storage.database, ['x'], {})).toEqual(new Set())
          await expect(Worker.cancel(storage, 'y')).rejects.toMatchObject({ _tag: 'InvalidArgument' })
          await expect(Worker.cancel(storage, 'x', { pollMs: 0 })).rejects.toMatchObject({ code: 1013 })
        })
      })

      test.each([
        { how: 'dies', isAt: /NOT EXISTS/, nth: 1 },
        { how: 'is stopped', isAt: /\.pieces \(/, nth: 2 },
      ])(
        'S13: where a worker $how between the journaling of a lock and its telling, nobody else counts on the same coins',
        async ({ how, isAt, nth }) => {
          const market = create({ long: 'contract', short: 'contract' })
          const { long } = market.nets
          // A lock of 1,000, its fee of 2, twice 2 for its refund: that is for one of two.
          const balances = new Map(long.tip.ledger.balances).set(ALICE, 1010n)
          long.tip = { ...long.tip, ledger: { ...long.tip.ledger, balances } }
          const options = { schema: schema() }
          const storage = Service.storageOf(pool, options)
          const [one, two] = [1, 3].map((first) => Process.agreedAgain(market, first)) as [
            Process.Deal,
            Process.Deal,
          ]
          await Service.open(market, storage, one)
          let signed = false
          let asleep: Promise<void> | undefined
          let wakeUp = () => {}
          const first = Service.start(market, other, {
            ...options,
            leaseMs: LONG,
            before: (statement) => {
              signed ||= /SET holder = NULL WHERE about = \$2/.test(statement)
              // Its refunds are journaled before a lock is.
              if (signed && isAt.test(statement) && --nth === 0)
                asleep = new Promise((resolve) => {
                  wakeUp = resolve
                })
              return asleep
            },
          })
          await first.when((progress) => progress.is === 'claimed')
          await Service.drive(market, () => asleep !== undefined)
          expect(first.sent).toEqual([])
          const awake = () => {
            asleep = undefined
            wakeUp()
          }
          if (how === 'is stopped') {
            const stopped = first.stop()
            awake()
            await stopped
          } else await pool.query(`UPDATE ${options.schema}.leases SET due = clock_timestamp()`)
          const place = async () => {
            const text = `SELECT place::text FROM ${options.schema}.lines WHERE kind = 'coins' AND swap = $1 ORDER BY about`
            return (await pool.query(text, [Service.idOf(one)])).rows
          }
          const before = await place()
          expect(before).not.toEqual([])
          await Service.open(market, storage, two)
          const second = Service.start(market, pool, { ...options, leaseMs: LONG })
          await second.when(() => second.progress.filter(({ is }) => is === 'claimed').length === 2)
          const bob = Service.bob(market, one)
          Service.bob(market, two)
          await Service.drive(market, () => second.sent.includes('lock'))
          // Whoever counts on them later comes behind it still.
          expect(await place()).toEqual(before)
          await Service.drive(market, () => second.outcomes.size === 2 && Process.isDone(bob))
          awake()
          await Promise.all([first.stop(), second.stop()])
          expect(Object.fromEntries(second.outcomes)).toEqual({
            [Service.idOf(one)]: 'deal',
            [Service.idOf(two)]: 'no-deal',
          })
          expect(second.sent.filter((kind) => kind === 'lock')).toHaveLength(1)
        },
      )

      test('L3: one that takes back its own swap, whose lease ended at the server alone, goes on under the new one', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const storage = Service.storageOf(pool, options)
        const id = await Service.open(market, storage, deal)
        const worker = Service.start(market, other, { ...options, leaseMs: LONG })
        Service.bob(market, deal)
        await worker.when((one) => one.is === 'claimed')
        await Service.drive(market, () => worker.sent.includes('lock'))
        await pool.query(`UPDATE ${options.schema}.leases SET due = clock_timestamp()`)
        await worker.when((one) => one.is === 'claimed' && one.token === 2n)
        // The run before would go on until it has something to write, and nobody would heed what is asked of the swap meanwhile.
        expect(await Worker.cancel(storage, id, { pollMs: 5 })).toBe(true)
        expect(worker.progress.filter((one) => one.is === 'lost')).toMatchObject([{ id }])
        await Service.drive(market, () => worker.outcomes.size === 1)
        expect(worker.outcomes.get(id)).toBe('no-deal')
        await worker.stop()
      })

      describe('of one account', () => {
        /** Two workers with two swaps each, whose first locks are both signed before either is sent. */
        const crowd = async (
          kind: 'contract' | 'utxo',
          options: Partial<Service.Options> = {},
          balance?: bigint,
        ) => {
          const market = create({ long: kind, short: kind })
          const { long } = market.nets
          long.fewCoins = true
          if (balance !== undefined) {
            const balances = new Map(long.tip.ledger.balances).set(ALICE, balance)
            long.tip = { ...long.tip, ledger: { ...long.tip.ledger, balances } }
          }
          const all = { schema: schema(), ...options }
          const deals = [1, 3, 5, 7].map((first) => Process.agreedAgain(market, first))
          for (const deal of deals) await Service.open(market, Service.storageOf(pool, all), deal)
          const signed = new Map<string, Set<string>>()
          const ready = new Set<pg.Pool>()
          let go = () => {}
          const both = new Promise<void>((resolve) => {
            go = resolve
          })
          const workers = [pool, other].map((one) => {
            return Service.start(market, one, {
              ...all,
              concurrency: 2,
              leaseMs: LONG,
              sides: (gate) =>
                sides(market, ALICE, (method, args, run) =>
                  gate(method, args, async () => {
                    const { step, id } = (args[0] ?? {}) as Partial<Signed>
                    if (method !== 'submit' || step?.kind !== 'lock') return run()
                    const key = `${step.network} ${step.conflictKey}`
                    signed.set(key, (signed.get(key) ?? new Set()).add(id as string))
                    if (ready.add(one).size === 2 || balance !== undefined) go()
                    await both
                    return run()
                  }),
                ),
            })
          })
          const bobs = deals.map((deal) => Service.bob(market, deal))
          for (const worker of workers)
            await worker.when(() => worker.progress.filter((one) => one.is === 'claimed').length === 2)
          await Service.drive(
            market,
            () => workers.every(({ outcomes }) => outcomes.size === 2) && bobs.every(Process.isDone),
          )
          await Promise.all(workers.map((worker) => worker.stop()))
          const outcomes = workers.flatMap((worker) => [...worker.outcomes.values()])
          const twice = [...signed.values()].filter((ids) => ids.size > 1)
          const missing = workers.flatMap(({ progress }) =>
            progress.filter(
              (one) =>
                one.is === 'swap' &&
                one.progress.is === 'trouble' &&
                isAitbcError(one.progress.error, 'FundsMissing'),
            ),
          )
          const { rows } = await pool.query(`SELECT * FROM ${all.schema}.lines WHERE kind <> 'seat'`)
          const locks = locksBy(market, ALICE).length
          const sent = [...signed.values()].reduce((sum, ids) => sum + ids.size, 0)
          return {
            outcomes: outcomes.sort(),
            twice,
            missing: missing.length,
            sent,
            locks,
            left: rows.length,
          }
        }

        test.each(['contract', 'utxo'] as const)(
          'S9: two workers that lock at once on a chain of the kind %s use no nonce and no coin twice',
          async (kind) => {
            expect(await crowd(kind)).toMatchObject({
              outcomes: Array(4).fill('deal'),
              twice: [],
              missing: 0,
              locks: 4,
              left: 0,
            })
          },
        )

        test.each(['contract', 'utxo'] as const)(
          'S9: the same two that don’t see each other do, on a chain of the kind %s (negative control)',
          async (kind) => {
            expect((await crowd(kind, { apart: true })).twice.length).toBeGreaterThan(0)
          },
        )

        test.each([false, true])(
          'S13: two workers with funds for two of four swaps lock two, and all four where they don’t see each other (%s)',
          async (apart) => {
            // A lock of 1,000, its fee of 2, twice 2 for its refund: that is for two of four.
            const { outcomes, missing, sent } = await crowd('contract', { apart }, 2020n)
            if (apart) return expect(sent).toBe(4)
            expect([sent, missing > 0]).toEqual([2, true])
            expect(outcomes).toEqual(['deal', 'deal', 'no-deal', 'no-deal'])
          },
        )
      })

      test('S13: what a swap counts on is given back before it is over, though the database is away for a moment', async () => {
        const market = create({ long: 'contract', short: 'contract' })
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const id = await Service.open(market, Service.storageOf(pool, options), deal)
        let fails = true
        const worker = Service.start(market, pool, {
          ...options,
          leaseMs: LONG,
          before(text) {
            if (!fails || !/SET owner = '0000/.test(text)) return
            fails = false
            throw new Error('out of order')
          },
        })
        const bob = Service.bob(market, deal)
        await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
        await worker.stop()
        expect([worker.outcomes.get(id), fails]).toEqual(['deal', false])
        const { rows } = await pool.query(`SELECT * FROM ${options.schema}.lines WHERE kind <> 'seat'`)
        expect(rows).toEqual([])
      })

      test('L3: one that waits learns from its next renewal that its swap was taken over', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const id = await Service.open(market, Service.storageOf(pool, options), deal)
        const worker = Service.start(market, pool, { ...options, leaseMs: 600, concurrency: 1, now: () => 0 })
        await worker.when((one) => one.is === 'claimed')
        await Service.quiet()
        await pool.query(
          `UPDATE ${options.schema}.leases SET token = token + 1, due = clock_timestamp() + interval '1 hour'`,
        )
        expect(await worker.when((one) => one.is === 'lost')).toMatchObject({
          id,
          error: { _tag: 'SwapBusy' },
        })
        await worker.stop()
      })

      test('behavior: another process that opens a swap by itself is not disturbed twice: the worker gives way for a while', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const storage = Service.storageOf(pool, options)
        const id = await Service.open(market, storage, deal)
        const worker = Service.start(market, other, { ...options, leaseMs: LONG })
        await worker.when((one) => one.is === 'claimed')
        await Service.quiet()
        const context = {
          storage,
          seed: seeds[ALICE],
          sides: sides(market, ALICE),
          utc: () => market.nets.long.tip.clock,
        }
        const swap = await Runner.load(context, id)
        const stop = new AbortController()
        const running = Runner.run(context, swap, { signal: stop.signal }).catch((e) => e)
        await Service.drive(market, () => worker.progress.some((one) => one.is === 'lost'))
        expect(worker.progress.find((one) => one.is === 'lost')).toMatchObject({
          id,
          error: { _tag: 'SwapBusy' },
        })
        expect(worker.progress.filter((one) => one.is === 'failed')).toEqual([])
        stop.abort(new Error('enough'))
        await running
        await worker.stop()
        expect(locksBy(market, ALICE).length).toBeLessThanOrEqual(1)
        // It was handed over, not failed: left alone for a second, and no failure counted.
        const { rows } = await pool.query(`SELECT failures, claim FROM ${options.schema}.leases`)
        expect(rows).toEqual([{ failures: 0, claim: null }])
      })

      test('S6 L3: one that took a swap out and runs it only when another one drives it keeps that one from nothing', async () => {
        const market = create({ long: 'contract', short: 'contract' })
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const storage = Service.storageOf(pool, options)
        const id = await Service.open(market, storage, deal)
        const context = {
          storage,
          seed: seeds[ALICE],
          sides: sides(market, ALICE),
          utc: () => market.nets.long.tip.clock,
        }
        const swap = await Runner.load(context, id)
        const worker = Service.start(market, other, { ...options, leaseMs: LONG })
        const bob = Service.bob(market, deal)
        await worker.when((one) => one.is === 'claimed')
        await Service.drive(market, () => worker.sent.includes('lock'))
        const seated = async () =>
          (await pool.query(`SELECT owner FROM ${options.schema}.lines WHERE kind = 'seat'`)).rows
        const before = await seated()
        // It learns what it lost no later than with its first word on the board.
        await expect(Runner.run(context, swap)).rejects.toMatchObject({ _tag: 'SwapBusy', code: 4012 })
        expect(await seated()).toEqual(before)
        await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
        await worker.stop()
        expect([...worker.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
        expect(worker.progress.filter((one) => one.is === 'lost' || one.is === 'failed')).toEqual([])
      })

      test('S6 L3: the same in the worker’s own process, with its own storage', async () => {
        const market = create({ long: 'contract', short: 'contract' })
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        const id = await Service.open(market, Service.storageOf(pool, options), deal)
        const worker = Service.start(market, other, { ...options, leaseMs: LONG })
        const claims = () => worker.progress.filter((one) => one.is === 'claimed').length
        const bob = Service.bob(market, deal)
        await worker.when(() => claims() === 1)
        await Service.quiet()
        const { storage } = worker
        const utc = () => market.nets.long.tip.clock
        const context = { storage, seed: seeds[ALICE], sides: sides(market, ALICE), utc }
        const swap = await Runner.load(context, id)
        await Service.drive(market, () => claims() === 2)
        await Service.drive(market, () => worker.sent.includes('lock'))
        const stop = new AbortController()
        const running = Runner.run(context, swap, { signal: stop.signal }).catch((e) => e)
        await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
        stop.abort(new Error('enough'))
        await Promise.all([running, worker.stop()])
        expect([...worker.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
        expect(locksBy(market, ALICE)).toHaveLength(1)
      })

      test('H22: a server that crashes in the midst and comes back finds every worker where it was', async () => {
        const market = create(UTXO)
        const deal = Process.agreed(market)
        const options = { schema: schema() }
        await Service.open(market, Service.storageOf(pool, options), deal)
        const worker = Service.start(market, other, { ...options, leaseMs: LONG })
        const bob = Service.bob(market, deal)
        await worker.when((one) => one.is === 'claimed')
        await Service.drive(market, () => worker.sent.includes('lock'))
        await server.crash()
        await server.begin()
        await Service.drive(market, () => worker.outcomes.size === 1 && Process.isDone(bob))
        await worker.stop()
        expect([...worker.outcomes.values(), bob.outcome]).toEqual(['deal', 'deal'])
        expect(locksBy(market, ALICE)).toHaveLength(1)
      })
    })
  },
)
