import { type Bytes, Verdict } from '@aitbc/core'
import * as Hasher from './Hasher.js'
import * as Header from './Header.js'
import * as Scale from './Scale.js'
import * as StorageKey from './StorageKey.js'
import * as TrieProof from './TrieProof.js'

/**
 * The key of a parachain's newest included head in the relay chain's state: `Paras.Heads`, `Twox64Concat` of the number.
 *
 * @example
 * import { ParachainState } from '@aitbc/proofs/substrate'
 * ParachainState.headKey(1000).length // 44
 */
export function headKey(paraId: number): Bytes.Bytes {
  return StorageKey.of('Paras', 'Heads', Hasher.twox64Concat(Scale.encode(Scale.u32, paraId)))
}

/**
 * Reads a parachain's header from the state of a final relay block. It is final itself: its `stateRoot` is what `TrieProof` starts
 * from for the parachain's storage, and `TrieProof.verifyChild` for a contract's.
 *
 * Refusals: `parachain-id`, `parachain-absent` (the relay chain knows no such parachain), `parachain-head` (what it knows is no
 * header), and those of `TrieProof.verify`.
 *
 * @example
 * import { GrandpaClient, ParachainState } from '@aitbc/proofs/substrate'
 * const read = (state: GrandpaClient.State, proof: readonly Uint8Array[]) =>
 *   ParachainState.head({ relay: GrandpaClient.finalized(state), paraId: 1000, proof })
 */
export function head(options: {
  readonly relay: Header.Header
  readonly paraId: number
  readonly proof: readonly Bytes.Bytes[]
  /** How the parachain writes headers; as Polkadot unless told. */
  readonly format?: Header.Format
}): Verdict.Verdict<Header.Hashed> {
  const { relay, paraId, proof, format = Header.POLKADOT } = options
  if (!Number.isInteger(paraId) || paraId < 0 || paraId > 0xffff_ffff)
    return Verdict.refuse('parachain-id', `no parachain has the number ${paraId}`)
  const found = TrieProof.verify(relay.stateRoot, [headKey(paraId)], proof)
  if (!found.ok) return found
  const value = found.value[0] as TrieProof.Found
  if (value === null)
    return Verdict.refuse('parachain-absent', `the relay chain knows no parachain ${paraId}`, { paraId })
  const data = Scale.decode(Scale.bytes, value)
  const header = data.ok ? Header.decode(data.value, format) : data
  if (header.ok) return header
  return Verdict.refuse('parachain-head', header.refusal.message, { because: header.refusal.check })
}
