import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Done, Task } from './work.js'

/** What a task came to, and what it took. */
export interface Report {
  readonly done: Done
  /** Seconds of processor time. */
  readonly seconds: number
  /** The most bytes that its process ever held. */
  readonly peak: number
}

/**
 * Has tasks done by so many processes side by side, each taking the next one as soon as it is free. `onReport` may hand in more; the first
 * task that fails ends them all. Gives the most bytes that all of them together can have held.
 */
export async function crew(
  tasks: readonly Task[],
  size: number,
  onReport: (task: Task, report: Report) => readonly Task[],
): Promise<{ readonly peak: number }> {
  const waiting = [...tasks]
  const peaks = new Array<number>(size).fill(0)
  const idle: (() => void)[] = []
  let busy = 0
  const wake = () => {
    for (const next of idle.splice(0)) next()
  }
  const one = async (at: number): Promise<void> => {
    const child = fork(fileURLToPath(new URL('./run.ts', import.meta.url)), { serialization: 'advanced' })
    try {
      while (waiting.length > 0 || busy > 0) {
        const task = waiting.shift()
        if (task === undefined) {
          await new Promise<void>((resolve) => idle.push(resolve))
          continue
        }
        busy++
        try {
          const report = await ask(child, task)
          peaks[at] = report.peak
          waiting.push(...onReport(task, report))
        } finally {
          busy--
          wake()
        }
      }
    } finally {
      child.kill()
    }
  }
  try {
    await Promise.all(peaks.map((_, at) => one(at)))
  } catch (error) {
    waiting.length = 0
    throw error
  }
  return { peak: peaks.reduce((sum, peak) => sum + peak, 0) }
}

function ask(child: ChildProcess, task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', told)
      child.off('exit', gone)
      act()
    }
    const told = (message: Report | { readonly error: string }) =>
      settle(() => ('error' in message ? reject(new Error(message.error)) : resolve(message)))
    const gone = (code: number | null, signal: string | null) =>
      settle(() => reject(new Error(`a process ended (${signal ?? code}) at ${JSON.stringify(task)}`)))
    child.on('message', told)
    child.on('exit', gone)
    child.send(task)
  })
}
