// The two chains as a party's process deals with them: adapters over its servers, verifiers, and its own keys.
import type { SwapAdapter, SwapSeed, Verifier } from '@aitbc/core'
import { createRedundantAdapter } from '@aitbc/core/redundant'
import type { Side } from '@aitbc/swap'
import type * as Chain from '../../Chain.js'
import { createWorldAdapter } from '../../createWorldAdapter.js'
import { createWorldVerifier } from '../../createWorldVerifier.js'
import type { Endpoint } from '../../Endpoint.js'
import * as Bug from '../Bug.js'
import * as Keys from '../Keys.js'
import { LEGS, type Leg } from '../Plan.js'
import type { Passage } from './Gate.js'
import * as Gated from './Gated.js'

export interface Options {
  readonly seed: SwapSeed.SwapSeed
  readonly bug: Bug.Bug | undefined
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  /** The servers that it asks about each chain: one that it believes, or several of which most may lie. */
  readonly endpoints: { readonly [L in Leg]: readonly [Endpoint, ...Endpoint[]] }
  /** How far clocks may be off UTC. */
  readonly risk: 'standard' | 'conservative'
  readonly utc: () => bigint
  /** It has towers, which are told of what they may do (`arm`). */
  readonly watched: boolean
}

export function of(options: Options, passage: Passage): Side.Sides {
  const { bug, seed } = options
  const sides: Record<string, Side.Side> = {}
  for (const leg of LEGS) {
    const chain = options.chains[leg]
    const { family } = chain
    const network = Bug.network(bug, chain.network)
    const wallet = Keys.wallet(seed, network)
    const proves = family.best !== 'quorum' && bug !== 'unconfirmed'
    const verifier = proves ? createWorldVerifier(chain) : undefined
    sides[network.id] = {
      adapter: Gated.adapter(Bug.adapter(bug, readerOf(options, leg, verifier)), passage),
      ...(verifier === undefined ? {} : { verifier }),
      backend: family.backend(network),
      funding: wallet.funding,
      party: wallet.party,
      signer: Gated.signerOf(wallet, passage),
    }
  }
  return sides
}

/** An adapter over the one server that is believed, or over all of several. */
function readerOf(options: Options, leg: Leg, verifier: Verifier | undefined): SwapAdapter {
  const { family, network: own } = options.chains[leg]
  const network = Bug.network(options.bug, own)
  const arms = options.watched
  const adapters = options.endpoints[leg].map((endpoint) => createWorldAdapter({ network, endpoint, arms }))
  const first = adapters[0] as SwapAdapter
  if (adapters.length === 1) return first
  return {
    ...createRedundantAdapter({
      adapters,
      ...(verifier === undefined ? {} : { verifier }),
      // What nothing proves takes a majority; a single server that answers is enough for all else.
      ...(family.best === 'quorum' ? { agree: (adapters.length >> 1) + 1 } : {}),
      ...{ answers: 1, utc: options.utc, risk: options.risk },
      // They answer at once or say that they don't.
      ...{ timeoutMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY },
    }),
    // Whatever happens wakes a party: all servers would say so at once.
    watch: first.watch,
  }
}
