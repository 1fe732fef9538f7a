import { sha256 } from '@noble/hashes/sha2.js'
import * as Bytes from './Bytes.js'
import type { CallOptions } from './ChainAdapter.js'
import * as Codec from './Codec.js'
import { isAitbcError } from './errors/AitbcError.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import { assertBytes, queue } from './internal/storage.js'
import type { Log, Storage } from './Storage.js'
import * as TaggedHash from './TaggedHash.js'

// On disk: a header, then frames. A frame is one group commit: what one sync made durable.
//   header: magic (6) ‖ version u16 ‖ generation u64 ‖ sequence before the first entry u64 ‖ check (8)
//   frame:  length u32 ‖ ¬length u32 ‖ body ‖ check (16)
//   body:   sequence of its first entry u64 ‖ list of (kind text, bytes)
// Each check is a SHA-256 that also covers the journal's name, the generation and the frame's offset, so that no frame counts in
// any place but its own. Only the last frame can be torn by a crash: the one before was synced before it was begun.

const MAGIC = /* @__PURE__ */ Bytes.fromHex('61697462634a') // "aitbcJ"
const VERSION = 1
const HEADER = 32
const PREFIX = 8
const CHECK = 16
const NAME = /^[a-z0-9._/-]{1,480}$/
const KIND = /^[a-z0-9-]{1,32}$/

/** Most entries that share one sync. */
export const MAX_BATCH = 64
/** Largest entry, bytes. */
export const MAX_ENTRY = 4_194_304

/** One durable entry; sequences start at 1 and grow by one. */
export interface Entry {
  readonly sequence: bigint
  readonly kind: string
  readonly bytes: Bytes.Bytes
}

/** What is appended: `kind` is one of those the journal was opened with. */
export type NewEntry = Omit<Entry, 'sequence'>

/** A write-ahead journal: what {@link append} resolved for is there after any crash, and in order. */
export interface Journal {
  readonly name: string
  /** Every durable entry, oldest first; grows as appends become durable. */
  readonly entries: readonly Entry[]
  /**
   * Appends one entry; resolves to its sequence once it is durable. Concurrent calls share a sync, up to {@link MAX_BATCH}. An
   * abort counts until the write begins; then it is carried through.
   *
   * `JournalClosed` (1103) once closed, or once a write failed (its fate is unknown: open again and see); `StorageConflict`
   * (1104) once another writer has opened the journal.
   */
  append(kind: string, bytes: Bytes.Bytes, options?: CallOptions): Promise<bigint>
  /**
   * Replaces everything by what `fold` makes of it, in one step that a crash either leaves undone or finds done. `fold` runs when all
   * earlier appends are durable; sequences go on from the last one.
   */
  compact(
    fold: (entries: readonly Entry[]) => readonly NewEntry[],
    options?: CallOptions,
  ): Promise<readonly Entry[]>
  /** Waits for what has been appended, then lets go of the log. */
  close(): Promise<void>
}

/**
 * Opens a journal and replays it. The torn end that a crash leaves is cut off; any other damage is `JournalCorrupt` (1101) with its
 * offset, and an entry or a format that this version doesn't know is `JournalFromFuture` (1102): nothing is guessed.
 * `InvalidArgument` (1013) for a name or kinds that it can't have.
 *
 * Opening fences whoever had the journal open before ({@link Storage.log}).
 *
 * @example
 * import { Journal } from '@aitbc/core'
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * const journal = await Journal.open(createMemoryStorage(), { name: 'swap', kinds: ['event'] })
 * await journal.append('event', Uint8Array.of(1)) // 1n
 * journal.entries.length // 1
 */
export async function open(storage: Storage, options: open.Options): Promise<Journal> {
  const { name, kinds, signal } = options
  signal?.throwIfAborted()
  if (typeof name !== 'string' || !NAME.test(name))
    throw CoreErrors.InvalidArgument(
      `name must be 1 to 480 characters of a–z, 0–9 and "._-/", got ${show(name)}`,
      { argument: 'name', received: name },
    )
  const known = new Set(kinds)
  if (!Array.isArray(kinds) || ![...known].every((kind) => typeof kind === 'string' && KIND.test(kind)))
    throw CoreErrors.InvalidArgument(
      `kinds must be names of 1 to 32 of a–z, 0–9 and "-", got ${show(kinds)}`,
      {
        argument: 'kinds',
        received: kinds,
      },
    )
  const claimed = await claim(storage, name, signal)
  let { log, generation, version } = claimed
  let state: State
  try {
    const bytes = await log.read({ ...(signal && { signal }) })
    const place = { name, generation }
    const replayed = replay(place, bytes, known)
    if (replayed === undefined) {
      await log.truncate(0)
      await log.append(header(place, 0n))
      state = { entries: [], last: 0n, size: HEADER }
    } else {
      if (replayed.size < bytes.length) await log.truncate(replayed.size)
      state = replayed
    }
  } catch (error) {
    await log.close()
    throw error
  }

  interface Waiting extends NewEntry {
    resolve(sequence: bigint): void
    reject(reason: unknown): void
  }
  const waiting: Waiting[] = []
  let closed = false
  let failure: unknown
  const run = queue()
  const gone = () =>
    failure === undefined
      ? CoreErrors.JournalClosed(`the journal ${name} is closed`, { name })
      : isAitbcError(failure, 'StorageConflict')
        ? failure
        : CoreErrors.JournalClosed(
            `the journal ${name} stopped at a failed write`,
            { name },
            { cause: failure },
          )

  const commit = async (): Promise<void> => {
    const batch = waiting.splice(0, MAX_BATCH)
    if (batch.length === 0) return
    try {
      if (failure !== undefined) throw gone()
      const bytes = frame({ name, generation }, state.size, state.last + 1n, batch)
      await log.append(bytes)
      state.size += bytes.length
      for (const { kind, bytes, resolve } of batch) {
        state.last += 1n
        state.entries.push({ sequence: state.last, kind, bytes })
        resolve(state.last)
      }
    } catch (error) {
      failure ??= error
      for (const one of batch) one.reject(gone())
    }
  }

  return {
    name,
    get entries() {
      return state.entries
    },
    append(kind, bytes, { signal } = {}) {
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        assertEntry(known, { kind, bytes })
        if (closed || failure !== undefined) throw gone()
        const abort = () => {
          const at = waiting.indexOf(entry)
          if (at < 0) return
          waiting.splice(at, 1)
          reject(signal?.reason)
        }
        const settle =
          <T>(how: (value: T) => void) =>
          (value: T) => {
            signal?.removeEventListener('abort', abort)
            how(value)
          }
        const entry: Waiting = {
          kind,
          bytes: new Uint8Array(bytes),
          resolve: settle(resolve),
          reject: settle(reject),
        }
        signal?.addEventListener('abort', abort, { once: true })
        waiting.push(entry)
        // One commit is queued for each entry; the first takes along all that wait, and the rest find nothing left to do.
        run(commit)
      })
    },
    compact(fold, { signal } = {}) {
      if (closed) return Promise.reject(gone())
      return run(async () => {
        signal?.throwIfAborted()
        if (failure !== undefined) throw gone()
        const folded = fold(state.entries).map(({ kind, bytes }) => ({ kind, bytes: new Uint8Array(bytes) }))
        for (const entry of folded) assertEntry(known, entry)
        const before = state.last
        try {
          // The head's next version numbers the new log: no other writer, however late, can come to the same number. The log is
          // written whole before the head names it; until then it counts for nothing.
          version = await storage.compareAndSet(headKey(name), version, head(generation))
          const next = { name, generation: version }
          const bytes = Bytes.concat(header(next, before), frame(next, HEADER, before + 1n, folded))
          const other = await storage.log(logName(name, next.generation))
          await other.append(bytes)
          version = await storage.compareAndSet(headKey(name), version, head(next.generation))
          const old = log
          log = other
          generation = next.generation
          state = {
            entries: folded.map((entry, i) => ({ sequence: before + 1n + BigInt(i), ...entry })),
            last: before + BigInt(folded.length),
            size: bytes.length,
          }
          await old.truncate(0)
          await old.close()
        } catch (error) {
          failure ??= error
          throw gone()
        }
        return state.entries
      })
    },
    close() {
      closed = true
      return run(() => log.close())
    },
  }
}

export declare namespace open {
  type Options = CallOptions & {
    /** 1–480 characters of `a–z 0–9 . _ - /`. */
    readonly name: string
    /** The kinds of entry that the caller understands, 1–32 of `a–z 0–9 -` each. */
    readonly kinds: readonly string[]
  }
}

/** Where a frame stands: no other journal and no other generation takes it. Generation 0 is the first; a compaction begins another. */
interface Place {
  readonly name: string
  readonly generation: bigint
}

interface State {
  readonly entries: Entry[]
  /** Sequence of the last entry, or of the last one before the first where there is none. */
  last: bigint
  /** Bytes of the log that are sound. */
  size: number
}

const headKey = (name: string): string => `${name}/head`
const logName = (name: string, generation: bigint): string => `${name}/log-${generation}`

/** Takes the journal over: the head is written again, so that a compaction of the owner before can't pass any more. */
async function claim(storage: Storage, name: string, signal: AbortSignal | undefined) {
  const options = signal === undefined ? {} : { signal }
  for (let tries = 0; ; tries++) {
    const found = await storage.get(headKey(name), options)
    const generation = found === undefined ? 0n : readHead(name, found.value)
    const log: Log = await storage.log(logName(name, generation), options)
    try {
      const version = await storage.compareAndSet(
        headKey(name),
        found?.version ?? 0n,
        head(generation),
        options,
      )
      return { log, generation, version }
    } catch (error) {
      await log.close()
      if (!isAitbcError(error, 'StorageConflict') || tries === 100) throw error
    }
  }
}

const head = (generation: bigint): Bytes.Bytes => Codec.writer().u8(VERSION).u64(generation).finish()

function readHead(name: string, bytes: Bytes.Bytes): bigint {
  if (bytes.length > 0 && (bytes[0] as number) > VERSION) throw future(name, 0, `head version ${bytes[0]}`)
  if (bytes.length !== 9 || bytes[0] !== VERSION) throw corrupt(name, 0, 'its head is not readable')
  return Codec.reader(bytes.subarray(1)).u64()
}

function header(place: Place, before: bigint): Bytes.Bytes {
  const fields = Codec.writer()
    .fixed(MAGIC)
    .u8(VERSION >> 8)
    .u8(VERSION & 0xff)
    .u64(place.generation)
    .u64(before)
    .finish()
  return Bytes.concat(fields, headerCheck(place.name, fields))
}

function headerCheck(name: string, fields: Bytes.Bytes): Bytes.Bytes {
  return TaggedHash.of('aitbc/journal/header', sha256(new TextEncoder().encode(name)), fields).slice(0, 8)
}

function frame(place: Place, offset: number, sequence: bigint, entries: readonly NewEntry[]): Bytes.Bytes {
  const body = Codec.writer()
    .u64(sequence)
    .list(entries, (writer, { kind, bytes }) => writer.text(kind).bytes(bytes))
    .finish()
  const prefix = Codec.writer()
    .u32(body.length)
    .u32((body.length ^ 0xffffffff) >>> 0)
    .finish()
  return Bytes.concat(prefix, body, frameCheck(place, offset, body))
}

function frameCheck({ name, generation }: Place, offset: number, body: Bytes.Bytes): Bytes.Bytes {
  const place = Codec.writer().text(name).u64(generation).u64(BigInt(offset)).finish()
  return TaggedHash.of('aitbc/journal/frame', sha256(place), body).slice(0, CHECK)
}

/** The body of a sound frame at an offset, and where the next one begins. */
function frameAt(
  place: Place,
  bytes: Bytes.Bytes,
  offset: number,
): { body: Bytes.Bytes; next: number } | undefined {
  if (bytes.length - offset < PREFIX + CHECK) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, PREFIX)
  const length = view.getUint32(0)
  if ((length ^ 0xffffffff) >>> 0 !== view.getUint32(4)) return undefined
  const next = offset + PREFIX + length + CHECK
  if (next > bytes.length) return undefined
  const body = bytes.subarray(offset + PREFIX, next - CHECK)
  return Bytes.equal(bytes.subarray(next - CHECK, next), frameCheck(place, offset, body))
    ? { body, next }
    : undefined
}

/** The state that the bytes of a log stand for; `undefined` where it was never begun. */
function replay(place: Place, bytes: Bytes.Bytes, known: ReadonlySet<string>): State | undefined {
  const { name } = place
  const begun = readHeader(place, bytes)
  if (begun === undefined) return undefined
  const entries: Entry[] = []
  let last = begun
  let offset = HEADER
  while (offset < bytes.length) {
    const found = frameAt(place, bytes, offset)
    if (found === undefined) break
    const reader = Codec.reader(found.body)
    if (reader.u64() !== last + 1n) throw corrupt(name, offset, 'an entry is missing')
    for (const { kind, bytes } of reader.list((r) => ({ kind: r.text(), bytes: r.bytes() }))) {
      if (!known.has(kind)) throw future(name, offset, `an entry of kind ${show(kind)}`)
      last += 1n
      entries.push({ sequence: last, kind, bytes })
    }
    reader.finish()
    offset = found.next
  }
  // What a crash tore has nothing sound behind it: whatever came later would have been written after its sync.
  for (let later = offset + 1; later < bytes.length; later++)
    if (frameAt(place, bytes, later) !== undefined) throw corrupt(name, offset, 'a frame is damaged')
  // A compaction's frame was durable before the head named it, so its absence is no torn end.
  if (place.generation > 0n && offset === HEADER)
    throw corrupt(name, offset, 'the first frame of a compaction is damaged')
  return { entries, last, size: offset }
}

/** The sequence before the first entry; `undefined` where the log was never begun. */
function readHeader(place: Place, bytes: Bytes.Bytes): bigint | undefined {
  const { name, generation } = place
  const fields = bytes.subarray(0, HEADER - 8)
  const sound =
    bytes.length >= HEADER && Bytes.equal(bytes.subarray(HEADER - 8, HEADER), headerCheck(name, fields))
  if (!sound) {
    // The header is the first write of all: torn, nothing stands behind it, and no compaction has named it.
    const torn = bytes.length < HEADER || bytes.every((byte) => byte === 0)
    if (torn && generation === 0n) return undefined
    throw corrupt(name, 0, 'its header is damaged')
  }
  const reader = Codec.reader(fields)
  if (!Bytes.equal(reader.fixed(MAGIC.length), MAGIC)) throw corrupt(name, 0, 'its header is not a journal’s')
  const version = reader.u8() * 256 + reader.u8()
  if (version !== VERSION) throw future(name, MAGIC.length, `format ${version}`)
  if (reader.u64() !== generation) throw corrupt(name, MAGIC.length + 2, 'its generation is another')
  return reader.u64()
}

function assertEntry(known: ReadonlySet<string>, { kind, bytes }: NewEntry): void {
  if (!known.has(kind))
    throw CoreErrors.InvalidArgument(`kind must be one that the journal was opened with, got ${show(kind)}`, {
      argument: 'kind',
      received: kind,
    })
  assertBytes(bytes, 'bytes')
  if (bytes.length > MAX_ENTRY)
    throw CoreErrors.InvalidArgument(`bytes must be at most ${MAX_ENTRY} long, got ${bytes.length}`, {
      argument: 'bytes',
      received: bytes.length,
    })
}

function corrupt(name: string, offset: number, why: string) {
  return CoreErrors.JournalCorrupt(`the journal ${name} is damaged at byte ${offset}: ${why}`, {
    name,
    offset,
  })
}

function future(name: string, offset: number, what: string) {
  return CoreErrors.JournalFromFuture(`the journal ${name} has ${what} at byte ${offset}`, { name, offset })
}
