/*
 * Whatever a universe asks can be aborted, and hardly anything is: signals that are nothing but a list of listeners do, in the order of
 * the host's own. What those of a universe don't need, events and options but `once`, they don't have.
 */

type Listener = () => void

/** A class, for that is what it stands in for. */
class Signal {
  aborted = false
  reason: unknown = undefined
  /** Whoever listens, and whether once alone; those of signals that depend on this one come after. */
  readonly listeners = new Map<Listener, boolean>()
  readonly dependents: Signal[] = []

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  addEventListener(type: string, listener: Listener, options?: { readonly once?: boolean }): void {
    if (type !== 'abort') throw new Error(`signals of universes have no ${type}`)
    if (!this.listeners.has(listener)) this.listeners.set(listener, options?.once === true)
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.listeners.delete(listener)
  }

  static any(signals: Iterable<Signal>): Signal {
    const made = new Signal()
    const all = [...signals]
    const over = all.find(({ aborted }) => aborted)
    if (over !== undefined) {
      made.aborted = true
      made.reason = over.reason
    } else for (const signal of all) signal.dependents.push(made)
    return made
  }
}

function abort(signal: Signal, reason: unknown): void {
  if (signal.aborted) return
  signal.aborted = true
  signal.reason = reason
  // Whoever is added meanwhile is called too, and whoever was taken away isn't.
  for (const [listener, once] of signal.listeners) {
    if (once) signal.listeners.delete(listener)
    listener()
  }
  for (const one of signal.dependents) abort(one, reason)
}

class Controller {
  readonly signal = new Signal()

  abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    abort(this.signal, reason)
  }
}

/** All that is heard of signals, in its order. */
function heardOf(host: Pick<typeof globalThis, 'AbortController' | 'AbortSignal'>): string {
  const heard: string[] = []
  const say = (what: string) => () => void heard.push(what)
  const [first, second] = [new host.AbortController(), new host.AbortController()]
  const both = host.AbortSignal.any([first.signal, second.signal])
  const gone = say('gone')
  both.addEventListener('abort', say('both'))
  first.signal.addEventListener('abort', () => {
    first.signal.removeEventListener('abort', gone)
    first.signal.addEventListener('abort', say('late'))
  })
  first.signal.addEventListener('abort', gone)
  first.signal.addEventListener('abort', say('once'), { once: true })
  first.signal.addEventListener('abort', say('last'))
  for (const reason of ['why', 'again', 'no more']) first.abort(reason)
  second.abort()
  const after = host.AbortSignal.any([second.signal, first.signal])
  for (const { aborted, reason } of [first.signal, second.signal, both, after])
    heard.push(`${aborted} ${reason}`)
  try {
    both.throwIfAborted()
  } catch (reason) {
    heard.push(`thrown ${reason}`)
  }
  return heard.join()
}

const light = { AbortController: Controller, AbortSignal: Signal } as unknown as typeof globalThis
if (heardOf(light) !== heardOf(globalThis)) throw new Error('signals of this host are others')
Object.assign(globalThis, light)
