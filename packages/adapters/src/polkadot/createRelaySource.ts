import { type CallOptions, type ChainId, CoreErrors, isAitbcError, show } from '@aitbc/core'
import type { LockEvidence, RelayClient } from '@aitbc/proofs/revive'
import { BeefyClient, GrandpaClient, type Header, ParachainState, TrieProof } from '@aitbc/proofs/substrate'
import { PolkadotErrors } from './errors.js'
import * as Relay from './internal/relay.js'
import * as Rpc from './internal/rpc.js'

/** The relay chain's part of a Hub's evidence. Is a `RelayClient` too: what `createHubVerifier` judges that evidence with. */
export interface RelaySource extends RelayClient {
  /** The Hub's newest head in a final block of the relay chain, and what proves it to this source's light client. */
  head(options?: CallOptions): Promise<RelayHead>
}

/** A Hub's head, and what proves it. */
export interface RelayHead {
  readonly hub: Header.Hashed
  readonly relay: LockEvidence.Relay
}

/** Changes of authorities that are followed at once; Polkadot has about six a day. */
const MAX_SETS = 256

/**
 * Reads what makes a Hub's block final from a node of its relay chain: votes of GRANDPA (`grandpa_proveFinality`) that lead on from a block
 * that the caller trusts, or a leaf under the commitment that the caller's BEEFY client has come to (`mmr_generateProof`); and the Hub's head
 * in that block's state (`state_getReadProof`). As `hub.relay` of `createPolkadotAdapter` its evidence is `proved` to
 * `createHubVerifier({ …, relay: source })`.
 *
 * All that the node answers is verified before it is handed on. The light client of GRANDPA follows changes of authorities by itself; the
 * newest votes of the present ones are part of the evidence, so it is good for any client of the same set that isn't further yet. Evidence by
 * BEEFY is good for clients at that very commitment. How old the newest final block is, says its clock in the verified fact: an endpoint that
 * lags can't be told from a chain that does.
 *
 * Codes: 1013, 1201–1208, `PolkadotWrongChain` (3503), `PolkadotNotProvable` (3514).
 *
 * @example
 * import { createRelaySource } from '@aitbc/adapters/polkadot/relay'
 * const open = (provider: createRelaySource.Provider, anchor: createRelaySource.Anchor) =>
 *   createRelaySource({ provider, network: 'polkadot:91b171bb158e2d3848fa23a9f1c25182', paraId: 1000, anchor })
 */
export function createRelaySource(options: createRelaySource.Options): RelaySource {
  const { provider, network, paraId } = options
  if (typeof provider?.send !== 'function')
    throw CoreErrors.InvalidArgument(
      `provider must have send, as WsProvider of @polkadot/api, got ${show(provider)}`,
      {
        argument: 'provider',
      },
    )
  if (!Number.isInteger(paraId) || paraId < 0 || paraId > 0xffff_ffff)
    throw CoreErrors.InvalidArgument(`paraId must be a number of 32 bits, got ${show(paraId)}`, {
      argument: 'paraId',
      received: paraId,
    })
  let genesis = false
  const assertChain = async (o?: CallOptions): Promise<void> => {
    if (genesis) return
    const first = await Rpc.blockHash(provider, 0n, o)
    if (first === undefined || network !== `polkadot:${first.slice(2, 34)}`)
      throw PolkadotErrors.PolkadotWrongChain(
        `the relay endpoint must be on ${network}, its first block is ${first}`,
        { expected: network, received: first },
      )
    genesis = true
  }
  const head = async (final: Relay.Final, o?: CallOptions): Promise<RelayHead> => {
    const key = ParachainState.headKey(paraId)
    const nodes = await Rpc.readProof(provider, [key], Rpc.hex(final.block.hash), o)
    const verdict = Relay.headIn(final, paraId, TrieProof.of(nodes))
    if (!verdict.ok && verdict.refusal.check === 'parachain-absent')
      throw Relay.notProvable(verdict.refusal.message, 'Check `paraId`: it is 1000 on Polkadot and Kusama.', {
        paraId,
      })
    return Relay.needed('state_getReadProof', verdict)
  }
  if ('beefy' in options) {
    const { beefy } = options
    return {
      ...{ network, paraId, beefy },
      async head(o) {
        const state = beefy()
        await assertChain(o)
        return head(await committed(provider, state, o), o)
      },
    }
  }
  let state = trusted(options.anchor)
  return {
    ...{ network, paraId },
    grandpa: () => state,
    async head(o) {
      await assertChain(o)
      const found = await newest(provider, state, o)
      // Of two that ask at once, the one that went further counts.
      if (GrandpaClient.finalized(found.state).number > GrandpaClient.finalized(state).number)
        state = found.state
      if (found.final === undefined)
        throw Relay.notProvable(
          `the light client is still more than ${MAX_SETS} changes of authorities behind`,
          'Repeat: it has come nearer; or start from a newer anchor.',
        )
      return head(found.final, o)
    },
  }
}

export declare namespace createRelaySource {
  type Options = {
    /** A connection to a node of the relay chain. */
    readonly provider: Provider
    /** CAIP-2 id of the relay chain: `polkadot:91b171bb158e2d3848fa23a9f1c25182` for Polkadot. */
    readonly network: ChainId.ChainId & `polkadot:${string}`
    /** Number of the Hub among the parachains: 1000 on Polkadot and on Kusama. */
    readonly paraId: number
  } & (
    | {
        /**
         * A final block that the caller trusts, at most a few weeks old, and who votes after it: such as a chain specification's
         * `lightSyncState` says, or what a client of the caller's came to.
         */
        readonly anchor: Anchor
      }
    | {
        /** The caller's light client, which has verified a commitment at least. */
        readonly beefy: () => BeefyClient.State
      }
  )
  type Anchor = GrandpaClient.Anchor
  /** What is used of `WsProvider` or `HttpProvider` of @polkadot/api. */
  type Provider = Rpc.Provider
}

function trusted(anchor: createRelaySource.Anchor): GrandpaClient.State {
  const verdict = GrandpaClient.trust(anchor)
  if (verdict.ok) return verdict.value
  throw CoreErrors.InvalidArgument(
    `anchor must be a block and its voters: ${verdict.refusal.message} (${verdict.refusal.check})`,
    { argument: 'anchor', check: verdict.refusal.check },
  )
}

/**
 * The newest block that the node has votes of the present authorities for, and the client that they lead on from: moved over changes of
 * authorities, but not to the block itself. Where there is nothing newer, the client's own block; none where too many changes lie between.
 */
async function newest(
  provider: createRelaySource.Provider,
  from: GrandpaClient.State,
  options?: CallOptions,
): Promise<{ readonly final: Relay.Final | undefined; readonly state: GrandpaClient.State }> {
  // Asked about its newest final block a node answers with little; it is of the present set nearly always.
  const { height } = await needHeader(provider, await Rpc.finalizedHead(provider, options), options)
  const short = await votesFrom(provider, from, height, options)
  if (short?.ok && short.value.next.set.id === from.set.id) return { final: short.value.final, state: from }
  let state = from
  for (let sets = 0; sets < MAX_SETS; sets++) {
    const verdict = await votesFrom(provider, state, GrandpaClient.finalized(state).number + 1n, options)
    // Votes for what is final already are no news; a node may have none since.
    const isOld = verdict?.ok === false && verdict.refusal.check === 'height-not-after'
    if (verdict === undefined || isOld) return { final: Relay.ownBlock(state), state }
    const { final, next } = Relay.needed('grandpa_proveFinality', verdict)
    if (next.set.id === state.set.id) return { final, state }
    state = next
  }
  return { final: undefined, state }
}

/** What a node has of votes for a block or one above it, judged; undefined where it has none yet. */
async function votesFrom(
  provider: createRelaySource.Provider,
  state: GrandpaClient.State,
  height: bigint,
  options?: CallOptions,
): Promise<ReturnType<typeof Relay.byVotes> | undefined> {
  const answer = await notYet(Rpc.ask(provider, 'grandpa', 'proveFinality', [Number(height)], options))
  if (answer === null || answer === undefined) return undefined
  const proof = Relay.decodeFinality(Rpc.bytes('grandpa_proveFinality', answer))
  if (!proof.ok) return proof
  const { block, justification } = proof.value
  const { bytes } = await needHeader(provider, Rpc.hex(block), options)
  return Relay.byVotes(state, bytes, justification)
}

/** The block before the one whose commitment the client has come to: the last that the mountain range says something of. */
async function committed(
  provider: createRelaySource.Provider,
  state: BeefyClient.State,
  options?: CallOptions,
): Promise<Relay.Final> {
  const { blockNumber, mmrRoot } = BeefyClient.finalized(state)
  if (mmrRoot === undefined)
    throw Relay.notProvable(
      'the client of BEEFY has verified no commitment yet',
      'Apply a commitment to the client first.',
    )
  const params = [[blockNumber], blockNumber]
  const answer = (await Rpc.ask(provider, 'mmr', 'generateProof', params, options)) as {
    readonly leaves?: unknown
    readonly proof?: unknown
  } | null
  const method = 'mmr_generateProof'
  const leaf = Relay.needed(
    method,
    Relay.decodeLeaf(Rpc.bytes(method, answer?.leaves), Rpc.bytes(method, answer?.proof)),
  )
  const { bytes } = await needHeader(provider, Rpc.hex(leaf.about), options)
  return Relay.needed(method, Relay.byLeaf(state, bytes, leaf))
}

async function needHeader(
  provider: createRelaySource.Provider,
  hash: `0x${string}`,
  options?: CallOptions,
): Promise<Rpc.Header> {
  const header = await Rpc.header(provider, hash, options)
  if (header === undefined) throw Rpc.malformed('chain_getHeader', `the block ${hash}`, null)
  return header
}

/** Nodes refuse to prove what isn't final yet. */
async function notYet(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (isAitbcError(error, 'RpcRejected') && /not yet finalized/i.test(String(error.context['message'])))
      return undefined
    throw error
  }
}
