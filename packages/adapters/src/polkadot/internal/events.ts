import { Bytes, type CallOptions } from '@aitbc/core'
import { StorageKey } from '@aitbc/proofs/substrate'
import * as HubLock from '../HubLock.js'
import type { Client } from './client.js'
import { decode, type Registry } from './codec.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** An event of a block, as the runtime's own description of itself reads it. */
export interface ChainEvent {
  /** The extrinsic that it belongs to; undefined for what the block itself does. */
  readonly extrinsic: number | undefined
  readonly pallet: string
  readonly name: string
  /** The event's values, encoded one by one. */
  readonly values: readonly Bytes.Bytes[]
  /** Why the dispatch failed, on `system.ExtrinsicFailed`. */
  readonly failure?: DispatchFailure
}

/** Why a transaction that is in a block did nothing. */
export interface DispatchFailure {
  /** `pallet.Error`, or what the runtime calls it. */
  readonly error: string
  readonly message: string
}

interface Value {
  toU8a(): Uint8Array
}

interface EventRecord {
  readonly phase: { readonly isApplyExtrinsic: boolean; readonly asApplyExtrinsic: { toNumber(): number } }
  readonly event: { readonly section: string; readonly method: string; readonly data: Iterable<Value> }
}

/** A runtime's reason as it is decoded. */
export interface DispatchError extends Value {
  readonly isModule: boolean
  readonly asModule: unknown
  readonly type: string
  toString(): string
}

const EVENTS = /* @__PURE__ */ StorageKey.of('System', 'Events')

/**
 * The events of a block. Their encoding is the runtime's of that block, which the node describes; where `holding` is given, a block whose
 * events don't hold these bytes isn't decoded at all.
 */
export async function eventsOf(
  client: Client,
  block: Hex,
  options?: CallOptions,
  holding?: Bytes.Bytes,
): Promise<readonly ChainEvent[]> {
  const bytes = await Rpc.storage(client.api, EVENTS, block, options)
  if (bytes === undefined || (holding !== undefined && !contains(bytes, holding))) return []
  const { registry } = await registryAt(client, block, options)
  let records: readonly EventRecord[]
  try {
    records = decode<readonly EventRecord[]>(registry, 'Vec<FrameSystemEventRecord>', bytes)
    return records.map((record) => toEvent(record, registry))
  } catch {
    throw Rpc.malformed('state_getStorage', 'the events of a block', bytes)
  }
}

/** The types of the runtime of a block. */
export async function registryAt(
  client: Client,
  block: Hex,
  options?: CallOptions,
): Promise<{ readonly registry: Registry }> {
  try {
    return await Rpc.abortable(client.api.at(block), options?.signal)
  } catch (error) {
    if (options?.signal?.aborted) throw options.signal.reason
    throw Rpc.failure('state_getMetadata', error)
  }
}

/** Whether bytes stand somewhere in longer ones. */
export function contains(bytes: Bytes.Bytes, part: Bytes.Bytes): boolean {
  return HubLock.positions(bytes, part).length > 0
}

function toEvent({ phase, event }: EventRecord, registry: Registry): ChainEvent {
  const data = [...event.data]
  const failed = event.section === 'system' && event.method === 'ExtrinsicFailed'
  return {
    extrinsic: phase.isApplyExtrinsic ? phase.asApplyExtrinsic.toNumber() : undefined,
    pallet: event.section,
    name: event.method,
    values: data.map((value) => Bytes.copy(value.toU8a())),
    ...(failed ? { failure: failureOf(data[0] as DispatchError, registry) } : {}),
  }
}

/** A runtime's reason in its own words. */
export function failureOf(error: DispatchError, registry: Registry): DispatchFailure {
  if (!error.isModule) return { error: error.type, message: error.toString().slice(0, 200) }
  const { section, name, docs } = registry.findMetaError(error.asModule as never)
  return { error: `${section}.${name}`, message: docs.join(' ').slice(0, 500) }
}
