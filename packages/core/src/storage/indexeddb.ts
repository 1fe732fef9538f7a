import { isAitbcError } from '../errors/AitbcError.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import * as check from '../internal/storage.js'
import type { Log, Storage } from '../Storage.js'

/** A row of the store `values`. */
interface Row {
  readonly value: Uint8Array
  readonly version: bigint
}

/** A row of the store `logs`: who may write (the number of the last opening), bytes so far, and the number of the next chunk. */
interface Head {
  readonly epoch: number
  readonly size: number
  readonly next: number
}

/**
 * Storage in the browser's IndexedDB, with strict durability. Tabs of one origin share it; a log opened in one tab fences the
 * handles of all others.
 *
 * `StorageUnavailable` (1105) where the browser refuses (private mode, quota, a blocked upgrade).
 *
 * @example
 * import { createIndexedDbStorage } from '@aitbc/core/storage/indexeddb'
 * const storage = createIndexedDbStorage({ name: 'swaps' })
 */
export function createIndexedDbStorage(options: createIndexedDbStorage.Options): Storage {
  const { name: database, factory = globalThis.indexedDB } = options
  if (typeof database !== 'string' || database === '')
    throw CoreErrors.InvalidArgument(`name must be a non-empty string, got ${show(database)}`, {
      argument: 'name',
      received: database,
    })
  let connection: Promise<IDBDatabase> | undefined

  const connect = (): Promise<IDBDatabase> => {
    connection ??= new Promise<IDBDatabase>((resolve, reject) => {
      if (factory === undefined) throw unavailable(database, 'there is no IndexedDB here')
      const request = factory.open(database, 1)
      request.onupgradeneeded = () => {
        for (const store of ['values', 'logs', 'chunks']) request.result.createObjectStore(store)
      }
      request.onerror = () => reject(unavailable(database, request.error?.message, request.error))
      request.onblocked = () => reject(unavailable(database, 'another tab holds an older version open'))
      request.onsuccess = () => {
        const forget = () => {
          request.result.close()
          connection = undefined
        }
        request.result.onversionchange = forget
        request.result.onclose = forget
        resolve(request.result)
      }
    }).catch((cause: unknown) => {
      connection = undefined
      throw isAitbcError(cause) ? cause : unavailable(database, String(cause), cause)
    })
    return connection
  }

  /** One transaction; what `body` throws undoes all of it. Resolves when it is on disk. */
  const transact = async <T>(
    stores: readonly string[],
    mode: IDBTransactionMode,
    signal: AbortSignal | undefined,
    body: (store: (name: string) => IDBObjectStore) => Promise<T>,
  ): Promise<T> => {
    signal?.throwIfAborted()
    const db = await connect()
    signal?.throwIfAborted()
    let transaction: IDBTransaction
    try {
      transaction = db.transaction([...stores], mode, { durability: 'strict' })
    } catch (cause) {
      connection = undefined
      throw unavailable(database, String(cause), cause)
    }
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
    })
    done.catch(() => undefined)
    try {
      const value = await body((store) => transaction.objectStore(store))
      await done
      return value
    } catch (cause) {
      try {
        transaction.abort()
      } catch {
        // It has ended by itself.
      }
      throw isAitbcError(cause) ? cause : unavailable(database, String(cause), cause)
    }
  }

  const write = (key: string, value: Uint8Array, expected: bigint | undefined, signal?: AbortSignal) => {
    const copy = new Uint8Array(value)
    return transact(['values'], 'readwrite', signal, async (store) => {
      const row = (await result(store('values').get(key))) as Row | undefined
      const found = row?.version ?? 0n
      if (expected !== undefined && found !== expected) throw check.conflict(key, expected, found)
      await result(store('values').put({ value: copy, version: found + 1n } satisfies Row, key))
      return found + 1n
    })
  }

  return {
    async get(key, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(key, 'key')
      return transact(['values'], 'readonly', signal, async (store) => {
        const row = (await result(store('values').get(key))) as Row | undefined
        return row && { value: row.value, version: row.version }
      })
    },
    async put(key, value, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(key, 'key')
      check.assertBytes(value, 'value')
      return write(key, value, undefined, signal)
    },
    async list(prefix, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertPrefix(prefix)
      return transact(['values'], 'readonly', signal, (store) =>
        result(store('values').getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`))).then(
          (keys) => keys as string[],
        ),
      )
    },
    async compareAndSet(key, expected, value, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(key, 'key')
      check.assertVersion(expected)
      check.assertBytes(value, 'value')
      return write(key, value, expected, signal)
    },
    async log(name, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(name, 'name')
      const epoch = await transact(['logs'], 'readwrite', signal, async (store) => {
        const head = ((await result(store('logs').get(name))) as Head | undefined) ?? {
          epoch: 0,
          size: 0,
          next: 0,
        }
        await result(store('logs').put({ ...head, epoch: head.epoch + 1 } satisfies Head, name))
        return head.epoch + 1
      })
      const chunks = IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER])
      let open = true
      const within = <T>(
        mode: IDBTransactionMode,
        signal: AbortSignal | undefined,
        body: (head: Head, store: (name: string) => IDBObjectStore) => Promise<T>,
      ): Promise<T> => {
        if (!open) return Promise.reject(check.closed(name))
        return transact(['logs', 'chunks'], mode, signal, async (store) => {
          const head = (await result(store('logs').get(name))) as Head
          if (head.epoch !== epoch) throw check.fenced(name)
          return body(head, store)
        })
      }
      return {
        async read({ signal } = {}) {
          signal?.throwIfAborted()
          return within('readonly', signal, async (head, store) => {
            const out = new Uint8Array(head.size)
            let at = 0
            for (const chunk of (await result(store('chunks').getAll(chunks))) as Uint8Array[]) {
              out.set(chunk, at)
              at += chunk.length
            }
            return out
          })
        },
        async append(bytes, { signal } = {}) {
          signal?.throwIfAborted()
          check.assertBytes(bytes, 'bytes')
          const copy = new Uint8Array(bytes)
          return within('readwrite', signal, async (head, store) => {
            await result(store('chunks').put(copy, [name, head.next]))
            const grown: Head = { epoch, size: head.size + copy.length, next: head.next + 1 }
            await result(store('logs').put(grown, name))
          })
        },
        async truncate(size, { signal } = {}) {
          signal?.throwIfAborted()
          return within('readwrite', signal, async (head, store) => {
            check.assertSize(size, head.size)
            const all = (await result(store('chunks').getAll(chunks))) as Uint8Array[]
            const rest = new Uint8Array(size)
            let at = 0
            for (const chunk of all) {
              rest.set(chunk.subarray(0, size - at), at)
              at = Math.min(size, at + chunk.length)
            }
            await result(store('chunks').delete(chunks))
            await result(store('chunks').put(rest, [name, 0]))
            await result(store('logs').put({ epoch, size, next: 1 } satisfies Head, name))
          })
        },
        async close() {
          open = false
        },
      } satisfies Log
    },
  }
}

export declare namespace createIndexedDbStorage {
  type Options = {
    /** The database's name; one for each swap store. */
    readonly name: string
    /** The IndexedDB to use; the browser's own unless told. */
    readonly factory?: IDBFactory
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function unavailable(database: string, why: string | undefined, cause?: unknown) {
  return CoreErrors.StorageUnavailable(
    `IndexedDB ${show(database)}: ${why ?? 'failed'}`,
    { database },
    { cause },
  )
}
