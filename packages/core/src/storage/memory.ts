import * as check from '../internal/storage.js'
import type { Log, Storage, Versioned } from '../Storage.js'

/**
 * Storage that lives as long as the object: for tests, and for what may be lost. Two users of one object meet as two
 * processes meet on one disk.
 *
 * @example
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * const storage = createMemoryStorage()
 * await storage.put('greeting', new TextEncoder().encode('hello')) // 1n
 */
export function createMemoryStorage(): Storage {
  const values = new Map<string, Versioned>()
  const logs = new Map<string, { bytes: Uint8Array; size: number; owner: object }>()
  const write = (key: string, value: Uint8Array): bigint => {
    const version = (values.get(key)?.version ?? 0n) + 1n
    values.set(key, { value: new Uint8Array(value), version })
    return version
  }
  return {
    async get(key, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(key, 'key')
      const found = values.get(key)
      return found && { value: new Uint8Array(found.value), version: found.version }
    },
    async put(key, value, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(key, 'key')
      check.assertBytes(value, 'value')
      return write(key, value)
    },
    async list(prefix, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertPrefix(prefix)
      return [...values.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
    async compareAndSet(key, expected, value, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(key, 'key')
      check.assertVersion(expected)
      check.assertBytes(value, 'value')
      const found = values.get(key)?.version ?? 0n
      if (found !== expected) throw check.conflict(key, expected, found)
      return write(key, value)
    },
    async log(name, { signal } = {}) {
      signal?.throwIfAborted()
      check.assertKey(name, 'name')
      const owner = {}
      const log = logs.get(name) ?? { bytes: new Uint8Array(0), size: 0, owner }
      log.owner = owner
      logs.set(name, log)
      let open = true
      const begin = (signal: AbortSignal | undefined) => {
        signal?.throwIfAborted()
        if (log.owner !== owner) throw check.fenced(name)
        if (!open) throw check.closed(name)
      }
      return {
        async read({ signal } = {}) {
          begin(signal)
          return log.bytes.slice(0, log.size)
        },
        async append(bytes, { signal } = {}) {
          begin(signal)
          check.assertBytes(bytes, 'bytes')
          const size = log.size + bytes.length
          if (size > log.bytes.length) {
            // Room for as much again: an append needn't copy all that is there.
            const { bytes } = log
            log.bytes = new Uint8Array(2 * size)
            log.bytes.set(bytes.subarray(0, log.size))
          }
          log.bytes.set(bytes, log.size)
          log.size = size
        },
        async truncate(size, { signal } = {}) {
          begin(signal)
          check.assertSize(size, log.size)
          log.size = size
        },
        async close() {
          open = false
        },
      } satisfies Log
    },
  }
}
