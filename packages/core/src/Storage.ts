import type { Bytes } from './Bytes.js'
import type { CallOptions } from './ChainAdapter.js'

/** A stored value with the version that a later {@link Storage.compareAndSet} must name. */
export interface Versioned {
  readonly value: Bytes
  /** Grows by one with each write of the key; 1 is the first. */
  readonly version: bigint
}

/**
 * Durable key-value storage: when a promise resolves, the write survives a crash. Keys are 1–512 characters of
 * `a–z 0–9 . _ - /`. Implementations: `core/storage/memory`, `/file` (Node), `/indexeddb` (browser).
 *
 * Errors: `InvalidArgument` (1013) for a key or value of the wrong form, `StorageUnavailable` (1105) where the medium fails.
 */
export interface Storage {
  get(key: string, options?: CallOptions): Promise<Versioned | undefined>
  /** Writes whatever was there before; resolves to the new version. */
  put(key: string, value: Bytes, options?: CallOptions): Promise<bigint>
  /** Keys that start with `prefix`, in ascending order. */
  list(prefix: string, options?: CallOptions): Promise<readonly string[]>
  /** Writes only where the key still has `expected` (0: doesn't exist); else rejects with `StorageConflict` (1104). */
  compareAndSet(key: string, expected: bigint, value: Bytes, options?: CallOptions): Promise<bigint>
  /**
   * Opens the append-only log of a name; what a journal is written to. A log has one writer: whoever opens it again fences the
   * handle before, whose calls then reject with `StorageConflict` (1104). Where a living process can't be fenced (files), it is
   * the newcomer who is rejected so.
   */
  log(name: string, options?: CallOptions): Promise<Log>
}

/** Append-only bytes. An operation that has begun is finished: a signal stops it only before that. */
export interface Log {
  /** Everything in it; after a crash the end may be torn. */
  read(options?: CallOptions): Promise<Bytes>
  /** Appends and syncs: durable when it resolves. */
  append(bytes: Bytes, options?: CallOptions): Promise<void>
  /** Cuts the log to its first `size` bytes. */
  truncate(size: number, options?: CallOptions): Promise<void>
  close(): Promise<void>
}
