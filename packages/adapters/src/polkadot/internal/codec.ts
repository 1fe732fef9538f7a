import type { Bytes } from '@aitbc/core'
import type { ApiPromise } from '@polkadot/api'

/** The types of a runtime, as it describes them itself. */
export type Registry = Awaited<ReturnType<ApiPromise['at']>>['registry']

/**
 * Reads bytes as a type of the runtime; throws for what isn't of it. `T` is what of the type is used here: the description says at run time
 * what no type can, so whatever reads it catches what isn't there.
 */
export function decode<T>(registry: Registry, type: string, bytes: Bytes.Bytes): T {
  const read: unknown = registry.createType(type, bytes)
  return read as T
}
