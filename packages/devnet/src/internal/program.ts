import { accessSync, constants } from 'node:fs'

/** What whoever looks for a node's program may be told. */
export interface LocateOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((message: string) => void) | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Whether a path names a program that this user may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
