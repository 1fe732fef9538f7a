import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Journal } from '@aitbc/core'
import { createFileStorage } from '@aitbc/core/storage/file'
import { type Gate, race } from './gate.js'

const ENTRIES = Journal.MAX_BATCH
const ROUNDS = 5

/**
 * Gate: 64 entries that are appended at once share a sync; the baseline waits for each before the next. Both answer once everything is
 * durable. The folder is below this project's: in memory a sync costs nothing.
 */
export async function journalGroupCommit(): Promise<readonly Gate[]> {
  const cache = join(import.meta.dirname, '../../../.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'bench-'))
  const storage = createFileStorage({ folder })
  const open = (name: string) => Journal.open(storage, { name, kinds: ['event'] })
  const together = await open('together')
  const alone = await open('alone')
  const all =
    (journal: Journal.Journal, write: (entries: readonly Entry[]) => Promise<boolean>) =>
    async (entries: readonly Entry[]) => {
      const before = journal.entries.length
      const done = await write(entries)
      const written = journal.entries.slice(before)
      return done && written.length === ENTRIES && written.every(({ bytes }, i) => bytes[0] === i)
    }
  const good = Array.from(
    { length: ENTRIES },
    (_, i): Entry => ({ kind: 'event', bytes: new Uint8Array(200).fill(i) }),
  )
  try {
    const gate = await race({
      gate: 'journal-group-commit',
      target: 10,
      clock: 'wall',
      ours: all(together, async (entries) => {
        const done = await Promise.allSettled(entries.map(({ kind, bytes }) => together.append(kind, bytes)))
        return done.every(({ status }) => status === 'fulfilled')
      }),
      baseline: all(alone, async (entries) => {
        try {
          for (const { kind, bytes } of entries) await alone.append(kind, bytes)
          return true
        } catch {
          return false
        }
      }),
      named: 'a sync an entry',
      good,
      tampered: good.map((entry, i) => (i === 40 ? { ...entry, kind: 'unknown' } : entry)),
      rounds: ROUNDS,
      parts: ENTRIES,
      unit: 'entry',
    })
    return [gate]
  } finally {
    await together.close()
    await alone.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Entry = Omit<Journal.Entry, 'sequence'>
