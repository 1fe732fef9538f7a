import type { Gas } from './faults.js'
import type { Branch, StoreName } from './state.js'

export interface Attribute {
  readonly key: string
  readonly value: string
}

/** An event of a transaction; all attributes are indexed. */
export interface Event {
  readonly type: string
  readonly attributes: readonly Attribute[]
}

/** What one message, query or contract call works on. */
export interface Context {
  readonly chainId: string
  readonly prefix: string
  readonly height: bigint
  /** Nanoseconds since 1970. */
  readonly time: bigint
  readonly state: Branch
  readonly gas: Gas
  readonly events: Event[]
  /** How many contracts called each other to get here. */
  readonly depth: number
}

/** What the SDK's `store/types/gas.go` charges for the stores. */
const KV = { readFlat: 1000n, readByte: 3n, writeFlat: 2000n, writeByte: 30n, delete: 1000n }

export function read(context: Context, store: StoreName, key: Uint8Array): Uint8Array | undefined {
  const value = context.state.get(store, key)
  context.gas.use(KV.readFlat + KV.readByte * BigInt(key.length + (value?.length ?? 0)), 'ReadFlat')
  return value
}

export function write(
  context: Context,
  store: StoreName,
  key: Uint8Array,
  value: Uint8Array | undefined,
): void {
  context.gas.use(
    value === undefined ? KV.delete : KV.writeFlat + KV.writeByte * BigInt(key.length + value.length),
    value === undefined ? 'Delete' : 'WriteFlat',
  )
  context.state.set(store, key, value)
}

/** Does something whole or not at all: what it writes and says counts only where it doesn't throw. */
export function whole<T>(context: Context, change: Partial<Context>, task: (inner: Context) => T): T {
  const state = context.state.branch()
  const events: Event[] = []
  const result = task({ ...context, ...change, state, events })
  state.commit()
  context.events.push(...events)
  return result
}

export function emit(
  context: Context,
  type: string,
  attributes: Readonly<Record<string, string>> | readonly Attribute[],
): void {
  const list = Array.isArray(attributes)
    ? (attributes as readonly Attribute[])
    : Object.entries(attributes as Readonly<Record<string, string>>).map(([key, value]) => ({ key, value }))
  context.events.push({ type, attributes: list })
}
