import { Bytes, type ChainId, type Fact, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { createStateVerifier, type StateVerifier } from '../internal/stateVerifier.js'
import * as BlockHeader from './BlockHeader.js'
import * as LockEvidence from './LockEvidence.js'

/** How the caller knows a block, and the head it is read against. */
export interface Trust {
  readonly assurance: Fact.Assurance
  readonly asOf: Fact.Tip
}

/** What evidence proves of blocks, from a checkpoint that the caller trusts: see `createBeaconAnchor` of `@aitbc/proofs/checkpoint`. */
export interface EvmAnchor {
  readonly network: ChainId.ChainId
  /** Goes from the checkpoint through evidence to a final block. */
  follow(evidence: Bytes.Bytes): Verdict.Verdict<{
    /** What is said of a block: see `LockEvidence`. */
    readonly statement: Bytes.Bytes
    readonly trust: (block: Fact.BlockRef) => Trust | undefined
    readonly anchor: Fact.Anchor
  }>
}

/** A verifier of locks in an EVM chain's state, which also judges what isn't there. */
export type EvmVerifier = StateVerifier

/** Evidence, opened: what it says, and of which blocks that counts. */
interface Known {
  readonly statement: Bytes.Bytes
  readonly trust: (block: Fact.BlockRef) => Trust | undefined
  readonly anchor?: Fact.Anchor
}

/**
 * Starts a verifier of EVM locks (`evm-lock/1`), spends (`evm-spend/1`) and absence (`evm-absence/1`).
 *
 * State is proved down to the block's hash. With `trust` the block itself is as good as the caller says: `reported` where an endpoint
 * named it, `proved` where a light client did. With an `anchor` the evidence goes on from there to a checkpoint (`evm-beacon-lock/1`
 * and so on), and facts are `proved`. A storage word names no transaction, so `transaction` is empty in what this verifier vouches
 * for; the secret of a claim comes with the claim, and opens the hashlock.
 *
 * Refusals: those of `LockEvidence.verify` and of the anchor, `evidence-network`, `evidence-format`, `block-unknown` (the caller
 * doesn't trust it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import { createEvmVerifier } from '@aitbc/proofs/ethereum'
 * const verifier = createEvmVerifier({ network: 'eip155:1', trust: () => undefined })
 */
export function createEvmVerifier(options: createEvmVerifier.Options): EvmVerifier {
  const network = 'anchor' in options ? options.anchor.network : options.network
  const formats = 'anchor' in options ? LockEvidence.BEACON_FORMAT : LockEvidence.FORMAT
  const open: (bytes: Bytes.Bytes) => Verdict.Verdict<Known> =
    'anchor' in options
      ? (bytes) => options.anchor.follow(bytes)
      : (statement) => Verdict.accept({ statement, trust: options.trust })

  return createStateVerifier(network, formats, (terms, evidence) => {
    const opened = open(evidence)
    if (!opened.ok) return opened
    const { statement, trust, anchor } = opened.value
    const decoded = LockEvidence.decode(statement)
    if (!decoded.ok) return decoded
    const header = BlockHeader.decode(decoded.value.header)
    if (!header.ok) return header
    const hash = keccak_256(decoded.value.header)
    const block: Fact.BlockRef = { height: header.value.number, hash: `0x${Bytes.toHex(hash)}` }
    const trusted = trust(block)
    if (trusted === undefined)
      return Verdict.refuse('block-unknown', `block ${block.hash} isn't one that the caller knows`)
    const held = LockEvidence.verify(hash, terms, decoded.value)
    if (!held.ok) return held
    const { status, lockId } = held.value
    const { assurance, asOf } = trusted
    return Verdict.accept({
      held: { status, ref: `0x${Bytes.toHex(lockId)}` },
      fact: { assurance, at: block, asOf, anchor: anchor ?? { network, ...block, assurance } },
    })
  })
}

export declare namespace createEvmVerifier {
  type Options =
    | {
        readonly network: ChainId.ChainId
        /** Whether the caller knows a block (hash as `0x…`), and how; `undefined` for one that it doesn't. */
        readonly trust: (block: Fact.BlockRef) => Trust | undefined
      }
    | {
        /** The checkpoint that everything is proved from. */
        readonly anchor: EvmAnchor
      }
}
