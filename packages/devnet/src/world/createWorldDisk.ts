import { Bytes, CoreErrors, type Storage } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'

/** What becomes of one write. `torn`: only some of its bytes are there, and its process learns nothing any more. */
export type WriteFate =
  | 'done'
  | 'lost'
  | 'torn'
  | 'fails-before'
  | 'fails-after'
  | 'dies-before'
  | 'dies-after'

/** A disk that a process writes to until it dies; the next process finds what was written. */
export interface Disk {
  /** The disk as a new process sees it: `fate` says what becomes of each of its writes, `died` hears of its death. */
  open(fate: (write: string) => WriteFate, died?: () => void): Storage
}

/**
 * Storage in memory whose writes fail, are torn or lost as they are told: what a process may have to live with, between two of its
 * instructions. A lost or torn write kills its process: storage that says "done" and forgets is not what `Storage` promises.
 *
 * @example
 * import { createWorldDisk } from '@aitbc/devnet/world'
 * const disk = createWorldDisk()
 * const storage = disk.open(() => 'done')
 * await storage.put('a', Uint8Array.of(1))
 * const again = await disk.open(() => 'done').get('a')
 * again?.version // 1n
 */
export function createWorldDisk(): Disk {
  const disk = createMemoryStorage()
  return {
    open(fate, died = () => undefined) {
      let dead = false
      const die = <T>(): Promise<T> => {
        if (!dead) {
          dead = true
          died()
        }
        return new Promise<T>(() => undefined)
      }
      const failed = (what: string) =>
        CoreErrors.StorageUnavailable(`the disk failed at ${what}`, { operation: what })
      const read = async <T>(run: () => Promise<T>): Promise<T> => {
        if (dead) return die()
        const value = await run()
        return dead ? die() : value
      }
      const write = async <T>(
        what: string,
        run: () => Promise<T>,
        part?: () => Promise<unknown>,
      ): Promise<T> => {
        if (dead) return die()
        const how = fate(what)
        if (how === 'dies-before' || how === 'lost') return die()
        if (how === 'fails-before') throw failed(what)
        if (how === 'torn') {
          await part?.()
          return die()
        }
        const value = await run()
        if (how === 'dies-after' || dead) return die()
        if (how === 'fails-after') throw failed(what)
        return value
      }
      return {
        get: (key, o) => read(() => disk.get(key, o)),
        list: (prefix, o) => read(() => disk.list(prefix, o)),
        put: (key, value, o) => write('put', () => disk.put(key, value, o)),
        compareAndSet: (key, expected, value, o) =>
          write('compareAndSet', () => disk.compareAndSet(key, expected, value, o)),
        async log(name, o) {
          const log = await read(() => disk.log(name, o))
          return {
            read: (p) => read(() => log.read(p)),
            append: (bytes, p) =>
              write(
                'append',
                () => log.append(bytes, p),
                () => log.append(Bytes.copy(bytes.subarray(0, bytes.length >> 1)), p),
              ),
            truncate: (size, p) => write('truncate', () => log.truncate(size, p)),
            close: () => read(() => log.close()),
          }
        },
      }
    },
  }
}
