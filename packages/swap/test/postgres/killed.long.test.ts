import { Lease } from '@aitbc/swap/postgres'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locksBy } from '../model/expect.js'
import { ALICE, create, risk } from '../model/market.js'
import * as Process from '../model/process.js'
import * as Remote from './remote.js'
import * as Server from './server.js'
import * as Service from './service.js'
import * as Wire from './wire.js'

const found = Server.binaries()
const missing = 'missing' in found ? found.missing : undefined
const LONG = 30_000
const kinds = { long: 'utxo', short: 'utxo' } as const
/** A process that has the chains only through another one has no light client of its own. */
const policy = { ...risk, assurance: 'reported' } as const

describe.skipIf(missing !== undefined)(
  `workers as processes${missing === undefined ? '' : `: skipped, ${missing}`}`,
  () => {
    let server: Server.Server
    let pool: pg.Pool
    beforeAll(async () => {
      server = await Server.start()
      pool = server.pool()
    })
    afterAll(async () => {
      await pool?.end()
      await server?.stop()
    })
    let n = 0
    const begin = async () => {
      const market = create(kinds)
      const deal = Process.agreed(market)
      const schema = `s_${n++}`
      const id = await Service.open(market, Service.storageOf(pool, { schema }), deal, policy)
      return { market, deal, schema, id, bob: Service.bob(market, deal) }
    }
    type Begun = Awaited<ReturnType<typeof begin>>
    /** Another worker takes the swap over, and brings it to the end that was agreed. */
    const takeOver = async ({ market, schema, id, bob }: Begun) => {
      const second = Service.start(market, pool, { schema, leaseMs: LONG })
      await second.when((one) => one.is === 'claimed')
      await Service.drive(market, () => second.outcomes.size === 1 && Process.isDone(bob))
      await second.stop()
      expect([second.outcomes.get(id), bob.outcome]).toEqual(['deal', 'deal'])
      expect(locksBy(market, ALICE)).toHaveLength(1)
      return second
    }

    test.each(
      ['lock', 'claim'].flatMap((kind) =>
        (['kill-before', 'kill-after'] as const).map((fate) => ({ kind, fate })),
      ),
    )(
      'L3, H22: SIGKILL at the broadcast of its $kind ($fate): taken over, with the same outcome',
      async ({ kind, fate }) => {
        const begun = await begin()
        const { market, schema } = begun
        const first = await Remote.start(market, {
          host: server.host,
          schema,
          kinds,
          leaseMs: 1000,
          judge: (sent) => (sent === kind ? fate : undefined),
        })
        await first.when('claimed')
        let killed = false
        void first.ended.then(() => {
          killed = true
          Service.wake()
        })
        await Service.drive(market, () => killed)
        expect(await first.ended).toBe('SIGKILL')
        await takeOver(begun)
      },
    )

    test('L3, H22: SIGKILL at every other write of a swap: taken over, with the same outcome', async () => {
      const wire = await Wire.create(server.socket)
      let points = 0
      try {
        for (let at = 1; ; at += 2) {
          const begun = await begin()
          const { market, schema } = begun
          let writes = 0
          let first: Remote.Remote | undefined
          let early = false
          wire.judge = (statement) => {
            if (!/\.(pieces|logs|keys) |SET outcome/.test(statement) || !/INSERT|UPDATE/.test(statement))
              return undefined
            if (!statement.includes(`"${schema}"`) || ++writes !== at) return undefined
            // It may be at work before it is known here.
            early = first === undefined
            first?.kill('SIGKILL')
            // It is carried out; to die before it is to die after the one before.
            return 'unanswered'
          }
          first = await Remote.start(market, { host: wire.host, schema, kinds, leaseMs: 1000 })
          if (early) first.kill('SIGKILL')
          let over = false
          void first.ended.then(() => {
            over = true
            Service.wake()
          })
          await Service.drive(market, () => over || first?.outcomes.size === 1)
          if (!over) {
            await first.stop()
            break
          }
          points++
          // Killed at the very end, it leaves nothing to be taken over: what it asked for last may still be at work.
          await wire.carriedOut()
          const { finished } = await Lease.count(Service.storageOf(pool, { schema }))
          if (finished === 0) {
            await takeOver(begun)
            continue
          }
          Service.settled(begun.id)
          await Service.drive(market, () => Process.isDone(begun.bob))
          expect(begun.bob.outcome).toBe('deal')
          expect(locksBy(market, ALICE)).toHaveLength(1)
        }
      } finally {
        await wire.stop()
      }
      expect(points).toBeGreaterThan(6)
    }, 1_200_000)

    test('L3: SIGSTOP, a takeover, SIGCONT: the first sends and writes nothing more', async () => {
      const begun = await begin()
      const { market, schema } = begun
      const first = await Remote.start(market, { host: server.host, schema, kinds, leaseMs: 1000 })
      await first.when('claimed')
      await Service.drive(market, () => first.sent.includes('lock'))
      first.kill('SIGSTOP')
      const sent = [...first.sent]
      const second = await takeOver(begun)
      expect(second.sent).toContain('claim')
      const written = () => pool.query(`SELECT * FROM ${schema}.logs ORDER BY name`).then(({ rows }) => rows)
      const before = await written()
      first.kill('SIGCONT')
      await first.when('lost')
      await first.stop()
      expect(first.sent).toEqual(sent)
      expect(await written()).toEqual(before)
    })

    test('L3: processes whose clocks are a day off in either direction keep their leases, and lose them only to the server’s clock', async () => {
      const begun = await begin()
      const { market, schema } = begun
      const wire = await Wire.create(server.socket)
      const lease = { host: wire.host, schema, kinds, leaseMs: 5000 }
      const ahead = await Remote.start(market, { ...lease, skewMs: 86_400_000 })
      await ahead.when('claimed')
      // Its clock says that all leases ended yesterday; it looks for some all the time.
      const behind = await Remote.start(market, { ...lease, host: server.host, skewMs: -86_400_000 })
      let renewals = 0
      const renewed = new Promise<void>((resolve) => {
        wire.judge = (statement) => {
          if (/SET due/.test(statement) && ++renewals === 4) resolve()
          return undefined
        }
      })
      await renewed
      expect(behind.told).toEqual([])
      ahead.kill('SIGKILL')
      await behind.when('claimed')
      await Service.drive(market, () => behind.outcomes.size === 1 && Process.isDone(begun.bob))
      expect([...behind.outcomes.values(), begun.bob.outcome]).toEqual(['deal', 'deal'])
      await behind.stop()
      await wire.stop()
    })
  },
)
