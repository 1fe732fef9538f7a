import { isAitbcError, type Log, type Storage } from '@aitbc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const bytes = (...values: number[]) => Uint8Array.of(...values)

/** What every storage must do. `make` gives a fresh one; `reopen`, another object on the same medium, as after a restart. */
export function storageContract(
  name: string,
  make: () => Promise<{ storage: Storage; reopen: () => Storage }>,
): void {
  const fresh = async () => (await make()).storage
  describe(`storage contract: ${name}`, () => {
    test('get: what was put, with versions from 1', async () => {
      const storage = await fresh()
      expect(await storage.get('a')).toBeUndefined()
      expect(await storage.put('a', bytes(1))).toBe(1n)
      expect(await storage.put('a', bytes(2, 3))).toBe(2n)
      expect(await storage.get('a')).toEqual({ value: bytes(2, 3), version: 2n })
      expect(await storage.put('empty', bytes())).toBe(1n)
      expect(await storage.get('empty')).toEqual({ value: bytes(), version: 1n })
    })

    test('behavior: values are copied in and out', async () => {
      const storage = await fresh()
      const value = bytes(1)
      const written = storage.put('a', value)
      value[0] = 9
      await written
      const read = await storage.get('a')
      expect(read?.value).toEqual(bytes(1))
      read?.value.fill(7)
      expect((await storage.get('a'))?.value).toEqual(bytes(1))
    })

    test('list: by prefix, ascending', async () => {
      const storage = await fresh()
      const long = `a/${'x'.repeat(500)}`
      for (const key of ['b', 'a/2', 'a/10', 'a', 'a.b', long, 'con', '..', 'a/../b', 'a+'.slice(0, 1)])
        await storage.put(key, bytes(1))
      expect(await storage.list('a/')).toEqual(['a/../b', 'a/10', 'a/2', long])
      expect(await storage.list('')).toEqual(['..', 'a', 'a.b', 'a/../b', 'a/10', 'a/2', long, 'b', 'con'])
      expect(await storage.list('zz')).toEqual([])
      expect(await storage.list(long)).toEqual([long])
    })

    test('compareAndSet: only from the expected version', async () => {
      const storage = await fresh()
      expect(await storage.compareAndSet('a', 0n, bytes(1))).toBe(1n)
      expect(await storage.compareAndSet('a', 1n, bytes(2))).toBe(2n)
      for (const stale of [0n, 1n, 3n]) {
        const error = await storage.compareAndSet('a', stale, bytes(9)).catch((e) => e)
        expect(isAitbcError(error, 'StorageConflict')).toBe(true)
        expect(error.context).toMatchObject({ key: 'a', expected: stale, found: 2n })
      }
      expect(await storage.get('a')).toEqual({ value: bytes(2), version: 2n })
    })

    test('compareAndSet: of concurrent writers exactly one wins each version', async () => {
      const { storage, reopen } = await make()
      const other = reopen()
      const racers = Array.from({ length: 8 }, (_, i) =>
        (i % 2 ? storage : other).compareAndSet('race', 0n, bytes(i)).then(
          () => i,
          (error) => {
            expect(isAitbcError(error, 'StorageConflict')).toBe(true)
            return undefined
          },
        ),
      )
      const winners = (await Promise.all(racers)).filter((i) => i !== undefined)
      expect(winners).toHaveLength(1)
      expect(await storage.get('race')).toEqual({ value: bytes(winners[0] as number), version: 1n })
    })

    test('compareAndSet: concurrent increments lose none', async () => {
      const { storage, reopen } = await make()
      const stores = [storage, reopen(), reopen()]
      const each = 4
      let conflicts = 0
      await Promise.all(
        stores.map(async (store) => {
          for (let done = 0; done < each; ) {
            const now = await store.get('n')
            const next = bytes((now?.value[0] ?? 0) + 1)
            try {
              await store.compareAndSet('n', now?.version ?? 0n, next)
              done++
            } catch (error) {
              if (!isAitbcError(error, 'StorageConflict') || ++conflicts > 1000) throw error
            }
          }
        }),
      )
      expect(await storage.get('n')).toEqual({ value: bytes(3 * each), version: BigInt(3 * each) })
    })

    test('put: concurrent writers all get a version of their own', async () => {
      const storage = await fresh()
      const versions = await Promise.all([1, 2, 3, 4].map((i) => storage.put('p', bytes(i))))
      expect([...versions].sort()).toEqual([1n, 2n, 3n, 4n])
      expect((await storage.get('p'))?.version).toBe(4n)
    })

    test('log: reads back what was appended, after a restart too', async () => {
      const { storage, reopen } = await make()
      const log = await storage.log('journal/1')
      expect(await log.read()).toEqual(bytes())
      await log.append(bytes(1, 2))
      await Promise.all([log.append(bytes(3)), log.append(bytes()), log.append(bytes(4, 5))])
      expect(await log.read()).toEqual(bytes(1, 2, 3, 4, 5))
      await log.truncate(3)
      expect(await log.read()).toEqual(bytes(1, 2, 3))
      await log.append(bytes(9))
      await log.close()
      const again = await reopen().log('journal/1')
      expect(await again.read()).toEqual(bytes(1, 2, 3, 9))
      await again.close()
    })

    test('log: names and keys do not meet', async () => {
      const storage = await fresh()
      const log = await storage.log('a')
      await log.append(bytes(1))
      expect(await storage.get('a')).toBeUndefined()
      expect(await storage.list('')).toEqual([])
      await log.close()
    })

    test('log: opening it again fences the handle before', async () => {
      const { storage, reopen } = await make()
      const first = await storage.log('l')
      await first.append(bytes(1))
      const second = await reopen().log('l')
      for (const refused of [first.append(bytes(9)), first.read(), first.truncate(0)])
        expect(isAitbcError(await refused.catch((e) => e), 'StorageConflict')).toBe(true)
      await second.append(bytes(2))
      await first.close()
      expect(await second.read()).toEqual(bytes(1, 2))
      await second.close()
    })

    test('log: a closed handle refuses', async () => {
      const storage = await fresh()
      const log = await storage.log('l')
      await log.close()
      await log.close()
      for (const refused of [log.append(bytes(9)), log.read(), log.truncate(0)])
        expect(isAitbcError(await refused.catch((e) => e), 'StorageUnavailable')).toBe(true)
    })

    test('model: any sequence of appends and cuts equals an array', async () => {
      const storage = await fresh()
      let n = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.nat(20)), { maxLength: 12 }),
          async (operations) => {
            const log: Log = await storage.log(`model/${n++}`)
            let model: number[] = []
            for (const operation of operations) {
              if (typeof operation === 'number') {
                const size = Math.min(operation, model.length)
                await log.truncate(size)
                model = model.slice(0, size)
              } else {
                await log.append(operation)
                model.push(...operation)
              }
            }
            expect(Array.from(await log.read())).toEqual(model)
            await log.close()
          },
        ),
        { numRuns: Math.min(15, Number(process.env.FC_NUM_RUNS ?? 100)) },
      )
    })

    test('error: keys, prefixes, values, versions and sizes of the wrong form', async () => {
      const storage = await fresh()
      const log = await storage.log('l')
      const wrong: unknown[] = [
        '',
        'A',
        'a b',
        'ä',
        'x'.repeat(513),
        'a\0',
        'a\\b',
        'a\n',
        null,
        undefined,
        1,
        {},
      ]
      for (const key of wrong as string[]) {
        for (const refused of [
          storage.get(key),
          storage.put(key, bytes(1)),
          storage.compareAndSet(key, 0n, bytes(1)),
          storage.log(key),
        ])
          expect(isAitbcError(await refused.catch((e) => e), 'InvalidArgument'), String(key)).toBe(true)
      }
      const others = [
        storage.list('A'),
        storage.list(null as never),
        storage.put('a', 'text' as never),
        storage.put('a', [1] as never),
        storage.compareAndSet('a', 0 as never, bytes(1)),
        storage.compareAndSet('a', -1n, bytes(1)),
        storage.compareAndSet('a', 0n, null as never),
        log.append('text' as never),
        log.truncate(1),
        log.truncate(-1),
        log.truncate(0.5),
        log.truncate(undefined as never),
      ]
      for (const refused of others)
        expect(isAitbcError(await refused.catch((e) => e), 'InvalidArgument')).toBe(true)
      expect(await storage.list('')).toEqual([])
      await log.append(bytes(1))
      expect(await log.read()).toEqual(bytes(1))
      await log.close()
    })

    test('error: an aborted call rejects with its reason and does nothing', async () => {
      const storage = await fresh()
      const log = await storage.log('l')
      const reason = { my: 'reason' }
      const signal = AbortSignal.abort(reason)
      const calls = [
        storage.get('a', { signal }),
        storage.put('a', bytes(1), { signal }),
        storage.list('', { signal }),
        storage.compareAndSet('a', 0n, bytes(1), { signal }),
        storage.log('x', { signal }),
        log.read({ signal }),
        log.append(bytes(1), { signal }),
        log.truncate(0, { signal }),
      ]
      for (const call of calls) expect(await call.catch((e) => e)).toBe(reason)
      expect(await storage.get('a')).toBeUndefined()
      expect(await log.read()).toEqual(bytes())
      await log.close()
    })
  })
}
