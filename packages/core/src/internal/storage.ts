import type { Bytes } from '../Bytes.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'

const KEY = /^[a-z0-9._/-]{1,512}$/
const PREFIX = /^[a-z0-9._/-]{0,512}$/

export function assertKey(value: unknown, argument: 'key' | 'name'): asserts value is string {
  if (typeof value !== 'string' || !KEY.test(value))
    throw CoreErrors.InvalidArgument(
      `${argument} must be 1 to 512 characters of a–z, 0–9 and "._-/", got ${show(value)}`,
      { argument, received: value },
    )
}

export function assertPrefix(value: unknown): asserts value is string {
  if (typeof value !== 'string' || !PREFIX.test(value))
    throw CoreErrors.InvalidArgument(
      `prefix must be at most 512 characters of a–z, 0–9 and "._-/", got ${show(value)}`,
      { argument: 'prefix', received: value },
    )
}

export function assertBytes(value: unknown, argument: string): asserts value is Bytes {
  if (!(value instanceof Uint8Array))
    throw CoreErrors.InvalidArgument(`${argument} must be a Uint8Array, got ${show(value)}`, {
      argument,
      received: typeof value,
    })
}

export function assertVersion(value: unknown): asserts value is bigint {
  if (typeof value !== 'bigint' || value < 0n)
    throw CoreErrors.InvalidArgument(`expected must be a version (a bigint from 0), got ${show(value)}`, {
      argument: 'expected',
      received: value,
    })
}

/** `log` is the log's length in bytes. */
export function assertSize(value: unknown, log: number): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > log)
    throw CoreErrors.InvalidArgument(`size must be an integer from 0 to ${log}, got ${show(value)}`, {
      argument: 'size',
      received: value,
    })
}

export function conflict(key: string, expected: bigint, found: bigint) {
  return CoreErrors.StorageConflict(`${key} has version ${found}, expected ${expected}`, {
    key,
    expected,
    found,
  })
}

export function fenced(name: string) {
  return CoreErrors.StorageConflict(`the log ${name} was opened again by another writer`, { name })
}

export function closed(name: string) {
  return CoreErrors.StorageUnavailable(`the log ${name} is closed`, { name }, { hint: 'Open the log again.' })
}

/** Runs tasks one after the other, in the order of the calls; a failed one doesn't stop the next. */
export function queue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const mine = last.then(task, task)
    last = mine.catch(() => undefined)
    return mine
  }
}
