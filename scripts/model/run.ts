import { type Task, work } from './work.js'

/*
 * A process of `pnpm model`: does the tasks that it is sent, one by one, and tells with each what it took: seconds of its processor time,
 * and the most memory that it ever held.
 */

process.on('message', (task: Task) => {
  const before = process.cpuUsage()
  work(task).then(
    (done) => {
      const { user, system } = process.cpuUsage(before)
      process.send?.({ done, seconds: (user + system) / 1e6, peak: process.resourceUsage().maxRSS * 1024 })
    },
    (error: unknown) => {
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    },
  )
})
process.on('disconnect', () => process.exit())
