/** Runs one task at a time, in the order of the calls. */
export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>

/** A queue of one. */
export function mutex(): Exclusive {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = last.then(task, task)
    last = run.catch(() => undefined)
    return run
  }
}
