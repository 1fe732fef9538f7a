type Task = (task: () => void) => void

/** The host's next task: it begins when no microtask is left. */
const next: Task =
  'setImmediate' in globalThis ? (globalThis as unknown as { setImmediate: Task }).setImmediate : messages()

function messages(): Task {
  const waiting: (() => void)[] = []
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => waiting.shift()?.()
  return (task) => {
    waiting.push(task)
    port2.postMessage(null)
  }
}

/** Waits until nobody has anything to do: everything in a universe goes by microtasks. */
export function quiet(): Promise<void> {
  return new Promise(next)
}
