import type { Storage, SwapAdapter } from '@aitbc/core'

// What a party does that outlasts its process is a write to its disk or a broadcast. Between two of these a crash leaves the same behind,
// wherever it comes: so it is enough to crash before each of them, in the middle of what a journal appends, and after the last one.

/** Stops a party for good at one boundary: what it did before is done, and nothing more is. */
export interface Fuse {
  /** Aborted once the fuse is blown. */
  readonly blown: AbortSignal
  /** Passes a boundary, or never returns. */
  pass(boundary: string): Promise<void>
  /** Passes a boundary that needs something to be done when it is the one; that never returns. */
  passBut(boundary: string, last: () => Promise<void>): Promise<void>
}

/** The n-th boundary of all, from 1 on; or the first of a name; or the last of several names, each looked for from the one before on. */
export type At = number | string | readonly string[]

/** Blows at a boundary. */
export function create(at: At, tell: (boundary: string) => void): Fuse {
  const stop = new AbortController()
  const names = typeof at === 'number' ? [] : typeof at === 'string' ? [at] : [...at]
  let passed = 0
  /** Whether it is the one. */
  const isReached = (boundary: string) => {
    passed++
    if (passed === at) return true
    return boundary === names[0] && names.shift() !== undefined && names.length === 0
  }
  const never = () => new Promise<never>(() => undefined)
  const passBut: Fuse['passBut'] = async (boundary, last) => {
    if (stop.signal.aborted) return never()
    if (!isReached(boundary)) return
    stop.abort(new Error(`stopped ${boundary}`))
    await last()
    tell(boundary)
    return never()
  }
  return { blown: stop.signal, pass: (boundary) => passBut(boundary, async () => undefined), passBut }
}

/** A disk with a fuse before each write, and in what is appended. */
export function disk(storage: Storage, fuse: Fuse): Storage {
  const around = async <T>(write: () => Promise<T>): Promise<T> => {
    await fuse.pass('before a write')
    return write()
  }
  return {
    ...storage,
    put: (...all) => around(() => storage.put(...all)),
    compareAndSet: (...all) => around(() => storage.compareAndSet(...all)),
    async log(...all) {
      const log = await storage.log(...all)
      return {
        ...log,
        async append(bytes, options) {
          await fuse.pass('before an append')
          await fuse.passBut('in an append', () => log.append(bytes.subarray(0, bytes.length >> 1), options))
          await log.append(bytes, options)
        },
      }
    },
  }
}

/** An adapter with a fuse before and after each broadcast; tells of what goes out, and rests when the fuse is blown. */
export function adapter(
  own: SwapAdapter,
  fuse: Fuse,
  tell: (sent: { readonly kind: string; readonly id: string }) => void,
): SwapAdapter {
  return {
    ...own,
    async submit(signed, options) {
      const { kind } = signed.step
      await fuse.pass(`before a ${kind} is sent`)
      tell({ kind, id: signed.id })
      const submission = await own.submit(signed, options)
      await fuse.pass(`after a ${kind} is sent`)
      return submission
    },
    watch: (subject, options = {}) =>
      own.watch(subject, {
        ...options,
        signal: options.signal === undefined ? fuse.blown : AbortSignal.any([options.signal, fuse.blown]),
      }),
  }
}
