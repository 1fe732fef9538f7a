import { Bytes, type CallOptions, CoreErrors, show, type Verdict } from '@aitbc/core'
import type { Rpc } from '@aitbc/core/rpc'
import {
  type BeaconAnchor,
  BeaconConfig,
  BeaconEvidence,
  BeaconJson,
  LightClientUpdate,
} from '@aitbc/proofs/checkpoint'
import type { BeaconFinality, BeaconSource } from './BeaconSource.js'

/** Updates that a beacon node gives at once (beacon-APIs, `MAX_REQUEST_LIGHT_CLIENT_UPDATES`), and that evidence may have in all. */
const MAX_UPDATES = 128n

/** What leads from the checkpoint to the newest whole period. */
interface Way {
  readonly bootstrap: Bytes.Bytes
  /** Of the checkpoint. */
  readonly period: bigint
  /** Of whole periods, from the checkpoint's on; they don't change any more. */
  readonly updates: readonly Bytes.Bytes[]
}

/**
 * Reads the light-client routes of a beacon node (`/eth/v1/beacon/light_client/…`), from a checkpoint that the caller trusts on.
 *
 * What is final it passes on as evidence, which `createBeaconAnchor` of `@aitbc/proofs/checkpoint` judges. With that as `anchor` nothing is
 * called final before it is proved, and what leads to it is asked for once; without it the node's word is passed on, and nothing is
 * remembered. Errors: `RpcMalformed` (1204) for what isn't of the protocol or was refused by the anchor, and the `Rpc…` codes (1201–1208).
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
  const { rest, config, blockRoot, anchor } = options
  /** Judged by the anchor: whatever a node said else is asked for again. */
  let known: Way | undefined
  let proved: BeaconFinality | undefined

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

  const begin = async (callOptions?: CallOptions): Promise<Way> => {
    const path = `bootstrap/0x${Bytes.toHex(blockRoot)}`
    const json = await get(path, callOptions)
    if (json === undefined) throw malformed(path, 'the bootstrap of the checkpoint', 404)
    const bootstrap = needed(path, BeaconJson.bootstrap(config, dataOf(json)))
    const { header } = needed(path, LightClientUpdate.readBootstrap(config, bootstrap))
    return { bootstrap, period: BeaconConfig.periodAt(config, header.beacon.slot), updates: [] }
  }

  /**
   * With the updates of all periods before this one: the committee of each is known by the update of the one before. `undefined` where
   * the node lacks some.
   */
  const catchUp = async (way: Way, period: bigint, callOptions?: CallOptions): Promise<Way | undefined> => {
    if (period - way.period > MAX_UPDATES)
      throw malformed('finality_update', `of at most ${MAX_UPDATES} periods after the checkpoint`, period)
    let { updates } = way
    for (let from = way.period + BigInt(updates.length); from < period; ) {
      const left = period - from
      const path = `updates?start_period=${from}&count=${left}`
      const json = await get(path, callOptions)
      if (!Array.isArray(json)) throw malformed(path, 'a list of updates', json)
      const fresh = json
        .slice(0, Number(left))
        .map((one) => needed(path, BeaconJson.update(config, 'update', dataOf(one))))
      if (fresh.length === 0) return undefined
      updates = [...updates, ...fresh]
      from += BigInt(fresh.length)
    }
    return { ...way, updates }
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

  const finality = async (
    found: NonNullable<Awaited<ReturnType<typeof newest>>>,
    callOptions?: CallOptions,
  ): Promise<BeaconFinality | undefined> => {
    const { block, finality, slot } = found
    const period = BeaconConfig.periodAt(config, slot)
    const way = await catchUp(known ?? (await begin(callOptions)), period, callOptions)
    if (way === undefined) return undefined
    const { bootstrap } = way
    // What a node that lags says is final starts from fewer updates than are known.
    const updates = way.updates.slice(0, Math.max(0, Number(period - way.period)))
    const evidence = (statement: Bytes.Bytes) =>
      BeaconEvidence.encode({ bootstrap, updates, finality, statement })
    const told = { block, evidence }
    if (anchor === undefined) return told
    const verdict = anchor.follow(evidence(new Uint8Array(0)))
    if (verdict.ok && verdict.value.trust(block) !== undefined) {
      known = way
      proved = told
      return told
    }
    if (!verdict.ok && verdict.refusal.check === 'finality-none') return undefined
    // Whichever part is wrong, nothing of it may stay in the way of what a node says next.
    known = undefined
    throw malformed(
      'finality_update',
      'final from the checkpoint on',
      verdict.ok ? block.hash : `${verdict.refusal.check}: ${verdict.refusal.message}`,
    )
  }

  return {
    async finalized(callOptions) {
      const found = await newest(callOptions)
      if (found === undefined || anchor === undefined) return found?.block
      return (found.block.hash === proved?.block.hash ? proved : await finality(found, callOptions))?.block
    },
    async finality(callOptions) {
      const found = await newest(callOptions)
      if (found === undefined) return undefined
      // Signed anew each slot: that it was final once is enough.
      return found.block.hash === proved?.block.hash ? proved : finality(found, callOptions)
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
    /** What judges the node's answers, best the verifier's own anchor: then each is judged once. */
    readonly anchor?: Pick<BeaconAnchor, 'follow'>
  }
}
