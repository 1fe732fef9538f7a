/**
 * Statements on their way to a pool: never more at once than it has connections, each in its turn, and one connection is kept for what
 * can't wait. A pool's own queue knows no hurry, and counts the time in it as the server's.
 */
export interface Lanes {
  /** Resolves when it is one's turn, to what ends it. */
  enter(options: { readonly urgent: boolean; readonly patienceMs: number }): Promise<() => void>
  /** The server answered. */
  answered(): void
  /** It doesn't: whoever has waited for its turn and for any answer longer than its patience is turned away. */
  away(error: unknown): void
}

interface Waiting {
  readonly since: number
  readonly patienceMs: number
  readonly resolve: (leave: () => void) => void
  readonly reject: (error: unknown) => void
}

export function create(size: number): Lanes {
  const queues = { urgent: new Set<Waiting>(), other: new Set<Waiting>() }
  const most = { urgent: size, other: Math.max(1, size - 1) }
  let busy = 0
  let answeredAt = Number.NEGATIVE_INFINITY

  const next = (): void => {
    for (const lane of ['urgent', 'other'] as const)
      for (const one of queues[lane]) {
        if (busy >= most[lane]) break
        queues[lane].delete(one)
        busy++
        let left = false
        one.resolve(() => {
          if (left) return
          left = true
          busy--
          next()
        })
      }
  }

  return {
    enter: ({ urgent, patienceMs }) =>
      new Promise((resolve, reject) => {
        queues[urgent ? 'urgent' : 'other'].add({ since: performance.now(), patienceMs, resolve, reject })
        next()
      }),
    answered() {
      answeredAt = performance.now()
    },
    away(error) {
      const now = performance.now()
      for (const queue of Object.values(queues))
        for (const one of queue) {
          if (now - Math.max(one.since, answeredAt) < one.patienceMs) continue
          queue.delete(one)
          one.reject(error)
        }
    },
  }
}
