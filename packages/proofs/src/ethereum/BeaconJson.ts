import { Bytes, Verdict } from '@aitbc/core'
import * as Ssz from '../ssz/Ssz.js'
import { type BeaconConfig, type Fork, forkAt, isFrom } from './BeaconConfig.js'
import * as ExecutionPayloadHeader from './ExecutionPayloadHeader.js'
import * as LightClientHeader from './LightClientHeader.js'
import * as LightClientUpdate from './LightClientUpdate.js'
import type * as SyncCommittee from './SyncCommittee.js'

/*
 * The JSON of the beacon API (ethereum/beacon-APIs, `light_client`), as its values: parse the text first, and hand in what stands under
 * `data`. Numbers are decimal texts, bytes are `0x…`; fields that aren't known are passed over.
 */

/** Where reading stopped; only {@link guard} sees it. */
class Fault extends Error {}

/**
 * Reads a bootstrap, and gives the SSZ that stands for it. Refusals: `json`, `update-fork` (its slot is in no known fork).
 *
 * @example
 * import { BeaconConfig, BeaconJson } from '@aitbc/proofs/checkpoint'
 * BeaconJson.bootstrap(BeaconConfig.mainnet, {}).ok // false
 */
export function bootstrap(config: BeaconConfig, json: unknown): Verdict.Verdict<Bytes.Bytes> {
  return guard(() => {
    const it = record(json, 'bootstrap')
    const fork = forkOf(config, it['header'])
    return (
      fork &&
      Ssz.encode(LightClientUpdate.bootstrapType(config, fork), {
        header: headerOf(fork, it['header']),
        committee: committeeOf(config, it['current_sync_committee']),
        committeeBranch: branchOf(
          LightClientUpdate.gindices(fork).current,
          it['current_sync_committee_branch'],
        ),
      })
    )
  })
}

/**
 * Reads an update of a kind, and gives the SSZ that stands for it. Refusals: `json`, `update-fork`.
 *
 * @example
 * import { BeaconConfig, BeaconJson } from '@aitbc/proofs/checkpoint'
 * BeaconJson.update(BeaconConfig.mainnet, 'finality', {}).ok // false
 */
export function update(
  config: BeaconConfig,
  kind: LightClientUpdate.Kind,
  json: unknown,
): Verdict.Verdict<Bytes.Bytes> {
  return guard(() => {
    const it = record(json, 'update')
    const fork = forkOf(config, it['attested_header'])
    if (fork === undefined) return undefined
    const { next, finalized } = LightClientUpdate.gindices(fork)
    const aggregate = record(it['sync_aggregate'], 'sync_aggregate')
    return Ssz.encode(LightClientUpdate.updateType(config, fork, kind), {
      attested: headerOf(fork, it['attested_header']),
      ...(kind === 'update'
        ? {
            next: committeeOf(config, it['next_sync_committee']),
            nextBranch: branchOf(next, it['next_sync_committee_branch']),
          }
        : {}),
      ...(kind === 'optimistic'
        ? {}
        : {
            finalized: headerOf(fork, it['finalized_header']),
            finalityBranch: branchOf(finalized, it['finality_branch']),
          }),
      aggregate: {
        bits: bytes(aggregate['sync_committee_bits'], 'sync_committee_bits', config.preset.committeeSize / 8),
        signature: bytes(aggregate['sync_committee_signature'], 'sync_committee_signature', 96),
      },
      signatureSlot: uint(it['signature_slot'], 'signature_slot', 64),
    })
  })
}

function forkOf(config: BeaconConfig, header: unknown): Fork | undefined {
  return forkAt(config, beaconOf(header).slot)?.fork
}

function beaconOf(json: unknown): LightClientHeader.BeaconBlockHeader {
  const it = record(record(json, 'header')['beacon'], 'beacon')
  return fieldsOf(LightClientHeader.BEACON.fields, it)
}

function headerOf(fork: Fork, json: unknown): LightClientHeader.Wire {
  const it = record(json, 'header')
  const beacon = beaconOf(json)
  if (!isFrom(fork, 'capella')) return { beacon }
  const { fields: execution } = ExecutionPayloadHeader.typeOf(fork)
  return {
    beacon,
    execution: fieldsOf(execution, record(it['execution'], 'execution')),
    executionBranch: branchOf(ExecutionPayloadHeader.GINDEX, it['execution_branch']),
  }
}

/** Fields of a container, each under its name in the specification. */
function fieldsOf<T>(fields: Readonly<Record<string, Ssz.Type<unknown>>>, json: Json): T {
  const entries = Object.entries(fields).map(([name, type]) => {
    const field = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const value =
      typeof type.zero === 'bigint'
        ? uint(json[field], field, (type.size as number) * 8)
        : bytes(json[field], field, type.size)
    return [name, value]
  })
  return Object.fromEntries(entries)
}

function committeeOf(config: BeaconConfig, json: unknown): SyncCommittee.SyncCommittee {
  const it = record(json, 'sync_committee')
  return {
    pubkeys: list(it['pubkeys'], 'pubkeys', config.preset.committeeSize).map((key) =>
      bytes(key, 'pubkeys', 48),
    ),
    aggregatePubkey: bytes(it['aggregate_pubkey'], 'aggregate_pubkey', 48),
  }
}

function branchOf(gindex: bigint, json: unknown): readonly Bytes.Hash32[] {
  return list(json, 'branch', gindex.toString(2).length - 1).map((node) => bytes(node, 'branch', 32))
}

type Json = Readonly<Record<string, unknown>>

function record(json: unknown, name: string): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new Fault(`${name} is no object`)
  return json as Json
}

function list(json: unknown, name: string, length: number): readonly unknown[] {
  if (!Array.isArray(json) || json.length !== length) throw new Fault(`${name} is no list of ${length}`)
  return json
}

function uint(json: unknown, name: string, bits: number): bigint {
  if (typeof json !== 'string' || !/^(0|[1-9][0-9]{0,77})$/.test(json))
    throw new Fault(`${name} is no number`)
  const value = BigInt(json)
  if (value >= 1n << BigInt(bits)) throw new Fault(`${name} is beyond ${bits} bits`)
  return value
}

/** Exactly so many bytes; at most 32 where the size is the value's own. */
function bytes(json: unknown, name: string, size: number | undefined): Bytes.Bytes {
  if (typeof json !== 'string' || !/^0x(?:[0-9a-fA-F]{2})*$/.test(json) || json.length > 2 + 2 * (size ?? 32))
    throw new Fault(`${name} is no bytes`)
  const value = Bytes.fromHex(json.slice(2).toLowerCase())
  if (size !== undefined && value.length !== size)
    throw new Fault(`${name} has ${value.length} bytes, not ${size}`)
  return value
}

function guard(read: () => Bytes.Bytes | undefined): Verdict.Verdict<Bytes.Bytes> {
  try {
    const found = read()
    return found === undefined
      ? Verdict.refuse('update-fork', 'the slot is in no known fork')
      : Verdict.accept(found)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return Verdict.refuse('json', error.message)
  }
}
