import { Verdict } from '@aitbc/core'
import { Header, Justification, Scale } from '@aitbc/proofs/substrate'
import { hex } from '@scure/base'
import { bytes, type Fact, flip } from './Fact.js'
import * as recorded from './recorded/grandpa.js'

/** What Avail appends to the headers of Substrate. */
const format: Header.Format = {
  ...Header.POLKADOT,
  extension: Scale.variant({
    v3: [
      2,
      Scale.struct({
        size: Scale.compact,
        index: Scale.bytes,
        rows: Scale.compact,
        cols: Scale.compact,
        commitment: Scale.bytes,
        dataRoot: Scale.fixed(32),
      }),
    ],
  }),
}

/** A block that more than two thirds of a set of GRANDPA voters made final. */
export const grandpa: Fact = {
  family: 'GRANDPA',
  trusted: `set ${recorded.setId} of ${recorded.authorities.length} authorities, by their keys`,
  tampering: 'the justification names another round',
  verify(tampered) {
    const evidence = bytes(recorded.justification)
    const justification = Justification.decode(tampered ? flip(evidence, 0) : evidence, format)
    if (!justification.ok) return justification
    const authorities = recorded.authorities.map((key) => ({ publicKey: bytes(key), weight: 1n }))
    const set = { id: recorded.setId, authorities }
    const final = Justification.verify(justification.value, set, { format })
    if (!final.ok) return final
    return Verdict.accept(`block ${final.value.number}, 0x${hex.encode(final.value.hash)}, is final`)
  },
}
