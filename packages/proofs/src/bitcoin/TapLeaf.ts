import { Bytes, Verdict } from '@aitbc/core'
import * as Taproot from './Taproot.js'

/**
 * Decides whether an output key commits to a script, by the control block that comes with it (BIP-341, "Script validation rules").
 *
 * Refusals: `control-block` (33 bytes and up to 128 hashes), `taproot-commitment`, and that of `Taproot.tweak`.
 */
export function verify(
  outputKey: Bytes.Bytes32,
  script: Bytes.Bytes,
  control: Bytes.Bytes,
): Verdict.Verdict<{ readonly hash: Bytes.Hash32; readonly version: number }> {
  const depth = (control.length - 33) / 32
  if (!Number.isInteger(depth) || depth < 0 || depth > 128)
    return Verdict.refuse(
      'control-block',
      `33 bytes and up to 128 hashes are expected, got ${control.length}`,
    )
  const first = control[0] as number
  const version = first & 0xfe
  const hash = Taproot.leafHash(script, version)
  let node = hash
  for (let at = 33; at < control.length; at += 32)
    node = Taproot.branchHash(node, control.subarray(at, at + 32))
  const output = Taproot.tweak(control.slice(1, 33), node)
  if (!output.ok) return output
  if (!Bytes.equal(output.value.key, outputKey) || output.value.parity !== (first & 1))
    return Verdict.refuse('taproot-commitment', "the output's key doesn't commit to this script")
  return Verdict.accept({ hash, version })
}
