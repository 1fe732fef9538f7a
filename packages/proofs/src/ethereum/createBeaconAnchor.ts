import { Bytes, Fact, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { type BeaconConfig, timeOf } from './BeaconConfig.js'
import * as BeaconEvidence from './BeaconEvidence.js'
import type { EvmAnchor, Trust } from './createEvmVerifier.js'
import type * as LightClient from './LightClient.js'
import * as LightClientUpdate from './LightClientUpdate.js'

/** States that are remembered, so that evidence which goes on from one of them costs only what is new in it. */
const MEMORY = 16

/** A checkpoint that EVM facts are proved from, and the newest final block that was proved from it. */
export interface BeaconAnchor extends EvmAnchor {
  /** The newest final block among all evidence so far; `undefined` at first. */
  finalized(): LightClient.Final | undefined
}

/**
 * Makes a checkpoint what `createEvmVerifier` starts from: a light client that goes from the trusted block through the evidence's
 * updates to a final block, whose execution block is `proved`. Nothing but finality counts: what is only attested, or forced, proves
 * nothing (A27).
 *
 * The refusals are those of `BeaconEvidence.decode`, `LightClientUpdate.read`, `LightClient.trust` and `LightClient.apply`,
 * `finality-none` (the updates finalize nothing beyond the checkpoint), `finality-stale` and `execution-missing`. The `at` of the
 * anchor in facts is the checkpoint: its slot and root.
 *
 * @example
 * import { LightClient } from '@aitbc/proofs/beacon'
 * import { BeaconConfig, createBeaconAnchor } from '@aitbc/proofs/checkpoint'
 * import { createEvmVerifier } from '@aitbc/proofs/ethereum'
 * const anchor = createBeaconAnchor({
 *   client: LightClient,
 *   config: BeaconConfig.mainnet,
 *   blockRoot: new Uint8Array(32).fill(1), // of a final block, from a source that you trust
 *   now: () => BigInt(Math.floor(Date.now() / 1000)),
 * })
 * const verifier = createEvmVerifier({ anchor })
 */
export function createBeaconAnchor(options: createBeaconAnchor.Options): BeaconAnchor {
  const { client, config, blockRoot, now, maxAge, maxDelay, assurance = 'proved' } = options
  const states = new Map<string, LightClient.State>()
  let newest: LightClient.State | undefined
  let checkpoint: Fact.Anchor | undefined

  const remember = (key: string, state: LightClient.State) => {
    states.delete(key)
    states.set(key, state)
    if (states.size > MEMORY) states.delete(states.keys().next().value as string)
  }

  const start = (bytes: Bytes.Bytes): Verdict.Verdict<LightClient.State> => {
    const bootstrap = LightClientUpdate.readBootstrap(config, bytes)
    if (!bootstrap.ok) return bootstrap
    const state = client.trust({
      config,
      blockRoot,
      bootstrap: bootstrap.value,
      now: now(),
      ...(maxAge === undefined ? {} : { maxAge }),
    })
    if (state.ok) {
      const { slot } = bootstrap.value.header.beacon
      checkpoint = { network: config.network, height: slot, hash: `0x${Bytes.toHex(blockRoot)}`, assurance }
    }
    return state
  }

  const step = (
    state: LightClient.State,
    kind: LightClientUpdate.Kind,
    bytes: Bytes.Bytes,
  ): Verdict.Verdict<LightClient.State> => {
    const update = LightClientUpdate.read(config, kind, bytes)
    return update.ok ? client.apply(state, { kind: 'update', update: update.value, now: now() }) : update
  }

  /** The state after the evidence: from the longest beginning that is remembered. */
  const run = (evidence: BeaconEvidence.BeaconEvidence): Verdict.Verdict<LightClient.State> => {
    const steps = [
      { kind: 'bootstrap', bytes: evidence.bootstrap } as const,
      ...evidence.updates.map((bytes) => ({ kind: 'update', bytes }) as const),
      { kind: 'finality', bytes: evidence.finality } as const,
    ]
    const keys: string[] = []
    let hash: Bytes.Bytes = new Uint8Array(0)
    for (const { kind, bytes } of steps) {
      hash = sha256(Bytes.concat(hash, sha256(bytes)))
      // The same bytes are read in another way where they stand as another part.
      keys.push(`${kind} ${Bytes.toHex(hash)}`)
    }
    const done = keys.findLastIndex((key) => states.has(key))
    let state = states.get(keys[done] ?? '')
    // Used again, so the last to be forgotten: what follows the newest whole period outlives all views of it, and the checkpoint's age.
    if (state !== undefined) remember(keys[done] as string, state)
    for (const [index, { kind, bytes }] of steps.entries()) {
      if (index <= done) continue
      const next = kind === 'bootstrap' ? start(bytes) : step(state as LightClient.State, kind, bytes)
      if (!next.ok) return next
      state = next.value
      remember(keys[index] as string, state)
    }
    return Verdict.accept(state as LightClient.State)
  }

  return {
    network: config.network,
    finalized: () => (newest === undefined ? undefined : client.finalized(newest)),
    follow(bytes) {
      const evidence = BeaconEvidence.decode(bytes)
      if (!evidence.ok) return evidence
      const reached = run(evidence.value)
      if (!reached.ok) return reached
      const state = reached.value
      const final = client.finalized(state)
      if (Bytes.equal(final.root, blockRoot))
        return Verdict.refuse('finality-none', 'nothing beyond the checkpoint is final yet')
      const delay = now() - timeOf(config, final.slot)
      if (maxDelay !== undefined && delay > maxDelay)
        return Verdict.refuse(
          'finality-stale',
          `the newest final block is ${delay} s old, at most ${maxDelay}`,
          {
            delay,
            maxDelay,
          },
        )
      const trust = client.trustFrom(state)
      if (!trust.ok) return trust
      if (newest === undefined || newest.finalized.beacon.slot < final.slot) newest = state
      return Verdict.accept({
        statement: evidence.value.statement,
        trust: (block): Trust | undefined => {
          const known = trust.value(block)
          return known && { ...known, assurance: Fact.weaker(known.assurance, assurance) }
        },
        anchor: checkpoint as Fact.Anchor,
      })
    },
  }
}

export declare namespace createBeaconAnchor {
  type Options = {
    /** The light client: `LightClient` of `@aitbc/proofs/beacon`, which carries the signatures' curve. */
    readonly client: Pick<typeof LightClient, 'trust' | 'apply' | 'finalized' | 'trustFrom'>
    readonly config: BeaconConfig
    /** Root of a final beacon block that the caller trusts. */
    readonly blockRoot: Bytes.Hash32
    /** The caller's clock, unix seconds: see `LightClient.Anchor`. */
    readonly now: () => bigint
    /** Weak subjectivity, seconds: see `LightClient.Anchor`. */
    readonly maxAge?: bigint
    /** Oldest final block that still proves anything, seconds; any unless told. */
    readonly maxDelay?: bigint
    /** How the caller knows the checkpoint; `proved` unless told. */
    readonly assurance?: Fact.Assurance
  }
}
