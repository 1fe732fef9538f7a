import { Bytes, type Fact, type Network, Verdict } from '@aitbc/core'
import type { Judged } from '../../internal/stateVerifier.js'
import * as Header from '../../tendermint/Header.js'
import type { LightBlock } from '../../tendermint/LightBlock.js'
import * as LightClient from '../../tendermint/LightClient.js'
import { SECOND } from '../../tendermint/Timestamp.js'

/** How a verifier of a Cosmos chain's state knows blocks: as the caller says, or by a light client. */
export type BlockOptions = {
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

/** How a block is known. Refusals: `block-unknown` (the caller doesn't know it), and those of `LightClient.apply`. */
export function know(options: BlockOptions, block: LightBlock): Verdict.Verdict<Judged['fact']> {
  const { network } = options
  const { header } = block
  const at = refOf(header, Header.hash(header))
  if ('trust' in options) {
    const known = options.trust(at)
    if (known === undefined)
      return Verdict.refuse('block-unknown', `block ${at.hash} isn't one that the caller knows`)
    const { assurance, asOf } = known
    return Verdict.accept({ assurance, asOf, at, anchor: { network: network.id, ...at, assurance } })
  }
  const state = options.client()
  const applied = LightClient.apply(state, { block, now: options.now() })
  if (!applied.ok) return applied
  const base = LightClient.finalized(state)
  return Verdict.accept({
    assurance: 'proved',
    at,
    asOf: tipOf(network, at, header),
    anchor: { network: network.id, ...refOf(base.header, base.hash), assurance: 'proved' },
  })
}

/** The newest block that a light client knows; nothing where the caller decides about blocks. */
export function newest(options: BlockOptions): Fact.Tip | undefined {
  if ('trust' in options) return undefined
  const { header, hash } = LightClient.finalized(options.client())
  return tipOf(options.network, refOf(header, hash), header)
}

function tipOf({ clock }: Network, at: Fact.BlockRef, header: Header.Header): Fact.Tip {
  const time = header.time / SECOND
  return { ...at, time, clock: clock === 'height' ? at.height : time, finalized: at }
}

function refOf({ height }: Header.Header, hash: Bytes.Bytes): Fact.BlockRef {
  return { height, hash: Bytes.toHex(hash).toUpperCase() }
}
