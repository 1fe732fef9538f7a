// The other process of file.node.test.ts.
import { isAitbcError, Journal } from '../../src/index.js'
import { createFileStorage } from '../../src/storage/file.js'

const [, , folder = '', task, count = '0'] = process.argv
const storage = createFileStorage({ folder })

if (task === 'increment') {
  for (let done = 0, conflicts = 0; done < Number(count); ) {
    const now = await storage.get('n')
    const next = Number(new TextDecoder().decode(now?.value ?? new Uint8Array(0)) || '0') + 1
    try {
      await storage.compareAndSet('n', now?.version ?? 0n, new TextEncoder().encode(String(next)))
      done++
    } catch (error) {
      if (!isAitbcError(error, 'StorageConflict') || ++conflicts > 10_000) throw error
    }
  }
} else if (task === 'hold') {
  const log = await storage.log('held')
  await log.append(Uint8Array.of(1, 2, 3))
  process.stdout.write('ready\n')
  setInterval(() => {}, 1000)
} else if (task === 'grab') {
  for (let tries = 0; tries < Number(count); tries++) {
    try {
      const log = await storage.log('held')
      const { length } = await log.read()
      await log.append(Uint8Array.of(length))
      process.stdout.write('took\n')
      await log.close()
    } catch (error) {
      if (!isAitbcError(error, 'StorageConflict')) throw error
    }
  }
}
if (task === 'journal') {
  const journal = await Journal.open(storage, { name: 'swap', kinds: ['event'] })
  // Until it is killed: appends in bursts, compacts now and then, tells each sequence only once it is durable.
  for (;;) {
    const burst = Array.from({ length: 3 }, () => journal.append('event', new Uint8Array(100)))
    for (const sequence of await Promise.all(burst)) process.stdout.write(`${sequence}\n`)
    if (journal.entries.length > 12) await journal.compact((entries) => entries.slice(-4))
  }
}
if (task !== 'hold') process.stdout.write('done\n')
