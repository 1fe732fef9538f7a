import { Bytes, type Fact, type Network, Verdict } from '@aitbc/core'
import { createStateVerifier, type StateVerifier } from '../internal/stateVerifier.js'
import * as BeefyClient from '../substrate/BeefyClient.js'
import * as GrandpaClient from '../substrate/GrandpaClient.js'
import * as Header from '../substrate/Header.js'
import * as LockEvidence from './LockEvidence.js'

/** A verifier of locks in a Hub's state, which also judges what isn't there. */
export type HubVerifier = StateVerifier

/** Where the relay chain's final blocks come from: `grandpa` or `beefy` gives the light client's state, as far as it has been brought. */
export interface RelayClient {
  /** The Hub's number there: 1000 on Polkadot and Kusama. */
  readonly paraId: number
  /** The relay chain's CAIP-2 id. */
  readonly network: `polkadot:${string}`
  readonly grandpa?: () => GrandpaClient.State
  readonly beefy?: () => BeefyClient.State
}

/** A block that counts, and why. */
interface Known {
  readonly assurance: Fact.Assurance
  readonly asOf: Fact.Tip
  readonly anchor: Fact.Anchor
}

/**
 * Starts a verifier of locks (`polkadot-hub-lock/1`), spends (`polkadot-hub-spend/1`) and absence (`polkadot-hub-absence/1`) of the contract
 * `Htlc` on a Hub.
 *
 * With a `relay` the evidence's block of the relay chain must be final by its light client (a GRANDPA justification, or a leaf under a BEEFY
 * commitment), have the Hub's header as the newest one, and that header's state the lock; facts are `proved`. With `trust` the Hub's block is
 * as good as the caller says. A storage word names no transaction, so `transaction` is empty in what this verifier vouches for; the secret of
 * a claim comes with the claim, and opens the hashlock.
 *
 * Refusals: those of `LockEvidence`, `GrandpaClient.apply` and `BeefyClient.block`, `evidence-network`, `evidence-format`, `block-unknown` (the
 * caller doesn't trust it), `relay-missing` (the evidence doesn't go back to the relay chain), `relay-unasked`, `relay-client` (it does by
 * votes of a kind that no client was given for), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createHubVerifier } from '@aitbc/proofs/revive'
 * const network = networks.polkadotHub
 * const verifier = createHubVerifier({ network, chainId: 420_420_419n, trust: () => undefined })
 */
export function createHubVerifier(options: createHubVerifier.Options): HubVerifier {
  const { network } = options

  const know = (
    { block }: LockEvidence.Held,
    evidence: LockEvidence.LockEvidence,
  ): Verdict.Verdict<Known> => {
    const { number: height, clock } = block
    const hash = hex(block.hash)
    const { relay } = evidence
    if ('trust' in options) {
      if (relay !== undefined)
        return Verdict.refuse('relay-unasked', 'the verifier knows blocks of the Hub, not of a relay chain')
      const known = options.trust({ height, hash })
      return known === undefined
        ? Verdict.refuse('block-unknown', `block ${hash} isn't one that the caller knows`)
        : Verdict.accept({
            ...known,
            anchor: { network: network.id, height, hash, assurance: known.assurance },
          })
    }
    if (relay === undefined)
      return Verdict.refuse('relay-missing', "the evidence doesn't go back to the relay chain")
    const final = finalize(options.relay, relay)
    if (!final.ok) return final
    const head = LockEvidence.headOf(final.value.header, options.relay.paraId, { ...evidence, relay })
    if (!head.ok) return head
    return Verdict.accept({
      assurance: 'proved',
      asOf: { height, hash, time: clock, clock, finalized: { height, hash } },
      anchor: { network: options.relay.network, ...final.value.anchor, assurance: 'proved' },
    })
  }

  return createStateVerifier(network.id, LockEvidence.FORMAT, (terms, evidence) => {
    const decoded = LockEvidence.decode(evidence)
    if (!decoded.ok) return decoded
    const held = LockEvidence.verify(terms, options, decoded.value)
    if (!held.ok) return held
    const known = know(held.value, decoded.value)
    if (!known.ok) return known
    const { status, lockId, block } = held.value
    const at = { height: block.number, hash: hex(block.hash) }
    return Verdict.accept({ held: { status, ref: hex(lockId) }, fact: { ...known.value, at } })
  })
}

export declare namespace createHubVerifier {
  type Options = {
    /** Profile of the Hub: its name, address prefix and native coin. */
    readonly network: Network
    /** What `block.chainid` is in its contracts: 420,420,419 on Polkadot Hub, 420,420,418 on Kusama Hub. */
    readonly chainId: bigint
  } & (
    | {
        /** Whether the caller knows a block of the Hub (hash as `0x…`), and how; `undefined` for one that it doesn't. */
        readonly trust: (
          block: Fact.BlockRef,
        ) => { readonly assurance: Fact.Assurance; readonly asOf: Fact.Tip } | undefined
      }
    | { readonly relay: RelayClient }
  )
}

/** The relay chain's block of the evidence, where a light client says that it is final; and what that goes back to. */
function finalize(
  client: RelayClient,
  { header, finality }: LockEvidence.Relay,
): Verdict.Verdict<{ readonly header: Header.Header; readonly anchor: Fact.BlockRef }> {
  if (finality.kind === 'grandpa') {
    const state = client.grandpa?.()
    if (state === undefined) return Verdict.refuse('relay-client', 'no client of GRANDPA was given')
    const trusted = GrandpaClient.finalized(state)
    const anchor = { height: trusted.number, hash: hex(trusted.hash) }
    // The client's own newest block needs no votes, and there is one form of evidence for it.
    const decoded = Header.decode(header, state.format)
    if (!decoded.ok) return decoded
    if (Bytes.equal(decoded.value.hash, trusted.hash))
      return finality.justification.length === 0
        ? Verdict.accept({ header: trusted, anchor })
        : Verdict.refuse('relay-unasked', 'the client knows the block: no justification is needed')
    const { justification } = finality
    const next = GrandpaClient.apply(state, { kind: 'block', header, justification })
    return next.ok ? Verdict.accept({ header: GrandpaClient.finalized(next.value), anchor }) : next
  }
  const state = client.beefy?.()
  if (state === undefined) return Verdict.refuse('relay-client', 'no client of BEEFY was given')
  const block = BeefyClient.block(state, { leaf: finality.leaf, items: finality.items, header })
  if (!block.ok) return block
  const { blockNumber, mmrRoot } = BeefyClient.finalized(state)
  return Verdict.accept({
    header: block.value,
    // A commitment signs a mountain range's root, not the block's hash; without one no block was accepted.
    anchor: { height: BigInt(blockNumber), hash: hex(mmrRoot as Bytes.Hash32) },
  })
}

function hex(bytes: Bytes.Bytes): string {
  return `0x${Bytes.toHex(bytes)}`
}
