import { Bytes, type CallOptions, CoreErrors, show, type Verdict } from '@aitbc/core'
import type { Rpc } from '@aitbc/core/rpc'
import { BeaconConfig, BeaconEvidence, BeaconJson, LightClientUpdate } from '@aitbc/proofs/checkpoint'
import type { BeaconSource } from './BeaconSource.js'

/** Updates that a beacon node gives at once (beacon-APIs, `MAX_REQUEST_LIGHT_CLIENT_UPDATES`). */
const MAX_UPDATES = 128n

/**
 * Reads the light-client routes of a beacon node (`/eth/v1/beacon/light_client/…`), from a checkpoint that the caller trusts on.
 *
 * What is final it passes on as evidence; `createBeaconAnchor` of `@aitbc/proofs/checkpoint` judges it. Errors: `RpcMalformed` (1204) for
 * what isn't of the protocol, and the `Rpc…` codes (1201–1208).
 *
 * @example
 * import { createBeaconSource } from '@aitbc/adapters/beacon'
 * import { createHttpRest } from '@aitbc/core/rpc'
 * import { BeaconConfig } from '@aitbc/proofs/checkpoint'
 * createBeaconSource({
 *   rest: createHttpRest({ url: 'https://beacon.example' }),
 *   config: BeaconConfig.mainnet,
 *   blockRoot: new Uint8Array(32).fill(1),
 * })
 */
export function createBeaconSource(options: createBeaconSource.Options): BeaconSource {
  const { rest, config, blockRoot } = options
  let start: { readonly bootstrap: Bytes.Bytes; readonly period: bigint } | undefined
  /** Of whole periods, from the checkpoint's on; they don't change any more. */
  const updates: Bytes.Bytes[] = []

  const malformed = (path: string, expected: string, received: unknown) =>
    CoreErrors.RpcMalformed(`${path} of ${rest.name} must be ${expected}, got ${show(received)}`, {
      method: path,
      endpoint: rest.name,
    })
  const needed = <T>(path: string, verdict: Verdict.Verdict<T>): T => {
    if (verdict.ok) return verdict.value
    throw malformed(path, 'of the beacon API', `${verdict.refusal.check}: ${verdict.refusal.message}`)
  }
  const get = async (path: string, callOptions?: CallOptions): Promise<unknown> => {
    const answer = (await rest.request('GET', [`/eth/v1/beacon/light_client/${path}`], callOptions)) as {
      readonly status?: unknown
      readonly body?: unknown
    } | null
    if (answer?.status === 404) return undefined
    try {
      return JSON.parse(answer?.body as string)
    } catch {
      throw malformed(path, 'JSON', answer?.body)
    }
  }
  const dataOf = (json: unknown) => (json as { readonly data?: unknown } | null)?.data

  const begin = async (callOptions?: CallOptions) => {
    const path = `bootstrap/0x${Bytes.toHex(blockRoot)}`
    const json = await get(path, callOptions)
    if (json === undefined) throw malformed(path, 'the bootstrap of the checkpoint', 404)
    const bootstrap = needed(path, BeaconJson.bootstrap(config, dataOf(json)))
    const { header } = needed(path, LightClientUpdate.readBootstrap(config, bootstrap))
    return { bootstrap, period: BeaconConfig.periodAt(config, header.beacon.slot) }
  }

  /** Updates of all periods before this one: the committee of each is known by the update of the one before. */
  const catchUp = async (first: bigint, period: bigint, callOptions?: CallOptions): Promise<boolean> => {
    while (first + BigInt(updates.length) < period) {
      const from = first + BigInt(updates.length)
      const left = period - from
      const path = `updates?start_period=${from}&count=${left < MAX_UPDATES ? left : MAX_UPDATES}`
      const json = await get(path, callOptions)
      if (!Array.isArray(json)) throw malformed(path, 'a list of updates', json)
      const fresh = json
        .slice(0, Number(left))
        .map((one) => needed(path, BeaconJson.update(config, 'update', dataOf(one))))
      if (fresh.length === 0) return false
      updates.push(...fresh)
    }
    return true
  }

  const newest = async (callOptions?: CallOptions) => {
    const path = 'finality_update'
    const json = await get(path, callOptions)
    if (json === undefined) return undefined
    const finality = needed(path, BeaconJson.update(config, 'finality', dataOf(json)))
    const update = needed(path, LightClientUpdate.read(config, 'finality', finality))
    const execution = update.finality?.header.execution?.header
    if (execution === undefined) return undefined
    const { blockNumber: height, blockHash } = execution
    return { block: { height, hash: `0x${Bytes.toHex(blockHash)}` }, finality, slot: update.signatureSlot }
  }

  return {
    finalized: async (callOptions) => (await newest(callOptions))?.block,
    async finality(callOptions) {
      const found = await newest(callOptions)
      if (found === undefined) return undefined
      const { block, finality, slot } = found
      start ??= await begin(callOptions)
      const whole = await catchUp(start.period, BeaconConfig.periodAt(config, slot), callOptions)
      if (!whole) return undefined
      const chain = { bootstrap: start.bootstrap, updates: updates.slice(), finality }
      return { block, evidence: (statement) => BeaconEvidence.encode({ ...chain, statement }) }
    },
  }
}

export declare namespace createBeaconSource {
  type Options = {
    /** The beacon node's REST interface, with whatever middleware. */
    readonly rest: Rpc
    readonly config: BeaconConfig.BeaconConfig
    /** Root of the final beacon block that the caller trusts. */
    readonly blockRoot: Bytes.Hash32
  }
}
