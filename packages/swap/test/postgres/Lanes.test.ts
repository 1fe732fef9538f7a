import { createPostgresStorage, type Database } from '@aitbc/swap/postgres'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

/** A pool whose server takes a while for each answer, or gives none. */
function slowPool(max: number, takesMs: () => number | undefined) {
  const texts: string[] = []
  let flying = 0
  let most = 0
  const pool: Database.Pool = {
    options: { max },
    query: ({ text, query_timeout }) => {
      texts.push(text)
      most = Math.max(most, ++flying)
      const ms = takesMs()
      return new Promise<{ rows: unknown[] }>((resolve, reject) => {
        const done = () => {
          flying--
          if (ms === undefined) reject(new Error('Query read timeout'))
          else
            resolve({
              rows: [{ commit: 'on', fsync: 'on', made: true, version: FORMAT, value: new Uint8Array([1]) }],
            })
        }
        setTimeout(done, ms ?? query_timeout ?? 0)
      })
    },
  }
  return { pool, texts, most: () => most }
}
const FORMAT = 2

describe('statements on their way to a pool', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('default: as many at once as there are connections less one; a lease goes before all that wait', async () => {
    const { pool, texts, most } = slowPool(3, () => 10)
    const storage = createPostgresStorage({ pool })
    const reads = Array.from({ length: 6 }, (_, i) => storage.get(`k${i}`))
    await vi.advanceTimersByTimeAsync(25)
    expect(texts).toHaveLength(4)
    const urgent = storage.database.query(() => ({ text: 'lease', values: [] }), { urgent: true })
    await vi.advanceTimersByTimeAsync(0)
    expect(texts.at(-1)).toBe('lease')
    await vi.runAllTimersAsync()
    await Promise.all([...reads, urgent])
    expect(most()).toBe(3)
    expect(texts).toHaveLength(9)
  })

  test('behavior: with one connection a lease is next', async () => {
    const { pool, texts, most } = slowPool(1, () => 10)
    const storage = createPostgresStorage({ pool })
    const reads = [1, 2, 3].map((i) => storage.get(`k${i}`))
    await vi.advanceTimersByTimeAsync(25)
    const urgent = storage.database.query(() => ({ text: 'lease', values: [] }), { urgent: true })
    await vi.runAllTimersAsync()
    await Promise.all([...reads, urgent])
    expect(texts.map((text) => text === 'lease')).toEqual([false, false, false, true, false, false])
    expect(most()).toBe(1)
  })

  test('behavior: that others are first is no reason to give up, however many they are', async () => {
    const { pool } = slowPool(2, () => 90)
    const storage = createPostgresStorage({ pool, patienceMs: 100 })
    const reads = Array.from({ length: 50 }, (_, i) => storage.get(`k${i}`))
    await vi.runAllTimersAsync()
    expect((await Promise.all(reads)).every((one) => one !== undefined)).toBe(true)
  })

  test('error: behind one that a silent server never answers the others give up with it', async () => {
    let silent = false
    const { pool } = slowPool(2, () => (silent ? undefined : 1))
    const storage = createPostgresStorage({ pool, patienceMs: 1000 })
    void storage.get('k')
    await vi.runAllTimersAsync()
    silent = true
    const reads = Array.from({ length: 50 }, (_, i) => storage.get(`k${i}`).catch((error) => error))
    const young = vi.advanceTimersByTimeAsync(500).then(() => storage.get('young').catch((error) => error))
    await vi.advanceTimersByTimeAsync(1000)
    for (const error of await Promise.all(reads)) expect(error).toMatchObject({ _tag: 'StorageUnavailable' })
    await vi.advanceTimersByTimeAsync(1000)
    expect(await young).toMatchObject({ _tag: 'StorageUnavailable' })
  })
})
