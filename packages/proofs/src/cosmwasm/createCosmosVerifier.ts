import { Bytes, type Fact, type Network, Verdict } from '@aitbc/core'
import { createStateVerifier, type StateVerifier } from '../internal/stateVerifier.js'
import * as Header from '../tendermint/Header.js'
import type { LightBlock } from '../tendermint/LightBlock.js'
import * as LightClient from '../tendermint/LightClient.js'
import { SECOND } from '../tendermint/Timestamp.js'
import * as LockEvidence from './LockEvidence.js'

/** A verifier of locks in a Cosmos chain's state, which also judges what isn't there. */
export type CosmosVerifier = StateVerifier

/** A block that counts, and why. */
interface Known {
  readonly assurance: Fact.Assurance
  readonly asOf: Fact.Tip
  readonly anchor: Fact.Anchor
}

/**
 * Starts a verifier of locks (`cosmos-lock/1`), spends (`cosmos-spend/1`) and absence (`cosmos-absence/1`) of the CosmWasm contract.
 *
 * With a light `client` the evidence's block must follow from what it trusts (CometBFT `spec/light-client`; `headers` of an adapter
 * brings it further), and facts are `proved`; a block of CometBFT is final. With `trust` the block is as good as the caller says, and
 * its votes aren't looked at. A state names no transaction, so `transaction` is empty in what this verifier vouches for; the secret of
 * a claim is in the state itself.
 *
 * Refusals: those of `LockEvidence` and `LightClient.apply`, `evidence-network`, `evidence-format`, `block-unknown` (the caller
 * doesn't trust it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
 * const verifier = createCosmosVerifier({ network: networks.cosmosHub, trust: () => undefined })
 */
export function createCosmosVerifier(options: createCosmosVerifier.Options): CosmosVerifier {
  const { network } = options
  const know = (block: LightBlock): Verdict.Verdict<Known> => {
    const { height, time } = block.header
    const hash = Bytes.toHex(Header.hash(block.header)).toUpperCase()
    if ('trust' in options) {
      const known = options.trust({ height, hash })
      return known === undefined
        ? Verdict.refuse('block-unknown', `block ${hash} isn't one that the caller knows`)
        : Verdict.accept({
            ...known,
            anchor: { network: network.id, height, hash, assurance: known.assurance },
          })
    }
    const state = options.client()
    const applied = LightClient.apply(state, { block, now: options.now() })
    if (!applied.ok) return applied
    const seconds = time / SECOND
    const base = LightClient.finalized(state)
    return Verdict.accept({
      assurance: 'proved',
      asOf: { height, hash, time: seconds, clock: seconds, finalized: { height, hash } },
      anchor: {
        network: network.id,
        height: base.header.height,
        hash: Bytes.toHex(base.hash).toUpperCase(),
        assurance: 'proved',
      },
    })
  }

  return createStateVerifier(network.id, LockEvidence.FORMAT, (terms, evidence) => {
    const decoded = LockEvidence.decode(evidence)
    if (!decoded.ok) return decoded
    const { header } = decoded.value.block
    const held = LockEvidence.verify(header.appHash, terms, network, decoded.value)
    if (!held.ok) return held
    const known = know(decoded.value.block)
    if (!known.ok) return known
    const { entry, lockId } = held.value
    const at = { height: header.height, hash: Bytes.toHex(Header.hash(header)).toUpperCase() }
    return Verdict.accept({
      held: {
        status: entry.status,
        ref: Bytes.toHex(lockId),
        ...(entry.status === 'claimed' ? { secret: entry.secret } : {}),
      },
      fact: { ...known.value, at },
    })
  })
}

export declare namespace createCosmosVerifier {
  type Options = {
    /** Profile of the network: its name, address prefix and native coin. */
    readonly network: Network
  } & (
    | {
        /** Whether the caller knows a block (hash in upper-case hex), and how; `undefined` for one that it doesn't. */
        readonly trust: (
          block: Fact.BlockRef,
        ) => { readonly assurance: Fact.Assurance; readonly asOf: Fact.Tip } | undefined
      }
    | {
        /** The light client's state, as far as the caller has brought it. */
        readonly client: () => LightClient.State
        /** The caller's clock, nanoseconds since 1970. */
        readonly now: () => bigint
      }
  )
}
