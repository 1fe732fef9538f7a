import { isAitbcError, Journal, type Log, type Storage } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const KINDS = ['event', 'undo', 'note']
const NAME = 'swap/1'
const open = (storage: Storage, kinds: readonly string[] = KINDS, name = NAME) =>
  Journal.open(storage, { name, kinds })
const plain = (entries: readonly Journal.Entry[]) =>
  entries.map(({ sequence, kind, bytes }) => [sequence, kind, Array.from(bytes)])
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  )
const bytes = (...values: number[]) => Uint8Array.of(...values)

/** The medium as a crash would leave it: the head, and the bytes of the current log. */
interface Image {
  readonly head: Uint8Array
  readonly logName: string
  readonly log: Uint8Array
}

async function image(storage: Storage): Promise<Image> {
  const head = (await storage.get(`${NAME}/head`))?.value as Uint8Array
  const logName = `${NAME}/log-${new DataView(head.buffer, head.byteOffset + 1).getBigUint64(0)}`
  return { head, logName, log: await (await storage.log(logName)).read() }
}

async function medium({ head, logName, log }: Image): Promise<Storage> {
  const storage = createMemoryStorage()
  await storage.put(`${NAME}/head`, head)
  await (await storage.log(logName)).append(log)
  return storage
}

/** A journal of three commits (one of them of two entries), and the same after a compaction. */
async function samples(): Promise<readonly Image[]> {
  const storage = createMemoryStorage()
  const journal = await open(storage)
  await journal.append('event', bytes(1, 2, 3))
  await Promise.all([journal.append('undo', bytes()), journal.append('note', bytes(0, 0, 0, 0, 255))])
  await journal.append('event', new Uint8Array(40).fill(7))
  const first = await image(storage)
  const again = await open(storage)
  await again.compact((entries) => entries.slice(1, 3))
  await again.append('event', bytes(9))
  return [first, await image(storage)]
}

test('open, append: entries come back in order, with sequences from 1', async () => {
  const storage = createMemoryStorage()
  const journal = await open(storage)
  expect(journal.entries).toEqual([])
  expect(await journal.append('event', bytes(1))).toBe(1n)
  expect(await journal.append('undo', bytes())).toBe(2n)
  expect(plain(journal.entries)).toEqual([
    [1n, 'event', [1]],
    [2n, 'undo', []],
  ])
  await journal.close()
  const again = await open(storage)
  expect(plain(again.entries)).toEqual(plain(journal.entries))
  expect(await again.append('note', bytes(2))).toBe(3n)
})

test('S15: truncated at every byte, the journal holds a prefix of what it held, and goes on from there', async () => {
  for (const whole of await samples()) {
    const full = plain((await open(await medium(whole))).entries)
    const lengths = new Set<number>()
    for (let size = 0; size <= whole.log.length; size++) {
      const storage = await medium({ ...whole, log: whole.log.slice(0, size) })
      const journal = await open(storage).catch((error) => error)
      if (isAitbcError(journal)) {
        // What a compaction wrote was durable before the head named it: its loss is no torn end.
        expect(whole.logName).not.toMatch(/log-0$/)
        expect(journal._tag).toBe('JournalCorrupt')
        continue
      }
      expect(plain(journal.entries)).toEqual(full.slice(0, journal.entries.length))
      lengths.add(journal.entries.length)
      const sequence = await journal.append('event', bytes(42))
      const replayed = await open(storage)
      expect(plain(replayed.entries)).toEqual([...plain(journal.entries)])
      expect(replayed.entries.at(-1)).toEqual({ sequence, kind: 'event', bytes: bytes(42) })
    }
    // A commit of two is there whole or not at all.
    expect([...lengths]).toEqual(whole.logName.endsWith('log-0') ? [0, 1, 3, 4] : [2, 3])
  }
})

test('S15: a flipped bit anywhere is JournalCorrupt, or the torn end where it is in the last commit', async () => {
  for (const whole of await samples()) {
    const full = plain((await open(await medium(whole))).entries)
    const lastCommit = full.length - 1
    let torn = 0
    let corrupt = 0
    for (let at = 0; at < whole.log.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const log = whole.log.slice()
        log[at] = (log[at] as number) ^ (1 << bit)
        const journal = await open(await medium({ ...whole, log })).catch((error) => error)
        if (isAitbcError(journal)) {
          expect(journal._tag).toBe('JournalCorrupt')
          expect(journal.context.offset).toBeLessThanOrEqual(at)
          corrupt++
        } else {
          expect(plain(journal.entries)).toEqual(full.slice(0, lastCommit))
          torn++
        }
      }
    expect(torn).toBeGreaterThan(0)
    expect(corrupt).toBeGreaterThan(torn)
  }
})

test('S15: bytes that a crash left in any state at the end are cut', async () => {
  const [whole] = (await samples()) as [Image]
  const full = plain((await open(await medium(whole))).entries)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (tail) => {
      const log = Uint8Array.of(...whole.log, ...tail)
      const storage = await medium({ ...whole, log })
      expect(plain((await open(storage)).entries)).toEqual(full)
      expect((await image(storage)).log).toEqual(whole.log)
    }),
  )
  const zeros = await medium({ ...whole, log: new Uint8Array(64) })
  expect((await open(zeros)).entries).toEqual([])
})

test('behavior: a frame counts in its own place only', async () => {
  const [whole] = (await samples()) as [Image]
  const other = createMemoryStorage()
  const journal = await open(other, KINDS, 'swap/2')
  await journal.append('event', bytes(1, 2, 3))
  const foreign = await (await other.log('swap/2/log-0')).read()
  const renamed = await open(await medium({ ...whole, log: foreign })).catch((error) => error)
  expect(isAitbcError(renamed, 'JournalCorrupt')).toBe(true)
  // The last commit twice: the copy is no frame at its offset, so it is cut as a torn end.
  for (let size = 1; size < 80; size++) {
    const log = Uint8Array.of(...whole.log, ...whole.log.slice(-size))
    expect((await open(await medium({ ...whole, log }))).entries).toHaveLength(4)
  }
})

test('S15: an entry or a format from the future stops the machine', async () => {
  const storage = createMemoryStorage()
  const journal = await open(storage)
  await journal.append('event', bytes(1))
  await journal.append('note', bytes(2))
  const later = await open(storage, ['event']).catch((error) => error)
  expect(isAitbcError(later, 'JournalFromFuture')).toBe(true)
  expect(later.message).toContain('"note"')
  expect((await open(storage)).entries).toHaveLength(2)
  const { log, logName } = await image(storage)
  const future = await medium({ head: bytes(2, 0, 0, 0, 0, 0, 0, 0, 0), logName, log })
  expect(isAitbcError(await failure(open(future)), 'JournalFromFuture')).toBe(true)
  for (const head of [
    bytes(),
    bytes(1),
    bytes(0, 0, 0, 0, 0, 0, 0, 0, 0),
    bytes(1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  ])
    expect(isAitbcError(await failure(open(await medium({ head, logName, log }))), 'JournalCorrupt')).toBe(
      true,
    )
  // A compaction that the head names must be there.
  const nowhere = await medium({ head: bytes(1, 0, 0, 0, 0, 0, 0, 0, 9), logName, log })
  expect(isAitbcError(await failure(open(nowhere)), 'JournalCorrupt')).toBe(true)
})

test('model: any sequence of appends, compactions and reopenings equals an array', async () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 20 })) },
    { weight: 1, arbitrary: fc.constant('reopen' as const) },
    { weight: 1, arbitrary: fc.nat(5).map((keep) => ({ keep })) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
      const storage = createMemoryStorage()
      let journal = await open(storage)
      let model: unknown[] = []
      let last = 0n
      for (const one of operations) {
        if (one === 'reopen') journal = await open(storage)
        else if (Array.isArray(one)) {
          last += 1n
          expect(await journal.append(one[0], one[1])).toBe(last)
          model.push([last, one[0], Array.from(one[1])])
        } else {
          const kept = model.slice(-one.keep || model.length) as [bigint, string, number[]][]
          model = kept.map(([, kind, content]) => [++last, kind, content])
          await journal.compact((entries) => entries.slice(-one.keep || entries.length))
        }
        expect(plain(journal.entries)).toEqual(model)
      }
      expect(plain((await open(storage)).entries)).toEqual(model)
    }),
  )
})

/** A storage that does everything, counts syncs, and lets a test stop the world at the nth write. */
function counting(storage: Storage, stopAt = Number.POSITIVE_INFINITY) {
  let writes = 0
  let appends = 0
  const write = async <T>(body: () => Promise<T>): Promise<T> => {
    if (++writes > stopAt) throw new Error('killed')
    return body()
  }
  const wrapped: Storage = {
    ...storage,
    put: (...args) => write(() => storage.put(...args)),
    compareAndSet: (...args) => write(() => storage.compareAndSet(...args)),
    async log(...args) {
      const log = await storage.log(...args)
      return {
        ...log,
        append: (...args) => {
          appends++
          return write(() => log.append(...args))
        },
        truncate: (...args) => write(() => log.truncate(...args)),
      } satisfies Log
    },
  }
  return { storage: wrapped, writes: () => writes, appends: () => appends }
}

test('behavior: concurrent appends share a sync, 64 at a time', async () => {
  const { storage, appends } = counting(createMemoryStorage())
  const journal = await open(storage)
  const before = appends()
  const sequences = await Promise.all(
    Array.from({ length: 200 }, (_, i) => journal.append('event', bytes(i))),
  )
  expect(sequences).toEqual(Array.from({ length: 200 }, (_, i) => BigInt(i + 1)))
  expect(appends() - before).toBe(Math.ceil(200 / Journal.MAX_BATCH))
  expect(plain((await open(storage)).entries).map(([, , content]) => content)).toEqual(
    Array.from({ length: 200 }, (_, i) => [i]),
  )
})

test('S15: killed at every write of appends and compactions, what was acknowledged is there', async () => {
  for (let stopAt = 0; ; stopAt++) {
    expect(stopAt).toBeLessThan(100)
    const disk = createMemoryStorage()
    const { storage } = counting(disk, stopAt)
    const acknowledged: number[] = []
    const attempted: number[] = []
    let compacted = false
    const end = await failure(
      (async () => {
        const journal = await open(storage)
        for (let i = 0; i < 3; i++) {
          attempted.push(i)
          await journal.append('event', bytes(i))
          acknowledged.push(i)
        }
        await journal.compact((entries) => [{ kind: 'note', bytes: bytes(100) }, ...entries.slice(2)])
        compacted = true
        attempted.push(3)
        await journal.append('event', bytes(3))
        acknowledged.push(3)
        await journal.close()
      })(),
    )
    const after = (await open(disk)).entries.map(({ bytes }) => bytes[0])
    // What was acknowledged, with or without the one entry that was on its way; folded or not where the compaction was.
    const unfolded = [acknowledged, attempted]
    const folded = unfolded.map((list) => [100, ...list.filter((i) => i >= 2)])
    const allowed = compacted ? folded : acknowledged.length === 3 ? [...unfolded, ...folded] : unfolded
    expect(allowed.map((list) => JSON.stringify(list))).toContain(JSON.stringify(after))
    if (end === undefined) break
    expect(isAitbcError(end) || (end as Error).message === 'killed').toBe(true)
  }
})

test('behavior: after a failed write the journal is closed, and opening it tells what is there', async () => {
  const disk = createMemoryStorage()
  const { storage } = counting(disk, 5)
  const journal = await open(storage)
  await journal.append('event', bytes(1))
  const late = [journal.append('event', bytes(2)), journal.append('event', bytes(3))]
  await Promise.all(late)
  const refused = await failure(journal.append('event', bytes(4)))
  expect(isAitbcError(refused, 'JournalClosed')).toBe(true)
  expect((refused as Error).cause).toBeInstanceOf(Error)
  expect(isAitbcError(await failure(journal.append('event', bytes(5))), 'JournalClosed')).toBe(true)
  expect(isAitbcError(await failure(journal.compact((e) => e)), 'JournalClosed')).toBe(true)
  expect((await open(disk)).entries).toHaveLength(3)
})

test('L3: whoever opens the journal again fences the one before, compactions included', async () => {
  const storage = createMemoryStorage()
  const first = await open(storage)
  await first.append('event', bytes(1))
  const second = await open(storage)
  expect(isAitbcError(await failure(first.append('event', bytes(9))), 'StorageConflict')).toBe(true)
  expect(isAitbcError(await failure(first.append('event', bytes(9))), 'StorageConflict')).toBe(true)
  const third = await open(storage)
  expect(isAitbcError(await failure(second.compact(() => [])), 'StorageConflict')).toBe(true)
  await third.append('event', bytes(2))
  await third.compact((entries) => entries)
  await third.append('event', bytes(3))
  await first.close()
  await second.close()
  expect((await open(storage)).entries.map((entry) => entry.bytes[0])).toEqual([1, 2, 3])
})

test('L3: a compaction that was overtaken anywhere harms nothing of its successor', async () => {
  for (let pauseAt = 1; pauseAt <= 4; pauseAt++) {
    const disk = createMemoryStorage()
    let count = 0
    let paused: (() => void) | undefined
    const reached = new Promise<void>((resolve) => {
      paused = resolve
    })
    let go: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    let armed = false
    const stop = async () => {
      if (!armed || ++count !== pauseAt) return
      paused?.()
      await gate
    }
    const slow: Storage = {
      ...disk,
      async compareAndSet(...args) {
        await stop()
        return disk.compareAndSet(...args)
      },
      async log(...args) {
        await stop()
        const log = await disk.log(...args)
        return {
          ...log,
          async append(...args) {
            await stop()
            return log.append(...args)
          },
        } satisfies Log
      },
    }
    const first = await open(slow)
    await first.append('event', bytes(1))
    armed = true
    const overtaken = failure(first.compact(() => []))
    await reached
    const second = await open(disk)
    await second.append('event', bytes(2))
    await second.compact((entries) => entries)
    await second.append('event', bytes(3))
    go()
    expect(isAitbcError(await overtaken, 'StorageConflict')).toBe(true)
    await second.append('event', bytes(4))
    expect((await open(disk)).entries.map((entry) => entry.bytes[0])).toEqual([1, 2, 3, 4])
  }
})

test('behavior: an abort before the write takes the entry back; its reason comes back exactly', async () => {
  const storage = createMemoryStorage()
  const journal = await open(storage)
  const reason = { why: 'test' }
  const controller = new AbortController()
  const kept = journal.append('event', bytes(1))
  const dropped = failure(journal.append('event', bytes(2), { signal: controller.signal }))
  controller.abort(reason)
  expect(await dropped).toBe(reason)
  expect(await kept).toBe(1n)
  const signal = AbortSignal.abort(reason)
  expect(await failure(journal.append('event', bytes(3), { signal }))).toBe(reason)
  expect(await failure(journal.compact((e) => e, { signal }))).toBe(reason)
  expect(await failure(Journal.open(storage, { name: NAME, kinds: KINDS, signal }))).toBe(reason)
  expect(await journal.append('event', bytes(4))).toBe(2n)
})

test('close: waits for what was appended, then refuses', async () => {
  const storage = createMemoryStorage()
  const journal = await open(storage)
  const pending = journal.append('event', bytes(1))
  await journal.close()
  expect(await pending).toBe(1n)
  expect(isAitbcError(await failure(journal.append('event', bytes(2))), 'JournalClosed')).toBe(true)
  expect(isAitbcError(await failure(journal.compact((e) => e)), 'JournalClosed')).toBe(true)
  await journal.close()
})

test('behavior: appended bytes are copied', async () => {
  const journal = await open(createMemoryStorage())
  const content = bytes(1)
  const pending = journal.append('event', content)
  content[0] = 9
  await pending
  expect(journal.entries[0]?.bytes).toEqual(bytes(1))
})

test('error: wrong arguments are named, and lose nothing', async () => {
  const storage = createMemoryStorage()
  const journal = await open(storage)
  await journal.append('event', bytes(1))
  const cases: readonly [Promise<unknown>, string][] = [
    [journal.append('other', bytes(1)), 'kind'],
    [journal.append(5 as never, bytes(1)), 'kind'],
    [journal.append('event', 'x' as never), 'bytes'],
    [journal.append('event', new Uint8Array(Journal.MAX_ENTRY + 1)), 'bytes'],
    [journal.compact(() => [{ kind: 'other', bytes: bytes(1) }]), 'kind'],
    [Journal.open(storage, { name: '', kinds: KINDS }), 'name'],
    [Journal.open(storage, { name: 5 as never, kinds: KINDS }), 'name'],
    [Journal.open(storage, { name: 'Upper', kinds: KINDS }), 'name'],
    [Journal.open(storage, { name: 'x', kinds: ['No'] }), 'kinds'],
    [Journal.open(storage, { name: 'x', kinds: 'event' as never }), 'kinds'],
    [Journal.open(storage, { name: 'x', kinds: null as never }), 'kinds'],
  ]
  for (const [promise, argument] of cases) {
    const error = await failure(promise)
    expect(isAitbcError(error, 'InvalidArgument'), String(error)).toBe(true)
    expect((error as { context: unknown }).context).toMatchObject({ argument })
  }
  expect(await journal.append('event', bytes(2))).toBe(2n)
})
